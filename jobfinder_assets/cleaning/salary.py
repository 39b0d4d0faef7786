"""Pay: amounts, currency and period out of a salary field or of prose (CONVENTIONS, "Pay")."""

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from jobfinder_assets.cleaning.cues import Cues, read_cues
from jobfinder_assets.cleaning.lexicon import read_json, read_patterns
from jobfinder_assets.cleaning.text import clean_text, text_or_empty

_SAID = read_patterns("pay_words.toml", re.I)
_TABLE = read_json("pay.json")
_SIGNS: dict[str, str] = _TABLE["signs"]
_CODES = frozenset(_TABLE["usd_per_unit"])
_PERIOD_WORDS: dict[str, str] = {word: period for period, words in _TABLE["periods"].items() for word in words}
_PER_YEAR: dict[str, float] = _TABLE["periods_per_year"]

_NUMBER = (
    r"\d{1,3}(?:[',.\u2019]\d{2,3})+(?:[.,]\d{1,2}(?!\d))?(?!\d)|\d{1,3}(?:, \d{3})+(?!\d)"
    r"|\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?:[.,]\d{1,2})?(?!\d)|\d+(?:[.,]\d+)?"
)
_SIGN = "|".join(re.escape(sign) for sign in sorted(_SIGNS, key=len, reverse=True))
_CODE = "|".join(sorted(_CODES))
_AMOUNT = re.compile(
    rf"(?P<sign>(?i:{_SIGN})|\b(?:{_CODE})\b)?\s{{0,2}}(?<![A-Za-z\d.])(?P<number>{_NUMBER})\s?(?P<unit>(?i:k|lakhs?|lacs?|lpa|m|mn|million|bn|billion|%)\b|%)?"
    rf"(?P<plus>\s?\+)?\s{{0,2}}(?P<after>(?:{_CODE})\b|(?:€|£|zł|Kč|kr\b)(?!\s?\d))?"
)
_PERIOD = re.compile(
    r"(?:/|(?<![a-z])per\b|(?<![a-z])an?\b|\beach\b|(?<![a-z])p[./]?|\b(?:pro|por|par|pr|al|za)\b\.?)\s{0,2}("
    + "|".join(sorted(_PERIOD_WORDS, key=len, reverse=True))
    + r")\b",
    re.I,
)
_PERIOD_ALONE = re.compile(
    r"\b(hourly|daily|weekly|monthly|yearly|annually|annual|annum|p\.?a\.?|ral|lpa|stündlich|täglich|wöchentlich"
    r"|monatlich|jährlich|mensual(?:es)?|mensuel(?:le)?s?|anual(?:es)?|annuel(?:le)?s?)\b",
    re.I,
)
_PERIOD_OF = {"h": "hour", "s": "hour", "d": "day", "t": "day", "w": "week", "m": "month"}
_UP_TO = re.compile(r"\b(?:up ?to|max(?:imum)?(?: of)?|bis(?: zu)?|no more than|as much as)\W{0,3}$", re.I)
_FROM = re.compile(r"\b(?:from|starting (?:at|from)|minimum(?: of)?|min|at least|ab|starts at)\W{0,3}$", re.I)
# "$25 an hour - $30", "£22 (ph) to £30"
_PER = r"\(?(?:/|per|an?|p/?)\s?(?:hour|hr|h|year|yr|annum|a|month|mo|week|wk|day)\b\.?\)?"
_JOIN = re.compile(
    rf"^\.?\s{{0,3}}(?:{_PER}\s{{0,2}})?(?:\(?(?:pa|p\.a\.?|ph)\)?)?\s{{0,2}}"
    r"(?:-|–|—|to|up to|bis|and|~|\.\.)\s{0,3}$",
    re.I,
)
_EXTRA = _SAID["extra"]
_AHEAD_ENDS = re.compile(r"[,+£$€;.–-]|\bplus\b|\bwith\b|\band\b|\bper\b|\bdepending\b", re.I)
# What may stand behind a "+" that leaves the upper end open; anything else is introduced by it.
_OPEN_END = _SAID["open_end"]
_GRADE = re.compile(
    r"\b(?:bands?|grades?|level|step|tier|spine|points?|afc|nhs|scale|class|year|month|hours?|no|aged?)\W{0,3}$", re.I
)
_RUPEES = re.compile(r"\b(?:rs|rupees|lacs?)\b", re.I)
_OTE = re.compile(r"\b(?:ote|on[- ]target|total (?:comp\w*|cash|rewards?))\b", re.I)
_BREAK = re.compile(r"[,;(]")
_BASE = re.compile(r"\bbase\b", re.I)
_PAY_WORD = _SAID["pay_word"]
_PASSAGE, _LABEL = 200, 110
_NEAR, _LONGEST_AMOUNT = 30, 30
_DIGIT = re.compile(r"\d")
_NEAR_AMOUNT = re.compile(
    rf"(?:(?i:{_SIGN})|\b(?:{_CODE})\b)\s?(?:{_NUMBER})(?:\s?[kK]\b)?|(?:{_NUMBER})(?:\s?[kK])?\s?(?:\b(?:{_CODE})\b|€|£|zł|(?i:lpa|lakhs?|euros?)\b)"
    rf"|(?!40[13]\s?\(?[kK])\d{{2,3}}(?:,\d{{3}}|[kK]\b)"
)
_AMOUNTS_END = re.compile(
    rf"(?:(?:{_SIGN}|\b(?:{_CODE})\b)?\s?(?:{_NUMBER})\s?(?:k\b|lpa|lakhs?)?(?:\.(?=\sto\s?[$£€]))?\s?"
    r"(?:/?\s?(?:hr|hour|yr|year|annually|per \w+|an? \w+))?[\s+]{0,2}"
    r"(?:usd|eur|gbp|-|–|—|to|and|up to|bis)?\s{0,2}){1,3}",
    re.I,
)
_LOWER_END = re.compile(r"(?<![\d.,$£€-])\d{2,3}\s?[-–]\s?$")
_LOWER_END_REACH = 8
_PAY_LINE = re.compile(r"\s*(?:pay|salary|compensation)\s?:\s?[$£€]", re.I)
_SIZE = re.compile(r"\s?(?:\+\s?)?(?:m\b|mm\b|mil|b\b|bn|bil|tril|\+? ?(?:million|billion))", re.I)
_PERIOD_BEHIND = _SAID["period_behind"]
_LABEL_PERIOD = re.compile(r"\b(hourly|daily|weekly|monthly|annual|yearly)\b", re.I)
_OTHER_UNIT = _SAID["other_unit"]
_LONE_RANGE = re.compile(
    rf"^\W{{0,4}}(?:{_CODE})?\s?[$£€]\s?\d{{2,3}}[,.]\d{{3}}(?:\.\d\d)?\s?(?:-|–|—|to)\s?[$£€]?\s?\d{{2,3}}[,.]\d{{3}}(?:\.\d\d)?\s?(?:{_CODE})?\W{{0,4}}$"
)
_BASE_BEHIND = re.compile(r"\W{0,4}(?:annual )?(?:base|salary|doe\b|d\.o\.e)")
# "Full-timePay: $33": a lost line break.
_GLUED_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])")
_BOUND_WORDS = _SAID["bound_words"]
_EXTRA_BEFORE = _SAID["extra_before"]
_EXTRA_BEHIND = _SAID["extra_behind"]
_NOT_PAY = _SAID["not_pay"]
_PLAUSIBLE = {
    "hour": (4, 1_000),
    "day": (30, 5_000),
    "week": (150, 25_000),
    "month": (500, 100_000),
    "year": (8_000, 2_000_000),
}
_NO_PAY = re.compile(r"^\s*(?:-1|n/?a|none|competitive|0(?:\.0)?\s*-\s*0(?:\.0)?.*)\s*$", re.I)
_MOST_CHARACTERS = 400
# What anybody is paid, trainees in poor countries among them; beyond it an amount or its unit is mistaken.
PLAUSIBLE_USD_A_YEAR = (500, 2_000_000)


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


def stated_salary(
    minimum: float | None, maximum: float | None, currency: str | None, period: str | None
) -> Salary | None:
    """The pay that a source states in fields of its own, or None where they cannot be meant as a time's pay.

    The currency may be a code or a sign, the period any word for one ("yearly", "per month").
    """
    ends = sorted(end for end in (minimum, maximum) if end)
    code = (currency or "").strip()
    code = _SIGNS.get(code.lower(), code.upper())
    words = re.findall(r"[^\W\d_]+", (period or "").lower())
    periods = [_PERIOD_WORDS.get(word) or _PERIOD_WORDS.get(word + "ly") for word in words]
    told = [name for name in periods if name]
    if not ends or not told or not re.fullmatch("[A-Z]{3}", code):
        return None
    salary = Salary(ends[0] if minimum else None, ends[-1] if maximum else None, code, told[-1])
    annual, (least, most) = salary.annual_usd, PLAUSIBLE_USD_A_YEAR
    return salary if annual is None or least <= annual <= most else None


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
    text = clean_text(text_or_empty(text)[:_MOST_CHARACTERS])
    if _NO_PAY.match(text) or not any(character.isdigit() for character in text):
        return None
    amounts = [amount for amount in _amounts(text) if amount.value > 0]
    amounts = _usable(text, amounts)
    if not amounts:
        return None
    return _salary(text, amounts, default_currency)


def find_salary(description: str, *, default_currency: str = "USD") -> Salary | None:
    """Pay stated in prose: an amount that the words around it call pay, plausible for its period. Never raises."""
    return text_salary(read_cues(clean_text(text_or_empty(description))), default_currency=default_currency)


def text_salary(cues: Cues, *, default_currency: str = "USD") -> Salary | None:
    """The first passage near a currency that states pay; a line headed "Pay:" outweighs what was said before."""
    seen, first = -1, None
    for position in cues.at("pay"):
        if position < seen:
            continue
        headed = _PAY_LINE.match(cues.text, cues.text.rfind("\n", 0, position) + 1)
        if first and not headed:
            continue
        found, seen = _pay_near(cues, position, default_currency)
        if found and headed:
            return found
        first = first or found
    return first


def _pay_near(cues: Cues, position: int, default_currency: str) -> tuple[Salary | None, int]:
    """The pay that the passage around a cue states, and where the passage's amounts end."""
    text = cues.text
    line_start = text.rfind("\n", 0, position) + 1
    line_end = text.find("\n", position)
    line_end = min(len(text) if line_end < 0 else line_end, position + _PASSAGE)
    # A currency's code stands behind both ends of a range, its sign before each.
    back = 40 if text[position] == " " else 12
    reach = max(line_start, position - back), min(line_end, position + _NEAR + _LONGEST_AMOUNT)
    amount = _NEAR_AMOUNT.search(text, *reach) if _DIGIT.search(text, *reach) else None
    if amount is None or amount.start() > position + _NEAR:
        return None, position + 1
    # "100-200k" has its unit at its end only.
    lower_end = _LOWER_END.search(text, max(line_start, amount.start() - _LOWER_END_REACH), amount.start())
    start = lower_end.start() if lower_end and "k" in amount[0].lower() else amount.start()
    # A label may stand on the line before: "Salary", then the amount.
    before = text[max(0, start - _LABEL) : start]
    lines = before.split("\n")
    label = _GLUED_WORDS.sub(" ", "\n".join(lines[-3:]) if len(lines[-1].strip()) < 25 else lines[-1])
    passage = text[start:line_end]
    end = start + (stop.end() if (stop := _AMOUNTS_END.match(passage)) else len(amount[0]))
    if _SIZE.match(text[amount.end() : amount.end() + 12]) or _EXTRA_BEFORE.search(label):
        return None, end
    behind = text[end : min(end + 40, line_end)].lower()
    per = _PERIOD_BEHIND.search(text[amount.end() : min(end + 25, line_end)].lower())
    called = _PAY_WORD.search(label) is not None
    if (_EXTRA_BEHIND.match(behind) and "+" not in text[amount.end() : end] and not (called and per)) or (
        _OTHER_UNIT.search(text[amount.end() : min(end + 30, line_end)].lower())
    ):
        return None, end
    is_pay = called or (per is not None and not _NOT_PAY.search(label)) or _BASE_BEHIND.match(behind) is not None
    # A line that is nothing but a range of yearly amounts is pay as well.
    if not is_pay and not _LONE_RANGE.match(text[line_start:line_end]):
        return None, end
    prefix = _BOUND_WORDS.search(text[max(line_start, start - 40) : start])
    # "The monthly salary is $5,000": the period may stand in the label only.
    if per is None and (named := _LABEL_PERIOD.findall(label)):
        passage = f"{passage[: end - start]} {named[-1]}"
    found = parse_salary((prefix[0] if prefix else "") + passage[: _PASSAGE - 40], default_currency=default_currency)
    if found is None:
        return None, end
    low, high = _PLAUSIBLE[found.period]
    rate = float(_TABLE["usd_per_unit"].get(found.currency, 1.0))
    ends = [value * rate for value in (found.minimum, found.maximum) if value is not None]
    if any(not low <= value <= high for value in ends):
        return None, end
    return found, end


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
        after = text[amount.end : amount.end + 28]
        ahead = _AHEAD_ENDS.split(after)[0]
        bare = not (amount.currency or amount.unit)
        if bare and amount.value in range(10) and not _JOIN.match(text[amount.end : _next(amounts, number)]):
            continue
        if bare and _GRADE.search(before):
            continue
        if _EXTRA.search(before[-40:]) and not _BASE.search(before[-40:]):
            continue
        introduces = re.match(r"[^£$€]{0,26}[£$€]", after)
        if _EXTRA.search(ahead) and not _BASE.search(ahead) and not amount.plus and not introduces:
            continue
        kept.append(amount)
    base = [
        amount
        for amount in kept
        if _BASE.search(text[max(0, amount.start - 25) : amount.start] + _BREAK.split(text[amount.end :], 1)[0][:12])
    ]
    if base and any(_OTE.search(text[max(0, a.start - 25) : a.end + 12]) for a in kept):
        return base
    return kept


def _next(amounts: list[_Amount], number: int) -> int:
    return amounts[number + 1].start if number + 1 < len(amounts) else amounts[number].end


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
    currency = currency or ("INR" if lpa or _RUPEES.search(text) else default_currency)
    if minimum > maximum:
        minimum, maximum = maximum, minimum
    if minimum < 1_000 <= 10_000 <= maximum and minimum * 1_000 <= maximum * 1.2:
        # "£30 - £35,000" is meant in thousands at both ends.
        minimum *= 1_000
    period = _period(text, (high or low).end, maximum, yearly=bool(lpa))
    if period == "year" and maximum < 1_000:
        period = "hour" if maximum < 200 else None
    elif period == "hour" and minimum >= 5_000:
        period = "year"
    if period is None or maximum < 2:
        return None
    before = text[: low.start]
    if high is None and _UP_TO.search(before):
        return Salary(None, maximum, currency, period)
    if high is None and (_FROM.search(before) or (low.plus and _OPEN_END.match(text[low.end :]))):
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
        return _PERIOD_OF.get(alone[1][0].lower(), "year")
    if amount < 200:
        return "hour"
    return "year" if amount >= 10_000 else None
