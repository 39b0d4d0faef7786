"""The user's own CSV, JSON Lines and Parquet files: one board per import."""

import codecs
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import Field, field_validator

from jobfinder_assets.config import Section, Settings
from jobfinder_assets.ingestion import tabular
from jobfinder_assets.ingestion.contract import (
    NOTE,
    Draft,
    Fetched,
    Pay,
    Record,
    SchemaDrift,
    Source,
    SourceSettings,
    Terms,
)
from jobfinder_assets.ingestion.fields import mapping, moment, number, text


class FileImport(Section):
    """`[[sources.files.imports]]`: a name, a file, and which of its columns hold what when their names do not tell."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
    path: Path
    columns: dict[str, str] = Field(default={})
    encoding: str = "utf-8"

    @field_validator("columns")
    @classmethod
    def _known_fields(cls, columns: dict[str, str]) -> dict[str, str]:
        for name in columns:
            if name not in tabular.field_names():
                raise ValueError(f"no field {name!r}; fields: {', '.join(tabular.field_names())}")
        return columns

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, encoding: str) -> str:
        try:
            codecs.getincrementaldecoder(encoding)
        except LookupError:
            raise ValueError(f"unknown encoding {encoding!r}; usual ones: utf-8, utf-16, cp1252, latin-1") from None
        return encoding


class FilesSettings(SourceSettings):
    """`[sources.files]`."""

    imports: tuple[FileImport, ...] = ()

    @field_validator("imports")
    @classmethod
    def _different_names(cls, imports: tuple[FileImport, ...]) -> tuple[FileImport, ...]:
        names = [each.name for each in imports]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two imports are called {name!r}; give each a name of its own")
        return imports


class Files(Source):
    """Rows as they stand in the file; a column mapping is kept with each row, so that it can be read again."""

    name = "files"
    kind = "file"
    terms = Terms(
        homepage="",
        attribution="",
        redistributable="unknown",
        note="Your own files: they never leave your machine.",
    )
    settings_model: ClassVar[type[SourceSettings]] = FilesSettings

    def __init__(self, section: FilesSettings) -> None:
        self._imports = {each.name: each for each in section.imports}

    @classmethod
    def build(cls, section: FilesSettings, settings: Settings) -> "Files":
        return cls(section)

    def boards(self) -> Sequence[str]:
        return tuple(self._imports)

    def fetch(self, board: str, *, validators: Mapping[str, str]) -> Fetched:
        wanted = self._imports[board]
        path = wanted.path.expanduser()
        file = tabular.inspect_file(path, encoding=wanted.encoding, columns=wanted.columns)
        file.unless_unchanged(validators)
        columns, rows = tabular.peek(tabular.read_rows(file))
        if columns:
            _check(path, columns, wanted.columns)
        id_column = tabular.recognise(columns, wanted.columns).get("id")
        postings = tabular.postings(board, _noted(rows, wanted.columns), id_column=id_column)
        return Fetched(board, postings, bytes=file.bytes, validators=file.validators, message=file.message)

    @staticmethod
    def draft(record: Record) -> Draft:
        explicit = mapping(mapping(record.get(NOTE)).get("columns"))
        names = [name for name in record if name != NOTE]
        column = tabular.recognise(names, {name: str(value) for name, value in explicit.items()})

        def value(name: str) -> Any:
            return record.get(column[name]) if name in column else None

        title, description = text(value("title")), text(value("description"))
        problem = tabular.unreadable(record)
        if problem is None and title is None and description is None:
            problem = "neither a title nor a text"
        place = [text(value(name)) for name in ("city", "region", "country")]
        pay_text = text(value("salary"))
        return Draft(
            title=title,
            company=text(value("company")),
            description=description,
            location=text(value("location")) or ", ".join(part for part in place if part) or None,
            city=place[0],
            region=place[1],
            country=place[2],
            workplace=text(value("workplace")),
            pay=None if pay_text else _pay(value),
            pay_text=pay_text,
            employment_type=text(value("employment_type")),
            language=text(value("language")),
            url=text(value("url")),
            requisition_id=text(value("requisition_id")),
            posted_at=moment(value("posted_at")),
            unreadable=problem,
        )


def _check(path: Path, columns: Sequence[str], explicit: Mapping[str, str]) -> None:
    """Every mapped column must be there, and a title must be found."""
    there = ", ".join(columns)
    for name, column in explicit.items():
        if column not in columns:
            raise SchemaDrift(f"{path} has no column {column!r} for {name!r}; its columns are: {there}")
    if "title" not in tabular.recognise(columns, explicit):
        raise SchemaDrift(
            f"{path}: no column is known as a title; say which one is with columns = {{ title = ... }}; "
            f"its columns are: {there}"
        )


def _noted(rows: Iterator[Record], columns: Mapping[str, str]) -> Iterator[Record]:
    """Rows with the column mapping beside them, when there is one."""
    if not columns:
        return rows
    return ({**row, NOTE: {**mapping(row.get(NOTE)), "columns": dict(columns)}} for row in rows)


def _pay(value: Any) -> Pay | None:
    low, high = number(value("salary_min")), number(value("salary_max"))
    if low is None and high is None:
        return None
    return Pay(low, high, text(value("salary_currency")), text(value("salary_period")))
