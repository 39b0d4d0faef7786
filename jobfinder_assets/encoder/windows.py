"""A posting as a transformer reads it: duties first, in windows that fit, not cut off after the company's praise.

A transformer of 256 tokens sees the first third of an advert, which tells of the company. Here the text is put into
the order of what it tells of the job (sections as in roles/sections.py), and cut into windows that each begin with
the title.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from jobfinder_assets.roles.sections import (
    BENEFITS,
    COMPANY,
    DUTIES,
    PREFERRED,
    REQUIREMENTS,
    SUMMARY,
    sections_of,
)
from jobfinder_assets.roles.tokens import tokenize

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

WINDOWS_VERSION = "1"
# What is read first; an advert without headings is all summary and keeps its order.
ORDER = (DUTIES, REQUIREMENTS, SUMMARY, PREFERRED, COMPANY, BENEFITS)
_RANK = np.argsort(ORDER)
_TITLE_CHARACTERS = 150
_BODY_CHARACTERS = 12_000
_READ_CHARACTERS = 4_000
_BATCH = 256
# [CLS], [SEP], and the full stop behind the title.
_SPECIAL = 3


def duties_first(descriptions: Sequence[str]) -> list[str]:
    """The same texts with their sections in `ORDER`, each section as it was written."""
    texts = [text[:_BODY_CHARACTERS] for text in descriptions]
    tokens = tokenize(texts)
    sections = sections_of(tokens)
    found = []
    for number, text in enumerate(texts):
        first, last = np.searchsorted(tokens.document, [number, number + 1])
        inside = sections[first:last]
        if not len(inside):
            found.append(text)
            continue
        switch = np.flatnonzero(np.diff(inside, prepend=-1))
        starts = tokens.start[first:last][switch] - tokens.first[number]
        # What stands before the first word (a bullet, a bracket) stays with it.
        starts[0] = 0
        ends = np.append(starts[1:], len(text))
        order = np.argsort(_RANK[inside[switch]], kind="stable")
        found.append("\n".join(text[starts[at] : ends[at]].strip() for at in order))
    return found


def whole_texts(postings: pd.DataFrame) -> list[str]:
    """Title and body of each of n postings, duties first: what `windows` gives first, before it is cut to tokens.

    Cut at some thousand characters, which is more than 256 tokens.
    """
    bodies = duties_first([_text(body) for body in postings["description"]])
    titles = [_text(title)[:_TITLE_CHARACTERS] for title in postings["title"]]
    return [f"{title}. {body}"[:_READ_CHARACTERS] for title, body in zip(titles, bodies, strict=True)]


def windows(
    postings: pd.DataFrame, tokenizer: "PreTrainedTokenizerBase", *, tokens: int, most: int = 1
) -> list[list[str]]:
    """For each of n postings (title, description) 1 to `most` texts of at most `tokens` tokens, duties first.

    Each begins with the title; together they hold the first `most` windows of the body.
    """
    found: list[list[str]] = []
    for begin in range(0, len(postings), _BATCH):
        part = postings.iloc[begin : begin + _BATCH]
        titles = [_text(title)[:_TITLE_CHARACTERS] for title in part["title"]]
        bodies = duties_first([_text(body) for body in part["description"]])
        heads = tokenizer(titles, add_special_tokens=False)["input_ids"]
        spans = tokenizer(
            bodies, add_special_tokens=False, return_offsets_mapping=True, return_attention_mask=False, verbose=False
        )["offset_mapping"]
        found += [
            _cut(title, body, offsets, room=max(tokens - _SPECIAL - len(head), 16), most=most)
            for title, body, head, offsets in zip(titles, bodies, heads, spans, strict=True)
        ]
    return found


def _cut(title: str, body: str, offsets: Any, *, room: int, most: int) -> list[str]:
    starts = range(0, max(len(offsets), 1), room)
    pieces = []
    for start in list(starts)[:most]:
        inside = offsets[start : start + room]
        pieces.append(f"{title}. {body[inside[0][0] : inside[-1][1]]}" if inside else title)
    return pieces


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
