"""Which results are drawn onto which picture."""

from __future__ import annotations

from edgeai_core.action_events import Action, ActionEvent
from edgeai_core.geometry import Box
from edgeai_core.privacy.timeline import Timeline
from edgeai_core.scene_log import SceneLog
from edgeai_core.skeletons import Skeleton
from edgeai_core.types import Detection

SECOND = 1_000_000_000
BOX = Box(0.0, 0.0, 10.0, 10.0)


def log() -> SceneLog:
    return SceneLog(max_age_s=1.5, faces=Timeline(length_s=5.0), objects=Timeline(length_s=5.0))


def cup(track_id: int) -> tuple[Detection, ...]:
    return (Detection(label="cup", score=0.5, box=BOX, track_id=track_id),)


def lying() -> ActionEvent:
    return ActionEvent(
        action=Action.LYING,
        incident=1,
        probability=0.9,
        track_ids=(1,),
        box=BOX,
        start_ns=0,
        end_ns=0,
        stamp_ns=0,
        reason="",
    )


def test_a_picture_gets_the_results_nearest_in_time():
    known = log()
    for second in (10, 11, 12):
        known.objects.add(second * SECOND, cup(second))
    assert known.at(11 * SECOND + 400_000_000).objects == cup(11)
    assert known.at(11 * SECOND + 600_000_000).objects == cup(12)


def test_results_that_are_too_far_away_are_not_drawn():
    known = log()
    known.objects.add(10 * SECOND, cup(1))
    assert known.at(11_500_000_000).objects == cup(1)
    assert known.at(11_500_000_001).objects == ()


def test_what_goes_on_is_drawn_while_its_analyzer_tells_the_rest():
    known = log()
    known.actions = (lying(),)
    assert known.at(10 * SECOND).actions == ()
    known.skeletons.add(10 * SECOND, (Skeleton(track_id=1),))
    assert known.at(10 * SECOND).actions == (lying(),)
    assert known.at(20 * SECOND).actions == ()
