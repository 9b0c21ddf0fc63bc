"""Where a thing was seen last: "where are my keys?" answered with place, time and picture."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from edgeai_core.analyzers.objects.surroundings import jpeg, surroundings_of
from edgeai_core.config import param
from edgeai_core.geometry import Box
from edgeai_core.privacy.masks import PrivacyMask
from edgeai_core.types import Detection, Frame
from edgeai_core.zones import Zone, parse_zones

_NS_PER_S = 1_000_000_000
_PERSON = "person"
_MAX_THINGS = 64
# In longer sides of the thing: what is nearer is worth a word.
_BESIDE = 1.5
# Of the thing's area inside a person's box: it is in a hand or a pocket, not on the shelf behind.
_HELD_SHARE = 0.6
_NO_MASK = PrivacyMask(())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sighting:
    """One thing at one moment.

    Attributes:
        thing: label of the detector or name of a taught thing. stamp_ns: of the frame.
        box: pixels of the frame. score: 0..1. place: words for people ("shelf, beside the
            laptop"). in_view: still seen when this was told; False: since then out of sight.
        snapshot_jpeg: the surroundings with the thing marked; empty when it could not be made.
        camera: namespace; empty where the camera itself speaks.
    """

    thing: str
    stamp_ns: int
    box: Box
    score: float
    place: str
    in_view: bool
    snapshot_jpeg: bytes = b""
    camera: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SightingsConfig:
    """Whose last place is remembered.

    Raises:
        ConfigError: a place is not written as a zone.
    """

    labels: tuple[str, ...] = param(
        (),
        "Classes whose last place is remembered; things that were taught are remembered anyway",
        live=True,
    )
    places: tuple[str, ...] = param(
        (),
        'Places by name, as zones: "shelf: 0.1,0.2 0.4,0.2 0.4,0.5 0.1,0.5"; elsewhere the part '
        "of the picture is said",
        live=True,
    )
    min_score: float = param(
        0.4,
        "Detections below this confidence do not count; lower remembers places where it never was",
        minimum=0.0,
        maximum=1.0,
        live=True,
    )
    gone_after_s: float = param(
        2.0,
        "A thing that is not seen for longer is out of view, which is told with the last picture",
        unit="s",
        minimum=0.1,
        maximum=3600.0,
        live=True,
    )
    repeat_s: float = param(
        30.0,
        "A thing that stays in view is told again after this time; shorter writes more",
        unit="s",
        minimum=1.0,
        maximum=86_400.0,
        live=True,
    )

    def __post_init__(self) -> None:
        parse_zones(self.places)


@dataclass(slots=True)
class _Memory:
    """The newest look at a thing, and what was told of it."""

    sighting: Sighting
    surroundings: npt.NDArray[np.uint8]
    told_ns: int
    told_place: str
    gone: bool = field(default=False)


class SightingsMemory:
    """Remembers the last place of things of one camera; owned by one thread.

    A sighting is told when a thing appears, changes its place, stays for `repeat_s` and when it
    goes out of view. Of several of one label the surest counts. Time is the frames' stamps: a
    stamp that goes back begins anew.

    Args:
        config: whose place is remembered. mask: what is black in the pictures.
    """

    def __init__(self, config: SightingsConfig, *, mask: PrivacyMask = _NO_MASK) -> None:
        self._config = config
        self._mask = mask
        self._places = parse_zones(config.places)
        self._things: OrderedDict[str, _Memory] = OrderedDict()
        self._last_ns: int | None = None

    def retune(self, config: SightingsConfig) -> None:
        """Remember other things, or call places otherwise, from the next frame on.

        Raises:
            ConfigError: a place is not written as a zone.
        """
        self._places = parse_zones(config.places)
        self._config = config

    def update(
        self, frame: Frame, detections: Sequence[Detection], *, taught: Collection[str] = ()
    ) -> tuple[Sighting, ...]:
        """Return what is worth telling after a frame.

        Args:
            frame: the picture. detections: of that picture; those without an identity are not
                believed yet. taught: names of things that were taught.
        """
        if self._last_ns is not None and frame.stamp_ns < self._last_ns:
            self._things.clear()
        self._last_ns = frame.stamp_ns
        things = self._of_interest(detections, taught)
        image = self._mask.blackened(frame.image) if things else frame.image
        told = [
            sighting
            for detection in things
            if (sighting := self._seen(frame, image, detection, detections)) is not None
        ]
        return (*told, *self._out_of_view(frame.stamp_ns))

    def _of_interest(
        self, detections: Sequence[Detection], taught: Collection[str]
    ) -> list[Detection]:
        surest: dict[str, Detection] = {}
        for found in detections:
            known = found.label in self._config.labels or found.label in taught
            if not known or found.track_id is None or found.score < self._config.min_score:
                continue
            if found.label not in surest or found.score > surest[found.label].score:
                surest[found.label] = found
        return list(surest.values())

    def _seen(
        self,
        frame: Frame,
        image: npt.NDArray[np.uint8],
        detection: Detection,
        others: Sequence[Detection],
    ) -> Sighting | None:
        sighting = Sighting(
            thing=detection.label,
            stamp_ns=frame.stamp_ns,
            box=detection.box,
            score=detection.score,
            place=place_of(
                detection, others, self._places, width_px=frame.width_px, height_px=frame.height_px
            ),
            in_view=True,
        )
        people = [other.box for other in others if other.label == _PERSON]
        surroundings = surroundings_of(image, detection.box, people)
        known = self._things.get(detection.label)
        if known is None or known.gone:
            known = _Memory(sighting, surroundings, frame.stamp_ns, sighting.place)
            self._things[detection.label] = known
            if len(self._things) > _MAX_THINGS:
                self._things.popitem(last=False)
            return _with_snapshot(known)
        known.sighting, known.surroundings = sighting, surroundings
        self._things.move_to_end(detection.label)
        repeats = frame.stamp_ns - known.told_ns >= self._config.repeat_s * _NS_PER_S
        # A hand that covers it for a moment is no new place: a new one has to last.
        moved = sighting.place != known.told_place
        settled = frame.stamp_ns - known.told_ns >= self._config.gone_after_s * _NS_PER_S
        if not repeats and not (moved and settled):
            return None
        known.told_ns, known.told_place = frame.stamp_ns, sighting.place
        return _with_snapshot(known)

    def _out_of_view(self, now_ns: int) -> list[Sighting]:
        told = []
        for known in self._things.values():
            unseen_ns = now_ns - known.sighting.stamp_ns
            if known.gone or unseen_ns < self._config.gone_after_s * _NS_PER_S:
                continue
            known.gone = True
            known.sighting = replace(known.sighting, in_view=False)
            told.append(_with_snapshot(known))
        return told


def place_of(
    detection: Detection,
    others: Sequence[Detection],
    places: Sequence[Zone],
    *,
    width_px: int,
    height_px: int,
) -> str:
    """Return in words where something is in a picture of `width_px` x `height_px`."""
    x_px, y_px = detection.box.center_px
    point = (x_px / width_px, y_px / height_px)
    named = [zone.name for zone in places if zone.contains(point)]
    where = " and ".join(named) or _part_of_picture(*point)
    beside = _beside(detection, others)
    return f"{where}, {beside}" if beside else where


def _part_of_picture(x: float, y: float) -> str:
    column = ("left", "", "right")[min(2, max(0, int(3 * x)))]
    row = ("top", "", "bottom")[min(2, max(0, int(3 * y)))]
    return f"{' '.join(filter(None, (row, column))) or 'middle'} of the picture"


def _beside(detection: Detection, others: Sequence[Detection]) -> str:
    """Return what is near: who holds it, or the nearest other thing; empty for nothing."""
    box = detection.box
    reach_px = _BESIDE * max(box.width_px, box.height_px)
    nearest, label = math.inf, ""
    for other in others:
        if other.label == detection.label:
            continue
        if other.label == _PERSON:
            if _share_inside(box, other.box) >= _HELD_SHARE:
                return "with a person"
            continue
        gap_px = _gap_px(box, other.box)
        if gap_px <= reach_px and gap_px < nearest:
            nearest, label = gap_px, other.label
    return f"beside the {label}" if label else ""


def _share_inside(box: Box, other: Box) -> float:
    width_px = min(box.x_max_px, other.x_max_px) - max(box.x_min_px, other.x_min_px)
    height_px = min(box.y_max_px, other.y_max_px) - max(box.y_min_px, other.y_min_px)
    if width_px <= 0 or height_px <= 0 or box.area_px2 <= 0:
        return 0.0
    return width_px * height_px / box.area_px2


def _gap_px(box: Box, other: Box) -> float:
    x_gap = max(box.x_min_px - other.x_max_px, other.x_min_px - box.x_max_px, 0.0)
    y_gap = max(box.y_min_px - other.y_max_px, other.y_min_px - box.y_max_px, 0.0)
    return math.hypot(x_gap, y_gap)


def _with_snapshot(known: _Memory) -> Sighting:
    return replace(known.sighting, snapshot_jpeg=jpeg(known.surroundings))
