"""Identities over time, exact on small scenes."""

import pytest

from edgeai_core.geometry import Box
from edgeai_core.tracking import Tracker, TrackerConfig
from edgeai_core.types import Detection

FRAME_NS = 100_000_000


def person(x_px: float, *, score: float = 0.9, label: str = "person", y_px: float = 100.0):
    return Detection(label=label, score=score, box=Box(x_px, y_px, x_px + 40, y_px + 100))


def ids(detections):
    return [d.track_id for d in detections]


def test_identity_is_given_at_the_second_frame_in_a_row():
    tracker = Tracker()
    assert ids(tracker.update([person(0)], 0)) == [None]
    assert ids(tracker.update([person(2)], FRAME_NS)) == [1]
    assert ids(tracker.update([person(4)], 2 * FRAME_NS)) == [1]


def test_more_hits_can_be_asked_before_an_identity_is_given():
    tracker = Tracker(TrackerConfig(confirm_hits=3))
    seen = [ids(tracker.update([person(0)], n * FRAME_NS))[0] for n in range(4)]
    assert seen == [None, None, 1, 1]


def test_a_flicker_of_one_frame_takes_no_identity():
    tracker = Tracker()
    tracker.update([person(0)], 0)
    tracker.update([], FRAME_NS)
    assert ids(tracker.update([person(300)], 2 * FRAME_NS)) == [None]
    assert ids(tracker.update([person(300)], 3 * FRAME_NS)) == [1]


def test_detections_keep_order_box_score_and_label():
    tracker = Tracker(TrackerConfig(confirm_hits=1))
    given = [person(300, score=0.8), person(0), person(150, label="dog")]
    returned = tracker.update(given, 0)
    assert ids(returned) == [1, 2, 3]
    assert [(d.box, d.score, d.label) for d in returned] == [
        (d.box, d.score, d.label) for d in given
    ]
    assert ids(tracker.update(given[::-1], FRAME_NS)) == [3, 2, 1]


def test_two_objects_that_cross_keep_their_identities():
    tracker = Tracker()
    for n in range(31):
        right, left = person(10 * n), person(300 - 10 * n, y_px=110)
        # The order of the detector must not matter, so it changes with every frame.
        given = [right, left] if n % 2 else [left, right]
        returned = tracker.update(given, n * FRAME_NS)
        if n == 1:
            start = {d.box.y_min_px: d.track_id for d in returned}
            assert sorted(start.values()) == [1, 2]
        if n >= 1:
            assert {d.box.y_min_px: d.track_id for d in returned} == start


@pytest.mark.parametrize("frame_ns", [FRAME_NS // 3, FRAME_NS, 250_000_000])
def test_identity_survives_half_a_second_of_cover_at_any_frame_rate(frame_ns):
    tracker = Tracker()
    speed_px_s = 80.0
    for n in range(3_000_000_000 // frame_ns):
        time_s = n * frame_ns / 1e9
        covered = 1.0 < time_s <= 1.5
        returned = tracker.update([] if covered else [person(speed_px_s * time_s)], n * frame_ns)
        if n and not covered:
            assert ids(returned) == [1]


def test_identity_ends_when_the_object_is_lost_for_too_long():
    tracker = Tracker(TrackerConfig(max_lost_s=1.0))
    for n in range(3):
        tracker.update([person(0)], n * FRAME_NS)
    last_ns = 2 * FRAME_NS
    assert ids(tracker.update([person(0)], last_ns + 1_000_000_000)) == [1]
    assert ids(tracker.update([person(0)], last_ns + 2_000_000_001)) == [None]
    assert ids(tracker.update([person(0)], last_ns + 2_100_000_000)) == [2]


def test_an_unsure_detection_continues_a_track_and_never_begins_one():
    tracker = Tracker()
    for n in range(2):
        tracker.update([person(0)], n * FRAME_NS)
    returned = tracker.update([person(1, score=0.2), person(300, score=0.2)], 2 * FRAME_NS)
    assert [(d.track_id, d.box.x_min_px) for d in returned] == [(1, 1)]


def test_an_unsure_detection_does_not_revive_a_lost_track():
    tracker = Tracker()
    for n in range(2):
        tracker.update([person(0)], n * FRAME_NS)
    tracker.update([], 2 * FRAME_NS)
    assert tracker.update([person(0, score=0.2)], 3 * FRAME_NS) == ()
    assert ids(tracker.update([person(0)], 4 * FRAME_NS)) == [1]


def test_detections_below_the_low_score_are_ignored():
    tracker = Tracker()
    for n in range(2):
        tracker.update([person(0)], n * FRAME_NS)
    assert tracker.update([person(0, score=0.05)], 2 * FRAME_NS) == ()


def test_a_sure_detection_wins_against_an_unsure_one_that_fits_better():
    tracker = Tracker()
    for n in range(2):
        tracker.update([person(0)], n * FRAME_NS)
    returned = tracker.update([person(0, score=0.3), person(10, score=0.9)], 2 * FRAME_NS)
    assert [(d.track_id, d.score) for d in returned] == [(1, 0.9)]


def test_a_middling_score_matches_but_does_not_begin():
    tracker = Tracker(TrackerConfig(high_score=0.5, new_track_score=0.7, confirm_hits=1))
    assert ids(tracker.update([person(0, score=0.6)], 0)) == [None]
    assert ids(tracker.update([person(0, score=0.7)], FRAME_NS)) == [1]
    assert ids(tracker.update([person(0, score=0.6)], 2 * FRAME_NS)) == [1]


def test_labels_are_never_matched_with_each_other():
    tracker = Tracker()
    for n in range(2):
        tracker.update([person(0)], n * FRAME_NS)
    assert ids(tracker.update([person(0, label="dog")], 2 * FRAME_NS)) == [None]
    returned = tracker.update([person(0, label="dog"), person(0)], 3 * FRAME_NS)
    assert ids(returned) == [2, 1]


def test_time_that_goes_back_drops_tracks_and_reuses_no_identity():
    tracker = Tracker()
    for n in range(3):
        tracker.update([person(0)], n * FRAME_NS)
    assert ids(tracker.update([person(0)], 0)) == [None]
    assert ids(tracker.update([person(0)], FRAME_NS)) == [2]


def test_reset_drops_tracks_and_reuses_no_identity():
    tracker = Tracker(TrackerConfig(confirm_hits=1))
    assert ids(tracker.update([person(0)], 0)) == [1]
    tracker.reset()
    assert ids(tracker.update([person(0)], FRAME_NS)) == [2]


def test_empty_frames_and_repeated_stamps_are_harmless():
    tracker = Tracker()
    assert tracker.update([], 0) == ()
    assert ids(tracker.update([person(0)], 0)) == [None]
    assert ids(tracker.update([person(0)], 0)) == [1]
    assert tracker.update([], FRAME_NS) == ()


def test_a_box_without_area_is_harmless():
    tracker = Tracker(TrackerConfig(confirm_hits=1))
    point = Detection(label="person", score=0.9, box=Box(5, 5, 5, 5))
    assert ids(tracker.update([point], 0)) == [1]
    assert ids(tracker.update([point], FRAME_NS)) == [2]


def test_identities_are_aligned_with_the_detections():
    tracker = Tracker(TrackerConfig(confirm_hits=1))
    faces = [person(0, label="face"), person(200, label="face", score=0.2)]
    assert tracker.identities(faces, 0) == (1, None)
    assert tracker.identities(faces[::-1], FRAME_NS) == (None, 1)


def test_the_same_input_gives_the_same_identities():
    def run():
        tracker = Tracker()
        return [
            ids(
                tracker.update(
                    [person((37 * k + 11 * n * (k % 3)) % 600) for k in range(8)], n * FRAME_NS
                )
            )
            for n in range(20)
        ]

    assert run() == run()
