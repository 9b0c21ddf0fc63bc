"""Things without their surroundings, and how they are laid into a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from edgeai_core.errors import DataError
from edgeai_core.sources.base import natural_order
from edgeai_lab.pictures import Image

Floats = npt.NDArray[np.float32]
# From this opacity on a pixel counts as the thing's.
VISIBLE = 0.5
_LEAST_SIDE_PX = 8


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cutout:
    """A thing: (H, W, 3) uint8 BGR with (H, W) float32 opacity 0..1."""

    image: Image
    alpha: Floats

    def resized(self, width_px: int, height_px: int) -> Cutout:
        """Return it in another size."""
        size, how = (width_px, height_px), cv2.INTER_AREA
        return Cutout(
            image=np.asarray(cv2.resize(self.image, size, interpolation=how), np.uint8),
            alpha=np.asarray(cv2.resize(self.alpha, size, interpolation=how), np.float32),
        )

    def mirrored(self) -> Cutout:
        """Return it with left and right exchanged."""
        return Cutout(image=self.image[:, ::-1], alpha=self.alpha[:, ::-1])

    def trimmed(self) -> Cutout:
        """Return the smallest part that holds every visible pixel, with 2 px around it.

        Raises:
            DataError: no pixel is visible.
        """
        rows, columns = np.nonzero(self.alpha >= VISIBLE)
        if not len(rows):
            raise DataError("cut-out: no pixel is opaque; expected a picture with the thing in it")
        kept = (
            slice(max(0, int(rows.min()) - 2), int(rows.max()) + 3),
            slice(max(0, int(columns.min()) - 2), int(columns.max()) + 3),
        )
        return Cutout(image=self.image[kept], alpha=self.alpha[kept])


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Where a patch and a picture overlap: rows and columns of each."""

    picture: tuple[slice, slice]
    patch: tuple[slice, slice]


def window(
    picture_shape: Sequence[int], patch_shape: Sequence[int], *, x_px: int, y_px: int
) -> Window:
    """Return the overlap of a picture and a patch whose top left corner lies at (x, y)."""
    spans = []
    for offset, whole, part in zip((y_px, x_px), picture_shape, patch_shape, strict=False):
        low, high = max(0, offset), max(0, offset, min(whole, offset + part))
        spans.append((slice(low, high), slice(low - offset, high - offset)))
    (rows, patch_rows), (columns, patch_columns) = spans
    return Window(picture=(rows, columns), patch=(patch_rows, patch_columns))


def lay(picture: Floats, cutout: Cutout, where: Window) -> None:
    """Draw a cut-out into a (H, W, 3) float32 picture, in place."""
    part = picture[where.picture]
    alpha = cutout.alpha[where.patch][..., None]
    part[:] = part * (1 - alpha) + cutout.image[where.patch] * alpha


def read_cutout(path: Path) -> Cutout:
    """Return the trimmed cut-out of a PNG or WebP file with an alpha channel.

    Raises:
        DataError: it cannot be decoded, has no alpha channel, or shows nothing.
    """
    try:
        content = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as exc:
        raise DataError(f"cut-out {path} cannot be read: {exc.strerror}") from exc
    image = cv2.imdecode(content, cv2.IMREAD_UNCHANGED) if content.size else None
    if image is None:
        raise DataError(f"cut-out {path} cannot be decoded ({content.size} bytes)")
    if image.ndim != 3 or image.shape[2] != 4 or image.dtype != np.uint8:
        raise DataError(
            f"cut-out {path}: got {image.shape} {image.dtype}, expected 8-bit colour with an alpha "
            "channel; save it as a PNG whose surroundings are transparent"
        )
    alpha = np.asarray(image[..., 3] / np.float32(255), np.float32)
    try:
        cutout = Cutout(image=np.ascontiguousarray(image[..., :3]), alpha=alpha).trimmed()
    except DataError as exc:
        raise DataError(f"{path}: {exc}") from exc
    if min(cutout.alpha.shape) < _LEAST_SIDE_PX:
        raise DataError(
            f"cut-out {path}: the thing is {cutout.alpha.shape[1]} x {cutout.alpha.shape[0]} px, "
            f"expected {_LEAST_SIDE_PX} px or more on both sides"
        )
    return cutout


def encoded_cutout(cutout: Cutout) -> bytes:
    """Return a cut-out as the bytes of a PNG file with an alpha channel."""
    alpha = np.round(cutout.alpha * 255).astype(np.uint8)
    return cv2.imencode(".png", np.dstack([cutout.image, alpha]))[1].tobytes()


def decoded_cutout(content: npt.NDArray[np.uint8]) -> Cutout:
    """Return the cut-out of the bytes that :func:`encoded_cutout` gave."""
    image = np.asarray(cv2.imdecode(content, cv2.IMREAD_UNCHANGED), np.uint8)
    alpha = np.asarray(image[..., 3] / np.float32(255), np.float32)
    return Cutout(image=np.ascontiguousarray(image[..., :3]), alpha=alpha)


def cutout_files(folder: Path) -> list[Path]:
    """Return the PNG and WebP files of a folder, in natural order."""
    found = (path for path in folder.iterdir() if path.suffix.lower() in (".png", ".webp"))
    return sorted(found, key=natural_order)


def read_classes(root: Path) -> Mapping[str, tuple[Cutout, ...]]:
    """Return the cut-outs of a folder that holds a folder per class, classes by name.

    Raises:
        DataError: there is no cut-out in any folder below it, or one cannot be used.
    """
    if not root.is_dir():
        raise DataError(f"cut-outs: {root} is not a folder; expected CLASS/cutout.png in it")
    folders = sorted((path for path in root.iterdir() if path.is_dir()), key=natural_order)
    classes = {
        folder.name: tuple(read_cutout(path) for path in cutout_files(folder)) for folder in folders
    }
    classes = {name: cutouts for name, cutouts in classes.items() if cutouts}
    if not classes:
        raise DataError(f"cut-outs: none in {root}; expected CLASS/cutout.png with transparency")
    return classes
