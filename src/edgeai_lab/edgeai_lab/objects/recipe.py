"""The settings of a training of the object detector."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from edgeai_lab.objects.examples import Part, Source
from edgeai_lab.objects.variation import Variation
from edgeai_lab.training import Schedule

# Of what is drawn to train on, whatever the sizes of the folders.
SHARES_OF_SOURCES: Mapping[Source, float] = {
    Source.GUNS: 0.5,
    Source.WALLET: 0.15,
    Source.FIGHT: 0.15,
    Source.FALL: 0.05,
    Source.ABONIA: 0.12,
    Source.BIPLAB: 0.03,
}
# The rest trains.
SHARES_OF_PARTS: Mapping[Part, float] = {Part.TEST: 0.2, Part.VALIDATION: 0.1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """A part of the training.

    Attributes:
        schedule: epochs, steps and seed. variation: of each drawn picture.
        focus: see :func:`detection_loss`. shares: of the sources in what is drawn.
    """

    schedule: Schedule
    variation: Variation
    focus: float
    shares: Mapping[Source, float] = field(default_factory=lambda: SHARES_OF_SOURCES)


def _schedule(epochs: int, *, seed: int, learning_rate: float = 6e-4) -> Schedule:
    return Schedule(
        epochs=epochs,
        batch_size=16,
        learning_rate=learning_rate,
        weight_decay=0.02,
        patience=epochs,
        seed=seed,
    )


# Smaller pictures take half the time; scaled up as much, their things are as large. The shipped
# weights had the first 8 of 36 epochs for a first phase, and began the third from the last epoch of
# the second instead of the best.
_PHASES = (
    Phase(schedule=_schedule(10, seed=1), variation=Variation(), focus=2.0),
    Phase(
        schedule=_schedule(28, seed=2),
        variation=Variation(side_px=320, smallest=0.6, largest=2.0),
        focus=0.0,
    ),
    Phase(
        schedule=_schedule(20, seed=3, learning_rate=4e-4),
        variation=Variation(mosaic=0.35, smallest=0.6),
        focus=0.0,
    ),
    # The branch still fitted what it trained on too loosely (AP50 about 0.82).
    Phase(
        schedule=_schedule(40, seed=4),
        variation=Variation(mosaic=0.3, quarter_turn=0.3, smallest=0.6),
        focus=0.0,
        shares={
            Source.GUNS: 0.62,
            Source.WALLET: 0.1,
            Source.FIGHT: 0.12,
            Source.FALL: 0.04,
            Source.ABONIA: 0.1,
            Source.BIPLAB: 0.02,
        },
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectRecipe:
    """How the branch for guns and wallets is trained; the defaults made the shipped weights.

    Attributes:
        seed: of the parts and of the new weights. phases: one after the other.
        examples: drawn in an epoch. rates: each part's share of the learning rate.
        similarity: least cosine of two near-duplicates' features.
    """

    seed: int = 1
    phases: tuple[Phase, ...] = _PHASES
    examples: int = 800
    rates: Mapping[str, float] = field(
        default_factory=lambda: {"stride16": 0.3, "neck": 0.5, "head": 1.0}
    )
    similarity: float = 0.9


SMOKE_TEST = ObjectRecipe(
    phases=tuple(
        replace(phase, schedule=replace(phase.schedule, epochs=1, batch_size=4))
        for phase in _PHASES
    ),
    examples=8,
)
