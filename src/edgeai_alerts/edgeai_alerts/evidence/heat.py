"""Which heat-map belongs to which alert, and the picture that shows it."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from edgeai_core.alerting.texts import Texts
from edgeai_core.analyzers.fire.readings import FLAME, SMOKE
from edgeai_core.explaining.explanation import Explanation
from edgeai_core.language import Language
from edgeai_core.overlay import draw_captioned
from edgeai_core.privacy.faces import scaled
from edgeai_core.privacy.timeline import Timeline
from edgeai_core.reasons.explanations import CAPTION
from edgeai_core.types import Alert

_OF_FIRE = ("start_fire", "fire")
_OF_OBJECTS = ("weapon", "unattended_bag", "abandoned_bag", "zone_entered", "lingering")
_FIRE_LABELS = (FLAME, SMOKE)
_LANGUAGES = tuple(map(Texts, Language))
# An explained picture may be a little older than the alert's own: the frame before it decided.
_BEFORE_NS = 2_000_000_000
# How much of the hottest cell's colour lies over the picture: what is there must still be seen.
_MOST_COLOUR = 0.6
# BGR, vermillion, as fire has in the other pictures.
_BOX_BGR = (0, 94, 213)
_FONT, _FONT_SCALE = cv2.FONT_HERSHEY_SIMPLEX, 0.5
_LINE_PX, _LINE_MARGIN_PX, _LINE_GREY = 22, 6, 32


def can_be_explained(alert: Alert) -> bool:
    """Return whether an analyzer makes heat-maps of what an alert of this category tells."""
    return alert.event.category in (*_OF_FIRE, *_OF_OBJECTS)


def explanation_of(
    alert: Alert, explanations: Timeline[Explanation], *, within_ns: int
) -> Explanation | None:
    """Return the explanation of an alert: of its label, the nearest in time; None for none.

    Args:
        alert: of a category that can be explained. explanations: of the alert's camera.
        within_ns: how much later than the alert the explained picture may be.
    """
    fitting = [
        explanation
        for explanation in explanations.between(
            alert.raised_ns - _BEFORE_NS, alert.raised_ns + within_ns
        )
        if _is_about(explanation, alert)
    ]
    return min(fitting, key=lambda e: abs(e.stamp_ns - alert.raised_ns), default=None)


def draw_heat(canvas: npt.NDArray[np.uint8], explanation: Explanation, *, scale: float) -> None:
    """Draw a heat-map and its box onto a (H, W, 3) uint8 BGR picture, in place.

    Cold parts stay grey, hot ones get the colours of OpenCV's inferno, which people read alike
    who do not tell red from green.

    Args:
        explanation: in pixels of the frame. scale: pixels of the picture per pixel of the frame.
    """
    height_px, width_px = canvas.shape[:2]
    heat = cv2.resize(explanation.heat, (width_px, height_px), interpolation=cv2.INTER_LINEAR)
    grey = cv2.cvtColor(cv2.cvtColor(canvas, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    colour = cv2.applyColorMap(np.round(255 * heat).astype(np.uint8), cv2.COLORMAP_INFERNO)
    share = _MOST_COLOUR * heat[..., None]
    canvas[:] = np.round(grey * (1 - share) + colour * share).astype(np.uint8)
    caption = f"{explanation.label} {explanation.score:.2f}"
    draw_captioned(canvas, scaled(explanation.box, scale), caption, _BOX_BGR)


def caption_of(explanation: Explanation) -> str:
    """Return the sentence under the picture, ASCII."""
    found = explanation
    text = CAPTION.say(label=found.label, score=found.score, why=found.reason)
    return text.encode("ascii", "replace").decode()


def with_caption_below(canvas: npt.NDArray[np.uint8], caption: str) -> npt.NDArray[np.uint8]:
    """Return a (H, W, 3) picture with a line of text under it, as large as fits."""
    width_px = int(canvas.shape[1])
    (text_px, _), _ = cv2.getTextSize(caption, _FONT, _FONT_SCALE, 1)
    size = min(1.0, (width_px - 2 * _LINE_MARGIN_PX) / text_px)
    line = np.full((_LINE_PX, width_px, 3), _LINE_GREY, np.uint8)
    at = (_LINE_MARGIN_PX, _LINE_PX - _LINE_MARGIN_PX)
    cv2.putText(line, caption, at, _FONT, _FONT_SCALE * size, (255, 255, 255), 1, cv2.LINE_AA)
    return np.concatenate([canvas, line])


def _is_about(explanation: Explanation, alert: Alert) -> bool:
    if alert.event.category in _OF_FIRE:
        return explanation.label in _FIRE_LABELS
    # Reasons of objects name the label, in the language in which the alert was raised.
    label = explanation.label
    named = any(texts.label(label) in alert.event.reason for texts in _LANGUAGES)
    return label not in _FIRE_LABELS and named
