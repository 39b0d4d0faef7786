"""The focal loss: its slope and curvature are those of the loss, and what is sure counts for little."""

import numpy as np
import pytest

from jobfinder_assets.encoder.focal import focal_loss, focal_regression

LABELS = np.array([1, 0, 0, 1, 0, 0, 0])
SCORES = np.array([-3.0, -2.0, -0.1, 0.0, 0.7, 2.5, 40.0])


def test_slope_and_curvature_are_those_of_the_loss() -> None:
    step = 1e-5
    _, slope, curvature = focal_loss(SCORES, LABELS)
    up, down = (focal_loss(SCORES + way * step, LABELS) for way in (1, -1))
    assert slope == pytest.approx((up[0] - down[0]) / (2 * step), abs=1e-7)
    assert curvature == pytest.approx((up[1] - down[1]) / (2 * step), abs=1e-7)


def test_what_is_sure_adds_next_to_nothing() -> None:
    equal = np.array([1, 0])
    loss, _, _ = focal_loss(np.array([3.0, 3.0]), equal)
    plain = np.logaddexp(0, [-3.0, 3.0])
    assert loss[0] < 0.01 * plain[0]
    assert loss[1] > 0.9 * plain[1]
    assert np.isfinite(focal_loss(np.array([800.0, -800.0]), equal)[0]).all()


def test_the_regression_finds_the_side_of_the_rare_class() -> None:
    draw = np.random.default_rng(0)
    labels = (np.arange(200) % 20 == 0).astype(np.int64)
    rows = draw.standard_normal((200, 5)) + 2 * labels[:, None] * np.array([1, 0, 0, 0, 0])
    coefficients, intercept = focal_regression(rows, labels, strength=1.0)
    assert np.abs(coefficients).argmax() == 0
    scores = rows @ coefficients + intercept
    assert scores[labels == 1].mean() > 0 > scores[labels == 0].mean()
    # At the minimum the slope is nought.
    slope = rows.T @ focal_loss(scores, labels)[1] + coefficients
    assert np.abs(slope).max() < 1e-2
