"""Rays and pixels of calibrated and nominal cameras, and the files that hold them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from edgeai_core.camera_calibration import read_calibration
from edgeai_core.camera_model import CameraModel
from edgeai_core.errors import ConfigError

MATRIX = (500.0, 0.0, 310.0, 0.0, 505.0, 245.0, 0.0, 0.0, 1.0)
CORNERS = np.array([(0.0, 0.0), (639.0, 0.0), (639.0, 479.0), (0.0, 479.0), (320.0, 240.0)])

FILE = """\
image_width: 640
image_height: 480
camera_name: door
camera_matrix:
  rows: 3
  cols: 3
  data: [500.0, 0, 310.0, 0, 505.0, 245.0, 0, 0, 1]
distortion_model: plumb_bob
distortion_coefficients: {rows: 1, cols: 5, data: [-0.3, 0.1, 0.001, -0.002, 0.0]}
rectification_matrix: {rows: 3, cols: 3, data: [1, 0, 0, 0, 1, 0, 0, 0, 1]}
projection_matrix: {rows: 3, cols: 4, data: [480, 0, 305, 0, 0, 490, 244, 0, 0, 0, 1, 0]}
"""


def camera(model: str = "plumb_bob", distortion: tuple[float, ...] = ()) -> CameraModel:
    return CameraModel(
        width_px=640,
        height_px=480,
        camera_matrix=MATRIX,
        distortion_model=model,
        distortion=distortion,
    )


def test_a_nominal_camera_sees_its_angle_from_edge_to_edge():
    seen = CameraModel.nominal(width_px=640, height_px=480, horizontal_fov_deg=90.0)
    left, right = seen.points_at(np.array([(-0.5, 239.5), (639.5, 239.5)]), depth_m=2.0)
    assert left == pytest.approx((-2.0, 0.0, 2.0))
    assert right == pytest.approx((2.0, 0.0, 2.0))


def test_the_axis_of_a_nominal_camera_goes_through_the_middle_of_the_picture():
    seen = CameraModel.nominal(width_px=640, height_px=480, horizontal_fov_deg=60.0)
    assert seen.pixels_of(np.array([(0.0, 0.0, 5.0)])).tolist() == [[319.5, 239.5]]


@pytest.mark.parametrize(
    ("model", "distortion"),
    [
        ("plumb_bob", ()),
        ("plumb_bob", (-0.35, 0.12, 0.001, -0.002, 0.0)),
        ("rational_polynomial", (0.2, -0.1, 0.0005, 0.001, 0.02, 0.3, -0.05, 0.01)),
        ("equidistant", (0.05, -0.01, 0.002, -0.0005)),
    ],
)
def test_pixels_come_back_from_their_rays(model, distortion):
    seen = camera(model, distortion)
    back = seen.pixels_of(seen.points_at(CORNERS, depth_m=3.0))
    assert np.abs(back - CORNERS).max() < 0.01


def test_barrel_distortion_bends_rays_outward():
    straight = camera().points_at(CORNERS[:1], depth_m=1.0)[0]
    bent = camera(distortion=(-0.3, 0.1, 0.0, 0.0, 0.0)).points_at(CORNERS[:1], depth_m=1.0)[0]
    assert math.hypot(*bent[:2]) > 1.05 * math.hypot(*straight[:2])


def test_no_points_are_no_points():
    assert camera().points_at(np.empty((0, 2)), depth_m=1.0).shape == (0, 3)
    assert camera().pixels_of(np.empty((0, 3))).shape == (0, 2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"camera_matrix": MATRIX[:8]}, "camera_matrix: got 8 numbers, expected 9"),
        ({"camera_matrix": (0.0, *MATRIX[1:])}, "focal lengths 0 and 505 px, expected above 0"),
        ({"distortion": (0.1, 0.2)}, "plumb_bob: got 2 numbers, expected 0 or 5"),
        ({"distortion_model": "wavy"}, "expected one of plumb_bob, rational_polynomial, equi"),
        ({"projection": (math.nan,) * 12}, "projection_matrix: got .* expected finite"),
    ],
)
def test_numbers_that_no_camera_has_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        CameraModel(**{"width_px": 640, "height_px": 480, "camera_matrix": MATRIX} | change)


@pytest.mark.parametrize("scheme", ["", "file://"])
def test_a_calibration_file_is_read_by_path_and_by_url(tmp_path, scheme):
    file = tmp_path / "ost.yaml"
    file.write_text(FILE, encoding="utf-8")
    read = read_calibration(f"{scheme}{file}")
    assert (read.width_px, read.height_px) == (640, 480)
    assert read.camera_matrix == MATRIX
    assert read.distortion == (-0.3, 0.1, 0.001, -0.002, 0.0)
    assert read.projection[:4] == (480.0, 0.0, 305.0, 0.0)


@pytest.mark.parametrize(
    ("wrong", "right", "message"),
    [
        ("", "{", "is no YAML"),
        (FILE, "[]", "got no fields"),
        ("image_width: 640", "image_width: wide", "image_width: got 'wide', expected a whole"),
        ("[-0.3, 0.1, 0.001, -0.002, 0.0]", "[0.1]", "plumb_bob: got 1 numbers, expected 0 or 5"),
        ("camera_matrix:", "matrix:", "camera_matrix: got None, expected rows, cols and data"),
    ],
)
def test_a_wrong_calibration_says_what_is_wrong_and_how_to_make_one(
    tmp_path, wrong, right, message
):
    file = tmp_path / "ost.yaml"
    file.write_text(FILE.replace(wrong, right, 1), encoding="utf-8")
    with pytest.raises(ConfigError, match=f"{message}[^$]*cameracalibrator"):
        read_calibration(str(file))


def test_a_calibration_that_is_not_there_and_one_of_a_package_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        read_calibration(str(tmp_path / "none.yaml"))
    with pytest.raises(ConfigError, match="expected a path or file:///path"):
        read_calibration("package://robot/ost.yaml")
