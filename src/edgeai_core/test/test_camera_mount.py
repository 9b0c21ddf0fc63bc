"""Where a camera and its optical frame are."""

from __future__ import annotations

import numpy as np
import pytest

from edgeai_core.camera_mount import (
    MountConfig,
    camera_frame,
    camera_transforms,
    quaternion_of,
)

X, Y, Z = np.eye(3)


def turned(quaternion, vector):
    """Return a vector of the child frame in the parent frame."""
    x, y, z, w = quaternion
    axis = np.array([x, y, z])
    return vector + 2 * np.cross(axis, np.cross(axis, vector) + w * vector)


def test_the_optical_frame_looks_forward_with_y_down():
    [_, inner] = camera_transforms(MountConfig(), link="door_link", optical="door_optical_frame")
    assert (inner.parent, inner.child) == ("door_link", "door_optical_frame")
    assert inner.translation_m == (0.0, 0.0, 0.0)
    assert turned(inner.rotation_xyzw, Z) == pytest.approx(X)  # depth is forward
    assert turned(inner.rotation_xyzw, X) == pytest.approx(-Y)  # right in the picture is right
    assert turned(inner.rotation_xyzw, Y) == pytest.approx(-Z)  # down in the picture is down
    assert inner.rotation_xyzw == pytest.approx((-0.5, 0.5, -0.5, 0.5))


def test_the_mount_is_metres_and_degrees():
    config = MountConfig(x_m=1.0, y_m=2.0, z_m=3.0, pitch_deg=90.0)
    [outer, _] = camera_transforms(config, link="l", optical="o")
    assert (outer.parent, outer.child, outer.translation_m) == ("map", "l", (1.0, 2.0, 3.0))
    assert turned(outer.rotation_xyzw, X) == pytest.approx(-Z)  # looks straight down


@pytest.mark.parametrize(
    ("angles", "before", "after"),
    [((90, 0, 0), Y, Z), ((0, 0, 90), X, Y), ((90, 0, 90), Y, Z), ((0, 90, 90), X, -Z)],
)
def test_roll_comes_first_and_yaw_last(angles, before, after):
    assert turned(quaternion_of(*angles), before) == pytest.approx(after)


def test_a_camera_that_is_fixed_to_nothing_has_its_own_two_frames():
    [only] = camera_transforms(MountConfig(parent_frame=""), link="l", optical="o")
    assert (only.parent, only.child) == ("l", "o")


@pytest.mark.parametrize(
    ("namespace", "frame"),
    [
        ("/camera", "camera_link"),
        ("/", "camera_link"),
        ("/floor_1/door", "floor_1/door_link"),
        ("/floor/1_door", "floor/1_door_link"),
    ],
)
def test_two_cameras_never_share_a_frame(namespace, frame):
    assert camera_frame(namespace, "link") == frame
