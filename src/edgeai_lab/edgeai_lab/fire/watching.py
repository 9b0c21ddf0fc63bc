"""The watch over time, as the node runs it, on clips of files and on composed ones."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import time
from pathlib import Path

import cv2
import numpy as np

from edgeai_core.analyzers.fire.interfaces import LooksForFire
from edgeai_core.analyzers.fire.logic import FireConfig, FireWatch
from edgeai_core.types import Frame, HazardState
from edgeai_lab.clips import frames_every
from edgeai_lab.fire.composed import FlameClip
from edgeai_lab.pictures import Image
from edgeai_lab.progress import Track, silent

RATE_HZ = 10.0
_STEP_NS = round(1e9 / RATE_HZ)
_MOST_SECONDS = 12.0
# The product's streams are VGA: a larger clip is halved, which is near enough.
_LONGEST_SIDE_PX = 960
_NOON = time(12)
_BURNING = (HazardState.START_FIRE, HazardState.FIRE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """An alarm on a clip: its name, the second of the clip and the reason that was given."""

    clip: str
    second: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What came of some clips: how many, their frames, those over the threshold, the alarms."""

    clips: int
    frames: int
    frames_over_threshold: int
    alarms: tuple[Alarm, ...]


def watch_clips(
    model: LooksForFire,
    paths: Sequence[Path],
    config: FireConfig,
    *,
    in_sequence: bool,
    track: Track[Path] = silent,
) -> Watched:
    """Return the alarms on clips of which at most 12 s are seen, ten frames a second.

    Args:
        model: the fire model. paths: in the order in which they are played.
        in_sequence: one after the other through one watch, or each through its own.

    Raises:
        SourceError: a clip is missing or cannot be decoded.
    """
    watch = FireWatch(model, config)
    stamp_ns, frames, over = 0, 0, 0
    alarms: list[Alarm] = []
    burning = False
    for path in track(paths, "clips"):
        if not in_sequence:
            watch, burning = FireWatch(model, config), False
        for number, shown in enumerate(frames_every(path, every_s=1 / RATE_HZ)):
            if number >= _MOST_SECONDS * RATE_HZ:
                break
            stamp_ns += _STEP_NS
            frame = Frame(image=_reduced(shown.image), stamp_ns=stamp_ns)
            report = watch.update(frame, local_time=_NOON)
            frames += 1
            score = report.start_fire_score + report.fire_score
            over += score >= config.decision.score_threshold
            if report.state in _BURNING and not burning:
                alarms.append(Alarm(clip=path.name, second=number / RATE_HZ, reason=report.reason))
            burning = report.state in _BURNING
    return Watched(
        clips=len(paths), frames=frames, frames_over_threshold=over, alarms=tuple(alarms)
    )


def delay_s(
    model: LooksForFire, clip: FlameClip, config: FireConfig, *, seconds: float
) -> float | None:
    """Return the time from the first frame with the flame to the alarm; None without one.

    Args:
        seconds: of the clip that are watched. A delay below 0 is a false alarm.
    """
    watch = FireWatch(model, config)
    for number, image in enumerate(clip.frames(round(seconds * RATE_HZ), rate_hz=RATE_HZ)):
        frame = Frame(image=image, stamp_ns=(number + 1) * _STEP_NS)
        if watch.update(frame, local_time=_NOON).state in _BURNING:
            return (number - clip.starts) / RATE_HZ
    return None


def told_delays(delays: Iterable[float | None]) -> dict[str, object]:
    """Return the counts and times of some clips' delays as JSON has them."""
    every = list(delays)
    seen = [delay for delay in every if delay is not None and delay >= 0]
    return {
        "clips": len(every),
        "alarmed": len(seen),
        "before_the_flame": sum(1 for delay in every if delay is not None and delay < 0),
        "median_s": round(statistics.median(seen), 1) if seen else None,
        "longest_s": round(max(seen), 1) if seen else None,
    }


def _reduced(image: Image) -> Image:
    if max(image.shape[:2]) <= _LONGEST_SIDE_PX:
        return np.ascontiguousarray(image)
    half = (image.shape[1] // 2, image.shape[0] // 2)
    return np.asarray(cv2.resize(image, half, interpolation=cv2.INTER_AREA), np.uint8)
