"""Erasure: one profile, or everything; and the proof, by a token planted beforehand (GDPR Art. 17).

Corrections of roles that name no profile are everybody's: they go with the last profile, until then they are counted.
"""

import io
import json
import re
import secrets
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pandas as pd

from jobfinder_assets.config import Home, Settings, find_file, load_settings
from jobfinder_assets.export.erase_lake import corrected_postings, erase_rows, personal_tables
from jobfinder_assets.export.erase_stores import erase_dagster, erase_mlflow, local_mlflow, require_idle, vacuum
from jobfinder_assets.export.errors import ExportError
from jobfinder_assets.export.package import kept_packages
from jobfinder_assets.export.settings_file import Dropped, drop_profile, has_profiles
from jobfinder_assets.export.traces import Trace, require_token, traces
from jobfinder_assets.ingestion.sources.sample import SampleSettings
from jobfinder_assets.labels.files import BadRow, Label, LabelFileError, parse, read, waiting_labels
from jobfinder_assets.recommendations.recommender import drift_path
from jobfinder_assets.storage.files import write_bytes, write_json
from jobfinder_assets.storage.lake import OF_LAKE, Lake
from jobfinder_assets.storage.mlflow_store import experiment_id, mlflow_client
from jobfinder_assets.storage.schemas import COUNT, FLAG, NUMBER, TABLES, TEXT, TIME

# Everything that jobfinder keeps in its home, for "everything"; what else lies there is the user's and stays.
_ALL = (
    "lake", "labels", "models", "mlflow", "dagster", "digests", "recommendations", "marks", "products", "logs",
    "background", "boards.csv", "requests.sqlite", "search.sqlite", ".consent.lock",
)  # fmt: skip
_LEFT_BY_CRASHES_SECONDS = 3_600


@dataclass(frozen=True)
class Erased:
    """What an erasure removed, by what it is; what it left on purpose; who holds packages; and what it still found.

    notify: the ledger's rows of packages that others may hold: they must be asked to delete them.
    traces: empty when the planted token is gone from everywhere, which proves the erasure.
    """

    removed: Mapping[str, int]
    notes: Sequence[str]
    notify: pd.DataFrame
    traces: Sequence[Trace]
    token: str


def erase_profile(lake: Lake, settings: Settings, profile: str, *, planted: str = "", force: bool = False) -> Erased:
    """Remove everything of a profile; of the last one, the corrections of roles that name nobody as well.

    `planted`: a token of the caller's own to be searched for as well.

    Repeating it after a crash finishes it.

    Raises `ExportError` when nothing is known of the profile, or while a run is in progress.
    """
    home = settings.home
    if planted:
        require_token(planted)
    _require_known(lake, settings, profile)
    if not force:
        require_idle(home)
    notify = kept_packages(lake, profile)
    wishes = settings.profiles.get(profile)
    searches = (*wishes.searches, *wishes.keywords) if wishes else ()
    others = _others(lake, settings, profile)
    nameless, is_last = _nameless(lake, home), not others
    token = f"planted{secrets.token_hex(12)}"
    plant(lake, settings, profile, token)
    removed: Counter[str] = Counter()
    removed += _label_files(home, profile, nameless=is_last)
    refit = corrected_postings(lake, profile, nameless=is_last)
    for table, count in erase_rows(lake, profile, searches, nameless=is_last).items():
        removed[f"rows of {table}"] += count
    removed += Counter(erase_mlflow(settings, profile, tagger=bool(refit)))
    removed += Counter(erase_dagster(home, force=force))
    removed += _files(settings, profile, tagger=bool(refit))
    dropped = drop_profile(profile)
    removed += Counter({"profile in the settings": len(dropped.profiles)})
    notes = [*_notes(settings, lake), *_nameless_notes(nameless, others), *_settings_notes(dropped, {profile})]
    return Erased(dict(removed), notes, notify, _traces(lake, settings, {token, planted}), token)


def erase_everything(lake: Lake, settings: Settings, *, planted: str = "", force: bool = False) -> Erased:
    """Remove everything that jobfinder keeps: lake, models, histories, logs; every profile of the settings file.

    The settings file stays without its profiles, and so does what jobfinder did not write.
    """
    home = settings.home
    if planted:
        require_token(planted)
    if not force:
        require_idle(home)
    notify = lake.read("product_ledger")
    token = f"planted{secrets.token_hex(12)}"
    known = _known_profiles(lake, settings)
    for profile in known[:1]:
        plant(lake, settings, profile, token)
    removed: Counter[str] = Counter()
    notes = []
    if "://" in str(lake.uri):
        notes.append(f"the lake at {lake.uri} is not on this machine: delete it there")
    elif not Path(lake.uri).absolute().is_relative_to(home.root):
        for name in (*TABLES, *OF_LAKE):
            removed["tables of the lake"] += _remove(Path(lake.uri) / name)
    if not settings.mlflow_location.startswith("sqlite:"):
        notes.append(f"the MLflow server at {settings.mlflow_location} is not on this machine: delete its experiments")
    elif not (database := local_mlflow(settings)).is_relative_to(home.root):
        removed["MLflow databases"] += _remove(database)
    for name in _ALL:
        for path in (home.root / name, *home.root.glob(f"{name}-*"), *home.root.glob(f"{name}.lock")):
            removed[f"{name} of the home"] += _remove(path)
    removed["temporary files"] += _temporary(home)
    dropped = drop_profile(None)
    removed["profiles in the settings"] += len(dropped.profiles)
    notes += _settings_notes(dropped, known)
    left = sorted(path.name for path in home.root.iterdir()) if home.root.is_dir() else []
    if left:
        notes.append(f"left in {home.root}: {', '.join(left)}")
    removed = +removed
    return Erased(dict(removed), notes, notify, _traces(lake, settings, {token, planted}), token)


def _traces(lake: Lake, settings: Settings, tokens: Collection[str]) -> list[Trace]:
    """Where a token still stands: in the home, and in a lake, a database or a settings file elsewhere."""
    places = [settings.home.root]
    if "://" not in str(lake.uri):
        places.append(Path(lake.uri).absolute())
    if settings.mlflow_location.startswith("sqlite:"):
        places.append(local_mlflow(settings))
    if file := find_file():
        places.append(file.absolute())
    apart = [place for place in places[1:] if not place.is_relative_to(places[0])]
    return [trace for place in (places[0], *apart) for trace in traces(place, set(tokens) - {""})]


def plant(lake: Lake, settings: Settings, profile: str, token: str) -> None:
    """Leave the token everywhere a run leaves something of the profile, so that the search afterwards proves something.

    Stores that do not exist are not made.
    """
    home, now = settings.home, datetime.now(UTC)
    for table in personal_tables():
        if lake.exists(table):
            lake.append(table, _planted_row(table, profile, token, now))
    row = {"profile": profile, "posting": token, "label": "interesting", "reason": token}
    line = f"{json.dumps(row)}\n".encode()
    for folder in (home.inbox, home.consumed / token, home.quarantine):
        write_bytes(folder / f"{token}.jsonl", line)
    for path in (
        home.root / "logs" / f"{token}.log", home.root / "background" / f"{token}.json",
        home.root / "marks" / f"{profile}.jsonl", home.digests / profile / f"{token}.md",
        home.models / "preference" / profile / f"{token}.json", home.root / "products" / profile / token / "data.csv",
        home.root / "recommendations" / f"{profile}.json", drift_path(settings, profile),
    ):  # fmt: skip
        write_json(path, {"token": token})
    if settings.mlflow_location.startswith("sqlite:") and local_mlflow(settings).is_file():
        with mlflow_client(settings) as client:
            experiment = experiment_id(client, settings, f"jobfinder/{profile}", profile)
            run = client.create_run(experiment, tags={"token": token}, run_name=token)
            client.log_text(run.info.run_id, token, "token.txt")


def _planted_row(table: str, profile: str, token: str, now: datetime) -> pd.DataFrame:
    values = {TEXT: token, NUMBER: 0.0, COUNT: 0, FLAG: False, TIME: now}
    row = {field.name: values.get(field.type) for field in TABLES[table].arrow}
    return pd.DataFrame([row | {"profile": profile}])


def _known_profiles(lake: Lake, settings: Settings) -> list[str]:
    return sorted({*settings.profiles, *_stored_profiles(lake)})


def _stored_profiles(lake: Lake) -> set[str]:
    return {str(name) for table in personal_tables() for name in lake.read(table, ["profile"])["profile"].dropna()}


def _others(lake: Lake, settings: Settings, profile: str) -> list[str]:
    """Who else is on this machine. The built-in example is nobody while it stands in no settings."""
    waiting = waiting_labels(settings.home, now=datetime.now(UTC))
    told = {str(label.profile) for label in waiting if label.profile}
    written = settings.profiles if has_profiles(settings) else ()
    return sorted({*written, *_stored_profiles(lake), *told} - {profile})


def _nameless(lake: Lake, home: Home) -> int:
    """How many corrections of roles name nobody: in the lake, and waiting for a run."""
    rows = lake.read("role_corrections", ["event_id", "profile"])
    waiting = waiting_labels(home, now=datetime.now(UTC))
    told = {label.event_id for label in waiting if label.profile is None}
    return len(told | set(rows.loc[rows["profile"].isna(), "event_id"]))


def _require_known(lake: Lake, settings: Settings, profile: str) -> None:
    folders = ("digests", "marks", "products", "models/preference", "mlflow/artifacts")
    if profile in _known_profiles(lake, settings):
        return
    # A crash may have left files after the rows were gone.
    if any((settings.home.root / folder / f"{profile}{end}").exists() for folder in folders for end in ("", ".jsonl")):
        return
    known = ", ".join(_known_profiles(lake, settings)) or "none"
    raise ExportError(f"nothing is known of a profile {profile!r}; profiles: {known}")


def _label_files(home: Home, profile: str, *, nameless: bool) -> Counter[str]:
    """Take the profile's rows out of every label file: waiting, consumed, quarantined."""
    done: Counter[str] = Counter()
    for folder in (home.inbox, home.consumed, home.quarantine):
        for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
            if path.is_file():
                done["rows of label files"] += _clean_label_file(path, profile, nameless=nameless)
        for path in sorted(folder.rglob("*"), reverse=True) if folder.is_dir() else ():
            if path.is_dir() and not any(path.iterdir()):
                path.rmdir()
    return done


def _clean_label_file(path: Path, profile: str, *, nameless: bool) -> int:
    """Take the profile's rows out of a file, or remove it when no other is left; returns how many rows it lost.

    Rows of others stay byte for byte, with columns and mistakes that no reading would give back.
    """
    now = datetime.now(UTC)
    try:
        content = read(path)
        rows = parse(content, received=now, now=now)
    except LabelFileError:
        # No label file at all: gone if it names the person, for nobody can say which of its lines are theirs.
        return _remove(path) if _names(path.read_bytes(), profile) or _names(path.name.encode(), profile) else 0
    everything: list[Label | BadRow] = sorted((*rows.labels, *rows.bad), key=lambda row: row.line)
    lines = _lines(content.decode("utf-8"))
    lost: list[range] = []
    bounds = [*(row.line - 1 for row in everything), len(lines)]
    for row, (first, end) in zip(everything, pairwise(bounds), strict=True):
        span = _span(lines, first, end)
        if _is_of(row, "".join(lines[span.start : span.stop]), profile, nameless=nameless):
            lost.append(span)
    if lost and len(lost) == len(everything):
        _remove(path)
    elif lost:
        gone = {number for span in lost for number in span}
        write_bytes(path, "".join(line for number, line in enumerate(lines) if number not in gone).encode("utf-8"))
    return len(lost)


def _lines(text: str) -> list[str]:
    """Lines with their ends, as `parse` counts them: in JSONL a carriage return ends none."""
    is_jsonl = text.removeprefix("\ufeff").lstrip().startswith("{")
    return list(io.StringIO(text, newline="\n" if is_jsonl else ""))


def _span(lines: Sequence[str], first: int, end: int) -> range:
    """The lines of the row that starts at line `first`; empty ones before the next row, at `end`, are nobody's."""
    while end > first + 1 and not lines[end - 1].strip():
        end -= 1
    return range(first, end)


def _is_of(row: Label | BadRow, text: str, profile: str, *, nameless: bool) -> bool:
    if row.cells.get("profile"):
        return row.cells["profile"].strip() == profile
    if nameless and row.cells.get("role"):
        return True
    return isinstance(row, BadRow) and _names(text.encode(), profile)


def _names(content: bytes, profile: str) -> bool:
    return re.search(rb"(?<![\w-])" + re.escape(profile.encode()) + rb"(?![\w-])", content) is not None


def _files(settings: Settings, profile: str, *, tagger: bool) -> Counter[str]:
    """Models, lists, digests, marks, packages, logs and caches."""
    home = settings.home
    done: Counter[str] = Counter()
    own: dict[str, Sequence[Path]] = {
        "models": [home.models / "preference" / profile],
        "tagger that learnt from corrections": [home.models / "roles"] if tagger else [],
        "recommendations": [home.root / "recommendations" / f"{profile}.json", drift_path(settings, profile)],
        "digests": [home.digests / profile],
        "marks": [home.root / "marks" / f"{profile}.jsonl"],
        "packages": [home.root / "products" / profile],
        # Nobody can tell whose lines they are.
        "background runs": [home.root / "background"],
        "search index": list(home.root.glob("search.sqlite*")),
    }
    for what, paths in own.items():
        done[f"files of {what}"] += sum(map(_remove, paths))
    for log in (home.root / "logs").glob("**/*"):
        if log.is_file() and log.stat().st_size:
            # Emptied, not removed: a server may still write to it.
            _empty(log)
            done["logs emptied"] += 1
    for log in (home.root / "logs").glob("planted*.log"):
        log.unlink()
    done["temporary files"] += _temporary(home)
    for database in home.root.glob("requests.sqlite"):
        vacuum(database)
    return Counter({what: count for what, count in done.items() if count})


def _empty(path: Path) -> None:
    """Empty a file in place: whoever has it open goes on writing to it."""
    with path.open("r+b") as stream:
        stream.truncate(0)


def _temporary(home: Home) -> int:
    """Files that a killed process left half-written: in the home, and in the system's folder for temporary ones."""
    left = [path for path in home.root.rglob("*.partial") if path.exists()]
    old = time.time() - _LEFT_BY_CRASHES_SECONDS
    for path in Path(tempfile.gettempdir()).glob("jobfinder-*"):
        try:
            if path.stat().st_mtime < old and path.owner() == home.root.owner():
                left.append(path)
        except OSError:
            continue  # gone, or not ours
    return sum(map(_remove, left))


def _remove(path: Path) -> int:
    """Remove a file or a whole folder; returns how many files it was."""
    if path.is_dir() and not path.is_symlink():
        count = sum(1 for each in path.rglob("*") if each.is_file())
        shutil.rmtree(path)
        return count
    if path.exists() or path.is_symlink():
        path.unlink()
        return 1
    return 0


def _notes(settings: Settings, lake: Lake) -> list[str]:
    notes = []
    if "://" in str(lake.uri):
        notes.append(
            f"rows are deleted and vacuumed in {lake.uri}; its Delta logs name the profile until they expire there"
        )
    if not settings.mlflow_location.startswith("sqlite:"):
        notes.append(f"on the MLflow server {settings.mlflow_location} runs are marked deleted: run `mlflow gc` there")
    return notes


def _nameless_notes(count: int, others: Sequence[str]) -> list[str]:
    """What became of the corrections that name nobody."""
    if not count:
        return []
    if not others:
        return [f"corrections of roles that named no profile, removed as well, for nobody else is here: {count:,}"]
    return [
        f"corrections of roles that name no profile stay, for they are everybody's here ({', '.join(others)} as well): "
        f"{count:,}; `jobfinder erase --everything` removes them, and so does erasing the last profile"
    ]


def _settings_notes(dropped: Dropped, profiles: Collection[str]) -> list[str]:
    """What the next run brings back of the erased profiles, by the settings as they are now."""
    settings, notes = load_settings(), []
    sample = settings.source_section("sample", SampleSettings)
    if sample.enabled and sample.labels_for in profiles:
        notes.append(
            f"the sample's invented labels come back for {sample.labels_for!r} with the next run, unless you set "
            'labels_for = "" in [sources.sample] of jobfinder.toml (or JOBFINDER_SOURCES__SAMPLE__LABELS_FOR, if that '
            "is set)"
        )
    elif dropped.labels_for:
        notes.append(
            f"labels_for of [sources.sample] in {dropped.file} is empty now: the sample's invented labels do not come "
            f"back for {dropped.labels_for!r}"
        )
    for name in sorted(set(profiles) & set(settings.profiles)):
        if has_profiles(settings):
            notes.append(f"profile {name!r} is set by variables JOBFINDER_PROFILES__...: unset them, or it comes back")
        else:
            notes.append(f"{name!r} is built in: the next run makes a list for it, while the settings have no profile")
    return notes
