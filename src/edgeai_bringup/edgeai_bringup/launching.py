"""The graph table as launch_ros actions, for machines with ROS 2 installed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from edgeai_bringup.graph import (
    PROFILES,
    RESPAWN_DELAY_S,
    STOP_TIMEOUT_S,
    NodePlan,
    ParameterValue,
)
from edgeai_bringup.locations import fastdds_profile

# Fast DDS renamed the variable; each of Humble, Jazzy and Kilted reads at least one of them.
_DDS_VARIABLES = ("FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE")


def profile_description(profile: str) -> Any:
    """Return the launch description of a profile.

    Raises:
        ValueError: there is no such profile.
    """
    from launch.actions import DeclareLaunchArgument, OpaqueFunction, SetEnvironmentVariable
    from launch.launch_description import LaunchDescription

    if profile not in PROFILES:
        raise ValueError(f"unknown profile {profile!r}; choose one of {', '.join(PROFILES)}")
    # Who has a middleware profile of his own keeps it.
    unset = [name for name in _DDS_VARIABLES if not os.environ.get(name)]
    return LaunchDescription(
        [
            DeclareLaunchArgument(
                "source",
                default_value="auto",
                description="/dev/videoN, rtsp://…, a clip, a folder, demo, topic (somebody else "
                "publishes image_raw), or auto: what the parameter file says, else the first USB "
                "camera, else the demo footage.",
            ),
            DeclareLaunchArgument(
                "camera",
                default_value="camera",
                description="Namespace of the camera and its analyzers.",
            ),
            DeclareLaunchArgument(
                "composed",
                default_value="true",
                choices=("true", "false", "True", "False"),
                description="One process for all nodes (true) or one each, with respawn (false).",
            ),
            DeclareLaunchArgument(
                "params_file",
                default_value="",
                description="Parameter file instead of the profile's own.",
            ),
            *(SetEnvironmentVariable(name, str(fastdds_profile())) for name in unset),
            OpaqueFunction(function=_actions, args=[profile]),
        ]
    )


def _actions(context: Any, profile: str) -> list[Any]:
    from launch.substitutions import LaunchConfiguration

    values = {
        name: LaunchConfiguration(name).perform(context)
        for name in ("source", "camera", "composed", "params_file")
    }
    if values["composed"].casefold() == "true":
        return [_composed_action(profile, values)]
    # Not for the composed process, which prepares itself, nor for --show-args: it reads models.
    from edgeai_bringup.preparation import prepare

    prepared = prepare(
        profile,
        source=values["source"],
        camera=values["camera"],
        params_file=Path(values["params_file"]) if values["params_file"] else None,
    )
    return [_node_action(p) for p in prepared.plans]


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
        on_exit=_refuse_failure,
        sigterm_timeout=str(STOP_TIMEOUT_S),
    )


def _refuse_failure(event: Any, context: Any) -> None:
    # Without it `ros2 launch` says 0 when nothing could run.
    if event.returncode:
        raise RuntimeError(f"the graph ended with code {event.returncode}; its last line says why")


def _node_action(node: NodePlan) -> Any:
    from launch_ros.actions import Node

    # As a file and not in the command: launch logs the command of a process that dies, and an
    # address may hold a password. launch_ros refuses empty lists, rcl reads them.
    filled = {name: value for name, value in node.overrides.items() if value != []}
    empty = [f"{name}:=[]" for name in node.overrides if name not in filled]
    return Node(
        package=node.entry.package,
        executable=node.entry.executable,
        name=node.entry.name,
        namespace=node.namespace,
        parameters=[
            str(node.params_file),
            {name: _typed(value) for name, value in filled.items()},
        ],
        ros_arguments=[word for rule in empty for word in ("-p", rule)],
        output="screen",
        # Without a limit: launch counts restarts for ever and would leave a camera down that
        # failed five times in a year. The supervisor reports a node that keeps failing.
        respawn=True,
        respawn_delay=RESPAWN_DELAY_S,
        sigterm_timeout=str(STOP_TIMEOUT_S),
    )


def _typed(value: ParameterValue) -> Any:
    # Without its type launch_ros reads a text as YAML: camera 0 would become a number.
    from launch_ros.parameter_descriptions import ParameterValue as TypedValue

    if isinstance(value, list):
        return TypedValue(value, value_type=list[type(value[0])])  # type: ignore[misc]
    return TypedValue(value, value_type=type(value))
