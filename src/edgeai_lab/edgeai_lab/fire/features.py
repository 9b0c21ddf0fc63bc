"""Samples as the trunk's maps: computed once, trained on many times."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt

from edgeai_core.analyzers.fire.crops import INPUT_SIDE_PX, model_input
from edgeai_core.runtimes.selection import open_session
from edgeai_lab.fire.network import LATE_CHANNELS, MIDDLE_CHANNELS, Trunk
from edgeai_lab.fire.samples import Kind, Sample
from edgeai_lab.onnx_export import write_onnx
from edgeai_lab.pictures import Image
from edgeai_lab.progress import Track, silent

MAP_SIDE = INPUT_SIDE_PX // 16
MOST_BOXES = 12
_CHUNK = 32
_MAPS = ("middle", "late")
Floats = npt.NDArray[np.float32]
RunTrunk = Callable[[Image], tuple[Floats, Floats]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cache:
    """N samples.

    Attributes:
        middle: (N, 112, 14, 14) float16. late: (N, 192, 7, 7) float16.
        scores: (N, 4) float32 with NaN. weights: (N,) float32.
        boxes: (N, 2, 12, 4) float32: flames and smokes in 0..1, empty ones behind.
        boxes_known: (N,) bool. kinds: of each sample.
    """

    middle: npt.NDArray[np.float16]
    late: npt.NDArray[np.float16]
    scores: npt.NDArray[np.float32]
    weights: npt.NDArray[np.float32]
    boxes: npt.NDArray[np.float32]
    boxes_known: npt.NDArray[np.bool_]
    kinds: tuple[Kind, ...]

    def __len__(self) -> int:
        return len(self.middle)


@contextmanager
def fast_trunk(trunk: Trunk) -> Iterator[RunTrunk]:
    """Give the trunk on the fastest runtime here: torch takes ten times as long for it.

    What is given takes (224, 224, 3) uint8 BGR and returns (112, 14, 14) and (192, 7, 7) float32.

    Raises:
        ModelError: the trunk cannot be exported or no runtime takes it.
    """
    blank = np.zeros((1, 3, INPUT_SIDE_PX, INPUT_SIDE_PX), np.float32)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "trunk.onnx"
        write_onnx(trunk, blank, path, input_name="image", output_names=_MAPS)
        session = open_session(path, sample={"image": blank})
    try:

        def run(image: Image) -> tuple[Floats, Floats]:
            outputs = session.run({"image": model_input(image)})
            middle, late = (np.asarray(outputs[name][0], np.float32) for name in _MAPS)
            return middle, late

        yield run
    finally:
        session.close()


def fill_cache(
    draws: Sequence[Callable[[], Sample | None]], run: RunTrunk, *, track: Track[int] = silent
) -> Cache:
    """Draw the samples and run the trunk over them; a draw without a sample is left out.

    One thread draws while this one runs the trunk.
    """
    samples: list[Sample] = []
    blank = np.zeros((1, 1, 3), np.uint8)
    middle = np.empty((len(draws), MIDDLE_CHANNELS, MAP_SIDE, MAP_SIDE), np.float16)
    late = np.empty((len(draws), LATE_CHANNELS, MAP_SIDE // 2, MAP_SIDE // 2), np.float16)
    with ThreadPoolExecutor(1) as ahead:
        coming = ahead.submit(_drawn, draws[:_CHUNK])
        for start in track(range(0, len(draws), _CHUNK), "pictures"):
            chunk = coming.result()
            coming = ahead.submit(_drawn, draws[start + _CHUNK : start + 2 * _CHUNK])
            for sample in chunk:
                middle[len(samples)], late[len(samples)] = run(sample.image)
                samples.append(replace(sample, image=blank))  # pictures would fill the memory
    return Cache(
        middle=middle[: len(samples)],
        late=late[: len(samples)],
        scores=np.stack([sample.scores for sample in samples]),
        weights=np.array([sample.weight for sample in samples], np.float32),
        boxes=np.stack([padded(sample) for sample in samples]),
        boxes_known=np.array([sample.boxes_known for sample in samples]),
        kinds=tuple(sample.kind for sample in samples),
    )


def padded(sample: Sample) -> npt.NDArray[np.float32]:
    """Return (2, 12, 4) float32: the largest flames and smokes of the sample, then empty boxes."""
    table = np.zeros((2, MOST_BOXES, 4), np.float32)
    for row, boxes in enumerate((sample.flames, sample.smokes)):
        areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
        chosen = boxes[np.argsort(-areas, kind="stable")[:MOST_BOXES]]
        table[row, : len(chosen)] = chosen
    return table


def _drawn(draws: Sequence[Callable[[], Sample | None]]) -> list[Sample]:
    return [sample for drawing in draws if (sample := drawing()) is not None]
