"""The asset of the roles room."""

from typing import Any

import dagster as dg

from jobfinder_assets.roles.report import log_fit, report_fit, weekly_shares
from jobfinder_assets.roles.tagging import ambiguous_titles, corrected_roles, role_shares, tagger_in_force, update_tags
from jobfinder_assets.storage.io_manager import LakeResource, SettingsResource

_WEEKS_SHOWN = 24


@dg.asset(deps=["postings", "label_events"], kinds={"python", "deltalake", "scikitlearn"})
def role_tags(settings: SettingsResource, lake: LakeResource) -> dg.MaterializeResult[Any]:
    """What each posting really is, from its duties: a probability per role, with the phrases that say so.

    The tagger is fitted on the user's own postings when none is stored, when its code or rules changed,
    or when there are 25 % more postings than at its last fit; only new or changed postings are tagged.
    """
    store, found = lake.open(), settings.load()
    tagger, fitted_now = tagger_in_force(store, found.home)
    update = update_tags(store, tagger, batch_rows=found.compute.batch_rows)
    run_id = None
    if fitted_now and store.count("role_tags"):
        run_id = log_fit(found, tagger, report_fit(store, tagger, corrected_roles(store)))
    metadata: dict[str, Any] = {name: getattr(update, name) for name in ("new", "changed", "unchanged", "removed")}
    metadata |= {"tagger": tagger.version, "fitted now": fitted_now, "training examples": tagger.fit_.examples}
    if run_id is not None:
        metadata["MLflow run"] = run_id
    metadata["weekly shares"] = dg.MetadataValue.md(weekly_shares(store).tail(_WEEKS_SHOWN).to_markdown(index=False))
    metadata["corrected by you"] = len(corrected_roles(store))
    metadata["roles"] = dg.MetadataValue.md(role_shares(store).to_markdown(index=False))
    metadata["where titles go"] = dg.MetadataValue.md(ambiguous_titles(store).to_markdown(index=False))
    if update.rules is not None:
        metadata["rules"] = dg.MetadataValue.md(update.rules.round(3).to_markdown(index=False))
    return dg.MaterializeResult(metadata=metadata)
