"""What an action event may say."""

from __future__ import annotations

import math

import pytest

from edgeai_core.action_events import Action, ActionEvent
from edgeai_core.geometry import Box


def event(*, probability: float = 0.9, start_ns: int = 1, end_ns: int = 2, stamp_ns: int = 3):
    return ActionEvent(
        action=Action.FALL,
        incident=1,
        probability=probability,
        track_ids=(4,),
        box=Box(0, 0, 10, 20),
        start_ns=start_ns,
        end_ns=end_ns,
        stamp_ns=stamp_ns,
        reason="head came down",
    )


def test_what_lasts_ends_where_it_began() -> None:
    assert event(start_ns=2, end_ns=2).action is Action.FALL


@pytest.mark.parametrize("probability", [-0.1, 1.1, math.nan, math.inf])
def test_a_probability_that_is_none_is_refused(probability: float) -> None:
    with pytest.raises(ValueError, match="probability"):
        event(probability=probability)


@pytest.mark.parametrize(("start_ns", "end_ns"), [(5, 2), (2, 1), (1, 4)])
def test_stamps_out_of_order_are_refused(start_ns: int, end_ns: int) -> None:
    with pytest.raises(ValueError, match="start <= end <= stamp"):
        event(start_ns=start_ns, end_ns=end_ns)
