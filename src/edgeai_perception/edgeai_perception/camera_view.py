"""What the camera node says about the camera itself: how it forms pictures, and where it is."""

from __future__ import annotations

from dataclasses import dataclass

from sensor_msgs.msg import CameraInfo

from edgeai_core.camera_calibration import read_calibration
from edgeai_core.camera_model import CameraModel
from edgeai_core.config import param
from edgeai_core.types import Frame
from edgeai_ros_common.convert import header_of
from edgeai_ros_common.convert_camera import camera_info_to_msg


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraViewConfig:
    """How the camera forms its pictures."""

    info_url: str = param(
        "",
        "Calibration file of the ROS tool camera_calibration: a path or file:///path. Empty takes "
        "horizontal_fov_deg.",
    )
    horizontal_fov_deg: float = param(
        60.0,
        "Angle between the left and the right edge of the picture, from the data sheet; without a "
        "calibration camera_info is nominal: this angle, no distortion. Wider places things "
        "farther from each other.",
        unit="deg",
        minimum=5.0,
        maximum=170.0,
    )


class CameraView:
    """The camera's `camera_info`; one thread asks for messages.

    Raises:
        ConfigError: the calibration file cannot be used.
    """

    def __init__(self, config: CameraViewConfig) -> None:
        self._config = config
        self._calibrated = read_calibration(config.info_url) if config.info_url else None
        self._message: CameraInfo | None = None
        self._size: tuple[int, int] | None = None
        #: Why there is no `camera_info` for the frames that come; empty when there is.
        self.problem = ""

    def message_for(self, frame: Frame) -> CameraInfo | None:
        """Return the camera with a frame's header; None when the calibration is for another size.

        The next call changes the message.
        """
        size = (frame.width_px, frame.height_px)
        if size != self._size:
            model = self._model_of(*size)
            self._message = None if model is None else camera_info_to_msg(model, header_of(frame))
            self._size = size
        if self._message is not None:
            self._message.header = header_of(frame)
        return self._message

    def _model_of(self, width_px: int, height_px: int) -> CameraModel | None:
        known = self._calibrated
        self.problem = ""
        if known is None:
            return CameraModel.nominal(
                width_px=width_px,
                height_px=height_px,
                horizontal_fov_deg=self._config.horizontal_fov_deg,
            )
        if (known.width_px, known.height_px) == (width_px, height_px):
            return known
        self.problem = (
            f"no camera_info: {self._config.info_url} is for {known.width_px}x{known.height_px} "
            f"px, the camera delivers {width_px}x{height_px}; calibrate at that size or set "
            "stream.width_px and stream.height_px"
        )
        return None
