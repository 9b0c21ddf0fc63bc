"""`edgeai lab evaluate actions`, `edgeai lab train actions` and `edgeai lab train gaits`."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

from edgeai_lab.json_files import write_json
from edgeai_lab.progress import bar


def evaluate_actions(arguments: argparse.Namespace) -> int:
    """Run the shipped chain over class folders of clips; write counts and events."""
    from edgeai_lab.actions.evaluation import (
        count_folders,
        evaluate_folder,
        opened_chain,
        write_events,
    )

    output: Path = arguments.json
    with opened_chain() as chain:
        results = evaluate_folder(arguments.clips, chain, track=bar)
    folders = count_folders(results)
    table = output.with_suffix(".csv")
    table.parent.mkdir(parents=True, exist_ok=True)
    write_events(table, results)
    people = sum(result.people for result in results)
    spent_ms = sum(result.watch_ms for result in results)
    content: dict[str, object] = {"folders": folders, "events_csv": str(table)}
    if people:
        content["joints_and_decision_ms_per_person"] = round(spent_ms / people, 2)
    write_json(output, content)
    for name, counts in folders.items():
        told = ", ".join(f"{label} {count}" for label, count in counts.items() if count)
        print(f"{name}: {told}")
    print(f"result {output}, events {table}")
    return 0


def train_actions(arguments: argparse.Namespace) -> int:
    """Rank the architectures on clips of fights, and write the winner."""
    from edgeai_lab.actions.fights.pipeline import train_actions as train

    outcome = train(
        arguments.data,
        arguments.out,
        seed=arguments.seed,
        passes=arguments.passes,
        winner_alone=arguments.winner_alone,
        report=lambda text: print(text, flush=True),
        track=bar,
    )
    print(f"{'architecture':<28} right    AUC  parameters  ms a clip")
    for row in outcome.rows:
        print(
            f"{row.name:<28} {row.score.accuracy:.3f}  {row.score.auc:.3f}  {row.parameters:>10}  "
            f"{row.clip_ms:9.1f}"
        )
    print(f"result {arguments.out}")
    return 0


def train_gaits(arguments: argparse.Namespace) -> int:
    """Fit the gait tables to simulated people, measure them on unseen cameras and speeds."""
    from edgeai_lab.actions.gait_fit import draw, fit, measure
    from edgeai_lab.actions.gait_simulator import Part

    count: int = arguments.people
    box_table, leg_table = fit(draw(count, Part.FIT, seed=1))
    held_out = draw(max(1, count // 2), Part.HELD_OUT, seed=2)
    scores = {"fitted now": measure(held_out, box_table, leg_table), "shipped": measure(held_out)}
    write_json(
        arguments.json,
        {
            "box_table": box_table.round(3).tolist(),
            "leg_table": leg_table.round(3).tolist(),
            "held_out": {name: dataclasses.asdict(score) for name, score in scores.items()},
        },
    )
    for name, score in scores.items():
        print(f"{name}: {score.accuracy:.1%} of {score.people} right, {dict(score.by_class)}")
    print(f"tables {arguments.json}")
    return 0
