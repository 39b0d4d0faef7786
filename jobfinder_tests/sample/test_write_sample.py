"""The bundled sample is what its script writes, says that it is invented, and has every trap it promises."""

import csv
import gzip
import io
import json
from collections import Counter
from importlib import resources
from typing import Any

import pytest

from jobfinder_assets.ingestion.catalog import source_classes
from jobfinder_assets.ingestion.contract import posting_id
from jobfinder_assets.sample.write_sample import SYNTHETIC, generate

PACKAGE = resources.files("jobfinder_assets.sample")


@pytest.fixture(scope="module")
def lines() -> list[dict[str, Any]]:
    packed = PACKAGE.joinpath("postings.jsonl.gz").read_bytes()
    return [json.loads(line) for line in gzip.decompress(packed).splitlines()]


def test_the_script_writes_the_bundled_files_again() -> None:
    postings, labels = generate()
    bundled = PACKAGE.joinpath("postings.jsonl.gz").read_bytes()
    # The text, not the packed bytes: another zlib may pack it otherwise.
    assert gzip.decompress(postings) == gzip.decompress(bundled)
    assert labels == PACKAGE.joinpath("labels.csv").read_bytes()
    assert len(bundled) < 200_000


def test_every_shape_is_there_and_every_id_is_unique(lines: list[dict[str, Any]]) -> None:
    assert set(Counter(line["shape"] for line in lines)) == {"greenhouse", "hackernews", "kaggle", "files"}
    assert len({line["source_id"] for line in lines}) == len(lines)


def test_every_posting_says_that_it_is_synthetic(lines: list[dict[str, Any]]) -> None:
    silent = [line["source_id"] for line in lines if "ynthetic sample" not in json.dumps(line)]
    assert all(name.endswith("-empty") for name in silent)
    assert SYNTHETIC.startswith("(Synthetic")


def test_the_traps_are_there(lines: list[dict[str, Any]]) -> None:
    text = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
    for trap in ("&lt;ul&gt;", "&amp;lt;", "â€", "<p>", "&#x2F;", "\\n3.", "(Glassdoor est.)", "Per Hour", ",2k", "LPA"):
        assert trap in text, trap
    salaries = {line["record"].get("Salary Estimate") for line in lines} | {
        line["record"].get("salary_raw") for line in lines
    }
    assert {"-1", "Competitive", "0 - 0 USD /YEAR", ""} <= salaries


def test_every_line_can_be_read_by_its_source(lines: list[dict[str, Any]]) -> None:
    read = source_classes()["sample"].draft
    drafts = {line["source_id"]: read(line) for line in lines}
    assert not [draft.unreadable for draft in drafts.values() if draft.unreadable]
    lacking = {name for name, draft in drafts.items() if not (draft.title or "").strip() or not draft.description}
    assert {name.rpartition("-")[2] for name in lacking} == {"untitled", "empty"}


def test_labels_are_of_postings_in_the_sample_and_of_both_kinds(lines: list[dict[str, Any]]) -> None:
    known = {posting_id("sample", "sample", line["source_id"]) for line in lines}
    rows = list(csv.DictReader(io.StringIO(PACKAGE.joinpath("labels.csv").read_text(encoding="utf-8"))))
    assert {row["posting"] for row in rows} <= known
    counts = Counter(row["label"] for row in rows)
    assert counts["interesting"] >= 20 and counts["not interesting"] >= 40
