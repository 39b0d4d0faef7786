"""The list to read, to open in a spreadsheet and to send on: CSV, Markdown and one HTML page.

Adverts are written by strangers: every text is escaped, only http and https links are links, and a CSV
cell cannot be a formula. Each source is named and linked as its terms ask.
"""

import csv
import html
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pandas as pd

from jobfinder_assets.config import Home
from jobfinder_assets.ingestion.contract import Terms
from jobfinder_assets.recommendations import neighbours
from jobfinder_assets.recommendations.reasons import from_json
from jobfinder_assets.storage.files import write_text
from jobfinder_assets.storage.spreadsheet import safe_cell

CSV_COLUMNS = (
    "rank", "band", "title", "company", "location", "country", "workplace", "salary_annual_usd", "seniority", "role",
    "reasons", "is_new", "url", "source", "also_seen_on", "posted_at", "posting_id", "score", "model_version",
)  # fmt: skip
_MARKDOWN_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+\-.!|~$<>&])")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")


@dataclass(frozen=True)
class Job:
    """One row of the list as a reader sees it; texts are plain, not escaped."""

    rank: int
    band: str
    title: str
    company: str
    where: str
    pay: str
    role: str
    reasons: tuple[str, ...]
    because: str
    new: bool
    link: str | None
    source: str
    also_seen_on: str


def write_digest(
    recommendations: pd.DataFrame, terms: Mapping[str, Terms], home: Home, *, profile: str
) -> tuple[list[Path], bool]:
    """Write `digests/<profile>/<date>.{csv,md,html}` and `latest.*`; returns the paths, and whether any was new.

    The date is that of the list, so that the same list is the same files whenever they are written.
    """
    made = recommendations["recommended_at"].max() if len(recommendations) else None
    jobs = jobs_of(recommendations)
    texts = {
        "csv": as_csv(recommendations),
        "md": as_markdown(jobs, terms, profile=profile, made=made),
        "html": as_html(jobs, terms, profile=profile, made=made),
    }
    names = [f"{made:%Y-%m-%d}", "latest"] if made is not None else ["latest"]
    paths = {home.digests / profile / f"{name}.{suffix}": text for name in names for suffix, text in texts.items()}
    changed = {path: text for path, text in paths.items() if not _holds(path, text)}
    for path, text in changed.items():
        write_text(path, text)
    return list(paths), bool(changed)


def jobs_of(recommendations: pd.DataFrame) -> list[Job]:
    """The rows of a list as a reader sees them, in their order."""
    return list(map(_job, recommendations.sort_values("rank").itertuples()))


def as_csv(recommendations: pd.DataFrame) -> str:
    """The list for a spreadsheet; a cell that could be a formula begins with an apostrophe."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(CSV_COLUMNS)
    for row in recommendations.sort_values("rank").itertuples():
        cells = {name: getattr(row, name) for name in CSV_COLUMNS}
        cells["reasons"] = "; ".join(one.text for one in from_json(str(row.reasons)))
        cells["url"] = safe_link(row.url)
        writer.writerow(_cell(value) for value in cells.values())
    return text.getvalue()


def as_markdown(jobs: Iterable[Job], terms: Mapping[str, Terms], *, profile: str, made: datetime | None) -> str:
    """The list as CommonMark."""
    lines = [f"# Jobs for {_md(profile)}", ""]
    jobs = list(jobs)
    lines += [_summary(jobs, made), ""]
    for job in jobs:
        title = _md_link(job.title, job.link)
        marks = " · ".join(filter(None, ["**new**" if job.new else "", _md(job.band)]))
        facts = " · ".join(_md(fact) for fact in (job.company, job.where, job.pay, job.role) if fact)
        lines += [f"{job.rank}\\. **{title}** {marks}  ", f"{facts}  ", f"{_md('; '.join(_why(job)))}  "]
        lines += [_md(_seen_on(job)), ""]
    lines += ["---", "", *(f"- {_md_link(text, link)}" for text, link in _attributions(jobs, terms)), ""]
    return "\n".join(lines)


def as_html(jobs: Iterable[Job], terms: Mapping[str, Terms], *, profile: str, made: datetime | None) -> str:
    """The list as one page that loads nothing and runs nothing."""
    jobs = list(jobs)
    items = "\n".join(map(_html_job, jobs))
    sources = "\n".join(f"<li>{_html_link(text, link)}</li>" for text, link in _attributions(jobs, terms))
    return _PAGE.format(
        title=_html(f"Jobs for {profile}"), summary=_html(_summary(jobs, made)), items=items, sources=sources
    )


def preview(recommendations: pd.DataFrame, *, rows: int = 10) -> str:
    """The first rows as a small Markdown table."""
    lines = ["| # | band | job | company | why |", "|---|---|---|---|---|"]
    for job in map(_job, recommendations.sort_values("rank").head(rows).itertuples()):
        cells = (job.band, job.title, job.company, "; ".join(job.reasons))
        lines.append(f"| {job.rank} | {' | '.join(map(_md, cells))} |")
    return "\n".join(lines)


def safe_link(url: object) -> str | None:
    """The address, percent-encoded, if it is an http or https one; None otherwise."""
    if not isinstance(url, str):
        return None
    plain = url.strip()
    try:
        parts = urlsplit(plain)
        host = parts.hostname
    except ValueError:
        return None
    if parts.scheme.lower() not in ("http", "https") or not host or _CONTROL.search(plain):
        return None
    return quote(plain, safe="/:?#[]@!$&*+,;=%-._~", errors="replace")


def _job(row: Any) -> Job:
    place = " · ".join(part for part in (_text(row.location), _text(row.workplace)) if part not in ("", "unspecified"))
    return Job(
        rank=int(row.rank),
        band=str(row.band),
        title=_text(row.title) or "(no title)",
        company=_text(row.company),
        where=place,
        pay="" if pd.isna(row.salary_annual_usd) else f"about ${row.salary_annual_usd / 1000:,.0f}k a year",
        role=_text(row.role).replace("_", " "),
        reasons=tuple(_text(one.text) for one in from_json(row.reasons)),
        because=_text(neighbours.from_json(getattr(row, "neighbours", None)).because),
        new=bool(row.is_new),
        link=safe_link(row.url),
        source=_text(row.source),
        also_seen_on=_text(row.also_seen_on),
    )


def _text(value: object) -> str:
    """One line of text without control characters, which could hide or reorder what is read."""
    return " ".join(_CONTROL.sub(" ", value).split()) if isinstance(value, str) else ""


def _summary(jobs: list[Job], made: datetime | None) -> str:
    if made is None:
        return "No recommendations: nothing is open that passes the profile's wishes."
    new = sum(job.new for job in jobs)
    return f"{len(jobs)} jobs, {new} of them new; made {made:%Y-%m-%d %H:%M} UTC."


def _why(job: Job) -> tuple[str, ...]:
    """The reasons, and the labelled job that it is most like."""
    return (*job.reasons, *filter(None, [job.because]))


def _seen_on(job: Job) -> str:
    return f"via {job.source}" + (f", also seen on {job.also_seen_on}" if job.also_seen_on else "")


def _attributions(jobs: Iterable[Job], terms: Mapping[str, Terms]) -> list[tuple[str, str | None]]:
    """(words, link) for each source that the list names, as its terms ask; a note where they ask for nothing."""
    used = {name for job in jobs for name in (job.source, *job.also_seen_on.split(", ")) if name}
    known = {name: terms[name] for name in sorted(used) if name in terms}
    words = [(f"{name}: {one.attribution or one.note}", safe_link(one.homepage)) for name, one in known.items()]
    return [(text.removesuffix(": "), link) for text, link in words]


def _cell(value: Any) -> str:
    if value is None or (not isinstance(value, str) and pd.isna(value)):
        return ""
    text = value.isoformat() if isinstance(value, datetime) else str(value)
    # A number may be negative; only a text can be a formula.
    return safe_cell(text) if isinstance(value, str) else text


def _md(text: str) -> str:
    return _MARKDOWN_SPECIAL.sub(r"\\\1", text)


def _md_link(text: str, link: str | None) -> str:
    return f"[{_md(text)}](<{link}>)" if link else _md(text)


def _html(text: str) -> str:
    return html.escape(text, quote=True)


def _html_link(text: str, link: str | None) -> str:
    if not link:
        return _html(text)
    return f'<a href="{_html(link)}" rel="noopener noreferrer" target="_blank">{_html(text)}</a>'


def _html_job(job: Job) -> str:
    title = _html_link(job.title, job.link)
    new = '<span class="new">new</span>' if job.new else ""
    facts = " · ".join(_html(fact) for fact in (job.company, job.where, job.pay, job.role) if fact)
    reasons = "".join(
        f'<li class="{"less" if reason.startswith(("less:", "though ")) else "more"}">{_html(reason)}</li>'
        for reason in _why(job)
    )
    return (
        f'<li value="{job.rank}"><h2>{title} <span class="band {_html(job.band)}">{_html(job.band)}</span>{new}</h2>'
        f'<p>{facts}</p><ul class="why">{reasons}</ul><p class="source">{_html(_seen_on(job))}</p></li>'
    )


def _holds(path: Path, text: str) -> bool:
    return path.is_file() and path.read_bytes() == text.encode("utf-8")


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }}
ol {{ padding-left: 2rem; }}
ol > li {{ margin-bottom: 1.6rem; overflow-wrap: anywhere; }}
h2 {{ font-size: 1.05rem; margin: 0; }}
p {{ margin: .2rem 0; }}
.why {{ display: flex; flex-wrap: wrap; gap: .3rem; list-style: none; padding: 0; margin: .3rem 0; font-size: .85rem; }}
.why li {{ border: 1px solid #7a7; border-radius: 1rem; padding: 0 .6rem; }}
.why li.less {{ border-color: #b88; }}
.band, .new {{ font-size: .75rem; font-weight: 600; border-radius: .3rem; padding: .1rem .4rem; background: #7772; }}
.strong {{ background: #2a52; }} .good {{ background: #28a2; }} .new {{ background: #c802; margin-left: .3rem; }}
.source, footer {{ font-size: .8rem; opacity: .75; }}
</style>
</head>
<body>
<h1>{title}</h1>
<p>{summary}</p>
<ol>
{items}
</ol>
<footer><p>Where the postings come from:</p><ul>
{sources}
</ul></footer>
</body>
</html>
"""
