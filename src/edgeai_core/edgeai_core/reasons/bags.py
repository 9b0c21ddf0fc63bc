"""Bags without their owner, and who takes them."""

from __future__ import annotations

from edgeai_core.reasons.template import Label, OneOf, Reason, Word

_LABEL = Label()

SOMEBODY = Word("somebody", "quelqu'un")
PERSON = Word("person {track:d}", "la personne n° {track}")
_WHO = OneOf(PERSON, SOMEBODY)
CARRIED_OFF = Word("carried off", "l'emporte")
MISSED = Word(
    "not at its place any more since {missing_s:.1f} s, last within reach of and probably taken",
    "l'avait à portée en dernier et l'emporte sans doute (plus en place depuis {missing_s} s)",
)
_HOW = OneOf(CARRIED_OFF, MISSED)
FORGOTTEN_OWNER = Word("its owner", "son propriétaire")
KNOWN_OWNER = Word("its owner, person {track:d},", "son propriétaire, la personne n° {track},")

TAKEN_BY_OWNER = Reason(
    "{label}: {how} by its owner, {who}, after {away_s:.1f} s alone",
    "{label} : son propriétaire, {who}, {how} après {away_s} s sans personne à côté",
    label=_LABEL,
    how=_HOW,
    who=_WHO,
)
TAKEN_BY_ANOTHER = Reason(
    "{label}: {how} by {who}, who was not seen with it before",
    "{label} : {who}, jamais auprès de ce bagage avant, {how}",
    label=_LABEL,
    how=_HOW,
    who=_WHO,
)
TAKEN_WITHOUT_OWNER = Reason(
    "{label}: {how} by {who}; nobody was seen with it before",
    "{label} : {who} {how} ; personne n'avait été vu auprès de ce bagage",
    label=_LABEL,
    how=_HOW,
    who=_WHO,
)
UNATTENDED, ABANDONED = (
    Word("unattended", "sans surveillance"),
    Word("abandoned", "à l'abandon"),
)
WAS_ALONE = Reason(
    "it was {state} for {away_s:.1f} s",
    "le bagage était {state} depuis {away_s} s",
    state=OneOf(UNATTENDED, ABANDONED),
)
OWNER_BACK = Reason(
    "{label}: an owner is back after {away_s:.1f} s",
    "{label} : un propriétaire est de retour après {away_s} s",
    label=_LABEL,
)
OWNER_AWAY = Reason(
    "{label}: {owner} was not within {near:g} body heights for {away_s:.1f} s (limit {limit_s:g} "
    "s)",
    "{label} : {owner} reste à plus de {near} hauteur{near:/s} de corps depuis {away_s} s (limite "
    "{limit_s} s)",
    label=_LABEL,
    owner=OneOf(KNOWN_OWNER, FORGOTTEN_OWNER),
)
OWNERLESS = Reason(
    "{label}: it appeared {away_s:.1f} s ago and nobody was seen with it (limit {limit_s:g} s)",
    "{label} : ce bagage est apparu il y a {away_s} s et personne n'a été vu à côté (limite "
    "{limit_s} s)",
    label=_LABEL,
)
SEEN_SINCE = Reason(
    "seen in {seen:d} of {looks:d} frames since",
    "visible depuis sur {seen} image{seen:/s} parmi {looks}",
)
NOT_FOUND = Reason(
    "{label}: not found for {forget_s:g} s, and nobody was seen to take it",
    "{label} : introuvable depuis {forget_s} s, et personne n'a été vu partir avec",
    label=_LABEL,
)
