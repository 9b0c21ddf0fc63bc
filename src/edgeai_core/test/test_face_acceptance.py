"""How near is near enough."""

from __future__ import annotations

import math

import pytest

from edgeai_core.analyzers.faces.acceptance import distance_limit, mean_distance_limit


@pytest.mark.parametrize(("people", "limit"), [(1, 0.6), (30, 0.532), (1000, 0.4618)])
def test_the_limit_falls_with_the_logarithm_of_the_gallery(people: int, limit: float) -> None:
    found = distance_limit(0.6, gallery_penalty=0.02, gallery_size=people)
    assert found == pytest.approx(limit, abs=1e-4)


def test_a_limit_for_a_mean_is_the_index_s_correction_undone() -> None:
    assert mean_distance_limit(0.5, template_variance=0.12, count=4) == pytest.approx(0.4)
    assert math.sqrt(0.4**2 + 0.12 * (1 - 1 / 4)) == pytest.approx(0.5)
    assert mean_distance_limit(0.5, template_variance=0.12, count=1) == 0.5
    assert mean_distance_limit(0.1, template_variance=0.12, count=4) == 0.0
