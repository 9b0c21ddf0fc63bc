"""The graph, described once: what runs, where, and who brings it up.

Both front ends read this table: the launch files make launch_ros actions of it, the product's own
`up` makes nodes of one process or a process each. Standard library only, so that `--help` answers
at once and launch files may import it.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgeai_bringup.graph_names import (
    CameraPlan,
    camera_remaps,
    checked_namespace,
    global_remaps,
    joined,
)


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
        on_demand: it works only while somebody listens, so that no result is no fault.
    """

    name: str
    package: str
    class_name: str
    scope: Scope
    role: Role
    takes_frames: bool = False
    restartable: bool = True
    on_demand: bool = False

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
        "visualizer",
        "edgeai_perception",
        "VisualizerNode",
        Scope.CAMERA,
        Role.BASE,
        takes_frames=True,
        on_demand=True,
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

#: Profiles: the parameter file and the nodes that run.
PROFILES: dict[str, tuple[str, ...]] = {
    "home": tuple(entry.name for entry in NODES),
    "city": tuple(entry.name for entry in NODES),
    "camera": ("usb_cam", "supervisor"),
}

#: Boards: what runs of a profile on a machine that runs it alone, or has the cameras, or the rest.
PARTS: dict[str, tuple[Scope, ...]] = {
    "all": (Scope.CAMERA, Scope.GLOBAL),
    "cameras": (Scope.CAMERA,),
    "center": (Scope.GLOBAL,),
}

#: Processes of their own: after how long a dead one is started again, and how long one may take to
#: end. The models' threads end first, which takes seconds on a busy machine: 5 s, the default of
#: ros2 launch, were too few at a load of 10 on two cores.
RESPAWN_DELAY_S = 2.0
STOP_TIMEOUT_S = 8.0

ParameterValue = bool | int | float | str | list[bool] | list[int] | list[float] | list[str]


@dataclass(frozen=True)
class NodePlan:
    """A node as it will be started.

    Attributes:
        entry: its row of the table. namespace: without the leading slash; empty for the root.
        params_file: the profile's parameters. overrides: parameters that win over the file.
        remaps: pairs of names, as in ``from:=to``.
    """

    entry: NodeEntry
    namespace: str
    params_file: Path
    overrides: dict[str, ParameterValue]
    remaps: tuple[tuple[str, str], ...] = ()

    @property
    def full_name(self) -> str:
        return f"/{joined(self.namespace, self.entry.name)}"

    @property
    def remap_arguments(self) -> list[str]:
        """The remaps as rcl takes them on a command line."""
        return [word for old, new in self.remaps for word in ("-r", f"{old}:={new}")]


def plan(
    profile: str,
    *,
    config_directory: Path,
    camera: str = "camera",
    overrides: Mapping[str, Mapping[str, ParameterValue]] | None = None,
    params_file: Path | None = None,
    own_camera: bool = True,
    cameras: Sequence[CameraPlan] = (),
    namespace: str = "",
) -> tuple[NodePlan, ...]:
    """Return the nodes of a profile.

    Args:
        profile: a key of PROFILES. config_directory: holds ``<profile>.params.yaml``.
        camera: namespace of the camera and its analyzers. own_camera: as CameraPlan.own.
        cameras: instead of these two where there are several.
        overrides: node name -> parameters that win over the file; for one camera only by
            ``CAMERA/NODE``, which wins over what is for all.
        params_file: instead of the profile's own.
        namespace: of the whole graph; two graphs of one ROS domain do not hear each other then.

    Raises:
        ValueError: there is no such profile (the sentence lists those there are), a camera's name
            or the namespace is no ROS namespace, or two cameras have the same name.
    """
    if profile not in PROFILES:
        raise ValueError(f"unknown profile {profile!r}; choose one of {', '.join(PROFILES)}")
    graph_namespace = checked_namespace(namespace)
    chosen = tuple(cameras) or (CameraPlan(name=camera, own=own_camera),)
    names = [one.name for one in chosen]
    if len(set(names)) < len(names):
        raise ValueError(f"cameras {', '.join(names)}: expected a name of its own for each")
    file = params_file or config_directory / f"{profile}.params.yaml"
    wanted = [entry for entry in NODES if entry.name in PROFILES[profile]]
    given = overrides or {}
    plans = [
        NodePlan(
            entry=entry,
            namespace=joined(graph_namespace, one.name),
            params_file=file,
            overrides={**given.get(entry.name, {}), **given.get(f"{one.name}/{entry.name}", {})},
            remaps=camera_remaps(one, graph_namespace),
        )
        for one in chosen
        for entry in wanted
        if entry.scope is Scope.CAMERA and (one.own or entry.name != "usb_cam")
    ]
    plans += [
        NodePlan(
            entry=entry,
            namespace=graph_namespace,
            params_file=file,
            overrides=dict(given.get(entry.name, {})),
            remaps=global_remaps(chosen, graph_namespace),
        )
        for entry in wanted
        if entry.scope is Scope.GLOBAL
    ]
    _tell_managers(plans, chosen)
    return tuple(plans)


def _tell_managers(plans: list[NodePlan], cameras: Sequence[CameraPlan]) -> None:
    """Give the global nodes the names they watch: no other place repeats the graph.

    Topics are relative, so that they follow the namespace of the graph; nodes have full names.
    """
    by_role = {
        role: [p.full_name for p in plans if p.entry.role is role]
        for role in (Role.BASE, Role.ANALYZER)
    }
    names = {p.entry.name for p in plans}

    def topics(name: str, *, of: str) -> list[str]:
        return [f"{camera.name}/{name}" for camera in cameras] if of in names else []

    faces = topics("faces", of="face_authenticator")
    objects = topics("objects", of="object_detector")
    hazards = topics("hazards", of="fire_detector")
    actions = topics("actions", of="action_recognizer")
    things = topics("things", of="object_detector")
    explaining = next((name for name in ("fire_detector", "object_detector") if name in names), "")
    explanations = topics("explanations", of=explaining)
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
                p.overrides.setdefault("topics.evidence", ["evidence_recorder/kept"])
        if p.entry.name == "evidence_recorder":
            p.overrides.setdefault("topics.images", [camera.image_topic for camera in cameras])
            p.overrides.setdefault("topics.faces", faces)
            p.overrides.setdefault("topics.objects", objects)
            p.overrides.setdefault("topics.hazards", hazards)
            p.overrides.setdefault("topics.actions", actions)
            p.overrides.setdefault("topics.explanations", explanations)
        if p.entry.name == "dashboard":
            p.overrides.setdefault("graph.nodes", [other.full_name for other in plans])
            p.overrides.setdefault("graph.analyzers", by_role[Role.ANALYZER])
            p.overrides.setdefault("graph.cameras", [camera.name for camera in cameras])
