"""Pay as adverts write it (CONVENTIONS, "Pay")."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobfinder_assets.cleaning.salary import Salary, find_salary, parse_salary

YEAR = [
    ("$137K-$171K (Glassdoor est.)", 137_000, 171_000, "USD"),
    ("115000 - 158000 USD /YEAR", 115_000, 158_000, "USD"),
    ("$110,000 - $150,000 a year", 110_000, 150_000, "USD"),
    ("$31,2k- $52k", 31_200, 52_000, "USD"),
    ("£19.020", 19_020, 19_020, "GBP"),
    ("Up to £65k", None, 65_000, "GBP"),
    ("From $100,000 ", 100_000, None, "USD"),
    ("$120,000+", 120_000, None, "USD"),
    ("$120,000 + bonus", 120_000, 120_000, "USD"),
    ("£60-£70k", 60_000, 70_000, "GBP"),
    ("$120-150K", 120_000, 150_000, "USD"),
    ("$85,000 CAD", 85_000, 85_000, "CAD"),
    ("€55.000 - €70.000", 55_000, 70_000, "EUR"),
    ("60.000 bis 70.000 EUR RAL", 60_000, 70_000, "EUR"),
    ("12,00,000 INR per annum", 1_200_000, 1_200_000, "INR"),
    ("5-8 LPA", 500_000, 800_000, "INR"),
    ("C$90k", 90_000, 90_000, "CAD"),
    ("A$120,000 - A$140,000", 120_000, 140_000, "AUD"),
    ("$100k base, $150k OTE", 100_000, 100_000, "USD"),
    ("£40,000 - £45,000 pro rata", 40_000, 45_000, "GBP"),
    ("circa £50k", 50_000, 50_000, "GBP"),
    ("from $80k to $95k", 80_000, 95_000, "USD"),
]
OTHER_PERIODS = [
    ("Employer Provided Salary:$17-$24 Per Hour", 17, 24, "USD", "hour"),
    ("$15 - $25 ", 15, 25, "USD", "hour"),
    ("$90 - $150 /hour", 90, 150, "USD", "hour"),
    ("$18 - $22/hr", 18, 22, "USD", "hour"),
    ("San Mateo, CA$80/hour", 80, 80, "USD", "hour"),
    ("Pay: $70.00 - $80.00 per hour", 70, 80, "USD", "hour"),
    ("£450 per day", 450, 450, "GBP", "day"),
    ("$1,500 per week", 1_500, 1_500, "USD", "week"),
    ("Pay: $3,000.00 - $10,000.00 per month", 3_000, 10_000, "USD", "month"),
    ("1.200,00 € im Monat", 1_200, 1_200, "EUR", "month"),
]
NO_PAY = [
    "", "-1", "NA", "Competitive", "0 - 0 USD /YEAR", "0 - 0 /", "Full-time", "N", "Contr", "401(k)", "10% bonus",
    "$5 million revenue", "$2,000 sign-on bonus", "equity 0.1%",
]  # fmt: skip


@pytest.mark.parametrize(("text", "minimum", "maximum", "currency"), YEAR)
def test_yearly_pay(text: str, minimum: float | None, maximum: float | None, currency: str) -> None:
    assert parse_salary(text) == Salary(minimum, maximum, currency, "year")


@pytest.mark.parametrize(("text", "minimum", "maximum", "currency", "period"), OTHER_PERIODS)
def test_pay_of_other_periods(text: str, minimum: float, maximum: float, currency: str, period: str) -> None:
    assert parse_salary(text) == Salary(minimum, maximum, currency, period)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12-18 Lacs P.A.", Salary(1_200_000, 1_800_000, "INR", "year")),
        ("Rs. 6,00,000 - 9,00,000 PA", Salary(600_000, 900_000, "INR", "year")),
        ("50 000 - 60 000 SEK/månad", Salary(50_000, 60_000, "SEK", "month")),
        ("R$ 10.000 por mês", Salary(10_000, 10_000, "BRL", "month")),
        ("MXN 40,000 - 50,000 mensuales", Salary(40_000, 50_000, "MXN", "month")),
        ("DKK 45.000 pr. måned", Salary(45_000, 45_000, "DKK", "month")),
        ("60 000 Kč / měsíc", Salary(60_000, 60_000, "CZK", "month")),
        ("NT$1,200,000/yr", Salary(1_200_000, 1_200_000, "TWD", "year")),
        ("3.500 € monatlich", Salary(3_500, 3_500, "EUR", "month")),
        ("45 000 € par an", Salary(45_000, 45_000, "EUR", "year")),
        ("Up to $200k OTE, base $120k", Salary(120_000, 120_000, "USD", "year")),
    ],
)
def test_pay_of_the_world(text: str, expected: Salary) -> None:
    assert parse_salary(text) == expected


@pytest.mark.parametrize("text", NO_PAY)
def test_what_is_no_pay(text: str) -> None:
    assert parse_salary(text) is None


def test_the_default_currency_is_that_of_the_caller() -> None:
    assert parse_salary("100000 per year", default_currency="CHF") == Salary(100_000, 100_000, "CHF", "year")


def test_yearly_dollars_for_comparison() -> None:
    assert Salary(20, 30, "USD", "hour").annual_usd == 25 * 2080
    assert Salary(None, 60_000, "USD", "year").annual_usd == 60_000
    assert Salary(1, 1, "XXX", "year").annual_usd is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The salary range for this role is $120,000 - $150,000 per year.", Salary(120_000, 150_000, "USD", "year")),
        ("Base pay: $45.00 to $60.00 per hour, depending on skill.", Salary(45, 60, "USD", "hour")),
        ("We raised $40 million and serve 300 customers.", None),
        ("Our platform manages $2,000,000 of assets.", None),
        ("Competitive salary and a 401(k) match.", None),
        ("Salary 100-200k DOE.", Salary(100_000, 200_000, "USD", "year")),
        ("Pay starts at $14 per hour.\nPay: $15.00 - $16.00 per hour", Salary(15, 16, "USD", "hour")),
        ("Pay: $15.00 per hour\nBonus: $500 per month", Salary(15, 15, "USD", "hour")),
        ("Pay rate: $25.00/game", None),
        ("Competitive salary, 401K and a boat.", None),
        ("The annual salary range is: $90,000. to $120,000. It varies.", Salary(90_000, 120_000, "USD", "year")),
        ("Life Insurance\n$130,000-$150,000 yearly base", Salary(130_000, 150_000, "USD", "year")),
    ],
)
def test_pay_in_prose(text: str, expected: Salary | None) -> None:
    assert find_salary(text) == expected


@given(st.text(max_size=300))
def test_no_text_makes_the_parsers_raise(text: str) -> None:
    found = parse_salary(text)
    assert found is None or (found.minimum or 0) <= (found.maximum or float("inf"))
    in_prose = find_salary(f"salary {text}")
    assert in_prose is None or 8_000 <= (in_prose.annual_usd or 8_000) <= 1_500_000


@pytest.mark.parametrize("piece", ["1,", "1 ", "$1 - ", "salary $1", "9" * 10, "1.000."])
def test_hostile_text_does_not_make_the_patterns_run_away(piece: str) -> None:
    text = (piece * 100_000)[:100_000]
    # Processor time, and far above what it takes: only a pattern that runs away fails this.
    started = time.process_time()
    parse_salary(text)
    find_salary(text)
    assert time.process_time() - started < 5
