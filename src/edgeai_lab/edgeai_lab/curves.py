"""The curves of a training as charts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edgeai_lab.epochs import Epoch
from edgeai_lab.plots import Axis, Line, save_chart

LOSS_NAME, SHARES_NAME = "loss.png", "shares.png"


def save_curves(folder: Path, epochs: Sequence[Epoch]) -> None:
    """Draw losses and shares by epoch, a chart each.

    Args:
        folder: gets loss.png and shares.png. epochs: at least one, of a lesson whose figures are
            shares, 0..1, and losses, which have the word in their names.

    Raises:
        DataError: a file cannot be written.
    """
    table = [epoch.row() for epoch in epochs]
    names = [name for name in table[0] if name not in ("epoch", "seconds")]
    losses = [name for name in names if "loss" in name]
    shares = [name for name in names if "loss" not in name]
    last = max(2, len(epochs))
    across = Axis(label="epoch", low=1, high=last)
    highest = max(row[name] for row in table for name in losses)
    for file, title, shown, top in (
        (LOSS_NAME, "Loss", losses, max(highest, 1e-6)),
        (SHARES_NAME, "Shares", shares, 1.0),
    ):
        save_chart(
            folder / file,
            title=title,
            lines=[
                Line(label=name, x=[r["epoch"] for r in table], y=[r[name] for r in table])
                for name in shown
            ],
            x=across,
            y=Axis(label=title.lower(), low=0.0, high=top),
        )
