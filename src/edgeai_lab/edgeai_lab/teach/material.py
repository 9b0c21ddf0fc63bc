"""What a thing is learned from: cut-outs, the pictures they are of, pictures without the thing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np

from edgeai_core.contact_sheet import contact_sheet
from edgeai_core.errors import TeachingError
from edgeai_core.geometry import Box
from edgeai_core.sources.reading import images_of
from edgeai_lab.compose.cutouts import Cutout, cutout_files, lay, read_cutout, window
from edgeai_lab.pictures import Image
from edgeai_lab.progress import Track, silent
from edgeai_lab.teach.segmentation import Refusal, Refused, Segmented, limited, segment

ItemT = TypeVar("ItemT")
MOST_PICTURES = 120
_LEAST_OF_CLIP, _LEAST_OF_FOLDER = 12, 5
_CLIP_FPS = 4.0
_SHEET_SIDE_PX, _SHEET_PICTURES = 120, 60
_SHEET_GREY = 128
# A body fills about half of its box; what is held up before it covers much less.
_MOST_OF_PERSON = 0.35
# Of the cut-outs; where more of them are persons, the others show parts of one.
_MOST_PERSONS = 0.2

# From a picture (H, W, 3) uint8 BGR to the boxes of the people in it, in its pixels.
FindPeople = Callable[[Image], Sequence[Box]]


def nobody(image: Image) -> Sequence[Box]:
    """Find no people: where nothing can look for them."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Material:
    """What teaching works with.

    Attributes:
        cutouts: of the thing, in the order of time. shown: pictures with the thing in them and
            where it is, one for each cut-out of a clip; empty for a folder of cut-outs.
        scene: pictures of the clip's own place without the thing. refused: pictures without a
            cut-out. source: kind of the material.
    """

    cutouts: tuple[Cutout, ...]
    shown: tuple[Segmented, ...] = ()
    scene: tuple[Image, ...] = ()
    refused: tuple[Refused, ...] = ()
    source: str = "cut-outs"


def gather(
    source: str,
    *,
    empty: Sequence[Image] = (),
    live_pictures: int = 0,
    people: FindPeople = nobody,
    track: Track[int] = silent,
) -> Material:
    """Return the material of a clip, a camera, a folder of pictures or one of cut-outs.

    Args:
        source: as for :func:`edgeai_core.sources.reading.images_of`, or a folder of PNG files
            with transparency. empty: pictures without the thing, (H, W, 3) uint8 BGR.
        live_pictures: how many are taken of a camera. people: finds those in a picture; a cut-out
            of one is refused.

    Raises:
        SourceError: it cannot be read. DataError: a cut-out cannot be used.
        TeachingError: there are too few good cut-outs, or many show a person; says what was wrong
            with the pictures.
    """
    folder = Path(source)
    if is_cutout_folder(folder):
        cutouts = tuple(limited(read_cutout(path)) for path in cutout_files(folder))
        if len(cutouts) < _LEAST_OF_FOLDER:
            raise TeachingError(
                f"{source}: {len(cutouts)} cut-outs, expected {_LEAST_OF_FOLDER} or more, from "
                "different sides"
            )
        return Material(cutouts=cutouts)
    images = without_bars(
        evenly(list(images_of(source, fps=_CLIP_FPS, live_pictures=live_pictures)))
    )
    return from_pictures(images, empty=empty, people=people, track=track)


def from_pictures(
    images: Sequence[Image],
    *,
    empty: Sequence[Image] = (),
    people: FindPeople = nobody,
    track: Track[int] = silent,
) -> Material:
    """Return the material of pictures of one size, in the order of time; see :func:`gather`.

    Raises:
        TeachingError: there are too few good cut-outs, or many show a person; says what was wrong
            with the pictures.
    """
    if not images:
        raise TeachingError("no picture could be read; expected half a minute of the thing")
    found = segment(images, empty=empty, track=track)
    persons = {shown.index for shown in found.kept if is_person(shown, people(shown.image))}
    if len(persons) > _MOST_PERSONS * len(found.kept):
        raise TeachingError(
            f"a person was cut out in {len(persons)} of {len(found.kept)} pictures, not the thing: "
            "hold it away from the body and let nobody walk through the clip"
        )
    kept = tuple(shown for shown in found.kept if shown.index not in persons)
    refused = (*found.refused, *(Refused(index=i, refusal=Refusal.PERSON) for i in persons))
    if len(kept) < _LEAST_OF_CLIP:
        reasons = "; ".join(refused_lines(refused)) or "nothing was refused"
        raise TeachingError(
            f"{len(kept)} good cut-outs of {len(images)} pictures, expected "
            f"{_LEAST_OF_CLIP} or more: {reasons}. Show the place without the thing for two "
            "seconds, then move and turn the thing slowly before the still camera, or lay it in "
            "the middle on a surface of another colour; or cut it out yourself: --from FOLDER of "
            "PNG files with transparency"
        )
    return Material(
        cutouts=tuple(shown.cutout for shown in kept),
        shown=kept,
        scene=(found.scene.background,),
        refused=tuple(sorted(refused, key=lambda r: r.index)),
        source=found.scene.setting.name.lower().replace("_", " "),
    )


def is_person(shown: Segmented, people: Sequence[Box]) -> bool:
    """Return whether a cut-out covers so much of somebody's box that it is the person."""
    height, width = shown.mask.shape
    for box in people:
        inner = box.clipped(width_px=width, height_px=height)
        x_min, y_min, x_max, y_max = (round(edge) for edge in inner.as_xyxy())
        body = shown.mask[y_min:y_max, x_min:x_max]
        if body.size and float(body.mean()) > _MOST_OF_PERSON:
            return True
    return False


def is_cutout_folder(folder: Path) -> bool:
    """Return whether a folder holds pictures with transparency."""
    if not folder.is_dir():
        return False
    files = cutout_files(folder)
    first = cv2.imread(str(files[0]), cv2.IMREAD_UNCHANGED) if files else None
    return first is not None and first.ndim == 3 and first.shape[2] == 4


def evenly(items: Sequence[ItemT], most: int = MOST_PICTURES) -> list[ItemT]:
    """Return at most so many items, evenly spread."""
    if len(items) <= most:
        return list(items)
    return [items[int(i)] for i in np.linspace(0, len(items) - 1, most)]


def without_bars(images: Sequence[Image]) -> list[Image]:
    """Return the pictures without the black bars that all of them have."""
    if not images:
        return []
    brightest = np.max(np.stack(images[:: max(1, len(images) // 10)]), axis=(0, 3))
    rows = np.flatnonzero(brightest.max(axis=1) > 8)
    columns = np.flatnonzero(brightest.max(axis=0) > 8)
    if not (len(rows) and len(columns)):
        return list(images)
    part = (slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1))
    return [np.ascontiguousarray(image[part]) for image in images]


def refused_lines(refused: Iterable[Refused]) -> list[str]:
    """Return one phrase for each reason: how many pictures, and the first figure."""
    entries = list(refused)
    lines = []
    for reason, count in Counter(entry.refusal for entry in entries).most_common():
        first = next((e.detail for e in entries if e.refusal is reason and e.detail), "")
        lines.append(f"{count} {reason.value}" + (f" (first: {first})" if first else ""))
    return lines


def sheet_of(material: Material) -> Image:
    """Return the cut-outs side by side on grey, numbered by picture, for the person to look at."""
    chosen = evenly(range(len(material.cutouts)), _SHEET_PICTURES)
    tiles, captions = [], []
    for number in chosen:
        cutout = material.cutouts[number]
        tiles.append(_tile(cutout))
        shown = material.shown
        captions.append(str(shown[number].index if shown else number))
    return np.asarray(contact_sheet(tiles, captions), np.uint8)


def _tile(cutout: Cutout) -> Image:
    scale = _SHEET_SIDE_PX / max(cutout.alpha.shape)
    height, width = (max(1, round(side * scale)) for side in cutout.alpha.shape)
    small = cutout.resized(width, height)
    tile = np.full((_SHEET_SIDE_PX, _SHEET_SIDE_PX, 3), _SHEET_GREY, np.float32)
    y, x = (_SHEET_SIDE_PX - height) // 2, (_SHEET_SIDE_PX - width) // 2
    lay(tile, small, window(tile.shape, small.alpha.shape, x_px=x, y_px=y))
    return np.asarray(np.round(tile), np.uint8)
