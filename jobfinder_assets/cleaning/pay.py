"""What pay is: a range in a currency for a period, and the dated table by which one compares with another."""

import re
from dataclasses import dataclass, field, replace

from jobfinder_assets.cleaning.lexicon import read_expressions, read_json

TABLE = read_json("pay.json")
# Expressions for text in lower case, where no flag says otherwise: several times as fast.
PAY_WORDS = read_expressions("pay_words.toml")
SIGNS: dict[str, str] = TABLE["signs"]
CURRENCY_NAMES: dict[str, str] = SIGNS | TABLE["currency_words"]
CODES = frozenset(TABLE["usd_per_unit"]) | set(TABLE["without_rate"])
PERIOD_WORDS: dict[str, str] = {word: period for period, words in TABLE["periods"].items() for word in words}
_PER_YEAR: dict[str, float] = TABLE["periods_per_year"]
_DOLLARS_OF: dict[str, str] = TABLE["dollars_of"]
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
    def ends(self) -> list[float]:
        """The ends that are stated, one or two."""
        return [end for end in (self.minimum, self.maximum) if end is not None]

    @property
    def annual_usd(self) -> float | None:
        """The middle of the range as US dollars a year, by the dated table in `data/pay.json`."""
        rate = TABLE["usd_per_unit"].get(self.currency)
        if not self.ends or rate is None:
            return None
        return sum(self.ends) / len(self.ends) * _PER_YEAR[self.period] * float(rate)


def stated_salary(
    minimum: float | None, maximum: float | None, currency: str | None, period: str | None
) -> Salary | None:
    """The pay that a source states in fields of its own, or None where they cannot be meant as a time's pay.

    The currency may be a code, a sign or a word ("Euro"), the period any word for one ("yearly", "per month").
    """
    ends = sorted(end for end in (minimum, maximum) if end)
    code = (currency or "").strip()
    code = CURRENCY_NAMES.get(code.lower().rstrip("."), code.upper())
    words = re.findall(r"[^\W\d_]+", (period or "").lower())
    periods = [PERIOD_WORDS.get(word) or PERIOD_WORDS.get(word + "ly") for word in words]
    told = [name for name in periods if name]
    if not ends or not told or not re.fullmatch("[A-Z]{3}", code):
        return None
    salary = Salary(ends[0] if minimum else None, ends[-1] if maximum else None, code, told[-1])
    annual, (least, most) = salary.annual_usd, PLAUSIBLE_USD_A_YEAR
    return salary if annual is None or least <= annual <= most else None


def usd_for(currency: str) -> float:
    """US dollars for a unit; 1 of what no table knows."""
    return float(TABLE["usd_per_unit"].get(currency, 1.0))
