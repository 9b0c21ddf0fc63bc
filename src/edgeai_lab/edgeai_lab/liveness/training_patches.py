"""Render patches of living faces and of copies from open pictures, to train on."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from edgeai_core.analyzers.faces.passive_liveness import context_patch
from edgeai_core.geometry import Box
from edgeai_lab.liveness.instruments import Framing, Presentation
from edgeai_lab.liveness.pose import HEIGHT_PX, WIDTH_PX
from edgeai_lab.liveness.rendering import render
from edgeai_lab.liveness.scene import TRAINED, Scene, draw_scene
from edgeai_lab.liveness.training_faces import OpenPictures
from edgeai_lab.pictures import Image, read_picture
from edgeai_lab.progress import Track, silent

# Half of what is rendered is living; a replay looks like a screen in a single picture.
_PLAN = (
    (Presentation.BONA_FIDE, Framing.FULL),
    (Presentation.PRINT, Framing.FULL),
    (Presentation.BONA_FIDE, Framing.FULL),
    (Presentation.SCREEN, Framing.FULL),
    (Presentation.BONA_FIDE, Framing.FULL),
    (Presentation.PRINT, Framing.BORDER),
    (Presentation.BONA_FIDE, Framing.FULL),
    (Presentation.SCREEN, Framing.BORDER),
)
# The published classes: 0 print, 1 living, 2 screen.
_CLASS_OF = {Presentation.PRINT: 0, Presentation.BONA_FIDE: 1, Presentation.SCREEN: 2}
_FACE_SHARE = 0.6
_SMALLEST_BOX_PX = 40.0
# Extra squares taken of a rendered texture: rendering costs a hundred times more than cutting.
_SQUARES = 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Patches:
    """Training data.

    Attributes:
        images: (N, 80, 80, 3) uint8 BGR. classes: (N,) int64, 0 print, 1 living, 2 screen.
    """

    images: npt.NDArray[np.uint8]
    classes: npt.NDArray[np.int64]


def render_patches(
    pictures: OpenPictures, *, scenes: int, seed: int, track: Track[int] = silent
) -> Patches:
    """Render scenes under the conditions of training; the same arguments give the same patches.

    Args:
        scenes: how many; of a texture several patches are taken.

    Raises:
        DataError: a picture cannot be read.
    """
    images: list[npt.NDArray[np.uint8]] = []
    classes: list[int] = []
    for number in track(range(scenes), "render"):
        rng = np.random.default_rng((seed, number))
        presentation, framing = _PLAN[number % len(_PLAN)]
        for patch in _patches(pictures, presentation, framing, rng):
            images.append(patch)
            classes.append(_CLASS_OF[presentation])
    return Patches(images=np.stack(images), classes=np.array(classes, np.int64))


def _patches(
    pictures: OpenPictures,
    presentation: Presentation,
    framing: Framing,
    rng: np.random.Generator,
) -> list[npt.NDArray[np.uint8]]:
    picture, boxes = _cutting(pictures, rng)
    scene = draw_scene(
        presentation,
        framing,
        aspect=picture.shape[1] / picture.shape[0],
        seed=int(rng.integers(2**31)),
        conditions=TRAINED,
    )
    room = read_picture(pictures.rooms[rng.integers(len(pictures.rooms))])
    frame = next(render(scene, [picture], count=1, frame_rate_hz=15.0, room=room))
    placed = [_jittered(_placed(box, picture, scene), rng) for box in boxes]
    return [
        context_patch(frame, box)
        for box in placed
        if min(box.width_px, box.height_px) >= _SMALLEST_BOX_PX
    ]


def _cutting(pictures: OpenPictures, rng: np.random.Generator) -> tuple[Image, list[Box]]:
    """Return a part of an open picture and the faces, or what stands in for them, in it.

    The part is resampled to a random height: how sharp a source is must not tell the class.
    """
    if rng.random() < _FACE_SHARE:
        face = pictures.faces[rng.integers(len(pictures.faces))]
        whole, box, spare = face.picture, face.box, 0
    else:
        whole = read_picture(pictures.textures[rng.integers(len(pictures.textures))])
        box, spare = _square(whole.shape[1], whole.shape[0], rng), _SQUARES - 1
    if rng.random() < 0.5:
        width = whole.shape[1]
        whole = np.ascontiguousarray(whole[:, ::-1])
        box = Box(width - box.x_max_px, box.y_min_px, width - box.x_min_px, box.y_max_px)
    height_px, width_px = whole.shape[:2]
    rows = min(box.height_px * rng.uniform(1.8, 3.4), height_px)
    columns = min(rows * rng.uniform(1.0, 1.34), width_px)
    x, y = box.center_px
    left = int(
        np.clip(x + rng.uniform(-0.2, 0.2) * box.width_px - columns / 2, 0, width_px - columns)
    )
    top = int(np.clip(y + rng.uniform(-0.1, 0.2) * box.height_px - rows / 2, 0, height_px - rows))
    part = whole[top : top + int(rows), left : left + int(columns)]
    height = int(rng.integers(150, HEIGHT_PX + 1))
    scale = height / part.shape[0]
    size = (max(8, round(part.shape[1] * scale)), height)
    picture = np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.uint8)
    edges = (box.x_min_px - left, box.y_min_px - top, box.x_max_px - left, box.y_max_px - top)
    first = Box(*(edge * scale for edge in edges))
    return picture, [first, *(_square(size[0], size[1], rng) for _ in range(spare))]


def _square(width_px: int, height_px: int, rng: np.random.Generator) -> Box:
    height = height_px * rng.uniform(0.25, 0.45)
    width = min(height * rng.uniform(0.7, 0.9), 0.9 * width_px)
    left, top = rng.uniform(0, width_px - width), rng.uniform(0, height_px - height)
    return Box(float(left), float(top), float(left + width), float(top + height))


def _placed(box: Box, picture: Image, scene: Scene) -> Box:
    """Return where a box of the picture comes to lie in the camera's frame, tilt left aside."""
    height, width = picture.shape[:2]
    if scene.pose is None:
        scale = scene.zoom * max(WIDTH_PX / width, HEIGHT_PX / height)
        x, y = WIDTH_PX / 2, HEIGHT_PX / 2
    else:
        scale = scene.pose.span * HEIGHT_PX / height
        x = WIDTH_PX / 2 + scene.pose.x * HEIGHT_PX
        y = HEIGHT_PX / 2 + scene.pose.y * HEIGHT_PX
    return Box(
        x + (box.x_min_px - width / 2) * scale,
        y + (box.y_min_px - height / 2) * scale,
        x + (box.x_max_px - width / 2) * scale,
        y + (box.y_max_px - height / 2) * scale,
    )


def _jittered(box: Box, rng: np.random.Generator) -> Box:
    """Return the box as a mesh would place it: a little off, and inside the frame."""
    x, y, wider, higher = rng.uniform(-0.07, 0.07, 4)
    left, top = box.x_min_px + x * box.width_px, box.y_min_px + y * box.height_px
    moved = Box(
        left,
        top,
        left + box.width_px * (1 + wider),
        top + box.height_px * (1 + higher),
    )
    return moved.clipped(width_px=WIDTH_PX, height_px=HEIGHT_PX)
