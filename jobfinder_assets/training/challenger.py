"""The fine-tuned transformer before the gate: labels out in one file, the model back as a challenger.

The gate is that of every other model (registry.py): not worse than the model in force in the paired interval, on the
same frozen folds, and it is put in force; else it stays a challenger in MLflow.
"""

import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from jobfinder_assets.config import Profile, Settings
from jobfinder_assets.encoder import bundle as files
from jobfinder_assets.encoder import tuned
from jobfinder_assets.encoder.embed import load_tokenizer
from jobfinder_assets.encoder.vectors import vectors_in_force
from jobfinder_assets.encoder.weights import chosen_device
from jobfinder_assets.encoder.windows import whole_texts
from jobfinder_assets.storage.files import write_bytes, write_json, write_text
from jobfinder_assets.storage.lake import Lake
from jobfinder_assets.storage.mlflow_store import experiment_id, mlflow_client
from jobfinder_assets.storage.spreadsheet import to_csv
from jobfinder_assets.training import registry
from jobfinder_assets.training.evaluation import (
    BOOTSTRAP_SAMPLES,
    CHAMPION,
    LINEAR,
    MODEL,
    Evaluation,
    FoldPlan,
    Interval,
    baselines,
    canaries,
    diversity_cost,
    enough_labels,
    group_bootstrap,
    interval,
    measured_rows,
    one_thread,
    out_of_fold_scores,
    plan_folds,
)
from jobfinder_assets.training.features import FeatureEncoder, load_encoder
from jobfinder_assets.training.fine_tuned import FINE_TUNED, FineTuned
from jobfinder_assets.training.imbalance import strategies_table
from jobfinder_assets.training.training_set import Examples, label_hash, load_examples

ALIAS = "challenger"


class ChallengerError(RuntimeError):
    """There is nothing to export or to compare with; the message says what to do first."""


@dataclass(frozen=True)
class Verdict:
    """How a fine-tuned model stood beside the incumbent, on the same folds, and what became of it.

    against: "champion" or "linear model"; difference: its AP minus theirs, with the paired interval; version: of the
    model registered in MLflow under the alias `challenger`; promoted: whether it is in force now; read: how many
    stored postings it has scored for that.
    """

    profile: str
    against: str
    difference: Interval
    version: str
    run_id: str
    promoted: bool
    read: int

    def __str__(self) -> str:
        word = "is not worse than" if self.promoted else "is worse than"
        told = f"the fine-tuned model {word} the {self.against} of {self.profile} (AP {self.difference})"
        if not self.promoted:
            return f"{told}; it stays out of force"
        return f"{told}; it is in force, and has read {self.read:,} postings"


@dataclass(frozen=True)
class _Logged:
    """Where MLflow keeps a model: its run, the version in the registry, its URI and id."""

    run_id: str
    version: str
    source: str
    model_id: str


@dataclass(frozen=True, eq=False)
class _Labels:
    """The labels of a profile as they are now, with what a model made of them depends on."""

    training: files.TrainingBundle
    examples: Examples
    plan: FoldPlan
    encoder: FeatureEncoder
    tags: Mapping[str, str]


def export_bundle(settings: Settings, lake: Lake, profile: str, path: Path) -> Path:
    """Write everything that fine-tuning for `profile` needs into one file.

    Raises ChallengerError when there are too few labels to measure anything.
    """
    return files.write_training_bundle(path, _labels(settings, lake, profile).training)


def import_bundle(settings: Settings, lake: Lake, path: Path, *, profile: str) -> Verdict:
    """Verify a model bundle, log it to MLflow as a challenger, and put it in force if the gate lets it pass.

    A model that passes scores all stored postings first, so that the next list can follow it: some tens of postings a
    second on a CPU. Killed in between, it goes on where it was when the bundle is imported again.

    Raises BundleError when the bundle is not what it says, or was trained on other labels or folds than there are now.
    """
    labels = _labels(settings, lake, profile)
    model = files.verify_model_bundle(path, labels.training)
    before = registry.champion(settings, profile)
    evaluation = _evaluate(settings, labels, model, before)
    against = CHAMPION if CHAMPION in evaluation.scores else LINEAR
    difference = evaluation.difference(FINE_TUNED, against)
    promoted = not difference.high < 0
    found, read = _read_postings(settings, lake, profile, labels, model) if promoted else (None, 0)
    tags = _tags(labels, model, evaluation, against=against, difference=difference, promoted=promoted)
    logged = _log(settings, profile, model, evaluation, labels, difference=difference, tags=tags)
    if found is not None:
        found = replace(found, source=logged.source, model_id=logged.model_id)
        champion = _champion(settings, profile, labels, evaluation, before, found, tags)
        registry.store(settings, profile, replace(champion, version=logged.version))
    return Verdict(profile, against, difference, logged.version, logged.run_id, promoted, read)


def _labels(settings: Settings, lake: Lake, profile: str) -> _Labels:
    encoder = load_encoder(settings.home)
    rows = lake.read("training_set", where=[("profile", "=", profile)])
    if encoder is None or rows.empty:
        raise ChallengerError(
            f"profile {profile!r} has no labels to learn from yet; label postings, then `jobfinder run`"
        )
    wanted = registry.wanted_words(settings, profile, encoder)
    vectors = vectors_in_force(settings.home, lake)
    examples = load_examples(lake, rows, encoder.version, vectors_version=vectors, wanted=wanted)
    if too_few := enough_labels(examples, settings.training):
        raise ChallengerError(f"profile {profile!r}: {too_few}")
    plan = plan_folds(examples, training=settings.training)
    tokenizer = load_tokenizer(settings.home)
    names = [str(name) for name in examples.features.posting_ids]
    bundle = files.TrainingBundle(
        tuple(names),
        tuple(whole_texts(examples.postings)),
        examples.labels,
        examples.groups,
        tuple(
            files.Fold(repeat, tuple(names[row] for row in fold.train), tuple(names[row] for row in fold.test))
            for repeat, folds in enumerate(plan.repeats)
            for fold in folds
        ),
        tokenizer.words if tokenizer else (),
        {"profile": profile, "label_hash": label_hash(rows), "folds": plan.fingerprint, "fold_kind": plan.kind},
    )
    tags = registry.fingerprint(rows, encoder.version, settings.training, vectors_version=vectors, wanted=wanted)
    return _Labels(bundle, examples, plan, encoder, tags)


def _evaluate(
    settings: Settings, labels: _Labels, model: files.ModelBundle, before: registry.Champion | None
) -> Evaluation:
    """The fine-tuned model's scores beside those of simpler ways to rank and of the champion, on its repeats."""
    training, examples = settings.training, labels.examples
    same = FoldPlan(labels.plan.kind, labels.plan.repeats[: len(model.scores)], labels.plan.fingerprint)
    names = labels.training.posting_ids
    given = [[model.scores[repeat].get(name, np.nan) for name in names] for repeat in sorted(model.scores)]
    scores = {FINE_TUNED: np.array(given, dtype=np.float64)}
    contestants = baselines(settings.profiles.get(labels.training.facts["profile"], Profile()))
    # One that was judged by other labels than these has no scores to compare with.
    if before is not None and (before.fine_tuned is None or before.fine_tuned.scores.keys() >= _tested(same, names)):
        contestants[CHAMPION] = partial(before.contestant, seed=training.seed)
    with one_thread():
        scores |= {name: out_of_fold_scores(make, examples, plan=same) for name, make in contestants.items()}
    measured, basis = measured_rows(examples, same, training=training)
    draws = group_bootstrap(examples.groups, samples=BOOTSTRAP_SAMPLES, seed=training.seed)
    return Evaluation(same, scores, examples.labels, measured, basis, draws)


def _tested(plan: FoldPlan, names: tuple[str, ...]) -> set[str]:
    return {names[row] for folds in plan.repeats for fold in folds for row in fold.test}


def _read_postings(
    settings: Settings, lake: Lake, profile: str, labels: _Labels, model: files.ModelBundle
) -> tuple[FineTuned, int]:
    """Let the model score every stored posting that it has not scored yet; returns how many it has scored."""
    scorer = files.Scorer.read(model.path, device=chosen_device(settings.encoder.device))
    typical = float(scorer.score(labels.training.texts).mean())
    version = tuned.keep(settings.home, profile, model.path)
    found = tuned.InForce(profile, version, typical)
    counts = tuned.update(lake, settings.home, settings.encoder, found)
    if isinstance(counts, str):
        raise ChallengerError(counts)
    names = labels.training.posting_ids
    every = [[each.get(name, np.nan) for name in names] for each in model.scores.values()]
    mean = np.array(every, dtype=np.float64).mean(axis=0)
    scores = {name: float(score) for name, score in zip(names, mean, strict=True) if np.isfinite(score)}
    return FineTuned(version, typical, scores), counts.new + counts.unchanged


def _tags(
    labels: _Labels,
    model: files.ModelBundle,
    evaluation: Evaluation,
    *,
    against: str,
    difference: Interval,
    promoted: bool,
) -> dict[str, str]:
    word = "is not worse than" if promoted else "is worse than"
    in_force = FINE_TUNED if promoted else against
    claimed = ("profile", "label_hash", "folds", "fold_kind", "training_bundle", "weights", "device")
    return {
        **labels.tags,
        **{key: str(model.claims[key]) for key in claimed},
        "kind": ALIAS,
        "against": against,
        "recipe": FINE_TUNED,
        "decision": f"the fine-tuned model {word} the {against} (AP {difference}); in force: the {in_force}",
        "basis": evaluation.basis,
        "labels": str(len(labels.examples)),
        "positives": str(evaluation.positives),
        "negatives": str(evaluation.negatives),
        "trained_at": datetime.now(UTC).isoformat(),
    }


def _champion(
    settings: Settings,
    profile: str,
    labels: _Labels,
    evaluation: Evaluation,
    before: registry.Champion | None,
    found: FineTuned,
    tags: Mapping[str, str],
) -> registry.Champion:
    row = evaluation.scoreboard.set_index("model").loc[FINE_TUNED]
    wishes = settings.profiles.get(profile, Profile())
    # The canaries ask the challenger, which they know by this name.
    asked = replace(evaluation, scores={**evaluation.scores, MODEL: evaluation.scores[FINE_TUNED]})
    cost = diversity_cost(evaluation, labels.examples, contestant=FINE_TUNED, per_company=wishes.per_company)
    return registry.Champion(
        model=found.model(labels.encoder),
        version="",
        tags={**tags, "fine_tuned": found.version},
        metrics={str(name): float(value) for name, value in row.dropna().to_dict().items()} | cost,
        parameters=registry.LINEAR_PARAMETERS,
        scoreboard=evaluation.scoreboard,
        previous_scoreboard=before.scoreboard if before else pd.DataFrame(),
        canaries=tuple(canaries(labels.examples, asked, training=settings.training)),
        fine_tuned=found,
    )


def _log(
    settings: Settings,
    profile: str,
    model: files.ModelBundle,
    evaluation: Evaluation,
    labels: _Labels,
    *,
    difference: Interval,
    tags: Mapping[str, str],
) -> _Logged:
    """One MLflow run with figures, scoreboard, the table of strategies and the model."""
    with mlflow_client(settings) as client, tempfile.TemporaryDirectory(prefix="jobfinder-") as name:
        import mlflow

        folder = Path(name)
        experiment = experiment_id(client, settings, f"jobfinder/{profile}", profile)
        with mlflow.start_run(experiment_id=experiment, run_name=f"{profile} {FINE_TUNED}", tags=dict(tags)):
            run_id = str(mlflow.active_run().info.run_id)  # type: ignore[union-attr]
            mlflow.log_params({**model.claims["recipe"], "words": model.claims["words"], **model.claims["versions"]})
            mlflow.log_metrics(_figures(model, evaluation, difference))
            write_bytes(folder / "scoreboard.csv", to_csv(evaluation.scoreboard))
            write_text(folder / "scoreboard.md", registry.board_markdown(evaluation.scoreboard) + "\n")
            decision = {"against": tags["against"], "difference": asdict(difference), "text": tags["decision"]}
            write_json(folder / "decision.json", decision)
            mlflow.log_artifacts(str(folder))
            table = strategies_table(labels.examples, labels.plan, training=settings.training, others=model.strategies)
            mlflow.log_table(table, "imbalance_strategies.json")
            return _register(client, profile, model, labels.examples, run_id=run_id, tags=tags)


def _figures(model: files.ModelBundle, evaluation: Evaluation, difference: Interval) -> dict[str, float]:
    found = interval(evaluation.metrics[FINE_TUNED]["AP"])
    return {
        **model.metrics(),
        # Of the rows that the gate looks at, which may be fewer than all.
        "AP": found.value,
        "low": found.low,
        "high": found.high,
        "difference": difference.value,
        "difference_low": difference.low,
        "difference_high": difference.high,
        "positives": float(evaluation.positives),
        "negatives": float(evaluation.negatives),
        "epochs": float(model.claims["epochs"]),
        "seconds_to_fine_tune": float(model.claims["seconds_to_fine_tune"]),
        "postings_per_second": float(model.claims["postings_per_second"]),
    }


def _register(
    client: Any, profile: str, model: files.ModelBundle, examples: Examples, *, run_id: str, tags: Mapping[str, str]
) -> _Logged:
    import mlflow.pyfunc
    from mlflow.models import infer_signature

    example = registry.example_postings(examples)[["title", "description"]]
    info = mlflow.pyfunc.log_model(
        name="fine_tuned",
        loader_module=files.__name__,
        data_path=str(model.path),
        signature=infer_signature(example, np.zeros(len(example))),
        pip_requirements=[f"{name}=={found}" for name, found in model.claims["versions"].items() if name != "python"],
    )
    model_id = str(info.model_id or "")
    version = registry.register(client, profile, info.model_uri, run_id=run_id, tags=tags, model_id=model_id)
    client.set_registered_model_alias(registry.model_name(profile), ALIAS, version)
    return _Logged(run_id, version, str(info.model_uri), model_id)
