from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeai_core.analyzers.faces.alignment import similarity_transform
from edgeai_core.regions import upright_crop

SQUARE = np.array([(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)])


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


def placed(scale: float, x: float, y: float) -> npt.NDArray[np.float64]:
    return np.array([[scale, 0.0, x], [0.0, scale, y]])


def crop(
    image: npt.NDArray[np.uint8], matrix: npt.NDArray[np.float64], side_px: int
) -> npt.NDArray[np.uint8]:
    return upright_crop(image, matrix, side_px=side_px, border=cv2.BORDER_CONSTANT)


def centroid(image: npt.NDArray[np.uint8]) -> tuple[float, float]:
    weights = image[:, :, 0].astype(float)
    ys, xs = np.indices(weights.shape)
    return float((xs * weights).sum() / weights.sum()), float((ys * weights).sum() / weights.sum())


def test_pixels_move_as_the_matrix_says_and_become_rgb() -> None:
    image = np.zeros((10, 12, 3), np.uint8)
    image[3, 7] = (10, 20, 30)
    quarter_turn = np.array([[0.0, -1.0, 8.0], [1.0, 0.0, -5.0]])
    turned = crop(image, quarter_turn, 6)
    assert turned.shape == (6, 6, 3)
    # (7, 3) goes to (8 - 3, 7 - 5).
    assert turned[2, 5].tolist() == [30, 20, 10]
    assert int(turned.sum()) == 60


def test_outside_the_frame_the_border_decides() -> None:
    image = np.full((10, 10, 3), 200, np.uint8)
    matrix = placed(1.0, 5.0, 0.0)
    assert crop(image, matrix, 10)[4, [2, 7], 0].tolist() == [0, 200]
    replicated = upright_crop(image, matrix, side_px=10, border=cv2.BORDER_REPLICATE)
    assert replicated[4, [2, 7], 0].tolist() == [200, 200]


@pytest.mark.parametrize("scale", [0.1, 0.25, 0.49])
def test_a_much_finer_frame_is_averaged_not_sampled(scale: float) -> None:
    checkers = (np.indices((1500, 1500)).sum(axis=0) % 2 * 255).astype(np.uint8)
    image = np.repeat(checkers[:, :, None], 3, axis=2)
    inner = crop(image, placed(scale, -0.5, -0.5), 100)[2:-2, 2:-2]
    assert abs(inner.astype(int) - 127).max() <= 4


def test_averaging_keeps_the_place() -> None:
    """A square of 80 px about (399.5, 239.5) becomes one of 8 px about (29.95, 29.95)."""
    image = np.zeros((1000, 1200, 3), np.uint8)
    image[200:280, 360:440] = 255
    small = crop(image, placed(0.1, -10.0, 6.0), 60)
    assert small[30, 30].tolist() == [255, 255, 255]
    assert centroid(small) == pytest.approx((29.95, 29.95), abs=0.03)


def test_averaging_turns_as_well() -> None:
    image = np.zeros((800, 800, 3), np.uint8)
    cv2.circle(image, (600, 400), 40, (255, 255, 255), -1)
    angle = math.radians(30)
    linear = 0.25 * np.array(
        [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
    )
    matrix = np.column_stack([linear, 100 - linear @ (400, 400)])
    turned = crop(image, matrix, 200)
    expected = linear @ (600, 400) + matrix[:, 2]
    assert centroid(turned) == pytest.approx(tuple(expected), abs=0.03)


@pytest.mark.parametrize("shift", [-1e5, 1e5])
def test_a_crop_beyond_the_frame_is_border_only(shift: float) -> None:
    image = np.full((100, 100, 3), 9, np.uint8)
    assert not crop(image, placed(0.1, shift, 0.0), 20).any()
