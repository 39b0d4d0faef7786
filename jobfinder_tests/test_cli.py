"""The command: help, exit status, and errors that say what to do."""

from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from jobfinder_assets.cleaning.clean import clean_pending, utc_now
from jobfinder_assets.cli import main
from jobfinder_assets.config import Home, load_settings
from jobfinder_assets.ingestion.catalog import source_classes
from jobfinder_assets.ingestion.contract import record_json
from jobfinder_assets.storage.lake import Lake
from jobfinder_tests.ingestion.conftest import Server, reply
from jobfinder_tests.ingestion.conftest import server as server


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
