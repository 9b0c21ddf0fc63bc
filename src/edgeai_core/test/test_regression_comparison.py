"""What was seen against what is expected, as verdicts, text and picture."""

from __future__ import annotations

import numpy as np
import pytest

from edgeai_core.geometry import Box
from edgeai_core.regression.comparison import compare
from edgeai_core.regression.expectations import Absent, Count, Expectations, Expected
from edgeai_core.regression.happenings import Happening, Kind, Moment
from edgeai_core.regression.picture import as_picture
from edgeai_core.regression.report import as_text


def car(*moments: tuple[float, float, float], track: int = 1) -> Happening:
    """Return a car by time, score and left edge; it is 10 px wide and high."""
    return Happening(
        kind=Kind.OBJECT,
        label="car",
        track=track,
        moments=tuple(
            Moment(at_s=at_s, score=score, box=Box(left, 0, left + 10, 10))
            for at_s, score, left in moments
        ),
    )


def expected(**values: object) -> Expected:
    return Expected(**({"kind": "object", "label": "car", "at_s": 1.0} | values))


def verdict(event: Expected, *seen: Happening):
    [one] = compare(Expectations(events=(event,)), seen).verdicts
    return one


def test_any_moment_in_time_in_place_and_in_score_answers():
    seen = car((0.0, 0.9, 0), (1.2, 0.6, 40), (2.0, 0.9, 80))
    found = verdict(expected(box=(40.0, 0.0, 50.0, 10.0), score=(0.5, 0.7)), seen)
    assert found.met
    assert (found.seen, found.moment) == (seen, seen.moments[1])
    assert found.sentence == "at 1.20 s, score 0.60, box 40 0 50 10"


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"at_s": 2.0}, "0.80 s too early"),
        ({"at_s": 0.5}, "0.70 s too late"),
        ({"box": (45.0, 0.0, 55.0, 10.0)}, "IoU 0.33 of 0.50"),
        ({"score": (0.7, 1.0)}, "score 0.60 not in 0.7..1"),
        ({"track": 7}, "track 1, not 7"),
    ],
)
def test_a_miss_names_the_nearest_and_what_is_wrong_with_it(values, fault):
    found = verdict(expected(**values), car((1.2, 0.6, 40)))
    assert not found.met
    assert found.sentence == f"nearest: at 1.20 s, score 0.60, box 40 0 50 10: {fault}"


def test_the_ends_of_a_tolerance_belong_to_it():
    assert verdict(expected(tolerance_s=0.2), car((1.2, 0.6, 40))).met
    assert not verdict(expected(tolerance_s=0.19), car((1.2, 0.6, 40))).met


def test_what_was_never_seen_is_told_so():
    assert verdict(expected(label="bus"), car((1.0, 0.6, 0))).sentence == (
        "no object bus was seen at all"
    )


def test_each_happening_answers_one_expectation_whatever_their_order():
    early, both = car((0.8, 0.5, 0)), car((0.8, 0.5, 0), (1.6, 0.5, 0), track=2)
    wide, narrow = expected(at_s=1.0, tolerance_s=1.0), expected(at_s=0.8, tolerance_s=0.1)
    late = expected(at_s=1.6, tolerance_s=0.1)
    for events in ((wide, late), (late, wide), (narrow, late), (late, narrow)):
        assert compare(Expectations(events=events), (both, early)).met
    three = compare(Expectations(events=(wide, narrow, late)), (both, early))
    assert len(three.failures) == 1
    assert three.failures[0].sentence.startswith("what fits answers another expectation already")


def test_what_must_not_come_and_how_many_may():
    seen = (car((1.0, 0.6, 0)), car((3.0, 0.4, 0), track=2))
    found = compare(
        Expectations(
            absent=(
                Absent(kind="object", label="bus"),
                Absent(kind="object", min_score=0.7),
                Absent(kind="object"),
            ),
            counts=(
                Count(kind="object", label="car", at_least=2, at_most=2),
                Count(kind="object", label="car", at_most=1),
            ),
        ),
        seen,
    )
    assert [v.met for v in found.verdicts] == [True, True, False, True, False]
    assert found.verdicts[2].sentence == "came: object car at 1.00 s, score 0.60, box 0 0 10 10"
    assert not found.met
    assert found.further == seen


def test_the_text_has_a_line_for_each_expectation_and_for_what_nobody_asked_for():
    found = compare(
        Expectations(
            events=(expected(), expected(at_s=9.0)),
            absent=(Absent(kind="hazard"),),
            counts=(Count(kind="object", label="car", at_most=5),),
        ),
        (car((1.0, 0.6, 0)), car((3.0, 0.4, 0), (4.0, 0.5, 0), track=2)),
    )
    assert as_text(found).splitlines() == [
        "      expected                     seen",
        "ok    object car at 1.00 ± 0.50 s  at 1.00 s, score 0.60, box 0 0 10 10",
        "MISS  object car at 9.00 ± 0.50 s  nearest: at 4.00 s, score 0.50, box 0 0 10 10: "
        "5.00 s too early",
        "ok    no hazard of any sort        none came",
        "ok    0 to 5 of object car         2 came",
        "1 of 4 expectations are not met",
        "not asked for: 1",
        "      object car at 3.00 to 4.00 s, score up to 0.50, track 2",
    ]


def test_the_picture_shows_frames_of_misses_only_and_asks_for_their_times():
    seen = (car((1.0, 0.6, 0)),)
    asked: list[float] = []

    def frame_at(at_s: float) -> np.ndarray:
        asked.append(at_s)
        return np.full((60, 80, 3), 200, np.uint8)

    good = as_picture(compare(Expectations(events=(expected(),)), seen), frame_at=frame_at)
    assert asked == []
    assert good.shape[1:] == (1080, 3)
    missing = Expectations(events=(expected(), expected(label="bus", at_s=2.5, box=(1, 1, 9, 9))))
    bad = as_picture(compare(missing, seen), frame_at=frame_at)
    assert asked == [2.5]
    # A frame of 340 px by 255 px, its two lines of text and the next row of the timeline.
    assert bad.shape[0] == good.shape[0] + 30 + 255 + 40 + 10
    assert (bad[good.shape[0] + 60 + 100, 20 + 150] == 200).all()


def test_a_picture_of_nothing_at_all_is_still_one():
    assert as_picture(compare(Expectations(absent=(Absent(kind="face"),)), ())).shape == (
        86,
        1080,
        3,
    )
