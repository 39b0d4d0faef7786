"""The catalog finds what is there, and mistakes in the settings are named."""

import pytest

from jobfinder_assets.config import ConfigError, Http, Settings
from jobfinder_assets.ingestion.catalog import asset_name, build_sources, source_classes
from jobfinder_assets.ingestion.contract import Source

NAMES = set(source_classes())
# Off until the user switches them on: a download, a key of one's own, or terms that forbid more than a look.
OFF = {"kaggle", "adzuna", "usajobs", "rss", "jobspy"} & NAMES


def test_every_source_is_found_and_named_like_its_module() -> None:
    assert set(source_classes()) >= {"sample", "kaggle", "files", "greenhouse", "lever", "ashby", "hackernews"}
    for name, source in source_classes().items():
        assert source.name == name == source.__module__.rsplit(".", 1)[1]
        assert source.terms.note
        assert asset_name(name) == f"{name}_postings"


def test_the_enabled_ones_are_built() -> None:
    assert set(build_sources(Settings())) == NAMES - OFF
    offline = build_sources(Settings(http=Http(offline=True)))
    assert set(offline) == {"sample", "files"}
    off = Settings(sources={name: {"enabled": False} for name in source_classes()})
    assert build_sources(off) == {}


@pytest.mark.parametrize("name", sorted(NAMES))
@pytest.mark.parametrize("record", [{}, {"title": 3, "text": [], "id": {}}, {"shape": "sample", "record": 3}])
def test_no_draft_raises(name: str, record: dict[str, object]) -> None:
    source: type[Source] = source_classes()[name]
    draft = source.draft(record)
    assert draft.title is None or isinstance(draft.title, str)
    assert record or draft.unreadable or name == "kaggle"


@pytest.mark.parametrize(
    ("sources", "words"),
    [
        ({"monster": {}}, "unknown source 'monster'; sources: .*ashby, .*files, greenhouse"),
        ({"hackernews": {"months": 0}}, "'sources.hackernews.months'"),
        ({"kaggle": {"datasets": ["titanic"]}}, "'data-scientist-jobs'"),
        ({"files": {"imports": [{"name": "a b", "path": "x.csv"}]}}, "match pattern"),
        ({"files": {"imports": [{"name": "a", "path": "x.csv"}] * 2}}, "two imports are called 'a'"),
        (
            {"files": {"imports": [{"name": "a", "path": "x.csv", "columns": {"titel": "T"}}]}},
            "no field 'titel'; fields: title",
        ),
        ({"files": {"imports": [{"name": "a", "path": "x.csv", "encoding": "utf-9"}]}}, "unknown encoding 'utf-9'"),
        ({"files": {"imports": [{"name": "a"}]}}, "path"),
    ],
)
def test_mistakes_are_named(sources: dict[str, dict[str, object]], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        build_sources(Settings(sources=sources))
