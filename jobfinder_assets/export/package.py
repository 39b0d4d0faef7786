"""The data product: one person's labels with facts about the jobs, minimised, checked, described, and handed to one
recipient. Everything is made and checked in memory; the folder appears whole, as the last thing, or not at all.
"""

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from jobfinder_assets.config import Profile, Settings
from jobfinder_assets.export import columns as product
from jobfinder_assets.export import minimise, pii
from jobfinder_assets.export.columns import ALWAYS, COLUMNS, LONGEST_VALUE, require_known
from jobfinder_assets.export.consent import live_consent
from jobfinder_assets.export.documents import package_files
from jobfinder_assets.export.errors import ExportError, Refusal
from jobfinder_assets.export.folders import SUMS, require_new, sha256, with_sums, write_folder
from jobfinder_assets.export.words import Occurrences, common_values, keep, may_stay, occurrences, words_of
from jobfinder_assets.export.work import SMALLEST_K, Request, Work
from jobfinder_assets.ingestion.catalog import source_classes
from jobfinder_assets.storage.lake import Lake

_MOST_SHOWN = 20


@dataclass(frozen=True)
class Package:
    """A data product on disk; `left_out` counts rows by the reason for which they are not in it."""

    id: str
    folder: Path
    rows: int
    columns: tuple[str, ...]
    left_out: Mapping[str, int]
    consent_id: str


def make_package(
    lake: Lake, settings: Settings, request: Request, *, now: datetime, folder: Path | None = None
) -> Package:
    """Make the data product of one profile for one recipient, and note it in the ledger.

    folder: where; by default `products/PROFILE/PACKAGE_ID` of the home.

    Raises
    ------
    Refusal
        No, expired, withdrawn or meanwhile replaced consent, another recipient, unknown licence, personal data in a
        text, an unknown column, a search word that few postings have, or nothing to package. Nothing was written, not
        for a moment.
    ExportError
        An option is wrong.
    MissingExtra
        A library of the extra `export` is not installed.
    """
    package_id = f"{now:%Y%m%d}-{uuid.uuid4().hex[:12]}"
    folder = require_new(folder or settings.home.root / "products" / request.profile / package_id)
    work = _begin(lake, request, now=now)
    wishes = settings.profiles.get(request.profile, Profile())
    _honour_licences(work)
    searches = _scan(work, [*wishes.searches, *wishes.keywords])
    found = _find_words(lake, work, searches)
    _blank_repeated(work, [*wishes.searches, *wishes.keywords])
    frame = _minimised(work, found)
    table = _checked(frame, work)
    _scan_product(table, request)
    files = with_sums(package_files(lake, work, table, package_id=package_id, now=now))
    row = {
        "package_id": package_id,
        "profile": request.profile,
        "consent_id": work.consent.id,
        "recipient": request.recipient.strip(),
        "made_at": now,
        "rows": table.num_rows,
        "columns": ",".join(table.column_names),
        "price": work.consent.offer.price,
        "currency": work.consent.offer.currency,
        "sums_hash": sha256(files[SUMS]),
        "folder": str(folder),
        "withdrawn_at": pd.NaT,
    }
    # It took a while: what the person has said meanwhile counts.
    if live_consent(lake, request.profile, request.recipient, now=datetime.now(UTC)).id != work.consent.id:
        raise Refusal(
            f"profile {request.profile!r} gave another consent while the package was made by the one before; "
            "make the package again"
        )
    # Before the folder: who may hold a package must never be missing from the ledger.
    lake.append("product_ledger", pd.DataFrame([row]))
    try:
        write_folder(folder, files)
    except BaseException:
        lake.delete("product_ledger", pd.DataFrame({"package_id": [package_id]}))
        raise
    return Package(package_id, folder, table.num_rows, tuple(table.column_names), dict(work.left_out), work.consent.id)


def _begin(lake: Lake, request: Request, *, now: datetime) -> Work:
    """The consent, the columns and the labelled rows. Everything that can be refused early is."""
    if request.k < SMALLEST_K:
        raise ExportError(f"k: {request.k} is too small; at least {SMALLEST_K}")
    consent = live_consent(lake, request.profile, request.recipient, now=now)
    wanted = require_known(request.columns, "the request")
    allowed = {*ALWAYS, *consent.offer.columns}
    if beyond := [name for name in wanted if name not in allowed]:
        raise Refusal(
            f"the consent does not name the column {beyond[0]!r}; it names: {', '.join(consent.offer.columns)}"
        )
    columns = tuple(name for name in COLUMNS if name in {*ALWAYS, *(wanted or consent.offer.columns)})
    corpus = minimise.read_corpus(lake)
    labels = minimise.read_labels(lake, request.profile)
    rows = labels.merge(corpus, left_on="posting_id", right_index=True).reset_index(drop=True)
    work = Work(request, consent, columns, corpus, rows)
    if len(rows) < len(labels):
        work.left_out["posting is gone"] = len(labels) - len(rows)
    work.drop(rows["posting_id"].isin(list(request.without)), "left out by the person")
    work.require_rows()
    return work


def _honour_licences(work: Work) -> None:
    """Rows of sources that forbid passing facts on go; of sources whose terms are unknown only if that is asked for."""
    flags = {name: source.terms.redistributable for name, source in source_classes().items()}
    licence = work.rows["source"].map(flags).astype("object").fillna("unknown")
    unknown = work.rows.loc[licence == "unknown", "source"].fillna("no source").value_counts()
    if len(unknown) and "unknown-licence" not in work.request.leave_out:
        named = ", ".join(f"{name} ({count})" for name, count in unknown.items())
        raise Refusal(
            f"unknown licence: {int(unknown.sum())} labelled postings come from sources whose terms on passing "
            f"them on are unknown: {named}; leave them out with --leave-out unknown-licence"
        )
    work.drop(licence == "unknown", "licence of the source unknown")
    work.drop(work.rows["source"].map(flags) == "no", "source forbids passing on")
    work.require_rows()


def _scan(work: Work, searches: Sequence[str]) -> list[str]:
    """Look for personal data in every text that the product draws on; returns the searches that may be used."""
    texts = {"title": _distinct(work.rows["title"]), "place": _distinct(work.rows["location"])}
    texts["company"] = _distinct(work.rows["company"]) if work.has("employer") else []
    texts["reason"] = _distinct(work.rows["reason"]) if work.has("reason_words") else []
    texts["search"] = list(searches) if work.has("search_words") else []
    work.scanned = sum(map(len, texts.values()))
    found = pii.find(texts, cleared=work.request.cleared)
    if found and "personal-data" not in work.request.leave_out:
        raise Refusal(_personal_data(work, found, searches))
    for name, column in (("title", "title"), ("place", "location"), ("company", "company"), ("reason", "reason")):
        hit = {text for field_, text in found if field_ == name}
        work.drop(work.rows[column].isin(hit), f"personal data in its {name}")
    work.require_rows()
    work.words_left_out["searches with personal data"] = sum(field_ == "search" for field_, _ in found)
    return [text for text in texts["search"] if ("search", text) not in found]


def _personal_data(work: Work, found: Mapping[tuple[str, str], Sequence[str]], searches: Sequence[str]) -> str:
    """Where personal data stands and of what kind; the text itself is not repeated, for this goes into logs."""
    places = []
    columns = {"title": "title", "place": "location", "company": "company", "reason": "reason"}
    for (name, text), kinds in found.items():
        if name == "search":
            places.append(f"search {searches.index(text) + 1} of the profile: {', '.join(kinds)}")
            continue
        ids = work.rows.loc[work.rows[columns[name]] == text, "posting_id"]
        places.append(f"{name} of posting {ids.iloc[0]}: {', '.join(kinds)}")
    shown = "; ".join(places[:_MOST_SHOWN]) + (
        f"; and {len(places) - _MOST_SHOWN} more" if len(places) > _MOST_SHOWN else ""
    )
    return (
        f"personal data in {len(places)} texts: {shown}. Leave single postings out with --without ID, all of them with "
        "--leave-out personal-data; say with --names-nobody TEXT that a name, a phone number or an address is none"
    )


def _find_words(lake: Lake, work: Work, searches: Sequence[str]) -> Occurrences:
    """Which words of the person's own texts enough openings have; a search with a rarer word is refused."""
    special = work.consent.offer.special
    by_search = [words_of(text) for text in searches]
    told = {word for words in by_search for word in words}
    watched = {word for word in told if may_stay(word, special)}
    work.words_left_out["search words of special categories"] = len(told) - len(watched)
    reasons = set[str]()
    if work.has("reason_words"):
        reasons = {word for text in _distinct(work.rows["reason"]) for word in words_of(text)}
        allowed = {word for word in reasons if may_stay(word, special)}
        work.words_left_out["reason words of special categories"] = len(reasons) - len(allowed)
        reasons = allowed
    k, clusters = work.request.k, work.corpus["cluster_id"]
    found = occurrences(lake, watched, reasons, k=k, cluster_of=clusters, wanted=set(work.rows["posting_id"]))
    rare = [number for number, words in enumerate(by_search, 1) if not set(words) & watched <= found.common]
    if rare and "rare-words" not in work.request.leave_out:
        numbers = ", ".join(map(str, rare))
        raise Refusal(
            f"rare search: of the searches and keywords that may be used, number {numbers} has a word that fewer than "
            f"{k} openings have, and could tell who searches; change it, or leave such words out with "
            "--leave-out rare-words"
        )
    work.words_left_out["rare search words"] = len(watched - found.common)
    work.words_left_out["rare reason words"] = len(reasons - found.common)
    return found


def _blank_repeated(work: Work, searches: Sequence[str]) -> None:
    """Empty the cells that repeat a search of several words, as Little Rock might: no raw search may stand anywhere."""
    folded = [" ".join(text.casefold().split()) for text in searches if len(text.split()) > 1]
    for name in ("place", "employer"):
        repeats = work.rows[name].map(
            lambda value: isinstance(value, str) and any(t in value.casefold() for t in folded)
        )
        work.rows[name] = work.rows[name].mask(repeats.astype(bool), None)
        work.words_left_out[f"{name} that repeats a search"] = int(repeats.sum()) if work.has(name) else 0


def _minimised(work: Work, found: Occurrences) -> pd.DataFrame:
    """The rows with the product's columns, in an order that tells nothing."""
    request, openings = work.request, work.corpus[work.corpus["first"]]
    rare = minimise.blank_rare(work.corpus, work.rows, work.columns, k=request.k)
    work.drop(pd.Series(~rare.kept, index=work.rows.index), "rare combination of facts")
    work.require_rows()
    work.blanked, work.smallest_class = rare.blanked, int(rare.classes.min())
    rows = work.rows
    frame = rows.reindex(columns=[name for name in work.columns if name in rows.columns]).copy()
    frame["label_week"] = minimise.iso_weeks(rows["time"])
    for name in ("skills", "title_words"):
        if work.has(name):
            allowed = common_values(openings[name], k=request.k)
            frame[name] = [keep(words, allowed) for words in rows[name]]
    if work.has("search_words"):
        frame["search_words"] = [
            keep(found.of_posting.get(posting, ()), found.common) for posting in rows["posting_id"]
        ]
    if work.has("reason_words"):
        special = work.consent.offer.special
        frame["reason_words"] = [
            [word for word in keep(words_of(text), found.common) if may_stay(word, special)]
            if isinstance(text, str)
            else []
            for text in rows["reason"]
        ]
    # By a hash with a salt that is thrown away: neither time nor identity can be read from the order.
    salt = uuid.uuid4().bytes
    order = [hashlib.blake2b(str(posting).encode(), key=salt).digest() for posting in rows["posting_id"]]
    frame = frame.assign(_order=order).sort_values("_order").drop(columns="_order")
    frame.insert(0, "row", range(1, len(frame) + 1))
    return frame[[name for name in work.columns if name in frame.columns]]


def _checked(frame: pd.DataFrame, work: Work) -> pa.Table:
    """The table, if it is what the schema says and no value is long enough to be somebody's prose. Raises `Refusal`."""
    require_known(map(str, frame.columns), "the rows")
    table = pa.Table.from_pandas(frame, schema=product.schema(work.columns), preserve_index=False)
    for name in table.column_names:
        if any(len(value) > LONGEST_VALUE for value in _strings(table.column(name))):
            raise Refusal(
                f"column {name!r} holds a value of more than {LONGEST_VALUE} characters: it could be an advert's text"
            )
    return table.replace_schema_metadata(None)


def _scan_product(table: pa.Table, request: Request) -> None:
    """The same scan over every value that would be handed over: nothing personal may have been put together."""
    texts = {name: _strings(table.column(name)) for name in table.column_names}
    if found := pii.find(texts, cleared=request.cleared):
        (name, _), kinds = next(iter(found.items()))
        raise Refusal(f"personal data in the product's column {name!r}: {', '.join(kinds)}; leave the column out")


def _strings(column: pa.ChunkedArray) -> list[str]:
    """The distinct strings of a column of strings or of lists of them."""
    flat = column.combine_chunks()
    flat = flat.flatten() if pa.types.is_list(flat.type) else flat
    return [value for value in flat.unique().to_pylist() if isinstance(value, str)]


def _distinct(column: "pd.Series[Any]") -> list[str]:
    return [value for value in column.dropna().unique() if isinstance(value, str)]


def kept_packages(lake: Lake, profile: str) -> pd.DataFrame:
    """The ledger: every package made for the profile, oldest first, withdrawn ones as well."""
    return lake.read("product_ledger", where=[("profile", "=", profile)]).sort_values("made_at", ignore_index=True)
