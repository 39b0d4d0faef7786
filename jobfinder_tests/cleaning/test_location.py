"""Places, workplace and who may apply."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobfinder_assets.cleaning.cues import read_cues
from jobfinder_assets.cleaning.eligibility import eligible_countries
from jobfinder_assets.cleaning.lexicon import read_patterns
from jobfinder_assets.cleaning.location import ONSITE_WORDS, REMOTE_WORDS, parse_workplace
from jobfinder_assets.cleaning.places import Place, parse_place, parse_places

PLACES = [
    ("New York, NY", Place("New York", "NY", "US")),
    ("San Francisco, CA, US", Place("San Francisco", "CA", "US")),
    ("San Francisco, California, United States", Place("San Francisco", "CA", "US")),
    ("Greenville, SC 29607", Place("Greenville", "SC", "US")),
    ("Berlin, Germany", Place("Berlin", None, "DE")),
    ("London, United Kingdom", Place("London", None, "GB")),
    ("Bengaluru", Place("Bengaluru", None, "IN")),
    ("California", Place(None, "CA", "US")),
    ("Remote - Germany", Place(None, None, "DE")),
    # Addresses: the town, not the building, the street or the county.
    ("GB, Gull Ward, Luton, LU9 9ZZ", Place("Luton", None, "GB")),
    ("GB, Harbour House, Winslade, Exeter, EX9 9ZZ", Place("Exeter", None, "GB")),
    ("GB, Kent, ME9 9ZZ", Place(None, "KEN", "GB")),
    ("GB, Multiple sites across the county, Healthboard wide, NP99 9ZZ", Place(None, None, "GB")),
    ("12 Pier Ave., Costa Mesa, CA 99999", Place("Costa Mesa", "CA", "US")),
    ("99 Gull Street Pittsburgh, PA 99999", Place("Pittsburgh", "PA", "US")),
    ("Annapolis Junction, MD", Place("Annapolis Junction", "MD", "US")),
    ("Gull Plaza, Walnut Creek", Place("Walnut Creek", "CA", "US")),
    ("Columbus S, OH", Place("Columbus", "OH", "US")),
    ("12 Pier Ave, Mechanicsburg PA", Place("Mechanicsburg", "PA", "US")),
    ("California, MD", Place("California", "MD", "US")),
    ("Palm Beach County, FL", Place(None, "FL", "US")),
    # The country first.
    ("France, Paris", Place("Paris", None, "FR")),
    ("Germany - Düsseldorf", Place("Düsseldorf", None, "DE")),
    ("IE-Dublin", Place("Dublin", None, "IE")),
    ("United States- Glendale Heights, Illinois", Place("Glendale Heights", "IL", "US")),
    ("Lebanon, PA", Place("Lebanon", "PA", "US")),
    # Lists: the first.
    ("US, Canada (Remote)", Place(None, None, "US")),
    ("London, Madrid, Copenhagen, Lisbon, Portugal", Place("London", None, "GB")),
    ("New York, NY OR Austin, TX", Place("New York", "NY", "US")),
    ("Montreal, Toronto", Place("Montreal", "QC", "CA")),
    ("NYC", Place("New York", "NY", "US")),
    ("New York City, New York", Place("New York", "NY", "US")),
    ("Washington, DC, USA", Place("Washington", "DC", "US")),
    ("Oregon, WI, USA", Place("Oregon", "WI", "US")),
    ("Houston, Dallas, Austin, TX", Place("Houston", "TX", "US")),
    ("Oxford OX9 9ZZ; Cambridge CB9 9ZZ", Place("Oxford", None, "GB")),
    ("Gräfelfing, Bavaria, Germany", Place("Gräfelfing", None, "DE")),
    ("USA-NY-New York", Place("New York", "NY", "US")),
    ("US, Texas", Place(None, "TX", "US")),
    ("College Station, TX", Place("College Station", "TX", "US")),
    ("West, TX", Place("West", "TX", "US")),
    ("Hong Kong, China", Place("Hong Kong", None, "CN")),
    # Codes of a state or of a country, by where a city of that name lies.
    ("Erlangen, BY, DE", Place("Erlangen", "BY", "DE")),
    ("Perth, WA, Australia", Place("Perth", "WA", "AU")),
    ("Belo Horizonte, MG", Place("Belo Horizonte", "MG", "BR")),
    ("Tbilisi, Georgia", Place("Tbilisi", None, "GE")),
    ("Salem, OR", Place("Salem", "OR", "US")),
    ("Winchester, Hants", Place("Winchester", "HAM", "GB")),
    ("Malaga, Spain", Place("Malaga", None, "ES")),
    ("Genève", Place("Genève", None, "CH")),
    ("Straßburg", Place("Straßburg", None, "FR")),
    ("Geneva, IL", Place("Geneva", "IL", "US")),
    ("Metro Manila", Place("Manila", None, "PH")),
    ("US - West & Mid-West region", Place(None, None, "US")),
    ("Remote", Place()),
    ("", Place()),
    (None, Place()),
]
WORKPLACES = [
    ("Kiel", "As a work-from-home adviser you answer calls.", "remote"),
    ("Kiel", "We have a work-from-home policy for storms.", "unspecified"),
    ("Kiel", "We have been a remote company from the first day.", "remote"),
    ("Kiel", "Remote from anywhere in the EU.", "remote"),
    ("Kiel", "Full-time on site at the harbour.", "onsite"),
    ("Kiel", "We're unable to consider remote or hybrid arrangements.", "onsite"),
    ("Kiel", "It is a five-days-a-week work-from-office role.", "onsite"),
    ("Kiel", "Hybrid: Mondays and Fridays at our harbour office.", "hybrid"),
    ("Kiel", "You come to the office twice a week.", "hybrid"),
    ("Kiel", "Mobile work on up to three days per week.", "hybrid"),
    ("Kiel", "Arbeitsort: vor Ort in Kiel.", "onsite"),
    ("Kiel", "Homeoffice ist bei dieser Stelle leider nicht möglich.", "onsite"),
    ("Madrid", "Modalidad híbrida, dos días en la oficina.", "hybrid"),
    ("Madrid", "Experiencia en nube híbrida.", "unspecified"),
    ("Madrid", "Trabajo 100% remoto.", "remote"),
    ("Madrid", "Modalidad presencial.", "onsite"),
    ("Kraków", "Praca hybrydowa, 2 dni z biura.", "hybrid"),
    ("Kraków", "Praca w pełni zdalna.", "remote"),
    ("Utrecht", "Hybride werken, twee dagen op kantoor.", "hybrid"),
    ("Kiel", "Remote work isn't possible on a ferry.", "onsite"),
    ("Kiel", "Hybrid working isn’t available.", "onsite"),
    ("Kiel", "We can't offer remote working.", "onsite"),
    ("Kiel", "WFH is not allowed.", "onsite"),
    ("Kiel", "You'll be in the office on Mondays and Fridays, and at home the rest of the week.", "hybrid"),
    ("Kiel", "Come to the office on Mondays and Fridays and work from home the other days.", "hybrid"),
    ("Kiel", "You work from our harbour office and, when the tide is high, from home.", "hybrid"),
    ("Kiel", "5 days working from office.", "onsite"),
    ("Kiel", "The position may be performed from home.", "remote"),
    ("Kiel", "The job can be done from home two days a week.", "hybrid"),
    ("Remote", None, "remote"),
    ("Berlin, Germany", None, "unspecified"),
    ("Berlin (hybrid)", None, "hybrid"),
    ("Austin, TX", "This position is fully remote.", "remote"),
    ("Austin, TX", "Hybrid work: two days a week in our office.", "hybrid"),
    ("Austin, TX", "The work is on site in Austin.", "onsite"),
    ("Austin, TX", "This is an on-site position.", "onsite"),
    ("Austin, TX", "This role is not a remote position; this is an on-site role.", "onsite"),
    ("Austin, TX", "You will keep remote sensors running.", "unspecified"),
    (None, "Choose: remote or in-office.", "remote"),
    ("Leith", "Benefits: a ferry pass\nWork Remotely\nNo\nJob type: full-time", "onsite"),
    ("Leith", "Work Remotely\nYes\nJob type: full-time", "remote"),
    ("Leith", "Can the job be done remotely? No\nTell us why.", "onsite"),
    ("Leith", "Working from our Leith, UK office you will mend timetables.", "onsite"),
    ("Leith", "You work from our lovely island or from your home office.", "unspecified"),
    ("Leith", "Remote to start and then the clerk must be in the Leith office.", "onsite"),
    ("Leith", "The role will move to the office once the pandemic is over.", "onsite"),
    ("Leith", "Location flexibility: onsite", "onsite"),
    ("Leith", "We hire for both harbour offices, as well as remote.", "remote"),
    ("Leith", "You serve the harbour as well as remote islands.", "unspecified"),
    ("Leith", "This position is located in our Leith office.", "onsite"),
    ("Leith", "Telecommuting will not be considered.", "onsite"),
    ("Leith", "Work is mainly on site.", "onsite"),
    ("Leith", "You will work on site assessments and lead onsite safety teams.", "unspecified"),
    ("Leith", "60% of our crew work fully remote while 40% work in a hybrid model.", "unspecified"),
    ("Leith", "A remote or hybrid role.", "remote"),
    ("Leith", "Remote option not available.", "onsite"),
    ("Kiel", "Hybrides Arbeiten: zwei Tage pro Woche im Büro", "hybrid"),
    ("Kiel", "Mobiles Arbeiten an bis zu 3 Tagen pro Woche", "hybrid"),
    ("Kiel", "Du kannst vollständig remote arbeiten.", "remote"),
    ("Kiel", "Arbeite aus dem Homeoffice oder im Büro.", "remote"),
    ("Kiel", "Die Stelle ist vor Ort in Kiel.", "onsite"),
    ("Brest", "Télétravail : 2 jours par semaine", "hybrid"),
    ("Leith", "We expect you to be in our office at least 25% of the time.", "hybrid"),
    ("Leith", "You may work from home Wednesdays and Fridays.", "hybrid"),
    ("Leith", "You divide your time between working from home and our pier.", "hybrid"),
    ("Leith", "Captain ( Remote)", "remote"),
    ("Leith", "Most of us work from remote client premises.", "unspecified"),
    ("Leith", "You deploy through a combination of on-site installation and remote connection.", "unspecified"),
    # Five days in the office are no mix.
    ("Leith", "You are in the office 5 days a week.", "onsite"),
    ("Leith", "5 days on-site", "onsite"),
    ("Leith", "In our office three to five days per week", "hybrid"),
    ("Leith", "Work from home 5 days a week", "remote"),
    ("Leith", "Four days of paid leave and a home office stipend", "unspecified"),
    ("Kiel", "An 5 Tagen im Büro", "onsite"),
    ("Leith", "Work from office, 5 days a week", "onsite"),
    ("Leith", "The ferry runs 7 days a week in summer.", "unspecified"),
    ("Leith", "Location: 100% onsite", "onsite"),
    ("Leith", "Telework eligible\nNo\nRemote job\nNo", "onsite"),
    # Who may telework need have no remote job.
    ("Leith", "Remote job: No", "unspecified"),
    ("Leith", "Clerks work on site a minimum of three days per week.", "hybrid"),
    ("Leith", "2 days on site induction, then wards.", "unspecified"),
    ("Leith", "This is an office-based position.", "onsite"),
    ("Leith", "Work mode: WFO", "onsite"),
    ("Leith", "A mix of home and office.", "hybrid"),
    ("Leith", "The role will combine onsite and home based working.", "hybrid"),
    ("Leith", "You may work partially from home.", "hybrid"),
    ("Leith", "This role can be done from anywhere in Scotland.", "remote"),
    ("Leith", "You will be home-based, with trips to the pier.", "remote"),
    ("Leith", "The post is home based or, if you like, office based.", "remote"),
    ("Leith", "Our therapy is home based, and so is home-based care.", "unspecified"),
    # What is said of others hides nothing that is said of the job.
    ("Leith", "The job is 100% remote with rare on-site meetings.", "remote"),
    ("Leith", "A hybrid role with on-site training.", "hybrid"),
    ("Leith", "This is a remote position supporting remote users.", "remote"),
    ("Leith", "We pay on-site gyms for remote workers.", "unspecified"),
    ("Leith", "Work setting: In-person", "onsite"),
    ("Leith", "Interview mode: in-person", "unspecified"),
    ("Leith", "We don't offer remote work for this post.", "onsite"),
    ("Leith", "We are unable to accommodate remote work from Orkney.", "unspecified"),
    ("Kiel", "Kein Homeoffice", "onsite"),
    ("Kiel", "Homeoffice ist leider nicht möglich.", "onsite"),
    ("Kiel", "Bis zu 60 % mobiles Arbeiten", "hybrid"),
    ("Kiel", "Deutschlandweites Arbeiten aus dem Homeoffice", "remote"),
    ("Leith", "60% office attendance", "hybrid"),
    ("Leith", "You spend 60% of your time in the office.", "hybrid"),
    ("Leith", "We meet in the office Tuesday to Thursday.", "hybrid"),
    ("Leith", "In-office Tue–Thu, Mon and Fri from home", "hybrid"),
    ("Leith", "Perform on-site installation at harbours.", "unspecified"),
    ("Leith", "You plan hybrid events (in person and online).", "unspecified"),
    # What one is able to do is not said of this job.
    ("Leith", "Ability to work effectively in a remote or hybrid environment", "unspecified"),
    ("Leith", "Experience in a remote or hybrid work environment", "unspecified"),
    ("Leith", "You thrive in remote or hybrid settings.", "unspecified"),
    ("Leith", "Experience working in a hybrid environment", "unspecified"),
    ("Leith", "You will work in a hybrid environment.", "hybrid"),
    ("Leith", "two WFH days per week", "hybrid"),
    ("Leith", "2 days WFH per week", "hybrid"),
    ("Leith", "3 days WFO and 2 days WFH", "hybrid"),
    ("Leith", "Based in the office with 2 WFH days", "hybrid"),
    ("Kiel", "4 days of homeoffice per week", "hybrid"),
    ("Kiel", "2 homeoffice days per week", "hybrid"),
    ("Kiel", "Homeoffice: 2 days per week", "hybrid"),
    ("Leith", "Hybrid: our office in Leith, twice a week", "hybrid"),
    ("Leith", "Working pattern: hybrid, at least a third of the time at the harbour", "hybrid"),
    ("Leith", "Environment: hybrid cloud", "unspecified"),
    ("Leith", "Some home working can be agreed.", "hybrid"),
    ("Leith", "Blended working is available.", "hybrid"),
    ("Leith", "Half of your week is with customers, and you spend the other half at home.", "hybrid"),
    ("Leith", "One day in our office in Leith, two days at sea, and the rest from home.", "hybrid"),
    ("Leith", "Most of us come in for two or three days a week.", "hybrid"),
    ("Leith", "We are in our harbour office on Mondays and Thursdays.", "hybrid"),
    ("Leith", "Tuesdays and Thursdays are spent in the Leith office.", "hybrid"),
    ("Leith", "Mondays & Fridays in our Leith studio", "hybrid"),
    ("Leith", "The office is open on Mondays, Tuesdays, Wednesdays, Thursdays and Fridays.", "unspecified"),
    ("Leith", "Three days in our South Pier office", "hybrid"),
    ("Leith", "Lectures are on campus, with flexibility to work from home on other days.", "hybrid"),
    ("Leith", "9:00 to 17:00, on site at our boatyard", "onsite"),
    ("Leith", "• Onsite in Leith", "onsite"),
    ("Leith", "You have authorization to work full-time in the United Kingdom.", "unspecified"),
    ("Leith", "The position is full time and on site.", "onsite"),
    ("Leith", "The person hired will work on campus.", "onsite"),
    ("Kiel", "Wahlweise Büro am Hafen oder Homeoffice", "remote"),
    ("Kiel", "Gleitzeit und Homeoffice bis zu 60 %", "hybrid"),
    ("Leith", "You are at our depot on Mondays and may work remotely on other days.", "hybrid"),
    ("Leith", "We are an in-person company.", "onsite"),
    ("Leith", "The whole crew works out of our pier headquarters five days a week.", "onsite"),
    ("Leith", "The internship takes place in person at our boatyard.", "onsite"),
    ("Leith", "Setting: In-person instruction", "onsite"),
    ("Leith", "Graduates are full time in the Leith office.", "onsite"),
    ("Leith", "We work together in our pier office Tuesday through Thursday, at home on Fridays.", "hybrid"),
    ("Leith", "Fridays are work-from-home days.", "hybrid"),
    ("Leith", "Your time is split between home and the boatyard.", "hybrid"),
    (
        "Leith",
        "You spend 60% of your working time in one of our offices and can work from home for the rest.",
        "hybrid",
    ),
    ("Leith", "Two anchor days in our pier office", "hybrid"),
    ("Leith", "Two in-studio days each week", "hybrid"),
    ("Leith", "A balance of home and office", "hybrid"),
    ("Leith", "Blended home and office working", "hybrid"),
    ("Leith", "Harbour Ltd is a fully distributed company.", "remote"),
    ("Leith", "The work can be done remotely; we meet once a quarter.", "remote"),
    ("Leith", "This post is based full-time in our South Pier workshop.", "onsite"),
    ("Leith", "Five days in seven, fully site based", "onsite"),
    ("Leith", "The role is campus-based.", "onsite"),
    ("Leith", "We are all in the South Pier office Monday to Friday.", "onsite"),
    ("Leith", "You'll work out of our South Pier office with the other shipwrights, five days a week.", "onsite"),
    ("Home based", None, "remote"),
    ("Home-based: Fife", None, "remote"),
    ("Remoto", None, "remote"),
    ("Home Based Carer", None, "unspecified"),
    (None, None, "unspecified"),
]


@pytest.mark.parametrize(("text", "place"), PLACES)
def test_place(text: str | None, place: Place) -> None:
    assert parse_place(text) == place


def test_a_word_without_which_nothing_is_searched_stands_in_each_expression() -> None:
    sentences = [s for _, text, _ in WORKPLACES if text for s in read_cues(text).sentences("workplace")]
    said = read_patterns("workplace.toml")
    for name, words in (("onsite_said", ONSITE_WORDS), ("remote_said", REMOTE_WORDS)):
        found = [sentence for sentence in sentences if said[name].search(sentence)]
        assert found
        assert all(any(word in sentence for word in words) for sentence in found)


@pytest.mark.parametrize(("location", "description", "workplace"), WORKPLACES)
def test_workplace(location: str | None, description: str | None, workplace: str) -> None:
    assert parse_workplace(location, description) == workplace


@pytest.mark.parametrize(
    ("text", "countries"),
    [
        ("US only, please.", ["US"]),
        ("You must be authorized to work in the United States.", ["US"]),
        ("You have the right to work in the UK.", ["GB"]),
        ("Our customers are in the US.", None),
    ],
)
def test_eligible_countries_are_known_only_when_stated(text: str, countries: list[str] | None) -> None:
    assert eligible_countries(None, text) == countries


@given(st.text(max_size=200), st.text(max_size=500))
def test_no_text_makes_the_parsers_raise(location: str, description: str) -> None:
    assert parse_workplace(location, description) in ("onsite", "hybrid", "remote", "unspecified")
    country = parse_place(location).country
    assert country is None or len(country) == 2


@pytest.mark.parametrize(
    ("text", "cities"),
    [
        ("Chicago, New York, San Francisco", ["Chicago", "New York", "San Francisco"]),
        ("Barcelona, Madrid, Valencia, Spain", ["Barcelona", "Madrid", "Valencia"]),
        ("London, Madrid, Lisbon, Portugal, Stockholm", ["London", "Madrid", "Lisbon", "Stockholm"]),
        ("Georgia, US", [None]),
    ],
)
def test_every_place_of_a_list(text: str, cities: list[str | None]) -> None:
    assert [place.city for place in parse_places(text)] == cities
