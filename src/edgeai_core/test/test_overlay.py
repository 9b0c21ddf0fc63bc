"""The picture for people: what is drawn, and that nothing can break it."""

from __future__ import annotations

import numpy as np
import pytest

from edgeai_core.geometry import Box
from edgeai_core.object_events import EventKind, ObjectEvent, ObjectState
from edgeai_core.overlay import annotated, draw_zones, face_caption, hazard_words
from edgeai_core.types import Detection, FaceMatch, HazardReport, HazardState, SessionState
from edgeai_core.zones import parse_zone

BLUE, GREEN, ORANGE, SKY = (178, 114, 0), (115, 158, 0), (0, 159, 230), (233, 180, 86)
VERMILLION, PURPLE = (0, 94, 213), (167, 121, 204)


def blank(height: int = 120, width: int = 160) -> np.ndarray:
    return np.zeros((height, width, 3), np.uint8)


def match(**values) -> FaceMatch:
    return FaceMatch(box=Box(40, 60, 80, 100), detection_score=0.9, **values)


def test_the_given_picture_is_left_as_it_was():
    image = blank()
    image.flags.writeable = False
    assert annotated(image, caption="x").any()
    assert not image.any()


@pytest.mark.parametrize(
    ("session", "colour"),
    [
        (SessionState.LOCKED, ORANGE),
        (SessionState.ACTIVE, GREEN),
        (SessionState.MONITORING, SKY),
    ],
)
def test_the_head_line_has_the_colour_of_the_session(session, colour):
    assert tuple(annotated(blank(), session=session)[1, 158]) == colour


def test_an_object_gets_a_blue_box_with_its_edges_where_they_are():
    found = Detection(label="cat", score=0.5, box=Box(40, 60, 80, 100), track_id=3)
    picture = annotated(blank(), objects=[found])
    for y, x in ((60, 60), (100, 60), (80, 40), (80, 80)):
        assert tuple(picture[y, x]) == BLUE
    assert not picture[90, 60].any()


def test_an_event_stands_over_its_object_in_another_colour():
    box = Box(40, 60, 80, 100)
    found = Detection(label="suitcase", score=0.5, box=box, track_id=3)
    told = ObjectEvent(
        kind=EventKind.BAG,
        state=ObjectState.ABANDONED,
        incident=1,
        label="suitcase",
        track_id=3,
        box=box,
        since_ns=0,
        stamp_ns=1,
        score=0.5,
        reason="alone",
    )
    picture = annotated(blank(), objects=[found], events=[told])
    assert tuple(picture[100, 60]) == VERMILLION
    assert not picture[90, 60].any()


def test_a_zone_is_tinted_and_the_rest_is_left():
    canvas = np.full((120, 160, 3), 100, np.uint8)
    draw_zones(canvas, [parse_zone("gate: 0.5,0 1,0 1,0.8 0.5,0.8")])
    assert tuple(canvas[40, 120]) == tuple((75 + np.array(SKY) // 4).tolist())
    assert (canvas[:, :79] == 100).all()
    # The name lies in its lower left corner.
    assert (canvas[80:95, 84:110] == BLUE).all(axis=2).any()


def test_a_face_is_green_only_when_it_may_unlock():
    allowed = annotated(
        blank(), faces=[match(person_id="p", person_name="Ada", permitted=True, authorised=True)]
    )
    unknown = annotated(blank(), faces=[match()])
    assert tuple(allowed[100, 60]) == GREEN
    assert tuple(unknown[100, 60]) == ORANGE


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({}, "unknown"),
        ({"rejection": "face too small"}, "unknown: face too small"),
        ({"person_id": "p", "person_name": "Ada"}, "Ada"),
        (
            {"person_id": "p", "person_name": "Ada", "permitted": True, "authorised": True},
            "Ada: authorised",
        ),
        ({"person_id": "p", "person_name": "Ada", "rejection": "blurred"}, "Ada: blurred"),
    ],
)
def test_what_is_written_on_a_face(values, text):
    assert face_caption(match(**values)) == text


@pytest.mark.parametrize(
    "box", [Box(-500, -500, 900, 900), Box(900, 900, 950, 950), Box(5, 5, 5, 5)]
)
def test_boxes_beyond_the_picture_do_no_harm(box):
    picture = annotated(blank(), objects=[Detection(label="x" * 200, score=1.0, box=box)])
    assert picture.shape == (120, 160, 3)


def test_a_picture_smaller_than_its_head_line_is_still_drawn():
    assert annotated(blank(2, 2), caption="long").shape == (2, 2, 3)


@pytest.mark.parametrize(
    ("state", "colour"),
    [
        (HazardState.NONE, GREEN),
        (HazardState.START_FIRE, VERMILLION),
        (HazardState.FIRE, VERMILLION),
        (HazardState.CLEARED, GREEN),
    ],
)
def test_the_head_line_has_the_colour_of_a_fire_while_it_burns(state, colour):
    hazard = HazardReport(state=state)
    picture = annotated(blank(), hazard=hazard, session=SessionState.ACTIVE)
    assert tuple(picture[1, 158]) == colour


@pytest.mark.parametrize(("label", "colour"), [("flame", VERMILLION), ("smoke", PURPLE)])
def test_flames_and_smoke_are_framed_in_their_colours(label, colour):
    region = Detection(label=label, score=0.9, box=Box(40, 60, 80, 100))
    picture = annotated(blank(), hazard=HazardReport(state=HazardState.NONE, regions=(region,)))
    assert tuple(picture[100, 60]) == colour


def test_what_is_written_about_fire():
    assert hazard_words(HazardReport(state=HazardState.NONE)) == ()
    hazard = HazardReport(state=HazardState.START_FIRE, unattended=("stove",))
    assert hazard_words(hazard) == ("START FIRE", "UNATTENDED stove")
