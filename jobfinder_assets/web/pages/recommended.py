"""Today's list: what is worth reading, why, and what the person did about it."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from jobfinder_assets.web import session, view
from jobfinder_assets.web.actions import Shown

_PER_PAGE = 20
# What people say when they turn a job down; stored with the label.
REASONS = ("not my role", "wrong place", "pay too low", "wrong level", "not this company", "other")


def page() -> None:
    st.title("Recommended")
    rows = session.table("recommendations", where=[("profile", "=", session.profile_name())]).sort_values("rank")
    if rows.empty:
        st.info("There is no list yet. Fetch jobs on the page Start, or run `jobfinder run`.")
        return
    last_visit = _last_visit()
    _state_of_the_model(rows)
    shown = _filtered(rows, last_visit)
    if shown.empty:
        st.info("Nothing is left with these filters.")
    numbers = range(1, max(1, -(-len(shown) // _PER_PAGE)) + 1)
    at = st.session_state.get("recommended_page", 1)
    at = at if at in numbers else 1
    for row in shown.iloc[(at - 1) * _PER_PAGE : at * _PER_PAGE].to_dict("records"):
        _card({str(name): value for name, value in row.items()}, new=_is_new(row, last_visit))
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
        st.caption(f"{waiting} new labels wait for the next training (page Label).")


def _filtered(rows: pd.DataFrame, last_visit: pd.Timestamp | None) -> pd.DataFrame:
    people, name = session.people(), session.profile_name()
    labelled = set(people.labels(name)["posting_id"])
    gone = people.marked(name, "hidden") | people.marked(name, "applied") | labelled
    open_rows = rows[~rows["posting_id"].isin(gone)]
    bands = open_rows["band"].value_counts()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.pills(
            "Match",
            [band for band in view.BAND_WORDS if band in bands],
            selection_mode="multi",
            format_func=lambda band: f"{view.BAND_WORDS[band]} ({bands[band]})",
            key="bands",
        )
        new = int((open_rows["first_seen_at"] > last_visit).sum()) if last_visit is not None else 0
        only_new = st.toggle(f"new since my last visit ({new})", disabled=not new, key="only_new")
        applied = people.marked(name, "applied")
        only_applied = st.toggle(f"applied ({len(applied)})", disabled=not applied, key="only_applied")
    if only_applied:
        return rows[rows["posting_id"].isin(applied)]
    shown = open_rows[open_rows["band"].isin(chosen)] if chosen else open_rows
    return shown[shown["first_seen_at"] > last_visit] if only_new and last_visit is not None else shown


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
    posting_id, people, name = row["posting_id"], session.people(), session.profile_name()
    shown = Shown("top", 1.0, int(row["rank"]), float(row["score"]), str(row["model_version"]))
    with st.container(horizontal=True):
        st.toggle("read", key=f"open-{posting_id}")
        if (address := view.link(row)) is not None:
            st.link_button("open at the source", address, icon=":material/open_in_new:")
        if st.button("interesting", key=f"yes-{posting_id}", icon=":material/thumb_up:"):
            people.label(name, posting_id, interesting=True, shown=shown)
            st.rerun()
        with st.popover("not interesting", icon=":material/thumb_down:"):
            reason = st.pills("Why?", REASONS, key=f"why-{posting_id}")
            if reason:
                people.label(name, posting_id, interesting=False, reason=reason, shown=shown)
                st.rerun()
        if st.button("applied", key=f"applied-{posting_id}", icon=":material/send:"):
            people.mark(name, "applied", posting_id)
            people.label(name, posting_id, interesting=True, reason="applied", shown=shown)
            st.rerun()
        if st.button("hide", key=f"hide-{posting_id}", icon=":material/visibility_off:"):
            people.mark(name, "hidden", posting_id)
            st.rerun()


def _whole(row: dict[str, Any]) -> None:
    posting = session.posting(row["posting_id"])
    if posting is None:
        st.info("This posting is not kept any more.")
        return
    st.caption(view.source_line(row))
    wanted = session.profile()
    view.show_text(posting, words=[*view.told_words(row), *wanted.keywords])
