"""Moved."""

from edgeai_core.object_events import STATES, EventKind, ObjectEvent, ObjectState

__all__ = ["STATES", "EventKind", "ObjectEvent", "ObjectState"]
