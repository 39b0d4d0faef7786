"""What the optional transformer makes of the postings; without the extra these assets say so and make nothing."""

from typing import Any

import dagster as dg

from jobfinder_assets.config import Settings
from jobfinder_assets.encoder import embed, tuned
from jobfinder_assets.encoder.vectors import put_in_force
from jobfinder_assets.encoder.weights import NOT_INSTALLED, installed
from jobfinder_assets.storage.io_manager import LakeResource, SettingsResource
from jobfinder_assets.storage.lake import Lake

_WORDS_SHOWN = 60


@dg.asset(deps=["postings"], kinds={"pytorch"})
def domain_tokenizer(settings: SettingsResource, lake: LakeResource) -> dg.MaterializeResult[Any]:
    """Names that several employers write, as tokens of their own; learnt anew when the corpus has outgrown them."""
    if not installed():
        return dg.MaterializeResult(metadata={"state": NOT_INSTALLED})
    found = settings.load()
    tokenizer, learnt = embed.tokenizer_in_force(lake.open(), found.home, found.encoder)
    if tokenizer is None:
        return dg.MaterializeResult(metadata={"state": "no postings yet"})
    covered = tokenizer.coverage
    return dg.MaterializeResult(
        metadata={
            "state": "learnt" if learnt else "unchanged",
            "tokenizer": tokenizer.version,
            "learnt on": tokenizer.corpus_rows,
            "words": covered.words,
            "share of postings with such a word": covered.covered,
            "tokens per posting before": covered.before,
            "tokens per posting after": covered.after,
            "such as": ", ".join(tokenizer.words[:_WORDS_SHOWN]),
        }
    )


@dg.asset(deps=["postings", "domain_tokenizer"], kinds={"pytorch", "deltalake"})
def posting_vectors(settings: SettingsResource, lake: LakeResource) -> dg.MaterializeResult[Any]:
    """The meaning of each posting as a vector, computed once per content and encoder; models may use it or not."""
    found, store = settings.load(), lake.open()
    told = _update_fine_tuned(store, found)
    source = embed.vectors_source(store, found.home, found.encoder)
    if isinstance(source, str):
        put_in_force(found.home, "")
        return dg.MaterializeResult(metadata={"state": source} | told)
    counts = embed.update_vectors(store, source.encode, source.version, batch_rows=source.batch_rows, most=source.most)
    put_in_force(found.home, source.version)
    return dg.MaterializeResult(
        metadata={
            "state": "more in the next run" if counts.waiting else "done",
            "vectors": f"{found.encoder.vectors} {source.version}",
            "distilled now": source.made_now,
            "new or changed": counts.new,
            "unchanged": counts.unchanged,
            "waiting": counts.waiting,
        }
        | told
    )


def _update_fine_tuned(lake: Lake, settings: Settings) -> dict[str, Any]:
    """What each fine-tuned model in force says of the postings that are new to it; told by profile."""
    told: dict[str, Any] = {}
    for each in tuned.in_force(settings.home):
        done = tuned.update(lake, settings.home, settings.encoder, each, most=settings.encoder.most_per_run)
        words = done if isinstance(done, str) else f"{done.new} scored, {done.waiting} waiting"
        told[f"fine-tuned model of {each.profile}"] = words
    return told
