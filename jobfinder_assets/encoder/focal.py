"""The focal loss (Lin et al. 2017) of scores: what a row that is known for sure adds to a fit fades away.

Of numpy and scipy alone, so that a linear model, trees and a head on a transformer's vectors can be fitted with it.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# How fast it fades: the exponent of the doubt that is left about a row.
FOCUS = 2.0


def focal_loss(scores: Floats, labels: NDArray[np.int64]) -> tuple[Floats, Floats, Floats]:
    """Loss of n scores in log-odds, its slope and its curvature in each score; all (n,).

    With p the probability of the true class, -a (1 - p)^FOCUS log p. The classes' weights a, whose mean over the
    rows is at most 1, are the share of the other class, twice: equal classes have weight 1.
    """
    share = float(labels.mean())
    sign, weight = np.where(labels == 1, 1.0, -1.0), 2 * np.where(labels == 1, 1 - share, share)
    # log p without overflow, however sure the score.
    log_p = -np.logaddexp(0.0, -sign * scores)
    p = np.exp(log_p)
    doubt = (1 - p) ** FOCUS
    pull = FOCUS * p * log_p + p - 1
    curvature = p * doubt * ((1 - p) * (FOCUS * log_p + FOCUS + 1) - FOCUS * pull)
    return -weight * doubt * log_p, sign * weight * doubt * pull, weight * curvature


def focal_regression(rows: Floats, labels: NDArray[np.int64], *, strength: float) -> tuple[Floats, float]:
    """((d,) coefficients, intercept) that minimise `strength` x focal loss + half the squared length, as C does.

    rows: (n, d); labels: (n,) 0/1, both there. The loss is not convex; the search starts at zero, always the same.
    """
    from scipy.optimize import minimize

    def objective(weights: Floats) -> tuple[float, Floats]:
        loss, slope, _ = focal_loss(rows @ weights[:-1] + weights[-1], labels)
        whole = strength * float(loss.sum()) + 0.5 * float(weights[:-1] @ weights[:-1])
        return whole, np.append(strength * (rows.T @ slope) + weights[:-1], strength * slope.sum())

    found = minimize(objective, np.zeros(rows.shape[1] + 1), jac=True, method="L-BFGS-B").x
    return np.asarray(found[:-1], np.float64), float(found[-1])
