"""Between events of people's movements and messages."""

from __future__ import annotations

from collections.abc import Sequence

from edgeai_msgs.msg import ActionEvent as ActionEventMsg
from edgeai_msgs.msg import ActionEventArray
from std_msgs.msg import Header

from edgeai_core.action_events import Action, ActionEvent
from edgeai_ros_common.convert import box_from_msg, box_to_msg, time_from_msg, time_to_msg

_NUMBERS = {action: getattr(ActionEventMsg, action.name) for action in Action}
_ACTIONS = {number: action for action, number in _NUMBERS.items()}


def actions_to_msg(events: Sequence[ActionEvent], header: Header) -> ActionEventArray:
    """Return events with the header of the frame that decided them."""
    return ActionEventArray(
        header=header,
        events=[
            ActionEventMsg(
                action=_NUMBERS[event.action],
                incident=int(event.incident),
                probability=float(event.probability),
                track_ids=list(event.track_ids),
                bbox=box_to_msg(event.box),
                start=time_to_msg(event.start_ns),
                end=time_to_msg(event.end_ns),
                reason=event.reason,
            )
            for event in events
        ],
    )


def actions_from_msg(message: ActionEventArray) -> tuple[ActionEvent, ...]:
    """Return the events of a message.

    Raises:
        ValueError: an action is unknown, a probability is none or stamps are out of order.
    """
    stamp_ns = time_from_msg(message.header.stamp)
    return tuple(_event(entry, stamp_ns) for entry in message.events)


def _event(entry: ActionEventMsg, stamp_ns: int) -> ActionEvent:
    action = _ACTIONS.get(entry.action)
    if action is None:
        raise ValueError(
            f"action event: got action {entry.action}, expected one of "
            f"{min(_ACTIONS)}..{max(_ACTIONS)}; is the sender a newer version?"
        )
    return ActionEvent(
        action=action,
        incident=int(entry.incident),
        probability=float(entry.probability),
        track_ids=tuple(int(track) for track in entry.track_ids),
        box=box_from_msg(entry.bbox),
        start_ns=time_from_msg(entry.start),
        end_ns=time_from_msg(entry.end),
        stamp_ns=stamp_ns,
        reason=entry.reason,
    )
