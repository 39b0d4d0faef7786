"""How good the model is, what it has learnt about the person, where it errs, and which one is in force."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from jobfinder_assets.background import AlreadyRunning, start
from jobfinder_assets.recommendations.reasons import sentences
from jobfinder_assets.recommendations.recommender import drift_of, refresh
from jobfinder_assets.storage.lake import Lake
from jobfinder_assets.storage.schemas import ROLES
from jobfinder_assets.training import insight
from jobfinder_assets.training.features import FeatureEncoder, Wanted, load_encoder
from jobfinder_assets.training.insight import Learnt, Miss, Run, Version
from jobfinder_assets.training.registry import Champion, champion, diversity_words, promote, worse_than_linear
from jobfinder_assets.training.training_set import Examples, load_examples
from jobfinder_assets.web import session, view

_WHOLE_TEXT = (
    "The model in force is a fine-tuned transformer: it reads the whole text, and no single word or fact stands for "
    "what it learnt."
)
_PARTS = ("How good", "What it learnt", "Mistakes", "Versions", "Runs")
_IN_FORCE, _OTHERS = "#1d4ed8", "#6b7280"
_MOST_RUNS = 50
_LEARNT = {"title": "In the title", "description": "In the text", "fact": "Facts"}
_METRICS = ("precision@10", "nDCG@10", "recall at 20% read", "ROC-AUC")


def page() -> None:
    st.title("Model")
    found = champion(session.settings(), session.profile_name())
    if told := st.session_state.pop("model_told", None):
        st.info(told)
    _train()
    if found is None:
        _no_model()
        return
    parts = dict(zip(_PARTS, st.tabs(_PARTS, key="model_part", on_change="rerun"), strict=True))
    shows = (_how_good, _what_it_learnt, _mistakes, _versions, _runs)
    for part, show in zip(parts.values(), shows, strict=True):
        if part.open:
            with part:
                show(found)


def _train() -> None:
    people, name, training = session.people(), session.profile_name(), session.settings().training
    labels, run = len(people.labels(name)), session.background()
    busy, enough = run is not None and run.running, labels >= training.minimum_labels
    st.button(
        "train now",
        on_click=_start_training,
        disabled=busy or not enough,
        icon=":material/model_training:",
        key="train",
    )
    waiting = people.waiting_labels(name)
    st.caption(f"Labelled jobs: {labels}; new since the last training: {waiting or 'none'}.")


def _start_training() -> None:
    try:
        start(session.home(), ["train", "--profile", session.profile_name(), "--plain"])
    except AlreadyRunning as error:
        st.session_state["model_told"] = str(error)


def _no_model() -> None:
    training = session.settings().training
    st.info(
        f"There is no model yet. One is trained from {training.minimum_labels} labels on, with at least "
        f"{training.minimum_per_class} of each kind; label on the page Label. Until then the list follows your "
        "profile and, the more the more there are, your labels."
    )


def _how_good(found: Champion) -> None:
    st.subheader(f"Model {found.version} is in force")
    st.write(insight.verdict(found))
    board = _board(found)
    st.altair_chart(_scoreboard_chart(board), width="stretch", alt="Average precision of each way to rank")
    st.caption(
        "Average precision is 1 when all jobs you like come first. The lines are intervals in which it lies with a "
        f"confidence of 0.95; the dotted line is no order at all ({insight.measured(found)[1]:.2f})."
    )
    known = board[board["model"] != insight.CHANCE]
    _table(known[["ranked by", "AP", "interval", *_METRICS]], key="scoreboard")
    st.caption(f"Diversity of the list: {diversity_words(found)}.")
    _drift()
    agreement = session.people().agreement(session.profile_name())
    if agreement.of:
        st.caption(
            f"Of the jobs that the label queue showed you again, without a word, you said {agreement}: no model of "
            "you can be asked to agree with you more than you do."
        )
    st.subheader("Why this one is in force")
    st.write(f"The gate's decision: {found.tags['decision']}.")
    if worse_than_linear(found):
        st.warning("It is worse than the linear model with its defaults; more labels usually mend that.")
    st.write("Experiments whose outcome is known beforehand tell whether the measurement can be trusted:")
    for canary in found.canaries:
        words = f"{canary.name}: {canary.detail}"
        if canary.passed:
            st.caption(f":material/check: passed · {words}")
        else:
            st.error(f"failed · {words}. Do not trust the figures above.", icon=":material/error:")
    _learning_curve()


def _drift() -> None:
    """Whether the jobs found since the training are like those before."""
    found = drift_of(session.settings(), session.profile_name())
    if found is None or not found.new:
        return
    if not found.known:
        st.caption(f"New since the training: {found.new} jobs, too few to tell whether the market has changed.")
    elif found.shifted:
        shifted = ", ".join(f"{name} (index {found.index[name]:.2f})" for name in found.shifted)
        st.warning(
            f"The {found.new} jobs found since the training differ from those before in: {shifted}. Label some of "
            "them, then train."
        )
    else:
        st.caption(
            f"The {found.new} jobs found since the training are like those before (stability indices below .25)."
        )


def _board(found: Champion) -> pd.DataFrame:
    """The scoreboard as a person reads it, best first."""
    board, recipe = found.scoreboard, found.tags["recipe"]
    names = [insight.contestant(name) + (" (in force)" if name == recipe else "") for name in board["model"]]
    bounds = zip(board["low"], board["high"], strict=True)
    intervals = ["" if pd.isna(low) else f"{low:.2f} to {high:.2f}" for low, high in bounds]
    own: dict[str, Any] = {"ranked by": names, "interval": intervals, "in force": board["model"] == recipe}
    return board.assign(**own)


def _scoreboard_chart(board: pd.DataFrame) -> Any:
    import altair as alt

    is_chance = board["model"] == insight.CHANCE
    columns = ["ranked by", "AP", "low", "high", "in force"]
    colour = alt.Color("in force:N", scale=alt.Scale(domain=[True, False], range=[_IN_FORCE, _OTHERS]), legend=None)
    base = alt.Chart(board.loc[~is_chance, columns]).encode(
        y=alt.Y("ranked by:N", sort=list(board["ranked by"]), title=None, axis=alt.Axis(labelLimit=200)), color=colour
    )
    bars = base.mark_rule(strokeWidth=2).encode(
        x=alt.X("low:Q", title="average precision", scale=alt.Scale(domain=[0, 1])), x2="high:Q"
    )
    tooltip = ["ranked by", *(alt.Tooltip(f"{name}:Q", format=".2f") for name in ("AP", "low", "high"))]
    points = base.mark_point(filled=True, size=90, opacity=1).encode(x="AP:Q", tooltip=tooltip)
    chance = alt.Chart(board.loc[is_chance, ["AP"]]).mark_rule(strokeDash=[3, 3], color=_OTHERS).encode(x="AP:Q")
    return (chance + bars + points).properties(height=36 * len(board))


def _learning_curve() -> None:
    st.subheader("What your labels have bought")
    known = _stored_versions()
    if len(known) < 2:
        st.caption("The curve begins with the second training: label more, then train.")
        return
    frame = pd.DataFrame(
        {
            "model": [one.version for one in known],
            "labels": [one.labels for one in known],
            "AP": [one.average_precision.value for one in known],
            "low": [one.average_precision.low for one in known],
            "high": [one.average_precision.high for one in known],
            "chance": [one.chance for one in known],
        }
    )
    st.altair_chart(_curve(frame), width="stretch", alt="Average precision over the number of labels")
    first, last = known[0], known[-1]
    st.caption(
        f"Average precision {first.average_precision.value:.2f} with {first.labels} labels (model {first.version}), "
        f"{last.average_precision.value:.2f} with {last.labels} (model {last.version}). Each was judged on the labels "
        "of its day: neighbours differ by chance as well."
    )


def _curve(frame: pd.DataFrame) -> Any:
    import altair as alt

    whole = alt.Axis(format="d", tickMinStep=1)
    base = alt.Chart(frame).encode(
        x=alt.X("labels:Q", title="labels", axis=whole, scale=alt.Scale(zero=False, padding=20))
    )
    tooltip = ["model", "labels", *(alt.Tooltip(f"{name}:Q", format=".2f") for name in ("AP", "low", "high", "chance"))]
    bars = base.mark_rule(strokeWidth=2, color=_IN_FORCE).encode(
        y=alt.Y("low:Q", title="average precision", scale=alt.Scale(domain=[0, 1])), y2="high:Q"
    )
    line = base.mark_line(color=_IN_FORCE, point={"size": 90, "color": _IN_FORCE}).encode(y="AP:Q", tooltip=tooltip)
    chance = base.mark_line(strokeDash=[3, 3], color=_OTHERS).encode(y="chance:Q")
    return (chance + bars + line).properties(height=280)


def _what_it_learnt(found: Champion) -> None:
    if found.fine_tuned is not None:
        st.info(_WHOLE_TEXT)
        return
    known = _examples(found)
    if known is None:
        return
    told, encoder = known
    shown = _learnt(_state(found), found, encoder, told)
    st.caption(
        "What sets apart the jobs that you have labelled, strongest first, with a job of each kind that has it. The "
        "bars compare what stands under one heading."
    )
    names = _titles(told.postings)
    for part, title in _LEARNT.items():
        st.subheader(title)
        longest = max((abs(one.strength) for one in shown if one.part == part), default=1.0)
        sides = zip(st.columns(2), ("Speaks for a job", "Speaks against it"), (True, False), strict=True)
        for column, heading, positive in sides:
            mine = [one for one in shown if one.part == part and (one.strength > 0) is positive]
            with column:
                st.html(
                    f"<b>{heading}</b>" + ("".join(_entry(one, names, longest) for one in mine) or "<p>nothing</p>")
                )
    if found.model.booster is not None:
        st.caption("Small trees over the facts correct this by a little; what they add stands in each job's reasons.")


@st.cache_data(show_spinner=False, max_entries=8)
def _learnt(state: tuple[str, ...], _found: Champion, _encoder: FeatureEncoder, _told: Examples) -> list[Learnt]:
    return insight.learnt(_found.model, _encoder, _told)


def _entry(one: Learnt, names: Mapping[str, str], longest: float) -> str:
    """One word or fact: a bar, how many labelled postings have it, and an example of each kind."""
    width, colour = max(2, round(100 * abs(one.strength) / longest)), "#047857" if one.strength > 0 else "#b91c1c"
    examples = (("liked", one.liked_example), ("not", one.disliked_example))
    told = "<br>".join(f"{kind}: {names[posting_id]}" for kind, posting_id in examples if posting_id)
    return (
        f'<div style="margin:.6rem 0"><span class="jf-why"><b>{view.escaped(one.name)}</b> · '
        f"in {one.liked} you liked, {one.disliked} you did not</span>"
        f'<div style="height:.35rem;width:{width}%;background:{colour};border-radius:.2rem"></div>'
        f'<div class="jf-facts">{told}</div></div>'
    )


def _titles(postings: pd.DataFrame) -> dict[str, str]:
    """How each posting is called, as safe HTML."""
    rows = zip(postings["posting_id"], postings["title"], postings["company"], strict=True)
    return {
        str(posting_id): " · ".join(filter(None, (view.escaped(title, longest=80), view.escaped(company, longest=40))))
        for posting_id, title, company in rows
    }


def _mistakes(found: Champion) -> None:
    if found.fine_tuned is not None:
        st.info(_WHOLE_TEXT)
        return
    known = _examples(found)
    if known is None:
        return
    told, encoder = known
    with st.spinner("asking models that have not seen the labels"):
        worst = _misses(_state(found), found, encoder, told)
    st.caption(
        "The jobs where the model is furthest from what you said. Each was scored by a model that had seen neither its "
        "label nor any of its employer's. Where you have changed your mind, say so: the next training learns it."
    )
    if not worst:
        st.info("It makes no mistake on your labels, or they are too few to tell.")
    labels = session.people().labels(session.profile_name())
    said = dict(zip(labels["posting_id"], labels["interesting"].tolist(), strict=True))
    kinds = (("You liked these; it puts others first", True), ("You turned these down; it puts them first", False))
    for heading, interesting in kinds:
        mine = [miss for miss in worst if miss.interesting is interesting]
        if mine:
            st.subheader(heading)
        for miss in mine:
            _miss(miss, told.postings.iloc[miss.row], said)


@st.cache_data(show_spinner=False, max_entries=8)
def _misses(state: tuple[str, ...], _found: Champion, _encoder: FeatureEncoder, _told: Examples) -> list[Miss]:
    return insight.misses(
        _found.parameters, _told, _encoder, training=session.settings().training, wanted=_found.model.wanted
    )


def _state(found: Champion) -> tuple[str, ...]:
    """What insights depend on."""
    labels = session.version("training_set")
    return str(session.home().root), session.profile_name(), found.version, str(labels)


def _miss(miss: Miss, posting: "pd.Series[Any]", said: Mapping[str, bool]) -> None:
    posting_id = str(posting["posting_id"])
    row = {str(name): value for name, value in posting.items()}
    shares = posting[list(ROLES)].astype("float64")
    row["role"] = None if shares.isna().all() else shares.idxmax()
    with st.container(border=True, key=f"miss-{posting_id}"):
        st.html(view.heading(row, session.now()))
        spoken = sentences(miss.reasons)
        sides = {
            "why": [one.text for one in spoken if one.contribution > 0],
            "against": [one.text.removeprefix("less: ") for one in spoken if one.contribution < 0],
        }
        lines = [f"At place {miss.place} of your {miss.of} labelled jobs."]
        lines += [f"<b>{side}:</b> {view.escaped('; '.join(words))}" for side, words in sides.items() if words]
        st.html(f'<div class="jf-why">{"<br>".join(lines)}</div>')
        _second_thought(miss, posting_id, said)


def _second_thought(miss: Miss, posting_id: str, said: Mapping[str, bool]) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        read = st.toggle("read", key=f"read-miss-{posting_id}")
        if said.get(posting_id) is miss.interesting:
            words = "not interesting after all" if miss.interesting else "interesting after all"
            arguments = (posting_id, not miss.interesting)
            st.button(words, on_click=_change, args=arguments, key=f"change-{posting_id}")
        else:
            st.text("You have said something else since; the next training knows it.")
    if not read:
        return
    whole = session.posting(posting_id)
    if whole is None:
        st.info("This posting is not kept any more.")
        return
    if (address := view.link(whole)) is not None:
        st.link_button("open at the source", address, icon=":material/open_in_new:")
    view.show_text(whole, words=session.profile().keywords)


def _change(posting_id: str, interesting: bool) -> None:
    session.people().change(session.profile_name(), posting_id, interesting=interesting)


def _examples(found: Champion) -> tuple[Examples, FeatureEncoder] | None:
    """The labelled postings as the model in force reads them; None, with a word to the person, when it cannot."""
    encoder = _encoder()
    if encoder is None or found.tags["encoder_version"] != encoder.version:
        st.info("The features of all jobs were made anew since this model was trained. Train now, then look again.")
        return None
    store, name = session.lake(), session.profile_name()
    with st.spinner("reading your labels"):
        return _load(
            str(store.uri), name, session.version("training_set"), encoder.version, found.model.wanted
        ), encoder


@st.cache_resource(show_spinner=False, max_entries=4)
def _load(uri: str, profile: str, version: int, encoder_version: str, wanted: Wanted) -> Examples:
    lake = Lake(uri)
    rows = lake.read("training_set", where=[("profile", "=", profile)])
    return load_examples(lake, rows, encoder_version, wanted=wanted)


def _encoder() -> FeatureEncoder | None:
    return _load_encoder(str(session.home().root), session.version("posting_features"))


# Every encoder is followed by new features.
@st.cache_resource(show_spinner=False, max_entries=2)
def _load_encoder(home: str, features: int) -> FeatureEncoder | None:
    return load_encoder(session.home())


def _versions(found: Champion) -> None:
    known = _stored_versions()[::-1]
    rows = [
        {
            "model": one.version,
            "stored": one.stored_at,
            "labels": one.labels,
            "AP": one.average_precision.value,
            "interval": f"{one.average_precision.low:.2f} to {one.average_precision.high:.2f}",
            "recipe": insight.contestant(one.recipe),
            "state": "in force" if one.version == found.version else "" if one.usable else "trained on other features",
        }
        for one in known
    ]
    # Above the table: its tools would lie over the tabs.
    st.caption(f"Every model that was stored, the newest first; {found.version} is in force.")
    _table(pd.DataFrame(rows), key="versions")
    others = [one.version for one in known if one.version != found.version and one.usable]
    if not others:
        st.caption("There is no other model to go back to.")
        return
    wanted = st.selectbox("Another model", others, format_func=lambda name: f"model {name}", key="wanted_version")
    st.caption("Your list is ranked by it at once. It stays until the next training, which judges a new model by it.")
    if st.session_state.get("confirm_version") != wanted:
        st.button(f"put model {wanted} in force", on_click=_ask, args=(wanted,), disabled=_busy(), key="put_in_force")
        return
    st.warning(f"Put model {wanted} in force in the place of model {found.version}?")
    with st.container(horizontal=True):
        sure = st.button("yes, put it in force", disabled=_busy(), type="primary", key="confirm")
        st.button("no", on_click=_ask, args=(None,), key="keep")
    if sure:
        _put_in_force(str(wanted))


def _stored_versions() -> Sequence[Version]:
    encoder = _encoder()
    return insight.stored_versions(session.settings(), session.profile_name(), encoder.version if encoder else "")


def _busy() -> bool:
    run = session.background()
    return run is not None and run.running


def _ask(version: str | None) -> None:
    st.session_state["confirm_version"] = version


def _put_in_force(version: str) -> None:
    name = session.profile_name()
    with st.spinner("putting it in force and ranking your list by it"):
        promote(session.settings(), name, version)
        listed = refresh(session.lake(), session.settings(), name, now=session.now())
    st.session_state["confirm_version"] = None
    st.session_state["model_told"] = (
        f"Model {version} is in force; your list of {len(listed.recommendations)} jobs is ranked by it."
    )
    st.rerun()


def _runs(found: Champion) -> None:
    with st.spinner("asking MLflow"):
        known = _training_runs(str(session.home().root), session.profile_name(), found.version)
    if len(known) < 2:
        st.info("MLflow knows one training of this profile: two are compared after the next.")
        return
    by_id = {run.run_id: run for run in known}
    left, right = st.columns(2)
    one = by_id[left.selectbox("One training", list(by_id), format_func=lambda key: _name(by_id[key]), key="run_one")]
    rest = [key for key in by_id if key != one.run_id]
    other = by_id[right.selectbox("Another", rest, format_func=lambda key: _name(by_id[key]), key="run_other")]
    names = {"one": _short(one), "other": _short(other)}
    st.subheader("Metrics")
    _table(insight.compared_metrics(one, other).rename(columns=names), key="metrics")
    st.subheader("Parameters")
    parameters = insight.compared_parameters(one, other)
    differing = int(parameters["differs"].sum())
    if not st.toggle(f"those that are equal as well ({len(parameters) - differing})", key="equal_parameters"):
        parameters = parameters[parameters["differs"]]
    if parameters.empty:
        st.caption("They do not differ.")
    else:
        _table(parameters.drop(columns="differs").rename(columns=names), key="parameters")


@st.cache_data(show_spinner=False, max_entries=8, ttl=60)
def _training_runs(home: str, profile: str, version: str) -> list[Run]:
    return insight.training_runs(session.settings(), profile, most=_MOST_RUNS)


def _name(run: Run) -> str:
    state = "" if run.status == "FINISHED" else f" · {run.status.lower()}"
    return f"{_short(run)} · {run.name} · {run.started_at:%Y-%m-%d %H:%M}{state}"


def _short(run: Run) -> str:
    return f"model {run.version}" if run.version else f"run {run.run_id[:6]}"


def _table(frame: pd.DataFrame, *, key: str) -> None:
    numbers: Iterable[str] = frame.select_dtypes("float").columns
    config: dict[str, Any] = {name: st.column_config.NumberColumn(format="%.2f") for name in numbers}
    if "stored" in frame:
        config["stored"] = st.column_config.DatetimeColumn("stored (UTC)", format="YYYY-MM-DD HH:mm")
    st.dataframe(frame, hide_index=True, column_config=config, key=key)
