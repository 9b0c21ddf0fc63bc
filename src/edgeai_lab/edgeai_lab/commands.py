"""`edgeai lab`: what the commands of the lab do with their options."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping

from edgeai_core.errors import SetupError

_TRAINING_PACKAGES = ("onnxscript", "sklearn", "timm", "torch", "torchvision")
Command = Callable[[argparse.Namespace], int]


def run_lab(arguments: argparse.Namespace) -> int:
    """Run one of the lab's commands; return the exit code.

    Raises:
        DataError: the data cannot be used. ModelError: a model cannot be run.
        SetupError: what the command trains with is not installed.
    """
    try:
        return COMMANDS[arguments.lab_command](arguments)
    except ModuleNotFoundError as exc:
        if exc.name not in _TRAINING_PACKAGES:
            raise
        raise SetupError(
            f"{exc.name} is not installed here; start the command as ./edgeai lab, which installs "
            "it at first use"
        ) from exc


def _evaluate_actions(arguments: argparse.Namespace) -> int:
    from edgeai_lab.actions.commands import evaluate_actions

    return evaluate_actions(arguments)


def _train_actions(arguments: argparse.Namespace) -> int:
    from edgeai_lab.actions.commands import train_actions

    return train_actions(arguments)


def _train_gaits(arguments: argparse.Namespace) -> int:
    from edgeai_lab.actions.commands import train_gaits

    return train_gaits(arguments)


def _evaluate_faces(arguments: argparse.Namespace) -> int:
    from edgeai_lab.face_commands import run_evaluate

    return run_evaluate(arguments)


def _evaluate_liveness(arguments: argparse.Namespace) -> int:
    from edgeai_lab.liveness.commands import evaluate_liveness

    return evaluate_liveness(arguments)


def _train_liveness(arguments: argparse.Namespace) -> int:
    from edgeai_lab.liveness.commands import train_liveness

    return train_liveness(arguments)


def _spoof(arguments: argparse.Namespace) -> int:
    from edgeai_lab.liveness.commands import spoof

    return spoof(arguments)


def _video_to_images(arguments: argparse.Namespace) -> int:
    from edgeai_lab.clips import save_frames

    count = save_frames(arguments.clip, arguments.out, every_s=arguments.every_s)
    print(f"{count} pictures of {arguments.clip} in {arguments.out}")
    return 0


def _align_faces(arguments: argparse.Namespace) -> int:
    from edgeai_lab.face_commands import run_align

    return run_align(arguments)


def _fit_classifier(arguments: argparse.Namespace) -> int:
    from edgeai_lab.face_commands import run_fit

    return run_fit(arguments)


def _predict_people(arguments: argparse.Namespace) -> int:
    from edgeai_lab.face_commands import run_predict

    return run_predict(arguments)


def _train_faces(arguments: argparse.Namespace) -> int:
    from edgeai_lab.face_commands import run_train

    return run_train(arguments)


def _inspect(arguments: argparse.Namespace) -> int:
    from edgeai_lab.inspection.command import run_inspect

    return run_inspect(arguments)


def _train_fire(arguments: argparse.Namespace) -> int:
    from edgeai_lab.fire.commands import train_fire

    return train_fire(arguments)


def _evaluate_fire(arguments: argparse.Namespace) -> int:
    from edgeai_lab.fire.commands import evaluate_fire

    return evaluate_fire(arguments)


def _evaluate_bags(arguments: argparse.Namespace) -> int:
    from edgeai_lab.bags.commands import evaluate_bags

    return evaluate_bags(arguments)


def _train_objects(arguments: argparse.Namespace) -> int:
    from edgeai_lab.objects.commands import train_objects

    return train_objects(arguments)


def _evaluate_objects(arguments: argparse.Namespace) -> int:
    from edgeai_lab.objects.commands import evaluate_objects

    return evaluate_objects(arguments)


def _report_data(arguments: argparse.Namespace) -> int:
    from edgeai_lab.data.commands import run_report

    return run_report(arguments)


def _split_data(arguments: argparse.Namespace) -> int:
    from edgeai_lab.data.commands import run_split

    return run_split(arguments)


def _audit_data(arguments: argparse.Namespace) -> int:
    from edgeai_lab.data.commands import run_audit

    return run_audit(arguments)


def _compose_data(arguments: argparse.Namespace) -> int:
    from edgeai_lab.compose.command import run_compose

    return run_compose(arguments)


def _teach_thing(arguments: argparse.Namespace) -> int:
    from edgeai_lab.teach.command import run_teach

    return run_teach(arguments)


def _train_classifier(arguments: argparse.Namespace) -> int:
    from edgeai_lab.classifier.commands import run_train

    return run_train(arguments)


def _evaluate_classifier(arguments: argparse.Namespace) -> int:
    from edgeai_lab.classifier.commands import run_evaluate

    return run_evaluate(arguments)


COMMANDS: Mapping[str, Command] = {
    "evaluate bags": _evaluate_bags,
    "evaluate actions": _evaluate_actions,
    "evaluate fire": _evaluate_fire,
    "train actions": _train_actions,
    "train gaits": _train_gaits,
    "train fire": _train_fire,
    "evaluate objects": _evaluate_objects,
    "train objects": _train_objects,
    "inspect": _inspect,
    "data report": _report_data,
    "data split": _split_data,
    "data audit": _audit_data,
    "data compose": _compose_data,
    "objects teach": _teach_thing,
    "train classifier": _train_classifier,
    "evaluate classifier": _evaluate_classifier,
    "evaluate faces": _evaluate_faces,
    "evaluate liveness": _evaluate_liveness,
    "train liveness": _train_liveness,
    "spoof": _spoof,
    "video-to-images": _video_to_images,
    "faces align": _align_faces,
    "faces train": _train_faces,
    "faces classify fit": _fit_classifier,
    "faces classify predict": _predict_people,
}
