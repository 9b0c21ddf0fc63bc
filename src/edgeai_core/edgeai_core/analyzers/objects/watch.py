"""The watch over the tracked objects of one camera: weapons, bags, zones and lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import time

from edgeai_core.analyzers.objects.areas import Areas, AreasConfig
from edgeai_core.analyzers.objects.bag_config import BagsConfig
from edgeai_core.analyzers.objects.bags import Bags
from edgeai_core.analyzers.objects.identities import Identities
from edgeai_core.analyzers.objects.numbering import Numbering
from edgeai_core.analyzers.objects.people import People
from edgeai_core.analyzers.objects.tracked import Appearance, IdentitiesConfig
from edgeai_core.analyzers.objects.weapons import Weapons, WeaponsConfig
from edgeai_core.config import group
from edgeai_core.object_events import ObjectEvent
from edgeai_core.types import Detection


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectWatchConfig:
    """What is watched for. As it comes it watches for nothing; profiles say what they want."""

    identities: IdentitiesConfig = group(IdentitiesConfig)
    weapons: WeaponsConfig = group(WeaponsConfig)
    bags: BagsConfig = group(BagsConfig)
    areas: AreasConfig = group(AreasConfig)


class ObjectWatch:
    """Turns the tracked detections of one camera into events; owned by one thread.

    Time is the frames' stamps, so a replayed recording gives the same events: a stamp that goes
    back starts anew, a repeated one adds nothing. Memory is bounded.
    """

    def __init__(self, config: ObjectWatchConfig | None = None) -> None:
        config = config or ObjectWatchConfig()
        numbering = Numbering()
        self._identities = Identities(config.identities)
        self._people = People()
        self._weapons = Weapons(config.weapons, numbering=numbering)
        self._bags = Bags(config.bags, numbering=numbering)
        self._areas = Areas(config.areas, numbering=numbering)
        self._last_ns: int | None = None

    def retune(self, config: ObjectWatchConfig) -> None:
        """Take live parameters from the next frame on; what is known of people and bags is kept.

        Raises:
            ConfigError: as for the configuration.
        """
        self._bags.retune(config.bags)
        self._areas.retune(config.areas)

    def reset(self) -> None:
        """Forget everything; incidents go on counting."""
        self._last_ns = None
        for part in (self._identities, self._people, self._weapons, self._bags, self._areas):
            part.reset()

    def update(
        self,
        detections: Sequence[Detection],
        *,
        stamp_ns: int,
        width_px: int,
        height_px: int,
        local_time: time,
        appearances: Mapping[int, Appearance] | None = None,
    ) -> tuple[ObjectEvent, ...]:
        """Return what changed with a frame, in the order weapons, bags, zones, lines.

        Args:
            detections: what the tracker returned for the frame, any labels, pixels of the picture.
            stamp_ns: the frame's stamp. width_px, height_px: size of the picture.
            local_time: time of day at the camera, for zones and lines that count for some hours.
            appearances: track to (D,) float32 of length 1 that describes how it looks, as
                `appearance.colour_appearance` does; for any of the tracks, or None.

        Raises:
            ValueError: the picture has no size.
        """
        if width_px < 1 or height_px < 1:
            raise ValueError(
                f"object watch: expected the picture's size in pixels, got {width_px} x {height_px}"
            )
        if self._last_ns is not None and stamp_ns == self._last_ns:
            return ()
        if self._last_ns is not None and stamp_ns < self._last_ns:
            self.reset()
        self._last_ns = stamp_ns
        sightings = self._identities.update(
            detections,
            stamp_ns=stamp_ns,
            width_px=width_px,
            height_px=height_px,
            appearances=appearances,
        )
        self._people.update(
            sightings,
            stamp_ns=stamp_ns,
            width_px=width_px,
            height_px=height_px,
            doubts=self._identities.doubts,
        )
        return (
            *self._weapons.update(detections, sightings, stamp_ns=stamp_ns),
            *self._bags.update(
                detections,
                self._people,
                stamp_ns=stamp_ns,
                width_px=width_px,
                height_px=height_px,
                local_time=local_time,
            ),
            *self._areas.update(
                sightings,
                stamp_ns=stamp_ns,
                width_px=width_px,
                height_px=height_px,
                local_time=local_time,
            ),
        )

    def current(self) -> tuple[ObjectEvent, ...]:
        """Return what goes on: weapons suspected or confirmed, bags alone, visits to zones.

        The events are as :meth:`update` told them, with the newest box and stamp.
        """
        if self._last_ns is None:
            return ()
        return (
            *self._weapons.current(stamp_ns=self._last_ns),
            *self._bags.current(self._people, stamp_ns=self._last_ns),
            *self._areas.current(stamp_ns=self._last_ns),
        )

    def bag_owners(self) -> dict[int, int]:
        """Return the track of every bag whose owner is known to the owner's track."""
        return self._bags.owners(self._people)
