"""Parameters of the supervisor."""

from __future__ import annotations

from dataclasses import dataclass

from edgeai_core.access.locations import GalleryConfig
from edgeai_core.access.policy import AccessConfig
from edgeai_core.config import group, param
from edgeai_core.supervision import SupervisionConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class NodesConfig:
    """Which nodes the supervisor brings up; the graph table fills these in."""

    base: tuple[str, ...] = param((), "Full names of the nodes that always run")
    analyzers: tuple[str, ...] = param((), "Full names of the analyzers that the session gates")
    self_mending: tuple[str, ...] = param(
        (), "Full names of the nodes that are not restarted on ERROR: they mend themselves"
    )
    always_on: tuple[str, ...] = param(
        (), "Names of analyzers that run whatever the session says (a fire waits for no face)"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicsConfig:
    """Where evidence comes from; the graph table fills this in."""

    faces: tuple[str, ...] = param((), "Topics of face matches that may unlock")


@dataclass(frozen=True, slots=True, kw_only=True)
class SupervisorConfig:
    """Parameters of the supervisor."""

    nodes: NodesConfig = group(NodesConfig)
    topics: TopicsConfig = group(TopicsConfig)
    gallery: GalleryConfig = group(GalleryConfig)
    access: AccessConfig = group(AccessConfig)
    supervision: SupervisionConfig = group(SupervisionConfig)
