"""Teach every architecture on the same folds and say which is best."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from torch import nn

from edgeai_lab.actions.evaluation import Chain
from edgeai_lab.actions.fights.contenders import (
    Contender,
    KernelContender,
    NetworkContender,
    TableContender,
    milliseconds_per_clip,
)
from edgeai_lab.actions.fights.fitting import Lesson, out_of_fold
from edgeai_lab.actions.fights.heads import HeadRecipe
from edgeai_lab.actions.fights.material import FightClip, folds_of, frames_in, labels_of
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
    count_features,
    pair_features,
    people_in,
    skeleton_of,
)
from edgeai_lab.actions.fights.scoring import Labels, Score, Scores, curve_of, score_of
from edgeai_lab.actions.fights.views import (
    FastTrunk,
    MapViews,
    Motion,
    SeriesViews,
    SkeletonViews,
    motion_of,
    series_of,
)
from edgeai_lab.pictures import Image
from edgeai_lab.plots import Axis, Line, save_chart
from edgeai_lab.progress import Track, silent

WINNER = "motion pictures, kernel"
BASELINES = ("metadata alone", "person count alone")
_SHOWN = 5
_Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What all architectures see of the clips, a row or an entry for each clip.

    Attributes:
        metadata: (N, 3) frames a second, seconds, aspect. counts: (N, 2) and
            pairs: (N, 4) of people. skeletons: (channels, T) each. motion: pictures of motion.
            series: features and maps of colour frames.
    """

    metadata: _Floats
    counts: _Floats
    pairs: _Floats
    skeletons: Sequence[_Floats]
    motion: Sequence[Motion]
    series: Sequence[tuple[_Floats, npt.NDArray[np.float16]]]


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


def material_of(
    clips: Sequence[FightClip],
    chain: Chain,
    trunk: FastTrunk,
    *,
    seed: int,
    track: Track[FightClip] = silent,
) -> Material:
    """Return what all architectures see; one pass over the clips.

    Raises:
        SourceError: a clip cannot be decoded.
    """
    metadata, counts, pairs, skeletons = [], [], [], []
    motion, series = [], []
    for number, clip in enumerate(track(clips, "clips")):
        frames = frames_in(clip.path)
        people = people_in(frames, chain)
        metadata.append(_metadata_of(clip.path, frames))
        counts.append(count_features(people))
        pairs.append(pair_features(people))
        skeletons.append(skeleton_of(people))
        motion.append(motion_of(frames, trunk, _drawing(seed, number), keep_maps=True))
        series.append(series_of(frames, trunk, _drawing(seed, number)))
    return Material(
        metadata=np.stack(metadata),
        counts=np.stack(counts),
        pairs=np.stack(pairs),
        skeletons=skeletons,
        motion=motion,
        series=series,
    )


def motion_alone(
    clips: Sequence[FightClip],
    trunk: FastTrunk,
    *,
    seed: int,
    track: Track[FightClip] = silent,
) -> list[Motion]:
    """Return the pictures of motion of all clips: what the winner sees, the same as for all.

    Raises:
        SourceError: a clip cannot be decoded.
    """
    return [
        motion_of(frames_in(clip.path), trunk, _drawing(seed, number))
        for number, clip in enumerate(track(clips, "clips"))
    ]


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

    def lesson(count: int, *, kept_rate: float = 2e-4) -> Lesson:
        return Lesson(passes=max(1, round(count * passes)), kept_rate=kept_rate)

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
            lesson=lesson(3),
            frozen=frozen,
        ),
        NetworkContender(
            name="motion pictures, fine-tuned",
            sees="three differences as a picture, three blocks learn",
            build=lambda: MotionNetwork(back_of(trunk)),
            views=maps,
            lesson=lesson(4),
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


def _drawing(seed: int, number: int) -> np.random.Generator:
    """Return what a clip is varied with: the same whatever else is computed of other clips."""
    return np.random.default_rng([seed, number])


def _metadata_of(path: Path, frames: Sequence[Image]) -> _Floats:
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    fps, count = capture.get(cv2.CAP_PROP_FPS), capture.get(cv2.CAP_PROP_FRAME_COUNT)
    capture.release()
    height, width = frames[0].shape[:2]
    return np.array([fps, count / max(fps, 1.0), width / height], np.float32)
