"""Fields of any message from plain values, as `ros2 topic pub` and `ros2 action send_goal` do it.

rosidl_runtime_py has the same for ROS installations; it is not on PyPI.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping
from typing import Any

import yaml

from edgeai_core.errors import ConfigError

_TYPE_NAME = re.compile(r"[a-z][a-z0-9_]*/(?:msg|srv|action)/[A-Za-z0-9]+")
_ELEMENT = re.compile(r"sequence<(?P<sequence>[^,>]+)(?:, \d+)?>|(?P<array>[^\[]+)\[\d*\]")
_WHOLE = re.compile(r"u?int\d+|octet|byte|char")
_TEXT = re.compile(r"w?string(?:<\d+>)?")


def interface_type(name: str) -> type[Any]:
    """Return the class of ``package/action/Name``, or of a message or service.

    Raises:
        ConfigError: it is written otherwise, or its package is not installed.
    """
    if not _TYPE_NAME.fullmatch(name):
        raise ConfigError(
            f"type {name!r}: expected PACKAGE/action/NAME, such as nav2_msgs/action/NavigateToPose"
        )
    package, kind, own_name = name.split("/")
    try:
        module = importlib.import_module(f"{package}.{kind}")
    except ImportError as exc:
        raise ConfigError(
            f"type {name}: package {package} is not installed here ({exc}); install it "
            f"(apt: ros-$ROS_DISTRO-{package.replace('_', '-')}) and source its workspace"
        ) from exc
    if not hasattr(module, own_name):
        raise ConfigError(f"type {name}: package {package} has no {kind} {own_name}")
    found: type[Any] = getattr(module, own_name)
    return found


def fill_from_yaml(message: Any, text: str) -> Any:
    """Fill a message from YAML, such as ``{pose: {position: {x: 1.0}}}``; return it.

    Raises:
        ConfigError: it is no YAML, or a field does not exist or does not fit.
    """
    try:
        values = yaml.safe_load(text)
    except yaml.YAMLError as exc:
        raise ConfigError(f"goal: not valid YAML: {' '.join(str(exc).split())}") from exc
    fill(message, {} if values is None else values, where=type(message).__name__)
    return message


def fill(message: Any, values: object, *, where: str) -> None:
    """Set fields of a message; those that are not named keep their defaults.

    Args:
        message: any message. values: a mapping of its fields. where: names it in errors.

    Raises:
        ConfigError: a field does not exist or does not fit.
    """
    kinds = message.get_fields_and_field_types()
    if not isinstance(values, Mapping):
        raise ConfigError(f"{where}: got {values!r}, expected fields among {', '.join(kinds)}")
    for name, value in values.items():
        if name not in kinds:
            raise ConfigError(f"{where}: no field {name!r}; known: {', '.join(kinds)}")
        path = f"{where}.{name}"
        try:
            setattr(message, name, _filled(kinds[name], value, path))
        except (AssertionError, OverflowError, TypeError, ValueError) as exc:
            raise ConfigError(f"{path}: got {value!r}, expected {kinds[name]}") from exc


def _filled(kind: str, value: object, path: str) -> object:
    """Return a value as a field of that kind takes it."""
    listed = _ELEMENT.fullmatch(kind)
    if listed is not None:
        if not isinstance(value, list):
            raise TypeError(kind)
        element = listed["sequence"] or listed["array"]
        return [_filled(element, one, f"{path}[{at}]") for at, one in enumerate(value)]
    if "/" in kind:
        package, own_name = kind.split("/")
        part = interface_type(f"{package}/msg/{own_name}")()
        fill(part, value, where=path)
        return part
    if kind == "boolean":
        return _checked(value, bool)
    if _TEXT.fullmatch(kind):
        return _checked(value, str)
    if _WHOLE.fullmatch(kind):
        return _checked(value, int)
    return float(_checked(value, int, float))


def _checked(value: Any, *kinds: type[Any]) -> Any:
    # true is a whole number for Python, and YAML reads yes as true.
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        raise TypeError(value)
    return value
