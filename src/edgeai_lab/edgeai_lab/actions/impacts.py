"""When somebody who falls hits the floor, measured without the rules that tell falls."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgeai_core.analyzers.actions.sights import TORSOS_PER_BODY, torso_of
from edgeai_core.analyzers.actions.watch import PoseSource
from edgeai_core.geometry import Box
from edgeai_lab.pictures import Image

_MIN_SIGHTS = 8
# At rest: the hips within this of where they are over the last third, in body heights.
_AT_REST = 0.06
_REST_SHARE = 1 / 3

_Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hips:
    """Where hips were over a clip.

    Attributes:
        stamps_ns: (N,) int64. heights_px: (N,) down from the picture's top. body_px: how high the
            person is upright.
    """

    stamps_ns: npt.NDArray[np.int64]
    heights_px: _Floats
    body_px: float


def hips_of(frames: Iterable[tuple[int, Image]], poses: PoseSource) -> Hips | None:
    """Return where the hips of a clip's only person are, None where they are hardly seen.

    The body finder looks at whole pictures: it needs no track and knows nothing of falls.
    """
    seen: list[tuple[int, float, float]] = []
    for stamp_ns, image in frames:
        pose = poses.estimate(image, Box(0, 0, image.shape[1], image.shape[0]))
        torso = None if pose is None else torso_of(pose)
        if torso is not None:
            seen.append((stamp_ns, torso.hips_xy_px[1], torso.length_px))
    if len(seen) < _MIN_SIGHTS:
        return None
    return Hips(
        stamps_ns=np.array([stamp for stamp, _, _ in seen], np.int64),
        heights_px=np.array([hips for _, hips, _ in seen], np.float64),
        body_px=TORSOS_PER_BODY * float(np.quantile([length for *_, length in seen], 0.75)),
    )


def impact_ns(hips: Hips) -> int | None:
    """Return when the hips came to rest at the end of a clip; None where they did not drop.

    The moment that leaves the fewest sights on the wrong side: high before, at rest after. Single
    ones are misplaced.
    """
    heights = hips.heights_px
    rest_px = float(np.median(heights[-max(3, round(len(heights) * _REST_SHARE)) :]))
    low = heights >= rest_px - _AT_REST * hips.body_px
    # Wrong if the impact were at sight i: low ones before it, high ones from it on.
    wrong = np.concatenate(([0], np.cumsum(low)[:-1])) + np.cumsum(~low[::-1])[::-1]
    first = int(wrong.argmin())
    return None if first == 0 else int(hips.stamps_ns[first])
