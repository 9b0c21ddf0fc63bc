"""Names in the graph: cameras, namespaces, and what a node is called among several."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# A relative ROS namespace (design.ros2.org, topic and service names).
_PART = r"[A-Za-z](?:_?[A-Za-z0-9])*_?"
_NAMESPACE = re.compile(rf"{_PART}(?:/{_PART})*")
_TOPIC = re.compile(rf"/?{_PART}(?:/{_PART})*")


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraPlan:
    """A camera of the graph.

    Attributes:
        name: namespace of the camera and its analyzers, inside that of the graph.
        own: with the camera node; without it somebody else publishes the pictures: a robot's
            driver, or a replayed recording.
        image: topic of the pictures where it is not the camera's own `image_raw`.

    Raises:
        ValueError: the name is no ROS namespace, or the topic no name of one.
    """

    name: str
    own: bool = True
    image: str = ""

    def __post_init__(self) -> None:
        if not _NAMESPACE.fullmatch(self.name):
            raise ValueError(
                f"camera name {self.name!r}: expected letters, digits and single underscores, "
                "beginning with a letter; parts may be joined by slashes: floor_1/entrance"
            )
        if self.image and not _TOPIC.fullmatch(self.image):
            raise ValueError(
                f"topic of pictures {self.image!r}: expected a ROS name such as "
                "/robot/front/image_raw"
            )

    @property
    def image_topic(self) -> str:
        """The topic that the global nodes know the pictures by, relative to the graph."""
        return f"{self.name}/image_raw"


def split_cameras(text: str) -> list[str]:
    """Return the cameras of a launch argument: ``entrance=/dev/video0 garden=demo``.

    Raises:
        ValueError: a quotation mark is not closed.
    """
    try:
        return shlex.split(text)
    except ValueError as exc:
        raise ValueError(f"cameras {text!r}: {exc}; expected NAME=SOURCE NAME=SOURCE …") from exc


def checked_namespace(text: str) -> str:
    """Return the graph's namespace without outer slashes; empty for none.

    Raises:
        ValueError: it is no ROS namespace.
    """
    name = text.strip("/")
    if name and not _NAMESPACE.fullmatch(name):
        raise ValueError(
            f"namespace {text!r}: expected letters, digits and single underscores, beginning with "
            "a letter; parts may be joined by slashes: fleet/robot_1"
        )
    return name


def joined(*parts: str) -> str:
    """Return parts of a namespace as one, without outer slashes."""
    return "/".join(part for part in parts if part)


def short_names(full_names: Iterable[str]) -> dict[str, str]:
    """Return full name -> what a node is called in a table: its own name where it is the only one.

    With several cameras `/entrance/usb_cam` becomes `entrance/usb_cam`.
    """
    names = list(dict.fromkeys(full_names))
    own = [name.rpartition("/")[2] for name in names]
    return {
        name: short if own.count(short) == 1 else name.lstrip("/")
        for name, short in zip(names, own, strict=True)
    }


def camera_remaps(camera: CameraPlan, namespace: str) -> tuple[tuple[str, str], ...]:
    """Return the remaps (from, to) of the nodes of a camera in a graph's namespace."""
    remaps = [("image_raw", camera.image)] if camera.image else []
    if namespace:
        # A node of a camera cannot know where the graph begins that it is part of.
        remaps += [(name, f"/{namespace}{name}") for name in ("/auth_state", "/diagnostics")]
    return tuple(remaps)


def global_remaps(cameras: Sequence[CameraPlan], namespace: str) -> tuple[tuple[str, str], ...]:
    """Return the remaps (from, to) of the global nodes of a graph in its namespace."""
    remaps = [
        (f"{camera.image_topic}{suffix}", f"{camera.image}{suffix}")
        for camera in cameras
        if camera.image
        for suffix in ("", "/compressed")
    ]
    if namespace:
        # Absolute for whoever has no namespace, as every tool expects it (REP-107).
        remaps.append(("/diagnostics", f"/{namespace}/diagnostics"))
    return tuple(remaps)
