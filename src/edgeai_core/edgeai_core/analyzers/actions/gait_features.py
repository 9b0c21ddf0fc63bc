"""How fast somebody moves, and what the legs do, independent of camera and distance.

A person's height in the picture says how far away they are, so every box gives a place in space in
body heights: sideways and up from the picture's middle, and along the view. The speed is the slope
of that place. It needs one guess, the camera's focal length, which only scales the part along the
view.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgeai_core.analyzers.actions.pose import (
    LEFT_ANKLE,
    LEFT_HIP,
    LEFT_KNEE,
    RIGHT_ANKLE,
    RIGHT_HIP,
    RIGHT_KNEE,
)
from edgeai_core.analyzers.actions.sights import TORSOS_PER_BODY, Sight

_Floats = npt.NDArray[np.float64]

_MIN_SIGHTS = 5
_MIN_SPAN_S = 0.8
# Of a body that comes out from behind something the first boxes are too small or too large: a
# motion along the view is believed later.
_MIN_NEARING_SPAN_S = 1.2
# Places that scatter by more than this about a straight way are of a box that jumps.
_MAX_SCATTER = 0.25
# Cameras are mounted at least this high, in body heights.
_LOWEST_CAMERA = 0.35
_MIN_VISIBILITY = 0.5
_MIN_LEGS_SHARE = 0.6
_MIN_ON_FEET, _MAX_TILT_DEG = 0.8, 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GaitFeatures:
    """What tells standing, walking and running apart.

    Attributes:
        speed: body heights per second. heading_xy: unit vector of the way in the picture, x right
            and y down; (0, 0) for none.
        lift: how far the higher ankle comes up, as a share of the leg: about 0.2 in walking, over
            0.4 in running, seen from any side; None where the legs are not seen.
        cadence_hz: steps per second; None where the legs are not seen.
        thigh: height of the hips over the knees as a share of the torso, about 0.9 upright and
            below 0.5 seated; None where the legs are not seen.
    """

    speed: float
    heading_xy: tuple[float, float]
    lift: float | None
    cadence_hz: float | None
    thigh: float | None


def gait_features(
    sights: list[Sight], *, width_px: int, height_px: int, focal_widths: float
) -> GaitFeatures | None:
    """Return what tells the gait of a person; None where too little was seen.

    Args:
        sights: of one person, oldest first. width_px, height_px: of the picture. focal_widths:
            focal length of the camera in picture widths.
    """
    if len(sights) < _MIN_SIGHTS:
        return None
    times = np.array([sight.stamp_ns - sights[0].stamp_ns for sight in sights]) / 1e9
    if times[-1] < _MIN_SPAN_S or np.mean([_on_feet(sight) for sight in sights]) < _MIN_ON_FEET:
        return None
    heights = _heights_px(sights)
    if heights is None:
        return None
    middles = np.array([sight.box.center_px for sight in sights]) - (width_px / 2, height_px / 2)
    across = middles / heights[:, None]
    along = focal_widths * width_px / heights
    feet = np.array([sight.box.y_max_px for sight in sights])
    velocity, scatter, doubt = _slopes(times, np.column_stack((across, along, heights, feet)))
    if max(scatter[:2]) > _MAX_SCATTER:
        return None
    nearing = 0.0
    if times[-1] >= _MIN_NEARING_SPAN_S:
        nearing = velocity[2] * _trusted_share(growth=velocity[3], sinking=velocity[4])
    # The height's noise looks like a motion along the view; what it explains does not count.
    squared = velocity[:2] @ velocity[:2] + max(0.0, nearing**2 - 2 * doubt[2] ** 2)
    lift, cadence_hz, thigh = _legs(sights, times)
    return GaitFeatures(
        speed=float(np.sqrt(squared)),
        heading_xy=_heading(times, middles),
        lift=lift,
        cadence_hz=cadence_hz,
        thigh=thigh,
    )


def _trusted_share(*, growth: float, sinking: float) -> float:
    """Return how much of a motion along the view is believed, 0..1.

    Who comes nearer grows, and the feet come down in the picture: by as much as the body grows
    times the camera's height in body heights. A body that grows without is one that comes out from
    behind something.

    Args:
        growth: of the body, sinking: of the feet, both pixels per second.
    """
    if growth == 0:
        return 1.0
    return min(1.0, max(0.0, sinking / (_LOWEST_CAMERA * growth)))


def _on_feet(sight: Sight) -> bool:
    """Whether somebody is upright or sits; of others the box's height says nothing of them."""
    if sight.torso is not None and sight.torso.tilt_deg > _MAX_TILT_DEG:
        return False
    return sight.box.height_px >= sight.box.width_px


def _heights_px(sights: list[Sight]) -> _Floats | None:
    """Return the (N,) body heights; of cut boxes by the torso, None where that is not seen."""
    if not any(sight.cut for sight in sights):
        return np.array([max(sight.box.height_px, 1.0) for sight in sights])
    if any(sight.torso is None for sight in sights):
        return None
    return np.array([TORSOS_PER_BODY * s.torso.length_px for s in sights if s.torso is not None])


def _slopes(times: _Floats, places: _Floats) -> tuple[_Floats, _Floats, _Floats]:
    """Return slope, scatter about the line and standard error of the slope of (N, K) places."""
    centred = times - times.mean()
    spread = float(centred @ centred)
    slope = centred @ (places - places.mean(axis=0)) / spread
    rest = places - places.mean(axis=0) - centred[:, None] * slope
    scatter = np.sqrt((rest**2).mean(axis=0))
    doubt = np.sqrt((rest**2).sum(axis=0) / max(len(times) - 2, 1) / spread)
    return slope, scatter, doubt


def _heading(times: _Floats, middles_px: _Floats) -> tuple[float, float]:
    slope, _, _ = _slopes(times, middles_px)
    length = float(np.hypot(*slope))
    return (0.0, 0.0) if length < 1e-9 else (float(slope[0] / length), float(slope[1] / length))


def _legs(sights: list[Sight], times: _Floats) -> tuple[float | None, float | None, float | None]:
    """Return lift, cadence and thigh of a walk, each None where the legs are not seen."""
    joints = [LEFT_HIP, RIGHT_HIP, LEFT_KNEE, RIGHT_KNEE, LEFT_ANKLE, RIGHT_ANKLE]
    seen = [
        (time, sight.pose.points_xy_px[joints].astype(np.float64), sight.torso.length_px)
        for time, sight in zip(times, sights, strict=True)
        if sight.pose is not None
        and sight.torso is not None
        and float(sight.pose.visibility[joints].min()) >= _MIN_VISIBILITY
    ]
    if len(seen) < max(_MIN_SIGHTS, _MIN_LEGS_SHARE * len(sights)):
        return None, None, None
    moments = np.array([moment for moment, _, _ in seen])
    points = np.array([joint for _, joint, _ in seen])
    torsos = np.array([torso for _, _, torso in seen])
    hips_y = points[:, :2, 1].mean(axis=1)
    drops = (points[:, 4:, 1] - hips_y[:, None]) / torsos[:, None]
    leg = float(np.quantile(drops.max(axis=1), 0.75))
    knees = (points[:, 2:4, 1].mean(axis=1) - hips_y) / torsos
    thigh = float(np.median(knees))
    if leg <= 0:
        return None, None, thigh
    lift = 1.0 - float(np.quantile(drops.min(axis=1), 0.15)) / leg
    return lift, _cadence_hz(moments, (points[:, 4] - points[:, 5]) / torsos[:, None]), thigh


def _cadence_hz(times: _Floats, between: _Floats) -> float | None:
    """Return steps per second from the (N, 2) way between the ankles.

    Along its main direction it swings once a stride, which is two steps. The frequency is the one
    whose sine fits best.
    """
    centred = between - between.mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    swing = centred @ axes[0]
    frequencies = np.arange(0.5, 2.26, 0.05)
    angles = 2 * np.pi * np.outer(frequencies, times)
    power = (np.cos(angles) @ swing) ** 2 + (np.sin(angles) @ swing) ** 2
    return float(2 * frequencies[int(power.argmax())])
