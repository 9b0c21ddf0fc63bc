"""Weapons in view."""

from __future__ import annotations

from edgeai_core.reasons.template import Label, OneOf, Reason, Word

_LABEL = Label()

NOBODY_NEAR = Word("nobody near it", "personne à proximité")
WITH_PERSON = Word("with person {track:d}", "avec la personne n° {track}")
_HOLDER = OneOf(NOBODY_NEAR, WITH_PERSON)
WAS_CONFIRMED = Word("confirmed", "présence confirmée avant")
WAS_NEVER_CONFIRMED = Word("never confirmed", "présence jamais confirmée")

SUSPECTED = Reason(
    "{label} seen with score {score:.2f} (at least {min_score:.2f}), {holder}; confirmed with "
    "{needed:d} of {looks:d} frames",
    "{label} : score {score} (au moins {min_score}), {holder} ; confirmation à partir de "
    "{needed} image{needed:/s} sur {looks}",
    label=_LABEL,
    holder=_HOLDER,
)
CONFIRMED = Reason(
    "{label} in {hits:d} of the last {looks:d} frames within {window_s:g} s (at least {needed:d}), "
    "score {score:.2f}, {holder}",
    "{label} : visible sur {hits} image{hits:/s} (au moins {needed}) parmi {looks} en {window_s} "
    "s, score {score}, {holder}",
    label=_LABEL,
    holder=_HOLDER,
)
GONE = Reason(
    "{label} not seen for {unseen_s:.1f} s (limit {limit_s:g} s), {was}",
    "{label} : hors de vue depuis {unseen_s} s (limite {limit_s} s), {was}",
    label=_LABEL,
    was=OneOf(WAS_NEVER_CONFIRMED, WAS_CONFIRMED),
)
