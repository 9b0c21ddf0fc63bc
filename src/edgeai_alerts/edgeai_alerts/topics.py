"""The topics that the alert node watches, and whose they are."""

from __future__ import annotations

from dataclasses import dataclass

from edgeai_core.config import param


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicsConfig:
    """What is watched; the graph table fills this in."""

    faces: tuple[str, ...] = param((), "Topics of face matches, one per camera")
    objects: tuple[str, ...] = param(
        (), "Topics of tracked objects, one per camera; events under each"
    )
    hazards: tuple[str, ...] = param((), "Topics of fire and smoke, one per camera")
    actions: tuple[str, ...] = param((), "Topics of what people do, one per camera")
    things: tuple[str, ...] = param((), "Topics of where things were seen last, one per camera")
    evidence: tuple[str, ...] = param((), "Topics that tell of which alerts evidence is kept")


def camera_of(topic: str) -> str:
    """Return the camera's namespace of a topic: /entrance/faces -> entrance."""
    return topic.strip("/").rpartition("/")[0]


def cameras_of(topics: TopicsConfig) -> tuple[str, ...]:
    """Return the namespaces of the cameras that are watched, each once."""
    watched = (topics.faces, topics.objects, topics.hazards, topics.actions, topics.things)
    return tuple(dict.fromkeys(camera_of(topic) for kind in watched for topic in kind))
