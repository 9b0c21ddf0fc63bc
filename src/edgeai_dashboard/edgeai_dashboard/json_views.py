"""Messages in the types of JSON, as the page shows them.

A name in the plural (titles, reasons, refusals, notes) holds what a node tells in every language,
by the language's code: each reader of the page has chosen one.
"""

from __future__ import annotations

import math
from typing import Any

from edgeai_msgs.msg import ActionEvent as ActionMsg
from edgeai_msgs.msg import ActionEventArray, Alert, AnalyzerStatus, FaceMatchArray, HazardReport
from edgeai_msgs.msg import Person as PersonMsg
from edgeai_msgs.msg import Sighting as SightingMsg
from vision_msgs.msg import BoundingBox2D, Detection2DArray

from edgeai_core.alerting.retelling import reason_in_languages, title_in_languages
from edgeai_core.reasons import in_languages
from edgeai_core.types import AlertState, AuthState, HazardState, Severity
from edgeai_ros_common.convert import box_from_msg, time_from_msg

Json = dict[str, Any]

ACTION_NAMES = {
    int(getattr(ActionMsg, name)): name.lower()
    for name in (
        "UNKNOWN",
        "STAND",
        "SIT",
        "WALK",
        "FAST_WALK",
        "RUN",
        "FLIGHT",
        "FALL",
        "LYING",
        "RECOVERED",
        "FIGHT",
        "ACCIDENT",
    )
}
_LIFECYCLE = {1: "unconfigured", 2: "inactive", 3: "active", 4: "finalized"}
_NS_PER_MS = 1_000_000


def finite(value: float, digits: int = 3) -> float | None:
    """Return a number as JSON can hold it; None for NaN and infinity."""
    return round(float(value), digits) if math.isfinite(value) else None


def alert_view(alert: Alert) -> Json:
    """Return an alert; times in milliseconds since 1970, as browsers count."""
    return {
        "id": alert.alert_id,
        "category": alert.category,
        "severity": Severity(min(int(alert.severity), 2)).name.lower(),
        "title": alert.title,
        "titles": title_in_languages(alert.title),
        "reason": alert.reason,
        "reasons": reason_in_languages(alert.reason),
        "source": alert.source,
        "camera": alert.camera,
        "zone": alert.zone,
        "score": finite(alert.score),
        "stamp_ms": time_from_msg(alert.header.stamp) // _NS_PER_MS,
        "raised_ms": time_from_msg(alert.raised_at) // _NS_PER_MS,
        "count": int(alert.count),
        "state": AlertState(min(int(alert.state), 4)).name.lower(),
        "acknowledged_by": alert.acknowledged_by,
        "evidence": list(alert.evidence),
    }


def person_view(person: PersonMsg) -> Json:
    """Return somebody of the gallery."""
    return {
        "id": person.person_id,
        "name": person.name,
        "role": person.role,
        "authorised": bool(person.authorised),
        "refusals": in_languages(person.refusal),
    }


def sighting_view(sighting: SightingMsg) -> Json:
    """Return a sighting without its picture."""
    return {
        "thing": sighting.thing,
        "camera": sighting.camera,
        "place": sighting.place,
        "score": finite(sighting.score),
        "in_view": bool(sighting.in_view),
        "stamp_ms": time_from_msg(sighting.header.stamp) // _NS_PER_MS,
        "has_picture": bool(sighting.snapshot.data),
    }


def node_view(status: AnalyzerStatus) -> Json:
    """Return a node's heartbeat."""
    return {
        "name": status.node_name,
        "state": _LIFECYCLE.get(int(status.lifecycle_state), "unknown"),
        "level": ("ok", "warn", "error")[min(int(status.level), 2)],
        "message": status.message,
        "results_per_s": finite(status.results_per_s, 1),
        "latency_p50_ms": finite(status.latency_p50_ms, 1),
        "latency_p95_ms": finite(status.latency_p95_ms, 1),
        "dropped": int(status.dropped),
        "rejected": int(status.rejected),
        "model": status.model,
        "runtime": status.runtime,
    }


def session_view(state: AuthState) -> Json:
    """Return who is authorised and what is armed."""
    return {
        "state": state.state.name.lower(),
        "person_name": state.person_name,
        "reasons": in_languages(state.reason),
        "armed": list(state.armed),
    }


def faces_view(message: FaceMatchArray) -> list[Json]:
    """Return the faces of a frame."""
    return [
        {
            "box": _box(match.bbox),
            "name": match.person_name,
            "authorised": bool(match.authorised),
            "notes": in_languages(match.rejection),
        }
        for match in message.matches
    ]


def objects_view(message: Detection2DArray) -> list[Json]:
    """Return the objects of a frame; the best hypothesis of each."""
    found = []
    for detection in message.detections:
        if not detection.results:
            continue
        best = max(detection.results, key=lambda result: float(result.hypothesis.score))
        found.append(
            {
                "box": _box(detection.bbox),
                "label": best.hypothesis.class_id,
                "score": finite(best.hypothesis.score, 2),
                "track": detection.id,
            }
        )
    return found


def hazards_view(message: HazardReport) -> Json:
    """Return fire and smoke of a frame."""
    regions = [
        {"box": _box(region.bbox), "label": region.results[0].hypothesis.class_id}
        for region in message.regions
        if region.results
    ]
    return {
        "state": HazardState(min(int(message.state), 3)).name.lower(),
        "unattended": list(message.unattended),
        "regions": regions,
    }


def actions_view(message: ActionEventArray) -> list[Json]:
    """Return what people do."""
    return [
        {"box": _box(event.bbox), "action": ACTION_NAMES.get(int(event.action), "unknown")}
        for event in message.events
    ]


def _box(box: BoundingBox2D) -> list[float]:
    return [round(edge, 1) for edge in box_from_msg(box).as_xyxy()]
