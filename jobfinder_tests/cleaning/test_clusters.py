"""The clusters in the lake: incremental equals full, whatever the order; nothing to do means nothing written."""

import threading
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobfinder_assets.cleaning import clusters, duplicates
from jobfinder_assets.cleaning.cluster_assets import posting_clusters
from jobfinder_assets.cleaning.clusters import biggest_clusters, cluster_rows, update_clusters
from jobfinder_assets.cleaning.duplicates import WIDTH, candidate_pairs, cluster_postings
from jobfinder_assets.config import Compute
from jobfinder_assets.storage.io_manager import LakeResource, SettingsResource
from jobfinder_assets.storage.lake import Lake
from jobfinder_tests.cleaning.adverts import advert

TABLES = ("posting_bands", "duplicate_links", "posting_clusters")


def posting(number: int, *, content: int, city: str = "Denver, CO", **fields: Any) -> dict[str, Any]:
    """A row of `postings`; equal `content` gives near-equal texts, odd numbers a longer one."""
    text = advert(seed=content, sentences=14) + (" We meet on Fridays over lunch." if number % 2 else "")
    row = {
        "posting_id": f"p{number:03d}",
        "content_hash": f"{content}-{city}-{fields}",
        "cleaning_version": "1",
        "title": f"Data Engineer {['Billing', 'Search', 'Maps', 'Fraud'][content % 4]}",
        "company": "Northwind Traders",
        "location": city,
        "description": text,
    }
    return {**row, **fields}


def frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(rows)


def contents(lake: Lake) -> dict[str, list[dict[str, Any]]]:
    found = {}
    for table in TABLES:
        rows = lake.read_arrow(table).to_pylist()
        found[table] = sorted(rows, key=lambda row: str(sorted(row.items(), key=str)))
    return found


def versions(lake: Lake) -> list[int]:
    return [lake.version(table) for table in TABLES]


def full_run(folder: Path, rows: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    lake = Lake(str(folder))
    lake.merge("postings", frame(rows))
    update_clusters(lake)
    return contents(lake)


def test_first_run_groups_copies_and_explains_them(lake: Lake) -> None:
    lake.merge("postings", frame([posting(1, content=0), posting(2, content=0), posting(3, content=1)]))
    update = update_clusters(lake)
    assert (update.new, update.changed, update.unchanged, update.clusters, update.duplicates) == (3, 0, 0, 2, 1)
    rows = lake.read("posting_clusters").set_index("posting_id")
    assert rows["cluster_id"].to_dict() == {"p001": "p001", "p002": "p001", "p003": "p003"}
    assert rows["size"].to_dict() == {"p001": 2, "p002": 2, "p003": 1}
    # The longest description is shown, and the other says why it is not.
    assert rows.loc["p002", "canonical_id"] == "p001"
    assert rows.loc["p002", "joined_to"] == "p001"
    assert "same employer" in rows.loc["p002", "reason"]
    assert rows.loc[["p001", "p003"], "joined_to"].isna().all()


def test_the_lake_agrees_with_the_plain_function(lake: Lake) -> None:
    rows = [posting(number, content=number % 3, city=["Denver, CO", "Reno, NV"][number % 2]) for number in range(8)]
    lake.merge("postings", frame(rows))
    update_clusters(lake)
    stored = lake.read("posting_clusters").set_index("posting_id")["cluster_id"]
    expected = cluster_postings(frame(rows)).set_axis([row["posting_id"] for row in rows])
    assert stored.sort_index().to_dict() == expected.to_dict()


def test_many_postings_are_compared_in_parallel_with_the_same_result(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [posting(number, content=number % 7, city=["Denver, CO", "Reno, NV"][number % 2]) for number in range(30)]
    lake.merge("postings", frame(rows))
    for name, value in (("_TO_START_WORKERS", 1), ("BATCH", 4), ("_PART", 2)):
        monkeypatch.setattr(clusters, name, value)
    update_clusters(lake, Compute(backend="threading", workers=2, batch_rows=100))
    monkeypatch.undo()
    assert contents(lake) == full_run(tmp_path / "here", rows)


def test_a_run_without_news_writes_nothing(lake: Lake) -> None:
    lake.merge("postings", frame([posting(1, content=0), posting(2, content=0)]))
    update_clusters(lake)
    before = versions(lake)
    update = update_clusters(lake)
    assert (update.new, update.changed, update.unchanged, update.written) == (0, 0, 2, 0)
    assert versions(lake) == before


def test_an_empty_lake_is_no_error(lake: Lake) -> None:
    assert update_clusters(lake).written == 0
    assert biggest_clusters(lake).empty


def test_only_what_a_new_posting_touches_is_written(lake: Lake) -> None:
    lake.merge("postings", frame([posting(number, content=number // 2) for number in range(8)]))
    update_clusters(lake)
    lake.merge("postings", frame([posting(20, content=0)]))
    update = update_clusters(lake)
    # The copy is linked with the advert it is identical to; then three postings of one cluster, one row of bands.
    assert (update.new, update.unchanged, update.written) == (1, 8, 5)


def test_a_posting_that_left_disappears_with_its_links(lake: Lake) -> None:
    lake.merge("postings", frame([posting(number, content=0) for number in range(3)]))
    update_clusters(lake)
    lake.delete("postings", pd.DataFrame({"posting_id": ["p000"]}))
    update = update_clusters(lake)
    assert update.removed == 1
    assert set(lake.read("posting_clusters")["cluster_id"]) == {"p001"}
    links = lake.read("duplicate_links")
    assert "p000" not in {*links["left_id"], *links["right_id"]}
    assert lake.count("posting_bands") == 2


def test_a_new_version_of_the_cleaning_compares_again(lake: Lake) -> None:
    lake.merge("postings", frame([posting(1, content=0), posting(2, content=0)]))
    update_clusters(lake)
    lake.merge("postings", frame([posting(1, content=0, cleaning_version="2"), posting(2, content=0)]))
    assert update_clusters(lake).changed == 1


def test_a_smaller_id_takes_over_from_identical_adverts(lake: Lake, tmp_path: Path) -> None:
    rows = [posting(number, content=0) for number in (8, 6, 4, 2)]
    for row in rows:
        lake.merge("postings", frame([row]))
        update_clusters(lake)
    links = lake.read("duplicate_links")
    assert set(zip(links["left_id"], links["right_id"], strict=True)) == {("p002", f"p00{n}") for n in (4, 6, 8)}
    assert contents(lake) == full_run(tmp_path / "full", rows)


def test_a_bucket_that_fills_takes_its_links_along_and_gives_them_back(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duplicates, "MAX_BUCKET", 2)
    monkeypatch.setattr(clusters, "MAX_BUCKET", 2)
    rows = [posting(number, content=0) for number in range(6)]
    for number, row in enumerate(rows):
        row["description"] += f" Ask for room {number}."
    lake.merge("postings", frame(rows[:2]))
    update_clusters(lake)
    assert len(lake.read("duplicate_links")) == 1
    lake.merge("postings", frame(rows[2:]))
    update_clusters(lake)
    assert lake.read("duplicate_links", where=[("left_id", "=", "p000"), ("right_id", "=", "p001")]).empty
    assert contents(lake) == full_run(tmp_path / "full", rows)
    lake.delete("postings", pd.DataFrame({"posting_id": [row["posting_id"] for row in rows[2:]]}))
    update_clusters(lake)
    assert len(lake.read("duplicate_links")) == 1
    assert contents(lake) == full_run(tmp_path / "few", rows[:2])


steps = st.lists(
    st.lists(
        st.tuples(
            st.integers(0, 11),
            st.sampled_from([0, 1, 2, None]),
            st.sampled_from(["Denver, CO", "Reno, NV", None]),
        ),
        min_size=1,
        max_size=8,
        unique_by=lambda step: step[0],
    ),
    min_size=1,
    max_size=3,
)


@pytest.mark.parametrize("bucket", [64, 3])
def test_any_order_of_batches_equals_one_full_run(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, bucket: int
) -> None:
    """Postings come, change and go; content None deletes one. A small bound makes buckets fill and empty."""
    monkeypatch.setattr(duplicates, "MAX_BUCKET", bucket)
    monkeypatch.setattr(clusters, "MAX_BUCKET", bucket)

    @settings(max_examples=15, derandomize=True)
    @given(batches=steps)
    def holds(batches: list[list[tuple[int, int | None, str | None]]]) -> None:
        folder = tmp_path_factory.mktemp("lakes")
        lake = Lake(str(folder / "steps"))
        state: dict[int, dict[str, Any]] = {}
        for batch in batches:
            deleted = [number for number, content, _ in batch if content is None and state.pop(number, None)]
            arrived = [
                posting(number, content=content, city=city or "", location=city)
                for number, content, city in batch
                if content is not None
            ]
            state.update({int(row["posting_id"][1:]): row for row in arrived})
            if arrived:
                lake.merge("postings", frame(arrived))
            lake.delete("postings", pd.DataFrame({"posting_id": [f"p{number:03d}" for number in deleted]}, dtype="str"))
            update_clusters(lake)
        expected = full_run(folder / "full", list(state.values())) if state else {table: [] for table in TABLES}
        assert contents(lake) == expected

    holds()


@pytest.mark.parametrize("survived", range(4))
def test_a_killed_run_is_repaired_by_the_next(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, survived: int
) -> None:
    """The process dies after `survived` commits; meanwhile a posting leaves; the next run gives the full result."""
    rows = [posting(number, content=number % 2) for number in range(5)]
    lake.merge("postings", frame(rows[:2]))
    update_clusters(lake)
    lake.merge("postings", frame(rows[2:]))
    lake.delete("postings", pd.DataFrame({"posting_id": ["p000"]}))

    class Killed(BaseException):
        pass

    commits = {"left": survived}

    def dying(method: Any) -> Any:
        def call(self: Lake, table: str, data: Any, *args: Any, **options: Any) -> Any:
            if len(data) and table in TABLES:
                if not commits["left"]:
                    raise Killed
                commits["left"] -= 1
            return method(self, table, data, *args, **options)

        return call

    with monkeypatch.context() as patch:
        patch.setattr(Lake, "delete", dying(Lake.delete))
        patch.setattr(Lake, "merge", dying(Lake.merge))
        with pytest.raises(Killed):
            update_clusters(lake)
    lake.delete("postings", pd.DataFrame({"posting_id": ["p004"]}))
    update_clusters(lake)
    assert contents(lake) == full_run(tmp_path / "full", rows[1:4])


def test_two_updates_at_once_are_one_after_the_other(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [posting(number, content=1) for number in (5, 3, 1)]
    lake.merge("postings", frame(rows[:1]))
    update_clusters(lake)
    lake.merge("postings", frame(rows[1:2]))
    settle = clusters._settle

    def meanwhile(*arguments: Any) -> Any:
        monkeypatch.setattr(clusters, "_settle", settle)
        lake.merge("postings", frame(rows[2:]))
        other.start()
        other.join(0.3)
        assert other.is_alive(), "it waits"
        return settle(*arguments)

    other = threading.Thread(target=update_clusters, args=[lake])
    monkeypatch.setattr(clusters, "_settle", meanwhile)
    update_clusters(lake)
    other.join()
    assert contents(lake) == full_run(tmp_path / "one", rows)


def test_candidates_of_a_bucket_are_bounded() -> None:
    import numpy as np

    count = duplicates.MAX_BUCKET + 1
    hashes = np.zeros((count, WIDTH), np.int64)
    hashes[:, 0] = np.arange(1, count + 1)
    hashes[:, 5] = 7
    names = [f"{number:04d}" for number in range(count)]
    assert candidate_pairs(names, hashes).empty
    assert len(candidate_pairs(names[1:], hashes[1:])) == (count - 1) * (count - 2) // 2
    # Identical adverts count once, so that copies cannot fill a bucket.
    hashes[:, 0] = 1
    assert len(candidate_pairs(names, hashes)) == count - 1


def test_the_reason_is_that_of_the_strongest_link_inside_the_cluster() -> None:
    links = pd.DataFrame(
        [("a", "b", 0.8, "weak"), ("b", "c", 0.9, "strong"), ("c", "d", 1.0, "elsewhere")],
        columns=["left_id", "right_id", "similarity", "reason"],
    )
    clusters, lengths = {"a": "a", "b": "a", "c": "a", "d": "d"}, {"a": 9, "b": 1, "c": 1, "d": 1}
    rows = cluster_rows(links, clusters, lengths=lengths, dates=pd.Series(dtype="datetime64[us, UTC]"))
    found = rows.set_index("posting_id")
    assert found["joined_to"].fillna("").to_dict() == {"a": "", "b": "c", "c": "b", "d": ""}
    assert found.loc["b", "reason"] == "strong"


def test_an_opening_advertised_again_a_day_later_is_a_repost(lake: Lake) -> None:
    dates = ["2026-01-01T08:00Z", "2026-01-01T20:00Z", "2026-01-05T08:00Z", None]
    rows = [posting(number, content=0, posted_at=date) for number, date in enumerate(dates)]
    rows.append(posting(9, content=1, posted_at="2026-02-01T08:00Z"))
    lake.merge("postings", frame(rows).assign(posted_at=lambda f: pd.to_datetime(f["posted_at"], utc=True)))
    assert update_clusters(lake).reposts == 1
    found = lake.read("posting_clusters", ["posting_id", "reposts"]).set_index("posting_id")["reposts"].to_dict()
    assert found == {"p000": 1, "p001": 1, "p002": 1, "p003": 1, "p009": 0}


def test_the_asset_reports_what_it_did(lake: Lake, instance: dg.DagsterInstance) -> None:
    lake.merge("postings", frame([posting(1, content=0), posting(2, content=0), posting(3, content=1)]))
    resources = {"lake": LakeResource(uri=lake.uri), "settings": SettingsResource()}
    result = dg.materialize([posting_clusters], instance=instance, resources=resources)
    metadata = result.asset_materializations_for_node("posting_clusters")[0].metadata
    assert {name: metadata[name].value for name in ("new", "unchanged", "clusters", "duplicates")} == {
        "new": 3, "unchanged": 0, "clusters": 2, "duplicates": 1,
    }  # fmt: skip
    (biggest,) = metadata["biggest_clusters"].value.records
    assert biggest.data["size"] == 2
    assert "same employer" in biggest.data["reasons"]
