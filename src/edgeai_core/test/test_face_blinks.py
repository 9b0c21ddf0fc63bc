"""A blink is short, deep and leaves the mesh where it was."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from edgeai_core.analyzers.faces.blinks import BlinkCounter

OPEN, SHUT = 0.3, 0.15


def counted(openness: Sequence[float], *, widths_px: Sequence[float] = (), rate: float = 20) -> int:
    counter = BlinkCounter(5.0)
    for number, value in enumerate(openness):
        width_px = widths_px[number] if widths_px else 100.0
        counter.add(openness=value, face_px=width_px, time_s=number / rate)
    return counter.count()


@pytest.mark.parametrize(
    ("openness", "blinks"),
    [
        ([OPEN] * 10 + [SHUT] + [OPEN] * 10, 1),
        (([OPEN] * 10 + [SHUT] * 4) * 2 + [OPEN] * 10, 2),
        ([OPEN] * 10 + [0.22] + [OPEN] * 10, 0),  # 0.73 of the median
        ([OPEN] * 20 + [SHUT] * 11 + [OPEN] * 20, 0),  # 0.55 s: asleep
        ([SHUT] * 3 + [OPEN] * 10 + [SHUT] * 3, 0),  # nobody saw it begin, or end
        ([OPEN, SHUT, OPEN], 0),
        ([], 0),
    ],
)
def test_only_short_deep_closures_between_open_eyes_count(
    openness: Sequence[float], blinks: int
) -> None:
    assert counted(openness) == blinks


def test_jump_of_the_mesh_is_no_blink() -> None:
    openness = [OPEN] * 10 + [SHUT] * 2 + [OPEN] * 10
    assert counted(openness, widths_px=[100.0] * 10 + [130.0] * 2 + [100.0] * 10) == 0
    assert counted(openness, widths_px=[100.0] * 10 + [105.0] * 2 + [100.0] * 10) == 1


def test_old_pictures_and_those_before_a_jump_of_time_do_not_count() -> None:
    counter = BlinkCounter(5.0)
    for number, value in enumerate([OPEN] * 10 + [SHUT] + [OPEN] * 10):
        counter.add(openness=value, face_px=100.0, time_s=number / 20)
    assert counter.count() == 1
    counter.add(openness=OPEN, face_px=100.0, time_s=0.0)
    assert counter.count() == 0
    for number in range(200):
        counter.add(openness=SHUT if number == 10 else OPEN, face_px=100.0, time_s=number / 20)
    assert counter.count() == 0
