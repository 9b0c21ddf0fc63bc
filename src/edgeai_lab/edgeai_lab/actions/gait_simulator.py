"""People who stand, walk and run before simulated cameras, as boxes and joints with noise.

The angles of hips and knees over a stride follow the usual curves of gait analysis (Winter,
"Biomechanics and Motor Control of Human Movement", and Novacheck, "The biomechanics of running",
1998) as sums of bumps; they are drawn anew for every person. Nothing is taken from pictures.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt

from edgeai_core.action_events import Action
from edgeai_core.analyzers.actions.pose import (
    LEFT_ANKLE,
    LEFT_HIP,
    LEFT_KNEE,
    LEFT_SHOULDER,
    NOSE,
    POINT_COUNT,
    RIGHT_ANKLE,
    RIGHT_HIP,
    RIGHT_KNEE,
    RIGHT_SHOULDER,
    Pose,
    PoseRegion,
)
from edgeai_core.analyzers.actions.sights import Sight, sight_of
from edgeai_core.geometry import Box

WIDTH_PX, HEIGHT_PX = 640, 480

# Body heights: of hips, thigh, shank, shoulders and half their width, half the hips' width.
_HIPS, _THIGH, _SHANK, _SHOULDERS = 0.52, 0.245, 0.246, 0.815
_SHOULDER_HALF, _HIP_HALF = 0.115, 0.075
# Body heights per second: what counts as which. Walking ends where people begin to run.
SPEEDS = {
    Action.STAND: (0.0, 0.12),
    Action.WALK: (0.45, 0.95),
    Action.FAST_WALK: (1.08, 1.4),
    Action.RUN: (1.5, 3.2),
}
# Of so many people the network places the joints badly.
_SLOPPY_SHARE = 0.35


class Part(Enum):
    """Which cameras and speeds are drawn: those that are fitted, or others that only measure."""

    FIT = "fit"
    HELD_OUT = "held out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """A simulated person: the sights of two seconds, and what they do.

    Attributes:
        action: what is to be told. speed: body heights per second. focal_widths: of the camera.
        height_px: of the box in the middle. sights: oldest first.
    """

    action: Action
    speed: float
    focal_widths: float
    height_px: float
    sights: tuple[Sight, ...]


def simulate(rng: np.random.Generator, action: Action, part: Part) -> Walk:
    """Return a person before a camera; both parts draw from gaps in the other's ranges."""
    while True:
        walk = _draw(rng, action, part)
        if walk is not None:
            return walk


def _draw(rng: np.random.Generator, action: Action, part: Part) -> Walk | None:
    low, high = SPEEDS[action]
    # Speeds and focal lengths in eight slices, every other one held out.
    held_out = part is Part.HELD_OUT
    speed = low + (high - low) * _sliced(rng, held_out)
    focal = 0.65 + 0.6 * _sliced(rng, held_out)
    pitch = math.radians(35 * _sliced(rng, held_out))
    distance = rng.uniform(3.5, 11.0)
    heading = rng.uniform(0, 2 * math.pi)
    fps = rng.choice([8.0, 10.0, 12.5, 15.0])
    times = np.arange(0, 2.0, 1 / fps) + rng.normal(0, 0.004, math.ceil(2.0 * fps))
    body = _body(rng, action, speed, times)
    body = _turned(body, heading) + np.outer(times - 1.0, _way(heading) * speed)[:, None, :]
    seen, depth = _seen(body, rng, focal=focal, pitch=pitch, distance=distance)
    if depth.min() < 1.5:
        return None
    return _noisy(rng, action, speed, focal, times, seen)


def _sliced(rng: np.random.Generator, held_out: bool) -> float:
    slices = rng.integers(0, 4) * 2 + held_out
    return float((slices + rng.uniform()) / 8)


def _way(heading: float) -> npt.NDArray[np.float64]:
    return np.array([math.cos(heading), 0.0, math.sin(heading)])


def _bump(phase: npt.NDArray[np.float64], at: float, width: float) -> npt.NDArray[np.float64]:
    away = (phase - at + 0.5) % 1.0 - 0.5
    return np.exp(-((away / width) ** 2))


def _body(
    rng: np.random.Generator, action: Action, speed: float, times: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return (T, 10, 3) points: x ahead, y up from the ground, z to the right, body heights."""
    runs = action is Action.RUN
    moves = action is not Action.STAND
    if runs:
        cadence = rng.uniform(2.5, 2.8) + 0.15 * (speed - 1.5)
    else:
        cadence = 1.25 + 0.85 * speed + rng.normal(0, 0.08)
    phase = cadence / 2 * times + rng.uniform()
    step = speed / max(cadence, 0.1)
    share = rng.uniform(0.45, 0.6) if runs else 1.0
    swing = math.asin(min(0.62, share * step / (2 * _HIPS))) if moves else 0.0
    bounce = (rng.uniform(0.02, 0.045) if runs else 0.02 * speed) if moves else 0.0
    lean = math.radians(rng.uniform(3, 12) if runs else rng.uniform(-3, 6))
    knee_swing = math.radians(rng.uniform(80, 115) if runs else rng.uniform(50, 66))
    points = np.zeros((len(times), 10, 3))
    hip_y = _HIPS - 0.01 * moves + bounce * np.cos(4 * np.pi * phase + (np.pi if runs else 0.0))
    for side, sign in enumerate((-1.0, 1.0)):
        own = (phase + 0.5 * side) % 1.0
        hip = 1.15 * swing * np.cos(2 * np.pi * own) + (0.25 * swing if runs else 0.1 * swing)
        knee = np.zeros_like(own)
        if moves:
            early = math.radians(30 if runs else 14)
            knee = 0.1 + early * _bump(own, 0.13, 0.09)
            knee = knee + knee_swing * _bump(own, 0.68 if runs else 0.72, 0.13)
        z = sign * _HIP_HALF
        thigh = np.stack([np.sin(hip), -np.cos(hip)], 1) * _THIGH
        shank = np.stack([np.sin(hip - knee), -np.cos(hip - knee)], 1) * _SHANK
        points[:, side] = np.column_stack([np.zeros_like(own), hip_y, np.full_like(own, z)])
        points[:, 2 + side] = points[:, side]
        points[:, 2 + side, :2] += thigh
        points[:, 4 + side] = points[:, 2 + side]
        points[:, 4 + side, :2] += shank
        shoulder = _SHOULDERS - _HIPS
        points[:, 6 + side] = np.column_stack(
            [
                np.full_like(own, shoulder * math.sin(lean)),
                hip_y + shoulder * math.cos(lean),
                np.full_like(own, sign * _SHOULDER_HALF),
            ]
        )
    for index, up in ((8, 0.42), (9, 0.48)):  # nose, top of the head
        points[:, index, 0] = up * math.sin(lean)
        points[:, index, 1] = hip_y + up * math.cos(lean)
    return points


def _turned(body: npt.NDArray[np.float64], heading: float) -> npt.NDArray[np.float64]:
    ahead, across = body[..., 0], body[..., 2]
    cosine, sine = math.cos(heading), math.sin(heading)
    return np.stack(
        [cosine * ahead - sine * across, body[..., 1], sine * ahead + cosine * across], axis=-1
    )


def _seen(
    body: npt.NDArray[np.float64],
    rng: np.random.Generator,
    *,
    focal: float,
    pitch: float,
    distance: float,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return (T, 10, 2) pixels and (T, 10) depths before a camera that looks at the middle."""
    aside = rng.uniform(-0.25, 0.25) * distance
    place = body + np.array([aside, -0.5, 0.0])
    cosine, sine = math.cos(pitch), math.sin(pitch)
    # The camera is up and back, looking down by the pitch.
    along = place[..., 2] * cosine - place[..., 1] * sine + distance
    up = place[..., 2] * sine + place[..., 1] * cosine
    focal_px = focal * WIDTH_PX
    pixels = np.stack([place[..., 0], -up], axis=-1) * (focal_px / along)[..., None]
    return pixels + np.array([WIDTH_PX / 2, HEIGHT_PX / 2]), along


def _noisy(
    rng: np.random.Generator,
    action: Action,
    speed: float,
    focal: float,
    times: npt.NDArray[np.float64],
    seen: npt.NDArray[np.float64],
) -> Walk | None:
    low, high = seen.min(axis=1), seen.max(axis=1)
    heights = high[:, 1] - low[:, 1]
    if not 40 <= heights.min() <= heights.max() <= 0.97 * HEIGHT_PX:
        return None
    if low.min() < 4 or high[:, 0].max() > WIDTH_PX - 4 or high[:, 1].max() > HEIGHT_PX - 4:
        return None
    # Edges of boxes scatter by about 2 % of the height and drift a little, joints by 1.5 %.
    jitter = rng.normal(0, 0.012, (len(times), 4)) + rng.normal(0, 0.008, 4)
    drift = np.cumsum(rng.normal(0, 0.004, (len(times), 4)), axis=0)
    scatter = rng.normal(0, 0.015, seen.shape) * heights[:, None, None]
    with_pose = rng.uniform() < 0.8 and heights.min() >= 90
    if rng.uniform() < _SLOPPY_SHARE:
        scatter *= rng.uniform(1.5, 3.0)
        _swap_legs(rng, seen)
    sights = []
    for index, time in enumerate(times):
        margin = np.array([-0.06, -0.01, 0.06, 0.03]) + jitter[index] + drift[index]
        edges = np.concatenate([low[index], high[index]]) + margin * heights[index]
        pose = _pose(seen[index] + scatter[index]) if with_pose else None
        sights.append(
            sight_of(
                Box(*(float(edge) for edge in edges)),
                pose,
                stamp_ns=round((time + 10) * 1e9),
                area=Box(0, 0, WIDTH_PX, HEIGHT_PX),
            )
        )
    return Walk(
        action=action,
        speed=speed,
        focal_widths=focal,
        height_px=float(np.median(heights)),
        sights=tuple(sights),
    )


def _swap_legs(rng: np.random.Generator, seen: npt.NDArray[np.float64]) -> None:
    """Take left for right in some pictures, as networks do where one leg hides the other."""
    swapped = np.flatnonzero(rng.uniform(size=len(seen)) < rng.uniform(0.1, 0.5))
    for left, right in ((0, 1), (2, 3), (4, 5)):
        seen[swapped, left], seen[swapped, right] = seen[swapped, right], seen[swapped, left].copy()


def _pose(points: npt.NDArray[np.float64]) -> Pose:
    joints = [LEFT_HIP, RIGHT_HIP, LEFT_KNEE, RIGHT_KNEE, LEFT_ANKLE, RIGHT_ANKLE]
    joints += [LEFT_SHOULDER, RIGHT_SHOULDER, NOSE]
    placed = np.zeros((POINT_COUNT, 2), np.float32)
    visibility = np.zeros(POINT_COUNT, np.float32)
    placed[joints], visibility[joints] = points[:9], 1.0
    return Pose(
        points_xy_px=placed,
        visibility=visibility,
        presence=1.0,
        region=PoseRegion(center_xy_px=(0.0, 0.0), side_px=100.0, turn_rad=0.0),
    )
