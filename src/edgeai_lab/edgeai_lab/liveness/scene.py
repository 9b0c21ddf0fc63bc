"""One simulated presentation: everything that is drawn before its frames are rendered."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import cv2
import numpy as np

from edgeai_lab.liveness.camera import Camera, CameraRanges, Range, draw_camera
from edgeai_lab.liveness.instruments import (
    Framing,
    Paper,
    PaperRanges,
    Presentation,
    Screen,
    ScreenRanges,
    draw_paper,
    draw_screen,
)
from edgeai_lab.liveness.pose import HEIGHT_PX, WIDTH_PX, Pose, draw_pose
from edgeai_lab.pictures import Image

# Who fills the frame keeps the sheet flatter: a bent edge would come into sight.
_FULL_FRAME_BEND = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """The ranges that scenes are drawn from.

    Attributes:
        zoom: how much closer than frame-filling the living scene is. stolen: chance that the
            copied picture went through a camera of its own, instead of being the picture itself.
    """

    camera: CameraRanges = field(default_factory=CameraRanges)
    paper: PaperRanges = field(default_factory=PaperRanges)
    screen: ScreenRanges = field(default_factory=ScreenRanges)
    zoom: Range = (1.0, 1.3)
    stolen: float = 0.5


#: What figures are measured under.
MEASURED = Conditions()

#: What networks are trained under. Other ranges than those of the measurement, so that a figure
#: tells how a network takes to instruments it was not trained on: cameras vary more, while dots,
#: grids, inks and lamps come from a part of the ranges or from beyond them.
TRAINED = Conditions(
    camera=CameraRanges(
        blur_px=(0.2, 1.3),
        exposure=(0.06, 0.36),
        balance=(0.85, 1.15),
        mosaic=0.5,
        shot=(1e-4, 4e-3),
        read=(0.0005, 0.01),
        sharpening=(0.0, 1.2),
        jpeg_quality=(50, 98),
        flare=(0.0, 0.1),
        tone=(0.7, 1.4),
    ),
    paper=PaperRanges(
        contone=0.4,
        flat=0.5,
        glossy=0.3,
        screen_period_px=(0.6, 3.0),
        dot_gain=(0.0, 0.18),
        white=(0.65, 0.95),
        tint=(-0.06, 0.02),
        black=(0.005, 0.05),
        saturation=(0.8, 1.1),
        fibre=(0.002, 0.018),
        sheen=(0.02, 0.25),
        bend_rad=(-0.4, 0.8),
        light_slope=(-0.35, 0.15),
        margin=(0.0, 0.2),
    ),
    screen=ScreenRanges(
        pentile=0.5,
        lamps=0.45,
        flickering=0.4,
        white_bezel=0.3,
        pitch_px=(0.5, 2.0),
        grid_contrast=(0.2, 0.8),
        gamma=(0.8, 1.15),
        blue=(0.95, 1.2),
        red=(0.85, 1.1),
        leak=(0.001, 0.02),
        luminance=(0.5, 2.0),
        ambient=(0.0, 0.09),
        glare=(0.05, 0.7),
        banding=(0.02, 0.2),
        bands=(0.5, 3.0),
        band_drift=(-0.3, 0.5),
        focus_px=(0.0, 1.0),
        bezel=(0.01, 0.16),
        first_quality=(50, 95),
        cadence=(0.7, 1.0),
    ),
    zoom=(1.0, 1.4),
    stolen=0.7,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What is drawn for one presentation; the rest is decided by the pictures and the room.

    Attributes:
        presentation: what is before the camera. framing: FULL for bona fide.
        seed: of the draws and the noise. camera: the one that is attacked.
        thief: camera through which the copied picture went before; None where it did not.
        pose, paper, screen: of the copy; None where there is none. zoom: of a living scene, else 1.
    """

    presentation: Presentation
    framing: Framing
    seed: int
    camera: Camera
    thief: Camera | None = None
    pose: Pose | None = None
    paper: Paper | None = None
    screen: Screen | None = None
    zoom: float = 1.0


def draw_scene(
    presentation: Presentation,
    framing: Framing,
    *,
    aspect: float,
    seed: int,
    conditions: Conditions = MEASURED,
) -> Scene:
    """Draw a scene; the same arguments give the same one.

    Args:
        aspect: width over height of the pictures that are shown.

    Raises:
        ValueError: a living scene with a border: a room has no edge.
    """
    bona_fide = presentation is Presentation.BONA_FIDE
    if bona_fide and framing is Framing.BORDER:
        raise ValueError("a bona fide scene has no border; use framing full")
    rng = np.random.default_rng(seed)
    camera = draw_camera(rng, conditions.camera)
    if bona_fide:
        zoom = float(rng.uniform(*conditions.zoom))
        return Scene(
            presentation=presentation, framing=framing, seed=seed, camera=camera, zoom=zoom
        )
    pose = draw_pose(framing, aspect, rng)
    thief = draw_camera(rng, conditions.camera) if rng.random() < conditions.stolen else None
    paper, screen = None, None
    if presentation is Presentation.PRINT:
        paper = draw_paper(rng, conditions.paper)
        if framing is Framing.FULL:
            paper = replace(paper, bend_rad=paper.bend_rad * _FULL_FRAME_BEND)
    else:
        screen = draw_screen(rng, conditions.screen)
    return Scene(
        presentation=presentation,
        framing=framing,
        seed=seed,
        camera=camera,
        thief=thief,
        pose=pose,
        paper=paper,
        screen=screen,
    )


def fill_frame(picture: Image, *, zoom: float = 1.0) -> Image:
    """Return `picture` scaled and centre-cropped to 640x480; `zoom` above 1 crops tighter."""
    height, width = picture.shape[:2]
    scale = zoom * max(WIDTH_PX / width, HEIGHT_PX / height)
    shift = np.array(
        [
            [scale, 0.0, (WIDTH_PX - scale * width) / 2 + (scale - 1) / 2],
            [0.0, scale, (HEIGHT_PX - scale * height) / 2 + (scale - 1) / 2],
        ]
    )
    shrunk = picture if scale >= 1 else cv2.GaussianBlur(picture, (0, 0), 0.45 / scale)
    kernel = cv2.INTER_CUBIC if scale >= 1 else cv2.INTER_LINEAR
    size = (WIDTH_PX, HEIGHT_PX)
    return np.asarray(
        cv2.warpAffine(shrunk, shift, size, flags=kernel, borderMode=cv2.BORDER_REFLECT_101),
        dtype=np.uint8,
    )


def paint_room(seed: int) -> Image:
    """Return a made-up room, (480, 640, 3) uint8 BGR: uneven walls, furniture, a little texture.

    For when there is no picture of a room: only what lies beside a copy shows it.
    """
    rng = np.random.default_rng(seed)
    wall = rng.uniform(60, 210) + rng.normal(0, 15, 3)
    coarse = wall + rng.normal(0, 18, (6, 8, 3))
    room = cv2.resize(coarse, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_CUBIC)
    for _ in range(int(rng.integers(4, 12))):
        centre = (float(rng.uniform(0, WIDTH_PX)), float(rng.uniform(0, HEIGHT_PX)))
        size = (float(rng.uniform(20, 260)), float(rng.uniform(20, 260)))
        corners = cv2.boxPoints((centre, size, float(rng.normal(0, 6))))
        colour = [float(value) for value in rng.uniform(10, 245) + rng.normal(0, 25, 3)]
        cv2.fillConvexPoly(room, corners.astype(np.int32), colour)
    noise = rng.standard_normal((HEIGHT_PX, WIDTH_PX, 3), dtype=np.float32)
    grain = np.float32(40) * cv2.GaussianBlur(noise, (0, 0), float(rng.uniform(0.8, 3.0)))
    soft = cv2.GaussianBlur(
        np.asarray(room + grain, np.float32), (0, 0), float(rng.uniform(0.8, 2.5))
    )
    return np.asarray(np.clip(soft, 0, 255), dtype=np.uint8)


def shrunk(picture: Image) -> Image:
    """Return the picture with at most 480 rows: the camera that is simulated sees no more."""
    height, width = picture.shape[:2]
    if height <= HEIGHT_PX:
        return picture
    size = (max(1, round(width * HEIGHT_PX / height)), HEIGHT_PX)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
