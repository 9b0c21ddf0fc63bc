"""The quality-of-service profiles of the graph, by name (REP-2003)."""

from __future__ import annotations

from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy


def _profile(
    depth: int, reliability: ReliabilityPolicy, durability: DurabilityPolicy
) -> QoSProfile:
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST,
        depth=depth,
        reliability=reliability,
        durability=durability,
    )


#: Images: the camera offers reliable (REP-2003), consumers ask for best effort and the newest.
IMAGE_OFFERED = _profile(5, ReliabilityPolicy.RELIABLE, DurabilityPolicy.VOLATILE)
IMAGE_WANTED = _profile(5, ReliabilityPolicy.BEST_EFFORT, DurabilityPolicy.VOLATILE)
#: Results of analyzers: every message counts, late joiners do not need old ones.
RESULTS = _profile(10, ReliabilityPolicy.RELIABLE, DurabilityPolicy.VOLATILE)
#: State that a late joiner must see at once.
STATE = _profile(1, ReliabilityPolicy.RELIABLE, DurabilityPolicy.TRANSIENT_LOCAL)
#: Alerts: a late joiner sees the last ones.
ALERTS = _profile(50, ReliabilityPolicy.RELIABLE, DurabilityPolicy.TRANSIENT_LOCAL)
#: Heartbeats and diagnostics.
DIAGNOSTICS = _profile(10, ReliabilityPolicy.RELIABLE, DurabilityPolicy.VOLATILE)

BY_NAME: dict[str, QoSProfile] = {
    "image_offered": IMAGE_OFFERED,
    "image_wanted": IMAGE_WANTED,
    "results": RESULTS,
    "state": STATE,
    "alerts": ALERTS,
    "diagnostics": DIAGNOSTICS,
}
