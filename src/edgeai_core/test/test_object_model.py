from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pytest

from edgeai_core.analyzers.objects.model import ObjectDetector
from edgeai_core.errors import ConfigError
from edgeai_core.runtimes.base import Tensor
from edgeai_core.runtimes.fake import FakeSession
from edgeai_core.runtimes.validation import InputSpec

INPUT = InputSpec(name="image", shape=(1, 300, 300, 3), dtype=np.dtype(np.uint8))
LABELS = ("", "person", "", "cat")
Row = tuple[tuple[float, float, float, float], tuple[float, float, float, float]]


def detector(
    rows: Sequence[Row], *, min_score: float = 0.5, only: Sequence[str] = ()
) -> tuple[ObjectDetector, list[Tensor]]:
    seen: list[Tensor] = []

    def function(inputs: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        seen.append(inputs["image"])
        boxes = np.array([row[0] for row in rows], np.float32).reshape(1, -1, 4)
        scores = np.array([row[1] for row in rows], np.float32).reshape(1, -1, 4)
        return {"boxes": boxes, "scores": scores}

    session = FakeSession(function, inputs=[INPUT], outputs=["boxes", "scores"])
    return ObjectDetector(session, labels=LABELS, min_score=min_score, only=only), seen


def frame() -> npt.NDArray[np.uint8]:
    return np.zeros((200, 400, 3), np.uint8)


def test_boxes_come_in_frame_pixels_best_score_first() -> None:
    model, _ = detector(
        [
            ((0.0, 0.5, 0.25, 1.0), (0.0, 0.75, 0.0, 0.0)),
            ((0.5, 0.0, 1.0, 0.5), (0.0, 0.0, 0.0, 0.875)),
        ]
    )
    found = model.detect(frame())
    assert [(f.label, f.score, f.box.as_xyxy()) for f in found] == [
        ("cat", 0.875, (200.0, 0.0, 400.0, 100.0)),
        ("person", 0.75, (0.0, 100.0, 100.0, 200.0)),
    ]


def test_background_and_unnamed_columns_are_never_reported() -> None:
    model, _ = detector([((0.0, 0.0, 1.0, 1.0), (1.0, 0.0, 1.0, 0.0))])
    assert model.detect(frame()) == []


def test_overlap_is_suppressed_within_a_class_only() -> None:
    same = (0.0, 0.0, 0.5, 0.5)
    model, _ = detector(
        [
            (same, (0.0, 0.75, 0.0, 0.625)),
            ((0.0, 0.0, 0.5, 0.48), (0.0, 0.875, 0.0, 0.0)),
            ((0.0, 0.0, 0.25, 0.25), (0.0, 0.5625, 0.0, 0.0)),
        ]
    )
    found = [(f.label, f.score) for f in model.detect(frame())]
    assert found == [("person", 0.875), ("cat", 0.625), ("person", 0.5625)]


def test_boxes_are_clipped_and_empty_ones_dropped() -> None:
    model, _ = detector(
        [
            ((-0.5, -0.5, 0.5, 1.5), (0.0, 0.75, 0.0, 0.0)),
            ((1.25, 0.0, 1.5, 0.5), (0.0, 0.75, 0.0, 0.0)),
        ]
    )
    [found] = model.detect(frame())
    assert found.box.as_xyxy() == (0.0, 0.0, 200.0, 200.0)


def test_the_score_threshold_is_inclusive() -> None:
    rows: list[Row] = [((0.0, 0.0, 0.5, 0.5), (0.0, 0.5, 0.0, 0.49))]
    model, _ = detector(rows)
    assert [f.label for f in model.detect(frame())] == ["person"]


def test_only_wanted_classes_are_reported() -> None:
    rows: list[Row] = [((0.0, 0.0, 0.5, 0.5), (0.0, 0.75, 0.0, 0.875))]
    model, _ = detector(rows, only=["person"])
    assert model.labels == ("person",)
    assert [f.label for f in model.detect(frame())] == ["person"]


def test_an_unknown_class_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="got dragon, expected some of person, cat"):
        detector([], only=["person", "dragon"])


def test_at_most_a_hundred_objects() -> None:
    rows: list[Row] = [
        ((i / 150, 0.0, (i + 1) / 150, 1.0), (0.0, 0.75, 0.0, 0.0)) for i in range(150)
    ]
    model, _ = detector(rows)
    assert len(model.detect(frame())) == 100


def test_the_model_sees_rgb_at_its_own_size() -> None:
    model, seen = detector([])
    image = frame()
    image[:] = (10, 20, 30)
    assert model.detect(image) == []
    assert seen[0][0, 150, 150].tolist() == [30, 20, 10]


def test_closing_the_detector_closes_the_session() -> None:
    session = FakeSession(lambda inputs: {}, inputs=[INPUT], outputs=["boxes", "scores"])
    model = ObjectDetector(session, labels=LABELS)
    model.close()
    assert session.closed
