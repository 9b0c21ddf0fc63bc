"""Between hazard reports and messages."""

from __future__ import annotations

from edgeai_msgs.msg import HazardReport as HazardReportMsg
from vision_msgs.msg import Detection2DArray

from edgeai_core.types import Frame, HazardReport, HazardState
from edgeai_ros_common.convert import (
    detections_from_msg,
    detections_to_msg,
    header_of,
    time_from_msg,
    time_to_msg,
)


def hazard_to_msg(report: HazardReport, frame: Frame) -> HazardReportMsg:
    """Return a hazard report with its frame's header."""
    return HazardReportMsg(
        header=header_of(frame),
        state=report.state.value,
        start_fire_score=float(report.start_fire_score),
        fire_score=float(report.fire_score),
        flame_score=float(report.flame_score),
        smoke_score=float(report.smoke_score),
        regions=detections_to_msg(report.regions, frame).detections,
        since=time_to_msg(report.since_ns),
        reason=report.reason,
        unattended=list(report.unattended),
    )


def hazard_from_msg(message: HazardReportMsg) -> HazardReport:
    """Return a hazard report message as the core's type.

    Raises:
        ValueError: a score is outside of 0..1 or the state is unknown.
    """
    return HazardReport(
        state=HazardState(message.state),
        start_fire_score=float(message.start_fire_score),
        fire_score=float(message.fire_score),
        flame_score=float(message.flame_score),
        smoke_score=float(message.smoke_score),
        regions=detections_from_msg(
            Detection2DArray(header=message.header, detections=message.regions)
        ),
        since_ns=time_from_msg(message.since),
        reason=message.reason,
        unattended=tuple(message.unattended),
    )
