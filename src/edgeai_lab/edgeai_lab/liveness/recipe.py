"""How the passive liveness network is trained: its settings."""

from __future__ import annotations

from dataclasses import dataclass

from edgeai_core.config import param


@dataclass(frozen=True, slots=True, kw_only=True)
class LivenessRecipe:
    """Settings of a training; two runs with the same ones and the same data are the same."""

    scenes: int = param(
        4800,
        "Simulated pictures to train on; more are more varied and take a tenth of a second each",
        minimum=8,
        maximum=1_000_000,
    )
    held_out_scenes: int = param(
        480, "Simulated pictures of the held-out sources", minimum=8, maximum=100_000
    )
    steps: int = param(400, "Batches to train on", minimum=1, maximum=1_000_000)
    batch_size: int = param(48, "Patches per step, half of them living", minimum=4, maximum=4096)
    learning_rate: float = param(
        1e-3, "Largest step of AdamW; it rises and falls once", minimum=1e-6, maximum=1.0
    )
    weight_decay: float = param(
        0.02, "Pull of the weights towards 0; higher fits less closely", minimum=0.0, maximum=1.0
    )
    label_smoothing: float = param(
        0.05, "Share of the answer that is spread over all classes", minimum=0.0, maximum=0.5
    )
    measure_every: int = param(100, "Steps between two rows of the curves", minimum=1)
    held_out_share: float = param(
        0.1, "Share of the pictures that are never trained on", minimum=0.01, maximum=0.5
    )
    seed: int = param(0, "Of scenes, order and variation", minimum=0, maximum=2**31 - 1)
