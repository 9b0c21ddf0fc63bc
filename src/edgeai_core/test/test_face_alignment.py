from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeai_core.analyzers.faces.alignment import (
    LandmarkLayout,
    face_chip,
    similarity_transform,
)

SQUARE = np.array([(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)])
TARGETS = np.array([(47.3, 46.4), (102.1, 47.4), (74.4, 80.7), (74.1, 108.0)])


@given(
    angle=st.floats(-math.pi, math.pi),
    scale=st.floats(0.05, 20.0),
    shift=st.tuples(st.floats(-500, 500), st.floats(-500, 500)),
)
def test_a_similarity_is_recovered(angle: float, scale: float, shift: tuple[float, float]) -> None:
    c, s = scale * math.cos(angle), scale * math.sin(angle)
    truth = np.array([[c, -s, shift[0]], [s, c, shift[1]]])
    target = SQUARE @ truth[:, :2].T + truth[:, 2]
    np.testing.assert_allclose(similarity_transform(SQUARE, target), truth, atol=1e-9)


def test_mirrored_points_are_not_reflected() -> None:
    matrix = similarity_transform(SQUARE, SQUARE * (-1.0, 1.0))
    assert np.linalg.det(matrix[:, :2]) >= 0.0


@pytest.mark.parametrize("value", [3.0, math.nan, math.inf])
def test_points_without_extent_are_refused(value: float) -> None:
    with (
        np.errstate(invalid="ignore"),
        pytest.raises(ValueError, match="landmarks coincide or are not finite"),
    ):
        similarity_transform(np.full((4, 2), value), SQUARE)


def marked(
    points: npt.NDArray[np.float64], size: tuple[int, int], radius_px: int
) -> npt.NDArray[np.uint8]:
    image = np.zeros((size[1], size[0], 3), np.uint8)
    for x, y in points:
        cv2.circle(image, (round(x), round(y)), radius_px, (255, 255, 255), -1)
    return image


def test_landmarks_land_on_their_targets() -> None:
    angle, scale = math.radians(25), 1.7
    c, s = scale * math.cos(angle), scale * math.sin(angle)
    points = TARGETS @ np.array([[c, -s], [s, c]]).T + (150.0, 40.0)
    chip = face_chip(marked(points, (500, 500), 4), points, LandmarkLayout.MEDIAPIPE_6)
    assert chip.shape == (150, 150, 3)
    for x, y in TARGETS:
        assert chip[round(y), round(x)].tolist() == [255, 255, 255]
    assert chip[130, 20].tolist() == [0, 0, 0]


def test_the_chip_is_rgb() -> None:
    image = np.zeros((150, 150, 3), np.uint8)
    image[:] = (10, 20, 30)
    chip = face_chip(image, TARGETS, LandmarkLayout.MEDIAPIPE_6)
    assert chip[75, 75].tolist() == [30, 20, 10]


def test_outside_the_frame_the_chip_is_black() -> None:
    image = np.full((150, 150, 3), 200, np.uint8)
    chip = face_chip(image, TARGETS - (60.0, 0.0), LandmarkLayout.MEDIAPIPE_6)
    assert chip[75, 30].tolist() == [0, 0, 0]
    assert chip[75, 120].tolist() == [200, 200, 200]


def test_a_large_face_is_averaged_not_sampled() -> None:
    checkers = (np.indices((1500, 1500)).sum(axis=0) % 2 * 255).astype(np.uint8)
    image = np.repeat(checkers[:, :, None], 3, axis=2)
    chip = face_chip(image, TARGETS * 10.0, LandmarkLayout.MEDIAPIPE_6)
    middle = chip[20:130, 20:130].astype(int)
    assert abs(middle - 127).max() <= 1


def test_a_large_face_keeps_its_place() -> None:
    points = TARGETS * 8.0 + (100.0, 200.0)
    chip = face_chip(marked(points, (1500, 1500), 24), points, LandmarkLayout.MEDIAPIPE_6)
    for x, y in TARGETS:
        assert chip[round(y), round(x)].tolist() == [255, 255, 255]


def test_ears_do_not_count() -> None:
    image = np.random.default_rng(0).integers(0, 255, (200, 200, 3), np.uint8)
    with_ears = np.vstack([TARGETS, [(-900.0, 5.0), (900.0, 5.0)]])
    np.testing.assert_array_equal(
        face_chip(image, with_ears, LandmarkLayout.MEDIAPIPE_6),
        face_chip(image, TARGETS, LandmarkLayout.MEDIAPIPE_6),
    )
