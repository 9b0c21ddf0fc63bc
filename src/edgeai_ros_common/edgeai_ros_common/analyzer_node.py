"""The node around an analyzer: mailbox, worker, conversion, publication, judgement."""

from __future__ import annotations

import threading
import time
import traceback
from abc import abstractmethod
from collections.abc import Sequence
from typing import Generic, TypeVar

from rclpy.context import Context
from rclpy.parameter import Parameter
from sensor_msgs.msg import Image

from edgeai_core.errors import FrameError
from edgeai_core.types import Frame
from edgeai_ros_common import qos
from edgeai_ros_common.convert import frame_from_msg
from edgeai_ros_common.diagnostics import Health, Level
from edgeai_ros_common.frame_hub import FrameHub
from edgeai_ros_common.mailbox import Mailbox
from edgeai_ros_common.node import EdgeNode

ConfigT = TypeVar("ConfigT")
ResultT = TypeVar("ResultT")

# An analysis that takes longer than this hangs: the slowest model of the catalog takes 0.1 s.
HUNG_AFTER_S = 5.0
NO_FRAMES_AFTER_S = 3.0
_STOP_TIMEOUT_S = 3.0
_LOG_PERIOD_S = 5.0


class AnalyzerNode(EdgeNode[ConfigT], Generic[ConfigT, ResultT]):
    """A lifecycle node that looks at the newest frame of `image_raw` and publishes what it finds.

    One worker thread owns the model. Frames wait in a one-slot mailbox: the newest wins, the one
    that it replaces is counted as dropped.

    Args of the constructor beyond EdgeNode's: `frame_hub`, the frames of a camera in this process;
    without one, or when the camera is elsewhere, frames come as messages.
    """

    def __init__(
        self,
        *,
        node_name: str,
        context: Context | None = None,
        parameter_overrides: Sequence[Parameter] = (),
        namespace: str | None = None,
        cli_args: Sequence[str] = (),
        frame_hub: FrameHub | None = None,
    ) -> None:
        super().__init__(
            node_name=node_name,
            context=context,
            parameter_overrides=parameter_overrides,
            namespace=namespace,
            cli_args=cli_args,
        )
        self._frame_hub = frame_hub
        self._mailbox: Mailbox[Frame | Image] = Mailbox()
        self._last_failure = ""

    def min_period_s(self, config: ConfigT) -> float:
        """Return the shortest time between two analyses in seconds; 0 looks at all it can."""
        return 0.0

    @abstractmethod
    def analyze(self, frame: Frame) -> ResultT:
        """Return what the frame shows; runs on the worker."""

    @abstractmethod
    def publish(self, result: ResultT, frame: Frame) -> None:
        """Publish a result with the frame's stamp and optical frame; runs on the worker."""

    def rest(self, frame: Frame, until_s: float) -> None:
        """Do what frames go before; runs on the worker between two of them.

        Args:
            frame: the one that was looked at. until_s: when the next is due, by time.monotonic;
                what takes longer costs frames.
        """

    def start(self, config: ConfigT) -> None:
        self._last_failure = ""
        mailbox: Mailbox[Frame | Image] = Mailbox()
        self._mailbox = mailbox
        worker = threading.Thread(
            target=self._work,
            args=(mailbox, self.min_period_s(config)),
            name=f"{self.get_name()}-worker",
            daemon=True,
        )
        worker.start()
        self.release_on_deactivate(lambda: self._stop(worker, mailbox))
        topic = self.resolve_topic_name("image_raw")
        if self._frame_hub is not None and self._frame_hub.offers(topic):
            self.release_on_deactivate(self._frame_hub.subscribe(topic, self._receive))
        else:
            self.subscribe(Image, "image_raw", self._receive, qos.IMAGE_WANTED)

    def health(self) -> Health:
        reading = self.meter.read()
        if reading.busy_s > HUNG_AFTER_S:
            return Health(
                level=Level.ERROR,
                message=f"inference hangs for {reading.busy_s:.0f} s, expected below 1 s; "
                "the supervisor restarts this node",
            )
        if self._last_failure:
            return Health(level=Level.ERROR, message=self._last_failure)
        if reading.output_age_s > NO_FRAMES_AFTER_S and reading.active_since_s > NO_FRAMES_AFTER_S:
            topic = self.resolve_topic_name("image_raw")
            return Health(level=Level.WARN, message=f"no frames on {topic}; is the camera running?")
        return Health(message=f"{reading.window_results_per_s:.1f} results/s")

    def _receive(self, item: Frame | Image) -> None:
        self.meter.frame_received(dropped=self._mailbox.put(item))

    def _stop(self, worker: threading.Thread, mailbox: Mailbox[Frame | Image]) -> None:
        mailbox.close()
        worker.join(_STOP_TIMEOUT_S)
        if worker.is_alive():
            self.get_logger().error(
                f"the worker did not stop within {_STOP_TIMEOUT_S:.0f} s: its analysis hangs; "
                "it is left behind and takes no more frames"
            )

    def _work(self, mailbox: Mailbox[Frame | Image], min_period_s: float) -> None:
        due_s = time.monotonic()
        while (item := mailbox.take()) is not None:
            try:
                frame = self._handle(item, mailbox)
                if frame is not None:
                    self.rest(frame, max(due_s + min_period_s, time.monotonic()))
            except FrameError as exc:
                self.meter.frame_rejected()
                self.get_logger().warning(f"dropped {exc}", throttle_duration_sec=_LOG_PERIOD_S)
            except Exception as exc:
                if mailbox.closed:
                    # Left behind while it hung: its model was closed under it.
                    return
                self.meter.analysis_failed()
                self._last_failure = f"analysis failed: {type(exc).__name__}: {exc}"
                self.get_logger().error(
                    f"{self._last_failure}\n{traceback.format_exc()}",
                    throttle_duration_sec=_LOG_PERIOD_S,
                )
            due_s = max(due_s + min_period_s, time.monotonic())
            pause_s = due_s - time.monotonic()
            if pause_s > 0 and mailbox.pause(pause_s):
                self.meter.frame_skipped()

    def _handle(self, item: Frame | Image, mailbox: Mailbox[Frame | Image]) -> Frame | None:
        """Publish what an item shows; return its frame, None when the node was stopped meanwhile.

        Raises:
            FrameError: it cannot be used. Anything else that the analysis raises.
        """
        frame = frame_from_msg(item) if isinstance(item, Image) else item
        self.meter.analysis_started()
        result = self.analyze(frame)
        if mailbox.closed:
            # Maybe it was started anew: this answer is nobody's.
            return None
        self.publish(result, frame)
        self.meter.result_published(latency_ms=(self.now_ns() - frame.stamp_ns) / 1e6)
        self._last_failure = ""
        return frame
