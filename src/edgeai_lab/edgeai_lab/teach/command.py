"""`edgeai objects teach`."""

from __future__ import annotations

import argparse
import ctypes
import os
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from edgeai_core import catalog
from edgeai_core.access.locations import things_directory
from edgeai_core.analyzers.objects.taught_file import read_cutout_files
from edgeai_core.analyzers.objects.taught_store import ThingStore, checked_name
from edgeai_core.errors import DataError, ModelError, SourceError, TeachingError
from edgeai_core.model_card import Task
from edgeai_core.sources.usb import first_camera
from edgeai_lab.compose.cutouts import Cutout, decoded_cutout, encoded_cutout
from edgeai_lab.pictures import Image, pictures_below, read_picture
from edgeai_lab.progress import bar
from edgeai_lab.teach.examples import common_backdrops
from edgeai_lab.teach.material import (
    FindPeople,
    Material,
    evenly,
    gather,
    refused_lines,
    sheet_of,
)
from edgeai_lab.teach.teaching import require_good, teach
from edgeai_lab.teach.trunk import shipped_trunk, yolox_trunk

# Half a minute at 10 pictures per second.
_CAMERA_PICTURES = 300
_MOST_BACKGROUNDS = 400
_MMAP_THRESHOLD = -3  # M_MMAP_THRESHOLD of malloc.h


def run_teach(arguments: argparse.Namespace) -> int:
    """Teach a thing; return the exit code.

    Raises:
        ConfigError: the name cannot be one. TeachingError: the name is taken, or the material is
            not good enough. SourceError, DataError: it cannot be read.
    """
    _give_memory_back()
    started_s = time.perf_counter()
    store = ThingStore(arguments.things or things_directory())
    name = checked_name(arguments.name)
    refuse_taken(name, store, replace=arguments.replace or arguments.again)
    backgrounds = read_backgrounds(arguments.backgrounds)
    # Opened first: what is wrong with it is told before anybody has waited.
    with yolox_trunk(arguments.trunk) if arguments.trunk else shipped_trunk() as trunk:
        material = _material(name, store, arguments, backgrounds, trunk.people)
        _tell(material, name, arguments.sheet)
        thing = teach(
            name,
            material,
            trunk,
            common=common_backdrops(np.random.default_rng(0)),
            own_backgrounds=backgrounds,
            rivals=rivals_of(name, store),
            track=bar,
        )
    figures = thing.card.figures
    print(
        f"on composed pictures: AP50 {figures['validation_ap50']:.2f}, finds "
        f"{100 * figures['validation_recall']:.0f} %, sees it in "
        f"{100 * figures['validation_false_share']:.0f} % of pictures without it"
    )
    if not arguments.force:
        require_good(thing.card)
    path = store.save(thing, [encoded_cutout(cutout) for cutout in material.cutouts])
    took_s = time.perf_counter() - started_s
    print(f"{name} is taught ({took_s:.0f} s): {path}; a running graph finds it at once")
    return 0


def _give_memory_back() -> None:
    """Let glibc return large blocks at once: kept for later use, they grew to several GB."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, 65536)


def _tell(material: Material, name: str, sheet: Path | None) -> None:
    """Say what was cut out and what was refused, and show it."""
    kept = len(material.cutouts)
    print(f"{kept} cut-outs ({material.source}), {len(material.refused)} pictures refused")
    for line in refused_lines(material.refused):
        print(f"  {line}")
    if sheet is not None:
        write_private(sheet, sheet_of(material))
        print(f"the cut-outs are in {sheet}: look whether they are {name}, then delete the file")


def refuse_taken(name: str, store: ThingStore, *, replace: bool) -> None:
    """Refuse a name that means something already.

    Raises:
        TeachingError: it is a base class, or a taught thing that is not to be replaced.
    """
    card = catalog.card_for(catalog.DEFAULT_OBJECT_DETECTOR, Task.OBJECT_DETECTION)
    if name.casefold() in {label.casefold() for label in card.labels}:
        raise TeachingError(
            f"{name!r} is a class that the detector knows of itself; give the thing a name of its "
            f'own, for instance "my {name}"'
        )
    if store.path_of(name).exists() and not replace:
        raise TeachingError(
            f"{name!r} is taught already; add --replace to teach it anew, or take another name"
        )


def read_backgrounds(folder: Path | None) -> list[Image]:
    """Return the pictures of a folder; of many an even choice.

    Raises:
        DataError: there is no such folder, or no picture that can be decoded.
    """
    if folder is None:
        return []
    if not folder.is_dir():
        raise DataError(f"backgrounds: {folder} is not a folder; expected pictures without it")
    images = []
    for path in evenly(pictures_below(folder), _MOST_BACKGROUNDS):
        try:
            images.append(_limited(read_picture(path)))
        except DataError:
            continue
    if not images:
        raise DataError(f"backgrounds: no picture of {folder} can be decoded")
    return images


def rivals_of(name: str, store: ThingStore) -> list[Cutout]:
    """Return cut-outs of the other taught things; those of a damaged file are left out."""
    rivals: list[Cutout] = []
    for stored in store.things():
        if stored.card is None or stored.path == store.path_of(name):
            continue
        try:
            rivals += [decoded_cutout(content) for content in read_cutout_files(stored.path)]
        except ModelError:
            continue
    return evenly(rivals, 200)


def write_private(path: Path, sheet: Image) -> None:
    """Write a picture that only its owner can read, in the place of an older one.

    Raises:
        DataError: it cannot be written.
    """
    encoded, content = cv2.imencode(path.suffix or ".png", sheet)
    if not encoded:
        raise DataError(f"sheet {path}: expected a name that ends in .png or .jpg")
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
            file.write(content.tobytes())
    except OSError as exc:
        raise DataError(f"sheet {path} cannot be written: {exc.strerror}") from exc


def _material(
    name: str,
    store: ThingStore,
    arguments: argparse.Namespace,
    backgrounds: Sequence[Image],
    people: FindPeople,
) -> Material:
    if arguments.again:
        return _kept_material(name, store)
    if arguments.source is None:
        raise SourceError("nothing to learn from; add --from CLIP, FOLDER or camera")
    source = str(arguments.source)
    if source.strip().casefold() == "camera":
        found = first_camera()
        if found is None:
            raise SourceError("source camera: no USB camera was found; plug one in or name a clip")
        source = found
        print(
            "keep the camera still: two seconds of the place without the thing, then hold it up, "
            "move it about and turn it slowly for half a minute"
        )
    return gather(
        source, empty=backgrounds, live_pictures=_CAMERA_PICTURES, people=people, track=bar
    )


def _kept_material(name: str, store: ThingStore) -> Material:
    path = store.path_of(name)
    if not path.is_file():
        raise TeachingError(f"{name!r} was never taught; add --from CLIP instead of --again")
    cutouts = tuple(decoded_cutout(content) for content in read_cutout_files(path))
    if not cutouts:
        raise TeachingError(f"{path} holds no cut-outs; teach {name} anew with --from CLIP")
    return Material(cutouts=cutouts, source="kept cut-outs")


def _limited(image: Image, side_px: int = 640) -> Image:
    scale = side_px / max(image.shape[:2])
    if scale >= 1:
        return image
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
