"""The liveness figures as a table, as JSON, as charts and as a sheet of examples."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgeai_core.analyzers.faces.liveness import LivenessConfig
from edgeai_lab.face_metrics import roc
from edgeai_lab.liveness.attempts import Timing
from edgeai_lab.liveness.evaluation import (
    AttemptResult,
    Cell,
    Outcome,
    count_cells,
    wilson_interval,
)
from edgeai_lab.liveness.instruments import Presentation
from edgeai_lab.liveness.scene import MEASURED
from edgeai_lab.liveness.spoof import overview
from edgeai_lab.pictures import write_picture
from edgeai_lab.plots import Axis, Line, Mark, save_chart

_NOTE = (
    "Attacks are simulated, living ones of origin 'relief' as well: the rates are a lower bound of "
    "what impostors reach. Undecided attempts stay locked out: an attack that is rejected, a "
    "living person who is."
)
_SHEET_EXAMPLES = 36


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LivenessReport:
    """All that was measured.

    Attributes:
        results: of every attempt. config, timing, seed: what they were run with.
        people, clips: how many stills and stretches of clips were used. left_out: pictures in
            which no face was found.
    """

    results: tuple[AttemptResult, ...]
    config: LivenessConfig
    timing: Timing
    seed: int
    people: int
    clips: int
    left_out: int

    def document(self) -> dict[str, object]:
        """Return the figures as JSON values; see docs/lab.md for the keys."""
        cells = count_cells(self.results)
        attacks = [cell for cell in cells if not _living(cell)]
        living = [cell for cell in cells if _living(cell)]
        return {
            "note": _NOTE,
            "apcer": _pooled(attacks),
            "bpcer": _pooled(living),
            "worst_apcer": max((cell.error_rate for cell in attacks), default=None),
            "passive_equal_error_rate": self.passive_equal_error_rate(),
            "cells": [_row(cell) for cell in cells],
            "conditions": {
                "people": self.people,
                "clip_stretches": self.clips,
                "pictures_without_a_face": self.left_out,
                "seconds": self.timing.seconds,
                "frame_rate_hz": self.timing.frame_rate_hz,
                "seed": self.seed,
                "config": dataclasses.asdict(self.config),
                "ranges": dataclasses.asdict(MEASURED),
            },
        }

    def passive_equal_error_rate(self) -> float | None:
        """Return the equal error, 0..1, of the mean passive score of an attempt alone."""
        living, copies = (passive_scores(self.results, living=living) for living in (True, False))
        if len(living) == 0 or len(copies) == 0:
            return None
        return roc(1.0 - living, 1.0 - copies).equal_error_rate


def passive_scores(results: Sequence[AttemptResult], *, living: bool) -> npt.NDArray[np.float64]:
    """Return the mean passive scores of all living attempts or of all attacks that have one."""
    return np.array(
        [
            result.passive
            for result in results
            if math.isfinite(result.passive)
            and (result.attempt.presentation is Presentation.BONA_FIDE) == living
        ]
    )


def describe(report: LivenessReport) -> str:
    """Return the table that is printed."""
    lines = [
        f"{'presentation':<12} {'framing':<8} {'origin':<8} {'turns':<6} {'n':>4} {'live':>5} "
        f"{'copy':>5} {'undecided':>9}  error rate (95 %)"
    ]
    for cell in count_cells(report.results):
        low, high = wilson_interval(cell.wrong, cell.n)
        lines.append(
            f"{cell.presentation.value:<12} {cell.framing.value:<8} {cell.origin.value:<8} "
            f"{'yes' if cell.turning else 'no':<6} {cell.n:>4} {cell.live:>5} {cell.spoof:>5} "
            f"{cell.undecided:>9}  {'BPCER' if _living(cell) else 'APCER'} "
            f"{100 * cell.error_rate:.1f} % ({100 * low:.1f}..{100 * high:.1f})"
        )
    passive = report.passive_equal_error_rate()
    if passive is not None:
        lines.append(f"passive score alone, mean of an attempt: equal error {100 * passive:.1f} %")
    lines.append(_NOTE)
    return "\n".join(lines)


def save_plots(report: LivenessReport, folder: Path) -> tuple[Path, ...]:
    """Write the distribution of the passive score and a sheet of examples; return the files.

    Raises:
        DataError: the folder cannot be written.
    """
    scores, sheet = folder / "passive_scores.png", folder / "examples.jpg"
    levels = np.linspace(0.0, 1.0, 101)
    lines = []
    for label, living in (("attacks at or above", False), ("living below", True)):
        values = passive_scores(report.results, living=living)
        if len(values):
            share = [(values < t).mean() if living else (values >= t).mean() for t in levels]
            lines.append(Line(label=label, x=levels, y=100 * np.array(share)))
    save_chart(
        scores,
        title="passive score, mean of an attempt",
        lines=lines,
        x=Axis(label="threshold", low=0.0, high=1.0),
        y=Axis(label="% of attempts", low=0.0, high=100.0),
        marks=[Mark(label="shipped", x=report.config.min_passive_score)],
    )
    # Mistakes first: they are what one wants to see.
    order = sorted(report.results, key=lambda result: not _mistaken(result))
    tiles = [(result.picture, _caption(result)) for result in order[:_SHEET_EXAMPLES]]
    write_picture(sheet, overview(tiles))
    return scores, sheet


def _living(cell: Cell) -> bool:
    return cell.presentation is Presentation.BONA_FIDE


def _mistaken(result: AttemptResult) -> bool:
    living = result.attempt.presentation is Presentation.BONA_FIDE
    return living != (result.outcome is Outcome.LIVE)


def _caption(result: AttemptResult) -> str:
    attempt = result.attempt
    wrong = "! " if _mistaken(result) else ""
    return f"{wrong}{attempt.presentation.value} {attempt.framing.value}: {result.outcome.value}"


def _pooled(cells: Sequence[Cell]) -> dict[str, object] | None:
    n, wrong = sum(cell.n for cell in cells), sum(cell.wrong for cell in cells)
    if n == 0:
        return None
    return {
        "n": n,
        "wrong": wrong,
        "rate": wrong / n,
        "interval_95pct": wilson_interval(wrong, n),
        "undecided": sum(cell.undecided for cell in cells),
    }


def _row(cell: Cell) -> dict[str, object]:
    return {
        "presentation": cell.presentation.value,
        "framing": cell.framing.value,
        "origin": cell.origin.value,
        "turning": cell.turning,
        "n": cell.n,
        "live": cell.live,
        "spoof": cell.spoof,
        "undecided": cell.undecided,
        "error": "bpcer" if _living(cell) else "apcer",
        "rate": cell.error_rate,
        "interval_95pct": wilson_interval(cell.wrong, cell.n),
    }
