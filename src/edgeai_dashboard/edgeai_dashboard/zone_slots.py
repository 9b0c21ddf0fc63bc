"""Where the nodes take zones: the one table that the page draws into."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneSlot:
    """A list of zones of a node.

    Attributes:
        key: stable name, which the page translates. node: role. parameter: takes the zones, each
            as "name: x,y x,y x,y … [@ HH:MM-HH:MM]" in 0..1 of the picture.
    """

    key: str
    node: str
    parameter: str


ZONE_SLOTS: tuple[ZoneSlot, ...] = (
    ZoneSlot(key="watched", node="object_detector", parameter="watch.areas.zones"),
    ZoneSlot(key="places", node="object_detector", parameter="things.places"),
    ZoneSlot(key="bags", node="object_detector", parameter="watch.bags.exempt_zones"),
    ZoneSlot(key="flames", node="fire_detector", parameter="fire.normal_flames.zones"),
    ZoneSlot(key="lying", node="action_recognizer", parameter="watch.falls.lying_zones"),
)
