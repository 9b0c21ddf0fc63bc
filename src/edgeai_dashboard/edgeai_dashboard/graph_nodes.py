"""The nodes of the graph by what they do and at which camera, and who of them takes a setting."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from edgeai_core.user_settings import Settings, SettingValue, settings_key


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphNode:
    """A node.

    Attributes:
        name: full. role: its own name, such as `fire_detector`. camera: whose it is, without the
            namespace of the graph; empty for one of the whole graph.
    """

    name: str
    role: str
    camera: str = ""

    def own(self, kept: Mapping[str, Mapping[str, SettingValue]]) -> Mapping[str, SettingValue]:
        """Return what was kept for its camera alone."""
        return kept.get(settings_key(self.role, self.camera), {}) if self.camera else {}


def graph_nodes(names: Sequence[str], *, cameras: Collection[str]) -> tuple[GraphNode, ...]:
    """Return the nodes of full names.

    Args:
        names: such as `/robot/garden/fire_detector`. cameras: namespaces inside that of the graph.
    """
    nodes = []
    for name in names:
        namespace, _, role = name.rpartition("/")
        # The longest: a camera may be called like the last part of another, hall and floor_1/hall.
        owners = [camera for camera in cameras if namespace.endswith(f"/{camera}")]
        nodes.append(GraphNode(name=name, role=role, camera=max(owners, key=len, default="")))
    return tuple(nodes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Where values go.

    Attributes:
        taking: nodes and what each takes now. entries: what is kept, by node of the settings file.
        keeping: cameras that keep values of their own instead.
    """

    taking: tuple[tuple[GraphNode, dict[str, SettingValue]], ...]
    entries: Settings
    keeping: tuple[str, ...]


def spread(
    nodes: Sequence[GraphNode],
    values: Mapping[str, SettingValue],
    *,
    camera: str,
    kept: Mapping[str, Mapping[str, SettingValue]],
) -> Spread:
    """Say which node takes what: the same now as at the next start, from what is kept.

    Args:
        nodes: of one role, one or more. values: to be set, by parameter. camera: for which alone;
            empty for all. kept: what is in the settings file.
    """
    role = nodes[0].role
    if camera or len(nodes) == 1:
        # Beside an only camera nobody is meant: what it has of its own from a time with others is
        # what counts at it, so that is what changes.
        own = {} if camera else nodes[0].own(kept)
        entries: Settings = {}
        for name, value in values.items():
            key = settings_key(role, nodes[0].camera if name in own else camera)
            entries.setdefault(key, {})[name] = value
        return Spread(taking=((nodes[0], dict(values)),), entries=entries, keeping=())
    taking = tuple(
        (node, {name: value for name, value in values.items() if name not in node.own(kept)})
        for node in nodes
    )
    return Spread(
        taking=tuple((node, taken) for node, taken in taking if taken),
        entries={settings_key(role): dict(values)},
        keeping=tuple(node.camera for node, taken in taking if len(taken) < len(values)),
    )
