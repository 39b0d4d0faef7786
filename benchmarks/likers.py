"""Simulated people over real postings: how good the recommender is with 20, 50, 100 and 300 labels.

    jobfinder bench likers [--data FOLDER] [--seeds 10] [--sizes 20 50 100 300] [--with-profile]

FOLDER (default $JOBFINDER_SHARED/data) holds `kaggle/` and `import/`. Each person likes postings by a rule over facts
that no model gets as a column: an employer's size, age, sector or rating, the published salary estimate, or how often
duties of a kind are spoken of. One label in twenty is turned round; the test is on the rule itself. The test postings
share no employer and no near-copy with those the labels are drawn from. Encoder and tagger are fitted on all
postings, unlabelled. Each number of labels is reported as soon as it is done for all people and seeds. With
`--with-profile` our models also know the keywords that each person would write into a profile
(benchmarks/labelling.py); as they were written by who knew the rules, they show how much may be gained, not what is.
What the label queue finds among the first 100 labels: `jobfinder bench labelling`.
"""

import argparse
import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from real_postings import FILES, read_postings

SIZES = (20, 50, 100, 300)
NOISE = 0.05
TEST_SHARE = 0.4
TRIALS = 25
SAMPLES = 2_000


def counted(text: pd.Series, pattern: str) -> pd.Series:
    return text.str.count(pattern, flags=re.IGNORECASE)


def titled(raw: pd.DataFrame, pattern: str) -> pd.Series:
    return raw["title"].str.contains(pattern, case=False, regex=True)


def likes(raw: pd.DataFrame) -> dict[str, pd.Series]:
    """Each person's true taste, a flag per posting. `raw` has the columns of the files as they are published."""
    text = raw["description"]
    first = raw["salary"].str.extract(r"\$(\d+)K\s*-\s*\$(\d+)K").astype(float)
    pay = first.mean(axis=1)
    small = raw["Size"].str.contains(r"^(?:1 to 50|51 to 200|201 to 500)\b", regex=True, na=False)
    founded, rating = pd.to_numeric(raw["Founded"], errors="coerce"), pd.to_numeric(raw["Rating"], errors="coerce")
    pipelines = counted(text, r"pipeline|\betl\b|airflow|kafka|spark|warehous|ingest|data lake|redshift|snowflake")
    boards = counted(text, r"dashboard|tableau|power ?bi|looker|\bkpi|reporting|visuali[sz]")
    models = counted(text, r"machine learning|predictive|statistical model|regression|deep learning|algorithm|forecast")
    research = counted(text, r"neural|deep learning|\bnlp\b|computer vision|tensorflow|pytorch|natural language")
    tests = counted(text, r"a/b test|experiment|causal|hypothes|product manage")
    junior = counted(text, r"\b(?:0|1|2)\s*(?:-|to|\+)?\s*(?:\d\+?\s*)?years|entry.level|recent graduate|junior")
    west = raw["location"].str.contains(r", (?:CA|WA|OR)$", regex=True)
    health = raw["Sector"].isin(["Health Care", "Biotech & Pharmaceuticals"])
    return {
        "pipelines": pipelines >= 4,
        "dashboards": boards >= 5,
        "modelling": models >= 3,
        "research at the frontier": research >= 4,
        "modelling in health": health & (models >= 2),
        "well paid, well rated": (pay >= 90) & (rating >= 3.8),
        "young and small": small & (founded >= 2005) & (pipelines + models >= 2),
        "experiments out west": west & (tests >= 2),
        "seniors who build": titled(raw, r"senior|\bsr\b|lead|principal|staff|manager") & (pipelines + models >= 3),
        "scientists in finance": titled(raw, r"scien|machine learning|\bml\b|\bai\b")
        & raw["Sector"].isin(["Finance", "Insurance", "Accounting & Legal", "Business Services"]),
        "first job, reports": (junior >= 1)
        & (boards >= 3)
        & ~raw["title"].str.contains(r"(?i)senior|lead|sr\b|manager"),
    }


@dataclass(frozen=True, eq=False)
class Population:
    """n openings: what the product knows of each, the people's tastes, and the groups that a split keeps whole."""

    examples: Any
    encoder: Any
    tastes: dict[str, NDArray[np.bool_]]
    groups: NDArray[np.int64]


def population(data: Path) -> Population:
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    from jobfinder_assets.cleaning.company import company_key
    from jobfinder_assets.cleaning.duplicates import cluster_postings
    from jobfinder_assets.cleaning.salary import parse_salary
    from jobfinder_assets.training.features import FeatureEncoder
    from jobfinder_assets.training.model import fit_tagger, with_facts
    from jobfinder_assets.training.training_set import Examples

    names = ("glassdoor", "scientist", "analyst")
    postings = read_postings(data, *names)
    published = pd.concat([pd.read_csv(data / FILES[name][0]).reset_index(drop=True) for name in names])
    raw = postings.assign(**{name: published[name].to_numpy() for name in ("Size", "Founded", "Rating", "Sector")})
    raw = raw[raw["description"].str.len() > 400].reset_index(drop=True)
    raw["posting_id"] = [f"p{row:05d}" for row in range(len(raw))]
    clusters = cluster_postings(raw.set_index("posting_id"))
    company = raw["company"].map(lambda name: company_key(name) or "")
    named = np.where(company == "", raw["posting_id"], company)
    numbers = [pd.factorize(values)[0] for values in (clusters.loc[raw["posting_id"]].to_numpy(), named)]
    size = len(raw)
    edges = coo_matrix(
        (np.ones(2 * size), (np.tile(np.arange(size), 2), np.concatenate([numbers[0] + size, numbers[1] + 2 * size]))),
        shape=(3 * size, 3 * size),
    )
    groups = connected_components(edges)[1][:size]
    facts = raw.rename(columns={"salary": "raw_salary"}).assign(
        salary_annual_usd=[annual(parse_salary(text)) for text in raw["salary"]]
    )
    tagger = fit_tagger(facts)
    known = with_facts(facts, tagger)
    for name in ("city", "country", "employment_type", "language", "posted_at", "first_seen_at"):
        known[name] = None
    encoder = FeatureEncoder(seed=0).fit(known)
    features = encoder.transform(known)
    tastes = {name: flags.to_numpy(bool) for name, flags in likes(raw).items()}
    # One opening of each cluster: copies would be counted twice.
    once = ~pd.Series(numbers[0]).duplicated().to_numpy()
    times = np.full(size, np.datetime64("NaT"), dtype="datetime64[us]")
    everything = Examples(known, features, np.zeros(size, bool), groups.astype(str), times, np.zeros(size, bool))
    rows = np.flatnonzero(once)
    return Population(
        everything.take(rows), encoder, {name: flags[rows] for name, flags in tastes.items()}, groups[rows]
    )


def annual(salary: Any) -> float:
    if salary is None or salary.currency != "USD" or salary.period != "year":
        return float("nan")
    return float(np.mean([end for end in (salary.minimum, salary.maximum) if end is not None]))


def split(groups: NDArray[np.int64], seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows to draw labels from, and rows to be judged on."""
    order = np.random.default_rng(seed).permutation(np.unique(groups))
    sizes = pd.Series(groups).value_counts()
    held = set(order[np.cumsum(sizes.loc[order].to_numpy()) <= TEST_SHARE * len(groups)].tolist())
    test = np.array([group in held for group in groups])
    return np.flatnonzero(~test), np.flatnonzero(test)


def drawn(truth: NDArray[np.bool_], pool: NDArray[np.int64], size: int, seed: int) -> NDArray[np.int64]:
    """Rows to label: at random, with two of each kind at least, without which nobody begins."""
    random = np.random.default_rng(seed + 1)
    order = random.permutation(pool)
    sure = np.concatenate([order[truth[order]][:2], order[~truth[order]][:2]])
    return np.concatenate([sure, order[~np.isin(order, sure)]])[:size]


def contestants() -> dict[str, Callable[[], Any]]:
    from jobfinder_assets.training.baselines import TextClassifier
    from jobfinder_assets.training.evaluation import Linear, Tuned

    return {
        "model": lambda: Tuned(trials=TRIALS, seed=0),
        "linear": Linear,
        "TF-IDF + LinearSVC": lambda: TextClassifier("svm"),
        "TF-IDF + logistic": lambda: TextClassifier("logistic"),
    }


def judge(people: Population, person: str, size: int, seed: int, keywords: Sequence[str] = ()) -> list[dict[str, Any]]:
    from dataclasses import replace

    from sklearn.metrics import average_precision_score

    truth = people.tastes[person]
    pool, test = split(people.groups, seed)
    rows = drawn(truth, pool, size, seed)
    said = truth[rows] ^ (np.random.default_rng(seed + 2).random(len(rows)) < NOISE)
    said[:2], said[2:4] = True, False
    features = people.encoder.wanted(keywords).added(people.examples.features)
    examples = replace(people.examples, features=features)
    train = replace(examples.take(rows), labels=said)
    held = examples.take(test)
    results = []
    for name, make in contestants().items():
        started = time.perf_counter()
        scores = make().fit(train).score(held)
        found = {"AP": average_precision_score(truth[test], scores), "distinct": len(np.unique(scores)) / len(scores)}
        seconds = time.perf_counter() - started
        results.append({"person": person, "size": size, "seed": seed, "model": name, "seconds": seconds, **found})
    return results


def interval(values: NDArray[np.float64]) -> str:
    draws = np.random.default_rng(0).choice(values, (SAMPLES, len(values))).mean(axis=1)
    return f"{values.mean():+.3f} ({np.quantile(draws, 0.025):+.3f} to {np.quantile(draws, 0.975):+.3f})"


def report(results: pd.DataFrame) -> None:
    table = results.pivot_table(index=["person", "size"], columns="model", values="AP", aggfunc="mean")
    print(table[list(contestants())].round(3).to_string())
    print("mean over people; the model minus LinearSVC, with its 95 % interval over people x seeds")
    wide = results.pivot_table(index=["person", "size", "seed"], columns="model", values="AP").reset_index()
    for size, rows in wide.groupby("size"):
        means = ", ".join(f"{name} {rows[name].mean():.3f}" for name in contestants())
        gains = rows["model"] - rows["TF-IDF + LinearSVC"]
        print(f"{size:>4} labels: {means}; model - SVC {interval(gains.to_numpy())}")
        per = gains.groupby(rows["person"]).mean()
        print("      " + "; ".join(f"{name} {gain:+.3f}" for name, gain in per.items()))
    distinct = results[results["model"] == "model"]["distinct"].min()
    print(f"fewest distinct scores: {distinct:.2f} of the postings; seconds per fit:")
    print(results.pivot_table(index="model", columns="size", values="seconds").round(2).to_string(), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    shared = os.environ.get("JOBFINDER_SHARED", "")
    parser.add_argument("--data", type=Path, default=Path(shared) / "data" if shared else None)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--sizes", type=int, nargs="*", default=list(SIZES))
    parser.add_argument("--people", nargs="*")
    parser.add_argument("--with-profile", action="store_true")
    options = parser.parse_args()
    if options.data is None or not options.data.is_dir():
        parser.error("name the folder of real postings with --data (it holds kaggle/ and import/)")
    people = population(options.data.resolve())
    wanted = [name for name in people.tastes if not options.people or name in options.people]
    keywords: dict[str, Sequence[str]] = {}
    if options.with_profile:
        from labelling import PROFILES

        keywords = {person: wishes.keywords for person, wishes in PROFILES.items()}
    for person in wanted:
        print(f"{person}: {people.tastes[person].mean():.3f} of {len(people.tastes[person]):,}")
    for size in options.sizes:
        print(f"\n{size} labels, {options.seeds} seeds", flush=True)
        work: Iterator[Any] = (
            joblib.delayed(judge)(people, person, size, seed, keywords.get(person, ()))
            for person in wanted
            for seed in range(options.seeds)
        )
        found = joblib.Parallel(n_jobs=-1, batch_size=1)(work)
        report(pd.DataFrame([row for rows in found for row in rows]))


if __name__ == "__main__":
    main()
