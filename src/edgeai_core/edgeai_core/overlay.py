"""What the graph knows, drawn onto a picture for people."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from edgeai_core.geometry import Box
from edgeai_core.types import Detection, FaceMatch, HazardReport, HazardState, SessionState

# BGR; told apart by people who do not see red and green alike (Okabe and Ito, 2008).
_GREEN = (115, 158, 0)
_ORANGE = (0, 159, 230)
_BLUE = (178, 114, 0)
_SKY = (233, 180, 86)
_VERMILLION = (0, 94, 213)
_PURPLE = (167, 121, 204)
_REGION_COLOURS = {"flame": _VERMILLION, "smoke": _PURPLE}
_SESSION_COLOURS = {
    SessionState.LOCKED: _ORANGE,
    SessionState.ACTIVE: _GREEN,
    SessionState.MONITORING: _SKY,
}
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_FONT_SCALE = 0.5


def annotated(
    image: npt.NDArray[np.uint8],
    *,
    faces: Sequence[FaceMatch] = (),
    objects: Sequence[Detection] = (),
    hazard: HazardReport | None = None,
    session: SessionState = SessionState.LOCKED,
    caption: str = "",
) -> npt.NDArray[np.uint8]:
    """Return a copy of a picture with boxes, names, tracks, fire and the session's state.

    Args:
        image: (H, W, 3) uint8 BGR. faces, objects, hazard: in pixels of the image.
        session: drawn in the head line, before what is known about fire; it has the colour of a
            fire that burns. caption: the rest of the head line, ASCII.
    """
    canvas: npt.NDArray[np.uint8] = image.copy()
    for detection in objects:
        track = f" #{detection.track_id}" if detection.track_id is not None else ""
        _draw(canvas, detection.box, f"{detection.label}{track} {detection.score:.2f}", _BLUE)
    for face in faces:
        colour = _GREEN if face.authorised else _ORANGE
        _draw(canvas, face.box, face_caption(face), colour)
    head, colour = session.name, _SESSION_COLOURS[session]
    if hazard is not None:
        for region in hazard.regions:
            text = f"{region.label} {region.score:.2f}"
            _draw(canvas, region.box, text, _REGION_COLOURS[region.label])
        head += "".join(f"  {words}" for words in hazard_words(hazard))
        if hazard.state in (HazardState.START_FIRE, HazardState.FIRE):
            colour = _VERMILLION
    _draw_head_line(canvas, f"{head}  {caption}".rstrip(), colour)
    return canvas


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


def _draw(canvas: npt.NDArray[np.uint8], box: Box, text: str, colour: tuple[int, ...]) -> None:
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
