"""From a scene and pictures to the frames that a camera delivers."""

from __future__ import annotations

from collections.abc import Generator, Sequence

import numpy as np
import numpy.typing as npt

from edgeai_lab.liveness.camera import photograph, to_light
from edgeai_lab.liveness.copies import (
    displayed,
    ink_on_paper,
    mirrored_room,
    print_view,
    screen_view,
)
from edgeai_lab.liveness.instruments import Framing, Presentation
from edgeai_lab.liveness.pose import hand_motion
from edgeai_lab.liveness.scene import Scene, fill_frame, paint_room
from edgeai_lab.pictures import Image


def render(
    scene: Scene,
    pictures: Sequence[Image],
    *,
    count: int,
    frame_rate_hz: float,
    room: Image | None = None,
) -> Generator[Image, None, None]:
    """Yield the camera's frames of a scene; the same arguments give the same frames.

    Args:
        scene: what was drawn. pictures: (H, W, 3) uint8 BGR. A print and a screen show the first
            one; a replay plays them forth and back; a living scene shows them one a frame.
        count: frames to render. frame_rate_hz: of the simulated camera.
        room: (H, W, 3) uint8 BGR behind the copy; None for a made-up one.

    Yields:
        (480, 640, 3) uint8 BGR.

    Raises:
        ValueError: no picture, or a count below 1.
    """
    if not pictures or count < 1:
        raise ValueError(f"render: got {len(pictures)} pictures and count {count}, need 1 or more")
    rng = np.random.default_rng((scene.seed, 1))
    if scene.presentation is Presentation.BONA_FIDE:
        for index in _forth_and_back(len(pictures), count, 1.0):
            living = to_light(fill_frame(pictures[index], zoom=scene.zoom))
            yield photograph(living, scene.camera, rng)
        return
    offsets = hand_motion(count, frame_rate_hz, rng)
    if scene.framing is Framing.FULL:
        offsets[:, :2] *= 0.5  # who fills the frame keeps the edge out of sight
    behind = paint_room(scene.seed) if room is None else fill_frame(room)
    if scene.paper is not None:
        yield from _print_frames(scene, pictures[0], behind, offsets, rng)
    else:
        played = 1 if scene.presentation is Presentation.SCREEN else len(pictures)
        yield from _screen_frames(scene, pictures[:played], behind, offsets, rng)


def _print_frames(
    scene: Scene,
    picture: Image,
    behind: Image,
    offsets: npt.NDArray[np.float64],
    rng: np.random.Generator,
) -> Generator[Image, None, None]:
    pose, paper = scene.pose, scene.paper
    if pose is None or paper is None:
        raise ValueError(f"render: a print needs a pose and a paper, got {scene}")
    ink = ink_on_paper(_stolen(picture, scene, rng), paper, rng)
    room = to_light(behind)
    for offset in offsets:
        view = print_view(ink, room, pose.moved(offset), paper, blur_px=scene.camera.blur_px)
        yield photograph(view.light, scene.camera, rng, grating=view.grating)


def _screen_frames(
    scene: Scene,
    pictures: Sequence[Image],
    behind: Image,
    offsets: npt.NDArray[np.float64],
    rng: np.random.Generator,
) -> Generator[Image, None, None]:
    pose, screen = scene.pose, scene.screen
    if pose is None or screen is None:
        raise ValueError(f"render: a display needs a pose and a screen, got {scene}")
    room = to_light(behind)
    glass = mirrored_room(room, screen, rng)
    last, shown = -1, room
    for number, index in enumerate(_forth_and_back(len(pictures), len(offsets), screen.cadence)):
        if index != last:
            last, shown = index, displayed(_stolen(pictures[index], scene, rng), screen)
        view = screen_view(
            shown,
            room,
            pose.moved(offsets[number]),
            screen,
            glass=glass,
            band_phase=number * screen.band_drift,
            blur_px=scene.camera.blur_px,
        )
        yield photograph(view.light, scene.camera, rng, grating=view.grating)


def _stolen(picture: Image, scene: Scene, rng: np.random.Generator) -> Image:
    """Return the picture as the thief's camera recorded it, if there was one."""
    if scene.thief is None:
        return picture
    return photograph(to_light(picture), scene.thief, rng)


def _forth_and_back(available: int, count: int, cadence: float) -> list[int]:
    cycle = [*range(available), *range(available - 2, 0, -1)]
    return [cycle[int(index * cadence) % len(cycle)] for index in range(count)]
