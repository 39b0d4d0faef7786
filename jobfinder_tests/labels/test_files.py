"""What a label file may look like, what makes a row bad, and when a file is complete."""

import json
import os
import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobfinder_assets.config import Home
from jobfinder_assets.labels import files
from jobfinder_assets.labels.files import LabelFile, LabelFileError, check, drop, parse, ready_files, scan_inbox
from jobfinder_tests.labels.conftest import NOW, Put

RECEIVED = datetime(2026, 2, 1, tzinfo=UTC)


def read(text: str | bytes) -> LabelFile:
    content = text if isinstance(text, bytes) else text.encode()
    return parse(content, received=RECEIVED, now=NOW)


@pytest.mark.parametrize(
    ("word", "interesting"),
    [
        ("interesting", True), ("Interesting ", True), ("YES", True), ("y", True), ("1", True), ("1.0", True),
        ("true", True), ("like", True), ("liked", True),
        ("not interesting", False), ("not_interesting", False), ("Not-Interesting", False), ("no", False),
        ("0", False), ("FALSE", False), ("dislike", False), ("disliked", False), ("uninteresting", False),
    ],
)  # fmt: skip
def test_label_words(word: str, interesting: bool) -> None:
    (label,) = read(f"profile,posting,label\nanna,p1,{word}\n").labels
    assert label.interesting is interesting


@pytest.mark.parametrize(
    "text",
    [
        "profile,posting,label,reason,time\nanna,p1,yes,pay,2026-01-05T10:00:00Z\n",
        "\ufeffprofile,posting,label,reason,time\r\nanna,p1,yes,pay,2026-01-05T10:00:00+00:00\r\n",
        "Profile;Posting ID;Label;Reason;Labelled at\nanna;p1;yes;pay;2026-01-05 12:00+02:00\n",
        "label\treason\turl\tprofile\ttime\nyes\tpay\tp1\tanna\t2026-01-05T10:00\n",
        "profile,posting,label,reason,time,title\nanna,p1,yes,pay,2026-01-05T10:00:00Z,Engineer\n\n,,,,,\n",
        '{"profile":"anna","posting":"p1","label":"yes","reason":"pay","time":"2026-01-05T10:00:00Z"}\n',
        '\n{"profile":"anna","posting_id":"p1","label":"yes","reason":"pay","labelled_at":"2026-01-05T10:00:00Z"}',
    ],
)
def test_layouts_mean_the_same(text: str) -> None:
    file = read(text)
    (label,) = file.labels
    facts = (label.profile, label.posting, label.interesting, label.reason, label.labelled_at, label.policy)
    assert facts == ("anna", "p1", True, "pay", datetime(2026, 1, 5, 10, tzinfo=UTC), "own_choice")
    assert not file.bad


def test_labels_without_time_have_the_time_of_their_file_in_the_order_of_their_lines() -> None:
    first, second = read("profile,posting,label\nanna,p1,yes\nanna,p1,no\n").labels
    assert RECEIVED < first.labelled_at < second.labelled_at < RECEIVED + timedelta(seconds=1)


def test_how_the_posting_was_chosen_is_kept() -> None:
    record = {
        "profile": "anna", "posting": "p1", "label": True, "policy": "random", "propensity": 0.25,
        "rank_shown": 7, "score_shown": -1.5, "model_version": "anna/3",
    }  # fmt: skip
    (label,) = read(json.dumps(record)).labels
    found = (label.policy, label.propensity, label.rank_shown, label.score_shown, label.model_version)
    assert found == ("random", 0.25, 7, -1.5, "anna/3")


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("anna,p1,perhaps,,,", "label 'perhaps' is neither"),
        ("anna,p1,,,,", "has no label"),
        (",,yes,,,", "has no profile, posting"),
        ("Anna,p1,yes,,,", "profile 'Anna' is not a profile name"),
        ("../anna,p1,yes,,,", "profile '../anna' is not a profile name"),
        ("anna,p1,yes,,yesterday,", "time 'yesterday' is not ISO 8601"),
        ("anna,p1,yes,,0001-01-01T00:00:00+14:00,", "is not ISO 8601"),
        ("anna,p1,yes,,1999-12-31,", "is before 2000"),
        ("anna,p1,yes,,2031-01-01,", "in the future"),
        ("anna,p1,yes,,,1.5", "propensity '1.5' is not above 0"),
        ("anna,p1,yes,,,nan", "propensity 'nan' is not above 0"),
        ("anna,p1,yes", "has 3 fields, the first line has 6"),
        ("anna,p1,yes,,,,,", "has 8 fields, the first line has 6"),
        ('anna,p1,yes,"no end,,', "quotation mark that is never closed"),
    ],
)
def test_a_bad_row_says_why_and_the_rows_around_it_count(row: str, problem: str) -> None:
    head = "profile,posting,label,reason,time,propensity"
    file = read(f"{head}\nanna,p0,yes,,,\n{row}\nanna,p2,no,,,\n")
    assert [label.posting for label in file.labels] == ["p0", "p2"]
    (bad,) = file.bad
    assert problem in bad.problem
    assert bad.line == 3


@pytest.mark.parametrize("raw", ['{"profile": "anna", "posting"', '["anna"]', '{"profile": {"a": 1}}', "3", "[" * 5000])
def test_a_bad_json_line_keeps_its_text(raw: str) -> None:
    good = '{"profile": "anna", "posting": "p0", "label": 1}'
    file = read(f"{good}\n{raw}\n{good}\n")
    assert len(file.labels) == 2
    assert [(bad.line, bad.raw) for bad in file.bad] == [(2, raw)]


def test_lone_surrogates_are_a_bad_row() -> None:
    file = read('{"profile": "anna", "posting": "p0", "label": 1, "reason": "\\ud800"}')
    assert [bad.problem for bad in file.bad] == ["holds characters that are no text (lone surrogates)"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is empty"),
        (b" \n \n", "is empty"),
        (b"\xff\xfep\x00", "is not UTF-8"),
        (b"posting,label\np1,yes\n", "has no column profile"),
        (b"anna,p1,yes\n", "has no column profile, posting, label"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(content: bytes, problem: str) -> None:
    with pytest.raises(LabelFileError, match=problem):
        read(content)


def test_quoted_line_breaks_are_one_row() -> None:
    file = read('profile,posting,label,reason\nanna,p1,yes,"near,\nnice"\nanna,p2,no,\n')
    assert [(label.line, label.reason) for label in file.labels] == [(2, "near,\nnice"), (4, None)]


def test_hostile_quotes_take_no_time() -> None:
    text = "profile,posting,label\n" + 'anna,p1,"yes\n' * 4000
    # Processor time, and far above what it takes: only a pattern that runs away fails this.
    started = time.process_time()
    file = read(text)
    assert len(file.bad) == 4000
    assert time.process_time() - started < 20


cell = st.text(st.characters(codec="utf-8"), max_size=12)


@given(rows=st.lists(st.lists(cell, min_size=1, max_size=5), max_size=8), separator=st.sampled_from(",;\t"))
def test_every_line_with_content_is_a_row(rows: list[list[str]], separator: str) -> None:
    quoted = [separator.join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows]
    text = separator.join(["profile", "posting", "label"]) + "\n" + "".join(line + "\n" for line in quoted)
    file = read(text)
    assert len(file.labels) + len(file.bad) == sum(any(cell.strip() for cell in row) for row in rows)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    try:
        file = read(b"profile,posting,label\n" + content)
    except LabelFileError:
        return
    assert all(bad.problem for bad in file.bad)


@given(
    words=st.lists(st.tuples(st.sampled_from(["p1", "p2"]), st.sampled_from(["yes", "no", "eh"])), max_size=8),
    cut=st.integers(0, 8),
)
def test_event_ids_of_a_grown_file_begin_with_those_of_the_shorter(words: list[tuple[str, str]], cut: int) -> None:
    lines = [f"anna,{posting},{label}\n" for posting, label in words]
    head = "profile,posting,label\n"
    short = [label.event_id for label in read(head + "".join(lines[:cut])).labels]
    long = [label.event_id for label in read(head + "".join(lines)).labels]
    assert long[: len(short)] == short
    assert len(set(long)) == len(long)


def test_a_changed_mind_in_a_later_row_is_an_event_of_its_own() -> None:
    first = read("profile,posting,label\nanna,p1,yes\nanna,p1,no\nanna,p1,yes\n")
    assert len({label.event_id for label in first.labels}) == 3


@pytest.mark.parametrize(
    ("name", "content", "age", "waits"),
    [
        ("labels.csv", "x\n", 6, ""),
        ("labels.csv", "x\n", 2, "read once it rests for 5 s"),
        ("labels.csv", "x", 6, "its last line has no end yet"),
        ("labels.csv", "x", 61, ""),
        ("labels.csv", "", 10, "its last line has no end yet"),
        ("labels.csv", "x\n", -7200, ""),
        (".labels.csv", "x\n", 999, "not finished"),
        ("~$labels.csv", "x\n", 999, "not finished"),
        ("labels.csv.partial", "x\n", 999, "not finished"),
        ("labels.csv.tmp", "x\n", 999, "not finished"),
        ("labels.csv~", "x\n", 999, "not finished"),
        ("labels.csv.crdownload", "x\n", 999, "not finished"),
        ("labels.0123456789abcdef.dropped.csv", "x\n", 1, "read once it rests"),
    ],
)
def test_when_a_file_is_complete(home: Home, put: Put, name: str, content: str, age: float, waits: str) -> None:
    path = put(name, content, age)
    inbox = scan_inbox(home, now=NOW)
    assert list(inbox.ready) == ([] if waits else [path])
    assert waits in inbox.waiting.get(name, "")


def test_files_are_read_oldest_first(home: Home, put: Put) -> None:
    newer, older = put("a.csv", "x\n", 10), put("b.csv", "x\n", 20)
    assert ready_files(home, now=NOW) == [older, newer]


def test_a_dropped_file_is_complete_at_once_and_dropping_twice_is_once(home: Home, put: Put) -> None:
    source = home.root / "mine.csv"
    source.write_text("profile,posting,label\nanna,p1,yes", encoding="utf-8")
    dropped = drop(source, home)
    assert drop(source, home) == drop(dropped, home) == dropped
    assert ready_files(home, now=datetime.now(UTC)) == [dropped]
    assert dropped.read_bytes() == source.read_bytes()
    assert dropped.name.startswith("mine.")


def test_a_drop_that_is_stopped_leaves_nothing_to_read(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    source = home.root / "mine.csv"
    source.write_text("profile,posting,label\nanna,p1,yes\n", encoding="utf-8")

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", stop)
    with pytest.raises(KeyboardInterrupt):
        drop(source, home)
    assert ready_files(home, now=NOW + timedelta(days=1)) == []


@pytest.mark.parametrize(
    ("content", "problem"),
    [(None, "cannot be read"), ("", "is empty"), ("profile,posting,label\nanna,p1,eh\n", "line 2: label 'eh'")],
)
def test_drop_refuses_what_holds_no_label(home: Home, content: str | None, problem: str) -> None:
    source = home.root / "mine.csv"
    if content is not None:
        source.write_text(content, encoding="utf-8")
    with pytest.raises(LabelFileError, match=problem) as raised:
        drop(source, home)
    assert str(source) in str(raised.value)
    assert not list(home.inbox.iterdir())


def test_a_file_too_large_to_be_labels_is_refused(home: Home, put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_MEGABYTES", 0)
    with pytest.raises(LabelFileError, match="too large"):
        files.read(put("labels.csv", "x\n"))


def test_a_check_finds_what_a_row_is_about_and_keeps_the_order_of_the_lines(home: Home) -> None:
    def find(posting: str) -> str:
        return {"p1": "p1", "https://acme.example/1": "p1"}[posting]

    source = home.root / "mine.csv"
    rows = ["anna,p1,yes", "anna,nowhere,yes", "anna,p1,eh", "anna,https://acme.example/1,no"]
    source.write_text("\n".join(["profile,posting,label", *rows]), encoding="utf-8")
    checked = check(source, find=find)
    assert [label.line for label in checked.labels] == [2, 5]
    assert [bad.line for bad in checked.bad] == [3, 4]
    assert [label.line for label in check(source).labels] == [2, 3, 5]
    assert not list(home.inbox.iterdir())


def test_a_refused_file_tells_at_most_five_lines(home: Home) -> None:
    source = home.root / "mine.csv"
    source.write_text("profile,posting,label\n" + "anna,p1,eh\n" * 7, encoding="utf-8")
    with pytest.raises(LabelFileError) as raised:
        check(source)
    told = str(raised.value).splitlines()
    assert [line.split(":")[0] for line in told[1:-1]] == [f"  line {number}" for number in range(2, 7)]
    assert told[-1] == "  … and 2 more"
