"""Which places answer for which box, and how wrong they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

# As YOLOX has them (Ge 2021): places within this many strides of a box's middle may answer, and
# the sum of the best ten overlaps says how many do.
_CENTRE_STRIDES = 1.5
_MOST_PLACES = 10
_OVERLAP_COST = 3.0
_BOX_WEIGHT = 4.0
_FAR = 1e5
_EPSILON = 1e-7


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """Which places answer: their (P,) numbers, and the (P,) boxes and overlaps of each."""

    places: Tensor
    boxes: Tensor
    overlaps: Tensor


def assign(answers: Tensor, boxes: Tensor, anchors: Tensor) -> Assignment:
    """Return the places whose answers cost least for each box of one picture.

    SimOTA of YOLOX without its presence: the cost is that of the class plus three times that of
    the overlap, and a place answers for one box only.

    Args:
        answers: (A, 4 + C) centre, size in pixels and logits. boxes: (N, 5) class and corners in
            pixels. anchors: (A, 3) x, y and stride.
    """
    with torch.no_grad():
        middle = anchors[:, :2] + anchors[:, 2:] / 2
        centre = (boxes[:, 1:3] + boxes[:, 3:]) / 2
        inside = ((middle[None] > boxes[:, None, 1:3]) & (middle[None] < boxes[:, None, 3:])).all(
            dim=2
        )
        away = (middle[None] - centre[:, None]).abs() / anchors[None, :, 2:]
        central = (away < _CENTRE_STRIDES).all(dim=2)
        chosen = torch.nonzero((inside | central).any(dim=0)).flatten()
        overlaps = overlap(corners(answers[chosen, :4])[None], boxes[:, None, 1:])
        wanted = functional.one_hot(boxes[:, 0].long(), answers.shape[1] - 4).float()
        logits = answers[None, chosen, 4:].expand(len(boxes), -1, -1)
        cost = functional.binary_cross_entropy_with_logits(
            logits, wanted[:, None].expand_as(logits), reduction="none"
        ).sum(dim=2)
        cost = cost - _OVERLAP_COST * (overlaps + _EPSILON).log()
        cost = cost + _FAR * ~(inside & central)[:, chosen]
        taken = torch.zeros_like(cost)
        most = min(_MOST_PLACES, overlaps.shape[1])
        counts = overlaps.topk(most, dim=1).values.sum(dim=1).int().clamp(min=1)
        for row, count in enumerate(counts.tolist()):
            taken[row, cost[row].topk(count, largest=False).indices] = 1
        for column in torch.nonzero(taken.sum(dim=0) > 1).flatten():
            cheapest = cost[:, column].argmin()
            taken[:, column] = 0
            taken[cheapest, column] = 1
        row, column = torch.nonzero(taken, as_tuple=True)
        return Assignment(
            places=chosen[column], boxes=row, overlaps=overlaps[row, column].clamp(min=0)
        )


def detection_loss(
    answers: Tensor, boxes: Sequence[Tensor], anchors: Tensor, *, focus: float
) -> Tensor:
    """Return the loss of a batch.

    Classes: cross-entropy towards the overlap at the places that answer and towards 0 elsewhere.
    Boxes: 1 - overlap².

    Args:
        answers: (N, A, 4 + C). boxes: (M, 5) of each picture. anchors: (A, 3).
        focus: places that do not answer count by this power of their score. With 2, as in focal
            losses, things are found soon, and everywhere; 0 then teaches what they are not.
    """
    targets = torch.zeros_like(answers[..., 4:])
    box_loss = answers.new_zeros(())
    answering = 0
    for number, own in enumerate(boxes):
        if not len(own):
            continue
        found = assign(answers[number], own, anchors)
        now = overlap(corners(answers[number, found.places, :4]), own[found.boxes, 1:])
        box_loss = box_loss + (1 - now.square()).sum()
        targets[number, found.places, own[found.boxes, 0].long()] = found.overlaps
        answering += len(found.places)
    logits = answers[..., 4:]
    classes = functional.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    weights = logits.detach().sigmoid() ** focus
    classes = (torch.where(targets > 0, 1.0, weights) * classes).sum()
    return (classes + _BOX_WEIGHT * box_loss) / max(answering, 1)


def corners(centred: Tensor) -> Tensor:
    """Return corners of (..., 4) boxes given by centre and size."""
    half = centred[..., 2:] / 2
    return torch.cat([centred[..., :2] - half, centred[..., :2] + half], dim=-1)


def overlap(one: Tensor, other: Tensor) -> Tensor:
    """Return intersection over union of (..., 4) corners, broadcast."""
    low = torch.maximum(one[..., :2], other[..., :2])
    high = torch.minimum(one[..., 2:], other[..., 2:])
    shared = (high - low).clamp(min=0).prod(dim=-1)
    areas = [(box[..., 2:] - box[..., :2]).prod(dim=-1) for box in (one, other)]
    return shared / (areas[0] + areas[1] - shared + _EPSILON)
