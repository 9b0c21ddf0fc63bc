"""Whether a value fits a parameter, told before a node is stopped for it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rcl_interfaces.msg import ParameterDescriptor, ParameterType, ParameterValue

from edgeai_core.errors import ConfigError
from edgeai_core.privacy.mask_owners import MASKS, masks_at
from edgeai_core.user_settings import SettingValue
from edgeai_dashboard.graph_nodes import GraphNode
from edgeai_ros_common.params import read_value

# Which parameters the page leaves alone: what the graph table fills in, where secrets and files
# are, and what would lock its owner out of the page.
_HIDDEN_PREFIXES = (
    "graph.",
    "http.",
    "nodes.",
    "qos_overrides",
    "start_type_description_service",
    "topics.",
    "use_sim_time",
)
_HIDDEN_NAMES = ("stream.source",)
_HIDDEN_LAST_WORD = "path"
# Said once, there; other nodes get it from the graph table.
PRIVACY_OF = "evidence_recorder"
_PRIVACY = "privacy."
# Pictures of things show no faces anyway.
_SHARED: dict[str, tuple[str, ...]] = {
    "dashboard": (_PRIVACY,),
    "visualizer": (_PRIVACY,),
    "object_detector": (MASKS,),
}
_KINDS = {
    ParameterType.PARAMETER_BOOL: "bool",
    ParameterType.PARAMETER_INTEGER: "int",
    ParameterType.PARAMETER_DOUBLE: "float",
    ParameterType.PARAMETER_STRING: "str",
    ParameterType.PARAMETER_DOUBLE_ARRAY: "floats",
    ParameterType.PARAMETER_STRING_ARRAY: "strings",
    # rclpy knows no type of an empty list.
    ParameterType.PARAMETER_BYTE_ARRAY: "strings",
}
_CHOICES = "one of: "


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A parameter of a running node.

    Attributes:
        name: dotted. kind: bool, int, float, str, strings or floats. value: present one.
        description: with the unit in brackets. minimum, maximum: None for open. choices: closed
            set, empty for any.
    """

    name: str
    kind: str
    value: SettingValue
    description: str = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()

    def checked(self, value: Any) -> SettingValue:
        """Return a value in the parameter's type.

        Raises:
            ConfigError: wrong type, not finite, out of range or not among the choices.
        """
        converted = _converted(self.kind, value)
        if converted is None:
            raise ConfigError(f"{self.name}: got {value!r}, expected {self.kind}")
        if self.choices and converted not in self.choices:
            raise ConfigError(
                f"{self.name}: got {value!r}, expected one of {', '.join(self.choices)}"
            )
        if self.kind in ("int", "float", "floats"):
            low = -math.inf if self.minimum is None else self.minimum
            high = math.inf if self.maximum is None else self.maximum
            numbers = converted if isinstance(converted, list) else [converted]
            for number in numbers:
                if not low <= float(number) <= high:
                    raise ConfigError(f"{self.name}: got {number}, expected {low:g}..{high:g}")
        return converted


def is_shown(name: str, *, role: str) -> bool:
    """Return whether the page shows a parameter of a node and may set it."""
    if name.startswith(_PRIVACY) and role != PRIVACY_OF:
        return False
    return not (
        name.startswith(_HIDDEN_PREFIXES)
        or name in _HIDDEN_NAMES
        or name.rpartition(".")[2] == _HIDDEN_LAST_WORD
    )


def shared_privacy(node: GraphNode, values: Mapping[str, SettingValue]) -> dict[str, SettingValue]:
    """Return what a node gets of privacy that was set for the evidence recorder.

    As start-up does: who shows pictures gets all of it, of a camera's the masks that are its.

    Args:
        node: gets it. values: that were set, by name.
    """
    wanted = _SHARED.get(node.role, ())
    given = {name: value for name, value in values.items() if name.startswith(wanted)}
    masks = given.get(MASKS)
    if node.camera and isinstance(masks, list):
        given[MASKS] = masks_at([str(mask) for mask in masks], camera=node.camera)
    return given


def setting_from(descriptor: ParameterDescriptor, value: ParameterValue) -> Setting | None:
    """Return a node's parameter; None for a type that no parameter of the graph has."""
    kind = _KINDS.get(value.type)
    if kind is None:
        return None
    low: float | None = None
    high: float | None = None
    for bounds in (*descriptor.integer_range, *descriptor.floating_point_range):
        # Open ends are written as the largest number of the type.
        low = None if bounds.from_value in (-(2**63) + 1, -1e308) else float(bounds.from_value)
        high = None if bounds.to_value in (2**63 - 1, 1e308) else float(bounds.to_value)
    words = descriptor.additional_constraints
    return Setting(
        name=descriptor.name,
        kind=kind,
        value=read_value(value),
        description=descriptor.description,
        minimum=low,
        maximum=high,
        choices=tuple(words[len(_CHOICES) :].split(", ")) if words.startswith(_CHOICES) else (),
    )


def _converted(kind: str, value: Any) -> SettingValue | None:
    """Return a value of a kind, None when it does not fit."""
    if kind == "bool":
        return value if isinstance(value, bool) else None
    if kind == "str":
        return value if isinstance(value, str) else None
    if kind == "int":
        return value if isinstance(value, int) and not isinstance(value, bool) else None
    if kind == "float":
        return _finite(value)
    if not isinstance(value, list):
        return None
    if kind == "strings":
        return list(value) if all(isinstance(item, str) for item in value) else None
    numbers = [_finite(item) for item in value]
    return None if None in numbers else [n for n in numbers if n is not None]


def _finite(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if math.isfinite(value) else None
