"""What a training tells of each pass over the data; read also where torch is not installed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """One row of the curves; the loss is the mean over the epoch's examples.

    `epoch` counts from 1; accuracy is that of training, 0..1; figures are the lesson's.
    """

    epoch: int
    loss: float
    accuracy: float
    figures: Mapping[str, float]
    seconds: float

    def row(self) -> dict[str, float]:
        """Return the epoch flat, in the order of the columns."""
        return {
            "epoch": self.epoch,
            "loss": self.loss,
            "accuracy": self.accuracy,
            **self.figures,
            "seconds": self.seconds,
        }
