"""A model as a recipe: everything but the fitted numbers, so that it can be handed over as text and fitted again.

A fitted model is a pickle, which runs code when it is read: none is ever exported or imported.
"""

from dataclasses import asdict, replace
from importlib.metadata import version as installed_version
from typing import Any

import pandas as pd

from jobfinder_assets.config import Settings
from jobfinder_assets.encoder.vectors import vectors_in_force
from jobfinder_assets.storage.files import write_json, write_object
from jobfinder_assets.storage.lake import Lake
from jobfinder_assets.storage.mlflow_store import experiment_id, mlflow_client
from jobfinder_assets.storage.spreadsheet import plain, records
from jobfinder_assets.training import registry
from jobfinder_assets.training.evaluation import Canary, Fixed, one_thread
from jobfinder_assets.training.features import load_encoder
from jobfinder_assets.training.model import Parameters
from jobfinder_assets.training.training_set import load_examples


def recipe_of(settings: Settings, profile: str) -> dict[str, Any] | None:
    """The champion's parameters, tags and measurements as JSON; None while there is no model."""
    champion = registry.champion(settings, profile)
    if champion is None:
        return None
    return {
        "version": champion.version,
        "seed": settings.training.seed,
        "tags": champion.tags,
        "metrics": plain(champion.metrics),
        "parameters": champion.parameters.to_dict(),
        "scoreboard": records(champion.scoreboard),
        "previous_scoreboard": records(champion.previous_scoreboard),
        "canaries": [plain(asdict(canary)) for canary in champion.canaries],
        "lightgbm": installed_version("lightgbm"),
    }


def restore(settings: Settings, lake: Lake, profile: str, recipe: dict[str, Any]) -> str:
    """Fit the model of a recipe on the stored labels and put it in force; returns its version, or "" if it cannot be.

    It can be when training would call it unchanged: same labels, features, code and training settings.
    """
    encoder = load_encoder(settings.home)
    training_set = lake.read("training_set", where=[("profile", "=", profile)])
    if encoder is None or training_set.empty or registry.champion(settings, profile) is not None:
        return ""
    tags: dict[str, str] = recipe["tags"]
    if "fine_tuned" in tags:
        # Its weights came from elsewhere, and are in no recipe.
        return ""
    vectors = vectors_in_force(settings.home, lake)
    wanted = registry.wanted_words(settings, profile, encoder)
    now = registry.fingerprint(training_set, encoder.version, settings.training, vectors_version=vectors, wanted=wanted)
    if not now.items() <= tags.items():
        return ""
    examples = load_examples(lake, training_set, encoder.version, vectors_version=vectors, wanted=wanted)
    parameters = Parameters(**recipe["parameters"])
    with one_thread():
        model = Fixed(parameters, seed=int(recipe["seed"]), wanted=wanted).fit(examples).model
    champion = registry.Champion(
        model=model,
        version="",
        tags={str(name): str(value) for name, value in tags.items()},
        metrics={str(name): float(value) for name, value in recipe["metrics"].items()},
        parameters=parameters,
        scoreboard=_board(recipe["scoreboard"]),
        previous_scoreboard=_board(recipe["previous_scoreboard"]),
        canaries=tuple(Canary(**canary) for canary in recipe["canaries"]),
    )
    with mlflow_client(settings) as client:
        import mlflow

        experiment = experiment_id(client, settings, f"jobfinder/{profile}", profile)
        with mlflow.start_run(experiment_id=experiment, run_name=f"{profile} imported", tags=champion.tags) as run:
            mlflow.log_params(parameters.to_dict())
            scorer = registry.Scorer(model, encoder, registry._words(settings, champion))
            version = registry._log_model(
                client, profile, champion, examples=examples, scorer=scorer, run_id=run.info.run_id
            )
    kept = replace(champion, version=version)
    folder = settings.home.models / "preference" / profile
    write_object(folder / f"{version}.joblib", kept)
    registry.promote(settings, profile, version)
    write_json(folder / "champion.json", {"version": version})
    return version


def _board(rows: list[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(rows)
