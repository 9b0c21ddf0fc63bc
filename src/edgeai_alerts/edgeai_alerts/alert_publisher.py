"""The topic `alerts`, of which late joiners get the last messages."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from edgeai_msgs.msg import Alert as AlertMsg
from rclpy.lifecycle import LifecycleNode
from rclpy.lifecycle.publisher import LifecyclePublisher

from edgeai_core.types import Alert
from edgeai_ros_common import qos
from edgeai_ros_common.convert import alert_to_msg

TOPIC = "alerts"


class AlertPublisher:
    """Publishes alerts; any thread may publish, the executor's does all else.

    Args:
        node: that is being configured.
    """

    def __init__(self, node: LifecycleNode) -> None:
        self._node = node
        self._lock = threading.Lock()
        self._publisher = self._made()

    def publish(self, alert: Alert) -> None:
        """Publish where an alert stands."""
        with self._lock:
            self._publisher.publish(alert_to_msg(alert))

    def publish_anew(self, alerts: Sequence[Alert]) -> None:
        """Let late joiners get these and nothing that was published before.

        The middleware keeps what it has sent for as long as the publisher lives.
        """
        with self._lock:
            old, self._publisher = self._publisher, self._made()
            if old.is_activated:
                self._publisher.on_activate(None)
            self._node.destroy_lifecycle_publisher(old)
            for alert in alerts[-qos.ALERTS.depth :]:
                self._publisher.publish(alert_to_msg(alert))

    def close(self) -> None:
        """Destroy the publisher."""
        with self._lock:
            self._node.destroy_lifecycle_publisher(self._publisher)

    def _made(self) -> LifecyclePublisher:
        made: LifecyclePublisher = self._node.create_lifecycle_publisher(
            AlertMsg, TOPIC, qos.ALERTS
        )
        return made
