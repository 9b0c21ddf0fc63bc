"""Every script many times over, and the figures."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from edgeai_lab.bags.scenarios import SCENARIOS, scene
from edgeai_lab.bags.scoring import Outcome, judge, play, truths, watch_config
from edgeai_lab.bags.sensor import Faults
from edgeai_lab.progress import Track

# Worlds and faults are drawn from different streams of one seed.
_FAULT_STREAM = 99


@dataclass(frozen=True, slots=True, kw_only=True)
class BagReport:
    """What was measured.

    Attributes:
        outcomes: of every sequence. faults: of the simulated detector.
        first_seed: of the first sequence of every script. with_appearance: people were described.
    """

    outcomes: tuple[Outcome, ...]
    faults: Faults
    first_seed: int
    with_appearance: bool

    def counts(self, scenario: str = "") -> tuple[int, int, int]:
        """Return right alarms, false alarms and missed bags, of one script or of all."""
        chosen = [o for o in self.outcomes if scenario in ("", o.scenario)]
        return (
            sum(len(o.hits) for o in chosen),
            sum(len(o.false_alarms) for o in chosen),
            sum(o.missed for o in chosen),
        )

    def document(self) -> dict[str, object]:
        """Return the figures as JSON values; see docs/lab.md for the keys."""
        right, wrong, missed = self.counts()
        late = [seconds for outcome in self.outcomes for seconds in outcome.hits]
        return {
            "note": "scripted sequences with simulated faults of the detector; no pictures",
            "sequences": len(self.outcomes),
            "f1": round(f1(right, wrong, missed), 4),
            "precision": round(right / max(right + wrong, 1), 4),
            "recall": round(right / max(right + missed, 1), 4),
            "right": right,
            "false": wrong,
            "missed": missed,
            "median_delay_s": round(median(late), 2) if late else None,
            "with_appearance": self.with_appearance,
            "first_seed": self.first_seed,
            "faults": dataclasses.asdict(self.faults),
            "scenarios": {name: self._row(name) for name in self._names()},
            "false_alarms": [
                {"scenario": o.scenario, "seed": o.seed, "reason": reason}
                for o in self.outcomes
                for reason in o.false_alarms
            ],
        }

    def _names(self) -> list[str]:
        return list(dict.fromkeys(outcome.scenario for outcome in self.outcomes))

    def _row(self, name: str) -> dict[str, object]:
        right, wrong, missed = self.counts(name)
        chosen = [outcome for outcome in self.outcomes if outcome.scenario == name]
        told = Counter(state for outcome in chosen for state in outcome.states)
        return {
            "what": (SCENARIOS[name].__doc__ or "").strip(),
            "sequences": len(chosen),
            "right": right,
            "false": wrong,
            "missed": missed,
            "told": dict(sorted(told.items())),
        }

    def describe(self) -> str:
        """Return the figures as lines for people."""
        lines = [f"{'script':<20} right false missed  told"]
        for name in self._names():
            right, wrong, missed = self.counts(name)
            row = self._row(name)
            lines.append(f"{name:<20} {right:>5} {wrong:>5} {missed:>6}  {row['told']}")
        right, wrong, missed = self.counts()
        score = f1(right, wrong, missed)
        lines.append(
            f"{len(self.outcomes)} sequences: {right} right, {wrong} false, {missed} missed, "
            f"F1 {score:.3f}"
        )
        return "\n".join(lines)


def f1(right: int, wrong: int, missed: int) -> float:
    """Return the harmonic mean of precision and recall; 0 where nothing was right."""
    return 2 * right / (2 * right + wrong + missed) if right else 0.0


def measure_bags(
    *,
    seeds: int,
    first_seed: int,
    with_appearance: bool,
    track: Track[tuple[str, int]],
    scenarios: Sequence[str] = tuple(SCENARIOS),
) -> BagReport:
    """Play every script with as many seeds and judge what is told.

    Args:
        seeds: sequences of each script. first_seed: of the first one.
        with_appearance: describe people to the watch. track: shows how far it got.
        scenarios: names of the scripts.
    """
    faults, config = Faults(), watch_config()
    jobs = [(name, first_seed + index) for name in scenarios for index in range(seeds)]
    outcomes = []
    for name, seed in track(jobs, "sequences"):
        world = scene(name, seed)
        rng = np.random.default_rng([seed, _FAULT_STREAM])
        events = play(world, faults, rng, with_appearance=with_appearance)
        outcomes.append(judge(name, seed, truths(world, config), events))
    return BagReport(
        outcomes=tuple(outcomes),
        faults=faults,
        first_seed=first_seed,
        with_appearance=with_appearance,
    )
