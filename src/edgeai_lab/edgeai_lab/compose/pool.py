"""Background pictures, read when they are wanted, the last ones kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator

from edgeai_core.errors import DataError
from edgeai_lab.pictures import Image, pictures_below, read_picture

# Of about 3 MB each.
_KEPT = 96
_MOST_SIDE_PX = 1280


class BackgroundPool:
    """Gives random pictures of a list; one that cannot be decoded is left out and counted.

    Args:
        paths: picture files, at least one. rng: chooses.

    Raises:
        DataError: none of the pictures can be decoded (at :meth:`draw`).
    """

    def __init__(self, paths: Sequence[Path], rng: Generator) -> None:
        self._paths = list(paths)
        self._rng = rng
        self._kept: OrderedDict[Path, Image] = OrderedDict()
        self.unreadable: list[Path] = []

    @classmethod
    def of_folder(cls, folder: Path, rng: Generator) -> BackgroundPool:
        """Return a pool of all pictures in and below a folder.

        Raises:
            DataError: there is no such folder, or no picture.
        """
        if not folder.is_dir():
            raise DataError(f"backgrounds: {folder} is not a folder; expected one with pictures")
        return cls(pictures_below(folder), rng)

    def draw(self) -> Image:
        """Return a random picture, (H, W, 3) uint8 BGR, at most 1280 px on its longer side."""
        while self._paths:
            path = self._paths[int(self._rng.integers(len(self._paths)))]
            if path in self._kept:
                self._kept.move_to_end(path)
                return self._kept[path]
            try:
                image = _limited(read_picture(path))
            except DataError:
                self._paths.remove(path)
                self.unreadable.append(path)
                continue
            self._kept[path] = image
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
            return image
        raise DataError("backgrounds: none of the pictures can be decoded")


def _limited(image: Image) -> Image:
    scale = _MOST_SIDE_PX / max(image.shape[:2])
    if scale >= 1:
        return image
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
