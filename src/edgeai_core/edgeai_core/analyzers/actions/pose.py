"""Where a person's joints are: MediaPipe's BlazePose on the boxes of tracked people.

Two networks (Bazarevsky et al., "BlazePose: On-device Real-time Body Pose tracking", 2020): one
finds the middle of the hips and how the body is turned, the other places 33 points on the upright
crop. A lying person comes upright that way, which a crop along the picture's edges would not do.
While somebody is followed the last points say where to look, and the first network rests.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from edgeai_core.geometry import Box, Letterbox
from edgeai_core.regions import crop_matrix, upright_crop
from edgeai_core.runtimes.base import InferenceSession

POINT_COUNT = 33
NOSE = 0
LEFT_SHOULDER, RIGHT_SHOULDER = 11, 12
LEFT_ELBOW, RIGHT_ELBOW = 13, 14
LEFT_WRIST, RIGHT_WRIST = 15, 16
LEFT_HIP, RIGHT_HIP = 23, 24
LEFT_KNEE, RIGHT_KNEE = 25, 26
LEFT_ANKLE, RIGHT_ANKLE = 27, 28

_Floats = npt.NDArray[np.float32]

_FINDER_SIDE_PX = 224
# Strides and anchors per cell of the finder's grid (pose_detection_cpu.pbtxt: two anchors per
# layer, three layers of stride 32).
_GRIDS = ((8, 2), (16, 2), (32, 6))
_PLACER_SIDE_PX = 256
_AUXILIARY_POINTS = 2
# The placer's square reaches this far beyond twice the distance from hips to the body's end.
_REGION_SCALE = 1.25
# A person's box with room around: arms reach out of it, and the finder was trained on such.
_BOX_SCALE = 1.3
_MIN_SIDE_PX = 16.0
_MAX_LOGIT = 80.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pose:
    """The joints of one person.

    Attributes:
        points_xy_px: (33, 2) float32 in BlazePose's order, pixels of the frame; may lie outside.
        visibility: (33,) float32, 0..1: in the picture and not covered.
        presence: 0..1, the network's belief that it looks at a person.
        region: where to look for the same person in the next frame.
    """

    points_xy_px: _Floats
    visibility: _Floats
    presence: float
    region: PoseRegion


@dataclass(frozen=True, slots=True, kw_only=True)
class PoseRegion:
    """The turned square of a frame in which a person stands upright.

    Attributes:
        center_xy_px: middle of the hips, frame pixels. side_px: of the square.
        turn_rad: 0 for somebody upright, positive clockwise in the frame.
    """

    center_xy_px: tuple[float, float]
    side_px: float
    turn_rad: float

    @classmethod
    def of_body(cls, hips_xy_px: _Floats, end_xy_px: _Floats) -> PoseRegion | None:
        """Return the region of a body whose axis leads from the hips beyond the head.

        None for points that are no body: not finite, or all in one place.
        """
        x, y = (float(value) for value in end_xy_px - hips_xy_px)
        length_px = math.hypot(x, y)
        if not math.isfinite(length_px) or 2 * length_px < _MIN_SIDE_PX:
            return None
        return cls(
            center_xy_px=(float(hips_xy_px[0]), float(hips_xy_px[1])),
            side_px=2 * length_px * _REGION_SCALE,
            turn_rad=math.atan2(x, -y),
        )


class PoseEstimator:
    """Places joints on people; one worker owns an instance, it is not thread-safe.

    Args:
        finder: ``pose_detection.tflite`` (224 x 224 RGB, -1..1). placer:
            ``pose_landmark_full.tflite`` (256 x 256 RGB, 0..1). min_found, min_presence: 0..1,
            from which score on a body is believed found and its joints placed.
    """

    def __init__(
        self,
        finder: InferenceSession,
        placer: InferenceSession,
        *,
        min_found: float = 0.5,
        min_presence: float = 0.5,
    ) -> None:
        self._finder, self._placer = finder, placer
        self._min_found, self._min_presence = min_found, min_presence
        self._anchors_px = _anchors()

    @property
    def runtime_name(self) -> str:
        """Name of the runtime that runs the models."""
        return self._placer.runtime_name

    def estimate(
        self, image: npt.NDArray[np.uint8], box: Box, *, region: PoseRegion | None = None
    ) -> Pose | None:
        """Return the pose of the person in a box, None where there is none to be seen.

        Args:
            image: (H, W, 3) uint8 BGR. box: pixels of the image. region: of the last pose of the
                same person, if it is recent; saves the finder's time.

        Raises:
            ModelError: a model does not take or give what its card says.
        """
        if region is not None:
            pose = self._placed(image, region)
            if pose is not None and _agrees(pose, box):
                return pose
        found = self._found(image, box)
        return None if found is None else self._placed(image, found)

    def close(self) -> None:
        """Free the models; calling it twice is harmless."""
        self._finder.close()
        self._placer.close()

    def _found(self, image: npt.NDArray[np.uint8], box: Box) -> PoseRegion | None:
        height_px, width_px = image.shape[:2]
        side_px = _BOX_SCALE * max(box.width_px, box.height_px)
        x, y = box.center_px
        around = Box(x - side_px / 2, y - side_px / 2, x + side_px / 2, y + side_px / 2)
        around = around.clipped(width_px=width_px, height_px=height_px)
        if min(around.width_px, around.height_px) < _MIN_SIDE_PX:
            return None
        left, top, right, bottom = (round(edge) for edge in around.as_xyxy())
        part = np.ascontiguousarray(image[top:bottom, left:right])
        letterbox = Letterbox.fit(
            image_width_px=part.shape[1],
            image_height_px=part.shape[0],
            canvas_width_px=_FINDER_SIDE_PX,
            canvas_height_px=_FINDER_SIDE_PX,
        )
        canvas = cv2.cvtColor(letterbox.apply(part), cv2.COLOR_BGR2RGB)
        tensor = canvas.astype(np.float32)[None] / 127.5 - 1.0
        outputs = self._finder.run({self._finder.input_names[0]: tensor})
        codes, logits = (outputs[name] for name in self._finder.output_names)
        scores = _sigmoid(logits.reshape(-1).astype(np.float32))
        best = int(scores.argmax())
        if scores[best] < self._min_found:
            return None
        # After the box: middle of the hips, end of the body's axis, and the same of the upper body.
        points = codes.reshape(-1, 6, 2)[best, 2:4] + self._anchors_px[best]
        hips, end = letterbox.to_image(points.astype(np.float32)) + np.array([left, top])
        return PoseRegion.of_body(hips.astype(np.float32), end.astype(np.float32))

    def _placed(self, image: npt.NDArray[np.uint8], region: PoseRegion) -> Pose | None:
        matrix = crop_matrix(
            region.center_xy_px,
            side_px=region.side_px,
            turn_rad=region.turn_rad,
            crop_side_px=_PLACER_SIDE_PX,
        )
        crop = upright_crop(image, matrix, side_px=_PLACER_SIDE_PX, border=cv2.BORDER_CONSTANT)
        tensor = crop[None].astype(np.float32) / 255.0
        outputs = self._placer.run({self._placer.input_names[0]: tensor})
        names = self._placer.output_names
        presence = float(outputs[names[1]].reshape(-1)[0])
        if not presence >= self._min_presence:
            return None
        points = (
            outputs[names[0]].reshape(POINT_COUNT + _AUXILIARY_POINTS + 4, 5).astype(np.float32)
        )
        inverse = cv2.invertAffineTransform(matrix)
        on_frame = (points[:, :2] @ inverse[:, :2].T + inverse[:, 2]).astype(np.float32)
        following = PoseRegion.of_body(on_frame[POINT_COUNT], on_frame[POINT_COUNT + 1])
        if following is None:
            return None
        return Pose(
            points_xy_px=on_frame[:POINT_COUNT],
            visibility=_sigmoid(points[:POINT_COUNT, 3]),
            presence=min(1.0, presence),
            region=following,
        )


def _agrees(pose: Pose, box: Box) -> bool:
    """Whether a pose that was followed is still the person in the box, not a neighbour."""
    middle = pose.points_xy_px[[LEFT_SHOULDER, RIGHT_SHOULDER, LEFT_HIP, RIGHT_HIP]].mean(axis=0)
    return bool(
        box.x_min_px <= middle[0] <= box.x_max_px and box.y_min_px <= middle[1] <= box.y_max_px
    )


def _sigmoid(logits: _Floats) -> _Floats:
    shares = 1.0 / (1.0 + np.exp(-np.clip(logits, -_MAX_LOGIT, _MAX_LOGIT)))
    return np.asarray(shares, np.float32)


def _anchors() -> _Floats:
    """Return the (2254, 2) middles of the finder's cells, one for each anchor, in input pixels."""
    parts = []
    for stride_px, count in _GRIDS:
        ticks = (np.arange(_FINDER_SIDE_PX // stride_px) + 0.5) * stride_px
        x, y = np.meshgrid(ticks, ticks)
        cells = np.stack([x.ravel(), y.ravel()], axis=1)
        parts.append(np.repeat(cells, count, axis=0))
    return np.concatenate(parts).astype(np.float32)
