"""What the command prints: tables read from the lake, nothing computed here."""

import json
from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd
from rich.console import Console, RenderableType
from rich.style import StyleType
from rich.table import Table
from rich.text import Text

from jobfinder_assets.cleaning.clean import utc_now
from jobfinder_assets.cleaning.places import Place, parse_place
from jobfinder_assets.config import Settings
from jobfinder_assets.ingestion.catalog import build_sources
from jobfinder_assets.ingestion.health import HEALTHY, latest_health, what_to_do
from jobfinder_assets.labels import events
from jobfinder_assets.recommendations.ranking import continents
from jobfinder_assets.recommendations.search import Filters, SearchIndex
from jobfinder_assets.storage.lake import Lake
from jobfinder_assets.storage.schemas import TABLES

# A terminal obeys what begins with one of them.
_CONTROLS = dict.fromkeys((*range(9), *range(11, 32), *range(127, 160)))


def run_summary(console: Console, settings: Settings, *, top: int) -> None:
    """After a run: health of the sources, each profile's scoreboard, and its first recommendations."""
    sources(console, settings)
    for profile in settings.profiles:
        scoreboard(console, settings, profile)
        if not recommendations(console, settings, profile, top=top):
            _say(console, f"no recommendations for {profile} yet")
    quarantined(console, settings)


def sources(console: Console, settings: Settings) -> None:
    """Every board's last health, and what to do about it; boards with the same trouble share a row."""
    health = latest_health(_lake(settings))
    health = health[health["source"].isin(list(build_sources(settings)))]
    if health.empty:
        console.print("no source has been fetched yet: `jobfinder run`")
        return
    table = _table(
        "Sources", "source", "board", "status", "rows>", "new>", "changed>", "closed>", "seconds>", "what to do"
    )
    advised = [what_to_do(row["status"], _text(row["message"])) for row in health.to_dict("records")]
    for key, boards in health.assign(advice=advised).groupby(["source", "status", "advice"], sort=False):
        source, status_word, advice = map(str, key)
        troubled = status_word not in HEALTHY
        for group in [boards] if troubled else [boards.iloc[[n]] for n in range(len(boards))]:
            counts = [_number(group[name].sum()) for name in ("rows", "new", "changed", "closed")]
            coloured = Text(status_word, "red" if troubled else "green")
            seconds = f"{group['seconds'].max():.1f}"
            table.add_row(source, ", ".join(group["board"]), coloured, *counts, seconds, advice)
    console.print(table)


def scoreboard(console: Console, settings: Settings, profile: str) -> None:
    """The score of the model in force against its baselines, with intervals, or why there is none yet."""
    from jobfinder_assets.training.registry import champion

    found = champion(settings, profile)
    if found is None:
        needed = f"{settings.training.minimum_labels} labels, {settings.training.minimum_per_class} of each kind"
        _say(console, f"Model of {profile}: none yet (it takes {needed}); the list follows the profile's words")
        return
    counts = f"{found.tags['positives']} interesting, {found.tags['negatives']} not"
    title = f"Model {found.version} of {profile}, judged on {counts} ({found.tags['basis']})"
    table = _table(title, "ranked by", "average precision>", "95 % interval>", "precision@10>")
    for row in found.scoreboard.to_dict("records"):
        style = "bold" if row["model"] == found.tags["recipe"] else ""
        spread = "" if pd.isna(row["low"]) else f"{row['low']:.2f} to {row['high']:.2f}"
        top = "" if pd.isna(row["precision@10"]) else f"{row['precision@10']:.2f}"
        table.add_row(str(row["model"]), f"{row['AP']:.3f}", spread, top, style=style)
    console.print(table)
    _say(console, found.tags["decision"])


def recommendations(console: Console, settings: Settings, profile: str, *, top: int) -> bool:
    """The profile's first `top` jobs with reasons. False when there are none yet."""
    lake = _lake(settings)
    rows = lake.read("recommendations", where=[("profile", "=", profile)]).sort_values("rank").head(top)
    if rows.empty:
        return False
    origins = lake.read("postings", ["posting_id", "salary_origin"], [("posting_id", "in", list(rows["posting_id"]))])
    rows = rows.merge(origins, on="posting_id", how="left")
    table = _table(f"Jobs for {profile}", "#>", "band", "job", "where", "pay>", "why")
    for row in rows.to_dict("records"):
        place = " · ".join(row[part] for part in ("location", "workplace") if _known(row[part]))
        reasons = "; ".join(str(reason["text"]) for reason in json.loads(row["reasons"])[:4])
        name = Text.assemble(row["title"], "\n", (_text(row["company"]), "dim"))
        table.add_row(str(row["rank"]), row["band"], name, place, _pay(row), reasons)
    console.print(table)
    return True


def found(console: Console, settings: Settings, query: str, *, location: str, top: int) -> None:
    """The jobs that the search index finds for `query` at `location`."""
    result = SearchIndex(settings.home.search).search(query, Filters(place=location), now=utc_now(), top=top)
    place = location.strip()
    where = f" in {place} or remote" if place and place.casefold() != "remote" else f" {place}".rstrip()
    what = f"some of the words of {query!r}" if result.widened else repr(query) if query else "everything, newest first"
    shown = f"{min(top, result.total):,} of {result.total:,}"
    table = _table(f"Jobs for {what}{where}: {shown}", "posting", "job", "where", "pay>", "role", "posted")
    for row in result.rows.to_dict("records"):
        place = " · ".join(row[part] for part in ("location", "workplace") if _known(row[part]))
        name = Text.assemble(_text(row["title"]), "\n", (_text(row["company"]), "dim"))
        posted = "" if pd.isna(row["seen"]) else f"{row['seen']:%Y-%m-%d}"
        table.add_row(row["posting_id"], name, place, _pay(row), _text(row["role"]).replace("_", " "), posted)
    console.print(table)
    if _is_unknown(location):
        words = f"{location.strip()!r} is no city, region or country that is known here: beside remote jobs there are "
        _say(console, f"{words}those that name it, and those that name no city")


def where_next(console: Console, settings: Settings) -> None:
    """Where a user looks after the run."""
    home = settings.home
    first = next(iter(settings.profiles), "")
    console.print("\nWhere to look next", style="bold")
    for what, where in (
        ("the digest", home.digests / first / "latest.html"),
        ("everything, in a browser", "jobfinder serve  (make serve)"),
        ("label jobs", "jobfinder label FILE.csv  (profile, posting, label)"),
        ("what is stored", "jobfinder status"),
        ("your own settings", "jobfinder.toml"),
    ):
        _say(console, f"  {what:<26}{where}", soft_wrap=True)


def status(console: Console, settings: Settings) -> None:
    """Tables with rows and versions, the accounting of every raw row, and the labels."""
    lake = _lake(settings)
    tables = _table(f"Lake at {lake.uri}", "table", "rows>", "version>")
    for name in TABLES:
        if lake.exists(name):
            tables.add_row(name, _number(lake.count(name)), str(lake.version(name)))
    console.print(tables)
    console.print(accounting_table(accounting(lake)))
    console.print("`jobfinder rejected` shows what was thrown out and why; `jobfinder restore ID` takes a row back")
    for told in events.label_counts(lake):
        _say(
            console, "labels of {profile}: {interesting} interesting, {not_interesting} not interesting".format(**told)
        )
    if corrected := lake.count("role_corrections"):
        console.print(f"corrected roles: {corrected}")
    quarantined(console, settings)


def quarantined(console: Console, settings: Settings) -> None:
    """How much of what was handed over as labels could not be used, and where it is; nothing when there is none."""
    rows, files = events.quarantined(settings.home)
    counts = ((rows, "row"), (files, "whole file"))
    if told := " and ".join(f"{count:,} {what}{'s' * (count > 1)}" for count, what in counts if count):
        where = f"why, stands in {settings.home.quarantine} (mend, hand over again, delete there)"
        _say(console, f"labels that could not be used: {told}; {where}", soft_wrap=True)


def accounting(lake: Lake) -> pd.DataFrame:
    """Per source: rows in, kept, rejected by rule. In = kept + rejected, always."""
    raw = lake.read("raw_postings", ["source"]).value_counts("source").rename("in")
    kept = lake.read("postings", ["source"]).value_counts("source").rename("kept")
    rejected = lake.read("rejected_postings", ["source", "rule", "posting_id"]).drop_duplicates("posting_id")
    rules = rejected.groupby(["source", "rule"]).size().unstack(fill_value=0)
    frame = pd.concat([raw, kept], axis=1).join(rules).fillna(0).astype(int)
    frame.insert(2, "rejected", rejected.value_counts("source").reindex(frame.index).fillna(0).astype(int))
    return frame.sort_index()


def rejected(console: Console, settings: Settings, *, rule: str | None, source: str | None, top: int) -> int:
    """Rejected postings with rule and evidence, the newest first; returns how many there are."""
    where = [(name, "=", value) for name, value in (("rule", rule), ("source", source)) if value]
    frame = _lake(settings).read("rejected_postings", where=where)
    table = _table(
        f"Rejected: {min(top, len(frame)):,} of {len(frame):,}", "posting", "source", "title", "rule", "evidence"
    )
    newest = frame.sort_values(["rejected_at", "posting_id", "rule"], ascending=[False, True, True])
    for row in newest.head(top).to_dict("records"):
        names = ("posting_id", "source", "title", "rule", "evidence")
        table.add_row(*(_text(row[name])[:120] for name in names))
    console.print(table)
    return len(frame)


def accounting_table(frame: pd.DataFrame) -> Table:
    table = _table("Every row accounted for: in = kept + rejected", "source", *(f"{name}>" for name in frame.columns))
    for source, row in frame.iterrows():
        table.add_row(str(source), *(_number(value) for value in row))
    return table


def _lake(settings: Settings) -> Lake:
    return Lake(settings.lake_location)


class _Table(Table):
    """A table that shows its cells as they are: square brackets in the words of strangers are no markup."""

    def add_row(self, *cells: RenderableType | None, style: StyleType | None = None, end_section: bool = False) -> None:
        plain = (_as_it_is(cell) if isinstance(cell, str) else cell for cell in cells)
        super().add_row(*plain, style=style, end_section=end_section)


def _table(title: str, *columns: str) -> _Table:
    """A table whose columns ending in ">" are numbers, aligned right."""
    table = _Table(title=Text(title, "bold"), title_justify="left", header_style="dim")
    for column in columns:
        heading = Text(column.rstrip(">"))
        table.add_column(heading, justify="right" if column.endswith(">") else "left", overflow="fold")
    return table


def _say(console: Console, words: str, *, soft_wrap: bool = False) -> None:
    """A line that names what a user or a stranger wrote: shown as it is."""
    console.print(_as_it_is(words), soft_wrap=soft_wrap)


def _as_it_is(words: str) -> Text:
    """Neither markup nor what a terminal would obey."""
    return Text(words.translate(_CONTROLS))


def _is_unknown(location: str) -> bool:
    """Whether a search knows nothing of this name."""
    name = location.strip().casefold()
    return name not in ("", "remote") and name not in continents() and parse_place(location) == Place()


def _pay(row: Mapping[Hashable, Any]) -> str:
    """Yearly pay in thousands of US dollars; empty when unknown."""
    if pd.isna(row["salary_annual_usd"]):
        return ""
    estimated = " est." if row["salary_origin"] == "estimate" else ""
    return f"${row['salary_annual_usd'] / 1000:,.0f}k{estimated}"


def _known(value: object) -> bool:
    return isinstance(value, str) and value not in ("", "unspecified")


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _number(value: object) -> str:
    return "" if pd.isna(value) else f"{int(value):,}"  # type: ignore[call-overload]
