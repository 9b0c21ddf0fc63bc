"""How far things are from people, in heights of a body: a pixel is no length."""

from __future__ import annotations

import math

from edgeai_core.geometry import Box

PERSON = "person"
# A camera that looks down at an angle a shows depth shortened by sin(a): 1.5 is a = 42 degrees.
_DEPTH_STRETCH = 1.5
# A carried thing hangs within this share of the holder's width beside the holder's box, and its
# centre is no more than this share of the height above or below it.
_REACH_WIDTHS = 0.4
_REACH_HEIGHTS = 0.1
_STEP_WIDTHS = 0.5
_BORDER = 0.02


def feet(box: Box) -> tuple[float, float]:
    """Return where something stands, pixels: the middle of its lower edge."""
    return box.center_px[0], box.y_max_px


def scale_px(label: str, box: Box) -> float:
    """Return the length that distances are measured by: a body's height, else the longer side."""
    size = box.height_px if label == PERSON else max(box.width_px, box.height_px)
    return max(size, 1.0)


def heights_between(thing: Box, person: Box, *, height_px: float | None = None) -> float:
    """Return how far a thing on the ground is from a person, in heights of a body.

    Sideways the gap between the boxes counts, in depth the distance of their lower edges.

    Args:
        thing, person: boxes in pixels. height_px: height of a body there; the person's if None.
    """
    gap_px = max(thing.x_min_px - person.x_max_px, person.x_min_px - thing.x_max_px, 0.0)
    depth_px = _DEPTH_STRETCH * (thing.y_max_px - person.y_max_px)
    return math.hypot(gap_px, depth_px) / max(height_px or person.height_px, 1.0)


def is_within_reach(thing: Box, person: Box) -> bool:
    """Return whether a thing is where somebody would hold or wear it."""
    x, y = thing.center_px
    aside_px = _REACH_WIDTHS * person.width_px
    beyond_px = _REACH_HEIGHTS * person.height_px
    return (
        person.x_min_px - aside_px <= x <= person.x_max_px + aside_px
        and person.y_min_px - beyond_px <= y <= person.y_max_px + beyond_px
    )


def covered_share(thing: Box, cover: Box) -> float:
    """Return which share of a thing's box another box covers, 0..1."""
    width_px = min(thing.x_max_px, cover.x_max_px) - max(thing.x_min_px, cover.x_min_px)
    height_px = min(thing.y_max_px, cover.y_max_px) - max(thing.y_min_px, cover.y_min_px)
    if width_px <= 0 or height_px <= 0 or thing.area_px2 <= 0:
        return 0.0
    return min(1.0, width_px * height_px / thing.area_px2)


def overlap(a: Box, b: Box) -> float:
    """Return intersection over union, 0..1."""
    shared_px2 = covered_share(a, b) * a.area_px2
    union_px2 = a.area_px2 + b.area_px2 - shared_px2
    return shared_px2 / union_px2 if union_px2 > 0 else 0.0


def is_at_border(box: Box, *, width_px: int, height_px: int) -> bool:
    """Return whether something is so near the picture's border that it may leave with a step."""
    # A walker makes half a body's width in a fifth of a second.
    step_px = _STEP_WIDTHS * box.width_px
    x_px, y_px = max(step_px, _BORDER * width_px), max(step_px, _BORDER * height_px)
    return (
        box.x_min_px <= x_px
        or box.y_min_px <= y_px
        or box.x_max_px >= width_px - x_px
        or box.y_max_px >= height_px - y_px
    )
