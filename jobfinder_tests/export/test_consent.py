"""Consent: nothing pre-ticked, everything on record, and withdrawing as easy as giving."""

from datetime import timedelta
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from jobfinder_assets.config import Home, load_settings
from jobfinder_assets.export import consent as consents
from jobfinder_assets.export.columns import CHOICES
from jobfinder_assets.export.commands import consent
from jobfinder_assets.export.demo import PROFILE
from jobfinder_assets.export.errors import ExportError, Refusal
from jobfinder_assets.export.package import make_package
from jobfinder_assets.export.work import Request
from jobfinder_assets.storage.lake import Lake
from jobfinder_tests.export.conftest import BUYER, NOW, agree, files_below, product

GIVE = [
    "give", "--profile", PROFILE, "--purpose", "A study of preferences", "--buyer", BUYER, "--column", "interesting",
    "--column", "role", "--until", f"{NOW + timedelta(days=30):%Y-%m-%d}",
]  # fmt: skip


def call(*arguments: str, input: str | None = None) -> Result:
    return CliRunner().invoke(consent, arguments, input=input)


def test_give_show_withdraw(person: Lake, home: Home) -> None:
    given = call(*GIVE, "--price", "40", "--currency", "EUR", input="I agree\n")
    assert given.exit_code == 0, given.output
    for told in ("A study of preferences", BUYER, "40.00 EUR", "interesting:", "role:", "never anonymous", "left out"):
        assert told in given.output
    assert "country:" not in given.output
    kept = consents.history(person, PROFILE)[0]
    assert kept.text in given.output and consents.text_hash(kept.text) == kept.text_hash
    assert kept.offer.columns == ("interesting", "role")
    shown = call("show", "--profile", PROFILE)
    assert shown.exit_code == 0
    assert f"{kept.id}  live" in shown.output and kept.text_hash in shown.output
    assert product().exit_code == 0
    withdrawn = call("withdraw", "--profile", PROFILE)
    assert withdrawn.exit_code == 0, withdrawn.output
    assert f"{BUYER}: package " in withdrawn.output
    shown = call("show", "--profile", PROFILE)
    assert f"{kept.id}  withdrawn" in shown.output and "consent withdrawn" in shown.output
    assert product().exit_code == 1


def test_withdrawal_stops_the_next_build_and_marks_the_ledger(person: Lake, home: Home) -> None:
    agree(person, home)
    first = make_package(person, load_settings(), Request(PROFILE, BUYER), now=NOW)
    done = consents.withdraw(person, home, PROFILE, now=NOW)
    assert list(done.notify["package_id"]) == [first.id] and list(done.notify["recipient"]) == [BUYER]
    ledger = person.read("product_ledger")
    assert ledger["withdrawn_at"].notna().all()
    with pytest.raises(Refusal, match="withdrawn"):
        make_package(person, load_settings(), Request(PROFILE, BUYER), now=NOW)
    with pytest.raises(ExportError, match="no consent that is not withdrawn"):
        consents.withdraw(person, home, PROFILE, now=NOW)
    agree(person, home, said=NOW + timedelta(seconds=1))
    make_package(person, load_settings(), Request(PROFILE, BUYER), now=NOW + timedelta(seconds=2))
    assert list(person.read("product_ledger").sort_values("made_at")["withdrawn_at"].notna()) == [True, False]


def test_one_of_two_consents_can_be_withdrawn(person: Lake, home: Home) -> None:
    one, two = agree(person, home), agree(person, home, buyer="Another House", said=NOW + timedelta(seconds=1))
    consents.withdraw(person, home, PROFILE, now=NOW, consent=one.id)
    assert [each.state(NOW) for each in consents.history(person, PROFILE)] == ["withdrawn", "live"]
    assert consents.live_consent(person, PROFILE, "another house", now=NOW).id == two.id


@pytest.mark.parametrize("answer", ["", "yes\n", "n\n", "I do not agree\n"])
def test_anything_but_i_agree_is_a_no(answer: str, person: Lake, home: Home) -> None:
    before = files_below(home.root)
    result = call(*GIVE, input=answer)
    assert result.exit_code == 1
    assert files_below(home.root) == before


@pytest.mark.parametrize("missing", ["--purpose", "--column", "--until"])
def test_nothing_is_filled_in_for_the_person(missing: str, person: Lake) -> None:
    arguments = list(GIVE)
    while missing in arguments:
        position = arguments.index(missing)
        del arguments[position : position + 2]
    result = call(*arguments, input="I agree\n")
    assert result.exit_code == 2
    assert missing in result.output


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"columns": ["recruiter"]}, "unknown column 'recruiter'; columns to choose from: interesting, "),
        ({"columns": []}, "the offer names no column; columns to choose from: interesting, "),
        ({"purpose": "Research"}, "^the purpose needs at least 10 characters, .* say what the data is for$"),
        ({"purpose": "x" * 501}, "^the purpose needs .* at most 500: say what the data is for$"),
        ({"buyer": "X"}, "^who may get the data needs at least 2 characters, .* name them in full$"),
        ({"price": 3.0}, "^a price needs its currency, three letters such as EUR$"),
        ({"price": -1.0}, "^the price is a number, 0 or more$"),
        ({"price": float("nan")}, "^the price is a number, 0 or more$"),
        ({"price": float("inf")}, "^the price is a number, 0 or more$"),
        ({"special": ["wealth"]}, "^unknown special category 'wealth'; there are: [^:]*$"),
        ({"until": NOW.replace(tzinfo=None)}, "^the end of the term has no time zone$"),
        ({"until": NOW - timedelta(days=1)}, "it is over already; name a later end$"),
        ({"profile": "Not A Name"}, "^a profile's name has lower-case letters, digits, - and _, at most 64$"),
    ],
)
def test_a_wrong_offer_says_what_is_wrong(changes: dict[str, Any], problem: str, person: Lake, home: Home) -> None:
    with pytest.raises(ExportError, match=problem):
        agree(person, home, **changes)
    assert person.count("consent_events") == 0


def test_what_cannot_be_agreed_to_is_told_before_the_text(person: Lake) -> None:
    arguments = [each if each != GIVE[-1] else "2020-01-01" for each in GIVE]
    result = call(*arguments, input="I agree\n")
    assert result.exit_code == 2
    assert result.output == (
        "jobfinder: the term ended on 2020-01-01 00:00 UTC, it is over already; name a later end\n"
    )


def test_the_text_agreed_to_is_the_text_of_the_offer(person: Lake, home: Home) -> None:
    offer = agree(person, home).offer
    with pytest.raises(ExportError, match="is not that of this offer"):
        consents.give(person, home, offer.model_copy(update={"columns": CHOICES[:2]}), read="0" * 64, now=NOW)
    result = call(*GIVE, "--read", "0" * 64)
    assert result.exit_code == 2 and "read it again" in result.output
    text = consents.read_text(offer.model_copy(update={"purpose": "Another purpose"}))
    assert consents.text_hash(text) != consents.text_hash(consents.read_text(offer))


def test_a_class_of_buyers_covers_any_recipient(person: Lake, home: Home) -> None:
    agree(person, home, buyer="universities", buyer_is_class=True)
    assert product(recipient="Example University").exit_code == 0
    assert product(recipient=" ").exit_code == 1


@pytest.mark.parametrize("tampering", ["delete", "change", "add"])
def test_the_record_is_append_only(tampering: str, person: Lake, home: Home) -> None:
    given = agree(person, home)
    agree(person, home, buyer="Another House", said=NOW + timedelta(seconds=1))
    if tampering == "delete":
        person.delete("consent_events", pd.DataFrame({"event_id": [given.id]}))
    elif tampering == "change":
        person.update("consent_events", pd.DataFrame([{"event_id": given.id, "text_hash": "0"}]))
    else:
        row = person.read("consent_events").head(1).assign(event_id="new", previous_id=given.id)
        person.append("consent_events", row)
    with pytest.raises(Refusal, match="was changed after it was written"):
        consents.history(person, PROFILE)
