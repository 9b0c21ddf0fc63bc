"""Placing the mesh, and what is read off it, with a function in place of weights."""

from __future__ import annotations

import math
from collections.abc import Mapping

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from edgeai_core.analyzers.faces.face_mesh import (
    FaceMesh,
    FaceMeshEstimator,
    FaceRegion,
    eye_openness,
    head_pose,
    mesh_chip,
)
from edgeai_core.errors import ModelError
from edgeai_core.geometry import Box
from edgeai_core.runtimes.base import Tensor
from edgeai_core.runtimes.fake import FakeSession
from edgeai_core.runtimes.validation import InputSpec
from edgeai_core.types import DetectedFace

MESH_INPUT = InputSpec(name="input_1", shape=(1, 192, 192, 3), dtype=np.dtype(np.float32))
# Left outer, left inner, right outer, right inner corner of the eyes, base of the nose; dlib's
# mean shape brought into a chip of 150 px with a margin of a quarter on each side.
CHIP_POINTS = {
    263: (110.956735, 46.349815),
    362: (89.606041, 47.896744),
    33: (37.057506, 46.372745),
    133: (58.408437, 47.906424),
    2: (74.011231, 87.779753),
}


def mesh(points: Mapping[int, tuple[float, ...]]) -> npt.NDArray[np.float64]:
    """Return a (468, 3) mesh of zeros but for some points, whose missing z is zero."""
    found = np.zeros((468, 3))
    for index, point in points.items():
        found[index, : len(point)] = point
    return found


def looked_at(
    image: npt.NDArray[np.uint8],
    region: FaceRegion,
    points: npt.NDArray[np.float64] | None = None,
    logit: float = 0.0,
) -> tuple[FaceMesh, Tensor]:
    """Return the mesh of a region where the network gives these crop points, and its input."""
    crops: list[Tensor] = []
    given = np.zeros((468, 3)) if points is None else points

    def function(inputs: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        crops.append(inputs["input_1"])
        return {
            "conv2d_21": given.astype(np.float32).reshape(1, 1, 1, 1404),
            "conv2d_31": np.full((1, 1, 1, 1), logit, np.float32),
        }

    session = FakeSession(function, inputs=[MESH_INPUT], outputs=["conv2d_21", "conv2d_31"])
    return FaceMeshEstimator(session).estimate(image, region), crops[0]


def test_a_region_is_one_and_a_half_boxes_turned_as_the_eyes() -> None:
    eyes = np.array([(40.0, 80.0), (70.0, 110.0), (55.0, 90.0)], np.float32)
    face = DetectedFace(box=Box(20, 60, 100, 180), score=1.0, landmarks_xy_px=eyes)
    region = FaceRegion.around_detection(face)
    assert region.center_xy_px == (60.0, 120.0)
    assert region.side_px == 180.0
    assert region.roll_rad == pytest.approx(math.pi / 4)


def test_a_region_can_follow_a_mesh() -> None:
    points = np.full((468, 3), (100.0, 200.0, -5.0))
    points[0, :2], points[1, :2] = (60.0, 190.0), (160.0, 250.0)
    points[33, :2], points[263, :2] = (80.0, 200.0), (120.0, 160.0)
    region = FaceRegion.around_mesh(points)
    assert region.center_xy_px == (110.0, 205.0)
    assert region.side_px == 150.0
    assert region.roll_rad == pytest.approx(-math.pi / 4)


@pytest.mark.parametrize("value", [0.0, math.nan, math.inf])
def test_a_region_needs_an_extent(value: float) -> None:
    with np.errstate(invalid="ignore"), pytest.raises(ValueError, match=r"face region|finite"):
        FaceRegion.around_mesh(np.full((468, 3), value))
    with pytest.raises(ValueError, match=r"face region|finite"):
        FaceRegion(center_xy_px=(0.0, 0.0), side_px=value, roll_rad=0.0)


def test_the_crop_transform_puts_the_region_upright_into_192_px() -> None:
    region = FaceRegion(center_xy_px=(300.0, 200.0), side_px=96.0, roll_rad=math.pi / 2)
    matrix = region.crop_transform()
    # The eyes' line runs downwards in the frame and to the right in the crop; scale 2.
    np.testing.assert_allclose(matrix, [[0.0, 2.0, -304.0], [-2.0, 0.0, 696.0]], atol=1e-9)
    corners = np.array([(348.0, 152.0), (348.0, 248.0), (252.0, 248.0)])
    np.testing.assert_allclose(
        corners @ matrix[:, :2].T + matrix[:, 2], [(0, 0), (192, 0), (192, 192)], atol=1e-9
    )


def test_points_come_back_to_frame_pixels_and_depth_to_their_scale() -> None:
    region = FaceRegion(center_xy_px=(300.0, 200.0), side_px=96.0, roll_rad=math.pi / 2)
    crop_points = mesh({0: (96.0, 96.0, 10.0), 1: (0.0, 0.0, -4.0), 467: (192.0, 96.0, 0.0)})
    found, _ = looked_at(np.zeros((480, 640, 3), np.uint8), region, crop_points)
    assert found.points_xyz_px.shape == (468, 3)
    assert found.points_xyz_px.dtype == np.float32
    np.testing.assert_allclose(
        found.points_xyz_px[[0, 1, 467]],
        [(300.0, 200.0, 5.0), (348.0, 152.0, -2.0), (300.0, 248.0, 0.0)],
        atol=1e-4,
    )


@pytest.mark.parametrize(
    ("logit", "presence"), [(0.0, 0.5), (math.log(9), 0.9), (-1e9, 0.0), (1e9, 1.0)]
)
def test_presence_is_the_sigmoid_of_its_logit(logit: float, presence: float) -> None:
    region = FaceRegion(center_xy_px=(9.0, 9.0), side_px=9.0, roll_rad=0.0)
    found, _ = looked_at(np.zeros((20, 20, 3), np.uint8), region, logit=logit)
    assert found.presence == pytest.approx(presence)


def test_the_network_sees_rgb_from_zero_to_one_and_a_continued_border() -> None:
    image = np.zeros((100, 100, 3), np.uint8)
    image[:, :50], image[:, 50:] = (0, 51, 255), (102, 0, 0)
    region = FaceRegion(center_xy_px=(50.0, 50.0), side_px=192.0, roll_rad=0.0)
    _, crop = looked_at(image, region)
    assert (crop.shape, crop.dtype) == ((1, 192, 192, 3), np.float32)
    assert crop[0, 96, 60].tolist() == pytest.approx([1.0, 0.2, 0.0])
    assert crop[0, 96, 120].tolist() == pytest.approx([0.0, 0.0, 0.4])
    # The frame reaches from 46 to 145 in the crop.
    assert crop[0, 0, 0].tolist() == pytest.approx([1.0, 0.2, 0.0])
    assert crop[0, 191, 191].tolist() == pytest.approx([0.0, 0.0, 0.4])


def test_a_model_of_another_input_is_an_error() -> None:
    session = FakeSession(
        lambda inputs: {},
        inputs=[InputSpec(name="x", shape=(1, 64, 64, 3), dtype=np.dtype(np.float32))],
        outputs=["points", "presence"],
    )
    estimator = FaceMeshEstimator(session)
    region = FaceRegion(center_xy_px=(9.0, 9.0), side_px=9.0, roll_rad=0.0)
    with pytest.raises(ModelError):
        estimator.estimate(np.zeros((20, 20, 3), np.uint8), region)
    assert estimator.runtime_name == "fake"
    estimator.close()
    assert session.closed


def dots(points: npt.NDArray[np.float64], radius_px: int = 4) -> npt.NDArray[np.uint8]:
    image = np.zeros((500, 500, 3), np.uint8)
    for x, y in points:
        cv2.circle(image, (round(x), round(y)), radius_px, (255, 255, 255), -1)
    return image


def test_the_five_points_land_where_dlib_has_them() -> None:
    targets = np.array(list(CHIP_POINTS.values()))
    angle = math.radians(25)
    turn = 1.7 * np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    on_frame = targets @ turn.T + (180.0, 40.0)
    points = mesh(dict(zip(CHIP_POINTS, map(tuple, on_frame), strict=True)))
    chip = mesh_chip(dots(on_frame), points)
    assert (chip.shape, chip.dtype) == ((150, 150, 3), np.uint8)
    for x, y in targets:
        assert chip[round(y), round(x)].tolist() == [255, 255, 255]
    assert chip[130, 20].tolist() == [0, 0, 0]


def test_a_turned_chip_is_the_chip_turned_about_its_middle() -> None:
    points = mesh(CHIP_POINTS)
    # 50 px to the right of the middle; a quarter turn brings it below the middle.
    image = dots(np.array([(125.0, 75.0)]))
    assert mesh_chip(image, points)[75, 125].tolist() == [255, 255, 255]
    turned = mesh_chip(image, points, turn_deg=90.0)
    assert turned[125, 75].tolist() == [255, 255, 255]
    assert turned[75, 125].tolist() == [0, 0, 0]


def test_a_chip_is_rgb_and_black_beyond_the_frame() -> None:
    image = np.full((150, 150, 3), (10, 20, 30), np.uint8)
    chip = mesh_chip(image, mesh(CHIP_POINTS) - (60.0, 0.0, 0.0))
    assert chip[75, 30].tolist() == [0, 0, 0]
    assert chip[75, 120].tolist() == [30, 20, 10]


@pytest.mark.parametrize("value", [1.0, math.nan])
def test_points_without_extent_give_no_chip(value: float) -> None:
    with np.errstate(invalid="ignore"), pytest.raises(ValueError, match="landmarks coincide"):
        mesh_chip(np.zeros((9, 9, 3), np.uint8), np.full((468, 3), value))


def test_eye_openness_is_height_over_width_of_each_eye() -> None:
    right = {33: (0, 0), 133: (10, 0), 160: (3, -1), 144: (3, 2), 158: (7, -1), 153: (7, 1)}
    left = {263: (50, 0), 362: (40, 0), 387: (47, 0), 373: (47, 0), 385: (43, 0), 380: (43, 0)}
    # (3 + 2) / (2 * 10) and closed.
    assert eye_openness(mesh({**right, **left})) == (0.25, 0.0)
    assert eye_openness(np.zeros((468, 3))) == (0.0, 0.0)


def test_eye_openness_does_not_grow_when_the_head_is_turned() -> None:
    # The eye is seen half as wide; its outer corner lies deeper by sqrt(75).
    right = {
        33: (0.0, 0.0, 75**0.5),
        133: (5.0, 0.0, 0.0),
        160: (1.5, -1.0),
        144: (1.5, 2.0),
        158: (3.5, -1.0),
        153: (3.5, 1.0),
    }
    assert eye_openness(mesh(right))[0] == pytest.approx(0.25)


def head(yaw_deg: float, pitch_deg: float, roll_deg: float) -> npt.NDArray[np.float64]:
    """Return a head of four points: pitched, then turned, then tilted."""
    yaw, pitch, roll = np.radians([yaw_deg, pitch_deg, roll_deg])
    # x right, y down, z away from the camera; positive as `HeadPose` says.
    pitched = [
        [1, 0, 0],
        [0, math.cos(pitch), -math.sin(pitch)],
        [0, math.sin(pitch), math.cos(pitch)],
    ]
    turned = [[math.cos(yaw), 0, -math.sin(yaw)], [0, 1, 0], [math.sin(yaw), 0, math.cos(yaw)]]
    tilted = [[math.cos(roll), -math.sin(roll), 0], [math.sin(roll), math.cos(roll), 0], [0, 0, 1]]
    corners = np.array([(-60.0, 0, 40), (60.0, 0, 40), (0, -90.0, 0), (0, 90.0, 0)])
    found = np.zeros((468, 3))
    rotation = np.array(tilted) @ np.array(turned) @ np.array(pitched)
    found[[234, 454, 10, 152]] = corners @ rotation.T + (320.0, 240.0, 0.0)
    return found


@pytest.mark.parametrize(
    ("yaw_deg", "pitch_deg", "roll_deg"),
    [(0, 0, 0), (30, 0, 0), (-45, 0, 0), (0, 20, 0), (0, -20, 0), (0, 0, 35), (0, 0, -170)],
)
def test_head_pose_recovers_a_turn_about_each_axis(
    yaw_deg: float, pitch_deg: float, roll_deg: float
) -> None:
    pose = head_pose(head(yaw_deg, pitch_deg, roll_deg))
    assert (pose.yaw_deg, pose.pitch_deg, pose.roll_deg) == pytest.approx(
        (yaw_deg, pitch_deg, roll_deg), abs=1e-6
    )


def test_head_pose_signs_are_those_of_the_picture() -> None:
    points = head(0, 0, 0)
    # The person's left cheek goes away from the camera: the head turns to the person's left.
    away = points.copy()
    away[454, 2] += 60.0
    assert head_pose(away).yaw_deg > 20.0
    # The forehead comes nearer than the chin: the head nods down.
    nodding = points.copy()
    nodding[10, 2] -= 60.0
    assert head_pose(nodding).pitch_deg > 15.0


def test_points_without_extent_have_no_pose() -> None:
    with pytest.raises(ValueError, match="cheeks coincide"):
        head_pose(np.zeros((468, 3)))
    with pytest.raises(ValueError, match="cheeks coincide"):
        head_pose(np.full((468, 3), math.nan))
    with pytest.raises(ValueError, match="forehead and chin coincide"):
        head_pose(mesh({234: (0.0, 0.0), 454: (9.0, 0.0)}))
