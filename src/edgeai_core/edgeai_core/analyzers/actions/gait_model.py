"""How probable standing, walking, fast walking and running are, from speed and legs.

Two small softmax tables, fitted to simulated people (`./edgeai lab train gaits`, seed 1; nothing
of them comes from pictures): one for boxes alone, one where the legs are seen too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from edgeai_core.action_events import Action
from edgeai_core.analyzers.actions.gait_features import GaitFeatures

CLASSES = (Action.STAND, Action.WALK, Action.FAST_WALK, Action.RUN)

_Floats = npt.NDArray[np.float64]
# Rows as in CLASSES; columns: speed in body heights per second, 1.
BOX_TABLE: _Floats = np.array(
    [[-32.737, 18.957], [-3.151, 9.281], [12.924, -6.297], [22.964, -21.941]]
)
# Columns: speed, lift as a share of the leg, steps per second, 1.
LEG_TABLE: _Floats = np.array(
    [
        [-49.174, -5.070, 0.192, 27.847],
        [-6.273, -4.799, -0.627, 18.403],
        [20.642, -0.807, 0.163, -9.666],
        [34.805, 10.676, 0.272, -36.584],
    ]
)

# Beyond these the tables were never fitted.
_MAX_SPEED, _MAX_LIFT = 3.5, 1.0


def box_vector(features: GaitFeatures) -> _Floats:
    """Return the (2,) columns of the table for boxes."""
    return np.array([min(features.speed, _MAX_SPEED), 1.0])


def leg_vector(features: GaitFeatures) -> _Floats | None:
    """Return the (4,) columns of the table for legs; None where they are not seen."""
    if features.lift is None or features.cadence_hz is None:
        return None
    lift = min(max(features.lift, 0.0), _MAX_LIFT)
    return np.array([min(features.speed, _MAX_SPEED), lift, features.cadence_hz, 1.0])


def gait_probabilities(
    features: GaitFeatures, *, box_table: _Floats = BOX_TABLE, leg_table: _Floats = LEG_TABLE
) -> Mapping[Action, float]:
    """Return the probability of every class; they sum to 1."""
    legs = leg_vector(features)
    logits = box_table @ box_vector(features) if legs is None else leg_table @ legs
    shares = [math.exp(float(logit - logits.max())) for logit in logits]
    return {action: share / sum(shares) for action, share in zip(CLASSES, shares, strict=True)}
