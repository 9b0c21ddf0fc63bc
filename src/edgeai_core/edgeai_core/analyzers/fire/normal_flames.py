"""Places where flame is normal, such as a stove, and the flame there that nobody attends.

Within its hours such a place raises no alarm: it is painted over in the picture that is judged. It
is looked at on its own instead, and a flame there is reported when nobody was near for too long.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time

import numpy as np
import numpy.typing as npt

from edgeai_core.analyzers.fire.crops import Crop
from edgeai_core.config import param
from edgeai_core.geometry import Box
from edgeai_core.zones import Zone, parse_zones

_NS_PER_S = 1_000_000_000
# By this share of the zone's sides a place is looked at, and its colour is taken, all around it.
_MARGIN = 0.25
_GREY = 127


@dataclass(frozen=True, slots=True, kw_only=True)
class NormalFlamesConfig:
    """Where and when flame is normal.

    Raises:
        ConfigError: a zone is not written as it should be.
    """

    zones: tuple[str, ...] = param(
        (),
        "Places where flame is normal, in 0..1 of the picture, with the hours of the day in which "
        'it is: "stove: 0.1,0.5 0.3,0.5 0.3,0.9 0.1,0.9 @ 06:00-22:00"; without hours always',
        live=True,
    )
    unattended_after_s: float = param(
        600.0,
        "A flame there is reported when nobody was seen near it for longer. Near: a person or face "
        "whose box, grown by its own width, meets the zone. Nobody is also when no detector of "
        "persons or faces runs",
        unit="s",
        minimum=1.0,
        maximum=86400.0,
        live=True,
    )
    flame_threshold: float = param(
        0.5,
        "Probability of flame from which one burns there; lower also notices small blue ones",
        minimum=0.0,
        maximum=1.0,
        live=True,
    )
    flame_gap_s: float = param(
        30.0,
        "A flame that is hidden for shorter still burns (a pot, somebody in front of it)",
        unit="s",
        minimum=0.0,
        maximum=3600.0,
        live=True,
    )

    def __post_init__(self) -> None:
        parse_zones(self.zones)


@dataclass(slots=True)
class _Flame:
    first_ns: int
    last_ns: int


class NormalFlames:
    """Watches the places of one camera; owned by one thread. Time is the frames' stamps."""

    def __init__(self, config: NormalFlamesConfig) -> None:
        self._config = config
        self._zones = parse_zones(config.zones)
        self._masks: dict[str, npt.NDArray[np.bool_]] = {}
        self._flames: dict[str, _Flame] = {}
        self._attended_ns: dict[str, int] = {}

    def retune(self, config: NormalFlamesConfig) -> None:
        """Take other places and limits; what is known of places that stay is kept.

        Raises:
            ConfigError: a zone is not written as it should be.
        """
        zones = parse_zones(config.zones)
        same = {zone.name for zone in zones if zone in self._zones}
        self._config, self._zones = config, zones
        self._masks = {name: mask for name, mask in self._masks.items() if name in same}
        self._flames = {name: flame for name, flame in self._flames.items() if name in same}
        self._attended_ns = {n: at_ns for n, at_ns in self._attended_ns.items() if n in same}

    def reset(self) -> None:
        """Forget who was where and what burns."""
        self._flames.clear()
        self._attended_ns.clear()

    def active(self, local_time: time) -> tuple[Zone, ...]:
        """Return the places where flame is normal at a time of day."""
        return tuple(zone for zone in self._zones if zone.active_at(local_time))

    def painted_over(
        self, image: npt.NDArray[np.uint8], zones: Sequence[Zone]
    ) -> npt.NDArray[np.uint8]:
        """Return the (H, W, 3) image with zones in the mean colour around them."""
        if not zones:
            return image
        painted: npt.NDArray[np.uint8] = image.copy()
        height_px, width_px = image.shape[:2]
        for zone in zones:
            x_min, y_min, x_max, y_max = crop_around(zone).pixels(
                width_px=width_px, height_px=height_px
            )
            mask = self._mask(zone, width_px, height_px)[y_min:y_max, x_min:x_max]
            part = painted[y_min:y_max, x_min:x_max]
            around = image[y_min:y_max, x_min:x_max][~mask]
            part[mask] = around.mean(axis=0) if len(around) else _GREY
        return painted

    def see_people(
        self, boxes: Sequence[Box], *, stamp_ns: int, width_px: int, height_px: int
    ) -> None:
        """Note who is where: boxes of persons and faces in pixels of the picture."""
        for zone in self._zones:
            if any(
                zone.overlap_share(_grown(box), width_px=width_px, height_px=height_px) > 0
                for box in boxes
            ):
                self._attended_ns[zone.name] = stamp_ns

    def see_flame(self, zone: Zone, score: float, *, stamp_ns: int) -> None:
        """Note the probability of flame at a place."""
        if score < self._config.flame_threshold:
            return
        flame = self._flames.get(zone.name)
        if flame is None or stamp_ns - flame.last_ns > self._config.flame_gap_s * _NS_PER_S:
            flame = self._flames[zone.name] = _Flame(stamp_ns, stamp_ns)
        flame.last_ns = stamp_ns

    def unattended_s(self, zones: Sequence[Zone], *, stamp_ns: int) -> dict[str, float]:
        """Return for how many seconds flames have been left alone that were so for too long.

        Args:
            zones: the places where flame is normal now. stamp_ns: now.

        Returns:
            Name of the zone to seconds, in the order of the zones.
        """
        alone_s: dict[str, float] = {}
        for zone in zones:
            flame = self._flames.get(zone.name)
            if flame is None or stamp_ns - flame.last_ns > self._config.flame_gap_s * _NS_PER_S:
                continue
            since_ns = max(flame.first_ns, self._attended_ns.get(zone.name, flame.first_ns))
            seconds = (stamp_ns - since_ns) / _NS_PER_S
            if seconds > self._config.unattended_after_s:
                alone_s[zone.name] = seconds
        return alone_s

    def _mask(self, zone: Zone, width_px: int, height_px: int) -> npt.NDArray[np.bool_]:
        mask = self._masks.get(zone.name)
        if mask is None or mask.shape != (height_px, width_px):
            mask = zone.mask(width_px=width_px, height_px=height_px)
            self._masks[zone.name] = mask
        return mask


def crop_around(zone: Zone) -> Crop:
    """Return the part of the picture with a zone and something around it."""
    x_min, y_min, x_max, y_max = zone.bounds()
    x_more, y_more = _MARGIN * (x_max - x_min), _MARGIN * (y_max - y_min)
    return Crop(
        x_min=max(0.0, x_min - x_more),
        y_min=max(0.0, y_min - y_more),
        x_max=min(1.0, x_max + x_more),
        y_max=min(1.0, y_max + y_more),
    )


def _grown(box: Box) -> Box:
    by_px = box.width_px
    return Box(
        box.x_min_px - by_px, box.y_min_px - by_px, box.x_max_px + by_px, box.y_max_px + by_px
    )
