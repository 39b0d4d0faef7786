"""The queue, one posting at a time, one key per label."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from jobfinder_assets.background import AlreadyRunning, start
from jobfinder_assets.labels.events import AGAIN
from jobfinder_assets.training.registry import champion
from jobfinder_assets.web import session, view
from jobfinder_assets.web.actions import Shown


def page() -> None:
    st.title("Label")
    people, name = session.people(), session.profile_name()
    if told := st.session_state.pop("told", None):
        st.warning(told)
    labels = people.labels(name)
    queue = _queue(labels)
    st.caption(_worth(labels))
    if queue.empty:
        if session.lake().exists("postings"):
            _train_button(labels)
            st.info("Nothing is left to label. Train again for a new queue, or label what the page Search finds.")
        else:
            st.info("There are no jobs yet. Fetch them on the page Start, or run `jobfinder run`.")
        return
    row = {str(column): value for column, value in queue.iloc[0].items()}
    posting = session.posting(row["posting_id"])
    if posting is None:
        people.mark(name, "skipped", row["posting_id"])
        st.rerun()
        return
    _keys(row, left=len(queue))
    with st.container(border=True, key=f"posting-{row['posting_id']}"):
        role = (posting["role_tag"] or {}).get("role")
        st.html(view.heading(posting | {"role": role}, session.now()))
        if (address := view.link(posting)) is not None:
            st.link_button("open at the source", address, icon=":material/open_in_new:", shortcut="o", key="open")
        view.show_text(posting, words=session.profile().keywords)
    _train_button(labels)


def _queue(labels: pd.DataFrame) -> pd.DataFrame:
    """What is left of the stored queue, in its order."""
    name = session.profile_name()
    queue = session.table("label_queue", where=[("profile", "=", name)]).sort_values("position")
    opening = queue["posting_id"].map(session.clusters()).fillna(queue["posting_id"])
    people = session.people()
    skipped = people.marked(name, "skipped") | people.marked(name, "hidden")
    # What is shown again has a label; what was labelled a second time is done.
    done = opening.isin(set(labels["cluster_id"])) & (queue["policy"] != AGAIN)
    done |= opening.isin(set(labels.loc[labels["said_again"], "cluster_id"]))
    return queue[~done & ~queue["posting_id"].isin(skipped)]


def _keys(row: Mapping[str, Any], *, left: int) -> None:
    people, name, posting_id = session.people(), session.profile_name(), row["posting_id"]
    propensity = None if pd.isna(row["propensity"]) else float(row["propensity"])
    score = None if pd.isna(row["score"]) else float(row["score"])
    shown = Shown(str(row["policy"]), propensity, int(row["position"]), score, str(row["model_version"]))
    # Of this profile alone: after another was chosen, its key takes back nothing of this one's.
    steps = st.session_state.setdefault("undo", {}).setdefault(name, [])

    def say(interesting: bool) -> None:
        if people.label(name, posting_id, interesting=interesting, shown=shown):
            steps.append(("label", posting_id))
        else:
            st.session_state["told"] = "This opening had a label already, from another tab: nothing was changed."

    def skip() -> None:
        people.mark(name, "skipped", posting_id)
        steps.append(("skip", posting_id))

    def undo() -> None:
        if not steps:
            return  # pressed twice, before the page had disabled it
        kind, last = steps.pop()
        if kind == "label":
            people.withdraw(name, last)
        else:
            people.unmark(name, "skipped", last)

    with st.container(horizontal=True, key="keys"):
        st.button("interesting", shortcut="y", on_click=say, args=(True,), type="primary", key="yes")
        st.button("not interesting", shortcut="n", on_click=say, args=(False,), key="no")
        st.button("skip", shortcut="s", on_click=skip, key="skip")
        st.button("undo", shortcut="u", on_click=undo, disabled=not steps, key="undo_last")
    st.caption(f"{left} in the queue: likely, doubtful and some at random. Each key is saved at once.")


def _worth(labels: pd.DataFrame) -> str:
    """How many labels there are, and what they have bought so far."""
    liked, training = int(labels["interesting"].sum()), session.settings().training
    counts = f"{len(labels)} labelled, {liked} of them interesting."
    needed = training.minimum_labels - len(labels)
    if needed > 0:
        return f"{counts} {needed} more until a model that can be judged; until then each counts beside your profile."
    found = champion(session.settings(), session.profile_name())
    if found is None:
        return f"{counts} Enough for a first model: train it."
    board = found.scoreboard.set_index("model")["AP"]
    by_words, by_model = board.get("profile keywords"), board.get(found.tags["recipe"])
    if by_words is None or by_model is None:
        return counts
    return (
        f"{counts} Average precision of the list: {by_words:.2f} by your profile's words, {by_model:.2f} with labels."
    )


def _train_button(labels: pd.DataFrame) -> None:
    name = session.profile_name()
    waiting = session.people().waiting_labels(name)
    run = session.background()
    busy = run is not None and run.running
    enough = len(labels) >= session.settings().training.minimum_labels
    words = "train now" if enough else "update my list"
    words += f" ({view.counted(waiting, 'new label')})" if waiting else " (no new labels)"
    st.button(words, on_click=_train, disabled=busy or not waiting, icon=":material/model_training:", key="train")


def _train() -> None:
    try:
        start(session.home(), ["train", "--profile", session.profile_name(), "--plain"])
    except AlreadyRunning as error:
        st.session_state["told"] = str(error)
