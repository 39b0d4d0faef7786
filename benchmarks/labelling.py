"""The first labels: what the label queue finds beside random order, and how good a model of them is.

    jobfinder bench labelling [--data FOLDER] [--seeds 10] [--people NAME ...] [--without-profile]

The people and the postings are those of `jobfinder bench likers`. Each labels 100 postings in batches of ten, the first
ten of the product's own queue, which is made anew after each batch, as a run does: by what the product would rank with
at that time (the profile, then early labels as well, then the model). One label in twenty is turned round. Likes are
counted by what the person said, and the model of all 100 labels is judged on postings of other employers by the rule
itself. Beside it: the same number of labels in random order.
"""

import argparse
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
from likers import NOISE, Population, interval, population, split
from numpy.typing import NDArray

from jobfinder_assets.config import Profile, Training

LABELS = 100
BATCH = 10
GOAL = 3.0
# What each person would write into a profile before any label: roles and a few words, nothing of employers or pay.
PROFILES: dict[str, Profile] = {
    "pipelines": Profile(roles=("data_engineer",), keywords=("pipeline", "etl", "spark")),
    "dashboards": Profile(roles=("data_analyst",), keywords=("dashboard", "tableau", "reporting")),
    "modelling": Profile(roles=("data_scientist",), keywords=("machine learning", "predictive", "statistical")),
    "research at the frontier": Profile(
        roles=("ml_engineer", "data_scientist"), keywords=("deep learning", "nlp", "computer vision")
    ),
    "modelling in health": Profile(roles=("data_scientist",), keywords=("machine learning", "clinical", "health")),
    "well paid, well rated": Profile(roles=("data_scientist", "ml_engineer")),
    "young and small": Profile(keywords=("startup", "machine learning", "pipeline")),
    "experiments out west": Profile(keywords=("a/b test", "experiment", "product"), places=("CA", "WA", "OR")),
    "seniors who build": Profile(roles=("data_engineer", "ml_engineer"), keywords=("senior", "lead")),
    "scientists in finance": Profile(roles=("data_scientist",), keywords=("bank", "insurance", "financial")),
    "first job, reports": Profile(roles=("data_analyst",), keywords=("entry level", "reports")),
}


def ranked(
    people: Population, rows: NDArray[np.int64], said: NDArray[np.bool_], pool: NDArray[np.int64], wishes: Profile
) -> Any:
    """Scores of `pool` by what the product would rank with after these labels."""
    from jobfinder_assets.training.baselines import profile_scores
    from jobfinder_assets.training.cold_start import Early, profile_weight
    from jobfinder_assets.training.model import PreferenceModel

    here, training = people.examples.take(pool), Training()
    by_profile = profile_scores(wishes, here.postings, here.postings)
    weight = profile_weight(int(said.sum()), int((~said).sum()), training=training)
    if weight == 1.0:
        return by_profile
    told = people.examples.take(rows)
    model = PreferenceModel(seed=0).fit_features(told.features, said, told.groups)
    by_model = model.score_features(here.features)
    return Early(model, len(rows), weight).scaled(by_profile, by_model).blended(by_profile, by_model)


def labelled(
    people: Population, said: NDArray[np.bool_], *, pool: NDArray[np.int64], wishes: Profile, seed: int
) -> NDArray[np.int64]:
    """Rows in the order labelled through the queue; said: (n,) what the person would say of each posting."""
    from jobfinder_assets.labels.queue import QUEUE_LENGTH, label_queue

    postings = people.examples.postings.iloc[pool].reset_index(drop=True)
    vectors = people.examples.features.vector[pool]
    place = pd.Series(pool, index=postings["posting_id"])
    frame = postings[["posting_id", "company", "title"]].assign(cluster_id=postings["posting_id"])
    rows: NDArray[np.int64] = np.empty(0, np.int64)
    while len(rows) < LABELS:
        scores = ranked(people, rows, said[rows], pool=pool, wishes=wishes)
        done = set(people.examples.postings["posting_id"].iloc[rows])
        queue = label_queue(
            frame.assign(score=scores), done, n=QUEUE_LENGTH, seed=1000 * seed + len(rows), vectors=vectors
        )
        rows = np.concatenate([rows, place.loc[queue["posting_id"].head(BATCH)].to_numpy()])
    return rows[:LABELS]


def judge(people: Population, person: str, seed: int, with_profile: bool) -> dict[str, Any]:
    from sklearn.metrics import average_precision_score

    from jobfinder_assets.training.model import LinearModel

    truth = people.tastes[person]
    pool, test = split(people.groups, seed)
    wishes = PROFILES[person] if with_profile else Profile()
    said = truth ^ (np.random.default_rng(seed + 2).random(len(truth)) < NOISE)
    ways = {
        "queue": labelled(people, said, pool=pool, wishes=wishes, seed=seed),
        "random": np.random.default_rng(seed + 1).permutation(pool)[:LABELS],
    }
    held, found = people.examples.take(test), {}
    for way, rows in ways.items():
        told = people.examples.take(rows)
        found |= {f"likes, {way}": int(truth[rows].sum()), f"said, {way}": int(said[rows].sum())}
        # Of labels of one kind nothing can be learnt.
        scores = np.zeros(len(held))
        if 0 < said[rows].sum() < len(rows):
            model = LinearModel(seed=0).fit_features(told.features, said[rows], told.groups)
            scores = model.score_features(held.features)
        found[f"AP, {way}"] = float(average_precision_score(truth[test], scores))
    # So many are expected of random order: over seeds a steadier figure to divide by than what was drawn.
    expected = {"likes": truth[pool].mean() * LABELS, "said": said[pool].mean() * LABELS}
    return {
        "person": person, "seed": seed, "prevalence": truth.mean(),
        **{f"{name}, expected": float(value) for name, value in expected.items()}, **found,
    }  # fmt: skip


def report(results: pd.DataFrame) -> None:
    table = results.groupby("person").mean(numeric_only=True).drop(columns="seed")
    for name in ("likes", "said"):
        table[f"{name} x"] = table[f"{name}, queue"] / table[f"{name}, expected"]
    table["AP gain"] = table["AP, queue"] - table["AP, random"]
    table["most x"] = LABELS / np.maximum(table["likes, expected"], 1.0)
    columns = [
        "prevalence",
        "likes, queue",
        "likes, expected",
        "likes x",
        "said x",
        "most x",
        "AP, queue",
        "AP, random",
    ]
    print(table[[*columns, "AP gain"]].sort_values("prevalence").round(3).to_string())
    for name, words in (("likes", "what is really liked"), ("said", "what was called interesting, errors included")):
        times = (results[f"{name}, queue"] / results[f"{name}, expected"]).to_numpy()
        together = results[f"{name}, queue"].sum() / results[f"{name}, expected"].sum()
        reached = int((table[f"{name} x"] >= GOAL).sum())
        print(
            f"{words}, among the first {LABELS} labels, times random's: mean {interval(times)}, all together "
            f"{together:.2f}; at the goal of {GOAL:.0f}: {reached} of {len(table)} people"
        )
    print(f"final AP, queue - random: {interval((results['AP, queue'] - results['AP, random']).to_numpy())}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    shared = os.environ.get("JOBFINDER_SHARED", "")
    parser.add_argument("--data", type=Path, default=Path(shared) / "data" if shared else None)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--people", nargs="*")
    parser.add_argument("--without-profile", action="store_true", help="begin with nothing but the postings")
    options = parser.parse_args()
    if options.data is None or not options.data.is_dir():
        parser.error("name the folder of real postings with --data (it holds kaggle/ and import/)")
    people = population(options.data.resolve())
    wanted = [name for name in people.tastes if not options.people or name in options.people]
    work: Iterator[Any] = (
        joblib.delayed(judge)(people, person, seed, not options.without_profile)
        for person in wanted
        for seed in range(options.first_seed, options.first_seed + options.seeds)
    )
    report(pd.DataFrame(joblib.Parallel(n_jobs=-1, batch_size=1)(work)))


if __name__ == "__main__":
    main()
