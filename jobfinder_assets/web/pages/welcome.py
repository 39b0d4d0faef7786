"""From nothing to a first list: what is wanted, then jobs, then labels."""

import streamlit as st

from jobfinder_assets.background import AlreadyRunning, start
from jobfinder_assets.web import session
from jobfinder_assets.web.profiles import save_profile
from jobfinder_assets.web.view import ROLE_NAMES


def page() -> None:
    st.title("Welcome to jobfinder")
    st.write(
        "jobfinder fetches jobs, tells by their duties what they really are, and learns from your labels which of "
        "them are worth your time. Everything stays on this machine."
    )
    _wishes()
    _jobs()
    _labels()


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
    if st.button("Fetch jobs now", type="primary", disabled=run is not None and run.running, key="fetch"):
        try:
            start(session.home(), ["run", "--plain"])
        except AlreadyRunning as error:
            st.warning(str(error))
        st.rerun()


def _labels() -> None:
    st.header("3. Label ten jobs")
    labelled = len(session.people().labels(session.profile_name())) if session.lake().exists("postings") else 0
    needed = session.settings().training.minimum_labels
    st.write(
        f"{labelled} labelled so far. On the page Label press y or n; the list follows your profile's words at first, "
        f"and with {needed} labels a model of your taste is trained and judged."
    )


def listed(words: str) -> list[str]:
    """The parts of a line between commas, each once."""
    return list(dict.fromkeys(part.strip() for part in words.split(",") if part.strip()))
