"""Parameters of the isolated bag."""

from __future__ import annotations

from dataclasses import dataclass

from edgeai_core.config import param
from edgeai_core.errors import ConfigError
from edgeai_core.zones import parse_zones


@dataclass(frozen=True, slots=True, kw_only=True)
class BagsConfig:
    """When a bag is left alone; group ``bags``.

    Raises:
        ConfigError: a zone is not written as it should be, or abandoned comes before unattended.
    """

    labels: tuple[str, ...] = param(
        (),
        "Labels of the detector that are bags, such as backpack, handbag, suitcase; they count as "
        "one kind because detectors waver between them. Empty watches for none",
    )
    near_heights: float = param(
        1.5,
        "The neighbourhood of a bag, in heights of a body (1.5 is 2.6 m for 1.75 m): an owner "
        "within it attends the bag. Larger forgives more and tells later",
        minimum=0.1,
        maximum=20.0,
        live=True,
    )
    unattended_after_s: float = param(
        10.0,
        "A bag is unattended when its owner was not near for so long",
        unit="s",
        minimum=0.0,
        maximum=86400.0,
        live=True,
    )
    abandoned_after_s: float = param(
        60.0,
        "A bag is abandoned when its owner was not near for so long",
        unit="s",
        minimum=0.1,
        maximum=86400.0,
        live=True,
    )
    ownerless_after_s: float = param(
        120.0,
        "The same for a bag that appeared in view without anybody near; longer because the "
        "detector may only have overlooked it before. What was there from the beginning is taken "
        "for furniture until it is moved",
        unit="s",
        minimum=0.1,
        maximum=86400.0,
        live=True,
    )
    owner_gap_s: float = param(
        10.0,
        "An owner who is not seen any more, but was near and not at the picture's border, counts "
        "as near for so long: people who sit or are covered are lost at times",
        unit="s",
        minimum=0.0,
        maximum=3600.0,
    )
    companion_s: float = param(
        8.0,
        "Who stood within a body height of the bag together with its owner for so long looks after "
        "it too. Shorter hands a bag over sooner, also to strangers in a queue",
        unit="s",
        minimum=0.0,
        maximum=3600.0,
    )
    return_s: float = param(
        1.0,
        "The owner must be near again for so long to reclaim the bag",
        unit="s",
        minimum=0.0,
        maximum=3600.0,
    )
    carry_s: float = param(
        0.6,
        "A moving bag within somebody's reach for so long is carried by them",
        unit="s",
        minimum=0.0,
        maximum=60.0,
    )
    settle_s: float = param(
        5.0,
        "Bags that rest within so long from the beginning are furniture, or belong to who is near "
        "for most of that time",
        unit="s",
        minimum=0.0,
        maximum=3600.0,
    )
    missing_s: float = param(
        8.0,
        "A bag is no longer there when its place is free to view and it was not found for so long",
        unit="s",
        minimum=0.1,
        maximum=3600.0,
    )
    forget_s: float = param(
        60.0,
        "A bag that was not found for so long is forgotten",
        unit="s",
        minimum=0.1,
        maximum=86400.0,
    )
    min_seen_share: float = param(
        0.3,
        "Of the frames since it was left in which nobody covers its place, so many must show the "
        "bag; higher leaves out what the detector takes for a bag at times",
        minimum=0.0,
        maximum=1.0,
    )
    exempt_zones: tuple[str, ...] = param(
        (),
        "Places where bags may stand alone, in 0..1 of the picture, with hours if not always: "
        '"rack: 0.1,0.5 0.3,0.5 0.3,0.9 0.1,0.9 @ 06:00-22:00"',
        live=True,
    )

    def __post_init__(self) -> None:
        parse_zones(self.exempt_zones)
        if self.unattended_after_s > self.abandoned_after_s:
            raise ConfigError(
                f"unattended_after_s {self.unattended_after_s:g} s is longer than "
                f"abandoned_after_s {self.abandoned_after_s:g} s; lower it"
            )
