"""How every analyzer runs its model."""

from __future__ import annotations

from dataclasses import dataclass

from edgeai_core.config import param
from edgeai_core.runtimes.base import FLOAT32, PRECISIONS


@dataclass(frozen=True, slots=True, kw_only=True)
class InferenceConfig:
    """Runtime, threads and rate of one analyzer; which model is its own business."""

    runtime: str = param(
        "auto",
        "Inference runtime by name; auto measures those that work and takes the fastest. tensorrt "
        "has its engine built at the first start and lets another runtime answer until then",
    )
    precision: str = param(
        FLOAT32,
        "Numbers inside the models with runtime tensorrt: f16 is about twice as fast on boards "
        "made for it, int8 is faster still, is calibrated with what the camera shows at the first "
        "start and must be measured before it is trusted. Other runtimes keep f32",
        choices=PRECISIONS,
    )
    threads: int = param(
        1,
        "CPU threads of one inference; more are faster alone and slower beside other analyzers",
        minimum=1,
        maximum=64,
    )
    max_results_per_s: float = param(
        10.0,
        "Frames looked at per second at most; lower leaves more of the processor to the others "
        "and decides later",
        unit="1/s",
        minimum=0.1,
        maximum=240.0,
    )

    lock_step: bool = param(
        False,
        "Answer every frame on ~/frame_done and count the rate in the frames' stamps, for "
        "./edgeai test-bag and replay --lock-step. Not where a face opens something: what a "
        "challenge asks for can then be foretold",
    )

    @property
    def min_period_s(self) -> float:
        """Shortest time between two frames that are looked at, seconds."""
        return 1.0 / self.max_results_per_s
