"""From the pictures of a clip to cut-outs of the thing that it shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

import cv2
import numpy as np
import numpy.typing as npt

from edgeai_core.geometry import Box
from edgeai_lab.compose.cutouts import Cutout
from edgeai_lab.pictures import Image
from edgeai_lab.progress import Track, silent
from edgeai_lab.teach.outlines import outline, refined
from edgeai_lab.teach.seeds import (
    Mask,
    Scene,
    colour_evidence,
    learn_scene,
    seed_of,
)

# GrabCut takes 40 ms at this size; a finer mask shows nothing more to a 416 px network.
_WORK_WIDTH_PX = 320
_LEAST_AREA, _MOST_AREA = 0.002, 0.45
_LEAST_SOLIDITY = 0.6
_LEAST_SHARPNESS = 0.3
_MOST_BORDER = 0.02
_MOST_GROWTH = 1.7
_LEAST_LIKENESS = 0.35
_CUTOUT_SIDE_PX = 200


class Refusal(Enum):
    """Why a picture gives no cut-out."""

    NOTHING = "nothing stands out"
    TOO_SMALL = "too small"
    TOO_LARGE = "fills the picture"
    CUT_OFF = "touches the picture's border"
    RAGGED = "ragged outline"
    BLURRED = "blurred"
    UNSTEADY = "unlike the pictures before and after"
    ODD = "other colours than in most pictures"
    PERSON = "a person was cut out"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Segmented:
    """A kept picture: its number, the whole of it, the thing's mask, box and cut-out."""

    index: int
    image: Image
    mask: Mask
    box: Box
    cutout: Cutout


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A picture without a cut-out: its number, why, and the figure that decided."""

    index: int
    refusal: Refusal
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Segmentation:
    """What a clip gave: what was kept and refused, and the scene without the thing."""

    kept: tuple[Segmented, ...]
    refused: tuple[Refused, ...]
    scene: Scene


@dataclass(slots=True, kw_only=True, eq=False)
class _Candidate:
    index: int
    small: Image
    mask: Mask
    sharpness: float = 0.0


def segment(
    images: Sequence[Image], *, empty: Sequence[Image] = (), track: Track[int] = silent
) -> Segmentation:
    """Cut the thing out of every picture that shows it well.

    The thing is what moves before a still camera and has not the colours of skin, or else what
    lies in the middle and has not the colours of the border. GrabCut (Rother 2004) draws the
    outline, once by picture and once with the colours that most pictures agree on.

    Args:
        images: (H, W, 3) uint8 BGR of one size, in the order of time, at least one.
        empty: pictures without the thing, of any size; of the same view they tell what moved.
    """
    height, width = images[0].shape[:2]
    size = (_WORK_WIDTH_PX, max(8, round(height * _WORK_WIDTH_PX / width)))
    small, bare = (
        [np.asarray(cv2.resize(i, size, interpolation=cv2.INTER_AREA), np.uint8) for i in group]
        for group in (images, empty)
    )
    scene = learn_scene(small, bare)
    seeds = [seed_of(image, scene) for image in small]
    masks: list[Mask] = []
    for number in track(range(len(small)), "outlines"):
        masks.append(outline(small[number], seeds[number], scene))
    evidence = colour_evidence(*_plausible(small, masks))
    candidates, refused = [], []
    for number in track(range(len(small)), "outlines by colour"):
        mask = refined(small[number], seeds[number], evidence, scene)
        refusal = _shape_refusal(number, mask)
        if refusal is not None:
            refused.append(refusal)
            continue
        candidates.append(_Candidate(index=number, small=small[number], mask=mask))
    good, screened = _screened(candidates)
    return Segmentation(
        kept=tuple(_cut(images[c.index], c) for c in good),
        refused=tuple(sorted((*refused, *screened), key=lambda r: r.index)),
        scene=replace(scene, background=_background(images, scene)),
    )


def _plausible(images: Sequence[Image], masks: Sequence[Mask]) -> tuple[list[Image], list[Mask]]:
    pairs = [
        (image, mask)
        for image, mask in zip(images, masks, strict=True)
        if _LEAST_AREA <= mask.mean() <= _MOST_AREA
    ]
    return [image for image, _ in pairs], [mask for _, mask in pairs]


def _shape_refusal(index: int, mask: Mask) -> Refused | None:
    area = float(mask.mean())
    if not area:
        return Refused(index=index, refusal=Refusal.NOTHING)
    if area < _LEAST_AREA:
        return Refused(index=index, refusal=Refusal.TOO_SMALL, detail=f"{100 * area:.1f} %")
    if area > _MOST_AREA:
        return Refused(index=index, refusal=Refusal.TOO_LARGE, detail=f"{100 * area:.0f} %")
    outlines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    outline = max(outlines, key=len)
    limits = (mask.shape[1] - 2, mask.shape[0] - 2)
    points = outline[:, 0, :]
    border = float(((points <= 1) | (points >= limits)).any(axis=1).mean())
    if border > _MOST_BORDER:
        return Refused(index=index, refusal=Refusal.CUT_OFF, detail=f"{100 * border:.0f} %")
    hull = cv2.contourArea(cv2.convexHull(outline))
    solidity = float(mask.sum()) / max(1.0, hull)
    if solidity < _LEAST_SOLIDITY:
        return Refused(index=index, refusal=Refusal.RAGGED, detail=f"solidity {solidity:.2f}")
    return None


def _screened(
    candidates: Sequence[_Candidate],
) -> tuple[list[_Candidate], list[Refused]]:
    """Leave out what is blurred or does not agree with the others."""
    good: list[_Candidate] = []
    refused: list[Refused] = []
    tables = [_colours(c) for c in candidates]
    usual = np.median(np.stack(tables), axis=0) if tables else np.zeros(1)
    for candidate in candidates:
        candidate.sharpness = _sharpness(candidate)
    middle = float(np.median([c.sharpness for c in candidates])) if candidates else 0.0
    for number, candidate in enumerate(candidates):
        near = [*candidates[max(0, number - 2) : number], *candidates[number + 1 : number + 3]]
        areas = [float(other.mask.sum()) for other in near]
        growth = float(candidate.mask.sum()) / float(np.median(areas)) if areas else 1.0
        likeness = float(np.minimum(tables[number], usual).sum() / max(1e-6, usual.sum()))
        if candidate.sharpness < _LEAST_SHARPNESS * middle:
            refusal, detail = Refusal.BLURRED, f"{candidate.sharpness / middle:.2f} of the usual"
        elif not 1 / _MOST_GROWTH <= growth <= _MOST_GROWTH:
            refusal, detail = Refusal.UNSTEADY, f"{growth:.1f} times the area"
        elif likeness < _LEAST_LIKENESS:
            refusal, detail = Refusal.ODD, f"likeness {likeness:.2f}"
        else:
            good.append(candidate)
            continue
        refused.append(Refused(index=candidate.index, refusal=refusal, detail=detail))
    return good, refused


def _colours(candidate: _Candidate) -> npt.NDArray[np.float64]:
    """Return the shares of hue and saturation, coarse: light and pose change them little."""
    lab = cv2.cvtColor(candidate.small, cv2.COLOR_BGR2LAB)[candidate.mask].astype(int) // 16
    counts = np.bincount(lab[:, 1] * 16 + lab[:, 2], minlength=256).astype(float)
    return np.asarray(counts / counts.sum())


def _sharpness(candidate: _Candidate) -> float:
    grey = cv2.cvtColor(candidate.small, cv2.COLOR_BGR2GRAY)
    return float(cv2.Laplacian(grey, cv2.CV_32F)[candidate.mask].std())


def _cut(image: Image, candidate: _Candidate) -> Segmented:
    height, width = image.shape[:2]
    fine = cv2.resize(candidate.mask.astype(np.float32), (width, height))
    fine = np.clip((cv2.GaussianBlur(fine, (0, 0), 1.5) - 0.5) * 2 + 0.4, 0, 1)
    mask = fine >= 0.5
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    box = Box(float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1))
    cutout = Cutout(image=image, alpha=np.asarray(fine, np.float32)).trimmed()
    return Segmented(index=candidate.index, image=image, mask=mask, box=box, cutout=limited(cutout))


def limited(cutout: Cutout) -> Cutout:
    """Return a cut-out that is no larger than a 416 px network can see."""
    height, width = cutout.alpha.shape
    scale = _CUTOUT_SIDE_PX / max(height, width)
    if scale >= 1:
        return Cutout(image=cutout.image.copy(), alpha=cutout.alpha.copy())
    return cutout.resized(max(1, round(width * scale)), max(1, round(height * scale)))


def _background(images: Sequence[Image], scene: Scene) -> Image:
    height, width = images[0].shape[:2]
    return np.asarray(cv2.resize(scene.background, (width, height)), np.uint8)
