"""Rules as people write them: YAML, read strictly, with the line of every mistake."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from edgeai_core.alerting.rules import Rule
from edgeai_core.config import ParamSpec, build, specs
from edgeai_core.errors import ConfigError

MAX_BYTES = 1_000_000
MAX_RULES = 200


@dataclass(frozen=True, slots=True)
class _Setting:
    name: str
    value: object
    line: int


def read_rules(path: Path) -> tuple[Rule, ...]:
    """Return the rules of a file, in its order.

    Raises:
        ConfigError: it cannot be read, is no YAML, or a rule has an unknown key, a value of the
            wrong type or out of range, or contradicts itself; with file and line.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ConfigError(f"{path}: has {path.stat().st_size} B, expected at most {MAX_BYTES}")
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as exc:
        raise ConfigError(
            f"{path}: cannot be read ({exc}); check the parameter rules.path, which is empty for "
            "no rules"
        ) from exc
    return parse_rules(text, source=str(path))


def parse_rules(text: str, *, source: str = "rules") -> tuple[Rule, ...]:
    """Return the rules that a text describes, in its order.

    Args:
        text: YAML. source: what messages call it.

    Raises:
        ConfigError: as for :func:`read_rules`.
    """
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as exc:
        mark = getattr(exc, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark is not None else ""
        problem = getattr(exc, "problem", None) or exc
        raise ConfigError(f"{source}{where}: is no YAML: {problem}") from exc
    if root is None:
        return ()
    rules: dict[str, Rule] = {}
    for node in _rule_nodes(root, source):
        rule = _rule(node, source)
        if rule.name in rules:
            raise ConfigError(
                f"{source}, line {_line(node)}: a rule {rule.name!r} was there before; names tell "
                "rules apart"
            )
        rules[rule.name] = rule
    return tuple(rules.values())


def _rule_nodes(root: yaml.Node, source: str) -> list[yaml.Node]:
    if not isinstance(root, yaml.MappingNode):
        raise ConfigError(f"{source}, line {_line(root)}: expected `rules:` and a list below it")
    nodes: list[yaml.Node] = []
    for key, value in root.value:
        if key.value != "rules":
            raise ConfigError(
                f"{source}, line {_line(key)}: unknown key {key.value!r}; known: rules"
            )
        if not isinstance(value, yaml.SequenceNode):
            raise ConfigError(
                f"{source}, line {_line(value)}: expected a list of rules, each begun with a dash"
            )
        nodes += value.value
    if len(nodes) > MAX_RULES:
        raise ConfigError(f"{source}: got {len(nodes)} rules, expected at most {MAX_RULES}")
    return nodes


def _rule(node: yaml.Node, source: str) -> Rule:
    known = {spec.name: spec for spec in specs(Rule)}
    groups = {name[:at] for name in known for at, char in enumerate(name) if char == "."}
    values: dict[str, object] = {}
    for setting in _settings(node, source, groups=groups, prefix=""):
        where = f"{source}, line {setting.line}"
        spec = known.get(setting.name)
        if spec is None:
            near = difflib.get_close_matches(setting.name, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"
            raise ConfigError(f"{where}: unknown key {setting.name!r}; {hint}")
        if setting.name in values:
            raise ConfigError(f"{where}: {setting.name} is there twice")
        values[setting.name] = _checked(spec, setting.value, where)
    try:
        return build(Rule, values)
    except ConfigError as exc:
        raise ConfigError(f"{source}, line {_line(node)}: {exc}") from exc


def _checked(spec: ParamSpec, value: object, where: str) -> object:
    if spec.kind == "strings" and isinstance(value, str):
        value = (value,)
    try:
        return spec.checked(value)
    except ConfigError as exc:
        raise ConfigError(f"{where}: {str(exc).removeprefix('parameter ')}") from exc


def _settings(node: yaml.Node, source: str, *, groups: set[str], prefix: str) -> Iterator[_Setting]:
    if not isinstance(node, yaml.MappingNode):
        what = f"{prefix.rstrip('.')} " if prefix else "a rule "
        raise ConfigError(f"{source}, line {_line(node)}: {what}expects keys and values")
    for key, value in node.value:
        name = f"{prefix}{key.value}"
        if name in groups:
            yield from _settings(value, source, groups=groups, prefix=f"{name}.")
        else:
            yield _Setting(name, _value(value, source), _line(key))


def _value(node: yaml.Node, source: str) -> object:
    try:
        # Of a node: nothing is read twice, and nothing but plain values is made.
        return yaml.SafeLoader("").construct_object(node, deep=True)
    except (yaml.YAMLError, ValueError) as exc:
        raise ConfigError(f"{source}, line {_line(node)}: {exc}") from exc


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
