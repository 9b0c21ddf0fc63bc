"""Where a camera is: the transforms from its mount to its optical frame (REP-103, REP-105)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from edgeai_core.config import param

#: From a body frame (x forward, y left, z up) to an optical one (x right, y down, z forward).
OPTICAL_RPY_DEG = (-90.0, 0.0, -90.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class MountConfig:
    """Where the camera is fixed; published once on /tf_static."""

    publish_tf: bool = param(
        True,
        "Publish where the camera is; false where a robot's description says it, with the frame "
        "that frame_id names.",
    )
    parent_frame: str = param(
        "map",
        "What the camera is fixed to: map for a wall, base_link for a robot; empty publishes the "
        "camera's own two frames only.",
    )
    x_m: float = param(0.0, "Forward from the parent frame.", unit="m")
    y_m: float = param(0.0, "To the left of the parent frame.", unit="m")
    z_m: float = param(0.0, "Above the parent frame.", unit="m")
    roll_deg: float = param(
        0.0, "Turn about the forward axis, first; above 0 leans right.", unit="deg"
    )
    pitch_deg: float = param(
        0.0, "Turn about the left axis, second; above 0 looks down.", unit="deg"
    )
    yaw_deg: float = param(0.0, "Turn about the upward axis, last; above 0 looks left.", unit="deg")


@dataclass(frozen=True, slots=True, kw_only=True)
class Transform:
    """Where a frame is in its parent.

    Attributes:
        translation_m: x, y, z. rotation_xyzw: unit quaternion.
    """

    parent: str
    child: str
    translation_m: tuple[float, float, float]
    rotation_xyzw: tuple[float, float, float, float]


def camera_frame(namespace: str, suffix: str) -> str:
    """Return a frame of the camera of a namespace, for instance ``floor_1/door_link``.

    A slash stays: with another sign two cameras could get one name. Without a namespace the
    camera is called camera.
    """
    return f"{namespace.strip('/') or 'camera'}_{suffix}"


def camera_transforms(config: MountConfig, *, link: str, optical: str) -> tuple[Transform, ...]:
    """Return mount to link, unless nothing is the parent, and link to optical frame."""
    inner = Transform(
        parent=link,
        child=optical,
        translation_m=(0.0, 0.0, 0.0),
        rotation_xyzw=quaternion_of(*OPTICAL_RPY_DEG),
    )
    if not config.parent_frame:
        return (inner,)
    outer = Transform(
        parent=config.parent_frame,
        child=link,
        translation_m=(config.x_m, config.y_m, config.z_m),
        rotation_xyzw=quaternion_of(config.roll_deg, config.pitch_deg, config.yaw_deg),
    )
    return outer, inner


def quaternion_of(
    roll_deg: float, pitch_deg: float, yaw_deg: float
) -> tuple[float, float, float, float]:
    """Return turns about the fixed x, y and z axes, in this order, as a quaternion x, y, z, w."""
    half = [math.radians(angle) / 2 for angle in (roll_deg, pitch_deg, yaw_deg)]
    (sr, sp, sy), (cr, cp, cy) = map(math.sin, half), map(math.cos, half)
    return (
        sr * cp * cy - cr * sp * sy,
        cr * sp * cy + sr * cp * sy,
        cr * cp * sy - sr * sp * cy,
        cr * cp * cy + sr * sp * sy,
    )
