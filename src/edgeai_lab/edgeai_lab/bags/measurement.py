"""Every script many times over, and the figures."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

from edgeai_core.analyzers.objects.model import ObjectDetector
from edgeai_core.analyzers.objects.tiles import TiledDetector, TilesConfig
from edgeai_lab.bags.cutouts import draw_bag, read_bag
from edgeai_lab.bags.pictures import SCRIPTS, Chain, play_clip, play_pictures, scenery_of
from edgeai_lab.bags.scenarios import SCENARIOS, scene
from edgeai_lab.bags.scoring import Outcome, judge, play, truths, watch_config
from edgeai_lab.bags.sensor import BAG_LABELS, Faults
from edgeai_lab.pictures import write_picture
from edgeai_lab.progress import Track

# Worlds and faults are drawn from different streams of one seed.
_FAULT_STREAM = 99


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureReport:
    """What was measured on a real clip.

    Attributes:
        outcomes: of every composed sequence. detector: name of the model.
        clip_alarms: reasons of what is told of bags in the clip as it is, with the detector's own
            boxes. bag_seen_share: of the frames with the case, those in which it finds it, 0..1.
    """

    outcomes: tuple[Outcome, ...]
    bag_seen_share: float
    detector: str
    clip_alarms: tuple[str, ...]

    def document(self) -> dict[str, object]:
        """Return the figures as JSON values."""
        right, wrong, missed = _counts(self.outcomes)
        return {
            "note": "people as the detector finds them; the case's boxes are given with faults",
            "case_found_by_detector": round(self.bag_seen_share, 4),
            "detector": self.detector,
            "sequences": len(self.outcomes),
            "f1": round(f1(right, wrong, missed), 4),
            "right": right,
            "false": wrong,
            "missed": missed,
            "outcomes": [
                {
                    "scenario": o.scenario,
                    "seed": o.seed,
                    "right": len(o.hits),
                    "false": len(o.false_alarms),
                    "missed": o.missed,
                    "told": list(o.states),
                }
                for o in self.outcomes
            ],
            "clip_as_it_is": list(self.clip_alarms),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class BagReport:
    """What was measured.

    Attributes:
        outcomes: of every sequence. faults: of the simulated detector.
        first_seed: of the first sequence of every script. with_appearance: people were described.
        pictures: what was measured on pictures, None for not.
    """

    outcomes: tuple[Outcome, ...]
    faults: Faults
    first_seed: int
    with_appearance: bool
    pictures: PictureReport | None = None

    def counts(self, scenario: str = "") -> tuple[int, int, int]:
        """Return right alarms, false alarms and missed bags, of one script or of all."""
        return _counts([o for o in self.outcomes if scenario in ("", o.scenario)])

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
            "pictures": None if self.pictures is None else self.pictures.document(),
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
        if self.pictures is not None:
            right, wrong, missed = _counts(self.pictures.outcomes)
            lines.append(
                f"{len(self.pictures.outcomes)} composed of pictures: {right} right, {wrong} "
                f"false, {missed} missed, F1 {f1(right, wrong, missed):.3f}; "
                f"{len(self.pictures.clip_alarms)} told of the clip as it is"
            )
        return "\n".join(lines)


def _counts(outcomes: Sequence[Outcome]) -> tuple[int, int, int]:
    return (
        sum(len(o.hits) for o in outcomes),
        sum(len(o.false_alarms) for o in outcomes),
        sum(o.missed for o in outcomes),
    )


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


def measure_pictures(
    clip: Path,
    detector: ObjectDetector,
    *,
    name: str,
    bag: Path | None,
    seeds: int,
    first_seed: int,
    with_appearance: bool,
    sheets: Path | None,
    track: Track[tuple[str, int]],
) -> PictureReport:
    """Play scripts pasted on vtest.avi, and the clip as it is.

    Args:
        clip: vtest.avi. detector: what looks, closed by the caller. name: of its model.
        bag: transparent picture to paste, None for the drawn case.
        seeds, first_seed, with_appearance, track: as for :func:`measure_bags`.
        sheets: folder for one sheet of pictures a sequence, None for none.

    Raises:
        SourceError: the clip cannot be read. DataError: it is another clip, the bag cannot be
            read or a sheet cannot be written.
    """
    scenery = scenery_of(clip, draw_bag() if bag is None else read_bag(bag))
    outcomes = []
    looks = seen = 0
    for scenario, seed in track(
        [(entry, first_seed + index) for entry in SCRIPTS for index in range(seeds)], "pictures"
    ):
        chain = Chain(detector.detect, with_appearance=with_appearance)
        played = play_pictures(scenario, seed, scenery, chain)
        outcomes.append(played.outcome)
        looks, seen = looks + played.bag_looks, seen + played.bag_seen
        if sheets is not None:
            write_picture(sheets / f"{scenario}_{seed}.png", played.sheet)
    tiled = TiledDetector(detector.detect, TilesConfig(labels=BAG_LABELS))
    alarms = play_clip(clip, Chain(tiled.detect, with_appearance=with_appearance))
    return PictureReport(
        outcomes=tuple(outcomes),
        bag_seen_share=seen / max(looks, 1),
        detector=name,
        clip_alarms=tuple(f"{event.state.value}: {event.reason}" for event in alarms),
    )
