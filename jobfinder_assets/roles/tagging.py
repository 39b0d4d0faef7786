"""Which tagger is in force, and tags for the postings that have none of its."""

import json
from dataclasses import asdict, dataclass

import pandas as pd

from jobfinder_assets.config import Home, Settings
from jobfinder_assets.roles.tagger import TAGGER_VERSION, Evidence, RoleTagger
from jobfinder_assets.storage.files import read_object, write_object
from jobfinder_assets.storage.lake import Lake
from jobfinder_assets.storage.schemas import ROLES

# A corpus that grew by this share may use words that the tagger has not met.
REFIT_GROWTH = 0.25
_SECOND_FROM = 0.2


@dataclass(frozen=True)
class Counts:
    """What a run did, in postings."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0


@dataclass(frozen=True)
class StoredTagger:
    """A fitted tagger with the code version and corpus size that it was fitted with."""

    tagger: RoleTagger
    code_version: str
    postings: int


def current_tagger(lake: Lake, home: Home) -> RoleTagger:
    """The stored tagger, or one fitted anew.

    Fitted anew when none is stored, when code or rules changed, or when the corpus has grown by a
    quarter since the fit; the result depends on the set of postings only, not on their order.
    """
    path = home.models / "roles" / "tagger.joblib"
    rows = lake.count("postings")
    stored: StoredTagger | None = read_object(path) if path.is_file() else None
    if stored and stored.code_version == TAGGER_VERSION and rows < stored.postings * (1 + REFIT_GROWTH):
        return stored.tagger
    postings = lake.read("postings", ["posting_id", "title", "description"]).sort_values("posting_id")
    tagger = RoleTagger().fit(postings)
    write_object(path, StoredTagger(tagger, TAGGER_VERSION, rows))
    return tagger


def tag_pending(lake: Lake, settings: Settings, tagger: RoleTagger) -> Counts:
    """Tag the postings whose content, or whose tagger, is not the one that their stored tag was made with."""
    wanted = lake.read("postings", ["posting_id", "content_hash"]).assign(tagger_version=tagger.version)
    stored = lake.read("role_tags", ["posting_id", "content_hash", "tagger_version"])
    state = wanted.merge(stored, on="posting_id", how="left", suffixes=("", "_stored"))
    known = state["content_hash_stored"].notna()
    same = (state["content_hash"] == state["content_hash_stored"]) & (
        state["tagger_version"] == state["tagger_version_stored"]
    )
    pending = set(state.loc[~same, "posting_id"])
    if pending:
        columns = ["posting_id", "content_hash", "title", "description"]
        where = None if len(pending) == len(state) else [("posting_id", "in", sorted(pending))]
        for batch in lake.batches("postings", columns, where, rows=settings.compute.batch_rows):
            lake.merge("role_tags", tags(tagger, batch))
    gone = stored.loc[~stored["posting_id"].isin(wanted["posting_id"]), ["posting_id"]]
    lake.delete("role_tags", gone)
    return Counts(int((~known).sum()), int((known & ~same).sum()), int(same.sum()))


def tags(tagger: RoleTagger, postings: pd.DataFrame) -> pd.DataFrame:
    """Rows of `role_tags`: the role with most probability, the second where duties are mixed, the evidence."""
    probabilities, evidence, *_ = tagger.tag(postings)
    ranked = probabilities.apply(lambda row: row.sort_values(ascending=False, kind="stable").index[:2].tolist(), axis=1)
    first = ranked.map(lambda names: names[0])
    second = ranked.map(lambda names: names[1])
    share = pd.Series([probabilities.at[row, role] for row, role in second.items()], index=postings.index)
    return probabilities.assign(
        posting_id=postings["posting_id"],
        content_hash=postings["content_hash"],
        tagger_version=tagger.version,
        role=first,
        second_role=second.where(share >= _SECOND_FROM),
        evidence=[_json(found) for found in evidence],
    )


def ambiguous_titles(lake: Lake, *, titles: tuple[str, ...] = ("data scientist", "analytics", "data analyst")) -> pd.DataFrame:
    """Where postings with titles that hide the job really go: rows titles, columns roles, cells postings."""
    tagged = lake.read("role_tags", ["posting_id", "role"]).merge(lake.read("postings", ["posting_id", "title"]))
    counts = {
        title: tagged.loc[tagged["title"].str.contains(title, case=False, regex=False), "role"].value_counts()
        for title in titles
    }
    return pd.DataFrame(counts).T.reindex(columns=list(ROLES)).fillna(0).astype(int)


def _json(evidence: list[Evidence]) -> str:
    return json.dumps([asdict(phrase) for phrase in evidence], ensure_ascii=False)
