import cv2
import numpy as np
import pytest

from edgeai_core.errors import DataError
from edgeai_lab.plots import Axis, Line, Mark, save_chart


def test_ticks_are_round():
    assert Axis(label="x", low=0.0, high=1.0).ticks() == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1])
    assert Axis(label="x", low=0.002, high=1.0, logarithmic=True).ticks() == [0.01, 0.1, 1.0]


def test_values_lie_at_their_share_of_the_axis():
    assert Axis(label="x", low=2.0, high=6.0).shares([1.0, 3.0, 9.0]).tolist() == [0, 0.25, 1]
    logarithmic = Axis(label="x", low=0.01, high=1.0, logarithmic=True)
    assert logarithmic.shares([0.0, 0.1]).tolist() == pytest.approx([0, 0.5])


def test_an_empty_range_is_refused():
    with pytest.raises(ValueError, match="no range"):
        Axis(label="x", low=1.0, high=1.0)
    with pytest.raises(ValueError, match="no range"):
        Axis(label="x", low=0.0, high=1.0, logarithmic=True)


def test_a_line_is_drawn_where_its_points_are(tmp_path):
    unit = Axis(label="x", low=0.0, high=1.0)
    chart = {"title": "t", "x": unit, "y": unit, "marks": [Mark(label="m", x=0.5)]}
    line = Line(label="", x=[0.0, np.nan, 1.0], y=[0.3, 0.1, 0.3])
    for name, lines in (("with", [line]), ("without", [])):
        save_chart(tmp_path / f"{name}.png", lines=lines, **chart)
    drawn = cv2.imread(str(tmp_path / "with.png")) != cv2.imread(str(tmp_path / "without.png"))
    rows = np.flatnonzero(drawn[:560, 90:870].any(axis=(1, 2)))
    assert 386 in rows  # 530 - 0.3 * 480
    assert rows.max() - rows.min() <= 4


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    unit = Axis(label="x", low=0.0, high=1.0)
    with pytest.raises(DataError, match="cannot be written"):
        save_chart(tmp_path / "file" / "a.png", title="", lines=[], x=unit, y=unit)
