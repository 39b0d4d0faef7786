"""The asset of duplicate clusters."""

from dataclasses import asdict

import dagster as dg

from jobfinder_assets.cleaning.clusters import biggest_clusters, update_clusters
from jobfinder_assets.storage.io_manager import LakeResource, SettingsResource


@dg.asset(deps=["postings"], kinds={"python", "deltalake"})
def posting_clusters(lake: LakeResource, settings: SettingsResource) -> dg.MaterializeResult[None]:
    """Postings that are the same opening, with the reason of each join; only new or changed ones are compared."""
    store = lake.open()
    update = update_clusters(store, settings.load().compute)
    biggest = biggest_clusters(store)
    records = [
        dg.TableRecord({name: row[name] for name in biggest.columns}) for row in biggest.fillna("").to_dict("records")
    ]
    schema = dg.TableSchema(columns=[dg.TableColumn(name) for name in biggest.columns])
    return dg.MaterializeResult(
        metadata={**asdict(update), "biggest_clusters": dg.MetadataValue.table(records, schema=schema)}
    )
