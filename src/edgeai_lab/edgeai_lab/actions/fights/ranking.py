"""Teach every architecture on the same folds and say which is best."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from torch import nn

from edgeai_lab.actions.fights.contenders import (
    Contender,
    KernelContender,
    NetworkContender,
    TableContender,
    milliseconds_per_clip,
)
from edgeai_lab.actions.fights.fitting import Lesson, out_of_fold
from edgeai_lab.actions.fights.gathering import Material
from edgeai_lab.actions.fights.heads import HeadRecipe
from edgeai_lab.actions.fights.material import FightClip, folds_of, labels_of
from edgeai_lab.actions.fights.networks import (
    MotionNetwork,
    MotionTrunk,
    RecurrentNetwork,
    ShiftedNetwork,
    SkeletonNetwork,
    back_of,
    parameters_of,
)
from edgeai_lab.actions.fights.people import (
    SKELETON_CHANNELS,
)
from edgeai_lab.actions.fights.scoring import Labels, Score, Scores, curve_of, score_of
from edgeai_lab.actions.fights.views import (
    MapViews,
    Motion,
    SeriesViews,
    SkeletonViews,
)
from edgeai_lab.plots import Axis, Line, save_chart

WINNER = "motion pictures, kernel"
BASELINES = ("metadata alone", "person count alone")
_SHOWN = 5
_Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """An architecture in the table.

    Attributes:
        name, sees: what it is. score: by clip, of models that never saw the clip's fold.
        scores: of each clip. parameters: held, the frozen ones too. clip_ms: least time of a clip
            behind the frozen layers, detector and joints. seconds: of teaching all folds.
    """

    name: str
    sees: str
    score: Score
    scores: Scores
    parameters: int
    clip_ms: float
    seconds: float

    def result(self) -> dict[str, object]:
        """Return the row without the clips' scores, rounded."""
        return {
            "name": self.name,
            "sees": self.sees,
            **{key: round(value, 3) for key, value in dataclasses.asdict(self.score).items()},
            "parameters": self.parameters,
            "clip_ms": round(self.clip_ms, 1),
            "teaching_s": round(self.seconds, 1),
        }


def winner_of(
    motion: Sequence[Motion], *, quiet: Sequence[_Floats], frozen: int
) -> KernelContender:
    """Return the architecture that ships.

    Args:
        quiet: varied features of clips in which nobody fights. frozen: parameters of the trunk.
    """
    return KernelContender(
        name=WINNER,
        sees="three differences as a picture, mean and spread over windows",
        varied=[clip.varied for clip in motion],
        judged=[clip.judged for clip in motion],
        recipe=HeadRecipe(),
        frozen=frozen,
        quiet=quiet,
    )


def contenders_of(
    material: Material, trunk: nn.Sequential, *, quiet: Sequence[_Floats], passes: float = 1.0
) -> list[Contender]:
    """Return all architectures, the baselines first.

    Args:
        trunk: with ImageNet weights. quiet: varied features of clips in which nobody fights.
        passes: factor of every lesson's length; less than 1 for a trial.
    """
    frozen = parameters_of(MotionTrunk(trunk).front)
    whole = parameters_of(MotionTrunk(trunk))
    maps = MapViews(
        varied=[m.varied_maps for m in material.motion if m.varied_maps is not None],
        judged=[m.judged_maps for m in material.motion if m.judged_maps is not None],
    )

    def lesson(count: int) -> Lesson:
        return Lesson(passes=max(1, round(count * passes)))

    return [
        TableContender(
            name=BASELINES[0], sees="frames a second, length, aspect", features=material.metadata
        ),
        TableContender(name=BASELINES[1], sees="mean and maximum", features=material.counts),
        TableContender(
            name="kinematic rules",
            sees="distance, relative motion, limb speed of pairs",
            features=material.pairs,
        ),
        NetworkContender(
            name="skeleton network",
            sees="joints and boxes of the closest pair, 1-D convolutions",
            build=lambda: SkeletonNetwork(SKELETON_CHANNELS),
            views=SkeletonViews(skeletons=material.skeletons),
            lesson=lesson(30),
        ),
        NetworkContender(
            name="recurrent network",
            sees="8 colour frames cut at the motion, GRU",
            build=RecurrentNetwork,
            views=SeriesViews(series=[features for features, _ in material.series]),
            lesson=lesson(20),
            frozen=whole,
        ),
        NetworkContender(
            name="shifted network",
            sees="8 colour frames cut at the motion, channels shifted in time",
            build=lambda: ShiftedNetwork(back_of(trunk)),
            views=SeriesViews(series=[maps_ for _, maps_ in material.series]),
            lesson=lesson(10),
            frozen=frozen,
        ),
        NetworkContender(
            name="motion pictures, fine-tuned",
            sees="three differences as a picture, three blocks learn",
            build=lambda: MotionNetwork(back_of(trunk)),
            views=maps,
            lesson=lesson(16),
            frozen=frozen,
        ),
        TableContender(
            name="motion pictures, linear",
            sees="three differences as a picture, mean over the clip",
            features=np.stack([clip.judged.mean(axis=0) for clip in material.motion]),
        ),
        winner_of(material.motion, quiet=quiet, frozen=whole),
    ]


def rank(
    contenders: Sequence[Contender],
    clips: Sequence[FightClip],
    *,
    seed: int,
    report: Callable[[str], None],
    clock: Callable[[], float] = time.monotonic,
) -> list[Row]:
    """Return the table, best area under the curve first."""
    labels, folds = labels_of(clips), folds_of(clips)
    rows = []
    for contender in contenders:
        begun = clock()
        row = _row(contender, labels, folds, seed=seed, report=report)
        rows.append(dataclasses.replace(row, seconds=clock() - begun))
        report(f"{contender.name}: {row.score.accuracy:.3f} right, AUC {row.score.auc:.3f}")
    return sorted(rows, key=lambda row: -row.score.auc)


def save_roc(path: Path, rows: Sequence[Row], labels: Labels) -> None:
    """Draw the curves of the best architectures.

    Raises:
        DataError: it cannot be written.
    """
    lines = []
    for row in rows[:_SHOWN]:
        alarms, recall = curve_of(row.scores, labels)
        short = row.name.replace("motion pictures, ", "motion: ")
        lines.append(Line(label=short, x=alarms, y=recall))
    save_chart(
        path,
        title="Fights found, out of fold",
        lines=lines,
        x=Axis(label="", low=0.0, high=1.0),
        y=Axis(label="fights told; x: other clips told", low=0.0, high=1.0),
    )


def _row(
    contender: Contender,
    labels: Labels,
    folds: npt.NDArray[np.int64],
    *,
    seed: int,
    report: Callable[[str], None],
) -> Row:
    taught = []

    def fitted(chosen: npt.NDArray[np.int64]) -> Callable[[int], float]:
        model = contender.fit(labels, chosen, seed=seed)
        taught.append(model)
        return model.score

    scores = out_of_fold(fitted, folds, report=lambda text: report(f"{contender.name}, {text}"))
    return Row(
        name=contender.name,
        sees=contender.sees,
        score=score_of(scores, labels),
        scores=scores,
        parameters=taught[-1].parameters,
        clip_ms=milliseconds_per_clip(taught[-1], 0),
        seconds=0.0,
    )
