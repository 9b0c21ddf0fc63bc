"""The trigger node with a real action server."""

from __future__ import annotations

import importlib
import threading
from typing import Any

import pytest
from edgeai_msgs.msg import Alert
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.callback_groups import ReentrantCallbackGroup

from edgeai_alerts.alert_trigger_node import AlertTriggerNode
from edgeai_core.errors import ConfigError
from edgeai_ros_common import qos
from edgeai_ros_common.convert import time_to_msg


def fibonacci() -> tuple[str, Any]:
    """Return a type of action that ROS installations have, or skip: none is on PyPI."""
    for package in ("test_msgs", "example_interfaces"):
        try:
            module = importlib.import_module(f"{package}.action")
        except ImportError:
            continue
        return f"{package}/action/Fibonacci", module.Fibonacci
    return pytest.skip("no package with an action: none is on PyPI; apt: ros-jazzy-test-msgs")


class Robot:
    """An action server that works on a goal until it is let go."""

    def __init__(self, ros: Any) -> None:
        self.type_name, self._type = fibonacci()
        self.orders: list[int] = []
        self.cancelled = 0
        self.accepts = True
        self.let_go = threading.Event()
        self._node = ros.listener()
        self._server = ActionServer(
            self._node,
            self._type,
            "navigate",
            execute_callback=self._execute,
            goal_callback=self._asked,
            cancel_callback=lambda goal: CancelResponse.ACCEPT,
            callback_group=ReentrantCallbackGroup(),
        )

    def _asked(self, goal: Any) -> GoalResponse:
        return GoalResponse.ACCEPT if self.accepts else GoalResponse.REJECT

    async def _execute(self, goal: ServerGoalHandle) -> Any:
        self.orders.append(int(goal.request.order))
        while not self.let_go.is_set() and not goal.is_cancel_requested:
            await self._turn()
        if goal.is_cancel_requested:
            self.cancelled += 1
            goal.canceled()
        else:
            goal.succeed()
        return self._type.Result()

    async def _turn(self) -> None:
        """Let the executor do other things."""
        from rclpy.task import Future

        passed: Future = Future(executor=self._node.executor)
        timer = self._node.create_timer(0.02, lambda: passed.set_result(None))
        await passed
        self._node.destroy_timer(timer)

    def close(self) -> None:
        self._server.destroy()


@pytest.fixture
def robot(ros):
    made = Robot(ros)
    yield made
    made.close()


class Graph:
    """A trigger node for a robot, and whoever publishes alerts."""

    def __init__(self, ros: Any, robot: Robot, overrides: Any, **values: Any) -> None:
        self._ros = ros
        self._publisher_node = ros.listener()
        self._publisher = self._publisher_node.create_publisher(Alert, "alerts", qos.ALERTS)
        given = {
            "action.type": robot.type_name,
            "action.name": "navigate",
            "action.goal": "{order: 7}",
        }
        self.node = ros.add(
            AlertTriggerNode(
                context=ros.context,
                parameter_overrides=overrides(
                    given | {name.replace("__", "."): value for name, value in values.items()}
                ),
            )
        )
        ros.until(self.node._client.server_is_ready)
        ros.until(lambda: self._publisher.get_subscription_count() == 1)

    @property
    def told(self) -> str:
        return self.node._told

    def tell(self, alert_id: str, *, state: int = Alert.RAISED, severity: int = 2) -> None:
        now = time_to_msg(int(self.node.get_clock().now().nanoseconds))
        message = Alert(
            alert_id=alert_id * 32,
            category="fire",
            severity=severity,
            title="a fire",
            source="fire_detector",
            camera="kitchen",
            raised_at=now,
            state=state,
            count=1,
        )
        message.header.stamp = now
        self._publisher.publish(message)


def test_an_alert_sends_the_goal_and_its_result_is_told(ros, overrides, robot):
    graph = Graph(ros, robot, overrides)
    graph.tell("a")
    ros.until(lambda: robot.orders)
    assert robot.orders == [7]
    robot.let_go.set()
    ros.until(lambda: "succeeded" in graph.told)
    assert graph.told == "goal for 'a fire' (aaaaaaaa) succeeded"


def test_an_alert_that_is_cleared_cancels_the_goal(ros, overrides, robot):
    graph = Graph(ros, robot, overrides)
    graph.tell("a")
    ros.until(lambda: robot.orders)
    graph.tell("a", state=Alert.CLEARED)
    ros.until(lambda: "was cancelled" in graph.told)
    assert robot.cancelled == 1


def test_one_goal_at_a_time_and_a_more_severe_alert_takes_its_place(ros, overrides, robot):
    graph = Graph(ros, robot, overrides, when__min_severity="WARNING")
    graph.tell("a", severity=Alert.WARNING)
    ros.until(lambda: robot.orders)
    graph.tell("b", severity=Alert.WARNING)
    graph.tell("c", severity=Alert.CRITICAL)
    ros.until(lambda: len(robot.orders) == 2)
    assert robot.cancelled == 1
    robot.let_go.set()
    ros.until(lambda: "(cccccccc) succeeded" in graph.told)
    assert graph.node._trigger.passed_over == 1


def test_a_goal_that_the_robot_refuses_is_a_warning(ros, overrides, robot):
    robot.accepts = False
    graph = Graph(ros, robot, overrides)
    graph.tell("a")
    ros.until(lambda: "was refused by the robot" in graph.told)
    assert graph.node._problem == graph.told
    assert graph.node._trigger.running is None


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({}, "parameter action.name: empty"),
        ({"action.name": "go", "action.type": "Go"}, "expected PACKAGE/action/NAME"),
        (
            {"action.name": "go", "action.type": "no_such_msgs/action/Go"},
            "package no_such_msgs is not installed here",
        ),
    ],
)
def test_a_mistake_in_the_action_is_one_sentence_at_the_start(ros, overrides, values, sentence):
    with pytest.raises(ConfigError, match=sentence):
        AlertTriggerNode(context=ros.context, parameter_overrides=overrides(values))
