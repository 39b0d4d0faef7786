"""Amounts of money in a text: numbers with their currency and unit, as the world writes them."""

import re
from dataclasses import dataclass

from jobfinder_assets.cleaning.pay import CODES, CURRENCY_NAMES, SIGNS, TABLE, usd_for

UNITS: dict[str, int] = TABLE["units"]
NUMBER = (
    r"\d{1,3}(?:[',.\u2019]\d{2,3})+(?:[.,]\d{1,2}(?!\d))?(?!\d)|\d{1,3}(?:, \d{3})+(?!\d)"
    r"|\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?:[.,]\d{1,2})?(?!\d)|\d+(?:[.,]\d+)?"
)
SIGN = "|".join(re.escape(sign) for sign in sorted(SIGNS, key=len, reverse=True))
CODE = "|".join(sorted(CODES))
WORD = "|".join(sorted(TABLE["currency_words"], key=len, reverse=True))
# South Africa's "R45 000", but not "R 3.6".
RAND = r"\bR(?=\s?\d{1,3}(?:[ ,]\d{3}|k\b))"
_SOLES = r"(?<![A-Za-z])S/\.?"
# "T€" is a thousand euros, "6L" six lakhs; where words have no spaces, nothing ends a unit.
_UNSPACED = {unit for unit in UNITS if "\u3040" < unit[0] < "\ud7b0"}
UNIT = (
    rf"(?:(?i:{'|'.join(sorted(UNITS.keys() - {'t', 'l'} - _UNSPACED, key=len, reverse=True))})"
    rf"(?![A-Za-z\d\u00c0-\u024f])\.?|T(?=\s?(?:€|EUR))|L\b|{'|'.join(_UNSPACED)})"
)
AMOUNT = re.compile(
    rf"(?:\b(?P<code>{CODE})\s?(?=[$£€¥₹]))?"
    # A number that stands behind letters is part of a word, unless these are the currency's.
    rf"(?:(?P<sign>(?i:{SIGN})|\b(?:{CODE}|(?i:{WORD}|kr))(?:\b\.?|(?=\d))|{RAND}|{_SOLES})\s{{0,2}}|(?<![A-Za-z\d.]))"
    rf"(?P<number>{NUMBER})\s?(?P<unit>{UNIT}|(?i:m|mn|million|bn|billion)\b|%)?"
    rf"(?P<plus>\s?\+)?(?:,[-–])?\s{{0,2}}(?P<after>(?:{CODE}|(?i:{WORD}))(?:\b|(?=/))|\$ ?(?:CA|US|AU|NZ)\b"
    r"|(?<=,\d{3}\s)(?i:pounds)\b|Ft\b|(?:[€£₹₽₴₺₸₾₩₫₪₦฿円元원]|zł|Kč|kr\b|\$)(?!\s?\d))?"
)
# "64 000 $ CA", "40,000 pounds"
_BEHIND: dict[str, str] = TABLE["words_behind"]
# "¥8M" is a year's pay, "$8M" none.
_SMALL_UNIT = 0.01


@dataclass(frozen=True)
class Amount:
    """value: in whole units of the currency; unit: "k", "lpa" and the like, "" none; plus: a "+" stands behind it;
    start, end: where it stands; in_some_dollars: "$" alone says the currency."""

    value: float
    currency: str | None
    unit: str
    plus: bool
    start: int
    end: int
    in_some_dollars: bool


def amounts_in(text: str) -> list[Amount]:
    """All amounts of a text and all its other numbers, in order."""
    found = []
    for match in AMOUNT.finditer(text):
        unit = (match["unit"] or "").lower().rstrip(".")
        value = value_of(match["number"], unit)
        sign, after = match["sign"], match["after"]
        currency = match["code"] or (_currency(sign, text, match.start()) if sign else None)
        if after:
            word = after.lower().lstrip("$ ") or after
            currency = _BEHIND.get(word) or CURRENCY_NAMES.get(word, after)
        is_plan = unit == "k" and match["number"] in ("401", "403")
        # "10 L" are litres but of rupees.
        is_volume = unit == "l" and currency != "INR"
        if unit == "m" and currency and usd_for(currency) < _SMALL_UNIT:
            value = value_of(match["number"], "")
            value = value and value * 1_000_000
        if value is not None and not is_plan and not is_volume:
            bare = "$" in (sign, after) and not match["code"]
            found.append(Amount(value, currency, unit, bool(match["plus"]), match.start(), match.end(), bare))
    return found


def value_of(number: str, unit: str) -> float | None:
    """What is written as `number` in units of `unit`, or None where that is no unit of pay."""
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
    if unit == "k" and value >= 10_000:
        return value
    return value * UNITS[unit] if unit in UNITS else None if unit else value


def _currency(sign: str, text: str, start: int) -> str | None:
    # "San Mateo, CA$80/hour": the state before the sign is no currency.
    if sign.upper() == "CA$" and re.search(r",\s?$", text[:start]):
        return "USD"
    if sign.startswith("S/"):
        return "PEN"
    return "ZAR" if sign == "R" else CURRENCY_NAMES.get(sign.lower().rstrip("."), sign)
