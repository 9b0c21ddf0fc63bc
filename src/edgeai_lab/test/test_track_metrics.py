"""MOTA and IDF1 on sequences small enough to count by hand."""

from __future__ import annotations

import pytest

from edgeai_core.geometry import Box
from edgeai_lab.track_metrics import TrackedBox, score_tracks


def at(identity: int, x: float) -> TrackedBox:
    return TrackedBox(identity=identity, box=Box(x, 0, x + 10, 20))


LABELS = [[at(1, 0), at(2, 100)]] * 4


def test_tracks_that_are_the_labels_score_one():
    scores = score_tracks(LABELS, [[at(7, 1), at(9, 101)]] * 4)
    assert (scores.mota, scores.idf1) == (1.0, 1.0)


def test_a_swap_costs_two_switches_and_half_of_the_identities():
    scores = score_tracks(LABELS, [[at(7, 0), at(9, 100)]] * 2 + [[at(9, 0), at(7, 100)]] * 2)
    assert (scores.switches, scores.missed, scores.false) == (2, 0, 0)
    assert scores.mota == 0.75
    assert scores.idf1 == 0.5


def test_misses_and_false_boxes_are_counted():
    scores = score_tracks(LABELS, [[at(7, 0)], [at(7, 0), at(8, 300)], [at(7, 0)], []])
    assert (scores.missed, scores.false, scores.switches) == (5, 1, 0)
    assert scores.mota == 1 - 6 / 8
    assert scores.idf1 == 2 * 3 / (8 + 4)


def test_a_track_that_is_lost_and_begins_anew_is_a_switch():
    labels = [[at(1, 0)]] * 4
    scores = score_tracks(labels, [[at(7, 0)], [at(7, 0)], [], [at(8, 0)]])
    assert (scores.switches, scores.missed) == (1, 1)


def test_who_was_followed_before_stays_with_the_track_though_another_fits_better():
    labels = [[at(1, 0)]] * 2
    scores = score_tracks(labels, [[at(7, 0)], [at(8, 0), at(7, 2)]])
    assert (scores.switches, scores.false) == (0, 1)


def test_boxes_that_overlap_less_than_half_do_not_count():
    scores = score_tracks([[at(1, 0)]], [[at(7, 4)]])
    assert (scores.missed, scores.false, scores.true_identity) == (1, 1, 0)


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(ValueError, match="got 1 frames, expected 4"):
        score_tracks(LABELS, [[]])
    with pytest.raises(ValueError, match="no label"):
        score_tracks([[]], [[]])
