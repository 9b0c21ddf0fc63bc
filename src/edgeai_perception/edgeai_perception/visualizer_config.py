"""Parameters of the node for viewers."""

from __future__ import annotations

from dataclasses import dataclass

from edgeai_core.config import group, param
from edgeai_core.privacy.config import PrivacyConfig
from edgeai_ros_common.compressed_pictures import CompressedConfig
from edgeai_ros_common.convert_markers import MarkerConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class VisualizerConfig:
    """What viewers get, how soon and how often."""

    max_pictures_per_s: float = param(
        10.0,
        "Pictures drawn per second at most; more are smoother and cost more.",
        unit="1/s",
        minimum=0.1,
        maximum=60.0,
    )
    delay_s: float = param(
        0.25,
        "A picture waits so long for what is found in it; less is sooner, and boxes trail behind "
        "what moves.",
        unit="s",
        minimum=0.0,
        maximum=1.0,
    )
    max_age_s: float = param(
        1.5,
        "What was found further than this from a picture in time is not drawn on it; shorter "
        "hides the results of slow analyzers.",
        unit="s",
        minimum=0.05,
        maximum=60.0,
    )
    compressed: CompressedConfig = group(CompressedConfig)
    privacy: PrivacyConfig = group(PrivacyConfig)
    lazy: bool = param(
        True,
        "Take pictures and results in only while somebody listens; false shows the first picture "
        "half a second sooner and costs all the time.",
    )
    markers: MarkerConfig = group(MarkerConfig)
