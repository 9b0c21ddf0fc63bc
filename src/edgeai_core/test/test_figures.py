"""What is known about a picture as lines and words."""

from __future__ import annotations

import numpy as np

from edgeai_core.action_events import Action, ActionEvent
from edgeai_core.figures import Layer, Scene, figures_of
from edgeai_core.geometry import Box
from edgeai_core.palette import BLUE, ORANGE, VERMILLION, YELLOW
from edgeai_core.skeletons import BONES, JOINTS, Skeleton
from edgeai_core.types import Detection, FaceMatch, HazardReport, HazardState

BOX = Box(10.0, 20.0, 110.0, 220.0)


def numbers(scene: Scene) -> list[tuple[Layer, int]]:
    return [(figure.layer, figure.number) for figure in figures_of(scene)]


def test_a_box_is_its_four_edges_with_words_above_the_upper():
    [figure] = figures_of(Scene(objects=[Detection(label="cup", score=0.5, box=BOX, track_id=7)]))
    assert figure.lines_px.tolist() == [
        [[10, 20], [110, 20]],
        [[110, 20], [110, 220]],
        [[110, 220], [10, 220]],
        [[10, 220], [10, 20]],
    ]
    assert (figure.layer, figure.number, figure.colour) == (Layer.OBJECTS, 7, BLUE)
    assert (figure.caption, figure.caption_px) == ("cup #7 0.50", (60.0, 20.0))


def test_what_has_no_track_gets_a_number_that_no_track_has():
    cup = Detection(label="cup", score=0.5, box=BOX)
    tracked = Detection(label="cup", score=0.5, box=BOX, track_id=2)
    assert numbers(Scene(objects=[cup, tracked, cup])) == [
        (Layer.OBJECTS, -1),
        (Layer.OBJECTS, 2),
        (Layer.OBJECTS, -3),
    ]


def test_a_face_nobody_knows_is_called_unknown():
    [figure] = figures_of(Scene(faces=[FaceMatch(box=BOX, detection_score=0.9, track_id=4)]))
    assert (figure.layer, figure.number) == (Layer.FACES, 4)
    assert (figure.caption, figure.colour) == ("unknown", ORANGE)


def test_flames_and_what_people_do_have_layers_of_their_own():
    report = HazardReport(
        state=HazardState.FIRE,
        start_fire_score=0.1,
        fire_score=0.9,
        flame_score=0.9,
        smoke_score=0.1,
        regions=(Detection(label="flame", score=0.8, box=BOX),),
        since_ns=0,
        reason="",
    )
    fall = ActionEvent(
        action=Action.FALL,
        incident=3,
        probability=0.8,
        track_ids=(1,),
        box=BOX,
        start_ns=0,
        end_ns=0,
        stamp_ns=0,
        reason="",
    )
    flame, event = figures_of(Scene(hazard=report, actions=[fall]))
    assert (flame.layer, flame.number, flame.caption) == (Layer.HAZARDS, -1, "flame 0.80")
    assert (event.layer, event.number, event.caption) == (Layer.ACTIONS, 3, "fall 0.80")
    assert flame.colour == event.colour == VERMILLION


def skeleton(**hidden: float) -> Skeleton:
    return Skeleton(
        track_id=5,
        joints_xy_px={name: (float(i), 2.0 * i) for i, name in enumerate(JOINTS)},
        visibility={name: hidden.get(name, 1.0) for name in JOINTS},
    )


def test_bones_join_joints_that_are_seen():
    [whole] = figures_of(Scene(skeletons=[skeleton()]))
    assert (whole.layer, whole.number, whole.colour) == (Layer.PEOPLE, 5, YELLOW)
    assert whole.lines_px.shape == (len(BONES), 2, 2) == (12, 2, 2)
    [begin, end] = [JOINTS.index(name) for name in BONES[0]]
    assert np.array_equal(whole.lines_px[0], [(begin, 2 * begin), (end, 2 * end)])

    [hidden] = figures_of(Scene(skeletons=[skeleton(left_knee=0.2)]))
    assert len(hidden.lines_px) == 10  # the thigh and the shin are missing


def test_somebody_without_a_bone_in_sight_is_not_drawn():
    assert figures_of(Scene(skeletons=[Skeleton(track_id=1)])) == ()
