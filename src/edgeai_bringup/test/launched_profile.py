"""A profile under the real launch, for `launch_test`: its nodes come up, and end with code 0.

    launch_test src/edgeai_bringup/test/launched_profile.py profile:=home composed:=false

`test_launching.py` runs it for every profile. Not collected by pytest itself: launch leaves its
event loop open, which is an error there.
"""

from __future__ import annotations

import os
import time
import unittest
from pathlib import Path

import launch_testing
import launch_testing.actions
import launch_testing.asserts
import rclpy
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration
from rclpy.context import Context
from rclpy.node import Node

from edgeai_bringup.graph import PROFILES, plan
from edgeai_bringup.locations import config_directory
from launch import LaunchDescription

LAUNCH_FILES = Path(__file__).resolve().parents[1] / "launch"
CAMERA = "porch"
START_TIMEOUT_S = 90.0
# Who only watches.
WATCHERS = ("launch_probe", "graph_monitor")


def generate_test_description():
    """Return a profile's launch file as somebody else's launch file includes it."""
    file = [f"{LAUNCH_FILES}{os.sep}", LaunchConfiguration("profile"), ".launch.py"]
    return LaunchDescription(
        [
            DeclareLaunchArgument("profile", choices=sorted(PROFILES), description="Which one."),
            DeclareLaunchArgument("composed", description="In one process (true) or not (false)."),
            IncludeLaunchDescription(
                PythonLaunchDescriptionSource(file),
                launch_arguments={
                    "source": "synthetic",
                    "camera": CAMERA,
                    "composed": LaunchConfiguration("composed"),
                }.items(),
            ),
            launch_testing.actions.ReadyToTest(),
        ]
    )


class TestRunning(unittest.TestCase):
    """While it runs."""

    def test_exactly_the_nodes_of_the_profile_come_up(self, test_args):
        plans = plan(test_args["profile"], config_directory=config_directory(), camera=CAMERA)
        wanted = {p.full_name for p in plans}
        context = Context()
        rclpy.init(context=context)
        self.addCleanup(context.try_shutdown)
        probe = Node("launch_probe", context=context, enable_rosout=False)
        self.addCleanup(probe.destroy_node)
        end_s = time.monotonic() + START_TIMEOUT_S
        while (found := nodes_seen_by(probe)) != wanted and time.monotonic() < end_s:
            time.sleep(0.1)  # the middleware discovers on threads of its own
        assert found == wanted


def nodes_seen_by(probe):
    """Return the full names of the nodes of the graph."""
    return {
        f"{namespace.rstrip('/')}/{name}"
        for name, namespace in probe.get_node_names_and_namespaces()
        if name not in WATCHERS
    }


@launch_testing.post_shutdown_test()
class TestEnded(unittest.TestCase):
    """After launch has ended it."""

    def test_every_process_ended_with_code_0(self, proc_info, test_args):
        launch_testing.asserts.assertExitCodes(proc_info)
        one = test_args["composed"] == "true"
        assert len(proc_info.process_names()) == (1 if one else len(PROFILES[test_args["profile"]]))
