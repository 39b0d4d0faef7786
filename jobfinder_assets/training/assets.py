"""Features of every posting, and for each profile what its labels say and the model learnt from them."""

from typing import Any

import dagster as dg

from jobfinder_assets.config import Settings
from jobfinder_assets.labels.profiles import PROFILES
from jobfinder_assets.storage.io_manager import LakeResource, SettingsResource
from jobfinder_assets.storage.lake import Lake
from jobfinder_assets.training import plots, registry
from jobfinder_assets.training.features import (
    CORPUS_LIMIT,
    FeatureEncoder,
    fit_encoder,
    load_encoder,
    needs_refit,
    save_encoder,
    update_features,
)
from jobfinder_assets.training.training_set import build_training_set, same_rows


@dg.asset(deps=["role_tags", "posting_clusters"], kinds={"deltalake", "scikitlearn"})
def posting_features(settings: SettingsResource, lake: LakeResource) -> dg.MaterializeResult[Any]:
    """Terms, latent vector and facts of each posting, computed once per content, role tag and encoder."""
    store, found = lake.open(), settings.load()
    encoder, refitted = _encoder_in_force(store, found)
    if encoder is None:
        return dg.MaterializeResult(metadata={"new": 0, "changed": 0, "unchanged": 0, "state": "no postings yet"})
    counts = update_features(store, encoder, batch_rows=found.compute.batch_rows)
    return dg.MaterializeResult(
        metadata={
            "new": counts.new,
            "changed": counts.changed,
            "unchanged": counts.unchanged,
            "encoder": encoder.version,
            "encoder refitted": refitted,
            "fitted on": encoder.corpus_rows,
        }
    )


@dg.asset(
    deps=["label_events", "posting_clusters"],
    partitions_def=PROFILES,
    io_manager_key="profile_table",
    kinds={"deltalake"},
)
def training_set(
    context: dg.AssetExecutionContext, settings: SettingsResource, lake: LakeResource
) -> dg.MaterializeResult[Any]:
    """One row per opening that the profile has labelled: the latest label, and the group that a split keeps whole."""
    store, profile = lake.open(), context.partition_key
    encoder = load_encoder(settings.load().home)
    frame = build_training_set(
        store.read("label_events", where=[("profile", "=", profile)]),
        store.read("posting_clusters", ["posting_id", "cluster_id", "canonical_id"]),
        store.read("postings", ["posting_id", "company"]),
        profile=profile,
        encoder_version=encoder.version if encoder else None,
    )
    metadata = training_set_metadata(frame)
    if same_rows(store.read("training_set", where=[("profile", "=", profile)]), frame):
        # Without a value Dagster does not call the IO manager: nothing is written.
        return dg.MaterializeResult(metadata=metadata | {"state": "unchanged"})
    return dg.MaterializeResult(value=frame, metadata=metadata | {"state": "written"})


@dg.asset(
    deps=["training_set", "posting_features", "posting_vectors"],
    partitions_def=PROFILES,
    kinds={"lightgbm", "mlflow", "optuna"},
)
def preference_model(
    context: dg.AssetExecutionContext, settings: SettingsResource, lake: LakeResource
) -> dg.MaterializeResult[Any]:
    """What this person likes: tuned, judged against its baselines, registered in MLflow; trained only on news."""
    store = lake.open()
    outcome = registry.train(settings.load(), store, context.partition_key)
    agreement = str(registry.said_again(store, context.partition_key))
    return dg.MaterializeResult(metadata=outcome_metadata(outcome) | {"self-agreement": agreement})


def _encoder_in_force(lake: Lake, settings: Settings) -> tuple[FeatureEncoder | None, bool]:
    """The stored encoder, or one fitted anew when the corpus has outgrown it; and whether that was so."""
    encoder, rows = load_encoder(settings.home), lake.count("postings")
    # The encoder learns from a bounded sample, which cannot outgrow itself.
    if not needs_refit(encoder.corpus_rows if encoder else 0, min(rows, CORPUS_LIMIT)):
        return encoder, False
    encoder = fit_encoder(lake, batch_rows=settings.compute.batch_rows)
    save_encoder(settings.home, encoder)
    return encoder, True


def training_set_metadata(frame: Any) -> dict[str, Any]:
    """Counts of a training set, with a preview."""
    contradicted = frame.loc[frame["contradicted"], "posting_id"]
    return {
        "rows": len(frame),
        "interesting": int(frame["interesting"].sum()),
        "not interesting": int((~frame["interesting"].astype(bool)).sum()),
        "groups": int(frame["group"].nunique()),
        "contradicted": dg.MetadataValue.json(list(contradicted)),
        "preview": dg.MetadataValue.md(_preview(frame)),
    }


def outcome_metadata(outcome: registry.Outcome) -> dict[str, Any]:
    """What became of a training, with scoreboard, decision and the precision-recall curve."""
    metadata: dict[str, Any] = {"state": outcome.state}
    if outcome.too_few is not None:
        metadata |= {
            "interesting": outcome.too_few.positives,
            "not interesting": outcome.too_few.negatives,
            "explanation": str(outcome.too_few),
        }
    if outcome.champion is not None:
        metadata |= {
            "model version": outcome.champion.version,
            "decision": outcome.champion.tags["decision"],
            "scoreboard": dg.MetadataValue.md(registry.board_markdown(outcome.champion.scoreboard)),
            "parameters": dg.MetadataValue.json(outcome.champion.parameters.to_dict()),
            "diversity": registry.diversity_words(outcome.champion),
        }
    if outcome.evaluation is not None:
        metadata["precision and recall"] = dg.MetadataValue.md(
            plots.as_markdown(plots.precision_recall(outcome.evaluation))
        )
        metadata["MLflow run"] = outcome.run_id
    return metadata


def _preview(frame: Any) -> str:
    lines = ["| posting | interesting | labelled at |", "|---|---|---|"]
    latest = frame.sort_values("labelled_at", ascending=False).head(5)
    lines += [f"| {row.posting_id} | {row.interesting} | {row.labelled_at} |" for row in latest.itertuples()]
    return "\n".join(lines)
