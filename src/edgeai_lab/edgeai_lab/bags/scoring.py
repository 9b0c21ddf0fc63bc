"""What should have been said about a scripted world, and what was."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time

import numpy as np

from edgeai_core.analyzers.objects.proximity import heights_between
from edgeai_core.analyzers.objects.tracked import Appearance
from edgeai_core.analyzers.objects.watch import ObjectWatch, ObjectWatchConfig
from edgeai_core.config import build
from edgeai_core.geometry import Box
from edgeai_core.object_events import EventKind, ObjectEvent, ObjectState
from edgeai_core.tracking import Tracker, TrackerConfig
from edgeai_core.types import Detection
from edgeai_lab.bags.scenarios import ABANDONED_S, OWNERLESS_S, UNATTENDED_S
from edgeai_lab.bags.sensor import BAG_LABELS, Faults, Sensor, TrackSwapper
from edgeai_lab.bags.world import HEIGHT_PX, WIDTH_PX, World

FRAME_S = 0.2
_NS_PER_S = 1_000_000_000
# An alarm is right from a little before the truth, for the noise of the edges, until this late.
_EARLY_S, _LATE_S = 3.0, 15.0
_LOOKS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """A bag that should be told. Attributes: bag: name. second: when. box: where, pixels."""

    bag: str
    second: float
    box: Box


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one sequence.

    Attributes:
        scenario, seed: which. hits: alarms that are right, with how late they came in seconds.
        missed: bags that were not told. false_alarms: reasons of alarms that are wrong.
        states: what was told of bags, in order.
    """

    scenario: str
    seed: int
    hits: tuple[float, ...]
    missed: int
    false_alarms: tuple[str, ...]
    states: tuple[str, ...]


def watch_config() -> ObjectWatchConfig:
    """Return what is watched with: the defaults but for shorter times."""
    return build(
        ObjectWatchConfig,
        {
            "bags.labels": BAG_LABELS,
            "bags.unattended_after_s": UNATTENDED_S,
            "bags.abandoned_after_s": ABANDONED_S,
            "bags.ownerless_after_s": OWNERLESS_S,
        },
    )


def truths(world: World, config: ObjectWatchConfig) -> list[Truth]:
    """Return the alarms that a faultless watcher would raise."""
    found = []
    for name, carriage in world.bags.items():
        alone_since: float | None = None
        told = False
        for frame in range(round(world.seconds / FRAME_S)):
            second = frame * FRAME_S
            part, box = carriage.at(second), world.bag_boxes(second).get(name)
            owner = carriage.owner_at(second)
            if not isinstance(part, tuple) or box is None or owner is None:
                alone_since, told = None, False
                continue
            person = world.person_boxes(second).get(owner)
            near = config.bags.near_heights
            if person is not None and heights_between(box, person) <= near:
                alone_since, told = None, False
                continue
            alone_since = second if alone_since is None else alone_since
            limit_s = config.bags.abandoned_after_s
            if not told and second - alone_since >= limit_s:
                found.append(Truth(bag=name, second=second, box=box))
                told = True
    return found


def play(
    world: World, faults: Faults, rng: np.random.Generator, *, with_appearance: bool
) -> list[ObjectEvent]:
    """Return what is told of a world, through detector faults, tracker and watch."""
    sensor = Sensor(world, faults, rng)
    swapper = TrackSwapper(faults.swap, rng)
    tracker = Tracker(TrackerConfig(high_score=0.4, new_track_score=0.45))
    watcher = ObjectWatch(watch_config())
    looks = {name: _looks(rng) for name in sorted(world.people)}
    events: list[ObjectEvent] = []
    for frame in range(round(world.seconds / FRAME_S)):
        second = frame * FRAME_S
        stamp_ns = round(second * _NS_PER_S)
        named = sensor.detect(second)
        identities = tracker.identities([detection for _, detection in named], stamp_ns)
        tracked = tuple(
            dataclasses.replace(detection, track_id=identity)
            for (_, detection), identity in zip(named, identities, strict=True)
        )
        tracked = swapper.apply(tracked)
        appearances = _appearances(named, tracked, looks, rng) if with_appearance else None
        events += watcher.update(
            tracked,
            stamp_ns=stamp_ns,
            width_px=WIDTH_PX,
            height_px=HEIGHT_PX,
            local_time=time(12),
            appearances=appearances,
        )
    return events


def judge(
    scenario: str, seed: int, expected: Sequence[Truth], events: Sequence[ObjectEvent]
) -> Outcome:
    """Return which alarms of abandoned bags are right."""
    left = list(expected)
    hits, wrong = [], []
    for event in events:
        if event.kind is not EventKind.BAG or event.state is not ObjectState.ABANDONED:
            continue
        second = event.stamp_ns / _NS_PER_S
        match = next((truth for truth in left if _is_right(truth, event, second)), None)
        if match is None:
            wrong.append(f"{second:.1f} s: {event.reason}")
        else:
            left.remove(match)
            hits.append(second - match.second)
    return Outcome(
        scenario=scenario,
        seed=seed,
        hits=tuple(hits),
        missed=len(left),
        false_alarms=tuple(wrong),
        states=tuple(e.state.value for e in events if e.kind is EventKind.BAG),
    )


def _is_right(truth: Truth, event: ObjectEvent, second: float) -> bool:
    side_px = max(truth.box.width_px, truth.box.height_px)
    near = math.dist(truth.box.center_px, event.box.center_px) <= side_px
    return near and -_EARLY_S <= second - truth.second <= _LATE_S


def _looks(rng: np.random.Generator) -> Appearance:
    return np.asarray(rng.dirichlet(np.full(_LOOKS, 0.15)), np.float32)


def _appearances(
    named: Sequence[tuple[str, Detection]],
    tracked: Sequence[Detection],
    looks: dict[str, Appearance],
    rng: np.random.Generator,
) -> dict[int, Appearance]:
    """Return the appearance of every tracked person, with a share of chance in it."""
    found = {}
    for (name, _), detection in zip(named, tracked, strict=True):
        if name in looks and detection.track_id is not None:
            share = float(rng.uniform(0.05, 0.2))
            mixed = (1 - share) * looks[name] + share * _looks(rng)
            found[detection.track_id] = np.sqrt(mixed / mixed.sum()).astype(np.float32)
    return found
