"""What to ask a source for that only answers searches."""

from collections.abc import Iterable, Sequence

from jobfinder_assets.config import Settings

_USUAL_SEARCHES = ("data engineer", "data scientist", "data analyst", "machine learning engineer")


def wanted_searches(queries: Iterable[str], settings: Settings) -> Sequence[str]:
    """What to search for: a source's own `queries`, else the searches of every profile, else the usual job titles."""
    profiles = [words for profile in settings.profiles.values() for words in profile.searches]
    for words in (queries, profiles):
        if found := {name.casefold(): name for name in (" ".join(each.split()) for each in words) if name}:
            return tuple(found.values())
    return _USUAL_SEARCHES
