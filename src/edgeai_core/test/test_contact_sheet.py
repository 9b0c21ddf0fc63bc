"""The sheet of small pictures."""

from __future__ import annotations

import numpy as np

from edgeai_core.contact_sheet import contact_sheet


def test_pictures_stand_in_rows_of_six_in_their_order() -> None:
    pictures = [np.full((20, 20, 3), 10 * n, np.uint8) for n in range(8)]
    sheet = contact_sheet(pictures, [""] * 8)
    assert sheet.shape == (40, 120, 3)
    assert sheet[0, 100].tolist() == [50] * 3
    assert sheet[20, 20].tolist() == [70] * 3
    assert not sheet[20:, 40:].any()
    assert contact_sheet(pictures[:2], ["", ""]).shape == (20, 40, 3)


def test_caption_is_drawn_on_its_picture() -> None:
    sheet = contact_sheet([np.full((60, 60, 3), 128, np.uint8)] * 2, ["17", ""])
    assert (sheet[:, :60] != 128).any()
    assert (sheet[:, 60:] == 128).all()
