"""Pictures on disk, as the lab reads and writes them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from edgeai_core.errors import DataError
from edgeai_core.sources.base import natural_order
from edgeai_core.sources.image_folder import IMAGE_SUFFIXES

Image = npt.NDArray[np.uint8]


def read_picture(path: Path) -> Image:
    """Return (H, W, 3) uint8 BGR.

    Raises:
        DataError: there is no such file, or it is not a picture that can be decoded.
    """
    # Read by Python: OpenCV prints its own line about a missing file and has no reason to give.
    try:
        content = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as exc:
        raise DataError(f"picture {path} cannot be read: {exc.strerror}") from exc
    image = cv2.imdecode(content, cv2.IMREAD_COLOR) if content.size else None
    if image is None:
        raise DataError(
            f"picture {path} cannot be decoded ({content.size} bytes); copy it again or take it "
            "out of the data"
        )
    return np.asarray(image, np.uint8)


def load_square(path: Path, side_px: int) -> Image:
    """Return a picture stretched to (side, side, 3) uint8 RGB.

    Raises:
        DataError: it cannot be decoded.
    """
    return stretched(read_rgb(path), side_px)


def read_rgb(path: Path) -> Image:
    """Return (H, W, 3) uint8 RGB.

    Raises:
        DataError: it cannot be decoded.
    """
    return np.asarray(cv2.cvtColor(read_picture(path), cv2.COLOR_BGR2RGB), np.uint8)


def stretched(picture: Image, side_px: int) -> Image:
    """Return a (H, W, 3) uint8 picture as (side, side, 3), its proportions given up."""
    # Averaging where pixels become fewer: other methods skip some, and twins look different.
    smaller = min(picture.shape[:2]) >= side_px
    how = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, (side_px, side_px), interpolation=how), np.uint8)


def write_picture(path: Path, image: Image) -> None:
    """Write a (H, W, 3) uint8 BGR picture in the format of the name's ending; makes the folder.

    Raises:
        DataError: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        encoded, content = cv2.imencode(path.suffix, image)
        if not encoded:
            raise DataError(f"picture {path} cannot be encoded as {path.suffix}")
        path.write_bytes(content.tobytes())
    except OSError as exc:
        raise DataError(f"picture {path} cannot be written: {exc.strerror}") from exc


def pictures_by_person(root: Path) -> dict[str, tuple[Path, ...]]:
    """Return the pictures of a folder that holds a folder per person, both in natural order.

    Raises:
        DataError: there is no such folder, or no picture in any folder below it.
    """
    if not root.is_dir():
        raise DataError(f"people: {root} is not a folder; expected a folder with one per person")
    people = {
        folder.name: tuple(
            sorted(
                (path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES),
                key=natural_order,
            )
        )
        for folder in sorted((path for path in root.iterdir() if path.is_dir()), key=natural_order)
    }
    found = {name: pictures for name, pictures in people.items() if pictures}
    if not found:
        raise DataError(
            f"people: no picture in the folders of {root}; expected PERSON/picture.jpg "
            f"({', '.join(sorted(IMAGE_SUFFIXES))})"
        )
    return found


def pictures_below(path: Path) -> tuple[Path, ...]:
    """Return a picture itself, or all pictures in and below a folder, by name.

    Raises:
        DataError: there is none.
    """
    if path.is_file():
        return (path,)
    found = (file for file in path.rglob("*") if file.suffix.lower() in IMAGE_SUFFIXES)
    pictures = tuple(sorted(found, key=lambda file: (file.parent, natural_order(file))))
    if not pictures:
        raise DataError(f"{path}: no picture there; give a picture or a folder of pictures")
    return pictures
