"""The user's own files: every row comes out, whatever state the file is in, and mistakes are named."""

import json
import random
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobfinder_assets.config import Settings
from jobfinder_assets.ingestion import tabular
from jobfinder_assets.ingestion.contract import Draft, Fetched, Pay, RawPosting, SchemaDrift, SourceError, Unchanged
from jobfinder_assets.ingestion.sources.files import Files

HEADER = "title,company,location,description,salary_raw,posted_at,url"
ROWS = [
    "Data Engineer,Acme,Berlin,Build pipelines,$100k,2026-01-02,https://acme.example/1",
    'Analyst,"Foo, Inc.",Paris,"Two\nlines, one ""quote""",,3 days ago,',
]


def source(path: Path, **options: Any) -> Files:
    settings = Settings(sources={"files": {"imports": [{"name": "mine", "path": str(path), **options}]}})
    return Files.build(settings.source_section("files", Files.settings_model), settings)


def fetch(path: Path, validators: Mapping[str, str] | None = None, **options: Any) -> tuple[Fetched, list[RawPosting]]:
    fetched = source(path, **options).fetch("mine", validators=validators or {})
    return fetched, list(fetched.postings)


def drafts(path: Path, **options: Any) -> list[Draft]:
    return [Files.draft(posting.record) for posting in fetch(path, **options)[1]]


def write(path: Path, *lines: str, encoding: str = "utf-8") -> Path:
    path.write_bytes("\n".join(lines).encode(encoding))
    return path


def test_a_plain_csv(tmp_path: Path) -> None:
    first, second = drafts(write(tmp_path / "jobs.csv", HEADER, *ROWS))
    assert first == Draft(
        "Data Engineer",
        "Acme",
        "Build pipelines",
        location="Berlin",
        pay_text="$100k",
        url="https://acme.example/1",
        posted_at=datetime(2026, 1, 2, tzinfo=UTC),
    )
    assert (second.company, second.description) == ("Foo, Inc.", 'Two\nlines, one "quote"')
    assert (second.posted_at, second.pay_text, second.url) == (None, None, None), "a relative date has no anchor"


@pytest.mark.parametrize(
    ("header", "field", "column"),
    [
        (["Job Title", "Company Name"], "title", "Job Title"),
        (["position", "Employer"], "company", "Employer"),
        (["Title", "Job Title"], "title", "Title"),
        (["title", "Job Description"], "description", "Job Description"),
        (["title", "Salary Estimate"], "salary", "Salary Estimate"),
        (["title", "salary_raw"], "salary", "salary_raw"),
        (["title", "Date-Posted"], "posted_at", "Date-Posted"),
        (["title", "Job ID"], "id", "Job ID"),
        (["title", "index"], "id", None),
        (["title", "Link"], "url", "Link"),
        (["title", "min_amount"], "salary_min", "min_amount"),
        (["title", "Rating"], "company", None),
    ],
)
def test_columns_are_recognised(header: list[str], field: str, column: str | None) -> None:
    assert tabular.recognise(header).get(field) == column


@pytest.mark.parametrize("name", tabular.field_names())
def test_each_field_answers_to_its_own_name_and_each_name_to_one_field(name: str) -> None:
    aliases = tabular._aliases()
    assert name in aliases[name]
    for alias in aliases[name]:
        assert tabular.normalised(alias) == alias
        assert [field for field, names in aliases.items() if alias in names] == [name]
        assert tabular.recognise([alias]) == {name: alias}


def test_a_mapping_goes_before_the_names(tmp_path: Path) -> None:
    path = write(tmp_path / "jobs.csv", "title,headline,firm", "X1,Data Engineer,Acme")
    (draft,) = drafts(path, columns={"title": "headline", "company": "firm"})
    assert (draft.title, draft.company) == ("Data Engineer", "Acme")


def test_a_mapping_to_a_column_that_is_not_there_names_all(tmp_path: Path) -> None:
    path = write(tmp_path / "jobs.csv", "title,firm", "Data Engineer,Acme")
    with pytest.raises(
        SchemaDrift, match=r"jobs\.csv has no column 'Firm' for 'company'; its columns are: title, firm"
    ):
        fetch(path, columns={"company": "Firm"})


def test_a_file_without_a_title_names_its_columns(tmp_path: Path) -> None:
    path = write(tmp_path / "jobs.csv", "a,b", "1,2")
    with pytest.raises(SchemaDrift, match=r"no column is known as a title.*its columns are: a, b"):
        fetch(path)


def test_malformed_lines_are_kept_and_say_why(tmp_path: Path) -> None:
    path = write(tmp_path / "jobs.csv", "title,company", "A,B", "only one", "A,B,C,D", "", "E,F")
    good, short, long, last = drafts(path)
    assert (good.unreadable, last.unreadable) == (None, None)
    assert short.unreadable is not None and short.unreadable.startswith("line 3: 1 fields where the header has 2")
    assert long.unreadable is not None and long.unreadable.startswith("line 4: 4 fields where the header has 2")
    records = [posting.record for posting in fetch(path)[1]]
    assert records[2]["@jobfinder"]["extra fields"] == ["C", "D"], "nothing of the line is lost"


def test_a_quote_that_is_not_closed_swallows_lines_and_says_so(tmp_path: Path) -> None:
    path = write(tmp_path / "jobs.csv", "title,company", "A,B", '"C,D', "E,F", "G,H")
    good, swallowed = drafts(path)
    assert good.unreadable is None
    assert swallowed.unreadable is not None and swallowed.unreadable.startswith("lines 3 to 5")


@pytest.mark.parametrize(
    ("content", "company", "message"),
    [
        ("title,company\nA,Müller\n".encode(), "Müller", ""),
        ("title,company\nA,Müller\n".encode("utf-8-sig"), "Müller", ""),
        ("title,company\nA,Müller\n".encode("utf-16"), "Müller", ""),
        ("title,company\nA,Müller “x”\n".encode("cp1252"), "Müller “x”", "not valid utf-8: read as cp1252"),
        (b"title,company\nA,M\xfc\x81\n", "Mü\x81", "not valid utf-8: read as latin-1"),
        ("title;company\nA;Müller, Co\n".encode(), "Müller, Co", ""),
        (b"title\tcompany\r\nA\tB\r\n", "B", ""),
        (b'"title","company"\r"A","B"\r', "B", ""),
        (f"title,company\nA,{'x' * 300_000}\n".encode(), "x" * 300_000, ""),
    ],
)
def test_encodings_and_dialects(tmp_path: Path, content: bytes, company: str, message: str) -> None:
    path = tmp_path / "jobs.csv"
    path.write_bytes(content)
    fetched, (posting,) = fetch(path)
    assert Files.draft(posting.record).company == company
    assert fetched.message == message


def test_a_declared_encoding_is_used(tmp_path: Path) -> None:
    path = write(tmp_path / "jobs.csv", "title,company", "A,Łódź", encoding="cp1250")
    fetched, (posting,) = fetch(path, encoding="cp1250")
    assert Files.draft(posting.record).company == "Łódź" and fetched.message == ""


def test_blank_and_repeated_headers_are_kept_apart(tmp_path: Path) -> None:
    (posting,) = fetch(write(tmp_path / "jobs.csv", ",title,title", "0,A,B"))[1]
    assert posting.record == {"Unnamed: 0": "0", "title": "A", "title.1": "B"}


def test_json_lines_with_bad_lines(tmp_path: Path) -> None:
    lines = ['{"title": "A", "tags": ["x"]}', "", "{broken", "[1, 2]", '{"title": "B", "company": "Foo\\ud800"}']
    first, broken, no_object, last = drafts(write(tmp_path / "jobs.jsonl", *lines))
    assert (first.title, last.title) == ("A", "B")
    assert broken.unreadable is not None and broken.unreadable.startswith("line 3: no valid JSON")
    assert no_object.unreadable == "line 4: no JSON object"


def test_parquet_with_missing_values_dates_and_pay(tmp_path: Path) -> None:
    path = tmp_path / "jobs.parquet"
    frame = pd.DataFrame(
        {
            "title": ["A", "B"],
            "date_posted": pd.to_datetime(["2026-01-02", None]),
            "min_amount": [100.0, float("nan")],
            "max_amount": [120.0, float("nan")],
            "currency": ["EUR", None],
            "interval": ["hourly", None],
        }
    )
    frame.to_parquet(path)
    first, second = drafts(path)
    assert first.posted_at == datetime(2026, 1, 2, tzinfo=UTC)
    assert first.pay == Pay(100, 120, "EUR", "hourly")
    assert (second.posted_at, second.pay) == (None, None)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("jobs.xlsx", b"x", r"jobs\.xlsx: unknown kind of file; known are \.csv"),
        ("nowhere.csv", None, r"nowhere\.csv is not there; put the file there or correct the path"),
        ("empty.csv", b"", r"empty\.csv has no header"),
        ("fake.parquet", b"PAR1 or not", r"fake\.parquet is no readable Parquet file"),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, name: str, content: bytes | None, words: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError, match=words):
        fetch(tmp_path / name)


def test_a_file_with_a_header_only_is_empty(tmp_path: Path) -> None:
    assert fetch(write(tmp_path / "jobs.csv", HEADER))[1] == []


def test_an_unchanged_file_is_not_parsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "jobs.csv", HEADER, *ROWS)
    fetched, _ = fetch(path)
    with monkeypatch.context() as patched:
        patched.setattr(tabular, "read_rows", lambda file: pytest.fail("parsed"))
        with pytest.raises(Unchanged):
            fetch(path, fetched.validators)
    assert len(fetch(path, fetched.validators, columns={"company": "location"})[1]) == 2, (
        "another mapping is another reading"
    )
    write(path, HEADER, *ROWS, "C,D,E,F,,,")
    assert len(fetch(path, fetched.validators)[1]) == 3


def test_ids_come_from_their_column_and_fall_back_to_the_row(tmp_path: Path) -> None:
    path = write(tmp_path / "jobs.csv", "id,title", "7,A", ",B", "7,C", "8,D")
    ids = [posting.source_id for posting in fetch(path)[1]]
    assert ids[0] == "7" and ids[3] == "8"
    assert len(set(ids)) == 4


def test_row_numbers_do_not_identify_a_posting(tmp_path: Path) -> None:
    first = fetch(write(tmp_path / "a.csv", "index,title", "0,A", "1,B"))[1]
    second = fetch(write(tmp_path / "b.csv", "index,title", "0,B", "1,A"))[1]
    assert {posting.source_id for posting in first} == {posting.source_id for posting in second}


CELLS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8)


@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_ids_are_unique_and_do_not_depend_on_the_order(rows: list[tuple[str, str]], chance: random.Random) -> None:
    records = [{"title": title, "company": company} for title, company in rows + rows[:2]]
    shuffled = list(records)
    chance.shuffle(shuffled)

    def ids(wanted: list[dict[str, str]]) -> list[tuple[str, str]]:
        named = tabular.postings("mine", iter(wanted))
        return [(posting.source_id, json.dumps(posting.record)) for posting in named]

    assert sorted(ids(records)) == sorted(ids(shuffled))
    assert len({source_id for source_id, _ in ids(records)}) == len(records)


def test_rows_are_streamed(tmp_path: Path) -> None:
    path = write(tmp_path / "jobs.csv", HEADER, *[ROWS[0]] * 5_000)
    fetched = source(path).fetch("mine", validators={})
    assert not isinstance(fetched.postings, list | tuple)
    assert next(iter(fetched.postings)).record["title"] == "Data Engineer"
    assert sum(1 for _ in fetched.postings) == 4_999


@pytest.mark.parametrize(("name", "rows", "titles"), [("DataAnalyst.csv", 2253, 2253), ("us_boards.csv", 3681, 3681)])
def test_real_files_come_in_whole(shared: Path, name: str, rows: int, titles: int) -> None:
    postings = fetch(shared / "data" / "import" / name)[1]
    read = [Files.draft(posting.record) for posting in postings]
    assert len({posting.source_id for posting in postings}) == len(read) == rows
    assert sum(draft.title is not None and draft.description is not None for draft in read) == titles
    assert not any(draft.unreadable for draft in read)
    assert not any(draft.posted_at for draft in read), "both files have relative dates or none"
