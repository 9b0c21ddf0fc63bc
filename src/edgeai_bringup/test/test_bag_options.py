"""What `edgeai record` takes when nobody says what."""

from __future__ import annotations

import re

import pytest

from edgeai_bringup import cli
from edgeai_ros_common.bags.recorder import TopicChoice


def chosen(argv: list[str]) -> TopicChoice:
    arguments = cli.build_parser().parse_args(argv)
    return TopicChoice(include=arguments.topics, exclude=arguments.exclude)


@pytest.mark.parametrize(
    ("topic", "taken"),
    [
        ("/camera/image_raw", True),
        ("/camera/faces", True),
        ("/camera/explanations", True),
        ("/alerts", True),
        ("/camera/objects/debug_image", False),
        ("/robot_1/camera/image_annotated", False),
        ("/robot_1/camera/image_annotated/compressed", False),
        ("/camera/image_raw/compressed", False),
        ("/camera/markers", False),
        ("/camera/image_markers", False),
    ],
)
def test_pictures_that_can_be_made_again_are_left_out(topic, taken):
    assert (topic in chosen(["record", "bag"])) is taken
    assert topic in chosen(["record", "bag", "--exclude", ""])
    assert topic in chosen(["replay", "bag"])


def test_what_is_asked_for_wins(capsys):
    assert "/camera/image_raw/compressed" in chosen(
        ["record", "bag", "--topics", ".*/compressed", "--exclude", "/none"]
    )
    with pytest.raises(SystemExit):
        cli.build_parser().parse_args(["record", "bag", "--exclude", "("])
    assert re.search(r"'\(' is no regular expression", capsys.readouterr().err)
