"""Fit the gait table of edgeai_core to simulated people, and measure a table on others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize  # type: ignore[import-untyped]

from edgeai_core.action_events import Action
from edgeai_core.analyzers.actions.gait_features import GaitFeatures, gait_features
from edgeai_core.analyzers.actions.gait_model import (
    BOX_TABLE,
    CLASSES,
    LEG_TABLE,
    box_vector,
    gait_probabilities,
    leg_vector,
)
from edgeai_core.analyzers.actions.gaits import GaitsConfig
from edgeai_lab.actions.gait_simulator import HEIGHT_PX, WIDTH_PX, Part, Walk, simulate

_Floats = npt.NDArray[np.float64]
# Pulls the weights towards 0: with enough people it hardly matters.
_RIDGE = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class GaitScore:
    """How well a table tells simulated gaits.

    Attributes:
        people: how many were told. missed: of how many too little was seen.
        accuracy: share rightly told. by_class: the same by what they did.
        calibration_error: mean distance of said probability and share right, in ten bins.
    """

    people: int
    missed: int
    accuracy: float
    by_class: Mapping[str, float]
    calibration_error: float


def draw(count: int, part: Part, *, seed: int) -> list[Walk]:
    """Return `count` people of every class."""
    rng = np.random.default_rng(seed)
    return [simulate(rng, action, part) for action in CLASSES for _ in range(count)]


def features_of(walk: Walk) -> GaitFeatures | None:
    """Return what the shipped chain sees of a simulated person."""
    config = GaitsConfig()
    end_ns = walk.sights[-1].stamp_ns
    window = [s for s in walk.sights if end_ns - s.stamp_ns <= config.window_s * 1e9]
    return gait_features(
        window, width_px=WIDTH_PX, height_px=HEIGHT_PX, focal_widths=config.focal_widths
    )


def fit(walks: list[Walk]) -> tuple[_Floats, _Floats]:
    """Return the (4, 2) table for boxes and the (4, 4) table for boxes and legs."""
    seen = [(walk, found) for walk in walks if (found := features_of(walk)) is not None]
    with_legs = [(walk, found) for walk, found in seen if leg_vector(found) is not None]
    return (
        _fit_softmax(
            np.array([box_vector(found) for _, found in seen]), [w.action for w, _ in seen]
        ),
        _fit_softmax(
            np.array([leg_vector(found) for _, found in with_legs]),
            [w.action for w, _ in with_legs],
        ),
    )


def measure(
    walks: list[Walk], box_table: _Floats = BOX_TABLE, leg_table: _Floats = LEG_TABLE
) -> GaitScore:
    """Return how well tables tell people; the shipped ones as they come."""
    right: dict[Action, list[bool]] = {action: [] for action in CLASSES}
    told: list[tuple[float, bool]] = []
    missed = 0
    for walk in walks:
        found = features_of(walk)
        if found is None:
            missed += 1
            continue
        probabilities = gait_probabilities(found, box_table=box_table, leg_table=leg_table)
        best = max(CLASSES, key=lambda action: probabilities[action])
        right[walk.action].append(best is walk.action)
        told.append((probabilities[best], best is walk.action))
    return GaitScore(
        people=len(told),
        missed=missed,
        accuracy=float(np.mean([hit for _, hit in told])),
        by_class={action.value: float(np.mean(hits)) for action, hits in right.items() if hits},
        calibration_error=_calibration_error(told),
    )


def _calibration_error(told: list[tuple[float, bool]]) -> float:
    said, hit = np.array([p for p, _ in told]), np.array([h for _, h in told], np.float64)
    bins = np.minimum((said * 10).astype(int), 9)
    return float(
        sum(
            (bins == index).mean() * abs(said[bins == index].mean() - hit[bins == index].mean())
            for index in np.unique(bins)
        )
    )


def _fit_softmax(vectors: _Floats, actions: list[Action]) -> _Floats:
    """Return (classes, features) weights of the largest likelihood; vectors end with 1."""
    wanted = np.array([CLASSES.index(action) for action in actions])
    shape = (len(CLASSES), vectors.shape[1])

    def loss(flat: _Floats) -> tuple[float, _Floats]:
        logits = vectors @ flat.reshape(shape).T
        logits -= logits.max(axis=1, keepdims=True)
        shares = np.exp(logits)
        shares /= shares.sum(axis=1, keepdims=True)
        rows = np.arange(len(wanted))
        value = -np.log(shares[rows, wanted] + 1e-12).mean() + _RIDGE * float(flat @ flat)
        shares[rows, wanted] -= 1
        gradient = (shares.T @ vectors / len(wanted)).ravel() + 2 * _RIDGE * flat
        return float(value), gradient

    result = minimize(loss, np.zeros(shape).ravel(), jac=True, method="L-BFGS-B")
    return np.asarray(result.x, np.float64).reshape(shape)
