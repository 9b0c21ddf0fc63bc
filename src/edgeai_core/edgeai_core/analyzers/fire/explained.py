"""Fire as something that can be explained: the part of the picture that tells it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edgeai_core.analyzers.fire.crops import Crop
from edgeai_core.analyzers.fire.interfaces import LooksForFire
from edgeai_core.analyzers.fire.readings import FLAME, HAZARD_THRESHOLD, SMOKE
from edgeai_core.explaining.explainer import Case
from edgeai_core.geometry import Box


def fire_case(model: LooksForFire, image: npt.NDArray[np.uint8], part: Crop) -> Case | None:
    """Return the fire in a part of a picture; None when none is seen there now.

    The score is the probability of any fire in that part, which is what alarms are decided on.

    Args:
        model: takes one look. image: (H, W, 3) uint8 BGR. part: the one that told of the fire.
    """
    view = model.look(image, part)
    if view.hazard_score < HAZARD_THRESHOLD:
        return None
    edges = part.pixels(width_px=int(image.shape[1]), height_px=int(image.shape[0]))
    region = Box(*(float(edge) for edge in edges))
    label = FLAME if view.flame_score >= view.smoke_score else SMOKE
    boxes = [found for found in view.regions if found.label == label]
    best = max(boxes, key=lambda found: found.score, default=None)
    return Case(
        image=image,
        score=lambda shown: model.look(shown, part).hazard_score,
        base_score=view.hazard_score,
        region=region,
        label=label,
        box=region if best is None else best.box,
    )
