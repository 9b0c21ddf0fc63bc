"""A comparison as a picture: what was seen over time, and frames of what does not fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from edgeai_core.geometry import Box
from edgeai_core.regression.comparison import Comparison, Verdict
from edgeai_core.regression.expectations import Expected
from edgeai_core.regression.happenings import Happening
from edgeai_core.regression.report import expected_text

Picture = npt.NDArray[np.uint8]
Colour = tuple[int, int, int]

_WIDTH_PX = 1080
_LEFT_PX = 230
_ROW_PX = 30
_HEAD_PX = 56
_TILE_WIDTH_PX = 340
_TILE_TEXT_PX = 40
_MOST_ROWS = 60
_MOST_TILES = 9
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_WHITE: Colour = (255, 255, 255)
_INK: Colour = (40, 40, 40)
_FAINT: Colour = (225, 225, 225)
# Blue and orange are told apart by those who cannot tell red from green (Okabe and Ito 2008).
_SEEN: Colour = (178, 114, 0)
_MET: Colour = (115, 158, 0)
_MISSED: Colour = (0, 94, 213)


def as_picture(
    comparison: Comparison, *, frame_at: Callable[[float], Picture | None] = lambda at_s: None
) -> Picture:
    """Return a timeline of expected and seen, with a small frame of every event that misses.

    Args:
        comparison: what to show. frame_at: gives the (H, W, 3) uint8 BGR frame nearest to a time in
            seconds after the first; None without one.

    Returns:
        (H, 1080, 3) uint8 BGR.
    """
    timeline = _timeline(comparison)
    tiles = [
        tile for verdict in comparison.failures if (tile := _tile(verdict, frame_at)) is not None
    ][:_MOST_TILES]
    return np.vstack([timeline, *_rows_of(tiles)])


def _timeline(comparison: Comparison) -> Picture:
    events = [v for v in comparison.verdicts if isinstance(v.expectation, Expected)]
    seen = [*comparison.further, *(v.seen for v in events if v.met and v.seen is not None)]
    names = _names(events, seen)[:_MOST_ROWS]
    begin_s, end_s = _span(events, seen)
    canvas = _blank(_HEAD_PX + _ROW_PX * (len(names) + 1))

    def x_px(at_s: float) -> int:
        share = (at_s - begin_s) / (end_s - begin_s)
        return round(_LEFT_PX + share * (_WIDTH_PX - _LEFT_PX - 20))

    failed = len(comparison.failures)
    title = f"{len(comparison.verdicts)} expectations, {failed} not met" if failed else "all met"
    _write(canvas, title, (10, 24), _MISSED if failed else _MET, scale=0.6)
    _legend(canvas)
    for at_s in np.linspace(begin_s, end_s, 6):
        x = x_px(float(at_s))
        cv2.line(canvas, (x, _HEAD_PX), (x, canvas.shape[0] - _ROW_PX), _FAINT, 1)
        _write(canvas, f"{at_s:.1f} s", (x - 15, canvas.shape[0] - 10), _INK)
    for row, name in enumerate(names):
        top = _HEAD_PX + row * _ROW_PX
        _write(canvas, " ".join(name), (10, top + 19), _INK)
        for one in seen:
            if (one.kind.value, one.label) == name:
                left, right = x_px(one.first.at_s), x_px(one.last.at_s)
                cv2.rectangle(canvas, (left, top + 11), (max(right, left + 3), top + 17), _SEEN, -1)
        for verdict in events:
            entry = verdict.expectation
            if isinstance(entry, Expected) and (entry.kind, entry.label) == name:
                low, high = (
                    x_px(entry.at_s - entry.tolerance_s),
                    x_px(entry.at_s + entry.tolerance_s),
                )
                colour = _MET if verdict.met else _MISSED
                cv2.rectangle(canvas, (low, top + 6), (max(high, low + 3), top + 22), colour, 2)
    return canvas


def _legend(canvas: Picture) -> None:
    for x, colour, word in ((10, _SEEN, "seen"), (90, _MET, "met"), (160, _MISSED, "missed")):
        cv2.rectangle(canvas, (x, 36), (x + 14, 46), colour, -1)
        _write(canvas, word, (x + 20, 46), _INK)


def _names(events: Sequence[Verdict], seen: Sequence[Happening]) -> list[tuple[str, str]]:
    names = {
        (v.expectation.kind, v.expectation.label): None
        for v in events
        if isinstance(v.expectation, Expected)
    }
    names |= {(one.kind.value, one.label): None for one in seen}
    return list(names)


def _span(events: Sequence[Verdict], seen: Sequence[Happening]) -> tuple[float, float]:
    times = [moment.at_s for one in seen for moment in (one.first, one.last)]
    for verdict in events:
        entry = verdict.expectation
        if isinstance(entry, Expected):
            times += [entry.at_s - entry.tolerance_s, entry.at_s + entry.tolerance_s]
    begin_s, end_s = min(times, default=0.0), max(times, default=1.0)
    return begin_s, max(end_s, begin_s + 0.1)


def _tile(verdict: Verdict, frame_at: Callable[[float], Picture | None]) -> Picture | None:
    entry, moment = verdict.expectation, verdict.moment
    expected_at_s = entry.at_s if isinstance(entry, Expected) else None
    at_s = expected_at_s if expected_at_s is not None else (moment.at_s if moment else None)
    frame = None if at_s is None else frame_at(at_s)
    if frame is None:
        return None
    scale = _TILE_WIDTH_PX / frame.shape[1]
    height_px = max(1, round(frame.shape[0] * scale))
    tile = np.full((height_px + _TILE_TEXT_PX, _TILE_WIDTH_PX, 3), 255, np.uint8)
    tile[:height_px] = cv2.resize(frame, (_TILE_WIDTH_PX, height_px), interpolation=cv2.INTER_AREA)
    if isinstance(entry, Expected):
        _outline(tile, entry.place, scale, _MISSED)
    # The nearest one may be of another frame: its place still says what it was.
    _outline(tile, moment.box if moment else None, scale, _SEEN)
    _write(tile, expected_text(verdict)[:56], (4, height_px + 15), _INK, scale=0.36)
    _write(tile, verdict.sentence[:56], (4, height_px + 32), _MISSED, scale=0.36)
    return tile


def _outline(tile: Picture, box: Box | None, scale: float, colour: Colour) -> None:
    if box is not None:
        x0, y0, x1, y1 = (round(edge * scale) for edge in box.as_xyxy())
        cv2.rectangle(tile, (x0, y0), (x1, y1), colour, 2)


def _rows_of(tiles: Sequence[Picture]) -> list[Picture]:
    """Return the tiles side by side, as many as fit, row under row."""
    per_row = _WIDTH_PX // _TILE_WIDTH_PX
    rows: list[Picture] = []
    for begin in range(0, len(tiles), per_row):
        chosen = tiles[begin : begin + per_row]
        row = _blank(max(tile.shape[0] for tile in chosen) + 10)
        for number, tile in enumerate(chosen):
            left = 10 + number * (_TILE_WIDTH_PX + 10)
            row[: tile.shape[0], left : left + _TILE_WIDTH_PX] = tile
        rows.append(row)
    return rows


def _blank(height_px: int) -> Picture:
    return np.full((height_px, _WIDTH_PX, 3), _WHITE, np.uint8)


def _write(
    canvas: Picture, text: str, at_px: tuple[int, int], colour: Colour, *, scale: float = 0.42
) -> None:
    # The font knows ASCII only.
    plain = text.replace("±", "+-").encode("ascii", "replace").decode("ascii")
    cv2.putText(canvas, plain, at_px, _FONT, scale, colour, 1, cv2.LINE_AA)
