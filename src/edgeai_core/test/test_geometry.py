"""Boxes, overlap, suppression and the letterbox, on numbers that can be checked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeai_core.geometry import Box, Letterbox, iou_matrix, non_maximum_suppression


def test_a_box_knows_its_measures():
    box = Box(10, 20, 40, 60)
    assert (box.width_px, box.height_px, box.area_px2) == (30, 40, 1200)
    assert box.center_px == (25, 40)
    assert box.as_xyxy() == (10, 20, 40, 60)


@pytest.mark.parametrize("edges", [(1, 0, 0, 1), (0, 1, 1, 0)])
def test_an_inside_out_box_is_refused(edges):
    with pytest.raises(ValueError, match="inside out"):
        Box(*edges)


@pytest.mark.parametrize("edge", [math.nan, math.inf, -math.inf])
def test_edges_must_be_finite(edge):
    with pytest.raises(ValueError, match="finite"):
        Box(0, 0, edge, 1)


def test_clipping_keeps_the_part_inside():
    assert Box(-5, 2, 30, 12).clipped(width_px=20, height_px=10) == Box(0, 2, 20, 10)


def test_a_box_outside_collapses_onto_the_border():
    clipped = Box(30, 30, 40, 40).clipped(width_px=20, height_px=10)
    assert clipped == Box(20, 10, 20, 10)
    assert clipped.area_px2 == 0


def test_iou_of_half_overlapping_equal_and_separate_boxes():
    boxes = np.array([[0, 0, 2, 2], [1, 0, 3, 2], [5, 5, 6, 6]], np.float32)
    expected = [[1, 1 / 3, 0], [1 / 3, 1, 0], [0, 0, 1]]
    np.testing.assert_allclose(iou_matrix(boxes, boxes), expected)


def test_iou_of_empty_boxes_is_zero_and_not_nan():
    empty = np.zeros((1, 4))
    assert iou_matrix(empty, empty).tolist() == [[0.0]]


def test_iou_with_no_boxes_has_the_shape_of_nothing():
    assert iou_matrix(np.zeros((0, 4)), np.zeros((3, 4))).shape == (0, 3)


def test_suppression_keeps_the_best_of_overlapping_boxes():
    boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [50, 50, 60, 60]], np.float32)
    kept = non_maximum_suppression(boxes, np.array([0.5, 0.9, 0.1]), iou_threshold=0.5)
    assert kept.tolist() == [1, 2]


def test_suppression_keeps_an_overlap_of_exactly_the_threshold():
    boxes = np.array([[0, 0, 2, 2], [0, 0, 2, 1]], np.float32)
    kept = non_maximum_suppression(boxes, np.array([1.0, 0.5]), iou_threshold=0.5)
    assert kept.tolist() == [0, 1]


def test_suppression_of_nothing_is_nothing():
    kept = non_maximum_suppression(np.zeros((0, 4)), np.zeros(0), iou_threshold=0.5)
    assert kept.tolist() == []


def test_of_equal_boxes_one_survives():
    boxes = np.tile(np.array([[0, 0, 4, 4]], np.float32), (5, 1))
    kept = non_maximum_suppression(boxes, np.full(5, 0.7), iou_threshold=0.3)
    assert kept.tolist() == [0]


def wide_in_square() -> Letterbox:
    return Letterbox.fit(
        image_width_px=640, image_height_px=480, canvas_width_px=320, canvas_height_px=320
    )


def test_the_letterbox_centres_a_wide_picture():
    box = wide_in_square()
    assert (box.scale, box.pad_x_px, box.pad_y_px) == (0.5, 0, 40)


def test_the_border_has_the_asked_grey_and_the_picture_is_whole():
    image = np.full((480, 640, 3), 200, np.uint8)
    canvas = wide_in_square().apply(image, border=7)
    assert canvas.shape == (320, 320, 3)
    assert (canvas[:40] == 7).all()
    assert (canvas[40:280] == 200).all()
    assert (canvas[280:] == 7).all()


def test_a_picture_that_fits_already_is_not_copied():
    image = np.zeros((32, 32, 3), np.uint8)
    box = Letterbox.fit(
        image_width_px=32, image_height_px=32, canvas_width_px=32, canvas_height_px=32
    )
    assert box.apply(image) is image


def test_canvas_points_come_back_to_the_picture():
    points = np.array([[0, 40], [320, 280]], np.float32)
    assert wide_in_square().to_image(points).tolist() == [[0, 0], [640, 480]]


@given(
    width=st.integers(1, 4000),
    height=st.integers(1, 4000),
    canvas=st.integers(16, 1000),
)
def test_the_corners_of_any_picture_come_back_within_a_pixel_of_the_canvas(width, height, canvas):
    box = Letterbox.fit(
        image_width_px=width,
        image_height_px=height,
        canvas_width_px=canvas,
        canvas_height_px=canvas,
    )
    far = np.array([box.pad_x_px + width * box.scale, box.pad_y_px + height * box.scale])
    assert (far <= canvas + 1).all()
    np.testing.assert_allclose(box.to_image(far), [width, height], rtol=1e-9)
