"""What is still to be made of one alert."""

from __future__ import annotations

from dataclasses import dataclass, field

from edgeai_core.types import Alert


@dataclass(slots=True)
class Case:
    """An alert whose evidence is being made.

    Attributes:
        alert: as it was first told. snapshot_at_s, clip_at_s, explained_at_s: until when the
            picture, the clip's last picture and the heat-map are waited for, by the desk's clock;
            None when there is or will be none. needs_snapshot: there is no snapshot yet.
        kinds: what is kept.
    """

    alert: Alert
    snapshot_at_s: float
    clip_at_s: float | None
    explained_at_s: float | None
    needs_snapshot: bool = True
    kinds: list[str] = field(default_factory=list)
