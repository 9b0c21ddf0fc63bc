"""What the graph knows, drawn onto a picture for people."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from edgeai_core.action_events import Action, ActionEvent
from edgeai_core.geometry import Box
from edgeai_core.object_events import ObjectEvent
from edgeai_core.palette import BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILLION, YELLOW, Bgr
from edgeai_core.skeletons import Skeleton
from edgeai_core.types import Detection, FaceMatch, HazardReport, HazardState, SessionState
from edgeai_core.zones import Zone

REGION_COLOURS = {"flame": VERMILLION, "smoke": PURPLE}
_SESSION_COLOURS = {
    SessionState.LOCKED: ORANGE,
    SessionState.ACTIVE: GREEN,
    SessionState.MONITORING: SKY,
}
_GRAVE_ACTIONS = frozenset(
    {Action.FALL, Action.LYING, Action.FLIGHT, Action.FIGHT, Action.ACCIDENT}
)
# How much of a zone's colour lies over the picture.
_ZONE_SHARE = 0.25
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_FONT_SCALE = 0.5


def annotated(
    image: npt.NDArray[np.uint8],
    *,
    faces: Sequence[FaceMatch] = (),
    objects: Sequence[Detection] = (),
    events: Sequence[ObjectEvent] = (),
    hazard: HazardReport | None = None,
    session: SessionState = SessionState.LOCKED,
    caption: str = "",
) -> npt.NDArray[np.uint8]:
    """Return a copy of a picture with boxes, names, tracks, events, fire and the session's state.

    Args:
        image: (H, W, 3) uint8 BGR. faces, objects, events, hazard: in pixels of the image.
        session: drawn in the head line, before what is known about fire; it has the colour of a
            fire that burns. caption: the rest of the head line, ASCII.
    """
    canvas: npt.NDArray[np.uint8] = image.copy()
    draw_objects(canvas, objects, events)
    draw_faces(canvas, faces)
    head, colour = session.name, _SESSION_COLOURS[session]
    if hazard is not None:
        draw_hazard(canvas, hazard)
        head += "".join(f"  {words}" for words in hazard_words(hazard))
        if hazard.state in (HazardState.START_FIRE, HazardState.FIRE):
            colour = VERMILLION
    _draw_head_line(canvas, f"{head}  {caption}".rstrip(), colour)
    return canvas


def draw_objects(
    canvas: npt.NDArray[np.uint8],
    objects: Sequence[Detection],
    events: Sequence[ObjectEvent] = (),
) -> None:
    """Draw boxes with names and tracks onto a (H, W, 3) uint8 BGR picture; events above them."""
    for detection in objects:
        draw_captioned(canvas, detection.box, object_caption(detection), BLUE)
    for event in events:
        draw_captioned(canvas, event.box, event_caption(event), VERMILLION)


def draw_faces(canvas: npt.NDArray[np.uint8], faces: Sequence[FaceMatch]) -> None:
    """Draw boxes with names onto a (H, W, 3) uint8 BGR picture."""
    for face in faces:
        draw_captioned(canvas, face.box, face_caption(face), face_colour(face))


def draw_hazard(canvas: npt.NDArray[np.uint8], hazard: HazardReport) -> None:
    """Draw boxes of flame and smoke onto a (H, W, 3) uint8 BGR picture."""
    for region in hazard.regions:
        draw_captioned(canvas, region.box, object_caption(region), REGION_COLOURS[region.label])


def draw_actions(canvas: npt.NDArray[np.uint8], events: Sequence[ActionEvent]) -> None:
    """Draw boxes of what people do onto a (H, W, 3) uint8 BGR picture."""
    for event in events:
        draw_captioned(canvas, event.box, action_caption(event), action_colour(event))


def draw_bones(canvas: npt.NDArray[np.uint8], skeleton: Skeleton) -> None:
    """Draw the bones that are seen onto a (H, W, 3) uint8 BGR picture."""
    # Joints may be placed far outside of the picture; cv2 takes 16-bit shifts of coordinates.
    ends = np.clip(np.round(skeleton.bones_px()), -16_000, 16_000).astype(int)
    for begin, end in ends.tolist():
        cv2.line(canvas, begin, end, YELLOW, 2, cv2.LINE_AA)


def draw_zones(canvas: npt.NDArray[np.uint8], zones: Sequence[Zone]) -> None:
    """Tint and name zones on a (H, W, 3) uint8 BGR picture."""
    height_px, width_px = canvas.shape[:2]
    for zone in zones:
        inside = zone.mask(width_px=width_px, height_px=height_px)
        tinted = (1 - _ZONE_SHARE) * canvas[inside] + _ZONE_SHARE * np.array(SKY)
        canvas[inside] = tinted.astype(np.uint8)
        corners = np.round(np.array(zone.points) * (width_px, height_px)).astype(np.int32)
        cv2.polylines(canvas, [corners], isClosed=True, color=SKY, thickness=1)
        x_min, _, _, y_max = zone.bounds()
        at = (round(x_min * width_px) + 2, max(14, round(y_max * height_px) - 5))
        _write(canvas, zone.name, at, BLUE)


def object_caption(detection: Detection) -> str:
    """Return what is written on an object: its name, track and score."""
    track = f" #{detection.track_id}" if detection.track_id is not None else ""
    return f"{detection.label}{track} {detection.score:.2f}"


def event_caption(event: ObjectEvent) -> str:
    """Return what is written on what an object does: its name, that, and where."""
    where = f" in {event.zone}" if event.zone else ""
    return f"{event.label} {event.state.value.replace('_', ' ')}{where}"


def action_caption(event: ActionEvent) -> str:
    """Return what is written on what people do: that, and how likely it is."""
    return f"{event.action.value.replace('_', ' ')} {event.probability:.2f}"


def action_colour(event: ActionEvent) -> Bgr:
    """Return the colour of what people do: whether somebody should look."""
    return VERMILLION if event.action in _GRAVE_ACTIONS else BLUE


def face_colour(face: FaceMatch) -> Bgr:
    """Return the colour of a face: whether it may unlock."""
    return GREEN if face.authorised else ORANGE


def face_caption(face: FaceMatch) -> str:
    """Return what is written on a face: the name and what keeps it from unlocking."""
    name = face.person_name if face.recognised else "unknown"
    if face.authorised:
        return f"{name}: authorised"
    return f"{name}: {face.rejection}" if face.rejection else name


def hazard_words(hazard: HazardReport) -> tuple[str, ...]:
    """Return what is written about fire: its state, unless there is none, and lone flames."""
    state = () if hazard.state is HazardState.NONE else (hazard.state.name.replace("_", " "),)
    return (*state, *(f"UNATTENDED {zone}" for zone in hazard.unattended))


def draw_captioned(
    canvas: npt.NDArray[np.uint8], box: Box, text: str, colour: tuple[int, ...]
) -> None:
    """Draw a box with words above it, or in it at the upper edge; `colour` is BGR."""
    height_px, width_px = canvas.shape[:2]
    x_min, y_min, x_max, y_max = (
        round(edge) for edge in box.clipped(width_px=width_px, height_px=height_px).as_xyxy()
    )
    cv2.rectangle(canvas, (x_min, y_min), (x_max, y_max), colour, 2)
    (text_width_px, text_height_px), _ = cv2.getTextSize(text, _FONT, _FONT_SCALE, 1)
    x_text = max(0, min(x_min, width_px - text_width_px - 4))
    above = y_min > text_height_px + 30
    y_text = y_min - 4 if above else max(y_min, 22) + text_height_px + 6
    _write(canvas, text, (x_text, y_text), colour)


def _draw_head_line(canvas: npt.NDArray[np.uint8], text: str, colour: tuple[int, ...]) -> None:
    cv2.rectangle(canvas, (0, 0), (canvas.shape[1], 22), colour, cv2.FILLED)
    cv2.putText(canvas, text, (6, 16), _FONT, _FONT_SCALE, (0, 0, 0), 1, cv2.LINE_AA)


def _write(
    canvas: npt.NDArray[np.uint8], text: str, at: tuple[int, int], colour: tuple[int, ...]
) -> None:
    (width_px, height_px), _ = cv2.getTextSize(text, _FONT, _FONT_SCALE, 1)
    x, y = at
    corner = (x + width_px + 4, y + 4)
    cv2.rectangle(canvas, (x, y - height_px - 3), corner, colour, cv2.FILLED)
    cv2.putText(canvas, text, (x + 2, y), _FONT, _FONT_SCALE, (255, 255, 255), 1, cv2.LINE_AA)
