"""The graph, described once: what runs, where, and who brings it up.

Both front ends read this table: the launch files make launch_ros actions of it, the product's own
`up` makes nodes of one process or a process each. Standard library only, so that `--help` answers
at once and launch files may import it.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from pathlib import Path


class Scope(enum.Enum):
    """Where a node lives."""

    CAMERA = "camera"
    GLOBAL = "global"


class Role(enum.Enum):
    """Who brings a node up."""

    MANAGER = "manager"  # brings the others up; is up as soon as its process is
    BASE = "base"  # always brought up by the manager
    ANALYZER = "analyzer"  # brought up when the session allows it, or always by configuration


@dataclass(frozen=True)
class NodeEntry:
    """One node of the table.

    Attributes:
        name: node name and role. package: ROS package. class_name: class in module
            ``<package>.<name>_node``, executable ``<name>_node``.
        scope: in the camera's namespace or global. role: who brings it up.
        takes_frames: the constructor takes the frame hub of the composed process.
        restartable: the supervisor restarts it when it reports ERROR (a camera mends itself).
    """

    name: str
    package: str
    class_name: str
    scope: Scope
    role: Role
    takes_frames: bool = False
    restartable: bool = True

    @property
    def module(self) -> str:
        return f"{self.package}.{self.name}_node"

    @property
    def executable(self) -> str:
        return f"{self.name}_node"


NODES: tuple[NodeEntry, ...] = (
    NodeEntry(
        "usb_cam",
        "edgeai_perception",
        "UsbCamNode",
        Scope.CAMERA,
        Role.BASE,
        takes_frames=True,
        restartable=False,
    ),
    NodeEntry(
        "face_authenticator",
        "edgeai_perception",
        "FaceAuthenticatorNode",
        Scope.CAMERA,
        Role.BASE,
        takes_frames=True,
    ),
    NodeEntry(
        "object_detector",
        "edgeai_perception",
        "ObjectDetectorNode",
        Scope.CAMERA,
        Role.ANALYZER,
        takes_frames=True,
    ),
    NodeEntry(
        "fire_detector",
        "edgeai_perception",
        "FireDetectorNode",
        Scope.CAMERA,
        Role.ANALYZER,
        takes_frames=True,
    ),
    NodeEntry(
        "action_recognizer",
        "edgeai_perception",
        "ActionRecognizerNode",
        Scope.CAMERA,
        Role.ANALYZER,
        takes_frames=True,
    ),
    NodeEntry(
        "evidence_recorder",
        "edgeai_alerts",
        "EvidenceRecorderNode",
        Scope.GLOBAL,
        Role.BASE,
        takes_frames=True,
    ),
    NodeEntry("alert_manager", "edgeai_alerts", "AlertManagerNode", Scope.GLOBAL, Role.BASE),
    NodeEntry(
        "dashboard",
        "edgeai_dashboard",
        "DashboardNode",
        Scope.GLOBAL,
        Role.BASE,
        takes_frames=True,
    ),
    NodeEntry("supervisor", "edgeai_perception", "SupervisorNode", Scope.GLOBAL, Role.MANAGER),
)

# A relative ROS namespace (design.ros2.org, topic and service names).
_PART = r"[A-Za-z](?:_?[A-Za-z0-9])*_?"
_CAMERA_NAME = re.compile(rf"{_PART}(?:/{_PART})*")

#: Profiles: the parameter file and the nodes that run.
PROFILES: dict[str, tuple[str, ...]] = {
    "home": tuple(entry.name for entry in NODES),
    "city": tuple(entry.name for entry in NODES),
    "camera": ("usb_cam", "supervisor"),
}

ParameterValue = bool | int | float | str | list[bool] | list[int] | list[float] | list[str]


@dataclass(frozen=True)
class NodePlan:
    """A node as it will be started.

    Attributes:
        entry: its row of the table. namespace: without the leading slash; empty for global.
        params_file: the profile's parameters. overrides: parameters that win over the file.
    """

    entry: NodeEntry
    namespace: str
    params_file: Path
    overrides: dict[str, ParameterValue]

    @property
    def full_name(self) -> str:
        return f"/{self.namespace}/{self.entry.name}" if self.namespace else f"/{self.entry.name}"


def plan(
    profile: str,
    *,
    config_directory: Path,
    camera: str = "camera",
    overrides: dict[str, dict[str, ParameterValue]] | None = None,
    params_file: Path | None = None,
    own_camera: bool = True,
) -> tuple[NodePlan, ...]:
    """Return the nodes of a profile.

    Args:
        profile: a key of PROFILES. config_directory: holds ``<profile>.params.yaml``.
        camera: namespace of the camera and its analyzers.
        overrides: node name -> parameters that win over the file.
        params_file: instead of the profile's own.
        own_camera: with the camera node; without it somebody else publishes `image_raw`: a robot's
            driver, or a replayed recording.

    Raises:
        ValueError: there is no such profile (the sentence lists those there are), or the camera's
            name is no ROS namespace.
    """
    if profile not in PROFILES:
        raise ValueError(f"unknown profile {profile!r}; choose one of {', '.join(PROFILES)}")
    if not _CAMERA_NAME.fullmatch(camera):
        raise ValueError(
            f"camera name {camera!r}: expected letters, digits and single underscores, beginning "
            "with a letter; parts may be joined by slashes: floor_1/entrance"
        )
    names = [name for name in PROFILES[profile] if own_camera or name != "usb_cam"]
    wanted = [entry for entry in NODES if entry.name in names]
    file = params_file or config_directory / f"{profile}.params.yaml"
    given = overrides or {}
    plans = [
        NodePlan(
            entry=entry,
            namespace=camera if entry.scope is Scope.CAMERA else "",
            params_file=file,
            overrides=dict(given.get(entry.name, {})),
        )
        for entry in wanted
    ]
    _tell_managers(plans, camera)
    return tuple(plans)


def _tell_managers(plans: list[NodePlan], camera: str) -> None:
    """Give the global nodes the names they watch: no other place repeats the graph."""
    by_role = {
        role: [p.full_name for p in plans if p.entry.role is role]
        for role in (Role.BASE, Role.ANALYZER)
    }
    names = {p.entry.name for p in plans}
    faces = [f"/{camera}/faces"] if "face_authenticator" in names else []
    objects = [f"/{camera}/objects"] if "object_detector" in names else []
    hazards = [f"/{camera}/hazards"] if "fire_detector" in names else []
    actions = [f"/{camera}/actions"] if "action_recognizer" in names else []
    images = [f"/{camera}/image_raw"] if "usb_cam" in names else []
    things = [f"/{camera}/things"] if "object_detector" in names else []
    explaining = {"object_detector", "fire_detector"} & names
    explanations = [f"/{camera}/explanations"] if explaining else []
    mending = [p.full_name for p in plans if not p.entry.restartable]
    for p in plans:
        if p.entry.name == "supervisor":
            p.overrides.setdefault("nodes.base", by_role[Role.BASE])
            p.overrides.setdefault("nodes.analyzers", by_role[Role.ANALYZER])
            p.overrides.setdefault("nodes.self_mending", mending)
            p.overrides.setdefault("topics.faces", faces)
        if p.entry.name == "alert_manager":
            p.overrides.setdefault("topics.faces", faces)
            p.overrides.setdefault("topics.objects", objects)
            p.overrides.setdefault("topics.hazards", hazards)
            p.overrides.setdefault("topics.actions", actions)
            p.overrides.setdefault("topics.things", things)
            if "evidence_recorder" in names:
                p.overrides.setdefault("topics.evidence", ["/evidence_recorder/kept"])
        if p.entry.name == "evidence_recorder":
            p.overrides.setdefault("topics.images", images)
            p.overrides.setdefault("topics.faces", faces)
            p.overrides.setdefault("topics.objects", objects)
            p.overrides.setdefault("topics.hazards", hazards)
            p.overrides.setdefault("topics.actions", actions)
            p.overrides.setdefault("topics.explanations", explanations)
        if p.entry.name == "dashboard":
            p.overrides.setdefault("graph.nodes", [other.full_name for other in plans])
            p.overrides.setdefault("graph.analyzers", by_role[Role.ANALYZER])
            p.overrides.setdefault("graph.cameras", [camera])
