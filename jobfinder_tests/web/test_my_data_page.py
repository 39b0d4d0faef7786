"""The page My data: nothing is ticked for anybody, a yes needs a read text, a no needs one click, erasure its words."""

import io
import os
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from jobfinder_assets.background import BackgroundRun
from jobfinder_assets.config import Home, load_settings
from jobfinder_assets.export import consent
from jobfinder_assets.export.columns import CHOICES
from jobfinder_assets.export.demo import PROFILE, SEARCHES, invent
from jobfinder_assets.export.erase import erase_profile
from jobfinder_assets.export.package import make_package
from jobfinder_assets.export.words import CATEGORIES
from jobfinder_assets.export.work import Request
from jobfinder_assets.storage.files import write_json
from jobfinder_assets.storage.lake import Lake
from jobfinder_assets.web import session
from jobfinder_assets.web.screens.my_data import own_zip

NOW = datetime.now(UTC)
BUYER = "Example Institute"
NEXT_MONTH = (NOW + timedelta(days=30)).date()


@pytest.fixture(autouse=True)
def person(lake: Lake, home: Home) -> Lake:
    invent(lake, postings=60, labels=40, words=10)
    text = f"[http]\noffline = true\n\n[profiles.{PROFILE}]\nsearches = {list(SEARCHES)}\n[profiles.ben]\n"
    (home.root / "jobfinder.toml").write_text(text, encoding="utf-8")
    return lake


def opened(**state: Any) -> AppTest:
    def script() -> None:
        from jobfinder_assets.web.screens import my_data

        my_data.page()

    app = AppTest.from_function(script, default_timeout=120)
    for key, value in state.items():
        app.session_state[key] = value
    app.run()
    assert not app.exception, app.exception
    return app


def words(app: AppTest) -> str:
    elements: Sequence[Any] = [*app.text, *app.caption, *app.info, *app.error, *app.warning, *app.markdown]
    return "\n".join(str(element.value) for element in elements)


def clicked(app: AppTest, key: str) -> str:
    app.button(key=key).click().run()
    assert not app.exception, app.exception
    return words(app)


def key(name: str, turn: int = 0) -> str:
    return f"offer-{name}-{PROFILE}-{turn}"


def filled(app: AppTest, **changes: Any) -> AppTest:
    """The form of an offer, filled by a person who leaves the name and the label to be told."""
    values = {
        "purpose": "A study of preferences", "kind": "one recipient, by name", "buyer": BUYER, "until": NEXT_MONTH,
    } | changes  # fmt: skip
    app.text_input(key=key("purpose")).set_value(values["purpose"])
    if values["kind"]:
        app.radio(key=key("kind")).set_value(values["kind"])
    app.text_input(key=key("buyer")).set_value(values["buyer"])
    if values["until"]:
        app.date_input(key=key("until")).set_value(values["until"])
    for column in values.get("columns", ("interesting", "role")):
        app.checkbox(key=key(column)).check()
    return app


def agreed(lake: Lake, home: Home, *, columns: Sequence[str] = CHOICES) -> consent.Consent:
    offer = consent.make_offer(
        profile=PROFILE, purpose="A study of preferences", buyer=BUYER, buyer_is_class=False, columns=columns,
        until=NOW + timedelta(days=30),
    )  # fmt: skip
    return consent.give(lake, home, offer, read=consent.text_hash(consent.read_text(offer)), now=NOW)


def test_nothing_is_chosen_beforehand() -> None:
    app = opened()
    assert {entry.key for entry in app.checkbox} == {key(name) for name in (*CHOICES, *CATEGORIES)}
    assert not any(entry.value for entry in app.checkbox)
    assert [entry.value for entry in app.radio] == [None, None]
    assert not any(entry.value for entry in [*app.text_input, *app.date_input, *app.number_input])
    assert "has agreed to nothing" in words(app)


def test_what_is_downloaded_brings_everything_back(person: Lake, home: Home) -> None:
    packed = own_zip(person, load_settings(), PROFILE)
    assert "tables/label_events.csv" in zipfile.ZipFile(io.BytesIO(packed)).namelist()
    assert len(opened().get("download_button")) == 1
    erase_profile(person, load_settings(), PROFILE)
    app = opened()
    assert app.button(key="own_import").disabled
    app.file_uploader(key="own_file_0").set_value(("mine.zip", packed, "application/zip")).run()
    told = clicked(app, "own_import")
    assert f"{PROFILE} is back: 40 of label_events" in told
    assert "Labels are those of the export; the top 20 is the same" in told
    assert person.count("label_events") == 40 and load_settings().profiles[PROFILE].searches == SEARCHES
    assert not app.file_uploader(key="own_file_1").value, "the field begins anew"


def test_a_damaged_file_is_told_and_changes_nothing(person: Lake) -> None:
    before = person.version("label_events")
    app = opened()
    app.file_uploader(key="own_file_0").set_value(("mine.zip", b"PK no zip", "application/zip")).run()
    told = clicked(app, "own_import")
    assert "Nothing was imported." in told and "mine.zip: is no zip file that can be read" in told
    assert person.version("label_events") == before


def test_a_consent_is_given_only_after_its_text_was_read(person: Lake, home: Home) -> None:
    app = filled(opened())
    told = clicked(app, f"offer-show-{PROFILE}-0")
    assert "What for: A study of preferences" in told and f"Who gets it: {BUYER}" in told
    assert "- role: Role by the duties" in told and "- country:" not in told
    assert app.button(key="offer_agree").disabled and not app.checkbox(key="offer_read").value
    assert consent.history(person, PROFILE) == []
    app.checkbox(key="offer_read").check().run()
    assert "is noted" in clicked(app, "offer_agree")
    (given,) = consent.history(person, PROFILE)
    assert given.offer.columns == ("interesting", "role") and given.offer.until.date() == NEXT_MONTH
    assert given.text_hash == consent.text_hash(consent.read_text(given.offer)) and given.text in words(app)
    assert not any(entry.value for entry in app.checkbox), "the fields begin anew"


def test_a_no_leaves_nothing(person: Lake) -> None:
    app = filled(opened())
    clicked(app, f"offer-show-{PROFILE}-0")
    told = clicked(app, "offer_no")
    assert "What for:" not in told and not any(entry.value for entry in app.checkbox)
    assert consent.history(person, PROFILE) == []


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"kind": None}, "say who may get it"),
        ({"until": None}, "say until when"),
        ({"purpose": "Money"}, "the purpose needs at least 10 characters"),
        ({"columns": ()}, "names no column"),
        ({"buyer": ""}, "who may get the data needs at least 2 characters"),
    ],
)
def test_what_is_not_said_is_asked_for(changes: dict[str, Any], problem: str, person: Lake) -> None:
    app = filled(opened(), **changes)
    told = clicked(app, f"offer-show-{PROFILE}-0")
    assert "This is no offer yet." in told and problem in told.lower()
    assert "offer_agree" not in {entry.key for entry in app.button}


def test_a_term_that_is_over_is_no_consent(person: Lake) -> None:
    app = filled(opened(), until=(NOW - timedelta(days=3)).date())
    assert "is over already" in clicked(app, f"offer-show-{PROFILE}-0")
    assert consent.history(person, PROFILE) == []


def test_withdrawing_is_one_click_and_says_whom_to_tell(person: Lake, home: Home) -> None:
    agreed(person, home)
    assert "Nobody received anything under it." in clicked(opened(), "consent_withdraw")
    agreed(person, home)
    package = make_package(person, load_settings(), Request(PROFILE, BUYER), now=NOW)
    app = opened()
    assert app.dataframe[0].value["recipient"].tolist() == [BUYER]
    told = clicked(app, "consent_withdraw")
    assert "Withdrawn: no further package is made." in told and f"{BUYER}: package {package.id}" in told
    assert {each.state(NOW) for each in consent.history(person, PROFILE)} == {"withdrawn"}
    assert "consent_withdraw" not in {entry.key for entry in app.button}


def test_a_record_that_was_changed_is_told(person: Lake, home: Home) -> None:
    import pandas as pd

    given = agreed(person, home, columns=["interesting"])
    person.update("consent_events", pd.DataFrame([{"event_id": given.id, "text": "another"}]))
    told = words(opened())
    assert "cannot be read" in told and "was changed after it was written" in told


def erased(app: AppTest, what: str, typed: str) -> str:
    app.radio(key=f"erase_what_{PROFILE}").set_value(what)
    app.text_input(key="erase_typed").set_value(typed)
    return clicked(app, "erase_now")


@pytest.mark.parametrize(
    ("what", "typed"),
    [
        (f"everything of {PROFILE}", ""),
        (f"everything of {PROFILE}", "erase everything"),
        (f"everything of {PROFILE}", "erase profile ben"),
        ("everything of everybody, and all postings", f"erase profile {PROFILE}"),
    ],
)
def test_without_its_words_nothing_is_erased(what: str, typed: str, person: Lake) -> None:
    assert "Nothing was removed" in erased(opened(), what, typed)
    assert person.count("label_events") == 40


def test_erasing_needs_a_choice(person: Lake) -> None:
    app = opened()
    app.text_input(key="erase_typed").set_value(f"erase profile {PROFILE}")
    assert "Nothing was removed" in clicked(app, "erase_now")
    assert person.count("label_events") == 40


def test_a_profile_is_erased_and_the_page_forgets(person: Lake, home: Home) -> None:
    app = opened(cv_text_0="my CV")
    assert len(session.table("label_events")) == 40
    told = erased(app, f"everything of {PROFILE}", f"erase profile {PROFILE} ")
    assert "41 rows of label_events" in told and "Proof: the token" in told
    assert person.count("label_events") == 0 and person.count("postings") == 60
    assert list(load_settings().profiles) == ["ben"]
    assert "cv_text_0" not in app.session_state
    assert session.table("label_events").empty


def test_everything_is_erased(person: Lake, home: Home) -> None:
    told = erased(opened(), "everything of everybody, and all postings", "erase everything")
    assert "Proof: the token" in told and "left in" in told
    assert [path.name for path in home.root.iterdir()] == ["jobfinder.toml"]


def test_a_run_from_before_a_restart_does_not_keep_one_from_erasing(home: Home) -> None:
    told = {"arguments": ["run"], "started_at": NOW.isoformat(), "pid": os.getpid()}
    write_json(home.root / "background" / "run.json", told)
    assert not opened().button(key="erase_now").disabled


def test_while_something_runs_nothing_is_erased_or_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "background", lambda: BackgroundRun(("run",), NOW, "running", ()))
    app = opened()
    assert app.button(key="own_import").disabled
    assert app.button(key="erase_now").disabled
