"""Pictures with what burns in them: the open data folders as one list of scenes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from edgeai_core.errors import DataError
from edgeai_lab.clips import frames_every
from edgeai_lab.fire.audit import DOUBTFUL, FOG, HARMLESS, audit_key
from edgeai_lab.pictures import Image, pictures_below, read_picture

Boxes = npt.NDArray[np.float32]
LONG_SIDE_PX = 480
# Flames over more of the picture than this are a fire; smaller ones, or smoke alone, its start. The
# labels' own degrees are noisy (models trained on them agree with 0.85 of held-out labels, on this
# rule with 0.92) and Abonia has none.
_LARGE_FLAME_SHARE = 0.05


class Source(Enum):
    """Where a scene is from; the value is its folder below the data folder."""

    ABONIA = "fire/abonia_cctv"
    BIPLAB = "fire/biplab_forest"
    WALLET = "personal/wallet_phone_airpods"
    GUNS = "suspect/guns"
    FIGHT = "fight"
    FALL = "fall/gmdcsa24"


class Stage(Enum):
    """The three answers about a whole picture."""

    NONE = "none"
    START_FIRE = "start_fire"
    FIRE = "fire"


_FIRE_SOURCES = (Source.ABONIA, Source.BIPLAB)
# Class numbers of the two label files, see their data.yaml.
_FLAME_CLASSES = {Source.ABONIA: frozenset({0}), Source.BIPLAB: frozenset({1, 3, 4})}
_SMOKE_CLASSES = {Source.ABONIA: frozenset({2}), Source.BIPLAB: frozenset({0, 2})}
_CLIP_STEP_S = {Source.FIGHT: 0.9, Source.FALL: 1.0}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scene:
    """One picture.

    Attributes:
        name: file name, with the frame number for frames of clips. source: its folder.
        image: (H, W, 3) uint8 BGR, at most 480 pixels long.
        flames, smokes: (N, 4) float32 boxes x_min, y_min, x_max, y_max, in 0..1 of the picture.
        stage: what the whole picture shows.
    """

    name: str
    source: Source
    image: Image
    flames: Boxes
    smokes: Boxes
    stage: Stage


def read_scenes(data: Path) -> list[Scene]:
    """Return all scenes of the open folders, in a fixed order.

    Raises:
        DataError: a folder, picture or label file is missing or damaged.
    """
    scenes: list[Scene] = []
    for source in Source:
        folder = data / source.value
        if not folder.is_dir():
            raise DataError(f"fire data: {folder} is not there; give the data folder of the index")
        if source in _CLIP_STEP_S:
            scenes.extend(_of_clips(folder, source))
        else:
            scenes.extend(_of_pictures(folder, source))
    return scenes


def read_boxes(path: Path) -> npt.NDArray[np.float32]:
    """Return (N, 5) float32 of a YOLO label file: class, then x_min, y_min, x_max, y_max in 0..1.

    Raises:
        DataError: there is no such file or a row is not class, centre and size.
    """
    try:
        rows = [row.split() for row in path.read_text(encoding="ascii").splitlines() if row.strip()]
        table = np.array(rows, np.float32).reshape(len(rows), 5)
    except (OSError, ValueError) as exc:
        raise DataError(f"labels {path}: expected rows of class, x, y, width, height") from exc
    half = table[:, 3:] / 2
    low, high = np.clip(table[:, 1:3] - half, 0, 1), np.clip(table[:, 1:3] + half, 0, 1)
    return np.concatenate([table[:, :1], low, high], axis=1)


def label_path(picture: Path) -> Path:
    """Return where the YOLO labels of a picture lie: images/x.jpg has labels/x.txt."""
    return picture.parent.parent / "labels" / f"{picture.stem}.txt"


def stage_of(flames: Boxes, smokes: Boxes) -> Stage:
    """Return what a picture with these boxes shows."""
    if not len(flames) and not len(smokes):
        return Stage.NONE
    return Stage.FIRE if covered_share(flames) > _LARGE_FLAME_SHARE else Stage.START_FIRE


def covered_share(boxes: Boxes) -> float:
    """Return which share of the picture the boxes cover together, on a 64 x 64 grid."""
    grid = np.zeros((64, 64), bool)
    for x_min, y_min, x_max, y_max in np.asarray(boxes) * 64:
        grid[int(y_min) : int(np.ceil(y_max)), int(x_min) : int(np.ceil(x_max))] = True
    return float(grid.mean())


def shrink(image: Image) -> Image:
    """Return the picture with its long side at most 480 pixels."""
    scale = LONG_SIDE_PX / max(image.shape[:2])
    if scale >= 1:
        return image
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def _of_pictures(folder: Path, source: Source) -> Iterator[Scene]:
    for path in pictures_below(folder / "images"):
        labels = np.zeros((0, 5), np.float32)
        if source in _FIRE_SOURCES:
            labels = read_boxes(label_path(path))
            key = audit_key(path.name)
            if key in FOG:
                labels = labels[:0]
            elif key in DOUBTFUL or (not len(labels) and key not in HARMLESS):
                continue
        flames = _of_classes(labels, _FLAME_CLASSES.get(source, frozenset()))
        smokes = _of_classes(labels, _SMOKE_CLASSES.get(source, frozenset()))
        yield Scene(
            name=path.name,
            source=source,
            image=shrink(read_picture(path)),
            flames=flames,
            smokes=smokes,
            stage=stage_of(flames, smokes),
        )


def _of_clips(folder: Path, source: Source) -> Iterator[Scene]:
    for clip in sorted(folder.rglob("*.mp4")):
        for frame in frames_every(clip, every_s=_CLIP_STEP_S[source]):
            yield Scene(
                name=f"{clip.stem}:{frame.index}",
                source=source,
                image=shrink(frame.image),
                flames=np.zeros((0, 4), np.float32),
                smokes=np.zeros((0, 4), np.float32),
                stage=Stage.NONE,
            )


def _of_classes(labels: npt.NDArray[np.float32], classes: frozenset[int]) -> Boxes:
    return labels[np.isin(labels[:, 0], list(classes)), 1:]
