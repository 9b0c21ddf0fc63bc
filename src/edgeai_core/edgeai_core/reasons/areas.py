"""Stays in zones and lines that are crossed."""

from __future__ import annotations

from edgeai_core.reasons.template import Label, OneOf, Reason, Word

_LABEL = Label()

LEFT, RIGHT = Word("left", "la gauche"), Word("right", "la droite")

ENTERED = Reason(
    "{label} in {zone} since {stay_s:.1f} s", "{label} dans {zone} depuis {stay_s} s", label=_LABEL
)
STAYS = Reason(
    "{label} in {zone} for {stay_s:.1f} s (limit {limit_s:g} s)",
    "{label} dans {zone} depuis {stay_s} s (limite {limit_s} s)",
    label=_LABEL,
)
LEFT_ZONE = Reason(
    "{label} was in {zone} for {stay_s:.1f} s and is away for {away_s:.1f} s (limit {limit_s:g} s)",
    "{label} : {stay_s} s dans {zone}, puis absence de {away_s} s (limite {limit_s} s)",
    label=_LABEL,
)
WATCHED_NO_LONGER = Reason("{zone} is watched no longer", "la zone {zone} n'est plus surveillée")
CROSSED = Reason(
    "{label} crossed {line} to the {side} within {took_s:.1f} s",
    "{label} a franchi {line} vers {side} en {took_s} s",
    label=_LABEL,
    side=OneOf(LEFT, RIGHT),
)
