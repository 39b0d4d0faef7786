"""Pictures of a training run, drawn without a display: precision and recall, the scoreboard, the search."""

import base64
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from jobfinder_assets.training.evaluation import CHAMPION, LINEAR, MODEL, Evaluation
from jobfinder_assets.training.tuning import TrialReport

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_CURVES = (MODEL, LINEAR, CHAMPION, "TF-IDF + LinearSVC")
_COLOURS = {MODEL: "tab:blue", LINEAR: "tab:orange", CHAMPION: "tab:green"}


def draw_all(evaluation: Evaluation, trials: Sequence[TrialReport], folder: Path) -> list[Path]:
    """Write every plot as PNG into `folder`; returns the paths."""
    figures = {
        "precision_recall.png": precision_recall(evaluation),
        "scoreboard.png": intervals(evaluation),
        "tuning.png": search_history(trials),
        "parameters.png": parameter_slices(trials),
    }
    paths = []
    for name, figure in figures.items():
        figure.savefig(folder / name, dpi=100)
        paths.append(folder / name)
    return paths


def as_markdown(figure: "Figure") -> str:
    """The figure as a Markdown image that holds its own data."""
    buffer = BytesIO()
    figure.savefig(buffer, dpi=80, format="png")
    return f"![plot](data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')})"


def precision_recall(evaluation: Evaluation) -> "Figure":
    """Precision over recall on the rows left out, first repeat."""
    figure, axes = _axes("Recall", "Precision", title=f"Rows not trained on ({evaluation.basis})")
    rows = evaluation.measured
    for name in _CURVES:
        if name in evaluation.scores:
            recall, precision = precision_recall_points(evaluation.labels[rows], evaluation.scores[name][0, rows])
            value = float(evaluation.metrics[name]["AP"][0])
            axes.step(recall, precision, where="post", label=f"{name}, AP {value:.3f}", color=_COLOURS.get(name, "0.6"))
    axes.axhline(evaluation.prevalence, color="0.8", linestyle=":", label=f"chance {evaluation.prevalence:.3f}")
    axes.set(xlim=(0, 1), ylim=(0, 1.02))
    axes.legend(fontsize="small")
    return figure


def precision_recall_points(
    labels: NDArray[np.bool_], scores: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(recall, precision) after each distinct score, from the highest down; starts at recall 0."""
    order = np.argsort(-scores, kind="stable")
    last = np.flatnonzero(np.concatenate([np.diff(scores[order]) != 0, [True]]))
    likes = np.cumsum(labels[order])[last]
    precision = likes / (last + 1)
    return np.concatenate([[0.0], likes / likes[-1]]), np.concatenate([precision[:1], precision])


def intervals(evaluation: Evaluation) -> "Figure":
    """AP of every contestant with its interval, chance as a line."""
    board = evaluation.scoreboard.dropna(subset=["low"]).iloc[::-1]
    figure, axes = _axes(
        "Average precision", "", title=f"{evaluation.positives} likes, {evaluation.negatives} dislikes"
    )
    bounds = zip(board["model"], board["AP"], board["low"], board["high"], strict=True)
    for place, (name, value, low, high) in enumerate(bounds):
        axes.plot([low, high], [place, place], color=_COLOURS.get(name, "0.6"))
        axes.plot(value, place, "o", color=_COLOURS.get(name, "0.6"))
    axes.set_yticks(range(len(board)), board["model"])
    axes.axvline(evaluation.prevalence, color="0.8", linestyle=":")
    axes.set_xlim(0, 1)
    return figure


def search_history(trials: Sequence[TrialReport]) -> "Figure":
    """The inner-fold value of each trial, and the best so far."""
    figure, axes = _axes("Trial", "Inner-fold average precision", title="Search")
    numbers, values = [trial.number for trial in trials], [trial.value for trial in trials]
    axes.plot(numbers, values, "o", color="0.6", label="trial")
    axes.step(numbers, np.fmax.accumulate(values or [np.nan])[: len(values)], where="post", label="best so far")
    axes.legend(fontsize="small")
    return figure


def parameter_slices(trials: Sequence[TrialReport]) -> "Figure":
    """Value against each searched parameter, one panel each."""
    from matplotlib.figure import Figure

    found = [trial.parameters.to_dict() for trial in trials]
    varied = [name for name in (found[0] if found else {}) if len({str(values[name]) for values in found}) > 1]
    figure = Figure(figsize=(10, 2.4 * max(1, -(-len(varied) // 4))), layout="constrained")
    grid = figure.subplots(max(1, -(-len(varied) // 4)), 4, squeeze=False).ravel()
    for axes, name in zip(grid, varied, strict=False):
        values = [parameters[name] for parameters in found]
        numeric = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
        axes.plot(values if numeric else [str(value) for value in values], [trial.value for trial in trials], "o", ms=3)
        axes.set_title(name, fontsize="small")
    for axes in grid[len(varied) :]:
        axes.set_axis_off()
    return figure


def _axes(across: str, up: str, *, title: str) -> tuple["Figure", Any]:
    # A Figure of its own, not pyplot: no display, no global state, safe in any thread.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    axes.set(xlabel=across, ylabel=up, title=title)
    return figure, axes
