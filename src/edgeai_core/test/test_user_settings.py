"""What the owner has set beyond the profile."""

from __future__ import annotations

import stat

import pytest

from edgeai_core.errors import ConfigError
from edgeai_core.user_settings import (
    read_user_settings,
    settings_at_start,
    settings_key,
    write_user_settings,
)

SETTINGS = {
    "fire_detector": {"fire.normal_flames.zones": ["stove: 0,0 1,0 1,1"]},
    "usb_cam": {"stream.fps": 15.0, "stream.loop": True},
}


def test_settings_come_back_as_they_were_written_for_their_owner_alone(tmp_path) -> None:
    path = tmp_path / "state" / "settings.json"
    write_user_settings(path, SETTINGS)
    assert read_user_settings(path) == SETTINGS
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["settings.json"]


def test_no_file_is_no_settings(tmp_path) -> None:
    assert read_user_settings(tmp_path / "settings.json") == {}


@pytest.mark.parametrize(
    "text", ["", "[]", '{"a": 1}', '{"a": {"b": null}}', '{"a": {"b": [1, "x"]}}']
)
def test_a_broken_file_says_what_to_do(tmp_path, text) -> None:
    path = tmp_path / "settings.json"
    path.write_text(text)
    with pytest.raises(ConfigError, match="or delete it to go back to the profile's own"):
        read_user_settings(path)


def test_settings_of_one_camera_stand_under_its_name() -> None:
    assert settings_key("fire_detector") == "fire_detector"
    assert settings_key("fire_detector", "floor_1/hall") == "floor_1/hall/fire_detector"


def test_a_file_from_before_holds_for_every_camera() -> None:
    assert settings_at_start(SETTINGS, {}, cameras=("entrance", "garden")) == SETTINGS


@pytest.mark.parametrize(
    ("given", "for_all", "for_garden"),
    [
        # What a node gets: the entry of its camera over the one of all, name by name.
        ({}, {"a": 1, "b": 1}, {"a": 2, "c": 2}),
        # The command line wins over the file, also what it says for all over one camera's entry.
        ({"fire_detector": {"a": 3}}, {"a": 3, "b": 1}, {"c": 2}),
        ({"garden/fire_detector": {"a": 4}}, {"a": 1, "b": 1}, {"a": 4, "c": 2}),
        (
            {"fire_detector": {"a": 3}, "garden/fire_detector": {"a": 4}},
            {"a": 3, "b": 1},
            {"a": 4, "c": 2},
        ),
    ],
)
def test_the_narrower_and_the_later_word_wins(given, for_all, for_garden) -> None:
    kept = {"fire_detector": {"a": 1, "b": 1}, "garden/fire_detector": {"a": 2, "c": 2}}
    counting = settings_at_start(kept, given, cameras=("entrance", "garden"))
    assert counting == {"fire_detector": for_all, "garden/fire_detector": for_garden}


def test_settings_of_a_camera_that_is_not_there_are_passed_over() -> None:
    kept = {"floor_1/hall/usb_cam": {"stream.fps": 5.0}, "usb_cam": {"stream.fps": 9.0}}
    assert settings_at_start(kept, {}, cameras=("hall",)) == {"usb_cam": {"stream.fps": 9.0}}
    assert settings_at_start(kept, {}, cameras=("floor_1/hall",)) == kept


def test_masks_of_a_camera_that_is_not_there_wait_for_it() -> None:
    masks = ["house: 0,0 1,0 1,1", "garden/tree: 0,0 1,0 1,1"]
    kept = {"evidence_recorder": {"privacy.masks": masks}}
    assert settings_at_start(kept, {}, cameras=("hall",)) == {
        "evidence_recorder": {"privacy.masks": masks[:1]}
    }
    # One that was written for this start is not passed over: it is a mistake to be told.
    counting = settings_at_start({}, kept, cameras=("hall",))
    assert counting["evidence_recorder"]["privacy.masks"] == masks
