"""What the networks see of the clips: maps of the frozen front, computed once, and skeletons."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from edgeai_core.analyzers.actions.motion import (
    INPUT_PX,
    MOMENTS,
    Floats,
    Grey,
    busiest_square,
    differences,
)
from edgeai_core.runtimes.base import InferenceSession
from edgeai_core.runtimes.selection import open_session
from edgeai_lab.actions.fights.fitting import Indices
from edgeai_lab.actions.fights.networks import MotionTrunk
from edgeai_lab.actions.fights.people import SKELETON_MOMENTS
from edgeai_lab.actions.fights.pictures import greys_of, judged_inputs, learnt_input
from edgeai_lab.onnx_export import write_onnx
from edgeai_lab.pictures import Image

# Varied pictures of motion of each clip; of the first of them the maps are kept too, and a step of
# the network that learns on maps draws BAG of those.
VARIATIONS, KEPT_MAPS, BAG = 24, 8, 4
# Frames of a clip that the networks on colour see, and how many varied series of them there are.
SERIES_FRAMES, SERIES = 8, 3
_SERIES_SHARES = (0.5, 0.8)
_BATCH = 8
_Maps = npt.NDArray[np.float16]


class FastTrunk:
    """The frozen layers in the fastest runtime here; torch on one core takes three times as long.

    Args:
        session: of an exported trunk, batches of 8.
    """

    def __init__(self, session: InferenceSession) -> None:
        self._session = session

    def __call__(self, inputs: Sequence[Floats]) -> tuple[Floats, _Maps]:
        """Return (N, FEATURES) float32 and (N, 80, h, w) float16 of N (3, side, side) inputs."""
        features, maps = [], []
        for begin in range(0, len(inputs), _BATCH):
            batch = np.stack(inputs[begin : begin + _BATCH])
            filled = np.concatenate([batch, np.repeat(batch[:1], _BATCH - len(batch), axis=0)])
            outputs = self._session.run({"motion": filled})
            features.append(outputs["features"][: len(batch)].astype(np.float32))
            maps.append(outputs["maps"][: len(batch)].astype(np.float16))
        return np.concatenate(features), np.concatenate(maps)


@contextmanager
def opened_trunk(trunk: MotionTrunk) -> Iterator[FastTrunk]:
    """Export the frozen layers, open them, and close them at the end."""
    sample = np.zeros((_BATCH, 3, INPUT_PX, INPUT_PX), np.float32)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trunk.onnx"
        names = ("features", "maps")
        write_onnx(trunk, sample, path, input_name="motion", output_names=names)
        with closing(open_session(path, sample={"motion": sample})) as session:
            yield FastTrunk(session)


@dataclass(frozen=True, slots=True, kw_only=True)
class Motion:
    """Pictures of motion of one clip.

    Attributes:
        varied: (VARIATIONS, FEATURES) of varied pictures. judged: (K, FEATURES) of those that the
            product judges, in order. varied_maps, judged_maps: what the trunk's front gives, of
            the first KEPT_MAPS varied ones and of all judged ones; None when not kept.
    """

    varied: Floats
    judged: Floats
    varied_maps: _Maps | None = None
    judged_maps: _Maps | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MapViews:
    """Maps of pictures of motion: for each clip (KEPT_MAPS, …) varied and (K, …) judged ones."""

    varied: Sequence[_Maps]
    judged: Sequence[_Maps]

    def draw(self, chosen: Indices, rng: np.random.Generator) -> npt.NDArray[np.float32]:
        """Return (B, BAG, 80, h, w)."""
        drawn = [
            self.varied[clip][rng.choice(len(self.varied[clip]), BAG, replace=False)]
            for clip in chosen
        ]
        return np.stack(drawn).astype(np.float32)

    def fixed(self, index: int) -> npt.NDArray[np.float32]:
        """Return (1, K, 80, h, w)."""
        return self.judged[index][np.newaxis].astype(np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesViews:
    """Something of frames in order: for each clip (SERIES, SERIES_FRAMES, …), the first plain."""

    series: Sequence[npt.NDArray[np.floating]]

    def draw(self, chosen: Indices, rng: np.random.Generator) -> npt.NDArray[np.float32]:
        """Return (B, SERIES_FRAMES, …), run backwards half of the time."""
        drawn = []
        for clip in chosen:
            values = self.series[clip][int(rng.integers(len(self.series[clip])))]
            drawn.append(values[::-1] if rng.random() < 0.5 else values)
        return np.stack(drawn).astype(np.float32)

    def fixed(self, index: int) -> npt.NDArray[np.float32]:
        """Return (1, SERIES_FRAMES, …)."""
        return self.series[index][:1].astype(np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class SkeletonViews:
    """Skeletons of pairs: for each clip (channels, T)."""

    skeletons: Sequence[Floats]

    def draw(self, chosen: Indices, rng: np.random.Generator) -> npt.NDArray[np.float32]:
        """Return (B, channels, SKELETON_MOMENTS): random parts, backwards half of the time."""
        drawn = []
        for clip in chosen:
            whole = _filled(self.skeletons[clip])
            begin = int(rng.integers(whole.shape[1] - SKELETON_MOMENTS + 1))
            part = whole[:, begin : begin + SKELETON_MOMENTS]
            part = part[:, ::-1] if rng.random() < 0.5 else part
            drawn.append(part * float(rng.uniform(0.9, 1.1)))
        return np.stack(drawn).astype(np.float32)

    def fixed(self, index: int) -> npt.NDArray[np.float32]:
        """Return (V, channels, SKELETON_MOMENTS): parts that begin half their length apart."""
        whole = _filled(self.skeletons[index])
        last = whole.shape[1] - SKELETON_MOMENTS
        begins = range(0, last + 1, SKELETON_MOMENTS // 2)
        return np.stack([whole[:, b : b + SKELETON_MOMENTS] for b in begins]).astype(np.float32)


def motion_of(
    frames: Sequence[Image], trunk: FastTrunk, rng: np.random.Generator, *, keep_maps: bool = False
) -> Motion:
    """Return the pictures of motion of a clip's (H, W, 3) uint8 BGR frames."""
    greys = _enough(greys_of(frames))
    varied, varied_maps = trunk([learnt_input(greys, rng) for _ in range(VARIATIONS)])
    judged, judged_maps = trunk(list(judged_inputs(greys)))
    if not keep_maps:
        return Motion(varied=varied, judged=judged)
    return Motion(
        varied=varied,
        judged=judged,
        varied_maps=varied_maps[:KEPT_MAPS].copy(),
        judged_maps=judged_maps,
    )


def series_of(
    frames: Sequence[Image], trunk: FastTrunk, rng: np.random.Generator
) -> tuple[Floats, _Maps]:
    """Return (SERIES, SERIES_FRAMES, …) features and maps of colour frames cut at the motion."""
    changes = differences(_enough(greys_of(frames)))
    inputs: list[Floats] = []
    for number in range(SERIES):
        share = 0.65 if number == 0 else float(rng.uniform(*_SERIES_SHARES))
        square = busiest_square(changes, share=share)
        mirrored = number > 0 and rng.random() < 0.5
        light = 1.0 if number == 0 else float(np.exp(rng.uniform(-0.3, 0.3)))
        for index in np.linspace(0, len(frames) - 1, SERIES_FRAMES).round().astype(int):
            rows = slice(square.y_px, square.y_px + square.side_px)
            part = frames[index][rows, square.x_px : square.x_px + square.side_px, ::-1]
            picture = cv2.resize(np.ascontiguousarray(part), (INPUT_PX, INPUT_PX))
            picture = picture[:, ::-1] if mirrored else picture
            scaled = (np.clip(picture.astype(np.float32) * light, 0, 255) - 127.0) / 128.0
            inputs.append(np.ascontiguousarray(scaled.transpose(2, 0, 1), np.float32))
    features, maps = trunk(inputs)
    shape = (SERIES, SERIES_FRAMES)
    return features.reshape(*shape, -1), maps.reshape(*shape, *maps.shape[1:])


def _enough(greys: list[Grey]) -> list[Grey]:
    """Return the moments, the last one repeated where a clip is shorter than four."""
    return greys + [greys[-1]] * max(0, MOMENTS - len(greys))


def _filled(skeleton: Floats) -> Floats:
    missing = max(0, SKELETON_MOMENTS - skeleton.shape[1])
    return np.pad(skeleton, ((0, 0), (0, missing)), mode="edge") if missing else skeleton
