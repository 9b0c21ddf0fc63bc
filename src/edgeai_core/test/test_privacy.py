"""What is taken out of pictures: masks, and faces of people whom nobody knows."""

from __future__ import annotations

import numpy as np
import pytest

from edgeai_core.errors import ConfigError
from edgeai_core.geometry import Box
from edgeai_core.privacy.faces import FaceHider
from edgeai_core.privacy.masks import PrivacyMask, masks_of
from edgeai_core.privacy.timeline import NEAR_NS, Timeline
from edgeai_core.types import DetectedFace, Detection, FaceMatch

S = 1_000_000_000
FACE = Box(20.0, 20.0, 40.0, 40.0)


def test_a_mask_holds_for_the_camera_it_names():
    masks = masks_of(
        ["all: 0,0 1,0 1,1", "floor_1/hall/door: 0,0 1,0 0,1"], cameras=["floor_1/hall", "yard"]
    )
    images = {camera: np.full((8, 8, 3), 9, np.uint8) for camera in masks}
    for camera, mask in masks.items():
        mask.blacken(images[camera])
    assert (images["floor_1/hall"][3, 0, 2], images["yard"][3, 0, 2]) == (0, 9)
    assert (images["floor_1/hall"][3, 7, 2], images["yard"][3, 7, 2]) == (0, 0)
    assert not PrivacyMask(())


@pytest.mark.parametrize(
    ("mask", "told"),
    [
        ("cellar/x: 0,0 1,0 1,1", "there is no camera cellar; expected one of hall"),
        ("x: 0,0 1,0 1,1 @ 08:00-09:00", "got hours, but a mask always holds"),
        ("x: 0,0 2,0 1,1", "outside of the picture"),
    ],
)
def test_a_mask_that_would_hide_nothing_is_refused(mask, told):
    with pytest.raises(ConfigError, match=told):
        masks_of([mask], cameras=["hall"])


def test_results_are_found_by_their_stamps():
    line: Timeline[str] = Timeline(length_s=3.0)
    for second in range(6):
        line.add(second * S, str(second))
    assert line.nearest(4 * S + 1, within_ns=S) == "4"
    assert line.nearest(1 * S, within_ns=S - 1) is None
    assert line.between(3 * S, 4 * S) == ("3", "4")
    line.add(1, "anew")
    assert line.between(0, 9 * S) == ("anew",)


def test_a_masked_copy_leaves_the_frame_that_others_have_as_it_is():
    image = np.full((8, 8, 3), 9, np.uint8)
    image.setflags(write=False)
    half = masks_of(["half: 0,0 0.5,0 0.5,1 0,1"], cameras=["hall"])["hall"].blackened(image)
    assert (half[:, :4].max(), half[:, 5:].min(), image.min()) == (0, 9, 9)
    assert PrivacyMask(()).blackened(image) is image


class Finder:
    """Finds one face in every picture."""

    def __init__(self, box: Box | None) -> None:
        self.box = box
        self.closed = False

    def detect(self, image) -> list[DetectedFace]:
        if self.box is None:
            return []
        landmarks = np.full((5, 2), 30.0, np.float32)
        return [DetectedFace(box=self.box, score=0.9, landmarks_xy_px=landmarks)]

    def close(self) -> None:
        self.closed = True


def hidden(
    finder: Finder, *, faces=(), objects=(), seen_at_ns: int = S, scale: float = 1.0
) -> list[bool]:
    """Return whether the face's place and a place far from it were changed."""
    rng = np.random.default_rng(3)
    image = rng.integers(0, 255, (100, 100, 3), np.uint8)
    before = image.copy()
    known: Timeline[tuple[FaceMatch, ...]] = Timeline(length_s=5.0)
    known.add(seen_at_ns, tuple(faces))
    people: Timeline[tuple[Detection, ...]] = Timeline(length_s=5.0)
    people.add(seen_at_ns, tuple(objects))
    FaceHider(finder).hide(image, stamp_ns=S, scale=scale, faces=known, objects=people)
    return [
        bool((image[rows, columns] != before[rows, columns]).any())
        for rows, columns in ((slice(25, 35), slice(25, 35)), (slice(70, 99), slice(70, 99)))
    ]


def ada(box: Box = FACE) -> FaceMatch:
    return FaceMatch(box=box, detection_score=0.9, person_id="p1", person_name="Ada")


def test_a_face_that_nobody_knows_is_hidden_and_nothing_else():
    assert hidden(Finder(FACE)) == [True, False]
    assert hidden(Finder(None)) == [False, False]


def test_somebody_known_is_shown_as_long_as_the_result_is_near_in_time_and_place():
    assert hidden(Finder(FACE), faces=[ada()]) == [False, False]
    assert hidden(Finder(FACE), faces=[ada()], seen_at_ns=S - NEAR_NS) == [False, False]
    assert hidden(Finder(FACE), faces=[ada()], seen_at_ns=S - NEAR_NS - 1) == [True, False]
    assert hidden(Finder(FACE), faces=[ada(Box(60.0, 60.0, 80.0, 80.0))]) == [True, False]


def test_places_of_the_frame_are_those_of_the_smaller_picture():
    twice = ada(Box(40.0, 40.0, 80.0, 80.0))
    assert hidden(Finder(FACE), faces=[twice], scale=0.5) == [False, False]
    assert hidden(Finder(FACE), faces=[twice], scale=1.0) == [True, False]


def test_the_head_of_a_person_without_a_found_face_is_hidden():
    person = Detection(label="person", score=0.9, box=Box(20.0, 20.0, 45.0, 95.0), track_id=1)
    assert hidden(Finder(None), objects=[person]) == [True, False]


def test_closing_frees_the_model():
    finder = Finder(None)
    FaceHider(finder).close()
    assert finder.closed
