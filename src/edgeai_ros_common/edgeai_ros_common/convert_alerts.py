"""From messages to alerts; the other way is in convert."""

from __future__ import annotations

from edgeai_msgs.msg import Alert as AlertMsg

from edgeai_core.types import Alert, AlertEvent, AlertState, Severity
from edgeai_ros_common.convert import time_from_msg


def alert_from_msg(message: AlertMsg) -> Alert:
    """Return the alert of a message.

    Raises:
        ValueError: its severity or state is unknown.
    """
    event = AlertEvent(
        category=message.category,
        severity=Severity(int(message.severity)),
        title=message.title,
        reason=message.reason,
        source=message.source,
        subject=message.subject,
        camera=message.camera,
        stamp_ns=time_from_msg(message.header.stamp),
        score=float(message.score),
        zone=message.zone,
    )
    return Alert(
        alert_id=message.alert_id,
        event=event,
        raised_ns=time_from_msg(message.raised_at),
        count=int(message.count),
        state=AlertState(int(message.state)),
        acknowledged_by=message.acknowledged_by,
        evidence=tuple(message.evidence),
    )
