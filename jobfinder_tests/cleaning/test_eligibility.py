"""From where one may apply: known only when it is said."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobfinder_assets.cleaning.cues import read_cues
from jobfinder_assets.cleaning.eligibility import eligible_countries
from jobfinder_assets.cleaning.gazetteer import gazetteer
from jobfinder_assets.cleaning.lexicon import read_toml

TEXTS = [
    ("Candidates from any town in India may apply for this work from home role.", ["IN"]),
    ("You can work from any EU country.", sorted(gazetteer().groups["eu"])),
    ("You can be located in Denmark, Sweden or the Netherlands, where we have legal entities.", ["DK", "NL", "SE"]),
    ("You must be ordinarily UK residents.", ["GB"]),
    ("Applicants must be UK residents with the right to work here.", ["GB"]),
    ("Our customers must be UK residents or students.", None),
    ("This post is open to U.S. persons only.", ["US"]),
    ("Work wherever suits you in the UK.", ["GB"]),
    ("Remote from any country in the European Union.", sorted(gazetteer().groups["eu"])),
    ("You can be anywhere in the EU or the UK.", sorted({*gazetteer().groups["eu"], "GB"})),
    ("You live in Norway and hold a permit to work there.", ["NO"]),
    ("If you live in Norway, your pay is in kroner.", None),
    ("We can hire you in Germany, Austria or Switzerland.", ["AT", "CH", "DE"]),
    ("We hire people living in the United States, Canada or Mexico.", ["CA", "MX", "US"]),
    ("We can employ residents of Norway.", ["NO"]),
    ("We can only hire in the following states: Ohio, Texas and Utah.", ["US"]),
    ("Imprescindible residir en España.", ["ES"]),
    ("Vaga exclusiva para residentes no Brasil.", ["BR"]),
    ("Permiso de trabajo en España.", ["ES"]),
    ("Vous êtes autorisé à travailler au Canada.", ["CA"]),
    ("Work authorization:\n• United States (Required)", ["US"]),
    ("Remote (U.S. or Canada). We can employ you in either.", ["CA", "US"]),
    ("The team is remote (mostly in Norway).", None),
    ("Open to Singaporeans and Singapore PRs only.", ["SG"]),
    ("Remote (India) | Contract | 2 pm to 11 pm", ["IN"]),
    ("Mails from us only come from our own domain.", None),
    ("You are willing to relocate anywhere in the US.", None),
    ("The work is performed from home anywhere in the continental U.S.", ["US"]),
    ("You may live anywhere in the United States.", ["US"]),
    ("This is a remote role for residents of Mexico.", ["MX"]),
    ("Hiring in: UK, Spain, Poland", ["ES", "GB", "PL"]),
    ("We are hiring in the UK, Spain and Poland.", ["ES", "GB", "PL"]),
    ("We are hiring in Poland for a second harbour.", None),
    ("US only, please.", ["US"]),
    ("US-based candidates only.", ["US"]),
    ("You must be authorized to work in the United States.", ["US"]),
    ("Applicants must be legally authorized to work in Canada.", ["CA"]),
    ("Must be eligible to work in the US without sponsorship.", ["US"]),
    ("You have the right to work in the UK.", ["GB"]),
    ("U.S. citizenship is required.", ["US"]),
    ("US CITIZENS ONLY", ["US"]),
    ("Ability to obtain a security clearance is required.", ["US"]),
    ("Candidates must reside in Canada or the US.", ["CA", "US"]),
    ("You must be located in Germany, Austria or Switzerland.", ["AT", "CH", "DE"]),
    ("Active Secret clearance", ["US"]),
    ("Minimum clearance required: TS/SCI with poly", ["US"]),
    ("Security Clearance: US Secret and NATO Secret", ["US"]),
    ("Applicants for employment in the US must have valid work authorization.", ["US"]),
    ("Work authorization:\nUnited States (Required)", ["US"]),
    ("Restricted to UK Nationals", ["GB"]),
    ("Staff may live in any of the 50 US States.", ["US"]),
    ("Applicants must reside in either the US or Canada.", ["CA", "US"]),
    ("Remote. Must be in the US to apply.", ["US"]),
    ("We consider candidates across the United States.", ["US"]),
    ("Able to work with a team located in India.", None),
    ("Active Secret clearance is a plus", None),
    ("TS/SCI clearance is not required for this role", None),
    ("We do not accept candidates from across the US", None),
    ("Candidate data must be in the EU", None),
    ("You must be in the US office three days a week", None),
    ("You must be able to work in a small team.", None),
    ("The job is based in Leith and remote during the coronavirus timeframe.", None),
    ("Our customers are in the US.", None),
    ("We do not discriminate on the basis of citizenship status or national origin.", None),
    ("We verify that all new hires are authorized to work; see E-Verify.", None),
    ("Only the best work in our team.", None),
    ("Visa sponsorship is available.", None),
    ("Local candidates only.", None),
    ("You must have the right to live and work in Ireland.", ["IE"]),
    ("Full working rights in Australia are needed.", ["AU"]),
    # A line of the text.
    ("Location: Remote (US)", ["US"]),
    ("Clerk\nLocation: Remote - UK\nFull-time", ["GB"]),
    ("Remote (US only)", ["US"]),
    ("Fully remote (UK)", ["GB"]),
    ("This is a remote role within Germany.", ["DE"]),
    ("Remote, based in Spain or Portugal.", ["ES", "PT"]),
    ("We are hiring remotely across the UK and Ireland.", ["GB", "IE"]),
    ("A remote role, US or Canada based.", ["CA", "US"]),
    ("Remote across Iberia.", ["ES", "PT"]),
    ("Our remote team across Europe mends nets.", None),
    ("Work location: Hybrid remote in New York, NY 10099", None),
    # Adjectives.
    ("You must be UK-based.", ["GB"]),
    ("We are seeking a UK-based clerk.", ["GB"]),
    ("A post for US work authorized clerks", ["US"]),
    ("Location: US-based, remote", ["US"]),
    ("US-based remote clerk wanted", ["US"]),
    ("US work authorization required", ["US"]),
    ("Riggers must hold valid work authorization in Canada.", ["CA"]),
    ("A valid UK work permit is required, as we cannot sponsor one.", ["GB"]),
    ("Work from wherever you like, with four hours that overlap with Eastern Time.", None),
    ("Valid US work permit is required.", ["US"]),
    ("You must hold Australian citizenship.", ["AU"]),
    ("Canadian citizens or permanent residents only.", ["CA"]),
    ("Indian nationals only", ["IN"]),
    ("Open to Singapore citizens only", ["SG"]),
    ("Must be a U.S. person.", ["US"]),
    ("Speaks German only", None),
    ("Irish or EU citizenship is required.", None),
    ("Priority is given to Canadian citizens; a licence is required.", None),
    ("We sponsor a US work visa where it is required.", None),
    ("You need a work visa or Canadian charts.", None),
    ("Valid work permit for Germany", ["DE"]),
    ("Existing work visa for Japan", ["JP"]),
    ("Valid work permit for Germany or EU citizenship", None),
    # Clearances.
    ("SC cleared candidates only", ["GB"]),
    ("Must hold active DV clearance.", ["GB"]),
    ("You must hold an AGSVA clearance.", ["AU"]),
    ("Security clearance: Baseline (or ability to obtain)", ["AU"]),
    ("• Full Australian working rights", ["AU"]),
    ("- Canadian citizenship or permanent residence", ["CA"]),
    ("Prefer US citizen, willing to review others", None),
    ("Our Canadian citizens advisory board", None),
    ("Applicants need to be in New Zealand with a valid work visa.", ["NZ"]),
    ("Reliability status is required; a clearance will be sought.", ["CA"]),
    ("Obtain security clearance (BPSS) before you start.", None),
    ("Security clearance is required for this post in Canberra.", None),
    ("Must hold a NATO Secret clearance.", None),
    ("Active Secret clearance for our pier in Charleston, SC", ["US"]),
    ("A site reliability engineer with an active Secret clearance", ["US"]),
    # Where an employer can employ.
    ("We hire in the US, Canada and the UK.", ["CA", "GB", "US"]),
    ("We can hire in the following countries: Spain, Portugal.", ["ES", "PT"]),
    ("We hire in the US and 40 other countries.", None),
    ("We can only employ people in the Netherlands.", ["NL"]),
    ("We are hiring only in Portugal.", ["PT"]),
    ("Candidates outside the US will not be considered.", ["US"]),
    ("Only candidates in India will be considered.", ["IN"]),
    ("This post is open to US residents.", ["US"]),
    ("Anyone based anywhere in Spain may apply.", ["ES"]),
    ("Open to candidates from Canada.", ["CA"]),
    ("You are based in Germany.", ["DE"]),
    # States and provinces.
    ("Must reside in California.", ["US"]),
    ("You must reside in Ontario, Canada.", ["CA"]),
    ("You must live in the state of Ohio.", ["US"]),
    ("You must reside in one of the following states: TX, FL.", ["US"]),
    ("You must live in Georgia.", None),
    ("Notice for California residents only", None),
    # Said of some, or of others.
    ("If based in the US, you must be authorized to work in the US.", None),
    ("For US applicants: you must be authorized to work in the US.", None),
    ("Our customers must be located in the US.", None),
    # German.
    ("Arbeitserlaubnis für Deutschland", ["DE"]),
    ("Gültige EU-Arbeitserlaubnis", sorted(gazetteer().groups["eu"])),
    ("Arbeitserlaubnis in Deutschland oder der EU", None),
    ("Wohnsitz in Deutschland", ["DE"]),
    ("Remote innerhalb Deutschlands", ["DE"]),
    # From where one works.
    ("You may work remotely from Spain, Portugal or Italy.", ["ES", "IT", "PT"]),
    ("The job is performed remotely from the United States.", ["US"]),
    ("The harbour master can be remote from the US or Canada.", ["CA", "US"]),
    ("You may work remotely from Spain for four weeks a year.", None),
    ("You train people who work remotely from Spain.", None),
    ("For sailors who will work remotely from Spain, see our page.", None),
]
FIELDS = [
    ("Remote - Germany", ["DE"]),
    ("Remote (US)", ["US"]),
    ("United States - Remote", ["US"]),
    ("Remote, UK or Ireland", ["GB", "IE"]),
    ("Encino; Remote, USA", ["US"]),
    ("San Francisco, CA or remote within the U.S.", ["US"]),
    ("Mountain View, CA / Remote (Continental US only)", ["US"]),
    ("Remote, South Africa", ["ZA"]),
    ("Remote: Brazil, Argentina, Chile", ["AR", "BR", "CL"]),
    ("US, Canada (Remote)", ["CA", "US"]),
    ("Mexico City, Mexico (remote)", None),
    ("Remote, Berlin", None),
    ("Remote", None),
    ("Remote, worldwide", None),
    ("Berlin, Germany", None),
    ("Anywhere in the US", ["US"]),
    ("Remote in the US", ["US"]),
    ("Remote U.S.A.", ["US"]),
    ("Fully Remote - Based in USA", ["US"]),
    ("Home-based - Scotland", ["GB"]),
    ("Remote - NY, NJ, CT", ["US"]),
    ("Remote-UK&I", ["GB", "IE"]),
    ("Remote-Western Europe", None),
    ("Remote - Central America", ["BZ", "CR", "GT", "HN", "NI", "PA", "SV"]),
    ("Remote, Southeast Asia", None),
    ("Remote, Singapore", ["SG"]),
    ("Singapore (Remote)", ["SG"]),
    ("Singapore", None),
    ("Toronto / Remote (US/Canada)", ["CA", "US"]),
    ("London; Remote (UK/France/Spain); Madrid", ["ES", "FR", "GB"]),
    ("Toronto / Remote (US) / Canada", ["US"]),
    ("Remote (US or Canada), Toronto, ON", ["CA", "US"]),
    ("Berlin; Remote (US/Canada); France", ["CA", "US"]),
    # The city's own brackets, and what stands behind them, say nothing of who may apply.
    ("Toronto (Remote in Canada or US)", None),
    ("London (Remote or Hybrid), UK", None),
    ("Paris (Remote or on-site), France; Madrid, Spain", None),
    ("Berlin (Remote / Germany)", None),
]


@pytest.mark.parametrize(("text", "countries"), TEXTS)
def test_what_texts_say(text: str, countries: list[str] | None) -> None:
    assert eligible_countries(None, text) == countries


@pytest.mark.parametrize(("location", "countries"), FIELDS)
def test_what_location_fields_say(location: str, countries: list[str] | None) -> None:
    assert eligible_countries(location, None) == countries


@pytest.mark.parametrize("verb", ["work", "live and work"])
@pytest.mark.parametrize(
    "permission",
    [
        "authorized", "authorised", "eligible", "legally able", "entitled", "legally entitled", "permitted",
        "have permission", "have the right", "have authorization", "have the eligibility",
    ],
)  # fmt: skip
def test_every_word_for_a_permission_is_found(permission: str, verb: str) -> None:
    assert eligible_countries(None, f"{permission} to {verb} in Canada") == ["CA"]


def test_every_binding_expression_is_reached() -> None:
    """An expression without a cue in its sentence never runs."""
    said = [cues for text, _ in TEXTS for cues in [read_cues(text)]]
    sentences = [
        sentence for cues in said for kind in ("eligibility", "workplace") for sentence in cues.sentences(kind)
    ]
    for word, parts in read_toml("eligibility.toml")["binding"].items():
        for part in parts:
            expression = re.compile(part.replace("{some}", "[a-z. ,:]+"))
            assert any(word in sentence and expression.search(sentence) for sentence in sentences), part


@pytest.mark.parametrize(
    ("field", "countries"), [("India_Remote", ["IN"]), ("Remoto, Brasil", ["BR"]), ("Remote - US West", ["US"])]
)
def test_countries_of_a_field(field, countries):
    assert eligible_countries(field, None) == countries


@pytest.mark.parametrize(
    "field", ["Remote (EST)", "Remote - US preferred", "Remote (US or Canada, New York preferred)"]
)
def test_what_a_field_does_not_say_refuses_nobody(field):
    assert eligible_countries(field, None) is None


def test_groups_of_countries() -> None:
    europe = eligible_countries("Remote - Europe", None)
    assert europe is not None
    assert {"DE", "GB", "PL"} <= set(europe)
    assert "US" not in europe
    emea = eligible_countries("Remote (EMEA)", None)
    assert emea is not None
    assert {"DE", "AE", "ZA"} <= set(emea)
    latam = eligible_countries("Remote - LATAM", None)
    assert latam is not None
    assert latam == eligible_countries("Remote, Latin America", None)
    assert {"AR", "BR", "CR", "DO", "MX", "PA"} <= set(latam)
    assert not {"US", "CA", "JM"} & set(latam)
    american = eligible_countries(None, "We seek someone in North American time zones.")
    assert american == ["CA", "MX", "US"]
    zones = eligible_countries(None, "You must be based within European time zones.")
    assert zones is not None
    assert "DE" in zones


def test_the_narrower_statement_counts() -> None:
    assert eligible_countries("Remote - Europe", "You must be authorised to work in Germany.") == ["DE"]


@given(st.text(max_size=200), st.text(max_size=500))
def test_no_text_makes_it_raise(location: str, description: str) -> None:
    found = eligible_countries(location, description)
    assert found is None or set(found) <= gazetteer().codes


@pytest.mark.parametrize("piece", [" only", "authorized to work in ", "must reside in us, ", "remote in ", "a b "])
def test_hostile_text_does_not_run_away(piece: str) -> None:
    started = time.process_time()
    eligible_countries(piece * 20, (piece * 100_000)[:100_000])
    assert time.process_time() - started < 5
