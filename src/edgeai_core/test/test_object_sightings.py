"""Where a thing was seen last."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from edgeai_core.analyzers.objects.sightings import SightingsConfig, SightingsMemory
from edgeai_core.config import build
from edgeai_core.errors import ConfigError
from edgeai_core.geometry import Box
from edgeai_core.privacy.masks import masks_of
from edgeai_core.types import Detection, Frame

KEYS = Box(100.0, 380.0, 140.0, 420.0)
SHELF = "shelf: 0.0,0.5 0.5,0.5 0.5,1.0 0.0,1.0"


def frame(at_s: float, colour: int = 90) -> Frame:
    image = np.full((480, 640, 3), colour, np.uint8)
    return Frame(image=image, stamp_ns=round(at_s * 1e9))


def keys(box: Box = KEYS, *, score: float = 0.8, track_id: int | None = 1) -> Detection:
    return Detection(label="keys", score=score, box=box, track_id=track_id)


def memory(**values) -> SightingsMemory:
    return SightingsMemory(build(SightingsConfig, {"labels": ("keys",)} | values))


def places(told) -> list[tuple[str, bool]]:
    return [(sighting.place, sighting.in_view) for sighting in told]


def test_a_thing_is_told_when_it_appears_and_when_it_is_out_of_view():
    watch = memory()
    assert places(watch.update(frame(0.0), [keys()])) == [("bottom left of the picture", True)]
    assert watch.update(frame(0.5, colour=200), [keys()]) == ()
    assert watch.update(frame(2.4), []) == ()
    [gone] = watch.update(frame(2.5), [])
    assert (gone.in_view, gone.stamp_ns, gone.box) == (False, 500_000_000, KEYS)
    # The picture is that of the last look at it.
    picture = cv2.imdecode(np.frombuffer(gone.snapshot_jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert abs(int(picture[2, 2, 0]) - 200) <= 3
    assert max(picture.shape) <= 320
    assert watch.update(frame(9.0), []) == ()
    assert places(watch.update(frame(9.5), [keys()])) == [("bottom left of the picture", True)]


def test_a_thing_that_stays_is_told_now_and_then_and_one_that_moves_when_it_has_settled():
    watch = memory(repeat_s=10.0, gone_after_s=2.0)
    told = []
    for tenth in range(0, 201):
        told += [s.stamp_ns / 1e9 for s in watch.update(frame(tenth / 10), [keys()])]
    assert told == [0.0, 10.0, 20.0]
    elsewhere = Box(500.0, 20.0, 540.0, 60.0)
    assert watch.update(frame(20.1), [keys(elsewhere)]) == ()
    assert places(watch.update(frame(22.0), [keys(elsewhere)])) == [
        ("top right of the picture", True)
    ]


def test_what_is_masked_is_black_in_the_picture_and_stays_as_it_is_in_the_frame():
    mask = masks_of(["left: 0,0 0.12,0 0.12,1 0,1"], cameras=["c"])["c"]
    watch = SightingsMemory(build(SightingsConfig, {"labels": ("keys",)}), mask=mask)
    seen = frame(0.0, colour=200)
    [told] = watch.update(seen, [keys()])
    picture = cv2.imdecode(np.frombuffer(told.snapshot_jpeg, np.uint8), cv2.IMREAD_COLOR)
    # 256 px of the frame from its left edge, of which the mask covers the first 76.
    assert picture[:, :70].max() <= 8
    assert picture[:60, 90:].min() >= 190
    assert seen.image.min() == 200


def test_a_named_place_and_what_is_near_are_said():
    laptop = Detection(label="laptop", score=0.9, box=Box(150.0, 350.0, 300.0, 450.0), track_id=2)
    watch = memory(places=(SHELF,))
    assert places(watch.update(frame(0.0), [keys(), laptop])) == [
        ("shelf, beside the laptop", True)
    ]


def test_a_thing_in_a_hand_is_with_a_person_whatever_else_is_near():
    person = Detection(label="person", score=0.9, box=Box(50.0, 100.0, 250.0, 480.0), track_id=3)
    laptop = Detection(label="laptop", score=0.9, box=Box(142.0, 350.0, 300.0, 450.0), track_id=2)
    told = memory().update(frame(0.0), [laptop, keys(), person])
    assert places(told) == [("bottom left of the picture, with a person", True)]


def test_the_surest_of_one_label_counts_and_an_unsure_or_unconfirmed_one_does_not():
    other = Box(300.0, 200.0, 340.0, 240.0)
    assert places(memory().update(frame(0.0), [keys(score=0.5), keys(other, score=0.9)])) == [
        ("middle of the picture", True)
    ]
    assert memory().update(frame(0.0), [keys(score=0.3)]) == ()
    assert memory().update(frame(0.0), [keys(track_id=None)]) == ()


def test_a_taught_thing_is_remembered_without_being_named_in_the_labels():
    watch = memory(labels=())
    assert watch.update(frame(0.0), [keys()]) == ()
    assert len(watch.update(frame(0.1), [keys()], taught=("keys",))) == 1


def test_a_stamp_that_goes_back_begins_anew():
    watch = memory()
    watch.update(frame(10.0), [keys()])
    assert len(watch.update(frame(1.0), [keys()])) == 1


def test_a_box_at_or_over_the_edge_still_has_a_picture():
    for box in (Box(600.0, 440.0, 700.0, 520.0), Box(700.0, 500.0, 720.0, 520.0)):
        [told] = memory().update(frame(0.0), [keys(box)])
        assert cv2.imdecode(np.frombuffer(told.snapshot_jpeg, np.uint8), 1) is not None


def test_people_in_the_picture_are_blurred_and_the_thing_in_their_hand_is_not():
    noise = np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)
    person = Detection(label="person", score=0.9, box=Box(50.0, 330.0, 250.0, 480.0), track_id=3)
    picture = Frame(image=noise, stamp_ns=0)
    contrast = []
    for others in ([], [person]):
        [told] = memory().update(picture, [keys(), *others])
        shown = cv2.imdecode(np.frombuffer(told.snapshot_jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
        assert shown.shape == (208, 248)
        # Its corner is at 0, 272: the thing at 100..140, 108..148, the person below 58.
        contrast.append(
            (shown[112:144, 104:136].std(), shown[70:100, 60:90].std(), shown[10:50, 60:90].std())
        )
    (thing, body, wall), (thing_again, body_again, wall_again) = contrast
    assert abs(thing - thing_again) < 4
    assert abs(wall - wall_again) < 4
    assert body_again < body / 2


def test_a_place_that_is_no_zone_is_refused():
    with pytest.raises(ConfigError, match="expected a name and a colon"):
        memory(places=("0.1,0.1 0.2,0.2",))
