"""From a profile and a source to the nodes that start: the same for `up` and for launch files."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgeai_bringup import graph
from edgeai_bringup.cameras import ChosenCamera, choose_cameras, names_of
from edgeai_bringup.demo import demo_gallery, prepare_demo_gallery
from edgeai_bringup.graph import NodePlan, ParameterValue
from edgeai_bringup.graph_names import checked_namespace
from edgeai_bringup.locations import config_directory
from edgeai_bringup.parameter_files import check_node_names, check_one_gallery
from edgeai_bringup.shared_privacy import share_privacy
from edgeai_core.errors import ConfigError
from edgeai_core.sources.base import StreamConfig
from edgeai_core.sources.opening import open_source
from edgeai_core.user_settings import read_user_settings, settings_at_start, user_settings_path


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """What is about to start.

    Attributes:
        plans: the nodes. title: profile and source for people, without credentials.
        cameras: their names inside `namespace`, the graph's own; in both no leading slash.
    """

    plans: tuple[NodePlan, ...]
    title: str
    cameras: tuple[str, ...]
    namespace: str


def prepare(
    profile: str,
    *,
    source: str,
    camera: str = "camera",
    cameras: Sequence[str] = (),
    namespace: str = "",
    part: str = "all",
    settings: Mapping[str, Mapping[str, ParameterValue]] | None = None,
    params_file: Path | None = None,
    sim_time: bool = False,
) -> Preparation:
    """Choose the sources, make sure that they are there, and plan the nodes.

    A graph that plays nothing but the demo brings its own gallery, in which the person of the
    demo's clip may unlock.

    Args:
        profile, namespace, params_file: as for :func:`edgeai_bringup.graph.plan`.
        source: a source, `demo`, `topic` or `topic:NAME` (somebody else publishes the pictures), or
            `auto`: what `params_file` says, else the first USB camera, else the demo.
        camera: the camera's name, or ``NAME=SOURCE``. cameras: instead of it where there are
            several.
        part: a key of PARTS: what of the graph runs on this machine. Without the cameras only their
            names count, and their pictures come as JPEG.
        settings: node name, or ``CAMERA/NODE``, -> parameters that win over everything else, also
            over what the owner set on the page.
        sim_time: all nodes live in the time of /clock.

    Raises:
        ConfigError: there is no such parameter file, it names a node that is not in the graph, two
            cameras would open one device, or the nodes name different galleries or masks.
        SourceError: a source is not there.
        ModelError: the demo needs the face models and they are not set up.
        ValueError: there is no such profile, or a name is no ROS namespace or topic.
    """
    if params_file is not None and not params_file.is_file():
        raise ConfigError(f"parameter file {params_file}: no such file")
    if params_file is not None:
        check_node_names(params_file)
    graph_namespace = checked_namespace(namespace)
    wanted = tuple(cameras) or (camera,)
    overrides = _with_user_settings(settings or {}, cameras=names_of(wanted))
    for entry in graph.NODES if sim_time else ():
        overrides.setdefault(entry.name, {}).setdefault("use_sim_time", True)
    has_no_camera = graph.Scope.CAMERA not in graph.PARTS[part]
    chosen = choose_cameras(
        wanted,
        source=source,
        namespace=graph_namespace,
        overrides=overrides,
        params_file=params_file,
        elsewhere=has_no_camera,
    )
    for one in () if has_no_camera else chosen:
        if one.choice.is_topic and profile == "camera":
            raise ConfigError("source topic: the profile camera is the camera; choose home or city")
        # What the file says stays there: a command line would show the password of an address.
        if not one.is_written and not one.choice.is_topic:
            own = overrides.setdefault(f"{one.name}/usb_cam", {})
            own["stream.source"] = one.choice.source
            if one.choice.is_demo and "stream.loop" not in overrides.get("usb_cam", {}):
                own.setdefault("stream.loop", True)
    if has_no_camera:
        _take_jpegs(overrides)
    elif all(one.choice.is_demo for one in chosen):
        overrides = _with_demo_gallery(profile, overrides)
    plans = graph.plan(
        profile,
        config_directory=config_directory(),
        cameras=[one.plan for one in chosen],
        overrides=_with_one_gallery(overrides),
        params_file=params_file,
        namespace=graph_namespace,
    )
    check_one_gallery(plans)
    share_privacy(plans, namespace=graph_namespace)
    for one in () if has_no_camera else chosen:
        if not one.choice.is_demo and not one.choice.is_topic:
            _look_for(one.choice.source)
    title = _title(profile, chosen, graph_namespace)
    if has_no_camera:
        title = f"{profile}, center of {', '.join(one.name for one in chosen)}"
    return Preparation(
        plans=tuple(p for p in plans if p.entry.scope in graph.PARTS[part]),
        title=title,
        cameras=tuple(one.name for one in chosen),
        namespace=graph_namespace,
    )


def _take_jpegs(overrides: dict[str, dict[str, ParameterValue]]) -> None:
    """Let who looks at pictures of other machines ask for JPEG: raw ones do not fit the link."""
    for node, parameter in (
        ("evidence_recorder", "topics.compressed"),
        ("dashboard", "graph.compressed"),
    ):
        overrides.setdefault(node, {}).setdefault(parameter, True)


def _title(profile: str, cameras: Sequence[ChosenCamera], namespace: str) -> str:
    if len(cameras) == 1:
        return f"{profile} on {cameras[0].described(namespace)}"
    told = ", ".join(f"{camera.name}: {camera.described(namespace)}" for camera in cameras)
    return f"{profile} on {told}"


def _with_user_settings(
    settings: Mapping[str, Mapping[str, ParameterValue]], *, cameras: Sequence[str]
) -> dict[str, dict[str, ParameterValue]]:
    """Return what the owner set on the page, under what was given for this start."""
    path = user_settings_path()
    kept = read_user_settings(path)
    known = [entry.name for entry in graph.NODES]
    for key in kept:
        role = key.rpartition("/")[2]
        if role not in known:
            raise ConfigError(
                f"settings {path}: no node {role!r} in the graph; known: {', '.join(known)}"
            )
    return settings_at_start(kept, settings, cameras=cameras)


def _with_demo_gallery(
    profile: str, overrides: dict[str, dict[str, ParameterValue]]
) -> dict[str, dict[str, ParameterValue]]:
    faces = overrides.setdefault("face_authenticator", {})
    if "gallery.path" not in faces and "face_authenticator" in graph.PROFILES.get(profile, ()):
        prepare_demo_gallery()
        faces["gallery.path"] = str(demo_gallery())
    return overrides


def _with_one_gallery(
    overrides: dict[str, dict[str, ParameterValue]],
) -> dict[str, dict[str, ParameterValue]]:
    """Let the supervisor ask the face node's gallery what the person of a session may do."""
    path = overrides.get("face_authenticator", {}).get("gallery.path")
    if path is not None:
        overrides.setdefault("supervisor", {}).setdefault("gallery.path", path)
    return overrides


def _look_for(source: str) -> None:
    """Open what must be there now.

    A stream on the network may come later: the camera node reconnects. A file or a camera that is
    not there at start is a mistake to be told at once.
    """
    if "://" in source:
        return
    opened = open_source(
        StreamConfig(source=source),
        clock_ns=time.time_ns,
        monotonic_s=time.monotonic,
        sleep=time.sleep,
        frame_id="preflight",
    )
    opened.open()
    opened.close()
