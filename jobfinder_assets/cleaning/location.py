"""Where a job is done: at home, in an office, or both (CONVENTIONS, "Facts of a posting")."""

import re
from functools import lru_cache

from jobfinder_assets.cleaning.cues import Cues, read_cues
from jobfinder_assets.cleaning.lexicon import joined, read_toml
from jobfinder_assets.cleaning.text import clean_text, text_or_empty

_REMOTE = re.compile(
    r"\b(?:remote(?:ly)?|anywhere|work (?:from|@) home|wfh|home[- ]?office|telecommut\w*|telework|distributed|worldwide"
    r"|virtual|remot[oa]|télétravail|teletrabajo|zdaln\w+)\b|リモート|在宅|远程|원격"
    # Not the "home based carer" who visits.
    r"|\bhome[- ]based(?=\W*$|\s?[,;:()/|–-])",
    re.I,
)
# "London (2 days in office)"; "4 days a week" alone are hours.
_HYBRID = re.compile(
    r"\b(?:hybride?|h[ií]brid[oa]|hybrydow\w+|ibrid[oa])\b"
    r"|\b[1-4](?:\s?(?:-|–|to)\s?[2-4])? days?\b(?=[^;|]{0,30}\b(?:office|on[- ]?site|home|remote)\b)",
    re.I,
)
# A choice of remote and less is remote.
_CHOICE = re.compile(r"\bhybrid or (?:fully )?remote\b|\bremote or hybrid\b", re.I)
_ONSITE = re.compile(r"\b(?:on[- ]?site|in[- ]office|in[- ]person|presencial|présentiel|vor ort)\b", re.I)

_TABLE = read_toml("workplace.toml")
_PART = re.compile(r"\{([a-z_]+)\}")


def _whole(expression: str) -> str:
    """The expression with what its {parts} stand for, which may have parts themselves."""
    return _PART.sub(lambda match: _part(_TABLE["parts"][match[1]]), expression)


def _part(part: str | list[str]) -> str:
    return _whole(part if isinstance(part, str) else f"(?:{'|'.join(part)})")


_WORDS = re.compile(
    r"(?<!\w)(?:"
    + "|".join(f"(?P<{symbol}>{'|'.join(map(_whole, words))})" for symbol, words in _TABLE["words"].items())
    + r")(?!\w)"
)
_RULES = {name: re.compile(joined([_whole(rule) for rule in rules])) for name, rules in _TABLE["rules"].items()}
# Without one of these, a sentence in symbols says nothing: no rule fits.
SPEAKING = (*_TABLE["words"], "home", "office")
_NEGATED = re.compile(r"\b(?:not|no(?! (?:fewer|less) )|non|isn['’]t|cannot|never|without|nor)\b[^.:;\n]{0,25}$")
# A label whose value is not there says nothing.
_LABEL_ALONE = re.compile(r"\W*work remotely\W*")


def parse_workplace(location: str | None, description: str | None) -> str:
    """onsite | hybrid | remote | unspecified, from what is said; a plain city says nothing. Never raises."""
    place = clean_text(text_or_empty(location)[:500])
    return field_workplace(place) or text_workplace(read_cues(clean_text(text_or_empty(description))))


@lru_cache(maxsize=65_536)
def field_workplace(place: str) -> str | None:
    """What a location field or title says of the workplace."""
    # "US_Remote"
    place = place.replace("_", " ")
    if _HYBRID.search(place) and not _CHOICE.search(place):
        return "hybrid"
    if _REMOTE.search(place):
        return "remote"
    return "onsite" if _ONSITE.search(place) else None


def text_workplace(cues: Cues) -> str:
    """What the text says of this job's workplace."""
    said = frozenset[str]().union(*map(sentence_workplace, cues.sentences("workplace")))
    # A choice between remote and office is remote; days at home and days in the office are hybrid.
    return next((workplace for workplace in ("hybrid", "remote", "onsite") if workplace in said), "unspecified")


@lru_cache(maxsize=16_384)
def sentence_workplace(sentence: str) -> frozenset[str]:
    """The workplaces that one sentence, in lower case, says of this job."""
    symbols = in_symbols(sentence)
    if not any(map(symbols.__contains__, SPEAKING)) or _RULES["nothing"].search(symbols):
        return frozenset()
    if _RULES["refused"].search(symbols):
        return frozenset({"onsite"})
    if _RULES["choice"].search(symbols):
        return frozenset({"remote"})
    said = {"onsite"} if _affirmed("onsite", symbols) else set()
    if _affirmed("hybrid", symbols):
        said.add("hybrid")
    elif (
        _affirmed("remote", symbols) and not _LABEL_ALONE.fullmatch(sentence) and not _RULES["for_now"].search(symbols)
    ):
        said.add("remote")
    return frozenset(said)


def in_symbols(sentence: str) -> str:
    """A sentence in lower case, each word that speaks of a workplace as its symbol: "you work HOME SOME"."""
    return _WORDS.sub(lambda match: match.lastgroup or "", sentence)


def _affirmed(rule: str, symbols: str) -> bool:
    return any(not _NEGATED.search(symbols[max(0, m.start() - 40) : m.start()]) for m in _RULES[rule].finditer(symbols))
