"""The launch files, where launch is installed."""

from __future__ import annotations

import pytest

from edgeai_bringup.graph import PROFILES

launch_ros = pytest.importorskip(
    "launch_ros", reason="launch is not on PyPI; needs an installation of ROS 2"
)


@pytest.mark.parametrize("profile", sorted(PROFILES))
@pytest.mark.parametrize("composed", ["true", "false"])
def test_a_profile_becomes_launch_actions(profile, composed):
    from edgeai_bringup.launching import _actions, profile_description
    from launch import LaunchContext

    names = [
        entity.name
        for entity in profile_description(profile).entities
        if type(entity).__name__ == "DeclareLaunchArgument"
    ]
    viewable = ["rviz"] if "visualizer" in PROFILES[profile] else []
    assert names == [
        "source",
        "camera",
        "cameras",
        "image",
        "namespace",
        "composed",
        "params_file",
        *viewable,
    ]
    context = LaunchContext()
    context.launch_configurations.update(
        {
            **{"source": "synthetic", "camera": "door", "composed": composed, "params_file": ""},
            **{"cameras": "", "image": "", "namespace": ""},
        }
    )
    expected = 1 if composed == "true" else len(PROFILES[profile])
    assert len(_actions(context, profile)) == expected


def test_rviz_is_started_when_it_is_asked_for():
    from edgeai_bringup.launching import _viewers
    from launch import LaunchContext

    context = LaunchContext()
    context.launch_configurations.update(
        {"rviz": "false", "camera": "door", "cameras": "", "namespace": ""}
    )
    assert _viewers(context, "home") == []
    context.launch_configurations["rviz"] = "true"
    [viewer] = _viewers(context, "home")
    assert viewer.node_package == "rviz2"
