"""The optional transformer: what it costs, and what the recommender gains by it, on the simulated people of likers.

    jobfinder bench encoder [--data FOLDER] [--postings 1200] [--seeds 3] [--trials 10] [--fine-people 3]
                            [--rare-people 2] [--rare-seeds 2]

Needs the extra `encoder`. Labels, tests and people are those of benchmarks/likers.py, on a sample of the openings. The
word table of the static vectors is distilled on openings outside that sample. Fine-tuning is measured for the first
`--fine-people` people with one seed each. What is done about a rare class (nothing, weights, sampling, a focal loss) is
compared for the linear model, for trees and for a head on MiniLM's vectors over all people and `--rare-seeds`, for
fine-tuning over the first `--rare-people`, with 100 labels. Everything runs on a GPU when there is one. 0 for any of
these leaves that table out.
"""

import argparse
import os
import resource
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import joblib
import likers
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score
from threadpoolctl import threadpool_limits

from jobfinder_assets.config import Encoder
from jobfinder_assets.encoder import finetune
from jobfinder_assets.encoder.embed import encode_postings
from jobfinder_assets.encoder.static import distil
from jobfinder_assets.encoder.tokenizer import coverage, learn_words
from jobfinder_assets.encoder.weights import find_weights, load
from jobfinder_assets.encoder.windows import windows
from jobfinder_assets.training.baselines import TextClassifier
from jobfinder_assets.training.evaluation import Fixed, Linear, Tuned
from jobfinder_assets.training.model import Balance, Parameters

SIZES = (50, 100, 300)
PEOPLE = ("modelling", "pipelines", "research at the frontier", "modelling in health", "dashboards")
TEACHER = 1_000
SPEED_ROWS = 2_000
SVC, LINEAR, MODEL, STATIC, MINILM = "TF-IDF + LinearSVC", "linear", "LightGBM blend", "+ static", "+ MiniLM"
FINE, BLEND = "fine-tuned", "linear + fine-tuned"
BALANCES: tuple[Balance, ...] = ("none", "weights", "sampled", "focal")
RARE_LABELS = 100


def memory() -> float:
    """The most this process has held so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def say(text: str) -> None:
    print(text, flush=True)


def domain_encoder(corpus: pd.DataFrame) -> Any:
    """MiniLM with the corpus' names as tokens; prints what they save."""
    folder, settings = find_weights(Encoder()), Encoder()
    texts = [f"{title}\n{body}" for title, body in zip(corpus["title"], corpus["description"], strict=True)]
    base = load(folder, device="cpu").tokenizer
    started = time.perf_counter()
    words = learn_words(texts, list(corpus["company"]), base, most=settings.words)
    encoder = load(folder, words=words)
    found = coverage(texts, base, encoder.tokenizer, words=len(words))
    say(
        f"tokenizer: {found.words} words in {time.perf_counter() - started:.0f} s; in {found.covered:.1%} of the "
        f"postings; tokens per posting {found.before:.1f} before, {found.after:.1f} after; device {encoder.device}"
    )
    return encoder


def encoded(encoder: Any, sample: pd.DataFrame, others: pd.DataFrame) -> dict[str, Any]:
    """The vectors of the sample by each way; prints what each costs."""
    corpus = pd.concat([others, sample], ignore_index=True)
    before = memory()
    started = time.perf_counter()
    minilm = encode_postings(encoder, sample)
    seconds = time.perf_counter() - started
    say(f"MiniLM: {len(sample) / seconds:.1f} postings/s (two windows); memory {before:.0f} -> {memory():.0f} MiB")
    started = time.perf_counter()
    table = distil(
        corpus,
        lambda chosen: np.asarray(encoder.encode(chosen, batch_size=256, show_progress_bar=False)),
        lambda postings: encode_postings(encoder, postings),
        encoder_version="benchmark",
        teacher_rows=min(TEACHER, len(others)),
    )
    say(
        f"static: distilled in {time.perf_counter() - started:.0f} s from {len(corpus)} postings, of which "
        f"{min(TEACHER, len(others))} (not in the sample) were read whole; {table.table.shape[0]:,} words and pairs"
    )
    many = pd.concat([corpus] * (SPEED_ROWS // len(corpus) + 1)).head(SPEED_ROWS)
    with threadpool_limits(1):
        table.encode(many.head(200))
        best = min(timed(lambda: table.encode(many)) for _ in range(3))
        static = table.encode(sample)
    say(f"static: {SPEED_ROWS / best:,.0f} postings/s on one core; table of {table.table.nbytes / 2**20:.0f} MiB")
    return {STATIC: static, MINILM: minilm - minilm.mean(axis=0)}


def timed(work: Any) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def contestants(vectors: dict[str, Any], trials: int) -> dict[str, tuple[Any, Any]]:
    """name -> (how to make it, the vectors it may read)."""
    tuned = {name: (lambda: Tuned(trials=trials, seed=0), meaning) for name, meaning in vectors.items()}
    return {
        SVC: (lambda: TextClassifier("svm"), None),
        LINEAR: (Linear, None),
        MODEL: (lambda: Tuned(trials=trials, seed=0), None),
        **tuned,
    }


def drawn(people: likers.Population, person: str, size: int, seed: int) -> tuple[Any, Any, NDArray[np.bool_]]:
    """Labelled rows, test rows, and what the person says of the first; as in likers.judge."""
    truth = people.tastes[person]
    pool, test = likers.split(people.groups, seed)
    rows = likers.drawn(truth, pool, size, seed)
    said = truth[rows] ^ (np.random.default_rng(seed + 2).random(len(rows)) < likers.NOISE)
    said[:2], said[2:4] = True, False
    return rows, test, said


def judge(people: Any, vectors: Any, person: str, size: int, seed: int, trials: int) -> list[dict[str, Any]]:
    rows, test, said = drawn(people, person, size, seed)
    results = []
    for name, (make, meaning) in contestants(vectors, trials).items():
        examples = replace(people.examples, features=replace(people.examples.features, meaning=meaning))
        train, held = replace(examples.take(rows), labels=said), examples.take(test)
        with threadpool_limits(1):
            started = time.perf_counter()
            scores = make().fit(train).score(held)
            seconds = time.perf_counter() - started
        ap = average_precision_score(people.tastes[person][test], scores)
        results.append({"person": person, "size": size, "seed": seed, "model": name, "AP": ap, "seconds": seconds})
    return results


def fine(
    people: Any, encoder: Any, reading: Any, person: str, size: int, seed: int, trials: int
) -> list[dict[str, Any]]:
    """Fine-tuned, and beside it the contestants that need no vectors."""
    rows, test, said = drawn(people, person, size, seed)
    started, before = time.perf_counter(), time.process_time()
    groups = people.groups[rows]
    found = finetune.fine_tune(encoder, finetune.take(reading, rows), said, groups, finetune.Recipe())
    seconds = time.perf_counter() - started
    scores = found.score(finetune.take(reading, test))
    words = Linear().fit(replace(people.examples.take(rows), labels=said)).score(people.examples.take(test))
    both = scores / scores.std() + words / words.std()
    truth = people.tastes[person][test]
    say(
        f"  {person}, {size} labels: {found.epochs} epochs of {len(found.history) - 1}, {seconds:.0f} s, "
        f"{time.process_time() - before:.0f} s of CPU"
    )
    common = {"person": person, "size": size, "seed": seed, "seconds": seconds}
    return judge(people, {}, person, size, seed, trials) + [
        common | {"model": name, "AP": average_precision_score(truth, values)}
        for name, values in ((FINE, scores), (BLEND, both))
    ]


def recommenders() -> dict[str, Any]:
    """The product's model with its defaults, without and with trees, and each answer to a rare class."""
    return {
        f"{kind}, {balance}": Parameters(trees=trees, balance=balance)
        for kind, trees in (("linear", False), ("linear and trees", True))
        for balance in BALANCES
    }


def rare(people: Any, encoder: Any, reading: Any, person: str, seed: int, recipes: Any) -> list[dict[str, Any]]:
    """What is done about a rare class: each strategy, fine-tuned with all its epochs, judged on the test postings."""
    rows, test, said = drawn(people, person, RARE_LABELS, seed)
    train, held = replace(people.examples.take(rows), labels=said), people.examples.take(test)
    results = []
    for name, recipe in recipes.items():
        started = time.perf_counter()
        if isinstance(recipe, Parameters):
            with threadpool_limits(1):
                scores = Fixed(recipe, seed=0).fit(train).score(held)
        else:
            fixed = replace(recipe, early_stopping=False)
            found = finetune.fine_tune(encoder, finetune.take(reading, rows), said, people.groups[rows], fixed)
            scores = found.score(finetune.take(reading, test))
        seconds = time.perf_counter() - started
        ap = average_precision_score(people.tastes[person][test], scores)
        results.append({"person": person, "seed": seed, "strategy": name, "AP": ap, "seconds": seconds})
    return results


def report_rare(results: pd.DataFrame) -> None:
    """AP of each strategy, and what it gains over doing nothing, with 95 % intervals over people x seeds."""
    wide = results.pivot_table(index=["person", "seed"], columns="strategy", values="AP")
    say("| kind, strategy | AP | against none | seconds |\n|---|---|---|---|")
    for name in dict.fromkeys(results["strategy"]):
        nothing = f"{name.rsplit(', ', 1)[0]}, none"
        gain = "" if name == nothing else likers.interval((wide[name] - wide[nothing]).to_numpy())
        seconds = results.query("strategy == @name")["seconds"].mean()
        say(f"| {name} | {wide[name].mean():.3f} | {gain} | {seconds:.1f} |")


def report(results: pd.DataFrame) -> None:
    """AP by number of labels, with the 95 % intervals over people x seeds."""
    if results.empty:
        return
    order = [name for name in (SVC, LINEAR, MODEL, STATIC, MINILM, FINE, BLEND) if name in set(results["model"])]
    wide = results.pivot_table(index=["person", "size", "seed"], columns="model", values="AP").reset_index()
    for size, every in wide.groupby("size"):
        say(f"\n{size} labels ({len(every)} people x seeds)")
        say("| model | AP | against LinearSVC | against the LightGBM blend | seconds to train |\n|---|---|---|---|---|")
        for name in order:
            rows = every.dropna(subset=[name])
            gains = [likers.interval((rows[name] - rows[against]).to_numpy()) for against in (SVC, MODEL)]
            seconds = results.query("model == @name and size == @size")["seconds"].mean()
            count = "" if len(rows) == len(every) else f" (of {len(rows)})"
            say(f"| {name}{count} | {rows[name].mean():.3f} | {gains[0]} | {gains[1]} | {seconds:.1f} |")


def gains(people: Any, vectors: dict[str, Any], options: argparse.Namespace) -> None:
    """The table of every person, size and seed."""
    work = [(person, size, seed) for person in people.tastes for size in options.sizes for seed in range(options.seeds)]
    found = joblib.Parallel(n_jobs=-1, batch_size=1)(
        joblib.delayed(judge)(people, vectors, *one, options.trials) for one in work
    )
    report(pd.DataFrame([row for rows in found for row in rows]))


def lower_layers(people: Any, encoder: Any) -> Any:
    started = time.perf_counter()
    texts = [each[0] for each in windows(people.examples.postings, encoder.tokenizer, tokens=256, most=1)]
    reading = finetune.read(encoder, texts, layers=finetune.Recipe().layers)
    held = sum(part.nbytes for part in reading.hidden) / 2**20
    say(f"\nfine-tuning: lower layers read in {time.perf_counter() - started:.0f} s, {held:.0f} MiB kept")
    return reading


def fine_tuning(people: Any, encoder: Any, reading: Any, options: argparse.Namespace) -> None:
    """The table of a few people."""
    results = []
    for size in options.sizes:
        for person in PEOPLE[: options.fine_people]:
            results += fine(people, encoder, reading, person, size, 0, options.trials)
    report(pd.DataFrame(results))


def rare_classes(people: Any, encoder: Any, reading: Any, options: argparse.Namespace) -> None:
    """The tables of the strategies for a rare class: the cheap ones over everybody, fine-tuning over a few."""
    frozen = {name: recipe for name, recipe in finetune.STRATEGIES.items() if recipe.kind == "frozen"}
    tuned = {name: recipe for name, recipe in finetune.STRATEGIES.items() if recipe.kind != "frozen"}
    for recipes, chosen, seeds in (
        (recommenders() | frozen, tuple(people.tastes), options.rare_seeds),
        (tuned, PEOPLE[: options.rare_people], min(options.rare_people, 1)),
    ):
        work = [(person, seed) for person in chosen for seed in range(seeds)]
        found = [row for each in work for row in rare(people, encoder, reading, *each, recipes)]
        if found:
            say(f"\nstrategies for a rare class, {RARE_LABELS} labels ({len(work)} people x seeds):")
            report_rare(pd.DataFrame(found))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    shared = os.environ.get("JOBFINDER_SHARED", "")
    parser.add_argument("--data", type=Path, default=Path(shared) / "data" if shared else None)
    parser.add_argument("--postings", type=int, default=1_200)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--trials", type=int, default=10)
    parser.add_argument("--fine-people", type=int, default=3)
    parser.add_argument("--rare-people", type=int, default=2)
    parser.add_argument("--rare-seeds", type=int, default=2)
    parser.add_argument("--sizes", type=int, nargs="*", default=list(SIZES))
    options = parser.parse_args()
    if options.data is None or not options.data.is_dir():
        parser.error("name the folder of real postings with --data (it holds kaggle/ and import/)")
    whole = likers.population(options.data.resolve())
    order = np.random.default_rng(0).permutation(len(whole.groups))
    rows = np.sort(order[: options.postings])
    people = replace(
        whole,
        examples=whole.examples.take(rows),
        tastes={name: flags[rows] for name, flags in whole.tastes.items()},
        groups=whole.groups[rows],
    )
    others = whole.examples.postings.iloc[order[options.postings :]]
    encoder = domain_encoder(pd.concat([others, people.examples.postings], ignore_index=True))
    if options.seeds:
        gains(people, encoded(encoder, people.examples.postings, others), options)
    if options.fine_people or options.rare_people or options.rare_seeds:
        reading = lower_layers(people, encoder)
        fine_tuning(people, encoder, reading, options)
        rare_classes(people, encoder, reading, options)
    say(f"\nmost memory held: {memory():.0f} MiB")


if __name__ == "__main__":
    main()
