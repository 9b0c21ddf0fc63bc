"""The outline of a thing in one picture: GrabCut from a seed, its dents filled."""

from __future__ import annotations

import cv2
import numpy as np

from edgeai_lab.pictures import Image
from edgeai_lab.teach.seeds import (
    Floats,
    Mask,
    Scene,
    Setting,
    colour_codes,
    has_moved,
    skin,
)

_ROUNDS = 2
_LEAST_SEED = 0.001
_DENT = 0.45


def outline(image: Image, likely: Floats, scene: Scene) -> Mask:
    """Return the mask of one picture by its seed; empty when nothing stands out."""
    sure, maybe = likely > 0.75, likely > 0.3
    sure = _main_part(sure)
    if sure.sum() < _LEAST_SEED * sure.size:
        return np.zeros(likely.shape, bool)
    near = cv2.dilate(sure.astype(np.uint8), np.ones((25, 25), np.uint8)) > 0
    return _grabcut(image, sure=_eroded(sure), maybe=(maybe | sure) & near, scene=scene)


def refined(image: Image, likely: Floats, evidence: Floats, scene: Scene) -> Mask:
    """Return the mask of one picture by its seed and the colours that most pictures agree on."""
    colour = cv2.GaussianBlur(evidence[colour_codes(image)], (0, 0), 1.5)
    both = np.sqrt(np.clip(likely, 0, 1) * colour)
    sure = _main_part((both > 0.6) & (likely > 0.3))
    if sure.sum() < _LEAST_SEED * sure.size:
        return np.zeros(likely.shape, bool)
    near = cv2.dilate(sure.astype(np.uint8), np.ones((21, 21), np.uint8)) > 0
    return _grabcut(image, sure=_eroded(sure), maybe=((colour > 0.4) | sure) & near, scene=scene)


def _grabcut(image: Image, *, sure: Mask, maybe: Mask, scene: Scene) -> Mask:
    labels = np.full(sure.shape, cv2.GC_BGD, np.uint8)
    around = cv2.dilate(maybe.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    labels[around] = cv2.GC_PR_BGD
    labels[maybe] = cv2.GC_PR_FGD
    if scene.hand:
        labels[skin(image) & ~sure] = cv2.GC_BGD
    labels[sure] = cv2.GC_FGD
    rows, columns = np.nonzero(around)
    # Only the surroundings: half of the time goes into pixels that are not in question.
    part = (
        slice(max(0, int(rows.min()) - 20), int(rows.max()) + 21),
        slice(max(0, int(columns.min()) - 20), int(columns.max()) + 21),
    )
    inner = np.ascontiguousarray(labels[part])
    if not (np.isin(inner, (0, 2)).any() and np.isin(inner, (1, 3)).any()):
        return np.zeros(sure.shape, bool)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(0)
    crop = np.ascontiguousarray(image[part])
    whole = (0, 0, crop.shape[1], crop.shape[0])  # not looked at: the labels say where it may be
    cv2.grabCut(crop, inner, whole, models[0], models[1], _ROUNDS, cv2.GC_INIT_WITH_MASK)
    mask = np.zeros(sure.shape, bool)
    mask[part] = np.isin(inner, (cv2.GC_FGD, cv2.GC_PR_FGD))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    opened = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, kernel) > 0
    return _mended(_filled(_main_part(opened)), image, scene)


def _mended(mask: Mask, image: Image, scene: Scene) -> Mask:
    """Return the mask with its dents filled where something moved.

    Red and yellow prints have the colours of skin: a label would be cut out of its tin. What of a
    hand lies in a dent comes along; as a part of the thing that is covered it does little harm.
    """
    if scene.setting is not Setting.STILL_CAMERA or not mask.any():
        return mask
    reach = max(3, round(_DENT * float(np.sqrt(mask.sum())))) | 1
    room = reach + 1
    wide = cv2.copyMakeBorder(
        mask.astype(np.uint8), room, room, room, room, cv2.BORDER_CONSTANT, value=0
    )
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    closed = cv2.morphologyEx(wide, cv2.MORPH_CLOSE, kernel)[room:-room, room:-room] > 0
    return _filled(mask | (closed & has_moved(image, scene)))


def _eroded(mask: Mask) -> Mask:
    eroded = cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    return eroded if eroded.any() else mask


def _main_part(mask: Mask) -> Mask:
    """Return the largest connected part."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    if count < 2:
        return np.zeros(mask.shape, bool)
    return np.asarray(labels == 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax()))


def _filled(mask: Mask) -> Mask:
    outlines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = np.zeros(mask.shape, np.uint8)
    cv2.drawContours(filled, outlines, -1, 1, cv2.FILLED)
    return np.asarray(filled > 0)
