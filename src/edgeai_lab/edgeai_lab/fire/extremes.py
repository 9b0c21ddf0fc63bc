"""The pictures of each folder that the model is surest and least sure about, to look at."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edgeai_core.contact_sheet import contact_sheet
from edgeai_lab.fire.evaluation import PictureResult
from edgeai_lab.pictures import read_picture, stretched, write_picture

_OF_EACH = 10
_TILE_PX = 200


def extremes(results: Sequence[PictureResult]) -> list[PictureResult]:
    """Return of each folder the ten highest hazard scores, then the ten lowest of the rest.

    Which of them are errors, the folder's name tells the reader; the model cannot know.
    """
    folders: dict[str, list[PictureResult]] = {}
    for result in results:
        folders.setdefault(result.folder, []).append(result)
    chosen = []
    for name in sorted(folders):
        ordered = sorted(folders[name], key=lambda result: -result.reading.scores.hazard)
        rest = ordered[_OF_EACH:]
        chosen += ordered[:_OF_EACH] + rest[::-1][:_OF_EACH]
    return chosen


def write_sheet(path: Path, results: Sequence[PictureResult]) -> None:
    """Draw the extremes, each with its folder, hazard score and file name.

    Raises:
        DataError: a picture cannot be read any more or the sheet cannot be written.
    """
    chosen = extremes(results)
    captions = [f"{r.reading.scores.hazard:.2f} {r.folder[:8]} {r.path.stem[:8]}" for r in chosen]
    tiles = [stretched(read_picture(r.path), _TILE_PX) for r in chosen]
    write_picture(path, contact_sheet(tiles, captions))
