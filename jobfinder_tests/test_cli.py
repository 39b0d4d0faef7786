"""The command: help, exit status, and errors that say what to do."""

import socket
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from jobfinder_assets import launch
from jobfinder_assets.cleaning.clean import clean_pending, utc_now
from jobfinder_assets.cli import main
from jobfinder_assets.config import Home, load_settings
from jobfinder_assets.ingestion import recognise
from jobfinder_assets.ingestion.catalog import source_classes
from jobfinder_assets.ingestion.contract import SourceError, record_json
from jobfinder_assets.labels.events import consume
from jobfinder_assets.storage.files import write_json, write_object
from jobfinder_assets.storage.lake import Lake
from jobfinder_assets.training import registry
from jobfinder_assets.training.features import fit_encoder, save_encoder, update_features
from jobfinder_assets.training.model import PreferenceModel
from jobfinder_assets.training.training_set import build_training_set, load_examples
from jobfinder_tests.ingestion.conftest import Server, reply
from jobfinder_tests.ingestion.conftest import server as server
from jobfinder_tests.labels.conftest import fill_postings
from jobfinder_tests.training import people


@pytest.fixture
def cli() -> CliRunner:
    return CliRunner()


@pytest.mark.parametrize("command", sorted(main.commands))
def test_every_command_has_help(cli: CliRunner, command: str) -> None:
    result = cli.invoke(main, [command, "--help"])
    assert result.exit_code == 0
    assert len(result.output.splitlines()) > 4


def test_a_mistake_in_the_settings_stops_every_command(cli: CliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOBFINDER_TRAINING__TRIALS", "many")
    for command in ("run", "status", "sources", "recommend"):
        result = cli.invoke(main, [command])
        assert result.exit_code == 2
        assert "JOBFINDER_TRAINING__TRIALS" in result.output


def test_status_and_sources_of_an_empty_home(cli: CliRunner, home: Home) -> None:
    assert cli.invoke(main, ["status"]).exit_code == 0
    result = cli.invoke(main, ["sources"])
    assert result.exit_code == 0
    assert "jobfinder run" in result.output


def test_a_rejected_row_is_shown_and_restored(cli: CliRunner, home: Home) -> None:
    lake = Lake(load_settings().lake_location)
    record = record_json({"title": "Data Engineer", "description": "Short."})
    row = {"source": "files", "board": "b", "source_id": "1", "posting_id": "p1", "content_hash": "h"}
    lake.merge("raw_postings", pd.DataFrame([row | {"record": record}]))
    clean_pending(lake, load_settings(), now=utc_now())
    shown = cli.invoke(main, ["rejected"])
    assert "p1" in shown.output and "no_description" in shown.output
    assert cli.invoke(main, ["restore", "p2"]).exit_code == 2
    assert cli.invoke(main, ["restore", "p1"]).exit_code == 0
    assert lake.read("postings")["posting_id"].tolist() == ["p1"]
    assert "Rejected: 0 of 0" in cli.invoke(main, ["rejected", "--rule", "no_description"]).output


def test_recommend_without_a_list_says_what_to_run(cli: CliRunner) -> None:
    result = cli.invoke(main, ["recommend", "--profile", "nobody"])
    assert result.exit_code == 1
    assert "jobfinder run" in result.output and "example" in result.output


def test_label_refuses_a_file_that_is_none(cli: CliRunner, tmp_path: Path) -> None:
    missing = cli.invoke(main, ["label", str(tmp_path / "nothing.csv")])
    assert missing.exit_code == 2
    assert "nothing.csv" in missing.output
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("a,b\n1,2\n", encoding="utf-8")
    result = cli.invoke(main, ["label", str(wrong)])
    assert result.exit_code == 2
    assert "profile" in result.output


def test_label_drops_a_whole_file(cli: CliRunner, tmp_path: Path, home: Home) -> None:
    labels = tmp_path / "mine.csv"
    labels.write_text("profile,posting,label\nme,0123456789abcdef,interesting\n", encoding="utf-8")
    assert cli.invoke(main, ["label", str(labels)]).exit_code == 0
    dropped = list(home.inbox.iterdir())
    assert [path.read_text(encoding="utf-8") for path in dropped] == [labels.read_text(encoding="utf-8")]


def test_label_tells_the_bad_rows_and_where_they_go(cli: CliRunner, tmp_path: Path, home: Home, lake: Lake) -> None:
    fill_postings(lake)
    labels = tmp_path / "mine.csv"
    rows = ["me,p1,yes", "me,p2,perhaps", "me,nowhere,no", *["me,p3,eh"] * 4]
    labels.write_text("\n".join(["profile,posting,label", *rows]) + "\n", encoding="utf-8")
    result = cli.invoke(main, ["label", str(labels)])
    assert result.exit_code == 0, result.output
    assert "rows that can be used: 1 of 7" in result.output
    assert "line 3: label 'perhaps' is neither" in result.output
    assert "line 4: posting 'nowhere' is unknown" in result.output
    assert "line 7" in result.output and "line 8" not in result.output and "… and 1 more" in result.output
    assert str(home.quarantine) in result.output
    assert "could not be used" not in cli.invoke(main, ["status"]).output
    consume(lake, home, now=datetime.now(UTC))
    status = cli.invoke(main, ["status"]).output
    assert "could not be used: 6 rows;" in status and str(home.quarantine) in status


def test_a_label_file_of_unknown_jobs_is_not_handed_over(
    cli: CliRunner, tmp_path: Path, home: Home, lake: Lake
) -> None:
    fill_postings(lake)
    labels = tmp_path / "mine.csv"
    labels.write_text("profile,posting,label\nme,nowhere,yes\nme,p1,eh\n", encoding="utf-8")
    result = cli.invoke(main, ["label", str(labels)])
    assert result.exit_code == 2
    assert "line 2: posting 'nowhere' is unknown" in result.output and "line 3: label 'eh'" in result.output
    assert "jobfinder fetch" in result.output
    assert not list(home.inbox.iterdir())


def test_a_file_that_was_refused_is_in_the_status(cli: CliRunner, home: Home, lake: Lake) -> None:
    (home.quarantine / "mine.csv").write_text("a,problem\n1,2\n", encoding="utf-8")
    (home.quarantine / "mine.csv.problem.txt").write_text("mine.csv has no column profile\n", encoding="utf-8")
    (home.quarantine / "being mended.csv").write_bytes(b"\xff\x00")
    assert "could not be used: 1 whole file;" in cli.invoke(main, ["status"]).output


def test_nobody_is_invented_by_a_training(
    cli: CliRunner, home: Home, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained: list[str] = []

    def learn(settings: object, console: object, profile: str, *, live: bool) -> launch.RunOutcome:
        trained.append(profile)
        return launch.RunOutcome(True, [], [])

    monkeypatch.setattr(launch, "materialize_learning", learn)
    refused = cli.invoke(main, ["train", "--profile", "exmaple"])
    assert refused.exit_code == 2 and "'exmaple'; profiles: example" in refused.output
    lake.append("label_events", people.label_events(people.postings(2), profile="labelled"))
    waiting = "profile,posting,label\nwaiting,p1,yes\n"
    (home.root / "mine.csv").write_text(waiting, encoding="utf-8")
    assert cli.invoke(main, ["label", str(home.root / "mine.csv")]).exit_code == 0
    for arguments in ([], ["--profile", "labelled"], ["--profile", "waiting"]):
        result = cli.invoke(main, ["train", *arguments])
        assert result.exit_code == 0, result.output
    assert trained == ["example", "labelled", "waiting"]


@pytest.fixture
def kept_models(lake: Lake, home: Home, monkeypatch: pytest.MonkeyPatch) -> PreferenceModel:
    """Models 1, 2 and 3 of `example`: the third is in force, the second was written by other code. No MLflow."""
    posts = people.postings(40)
    events = people.label_events(posts.head(30), profile="example")
    people.fill(lake, posts, events)
    save_encoder(home, encoder := fit_encoder(lake))
    update_features(lake, encoder)
    lake.replace("training_set", build_training_set(events, people.clusters(posts), posts, profile="example"))
    examples = load_examples(lake, lake.read("training_set"), encoder.version)
    model = PreferenceModel().fit_features(examples.features, examples.labels, groups=examples.groups)
    tags = {"encoder_version": encoder.version, "trained_at": people.NOW.isoformat()}
    folder = home.models / "preference" / "example"
    for version, code in (("1", registry.MODEL_CODE_VERSION), ("2", "0"), ("3", registry.MODEL_CODE_VERSION)):
        made = registry.Champion(
            model=model, version=version, tags=tags | {"model_code_version": code}, metrics={}, canaries=(),
            parameters=registry.LINEAR_PARAMETERS, scoreboard=pd.DataFrame(), previous_scoreboard=pd.DataFrame(),
        )  # fmt: skip
        write_object(folder / f"{version}.joblib", made)
    write_json(folder / "champion.json", {"version": "3"})
    monkeypatch.setattr(registry, "_switch", registry._put_in_force)
    return model


def test_a_rollback_ranks_the_list_anew(cli: CliRunner, lake: Lake, kept_models: PreferenceModel) -> None:
    result = cli.invoke(main, ["rollback"])
    assert result.exit_code == 0, result.output
    ranked = lake.read("recommendations")
    assert f"model 1 of example is in force; the list of {len(ranked)} jobs is ranked by it" in result.output
    assert set(ranked["model_version"]) == {"1"}
    assert cli.invoke(main, ["recommend"]).exit_code == 0


def test_a_model_that_cannot_rank_is_not_gone_back_to(cli: CliRunner, home: Home, kept_models: PreferenceModel) -> None:
    refused = cli.invoke(main, ["rollback", "2"])
    assert refused.exit_code == 2
    assert "model 2 of profile 'example' cannot rank now" in refused.output and "in force: 1, 3" in refused.output
    (home.models / "preference" / "example" / "1.joblib").unlink()
    none = cli.invoke(main, ["rollback"])
    assert none.exit_code == 2 and "there are: 2 (cannot rank now), 3 (in force)" in none.output


def test_bench_lists_its_benchmarks_and_names_an_unknown_one(cli: CliRunner) -> None:
    assert "workflow" in cli.invoke(main, ["bench"]).output
    result = cli.invoke(main, ["bench", "nothing"])
    assert result.exit_code == 2
    assert "workflow" in result.output


def test_a_board_is_added_checked_and_removed(
    cli: CliRunner, home: Home, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JOBFINDER_SOURCES__GREENHOUSE__BASE_URL", server.url)
    server.on("/v1/boards/acme/jobs", reply({"jobs": [{"id": 1, "title": "Data Engineer"}]}))
    added = cli.invoke(main, ["sources", "add", "https://boards.greenhouse.io/acme", "--company", "Acme"])
    assert added.exit_code == 0 and "1 postings, such as: Data Engineer" in added.output
    assert "greenhouse,acme,Acme,yes" in (home.root / "boards.csv").read_text(encoding="utf-8")
    lost = cli.invoke(main, ["sources", "add", "https://boards.greenhouse.io/lost"])
    assert lost.exit_code == 1 and "nothing was added" in lost.output
    assert cli.invoke(main, ["sources", "add", "https://boards.greenhouse.io/lost", "--unchecked"]).exit_code == 0
    assert cli.invoke(main, ["sources", "remove", "greenhouse", "lost"]).exit_code == 0
    again = cli.invoke(main, ["sources", "remove", "greenhouse", "lost"])
    assert again.exit_code == 2 and "is read" in again.output
    unknown = cli.invoke(main, ["sources", "add", server.on("/careers", reply(b"<html></html>"))])
    assert unknown.exit_code == 2 and "known:" in unknown.output


@pytest.mark.parametrize("command", [[], ["add", "https://boards.greenhouse.io/acme", "--unchecked"],
                                     ["remove", "greenhouse", "acme"]])  # fmt: skip
def test_a_mistake_in_the_own_list_of_boards_is_told_in_a_line(cli: CliRunner, home: Home, command: list[str]) -> None:
    (home.root / "boards.csv").write_text("source,board,company,read\nrss,,x,maybe\n", encoding="utf-8")
    told = cli.invoke(main, ["sources", *command])
    assert told.exit_code == 2 and "boards.csv, line 2: a source and a board are needed" in told.output
    assert "Traceback" not in told.output


def test_fetch_asks_for_the_query_and_prints_what_fits(
    cli: CliRunner, home: Home, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    off = "\n".join(f"[sources.{name}]\nenabled = false" for name in source_classes() if name != "greenhouse")
    board = f'[sources.greenhouse]\nbase_url = "{server.url}"\nboards = ["acme"]\nstarter = false'
    (home.root / "jobfinder.toml").write_text(f"{off}\n{board}\n", encoding="utf-8")
    monkeypatch.chdir(home.root)
    text = "You build streaming pipelines in Flink and look after the warehouse that all our reports stand on. " * 3
    jobs = [
        {"id": 1, "title": "Data Engineer", "content": text, "location": {"name": "Berlin, Germany"}},
        {"id": 2, "title": "Chef", "content": "You cook for two hundred people every day. " * 6},
    ]
    server.on("/v1/boards/acme/jobs", reply({"jobs": jobs}))
    result = cli.invoke(main, ["fetch", "--query", "flink pipelines", "--location", "Berlin", "--plain"])
    assert result.exit_code == 0, result.output
    assert "1 of 1" in result.output and "Data Engineer" in result.output and "Chef" not in result.output
    assert Lake(load_settings().lake_location).count("postings") == 2, "the whole board is in the lake"
    assert "Chef" in cli.invoke(main, ["search", "cook"]).output


def test_words_in_square_brackets_are_searched_for_and_shown(cli: CliRunner) -> None:
    result = cli.invoke(main, ["search", "[/x]", "[key]", "--location", ":skull:"])
    assert result.exit_code == 0, result.output
    assert "'[/x] [key]' in :skull:" in " ".join(result.output.split())


def test_a_title_in_square_brackets_is_told(cli: CliRunner, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOBFINDER_SOURCES__GREENHOUSE__BASE_URL", server.url)
    server.on("/v1/boards/acme/jobs", reply({"jobs": [{"id": 1, "title": "[/b] Engineer [key]"}]}))
    added = cli.invoke(main, ["sources", "add", "https://boards.greenhouse.io/acme"])
    assert added.exit_code == 0 and "such as: [/b] Engineer [key]" in added.output


def test_what_is_added_unchecked_is_not_read(
    cli: CliRunner, home: Home, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = cli.invoke(main, ["sources", "add", f"{server.url}/careers"])
    assert checked.exit_code == 1 and "(--unchecked adds it all the same)" in checked.output
    asked = len(server.requests)
    added = cli.invoke(main, ["sources", "add", f"{server.url}/careers", "--unchecked"])
    assert added.exit_code == 0 and "jobposting board" in added.output
    assert len(server.requests) == asked

    def fail(*_: object, **__: object) -> None:
        raise SourceError("it cannot be told")

    monkeypatch.setattr(recognise, "recognise", fail)
    failed = cli.invoke(main, ["sources", "add", "https://acme.example/jobs", "--unchecked"])
    assert failed.exit_code == 1 and "nothing was added" in failed.output and "--unchecked" not in failed.output


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "--top", "0"],
        ["fetch", "--top", "-5"],
        ["search", "--top", "-5"],
        ["rejected", "--top", "0"],
        ["recommend", "--top", "0"],
        ["encoder", "train", "bundle.zip", "--repeats", "0"],
        ["app", "--port", "99999"],
        ["serve", "--app-port", "0"],
        ["serve", "--dagster-port", "65536"],
        ["serve", "--mlflow-port", "-1"],
    ],
    ids=" ".join,
)
def test_a_number_out_of_range_is_a_wrong_command(cli: CliRunner, arguments: list[str]) -> None:
    result = cli.invoke(main, arguments)
    assert result.exit_code == 2
    assert f"Invalid value for '{arguments[-2]}'" in result.output


def test_a_taken_port_names_the_option_of_its_command(cli: CliRunner) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        alone = cli.invoke(main, ["app", "--port", port])
        together = cli.invoke(main, ["serve", "--app-port", port])
    assert alone.exit_code == together.exit_code == 1
    assert "another with --port" in alone.output and "another with --app-port" in together.output


def test_the_help_of_search_says_how_to_leave_out_a_word(cli: CliRunner) -> None:
    assert "jobfinder search -- data -python" in cli.invoke(main, ["search", "--help"]).output
    assert cli.invoke(main, ["search", "--", "data", "-python"]).exit_code == 0
