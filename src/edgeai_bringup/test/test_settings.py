"""`node.parameter=value` from the command line."""

from __future__ import annotations

import pytest

from edgeai_bringup.settings import parse_settings
from edgeai_core.errors import ConfigError


def test_values_have_the_type_that_yaml_gives_them():
    assert parse_settings(
        [
            "usb_cam.stream.fps=15.0",
            "usb_cam.stream.width_px=320",
            "usb_cam.stream.loop=true",
            "usb_cam.stream.source=/a=b",
            "object_detector.labels=[person, cat]",
            "usb_cam.frame_id='1'",
        ]
    ) == {
        "usb_cam": {
            "stream.fps": 15.0,
            "stream.width_px": 320,
            "stream.loop": True,
            "stream.source": "/a=b",
            "frame_id": "1",
        },
        "object_detector": {"labels": ["person", "cat"]},
    }


def test_nothing_set_is_nothing():
    assert parse_settings([]) == {}


def test_the_last_setting_of_a_parameter_wins_and_lists_may_be_empty():
    settings = ["object_detector.labels=[cat]", "object_detector.labels=[]"]
    assert parse_settings(settings) == {"object_detector": {"labels": []}}


@pytest.mark.parametrize("setting", ["", "usb_cam", "usb_cam=1", "usb_cam.=1", "usb_cam.fps", "=1"])
def test_a_setting_without_node_parameter_or_value_is_refused(setting):
    with pytest.raises(ConfigError, match=r"expected NODE\.PARAMETER=VALUE"):
        parse_settings([setting])


def test_an_unknown_node_gets_the_list():
    with pytest.raises(ConfigError, match="no node 'usbcam'; one of usb_cam, face_authenticator"):
        parse_settings(["usbcam.fps=1"])


@pytest.mark.parametrize(
    "value", ["", "{a: 1}", "2020-01-01", "[1, x]", "[[1]]", "null", "[null]", "[1, 2.0]"]
)
def test_what_is_no_parameter_value_is_refused_before_anything_starts(value):
    with pytest.raises(ConfigError, match="expected a number, true, false, a text or a list"):
        parse_settings([f"usb_cam.frame_id={value}"])


def test_broken_yaml_is_one_sentence():
    with pytest.raises(ConfigError, match="not valid YAML") as caught:
        parse_settings(["usb_cam.frame_id=[a"])
    assert "\n" not in str(caught.value)


def test_yaml_makes_no_objects():
    with pytest.raises(ConfigError):
        parse_settings(["usb_cam.frame_id=!!python/object/apply:os.getcwd []"])
