"""What a parameter file says to the nodes of the graph, known before any of them starts."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import yaml

from edgeai_bringup import graph
from edgeai_bringup.graph import NodePlan
from edgeai_core.access.locations import GalleryConfig
from edgeai_core.errors import ConfigError

_GALLERY = "gallery.path"
# Who opens the gallery: the face node to recognise, the supervisor to ask what a person may do.
_GALLERY_NODES = ("face_authenticator", "supervisor")


def check_node_names(params_file: Path) -> None:
    """Check that every entry names a node of the graph: rcl passes over those it does not know.

    Raises:
        ConfigError: an entry names no node; the sentence has the nearest name.
    """
    known = [entry.name for entry in graph.NODES]
    for pattern, _ in _entries(params_file):
        name = pattern.rpartition("/")[2]
        if name in ("*", "**", *known):
            continue
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"
        raise ConfigError(f"parameter file {params_file}: no node {name!r} in the graph; {hint}")


def source_in(params_file: Path, camera_node: str) -> str:
    """Return a camera's source in a parameter file; empty where the file does not say.

    Args:
        params_file: to look in. camera_node: full name of the camera node.
    """
    source = ""
    for pattern, parameters in _entries(params_file):
        if _matches(pattern, camera_node):
            source = str(parameters.get("stream.source") or source)
    return source


def parameters_of(plan: NodePlan) -> dict[str, object]:
    """Return what a node will be given: its file's entries in their order, then its overrides.

    An entry holds for a node whose full name it matches; `*` stands for one part of a name, `**`
    for any number of them (rcl, "rcl_yaml_param_parser").
    """
    given: dict[str, object] = {}
    for pattern, parameters in _entries(plan.params_file):
        if _matches(pattern, plan.full_name):
            given.update(parameters)
    return given | plan.overrides


def check_one_gallery(plans: Sequence[NodePlan]) -> None:
    """Check that all nodes that open the gallery name the same.

    Raises:
        ConfigError: they do not: people of one gallery would be asked for in another.
    """
    opening = [plan for plan in plans if plan.entry.name in _GALLERY_NODES]
    paths = [str(parameters_of(plan).get(_GALLERY) or "") for plan in opening]
    files = [GalleryConfig(path=path).file() for path in paths]
    if len({file.resolve() for file in files}) <= 1:
        return
    got = ", ".join(f"{plan.full_name} {file}" for plan, file in zip(opening, files, strict=True))
    raise ConfigError(
        f"parameter {_GALLERY}: expected one gallery for all nodes, got {got}; in "
        f"{opening[0].params_file} and with --set give both the same path, or none to both for "
        "the gallery of this user"
    )


def _entries(params_file: Path) -> Iterator[tuple[str, dict[str, object]]]:
    """Yield each entry's node pattern, such as `/**/usb_cam`, and its parameters by full name."""
    try:
        content = yaml.safe_load(params_file.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return  # whoever reads the whole file says what is wrong with it
    yield from _entries_of(content, ())


def _entries_of(level: object, names: tuple[str, ...]) -> Iterator[tuple[str, dict[str, object]]]:
    for name, entry in level.items() if isinstance(level, dict) else ():
        path = (*names, str(name).strip("/"))
        parameters = entry.get("ros__parameters") if isinstance(entry, dict) else None
        if isinstance(parameters, dict):
            yield "/" + "/".join(path), dict(_flat(parameters))
        else:
            yield from _entries_of(entry, path)  # a namespace


def _flat(parameters: Mapping[object, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    for name, value in parameters.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _matches(pattern: str, full_name: str) -> bool:
    parts = []
    for part in pattern.split("/")[1:]:
        if part == "**":
            parts.append("(/[^/]+)*")
        else:
            parts.append("/" + re.escape(part).replace(r"\*", "[^/]+"))
    return re.fullmatch("".join(parts), full_name) is not None
