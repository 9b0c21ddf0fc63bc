"""The graph table as launch_ros actions, for machines with ROS 2 installed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from edgeai_bringup.graph import (
    PARTS,
    PROFILES,
    RESPAWN_DELAY_S,
    STOP_TIMEOUT_S,
    NodePlan,
    ParameterValue,
)
from edgeai_bringup.graph_names import joined, split_cameras
from edgeai_bringup.locations import fastdds_profile
from edgeai_bringup.viewing import is_viewable, rviz_file

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
                "camera, else the demo footage. Of every camera that has none of its own.",
            ),
            DeclareLaunchArgument(
                "camera",
                default_value="camera",
                description="Namespace of the camera and its analyzers.",
            ),
            DeclareLaunchArgument(
                "cameras",
                default_value="",
                description="Several cameras instead of one: 'entrance=/dev/video0 garden=demo'.",
            ),
            DeclareLaunchArgument(
                "image",
                default_value="",
                description="Topic of pictures that a driver of the robot publishes, instead of a "
                "camera of our own: /robot/front/image_raw. The same as source:=topic:NAME.",
            ),
            DeclareLaunchArgument(
                "namespace",
                default_value="",
                description="Of the whole graph, for instance a robot's name: its topics, services "
                "and nodes are below it, and two graphs do not hear each other.",
            ),
            DeclareLaunchArgument(
                "part",
                default_value="all",
                choices=tuple(PARTS),
                description="With several machines: the cameras with their analyzers, or the "
                "center, which has the rest; it is told the names of all cameras.",
            ),
            DeclareLaunchArgument(
                "composed",
                default_value="true",
                choices=("true", "false", "True", "False"),
                description="One process for all nodes (true) or one each, with respawn (false).",
            ),
            DeclareLaunchArgument(
                "use_sim_time",
                default_value="false",
                choices=("true", "false", "True", "False"),
                description="Live in the time of /clock, as a simulation or a replay tells it.",
            ),
            DeclareLaunchArgument(
                "params_file",
                default_value="",
                description="Parameter file instead of the profile's own.",
            ),
            *_viewer_arguments(profile),
            *(SetEnvironmentVariable(name, str(fastdds_profile())) for name in unset),
            OpaqueFunction(function=_actions, args=[profile]),
            *([OpaqueFunction(function=_viewers, args=[profile])] if is_viewable(profile) else []),
        ]
    )


def _viewer_arguments(profile: str) -> list[Any]:
    from launch.actions import DeclareLaunchArgument

    if not is_viewable(profile):
        return []
    return [
        DeclareLaunchArgument(
            "rviz",
            default_value="false",
            choices=("true", "false", "True", "False"),
            description="Open rviz2 with the drawn picture and the markers before the (first) "
            "camera.",
        )
    ]


def _viewers(context: Any, profile: str) -> list[Any]:
    from launch.substitutions import LaunchConfiguration
    from launch_ros.actions import Node

    values = {
        name: LaunchConfiguration(name).perform(context)
        for name in ("camera", "cameras", "namespace", "rviz")
    }
    if values["rviz"].casefold() != "true":
        return []
    # Of several cameras the first: the others are a click away in its list of topics.
    first = _cameras(values)[0].partition("=")[0]
    file = rviz_file(
        profile, camera=joined(_pushed(context), values["namespace"].strip("/"), first)
    )
    return [
        Node(
            package="rviz2",
            executable="rviz2",
            name="rviz2",
            # Closing its window ends nothing else.
            arguments=["-d", str(file)],
            output="screen",
        )
    ]


def _actions(context: Any, profile: str) -> list[Any]:
    from launch.substitutions import LaunchConfiguration

    values = {
        name: LaunchConfiguration(name).perform(context)
        for name in (
            "source",
            "camera",
            "cameras",
            "image",
            "namespace",
            "part",
            "composed",
            "params_file",
            "use_sim_time",
        )
    }
    if values["image"]:
        values["source"] = f"topic:{values['image']}"
    if values["composed"].casefold() == "true":
        return [_composed_action(profile, values)]
    # Not for the composed process, which prepares itself, nor for --show-args: it reads models.
    from edgeai_bringup.preparation import prepare

    prepared = prepare(
        profile,
        source=values["source"],
        cameras=_cameras(values),
        # launch prefixes relative namespaces by itself; the supervisor must know the whole names.
        namespace=joined(_pushed(context), values["namespace"].strip("/")),
        part=values["part"],
        params_file=Path(values["params_file"]) if values["params_file"] else None,
        sim_time=values["use_sim_time"].casefold() == "true",
    )
    return [_node_action(p) for p in prepared.plans]


def _pushed(context: Any) -> str:
    """Return the namespace that a PushROSNamespace around the include gives, if any."""
    return str(context.launch_configurations.get("ros_namespace", "")).strip("/")


def _cameras(values: dict[str, str]) -> list[str]:
    return split_cameras(values["cameras"]) or [values["camera"]]


def _composed_action(profile: str, values: dict[str, str]) -> Any:
    from launch_ros.actions import Node

    arguments = ["--source", values["source"]]
    for camera in _cameras(values):
        arguments += ["--camera", camera]
    if values["namespace"]:
        arguments += ["--namespace", values["namespace"]]
    arguments += ["--part", values["part"]]
    if values["params_file"]:
        arguments += ["--params-file", values["params_file"]]
    if values["use_sim_time"].casefold() == "true":
        arguments += ["--sim-time"]
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
        namespace=f"/{node.namespace}",
        parameters=[
            str(node.params_file),
            {name: _typed(value) for name, value in filled.items()},
        ],
        remappings=list(node.remaps),
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
