"""Between explanations and messages."""

from __future__ import annotations

import array

import numpy as np
from edgeai_msgs.msg import Explanation as ExplanationMsg
from std_msgs.msg import Header

from edgeai_core.explaining.explanation import Explanation
from edgeai_ros_common.convert import box_from_msg, box_to_msg, time_from_msg, time_to_msg


def explanation_to_msg(explanation: Explanation) -> ExplanationMsg:
    """Return an explanation with the header of its picture."""
    rows, columns = explanation.heat.shape
    return ExplanationMsg(
        header=Header(stamp=time_to_msg(explanation.stamp_ns), frame_id=explanation.frame_id),
        label=explanation.label,
        bbox=box_to_msg(explanation.box),
        score=float(explanation.score),
        columns=int(columns),
        rows=int(rows),
        heat=array.array("f", explanation.heat.astype(np.float32).ravel().tolist()),
        method=explanation.method,
        deletion=float(explanation.deletion),
        reason=explanation.reason,
    )


def explanation_from_msg(message: ExplanationMsg) -> Explanation:
    """Return a message as the core's type.

    Raises:
        ValueError: the map has not as many values as cells, or a number is out of its range.
    """
    rows, columns = int(message.rows), int(message.columns)
    heat = np.array(message.heat, np.float32)
    if len(heat) != rows * columns:
        raise ValueError(
            f"explanation: got {len(heat)} values for {columns} x {rows} cells; is the sender a "
            "newer version?"
        )
    return Explanation(
        stamp_ns=time_from_msg(message.header.stamp),
        frame_id=message.header.frame_id,
        label=message.label,
        box=box_from_msg(message.bbox),
        score=float(message.score),
        heat=heat.reshape(rows, columns),
        method=message.method,
        deletion=float(message.deletion),
        reason=message.reason,
    )
