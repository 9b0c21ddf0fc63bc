from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pytest

from edgeai_core.analyzers.objects.features import FeatureMaps
from edgeai_core.analyzers.objects.model import ObjectDetector
from edgeai_core.errors import ConfigError, ModelError
from edgeai_core.geometry import Letterbox
from edgeai_core.runtimes.base import Tensor
from edgeai_core.runtimes.fake import FakeSession
from edgeai_core.runtimes.validation import InputSpec

SIDE_PX = 416
INPUT = InputSpec(name="image", shape=(1, SIDE_PX, SIDE_PX, 3), dtype=np.dtype(np.uint8))
LABELS = ("person", "cat", "gun")
OUTPUTS = ("boxes", "scores", "fine", "middle", "coarse")
# A box in pixels of the network's input and a score per label.
Row = tuple[tuple[float, float, float, float], tuple[float, float, float]]


def answers(rows: Sequence[Row]) -> dict[str, Tensor]:
    return {
        "boxes": np.array([row[0] for row in rows], np.float32).reshape(1, -1, 4),
        "scores": np.array([row[1] for row in rows], np.float32).reshape(1, -1, 3),
        "fine": np.full((1, 64, 52, 52), 0.5, np.float32),
        "middle": np.full((1, 64, 26, 26), 0.25, np.float32),
        "coarse": np.full((1, 64, 13, 13), 0.125, np.float32),
    }


def detector(
    rows: Sequence[Row],
    *,
    min_score: float = 0.5,
    own_min_scores: Mapping[str, float] | None = None,
    only: Sequence[str] = (),
) -> tuple[ObjectDetector, list[Tensor]]:
    seen: list[Tensor] = []

    def function(inputs: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        seen.append(inputs["image"])
        return answers(rows)

    session = FakeSession(function, inputs=[INPUT], outputs=OUTPUTS)
    model = ObjectDetector(
        session, labels=LABELS, min_score=min_score, own_min_scores=own_min_scores, only=only
    )
    return model, seen


def frame() -> npt.NDArray[np.uint8]:
    """Return a frame twice as wide as high: half a pixel of the input each, 104 of border."""
    return np.zeros((416, 832, 3), np.uint8)


def test_boxes_come_in_frame_pixels_best_score_first() -> None:
    model, _ = detector(
        [
            ((0.0, 204.0, 104.0, 308.0), (0.75, 0.0, 0.0)),
            ((208.0, 104.0, 416.0, 204.0), (0.0, 0.875, 0.0)),
        ]
    )
    found = model.detect(frame())
    assert [(f.label, f.score, f.box.as_xyxy()) for f in found] == [
        ("cat", 0.875, (416.0, 0.0, 832.0, 200.0)),
        ("person", 0.75, (0.0, 200.0, 208.0, 408.0)),
    ]


def test_overlap_is_suppressed_within_a_class_only() -> None:
    same = (0.0, 110.0, 200.0, 210.0)
    model, _ = detector(
        [
            (same, (0.75, 0.625, 0.0)),
            ((0.0, 110.0, 200.0, 206.0), (0.875, 0.0, 0.0)),
            ((0.0, 110.0, 100.0, 160.0), (0.5625, 0.0, 0.0)),
        ]
    )
    found = [(f.label, f.score) for f in model.detect(frame())]
    assert found == [("person", 0.875), ("cat", 0.625), ("person", 0.5625)]


def test_boxes_are_clipped_and_those_in_the_border_dropped() -> None:
    model, _ = detector(
        [
            ((-50.0, 50.0, 208.0, 208.0), (0.75, 0.0, 0.0)),
            ((0.0, 0.0, 200.0, 100.0), (0.75, 0.0, 0.0)),
        ]
    )
    [found] = model.detect(frame())
    assert found.box.as_xyxy() == (0.0, 0.0, 416.0, 208.0)


def test_the_score_threshold_is_inclusive() -> None:
    model, _ = detector([((0.0, 110.0, 50.0, 150.0), (0.5, 0.49, 0.0))])
    assert [f.label for f in model.detect(frame())] == ["person"]


def test_a_class_can_have_a_threshold_of_its_own() -> None:
    rows: list[Row] = [((0.0, 110.0, 50.0, 150.0), (0.6, 0.3, 0.6))]
    model, _ = detector(rows, own_min_scores={"cat": 0.25, "gun": 0.75})
    assert [f.label for f in model.detect(frame())] == ["person", "cat"]


def test_only_wanted_classes_are_reported() -> None:
    model, _ = detector([((0.0, 110.0, 50.0, 150.0), (0.75, 0.875, 0.0))], only=["person"])
    assert model.labels == ("person",)
    assert [f.label for f in model.detect(frame())] == ["person"]


def test_an_unknown_class_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="got dragon, expected some of person, cat, gun"):
        detector([], only=["person", "dragon"])
    with pytest.raises(ConfigError, match="got dragon"):
        detector([], own_min_scores={"dragon": 0.5})


def test_at_most_a_hundred_objects() -> None:
    model, _ = detector([((2.0 * i, 110.0, 2.0 * i + 2, 300.0), (0.75, 0, 0)) for i in range(150)])
    assert len(model.detect(frame())) == 100


def test_the_model_sees_the_whole_picture_on_grey_in_the_camera_s_colours() -> None:
    model, seen = detector([])
    image = frame()
    image[:] = (10, 20, 30)
    assert model.detect(image) == []
    assert seen[0][0, 208, 208].tolist() == [10, 20, 30]
    assert seen[0][0, 103, 208].tolist() == [114, 114, 114]
    assert seen[0][0, 104, 0].tolist() == [10, 20, 30]


def test_a_look_gives_what_later_heads_need() -> None:
    model, _ = detector([])
    features = model.look(frame()).features
    assert features.strides_px == (8, 16, 32)
    assert [level.shape for level in features.levels] == [(64, 52, 52), (64, 26, 26), (64, 13, 13)]
    assert [float(level[0, 0, 0]) for level in features.levels] == [0.5, 0.25, 0.125]
    assert features.letterbox.to_image(np.array([[0.0, 104.0]])).tolist() == [[0.0, 0.0]]


def test_feature_maps_have_a_stride_each() -> None:
    letterbox = Letterbox.fit(
        image_width_px=8, image_height_px=8, canvas_width_px=8, canvas_height_px=8
    )
    with pytest.raises(ValueError, match="0 levels and 1 strides"):
        FeatureMaps(levels=(), strides_px=(8,), letterbox=letterbox)


@pytest.mark.parametrize("change", [{"coarse": None}, {"scores": np.zeros((1, 0, 80))}])
def test_a_model_with_other_outputs_is_refused(change: Mapping[str, Tensor | None]) -> None:
    outputs = {name: x for name, x in {**answers([]), **change}.items() if x is not None}
    session = FakeSession(lambda inputs: outputs, inputs=[INPUT], outputs=list(outputs))
    with pytest.raises(ModelError, match="expected outputs boxes"):
        ObjectDetector(session, labels=LABELS).look(frame())


def test_closing_the_detector_closes_the_session() -> None:
    session = FakeSession(lambda inputs: {}, inputs=[INPUT], outputs=OUTPUTS)
    model = ObjectDetector(session, labels=LABELS)
    model.close()
    assert session.closed
