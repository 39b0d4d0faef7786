"""Openings as the records of each source: the same fields, the same faults.

The shapes are those of the live sources' answers (Greenhouse, Hacker News by way of Algolia) and of the published
data sets' columns (the Glassdoor scraper's and JobsPikr's), and of a user's own CSV file.
"""

import html
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from jobfinder_assets.sample.openings import SYNTHETIC, TODAY, Dice, Opening

_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "CAD": "C$", "INR": "₹"}
_NO_PAY = ("Competitive", "-1", "0 - 0 USD /YEAR", "", "DOE", "Attractive package")
_PAGE = (
    "<html><head><title>{title}</title><script>track('view');</script><style>p {{ margin: 0 }}</style></head><body>"
    "<nav><a href='/'>Home</a> <a href='/jobs'>Jobs</a></nav>\n{body}\n</body></html>"
)


@dataclass(frozen=True)
class Advert:
    """An opening as it is advertised once. `cut` is the share of the text that is shown, the rest left out."""

    opening: Opening
    source: str
    cut: float = 1.0

    def text(self) -> str:
        whole = self.opening.text()
        if self.cut == 1.0:
            return whole
        shown = whole[: int(len(whole) * self.cut)].rpartition(" ")[0]
        return f"{shown} ... Show more\n\n{SYNTHETIC}"


def pay_text(opening: Opening, dice: Dice) -> str:
    """Pay as job sites write it: tidy, odd, or not at all; in the currency of the place."""
    low, high = (amount // 1000 for amount in opening.pay)
    sign, currency = _SIGNS[opening.place.currency], opening.place.currency
    if dice.chance(0.3):
        return dice.one(_NO_PAY)
    if currency == "INR":
        return dice.one((f"{low // 100}-{high // 100} LPA", f"₹{low},000 - ₹{high},000 a year"))
    ways = [
        f"{sign}{low},000 - {sign}{high},000 a year",
        f"{sign}{low}k-{high}k",
        f"Up to {sign}{high}k",
        f"From {sign}{low},000 a year",
    ]
    if currency == "USD":
        hour = opening.pay[0] // 2080
        ways += [f"${low}K-${high}K (Glassdoor est.)"] * 5
        ways += [
            f"Employer Provided Salary:${hour}-${hour + 9} Per Hour",
            f"{low}000 - {high}000 USD /YEAR",
            f"${low},2k- ${high}k",
        ]
    if currency == "EUR":
        ways += [f"{low}.000 € – {high}.000 €", f"ab {low}.000 € im Jahr", f"EUR {low} 000 - {high} 000 per annum"]
    if currency == "GBP":
        ways += [f"£{low}.000 - £{high}.000", f"£{opening.pay[0] // 230} per day", f"£{low},500 per annum pro rata"]
    return dice.one(ways)


def mojibake(text: str, encoding: str) -> str:
    """What UTF-8 looks like when it is read as `encoding`."""
    typographic = text.replace("'", "\u2019").replace(" - ", " \u2013 ").replace("...", "\u2026")
    bullets = typographic.replace("\n\n", "\n\n\u2022 ", 1)
    return bullets.encode("utf-8").decode(encoding)


def greenhouse(advert: Advert, number: int, *, dice: Dice) -> dict[str, Any]:
    """A job of the board API; `content` is HTML escaped once, on some boards twice."""
    opening = advert.opening
    place = opening.place
    content = html.escape(opening.html(), quote=False)
    if dice.chance(0.15):
        content = html.escape(content, quote=False)
    name = dice.one(("Hybrid", opening.location)) if opening.workplace == "hybrid" else opening.location
    identity = 4_000_000 + number
    slug = board_of(opening)
    return {
        "absolute_url": f"https://boards.greenhouse.example/{slug}/jobs/{identity}",
        "internal_job_id": 3_000_000 + opening.number,
        "location": {"name": name},
        "id": identity,
        "updated_at": _eastern(opening, days=1),
        "requisition_id": opening.requisition if dice.chance(0.8) else "See Opening ID",
        "title": opening.title,
        "company_name": opening.employer.name,
        "first_published": _eastern(opening, days=0),
        "language": opening.language,
        "application_deadline": None,
        "metadata": dice.one(
            (None, [{"id": 7, "name": "Workplace", "value_type": "short_text", "value": opening.workplace}])
        ),
        "content": content,
        "departments": [{"id": 11, "name": opening.team, "child_ids": [], "parent_id": None}],
        "offices": [{"id": 21, "name": place.city, "location": place.name, "child_ids": [], "parent_id": None}],
    }


def hackernews(advert: Advert, number: int, *, dice: Dice) -> dict[str, Any]:
    """A comment of the monthly thread: `Company | Role | Place`, paragraphs that are never closed, odd entities."""
    opening = advert.opening
    company, city = opening.employer.name, opening.place.city
    place = {"remote": f"Remote ({opening.place.country})", "hybrid": f"{city} (hybrid)", "onsite": f"{city} | ONSITE"}
    parts = [company, opening.title, place.get(opening.workplace, city)]
    if dice.chance(0.4):
        parts.append(f"{_SIGNS[opening.place.currency]}{opening.pay[0] // 1000}k-{opening.pay[1] // 1000}k")
    if dice.chance(0.4):
        parts.append("Full-time")
    lines = [" | ".join(parts) if dice.chance(0.85) else " - ".join(parts[:3])]
    if opening.language == "en" and dice.chance(0.12):
        lines = [_prose(opening)]
    lines += [line for line in advert.text().split("\n") if line]
    body = html.escape("\n".join(lines), quote=False).replace("/", "&#x2F;").replace("'", "&#x27;")
    thread = 47_900_000 if opening.posted.month >= 10 else 47_500_000
    return {
        "id": 48_000_000 + number,
        "parent_id": thread,
        "story_id": thread,
        "created_at": opening.posted.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "created_at_i": int(opening.posted.timestamp()),
        "type": "comment",
        "text": body.replace("\n", "<p>"),
        "title": None,
        "url": None,
        "points": None,
        "options": [],
    }


def _prose(opening: Opening) -> str:
    """The first line of a comment by somebody who does not care for bars between words."""
    where = {"remote": "to work remotely", "hybrid": f"for our hybrid team in {opening.place.city}"}
    title = opening.title.replace("Sr.", "Senior")
    article = "an" if title[0] in "AEIO" else "a"
    company = opening.employer.name.removesuffix(" Inc.")
    return f"{company} is hiring {article} {title} {where.get(opening.workplace, f'in {opening.place.city}')}."


def glassdoor(advert: Advert, number: int, *, dice: Dice) -> dict[str, Any]:
    """A row of the Glassdoor scraper: ratings after a newline, `-1` for missing, text in the wrong encoding."""
    opening = advert.opening
    text = advert.text()
    if dice.chance(0.35):
        text = mojibake(text, dice.one(("cp1252", "latin-1")))
    rating = f"{dice.number(25, 48) / 10:.1f}" if dice.chance(0.9) else "-1"
    company = opening.employer.name if rating == "-1" else f"{opening.employer.name}\n{rating}"
    return {
        "index": str(number),
        "Job Title": opening.title,
        "Salary Estimate": pay_text(opening, dice),
        "Job Description": text,
        "Rating": rating,
        "Company Name": company,
        "Location": "Remote" if opening.workplace == "remote" else opening.place.name,
        "Headquarters": dice.one(("-1", opening.employer.office.name)),
        "Size": dice.one(("1001 to 5000 employees", "51 to 200 employees", "Unknown", "-1")),
        "Founded": dice.one(("-1", str(opening.employer.founded))),
        "Type of ownership": dice.one(("Company - Private", "Company - Public", "Nonprofit Organization", "-1")),
        "Industry": dice.one(("-1", opening.employer.field.capitalize())),
        "Sector": dice.one(("-1", "Information Technology", "Business Services")),
        "Revenue": dice.one(("Unknown / Non-Applicable", "$100 to $500 million (USD)", "-1")),
        "Competitors": "-1",
    }


def jobspikr(advert: Advert, number: int, *, dice: Dice) -> dict[str, Any]:
    """A row of JobsPikr: the text on one line, beside it the page it came from, chrome included."""
    opening = advert.opening
    city, _, state = opening.place.city.partition(", ")
    text = "" if dice.chance(0.15) else " ".join(advert.text().split())
    whole_page = not text or dice.chance(0.5)
    body = opening.html(closed=dice.chance(0.7))
    return {
        "crawl_timestamp": _crawled(opening).strftime("%Y-%m-%d %H:%M:%S +0000"),
        "url": f"https://board.example/viewjob?jk={number:08x}",
        "job_title": opening.title,
        "category": dice.one(("", "computer-internet")),
        "company_name": opening.employer.name.upper() if dice.chance(0.2) else opening.employer.name,
        "city": city,
        "state": state,
        "country": opening.place.country,
        "inferred_city": city,
        "inferred_state": state,
        "inferred_country": opening.place.country,
        "post_date": opening.posted.strftime("%Y-%m-%d"),
        "job_description": text,
        "job_type": dice.one(("Full Time", "Full Time", "Undefined", "Contract")),
        "salary_offered": pay_text(opening, dice) if dice.chance(0.7) else "",
        "job_board": "board",
        "geo": opening.place.country,
        "cursor": str(1_790_000_000_000_000 + number),
        "contact_email": "",
        "contact_phone_number": "",
        "uniq_id": f"{number * 11400714819323198485 % 2**64:016x}",
        "html_job_description": _PAGE.format(title=opening.title, body=body) if whole_page else "",
        "is_remote": "true" if opening.workplace == "remote" else "false",
    }


def files(advert: Advert, number: int, *, dice: Dice) -> dict[str, Any]:
    """A row of a user's own CSV: plain columns, some of them left empty, HTML or text."""
    opening = advert.opening
    texts: list[Callable[[], str]] = [advert.text, advert.text, opening.html, lambda: opening.html(closed=False)]
    description = advert.text() if advert.cut < 1 else dice.one(texts)()
    day = opening.posted
    dates = (day.strftime("%Y-%m-%d"), day.isoformat(), day.strftime("%d %B %Y"), "30+ days ago", "")
    return {
        "title": opening.title,
        "company": opening.employer.name if dice.chance(0.95) else "",
        "location": opening.location if dice.chance(0.9) else "",
        "description": description,
        "posted_at": dice.one(dates),
        "salary_raw": pay_text(opening, dice),
        "url": f"https://jobs.example/{number}" if dice.chance(0.9) else "",
    }


# By source: the shape that the sample source looks for, and how a record of it is made.
SHAPES: dict[str, tuple[str, Callable[..., dict[str, Any]]]] = {
    "greenhouse": ("greenhouse", greenhouse),
    "hackernews": ("hackernews", hackernews),
    "glassdoor": ("kaggle", glassdoor),
    "jobspikr": ("kaggle", jobspikr),
    "files": ("files", files),
}
_BOARDS = {
    "hackernews": "who_is_hiring",
    "glassdoor": "data-science-job-posting-on-glassdoor",
    "jobspikr": "data-scientist-job-postings-from-the-usa",
    "files": "my_export",
}


def board(advert: Advert) -> str:
    """The board that would hold the advert: the employer's own for Greenhouse."""
    return _BOARDS.get(advert.source) or board_of(advert.opening)


def board_of(opening: Opening) -> str:
    return "".join(opening.employer.name.lower().split()[:2])


def record(advert: Advert, number: int, *, dice: Dice) -> dict[str, Any]:
    """The advert as its source would give it; `number` makes its ids."""
    return SHAPES[advert.source][1](advert, number, dice=dice)


def _crawled(opening: Opening) -> datetime:
    return min(opening.posted + timedelta(days=2), TODAY)


def _eastern(opening: Opening, *, days: int) -> str:
    """The time as Greenhouse writes it, in New York's summer offset."""
    moment = min(opening.posted + timedelta(days=days), TODAY) - timedelta(hours=4)
    return moment.strftime("%Y-%m-%dT%H:%M:%S-04:00")
