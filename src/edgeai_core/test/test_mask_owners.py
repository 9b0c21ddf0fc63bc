"""Masks of one camera and of all."""

from __future__ import annotations

import pytest

from edgeai_core.errors import ConfigError
from edgeai_core.privacy.mask_owners import masks_at, masks_drawn, masks_elsewhere

HOUSE, TREE, SEA = "house: 0,0 1,0 1,1", "tree: 0,0 1,0 0,1", "sea: 0,0 1,1 0,1"
CAMERAS = ("entrance", "garden", "floor_1/hall")
MASKS = [HOUSE, f"garden/{TREE}", f"floor_1/hall/{SEA}"]


def test_a_camera_has_the_masks_of_all_and_its_own() -> None:
    assert masks_at(MASKS, camera="entrance") == [HOUSE]
    assert masks_at(MASKS, camera="garden") == [HOUSE, TREE]
    assert masks_at(MASKS, camera="floor_1/hall") == [HOUSE, SEA]
    assert masks_at(MASKS, camera="hall") == [HOUSE]


def test_masks_of_cameras_that_are_not_there_are_told_apart() -> None:
    assert masks_elsewhere(MASKS, cameras=("entrance", "garden")) == [f"floor_1/hall/{SEA}"]
    assert masks_elsewhere(MASKS, cameras=CAMERAS) == []


def test_a_mask_that_is_drawn_at_a_camera_is_that_cameras() -> None:
    drawn = masks_drawn(MASKS, [HOUSE, SEA], camera="entrance", cameras=CAMERAS)
    assert drawn == [*MASKS, f"entrance/{SEA}"]
    assert masks_at(drawn, camera="entrance") == [HOUSE, SEA]
    assert masks_at(drawn, camera="garden") == [HOUSE, TREE]


def test_a_mask_of_all_that_one_camera_gives_up_still_hides_at_the_others() -> None:
    drawn = masks_drawn(MASKS, [TREE], camera="garden", cameras=CAMERAS)
    assert masks_at(drawn, camera="garden") == [TREE]
    assert masks_at(drawn, camera="entrance") == [HOUSE]
    assert masks_at(drawn, camera="floor_1/hall") == [HOUSE, SEA]
    # It gives up its own, and no other loses one.
    assert masks_drawn(MASKS, [HOUSE], camera="garden", cameras=CAMERAS) == [MASKS[0], MASKS[2]]


def test_the_only_camera_is_not_named() -> None:
    assert masks_drawn([HOUSE], [HOUSE, TREE], camera="a", cameras=("a",)) == [HOUSE, TREE]
    assert masks_drawn([HOUSE], [], camera="a", cameras=("a",)) == []
    # What stands there with its name keeps it.
    assert masks_drawn([f"a/{SEA}"], [SEA, TREE], camera="a", cameras=("a",)) == [f"a/{SEA}", TREE]


def test_a_drawn_name_cannot_become_another_cameras_mask() -> None:
    with pytest.raises(ConfigError, match="got a slash in its name; leave it out"):
        masks_drawn([], [f"garden/{TREE}"], camera="entrance", cameras=CAMERAS)


def test_masks_of_all_are_drawn_without_touching_those_of_one() -> None:
    assert masks_at(MASKS, camera="") == [HOUSE]
    assert masks_drawn(MASKS, [SEA], camera="", cameras=CAMERAS) == [*MASKS[1:], SEA]
