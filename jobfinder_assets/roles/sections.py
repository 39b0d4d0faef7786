"""Which part of an advert a word stands in: duties, requirements, nice-to-haves, the company's blurb, benefits.

Parts are told apart by headings, on lines of their own or run into the text ("Requirements: …",
"…with clientsQualificationsMaster's…"), and by a few sentences that need no heading ("equal
opportunity employer").
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from jobfinder_assets.roles.tokens import Hits, Indices, PhraseTable, Tokens

SECTIONS = ("summary", "duties", "requirements", "preferred", "company", "benefits")
SUMMARY, DUTIES, REQUIREMENTS, PREFERRED, COMPANY, BENEFITS = range(len(SECTIONS))

# How much of the evidence in each section is about what one does all day; chosen on hand-read adverts.
WEIGHTS = np.array([0.5, 1.0, 0.4, 0.15, 0.15, 0.0])
# An advert without a section of duties tells them in its summary and requirements.
WEIGHTS_WITHOUT_DUTIES = np.array([1.0, 1.0, 0.8, 0.2, 0.15, 0.0])

_ENDS_BEFORE = frozenset("\n.!?:;|)]")
_DECORATION = frozenset(" \t*•·-–—#_>")
_PREFIX_CHARACTERS = 30
# In words. A text in one paragraph names its place or its benefits anywhere, and no heading says where they end.
_LONGEST_BENEFITS = 150


@dataclass(frozen=True)
class _Headings:
    table: PhraseTable
    section: Indices
    is_sentence: NDArray[np.bool_]


@cache
def _headings() -> _Headings:
    text = (files("jobfinder_assets.roles") / "data" / "sections.toml").read_text(encoding="utf-8")
    phrases: dict[str, tuple[int, bool]] = {}
    for section, entry in tomllib.loads(text).items():
        for kind in ("headings", "sentences"):
            phrases |= dict.fromkeys(entry.get(kind, ()), (SECTIONS.index(section), kind == "sentences"))
    sections, sentences = zip(*phrases.values(), strict=True)
    return _Headings(PhraseTable(phrases), np.array(sections), np.array(sentences))


def sections_of(tokens: Tokens) -> Indices:
    """The section of each word, as an index into `SECTIONS`."""
    headings = _headings()
    hits = headings.table.find(tokens)
    sentence = headings.is_sentence[hits.phrase]
    # A heading begins with a capital: this turns away nearly every ordinary use of its words.
    kept = np.flatnonzero(sentence | tokens.capital[hits.token])
    switches: list[tuple[int, int]] = []
    covered = -1
    for hit in kept.tolist():
        token = int(hits.token[hit])
        if token < covered:
            continue
        section = int(headings.section[hits.phrase[hit]])
        if not sentence[hit] and not _looks_like_heading(tokens, hits, hit):
            continue
        covered = token + int(hits.length[hit])
        switches.append((token, section))
    return _spread(tokens, _ended(tokens, switches))


def _ended(tokens: Tokens, switches: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The switches, and after long benefits one back to the part before them."""
    found: list[tuple[int, int]] = []
    document, before = -1, SUMMARY
    for number, (token, section) in enumerate(switches):
        if (here := int(tokens.document[token])) != document:
            document, before = here, SUMMARY
        found.append((token, section))
        if section != BENEFITS:
            before = section
            continue
        end = token + _LONGEST_BENEFITS
        last = switches[number + 1][0] if number + 1 < len(switches) else len(tokens)
        if end < last and tokens.document[end] == document:
            found.append((end, before))
    return found


def _spread(tokens: Tokens, switches: list[tuple[int, int]]) -> Indices:
    """Each word's section: that of the last switch before it in the same text, else the summary."""
    starts = np.searchsorted(tokens.document, np.arange(tokens.documents))
    at = np.concatenate([starts, np.array([token for token, _ in switches], dtype=np.int64)])
    section = np.concatenate([np.full(len(starts), SUMMARY), np.array([s for _, s in switches], dtype=np.int64)])
    order = np.argsort(at, kind="stable")
    at, section = at[order], section[order]
    if not len(tokens):
        return np.zeros(0, dtype=np.int64)
    return section[np.searchsorted(at, np.arange(len(tokens)), side="right") - 1]


def _looks_like_heading(tokens: Tokens, hits: Hits, hit: int) -> bool:
    text = tokens.text
    token = int(hits.token[hit])
    start, end = int(tokens.start[token]), int(tokens.end[token + hits.length[hit] - 1])
    begin = int(tokens.first[tokens.document[token]])
    after = text[end]
    closes = after in ":\n?*•·–—" or (after == " " and text[end + 1 : end + 2] in ("\n", ":", "-", "–", "•", "*"))
    glued_after = after.isupper()
    place = start - 1
    while place >= begin and text[place] in _DECORATION:
        place -= 1
    opens = place < begin or text[place] in _ENDS_BEFORE or (place == start - 1 and text[place].islower())
    if opens:
        return closes or glued_after or (after == " " and text[end + 1 : end + 2].isupper())
    # "Highlighted responsibilities:" – a word or two of its own before what is known, on the same line.
    line = text.rfind("\n", begin, start) + 1
    return closes and after != "?" and start - max(line, begin) <= _PREFIX_CHARACTERS


def section_weights(tokens: Tokens, sections: Indices) -> NDArray[np.float64]:
    """How much each word counts as a duty, from 0 to 1."""
    has_duties = np.zeros(tokens.documents, dtype=bool)
    has_duties[tokens.document[sections == DUTIES]] = True
    weights: NDArray[np.float64] = np.where(
        has_duties[tokens.document], WEIGHTS[sections], WEIGHTS_WITHOUT_DUTIES[sections]
    )
    return weights
