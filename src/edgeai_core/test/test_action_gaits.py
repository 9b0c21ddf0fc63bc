"""Standing, walking, running and flight, played by boxes that move."""

from __future__ import annotations

import math
from datetime import time

import numpy as np
import pytest

from edgeai_core.action_events import Action, ActionEvent
from edgeai_core.analyzers.actions.flight import FlightConfig
from edgeai_core.analyzers.actions.gait_features import GaitFeatures, gait_features
from edgeai_core.analyzers.actions.gait_model import CLASSES, gait_probabilities
from edgeai_core.analyzers.actions.sights import Sight, sight_of
from edgeai_core.analyzers.actions.watch import ActionWatch, ActionWatchConfig
from edgeai_core.geometry import Box
from edgeai_core.types import Detection

WIDTH_PX, HEIGHT_PX = 640, 480
Place = tuple[float, float, float]


def box_at(place: Place, *, body_px: float = 80.0) -> Box:
    """Return the box of somebody upright.

    Args:
        place: x and y in body heights from the picture's middle, and how near: 1 for a body of
            `body_px`, 2 for one twice as high.
    """
    x, y, near = place
    height_px = body_px * near
    middle_x, middle_y = WIDTH_PX / 2 + x * height_px, HEIGHT_PX / 2 + y * height_px
    return Box(
        middle_x - 0.2 * height_px,
        middle_y - 0.5 * height_px,
        middle_x + 0.2 * height_px,
        middle_y + 0.5 * height_px,
    )


def sights(box_of, *, fps: float = 10.0, seconds: float = 2.0) -> list[Sight]:
    return [
        sight_of(
            box_of(index / fps),
            None,
            stamp_ns=round(index / fps * 1e9),
            area=Box(0, 0, WIDTH_PX, HEIGHT_PX),
        )
        for index in range(round(seconds * fps) + 1)
    ]


def features(box_of, *, fps: float = 10.0, focal_widths: float = 1.0) -> GaitFeatures:
    found = gait_features(
        sights(box_of, fps=fps),
        width_px=WIDTH_PX,
        height_px=HEIGHT_PX,
        focal_widths=focal_widths,
    )
    assert found is not None
    return found


@pytest.mark.parametrize("fps", [5.0, 10.0, 30.0])
@pytest.mark.parametrize("body_px", [60.0, 160.0])
def test_speed_across_is_in_body_heights_at_any_rate_and_distance(
    fps: float, body_px: float
) -> None:
    found = features(lambda t: box_at((0.8 * t - 0.8, 0.0, 1.0), body_px=body_px), fps=fps)
    assert found.speed == pytest.approx(0.8, abs=0.001)
    assert found.heading_xy == pytest.approx((1.0, 0.0))


def test_speed_towards_the_camera_is_in_body_heights() -> None:
    # 8 body heights away and coming at 1 a second: the picture's height is 640 / distance.
    found = features(lambda t: box_at((0.0, 0.0, 8.0 / (8.0 - t)), body_px=80.0))
    assert found.speed == pytest.approx(1.0, abs=0.01)


def test_who_comes_out_from_behind_something_does_not_come_nearer() -> None:
    # Head and shoulders first: the box grows upwards by half a body, the feet stay.
    def emerging(t: float) -> Box:
        whole = box_at((0.0, 0.0, 1.0), body_px=120.0)
        hidden_px = 60.0 * max(0.0, 1.0 - t / 1.5)
        return Box(whole.x_min_px, whole.y_min_px + hidden_px, whole.x_max_px, whole.y_max_px)

    assert features(emerging).speed < 0.3


def test_a_motion_along_the_view_is_believed_after_longer_than_one_across() -> None:
    def after(box_of, seconds: float) -> GaitFeatures:
        found = gait_features(
            sights(box_of, seconds=seconds),
            width_px=WIDTH_PX,
            height_px=HEIGHT_PX,
            focal_widths=1.0,
        )
        assert found is not None
        return found

    def nearing(t: float) -> Box:
        return box_at((0.0, 0.0, 8.0 / (8.0 - t)), body_px=80.0)

    assert after(nearing, 1.0).speed < 0.1
    assert after(nearing, 1.3).speed == pytest.approx(1.0, abs=0.01)
    across = after(lambda t: box_at((0.8 * t - 0.8, 0.0, 1.0), body_px=80.0), 1.0)
    assert across.speed == pytest.approx(0.8, abs=0.001)


def test_a_standing_person_whose_box_jumps_a_little_does_not_move() -> None:
    rng = np.random.default_rng(3)
    jumps = rng.normal(0, 0.01, 100)
    found = features(lambda t: box_at((jumps[round(t * 10)], 0.0, 1.0 + jumps[round(t * 10) + 40])))
    assert found.speed < 0.25


def test_a_box_that_jumps_far_tells_nothing() -> None:
    seen = sights(lambda t: box_at((1.0 if 0.9 < t < 1.3 else 0.0, 0.0, 1.0)))
    assert gait_features(seen, width_px=WIDTH_PX, height_px=HEIGHT_PX, focal_widths=1.0) is None


@pytest.mark.parametrize(
    "seen",
    [
        sights(lambda t: box_at((0.0, 0.0, 1.0)), seconds=0.3),
        sights(lambda t: box_at((0.0, 0.0, 1.0)), fps=1.0),
        sights(lambda t: Box(100, 0, 180, 200)),
        sights(lambda t: Box(100, 100, 300, 160)),
    ],
    ids=["too short", "too few", "cut by the edge", "wider than high"],
)
def test_too_little_tells_nothing(seen: list[Sight]) -> None:
    assert gait_features(seen, width_px=WIDTH_PX, height_px=HEIGHT_PX, focal_widths=1.0) is None


@pytest.mark.parametrize(
    ("speed", "lift", "action"),
    [
        (0.0, None, Action.STAND),
        (0.7, None, Action.WALK),
        (1.2, None, Action.FAST_WALK),
        (2.2, None, Action.RUN),
        (0.0, 0.1, Action.STAND),
        (0.7, 0.25, Action.WALK),
        (1.2, 0.3, Action.FAST_WALK),
        (2.2, 0.6, Action.RUN),
    ],
)
def test_the_usual_gaits_are_told_surely(speed: float, lift: float | None, action: Action) -> None:
    cadence_hz = None if lift is None else 2.0
    probabilities = gait_probabilities(
        GaitFeatures(
            speed=speed, heading_xy=(1.0, 0.0), lift=lift, cadence_hz=cadence_hz, thigh=None
        )
    )
    assert math.isclose(sum(probabilities.values()), 1.0)
    assert tuple(probabilities) == CLASSES
    assert probabilities[action] > 0.8


def play(
    ways: dict[int, tuple[Place, Place]], *, seconds: float = 3.0, config=None
) -> tuple[list[ActionEvent], ActionWatch]:
    """Return what is told of people who go from one place to another per second, and the watch."""
    watch = ActionWatch(config)
    events: list[ActionEvent] = []
    image = np.zeros((HEIGHT_PX, WIDTH_PX, 3), np.uint8)
    for step in range(round(seconds * 10) + 1):
        detections = []
        for track_id, (start, velocity) in ways.items():
            x, y, near = (a + b * step / 10 for a, b in zip(start, velocity, strict=True))
            box = box_at((x, y, near), body_px=60.0)
            detections.append(Detection(label="person", score=0.9, box=box, track_id=track_id))
        events += watch.update(
            image, detections, stamp_ns=step * 10**8 + 10**9, local_time=time(12)
        )
    return events, watch


def test_a_change_of_gait_ends_one_and_begins_another() -> None:
    events, watch = play({1: ((-2.0, 0.0, 1.0), (0.7, 0.0, 0.0))})
    assert [(event.action, event.start_ns == event.end_ns) for event in events] == [
        (Action.WALK, True)
    ]
    assert "0.7 body heights/s" in events[0].reason
    assert [event.action for event in watch.current()] == [Action.WALK]


def test_a_runner_is_told() -> None:
    events, _ = play({1: ((-3.5, 0.0, 1.0), (2.2, 0.0, 0.0))})
    assert [event.action for event in events] == [Action.RUN]
    assert events[0].probability > 0.95


RUNNERS = {
    track_id: ((-3.5 + 0.3 * track_id, 0.7 * track_id - 2.0, 1.0), (2.0, 0.0, 0.0))
    for track_id in (1, 2, 3, 4)
}


def test_several_who_run_one_way_flee() -> None:
    events, watch = play(RUNNERS)
    flights = [event for event in events if event.action is Action.FLIGHT]
    assert len(flights) == 1
    assert flights[0].track_ids == (1, 2, 3, 4)
    assert "4 people run away at 2.0 to 2.0 body heights/s" in flights[0].reason
    assert [e.action for e in watch.current()].count(Action.FLIGHT) == 1


def test_several_who_run_apart_flee() -> None:
    directions = {1: (1.0, 0.0), 2: (-0.5, 0.8), 3: (-0.5, -0.8)}
    ways = {
        track_id: ((0.4 * x, 0.4 * y, 1.0), (1.8 * x, 1.8 * y, 0.0))
        for track_id, (x, y) in directions.items()
    }
    events, _ = play(ways, seconds=1.7)
    assert Action.FLIGHT in {event.action for event in events}


def test_two_joggers_do_not_flee() -> None:
    events, _ = play({track_id: RUNNERS[track_id] for track_id in (1, 2)})
    assert Action.FLIGHT not in {event.action for event in events}


def test_runners_who_cross_do_not_flee() -> None:
    ways = {
        1: ((-3.0, 0.0, 1.0), (2.0, 0.0, 0.0)),
        2: ((3.0, 1.0, 1.0), (-2.0, 0.0, 0.0)),
        3: ((-3.0, 2.0, 1.0), (2.0, 0.0, 0.0)),
        4: ((3.0, -1.0, 1.0), (-2.0, 0.0, 0.0)),
    }
    config = ActionWatchConfig(flight=FlightConfig(min_runners=3))
    events, _ = play(ways, seconds=1.7, config=config)
    assert [event.action for event in events].count(Action.RUN) == 4
    assert Action.FLIGHT not in {event.action for event in events}
