"""What is known of a fitted tagger, and its place in MLflow: each fit is a run of the experiment `jobfinder-roles`."""

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from jobfinder_assets.config import Settings
from jobfinder_assets.roles.rules import Matrix, rule_sets
from jobfinder_assets.roles.tagger import RoleTagger
from jobfinder_assets.roles.tagging import corpus
from jobfinder_assets.storage.files import write_bytes
from jobfinder_assets.storage.lake import Lake
from jobfinder_assets.storage.mlflow_store import experiment_id, mlflow_client
from jobfinder_assets.storage.schemas import ROLES
from jobfinder_assets.storage.spreadsheet import to_csv

if TYPE_CHECKING:
    from matplotlib.figure import Figure

EXPERIMENT = "jobfinder-roles"
# Fewer corrections are counted, not made into rates.
FEWEST_TO_JUDGE = 30
_BINS = 10
_WEEK = pd.Timedelta(days=7)
DRIFT_WEEKS = 4
FEWEST_FOR_DRIFT = 100
# A population stability index above this is commonly read as a shift.
LARGEST_SHIFT = 0.25


@dataclass(frozen=True)
class Judgement:
    """Tags beside what a person said of the same postings, by a tagger that had not learnt from it.

    confusion: rows as the person says, columns as tagged. reliability: by bin of the tag's probability its mean, the
    share that was right, and the number of postings.
    """

    postings: int
    accuracy: float
    macro_f1: float
    calibration_error: float
    confusion: pd.DataFrame
    reliability: pd.DataFrame


@dataclass(frozen=True)
class Report:
    """titles: rows what titles say, columns where postings go by their duties; sources: shares of roles by source."""

    postings: int
    examples: int
    corrections: int
    confidence: float
    titles: pd.DataFrame
    sources: pd.DataFrame
    judgement: Judgement | None = None
    metrics: dict[str, float] = field(default_factory=dict)


def judge(probabilities: Matrix, truth: NDArray[np.int64]) -> Judgement:
    """Compare probabilities, shape (postings, roles), with the roles' numbers."""
    chosen, sure = probabilities.argmax(axis=1), probabilities.max(axis=1)
    right = chosen == truth
    table = np.zeros((len(ROLES), len(ROLES)), dtype=np.int64)
    np.add.at(table, (truth, chosen), 1)
    confusion = pd.DataFrame(table, index=pd.Index(ROLES, name="as you say"), columns=pd.Index(ROLES, name="as tagged"))
    hits, said, tagged = np.diag(table), table.sum(axis=1), table.sum(axis=0)
    met = said > 0
    f1 = 2 * hits / np.maximum(said + tagged, 1)
    bins = np.minimum((sure * _BINS).astype(int), _BINS - 1)
    grouped = pd.DataFrame({"probability": sure, "right": right.astype(float), "bin": bins}).groupby("bin")
    reliability = grouped[["probability", "right"]].mean().assign(postings=grouped.size())
    error = (reliability["postings"] * (reliability["right"] - reliability["probability"]).abs()).sum() / len(truth)
    return Judgement(len(truth), float(right.mean()), float(f1[met].mean()), float(error), confusion, reliability)


def report_fit(lake: Lake, tagger: RoleTagger, told: pd.Series) -> Report:
    """The report on a tagger and the tags of the lake; `told` is a person's role by posting id."""
    postings = lake.read("postings", ["posting_id", "title", "source"])
    tags = lake.read("role_tags", ["posting_id", "role", *ROLES])
    frame = postings.merge(tags, on="posting_id")
    judgement = None
    if len(told) >= FEWEST_TO_JUDGE:
        where = [("posting_id", "in", told.index.tolist())]
        known = lake.read("postings", ["posting_id", "title", "description"], where)
        # A tagger of the same corpus that has not been told.
        untold = RoleTagger().fit(corpus(lake))
        truth = np.array([ROLES.index(role) for role in known["posting_id"].map(told.to_dict())])
        judgement = judge(untold.predict_proba(known).to_numpy(), truth)
    sure = frame[list(ROLES)].max(axis=1)
    found = Report(
        postings=len(frame),
        examples=tagger.fit_.examples,
        corrections=len(told),
        confidence=float(sure.mean()) if len(frame) else 0.0,
        titles=pd.crosstab(titled_roles(frame["title"]), frame["role"]).reindex(columns=list(ROLES), fill_value=0),
        sources=pd.crosstab(frame["source"], frame["role"]).reindex(columns=list(ROLES), fill_value=0),
        judgement=judgement,
    )
    metrics = {name: float(getattr(found, name)) for name in ("postings", "examples", "corrections", "confidence")}
    if judgement is not None:
        metrics |= {name: getattr(judgement, name) for name in ("accuracy", "macro_f1", "calibration_error")}
    return Report(**{**vars(found), "metrics": metrics})


def titled_roles(titles: pd.Series) -> pd.Series:
    """What each title says by the rules over titles; "says nothing" where none speaks."""
    from jobfinder_assets.roles.tokens import tokenize

    rules, _ = rule_sets()
    scores = rules.scores(rules.vote(tokenize([title if isinstance(title, str) else "" for title in titles])))
    names = np.array([*ROLES, "says nothing"], dtype=object)
    chosen = np.where(scores.max(axis=1, initial=0.0) > 0, scores.argmax(axis=1) if len(scores) else 0, len(ROLES))
    return pd.Series(names[chosen], index=titles.index, name="the title says")


def log_fit(settings: Settings, tagger: RoleTagger, report: Report) -> str:
    """Log a fit to MLflow: parameters, metrics, tables and pictures. Returns the run id."""
    with mlflow_client(settings) as client, tempfile.TemporaryDirectory(prefix="jobfinder-") as name:
        import mlflow

        folder = Path(name)
        experiment = experiment_id(client, settings, EXPERIMENT, "roles")
        with mlflow.start_run(experiment_id=experiment, run_name=f"tagger {tagger.version}"):
            run_id = str(mlflow.active_run().info.run_id)  # type: ignore[union-attr]
            mlflow.log_params({"version": tagger.version, **vars(tagger.fit_)})
            mlflow.log_metrics(report.metrics)
            tables = {"where_titles_go": report.titles, "roles_by_source": report.sources}
            for picture, figure in draw(report).items():
                figure.savefig(folder / picture, dpi=100, bbox_inches="tight")
            if report.judgement is not None:
                tables |= {"confusion": report.judgement.confusion, "calibration": report.judgement.reliability}
            for table, frame in tables.items():
                write_bytes(folder / f"{table}.csv", to_csv(frame.reset_index()))
            mlflow.log_artifacts(str(folder))
    return run_id


def draw(report: Report) -> dict[str, "Figure"]:
    """Where titles go; and, when a person has corrected enough, confusion and calibration."""
    pictures = {"where_titles_go.png": _heat(report.titles, "Where postings go by their duties")}
    if report.judgement is not None:
        pictures["confusion.png"] = _heat(report.judgement.confusion, "Corrections and tags")
        pictures["calibration.png"] = _reliability(report.judgement)
    return pictures


def role_drift(lake: Lake, now: pd.Timestamp) -> pd.DataFrame:
    """By source: shares of roles first seen in the last four weeks beside those before, and how far they moved.

    Sources with fewer than a hundred postings on a side are left out. `shift` is the population stability index.
    """
    seen = lake.read("postings", ["posting_id", "source", "first_seen_at"])
    frame = seen.merge(lake.read("role_tags", ["posting_id", "role"]), on="posting_id")
    recent = frame["first_seen_at"] >= now - DRIFT_WEEKS * _WEEK
    rows: list[dict[str, object]] = []
    for source, group in frame.groupby("source"):
        sides = [group.loc[recent[group.index] == side, "role"] for side in (False, True)]
        if min(map(len, sides)) < FEWEST_FOR_DRIFT:
            continue
        before, after = (
            side.value_counts(normalize=True).reindex(list(ROLES), fill_value=0).clip(lower=1e-3) for side in sides
        )
        shift = float(((after - before) * np.log(after / before)).sum())
        rows.append({"source": source, "before": len(sides[0]), "recent": len(sides[1]), "shift": round(shift, 3)}
                    | {role: f"{before[role]:.0%} → {after[role]:.0%}" for role in ROLES})  # fmt: skip
    return pd.DataFrame(rows, columns=["source", "before", "recent", "shift", *ROLES])


def weekly_shares(lake: Lake) -> pd.DataFrame:
    """Postings first seen by source, week (its Monday) and role."""
    seen = lake.read("postings", ["posting_id", "source", "first_seen_at"])
    frame = seen.merge(lake.read("role_tags", ["posting_id", "role"]), on="posting_id").dropna(subset=["first_seen_at"])
    day = frame["first_seen_at"].dt.tz_convert("UTC").dt.normalize()
    frame["week"] = (day - pd.to_timedelta(day.dt.day_of_week, unit="D")).dt.strftime("%Y-%m-%d")
    table = frame.groupby(["source", "week", "role"]).size().unstack(fill_value=0)
    return table.reindex(columns=list(ROLES), fill_value=0).reset_index()


def _heat(table: pd.DataFrame, title: str) -> "Figure":
    from matplotlib.figure import Figure

    counts = table.to_numpy(dtype=np.int64)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure = Figure(figsize=(7, 1.5 + 0.5 * len(table)))
    axes: Any = figure.add_subplot()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    axes.set_xticks(range(table.shape[1]), [str(name).replace("_", "\n") for name in table.columns])
    axes.set_yticks(range(len(table)), [str(name) for name in table.index])
    for row, column in np.ndindex(*shares.shape):
        colour = "white" if shares[row, column] > 0.5 else "black"
        axes.text(column, row, f"{counts[row, column]:,}", ha="center", va="center", color=colour, fontsize=8)
    axes.set_title(title)
    axes.set_ylabel(str(table.index.name or ""))
    return figure


def _reliability(judgement: Judgement) -> "Figure":
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.5, 4.5))
    axes: Any = figure.add_subplot()
    table = judgement.reliability
    axes.plot([0, 1], [0, 1], color="0.8", linestyle=":")
    axes.scatter(table["probability"], table["right"], s=8 * table["postings"])
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="Probability of the tag", ylabel="Share that was right")
    axes.set_title(f"{judgement.postings} corrections, calibration error {judgement.calibration_error:.3f}")
    return figure
