"""Parameters of the evidence recorder."""

from __future__ import annotations

from dataclasses import dataclass

from edgeai_alerts.config import StoreConfig
from edgeai_core.config import group, param
from edgeai_core.privacy.config import PrivacyConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class RingConfig:
    """The pictures of the last seconds, in memory, before anybody knows whether they matter."""

    fps: float = param(
        5.0,
        "Pictures per second that are remembered; more make smoother clips and cost more.",
        unit="Hz",
        minimum=0.2,
        maximum=30.0,
    )
    max_width_px: int = param(
        1280, "Wider pictures are made smaller.", unit="px", minimum=64, maximum=16_384
    )
    jpeg_quality: int = param(
        85, "Quality in memory and of the snapshot; lower takes less room.", minimum=10, maximum=100
    )
    max_bytes: int = param(
        33_554_432,
        "Memory of one camera's pictures; when full the oldest go, and clips begin later.",
        unit="B",
        minimum=65_536,
        maximum=4_294_967_296,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipConfig:
    """The clip of an alert."""

    enabled: bool = param(True, "Keep a clip of each alert; without it only the snapshot is kept.")
    before_s: float = param(5.0, "Seconds before the alert.", unit="s", minimum=0.0, maximum=60.0)
    after_s: float = param(5.0, "Seconds after the alert.", unit="s", minimum=0.0, maximum=60.0)
    bits_per_s: int = param(
        800_000,
        "Rate that the encoder aims at; lower takes less room and shows less.",
        unit="bit/s",
        minimum=50_000,
        maximum=50_000_000,
    )
    max_waiting: int = param(
        20,
        "Alerts whose clip is still to be made; beyond that an alert gets a snapshot only and is "
        "counted.",
        minimum=1,
        maximum=1000,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplanationConfig:
    """The heat-map of an alert."""

    within_s: float = param(
        25.0,
        "How long an alert waits for the heat-map of its finding, and how long after the alert the "
        "explained picture may have been taken.",
        unit="s",
        minimum=0.0,
        maximum=300.0,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsConfig:
    """How much is kept and for how long."""

    max_bytes: int = param(
        2_000_000_000,
        "Room for all evidence; when full the oldest is deleted.",
        unit="B",
        minimum=100_000,
        maximum=1_000_000_000_000_000,
    )
    max_age_days: float = param(
        14.0, "Older evidence is deleted.", unit="d", minimum=0.01, maximum=36_500.0
    )
    min_free_bytes: int = param(
        500_000_000,
        "Room on the disk that evidence never takes: with less none is kept, all else goes on.",
        unit="B",
        minimum=0,
        maximum=1_000_000_000_000_000,
    )
    purge_s: float = param(
        600.0, "How often old evidence is deleted.", unit="s", minimum=1.0, maximum=86_400.0
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceConfig:
    """What is kept of alerts."""

    min_severity: str = param(
        "WARNING",
        "Alerts from this severity on get evidence.",
        choices=("INFO", "WARNING", "CRITICAL"),
    )
    ring: RingConfig = group(RingConfig)
    clip: ClipConfig = group(ClipConfig)
    explanation: ExplanationConfig = group(ExplanationConfig)
    privacy: PrivacyConfig = group(PrivacyConfig)
    limits: LimitsConfig = group(LimitsConfig)
    store: StoreConfig = group(StoreConfig)
