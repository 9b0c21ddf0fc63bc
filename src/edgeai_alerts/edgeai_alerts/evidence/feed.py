"""One camera's way into memory: from its frames to the ring, on a thread of its own."""

from __future__ import annotations

from collections.abc import Callable

from sensor_msgs.msg import CompressedImage, Image

from edgeai_alerts.evidence.capture import FrameCompressor, FrameSampler
from edgeai_alerts.evidence.config import EvidenceConfig
from edgeai_alerts.evidence.memory import CameraMemory
from edgeai_core.errors import EvidenceError, FrameError
from edgeai_core.privacy.masks import PrivacyMask
from edgeai_core.types import Frame
from edgeai_ros_common.compressed_pictures import frame_from_picture
from edgeai_ros_common.convert import time_from_msg
from edgeai_ros_common.mailbox import Mailbox

# Beyond what a clip spans: until its last picture has come and it is encoded.
_SLACK_S = 10.0


class CameraFeed:
    """Remember pictures and results of one camera.

    Frames wait in a one-slot mailbox: the newest wins.

    Args:
        config: what is remembered. mask: what is black in every picture.
        on_rejected: is told why a frame could not be used.
    """

    def __init__(
        self, config: EvidenceConfig, *, mask: PrivacyMask, on_rejected: Callable[[str], None]
    ) -> None:
        length_s = config.clip.before_s + config.clip.after_s + _SLACK_S
        self.memory = CameraMemory.of(
            length_s=length_s,
            max_bytes=config.ring.max_bytes,
            mask=mask,
        )
        self._compressor = FrameCompressor(
            self.memory.mask,
            max_width_px=config.ring.max_width_px,
            jpeg_quality=config.ring.jpeg_quality,
        )
        self._sampler = FrameSampler(config.ring.fps)
        self._on_rejected = on_rejected
        self._mailbox: Mailbox[Frame | Image | CompressedImage] = Mailbox()

    def take_frame(self, frame: Frame) -> None:
        """Take a frame by reference; the camera's thread calls it."""
        if self._sampler.takes(frame.stamp_ns):
            self._mailbox.put(frame)

    def take_message(self, message: Image | CompressedImage) -> None:
        """Take a frame as a message; the executor calls it."""
        if self._sampler.takes(time_from_msg(message.header.stamp)):
            self._mailbox.put(message)

    def work(self) -> None:
        """Compress frames until `close` is called; the worker thread runs it."""
        while (item := self._mailbox.take()) is not None:
            try:
                frame = item if isinstance(item, Frame) else frame_from_picture(item)
                self.memory.ring.add(self._compressor.compressed(frame))
            except (FrameError, EvidenceError) as exc:
                self._on_rejected(str(exc))

    def close(self) -> None:
        """Let `work` return."""
        self._mailbox.close()
