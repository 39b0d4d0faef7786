"""Invented employers and openings, before any source gives them a shape. The words stand in `prose.toml`."""

import html
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, TypeVar

Choice = TypeVar("Choice")

TODAY = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
DAYS = 60
SYNTHETIC = "(synthetic sample posting: employer and opening are invented)"
DATA_ROLES = ("data_engineer", "data_analyst", "ml_engineer", "data_scientist")

# Of a hundred openings: data jobs mostly, as a search for them would find.
_ROLE_SHARES = {
    "data_engineer": 26, "data_analyst": 20, "ml_engineer": 16, "data_scientist": 18, "product_designer": 3, "nurse": 2,
    "accountant": 3, "backend_engineer": 5, "sales": 4, "support": 2, "technician": 1,
}  # fmt: skip
_HIDING_TITLES = 0.4
_GERMAN_IN_GERMANY = 0.35
_OTHER_DUTY = 0.25
# Level -> how often, required years, pay relative to the role's.
_LEVELS = {
    "": (48, (2, 3, 4), 1.0),
    "Junior": (11, (0, 1), 0.72),
    "Senior": (26, (5, 6, 7), 1.28),
    "Lead": (8, (7, 8), 1.45),
    "Staff": (7, (8, 9, 10), 1.6),
}
_PLAIN_LEVELS = ("", "Junior", "Senior")
_WORKPLACES = {"remote": 34, "hybrid": 24, "onsite": 24, "unspecified": 18}


@dataclass(frozen=True)
class Place:
    """A city, its country, and what people are paid there: relative to the United States, in `currency`."""

    city: str
    country: str
    currency: str
    pay: float
    share: int

    @property
    def name(self) -> str:
        return self.city if self.country == "United States" else f"{self.city}, {self.country}"


PLACES = (
    Place("Berlin", "Germany", "EUR", 0.62, 16), Place("Munich", "Germany", "EUR", 0.68, 7),
    Place("London", "United Kingdom", "GBP", 0.6, 11), Place("New York, NY", "United States", "USD", 1.1, 11),
    Place("Austin, TX", "United States", "USD", 0.98, 8), Place("Chicago, IL", "United States", "USD", 1.0, 8),
    Place("Seattle, WA", "United States", "USD", 1.12, 8), Place("Denver, CO", "United States", "USD", 0.97, 7),
    Place("Toronto", "Canada", "CAD", 1.0, 6), Place("Bengaluru", "India", "INR", 22.0, 6),
    Place("Amsterdam", "Netherlands", "EUR", 0.64, 6), Place("Paris", "France", "EUR", 0.55, 6),
)  # fmt: skip


class Dice(Random):
    """Draws built on `random()` alone, the one method whose sequence Python promises to keep between versions."""

    def number(self, low: int, high: int) -> int:
        """A whole number between `low` and `high`, both included."""
        return low + int(self.random() * (high - low + 1))

    def one(self, values: Sequence[Choice]) -> Choice:
        return values[int(self.random() * len(values))]

    def some(self, values: Sequence[Choice], count: int) -> list[Choice]:
        """`count` different members in random order; all of them when there are fewer."""
        rest = list(values)
        return [rest.pop(int(self.random() * len(rest))) for _ in range(min(count, len(rest)))]

    def weighted(self, shares: Mapping[Choice, float]) -> Choice:
        mark = self.random() * sum(shares.values())
        for value, share in shares.items():
            mark -= share
            if mark < 0:
                return value
        return next(reversed(list(shares)))

    def chance(self, share: float) -> bool:
        return self.random() < share


@dataclass(frozen=True)
class Employer:
    """An invented employer, whose openings share its blurb."""

    name: str
    field: str
    thing: str
    product: str
    people: int
    founded: int
    blurb: str
    office: Place


@dataclass(frozen=True)
class Opening:
    """One invented opening.

    sections: (kind, lines) in the advert's order; a kind is a place in `headings`: about, duties, wants, offer, apply.
    """

    number: int
    role: str
    kind: str
    title: str
    level: str
    employer: Employer
    place: Place
    workplace: str
    language: str
    team: str
    headings: tuple[str, ...]
    sections: tuple[tuple[int, tuple[str, ...]], ...]
    where: str
    years: int
    pay: tuple[int, int]
    requisition: str
    posted: datetime

    @property
    def location(self) -> str:
        return f"Remote - {self.place.country}" if self.workplace == "remote" else self.place.name

    def body(self) -> list[tuple[str, tuple[str, ...]]]:
        """Headings with their lines, and the note that nothing of this is real."""
        city, office = (place.city.partition(",")[0] for place in (self.place, self.employer.office))
        where = (self.where.format(city=city, country=self.place.country, office=office),) if self.where else ()
        parts = [(self.headings[kind], (*lines, *where) if kind == 3 else lines) for kind, lines in self.sections]
        return [*parts, ("", (SYNTHETIC,))]

    def text(self) -> str:
        parts = ["\n".join(filter(None, (heading, *lines))) for heading, lines in self.body()]
        return "\n\n".join(parts)

    def html(self, *, closed: bool = True) -> str:
        """The advert as a part of a page; with `closed=False`, its paragraphs and list items are never closed."""
        parts = []
        end_item, end_paragraph = ("</li>", "</p>") if closed else ("", "")
        for heading, lines in self.body():
            safe = [html.escape(line, quote=False) for line in lines]
            head = f"<h3>{html.escape(heading, quote=False)}</h3>" if heading else ""
            items = "".join(f"<li>{line}{end_item}" for line in safe)
            paragraphs = "".join(f"<p>{line}{end_paragraph}" for line in safe)
            parts.append(head + (f"<ul>{items}</ul>" if len(safe) > 3 else paragraphs))
        return "\n".join(parts)


@cache
def prose() -> dict[str, Any]:
    """The bank of phrases."""
    return tomllib.loads((Path(__file__).parent / "prose.toml").read_text(encoding="utf-8"))


def invent_employers(count: int, dice: Dice) -> list[Employer]:
    """Employers of different names, each in the trade that its name tells."""
    bank = prose()
    pairs = [(first, second) for first in bank["employers"]["first"] for second in bank["fields"]]
    employers = []
    for first, second in dice.some(pairs, count):
        field, thing = bank["fields"][second]
        office = dice.weighted({place: place.share for place in PLACES})
        legal = " GmbH" if office.country == "Germany" and dice.chance(0.7) else dice.one(bank["employers"]["legal"])
        name, product = f"{first} {second}{legal}", dice.one(bank["employers"]["products"])
        people, founded = dice.number(30, 4000), dice.number(1971, 2021)
        blurb = dice.one(bank["english"]["blurbs"]).format(
            company=f"{first} {second}", field=field, thing=thing, product=product, people=people, founded=founded,
            n=dice.number(3, 40), m=dice.number(41, 99),
        )  # fmt: skip
        employers.append(Employer(name, field, thing, product, people, founded, blurb[0].upper() + blurb[1:], office))
    return employers


def invent_opening(number: int, employers: Sequence[Employer], *, dice: Dice) -> Opening:
    """One opening: a role, an employer and a place, and a text made for them."""
    bank = prose()
    kind = dice.weighted(_ROLE_SHARES)
    employer = dice.one(employers)
    place = employer.office if dice.chance(0.6) else dice.weighted({place: place.share for place in PLACES})
    office_bound = kind in ("nurse", "technician")
    workplace = "onsite" if office_bound else dice.weighted(_WORKPLACES)
    german = place.country == "Germany" and kind in bank["german"]["titles"] and dice.chance(_GERMAN_IN_GERMANY)
    level = dice.weighted({name: _LEVELS[name][0] for name in (_LEVELS if kind in DATA_ROLES else _PLAIN_LEVELS)})
    years, pay_factor = dice.one(_LEVELS[level][1]), _LEVELS[level][2]
    team = dice.one(bank["words"]["teams"])
    title = _title(kind, level, team=team, german=german, dice=dice)
    low = bank["roles"][kind]["pay"] * pay_factor * place.pay * (0.88 + 0.24 * dice.random())
    words, sections = _sections(kind, employer, place=place, years=years, team=team, german=german, dice=dice)
    return Opening(
        number=number,
        role=kind if kind in DATA_ROLES else "other",
        kind=kind,
        title=title,
        level=level,
        employer=employer,
        place=place,
        workplace=workplace,
        language="de" if german else "en",
        team=team,
        headings=tuple(dice.one(words["headings"])),
        sections=sections,
        where=dice.one(words[workplace]) if workplace != "unspecified" else "",
        years=years,
        pay=(round(low) * 1000, round(low * (1.15 + 0.25 * dice.random())) * 1000),
        requisition=f"R-{10_000 + 7 * number}",
        posted=TODAY - timedelta(minutes=dice.number(30, DAYS * 24 * 60)),
    )


def _title(kind: str, level: str, *, team: str, german: bool, dice: Dice) -> str:
    bank = prose()
    role = bank["roles"][kind]
    if german:
        return f"{level} {dice.one(bank['german']['titles'][kind])}".strip()
    hidden = dice.chance(_HIDING_TITLES) and role.get("hiding")
    title = dice.one(role["hiding"] if hidden else role["titles"])
    if level and not title.startswith("Senior"):
        title = f"{'Sr.' if level == 'Senior' and dice.chance(0.2) else level} {title}"
    return f"{title}, {team}" if "," not in title and "(" not in title and dice.chance(0.3) else title


def _sections(
    kind: str,
    employer: Employer,
    *,
    place: Place,
    years: int,
    team: str,
    german: bool,
    dice: Dice,
) -> tuple[Mapping[str, Any], tuple[tuple[int, tuple[str, ...]], ...]]:
    """The phrase bank used, and the advert's sections in their order."""
    bank = prose()
    role = bank["roles"][kind]
    words = bank["german" if german else "english"]
    tools = dice.some(role["tools"], 3)

    def fill(pattern: str) -> str:
        low = dice.number(2, 40)
        return pattern.format(
            a=tools[0], b=tools[1], c=tools[-1], team=team, thing=employer.thing, field=employer.field,
            company=employer.name, product=employer.product, partner=dice.one(bank["words"]["partners"]),
            often=dice.one(bank["words"]["often"]), n=low, m=low + dice.number(3, 50), years=years,
            days=dice.number(24, 34), weeks=dice.number(8, 26), percent=dice.number(3, 8),
            people=employer.people, founded=employer.founded, country=place.country,
            office=employer.office.city.partition(",")[0],
        )  # fmt: skip

    duties = dice.some(words["duties"][kind] if german else role["duties"], dice.number(4, 7))
    if kind in DATA_ROLES and not german and dice.chance(_OTHER_DUTY):
        other = dice.one([name for name in DATA_ROLES if name != kind])
        duties.insert(dice.number(1, len(duties)), dice.one(bank["roles"][other]["duties"]))
    wants = [dice.one(words["wants"] if years else words["starts"])]
    wants += dice.some(role["wants"], 1 if german else 2) + dice.some(words["soft"], dice.number(2, 4))
    wants += dice.some(words["nice"], dice.number(0, 1))
    blurb = fill(dice.one(words["blurbs"])) if german else employer.blurb
    about = (blurb, fill(dice.one(words["teams_told"])))
    offer = [fill(line) for line in dice.some(words["benefits"], dice.number(2, 3))]
    apply = [fill(line) for line in dice.some(words["process"], dice.number(1, 2))]
    dot = "." if dice.chance(0.6) else ""
    bodies = [
        (0, about),
        (1, tuple(_sentence(fill(line)) + dot for line in duties)),
        (2, tuple(_sentence(fill(line)) + dot for line in wants)),
        (3, tuple(offer)),
        (4, tuple(apply)),
    ]
    order = dice.weighted({(0, 1, 2, 3, 4): 5, (1, 2, 3, 0, 4): 2, (0, 2, 1, 3, 4): 1, (0, 1, 2, 4, 3): 1})
    return words, tuple(bodies[position] for position in order)


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]
