"""When hips come to rest on the floor."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from edgeai_core.analyzers.actions.pose import LEFT_HIP, RIGHT_HIP, Pose
from edgeai_core.analyzers.actions.testing import LYING, UPRIGHT, between
from edgeai_lab.actions.impacts import Hips, hips_of, impact_ns

S = 1_000_000_000


def hips(heights: list[float]) -> Hips:
    stamps = np.arange(len(heights), dtype=np.int64) * (S // 10)
    return Hips(stamps_ns=stamps, heights_px=np.array(heights, np.float64), body_px=200.0)


def test_the_impact_is_where_the_hips_come_to_rest() -> None:
    found = impact_ns(hips([100.0] * 20 + [120.0, 150.0, 180.0] + [200.0] * 17))
    assert found == round(2.3 * S)


@pytest.mark.parametrize("wrong", [5, 30])
def test_a_single_misplaced_sight_moves_nothing(wrong: int) -> None:
    heights = [100.0] * 20 + [200.0] * 20
    heights[wrong] = 300.0 - heights[wrong]
    assert impact_ns(hips(heights)) == 2 * S


def test_hips_that_do_not_drop_have_no_impact() -> None:
    assert impact_ns(hips([100.0] * 40)) is None


@dataclass(slots=True)
class Film:
    """A pose source that plays poses, one for every picture."""

    poses: list[Pose | None]
    shown: int = field(default=0)

    def estimate(self, image, box, *, region=None):
        self.shown += 1
        return self.poses[self.shown - 1]


def test_hips_are_taken_where_joints_are_placed() -> None:
    fall = [between(UPRIGHT, LYING, share).pose for share in (0, 0, 0, 0, 0.5, 1, 1, 1, 1)]
    blank = np.zeros((48, 64, 3), np.uint8)
    found = hips_of(((number * S, blank) for number in range(10)), Film([None, *fall]))
    assert found is not None
    assert found.stamps_ns.tolist() == [number * S for number in range(1, 10)]
    expected = [p.points_xy_px[[LEFT_HIP, RIGHT_HIP], 1].mean() for p in fall if p is not None]
    assert found.heights_px == pytest.approx(expected)
    assert impact_ns(found) == 6 * S


def test_a_clip_that_hardly_shows_anybody_tells_nothing() -> None:
    blank = np.zeros((48, 64, 3), np.uint8)
    frames = [(number * S, blank) for number in range(10)]
    assert hips_of(frames, Film([None] * 5 + [UPRIGHT.pose] * 5)) is None
