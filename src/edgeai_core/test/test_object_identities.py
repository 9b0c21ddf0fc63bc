"""Identities that outlive tracks: by place and size, by appearance, and against swaps."""

from __future__ import annotations

import numpy as np
import pytest

from edgeai_core.analyzers.objects.appearance import DIMENSION, colour_appearance
from edgeai_core.analyzers.objects.identities import Identities
from edgeai_core.analyzers.objects.tracked import IdentitiesConfig
from edgeai_core.geometry import Box
from edgeai_core.types import Detection

S = 1_000_000_000
RED = np.array([1, 0, 0], np.float32)
BLUE = np.array([0, 1, 0], np.float32)


def person(x: float, track_id: int, *, height: float = 200, label: str = "person") -> Detection:
    box = Box(x - 30, 400 - height, x + 30, 400)
    return Detection(label=label, score=0.9, box=box, track_id=track_id)


def numbers(identities: Identities, second: float, *detections: Detection, looks=None) -> list[int]:
    sightings = identities.update(
        detections,
        stamp_ns=round(second * S),
        width_px=1000,
        height_px=600,
        appearances=looks,
    )
    return [sighting.identity for sighting in sightings]


def test_a_track_keeps_its_identity_and_untracked_boxes_have_none():
    identities = Identities()
    assert numbers(identities, 0, person(300, 7), person(600, 9)) == [1, 2]
    untracked = Detection(label="person", score=0.9, box=Box(0, 0, 5, 5))
    assert numbers(identities, 1, person(600, 9), untracked, person(310, 7)) == [2, 1]


def test_a_new_track_nearby_continues_one_that_ended():
    identities = Identities()
    numbers(identities, 0, person(300, 7))
    assert numbers(identities, 3, person(500, 8)) == [1]
    assert identities.track_of(1) == 8


@pytest.mark.parametrize(
    ("second", "found"),
    [
        (10.0, person(300, 8)),  # too late
        (1.0, person(700, 8)),  # two heights in a second
        (1.0, person(300, 8, height=120)),  # another size
        (1.0, person(300, 8, label="dog")),
    ],
)
def test_what_does_not_fit_is_somebody_else(second, found):
    identities = Identities()
    numbers(identities, 0, person(300, 7))
    assert numbers(identities, second, found) == [2]


def test_who_went_out_of_the_picture_is_gone_after_a_second():
    for second, expected in ((0.8, [1]), (2.0, [2])):
        identities = Identities()
        numbers(identities, 0, person(30, 7))
        assert numbers(identities, second, person(40, 8)) == expected


def test_a_new_track_that_may_be_either_of_two_is_in_doubt():
    identities = Identities()
    numbers(identities, 0, person(300, 7), person(400, 8))
    assert numbers(identities, 2, person(340, 9)) == [1]
    assert identities.doubts == ((1, 2),)
    assert numbers(identities, 3, person(340, 9)) == [1]
    assert identities.doubts == ()


def test_the_same_appearance_bridges_minutes_and_another_forbids():
    identities = Identities()
    numbers(identities, 0, person(300, 7), looks={7: RED})
    numbers(identities, 1, person(310, 8), looks={8: BLUE})
    assert identities.track_of(2) == 8
    assert numbers(identities, 120, person(900, 9), looks={9: RED}) == [1]


def test_tracks_that_swap_where_people_meet_are_swapped_back_by_appearance():
    identities = Identities()
    looks = {7: RED, 8: BLUE}
    assert numbers(identities, 0, person(300, 7), person(500, 8), looks=looks) == [1, 2]
    assert numbers(identities, 1, person(390, 7), person(400, 8), looks=looks) == [1, 2]
    swapped = {7: BLUE, 8: RED}
    assert numbers(identities, 2, person(300, 7), person(500, 8), looks=swapped) == [2, 1]
    assert numbers(identities, 3, person(300, 7), person(500, 8), looks=swapped) == [2, 1]


def test_memory_is_bounded():
    identities = Identities(IdentitiesConfig(memory_s=10.0))
    for second in range(2000):
        numbers(identities, second, person(200 + 7 * (second % 90), second, label=f"{second}"))
    assert len(identities._known) <= 12
    assert len(identities._number_of_track) <= 12


def test_appearance_tells_clothes_apart_and_forgives_light():
    image = np.zeros((300, 300, 3), np.uint8)
    image[:, :100] = (40, 40, 200)
    image[:, 100:200] = (200, 40, 40)
    image[:, 200:] = (30, 30, 150)
    red, blue, darker = (
        colour_appearance(image, Box(x + 10, 20, x + 90, 280)) for x in (0, 100, 200)
    )
    assert red.shape == (DIMENSION,)
    assert float(red @ red) == pytest.approx(1.0)
    assert float(red @ blue) == pytest.approx(0.0, abs=1e-6)
    assert float(red @ darker) == pytest.approx(1.0)


def test_a_box_that_is_mostly_outside_of_the_picture_has_no_appearance():
    image = np.zeros((300, 300, 3), np.uint8)
    assert colour_appearance(image, Box(10, 200, 90, 600)) is None
    assert colour_appearance(image, Box(-80, 10, 2, 280)) is None
