"""Topics of the MQTT channel, and what Home Assistant is told to find there.

The messages are those of its MQTT discovery, one per entity, which every version understands:
https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from edgeai_alerts.channel_config import MqttConfig

ONLINE, OFFLINE = "online", "offline"
ON, OFF = "ON", "OFF"
PRESS = "PRESS"
GRAPH = "graph"
_UNSAFE = re.compile(r"[^a-z0-9_-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """How a category of alerts looks in Home Assistant; device_class empty for none."""

    title: str
    device_class: str = ""


# Announced for every camera from the start; other categories when the first alert of them comes.
CAMERA_CATEGORIES: Mapping[str, Category] = {
    "fire": Category(title="Fire", device_class="safety"),
    "start_fire": Category(title="Start of a fire", device_class="safety"),
    "unknown_face": Category(title="Unknown face", device_class="safety"),
    "unauthorised_person": Category(title="Unauthorised person", device_class="safety"),
    "spoofed_face": Category(title="Spoofed face", device_class="tamper"),
    "fall": Category(title="Fall", device_class="safety"),
    "fight": Category(title="Fight", device_class="safety"),
    "weapon": Category(title="Weapon", device_class="safety"),
    "abandoned_bag": Category(title="Abandoned bag", device_class="problem"),
}
GRAPH_CATEGORIES: Mapping[str, Category] = {
    "node_fault": Category(title="Node fault", device_class="problem"),
}
CATEGORIES = {**CAMERA_CATEGORIES, **GRAPH_CATEGORIES}


def level_of(name: str) -> str:
    """Return a name as one level of a topic: no level separator, no wildcard, lower case."""
    return _UNSAFE.sub("_", name.lower()).strip("_") or GRAPH


@dataclass(frozen=True, slots=True, kw_only=True)
class Topics:
    """All topics of one graph below its prefix."""

    prefix: str

    @property
    def status(self) -> str:
        return f"{self.prefix}/status"

    def alerts(self, camera: str) -> str:
        return f"{self.prefix}/{level_of(camera)}/alerts"

    def snapshot(self, camera: str) -> str:
        return f"{self.prefix}/{level_of(camera)}/snapshot"

    def acknowledge(self, camera: str) -> str:
        return f"{self.prefix}/{level_of(camera)}/acknowledge"

    def state(self, camera: str, category: str) -> str:
        return f"{self.prefix}/{level_of(camera)}/{level_of(category)}/state"

    def attributes(self, camera: str, category: str) -> str:
        return f"{self.prefix}/{level_of(camera)}/{level_of(category)}/attributes"


def sensor_entity(
    config: MqttConfig, *, camera: str, category: str
) -> tuple[str, dict[str, object]]:
    """Return topic and content that announce one binary sensor."""
    topics, known = Topics(prefix=config.prefix), CATEGORIES.get(category)
    look = known or Category(title=category.replace("_", " ").capitalize())
    content: dict[str, object] = {
        "name": look.title,
        "state_topic": topics.state(camera, category),
        "json_attributes_topic": topics.attributes(camera, category),
        # What says OFF when the broker or we are not there to say it.
        "off_delay": round(config.hold_s),
    }
    if look.device_class:
        content["device_class"] = look.device_class
    return _announced(config, "binary_sensor", camera, level_of(category), content)


def camera_entities(
    config: MqttConfig, *, camera: str, categories: tuple[str, ...]
) -> Iterator[tuple[str, dict[str, object]]]:
    """Yield topic and content that announce what a camera has beside its sensors.

    Args:
        config: of the channel. camera: its namespace, empty for the graph itself.
        categories: types of the events that may come.
    """
    topics = Topics(prefix=config.prefix)
    alerts = {"name": "Alert", "state_topic": topics.alerts(camera), "event_types": [*categories]}
    yield _announced(config, "event", camera, "alert", alerts)
    if config.snapshots and camera:
        picture = {
            "name": "Last alert",
            "image_topic": topics.snapshot(camera),
            "content_type": "image/jpeg",
        }
        yield _announced(config, "image", camera, "snapshot", picture)
    if config.accepts_acknowledge:
        button = {
            "name": "Acknowledge",
            "command_topic": topics.acknowledge(camera),
            "payload_press": PRESS,
        }
        yield _announced(config, "button", camera, "acknowledge", button)


def _announced(
    config: MqttConfig, component: str, camera: str, entity: str, content: Mapping[str, object]
) -> tuple[str, dict[str, object]]:
    graph = level_of(config.prefix)
    device = f"{graph}_{level_of(camera)}"
    described: dict[str, object] = {
        "identifiers": [device],
        "name": f"{config.prefix} {camera or GRAPH}",
        "manufacturer": "edgeai",
        "model": "camera" if camera else "graph",
    }
    if camera:
        described["via_device"] = f"{graph}_{GRAPH}"
    topic = f"{config.discovery}/{component}/{device}/{entity}/config"
    return topic, {
        **content,
        "unique_id": f"{device}_{component}_{entity}",
        "availability_topic": Topics(prefix=config.prefix).status,
        "device": described,
        "origin": {"name": "edgeai"},
    }
