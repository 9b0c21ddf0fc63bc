"""Which alerts would have been raised over a replayed recording, on its own time."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from edgeai_alerts.rehearsal import Rehearsal, Telling
from edgeai_alerts.rule_choice import channel_names, rules_of
from edgeai_bringup.alerts_try import alert_config
from edgeai_bringup.bag_run import Seen
from edgeai_bringup.graph import NodePlan
from edgeai_core.object_events import ObjectEvent
from edgeai_core.regression.happenings import Happening, Kind, Moment
from edgeai_core.types import Detection, SessionState
from edgeai_ros_common.convert import detections_from_msg, faces_from_msg
from edgeai_ros_common.convert_actions import actions_from_msg
from edgeai_ros_common.convert_events import events_from_msg
from edgeai_ros_common.convert_hazards import hazard_from_msg


@dataclass(frozen=True, slots=True, kw_only=True)
class _Objects:
    objects: tuple[Detection, ...]
    events: tuple[ObjectEvent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Actions:
    events: tuple[Any, ...]


def alerts_of(
    seen: Seen, plans: Sequence[NodePlan], *, camera: str, state: SessionState
) -> tuple[tuple[Happening, ...], str]:
    """Return the alerts, and a SHA-256 of all that is said in them.

    Args:
        seen: what the analyzers answered. plans: of the whole profile; the alert node's parameters
            hold. camera: as rules call it. state: of the session, all the time.

    Raises:
        ConfigError: the profile raises no alerts, or its rules are wrong.
    """
    config = alert_config(plans)
    rehearsal = Rehearsal(
        config,
        rules_of(config.rules, channels=channel_names(config)),
        camera=camera,
        state=state,
        begin_ns=seen.stamps_ns[0],
    )
    by_picture: dict[int, dict[str, Any]] = defaultdict(dict)
    for answer in seen.answers:
        by_picture[answer.picture][answer.topic] = answer.message
    for picture, stamp_ns in enumerate(seen.stamps_ns):
        for eye, result in _results(by_picture.get(picture, {})):
            rehearsal.see(eye, result, stamp_ns=stamp_ns)
        rehearsal.pass_time(now_ns=stamp_ns)
    digest = hashlib.sha256()
    for telling in rehearsal.tellings:
        alert = telling.alert
        digest.update(f"{telling.after_s!r} {telling.channels} {alert!r}\n".encode())
    # Repetitions tell of the same thing.
    return tuple(_happening(t) for t in rehearsal.tellings if t.alert.telling == 1), (
        digest.hexdigest()
    )


def _results(messages: dict[str, Any]) -> list[tuple[str, Any]]:
    """Return what each analyzer answered to one picture, as its `analyze` would have."""
    results: list[tuple[str, Any]] = []
    if "faces" in messages:
        results.append(("face_authenticator", faces_from_msg(messages["faces"])))
    if "objects" in messages:
        objects = detections_from_msg(messages["objects"])
        events = messages.get("objects/events")
        told = () if events is None else events_from_msg(events)
        results.append(("object_detector", _Objects(objects=objects, events=told)))
    if "hazards" in messages:
        results.append(("fire_detector", hazard_from_msg(messages["hazards"])))
    if "actions" in messages:
        results.append(
            ("action_recognizer", _Actions(events=actions_from_msg(messages["actions"])))
        )
    return results


def _happening(telling: Telling) -> Happening:
    event = telling.alert.event
    return Happening(
        kind=Kind.ALERT,
        label=event.category,
        moments=(Moment(at_s=telling.after_s, score=event.score),),
        reason=event.reason,
    )
