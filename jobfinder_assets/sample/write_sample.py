"""Write the bundled sample: synthetic postings in the shape of every source, and one invented person's labels.

    python -m jobfinder_assets.sample.write_sample

Seeded: the same script writes the same bytes on every version of Python. Employers, people and texts are invented, and
every posting says so. Each line of `postings.jsonl.gz` is {"shape", "board", "source_id", "record"}, the record as the
source of that shape would give it, traps included: HTML escaped once or twice, mojibake, odd salaries, sentinels,
missing fields, German adverts, openings advertised again, and openings that only look the same.

The labels are those of a simulated person who likes pipelines, platforms and models in production, worked on remotely
or in Berlin, and has no use for dashboards or for offices elsewhere; about one label in twenty is a slip.
"""

import csv
import gzip
import io
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from jobfinder_assets.ingestion.contract import posting_id
from jobfinder_assets.sample.openings import PLACES, TODAY, Dice, Opening, invent_employers, invent_opening
from jobfinder_assets.sample.shapes import SHAPES, Advert, board, record
from jobfinder_assets.storage.files import write_bytes

FOLDER = Path(__file__).parent
POSTINGS, LABEL_FILE = "postings.jsonl.gz", "labels.csv"
SEED = 20261101
EMPLOYERS = 96
OPENINGS = 300
REPEATED = 40
LOOK_ALIKES = 20
LABELS = 90
LIKED_SHARE = 0.3
# Labels given by mistake: of what is liked, and of what is not.
SLIPS_LIKED, SLIPS_OTHERS = 2, 3
NEAR_SHARE = 0.6
LABELLING_DAYS = 30
AGENCY = "Harbour Lane Recruiting"

# Where openings are advertised; only jobs around computers stand on Hacker News.
_SOURCE_SHARES = {"greenhouse": 20, "hackernews": 22, "glassdoor": 21, "jobspikr": 18, "files": 19}
_HACKER_NEWS = (
    "data_engineer",
    "data_analyst",
    "ml_engineer",
    "data_scientist",
    "backend_engineer",
    "product_designer",
)
# The sources that show a part of the text only.
_CUTTING = ("glassdoor", "jobspikr", "files")
_LIKES = ("pipelines, not slides", "good stack", "could do this from home", "real engineering", "")
_DISLIKES = {
    "data_engineer": ("too far", "wants me in the office"),
    "ml_engineer": ("too far", "wants me in the office"),
    "data_analyst": ("only dashboards", "reporting again", "title promised more"),
    "data_scientist": ("statistics, no engineering", "not my field"),
    "other": ("wrong profession", "sales", "not data"),
}


def adverts(dice: Dice) -> list[Advert]:
    """Every advert of the sample. Adverts of one opening share its number; no other two are the same opening."""
    employers = invent_employers(EMPLOYERS, dice)
    openings = [invent_opening(number, employers, dice=dice) for number in range(OPENINGS)]
    openings, alike = look_alikes(openings, dice)
    first = [Advert(opening, _source(opening, dice)) for opening in openings]
    others = [Advert(opening, first[number].source) for number, opening in alike]
    return [*first, *(again(advert, dice) for advert in dice.some(first, REPEATED)), *others]


def again(advert: Advert, dice: Dice) -> Advert:
    """The same opening advertised again: later, elsewhere, cut short, rearranged, without boilerplate, by an agency."""
    later = min(advert.opening.posted + timedelta(days=dice.number(1, 14)), TODAY)
    opening = replace(advert.opening, posted=later)
    source = advert.source if dice.chance(0.3) else _source(opening, dice)
    way = dice.one(("as it was", "as it was", "cut", "rearranged", "less", "agency"))
    if way == "cut" or (source in _CUTTING and dice.chance(0.15)):
        return Advert(opening, source if source in _CUTTING else dice.one(_CUTTING), cut=0.45 + 0.4 * dice.random())
    if way == "rearranged":
        opening = replace(opening, sections=(*opening.sections[1:], opening.sections[0]))
    elif way == "less":
        opening = replace(opening, sections=tuple(section for section in opening.sections if section[0] != 0))
    elif way == "agency" and source != "hackernews":
        opening = replace(opening, employer=replace(opening.employer, name=AGENCY))
    return Advert(opening, source)


def look_alikes(openings: Sequence[Opening], dice: Dice) -> tuple[list[Opening], list[tuple[int, Opening]]]:
    """Other openings with the text of one that is there: of another level, city or requisition number.

    Returns the openings (some now state their requisition number) and, by number of the one they resemble, the others.
    """
    result = list(openings)
    alike: list[tuple[int, Opening]] = []
    usable = [opening for opening in openings if opening.level == "" and opening.workplace in ("onsite", "hybrid")]
    for opening in dice.some(usable, LOOK_ALIKES):
        number = len(openings) + len(alike)
        other = replace(opening, number=number, requisition=f"R-{10_000 + 7 * number}")
        kind = dice.one(("level", "city", "requisition"))
        if kind == "level":
            other = replace(other, title=f"Senior {opening.title}", level="Senior")
        elif kind == "city":
            other = replace(other, place=dice.one([place for place in PLACES if place != opening.place]))
        else:
            result[opening.number] = _with_requisition(opening)
            other = _with_requisition(other)
        alike.append((opening.number, other))
    return result, alike


def _with_requisition(opening: Opening) -> Opening:
    """The opening with its requisition number in the part on applying."""
    line = f"Requisition number: {opening.requisition}"
    sections = tuple((kind, (*lines, line) if kind == 4 else lines) for kind, lines in opening.sections)
    return replace(opening, sections=sections)


def _source(opening: Opening, dice: Dice) -> str:
    shares = {name: share for name, share in _SOURCE_SHARES.items() if name != "hackernews"}
    return dice.weighted(_SOURCE_SHARES if opening.kind in _HACKER_NEWS else shares)


def lines_of(all_adverts: Sequence[Advert], dice: Dice) -> list[dict[str, Any]]:
    """Every advert in the shape of its source; the last three are rows that no cleaning should let through."""
    lines = [
        {
            "shape": SHAPES[advert.source][0],
            "board": board(advert),
            "source_id": f"{advert.source}-{number:04d}",
            "record": record(advert, number, dice=dice),
        }
        for number, advert in enumerate(all_adverts)
    ]
    faults = (("files", "title", ""), ("greenhouse", "content", ""), ("glassdoor", "Job Description", "-1"))
    for number, (source, column, value) in enumerate(faults, start=len(lines)):
        advert = Advert(all_adverts[number % OPENINGS].opening, source)
        broken = {**record(advert, number, dice=dice), column: value}
        name = f"{source}-{number:04d}-without-{'title' if column == 'title' else 'text'}"
        lines.append({"shape": SHAPES[source][0], "board": board(advert), "source_id": name, "record": broken})
    return lines


def likes(opening: Opening) -> bool:
    """The simulated person's taste: by duties and place, never by title."""
    return is_near(opening) and opening.role in ("data_engineer", "ml_engineer")


def is_near(opening: Opening) -> bool:
    """Is the work where the simulated person would do it?"""
    return opening.workplace == "remote" or opening.place.city == "Berlin"


def label_rows(all_adverts: Sequence[Advert], lines: Sequence[dict[str, Any]], *, dice: Dice) -> list[dict[str, str]]:
    """The person's labels of `LABELS` openings, drawn as somebody meets them who searches for remote and Berlin."""
    numbers = dice.some(range(OPENINGS), OPENINGS)
    opening_of = {number: all_adverts[number].opening for number in numbers}
    liked = [number for number in numbers if likes(opening_of[number])][: round(LABELS * LIKED_SHARE)]
    near, far = (
        [number for number in numbers if not likes(opening_of[number]) and is_near(opening_of[number]) is side]
        for side in (True, False)
    )
    disliked = LABELS - len(liked)
    near = near[: round(disliked * NEAR_SHARE)]
    others = [*near, *far[: disliked - len(near)]]
    slips = {*dice.some(liked, SLIPS_LIKED), *dice.some(others, SLIPS_OTHERS)}
    rows = []
    for number in (*liked, *others):
        opening, slip = opening_of[number], number in slips
        interesting = likes(opening) != slip
        reasons = _LIKES if interesting else _DISLIKES[opening.role]
        rows.append(
            {
                "profile": "example",
                "posting": posting_id("sample", "sample", lines[number]["source_id"]),
                "label": "interesting" if interesting else "not interesting",
                "reason": dice.one(reasons) if not slip and dice.chance(0.6) else "",
                "time": _labelled(opening.posted, dice).strftime("%Y-%m-%dT%H:%M:%SZ"),
            }
        )
    return sorted(rows, key=lambda row: (row["time"], row["posting"]))


def _labelled(posted: datetime, dice: Dice) -> datetime:
    """Some time in the last days, after the posting appeared."""
    start = max(posted, TODAY - timedelta(days=LABELLING_DAYS))
    return start + (TODAY - start) * dice.random()


def generate() -> tuple[bytes, bytes]:
    """The two files' bytes: `postings.jsonl.gz` and `labels.csv`."""
    dice = Dice(SEED)
    everything = adverts(dice)
    lines = lines_of(everything, dice)
    rows = label_rows(everything, lines, dice=dice)
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    packed = io.BytesIO()
    # Not `gzip.compress`: its header differs between versions of Python.
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=packed, mtime=0) as stream:
        stream.write(text.encode("utf-8"))
    table = io.StringIO(newline="")
    writer = csv.DictWriter(table, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return packed.getvalue(), table.getvalue().encode("utf-8")


def main() -> None:
    postings, labels = generate()
    write_bytes(FOLDER / POSTINGS, postings)
    write_bytes(FOLDER / LABEL_FILE, labels)


if __name__ == "__main__":
    main()
