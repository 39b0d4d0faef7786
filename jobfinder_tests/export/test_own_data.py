"""Own data: everything out, everything back, exactly; and damaged copies are refused whole."""

import csv
import io
import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from jobfinder_assets.config import Home, Settings, Training, load_settings
from jobfinder_assets.export.commands import export, import_
from jobfinder_assets.export.demo import PROFILE, invent
from jobfinder_assets.export.erase import erase_profile
from jobfinder_assets.export.errors import ExportError
from jobfinder_assets.export.folders import SUMS, sha256, unzipped, zipped
from jobfinder_assets.export.own_data import OWN_TABLES, export_own, import_own, own_data
from jobfinder_assets.labels.events import consume
from jobfinder_assets.labels.files import drop_content
from jobfinder_assets.recommendations.recommender import refresh
from jobfinder_assets.storage.files import write_text
from jobfinder_assets.storage.lake import Lake
from jobfinder_assets.storage.spreadsheet import FORMULA_STARTS
from jobfinder_assets.training import evaluation as ev
from jobfinder_assets.training import registry
from jobfinder_assets.training.features import fit_encoder, save_encoder, update_features
from jobfinder_assets.training.training_set import build_training_set, label_hash
from jobfinder_tests.export.conftest import NOW, POSTINGS, agree, files_below
from jobfinder_tests.training import people

ANN = "ann"


def move(path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Home, Lake]:
    """Another home, empty, and the settings of the command from now on."""
    monkeypatch.setenv("JOBFINDER_HOME", str(path))
    home = Home(path).create()
    return home, Lake(str(home.lake))


def settings_of(lake: Lake, **values: object) -> Settings:
    return Settings(lake_uri=lake.uri, training=Training(trials=2, outer_folds=2), **values)  # type: ignore[arg-type]


def postings(lake: Lake, home: Home) -> pd.DataFrame:
    """The same postings with the same features in whatever home."""
    posts = people.postings(90)
    people.fill(lake, posts)
    encoder = fit_encoder(lake)
    save_encoder(home, encoder)
    update_features(lake, encoder)
    return posts


def top(lake: Lake, profile: str) -> list[str]:
    listed = lake.read("recommendations", where=[("profile", "=", profile)]).sort_values("rank")
    return list(listed["posting_id"].head(20))


def hash_of(lake: Lake, profile: str) -> str:
    return label_hash(lake.read("training_set", where=[("profile", "=", profile)]))


def test_round_trip_with_a_model(lake: Lake, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "evaluate", partial(ev.evaluate, repeats=1))
    posts = postings(lake, home)
    events = people.label_events(posts.head(60), profile=ANN, noise=0.05)
    lake.append("label_events", events.assign(reason="-because", consumed_at=NOW))
    lake.replace("training_set", build_training_set(events, people.clusters(posts), posts, profile=ANN))
    assert registry.train(settings_of(lake), lake, ANN).state == "trained"
    refresh(lake, settings_of(lake), ANN, now=NOW)
    done = export_own(lake, settings_of(lake), ANN, tmp_path / "own", now=NOW)
    assert done.rows["label_events"] == len(events)
    assert (done.label_hash, list(done.top)) == (hash_of(lake, ANN), top(lake, ANN))
    assert len(done.top) == 20

    there, other = move(tmp_path / "elsewhere", monkeypatch)
    postings(other, there)
    back = import_own(other, settings_of(other), tmp_path / "own")
    assert (back.same_labels, back.same_hash, back.same_top, back.absent) == (True, True, True, 0)
    assert (back.known_labels, back.model) == (0, "1")
    assert hash_of(other, ANN) == done.label_hash
    pd.testing.assert_frame_equal(
        other.read("label_events").sort_values("event_id", ignore_index=True),
        lake.read("label_events").sort_values("event_id", ignore_index=True),
    )
    # The model fitted again ranks as the one before did, and training finds nothing to do.
    before, after = registry.champion(settings_of(lake), ANN), registry.champion(settings_of(other), ANN)
    assert after is not None and before is not None
    assert after.parameters == before.parameters and after.tags == before.tags
    assert registry.train(settings_of(other), other, ANN).state == "unchanged"
    assert refresh(other, settings_of(other), ANN, now=NOW).model_version == "1"
    assert top(other, ANN) == list(done.top)
    registry.promote(settings_of(other), ANN, "1")

    again = import_own(other, settings_of(other), tmp_path / "own")
    assert again.same_labels and again.same_top
    assert other.count("label_events") == len(events)


def test_export_erase_import_gives_everything_back(person: Lake, home: Home, tmp_path: Path) -> None:
    agree(person, home)
    refresh(person, load_settings(), PROFILE, now=NOW)
    (home.root / "marks").mkdir()
    marks = json.dumps({"mark": "applied", "posting_id": "00000001", "time": NOW.isoformat()}) + "\n"
    write_text(home.root / "marks" / f"{PROFILE}.jsonl", marks)
    write_text(home.digests / PROFILE / "news" / "told.json", "{}")
    row = {"profile": PROFILE, "posting": "000000c8", "label": "interesting", "reason": "waiting"}
    drop_content(f"{json.dumps(row)}\n".encode(), "app", home)
    before = {name: person.read(name) for name in OWN_TABLES}
    result = CliRunner().invoke(export, ["own", "--profile", PROFILE, "--to", str(tmp_path / "own")])
    assert result.exit_code == 0, result.output
    done = erase_profile(person, load_settings(), PROFILE)
    assert done.traces == []
    assert PROFILE not in load_settings().profiles
    result = CliRunner().invoke(import_, ["own", str(tmp_path / "own")])
    assert result.exit_code == 0, result.output
    assert "labels are those of the export; the top 20 is the same" in result.output
    for name, frame in before.items():
        key = ["rank"] if name == "recommendations" else list(frame.columns[:3])
        pd.testing.assert_frame_equal(
            person.read(name).sort_values(key, ignore_index=True), frame.sort_values(key, ignore_index=True), obj=name
        )
    assert load_settings().profiles[PROFILE].searches
    assert (home.root / "marks" / f"{PROFILE}.jsonl").read_text(encoding="utf-8") == marks
    assert (home.digests / PROFILE / "news" / "told.json").is_file()
    labels = person.count("label_events")
    assert consume(person, home, now=NOW).new == 1
    assert person.count("label_events") == labels + 1


def test_it_is_there_in_three_formats(person: Lake, home: Home, tmp_path: Path) -> None:
    agree(person, home)
    person.update("label_events", pd.DataFrame([{"event_id": "event 00000000", "reason": "=HYPERLINK(1)"}]))
    folder = tmp_path / "own"
    export_own(person, load_settings(), PROFILE, folder, now=NOW)
    for name in (*OWN_TABLES, "waiting_labels"):
        frame = pq.read_table(folder / "tables" / f"{name}.parquet")
        rows = list(csv.reader(io.StringIO((folder / "tables" / f"{name}.csv").read_text("utf-8"), newline="")))
        assert (
            len(rows) - 1 == len(json.loads((folder / "tables" / f"{name}.json").read_text("utf-8"))) == frame.num_rows
        )
        assert not [cell for row in rows for cell in row if cell.startswith(FORMULA_STARTS)], name
    assert "=HYPERLINK(1)" in pd.read_parquet(folder / "tables" / "label_events.parquet")["reason"].tolist()
    assert json.loads((folder / "profile.json").read_text("utf-8"))["searches"]
    assert all(path.stat().st_mode & 0o077 == 0 for path in [folder, *folder.rglob("*")])


def test_other_peoples_data_stays_where_it_is(person: Lake, home: Home, tmp_path: Path) -> None:
    person.append(
        "label_events", person.read("label_events").head(3).assign(profile="ben", event_id=["b0", "b1", "b2"])
    )
    folder = tmp_path / "own"
    export_own(person, load_settings(), PROFILE, folder, now=NOW)
    assert set(pd.read_parquet(folder / "tables" / "label_events.parquet")["profile"]) == {PROFILE}


def test_labels_that_were_there_before_stay(person: Lake, home: Home, tmp_path: Path) -> None:
    export_own(person, load_settings(), PROFILE, tmp_path / "own", now=NOW)
    more = person.read("label_events").head(1).assign(event_id="later", posting_id="000000c8", cluster_id="000000c8")
    person.append("label_events", more)
    done = import_own(person, load_settings(), tmp_path / "own")
    assert (done.same_labels, done.known_labels) == (False, 1)
    assert person.count("label_events") == 91


def test_in_a_new_home_only_the_labels_can_be_compared(
    person: Lake, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refresh(person, load_settings(), PROFILE, now=NOW)
    export_own(person, load_settings(), PROFILE, tmp_path / "own", now=NOW)
    _, other = move(tmp_path / "elsewhere", monkeypatch)
    result = CliRunner().invoke(import_, ["own", str(tmp_path / "own")])
    assert result.exit_code == 0, result.output
    assert "labels are those of the export; " in result.output and "the top 20 is the same" not in result.output
    assert "postings of the labels and the list are not here: `jobfinder run` fetches" in result.output
    invent(other, postings=POSTINGS, labels=0, words=25)
    result = CliRunner().invoke(import_, ["own", str(tmp_path / "own")])
    assert "labels are those of the export; the top 20 is the same" in result.output
    assert other.count("label_events") == 90


def test_other_postings_that_group_the_labels_otherwise_are_told(person: Lake, home: Home, tmp_path: Path) -> None:
    export_own(person, load_settings(), PROFILE, tmp_path / "own", now=NOW)
    person.update("postings", person.read("postings", ["posting_id"]).assign(company="One For All Ltd"))
    done = import_own(person, load_settings(), tmp_path / "own")
    assert (done.same_labels, done.same_hash, done.absent) == (True, False, 0)
    assert "labels are those of the export, but not their hash" in done.comparison


def test_corrections_that_name_nobody_go_along_and_come_back(
    person: Lake, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, moment in enumerate((NOW, NOW)):
        drop_content(f"posting,role\n0000000{number},data_engineer\n".encode(), "roles", home)
        if number == 0:
            assert consume(person, home, now=moment).new == 1
    of_ben = {"event_id": "b", "profile": "ben", "posting_id": "00000002", "role": "other"}
    person.append("role_corrections", pd.DataFrame([of_ben]))
    done = export_own(person, load_settings(), PROFILE, tmp_path / "own", now=NOW)
    assert (done.rows["role_corrections"], done.rows["waiting_labels"]) == (1, 1)
    with pytest.raises(ExportError, match="nothing is known of a profile 'stranger'"):
        own_data(person, load_settings(), "stranger", now=NOW)

    there, other = move(tmp_path / "elsewhere", monkeypatch)
    invent(other, postings=POSTINGS, labels=0, words=25)
    for _ in range(2):
        import_own(other, load_settings(), tmp_path / "own")
        consume(other, there, now=NOW)
    kept = other.read("role_corrections").sort_values("posting_id")
    assert kept["posting_id"].tolist() == ["00000000", "00000001"] and kept["profile"].isna().all()


def test_nothing_is_known_of_a_stranger(person: Lake, tmp_path: Path) -> None:
    result = CliRunner().invoke(export, ["own", "--profile", "stranger", "--to", str(tmp_path / "own")])
    assert result.exit_code == 2
    assert "nothing is known of a profile 'stranger'" in result.output
    assert not (tmp_path / "own").exists()


def rewritten(folder: Path, name: str, content: bytes) -> None:
    """Put another content in, with sums that fit, as somebody who means it would."""
    (folder / name).write_bytes(content)
    sums = (folder / SUMS).read_text(encoding="utf-8").splitlines()
    lines = [f"{sha256(content)}  {name}" if line.endswith(f"  {name}") else line for line in sums]
    (folder / SUMS).write_text("\n".join(lines) + "\n", encoding="utf-8")


def edit(name: str, change: Callable[[pd.DataFrame], pd.DataFrame]) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        stream = io.BytesIO()
        change(pd.read_parquet(folder / "tables" / f"{name}.parquet")).to_parquet(stream)
        rewritten(folder, f"tables/{name}.parquet", stream.getvalue())

    return damage


def manifest(**values: object) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        told = json.loads((folder / "manifest.json").read_text(encoding="utf-8")) | values
        rewritten(folder, "manifest.json", json.dumps(told).encode())

    return damage


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (lambda folder: (folder / SUMS).unlink(), "holds no SHA256SUMS"),
        (lambda folder: (folder / "profile.json").write_text("{}"), "profile.json: is not as it was written"),
        (lambda folder: (folder / "tables" / "label_events.parquet").unlink(), "label_events.parquet: is missing"),
        (lambda folder: rewritten(folder, "manifest.json", b"[1"), "manifest.json: is not JSON"),
        (lambda folder: rewritten(folder, "tables/label_events.parquet", b"PAR1"), "cannot be read"),
        (lambda folder: rewritten(folder, "profile.json", b'{"wage": 1}'), "profile.json: wage"),
        (lambda folder: (folder / SUMS).write_text("0  ../../etc/passwd\n"), "names no file of the folder"),
        (manifest(format="something"), "is not an export of own data"),
        (manifest(format_version=99), "has version 99"),
        (manifest(profile="../ann"), "names no usable profile"),
        (manifest(profile="ben"), "is not of profile 'ben'"),
        (manifest(top=None), "lacks top or label_hash"),
        (edit("label_events", lambda rows: rows.assign(salary=1)), "unknown column 'salary'"),
        (edit("label_events", lambda rows: rows.assign(event_id=None)), "has no 'event_id'"),
        (edit("label_events", lambda rows: pd.concat([rows, rows], ignore_index=True)), "holds a key twice"),
        (edit("label_events", lambda rows: rows.assign(row="first")), "cannot be read"),
        (edit("label_events", lambda rows: rows.assign(profile=None)), "is not of profile 'invented'"),
        (edit("recommendations", lambda rows: pd.DataFrame({"profile": ["ben"], "posting_id": ["p"]})), "row 0"),
    ],
)
def test_a_damaged_copy_changes_nothing(
    damage: Callable[[Path], object], problem: str, person: Lake, home: Home, tmp_path: Path
) -> None:
    folder = tmp_path / "own"
    export_own(person, load_settings(), PROFILE, folder, now=NOW)
    damage(folder)
    before = files_below(home.root)
    result = CliRunner().invoke(import_, ["own", str(folder)])
    assert result.exit_code == 2, result.output
    assert problem in result.output
    assert str(folder) in result.output
    assert files_below(home.root) == before


@pytest.mark.parametrize("top", ["", "mine/"])
def test_a_zip_file_comes_back_as_well(top: str, person: Lake, home: Home, tmp_path: Path) -> None:
    found = own_data(person, load_settings(), PROFILE, now=NOW)
    packed = zipped({f"{top}{name}": content for name, content in found.files.items()})
    (tmp_path / "mine.zip").write_bytes(packed)
    erase_profile(person, load_settings(), PROFILE)
    result = CliRunner().invoke(import_, ["own", str(tmp_path / "mine.zip")])
    assert result.exit_code == 0, result.output
    assert "labels are those of the export" in result.output
    assert person.count("label_events") == 90


def test_a_zip_file_that_is_none_or_changed_or_too_large(
    person: Lake, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = dict(own_data(person, load_settings(), PROFILE, now=NOW).files)
    place = tmp_path / "mine.zip"
    packed = zipped(files)
    for content, problem in (
        (b"PK nothing", "is no zip file"),
        (packed[: len(packed) // 2], "is no zip file"),
        (zipped({}), "holds no SHA256SUMS"),
        (zipped(files | {"profile.json": b"{}"}), "profile.json: is not as it was written"),
        (zipped(files | {SUMS: b"0  ../../etc/passwd"}), "names no file of the folder"),
        (zipped(files | {SUMS: b"0  /etc/passwd"}), "names no file of the folder"),
    ):
        with pytest.raises(ExportError, match=problem):
            unzipped(content, place)
    monkeypatch.setattr("jobfinder_assets.export.folders._MOST_BYTES", 1_000)
    with pytest.raises(ExportError, match="unpacks to more than"):
        unzipped(packed, place)


def test_a_label_taken_back_stays_taken_back(person: Lake, home: Home, tmp_path: Path) -> None:
    event = person.read("label_events").sort_values("event_id").head(1)
    later = event.assign(event_id="withdrawn", interesting=None, reason=None, labelled_at=NOW)
    person.append("label_events", later.astype({"interesting": "object"}))
    done = export_own(person, load_settings(), PROFILE, tmp_path / "own", now=NOW)
    erase_profile(person, load_settings(), PROFILE)
    back = import_own(person, load_settings(), tmp_path / "own")
    assert back.same_labels and hash_of(person, PROFILE) == done.label_hash
    kept = person.read("training_set", where=[("profile", "=", PROFILE)])["posting_id"]
    assert len(kept) == 89 and event.iloc[0]["posting_id"] not in set(kept)


def test_a_folder_that_exists_is_left_alone(person: Lake, tmp_path: Path) -> None:
    export_own(person, load_settings(), PROFILE, tmp_path / "own", now=NOW)
    before = files_below(tmp_path / "own")
    with pytest.raises(ExportError, match="exists already"):
        export_own(person, load_settings(), PROFILE, tmp_path / "own", now=NOW)
    assert files_below(tmp_path / "own") == before


def test_a_full_disk_leaves_no_half_folder(person: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ExportError, match="No space left"):
        export_own(person, load_settings(), PROFILE, tmp_path / "deep" / "own", now=NOW)
    assert list((tmp_path / "deep").iterdir()) == []
    shutil.rmtree(tmp_path / "deep")
