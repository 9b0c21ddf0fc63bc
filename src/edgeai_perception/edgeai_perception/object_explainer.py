"""Which events of tracked objects are explained, and where the object is meanwhile."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

from edgeai_core.analyzers.objects.explained import Detect, object_case
from edgeai_core.explaining.explainer import Case, Explainer, Question
from edgeai_core.explaining.explanation import Explanation
from edgeai_core.object_events import EventKind, ObjectEvent
from edgeai_core.types import Detection, Frame
from edgeai_perception.object_detector_config import ObjectExplainConfig

_URGENCY = {EventKind.WEAPON: 3, EventKind.BAG: 2, EventKind.PRESENCE: 1, EventKind.LINE: 1}


class ObjectExplainer:
    """Explains events of tracked objects between frames; owned by the worker.

    Args:
        config: which events, and budget. detect: looks for all objects in a picture.
        clock: monotonic seconds.
    """

    def __init__(
        self, config: ObjectExplainConfig, *, detect: Detect, clock: Callable[[], float]
    ) -> None:
        self._states = frozenset(config.states)
        self._detect = detect
        self._explainer = Explainer(config, clock=clock)
        self._objects: Sequence[Detection] = ()

    def see(self, objects: Sequence[Detection], events: Sequence[ObjectEvent]) -> None:
        """Take in what a frame showed, before `work` with that frame."""
        self._objects = objects
        for event in events:
            if event.state.value in self._states:
                self._explainer.ask(
                    Question(
                        asked_ns=event.stamp_ns,
                        urgency=_URGENCY[event.kind],
                        open=functools.partial(self._case, event),
                    )
                )

    def work(self, frame: Frame, *, until_s: float) -> Explanation | None:
        """Take a few looks if there is time; see :meth:`Explainer.work`."""
        return self._explainer.work(frame, until_s=until_s)

    def told(self) -> str:
        """Return how many were made and given up; empty while nobody asked."""
        return self._explainer.told()

    def _case(self, event: ObjectEvent, frame: Frame) -> Case | None:
        boxes = [
            found.box
            for found in self._objects
            if found.track_id is not None
            and found.track_id == event.track_id
            and found.label == event.label
        ]
        box = boxes[0] if boxes else event.box
        return object_case(self._detect, frame.image, label=event.label, box=box)
