"""When explanations are made, and how much they may cost."""

from __future__ import annotations

from dataclasses import dataclass

from edgeai_core.config import param


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainConfig:
    """Heat-maps of findings; group ``explain``."""

    enabled: bool = param(
        True, "Say on the topic explanations which parts of the picture a finding rests on"
    )
    budget_looks: int = param(
        96,
        "Pictures with hidden parts that the model judges for one heat-map; more make it sharper "
        "and later",
        minimum=16,
        maximum=1000,
    )
    looks_per_frame: int = param(
        2,
        "How many of them are judged after a frame at most, in the time that is left until the "
        "next one is due; more are done sooner and leave less of the processor to others",
        minimum=1,
        maximum=100,
    )
    cells: int = param(
        8,
        "Cells of the heat-map on each side of the part that is studied; more are finer and need "
        "a larger budget",
        minimum=4,
        maximum=16,
    )
    min_interval_s: float = param(
        10.0,
        "Time from one heat-map to the next at least",
        unit="s",
        minimum=0.0,
        maximum=3600.0,
    )
    give_up_s: float = param(
        15.0,
        "A finding that is not seen any more after this time is let go; a heat-map that is not "
        "done is made of the looks that were taken, if they are at least 24",
        unit="s",
        minimum=1.0,
        maximum=600.0,
    )
