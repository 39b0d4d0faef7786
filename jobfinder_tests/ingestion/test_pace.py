"""A source's own limits hold across runs, threads and processes."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from pyrate_limiter import Duration, Rate

from jobfinder_assets.config import Home, Http
from jobfinder_assets.ingestion.contract import NotYet, SourceError
from jobfinder_assets.ingestion.http import HttpClient
from jobfinder_assets.ingestion.pace import Pace
from jobfinder_tests.ingestion.conftest import Server, reply

FOUR_A_DAY = (Rate(2, Duration.MINUTE), Rate(4, Duration.DAY))


def test_requests_are_counted_until_the_narrowest_rate_is_used_up(home: Home) -> None:
    pace = Pace("told", FOUR_A_DAY, home)
    assert pace.wait() == 0
    assert [pace.take(), pace.take()] == [0, 0]
    assert 50 < pace.take() <= 60.1
    assert 50 < Pace("told", FOUR_A_DAY, home).wait() <= 60.1, "another run counts on"
    assert Pace("other", FOUR_A_DAY, home).take() == 0, "each source has its own"


def test_a_wide_rate_outlasts_the_narrow_one(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    pace, now = Pace("told", FOUR_A_DAY, home), time.time_ns()
    for minute in range(0, 8, 2):
        monkeypatch.setattr(time, "time_ns", lambda minute=minute: now + minute * 60 * 10**9)
        monkeypatch.setattr("pyrate_limiter.buckets.sqlite_bucket.time_ns", time.time_ns)
        assert pace.take() == 0
    assert 23 * 3600 < pace.take() <= 24 * 3600
    monkeypatch.setattr("pyrate_limiter.buckets.sqlite_bucket.time_ns", lambda: now + 25 * 3600 * 10**9)
    assert pace.take() == 0


def test_no_more_are_allowed_when_many_ask_at_once(home: Home) -> None:
    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(lambda _: Pace("told", (Rate(5, Duration.HOUR),), home).take(), range(16)))
    assert waits.count(0) == 5


def test_a_source_without_limits_leaves_no_trace(home: Home) -> None:
    assert Pace("told", (), home).take() == 0
    assert not list(home.root.glob("requests*"))


def test_the_client_waits_a_little_and_gives_up_at_much(home: Home, server: Server, http: Http) -> None:
    url = server.on("/jobs", reply([]))
    patient = HttpClient(http, pace=Pace("short", (Rate(1, 50),), home))
    for _ in range(3):
        patient.get_json(url)
    once = HttpClient(http, pace=Pace("long", (Rate(1, Duration.HOUR),), home))
    once.get_json(url)
    with pytest.raises(NotYet, match=r"may be asked again in (1\.0 h|60 min), by the source's own limits"):
        once.get_json(url)
    assert server.asked("/jobs") == 4


def test_a_retry_that_is_not_allowed_yet_does_not_hide_what_failed(home: Home, server: Server, http: Http) -> None:
    url = server.on("/jobs", reply({"error": "boom"}, 500))
    once = HttpClient(http, pace=Pace("long", (Rate(1, Duration.HOUR),), home))
    with pytest.raises(SourceError, match="answered 500"):
        once.get_json(url)
