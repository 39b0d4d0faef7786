"""The encoder's assets on an ephemeral instance: with the extra, without it, and what the models make of them."""

from typing import Any

import dagster as dg
import numpy as np
import pytest

from jobfinder_assets.config import Home
from jobfinder_assets.encoder import assets, embed
from jobfinder_assets.encoder.static import distil, save_static
from jobfinder_assets.encoder.vectors import projected, put_in_force, read_vectors, vectors_in_force, vectors_table
from jobfinder_assets.storage.io_manager import LakeResource, SettingsResource
from jobfinder_assets.storage.lake import Lake
from jobfinder_assets.training.features import fit_encoder, read_features, update_features
from jobfinder_tests.encoder.conftest import needs_extra
from jobfinder_tests.encoder.test_static import postings_as, words_as
from jobfinder_tests.training import people


def run(instance: dg.DagsterInstance) -> dict[str, dict[str, Any]]:
    """Materialize both assets; their metadata."""
    resources = {"settings": SettingsResource(), "lake": LakeResource()}
    result = dg.materialize([assets.domain_tokenizer, assets.posting_vectors], instance=instance, resources=resources)
    assert result.success
    return {
        name: {key: value.value for key, value in result.asset_materializations_for_node(name)[0].metadata.items()}
        for name in ("domain_tokenizer", "posting_vectors")
    }


def hide_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (assets, embed):
        monkeypatch.setattr(module, "installed", lambda: False)


def test_without_the_extra_they_say_so(
    lake: Lake, home: Home, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    people.fill(lake, people.postings(5))
    hide_extra(monkeypatch)
    for metadata in run(instance).values():
        assert 'pip install "jobfinder[encoder]"' in metadata["state"]
    assert vectors_in_force(home, lake) == ""


@needs_extra
@pytest.mark.parametrize("kind", ["static", "transformer"])
def test_vectors_are_made_once_per_content(
    kind: str, tiny_weights: Any, lake: Lake, home: Home, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"WEIGHTS": tiny_weights, "VECTORS": kind, "DEVICE": "cpu", "MOST_PER_RUN": 25}.items():
        monkeypatch.setenv(f"JOBFINDER_ENCODER__{name}", str(value))
    assert run(instance)["posting_vectors"]["state"] == "no postings yet"
    posts = people.postings(40)
    people.fill(lake, posts)
    first = run(instance)
    assert first["domain_tokenizer"]["state"] == "learnt"
    assert (
        first["domain_tokenizer"]["tokens per posting before"] >= first["domain_tokenizer"]["tokens per posting after"]
    )
    made = 40 if kind == "static" else 25
    assert (first["posting_vectors"]["new or changed"], first["posting_vectors"]["waiting"]) == (made, 40 - made)
    second = run(instance)
    assert second["domain_tokenizer"]["state"] == "unchanged"
    assert second["posting_vectors"]["new or changed"] == 40 - made
    posts.loc[3, ["description", "content_hash"]] = ["another advert about bread", "h-new"]
    people.fill(lake, posts)
    version = vectors_in_force(home, lake)
    before = read_vectors(lake, version, list(posts["posting_id"]))
    third = run(instance)["posting_vectors"]
    assert (third["new or changed"], third["unchanged"]) == (1, 39)
    after = read_vectors(lake, version, list(posts["posting_id"]))
    changed = np.abs(after - before).max(axis=1) > 0
    assert list(np.flatnonzero(changed)) == [3]
    monkeypatch.setenv("JOBFINDER_ENCODER__VECTORS", "none")
    assert "none" in run(instance)["posting_vectors"]["state"]
    assert vectors_in_force(home, lake) == ""


def test_vectors_follow_the_text_that_new_cleaning_gives(lake: Lake) -> None:
    posts = people.postings(5)

    def made() -> tuple[int, int]:
        counts = embed.update_vectors(lake, lambda rows: np.ones((len(rows), 2), np.float32), "v", batch_rows=3)
        return counts.new, counts.unchanged

    people.fill(lake, posts.assign(cleaning_version="1"))
    assert (made(), made()) == ((5, 0), (0, 5))
    people.fill(lake, posts.assign(cleaning_version=["2", "2", "1", "1", "1"]))
    assert made() == (2, 3)


def test_a_distilled_table_goes_on_without_the_extra(
    lake: Lake, home: Home, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    posts = people.postings(40)
    people.fill(lake, posts)
    learnt = distil(posts, words_as, postings_as, encoder_version="e")
    save_static(home, learnt)
    hide_extra(monkeypatch)
    assert run(instance)["posting_vectors"]["new or changed"] == 40
    assert vectors_in_force(home, lake) == learnt.version


def test_features_hold_the_vectors_in_the_order_of_the_postings(lake: Lake, home: Home) -> None:
    posts = people.postings(30)
    people.fill(lake, posts)
    encoder = fit_encoder(lake)
    update_features(lake, encoder)
    ids = list(posts["posting_id"])
    vectors = np.random.default_rng(0).standard_normal((20, 4)).astype(np.float32)
    lake.merge("posting_vectors", vectors_table(ids[:20], ["h"] * 20, vectors, "v"))
    assert vectors_in_force(home, lake) == ""
    put_in_force(home, "gone")
    assert vectors_in_force(home, lake) == ""
    put_in_force(home, "v")
    assert vectors_in_force(home, lake) == "v"
    weights = np.arange(4.0)
    sums = projected(lake, "v", weights).reindex(ids)
    assert sums[:20].to_numpy() == pytest.approx(vectors @ weights, abs=1e-5)
    assert sums[20:].isna().all()
    assert projected(lake, "gone", weights).empty
    assert read_features(lake, encoder.version, ids).meaning is None
    features = read_features(lake, encoder.version, ids[::-1], vectors_version="v")
    assert features.meaning is not None
    assert np.array_equal(features.meaning[10:], vectors[::-1])
    assert not features.meaning[:10].any()
    assert np.array_equal(features.take([29]).meaning, vectors[:1])
