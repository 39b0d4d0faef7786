"""For what time an amount is paid: "per hour", "a year", "monatlich", and not how long one works."""

import re

from jobfinder_assets.cleaning.pay import PAY_WORDS, PERIOD_WORDS, TABLE

# "TJM" and "時給" name the period without a preposition.
_NAMED_PERIODS: dict[str, re.Pattern[str]] = {
    period: re.compile(rf"(?<![a-z])(?:{'|'.join(words)})(?![a-zıěčíłö])", re.I)
    for period, words in TABLE["periods_alone"].items()
}
_SHORT_PERIODS: dict[str, str] = TABLE["short_periods"]
PERIOD = re.compile(
    r"(?:/|(?<![a-z])per\b|(?<![a-z])an?\b|\beach\b|(?<![a-z])p[./]?|\b(?:pro|por|par|pr|al|za|na|w|в|на|за|mỗi|á|प्रति)(?!\w)\.?)\s{0,2}("
    + "|".join(sorted(PERIOD_WORDS, key=len, reverse=True))
    # "£400pd", "£90 p/w": letters that mean a period directly behind an amount only.
    + r")\b(?! off\b)|(?:(?:(?<=\d\d)|(?<=\d\d\s))(?:/|p[./]?)\s?|(?<![a-z])p/)("
    + "|".join(_SHORT_PERIODS)
    # "850 pm", "45k p.m.", but "10 pm" is a time of the day.
    + r")\b|(?:(?<=\d{3})|(?<=\d{3}\s)|(?<=k)|(?<=k\s)|(?<=,-)|(?<=,-\s)|(?<=\)\s))p[./]?m\b",
    re.I,
)
PERIOD_ALONE = re.compile(PAY_WORDS["period_alone"], re.I)
# Of what `PERIOD_ALONE` finds, by its first letter.
_PERIOD_OF = {"h": "hour", "s": "hour", "d": "day", "t": "day", "w": "week", "m": "month"}
_NOUN_ALONE = re.compile(r"\b(stunde|tag|woche|monat|jahr)\b", re.I)
# "$25 an hour - $30", "£22 (ph) to £30"
PER = (
    r"\(?(?:(?:/|per|an?|p/?)\s?(?:hour|hr|h|year|yr|annual|annum|a|month|mo|week|wk|day)|hourly|daily|weekly|monthly|annually"
    r"|yearly)\b\.?\)?"
)
HOURS = re.compile(PAY_WORDS["hours_of_work"], re.I)
_NEAR = 40


def period_of(text: str, end: int, amount: float) -> str | None:
    """The period of an amount that ends at `end`: as said near it or anywhere in the field, else by its size."""
    text = without_hours(text)
    near = PERIOD.search(text, end, end + _NEAR) or PERIOD.search(text)
    if near:
        if near[1]:
            return PERIOD_WORDS[near[1].lower()]
        return _SHORT_PERIODS[near[2].lower()] if near[2] else "month"
    named = next((period for period, words in _NAMED_PERIODS.items() if words.search(text)), None)
    if named:
        return named
    if noun := _NOUN_ALONE.search(text):
        return PERIOD_WORDS[noun[1].lower()]
    alone = PERIOD_ALONE.search(text)
    # Less than 200 as "day rate" is paid an hour, by day and not by night.
    if alone and not (alone[0].lower() == "day rate" and amount < 200):
        return _PERIOD_OF.get(alone[0][0].lower(), "year")
    if amount < 200:
        return "hour"
    return "year" if amount >= 10_000 else None


def without_hours(text: str) -> str:
    """The text with blanks for how long one works: "37.5 hours per week"."""
    return HOURS.sub(lambda hours: " " * len(hours[0]), text)
