"""Where models are kept: trained, judged by the gate, logged to MLflow, and one of them is the champion.

The MLflow alias `champion` of the registered model `jobfinder-PROFILE` says which version is in force.
Each version is also kept under `$JOBFINDER_HOME/models/preference/PROFILE/VERSION.joblib`, with
`champion.json` naming the one in force, so that scoring needs no MLflow (importing it takes 1.3 s). Written
in this order: MLflow run and version, joblib file, alias, `champion.json`; whoever was killed in
between, the next training makes the file follow the alias before it begins. A rollback writes, before all these,
`rolled_back.json`: which version it put in force, and the fingerprint of the one turned down.
"""

import hashlib
import json
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from jobfinder_assets.config import Profile, Settings, Training
from jobfinder_assets.encoder import tuned
from jobfinder_assets.encoder.static import StaticVectors, load_static
from jobfinder_assets.encoder.vectors import vectors_in_force
from jobfinder_assets.labels.events import Agreement, self_agreement
from jobfinder_assets.storage.files import read_object, write_bytes, write_json, write_object, write_text
from jobfinder_assets.storage.lake import Lake
from jobfinder_assets.storage.mlflow_store import experiment_id, mlflow_client
from jobfinder_assets.storage.schemas import ROLES
from jobfinder_assets.storage.spreadsheet import to_csv
from jobfinder_assets.training.baselines import Ranker
from jobfinder_assets.training.evaluation import (
    CHAMPION,
    LINEAR,
    METRICS,
    MODEL,
    Canary,
    Evaluation,
    Fixed,
    Interval,
    TooFewLabels,
    canaries,
    diversity_cost,
    enough_labels,
    evaluate,
    one_thread,
)
from jobfinder_assets.training.features import FeatureEncoder, Wanted, load_encoder
from jobfinder_assets.training.fine_tuned import FineTuned
from jobfinder_assets.training.model import Parameters, PreferenceModel
from jobfinder_assets.training.training_set import POSTING_COLUMNS, Examples, label_hash, load_examples
from jobfinder_assets.training.tuning import TrialReport, search

# Raise it when features, model, tuning or evaluation change what a trained model is.
MODEL_CODE_VERSION = "4"
ALIAS = "champion"
# The linear model is the preference model with its defaults, which leave the trees out.
LINEAR_PARAMETERS = Parameters()
_REQUIREMENTS = ("joblib", "lightgbm", "numpy", "pandas", "pyarrow", "scikit-learn", "scipy")
_EXAMPLE_ROWS = 3
# Mistakes of each direction in the gallery that MLflow keeps.
_WORST = 10
_NOT_TEXT = ("years_min", "salary_annual_usd", "posted_at", "first_seen_at")


@dataclass(frozen=True)
class Decision:
    """What the gate decided: whose recipe is fitted on all labels and put in force.

    winner: "model", "champion" or "linear model"; against: the last or the second.
    difference: AP of the challenger minus AP of `against`, on the same folds, with its paired interval.
    """

    winner: str
    against: str
    difference: Interval

    @property
    def promoted(self) -> bool:
        return self.winner == MODEL

    def __str__(self) -> str:
        names = {CHAMPION: "the model before it (the champion)", LINEAR: "the linear model"}
        chance = "more than chance" if self.difference.low > 0 or self.difference.high < 0 else "within chance"
        measured = f"average precision {self.difference} against {names[self.against]}, which is {chance}"
        if self.promoted:
            return f"the newly trained model is in force: {measured}"
        return f"the newly trained model is worse than what stays in force: {measured}"


@dataclass(frozen=True, eq=False)
class Champion:
    """The model in force for a profile, with what was known of it when it was promoted.

    tags: label_hash, encoder_version, settings_hash, model_code_version, decision, and more; metrics: those of
    the scoreboard's row of the recipe; scoreboard, previous_scoreboard: the tables that the gate saw
    (the second is the one with which the champion before was promoted, empty for the first); canaries:
    whether the measurement itself could be trusted; fine_tuned: of a transformer that was brought in by
    `jobfinder encoder import`, whose model reads its scores alone (`parameters` mean nothing then).
    """

    model: PreferenceModel
    version: str
    tags: dict[str, str]
    metrics: dict[str, float]
    parameters: Parameters
    scoreboard: pd.DataFrame
    previous_scoreboard: pd.DataFrame
    canaries: tuple[Canary, ...]
    fine_tuned: FineTuned | None = None

    @property
    def vectors_version(self) -> str:
        """The version of the rows of `posting_vectors` that the model reads; "" for none."""
        return self.fine_tuned.version if self.fine_tuned else self.tags.get("vectors_version", "")

    def contestant(self, *, seed: int) -> Ranker:
        """What is judged on the folds for this model: its recipe, to be fitted anew on each."""
        return self.fine_tuned or Fixed(self.parameters, seed=seed)


@dataclass(frozen=True, eq=False)
class Outcome:
    """What became of a training: `state` says it in one word, the rest is there when there is something to tell."""

    state: Literal["trained", "unchanged", "too_few_labels", "no_features"]
    champion: Champion | None = None
    too_few: TooFewLabels | None = None
    decision: Decision | None = None
    evaluation: Evaluation | None = None
    run_id: str = ""


def champion(settings: Settings, profile: str) -> Champion | None:
    """The model in force for `profile`; None before the first one, or when older model code wrote it. No MLflow."""
    pointer = _folder(settings, profile) / "champion.json"
    if not pointer.is_file():
        return None
    found = json.loads(pointer.read_text(encoding="utf-8"))["version"]
    loaded = read_version(settings, profile, found)
    return loaded if loaded.tags.get("model_code_version") == MODEL_CODE_VERSION else None


def versions(settings: Settings, profile: str) -> list[str]:
    """The versions that can be put in force, oldest first."""
    found = [path.stem for path in _folder(settings, profile).glob("*.joblib") if path.stem.isdigit()]
    return sorted(found, key=int)


def read_version(settings: Settings, profile: str, version: str) -> Champion:
    """A version that is kept in the home, in force or not."""
    kept: Champion = read_object(_path(settings, profile, version))
    return kept


class UnusableVersion(ValueError):
    """A kept version that cannot rank now; the message says why, and which can."""


def promote(settings: Settings, profile: str, version: str) -> None:
    """Put a registered version in force in the place of another (an older one: that is a rollback).

    It stays until something is new: `train` remembers what the model turned down was trained on.

    Raises
    ------
    FileNotFoundError
        When the home keeps no such version.
    UnusableVersion
        When other model code wrote it, or when it was trained on features of another encoder than those stored now.
    """
    if not _path(settings, profile, version).is_file():
        raise FileNotFoundError(f"no model {version!r} of profile {profile!r} in {_folder(settings, profile)}")
    encoder = load_encoder(settings.home)
    encoder_version = encoder.version if encoder else ""
    if problem := why_unusable(read_version(settings, profile, version), encoder_version):
        able = [
            one
            for one in versions(settings, profile)
            if not why_unusable(read_version(settings, profile, one), encoder_version)
        ]
        raise UnusableVersion(
            f"model {version} of profile {profile!r} cannot rank now: {problem}; those that can be put in force: "
            f"{', '.join(able) or 'none, `jobfinder train` makes one'}"
        )
    before = champion(settings, profile)
    if before is not None and before.version != version:
        # A rollback after a rollback: what counts is what was turned down first, the latest labels' model.
        turned_down = _turned_down(settings, profile, before.version) or before.tags
        write_json(_rollback_path(settings, profile), {"version": version, "turned_down": turned_down})
    _switch(settings, profile, version)


def why_unusable(kept: Champion, encoder_version: str) -> str:
    """Why a kept version cannot rank what is encoded by `encoder_version`; "" when it can."""
    if kept.tags.get("model_code_version") != MODEL_CODE_VERSION:
        return "it was written by other model code than that of this jobfinder"
    if kept.tags["encoder_version"] != encoder_version:
        return "it was trained on features of another encoder than the one in force"
    return ""


def _turned_down(settings: Settings, profile: str, version: str) -> dict[str, str]:
    """The tags of the model in whose place `version` was put by hand; empty when it came by training."""
    path = _rollback_path(settings, profile)
    noted = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return noted["turned_down"] if noted.get("version") == version else {}


def _switch(settings: Settings, profile: str, version: str) -> None:
    with mlflow_client(settings) as client:
        client.set_registered_model_alias(model_name(profile), ALIAS, version)
    _put_in_force(settings, profile, version)


def _put_in_force(settings: Settings, profile: str, version: str) -> None:
    found = read_version(settings, profile, version).fine_tuned
    read = tuned.InForce(profile, found.version, found.typical) if found else None
    tuned.put_in_force(settings.home, profile, read)
    write_json(_folder(settings, profile) / "champion.json", {"version": version})


def store(settings: Settings, profile: str, found: Champion) -> None:
    """Keep a registered version in the home and put it in force."""
    write_object(_path(settings, profile, found.version), found)
    _switch(settings, profile, found.version)


def model_name(profile: str) -> str:
    return f"jobfinder-{profile}"


def train(settings: Settings, lake: Lake, profile: str) -> Outcome:
    """Train, judge and register a model for `profile`, if anything it depends on has changed.

    Four states: "no_features" (nothing is encoded yet), "too_few_labels", "unchanged" (labels, encoder, model
    code and training settings are those of the champion, or of the model that a rollback took out of force),
    "trained". The gate chooses between recipes
    (parameters) on the same frozen folds; the winner is fitted on all labels and becomes the champion.
    """
    encoder = load_encoder(settings.home)
    training_set = lake.read("training_set", where=[("profile", "=", profile)])
    if encoder is None or lake.count("posting_features", [("encoder_version", "=", encoder.version)]) == 0:
        return Outcome("no_features")
    vectors = vectors_in_force(settings.home, lake)
    wanted = wanted_words(settings, profile, encoder)
    examples = load_examples(lake, training_set, encoder.version, vectors_version=vectors, wanted=wanted)
    if too_few := enough_labels(examples, settings.training):
        return Outcome("too_few_labels", champion(settings, profile), too_few)
    tags = fingerprint(training_set, encoder.version, settings.training, vectors_version=vectors, wanted=wanted)
    before = champion(settings, profile)
    if _nothing_new(settings, profile, before, tags):
        return Outcome("unchanged", before)
    follow_alias(settings, profile)
    before = champion(settings, profile)
    if _nothing_new(settings, profile, before, tags):
        return Outcome("unchanged", before)
    wishes = settings.profiles.get(profile, Profile())
    return _train(settings, lake, profile, examples=examples, encoder=encoder, tags=tags, before=before, wishes=wishes)


def _nothing_new(settings: Settings, profile: str, before: Champion | None, tags: Mapping[str, str]) -> bool:
    """Whether a model was trained on this already: the champion, or the one in whose place a person put it."""
    if before is None:
        return False
    turned_down = _turned_down(settings, profile, before.version)
    return tags.items() <= before.tags.items() or tags.items() <= turned_down.items()


def wanted_words(settings: Settings, profile: str, encoder: FeatureEncoder) -> Wanted:
    """The profile's keywords as terms of the encoder."""
    return encoder.wanted(settings.profiles.get(profile, Profile()).keywords)


def fingerprint(
    training_set: pd.DataFrame,
    encoder_version: str,
    training: Training,
    *,
    vectors_version: str = "",
    wanted: Wanted | None = None,
) -> dict[str, str]:
    """What a trained model depends on; equal fingerprints need no new training."""
    settings = json.dumps(training.model_dump(), sort_keys=True)
    return {
        "label_hash": label_hash(training_set),
        "encoder_version": encoder_version,
        "model_code_version": MODEL_CODE_VERSION,
        "settings_hash": hashlib.sha256(settings.encode("utf-8")).hexdigest()[:16],
        "vectors_version": vectors_version,
        # Their order means nothing.
        "wanted_words": " ".join(str(columns[0]) for columns in sorted(wanted.columns)) if wanted else "",
    }


def decide(evaluation: Evaluation) -> Decision:
    """The gate (EVALUATION.md, protocol 7): the challenger wins unless it is worse in the paired interval.

    "Worse" means that the whole 95 % interval of its AP minus the incumbent's lies below zero. The incumbent is
    the champion's recipe; for the first model, the linear one.
    """
    against = CHAMPION if CHAMPION in evaluation.scores else LINEAR
    difference = evaluation.difference(MODEL, against)
    return Decision(against if difference.high < 0 else MODEL, against, difference)


def diversity_words(champion: Champion) -> str:
    """What the list's diversity costs, as measured when the model was trained."""
    found = champion.metrics
    if "cost of diversity" not in found:
        return "not measured"
    bounds = f"{found['cost of diversity low']:+.3f} to {found['cost of diversity high']:+.3f}"
    return (
        f"showing no more than the wished number of one company, and almost the same text once, costs "
        f"{found['cost of diversity']:+.3f} ({bounds}) of nDCG@10: {found['nDCG@10 with diversity']:.3f} with, "
        f"{found['nDCG@10 without diversity']:.3f} without"
    )


def said_again(lake: Lake, profile: str) -> Agreement:
    """How far the person agrees with themselves: no model of them can be asked to agree more."""
    clusters = lake.read("posting_clusters", ["posting_id", "cluster_id"]).set_index("posting_id")["cluster_id"]
    return self_agreement(lake.read("label_events", where=[("profile", "=", profile)]), clusters)


def worse_than_linear(champion: Champion) -> bool:
    """Whether the whole paired interval against the linear model lay below zero for the recipe in force."""
    return champion.metrics.get("difference high", 0.0) < 0


def follow_alias(settings: Settings, profile: str) -> None:
    """Make `champion.json` name the version that the registry's alias names, when both are there."""
    with mlflow_client(settings) as client:
        from mlflow.exceptions import MlflowException

        try:
            alias = str(client.get_model_version_by_alias(model_name(profile), ALIAS).version)
        except MlflowException:
            return
    if _path(settings, profile, alias).is_file():
        _put_in_force(settings, profile, alias)


def _train(
    settings: Settings,
    lake: Lake,
    profile: str,
    *,
    examples: Examples,
    encoder: FeatureEncoder,
    tags: dict[str, str],
    before: Champion | None,
    wishes: Profile,
) -> Outcome:
    training = settings.training
    evaluation = evaluate(
        examples,
        wishes,
        training=training,
        champion=partial(before.contestant, seed=training.seed) if before else None,
        compute=settings.compute,
    )
    if isinstance(evaluation, TooFewLabels):
        return Outcome("too_few_labels", before, evaluation)
    decision = decide(evaluation)
    trials: list[TrialReport] = []
    with one_thread():
        searched = search(
            examples.features,
            examples.labels,
            examples.groups,
            trials=training.trials,
            seed=training.seed,
            on_trial=trials.append,
        )
    recipes = {MODEL: searched, LINEAR: LINEAR_PARAMETERS} | ({CHAMPION: before.parameters} if before else {})
    parameters = recipes[decision.winner]
    # A fine-tuned champion cannot be fitted on the new labels here: it stays as it came.
    stays = before.fine_tuned if before and decision.winner == CHAMPION else None
    with one_thread():
        if stays:
            model = stays.model(encoder)
        else:
            wanted = encoder.wanted(wishes.keywords)
            model = Fixed(parameters, seed=training.seed, wanted=wanted).fit(examples).model
    row = evaluation.scoreboard.set_index("model").loc[decision.winner]
    fitted = Champion(
        model=model,
        version="",
        tags=tags
        | {
            "recipe": decision.winner,
            "decision": str(decision),
            "folds": evaluation.plan.fingerprint,
            "fold_kind": evaluation.plan.kind,
            "basis": evaluation.basis,
            "labels": str(len(examples)),
            "positives": str(evaluation.positives),
            "negatives": str(evaluation.negatives),
            "trained_at": datetime.now(UTC).isoformat(),
            "self_agreement": str(said_again(lake, profile)),
            "training_set_version": str(lake.version("training_set")),
            "posting_features_version": str(lake.version("posting_features")),
        }
        | ({"fine_tuned": stays.version} if stays else {}),
        metrics={str(name): float(value) for name, value in row.dropna().to_dict().items()}
        | diversity_cost(evaluation, examples, contestant=decision.winner, per_company=wishes.per_company),
        parameters=parameters,
        scoreboard=evaluation.scoreboard,
        previous_scoreboard=before.scoreboard if before else pd.DataFrame(),
        canaries=tuple(canaries(examples, evaluation, training=training)),
        fine_tuned=stays,
    )
    run_id, version = _log(
        settings, lake, profile, fitted=fitted, examples=examples, encoder=encoder, evaluation=evaluation,
        decision=decision, trials=trials,
    )  # fmt: skip
    kept = replace(fitted, version=version)
    store(settings, profile, kept)
    return Outcome("trained", kept, decision=decision, evaluation=evaluation, run_id=run_id)


def _log(
    settings: Settings,
    lake: Lake,
    profile: str,
    *,
    fitted: Champion,
    examples: Examples,
    encoder: FeatureEncoder,
    evaluation: Evaluation,
    decision: Decision,
    trials: Sequence[TrialReport],
) -> tuple[str, str]:
    """Log one run with its trials, and register its model; returns run id and version."""
    from jobfinder_assets.training import insight, plots

    with mlflow_client(settings) as client, tempfile.TemporaryDirectory(prefix="jobfinder-") as name:
        import mlflow

        folder = Path(name)
        experiment = experiment_id(client, settings, f"jobfinder/{profile}", profile)
        with mlflow.start_run(experiment_id=experiment, run_name=f"{profile} {len(examples)} labels", tags=fitted.tags):
            run_id = str(mlflow.active_run().info.run_id)  # type: ignore[union-attr]
            mlflow.log_params(fitted.parameters.to_dict() | settings.training.model_dump())
            mlflow.log_metrics({_metric_name(name): value for name, value in _all_metrics(fitted, evaluation).items()})
            _log_trials(client, experiment, run_id, trials)
            _log_datasets(lake, profile, examples)
            plots.draw_all(evaluation, trials, folder)
            write_bytes(folder / "scoreboard.csv", to_csv(fitted.scoreboard))
            write_bytes(folder / "previous_scoreboard.csv", to_csv(fitted.previous_scoreboard))
            write_bytes(folder / "folds.csv", to_csv(evaluation.plan.to_frame(examples)))
            if fitted.fine_tuned is None:
                worst = insight.misses(
                    fitted.parameters,
                    examples,
                    encoder,
                    training=settings.training,
                    wanted=fitted.model.wanted,
                    most=_WORST,
                )
                write_json(folder / "mistakes.json", insight.gallery(worst, examples))
            write_json(folder / "decision.json", asdict(decision) | {"text": str(decision)})
            write_json(folder / "canaries.json", [asdict(canary) for canary in fitted.canaries])
            write_text(folder / "scoreboard.md", board_markdown(fitted.scoreboard) + "\n")
            mlflow.log_artifacts(str(folder))
            scorer = Scorer(fitted.model, encoder, _words(settings, fitted))
            version = _log_model(client, profile, fitted, examples=examples, scorer=scorer, run_id=run_id)
    return run_id, version


def _log_model(
    client: Any, profile: str, fitted: Champion, *, examples: Examples, scorer: "Scorer", run_id: str
) -> str:
    """Log the model with its encoder as a pyfunc that scores postings, and register it; returns the version."""
    if fitted.fine_tuned is not None:
        kept = fitted.fine_tuned
        return register(client, profile, kept.source, run_id=run_id, tags=fitted.tags, model_id=kept.model_id)
    import mlflow.pyfunc
    from mlflow.models import infer_signature

    example = example_postings(examples)
    with tempfile.TemporaryDirectory(prefix="jobfinder-") as name:
        path = write_object(Path(name) / "model.joblib", scorer)
        info = mlflow.pyfunc.log_model(
            name="preference",
            loader_module=__name__,
            data_path=str(path),
            signature=infer_signature(example, scorer.predict(example)),
            input_example=example,
            pip_requirements=[f"{package}=={installed_version(package)}" for package in _REQUIREMENTS],
        )
    return register(client, profile, info.model_uri, run_id=run_id, tags=fitted.tags, model_id=info.model_id)


def register(
    client: Any, profile: str, source: str, *, run_id: str, tags: Mapping[str, str], model_id: str | None
) -> str:
    """Make a logged model the next version of the profile's; returns that version."""
    name = model_name(profile)
    if not client.search_registered_models(f"name = '{name}'"):
        client.create_registered_model(name, description=f"What {profile} likes, in log-odds.")
    made = client.create_model_version(name, source=source, run_id=run_id, tags=dict(tags), model_id=model_id or None)
    return str(made.version)


@dataclass(frozen=True, eq=False)
class Scorer:
    """What MLflow loads: scores postings in log-odds, given the columns of `example_postings`.

    words: the word table of the optional encoder, for a model that was trained with static vectors.
    """

    model: PreferenceModel
    encoder: FeatureEncoder
    words: StaticVectors | None = None

    def predict(self, postings: pd.DataFrame, params: dict[str, Any] | None = None) -> np.ndarray[Any, Any]:
        features = self.encoder.transform(postings)
        if self.words is not None:
            features = replace(features, meaning=self.words.encode(postings))
        return np.asarray(self.model.score_features(features), dtype=np.float64)


def _words(settings: Settings, fitted: Champion) -> StaticVectors | None:
    words = load_static(settings.home)
    return words if words is not None and words.version == fitted.tags.get("vectors_version") else None


def _load_pyfunc(path: str) -> Scorer:
    """MLflow's loader: called with the folder or file logged as data."""
    scorer: Scorer = read_object(Path(path))
    return scorer


def example_postings(examples: Examples) -> pd.DataFrame:
    """The first rows as MLflow can store them: texts (short) and numbers, no times."""
    frame = examples.postings.head(_EXAMPLE_ROWS)
    columns: dict[str, Any] = {}
    for name in POSTING_COLUMNS:
        if name not in _NOT_TEXT:
            columns[name] = [value[:300] if isinstance(value, str) else "" for value in frame[name]]
    for name in ("years_min", "salary_annual_usd", *ROLES):
        columns[name] = frame[name].astype("float64").to_numpy()
    return pd.DataFrame(columns)


def board_markdown(board: pd.DataFrame) -> str:
    """The scoreboard as a Markdown table, three decimals."""
    lines = [
        "| model | AP (95 %) | against linear | precision@10 | nDCG@10 | recall at 20% read | ROC-AUC |",
        "|---|---|---|---|---|---|---|",
    ]
    for _, row in board.iterrows():
        cells = [str(row["model"]), _with_bounds(row, "AP", "low", "high")]
        cells.append(_with_bounds(row, "difference", "difference low", "difference high", sign="+"))
        cells += [_with_bounds(row, name) for name in METRICS[1:]]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _with_bounds(row: "pd.Series[Any]", name: str, low: str = "", high: str = "", *, sign: str = "") -> str:
    if pd.isna(row[name]):
        return ""
    text = f"{row[name]:{sign}.3f}"
    return text if not low or pd.isna(row[low]) else f"{text} ({row[low]:{sign}.3f} to {row[high]:{sign}.3f})"


def _all_metrics(fitted: Champion, evaluation: Evaluation) -> dict[str, float]:
    """The winner's figures, the challenger's difference to the linear model, prevalence, and AP of all others."""
    others = {f"AP of {name}": float(metrics["AP"][0]) for name, metrics in evaluation.metrics.items()}
    others["prevalence"] = evaluation.prevalence
    return {**fitted.metrics, **others, "positives": evaluation.positives, "negatives": evaluation.negatives}


def _metric_name(name: str) -> str:
    """MLflow allows letters, digits, _ - . / and blanks: "precision@10" becomes "precision_at_10"."""
    return name.replace("@", "_at_").replace("%", "_percent").replace("+", "and").replace(" ", "_")


def _log_trials(client: Any, experiment: str, parent: str, trials: Sequence[TrialReport]) -> None:
    """One nested run per trial, three writes each: by hand, as MLflowCallback is deprecated."""
    from mlflow.entities import Metric, Param
    from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

    for trial in trials:
        child = client.create_run(
            experiment, tags={MLFLOW_PARENT_RUN_ID: parent}, run_name=f"trial {trial.number:03d}"
        ).info.run_id
        now = int(time.time() * 1000)
        values = {"inner_AP": trial.value, "seconds": trial.seconds}
        client.log_batch(
            child,
            metrics=[Metric(name, float(value), now, 0) for name, value in values.items() if np.isfinite(value)],
            params=[Param(name, str(value)) for name, value in trial.parameters.to_dict().items()],
        )
        client.set_terminated(child)


def _log_datasets(lake: Lake, profile: str, examples: Examples) -> None:
    """The training rows as MLflow's data set, with the lake versions that give them back."""
    import mlflow
    from mlflow.data.code_dataset_source import CodeDatasetSource
    from mlflow.data.pandas_dataset import from_pandas

    versions = {table: str(lake.version(table)) for table in ("training_set", "posting_features", "postings")}
    frame = pd.DataFrame(
        {"posting_id": examples.features.posting_ids, "interesting": examples.labels, "group": examples.groups}
    )
    source = CodeDatasetSource({"lake": lake.path("training_set"), "profile": profile, **versions})
    data_set = from_pandas(
        frame, source=source, targets="interesting", name="training_set", digest=f"v{versions['training_set']}"
    )
    mlflow.log_input(data_set, context="training", tags={f"{table}_version": v for table, v in versions.items()})


def _folder(settings: Settings, profile: str) -> Path:
    return settings.home.models / "preference" / profile


def _rollback_path(settings: Settings, profile: str) -> Path:
    return _folder(settings, profile) / "rolled_back.json"


def _path(settings: Settings, profile: str, version: str) -> Path:
    return _folder(settings, profile) / f"{version}.joblib"
