"""Tracked objects of a frame with identities that outlive tracks, and how those are found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgeai_core.config import param
from edgeai_core.geometry import Box

NS_PER_S = 1_000_000_000

Appearance = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentitiesConfig:
    """How the ends of tracks are joined; group ``identities``."""

    max_gap_s: float = param(
        6.0,
        "A new track continues one that ended nearby at most so long ago. Longer survives longer "
        "cover and sooner takes a stranger for somebody seen before",
        unit="s",
        minimum=0.0,
        maximum=60.0,
    )
    memory_s: float = param(
        300.0,
        "How long an appearance is remembered; somebody who comes back later is somebody new",
        unit="s",
        minimum=0.0,
        maximum=86400.0,
    )
    same_appearance: float = param(
        0.9,
        "Cosine of two appearances from which they are the same person's even far apart in place "
        "and time; higher recognises fewer of those who come back and confuses fewer",
        minimum=0.0,
        maximum=1.0,
    )
    # Colours of one person on vtest.avi agree by 0.7 to 0.9, half covered by 0.45 at worst; those
    # of two by up to 0.84.
    other_appearance: float = param(
        0.4,
        "Cosine of two appearances below which they are never the same person's",
        minimum=0.0,
        maximum=1.0,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedObject:
    """A tracked object of one frame.

    Attributes:
        identity: number from 1 that outlives tracks. track_id: the tracker's.
        label, score, box: as the detection's.
    """

    identity: int
    track_id: int
    label: str
    score: float
    box: Box
