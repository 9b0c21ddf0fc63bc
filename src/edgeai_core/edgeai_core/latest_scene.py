"""The newest that every analyzer said, for drawing onto the newest picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from edgeai_core.action_events import ActionEvent
from edgeai_core.figures import Scene
from edgeai_core.object_events import ObjectEvent
from edgeai_core.skeletons import Skeleton
from edgeai_core.types import Detection, FaceMatch, HazardReport

ItemT = TypeVar("ItemT")
Stamped = tuple[int, ItemT] | None


class LatestScene:
    """Results as they come, on one thread, for pictures on another.

    A picture does not wait for what is found in it: it is drawn with what was found just before,
    which is a tenth of a second old for moving things.

    Args:
        max_age_s: results further than this from a picture, either way, are not drawn on it.
    """

    def __init__(self, *, max_age_s: float) -> None:
        self._max_age_ns = round(max_age_s * 1e9)
        # Each is replaced as a whole: a reader sees the old or the new one.
        self.objects: Stamped[Sequence[Detection]] = None
        self.faces: Stamped[Sequence[FaceMatch]] = None
        self.hazard: Stamped[HazardReport] = None
        self.skeletons: Stamped[Sequence[Skeleton]] = None
        #: What goes on, told when it changes: it holds while its analyzer tells the rest.
        self.events: Sequence[ObjectEvent] = ()
        self.actions: Sequence[ActionEvent] = ()

    def at(self, stamp_ns: int) -> Scene:
        """Return what is known about the picture of a stamp."""
        objects = self._near(self.objects, stamp_ns)
        skeletons = self._near(self.skeletons, stamp_ns)
        return Scene(
            objects=objects or (),
            events=self.events if objects is not None else (),
            faces=self._near(self.faces, stamp_ns) or (),
            hazard=self._near(self.hazard, stamp_ns),
            skeletons=skeletons or (),
            actions=self.actions if skeletons is not None else (),
        )

    def _near(self, result: Stamped[ItemT], stamp_ns: int) -> ItemT | None:
        if result is None or abs(result[0] - stamp_ns) > self._max_age_ns:
            return None
        return result[1]
