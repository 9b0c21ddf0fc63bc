"""Accidents of vehicles."""

from __future__ import annotations

from edgeai_core.reasons.template import Label, Reason

_LABEL = Label()

JOLTED = Reason(
    "{label} {track:d} changed its velocity by {change:.1f} car lengths/s within half a second, "
    "from {before:.1f} to {after:.1f}",
    "le véhicule n° {track} ({label}) a changé de vitesse de {change} longueur{change:/s} de "
    "voiture/s en une demi-seconde, de {before} à {after}",
    label=_LABEL,
)
TURNED = Reason("turned by {turn_deg:.0f} degrees", "a tourné de {turn_deg} degré{turn_deg:/s}")
STANDS_SINCE = Reason("stands since", "est à l'arrêt depuis")
TOUCHED = Reason(
    "touched {label} {track:d}", "a touché le véhicule n° {track} ({label})", label=_LABEL
)
PARTNER_JOLTED = Reason(
    "whose velocity changed by {change:.1f}", "dont la vitesse a changé de {change}"
)
RUN_OVER = Reason(
    "a person went down {distance:.1f} car lengths from {label} {track:d}, which moved at "
    "{speed:.1f} car lengths/s",
    "quelqu'un est tombé à {distance} longueur{distance:/s} de voiture du véhicule n° {track} "
    "({label}), qui roulait à {speed} longueur{speed:/s} de voiture/s",
    label=_LABEL,
)
