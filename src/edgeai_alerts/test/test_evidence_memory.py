"""What is remembered of a camera: masked before all else, chosen by stamps, in bounded memory."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeai_alerts.evidence.capture import FrameCompressor, FrameSampler
from edgeai_alerts.evidence.ring import FrameRing, KeptFrame
from edgeai_alerts.evidence.sights import SightLog
from edgeai_core.errors import EvidenceError
from edgeai_core.geometry import Box
from edgeai_core.privacy.masks import masks_of
from edgeai_core.types import FaceMatch, Frame

S = 1_000_000_000
MASK = "window: 0.5,0.0 1.0,0.0 1.0,1.0 0.5,1.0"


def kept(stamp_ns: int, size: int = 10) -> KeptFrame:
    return KeptFrame(jpeg=b"x" * size, stamp_ns=stamp_ns, width_px=4, height_px=4)


def compressor(*masks: str, width_px: int = 1280) -> FrameCompressor:
    mask = masks_of(masks, cameras=["hall"])["hall"]
    return FrameCompressor(mask, max_width_px=width_px, jpeg_quality=90)


def frame(width_px: int = 64, height_px: int = 48) -> Frame:
    return Frame(image=np.full((height_px, width_px, 3), 200, np.uint8), stamp_ns=7)


def test_the_ring_forgets_what_is_older_than_its_length():
    ring = FrameRing(length_s=2.0, max_bytes=1000)
    for second in range(5):
        ring.add(kept(second * S))
    assert [f.stamp_ns for f in ring.between(0, 9 * S)] == [2 * S, 3 * S, 4 * S]
    assert (ring.oldest_ns, ring.newest_ns, ring.bytes) == (2 * S, 4 * S, 30)


def test_the_ring_lets_the_oldest_go_when_its_bytes_are_full():
    ring = FrameRing(length_s=100.0, max_bytes=25)
    for second in range(3):
        ring.add(kept(second * S))
    assert [f.stamp_ns for f in ring.between(0, 9 * S)] == [1 * S, 2 * S]


def test_a_picture_larger_than_the_ring_is_not_remembered():
    ring = FrameRing(length_s=100.0, max_bytes=25)
    ring.add(kept(1))
    ring.add(kept(2, size=26))
    assert (ring.bytes, ring.newest_ns) == (0, None)


def test_a_stamp_that_goes_back_empties_the_ring():
    ring = FrameRing(length_s=100.0, max_bytes=1000)
    ring.add(kept(5 * S))
    ring.add(kept(1 * S))
    assert [f.stamp_ns for f in ring.between(0, 9 * S)] == [1 * S]
    assert ring.bytes == 10


@given(
    steps=st.lists(
        st.tuples(st.integers(-3 * S, 5 * S), st.integers(0, 60)), min_size=1, max_size=60
    )
)
def test_whatever_comes_the_ring_stays_within_its_limits(steps):
    ring = FrameRing(length_s=4.0, max_bytes=100)
    stamp_ns = 0
    for step_ns, size in steps:
        stamp_ns += step_ns
        ring.add(kept(stamp_ns, size))
        held = ring.between(-(10**18), 10**18)
        assert ring.bytes == sum(len(f.jpeg) for f in held) <= 100
        assert all(b.stamp_ns - a.stamp_ns > 0 for a, b in itertools.pairwise(held))
        assert not held or held[-1].stamp_ns - held[0].stamp_ns <= 4 * S


def test_the_nearest_picture_is_found_only_when_it_is_near():
    ring = FrameRing(length_s=100.0, max_bytes=1000)
    assert ring.nearest(0, within_ns=S) is None
    ring.add(kept(1 * S))
    ring.add(kept(2 * S))
    assert ring.nearest(2 * S - 1, within_ns=S).stamp_ns == 2 * S
    assert ring.nearest(4 * S, within_ns=S) is None


def test_a_broken_picture_in_memory_says_so():
    with pytest.raises(EvidenceError, match="picture of 10 bytes in memory is no JPEG"):
        kept(1).image()


def test_of_thirty_frames_a_second_five_are_taken():
    sampler = FrameSampler(5.0)
    taken = [n for n in range(90) if sampler.takes(n * S // 30)]
    assert len(taken) == 15
    assert {b - a for a, b in itertools.pairwise(taken)} <= {5, 6, 7}


def test_footage_that_begins_anew_is_taken_at_once():
    sampler = FrameSampler(1.0)
    assert sampler.takes(100 * S)
    assert not sampler.takes(100 * S + 1)
    assert sampler.takes(3 * S)


def test_after_a_gap_the_rate_is_kept():
    sampler = FrameSampler(1.0)
    taken = [t for t in (0, 10.0, 10.1, 10.2, 10.9, 11.1) if sampler.takes(round(t * S))]
    assert taken == [0, 10.0, 10.9]


def test_what_is_masked_is_black_before_it_is_remembered():
    image = compressor(MASK).compressed(frame()).image()
    # Beside the border the JPEG's blocks of 16 x 16 px are not mixed.
    assert image[:, 32:].max() == 0
    assert image[:, :32].min() >= 195


def test_the_frame_of_the_others_keeps_what_is_masked():
    shared = frame()
    compressor(MASK).compressed(shared)
    assert shared.image.min() == 200


def test_a_wide_frame_is_made_smaller_and_says_by_how_much():
    small = compressor(MASK, width_px=32).compressed(frame())
    assert (small.width_px, small.height_px, small.scale, small.stamp_ns) == (32, 24, 0.5, 7)
    assert small.image()[:, 16:].max() == 0


def test_a_mask_follows_the_size_of_the_frames():
    maker = compressor(MASK)
    for width_px in (64, 128, 64):
        image = maker.compressed(frame(width_px=width_px)).image()
        assert image[:, width_px // 2 :].max() == 0


def test_who_was_recognised_is_named_once():
    log = SightLog(length_s=60.0)
    box = Box(0.0, 0.0, 9.0, 9.0)
    unknown = FaceMatch(box=box, detection_score=0.9)
    ada = FaceMatch(box=box, detection_score=0.9, person_id="p2", person_name="Ada")
    bob = FaceMatch(box=box, detection_score=0.9, person_id="p1", person_name="Bob")
    log.faces.add(1 * S, (unknown, ada))
    log.faces.add(2 * S, (ada, bob))
    log.faces.add(9 * S, (FaceMatch(box=box, detection_score=0.9, person_id="p3"),))
    assert log.people_between(1 * S, 2 * S) == ("p1", "p2")
