"""How things look: text made safe, postings as cards, highlights, words for pay and age.

Postings are strangers' texts. They reach the page escaped, through `st.html`, or as `st.text`; never as Markdown, whose
links, images and directives they could use.
"""

import html
import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import pandas as pd
import streamlit as st

from jobfinder_assets.ingestion.catalog import source_classes
from jobfinder_assets.recommendations.digest import safe_link
from jobfinder_assets.recommendations.neighbours import from_json

# Marks that turn the direction of the text around them, and controls that no reader sees.
_INVISIBLE = re.compile(r"[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]")
_LONGEST_TEXT = 20_000
_MOST_HIGHLIGHTS = 400
ROLE_NAMES = {
    "data_engineer": "data engineer",
    "data_analyst": "data analyst",
    "ml_engineer": "ML engineer",
    "data_scientist": "data scientist",
    "other": "other",
}
WORKPLACE_WORDS = {"onsite": "on site", "hybrid": "hybrid", "remote": "remote", "unspecified": "not stated"}
BAND_WORDS = {"strong": "strong match", "good": "good match", "maybe": "maybe", "unlikely": "unlikely"}
STYLE = """
<style>
[data-testid="stMainBlockContainer"] { padding-top: 3.75rem; }
[data-testid="stMain"] h1 { font-size: 2rem; padding-top: 0; } [data-testid="stMain"] h2 { font-size: 1.45rem; }
.jf-title { font-size: 1.15rem; font-weight: 600; line-height: 1.3; }
.jf-facts { opacity: .8; font-size: .92rem; }
.jf-why { font-size: .92rem; }
.jf-text { white-space: pre-wrap; overflow-wrap: anywhere; line-height: 1.5; max-width: 75ch; }
.jf-text mark { background: #fde68a; color: #1f2937; padding: 0 .1em; border-radius: .15em; }
.jf-band { display: inline-block; padding: .05rem .5rem; border-radius: 1rem; font-size: .8rem; font-weight: 600; }
.jf-strong { background: #065f46; color: #ffffff; } .jf-good { background: #1e40af; color: #ffffff; }
.jf-maybe { background: #e5e7eb; color: #1f2937; } .jf-unlikely { background: #f3f4f6; color: #374151; }
.jf-new { background: #92400e; color: #ffffff; }
[data-testid="stCaptionContainer"], [data-testid="stCaptionContainer"] * { color: inherit !important; opacity: .92; }
@media (min-width: 768px) {
    /* The pages' names need no more, the cards beside them do. */
    [data-testid="stSidebar"][data-collapsed="false"] { width: 220px !important; min-width: 220px !important; }
}
</style>
"""


def counted(number: int, thing: str) -> str:
    """ "1 job", "2 jobs"."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def plain(value: object, *, longest: int = 300) -> str:
    """A stranger's text on one line, without what cannot be seen; empty for what is no text."""
    if not isinstance(value, str):
        return ""
    text = " ".join(_INVISIBLE.sub("", value[: 4 * longest]).split())
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def escaped(value: object, *, longest: int = 300) -> str:
    """The same for `st.html`."""
    return html.escape(plain(value, longest=longest))


def known(value: object) -> bool:
    """Whether a fact is stated."""
    return isinstance(value, str) and value not in ("", "unspecified")


def pay(row: Mapping[str, Any]) -> str:
    """Yearly pay in thousands of US dollars; empty when unknown."""
    value = row.get("salary_annual_usd")
    if value is None or pd.isna(value):
        return ""
    estimated = " (estimate)" if row.get("salary_origin") == "estimate" else ""
    return f"${float(value) / 1000:,.0f}k a year{estimated}"


def age(moment: object, now: datetime) -> str:
    """How long ago, in words."""
    if moment is None or pd.isna(moment):  # type: ignore[call-overload]
        return ""
    days = (pd.Timestamp(now) - pd.Timestamp(moment)).days  # type: ignore[arg-type]
    if days <= 0:
        return "today"
    return "yesterday" if days == 1 else f"{days} days ago" if days < 60 else f"{days // 30} months ago"


def facts(row: Mapping[str, Any], now: datetime) -> list[str]:
    """What is known of a posting, in the order in which people ask."""
    role, share = ROLE_NAMES.get(str(row.get("role")), ""), row.get("role_share")
    also = plain(row.get("also_seen_on"))
    parts = [
        plain(row.get("company")),
        plain(row.get("location"), longest=80),
        WORKPLACE_WORDS.get(row["workplace"], "") if known(row.get("workplace")) else "",
        pay(row),
        f"{role} {share:.0%}" if role and share is not None else role,
        row["seniority"] if known(row.get("seniority")) else "",
        age(row.get("posted_at") if not pd.isna(row.get("posted_at")) else row.get("first_seen_at"), now),
        f"from {row['source']}" + (f", also seen on {also}" if also else "") if known(row.get("source")) else "",
    ]
    return [str(part) for part in parts if part]


def heading(row: Mapping[str, Any], now: datetime, *, band: str = "", new: bool = False) -> str:
    """A posting's title and facts as safe HTML."""
    badges = f'<span class="jf-band jf-{band}">{BAND_WORDS[band]}</span> ' if band in BAND_WORDS else ""
    badges += '<span class="jf-band jf-new">new</span> ' if new else ""
    words = " · ".join(html.escape(part) for part in facts(row, now))
    title = escaped(row.get("title")) or "(no title)"
    return f'<div class="jf-title">{badges}{title}</div><div class="jf-facts">{words}</div>'


def source_line(row: Mapping[str, Any]) -> str:
    """What the posting's source asks to be said of it."""
    source = source_classes().get(str(row.get("source")))
    return source.terms.attribution if source else ""


def link(row: Mapping[str, Any]) -> str | None:
    """The posting's address when it is one that a browser may open."""
    return safe_link(row.get("url"))


def reasons(row: Mapping[str, Any]) -> list[tuple[str, float]]:
    """The sentences of a recommendation, with what each added to the score."""
    told = row.get("reasons")
    return [(plain(one["text"]), float(one["contribution"])) for one in json.loads(told)] if told else []


def because(row: Mapping[str, Any]) -> str:
    """Which labelled job the recommendation is most like; empty when none is near."""
    return plain(from_json(row.get("neighbours")).because)


def show_text(row: Mapping[str, Any], *, words: Iterable[str] = ()) -> None:
    """A posting's text with its deciding phrases marked: the role's evidence, and `words` where they stand."""
    text = row.get("description") or ""
    shown = st.session_state.get(f"whole-{row['posting_id']}", False)
    cut = text if shown else text[:_LONGEST_TEXT]
    st.html(f'<div class="jf-text">{marked(cut, evidence_spans(row, len(cut)) + word_spans(cut, words))}</div>')
    if len(cut) < len(text):
        st.toggle(f"show all {len(text):,} characters", key=f"whole-{row['posting_id']}")


def evidence_spans(row: Mapping[str, Any], length: int) -> list[tuple[int, int]]:
    """Where the phrases stand that decided the posting's role."""
    tag = row.get("role_tag") or {}
    told = tag.get("evidence")
    found = json.loads(told) if isinstance(told, str) else []
    return [
        (entry["start"], entry["end"])
        for entry in found
        if entry["part"] != "title" and 0 <= entry["start"] < entry["end"] <= length
    ]


def word_spans(text: str, words: Iterable[str]) -> list[tuple[int, int]]:
    """Where any of the words stands, whole and in any case."""
    wanted = [re.escape(word) for word in dict.fromkeys(words) if len(word) > 1]
    if not wanted:
        return []
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(wanted[:100])})(?!\w)", re.IGNORECASE)
    return [match.span() for match in pattern.finditer(text)][:_MOST_HIGHLIGHTS]


def marked(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """Text as safe HTML with the spans marked; overlapping ones become one."""
    parts, at = [], 0
    for start, end in sorted(spans):
        if end <= at:
            continue
        start = max(start, at)
        parts += [_safe(text[at:start]), f"<mark>{_safe(text[start:end])}</mark>"]
        at = end
    return "".join([*parts, _safe(text[at:])])


def _safe(text: str) -> str:
    return html.escape(_INVISIBLE.sub("", text))


def told_words(row: Mapping[str, Any]) -> list[str]:
    """The words that a recommendation's reasons name."""
    words: list[str] = []
    for sentence, _ in reasons(row):
        found = re.fullmatch(r"(?:less: )?(?:title says|mentions) (.+)", sentence)
        words += found[1].split(", ") if found else []
    return words
