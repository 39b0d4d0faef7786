"""The skills that a posting names, found with the lexicon in `data/skills.toml`, and where they stand."""

import re
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from jobfinder_assets.cleaning.cues import MOST_CHARACTERS, lowered
from jobfinder_assets.cleaning.lexicon import read_toml

# One-letter names are looked for with what may stand around them: a search for "r" would stop at every word.
_LETTERS = {"r": "R", "c": "C", "go": "Go"}
_BEFORE_LETTER, _BEHIND_LETTER = " \n/,(:;-", " \n/,).;:-"
_JOINED = re.compile(r"[\s,/&();+-]{1,6}(?:(?:and/or|and|or|like|as|the|with|in|using|ms|microsoft)[\s,/&(]{1,3})?")
_LONGEST_JOIN = 12
# So many words farther a list of doubtful ones may go on.
_FARTHEST = 4
_GOES_ON = "_+#"
_SAYS_LANGUAGE = re.compile(
    r"^\s?(?:programming|language|lang\b|scripting|developer|code\b|script|packages?|libraries|\(programming|\(golang)",
    re.I,
)
_TOLD_BEFORE = re.compile(
    r"(?:\b(?:in|using|with|write|know|code|knowledge of|experience|proficien\w+|languages?|like|e\.g\.,?|as)"
    r"|[:(])\s?$",
    re.I,
)
_ENDS_BEHIND = re.compile(
    r"^\s?(?:[,;)/]|\.(?:\s|$)|$|\n|\((?:preferred|required|programming)"
    r"|\b(?:preferred|required|is a plus|a plus|experience|skills?|proficien)\b)",
    re.I,
)
_EXPERIENCE_BEFORE = re.compile(
    r"\b(?:experience|proficien\w+|fluent|skilled|knowledge|programming) (?:in|with|of)\s$", re.I
)
# "Spark jobs", "Snowflake administrator"
_OF_WORK = re.compile(
    r"\s(?:jobs?|pipelines?|quer(?:y|ies)|clusters?|scripts?|data(?:base|frame)?s?|dashboards?|admin\w*|stack|framework"
    r"|ecosystem|notebooks?|streaming|applications?|models?|engineer\w*|consultant|architect|experience|skills|knowledge)\b",
    re.I,
)
_OF_A_FIRM = re.compile(
    r"(?:,? (?:&|and) [A-Z]\w+|,? [A-Z][a-z]+){0,3},? (?:Ltd|Limited|Inc|LLC|LLP|PLC|plc|GmbH|AG|BV|Pty|Corp"
    r"|School|College|Therapeutics|Logistics|Pharma\w*|Dental|Dairy|Foods?|Farms?|Hotels?|Clinic|Homes?|Living|Staffing|Sons)\b"
)
_VERB_EXCEL = re.compile(r"^\s(?:in|at|within|as|and (?:grow|succeed|thrive)|when|both|under|by)\b")
# "Word, Excel and Access"; not "Access SQL databases", "Data Access, SQL".
_LISTED_BEFORE = re.compile(r"(?:^|[,;/:(&•*\n-]|\b(?:and|or|in|with|using|ms|microsoft|of|as))\s*$", re.I)
_LISTED_BEHIND = re.compile(r"\s?(?:[,;/)&.\n]|and\b|or\b|$)")
_OFFICE = re.compile(
    r"(?:\bms|microsoft|advanced|office|word,?(?: and)?|skills?:?|using|in|with|of|and|[,(/&:])[\s-]{0,2}$", re.I
)


class Mention(NamedTuple):
    """name: the skill as the lexicon shows it; start, end: its first mention, as text[start:end]."""

    name: str
    start: int
    end: int


def find_skills(text: str, *, lower: str | None = None) -> list[Mention]:
    """The skills of a text in the order of their first mention, each once; `lower`: what `lowered` made of the text.

    Never raises.
    """
    text = text[:MOST_CHARACTERS]
    lower = lowered(text) if lower is None else lower
    lexicon = _lexicon()
    sure: list[Mention] = []
    doubtful: list[Mention] = []
    small: list[Mention] = []
    # A blank at both ends: a letter may be the first or the last word.
    padded = f" {lower} "
    for number, found, behind in lexicon.automaton.find_matches_as_indexes(padded):
        name, is_letter, capital, ambiguous = lexicon.entries[number]
        if is_letter:
            start, end = found, behind - 2
        else:
            # Most of what is found stands inside a word.
            after = padded[behind]
            if after.isalpha() or after in _GOES_ON or not _is_word(padded, found, behind):
                continue
            start, end = found - 1, behind - 1
        # "python, spark and hive": without its capital letter it is one only in a list of skills.
        if capital and not text[start].isupper():
            if not ambiguous and _LISTED_BEHIND.match(text, end):
                small.append(Mention(name, start, end))
            continue
        if number in lexicon.begin_with:
            shorter = lexicon.begin_with[number]
            sure.append(Mention(shorter, start, start + len(shorter)))
        (doubtful if ambiguous else sure).append(Mention(name, start, end))
    if doubtful or (small and sure):
        sure = _with_neighbours(text, sure, doubtful, small)
    sure = [mention for mention in sure if not _is_of_a_firm(text, mention)]
    names = {mention.name for mention in sure}
    if not (names.isdisjoint(lexicon.also_names) or names & lexicon.technical):
        sure = _without_lone_names(text, sure)
    first: dict[str, Mention] = {}
    for mention in sorted(sure, key=lambda mention: mention.start):
        first.setdefault(mention.name, mention)
    return list(first.values())


def _is_word(padded: str, start: int, end: int) -> bool:
    """Stands alone, but for a version number behind it; `padded` has a blank at both ends."""
    before = padded[start - 1]
    if (before.isalnum() or before == "_") and padded[start].isalnum():
        return False
    while padded[end].isdigit():
        end += 1
    # "C" is not found in "C++", nor "Go" in "go-getter": the longer or another word stands there.
    return not (padded[end].isalnum() or padded[end] in _GOES_ON)


def _with_neighbours(text: str, sure: list[Mention], doubtful: list[Mention], small: list[Mention]) -> list[Mention]:
    """What is sure, what is doubtful where its words say it is a skill or it stands in a list of skills, and what lacks
    its capital letter where it stands in such a list."""
    found = list(sure)
    waiting = list(small)
    for mention in doubtful:
        (found if _is_told(text, mention) else waiting).append(mention)
    # What stands beside a skill may be one, and then what stands beside that.
    starts, ends = {mention.start for mention in found}, {mention.end for mention in found}
    for _ in range(_FARTHEST):
        beside = [one for one in waiting if _beside(text, one, starts, ends) and not _is_other(text, one)]
        if not beside:
            break
        found += beside
        done = set(beside)
        starts.update(mention.start for mention in beside)
        ends.update(mention.end for mention in beside)
        waiting = [mention for mention in waiting if mention not in done]
    return found


def _without_lone_names(text: str, found: list[Mention]) -> list[Mention]:
    """Without what may be a person's or a thing's name, where no phrase and no list of skills says otherwise."""
    also = _lexicon().also_names
    starts, ends = {mention.start for mention in found}, {mention.end for mention in found}
    return [
        mention
        for mention in found
        if mention.name not in also
        or _OF_WORK.match(text, mention.end)
        or _is_told(text, mention)
        or _beside(text, mention, starts, ends)
    ]


def _is_of_a_firm(text: str, mention: Mention) -> bool:
    """Part of a firm's or a school's name: "Snowflake Dairy Ltd"."""
    is_name = mention.name in _lexicon().also_names or mention.name in ("Excel", "Oracle")
    return is_name and _OF_A_FIRM.match(text, mention.end) is not None


def _beside(text: str, mention: Mention, starts: set[int], ends: set[int]) -> bool:
    behind = _JOINED.match(text, mention.end)
    if behind and not starts.isdisjoint(range(behind.start() + 1, behind.end() + 1)):
        return True
    return any(
        _JOINED.fullmatch(text, end, mention.start)
        for end in ends.intersection(range(mention.start - _LONGEST_JOIN, mention.start))
    )


def _is_told(text: str, mention: Mention) -> bool:
    before, behind = text[max(0, mention.start - 24) : mention.start], text[mention.end : mention.end + 24]
    if _is_other(text, mention):
        return False
    if mention.name == "Excel":
        if " " in text[mention.start : mention.end] or "-" in text[mention.start : mention.end]:
            return True
        if _VERB_EXCEL.match(behind.lower()) and not re.search(r"(?:ms|microsoft)[\s-]$", before, re.I):
            return False
        return text[mention.start].isupper() or bool(
            _OFFICE.search(before) and not before.lower().rstrip().endswith(("who", "you", "to"))
        )
    return bool(_SAYS_LANGUAGE.match(behind)) or bool(
        (_TOLD_BEFORE if mention.name != "C" else _EXPERIENCE_BEFORE).search(before) and _ENDS_BEHIND.match(behind)
    )


def _is_other(text: str, mention: Mention) -> bool:
    """An initial, a class, a letter of a list, "R&D", "Go-To"."""
    before, behind = text[max(0, mention.start - 9) : mention.start], text[mention.end : mention.end + 4]
    if mention.name == "Excel":
        return False
    if mention.name in _lexicon().short:
        return not (_LISTED_BEFORE.search(before) and _LISTED_BEHIND.match(behind))
    if behind[:1] in ("&", "'", "’") or before[-1:] in ("&", "'", "’", "-") or behind[:1] == "-":
        return True
    if mention.name == "C" and re.search(
        r"(?:class|grade|vitamin|hepatitis|series|plan|level|type|tier|section|step|schedule|\()\s?$", before, re.I
    ):
        return not before.endswith("(") or behind[:1] == ")"
    if mention.name == "R" and re.match(r"\.?\s?(?:&|us\b|[A-Z]\.)", behind):
        return True
    return mention.name in ("R", "C") and bool(
        re.match(r"\.\s?[A-Z]", behind) and re.search(r"[A-Z][a-z]+\s$", before) and not _TOLD_BEFORE.search(before)
    )


@cache
def one_word_skills() -> frozenset[str]:
    """The spellings of skills that are a single word, in lower case: "go", "r", "dbt"."""
    table = read_toml("skills.toml")
    del table["capitalised"], table["short"]
    spellings = [one for skills in table.values() for name, others in skills.items() for one in (name.lower(), *others)]
    return frozenset(one for one in spellings if " " not in one)


@dataclass(frozen=True)
class _Lexicon:
    """entries: by pattern, what is shown, and whether it is a letter with its surroundings, needs a capital letter,
    is ambiguous. short: the skills that are named by a common word. begin_with: the sure skill whose name a pattern
    begins with ("aws s3", "spark sql"). also_names: those that are other things' names too; technical: those that are
    none, and of data or software."""

    automaton: Any
    entries: list[tuple[str, bool, bool, bool]]
    begin_with: dict[int, str]
    short: frozenset[str]
    also_names: frozenset[str]
    technical: frozenset[str]


# These begin with a skill's name only by chance.
_OTHER_BEGINNING = frozenset({"java script", "snowflake schema", "snowflake schemas"})


# They tell nothing of a text's trade.
_OF_EVERY_OFFICE = frozenset({"business_software", "ways_of_working", "ambiguous"})


@cache
def _lexicon() -> _Lexicon:
    from ahocorasick_rs import AhoCorasick, Implementation, MatchKind

    table = read_toml("skills.toml")
    written = table.pop("capitalised")
    capitals, also_names = {name.lower() for name in written["names"]}, frozenset(written["also_names"])
    short = table.pop("short")
    patterns: dict[str, tuple[str, bool, bool, bool]] = {}
    for category, skills in table.items():
        for name, aliases in skills.items():
            for spelling in (name.lower(), *aliases):
                ambiguous = category == "ambiguous"
                if spelling in _LETTERS:
                    for before in _BEFORE_LETTER:
                        for behind in _BEHIND_LETTER:
                            patterns[f"{before}{spelling}{behind}"] = (name, True, True, True)
                else:
                    patterns[spelling] = (name, False, spelling in capitals, ambiguous)
    patterns |= {spelling.lower(): (name, False, True, True) for spelling, name in short.items()}
    automaton = AhoCorasick(list(patterns), matchkind=MatchKind.LeftmostLongest, implementation=Implementation.DFA)
    sure = {
        spelling: name for spelling, (name, *_, unsure) in patterns.items() if not unsure and name.lower() == spelling
    }
    begin_with = {
        number: sure[first]
        for number, (spelling, (name, *_)) in enumerate(patterns.items())
        if (first := spelling.split(" ")[0]) in sure and sure[first] != name and spelling not in _OTHER_BEGINNING
    }
    technical = {
        name for category, skills in table.items() if category not in _OF_EVERY_OFFICE for name in skills
    } - also_names
    return _Lexicon(
        automaton, list(patterns.values()), begin_with, frozenset(short.values()), also_names, frozenset(technical)
    )
