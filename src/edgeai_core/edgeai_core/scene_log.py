"""What every analyzer said lately, for drawing onto the pictures that it is about."""

from __future__ import annotations

from collections.abc import Sequence

from edgeai_core.action_events import ActionEvent
from edgeai_core.figures import Scene
from edgeai_core.object_events import ObjectEvent
from edgeai_core.privacy.timeline import Timeline
from edgeai_core.skeletons import Skeleton
from edgeai_core.types import Detection, FaceMatch, HazardReport


class SceneLog:
    """Results as they come, on one thread, for pictures on another.

    Args:
        max_age_s: results further than this from a picture, either way, are not drawn on it.
        faces, objects: may be shared with whoever hides faces.
    """

    def __init__(
        self,
        *,
        max_age_s: float,
        faces: Timeline[tuple[FaceMatch, ...]],
        objects: Timeline[tuple[Detection, ...]],
    ) -> None:
        self._max_age_ns = round(max_age_s * 1e9)
        self.faces = faces
        self.objects = objects
        self.hazards: Timeline[HazardReport] = Timeline(length_s=2 * max_age_s)
        self.skeletons: Timeline[tuple[Skeleton, ...]] = Timeline(length_s=2 * max_age_s)
        #: What goes on, told when it changes: it holds while its analyzer tells the rest.
        self.events: Sequence[ObjectEvent] = ()
        self.actions: Sequence[ActionEvent] = ()

    def at(self, stamp_ns: int) -> Scene:
        """Return what is known about the picture of a stamp: of each analyzer the nearest."""
        near = self._max_age_ns
        objects = self.objects.nearest(stamp_ns, within_ns=near)
        skeletons = self.skeletons.nearest(stamp_ns, within_ns=near)
        return Scene(
            objects=objects or (),
            events=self.events if objects is not None else (),
            faces=self.faces.nearest(stamp_ns, within_ns=near) or (),
            hazard=self.hazards.nearest(stamp_ns, within_ns=near),
            skeletons=skeletons or (),
            actions=self.actions if skeletons is not None else (),
        )
