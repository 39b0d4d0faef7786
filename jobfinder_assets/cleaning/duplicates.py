"""Which postings are the same opening, in the meaning of `CONVENTIONS.md`.

Three steps, each usable alone. `fingerprint` gives every posting a fixed number of hashes; postings that share one are
candidates (`candidate_pairs`). `judge_openings` accepts candidates, with a reason in words. `resolve_clusters` joins
the accepted pairs, strongest first, and never lets two requisition numbers, levels or cities into one cluster.

The cost is linear: a posting has `BUCKETS` hashes, and a hash that more than `MAX_BUCKET` different postings share is
boilerplate and makes no pairs. Identical adverts count once in a bucket, so that a posting repeated a thousand times
cannot hide its near-duplicates. Behind the hashes stands a sketch of the text, which refuses most chance candidates
without their texts.
"""

import os
from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from jobfinder_assets.cleaning.collector import no_collection
from jobfinder_assets.cleaning.company import company_key
from jobfinder_assets.cleaning.opening import (
    Opening,
    agency_nearby,
    another_name_stands_there,
    another_post,
    compare_companies,
    conflict,
    may_be_anybodys,
    names_itself,
    names_of_its_own,
    read_opening,
    same_city,
)
from jobfinder_assets.cleaning.signatures import (
    BANDS,
    PERMUTATIONS,
    Hashes,
    Shingles,
    band,
    minhash,
    mix,
    shingle,
    stable_hash,
)
from jobfinder_assets.cleaning.text import readable, text_or_empty
from jobfinder_assets.cleaning.titles import Title, read_title
from jobfinder_assets.cleaning.whereabouts import cities_of, metropolis

DUPLICATES_VERSION = "12"
COLUMNS = (
    "title", "company", "location", "description", "city", "region", "workplace", "requisition_id",
)  # fmt: skip
LINK_COLUMNS = ["left_id", "right_id", "similarity", "reason"]

_EMPLOYER_SAMPLES = 4
_TITLE_CITY_SAMPLES, _CITY_SAMPLES = 10, 8
# identity, the text's bands, employer samples, employer + title, employer + title + city, title + city, city.
BUCKETS = 1 + BANDS + _EMPLOYER_SAMPLES + 2 + _TITLE_CITY_SAMPLES + _CITY_SAMPLES
# The sketch: a byte of each number of the MinHash signature (Li and König 2010), and how many shingles are distinct.
_SKETCH_BYTES = slice(BUCKETS, BUCKETS + PERMUTATIONS // 8)
WIDTH = BUCKETS + PERMUTATIONS // 8 + 1
MAX_BUCKET = 64
# Postings fingerprinted at once: what numpy holds of them stays in the processor's cache and in little memory.
_PART = 5_000

# Shares of the shorter text's shingles that must stand in the other, by how well title and employer agree.
_SAME_EMPLOYER, _SAME_AGENCY = 0.78, 0.85
_SAME_EMPLOYER_LONGER_TITLE = 0.88
_OTHER_EMPLOYER = 0.5
_OTHER_EMPLOYER_LONGER_TITLE = 0.65
_OTHER_EMPLOYER_NAMED = 0.97
_OTHER_EMPLOYER_SHORT = 0.85
_OTHER_EMPLOYER_UNTOLD = 0.75
_AGENCY_LONGER_TITLE, _AGENCY_UNTOLD = 0.57, 0.6
_SAME_REQUISITION = 0.4
_SHORT_TEXT, _SHORTEST_TEXT = 40, 25
_NEARLY_ALL, _NO_TEXT_IS_ENOUGH = 0.97, 2.0
# A sketch refuses a pair that agrees so much less than a pair at the least share of all bounds is expected to: of pairs
# at that share, which count only with one requisition number, it loses a sixth; of those at the next bound 1 in 100.
_STANDARD_ERRORS = 1
_PAIRS_AT_ONCE = 500_000
_SORTED_TOGETHER = 128
# So many that most hashes hit none, and that those of a day's postings fit in the cache.
_MARKS_PER_HASH = 64


@dataclass(frozen=True)
class _Text:
    """The distinct shingles of a text, sorted."""

    hashes: Hashes


def cluster_postings(postings: pd.DataFrame) -> pd.Series:
    """The cluster of each posting: the smallest `posting_id` in it, or row position where there is no such column.

    `postings` needs title, company, location and description; city, region, workplace, requisition_id and posting_id
    are used when there. Any value may be missing, and texts may have markup. The result has the index of `postings`.
    """
    count = len(postings)
    has_ids = "posting_id" in postings.columns
    names = postings["posting_id"].astype(str).tolist() if has_ids else [f"{row:012d}" for row in range(count)]
    if len(set(names)) < count:
        raise ValueError("cluster_postings: posting_id is not unique; drop the repeated rows or the column")
    frame = readable(postings.reindex(columns=list(COLUMNS))).assign(posting_id=names)
    parts = [fingerprint(frame.iloc[start : start + _PART]) for start in range(0, count, _PART)]
    candidates = candidate_pairs(names, np.concatenate([np.zeros((0, WIDTH), np.int64), *parts]))
    openings = _openings_of(candidates, frame)
    links = judge_openings(candidates, openings)
    clusters = resolve_clusters(links, openings)
    found = [clusters.get(name, name) for name in names]
    return pd.Series(found if has_ids else [int(name) for name in found], index=postings.index, name="cluster_id")


@no_collection()
def fingerprint(postings: pd.DataFrame) -> npt.NDArray[np.int64]:
    """A row for each posting: `BUCKETS` hashes, the first for the whole advert, 0 for one that does not apply; then the
    sketch of its text, up to `WIDTH`."""
    count = len(postings)
    rows = _rows(postings)
    texts = [row["description"] if isinstance(row["description"], str) else "" for row in rows]
    shingles = shingle(texts)
    signatures = minhash(shingles)
    has_text = np.diff(shingles.starts) > 0
    facts = np.array([_fact_hashes(row) for row in rows], np.uint64).reshape(count, 5)
    levels, employers, cores, cities, regions = facts.T
    hashes = np.zeros((count, WIDTH), np.uint64)
    hashes[:, 0] = mix(_identities(rows), _text_hashes(shingles))
    for number, column in enumerate(band(signatures).T, 1):
        hashes[:, number] = np.where(has_text, mix(column, levels), 0)
    for number in range(_EMPLOYER_SAMPLES):
        sample = mix(np.full(count, number, np.uint64), signatures[:, number], employers, levels)
        hashes[:, 1 + BANDS + number] = np.where(has_text & (employers > 0), sample, 0)
    after = 1 + BANDS + _EMPLOYER_SAMPLES
    hashes[:, after] = _together(employers, cores, optional=levels)
    hashes[:, after + 1] = _together(employers, cores, cities, optional=levels)
    title_cities, level_cities = _together(cores, regions, optional=levels), _together(regions, optional=levels)
    # Other employers' copies of a short or rewritten text: one sample of the text agrees, and the city with the title
    # or, where the title is written another way, with the level.
    for number in range(_TITLE_CITY_SAMPLES + _CITY_SAMPLES):
        place = title_cities if number < _TITLE_CITY_SAMPLES else level_cities
        sample = mix(np.full(count, number, np.uint64), signatures[:, number], place)
        hashes[:, after + 2 + number] = np.where(has_text & (place > 0), sample, 0)
    hashes[:, _SKETCH_BYTES] = signatures.astype(np.uint8).view(np.uint64)
    hashes[:, -1] = _distinct_counts(shingles)
    return hashes.view(np.int64)


def candidate_pairs(
    names: Iterable[str],
    hashes: npt.NDArray[np.int64],
    *,
    renewed: Collection[str] | None = None,
    workers: int = 1,
) -> pd.DataFrame:
    """Pairs (left_id < right_id) that share a hash and whose sketches do not speak against them.

    Rows of `hashes` belong to `names`, in order. Of identical adverts, the one with the smallest id stands for all in
    the buckets; the others are paired with it. With `renewed`, only pairs that hold one of these. `workers`: how
    many columns are sorted at once, -1 as many as there are cores.
    """
    name_array = np.array(list(names), dtype=object)
    order = np.argsort(name_array, kind="stable")
    name_array, hashes = name_array[order], hashes[order]
    _, first, group = np.unique(hashes[:, 0], return_index=True, return_inverse=True)
    representative = first[group]
    copies = np.flatnonzero(representative != np.arange(len(hashes)))
    stand_for = np.sort(first)
    found = [np.zeros((0, 2), np.int64), np.column_stack([representative[copies], copies])]
    # Sorting frees the interpreter: columns are sorted side by side.
    with ThreadPoolExecutor(workers if workers > 0 else os.cpu_count()) as pool:
        found += pool.map(lambda column: _bucket_pairs(hashes[stand_for, column], stand_for), range(1, BUCKETS))
    if renewed is not None:
        wanted = np.array([name in renewed for name in name_array.tolist()], bool)
        found = [pairs[wanted[pairs].any(axis=1)] for pairs in found]
    pairs = _distinct_rows(np.concatenate(found), len(hashes))
    pairs = pairs[_alike_in_sketch(pairs, hashes)]
    return pd.DataFrame({"left_id": name_array[pairs[:, 0]], "right_id": name_array[pairs[:, 1]]}, dtype="str")


def _alike_in_sketch(pairs: npt.NDArray[np.int64], hashes: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Pairs whose texts may share what the least of the bounds asks for; one without text is never refused."""
    sketches = np.ascontiguousarray(hashes[:, _SKETCH_BYTES]).view(np.uint8)
    agreeing = np.zeros(len(pairs))
    for start in range(0, len(pairs), _PAIRS_AT_ONCE):
        left, right = pairs[start : start + _PAIRS_AT_ONCE].T
        agreeing[start : start + len(left)] = (sketches[left] == sketches[right]).sum(axis=1)
    sizes = hashes[:, -1][pairs]
    common = _SAME_REQUISITION * sizes.min(axis=1)
    jaccard = common / np.maximum(sizes.sum(axis=1) - common, 1)
    least = jaccard * PERMUTATIONS - _STANDARD_ERRORS * np.sqrt(jaccard * (1 - jaccard) * PERMUTATIONS)
    return np.asarray(agreeing >= least)


def _distinct_counts(shingles: Shingles) -> npt.NDArray[np.int64]:
    """How many distinct shingles each text has. Texts of a length are sorted together, each in a row of its own."""
    sizes, counts = np.diff(shingles.starts), np.zeros(len(shingles), np.int64)
    by_size = np.argsort(sizes, kind="stable")
    for start in range(np.count_nonzero(sizes == 0), len(by_size), _SORTED_TOGETHER):
        rows = by_size[start : start + _SORTED_TOGETHER]
        # A shorter text's last shingle is repeated.
        places = np.minimum(np.arange(sizes[rows[-1]]), sizes[rows, None] - 1)
        ordered = np.sort(shingles.hashes[shingles.starts[rows, None] + places], axis=1)
        counts[rows] = 1 + np.count_nonzero(ordered[:, 1:] != ordered[:, :-1], axis=1)
    return counts


def distinct(hashes: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """`np.unique`, several times faster for numbers of 64 random bits."""
    ordered = np.sort(hashes)
    return ordered[np.concatenate([ordered[:1] == ordered[:1], ordered[1:] != ordered[:-1]])]


def marks_of(sought: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """By the last bits of a hash, whether one of those sought may be it."""
    marks = np.zeros(1 << (_MARKS_PER_HASH * len(sought)).bit_length(), bool)
    marks[sought & (len(marks) - 1)] = True
    return marks


def _distinct_rows(pairs: npt.NDArray[np.int64], count: int) -> npt.NDArray[np.int64]:
    keys = distinct(pairs[:, 0] * count + pairs[:, 1])
    return np.column_stack(np.divmod(keys, max(count, 1)))


def _openings_of(candidates: pd.DataFrame, postings: pd.DataFrame) -> dict[str, Opening]:
    wanted = set(candidates["left_id"]) | set(candidates["right_id"])
    return read_openings(postings[[name in wanted for name in postings["posting_id"].tolist()]])


@no_collection()
def judge_openings(candidates: pd.DataFrame, openings: Mapping[str, Opening]) -> pd.DataFrame:
    """The candidates that are the same opening.

    Parameters
    ----------
    candidates : frame of left_id and right_id, keys of `openings`
    openings : the facts of each posting

    Returns
    -------
    frame of left_id, right_id, similarity (share of the shorter text's word triples that the other has, 0-1; 1 where
    a text is missing) and reason
    """
    names = sorted({*candidates["left_id"], *candidates["right_id"]})
    shingles = shingle([openings[name].text for name in names])
    texts = {name: _Text(distinct(shingles.of(number))) for number, name in enumerate(names)}
    accepted = []
    for left_id, right_id in zip(candidates["left_id"], candidates["right_id"], strict=True):
        verdict = _judge(openings[left_id], openings[right_id], texts[left_id], right_text=texts[right_id])
        if verdict is not None:
            accepted.append((left_id, right_id, *verdict))
    return pd.DataFrame(accepted, columns=LINK_COLUMNS).astype(
        {"left_id": "str", "right_id": "str", "similarity": "float64", "reason": "str"}
    )


@no_collection()
def read_openings(postings: pd.DataFrame) -> dict[str, Opening]:
    """The facts of each posting by its `posting_id`."""
    return {str(row["posting_id"]): read_opening(row) for row in _rows(postings)}


def resolve_clusters(links: pd.DataFrame, openings: Mapping[str, Opening]) -> dict[str, str]:
    """Join the links, strongest first, then by ids; a link that would bring a contradiction into a cluster is left.

    Returns the cluster (its smallest posting id) of every linked posting; the order of `links` does not matter.
    """
    members: dict[str, list[str]] = {}
    cluster_of: dict[str, str] = {}
    for name in {*links["left_id"], *links["right_id"]}:
        members[name], cluster_of[name] = [name], name
    ordered = links.sort_values(["similarity", "left_id", "right_id"], ascending=[False, True, True], kind="stable")
    for left_id, right_id in zip(ordered["left_id"], ordered["right_id"], strict=True):
        left, right = cluster_of[left_id], cluster_of[right_id]
        if left == right:
            continue
        # What was judged as a pair does not contradict itself.
        alone = len(members[left]) == len(members[right]) == 1
        if not alone and _contradict(members[left], members[right], openings):
            continue
        kept, joined = min(left, right), max(left, right)
        for name in members[joined]:
            cluster_of[name] = kept
        members[kept] += members.pop(joined)
    return cluster_of


def canonical_posting(members: Iterable[str], lengths: Mapping[str, int]) -> str:
    """The posting to show for a cluster: the longest description, then the smallest id."""
    return min(members, key=lambda name: (-lengths[name], name))


def _judge(left: Opening, right: Opening, left_text: _Text, *, right_text: _Text) -> tuple[float, str] | None:
    # The cheap questions first; none needs the whole text.
    titles = _compare_titles(left.title, right.title)
    if left.title.levels != right.title.levels or (titles == "different" and not left.title.core & right.title.core):
        return None
    employer = compare_companies(left, right)
    shared_number = employer != "other" and bool(left.requisitions & right.requisitions)
    if titles == "different" and employer != "other" and not shared_number:
        return None
    if conflict(left, right) is not None:
        return None
    shorter, longer = sorted((len(left_text.hashes), len(right_text.hashes)))
    known_place = (
        same_city(left, right)
        or (left.places.remote is True and right.places.remote is True)
        or left.places.share_a_metropolis(right.places)
        or agency_nearby(left, right)
    )
    if not shorter:
        if titles == "equal" and left.company_key and left.company_key == right.company_key and known_place:
            return 1.0, "same employer, title and place; one has no text"
        return None
    common = len(np.intersect1d(left_text.hashes, right_text.hashes, assume_unique=True))
    share = common / shorter
    bound = _bound(left, right, employer=employer, titles=titles, known_place=known_place)
    if shared_number:
        bound = min(bound, _SAME_REQUISITION)
    elif employer == "other" and shorter < _SHORT_TEXT:
        bound = max(bound, _OTHER_EMPLOYER_SHORT) if shorter >= _SHORTEST_TEXT else _NO_TEXT_IS_ENOUGH
    if share < bound or (titles != "equal" and not _title_fits(left, right, share=share, titles=titles)):
        return None
    names_differ = share < 1 and (
        (names_of_its_own(left, right) and names_of_its_own(right, left)) or another_name_stands_there(left, right)
    )
    if _two_posts(left, right) or (employer != "other" and not shared_number and names_differ):
        return None
    return round(share, 4), _reason(
        share, longer_share=common / longer, employer=employer, titles=titles, shared_number=shared_number
    )


def _bound(left: Opening, right: Opening, *, employer: str, titles: str, known_place: bool) -> float:
    """How much of the shorter text must stand in the longer one; more than 1 where no text is enough."""
    if employer != "other":
        if titles == "equal" and left.is_of_an_agency and right.is_of_an_agency:
            return _SAME_AGENCY
        return _SAME_EMPLOYER if titles == "equal" else _SAME_EMPLOYER_LONGER_TITLE
    if not known_place:
        if left.places.cities and right.places.cities:
            return _NO_TEXT_IS_ENOUGH
        return _OTHER_EMPLOYER_LONGER_TITLE if titles == "equal" else _OTHER_EMPLOYER_UNTOLD
    if may_be_anybodys(left, right):
        return _NO_TEXT_IS_ENOUGH
    if names_itself(left, right) and names_itself(right, left):
        return _OTHER_EMPLOYER_NAMED
    if titles == "different":
        return _untold(left, right)
    if titles == "equal":
        return _OTHER_EMPLOYER
    return _AGENCY_LONGER_TITLE if left.is_of_an_agency or right.is_of_an_agency else _OTHER_EMPLOYER_LONGER_TITLE


def _untold(left: Opening, right: Opening) -> float:
    """How much of a copy must agree where its title has words of its own, which agencies add and leave out."""
    return _AGENCY_UNTOLD if left.is_of_an_agency or right.is_of_an_agency else _OTHER_EMPLOYER_UNTOLD


def _compare_titles(left: Title, right: Title) -> str:
    if left.core == right.core:
        return "equal"
    if left.core <= right.core or right.core <= left.core:
        return "longer"
    return "different"


def _title_fits(left: Opening, right: Opening, *, share: float, titles: str) -> bool:
    """What only one title says (a team, a language, a product), the other advert says in its text.

    Of a copy only a language or a market is asked: agencies write other words of their own into a title.
    """
    copied = _NEARLY_ALL if compare_companies(left, right) != "other" else _untold(left, right)
    same_market = left.languages_and_markets == right.languages_and_markets
    return _told(left, right) or (titles == "longer" and share >= copied and same_market)


def _told(left: Opening, right: Opening) -> bool:
    return left.speaks_of(right.title.core - left.title.core) and right.speaks_of(left.title.core - right.title.core)


def _reason(share: float, *, longer_share: float, employer: str, titles: str, shared_number: bool) -> str:
    text = "same text" if longer_share >= 0.99 else f"{share:.0%} of the shorter text stands in the other"
    parts = [
        "same requisition number" if shared_number else "",
        text,
        {"same": "same employer", "alike": "employer written another way", "other": "copy under another name"}[
            employer
        ],
        {"equal": "same title", "longer": "title with more words", "different": "title written another way"}[titles],
    ]
    return ", ".join(part for part in parts if part)


def _contradict(left: list[str], right: list[str], openings: Mapping[str, Opening]) -> bool:
    first, second = (
        {
            (o.requisitions, o.title, o.company_key, o.places, o.contracts, o.post): o
            for o in map(openings.__getitem__, names)
        }.values()
        for names in (left, right)
    )
    return any(
        conflict(a, b) is not None
        or _two_posts(a, b)
        or (_compare_titles(a.title, b.title) == "different" and not _one_under_two_titles(a, b))
        for a in first
        for b in second
    )


def _one_under_two_titles(left: Opening, right: Opening) -> bool:
    """Titles may differ under one requisition number and in an agency's copy, if each text has the other's words."""
    other = compare_companies(left, right) == "other"
    return (other or bool(left.requisitions & right.requisitions)) and _told(left, right)


def _two_posts(left: Opening, right: Opening) -> bool:
    return (
        compare_companies(left, right) != "other"
        and not left.requisitions & right.requisitions
        and another_post(left, right) is not None
    )


def _bucket_pairs(values: npt.NDArray[np.int64], positions: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """All pairs of positions with the same value, 0 and values held by more than `MAX_BUCKET` positions left out."""
    used = np.flatnonzero(values)
    # Few hashes are met again, and only these are worth knowing the places of: two thirds of the time.
    ordered = np.sort(values[used])
    again = marks_of(ordered[1:][ordered[1:] == ordered[:-1]])
    used = used[again[values[used] & (len(again) - 1)]]
    order = used[np.argsort(values[used], kind="stable")]
    ordered = values[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]])) if len(ordered) else used
    sizes = np.diff(np.concatenate([starts, [len(ordered)]]))
    found = [np.zeros((0, 2), np.int64)]
    for size in np.unique(sizes[(sizes > 1) & (sizes <= MAX_BUCKET)]):
        block = order[starts[sizes == size][:, None] + np.arange(size)]
        left, right = np.triu_indices(size, 1)
        found.append(np.column_stack([block[:, left].ravel(), block[:, right].ravel()]))
    return positions[np.concatenate(found)]


_remembered_hash = lru_cache(maxsize=65_536)(stable_hash)


def _fact_hashes(row: Mapping[str, object]) -> tuple[int, ...]:
    """Hashes of level, employer, core of the title, city and region, 0 for one that the posting does not have.

    Employers, titles and cities recur.
    """
    company, title = text_or_empty(row.get("company")), text_or_empty(row.get("title"))
    employer, cities = company_key(company) if company else "", cities_of(row)
    parts = read_title(title, company, cities=cities)
    city, state = min(cities) if cities else ("", "")
    return (
        _level_hash(parts.levels),
        _remembered_hash("employer", employer) if employer else 0,
        _core_hash(parts.core),
        _remembered_hash("city", city) if city else 0,
        # Other employers' copies may name the suburb.
        _remembered_hash("region", metropolis(city, state)) if city else 0,
    )


@lru_cache(maxsize=4_096)
def _level_hash(levels: frozenset[str]) -> int:
    return stable_hash("level", *sorted(levels))


@lru_cache(maxsize=65_536)
def _core_hash(core: frozenset[str]) -> int:
    return stable_hash("core of the title", " ".join(sorted(core))) if core else 0


def _together(*facts: Hashes, optional: Hashes) -> Hashes:
    """One hash of several facts, 0 where one of them is missing."""
    known = np.all([column > 0 for column in facts], axis=0)
    return np.where(known, mix(np.full(len(optional), len(facts), np.uint64), *facts, optional), 0)


def _identities(rows: list[dict[str, object]]) -> Hashes:
    names = [name for name in COLUMNS if name != "description"]
    return np.array(
        [stable_hash(*(v if isinstance(v, str) else "" for v in map(row.get, names))) for row in rows], np.uint64
    )


def _text_hashes(shingles: Shingles) -> Hashes:
    """One hash for each text's shingles; the order of shingles does not count."""
    starts, sums = shingles.starts[:-1], np.zeros(len(shingles), np.uint64)
    has_some = starts < shingles.starts[1:]
    sums[has_some] = np.add.reduceat(shingles.hashes, starts[has_some])
    return sums


def _rows(postings: pd.DataFrame) -> list[dict[str, object]]:
    names = [name for name in ("posting_id", *COLUMNS) if name in postings.columns]
    columns = [postings[name].tolist() for name in names]
    return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]
