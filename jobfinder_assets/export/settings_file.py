"""A profile's section in the settings file in force: the user's own file, whose comments and other keys stay."""

from pathlib import Path
from typing import Any

import tomlkit

from jobfinder_assets.config import FILE_NAME, Profile, Settings, find_file
from jobfinder_assets.storage.files import write_text


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


def drop_profile(name: str | None) -> Path | None:
    """Take a profile (None: every one) out of the settings file; None when it stands in none.

    The bundled sample's labels are no longer given to it either, or the next run would make it anew.
    """
    path = find_file()
    if path is None:
        return None
    document: Any = tomlkit.parse(path.read_text(encoding="utf-8"))
    before = tomlkit.dumps(document)
    gone = [each for each in document.get("profiles", {}) if name in (None, each)]
    for each in gone:
        del document["profiles"][each]
    if "profiles" in document and not document["profiles"]:
        del document["profiles"]
    sample = document.get("sources", {}).get("sample", {})
    if sample.get("labels_for") and name in (None, sample["labels_for"]):
        sample["labels_for"] = ""
    after = tomlkit.dumps(document)
    return write_text(path, after) if after != before else None


def _names(settings: Settings) -> set[str]:
    """The profiles that stand in a file or a variable: those of the defaults are nobody's."""
    path = find_file()
    document: dict[str, Any] = tomlkit.parse(path.read_text(encoding="utf-8")).unwrap() if path else {}
    written = set(document.get("profiles", {}))
    return written or (set(settings.profiles) - set(Settings().profiles))
