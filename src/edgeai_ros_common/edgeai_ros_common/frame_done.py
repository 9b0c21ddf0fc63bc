"""Lock step: an analyzer says that it is done with a frame, and counts its rate in stamps."""

from __future__ import annotations

from rclpy.node import Node
from std_msgs.msg import Header

from edgeai_ros_common import qos

FRAME_DONE = "frame_done"
# Share of the period by which a frame may be early: stamps jitter around a camera's rate.
_EARLY_SHARE = 0.05


class FrameDone:
    """Tells on `~/frame_done` of each frame that it was looked at or passed over.

    The topic keeps the last message for late joiners: whoever waits for the first frame may have
    found this node a moment after it answered.

    Args:
        node: an analyzer; the topic has its name.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._publisher = node.create_publisher(Header, f"~/{FRAME_DONE}", qos.STATE)

    def tell(self, header: Header) -> None:
        """Tell that all results of a frame are published.

        That they have arrived is not waited for: between processes Fast DDS acknowledges on its
        heartbeat only, which took 1 to 3 s a frame. Results carry their frame's stamp.
        """
        self._publisher.publish(header)

    def close(self) -> None:
        """Take the topic away."""
        self._node.destroy_publisher(self._publisher)


class StampPace:
    """Which frames a rate-limited analyzer looks at, by their stamps alone.

    Args:
        min_period_s: shortest time between two frames, seconds; 0 takes every frame.
    """

    def __init__(self, min_period_s: float) -> None:
        self._period_ns = round(min_period_s * 1e9)
        self._early_ns = round(min_period_s * 1e9 * _EARLY_SHARE)
        self._due_ns: int | None = None
        self._last_ns = 0

    def is_due(self, stamp_ns: int) -> bool:
        """Return whether the next frame is looked at; a stamp that goes back begins anew."""
        if self._due_ns is None or stamp_ns < self._last_ns:
            self._due_ns = stamp_ns
        self._last_ns = stamp_ns
        if stamp_ns < self._due_ns - self._early_ns:
            return False
        self._due_ns += self._period_ns
        if self._due_ns <= stamp_ns:  # a gap is not made up for
            self._due_ns = stamp_ns + self._period_ns
        return True
