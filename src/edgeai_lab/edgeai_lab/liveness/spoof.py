"""Re-photograph a picture or a clip by simulation and keep the frames on disk."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from edgeai_core.contact_sheet import contact_sheet
from edgeai_core.errors import DataError
from edgeai_core.sources.image_folder import IMAGE_SUFFIXES
from edgeai_lab.clips import frames_every
from edgeai_lab.liveness.instruments import Framing, Presentation
from edgeai_lab.liveness.pose import HEIGHT_PX, WIDTH_PX
from edgeai_lab.liveness.rendering import render
from edgeai_lab.liveness.scene import MEASURED, Scene, draw_scene, shrunk
from edgeai_lab.pictures import Image, read_picture, write_picture

FRAME_RATE_HZ = 15.0
LONGEST_S = 10.0
FRAMES_NAME, SHEET_NAME = "frames", "sheet.jpg"
_SHEET_TILES = 12
_TILE_PX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoofClip:
    """What was rendered and where it lies.

    Attributes:
        scene: the drawn parameters. source: the picture or clip. frames: the pictures, in order.
        sheet: an overview of them.
    """

    scene: Scene
    source: Path
    frames: tuple[Path, ...]
    sheet: Path

    def document(self) -> dict[str, object]:
        """Return all that was drawn, and the ranges it was drawn from, as JSON values."""
        scene = dataclasses.asdict(self.scene)
        scene["presentation"] = self.scene.presentation.value
        scene["framing"] = self.scene.framing.value
        return {
            "source": self.source.name,
            "frames": len(self.frames),
            "frame_rate_hz": FRAME_RATE_HZ,
            "width_px": WIDTH_PX,
            "height_px": HEIGHT_PX,
            "scene": scene,
            "ranges": dataclasses.asdict(MEASURED),
        }


def read_source(path: Path, *, seconds: float) -> tuple[Image, ...]:
    """Return a picture, or a clip's frames at the simulated camera's rate, at most 480 rows each.

    Args:
        seconds: frames of a clip beyond are not read.

    Raises:
        DataError: the picture cannot be read. SourceError: the clip cannot.
    """
    if path.suffix.lower() in IMAGE_SUFFIXES:
        return (shrunk(read_picture(path)),)
    wanted = frame_count(seconds)
    frames: list[Image] = []
    for frame in frames_every(path, every_s=1.0 / FRAME_RATE_HZ):
        frames.append(shrunk(frame.image))
        if len(frames) == wanted:
            break
    if not frames:
        raise DataError(f"spoof: no frame of {path} can be decoded; give another clip or a picture")
    return tuple(frames)


def frame_count(seconds: float) -> int:
    """Return how many frames the simulated camera delivers.

    Raises:
        DataError: the time is not in 0..10 s, exclusive of 0.
    """
    if not (math.isfinite(seconds) and 0.0 < seconds <= LONGEST_S):
        raise DataError(
            f"spoof: seconds must be above 0 and at most {LONGEST_S:g}, got {seconds:g}"
        )
    return max(1, round(seconds * FRAME_RATE_HZ))


def save_spoof(
    source: Path,
    folder: Path,
    *,
    presentation: Presentation,
    framing: Framing,
    seconds: float,
    seed: int,
) -> SpoofClip:
    """Render a presentation of `source` into ``folder/frames`` with an overview beside it.

    Raises:
        DataError: a living scene with a border, a negative seed, a time that is not allowed, a
            folder that holds something, a picture that cannot be read, a folder that cannot be
            written. SourceError: the clip cannot be read.
    """
    if presentation is Presentation.BONA_FIDE and framing is Framing.BORDER:
        raise DataError("spoof: a bona_fide scene has no border; use --framing full")
    if seed < 0:
        raise DataError(f"spoof: the seed must be 0 or more, got {seed}")
    count = frame_count(seconds)
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise DataError(f"spoof: {folder} exists and is not an empty folder; choose a new one")
    pictures = read_source(source, seconds=seconds)
    height, width = pictures[0].shape[:2]
    scene = draw_scene(presentation, framing, aspect=width / height, seed=seed)
    frames = render(scene, pictures, count=count, frame_rate_hz=FRAME_RATE_HZ)
    paths, tiles = [], []
    step = math.ceil(count / _SHEET_TILES)
    for number, image in enumerate(frames):
        path = folder / FRAMES_NAME / f"{number:04d}.png"
        write_picture(path, image)
        paths.append(path)
        if number % step == 0:
            tiles.append((image, f"{number / FRAME_RATE_HZ:.2f} s"))
    sheet = folder / SHEET_NAME
    write_picture(sheet, overview(tiles))
    return SpoofClip(scene=scene, source=source, frames=tuple(paths), sheet=sheet)


def overview(tiles: Sequence[tuple[Image, str]]) -> Image:
    """Return frames side by side with their captions, each shrunk onto a square."""
    return contact_sheet([_tile(image) for image, _ in tiles], [text for _, text in tiles])


def _tile(image: Image) -> Image:
    height, width = image.shape[:2]
    scale = _TILE_PX / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    square = np.zeros((_TILE_PX, _TILE_PX, 3), np.uint8)
    square[: size[1], : size[0]] = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return square
