"""The data product at many labels: seconds and memory to package them; what is refused, and own data beside it.

    jobfinder bench export [--labels 100000] [--postings 120000] [--words 400]

Postings, labels and the person are invented (`jobfinder_assets/export/demo.py`); the consent is to every column. Goal:
100,000 labelled rows in 60 s and 2 GB. Each part runs in a process of its own, so that each peak is its own.
"""

import argparse
import multiprocessing
import os
import resource
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

NOW = datetime.now(UTC)
BUYER = "Example Institute"


def opened(home: Path) -> tuple[Any, Any]:
    # Its own settings, wherever it is started: erasing a profile takes it out of the settings file in force.
    os.environ |= {"JOBFINDER_HOME": str(home), "JOBFINDER_CONFIG": str(home / "jobfinder.toml")}
    from jobfinder_assets.config import load_settings
    from jobfinder_assets.storage.lake import Lake

    settings = load_settings()
    return Lake(settings.lake_location), settings


def fill(home: Path, postings: int, labels: int, words: int) -> str:
    """An invented person's lake, their searches, and their consent."""
    from jobfinder_assets.export import consent
    from jobfinder_assets.export.columns import CHOICES
    from jobfinder_assets.export.demo import PROFILE, SEARCHES, invent

    (home / "jobfinder.toml").write_text(f"[profiles.{PROFILE}]\nsearches = {list(SEARCHES)}\n", encoding="utf-8")
    lake, settings = opened(home)
    invent(lake, postings=postings, labels=labels, words=words)
    # A title, an employer's place and a reason of its own for each, as strangers write them: all are scanned for names.
    ids = lake.read("postings", ["posting_id", "title", "location"]).sort_values("posting_id")
    own = {name: ids[name] + [f", no. {number}" for number in range(len(ids))] for name in ("title", "location")}
    lake.update("postings", ids.assign(**own))
    events = lake.read("label_events", ["event_id", "reason"]).dropna()
    events["reason"] += [f" such as number {number}" for number in range(len(events))]
    lake.update("label_events", events)
    offer = consent.make_offer(
        profile=PROFILE, purpose="A benchmark of the product", buyer=BUYER, buyer_is_class=False, columns=CHOICES,
        until=NOW + timedelta(days=1),
    )  # fmt: skip
    consent.give(lake, settings.home, offer, read=consent.text_hash(consent.read_text(offer)), now=NOW)
    return f"{postings:,} postings of {words} words, {labels:,} labelled"


def package(home: Path) -> str:
    from jobfinder_assets.export.demo import PROFILE
    from jobfinder_assets.export.package import make_package
    from jobfinder_assets.export.work import Request

    lake, settings = opened(home)
    done = make_package(lake, settings, Request(PROFILE, BUYER), now=NOW)
    size = sum(path.stat().st_size for path in done.folder.iterdir())
    return f"{done.rows:,} rows, {len(done.columns)} columns, {size / 1e6:.0f} MB"


def refuse(home: Path) -> str:
    from jobfinder_assets.export.demo import PROFILE
    from jobfinder_assets.export.errors import Refusal
    from jobfinder_assets.export.package import make_package
    from jobfinder_assets.export.work import Request

    lake, settings = opened(home)
    try:
        make_package(lake, settings, Request(PROFILE, "Somebody Else"), now=NOW)
    except Refusal as error:
        return str(error)
    raise AssertionError("somebody else got a package")


def export_own(home: Path) -> str:
    from jobfinder_assets.export.demo import PROFILE
    from jobfinder_assets.export.own_data import own_data

    lake, settings = opened(home)
    found = own_data(lake, settings, PROFILE, now=NOW)
    return f"{sum(found.rows.values()):,} rows, {sum(map(len, found.files.values())) / 1e6:.0f} MB"


def erase(home: Path) -> str:
    from jobfinder_assets.export.demo import PROFILE
    from jobfinder_assets.export.erase import erase_profile

    lake, settings = opened(home)
    done = erase_profile(lake, settings, PROFILE)
    if done.traces:
        raise AssertionError(f"left: {done.traces}")
    return f"{sum(done.removed.values()):,} rows and files"


def measured(pipe: Any, part: Callable[..., str], arguments: tuple[Any, ...]) -> None:
    started = time.perf_counter()
    told = part(*arguments)
    seconds = (time.perf_counter() - started, time.process_time())
    pipe.send((told, *seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--labels", type=int, default=100_000)
    parser.add_argument("--postings", type=int, default=120_000)
    parser.add_argument("--words", type=int, default=400)
    options = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        parts: list[tuple[Callable[..., str], tuple[Any, ...]]] = [
            (fill, (home, options.postings, options.labels, options.words)),
            (refuse, (home,)), (package, (home,)), (export_own, (home,)), (erase, (home,)),
        ]  # fmt: skip
        for part, arguments in parts:
            here, there = context.Pipe(duplex=False)
            process = context.Process(target=measured, args=(there, part, arguments))
            process.start()
            there.close()
            told, seconds, processor, peak = here.recv()
            process.join()
            print(
                f"{part.__name__:<11} {seconds:6.1f} s  {processor:6.1f} s of processors  {peak:5.2f} GB  {told}",
                flush=True,
            )


if __name__ == "__main__":
    main()
