"""Descriptions as sites hand them out, and what a reader sees of them.

`gold/markup.jsonl`: descriptions that two readers invented before running any of the code; `has` and `lines` must
stand in the text, `lines` as whole lines but for a bullet or number, `hasnt` must not.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from jobfinder_assets.cleaning.text import clean_text

MARKUP = Path(__file__).parent / "gold" / "markup.jsonl"
GOLD = [json.loads(line) for line in MARKUP.read_text(encoding="utf-8").splitlines()]
BULLET = re.compile(r"^(?:\d{1,2}[.)]|[\s•·*\-–—◦▪‣#]+|o )\s*(?=\S)")
LONG = " ".join(["You run pipelines."] * 12)
TABLE = (
    "<p>What we give</p><table><caption>Per year</caption><tr><th>What</th><th>How much</th></tr>"
    "<tr><td><p>Leave</p></td><td>28 days</td></tr><tr><td></td><td>Parking</td></tr></table><p>All of it.</p>"
)
TEXTS = {
    "rows are lines and cells are parted": (
        TABLE,
        "What we give\n\nPer year\nWhat | How much\nLeave | 28 days\nParking\n\nAll of it.",
    ),
    "a page laid out as a table": (
        f"<table><tr><td><h2>The job</h2><p>{LONG}</p></td><td><p>You</p><p>SQL</p></td></tr></table>",
        f"The job\n\n{LONG}\n\nYou\n\nSQL",
    ),
    "cells without a table": ("<tr><td>Leave<td>28 days", "Leave | 28 days"),
    "one level of escapes at a time": (
        "&lt;p&gt;Types such as Option&amp;lt;String&amp;gt;.&lt;/p&gt;",
        "Types such as Option<String>.",
    ),
    "escaped three times": ("&amp;amp;lt;p&amp;amp;gt;One&amp;amp;lt;/p&amp;amp;gt;Two", "One\n\nTwo"),
    "a long chain of ampersands": ("R&" + "amp;" * 12 + "D", "R&D"),
    "a JSON string": (
        r"One\n\n\u2022 Two\n\u2022 Three \ud83d\ude00 \"four\" a\/b",
        'One\n\n• Two\n• Three 😀 "four" a/b',
    ),
    "a path is no JSON": (r"Tools lie in C:\tools\new.", r"Tools lie in C:\tools\new."),
    "an address in angle brackets": ("<p>To Ada <a.b@c.example></p>", "To Ada <a.b@c.example>"),
    "lines of <pre>": ("<p>Stack</p><pre>a\nb</pre>", "Stack\n\na\nb"),
    "a tag named in prose": (
        "<p>Know when a &lt;div&gt; is a &lt;section&gt;.</p>",
        "Know when a <div> is a <section>.",
    ),
    "a generic in prose": ("<p>What Result<T, E> and List<String> are.</p>", "What Result<T, E> and List<String> are."),
    "plain text with a few tags": ("**One**<br>\nTwo\n\n- <b>Three</b>\n- Four", "**One**\nTwo\n\n- Three\n- Four"),
    "lines that a style keeps": (
        '<div style="white-space: pre-line">One\nTwo</div>\n<p>Three\nfour</p>',
        "One\nTwo\n\nThree four",
    ),
    "links side by side": ('<p>One.</p><a href="#">Apply now</a><a href="#">Refer a friend</a>', "One."),
    "a spreadsheet's line ends": ("One._x000D_\n- Two_x000D_", "One.\n- Two"),
    "a style sheet of Word": (
        'Normal 0 false false false EN-US X-NONE X-NONE /* Style Definitions */ table.MsoNormalTable {mso-x:"y";} One.',
        "One.",
    ),
    "broken in each line alike": (
        "<p>nocnÄ… zmianÄ™.</p><p>wspÃ³Å‚praca z piekarniÄ…</p>",
        "nocną zmianę.\n\nwspółpraca z piekarnią",
    ),
    "an entity cut off": ("<p>Visas by us&rsq", "Visas by us"),
    "a name that ends in &": ("We are R&D", "We are R&D"),
    "hidden, and unfolding": (
        f"<p>One</p><p hidden>job-17</p><div style='display: none'>{LONG}</div>",
        f"One\n\n{LONG}",
    ),
    "chrome in chrome": (
        '<div class="share-buttons"><div role="dialog"><i hidden>x</i>y</div></div><p>You run pipelines.</p>',
        "You run pipelines.",
    ),
    "an advert in a dialog": ('<div role="dialog"><p>You run pipelines.</p></div>', "You run pipelines."),
    "header and footer of a page": (
        "<header>Jobs at Foo</header><main><header>Engineer</header>You run.</main><footer>Imprint</footer>",
        "Engineer\nYou run.",
    ),
    "an advert with a footer and no page": (
        "<p>You run.</p><footer>Based in Leith.</footer>",
        "You run.\n\nBased in Leith.",
    ),
    "a board's lines": (
        "Skip to content\nYou run.\nWe show more care.\n\nShow more Show less\nPosted via Tern\n© 2024 Tern Ltd",
        "You run.\nWe show more care.",
    ),
    "a number behind a board's name": ("One.\n\nPowered by JazzHR\n\nJbtjWMYpCs", "One."),
    "nothing but a board's line": ("Apply now", "Apply now"),
    "an employer's own last line": ("You run.\nApply by 3 May.", "You run.\nApply by 3 May."),
}


@pytest.mark.parametrize("name", TEXTS)
def test_text_is_as_a_person_would_read_it(name: str) -> None:
    raw, text = TEXTS[name]
    assert clean_text(raw) == text
    assert clean_text(text) == text


@pytest.mark.parametrize("advert", GOLD, ids=[advert["why"] for advert in GOLD])
def test_markup_is_read_as_its_reader_does(advert: dict[str, Any]) -> None:
    text = clean_text(advert["raw"])
    lines = {BULLET.sub("", line).strip() for line in collapsed(text).split("\n")}
    assert [part for part in advert["has"] if collapsed(part) not in collapsed(text)] == []
    assert [line for line in advert["lines"] if collapsed(line).strip() not in lines] == []
    assert [part for part in advert["hasnt"] if part in text] == []
    assert clean_text(text) == text


def collapsed(text: str) -> str:
    return re.sub(r"[ \t]+", " ", text)
