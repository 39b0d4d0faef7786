"""The assets of the list that one person reads, and of its digest."""

import json
from datetime import UTC, datetime

import dagster as dg

from jobfinder_assets.config import Profile
from jobfinder_assets.ingestion.catalog import source_classes
from jobfinder_assets.labels.profiles import PROFILES
from jobfinder_assets.recommendations.digest import preview, write_digest
from jobfinder_assets.recommendations.news import MailError, Told, tell
from jobfinder_assets.recommendations.recommender import refresh
from jobfinder_assets.recommendations.search import SearchIndex
from jobfinder_assets.storage.io_manager import LakeResource, SettingsResource


@dg.asset(
    partitions_def=PROFILES,
    deps=["preference_model", "posting_features", "role_tags", "posting_clusters", "postings", "label_events"],
    kinds={"python", "deltalake"},
)
def recommendations(
    context: dg.AssetExecutionContext, settings: SettingsResource, lake: LakeResource
) -> dg.MaterializeResult[None]:
    """Open postings for one profile, ranked and explained: no labelled or closed one, one per opening."""
    done = refresh(lake.open(), settings.load(), context.partition_key, now=datetime.now(UTC))
    listed = done.recommendations
    for problem in done.problems:
        context.log.warning("%s", problem)
    return dg.MaterializeResult(
        metadata={
            "state": done.state,
            "model_version": done.model_version,
            "rows": len(listed),
            "new": int(listed["is_new"].sum()),
            "bands": json.dumps(listed["band"].value_counts().to_dict()),
            "filtered": dg.MetadataValue.json(dict(done.filtered)),
            "problems": dg.MetadataValue.json(list(done.problems)),
            "top": dg.MetadataValue.md(preview(listed)),
        }
    )


@dg.asset(deps=["postings", "posting_clusters", "role_tags"], kinds={"python", "sqlite"})
def search_index(settings: SettingsResource, lake: LakeResource) -> dg.MaterializeResult[None]:
    """Full-text search over everything kept, one row per opening."""
    index = SearchIndex(settings.load().home.search)
    changed = index.update(lake.open())
    return dg.MaterializeResult(metadata={"texts_indexed": changed, "openings": len(index.facts())})


@dg.asset(partitions_def=PROFILES, deps=["recommendations"], kinds={"python", "html", "csv"})
def digest(
    context: dg.AssetExecutionContext, settings: SettingsResource, lake: LakeResource
) -> dg.MaterializeResult[None]:
    """The list as CSV, Markdown and HTML under `$JOBFINDER_HOME/digests/<profile>`, and in `news` what is new in it."""
    profile, loaded = context.partition_key, settings.load()
    store = lake.open()
    listed = store.read("recommendations", where=[("profile", "=", profile)])
    cluster_of = store.read("posting_clusters", ["posting_id", "cluster_id"]).set_index("posting_id")["cluster_id"]
    terms = {name: source.terms for name, source in source_classes().items()}
    paths, changed = write_digest(listed, terms, loaded.home, profile=profile)
    to = loaded.profiles.get(profile, Profile()).email
    mail_problem = ""
    told = Told((), ())
    try:
        told = tell(listed, terms, loaded.home, profile=profile, mail=loaded.mail, to=to, cluster_of=cluster_of)
    except MailError as error:
        # The list is there to read; a server that is down must not turn it red.
        context.log.warning("%s", error)
        mail_problem = str(error)
    return dg.MaterializeResult(
        metadata={
            "state": "written" if changed else "unchanged",
            "rows": len(listed),
            "news": len(told.jobs),
            "mail": mail_problem or told.mailed_to or "not configured",
            "html": dg.MetadataValue.path(str(next(path for path in paths if path.name == "latest.html"))),
            "files": dg.MetadataValue.json([str(path) for path in paths]),
        }
    )
