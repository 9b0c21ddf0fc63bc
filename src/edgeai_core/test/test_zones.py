"""Places of a picture: how they are written, what they contain and when they count."""

from __future__ import annotations

from datetime import time

import numpy as np
import pytest

from edgeai_core.errors import ConfigError
from edgeai_core.geometry import Box
from edgeai_core.zones import Zone, parse_zone, parse_zones

STOVE = "stove: 0.1,0.5 0.3,0.5 0.3,0.9 0.1,0.9"
# An L: the left half and the lower half, without the upper right quarter.
CORNER = Zone(name="corner", points=((0, 0), (0.5, 0), (0.5, 0.5), (1, 0.5), (1, 1), (0, 1)))


def test_a_zone_is_written_as_a_name_corners_and_hours():
    zone = parse_zone(f"{STOVE} @ 06:00-22:00")
    assert zone.name == "stove"
    assert zone.points == ((0.1, 0.5), (0.3, 0.5), (0.3, 0.9), (0.1, 0.9))
    assert zone.hours is not None
    assert (zone.hours.begin, zone.hours.end) == (time(6), time(22))
    assert zone.bounds() == (0.1, 0.5, 0.3, 0.9)


@pytest.mark.parametrize(
    ("hours", "moment", "counts"),
    [
        ("", time(3), True),
        ("@ 06:00-22:00", time(6, 0), True),
        ("@ 06:00-22:00", time(21, 59, 59), True),
        ("@ 06:00-22:00", time(22, 0), False),
        ("@ 22:30-05:15", time(23, 0), True),
        ("@ 22:30-05:15", time(0, 0), True),
        ("@ 22:30-05:15", time(5, 15), False),
        ("@ 22:30-05:15", time(12, 0), False),
    ],
)
def test_a_zone_counts_in_its_hours_also_over_midnight(hours, moment, counts):
    assert parse_zone(f"{STOVE} {hours}").active_at(moment) is counts


def test_a_point_is_in_the_arm_of_an_l_and_not_in_its_corner():
    assert CORNER.contains((0.25, 0.25))
    assert CORNER.contains((0.75, 0.75))
    assert not CORNER.contains((0.75, 0.25))
    assert not CORNER.contains((1.5, 0.75))


def test_the_mask_covers_every_pixel_that_the_zone_touches():
    mask = parse_zone("z: 0.25,0.5 0.5,0.5 0.5,1 0.25,1").mask(width_px=8, height_px=4)
    assert mask.shape == (4, 8)
    assert mask.dtype == np.bool_
    expected = np.zeros((4, 8), bool)
    expected[2:, 2:5] = True
    assert (mask == expected).all()


@pytest.mark.parametrize(
    ("box", "share"),
    [
        (Box(0, 0, 50, 100), 1.0),
        (Box(100, 0, 200, 50), 0.0),
        (Box(0, 0, 200, 100), 0.75),
        (Box(50, 25, 150, 75), 0.75),
        (Box(120, 20, 180, 80), 0.5),
        (Box(-100, 0, 100, 100), 0.5),
        (Box(300, 300, 400, 400), 0.0),
        (Box(10, 10, 10, 50), 0.0),
    ],
)
def test_the_overlap_is_the_share_of_the_box_in_the_zone(box, share):
    assert CORNER.overlap_share(box, width_px=200, height_px=100) == pytest.approx(share)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("stove", "expected a name and a colon"),
        (": 0,0 1,0 1,1", "expected a name before the colon"),
        ("a: 0,0 1,1", "got 2 corners, expected 3..64"),
        ("a: 0,0 1,0 1,1.5", "corner 1,1.5 is outside of the picture"),
        ("a: 0,0 1,0 nan,1", "outside of the picture"),
        ("a: 0,0 1,0 1;1", "got corner '1;1', expected two numbers"),
        ("a: 0,0 1,0 1,1,1", "got corner '1,1,1', expected two numbers"),
        ("a: 0,0 1,1 1,0 0,1", "its sides cross"),
        ("a: 0,0 0.5,0 1,0", "enclose no area"),
        (f"{STOVE} @ 6-22", "got hours '6-22', expected HH:MM-HH:MM"),
        (f"{STOVE} @ 06:00-24:00", "expected HH:MM-HH:MM"),
        (f"{STOVE} @", "got hours ''"),
        (f"{STOVE} @ 06:00-06:00", "leave the hours out"),
    ],
)
def test_what_is_no_zone_is_refused_with_what_to_write(text, says):
    with pytest.raises(ConfigError, match=says.replace("(", r"\(")):
        parse_zone(text)


def test_two_zones_of_one_name_are_refused():
    with pytest.raises(ConfigError, match="zone 'stove': there are 2 of that name"):
        parse_zones([STOVE, STOVE])
    assert [zone.name for zone in parse_zones([STOVE, "b: 0,0 1,0 1,1"])] == ["stove", "b"]
