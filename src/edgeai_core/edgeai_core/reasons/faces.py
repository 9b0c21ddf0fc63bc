"""Faces that are not taken, and whether they are living."""

from __future__ import annotations

from collections.abc import Mapping

from edgeai_core.reasons.template import OneOf, Reason, Word
from edgeai_core.types import Instruction

NOBODY_ENROLLED = Reason("nobody is enrolled", "personne n'est enregistré")
OTHER_FACE_MODEL = Reason(
    "the gallery is of another face model", "la galerie vient d'un autre modèle de visages"
)
GALLERY_UNUSABLE = Reason("gallery unusable", "galerie inutilisable")
TOO_SMALL = Reason(
    "face too small: {side_px:.0f} px of {min_px:d}",
    "visage trop petit : {side_px} px au lieu de {min_px}",
)
FRAME_LEFT_OUT = Reason(
    "not compared: one frame in {every:d} is", "pas comparé : une image sur {every} l'est"
)
ONLY_LARGEST = Reason(
    "only the {faces:d} largest faces are compared",
    "comparaison {faces:du plus grand visage/des plus grands visages} seulement ({faces})",
)
NO_MESH = Reason(
    "not compared: only the largest faces of a frame get a mesh to align them by",
    "pas comparé : seuls les plus grands visages d'une image sont alignés",
)
FEW_FRAMES_AGREE = Reason(
    "named in {agreeing:d} of the last {window:d} frames, need {needed:d}",
    "reconnu sur {agreeing} image{agreeing:/s} parmi les {window} dernières, il en faut {needed}",
)
FEW_FRAMES_NAME = Reason(
    "named in {agreeing:d} frames, need {needed:d}",
    "reconnu sur {agreeing} image{agreeing:/s}, il en faut {needed}",
)
NO_TEMPLATE = Reason(
    "the face gives no usable template", "le visage ne donne pas de gabarit utilisable"
)
TOO_FAR = Reason(
    "unknown: distance {distance:.2f} over {limit:.2f}",
    "inconnu : distance {distance}, au-dessus de {limit}",
)
TWO_FIT = Reason(
    "two people fit: margin {margin:.2f} under {limit:.2f}",
    "deux personnes possibles : marge {margin}, en dessous de {limit}",
)
NOT_RECOGNISED = Reason("face not recognised", "visage non reconnu")
NOT_LIVE = Reason("face is not live", "le visage n'est pas vivant")
NOT_FOLLOWED = Reason("face is not followed over frames", "visage pas suivi d'une image à l'autre")
LIVENESS_NOT_CHECKED = Reason("liveness was not checked", "la preuve de vie n'a pas été vérifiée")

_IN_FRENCH: Mapping[Instruction, str] = {
    Instruction.MOVE: "bougez un peu la tête",
    Instruction.LOOK_AHEAD: "regardez droit devant vous",
    Instruction.TURN_LEFT: "tournez la tête vers votre gauche",
    Instruction.TURN_RIGHT: "tournez la tête vers votre droite",
    Instruction.COME_NEARER: "approchez-vous",
}
_INSTRUCTIONS = tuple(Word(asked.phrase, french) for asked, french in _IN_FRENCH.items())
_INSTRUCTION = OneOf(*_INSTRUCTIONS)
WATCHING = Word("watching the face", "observation du visage")

NOT_FOLLOWED_YET = Reason(
    "liveness: the face is not followed yet", "preuve de vie : le visage n'est pas encore suivi"
)
TOO_SMALL_TO_JUDGE = Reason(
    "liveness: {instruction}, the face has {side_px:.0f} px of {min_px:d}",
    "preuve de vie : {instruction}, le visage fait {side_px} px au lieu de {min_px}",
    instruction=_INSTRUCTION,
)
TOO_MANY_FACES = Reason(
    "liveness: only {faces:d} faces are judged at a time",
    "preuve de vie : {faces} visage{faces:/s} au plus à la fois",
)
ASKED = Reason(
    "liveness: {instruction}",
    "preuve de vie : {instruction}",
    instruction=OneOf(*_INSTRUCTIONS, WATCHING),
)
ASKED_TURN = Reason(
    "liveness: {instruction}, turn {turn:d} of {turns:d}",
    "preuve de vie : {instruction}, mouvement {turn} sur {turns}",
    instruction=_INSTRUCTION,
)
LOOKS_COPIED = Reason(
    "not live: looks like a copy, score {score:.2f} under {limit:.2f}",
    "pas vivant : semble être une copie, score {score}, en dessous de {limit}",
)
MOVES_FLAT = Reason(
    "not live: moves like a flat picture, {share:.2f} of the motion is relief, need {limit:.2f}",
    "pas vivant : bouge comme une image plate, {share} du mouvement vient du relief, il faut "
    "{limit}",
)
DID_NOT_TURN = Reason(
    "not live: the head did not turn as asked",
    "pas vivant : la tête n'a pas tourné comme demandé",
)
