"""Explanations on their way through a message."""

from __future__ import annotations

import array

import numpy as np
import pytest

from edgeai_core.explaining.explanation import Explanation
from edgeai_core.geometry import Box
from edgeai_ros_common.convert_explanations import explanation_from_msg, explanation_to_msg


def explanation() -> Explanation:
    return Explanation(
        stamp_ns=5_000_000_123,
        frame_id="door_optical_frame",
        label="gun",
        box=Box(10.0, 20.0, 40.0, 60.0),
        score=0.75,
        heat=np.array([[0.0, 0.5, 1.0], [0.25, 0.125, 0.0]], np.float32),
        method="occlusion",
        deletion=0.125,
        reason="hiding the hottest fifth leaves 12 % of the score",
    )


def test_an_explanation_comes_through_unchanged():
    sent = explanation()
    message = explanation_to_msg(sent)
    assert (message.columns, message.rows) == (3, 2)
    assert message.header.stamp.sec == 5
    back = explanation_from_msg(message)
    assert np.array_equal(back.heat, sent.heat)
    for name in ("stamp_ns", "frame_id", "label", "box", "score", "method", "deletion", "reason"):
        assert getattr(back, name) == getattr(sent, name)


def test_a_map_with_too_few_values_is_refused():
    message = explanation_to_msg(explanation())
    message.heat = array.array("f", [0.0] * 5)
    with pytest.raises(ValueError, match="got 5 values for 3 x 2 cells"):
        explanation_from_msg(message)


def test_a_map_that_is_too_large_is_refused():
    message = explanation_to_msg(explanation())
    message.columns, message.rows = 1000, 1
    message.heat = array.array("f", [0.0] * 1000)
    with pytest.raises(ValueError, match=r"1\.\.96 cells a side"):
        explanation_from_msg(message)
