"""The files for rviz2 and Foxglove show topics that the graph publishes, by displays that exist.

Neither viewer is on PyPI: what is in the files is compared with the graph's own interfaces.
"""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("rclpy", reason="ROS is not there: run the tests by make test")

import yaml

from edgeai_bringup.graph import PROFILES
from edgeai_bringup.viewing import WRITTEN_FOR, is_viewable, renamed, rviz_file
from edgeai_core.figures import Layer
from edgeai_ros_common import qos

ROOT = Path(__file__).parents[1]
BRINGUP = ROOT / "src" / "edgeai_bringup"
LAYOUT = BRINGUP / "foxglove" / "edgeai.json"
VIEWABLE = sorted(profile for profile in PROFILES if is_viewable(profile))

#: What rviz_default_plugins of Humble and Jazzy has (plugins_description.xml), with the type that
#: a display takes; None for those without a topic.
DISPLAYS = {
    "rviz_default_plugins/Camera": "sensor_msgs/msg/Image",
    "rviz_default_plugins/Grid": None,
    "rviz_default_plugins/Image": "sensor_msgs/msg/Image",
    "rviz_default_plugins/MarkerArray": "visualization_msgs/msg/MarkerArray",
    "rviz_default_plugins/TF": None,
}
OTHER_CLASSES = {
    "rviz_common": {"Displays", "Views", "Time"},
    "rviz_default_plugins": {
        *("MoveCamera", "Select", "FocusCamera", "Measure"),  # tools
        *("Orbit", "TF"),  # a view, a transformation
    },
}
#: Panels of Foxglove and where each names topics: key -> types that it takes; empty for any.
PICTURES = {"sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage"}
PANEL_KEYS = {
    "imageTopic": PICTURES,
    "calibrationTopic": {"sensor_msgs/msg/CameraInfo"},
    "annotations": {"visualization_msgs/msg/ImageMarker"},
    "topics": {"visualization_msgs/msg/MarkerArray"},
    "topicToRender": {"diagnostic_msgs/msg/DiagnosticArray"},
    "topicPath": set[str](),
}
PANELS = {"3D", "DiagnosticSummary", "Image", "RawMessages", "Tab"}


@pytest.fixture(scope="module")
def offered() -> dict[str, tuple[str, str]]:
    """Return what is published: topic -> type and quality; none of these nodes has a model."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "tools"))
        interfaces = importlib.import_module("graph_interfaces")
        found = interfaces.introspect(only=("usb_cam", "visualizer", "alert_manager", "supervisor"))
        return {
            entry.name: (entry.type_name, entry.quality)
            for entry in found
            if entry.kind is interfaces.Kind.PUBLISHES
        }


def manager_of(profile: str) -> dict[str, Any]:
    content = yaml.safe_load((BRINGUP / "rviz" / f"{profile}.rviz").read_text(encoding="utf-8"))
    manager: dict[str, Any] = content["Visualization Manager"]
    return manager


def classes_in(content: object) -> Iterator[str]:
    if isinstance(content, dict):
        name = content.get("Class")
        if name:
            yield name
        for value in content.values():
            yield from classes_in(value)
    elif isinstance(content, list):
        for value in content:
            yield from classes_in(value)


def test_every_profile_with_a_visualizer_has_a_file_and_no_other_has():
    assert sorted(file.stem for file in (BRINGUP / "rviz").glob("*.rviz")) == VIEWABLE


@pytest.mark.parametrize("profile", VIEWABLE)
def test_rviz_shows_topics_of_the_graph_with_displays_that_take_their_type(profile, offered):
    shown = {}
    for display in manager_of(profile)["Displays"]:
        expected = DISPLAYS[display["Class"]]
        if expected is None:
            assert "Topic" not in display
            continue
        topic = display["Topic"]["Value"]
        assert offered[topic][0] == expected, display["Name"]
        reliable = display["Topic"]["Reliability Policy"] == "Reliable"
        quality = qos.BY_NAME[offered[topic][1]]
        assert not reliable or quality.reliability.name == "RELIABLE"
        assert display["Topic"]["Durability Policy"] == "Volatile"
        shown[topic] = display["Enabled"]
    assert shown["/camera/markers"]
    assert shown["/camera/image_annotated"]


@pytest.mark.parametrize("profile", VIEWABLE)
def test_rviz_has_every_class_that_a_file_names(profile):
    content = yaml.safe_load((BRINGUP / "rviz" / f"{profile}.rviz").read_text(encoding="utf-8"))
    for name in classes_in(content):
        package, _, short = name.partition("/")
        assert name in DISPLAYS or short in OTHER_CLASSES[package], name


@pytest.mark.parametrize("profile", VIEWABLE)
def test_every_layer_of_markers_can_be_ticked_off(profile):
    [display] = [d for d in manager_of(profile)["Displays"] if d["Name"] == "Markers"]
    layers = {layer.value for layer in Layer}
    labels = {f"{name}_labels" for name in layers - {Layer.PEOPLE.value}}
    assert display["Namespaces"] == dict.fromkeys(sorted(layers | labels), True)


def test_in_a_public_place_no_picture_is_shown_as_it_came_from_the_camera():
    topics = {d["Topic"]["Value"] for d in manager_of("city")["Displays"] if "Topic" in d}
    assert "/camera/image_raw" not in topics


@pytest.mark.parametrize("profile", VIEWABLE)
def test_what_is_fixed_is_where_the_camera_is_mounted(profile):
    from edgeai_core.camera_mount import MountConfig

    assert manager_of(profile)["Global Options"]["Fixed Frame"] == MountConfig().parent_frame


def test_another_cameras_name_is_put_into_a_copy():
    original = rviz_file("home", camera=WRITTEN_FOR)
    assert original == BRINGUP / "rviz" / "home.rviz"
    copy = rviz_file("home", camera="/floor_1/door")
    try:
        content = copy.read_text(encoding="utf-8")
    finally:
        copy.unlink()
    assert "/floor_1/door/markers" in content
    assert f"/{WRITTEN_FOR}/" not in content
    assert content == renamed(original.read_text(encoding="utf-8"), camera="floor_1/door")


def named_topics(panel: dict[str, Any]) -> Iterator[tuple[str, set[str]]]:
    for key, types in PANEL_KEYS.items():
        for holder in (panel, panel.get("imageMode", {})):
            value = holder.get(key, {})
            for topic in [value] if isinstance(value, str) else value:
                yield topic, types


def test_foxglove_shows_topics_of_the_graph_in_panels_that_take_their_type(offered):
    panels = json.loads(LAYOUT.read_text(encoding="utf-8"))["configById"]
    shown = set()
    for panel in panels.values():
        for topic, types in named_topics(panel):
            assert topic in offered, topic
            assert not types or offered[topic][0] in types, topic
            shown.add(topic)
    written = set(re.findall(r'"(/[a-z_/]+)"', LAYOUT.read_text(encoding="utf-8")))
    assert shown == written  # no topic is in a key that this test does not know
    assert {"/alerts", "/diagnostics", "/camera/image_markers", "/camera/markers"} <= shown


def test_every_panel_of_the_layout_is_described_and_placed():
    content = json.loads(LAYOUT.read_text(encoding="utf-8"))
    described = set(content["configById"])
    assert {name.partition("!")[0] for name in described} <= PANELS

    def placed(node: Any) -> Iterator[str]:
        if isinstance(node, str):
            yield node
            for tab in content["configById"][node].get("tabs", ()):
                yield from placed(tab["layout"])
        else:
            yield from placed(node["first"])
            yield from placed(node["second"])

    assert sorted(placed(content["layout"])) == sorted(described)
