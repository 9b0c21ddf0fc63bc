"""Places where flame is normal: painted over, looked after, reported when left alone."""

from __future__ import annotations

from datetime import time

import numpy as np
import pytest

from edgeai_core.analyzers.fire.normal_flames import (
    NormalFlames,
    NormalFlamesConfig,
    crop_around,
)
from edgeai_core.errors import ConfigError
from edgeai_core.geometry import Box
from edgeai_core.zones import parse_zone

S = 1_000_000_000
STOVE = "stove: 0.4,0.4 0.6,0.4 0.6,0.8 0.4,0.8"
NOON = time(12)


def places(*zones: str, **values) -> NormalFlames:
    return NormalFlames(NormalFlamesConfig(zones=zones or (STOVE,), **values))


def alone(normal: NormalFlames, second: int) -> dict[str, float]:
    return normal.unattended_s(normal.active(NOON), stamp_ns=second * S)


def burn(normal: NormalFlames, seconds: range, score: float = 0.9) -> None:
    for second in seconds:
        normal.see_flame(parse_zone(STOVE), score, stamp_ns=second * S)


def people(normal: NormalFlames, second: int, *boxes: Box) -> None:
    normal.see_people(boxes, stamp_ns=second * S, width_px=100, height_px=100)


def test_a_place_is_painted_in_the_colour_around_it_and_nothing_else_changes():
    image = np.full((100, 100, 3), 50, np.uint8)
    image[40:80, 40:60] = (0, 128, 255)
    image.flags.writeable = False
    normal = places()
    painted = normal.painted_over(image, normal.active(NOON))
    assert tuple(painted[60, 50]) == (50, 50, 50)
    outside = np.ones((100, 100), bool)
    outside[40:81, 40:61] = False
    assert (painted[outside] == image[outside]).all()
    assert tuple(image[60, 50]) == (0, 128, 255)


def test_out_of_its_hours_a_place_is_judged_like_any_other():
    normal = places(f"{STOVE} @ 06:00-22:00")
    image = np.zeros((100, 100, 3), np.uint8)
    assert normal.active(time(23)) == ()
    assert normal.painted_over(image, ()) is image


def test_a_zone_of_the_whole_picture_becomes_grey():
    normal = places("all: 0,0 1,0 1,1 0,1")
    painted = normal.painted_over(np.zeros((20, 30, 3), np.uint8), normal.active(NOON))
    assert (painted == 127).all()


def test_a_place_is_looked_at_with_something_around_it_inside_the_picture():
    crop = crop_around(parse_zone("a: 0.1,0 0.5,0 0.5,0.4 0.1,0.4"))
    assert (crop.x_min, crop.y_min) == (0.0, 0.0)
    assert (crop.x_max, crop.y_max) == pytest.approx((0.6, 0.5))


def test_the_forgotten_stove_is_reported_after_the_time_and_not_before():
    normal = places(unattended_after_s=600.0)
    burn(normal, range(0, 602, 10))
    assert alone(normal, 600) == {}
    assert alone(normal, 601) == {"stove": 601.0}


@pytest.mark.parametrize(
    ("box", "is_near"),
    [
        (Box(45, 10, 55, 90), True),
        (Box(25, 10, 35, 90), True),  # 10 px wide, 5 px beside the stove
        (Box(20, 10, 29, 90), False),
        (Box(0, 0, 10, 10), False),
    ],
)
def test_whoever_is_within_his_own_width_of_the_flame_attends_it(box, is_near):
    normal = places(unattended_after_s=60.0)
    burn(normal, range(0, 101, 10))
    people(normal, 90, box)
    assert alone(normal, 100) == ({} if is_near else {"stove": 100.0})


def test_the_time_begins_when_the_last_person_went_away():
    normal = places(unattended_after_s=60.0)
    burn(normal, range(0, 200, 10))
    people(normal, 100, Box(45, 10, 55, 90))
    people(normal, 110)
    assert alone(normal, 160) == {}
    assert alone(normal, 190) == {"stove": 90.0}


def test_a_place_that_stays_keeps_its_time_and_one_that_is_new_begins():
    normal = places(STOVE)
    burn(normal, range(0, 20))
    candle = "candle: 0.8,0.8 0.9,0.8 0.9,0.9"
    normal.retune(NormalFlamesConfig(zones=(STOVE, candle), unattended_after_s=10.0))
    assert [zone.name for zone in normal.active(NOON)] == ["stove", "candle"]
    assert alone(normal, 19) == {"stove": 19.0}
    normal.retune(NormalFlamesConfig(zones=("stove: 0.1,0.1 0.2,0.1 0.2,0.2",)))
    assert normal.unattended_s(normal.active(NOON), stamp_ns=20 * S) == {}


def test_a_hidden_flame_burns_on_and_one_that_was_put_out_does_not():
    normal = places(unattended_after_s=60.0, flame_gap_s=30.0)
    burn(normal, range(0, 71, 30))
    assert alone(normal, 89) == {"stove": 89.0}
    assert alone(normal, 91) == {}
    burn(normal, range(100, 150, 10))
    assert alone(normal, 150) == {}


def test_faint_flames_are_none_and_everything_can_be_forgotten():
    normal = places(unattended_after_s=60.0)
    burn(normal, range(0, 100, 10), score=0.4)
    assert alone(normal, 99) == {}
    burn(normal, range(0, 100, 10))
    assert alone(normal, 99) == {"stove": 99.0}
    normal.reset()
    assert alone(normal, 99) == {}


def test_a_zone_that_is_none_is_refused_with_the_configuration():
    with pytest.raises(ConfigError, match="zone 'stove': got 2 corners"):
        NormalFlamesConfig(zones=("stove: 0,0 1,1",))
