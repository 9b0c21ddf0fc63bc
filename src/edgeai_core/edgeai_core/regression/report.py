"""A comparison as text."""

from __future__ import annotations

import math

from edgeai_core.regression.comparison import Comparison, Verdict
from edgeai_core.regression.expectations import Absent, Count, Expected
from edgeai_core.regression.happenings import Happening

_MOST_FURTHER = 40


def as_text(comparison: Comparison) -> str:
    """Return a table of expected, seen and verdict, and what else was seen."""
    rows = [("", "expected", "seen")]
    rows += [
        (_mark(verdict), expected_text(verdict), verdict.sentence)
        for verdict in comparison.verdicts
    ]
    width = max(len(row[1]) for row in rows)
    lines = [f"{mark:4}  {expected:{width}}  {seen}".rstrip() for mark, expected, seen in rows]
    number, failed = len(comparison.verdicts), len(comparison.failures)
    lines.append(
        f"all {number} expectations are met"
        if comparison.met
        else f"{failed} of {number} expectations are not met"
    )
    if comparison.further:
        lines.append(f"not asked for: {len(comparison.further)}")
        lines += [f"      {_seen(one)}" for one in comparison.further[:_MOST_FURTHER]]
        left = len(comparison.further) - _MOST_FURTHER
        lines += [f"      and {left} more"] if left > 0 else []
    return "\n".join(lines)


def expected_text(verdict: Verdict) -> str:
    """Return an expectation in one line."""
    entry = verdict.expectation
    if isinstance(entry, Absent):
        label = entry.label or "of any sort"
        faint = f" from score {entry.min_score:g}" if entry.min_score else ""
        return f"no {entry.kind} {label}{faint}"
    if isinstance(entry, Count):
        return f"{_range(entry)} of {entry.kind} {entry.label}"
    return _event(entry)


def _event(entry: Expected) -> str:
    parts = [f"{entry.kind} {entry.label} at {entry.at_s:.2f} ± {entry.tolerance_s:.2f} s"]
    if entry.box:
        parts.append("box " + " ".join(f"{edge:.0f}" for edge in entry.box))
    if entry.score:
        parts.append(f"score {entry.score[0]:g}..{entry.score[1]:g}")
    if entry.track:
        parts.append(f"track {entry.track}")
    return ", ".join(parts)


def _range(entry: Count) -> str:
    if entry.at_least == entry.at_most:
        return f"exactly {entry.at_least}"
    if entry.at_most >= 1_000_000:
        return f"at least {entry.at_least}"
    return f"{entry.at_least} to {entry.at_most}"


def _mark(verdict: Verdict) -> str:
    return "ok" if verdict.met else "MISS"


def _seen(happening: Happening) -> str:
    first, last = happening.first.at_s, happening.last.at_s
    when = f"{first:.2f}" if len(happening.moments) == 1 else f"{first:.2f} to {last:.2f}"
    track = f", track {happening.track}" if happening.track else ""
    best = happening.best.score
    score = "" if math.isnan(best) else f", score up to {best:.2f}"
    return f"{happening.kind.value} {happening.label} at {when} s{score}{track}"
