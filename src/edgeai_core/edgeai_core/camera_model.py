"""Between pixels and rays: what a camera's calibration says (sensor_msgs/CameraInfo's terms)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

# Far outside of a picture no ray may lead to a pixel: what was reached then is the answer.
_MAX_ROUNDS = 50
_NEAR_PX = 1e-6
_Floats = npt.NDArray[np.float64]

IDENTITY = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
#: The distortion models of ROS and how many coefficients each may have.
DISTORTION_MODELS: dict[str, tuple[int, ...]] = {
    "plumb_bob": (0, 5),
    "rational_polynomial": (8, 12, 14),
    "equidistant": (4,),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraModel:
    """How a camera forms its picture; the optical frame has x right, y down, z forward (REP-103).

    Attributes:
        width_px, height_px: size of the pictures that it holds for.
        camera_matrix: 9 numbers by rows: fx 0 cx, 0 fy cy, 0 0 1, pixels.
        distortion_model: a key of DISTORTION_MODELS. distortion: its coefficients.
        rectification: 9 numbers by rows; the unit matrix for a single camera.
        projection: 12 numbers by rows, of the rectified picture.

    Raises:
        ValueError: a number is not finite, a focal length is not above 0, or there are too few or
            too many numbers.
    """

    width_px: int
    height_px: int
    camera_matrix: tuple[float, ...]
    distortion_model: str = "plumb_bob"
    distortion: tuple[float, ...] = ()
    rectification: tuple[float, ...] = IDENTITY
    projection: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if not self.projection:
            object.__setattr__(self, "projection", _widened(self.camera_matrix))
        for name, values, counts in (
            ("camera_matrix", self.camera_matrix, (9,)),
            ("rectification_matrix", self.rectification, (9,)),
            ("projection_matrix", self.projection, (12,)),
            (
                f"distortion_coefficients of {self.distortion_model}",
                self.distortion,
                DISTORTION_MODELS.get(self.distortion_model, ()),
            ),
        ):
            if len(values) not in counts:
                expected = " or ".join(map(str, counts)) or f"one of {', '.join(DISTORTION_MODELS)}"
                raise ValueError(f"{name}: got {len(values)} numbers, expected {expected}")
            if not all(map(math.isfinite, values)):
                raise ValueError(f"{name}: got {values}, expected finite numbers")
        if min(self.camera_matrix[0], self.camera_matrix[4]) <= 0:
            raise ValueError(
                f"camera_matrix: got focal lengths {self.camera_matrix[0]:g} and "
                f"{self.camera_matrix[4]:g} px, expected above 0"
            )

    @classmethod
    def nominal(cls, *, width_px: int, height_px: int, horizontal_fov_deg: float) -> CameraModel:
        """Return a camera without distortion whose axis goes through the middle of the picture.

        Args:
            horizontal_fov_deg: angle between the left and the right edge, above 0, below 180.
        """
        focal_px = width_px / 2 / math.tan(math.radians(horizontal_fov_deg) / 2)
        # Pixel centres have whole coordinates: the middle of 640 of them is at 319.5.
        x, y = (width_px - 1) / 2, (height_px - 1) / 2
        return cls(
            width_px=width_px,
            height_px=height_px,
            camera_matrix=(focal_px, 0.0, x, 0.0, focal_px, y, 0.0, 0.0, 1.0),
            distortion=(0.0,) * 5,
        )

    def points_at(self, points_xy_px: _Floats, *, depth_m: float) -> _Floats:
        """Return where the rays of pixels meet a plane across the camera's axis.

        Args:
            points_xy_px: (N, 2), may lie outside of the picture. depth_m: of the plane, above 0.

        Returns:
            (N, 3) float64, metres in the optical frame.
        """
        pixels = np.asarray(points_xy_px, np.float64).reshape(-1, 2)
        fx, _, cx, _, fy, cy = self.camera_matrix[:6]
        rays = (pixels - (cx, cy)) / (fx, fy)
        if any(self.distortion) and len(pixels):
            # Fixed-point steps on the forward model (as in OpenCV's undistortPoints, whose number
            # of steps cannot be chosen in every release: its five leave pixels at wide edges).
            for _ in range(_MAX_ROUNDS):
                off_px = pixels - self.pixels_of(np.column_stack([rays, np.ones(len(rays))]))
                rays += off_px / (fx, fy)
                if np.abs(off_px).max() < _NEAR_PX:
                    break
        return np.column_stack([rays, np.ones(len(rays))]) * depth_m

    def pixels_of(self, points_xyz_m: _Floats) -> _Floats:
        """Return the pixels, (N, 2) float64, of points before the camera.

        Args:
            points_xyz_m: (N, 3) in the optical frame, z above 0.
        """
        points = np.asarray(points_xyz_m, np.float64).reshape(-1, 1, 3)
        if len(points) == 0:
            return np.empty((0, 2))
        nowhere = np.zeros(3)
        coefficients = np.array(self.distortion)
        if self.distortion_model == "equidistant":
            found, _ = cv2.fisheye.projectPoints(
                points, nowhere, nowhere, self._matrix, coefficients
            )
        else:
            found, _ = cv2.projectPoints(points, nowhere, nowhere, self._matrix, coefficients)
        pixels: _Floats = found.reshape(-1, 2).astype(np.float64)
        return pixels

    @property
    def _matrix(self) -> _Floats:
        return np.array(self.camera_matrix, np.float64).reshape(3, 3)


def _widened(matrix: tuple[float, ...]) -> tuple[float, ...]:
    rows = (matrix[start : start + 3] for start in (0, 3, 6))
    return tuple(number for row in rows for number in (*row, 0.0))
