"""The app's frame: whose list it is, what is running, and the pages; `jobfinder app` and `jobfinder serve` start it."""

from importlib import import_module

import streamlit as st

from jobfinder_assets.config import ConfigError
from jobfinder_assets.training.registry import champion
from jobfinder_assets.web import session, view
from jobfinder_assets.web.screens import label, model, my_data, profile, recommended, roles, search, sources, welcome

# (name in the address, title, icon, what it shows)
PAGES = (
    ("recommended", "Recommended", ":material/star:", recommended.page),
    ("label", "Label", ":material/thumbs_up_down:", label.page),
    ("search", "Search", ":material/search:", search.page),
    ("model", "Model", ":material/monitoring:", model.page),
    ("roles", "Roles", ":material/category:", roles.page),
    ("sources", "Sources", ":material/rss_feed:", sources.page),
    ("profile", "Profile", ":material/person:", profile.page),
    ("my-data", "My data", ":material/folder_shared:", my_data.page),
)


def main() -> None:
    # An emoji, because Streamlit fetches a material icon of the tab from a web server.
    st.set_page_config(page_title="jobfinder", page_icon="💼", layout="wide")
    st.html(view.STYLE)
    try:
        session.settings()
    except ConfigError as error:
        st.error("A setting is wrong; correct it and reload this page.")
        st.code(str(error), language=None)
        return
    first_run = not session.lake().exists("postings")
    pages = [
        st.Page(show, title=title, icon=icon, url_path=name, default=not first_run and number == 0)
        for number, (name, title, icon, show) in enumerate(PAGES)
    ]
    start = st.Page(
        lambda: welcome.page(read=pages[0], label=pages[1]),
        title="Start",
        icon=":material/flag:",
        url_path="start",
        default=first_run,
    )
    chosen = st.navigation([start, *pages] if first_run else [*pages, start])
    _sidebar()
    chosen.run()
    if not first_run:
        session.warm(session.clusters, _models, lambda: session.index().facts(), _roles, _charts)


def _models() -> None:
    for name in session.profile_names():
        champion(session.settings(), name)


def _roles() -> None:
    roles.shares_of_titles(roles.tagged_postings())


def _charts() -> None:
    import_module("altair")


def _sidebar() -> None:
    names = session.profile_names()
    with st.sidebar:
        if len(names) > 1:
            st.selectbox("Profile", names, key="profile")
        running()
        if address := session.address():
            st.link_button("Dagster's UI", address, icon=":material/open_in_new:")


def running() -> None:
    """What the app has started: as it goes, and how it ended."""
    run = session.background()
    if run is None:
        return
    if run.running:
        _progress()
    elif st.session_state.get("watched") == run.started_at:
        words = f"`jobfinder {' '.join(run.arguments)}`"
        if run.state == "done":
            st.success(f"{words} is done", icon=":material/check:")
        else:
            st.error(f"{words}: {run.state}", icon=":material/error:")
            with st.expander("What it said"):
                st.code("\n".join(run.lines[-40:]), language=None)


# Only while something runs: a clock that ticks all day would redraw the page between two keys of a person.
@st.fragment(run_every=2.0)
def _progress() -> None:
    """The last words of the run; the whole page is drawn again when it ends."""
    run = session.background()
    if run is None or not run.running:
        st.rerun()
        return
    st.session_state["watched"] = run.started_at
    st.info(f"running `jobfinder {' '.join(run.arguments)}`", icon=":material/hourglass_top:")
    last = [line for line in run.lines if line.strip()][-1:]
    st.text(view.plain(last[0]) if last else "starting …")


if __name__ == "__main__":
    main()
