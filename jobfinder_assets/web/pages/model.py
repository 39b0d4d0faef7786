"""How good the model is, what it has learnt about the person, and which one is in force."""

import altair as alt
import pandas as pd
import streamlit as st

from jobfinder_assets.background import AlreadyRunning, start
from jobfinder_assets.training.features import load_encoder
from jobfinder_assets.training.insight import Learnt, taste
from jobfinder_assets.training.registry import Champion, champion, promote, version_history
from jobfinder_assets.web import session


def page() -> None:
    st.title("Model")
    found = champion(session.settings(), session.profile_name())
    if found is None:
        training = session.settings().training
        st.info(
            f"There is no model yet: it takes {training.minimum_labels} labels, {training.minimum_per_class} of each "
            "kind. Until then the list follows your profile's words. Label on the page Label."
        )
        return
    _how_good(found)
    _learnt(found)
    _compare()
    _versions(found)


def _how_good(found: Champion) -> None:
    st.header("How good it is")
    board, decision = found.scoreboard.set_index("model"), found.tags["decision"]
    row, chance = board.loc[found.tags["recipe"]], board["AP"]["prevalence"]
    st.write(
        f"Model {found.version}, judged on {found.tags['positives']} interesting and {found.tags['negatives']} other "
        f"jobs ({found.tags['basis']}) that it had not seen. Average precision {row['AP']:.2f}, most likely between "
        f"{row['low']:.2f} and {row['high']:.2f}; a list in no order has {chance:.2f}. "
        + decision[:1].upper()
        + decision[1:]
        + "."
    )
    shown = board.drop(index="prevalence").reset_index()
    base = alt.Chart(shown).encode(y=alt.Y("model:N", sort=shown["model"].tolist(), title=None))
    spread = base.mark_rule(strokeWidth=2).encode(
        x=alt.X("low:Q", title="average precision", scale=alt.Scale(domain=[0, 1])), x2="high:Q"
    )
    points = base.mark_point(filled=True, size=80).encode(x="AP:Q", tooltip=["model", "AP", "low", "high"])
    st.altair_chart(spread + points, width="stretch")
    columns = {
        "model": "ranked by",
        "AP": "average precision",
        "low": "from",
        "high": "to",
        "precision@10": "precision@10",
    }
    st.dataframe(shown[list(columns)].rename(columns=columns).round(3), hide_index=True, key="scoreboard")
    for canary in found.canaries:
        if not canary.passed:
            st.warning(f"{canary.name}: {canary.detail}")


def _learnt(found: Champion) -> None:
    st.header("What it has learnt about you")
    encoder = load_encoder(session.home())
    if encoder is None or encoder.version != found.tags["encoder_version"]:
        st.info("The features were made anew since this model was trained; train again to read it.")
        return
    told = taste(found.model, encoder)
    sides = st.columns(2)
    for column, title, at in ((sides[0], "speaks for a job", 0), (sides[1], "speaks against it", 1)):
        with column:
            st.subheader(title)
            for name, parts in (("in the title", told.title), ("in the text", told.words), ("facts", told.facts)):
                st.text(f"{name}: {_words(parts[at])}")


def _words(learnt: list[Learnt]) -> str:
    return ", ".join(one.name for one in learnt) or "nothing yet"


def _history() -> pd.DataFrame:
    return version_history(session.settings(), session.profile_name())


def _compare() -> None:
    history = _history()
    if len(history) < 2:
        return
    st.header("What labels have bought")
    base = alt.Chart(history).encode(x=alt.X("labels:Q", title="labels"))
    rules = base.mark_rule().encode(y=alt.Y("low:Q", title="average precision"), y2="high:Q")
    points = base.mark_line(point=True).encode(y="AP:Q", tooltip=["version", "labels", "AP", "low", "high"])
    st.altair_chart(rules + points, width="stretch")
    st.subheader("Two versions side by side")
    names = history["version"].tolist()
    chosen = st.multiselect("Versions", names, default=names[-2:], max_selections=2, key="compared")
    if len(chosen) == 2:
        wide = history.set_index("version").loc[chosen].T.astype(str)
        st.dataframe(wide, key="comparison")


def _versions(found: Champion) -> None:
    st.header("Train, or go back")
    name, run = session.profile_name(), session.background()
    if st.button("train now", disabled=run is not None and run.running, icon=":material/model_training:", key="train"):
        try:
            start(session.home(), ["train", "--profile", name, "--plain"])
        except AlreadyRunning as error:
            st.warning(str(error))
        st.rerun()
    others = [version for version in _history()["version"] if version != found.version]
    if not others:
        st.caption("There is no other version to go back to.")
        return
    wanted = st.selectbox("Another version", others[::-1], key="wanted_version")
    sure = st.checkbox(f"put model {wanted} in force", key="sure")
    if st.button("go back", disabled=not sure, key="go_back"):
        promote(session.settings(), name, wanted)
        try:
            start(session.home(), ["train", "--profile", name, "--plain"])
        except AlreadyRunning as error:
            st.warning(str(error))
        st.rerun()
