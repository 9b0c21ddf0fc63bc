"""Add the graph to a mobile robot: its camera is watched, an alert sends it somewhere.

ros2 launch edgeai_bringup robot.launch.py namespace:=robot_1 image:=/head/image_raw

Copy it into a package of the robot's and change it there; docs/robots.md explains each line.
"""

from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

from launch import LaunchDescription

_SHARE = Path(get_package_share_directory("edgeai_bringup"))


def generate_launch_description():
    """Return the home graph in the robot's namespace, and the node that moves the robot."""
    namespace = LaunchConfiguration("namespace")
    graph = IncludeLaunchDescription(
        PythonLaunchDescriptionSource(str(_SHARE / "launch" / "home.launch.py")),
        launch_arguments={
            "namespace": namespace,
            "camera": LaunchConfiguration("camera"),
            "image": LaunchConfiguration("image"),
        }.items(),
    )
    trigger = Node(
        package="edgeai_alerts",
        executable="alert_trigger_node",
        name="alert_trigger",
        namespace=namespace,
        parameters=[LaunchConfiguration("trigger_params_file")],
        # With the diagnostics of the graph, not with everybody's.
        remappings=[("/diagnostics", "diagnostics")],
        output="screen",
    )
    return LaunchDescription(
        [
            DeclareLaunchArgument(
                "namespace",
                default_value="robot_1",
                description="The robot's name: all topics, services and nodes are below it.",
            ),
            DeclareLaunchArgument(
                "camera",
                default_value="front",
                description="What the robot's camera is called in alerts.",
            ),
            DeclareLaunchArgument(
                "image",
                default_value="",
                description="Topic of the camera's driver; empty for a USB camera of our own.",
            ),
            DeclareLaunchArgument(
                "trigger_params_file",
                default_value=str(_SHARE / "examples" / "robot.params.yaml"),
                description="Which alerts move the robot, and where to.",
            ),
            graph,
            trigger,
        ]
    )
