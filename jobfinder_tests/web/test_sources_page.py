"""The page Sources: what it says of health, limits and terms, and what its buttons keep or start."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from jobfinder_assets.background import AlreadyRunning, BackgroundRun
from jobfinder_assets.config import Home
from jobfinder_assets.ingestion.boards import Board, keep_board, own_boards
from jobfinder_assets.ingestion.contract import SourceError
from jobfinder_assets.ingestion.health import BoardHealth, frame
from jobfinder_assets.ingestion.pace import Pace
from jobfinder_assets.ingestion.recognise import Sighted
from jobfinder_assets.ingestion.sources.jobicy import Jobicy
from jobfinder_assets.storage.lake import Lake
from jobfinder_assets.web import session
from jobfinder_assets.web.screens import sources

NOW = datetime.now(UTC)
# Two boards of Lever, one feed, the sample; everything else is off.
ON = ("sample", "lever", "jobicy")
OFF = (
    "files", "greenhouse", "ashby", "smartrecruiters", "workable", "recruitee", "remotive", "arbeitnow", "himalayas",
    "hackernews", "remoteok", "themuse", "jobposting",
)  # fmt: skip


@pytest.fixture(autouse=True)
def settings(home: Home) -> None:
    lines = [f"[sources.{name}]\nenabled = false" for name in OFF]
    lines += ["[sources.lever]\nstarter = false\nboards = ['acme', 'bolt']"]
    (home.root / "jobfinder.toml").write_text("\n".join(lines), encoding="utf-8")


def health(board: str, status: Any, minutes: float, *, source: str = "lever", **told: Any) -> BoardHealth:
    """A board as it was looked at so many minutes ago."""
    return BoardHealth(source, board, f"run-{minutes}", status, NOW - timedelta(minutes=minutes), **told)


@pytest.fixture
def fetched(lake: Lake) -> None:
    rows = [
        health("acme", "ok", 10, rows=1200),
        health("bolt", "ok", 300, rows=7),
        health("bolt", "gone", 200, message="no such board <b>"),
        health("sample", "ok", 10, source="sample", rows=363),
    ]
    lake.append("source_health", frame(rows))


def opened(**state: Any) -> AppTest:
    def script() -> None:
        from jobfinder_assets.web.screens import sources

        sources.page()

    app = AppTest.from_function(script, default_timeout=30)
    for key, value in state.items():
        app.session_state[key.replace("__", "-")] = value
    app.run()
    assert not app.exception, app.exception
    return app


def lines(app: AppTest) -> dict[str, str]:
    """Each source's line, by its name."""
    return {entry.label.split("**")[1]: entry.label for entry in app.expander}


def words(app: AppTest) -> str:
    elements: Sequence[Any] = [*app.text, *app.caption, *app.info, *app.error, *app.success, *app.warning, *app.code]
    return "\n".join(str(element.value) for element in elements)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Sequence[str]]:
    asked: list[Sequence[str]] = []
    monkeypatch.setattr(sources, "start", lambda home, arguments: asked.append(arguments))
    return asked


def test_before_the_first_fetch_it_says_what_to_do() -> None:
    app = opened()
    assert "No source has been fetched yet" in words(app)
    assert set(lines(app)) == set(ON) and lines(app)["lever"].endswith("not fetched yet")
    assert "files is switched off; sources.files.enabled = true" in words(app)


def test_a_line_per_source_says_whether_all_is_well(fetched: None) -> None:
    found = lines(opened())
    assert found["lever"] == "**lever** · employers' boards · 1 of 2 boards well · 1,200 postings at the last look"
    assert found["sample"] == "**sample** · an example · well · 363 postings at the last look"
    icons = {entry.label.split("**")[1]: entry.icon for entry in opened().expander}
    assert icons == {
        "lever": ":material/warning:", "sample": ":material/check_circle:", "jobicy": ":material/schedule:",
    }  # fmt: skip


def test_a_board_that_gave_postings_and_gives_none_is_an_error(fetched: None, lake: Lake) -> None:
    lake.append("source_health", frame([health("acme", "empty", 1)]))
    assert [entry.icon for entry in opened().expander if "lever" in entry.label] == [":material/error:"]


def test_behind_the_line_stand_troubles_boards_terms_and_the_last_postings(fetched: None, lake: Lake) -> None:
    rows = [
        {"posting_id": str(n), "source": "lever", "title": f"Job {n}", "first_seen_at": NOW - timedelta(days=n)}
        for n in range(9)
    ]
    lake.merge("postings", pd.DataFrame([*rows, {"posting_id": "x", "source": "sample", "title": "Elsewhere"}]))
    app = opened(source__lever=True)
    told = words(app)
    assert "bolt: no such board <b>; the board does not exist (any more)" in told
    assert "Named as: the employer; link to the posting." in told and "Passing its postings on: not said" in told
    table = app.dataframe[0].value
    assert table["board"].tolist() == ["acme", "bolt"] and table["rows"].tolist() == [1200, 0]
    assert "– Job 0\n– Job 1\n– Job 2\n– Job 3\n– Job 4" in told and "Job 5" not in told and "Elsewhere" not in told


def test_boards_with_the_same_trouble_share_a_line(lake: Lake) -> None:
    lake.append(
        "source_health", frame([health(board, "failed", 5, message="no network") for board in ("acme", "bolt")])
    )
    assert "acme, bolt: no network; try again later" in words(opened(source__lever=True))


def test_when_a_source_may_be_asked(fetched: None, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    # NOW is when this file was read, which in a long run of tests is minutes ago.
    monkeypatch.setattr(session, "now", lambda: NOW)
    told = words(opened(source__lever=True))
    assert "May be asked: 1 of 2 boards now, the others in 50 min (http.interval_minutes)" in told
    assert "May be asked: at any time" in words(opened(source__sample=True))
    assert "May be asked: now" in words(opened(source__jobicy=True))
    assert Pace("jobicy", Jobicy.rates, home).take() == 0
    assert re.search(r"May be asked: in (59|60) min, by the source's own limits", words(opened(source__jobicy=True)))


def test_fetch_everything(started: list[Sequence[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    opened().button(key="fetch_everything").click().run()
    assert started == [["fetch", "--plain"]]
    monkeypatch.setattr(session, "background", lambda: BackgroundRun(("run",), NOW, "running", ()))
    assert opened().button(key="fetch_everything").disabled


def test_a_fetch_while_another_goes_on_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(home: Home, arguments: Sequence[str]) -> None:
        raise AlreadyRunning("`jobfinder run` is still running")

    monkeypatch.setattr(sources, "start", refuse)
    app = opened()
    app.button(key="fetch_everything").click().run()
    assert "still running" in words(app)


def add(url: str, company: str = "", *, unchecked: bool = False) -> AppTest:
    app = opened()
    app.text_input(key="board_url").set_value(url)
    app.text_input(key="board_company").set_value(company)
    app.checkbox(key="board_unchecked").set_value(unchecked)
    app.button(key="board_add").click().run()
    assert not app.exception
    return app


def test_a_board_is_read_and_kept(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "look", lambda board, settings: Sighted(board, 1234, ("Data [x](y) Engineer", "Chef")))
    told = words(add("https://jobs.lever.co/Planet", "Planet Inc."))
    assert own_boards(home) == (Board("lever", "Planet", "Planet Inc."),)
    assert "The board is added." in told and "1,234 postings, such as: Data [x](y) Engineer; Chef" in told
    assert "the next fetch reads it" in told


def test_a_board_that_cannot_be_read_is_added_only_unread(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(board: Board, settings: object) -> Sighted:
        raise SourceError("api.lever.co cannot be reached <i>")

    monkeypatch.setattr(sources, "look", fail)
    told = words(add("https://jobs.lever.co/planet"))
    assert "could not be read" in told and "api.lever.co cannot be reached <i>" in told and own_boards(home) == ()
    assert "The board is added." in words(add("https://jobs.lever.co/planet", unchecked=True))
    assert own_boards(home) == (Board("lever", "planet"),)


def test_an_address_of_no_known_system_is_told_as_it_is(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(url: str, settings: object, *, read: bool) -> Board:
        raise sources.UnknownSystem(f"{url} belongs to no system that jobfinder knows")

    monkeypatch.setattr(sources, "recognise", unknown)
    assert "https://example.com belongs to no system" in words(add("https://example.com"))
    assert "Type an address first." in words(add("  ")) and own_boards(home) == ()


def test_a_board_of_a_source_that_is_off(home: Home) -> None:
    told = words(add("https://boards.greenhouse.io/planet", unchecked=True))
    assert "but greenhouse is switched off; sources.greenhouse.enabled = true" in told
    assert own_boards(home) == (Board("greenhouse", "planet"),)


def test_a_board_is_left_out_and_read_again(home: Home, fetched: None) -> None:
    keep_board(home, Board("lever", "acme", "Acme Inc."))
    app = opened(source__lever=True)
    assert app.button(key="leave out-lever-now").disabled
    app.selectbox(key="leave out-lever").select("acme").run()
    app.button(key="leave out-lever-now").click().run()
    assert own_boards(home) == (Board("lever", "acme", "Acme Inc.", read=False),)
    assert "acme is left out" in words(app) and "· not well ·" in lines(app)["lever"]
    app.selectbox(key="read again-lever").select("acme").run()
    app.button(key="read again-lever-now").click().run()
    assert own_boards(home) == (Board("lever", "acme", "Acme Inc."),) and "acme is read again" in words(app)


def test_a_feed_has_no_boards_to_leave_out() -> None:
    assert not opened(source__jobicy=True).selectbox


def test_offline_says_so(home: Home) -> None:
    with (home.root / "jobfinder.toml").open("a", encoding="utf-8") as stream:
        stream.write("\n[http]\noffline = true\n")
    app = opened()
    assert set(lines(app)) == {"sample"} and "no live source is asked" in words(app)
    assert "lever is not asked while the settings say http.offline = true" in words(app)


@pytest.mark.parametrize("broken", ["[sources.nonsense]\nenabled = true", "boards.csv"])
def test_what_cannot_be_read_is_told_as_it_is(home: Home, broken: str) -> None:
    if broken == "boards.csv":
        (home.root / broken).write_text("source,board,company,read\nlever,acme,,perhaps\n", encoding="utf-8")
    else:
        with (home.root / "jobfinder.toml").open("a", encoding="utf-8") as stream:
            stream.write(f"\n{broken}\n")
    told = words(opened())
    assert "cannot be read" in told and ("perhaps" in told or "nonsense" in told)
