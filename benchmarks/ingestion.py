"""Fetching many boards from a local server: postings a second, peak memory, and the cost of a refresh.

    jobfinder bench ingestion [--boards 500] [--postings 200]

A server in a process of its own plays Greenhouse. Runs over the same lake: everything new; one posting in a hundred
new, spread over all boards; as many in one board of ten, from a server that gives no validators; and the same from one
that answers 304 for what has not changed. Each run is a day after the one before, so that every sighting is brought up
to date. The peer, in the same run, asks the same boards with the same number of threads and parses each answer, but
stores nothing: what the network and JSON alone cost.
"""

import argparse
import multiprocessing
import os
import resource
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import orjson
import requests

WORDS = 420


def board(number: int, postings: int, *, fresh: int, day: int) -> bytes:
    """One board's answer; `fresh` of its postings have ids that only this day gives."""
    rng = np.random.default_rng(number)
    vocabulary = np.array([f"word{n}" for n in range(3_000)])
    jobs = []
    for index in range(postings):
        identity = number * 1_000_000 + index + (100_000 * day if index < fresh else 0)
        words = " ".join(rng.choice(vocabulary, WORDS))
        jobs.append(
            {
                "id": identity,
                "title": f"Data Engineer {index}",
                "updated_at": "2026-11-01T09:00:00-04:00",
                "first_published": "2026-10-20T09:00:00-04:00",
                "location": {"name": "Berlin, Germany"},
                "absolute_url": f"https://boards.example/{number}/{identity}",
                "company_name": f"Company {number}",
                "content": f"&lt;p&gt;{words}&lt;/p&gt;",
            }
        )
    return orjson.dumps({"jobs": jobs, "meta": {"total": len(jobs)}})


def write_boards(folder: Path, boards: int, postings: int, *, day: int, fresh: int = 0, every: int = 1) -> None:
    """Boards as files; `fresh` new postings in each `every`-th board."""
    for number in range(boards):
        changed = fresh if number % every == 0 else 0
        path, answer = folder / f"{number}.json", board(number, postings, fresh=changed, day=day)
        if not path.exists() or path.read_bytes() != answer:
            path.write_bytes(answer)
    # Else the disk is still busy with them while a run is measured.
    os.sync()


def serve(folder: str, validators: bool, told: Connection) -> None:
    class Answering(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # As servers do: else the end of an answer may wait 40 ms for the client's word that the rest has come.
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            number = self.path.split("/boards/b")[1].split("/")[0]
            path = Path(folder) / f"{number}.json"
            tag = f'"{path.stat().st_mtime_ns}"'
            same = validators and self.headers.get("If-None-Match") == tag
            self.send_response(304 if same else 200)
            if validators:
                self.send_header("ETag", tag)
            self.send_header("Content-Length", "0" if same else str(path.stat().st_size))
            self.end_headers()
            if not same:
                # By the system alone: what the server costs is not what is measured.
                with path.open("rb") as answer:
                    self.connection.sendfile(answer)

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    told.send(server.server_port)
    server.serve_forever()


@contextmanager
def serving(folder: Path, *, validators: bool) -> Iterator[str]:
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(str(folder), validators, there))
    process.start()
    try:
        yield f"http://127.0.0.1:{here.recv()}"
    finally:
        process.terminate()
        process.join()


def fetch(url: str, lake: str, boards: int, *, day: int, told: Connection) -> None:
    """One run of the source in a process of its own, so that its peak memory is its own."""
    from jobfinder_assets.config import Settings
    from jobfinder_assets.ingestion.collect import collect
    from jobfinder_assets.ingestion.sources.greenhouse import Greenhouse
    from jobfinder_assets.storage.lake import Lake

    def source(names: list[str]) -> Greenhouse:
        settings = Settings(sources={"greenhouse": {"base_url": url, "boards": names, "starter": False}})
        return Greenhouse.build(settings.source_section("greenhouse", Greenhouse.settings_model), settings)

    now = datetime(2026, 11, 23, tzinfo=UTC) + timedelta(days=day)
    with tempfile.TemporaryDirectory() as elsewhere:
        # What a process loads once, for a first run and for a refresh, is not what a run costs.
        for before in (2, 1):
            collect(source(["b0"]), Lake(elsewhere), run=f"-{before}", now=now - timedelta(days=before))
    asked = source([f"b{number}" for number in range(boards)])
    started = time.perf_counter()
    collected = collect(asked, Lake(lake), run=str(day), now=now)
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    told.send((seconds, peak, {name: collected.total(name) for name in ("rows", "new", "unchanged", "closed")}))


def measured(url: str, lake: str, boards: int, day: int) -> tuple[float, float, dict[str, int]]:
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=fetch, args=(url, lake, boards), kwargs={"day": day, "told": there}
    )
    process.start()
    seconds, peak, counts = here.recv()
    process.join()
    return seconds, peak, counts


def bare(url: str, boards: int) -> float:
    session = requests.Session()
    started = time.perf_counter()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: len(session.get(f"{url}/v1/boards/b{n}/jobs").json()["jobs"]), range(boards)))
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(prog="jobfinder bench ingestion")
    parser.add_argument("--boards", type=int, default=500)
    parser.add_argument("--postings", type=int, default=200)
    options = parser.parse_args()
    os.environ["NO_PROXY"] = "127.0.0.1"
    total = options.boards * options.postings
    fresh = max(1, options.postings // 100)
    with tempfile.TemporaryDirectory() as temporary:
        folder, home = Path(temporary) / "boards", Path(temporary) / "home"
        folder.mkdir()
        os.environ["JOBFINDER_HOME"] = str(home)
        lake = str(home / "lake")
        write_boards(folder, options.boards, options.postings, day=0)
        with serving(folder, validators=False) as url:
            alone = bare(url, options.boards)
            print(f"{options.boards} boards, {total:,} postings; network and JSON alone {alone:.1f} s")
            first = report("first run", measured(url, lake, options.boards, 0), total)
            write_boards(folder, options.boards, options.postings, day=1, fresh=fresh)
            report("1 % new, every board changed", measured(url, lake, options.boards, 1), total, first)
            write_boards(folder, options.boards, options.postings, day=2)
            measured(url, lake, options.boards, 2)
            write_boards(folder, options.boards, options.postings, day=3, fresh=10 * fresh, every=10)
            report("1 % new, in one board of ten", measured(url, lake, options.boards, 3), total, first)
        with serving(folder, validators=True) as url:
            write_boards(folder, options.boards, options.postings, day=4)
            # Learns the validators; the next run can use them.
            measured(url, lake, options.boards, 4)
            write_boards(folder, options.boards, options.postings, day=5, fresh=10 * fresh, every=10)
            report("the same, 304 for the others", measured(url, lake, options.boards, 5), total, first)


def report(name: str, run: tuple[float, float, dict[str, int]], total: int, first: float | None = None) -> float:
    seconds, peak, counts = run
    ratio = f", {seconds / first:.0%} of the first" if first else ""
    counted = ", ".join(f"{count:,} {what}" for what, count in counts.items())
    print(f"{name:<30} {seconds:6.1f} s  {total / seconds:7,.0f} postings/s  {peak:.2f} GB{ratio}  ({counted})")
    return seconds


if __name__ == "__main__":
    main()
