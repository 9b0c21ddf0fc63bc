"""The shelf for those who read or erase; the recorder keeps its limits."""

from __future__ import annotations

import time
from pathlib import Path

from edgeai_alerts.evidence.config import LimitsConfig
from edgeai_alerts.evidence.shelf import EVIDENCE_FOLDER, EvidenceShelf
from edgeai_alerts.store import EventStore


def opened_shelf(folder: Path, store: EventStore) -> EvidenceShelf:
    """Return the evidence of an installation.

    Args:
        folder: where the installation keeps its data. store: open for as long as the shelf is used.
    """
    return EvidenceShelf(
        folder / EVIDENCE_FOLDER, store.evidence, LimitsConfig(), wall_clock_ns=time.time_ns
    )
