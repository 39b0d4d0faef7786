"""The Kaggle data sets: the right file of each, its rows unedited, and what to do when it is not there."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from jobfinder_assets.config import Settings
from jobfinder_assets.ingestion.contract import SchemaDrift, SourceError, Unchanged
from jobfinder_assets.ingestion.sources.kaggle import DATA_SETS, Kaggle

GLASSDOOR, SCIENTISTS, JOBSPIKR = DATA_SETS
PUBLISHED_SCIENTISTS = (
    "Unnamed: 0,index,Job Title,Salary Estimate,Job Description,Rating,Company Name,Location,Headquarters,Size,"
    "Founded,Type of ownership,Industry,Sector,Revenue,Competitors,Easy Apply"
)
PUBLISHED_GLASSDOOR = "index" + PUBLISHED_SCIENTISTS.removeprefix("Unnamed: 0,index").removesuffix(",Easy Apply")
ROW = '$90K-$124K (Glassdoor est.),"Model\nthings",4.0,"Acme\n4.0","Birmingham, AL",-1,-1,-1,-1,-1,-1,-1,-1'
PUBLISHED_JOBSPIKR = (
    "crawl_timestamp,url,job_title,category,company_name,city,state,country,inferred_city,inferred_state,"
    "inferred_country,post_date,job_description,job_type,salary_offered,job_board,geo,cursor,contact_email,"
    "contact_phone_number,uniq_id,html_job_description"
)
JOBSPIKR_ROW = (
    "2019-02-06 05:26:22 +0000,https://board.example/1,Data Scientist,IT,Acme,Austin,TX,Usa,Austin,Texas,Usa,"
    "2019-02-06,,Undefined,$100k,indeed,usa,1,,,abc123,<p>Model things</p>"
)


def source(**section: Any) -> Kaggle:
    settings = Settings(sources={"kaggle": {"enabled": True, **section}})
    return Kaggle.build(settings.source_section("kaggle", Kaggle.settings_model), settings)


def write(path: Path, *lines: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines), encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / GLASSDOOR / "Uncleaned_DS_jobs.csv", PUBLISHED_GLASSDOOR, f"0,Sr Data Scientist,{ROW}")
    write(tmp_path / GLASSDOOR / "Cleaned_DS_Jobs.csv", "Job Title,Salary Estimate", "Wrong File,1-2")
    write(
        tmp_path / "DataScientist.csv", PUBLISHED_SCIENTISTS, f"0,0,Data Scientist,{ROW},-1", f"1,1,Analyst,{ROW},True"
    )
    write(tmp_path / JOBSPIKR / "any name at all.csv", PUBLISHED_JOBSPIKR, JOBSPIKR_ROW)
    return tmp_path


def test_the_published_layouts_are_read(folder: Path) -> None:
    kaggle = source(folder=str(folder))
    assert list(kaggle.boards()) == [GLASSDOOR, SCIENTISTS, JOBSPIKR]
    titles = {}
    for board in kaggle.boards():
        records = [posting.record for posting in kaggle.fetch(board, validators={}).postings]
        titles[board] = [Kaggle.draft(record).title for record in records]
    assert titles == {
        GLASSDOOR: ["Sr Data Scientist"],
        SCIENTISTS: ["Data Scientist", "Analyst"],
        JOBSPIKR: ["Data Scientist"],
    }


def test_records_are_unedited_and_drafts_raw(folder: Path) -> None:
    (posting,) = source(folder=str(folder)).fetch(GLASSDOOR, validators={}).postings
    assert posting.record["Headquarters"] == "-1"
    draft = Kaggle.draft(posting.record)
    assert (draft.company, draft.location, draft.description) == ("Acme\n4.0", "Birmingham, AL", "Model\nthings")
    assert draft.pay_text == "$90K-$124K (Glassdoor est.)"


def test_jobspikr_fields(folder: Path) -> None:
    (posting,) = source(folder=str(folder)).fetch(JOBSPIKR, validators={}).postings
    draft = Kaggle.draft(posting.record)
    assert posting.source_id == "abc123"
    assert draft.description == "<p>Model things</p>", "the HTML stands in for a missing text"
    assert (draft.location, draft.city, draft.region, draft.country) == ("Austin, TX, Usa", "Austin", "TX", "Usa")
    assert draft.posted_at == datetime(2019, 2, 6, tzinfo=UTC)
    assert (draft.employment_type, draft.workplace, draft.pay_text) == (None, None, "$100k")
    remote = Kaggle.draft({**posting.record, "is_remote": "true", "job_type": "Contract", "job_description": "Text"})
    assert (remote.workplace, remote.employment_type, remote.description) == ("remote", "Contract", "Text")


def test_an_unchanged_file_is_unchanged(folder: Path) -> None:
    kaggle = source(folder=str(folder))
    with pytest.raises(Unchanged):
        kaggle.fetch(GLASSDOOR, validators=kaggle.fetch(GLASSDOOR, validators={}).validators)


def test_a_malformed_row_is_unreadable(folder: Path) -> None:
    write(folder / JOBSPIKR / "any name at all.csv", PUBLISHED_JOBSPIKR, JOBSPIKR_ROW, "2019,https://x,Data Analyst")
    _, broken = source(folder=str(folder)).fetch(JOBSPIKR, validators={}).postings
    draft = Kaggle.draft(broken.record)
    assert draft.title == "Data Analyst"
    assert draft.unreadable is not None and draft.unreadable.startswith("line 3: 3 fields where the header has 22")


def test_a_missing_file_says_what_is_there_and_what_to_do(folder: Path) -> None:
    (folder / GLASSDOOR / "Uncleaned_DS_jobs.csv").unlink()
    with pytest.raises(
        SourceError, match=r"Cleaned_DS_Jobs\.csv, DataScientist\.csv, not Uncleaned_DS_jobs\.csv; download"
    ):
        source(folder=str(folder)).fetch(GLASSDOOR, validators={})
    with pytest.raises(SourceError, match=r"is no folder; correct sources\.kaggle\.folder"):
        source(folder=str(folder / "nowhere")).fetch(GLASSDOOR, validators={})


def test_a_file_of_another_layout_is_drift(folder: Path) -> None:
    write(folder / "DataScientist.csv", "Job Title,Pay", "Data Scientist,1")
    with pytest.raises(SchemaDrift, match="has no column 'Salary Estimate'; its columns are: Job Title, Pay"):
        source(folder=str(folder)).fetch(SCIENTISTS, validators={})


def test_without_a_folder_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SourceError, match=r"kaggle\.com/datasets/andrewmvd/data-scientist-jobs, unpack it and set"):
        source().fetch(SCIENTISTS, validators={})
    monkeypatch.setitem(sys.modules, "kagglehub", None)
    with pytest.raises(SourceError, match=r"kagglehub is not installed: pip install"):
        source(download=True).fetch(SCIENTISTS, validators={})


def test_kagglehub_downloads(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def download(handle: str) -> str:
        asked.append(handle)
        return str(folder)

    monkeypatch.setitem(sys.modules, "kagglehub", SimpleNamespace(dataset_download=download))
    assert len(list(source(download=True).fetch(SCIENTISTS, validators={}).postings)) == 2
    assert asked == ["andrewmvd/data-scientist-jobs"]


def test_kagglehub_failing_is_a_source_failing(monkeypatch: pytest.MonkeyPatch) -> None:
    def download(handle: str) -> str:
        raise ConnectionError("offline")

    monkeypatch.setitem(sys.modules, "kagglehub", SimpleNamespace(dataset_download=download))
    with pytest.raises(SourceError, match=r"could not download rashikrahmanpritom/.*ConnectionError: offline"):
        source(download=True).fetch(GLASSDOOR, validators={})


@pytest.mark.parametrize(("board", "rows"), [(GLASSDOOR, 672), (SCIENTISTS, 448), (JOBSPIKR, 200)])
def test_real_data_sets_come_in_whole(shared: Path, board: str, rows: int) -> None:
    postings = list(source(folder=str(shared / "data" / "kaggle")).fetch(board, validators={}).postings)
    drafts = [Kaggle.draft(posting.record) for posting in postings]
    assert len({posting.source_id for posting in postings}) == len(postings) == rows
    assert all(draft.title and draft.company and draft.description and draft.pay_text for draft in drafts)
    assert all(draft.posted_at and draft.url for draft in drafts) == (board == JOBSPIKR)
