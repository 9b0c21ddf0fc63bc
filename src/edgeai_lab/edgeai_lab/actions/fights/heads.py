"""The head on a window's mean and spread: a support vector machine, as a network to export."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from edgeai_core.analyzers.actions.fight_model import window_features
from edgeai_lab.actions.fights.fitting import Indices
from edgeai_lab.actions.fights.scoring import Calibration, Labels

_Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadRecipe:
    """How a head is fitted.

    Attributes:
        windows: made of each clip. pictures: random varied ones in a window, about as many as
            the product judges in two seconds. cost: of a wrong clip. width: of the kernel; 1 is
            one over the number of features, less is wider.
    """

    windows: int = 8
    pictures: int = 16
    cost: float = 2.0
    width: float = 1.0


class KernelHead(nn.Module):
    """A support vector machine with a Gaussian kernel on standardised features.

    Args:
        mean, deviation: (D,) of the features. vectors: (V, D) standardised. weights: (V,).
        width: of the kernel. offset: what is added.
    """

    mean: Tensor
    deviation: Tensor
    vectors: Tensor
    weights: Tensor
    scale: Tensor

    def __init__(
        self,
        *,
        mean: _Floats,
        deviation: _Floats,
        vectors: _Floats,
        weights: _Floats,
        width: float,
        offset: float,
    ) -> None:
        super().__init__()
        for name, value in (
            ("mean", mean),
            ("deviation", deviation),
            ("vectors", vectors),
            ("weights", weights),
            ("scale", np.array([1.0, 0.0], np.float32)),
        ):
            self.register_buffer(name, torch.from_numpy(np.asarray(value, np.float32)))
        self.width, self.offset = width, offset

    def forward(self, features: Tensor) -> Tensor:
        """Return (N, 1) logits of (N, D) features; scores before it is calibrated."""
        own = (features - self.mean) / self.deviation
        squares = (own**2).sum(dim=1, keepdim=True) + (self.vectors**2).sum(dim=1)
        distances = (squares - 2 * own @ self.vectors.T).clamp_min(0)
        scores = torch.exp(-self.width * distances) @ self.weights[:, None] + self.offset
        return scores * self.scale[0] + self.scale[1]

    def calibrated(self, calibration: Calibration) -> KernelHead:
        """Return the same head; from now on it gives the logarithm of odds."""
        self.scale = torch.tensor([calibration.slope, calibration.offset])
        return self

    def score(self, features: _Floats) -> float:
        """Return what (N, FEATURES) features of a window's pictures give."""
        row = torch.from_numpy(window_features(features)[np.newaxis])
        with torch.inference_mode():
            return float(self.forward(row))

    @property
    def parameters_held(self) -> int:
        return int(self.vectors.numel() + self.weights.numel() + 2 * self.mean.numel())


def fit_head(
    varied: Sequence[_Floats],
    labels: Labels,
    chosen: Indices,
    recipe: HeadRecipe,
    *,
    seed: int,
    quiet: Sequence[_Floats] = (),
) -> KernelHead:
    """Return a head fitted to windows of varied pictures of the chosen clips.

    Args:
        varied: (VARIATIONS, FEATURES) of each clip. labels: 1 for fights. seed: of the windows.
        quiet: the same of more clips in which nobody fights.
    """
    from sklearn.svm import SVC

    rng = np.random.default_rng(seed)
    rows: list[_Floats] = []
    targets: list[int] = []
    material = [(varied[clip], int(labels[clip])) for clip in chosen]
    for features, label in [*material, *((more, 0) for more in quiet)]:
        for _ in range(recipe.windows):
            count = min(recipe.pictures, len(features))
            rows.append(window_features(features[rng.choice(len(features), count, replace=False)]))
            targets.append(label)
    table = np.stack(rows)
    mean, deviation = table.mean(axis=0), np.maximum(table.std(axis=0), 1e-6)
    width = recipe.width / table.shape[1]
    machine = SVC(C=recipe.cost, gamma=width).fit((table - mean) / deviation, targets)
    return KernelHead(
        mean=mean,
        deviation=deviation,
        vectors=machine.support_vectors_,
        weights=machine.dual_coef_[0],
        width=width,
        offset=float(machine.intercept_[0]),
    )


def highest_window(
    judged: _Floats, score: Callable[[_Floats], float], *, shortest: int, longest: int, each: int
) -> float:
    """Return the highest score of a clip's windows, as the product meets them.

    Args:
        judged: (K, FEATURES) of a clip's pictures in order, `each` of every reading. score: of a
            window's features. shortest, longest: of a window, in readings; a shorter clip is one.
    """
    readings = len(judged) // each
    ends = range(min(shortest, readings), readings + 1)
    return max(score(judged[max(0, end - longest) * each : end * each]) for end in ends)
