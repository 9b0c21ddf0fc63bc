"""Things drawn in three dimensions: textured convex bodies with perspective and light."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from edgeai_lab.compose.cutouts import Cutout

Floats = npt.NDArray[np.floating]
Image = npt.NDArray[np.uint8]

_FOCAL = 4.0  # distance of the eye, in sizes of the thing
_FINE = 2  # drawn so many times larger, then averaged


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Face:
    """A flat side: (4, 3) corners of its texture, (N, 3) outline, texture (H, W, 3) uint8 BGR."""

    corners: Floats
    outline: Floats
    texture: Image


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Body:
    """A convex body of faces, about 1 long."""

    faces: Sequence[Face]


def render(
    body: Body, turn: Floats, *, size_px: float, light: Floats, gloss: float = 0.3
) -> Cutout:
    """Return the body as it is seen from the front.

    Args:
        turn: (3, 3) rotation. size_px: how long a unit appears. light: (3,) towards the lamp.
        gloss: strength of the highlight, 0..1.
    """
    side = int(np.ceil(size_px * 2.2)) * _FINE
    colour = np.zeros((side, side, 3), np.float32)
    cover = np.zeros((side, side), np.float32)
    lamp = light / np.linalg.norm(light)
    for face in body.faces:
        seen = _projected(face.corners @ turn.T, size_px * _FINE, side)
        outline = _projected(face.outline @ turn.T, size_px * _FINE, side)
        if cv2.contourArea(outline.astype(np.float32), oriented=True) <= 0:
            continue  # seen from behind: of a convex body such a face is hidden
        height, width = face.texture.shape[:2]
        flat = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
        matrix = cv2.getPerspectiveTransform(flat, seen.astype(np.float32))
        drawn = cv2.warpPerspective(
            face.texture,
            matrix,
            (side, side),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        mask = np.zeros((side, side), np.uint8)
        cv2.fillPoly(mask, [np.round(outline).astype(np.int32)], 1)
        normal = _normal(face.outline @ turn.T)
        shade = 0.45 + 0.65 * max(0.0, float(normal @ lamp))
        half = lamp + np.array([0.0, 0.0, -1.0])
        shine = 255 * gloss * max(0.0, float(normal @ half / np.linalg.norm(half))) ** 30
        where = mask > 0
        colour[where] = drawn[where] * shade + shine
        cover[where] = 1
    size = (side // _FINE, side // _FINE)
    alpha = cv2.resize(cover, size, interpolation=cv2.INTER_AREA)
    # Divided by the cover, so that the edge has the thing's colours and not the empty ground's.
    mixed = cv2.resize(colour, size, interpolation=cv2.INTER_AREA)
    image = np.clip(mixed / np.maximum(alpha, 1e-3)[..., None], 0, 255).astype(np.uint8)
    return Cutout(image=image, alpha=alpha.astype(np.float32)).trimmed()


def rotation(yaw: float, pitch: float, roll: float) -> Floats:
    """Return the (3, 3) rotation about y, then x, then z, in radians."""
    (a, b), (c, d), (e, f) = ((np.cos(x), np.sin(x)) for x in (yaw, pitch, roll))
    about_y = np.array([[a, 0, b], [0, 1, 0], [-b, 0, a]])
    about_x = np.array([[1, 0, 0], [0, c, -d], [0, d, c]])
    about_z = np.array([[e, -f, 0], [f, e, 0], [0, 0, 1]])
    return np.asarray(about_z @ about_x @ about_y)


def tea_tin() -> Body:
    """Return a round tin with a label all around and a metal lid."""
    label = np.full((180, 480, 3), (60, 120, 30), np.uint8)
    label[:30], label[-25:] = (40, 190, 230), (30, 40, 150)
    for x in (20, 260):
        cv2.ellipse(label, (x + 100, 95), (95, 48), 0, 0, 360, (215, 235, 240), -1)
        _write(label, "CEYLON", (x + 28, 92), 1.1, (20, 30, 120))
        _write(label, "black tea", (x + 45, 122), 0.7, (30, 90, 40))
        cv2.circle(label, (x + 225, 95), 22, (40, 140, 240), -1)
    lid = np.full((120, 120, 3), (150, 165, 170), np.uint8)
    for radius in (52, 40, 28):
        cv2.circle(lid, (60, 60), radius, (110, 125, 135), 2)
    return _cylinder(label, lid, radius=0.36, height=1.0)


def game_box() -> Body:
    """Return a flat box of cardboard with a picture on each side."""
    rng = np.random.default_rng(3)
    front = np.full((200, 280, 3), (140, 50, 40), np.uint8)
    for _ in range(30):
        at = tuple(int(v) for v in rng.integers(0, 280, 2))
        cv2.circle(front, at, int(rng.integers(5, 26)), rng.integers(60, 255, 3).tolist(), -1)
    cv2.rectangle(front, (20, 70), (260, 130), (20, 20, 20), -1)
    _write(front, "DRAGONS", (38, 115), 1.5, (60, 220, 255))
    back = np.full((200, 280, 3), (205, 225, 230), np.uint8)
    for y in range(20, 190, 16):
        cv2.line(back, (20, y), (int(rng.integers(120, 250)), y), (60, 60, 60), 3)
    cv2.rectangle(back, (180, 120), (265, 185), (30, 120, 200), -1)
    edge = np.full((60, 280, 3), (30, 160, 235), np.uint8)
    _write(edge, "DRAGONS", (60, 45), 1.3, (90, 30, 20))
    return _box((1.0, 0.72, 0.22), front=front, back=back, edge=edge)


def key_fob() -> Body:
    """Return the fob of a car's key: dark, three buttons, a badge on its back."""
    front = np.full((140, 260, 3), (45, 42, 40), np.uint8)
    for x, colour in ((60, (60, 180, 60)), (130, (200, 200, 205)), (200, (50, 50, 215))):
        cv2.circle(front, (x, 70), 27, colour, -1)
        cv2.circle(front, (x, 70), 27, (15, 15, 15), 3)
    back = np.full((140, 260, 3), (45, 42, 40), np.uint8)
    cv2.ellipse(back, (130, 70), (70, 40), 0, 0, 360, (190, 190, 195), -1)
    _write(back, "EV", (95, 88), 1.6, (160, 70, 20))
    edge = np.full((50, 260, 3), (120, 125, 130), np.uint8)
    return _box((1.0, 0.54, 0.2), front=front, back=back, edge=edge)


def sweets_box() -> Body:
    """Return a low box with six sides, checked in two colours, a flower on its lid."""
    sides = np.full((100, 480, 3), (190, 150, 240), np.uint8)
    for x in range(0, 480, 40):
        for y in range(0, 100, 25):
            if (x // 40 + y // 25) % 2:
                cv2.rectangle(sides, (x, y), (x + 39, y + 24), (120, 40, 130), -1)
    _write(sides, "PRALINES", (85, 62), 1.4, (235, 245, 250))
    _write(sides, "PRALINES", (325, 62), 1.4, (235, 245, 250))
    lid = np.full((200, 200, 3), (170, 120, 225), np.uint8)
    for angle in range(0, 360, 60):
        cv2.ellipse(lid, (100, 100), (80, 22), angle, 0, 360, (225, 240, 250), -1)
    cv2.circle(lid, (100, 100), 26, (40, 170, 235), -1)
    return _cylinder(sides, lid, radius=0.5, height=0.4, parts=6)


RENDERED: dict[str, Callable[[], Body]] = {
    "tea tin": tea_tin,
    "game box": game_box,
    "key fob": key_fob,
    # No figure of it had a say in how things are taught.
    "sweets box": sweets_box,
}


def _write(image: Image, text: str, at: tuple[int, int], scale: float, colour: object) -> None:
    cv2.putText(image, text, at, cv2.FONT_HERSHEY_DUPLEX, scale, colour, 3, cv2.LINE_AA)  # type: ignore[call-overload]


def _box(sides: tuple[float, float, float], *, front: Image, back: Image, edge: Image) -> Body:
    x, y, z = (side / 2 for side in sides)
    quads = [
        ([[-x, -y, -z], [x, -y, -z], [x, y, -z], [-x, y, -z]], front),
        ([[x, -y, z], [-x, -y, z], [-x, y, z], [x, y, z]], back),
        ([[-x, -y, z], [x, -y, z], [x, -y, -z], [-x, -y, -z]], edge),
        ([[-x, y, -z], [x, y, -z], [x, y, z], [-x, y, z]], edge),
        ([[-x, -y, z], [-x, -y, -z], [-x, y, -z], [-x, y, z]], edge),
        ([[x, -y, -z], [x, -y, z], [x, y, z], [x, y, -z]], edge),
    ]
    return Body(
        faces=[
            Face(corners=np.array(quad), outline=np.array(quad), texture=texture)
            for quad, texture in quads
        ]
    )


def _cylinder(label: Image, lid: Image, *, radius: float, height: float, parts: int = 24) -> Body:
    angles = np.linspace(0, 2 * np.pi, parts + 1)
    ring = np.stack([np.cos(angles), np.zeros(parts + 1), np.sin(angles)], axis=1) * radius
    half = np.array([0, height / 2, 0])
    up, down = ring - half, ring + half
    width = label.shape[1] // parts
    faces = []
    for part in range(parts):
        quad = np.array([up[part + 1], up[part], down[part], down[part + 1]])[[1, 0, 3, 2]]
        texture = np.ascontiguousarray(label[:, part * width : (part + 1) * width])
        faces.append(Face(corners=quad, outline=quad, texture=texture))
    square = np.array([[-1, 0, -1], [1, 0, -1], [1, 0, 1], [-1, 0, 1]]) * radius
    top, bottom = square - half, (square + half)[::-1]
    faces.append(Face(corners=top, outline=up[:-1][::-1], texture=lid))
    faces.append(Face(corners=bottom, outline=down[:-1], texture=lid))
    return Body(faces=faces)


def _projected(points: Floats, size_px: float, side: int) -> Floats:
    """Return (N, 2) pixels of (N, 3) points; z is away from the eye."""
    scale = _FOCAL / (_FOCAL + points[:, 2:])
    return np.asarray(points[:, :2] * scale * size_px + side / 2)


def _normal(outline: Floats) -> Floats:
    """Return (3,) the outward normal of a face whose outline runs clockwise to the eye."""
    normal = np.cross(outline[1] - outline[0], outline[2] - outline[1])
    return np.asarray(-normal / np.linalg.norm(normal))
