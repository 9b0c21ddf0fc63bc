"""`edgeai lab`: what the commands of the lab do with their options."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

from edgeai_core import catalog
from edgeai_lab.json_files import write_json

Command = Callable[[argparse.Namespace], int]


def run_lab(arguments: argparse.Namespace) -> int:
    """Run one of the lab's commands; return the exit code.

    Raises:
        DataError: the data cannot be used. ModelError: a model cannot be run.
    """
    return COMMANDS[arguments.lab_command](arguments)


def _evaluate_faces(arguments: argparse.Namespace) -> int:
    from edgeai_lab.face_evaluation import evaluate
    from edgeai_lab.face_lists import read_face_lists
    from edgeai_lab.face_report import describe, save_plots
    from edgeai_lab.face_templates import compute_templates
    from edgeai_lab.progress import bar

    lists = read_face_lists(
        arguments.root,
        pairs=arguments.pairs,
        gallery=arguments.gallery,
        unknown=arguments.unknown,
    )
    with catalog.face_models() as (detector, embedder):
        templates = compute_templates(
            lists.root, lists.pictures, detector=detector, embedder=embedder, track=bar
        )
        evaluation = evaluate(
            lists,
            templates,
            model_id=embedder.model_id,
            threshold=embedder.recommended_threshold,
        )
    print(describe(evaluation))
    output: Path = arguments.json
    write_json(output, evaluation.result())
    folder: Path = arguments.plots or output.with_name(f"{output.stem}_plots")
    for path in save_plots(evaluation, folder):
        print(f"plot {path}")
    print(f"result {output}")
    return 0


def _video_to_images(arguments: argparse.Namespace) -> int:
    from edgeai_lab.clips import save_frames

    count = save_frames(arguments.clip, arguments.out, every_s=arguments.every_s)
    print(f"{count} pictures of {arguments.clip} in {arguments.out}")
    return 0


def _align_faces(arguments: argparse.Namespace) -> int:
    from edgeai_core.analyzers.faces.enrolment import EnrolmentConfig
    from edgeai_lab.face_folders import REJECTIONS_NAME, align_people
    from edgeai_lab.progress import bar

    with closing(catalog.create_face_detector()) as detector:
        result = align_people(
            arguments.people,
            arguments.aligned,
            detector=detector,
            config=EnrolmentConfig(),
            several_faces=arguments.several_faces,
            track=bar,
        )
    print(f"{result.chips} chips in {arguments.aligned}, {len(result.rejections)} pictures refused")
    for reason, count in Counter(r.reason for r in result.rejections).most_common():
        print(f"  {reason}: {count}")
    if result.rejections:
        print(f"each one with its reason: {arguments.aligned / REJECTIONS_NAME}")
    return 0


COMMANDS: Mapping[str, Command] = {
    "evaluate faces": _evaluate_faces,
    "video-to-images": _video_to_images,
    "faces align": _align_faces,
}
