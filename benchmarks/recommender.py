"""How long the recommender takes: training one profile, scoring a million stored postings, a thousand people.

    jobfinder bench recommender [--data FOLDER] [--labels 300] [--trials 50] [--postings 1000000]

FOLDER (default $JOBFINDER_SHARED/data) holds `kaggle/` and `import/`. One simulated person's labels on real postings
(`jobfinder bench likers`) train a model through the product's own `registry.train`: judged on frozen folds beside every
baseline, tuned, logged to MLflow, registered. Stored postings are scored as a list is made: read batch by batch from
the lake, scored, vectors kept. There are not a million real postings at hand: the features of the real ones are stored
again and again under new ids, with terms and vector of one posting and facts of another, which is as much to read and
to add up. Everything is written to a temporary folder.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

PERSON = "pipelines"
ROWS_AT_ONCE = 50_000
PROFILES = 1_000
# Reads and scores in a process of its own, whose memory is that of nothing else.
SCORER = """
import sys, time, resource, numpy as np, joblib
from pathlib import Path
from jobfinder_assets.recommendations.recommender import encoded_postings
from jobfinder_assets.storage.lake import Lake
encoder, model = joblib.load(sys.argv[1])
started, cpu = time.perf_counter(), time.process_time()
found = encoded_postings(Lake(sys.argv[2]), encoder, model)
seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
order = np.argsort(found.posting_ids)
np.save(sys.argv[3], found.scores[order])
print(len(found.scores), seconds, cpu, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6)
"""


def prepare(data: Path, home: Path, labels: int) -> "tuple[object, object, object]":
    """(settings, lake, encoder) of a home with real openings, encoded, and one person's labels."""
    from likers import NOISE, population

    from jobfinder_assets.config import Home, Profile, Settings, Training
    from jobfinder_assets.storage.lake import Lake
    from jobfinder_assets.storage.schemas import ROLES, TABLES
    from jobfinder_assets.training.features import FeatureEncoder, save_encoder, update_features
    from jobfinder_assets.training.training_set import build_training_set

    people = population(data)
    postings = people.examples.postings.assign(
        source="bench", content_hash="1", first_seen_at=pd.Timestamp(datetime(2026, 1, 1, tzinfo=UTC)), posted_at=pd.NaT
    )
    ids = postings["posting_id"]
    own = Home(home).create()
    settings = Settings(training=Training(trials=1), profiles={"ann": Profile(keywords=("pipeline", "etl", "spark"))})
    lake = Lake(str(own.lake))
    lake.replace("postings", postings[[name for name in TABLES["postings"].columns if name in postings]])
    lake.replace("role_tags", postings[["posting_id", *ROLES]].assign(content_hash="1", tagger_version="1"))
    clusters = pd.DataFrame({"posting_id": ids, "cluster_id": ids, "canonical_id": ids})
    lake.replace("posting_clusters", clusters)
    encoder = FeatureEncoder(seed=0).fit(postings)
    save_encoder(own, encoder)
    update_features(lake, encoder)
    random = np.random.default_rng(0)
    rows = random.permutation(len(ids))[:labels]
    said = people.tastes[PERSON][rows] ^ (random.random(len(rows)) < NOISE)
    now = pd.Timestamp(datetime(2026, 1, 2, tzinfo=UTC))
    events = pd.DataFrame(
        {
            "event_id": [f"e{row}" for row in rows], "profile": "ann", "posting_id": ids.iloc[rows].to_numpy(),
            "interesting": said, "labelled_at": now, "consumed_at": now, "policy": "random", "propensity": 0.1,
            "cluster_id": None,
        }
    )  # fmt: skip
    lake.replace("training_set", build_training_set(events, clusters, postings, profile="ann"))
    return settings, lake, encoder


def trained(settings: object, lake: object, trials: int) -> "tuple[object, float, float]":
    """(the model in force, seconds of a training, seconds of processor time)."""
    from jobfinder_assets.config import Training
    from jobfinder_assets.training import registry

    # Imports, and MLflow's empty data base, are not what a re-training costs: the first one pays for them.
    registry.train(settings, lake, "ann")  # type: ignore[arg-type]
    again = settings.model_copy(update={"training": Training(trials=trials)})  # type: ignore[attr-defined]
    started, cpu = time.perf_counter(), time.process_time()
    outcome = registry.train(again, lake, "ann")  # type: ignore[arg-type]
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    assert outcome.state == "trained" and outcome.champion is not None
    return outcome.champion.model, seconds, cpu


def recombined(lake: object, encoder: object, uri: Path, rows: int) -> int:
    """A lake of `rows` postings: terms and vector of one real posting, facts of another; returns its bytes."""
    from jobfinder_assets.storage.lake import Lake
    from jobfinder_assets.training.features import FeatureMatrix, _feature_table, read_features

    real, big = read_features(lake, encoder.version), Lake(str(uri))  # type: ignore[arg-type, attr-defined]
    random = np.random.default_rng(0)
    for first in range(0, rows, ROWS_AT_ONCE):
        n = min(ROWS_AT_ONCE, rows - first)
        texts, facts = random.integers(len(real), size=(2, n))
        ids = np.array([f"x{first + number:09d}" for number in range(n)], dtype=object)
        part = FeatureMatrix(ids, real.terms[texts], real.vector[texts], real.structured[facts])
        state = pd.DataFrame({"content_hash": "1", "tagger_version": "1"}, index=ids)
        big.append("posting_features", _feature_table(part, state, encoder.version))  # type: ignore[attr-defined]
    return sum(file.stat().st_size for file in uri.rglob("*") if file.is_file())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    shared = os.environ.get("JOBFINDER_SHARED", "")
    parser.add_argument("--data", type=Path, default=Path(shared) / "data" if shared else None)
    parser.add_argument("--labels", type=int, default=300)
    parser.add_argument("--trials", type=int, default=50)
    parser.add_argument("--postings", type=int, default=1_000_000)
    options = parser.parse_args()
    if options.data is None or not options.data.is_dir():
        parser.error("name the folder of real postings with --data (it holds kaggle/ and import/)")
    with tempfile.TemporaryDirectory(prefix="jobfinder-bench-") as name:
        folder = Path(name)
        os.environ["JOBFINDER_HOME"] = str(folder / "home")
        settings, lake, encoder = prepare(options.data.resolve(), folder / "home", options.labels)
        model, seconds, cpu = trained(settings, lake, options.trials)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        print(
            f"training, {options.labels} labels, {options.trials} trials: {seconds:.1f} s ({cpu:.1f} s of processor "
            f"time in this process), peak {peak:.1f} GB"
        )
        size = recombined(lake, encoder, folder / "big", options.postings)
        print(f"{options.postings:,} postings stored in {size / 1e9:.2f} GB")
        import joblib

        joblib.dump((encoder, model), folder / "model.joblib")
        scores, each = [], []
        for turn in range(2):
            target = folder / f"{turn}.npy"
            command = [sys.executable, "-c", SCORER, str(folder / "model.joblib"), str(folder / "big"), str(target)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            count, took, cpu, memory = map(float, done.stdout.split())
            print(
                f"scoring {count:,.0f} stored postings: {took:.1f} s ({count / took:,.0f}/s; {cpu:.1f} s of processor "
                f"time), peak {memory:.2f} GB"
            )
            scores.append(np.load(target))
            each.append(took)
        print(f"largest difference of a score between two processes: {np.abs(scores[0] - scores[1]).max():.1e}")
        hours = PROFILES * (seconds + min(each)) / 3600
        print(f"{PROFILES:,} profiles, each trained and scored, one after the other, extrapolated: {hours:.1f} hours")


if __name__ == "__main__":
    main()
