"""Quality of service between rclpy and bags."""

from __future__ import annotations

from collections.abc import Sequence

from rclpy.duration import Duration
from rclpy.qos import (
    DurabilityPolicy,
    HistoryPolicy,
    LivelinessPolicy,
    QoSProfile,
    ReliabilityPolicy,
)
from rosbags.interfaces import (
    Qos,
    QosDurability,
    QosHistory,
    QosLiveliness,
    QosReliability,
    QosTime,
)

# Messages of one topic that may wait for the recorder: three seconds of a camera.
DEPTH = 100
_NS_PER_S = 1_000_000_000


def offered(profile: QoSProfile) -> Qos:
    """Return a publisher's profile as bags keep it."""
    return Qos(
        history=QosHistory(int(profile.history)),
        depth=int(profile.depth),
        reliability=QosReliability(int(profile.reliability)),
        durability=QosDurability(int(profile.durability)),
        deadline=_time(profile.deadline),
        lifespan=_time(profile.lifespan),
        liveliness=QosLiveliness(int(profile.liveliness)),
        liveliness_lease_duration=_time(profile.liveliness_lease_duration),
        avoid_ros_namespace_conventions=bool(profile.avoid_ros_namespace_conventions),
    )


def wanted(publishers: Sequence[QoSProfile]) -> QoSProfile:
    """Return the profile that hears all publishers of a topic, as demanding as they all allow."""
    reliable = all(p.reliability == ReliabilityPolicy.RELIABLE for p in publishers)
    kept = all(p.durability == DurabilityPolicy.TRANSIENT_LOCAL for p in publishers)
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST,
        depth=DEPTH,
        reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if kept else DurabilityPolicy.VOLATILE,
    )


def replayed(profiles: Sequence[Qos]) -> QoSProfile:
    """Return the profile to publish with: what was offered, reliable where nothing is known."""
    if not profiles:
        return QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=DEPTH)
    first = profiles[0]
    reliable = all(p.reliability != QosReliability.BEST_EFFORT for p in profiles)
    kept = any(p.durability == QosDurability.TRANSIENT_LOCAL for p in profiles)
    # What the middleware reports as unknown or default cannot be asked for.
    keep_all = first.history == QosHistory.KEEP_ALL
    return QoSProfile(
        history=HistoryPolicy.KEEP_ALL if keep_all else HistoryPolicy.KEEP_LAST,
        depth=max(1, first.depth) if first.history == QosHistory.KEEP_LAST else DEPTH,
        reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if kept else DurabilityPolicy.VOLATILE,
        liveliness=LivelinessPolicy.AUTOMATIC,
    )


def _time(duration: Duration) -> QosTime:
    nanoseconds = int(duration.nanoseconds)
    return QosTime(sec=nanoseconds // _NS_PER_S, nsec=nanoseconds % _NS_PER_S)
