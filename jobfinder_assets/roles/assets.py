"""The asset of the roles: every posting's role by its duties."""

import dagster as dg

from jobfinder_assets.roles.tagging import ambiguous_titles, current_tagger, tag_pending
from jobfinder_assets.storage.io_manager import LakeResource, SettingsResource


@dg.asset(deps=["postings"], kinds={"scikitlearn", "deltalake"})
def role_tags(settings: SettingsResource, lake: LakeResource) -> dg.MaterializeResult:
    """A probability per role, the role chosen, and the phrases that decided it."""
    store, loaded = lake.open(), settings.load()
    tagger = current_tagger(store, loaded.home)
    counts = tag_pending(store, loaded, tagger)
    shares = store.read("role_tags", ["role"])["role"].value_counts(normalize=True).round(3)
    return dg.MaterializeResult(
        metadata={
            "new": counts.new,
            "changed": counts.changed,
            "unchanged": counts.unchanged,
            "tagger_version": tagger.version,
            "examples_learned_from": tagger.fit_.examples,
            "roles": dg.MetadataValue.md(shares.to_frame("share").to_markdown()),
            "ambiguous_titles": dg.MetadataValue.md(ambiguous_titles(store).to_markdown()),
        }
    )
