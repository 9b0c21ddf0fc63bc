"""The launch files, where launch is installed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from edgeai_bringup.graph import PROFILES
from edgeai_core import catalog

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
        "part",
        "composed",
        "use_sim_time",
        "params_file",
        *viewable,
    ]
    context = LaunchContext()
    context.launch_configurations.update(
        {
            "source": "synthetic",
            "camera": "door",
            "cameras": "",
            "image": "",
            "namespace": "",
            "part": "all",
            "composed": composed,
            "params_file": "",
            "use_sim_time": "true",
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


@pytest.mark.skipif(bool(catalog.verify_all()), reason="models are not set up: run ./edgeai setup")
@pytest.mark.parametrize("profile", sorted(PROFILES))
@pytest.mark.parametrize("composed", ["true", "false"])
def test_a_launched_profile_comes_up_and_ends_with_code_0(profile, composed, tmp_path):
    pytest.importorskip("launch_testing", reason="launch_testing comes with a ROS installation")
    from ament_index_python.packages import PackageNotFoundError, get_package_prefix

    try:
        get_package_prefix("edgeai_bringup")
    except PackageNotFoundError:
        pytest.skip("launch finds no edgeai_bringup: colcon build, then source install/setup.sh")
    command = [sys.executable, "-m", "launch_testing.launch_test"]
    command += [str(Path(__file__).with_name("launched_profile.py"))]
    ran = subprocess.run(
        [*command, f"profile:={profile}", f"composed:={composed}"],
        env={
            **os.environ,
            "EDGEAI_DATA_DIR": str(tmp_path),
            "ROS_LOG_DIR": str(tmp_path / "log"),
            "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
            # Away from a graph of this machine, and from the tests' domains 1..100.
            "ROS_DOMAIN_ID": str(os.getpid() % 100 + 101),
        },
        capture_output=True,
        text=True,
        timeout=115,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr[-4000:]
