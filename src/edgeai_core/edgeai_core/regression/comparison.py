"""What was seen against what is expected."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edgeai_core.geometry import Box, iou_matrix
from edgeai_core.regression.expectations import Absent, Count, Expectations, Expected
from edgeai_core.regression.happenings import Happening, Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of one expectation.

    Attributes:
        expectation: as it was written. met: whether it holds. seen: the happening that answers it
            or, where none does, the one that comes nearest; None without any of its sort.
        moment: of `seen`, the one that answers or comes nearest. sentence: what was found.
    """

    expectation: Expected | Absent | Count
    met: bool
    sentence: str
    seen: Happening | None = None
    moment: Moment | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """All verdicts, and what nobody had asked for.

    Attributes:
        verdicts: events, absences and counts in the order of the file.
        further: happenings that answer no expected event; they are told, not held against anybody.
    """

    verdicts: tuple[Verdict, ...]
    further: tuple[Happening, ...]

    @property
    def met(self) -> bool:
        return all(verdict.met for verdict in self.verdicts)

    @property
    def failures(self) -> tuple[Verdict, ...]:
        return tuple(verdict for verdict in self.verdicts if not verdict.met)


def compare(expectations: Expectations, happenings: Sequence[Happening]) -> Comparison:
    """Return how a recording meets its expectations.

    As many expected events as possible are answered, each by a happening of its own (augmenting
    paths, Kuhn 1955): the order of the entries does not matter.
    """
    events = expectations.events
    fits = [
        [number for number, seen in enumerate(happenings) if _fit(event, seen) is not None]
        for event in events
    ]
    answers = _matched(fits, len(happenings))
    verdicts = [
        _answered(event, happenings[answers[number]])
        if number in answers
        else _missed(event, happenings, taken=bool(fits[number]))
        for number, event in enumerate(events)
    ]
    verdicts += [_absent(entry, happenings) for entry in expectations.absent]
    verdicts += [_counted(entry, happenings) for entry in expectations.counts]
    used = set(answers.values())
    further = tuple(seen for number, seen in enumerate(happenings) if number not in used)
    return Comparison(verdicts=tuple(verdicts), further=further)


def _fit(event: Expected, seen: Happening) -> Moment | None:
    """Return the moment that answers an expected event best; None when none does."""
    if (event.kind, event.label) != (seen.kind.value, seen.label):
        return None
    if event.track and event.track != seen.track:
        return None
    fitting = [moment for moment in seen.moments if not _faults(event, moment)]
    return min(fitting, key=lambda m: abs(m.at_s - event.at_s), default=None)


def _faults(event: Expected, moment: Moment) -> list[str]:
    faults: list[str] = []
    late_s = moment.at_s - event.at_s
    # A rounded time in a file must not fail by the last digit of a stamp.
    if abs(late_s) > event.tolerance_s + 1e-6:
        faults.append(f"{abs(late_s):.2f} s too {'late' if late_s > 0 else 'early'}")
    overlap = _overlap(event.place, moment.box)
    if overlap < event.min_iou:
        faults.append(f"IoU {overlap:.2f} of {event.min_iou:.2f}")
    if event.score and not event.score[0] <= moment.score <= event.score[1]:
        faults.append(f"score {moment.score:.2f} not in {event.score[0]:g}..{event.score[1]:g}")
    return faults


def _overlap(place: Box | None, box: Box | None) -> float:
    if place is None:
        return 1.0
    if box is None:
        return 0.0
    return float(iou_matrix(np.array([place.as_xyxy()]), np.array([box.as_xyxy()]))[0, 0])


def _matched(fits: Sequence[Sequence[int]], count: int) -> dict[int, int]:
    """Return event -> happening, as many as can be."""
    owner: list[int | None] = [None] * count

    def assign(event: int, tried: set[int]) -> bool:
        for number in fits[event]:
            if number in tried:
                continue
            tried.add(number)
            holder = owner[number]
            if holder is None or assign(holder, tried):
                owner[number] = event
                return True
        return False

    for event in range(len(fits)):
        assign(event, set())
    return {event: number for number, event in enumerate(owner) if event is not None}


def _answered(event: Expected, seen: Happening) -> Verdict:
    moment = _fit(event, seen)
    assert moment is not None  # it was matched because it fits
    return Verdict(
        expectation=event, met=True, seen=seen, moment=moment, sentence=_described(moment)
    )


def _missed(event: Expected, happenings: Sequence[Happening], *, taken: bool) -> Verdict:
    same = [h for h in happenings if (h.kind.value, h.label) == (event.kind, event.label)]
    if not same:
        return Verdict(
            expectation=event, met=False, sentence=f"no {event.kind} {event.label} was seen at all"
        )
    if taken:
        return Verdict(
            expectation=event,
            met=False,
            sentence="what fits answers another expectation already; each needs one of its own",
        )

    def distance(moment: Moment) -> tuple[bool, float, float]:
        late_s = abs(moment.at_s - event.at_s)
        in_time = late_s <= event.tolerance_s + 1e-6
        return not in_time, 0.0 if in_time else late_s, -_overlap(event.place, moment.box)

    seen, moment = min(
        ((h, m) for h in same for m in h.moments), key=lambda pair: distance(pair[1])
    )
    faults = _faults(event, moment)
    if event.track and seen.track != event.track:
        faults.append(f"track {seen.track}, not {event.track}")
    return Verdict(
        expectation=event,
        met=False,
        seen=seen,
        moment=moment,
        sentence=f"nearest: {_described(moment)}: {', '.join(faults)}",
    )


def _absent(entry: Absent, happenings: Sequence[Happening]) -> Verdict:
    for seen in happenings:
        of_kind = seen.kind.value == entry.kind and entry.label in ("", seen.label)
        if of_kind and seen.best.score >= entry.min_score:
            return Verdict(
                expectation=entry,
                met=False,
                seen=seen,
                moment=seen.best,
                sentence=f"came: {seen.kind.value} {seen.label} {_described(seen.best)}",
            )
    return Verdict(expectation=entry, met=True, sentence="none came")


def _counted(entry: Count, happenings: Sequence[Happening]) -> Verdict:
    number = sum((h.kind.value, h.label) == (entry.kind, entry.label) for h in happenings)
    met = entry.at_least <= number <= entry.at_most
    return Verdict(expectation=entry, met=met, sentence=f"{number} came")


def _described(moment: Moment) -> str:
    score = "" if math.isnan(moment.score) else f", score {moment.score:.2f}"
    if moment.box is None:
        return f"at {moment.at_s:.2f} s{score}"
    edges = " ".join(f"{edge:.0f}" for edge in moment.box.as_xyxy())
    return f"at {moment.at_s:.2f} s{score}, box {edges}"
