"""The fights' part of docs/performance.md, from bench/results/fights.json."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from document_tables import table


def fight_lines(content: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines; `content` is what bench/fights.py wrote."""
    held_out = content["out_of_fold"]
    shipped = held_out["shipped"]
    told = shipped["told_to_people"]
    yield from (
        "",
        "## Fights",
        "",
        f"`{content['command']}` on {content['device']}: {held_out['clips']} CCTV clips of about "
        "two seconds, half of them fights, each judged by models that never saw its range of "
        f"numbers ({held_out['folds']}). Calibrated at {shipped['threshold']:g}, what ships is "
        f"right on {100 * shipped['accuracy']:.1f} % (fights {100 * shipped['recall']:.0f} %, "
        f"false on {100 * shipped['false_alarms']:.0f} %), AUC {shipped['auc']:.3f}; "
        "threshold and recipe were chosen on these same clips, so others will do worse. People are "
        f"told from {told['probability']:g} on: {100 * told['recall']:.0f} % of the fights, "
        f"{100 * told['false_alarms']:.0f} % of the others.",
        "",
    )
    yield from table(
        ("what could tell them", "right %", "AUC", "parameters", "ms a clip, its features apart"),
        (
            (
                str(row["name"]),
                f"{100 * row['accuracy']:.1f}",
                f"{row['auc']:.3f}",
                str(row["parameters"]),
                f"{row['clip_ms']:g}",
            )
            for row in held_out["table"]
        ),
    )
    yield from (
        "",
        "The shipped chain, by clip; it learned from the fight and GMDCSA-24 clips:",
        "",
    )
    yield from table(
        ("clips", "number", "a fight told"),
        (
            (name, str(row["n"]), str(row["fight"]))
            for name, row in sorted(content["shipped_chain"].items())
        ),
    )
    yield from (
        "",
        f"A reading takes {content['reading_ms']:g} ms five times a second (load average "
        f"{content['load_average']:g}).",
    )
