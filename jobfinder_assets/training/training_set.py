"""What one person's labels say: one row per labelled cluster, and the groups that a split keeps whole."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from jobfinder_assets.cleaning.company import company_key
from jobfinder_assets.labels.events import latest_labels
from jobfinder_assets.storage.lake import Lake
from jobfinder_assets.storage.schemas import ROLES, TABLES
from jobfinder_assets.training.features import FeatureMatrix, Wanted, read_features

# What a model or a baseline may read of a labelled posting.
POSTING_COLUMNS = (
    "posting_id", "title", "company", "description", "location", "city", "country", "workplace", "seniority",
    "years_min", "salary_annual_usd", "employment_type", "language", "posted_at", "first_seen_at",
)  # fmt: skip
# An event's rows that decide whether a model must be trained anew.
_IDENTITY = ("cluster_id", "posting_id", "interesting", "group", "labelled_at", "policy", "propensity")


@dataclass(frozen=True, eq=False)
class Examples:
    """n labelled clusters, row by row.

    postings: n rows of `POSTING_COLUMNS` and one probability per role; features: the same n rows;
    labels: (n,) bool, True = interesting; groups: (n,) str, see `build_training_set`;
    labelled_at: (n,) datetime64, NaT where unknown; random_pick: (n,) bool, labels that no model chose.
    """

    postings: pd.DataFrame
    features: FeatureMatrix
    labels: NDArray[np.bool_]
    groups: NDArray[Any]
    labelled_at: NDArray[np.datetime64]
    random_pick: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: Any) -> "Examples":
        """The given rows (indices or a mask), in that order."""
        rows = np.asarray(rows)
        rows = np.flatnonzero(rows) if rows.dtype == bool else rows
        return Examples(
            self.postings.iloc[rows].reset_index(drop=True),
            self.features.take(rows),
            self.labels[rows],
            self.groups[rows],
            self.labelled_at[rows],
            self.random_pick[rows],
        )


def build_training_set(
    label_events: pd.DataFrame,
    posting_clusters: pd.DataFrame,
    postings: pd.DataFrame,
    *,
    profile: str,
    encoder_version: str | None = None,
) -> pd.DataFrame:
    """One row per labelled cluster of `profile`, with the columns of the table `training_set`, by cluster_id.

    The latest label of a cluster wins (`labels.events.latest_labels`); one that was withdrawn counts no more.
    `contradicted` says that its events disagree. The posting is the one
    of the winning label, or the cluster's canonical one when that has left `postings`; labels on
    openings that have left `postings` altogether stay in `label_events` only.

    `group` is the connected component of the cluster in the graph of all clusters and companies
    (EVALUATION.md, protocol 2), named by its smallest labelled cluster: two rows of one company, or
    of clusters that share a company, are never on both sides of a split.

    `postings` needs posting_id and company of every posting.
    """
    clusters = posting_clusters.set_index("posting_id")
    events = label_events.loc[label_events["profile"] == profile]
    events = events.assign(labelled_at=_time(events["labelled_at"]), consumed_at=_time(events["consumed_at"]))
    latest = latest_labels(events, clusters["cluster_id"]).sort_values("cluster_id", kind="stable")
    latest = latest.assign(posting_id=_present(latest, posting_clusters, postings))
    latest = latest.loc[latest["posting_id"].notna()].reset_index(drop=True)
    latest = latest.assign(group=company_groups(latest["cluster_id"], posting_clusters, postings))
    latest = latest.assign(profile=profile, encoder_version=encoder_version)
    return latest[TABLES["training_set"].columns]


def company_groups(
    cluster_ids: Sequence[str] | pd.Series, posting_clusters: pd.DataFrame, postings: pd.DataFrame
) -> list[str]:
    """The group of each given cluster: the smallest given id in its component of cluster ∪ company."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    cluster_of = posting_clusters.set_index("posting_id")["cluster_id"]
    nodes = postings["posting_id"].map(cluster_of).astype("object").fillna(postings["posting_id"])
    companies = postings["company"].map(company_key, na_action="ignore").astype("object")
    known = companies.notna() & (companies != "")
    names, node = np.unique(np.concatenate([nodes.astype(str), np.asarray(cluster_ids, str)]), return_inverse=True)
    company, _ = pd.factorize(companies[known])
    size = len(names) + len(companies)
    edges = (np.ones(int(known.sum())), (node[: len(nodes)][known.to_numpy()], len(names) + company))
    component = connected_components(coo_matrix(edges, shape=(size, size)), directed=False)[1][node[len(nodes) :]]
    given = pd.Series(np.asarray(cluster_ids, dtype=object))
    return [str(name) for name in given.groupby(component).transform("min")]


def load_examples(
    lake: Lake,
    training_set: pd.DataFrame,
    encoder_version: str,
    *,
    vectors_version: str = "",
    wanted: Wanted | None = None,
) -> Examples:
    """Join a training set to its postings, role probabilities and stored features, by cluster_id.

    With a `vectors_version` also to the vectors of the optional encoder, with `wanted` also to the share of those words
    that each posting holds. Rows without features of that encoder
    version are left out.
    """
    mine = [("posting_id", "in", list(training_set["posting_id"]))]
    encoded = lake.read("posting_features", ["posting_id"], [("encoder_version", "=", encoder_version), *mine])
    rows = training_set.loc[training_set["posting_id"].isin(encoded["posting_id"])].sort_values("cluster_id")
    postings = lake.read("postings", POSTING_COLUMNS, mine).merge(
        lake.read("role_tags", ("posting_id", *ROLES), mine), on="posting_id", how="left"
    )
    features = read_features(lake, encoder_version, list(rows["posting_id"]), vectors_version=vectors_version)
    return Examples(
        postings=postings.set_index("posting_id").reindex(rows["posting_id"]).reset_index(),
        features=(wanted or Wanted()).added(features),
        labels=rows["interesting"].to_numpy(bool),
        groups=rows["group"].to_numpy(object),
        labelled_at=_time(rows["labelled_at"]).dt.tz_localize(None).to_numpy("datetime64[us]"),
        random_pick=(rows["policy"] == "random").to_numpy(bool),
    )


def label_hash(training_set: pd.DataFrame) -> str:
    """16 hex that change when a label, its posting or its group does; the order of rows does not matter."""
    rows = training_set.sort_values("cluster_id")[list(_IDENTITY)].astype("object")
    text = rows.where(rows.notna(), "").to_csv(index=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]


def same_rows(stored: pd.DataFrame, built: pd.DataFrame) -> bool:
    """Whether a stored training set equals the one just built."""
    if len(stored) != len(built) or label_hash(stored) != label_hash(built):
        return False
    left, right = (frame.sort_values("cluster_id")["encoder_version"].fillna("") for frame in (stored, built))
    return list(left) == list(right)


def _present(latest: pd.DataFrame, posting_clusters: pd.DataFrame, postings: pd.DataFrame) -> pd.Series:
    """The labelled posting of each row, else its cluster's canonical one, else nothing."""
    here = set(postings["posting_id"])
    canonical = posting_clusters.drop_duplicates("cluster_id").set_index("cluster_id")["canonical_id"]
    stand_in = latest["cluster_id"].map(canonical).astype("object")
    chosen = latest["posting_id"].astype("object").where(latest["posting_id"].isin(here), stand_in)
    return chosen.where(chosen.isin(here), None)


def _time(times: pd.Series) -> pd.Series:
    return pd.to_datetime(times, utc=True, errors="coerce")
