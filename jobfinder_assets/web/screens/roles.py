"""Where ambiguous titles really go, what each source holds, and a person's word on what a posting is, by one key."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from jobfinder_assets.background import AlreadyRunning, start
from jobfinder_assets.roles.tagging import AMBIGUOUS_TITLES, title_shares
from jobfinder_assets.storage.schemas import ROLES
from jobfinder_assets.web import session, view

_PARTS = ("Where titles go", "By source", "Correct")
# So many of the least certain postings are offered, and as many of the person's own list.
_QUEUE = 200
# Tags at least this certain are not asked about.
_CERTAIN = 0.95
_EXAMPLES = 5
# Told apart by people who see no red or green (Okabe & Ito 2008, darkened for white paper).
_COLOURS = {
    "data_engineer": "#0072b2",
    "data_analyst": "#b36b00",
    "ml_engineer": "#007a5a",
    "data_scientist": "#a3447a",
    "other": "#8a8f98",
}


def page() -> None:
    st.title("Roles")
    tagged = tagged_postings()
    if tagged.empty:
        st.info("No posting is tagged yet. Fetch jobs on the page Start, or run `jobfinder run`.")
        return
    if told := st.session_state.pop("roles_told", None):
        st.info(told)
    shows = (_titles, _sources, _correct)
    for part, show in zip(st.tabs(_PARTS, key="roles_part", on_change="rerun"), shows, strict=True):
        if part.open:
            with part:
                show(tagged)


def tagged_postings() -> pd.DataFrame:
    """Every tagged posting: title, source, opening, role, probabilities, and how uncertain the tag is."""
    tables = ("postings", "posting_clusters", "role_tags")
    return _joined(str(session.lake().uri), tuple(map(session.version, tables)))


@st.cache_resource(show_spinner="reading the tags", max_entries=2)
def _joined(uri: str, versions: tuple[int, ...]) -> pd.DataFrame:
    postings = session.table("postings", ["posting_id", "title", "source"])
    clusters = session.table("posting_clusters", ["posting_id", "cluster_id", "canonical_id"])
    frame = postings.merge(session.table("role_tags", ["posting_id", "role", *ROLES]), on="posting_id")
    frame = frame.merge(clusters, on="posting_id", how="left")
    frame["cluster_id"] = frame["cluster_id"].fillna(frame["posting_id"])
    frame["canonical"] = frame["canonical_id"].isna() | (frame["canonical_id"] == frame["posting_id"])
    shares = frame[list(ROLES)].to_numpy(np.float64)
    frame["certain"] = shares.max(axis=1, initial=0.0)
    frame["entropy"] = -(shares * np.log(np.clip(shares, 1e-9, 1))).sum(axis=1)
    return frame.drop(columns="canonical_id")


def _titles(tagged: pd.DataFrame) -> None:
    st.write("A title says what an employer calls a job. What the job is, its duties say: the bars are told by those.")
    shares = shares_of_titles(tagged)
    if shares.empty:
        st.info("No posting has one of the ambiguous titles yet.")
        return
    counts = shares.set_index("title")["postings"]
    chart = _selectable(_bars(_long(shares, "title"), "title", list(counts.index)))
    st.altair_chart(
        chart, width="stretch", key="titles_chart", on_select=_select_bar, alt="Roles of the postings of each title"
    )
    st.caption("Choose a bar, or a title and a role here, to see such jobs.")
    if st.session_state.get("roles_title") not in counts:
        st.session_state["roles_title"] = counts.index[0]
    title = st.pills(
        "Title",
        list(counts.index),
        required=True,
        format_func=lambda name: f"{name} ({counts[name]:,})",
        key="roles_title",
    )
    _examples(tagged, str(title))


def shares_of_titles(tagged: pd.DataFrame) -> pd.DataFrame:
    """`title_shares` of the titles that occur, the most frequent first."""
    versions = session.version("postings"), session.version("role_tags")
    shares = _title_shares(str(session.lake().uri), versions, tagged)
    return shares[shares["postings"] > 0].sort_values("postings", ascending=False)


@st.cache_data(show_spinner=False, max_entries=2)
def _title_shares(uri: str, versions: tuple[int, int], _tagged: pd.DataFrame) -> pd.DataFrame:
    return title_shares(_tagged["title"], _tagged[list(ROLES)])


def _long(shares: pd.DataFrame, name: str) -> pd.DataFrame:
    """One row per bar's part."""
    frame = shares.melt(id_vars=[name, "postings"], value_vars=list(ROLES), var_name="role", value_name="share")
    return frame.assign(order=frame["role"].map(ROLES.index), called=frame["role"].map(view.ROLE_NAMES))


def _bars(frame: pd.DataFrame, name: str, order: Sequence[str]) -> Any:
    import altair as alt

    colours = alt.Scale(domain=[view.ROLE_NAMES[role] for role in ROLES], range=[_COLOURS[role] for role in ROLES])
    return (
        alt.Chart(frame)
        .mark_bar()
        .encode(
            x=alt.X("share:Q", stack="normalize", axis=alt.Axis(format="%"), title="share of the postings"),
            y=alt.Y(f"{name}:N", sort=list(order), title=None, axis=alt.Axis(labelLimit=150)),
            color=alt.Color(
                "called:N",
                scale=colours,
                title=None,
                legend=alt.Legend(orient="bottom", columns=2, symbolType="square"),
            ),
            order="order:Q",
            tooltip=[name, "postings", alt.Tooltip("called:N", title="role"), alt.Tooltip("share:Q", format=".0%")],
        )
        .properties(height=30 * len(order) + 190)
    )


def _selectable(chart: Any) -> Any:
    """The same bars, to be chosen by a click."""
    import altair as alt

    chosen = alt.selection_point(name="bar", fields=["title", "role"])
    opacity = alt.condition(chosen, alt.value(1.0), alt.value(0.45))
    return chart.mark_bar(cursor="pointer").encode(opacity=opacity).add_params(chosen)


def _select_bar() -> None:
    points = st.session_state["titles_chart"]["selection"].get("bar") or []
    if points:
        st.session_state["roles_title"] = points[0]["title"]
        st.session_state["roles_role"] = points[0]["role"]


def _examples(tagged: pd.DataFrame, title: str) -> None:
    """Postings with a title of the chosen kind, the surest of the chosen role first."""
    pattern = AMBIGUOUS_TITLES[title]
    holds = tagged["title"].fillna("").str.contains(pattern, flags=re.IGNORECASE, regex=True)
    mine = tagged[holds]
    counts = mine["role"].value_counts()
    names = [role for role in ROLES if role in counts]
    if not names:
        return
    if st.session_state.get("roles_role") not in names:
        st.session_state["roles_role"] = names[0]
    role = st.pills(
        "Tagged as",
        names,
        required=True,
        format_func=lambda name: f"{view.ROLE_NAMES[name]} ({counts[name]:,})",
        key="roles_role",
    )
    chosen = mine[mine["role"] == role].sort_values("certain", ascending=False).drop_duplicates("cluster_id")
    for posting_id in chosen["posting_id"].head(_EXAMPLES):
        _example(str(posting_id))


def _example(posting_id: str) -> None:
    posting = session.posting(posting_id)
    if posting is None:
        return
    with st.container(border=True, key=f"example-{posting_id}"):
        _head(posting)
        with st.container(horizontal=True, vertical_alignment="center"):
            read = st.toggle("read", key=f"read-role-{posting_id}")
            st.button("correct it", on_click=_correct_next, args=(posting_id,), key=f"correct-{posting_id}")
        if read:
            view.show_text(posting)


def _head(posting: Mapping[str, Any]) -> None:
    """What is known of a posting, its roles' probabilities, and the phrases that decided them."""
    tag = posting["role_tag"] or {}
    st.html(view.heading({**posting, "role": tag.get("role")}, session.now()))
    shares = sorted(((float(tag.get(role) or 0), role) for role in ROLES), reverse=True)
    told = " · ".join(f"{view.ROLE_NAMES[role]} {share:.0%}" for share, role in shares if share >= 0.005)
    lines = [f"<b>tagged:</b> {told}"]
    for role, phrases in _phrases(tag).items():
        lines.append(f"<b>for {view.ROLE_NAMES[role]}:</b> {view.escaped(', '.join(phrases))}")
    st.html(f'<div class="jf-why">{"<br>".join(lines)}</div>')


def _phrases(tag: Mapping[str, Any]) -> dict[str, list[str]]:
    """The phrases that spoke for each role, strongest first."""
    found: dict[str, list[str]] = {}
    for entry in json.loads(tag.get("evidence") or "[]"):
        words = f"“{entry['phrase']}”" + (" (title)" if entry["part"] == "title" else "")
        of_role = found.setdefault(str(entry["role"]), [])
        if words not in of_role:
            of_role.append(words)
    return found


def _sources(tagged: pd.DataFrame) -> None:
    st.write("What each source holds, by the duties that its postings tell.")
    counts = tagged.groupby("source").size().rename("postings")
    shares = tagged.groupby("source")[list(ROLES)].mean().join(counts).reset_index()
    shares = shares.sort_values("postings", ascending=False)
    if len(shares) > 1:
        everything = tagged[list(ROLES)].mean().to_dict() | {"source": "all sources", "postings": len(tagged)}
        shares = pd.concat([pd.DataFrame([everything]), shares], ignore_index=True)
    chart = _bars(_long(shares, "source"), "source", list(shares["source"]))
    st.altair_chart(chart, width="stretch", key="sources_chart", alt="Roles of the postings of each source")
    table = shares[["source", "postings"]].assign(**{role: 100 * shares[role] for role in ROLES})
    percent = {role: st.column_config.NumberColumn(view.ROLE_NAMES[role], format="%.0f %%") for role in ROLES}
    st.dataframe(table, hide_index=True, column_config=percent, key="sources_table")


def _correct(tagged: pd.DataFrame) -> None:
    waiting = session.people().corrected()
    queue = _queue(tagged, waiting)
    _waiting(waiting)
    if not queue:
        st.info("No tag is left in doubt. What you have skipped comes back the next time you open the app.")
        return
    posting_id, why = queue[0]
    posting = session.posting(posting_id)
    if posting is None:
        _leave(posting_id)
        st.rerun()
        return
    tag = posting["role_tag"] or {}
    st.write("**What is this job, by its duties?**")
    _keys(posting_id, str(tag.get("role")))
    st.caption(f"{len(queue)} to look at; this one: {why}. One key each, saved at once.")
    with st.container(border=True, key=f"tag-{posting_id}"):
        _head(posting)
        if (address := view.link(posting)) is not None:
            st.link_button("open at the source", address, icon=":material/open_in_new:")
        view.show_text(posting)


def _queue(tagged: pd.DataFrame, waiting: set[str]) -> list[tuple[str, str]]:
    """Postings to ask about, with why: one of the person's list, one of the least certain of all, and so on."""
    told = set(session.table("role_corrections", ["posting_id"])["posting_id"]) | waiting | set(_done())
    openings = set(tagged.loc[tagged["posting_id"].isin(told), "cluster_id"])
    doubtful = tagged[tagged["canonical"] & (tagged["certain"] < _CERTAIN) & ~tagged["cluster_id"].isin(openings)]
    where = [("profile", "=", session.profile_name())]
    listed = doubtful["cluster_id"].isin(set(session.table("recommendations", ["cluster_id"], where)["cluster_id"]))
    sides = (doubtful[listed], "it is on your list"), (doubtful[~listed], "the tagger is least certain of it")
    ranked = [side.nlargest(_QUEUE, "entropy").assign(why=why).reset_index(drop=True) for side, why in sides]
    queue = pd.concat(ranked).sort_index(kind="stable")
    asked = st.session_state.get("roles_next")
    rest = [pair for pair in zip(queue["posting_id"], queue["why"], strict=True) if pair[0] != asked]
    return [(asked, "you asked for it"), *rest] if asked is not None else rest


def _keys(posting_id: str, tagged_as: str) -> None:
    """One button and one key for each role, for "right" and for what is not said."""

    def say(role: str) -> None:
        session.people().correct_role(session.profile_name(), posting_id, role)
        _leave(posting_id)

    def back() -> None:
        st.session_state["roles_next"] = _done().pop()

    with st.container(horizontal=True, key="role_keys"):
        for number, role in enumerate(ROLES, start=1):
            name = view.ROLE_NAMES[role]
            st.button(name, shortcut=str(number), on_click=say, args=(role,), key=f"role-{role}")
    with st.container(horizontal=True, key="role_more_keys"):
        right = f"right: {view.ROLE_NAMES.get(tagged_as, 'other')}"
        st.button(right, shortcut="y", on_click=say, args=(tagged_as,), type="primary", key="role-right")
        st.button("skip", shortcut="s", on_click=_leave, args=(posting_id,), key="role-skip")
        st.button("back", shortcut="b", on_click=back, disabled=not _done(), key="role-back")


def _done() -> list[str]:
    """Postings that were answered or skipped in this session, in their order."""
    done: list[str] = st.session_state.setdefault("roles_done", [])
    return done


def _leave(posting_id: str) -> None:
    """Go on to the next posting."""
    st.session_state["roles_next"] = None
    if posting_id not in _done():
        _done().append(posting_id)


def _correct_next(posting_id: str) -> None:
    st.session_state["roles_next"] = posting_id
    st.session_state["roles_part"] = _PARTS[-1]


def _waiting(waiting: set[str]) -> None:
    """What has been said and not yet been read, and the button that reads it."""
    stored = session.table("role_corrections", ["posting_id"])["posting_id"].nunique()
    run = session.background()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.text(f"{stored + len(waiting)} corrected so far, {len(waiting)} of them since the last run.")
        st.button(
            "apply them now",
            on_click=_apply,
            disabled=not waiting or (run is not None and run.running),
            icon=":material/model_training:",
            help="Tags these jobs as you said and ranks your list anew; with five more corrections the tagger learns.",
            key="apply_roles",
        )


def _apply() -> None:
    try:
        start(session.home(), ["train", "--profile", session.profile_name(), "--plain"])
    except AlreadyRunning as error:
        st.session_state["roles_told"] = str(error)
