"""Pay stated in prose: an amount near a currency that the words around it call pay, read as a salary field is."""

import re
from dataclasses import dataclass
from functools import cached_property

from jobfinder_assets.cleaning.cues import Cues, read_cues
from jobfinder_assets.cleaning.pay import PAY_WORDS, PLAUSIBLE_USD_A_YEAR, TABLE, Salary, usd_for
from jobfinder_assets.cleaning.pay_amounts import AMOUNT, CODE, NUMBER, RAND, SIGN, UNIT, WORD, value_of
from jobfinder_assets.cleaning.pay_periods import HOURS, PERIOD_ALONE, without_hours
from jobfinder_assets.cleaning.salary import (
    BOUND_REACH,
    CODE_AHEAD,
    FROM,
    HIGHEST,
    LOWEST,
    OTE,
    OTE_REACH,
    UP_TO,
    WIDEST,
    read_pay,
)
from jobfinder_assets.cleaning.text import clean_text, text_or_empty

# So many characters are looked at: of a passage and of it as a salary field, before its amounts, from a cue to an
# amount, behind the amounts for what they are of, for their period and for another unit.
_PASSAGE, _READ, _LABEL = 200, 160, 110
_NEAR, _LONGEST_AMOUNT = 30, 30
_BEHIND, _FAR_BEHIND, _PERIOD_REACH, _UNIT_REACH = 40, 50, 25, 30
_DIGIT = re.compile(r"\d")
_NEAR_AMOUNT = re.compile(
    rf"(?:(?i:{SIGN})|\b(?:{CODE})\b|\b(?i:{WORD})\b\.?|{RAND})\s?(?:{NUMBER})(?:\s?[kK]\b)?"
    rf"|(?<![\d.,])(?:{NUMBER})(?:\s?[kKT])?\s?(?:\b(?:{CODE})\b|(?:[€£$₹₽₴₺₸₾₩₫₦฿]|zł|Kč)(?!\s?\d)|(?i:lpa|lakhs?|lacs?|crores?|{WORD})\b)"
    rf"|(?<![\d.,])(?!40[13]\s?\(?[kK])\d{{2,3}}(?:,\d{{3}}|[kK]\b)"
)
_AMOUNTS_END = re.compile(
    rf"(?:(?:(?:\b(?:{CODE})\s?)?(?:{SIGN})|\b(?:{CODE}|{WORD})\b\.?|\bR)?\s?"
    rf"(?:{NUMBER})(?![.,]?\d|\s?%)\s?(?:{UNIT})?(?:\.(?=\sto\s?[$£€]))?\s?"
    rf"(?:,[-–](?!\d))?(?:[€₹₽₴₺₸₾₩₫₪₦฿]|zł|Kč|\$(?!\s?\d)|(?:{CODE}|{WORD})\b)?\s?"
    r"(?:/?\s?(?:hr|hour|yr|year|hourly|daily|weekly|monthly|annually|yearly|per \w+|an? (?!\d)\w+))?[\s+]{0,2}"
    # "and a bonus" joins no amounts.
    rf"(?:(?:usd|eur|gbp|(?:{PAY_WORDS['joiner']})(?=\s{{0,2}}(?:[a-z]{{0,4}}[.$]?\s?)?[$£€₹\d]))(?![a-z]))?\s{{0,2}}){{1,3}}",
    re.I,
)
_LOWER_END = re.compile(
    rf"(?<![\w.,$£€-])(?P<number>{NUMBER})\s?(?P<unit>{UNIT})?\s?(?:{PAY_WORDS['joiner']})\s{{0,2}}$", re.I
)
_LOWER_END_REACH = 20
_BASE_LINE = re.compile(r"\n{1,2}\W{0,3}bas(?:e|ic)\b[^\n]{0,80}", re.I)
_SENTENCE_ENDS = re.compile(r"(?<!\bmin)(?<!\bmax)[.!?]\s", re.I)
# "Full-timePay: $33": a lost line break.
_GLUED_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])")

# What calls an amount pay, before it and behind it.
_PAY_LINE = re.compile(r"\s*(?:pay|salary|compensation)\s?:\s?[$£€₹\d]", re.I)
_PAY_WORD = re.compile(PAY_WORDS["pay_word"])
_PAY_BEHIND = re.compile(PAY_WORDS["pay_behind"], re.I)
_PERIOD_BEHIND = re.compile(PAY_WORDS["period_behind"])
_YEARLY = r"\d{2,3}(?:[,.]\d{3}(?:\.\d\d)?|[kK])"
_YEARLY_SIZE = re.compile(_YEARLY)
_YEARLY_RANGE = re.compile(
    rf"(?:{CODE})?\s?[$£€]\s?(?:{_YEARLY}\s?(?:-|–|—|to|and)\s?[$£€]?\s?{_YEARLY}|\d{{2,3}}\s?[-–—]\s?\d{{2,3}}[kK])"
    r"(?![\d.,]*\d)(?!\+?\s(?:additional|extra|each|for each)\b)",
    re.I,
)
_LONE_AMOUNT = re.compile(
    rf"(?:{CODE})?\s?[$£€]\s?{_YEARLY}(?!\s?(?:-|–|—|to)\s?[$£€]?\d)\s?(?:{CODE})?(?={PAY_WORDS['own_line']})", re.I
)
_FROM_BEGINS = re.compile(r"(?:^|\||[.!?]\s)\W{0,4}from\s$", re.I)
# The first cell, or behind one that says how one works: behind "Turnover" it is of something else.
_CELL_BEGINS = re.compile(
    r"(?:^|\b(?:hours?|days?|time|permanent|contract|fte|remote|hybrid|on-?site|flexible)[^\w|]{0,3}\|)\W{0,4}$", re.I
)

# What calls it something else.
_SIZE = re.compile(r"\s?(?:\+\s?)?(?:m\b|mm\b|mil|b\b|bn|bil|tril|\+? ?(?:million|billion))", re.I)
# "6 lakh rides each day"
_COUNTED = re.compile(r"(?:lakhs?|crores?) (?!rupees)[a-z]+s\b", re.I)
_EXTRA_BEFORE, _EXTRA_BEHIND = re.compile(PAY_WORDS["extra_before"]), re.compile(PAY_WORDS["extra_behind"])
_OTHER_UNIT = re.compile(PAY_WORDS["other_unit"])
_NOT_PAY, _OF_NO_PAY = re.compile(PAY_WORDS["not_pay"]), re.compile(PAY_WORDS["of_no_pay"])

_PLAUSIBLE = {
    "hour": (4, 1_000),
    "day": (30, 5_000),
    "week": (150, 25_000),
    "month": (500, 100_000),
    "year": (8_000, 2_000_000),
}
# Where pay is low, so much of the lower bound: no less than `PLAUSIBLE_USD_A_YEAR`.
_LOW_PAY, _LOW_PAY_SHARE = frozenset(TABLE["low_pay"]), 1 / 3


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
        passage = _passage_at(cues, position)
        found = passage.salary(default_currency) if passage else None
        seen = passage.end if passage else position + 1
        if found and headed:
            return found
        first = first or found
    return first


@dataclass(frozen=True)
class _Passage:
    """A line, or what of it is near, with amounts in it.

    line_start, line_end: of the line; start, end: of its amounts; first: of the first of them that has a currency;
    label: what stands before them, in lower case; names_both_ends: "Minimum: … Maximum: …".
    """

    text: str
    lower: str
    line_start: int
    line_end: int
    start: int
    end: int
    first: tuple[int, int]
    label: str
    names_both_ends: bool

    def salary(self, default_currency: str) -> Salary | None:
        """The pay that the passage states."""
        if not self._may_be_pay or not self._is_pay:
            return None
        prefix, quoted = self._prefix, self._quoted
        found, at = read_pay(prefix + quoted[:_READ], default_currency)
        # The amount that the label speaks of, not a later one; but the base pay behind OTE.
        if found is None or (at > len(prefix) + 1 and not OTE.search(prefix + quoted)):
            return None
        return found if _is_plausible(found, least=PLAUSIBLE_USD_A_YEAR[0] if self._in_lpa else None) else None

    @cached_property
    def _in_lpa(self) -> bool:
        """Lakhs a year, as is said of nothing but pay."""
        return "lpa" in self.lower[self.start : self.end]

    @cached_property
    def _behind(self) -> str:
        """What stands behind the first amount, be it the other end of the range."""
        return self.lower[self.first[1] : min(self.end + _FAR_BEHIND, self.line_end)]

    @cached_property
    def _period(self) -> re.Match[str] | None:
        """The period that is said behind the first amount, in `_behind`."""
        reach = self.end + _PERIOD_REACH - self.first[1]
        period = _PERIOD_BEHIND.search(self._behind[:reach])
        if (
            period
            and _YEARLY_SIZE.search(self.text, self.start, self.end)
            and self.first[1] + period.start() > self._own_end
        ):
            return None
        if period and HOURS.search(self._behind):
            return _PERIOD_BEHIND.search(without_hours(self._behind)[:reach])
        return period

    @cached_property
    def _own_end(self) -> int:
        """Where what is said of the amounts may end: before a later amount, but for OTE's, or a sentence."""
        around = self.end, self.line_end
        later = None if OTE.search(self.text, *around) else _NEAR_AMOUNT.search(self.text, *around)
        ends = (later, _SENTENCE_ENDS.search(self.text, *around))
        return min((match.start() for match in ends if match), default=self.line_end)

    @cached_property
    def _is_called_pay(self) -> bool:
        # "Paid at 90 days" above says nothing of what "we spent $140,000" on.
        before = self.lower[self.line_start : self.start]
        said = before[-_LABEL:] if _NOT_PAY.search(before) else self.label
        return self._in_lpa or _PAY_WORD.search(said) is not None

    @cached_property
    def _is_called_pay_behind(self) -> bool:
        return _PAY_BEHIND.match(self.text, self.end, self.line_end) is not None

    @cached_property
    def _is_range_of_pay(self) -> bool:
        """A range of yearly amounts, alone of its kind: several are those of levels or zones."""
        return (
            _YEARLY_RANGE.match(self.text, self.start) is not None
            and not (_NOT_PAY.search(self.label) or _OF_NO_PAY.search(self.label))
            and not _YEARLY_RANGE.search(self.text, self.end, self.end + _PASSAGE)
            and not _YEARLY_RANGE.search(self.text, max(0, self.start - _PASSAGE), self.start)
        )

    @property
    def _may_be_pay(self) -> bool:
        """Nothing calls the amounts something else: revenue, a bonus, a price for each of something."""
        text, (begins, ends) = self.text, self.first
        if not self._in_lpa and (_SIZE.match(text[ends : ends + 12]) or _EXTRA_BEFORE.search(self.label)):
            return False
        if text[begins].isdigit() and _COUNTED.search(text, begins, ends + 20):
            return False
        if self._is_extra:
            return False
        other = _OTHER_UNIT.search(self._behind[: self.end + _UNIT_REACH - ends])
        # "$25 an hour as a course instructor": the first unit is that of the amount.
        return not other or (self._period is not None and self._period.start() < other.start())

    @property
    def _is_extra(self) -> bool:
        """What stands behind makes it a bonus, an allowance, revenue."""
        behind = self.lower[self.end : min(self.end + _BEHIND, self.line_end)]
        if not _EXTRA_BEHIND.match(behind) or "+" in self.text[self.first[1] : self.end]:
            return False
        if self._is_called_pay and (self._period or behind.startswith(",")):
            return False
        # "€45,000 - €52,000, annual bonus of 8%"
        return not (self._is_called_pay_behind and self._is_range_of_pay)

    @property
    def _is_pay(self) -> bool:
        """Words call it pay, a period stands behind it, or a yearly amount stands as pay does."""
        if self._is_called_pay or self._is_called_pay_behind or (self._period and not _NOT_PAY.search(self.label)):
            return True
        amounts_end = self.start + len(self.text[self.start : self.end].rstrip(" +"))
        if _PAY_BEHIND.match(self.text, amounts_end, self.line_end):
            return True
        # A range of yearly amounts is pay where nothing says otherwise, and so is one amount between bars.
        ahead = self.text[self.line_start : self.start]
        in_cells = "|" in self.text[self.line_start : self.line_end] and _CELL_BEGINS.search(ahead)
        return bool(
            (in_cells and _LONE_AMOUNT.match(self.text, self.start, self.line_end))
            or (_FROM_BEGINS.search(ahead) and _YEARLY_SIZE.match(self.text, self.first[0] + 1))
            or self._is_range_of_pay
        )

    @property
    def _prefix(self) -> str:
        """What stands before the amounts and belongs to them: "OTE", "up to", "CAD"."""
        before = self.text[max(self.line_start, self.start - BOUND_REACH) : self.start]
        code = CODE_AHEAD.search(before)
        before = before[: code.start()] if code else before
        bound = UP_TO.search(before) or FROM.search(before) or LOWEST.search(before)
        ote = "OTE " if OTE.search(before[-OTE_REACH:]) else ""
        said = ote + (bound[0] if bound else "") + (f"{code[1]} " if code else "")
        # "Minimum salary" may stand some lines above.
        return said or ("minimum " if self.names_both_ends else "")

    @property
    def _quoted(self) -> str:
        """The passage from its amounts on, with the period that its label names, and without that of what follows."""
        passage = self.text[self.start : self.line_end]
        if self._period:
            return passage
        # "The monthly salary is $5,000"
        if named := PERIOD_ALONE.findall(_SENTENCE_ENDS.split(without_hours(self.label))[-1]):
            return f"{passage[: self.end - self.start]} {named[-1]}"
        # Not that of a later amount ("and €60 a month for internet") or of what comes next ("Lunch daily").
        later = _PERIOD_BEHIND.search(self.lower, self.end, self.line_end)
        return passage[: self._own_end - self.start] if later and self._own_end < later.end() else passage


def _passage_at(cues: Cues, position: int) -> _Passage | None:
    """The passage around a cue; None where no amount is near."""
    text = cues.text
    line_start = text.rfind("\n", 0, position) + 1
    line_end = text.find("\n", position)
    line_end = min(len(text) if line_end < 0 else line_end, position + _PASSAGE)
    # A currency's code stands behind both ends of a range, its sign before each.
    back = 40 if text[position] == " " else 12
    reach = max(line_start, position - back), min(line_end, position + _NEAR + _LONGEST_AMOUNT)
    amount = _NEAR_AMOUNT.search(text, *reach) if _DIGIT.search(text, *reach) else None
    if amount is None or amount.start() > position + _NEAR:
        return None
    start = _lower_end(text, line_start, amount)
    label = _label(text, start)
    end = stop.end() if (stop := _AMOUNTS_END.match(text, start, line_end)) else amount.end()
    if top := HIGHEST.match(text, end) if LOWEST.search(label) else None:
        # The upper end may have the next line for itself.
        end = stop.end() if (stop := _AMOUNTS_END.match(text, top.end())) else end
        line_end = max(line_end, end)
    # The base pay that belongs to OTE may stand on the next line.
    if OTE.search(label[-OTE_REACH:]) and (base := _BASE_LINE.match(text, line_end)):
        line_end = min(base.end(), start + _PASSAGE)
    return _Passage(text, cues.lower, line_start, line_end, start, end, amount.span(), label, top is not None)


def _label(text: str, start: int) -> str:
    """What stands before the amount, in lower case; with the lines above where its own says little."""
    lines = text[max(0, start - _LABEL) : start].split("\n")
    above = len(lines[-1].strip()) < 25 or (len(lines) > 1 and lines[-2].rstrip().endswith(":"))
    return _GLUED_WORDS.sub(" ", "\n".join(lines[-3:]) if above else lines[-1]).lower()


def _lower_end(text: str, line_start: int, amount: re.Match[str]) -> int:
    """Where the range begins of which `amount` may be the upper end: "100-200k", "60.000 bis 70.000 €"."""
    if not amount[0][0].isdigit():
        return amount.start()
    lower = _LOWER_END.search(text, max(line_start, amount.start() - _LOWER_END_REACH), amount.start())
    upper = AMOUNT.match(text, amount.start())
    if lower is None or upper is None:
        return amount.start()
    unit = (upper["unit"] or "").lower()
    high = value_of(upper["number"], unit)
    low = value_of(lower["number"], (lower["unit"] or unit).lower())
    in_range = low is not None and high is not None and low < high <= WIDEST * low
    return lower.start() if in_range else amount.start()


def _is_plausible(pay: Salary, *, least: float | None) -> bool:
    """Within what is paid for the period, in US dollars; `least` in place of its lower bound."""
    low, high = _PLAUSIBLE[pay.period]
    if least is None:
        least = low * (_LOW_PAY_SHARE if pay.currency in _LOW_PAY else 1)
    return all(least <= end * usd_for(pay.currency) <= high for end in pay.ends)
