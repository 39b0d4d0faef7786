"""From raw records to postings: every row is kept or rejected, with the rule and its evidence.

Work is what is missing: a raw record whose id, content hash and cleaning version stand in neither
`postings` nor `rejected_postings`.
"""

import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial
from typing import Any

import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from jobfinder_assets.cleaning.collector import no_collection
from jobfinder_assets.cleaning.company import clean_company, is_sentinel, names_agency, says_agency
from jobfinder_assets.cleaning.cues import Cues, read_cues
from jobfinder_assets.cleaning.eligibility import combine, field_countries, sentence_countries, text_countries
from jobfinder_assets.cleaning.gazetteer import gazetteer
from jobfinder_assets.cleaning.location import field_workplace, sentence_workplace, text_workplace
from jobfinder_assets.cleaning.pay import Salary, stated_salary
from jobfinder_assets.cleaning.places import parse_place, parse_places
from jobfinder_assets.cleaning.salary import parse_salary
from jobfinder_assets.cleaning.salary_prose import text_salary
from jobfinder_assets.cleaning.seniority import text_level, text_years, title_level
from jobfinder_assets.cleaning.skills import Mention, find_skills
from jobfinder_assets.cleaning.text import clean_text
from jobfinder_assets.cleaning.workers import mapped, rows_at_once, suited_to
from jobfinder_assets.config import Settings
from jobfinder_assets.ingestion.catalog import source_classes
from jobfinder_assets.ingestion.contract import Draft, bug_words
from jobfinder_assets.ingestion.sightings import read_sightings
from jobfinder_assets.storage.lake import Lake
from jobfinder_assets.storage.schemas import POSTING_FACTS, TABLES

# Raise it when a parser changes what a posting becomes: everything stored is then cleaned again.
CLEANING_VERSION = "15"
RESTORED_VERSION = f"{CLEANING_VERSION}+restored"
MINIMUM_DESCRIPTION = 30
MAXIMUM_DESCRIPTION = 2_000_000
# Clocks and time zones differ; an advert of later than that is misdated.
_MOST_AHEAD = timedelta(days=1)
# Fewer are done sooner than other processes start, or than they are handed over.
_TO_START_WORKERS, _FOR_WORKERS = 3_000, 600
_LANGUAGE_CHARACTERS = (600, 3_000)
_ENGLISH = frozenset(
    {"the", "and", "to", "of", "a", "in", "for", "with", "you", "we", "our", "is", "are", "will", "on", "as"}
)
# No other language of adverts has these, so that fewer are enough: a list of duties has few words between its terms.
_ONLY_ENGLISH = frozenset({"the", "and", "with", "you", "our"})
_WORKPLACES = ("onsite", "hybrid", "remote")
_EMPLOYMENT: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("internship", ("intern", "praktikum", "werkstudent")),
    ("part_time", ("part", "teilzeit")),
    ("contract", ("contract", "freelance", "c2c")),
    ("temporary", ("temp", "befristet", "seasonal")),
    ("full_time", ("full", "vollzeit", "permanent", "regular")),
)
_IDENTITY = ("posting_id", "source", "board", "source_id", "content_hash")
_SIGHTED = ("first_seen_at", "last_seen_at", "closed_at")

logger = logging.getLogger(__name__)


class RestoreError(ValueError):
    """A posting that is not there, or that no rule but an unreadable record keeps out."""


@dataclass(frozen=True)
class Cleaned:
    """kept: rows of `postings`; rejected: rows of `rejected_postings`."""

    kept: pd.DataFrame
    rejected: pd.DataFrame


@dataclass(frozen=True)
class Counts:
    """What a run did; `unchanged` raw records were cleaned before."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    kept: int = 0
    rejected: int = 0


@no_collection()
def clean_batch(raw: pd.DataFrame, *, now: datetime, restored: Collection[str] = ()) -> Cleaned:
    """Clean rows of `raw_postings`; each comes back in `kept` or, once per broken rule, in `rejected`.

    Posting ids in `restored` are kept whatever rules they break, but for records that cannot be read.
    """
    kept, rejected = [], []
    columns = [raw[name].tolist() for name in (*_IDENTITY, "record")]
    rows = [dict(zip((*_IDENTITY, "record"), values, strict=True)) for values in zip(*columns, strict=True)]
    drafts = [_draft(row) for row in rows]
    texts = _read_texts([draft.description or "" for draft in drafts])
    for row, draft, said in zip(rows, drafts, texts, strict=True):
        version = RESTORED_VERSION if row["posting_id"] in restored else CLEANING_VERSION
        facts = {name: row[name] for name in _IDENTITY} | {"cleaning_version": version} | _facts(draft, said, now)
        broken = [(name, evidence) for name, rule in RULES.items() if (evidence := rule(draft, facts)) is not None]
        if version == RESTORED_VERSION:
            broken = [(name, evidence) for name, evidence in broken if name == UNREADABLE]
        if not broken:
            kept.append(facts)
        rejected += [_rejection(facts, name, evidence, now=now) for name, evidence in broken]
    return Cleaned(_frame(kept, "postings"), _frame(rejected, "rejected_postings"))


def clean_pending(lake: Lake, settings: Settings, *, now: datetime) -> Counts:
    """Clean every raw record that is new, changed or cleaned by older code, batch by batch."""
    _repair(lake)
    restored = restored_postings(lake)
    known_at = lake.state("postings")
    pending, counts = _pending(lake, restored)
    kept = rejected = 0
    if pending:
        for cleaned in _clean_batches(lake, settings, pending, now=now, restored=restored):
            _store(lake, cleaned, absent_at=None if counts.changed else known_at)
            kept += len(cleaned.kept)
            rejected += cleaned.rejected["posting_id"].nunique()
    _carry_sightings(lake)
    return Counts(counts.new, counts.changed, counts.unchanged, kept, rejected)


def accounting(lake: Lake) -> pd.DataFrame:
    """Rows in, kept and rejected by source."""
    raw = lake.read("raw_postings", ["source"]).value_counts("source").rename("in")
    kept = lake.read("postings", ["source"]).value_counts("source").rename("kept")
    thrown = lake.read("rejected_postings", ["source", "posting_id"]).drop_duplicates()
    frame = pd.concat([raw, kept, thrown.value_counts("source").rename("rejected")], axis=1)
    return frame.fillna(0).astype(int).sort_index()


def restored_postings(lake: Lake) -> frozenset[str]:
    """Posting ids that a person wants kept whatever the rules say."""
    return frozenset(lake.read("restorations", ["posting_id"], [("restored", "=", True)])["posting_id"])


def restore(lake: Lake, posting_ids: Sequence[str], *, now: datetime, undo: bool = False) -> None:
    """Remember that rejected postings are to be kept, or with `undo` that the rules hold again.

    The next cleaning brings it about. Raises `RestoreError`, and remembers nothing, when an id cannot be restored.
    """
    rejected = lake.read("rejected_postings", ["posting_id", "rule"], [("posting_id", "in", list(posting_ids))])
    known = restored_postings(lake) if undo else frozenset(rejected["posting_id"])
    if strange := sorted(set(posting_ids) - known):
        raise RestoreError(f"{strange[0]!r} is not among the {'restored' if undo else 'rejected'} postings")
    unreadable = rejected.loc[rejected["rule"] == UNREADABLE, "posting_id"]
    if not undo and len(unreadable):
        raise RestoreError(f"{unreadable.iloc[0]!r} could not be read at all: there is nothing to restore")
    lake.merge(
        "restorations", pd.DataFrame({"posting_id": sorted(set(posting_ids)), "restored": not undo, "decided_at": now})
    )


def _unreadable(draft: Draft, facts: dict[str, Any]) -> str | None:
    return draft.unreadable or None


def _no_title(draft: Draft, facts: dict[str, Any]) -> str | None:
    return None if draft.unreadable or facts["title"] else f"title: {draft.title!r}"


def _no_description(draft: Draft, facts: dict[str, Any]) -> str | None:
    length = len(facts["description"] or "")
    return None if draft.unreadable or length >= MINIMUM_DESCRIPTION else f"{length} characters after cleaning"


def _header_row(draft: Draft, facts: dict[str, Any]) -> str | None:
    names = [str(value).strip().casefold() for value in (draft.title, draft.company, draft.location)]
    header = {"title", "job title", "job_title", "company", "company name", "location"}
    return f"the row repeats the column names: {names}" if sum(name in header for name in names) >= 2 else None


UNREADABLE = "unreadable_record"
RULES: dict[str, Callable[[Draft, dict[str, Any]], str | None]] = {
    UNREADABLE: _unreadable,
    "no_title": _no_title,
    "no_description": _no_description,
    "header_row": _header_row,
}


def forget() -> None:
    """Empty what was remembered of texts read before; for benchmarks."""
    for remembered in (_line, read_cues, parse_places, field_workplace, field_countries, title_level):
        remembered.cache_clear()
    sentence_countries.cache_clear()
    sentence_workplace.cache_clear()


def _draft(row: Mapping[Any, Any]) -> Draft:
    """What the source says of its record. What strangers wrote must cost that record only, never the run."""
    source = source_classes().get(row["source"])
    if source is None:
        return _unread(f"no source named {row['source']!r} is installed")
    try:
        draft = source.draft(orjson.loads(row["record"]))
    except Exception as error:
        logger.warning("posting %s of %s cannot be read", row["source_id"], row["source"], exc_info=error)
        return _unread(bug_words(row["source"], error))
    if (length := len(draft.description or "")) > MAXIMUM_DESCRIPTION:
        return _unread(f"a text of {length:,} characters")
    return draft


def _unread(reason: str) -> Draft:
    return Draft(None, None, None, unreadable=reason)


@dataclass(frozen=True)
class _TextFacts:
    """What the advert's text alone says."""

    description: str
    is_agency: bool
    workplace: str
    eligible: frozenset[str] | None
    pay: Salary | None
    level: str
    years_min: float | None
    skills: list[Mention]
    language: str | None


def _read_texts(raw: list[str]) -> list[_TextFacts]:
    """Read each text once: employers post one many times, a fifth of the real postings repeat another's.

    One parser reads all texts before the next begins, and finds its tables in the processor's cache: a sixth faster
    than text by text.
    """
    distinct = list(dict.fromkeys(raw))
    descriptions = [clean_text(text) for text in distinct]
    cues = [read_cues(text) for text in descriptions]
    read = (
        descriptions,
        [says_agency(one.lower) for one in cues],
        [text_workplace(one) for one in cues],
        [text_countries(one) for one in cues],
        [text_salary(one) for one in cues],
        [text_level(one) for one in cues],
        [text_years(one) for one in cues],
        [find_skills(one.text, lower=one.lower) for one in cues],
        [_language(one) for one in cues],
    )
    facts = dict(zip(distinct, map(_TextFacts, *read), strict=True))
    return [facts[text] for text in raw]


@lru_cache(maxsize=65_536)
def _line(raw: str) -> str:
    return " ".join(clean_text(raw).split())


def _facts(draft: Draft, said: _TextFacts, now: datetime) -> dict[str, Any]:
    title = _line(draft.title or "")[:500]
    title = "" if is_sentinel(title) else title
    location = _line(draft.location or "")[:300]
    place = parse_place(location)
    country = _country(draft.country) or place.country
    pay, origin = _pay(draft, said, country)
    company = clean_company(draft.company)
    level, workplace = title_level(title), draft.workplace if draft.workplace in _WORKPLACES else None
    return {
        "title": title or None,
        "company": company,
        "company_raw": draft.company,
        "is_agency": said.is_agency or names_agency(company),
        "description": said.description or None,
        "location": location or None,
        "city": draft.city or place.city,
        "region": draft.region or place.region,
        "country": country,
        "workplace": workplace or field_workplace(location) or field_workplace(title) or said.workplace,
        "eligible_countries": combine(field_countries(location), said.eligible),
        "salary_min": pay.minimum if pay else None,
        "salary_max": pay.maximum if pay else None,
        "salary_currency": pay.currency if pay else None,
        "salary_period": pay.period if pay else None,
        "salary_annual_usd": pay.annual_usd if pay else None,
        "salary_origin": origin,
        "seniority": said.level if level == "unspecified" else level,
        "years_min": said.years_min,
        "skills": [mention.name for mention in said.skills],
        "skill_starts": [mention.start for mention in said.skills],
        "skill_ends": [mention.end for mention in said.skills],
        "employment_type": _employment(draft.employment_type),
        "language": draft.language or said.language,
        "url": draft.url,
        "requisition_id": draft.requisition_id,
        "posted_at": draft.posted_at if draft.posted_at and draft.posted_at <= now + _MOST_AHEAD else None,
    }


def _pay(draft: Draft, said: _TextFacts, country: str | None) -> tuple[Salary | None, str | None]:
    """The source's own fields first, then its pay text, then prose; "$" alone are the dollars of the job's country."""
    given = draft.pay
    if given and (salary := stated_salary(given.minimum, given.maximum, given.currency, given.period)):
        return salary, "estimate" if given.is_estimate else "structured"
    if draft.pay_text and (found := parse_salary(draft.pay_text)):
        return found.paid_in(country), "estimate" if "est." in draft.pay_text else "field"
    if said.pay is None:
        return None, None
    return said.pay if "USD" in said.description else said.pay.paid_in(country), "text"


def _country(name: str | None) -> str | None:
    if not name:
        return None
    return name.upper() if name.upper() in gazetteer().codes else parse_place(name).country


@lru_cache(maxsize=1_024)
def _employment(text: str | None) -> str | None:
    words = (text or "").casefold()
    return next((kind for kind, marks in _EMPLOYMENT if any(mark in words for mark in marks)), None)


def _language(cues: Cues) -> str | None:
    """The language of a text, ISO 639-1."""
    # A model is asked only where the commonest English words do not already say it; adverts may begin with lists.
    for characters in _LANGUAGE_CHARACTERS:
        words = cues.lower[:characters].split()
        if not words:
            return None
        share = sum(map(_ENGLISH.__contains__, words)) / len(words)
        if share >= 0.15 or (share >= 0.08 and sum(map(_ONLY_ENGLISH.__contains__, words)) >= 0.06 * len(words)):
            return "en"
    from py3langid import classify

    return str(classify(cues.text[: _LANGUAGE_CHARACTERS[0]])[0])


def _rejection(facts: dict[str, Any], rule: str, evidence: str, *, now: datetime) -> dict[str, Any]:
    names = (
        "posting_id",
        "source",
        "board",
        "source_id",
        "content_hash",
        "cleaning_version",
        "title",
        "company",
        "url",
    )
    return {name: facts[name] for name in names} | {"rule": rule, "evidence": evidence[:500], "rejected_at": now}


def _frame(rows: list[dict[str, Any]], table: str) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=TABLES[table].columns)


def _repair(lake: Lake) -> None:
    """A run killed while a posting moved between the tables left it in both: the older one goes."""
    names = ["posting_id", "content_hash", "cleaning_version"]
    thrown = lake.read("rejected_postings", ["rule", *names])
    if thrown.empty:
        return
    kept = lake.read("postings", names, [("posting_id", "in", thrown["posting_id"].tolist())])
    both = kept.merge(thrown, on="posting_id", suffixes=("", "_rejected"))
    if both.empty:
        return
    current = lake.read(
        "raw_postings", ["posting_id", "content_hash"], [("posting_id", "in", both["posting_id"].tolist())]
    )
    both = both.merge(current, on="posting_id", suffixes=("", "_raw"))
    current_code = both["cleaning_version"].isin([CLEANING_VERSION, RESTORED_VERSION])
    stays = (both["content_hash"] == both["content_hash_raw"]) & current_code
    lake.delete("rejected_postings", both.loc[stays, ["posting_id"]].drop_duplicates())
    lake.delete("postings", both.loc[~stays, ["posting_id"]].drop_duplicates())


def _pending(lake: Lake, restored: Collection[str]) -> tuple[set[str], Counts]:
    raw = lake.read_arrow("raw_postings", ["posting_id", "content_hash"])
    names = ["posting_id", "content_hash", "cleaning_version"]
    done = pa.concat_tables([lake.read_arrow("postings", names), lake.read_arrow("rejected_postings", names)])
    place = pc.index_in(raw["posting_id"], done["posting_id"].combine_chunks())
    hashes, versions = (done[name].take(place) for name in names[1:])
    wanted = pc.if_else(
        pc.is_in(raw["posting_id"], pa.array(sorted(restored), pa.string())), RESTORED_VERSION, CLEANING_VERSION
    )
    new = pc.is_null(place)
    same = pc.fill_null(pc.and_(pc.equal(raw["content_hash"], hashes), pc.equal(versions, wanted)), False)
    count = {name: pc.sum(mask).as_py() or 0 for name, mask in (("new", new), ("same", same))}
    counts = Counts(new=count["new"], changed=len(raw) - count["new"] - count["same"], unchanged=count["same"])
    return set(raw["posting_id"].filter(pc.invert(same)).to_pylist()), counts


def _clean_batches(
    lake: Lake, settings: Settings, pending: set[str], *, now: datetime, restored: Collection[str]
) -> Iterator[Cleaned]:
    """Cleaned rows in parts of `batch_rows`, each to be written at once."""
    most = settings.compute.batch_rows
    compute = suited_to(settings.compute, len(pending), to_start=_TO_START_WORKERS, once_started=_FOR_WORKERS)
    where, rows = [("posting_id", "in", sorted(pending))], rows_at_once(compute, len(pending), most=most)
    batches = ((batch,) for batch in lake.batches("raw_postings", where=where, rows=rows))
    waiting: list[Cleaned] = []
    for cleaned in mapped(partial(clean_batch, now=now, restored=restored), batches, compute):
        waiting.append(cleaned)
        if len(waiting) * rows >= most:
            yield _together(waiting)
            waiting = []
    if waiting:
        yield _together(waiting)


def _together(parts: list[Cleaned]) -> Cleaned:
    if len(parts) == 1:
        return parts[0]
    kept, rejected = ([part.kept for part in parts], [part.rejected for part in parts])
    # An empty frame would tell columns nothing of their kinds.
    return Cleaned(*(pd.concat([one for one in frames if len(one)] or frames[:1]) for frames in (kept, rejected)))


def _store(lake: Lake, cleaned: Cleaned, *, absent_at: tuple[str, int] | None) -> None:
    """The destination first, then the row that it takes the place of; `_repair` mends what comes between.

    `absent_at`: the state of `postings` in which none of them was there, see `Lake.merge`.
    """
    ids = pd.concat([cleaned.kept["posting_id"], cleaned.rejected["posting_id"]]).drop_duplicates()
    sighted = read_sightings(lake, ["posting_id", *_SIGHTED], [("posting_id", "in", ids.tolist())]).to_pandas()
    kept = cleaned.kept.drop(columns=list(_SIGHTED)).merge(sighted, on="posting_id", how="left")
    lake.merge("postings", kept[list(POSTING_FACTS)], absent_at=absent_at)
    lake.merge("rejected_postings", cleaned.rejected)
    _delete_held(lake, "rejected_postings", kept["posting_id"])
    _delete_held(lake, "postings", cleaned.rejected["posting_id"])


def _delete_held(lake: Lake, table: str, ids: pd.Series) -> None:
    """Delete rows by posting id; a table that holds none of them gets no commit."""
    where = [("posting_id", "in", ids.tolist())]
    if len(ids) and lake.count(table, where):
        lake.delete(table, pd.DataFrame({"posting_id": ids.drop_duplicates()}))


def _carry_sightings(lake: Lake) -> None:
    """Bring closings, and last sightings that are a day newer, to `postings`.

    Finer than a day would rewrite every text at every refresh.
    """
    names = ["posting_id", "last_seen_at", "closed_at"]
    sighted, stored = read_sightings(lake, names), lake.read_arrow("postings", names)
    now = sighted.take(pc.index_in(stored["posting_id"], sighted["posting_id"].combine_chunks()))
    # A posting without a sighting has nothing to bring.
    is_same = pc.or_kleene(
        pc.fill_null(pc.equal(now["closed_at"], stored["closed_at"]), False),
        pc.and_(pc.is_null(now["closed_at"]), pc.is_null(stored["closed_at"])),
    )
    since = pc.subtract(now["last_seen_at"], stored["last_seen_at"])
    is_stale = pc.fill_null(pc.greater_equal(since, pa.scalar(timedelta(days=1), since.type)), False)
    moved = pc.and_(pc.is_valid(now["posting_id"]), pc.or_(pc.invert(is_same), is_stale))
    lake.update("postings", now.filter(moved))


def utc_now() -> datetime:
    return datetime.now(UTC)
