"""Everything one person made, as a folder of open formats; and the way back (GDPR Art. 15 and 20).

Each table is there three times: Parquet, which the import reads, JSON, and CSV for a spreadsheet. `SHA256SUMS` covers
every file. The model goes as a recipe and is fitted again from the labels.
"""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import TypeAdapter, ValidationError

from jobfinder_assets.config import Home, Profile, ProfileName, Settings
from jobfinder_assets.export.errors import ExportError
from jobfinder_assets.export.folders import read_folder, require_new, with_sums, write_folder
from jobfinder_assets.export.model_recipe import recipe_of, restore
from jobfinder_assets.export.settings_file import put_profile
from jobfinder_assets.labels.files import COLUMNS as LABEL_CELLS
from jobfinder_assets.labels.files import drop_content, waiting_labels
from jobfinder_assets.storage.files import write_bytes
from jobfinder_assets.storage.lake import Lake
from jobfinder_assets.storage.schemas import TABLES
from jobfinder_assets.storage.spreadsheet import records, to_csv, to_json
from jobfinder_assets.training.features import load_encoder
from jobfinder_assets.training.training_set import build_training_set, label_hash

FORMAT = "jobfinder-own-data"
FORMAT_VERSION = 1
TOP = 20
# What a person said or was shown; `training_set` is made anew from the labels.
OWN_TABLES = ("label_events", "role_corrections", "label_queue", "recommendations", "consent_events", "product_ledger")
_WAITING = "waiting_labels"
_PROFILE_NAME: TypeAdapter[str] = TypeAdapter(ProfileName)


@dataclass(frozen=True)
class OwnData:
    """Everything of a profile as files by name, `SHA256SUMS` among them.

    rows: by table; top: the ids of the best recommendations in their order.
    """

    files: Mapping[str, bytes]
    profile: str
    rows: Mapping[str, int]
    label_hash: str
    top: Sequence[str]


@dataclass(frozen=True)
class Imported:
    """What an import brought, and whether labels and list are those of the export.

    same_labels: the same label events; same_hash: they make the same training set as well. absent: postings of labels
    and list that are not here; while there are some, neither hash nor list can be compared. known_labels: labels there
    before that the export does not have; then the hashes rightly differ. model: the version of the model fitted again,
    "" when it could not be.
    """

    profile: str
    rows: Mapping[str, int]
    same_labels: bool
    same_hash: bool
    same_top: bool
    absent: int
    known_labels: int
    model: str
    settings_file: Path | None

    @property
    def comparison(self) -> str:
        """In words: whether labels and list are those of the export, or what is needed to tell."""
        before = f" ({self.known_labels:,} labels were here before)" if self.known_labels else ""
        labels = "are those of the export" if self.same_labels else f"differ from those of the export{before}"
        if self.absent:
            return (
                f"labels {labels}; {self.absent:,} postings of the labels and the list are not here: `jobfinder run` "
                "fetches those still offered, and importing again then compares the label hash and the top 20"
            )
        if self.same_labels and not self.same_hash:
            labels += ", but not their hash: other postings here group them in another way"
        return f"labels {labels}; the top 20 {'is' if self.same_top else 'is not'} the same"


def export_own(lake: Lake, settings: Settings, profile: str, folder: Path, *, now: datetime) -> OwnData:
    """Write everything of the profile into a new folder.

    Raises `ExportError` when the folder exists, or when there is nothing of a profile of this name.
    """
    folder = require_new(folder)
    found = own_data(lake, settings, profile, now=now)
    write_folder(folder, found.files)
    return found


def own_data(lake: Lake, settings: Settings, profile: str, *, now: datetime) -> OwnData:
    """Everything of the profile. Raises `ExportError` when nothing is known of a profile of this name."""
    frames = {name: _ordered(name, _own(lake, name, profile)) for name in OWN_TABLES}
    frames[_WAITING] = _waiting(settings.home, profile, now=now)
    wishes = settings.profiles.get(profile)
    if wishes is None and not any((frame["profile"] == profile).any() for frame in frames.values()):
        raise ExportError(
            f"nothing is known of a profile {profile!r}; profiles: {', '.join(settings.profiles) or 'none'}"
        )
    rows = {name: len(frame) for name, frame in frames.items()}
    top = _top(frames["recommendations"])
    manifest = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "profile": profile,
        "made_at": now,
        "rows": rows,
        "label_hash": label_hash(_training_set(lake, settings, profile)),
        "top": top,
    }
    files = {"manifest.json": to_json(manifest), "README.txt": _README.encode("utf-8")}
    files["profile.json"] = to_json(wishes.model_dump() if wishes else {})
    files["model.json"] = to_json(recipe_of(settings, profile))
    for name, frame in frames.items():
        files |= {
            f"tables/{name}.parquet": _parquet(name, frame),
            f"tables/{name}.json": to_json(records(frame)),
            f"tables/{name}.csv": to_csv(frame),
        }
    files |= {f"files/{name}": path.read_bytes() for name, path in _own_files(settings.home, profile).items()}
    return OwnData(with_sums(files), profile, rows, str(manifest["label_hash"]), top)


def import_own(lake: Lake, settings: Settings, folder: Path) -> Imported:
    """Bring an export back from its folder, or from a zip file of it; see `import_files`."""
    folder = folder.expanduser().absolute()
    return import_files(lake, settings, read_folder(folder), folder)


def import_files(lake: Lake, settings: Settings, files: Mapping[str, bytes], folder: Path) -> Imported:
    """Bring an export back: labels and other events are added, the list is put in the place of the stored one.

    Everything is read and checked before anything is written, and importing again changes nothing. `folder` is what
    errors call the place that the files are from.

    Raises `ExportError` that names the file and what is wrong with it.
    """
    manifest = _manifest(folder, files)
    profile = str(manifest["profile"])
    frames = {name: _frame(folder, files, name, profile) for name in OWN_TABLES}
    wishes = _wishes(folder, files)
    recipe = _json(folder, files, "model.json")
    told = set(frames["label_events"]["event_id"])
    before = set(_own(lake, "label_events", profile)["event_id"]) - told
    waiting = _cells(_table(folder, files, _WAITING))
    for name, frame in frames.items():
        if name in ("recommendations", "label_queue"):
            lake.replace(name, frame, where=f"profile = '{profile}'")
        else:
            lake.merge(name, frame)
    if waiting:
        drop_content(waiting, f"imported-{profile}", settings.home)
    for name, path in _own_file_paths(settings.home, profile).items():
        if f"files/{name}" in files and not path.exists():
            write_bytes(path, files[f"files/{name}"])
    written = put_profile(settings, profile, wishes) if wishes else None
    training_set = _training_set(lake, settings, profile)
    lake.replace("training_set", training_set, where=f"profile = '{profile}'")
    version = restore(settings, lake, profile, recipe) if recipe else ""
    same_hash = label_hash(training_set) == manifest["label_hash"]
    # A label whose posting has left counts in no training set, neither there nor here: the same hash says so.
    compared = {*manifest["top"], *(() if same_hash else frames["label_events"]["posting_id"])}
    here = lake.read("postings", ["posting_id"], [("posting_id", "in", sorted(compared))])
    return Imported(
        profile=profile,
        rows={name: len(frame) for name, frame in frames.items()},
        same_labels=set(_own(lake, "label_events", profile)["event_id"]) == told,
        same_hash=same_hash,
        same_top=_top(_own(lake, "recommendations", profile)) == list(manifest["top"]),
        absent=len(compared - set(here["posting_id"])),
        known_labels=len(before),
        model=version,
        settings_file=written,
    )


def _own(lake: Lake, table: str, profile: str) -> pd.DataFrame:
    """The profile's rows; corrections of roles that name nobody are everybody's on this machine, and so theirs too."""
    if table != "role_corrections":
        return lake.read(table, where=[("profile", "=", profile)])
    rows = lake.read(table)
    return rows[rows["profile"].isna() | (rows["profile"] == profile)]


def _training_set(lake: Lake, settings: Settings, profile: str) -> pd.DataFrame:
    encoder = load_encoder(settings.home)
    return build_training_set(
        _own(lake, "label_events", profile),
        lake.read("posting_clusters", ["posting_id", "cluster_id", "canonical_id"]),
        lake.read("postings", ["posting_id", "company"]),
        profile=profile,
        encoder_version=encoder.version if encoder else None,
    )


def _ordered(table: str, frame: pd.DataFrame) -> pd.DataFrame:
    order = {"recommendations": ["rank"], "label_queue": ["position"]}.get(table, list(TABLES[table].key))
    return frame.sort_values(order, ignore_index=True)


def _top(recommendations: pd.DataFrame) -> list[str]:
    return [str(name) for name in recommendations.sort_values("rank")["posting_id"].head(TOP)]


def _waiting(home: Home, profile: str, *, now: datetime) -> pd.DataFrame:
    """The profile's rows (and nobody's, as in `_own`) of files that no run has consumed yet, as they stand there."""
    rows = [
        {"time": each.labelled_at.isoformat(), **each.cells}
        for each in waiting_labels(home, now=now)
        if each.profile in (profile, None)
    ]
    return pd.DataFrame(rows, columns=list(LABEL_CELLS), dtype="str")


def _cells(waiting: pd.DataFrame) -> bytes:
    """A label file with these rows; empty when there are none."""
    rows = waiting.astype("object").where(waiting.notna(), None).to_dict("records")
    lines = [json.dumps({name: value for name, value in row.items() if value is not None}) for row in rows]
    return "".join(f"{line}\n" for line in lines).encode("utf-8")


def _own_file_paths(home: Home, profile: str) -> dict[str, Path]:
    """Files beside the lake that hold a person's marks and what they were told, by their name in the export."""
    return {
        "marks.jsonl": home.root / "marks" / f"{profile}.jsonl",
        "told.json": home.digests / profile / "news" / "told.json",
    }


def _own_files(home: Home, profile: str) -> dict[str, Path]:
    return {name: path for name, path in _own_file_paths(home, profile).items() if path.is_file()}


def _parquet(name: str, frame: pd.DataFrame) -> bytes:
    stream = io.BytesIO()
    pq.write_table(pa.Table.from_pandas(frame, schema=_schema(name), preserve_index=False), stream, compression="zstd")
    return stream.getvalue()


def _schema(name: str) -> pa.Schema:
    if name == _WAITING:
        return pa.schema([pa.field(cell, pa.string()) for cell in LABEL_CELLS])
    return pa.schema([field.with_nullable(True) for field in TABLES[name].arrow])


def _manifest(folder: Path, files: Mapping[str, bytes]) -> dict[str, Any]:
    manifest = _json(folder, files, "manifest.json")
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise ExportError(f"{folder / 'manifest.json'}: is not an export of own data; name the folder of one")
    if manifest.get("format_version") != FORMAT_VERSION:
        raise ExportError(
            f"{folder / 'manifest.json'}: has version {manifest.get('format_version')!r}, this jobfinder reads "
            f"{FORMAT_VERSION}; use the jobfinder that wrote it, or a newer one"
        )
    try:
        _PROFILE_NAME.validate_python(manifest.get("profile"))
    except ValidationError as error:
        raise ExportError(f"{folder / 'manifest.json'}: names no usable profile; take a new copy") from error
    if not isinstance(manifest.get("top"), list) or not isinstance(manifest.get("label_hash"), str):
        raise ExportError(f"{folder / 'manifest.json'}: lacks top or label_hash; take a new copy of the export")
    return manifest


def _json(folder: Path, files: Mapping[str, bytes], name: str) -> Any:
    if name not in files:
        raise ExportError(f"{folder / name}: is missing; take a new copy of the export")
    try:
        return json.loads(files[name])
    except ValueError as error:
        raise ExportError(f"{folder / name}: is not JSON: {error}; take a new copy of the export") from error


def _table(folder: Path, files: Mapping[str, bytes], name: str) -> pd.DataFrame:
    path = folder / "tables" / f"{name}.parquet"
    if f"tables/{name}.parquet" not in files:
        raise ExportError(f"{path}: is missing; take a new copy of the export")
    try:
        found = pq.read_table(io.BytesIO(files[f"tables/{name}.parquet"]))
        columns = set(_schema(name).names)
        unknown = sorted(set(found.column_names) - columns)
        if unknown:
            raise ExportError(f"{path}: unknown column {unknown[0]!r}; columns: {', '.join(sorted(columns))}")
        for field in _schema(name):
            if field.name not in found.column_names:
                found = found.append_column(field, pa.nulls(found.num_rows, field.type))
        return found.select(_schema(name).names).cast(_schema(name)).to_pandas()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise ExportError(f"{path}: cannot be read: {error}; take a new copy of the export") from error


def _frame(folder: Path, files: Mapping[str, bytes], name: str, profile: str) -> pd.DataFrame:
    """One lake table's rows, all of the profile and with whole keys."""
    frame = _table(folder, files, name)
    path = folder / "tables" / f"{name}.parquet"
    for position, key in enumerate(TABLES[name].key):
        if frame[key].isna().any():
            raise ExportError(f"{path}: row {int(frame[key].isna().to_numpy().argmax())} has no {key!r}")
        if position == 0 and frame.duplicated(list(TABLES[name].key)).any():
            raise ExportError(f"{path}: holds a key twice; take a new copy of the export")
    others = frame["profile"] != profile
    if name == "role_corrections":
        others &= frame["profile"].notna()
    if others.any():
        raise ExportError(f"{path}: row {int(others.to_numpy().argmax())} is not of profile {profile!r}")
    return frame


def _wishes(folder: Path, files: Mapping[str, bytes]) -> Profile | None:
    values = _json(folder, files, "profile.json")
    if not values:
        return None
    try:
        return Profile.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ExportError(f"{folder / 'profile.json'}: {where}: {first['msg'].lower()}") from error


_README = """\
Your own data, as jobfinder keeps it.

tables/   each table as Parquet (read by the import), JSON, and CSV (for a spreadsheet; a text that could be taken for
          a formula begins with an apostrophe)
          label_events: your labels and reasons, role_corrections: what you said a job really is (those that
          name no profile too: they are everybody's), recommendations and label_queue: what you were shown,
          consent_events and product_ledger: what you agreed to and who received it, waiting_labels: what you said that
          no run has read yet
files/    your marks (applied, hidden, visits) and what you were told of
profile.json, model.json   your wishes and searches; how your model is made (it is fitted again from the labels)
SHA256SUMS                 `sha256sum --check SHA256SUMS` says whether every file is as it was written

`jobfinder import own FOLDER` brings it back. It is personal data: keep it where only you can read it.
"""
