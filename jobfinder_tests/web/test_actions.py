"""What a person does is stored at once, once, and can be taken back."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from jobfinder_assets.config import Home
from jobfinder_assets.labels.events import consume
from jobfinder_assets.storage.lake import Lake
from jobfinder_assets.web.actions import People, Shown


@pytest.fixture
def people(lake: Lake, home: Home) -> People:
    ids = ["a", "b", "copy-of-a"]
    postings = {"posting_id": ids, "title": ids, "source": "told"}
    lake.merge("postings", pd.DataFrame(postings))
    clusters = {"posting_id": ids, "cluster_id": ["a", "b", "a"], "canonical_id": ["a", "b", "a"], "size": [2, 1, 2]}
    lake.merge("posting_clusters", pd.DataFrame(clusters))
    return People(lake, home)


def said(people: People, profile: str = "ann") -> dict[str, bool]:
    labels = people.labels(profile)
    return dict(zip(labels["posting_id"], labels["interesting"].tolist(), strict=True))


def test_a_label_counts_at_once_and_after_it_was_consumed(people: People, lake: Lake, home: Home) -> None:
    assert people.label("ann", "a", interesting=True, shown=Shown("random", 0.1, 3, 0.5, "7"))
    assert people.label("ann", "b", interesting=False, reason="pay too low")
    assert said(people) == {"a": True, "b": False} and said(people, "ben") == {}
    assert people.waiting_labels("ann") == 2
    consumed = consume(lake, home, now=datetime.now(UTC))
    assert consumed.new == 2 and not consumed.quarantined
    assert said(people) == {"a": True, "b": False} and people.waiting_labels("ann") == 0
    events = lake.read("label_events").set_index("posting_id")
    assert events.loc["a", ["policy", "propensity", "rank_shown", "score_shown", "model_version"]].tolist() == [
        "random", 0.1, 3, 0.5, "7",
    ]  # fmt: skip
    assert events.loc["b", "reason"] == "pay too low"


def test_an_opening_is_labelled_once_from_however_many_tabs(people: People, home: Home) -> None:
    with ThreadPoolExecutor(8) as pool:
        written = list(pool.map(lambda _: people.label("ann", "a", interesting=True), range(8)))
    assert written.count(True) == 1
    assert not people.label("ann", "copy-of-a", interesting=False), "another copy of the same opening"
    assert len(list(home.inbox.iterdir())) == 1


@pytest.mark.parametrize("consumed", [False, True])
def test_a_label_is_withdrawn_before_and_after_it_was_consumed(
    people: People, lake: Lake, home: Home, consumed: bool
) -> None:
    people.label("ann", "a", interesting=True)
    if consumed:
        consume(lake, home, now=datetime.now(UTC))
    people.withdraw("ann", "a")
    assert said(people) == {}
    consume(lake, home, now=datetime.now(UTC))
    assert said(people) == {}
    assert people.label("ann", "a", interesting=False), "and can be said anew"
    assert said(people) == {"a": False}


def test_another_word_replaces_the_one_before(people: People) -> None:
    people.label("ann", "a", interesting=True)
    people.change("ann", "a", interesting=False)
    assert said(people) == {"a": False}


def test_a_role_is_corrected_through_the_inbox(people: People, lake: Lake, home: Home) -> None:
    people.correct_role("ann", "a", "ml_engineer")
    consume(lake, home, now=datetime.now(UTC))
    assert lake.read("role_corrections")[["posting_id", "role"]].values.tolist() == [["a", "ml_engineer"]]


def test_marks_are_appended_and_survive_a_line_cut_short(people: People, home: Home) -> None:
    people.mark("ann", "hidden", "a")
    people.mark("ann", "applied", "b")
    people.unmark("ann", "hidden", "a")
    people.mark("ann", "hidden", "b")
    with (home.root / "marks" / "ann.jsonl").open("a", encoding="utf-8") as stream:
        stream.write('{"mark": "hidden", "posti')
    assert people.marked("ann", "hidden") == {"b"}
    assert people.marked("ann", "applied") == {"b"}
    assert people.marked("ben", "hidden") == set()


def test_the_visit_before_is_the_one_before_a_long_pause(people: People, home: Home) -> None:
    assert people.visit("ann") is None
    assert people.visit("ann") is None, "a look a moment later is the same visit"
    path, now = home.root / "marks" / "ann.jsonl", datetime.now(UTC)
    times = [now - timedelta(days=2), now - timedelta(days=1), now - timedelta(hours=23, minutes=50), now]
    lines = [json.dumps({"mark": "visit", "posting_id": "", "time": time.isoformat()}) for time in times]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert people.visit("ann") == times[2]


def test_a_posting_shown_again_gets_a_second_word_and_no_third(people: People, lake: Lake, home: Home) -> None:
    people.label("ann", "a", interesting=True, shown=Shown("random", 0.2))
    again = Shown("again", 0.05)
    assert people.label("ann", "a", interesting=False, shown=again)
    assert not people.label("ann", "copy-of-a", interesting=True, shown=again)
    assert said(people) == {"a": False} and people.labels("ann")["said_again"].tolist() == [True]
    people.withdraw("ann", "a")
    assert said(people) == {"a": True}, "the second word was taken back, not the first"
    assert people.label("ann", "a", interesting=True, shown=again)
    consume(lake, home, now=datetime.now(UTC))
    assert said(people) == {"a": True}
    assert (people.agreement("ann").same, people.agreement("ann").of) == (1, 1)
