"""The sources there are: every module in `sources/`, found by name and not by a list that could be forgotten."""

import importlib
import inspect
import pkgutil
from functools import cache

from jobfinder_assets.config import Settings
from jobfinder_assets.ingestion import sources
from jobfinder_assets.ingestion.contract import LIVE, Source


@cache
def source_classes() -> dict[str, type[Source]]:
    """Every source by name, sorted. Raises `TypeError` when a module does not define exactly one."""
    found: dict[str, type[Source]] = {}
    for module_info in pkgutil.iter_modules(sources.__path__):
        module = importlib.import_module(f"{sources.__name__}.{module_info.name}")
        defined = [
            value
            for value in vars(module).values()
            if inspect.isclass(value) and issubclass(value, Source) and value.__module__ == module.__name__
        ]
        if len(defined) != 1:
            raise TypeError(f"{module.__name__} must define exactly one Source, not {len(defined)}")
        if defined[0].name in found:
            raise TypeError(f"{module.__name__}: another source is called {defined[0].name!r}; names must differ")
        found[defined[0].name] = defined[0]
    return dict(sorted(found.items()))


def build_sources(settings: Settings) -> dict[str, Source]:
    """The enabled sources by name; without the live ones when the settings say `http.offline`.

    Raises
    ------
    ConfigError
        When a section of `[sources]` names no source, or holds an unknown key or a bad value.
    """
    classes = source_classes()
    for name in settings.sources:
        if name not in classes:
            raise settings.unknown_source(name, classes)
    sections = {name: settings.source_section(name, source.settings_model) for name, source in classes.items()}
    return {
        name: classes[name].build(section, settings)
        for name, section in sections.items()
        if section.enabled and not (settings.http.offline and classes[name].kind in LIVE)
    }


def asset_name(source_name: str) -> str:
    """The Dagster asset that fetches a source."""
    return f"{source_name}_postings"
