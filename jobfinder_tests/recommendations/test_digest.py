"""The digest's three formats, and texts of strangers that try to be more than text."""

import csv
import io
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobfinder_assets.config import Home
from jobfinder_assets.ingestion.contract import Terms
from jobfinder_assets.recommendations import neighbours
from jobfinder_assets.recommendations.digest import _job as job
from jobfinder_assets.recommendations.digest import (
    as_csv,
    as_html,
    as_markdown,
    jobs_of,
    preview,
    safe_link,
    write_digest,
)
from jobfinder_assets.recommendations.reasons import Sentence, to_json
from jobfinder_assets.storage.lake import Lake
from jobfinder_tests.recommendations.conftest import NOW

TERMS = {
    "lever": Terms("https://lever.example.com", "Jobs by Lever", "unknown"),
    "kaggle": Terms("javascript:alert(1)", "Kaggle", "yes"),
    "unused": Terms("https://unused.example.com", "Unused", "no"),
}
HOSTILE = [
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "](javascript:alert(1))", "=HYPERLINK(\"x\")",
    "| a | b |\n# heading", "\u202etxt.exe", "&amp; <b>", "{title}", "`code`", "</title><script>",
]  # fmt: skip


def listed(lake: Lake, *rows: dict[str, Any]) -> pd.DataFrame:
    """Recommendations as the lake gives them."""
    defaults: dict[str, Any] = {
        "profile": "anna", "score": 1.0, "band": "good", "reasons": to_json([Sentence("mentions dbt", 0.5)]),
        "title": "Data Engineer", "company": "Acme", "location": "Berlin", "workplace": "hybrid", "source": "lever",
        "url": "https://jobs.example.com/1", "recommended_at": NOW, "is_new": True, "salary_annual_usd": 84_000.0,
        "role": "data_engineer",
    }  # fmt: skip
    frame = pd.DataFrame(
        [
            defaults | {"rank": at + 1, "posting_id": f"p{at}", "cluster_id": f"c{at}"} | row
            for at, row in enumerate(rows)
        ]
    )
    lake.replace("recommendations", frame)
    return lake.read("recommendations")


class Page(HTMLParser):
    """What a browser would see: tags, links and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]
        assert not [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.text += data


def html_of(frame: pd.DataFrame) -> Page:
    return Page(as_html(map(job, frame.itertuples()), TERMS, profile="anna", made=NOW))


def test_the_page_says_what_the_list_says(lake: Lake) -> None:
    page = html_of(listed(lake, {}, {"is_new": False, "also_seen_on": "kaggle"}))
    facts = ("Data Engineer", "Acme · Berlin · hybrid", "about $84k a year", "mentions dbt")
    for words in (
        "Jobs for anna",
        "2 jobs, 1 of them new",
        *facts,
        "via lever, also seen on kaggle",
        "lever: Jobs by Lever",
        "kaggle: Kaggle",
    ):
        assert words in page.text
    assert "Unused" not in page.text
    assert page.links == ["https://jobs.example.com/1"] * 2 + ["https://lever.example.com"]


def test_no_percentage_is_shown(lake: Lake) -> None:
    frame = listed(lake, {"score": 0.731})
    page = html_of(frame)
    text = as_markdown(map(job, frame.itertuples()), TERMS, profile="anna", made=NOW)
    assert "%" not in page.text + text
    assert "73" not in page.text + text


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_stay_texts(lake: Lake, text: str) -> None:
    plain = html_of(listed(lake, {}))
    columns = dict.fromkeys(("title", "company", "location", "role", "also_seen_on"), text)
    frame = listed(lake, columns | {"reasons": to_json([Sentence(text, 0.5)])})
    page = html_of(frame)
    assert page.tags == plain.tags
    assert page.links == plain.links
    assert "\u202e" not in page.text
    markdown = as_markdown(map(job, frame.itertuples()), TERMS, profile="anna", made=NOW)
    assert "\n# heading" not in markdown
    assert "<script" not in markdown.replace("\\<", "")
    assert "](javascript" not in markdown
    (row,) = csv.DictReader(io.StringIO(as_csv(frame), newline=""))
    assert all(not value.startswith(("=", "+", "@", "\t")) for value in row.values())


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=1+1", "'=1+1"), ("+1", "'+1"), ("-1", "'-1"), ("@sum", "'@sum"), ("\tx", "'\tx"), (" =1", "' =1"),
        ("a=1", "a=1"), ("", ""), (None, ""),
    ],
)  # fmt: skip
def test_a_cell_is_never_a_formula(lake: Lake, value: str | None, cell: str) -> None:
    (row,) = csv.DictReader(io.StringIO(as_csv(listed(lake, {"title": value, "score": -1.5})), newline=""))
    assert row["title"] == cell
    assert row["score"] == "-1.5"


@pytest.mark.parametrize(
    ("url", "link"),
    [
        ("https://example.com/a?b=1&c=%20d#e", "https://example.com/a?b=1&c=%20d#e"),
        ("HTTP://example.com", "HTTP://example.com"),
        ("https://example.com/a b>(c)\"'", "https://example.com/a%20b%3E%28c%29%22%27"),
        ("javascript:alert(1)", None),
        ("java\nscript:alert(1)", None),
        ("data:text/html,x", None),
        ("//example.com", None),
        ("https://", None),
        ("https://[", None),
        ("https://example.com/\nx", None),
        (None, None),
        (float("nan"), None),
    ],
)
def test_only_web_addresses_are_links(url: object, link: str | None) -> None:
    assert safe_link(url) == link


@given(st.text())
def test_a_link_is_harmless_in_every_format(text: str) -> None:
    link = safe_link(f"https://example.com/{text}")
    assert link is None or not set(link) & set("\"'<>()\\` \n|")


def test_the_files_are_written_once(lake: Lake, home: Home) -> None:
    frame = listed(lake, {})
    paths, changed = write_digest(frame, TERMS, home, profile="anna")
    assert changed
    names = {path.name for path in paths}
    assert names == {f"{stem}.{suffix}" for stem in ("2026-03-01", "latest") for suffix in ("csv", "md", "html")}
    assert {path.parent for path in paths} == {home.digests / "anna"}
    assert all(path.is_file() for path in paths)
    assert write_digest(frame, TERMS, home, profile="anna") == (paths, False)
    later = frame.assign(recommended_at=frame["recommended_at"] + timedelta(days=1))
    write_digest(later, TERMS, home, profile="anna")
    assert len(list((home.digests / "anna").iterdir())) == 9


def test_an_empty_list_says_so(lake: Lake, home: Home) -> None:
    paths, _ = write_digest(listed(lake, {}).iloc[:0], TERMS, home, profile="anna")
    assert {path.name for path in paths} == {"latest.csv", "latest.md", "latest.html"}
    assert "No recommendations" in (home.digests / "anna" / "latest.html").read_text(encoding="utf-8")


def test_preview_is_a_table_of_the_first_rows(lake: Lake) -> None:
    lines = preview(listed(lake, {"title": "A | B\nC"}, {}), rows=1).splitlines()
    assert len(lines) == 3
    assert lines[2] == r"| 1 | good | A \| B C | Acme | mentions dbt |"


def test_each_form_says_which_labelled_job_it_is_like(lake: Lake) -> None:
    near = neighbours.Neighbours(neighbours.Neighbour("x", "Data <b>Engineer", "Foo", 0.9))
    frame = listed(lake, {"neighbours": neighbours.to_json(near)})
    [job] = jobs_of(frame)
    assert job.because == "because you liked Data <b>Engineer at Foo"
    assert "because you liked Data &lt;b&gt;Engineer at Foo" in as_html([job], {}, profile="anna", made=None)
    assert r"because you liked Data \<b\>Engineer at Foo" in as_markdown([job], {}, profile="anna", made=None)
