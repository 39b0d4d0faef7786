"""Hacker News' monthly "Ask HN: Who is hiring?" threads, through Algolia's search: https://hn.algolia.com/api.

A posting is a comment made straight to the thread. The comments are by named people, so that the author and the
replies are left out of what is stored, on purpose: the one edit that this source makes.
"""

import html
import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Annotated, Any, ClassVar

from pydantic import Field

from jobfinder_assets.config import Settings
from jobfinder_assets.ingestion.contract import (
    Draft,
    Fetched,
    RawPosting,
    Record,
    SchemaDrift,
    Source,
    SourceSettings,
    Terms,
)
from jobfinder_assets.ingestion.fields import mapping, moment, text
from jobfinder_assets.ingestion.http import HttpClient

BOARD = "who_is_hiring"

_THREAD_TITLE = "Ask HN: Who is hiring?"
# The account also posts "Who wants to be hired?" and "Freelancer?" each month.
_STORIES_PER_MONTH = 3
_PRIVATE = frozenset({"author", "by", "children", "kids"})

_LONGEST_HEADLINE = 300
_LONGEST_TITLE = 120
_LONGEST_COMPANY = 80
_PARAGRAPH = re.compile(r"</?p\b[^>]{0,200}>|\n", re.IGNORECASE)
_TAG = re.compile(r"<[^>]{0,2000}>")
_LINK = re.compile(r"\(?\bhttps?://[^\s|)]+\)?|\(?\bwww\.[^\s|)]+\)?")
_DASHES = re.compile(r"\s[-–—]{1,2}\s|—")
_MONEY = re.compile(r"[$€£₹]\s?\d|\b\d[\d.,]*\s?k\b|\b(?:usd|eur|gbp|cad|chf)\b", re.IGNORECASE)
_LABELLED = re.compile(r"^\s*(company|role|position|title|location|salary|type)\s*:\s*(.{1,200})$", re.IGNORECASE)
_COMPANY_OF_PROSE = re.compile(
    r"^(?!we\b|i\b|our\b)([^.,:!?]{2,60}?)\s+(?:is|are)\s+(?:currently\s+|now\s+)?(?:looking|hiring|seeking|searching|recruiting)\b",
    re.IGNORECASE,
)
# A dot inside a word ("U.S.-based") ends no sentence.
_ROLE_OF_PROSE = re.compile(
    r"\b(?:looking for|hiring|seeking|searching for)\s+(?:(?:an?|our|some)\s+)?+((?:[^.,:;!?()|]|\.(?=\S)){3,80}?)"
    r"(?=\s+(?:for|to|who|with|in|at|that|and we)\b|\.(?:\s|$)|[,:;!?()|]|$)",
    re.IGNORECASE,
)
_ASIDE = re.compile(r"\s*\(([^()]{1,60})\)")
_BATCH = re.compile(r"\s*\((?:YC|Y Combinator)?\s*[SWFX]\d{2}\)|\s*\(YC[^)]{0,20}\)", re.IGNORECASE)


class HackerNewsSettings(SourceSettings):
    """`[sources.hackernews]`: on the first of a month the new thread is nearly empty, so two are read."""

    base_url: str = "https://hn.algolia.com"
    months: Annotated[int, Field(ge=1, le=12)] = 2


class HackerNews(Source):
    """The comments of the last threads; older threads' comments count as closed."""

    name = "hackernews"
    kind = "feed"
    terms = Terms(
        homepage="https://hn.algolia.com/api",
        attribution="Hacker News; link to the comment",
        redistributable="unknown",
        note="Comments belong to their writers; user names and replies are not stored.",
    )
    settings_model: ClassVar[type[SourceSettings]] = HackerNewsSettings

    def __init__(self, section: HackerNewsSettings, client: HttpClient) -> None:
        self._section = section
        self._client = client

    @classmethod
    def build(cls, section: HackerNewsSettings, settings: Settings) -> "HackerNews":
        return cls(section, HttpClient.of(cls, settings))

    def boards(self) -> Sequence[str]:
        return (BOARD,)

    def fetch(self, board: str, *, validators: Mapping[str, str]) -> Fetched:
        threads, size = self._threads()
        postings: list[RawPosting] = []
        skipped = 0
        for thread in threads:
            answer = self._client.get_json(self._url(f"items/{thread}"))
            size += answer.bytes
            comments = mapping(answer.content).get("children")
            if not isinstance(comments, list):
                raise SchemaDrift(f"thread {thread} has no list of comments")
            found = [comment for comment in map(mapping, comments) if _is_posting(comment, thread)]
            skipped += len(comments) - len(found)
            postings += [RawPosting(board, str(comment["id"]), _without_names(comment)) for comment in found]
        message = f"{skipped} deleted or empty comments left out" if skipped else ""
        if not threads:
            message = f"no thread is called {_THREAD_TITLE!r}"
        return Fetched(board, postings, bytes=size, message=message)

    def _threads(self) -> tuple[list[str], int]:
        """Ids of the newest threads, newest first, and the bytes read."""
        params = {
            "tags": "story,author_whoishiring",
            "hitsPerPage": str(_STORIES_PER_MONTH * (self._section.months + 1)),
        }
        answer = self._client.get_json(self._url("search_by_date"), params=params)
        hits = mapping(answer.content).get("hits")
        if not isinstance(hits, list):
            raise SchemaDrift("the search for threads gave no list of hits")
        stories = [hit for hit in map(mapping, hits) if (text(hit.get("title")) or "").startswith(_THREAD_TITLE)]
        stories.sort(key=lambda hit: text(hit.get("created_at")) or "", reverse=True)
        identities = [name for story in stories if (name := text(story.get("objectID")))]
        return list(dict.fromkeys(identities))[: self._section.months], answer.bytes

    def _url(self, path: str) -> str:
        return f"{self._section.base_url.rstrip('/')}/api/v1/{path}"

    @staticmethod
    def draft(record: Record) -> Draft:
        body = text(record.get("text"))
        if body is None:
            return Draft(None, None, None, unreadable="the comment has no text")
        facts = _facts(body)
        identity = text(record.get("id"))
        return Draft(
            title=facts.get("title"),
            company=facts.get("company"),
            description=body,
            location=facts.get("location"),
            pay_text=facts.get("pay"),
            employment_type=facts.get("employment"),
            url=f"https://news.ycombinator.com/item?id={identity}" if identity else None,
            posted_at=moment(record.get("created_at_i")) or moment(record.get("created_at")),
        )


def _is_posting(comment: Mapping[str, Any], thread: str) -> bool:
    alive = not comment.get("deleted") and not comment.get("dead")
    direct = text(comment.get("parent_id")) in (None, thread)
    return alive and direct and text(comment.get("text")) is not None and text(comment.get("id")) is not None


def _without_names(comment: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in comment.items() if name not in _PRIVATE}


def _facts(body: str) -> dict[str, str]:
    """Company, title, location, pay and employment as the comment's head states them; a title always."""
    lines = [_plain(line) for line in _PARAGRAPH.split(body[:20_000])[:12]]
    lines = [line for line in lines if line]
    if not lines:
        return {}
    labelled = _labelled(lines)
    headline = lines[0][:_LONGEST_HEADLINE]
    facts = _headline(headline) if len(labelled) < 2 else labelled
    if "title" not in facts:
        facts["title"] = _role(lines, labelled) or headline[:_LONGEST_TITLE].strip()
    return facts


def _role(lines: Sequence[str], labelled: Mapping[str, str]) -> str | None:
    """The role where the headline names none: asked for in prose, or a short line of its own."""
    known = _words("role")
    asked = _ROLE_OF_PROSE.search(" ".join(lines[:3])[: 3 * _LONGEST_HEADLINE])
    if asked is not None and known.search(asked[1].lower()):
        return asked[1].strip()
    short = (line for line in lines if len(line) <= _LONGEST_TITLE and not _LABELLED.match(line))
    return next((line for line in short if known.search(line.lower())), None) if labelled else None


def _plain(line: str) -> str:
    """One line of the comment's HTML as text."""
    return " ".join(html.unescape(_TAG.sub(" ", line)).split())


def _labelled(lines: Sequence[str]) -> dict[str, str]:
    """`Company: ...`, `Location: ...` on lines of their own."""
    names = {"role": "title", "position": "title", "salary": "pay", "type": "employment"}
    found: dict[str, str] = {}
    for line in lines:
        if (match := _LABELLED.match(line)) is not None:
            label = match[1].lower()
            found.setdefault(names.get(label, label), match[2].strip())
    return found


def _headline(line: str) -> dict[str, str]:
    """`Company | Role | Location | ...`, the same with dashes, or prose."""
    parts = line.split("|")
    if len(parts) < 2:
        prose = _COMPANY_OF_PROSE.match(line)
        if prose is not None:
            return {"company": prose[1].strip()}
        parts = _DASHES.split(line)
    parts = [
        bare for part in parts if (bare := _LINK.sub("", part).strip(" -–—,;()") if "://" in part else part.strip())
    ]
    if len(parts) < 2 or len(parts[0]) > _LONGEST_COMPANY:
        return {}
    if "title" not in map(_kind, parts[1:]):
        # "Acme - Data Engineer - Berlin | Onsite"
        dashed = [part.strip() for part in _DASHES.split(parts[0])]
        parts = [*dashed, *parts[1:]] if "title" in map(_kind, dashed[1:]) else parts
    company, places = _company(parts[0])
    facts = {"company": company}
    for part in parts[1:]:
        kind = _kind(part)
        if kind == "location":
            places.append(part)
        elif kind != "other":
            facts.setdefault(kind, part)
    if "title" not in facts and len(places) > 1 and parts[1] in places:
        # By custom the second part is the role, even when no word of it is known.
        facts["title"] = places.pop(places.index(parts[1]))
    if places:
        facts["location"] = ", ".join(places)
    return facts


def _company(part: str) -> tuple[str, list[str]]:
    """The company without its Y Combinator batch, and the places that stand in brackets after it."""
    name = _BATCH.sub("", part)
    asides = [aside for aside in _ASIDE.findall(name) if _words("workplace").search(aside.lower())]
    for aside in asides:
        name = name.replace(f"({aside})", " ")
    return " ".join(name.split()), asides


def _kind(part: str) -> str:
    """What a part of the headline is: title, location, pay, employment or other."""
    if _MONEY.search(part):
        return "pay"
    lower = part.lower()
    for kind, name in (("title", "role"), ("location", "workplace"), ("employment", "employment"), ("other", "other")):
        if _words(name).search(lower):
            return kind
    return "location"


@cache
def _words(kind: str) -> re.Pattern[str]:
    stored = resources.files("jobfinder_assets.ingestion").joinpath("data/hackernews.toml")
    words = tomllib.loads(stored.read_text(encoding="utf-8"))[kind]
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, words))})(?!\w)")
