"""Messages filled from YAML."""

from __future__ import annotations

import pytest
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import PoseStamped, PoseWithCovariance
from sensor_msgs.msg import Image

from edgeai_core.errors import ConfigError
from edgeai_ros_common.message_fields import fill_from_yaml, interface_type


def test_nested_fields_are_set_and_the_others_keep_their_defaults():
    pose = fill_from_yaml(
        PoseStamped(), "{header: {frame_id: map}, pose: {position: {x: 1.5, y: -2}}}"
    )
    assert (pose.header.frame_id, pose.pose.position.x, pose.pose.position.y) == ("map", 1.5, -2.0)
    assert pose.pose.orientation.w == 1.0


def test_an_empty_text_leaves_the_message_as_it_is():
    assert fill_from_yaml(PoseStamped(), "") == PoseStamped()


def test_lists_of_messages_and_arrays_of_numbers_are_filled():
    told = fill_from_yaml(
        DiagnosticArray(), "status: [{name: a, values: [{key: k, value: v}]}, {name: b}]"
    )
    assert [status.name for status in told.status] == ["a", "b"]
    assert told.status[0].values[0].value == "v"
    spread = fill_from_yaml(PoseWithCovariance(), f"covariance: {[1] * 36}")
    assert list(spread.covariance) == [1.0] * 36


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{pose: {place: {}}}", "PoseStamped.pose: no field 'place'; known: position, orientation"),
        ("{pose: 3}", "PoseStamped.pose: got 3, expected fields among position, orientation"),
        ("{pose: {position: {x: far}}}", "PoseStamped.pose.position.x: got 'far', expected double"),
        ("{header: {frame_id: 3}}", "PoseStamped.header.frame_id: got 3, expected string"),
        ("{header: {stamp: {sec: yes}}}", "PoseStamped.header.stamp.sec: got True, expected int32"),
        ("{header: [", "goal: not valid YAML"),
    ],
)
def test_what_does_not_fit_is_one_sentence_with_its_place(text, sentence):
    with pytest.raises(ConfigError) as caught:
        fill_from_yaml(PoseStamped(), text)
    assert str(caught.value).startswith(sentence)


def test_a_list_where_one_is_wanted_says_so():
    with pytest.raises(ConfigError, match=r"Image.data: got 3, expected sequence<uint8>"):
        fill_from_yaml(Image(), "data: 3")


def test_types_are_found_by_name():
    assert interface_type("geometry_msgs/msg/PoseStamped") is PoseStamped


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("NavigateToPose", "expected PACKAGE/action/NAME"),
        ("no_such_msgs/action/Go", "package no_such_msgs is not installed here"),
        ("geometry_msgs/msg/Nothing", "package geometry_msgs has no msg Nothing"),
    ],
)
def test_types_that_are_not_there_are_one_sentence(name, sentence):
    with pytest.raises(ConfigError, match=sentence):
        interface_type(name)
