"""Where in a text the words stand that facts begin with, found for all parsers in one reading.

A posting is read for its workplace, level, years, pay and eligibility. Regular expressions over the whole text for
each would take most of the time of cleaning; near a cue they read a sentence.
"""

import re
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any

from jobfinder_assets.cleaning.lexicon import read_toml

MOST_CHARACTERS = 30_000
# More of a kind stand in no advert, but in a text made to be slow.
_MOST_CUES = 60
_REACH = 260
# A sentence ends with its line, its full stop or a bullet, or where two were glued together when their line break was
# lost. It goes on behind "U.S. citizens", "5 yrs. of", "min. 3 years", "0 ? 2 years" (a dash was lost) and "Can it be
# done remotely? No". One set of characters stands first: the engine passes over all others without trying what follows.
_END = re.compile(
    r"[\n•·●▪;*.!?A-Z\d–-](?:"
    r"(?<=[a-z)][A-Z])(?=[a-z])"
    r"|(?<=[\n•·●▪;*])"
    r"|(?<=\.)(?<![A-ZÀ-Þ]\.) (?!(?i:(?<=\byrs\. )|(?<=\byr\. )|(?<=\bmin\. )|(?<=\bmind\. )|(?<=\bca\. )"
    r"|(?<=\bapprox\. )|(?<=\bexp\. ))(?:[a-z\d]|Exp))|(?<=!) "
    r"|(?<=\?)(?<! \?) (?!(?i:yes|no|not|also no|sorry|i.m afraid|unfortunately|we do)\b)"
    r"|(?<=[.!?])(?<![A-Z].)(?=[A-Z\n]|$)"
    r"|(?<=[a-z.)]\d)(?=\d?\+)"
    r"|(?<=\s[–-])\s(?=[A-Z])"
    r")"
)
# "Can I work from home?", and the answer on the next line.
_ANSWER = re.compile(r"\??\n+(?:yes|no|not|sorry|unfortunately|we do)\b", re.I)
# "Remote:", "Work remotely" and "Remote job" stand before their value on the next line.
_LABEL = re.compile(r"[^\n]*:|\s*(?:work remotely|remote job|telework eligible|seniority level)\s*", re.I)


@dataclass(frozen=True)
class Cues:
    """text: the text as written, at most `MOST_CHARACTERS`; lower: the same in lower case, character by character;
    positions: for each kind of cue, where its words begin, in order."""

    text: str
    lower: str
    positions: dict[str, list[int]]
    _sentences: dict[str, list[str]] = field(default_factory=dict, repr=False)

    def at(self, kind: str) -> list[int]:
        return self.positions.get(kind, [])

    def sentences(self, kind: str) -> list[str]:
        """The sentences, in lower case, that hold a cue of this kind, each once, in order."""
        if kind not in self._sentences:
            found: list[str] = []
            end = -1
            for position in self.at(kind):
                if position >= end:
                    start, end = self.sentence(position)
                    found.append(self.lower[start:end])
            self._sentences[kind] = found
        return self._sentences[kind]

    def sentence(self, position: int) -> tuple[int, int]:
        """Start and end of the sentence around `position`, cut at `_REACH` characters to each side."""
        text = self.text
        start, end = max(0, position - _REACH), min(len(text), position + _REACH)
        start = max(start, text.rfind("\n", start, position) + 1)
        for match in _END.finditer(text, start, position + 3):
            # What begins with a capital or a number was glued to the sentence before.
            at = match.start() if text[match.start()].isalnum() else match.end()
            start = at if at <= position else start
        value_from = position
        for match in _END.finditer(text, position + 1, end):
            at = match.start()
            # Empty lines and a bullet stand between a label and its value.
            if value_from > position and not text[value_from:at].strip():
                continue
            if "?" in text[at - 1 : at + 1] and _ANSWER.match(text, at):
                continue
            if text[at] == "\n" and _LABEL.fullmatch(text, start, at):
                value_from = at + 1
                continue
            return start, at - 1 if text[at] in "–-" else at
        return start, end


@lru_cache(maxsize=8)
def read_cues(text: str) -> Cues:
    """Find the cues of `text`; every parser of one posting asks for the same text."""
    text = text[:MOST_CHARACTERS]
    lower = lowered(text)
    automaton, kinds = _automaton()
    positions: dict[str, list[int]] = {}
    for number, start, _ in automaton.find_matches_as_indexes(lower):
        found = positions.setdefault(kinds[number], [])
        if len(found) < _MOST_CUES:
            found.append(start)
    return Cues(text, lower, positions)


def lowered(text: str) -> str:
    """`text` in lower case with every character in its place ("İ" would become two)."""
    lower = text.lower()
    return lower if len(lower) == len(text) else "".join(c if len(c.lower()) > 1 else c.lower() for c in text)


@cache
def _automaton() -> tuple[Any, list[str]]:
    from ahocorasick_rs import AhoCorasick, Implementation, MatchKind

    words = [(word, kind) for kind, words in read_toml("cues.toml").items() for word in words]
    automaton = AhoCorasick(
        [word for word, _ in words], matchkind=MatchKind.LeftmostLongest, implementation=Implementation.DFA
    )
    return automaton, [kind for _, kind in words]
