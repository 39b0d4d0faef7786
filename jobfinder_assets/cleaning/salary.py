"""Pay: amounts, currency and period out of a salary field or of prose (CONVENTIONS, "Pay")."""

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from jobfinder_assets.cleaning.lexicon import read_json

_TABLE = read_json("pay.json")
_SIGNS: dict[str, str] = _TABLE["signs"]
_CODES = frozenset(_TABLE["usd_per_unit"])
_PERIOD_WORDS: dict[str, str] = {word: period for period, words in _TABLE["periods"].items() for word in words}
_PER_YEAR: dict[str, float] = _TABLE["periods_per_year"]

_NUMBER = r"\d{1,3}(?:[ ',.\u00a0\u2019]\d{2,3})+(?:[.,]\d{1,2})?|\d+(?:[.,]\d+)?"
_SIGN = "|".join(re.escape(sign) for sign in sorted(_SIGNS, key=len, reverse=True))
_CODE = "|".join(sorted(_CODES))
_AMOUNT = re.compile(
    rf"(?P<sign>(?i:{_SIGN})|\b(?:{_CODE})\b)?\s{{0,2}}(?P<number>{_NUMBER})\s?(?P<unit>(?i:k|lakhs?|lacs?|lpa|m|mn|million|bn|billion|%)\b|%)?"
    rf"(?P<plus>\s?\+)?\s{{0,2}}(?P<after>(?:{_CODE})\b|€|£|zł|kr\b)?"
)
_PERIOD = re.compile(
    r"(?:/|\bper\b|\ban?\b|\beach\b|\bp\.?|\bpro\b)\s{0,2}("
    + "|".join(sorted(_PERIOD_WORDS, key=len, reverse=True))
    + r")\b",
    re.I,
)
_PERIOD_ALONE = re.compile(r"\b(hourly|daily|weekly|monthly|yearly|annually|annual|annum|p\.?a\.?|ral|lpa)\b", re.I)
_UP_TO = re.compile(r"\b(?:up to|max(?:imum)?|bis(?: zu)?|no more than|as much as)\W{0,3}$", re.I)
_FROM = re.compile(r"\b(?:from|starting (?:at|from)|minimum(?: of)?|min|at least|ab|starts at)\W{0,3}$", re.I)
_JOIN = re.compile(r"^\s{0,3}(?:-|–|—|to|bis|and|~|\.\.)\s{0,3}$", re.I)
_EXTRA = re.compile(
    r"\b(?:bonus|sign[- ]?on|401|equity|stock|rsus?|options|commission|allowance|stipend|referral|reimburse\w*|tuition|"
    r"relocation|revenue|funding|raised|budget|valuation|market|sales of|assets|customers|users|grant)\b",
    re.I,
)
_OTE = re.compile(r"\b(?:ote|on[- ]target|total (?:comp\w*|cash|rewards?))\b", re.I)
_BASE = re.compile(r"\bbase\b", re.I)
_PAY_WORD = re.compile(
    r"\b(?:salar(?:y|ies)|pay(?! (?:attention|for))|compensation|wage|remuneration|hourly rate|base rate|gehalt|"
    r"range for this|rate:)",
    re.I,
)
_NO_PAY = re.compile(r"^\s*(?:-1|n/?a|none|competitive|0(?:\.0)?\s*-\s*0(?:\.0)?.*)\s*$", re.I)
_MOST_CHARACTERS = 400


@dataclass(frozen=True)
class Salary:
    """Pay in whole currency units per period; an open end is None, one value has both ends equal."""

    minimum: float | None
    maximum: float | None
    currency: str
    period: str

    @property
    def annual_usd(self) -> float | None:
        """The middle of the range as US dollars a year, by the dated table in `data/pay.json`."""
        ends = [end for end in (self.minimum, self.maximum) if end is not None]
        rate = _TABLE["usd_per_unit"].get(self.currency)
        if not ends or rate is None:
            return None
        return sum(ends) / len(ends) * _PER_YEAR[self.period] * float(rate)


@dataclass(frozen=True)
class _Amount:
    value: float
    currency: str | None
    unit: str
    plus: bool
    start: int
    end: int


@lru_cache(maxsize=16_384)
def parse_salary(text: str, *, default_currency: str = "USD") -> Salary | None:
    """The pay that a salary field states, or None where it states none. Never raises."""
    text = text[:_MOST_CHARACTERS]
    if _NO_PAY.match(text) or not any(character.isdigit() for character in text):
        return None
    amounts = [amount for amount in _amounts(text) if amount.value > 0]
    amounts = _usable(text, amounts)
    if not amounts:
        return None
    return _salary(text, amounts, default_currency)


def find_salary(description: str, *, default_currency: str = "USD") -> Salary | None:
    """Pay stated in prose: only in a sentence that speaks of pay, with a currency and a plausible amount."""
    for match in _PAY_WORD.finditer(description):
        window = description[match.start() : match.start() + 220].split("\n\n")[0]
        if not re.search(rf"(?:{_SIGN})\s?\d|\d\s?(?:{_CODE})\b", window[:160]):
            continue
        found = parse_salary(window, default_currency=default_currency)
        if found is None:
            continue
        annual = found.annual_usd
        if annual is not None and 8_000 <= annual <= 1_500_000:
            return found
    return None


def _amounts(text: str) -> list[_Amount]:
    found = []
    for match in _AMOUNT.finditer(text):
        unit = (match["unit"] or "").lower()
        value = _value(match["number"], unit)
        sign, after = match["sign"], match["after"]
        currency = _currency(sign, text, match.start()) if sign else None
        if after:
            currency = _SIGNS.get(after.lower(), after)
        if value is not None:
            found.append(_Amount(value, currency, unit, bool(match["plus"]), match.start(), match.end()))
    return found


def _currency(sign: str, text: str, start: int) -> str | None:
    # "San Mateo, CA$80/hour": the state before the sign is no currency.
    if sign.upper() == "CA$" and re.search(r",\s?$", text[:start]):
        return "USD"
    return _SIGNS.get(sign.lower(), sign if sign in _CODES else None)


def _value(number: str, unit: str) -> float | None:
    digits = re.sub(r"[ '\u00a0\u2019]", "", number)
    last = max(digits.rfind("."), digits.rfind(","))
    if last >= 0:
        tail = len(digits) - last - 1
        whole = re.sub(r"[.,]", "", digits[:last])
        # Three digits after the last mark are thousands, but for "31,200k".
        digits = (
            whole + digits[last + 1 :] if tail == 3 and not unit.startswith("k") else f"{whole}.{digits[last + 1 :]}"
        )
    try:
        value = float(digits)
    except ValueError:
        return None
    if unit == "k":
        return value * 1000 if value < 10_000 else value
    if unit in ("lakh", "lakhs", "lac", "lacs", "lpa"):
        return value * 100_000
    return value if unit == "" else None


def _usable(text: str, amounts: list[_Amount]) -> list[_Amount]:
    """Without amounts that are a bonus, a percentage, revenue; base pay before OTE."""
    kept = []
    for number, amount in enumerate(amounts):
        before = text[amounts[number - 1].end if number else 0 : amount.start]
        after = text[amount.end : amount.end + 24]
        ahead = after.split(",")[0].split("+")[0]
        if _EXTRA.search(before[-40:]) and not _BASE.search(before[-40:]):
            continue
        if _EXTRA.search(ahead) and not _BASE.search(ahead) and not amount.plus:
            continue
        kept.append(amount)
    base = [
        amount
        for amount in kept
        if _BASE.search(text[max(0, amount.start - 25) : amount.start] + text[amount.end : amount.end + 12])
    ]
    if base and any(_OTE.search(text[max(0, a.start - 25) : a.end + 12]) for a in kept):
        return base
    return kept


def _salary(text: str, amounts: list[_Amount], default_currency: str) -> Salary | None:
    low, high = _ends(text, amounts)
    minimum, maximum = low.value, high.value if high else low.value
    if high and not low.unit and high.unit == "k" and minimum < 1000:
        minimum *= 1000
    if high and not low.unit and high.unit in ("lpa", "lakh", "lakhs", "lac", "lacs"):
        minimum *= 100_000
    if high and low.unit == "k" and not high.unit and maximum < 1000:
        maximum *= 1000
    currency = low.currency or (high.currency if high else None)
    code = re.search(rf"\b({_CODE})\b", text[max(0, low.start - 5) : (high or low).end + 6])
    if code and code[1] not in ("CA",):
        currency = code[1]
    lpa = "lpa" in (low.unit, high.unit if high else "") or re.search(r"\blpa\b|\blakh", text, re.I)
    currency = currency or ("INR" if lpa else default_currency)
    if minimum > maximum:
        minimum, maximum = maximum, minimum
    if maximum < 5:
        return None
    period = _period(text, (high or low).end, maximum, yearly=bool(lpa))
    if period is None:
        return None
    before = text[: low.start]
    if high is None and _UP_TO.search(before):
        return Salary(None, maximum, currency, period)
    if high is None and (_FROM.search(before) or (low.plus and not _EXTRA.search(text[low.end : low.end + 24]))):
        return Salary(minimum, None, currency, period)
    return Salary(minimum, maximum, currency, period)


def _ends(text: str, amounts: list[_Amount]) -> tuple[_Amount, _Amount | None]:
    """The first range that has a sign, code or unit at either end; else the first such amount; else the first."""
    marked = [bool(amount.currency or amount.unit) for amount in amounts]
    for number, (low, high) in enumerate(pairwise(amounts)):
        joined = bool(_JOIN.match(text[low.end : high.start]))
        if joined and (marked[number] or marked[number + 1] or not any(marked)):
            return low, high
        if marked[number]:
            return low, None
    return next((amount for amount, mark in zip(amounts, marked, strict=True) if mark), amounts[0]), None


def _period(text: str, end: int, amount: float, *, yearly: bool) -> str | None:
    if yearly:
        return "year"
    near = _PERIOD.search(text, end, end + 40) or _PERIOD.search(text)
    if near:
        return _PERIOD_WORDS[near[1].lower()]
    alone = re.search(r"\b(stunde|tag|woche|monat|jahr)\b", text, re.I)
    if alone:
        return _PERIOD_WORDS[alone[1].lower()]
    alone = _PERIOD_ALONE.search(text)
    if alone:
        return {"h": "hour", "d": "day", "w": "week", "m": "month"}.get(alone[1][0].lower(), "year")
    if amount < 200:
        return "hour"
    return "year" if amount >= 10_000 else None
