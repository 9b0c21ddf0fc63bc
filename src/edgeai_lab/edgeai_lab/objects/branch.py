"""The part of the detector that finds what COCO does not name."""

from __future__ import annotations

import copy
import math

from torch import Tensor, nn

from edgeai_core.analyzers.objects.labels import NEW_LABELS
from edgeai_lab.objects.network import Head, Neck, Trunk

_RARE = 0.01


class Branch(nn.Module):
    """The new classes' own last two stages, neck and head, which begin as copies of COCO's."""

    def __init__(self, trunk: Trunk, neck: Neck, head: Head) -> None:
        super().__init__()
        self.stride16 = copy.deepcopy(trunk.stride16).requires_grad_(True)
        self.neck = copy.deepcopy(neck)
        self.head = Head(len(NEW_LABELS), presence=False)
        for own, given in zip(self.head.levels, head.levels, strict=True):
            known = {
                name: value
                for name, value in given.state_dict().items()
                if not name.startswith(("presence", "classes"))
            }
            own.load_state_dict(known, strict=False)
            # At first everything is background, as nearly everything is.
            nn.init.normal_(own.classes.weight, std=0.01)
            nn.init.constant_(own.classes.bias, math.log(_RARE / (1 - _RARE)))

    def forward(self, fine: Tensor) -> Tensor:
        """Return (N, 3549, 4 + classes), see :class:`Head`, of the trunk's finest map."""
        answers: Tensor = self.head(self.neck(fine, self.stride16(fine)))
        return answers
