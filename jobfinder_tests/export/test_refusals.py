"""Whatever stops a package stops it whole: exit status, reason, and no file, not even for a moment."""

import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from jobfinder_assets.config import Home, load_settings
from jobfinder_assets.export import consent, package
from jobfinder_assets.export.columns import CHOICES
from jobfinder_assets.export.commands import export
from jobfinder_assets.export.demo import PROFILE, SEARCHES
from jobfinder_assets.export.errors import Refusal
from jobfinder_assets.export.work import Request
from jobfinder_assets.storage.lake import Lake
from jobfinder_tests.export.conftest import (
    BUYER,
    NOW,
    POSTINGS,
    agree,
    change,
    files_below,
    first_posting,
    product,
    set_searches,
)

PERSONAL = {
    "e-mail": "jane.roe@example.com",
    "phone": "+49 30 901820",
    "name": "Maria Schmidt",
    "address": "12 Example Street",
}


def refused(home: Home, monkeypatch: pytest.MonkeyPatch, *arguments: str, recipient: str = BUYER) -> str:
    """Ask for a package; returns the reason after checking that nothing at all was written."""
    made: list[object] = []
    for name in ("mkdtemp", "mkstemp", "NamedTemporaryFile", "TemporaryDirectory"):
        monkeypatch.setattr(tempfile, name, lambda *_, **__: made.append("temporary"))
    before = files_below(home.root)
    result = product(*arguments, recipient=recipient)
    assert files_below(home.root) == before
    assert not made
    assert not (home.root / "products").exists()
    assert result.exit_code == 1, result.output
    assert result.output.startswith("jobfinder: ")
    return result.output


def test_no_consent(person: Lake, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "has given no consent" in refused(home, monkeypatch)


def test_expired_consent(person: Lake, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    agree(person, home, said=NOW - timedelta(days=9), until=NOW - timedelta(hours=1))
    assert "is expired since" in refused(home, monkeypatch)


def test_withdrawn_consent(person: Lake, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    agree(person, home)
    consent.withdraw(person, home, PROFILE, now=NOW)
    assert "is withdrawn since" in refused(home, monkeypatch)


def test_another_recipient_than_the_consent_names(person: Lake, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    agree(person, home)
    assert "names this recipient" in refused(home, monkeypatch, recipient="Somebody Else")


def test_a_consent_that_was_changed_afterwards(person: Lake, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    given = agree(person, home, columns=["interesting"])
    wider = given.offer.model_copy(update={"columns": CHOICES})
    person.update("consent_events", pd.DataFrame([{"event_id": given.id, "offer": wider.model_dump_json()}]))
    assert "was changed after it was written" in refused(home, monkeypatch)


@pytest.mark.parametrize("source", ["greenhouse", "a source that is gone"])
def test_unknown_licence(source: str, person: Lake, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    agree(person, home)
    change(person, first_posting(), source=source)
    assert (
        f"unknown licence: 1 labelled postings come from sources whose terms on passing them on are unknown: {source}"
        in (refused(home, monkeypatch))
    )


@pytest.mark.parametrize("kind", PERSONAL)
@pytest.mark.parametrize("place", ["title", "company", "place", "reason", "search"])
def test_personal_data(place: str, kind: str, person: Lake, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    agree(person, home)
    text = f"Engineer, ask {PERSONAL[kind]}"
    if place == "reason":
        person.update("label_events", pd.DataFrame([{"event_id": f"event {first_posting()}", "reason": text}]))
    elif place == "search":
        set_searches(home, [*SEARCHES, text.lower()])
    else:
        change(person, first_posting(), **{{"place": "location"}.get(place, place): text})
    reason = refused(home, monkeypatch)
    where = "search 3 of the profile" if place == "search" else f"{place} of posting {first_posting()}"
    assert f"{where}: {kind}" in reason
    assert PERSONAL[kind].lower() not in reason.lower(), "an error goes into logs"


@pytest.mark.parametrize(
    "text", ["call 030 9018200", "jane (at) example.com", "schmidt, maria", "linkedin.com/in/jroe"]
)
def test_personal_data_in_other_spellings(text: str, person: Lake, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    agree(person, home)
    person.update("label_events", pd.DataFrame([{"event_id": f"event {first_posting()}", "reason": text}]))
    assert "personal data in 1 texts" in refused(home, monkeypatch)


def test_unknown_column_in_the_request(person: Lake, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    agree(person, home)
    assert "unknown column 'recruiter' in the request" in refused(home, monkeypatch, "--column", "recruiter")


def test_unknown_column_in_the_rows(person: Lake, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    agree(person, home)
    minimised = package._minimised
    monkeypatch.setattr(package, "_minimised", lambda *given: minimised(*given).assign(description="We build"))
    assert "unknown column 'description' in the rows" in refused(home, monkeypatch)


def test_a_column_beyond_the_consent(person: Lake, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    agree(person, home, columns=["interesting", "role"])
    assert "does not name the column 'country'" in refused(home, monkeypatch, "--column", "country")


def test_a_value_as_long_as_prose(person: Lake, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    agree(person, home)
    minimised = package._minimised
    monkeypatch.setattr(package, "_minimised", lambda *given: minimised(*given).assign(role="x" * 30))
    assert "it could be an advert's text" in refused(home, monkeypatch)


def test_a_rare_search(person: Lake, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    agree(person, home)
    set_searches(home, [*SEARCHES, "pipelines glaciology"])
    reason = refused(home, monkeypatch)
    assert "rare search" in reason and "number 3" in reason
    assert "glaciology" not in reason


def test_a_word_that_one_opening_repeats_is_rare_all_the_same(
    person: Lake, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    agree(person, home)
    ids = [f"{number:08x}" for number in range(8)]
    for posting in ids:
        change(person, posting, description="glaciology")
    person.update("posting_clusters", pd.DataFrame({"posting_id": ids, "cluster_id": "one opening"}))
    set_searches(home, ["glaciology"])
    assert "rare search" in refused(home, monkeypatch)


def test_nothing_labelled(person: Lake, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    agree(person, home)
    arguments = [part for number in range(POSTINGS) for part in ("--without", f"{number:08x}")]
    assert "no row is left" in refused(home, monkeypatch, *arguments)


def test_a_withdrawal_while_the_package_is_made(person: Lake, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    agree(person, home)
    checked = package._checked

    def slow(*given: object) -> object:
        consent.withdraw(person, home, PROFILE, now=NOW)
        return checked(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(package, "_checked", slow)
    with pytest.raises(Refusal, match="is withdrawn since"):
        package.make_package(person, load_settings(), Request(PROFILE, BUYER), now=NOW)
    assert not (home.root / "products").exists()
    assert person.count("product_ledger") == 0


def made_slowly(monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], object]) -> None:
    """Let something happen while a package is made, after its consent was looked up."""
    checked = package._checked

    def slow(*given: Any) -> Any:
        meanwhile()
        return checked(*given)

    monkeypatch.setattr(package, "_checked", slow)


def test_another_consent_while_the_package_is_made(person: Lake, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    agree(person, home)
    made_slowly(monkeypatch, lambda: agree(person, home, said=NOW + timedelta(seconds=1), columns=["interesting"]))
    with pytest.raises(Refusal, match=r"another consent .* make the package again"):
        package.make_package(person, load_settings(), Request(PROFILE, BUYER), now=NOW)
    assert not (home.root / "products").exists()
    assert person.count("product_ledger") == 0


def test_a_consent_that_ends_while_the_package_is_made(
    person: Lake, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = datetime.now(UTC)
    until = began + timedelta(hours=1)
    agree(person, home, until=until)

    class Later(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return until + timedelta(seconds=1)

    made_slowly(monkeypatch, lambda: monkeypatch.setattr(package, "datetime", Later))
    with pytest.raises(Refusal, match="is expired since"):
        package.make_package(person, load_settings(), Request(PROFILE, BUYER), now=began)
    assert person.count("product_ledger") == 0


def test_a_folder_that_cannot_be_written_leaves_no_ledger_row(person: Lake, home: Home, tmp_path: Path) -> None:
    agree(person, home)
    (tmp_path / "file").write_text("", encoding="utf-8")
    result = product("--to", str(tmp_path / "file" / "inside"))
    assert result.exit_code == 2
    assert "name another folder" in result.output
    assert person.count("product_ledger") == 0


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--k", "2"], "k: 2 is too small"),
        (["--to", "."], "exists already"),
        (["--leave-out", "everything"], "everything"),
    ],
)
def test_a_wrong_option(arguments: list[str], problem: str, person: Lake, home: Home) -> None:
    agree(person, home)
    result = product(*arguments)
    assert result.exit_code == 2
    assert problem in result.output


def test_missing_libraries_are_named(person: Lake, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    agree(person, home)
    monkeypatch.setitem(__import__("sys").modules, "mlcroissant", None)
    assert 'mlcroissant: pip install "jobfinder[export]"' in refused(home, monkeypatch)


def test_the_command_has_help() -> None:
    assert set(export.commands) == {"own", "product"}
