"""Erasure: nothing of one person is left in any file, and everything of the others is."""

import json
import re
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import dagster as dg
import joblib
import pandas as pd
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from pyrate_limiter import Rate

from jobfinder_assets.config import Home, Settings, load_settings
from jobfinder_assets.export import consent, erase_lake
from jobfinder_assets.export.commands import erase
from jobfinder_assets.export.demo import PROFILE, invent
from jobfinder_assets.export.erase import erase_everything, erase_profile
from jobfinder_assets.export.errors import ExportError
from jobfinder_assets.export.package import make_package
from jobfinder_assets.export.traces import traces
from jobfinder_assets.export.work import Request
from jobfinder_assets.ingestion.boards import Board, keep_board
from jobfinder_assets.ingestion.pace import Pace
from jobfinder_assets.ingestion.sources.sample import SampleSettings
from jobfinder_assets.labels.events import consume
from jobfinder_assets.labels.files import drop
from jobfinder_assets.launch import prepare_environment
from jobfinder_assets.recommendations.recommender import drift_path, refresh
from jobfinder_assets.roles.report import EXPERIMENT
from jobfinder_assets.storage.files import write_object, write_text
from jobfinder_assets.storage.lake import Lake
from jobfinder_assets.storage.mlflow_store import experiment_id, mlflow_client
from jobfinder_assets.training.registry import model_name
from jobfinder_tests.export.conftest import BUYER, NOW, agree, files_below

TOKEN = "zqtoken7f3a91c2"
OTHER = "ben"


def log_model(settings: Settings, profile: str, token: str) -> None:
    """A run with a trial, an artifact, a data set and a registered model, as a training leaves them."""
    with mlflow_client(settings) as client:
        import mlflow
        import mlflow.pyfunc
        from mlflow.data.pandas_dataset import from_pandas

        experiment = experiment_id(client, settings, f"jobfinder/{profile}", profile)
        with mlflow.start_run(experiment_id=experiment, run_name=f"{token} run", tags={"label_hash": token}) as run:
            mlflow.log_params({"words": token})
            mlflow.log_text(token, "folds.csv")
            mlflow.log_input(from_pandas(pd.DataFrame({"posting": [token]}), name=token), context="training")
            client.create_run(experiment, tags={"trial": token}, run_name=token)
            data = write_text(settings.home.root.parent / "model.txt", token)
            info = mlflow.pyfunc.log_model(
                name="preference", loader_module=__name__, data_path=str(data), pip_requirements=[]
            )
        client.create_registered_model(model_name(profile), description=token)
        client.create_model_version(
            model_name(profile), source=info.model_uri, run_id=run.info.run_id, tags={"t": token}
        )
        client.set_registered_model_alias(model_name(profile), "champion", "1")


def log_tagger(settings: Settings, token: str) -> None:
    """A fit of the role tagger that learnt from corrections."""
    with mlflow_client(settings) as client:
        run = client.create_run(experiment_id(client, settings, EXPERIMENT, "roles"), run_name=f"tagger {token}")
        client.log_text(run.info.run_id, token, "confusion.csv")


def run_dagster(home: Home, profile: str, token: str) -> None:
    """A run whose configuration, tags, events, partition and output hold the token."""

    class Words(dg.Config):
        words: str

    parts = dg.DynamicPartitionsDefinition(name="profile")

    @dg.asset(partitions_def=parts)
    def listed(context: dg.AssetExecutionContext, config: Words) -> dg.MaterializeResult[None]:
        print(config.words)
        context.log.info(config.words)
        return dg.MaterializeResult(metadata={"top": config.words})

    with dg.DagsterInstance.get() as instance:
        instance.add_dynamic_partitions("profile", [profile, token])
        dg.materialize(
            [listed],
            instance=instance,
            partition_key=profile,
            tags={"asked": token},
            run_config={"ops": {"listed": {"config": {"words": token}}}},
        )


def live(lake: Lake, home: Home, profile: str, token: str) -> None:
    """Whatever a profile leaves behind, each with the token."""
    settings = load_settings()
    refresh(lake, settings, profile, now=NOW)
    event = {"event_id": f"{token}{profile}", "profile": profile, "posting_id": "00000001", "reason": f"for {token}"}
    lake.append("label_events", pd.DataFrame([{**event, "interesting": True, "labelled_at": NOW}]))
    correction = {"event_id": f"{token}{profile}", "profile": profile, "posting_id": "00000002", "role": "other"}
    lake.append("role_corrections", pd.DataFrame([{**correction, "file": f"{token}.csv"}]))
    lake.append("training_set", pd.DataFrame([{"profile": profile, "cluster_id": token, "posting_id": token}]))
    label = {"profile": profile, "posting": "00000003", "label": "yes", "reason": token}
    write_text(home.inbox / f"{token}{profile}.jsonl", json.dumps(label) + "\n")
    write_text(home.consumed / "2026-03-01" / f"{profile}.jsonl", json.dumps(label) + "\n")
    write_text(home.quarantine / f"{profile}.csv", f"profile,posting,label,problem\n{profile},{token},maybe,bad\n")
    write_text(home.root / "marks" / f"{profile}.jsonl", json.dumps({"mark": "applied", "posting_id": token}) + "\n")
    write_text(home.digests / profile / "news" / "told.json", json.dumps({token: {}}))
    write_text(home.digests / profile / "news" / "feed.rss", f"<rss>{token}</rss>")
    write_text(home.digests / profile / "latest.html", f"<p>{token}</p>")
    write_text(drift_path(settings, profile), json.dumps({"feature": token}))
    write_text(home.root / "logs" / f"{profile}.log", f"{profile} asked for {token}\n")
    # The app's run of a search: one place for all profiles.
    write_text(home.root / "background" / "run.json", json.dumps({"arguments": ["fetch", "--query", token]}))
    with (home.root / "logs" / "background.log").open("a", encoding="utf-8") as log:
        log.write(f"{profile} asked for {token}\n")
    write_text(home.root / "search.sqlite", token)
    write_text(home.root / "labels" / ".app.lock", "")
    queued = {"profile": profile, "posting_id": f"{token}{profile}", "position": 1}
    lake.append("label_queue", pd.DataFrame([queued]))
    ledger = {"package_id": f"{token}{profile}", "profile": profile, "recipient": token, "made_at": NOW}
    lake.append("product_ledger", pd.DataFrame([ledger]))
    write_object(home.models / "preference" / profile / "1.joblib", {"words": token})
    write_text(home.root / "products" / profile / "package" / "data.csv", token)
    with zipfile.ZipFile(home.models / "preference" / profile / "2.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("words.json", token * 9)
    log_model(settings, profile, f"{token}{profile}")
    log_tagger(settings, token)
    run_dagster(home, profile, token)


@pytest.fixture
def lived_in(person: Lake, home: Home) -> Lake:
    """A home in which two people have lived."""
    prepare_environment(load_settings())
    write_text(home.root / "jobfinder.toml", (home.root / "jobfinder.toml").read_text("utf-8").replace(
        "searches = [", f"searches = ['{TOKEN}', "
    ) + f"\n[profiles.{OTHER}]\nsearches = ['keep this']\n[sources.sample]\nlabels_for = '{PROFILE}'\n")  # fmt: skip
    person.append("source_health", pd.DataFrame([
        {"source": "adzuna", "board": "us", "run": "1", "message": f"no answer to ?what={TOKEN}"},
        {"source": "adzuna", "board": "de", "run": "1", "message": "no answer"},
    ]))  # fmt: skip
    live(person, home, OTHER, "keepsake")
    live(person, home, PROFILE, TOKEN)
    agree(person, home, purpose=f"A study of {TOKEN}")
    return person


def grep(folder: Path, token: str) -> list[Path]:
    """Files that hold a token, looked for in another way than the product does."""
    found = []
    for path in folder.rglob("*"):
        if not path.is_file():
            continue
        content = path.read_bytes()
        if path.suffix == ".parquet":
            content += str(pq.read_table(path).to_pylist()).encode()
        elif path.suffix == ".zip":
            archive = zipfile.ZipFile(path)
            content += b"".join(map(archive.read, archive.namelist()))
        elif path.suffix == ".joblib":
            content += str(joblib.load(path)).encode()
        if re.search(re.escape(token.encode()), content, re.IGNORECASE) or token in str(path):
            found.append(path)
    return found


def test_a_profile_is_gone_from_everywhere(lived_in: Lake, home: Home) -> None:
    places = grep(home.root, TOKEN)
    for part in (
        "lake", "labels/inbox", "labels/consumed", "labels/quarantine", "marks", "digests", "logs", "background",
        "models", "products", "mlflow/mlflow.db", "mlflow/artifacts/invented", "mlflow/artifacts/roles", "dagster",
        "recommendations", "search.sqlite", "jobfinder.toml",
    ):  # fmt: skip
        assert [path for path in places if path.is_relative_to(home.root / part)], f"nothing was planted in {part}"
    for table in erase_lake.personal_tables():
        held = [path for path in places if path.is_relative_to(home.lake / table)]
        assert held or table == "recommendations", f"nothing was planted in {table}"
    result = CliRunner().invoke(erase, ["--profile", PROFILE, "--yes", "--planted", TOKEN])
    assert result.exit_code == 0, result.output
    assert grep(home.root, TOKEN) == []
    for told in (
        "rows of label_events", "rows of label files", "MLflow runs", "MLflow models", "Dagster runs",
        "files of models", "files of digests", "logs emptied", "profile in the settings", "proof: the token planted",
    ):  # fmt: skip
        assert told in result.output
    for table in erase_lake.personal_tables():
        assert PROFILE not in set(lived_in.read(table, ["profile"])["profile"]), table
    assert PROFILE not in load_settings().profiles
    assert load_settings().sources["sample"]["labels_for"] == ""


def test_the_others_keep_what_is_theirs(lived_in: Lake, home: Home) -> None:
    before = {table: lived_in.read(table, where=[("profile", "=", OTHER)]) for table in erase_lake.personal_tables()}
    texts = lived_in.read("postings").sort_values("posting_id", ignore_index=True)
    erase_profile(lived_in, load_settings(), PROFILE)
    for table, frame in before.items():
        key = list(frame.columns[:3])
        after = lived_in.read(table).sort_values(key, ignore_index=True)
        pd.testing.assert_frame_equal(after, frame.sort_values(key, ignore_index=True), obj=table)
    pd.testing.assert_frame_equal(lived_in.read("postings").sort_values("posting_id", ignore_index=True), texts)
    for kept in (
        "marks/ben.jsonl", "digests/ben/latest.html", "models/preference/ben/1.joblib",
        "products/ben/package/data.csv", "labels/inbox/keepsakeben.jsonl", "labels/quarantine/ben.csv",
    ):  # fmt: skip
        assert (home.root / kept).is_file(), kept
    assert load_settings().profiles[OTHER].searches == ("keep this",)
    health = lived_in.read("source_health").set_index("board")["message"]
    assert pd.isna(health["us"]) and health["de"] == "no answer"
    with mlflow_client(load_settings()) as client:
        assert [model.name for model in client.search_registered_models()] == [model_name(OTHER)]
        assert client.get_model_version_by_alias(model_name(OTHER), "champion").version == 1
        assert client.get_experiment_by_name(f"jobfinder/{OTHER}") is not None


def test_erasing_twice_is_harmless_and_then_says_that_nothing_is_known(lived_in: Lake, home: Home) -> None:
    erase_profile(lived_in, load_settings(), PROFILE)
    before = files_below(home.root)
    with pytest.raises(ExportError, match=r"nothing is known of a profile 'invented'; profiles: ben"):
        erase_profile(lived_in, load_settings(), PROFILE)
    assert files_below(home.root) == before


def test_who_holds_a_package_is_told(person: Lake, home: Home) -> None:
    agree(person, home)
    package = make_package(person, load_settings(), Request(PROFILE, BUYER), now=NOW)
    result = CliRunner().invoke(erase, ["--profile", PROFILE, "--yes"])
    assert result.exit_code == 0, result.output
    assert f"{BUYER}: package {package.id}" in result.output
    assert not package.folder.exists()


def test_everything_is_gone_and_the_users_own_files_are_not(lived_in: Lake, home: Home) -> None:
    write_text(home.root / "my notes.txt", "mine")
    keep_board(home, Board("lever", TOKEN))
    assert Pace("jobicy", (Rate(1, 3_600_000),), home).take() == 0
    assert (home.root / "boards.csv").is_file() and (home.root / "requests.sqlite").is_file()
    result = CliRunner().invoke(erase, ["--everything", "--yes", "--planted", TOKEN])
    assert result.exit_code == 0, result.output
    assert grep(home.root, TOKEN) == [] and grep(home.root, "keepsake") == []
    assert sorted(path.name for path in home.root.iterdir()) == ["jobfinder.toml", "my notes.txt"]
    assert "left in" in result.output and "my notes.txt" in result.output
    assert "profiles" not in (home.root / "jobfinder.toml").read_text(encoding="utf-8")


def test_a_lake_and_a_model_store_elsewhere_are_searched_as_well(
    person: Lake, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JOBFINDER_LAKE_URI", str(tmp_path / "elsewhere" / "lake"))
    monkeypatch.setenv("JOBFINDER_MLFLOW_URI", f"sqlite:///{tmp_path / 'elsewhere' / 'mlflow.db'}")
    lake = Lake(str(tmp_path / "elsewhere" / "lake"))
    invent(lake, postings=40, labels=20)
    write_text(tmp_path / "elsewhere" / "mlflow.db", "")
    log_model(load_settings(), PROFILE, TOKEN)
    write_text(tmp_path / "elsewhere" / "lake" / "note", TOKEN)
    done = erase_profile(lake, load_settings(), PROFILE, planted=TOKEN)
    assert [trace.path for trace in done.traces] == [tmp_path / "elsewhere" / "lake" / "note"]
    (tmp_path / "elsewhere" / "lake" / "note").unlink()
    agree(lake, home)
    write_text(tmp_path / "elsewhere" / "lake" / "_erasing" / "label_events.old" / "killed", TOKEN)
    assert erase_everything(lake, load_settings(), planted=TOKEN).traces == []
    assert grep(tmp_path / "elsewhere", TOKEN) == []


def test_an_empty_home_can_be_erased(home: Home, lake: Lake) -> None:
    done = erase_everything(lake, load_settings())
    assert done.traces == []


def test_old_versions_of_the_lake_are_gone(person: Lake, home: Home) -> None:
    person.update("label_events", pd.DataFrame([{"event_id": "event 00000000", "reason": TOKEN}]))
    person.update("label_events", pd.DataFrame([{"event_id": "event 00000000", "reason": "changed"}]))
    assert grep(home.lake, TOKEN), "an old version holds it"
    erase_profile(person, load_settings(), PROFILE)
    assert grep(home.lake, TOKEN) == []


@pytest.mark.parametrize("at", ["between the renames", "while it writes"])
def test_a_killed_erasure_is_finished_by_the_next(
    at: str, person: Lake, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    rename = Path.rename

    def die(self: Path, target: Path) -> Path:
        if (at == "between the renames") == (self.parent.name == "_erasing"):
            raise Killed
        return rename(self, target)

    person.append("label_events", pd.DataFrame([{"event_id": "b", "profile": OTHER, "posting_id": "00000001"}]))
    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", die)
        with pytest.raises(Killed):
            erase_profile(person, load_settings(), PROFILE)
    person.append("label_events", pd.DataFrame([{"event_id": "c", "profile": OTHER, "posting_id": "00000002"}]))
    erase_profile(person, load_settings(), PROFILE)
    kept = person.read("label_events")
    assert sorted(kept["event_id"]) == ["b", "c"] and set(kept["profile"]) == {OTHER}
    assert not (home.lake / "_erasing").exists()


def test_a_run_in_progress_stops_it(person: Lake, home: Home) -> None:
    prepare_environment(load_settings())
    with dg.DagsterInstance.get() as instance:
        instance.run_storage.add_run(
            dg.DagsterRun(
                job_name="refresh", run_id="11111111-1111-4111-8111-111111111111", status=dg.DagsterRunStatus.STARTED
            )
        )
    before = person.count("label_events")
    result = CliRunner().invoke(erase, ["--profile", PROFILE, "--yes"])
    assert result.exit_code == 2
    assert "1 runs are in progress" in result.output
    assert person.count("label_events") == before
    assert CliRunner().invoke(erase, ["--profile", PROFILE, "--yes", "--force"]).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [([], "say whose data"), (["--profile", PROFILE, "--everything"], "say whose data"),
     (["--profile", PROFILE, "--planted", "two words"], "cannot search for")],
)  # fmt: skip
def test_a_wrong_command_removes_nothing(arguments: list[str], problem: str, person: Lake, home: Home) -> None:
    before = files_below(home.root)
    result = CliRunner().invoke(erase, [*arguments, "--yes"])
    assert result.exit_code == 2 and problem in result.output
    assert files_below(home.root) == before


def test_it_asks_first(person: Lake, home: Home) -> None:
    before = files_below(home.root)
    result = CliRunner().invoke(erase, ["--profile", PROFILE], input="n\n")
    assert "nothing was removed" in result.output
    assert files_below(home.root) == before


def test_a_trace_that_is_left_is_an_error(person: Lake, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    write_text(home.root / "elsewhere.txt", TOKEN)
    result = CliRunner().invoke(erase, ["--profile", PROFILE, "--yes", "--planted", TOKEN])
    assert result.exit_code == 1
    assert "not everything is gone" in result.output and "elsewhere.txt" in result.output


def test_a_file_of_two_people_loses_one(person: Lake, home: Home) -> None:
    rows = "profile,posting,label,reason\ninvented,00000001,yes,mine\nben,00000002,no,his\ninvented,00000003,no,mine\n"
    for folder in (home.inbox, home.consumed / "2026-03-01", home.quarantine):
        write_text(folder / "both.csv", rows)
    write_text(home.quarantine / "broken.csv", "who,what\ninvented,1\n")
    write_text(home.quarantine / "of-ben.csv", "who,what\nben,1\n")
    write_text(home.inbox / "no-rows.csv", "profile,posting,label\n")
    done = erase_profile(person, load_settings(), PROFILE)
    assert done.removed["rows of label files"] >= 7
    for folder in (home.inbox, home.consumed / "2026-03-01", home.quarantine):
        text = (folder / "both.csv").read_text(encoding="utf-8")
        assert text == "profile,posting,label,reason\nben,00000002,no,his\n"
        assert "ben" in text and "his" in text and "invented" not in text and "mine" not in text
    assert not (home.quarantine / "broken.csv").exists()
    assert (home.quarantine / "of-ben.csv").exists()
    assert (home.inbox / "no-rows.csv").exists()


QUARANTINE = (
    "profile,posting,label,role,reason,time,policy,propensity,rank_shown,score_shown,model_version,problem,line,raw\r\n"
)
KEPT = {
    "a quoted cell over lines": "ben,00000002,maybe,,\"his\nown, of\r\n\"\"two\"\" lines\n\",,,,,,,bad label,2,\r\n",
    "a line that could not be read": ',,,,,,,,,,,has a quotation mark that is never closed,3,"ben,00000003,""yes"\r\n',
    "a formula made harmless": "ben,00000004,'=1+1,,,,,,,,,bad label,4,\n",
    "too many fields": "ben,00000005,yes,,,,,,,,,,,,,,\n",
    "a blank line": "\n",
    "a name within his": "ben,00000007,yes,,invented it,,,,,,,,,\n",
}  # fmt: skip
LOST = (
    "invented,00000002,maybe,,\"mine\nprofile,over\nlines\",,,,,,,bad label,2,\r\n",
    ',,,,,,,,,,,has a quotation mark that is never closed,3,"invented,00000003,""yes"\r\n',
    "invented,00000005,yes,,,,,,,,,,,,,,\n",
)  # fmt: skip


@pytest.mark.parametrize("what", KEPT)
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_the_lines_of_others_stay_as_they_are(what: str, start: str, person: Lake, home: Home) -> None:
    line = KEPT[what]
    rows = [start, QUARANTINE, LOST[0], "ben,1,yes,,,,,,,,,,,\n", line, LOST[1], line, LOST[2]]
    file = home.quarantine / "both.csv"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes("".join(rows).encode())
    done = erase_profile(person, load_settings(), PROFILE)
    assert done.removed["rows of label files"] >= 3
    assert file.read_bytes().decode() == "".join(row for row in rows if row not in LOST)


def test_the_json_lines_of_others_stay_as_they_are(person: Lake, home: Home) -> None:
    kept = '{"profile": "ben", "posting": "1", "label": "yes", "x": [1]}\r\n\n{"posting": "ben\n{"who":  "ben", "ö": 1}'
    file = home.consumed / "2026-03-01" / "both.jsonl"
    write_text(file, '{"profile": "invented", "posting": "1", "label": "yes"}\n{"profile": "invented"\n' + kept)
    erase_profile(person, load_settings(), PROFILE)
    assert file.read_text("utf-8") == kept.replace("\r\n", "\n")
    assert file.read_bytes().decode() == kept


def test_what_is_said_during_an_erasure_is_kept(person: Lake, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """A consent of somebody else: it waits until the table is written anew, and is not lost with the old one."""
    agree(person, home)
    batches, said = Lake.batches, []

    def meanwhile(self: Lake, table: str, *given: Any, **named: Any) -> Iterator[pd.DataFrame]:
        yield from batches(self, table, *given, **named)
        if table == "consent_events" and not said:
            said.append(pool.submit(agree, person, home, profile=OTHER))
            time.sleep(0.5)

    monkeypatch.setattr(Lake, "batches", meanwhile)
    with ThreadPoolExecutor(1) as pool:
        erase_profile(person, load_settings(), PROFILE)
        given = said[0].result(timeout=60)
    assert [each.id for each in consent.history(person, OTHER)] == [given.id]


def test_an_erasure_killed_after_the_corrections_is_finished_by_the_next(
    person: Lake, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whose tags they were is told by the corrections alone: these go last."""

    class Killed(BaseException):
        pass

    person.append("role_corrections", pd.DataFrame([{"event_id": "c", "profile": PROFILE, "posting_id": "00000002"}]))
    rewrite = Lake.rewrite

    def die(self: Lake, table: str, keep: Any) -> int:
        lost = rewrite(self, table, keep)
        if table == "role_corrections":
            raise Killed
        return lost

    with monkeypatch.context() as patch:
        patch.setattr(Lake, "rewrite", die)
        with pytest.raises(Killed):
            erase_profile(person, load_settings(), PROFILE)
    erase_profile(person, load_settings(), PROFILE)
    assert "00000002" not in set(person.read("role_tags")["posting_id"])


def correct_roles(lake: Lake, home: Home) -> None:
    """Corrections of roles that name no profile, as README writes them: one consumed, one waiting, one in quarantine.

    The posting of the first one holds `TOKEN`.
    """
    lake.append("postings", pd.DataFrame([{"posting_id": TOKEN, "content_hash": "1"}]))
    write_text(home.root / "roles.csv", f"posting,role\n{TOKEN},data_engineer\n")
    drop(home.root / "roles.csv", home, roles=True)
    assert consume(lake, home, now=NOW).new == 1
    (home.root / "roles.csv").unlink()
    lake.delete("postings", pd.DataFrame({"posting_id": [TOKEN]}))
    lake.rewrite("postings", lambda rows: rows)
    write_text(home.inbox / "roles.csv", f"posting,role\n{TOKEN},data_engineer\n00000002,other\n")
    write_text(home.quarantine / "roles.csv", f"posting,role,problem\n{TOKEN},date engineer,none of\n")


def test_the_last_profile_takes_the_corrections_that_name_nobody(person: Lake, home: Home) -> None:
    correct_roles(person, home)
    tags = {"posting_id": [TOKEN], "role": ["data_engineer"]}
    person.append("role_tags", pd.DataFrame(tags))
    log_tagger(load_settings(), TOKEN)
    assert len(grep(home.root, TOKEN)) > 5
    result = CliRunner().invoke(erase, ["--profile", PROFILE, "--yes", "--planted", TOKEN])
    assert result.exit_code == 0, result.output
    assert "named no profile, removed as well, for nobody else is here: 2" in result.output
    assert grep(home.root, TOKEN) == [] and person.count("role_corrections") == 0


@pytest.mark.parametrize("where", ["settings", "lake", "inbox"])
def test_somebody_else_keeps_them_and_that_is_told(where: str, person: Lake, home: Home) -> None:
    correct_roles(person, home)
    if where == "settings":
        with (home.root / "jobfinder.toml").open("a", encoding="utf-8") as file:
            file.write(f"\n[profiles.{OTHER}]\n")
    elif where == "lake":
        person.append("label_events", pd.DataFrame([{"event_id": "b", "profile": OTHER, "posting_id": "00000001"}]))
    else:
        write_text(home.inbox / "his.csv", f"profile,posting,label\n{OTHER},00000001,yes\n")
    result = CliRunner().invoke(erase, ["--profile", PROFILE, "--yes"])
    assert result.exit_code == 0, result.output
    assert "name no profile stay, for they are everybody's here (ben as well): 2;" in result.output
    assert "`jobfinder erase --everything` removes them" in result.output
    assert person.read("role_corrections")["posting_id"].tolist() == [TOKEN]
    assert (home.inbox / "roles.csv").is_file() and (home.quarantine / "roles.csv").is_file()
    result = CliRunner().invoke(erase, ["--everything", "--yes", "--planted", TOKEN])
    assert result.exit_code == 0, result.output


def test_nothing_promises_more_than_it_does() -> None:
    told = " ".join(CliRunner().invoke(erase, ["--help"]).output.split())
    assert "without a trace" not in told and "go with the last profile" in told


LABELS_FOR = "JOBFINDER_SOURCES__SAMPLE__LABELS_FOR"
COME_BACK, STAY_AWAY = "invented labels come back for 'example'", "invented labels do not come back for 'example'"


@pytest.mark.parametrize(
    ("file", "variable", "told", "not_told"),
    [
        ("[profiles.example]\n[profiles.me]\n[sources.sample]\nlabels_for = 'example'\n", None, STAY_AWAY, COME_BACK),
        ("[profiles.example]\n[profiles.me]\n", None, COME_BACK, STAY_AWAY),
        ("", None, COME_BACK, STAY_AWAY),
        ("[sources.sample]\nlabels_for = 'example'\n", "example", COME_BACK, STAY_AWAY),
        ("[sources.sample]\nlabels_for = 'me'\n", None, "is built in", "invented labels"),
        ("[profiles.example]\n[sources.sample]\nenabled = false\n", None, "is built in", "invented labels"),
        ("[profiles.example]\n[profiles.me]\n[sources.sample]\nlabels_for = ''\n", None, "proof", "note:"),
        ("[profiles.me]\n[sources.sample]\nlabels_for = ''\n", None, "proof", "note:"),
    ],
)
def test_what_the_next_run_brings_back_is_told(
    file: str, variable: str | None, told: str, not_told: str, lake: Lake, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_text(home.root / "jobfinder.toml", file)
    if variable is not None:
        monkeypatch.setenv(LABELS_FOR, variable)
    lake.append("label_events", pd.DataFrame([{"event_id": "e", "profile": "example", "posting_id": "00000001"}]))
    result = CliRunner().invoke(erase, ["--profile", "example", "--yes"])
    assert result.exit_code == 0, result.output
    assert told in result.output and not_told not in result.output
    assert ("profile in the settings" in result.output) == ("[profiles.example]" in file)
    settings = load_settings()
    comes_back = settings.source_section("sample", SampleSettings)
    assert (COME_BACK in result.output) == (comes_back.enabled and comes_back.labels_for == "example")
    assert ("is built in" in result.output) == ("example" in settings.profiles)


def test_a_profile_of_a_variable_comes_back_and_that_is_told(
    person: Lake, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"JOBFINDER_PROFILES__{PROFILE.upper()}__REMOTE", "only")
    result = CliRunner().invoke(erase, ["--profile", PROFILE, "--yes"])
    assert "is set by variables JOBFINDER_PROFILES__" in result.output


def test_traces_are_found_in_every_kind_of_file(tmp_path: Path) -> None:
    import gzip

    table = pd.DataFrame({"deep": [[{"words": [f"a {TOKEN} b"]}]]})
    table.to_parquet(tmp_path / "one.parquet")
    (tmp_path / "two.gz").write_bytes(gzip.compress(TOKEN.encode()))
    write_object(tmp_path / "three.joblib", {"x": TOKEN})
    write_text(tmp_path / "four.txt", TOKEN.upper())
    write_text(tmp_path / TOKEN / "five", "")
    write_text(tmp_path / "six.txt", "nothing")
    with zipfile.ZipFile(tmp_path / "seven.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(tmp_path / "two.gz")
    for name, start in (("cut.parquet", b"PAR1"), ("cut.gz", b"\x1f\x8b"), ("cut.zip", b"PK\x03\x04")):
        (tmp_path / name).write_bytes(start + TOKEN.encode())
    found = {trace.path.name for trace in traces(tmp_path, [TOKEN])}
    assert found == {
        "one.parquet", "two.gz", "three.joblib", "four.txt", TOKEN, "five", "seven.zip", "cut.parquet", "cut.gz",
        "cut.zip",
    }  # fmt: skip


def test_the_module_needs_no_optional_library() -> None:
    code = "import sys; import jobfinder_assets.export.commands as c; print([m for m in ('mlcroissant', 'presidio_analyzer', 'mlflow') if m in sys.modules])"  # noqa: E501
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
