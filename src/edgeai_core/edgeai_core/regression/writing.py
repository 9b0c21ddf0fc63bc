"""Expectations made of what was seen, to be read and corrected by a person."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Sequence

import yaml

from edgeai_core.regression.happenings import Happening, Kind

# What is followed for less is often a mistake of the detector.
_LEAST_MOMENTS = 5
_SCORE_MARGIN = 0.15
_HEAD = """\
# What this recording must show. Made of what was seen: read it, correct what is wrong, take away
# what does not matter. Times are seconds after the first picture, boxes are left, top, right,
# bottom in pixels.
"""


def written(
    happenings: Sequence[Happening],
    *,
    looked_for: Collection[Kind] = tuple(Kind),
    profile: str = "home",
    settings: Sequence[str] = (),
) -> str:
    """Return expectations (YAML) that these happenings meet.

    What is followed is expected at its best moment, what is told once when it was told. Of hazards,
    actions and alerts of which there are none, there must be none.

    Args:
        happenings: what was seen. looked_for: what could have been. profile, settings: how.
    """
    kept = [h for h in happenings if not h.kind.lasts or len(h.moments) >= _LEAST_MOMENTS]
    seen = {happening.kind for happening in happenings}
    told = Counter((h.kind.value, h.label) for h in kept if not h.kind.lasts)
    content: dict[str, object] = {
        "profile": profile,
        "settings": list(settings),
        "events": [_expected(happening) for happening in kept],
        "absent": [
            {"kind": kind.value}
            for kind in (Kind.HAZARD, Kind.ACTION, Kind.ALERT)
            if kind in looked_for and kind not in seen
        ],
        "counts": [
            {"kind": kind, "label": label, "at_least": number, "at_most": number}
            for (kind, label), number in sorted(told.items())
        ],
    }
    body = yaml.safe_dump(
        content, sort_keys=False, width=100, allow_unicode=True, default_flow_style=None
    )
    return _HEAD + body


def _expected(happening: Happening) -> dict[str, object]:
    moment = happening.best
    low, high = moment.score - _SCORE_MARGIN, moment.score + _SCORE_MARGIN
    entry: dict[str, object] = {
        "kind": happening.kind.value,
        "label": happening.label,
        "at_s": round(moment.at_s, 2),
        "tolerance_s": 0.5,
    }
    if moment.box is not None and moment.box.area_px2 > 1.0:
        entry["box"] = [round(edge, 1) for edge in moment.box.as_xyxy()]
        entry["min_iou"] = 0.5
    if not math.isnan(moment.score):
        entry["score"] = [round(max(low, 0.0), 2), round(min(high, 1.0), 2)]
    return entry
