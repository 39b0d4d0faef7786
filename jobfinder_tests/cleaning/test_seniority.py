"""Level and required years (CONVENTIONS, "Facts of a posting")."""

import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobfinder_assets.cleaning.seniority import parse_seniority

TITLES = Path(__file__).parent / "gold" / "title_levels.jsonl"
LEVELS = [
    ("Junior Project Manager", "", "junior"),
    ("Intern Product Manager", "", "intern"),
    ("Internship Program Coordinator", "", "unspecified"),
    ("Graduate Programme - Harbours", "", "junior"),
    ("Assistant to the Director of Mills", "", "unspecified"),
    ("Mid - Market Sales Engineer", "", "unspecified"),
    ("RVP, Strategic Sales", "", "lead"),
    ("Mid-Market Account Executive", "", "unspecified"),
    ("Statistician, Phase III Trials", "", "unspecified"),
    ("Specjalista ds. kadr i płac", "", "unspecified"),
    ("Analityk danych I", "", "junior"),
    ("İnsan Kaynakları Uzmanı", "", "unspecified"),
    ("高级工程师", "", "senior"),
    ("Sailor", "Medior level: you know your way around a harbour.", "mid"),
    ("Sailor", "It is an intermediate-level position in the harbour.", "mid"),
    ("Business Analyst", "We're looking for a mid-level business analyst.", "mid"),
    ("Business Analyst", "You will mentor mid-level business analysts.", "unspecified"),
    ("Business Analyst", "You report to mid-level management staff of the role.", "unspecified"),
    ("Placement Student - Ferries", "", "intern"),
    ("Industrial Placement - Ferry Analyst", "", "intern"),
    ("Industrial Placement Officer", "", "unspecified"),
    ("Placement Consultant", "", "unspecified"),
    ("Porter Band 2", "", "unspecified"),
    ("Nurse with £5,000 joining bonus", "", "unspecified"),
    ("Clerk, Ward 1", "", "unspecified"),
    ("Senior Data Scientist", "", "senior"),
    ("Sr. Data Engineer", "", "senior"),
    ("Data Engineer III", "", "senior"),
    ("Data Analyst II", "", "mid"),
    ("Mid-level Data Engineer", "", "mid"),
    ("Data Analyst I", "", "junior"),
    ("Research Scientist/Engineer 3", "", "senior"),
    ("Data Engineer 2024", "", "unspecified"),
    ("Staff Nurse", "", "unspecified"),
    ("Senior Staff Nurse", "", "senior"),
    ("Teamleiter BI", "", "lead"),
    # Of the world.
    ("Analista de Dados Sênior", "", "senior"),
    ("Analista de Mareas Júnior", "", "junior"),
    ("Cientista de Dados Pleno", "", "mid"),
    ("Estágio em Cartografia", "", "intern"),
    ("Gerente de Datos", "", "lead"),
    ("Jefa de proyecto", "", "lead"),
    ("Responsable Data (H/F)", "", "lead"),
    ("Directrice des données", "", "lead"),
    ("Chef de projet BI", "", "lead"),
    ("Chef de partie", "", "unspecified"),
    ("Tirocinante", "", "intern"),
    ("Responsabile magazzino", "", "lead"),
    ("Starszy programista", "", "senior"),
    ("Młodsza analityczka danych", "", "junior"),
    ("Kierownik zespołu danych", "", "lead"),
    ("Stażysta w dziale danych", "", "intern"),
    ("Afdelingschef", "", "lead"),
    ("Projektleder", "", "lead"),
    ("Studentermedhjælper", "", "intern"),
    ("Berufseinsteiger Data Engineer (m/w/d)", "", "junior"),
    ("Duales Studium Data Science", "", "intern"),
    ("Timetable Analyst (Engineer 3)", "", "senior"),
    ("Staff Engineer - Entry Level", "", "junior"),
    ("Tutor 1/2 time", "", "unspecified"),
    ("Data Analyst", "We are looking for an experienced Senior Data Analyst to count our parcels.", "senior"),
    ("Data Analyst", "You report to a senior data analyst.", "unspecified"),
    ("Data Analyst", "This mid-level, full-time position is on an island.", "mid"),
    ("Associate Data Scientist", "", "junior"),
    ("Junior BI Developer", "", "junior"),
    ("Data Science Intern", "", "intern"),
    ("Staff Machine Learning Engineer", "", "lead"),
    ("Principal Data Scientist", "", "lead"),
    ("Director of Analytics", "", "lead"),
    ("Lead Data Engineer", "", "lead"),
    ("Senior Manager, Data", "", "lead"),
    ("Data Scientist", "", "unspecified"),
    ("Data Scientist", "This is an entry-level position for curious people.", "junior"),
    ("Data Scientist", "New grads are welcome.", "junior"),
    ("Internal Tools Engineer", "", "unspecified"),
    ("Data Entry Clerk", "", "unspecified"),
    ("Data Scientist, Entry", "", "junior"),
    ("Teamleitung Fähren (m/w/d)", "", "lead"),
    ("Pflegedienstleitung", "", "lead"),
    ("Bauleiterin Hafen", "", "lead"),
    ("Geschäftsführer (m/w/d)", "", "lead"),
    ("Schulbegleitung", "", "unspecified"),
    ("Entwickler Halbleiter", "", "unspecified"),
    ("Leiterplattenentwickler", "", "unspecified"),
    ("Assistenz der Geschäftsleitung", "", "unspecified"),
    ("Ferry Engineer - Level 3", "", "senior"),
    ("Ferry Engineer, Level 4", "", "senior"),
    ("SDE-2", "", "mid"),
    ("Apprentice Clerk (Level 3)", "", "junior"),
    ("Senior Living Activities Planner", "", "unspecified"),
    ("Caregiver - Senior Care", "", "unspecified"),
    ("Senior Care Assistant", "", "senior"),
    ("Pflichtpraktikum Hafen", "", "intern"),
    ("Sales Analyst (Fresher)", "", "junior"),
    ("Data Analyst", "Our internship programme has won prizes.", "unspecified"),
    ("Data Analyst", "We run a summer internship each year.", "unspecified"),
    ("Data Analyst", "This is a paid internship on a ferry.", "intern"),
    ("Data Analyst", "Level: Senior\nTown: Leith", "senior"),
    ("Data Analyst", "Seniority: Junior", "junior"),
    ("Data Analyst", "This is not an entry-level position.", "unspecified"),
    ("Data Analyst", "As a junior ferry analyst, you will count.", "junior"),
]
YEARS = [
    ("Al menos 2 años de experiencia como analista.", 2),
    ("Minimaal 3 jaar relevante werkervaring.", 3),
    ("2 à 4 ans d'expérience.", 2),
    ("Minimum 4 lata pracy jako analityk.", 4),
    ("Almeno 2 anni di esperienza.", 2),
    ("Desde hace 20 años somos líderes.", None),
    ("Al 25 jaar varen wij.", None),
    ("Bachelor's degree (4 years) in navigation.", None),
    ("A shipyard with 10 years of double-digit growth.", None),
    ("Required\n* A licence\nPreferred\n* Three years of teaching experience", None),
    ("Education:\nDegree preferred\n\nPreferred\nFrench\n\nExperience:\n2 years of related experience", 2),
    ("Desirable: a diploma\nEssential: 2 years' experience of reporting", 2),
    ("Should you have 2 years' experience already, so much the better.", None),
    ("Five years of experience at sea would be highly regarded.", None),
    ("Preferred but not essential: 3-4 years of experience in energy", None),
    (
        "Option 1: a degree and 4 years' experience.\nOption 2: 6 years' experience.\nOption 3: an MBA and 2 years.",
        2,
    ),
    ("5+ years of experience in data engineering.", 5),
    ("Minimum of 3 years of professional experience.", 3),
    ("At least four years of experience with SQL.", 4),
    ("3-5 years of relevant experience required.", 3),
    ("7 to 10 years experience in analytics.", 7),
    ("Two (2) years of experience.", 2),
    ("2 years of experience with Spark preferred.", None),
    ("Nice to have: 3 years of experience in retail.", None),
    ("We have been in business for 25 years.", None),
    ("Our company has 30 years of experience in logistics.", None),
    ("You must be 18 years old.", None),
    ("Requirements3-5 years of experience in logistics", 3),
    ("What you bring6 years experience in freight. Java8 a plus.", 6),
    ("Ideally2+ years of experience with ferries.", None),
    ("0 ? 2 years of experience in a depot", 0),
    ("Preferred: a driving licence\nYears of experience: 10 years of freight experience", 10),
    ("4-7 years of business planning experience", 4),
    ("Trusted through 16 years of steady growth. A minimum of 2 years of experience in data.", 2),
    ("Required: experience in working with the records of old ferries for more than 2 years.", 2),
    ("3+ years of experience with Python.\n2 years of experience working as a data analyst.", 2),
    ("Graduates with at least 7 years of overall experience.\n4 years of experience with ETL tools like Talend.", 7),
    ("Ten years of experience analysing freight. An additional two years of experience with a degree.", 10),
    ("A 2-year training programme for consultants at work.", None),
    ("At least 6 months of experience on a ferry.", 0.5),
    ("A contract of 6 months. 2 years of experience.", 2),
    ("What we need: 3+ years of experience in freight", 3),
    ("1 3 years experience in a harbour.", 1),
    ("Trusted by captains and operating ferries for over 25 years. 10 years' experience as a captain.", 10),
    ("Nice to have: a boat\nWe are looking for a waiter who:\nHas 2 years of experience on board", 2),
    ("One year of call center, harbour or ferry experience preferred.", None),
    ("1+ years experience with programming languages such as C++.\n5+ years experience in building timetables.", 5),
    ("A degree is desirable;\n4 years of professional experience in freight", 4),
    ("Degree Experience: 3+ years Preferred Qualifications Captain's licence", 3),
    ("Voted the best harbour 4 years running for its work.", None),
    ("Clearance asks for a 5 year UK history of residence and work.", None),
    ("A certificate along with a minimum of 8 years of experience in data", 8),
    ("A diploma plus four years of additional work experience. At least 5 years of experience in data", 5),
    ("The position is funded for three years. Master's degree plus 4 years of related experience", 4),
    ("Bachelor's degree and 5 years of experience, or Master's degree and 3 years of experience.", 3),
    # An abbreviation ends no sentence.
    ("5+ yrs. experience in freight", 5),
    ("At least 3 yrs. of experience", 3),
    ("Berufserfahrung von mind. 5 Jahren", 5),
    ("2 - 4 yrs. exp. in freight", 2),
    # What was done for so long.
    ("7+ years delivering parcels", 7),
    ("You have built ferries for 5+ years.", 5),
    ("For 3+ years following the launch, the ferry is new.", None),
    ("We have spent 20+ years building ferries.", None),
    ("You care for all over the age of 18 years receiving treatment.", None),
    # Alternatives by degree.
    ("5 years of experience with a Bachelor's degree; or 3 years and a Master's degree", 3),
    ("BS + 5 years, MS + 3 years", 3),
    ("Associate's and 6 years; or\nBachelors and 4 years; or\nMasters and 2 years", 2),
    ("A PhD counts as 3 years of experience.", None),
    ("A driving licence held for 3 years and 1 year of delivery experience", 1),
    ("Seit über 20 Jahren Erfahrung im Hafen.", None),
    ("Wir blicken auf 25 Jahre Erfahrung im Hafen zurück.", None),
    ("Wir suchen Sie mit 3 Jahren Erfahrung im Hafen.", 3),
    ("Erste Berufserfahrung (1-2 Jahre) wünschenswert", None),
    ("3 Jahre Erfahrung im Hafen sind von Vorteil.", None),
    ("It would be great if you had 3 years' experience at sea.", None),
    ("3-jährige Berufserfahrung", 3),
    ("Mindestens dreijährige einschlägige Berufserfahrung", 3),
    ("Eine 3-jährige Ausbildung und Berufserfahrung", None),
    ("Solicitor with 2+ years PQE", 2),
    # No experience: shares, contracts, the length of a degree.
    ("Shares vest over 4 years with a 1-year cliff.", None),
    ("Options vest over four years with a one year cliff.", None),
    ("A fixed-term position for 3 years with the possibility of extension", None),
    ("Duration: 2 years with the possibility of extension", None),
    ("The post at the harbour is available for 3 years with possible extension.", None),
    ("5+ years renewable energy experience", 5),
    ("Bachelor's degree (4-year) in shipbuilding", None),
    ("Bachelor's Degree (4 year) required; 5+ years of experience in freight", 5),
    # A wish said before.
    ("It is a plus if you have 2 years of experience at sea.", None),
    ("Big plus: 3+ years of experience at sea", None),
    ("An added bonus if you have 3+ years of experience at sea", None),
    ("We would love it if you had 3 years of experience at sea.", None),
    ("You'd stand out with 3+ years of experience at sea.", None),
    ("What will make you stand out:\n3+ years of experience at sea", None),
    ("5 years' experience in ferries preferred but not required", None),
    ("3 years of experience are required; 5 years preferred but not required.", 3),
    ("Applicants with less than 2 years of experience are welcome.", None),
    ("You have fewer than three years of experience at sea.", None),
    ("No less than 2 years of experience at sea.", 2),
    ("8+ years of experience in sailing or a related trade (6+ with a PhD)", 6),
    ("At least a year's experience in sailing", 1),
    ("You have a year or more of experience in sailing", 1),
    ("We review your experience of sailing every year, and a year later again.", None),
    ("Vous justifiez d'au moins trois ans d'expérience en mer.", 3),
    ("You have a couple of years' experience at sea.", 2),
    ("Sign-on bonus for sailors with two or more years of experience\nMinimum one year of experience at sea", 1),
    ("For students in their final two years of a Bachelor's programme with work at sea", None),
    ("No numbers here.", None),
    ("Shape the five-year data strategy\n15 or more years of experience in sailing, of which 7 leading crews", 15),
    ("You have up to 8 years of experience at sea", None),
    ("12+ years across rigging, sails or hulls\n5+ years in harbours", 12),
    ("5+ years of combined experience in rigging or sail making", 5),
    ("A firm with 19 years of past performance", None),
    ("You have run a boatyard, or a part of one, for no fewer than two years", 2),
    ("The post is sponsored for three years.\nTwo years of experience at sea", 2),
    ("You need three years' continuous UK residency.", None),
    ("1-2 years of residential boat experience", 1),
    ("Une expérience d'au moins 3 ans sur un poste similaire", 3),
    ("Je hebt minimaal twee jaar ervaring als zeiler", 2),
    ("A year or so of hands-on experience at sea", 1),
    ("Six months of clerical experience is helpful, not essential", None),
    ("It is desirable, though not essential, that you have had two years of experience at sea.", None),
]


@pytest.mark.parametrize(("title", "description", "level"), LEVELS)
def test_level(title: str, description: str, level: str) -> None:
    assert parse_seniority(title, description).level == level


def test_levels_that_a_reader_gave_to_titles_of_the_world() -> None:
    """Written before running any of the code (ARCHITECTURE); a reader called managers of a product no leaders."""
    said = [json.loads(line) for line in TITLES.read_text(encoding="utf-8").splitlines()]
    wrong = [one for one in said if parse_seniority(one["title"], one["text"]).level != one["level"]]
    assert len(said) == 260 and len(wrong) <= 0.05 * len(said), wrong


@pytest.mark.parametrize(("description", "years"), YEARS)
def test_years(description: str, years: float | None) -> None:
    assert parse_seniority("Data Engineer", description).years_min == years


@given(st.text(max_size=100), st.text(max_size=500))
def test_no_text_makes_the_parser_raise(title: str, description: str) -> None:
    found = parse_seniority(title, description)
    assert found.years_min is None or 0 <= found.years_min <= 25


@pytest.mark.parametrize("piece", ["5 years ", "1 to ", "(5) ", "years of experience ", "x"])
def test_hostile_text_does_not_make_the_patterns_run_away(piece: str) -> None:
    # Processor time, and far above what it takes: only a pattern that runs away fails this.
    started = time.process_time()
    parse_seniority(piece, (piece * 100_000)[:100_000])
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("Seven years of relevant experience with a bachelor's; five with a master's; three with a PhD.", 3),
        ("We need someone with 10+ years under their belt.", 10),
        ("Degree in statistics plus 3 years on the job, or 7 years without a degree.", 3),
        ("Ideally, you have 2-3 years of experience in a similar role.", None),
    ],
)
def test_years_in_other_words(text, years):
    assert parse_seniority("Data Analyst", text).years_min == years
