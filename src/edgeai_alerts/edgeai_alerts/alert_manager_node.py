"""The alert node: it watches the graph and tells people, once, with a reason, on `/alerts`."""

from __future__ import annotations

import dataclasses
import functools
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from diagnostic_msgs.msg import DiagnosticArray
from edgeai_msgs.msg import (
    ActionEventArray,
    AuthState,
    FaceMatchArray,
    HazardReport,
    ObjectEventArray,
    Sighting,
)
from edgeai_msgs.msg import Alert as AlertMsg
from vision_msgs.msg import Detection2DArray

from edgeai_alerts.alert_publisher import AlertPublisher
from edgeai_alerts.channel_choice import channel_setup
from edgeai_alerts.channels import make_channels, minimum_severities
from edgeai_alerts.config import AlertManagerConfig
from edgeai_alerts.dispatcher import Dispatcher
from edgeai_alerts.evidence.reading import opened_shelf
from edgeai_alerts.forgetting import Forgetting
from edgeai_alerts.quiet import Quiet
from edgeai_alerts.rule_choice import channel_names, rules_of
from edgeai_alerts.services import AlertServices
from edgeai_alerts.store import EventStore
from edgeai_alerts.topics import TopicsConfig, camera_of, cameras_of
from edgeai_core.access.credentials import ServiceGuard
from edgeai_core.access.guard import AuthStateGuard
from edgeai_core.access.locations import data_directory
from edgeai_core.alerting.engine import AlertEngine
from edgeai_core.alerting.observers.health import HealthLevel, NodeHealth
from edgeai_core.alerting.rendering import render_line
from edgeai_core.alerting.rulebook import RuleBook, RuledEvent
from edgeai_core.alerting.scene import SceneWatch
from edgeai_core.alerting.situation import Situation
from edgeai_core.alerting.texts import Texts
from edgeai_core.config import group
from edgeai_core.errors import EdgeAiError
from edgeai_core.language import Language
from edgeai_core.types import Alert, AlertEvent, AlertState
from edgeai_ros_common import qos
from edgeai_ros_common.convert import (
    auth_state_from_msg,
    detections_from_msg,
    faces_from_msg,
    time_from_msg,
)
from edgeai_ros_common.convert_actions import actions_from_msg
from edgeai_ros_common.convert_events import events_from_msg
from edgeai_ros_common.convert_hazards import hazard_from_msg
from edgeai_ros_common.convert_sightings import sighting_from_msg
from edgeai_ros_common.diagnostics import Health, Level
from edgeai_ros_common.node import EdgeNode
from edgeai_ros_common.running import run_node

_CHECK_PERIOD_S = 1.0
_CLOSE_TIMEOUT_S = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertManagerNodeConfig(AlertManagerConfig):
    """All parameters of the alert node, with the topics that it watches."""

    topics: TopicsConfig = group(TopicsConfig)


class AlertManagerNode(EdgeNode[AlertManagerNodeConfig]):
    """Turn what the graph says into stored, delivered and published alerts."""

    config_class = AlertManagerNodeConfig

    def setup(self, config: AlertManagerNodeConfig) -> None:
        self._texts = Texts(Language(config.language))
        self._chosen = rules_of(config.rules, channels=channel_names(config))
        folder = data_directory()
        store = EventStore(
            folder / Path(config.store.path).expanduser(),
            config.store,
            wall_clock_ns=time.time_ns,
            report=self.get_logger().warning,
        )
        self.release_on_cleanup(store.close)
        self._store = store
        self._alerts = AlertPublisher(self)
        self.release_on_cleanup(self._alerts.close)

    def start(self, config: AlertManagerNodeConfig) -> None:
        self._situation = Situation(hold_s=config.rules.hold_s)
        self._rules = RuleBook(self._chosen.rules, situation=self._situation)
        quiet = Quiet(
            self._chosen.quiet, store=self._store, wall_clock_ns=time.time_ns, texts=self._texts
        )
        folder = data_directory()
        shelf = opened_shelf(folder, self._store)
        self._answers = AlertServices(
            self._store,
            guard=ServiceGuard(
                access=lambda: self._access.current(), folder=folder, wall_clock_ns=time.time_ns
            ),
            shelf=shelf,
            forgetting=lambda: Forgetting(
                situation=self._situation,
                rules=self._rules,
                dispatcher=self._dispatcher,
                store=self._store,
                log_file=folder / Path(config.log_file.path).expanduser(),
                shelf=shelf,
                publish_anew=self._alerts.publish_anew,
            ),
            on_acknowledged=lambda alert_id, by: self._dispatcher.acknowledge(alert_id, by=by),
        )
        setup = channel_setup(
            config,
            texts=self._texts,
            cameras=cameras_of(config.topics),
            acknowledge=self._acknowledge_from_channel,
            report=self.get_logger().warning,
            evidence=shelf,
        )
        channels = make_channels(config.channels, setup)
        self._dispatcher = Dispatcher(
            engine=AlertEngine(
                config.engine,
                clock=time.monotonic,
                new_id=lambda: uuid.uuid4().hex,
                plans={**self._rules.plans, **quiet.plans(channel.name for channel in channels)},
            ),
            store=self._store,
            channels=channels,
            config=config.dispatch,
            clock=time.monotonic,
            wall_clock_ns=time.time_ns,
            on_alert=self._publish,
            on_update=self._publish,
            report=self.get_logger().warning,
            minimums=minimum_severities(channels, setup),
            quiet=quiet,
        )
        self._dispatcher.start()
        self.release_on_deactivate(lambda: self._dispatcher.close(_CLOSE_TIMEOUT_S))
        self._scene = SceneWatch(config, texts=self._texts)
        self._access = AuthStateGuard(clock_s=time.monotonic)
        self._watch(config)

    def _acknowledge_from_channel(self, alert_id: str, by: str) -> str:
        """Note that somebody acknowledged where a channel leads; return why not, or nothing."""
        try:
            noted = self._answers.note_acknowledged(alert_id, by=by)
        except EdgeAiError as exc:
            return str(exc)
        return "" if noted else f"somebody had acknowledged {alert_id} before"

    def _watch(self, config: AlertManagerNodeConfig) -> None:
        for topic in config.topics.faces:
            seen = functools.partial(self._on_faces, camera_of(topic))
            self.subscribe(FaceMatchArray, topic, seen, qos.RESULTS)
        for topic in config.topics.objects:
            seen_objects = functools.partial(self._on_objects, camera_of(topic))
            self.subscribe(Detection2DArray, topic, seen_objects, qos.RESULTS)
            events = functools.partial(self._on_object_events, camera_of(topic))
            self.subscribe(ObjectEventArray, f"{topic}/events", events, qos.RESULTS)
        for topic in config.topics.hazards:
            seen_hazards = functools.partial(self._on_hazards, camera_of(topic))
            self.subscribe(HazardReport, topic, seen_hazards, qos.RESULTS)
        for topic in config.topics.actions:
            seen_actions = functools.partial(self._on_actions, camera_of(topic))
            self.subscribe(ActionEventArray, topic, seen_actions, qos.RESULTS)
        for topic in config.topics.things:
            seen_thing = functools.partial(self._on_sighting, camera_of(topic))
            self.subscribe(Sighting, topic, seen_thing, qos.RESULTS)
        for topic in config.topics.evidence:
            self.subscribe(AlertMsg, topic, self._on_evidence, qos.RESULTS)
        self.subscribe(AuthState, "auth_state", self._on_access, qos.STATE)
        self.subscribe(DiagnosticArray, "/diagnostics", self._on_diagnostics, qos.DIAGNOSTICS)
        self.every(_CHECK_PERIOD_S, self._check)
        for service in self._answers.offer(self):
            self.release_on_deactivate(functools.partial(self.destroy_service, service))

    def health(self) -> Health:
        dispatcher = self._dispatcher.health()
        details = tuple(
            (f"channel {channel.name}", channel.figures()) for channel in dispatcher.channels
        )
        problems = dispatcher.problems()
        if problems:
            return Health(level=Level.WARN, message="; ".join(problems), details=details)
        return Health(message="watching", details=details)

    # Callbacks run on the executor, which owns the scene.

    def _on_faces(self, camera: str, message: FaceMatchArray) -> None:
        stamp_ns = time_from_msg(message.header.stamp)

        def seen() -> list[AlertEvent]:
            matches = faces_from_msg(message)
            self._situation.see_faces(matches, stamp_ns=stamp_ns, camera=camera)
            return self._scene.see_faces(matches, stamp_ns=stamp_ns, camera=camera)

        self._submit(seen)

    def _on_objects(self, camera: str, message: Detection2DArray) -> None:
        stamp_ns = time_from_msg(message.header.stamp)

        def seen() -> list[AlertEvent]:
            detections = detections_from_msg(message)
            self._situation.see_objects(detections, stamp_ns=stamp_ns, camera=camera)
            return self._scene.see_objects(detections, stamp_ns=stamp_ns, camera=camera)

        self._submit(seen)

    def _on_object_events(self, camera: str, message: ObjectEventArray) -> None:
        self._submit(lambda: self._scene.see_object_events(events_from_msg(message), camera=camera))

    def _on_actions(self, camera: str, message: ActionEventArray) -> None:
        self._submit(lambda: self._scene.see_actions(actions_from_msg(message), camera=camera))

    def _on_hazards(self, camera: str, message: HazardReport) -> None:
        stamp_ns = time_from_msg(message.header.stamp)
        self._submit(
            lambda: self._scene.see_hazards(
                hazard_from_msg(message), stamp_ns=stamp_ns, camera=camera
            )
        )

    def _on_sighting(self, camera: str, message: Sighting) -> None:
        self.meter.frame_received(dropped=False)
        try:
            seen = sighting_from_msg(message)
            self._store.sightings.save(dataclasses.replace(seen, camera=camera))
        except ValueError as exc:
            self.meter.frame_rejected()
            self.get_logger().error(f"dropped a message: {exc}", throttle_duration_sec=5.0)
        except EdgeAiError as exc:
            self.get_logger().warning(f"sighting not stored: {exc}", throttle_duration_sec=5.0)

    def _on_evidence(self, message: AlertMsg) -> None:
        self.meter.frame_received(dropped=False)
        self._dispatcher.note_evidence(message.alert_id, kinds=tuple(message.evidence))

    def _on_access(self, message: AuthState) -> None:
        now_ns = self.now_ns()

        def seen() -> list[AlertEvent]:
            state = auth_state_from_msg(message)
            self._access.accept(state, now_ns)
            self._situation.see_access(state)
            return self._scene.see_access(state, now_ns=now_ns)

        self._submit(seen)

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        stamp_ns = time_from_msg(message.header.stamp)
        for status in message.status:
            level = status.level[0] if isinstance(status.level, bytes) else int(status.level)
            health = NodeHealth(
                name=status.name.partition(":")[0],
                level=HealthLevel(min(level, HealthLevel.STALE.value)),
                message=status.message,
                stamp_ns=stamp_ns,
            )
            self._submit(functools.partial(self._scene.see_health, health))

    def _check(self) -> None:
        now_ns = self.now_ns()
        self._submit(lambda: self._scene.check(now_ns=now_ns))
        self._dispatch(self._rules.check(now_ns=now_ns))

    def _submit(self, observe: Callable[[], list[AlertEvent]]) -> None:
        """Observe and submit; a message that contradicts itself is told and counted, not fatal."""
        self.meter.frame_received(dropped=False)
        try:
            events = observe()
        except ValueError as exc:
            self.meter.frame_rejected()
            self.get_logger().error(f"dropped a message: {exc}", throttle_duration_sec=5.0)
            return
        self._dispatch(self._rules.judge(events))

    def _dispatch(self, ruled: Sequence[RuledEvent]) -> None:
        for one in ruled:
            self._dispatcher.submit(one.event, rule=one.rule)

    def _publish(self, alert: Alert) -> None:
        """Publish where an alert stands; called on the dispatcher's thread."""
        self._alerts.publish(alert)
        if alert.state is AlertState.RAISED:
            self.get_logger().info(render_line(alert, texts=self._texts))
            self.meter.result_published(latency_ms=(self.now_ns() - alert.event.stamp_ns) / 1e6)


def main() -> int:
    """Run the node; return the exit code."""
    return run_node(AlertManagerNode, node_name="alert_manager")


if __name__ == "__main__":
    sys.exit(main())
