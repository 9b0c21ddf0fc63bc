"""The trigger node: a chosen alert becomes a goal of an action of the robot, such as Nav2's.

Not in the profiles: an example of what a robot adds to the graph (docs/robots.md). It is up as soon
as its process is, and moves something: it starts nothing that was not configured.
"""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from action_msgs.msg import GoalStatus
from edgeai_msgs.msg import Alert as AlertMsg
from lifecycle_msgs.msg import State
from rclpy.action.client import ActionClient
from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.context import Context
from rclpy.parameter import Parameter
from rclpy.task import Future

from edgeai_core.alerting.trigger import AlertTrigger, Step, TriggerConfig
from edgeai_core.config import group, param
from edgeai_core.errors import ConfigError
from edgeai_core.metering import ThroughputMeter
from edgeai_core.types import Alert
from edgeai_ros_common import params, qos
from edgeai_ros_common.convert_alerts import alert_from_msg
from edgeai_ros_common.diagnostics import Health, HealthReporter, Level
from edgeai_ros_common.event_watch import SeldomEvents
from edgeai_ros_common.message_fields import fill_from_yaml, interface_type
from edgeai_ros_common.running import run_node

_ENDINGS = {
    GoalStatus.STATUS_SUCCEEDED: "succeeded",
    GoalStatus.STATUS_CANCELED: "was cancelled",
    GoalStatus.STATUS_ABORTED: "was aborted by the robot",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionConfig:
    """What the robot is asked to do."""

    type: str = param("", "Type of the action: nav2_msgs/action/NavigateToPose.")
    name: str = param("", "Name of the action: navigate_to_pose.")
    goal: str = param("", "Fields of the goal as YAML; those that are not named keep defaults.")


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertTriggerConfig:
    """Parameters of the trigger node."""

    action: ActionConfig = group(ActionConfig)
    when: TriggerConfig = group(TriggerConfig)


class AlertTriggerNode(SeldomEvents):
    """Send a goal for an alert, one at a time; cancel it when the alert is over.

    Raises:
        ConfigError: a parameter does not exist or does not fit, the type of the action is not
            installed, or the goal does not fit it.
    """

    config_class = AlertTriggerConfig

    def __init__(
        self,
        *,
        node_name: str = "alert_trigger",
        context: Context | None = None,
        parameter_overrides: Sequence[Parameter] = (),
        namespace: str | None = None,
        cli_args: Sequence[str] = (),
    ) -> None:
        super().__init__(
            node_name,
            context=context,
            parameter_overrides=list(parameter_overrides),
            namespace=namespace,
            cli_args=list(cli_args),
        )
        try:
            params.declare(self, AlertTriggerConfig)
            config: AlertTriggerConfig = params.read(self, AlertTriggerConfig)
            if not config.action.name:
                raise ConfigError("parameter action.name: empty; expected the name of an action")
            action = interface_type(config.action.type)
            self._goal = fill_from_yaml(action.Goal(), config.action.goal)
        except BaseException:
            self.destroy_node()
            raise
        self._trigger = AlertTrigger(config.when)
        self._destroyed = False
        self._client = ActionClient(self, action, config.action.name)
        self._handle: Any = None
        self._cancel_wanted = False
        self._problem = ""
        self._told = "no alert has started a goal yet"
        self._meter = ThroughputMeter(monotonic_s=time.monotonic)
        self._meter.activated()
        self._reporter = HealthReporter(self, self._meter)
        self.create_subscription(AlertMsg, "alerts", self._on_alert, qos.ALERTS)
        self.create_timer(1.0, self._report, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def destroy_node(self) -> None:
        """Destroy the node and what it takes of the action."""
        if hasattr(self, "_client") and not self._destroyed:
            self._destroyed = True
            self._client.destroy()
        super().destroy_node()

    def _on_alert(self, message: AlertMsg) -> None:
        self._meter.frame_received(dropped=False)
        try:
            alert = alert_from_msg(message)
        except ValueError as exc:
            self._meter.frame_rejected()
            self.get_logger().error(f"dropped a message: {exc}", throttle_duration_sec=5.0)
            return
        self._do(self._trigger.see(alert, now_ns=int(self.get_clock().now().nanoseconds)))

    def _do(self, step: Step) -> None:
        if step.cancel:
            self._cancel_wanted = True
            self._cancel()
        if step.start is not None:
            self._send(step.start)

    def _send(self, alert: Alert) -> None:
        self._handle, self._cancel_wanted = None, False
        what = f"goal for {alert.event.title!r} ({alert.alert_id[:8]})"
        if not self._client.server_is_ready():
            # Asked later it would answer an alert of the past.
            self._end(what, f"not sent: nobody offers the action {self._name}", failed=True)
            return
        self._say(f"{what} sent to {self._name}")
        future = self._client.send_goal_async(self._goal)
        future.add_done_callback(functools.partial(self._on_answer, what))

    def _on_answer(self, what: str, future: Future) -> None:
        handle = future.result()
        if handle is None or not handle.accepted:
            self._end(what, "was refused by the robot", failed=True)
            return
        self._handle = handle
        handle.get_result_async().add_done_callback(functools.partial(self._on_result, what))
        if self._cancel_wanted:
            self._cancel()

    def _on_result(self, what: str, future: Future) -> None:
        status = int(future.result().status)
        ending = _ENDINGS.get(status, f"ended with status {status}")
        self._meter.result_published(latency_ms=0.0)
        self._end(what, ending, failed=status == GoalStatus.STATUS_ABORTED)

    def _cancel(self) -> None:
        # Before the robot has accepted a goal there is nothing that can be cancelled.
        if self._handle is not None:
            self._handle.cancel_goal_async()

    def _end(self, what: str, ending: str, *, failed: bool) -> None:
        self._handle = None
        self._problem = f"{what} {ending}" if failed else ""
        self._say(f"{what} {ending}", is_problem=failed)
        self._do(self._trigger.goal_ended())

    def _say(self, sentence: str, *, is_problem: bool = False) -> None:
        self._told = sentence
        if is_problem:
            self.get_logger().warning(sentence)
        else:
            self.get_logger().info(sentence)
        self._report()

    def _report(self) -> None:
        ready = self._client.server_is_ready()
        message = self._problem or self._told
        if not ready and not self._problem:
            message = f"nobody offers the action {self._name}; {self._told}"
        health = Health(
            level=Level.OK if ready and not self._problem else Level.WARN,
            message=message,
            details=(("passed_over", str(self._trigger.passed_over)),),
        )
        self._reporter.publish(health, lifecycle_state=State.PRIMARY_STATE_ACTIVE)

    @property
    def _name(self) -> str:
        return self.resolve_service_name(str(self.get_parameter("action.name").value))


def main() -> int:
    """Run the node; return the exit code."""
    return run_node(AlertTriggerNode, node_name="alert_trigger")


if __name__ == "__main__":
    sys.exit(main())
