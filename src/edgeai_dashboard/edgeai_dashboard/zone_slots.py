"""Where the nodes take what is drawn: the one table that the page draws into."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edgeai_core.analyzers.objects.area_rules import parse_lines
from edgeai_core.privacy.mask_owners import MASKS
from edgeai_core.zones import parse_zones
from edgeai_dashboard.setting_checks import PRIVACY_OF


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneSlot:
    """A list of zones, lines or masks of a node.

    Attributes:
        key: stable name, which the page translates. node: role. parameter: takes them, each as
            "name: x,y x,y x,y … [@ HH:MM-HH:MM]" in 0..1 of the picture.
        is_line: each goes from one corner to another and encloses nothing.
        check: raises ConfigError for what cannot be drawn.
    """

    key: str
    node: str
    parameter: str
    is_line: bool = False
    check: Callable[[Sequence[str]], object] = parse_zones

    @property
    def is_mask(self) -> bool:
        """Whether it is a list for all cameras, in which a mask of one names it."""
        return self.parameter == MASKS


ZONE_SLOTS: tuple[ZoneSlot, ...] = (
    ZoneSlot(key="watched", node="object_detector", parameter="watch.areas.zones"),
    ZoneSlot(
        key="lines",
        node="object_detector",
        parameter="watch.areas.lines",
        is_line=True,
        check=parse_lines,
    ),
    ZoneSlot(key="places", node="object_detector", parameter="things.places"),
    ZoneSlot(key="bags", node="object_detector", parameter="watch.bags.exempt_zones"),
    ZoneSlot(key="flames", node="fire_detector", parameter="fire.normal_flames.zones"),
    ZoneSlot(key="lying", node="action_recognizer", parameter="watch.falls.lying_zones"),
    ZoneSlot(key="masks", node=PRIVACY_OF, parameter=MASKS),
)


def slot_of(key: str) -> ZoneSlot | None:
    """Return a slot by its key, None where there is none."""
    return next((slot for slot in ZONE_SLOTS if slot.key == key), None)
