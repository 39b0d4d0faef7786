"""A list that follows its inputs: by the profile's words, by a model, and not written again without a reason."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from jobfinder_assets.config import Home, Profile, Settings
from jobfinder_assets.recommendations import recommender
from jobfinder_assets.recommendations.recommender import PROFILE_WORDS, refresh
from jobfinder_assets.recommendations.verification import violations
from jobfinder_assets.storage.files import write_json, write_object
from jobfinder_assets.storage.lake import Lake
from jobfinder_assets.training.features import FeatureEncoder, read_features, save_encoder, update_features
from jobfinder_assets.training.model import Parameters, PreferenceModel
from jobfinder_assets.training.registry import MODEL_CODE_VERSION
from jobfinder_tests.recommendations.conftest import NOW

Fill = Callable[..., None]
SETTINGS = Settings(profiles={"anna": Profile(keywords=("airflow",), roles=("data_engineer",))})
ROWS: list[dict[str, Any]] = [
    {"description": "We use airflow and dbt for our pipelines every day.", "title": "Data Engineer"},
    {"description": "Cakes and bread for our shops every day.", "title": "Baker", "role": "other"},
] * 8


def label(lake: Lake, posting: str, profile: str = "anna", *, interesting: bool = True) -> None:
    event = {"event_id": f"{profile} {posting}", "profile": profile, "posting_id": posting, "interesting": interesting}
    lake.merge("label_events", pd.DataFrame([event]))


def install_encoder(lake: Lake, home: Home) -> FeatureEncoder:
    encoder = FeatureEncoder(components=4).fit(lake.read("postings"))
    save_encoder(home, encoder)
    update_features(lake, encoder)
    return encoder


def install_model(lake: Lake, home: Home, version: str = "1") -> None:
    """Train on the even postings against the odd ones, and make that model the champion."""
    encoder = install_encoder(lake, home)
    features = read_features(lake, encoder.version)
    liked = np.array([int(name.removeprefix("p")) % 2 for name in features.posting_ids])
    model = PreferenceModel(Parameters(), seed=0).fit_features(features, liked)
    # What the list needs of a `registry.Champion`, stored where that one is.
    tags = {
        "encoder_version": encoder.version, "model_code_version": MODEL_CODE_VERSION,
        "trained_at": (NOW - timedelta(days=20)).isoformat(),
    }  # fmt: skip
    kept = SimpleNamespace(model=model, version=version, tags=tags, vectors_version="")
    folder = home.models / "preference" / "anna"
    write_object(folder / f"{version}.joblib", kept)
    write_json(folder / "champion.json", {"version": version})


def test_without_a_model_the_list_follows_the_profiles_words(lake: Lake, fill: Fill) -> None:
    fill(*ROWS)
    done = refresh(lake, SETTINGS, "anna", now=NOW)
    assert done.state == "written"
    assert done.model_version == PROFILE_WORDS
    assert set(done.recommendations["title"].head(8)) == {"Data Engineer"}
    assert json.loads(done.recommendations["reasons"][0])[0]["text"] in (
        "data engineering duties",
        "mentions airflow",
    )
    assert done.recommendations["is_new"].all()
    assert len(done.recommendations) + sum(done.filtered.values()) == len(ROWS)
    assert violations(lake, "anna") == {}


def test_with_a_model_the_list_follows_the_labels(lake: Lake, home: Home, fill: Fill) -> None:
    fill(*ROWS)
    install_model(lake, home, "7")
    done = refresh(lake, SETTINGS, "anna", now=NOW)
    assert done.model_version == "7"
    assert set(done.recommendations["title"].head(8)) == {"Baker"}
    texts = [one["text"] for one in json.loads(done.recommendations["reasons"][0])]
    assert any(text.startswith(("title says baker", "mentions ")) for text in texts)
    assert violations(lake, "anna") == {}


def test_drift_is_measured_between_before_and_after_the_training(lake: Lake, home: Home, fill: Fill) -> None:
    fill(*ROWS, *({"first_seen_at": NOW, "closed_at": NOW} for _ in range(5)))
    assert recommender.drift_of(SETTINGS, "anna") is None
    install_model(lake, home)
    refresh(lake, SETTINGS, "anna", now=NOW)
    found = recommender.drift_of(SETTINGS, "anna")
    assert found is not None and (found.old, found.new, found.known) == (len(ROWS), 5, False)
    assert "score" in found.index


def test_a_model_of_another_encoder_is_not_used(lake: Lake, home: Home, fill: Fill) -> None:
    fill(*ROWS)
    install_model(lake, home)
    save_encoder(home, FeatureEncoder(components=2).fit(lake.read("postings")))
    assert refresh(lake, SETTINGS, "anna", now=NOW).model_version == PROFILE_WORDS


def test_a_posting_without_features_yet_is_counted(lake: Lake, home: Home, fill: Fill) -> None:
    fill(*ROWS)
    install_model(lake, home)
    fill(*ROWS, {})
    assert refresh(lake, SETTINGS, "anna", now=NOW).filtered == {"no score": 1}


def test_examples_and_a_cv_order_the_list_before_any_label(lake: Lake, home: Home, fill: Fill, tmp_path: Path) -> None:
    fill(*ROWS)
    install_encoder(lake, home)
    cv = tmp_path / "cv.txt"
    cv.write_text("I bake cakes and bread every day.", encoding="utf-8")
    for wishes in (Profile(examples=("p1",)), Profile(cv=str(cv))):
        done = refresh(lake, Settings(profiles={"anna": wishes}), "anna", now=NOW)
        assert done.model_version == PROFILE_WORDS and done.problems == ()
        assert set(done.recommendations["title"].head(8)) == {"Baker"}
        told = json.loads(done.recommendations["reasons"][0])
        assert [one["text"] for one in told] == ["like your example Baker" if wishes.examples else "like your CV"]
        assert sum(one["contribution"] for one in told) == pytest.approx(done.recommendations["score"][0], abs=1e-5)
    cv.write_text("I build pipelines with airflow and dbt.", encoding="utf-8")
    done = refresh(lake, Settings(profiles={"anna": wishes}), "anna", now=NOW)
    assert set(done.recommendations["title"].head(8)) == {"Data Engineer"}, "another CV is noticed"
    gone = refresh(lake, Settings(profiles={"anna": Profile(examples=("nowhere",))}), "anna", now=NOW)
    assert "'nowhere' is unknown" in gone.problems[0]


def test_early_labels_count_more_and_more_beside_the_profile(lake: Lake, home: Home, fill: Fill) -> None:
    """Anna's words are those of engineers; what she likes are bakeries."""
    fill(*ROWS, *ROWS, *ROWS)
    install_encoder(lake, home)
    tops = []
    for count in (0, 4, 24):
        for number in range(count):
            label(lake, f"p{number}", interesting=bool(number % 2))
        done = refresh(lake, SETTINGS, "anna", now=NOW)
        tops.append((done.model_version, done.recommendations["title"][0]))
    assert tops == [
        (PROFILE_WORDS, "Data Engineer"), ("profile and 4 labels", "Data Engineer"), ("profile and 24 labels", "Baker"),
    ]  # fmt: skip
    row = done.recommendations.iloc[0]
    near = json.loads(row["neighbours"])
    assert (near["liked"]["title"], near["disliked"]["title"]) == ("Baker", "Data Engineer")
    assert near["liked"]["similarity"] > 0.99 > near["disliked"]["similarity"]
    texts = [one["text"] for one in json.loads(row["reasons"])]
    assert any(text.startswith(("title says baker", "mentions ")) for text in texts)
    assert violations(lake, "anna") == {}
    again = refresh(lake, SETTINGS, "anna", now=NOW)
    assert (again.state, again.model_version) == ("unchanged", "profile and 24 labels")


def test_the_queue_shows_some_again_and_no_copy_of_a_pick(lake: Lake, home: Home, fill: Fill) -> None:
    fill(*ROWS, *({"title": f"Engineer {number}", "description": f"Engine {number}"} for number in range(150)))
    install_model(lake, home)
    for number in range(16, 60):
        label(lake, f"p{number}")
    refresh(lake, SETTINGS, "anna", now=NOW)
    queue = lake.read("label_queue", where=[("profile", "=", "anna")]).set_index("posting_id")
    shown_again = set(queue.index[queue["policy"] == "again"])
    assert len(shown_again) == 5 and shown_again <= {f"p{number}" for number in range(16, 60)}
    bakers = {f"p{number}" for number in range(1, 16, 2)} & set(queue.index)
    assert len(bakers) == 1, "eight employers have one advert: it is asked about once"


def test_nothing_new_writes_nothing(lake: Lake, fill: Fill) -> None:
    fill(*ROWS)
    first = refresh(lake, SETTINGS, "anna", now=NOW)
    version = lake.version("recommendations")
    again = refresh(lake, SETTINGS, "anna", now=NOW + timedelta(days=1))
    assert again.state == "unchanged"
    assert lake.version("recommendations") == version
    pd.testing.assert_frame_equal(again.recommendations, first.recommendations)


def test_news_that_change_nothing_on_the_list_write_nothing(lake: Lake, fill: Fill) -> None:
    fill(*ROWS)
    refresh(lake, SETTINGS, "anna", now=NOW)
    version = lake.version("recommendations")
    label(lake, "p0", profile="ben")
    assert refresh(lake, SETTINGS, "anna", now=NOW).state == "unchanged"
    assert lake.version("recommendations") == version


def test_a_label_takes_its_posting_off_the_list_and_what_stays_is_not_new(lake: Lake, fill: Fill) -> None:
    fill(*ROWS)
    before = refresh(lake, SETTINGS, "anna", now=NOW).recommendations
    label(lake, before["posting_id"][0])
    done = refresh(lake, SETTINGS, "anna", now=NOW)
    assert done.state == "written"
    assert before["posting_id"][0] not in set(done.recommendations["posting_id"])
    assert done.filtered == {"labelled": 1}
    assert not done.recommendations["is_new"].any()


def test_an_opening_stays_labelled_when_the_labelled_copy_has_left(lake: Lake, fill: Fill) -> None:
    fill({"cluster": "p0"}, {"cluster": "p0"}, {})
    event = {"event_id": "1", "profile": "anna", "posting_id": "p1", "cluster_id": "p0", "interesting": True}
    lake.merge("label_events", pd.DataFrame([event]))
    fill({}, {"posting_id": "p2"})
    done = refresh(lake, SETTINGS, "anna", now=NOW)
    assert done.recommendations["posting_id"].tolist() == ["p2"]
    assert done.filtered == {"labelled": 1}
    row = {"profile": "anna", "posting_id": "p0", "rank": 1, "score": 1.0, "reasons": '[{"text": "near"}]'}
    lake.replace("recommendations", pd.DataFrame([row]))
    assert violations(lake, "anna") == {"labelled": ["p0"]}


def test_the_open_postings_are_gathered_once_however_many_labels_there_are(
    lake: Lake, fill: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(*({} for _ in range(60)))
    gathered: list[int] = []

    def watched(rows: Any = ()) -> set[Any]:
        found = set(rows)
        gathered.append(len(found))
        return found

    monkeypatch.setattr(recommender, "set", watched, raising=False)
    for number in range(50):
        label(lake, f"p{number}")
    refresh(lake, SETTINGS, "anna", now=NOW)
    assert gathered.count(60) <= 1
    again = lake.read("label_queue", where=[("policy", "=", "again")])
    assert len(again) and set(again["posting_id"]) <= {f"p{number}" for number in range(50)}


def test_a_changed_wish_counts_at_once(lake: Lake, fill: Fill) -> None:
    fill(*ROWS)
    refresh(lake, SETTINGS, "anna", now=NOW)
    other = Settings(profiles={"anna": Profile(blocked_words=("bread",))})
    assert refresh(lake, other, "anna", now=NOW).filtered == {"blocked word": 8}


def test_profiles_do_not_touch_each_other(lake: Lake, fill: Fill) -> None:
    fill(*ROWS)
    anna = refresh(lake, SETTINGS, "anna", now=NOW).recommendations
    label(lake, "p0", profile="ben")
    ben = refresh(lake, SETTINGS, "ben", now=NOW).recommendations
    assert len(ben) == len(anna) - 1
    stored = lake.read("recommendations", where=[("profile", "=", "anna")]).sort_values("rank", ignore_index=True)
    pd.testing.assert_frame_equal(stored, anna)


def test_a_stop_before_the_end_is_repaired(lake: Lake, fill: Fill, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(*ROWS)

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(recommender, "write_json", stop)
        with pytest.raises(KeyboardInterrupt):
            refresh(lake, SETTINGS, "anna", now=NOW)
    version = lake.version("recommendations")
    done = refresh(lake, SETTINGS, "anna", now=NOW)
    assert done.state == "unchanged"
    assert done.recommendations["is_new"].all()
    assert lake.version("recommendations") == version


def test_an_empty_lake_gives_an_empty_list(lake: Lake) -> None:
    assert refresh(lake, SETTINGS, "anna", now=NOW).recommendations.empty
    assert violations(lake, "anna") == {}


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("rank out of order", {"rank": 7}),
        ("score above that of a better rank", {"score": 99.0}),
        ("no score", {"score": float("nan")}),
        ("no reason", {"reasons": "[]"}),
        ("no reason", {"reasons": None}),
        ("not a posting", {"posting_id": "gone"}),
        ("a second posting of one opening", {"posting_id": "p1"}),
        ("closed", {"posting_id": "p3"}),
        ("labelled", {"posting_id": "p2"}),
    ],
)
def test_broken_rules_are_found(lake: Lake, fill: Fill, rule: str, change: dict[str, Any]) -> None:
    fill({"cluster": "a"}, {"cluster": "a"}, {"cluster": "b"}, {"closed_at": NOW}, {}, {"cluster": "b"})
    label(lake, "p5")
    good = {"profile": "anna", "score": 1.0, "reasons": '[{"text": "near", "contribution": 1.0}]'}
    rows = [good | {"posting_id": "p0", "rank": 1}, good | {"posting_id": "p4", "rank": 2}]
    lake.replace("recommendations", pd.DataFrame(rows))
    assert violations(lake, "anna") == {}
    lake.replace("recommendations", pd.DataFrame([rows[0], rows[1] | change]))
    found = violations(lake, "anna")
    assert list(found) == [rule]
    assert len(found[rule]) == 1


def test_a_list_can_become_empty(lake: Lake, fill: Fill) -> None:
    fill(*ROWS)
    refresh(lake, SETTINGS, "anna", now=NOW)
    nobody = Settings(profiles={"anna": Profile(blocked_words=("every day",))})
    done = refresh(lake, nobody, "anna", now=NOW)
    assert done.state == "written"
    assert done.recommendations.empty
    assert done.filtered == {"blocked word": len(ROWS)}


@pytest.mark.parametrize("with_model", [False, True])
def test_texts_are_held_of_shown_postings_only(
    lake: Lake, home: Home, fill: Fill, monkeypatch: pytest.MonkeyPatch, with_model: bool
) -> None:
    """Texts of all postings pass by in batches; those of a million at once would be gigabytes."""
    fill(*ROWS)
    if with_model:
        install_model(lake, home)
    held: list[Any] = []
    read = Lake.read_arrow

    def watched(self: Lake, table: str, columns: Any = None, where: Any = None, **options: Any) -> Any:
        if table == "postings" and (columns is None or "description" in columns):
            held.append(where)
        return read(self, table, columns, where, **options)

    monkeypatch.setattr(Lake, "read_arrow", watched)
    wishes = Profile(keywords=("airflow",), blocked_words=("bread",), recommendations=3, per_company=9)
    done = refresh(lake, Settings(profiles={"anna": wishes}), "anna", now=NOW)
    assert done.filtered["blocked word"] == 8
    shown = set(done.recommendations["posting_id"])
    assert len(shown) == 3
    assert [set(ids) for where in held for _, _, ids in where] == ([] if with_model else [shown])
