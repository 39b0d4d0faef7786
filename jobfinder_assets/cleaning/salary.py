"""The pay that a salary field states: which of its amounts are the ends of the base pay (CONVENTIONS, "Pay")."""

import re
import unicodedata
from functools import lru_cache
from itertools import pairwise

from jobfinder_assets.cleaning.lexicon import read_lines
from jobfinder_assets.cleaning.pay import CODES, PAY_WORDS, SIGNS, TABLE, Salary, usd_for
from jobfinder_assets.cleaning.pay_amounts import CODE, UNITS, Amount, amounts_in
from jobfinder_assets.cleaning.pay_periods import PER, PERIOD, PERIOD_ALONE, period_of
from jobfinder_assets.cleaning.text import clean_text, text_or_empty

_MOST_CHARACTERS = 400
_NO_PAY = re.compile(r"^\s*(?:-1|n/?a|none|competitive|(?:tel|phone|fax)\b.*|0(?:\.0)?\s*-\s*0(?:\.0)?.*)\s*$", re.I)
# "$85,OOO"; "110000;140000;USD", two columns of an export.
_LETTERS_FOR_ZEROS = re.compile(r"(?<=\d[.,])OOO\b")
_TWO_CELLS = re.compile(r"\b(\d{4,7})[;,](\d{4,7})\b")
# "$95,,000", "$70 ,000"
_SPARE_MARK = re.compile(r"(?<=\d)(?:,,| ,)(?=\d{3}(?!\d))")
_TWO_POINTS = re.compile(r"(?<=[$£€]\d\d)\.\.(?=\d\d(?!\d))")
# "+44 20 7946 0123", "12/03/2024", "2024-03-12": numbers that are no amounts wherever they stand.
_NO_AMOUNT = re.compile(
    r"\+\d{1,3}(?:[ ().-]{1,2}\d{2,5}){2,5}|\b\d{1,2}([/.-])\d{1,2}\1(?:19|20)\d\d\b|\b20\d\d-\d\d-\d\d\b"
)
# "salary_min=70000&salary_max=90000&currency=GBP", {"minValue": 18.5, "maxValue": 22, "unitText": "HOUR"}
_FIELD = re.compile(
    r"\b(?:salary_?)?(min|max|currency|interval|period|unit)(?:imum)?_?(?:value|salary|amount|code|text)?[\"']?\s?[:=]"
    r"\s?[\"']?(\d[\d.,]*\d|\d|[a-z]+)",
    re.I,
)

# What opens an end of the range, before the amount or behind it.
UP_TO, FROM = (re.compile(PAY_WORDS[name], re.I) for name in ("up_to", "from"))
LOWEST, HIGHEST = (re.compile(PAY_WORDS[name], re.I) for name in ("lowest", "highest"))
_UP_TO_BEHIND, _FROM_BEHIND = (re.compile(PAY_WORDS[name], re.I) for name in ("up_to_behind", "from_behind"))
# What may stand behind a "+" that leaves the upper end open; anything else is introduced by it.
_OPEN_END = re.compile(PAY_WORDS["open_end"], re.I)
BOUND_REACH = 60
_JOIN = re.compile(
    rf"^(?:\.|,[-–])?\s{{0,3}}(?:{PER}\s{{0,2}})?(?:\(?(?:pa|p\.a\.?|ph|min(?:imum)?)\)?)?\s{{0,2}}"
    rf"(?:{PAY_WORDS['joiner']})\s{{0,3}}$",
    re.I,
)
_DASH = re.compile(r"\s?(?:-|–|—|to)\s?", re.I)
_MIDDLE = re.compile(r"\bmid(?:point|dle)?\W{0,3}$", re.I)
# A number that is so much less than the upper end belongs to something else.
WIDEST = 6

# What an amount is of, when it is not of the pay.
_EXTRA = re.compile(PAY_WORDS["extra"], re.I)
_AHEAD_ENDS = re.compile(
    r"[,+&£$€;.–]|(?<!sign)-|\b(?:plus|with|and|per|depending|zuzüglich|zzgl|sowie|(?:not )?(?:ex|in)cluding)\b", re.I
)
_ALLOWANCE = re.compile(rf"\s*{PER}(?<!\.)\s(?:(?!incl|excl|plus|with)[a-z-]+\s){{0,3}}(?:allowance|stipend)\b", re.I)
_PART_ENDS = re.compile(r"[!;|]|\.\s")
_INTRODUCES = re.compile(r"[^£$€!;|]{0,26}[£$€]")
# What a number without currency and unit is, when it is no amount.
_GRADE = re.compile(
    r"\b(?:bands?|grades?|gs|entgeltgruppe(?: eg?)?|level|step|tier|spine|points?|afc|nhs|scale|class|year|month|hours?"
    r"|no|aged?)\W{0,3}$",
    re.I,
)
_IDENTIFIER = re.compile(
    r"\b(?:id|ref|req|requisition|code|zip|plz|postcode|nr|number|job)\W{0,3}(?:[A-Z]{1,3}-)?$", re.I
)
# "25 days holiday", "€50 per month home office allowance"
_COUNTS = re.compile(
    r"[\s-]*(?:(?:hours|hrs|days|weeks|months|years|yrs|shifts|std|stunden|wochenstunden|tage|uur|uren|heures|jours|horas"
    r"|d[ií]as|giorni|timmar|timer|godzin|hodin)\b|months?\W(?:fixed|contract|ftc|temp)"
    # "13 salaries a year"
    r"|(?:salaries|salários|gehälter|monatsgehälter|mensilità|mensualités|pagas|payments)\b)"
    # "80 - 100 %"
    r"|\s?(?:-|–|—|to\b|bis\b)\s?\d[\d.,]*\s?%",
    re.I,
)
# "10115 Berlin"
_TOWN = re.compile(r"\s(?:[A-ZÄÖÜ][a-zäöüß]+[ -]?){1,3}$")
_LETTERS = re.compile(r"[^\W\d_]+")
# What may stand beside a number that says nothing but how much.
_OF_NUMBERS = frozenset(read_lines("beside_pay.txt"))

# The base pay of on-target earnings.
OTE = re.compile(r"\b(?:ote|on[- ]target(?: earnings)?|total (?:comp\w*|cash|rewards?))\b", re.I)
OTE_REACH = 25
_BASE = re.compile(r"\bbas(?:e|ic)\b", re.I)
_ANOTHER_PART = re.compile(PAY_WORDS["another_part"], re.I)

# Whose money it is.
_RUPEES = re.compile(r"\b(?:rs|rupees|lacs?)\b", re.I)
_LAKHS = re.compile(r"\b(?:lpa|lakhs?|cr|crores?)\b", re.I)
_DOLLARS: dict[str, str] = TABLE["dollars"]
CODE_AHEAD = re.compile(rf"\b({CODE})\b\)?\W{{0,3}}$")
_CODE_BESIDE = re.compile(rf"\b({CODE})\b")
# "$62 - $68/hr (CAD)", "$90,000 p.a. plus 17% super (AUD)": the code stands behind the period.
_CODE_BEHIND = re.compile(
    rf"\s?(?:{PER}|p\.?[ah]\b\.?|hourly|annually|yearly|monthly)(?<![a-z]{{2}}\.)(?: inc\.?)?"
    rf"(?:\s?(?:\+|\bplus\b)[^\n(.,;$£€]{{1,25}}(?=\())?\s?\(?\b({CODE})\b(?!\s?[$\d])",
    re.I,
)
# "All amounts are in Canadian dollars."
_STATED_IN = re.compile(rf"(?:{PAY_WORDS['amounts_stated']}) in ({CODE}|{'|'.join(_DOLLARS)})\b", re.I)
_STATED_REACH = 120


def parse_salary(text: str, *, default_currency: str = "USD") -> Salary | None:
    """The pay that a salary field states, or None where it states none. Never raises."""
    return read_pay(text, default_currency)[0]


@lru_cache(maxsize=16_384)
def read_pay(text: str, default_currency: str) -> tuple[Salary | None, int]:
    """The pay, and where in the text its first amount begins."""
    text = _mended(clean_text(text_or_empty(text)[:_MOST_CHARACTERS]))
    if _NO_PAY.match(text) or not any(character.isdigit() for character in text):
        return None, 0
    amounts = _of_the_pay(text, [amount for amount in amounts_in(text) if amount.value > 0])
    if not amounts or _speaks_of_others(text, amounts):
        return None, 0
    low, high = _ends(text, amounts)
    return _salary(text, low, high, default_currency), low.start


def _mended(text: str) -> str:
    """The field as it is meant: typing errors, cells and fields of an export; without dates and telephone numbers."""
    text = _TWO_CELLS.sub(r"\1 - \2", _SPARE_MARK.sub(",", _LETTERS_FOR_ZEROS.sub("000", text)))
    return _from_fields(_NO_AMOUNT.sub(" ", _TWO_POINTS.sub(".", text)))


def _from_fields(text: str) -> str:
    """Names and values that a scraper left of an export, as a person would write them."""
    if ":" not in text and "=" not in text:
        return text
    said = {name.lower(): value for name, value in _FIELD.findall(text)}
    unit = next((said[name] for name in ("unit", "interval", "period") if name in said), None)
    if not {"min", "max"} <= said.keys() or "currency" not in said:
        return text
    return f"{said['currency'].upper()} {said['min']} - {said['max']}" + (f" per {unit.lower()}" if unit else "")


def _of_the_pay(text: str, amounts: list[Amount]) -> list[Amount]:
    """Without amounts that are a bonus, an allowance, revenue, and without mere numbers; base pay before OTE."""
    kept: list[Amount] = []
    for number, amount in enumerate(amounts):
        start = amounts[number - 1].end if number else 0
        end = amounts[number + 1].start if number + 1 < len(amounts) else amount.end
        joined = bool(kept) and kept[-1] is amounts[number - 1] and _JOIN.match(text[start : amount.start]) is not None
        if not (
            _is_a_number_only(text, amount, start, end)
            or _MIDDLE.search(text[start : amount.start])
            or _ALLOWANCE.match(text, amount.end)
            or _is_extra(text, amount, start, lower_end=kept[-1] if joined else None)
        ):
            kept.append(amount)
    return _base_of(text, kept)


def _is_a_number_only(text: str, amount: Amount, start: int, end: int) -> bool:
    """A count, a grade, an identifier; `start` and `end` are where the amounts beside it end and begin."""
    if amount.currency or amount.unit:
        return False
    before = text[start : amount.start]
    if amount.value in range(10) and not _JOIN.match(text[amount.end : end]):
        return True
    return bool(
        _GRADE.search(before)
        or _IDENTIFIER.search(before)
        or _is_postcode(text, amount)
        or _COUNTS.match(text[amount.end : amount.end + 28])
    )


def _is_extra(text: str, amount: Amount, start: int, *, lower_end: Amount | None) -> bool:
    """A bonus, an allowance, revenue; not where it is joined to `lower_end` as the upper end of a range."""
    before, after = text[start : amount.start], text[amount.end : amount.end + 28]
    beside = _PART_ENDS.split(before)[-1][-40:]
    if _EXTRA.search(beside) and not _BASE.search(beside) and lower_end is None:
        return True
    ahead = _AHEAD_ENDS.split(after)[0]
    if not _EXTRA.search(ahead) or _BASE.search(ahead) or amount.plus or _INTRODUCES.match(after):
        return False
    return not (lower_end and lower_end.value < amount.value and _DASH.fullmatch(before))


def _is_postcode(text: str, amount: Amount) -> bool:
    """Five digits and nothing but the town behind them."""
    behind = text[amount.start + 5 :]
    return (
        re.fullmatch(r"\d{5}", text[: amount.start + 5]) is not None
        and _TOWN.match(behind) is not None
        and not any(word.lower() in _OF_NUMBERS for word in _LETTERS.findall(behind))
    )


def _base_of(text: str, amounts: list[Amount]) -> list[Amount]:
    """The base pay, where on-target earnings stand beside it; else all."""
    if len(amounts) < 2 or not any(OTE.search(text[max(0, a.start - OTE_REACH) : a.end + 12]) for a in amounts):
        return amounts
    marked = any(amount.currency or amount.unit for amount in amounts)
    base, last = [], 0
    for amount in amounts:
        # The amount may have taken the line break behind it.
        behind = text[len(text[: amount.end].rstrip()) :]
        around = text[max(last, amount.start - OTE_REACH) : amount.start] + _ANOTHER_PART.split(behind, 1)[0][:12]
        base.append(_BASE.search(around) is not None and bool(amount.currency or amount.unit or not marked))
        last = amount.end
    # "base $80,000 - $90,000", "$80,000 - $90,000 base": the word stands beside one end only.
    for number, (low, high) in enumerate(pairwise(amounts)):
        if _DASH.fullmatch(text[low.end : high.start]):
            base[number] = base[number + 1] = base[number] or base[number + 1]
    return [amount for amount, is_base in zip(amounts, base, strict=True) if is_base] or amounts


def _speaks_of_others(text: str, amounts: list[Amount]) -> bool:
    """Small numbers alone, beside words that are not of pay: "from 10 am", "all 50 states"."""
    if (
        any(amount.currency or amount.unit or amount.value >= 1_000 for amount in amounts)
        or PERIOD.search(text)
        or PERIOD_ALONE.search(text)
    ):
        return False
    return any(word.lower() not in _OF_NUMBERS for word in _LETTERS.findall(text))


def _ends(text: str, amounts: list[Amount]) -> tuple[Amount, Amount | None]:
    """The first range that has a sign, code or unit at either end; else the first such amount; else the first."""
    marked = [bool(amount.currency or amount.unit) for amount in amounts]
    for number, (low, high) in enumerate(pairwise(amounts)):
        joined = _joined(text, low, high)
        if joined and number + 2 < len(amounts) and marked[number + 2]:
            # "60,000 - 70,000 - 80,000 USD": the midpoint is stated as well.
            top = amounts[number + 2]
            if low.value < high.value < top.value <= WIDEST * low.value and _DASH.fullmatch(text[high.end : top.start]):
                return low, top
        if joined and (marked[number] or marked[number + 1] or not any(marked)):
            return low, high
        if marked[number]:
            return low, None
    return next((amount for amount, mark in zip(amounts, marked, strict=True) if mark), amounts[0]), None


def _joined(text: str, low: Amount, high: Amount) -> bool:
    """Whether two amounts are the ends of one range: "1 - 2", "minimum 1, maximum 2"."""
    if _JOIN.match(text[low.end : high.start]):
        return True
    named = HIGHEST.search(text, max(low.end, high.start - BOUND_REACH), high.end)
    return named is not None and LOWEST.search(text[max(0, low.start - BOUND_REACH) : low.start]) is not None


def _salary(text: str, low: Amount, high: Amount | None, default_currency: str) -> Salary | None:
    """The pay of one amount or of the two ends of a range; None where its currency or its period is unknown."""
    last = high or low
    is_lpa = "lpa" in (low.unit, last.unit)
    in_lakhs = is_lpa or _LAKHS.search(text) is not None
    currency, in_some_dollars = _currency(text, low, last)
    if (currency and currency not in CODES) or (not currency and _has_unknown_sign(text, low, last)):
        return None
    currency = currency or ("INR" if in_lakhs or _RUPEES.search(text) else default_currency)
    minimum, maximum = _values(low, high)
    # "₹2.5 lakh/month"
    is_yearly = in_lakhs and (is_lpa or not PERIOD.match(text, last.end))
    period = "year" if is_yearly else period_of(text, last.end, maximum)
    if period == "year" and maximum < 1_000:
        period = "hour" if maximum < 200 else None
    elif period == "hour" and minimum * min(1, usd_for(currency)) >= 5_000:
        period = "year"
    if period is None or maximum < 2:
        return None
    opens_below, opens_above = _opens(text, low) if high is None else (False, False)
    return Salary(None if opens_below else minimum, None if opens_above else maximum, currency, period, in_some_dollars)


def _currency(text: str, low: Amount, last: Amount) -> tuple[str | None, bool]:
    """The currency that is said, and whether "$" alone says it."""
    if code := _CODE_BESIDE.search(text[max(0, low.start - 5) : last.end + 6]):
        return code[1], False
    currency = low.currency or last.currency
    if currency != "USD":
        return currency, False
    # Whose dollars they are may be said only behind the period, or in a sentence that follows.
    behind = _CODE_BEHIND.match(text, last.end) or _STATED_IN.search(text, last.end, last.end + _STATED_REACH)
    if behind:
        return _DOLLARS.get(behind[1].lower(), behind[1].upper()), False
    return currency, low.in_some_dollars or last.in_some_dollars


def _has_unknown_sign(text: str, low: Amount, last: Amount) -> bool:
    """A currency's sign that no table knows stands beside the amounts: what is unknown stays unknown."""
    around = text[max(0, low.start - 2) : low.start] + text[last.end : last.end + 2]
    return any(unicodedata.category(character) == "Sc" and character not in SIGNS for character in around)


def _values(low: Amount, high: Amount | None) -> tuple[float, float]:
    """Lower and upper end in whole units."""
    minimum, maximum = low.value, high.value if high else low.value
    # A unit given once holds for both ends.
    if high and not low.unit and high.unit and minimum < 1000:
        minimum *= UNITS[high.unit]
    if high and low.unit and not high.unit and maximum < 1000:
        maximum *= UNITS[low.unit]
    minimum, maximum = sorted((minimum, maximum))
    if minimum < 1_000 <= 10_000 <= maximum and minimum * 1_000 <= maximum * 1.2:
        # "£30 - £35,000" is meant in thousands at both ends.
        minimum *= 1_000
    return minimum, maximum


def _opens(text: str, amount: Amount) -> tuple[bool, bool]:
    """Whether the lower, and whether the upper end is left open: "up to", "from", "50k+"."""
    before = CODE_AHEAD.sub("", text[: amount.start][-BOUND_REACH:])
    if UP_TO.search(before) or _UP_TO_BEHIND.match(text, amount.end):
        return True, False
    is_least = FROM.search(before) or _FROM_BEHIND.match(text, amount.end)
    return False, bool(is_least or (amount.plus and _OPEN_END.match(text[amount.end :])))
