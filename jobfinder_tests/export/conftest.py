"""An invented person with a home, a lake and a settings file, and what they agree to."""

import os
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from jobfinder_assets.config import Home, Settings, load_settings
from jobfinder_assets.export import consent
from jobfinder_assets.export.columns import CHOICES
from jobfinder_assets.export.commands import export
from jobfinder_assets.export.demo import PROFILE, SEARCHES, invent
from jobfinder_assets.storage.lake import Lake

NOW = datetime.now(UTC)
BUYER = "Example Institute"
POSTINGS = 300


@pytest.fixture(autouse=True, scope="session")
def streams_stay_open() -> None:
    """mlcroissant's absl keeps the stderr of its import, pytest's, and closes it when logging is set up anew."""
    from absl.logging import get_absl_handler

    get_absl_handler().python_handler.stream = sys.__stderr__


@pytest.fixture
def person(lake: Lake, home: Home) -> Lake:
    """The lake of an invented person: 300 postings, the first 90 of them labelled; searches in the settings file."""
    invent(lake, postings=POSTINGS, labels=90, words=25)
    set_searches(home, SEARCHES)
    return lake


def set_searches(home: Home, searches: Sequence[str]) -> None:
    listed = ", ".join(f"'{text}'" for text in searches)
    text = f"[http]\noffline = true\n\n[profiles.{PROFILE}]  # whose\nsearches = [{listed}]\n"
    (home.root / "jobfinder.toml").write_text(text, encoding="utf-8")


@pytest.fixture
def settings(home: Home) -> Callable[[], Settings]:
    """The settings of the file as it is now."""
    return load_settings


def agree(lake: Lake, home: Home, *, said: datetime = NOW, **changes: Any) -> consent.Consent:
    """A consent to every column for `BUYER` for 30 days, but for what `changes` says."""
    values: dict[str, Any] = {
        "profile": PROFILE, "purpose": "A study of preferences", "buyer": BUYER, "buyer_is_class": False,
        "columns": CHOICES, "until": NOW + timedelta(days=30),
    }  # fmt: skip
    offer = consent.make_offer(**(values | changes))
    return consent.give(lake, home, offer, read=consent.text_hash(consent.read_text(offer)), now=said)


def change(lake: Lake, posting: str, **values: Any) -> None:
    """Set columns of one posting."""
    lake.update("postings", pd.DataFrame([{"posting_id": posting, **values}]))


def first_posting() -> str:
    return f"{0:08x}"


def product(*arguments: str, recipient: str = BUYER) -> Result:
    """`jobfinder export product` for the invented person."""
    command = ["product", "--profile", PROFILE, "--recipient", recipient, *arguments]
    return CliRunner().invoke(export, command)


def files_below(folder: Path) -> dict[str, bytes]:
    """Every file and its content, to see that nothing was written."""
    found = {}
    for inner, _, names in os.walk(folder):
        for name in names:
            path = Path(inner, name)
            found[str(path.relative_to(folder))] = path.read_bytes()
    return found
