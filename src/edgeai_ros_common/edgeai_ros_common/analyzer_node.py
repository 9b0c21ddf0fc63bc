"""The node around an analyzer: mailbox, worker, conversion, publication, judgement."""

from __future__ import annotations

import functools
import math
import threading
import time
import traceback
from abc import abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from rclpy.context import Context
from rclpy.parameter import Parameter
from sensor_msgs.msg import Image

from edgeai_core.errors import FrameError
from edgeai_core.types import Frame
from edgeai_ros_common import qos
from edgeai_ros_common.convert import frame_from_msg, header_of, time_from_msg
from edgeai_ros_common.diagnostics import Health, Level
from edgeai_ros_common.frame_done import FrameDone, StampPace
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
    that it replaces is counted as dropped. In lock step whoever plays a recording waits for
    `~/frame_done` before the next frame, and the rate counts in the frames' stamps: the same
    frames then give the same answers on any machine at any speed.

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
        self._in_lock_step = False
        # By model file, written by the worker and read by the heartbeat: single dict operations.
        self._runtime_notes: dict[str, str] = {}
        # For the worker, between two frames; of several the newest holds everything.
        self._changes: deque[ConfigT] = deque(maxlen=1)

    def note_runtime(self, model: str, sentence: str) -> None:
        """Show in the node's health that a model runs other than asked for; "" when that is over.

        To be given to whatever opens the models in :meth:`setup`; any thread may call it.
        """
        before = self._runtime_notes.get(model, "")
        if sentence:
            self._runtime_notes[model] = sentence
        else:
            self._runtime_notes.pop(model, None)
        # What goes on is told with a running figure; its first word says what it is.
        if sentence.partition(" ")[0] != before.partition(" ")[0]:
            told = sentence or "runs as asked for now"
            self.get_logger().warning(f"model {model}: {told}")

    def min_period_s(self, config: ConfigT) -> float:
        """Return the shortest time between two analyses in seconds; 0 looks at all it can."""
        return 0.0

    def lock_step(self, config: ConfigT) -> bool:
        """Return whether every frame is answered on `~/frame_done`."""
        return False

    def change(self, config: ConfigT) -> None:
        if self.is_active:
            self._changes.append(config)

    def retune(self, config: ConfigT) -> None:
        """Decide with a changed configuration from the next frame on; runs on the worker."""

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
        self._changes.clear()
        mailbox: Mailbox[Frame | Image] = Mailbox()
        self._mailbox = mailbox
        period_s = self.min_period_s(config)
        self._in_lock_step = self.lock_step(config)
        work = functools.partial(self._work, mailbox, period_s)
        if self._in_lock_step:
            done = FrameDone(self)
            self.release_on_deactivate(done.close)
            work = functools.partial(self._work_in_lock_step, mailbox, StampPace(period_s), done)
        worker = threading.Thread(target=work, name=f"{self.get_name()}-worker", daemon=True)
        worker.start()
        self.release_on_deactivate(lambda: self._stop(worker, mailbox))
        self.listen(config)

    def listen(self, config: ConfigT) -> None:
        """Take frames in while the node is active."""
        self.release_on_deactivate(self.take_frames())

    def take_frames(self) -> Callable[[], object]:
        """Take frames in from now on; return what ends it."""
        topic = self.resolve_topic_name("image_raw")
        if self._frame_hub is not None and self._frame_hub.offers(topic):
            return self._frame_hub.subscribe(topic, self._receive)
        # In lock step no picture may be lost.
        profile = qos.IMAGE_OFFERED if self._in_lock_step else qos.IMAGE_WANTED
        created = self.create_subscription(Image, "image_raw", self._receive, profile)
        return lambda: self.destroy_subscription(created)

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
        rate = f"{reading.window_results_per_s:.1f} results/s"
        notes = sorted(self._runtime_notes.copy().items())
        if notes:
            # Several models are mostly held up by the same.
            models: dict[str, list[str]] = {}
            for model, sentence in notes:
                models.setdefault(sentence, []).append(model)
            told = "; ".join(f"{', '.join(names)}: {said}" for said, names in models.items())
            return Health(level=Level.WARN, message=f"{rate}; {told}", details=tuple(notes))
        return Health(message=rate)

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
            # A camera slower than this node lets it wait beyond its own grid of times.
            taken_s, next_s = time.monotonic(), due_s + min_period_s
            until_s = next_s if taken_s < next_s else taken_s + min_period_s
            if not self._try(item, mailbox, until_s=until_s):
                return
            due_s = max(due_s + min_period_s, time.monotonic())
            pause_s = due_s - time.monotonic()
            if pause_s > 0 and mailbox.pause(pause_s):
                self.meter.frame_skipped()

    def _work_in_lock_step(
        self, mailbox: Mailbox[Frame | Image], pace: StampPace, done: FrameDone
    ) -> None:
        # One slot is enough here too: the next frame is sent when this one is answered.
        while (item := mailbox.take()) is not None:
            header = item.header if isinstance(item, Image) else header_of(item)
            if not pace.is_due(time_from_msg(header.stamp)):
                self.meter.frame_skipped()
            elif not self._try(item, mailbox, until_s=math.inf):
                return
            if not mailbox.closed:
                done.tell(header)

    def _try(self, item: Frame | Image, mailbox: Mailbox[Frame | Image], *, until_s: float) -> bool:
        """Look at a frame and publish; return False when the worker was left behind meanwhile."""
        try:
            frame = self._handle(item, mailbox)
            if frame is not None:
                self.rest(frame, until_s)
        except FrameError as exc:
            self.meter.frame_rejected()
            self.get_logger().warning(f"dropped {exc}", throttle_duration_sec=_LOG_PERIOD_S)
        except Exception as exc:
            if mailbox.closed:
                # Left behind while it hung: its model was closed under it.
                return False
            self.meter.analysis_failed()
            self._last_failure = f"analysis failed: {type(exc).__name__}: {exc}"
            self.get_logger().error(
                f"{self._last_failure}\n{traceback.format_exc()}",
                throttle_duration_sec=_LOG_PERIOD_S,
            )
        return True

    def _handle(self, item: Frame | Image, mailbox: Mailbox[Frame | Image]) -> Frame | None:
        """Publish what an item shows; return its frame, None when the node was stopped meanwhile.

        Raises:
            FrameError: it cannot be used. Anything else that the analysis raises.
        """
        frame = frame_from_msg(item) if isinstance(item, Image) else item
        if self._changes:
            self.retune(self._changes.pop())
        self.meter.analysis_started()
        result = self.analyze(frame)
        if mailbox.closed:
            # Maybe it was started anew: this answer is nobody's.
            return None
        self.publish(result, frame)
        self.meter.result_published(latency_ms=(self.now_ns() - frame.stamp_ns) / 1e6)
        self._last_failure = ""
        return frame
