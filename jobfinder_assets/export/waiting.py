"""What people have said that no run has read yet."""

from datetime import UTC, datetime

from jobfinder_assets.config import Home
from jobfinder_assets.labels.files import Label, LabelFileError, parse, read


def waiting_labels(home: Home, *, now: datetime) -> list[Label]:
    """The usable rows of every label file in the inbox."""
    found: list[Label] = []
    for path in sorted(home.inbox.iterdir()) if home.inbox.is_dir() else ():
        try:
            received = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            found += parse(read(path), received=min(received, now), now=now).labels
        except (LabelFileError, OSError):
            continue  # not a label file, or one that is still being written
    return found
