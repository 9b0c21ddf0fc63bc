"""Scripted people and bags pasted on a real clip, seen by a real detector.

The clip is OpenCV's vtest.avi, enlarged as a camera that stands nearer would see it. The people who
walk through it are its own; those of the script are a man who walks there alone, cut out. People
are what the detector finds. The case is pasted too, but a detector of this size hardly ever finds a
drawn case of 66 px, so its boxes are given to the watch with the scripts' faults; how often the
detector itself finds it is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import time
from pathlib import Path

import cv2
import numpy as np

from edgeai_core.analyzers.objects.appearance import colour_appearance
from edgeai_core.analyzers.objects.proximity import PERSON, overlap
from edgeai_core.analyzers.objects.watch import ObjectWatch
from edgeai_core.geometry import Box
from edgeai_core.object_events import EventKind, ObjectEvent
from edgeai_core.tracking import Tracker, TrackerConfig
from edgeai_core.types import Detection
from edgeai_lab.bags.cutouts import Cutout, Passage, background_of, cut_walk, paste
from edgeai_lab.bags.scenarios import SCENARIOS
from edgeai_lab.bags.scoring import Outcome, judge, truths, watch_config
from edgeai_lab.bags.sensor import BAG_LABELS, Faults, Sensor
from edgeai_lab.bags.stage import Stage
from edgeai_lab.bags.world import HEIGHT_PX, WIDTH_PX, World
from edgeai_lab.clips import frames_every
from edgeai_lab.pictures import Image

STEP_S = 0.2
# Part of vtest.avi that is looked at (16:9), and a man who walks there with nobody near.
_VIEW = Box(180, 120, 768, 450)
_PASSAGE = Passage(begin=24, end=49, box=Box(700, 260, 745, 390))
# On the path, where the man's size and the script's perspective agree.
_SPOT = (300.0, 420.0)
_MIN_SCORE = 0.3
# A travel case is higher than the bags of the scripts: 0.42 of a body.
_CASE_WIDTHS, _CASE_HEIGHTS = 1.05, 1.3
_NS_PER_S = 1_000_000_000
_FOUND_IOU = 0.4
_SHEET_PX = 426
_SHEET_PICTURES = 12
SCRIPTS = ("leaves", "stays", "returns_in_time", "picks_up", "looked_after", "walks_through")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scenery:
    """What sequences are composed of.

    Attributes:
        frames: of the clip, every fifth of a second, (H, W, 3) uint8 BGR. walk: the man who is
            pasted. bag: what is pasted for a bag.
    """

    frames: tuple[Image, ...]
    walk: tuple[Cutout, ...]
    bag: Cutout


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Played:
    """A sequence that was played.

    Attributes:
        outcome: what was told. sheet: what was seen.
        bag_looks: frames with the case in them, bag_seen: those in which the detector found it.
    """

    outcome: Outcome
    bag_looks: int
    bag_seen: int
    sheet: Image


def scenery_of(clip: Path, bag: Cutout) -> Scenery:
    """Return what sequences are composed of.

    Raises:
        SourceError: the clip cannot be read. DataError: it is not vtest.avi.
    """
    frames = [frame.image for frame in frames_every(clip, every_s=STEP_S)]
    walk = cut_walk(frames, background_of(frames), _PASSAGE)
    return Scenery(frames=tuple(map(_viewed, frames)), walk=tuple(walk), bag=bag)


def script(name: str, seed: int) -> World:
    """Return the world of a script at the place of the clip, without passers-by of its own."""
    rng = np.random.default_rng([seed, list(SCENARIOS).index(name)])
    world = SCENARIOS[name](Stage(rng, _SPOT))
    people = {who: walk for who, walk in world.people.items() if not who.startswith("passer")}
    return World(people=people, bags=world.bags, seconds=world.seconds)


def composed(world: World, scenery: Scenery, *, first: int) -> Iterator[tuple[float, Image]]:
    """Yield second and picture of a world on the clip, which begins anew where it ends."""
    for step in range(round(world.seconds / STEP_S)):
        second = step * STEP_S
        image = scenery.frames[(first + step) % len(scenery.frames)].copy()
        drawn = [(box, who) for who, box in world.person_boxes(second).items()]
        drawn += [(box, "") for box in world.bag_boxes(second).values()]
        for box, who in sorted(drawn, key=lambda entry: entry[0].y_max_px):
            if who:
                cutout, mirrored = _pose(world, who, second, scenery.walk)
                paste(image, cutout, box, mirrored=mirrored)
            else:
                paste(image, scenery.bag, _enlarged(box))
        yield second, image


class Chain:
    """What a camera's pictures go through: detector, tracker, watch.

    Args:
        detect: (H, W, 3) uint8 BGR to its objects. with_appearance: describe people to the watch.
    """

    def __init__(
        self, detect: Callable[[Image], Sequence[Detection]], *, with_appearance: bool
    ) -> None:
        self._detect = detect
        self._tracker = Tracker(TrackerConfig(high_score=_MIN_SCORE, new_track_score=_MIN_SCORE))
        self._with_appearance = with_appearance
        self.watch = ObjectWatch(watch_config())
        self.found: tuple[Detection, ...] = ()
        self.tracked: tuple[Detection, ...] = ()

    def look(
        self, image: Image, second: float, given: Sequence[Detection] = ()
    ) -> tuple[ObjectEvent, ...]:
        """Return what is told with a picture; `given` is added to what is found."""
        stamp_ns = round(second * _NS_PER_S)
        self.found = tuple(d for d in self._detect(image) if d.label in (PERSON, *BAG_LABELS))
        self.tracked = self._tracker.update((*self.found, *given), stamp_ns)
        return self.watch.update(
            self.tracked,
            stamp_ns=stamp_ns,
            width_px=image.shape[1],
            height_px=image.shape[0],
            local_time=time(12),
            appearances=_appearances(image, self.tracked) if self._with_appearance else None,
        )


def play_clip(clip: Path, chain: Chain) -> list[ObjectEvent]:
    """Return what is told of bags in a clip as it is.

    Raises:
        SourceError: the clip cannot be read.
    """
    events = [
        event
        for index, frame in enumerate(frames_every(clip, every_s=STEP_S))
        for event in chain.look(frame.image, index * STEP_S)
    ]
    return [event for event in events if event.kind is EventKind.BAG]


def play_pictures(name: str, seed: int, scenery: Scenery, chain: Chain) -> Played:
    """Compose a sequence and return what is told of it."""
    world = script(name, seed)
    rng = np.random.default_rng(seed)
    first = int(rng.integers(len(scenery.frames)))
    sensor = Sensor(world, Faults(), rng)
    events: list[ObjectEvent] = []
    shown: list[Image] = []
    wanted = np.linspace(0, world.seconds - 1, _SHEET_PICTURES)
    looks = seen = 0
    for second, image in composed(world, scenery, first=first):
        given = [bag for who, bag in sensor.detect(second) if who in world.bags]
        events += chain.look(image, second, given)
        boxes = world.bag_boxes(second).values()
        looks += len(boxes)
        seen += sum(any(_shows(d, box) for d in chain.found) for box in boxes)
        if len(shown) < len(wanted) and second >= wanted[len(shown)]:
            shown.append(_drawn(image, chain, second))
    outcome = judge(name, seed, truths(world, watch_config()), events)
    rows = [np.hstack(shown[index : index + 4]) for index in range(0, len(shown), 4)]
    return Played(outcome=outcome, bag_looks=looks, bag_seen=seen, sheet=np.vstack(rows))


def _shows(detection: Detection, bag: Box) -> bool:
    sure = detection.label in BAG_LABELS and detection.score >= _MIN_SCORE
    return sure and overlap(detection.box, _enlarged(bag)) >= _FOUND_IOU


def _enlarged(box: Box) -> Box:
    """Return the box of a travel case where the script has a bag."""
    center, half_px = box.center_px[0], _CASE_WIDTHS * box.width_px / 2
    top = box.y_max_px - _CASE_HEIGHTS * box.height_px
    return Box(center - half_px, top, center + half_px, box.y_max_px)


def _viewed(frame: Image) -> Image:
    x_min, y_min, x_max, y_max = map(int, _VIEW.as_xyxy())
    part = frame[y_min:y_max, x_min:x_max]
    return np.asarray(
        cv2.resize(part, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_CUBIC), np.uint8
    )


def _pose(world: World, who: str, second: float, walk: Sequence[Cutout]) -> tuple[Cutout, bool]:
    """Return the next step of somebody who walks, the first of somebody who stands."""
    now, before = world.people[who].at(second), world.people[who].at(second - STEP_S)
    if now is None or before is None or abs(now[0] - before[0]) < 1:
        return walk[-1], False
    return walk[round(second / STEP_S) % len(walk)], now[0] > before[0]


def _appearances(
    image: Image, tracked: Sequence[Detection]
) -> dict[int, np.ndarray[tuple[int], np.dtype[np.float32]]]:
    return {
        detection.track_id: looks
        for detection in tracked
        if detection.track_id is not None
        and detection.label == PERSON
        and (looks := colour_appearance(image, detection.box)) is not None
    }


def _drawn(image: Image, chain: Chain, second: float) -> Image:
    picture = image.copy()
    for detection in chain.tracked:
        x_min, y_min, x_max, y_max = map(int, detection.box.as_xyxy())
        colour = (0, 255, 0) if detection.label == PERSON else (0, 200, 255)
        cv2.rectangle(picture, (x_min, y_min), (x_max, y_max), colour, 2)
        text = f"{detection.track_id or '?'}"
        cv2.putText(picture, text, (x_min, y_min - 4), cv2.FONT_HERSHEY_SIMPLEX, 1, colour, 2)
    states = [
        f"{event.label} {event.state.value}"
        for event in chain.watch.current()
        if event.kind is EventKind.BAG
    ]
    told = f"{second:.0f} s {', '.join(states)}"
    cv2.putText(picture, told, (10, 40), cv2.FONT_HERSHEY_SIMPLEX, 1.4, (0, 0, 255), 3)
    height_px = round(_SHEET_PX * HEIGHT_PX / WIDTH_PX)
    return np.asarray(cv2.resize(picture, (_SHEET_PX, height_px)), np.uint8)
