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
_GOES_ON = "_+#"
_SAYS_LANGUAGE = re.compile(
    r"^\s?(?:programming|language|lang\b|scripting|developer|code\b|script|packages?|libraries|\(programming|\(golang)",
    re.I,
)
_TOLD_BEFORE = re.compile(
    r"(?:\b(?:in|using|with|knowledge of|experience|proficien\w+|language|languages|like|e\.g\.,?|as)|[:(])\s?$", re.I
)
_ENDS_BEHIND = re.compile(
    r"^\s?(?:[,;)/]|\.(?:\s|$)|$|\n|\((?:preferred|required|programming)"
    r"|\b(?:preferred|required|is a plus|a plus|experience|skills?|proficien)\b)",
    re.I,
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
        if capital and not text[start].isupper():
            continue
        if number in lexicon.begin_with:
            shorter = lexicon.begin_with[number]
            sure.append(Mention(shorter, start, start + len(shorter)))
        (doubtful if ambiguous else sure).append(Mention(name, start, end))
    if doubtful:
        sure = _with_neighbours(text, sure, doubtful)
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


def _with_neighbours(text: str, sure: list[Mention], doubtful: list[Mention]) -> list[Mention]:
    """What is sure, and what is doubtful where its words say it is a skill or it stands in a list of skills."""
    found = list(sure)
    waiting: list[Mention] = []
    for mention in doubtful:
        (found if _is_told(text, mention) else waiting).append(mention)
    # What stands beside a skill may be one, and then what stands beside that.
    starts, ends = {mention.start for mention in found}, {mention.end for mention in found}
    for _ in range(2):
        beside = [one for one in waiting if _beside(text, one, starts, ends) and not _is_other(text, one)]
        if not beside:
            break
        found += beside
        done = set(beside)
        starts.update(mention.start for mention in beside)
        ends.update(mention.end for mention in beside)
        waiting = [mention for mention in waiting if mention not in done]
    return found


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
        if _VERB_EXCEL.match(behind) and not re.search(r"(?:ms|microsoft)[\s-]$", before, re.I):
            return False
        return text[mention.start].isupper() or bool(
            _OFFICE.search(before) and not before.lower().rstrip().endswith(("who", "you", "to"))
        )
    return bool(_SAYS_LANGUAGE.match(behind)) or bool(
        _TOLD_BEFORE.search(before) and _ENDS_BEHIND.match(behind) and mention.name != "C"
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
    begins with ("aws s3", "spark sql")."""

    automaton: Any
    entries: list[tuple[str, bool, bool, bool]]
    begin_with: dict[int, str]
    short: frozenset[str]


# These begin with a skill's name only by chance.
_OTHER_BEGINNING = frozenset({"java script", "snowflake schema", "snowflake schemas"})


@cache
def _lexicon() -> _Lexicon:
    from ahocorasick_rs import AhoCorasick, Implementation, MatchKind

    table = read_toml("skills.toml")
    capitals = {name.lower() for name in table.pop("capitalised")["names"]}
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
    return _Lexicon(automaton, list(patterns.values()), begin_with, frozenset(short.values()))
