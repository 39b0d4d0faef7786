"""Where ambiguous titles really go, and a person's word on what a posting is."""

from typing import Any

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st

from jobfinder_assets.roles.tagging import ambiguous_titles, role_shares
from jobfinder_assets.storage.schemas import ROLES
from jobfinder_assets.web import session, view

# So many of the least certain postings are offered, those of the person's own list first.
_QUEUE = 200


def page() -> None:
    st.title("Roles")
    if session.table("role_tags", ["posting_id"]).empty:
        st.info("No posting is tagged yet: fetch jobs on the page Start.")
        return
    _titles()
    _correct()
    _all()


def _titles() -> None:
    st.header("Where titles really go")
    shares = _ambiguous(session.lake().version("role_tags"))
    shares = shares[shares["postings"] > 0]
    if shares.empty:
        st.caption("Too few postings with ambiguous titles so far.")
        return
    long = shares.melt(id_vars=["title", "postings"], value_vars=list(ROLES), var_name="role", value_name="share")
    names = list(view.ROLE_NAMES.values())
    long = long.assign(order=long["role"].map(list(ROLES).index), role=long["role"].map(view.ROLE_NAMES))
    chart = (
        alt.Chart(long)
        .mark_bar()
        .encode(
            x=alt.X("share:Q", stack="normalize", axis=alt.Axis(format="%"), title="share by the duties told"),
            y=alt.Y("title:N", title=None),
            color=alt.Color("role:N", title=None, sort=names, legend=alt.Legend(orient="bottom")),
            order=alt.Order("order:Q"),
            tooltip=["title", "postings", "role", alt.Tooltip("share:Q", format=".0%")],
        )
    )
    st.altair_chart(chart, width="stretch")


@st.cache_data(show_spinner=False, max_entries=4)
def _ambiguous(version: int) -> pd.DataFrame:
    return ambiguous_titles(session.lake())


def _correct() -> None:
    st.header("Is the tag right?")
    queue = _uncertain()
    if not queue:
        st.caption("Nothing is left to look at.")
        return
    posting = session.posting(queue[0])
    if posting is None:
        _seen().add(queue[0])
        st.rerun()
        return
    tag = posting["role_tag"] or {}
    _keys(queue[0], str(tag.get("role")))
    with st.container(border=True, key="posting"):
        st.html(view.heading(posting | {"role": tag.get("role")}, session.now()))
        told = " · ".join(f"{view.ROLE_NAMES[role]} {tag.get(role, 0):.0%}" for role in ROLES)
        st.caption(f"the tagger's shares: {told}")
        view.show_text(posting)


def _keys(posting_id: str, current: str) -> None:
    def say(role: str) -> None:
        session.people().correct_role(session.profile_name(), posting_id, role)
        _seen().add(posting_id)

    with st.container(horizontal=True, key="role_keys"):
        for number, role in enumerate(ROLES, start=1):
            kind: Any = "primary" if role == current else "secondary"
            st.button(
                view.ROLE_NAMES[role], shortcut=str(number), on_click=say, args=(role,), type=kind, key=f"role-{role}"
            )
        st.button("skip", shortcut="s", on_click=_seen().add, args=(posting_id,), key="skip_role")
    st.caption("One key each; the coloured one is the tagger's own. Your word counts at once, and five more teach it.")


def _seen() -> set[str]:
    seen: set[str] = st.session_state.setdefault("roles_seen", set())
    return seen


def _uncertain() -> list[str]:
    """The least certain postings that nobody has judged, those of the person's own list first."""
    name = session.profile_name()
    tags = session.table("role_tags", ["posting_id", *ROLES])
    shares = tags[list(ROLES)].to_numpy(np.float64)
    entropy = -(shares * np.log(np.clip(shares, 1e-9, 1))).sum(axis=1)
    mine = set(session.table("recommendations", ["posting_id"], [("profile", "=", name)])["posting_id"])
    told = set(session.table("role_corrections", ["posting_id"])["posting_id"]) | _seen() | session.people().corrected()
    order = np.argsort(-(entropy + 10.0 * tags["posting_id"].isin(mine).to_numpy()), kind="stable")[
        : _QUEUE + len(told)
    ]
    return [posting_id for posting_id in tags["posting_id"].iloc[order] if posting_id not in told][:_QUEUE]


def _all() -> None:
    st.header("All postings by role")
    st.dataframe(_shares(session.lake().version("role_tags")), hide_index=True, key="role_shares")


@st.cache_data(show_spinner=False, max_entries=4)
def _shares(version: int) -> pd.DataFrame:
    return role_shares(session.lake())
