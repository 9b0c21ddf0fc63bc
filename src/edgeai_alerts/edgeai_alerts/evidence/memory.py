"""What is remembered of one camera."""

from __future__ import annotations

from dataclasses import dataclass

from edgeai_alerts.evidence.ring import FrameRing
from edgeai_alerts.evidence.sights import SightLog
from edgeai_core.privacy.masks import PrivacyMask


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraMemory:
    """Pictures and results of the last seconds; every part may be used from any thread.

    Attributes:
        ring: pictures. sights: what was found in them. mask: what is black in them.
    """

    ring: FrameRing
    sights: SightLog
    mask: PrivacyMask

    @classmethod
    def of(cls, *, length_s: float, max_bytes: int, mask: PrivacyMask) -> CameraMemory:
        """Return an empty one.

        Args:
            length_s: how far it goes back. max_bytes: of the pictures.
        """
        return cls(
            ring=FrameRing(length_s=length_s, max_bytes=max_bytes),
            sights=SightLog(length_s=length_s),
            mask=mask,
        )
