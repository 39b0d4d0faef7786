"""The bundled sample: read whole, drafted by the source whose shape each record has."""

import gzip
import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from jobfinder_assets.config import Settings
from jobfinder_assets.ingestion.contract import SchemaDrift, SourceError, Unchanged
from jobfinder_assets.ingestion.sources.sample import BOARD, Sample


@pytest.fixture
def bundled() -> Sample:
    settings = Settings()
    return Sample.build(settings.source_section("sample", Sample.settings_model), settings)


def test_the_bundled_sample_is_read_whole(bundled: Sample) -> None:
    fetched = bundled.fetch(BOARD, validators={})
    postings = list(fetched.postings)
    assert len(postings) > 300 and len({posting.source_id for posting in postings}) == len(postings)
    assert {posting.board for posting in postings} == {BOARD}
    shapes = {posting.record["shape"] for posting in postings}
    assert shapes == {"greenhouse", "hackernews", "kaggle", "files"}
    drafts = [Sample.draft(posting.record) for posting in postings]
    # Some lack a title or a text on purpose.
    assert sum(draft.title is not None and draft.description is not None for draft in drafts) >= len(drafts) - 10
    with pytest.raises(Unchanged):
        bundled.fetch(BOARD, validators=fetched.validators)


def test_an_invented_advert_links_to_nobody_s_page(bundled: Sample) -> None:
    (board,) = bundled.boards()
    drafts = [Sample.draft(posting.record) for posting in bundled.fetch(board, validators={}).postings]
    links = {draft.url for draft in drafts if draft.url}
    assert len(links) > 100
    assert all((urlsplit(link).hostname or "").endswith(".example") for link in links)


def test_a_missing_or_broken_sample_says_so(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="install jobfinder again"):
        Sample(tmp_path / "nowhere.gz").fetch(BOARD, validators={})
    broken = tmp_path / "postings.jsonl.gz"
    broken.write_bytes(gzip.compress(json.dumps({"shape": "files"}).encode()))
    with pytest.raises(SchemaDrift, match="line 1"):
        list(Sample(broken).fetch(BOARD, validators={}).postings)


@pytest.mark.parametrize("shape", ["sample", "monster", None])
def test_an_unknown_shape_is_unreadable(shape: str | None) -> None:
    assert Sample.draft({"shape": shape, "record": {"title": "x"}}).unreadable == f"no source has the shape {shape!r}"
