"""Every raw record is kept or rejected, once, whatever happened before."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobfinder_assets.cleaning import clean
from jobfinder_assets.cleaning.clean import accounting, clean_batch, clean_pending
from jobfinder_assets.config import Settings
from jobfinder_assets.ingestion.contract import Draft, content_hash, posting_id, record_json
from jobfinder_assets.ingestion.health import BoardHealth
from jobfinder_assets.ingestion.health import frame as health_frame
from jobfinder_assets.ingestion.sources.files import Files
from jobfinder_assets.storage.lake import Lake

NOW = datetime(2026, 11, 1, tzinfo=UTC)
TEXT = "<p>You build pipelines in Spark &amp; Airflow.</p><ul><li>5+ years of experience</li></ul>"
GOOD = {
    "title": "Senior Data Engineer",
    "company": "Acme Inc.\n3.8",
    "location": "New York, NY",
    "description": TEXT,
    "salary": "$120K-$150K (Glassdoor est.)",
    "url": "https://jobs.example/1",
}


def raw(*records: dict[str, Any]) -> pd.DataFrame:
    rows = []
    for number, record in enumerate(records):
        text, key = record_json(record), str(record.get("id", number))
        identity = {"source": "files", "board": "b", "source_id": key, "posting_id": posting_id("files", "b", key)}
        rows.append(identity | {"content_hash": content_hash(text), "fetched_at": NOW, "record": text})
    return pd.DataFrame(rows)


def store(lake: Lake, frame: pd.DataFrame, *, seen: datetime = NOW, closed: datetime | None = None) -> None:
    lake.merge("raw_postings", frame)
    times = {"first_seen_at": NOW, "last_seen_at": seen, "closed_at": pd.Timestamp(closed)}
    lake.merge("posting_sightings", frame.drop(columns=["fetched_at", "record"]).assign(**times))


def test_a_posting_gets_its_facts() -> None:
    kept = clean_batch(raw(GOOD), now=NOW).kept.iloc[0]
    assert (kept["title"], kept["company"], kept["company_raw"]) == (GOOD["title"], "Acme Inc.", "Acme Inc.\n3.8")
    assert kept["description"].splitlines()[0] == "You build pipelines in Spark & Airflow."
    assert (kept["city"], kept["region"], kept["country"]) == ("New York", "NY", "US")
    assert (kept["salary_min"], kept["salary_max"], kept["salary_origin"]) == (120_000, 150_000, "estimate")
    assert (kept["seniority"], kept["years_min"], kept["language"]) == ("senior", 5, "en")


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"title": " "}, "no_title"),
        ({"title": "-1"}, "no_title"),
        ({"description": "<p>Short.</p>"}, "no_description"),
        ({"title": "Job Title", "company": "Company Name", "location": "Location"}, "header_row"),
    ],
)
def test_a_rejected_row_names_rule_and_evidence(change: dict[str, str], rule: str) -> None:
    cleaned = clean_batch(raw(GOOD | change), now=NOW)
    assert cleaned.kept.empty
    assert rule in cleaned.rejected["rule"].tolist()
    assert cleaned.rejected["evidence"].str.len().min() > 0


PAY = {"salary": None, "salary_min": 60_000, "salary_max": 80_000, "salary_currency": "EUR", "salary_period": "year"}


@pytest.mark.parametrize(
    ("change", "facts"),
    [
        (PAY | {"salary_period": "Yearly"}, {"salary_period": "year", "salary_currency": "EUR", "salary_max": 80_000}),
        (PAY | {"salary_period": "per annum", "salary_currency": "€"}, {"salary_period": "year", "salary_max": 80_000}),
        (PAY | {"salary_currency": "Euro"}, {"salary_currency": "EUR", "salary_min": 60_000}),
        (PAY | {"salary_currency": "usd"}, {"salary_currency": "USD", "salary_min": 60_000}),
        (PAY | {"salary_min": 90_000}, {"salary_min": 80_000, "salary_max": 90_000}),
        (PAY | {"salary_period": "some time"}, {"salary_period": None, "salary_min": None}),
        (PAY | {"salary_currency": "shells"}, {"salary_currency": None, "salary_min": None}),
        (PAY | {"salary_period": "hour"}, {"salary_min": None, "salary_origin": None}),
        ({"location": None, "country": "--"}, {"country": None}),
        ({"location": None, "country": "de"}, {"country": "DE"}),
        ({"posted_at": "2026-11-21"}, {"posted_at": None}),
        ({"posted_at": "\u00b2" * 10}, {"posted_at": None}),
    ],
)
def test_what_a_field_cannot_mean_is_unknown(change: dict[str, Any], facts: dict[str, Any]) -> None:
    (kept,) = clean_batch(raw(GOOD | change), now=NOW).kept.to_dict("records")
    assert {name: None if pd.isna(kept[name]) else kept[name] for name in facts} == facts


def test_a_record_that_its_source_cannot_read_costs_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    read = Files.draft

    def draft(record: dict[str, Any]) -> Draft:
        if record["title"] == "Trap":
            raise ZeroDivisionError("nobody thought of it")
        return read(record)

    monkeypatch.setattr(Files, "draft", staticmethod(draft))
    endless = {"description": "word " * 400_001}
    cleaned = clean_batch(raw(GOOD, GOOD | {"title": "Trap"}, GOOD | endless), now=NOW)
    assert cleaned.kept["title"].tolist() == [GOOD["title"]]
    told = cleaned.rejected.set_index("rule").loc["unreadable_record", "evidence"].tolist()
    assert told[0].startswith("ZeroDivisionError: nobody thought of it")
    assert told[1] == "a text of 2,000,005 characters"


@given(st.lists(st.fixed_dictionaries({name: st.text(max_size=60) for name in GOOD}), max_size=5))
def test_in_is_kept_plus_rejected_for_any_records(records: list[dict[str, str]]) -> None:
    frame = raw(*records) if records else raw(GOOD).head(0)
    cleaned = clean_batch(frame, now=NOW)
    both = [*cleaned.kept["posting_id"], *cleaned.rejected["posting_id"].drop_duplicates()]
    assert sorted(both) == sorted(frame["posting_id"])


def test_only_what_is_new_or_changed_is_cleaned(lake: Lake) -> None:
    settings = Settings()
    store(lake, raw(GOOD, GOOD | {"title": "Data Analyst"}))
    first = clean_pending(lake, settings, now=NOW)
    assert (first.new, first.changed, first.unchanged, first.kept) == (2, 0, 0, 2)
    version = lake.version("postings")
    again = clean_pending(lake, settings, now=NOW)
    assert (again.new, again.changed, again.unchanged) == (0, 0, 2)
    assert lake.version("postings") == version
    store(lake, raw(GOOD, GOOD | {"title": "Lead Data Analyst"}))
    changed = clean_pending(lake, settings, now=NOW)
    assert (changed.new, changed.changed, changed.unchanged) == (0, 1, 1)
    assert set(lake.read("postings")["title"]) == {"Senior Data Engineer", "Lead Data Analyst"}


def test_newer_code_cleans_everything_again(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    store(lake, raw(GOOD))
    clean_pending(lake, Settings(), now=NOW)
    monkeypatch.setattr(clean, "CLEANING_VERSION", "next")
    assert clean_pending(lake, Settings(), now=NOW).changed == 1
    assert lake.read("postings")["cleaning_version"].tolist() == ["next"]


def test_a_posting_moves_between_kept_and_rejected(lake: Lake) -> None:
    store(lake, raw(GOOD))
    clean_pending(lake, Settings(), now=NOW)
    store(lake, raw(GOOD | {"title": ""}))
    clean_pending(lake, Settings(), now=NOW)
    assert (lake.count("postings"), lake.count("rejected_postings")) == (0, 1)
    store(lake, raw(GOOD))
    clean_pending(lake, Settings(), now=NOW)
    assert (lake.count("postings"), lake.count("rejected_postings")) == (1, 0)


@pytest.mark.parametrize("title", ["", "Senior Data Engineer"])
def test_a_run_killed_in_the_middle_of_a_move_is_repaired(lake: Lake, title: str) -> None:
    store(lake, raw(GOOD | {"title": "" if title else "Data Engineer"}))
    clean_pending(lake, Settings(), now=NOW)
    changed = raw(GOOD | {"title": title})
    store(lake, changed)
    cleaned = clean_batch(changed, now=NOW)
    lake.merge("postings", cleaned.kept.drop(columns=["first_seen_at", "last_seen_at", "closed_at"]))
    lake.merge("rejected_postings", cleaned.rejected)
    clean_pending(lake, Settings(), now=NOW)
    counts = accounting(lake).loc["files"]
    assert counts["in"] == counts["kept"] + counts["rejected"] == 1
    assert lake.count("postings") == bool(title)


def test_a_rejected_row_can_be_restored_and_given_back_to_the_rules(lake: Lake) -> None:
    store(lake, raw(GOOD, GOOD | {"description": "<p>Short.</p>"}))
    clean_pending(lake, Settings(), now=NOW)
    (rejected,) = lake.read("rejected_postings")["posting_id"]
    clean.restore(lake, [rejected], now=NOW)
    assert clean_pending(lake, Settings(), now=NOW).changed == 1
    assert rejected in set(lake.read("postings")["posting_id"]) and lake.read("rejected_postings").empty
    assert clean_pending(lake, Settings(), now=NOW).changed == 0
    clean.restore(lake, [rejected], now=NOW, undo=True)
    clean_pending(lake, Settings(), now=NOW)
    assert set(lake.read("rejected_postings")["posting_id"]) == {rejected}
    assert accounting(lake).loc["files"].tolist() == [2, 1, 1]


def test_what_cannot_be_restored_is_refused_whole(lake: Lake) -> None:
    store(lake, raw(GOOD, GOOD | {"description": "<p>Short.</p>"}))
    clean_pending(lake, Settings(), now=NOW)
    (rejected,) = lake.read("rejected_postings")["posting_id"]
    with pytest.raises(clean.RestoreError, match="'nobody' is not among the rejected"):
        clean.restore(lake, [rejected, "nobody"], now=NOW)
    with pytest.raises(clean.RestoreError, match="not among the restored"):
        clean.restore(lake, [rejected], now=NOW, undo=True)
    assert lake.read("restorations").empty


@pytest.mark.parametrize(
    ("location", "text", "salary", "expected"),
    [
        ("Halifax, NS, Canada", "Pay: $26 - $30 an hour", None, (26, 30, "CAD")),
        ("Toronto, ON", "Salary: $90,000 USD", None, (90_000, 90_000, "USD")),
        ("Toronto, ON", "Salary: $90,000. All amounts are in USD.", None, (90_000, 90_000, "USD")),
        ("Sydney NSW", "Salary: US$90,000", None, (90_000, 90_000, "USD")),
        ("Sydney NSW", "A salary of up to $90,000", None, (None, 90_000, "AUD")),
        ("Wellington, New Zealand", "We sail.", "$90k - $110k", (90_000, 110_000, "NZD")),
        ("Denver, CO", "Salary: $90,000", None, (90_000, 90_000, "USD")),
        ("Leith, Scotland", "Salary: $90,000", None, (90_000, 90_000, "USD")),
    ],
)
def test_dollars_are_those_of_the_jobs_country(
    location: str, text: str, salary: str | None, expected: tuple[float | None, float, str]
) -> None:
    record = GOOD | {"location": location, "description": f"{TEXT}<p>{text}</p>", "salary": salary}
    kept = clean_batch(raw(record), now=NOW).kept.iloc[0]
    found = tuple(None if pd.isna(kept[name]) else kept[name] for name in ("salary_min", "salary_max"))
    assert (*found, kept["salary_currency"]) == expected
    assert kept["salary_annual_usd"] < 100_000


@pytest.mark.parametrize(
    ("company", "text", "expected"),
    [
        ("Robert Half", "You build reports for the whole house.", True),
        ("Acme Staffing, Inc.", "You build reports for the whole house.", True),
        ("Blue Ridge", "Our client is a bank in the city. You build reports for it.", True),
        ("Nordlicht GmbH", "Im Auftrag unseres Kunden suchen wir jemanden.", True),
        ("Acme Corp", "You work with our clients on their dashboards.", False),
        ("Talented Minds Labs", "You build reports for the whole house.", False),
    ],
)
def test_agencies_are_recognised(company: str, text: str, expected: bool) -> None:
    kept = clean_batch(raw(GOOD | {"company": company, "description": f"<p>{text}</p>"}), now=NOW).kept
    assert kept["is_agency"].tolist() == [expected]


def test_closings_are_carried_over_at_once_and_sightings_once_a_day(lake: Lake) -> None:
    frame = raw(GOOD, GOOD | {"title": "Data Analyst"})
    store(lake, frame)
    clean_pending(lake, Settings(), now=NOW)
    version = lake.version("postings")
    store(lake, frame, seen=NOW + timedelta(hours=5))
    clean_pending(lake, Settings(), now=NOW)
    assert lake.version("postings") == version
    later = NOW + timedelta(days=2)
    store(lake, frame.head(1), seen=later)
    store(lake, frame.tail(1), closed=later)
    clean_pending(lake, Settings(), now=NOW)
    stored = lake.read("postings").set_index("title")
    assert stored.loc["Senior Data Engineer", "last_seen_at"] == later
    assert stored.loc["Data Analyst", "closed_at"] == later


def test_what_is_open_was_seen_when_its_board_was_complete(lake: Lake) -> None:
    frame = raw(GOOD, GOOD | {"title": "Data Analyst"})
    store(lake, frame.head(1))
    store(lake, frame.tail(1), closed=NOW)
    clean_pending(lake, Settings(), now=NOW)
    days = [NOW + timedelta(days=number) for number in range(4)]
    health = BoardHealth("files", "b", "0", "ok", NOW, complete=True)
    lake.merge("source_health", health_frame(replace(health, run=str(day), checked_at=day) for day in days[:3]))
    lake.merge("source_health", health_frame([replace(health, run="3", checked_at=days[3], complete=False)]))
    lake.merge("source_health", health_frame([replace(health, board="another", checked_at=days[3])]))
    clean_pending(lake, Settings(), now=NOW)
    seen = lake.read("postings").set_index("title")["last_seen_at"].to_dict()
    assert seen == {"Senior Data Engineer": days[2], "Data Analyst": NOW}
    store(lake, (later := raw(GOOD | {"id": "new"})), seen=NOW)
    clean_pending(lake, Settings(), now=NOW)
    (new,) = lake.read("postings", where=[("posting_id", "=", later["posting_id"][0])])["last_seen_at"]
    assert new == days[2]


def test_many_rows_are_cleaned_in_parallel_with_the_same_result(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = raw(*({**GOOD, "title": f"Data Engineer {n}"} for n in range(250)))
    store(lake, frame)
    monkeypatch.setattr(clean, "_TO_START_WORKERS", 100)
    settings = Settings.model_validate({"compute": {"backend": "threading", "workers": 2, "batch_rows": 100}})
    assert clean_pending(lake, settings, now=NOW).kept == 250
    expected = clean_batch(frame, now=NOW).kept.sort_values("posting_id")["title"].tolist()
    assert lake.read("postings").sort_values("posting_id")["title"].tolist() == expected


def test_small_batches_are_written_together(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = raw(*({**GOOD, "title": f"Data Engineer {n}"} for n in range(9)), {**GOOD, "title": ""})
    store(lake, frame)
    monkeypatch.setattr(clean, "rows_at_once", lambda *_, **__: 2)
    assert clean_pending(lake, Settings(), now=NOW) == clean.Counts(new=10, kept=9, rejected=1)
    expected = clean_batch(frame, now=NOW).kept.sort_values("posting_id")["title"].tolist()
    assert lake.read("postings").sort_values("posting_id")["title"].tolist() == expected
    assert lake.version("postings") == lake.version("rejected_postings") == 0


def test_the_records_stay_as_they_came(lake: Lake) -> None:
    store(lake, raw(GOOD))
    clean_pending(lake, Settings(), now=NOW)
    assert json.loads(lake.read("raw_postings")["record"].iloc[0]) == GOOD


def test_real_files_are_accounted_for(lake: Lake, shared: Any) -> None:
    from jobfinder_assets.ingestion.collect import collect
    from jobfinder_assets.ingestion.sources.kaggle import Kaggle, KaggleSettings

    section = KaggleSettings(enabled=True, folder=str(shared / "data" / "kaggle"))
    collect(Kaggle.build(section, Settings()), lake, run="r", now=NOW)
    settings = Settings.model_validate({"compute": {"backend": "sequential"}})
    clean_pending(lake, settings, now=NOW)
    counts = accounting(lake).loc["kaggle"]
    assert counts["in"] == 672 + 448 + 200 == counts["kept"] + counts["rejected"]
    assert counts["kept"] >= 1310
