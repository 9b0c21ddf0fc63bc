"""Parameters of the object node."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from edgeai_core import catalog
from edgeai_core.access.locations import things_directory
from edgeai_core.analyzers.objects.area_rules import ANY_LABEL, parse_stays
from edgeai_core.analyzers.objects.sightings import SightingsConfig
from edgeai_core.analyzers.objects.tiles import TilesConfig
from edgeai_core.analyzers.objects.watch import ObjectWatchConfig
from edgeai_core.analyzers.objects.weapon_rules import parse_weapon_rules
from edgeai_core.config import group, param
from edgeai_core.errors import ConfigError
from edgeai_core.explaining.config import ExplainConfig
from edgeai_core.object_events import ObjectState
from edgeai_core.privacy.config import MaskConfig
from edgeai_core.tracking import TrackerConfig
from edgeai_core.zones import parse_zones
from edgeai_perception.inference_config import InferenceConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectInferenceConfig(InferenceConfig):
    """Which model detects, and how it is run."""

    model: str = param(catalog.DEFAULT_OBJECT_DETECTOR, "Name of the model in the catalog")
    score_threshold: float = param(
        0.1,
        "Detections below are dropped before the tracker sees them: faint ones only continue what "
        "is followed already, tracking.high_score says which ones count",
        minimum=0.0,
        maximum=1.0,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TaughtConfig:
    """Things of one's own, taught with ./edgeai objects teach."""

    enabled: bool = param(True, "Look for the things that were taught")
    path: str = param(
        "", "Folder of the taught things; empty takes the one of this user's data directory"
    )
    min_score: float = param(
        0.5,
        "Findings below are dropped; each thing was calibrated for 0.5, lower finds more and is "
        "wrong more often",
        minimum=0.01,
        maximum=0.99,
    )

    def folder(self) -> Path:
        """Return the folder of the things."""
        return Path(self.path) if self.path else things_directory()


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectExplainConfig(ExplainConfig):
    """Heat-maps of what tracked objects do.

    Raises:
        ConfigError: a state that does not exist.
    """

    states: tuple[str, ...] = param(
        ("confirmed", "abandoned", "lingering"),
        "Events that are explained, by the state that they tell; more cost more time",
    )

    def __post_init__(self) -> None:
        known = [state.value for state in ObjectState]
        unknown = sorted(set(self.states) - set(known))
        if unknown:
            raise ConfigError(
                f"parameter explain.states: got {', '.join(unknown)}, expected names among "
                f"{', '.join(known)}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectDetectorConfig:
    """Parameters of the object node."""

    inference: ObjectInferenceConfig = group(ObjectInferenceConfig)
    tracking: TrackerConfig = group(TrackerConfig)
    tiles: TilesConfig = group(TilesConfig)
    watch: ObjectWatchConfig = group(ObjectWatchConfig)
    taught: TaughtConfig = group(TaughtConfig)
    explain: ObjectExplainConfig = group(ObjectExplainConfig)
    labels: tuple[str, ...] = param((), "Classes to publish; empty publishes all the model knows")
    things: SightingsConfig = group(SightingsConfig)
    privacy: MaskConfig = group(MaskConfig)


def refuse_unknown_labels(config: ObjectDetectorConfig, known: Collection[str]) -> None:
    """Look whether everything that is waited for can be detected.

    Raises:
        ConfigError: a parameter names what never comes: a watch that could never see anything.
    """
    areas = config.watch.areas
    stays = parse_stays(areas.stays, zones=[zone.name for zone in parse_zones(areas.zones)])
    wanted: dict[str, Collection[str]] = {
        "things.labels": config.things.labels,
        "tiles.labels": config.tiles.labels,
        "watch.weapons.rules": parse_weapon_rules(config.watch.weapons.rules),
        "watch.bags.labels": config.watch.bags.labels,
        "watch.areas.stays": {label for stay in stays for label in stay.labels},
        # As they come they name persons; without zones and lines nobody waits for them.
        "watch.areas.visit_labels": areas.visit_labels if areas.zones else (),
        "watch.areas.line_labels": areas.line_labels if areas.lines else (),
    }
    for name, labels in wanted.items():
        unknown = sorted(set(labels) - set(known) - {ANY_LABEL})
        if unknown:
            raise ConfigError(
                f"parameter {name}: got {', '.join(unknown)}, which is never detected; expected "
                f"names among {', '.join(known)}"
            )
