"""From nothing to a first list: what is wanted, then jobs, then labels."""

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from jobfinder_assets.background import AlreadyRunning, start
from jobfinder_assets.web import session
from jobfinder_assets.web.profiles import save_profile
from jobfinder_assets.web.view import ROLE_NAMES


def page(*, read: StreamlitPage, label: StreamlitPage) -> None:
    """The first page; it leads to those of the list and of the queue."""
    st.title("Welcome to jobfinder")
    st.write(
        "jobfinder fetches jobs, tells by their duties what they really are, and learns from your labels which of "
        "them are worth your time. Everything stays on this machine."
    )
    _wishes()
    _jobs()
    _labels(read, label)


def _wishes() -> None:
    st.header("1. What do you look for?")
    wanted = session.profile()
    with st.form("wishes"):
        roles = st.multiselect(
            "Roles", list(ROLE_NAMES), default=list(wanted.roles), format_func=lambda role: ROLE_NAMES[role]
        )
        words = st.text_input("Words that speak for a job", ", ".join(wanted.keywords), help="separated by commas")
        places = st.text_input("Places", ", ".join(wanted.places), help="cities, countries, or Remote")
        if st.form_submit_button("Save", type="primary"):
            changes = {"roles": roles, "keywords": listed(words), "places": listed(places)}
            path = save_profile(session.settings(), session.profile_name(), changes)
            st.success(f"saved in {path}")


def _jobs() -> None:
    st.header("2. Fetch jobs")
    count = session.lake().count("postings") if session.lake().exists("postings") else 0
    st.write(
        f"{count:,} jobs are stored." if count else "No jobs are stored yet; the first fetch takes a minute or two."
    )
    run = session.background()
    busy = run is not None and run.running
    st.button("Fetch jobs now", type="primary", on_click=_fetch, disabled=busy, key="fetch")
    if told := st.session_state.pop("start_told", None):
        st.warning(told)


def _fetch() -> None:
    try:
        start(session.home(), ["run", "--plain"])
    except AlreadyRunning as error:
        st.session_state["start_told"] = str(error)


def _labels(read: StreamlitPage, label: StreamlitPage) -> None:
    st.header("3. Label ten jobs")
    if not session.lake().exists("label_queue"):
        st.write("When the jobs are there, ten labels make a first model of your taste.")
        return
    labelled = len(session.people().labels(session.profile_name()))
    needed = session.settings().training.minimum_labels
    st.write(
        f"{labelled} labelled so far. Press y or n for each job. Ten labels make a first model, which counts beside "
        f"your profile's words; with {needed} one is trained that can be judged, and takes over."
    )
    with st.container(horizontal=True):
        st.page_link(label, label="Label jobs", icon=":material/thumbs_up_down:")
        st.page_link(read, label="Read my list", icon=":material/star:")


def listed(words: str) -> list[str]:
    """The parts of a line between commas, each once."""
    return list(dict.fromkeys(part.strip() for part in words.split(",") if part.strip()))
