"""Keeps `role_tags` up to date: which tagger is in force, which postings it must read, and what came out."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from jobfinder_assets.config import Home
from jobfinder_assets.roles.rules import summarize
from jobfinder_assets.roles.tagger import MOST_EXAMPLES, TAGGER_VERSION, Evidence, RoleTagger, Tags
from jobfinder_assets.storage.files import read_object, write_object
from jobfinder_assets.storage.lake import Lake
from jobfinder_assets.storage.schemas import ROLES

GROWTH_TO_REFIT = 1.25
CORRECTIONS_TO_REFIT = 5
SECOND_ROLE_FROM = 0.2
_SUMMARIZED = 20_000

# Titles that name different jobs at different employers, as a reader of job boards meets them.
AMBIGUOUS_TITLES = {
    "Data Scientist": r"data scien(?:tist|ce)",
    "Data Analyst": r"data analyst|data analysis",
    "Data Specialist": r"data (?:specialist|consultant|manager|associate)",
    "Analytics": r"analytics",
    "Business Intelligence": r"business intelligence|\bbi\b",
    "Data Engineer": r"data engineer",
    "Machine Learning": r"machine learning|\bml\b|\bai\b",
    "Scientist": r"(?<!data )\bscientist",
    "Analyst": r"(?<!data )\banalyst",
}


@dataclass(frozen=True)
class Update:
    """What a run did: postings tagged for the first time, again, left alone, and tags of postings that are gone."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0
    rules: pd.DataFrame | None = None


def tagger_in_force(lake: Lake, home: Home) -> tuple[RoleTagger, bool]:
    """The stored tagger, or a new fit, and whether it was fitted now.

    It is fitted when none is stored, when its code or rules changed, when the corpus has grown by a
    quarter since, or when a person has corrected several more postings: a tagger that changed with every
    new posting would re-tag the whole corpus daily.
    """
    path = home.models / "roles" / "tagger.joblib"
    rows, told = lake.count("postings"), corrected_roles(lake)
    stored = _stored(path)
    if (
        stored is not None
        and rows < stored["corpus_rows"] * GROWTH_TO_REFIT
        and len(told) < stored["corrections"] * GROWTH_TO_REFIT + CORRECTIONS_TO_REFIT
    ):
        return RoleTagger.from_state(stored["tagger"]), False
    where = [("posting_id", "in", told.index.tolist())]
    corrections = lake.read("postings", ["posting_id", "title", "description"], where).sort_values("posting_id")
    tagger = RoleTagger().fit(corpus(lake), corrections.assign(role=corrections["posting_id"].map(told)))
    if rows:
        state = {"corpus_rows": rows, "corrections": len(told), "tagger": tagger.to_state()}
        write_object(path, state)
    return tagger, True


def corrected_roles(lake: Lake) -> pd.Series:
    """The role that a person gave to each corrected posting, by posting id; the latest word counts."""
    events = lake.read("role_corrections", ["event_id", "posting_id", "role", "corrected_at"])
    latest = events.sort_values(["corrected_at", "event_id"]).drop_duplicates("posting_id", keep="last")
    return latest.set_index("posting_id")["role"]


def _stored(path: Path) -> dict[str, Any] | None:
    found: dict[str, Any] | None = read_object(path) if path.is_file() else None
    return found if found is not None and found["tagger"]["code"] == TAGGER_VERSION else None


def corpus(lake: Lake) -> pd.DataFrame:
    """The postings to learn from, at most `MOST_EXAMPLES`: the same ones in whatever order the lake gives them."""
    columns = ["posting_id", "title", "description"]
    ids = lake.read("postings", ["posting_id"])["posting_id"]
    if len(ids) <= MOST_EXAMPLES:
        return lake.read("postings", columns).sort_values("posting_id")
    chosen = sorted(ids, key=lambda value: hashlib.sha256(value.encode()).digest())[:MOST_EXAMPLES]
    return lake.read("postings", columns, [("posting_id", "in", chosen)]).sort_values("posting_id")


def update_tags(lake: Lake, tagger: RoleTagger, *, batch_rows: int = 5_000) -> Update:
    """Tag the postings whose content, cleaning or tagger is not that of their stored tag, batch by batch.

    Each batch is one upsert, and a tag depends on its posting and the tagger alone: a run that was
    killed is completed by the next one.
    """
    told = corrected_roles(lake)
    wanted = _versions(lake, tagger, told)
    stored = lake.read("role_tags", ["posting_id", "content_hash", "tagger_version"]).set_index("posting_id")
    known = wanted.index.isin(stored.index)
    same = (wanted == stored.reindex(wanted.index)).all(axis=1).to_numpy(dtype=bool)
    gone = stored.index[~stored.index.isin(wanted.index)]
    lake.delete("role_tags", pd.DataFrame({"posting_id": gone}))
    stale = wanted.index[~same]
    where = None if len(stale) == len(wanted) else [("posting_id", "in", list(stale))]
    done: list[tuple[Any, Any]] = []
    for batch in (
        lake.batches("postings", ["posting_id", "title", "description"], where, rows=batch_rows) if len(stale) else ()
    ):
        # What another run has added since is its own to tag, or the next one's.
        batch = batch[batch["posting_id"].isin(stale)]
        tags = tagger.tag(batch)
        lake.merge("role_tags", tag_rows(batch["posting_id"], tags, wanted, told))
        done += [(tags.title_strength > 0, tags.duties_strength > 0)] if len(done) * batch_rows < _SUMMARIZED else []
    fired = [np.vstack(part).astype(float) for part in zip(*done, strict=True)]
    return Update(
        new=int((~known).sum()),
        changed=int((known & ~same).sum()),
        unchanged=int(same.sum()),
        removed=len(gone),
        rules=summarize(*fired) if fired else None,
    )


def _versions(lake: Lake, tagger: RoleTagger, told: pd.Series) -> pd.DataFrame:
    """(posting_id) content_hash and tagger_version that each posting's tag should have.

    The version of the cleaning is part of it: new cleaning gives the same record another text. So is what a person
    said of the posting.
    """
    postings = lake.read("postings", ["posting_id", "content_hash", "cleaning_version"]).set_index("posting_id")
    version = tagger.version + "-" + postings["cleaning_version"].fillna("0")
    said = pd.Series(postings.index.map(told.to_dict()), index=postings.index, dtype="str")
    version = version + ("-" + said).fillna("")
    return pd.DataFrame({"content_hash": postings["content_hash"], "tagger_version": version}, index=postings.index)


def tag_rows(posting_ids: pd.Series, tags: Tags, versions: pd.DataFrame, told: pd.Series) -> pd.DataFrame:
    """Rows of `role_tags`: role, second role where the duties are mixed, probabilities, evidence as JSON.

    What a person said is certain, and the evidence says who said it.
    """
    values, evidence = tags.probabilities.to_numpy().copy(), list(tags.evidence)
    for row in np.flatnonzero(posting_ids.isin(told.index)):
        role = told[posting_ids.iloc[row]]
        values[row] = [float(role == name) for name in ROLES]
        evidence[row] = [Evidence("your correction", role, 1.0, "person", 0, 0)]
    order = np.argsort(-values, axis=1, kind="stable")
    names = np.array(ROLES, dtype=object)
    is_mixed = np.take_along_axis(values, order[:, 1:2], axis=1).ravel() >= SECOND_ROLE_FROM
    frame = pd.DataFrame(values, columns=list(ROLES))
    frame["posting_id"] = posting_ids.to_numpy()
    frame["role"] = names[order[:, 0]]
    frame["second_role"] = pd.Series(names[order[:, 1]]).where(is_mixed)
    frame["specialities"] = tags.specialities
    frame["evidence"] = [
        json.dumps([vars(one) for one in evidence], ensure_ascii=False, separators=(",", ":")) for evidence in evidence
    ]
    return frame.assign(**{name: versions.loc[posting_ids, name].to_numpy() for name in versions.columns})


def role_shares(lake: Lake) -> pd.DataFrame:
    """Postings and share of each role, in the order of the taxonomy."""
    counts = lake.read("role_tags", ["role"])["role"].value_counts().reindex(list(ROLES), fill_value=0)
    share = counts / max(int(counts.sum()), 1)
    return pd.DataFrame({"role": list(ROLES), "postings": counts.to_numpy(), "share": share.to_numpy().round(3)})


def ambiguous_titles(lake: Lake) -> pd.DataFrame:
    """Where postings with an ambiguous title really go: `title_shares` of the whole lake."""
    titles = lake.read("postings", ["posting_id", "title"])
    frame = titles.merge(lake.read("role_tags", ["posting_id", *ROLES]), on="posting_id")
    return title_shares(frame["title"], frame[list(ROLES)])


def title_shares(titles: pd.Series, probabilities: pd.DataFrame) -> pd.DataFrame:
    """One row per kind of title: how many postings have it, and the expected share of each role among them.

    The mean of probabilities is closer to the truth than a count of chosen roles, which gives every doubt to the title.
    """
    lower = titles.fillna("").str.lower()
    rows = []
    for name, pattern in AMBIGUOUS_TITLES.items():
        mine = probabilities[lower.str.contains(pattern, regex=True).to_numpy(dtype=bool)]
        shares = mine.mean().fillna(0.0) if len(mine) else dict.fromkeys(ROLES, 0.0)
        rows.append({"title": name, "postings": len(mine), **{role: round(float(shares[role]), 3) for role in ROLES}})
    return pd.DataFrame(rows)
