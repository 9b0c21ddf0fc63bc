"""The cameras of a graph: their names and sources, from what was asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgeai_bringup.graph import ParameterValue
from edgeai_bringup.graph_names import CameraPlan, joined
from edgeai_bringup.parameter_files import source_in
from edgeai_core.errors import ConfigError
from edgeai_core.source_choice import AUTO, TOPIC, SourceChoice, choose_source
from edgeai_core.sources.rtsp import redacted

_SOURCE = "stream.source"
_DEVICES = "/dev/"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenCamera:
    """A camera and what it plays.

    Attributes:
        name: its namespace. choice: the source.
        is_written: the source is in the parameter file, and stays there: a command line would show
            the password of an address.
    """

    name: str
    choice: SourceChoice
    is_written: bool

    @property
    def plan(self) -> CameraPlan:
        """How it stands in the graph; ValueError for a name that is none in ROS."""
        own = not self.choice.is_topic
        return CameraPlan(name=self.name, own=own, image=self.choice.topic)

    def described(self, namespace: str) -> str:
        """Return the source for people, without credentials."""
        if self.choice.is_demo:
            return "demo footage"
        if self.choice.is_topic:
            return self.choice.topic or f"/{joined(namespace, self.name)}/image_raw"
        source = self.choice.source
        return redacted(source) if "://" in source else source


def names_of(texts: Sequence[str]) -> tuple[str, ...]:
    """Return the names of cameras that are written as ``NAME`` or ``NAME=SOURCE``."""
    return tuple(text.partition("=")[0] for text in texts)


def choose_cameras(
    texts: Sequence[str],
    *,
    source: str,
    namespace: str,
    overrides: Mapping[str, Mapping[str, ParameterValue]],
    params_file: Path | None,
    elsewhere: bool = False,
) -> tuple[ChosenCamera, ...]:
    """Return the cameras and what each plays.

    A camera plays what stands behind its name, else what was set for its node, else `source`; of
    these `auto` gives way to the parameter file.

    Args:
        texts: ``NAME`` or ``NAME=SOURCE``. source: of those without their own.
        namespace: of the graph. overrides: by node, or by ``CAMERA/NODE``.
        params_file: the user's own, if any.
        elsewhere: the cameras are on other machines: what they play is not known here.

    Raises:
        ConfigError: two cameras would open the same device, or a setting is for a camera that is
            not there. SourceError: the demo is wanted and not set up.
    """
    chosen = tuple(
        _elsewhere(text, source)
        if elsewhere
        else _chosen(
            text, source, namespace=namespace, overrides=overrides, params_file=params_file
        )
        for text in texts
    )
    names = [camera.name for camera in chosen]
    for key in overrides:
        camera = key.rpartition("/")[0]
        if camera and camera not in names:
            raise ConfigError(f"setting of {key}: no camera {camera!r}; one of {', '.join(names)}")
    opened: dict[str, str] = {}
    for camera in chosen:
        device = camera.choice.source
        if device.startswith(_DEVICES) and device in opened:
            raise ConfigError(
                f"cameras {opened[device]} and {camera.name} would both open {device}; give each "
                "its own: --camera NAME=SOURCE"
            )
        opened[device] = camera.name
    return chosen


def _elsewhere(text: str, source: str) -> ChosenCamera:
    name, _, own = text.partition("=")
    choice = SourceChoice(source="")
    if (own or source).partition(":")[0] == TOPIC:
        choice = choose_source(own or source)
    return ChosenCamera(name=name, choice=choice, is_written=False)


def _chosen(
    text: str,
    source: str,
    *,
    namespace: str,
    overrides: Mapping[str, Mapping[str, ParameterValue]],
    params_file: Path | None,
) -> ChosenCamera:
    name, _, own = text.partition("=")
    role = overrides.get("usb_cam", {})
    one = overrides.get(f"{name}/usb_cam", {})
    wanted = own or str(one.get(_SOURCE, role.get(_SOURCE, source)))
    written = ""
    if wanted in ("", AUTO) and params_file is not None:
        written = source_in(params_file, f"/{joined(namespace, name)}/usb_cam")
    choice = choose_source(written or wanted)
    return ChosenCamera(
        name=name, choice=choice, is_written=bool(written) and choice.source == written
    )
