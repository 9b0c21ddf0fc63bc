"""Let torchvision and timm be imported beside a CPU build of torch."""

from __future__ import annotations

import torch

_BOXES = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


def declare_torchvision_operators() -> None:
    """Declare the operators that torchvision describes at its import.

    PyPI's torchvision is compiled against CUDA. Beside the CPU build of torch its library is not
    loaded, and the import then fails with "operator torchvision::nms does not exist" (0.28.0).
    A declaration is enough: no backbone computes with them.
    """
    if torch.version.cuda is not None:
        return
    for name in ("nms", "qnms"):
        if not hasattr(torch.ops.torchvision, name):
            torch.library.define(f"torchvision::{name}", _BOXES)
