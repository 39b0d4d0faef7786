"""Three published data sets of data-job postings: https://www.kaggle.com/datasets, one board each."""

import importlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from jobfinder_assets.config import Settings
from jobfinder_assets.ingestion import tabular
from jobfinder_assets.ingestion.contract import (
    Draft,
    Fetched,
    Record,
    SchemaDrift,
    Source,
    SourceError,
    SourceSettings,
    Terms,
)
from jobfinder_assets.ingestion.fields import moment, text

DataSetName = Literal[
    "data-science-job-posting-on-glassdoor", "data-scientist-jobs", "data-scientist-job-postings-from-the-usa"
]


@dataclass(frozen=True)
class DataSet:
    """Where a data set is published, the file to read (empty: any CSV that fits), and columns it must have."""

    owner: str
    file: str
    columns: tuple[str, ...]
    id_column: str | None = None


_GLASSDOOR = ("Job Title", "Salary Estimate", "Job Description", "Company Name", "Location")
DATA_SETS: dict[str, DataSet] = {
    # The folder also holds Cleaned_DS_Jobs.csv: the same rows with somebody else's cleaning.
    "data-science-job-posting-on-glassdoor": DataSet("rashikrahmanpritom", "Uncleaned_DS_jobs.csv", _GLASSDOOR),
    "data-scientist-jobs": DataSet("andrewmvd", "DataScientist.csv", _GLASSDOOR),
    "data-scientist-job-postings-from-the-usa": DataSet(
        "jobspikr", "", ("uniq_id", "job_title", "company_name", "job_description", "post_date"), "uniq_id"
    ),
}


class KaggleSettings(SourceSettings):
    """`[sources.kaggle]`: a folder with the files, or `download = true` with kagglehub installed."""

    enabled: bool = False
    folder: str = ""
    download: bool = False
    datasets: tuple[DataSetName, ...] = (
        "data-science-job-posting-on-glassdoor",
        "data-scientist-jobs",
        "data-scientist-job-postings-from-the-usa",
    )


class Kaggle(Source):
    """Rows of the published CSV files, sentinels and all."""

    name = "kaggle"
    kind = "file"
    terms = Terms(
        homepage="https://www.kaggle.com/datasets",
        attribution="the data set's page on Kaggle",
        redistributable="unknown",
        note="Each data set's page states its licence; the adverts' text belongs to the employers.",
    )
    settings_model: ClassVar[type[SourceSettings]] = KaggleSettings

    def __init__(self, section: KaggleSettings) -> None:
        self._section = section

    @classmethod
    def build(cls, section: KaggleSettings, settings: Settings) -> "Kaggle":
        return cls(section)

    def boards(self) -> Sequence[str]:
        return tuple(dict.fromkeys(self._section.datasets))

    def fetch(self, board: str, *, validators: Mapping[str, str]) -> Fetched:
        data_set = DATA_SETS[board]
        path = _find(self._folder(board), board, data_set)
        file = tabular.inspect_file(path).unless_unchanged(validators)
        columns, rows = tabular.peek(tabular.read_rows(file))
        missing = [name for name in data_set.columns if name not in columns]
        if columns and missing:
            raise SchemaDrift(f"{path} has no column {missing[0]!r}; its columns are: {', '.join(columns)}")
        postings = tabular.postings(board, rows, id_column=data_set.id_column)
        return Fetched(board, postings, bytes=file.bytes, validators=file.validators, message=file.message)

    @staticmethod
    def draft(record: Record) -> Draft:
        problem = tabular.unreadable(record)
        return _glassdoor(record, problem) if "Job Title" in record else _jobspikr(record, problem)

    def _folder(self, board: str) -> Path:
        """The user's folder, or kagglehub's. Raises `SourceError` saying what to do when there is neither."""
        if self._section.folder:
            folder = Path(self._section.folder).expanduser()
            if not folder.is_dir():
                raise SourceError(f"{folder} is no folder; correct sources.kaggle.folder")
            return folder
        handle = f"{DATA_SETS[board].owner}/{board}"
        page = f"https://www.kaggle.com/datasets/{handle}"
        if not self._section.download:
            raise SourceError(
                f"no files: download {page}, unpack it and set sources.kaggle.folder, or set sources.kaggle.download"
            )
        try:
            kagglehub = importlib.import_module("kagglehub")
        except ImportError as error:
            raise SourceError(
                f'kagglehub is not installed: pip install "jobfinder[kaggle]", or download {page} '
                "and set sources.kaggle.folder"
            ) from error
        try:
            return Path(kagglehub.dataset_download(handle))
        except Exception as error:
            # kagglehub raises its own errors, requests' and the system's, none with a common base.
            raise SourceError(f"kagglehub could not download {handle}: {type(error).__name__}: {error}") from error


def _find(folder: Path, board: str, data_set: DataSet) -> Path:
    """The data set's file in its own folder or straight in `folder`."""
    try:
        tables = list(_tables((folder / board, folder)))
    except OSError as error:
        raise SourceError(f"{error.filename} cannot be read: {error.strerror}; check its permissions") from error
    for path in tables:
        fits = path.name.lower() == data_set.file.lower() if data_set.file else _has_columns(path, data_set.columns)
        if fits:
            return path
    wanted = data_set.file or f"a .csv file with the columns {', '.join(data_set.columns)}"
    there = ", ".join(path.name for path in tables) or "no .csv file"
    raise SourceError(f"{folder} holds {there}, not {wanted}; download {data_set.owner}/{board} from Kaggle into it")


def _tables(folders: Sequence[Path]) -> Iterator[Path]:
    for folder in folders:
        if folder.is_dir():
            yield from sorted(path for path in folder.iterdir() if path.suffix.lower() == ".csv")


def _has_columns(path: Path, columns: Sequence[str]) -> bool:
    with path.open(encoding="utf-8-sig", errors="replace") as stream:
        header = {name.strip().strip('"') for name in stream.readline().split(",")}
    return header.issuperset(columns)


def _glassdoor(record: Record, problem: str | None) -> Draft:
    """The Glassdoor scraper's columns; "-1" stands for missing, a rating for the company's second line."""
    return Draft(
        title=text(record.get("Job Title")),
        company=text(record.get("Company Name")),
        description=text(record.get("Job Description")),
        location=text(record.get("Location")),
        pay_text=text(record.get("Salary Estimate")),
        unreadable=problem,
    )


def _jobspikr(record: Record, problem: str | None) -> Draft:
    """JobsPikr's columns, of which the inferred ones are the vendor's guesses and are left alone."""
    place = [text(record.get(name)) for name in ("city", "state", "country")]
    job_type = text(record.get("job_type"))
    return Draft(
        title=text(record.get("job_title")),
        company=text(record.get("company_name")),
        description=text(record.get("job_description")) or text(record.get("html_job_description")),
        location=", ".join(part for part in place if part) or None,
        city=place[0],
        region=place[1],
        country=place[2],
        workplace="remote" if (text(record.get("is_remote")) or "").lower() == "true" else None,
        pay_text=text(record.get("salary_offered")),
        employment_type=None if job_type == "Undefined" else job_type,
        url=text(record.get("url")),
        posted_at=moment(record.get("post_date")),
        unreadable=problem,
    )
