"""How well roles are told apart: on postings read by hand, with and without titles, beside what one would try first.

    jobfinder bench roles [--data FOLDER] [--calibrate] [--picture FILE]

FOLDER (default $JOBFINDER_SHARED/data) holds `kaggle/` and `import/`. The labels stand in
`jobfinder_tests/roles/gold/`: `development.csv` was tuned on, the two `held_out` were not, and share no
company with it. Adverts that readers wrote, a third or a fifth of them under titles that mislead, stand in
`jobfinder_tests/cleaning/gold/`; nothing was tuned on those held out. The tagger and the peers learn from all
real postings without labels; the peers are a title regex, and TF-IDF with logistic regression trained on what
that regex says. Intervals: bootstrap over companies. `--calibrate` writes `roles/data/calibration.json` anew
from development.csv; `--picture` draws where ambiguous titles go.
"""

import argparse
import json
import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from real_postings import FILES, read_postings
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import confusion_matrix, f1_score
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline

from jobfinder_assets.cleaning.company import company_key
from jobfinder_assets.cleaning.text import clean_text
from jobfinder_assets.roles import calibration, tagger
from jobfinder_assets.roles.tagging import title_shares
from jobfinder_assets.roles.taxonomy import OTHER
from jobfinder_assets.storage.schemas import ROLES

ROOT = Path(__file__).resolve().parent.parent
GOLD = ROOT / "jobfinder_tests" / "roles" / "gold"
WRITTEN = ROOT / "jobfinder_tests" / "cleaning" / "gold"
CALIBRATION = ROOT / "jobfinder_assets" / "roles" / "data" / "calibration.json"
# In the order in which they are tried.
TITLES = {
    "data_engineer": r"data engineer|etl|data warehouse|data architect|analytics engineer|big data",
    "ml_engineer": r"machine learning|\bml\b|\bai\b|deep learning|computer vision|nlp",
    "data_scientist": r"data scien|statistic|research scientist|decision scien",
    "data_analyst": r"data analy|business intelligence|\bbi\b|reporting|analytics|insight",
}
# Of a posting whose reader was not sure: how much of it counts for the role that came second.
SECOND_SHARE = 0.35
Probabilities = np.ndarray


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    shared = os.environ.get("JOBFINDER_SHARED", "")
    parser.add_argument("--data", type=Path, default=Path(shared) / "data" if shared else None)
    parser.add_argument("--calibrate", action="store_true")
    parser.add_argument("--picture", type=Path)
    options = parser.parse_args()
    if options.data is None or not options.data.is_dir():
        parser.error("name the folder of real postings with --data (it holds kaggle/ and import/)")
    corpus = read_postings(options.data, *(name for name in FILES if name != "health"))
    corpus["description"] = corpus["description"].map(clean_text)
    if options.calibrate:
        calibrate(corpus, labelled("development.csv", corpus))
    started = time.perf_counter()
    ours = tagger.RoleTagger().fit(corpus)
    fitted = time.perf_counter() - started
    print(
        f"fit on {len(corpus):,} postings: {fitted:.1f} s, {ours.fit_.examples:,} examples; of a posting of their kind "
        f"{ours.fit_.coverage:.2f} of the words and pairs are known"
    )
    started = time.process_time()
    values = ours.predict_proba(corpus)
    print(f"tagging: {len(corpus) / (time.process_time() - started):,.0f} postings/s/core\n")
    if options.picture:
        draw_titles(corpus["title"], values, options.picture)
    for name in ("development.csv", "held_out.csv", "held_out_later.csv"):
        if (GOLD / name).exists():
            report(name, labelled(name, corpus), ours, corpus)
    for path in sorted(WRITTEN.glob("adverts*.jsonl")):
        adverts = pd.read_json(path, lines=True).rename(columns={"text": "description"})
        report(path.name, adverts.assign(file="written"), ours, corpus)


def draw_titles(titles: pd.Series, values: pd.DataFrame, path: Path) -> None:
    """Bars of the expected share of each role among the postings of each ambiguous title."""
    from matplotlib.figure import Figure

    table = title_shares(titles, values).iloc[::-1]
    figure = Figure(figsize=(9, 4.2))
    axes = figure.add_subplot()
    left = np.zeros(len(table))
    colours = dict(zip(ROLES, ("#1f6f8b", "#e5a54b", "#b5446e", "#5b8c5a", "#c9c9c9"), strict=True))
    for role in ROLES:
        axes.barh(range(len(table)), table[role], left=left, color=colours[role], label=role.replace("_", " "))
        for row, share in enumerate(table[role]):
            if share >= 0.06:
                axes.text(
                    left[row] + share / 2, row, f"{share:.0%}", ha="center", va="center", fontsize=8, color="white"
                )
        left += table[role].to_numpy()
    names = [f"“{title}” ({number:,})" for title, number in zip(table["title"], table["postings"], strict=True)]
    axes.set_yticks(range(len(table)), names)
    axes.set(xlim=(0, 1), xticks=[])
    axes.spines[:].set_visible(False)
    axes.legend(ncols=len(ROLES), loc="lower center", bbox_to_anchor=(0.4, 1.0), frameon=False, fontsize=9)
    figure.savefig(path, dpi=110, bbox_inches="tight")


def labelled(name: str, corpus: pd.DataFrame) -> pd.DataFrame:
    """The postings of a gold file with their `role`."""
    return pd.read_csv(GOLD / name, index_col="id").join(corpus)


def calibrate(corpus: pd.DataFrame, gold: pd.DataFrame) -> None:
    """Fit the regressions on the development postings, as they are and with the title hidden."""
    ours = tagger.RoleTagger().fit(corpus)
    shown = _seen(ours, gold)
    hidden = _seen(ours, gold.assign(title=""))
    truth = np.array([ROLES.index(role) for role in gold["role"]])
    groups = gold["company"].map(company_key).to_numpy()
    second = np.array([ROLES.index(role) if role in ROLES else -1 for role in gold["second"]])
    both = (np.vstack([shown[0], hidden[0]]), *(np.tile(column, 2) for column in (truth, second, groups)))
    content = {
        "rules": _fitted("rules", *both),
        "titled": _fitted("titled", shown[1], truth, second, groups),
        "untitled": _fitted("untitled", hidden[1], truth, second, groups),
    }
    CALIBRATION.write_text(_one_row_a_line(content), encoding="utf-8")
    print(f"calibrated on {len(gold)} postings: {CALIBRATION.name}; run again to see its results")
    calibration.calibration.cache_clear()


def _seen(ours: tagger.RoleTagger, frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """What the regressions see of postings: of the rules alone, and of rules and classifiers."""
    assert ours._learned is not None
    alone, together = [], []
    for reading in tagger._read(frame["title"].tolist(), frame["description"].tolist()):
        rules, learned = tagger._rule_probabilities(reading), ours._learned.probabilities(reading)
        alone.append(calibration.inputs(rules))
        together.append(calibration.inputs(rules, *learned, strengths=tagger._strengths(reading)))
    return np.vstack(alone), np.vstack(together)


def _fitted(name: str, seen: np.ndarray, truth: np.ndarray, second: np.ndarray, groups: np.ndarray) -> dict[str, Any]:
    values = np.zeros((len(truth), len(ROLES)))
    for train, test in GroupKFold(10).split(seen, groups=groups):
        values[test] = _regression(seen[train], truth[train], second[train]).predict_proba(seen[test])
    score, error = macro_f1(truth, values.argmax(axis=1)), calibration_error(values, truth)
    print(f"{name}: on companies left out macro-F1 {score:.3f}, expected calibration error {error:.3f}")
    model = _regression(seen, truth, second)
    rows = model.coef_.T.round(4).tolist()
    names = calibration.strength_names() if name != "rules" else []
    readers = len(rows) - len(names)
    content = {"readers": rows[:readers], "intercepts": model.intercept_.round(4).tolist()}
    return content | ({"strengths": dict(zip(names, rows[readers:], strict=True))} if names else {})


def _regression(seen: np.ndarray, truth: np.ndarray, second: np.ndarray) -> LogisticRegression:
    """A posting of which its reader was not sure stands in twice, for what came first and for what came second."""
    both = np.flatnonzero(second >= 0)
    weights = np.ones(len(truth))
    weights[both] -= SECOND_SHARE
    return LogisticRegression(C=0.1, max_iter=5_000).fit(
        np.vstack([seen, seen[both]]),
        np.concatenate([truth, second[both]]),
        sample_weight=np.concatenate([weights, np.full(len(both), SECOND_SHARE)]),
    )


def _one_row_a_line(content: dict[str, Any]) -> str:
    text = json.dumps(content, indent=1)
    return re.sub(r"\[\s+([-\d.,\s]+?)\s+\]", lambda row: f"[{' '.join(row[1].split())}]", text) + "\n"


def report(name: str, gold: pd.DataFrame, ours: tagger.RoleTagger, corpus: pd.DataFrame) -> None:
    """Print the table of one gold file."""
    truth = np.array([ROLES.index(role) for role in gold["role"]])
    rules = tagger.RoleTagger()
    regex = title_regex(corpus["title"])
    readers: dict[str, Callable[[pd.DataFrame], Probabilities]] = {
        "jobfinder": lambda frame: ours.predict_proba(frame).to_numpy(),
        "its rules alone": lambda frame: rules.predict_proba(frame).to_numpy(),
        "title regex": lambda frame: np.eye(len(ROLES))[title_regex(frame["title"])],
        "TF-IDF + LR on regex labels": words(corpus, regex),
    }
    groups = gold["company"].map(company_key).to_numpy()
    counts = ", ".join(f"{number} {role}" for role, number in gold["role"].value_counts().items())
    print(f"{name}: {len(gold)} postings of {gold['file'].nunique()} files ({counts})")
    print(f"{'':<30}{'titles shown':>26}{'ECE':>6}{'titles hidden':>26}{'ECE':>6}")
    for reader, predict in readers.items():
        line = f"{reader:<30}"
        for frame in (gold, gold.assign(title="")):
            values = predict(frame)
            low, high = interval(truth, values.argmax(axis=1), groups)
            score = macro_f1(truth, values.argmax(axis=1))
            line += f"{score:>10.3f} ({low:.3f} to {high:.3f}){calibration_error(values, truth):>6.3f}"
        print(line)
    values = ours.predict_proba(gold).to_numpy().argmax(axis=1)
    table = pd.DataFrame(confusion_matrix(truth, values, labels=range(len(ROLES))), index=ROLES, columns=ROLES)
    print("rows: as read by hand, columns: as tagged, titles shown\n" + table.to_string())
    by_file = pd.Series(values == truth).groupby(gold["file"].to_numpy()).mean()
    print("right by file: " + ", ".join(f"{file} {share:.2f}" for file, share in by_file.items()) + "\n")


def title_regex(titles: pd.Series) -> np.ndarray:
    """The role that each title names, by its first match."""
    found = [
        next((role for role, pattern in TITLES.items() if re.search(pattern, title.lower())), OTHER) for title in titles
    ]
    return np.array([ROLES.index(role) for role in found])


def words(corpus: pd.DataFrame, labels: np.ndarray) -> Callable[[pd.DataFrame], Probabilities]:
    """TF-IDF of title and text with logistic regression, trained on labels for the whole corpus."""
    model = make_pipeline(TfidfVectorizer(sublinear_tf=True, min_df=3, max_features=50_000), LogisticRegression(C=3.0))
    model.fit(corpus["title"] + "\n" + corpus["description"], labels)
    return lambda frame: np.asarray(model.predict_proba(frame["title"] + "\n" + frame["description"]))


def macro_f1(truth: np.ndarray, found: np.ndarray) -> float:
    """Over the roles that occur: a small set may lack one."""
    return float(f1_score(truth, found, average="macro", labels=np.unique(truth), zero_division=0))


def interval(truth: np.ndarray, found: np.ndarray, groups: np.ndarray, draws: int = 1_000) -> tuple[float, float]:
    """95 % of the macro-F1 of samples of companies."""
    chance = np.random.default_rng(0)
    names, number = np.unique(groups, return_inverse=True)
    rows = [np.flatnonzero(number == one) for one in range(len(names))]
    scores = []
    for _ in range(draws):
        chosen = np.concatenate([rows[one] for one in chance.integers(len(rows), size=len(rows))])
        scores.append(macro_f1(truth[chosen], found[chosen]))
    low, high = np.quantile(scores, [0.025, 0.975])
    return float(low), float(high)


def calibration_error(values: Probabilities, truth: np.ndarray, bins: int = 10) -> float:
    """Expected calibration error of the chosen role over equal-width bins of its probability."""
    sure, right = values.max(axis=1), values.argmax(axis=1) == truth
    bin_of = np.minimum((sure * bins).astype(int), bins - 1)
    return float(
        sum(
            (bin_of == one).mean() * abs(right[bin_of == one].mean() - sure[bin_of == one].mean())
            for one in np.unique(bin_of)
        )
    )


if __name__ == "__main__":
    main()
