"""Replay picture by picture: the next one goes out when every analyzer is done with the last."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Iterable

from rclpy.node import Node
from std_msgs.msg import Header

from edgeai_core.errors import BagError
from edgeai_ros_common import qos
from edgeai_ros_common.convert import time_from_msg
from edgeai_ros_common.frame_done import FRAME_DONE

IMAGE_TYPE = "sensor_msgs/msg/Image"
_TYPE = "std_msgs/msg/Header"
# A slow board with five analyzers on one core takes a second or two; a node that hangs is restarted
# by nobody here.
_ANSWER_WITHIN_S = 60.0


class LockStep:
    """Who must be done with a picture before the next one.

    Args:
        node: subscribes; its owner spins it. spin: runs callbacks until what it is given is true.
        monotonic_s: clock that never jumps, seconds.
    """

    def __init__(
        self,
        node: Node,
        *,
        spin: Callable[[Callable[[], bool]], object],
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._node = node
        self._spin = spin
        self._monotonic_s = monotonic_s
        self._done: dict[str, int | None] = {}
        #: Topic and stamp (nanoseconds) of every picture that was sent, in that order.
        self.sent: list[tuple[str, int]] = []

    @property
    def analyzers(self) -> tuple[str, ...]:
        """Full names of the nodes that are waited for, sorted."""
        return tuple(sorted(self._done))

    def wait_for(self, names: Iterable[str]) -> None:
        """From now on wait for these nodes too, by their full names."""
        for name in names:
            if name not in self._done:
                self._done[name] = None
                self._node.create_subscription(
                    Header, f"{name}/{FRAME_DONE}", self._noting(name), qos.STATE
                )

    def find(self) -> tuple[str, ...]:
        """Return the full names of the nodes that offer to answer every frame, sorted."""
        ending = f"/{FRAME_DONE}"
        return tuple(
            sorted(
                name.removesuffix(ending)
                for name, types in self._node.get_topic_names_and_types()
                if name.endswith(ending)
                and types == [_TYPE]
                and self._node.get_publishers_info_by_topic(name)
            )
        )

    def analyzers_of(self, topic: str) -> tuple[str, ...]:
        """Return the nodes that are waited for after a picture on this topic: its siblings."""
        namespace = topic.rpartition("/")[0]
        return tuple(name for name in self.analyzers if name.rpartition("/")[0] == namespace)

    def sending(self, topic: str, stamp_ns: int) -> None:
        """Forget what was answered before: a picture goes out, maybe with an old stamp."""
        self.sent.append((topic, stamp_ns))
        for name in self.analyzers_of(topic):
            self._done[name] = None

    def wait(self, *, stop: Callable[[], bool]) -> None:
        """Wait until all are done with the picture that was sent last.

        Raises:
            BagError: one of them does not answer.
        """
        topic, stamp_ns = self.sent[-1]
        waited_for = self.analyzers_of(topic)
        deadline_s = self._monotonic_s() + _ANSWER_WITHIN_S

        def missing() -> list[str]:
            return [name for name in waited_for if self._done[name] != stamp_ns]

        self._spin(lambda: not missing() or stop() or self._monotonic_s() >= deadline_s)
        if (late := missing()) and not stop():
            raise BagError(
                f"lock step: {', '.join(late)} did not answer the picture of {topic} with stamp "
                f"{stamp_ns / 1e9:.3f} s within {_ANSWER_WITHIN_S:.0f} s; is it active, and what "
                "does its log say?"
            )

    def _noting(self, name: str) -> Callable[[Header], None]:
        def note(header: Header) -> None:
            self._done[name] = time_from_msg(header.stamp)

        return note


def stamp_of(data: bytes | memoryview) -> int:
    """Return the stamp of a serialised message that begins with a header, nanoseconds.

    The second of CDR's four leading bytes says which way round numbers are (OMG CDR, XCDR1); the
    stamp follows them.

    Raises:
        BagError: there is too little of it.
    """
    if len(data) < 12:
        raise BagError(f"message: got {len(data)} bytes, expected a header with a stamp")
    order = "<" if data[1] & 1 else ">"
    seconds, nanoseconds = struct.unpack_from(f"{order}iI", data, 4)
    return int(seconds) * 1_000_000_000 + int(nanoseconds)
