"""De-duplication from 10,000 to 300,000 postings, beside datasketch and all-pairs TF-IDF.

    jobfinder bench duplicates [--data FOLDER] [--sizes 10000,30000,100000,300000]

The adverts are made: sentences of real ones (FOLDER, default $JOBFINDER_SHARED/data, holds `kaggle/`
and `import/`) recombined by a seed, 3.5 kB each, a tenth of them copies with another date or a few
other words. Each figure comes from a process of its own. "lake": wall seconds of `update_clusters` on a
lake that holds the postings, with all reading and writing, on every core, the peak memory of the main
process, and what 1 % new postings cost afterwards, in wall seconds and in those of all processors. "once running":
the same postings again in the same process, whose tables are read and, behind a run that started them (of
`RUN_BEFORE` postings at least), whose workers wait for work, as behind the cleaning of a first run.
"cleaned": the same of cleaning and clusters together, from the raw postings of an imported CSV on, on
every core and on one; "again": the wall seconds of the second and third 1 % more, whichever is less, since
the first finds a main process that has cleaned nothing where others did. "memory": `cluster_postings` on a
frame, one core, as the peers, which get the texts alone and have no vetoes; each runs on what it can finish.
The first peer needs `pip install datasketch`.
"""

import argparse
import json
import multiprocessing
import os
import random
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import psutil

SENTENCES = 26
PEER_SIZES = {"datasketch": 10_000, "tfidf": 10_000}
MEMORY_SIZES = (10_000, 100_000)
CLEANED: dict[str, dict[str, Any]] = {"cleaned": {}, "cleaned, 1 core": {"backend": "sequential", "workers": 1}}
CLEANED_SIZE = 100_000
RUN_BEFORE = 50_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    shared = os.environ.get("JOBFINDER_SHARED", "")
    parser.add_argument("--data", type=Path, default=Path(shared) / "data" if shared else None)
    parser.add_argument("--sizes", default="10000,30000,100000,300000")
    parser.add_argument("--only", choices=["lake", *CLEANED, "memory", *PEER_SIZES], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.data is None or not options.data.is_dir():
        parser.error("name the folder of real postings with --data (it holds kaggle/ and import/)")
    if options.only:
        measure(options.only, options.data, int(options.sizes))
        return
    print(
        f"{'':<16}{'postings':>10}{'seconds':>9}{'postings/s':>12}{'once running':>14}{'peak GB':>9}{'+1 % costs':>12}"
        f"{'processors':>12}{'again':>8}{'duplicates':>12}"
    )
    runs = [("lake", int(size)) for size in options.sizes.split(",")]
    runs += [(name, CLEANED_SIZE) for name in CLEANED] + [("memory", size) for size in MEMORY_SIZES]
    runs += PEER_SIZES.items()
    for name, size in runs:
        command = [sys.executable, __file__, "--data", str(options.data), "--sizes", str(size), "--only", name]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode:
            print(f"{name:<16}{size:>10,}  {result.stderr.strip().splitlines()[-1] if result.stderr else 'failed'}")
            continue
        row = json.loads(result.stdout.splitlines()[-1])
        more, work, again = (f"{row[key]:.1%}" if key in row else "" for key in ("more", "more work", "again"))
        running = f"{size / row['running']:,.0f}" if "running" in row else ""
        print(
            f"{name:<16}{size:>10,}{row['seconds']:>9.1f}{size / row['seconds']:>12,.0f}{running:>14}"
            f"{row['peak']:>9.2f}{more:>12}{work:>12}{again:>8}{row['duplicates']:>12,}"
        )


def adverts(data: Path, size: int) -> pd.DataFrame:
    """`size` made postings; the first ones are the same for every size."""
    frame = pd.concat([pd.read_csv(path) for path in sorted(data.glob("import/*.csv"))], ignore_index=True)
    texts = frame["description"].fillna(frame["Job Description"]).dropna().astype(str)
    sentences = [part for text in texts for part in re.split(r"(?<=[.!?])\s+|\n+", text) if 40 < len(part) < 400]
    titles = frame["title"].fillna(frame["Job Title"]).dropna().astype(str).unique().tolist()
    companies = frame["company"].fillna(frame["Company Name"]).dropna().astype(str).unique().tolist()
    places = frame["location"].fillna(frame["Location"]).dropna().astype(str).unique().tolist()
    chance = random.Random(20261123)
    rows: list[dict[str, str]] = []
    for number in range(size):
        if rows and chance.random() < 0.1:
            row = dict(chance.choice(rows[-5_000:]))
            words = row["description"].split(" ")
            for _ in range(chance.randrange(8)):
                words[chance.randrange(len(words))] = "new"
            row["description"] = " ".join(words)
        else:
            row = {
                "title": chance.choice(titles),
                "company": chance.choice(companies),
                "location": chance.choice(places),
                "description": "\n".join(chance.choices(sentences, k=SENTENCES)),
            }
        rows.append(row | {"posting_id": f"{number:08d}", "content_hash": f"{number:08d}"})
    return pd.DataFrame(rows)


def measure(name: str, data: Path, size: int) -> None:
    if name == "lake":
        found = in_lake(data, size)
    elif name in CLEANED:
        found = from_raw(data, size, CLEANED[name])
    elif name == "memory":
        found = in_memory(adverts(data, size))
    else:
        found = {"datasketch": datasketch, "tfidf": tfidf}[name](adverts(data, size)["description"].tolist())
    print(json.dumps({"peak": peak_memory()} | found))


def peak_memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


class Stopwatch:
    """Wall seconds, and processor seconds of this process and of those that it started."""

    def __init__(self) -> None:
        self.wall, self.work = time.perf_counter(), _work()

    def stop(self) -> None:
        self.wall, self.work = time.perf_counter() - self.wall, _work() - self.work


def _work() -> float:
    here = psutil.Process()
    return sum(sum(process.cpu_times()[:2]) for process in (here, *here.children(recursive=True)))


def compared(first: Stopwatch, more: Stopwatch) -> dict[str, float]:
    return {"seconds": first.wall, "more": more.wall / first.wall, "more work": more.work / first.work}


def in_memory(postings: pd.DataFrame) -> dict[str, Any]:
    from jobfinder_assets.cleaning.duplicates import cluster_postings
    from jobfinder_assets.cleaning.gazetteer import gazetteer

    gazetteer()  # Read once in a process.
    started = time.perf_counter()
    clusters = cluster_postings(postings)
    return {"seconds": time.perf_counter() - started, "duplicates": len(clusters) - clusters.nunique()}


def in_lake(data: Path, size: int) -> dict[str, Any]:
    from jobfinder_assets.cleaning.clusters import update_clusters
    from jobfinder_assets.config import Compute
    from jobfinder_assets.storage.lake import Lake

    with tempfile.TemporaryDirectory() as folder:
        # The lake is filled by another process: its memory is not what is measured.
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as filler:
            later = filler.submit(fill, folder, data, size).result()
        untouched, before = f"{folder}.untouched", f"{folder}.before"
        shutil.copytree(folder, untouched)
        lake = Lake(folder)
        first = Stopwatch()
        update = update_clusters(lake, Compute())
        first.stop()
        lake.append("postings", later)
        more = Stopwatch()
        update_clusters(lake, Compute())
        more.stop()
        peak = peak_memory()
        if size < RUN_BEFORE:
            with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as filler:
                filler.submit(fill, before, data, RUN_BEFORE).result()
            update_clusters(Lake(before), Compute())
        running = Stopwatch()
        update_clusters(Lake(untouched), Compute())
        running.stop()
        for copy in (untouched, before):
            shutil.rmtree(copy, ignore_errors=True)
    return compared(first, more) | {"duplicates": update.duplicates, "running": running.wall, "peak": peak}


def from_raw(data: Path, size: int, compute: dict[str, Any]) -> dict[str, Any]:
    from jobfinder_assets.cleaning.clean import clean_pending
    from jobfinder_assets.cleaning.clusters import ClusterUpdate, update_clusters
    from jobfinder_assets.config import Settings
    from jobfinder_assets.storage.lake import Lake

    with tempfile.TemporaryDirectory() as folder:
        os.environ["JOBFINDER_HOME"] = folder
        settings = Settings.model_validate({"compute": compute})
        lake = Lake(settings.lake_location)

        def timed(rows: int) -> tuple[Stopwatch, ClusterUpdate]:
            with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as filler:
                filler.submit(ingest, data, rows).result()
            watch = Stopwatch()
            clean_pending(lake, settings, now=datetime.now(UTC))
            update = update_clusters(lake, settings.compute)
            watch.stop()
            return watch, update

        first, update = timed(size)
        more, *later = (timed(size + number * size // 100)[0] for number in (1, 2, 3))
    again = min(watch.wall for watch in later) / first.wall
    return compared(first, more) | {"again": again, "duplicates": update.duplicates}


def ingest(data: Path, size: int) -> None:
    """Import a CSV of `size` adverts into the lake of $JOBFINDER_HOME; rows that it has are not stored again."""
    from jobfinder_assets.config import Settings
    from jobfinder_assets.ingestion.catalog import source_classes
    from jobfinder_assets.ingestion.collect import collect
    from jobfinder_assets.storage.lake import Lake

    settings = Settings()
    path = settings.home.create().root / "adverts.csv"
    adverts(data, size).drop(columns="content_hash").rename(columns={"posting_id": "id"}).to_csv(path, index=False)
    kind = source_classes()["files"]
    section = kind.settings_model.model_validate({"imports": [{"name": "adverts", "path": str(path)}]})
    collect(kind.build(section, settings), Lake(settings.lake_location), run="bench", now=datetime.now(UTC))


def fill(folder: str, data: Path, size: int) -> pd.DataFrame:
    """Write `size` postings, as cleaning leaves them; the 1 % that comes later is returned."""
    from jobfinder_assets.storage.lake import Lake
    from jobfinder_assets.storage.schemas import TABLES

    frame = adverts(data, size + size // 100)
    facts = {"source": "bench", "board": "bench", "cleaning_version": "1", "workplace": "unspecified"}
    whole = frame.assign(**facts, source_id=frame["posting_id"])
    lake = Lake(folder)
    for start in range(0, size, 20_000):
        lake.append("postings", whole.iloc[start : min(start + 20_000, size)])
    return whole.iloc[size:].reindex(columns=list(TABLES["postings"].columns)).dropna(axis=1, how="all")


def datasketch(texts: list[str]) -> dict[str, Any]:
    from datasketch import MinHash, MinHashLSH

    started = time.perf_counter()
    index, found = MinHashLSH(threshold=0.7, num_perm=64), 0
    for number, text in enumerate(texts):
        words = text.lower().split()
        signature = MinHash(num_perm=64)
        signature.update_batch([" ".join(words[at : at + 3]).encode() for at in range(max(len(words) - 2, 1))])
        found += bool(index.query(signature))
        index.insert(number, signature)
    return {"seconds": time.perf_counter() - started, "duplicates": found}


def tfidf(texts: list[str]) -> dict[str, Any]:
    """Every advert with every other, as JobFunnel compares them."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    started = time.perf_counter()
    matrix = TfidfVectorizer(strip_accents="unicode", lowercase=True).fit_transform(texts)
    found = 0
    for start in range(0, len(texts), 1_000):
        similar = (matrix[start : start + 1_000] @ matrix.T).tocoo()
        rows, columns = similar.row + start, similar.col
        found += len(set(rows[(similar.data >= 0.75) & (columns < rows)]))
    return {"seconds": time.perf_counter() - started, "duplicates": found}


if __name__ == "__main__":
    main()
