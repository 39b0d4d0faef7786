"""What the command prints: words of strangers stand as they were written, square brackets and all."""

import io
import json
import re
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
from jobfinder_assets.training.evaluation import Interval

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


def test_what_a_terminal_would_obey_is_left_out(console: Console, lake: Lake) -> None:
    board = BoardHealth("greenhouse", "key\x1b[2J", "1", "failed", NOW, message="the\x9bend\x07")
    lake.append("source_health", frame([board]))
    show.sources(console, Settings())
    assert "key[2J" in printed(console) and "theend" in printed(console)


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


@pytest.mark.parametrize(
    ("location", "told", "unknown"),
    [
        ("Narnia", "'data' in Narnia or remote:", True),
        (" Berlin ", "'data' in Berlin or remote:", False),
        ("Europe", "'data' in Europe or remote:", False),
        ("Remote", "'data' Remote:", False),
        ("", "'data':", False),
    ],
)
def test_a_search_says_that_remote_jobs_count_and_what_is_no_place(
    console: Console, location: str, told: str, unknown: bool
) -> None:
    show.found(console, Settings(), "data", location=location, top=5)
    assert f"Jobs for {told}" in printed(console)
    assert ("'Narnia' is no city, region or country" in printed(console)) is unknown


def test_pay_that_is_estimated_says_so(console: Console, lake: Lake, home: Home) -> None:
    texts = {"title": "Engineer", "description": "Text.", "source": "files", "first_seen_at": NOW}
    stated = texts | {"posting_id": "p1", "salary_annual_usd": 90_000.0, "salary_origin": "field"}
    estimate = texts | {"posting_id": "p2", "salary_annual_usd": 120_000.0, "salary_origin": "estimate"}
    lake.merge("postings", pd.DataFrame([stated, estimate]))
    SearchIndex(home.search).update(lake)
    show.found(console, Settings(), "", location="", top=5)
    pay = {"posting_id": ["p2", "gone", "p1"], "salary_annual_usd": [120_000.0, 70_000.0, 90_000.0]}
    listed = pd.DataFrame(pay).assign(profile="me", rank=[1, 2, 3], band="good", title="Engineer", reasons="[]")
    lake.replace("recommendations", listed)
    assert show.recommendations(console, Settings(), "me", top=5)
    assert printed(console).count("$120k est.") == 2
    assert printed(console).count("$90k ") == 2 and "$90k est." not in printed(console)
    ranked = [line.split("│")[1].strip() for line in printed(console).splitlines() if "│ good " in line]
    assert ranked == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("winner", "against", "bounds", "told"),
    [
        ("model", "champion", (-0.113, 0.053), "is in force: .* the model before it .*, which is within chance"),
        ("model", "linear model", (0.01, 0.1), "is in force: .* against the linear model, which is more than chance"),
        ("champion", "champion", (-0.3, -0.1), "is worse than what stays in force: .* which is more than chance"),
    ],
)
def test_the_decision_between_two_models_is_told_in_plain_words(
    winner: str, against: str, bounds: tuple[float, float], told: str
) -> None:
    decision = str(registry.Decision(winner, against, Interval(-0.039, *bounds)))
    assert re.match(f"the newly trained model {told}$", decision)
    assert f"average precision -0.039 ({bounds[0]:.3f} to {bounds[1]:.3f})" in decision
