"""Full-text search over everything kept: SQLite's FTS5 with BM25, one row per opening, brought up to date by rows.

Source: Robertson & Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009; https://sqlite.org/fts5.html.
"""

import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.json as arrow_json
from filelock import FileLock, Timeout

from jobfinder_assets.cleaning.company import company_key
from jobfinder_assets.cleaning.places import parse_places
from jobfinder_assets.recommendations.ranking import in_other_country, in_other_place
from jobfinder_assets.storage.lake import Lake

# A hit in the title says more than one in the company's name or place, and that more than one in the text.
_WEIGHTS = {"title": 6.0, "company": 3.0, "place": 2.0, "body": 1.0}
_FACTS = (
    "posting_id", "source", "title", "company", "location", "city", "region", "country", "workplace",
    "eligible_countries", "salary_annual_usd", "salary_origin", "seniority", "years_min", "url", "posted_at",
    "first_seen_at", "closed_at",
)  # fmt: skip
_TIMES = ("posted_at", "first_seen_at", "closed_at")
_EPOCH = pd.Timestamp(0, tz="UTC")
_TYPES = {
    **dict.fromkeys([*_FACTS, "cluster_id", "role"], pa.string()),
    **dict.fromkeys([*_TIMES, "salary_annual_usd", "years_min", "size"], pa.float64()),
    "eligible_countries": pa.list_(pa.string()),
}
_FACTS_PARSER = arrow_json.ParseOptions(explicit_schema=pa.schema(_TYPES), unexpected_field_behavior="ignore")
_TEXTS = ("posting_id", "title", "company", "location", "description")
_ROWS = 2_000
# The text of a changed posting is indexed anew and its old row left dead; beyond this share all is indexed anew.
_MOST_DEAD = 0.3
_LOCK_SECONDS = 600.0
_WORD = re.compile(r'(-?)(?:"([^"]*)"|(\S+))')
_SCHEMA = """
CREATE TABLE IF NOT EXISTS openings (row INTEGER PRIMARY KEY, posting_id TEXT UNIQUE, text_key TEXT, facts TEXT);
CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value TEXT);
CREATE VIRTUAL TABLE IF NOT EXISTS texts USING fts5(
    title, company, place, body, content='', tokenize="porter unicode61 remove_diacritics 2 tokenchars '+#'"
);
"""
FACETS = ("role", "workplace", "seniority", "country", "source", "company")


@dataclass(frozen=True)
class Filters:
    """What a search is narrowed to; an empty filter filters nothing.

    A posting is left out for what is known of it only, as in the recommendations: one that does not state its pay
    passes a pay floor, unless `stated` asks for what is stated.
    """

    roles: Sequence[str] = ()
    workplaces: Sequence[str] = ()
    levels: Sequence[str] = ()
    sources: Sequence[str] = ()
    company: str = ""
    place: str = ""
    country: str = ""
    pay_floor_usd: float = 0
    years_most: float | None = None
    posted_within_days: int | None = None
    stated: bool = False
    closed: bool = False


@dataclass(frozen=True, eq=False)
class Found:
    """What a search found.

    rows : the facts of the best openings, best first, with `relevance` (higher is better).
    total : how many there are.
    counts : per facet, how many each of its values would give with all the other filters as they are.
    widened : no opening has all the words, so that these have some of them.
    """

    rows: pd.DataFrame
    total: int
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    widened: bool = False


class SearchIndex:
    """The index in a file of the home."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._facts: tuple[str, pd.DataFrame] | None = None

    def update(self, lake: Lake) -> int:
        """Bring the index up to date with the lake's kept postings; returns how many texts were indexed.

        One process at a time; whoever searches meanwhile finds what was there before, and waits for nobody.

        Raises
        ------
        TimeoutError
            When another process is still at it after ten minutes.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(f"{self.path}.lock", timeout=_LOCK_SECONDS):
                return self._update(lake)
        except Timeout as error:
            raise TimeoutError(
                f"{self.path} is being brought up to date by another process, which did not end within "
                f"{_LOCK_SECONDS:g} s; run it again when that is done"
            ) from error

    def _update(self, lake: Lake) -> int:
        wanted = _openings(lake)
        with closing(self._connect(self.path)) as connection:
            known = _known(connection)
            changed = _changed(wanted, known)
            dead = _texts_indexed(connection) + len(changed) - len(wanted)
        if dead > _MOST_DEAD * max(len(wanted), 1):
            return self._rebuild(lake, wanted)
        with closing(self._connect(self.path)) as connection, connection:
            return _write(connection, lake, wanted, known, changed)

    def _rebuild(self, lake: Lake, wanted: pd.DataFrame) -> int:
        """All texts anew, in a file that takes the old one's place when it is whole."""
        fresh = self.path.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        with closing(self._connect(fresh)) as connection, connection:
            count = _write(connection, lake, wanted, _known(connection), wanted)
        fresh.replace(self.path)
        return count

    def search(
        self,
        query: str,
        filters: Filters | None = None,
        *,
        now: datetime,
        top: int = 20,
        skip: int = 0,
        newest: bool = False,
        scores: "pd.Series[float] | None" = None,
    ) -> Found:
        """Openings that hold all words of `query`, best first; with no words, all of them, newest first.

        `"a phrase"` and `-word` mean what they do elsewhere. When nothing holds all words, what holds some is found.
        `scores`, by posting_id, order the openings in the place of relevance.
        """
        facts = self.facts()
        relevance, widened = self._relevance(query, facts)
        frame = facts.loc[facts.index.isin(relevance.index)]
        frame = frame.assign(relevance=relevance.loc[frame.index])
        masks = _masks(frame, filters or Filters(), now)
        order = ["relevance", "seen", "posting_id"]
        if newest or not query.strip():
            order = ["seen", "posting_id"]
        # Only what orders them is sorted: there may be a hundred thousand, and a page shows twenty.
        kept = frame.loc[_all(masks, frame), order]
        if scores is not None:
            kept.insert(0, "score", kept["posting_id"].map(scores).fillna(-np.inf))
        by = list(kept.columns)
        ranked = kept.sort_values(by, ascending=[False] * (len(by) - 1) + [True], kind="stable").index
        rows = frame.loc[ranked[skip : skip + top]].reset_index(drop=True)
        counts = {name: _counted(frame.loc[_all(masks, frame, but=name), name]) for name in FACETS}
        return Found(rows, len(kept), counts, widened)

    def facts(self) -> pd.DataFrame:
        """The facts of every opening, by row of the index; read again when the index has changed."""
        if not self.path.exists():
            return _facts_frame([])
        with closing(self._connect(self.path)) as connection:
            version = str(_state(connection, "version"))
            if self._facts is None or self._facts[0] != version:
                rows = connection.execute("SELECT row, facts FROM openings").fetchall()
                self._facts = (version, _facts_frame(rows))
        return self._facts[1]

    def _relevance(self, query: str, facts: pd.DataFrame) -> tuple["pd.Series[float]", bool]:
        words = match_expressions(query)
        found, widened = pd.Series(0.0, index=facts.index), False
        if not any(words) or not self.path.exists():
            return found, False
        with closing(self._connect(self.path)) as connection:
            if words.every:
                found = _matches(connection, words.every)
                if found.empty and words.some != words.every:
                    found, widened = _matches(connection, words.some), True
            if words.unwanted:
                found = found.drop(_matches(connection, words.unwanted).index, errors="ignore")
        return found, widened

    @staticmethod
    def _connect(path: Path) -> sqlite3.Connection:
        connection = sqlite3.connect(path, timeout=30)
        connection.executescript(_SCHEMA)
        return connection


class Expressions(NamedTuple):
    """FTS5 expressions: what has all of the wanted words, some of them, and any of the unwanted ones; "" for none."""

    every: str
    some: str
    unwanted: str


def match_expressions(query: str) -> Expressions:
    """A person's query as FTS5 expressions. Nothing in it is taken as FTS5's syntax."""
    wanted: list[str] = []
    unwanted: list[str] = []
    for minus, phrase, word in _WORD.findall(query):
        text = " ".join(re.findall(r"[\w+#]+", phrase or word))
        if text and any(character.isalnum() for character in text):
            (unwanted if minus else wanted).append(f'"{text}"')
    return Expressions(" AND ".join(wanted), " OR ".join(wanted), " OR ".join(unwanted))


def _matches(connection: sqlite3.Connection, expression: str) -> "pd.Series[float]":
    weights = ", ".join(map(str, _WEIGHTS.values()))
    rows = connection.execute(f"SELECT rowid, bm25(texts, {weights}) FROM texts WHERE texts MATCH ?", [expression])
    found = rows.fetchall()
    return pd.Series([-score for _, score in found], index=[row for row, _ in found], dtype="float64")


def _openings(lake: Lake) -> pd.DataFrame:
    """One row per opening: its canonical posting's facts, and the key of its text."""
    postings = lake.read("postings", [*_FACTS, "content_hash", "cleaning_version"])
    clusters = lake.read("posting_clusters", ["posting_id", "cluster_id", "canonical_id", "size"])
    frame = postings.merge(clusters, on="posting_id", how="left")
    frame = frame[frame["canonical_id"].isna() | (frame["canonical_id"] == frame["posting_id"])]
    tags = lake.read("role_tags", ["posting_id", "role"])
    frame = frame.merge(tags, on="posting_id", how="left")
    frame["text_key"] = frame["content_hash"] + frame["cleaning_version"]
    return frame.drop(columns=["content_hash", "cleaning_version", "canonical_id"])


def _known(connection: sqlite3.Connection) -> pd.DataFrame:
    rows = connection.execute("SELECT posting_id, row, text_key FROM openings").fetchall()
    return pd.DataFrame(rows, columns=["posting_id", "row", "text_key"]).set_index("posting_id")


def _changed(wanted: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    return wanted[wanted["text_key"] != wanted["posting_id"].map(known["text_key"])]


def _texts_indexed(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT count(*) FROM texts_docsize").fetchone()[0])


def _write(
    connection: sqlite3.Connection, lake: Lake, wanted: pd.DataFrame, known: pd.DataFrame, changed: pd.DataFrame
) -> int:
    first = int(connection.execute("SELECT coalesce(max(id), 0) + 1 FROM texts_docsize").fetchone()[0])
    numbers = pd.Series(np.arange(first, first + len(changed)), index=changed["posting_id"], dtype="int64")
    for texts in _texts(lake, changed["posting_id"]):
        rows = zip(numbers.loc[texts["posting_id"]].tolist(), *(texts[name] for name in _TEXTS[1:]), strict=True)
        connection.executemany("INSERT INTO texts(rowid, title, company, place, body) VALUES (?, ?, ?, ?, ?)", rows)
    rows = pd.concat([known["row"].drop(numbers.index, errors="ignore"), numbers])
    connection.execute("DELETE FROM openings")
    times = {name: (wanted[name] - _EPOCH) / timedelta(milliseconds=1) for name in _TIMES}
    facts = wanted.drop(columns="text_key").assign(**times).to_json(orient="records", lines=True).splitlines()
    values = zip(rows.loc[wanted["posting_id"]].tolist(), wanted["posting_id"], wanted["text_key"], facts, strict=True)
    connection.executemany("INSERT INTO openings VALUES (?, ?, ?, ?)", values)
    version = int(_state(connection, "version") or 0) + 1
    connection.execute("INSERT OR REPLACE INTO state VALUES ('version', ?)", [str(version)])
    return len(changed)


def _texts(lake: Lake, ids: Iterable[str]) -> Iterator[pd.DataFrame]:
    """Texts of postings, some at a time, what is missing as an empty text."""
    names = list(ids)
    for start in range(0, len(names), _ROWS * 10):
        where = [("posting_id", "in", names[start : start + _ROWS * 10])]
        for frame in lake.batches("postings", _TEXTS, where, rows=_ROWS):
            yield frame.fillna("")


def _state(connection: sqlite3.Connection, name: str) -> str | None:
    row = connection.execute("SELECT value FROM state WHERE name = ?", [name]).fetchone()
    return None if row is None else str(row[0])


def _facts_frame(rows: Sequence[tuple[int, str]]) -> pd.DataFrame:
    # By Arrow, whose threads let a page be drawn meanwhile.
    lines = "\n".join(facts for _, facts in rows).encode() or b"{}"
    table = arrow_json.read_json(pa.BufferReader(lines), parse_options=_FACTS_PARSER)
    frame = table.slice(0, len(rows)).to_pandas().set_index(pd.Index([row for row, _ in rows], dtype="int64"))
    for name in _TIMES:
        frame[name] = pd.to_datetime(frame[name], unit="ms", utc=True).dt.as_unit("ms")
    frame["seen"] = frame["posted_at"].fillna(frame["first_seen_at"])
    return frame


def _masks(frame: pd.DataFrame, filters: Filters, now: datetime) -> dict[str, "pd.Series[bool]"]:
    """What passes each filter, by its facet's name where it has one."""
    masks: dict[str, pd.Series[bool]] = {}
    if not filters.closed:
        masks["closed"] = ~(frame["closed_at"] <= now)
    members = {
        "role": filters.roles, "workplace": filters.workplaces, "seniority": filters.levels, "source": filters.sources,
    }  # fmt: skip
    for name, values in members.items():
        if values:
            masks[name] = frame[name].isin(list(values))
    if filters.company.strip():
        key = company_key(filters.company) or filters.company
        masks["company"] = frame["company"].map(lambda name: isinstance(name, str) and key in (company_key(name) or ""))
    if filters.country:
        masks["country"] = ~in_other_country(frame, filters.country.upper())
    if filters.place.strip():
        words = [part.strip() for part in filters.place.split(",") if part.strip()]
        countries = {place.country for word in words for place in parse_places(word) if place.country}
        # A remote job that says who may apply is in no place of another country.
        closed_to = [in_other_country(frame, country) for country in sorted(countries)]
        elsewhere = pd.concat(closed_to, axis=1).all(axis=1) if closed_to else False
        masks["place"] = ~(in_other_place(frame, words) | elsewhere)
    unknown = not filters.stated
    if filters.pay_floor_usd:
        pay = frame["salary_annual_usd"]
        masks["pay"] = (pay >= filters.pay_floor_usd) | (pay.isna() & unknown)
    if filters.years_most is not None:
        years = frame["years_min"]
        masks["years"] = (years <= filters.years_most) | (years.isna() & unknown)
    if filters.posted_within_days is not None:
        masks["age"] = frame["seen"] >= now - timedelta(days=filters.posted_within_days)
    return {name: mask.astype(bool) for name, mask in masks.items()}


def _all(masks: Mapping[str, "pd.Series[bool]"], frame: pd.DataFrame, *, but: str = "") -> "pd.Series[bool]":
    passed = pd.Series(True, index=frame.index)
    for name, mask in masks.items():
        if name != but:
            passed &= mask
    return passed


def _counted(values: pd.Series) -> dict[str, int]:
    return {str(value): int(count) for value, count in values.dropna().value_counts().items()}
