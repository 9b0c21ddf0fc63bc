"""What the session, its lock-out and its guard say, and what the gallery forbids."""

from __future__ import annotations

from edgeai_core.reasons.template import OneOf, Reason, Word

STARTED = Reason("started; nobody was recognised yet", "démarré ; personne n'a encore été reconnu")
CLOCK_WAS_SET = Reason(
    "the clock was set; the next frame counts again",
    "l'horloge a été réglée ; la prochaine image compte de nouveau",
)
RECOGNISED = Reason("{name} is recognised and authorised", "{name} est reconnu(e) et autorisé(e)")
STRANGERS_BESIDE = Reason(
    "{strangers:d} unknown faces beside",
    "{strangers} visage{strangers:/s} inconnu{strangers:/s} à côté",
)
NOT_SEEN = Reason(
    "{name} was not seen for the session's time",
    "{name} n'a pas été vu(e) pendant la durée de la session",
)
NO_FRESH_RESULTS = Reason(
    "the face authenticator gives no fresh results",
    "la reconnaissance des visages ne donne plus de résultats récents",
)
AUTHENTICATOR_LOST = Reason(
    "the face authenticator is lost", "la reconnaissance des visages ne répond plus"
)
LOCKED_BY_REQUEST = Reason(
    "locked by request in the session of {name}", "verrouillé sur demande (session : {name})"
)
LEAVE_FIRST = Reason(
    "locked by request; leave the picture before unlocking again",
    "verrouillé sur demande ; sortez de l'image avant de déverrouiller de nouveau",
)
WITHDRAWN = Reason("{name} is no longer authorised", "{name} n'est plus autorisé(e)")
NOT_IN_VIEW = Reason("{name} is not in view", "{name} n'est pas visible")
NO_FACE = Reason("no face in view", "aucun visage visible")

LOCKED_OUT = Reason(
    "locked out for {delay_s:.0f} s after {failures:d} refused faces",
    "verrouillé pendant {delay_s} s après {failures} visage{failures:/s} refusé{failures:/s}",
)
SECONDS_LEFT = Reason("{left_s:.0f} s are left", "encore {left_s} s")

OLD_FRAME = Reason(
    "frame is {age_s:.2f} s old, at most {limit_s:g} s count",
    "image vieille de {age_s} s, au-delà de {limit_s} s elle ne compte plus",
)
FUTURE_FRAME = Reason(
    "frame is stamped {ahead_s:.2f} s in the future; synchronise the clocks",
    "image datée de {ahead_s} s dans le futur ; synchronisez les horloges",
)
REPEATED_FRAME = Reason(
    "frame is not newer than the one before", "l'image n'est pas plus récente que la précédente"
)

NO_STATE_YET = Reason("no access state was received yet", "aucun état d'accès n'a encore été reçu")
STATE_RAN_OUT = Reason(
    "the access state has expired; is the supervisor running?",
    "l'état d'accès a expiré ; le superviseur est-il en marche ?",
)
STATE_REPLAYED = Reason("access state was replayed", "cet état d'accès est une répétition")
STATE_EXPIRED = Reason("access state has expired", "cet état d'accès a expiré")
STATE_FROM_FUTURE = Reason(
    "access state is stamped in the future; synchronise the clocks",
    "cet état d'accès est daté du futur ; synchronisez les horloges",
)
STATE_OLDER = Reason(
    "access state is older than the last one",
    "cet état d'accès est plus ancien que le précédent",
)

NOT_AUTHORISED = Reason("enrolled but not authorised", "enregistré(e) mais pas autorisé(e)")
_ROLE = OneOf(
    Word("guest", "invité"),
    Word("operator", "opérateur"),
    Word("member", "membre"),
    Word("owner", "propriétaire"),
)
ROLE_MAY_NOT = Reason(
    "role {role} may not operate", "le rôle {role} ne permet pas d'agir", role=_ROLE
)
NOT_BEFORE = Reason("authorised only from {day} on", "autorisé(e) seulement à partir du {day}")
ENDED = Reason("authorisation ended {day}", "autorisation terminée le {day}")
