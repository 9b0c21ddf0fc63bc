"""What the graph knows about a picture as lines and words, for whoever draws them elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt

from edgeai_core.action_events import ActionEvent
from edgeai_core.geometry import Box
from edgeai_core.object_events import ObjectEvent
from edgeai_core.overlay import (
    REGION_COLOURS,
    action_caption,
    action_colour,
    event_caption,
    face_caption,
    face_colour,
    object_caption,
)
from edgeai_core.palette import BLUE, VERMILLION, YELLOW, Bgr
from edgeai_core.skeletons import Skeleton
from edgeai_core.types import Detection, FaceMatch, HazardReport


class Layer(Enum):
    """What a figure is about; a viewer shows and hides each."""

    OBJECTS = "objects"
    PEOPLE = "people"
    FACES = "faces"
    HAZARDS = "hazards"
    EVENTS = "events"
    ACTIONS = "actions"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Figure:
    """A thing drawn as lines with words.

    Attributes:
        layer, number: who it is; the number is the track's or the incident's, from 1, or below 0
            for what has none. Unique within a layer.
        lines_px: (N, 2, 2) float64, [line, end, xy], pixels of the frame. colour: of the lines.
        caption: may be empty. caption_px: the middle of its lower edge, pixels of the frame.
    """

    layer: Layer
    number: int
    lines_px: npt.NDArray[np.float64]
    colour: Bgr
    caption: str
    caption_px: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What is known about one picture; boxes and joints are in its pixels."""

    objects: Sequence[Detection] = ()
    events: Sequence[ObjectEvent] = ()
    faces: Sequence[FaceMatch] = ()
    hazard: HazardReport | None = None
    skeletons: Sequence[Skeleton] = ()
    actions: Sequence[ActionEvent] = ()


def figures_of(scene: Scene) -> tuple[Figure, ...]:
    """Return the figures of a scene, those of one layer together."""
    found: list[Figure] = []
    for index, thing in enumerate(scene.objects):
        number = thing.track_id or -1 - index
        found.append(_boxed(Layer.OBJECTS, number, thing.box, BLUE, object_caption(thing)))
    found += [
        _boxed(Layer.EVENTS, event.incident, event.box, VERMILLION, event_caption(event))
        for event in scene.events
    ]
    for index, face in enumerate(scene.faces):
        number = face.track_id or -1 - index
        found.append(_boxed(Layer.FACES, number, face.box, face_colour(face), face_caption(face)))
    for index, region in enumerate(scene.hazard.regions if scene.hazard is not None else ()):
        colour = REGION_COLOURS[region.label]
        found.append(_boxed(Layer.HAZARDS, -1 - index, region.box, colour, object_caption(region)))
    for skeleton in scene.skeletons:
        bones = skeleton.bones_px()
        if len(bones):
            found.append(
                Figure(
                    layer=Layer.PEOPLE,
                    number=skeleton.track_id,
                    lines_px=bones,
                    colour=YELLOW,
                    caption="",
                    caption_px=(0.0, 0.0),
                )
            )
    found += [
        _boxed(
            Layer.ACTIONS, event.incident, event.box, action_colour(event), action_caption(event)
        )
        for event in scene.actions
    ]
    return tuple(found)


def _boxed(layer: Layer, number: int, box: Box, colour: Bgr, caption: str) -> Figure:
    x_min, y_min, x_max, y_max = box.as_xyxy()
    corners = np.array([(x_min, y_min), (x_max, y_min), (x_max, y_max), (x_min, y_max)])
    return Figure(
        layer=layer,
        number=number,
        lines_px=np.stack([corners, np.roll(corners, -1, axis=0)], axis=1),
        colour=colour,
        caption=caption,
        caption_px=((x_min + x_max) / 2, y_min),
    )
