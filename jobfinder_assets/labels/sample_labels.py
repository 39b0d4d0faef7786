"""The bundled sample's own labels, so that a first model can be trained before anything was labelled."""

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import datetime
from importlib import resources
from pathlib import Path

from jobfinder_assets.config import Home
from jobfinder_assets.labels.files import drop_content, parse
from jobfinder_assets.storage.lake import Lake
from jobfinder_assets.storage.spreadsheet import safe_cell

_STEM = "bundled-sample"


def drop_sample_labels(lake: Lake, home: Home, *, profile: str, now: datetime) -> Path | None:
    """Put the sample's labels into the inbox in the name of `profile`; None once they are in the lake.

    Also None while the lake has none of the sample's postings: every row would be about an unknown one.
    """
    content = for_profile(bundled_labels(), profile)
    labels = parse(content, received=now, now=now).labels
    if lake.count("label_events", [("event_id", "in", [label.event_id for label in labels])]):
        return None
    if not lake.count("postings", [("posting_id", "in", [label.posting for label in labels])]):
        return None
    return drop_content(content, _STEM, home)


def bundled_labels() -> list[dict[str, str]]:
    """The rows of the package's `sample/labels.csv`: posting, label, reason, time."""
    text = (resources.files("jobfinder_assets.sample") / "labels.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def for_profile(rows: Iterable[Mapping[str, str]], profile: str) -> bytes:
    """A label file with these rows, in the name of `profile`."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, ["profile", "posting", "label", "reason", "time"])
    writer.writeheader()
    writer.writerows({name: safe_cell(cell) for name, cell in {**row, "profile": profile}.items()} for row in rows)
    return text.getvalue().encode()
