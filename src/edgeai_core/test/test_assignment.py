"""Pairing of rows and columns."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeai_core.assignment import best_pairs

gains = st.integers(0, 5).flatmap(
    lambda rows: st.integers(0, 5).flatmap(
        lambda columns: st.lists(
            st.lists(
                st.sampled_from([0.0, 0.0, 0.3, 0.5, 0.7, 1.0]), min_size=columns, max_size=columns
            ),
            min_size=rows,
            max_size=rows,
        ).map(lambda cells: np.array(cells, np.float64).reshape(rows, columns))
    )
)


def test_a_greedy_choice_gives_way_to_the_better_sum() -> None:
    assert best_pairs(np.array([[0.9, 0.8], [0.8, 0.1]])) == [(0, 1), (1, 0)]


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0)])
def test_nothing_pairs_with_nothing(shape: tuple[int, int]) -> None:
    assert best_pairs(np.zeros(shape)) == []


@given(gains)
def test_no_other_pairing_gains_more(gain: np.ndarray) -> None:
    pairs = best_pairs(gain)
    rows, columns = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    assert rows == sorted(set(rows))
    assert len(set(columns)) == len(columns)
    assert all(gain[pair] > 0 for pair in pairs)
    wide = gain if gain.shape[0] <= gain.shape[1] else gain.T
    best = max(
        sum(wide[row, column] for row, column in enumerate(order))
        for order in itertools.permutations(range(wide.shape[1]), wide.shape[0])
    )
    assert sum(gain[pair] for pair in pairs) == pytest.approx(best)
