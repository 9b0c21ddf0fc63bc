"""Place MediaPipe's face mesh on a detected face: alignment for recognition, signals for liveness.

The 468 points follow MediaPipe's canonical face topology. "Right" is the person's right, left in
the image. Point numbers come from the contour tables of ``mediapipe/python/solutions/
face_mesh_connections.py`` and the canonical face model (``mediapipe/modules/face_geometry``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from edgeai_core.analyzers.faces.alignment import (
    CHIP_SIDE_PX,
    similarity_transform,
)
from edgeai_core.geometry import Box
from edgeai_core.regions import crop_matrix, upright_crop
from edgeai_core.runtimes.base import InferenceSession
from edgeai_core.types import DetectedFace

MESH_POINT_COUNT = 468
_INPUT_SIDE_PX = 192
# MediaPipe's face_detection_front_detection_to_roi: the square is 1.5 times the box's long side.
_REGION_SCALE = 1.5
_MAX_LOGIT = 80.0

# The corners of the eyes (left outer, left inner, right outer, right inner) and the nose base: the
# points that dlib's five-point aligner, for which the embedding network was made, looks for.
_ALIGNMENT_POINTS = (263, 362, 33, 133, 2)
# dlib's published mean shape of these points in the unit square (get_face_chip_details,
# dlib/image_transforms/interpolation.h), brought into a chip with a margin of 0.25.
_MEAN_SHAPE = np.array(
    [
        (0.8595674595992, 0.2134981538014),
        (0.6460604764104, 0.2289674387677),
        (0.1205750620789, 0.2137274526848),
        (0.3340850613712, 0.2290642403242),
        (0.4901123135679, 0.6277975316475),
    ]
)
_CHIP_MARGIN = 0.25
_CHIP_TARGETS_XY_PX = CHIP_SIDE_PX * (_CHIP_MARGIN + _MEAN_SHAPE) / (1 + 2 * _CHIP_MARGIN)

# Outer corner, two points of the upper lid, inner corner, two of the lower lid: p1 to p6 of the
# eye aspect ratio.
_RIGHT_EYE = (33, 160, 158, 133, 153, 144)
_LEFT_EYE = (263, 387, 385, 362, 380, 373)
_RIGHT_CHEEK, _LEFT_CHEEK = 234, 454
_FOREHEAD, _CHIN = 10, 152


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceRegion:
    """The rotated square of a frame that the mesh network looks at.

    Attributes:
        center_xy_px: frame pixels. side_px: length of an edge.
        roll_rad: of the line from the right to the left eye, positive clockwise in the image.
    """

    center_xy_px: tuple[float, float]
    side_px: float
    roll_rad: float

    def __post_init__(self) -> None:
        values = (*self.center_xy_px, self.side_px, self.roll_rad)
        if not all(map(math.isfinite, values)) or self.side_px <= 0.0:
            raise ValueError(f"face region: expected finite values and a positive side: {self}")

    @classmethod
    def around_detection(cls, face: DetectedFace) -> FaceRegion:
        """Return the region of a face whose first landmarks are the right and the left eye.

        Raises:
            ValueError: the box is empty or a landmark is not finite.
        """
        return cls(
            center_xy_px=face.box.center_px,
            side_px=_REGION_SCALE * max(face.box.width_px, face.box.height_px),
            roll_rad=_roll(face.landmarks_xy_px[0], face.landmarks_xy_px[1]),
        )

    @classmethod
    def around_mesh(cls, points_xyz_px: npt.NDArray[np.floating]) -> FaceRegion:
        """Return the region for the next frame, so that a face can be followed undetected.

        Args:
            points_xyz_px: (468, 3) mesh in frame pixels.

        Raises:
            ValueError: the points coincide or are not finite.
        """
        box = mesh_box(points_xyz_px)
        return cls(
            center_xy_px=box.center_px,
            side_px=_REGION_SCALE * max(box.width_px, box.height_px),
            roll_rad=_roll(points_xyz_px[_RIGHT_EYE[0]], points_xyz_px[_LEFT_EYE[0]]),
        )

    def crop_transform(self) -> npt.NDArray[np.float64]:
        """Return the (2, 3) matrix from frame pixels to pixels of the upright 192-pixel crop."""
        return crop_matrix(
            self.center_xy_px,
            side_px=self.side_px,
            turn_rad=self.roll_rad,
            crop_side_px=_INPUT_SIDE_PX,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceMesh:
    """The mesh of one face.

    Attributes:
        points_xyz_px: (468, 3) float32; x right and y down in frame pixels, z away from the camera
            in the same scale, relative to the head's middle.
        presence: 0..1, the network's belief that it looks at a face.
    """

    points_xyz_px: npt.NDArray[np.float32]
    presence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadPose:
    """Where a head is turned, in degrees; about zero when it faces the camera.

    Attributes:
        yaw_deg: positive towards the person's left (to the right in the image).
        pitch_deg: positive downwards; its zero differs by some degrees between people.
        roll_deg: positive clockwise in the image.
    """

    yaw_deg: float
    pitch_deg: float
    roll_deg: float


class FaceMeshEstimator:
    """MediaPipe's face mesh network (``face_landmark.tflite``, 192 x 192 RGB, 0..1).

    One worker owns an instance; it is not thread-safe.

    Args:
        session: the loaded model: 1404 coordinates in crop pixels and a presence logit.
    """

    def __init__(self, session: InferenceSession) -> None:
        self._session = session
        self._input = session.input_names[0]
        self._coordinates, self._presence = session.output_names

    @property
    def runtime_name(self) -> str:
        """Name of the runtime that runs the model."""
        return self._session.runtime_name

    def estimate(self, image: npt.NDArray[np.uint8], region: FaceRegion) -> FaceMesh:
        """Return the mesh of the face in a region of a frame.

        Args:
            image: (H, W, 3) uint8 BGR.

        Raises:
            ModelError: the model does not take or give what its card says.
        """
        matrix = region.crop_transform()
        crop = upright_crop(image, matrix, side_px=_INPUT_SIDE_PX, border=cv2.BORDER_REPLICATE)
        outputs = self._session.run({self._input: crop[None].astype(np.float32) / 255.0})
        points = outputs[self._coordinates].reshape(MESH_POINT_COUNT, 3).astype(np.float64)
        logit = float(np.clip(outputs[self._presence].reshape(-1)[0], -_MAX_LOGIT, _MAX_LOGIT))
        inverse = cv2.invertAffineTransform(matrix)
        on_frame = points[:, :2] @ inverse[:, :2].T + inverse[:, 2]
        depth = points[:, 2] * (region.side_px / _INPUT_SIDE_PX)
        return FaceMesh(
            points_xyz_px=np.column_stack([on_frame, depth]).astype(np.float32),
            presence=1.0 / (1.0 + math.exp(-logit)),
        )

    def close(self) -> None:
        """Free the model; calling it twice is harmless."""
        self._session.close()


def mesh_chip(
    image: npt.NDArray[np.uint8],
    points_xyz_px: npt.NDArray[np.floating],
    *,
    turn_deg: float = 0.0,
    scale: float = 1.0,
) -> npt.NDArray[np.uint8]:
    """Cut an upright face out of a frame, as dlib's five-point aligner would.

    Args:
        image: (H, W, 3) uint8 BGR. points_xyz_px: (468, 3) mesh in pixels of the image.
        turn_deg, scale: turn and enlarge the face about the chip's centre; the mean embedding of
            slightly different chips is steadier than one embedding.

    Returns:
        (150, 150, 3) uint8 RGB; black where the chip reaches beyond the frame.

    Raises:
        ValueError: the points coincide or are not finite.
    """
    points = np.asarray(points_xyz_px, np.float64)[list(_ALIGNMENT_POINTS), :2]
    angle = math.radians(turn_deg)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    middle = CHIP_SIDE_PX / 2
    targets = scale * (_CHIP_TARGETS_XY_PX - middle) @ turn.T + middle
    matrix = similarity_transform(points, targets)
    return upright_crop(image, matrix, side_px=CHIP_SIDE_PX, border=cv2.BORDER_CONSTANT)


def mesh_box(points_xyz_px: npt.NDArray[np.floating]) -> Box:
    """Return the smallest upright box around a (468, 3) mesh: forehead to chin, cheek to cheek."""
    low, high = points_xyz_px[:, :2].min(axis=0), points_xyz_px[:, :2].max(axis=0)
    return Box(float(low[0]), float(low[1]), float(high[0]), float(high[1]))


def eye_openness(points_xyz_px: npt.NDArray[np.floating]) -> tuple[float, float]:
    """Return the eye aspect ratio of the right and the left eye.

    Soukupova and Cech, "Real-Time Eye Blink Detection using Facial Landmarks" (CVWW 2016):
    (|p2 - p6| + |p3 - p5|) / (2 |p1 - p4|). It departs from the paper in measuring lengths in
    three dimensions, so that a turned head does not look wide-eyed.

    Args:
        points_xyz_px: (468, 3) mesh.
    """
    return _aspect_ratio(points_xyz_px, _RIGHT_EYE), _aspect_ratio(points_xyz_px, _LEFT_EYE)


def head_pose(points_xyz_px: npt.NDArray[np.floating]) -> HeadPose:
    """Return the head's turn from the axes cheek to cheek and forehead to chin.

    Args:
        points_xyz_px: (468, 3) mesh in frame pixels.

    Raises:
        ValueError: the points coincide or are not finite.
    """
    points = np.asarray(points_xyz_px, np.float64)
    across = points[_LEFT_CHEEK] - points[_RIGHT_CHEEK]
    down = points[_CHIN] - points[_FOREHEAD]
    width = float(np.linalg.norm(across))
    if not math.isfinite(width) or width <= 0.0:
        raise ValueError("face mesh: the cheeks coincide or are not finite; no head pose")
    x_axis = across / width
    y_axis = down - (down @ x_axis) * x_axis
    height = float(np.linalg.norm(y_axis))
    if not math.isfinite(height) or height <= 0.0:
        raise ValueError("face mesh: forehead and chin coincide; no head pose")
    y_axis /= height
    z_axis = np.cross(x_axis, y_axis)
    # The z axis points into the head; the face looks along its opposite.
    return HeadPose(
        yaw_deg=math.degrees(math.asin(float(np.clip(-z_axis[0], -1.0, 1.0)))),
        pitch_deg=math.degrees(math.atan2(-z_axis[1], z_axis[2])),
        roll_deg=math.degrees(math.atan2(x_axis[1], x_axis[0])),
    )


def _aspect_ratio(points: npt.NDArray[np.floating], eye: tuple[int, ...]) -> float:
    p1, p2, p3, p4, p5, p6 = np.asarray(points, np.float64)[list(eye)]
    width = float(np.linalg.norm(p1 - p4))
    if width <= 0.0:
        return 0.0
    return float(np.linalg.norm(p2 - p6) + np.linalg.norm(p3 - p5)) / (2 * width)


def _roll(right_xy: npt.NDArray[np.floating], left_xy: npt.NDArray[np.floating]) -> float:
    return math.atan2(float(left_xy[1] - right_xy[1]), float(left_xy[0] - right_xy[0]))
