"""Pictures with the boxes of guns and wallets: the open data folders as one list."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from edgeai_core.analyzers.objects.labels import GUN, NEW_LABELS
from edgeai_core.errors import DataError
from edgeai_lab.clips import frames_every
from edgeai_lab.data.groups import NearPair, cluster
from edgeai_lab.data.yolo import read_yolo
from edgeai_lab.pictures import Image, read_picture

LONG_SIDE_PX = 480
# Clips with a higher number are measured on: neighbouring numbers can show the same scene.
LAST_TRAINED_CLIP = 50
_CLIP_STEP_S = 0.7
_NUMBER = re.compile(r"\d+")
# "Gun_12.jpg" is a number in a collection; other names begin with a film's.
_FILM = re.compile(r"^(?![Gg]un)([A-Za-z]+)")
# A group with more of the pictures than this would be most of a small part's figure.
_MOST_OF_ALL = 0.04


class Source(Enum):
    """Where an example is from; the value is its folder below the data folder."""

    GUNS = "suspect/guns"
    WALLET = "personal/wallet_phone_airpods"
    FIGHT = "fight"
    FALL = "fall/gmdcsa24"
    ABONIA = "fire/abonia_cctv"
    BIPLAB = "fire/biplab_forest"


class Part(Enum):
    """What an example is used for."""

    TRAINING = "training"
    VALIDATION = "validation"
    TEST = "test"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Example:
    """One picture.

    Attributes:
        name: file name, with the frame number for frames of clips. source: its folder.
        image: (H, W, 3) uint8 BGR, at most 480 pixels long.
        boxes: (N, 5) float32: number in NEW_LABELS, then x_min, y_min, x_max, y_max in 0..1.
    """

    name: str
    source: Source
    image: Image
    boxes: npt.NDArray[np.float32]


def read_examples(data: Path) -> list[Example]:
    """Return all examples of the open folders, in a fixed order.

    Of the clips of fights only those are read that may train; see LAST_TRAINED_CLIP.

    Raises:
        DataError: a folder, picture or label file is missing or damaged.
    """
    found: list[Example] = []
    for source in Source:
        folder = data / source.value
        if not folder.is_dir():
            raise DataError(
                f"objects data: {folder} is not there; give the data folder of the index"
            )
        clips = source in (Source.FIGHT, Source.FALL)
        found.extend(_of_clips(folder, source) if clips else _of_pictures(folder, source))
    return found


def film_of(example: Example) -> str:
    """Return what a still of the gun collection is named after; "" where the name tells nothing."""
    match = _FILM.match(example.name)
    return match.group(1).lower() if match and example.source is Source.GUNS else ""


def grouped(films: Sequence[str], pairs: Sequence[NearPair]) -> list[int]:
    """Return group numbers: pictures that look alike, or are of one film, share one."""
    first: dict[str, int] = {}
    ties = list(pairs)
    for place, film in enumerate(films):
        leader = first.setdefault(film, place) if film else place
        if leader != place:
            ties.append(NearPair(first=leader, second=place, cosine=1.0))
    return cluster(len(films), ties)


def dealt(
    groups: Sequence[int], *, shares: Mapping[Part, float], rng: np.random.Generator
) -> list[Part]:
    """Return the part of each picture; a group is never divided, and the largest ones train."""
    members: dict[int, list[int]] = {}
    for row, group in enumerate(groups):
        members.setdefault(group, []).append(row)
    small = [rows for rows in members.values() if len(rows) <= max(1, _MOST_OF_ALL * len(groups))]
    parts = [Part.TRAINING] * len(groups)
    wanted = {part: share * len(groups) for part, share in shares.items()}
    for index in rng.permutation(len(small)):
        part = max(wanted, key=lambda part: wanted[part])
        if wanted[part] <= 0:
            break
        for row in small[index]:
            parts[row] = part
        wanted[part] -= len(small[index])
    return parts


def shrink(image: Image) -> Image:
    """Return the picture with its long side at most 480 pixels."""
    scale = LONG_SIDE_PX / max(image.shape[:2])
    if scale >= 1:
        return image
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def _of_pictures(folder: Path, source: Source) -> Iterator[Example]:
    for picture in read_yolo(folder).pictures:
        rows = [
            (number, box.x_min, box.y_min, box.x_max, box.y_max)
            for box in picture.boxes
            if (number := _number_of(box.label, source)) is not None
        ]
        yield Example(
            name=picture.path.name,
            source=source,
            image=shrink(read_picture(picture.path)),
            boxes=np.array(rows, np.float32).reshape(-1, 5),
        )


def _number_of(label: str, source: Source) -> int | None:
    if source is Source.GUNS:  # its one class has no name in the folder
        label = GUN
    return NEW_LABELS.index(label) if label in NEW_LABELS else None


def _of_clips(folder: Path, source: Source) -> Iterator[Example]:
    for clip in sorted(folder.rglob("*.mp4")):
        number = _NUMBER.search(clip.stem)
        if source is Source.FIGHT and (not number or int(number[0]) > LAST_TRAINED_CLIP):
            continue
        for frame in frames_every(clip, every_s=_CLIP_STEP_S):
            yield Example(
                name=f"{clip.stem}:{frame.index}",
                source=source,
                image=shrink(frame.image),
                boxes=np.zeros((0, 5), np.float32),
            )
