"""Where frames come from: USB cameras, RTSP streams, clips, pictures, a test pattern."""

from edgeai_core.sources.base import FrameSource, StreamConfig
from edgeai_core.sources.opening import open_source
from edgeai_core.sources.stream import FrameStream, StreamHealth, StreamState
from edgeai_core.sources.usb import CameraInfo, first_camera, list_cameras

__all__ = [
    "CameraInfo",
    "FrameSource",
    "FrameStream",
    "StreamConfig",
    "StreamHealth",
    "StreamState",
    "first_camera",
    "list_cameras",
    "open_source",
]
