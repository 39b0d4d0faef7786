"""Postings per second and core of each stage after ingestion, one thread, on the real postings.

    jobfinder bench stages [--data FOLDER]

FOLDER (default $JOBFINDER_SHARED/data) holds `kaggle/` and `import/`. Seconds are of processor time, so
that other work on the machine matters less. What a process loads once (the gazetteer, the language
model, scikit-learn: 1.5 s) is loaded before. The fits are bounded and happen again only when the corpus
has grown by a quarter.
"""

import argparse
import os
import resource
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    shared = os.environ.get("JOBFINDER_SHARED", "")
    parser.add_argument("--data", type=Path, default=Path(shared) / "data" if shared else None)
    options = parser.parse_args()
    if options.data is None or not options.data.is_dir():
        parser.error("name the folder of real postings with --data (it holds kaggle/ and import/)")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["JOBFINDER_HOME"] = folder
        measure(options.data.resolve())


def measure(data: Path) -> None:
    import py3langid
    import sklearn.linear_model  # noqa: F401
    from threadpoolctl import threadpool_limits

    from jobfinder_assets.cleaning.clean import clean_pending
    from jobfinder_assets.cleaning.clusters import update_clusters
    from jobfinder_assets.cleaning.gazetteer import gazetteer
    from jobfinder_assets.config import Settings
    from jobfinder_assets.ingestion.catalog import source_classes
    from jobfinder_assets.ingestion.collect import collect
    from jobfinder_assets.roles.tagging import tagger_in_force, update_tags
    from jobfinder_assets.storage.lake import Lake
    from jobfinder_assets.training.features import fit_encoder, update_features

    settings = Settings.model_validate({"compute": {"backend": "sequential", "workers": 1}})
    home, now, rows = settings.home.create(), datetime.now(UTC), settings.compute.batch_rows
    lake = Lake(settings.lake_location)
    imports = [{"name": path.stem, "path": str(path)} for path in sorted(data.glob("import/*.csv"))]
    for name, section in (
        ("files", {"imports": imports}),
        ("kaggle", {"enabled": True, "folder": str(data / "kaggle")}),
    ):
        source = source_classes()[name]
        collect(source.build(source.settings_model.model_validate(section), settings), lake, run="bench", now=now)
    postings = lake.count("raw_postings")
    seconds: dict[str, float] = {}

    def timed(stage: str, work: Callable[[], Any]) -> Any:
        started = time.process_time()
        result = work()
        seconds[stage] = time.process_time() - started
        print(f"{stage:<24}{seconds[stage]:>8.2f} s{postings / seconds[stage]:>10,.0f} postings/s/core")
        return result

    py3langid.classify("Wir suchen")
    gazetteer()
    print(f"{postings:,} postings")
    with threadpool_limits(1):
        timed("cleaning", lambda: clean_pending(lake, settings, now=now))
        timed("clusters", lambda: update_clusters(lake))
        tagger, *_ = timed("role tagger's fit", lambda: tagger_in_force(lake, home))
        timed("role tags", lambda: update_tags(lake, tagger, batch_rows=rows))
        encoder = timed("encoder's fit", lambda: fit_encoder(lake, batch_rows=rows))
        timed("features", lambda: update_features(lake, encoder, batch_rows=rows))
    fits = sum(spent for stage, spent in seconds.items() if stage.endswith("fit"))
    total = sum(seconds.values())
    print(f"all of them: {postings / total:,.0f}; without the fits: {postings / (total - fits):,.0f} postings/s/core")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")


if __name__ == "__main__":
    main()
