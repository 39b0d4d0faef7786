"""A profile is written into the user's own file, whose other words stay as they are."""

from pathlib import Path

import pytest

from jobfinder_assets.config import Home, load_settings
from jobfinder_assets.web.profiles import ProfileError, delete_profile, save_profile

WRITTEN = """\
# my own words
[training]
trials = 7  # quick

[profiles.ann]
keywords = ["spark"]  # streaming, too
"""


@pytest.fixture
def file(home: Home, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(home.root)
    path = home.root / "jobfinder.toml"
    path.write_text(WRITTEN, encoding="utf-8")
    return path


def test_changes_leave_comments_and_other_keys(file: Path) -> None:
    assert save_profile(load_settings(), "ann", {"places": ["Berlin"], "pay_floor_usd": 60_000}) == file
    text = file.read_text(encoding="utf-8")
    assert text.startswith(WRITTEN.rstrip())
    ann = load_settings().profiles["ann"]
    assert (ann.keywords, ann.places, ann.pay_floor_usd) == (("spark",), ("Berlin",), 60_000)


def test_a_new_profile_and_its_end(file: Path) -> None:
    save_profile(load_settings(), "ben", {"roles": ["data_analyst"]})
    assert set(load_settings().profiles) == {"ann", "ben"}
    delete_profile(load_settings(), "ann")
    assert set(load_settings().profiles) == {"ben"}
    with pytest.raises(ProfileError, match="stands in no settings file"):
        delete_profile(load_settings(), "ann")


def test_without_a_file_one_is_made_that_keeps_the_defaults(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home.root)
    before = load_settings().profiles["example"]
    path = save_profile(load_settings(), "example", {"places": ["Paris"]})
    assert path == home.root / "jobfinder.toml"
    after = load_settings().profiles["example"]
    assert after.places == ("Paris",) and after.keywords == before.keywords


@pytest.mark.parametrize(
    ("name", "changes", "words"),
    [
        ("ann", {"pay_floor_usd": -1}, "pay_floor_usd: .*not -1"),
        ("ann", {"roles": ["chef"]}, "chef"),
        ("Ann Lee", {}, "no name for a profile: lower-case"),
        ("ann", {"salary": 3}, "salary"),
    ],
)
def test_a_wrong_value_never_reaches_the_file(file: Path, name: str, changes: dict[str, object], words: str) -> None:
    with pytest.raises(ProfileError, match=words):
        save_profile(load_settings(), name, changes)
    assert file.read_text(encoding="utf-8") == WRITTEN
