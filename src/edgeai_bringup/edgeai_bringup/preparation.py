"""From a profile and a source to the nodes that start: the same for `up` and for launch files."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edgeai_bringup import graph
from edgeai_bringup.demo import demo_gallery, prepare_demo_gallery
from edgeai_bringup.graph import NodePlan, ParameterValue
from edgeai_bringup.locations import config_directory
from edgeai_bringup.parameter_files import check_node_names, check_one_gallery, source_in
from edgeai_bringup.shared_privacy import share_privacy
from edgeai_core.errors import ConfigError
from edgeai_core.source_choice import AUTO, SourceChoice, choose_source
from edgeai_core.sources.base import StreamConfig
from edgeai_core.sources.opening import open_source
from edgeai_core.sources.rtsp import redacted
from edgeai_core.user_settings import read_user_settings, user_settings_path


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """What is about to start.

    Attributes:
        plans: the nodes. title: profile and source for people, without credentials.
    """

    plans: tuple[NodePlan, ...]
    title: str


def prepare(
    profile: str,
    *,
    source: str,
    camera: str,
    settings: Mapping[str, Mapping[str, ParameterValue]] | None = None,
    params_file: Path | None = None,
) -> Preparation:
    """Choose the source, make sure that it is there, and plan the nodes.

    The demo brings its own gallery, in which the person of its clip may unlock.

    Args:
        profile, camera, params_file: as for :func:`edgeai_bringup.graph.plan`.
        source: a source, `demo`, `topic` (somebody else publishes the pictures), or `auto`: what
            `params_file` says, else the first USB camera, else the demo.
        settings: node name -> parameters that win over everything else, also over what the owner
            set on the page.

    Raises:
        ConfigError: there is no such parameter file, it names a node that is not in the graph, or
            the nodes name different galleries or masks. SourceError: the source is not there.
        ModelError: the demo needs the face models and they are not set up.
        ValueError: there is no such profile, or the camera's name is no ROS namespace.
    """
    if params_file is not None and not params_file.is_file():
        raise ConfigError(f"parameter file {params_file}: no such file")
    if params_file is not None:
        check_node_names(params_file)
    overrides = _with_user_settings(settings or {})
    stream = overrides.setdefault("usb_cam", {})
    wanted = str(stream.get("stream.source", source))
    written = source_in(params_file) if wanted in ("", AUTO) and params_file else ""
    choice = choose_source(written or wanted)
    if choice.is_topic and profile == "camera":
        raise ConfigError("source topic: the profile camera is the camera; choose home or city")
    # What the file says stays there: a command line would show the password of an address.
    if choice.source != written:
        stream["stream.source"] = choice.source
    plans = graph.plan(
        profile,
        config_directory=config_directory(),
        camera=camera,
        overrides=_with_one_gallery(
            _demo_overrides(profile, overrides) if choice.is_demo else overrides
        ),
        params_file=params_file,
        own_camera=not choice.is_topic,
    )
    check_one_gallery(plans)
    share_privacy(plans)
    if not choice.is_demo and not choice.is_topic:
        _look_for(choice.source)
    return Preparation(plans=plans, title=f"{profile} on {_described(choice, camera)}")


def _described(choice: SourceChoice, camera: str) -> str:
    if choice.is_demo:
        return "demo footage"
    return f"/{camera}/image_raw" if choice.is_topic else _shown(choice.source)


def _with_user_settings(
    settings: Mapping[str, Mapping[str, ParameterValue]],
) -> dict[str, dict[str, ParameterValue]]:
    """Return what the owner set on the page, under what was given for this start."""
    path = user_settings_path()
    kept = read_user_settings(path)
    known = [entry.name for entry in graph.NODES]
    unknown = sorted(set(kept) - set(known))
    if unknown:
        raise ConfigError(
            f"settings {path}: no node {unknown[0]!r} in the graph; known: {', '.join(known)}"
        )
    return {node: {**kept.get(node, {}), **settings.get(node, {})} for node in {**kept, **settings}}


def _demo_overrides(
    profile: str, overrides: dict[str, dict[str, ParameterValue]]
) -> dict[str, dict[str, ParameterValue]]:
    overrides["usb_cam"].setdefault("stream.loop", True)
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


def _shown(source: str) -> str:
    return redacted(source) if "://" in source else source
