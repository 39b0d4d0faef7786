"""A profile's section in the settings file in force: the user's own file, whose comments and other keys stay."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomlkit

from jobfinder_assets.config import FILE_NAME, Profile, Settings, find_file
from jobfinder_assets.storage.files import write_text


@dataclass(frozen=True)
class Dropped:
    """What was taken out of the settings file: profiles, and the name that got the bundled sample's labels, if any.

    file: None when it did not change.
    """

    file: Path | None = None
    profiles: tuple[str, ...] = ()
    labels_for: str = ""


def put_profile(settings: Settings, name: str, profile: Profile) -> Path | None:
    """Write the profile where there is none of its name; None when the settings have one already."""
    if name in _names(settings):
        return None
    path = find_file() or settings.home.root / FILE_NAME
    document = tomlkit.parse(path.read_text(encoding="utf-8")) if path.is_file() else tomlkit.document()
    if "profiles" not in document:
        document["profiles"] = tomlkit.table(is_super_table=True)
    profiles: Any = document["profiles"]
    profiles[name] = {key: list(v) if isinstance(v, tuple) else v for key, v in profile.model_dump().items()}
    return write_text(path, tomlkit.dumps(document))


def drop_profile(name: str | None) -> Dropped:
    """Take a profile (None: every one) out of the settings file.

    Where the file gives it the bundled sample's labels, it no longer does, or the next run would make it anew.
    """
    path = find_file()
    if path is None:
        return Dropped()
    document: Any = tomlkit.parse(path.read_text(encoding="utf-8"))
    before = tomlkit.dumps(document)
    gone = [each for each in document.get("profiles", {}) if name in (None, each)]
    for each in gone:
        del document["profiles"][each]
    if "profiles" in document and not document["profiles"]:
        del document["profiles"]
    sample = document.get("sources", {}).get("sample", {})
    labels_for = str(sample.get("labels_for", ""))
    if labels_for and name in (None, labels_for):
        sample["labels_for"] = ""
    else:
        labels_for = ""
    after = tomlkit.dumps(document)
    return Dropped(write_text(path, after) if after != before else None, tuple(gone), labels_for)


def has_profiles(settings: Settings) -> bool:
    """Whether a file or a variable names profiles, and not the defaults alone."""
    return bool(_names(settings))


def _names(settings: Settings) -> set[str]:
    """The profiles that stand in a file or a variable: those of the defaults are nobody's."""
    path = find_file()
    document: dict[str, Any] = tomlkit.parse(path.read_text(encoding="utf-8")).unwrap() if path else {}
    written = set(document.get("profiles", {}))
    return written or (set(settings.profiles) - set(Settings().profiles))
