"""All observers behind one door: messages of the graph in, events out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edgeai_core.action_events import ActionEvent
from edgeai_core.alerting.engine_config import EngineConfig
from edgeai_core.alerting.observers.access import AccessConfig, AccessObserver
from edgeai_core.alerting.observers.actions import ActionConfig, ActionObserver
from edgeai_core.alerting.observers.faces import UnknownFaceConfig, UnknownFaceObserver
from edgeai_core.alerting.observers.hazards import HazardConfig, HazardObserver
from edgeai_core.alerting.observers.health import NodeFaultConfig, NodeFaultObserver, NodeHealth
from edgeai_core.alerting.observers.object_events import ObjectEventConfig, ObjectEventObserver
from edgeai_core.alerting.observers.objects import WatchedObjectConfig, WatchedObjectObserver
from edgeai_core.alerting.observers.people import (
    SpoofedFaceConfig,
    SpoofedFaceObserver,
    UnauthorisedFaceConfig,
    UnauthorisedFaceObserver,
)
from edgeai_core.alerting.texts import ENGLISH, Texts
from edgeai_core.config import group
from edgeai_core.object_events import ObjectEvent
from edgeai_core.types import (
    AlertEvent,
    AuthState,
    Detection,
    FaceMatch,
    HazardReport,
    SessionState,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertingConfig:
    """What becomes an event, and which events become alerts."""

    engine: EngineConfig = group(EngineConfig)
    unknown_face: UnknownFaceConfig = group(UnknownFaceConfig)
    unauthorised_face: UnauthorisedFaceConfig = group(UnauthorisedFaceConfig)
    spoofed_face: SpoofedFaceConfig = group(SpoofedFaceConfig)
    access: AccessConfig = group(AccessConfig)
    watched_object: WatchedObjectConfig = group(WatchedObjectConfig)
    object_event: ObjectEventConfig = group(ObjectEventConfig)
    action: ActionConfig = group(ActionConfig)
    hazard: HazardConfig = group(HazardConfig)
    node_fault: NodeFaultConfig = group(NodeFaultConfig)


class SceneWatch:
    """Watch faces, objects, fire, access and nodes of one graph.

    Not thread-safe: one thread, or one lock, owns it.

    Args:
        config: thresholds of every observer.
        faces_source, objects_source, actions_source, hazards_source, access_source,
            health_source: names of the nodes that see.
        texts: language of what people are told.
    """

    def __init__(
        self,
        config: AlertingConfig,
        *,
        faces_source: str = "face_authenticator",
        objects_source: str = "object_detector",
        actions_source: str = "action_recognizer",
        hazards_source: str = "fire_detector",
        access_source: str = "supervisor",
        health_source: str = "alert_manager",
        texts: Texts = ENGLISH,
    ) -> None:
        self._unknown = UnknownFaceObserver(config.unknown_face, source=faces_source, texts=texts)
        self._unauthorised = UnauthorisedFaceObserver(
            config.unauthorised_face, source=faces_source, texts=texts
        )
        self._spoofed = SpoofedFaceObserver(config.spoofed_face, source=faces_source, texts=texts)
        self._access = AccessObserver(config.access, source=access_source, texts=texts)
        self._objects = WatchedObjectObserver(
            config.watched_object, source=objects_source, texts=texts
        )
        self._object_events = ObjectEventObserver(
            config.object_event, source=objects_source, texts=texts
        )
        self._actions = ActionObserver(config.action, source=actions_source, texts=texts)
        self._hazards = HazardObserver(config.hazard, source=hazards_source, texts=texts)
        self._health = NodeFaultObserver(config.node_fault, source=health_source, texts=texts)
        self._state = SessionState.LOCKED

    def see_faces(
        self, matches: Sequence[FaceMatch], *, stamp_ns: int, camera: str
    ) -> list[AlertEvent]:
        """Return the events of one frame's faces."""
        return [
            event
            for observer in (self._unknown, self._unauthorised, self._spoofed)
            for event in observer.observe(matches, stamp_ns=stamp_ns, camera=camera)
        ]

    def see_objects(
        self, detections: Sequence[Detection], *, stamp_ns: int, camera: str
    ) -> list[AlertEvent]:
        """Return the events of one frame's objects.

        The session state is the last one told, expired or not: when the supervisor falls silent
        people lose their access, but what was watched stays watched.
        """
        return self._objects.observe(
            detections, stamp_ns=stamp_ns, camera=camera, state=self._state
        )

    def see_object_events(self, events: Sequence[ObjectEvent], *, camera: str) -> list[AlertEvent]:
        """Return what is told of one frame's events of tracked objects."""
        return self._object_events.observe(events, camera=camera)

    def see_actions(self, events: Sequence[ActionEvent], *, camera: str) -> list[AlertEvent]:
        """Return what is told of one frame's movements of people."""
        return self._actions.observe(events, camera=camera)

    def see_hazards(self, report: HazardReport, *, stamp_ns: int, camera: str) -> list[AlertEvent]:
        """Return the events of one frame's hazard report, whatever the session says."""
        return self._hazards.observe(report, stamp_ns=stamp_ns, camera=camera)

    def see_access(self, state: AuthState, *, now_ns: int) -> list[AlertEvent]:
        """Return the events of a supervisor's message; `now_ns` on the clock of its expiry."""
        self._state = state.state
        return self._access.observe(state, now_ns=now_ns)

    def see_health(self, health: NodeHealth) -> list[AlertEvent]:
        """Return the events of a node's diagnostics."""
        return self._health.observe(health)

    def check(self, *, now_ns: int) -> list[AlertEvent]:
        """Return the events that time alone decides; call it about once a second."""
        return self._access.check(now_ns=now_ns) + self._health.check(now_ns=now_ns)
