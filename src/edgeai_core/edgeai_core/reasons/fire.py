"""Fire, its end, and flames that nobody attends."""

from __future__ import annotations

from edgeai_core.reasons.template import OneOf, Reason, Word

_KIND = OneOf(Word("flame", "la flamme"), Word("smoke", "la fumée"))

NOT_LOOKED_YET = Reason("nothing was looked at yet", "rien n'a encore été regardé")
NO_FIRE_YET = Reason(
    "no fire seen since watching began", "aucun feu vu depuis le début de la surveillance"
)
ROUNDS_SHOW_FIRE = Reason(
    "{positive:d} of the last {rounds:d} rounds show fire (at least {needed:d}): start "
    "{start_fire:.2f}, fire {fire:.2f}, together at least {limit:.2f}",
    "sur {rounds} examen{rounds:/s} récent{rounds:/s}, {positive} montre{positive:/nt} du feu (au "
    "moins {needed}) : début de feu {start_fire}, feu {fire}, ensemble au moins {limit}",
)
EVIDENCE = Reason(
    "evidence {evidence:.1f} (limit {limit:.1f})", "indices cumulés {evidence} (limite {limit})"
)
MOVES = Reason(
    "{kind} activity {activity:.1f} (limit {limit:.1f})",
    "mouvement de {kind} {activity} (limite {limit})",
    kind=_KIND,
)
COUNTS_WITHOUT_MOVING = Reason(
    "{kind} counts without movement", "{kind} compte même sans mouvement", kind=_KIND
)
GREW = Reason(
    "it grew {growth:.1f}-fold (limit {limit:.1f}) to {share:.1%} of the picture",
    "surface multipliée par {growth} (limite {limit}), jusqu'à {share} % de l'image",
)
LOW_SCORE = Reason(
    "score below {threshold:.2f} for {quiet_s:.1f} s (limit {limit_s:.1f} s): start "
    "{start_fire:.2f}, fire {fire:.2f}",
    "score sous {threshold} depuis {quiet_s} s (limite {limit_s} s) : début de feu {start_fire}, "
    "feu {fire}",
)
MOTIONLESS = Reason(
    "what looks like fire does not move for {quiet_s:.1f} s (limit {limit_s:.1f} s): start "
    "{start_fire:.2f}, fire {fire:.2f}",
    "ce qui ressemble à du feu ne bouge plus depuis {quiet_s} s (limite {limit_s} s) : début de "
    "feu {start_fire}, feu {fire}",
)
QUIET_SINCE = Reason(
    "quiet since the fire was over: start {start_fire:.2f}, fire {fire:.2f}",
    "calme depuis la fin de l'incendie : début de feu {start_fire}, feu {fire}",
)
FLAME_ALONE = Reason(
    "a flame at {place} and nobody near it for {alone_s:.0f} s (limit {limit_s:.0f} s)",
    "une flamme ({place}) et personne à côté depuis {alone_s} s (limite {limit_s} s)",
)
