"""Why a posting is on the list, in short sentences: from a model's addends, or from the profile's own words."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from jobfinder_assets.config import Profile
from jobfinder_assets.recommendations.ranking import holds_words
from jobfinder_assets.training.baselines import profile_scores, profile_words, wanted_role_probability
from jobfinder_assets.training.model import Reason

MOST_SENTENCES = 5
_MOST_WORDS = 5
# Parts of a cold-start score below this are not worth a sentence.
_NOTICEABLE = 0.01
# Facts as the model names them (training.model.fact_name), and how they read.
_FACTS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), sentence)
    for pattern, sentence in (
        (r"remote", "fully remote"),
        (r"not remote", "not remote"),
        (r"(not )?onsite", r"\1on site"),
        (r"(not )?hybrid", r"\1hybrid work"),
        (r"level (\w+)", r"\1 level"),
        (r"years required (?:0|1)", "requires at most 1 year"),
        (r"years required (\d+)", r"requires \1 years"),
        (r"age in days when first seen (\d+)", r"was \1 days old when found"),
        (r"description length (.+)", r"advert of \1 characters"),
        (r"pay in USD not stated", "pay not stated"),
        (r"(.+) not stated", r"\1 not stated"),
        (r"place: (.+)", r"is in \1"),
        (r"country: (.+)", r"country \1"),
        (r"employment: (.+)", r"is \1"),
        (r"language: (.+)", r"language \1"),
    )
)

_LIKE_LIKED, _UNLIKE_LIKED = "reads like postings you liked", "reads unlike postings you liked"
_PAY = re.compile(r"pay in USD ([\d,]+)")
_WANTED = re.compile(r"wanted words (.+)")
_ROLE = re.compile(r"role (.+) (\d\.\d+)")
# How a role's duties read when there are many of them, and when there are few.
_DUTIES: dict[str, tuple[str, str]] = {
    "data engineer": ("data engineering duties", "little data engineering"),
    "data analyst": ("data analysis duties", "little data analysis"),
    "ml engineer": ("ML engineering duties", "little ML engineering"),
    "data scientist": ("data science duties", "little data science"),
    "other": ("duties other than data", "duties about data"),
}


@dataclass(frozen=True)
class Sentence:
    """One reason as it is read, and by how much it moved the score (in the score's unit)."""

    text: str
    contribution: float


def sentences(reasons: Iterable[Reason]) -> list[Sentence]:
    """The strongest addends of a score in words, strongest first; never empty.

    Words of the same kind and direction share a sentence, whose contribution is their sum.
    """
    grouped: dict[tuple[str, bool], list[Reason]] = {}
    found: list[Sentence] = []
    for reason in reasons:
        up = reason.contribution > 0
        if reason.kind == "base" or not reason.contribution:
            continue
        if reason.kind == "meaning":
            # Of the whole text as the encoder reads it: no single word stands for it, and none is named.
            found.append(Sentence(_LIKE_LIKED if up else _UNLIKE_LIKED, reason.contribution))
        elif reason.kind == "fact":
            found.append(_sentence(_fact(reason.name, up=up), reason.contribution))
        else:
            grouped.setdefault((reason.kind, up), []).append(reason)
    for (kind, _), words in grouped.items():
        text = ("title says " if kind == "title" else "mentions ") + ", ".join(_distinct(words))
        found.append(_sentence(text, sum(word.contribution for word in words)))
    found.sort(key=lambda sentence: (-abs(sentence.contribution), sentence.text))
    return found[:MOST_SENTENCES] or [Sentence("no single word or fact stands out", 0.0)]


def profile_sentences(
    shown: pd.DataFrame, scores: "pd.Series[float]", *, profile: Profile, role_tags: pd.DataFrame
) -> list[list[Sentence]]:
    """Reasons of the cold start (`training.baselines.profile_scores`), one list per row of `shown`; never empty.

    `shown` needs what `profile_scores` needs; `scores` are its results over all postings, by posting_id. The
    parts but that of the words do not depend on other postings: each is the score of a profile that has
    no other wish.
    """
    tagged = role_tags.drop_duplicates("posting_id").set_index("posting_id").reindex(shown["posting_id"])
    wordless = profile.model_copy(update={"keywords": (), "searches": ()})
    placeless = wordless.model_copy(update={"places": (), "country": ""})
    by_role = wanted_role_probability(profile, tagged)
    by_all_but_words = profile_scores(wordless, shown, role_tags)
    by_role_and_workplace = profile_scores(placeless, shown, role_tags)
    by_words = scores.reindex(shown["posting_id"]).to_numpy() - by_all_but_words
    by_place = by_all_but_words - by_role_and_workplace
    by_workplace = by_role_and_workplace - by_role
    best_roles = tagged[list(profile.roles)].fillna(0.0).idxmax(axis=1) if profile.roles else [""] * len(shown)
    tests = {word: holds_words([word]) for word in profile_words(profile)}
    result = []
    for at, (row, best_role) in enumerate(zip(shown.itertuples(), best_roles, strict=True)):
        found = [word for word, holds in tests.items() if holds(row.title) or holds(row.description)]
        parts = (
            (f"mentions {', '.join(found[:_MOST_WORDS])}", float(by_words[at])),
            (_duties(str(best_role), 1.0), float(by_role[at])),
            (f"is in {row.location}", float(by_place[at])),
            ("fully remote", float(by_workplace[at])),
        )
        spoken = [_sentence(text, part) for text, part in parts if abs(part) > _NOTICEABLE]
        spoken.sort(key=lambda sentence: -abs(sentence.contribution))
        result.append(spoken or [Sentence("none of the profile's words speak for or against it", 0.0)])
    return result


def joined(*told: tuple[Sequence[Sentence], float]) -> list[Sentence]:
    """The strongest of several lists of reasons, the contributions of each times its factor; never empty."""
    scaled = [Sentence(one.text, one.contribution * factor) for spoken, factor in told for one in spoken]
    spoken = sorted((one for one in scaled if one.contribution), key=lambda one: (-abs(one.contribution), one.text))
    return spoken[:MOST_SENTENCES] or scaled[:1]


def to_json(spoken: Sequence[Sentence]) -> str:
    """As stored in the table: a list of {text, contribution}."""
    return json.dumps(
        [{"text": one.text, "contribution": round(one.contribution, 6)} for one in spoken], ensure_ascii=False
    )


def from_json(text: str) -> list[Sentence]:
    """Read what `to_json` wrote."""
    return [Sentence(one["text"], one["contribution"]) for one in json.loads(text)]


def _sentence(text: str, contribution: float) -> Sentence:
    return Sentence(text if contribution > 0 else f"less: {text}", contribution)


def _duties(role: str, share: float) -> str:
    many, few = _DUTIES.get(role.replace("_", " "), (f"{role} duties", f"little {role}"))
    return many if share >= 0.5 else few


def _fact(name: str, *, up: bool) -> str:
    if role := _ROLE.fullmatch(name):
        return _duties(role[1], float(role[2]))
    if pay := _PAY.fullmatch(name):
        return f"pays about {int(pay[1].replace(',', '')) / 1000:,.0f}k USD"
    if wanted := _WANTED.fullmatch(name):
        named = [] if wanted[1] == "none" else wanted[1].split(", ")
        if up and named:
            more = f" and {len(named) - _MOST_WORDS} more" if len(named) > _MOST_WORDS else ""
            return f"names your {', '.join(named[:_MOST_WORDS])}{more}"
        return f"names {'few' if named else 'none'} of your keywords"
    for pattern, sentence in _FACTS:
        if match := pattern.fullmatch(name):
            return match.expand(sentence)
    return name


def _distinct(reasons: Sequence[Reason]) -> list[str]:
    """The words, strongest first; one that stands inside a phrase beside it is not said twice."""
    strongest = sorted(reasons, key=lambda reason: -abs(reason.contribution))
    names = [reason.name.removeprefix("title: ") for reason in strongest]
    phrases = [f" {name} " for name in names]
    alone = [name for name in names if sum(f" {name} " in phrase for phrase in phrases) == 1]
    return alone[:_MOST_WORDS]
