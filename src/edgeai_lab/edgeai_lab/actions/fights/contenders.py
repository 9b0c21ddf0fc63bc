"""The architectures that are compared, and the baselines that expose a set's bias, as one table."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch

from edgeai_core.analyzers.actions.fights import SHARES, STRIDE, FightsConfig
from edgeai_core.analyzers.actions.motion import MOMENTS, STEP_S, Floats
from edgeai_lab.actions.fights.fitting import (
    FightNetwork,
    Indices,
    Lesson,
    Views,
    fit,
    score_clip,
)
from edgeai_lab.actions.fights.heads import HeadRecipe, KernelHead, fit_head, highest_window
from edgeai_lab.actions.fights.networks import parameters_of
from edgeai_lab.actions.fights.scoring import Labels

_TIMED = 5


class Fitted(Protocol):
    """What was taught: scores clips, from 0 on a fight."""

    @property
    def parameters(self) -> int:
        """How many numbers it holds."""

    def score(self, index: int) -> float:
        """Return the score of a clip."""


class Contender(Protocol):
    """An architecture: teaches itself on some of the clips."""

    @property
    def name(self) -> str:
        """What it is called in the table."""

    @property
    def sees(self) -> str:
        """What it is told of a clip."""

    def fit(self, labels: Labels, chosen: Indices, *, seed: int) -> Fitted:
        """Return a model that knows only the chosen clips."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedTable:
    """A logistic regression on standardised features of clips."""

    table: npt.NDArray[np.float64]
    weights: npt.NDArray[np.float64]
    parameters: int

    def score(self, index: int) -> float:
        """Return the logarithm of the odds."""
        return float(self.table[index] @ self.weights[:-1] + self.weights[-1])


@dataclass(frozen=True, slots=True, kw_only=True)
class TableContender:
    """A logistic regression on few features of each clip.

    Attributes:
        name, sees: for the table. features: (N, F), a row per clip.
    """

    name: str
    sees: str
    features: npt.NDArray[np.floating]

    def fit(self, labels: Labels, chosen: Indices, *, seed: int) -> FittedTable:
        """Return the regression; nothing in it is random."""
        del seed
        own = self.features[chosen].astype(np.float64)
        table = (self.features - own.mean(axis=0)) / np.maximum(own.std(axis=0), 1e-6)
        design = np.column_stack([table[chosen], np.ones(len(chosen))])
        weights = np.zeros(design.shape[1])
        pull = np.diag([1.0] * (design.shape[1] - 1) + [1e-6])
        for _ in range(50):
            shares = 1 / (1 + np.exp(-np.clip(design @ weights, -30, 30)))
            gradient = design.T @ (shares - labels[chosen]) + pull @ weights
            curvature = (design * (shares * (1 - shares))[:, None]).T @ design + pull
            weights -= np.linalg.solve(curvature, gradient)
        return FittedTable(table=table, weights=weights, parameters=len(weights))


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedKernel:
    """A head on the pictures that the product judges; a clip's score is its highest window's."""

    head: KernelHead
    judged: Sequence[Floats]
    parameters: int

    def score(self, index: int) -> float:
        """Return the highest score of the clip's windows."""
        return clip_score(self.head, self.judged[index])


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelContender:
    """Frozen features of pictures of motion, and a support vector machine on windows of them.

    Attributes:
        name, sees: for the table. varied, judged: features of each clip. recipe: of the head.
        frozen: parameters of the trunk. quiet: varied features of clips in which nobody fights.
    """

    name: str
    sees: str
    varied: Sequence[Floats]
    judged: Sequence[Floats]
    recipe: HeadRecipe
    frozen: int = 0
    quiet: Sequence[Floats] = ()

    def fit(self, labels: Labels, chosen: Indices, *, seed: int) -> FittedKernel:
        """Return the fitted head."""
        head = fit_head(self.varied, labels, chosen, self.recipe, seed=seed, quiet=self.quiet)
        held = self.frozen + head.parameters_held
        return FittedKernel(head=head, judged=self.judged, parameters=held)


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedNetwork:
    """A taught network and what it sees of the clips."""

    network: FightNetwork
    views: Views
    parameters: int

    def score(self, index: int) -> float:
        """Return the mean logit of a clip's views."""
        return score_clip(self.network, self.views, index)


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkContender:
    """A network on views of the clips.

    Attributes:
        name, sees: for the table. build: makes an untaught one. views, lesson: what it learns
            from and how. frozen: parameters of the layers in front of the views.
    """

    name: str
    sees: str
    build: Callable[[], FightNetwork]
    views: Views
    lesson: Lesson
    frozen: int = 0

    def fit(self, labels: Labels, chosen: Indices, *, seed: int) -> FittedNetwork:
        """Return the taught network."""
        network = fit(self.build, self.views, labels, chosen, self.lesson, seed=seed)
        held = self.frozen + parameters_of(network)
        return FittedNetwork(network=network, views=self.views, parameters=held)


def clip_score(head: KernelHead, judged: Floats) -> float:
    """Return the highest score of a clip's windows, as long as the product's are by default."""
    config = FightsConfig()
    return highest_window(
        judged,
        head.score,
        shortest=_readings_in(config.min_duration_s),
        longest=_readings_in(config.window_s),
        each=len(SHARES),
    )


def milliseconds_per_clip(fitted: Fitted, index: int) -> float:
    """Return the least time of scoring a clip behind the frozen layers, one thread of torch."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        spent = []
        for _ in range(_TIMED):
            begun = time.perf_counter()
            fitted.score(index)
            spent.append(time.perf_counter() - begun)
    finally:
        torch.set_num_threads(threads)
    return 1e3 * min(spent)


def _readings_in(duration_s: float) -> int:
    """Return how many readings a window holds: the first takes four moments."""
    first_s = (MOMENTS - 1) * STEP_S
    return 1 + max(0, math.floor((duration_s - first_s) / (STRIDE * STEP_S) + 1e-6))
