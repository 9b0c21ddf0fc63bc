"""What the owner has set beyond the profile."""

from __future__ import annotations

import stat

import pytest

from edgeai_core.errors import ConfigError
from edgeai_core.user_settings import read_user_settings, write_user_settings

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
