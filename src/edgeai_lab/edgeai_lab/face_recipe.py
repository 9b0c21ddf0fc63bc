"""How an embedding network is trained: its settings, and which people it never sees."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgeai_core.config import param
from edgeai_core.errors import DataError

_FEWEST_PEOPLE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceRecipe:
    """Settings of a training; two runs with the same ones and the same data are the same."""

    head: str = param(
        "arcface",
        "What teaches the network: softmax, or arcface, which asks for a margin between people",
        choices=("softmax", "arcface"),
    )
    epochs: int = param(40, "Most passes over the data", minimum=1, maximum=10000)
    batch_size: int = param(
        64, "Chips per step; higher is steadier and needs memory", minimum=2, maximum=4096
    )
    learning_rate: float = param(
        2e-3, "Largest step of AdamW; it falls to 0 along a cosine", minimum=1e-6, maximum=1.0
    )
    weight_decay: float = param(
        5e-4, "Pull of the weights towards 0; higher fits less closely", minimum=0.0, maximum=1.0
    )
    dimension: int = param(128, "Length of the embedding", minimum=2, maximum=1024)
    width: int = param(
        24,
        "Channels of the first layer; twice as wide is four times slower",
        minimum=4,
        maximum=256,
    )
    scale: float = param(
        16.0,
        "Factor of the cosines; higher pushes harder on the last errors",
        minimum=1,
        maximum=128,
    )
    margin: float = param(
        0.3, "ArcFace's angle between people; higher is harder", unit="rad", minimum=0, maximum=1.5
    )
    patience: int = param(
        8, "Stop after so many epochs without a better held-out figure", minimum=1, maximum=10000
    )
    held_out_share: float = param(
        0.2, "Share of the people that are never trained on", minimum=0.01, maximum=0.9
    )
    seed: int = param(0, "Of split, start and order", minimum=0, maximum=2**31 - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleSplit:
    """Chips by person, those trained on and those held out; nobody is in both."""

    training: Mapping[str, tuple[Path, ...]]
    held_out: Mapping[str, tuple[Path, ...]]

    def digest(self) -> str:
        """Return a sha256 over people, file names and contents, held-out ones told apart."""
        total = hashlib.sha256()
        for part in (self.training, self.held_out):
            for person, paths in part.items():
                for path in paths:
                    total.update(f"{person}\0{path.name}\0".encode())
                    total.update(hashlib.sha256(path.read_bytes()).digest())
            total.update(b"\1")
        return total.hexdigest()


def split_people(
    people: Mapping[str, tuple[Path, ...]], *, held_out_share: float, seed: int
) -> PeopleSplit:
    """Hold out whole people, at random, because a network remembers the faces it has seen.

    Who has a single chip forms no pair, so only people with two or more are held out.

    Raises:
        DataError: too few people to train on two and hold out two.
    """
    able = [name for name, paths in people.items() if len(paths) > 1]
    wanted = max(_FEWEST_PEOPLE, round(held_out_share * len(people)))
    count = min(wanted, len(able), len(people) - _FEWEST_PEOPLE)
    if count < _FEWEST_PEOPLE:
        raise DataError(
            f"training: got {len(people)} people, {len(able)} of them with two or more chips; "
            "needs two to train on and two others with two chips each to measure on"
        )
    chosen = set(np.random.default_rng(seed).permutation(sorted(able))[:count].tolist())
    return PeopleSplit(
        training={name: paths for name, paths in people.items() if name not in chosen},
        held_out={name: paths for name, paths in people.items() if name in chosen},
    )
