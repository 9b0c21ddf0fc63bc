"""Command-line settings `node.parameter=value` as typed parameter overrides."""

from __future__ import annotations

from collections.abc import Sequence

import yaml

from edgeai_bringup.graph import NODES, ParameterValue
from edgeai_core.errors import ConfigError


def parse_settings(settings: Sequence[str]) -> dict[str, dict[str, ParameterValue]]:
    """Return node name -> parameter -> value; values are read as YAML, as in a parameter file.

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
        if node not in known:
            raise ConfigError(f"setting {setting!r}: no node {node!r}; one of {', '.join(known)}")
        try:
            result.setdefault(node, {})[parameter] = yaml.safe_load(text)
        except yaml.YAMLError as exc:
            raise ConfigError(f"setting {setting!r}: the value is not valid YAML: {exc}") from exc
    return result
