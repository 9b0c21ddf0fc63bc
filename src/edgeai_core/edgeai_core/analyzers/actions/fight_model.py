"""The fight model: features of pictures of motion, and the odds of a fight of many of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgeai_core.analyzers.actions.motion import Floats, network_input
from edgeai_core.errors import ModelError
from edgeai_core.runtimes.base import InferenceSession

FEATURES_NAME, LOGIT_NAME = "features", "logit"


def window_features(features: Floats) -> Floats:
    """Return (2 D,) float32: mean and spread of (N, D) features of a window's pictures.

    The spread tells limbs that strike now and then from people who walk evenly.
    """
    return np.concatenate([features.mean(axis=0), features.std(axis=0)]).astype(np.float32)


class FightModel:
    """A network on pictures of motion and a head on their mean and spread over a window.

    Features are computed once for each picture, whatever windows it is in. One worker owns an
    instance; it is not thread-safe.

    Args:
        trunk: gives features of one picture. head: gives the logarithm of a window's odds.
    """

    def __init__(self, trunk: InferenceSession, head: InferenceSession) -> None:
        self._trunk, self._head = trunk, head

    @property
    def runtime_name(self) -> str:
        """Name of the runtime that runs the network."""
        return self._trunk.runtime_name

    def features(self, pictures: Sequence[Floats]) -> Floats:
        """Return (N, D) float32 features, one inference for each of N >= 1 pictures.

        Args:
            pictures: (INPUT_PX, INPUT_PX, 3) float32, 0..255, as of :func:`motion.cut_out`.

        Raises:
            ModelError: the model does not take or give what its card says.
        """
        return np.concatenate(
            [self._run(self._trunk, network_input(p)[np.newaxis], FEATURES_NAME) for p in pictures]
        )

    def logit(self, features: Floats) -> float:
        """Return the logarithm of the odds that (N, D) features are of a fight.

        Raises:
            ModelError: the model does not take or give what its card says.
        """
        output = self._run(self._head, window_features(features)[np.newaxis], LOGIT_NAME)
        return float(output.reshape(-1)[0])

    def close(self) -> None:
        """Free both models; calling it twice is harmless."""
        try:
            self._trunk.close()
        finally:
            self._head.close()

    @staticmethod
    def _run(session: InferenceSession, value: Floats, name: str) -> Floats:
        outputs = session.run({session.input_names[0]: value})
        result = outputs.get(name)
        if result is None or result.ndim != 2 or not np.isfinite(result).all():
            shapes = {key: output.shape for key, output in outputs.items()}
            raise ModelError(
                f"fight model: expected finite numbers {name} (1, N), got {shapes}; export it anew"
            )
        return np.asarray(result, np.float32)
