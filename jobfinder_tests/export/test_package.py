"""What a package holds, how it is described, and that it holds nothing that it must not."""

import csv
import hashlib
import io
import json
from pathlib import Path
from typing import Any

import mlcroissant
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from jobfinder_assets.cleaning.gazetteer import gazetteer
from jobfinder_assets.config import Home, Profile, Settings, load_settings
from jobfinder_assets.export import consent, minimise, pii
from jobfinder_assets.export.columns import CHOICES, COLUMNS, PAY_BOUNDS, QUASI, YEARS_BOUNDS
from jobfinder_assets.export.croissant import validate
from jobfinder_assets.export.demo import PROFILE, SEARCHES, invent
from jobfinder_assets.export.errors import Refusal
from jobfinder_assets.export.package import Package, make_package
from jobfinder_assets.export.words import words_of
from jobfinder_assets.export.work import LEAVE_OUT, Request
from jobfinder_assets.ingestion.catalog import source_classes
from jobfinder_assets.storage.lake import Lake
from jobfinder_assets.storage.spreadsheet import FORMULA_STARTS
from jobfinder_tests.export.conftest import BUYER, NOW, agree, change, first_posting, product, set_searches

FILES = {
    "data.parquet", "data.csv", "schema.json", "croissant.json", "DATASHEET.md", "CONSENT.json", "PRIVACY_REPORT.json",
    "PROVENANCE.json", "LICENSE", "SHA256SUMS",
}  # fmt: skip
PROSE = 30


def make(lake: Lake, **changes: Any) -> Package:
    return make_package(lake, load_settings(), Request(PROFILE, BUYER, **changes), now=NOW)


def data(package: Package) -> pd.DataFrame:
    return pd.read_parquet(package.folder / "data.parquet")


def report(package: Package, name: str = "PRIVACY_REPORT.json") -> dict[str, Any]:
    found: dict[str, Any] = json.loads((package.folder / name).read_text(encoding="utf-8"))
    return found


def words(frame: pd.DataFrame, column: str) -> set[str]:
    return {str(word) for word in frame[column].explode().dropna()}


def test_the_package_is_whole(person: Lake, home: Home) -> None:
    given = agree(person, home, price=12.5, currency="EUR")
    result = product()
    assert result.exit_code == 0, result.output
    folder = next((home.root / "products" / PROFILE).iterdir())
    assert {path.name for path in folder.iterdir()} == FILES
    for line in (folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    assert not list(home.root.rglob("*.partial"))
    assert all(path.stat().st_mode & 0o077 == 0 for path in [folder, *folder.iterdir()]), "only the owner reads it"
    ledger = person.read("product_ledger")
    assert ledger[["recipient", "rows", "price", "currency", "consent_id"]].to_dict("records") == [
        {"recipient": BUYER, "rows": 90, "price": 12.5, "currency": "EUR", "consent_id": given.id}
    ]
    assert ledger.loc[0, "sums_hash"] == hashlib.sha256((folder / "SHA256SUMS").read_bytes()).hexdigest()


def test_rows_are_the_labels(person: Lake, home: Home) -> None:
    agree(person, home)
    frame = data(make(person))
    events = person.read("label_events")
    assert list(frame.columns) == list(COLUMNS)
    assert list(frame["row"]) == list(range(1, 91))
    assert frame["interesting"].sum() == events["interesting"].sum()
    assert list(frame["interesting"]) != list(events.sort_values("event_id")["interesting"]), "the order tells nothing"
    assert frame["label_week"].str.fullmatch(r"2026-W\d\d").all()
    assert set(frame["pay"].dropna()) <= {
        "under_40k_USD", "40k_to_under_60k_USD", "60k_to_under_80k_USD", "80k_to_under_100k_USD",
        "100k_to_under_120k_USD", "120k_to_under_150k_USD", "150k_to_under_200k_USD", "from_200k_USD",
    }  # fmt: skip


def test_only_what_is_consented_to_is_in(person: Lake, home: Home) -> None:
    agree(person, home, columns=["interesting", "role", "country"])
    package = make(person)
    assert package.columns == ("row", "interesting", "role", "country")
    assert report(package, "CONSENT.json")["columns"] == ["interesting", "role", "country"]
    assert make(person, columns=("role",)).columns == ("row", "interesting", "role")


def test_no_file_names_the_profile(person: Lake, home: Home) -> None:
    agree(person, home)
    folder = make(person).folder
    for name in FILES - {"data.parquet"}:
        assert PROFILE not in (folder / name).read_text(encoding="utf-8"), name


def test_mlcroissant_reads_the_package(person: Lake, home: Home) -> None:
    agree(person, home)
    package = make(person)
    dataset = mlcroissant.Dataset(jsonld=package.folder / "croissant.json")
    assert not dataset.metadata.issues.errors
    assert not dataset.metadata.issues.warnings
    frame = pd.DataFrame(dataset.records("labels"))
    assert len(frame) == 90
    assert frame["labels/interesting"].sum() == data(package)["interesting"].sum()
    described = report(package, "croissant.json")
    assert any("RAI" in name for name in described["conformsTo"])
    assert described["rai:personalSensitiveInformation"] and described["rai:dataBiases"]


def test_a_croissant_file_that_is_wrong_is_refused(person: Lake, home: Home) -> None:
    agree(person, home)
    described = report(make(person), "croissant.json")
    described["recordSet"][0]["field"][0]["source"]["fileObject"]["@id"] = "elsewhere.parquet"
    with pytest.raises(Exception, match=r"elsewhere\.parquet"):
        validate(described)


def test_every_row_has_k_companions_in_the_corpus(person: Lake, home: Home) -> None:
    agree(person, home)
    package = make(person, k=7)
    corpus, frame = minimise.read_corpus(person), data(package)
    names = [name for name in QUASI if name in frame]
    for _, row in frame.iterrows():
        known = [name for name in names if not pd.isna(row[name])]
        assert len(known) >= 2
        assert (corpus[known] == row[known]).all(axis=1).sum() >= 7
    assert report(package)["smallest_class_in_corpus"]["openings"] >= 7
    emptied = report(package)["cells_emptied_because_rare"]
    assert emptied["employer"] > 0


def test_a_row_that_is_rare_in_all_it_says_goes_and_is_counted(person: Lake, home: Home) -> None:
    agree(person, home)
    change(person, first_posting(), country="IS", city="Reykjavik", location="Iceland")
    package = make(person)
    assert package.rows == 89
    assert report(package)["rows"]["left_out"] == {"rare combination of facts": 1}
    assert "IS" not in set(data(package)["country"])


def test_rare_words_stay_out(person: Lake, home: Home) -> None:
    agree(person, home)
    change(person, first_posting(), title="Zymurgy Engineer", skills=["Airflow", "zymurgy"])
    person.update(
        "label_events", pd.DataFrame([{"event_id": f"event {first_posting()}", "reason": "zymurgy and data engineer"}])
    )
    frame = data(make(person))
    for column in ("title_words", "skills", "reason_words"):
        assert "zymurgy" not in words(frame, column)
    assert "engineer" in words(frame, "title_words") & words(frame, "reason_words")
    assert {"spark", "pipelines"} <= words(frame, "search_words")


def test_what_may_be_left_out_is_and_is_counted(person: Lake, home: Home) -> None:
    agree(person, home)
    set_searches(home, [*SEARCHES, "pipelines glaciology", "ask Maria Schmidt"])
    ids = [f"{number:08x}" for number in range(4)]
    change(person, ids[0], source="greenhouse")
    change(person, ids[1], title="Engineer, write to jane.roe@example.com")
    package = make(person, leave_out=frozenset(LEAVE_OUT), without=frozenset({ids[2]}))
    assert package.left_out == {
        "licence of the source unknown": 1, "personal data in its title": 1, "left out by the person": 1,
    }  # fmt: skip
    told = report(package)
    assert told["rows"]["labelled"] == 90 and told["rows"]["in_package"] == package.rows == 87
    assert told["words_left_out"] == {"searches with personal data": 1, "rare search words": 1, "rare reason words": 3}


def test_sources_that_forbid_it_are_left_out_unasked(person: Lake, home: Home) -> None:
    agree(person, home)
    change(person, first_posting(), source="remotive")
    package = make(person)
    assert package.left_out == {"source forbids passing on": 1}
    assert [each["name"] for each in report(package, "PROVENANCE.json")["sources"]] == ["sample"]


def test_a_text_that_is_nobodys_name_can_be_cleared(person: Lake, home: Home) -> None:
    agree(person, home)
    change(person, first_posting(), title="Engineer at Maria Schmidt")
    with pytest.raises(Refusal):
        make(person)
    assert make(person, cleared=("Maria Schmidt",)).rows == 90
    change(person, first_posting(), title="jane.roe@example.com")
    with pytest.raises(Refusal):
        make(person, cleared=("jane.roe@example.com",))


@pytest.mark.parametrize(
    ("category", "word"),
    [("health", "diabetes"), ("faith", "church"), ("union", "gewerkschaft"), ("disability", "wheelchair")],
)
def test_special_categories_need_their_own_consent(category: str, word: str, person: Lake, home: Home) -> None:
    for number in range(20):
        change(person, f"{number:08x}", description=f"pipelines near a {word}")
    set_searches(home, [f"pipelines {word}"])
    agree(person, home)
    package = make(person)
    assert word not in words(data(package), "search_words")
    assert report(package)["words_left_out"]["search words of special categories"] == 1
    agree(person, home, special=[category])
    assert word in words(data(make(person)), "search_words")


def test_the_datasheet_is_filled_from_facts(person: Lake, home: Home) -> None:
    agree(person, home)
    package = make(person)
    text = (package.folder / "DATASHEET.md").read_text(encoding="utf-8")
    liked = int(data(package)["interesting"].sum())
    for fact in (
        package.id,
        "Rows: 90",
        f"liked: {liked}",
        "A study of preferences",
        BUYER,
        package.consent_id,
        "sample (90)",
    ):
        assert fact in text
    assert "{" not in text
    assert "A study of preferences" in (package.folder / "LICENSE").read_text(encoding="utf-8")
    assert "anonymous" in report(package)["statement"] and report(package)["what_stays_risky"]


def test_the_schema_describes_every_column(person: Lake, home: Home) -> None:
    agree(person, home)
    package = make(person)
    described = report(package, "schema.json")
    assert list(described["properties"]) == described["required"] == list(package.columns)
    assert described["additionalProperties"] is False


def test_formulas_are_neutralised_in_the_product(person: Lake, home: Home) -> None:
    agree(person, home, columns=["interesting", "role", "employer", "skills"])
    for number in range(90):
        change(person, f"{number:08x}", company="=SUM(A1)", country="DE", title="-2+3", skills=["=Python"])
    person.update("role_tags", pd.DataFrame({"posting_id": [f"{n:08x}" for n in range(90)], "role": "data_engineer"}))
    package = make(person)
    rows = list(csv.DictReader(io.StringIO((package.folder / "data.csv").read_text(encoding="utf-8"))))
    assert {row["employer"] for row in rows} == {"'=SUM(A1)"}
    assert not [cell for row in rows for cell in row.values() if cell.startswith(FORMULA_STARTS)]


WORD = st.text("abcdefghijklmnopqrstuvwxyzäé", min_size=2, max_size=12)
TEXTS = st.lists(st.lists(WORD, min_size=8, max_size=14).map(" ".join), min_size=6, max_size=6)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(texts=TEXTS, searches=st.lists(st.lists(WORD, min_size=2, max_size=4).map(" ".join), min_size=1, max_size=3))
def test_no_piece_of_a_description_and_no_raw_search_is_in_a_package(
    texts: list[str], searches: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Prose is put wherever it could slip through: titles, companies, places, skills, reasons and searches."""
    folder = tmp_path_factory.mktemp("property")
    lake = Lake(str(folder / "lake"))
    invent(lake, postings=36, labels=36, words=5)
    ids = [f"{number:08x}" for number in range(36)]
    prose = [texts[number % 6] for number in range(36)]
    pieces = {
        "description": prose,
        "title": [text[:45] for text in prose],
        "company": [text[5:60] for text in prose],
        "location": [text[3:50] for text in prose],
        "city": [text[3:50] for text in prose],
        "employment_type": prose,
        "skills": [[text[:40], "airflow", *text.split()] for text in prose],
    }
    lake.update("postings", pd.DataFrame({"posting_id": ids, **pieces}))
    lake.update("label_events", pd.DataFrame({"event_id": [f"event {each}" for each in ids], "reason": prose}))
    searches = [*searches, texts[0][:50]]
    offer = consent.make_offer(
        profile=PROFILE, purpose="A study of preferences", buyer=BUYER, buyer_is_class=False, columns=CHOICES,
        until=NOW.replace(year=NOW.year + 1),
    )  # fmt: skip
    consent.give(lake, Home(folder), offer, read=consent.text_hash(consent.read_text(offer)), now=NOW)
    person = Settings(profiles={PROFILE: Profile(searches=tuple(searches))})
    try:
        request = Request(PROFILE, BUYER, k=3, leave_out=frozenset(LEAVE_OUT))
        package = make_package(lake, person, request, now=NOW, folder=folder / "package")
    except Refusal as refusal:
        assume("no row is left" not in str(refusal))
        raise
    held = package_text(package.folder)
    for text in texts:
        assert not [text[start:] for start in range(len(text) - PROSE + 1) if text[start : start + PROSE] in held]
    assert not [search for search in searches if len(search.split()) > 1 and search in held]


def package_text(folder: Path) -> str:
    """Every text file, and every value of the Parquet file."""
    texts = [path.read_text(encoding="utf-8") for path in folder.iterdir() if path.suffix != ".parquet"]
    frame = pd.read_parquet(folder / "data.parquet")
    for name in frame:
        for value in frame[name]:
            texts += list(value) if isinstance(value, np.ndarray) else [str(value)]
    return "\n".join(texts).casefold()


def test_words_of_a_text() -> None:
    assert words_of("I like C++, C# and node.js; not Excel.") == ["c#", "c++", "excel", "like", "node.js"]


@pytest.mark.parametrize(
    ("city", "country", "place"),
    [("Berlin", "DE", "Berlin"), ("berlin", "DE", "Berlin"), ("Göttingen", "DE", None), ("Berlin", "US", None),
     ("Maria Schmidt", "DE", None), (None, "DE", None), (float("nan"), None, None)],
)  # fmt: skip
def test_places_are_large_cities(city: Any, country: Any, place: str | None) -> None:
    assert minimise.metropolis(city, country) == place


def test_no_word_of_the_products_own_vocabularies_looks_like_a_person(person: Lake) -> None:
    """Or every package that holds it would be refused."""
    ids = person.read("postings", ["posting_id"])["posting_id"].sort_values()
    values = {"salary_annual_usd": [1_000.0 * (n % 250) for n in range(len(ids))]}
    values["years_min"] = [float(n % 12) for n in range(len(ids))]
    person.update("postings", pd.DataFrame({"posting_id": ids, **values}))
    corpus = minimise.read_corpus(person)
    assert corpus["pay"].nunique() == len(PAY_BOUNDS) + 1 and corpus["years"].nunique() == len(YEARS_BOUNDS) + 1
    texts = {name: list(corpus[name].unique()) for name in ("pay", "years", "role", "seniority", "workplace")}
    texts["label_week"] = [f"2026-W{week:02d}" for week in range(1, 54)]
    texts["skills"] = list(minimise._known_skills().values())
    texts["source"] = list(source_classes())
    assert pii.find(texts) == {}
    cities = gazetteer().cities
    places = {minimise.metropolis(city, each.country) for city, found in cities.items() for each in found} - {None}
    # A person has to say that these name nobody.
    assert len(pii.find({"place": map(str, places)})) <= 3 < 1_000 < len(places)


def test_weeks() -> None:
    times = pd.Series(pd.to_datetime(["2026-01-01", "2027-01-03", None], utc=True))
    assert minimise.iso_weeks(times) == ["2026-W01", "2026-W53", None]
