"""Run an exported classifier over pictures, with the runtimes of the product."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgeai_core.errors import DataError
from edgeai_core.runtimes.selection import AUTO, open_session
from edgeai_lab.classifier.examples import Example
from edgeai_lab.pictures import load_square
from edgeai_lab.progress import Track, silent


def score_examples(
    model: Path,
    examples: Sequence[Example],
    *,
    side_px: int,
    runtime: str = AUTO,
    track: Track[Example] = silent,
) -> npt.NDArray[np.float32]:
    """Return (N, C) float32 scores, one row per picture.

    Raises:
        ModelError: the file cannot be run. DataError: a picture cannot be decoded, or none given.
    """
    if not examples:
        raise DataError("evaluation: no picture of the classifier's classes is there")
    sample = {"picture": np.zeros((1, side_px, side_px, 3), np.uint8)}
    with closing(open_session(model, sample=sample, runtime=runtime)) as session:
        rows = [
            session.run({"picture": load_square(example.path, side_px)[None]})["scores"][0]
            for example in track(examples, "answer")
        ]
    return np.stack(rows).astype(np.float32)


def write_scores(
    path: Path,
    examples: Sequence[Example],
    scores: npt.NDArray[np.float32],
    classes: Sequence[str],
) -> None:
    """Write name, class, answer and all scores as CSV, the most certain errors first.

    Raises:
        DataError: it cannot be written.
    """
    answers = scores.argmax(axis=1)
    right = scores[np.arange(len(scores)), [example.label for example in examples]]
    order = np.argsort(right, kind="stable")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(("name", "class", "answer", *classes))
            for place in order:
                example = examples[place]
                writer.writerow(
                    (
                        example.name,
                        classes[example.label],
                        classes[answers[place]],
                        *(f"{score:.6f}" for score in scores[place]),
                    )
                )
    except OSError as exc:
        raise DataError(f"{path} cannot be written: {exc.strerror}") from exc
