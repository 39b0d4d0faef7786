"""Where a job is done: at home, in an office, or both (CONVENTIONS, "Facts of a posting")."""

import re
from functools import lru_cache

from jobfinder_assets.cleaning.cues import Cues, read_cues
from jobfinder_assets.cleaning.lexicon import read_patterns
from jobfinder_assets.cleaning.text import clean_text, text_or_empty

_SAID = read_patterns("workplace.toml")
_REMOTE = re.compile(
    r"\b(?:remote(?:ly)?|anywhere|work from home|wfh|home[- ]?office|telecommut\w*|telework|distributed|worldwide"
    r"|virtual|remoto)\b"
    # Not the "home based carer" who visits.
    r"|\bhome[- ]based(?=\W*$|\s?[,;:()/|–-])",
    re.I,
)
# "London (2 days in office)"; "4 days a week" alone are hours.
_HYBRID = re.compile(
    r"\bhybrid\b|\b[1-4](?:\s?(?:-|–|to)\s?[2-4])? days?\b(?=[^;|]{0,30}\b(?:office|on[- ]?site|home|remote)\b)", re.I
)
_ONSITE = re.compile(r"\b(?:on[- ]?site|in[- ]office|in[- ]person)\b", re.I)
_HYBRID_SAID = _SAID["hybrid_said"]
_REMOTE_SAID = _SAID["remote_said"]
# One of these stands in whatever the expressions find: most sentences have none, and are not searched.
REMOTE_WORDS = (
    "remot", "home", "wfh", "virtual", "anywhere", "from where", "tele", "télé", "thuiswerk", "zdaln", "distance",
    "distributed", "ortsunabhängig", "location independent", "location-independent", "residence", "vanuit huis",
    "fully", "100",
)  # fmt: skip
ONSITE_WORDS = (
    "site", "office", "person", "full", "based", "headquarters", "hq", "studio", "lab", "wfo", "büro", "vor ort",
    "präsen", "presen", "présen", "plant", "workshop", "branch", "store", "clinic", "warehouse", "factory", "depot",
    "hub", "day 1", "day one", "daily", "every", "each day", "kantoor", "locatie", "stacjonarn", "five", "fünf",
    "5 day", "5 tag", "campus", "work is ",
)  # fmt: skip
HYBRID_WORDS = (
    "hybrid", "day", "%", "hybryd", "ibrid", "íbrid", "mon", "tue", "wed", "thu", "fri", "mobile", "blend", "half",
    "once ", "twice ", "times ", "50", "rest", "remainder", "balance", "flexib", "divid", "split", "shared", "mix",
    "combin", "home and", "if", "when", "where", "jour", "día", "dni", "dag", "tag", "teil", "part", "occasional",
    "regular", "some ", "most of", "a third", "two third", "from home", "at home", "hoc ", "otherwise", "the other",
    "the remaining", "giorn", "situational", "periodic", "semi", "limited ", "local ", "several", "a few ", "a couple ",
    "of which",
)  # fmt: skip
# A label whose value is not there says nothing.
_LABEL_ALONE = re.compile(r"\W*work remotely\W*")
_ONSITE_SAID = _SAID["onsite_said"]
_REFUSED = _SAID["refused"]
# "Remote until the office opens again" is where the job starts, not where it is done.
_FOR_NOW = _SAID["for_now"]
_OF_OTHERS, _OF_NO_JOB = _SAID["of_others"], _SAID["of_no_job"]
_CHOICE = _SAID["choice"]
_NEGATED = re.compile(r"\b(?:not|no|non|isn['’]t|cannot|never|without|nor)\b[^.\n]{0,25}$")


def parse_workplace(location: str | None, description: str | None) -> str:
    """onsite | hybrid | remote | unspecified, from what is said; a plain city says nothing. Never raises."""
    place = clean_text(text_or_empty(location)[:500])
    return field_workplace(place) or text_workplace(read_cues(clean_text(text_or_empty(description))))


@lru_cache(maxsize=65_536)
def field_workplace(place: str) -> str | None:
    """What a location field or title says of the workplace."""
    if _HYBRID.search(place):
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
    if _OF_NO_JOB.search(sentence):
        return frozenset()
    sentence = _OF_OTHERS.sub("~", sentence)
    if _REFUSED.search(sentence):
        return frozenset({"onsite"})
    if _CHOICE.search(sentence):
        return frozenset({"remote"})
    said = {"onsite"} if _has(sentence, ONSITE_WORDS) and _ONSITE_SAID.search(sentence) else set()
    if _has(sentence, HYBRID_WORDS) and _affirmed(_HYBRID_SAID, sentence):
        said.add("hybrid")
    elif (
        _has(sentence, REMOTE_WORDS)
        and _affirmed(_REMOTE_SAID, sentence)
        and not _LABEL_ALONE.fullmatch(sentence)
        and not _FOR_NOW.search(sentence)
    ):
        said.add("remote")
    return frozenset(said)


def _has(sentence: str, words: tuple[str, ...]) -> bool:
    return any(map(sentence.__contains__, words))


def _affirmed(pattern: re.Pattern[str], sentence: str) -> bool:
    return any(not _NEGATED.search(sentence[max(0, m.start() - 40) : m.start()]) for m in pattern.finditer(sentence))
