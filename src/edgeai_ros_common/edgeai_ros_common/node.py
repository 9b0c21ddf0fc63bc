"""The lifecycle node that every node of the graph is."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any, ClassVar, Generic, TypeVar

from lifecycle_msgs.msg import State
from rcl_interfaces.msg import SetParametersResult
from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.context import Context
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.lifecycle.publisher import LifecyclePublisher
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile

from edgeai_core.errors import EdgeAiError
from edgeai_core.metering import ThroughputMeter
from edgeai_ros_common import params
from edgeai_ros_common.diagnostics import Health, HealthReporter, Level, with_mismatches
from edgeai_ros_common.event_watch import SeldomEvents

ConfigT = TypeVar("ConfigT")
HEARTBEAT_PERIOD_S = 1.0


class EdgeNode(SeldomEvents, LifecycleNode, Generic[ConfigT]):
    """A lifecycle node with typed parameters, a heartbeat and hooks that clean up after themselves.

    A subclass names its ``config_class`` and implements :meth:`setup` and :meth:`start`. What they
    take they give back by :meth:`release_on_cleanup` and :meth:`release_on_deactivate`; when a hook
    fails half-way everything that it had taken is released and it can be tried again.

    Raises:
        ConfigError: an override names no parameter of the node or does not fit it.
    """

    config_class: ClassVar[type[Any]]

    def __init__(
        self,
        *,
        node_name: str,
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
            params.declare(self, self.config_class)
        except BaseException:
            self.destroy_node()
            raise
        self.meter = ThroughputMeter(monotonic_s=time.monotonic)
        self._config: ConfigT | None = None
        self._configured = ExitStack()
        self._active = ExitStack()
        self._is_active = False
        self.add_on_set_parameters_callback(self._on_parameters)
        self._reporter = HealthReporter(self, self.meter)
        # Steady: the heartbeat must go on when simulated time stands still or a clock jumps.
        self._heartbeat = self.create_timer(
            HEARTBEAT_PERIOD_S, self.publish_health, clock=Clock(clock_type=ClockType.STEADY_TIME)
        )

    # What a subclass implements.

    def setup(self, config: ConfigT) -> None:
        """Take what the node needs while configured: models, stores, publishers."""

    def start(self, config: ConfigT) -> None:
        """Begin to work: subscriptions, threads, timers."""

    def change(self, config: ConfigT) -> None:
        """Work with a configuration in which live parameters are new, from now on.

        Called on the executor while the node is configured, before the parameters are set; what
        it raises refuses them. Inactive, :meth:`start` gets them anyway.

        Raises:
            ConfigError: the node cannot work with it.
        """

    def health(self) -> Health:
        """Return how the node is doing; called once a second while active."""
        return Health()

    def model_description(self) -> tuple[str, str]:
        """Return the model card's name and the runtime; empty without a model."""
        return "", ""

    # What a subclass uses.

    def release_on_cleanup(self, release: Callable[[], object]) -> None:
        """Call `release` when the node is cleaned up or when its setup fails."""
        self._configured.callback(release)

    def release_on_deactivate(self, release: Callable[[], object]) -> None:
        """Call `release` when the node is deactivated or when its start fails."""
        self._active.callback(release)

    def publisher(self, message: type[Any], topic: str, profile: QoSProfile) -> LifecyclePublisher:
        """Return a publisher that lives while the node is configured."""
        created: LifecyclePublisher = self.create_lifecycle_publisher(
            message, topic, profile, event_callbacks=self.publisher_events(topic)
        )
        self.release_on_cleanup(lambda: self.destroy_lifecycle_publisher(created))
        return created

    def subscribe(
        self, message: type[Any], topic: str, callback: Callable[[Any], None], profile: QoSProfile
    ) -> None:
        """Subscribe while the node is active (rclpy manages publishers only)."""
        events = self.subscription_events(topic)
        created = self.create_subscription(
            message, topic, callback, profile, event_callbacks=events
        )
        self.release_on_deactivate(lambda: self.destroy_subscription(created))

    def every(self, period_s: float, callback: Callable[[], None]) -> None:
        """Call `callback` on the steady clock while the node is active."""
        created = self.create_timer(
            period_s, callback, clock=Clock(clock_type=ClockType.STEADY_TIME)
        )
        self.release_on_deactivate(lambda: self.destroy_timer(created))

    def now_ns(self) -> int:
        """Return ROS time in nanoseconds."""
        return int(self.get_clock().now().nanoseconds)

    @property
    def is_active(self) -> bool:
        return self._is_active

    # Lifecycle hooks: rclpy turns an exception in a hook into ERROR without a word.

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        def configure() -> None:
            self._config = params.read(self, self.config_class)
            self.setup(self._config)

        result = self._run_hook("configure", configure, self._configured)
        if result != TransitionCallbackReturn.SUCCESS:
            # Not configured: the parameter that was wrong can be changed for the next try.
            self._config = None
        return result

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        def activate() -> None:
            assert self._config is not None  # the lifecycle configures first
            self.meter.activated()
            self.release_on_deactivate(self.meter.deactivated)
            super(EdgeNode, self).on_activate(state)
            self.release_on_deactivate(lambda: super(EdgeNode, self).on_deactivate(state))
            self.start(self._config)

        result = self._run_hook("activate", activate, self._active)
        self._is_active = result == TransitionCallbackReturn.SUCCESS
        self.publish_health()
        return result

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._is_active = False
        return self._release("deactivate", self._active)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        return self._release_everything()

    def _release_everything(self) -> TransitionCallbackReturn:
        self._is_active = False
        first = self._release("deactivate", self._active)
        second = self._release("clean up", self._configured)
        self._config = None
        worst = TransitionCallbackReturn.ERROR
        return worst if worst in (first, second) else TransitionCallbackReturn.SUCCESS

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        return self._release_everything()

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        # SUCCESS leads back to unconfigured, from where the supervisor tries again.
        self._release_everything()
        return TransitionCallbackReturn.SUCCESS

    def destroy_node(self) -> None:
        """Release everything and destroy the node; calling it twice is harmless."""
        if hasattr(self, "_active"):
            self._release_everything()
        super().destroy_node()

    def _run_hook(
        self, verb: str, hook: Callable[[], None], stack: ExitStack
    ) -> TransitionCallbackReturn:
        try:
            hook()
        except EdgeAiError as exc:
            self.get_logger().error(f"cannot {verb}: {exc}")
        except Exception as exc:
            self.get_logger().error(f"cannot {verb}: {exc!r}\n{_traceback_of(exc)}")
        else:
            return TransitionCallbackReturn.SUCCESS
        self._release(f"undo {verb}", stack)
        return TransitionCallbackReturn.FAILURE

    def _release(self, verb: str, stack: ExitStack) -> TransitionCallbackReturn:
        # pop_all leaves the stack empty and usable for the next try, whatever a callback raises.
        taken = stack.pop_all()
        try:
            taken.close()
        except Exception as exc:
            self.get_logger().error(f"cannot {verb} cleanly: {exc!r}\n{_traceback_of(exc)}")
            return TransitionCallbackReturn.ERROR
        return TransitionCallbackReturn.SUCCESS

    # Heartbeat and parameters.

    def publish_health(self) -> None:
        """Publish the heartbeat and the diagnostics now."""
        state = int(self._state_machine.current_state[0])
        if state == State.PRIMARY_STATE_ACTIVE and self._is_active:
            health = self.health()
        else:
            health = Health(level=Level.OK, message=_STATE_NAMES.get(state, "in transition"))
        model, runtime = self.model_description()
        health = with_mismatches(health, self.mismatches)
        self._reporter.publish(health, lifecycle_state=state, model=model, runtime=runtime)

    def _on_parameters(self, changes: list[Parameter]) -> SetParametersResult:
        fixed = self._config is not None
        result = params.check_changes(self.config_class, changes, fixed=fixed)
        if not (fixed and result.successful):
            return result
        try:
            config = params.changed(self, self.config_class, changes)
            if config != self._config:
                self.change(config)
        except EdgeAiError as exc:
            return SetParametersResult(successful=False, reason=str(exc))
        except Exception as exc:  # whatever happens, the node goes on with what it had
            self.get_logger().error(f"cannot change: {exc!r}\n{_traceback_of(exc)}")
            return SetParametersResult(successful=False, reason=f"cannot change: {exc!r}")
        self._config = config
        return result


_STATE_NAMES = {
    State.PRIMARY_STATE_UNCONFIGURED: "not configured",
    State.PRIMARY_STATE_INACTIVE: "ready, not running",
    State.PRIMARY_STATE_ACTIVE: "starting",
    State.PRIMARY_STATE_FINALIZED: "shut down",
}


def _traceback_of(exc: BaseException) -> str:
    return "".join(traceback.format_exception(type(exc), exc, exc.__traceback__))
