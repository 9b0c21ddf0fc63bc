"""The supervisor: it brings the graph up, holds the session and lets run what the session allows.

It is the lifecycle manager, so it is a plain node: alive means working.
"""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Callable, Sequence

from edgeai_msgs.msg import AnalyzerStatus, FaceMatchArray
from edgeai_msgs.msg import AuthState as AuthStateMsg
from edgeai_msgs.srv import SetArmed
from lifecycle_msgs.srv import ChangeState
from rcl_interfaces.msg import SetParametersResult
from rclpy.client import Client
from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.context import Context
from rclpy.parameter import Parameter
from rclpy.task import Future
from std_srvs.srv import Trigger

from edgeai_core.access.credentials import armed_subject, credential_objection, operator_key
from edgeai_core.access.gallery import Gallery
from edgeai_core.access.keys import default_key_source
from edgeai_core.access.locations import data_directory
from edgeai_core.access.permissions import Permission
from edgeai_core.access.policy import GatePolicy
from edgeai_core.access.session import SessionMachine
from edgeai_core.config import specs
from edgeai_core.errors import AccessError, ConfigError, EdgeAiError
from edgeai_core.metering import ThroughputMeter
from edgeai_core.supervision import NodeKeeper, NodeState, Transition
from edgeai_core.types import AuthState
from edgeai_perception.supervisor_config import SupervisorConfig
from edgeai_perception.supervisor_health import supervisor_health
from edgeai_ros_common import params, qos
from edgeai_ros_common.convert import auth_state_to_msg, faces_from_msg, time_from_msg
from edgeai_ros_common.diagnostics import HealthReporter, Level
from edgeai_ros_common.event_watch import SeldomEvents
from edgeai_ros_common.running import run_node

_TICK_S = 0.1
_FACE_ROLE = "face_authenticator"


def _role(full_name: str) -> str:
    return full_name.rpartition("/")[2]


class SupervisorNode(SeldomEvents):
    """Hold the access state and drive every node's lifecycle to what it allows.

    Raises:
        ConfigError: a parameter does not exist or does not fit, or an armed or always-on name is
            not among the analyzers.
    """

    config_class = SupervisorConfig

    def __init__(
        self,
        *,
        node_name: str = "supervisor",
        context: Context | None = None,
        parameter_overrides: Sequence[Parameter] = (),
        namespace: str | None = None,
        cli_args: Sequence[str] = (),
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(
            node_name,
            context=context,
            parameter_overrides=list(parameter_overrides),
            namespace=namespace,
            cli_args=list(cli_args),
        )
        try:
            params.declare(self, SupervisorConfig)
            self._config = params.read(self, SupervisorConfig)
            self._monotonic_s = monotonic_s
            self._session = self._new_session()
            self._keepers = self._new_keepers()
        except BaseException:
            self.destroy_node()
            raise
        self.add_on_set_parameters_callback(self._on_parameters)
        self._published: AuthState | None = None
        self._transition_clients: dict[str, Client] = {
            name: self.create_client(ChangeState, f"{name}/change_state") for name in self._keepers
        }
        self._meter = ThroughputMeter(monotonic_s=time.monotonic)
        self._meter.activated()
        self._reporter = HealthReporter(self, self._meter)
        self._auth_publisher = self.create_publisher(AuthStateMsg, "auth_state", qos.STATE)
        for name in self._keepers:
            self.create_subscription(
                AnalyzerStatus, f"{name}/status", self._on_status, qos.DIAGNOSTICS
            )
        for topic in self._config.topics.faces:
            seen = functools.partial(self._on_faces, topic)
            self.create_subscription(FaceMatchArray, topic, seen, qos.RESULTS)
        self.create_service(Trigger, "~/lock", self._on_lock)
        self.create_service(SetArmed, "~/set_armed", self._on_set_armed)
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(_TICK_S, self._tick, clock=steady)
        self.create_timer(1.0, self._report, clock=steady)

    def _new_session(self) -> SessionMachine:
        nodes = self._config.nodes
        roles = list(dict.fromkeys(_role(name) for name in nodes.analyzers))
        unknown = sorted(set(nodes.always_on) - set(roles))
        if unknown:
            raise ConfigError(
                f"parameter nodes.always_on: got {', '.join(unknown)}, expected names among "
                f"{', '.join(roles)}"
            )
        try:
            return SessionMachine(
                self._config.access,
                clock_s=self._monotonic_s,
                analyzers=roles,
                permissions_of=self._permissions_of,
            )
        except AccessError as exc:
            raise ConfigError(f"parameter access.armed: {exc}") from exc

    def _permissions_of(self, person_id: str) -> frozenset[Permission]:
        # Read anew each time: a role may have changed since the person unlocked.
        path = self._config.gallery.file()
        with Gallery.open(path, key_source=default_key_source(path)) as gallery:
            return gallery.permissions(person_id)

    def _new_keepers(self) -> dict[str, NodeKeeper]:
        nodes = self._config.nodes
        return {
            name: NodeKeeper(
                name,
                config=self._config.supervision,
                monotonic_s=self._monotonic_s,
                restartable=name not in nodes.self_mending,
            )
            for name in (*nodes.base, *nodes.analyzers)
        }

    def _on_parameters(self, changes: list[Parameter]) -> SetParametersResult:
        known = {spec.name for spec in specs(SupervisorConfig)}
        names = ", ".join(change.name for change in changes if change.name in known)
        reason = f"the supervisor reads {names} at its start only: start it again" if names else ""
        return SetParametersResult(successful=not names, reason=reason)

    # What comes in.

    def _on_status(self, message: AnalyzerStatus) -> None:
        keeper = self._keepers.get(message.node_name)
        if keeper is None:
            return
        state = int(message.lifecycle_state)
        known = NodeState(state) if state in NodeState._value2member_map_ else NodeState.UNKNOWN
        error = message.message if int(message.level) >= Level.ERROR else ""
        keeper.heartbeat(known, error=error)

    def _on_faces(self, camera: str, message: FaceMatchArray) -> None:
        self._meter.frame_received(dropped=False)
        now_ns = int(self.get_clock().now().nanoseconds)
        stamp_ns = time_from_msg(message.header.stamp)
        try:
            faces = faces_from_msg(message)
        except ValueError as exc:
            self._meter.frame_rejected()
            self.get_logger().error(
                f"dropped contradictory faces: {exc}", throttle_duration_sec=5.0
            )
            return
        self._session.observe(faces, stamp_ns, now_ns, camera)
        self._meter.result_published(latency_ms=(now_ns - stamp_ns) / 1e6)
        self._apply()

    def _on_lock(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self._session.lock()
        self._apply()
        response.success = True
        response.message = "the session is over"
        return response

    def _on_set_armed(
        self, request: SetArmed.Request, response: SetArmed.Response
    ) -> SetArmed.Response:
        now_ns = int(self.get_clock().now().nanoseconds)
        wanted = list(request.analyzers)
        try:
            if request.credential:
                self._check_credential(request.credential, wanted)
                self._session.set_armed(wanted)
            else:
                self._session.arm(wanted)
                self._session.disarm(sorted(set(self._session.state(now_ns).armed) - set(wanted)))
        except EdgeAiError as exc:
            response.message = str(exc)
        else:
            response.success = True
            response.message = f"armed: {', '.join(wanted) or 'nothing'}"
        self._apply()
        response.armed = list(self._session.state(now_ns).armed)
        return response

    def _check_credential(self, credential: str, wanted: Sequence[str]) -> None:
        objection = credential_objection(
            operator_key(data_directory()),
            credential,
            action="set_armed",
            subject=armed_subject(wanted),
            permission=Permission.ARM,
            now_ns=time.time_ns(),
        )
        if objection:
            raise AccessError(objection)

    # What goes out.

    def _tick(self) -> None:
        self._session.tick()
        if not self._face_authenticator_works():
            self._session.face_authenticator_lost()
        self._apply()

    def _face_authenticator_works(self) -> bool:
        faces = [k for name, k in self._keepers.items() if _role(name) == _FACE_ROLE]
        return any(k.state is NodeState.ACTIVE for k in faces)

    def _apply(self) -> None:
        """Publish a changed or ageing state and move every node towards what is wanted."""
        state = self._session.state(int(self.get_clock().now().nanoseconds))
        if state is not self._published:
            if self._published is None or state.state is not self._published.state:
                self.get_logger().info(f"session {state.state.name}: {state.reason}")
            self._published = state
            self._auth_publisher.publish(auth_state_to_msg(state))
        nodes = self._config.nodes
        for name in nodes.base:
            self._keepers[name].wanted = NodeState.ACTIVE
        for name in nodes.analyzers:
            policy = GatePolicy.ALWAYS_ON if _role(name) in nodes.always_on else GatePolicy.GATED
            allowed = self._session.allowed(_role(name), policy)
            # Inactive keeps the model loaded, so that unlocking takes no seconds.
            self._keepers[name].wanted = NodeState.ACTIVE if allowed else NodeState.INACTIVE
        for name, keeper in self._keepers.items():
            if self._transition_clients[name].service_is_ready():
                self._advance(name, keeper)

    def _advance(self, name: str, keeper: NodeKeeper) -> None:
        transition = keeper.next_transition()
        if transition is None:
            return
        request = ChangeState.Request()
        request.transition.id = int(transition)
        future = self._transition_clients[name].call_async(request)
        future.add_done_callback(functools.partial(self._on_transition, keeper, transition))

    def _on_transition(self, keeper: NodeKeeper, transition: Transition, future: Future) -> None:
        response = future.result()
        succeeded = response is not None and bool(response.success)
        keeper.finished(transition, succeeded=succeeded)
        if not succeeded:
            self.get_logger().error(
                f"{keeper.name} could not {transition.name.lower()}: read its log; trying again"
            )
        self._apply()

    def _report(self) -> None:
        health = supervisor_health(
            self._keepers,
            rivals=self.count_publishers("auth_state") - 1,
            state=self._published.state if self._published is not None else None,
            refusal=self._session.refusal,
            permission_fault=self._session.permission_fault,
        )
        self._reporter.publish(health, lifecycle_state=int(NodeState.ACTIVE))


def main() -> int:
    """Run the node; return the exit code."""
    return run_node(SupervisorNode, node_name="supervisor")


if __name__ == "__main__":
    sys.exit(main())
