"""The graph table as launch_ros actions, for machines with ROS 2 installed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edgeai_bringup.graph import NodePlan, plan
from edgeai_bringup.locations import config_directory, fastdds_profile


def profile_description(profile: str) -> Any:
    """Return the launch description of a profile.

    Raises:
        ValueError: there is no such profile.
    """
    from launch.actions import DeclareLaunchArgument, OpaqueFunction, SetEnvironmentVariable

    from launch import LaunchDescription

    return LaunchDescription(
        [
            DeclareLaunchArgument(
                "source",
                default_value="auto",
                description="First USB camera (auto), /dev/videoN, rtsp://…, a clip or a folder.",
            ),
            DeclareLaunchArgument(
                "camera",
                default_value="camera",
                description="Namespace of the camera and its analyzers.",
            ),
            DeclareLaunchArgument(
                "composed",
                default_value="true",
                description="One process for all nodes (true) or one each, with respawn (false).",
            ),
            DeclareLaunchArgument(
                "params_file",
                default_value="",
                description="Parameter file instead of the profile's own.",
            ),
            *(
                SetEnvironmentVariable(name, str(fastdds_profile()))
                for name in ("FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE")
            ),
            OpaqueFunction(function=_actions, args=[profile]),
        ]
    )


def _actions(context: Any, profile: str) -> list[Any]:
    from launch.substitutions import LaunchConfiguration

    values = {
        name: LaunchConfiguration(name).perform(context)
        for name in ("source", "camera", "composed", "params_file")
    }
    chosen = Path(values["params_file"]) if values["params_file"] else None
    plans = plan(
        profile,
        config_directory=config_directory(),
        camera=values["camera"],
        overrides={"usb_cam": {"stream.source": values["source"]}},
        params_file=chosen,
    )
    if values["composed"].lower() in ("true", "1"):
        return [_composed_action(profile, values)]
    return [_node_action(p) for p in plans]


def _composed_action(profile: str, values: dict[str, str]) -> Any:
    from launch_ros.actions import Node

    arguments = ["--source", values["source"], "--camera", values["camera"]]
    if values["params_file"]:
        arguments += ["--params-file", values["params_file"]]
    return Node(
        package="edgeai_bringup",
        executable="graph",
        arguments=[profile, *arguments],
        output="screen",
        emulate_tty=True,
    )


def _node_action(node: NodePlan) -> Any:
    from launch_ros.actions import Node

    # launch_ros cannot tell the type of an empty list; the node's own default is empty too.
    overrides = {name: value for name, value in node.overrides.items() if value != []}
    return Node(
        package=node.entry.package,
        executable=node.entry.executable,
        name=node.entry.name,
        namespace=node.namespace,
        parameters=[str(node.params_file), overrides],
        output="screen",
        respawn=True,
        respawn_delay=2.0,
    )
