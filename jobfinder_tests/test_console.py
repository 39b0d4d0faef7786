"""What the command prints: words of strangers stand as they were written, square brackets and all."""

import io
import json
from datetime import UTC, datetime

import pandas as pd
import pytest
from rich.console import Console

from jobfinder_assets import console as show
from jobfinder_assets.config import Home, Settings
from jobfinder_assets.ingestion.health import BoardHealth, frame
from jobfinder_assets.recommendations.search import SearchIndex
from jobfinder_assets.storage.lake import Lake
from jobfinder_assets.training import registry

NOW = datetime.now(UTC)
# No markup, markup of a colour, markup that closes nothing, and the name of a picture.
HOSTILE = "[key] [red]b[/red] [/x] :skull:"


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=400)


def printed(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_message_of_a_board(console: Console, lake: Lake) -> None:
    board = BoardHealth("greenhouse", HOSTILE, "1", "failed", NOW, message=HOSTILE)
    lake.append("source_health", frame([board]))
    show.sources(console, Settings())
    assert printed(console).count(HOSTILE) == 2


def test_the_status_of_a_board_is_coloured(lake: Lake) -> None:
    console = Console(file=io.StringIO(), width=200, force_terminal=True, color_system="standard")
    boards = [BoardHealth("greenhouse", "a", "1", "failed", NOW), BoardHealth("greenhouse", "b", "1", "ok", NOW)]
    lake.append("source_health", frame(boards))
    show.sources(console, Settings())
    assert "\x1b[31mfailed" in printed(console) and "\x1b[32mok" in printed(console)


def test_the_words_of_a_search_and_what_it_finds(console: Console, lake: Lake, home: Home) -> None:
    names = ("posting_id", "title", "company", "location")
    posting = {name: f"{name} {HOSTILE}" for name in names} | {"description": "Text.", "first_seen_at": NOW}
    lake.merge("postings", pd.DataFrame([posting | {"source": "files"}]))
    SearchIndex(home.search).update(lake)
    show.found(console, Settings(), "", location="", top=5)
    assert all(f"{name} {HOSTILE}" in printed(console) for name in names)
    show.found(console, Settings(), HOSTILE, location=HOSTILE, top=5)
    assert f"{HOSTILE!r} in {HOSTILE}" in printed(console)


def test_recommendations(console: Console, lake: Lake) -> None:
    reasons = json.dumps([{"text": f"reason {HOSTILE}"}])
    texts = {name: f"{name} {HOSTILE}" for name in ("title", "company", "location", "band")}
    row = texts | {"profile": HOSTILE, "posting_id": "p", "rank": 1, "reasons": reasons}
    lake.replace("recommendations", pd.DataFrame([row]))
    assert show.recommendations(console, Settings(), HOSTILE, top=5)
    assert f"Jobs for {HOSTILE}" in printed(console) and f"reason {HOSTILE}" in printed(console)
    assert all(text in printed(console) for text in texts.values())


def test_rejected_rows_and_the_accounting_of_sources(console: Console, lake: Lake) -> None:
    row = {"posting_id": "p", "source": f"source {HOSTILE}", "title": f"title {HOSTILE}", "rejected_at": NOW}
    rejected = pd.DataFrame([row | {"rule": f"rule {HOSTILE}", "evidence": f"evidence {HOSTILE}"}])
    lake.append("rejected_postings", rejected)
    show.rejected(console, Settings(), rule=None, source=None, top=5)
    assert all(f"{name} {HOSTILE}" in printed(console) for name in ("title", "rule", "evidence"))
    console.print(show.accounting_table(pd.DataFrame({"in": [7]}, index=[f"counted {HOSTILE}"])))
    assert f"counted {HOSTILE}" in printed(console)


def test_a_profile_without_a_model(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "champion", lambda *_: None)
    show.scoreboard(console, Settings(), HOSTILE)
    assert f"Model of {HOSTILE}: none yet" in printed(console)
