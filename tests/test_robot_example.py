"""The example of a robot: its files, and with a ROS installation the whole of it, headless."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
import yaml

EXAMPLES = Path(__file__).resolve().parent.parent / "src" / "edgeai_bringup" / "examples"
TIMEOUT_S = 80.0


def trigger_parameters() -> dict:
    content = yaml.safe_load((EXAMPLES / "robot.params.yaml").read_text(encoding="utf-8"))
    return content["/**/alert_trigger"]["ros__parameters"]


def test_the_parameters_of_the_example_exist_and_its_goal_is_a_pose():
    pytest.importorskip("rclpy", reason="ROS is not there: run the tests by make test")
    from geometry_msgs.msg import PoseStamped

    from edgeai_alerts.alert_trigger_node import AlertTriggerConfig
    from edgeai_core.config import build
    from edgeai_ros_common.message_fields import fill

    given = trigger_parameters()
    flat = {f"{group}.{name}": value for group in given for name, value in given[group].items()}
    config = build(AlertTriggerConfig, flat)
    assert config.action.type == "nav2_msgs/action/NavigateToPose"
    assert config.when.categories == ("start_fire", "fire", "unattended_flame")
    pose = PoseStamped()
    fill(pose, yaml.safe_load(config.action.goal)["pose"], where="goal.pose")
    assert (pose.header.frame_id, pose.pose.position.x) == ("map", 2.0)


@pytest.mark.demo
def test_fire_seen_by_the_robot_sends_it_to_its_pose(isolated, tmp_path):
    nav2 = pytest.importorskip("nav2_msgs.action", reason="Nav2 is not on PyPI")
    if shutil.which("ros2") is None:
        pytest.skip("ros2 launch is not on PyPI; needs an installation of ROS 2")
    import rclpy
    from edgeai_msgs.msg import HazardReport
    from rclpy.action import ActionServer
    from rclpy.context import Context
    from rclpy.executors import SingleThreadedExecutor
    from rclpy.node import Node
    from sensor_msgs.msg import Image

    from edgeai_ros_common import qos
    from edgeai_ros_common.running import spin

    goals: list[tuple[str, float, float]] = []

    def go(goal):
        pose = goal.request.pose
        goals.append((pose.header.frame_id, pose.pose.position.x, pose.pose.position.y))
        goal.succeed()
        return nav2.NavigateToPose.Result()

    context = Context()
    rclpy.init(args=[], context=context, domain_id=isolated.domain)
    robot = Node("navigator", namespace="/robot_7", context=context)
    server = ActionServer(robot, nav2.NavigateToPose, "navigate_to_pose", go)
    driver = robot.create_publisher(Image, "/head/image_raw", 1)
    hazards = robot.create_publisher(HazardReport, "front/hazards", qos.RESULTS)
    report = HazardReport(state=HazardReport.FIRE, start_fire_score=0.25, fire_score=0.5)

    def see_fire():
        report.header.stamp = robot.get_clock().now().to_msg()
        hazards.publish(report)

    robot.create_timer(0.5, see_fire)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(robot)
    log = (tmp_path / "launch.log").open("w")
    launched = subprocess.Popen(
        [
            *("ros2", "launch", str(EXAMPLES / "robot.launch.py")),
            *("namespace:=robot_7", "image:=/head/image_raw"),
            f"trigger_params_file:={EXAMPLES / 'robot.params.yaml'}",
        ],
        env={**os.environ, "EDGEAI_DATA_DIR": str(isolated.data)},
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        begun = robot.get_clock().now()

        def is_over() -> bool:
            waited_s = (robot.get_clock().now() - begun).nanoseconds / 1e9
            told = goals and driver.get_subscription_count() > 0
            return bool(told) or launched.poll() is not None or waited_s > TIMEOUT_S

        spin(executor, until=is_over)
        said = (tmp_path / "launch.log").read_text(encoding="utf-8")
        assert goals, said
        assert goals[0] == ("map", 2.0, 1.0)
        assert driver.get_subscription_count() > 0, said
    finally:
        launched.send_signal(signal.SIGINT)
        launched.wait(30.0)
        log.close()
        server.destroy()
        robot.destroy_node()
        executor.shutdown()
        context.try_shutdown()
