"""From the data folder to the shipped file: part the pictures, train the branch, export."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from edgeai_core.errors import DataError
from edgeai_lab.data.features import compute_features
from edgeai_lab.data.groups import near_pairs
from edgeai_lab.objects.branch import Branch
from edgeai_lab.objects.examples import Example, Part, Source, dealt, film_of, grouped
from edgeai_lab.objects.lesson import NewClasses
from edgeai_lab.objects.network import Head, Neck, Trunk
from edgeai_lab.objects.recipe import SHARES_OF_PARTS, SHARES_OF_SOURCES, ObjectRecipe
from edgeai_lab.progress import Track, silent
from edgeai_lab.training import History, Trainer

# Folders whose pictures are parted; clips are by their numbers, the others only train.
_PARTED = (Source.GUNS, Source.WALLET)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Division:
    """The examples by part, and the number of groups of near-duplicates among the parted ones."""

    examples: Mapping[Part, tuple[Example, ...]]
    groups: int

    def counts(self) -> dict[str, dict[str, int]]:
        """Return how many examples of each source a part has."""
        return {
            part.value: dict(Counter(item.source.name for item in examples))
            for part, examples in self.examples.items()
        }


def divide(
    examples: Sequence[Example], data: Path, recipe: ObjectRecipe, *, track: Track[Path] = silent
) -> Division:
    """Return the examples by part; what looks alike or is of one film stays together.

    Raises:
        DataError: a picture cannot be decoded. ModelMissingError: the weights that tell what looks
            alike are not installed.
    """
    chosen: dict[Part, list[Example]] = {part: [] for part in Part}
    total = 0
    for source in Source:
        own = [item for item in examples if item.source is source]
        if source not in _PARTED:
            chosen[Part.TRAINING].extend(own)
            continue
        paths = [data / source.value / "images" / item.name for item in own]
        features = compute_features(paths, track=track)
        pairs = near_pairs(features, min_cosine=recipe.similarity)
        groups = grouped([film_of(item) for item in own], pairs)
        rng = np.random.default_rng(recipe.seed)
        for item, part in zip(own, dealt(groups, shares=SHARES_OF_PARTS, rng=rng), strict=True):
            chosen[part].append(item)
        total += len(set(groups))
    return Division(examples={part: tuple(items) for part, items in chosen.items()}, groups=total)


def train(
    division: Division,
    start: tuple[Trunk, Neck, Head],
    recipe: ObjectRecipe,
    folder: Path,
    *,
    track: Track[int] = silent,
) -> tuple[Branch, tuple[History, ...]]:
    """Train the branch; the folder gets a folder for each phase with its curves and checkpoint.

    Raises:
        DataError: there is no picture of a gun to train or to validate on, or the folder cannot
            be written.
    """
    training, validation = (division.examples[part] for part in (Part.TRAINING, Part.VALIDATION))
    guns = [item for item in validation if item.source is Source.GUNS]
    counts = Counter(item.source for item in training)
    if not guns or not counts[Source.GUNS]:
        raise DataError(
            f"objects training: {counts[Source.GUNS]} pictures of guns to train on and "
            f"{len(guns)} to validate with; {Source.GUNS.value} is too small"
        )
    trunk, neck, head = start
    torch.manual_seed(recipe.seed)
    branch = Branch(trunk, neck, head)
    histories = []
    for number, phase in enumerate(recipe.phases, start=1):
        lesson = NewClasses(
            trunk,
            branch,
            training=training,
            weights=[SHARES_OF_SOURCES[item.source] / counts[item.source] for item in training],
            validation=guns,
            examples=recipe.examples,
            variation=phase.variation,
            focus=phase.focus,
            rates=recipe.rates,
        )
        trainer = Trainer(
            lesson,
            phase.schedule,
            folder / f"phase_{number}",
            origin={"phase": str(phase), "examples": str(division.counts())},
            device=torch.device("cpu"),
        )
        histories.append(trainer.run(track=track))
    return branch, tuple(histories)
