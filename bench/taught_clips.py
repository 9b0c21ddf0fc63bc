"""Clips of things to teach and to measure on: rendered over real rooms, or real pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from edgeai_core.geometry import Box
from edgeai_lab.compose.composition import visible_box
from edgeai_lab.compose.cutouts import Cutout, lay, window
from edgeai_lab.compose.variation import Variation, blob, relit
from edgeai_lab.data.yolo import read_yolo
from edgeai_lab.pictures import read_picture
from rendered_things import Body, render, rotation

Image = npt.NDArray[np.uint8]

TEACHING_ROOM = "Subject4_ADL_19.mp4"
# Not those that the recipe was chosen on.
TESTING_ROOMS = ("Subject2_Fall_13.mp4", "Subject1_Fall_14.mp4", "Subject1_ADL_16.mp4")
# Frame numbers of the three parts of the session.
REAL = {"wallet": (0, 83), "airpods": (84, 148), "phone": (149, 206)}
_SIZE = (640, 480)
_TAUGHT_SHARE = 0.4
_TESTS = 150


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Labelled:
    """A picture (H, W, 3) uint8 BGR and the boxes of the thing in it, in pixels."""

    image: Image
    boxes: tuple[Box, ...] = ()


def room_pictures(data: Path, names: Sequence[str]) -> list[Image]:
    """Return every picture of the room clips, 640 x 480."""
    pictures = []
    for name in names:
        capture = cv2.VideoCapture(str(data / "fall" / "gmdcsa24" / name))
        while True:
            read, image = capture.read()
            if not read:
                break
            height, width = image.shape[:2]
            part = min(width, height * 4 // 3)
            middle = (width - part) // 2
            pictures.append(
                np.asarray(cv2.resize(image[:, middle : middle + part], _SIZE), np.uint8)
            )
        capture.release()
    return pictures


def teaching_clip(body: Body, rooms: Sequence[Image], seed: int) -> Iterator[Image]:
    """Yield half a minute at 4 pictures a second: first the empty room, then the thing turning.

    Nothing else moves, as the command asks for: the room is the median of its pictures.
    """
    rng = np.random.default_rng(seed)
    room = np.median(np.stack(rooms[::3]), axis=0)
    for number in range(120):
        canvas = room.astype(np.float32)
        if number >= 8:
            t = number / 120
            turn = rotation(9 * t * np.pi, 5 * t * np.pi, 2 * t * np.pi)
            size_px = 150 + 50 * np.sin(11 * t)
            lamp = np.array([0.4, -0.6, -1.0])
            thing = render(body, turn, size_px=size_px, light=lamp)
            x = 320 + 150 * np.sin(2 * np.pi * 3.1 * t)
            y = 240 + 90 * np.sin(2 * np.pi * 4.7 * t)
            _place(canvas, thing, x, y)
        noise = rng.normal(0, 2.5, canvas.shape)
        yield np.clip(canvas + noise, 0, 255).astype(np.uint8)


def testing_clip(body: Body, rooms: Sequence[Image], seed: int) -> list[Labelled]:
    """Return pictures of the thing elsewhere: other light and turn, half in motion, some covered.

    A fifth of them are without the thing.
    """
    rng = np.random.default_rng(seed)
    pictures = []
    for _ in range(_TESTS):
        room = rooms[int(rng.integers(len(rooms)))]
        canvas = room.astype(np.float32)
        if rng.random() < 0.2:
            pictures.append(_finished(canvas, (), rng))
            continue
        turn = rotation(*rng.uniform(-np.pi, np.pi, 3))
        size_px = 480 * np.exp(rng.uniform(np.log(0.12), np.log(0.45)))
        lamp = np.array([*rng.uniform(-1, 1, 2), -1.0])
        thing = render(body, turn, size_px=size_px, light=lamp, gloss=rng.uniform(0, 0.6))
        if rng.random() < 0.5:
            thing = _in_motion(thing, size_px * rng.uniform(0.03, 0.15), rng)
        height, width = thing.alpha.shape
        x = rng.uniform(width / 2, _SIZE[0] - width / 2)
        y = rng.uniform(height / 2, _SIZE[1] - height / 2)
        seen, where = _place(canvas, thing, x, y)
        if rng.random() < 0.2:
            cover = blob(room, size_px * 0.5, Variation(), rng)
            corner = (x + rng.choice([-1, 1]) * width * 0.4, y + rng.choice([-1, 1]) * height * 0.4)
            covered = np.zeros(canvas.shape[:2], np.float32)
            alpha, at = _place(canvas, cover, *corner)
            covered[at.picture] = alpha
            seen = seen * (1 - covered[where.picture])
        pictures.append(_finished(canvas, (visible_box(seen, where),), rng))
    return pictures


def real_pictures(data: Path, name: str, *, taught: bool) -> list[Labelled]:
    """Return the first 40 % of a thing's pictures in the order of the session, or the others."""
    first, last = REAL[name]
    limit = first + (last - first + 1) * _TAUGHT_SHARE
    root = data / "personal" / "wallet_phone_airpods"
    chosen = []
    for picture in read_yolo(root).pictures:
        number = int(picture.path.name.split("_")[2])
        if first <= number <= last and (number < limit) == taught:
            chosen.append((number, picture.path.name, picture))
    return [_labelled(picture.path, picture.boxes, name) for _, _, picture in sorted(chosen)]


def write_clip(path: Path, images: Iterator[Image]) -> None:
    """Write pictures of 640 x 480 as a clip of 4 pictures a second."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 4.0, _SIZE)
    try:
        for image in images:
            writer.write(image)
    finally:
        writer.release()


def _labelled(path: Path, boxes, name: str) -> Labelled:  # type: ignore[no-untyped-def]
    image = read_picture(path)
    height, width = image.shape[:2]
    return Labelled(
        image=image,
        boxes=tuple(
            Box(b.x_min * width, b.y_min * height, b.x_max * width, b.y_max * height)
            for b in boxes
            if b.label == name
        ),
    )


def _place(canvas, thing: Cutout, x: float, y: float):  # type: ignore[no-untyped-def]
    height, width = thing.alpha.shape
    where = window(
        canvas.shape, thing.alpha.shape, x_px=round(x - width / 2), y_px=round(y - height / 2)
    )
    lay(canvas, thing, where)
    return thing.alpha[where.patch].copy(), where


def _in_motion(thing: Cutout, length_px: float, rng: np.random.Generator) -> Cutout:
    room = int(length_px) + 2
    kernel = np.zeros((2 * room + 1, 2 * room + 1), np.float32)
    angle = rng.uniform(0, np.pi)
    reach = np.array([np.cos(angle), np.sin(angle)]) * length_px / 2
    start, end = (np.round(room + sign * reach).astype(int).tolist() for sign in (-1, 1))
    cv2.line(kernel, start, end, 1.0, 1)
    kernel /= kernel.sum()
    sides = (room, room, room, room)
    image = cv2.copyMakeBorder(thing.image, *sides, cv2.BORDER_REPLICATE)
    alpha = cv2.copyMakeBorder(thing.alpha, *sides, cv2.BORDER_CONSTANT, value=0)
    return Cutout(
        image=np.asarray(cv2.filter2D(image, -1, kernel), np.uint8),
        alpha=np.asarray(cv2.filter2D(alpha, -1, kernel), np.float32),
    )


def _finished(canvas, boxes: tuple[Box, ...], rng: np.random.Generator) -> Labelled:  # type: ignore[no-untyped-def]
    image = np.clip(canvas + rng.normal(0, 3, canvas.shape), 0, 255).astype(np.uint8)
    return Labelled(image=relit(image, Variation(light=0.25, tint=0.06), rng), boxes=boxes)
