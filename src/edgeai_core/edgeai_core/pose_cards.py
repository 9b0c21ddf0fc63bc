"""The part of the model table for the joints of people."""

from __future__ import annotations

import numpy as np

from edgeai_core.model_archives import MEDIAPIPE
from edgeai_core.model_card import Metric, ModelCard, Source, Task
from edgeai_core.runtimes.validation import InputSpec

DEFAULT_BODY_FINDER = "mediapipe_pose_detection"
DEFAULT_POSE_MODEL = "mediapipe_pose_full"

_MACHINE = "one thread, two shared x86-64 cores with AVX-512, OpenVINO f32"

POSE_CARDS: tuple[ModelCard, ...] = (
    ModelCard(
        name=DEFAULT_BODY_FINDER,
        task=Task.BODY_FINDING,
        file_name="mediapipe_pose_detection.tflite",
        sha256="9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c",
        source=Source(
            archive=MEDIAPIPE,
            member="mediapipe/modules/pose_detection/pose_detection.tflite",
            member_sha256="9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c",
        ),
        licence="Apache-2.0",
        notice="MediaPipe pose detection. Copyright The MediaPipe Authors.",
        inputs=(InputSpec(name="input_1", shape=(1, 224, 224, 3), dtype=np.dtype(np.float32)),),
        input_layout="NHWC float32 RGB, -1..1, a person's surroundings letterboxed with -1",
        output_layout="box and four points code (1, 2254, 12), logits (1, 2254, 1)",
        recommended_threshold=0.5,
        labels=("person",),
        metrics=(Metric(name="time per search", value=5.5, unit="ms", conditions=_MACHINE),),
        limits=("Follows one person: in a crowd it needs a crop for everybody.",),
    ),
    ModelCard(
        name=DEFAULT_POSE_MODEL,
        task=Task.POSE,
        file_name="mediapipe_pose_landmark_full.tflite",
        sha256="e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f",
        source=Source(
            archive=MEDIAPIPE,
            member="mediapipe/modules/pose_landmark/pose_landmark_full.tflite",
            member_sha256="e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f",
        ),
        licence="Apache-2.0",
        notice="MediaPipe pose landmarks, full. Copyright The MediaPipe Authors.",
        inputs=(InputSpec(name="input_1", shape=(1, 256, 256, 3), dtype=np.dtype(np.float32)),),
        input_layout="NHWC float32 RGB, 0..1, a turned square in which the person stands upright",
        output_layout=(
            "39 points x, y, z, visibility, presence in input pixels (1, 195), presence (1, 1), "
            "mask, heat maps, world points"
        ),
        recommended_threshold=0.5,
        metrics=(Metric(name="time per person", value=8.2, unit="ms", conditions=_MACHINE),),
        limits=(
            "On a square that is not turned with the body it invents an upright body.",
            "People below about 90 px are placed badly; so are bodies that the picture's edge "
            "cuts at the hips.",
        ),
    ),
)
