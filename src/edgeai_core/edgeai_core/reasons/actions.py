"""Falls, gaits, flight and fights."""

from __future__ import annotations

from edgeai_core.reasons.template import OneOf, Reason, Word

HEAD_AND_HIPS_DOWN = Reason(
    "head came down by {head:.2f} and hips by {hips:.2f} body heights within {took_s:.1f} s, at up "
    "to {speed:.1f} body heights/s",
    "la tête est descendue de {head} hauteur{head:/s} de corps et les hanches de {hips} en "
    "{took_s} s, à {speed} hauteur{speed:/s} de corps/s au plus",
)
HEAD_DOWN = Reason(
    "head came down by {head:.2f} body heights within {took_s:.1f} s, at up to {speed:.1f} body "
    "heights/s",
    "la tête est descendue de {head} hauteur{head:/s} de corps en {took_s} s, à {speed} "
    "hauteur{speed:/s} de corps/s au plus",
)
NOT_SEEN_SINCE = Reason("not seen since", "personne perdue de vue depuis")
TORSO_FROM_TO = Reason(
    "torso tilted from {before:.0f} to {after:.0f} degrees",
    "buste incliné de {before} à {after} degré{after:/s}",
)
TORSO_TO = Reason("torso tilted to {after:.0f} degrees", "buste incliné à {after} degré{after:/s}")
BOX_LOWER = Reason(
    "box now {share:.2f} of the height", "silhouette maintenant à {share} de sa hauteur"
)
STILL_DOWN = Reason(
    "still down {down_s:.1f} s after the impact", "encore à terre {down_s} s après le choc"
)
UP_AGAIN = Reason(
    "upright again {down_s:.1f} s after the impact", "de nouveau debout {down_s} s après le choc"
)

STANDS = Word("stands", "debout")
SITS = Word("sits", "en position assise")
WALKS = Word("walks", "marche")
WALKS_FAST = Word("walks fast", "marche vite")
RUNS = Word("runs", "court")
_GAIT = OneOf(WALKS_FAST, WALKS, STANDS, SITS, RUNS)
GAIT_SPEED = Reason(
    "{gait} at {speed:.1f} body heights/s",
    "{gait} à {speed} hauteur{speed:/s} de corps/s",
    gait=_GAIT,
)
GAIT_AS_BEFORE = Reason("{gait}, as seen before", "{gait}, comme vu avant", gait=_GAIT)
STEPS = Reason(
    "ankles lifted by {lift:.0%} of the leg, {cadence_hz:.1f} steps/s",
    "chevilles levées de {lift} % de la jambe, {cadence_hz} pas/s",
)
HIPS_ABOVE_KNEES = Reason(
    "hips {thigh:.1f} torso lengths above the knees",
    "hanches {thigh} longueur{thigh:/s} de buste au-dessus des genoux",
)

PEOPLE_RUN = Reason(
    "{people:d} people run away at {slowest:.1f} to {fastest:.1f} body heights/s",
    "{people} personne{people:/s} {people:s'enfuit/s'enfuient} à une vitesse de {slowest} à "
    "{fastest} hauteur{fastest:/s} de corps/s",
)

MOVES_LIKE_A_FIGHT = Reason(
    "{decisive:d} of {moments:d} moments of the last {span_s:.1f} s move like a fight, most that "
    "{before_s:.1f} s before the last",
    "sur {moments} moment{moments:/s} en {span_s} s, {decisive} {decisive:ressemble/ressemblent} à "
    "une bagarre, surtout celui {before_s} s avant le dernier",
)
NOBODY_THERE = Reason("nobody was found there", "aucune personne trouvée sur place")
ONE_THERE = Reason("1 person was found there", "1 personne trouvée sur place")
PEOPLE_THERE = Reason("{people:d} people were found there", "{people} personnes trouvées sur place")
