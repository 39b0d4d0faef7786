"""Where postings come from: how each source fares, when it may be asked again, under what terms; and its boards."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import pandas as pd
import streamlit as st

from jobfinder_assets.background import AlreadyRunning, start
from jobfinder_assets.config import ConfigError
from jobfinder_assets.ingestion.boards import (
    Board,
    BoardsError,
    BoardSettings,
    keep_board,
    own_boards,
    without_password,
)
from jobfinder_assets.ingestion.catalog import build_sources, source_classes
from jobfinder_assets.ingestion.contract import LIVE, Source, SourceError
from jobfinder_assets.ingestion.health import HEALTHY, Complaint, complaints, latest_health, what_to_do
from jobfinder_assets.ingestion.pace import Pace
from jobfinder_assets.ingestion.recognise import Sighted, UnknownSystem, look, recognise
from jobfinder_assets.web import session, view

_LAST_POSTINGS = 5
_KINDS = {"sample": "an example", "file": "files on this machine", "ats": "employers' boards", "feed": "a feed"}
_REDISTRIBUTABLE = {
    "yes": "allowed",
    "no": "not allowed",
    "unknown": "not said, so do not",
}


def page() -> None:
    st.title("Sources")
    try:
        sources = build_sources(session.settings())
    except (ConfigError, BoardsError) as error:
        st.error("The sources cannot be read; correct this and reload the page.")
        st.code(str(error), language=None)
        return
    _fetch_everything()
    _health(sources)
    _add_board()
    _switched_off([name for name in source_classes() if name not in sources])


def _fetch_everything() -> None:
    run = session.background()
    st.button(
        "fetch everything now",
        type="primary",
        on_click=_fetch,
        disabled=run is not None and run.running,
        icon=":material/cloud_download:",
        key="fetch_everything",
    )
    st.caption(
        "The settings say http.offline: files are read, no live source is asked."
        if session.offline()
        else "Every source is asked that may be asked now; what has changed goes into the lists."
    )
    if told := st.session_state.pop("sources_told", None):
        st.text(told)


def _fetch() -> None:
    try:
        start(session.home(), ["fetch", "--plain"])
    except AlreadyRunning as error:
        st.session_state["sources_told"] = str(error)


def _health(sources: Mapping[str, Source]) -> None:
    st.header("Health")
    history = session.table("source_health")
    if history.empty:
        st.info('No source has been fetched yet: choose "fetch everything now", or run `jobfinder fetch`.')
    latest = latest_health(session.lake())
    for name, source in sources.items():
        boards = source.boards()
        last = latest[(latest["source"] == name) & latest["board"].isin(list(boards))]
        _source(source, last, complaints(history[history["source"] == name], boards))


def _source(source: Source, health: pd.DataFrame, found: Sequence[Complaint]) -> None:
    """One source: a line that says whether all is well, and behind it the rest."""
    words = f"**{source.name}** · {_KINDS[source.kind]} · {_state(source, health, found)}"
    opened = st.expander(words, icon=_icon(health, found), key=f"source-{source.name}", on_change="rerun")
    if opened.open:
        with opened:
            _details(source, health, found)


def _icon(health: pd.DataFrame, found: Sequence[Complaint]) -> str:
    if any(complaint.severe for complaint in found):
        return ":material/error:"
    if health.empty:
        return ":material/schedule:"
    return ":material/warning:" if found else ":material/check_circle:"


def _state(source: Source, health: pd.DataFrame, found: Sequence[Complaint]) -> str:
    count = len(source.boards())
    if not count:
        return "nothing to read yet"
    if health.empty:
        # A search's answer is no look at the whole source, and leaves no line of health.
        found_by_searches = _kept(source.name)
        return f"searched only · {found_by_searches:,} postings found" if found_by_searches else "not fetched yet"
    troubled = len({complaint.board for complaint in found})
    well = f"{count - troubled} of {count} boards well" if count > 1 else "not well" if troubled else "well"
    return f"{well} · {int(health['rows'].sum()):,} postings at the last look"


def _kept(name: str) -> int:
    return int((session.table("postings", ["source"])["source"] == name).sum())


def _details(source: Source, health: pd.DataFrame, found: Sequence[Complaint]) -> None:
    for words, names in _same_words(found).items():
        st.text(f"{_listed(names)}: {view.plain(words, longest=600)}")
    st.text(f"May be asked: {next_fetch(source, health)}")
    if health.empty:
        st.text("It has not been read as a whole yet.")
    else:
        _boards_table(health)
    _last_postings(source.name)
    _terms(source)
    if issubclass(source.settings_model, BoardSettings):
        _choose_boards(source)


def _same_words(found: Sequence[Complaint]) -> Mapping[str, Sequence[str]]:
    """The boards of each trouble: when a system is down, all its boards have the same."""
    together: dict[str, list[str]] = {}
    for complaint in found:
        together.setdefault(complaint.words, []).append(complaint.board)
    return together


def _listed(names: Sequence[str], *, most: int = 8) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(view.plain(name, longest=60) for name in names[:most]) + more


def next_fetch(source: Source, health: pd.DataFrame) -> str:
    """When a source's boards may be asked again, by its own limits and by `http.interval_minutes`."""
    if source.kind not in LIVE:
        return "at any time; it is on this machine"
    if seconds := Pace(source.name, source.rates, session.home()).wait():
        return f"in {_minutes(seconds)}, by the source's own limits"
    interval = timedelta(minutes=session.settings().http.interval_minutes)
    well = health[health["status"].isin(HEALTHY)]
    waits = (well["checked_at"] + interval - pd.Timestamp(session.now())).dt.total_seconds()
    waiting = waits[waits > 0]
    if waiting.empty:
        return "now"
    ready = len(source.boards()) - len(waiting)
    now = f"{ready} of {len(source.boards())} boards now, the others " if ready else ""
    return f"{now}in {_minutes(float(waiting.max()))} (http.interval_minutes)"


def _minutes(seconds: float) -> str:
    minutes = max(1, math.ceil(seconds / 60))
    return (
        f"{minutes} min" if minutes < 120 else f"{minutes // 60} hours" if minutes < 2880 else f"{minutes // 1440} days"
    )


def _boards_table(health: pd.DataFrame) -> None:
    advice = [what_to_do(*words) for words in zip(health["status"], health["message"].fillna(""), strict=True)]
    shown = health.assign(advice=list(map(view.plain, advice)))
    st.dataframe(
        shown[["board", "status", "rows", "new", "closed", "checked_at", "advice"]],
        hide_index=True,
        column_config={
            "checked_at": st.column_config.DatetimeColumn("looked at (UTC)", format="YYYY-MM-DD HH:mm"),
            "advice": "what happened, what to do",
        },
        key=f"boards-{health['source'].iloc[0]}",
    )


def _last_postings(name: str) -> None:
    """The postings of a source that came last."""
    columns = ["posting_id", "source", "title", "company", "location", "first_seen_at"]
    postings = session.table("postings", columns)
    last = postings[postings["source"] == name].nlargest(_LAST_POSTINGS, "first_seen_at")
    if last.empty:
        return
    lines = [
        " · ".join(part for part in map(view.plain, (row["title"], row["company"], row["location"])) if part)
        for row in last.to_dict("records")
    ]
    came = view.age(last["first_seen_at"].iloc[0], session.now())
    st.text(f"The last that came ({came}):\n" + "\n".join(f"– {line}" for line in lines))


def _terms(source: Source) -> None:
    terms = source.terms
    parts = [
        f"Named as: {terms.attribution}." if terms.attribution else "",
        terms.note,
        f"Passing its postings on: {_REDISTRIBUTABLE[terms.redistributable]}.",
    ]
    st.text("\n".join(part for part in parts if part))
    if terms.homepage:
        st.link_button("its own terms", terms.homepage, icon=":material/open_in_new:")


def _choose_boards(source: Source) -> None:
    """Leave boards of a source out, or read again what was left out."""
    own = [entry for entry in own_boards(session.home()) if entry.source == source.name and not entry.read]
    left_out = [without_password(entry.board) for entry in own]
    _choice("Leave out a board", "leave out", source.name, source.boards(), read=False)
    if left_out:
        _choice("Boards left out", "read again", source.name, left_out, read=True)


def _choice(label: str, verb: str, source: str, boards: Sequence[str], *, read: bool) -> None:
    key = f"{verb}-{source}"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(label, boards, index=None, placeholder="choose", key=key)
        arguments = (Board(source, str(chosen), read=read),)
        st.button(verb, on_click=_keep, args=arguments, disabled=chosen is None, key=f"{key}-now")


def _keep(board: Board) -> None:
    known = next((entry for entry in own_boards(session.home()) if _same(entry, board)), board)
    try:
        path = keep_board(session.home(), replace(known, read=board.read))
    except BoardsError as error:
        st.session_state["sources_told"] = str(error)
        return
    outcome = "is read again" if board.read else "is left out from now on; what is stored of it stays"
    st.session_state["sources_told"] = f"{board.source} board {view.plain(board.board)} {outcome} ({path})."


def _same(one: Board, other: Board) -> bool:
    return (one.source, without_password(one.board)) == (other.source, without_password(other.board))


def _add_board() -> None:
    st.header("Add a board")
    with st.form("add_board"):
        url = st.text_input(
            "Address of an employer's jobs",
            placeholder="https://jobs.lever.co/NAME",
            help="A board's own address, or a careers page that links to one.",
            key="board_url",
        )
        company = st.text_input("The employer's name, for your own list (optional)", key="board_company")
        unchecked = st.checkbox("add it without reading it first", key="board_unchecked")
        wanted = st.form_submit_button("Add", key="board_add")
    if not wanted:
        return
    if not url.strip():
        st.warning("Type an address first.")
        return
    with st.spinner("reading the board"):
        _add(url.strip(), company.strip(), checked=not unchecked)


def _add(url: str, company: str, *, checked: bool) -> None:
    """Recognise, look, keep; errors as they are, as text: they may hold a stranger's words."""
    try:
        board = replace(recognise(url, session.settings(), read=checked), company=company)
        sighted = look(board, session.settings()) if checked else None
        path = keep_board(session.home(), board)
    except (UnknownSystem, BoardsError) as error:
        st.error("The board was not added.")
        st.text(str(error))
    except SourceError as error:
        st.error("The board was not added: it could not be read. Add it without reading it if you trust the address.")
        st.text(str(error))
    else:
        _added(board, sighted)
        on = board.source in build_sources(session.settings())
        st.text(f"It stands in {path}; " + ("the next fetch reads it." if on else f"but {_how_to(board.source)}."))


def _added(board: Board, sighted: Sighted | None) -> None:
    st.success("The board is added.")
    st.text(f"{board.source}: {view.plain(board.board)}")
    if sighted is not None:
        titles = "; ".join(view.plain(title, longest=80) for title in sighted.titles)
        st.text(f"{sighted.postings:,} postings, such as: {titles}")


def _switched_off(names: Sequence[str]) -> None:
    """Sources that are off, with the words of their terms that matter before one is switched on."""
    if not names:
        return
    st.header("Not asked")
    for name in names:
        terms = source_classes()[name].terms
        st.text(f"{_how_to(name)}. {terms.note}")


def _how_to(name: str) -> str:
    """Why a source is not asked, and what changes that."""
    if session.offline() and source_classes()[name].kind in LIVE:
        return f"{name} is not asked while the settings say http.offline = true"
    return f"{name} is switched off; sources.{name}.enabled = true in jobfinder.toml switches it on"
