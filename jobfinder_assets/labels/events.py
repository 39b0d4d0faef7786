"""From label files to the append-only `label_events` and `role_corrections`, so that no row is ever lost.

For each file: the events in one commit, then the bad rows, then the file itself out of the inbox. A
process killed in between leaves the file in the inbox, and reading it again changes nothing.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from itertools import chain, count
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pandas as pd
import pyarrow as pa

from jobfinder_assets.config import Home
from jobfinder_assets.labels.files import (
    COLUMNS,
    BadRow,
    Label,
    LabelFileError,
    digest,
    parse,
    read,
    ready_files,
    short_name,
)
from jobfinder_assets.storage.files import write_bytes, write_text
from jobfinder_assets.storage.lake import Lake
from jobfinder_assets.storage.schemas import TABLES
from jobfinder_assets.storage.spreadsheet import safe_cell

# The policy of a posting that was shown a second time, unannounced (`labels.queue`).
AGAIN = "again"
# What stands beside a label file that was refused as a whole.
_PROBLEM = ".problem.txt"
# Query parameters that say where a click came from, not which posting it leads to.
_TRACKING = frozenset({"fbclid", "gclid", "gh_src", "lever-source", "lever_source", "trk"})


@dataclass(frozen=True)
class Consumed:
    """What became of the files: every row is new, a duplicate, or in quarantine.

    problems: how often each reason sent a row to quarantine.
    refused: the files that could not be used as a whole, with the reason.
    profiles: the profiles that the new events belong to.
    """

    new: int = 0
    duplicates: int = 0
    quarantined: int = 0
    files: tuple[str, ...] = ()
    problems: Counter[str] = field(default_factory=Counter)
    refused: Mapping[str, str] = field(default_factory=dict)
    profiles: frozenset[str] = frozenset()

    @property
    def rows(self) -> int:
        return self.new + self.duplicates + self.quarantined

    def __add__(self, other: "Consumed") -> "Consumed":
        return Consumed(
            self.new + other.new,
            self.duplicates + other.duplicates,
            self.quarantined + other.quarantined,
            self.files + other.files,
            self.problems + other.problems,
            {**self.refused, **other.refused},
            self.profiles | other.profiles,
        )


def consume(lake: Lake, home: Home, *, now: datetime) -> Consumed:
    """Read every complete file of the inbox into `label_events`; returns what became of the rows.

    Idempotent: an event is known by its file's rows up to its own, so that the same file again adds
    nothing and a file that has grown adds its new rows only.
    """
    files = ready_files(home, now=now)
    if not files:
        return Consumed()
    known = {
        event for table in ("label_events", "role_corrections") for event in lake.read(table, ["event_id"])["event_id"]
    }
    postings = PostingIndex(lake)
    total = Consumed()
    for path in files:
        total += _consume_file(path, lake, home, known=known, postings=postings, now=now)
    if total.new:
        lake.compact("label_events")
    return total


def latest_labels(events: pd.DataFrame, cluster_of: "pd.Series[str] | None" = None) -> pd.DataFrame:
    """Each opening's label in force: the latest by labelled_at, then consumed_at, then event_id; withdrawn ones not.

    `events` has the columns of `label_events`, of one profile. `cluster_of` maps posting ids to the clusters of now,
    which may have changed since the label was consumed. Columns beside those: time; contradicted, whether its events
    disagree; said_again, whether it was shown again. A posting shown again keeps the policy and the propensity with
    which it was first chosen: those say what its label stands for.
    """
    found = _in_order(events, cluster_of)
    opening = found.groupby("cluster_id")
    found = found.assign(
        contradicted=opening["interesting"].transform("nunique") > 1,
        said_again=(found["policy"] == AGAIN).groupby(found["cluster_id"]).transform("any"),
    )
    if found["said_again"].any():
        # Numbers into the events rather than values: a propensity that is not known must not be filled from before.
        first = pd.Series(range(len(found)), index=found.index, dtype="float64").where(found["policy"] != AGAIN)
        chosen_at = first.groupby(found["cluster_id"]).ffill()
        known = chosen_at.notna()
        rows = chosen_at[known].astype(int)
        for name in ("policy", "propensity"):
            found.loc[known, name] = found[name].iloc[rows].to_numpy()
    latest = found.drop_duplicates("cluster_id", keep="last")
    return latest[latest["interesting"].notna()].astype({"interesting": bool})


@dataclass(frozen=True)
class Agreement:
    """How often a person said the same of a posting that was shown to them again."""

    same: int
    of: int

    def __str__(self) -> str:
        return f"the same word in {self.same} of {self.of}" if self.of else "nothing was shown again yet"


def self_agreement(events: pd.DataFrame, cluster_of: "pd.Series[str] | None" = None) -> Agreement:
    """A person's own consistency, from the events of one profile: an upper bound of what any model of them can reach.

    Each label of a posting shown again is compared with the word before it. No label counts twice for a model.
    """
    found = _in_order(events, cluster_of)
    told = found[found["interesting"].notna()].astype({"interesting": bool})
    before = told.groupby("cluster_id")["interesting"].shift(1)
    pairs = (told["policy"] == AGAIN) & before.notna()
    return Agreement(int((told["interesting"] == before)[pairs].sum()), int(pairs.sum()))


def _in_order(events: pd.DataFrame, cluster_of: "pd.Series[str] | None") -> pd.DataFrame:
    """The events by opening's current cluster and time; a second word that was taken back was never said."""
    found = events.assign(time=events["labelled_at"].fillna(events["consumed_at"])).sort_values(
        ["time", "consumed_at", "event_id"], na_position="first", kind="stable", ignore_index=True
    )
    found = found.assign(cluster_id=_clusters_now(found, cluster_of))
    opening = found.groupby("cluster_id")
    taken_back = found["interesting"].isna() & (opening["policy"].shift(1) == AGAIN)
    undone = taken_back.groupby(found["cluster_id"]).shift(-1, fill_value=False) & (found["policy"] == AGAIN)
    return found[~(taken_back | undone)].reset_index(drop=True)


def _clusters_now(events: pd.DataFrame, cluster_of: "pd.Series[str] | None") -> "pd.Series[str]":
    """The cluster of each event's posting, `events` oldest first.

    A posting that has left is where its latest event saw it: one posting is in one opening, whenever it was labelled.
    A cluster is named by a posting of it, and so may have another name by now.
    """
    ids = events["posting_id"]
    stored = events["cluster_id"].astype("object").groupby(ids).transform("last").fillna(ids)
    if cluster_of is None:
        return stored.astype("str")
    return ids.map(cluster_of).astype("object").fillna(stored.map(cluster_of)).fillna(stored).astype("str")


def label_counts(lake: Lake) -> list[dict[str, Any]]:
    """Events per profile: profile, interesting, not_interesting; withdrawals count as neither."""
    events = lake.read("label_events", ["profile", "interesting"])
    told = events["interesting"].fillna(-1).astype(int)
    return [
        {"profile": name, "interesting": int((kinds == 1).sum()), "not_interesting": int((kinds == 0).sum())}
        for name, kinds in told.groupby(events["profile"])
    ]


def _consume_file(
    path: Path, lake: Lake, home: Home, *, known: set[str], postings: "PostingIndex", now: datetime
) -> Consumed:
    try:
        content = read(path)
        received = min(datetime.fromtimestamp(path.stat().st_mtime, UTC), now)
        parsed = parse(content, received=received, now=now)
    except LabelFileError as error:
        _refuse(path, home, reason=str(error))
        return Consumed(files=(path.name,), refused={path.name: str(error)})
    except OSError as error:
        # Left where it is: whoever owns the file can still make it readable, or has just taken it back.
        return Consumed(refused={path.name: f"cannot be read: {error.strerror or error}"})
    bad = list(parsed.bad)
    resolved: list[tuple[Label, str]] = []
    for label in parsed.labels:
        try:
            resolved.append((label, postings.resolve(label.posting)))
        except UnknownPosting as error:
            bad.append(BadRow(label.line, str(error), label.cells))
    fresh = [(label, posting) for label, posting in resolved if label.event_id not in known]
    # A merge, not an append: should another process consume the same file now, its rows are found by their key.
    lake.merge("label_events", _events(fresh, postings, file=path.name, now=now))
    lake.merge("role_corrections", _corrections(fresh, file=path.name, now=now))
    known.update(label.event_id for label, _ in fresh)
    if bad:
        _quarantine(bad, home, name=path.name)
    _retire(path, home, content=content, now=now)
    return Consumed(
        new=len(fresh),
        duplicates=len(resolved) - len(fresh),
        quarantined=len(bad),
        files=(path.name,),
        problems=Counter(row.problem for row in bad),
        profiles=frozenset(label.profile for label, _ in fresh if label.profile),
    )


def _events(labels: Sequence[tuple[Label, str]], postings: "PostingIndex", *, file: str, now: datetime) -> pa.Table:
    clusters = postings.clusters({posting for _, posting in labels})
    rows = [
        {
            "event_id": label.event_id,
            "profile": label.profile,
            "posting_id": posting,
            "cluster_id": clusters.get(posting),
            "interesting": label.interesting,
            "reason": label.reason,
            "labelled_at": label.labelled_at,
            "consumed_at": now,
            "file": file,
            "row": label.line,
            "policy": label.policy,
            "propensity": label.propensity,
            "rank_shown": label.rank_shown,
            "score_shown": label.score_shown,
            "model_version": label.model_version,
        }
        for label, posting in labels
        if label.is_event
    ]
    return pa.Table.from_pylist(rows, schema=TABLES["label_events"].arrow)


def _corrections(labels: Sequence[tuple[Label, str]], *, file: str, now: datetime) -> pa.Table:
    rows = [
        {
            "event_id": label.event_id,
            "profile": label.profile,
            "posting_id": posting,
            "role": label.role,
            "corrected_at": label.labelled_at,
            "consumed_at": now,
            "file": file,
            "row": label.line,
        }
        for label, posting in labels
        if label.role is not None
    ]
    return pa.Table.from_pylist(rows, schema=TABLES["role_corrections"].arrow)


class UnknownPosting(LookupError):
    """No posting, or more than one opening, answers to what a row says."""

    def __str__(self) -> str:
        return str(self.args[0])


class PostingIndex:
    """Finds postings by id or URL; reads the lake once, and the URLs only when a row gives one."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake

    def resolve(self, posting: str) -> str:
        """The posting id that `posting` (an id or a URL) means. Raises `UnknownPosting`."""
        if posting in self._ids:
            return posting
        url = normal_url(posting)
        matches = sorted(self._urls.get(url, ())) if url else []
        if not matches:
            raise UnknownPosting(f"posting {posting[:200]!r} is unknown: no posting has this id or URL")
        if len(matches) > 1 and self._openings(matches) > 1:
            raise UnknownPosting(
                f"URL is that of {len(matches)} openings: give the id, one of {', '.join(matches[:5])}"
            )
        return matches[0]

    def clusters(self, posting_ids: Iterable[str]) -> dict[str, str]:
        """The cluster of each posting that has one."""
        wanted = [("posting_id", "in", sorted(posting_ids))]
        found = self._lake.read("posting_clusters", ["posting_id", "cluster_id"], wanted)
        return dict(zip(found["posting_id"], found["cluster_id"], strict=True))

    def _openings(self, posting_ids: Sequence[str]) -> int:
        clusters = self.clusters(posting_ids)
        return len({clusters.get(posting, posting) for posting in posting_ids})

    @cached_property
    def _ids(self) -> frozenset[str]:
        return frozenset(self._lake.read("postings", ["posting_id"])["posting_id"])

    @cached_property
    def _urls(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        postings = self._lake.read("postings", ["posting_id", "url"]).dropna()
        for posting_id, url in zip(postings["posting_id"], postings["url"], strict=True):
            if normal := normal_url(url):
                found.setdefault(normal, []).append(posting_id)
        return found


def normal_url(text: str) -> str | None:
    """A web address without scheme, `www.`, fragment, trailing slash and tracking parameters; None if it is none."""
    try:
        parts = urlsplit(text.strip() if "://" in text else f"https://{text.strip()}")
        host = (parts.hostname or "").removeprefix("www.")
        port = f":{parts.port}" if parts.port not in (None, 80, 443) else ""
        query = parse_qsl(parts.query, keep_blank_values=True, max_num_fields=100)
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or "." not in host or "@" in parts.netloc:
        return None
    kept = sorted((name, value) for name, value in query if name not in _TRACKING and not name.startswith("utm_"))
    return f"{host}{port}{parts.path.rstrip('/')}" + (f"?{urlencode(kept)}" if kept else "")


def _quarantine(rows: Sequence[BadRow], home: Home, *, name: str) -> Path:
    """Write bad rows as a label file of their own, to be mended and dropped again."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([*COLUMNS, "problem", "line", "raw"])
    for row in sorted(rows, key=lambda row: row.line):
        cells = [*(row.cells.get(column, "") for column in COLUMNS), row.problem, str(row.line), row.raw]
        writer.writerow(map(safe_cell, cells))
    content = text.getvalue().encode("utf-8", "backslashreplace")
    return write_bytes(_free_path(home.quarantine, f"{name.removesuffix('.csv')}.csv", content=content), content)


def quarantined(home: Home) -> tuple[int, int]:
    """How many rows and how many whole files lie in quarantine; somebody may be mending them."""
    names = {path.name for path in home.quarantine.glob("*")}
    refused = {name for name in names if f"{name}{_PROBLEM}" in names}
    rows = (_bad_rows(home.quarantine / name) for name in names - refused if not name.endswith(_PROBLEM))
    return sum(rows), len(refused)


def _bad_rows(path: Path) -> int:
    try:
        return len(pd.read_csv(path, dtype=str, usecols=["problem"]))
    except (OSError, ValueError):
        return 0


def _refuse(path: Path, home: Home, *, reason: str) -> None:
    """Keep a file that cannot be used beside a note that says why."""
    target = _free_path(home.quarantine, path.name)
    write_text(target.with_name(f"{target.name}{_PROBLEM}"), f"{path.name} {reason}\n")
    _move(path, target)


def _retire(path: Path, home: Home, *, content: bytes, now: datetime) -> None:
    """Move a consumed file out of the inbox; one that was written to meanwhile goes back for its new rows."""
    target = _free_path(home.consumed / f"{now:%Y-%m-%d}", path.name, content=content)
    if _move(path, target) and digest(target.read_bytes()) != digest(content):
        _move(target, _free_path(home.inbox, path.name))


def _move(path: Path, target: Path) -> bool:
    """Whether the file was there to be moved: another process that read the same rows may have been faster."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        path.replace(target)
    except FileNotFoundError:
        return False
    return True


def _free_path(folder: Path, name: str, *, content: bytes | None = None) -> Path:
    """`folder/name`, numbered while a file with another content than `content` has that name."""
    stem, dot, suffix = short_name(name).partition(".")
    names = chain([f"{stem}{dot}{suffix}"], (f"{stem}-{number}{dot}{suffix}" for number in count(2)))
    return next(path for path in map(folder.joinpath, names) if not path.exists() or _holds(path, content))


def _holds(path: Path, content: bytes | None) -> bool:
    return content is not None and path.stat().st_size == len(content) and path.read_bytes() == content
