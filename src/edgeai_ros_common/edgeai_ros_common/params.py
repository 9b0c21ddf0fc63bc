"""Configuration dataclasses as ROS parameters with descriptors, ranges and clear refusals."""

from __future__ import annotations

import array
from collections.abc import Sequence
from typing import Any, TypeVar

from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    ParameterType,
    ParameterValue,
    SetParametersResult,
)
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException
from rclpy.node import Node
from rclpy.parameter import Parameter, parameter_value_to_python

from edgeai_core import config as core_config
from edgeai_core.errors import ConfigError

ConfigT = TypeVar("ConfigT")
# Parameters that rclpy itself declares or that a launch file may add to any node.
_FOREIGN = ("use_sim_time", "start_type_description_service", "qos_overrides")
_INT64_MAX = 2**63 - 1
_FIELDS = {
    "bool": ("bool_value", ParameterType.PARAMETER_BOOL),
    "int": ("integer_value", ParameterType.PARAMETER_INTEGER),
    "float": ("double_value", ParameterType.PARAMETER_DOUBLE),
    "str": ("string_value", ParameterType.PARAMETER_STRING),
    "strings": ("string_array_value", ParameterType.PARAMETER_STRING_ARRAY),
    "floats": ("double_array_value", ParameterType.PARAMETER_DOUBLE_ARRAY),
}


def descriptor(spec: core_config.ParamSpec) -> ParameterDescriptor:
    """Return the ROS descriptor of a parameter: its sentence, unit, choices and range."""
    text = spec.description + (f" [{spec.unit}]" if spec.unit else "")
    result = ParameterDescriptor(description=text)
    if spec.choices:
        result.additional_constraints = f"one of: {', '.join(spec.choices)}"
    if spec.kind == "int" and (spec.minimum is not None or spec.maximum is not None):
        low = -_INT64_MAX if spec.minimum is None else int(spec.minimum)
        high = _INT64_MAX if spec.maximum is None else int(spec.maximum)
        result.integer_range = [IntegerRange(from_value=low, to_value=high, step=0)]
    if spec.kind == "float" and (spec.minimum is not None or spec.maximum is not None):
        low_f = -1e308 if spec.minimum is None else float(spec.minimum)
        high_f = 1e308 if spec.maximum is None else float(spec.maximum)
        result.floating_point_range = [
            FloatingPointRange(from_value=low_f, to_value=high_f, step=0.0)
        ]
    # rclpy infers "byte array" from an empty list and would then refuse strings or doubles.
    result.dynamic_typing = spec.kind in ("strings", "floats") and not spec.default
    return result


def _listed(value: object) -> object:
    # rclpy keeps number lists as array.array, which no one wants to read in a sentence.
    return list(value) if isinstance(value, array.array) else value


def declare(node: Node, config_class: type[Any]) -> None:
    """Declare every parameter of a configuration class on a node.

    Raises:
        ConfigError: an override names no parameter of the node or has a wrong type or range.
    """
    known = {spec.name: spec for spec in core_config.specs(config_class)}
    # rclpy ignores overrides that nobody declares: a misspelt name would go unnoticed.
    overrides: dict[str, Parameter] = dict(node._parameter_overrides)
    # rcl reads an empty list as a parameter without a type or value.
    emptied = {
        name
        for name, spec in known.items()
        if spec.kind in ("strings", "floats") and name in overrides and not overrides[name].value
    }
    given = {
        name: () if name in emptied else _listed(override.value)
        for name, override in overrides.items()
        if not name.startswith(_FOREIGN)
    }
    try:
        core_config.build(config_class, given)
    except ConfigError as exc:
        raise ConfigError(f"{node.get_fully_qualified_name()}: {exc}") from exc
    for name, spec in known.items():
        default = list(spec.default) if isinstance(spec.default, tuple) else spec.default
        described = descriptor(spec)
        if name in emptied:
            default, described.dynamic_typing = [], True
        try:
            node.declare_parameter(name, default, described, ignore_override=name in emptied)
        except (InvalidParameterTypeException, InvalidParameterValueException) as exc:
            hint = "; write it with a decimal point" if spec.kind in ("float", "floats") else ""
            raise ConfigError(
                f"{node.get_fully_qualified_name()}: parameter {name}: got {given.get(name)!r}, "
                f"expected {spec.kind}{hint}"
            ) from exc


def read(node: Node, config_class: type[ConfigT]) -> ConfigT:
    """Return the node's present parameters as a configuration.

    Raises:
        ConfigError: a value is out of range or not among its choices.
    """
    values = {
        spec.name: node.get_parameter(spec.name).value for spec in core_config.specs(config_class)
    }
    return core_config.build(config_class, values)


def check_changes(
    config_class: type[Any], changes: Sequence[Parameter], *, fixed: bool
) -> SetParametersResult:
    """Judge parameter changes; `fixed` says that the node is configured: only live ones change."""
    known = {spec.name: spec for spec in core_config.specs(config_class)}
    for change in changes:
        if change.name not in known:
            continue
        if fixed and not known[change.name].live:
            reason = f"parameter {change.name} is fixed while configured: clean the node up first"
            return SetParametersResult(successful=False, reason=reason)
        try:
            known[change.name].checked(change.value)
        except ConfigError as exc:
            return SetParametersResult(successful=False, reason=str(exc))
    return SetParametersResult(successful=True)


def changed(node: Node, config_class: type[ConfigT], changes: Sequence[Parameter]) -> ConfigT:
    """Return the configuration as it will be after changes that were judged.

    Raises:
        ConfigError: the values do not fit together.
    """
    known = {spec.name for spec in core_config.specs(config_class)}
    values = {name: node.get_parameter(name).value for name in known}
    values |= {change.name: change.value for change in changes if change.name in known}
    return core_config.build(config_class, {name: _listed(value) for name, value in values.items()})


def read_value(message: ParameterValue) -> Any:
    """Return the value of a parameter message: bool, int, float, str or a list of one of them."""
    value = parameter_value_to_python(message)
    # A list without entries comes as bytes: rclpy knows no type of it.
    return [] if isinstance(value, (bytes, list)) and not value else _listed(value)


def value_message(kind: str, value: Any) -> ParameterValue:
    """Return a value as a parameter message.

    Args:
        kind: bool, int, float, str, "strings" or "floats". value: of that kind.
    """
    field, type_number = _FIELDS[kind]
    return ParameterValue(**{"type": type_number, field: value})
