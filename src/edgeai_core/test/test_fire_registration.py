"""Pictures are moved and levelled back onto an anchor."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from edgeai_core.analyzers.fire.registration import Anchor, shifted

_COARSE = np.random.default_rng(2).integers(40, 200, (15, 20)).astype(np.float32)
SCENE = cv2.resize(_COARSE, (160, 120), interpolation=cv2.INTER_CUBIC)


@pytest.mark.parametrize(("x_px", "y_px"), [(0.0, 0.0), (0.4, -0.3), (-1.5, 1.0)])
@pytest.mark.parametrize(("gain", "offset"), [(1.0, 0.0), (0.8, 10.0)])
def test_shift_and_light_are_found_together(x_px, y_px, gain, offset):
    sample = Anchor(SCENE).fitted(shifted(SCENE * gain + offset, -x_px, -y_px))
    assert (sample.x_px, sample.y_px) == pytest.approx((x_px, y_px), abs=0.15)
    assert sample.gain == pytest.approx(gain, abs=0.03)
    assert sample.offset == pytest.approx(offset, abs=3.0)
    inside = np.s_[5:-5, 5:-5]
    levelled = (sample.moved - sample.offset) / sample.gain
    assert np.abs(levelled - SCENE)[inside].mean() < 2.0


def test_something_that_moves_does_not_take_the_picture_along():
    picture = SCENE.copy()
    picture[30:80, 40:90] = np.roll(SCENE, 6, axis=1)[30:80, 40:90]
    sample = Anchor(SCENE).fitted(picture)
    assert (sample.x_px, sample.y_px) == pytest.approx((0, 0), abs=0.15)


def test_another_view_is_not_fitted():
    assert Anchor(SCENE).fitted(SCENE * 0.01) is None


def test_a_blank_wall_shows_no_shift():
    sample = Anchor(np.full_like(SCENE, 90)).fitted(np.full_like(SCENE, 91))
    assert (sample.x_px, sample.y_px) == pytest.approx((0, 0), abs=1e-6)


def test_a_sample_can_be_seen_from_another_of_the_same_anchor():
    anchor = Anchor(SCENE)
    first = anchor.fitted(shifted(SCENE * 0.9, -1.0, 0.5))
    second = anchor.fitted(shifted(SCENE * 1.1 + 4, 0.5, 0.5))
    seen = first.seen_from(second)
    inside = np.s_[8:-8, 8:-8]
    levelled = (seen.moved - seen.offset) / seen.gain
    assert np.abs(levelled - second.picture)[inside].mean() < 4.0
    assert seen.x_px == pytest.approx(1.5, abs=0.2)
