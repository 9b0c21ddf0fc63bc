"""Between events of tracked objects and messages."""

from __future__ import annotations

from collections.abc import Sequence

from edgeai_msgs.msg import ObjectEvent as ObjectEventMsg
from edgeai_msgs.msg import ObjectEventArray
from std_msgs.msg import Header

from edgeai_core.object_events import EventKind, ObjectEvent, ObjectState
from edgeai_ros_common.convert import box_from_msg, box_to_msg, time_from_msg, time_to_msg

_KINDS = {kind: getattr(ObjectEventMsg, kind.name) for kind in EventKind}
_STATES = {state: getattr(ObjectEventMsg, state.name) for state in ObjectState}
_KIND_OF = {number: kind for kind, number in _KINDS.items()}
_STATE_OF = {number: state for state, number in _STATES.items()}


def events_to_msg(events: Sequence[ObjectEvent], header: Header) -> ObjectEventArray:
    """Return events with the header of the frame that decided them."""
    return ObjectEventArray(
        header=header,
        events=[
            ObjectEventMsg(
                kind=_KINDS[event.kind],
                state=_STATES[event.state],
                incident=int(event.incident),
                label=event.label,
                track_id=int(event.track_id or 0),
                owner_track_id=int(event.owner_track_id or 0),
                zone=event.zone,
                bbox=box_to_msg(event.box),
                since=time_to_msg(event.since_ns),
                score=float(event.score),
                reason=event.reason,
            )
            for event in events
        ],
    )


def events_from_msg(message: ObjectEventArray) -> tuple[ObjectEvent, ...]:
    """Return the events of a message.

    Raises:
        ValueError: a kind or state is unknown, they do not go together or a score is no score.
    """
    stamp_ns = time_from_msg(message.header.stamp)
    return tuple(_event(entry, stamp_ns) for entry in message.events)


def _event(entry: ObjectEventMsg, stamp_ns: int) -> ObjectEvent:
    kind, state = _KIND_OF.get(entry.kind), _STATE_OF.get(entry.state)
    if kind is None or state is None:
        raise ValueError(
            f"object event: got kind {entry.kind} and state {entry.state}, expected up to "
            f"{max(_KIND_OF)} and {max(_STATE_OF)}; is the sender a newer version?"
        )
    return ObjectEvent(
        kind=kind,
        state=state,
        incident=int(entry.incident),
        label=entry.label,
        track_id=int(entry.track_id) or None,
        owner_track_id=int(entry.owner_track_id) or None,
        zone=entry.zone,
        box=box_from_msg(entry.bbox),
        since_ns=time_from_msg(entry.since),
        stamp_ns=stamp_ns,
        score=float(entry.score),
        reason=entry.reason,
    )
