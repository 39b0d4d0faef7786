"""Consuming label files: nothing is lost, nothing counts twice, and a stop at any moment is repaired."""

import csv
import json
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobfinder_assets.config import Home
from jobfinder_assets.labels import events
from jobfinder_assets.labels.events import Agreement, Consumed, consume, latest_labels, normal_url, self_agreement
from jobfinder_assets.labels.files import LabelFileError, drop, drop_content
from jobfinder_assets.storage.lake import Lake
from jobfinder_tests.labels.conftest import NOW, Put, fill_postings

HEAD = "profile,posting,label\n"


def counts(consumed: Consumed) -> tuple[int, int, int]:
    return consumed.new, consumed.duplicates, consumed.quarantined


def test_labels_become_events(lake: Lake, home: Home, postings: list[str], put: Put) -> None:
    url = "http://www.jobs.example.com/acme/2/?utm_source=mail#apply"
    put("mine.csv", f"profile,posting,label,reason,time\nanna,p1,yes,pay,2026-01-05\nanna,{url},no,,\n", age=600)
    assert counts(consume(lake, home, now=NOW)) == (2, 0, 0)
    found = lake.read("label_events").sort_values("row")
    assert list(found["posting_id"]) == ["p1", "p2"]
    assert list(found["cluster_id"]) == ["c0", "c2"]
    assert list(found["interesting"]) == [True, False]
    assert list(found["labelled_at"]) == [
        datetime(2026, 1, 5, tzinfo=UTC),
        NOW - timedelta(seconds=600) + timedelta(microseconds=3),
    ]
    assert list(found["row"]) == [2, 3]
    assert set(found["file"]) == {"mine.csv"}
    assert (home.consumed / "2026-03-01" / "mine.csv").is_file()
    assert not list(home.inbox.iterdir())


def test_the_same_file_twice_adds_nothing(lake: Lake, home: Home, postings: list[str], put: Put) -> None:
    text = HEAD + "anna,p1,yes\nanna,p2,no\n"
    put("mine.csv", text)
    consume(lake, home, now=NOW)
    version = lake.version("label_events")
    put("mine.csv", text)
    put("copy.csv", text)
    assert counts(consume(lake, home, now=NOW)) == (0, 4, 0)
    assert lake.version("label_events") == version
    assert sorted(path.name for path in (home.consumed / "2026-03-01").iterdir()) == ["copy.csv", "mine.csv"]


def test_a_file_that_has_grown_adds_its_new_rows(lake: Lake, home: Home, postings: list[str], put: Put) -> None:
    put("mine.csv", HEAD + "anna,p1,yes\nanna,p2,no\n")
    consume(lake, home, now=NOW)
    put("mine.csv", HEAD + "anna,p1,yes\nanna,p2,no\nanna,p1,no\n")
    assert counts(consume(lake, home, now=NOW)) == (1, 2, 0)
    # Both versions of the file are kept.
    assert len(list((home.consumed / "2026-03-01").iterdir())) == 2


def test_a_changed_mind_in_a_later_file_is_kept(lake: Lake, home: Home, postings: list[str], put: Put) -> None:
    for day, word in enumerate(["yes", "no", "yes"]):
        put(f"{day}.csv", f"profile,posting,label,time\nanna,p1,{word},2026-01-0{day + 1}\n")
    assert counts(consume(lake, home, now=NOW)) == (3, 0, 0)
    assert list(lake.read("label_events").sort_values("labelled_at")["interesting"]) == [True, False, True]


def test_a_formula_in_quarantine_is_none_to_a_spreadsheet(
    lake: Lake, home: Home, postings: list[str], put: Put
) -> None:
    reason = "=HYPERLINK(0)"
    put("labels.csv", f"profile,posting,label,reason\nann,p1,perhaps,{reason}\n", age=600)
    consume(lake, home, now=NOW)
    (bad,) = home.quarantine.iterdir()
    (row,) = csv.DictReader(bad.read_text(encoding="utf-8").splitlines())
    assert row["reason"] == f"'{reason}"
    mended = bad.read_text(encoding="utf-8").replace("perhaps", "interesting")
    put("mended.csv", mended, age=600)
    consume(lake, home, now=NOW)
    assert lake.read("label_events")["reason"].tolist() == [reason]


def test_bad_rows_are_quarantined_and_can_be_mended(lake: Lake, home: Home, postings: list[str], put: Put) -> None:
    put("mine.csv", 'profile,posting,label,reason\nanna,p1,yes,\nanna,p2,eh,"a, b"\nanna,nowhere,no,\nanna,p3\n')
    consumed = consume(lake, home, now=NOW)
    assert counts(consumed) == (1, 0, 3)
    assert sum(consumed.problems.values()) == 3
    (bad,) = home.quarantine.iterdir()
    text = bad.read_text(encoding="utf-8")
    assert "label 'eh' is neither" in text
    assert "posting 'nowhere' is unknown" in text
    assert "has 2 fields" in text
    mended = home.root / "mended.csv"
    mended.write_text(text.replace(",eh,", ",no,").replace("nowhere", "p4"), encoding="utf-8")
    drop(mended, home)
    assert counts(consume(lake, home, now=datetime.now(UTC))) == (2, 0, 1)
    assert set(lake.read("label_events")["reason"].dropna()) == {"a, b"}


def test_a_posting_that_comes_later_makes_only_its_row_new(
    lake: Lake, home: Home, postings: list[str], put: Put
) -> None:
    text = HEAD + "anna,p0,yes\nanna,late,no\nanna,p2,no\n"
    put("mine.csv", text)
    assert counts(consume(lake, home, now=NOW)) == (2, 0, 1)
    lake.merge("postings", lake.read("postings").iloc[:1].assign(posting_id="late"))
    put("mine.csv", text)
    assert counts(consume(lake, home, now=NOW)) == (1, 2, 0)


def test_a_url_of_several_openings_is_not_guessed(lake: Lake, home: Home, postings: list[str], put: Put) -> None:
    put("mine.csv", HEAD + "anna,https://jobs.example.com/all,yes\n")
    consumed = consume(lake, home, now=NOW)
    assert counts(consumed) == (0, 0, 1)
    assert next(iter(consumed.problems)) == "URL is that of 2 openings: give the id, one of p4, p5"


def test_a_file_that_cannot_be_used_is_kept_with_its_reason(
    lake: Lake, home: Home, postings: list[str], put: Put
) -> None:
    content = b"\xff\xfe\x00binary"
    put("labels.xlsx", content)
    put("mine.csv", HEAD + "anna,p1,yes\n")
    consumed = consume(lake, home, now=NOW)
    assert counts(consumed) == (1, 0, 0)
    assert "is not UTF-8" in consumed.refused["labels.xlsx"]
    assert (home.quarantine / "labels.xlsx").read_bytes() == content
    assert "is not UTF-8" in (home.quarantine / "labels.xlsx.problem.txt").read_text(encoding="utf-8")


def test_a_half_written_file_is_not_read(lake: Lake, home: Home, postings: list[str], put: Put) -> None:
    put("a.csv.partial", HEAD + "anna,p1,yes\n")
    put("b.csv", HEAD + "anna,p1,yes\nanna,p2,n", age=20)
    put("c.csv", HEAD + "anna,p1,yes\n", age=1)
    assert consume(lake, home, now=NOW) == Consumed()
    assert lake.version("label_events") == -1
    assert len(list(home.inbox.iterdir())) == 3


@pytest.mark.parametrize("step", ["_quarantine", "_retire", "_move"])
def test_a_stop_between_two_steps_changes_nothing_in_the_end(
    lake: Lake, home: Home, postings: list[str], put: Put, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    put("mine.csv", HEAD + "anna,p1,yes\nanna,p2,eh\nanna,p3,no\n")

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(events, step, stop)
        with pytest.raises(KeyboardInterrupt):
            consume(lake, home, now=NOW)
    before = lake.read("label_events")
    assert len(before) == 2
    assert counts(consume(lake, home, now=NOW + timedelta(days=1))) == (0, 2, 1)
    assert lake.read("label_events").equals(before)
    assert len(list(home.quarantine.iterdir())) == 1
    assert [path.name for path in home.consumed.rglob("*.csv")] == ["mine.csv"]


def test_rows_written_while_the_file_is_consumed_are_not_lost(
    lake: Lake, home: Home, postings: list[str], put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put("mine.csv", HEAD + "anna,p1,yes\n")
    retire = events._retire

    def append_then_retire(path: Path, *arguments: Home, **options: object) -> None:
        with path.open("a", encoding="utf-8") as stream:
            stream.write("anna,p2,no\n")
        retire(path, *arguments, **options)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(events, "_retire", append_then_retire)
        consume(lake, home, now=NOW)
    assert path.is_file()
    assert counts(consume(lake, home, now=datetime.now(UTC) + timedelta(minutes=2))) == (1, 1, 0)


def test_two_processes_that_consume_the_same_file_add_it_once(
    lake: Lake, home: Home, postings: list[str], put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put("mine.csv", HEAD + "anna,p1,yes\n")
    content = path.read_bytes()
    consume(lake, home, now=NOW)
    path.write_bytes(content)
    # The second read the table before the first wrote, and finds the file gone when it would move it.
    monkeypatch.setattr(Lake, "read", _without_events(Lake.read))
    monkeypatch.setattr(events, "ready_files", lambda *_, **__: [path])
    merge = Lake.merge

    def merge_and_lose(self: Lake, table: str, frame: object) -> int:
        path.unlink(missing_ok=True)
        return merge(self, table, frame)  # type: ignore[arg-type]

    monkeypatch.setattr(Lake, "merge", merge_and_lose)
    consume(lake, home, now=NOW)
    monkeypatch.undo()
    assert lake.count("label_events") == 1


def _without_events(read):  # type: ignore[no-untyped-def]
    def reading(self, table, *arguments, **options):  # type: ignore[no-untyped-def]
        found = read(self, table, *arguments, **options)
        return found.iloc[:0] if table == "label_events" else found

    return reading


def test_a_long_name_and_a_name_clash_are_no_obstacle(lake: Lake, home: Home, postings: list[str], put: Put) -> None:
    name = "ü" * 125 + ".csv"
    for word in ("yes", "no"):
        put(name, HEAD + f"anna,p1,{word}\nanna,p1,eh\n")
        assert counts(consume(lake, home, now=NOW)) == (1, 0, 1)
    assert len(list((home.consumed / "2026-03-01").iterdir())) == 2
    assert len(list(home.quarantine.iterdir())) == 1  # the same bad row is kept once


row = st.tuples(
    st.sampled_from(["anna", "ben", "Bad Name", ""]),
    st.sampled_from(["p0", "p1", "https://jobs.example.com/acme/3", "unknown", ""]),
    st.sampled_from(["yes", "no", "maybe", ""]),
)


@settings(max_examples=20)
@given(rows=st.lists(row, min_size=1, max_size=12), cut=st.integers(0, 12), jsonl=st.booleans())
def test_in_equals_new_and_duplicate_and_quarantined(rows: list[tuple[str, str, str]], cut: int, jsonl: bool) -> None:
    """However a file grows and however often it comes, each usable row is one event."""
    rows = [row for row in rows if any(row)]
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder)).create()
        lake = Lake(str(home.lake))
        fill_postings(lake)
        usable = 0
        for part in (rows[:cut], rows, rows):
            names = ("profile", "posting", "label")
            if jsonl:
                text = "".join(json.dumps(dict(zip(names, row, strict=True))) + "\n" for row in part)
            else:
                text = HEAD + "".join(",".join(row) + "\n" for row in part)
            if not text:
                continue
            drop_content(text.encode(), "mine", home)
            consumed = consume(lake, home, now=datetime.now(UTC))
            assert consumed.rows == len(part)
            good = sum(
                profile in ("anna", "ben") and posting not in ("unknown", "") and word in ("yes", "no")
                for profile, posting, word in part
            )
            assert consumed.quarantined == len(part) - good
            assert consumed.new == good - usable
            usable = good
        assert lake.count("label_events") == usable
        assert not list(home.inbox.iterdir())


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("https://example.com/jobs/1", "http://www.example.com/jobs/1/", True),
        ("https://example.com/jobs/1", "example.com/jobs/1", True),
        ("https://Example.com/jobs?id=1&utm_source=x", "https://example.com/jobs?id=1", True),
        ("https://example.com/jobs?b=2&a=1", "https://example.com/jobs?a=1&b=2", True),
        ("https://example.com/jobs?id=1", "https://example.com/jobs?id=2", False),
        ("https://example.com/Jobs/A", "https://example.com/jobs/a", False),
    ],
)
def test_same_address(left: str, right: str, same: bool) -> None:
    assert (normal_url(left) == normal_url(right)) is same
    assert normal_url(left)


@pytest.mark.parametrize(
    "text", ["p1", "mailto:a@example.com", "javascript:alert(1)", "https://[::1", "", "ftp://e.com/a"]
)
def test_no_address(text: str) -> None:
    assert normal_url(text) is None


def test_a_row_may_correct_a_role_beside_a_label_or_alone(
    lake: Lake, home: Home, postings: list[str], put: Put
) -> None:
    put("both.csv", "profile,posting,label,role\nanna,p1,yes,Data Engineer\nanna,p2,no,\nanna,p3,no,poet\n")
    put("roles.csv", "posting,role,time\np1,ml-engineer,2026-01-05T10:00:00Z\n,other,\n")
    done = consume(lake, home, now=NOW)
    assert (done.new, done.quarantined) == (3, 2)
    assert set(done.problems) == {
        "role 'poet' is none of: data_engineer, data_analyst, ml_engineer, data_scientist, other",
        "has no profile, posting, label",
    }
    assert lake.count("label_events") == 2
    found = lake.read("role_corrections").sort_values("role")
    assert found[["posting_id", "role"]].values.tolist() == [["p1", "data_engineer"], ["p1", "ml_engineer"]]
    put("roles.csv", "posting,role,time\np1,ml-engineer,2026-01-05T10:00:00Z\n,other,\n")
    assert consume(lake, home, now=NOW).new == 0
    assert lake.count("role_corrections") == 2


def test_a_file_for_roles_must_correct_one(home: Home, tmp_path: Path) -> None:
    home.create()
    file = tmp_path / "mine.csv"
    file.write_text("profile,posting,label\nanna,p1,yes\n", encoding="utf-8")
    with pytest.raises(LabelFileError, match="corrects no role"):
        drop(file, home, roles=True)
    file.write_text("posting,role\np1,data analyst\n", encoding="utf-8")
    assert drop(file, home, roles=True).parent == home.inbox


def told(*words: tuple[str, bool | None, str, float | None]) -> pd.DataFrame:
    """Events in their order: (posting, interesting, policy, propensity)."""
    rows = [
        {
            "event_id": f"e{number}", "profile": "anna", "posting_id": posting, "cluster_id": posting,
            "interesting": interesting, "policy": policy, "propensity": propensity,
            "labelled_at": NOW + timedelta(minutes=number), "consumed_at": NOW,
        }
        for number, (posting, interesting, policy, propensity) in enumerate(words)
    ]  # fmt: skip
    return pd.DataFrame(rows).astype({"interesting": "object"})


def test_a_second_word_wins_counts_once_and_keeps_the_first_chance() -> None:
    events = told(
        ("a", True, "random", 0.1), ("b", False, "top", 1.0), ("c", True, "own_choice", None),
        ("a", False, "again", 0.05), ("c", True, "again", 0.05),
    )  # fmt: skip
    labels = latest_labels(events).set_index("posting_id")
    assert labels["interesting"].to_dict() == {"a": False, "b": False, "c": True}
    assert labels["said_again"].to_dict() == {"a": True, "b": False, "c": True}
    assert labels["contradicted"].to_dict() == {"a": True, "b": False, "c": False}
    assert labels["policy"].to_dict() == {"a": "random", "b": "top", "c": "own_choice"}
    assert labels.loc["a", "propensity"] == 0.1 and pd.isna(labels.loc["c", "propensity"])
    assert self_agreement(events) == Agreement(same=1, of=2)
    assert str(self_agreement(events)) == "the same word in 1 of 2"


def test_a_second_word_taken_back_leaves_the_first() -> None:
    events = told(
        ("a", True, "random", 0.1), ("a", False, "again", 0.05), ("a", None, "own_choice", None),
        ("a", False, "again", 0.05), ("a", None, "own_choice", None),
    )  # fmt: skip
    label = latest_labels(events).iloc[0]
    assert (label["interesting"], label["policy"], label["propensity"]) == (True, "random", 0.1)
    assert not label["said_again"]
    assert self_agreement(events) == Agreement(0, 0)
    assert str(self_agreement(events)) == "nothing was shown again yet"
    withdrawn = told(("a", True, "random", 0.1), ("a", None, "own_choice", None))
    assert latest_labels(withdrawn).empty, "a first word that is taken back is gone"


def test_a_later_word_on_a_posting_that_has_left_replaces_the_earlier_one() -> None:
    """Its cluster was another one when it was labelled again; today it has none."""
    words = told(("a", True, "random", 0.1), ("a", False, "own_choice", None)).assign(cluster_id=["b", "c"])
    clusters = pd.Series({"d": "d"})
    label = latest_labels(words, clusters)
    assert label[["posting_id", "cluster_id", "interesting"]].to_numpy().tolist() == [["a", "c", False]]
    assert label["contradicted"].all()
    assert latest_labels(words.assign(interesting=[True, None]).astype({"interesting": "object"}), clusters).empty
    assert latest_labels(words.assign(cluster_id=["b", None]), clusters)["cluster_id"].tolist() == ["b"]
    assert latest_labels(words.assign(cluster_id=None), clusters)["cluster_id"].tolist() == ["a"]
    assert latest_labels(words.iloc[:0], clusters).empty


def test_the_cluster_of_a_posting_that_has_left_is_followed_to_its_name_of_today() -> None:
    """A cluster is named by its smallest posting: when one joins, the stored name is that of a member only."""
    words = told(("z", True, "random", 0.1)).assign(cluster_id="b")
    assert latest_labels(words, pd.Series({"a": "a", "b": "a"}))["cluster_id"].tolist() == ["a"]
