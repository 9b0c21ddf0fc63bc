"""The table of phrases: both languages fill all of it, with the same values in each phrase."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto

from edgeai_core.language import Language


class Phrase(Enum):
    """What is said; a title has no end mark, a reason is one sentence without one."""

    UNKNOWN_FACE = auto()
    UNKNOWN_FACE_WHY = auto()
    NEAREST_PERSON = auto()
    NO_NEAREST_PERSON = auto()
    UNAUTHORISED = auto()
    UNAUTHORISED_WHY = auto()
    AND_WHY = auto()
    SPOOFED = auto()
    SPOOFED_WHY = auto()
    ACCESS_GRANTED = auto()
    ACCESS_ENDED = auto()
    SUPERVISOR_SILENT = auto()
    SUPERVISOR_GAVE_NO_REASON = auto()
    UNNAMED_PERSON = auto()
    WATCHED_OBJECT = auto()
    WATCHED_OBJECT_WHY = auto()
    WEAPON = auto()
    UNATTENDED_BAG = auto()
    ABANDONED_BAG = auto()
    TAKEN_BAG = auto()
    RECLAIMED_BAG = auto()
    ZONE_ENTERED = auto()
    LINGERING = auto()
    CROSSED_LEFT = auto()
    CROSSED_RIGHT = auto()
    START_FIRE = auto()
    FIRE = auto()
    HAZARD_CLEARED = auto()
    UNATTENDED_FLAME = auto()
    FALL = auto()
    LYING = auto()
    RECOVERED = auto()
    FLIGHT = auto()
    FIGHT = auto()
    ACCIDENT = auto()
    RUN = auto()
    NODE_FAULT = auto()
    NODE_FAULT_WHY = auto()
    NODE_SILENT = auto()
    NODE_RECOVERED = auto()
    NODE_RECOVERED_WHY = auto()
    NO_MESSAGE = auto()
    AT_CAMERA = auto()
    IN_ZONE = auto()
    AT_TIME = auto()
    HOW_SURE = auto()
    OFTEN = auto()
    WHY = auto()
    ACKNOWLEDGED_BY = auto()
    QUIET_SUMMARY = auto()
    QUIET_SUMMARY_KIND = auto()
    QUIET_SUMMARY_OTHERS = auto()
    SEVERITY_INFO = auto()
    SEVERITY_WARNING = auto()
    SEVERITY_CRITICAL = auto()
    ALERTSTATE_RAISED = auto()
    ALERTSTATE_UPDATED = auto()
    ALERTSTATE_CLEARED = auto()
    ALERTSTATE_ACKNOWLEDGED = auto()
    ALERTSTATE_EXPIRED = auto()


_ENGLISH = {
    Phrase.UNKNOWN_FACE: "unknown face",
    Phrase.UNKNOWN_FACE_WHY: (
        "unknown in {frames} frames within {span_s:.1f} s (limit {window_s:.1f} s), face "
        "{side_px:.0f} px (at least {min_px:.0f} px), {nearest}"
    ),
    Phrase.NEAREST_PERSON: "nearest enrolled person at distance {distance:.2f}",
    Phrase.NO_NEAREST_PERSON: "no distance to an enrolled person",
    Phrase.UNAUTHORISED: "{name} is not authorised",
    Phrase.UNAUTHORISED_WHY: (
        "{name} recognised in {frames} frames within {span_s:.1f} s (limit {window_s:.1f} s) at "
        "distance {distance:.2f}, but may not unlock"
    ),
    Phrase.AND_WHY: "{told}: {reason}",
    Phrase.SPOOFED: "a copy of {name}'s face",
    Phrase.SPOOFED_WHY: (
        "the face of {name} was found not living in {frames} frames within {span_s:.1f} s (limit "
        "{window_s:.1f} s), score {score:.2f}"
    ),
    Phrase.ACCESS_GRANTED: "access granted to {name}",
    Phrase.ACCESS_ENDED: "access of {name} ended",
    Phrase.SUPERVISOR_SILENT: "no word from the supervisor for {silent_s:.1f} s",
    Phrase.SUPERVISOR_GAVE_NO_REASON: "the supervisor gave no reason",
    Phrase.UNNAMED_PERSON: "an unnamed person",
    Phrase.WATCHED_OBJECT: "{label} seen",
    Phrase.WATCHED_OBJECT_WHY: (
        "{label} tracked for {stay_s:.1f} s (limit {limit_s:.1f} s) while {state}, score "
        "{score:.2f} (at least {min_score:.2f})"
    ),
    Phrase.WEAPON: "{label} in view",
    Phrase.UNATTENDED_BAG: "{label} without its owner",
    Phrase.ABANDONED_BAG: "abandoned {label}",
    Phrase.TAKEN_BAG: "{label} taken by another",
    Phrase.RECLAIMED_BAG: "{label} has its owner back",
    Phrase.ZONE_ENTERED: "{label} in {zone}",
    Phrase.LINGERING: "{label} stays in {zone}",
    Phrase.CROSSED_LEFT: "{label} crossed {zone} to the left",
    Phrase.CROSSED_RIGHT: "{label} crossed {zone} to the right",
    Phrase.START_FIRE: "a fire begins",
    Phrase.FIRE: "fire",
    Phrase.HAZARD_CLEARED: "fire is over",
    Phrase.UNATTENDED_FLAME: "unattended flame: {zone}",
    Phrase.FALL: "somebody fell",
    Phrase.LYING: "somebody fell and stays down",
    Phrase.RECOVERED: "somebody who fell is up again",
    Phrase.FLIGHT: "people run away",
    Phrase.FIGHT: "a fight",
    Phrase.ACCIDENT: "an accident",
    Phrase.RUN: "somebody runs",
    Phrase.NODE_FAULT: "node {name} failed",
    Phrase.NODE_FAULT_WHY: "{level} for {lasted_s:.1f} s (limit {limit_s:.1f} s): {message}",
    Phrase.NODE_SILENT: "silent for {silent_s:.1f} s",
    Phrase.NODE_RECOVERED: "node {name} recovered",
    Phrase.NODE_RECOVERED_WHY: "{level} again after {down_s:.1f} s: {message}",
    Phrase.NO_MESSAGE: "no message",
    Phrase.AT_CAMERA: "at {camera}",
    Phrase.IN_ZONE: "zone {zone}",
    Phrase.AT_TIME: "at {clock}",
    Phrase.HOW_SURE: "sure to {percent:.0f} %",
    Phrase.OFTEN: "seen {count} times",
    Phrase.WHY: "Why: {reason}",
    Phrase.ACKNOWLEDGED_BY: "acknowledged by {name}",
    Phrase.QUIET_SUMMARY: "alerts held during quiet hours {begin}-{end}: {count}",
    Phrase.QUIET_SUMMARY_KIND: "{what}: {count}, first {first}, last {last}",
    Phrase.QUIET_SUMMARY_OTHERS: "{count} others",
    Phrase.SEVERITY_INFO: "INFO",
    Phrase.SEVERITY_WARNING: "WARNING",
    Phrase.SEVERITY_CRITICAL: "CRITICAL",
    Phrase.ALERTSTATE_RAISED: "raised",
    Phrase.ALERTSTATE_UPDATED: "goes on",
    Phrase.ALERTSTATE_CLEARED: "over",
    Phrase.ALERTSTATE_ACKNOWLEDGED: "acknowledged",
    Phrase.ALERTSTATE_EXPIRED: "not seen any more",
}

_FRENCH = {
    Phrase.UNKNOWN_FACE: "visage inconnu",
    Phrase.UNKNOWN_FACE_WHY: (
        "inconnu sur {frames} images en {span_s:.1f} s (limite {window_s:.1f} s), visage de "
        "{side_px:.0f} px (au moins {min_px:.0f} px), {nearest}"
    ),
    Phrase.NEAREST_PERSON: "personne enregistrée la plus proche à la distance {distance:.2f}",
    Phrase.NO_NEAREST_PERSON: "aucune distance à une personne enregistrée",
    Phrase.UNAUTHORISED: "{name} n'est pas autorisé(e)",
    Phrase.UNAUTHORISED_WHY: (
        "{name} reconnu(e) sur {frames} images en {span_s:.1f} s (limite {window_s:.1f} s) à la "
        "distance {distance:.2f}, mais sans droit de déverrouiller"
    ),
    Phrase.AND_WHY: "{told} : {reason}",
    Phrase.SPOOFED: "une copie du visage de {name}",
    Phrase.SPOOFED_WHY: (
        "le visage de {name} n'est pas vivant sur {frames} images en {span_s:.1f} s (limite "
        "{window_s:.1f} s), score {score:.2f}"
    ),
    Phrase.ACCESS_GRANTED: "accès accordé à {name}",
    Phrase.ACCESS_ENDED: "fin de l'accès de {name}",
    Phrase.SUPERVISOR_SILENT: "aucune nouvelle du superviseur depuis {silent_s:.1f} s",
    Phrase.SUPERVISOR_GAVE_NO_REASON: "le superviseur n'a pas donné de raison",
    Phrase.UNNAMED_PERSON: "une personne sans nom",
    Phrase.WATCHED_OBJECT: "{label} : présence détectée",
    Phrase.WATCHED_OBJECT_WHY: (
        "{label} : suivi depuis {stay_s:.1f} s (limite {limit_s:.1f} s) en état {state}, score "
        "{score:.2f} (au moins {min_score:.2f})"
    ),
    Phrase.WEAPON: "{label} en vue",
    Phrase.UNATTENDED_BAG: "{label} sans propriétaire",
    Phrase.ABANDONED_BAG: "{label} à l'abandon",
    Phrase.TAKEN_BAG: "{label} : emporté par quelqu'un d'autre",
    Phrase.RECLAIMED_BAG: "{label} : le propriétaire est de retour",
    Phrase.ZONE_ENTERED: "{label} dans {zone}",
    Phrase.LINGERING: "{label} reste dans {zone}",
    Phrase.CROSSED_LEFT: "{label} a franchi {zone} vers la gauche",
    Phrase.CROSSED_RIGHT: "{label} a franchi {zone} vers la droite",
    Phrase.START_FIRE: "début d'incendie",
    Phrase.FIRE: "incendie",
    Phrase.HAZARD_CLEARED: "fin de l'incendie",
    Phrase.UNATTENDED_FLAME: "flamme sans surveillance : {zone}",
    Phrase.FALL: "quelqu'un est tombé",
    Phrase.LYING: "quelqu'un est tombé et reste à terre",
    Phrase.RECOVERED: "la personne tombée s'est relevée",
    Phrase.FLIGHT: "des personnes s'enfuient",
    Phrase.FIGHT: "une bagarre",
    Phrase.ACCIDENT: "un accident",
    Phrase.RUN: "quelqu'un court",
    Phrase.NODE_FAULT: "panne du nœud {name}",
    Phrase.NODE_FAULT_WHY: "{level} depuis {lasted_s:.1f} s (limite {limit_s:.1f} s) : {message}",
    Phrase.NODE_SILENT: "muet depuis {silent_s:.1f} s",
    Phrase.NODE_RECOVERED: "le nœud {name} est rétabli",
    Phrase.NODE_RECOVERED_WHY: "de nouveau {level} après {down_s:.1f} s : {message}",
    Phrase.NO_MESSAGE: "aucun message",
    Phrase.AT_CAMERA: "caméra {camera}",
    Phrase.IN_ZONE: "zone {zone}",
    Phrase.AT_TIME: "à {clock}",
    Phrase.HOW_SURE: "certitude {percent:.0f} %",
    Phrase.OFTEN: "vu {count} fois",
    Phrase.WHY: "Pourquoi : {reason}",
    Phrase.ACKNOWLEDGED_BY: "pris en charge par {name}",
    Phrase.QUIET_SUMMARY: "alertes retenues pendant les heures calmes {begin}-{end} : {count}",
    Phrase.QUIET_SUMMARY_KIND: "{what} : {count}, première {first}, dernière {last}",
    Phrase.QUIET_SUMMARY_OTHERS: "{count} autres",
    Phrase.SEVERITY_INFO: "INFO",
    Phrase.SEVERITY_WARNING: "ATTENTION",
    Phrase.SEVERITY_CRITICAL: "CRITIQUE",
    Phrase.ALERTSTATE_RAISED: "signalé",
    Phrase.ALERTSTATE_UPDATED: "en cours",
    Phrase.ALERTSTATE_CLEARED: "terminé",
    Phrase.ALERTSTATE_ACKNOWLEDGED: "pris en charge",
    Phrase.ALERTSTATE_EXPIRED: "plus rien vu",
}

PHRASES: Mapping[Language, Mapping[Phrase, str]] = {
    Language.EN: _ENGLISH,
    Language.FR: _FRENCH,
}
