"""Configuration dataclasses: one description feeds ROS descriptors, validation, docs and tests.

A component's configuration is a frozen dataclass whose fields are made by :func:`param`; a field
that is itself such a dataclass (made by :func:`group`) is a dotted group: ``stream.width_px``.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from edgeai_core.errors import ConfigError

Value = bool | int | float | str | tuple[str, ...] | tuple[float, ...]
ConfigT = TypeVar("ConfigT")
_SPEC = "edgeai_param"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParamSpec:
    """One parameter as everybody sees it.

    Attributes:
        name: dotted name. kind: bool, int, float, str, "strings" or "floats" (tuples).
        default: value when nothing is said. description: what moving the value does.
        unit: SI or field unit, empty for none. minimum, maximum: inclusive bounds, None for open.
        choices: closed set of strings, empty for any.
        live: may change while the node works; the others are fixed once it is configured.
    """

    name: str
    kind: str
    default: Value
    description: str
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    live: bool = False

    def checked(self, value: object) -> Value:
        """Return `value` in the parameter's type.

        Raises:
            ConfigError: wrong type, not finite, out of range or not among the choices.
        """
        converted = _converted(self, value)
        if self.choices and converted not in self.choices:
            raise ConfigError(
                f"parameter {self.name}: got {value!r}, expected one of {', '.join(self.choices)}"
            )
        numbers = converted if self.kind == "floats" else (converted,)
        if self.kind in ("int", "float", "floats"):
            for number in typing.cast("tuple[float, ...]", numbers):
                self._check_range(number)
        return converted

    def _check_range(self, number: float) -> None:
        low = -math.inf if self.minimum is None else self.minimum
        high = math.inf if self.maximum is None else self.maximum
        if not (math.isfinite(number) and low <= number <= high):
            unit = f" {self.unit}" if self.unit else ""
            raise ConfigError(
                f"parameter {self.name}: got {number}{unit}, expected {low}..{high}{unit}"
            )


_KINDS: dict[object, str] = {
    bool: "bool",
    int: "int",
    float: "float",
    str: "str",
    tuple[str, ...]: "strings",
    tuple[float, ...]: "floats",
}


def _converted(spec: ParamSpec, value: object) -> Value:
    kind = spec.kind
    if kind == "bool" and isinstance(value, bool):
        return value
    if kind == "int" and isinstance(value, int) and not isinstance(value, bool):
        return value
    if kind == "float" and isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if kind == "str" and isinstance(value, str):
        return value
    if kind in ("strings", "floats") and not isinstance(value, (str, bytes)):
        items = tuple(value) if isinstance(value, typing.Iterable) else None
        if items is not None and kind == "strings" and all(isinstance(i, str) for i in items):
            return typing.cast("tuple[str, ...]", items)
        numbers = items is not None and all(
            isinstance(i, (int, float)) and not isinstance(i, bool) for i in items
        )
        if items is not None and kind == "floats" and numbers:
            return tuple(float(i) for i in items)
    raise ConfigError(
        f"parameter {spec.name}: got {value!r} ({type(value).__name__}), expected {kind}"
    )


def param(
    default: Value,
    description: str,
    *,
    unit: str = "",
    minimum: float | None = None,
    maximum: float | None = None,
    choices: tuple[str, ...] = (),
    live: bool = False,
) -> Any:
    """Return a dataclass field that carries its parameter description.

    Args:
        live: a node that works takes a new value between two frames. Only for what decides; what
            loads a model, a file or a connection is not live.
    """
    metadata = {
        "description": description,
        "unit": unit,
        "minimum": minimum,
        "maximum": maximum,
        "choices": choices,
        "live": live,
    }
    return dataclasses.field(default=default, metadata={_SPEC: metadata})


def group(config_class: type[ConfigT]) -> ConfigT:
    """Return a dataclass field that holds a dotted group of parameters."""
    return dataclasses.field(default_factory=config_class)


def specs(config_class: type[Any], *, prefix: str = "") -> Iterator[ParamSpec]:
    """Yield every parameter of a configuration class, groups flattened to dotted names."""
    hints = typing.get_type_hints(config_class)
    for entry in dataclasses.fields(config_class):
        name, kind = prefix + entry.name, hints[entry.name]
        if dataclasses.is_dataclass(kind):
            yield from specs(typing.cast("type[Any]", kind), prefix=f"{name}.")
        else:
            metadata = entry.metadata[_SPEC]
            yield ParamSpec(
                name=name, kind=_KINDS[kind], default=typing.cast(Value, entry.default), **metadata
            )


def build(config_class: type[ConfigT], values: Mapping[str, object]) -> ConfigT:
    """Return a configuration from dotted names and values; what is not named keeps its default.

    Raises:
        ConfigError: an unknown name (with the nearest known one) or a value that does not fit.
    """
    known = {spec.name: spec for spec in specs(config_class)}
    for name in values:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]}?" if near else f"; known: {', '.join(known)}"
            raise ConfigError(f"unknown parameter {name} of {config_class.__name__}{hint}")
    checked = {name: known[name].checked(value) for name, value in values.items()}
    return _assembled(config_class, checked, "")


def _assembled(config_class: type[ConfigT], values: Mapping[str, Value], prefix: str) -> ConfigT:
    hints = typing.get_type_hints(config_class)
    arguments: dict[str, Any] = {}
    for entry in dataclasses.fields(typing.cast(Any, config_class)):
        name = prefix + entry.name
        if dataclasses.is_dataclass(hints[entry.name]):
            arguments[entry.name] = _assembled(hints[entry.name], values, f"{name}.")
        elif name in values:
            arguments[entry.name] = values[name]
    return config_class(**arguments)
