"""Pay: amounts, currency and period out of a salary field or of prose (CONVENTIONS, "Pay")."""

import re
import unicodedata
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import pairwise

from jobfinder_assets.cleaning.cues import Cues, read_cues
from jobfinder_assets.cleaning.lexicon import read_expressions, read_json, read_lines
from jobfinder_assets.cleaning.text import clean_text, text_or_empty

# Those without a flag are for text in lower case: several times as fast.
_SAID = read_expressions("pay_words.toml")
_TABLE = read_json("pay.json")
_SIGNS: dict[str, str] = _TABLE["signs"]
_NAMES: dict[str, str] = _SIGNS | _TABLE["currency_words"]
_UNITS: dict[str, int] = _TABLE["units"]
# "TJM" and "時給" name the period without a preposition.
_NAMED_PERIODS: dict[str, re.Pattern[str]] = {
    period: re.compile(rf"(?<![a-z])(?:{'|'.join(words)})(?![a-zıěčíłö])", re.I)
    for period, words in _TABLE["periods_alone"].items()
}
_CODES = frozenset(_TABLE["usd_per_unit"]) | set(_TABLE["without_rate"])
_PERIOD_WORDS: dict[str, str] = {word: period for period, words in _TABLE["periods"].items() for word in words}
_SHORT_PERIODS: dict[str, str] = _TABLE["short_periods"]
_PER_YEAR: dict[str, float] = _TABLE["periods_per_year"]

_NUMBER = (
    r"\d{1,3}(?:[',.\u2019]\d{2,3})+(?:[.,]\d{1,2}(?!\d))?(?!\d)|\d{1,3}(?:, \d{3})+(?!\d)"
    r"|\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?:[.,]\d{1,2})?(?!\d)|\d+(?:[.,]\d+)?"
)
_SIGN = "|".join(re.escape(sign) for sign in sorted(_SIGNS, key=len, reverse=True))
_CODE = "|".join(sorted(_CODES))
_WORD = "|".join(sorted(_TABLE["currency_words"], key=len, reverse=True))
# South Africa's "R45 000", but not "R 3.6".
_RAND = r"\bR(?=\s?\d{1,3}(?:[ ,]\d{3}|k\b))"
_SOLES = r"(?<![A-Za-z])S/\.?"
# "T€" is a thousand euros, "6L" six lakhs; where words have no spaces, nothing ends a unit.
_UNSPACED = {unit for unit in _UNITS if "\u3040" < unit[0] < "\ud7b0"}
_UNIT = (
    rf"(?:(?i:{'|'.join(sorted(_UNITS.keys() - {'t', 'l'} - _UNSPACED, key=len, reverse=True))})"
    rf"(?![A-Za-z\d\u00c0-\u024f])\.?|T(?=\s?(?:€|EUR))|L\b|{'|'.join(_UNSPACED)})"
)
_AMOUNT = re.compile(
    rf"(?:\b(?P<code>{_CODE})\s?(?=[$£€¥₹]))?"
    # A number that stands behind letters is part of a word, unless these are the currency's.
    rf"(?:(?P<sign>(?i:{_SIGN})|\b(?:{_CODE}|(?i:{_WORD}|kr))(?:\b\.?|(?=\d))|{_RAND}|{_SOLES})\s{{0,2}}|(?<![A-Za-z\d.]))"
    rf"(?P<number>{_NUMBER})\s?(?P<unit>{_UNIT}|(?i:m|mn|million|bn|billion)\b|%)?"
    rf"(?P<plus>\s?\+)?(?:,[-–])?\s{{0,2}}(?P<after>(?:{_CODE}|(?i:{_WORD}))(?:\b|(?=/))|\$ ?(?:CA|US|AU|NZ)\b"
    r"|(?<=,\d{3}\s)(?i:pounds)\b|Ft\b|(?:[€£₹₽₴₺₸₾₩₫₪₦฿円元원]|zł|Kč|kr\b|\$)(?!\s?\d))?"
)
_PERIOD = re.compile(
    r"(?:/|(?<![a-z])per\b|(?<![a-z])an?\b|\beach\b|(?<![a-z])p[./]?|\b(?:pro|por|par|pr|al|za|na|w|в|на|за|mỗi|á|प्रति)(?!\w)\.?)\s{0,2}("
    + "|".join(sorted(_PERIOD_WORDS, key=len, reverse=True))
    # "£400pd", "£90 p/w": letters that mean a period directly behind an amount only.
    + r")\b(?! off\b)|(?:(?:(?<=\d\d)|(?<=\d\d\s))(?:/|p[./]?)\s?|(?<![a-z])p/)("
    + "|".join(_SHORT_PERIODS)
    # "850 pm", "45k p.m.", but "10 pm" is a time of the day.
    + r")\b|(?:(?<=\d{3})|(?<=\d{3}\s)|(?<=k)|(?<=k\s)|(?<=,-)|(?<=,-\s)|(?<=\)\s))p[./]?m\b",
    re.I,
)
_PERIOD_ALONE = re.compile(_SAID["period_alone"], re.I)
_PERIOD_OF = {"h": "hour", "s": "hour", "d": "day", "t": "day", "w": "week", "m": "month"}
_UP_TO = re.compile(_SAID["up_to"], re.I)
_FROM = re.compile(_SAID["from"], re.I)
_FROM_BEHIND = re.compile(_SAID["from_behind"], re.I)
_UP_TO_BEHIND = re.compile(_SAID["up_to_behind"], re.I)
_LOWEST = re.compile(_SAID["lowest"], re.I)
_HIGHEST = re.compile(_SAID["highest"], re.I)
_HOURS = re.compile(_SAID["hours_of_work"], re.I)
# "$25 an hour - $30", "£22 (ph) to £30"
_PER = (
    r"\(?(?:(?:/|per|an?|p/?)\s?(?:hour|hr|h|year|yr|annual|annum|a|month|mo|week|wk|day)|hourly|daily|weekly|monthly|annually"
    r"|yearly)\b\.?\)?"
)
_JOIN = re.compile(
    rf"^(?:\.|,[-–])?\s{{0,3}}(?:{_PER}\s{{0,2}})?(?:\(?(?:pa|p\.a\.?|ph|min(?:imum)?)\)?)?\s{{0,2}}"
    rf"(?:{_SAID['joiner']})\s{{0,3}}$",
    re.I,
)
_EXTRA = re.compile(_SAID["extra"], re.I)
_AHEAD_ENDS = re.compile(
    r"[,+&£$€;.–]|(?<!sign)-|\b(?:plus|with|and|per|depending|zuzüglich|zzgl|sowie|(?:not )?(?:ex|in)cluding)\b", re.I
)
# What may stand behind a "+" that leaves the upper end open; anything else is introduced by it.
_OPEN_END = re.compile(_SAID["open_end"], re.I)
_GRADE = re.compile(
    r"\b(?:bands?|grades?|gs|entgeltgruppe(?: eg?)?|level|step|tier|spine|points?|afc|nhs|scale|class|year|month|hours?"
    r"|no|aged?)\W{0,3}$",
    re.I,
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
_ALLOWANCE = re.compile(rf"\s*{_PER}(?<!\.)\s(?:(?!incl|excl|plus|with)[a-z-]+\s){{0,3}}(?:allowance|stipend)\b", re.I)
_LETTERS = re.compile(r"[^\W\d_]+")
_IDENTIFIER = re.compile(
    r"\b(?:id|ref|req|requisition|code|zip|plz|postcode|nr|number|job)\W{0,3}(?:[A-Z]{1,3}-)?$", re.I
)
# "10115 Berlin"
_TOWN = re.compile(r"\s(?:[A-ZÄÖÜ][a-zäöüß]+[ -]?){1,3}$")
_PART_ENDS = re.compile(r"[!;|]|\.\s")
# What may stand beside a number that says nothing but how much.
_OF_NUMBERS = frozenset(read_lines("beside_pay.txt"))
_RUPEES = re.compile(r"\b(?:rs|rupees|lacs?)\b", re.I)
_LAKHS = re.compile(r"\b(?:lpa|lakhs?|cr|crores?)\b", re.I)
_OTE = re.compile(r"\b(?:ote|on[- ]target(?: earnings)?|total (?:comp\w*|cash|rewards?))\b", re.I)
_BREAK = re.compile(_SAID["another_part"], re.I)
_BASE = re.compile(r"\bbas(?:e|ic)\b", re.I)
_BASE_LINE = re.compile(r"\n{1,2}\W{0,3}bas(?:e|ic)\b[^\n]{0,80}", re.I)
_DASH = re.compile(r"\s?(?:-|–|—|to)\s?", re.I)
_MIDDLE = re.compile(r"\bmid(?:point|dle)?\W{0,3}$", re.I)
_CODE_AHEAD = re.compile(rf"\b({_CODE})\b\)?\W{{0,3}}$")
_DOLLARS: dict[str, str] = _TABLE["dollars"]
_DOLLARS_OF: dict[str, str] = _TABLE["dollars_of"]
# "64 000 $ CA", "40,000 pounds"
_BEHIND: dict[str, str] = _TABLE["words_behind"]
# "$62 - $68/hr (CAD)", "$90,000 p.a. plus 17% super (AUD)": the code stands behind the period.
_CODE_BEHIND = re.compile(
    rf"\s?(?:{_PER}|p\.?[ah]\b\.?|hourly|annually|yearly|monthly)(?<![a-z]{{2}}\.)(?: inc\.?)?"
    rf"(?:\s?(?:\+|\bplus\b)[^\n(.,;$£€]{{1,25}}(?=\())?\s?\(?\b({_CODE})\b(?!\s?[$\d])",
    re.I,
)
# "All amounts are in Canadian dollars."
_STATED_IN = re.compile(rf"(?:{_SAID['amounts_stated']}) in ({_CODE}|{'|'.join(_DOLLARS)})\b", re.I)
_STATED_REACH = 120
_PAY_WORD = re.compile(_SAID["pay_word"])
_PASSAGE, _LABEL, _BOUND_REACH = 200, 110, 60
_NEAR, _LONGEST_AMOUNT = 30, 30
_DIGIT = re.compile(r"\d")
_NEAR_AMOUNT = re.compile(
    rf"(?:(?i:{_SIGN})|\b(?:{_CODE})\b|\b(?i:{_WORD})\b\.?|{_RAND})\s?(?:{_NUMBER})(?:\s?[kK]\b)?"
    rf"|(?<![\d.,])(?:{_NUMBER})(?:\s?[kKT])?\s?(?:\b(?:{_CODE})\b|(?:[€£$₹₽₴₺₸₾₩₫₦฿]|zł|Kč)(?!\s?\d)|(?i:lpa|lakhs?|lacs?|crores?|{_WORD})\b)"
    rf"|(?<![\d.,])(?!40[13]\s?\(?[kK])\d{{2,3}}(?:,\d{{3}}|[kK]\b)"
)
_AMOUNTS_END = re.compile(
    rf"(?:(?:(?:\b(?:{_CODE})\s?)?(?:{_SIGN})|\b(?:{_CODE}|{_WORD})\b\.?|\bR)?\s?"
    rf"(?:{_NUMBER})(?![.,]?\d|\s?%)\s?(?:{_UNIT})?(?:\.(?=\sto\s?[$£€]))?\s?"
    rf"(?:,[-–](?!\d))?(?:[€₹₽₴₺₸₾₩₫₦฿]|zł|Kč|\$(?!\s?\d)|(?:{_CODE}|{_WORD})\b)?\s?"
    r"(?:/?\s?(?:hr|hour|yr|year|hourly|daily|weekly|monthly|annually|yearly|per \w+|an? (?!\d)\w+))?[\s+]{0,2}"
    # "and a bonus" joins no amounts.
    rf"(?:(?:usd|eur|gbp|(?:{_SAID['joiner']})(?=\s{{0,2}}(?:[a-z]{{0,4}}[.$]?\s?)?[$£€₹\d]))(?![a-z]))?\s{{0,2}}){{1,3}}",
    re.I,
)
_LOWER_END = re.compile(
    rf"(?<![\w.,$£€-])(?P<number>{_NUMBER})\s?(?P<unit>{_UNIT})?\s?(?:{_SAID['joiner']})\s{{0,2}}$", re.I
)
_LOWER_END_REACH = 20
# A number that is so much less than the upper end belongs to something else.
_WIDEST = 6
_PAY_LINE = re.compile(r"\s*(?:pay|salary|compensation)\s?:\s?[$£€₹\d]", re.I)
_SIZE = re.compile(r"\s?(?:\+\s?)?(?:m\b|mm\b|mil|b\b|bn|bil|tril|\+? ?(?:million|billion))", re.I)
# "6 lakh rides each day"
_COUNTED = re.compile(r"(?:lakhs?|crores?) (?!rupees)[a-z]+s\b", re.I)
_SENTENCE_ENDS = re.compile(r"(?<!\bmin)(?<!\bmax)[.!?]\s", re.I)
_PERIOD_BEHIND = re.compile(_SAID["period_behind"])
_OTHER_UNIT = re.compile(_SAID["other_unit"])
_YEARLY = r"\d{2,3}(?:[,.]\d{3}(?:\.\d\d)?|[kK])"
_YEARLY_SIZE = re.compile(_YEARLY)
_YEARLY_RANGE = re.compile(
    rf"(?:{_CODE})?\s?[$£€]\s?(?:{_YEARLY}\s?(?:-|–|—|to|and)\s?[$£€]?\s?{_YEARLY}|\d{{2,3}}\s?[-–—]\s?\d{{2,3}}[kK])"
    r"(?![\d.,]*\d)(?!\+?\s(?:additional|extra|each|for each)\b)",
    re.I,
)
_LONE_AMOUNT = re.compile(
    rf"(?:{_CODE})?\s?[$£€]\s?{_YEARLY}(?!\s?(?:-|–|—|to)\s?[$£€]?\d)\s?(?:{_CODE})?(?={_SAID['own_line']})", re.I
)
_OF_NO_PAY = re.compile(_SAID["of_no_pay"])
_FROM_BEGINS = re.compile(r"(?:^|\||[.!?]\s)\W{0,4}from\s$", re.I)
# The first cell, or behind one that says how one works: behind "Turnover" it is of something else.
_CELL_BEGINS = re.compile(
    r"(?:^|\b(?:hours?|days?|time|permanent|contract|fte|remote|hybrid|on-?site|flexible)[^\w|]{0,3}\|)\W{0,4}$", re.I
)
_PAY_BEHIND = re.compile(_SAID["pay_behind"], re.I)
# "Full-timePay: $33": a lost line break.
_GLUED_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])")
_EXTRA_BEFORE = re.compile(_SAID["extra_before"])
_EXTRA_BEHIND = re.compile(_SAID["extra_behind"])
_NOT_PAY = re.compile(_SAID["not_pay"])
_PLAUSIBLE = {
    "hour": (4, 1_000),
    "day": (30, 5_000),
    "week": (150, 25_000),
    "month": (500, 100_000),
    "year": (8_000, 2_000_000),
}
# "¥8M" is a year's pay, "$8M" none.
_SMALL_UNIT = 0.01
# Where pay is low, so much of the lower bound: no less than `PLAUSIBLE_USD_A_YEAR`.
_LOW_PAY, _LOW_PAY_SHARE = frozenset(_TABLE["low_pay"]), 1 / 3
_NO_PAY = re.compile(r"^\s*(?:-1|n/?a|none|competitive|(?:tel|phone|fax)\b.*|0(?:\.0)?\s*-\s*0(?:\.0)?.*)\s*$", re.I)
# "$85,OOO"; "110000;140000;USD", two columns of an export.
_LETTERS_FOR_ZEROS = re.compile(r"(?<=\d[.,])OOO\b")
_TWO_CELLS = re.compile(r"\b(\d{4,7})[;,](\d{4,7})\b")
# "$95,,000", "$70 ,000"
_SPARE_MARK = re.compile(r"(?<=\d)(?:,,| ,)(?=\d{3}(?!\d))")
# "salary_min=70000&salary_max=90000&currency=GBP", {"minValue": 18.5, "maxValue": 22, "unitText": "HOUR"}
_FIELD = re.compile(
    r"\b(?:salary_?)?(min|max|currency|interval|period|unit)(?:imum)?_?(?:value|salary|amount|code|text)?[\"']?\s?[:=]"
    r"\s?[\"']?(\d[\d.,]*\d|\d|[a-z]+)",
    re.I,
)
_TWO_POINTS = re.compile(r"(?<=[$£€]\d\d)\.\.(?=\d\d(?!\d))")
# "+44 20 7946 0123", "12/03/2024", "2024-03-12": numbers that are no amounts wherever they stand.
_NO_AMOUNT = re.compile(
    r"\+\d{1,3}(?:[ ().-]{1,2}\d{2,5}){2,5}|\b\d{1,2}([/.-])\d{1,2}\1(?:19|20)\d\d\b|\b20\d\d-\d\d-\d\d\b"
)
_MOST_CHARACTERS = 400
# Beyond it an amount or its unit is mistaken, or it is no pay to live on.
PLAUSIBLE_USD_A_YEAR = (2_000, 2_000_000)


@dataclass(frozen=True)
class Salary:
    """Pay in whole currency units per period; an open end is None, one value has both ends equal."""

    minimum: float | None
    maximum: float | None
    currency: str
    period: str

    # "$" alone: read as US dollars, where no place tells otherwise.
    in_some_dollars: bool = field(default=False, compare=False, repr=False)

    def paid_in(self, country: str | None) -> "Salary":
        """The same in the dollars of the job's country (ISO 3166-1 alpha-2), where the advert says "$" alone."""
        currency = _DOLLARS_OF.get(country or "") if self.in_some_dollars else None
        return replace(self, currency=currency, in_some_dollars=False) if currency else self

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

    The currency may be a code, a sign or a word ("Euro"), the period any word for one ("yearly", "per month").
    """
    ends = sorted(end for end in (minimum, maximum) if end)
    code = (currency or "").strip()
    code = _NAMES.get(code.lower().rstrip("."), code.upper())
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
    in_some_dollars: bool


def parse_salary(text: str, *, default_currency: str = "USD") -> Salary | None:
    """The pay that a salary field states, or None where it states none. Never raises."""
    return _read(text, default_currency)[0]


@lru_cache(maxsize=16_384)
def _read(text: str, default_currency: str) -> tuple[Salary | None, int]:
    """The pay, and where in the text its first amount begins."""
    text = clean_text(text_or_empty(text)[:_MOST_CHARACTERS])
    text = _TWO_CELLS.sub(r"\1 - \2", _SPARE_MARK.sub(",", _LETTERS_FOR_ZEROS.sub("000", text)))
    text = _from_fields(_NO_AMOUNT.sub(" ", _TWO_POINTS.sub(".", text)))
    if _NO_PAY.match(text) or not any(character.isdigit() for character in text):
        return None, 0
    amounts = [amount for amount in _amounts(text) if amount.value > 0]
    amounts = _usable(text, amounts)
    if not amounts or _speaks_of_others(text, amounts):
        return None, 0
    low, high = _ends(text, amounts)
    return _salary(text, low, high, default_currency), low.start


def _from_fields(text: str) -> str:
    """Names and values that a scraper left of an export, as a person would write them."""
    if ":" not in text and "=" not in text:
        return text
    said = {name.lower(): value for name, value in _FIELD.findall(text)}
    unit = next((said[name] for name in ("unit", "interval", "period") if name in said), None)
    if not {"min", "max"} <= said.keys() or "currency" not in said:
        return text
    return f"{said['currency'].upper()} {said['min']} - {said['max']}" + (f" per {unit.lower()}" if unit else "")


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
    text, lower = cues.text, cues.lower
    line_start = text.rfind("\n", 0, position) + 1
    line_end = text.find("\n", position)
    line_end = min(len(text) if line_end < 0 else line_end, position + _PASSAGE)
    # A currency's code stands behind both ends of a range, its sign before each.
    back = 40 if text[position] == " " else 12
    reach = max(line_start, position - back), min(line_end, position + _NEAR + _LONGEST_AMOUNT)
    amount = _NEAR_AMOUNT.search(text, *reach) if _DIGIT.search(text, *reach) else None
    if amount is None or amount.start() > position + _NEAR:
        return None, position + 1
    start = _lower_end(text, line_start, amount)
    label = _label(text, start)
    end = stop.end() if (stop := _AMOUNTS_END.match(text, start, line_end)) else amount.end()
    if top := _HIGHEST.match(text, end) if _LOWEST.search(label) else None:
        # The upper end may have the next line for itself.
        end = stop.end() if (stop := _AMOUNTS_END.match(text, top.end())) else end
        line_end = max(line_end, end)
    # The base pay that belongs to OTE may stand on the next line.
    if _OTE.search(label[-25:]) and (base := _BASE_LINE.match(text, line_end)):
        line_end = min(base.end(), start + _PASSAGE)
    passage = text[start:line_end]
    # "LPA" is said of nothing but pay.
    lpa = "lpa" in passage[: end - start].lower()
    if not lpa and (_SIZE.match(text[amount.end() : amount.end() + 12]) or _EXTRA_BEFORE.search(label)):
        return None, end
    if amount[0][0].isdigit() and _COUNTED.search(text, amount.start(), amount.end() + 20):
        return None, end
    behind = lower[end : min(end + 40, line_end)]
    after = lower[amount.end() : min(end + 50, line_end)]
    period_reach = end + 25 - amount.end()
    per = _PERIOD_BEHIND.search(after[:period_reach])
    if per and _YEARLY_SIZE.search(text, start, end) and amount.end() + per.start() > _own_end(text, end, line_end):
        per = None
    if per and _HOURS.search(after):
        per = _PERIOD_BEHIND.search(_without_hours(after)[:period_reach])
    # "Paid at 90 days" above says nothing of what "we spent $140,000" on.
    said = label if _NOT_PAY.search(lower, line_start, start) is None else lower[line_start:start][-_LABEL:]
    called = lpa or _PAY_WORD.search(said) is not None
    extra = _EXTRA_BEHIND.match(behind) and "+" not in text[amount.end() : end]
    if (
        extra
        and not (called and (per or behind.startswith(",")))
        # "€45,000 - €52,000, annual bonus of 8%"
        and not (_PAY_BEHIND.match(text, end, line_end) and _is_range_of_pay(text, start, end, label))
    ):
        return None, end
    other = _OTHER_UNIT.search(after[: period_reach + 5])
    # "$25 an hour as a course instructor": the first unit is that of the amount.
    if other and not (per and per.start() < other.start()):
        return None, end
    is_pay = (
        called or (per is not None and not _NOT_PAY.search(label)) or _PAY_BEHIND.match(text, end, line_end) is not None
    )
    if not is_pay and not _PAY_BEHIND.match(text, start + len(text[start:end].rstrip(" +")), line_end):
        # A range of yearly amounts is pay where nothing says otherwise, and so is one amount between bars.
        ahead = text[line_start:start]
        lone = (
            "|" in text[line_start:line_end]
            and _CELL_BEGINS.search(ahead)
            and _LONE_AMOUNT.match(text, start, line_end)
        )
        begins = _FROM_BEGINS.search(ahead) and _YEARLY_SIZE.match(text, amount.start() + 1)
        if not (lone or begins or _is_range_of_pay(text, start, end, label)):
            return None, end
    # "Minimum salary" may stand some lines above.
    prefix = _prefix(text[max(line_start, start - _BOUND_REACH) : start]) or ("minimum " if top else "")
    # "The monthly salary is $5,000": the period may stand in the label only.
    if per is None:
        named = _PERIOD_ALONE.findall(_SENTENCE_ENDS.split(_without_hours(label))[-1])
        if named:
            passage = f"{passage[: end - start]} {named[-1]}"
        elif later := _PERIOD_BEHIND.search(lower, end, line_end):
            # Nor is it that of a later amount ("and €60 a month for internet") or of what comes next ("Lunch daily").
            own_end = _own_end(text, end, line_end)
            passage = passage[: own_end - start] if own_end < later.end() else passage
    found, at = _read(prefix + passage[: _PASSAGE - 40], default_currency)
    # The amount that the label speaks of, not a later one; but the base pay behind OTE.
    if found is None or (at > len(prefix) + 1 and not _OTE.search(prefix + passage)):
        return None, end
    low, high = _PLAUSIBLE[found.period]
    least: float = low
    if lpa:
        least = PLAUSIBLE_USD_A_YEAR[0]
    elif found.currency in _LOW_PAY:
        least = low * _LOW_PAY_SHARE
    ends = [value * _rate(found.currency) for value in (found.minimum, found.maximum) if value is not None]
    return (found if all(least <= value <= high for value in ends) else None), end


def _is_range_of_pay(text: str, start: int, end: int, label: str) -> bool:
    """A range of yearly amounts, alone of its kind: several are those of levels or zones."""
    return (
        _YEARLY_RANGE.match(text, start) is not None
        and not (_NOT_PAY.search(label) or _OF_NO_PAY.search(label))
        and not _YEARLY_RANGE.search(text, end, end + _PASSAGE)
        and not _YEARLY_RANGE.search(text, max(0, start - _PASSAGE), start)
    )


def _own_end(text: str, end: int, line_end: int) -> int:
    """Where what is said of the amounts that end there may end: before a later amount, but for OTE's, or a sentence."""
    later = None if _OTE.search(text, end, line_end) else _NEAR_AMOUNT.search(text, end, line_end)
    ends = (later, _SENTENCE_ENDS.search(text, end, line_end))
    return min((match.start() for match in ends if match), default=line_end)


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
    upper = _AMOUNT.match(text, amount.start())
    if lower is None or upper is None:
        return amount.start()
    unit = (upper["unit"] or "").lower()
    high = _value(upper["number"], unit)
    low = _value(lower["number"], (lower["unit"] or unit).lower())
    in_range = low is not None and high is not None and low < high <= _WIDEST * low
    return lower.start() if in_range else amount.start()


def _prefix(before: str) -> str:
    """What stands before an amount and belongs to it: "OTE", "up to", "CAD"."""
    code = _CODE_AHEAD.search(before)
    before = before[: code.start()] if code else before
    bound = _UP_TO.search(before) or _FROM.search(before) or _LOWEST.search(before)
    ote = "OTE " if _OTE.search(before[-25:]) else ""
    return ote + (bound[0] if bound else "") + (f"{code[1]} " if code else "")


def _amounts(text: str) -> list[_Amount]:
    found = []
    for match in _AMOUNT.finditer(text):
        unit = (match["unit"] or "").lower().rstrip(".")
        value = _value(match["number"], unit)
        sign, after = match["sign"], match["after"]
        currency = match["code"] or (_currency(sign, text, match.start()) if sign else None)
        if after:
            word = after.lower().lstrip("$ ") or after
            currency = _BEHIND.get(word) or _NAMES.get(word, after)
        is_plan = unit == "k" and match["number"] in ("401", "403")
        # "10 L" are litres but of rupees.
        is_volume = unit == "l" and currency != "INR"
        if unit == "m" and currency and _rate(currency) < _SMALL_UNIT:
            value = _value(match["number"], "")
            value = value and value * 1_000_000
        if value is not None and not is_plan and not is_volume:
            bare = "$" in (sign, after) and not match["code"]
            found.append(_Amount(value, currency, unit, bool(match["plus"]), match.start(), match.end(), bare))
    return found


def _currency(sign: str, text: str, start: int) -> str | None:
    # "San Mateo, CA$80/hour": the state before the sign is no currency.
    if sign.upper() == "CA$" and re.search(r",\s?$", text[:start]):
        return "USD"
    if sign.startswith("S/"):
        return "PEN"
    return "ZAR" if sign == "R" else _NAMES.get(sign.lower().rstrip("."), sign)


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
    if unit == "k" and value >= 10_000:
        return value
    return value * _UNITS[unit] if unit in _UNITS else None if unit else value


def _usable(text: str, amounts: list[_Amount]) -> list[_Amount]:
    """Without amounts that are a bonus, a percentage, revenue; base pay before OTE."""
    kept: list[_Amount] = []
    for number, amount in enumerate(amounts):
        before = text[amounts[number - 1].end if number else 0 : amount.start]
        after = text[amount.end : amount.end + 28]
        ahead = _AHEAD_ENDS.split(after)[0]
        bare = not (amount.currency or amount.unit)
        if bare and amount.value in range(10) and not _JOIN.match(text[amount.end : _next(amounts, number)]):
            continue
        if bare and (_GRADE.search(before) or _IDENTIFIER.search(before) or _is_postcode(text, amount)):
            continue
        if _MIDDLE.search(before) or (bare and _COUNTS.match(after)) or _ALLOWANCE.match(text, amount.end):
            continue
        joined = bool(kept) and kept[-1] is amounts[number - 1] and _JOIN.match(before) is not None
        beside = _PART_ENDS.split(before)[-1][-40:]
        if _EXTRA.search(beside) and not _BASE.search(beside) and not joined:
            continue
        introduces = re.match(r"[^£$€!;|]{0,26}[£$€]", after)
        upper = joined and kept[-1].value < amount.value and _DASH.fullmatch(before)
        if _EXTRA.search(ahead) and not (_BASE.search(ahead) or amount.plus or introduces or upper):
            continue
        kept.append(amount)
    if len(kept) < 2 or not any(_OTE.search(text[max(0, a.start - 25) : a.end + 12]) for a in kept):
        return kept
    marked = any(amount.currency or amount.unit for amount in kept)
    base, last = [], 0
    for amount in kept:
        # The amount may have taken the line break behind it.
        behind = text[len(text[: amount.end].rstrip()) :]
        around = text[max(last, amount.start - 25) : amount.start] + _BREAK.split(behind, 1)[0][:12]
        base.append(_BASE.search(around) is not None and bool(amount.currency or amount.unit or not marked))
        last = amount.end
    # "base $80,000 - $90,000", "$80,000 - $90,000 base": the word stands beside one end only.
    for number, (low, high) in enumerate(pairwise(kept)):
        if _DASH.fullmatch(text[low.end : high.start]):
            base[number] = base[number + 1] = base[number] or base[number + 1]
    return [amount for amount, is_base in zip(kept, base, strict=True) if is_base] or kept


def _is_postcode(text: str, amount: _Amount) -> bool:
    """Five digits and nothing but the town behind them."""
    behind = text[amount.start + 5 :]
    return (
        re.fullmatch(r"\d{5}", text[: amount.start + 5]) is not None
        and _TOWN.match(behind) is not None
        and not any(word.lower() in _OF_NUMBERS for word in _LETTERS.findall(behind))
    )


def _speaks_of_others(text: str, amounts: list[_Amount]) -> bool:
    """Small numbers alone, beside words that are not of pay: "from 10 am", "all 50 states"."""
    if (
        any(amount.currency or amount.unit or amount.value >= 1_000 for amount in amounts)
        or _PERIOD.search(text)
        or _PERIOD_ALONE.search(text)
    ):
        return False
    return any(word.lower() not in _OF_NUMBERS for word in _LETTERS.findall(text))


def _joined(text: str, low: _Amount, high: _Amount) -> bool:
    """Whether two amounts are the ends of one range: "1 - 2", "minimum 1, maximum 2"."""
    if _JOIN.match(text[low.end : high.start]):
        return True
    named = _HIGHEST.search(text, max(low.end, high.start - _BOUND_REACH), high.end)
    return named is not None and _LOWEST.search(text[max(0, low.start - _BOUND_REACH) : low.start]) is not None


def _next(amounts: list[_Amount], number: int) -> int:
    return amounts[number + 1].start if number + 1 < len(amounts) else amounts[number].end


def _salary(text: str, low: _Amount, high: _Amount | None, default_currency: str) -> Salary | None:
    minimum, maximum = low.value, high.value if high else low.value
    # A unit given once holds for both ends.
    if high and not low.unit and high.unit and minimum < 1000:
        minimum *= _UNITS[high.unit]
    if high and low.unit and not high.unit and maximum < 1000:
        maximum *= _UNITS[low.unit]
    currency = low.currency or (high.currency if high else None)
    code = re.search(rf"\b({_CODE})\b", text[max(0, low.start - 5) : (high or low).end + 6])
    if code:
        currency = code[1]
    elif currency == "USD" and (behind := _code_behind(text, (high or low).end)):
        currency = behind
    if (currency and currency not in _CODES) or (not currency and _has_unknown_sign(text, low, high or low)):
        return None
    some = currency == "USD" and not code and any(amount.in_some_dollars for amount in (low, high) if amount)
    lpa = "lpa" in (low.unit, high.unit if high else "") or _LAKHS.search(text)
    currency = currency or ("INR" if lpa or _RUPEES.search(text) else default_currency)
    if minimum > maximum:
        minimum, maximum = maximum, minimum
    if minimum < 1_000 <= 10_000 <= maximum and minimum * 1_000 <= maximum * 1.2:
        # "£30 - £35,000" is meant in thousands at both ends.
        minimum *= 1_000
    # "₹2.5 lakh/month"
    is_monthly = "lpa" not in (low.unit, high.unit if high else "") and _PERIOD.match(text, (high or low).end)
    period = _period(text, (high or low).end, maximum, yearly=bool(lpa) and not is_monthly)
    if period == "year" and maximum < 1_000:
        period = "hour" if maximum < 200 else None
    elif period == "hour" and minimum * min(1, _rate(currency)) >= 5_000:
        period = "year"
    if period is None or maximum < 2:
        return None
    before = _CODE_AHEAD.sub("", text[: low.start][-_BOUND_REACH:])
    if high is None and (_UP_TO.search(before) or _UP_TO_BEHIND.match(text, low.end)):
        return Salary(None, maximum, currency, period, some)
    if high is None and (
        _FROM.search(before) or _FROM_BEHIND.match(text, low.end) or (low.plus and _OPEN_END.match(text[low.end :]))
    ):
        return Salary(minimum, None, currency, period, some)
    return Salary(minimum, maximum, currency, period, some)


def _has_unknown_sign(text: str, low: _Amount, high: _Amount) -> bool:
    """A currency's sign that no table knows stands beside the amounts: what is unknown stays unknown."""
    around = text[max(0, low.start - 2) : low.start] + text[high.end : high.end + 2]
    return any(unicodedata.category(character) == "Sc" and character not in _SIGNS for character in around)


def _code_behind(text: str, end: int) -> str | None:
    """Whose dollars they are, where it is said only behind the period or in a sentence that follows."""
    code = _CODE_BEHIND.match(text, end) or _STATED_IN.search(text, end, end + _STATED_REACH)
    return _DOLLARS.get(code[1].lower(), code[1].upper()) if code else None


def _ends(text: str, amounts: list[_Amount]) -> tuple[_Amount, _Amount | None]:
    """The first range that has a sign, code or unit at either end; else the first such amount; else the first."""
    marked = [bool(amount.currency or amount.unit) for amount in amounts]
    for number, (low, high) in enumerate(pairwise(amounts)):
        joined = _joined(text, low, high)
        if joined and number + 2 < len(amounts) and marked[number + 2]:
            # "60,000 - 70,000 - 80,000 USD": the midpoint is stated as well.
            top = amounts[number + 2]
            if low.value < high.value < top.value <= _WIDEST * low.value and _DASH.fullmatch(
                text[high.end : top.start]
            ):
                return low, top
        if joined and (marked[number] or marked[number + 1] or not any(marked)):
            return low, high
        if marked[number]:
            return low, None
    return next((amount for amount, mark in zip(amounts, marked, strict=True) if mark), amounts[0]), None


def _without_hours(text: str) -> str:
    return _HOURS.sub(lambda hours: " " * len(hours[0]), text)


def _rate(currency: str) -> float:
    """US dollars for a unit; 1 of what no table knows."""
    return float(_TABLE["usd_per_unit"].get(currency, 1.0))


def _period(text: str, end: int, amount: float, *, yearly: bool) -> str | None:
    if yearly:
        return "year"
    text = _without_hours(text)
    near = _PERIOD.search(text, end, end + 40) or _PERIOD.search(text)
    if near:
        if near[1]:
            return _PERIOD_WORDS[near[1].lower()]
        return _SHORT_PERIODS[near[2].lower()] if near[2] else "month"
    named = next((period for period, words in _NAMED_PERIODS.items() if words.search(text)), None)
    if named:
        return named
    alone = re.search(r"\b(stunde|tag|woche|monat|jahr)\b", text, re.I)
    if alone:
        return _PERIOD_WORDS[alone[1].lower()]
    alone = _PERIOD_ALONE.search(text)
    # Less than 200 as "day rate" is paid an hour, by day and not by night.
    if alone and not (alone[0].lower() == "day rate" and amount < 200):
        return _PERIOD_OF.get(alone[0][0].lower(), "year")
    if amount < 200:
        return "hour"
    return "year" if amount >= 10_000 else None
