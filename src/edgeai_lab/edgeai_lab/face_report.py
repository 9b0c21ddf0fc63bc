"""What a face evaluation found, as text for people and as charts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from edgeai_lab.face_evaluation import TARGET_FAR, FaceEvaluation, OpenSet, Verification
from edgeai_lab.face_metrics import Floats, tar_at_far
from edgeai_lab.plots import Axis, Line, Mark, save_chart

_TABLE_FARS = (0.0, 0.001, 0.01, 0.02, 0.05, 0.1)
_BINS = 40


def describe(evaluation: FaceEvaluation) -> str:
    """Return the figures as lines of text; a rate is in per cent of what is named beside it."""
    return "\n".join(_lines(evaluation))


def _lines(evaluation: FaceEvaluation) -> Iterator[str]:
    yield (
        f"model {evaluation.model_id}, shipped threshold {evaluation.threshold:g} (L2); "
        f"{evaluation.pictures} pictures, no face found in {evaluation.faces_not_found}"
    )
    if evaluation.verification is not None:
        yield from _verification_lines(evaluation.verification)
    if evaluation.open_set is not None:
        yield from _open_set_lines(evaluation.open_set)
    times = [
        f"{name} {value:.2f}" for name, value in evaluation.stage_ms.items() if value is not None
    ]
    yield f"median ms per picture: {', '.join(times)}"


def _verification_lines(found: Verification) -> Iterator[str]:
    yield ""
    yield (
        f"verification: {len(found.genuine)} pairs of one person, "
        f"{len(found.impostor)} of different people"
    )
    if found.cross_validation is None:
        yield "  cross-validated accuracy: not measured, ten folds need ten pairs of each kind"
    else:
        folds = found.cross_validation.fold_accuracies
        spread = 100 * float(np.std(folds, ddof=1)) / len(folds) ** 0.5
        yield (
            f"  cross-validated accuracy {_percent(found.cross_validation.accuracy)} "
            f"(standard error {spread:.2f}, {len(folds)} folds)"
        )
    curve = found.curve
    yield f"  area under ROC {curve.auc:.5f}, equal error {_percent(curve.equal_error_rate)}"
    yield from _roc_lines(found.genuine, found.impostor)
    shipped = found.at_shipped
    yield (
        f"  at the shipped threshold: FAR {_percent(shipped.far)}, FRR {_percent(shipped.frr)}, "
        f"accuracy {_percent(found.accuracy_at_shipped)}"
    )


def _open_set_lines(found: OpenSet) -> Iterator[str]:
    yield ""
    yield f"open set: {len(found.probes)} probes of known people, {len(found.strangers)} strangers"
    if len(found.strangers):
        yield from _roc_lines(found.probes, found.strangers)
    far = found.strangers_accepted
    yield (
        f"  at the shipped threshold: recognised {_percent(found.recognised)}, "
        f"taken for another {_percent(found.misidentified)}, "
        f"strangers accepted {_percent(far)}"
    )
    for rate in found.fused:
        yield (
            f"  mean of {rate.pictures} pictures, {rate.decisions} decisions: "
            f"recognised {_percent(rate.recognised)}, "
            f"taken for another {_percent(rate.misidentified)}, "
            f"strangers accepted {_percent(rate.strangers_accepted)} (of {rate.strangers})"
        )


def _roc_lines(genuine: Floats, impostor: Floats) -> Iterator[str]:
    yield "  FAR at most   FAR      TAR       threshold"
    for far in _TABLE_FARS:
        if 0 < far * len(impostor) < 1:
            continue  # so few impostors cannot tell this rate from none
        point = tar_at_far(genuine, impostor, max_far=far)
        yield (
            f"  {_percent(far):>11}   {_percent(point.far):<8} {_percent(point.tar):<9} "
            f"{point.threshold:.4f}"
        )


def save_plots(evaluation: FaceEvaluation, folder: Path) -> tuple[Path, ...]:
    """Draw the charts of what was measured and return their paths; they show no face.

    Raises:
        DataError: they cannot be written.
    """
    threshold = evaluation.threshold
    saved = []
    if (pairs := evaluation.verification) is not None:
        saved += [
            _save_roc(folder / "verification_roc.png", pairs),
            _save_histogram(folder / "verification_distances.png", pairs, threshold),
        ]
    if (people := evaluation.open_set) is not None:
        saved.append(_save_open_set(folder / "open_set.png", people, threshold))
    return tuple(saved)


def _save_roc(path: Path, found: Verification) -> Path:
    lowest = 0.5 / len(found.impostor)
    save_chart(
        path,
        title=f"Verification: area under ROC {found.curve.auc:.5f}",
        lines=[Line(label="TAR over FAR", x=found.curve.far, y=found.curve.tar)],
        x=Axis(label="FAR (leftmost: none)", low=lowest, high=1.0, logarithmic=True),
        y=Axis(label="TAR", low=0.0, high=1.0),
        marks=[
            Mark(label="FAR 1 %", x=TARGET_FAR),
            Mark(label="shipped threshold", x=max(found.at_shipped.far, lowest)),
        ],
    )
    return path


def _save_histogram(path: Path, found: Verification, threshold: float) -> Path:
    both = np.concatenate([found.genuine, found.impostor])
    highest = max(float(both[np.isfinite(both)].max()), threshold) * 1.05
    edges = np.linspace(0.0, highest, _BINS + 1)
    middles = (edges[1:] + edges[:-1]) / 2
    lines = [
        Line(label=label, x=middles, y=np.histogram(values[np.isfinite(values)], edges)[0])
        for label, values in (("same person", found.genuine), ("different", found.impostor))
    ]
    tallest = max(float(np.max(np.asarray(line.y))) for line in lines)
    save_chart(
        path,
        title="Distances of the pairs",
        lines=lines,
        x=Axis(label="distance, L2", low=0.0, high=highest),
        y=Axis(label="pairs", low=0.0, high=max(tallest, 1.0) * 1.05),
        marks=[Mark(label="shipped threshold", x=threshold)],
    )
    return path


def _save_open_set(path: Path, found: OpenSet, threshold: float) -> Path:
    both = np.concatenate([found.probes, found.strangers])
    finite = both[np.isfinite(both)]
    highest = max(float(finite.max()) if len(finite) else 0.0, threshold) * 1.05
    grid = np.linspace(0.0, highest, 400)
    lines = [Line(label="recognised", x=grid, y=[(found.probes <= t).mean() for t in grid])]
    if len(found.strangers):
        accepted = [(found.strangers <= t).mean() for t in grid]
        lines.append(Line(label="strangers accepted", x=grid, y=accepted))
    save_chart(
        path,
        title="Open set: gallery of known people, and strangers",
        lines=lines,
        x=Axis(label="threshold, L2", low=0.0, high=highest),
        y=Axis(label="share", low=0.0, high=1.0),
        marks=[Mark(label="shipped threshold", x=threshold)],
    )
    return path


def _percent(share: float | None) -> str:
    return "not measured" if share is None else f"{100 * share:.2f} %"
