"""Today's list: what is worth reading, why, and what the person did about it."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from jobfinder_assets.web import session, view
from jobfinder_assets.web.actions import Mark, Shown

_PER_PAGE = 20
# What people say when they turn a job down; stored with the label.
REASONS = ("not my role", "wrong place", "pay too low", "wrong level", "not this company", "other")
_NO_REASON = "no reason"
_NEW = "new"
_VIEWS = {
    "open": "to read",
    _NEW: "new since my last visit",
    "liked": "liked",
    "disliked": "not interesting",
    "applied": "applied",
    "hidden": "hidden",
}
# What is kept beside the labels, by what the page calls it.
_MARKS: Mapping[str, Mark] = {"applied": "applied", "hidden": "hidden"}


def page() -> None:
    st.title("Recommended")
    rows = session.table("recommendations", where=[("profile", "=", session.profile_name())]).sort_values("rank")
    if rows.empty:
        st.info("There is no list yet. Fetch jobs on the page Start, or run `jobfinder run`.")
        return
    last_visit = _last_visit()
    _state_of_the_model(rows)
    _said_last()
    views = _views(rows, last_visit)
    shown = _view(views)
    if shown not in ("open", _NEW):
        _settled(shown, views[shown])
        return
    _list(_narrowed(rows[rows["posting_id"].isin(views[shown])]), last_visit)


def _list(shown: pd.DataFrame, last_visit: pd.Timestamp | None) -> None:
    if shown.empty:
        st.info("Nothing is left here. Clear a filter, label more on the page Label, or fetch on the page Sources.")
    numbers, at = _pages(len(shown))
    some = shown.iloc[(at - 1) * _PER_PAGE : at * _PER_PAGE]
    shares = session.role_shares(list(some["posting_id"]))
    for row in some.to_dict("records"):
        card = {str(name): value for name, value in row.items()} | {"role_share": shares.get(row["posting_id"])}
        _card(card, new=_is_new(row, last_visit))
    _page_control(numbers, at)


def _pages(count: int) -> tuple[Sequence[int], int]:
    """The numbers of the pages, and the one that is open."""
    numbers = range(1, max(1, -(-count // _PER_PAGE)) + 1)
    at = st.session_state.get("recommended_page", 1)
    return numbers, at if at in numbers else 1


def _page_control(numbers: Sequence[int], at: int) -> None:
    if len(numbers) > 1:
        st.segmented_control("Page", list(numbers), default=at, key="recommended_page", required=True)


def _last_visit() -> pd.Timestamp | None:
    """When the person looked before; asked once a session, so that "new" stays new while they read."""
    key = f"visit-{session.profile_name()}"
    if key not in st.session_state:
        st.session_state[key] = session.people().visit(session.profile_name())
    found = st.session_state[key]
    return None if found is None else pd.Timestamp(found)


def _is_new(row: Mapping[Any, Any], last_visit: pd.Timestamp | None) -> bool:
    return last_visit is not None and row["first_seen_at"] > last_visit


def _state_of_the_model(rows: pd.DataFrame) -> None:
    version = str(rows["model_version"].iloc[0])
    waiting = session.people().waiting_labels(session.profile_name())
    if version == "profile words":
        st.caption("Ranked by what your profile says: label some jobs, and a model of your taste takes over.")
    elif version.startswith("profile and"):
        st.caption(
            f"Ranked by your {version.removeprefix('profile and ')} and, the less the more there are, by what your "
            "profile says; a model that can be judged takes over soon."
        )
    else:
        st.caption(f"Ranked by model {version} of your taste; how good it is stands on the page Model.")
    if waiting:
        verb = "waits" if waiting == 1 else "wait"
        st.caption(f"{view.counted(waiting, 'new label')} {verb} for the next training (page Label).")


def _views(rows: pd.DataFrame, last_visit: pd.Timestamp | None) -> dict[str, list[str]]:
    """Postings of each view: those of the list that are to be read, and what was said of others, the latest first."""
    people, name = session.people(), session.profile_name()
    labels = people.labels(name).sort_values("labelled_at", ascending=False)
    applied, hidden = people.marked(name, "applied"), people.marked(name, "hidden")
    open_rows = rows[~rows["posting_id"].isin({*labels["posting_id"], *applied, *hidden})]
    liked = labels["interesting"] & ~labels["posting_id"].isin(applied)
    new = open_rows[open_rows["first_seen_at"] > last_visit] if last_visit is not None else open_rows.head(0)
    return {
        "open": list(open_rows["posting_id"]),
        _NEW: list(new["posting_id"]),
        "liked": list(labels.loc[liked, "posting_id"]),
        "disliked": list(labels.loc[~labels["interesting"], "posting_id"]),
        "applied": sorted(applied),
        "hidden": sorted(hidden),
    }


def _view(views: Mapping[str, Collection[str]]) -> str:
    offered = [name for name in _VIEWS if views[name] or name == "open"]
    if st.session_state.get("recommended_view") not in offered:
        st.session_state["recommended_view"] = "open"
    chosen = st.segmented_control(
        "Show",
        offered,
        format_func=lambda name: f"{_VIEWS[name]} ({len(views[name])})",
        required=True,
        key="recommended_view",
    )
    return str(chosen)


def _narrowed(rows: pd.DataFrame) -> pd.DataFrame:
    """What passes the filters; each choice with how many of the list it has."""
    chosen = st.session_state
    on = sum(bool(chosen.get(f"only_{name}")) for name in ("band", "role", "workplace", "source"))
    with st.expander(f"Filters ({on} on)" if on else "Filters", icon=":material/tune:", key="recommended_filters"):
        kept = _passing(rows, "Match", "band", view.BAND_WORDS)
        kept &= _passing(rows, "Role", "role", view.ROLE_NAMES)
        kept &= _passing(rows, "Workplace", "workplace", view.WORKPLACE_WORDS)
        kept &= _passing(rows, "Source", "source", {name: name for name in sorted(rows["source"].dropna().unique())})
    return rows[kept]


def _passing(rows: pd.DataFrame, label: str, column: str, names: Mapping[str, str]) -> "pd.Series[bool]":
    counts = rows[column].value_counts()
    offered = [value for value in names if value in counts]
    everything = pd.Series(True, index=rows.index)
    if len(offered) < 2:
        return everything
    chosen = st.pills(
        label,
        offered,
        selection_mode="multi",
        format_func=lambda value: f"{names[value]} ({counts[value]})",
        key=f"only_{column}",
    )
    return rows[column].isin(chosen) if chosen else everything


def _card(row: dict[str, Any], *, new: bool) -> None:
    posting_id = row["posting_id"]
    with st.container(border=True, key=f"card-{posting_id}"):
        st.html(view.heading(row, session.now(), band=row["band"], new=new))
        why = [words for words, part in view.reasons(row) if part > 0]
        against = [words.removeprefix("less: ") for words, part in view.reasons(row) if part < 0]
        parts = [f"<b>why:</b> {view.escaped('; '.join(why))}"] if why else []
        parts += [f"<b>against:</b> {view.escaped('; '.join(against))}"] if against else []
        if near := view.because(row):
            parts.append(view.escaped(near))
        st.html(f'<div class="jf-why">{" · ".join(parts)}</div>')
        _buttons(row)
        if st.session_state.get(f"open-{posting_id}"):
            _whole(row)


def _buttons(row: dict[str, Any]) -> None:
    posting_id, title = row["posting_id"], view.plain(row["title"], longest=80)
    shown = Shown("top", 1.0, int(row["rank"]), float(row["score"]), str(row["model_version"]))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.toggle("read", key=f"open-{posting_id}")
        if (address := view.link(row)) is not None:
            st.link_button("open at the source", address, icon=":material/open_in_new:")
        arguments = (posting_id, title, shown)
        st.button("interesting", on_click=_like, args=arguments, key=f"yes-{posting_id}", icon=":material/thumb_up:")
        st.button(
            "not interesting", on_click=_ask, args=(posting_id,), key=f"no-{posting_id}", icon=":material/thumb_down:"
        )
        st.button("applied", on_click=_apply, args=arguments, key=f"applied-{posting_id}", icon=":material/send:")
        st.button(
            "hide", on_click=_hide, args=(posting_id, title), key=f"hide-{posting_id}", icon=":material/visibility_off:"
        )
    # Under the buttons and not in a window over them: there the keyboard comes next.
    if st.session_state.get("recommended_asked") == posting_id:
        st.pills(
            "Why? Your answer is kept once you choose.",
            (*REASONS, _NO_REASON),
            on_change=_dislike,
            args=arguments,
            key=f"why-{posting_id}",
        )


def _like(posting_id: str, title: str, shown: Shown) -> None:
    written = session.people().label(session.profile_name(), posting_id, interesting=True, shown=shown)
    _told("interesting", posting_id, title, labelled=written)


def _ask(posting_id: str) -> None:
    """Ask why this one is not interesting; a second click asks no more."""
    asked = st.session_state.get("recommended_asked") == posting_id
    st.session_state["recommended_asked"] = None if asked else posting_id


def _dislike(posting_id: str, title: str, shown: Shown) -> None:
    chosen = st.session_state[f"why-{posting_id}"]
    if chosen:
        name, reason = session.profile_name(), "" if chosen == _NO_REASON else chosen
        written = session.people().label(name, posting_id, interesting=False, reason=reason, shown=shown)
        _told("not interesting", posting_id, title, labelled=written)


def _apply(posting_id: str, title: str, shown: Shown) -> None:
    people, name = session.people(), session.profile_name()
    people.mark(name, "applied", posting_id)
    written = people.label(name, posting_id, interesting=True, reason="applied", shown=shown)
    _told("applied", posting_id, title, labelled=written)


def _hide(posting_id: str, title: str) -> None:
    session.people().mark(session.profile_name(), "hidden", posting_id)
    _told("hidden", posting_id, title, labelled=False)


def _told(what: str, posting_id: str, title: str, *, labelled: bool) -> None:
    st.session_state["recommended_last"] = (session.profile_name(), what, posting_id, title, labelled)


def _said_last() -> None:
    """What the last click did, for the card is gone; and the way back."""
    name, what, posting_id, title, labelled = st.session_state.get("recommended_last", (None, "", "", "", False))
    if name != session.profile_name():
        return
    if what not in _MARKS and not labelled:
        st.warning("This opening had a label already, from another tab: nothing was changed.")
        return
    with st.container(horizontal=True, vertical_alignment="center", key="said_last"):
        st.text(f"{what}: {title}")
        arguments = (what, posting_id, labelled)
        st.button("undo", on_click=_take_back, args=arguments, key="undo_said", icon=":material/undo:")


def _take_back(what: str, posting_id: str, labelled: bool) -> None:
    """Undo a mark, and the label where there is one to undo."""
    people, name = session.people(), session.profile_name()
    if what in _MARKS:
        people.unmark(name, _MARKS[what], posting_id)
    if labelled:
        people.withdraw(name, posting_id)
    st.session_state.pop("recommended_last", None)


def _settled(view_name: str, posting_ids: Sequence[str]) -> None:
    """What was liked, turned down, applied for or hidden: no longer on the list, but not lost."""
    numbers, at = _pages(len(posting_ids))
    some = posting_ids[(at - 1) * _PER_PAGE : at * _PER_PAGE]
    shares = session.role_shares(some)
    for row in session.headings(some):
        posting_id = row["posting_id"]
        with st.container(border=True, key=f"settled-{posting_id}"):
            st.html(view.heading(row | {"role_share": shares.get(posting_id)}, session.now()))
            _settled_buttons(row, view_name)
            if st.session_state.get(f"open-{posting_id}"):
                _whole(row)
    _page_control(numbers, at)


def _settled_buttons(row: Mapping[str, Any], view_name: str) -> None:
    posting_id, title = row["posting_id"], view.plain(row["title"], longest=80)
    words = "show it again" if view_name == "hidden" else "take back"
    # Who takes an application back may like the job still.
    back = (view_name, posting_id, view_name not in _MARKS)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.toggle("read", key=f"open-{posting_id}")
        if (address := view.link(row)) is not None:
            st.link_button("open at the source", address, icon=":material/open_in_new:")
        if view_name == "liked":
            arguments = (posting_id, title, Shown())
            st.button("applied", on_click=_apply, args=arguments, key=f"applied-{posting_id}", icon=":material/send:")
        st.button(words, on_click=_take_back, args=back, key=f"back-{posting_id}", icon=":material/undo:")


def _whole(row: Mapping[str, Any]) -> None:
    posting = session.posting(row["posting_id"])
    if posting is None:
        st.info("This posting is not kept any more.")
        return
    if line := view.source_line(row):
        st.caption(line)
    view.show_text(posting, words=[*view.told_words(row), *session.profile().keywords])
