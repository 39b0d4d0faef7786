"""What a person does in the app, stored at once: labels, roles, marks. No Streamlit here.

The app writes label files and nothing else: the sensor consumes them, as it does any other file. Until then the
files in the inbox count as well, so that what was just said is true at once, in every tab.
"""

import json
import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from filelock import FileLock

from jobfinder_assets.config import Home
from jobfinder_assets.labels.events import AGAIN, Agreement, latest_labels, self_agreement
from jobfinder_assets.labels.files import Label, drop_content, usable_labels
from jobfinder_assets.storage.lake import Lake
from jobfinder_assets.storage.schemas import TABLES

Mark = Literal["applied", "hidden", "skipped", "visit"]
# A pause of so long, and the next look is another visit.
_VISIT_PAUSE = timedelta(minutes=30)


@dataclass(frozen=True)
class Shown:
    """How a posting came before the person's eyes: what the queue knew when it was labelled."""

    policy: str = "own_choice"
    propensity: float | None = None
    rank: int | None = None
    score: float | None = None
    model_version: str | None = None


class People:
    """The words and marks of every profile, over one lake and home."""

    def __init__(self, lake: Lake, home: Home) -> None:
        self._lake = lake
        self._home = home

    def label(
        self, profile: str, posting_id: str, *, interesting: bool, reason: str = "", shown: Shown | None = None
    ) -> bool:
        """Say whether a posting is interesting; False when its opening had a label already, and nothing was written.

        One that is shown again (policy "again") is to have a label, and gets a second one; not a third.
        """
        with FileLock(self._home.root / "labels" / ".app.lock"):
            labels = self.labels(profile)
            if shown is not None and shown.policy == AGAIN:
                labels = labels[labels["said_again"]]
            if self._cluster(posting_id) in set(labels["cluster_id"]):
                return False
            self._say(
                profile, posting_id, "interesting" if interesting else "not interesting", reason, shown or Shown()
            )
        return True

    def change(self, profile: str, posting_id: str, *, interesting: bool, reason: str = "") -> None:
        """Another word on a posting that has a label: the latest counts."""
        self._say(profile, posting_id, "interesting" if interesting else "not interesting", reason, Shown())

    def withdraw(self, profile: str, posting_id: str) -> None:
        """Take the label of a posting back."""
        self._say(profile, posting_id, "withdrawn", "", Shown())

    def correct_role(self, profile: str, posting_id: str, role: str) -> None:
        """Say what a posting's role really is."""
        self._drop({"profile": profile, "posting": posting_id, "role": role}, "roles")

    def corrected(self) -> set[str]:
        """Postings whose role someone has corrected in a file that waits in the inbox."""
        return {label.posting for label in self._inbox() if label.role is not None}

    def labels(self, profile: str) -> pd.DataFrame:
        """The labels in force, those still in the inbox as well.

        Columns: posting_id, cluster_id, interesting, labelled_at; said_again, whether it was labelled a second time.
        """
        columns = ["posting_id", "cluster_id", "interesting", "labelled_at", "said_again"]
        return latest_labels(self._events(profile), self._clusters())[columns]

    def agreement(self, profile: str) -> Agreement:
        """How far the person agrees with themselves on what was shown to them again."""
        return self_agreement(self._events(profile), self._clusters())

    def _events(self, profile: str) -> pd.DataFrame:
        """Every event of the profile, those to come as well."""
        stored = self._lake.read("label_events", where=[("profile", "=", profile)])
        waiting = pd.DataFrame(self._waiting(profile), columns=TABLES["label_events"].columns)
        waiting["labelled_at"] = pd.to_datetime(waiting["labelled_at"], utc=True)
        waiting["consumed_at"] = pd.to_datetime(waiting["consumed_at"], utc=True)
        return pd.concat([stored, waiting], ignore_index=True) if len(waiting) else stored

    def waiting_labels(self, profile: str) -> int:
        """How many label rows of the profile the inbox holds, that no run has consumed."""
        return sum(1 for _ in self._waiting(profile))

    def mark(self, profile: str, mark: Mark, posting_id: str = "") -> None:
        """Append a mark to the profile's file; a line that a crash cut short is left out when it is read."""
        line = json.dumps({"mark": mark, "posting_id": posting_id, "time": datetime.now(UTC).isoformat()})
        path = self._marks_file(profile)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as stream:
            stream.write(f"{line}\n")
            stream.flush()
            os.fsync(stream.fileno())

    def unmark(self, profile: str, mark: Mark, posting_id: str) -> None:
        """Take a mark back."""
        self.mark(profile, f"not {mark}", posting_id)  # type: ignore[arg-type]

    def marked(self, profile: str, mark: Mark) -> set[str]:
        """Ids of the postings that carry a mark."""
        found: set[str] = set()
        for entry in self._marks(profile):
            if entry["mark"] == mark:
                found.add(entry["posting_id"])
            elif entry["mark"] == f"not {mark}":
                found.discard(entry["posting_id"])
        return found

    def visit(self, profile: str) -> datetime | None:
        """Note that the person looks; returns when they last looked before this visit, None when never."""
        times = [datetime.fromisoformat(entry["time"]) for entry in self._marks(profile) if entry["mark"] == "visit"]
        self.mark(profile, "visit")
        times.append(datetime.now(UTC))
        # Looks with short pauses between them are one visit.
        for later, earlier in zip(reversed(times), list(reversed(times))[1:], strict=False):
            if later - earlier > _VISIT_PAUSE:
                return earlier
        return None

    def _say(self, profile: str, posting_id: str, label: str, reason: str, shown: Shown) -> None:
        row: dict[str, Any] = {
            "profile": profile,
            "posting": posting_id,
            "label": label,
            "reason": reason,
            "policy": shown.policy,
            "propensity": shown.propensity,
            "rank_shown": shown.rank,
            "score_shown": shown.score,
            "model_version": shown.model_version,
        }
        self._drop(row, "app")

    def _drop(self, row: dict[str, Any], stem: str) -> None:
        told = {name: value for name, value in row.items() if value not in (None, "")}
        told["time"] = datetime.now(UTC).isoformat()
        # Two equal clicks are two files; the same file again would be one.
        told["click"] = uuid.uuid4().hex
        drop_content(f"{json.dumps(told)}\n".encode(), f"{stem}-{told['click'][:8]}", self._home)

    def _waiting(self, profile: str) -> Iterator[dict[str, Any]]:
        """Rows of `label_events` to come: what the inbox holds of the profile, oldest first."""
        now = datetime.now(UTC)
        for label in self._inbox():
            if label.profile == profile and label.is_event:
                yield {
                    "event_id": label.event_id,
                    "profile": profile,
                    "posting_id": label.posting,
                    "interesting": label.interesting,
                    "labelled_at": label.labelled_at,
                    "consumed_at": now,
                    "policy": label.policy,
                }

    def _inbox(self) -> Iterator[Label]:
        """Every row of the files that were dropped and not consumed yet."""
        return usable_labels(sorted(self._home.inbox.glob("*.dropped.*")), now=datetime.now(UTC))

    def _clusters(self) -> "pd.Series[str]":
        rows = self._lake.read("posting_clusters", ["posting_id", "cluster_id"])
        return rows.set_index("posting_id")["cluster_id"]

    def _cluster(self, posting_id: str) -> str:
        rows = self._lake.read("posting_clusters", ["cluster_id"], [("posting_id", "=", posting_id)])
        return posting_id if rows.empty else str(rows.iloc[0]["cluster_id"])

    def _marks(self, profile: str) -> Iterator[dict[str, str]]:
        path = self._marks_file(profile)
        for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if isinstance(entry, dict) and {"mark", "posting_id", "time"} <= set(entry):
                yield entry

    def _marks_file(self, profile: str) -> Path:
        return self._home.root / "marks" / f"{profile}.jsonl"
