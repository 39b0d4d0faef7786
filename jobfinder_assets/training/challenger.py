"""The fine-tuned transformer before the gate: labels out in one file, the model back as a challenger in MLflow."""

import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from jobfinder_assets.config import Settings
from jobfinder_assets.encoder import bundle as files
from jobfinder_assets.encoder.embed import load_tokenizer
from jobfinder_assets.encoder.finetune import STRATEGY_COLUMNS
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
    Evaluation,
    Fixed,
    FoldPlan,
    Interval,
    Linear,
    enough_labels,
    group_bootstrap,
    measured_rows,
    one_thread,
    out_of_fold_scores,
    plan_folds,
)
from jobfinder_assets.training.features import load_encoder
from jobfinder_assets.training.training_set import Examples, label_hash, load_examples

FINE_TUNED = "fine-tuned"
ALIAS = "challenger"


class ChallengerError(RuntimeError):
    """There is nothing to export or to compare with; the message says what to do first."""


@dataclass(frozen=True)
class Verdict:
    """How a fine-tuned model stood beside the incumbent, on the same folds.

    against: "champion" or "linear model"; difference: its AP minus theirs, with the paired interval; version: of the
    model registered in MLflow under the alias `challenger`.
    """

    profile: str
    against: str
    difference: Interval
    version: str
    run_id: str

    def __str__(self) -> str:
        word = "is worse than" if self.difference.high < 0 else "is not worse than"
        return f"the fine-tuned model {word} the {self.against} of {self.profile} (AP {self.difference})"


def export_bundle(settings: Settings, lake: Lake, profile: str, path: Path) -> Path:
    """Write everything that fine-tuning for `profile` needs into one file.

    Raises ChallengerError when there are too few labels to measure anything.
    """
    return files.write_training_bundle(path, _training_bundle(settings, lake, profile)[0])


def import_bundle(settings: Settings, lake: Lake, path: Path, *, profile: str) -> Verdict:
    """Verify a model bundle, compare it with the incumbent on the same folds, and log it to MLflow as a challenger.

    Raises BundleError when the bundle is not what it says, or was trained on other labels or folds than there are now.
    """
    training, examples, plan = _training_bundle(settings, lake, profile)
    model = files.verify_model_bundle(path, training)
    evaluation = _evaluate(settings, profile, examples, plan, model)
    against = CHAMPION if CHAMPION in evaluation.scores else LINEAR
    difference = evaluation.difference(FINE_TUNED, against)
    run_id, version = _log(settings, profile, model, evaluation, examples, difference=difference, against=against)
    return Verdict(profile, against, difference, version, run_id)


def _training_bundle(settings: Settings, lake: Lake, profile: str) -> tuple[files.TrainingBundle, Examples, FoldPlan]:
    encoder = load_encoder(settings.home)
    rows = lake.read("training_set", where=[("profile", "=", profile)])
    if encoder is None or rows.empty:
        raise ChallengerError(
            f"profile {profile!r} has no labels to learn from yet; label postings, then `jobfinder run`"
        )
    wanted = registry.wanted_words(settings, profile, encoder)
    examples = load_examples(lake, rows, encoder.version, wanted=wanted)
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
    return bundle, examples, plan


def _evaluate(
    settings: Settings, profile: str, examples: Examples, plan: FoldPlan, model: files.ModelBundle
) -> Evaluation:
    """The fine-tuned model's scores beside those of the linear model and the champion's recipe, on its repeats."""
    training = settings.training
    same = FoldPlan(plan.kind, plan.repeats[: len(model.scores)], plan.fingerprint)
    names = [str(name) for name in examples.features.posting_ids]
    given = [[model.scores[repeat].get(name, np.nan) for name in names] for repeat in sorted(model.scores)]
    scores = {FINE_TUNED: np.array(given, dtype=np.float64)}
    champion = registry.champion(settings, profile)
    with one_thread():
        scores[LINEAR] = out_of_fold_scores(Linear, examples, plan=same)
        if champion is not None:
            recipe = champion.parameters
            scores[CHAMPION] = out_of_fold_scores(lambda: Fixed(recipe, seed=training.seed), examples, plan=same)
    measured, basis = measured_rows(examples, same, training=training)
    draws = group_bootstrap(examples.groups, samples=BOOTSTRAP_SAMPLES, seed=training.seed)
    return Evaluation(same, scores, examples.labels, measured, basis, draws)


def _log(
    settings: Settings,
    profile: str,
    model: files.ModelBundle,
    evaluation: Evaluation,
    examples: Examples,
    *,
    difference: Interval,
    against: str,
) -> tuple[str, str]:
    """One MLflow run with figures, scoreboard, the table of strategies and the model; returns run id and version."""
    with mlflow_client(settings) as client, tempfile.TemporaryDirectory(prefix="jobfinder-") as name:
        import mlflow

        folder = Path(name)
        experiment = experiment_id(client, settings, f"jobfinder/{profile}", profile)
        tags = {"kind": ALIAS, "against": against} | {
            key: str(model.claims[key])
            for key in ("profile", "label_hash", "folds", "training_bundle", "weights", "device")
        }
        with mlflow.start_run(experiment_id=experiment, run_name=f"{profile} {FINE_TUNED}", tags=tags):
            run_id = str(mlflow.active_run().info.run_id)  # type: ignore[union-attr]
            mlflow.log_params({**model.claims["recipe"], "words": model.claims["words"], **model.claims["versions"]})
            mlflow.log_metrics(_figures(model, difference))
            write_bytes(folder / "scoreboard.csv", to_csv(evaluation.scoreboard))
            write_text(folder / "scoreboard.md", registry.board_markdown(evaluation.scoreboard) + "\n")
            write_json(folder / "decision.json", {"against": against, "difference": asdict(difference)})
            mlflow.log_artifacts(str(folder))
            if model.strategies:
                mlflow.log_table(pd.DataFrame(model.strategies)[list(STRATEGY_COLUMNS)], "imbalance_strategies.json")
            version = _register(client, profile, model, examples, run_id=run_id, tags=tags)
    return run_id, version


def _figures(model: files.ModelBundle, difference: Interval) -> dict[str, float]:
    return {
        **model.metrics(),
        "difference": difference.value,
        "difference_low": difference.low,
        "difference_high": difference.high,
        "epochs": float(model.claims["epochs"]),
        "seconds_to_fine_tune": float(model.claims["seconds_to_fine_tune"]),
    }


def _register(
    client: Any, profile: str, model: files.ModelBundle, examples: Examples, *, run_id: str, tags: Mapping[str, str]
) -> str:
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
    name = registry.model_name(profile)
    if not client.search_registered_models(f"name = '{name}'"):
        client.create_registered_model(name, description=f"What {profile} likes, in log-odds.")
    made = client.create_model_version(
        name, source=info.model_uri, run_id=run_id, tags=dict(tags), model_id=info.model_id
    )
    client.set_registered_model_alias(name, ALIAS, made.version)
    return str(made.version)
