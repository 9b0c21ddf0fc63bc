"""What the alert node would tell of the analyzers' answers, without a graph, on the clip's time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from edgeai_alerts.config import AlertManagerConfig
from edgeai_alerts.rule_choice import channel_names
from edgeai_core.alerting.engine import AlertEngine
from edgeai_core.alerting.quiet import holding
from edgeai_core.alerting.rule_file import RuleFile
from edgeai_core.alerting.rulebook import RuleBook, RuledEvent
from edgeai_core.alerting.scene import SceneWatch
from edgeai_core.alerting.situation import Situation
from edgeai_core.alerting.texts import Texts
from edgeai_core.language import Language
from edgeai_core.types import Alert, AlertEvent, AuthState, SessionState

_CHECK_NS = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """People would have been told of an alert.

    Attributes:
        after_s: seconds into the clip. alert: as it was then.
        channels: who would have been told; empty for all.
        held: (channel, what becomes of it) of those that were quiet: summary or silence.
    """

    after_s: float
    alert: Alert
    channels: tuple[str, ...]
    held: tuple[tuple[str, str], ...] = ()


class Rehearsal:
    """Observers, rules and engine of the alert node; people are told at once and never answer.

    Args:
        config: of the alert node. rules: to try, with the quiet hours. camera: as rules call it.
        state: of the session, all the time. begin_ns: stamp of the clip's first frame.
    """

    def __init__(
        self,
        config: AlertManagerConfig,
        rules: RuleFile,
        *,
        camera: str,
        state: SessionState,
        begin_ns: int,
    ) -> None:
        self._camera = camera
        self._begin_ns = begin_ns
        self._now_ns = begin_ns
        self._checked_ns = begin_ns
        self._situation = Situation(hold_s=config.rules.hold_s)
        self._rules = RuleBook(rules.rules, situation=self._situation)
        self._quiet = rules.quiet
        self._channels = channel_names(config)
        self._scene = SceneWatch(config, texts=Texts(Language(config.language)))
        self._engine = AlertEngine(
            config.engine,
            clock=lambda: (self._now_ns - begin_ns) / 1e9,
            new_id=lambda: f"{self._engine.counters.raised + 1:032x}",
            plans=self._rules.plans,
        )
        self.tellings: list[Telling] = []
        access = AuthState(state=state)
        self._situation.see_access(access)
        self._scene.see_access(access, now_ns=begin_ns)
        self._views: dict[str, Callable[[Any, int], list[AlertEvent]]] = {
            "face_authenticator": self._see_faces,
            "object_detector": self._see_objects,
            "fire_detector": self._see_hazards,
            "action_recognizer": self._see_actions,
        }

    def see(self, eye: str, result: Any, *, stamp_ns: int) -> None:
        """Take what an analyzer answers of a frame.

        Args:
            eye: name of the node. result: what its `analyze` returned. stamp_ns: of the frame.
        """
        self._now_ns = stamp_ns
        self._submit(self._rules.judge(self._views[eye](result, stamp_ns)))

    def pass_time(self, *, now_ns: int) -> None:
        """Let the clip's time pass, as the node does once a second."""
        self._now_ns = now_ns
        if now_ns - self._checked_ns < _CHECK_NS:
            return
        self._checked_ns = now_ns
        self._submit(self._rules.check(now_ns=now_ns))
        for alert in self._engine.check():
            self._tell(alert)

    def _see_faces(self, result: Any, stamp_ns: int) -> list[AlertEvent]:
        self._situation.see_faces(result, stamp_ns=stamp_ns, camera=self._camera)
        return self._scene.see_faces(result, stamp_ns=stamp_ns, camera=self._camera)

    def _see_objects(self, result: Any, stamp_ns: int) -> list[AlertEvent]:
        camera = self._camera
        self._situation.see_objects(result.objects, stamp_ns=stamp_ns, camera=camera)
        return [
            *self._scene.see_objects(result.objects, stamp_ns=stamp_ns, camera=camera),
            *self._scene.see_object_events(result.events, camera=camera),
        ]

    def _see_hazards(self, result: Any, stamp_ns: int) -> list[AlertEvent]:
        return self._scene.see_hazards(result, stamp_ns=stamp_ns, camera=self._camera)

    def _see_actions(self, result: Any, stamp_ns: int) -> list[AlertEvent]:
        return self._scene.see_actions(result.events, camera=self._camera)

    def _submit(self, ruled: Sequence[RuledEvent]) -> None:
        for one in ruled:
            alert = self._engine.submit(one.event, rule=one.rule)
            if alert is not None:
                self._tell(alert)

    def _tell(self, alert: Alert) -> None:
        channels = self._engine.channels_of(alert)
        self.tellings.append(
            Telling(
                after_s=(self._now_ns - self._begin_ns) / 1e9,
                alert=alert,
                channels=channels,
                held=tuple(self._held(alert, channels)),
            )
        )
        self._engine.mark_sent(alert.alert_id, telling=alert.telling)

    def _held(self, alert: Alert, channels: Sequence[str]) -> Iterator[tuple[str, str]]:
        for name in channels or self._channels:
            hours = holding(self._quiet, name, alert.event.severity, wall_ns=self._now_ns)
            if hours is not None:
                yield name, hours.then
