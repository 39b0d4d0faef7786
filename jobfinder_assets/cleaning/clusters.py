"""Clusters of the postings in the lake, kept up to date: work follows what is new, the result is that of a full run.

`posting_bands` says which content of a posting has been compared and is written last, so that a run that was killed
is done again from where the lake stands. What a new posting can change is bounded: the pairs it makes, the buckets
that it fills or empties, and the clusters that those links reach.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from jobfinder_assets.cleaning.duplicates import (
    BUCKETS,
    COLUMNS,
    DUPLICATES_VERSION,
    LINK_COLUMNS,
    MAX_BUCKET,
    WIDTH,
    candidate_pairs,
    canonical_posting,
    distinct,
    fingerprint,
    judge_openings,
    marks_of,
    read_openings,
    resolve_clusters,
)
from jobfinder_assets.cleaning.workers import mapped, rows_at_once, suited_to
from jobfinder_assets.config import Compute
from jobfinder_assets.storage.lake import Lake

_POSTING_COLUMNS = ["posting_id", *COLUMNS, "posted_at", "first_seen_at"]
# Postings whose texts are in memory at once, and those that are settled together.
BATCH, _PART = 20_000, 2_000
_ANOTHER_ADVERT = pd.Timedelta(days=1)
# Fewer are done sooner than other processes start, or than they are handed over.
_TO_START_WORKERS, _FOR_WORKERS = 40_000, 2_000
_ROWS_AT_ONCE = 4_096

Bands = npt.NDArray[np.int64]


@dataclass(frozen=True)
class ClusterUpdate:
    """What one run did. `links` to `reposts` count what is in the lake afterwards, `written` the rows written."""

    new: int
    changed: int
    unchanged: int
    removed: int
    links: int
    clusters: int
    duplicates: int
    reposts: int
    written: int


@dataclass(frozen=True)
class _Bands:
    """Hashes by posting: row `i` of `hashes` is that of `names[i]`; names are sorted."""

    names: npt.NDArray[np.object_]
    hashes: Bands

    def keep(self, chosen: npt.NDArray[np.bool_]) -> "_Bands":
        return _Bands(self.names[chosen], self.hashes[chosen])


@dataclass(frozen=True)
class _History:
    """Hashes of every posting compared `before` this run and of those to be compared `after` it.

    The rows of all `blocks`, one block after the other, belong to `names`; a posting that changed has two. Blocks are
    as the lake hands them out: none is copied, and one fits in the processor's cache.
    """

    names: pa.Array
    blocks: list[Bands]
    before: npt.NDArray[np.bool_]
    after: npt.NDArray[np.bool_]

    def of(self, names: Collection[str]) -> npt.NDArray[np.bool_]:
        return _among_names(self.names, names)

    def bands(self, rows: npt.NDArray[np.bool_]) -> _Bands:
        names = np.array(self.names.filter(pa.array(rows)).to_pylist(), dtype=object)
        return _sorted_bands(names, self._hashes(rows))

    def neighbours(self, rows: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """The rows themselves and all that share a hash with one, and so all their identical adverts."""
        if rows.all():
            return rows
        sought = distinct(self._hashes(rows)[:, :BUCKETS].ravel())
        parts = (
            block[start : start + _ROWS_AT_ONCE, :BUCKETS]
            for block in self.blocks
            for start in range(0, len(block), _ROWS_AT_ONCE)
        )
        return rows | _rows_with(sought[sought != 0], parts)

    def _hashes(self, rows: npt.NDArray[np.bool_]) -> Bands:
        ends = np.cumsum([len(block) for block in self.blocks])
        return np.concatenate(
            [block[rows[end - len(block) : end]] for block, end in zip(self.blocks, ends, strict=True)]
        )


def _rows_with(sought: Bands, parts: Iterable[Bands]) -> npt.NDArray[np.bool_]:
    """Which rows of the parts hold one of the sorted hashes: only those that share their last bits are looked up.

    That another column's hash is the same counts too; candidates are made column by column.
    """
    marks = marks_of(sought)
    found = [np.zeros(0, bool)]
    for hashes in parts:
        rows, columns = np.nonzero(marks[hashes & (len(marks) - 1)])
        values = hashes[rows, columns]
        held = np.zeros(len(hashes), bool)
        held[rows[sought[np.searchsorted(sought[:-1], values)] == values]] = True
        found.append(held)
    return np.concatenate(found)


def update_clusters(lake: Lake, compute: Compute | None = None) -> ClusterUpdate:
    """Bring `duplicate_links`, `posting_clusters` and `posting_bands` in line with `postings`.

    Nothing is written when no posting is new, changed or gone. `compute` says where many new postings are hashed
    (default: here). A second update of the same lake waits for the first: its differences are to what that one wrote.
    """
    with lake.lock("posting_clusters"):
        return _update(lake, compute or Compute(workers=1))


def _update(lake: Lake, compute: Compute) -> ClusterUpdate:
    versions = _with_version(lake.read_arrow("postings", ["posting_id", "content_hash", "cleaning_version"]))
    stored = lake.read_arrow("posting_bands")
    fresh, changed_count = _to_compare(versions, stored)
    links, clusters = lake.read_arrow("duplicate_links"), lake.read_arrow("posting_clusters")
    known = [stored["posting_id"], clusters["posting_id"], links["left_id"], links["right_id"]]
    gone = _without(pa.chunked_array([part for column in known for part in column.chunks], pa.string()), versions)
    written = 0
    if fresh or gone:
        where = suited_to(compute, len(fresh), to_start=_TO_START_WORKERS, once_started=_FOR_WORKERS)
        computed = _compute_bands(lake, fresh, where)
        history = _history(stored, computed, drop=gone)
        near = history.neighbours(history.of(fresh | gone))
        shaken = _shaken(history.bands(near & history.before), history.bands(near & history.after), fresh | gone)
        renewed = fresh | shaken
        if shaken:
            near |= history.neighbours(history.of(shaken) & history.after)
        # These have the renewed postings and all that share a bucket with one.
        bands = history.bands(near & history.after)
        pairs = candidate_pairs(bands.names, bands.hashes, renewed=renewed, workers=compute.workers)
        lost = _among_names(links["left_id"], renewed | gone) | _among_names(links["right_id"], renewed | gone)
        seeds = _seeds(renewed | gone, links, clusters) - gone
        kept = links.filter(pa.array(~lost))
        found, remade = _settle(lake, pairs, kept, seeds, where)
        touched = _among_names(clusters["posting_id"], gone.union(_listed(remade["posting_id"])))
        written += _write_difference(lake, "duplicate_links", links.filter(pa.array(lost)).to_pandas(), found)
        written += _write_difference(lake, "posting_clusters", clusters.filter(pa.array(touched)).to_pandas(), remade)
        links = pa.concat_tables([kept, pa.Table.from_pandas(found, kept.schema, preserve_index=False)])
        rows = pa.Table.from_pandas(remade, clusters.schema, preserve_index=False)
        clusters = pa.concat_tables([clusters.filter(pa.array(~touched)), rows])
        written += lake.merge("posting_bands", _bands_table(computed, versions))
        written += lake.delete("posting_bands", pd.DataFrame({"posting_id": sorted(gone)}, dtype="str"))
    canonical = clusters.filter(pc.equal(clusters["posting_id"], clusters["canonical_id"]))
    return ClusterUpdate(
        new=len(fresh) - changed_count,
        changed=changed_count,
        unchanged=len(versions) - len(fresh),
        removed=len(gone),
        links=len(links),
        clusters=len(canonical),
        duplicates=len(clusters) - len(canonical),
        reposts=pc.sum(canonical["reposts"]).as_py() or 0,
        written=written,
    )


def biggest_clusters(lake: Lake, count: int = 10) -> pd.DataFrame:
    """The clusters with the most postings: cluster_id, size, title, company and the reasons of their joins."""
    clusters = lake.read("posting_clusters", where=[("size", ">", 1)])
    columns = ["cluster_id", "size", "title", "company", "reasons"]
    if clusters.empty:
        return pd.DataFrame(columns=columns)
    sizes = clusters[["cluster_id", "canonical_id", "size"]].drop_duplicates()
    top = sizes.sort_values(["size", "cluster_id"], ascending=[False, True]).head(count)
    shown = lake.read("postings", ["posting_id", "title", "company"], _among(top["canonical_id"]))
    reasons = clusters.groupby("cluster_id")["reason"].agg(
        lambda values: "; ".join(f"{number}× {reason}" for reason, number in values.value_counts().head(2).items())
    )
    table = top.merge(shown, left_on="canonical_id", right_on="posting_id", how="left")
    return table.assign(reasons=table["cluster_id"].map(reasons))[columns].reset_index(drop=True)


def _with_version(postings: pa.Table) -> pa.Table:
    cleaned = pc.fill_null(postings["cleaning_version"], "")
    return postings.append_column("duplicates_version", pc.binary_join_element_wise(DUPLICATES_VERSION, cleaned, "/"))


def _to_compare(versions: pa.Table, stored: pa.Table) -> tuple[set[str], int]:
    """Postings whose content was not compared yet by this version of the code, and how many are not new."""
    place = pc.index_in(versions["posting_id"], stored["posting_id"].combine_chunks())
    same = [
        pc.equal(pc.fill_null(versions[name], ""), pc.fill_null(stored[name], "").take(place))
        for name in ("content_hash", "duplicates_version")
    ]
    other = pc.invert(pc.fill_null(pc.and_(*same), False))
    changed = pc.and_(other, pc.is_valid(place))
    return set(versions["posting_id"].filter(other).to_pylist()), pc.sum(changed).as_py() or 0


def _without(names: pa.ChunkedArray, versions: pa.Table) -> set[str]:
    """Those names that no posting has."""
    missing = pc.invert(pc.is_in(names, versions["posting_id"].combine_chunks()))
    return set(names.filter(missing).to_pylist())


def _compute_bands(lake: Lake, fresh: Collection[str], compute: Compute) -> _Bands:
    names: list[str] = []
    parts = [np.zeros((0, WIDTH), np.int64)]

    def batches() -> Iterator[tuple[pd.DataFrame]]:
        rows = rows_at_once(compute, len(fresh), most=compute.batch_rows)
        for batch in lake.batches("postings", _POSTING_COLUMNS, _among(fresh), rows=rows):
            names.extend(batch["posting_id"].tolist())
            yield (batch,)

    parts += mapped(fingerprint, batches() if fresh else (), compute)
    return _sorted_bands(np.array(names, dtype=object), np.concatenate(parts))


def _history(stored: pa.Table, computed: _Bands, *, drop: Collection[str]) -> _History:
    names, blocks = [pa.array(computed.names.tolist(), pa.string())], [computed.hashes]
    for batch in stored.to_batches():
        # Rows of another width were written by another version of the code: they are compared anew.
        fitting = pc.equal(pc.list_value_length(batch["bands"]), WIDTH)
        if pc.all(fitting).as_py() is not True:
            batch = batch.filter(fitting)
        names.append(batch["posting_id"])
        blocks.append(batch["bands"].flatten().to_numpy().reshape(len(batch), WIDTH))
    together = pa.concat_arrays(names)
    new = np.arange(len(together)) < len(computed.names)
    away = _among_names(together, {*computed.names.tolist(), *drop})
    return _History(together, blocks, before=~new, after=new | ~away)


def _sorted_bands(names: npt.NDArray[np.object_], hashes: Bands) -> _Bands:
    order = np.argsort(names, kind="stable")
    return _Bands(names[order], hashes[order])


def _shaken(before: _Bands, after: _Bands, moved: Collection[str]) -> set[str]:
    """Postings that did not move themselves but whose candidates may: the representative of their identical adverts
    changed, or one of their buckets passed the bound in either direction."""
    if not set(after.names).difference(moved):
        return set()
    moved_before, moved_after = (np.array([name in moved for name in side.names], bool) for side in (before, after))
    identities = distinct(np.concatenate([before.hashes[moved_before, 0], after.hashes[moved_after, 0]]))
    old, new = _representatives(before, identities), _representatives(after, identities)
    changed = [value for value in identities.tolist() if old.get(value) != new.get(value)]
    shaken = set(after.names[np.isin(after.hashes[:, 0], np.array(changed, np.int64))])
    # A bucket changes when a posting that stands in it comes, goes, or hands over to another.
    stirred = set(moved) | shaken | set(before.names[np.isin(before.hashes[:, 0], np.array(changed, np.int64))])
    sides = [_standing(before), _standing(after)]
    mine = [side.hashes[np.array([name in stirred for name in side.names], bool)] for side in sides]
    for column in range(1, BUCKETS):
        touched = distinct(np.concatenate([mine[0][:, column], mine[1][:, column]]))
        full = [_full_buckets(side.hashes[:, column], touched[touched != 0]) for side in sides]
        crossed = np.setxor1d(full[0], full[1])
        if len(crossed):
            shaken |= set(after.names[np.isin(after.hashes[:, column], crossed)])
    return shaken


def _listed(column: pd.Series) -> list[str]:
    """The values of a column of Arrow strings; pandas would hand them out one by one."""
    return list(pa.array(column, pa.string()).to_pylist())


def _among_names(column: pa.Array | pa.ChunkedArray, names: Collection[str]) -> npt.NDArray[np.bool_]:
    found = pc.is_in(column, pa.array(list(names), pa.string()))
    return np.asarray(found.to_numpy(zero_copy_only=False), bool)


def _representatives(bands: _Bands, identities: Bands) -> dict[int, str]:
    inside = bands.keep(np.isin(bands.hashes[:, 0], identities))
    values, first = np.unique(inside.hashes[:, 0], return_index=True)
    return dict(zip(values.tolist(), inside.names[first], strict=True))


def _standing(bands: _Bands) -> _Bands:
    """The postings that stand for their identical adverts: those with the smallest id."""
    _, first = np.unique(bands.hashes[:, 0], return_index=True)
    chosen = np.zeros(len(bands.names), bool)
    chosen[first] = True
    return bands.keep(chosen)


def _full_buckets(values: Bands, among: Bands) -> Bands:
    """Which of the sorted hashes `among` more than `MAX_BUCKET` of the values equal."""
    marks = marks_of(among)
    likely = values[marks[values & (len(marks) - 1)]]
    if len(likely) <= MAX_BUCKET:
        return among[:0]
    place = np.searchsorted(among[:-1], likely)
    return among[np.bincount(place[among[place] == likely], minlength=len(among)) > MAX_BUCKET]


def _settle(
    lake: Lake, pairs: pd.DataFrame, stored: pa.Table, seeds: Collection[str], compute: Compute
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """New links among the candidate pairs, and rows of `posting_clusters` for the seeds and all that links reach.

    Parts that share no posting are judged and resolved by themselves, where `compute` says; few are read at once.
    """
    both = ["left_id", "right_id"]
    links = _reached(stored, {*seeds, *_listed(pairs["left_id"]), *_listed(pairs["right_id"])}).to_pandas()
    component = _components(*(_listed(pairs[name]) + _listed(links[name]) for name in both))
    reached = {component[name] for name in seeds if name in component}
    alone = sorted(name for name in seeds if name not in component)
    sizes = pd.Series([name for name in component.values() if name in reached]).value_counts()
    rows = rows_at_once(compute, int(sizes.sum()), most=_PART)
    part_of = ((sizes.sort_index().cumsum() - 1) // rows).to_dict()

    def parts() -> Iterator[tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]]:
        of_pairs, of_links = (
            frame.groupby(frame["left_id"].map(component).map(part_of)).indices for frame in (pairs, links)
        )
        numbers = range(max(part_of.values(), default=-1) + 1)
        for start in numbers[:: BATCH // rows]:
            chosen = numbers[start : start + BATCH // rows]
            frames = [(pairs.iloc[of_pairs.get(n, [])], links.iloc[of_links.get(n, [])]) for n in chosen]
            ids = [{name for frame in mine for column in both for name in frame[column].tolist()} for mine in frames]
            postings = lake.read("postings", _POSTING_COLUMNS, _among(set().union(*ids)))
            for mine, names in zip(frames, ids, strict=True):
                yield (*mine, postings[_among_names(pa.array(postings["posting_id"], pa.string()), names)])

    settled = list(mapped(_settle_part, parts(), compute))
    empty = pd.DataFrame(columns=LINK_COLUMNS).astype({"similarity": "float64"})
    found = pd.concat([empty, *(found for found, _ in settled)], ignore_index=True) if settled else empty
    return found, pd.concat([_singletons(alone), *(rows for _, rows in settled)], ignore_index=True)


def _reached(links: pa.Table, names: Collection[str]) -> pa.Table:
    """The links that a walk along links comes to from `names`."""
    reached, inside, size = set(names), links.slice(0, 0), -1
    while len(inside) > size:
        size = len(inside)
        inside = links.filter(
            pa.array(_among_names(links["left_id"], reached) | _among_names(links["right_id"], reached))
        )
        reached.update(inside["left_id"].to_pylist(), inside["right_id"].to_pylist())
    return inside


def _settle_part(pairs: pd.DataFrame, links: pd.DataFrame, postings: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    openings = read_openings(postings)
    found = judge_openings(pairs, openings)
    links = pd.concat([links, found], ignore_index=True)
    clusters = resolve_clusters(links, openings)
    lengths = {name: len(opening.text) for name, opening in openings.items()}
    # A source that dates nothing was at least seen for the first time at some time.
    dates = postings["posted_at"].fillna(postings["first_seen_at"]).set_axis(postings["posting_id"])
    rows = [
        cluster_rows(links, clusters, lengths=lengths, dates=dates),
        _singletons(sorted(openings.keys() - clusters.keys())),
    ]
    return found, pd.concat(rows, ignore_index=True)


def cluster_rows(
    links: pd.DataFrame, cluster_of: Mapping[str, str], *, lengths: Mapping[str, int], dates: pd.Series
) -> pd.DataFrame:
    """Rows of `posting_clusters`: each posting with its strongest link inside its cluster; the canonical has none.

    `dates` holds the time of each posting's advert, or nothing; an opening's `reposts` is how many times it was
    advertised again, a day or more after the advert before.
    """
    members: dict[str, list[str]] = {}
    for name, cluster in cluster_of.items():
        members.setdefault(cluster, []).append(name)
    canonical = {cluster: canonical_posting(names, lengths) for cluster, names in members.items()}
    inside = links[links["left_id"].map(cluster_of) == links["right_id"].map(cluster_of)]
    both = pd.concat(
        [
            inside.rename(columns={"left_id": "posting_id", "right_id": "joined_to"}),
            inside.rename(columns={"right_id": "posting_id", "left_id": "joined_to"}),
        ]
    ).sort_values(["posting_id", "similarity", "joined_to"], ascending=[True, False, True])
    best = both.drop_duplicates("posting_id").set_index("posting_id")
    names = sorted(cluster_of)
    frame = pd.DataFrame({"posting_id": names, "cluster_id": [cluster_of[name] for name in names]}, dtype="str")
    frame["canonical_id"] = frame["cluster_id"].map(canonical)
    frame["size"] = frame["cluster_id"].map({cluster: len(names) for cluster, names in members.items()})
    frame["reposts"] = _reposts(dates.reindex(names), frame["cluster_id"])
    joined = frame["posting_id"] != frame["canonical_id"]
    for column in ("joined_to", "reason", "similarity"):
        frame[column] = frame["posting_id"].map(best[column]).where(joined)
    return frame


def _reposts(dates: pd.Series, clusters: pd.Series) -> pd.Series:
    dated = pd.DataFrame({"cluster": clusters, "date": pd.to_datetime(dates.array, utc=True)}).dropna()
    dated = dated.sort_values(["cluster", "date"])
    later = dated.groupby("cluster")["date"].diff() >= _ANOTHER_ADVERT
    return clusters.map(later.groupby(dated["cluster"]).sum()).fillna(0).astype(int)


def _singletons(names: list[str]) -> pd.DataFrame:
    frame = pd.DataFrame({"posting_id": names, "cluster_id": names, "canonical_id": names}, dtype="str")
    return frame.assign(size=1, reposts=0, joined_to=None, reason=None, similarity=np.nan)


def _seeds(moved: Collection[str], links: pa.Table, clusters: pa.Table) -> set[str]:
    """All postings whose cluster may change: the moved ones, their old cluster mates and old neighbours."""
    touched = links.filter(pa.array(_among_names(links["left_id"], moved) | _among_names(links["right_id"], moved)))
    near = {*moved, *touched["left_id"].to_pylist(), *touched["right_id"].to_pylist()}
    own = clusters.filter(pa.array(_among_names(clusters["posting_id"], near)))
    mates = clusters.filter(pa.array(_among_names(clusters["cluster_id"], set(own["cluster_id"].to_pylist()))))
    return near.union(mates["posting_id"].to_pylist())


def _components(left: Iterable[str], right: Iterable[str]) -> dict[str, str]:
    """Each posting's connected component, named by its smallest posting."""
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        path = []
        while parent.setdefault(name, name) != name:
            path.append(name)
            name = parent[name]
        for step in path:
            parent[step] = name
        return name

    for first, second in zip(left, right, strict=True):
        a, b = root(first), root(second)
        if a != b:
            parent[max(a, b)] = min(a, b)
    return {name: root(name) for name in list(parent)}


def _write_difference(lake: Lake, table: str, old: pd.DataFrame, new: pd.DataFrame) -> int:
    """Upsert the rows that are new or differ, delete those that are no more; the rest is not written."""
    if old.empty:
        return lake.merge(table, new)
    key = ["left_id", "right_id"] if table == "duplicate_links" else ["posting_id"]
    columns = list(old.columns)
    before, after = (
        dict(zip(_tuples(frame, key), _tuples(frame, columns), strict=True)) for frame in (old, new[columns])
    )
    differs = np.array([before.get(name) != values for name, values in after.items()], bool)
    rows = new[columns].loc[differs].reset_index(drop=True)
    written = lake.merge(table, rows, replacing=not before.keys().isdisjoint(_tuples(rows, key)))
    lost = pd.DataFrame([name for name in before if name not in after], columns=key, dtype="str")
    return written + lake.delete(table, lost)


def _tuples(frame: pd.DataFrame, columns: list[str]) -> list[tuple[object, ...]]:
    values = [frame[name].astype(object).where(frame[name].notna(), None).tolist() for name in columns]
    return list(zip(*values, strict=True))


def _bands_table(computed: _Bands, versions: pa.Table) -> pa.Table:
    names = pa.array(computed.names.tolist(), pa.string())
    mine = versions.filter(pc.is_in(versions["posting_id"], names))
    facts = mine.take(pc.index_in(names, mine["posting_id"].combine_chunks()))
    return pa.table(
        {
            "posting_id": names,
            "content_hash": facts["content_hash"],
            "duplicates_version": facts["duplicates_version"],
            "bands": pa.ListArray.from_arrays(
                np.arange(len(computed.names) + 1, dtype=np.int32) * WIDTH, pa.array(computed.hashes.ravel())
            ),
        }
    )


def _among(ids: Iterable[str]) -> list[tuple[str, str, list[str]]]:
    return [("posting_id", "in", sorted(ids))]
