"""What the analyzers found in one camera's frames during the last seconds, by stamp."""

from __future__ import annotations

from edgeai_core.action_events import ActionEvent
from edgeai_core.explaining.explanation import Explanation
from edgeai_core.privacy.timeline import Timeline
from edgeai_core.types import Detection, FaceMatch, HazardReport

# A look for fire takes half a second, so that its result is the last one for longer.
HAZARD_NEAR_NS = 1_500_000_000


class SightLog:
    """One camera's results.

    Args:
        length_s: how long they are remembered.
    """

    def __init__(self, *, length_s: float) -> None:
        self.faces: Timeline[tuple[FaceMatch, ...]] = Timeline(length_s=length_s)
        self.objects: Timeline[tuple[Detection, ...]] = Timeline(length_s=length_s)
        self.hazards: Timeline[HazardReport] = Timeline(length_s=length_s)
        self.actions: Timeline[tuple[ActionEvent, ...]] = Timeline(length_s=length_s)
        self.explanations: Timeline[Explanation] = Timeline(length_s=length_s)

    def people_between(self, begin_ns: int, end_ns: int) -> tuple[str, ...]:
        """Return the ids of the people who were recognised, sorted."""
        seen = self.faces.between(begin_ns, end_ns)
        return tuple(sorted({face.person_id for faces in seen for face in faces} - {""}))
