"""Command-line settings `node.parameter=value` as typed parameter overrides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import yaml

from edgeai_bringup.graph import NODES, ParameterValue
from edgeai_core.errors import ConfigError


def parse_settings(settings: Sequence[str]) -> dict[str, dict[str, ParameterValue]]:
    """Return node name -> parameter -> value; values are read as YAML, as in a parameter file.

    ``CAMERA/NODE.PARAMETER=VALUE`` is for the node of one camera, under ``CAMERA/NODE``.

    Raises:
        ConfigError: a setting has no node, no value, or a node that is not in the graph.
    """
    known = [entry.name for entry in NODES]
    result: dict[str, dict[str, ParameterValue]] = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        node, dot, parameter = name.partition(".")
        if not (equals and dot and parameter):
            raise ConfigError(f"setting {setting!r}: expected NODE.PARAMETER=VALUE")
        if node.rpartition("/")[2] not in known:
            raise ConfigError(f"setting {setting!r}: no node {node!r}; one of {', '.join(known)}")
        result.setdefault(node, {})[parameter] = _value(setting, text)
    return result


def _value(setting: str, text: str) -> ParameterValue:
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as exc:
        problem = " ".join(str(exc).split())
        raise ConfigError(f"setting {setting!r}: the value is not valid YAML: {problem}") from exc
    kinds = {type(item) for item in value} if isinstance(value, list) else {type(value)}
    if len(kinds) > 1 or not kinds <= {bool, int, float, str}:
        raise ConfigError(
            f"setting {setting!r}: expected a number, true, false, a text or a list of one of "
            "them; put a text that looks like something else into quotes"
        )
    return cast("ParameterValue", value)
