"""The face detector's decoding and the embedder's wiring, with functions in place of weights."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pytest

from edgeai_core.analyzers.faces.face_mesh import FaceMeshEstimator, mesh_chip
from edgeai_core.analyzers.faces.model import FaceDetector, FaceEmbedder, MeshFaceDetector
from edgeai_core.geometry import Box
from edgeai_core.runtimes.base import Tensor
from edgeai_core.runtimes.fake import FakeSession, ModelFunction
from edgeai_core.runtimes.validation import InputSpec
from edgeai_core.types import DetectedFace

DETECTOR_INPUT = InputSpec(name="input_1", shape=(1, 192, 192, 3), dtype=np.dtype(np.float32))
CHIP_INPUT = InputSpec(name="chip", shape=(1, 150, 150, 3), dtype=np.dtype(np.uint8))
Candidate = tuple[int, int, float, float, float]  # row, column, logit, box side, shift in x


def detector_seeing(
    *candidates: Candidate, min_score: float = 0.5
) -> tuple[FaceDetector, list[npt.NDArray[np.float32]]]:
    seen: list[npt.NDArray[np.float32]] = []

    def function(inputs: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        seen.append(np.asarray(inputs["input_1"], np.float32))
        boxes = np.zeros((1, 2304, 16), np.float32)
        logits = np.full((1, 2304, 1), -1e6, np.float32)
        for row, column, logit, side, shift in candidates:
            cell = row * 48 + column
            logits[0, cell, 0] = logit
            points = [
                (-side / 4, -2),
                (side / 4, -2),
                (0, 0),
                (0, 3),
                (-side / 2, 0),
                (side / 2, 0),
            ]
            boxes[0, cell, :4] = (shift, 0, side, side)
            boxes[0, cell, 4:] = np.array(points, np.float32).ravel()
        return {"Identity": boxes, "Identity_1": logits}

    session = FakeSession(function, inputs=[DETECTOR_INPUT], outputs=["Identity", "Identity_1"])
    return FaceDetector(session, min_score=min_score), seen


def blank(width_px: int, height_px: int) -> npt.NDArray[np.uint8]:
    return np.zeros((height_px, width_px, 3), np.uint8)


def test_a_cell_decodes_to_frame_pixels() -> None:
    # Cell (24, 12) has its centre at (50, 98) of 192; VGA is shown at 0.3 with 24 px above.
    detector, _ = detector_seeing((24, 12, 2.0, 30.0, 0.0))
    [face] = detector.detect(blank(640, 480))
    assert face.box.as_xyxy() == pytest.approx((35 / 0.3, 59 / 0.3, 65 / 0.3, 89 / 0.3), rel=1e-5)
    assert face.score == pytest.approx(1 / (1 + np.exp(-2.0)))
    assert face.landmarks_xy_px.shape == (6, 2)
    assert face.landmarks_xy_px[0].tolist() == pytest.approx([42.5 / 0.3, 72 / 0.3], rel=1e-5)
    assert face.landmarks_xy_px[3].tolist() == pytest.approx([50 / 0.3, 77 / 0.3], rel=1e-5)


def test_input_is_rgb_from_minus_one_to_one_with_a_dark_border() -> None:
    detector, seen = detector_seeing()
    image = blank(640, 480)
    image[:] = (0, 127, 255)
    assert detector.detect(image) == []
    [tensor] = seen
    assert tensor[0, 96, 96].tolist() == pytest.approx([1.0, -1 / 255, -1.0], abs=1e-6)
    assert tensor[0, 0, 0].tolist() == [-1.0, -1.0, -1.0]


def test_overlapping_candidates_become_their_weighted_mean() -> None:
    detector, _ = detector_seeing((24, 24, 80.0, 40.0, 0.0), (24, 24 + 1, 0.0, 40.0, 0.0))
    [face] = detector.detect(blank(192, 192))
    # Scores 1 and 0.5 at x = 98 and 102.
    assert face.box.center_px[0] == pytest.approx((98 + 0.5 * 102) / 1.5)
    assert face.score == 1.0


def test_distant_faces_stay_apart_best_first() -> None:
    detector, _ = detector_seeing((5, 5, 0.5, 20.0, 0.0), (40, 40, 3.0, 20.0, 0.0))
    faces = detector.detect(blank(192, 192))
    assert [face.box.center_px for face in faces] == [(162.0, 162.0), (22.0, 22.0)]


def test_faint_candidates_are_dropped() -> None:
    detector, _ = detector_seeing((5, 5, 0.5, 20.0, 0.0), min_score=0.63)
    assert detector.detect(blank(192, 192)) == []


def test_a_box_is_clipped_to_the_frame() -> None:
    detector, _ = detector_seeing((0, 0, 2.0, 30.0, 0.0))
    [face] = detector.detect(blank(192, 192))
    assert face.box.as_xyxy() == (0.0, 0.0, 17.0, 17.0)


def test_an_empty_box_is_no_face() -> None:
    detector, _ = detector_seeing((10, 10, 2.0, 0.0, 0.0), (10, 20, 2.0, -5.0, 0.0))
    assert detector.detect(blank(192, 192)) == []


@pytest.mark.parametrize("size", [(1, 1), (4, 600), (600, 4), (4000, 3000)])
def test_any_frame_size_is_taken(size: tuple[int, int]) -> None:
    detector, seen = detector_seeing()
    assert detector.detect(blank(*size)) == []
    assert seen[0].shape == (1, 192, 192, 3)


def test_closing_the_detector_closes_the_session() -> None:
    session = FakeSession(
        lambda inputs: {}, inputs=[DETECTOR_INPUT], outputs=["Identity", "Identity_1"]
    )
    FaceDetector(session).close()
    assert session.closed


PRESENT, ABSENT = 4.0, -4.0


def mesh_saying(*logits: float) -> tuple[FaceMeshEstimator, list[Tensor]]:
    """A mesh network that puts all points in the middle of its crop; one logit for each look."""
    crops: list[Tensor] = []

    def function(inputs: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        logit = logits[len(crops)]
        crops.append(inputs["input_1"])
        points = np.full((1, 1, 1, 1404), 96.0, np.float32)
        return {"points": points, "presence": np.full((1, 1, 1, 1), logit, np.float32)}

    session = FakeSession(function, inputs=[DETECTOR_INPUT], outputs=["points", "presence"])
    return FaceMeshEstimator(session), crops


def test_faces_that_the_mesh_confirms_come_largest_first_with_their_mesh() -> None:
    detector, _ = detector_seeing((5, 5, 3.0, 20.0, 0.0), (40, 40, 0.5, 30.0, 0.0))
    mesh, _ = mesh_saying(PRESENT, PRESENT)
    faces = MeshFaceDetector(detector, mesh).detect(blank(192, 192))
    assert [face.box.center_px for face in faces] == [(162.0, 162.0), (22.0, 22.0)]
    assert [face.score for face in faces] == pytest.approx([0.6225, 0.9526], abs=1e-4)
    for face in faces:
        assert face.mesh_xyz_px is not None
        np.testing.assert_allclose(face.mesh_xyz_px[:, :2], [face.box.center_px] * 468, atol=1e-4)


@pytest.mark.parametrize("logit", [ABSENT, 2.19, math.nan])
def test_what_the_mesh_does_not_take_for_a_face_is_dropped(logit: float) -> None:
    detector, _ = detector_seeing((5, 5, 0.5, 20.0, 0.0), (40, 40, 3.0, 30.0, 0.0))
    mesh, _ = mesh_saying(logit, 2.2)
    [face] = MeshFaceDetector(detector, mesh, min_presence=0.9).detect(blank(192, 192))
    # The larger one was looked at first: sigmoid(2.19) is 0.899, sigmoid(2.2) 0.9002.
    assert face.box.center_px == (22.0, 22.0)


def test_only_the_largest_candidates_get_a_mesh() -> None:
    detector, _ = detector_seeing(
        (5, 5, 3.0, 20.0, 0.0), (40, 40, 0.5, 30.0, 0.0), (5, 40, 2.0, 10.0, 0.0)
    )
    mesh, crops = mesh_saying(PRESENT, PRESENT)
    faces = MeshFaceDetector(detector, mesh, max_meshes=2).detect(blank(192, 192))
    assert [face.box.width_px for face in faces] == [30.0, 20.0, 10.0]
    assert [face.mesh_xyz_px is not None for face in faces] == [True, True, False]
    assert len(crops) == 2


def test_the_mesh_detector_names_and_closes_both_models() -> None:
    sessions = [
        FakeSession(lambda inputs: {}, inputs=[DETECTOR_INPUT], outputs=outputs, runtime_name=name)
        for name, outputs in (("one", ["boxes", "scores"]), ("two", ["points", "presence"]))
    ]
    detector = MeshFaceDetector(FaceDetector(sessions[0]), FaceMeshEstimator(sessions[1]))
    assert detector.runtime_name == "one + two"
    detector.close()
    assert all(session.closed for session in sessions)


def embedder_of(function: ModelFunction) -> tuple[FaceEmbedder, FakeSession]:
    session = FakeSession(function, inputs=[CHIP_INPUT], outputs=["embedding"])
    embedder = FaceEmbedder(
        session, model_id="net-1", recommended_threshold=0.4, template_variance=0.1
    )
    return embedder, session


def face_with(mesh: npt.NDArray[np.float32] | None) -> DetectedFace:
    return DetectedFace(
        box=Box(0, 0, 150, 150),
        score=1.0,
        landmarks_xy_px=np.zeros((6, 2), np.float32),
        mesh_xyz_px=mesh,
    )


def test_the_template_is_the_mean_over_the_two_turned_chips() -> None:
    chips: list[Tensor] = []

    def function(inputs: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        chips.append(inputs["chip"])
        return {"embedding": np.array([[0.25, -1.0 * len(chips)]], np.float32)}

    embedder, session = embedder_of(function)
    image = np.full((150, 150, 3), (1, 2, 3), np.uint8)
    image[:, 75:] = (4, 5, 6)
    mesh = np.random.default_rng(0).uniform(40, 110, (468, 3)).astype(np.float32)
    template = embedder.embed(image, face_with(mesh))
    assert template.tolist() == [0.25, -1.5]
    assert template.dtype == np.float32
    expected = [
        mesh_chip(image, mesh, turn_deg=turn, scale=scale)
        for turn, scale in ((-4.0, 1.04), (4.0, 0.96))
    ]
    assert [chip.shape for chip in chips] == [(1, 150, 150, 3)] * 2
    np.testing.assert_array_equal(np.concatenate(chips), expected)
    embedder.close()
    assert session.closed


def test_the_embedder_tells_what_its_templates_are_worth() -> None:
    embedder, _ = embedder_of(lambda inputs: {})
    assert (embedder.unit, embedder.model_id) == ("L2", "net-1")
    assert (embedder.recommended_threshold, embedder.template_variance) == (0.4, 0.1)
    assert embedder.runtime_name == "fake"


def test_a_face_without_a_usable_mesh_cannot_be_embedded() -> None:
    embedder, _ = embedder_of(lambda inputs: {})
    with pytest.raises(ValueError, match="no mesh was placed on it"):
        embedder.embed(blank(150, 150), face_with(None))
    with pytest.raises(ValueError, match="landmarks coincide"):
        embedder.embed(blank(150, 150), face_with(np.zeros((468, 3), np.float32)))
