"""A person's joints by name, and which of them bones join."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

#: Joints with a bone, named as in COCO's keypoints (Lin et al., 2014), and the two ends of each.
BONES: tuple[tuple[str, str], ...] = (
    ("left_shoulder", "right_shoulder"),
    ("left_shoulder", "left_elbow"),
    ("left_elbow", "left_wrist"),
    ("right_shoulder", "right_elbow"),
    ("right_elbow", "right_wrist"),
    ("left_shoulder", "left_hip"),
    ("right_shoulder", "right_hip"),
    ("left_hip", "right_hip"),
    ("left_hip", "left_knee"),
    ("left_knee", "left_ankle"),
    ("right_hip", "right_knee"),
    ("right_knee", "right_ankle"),
)
#: Every joint that a bone has, once.
JOINTS: tuple[str, ...] = tuple(dict.fromkeys(joint for bone in BONES for joint in bone))
MIN_VISIBILITY = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Skeleton:
    """The joints of one person in one picture.

    Attributes:
        track_id: identity over time, from 1.
        joints_xy_px: by the names of JOINTS, pixels of the frame; may lie outside of it.
        visibility: by the same names, 0..1: in the picture and not covered.
    """

    track_id: int
    joints_xy_px: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    visibility: Mapping[str, float] = field(default_factory=dict)

    def bones_px(self) -> npt.NDArray[np.float64]:
        """Return the bones whose two joints are seen: (N, 2, 2) float64, [bone, end, xy]."""
        seen = [
            (self.joints_xy_px[begin], self.joints_xy_px[end])
            for begin, end in BONES
            if min(self._seen(begin), self._seen(end)) >= MIN_VISIBILITY
        ]
        return np.array(seen, np.float64).reshape(-1, 2, 2)

    def _seen(self, joint: str) -> float:
        return self.visibility.get(joint, 0.0) if joint in self.joints_xy_px else 0.0
