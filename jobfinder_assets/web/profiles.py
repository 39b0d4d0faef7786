"""Profiles in the settings file: written into the user's own file, whose comments and other keys stay as they are."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomlkit
from pydantic import ValidationError
from tomlkit.items import Table

from jobfinder_assets.config import FILE_NAME, PROFILE_NAME, PROFILE_NAME_WORDS, Profile, Settings, find_file
from jobfinder_assets.storage.files import write_text


class ProfileError(ValueError):
    """A profile cannot be saved; the message says which value is wrong."""


def save_profile(settings: Settings, name: str, changes: Mapping[str, Any]) -> Path:
    """Set the given keys of a profile in the settings file in force (one in the home when there is none).

    Returns the file. Raises `ProfileError` when a value or the name is not allowed; then nothing is written.
    """
    if not re.match(PROFILE_NAME, name):
        raise ProfileError(f"{name!r} is no name for a profile: {PROFILE_NAME_WORDS}")
    path = find_file() or settings.home.root / FILE_NAME
    document = tomlkit.parse(path.read_text(encoding="utf-8")) if path.is_file() else tomlkit.document()
    profiles = _section(document, "profiles")
    if name not in profiles and name in settings.profiles:
        # A profile of the defaults: written out whole, or its other wishes would be lost.
        profiles[name] = tomlkit.item(_plain(settings.profiles[name].model_dump()))
    own = _section(profiles, name)
    for key, value in changes.items():
        own[key] = _plain(value)
    _check(path, tomlkit.dumps(document), name)
    return write_text(path, tomlkit.dumps(document))


def delete_profile(settings: Settings, name: str) -> Path:
    """Take a profile out of the settings file; its labels and models stay in the home until they are erased."""
    path = find_file()
    document = tomlkit.parse(path.read_text(encoding="utf-8")) if path is not None else tomlkit.document()
    if path is None or name not in document.get("profiles", {}):
        raise ProfileError(f"profile {name!r} stands in no settings file")
    del document["profiles"][name]
    return write_text(path, tomlkit.dumps(document))


def _section(parent: Any, name: str) -> Any:
    if name not in parent:
        parent[name] = tomlkit.table(is_super_table=name == "profiles")
    found = parent[name]
    if not isinstance(found, Table | dict):
        raise ProfileError(f"{name!r} is a value in the settings file, not a section")
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, list | tuple | set) else value


def _check(path: Path, text: str, name: str) -> None:
    """Read the file as it would be, so that a wrong value never reaches it."""
    values = tomlkit.parse(text).unwrap().get("profiles", {}).get(name, {})
    try:
        Profile.model_validate(values)
        Settings.model_validate({"profiles": {name: values}})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ProfileError(f"{path}: {where}: {first['msg'].lower()}, not {first['input']!r}") from error
