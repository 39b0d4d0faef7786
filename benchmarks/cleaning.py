"""Text extraction beside BeautifulSoup, and whole cleaning, on one core and real adverts.

    jobfinder bench cleaning [--data FOLDER]

FOLDER (default $JOBFINDER_SHARED/data) holds `bench/postings_text_15k.parquet` (HTML), `kaggle/` and
`import/`. Seconds are of processor time. BeautifulSoup is a peer for this benchmark only:
`pip install beautifulsoup4`; without it, our figures stand alone.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

REPEATS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    shared = os.environ.get("JOBFINDER_SHARED", "")
    parser.add_argument("--data", type=Path, default=Path(shared) / "data" if shared else None)
    options = parser.parse_args()
    if options.data is None or not options.data.is_dir():
        parser.error("name the folder of real postings with --data (it holds bench/, kaggle/ and import/)")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["JOBFINDER_HOME"] = folder
        extraction(options.data.resolve())
        whole(options.data.resolve())


def best(work: Callable[[], Any]) -> float:
    """Processor seconds of the fastest of some runs: what the machine's other guests add is left out."""
    spent = []
    for _ in range(REPEATS):
        started = time.process_time()
        work()
        spent.append(time.process_time() - started)
    return min(spent)


def extraction(data: Path) -> None:
    from jobfinder_assets.cleaning.text import clean_text

    texts = pd.read_parquet(data / "bench" / "postings_text_15k.parquet")["description"].dropna().tolist()[:3_000]
    ours = best(lambda: [clean_text(text) for text in texts])
    size = sum(map(len, texts)) / len(texts)
    print(f"{len(texts):,} adverts in HTML, {size:,.0f} characters each")
    print(f"{'clean_text':<28}{len(texts) / ours:>10,.0f} a second")
    try:
        from bs4 import BeautifulSoup
    except ImportError:
        print("BeautifulSoup is not installed (pip install beautifulsoup4): no peer")
        return
    import html

    # The peer is given the easier work: unescaped once, text with line breaks, no repair of encodings.
    peer = best(lambda: [BeautifulSoup(html.unescape(text), "html.parser").get_text("\n") for text in texts])
    print(f"{'BeautifulSoup, html.parser':<28}{len(texts) / peer:>10,.0f} a second; ours is {peer / ours:.1f} times it")


def whole(data: Path) -> None:
    import py3langid

    from jobfinder_assets.cleaning import clean
    from jobfinder_assets.cleaning.gazetteer import gazetteer
    from jobfinder_assets.config import Settings
    from jobfinder_assets.ingestion.catalog import source_classes
    from jobfinder_assets.ingestion.collect import collect
    from jobfinder_assets.storage.lake import Lake

    settings, now = Settings(), datetime.now(UTC)
    settings.home.create()
    lake = Lake(settings.lake_location)
    imports = [{"name": path.stem, "path": str(path)} for path in sorted(data.glob("import/*.csv"))]
    kaggle = {"enabled": True, "folder": str(data / "kaggle")}
    for name, section in (("files", {"imports": imports}), ("kaggle", kaggle)):
        source = source_classes()[name]
        collect(source.build(source.settings_model.model_validate(section), settings), lake, run="bench", now=now)
    batches = list(lake.batches("raw_postings"))
    rows = sum(map(len, batches))
    py3langid.classify("Wir suchen")
    gazetteer()

    def run() -> float:
        # Nothing is remembered from the run before.
        clean.forget()
        return sum(len(clean.clean_batch(batch, now=now).kept) for batch in batches)

    seconds = best(run)
    print(f"{rows:,} real postings of five files, every fact")
    print(f"{'clean_batch':<28}{rows / seconds:>10,.0f} postings/s/core")


if __name__ == "__main__":
    main()
