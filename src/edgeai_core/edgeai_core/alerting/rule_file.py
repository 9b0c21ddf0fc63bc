"""Rules as people write them: YAML, read strictly, with the line of every mistake."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import yaml

from edgeai_core.alerting.quiet import QuietHours, require_quiet_channels
from edgeai_core.alerting.rules import Rule, require_channels
from edgeai_core.config import ParamSpec, build, specs
from edgeai_core.errors import ConfigError

MAX_BYTES = 1_000_000
MAX_RULES = 200
EntryT = TypeVar("EntryT")
# What the file has lists of, and what messages call them.
_LISTS: Mapping[str, str] = {"rules": "rules", "quiet": "quiet hours"}


@dataclass(frozen=True, slots=True)
class _Setting:
    name: str
    value: object
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFile:
    """What a rule file says.

    Attributes:
        rules: in their order. quiet: when channels are quiet.
    """

    rules: tuple[Rule, ...] = ()
    quiet: tuple[QuietHours, ...] = ()

    def require_channels(self, known: Sequence[str]) -> None:
        """Check that every channel that is named is configured.

        Raises:
            ConfigError: one is not.
        """
        require_channels(self.rules, known)
        require_quiet_channels(self.quiet, known)


def read_rule_file(path: Path) -> RuleFile:
    """Return the rules and quiet hours of a file.

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
    return parse_rule_file(text, source=str(path))


def parse_rule_file(text: str, *, source: str = "rules") -> RuleFile:
    """Return the rules and quiet hours that a text describes.

    Args:
        text: YAML. source: what messages call it.

    Raises:
        ConfigError: as for :func:`read_rule_file`.
    """
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as exc:
        mark = getattr(exc, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark is not None else ""
        problem = getattr(exc, "problem", None) or exc
        raise ConfigError(f"{source}{where}: is no YAML: {problem}") from exc
    if root is None:
        return RuleFile()
    lists = _lists(root, source)
    rules = [_entry(Rule, node, source, what="rule") for node in lists["rules"]]
    quiet = [_entry(QuietHours, node, source, what="quiet hours") for node in lists["quiet"]]
    _require_names([rule.name for rule in rules], lists["rules"], source, what="a rule")
    _require_names([hours.name for hours in quiet], lists["quiet"], source, what="quiet hours")
    return RuleFile(rules=tuple(rules), quiet=tuple(quiet))


def _lists(root: yaml.Node, source: str) -> dict[str, list[yaml.Node]]:
    if not isinstance(root, yaml.MappingNode):
        raise ConfigError(
            f"{source}, line {_line(root)}: expected `rules:` or `quiet:` and a list below it"
        )
    lists: dict[str, list[yaml.Node]] = {name: [] for name in _LISTS}
    for key, value in root.value:
        if key.value not in lists:
            raise ConfigError(
                f"{source}, line {_line(key)}: unknown key {key.value!r}; known: "
                f"{', '.join(_LISTS)}"
            )
        if not isinstance(value, yaml.SequenceNode):
            raise ConfigError(
                f"{source}, line {_line(value)}: expected a list of {_LISTS[key.value]}, each "
                "begun with a dash"
            )
        lists[key.value] += value.value
    for name, nodes in lists.items():
        if len(nodes) > MAX_RULES:
            raise ConfigError(
                f"{source}: got {len(nodes)} {_LISTS[name]}, expected at most {MAX_RULES}"
            )
    return lists


def _require_names(
    names: Sequence[str], nodes: Sequence[yaml.Node], source: str, *, what: str
) -> None:
    for at, name in enumerate(names):
        if name in names[:at]:
            raise ConfigError(
                f"{source}, line {_line(nodes[at])}: {what} {name!r} was there before; names tell "
                f"{_LISTS['rules' if what == 'a rule' else 'quiet']} apart"
            )


def _entry(kind: type[EntryT], node: yaml.Node, source: str, *, what: str) -> EntryT:
    known = {spec.name: spec for spec in specs(kind)}
    groups = {name[:at] for name in known for at, char in enumerate(name) if char == "."}
    values: dict[str, object] = {}
    for setting in _settings(node, source, groups=groups, prefix="", what=what):
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
        return build(kind, values)
    except ConfigError as exc:
        raise ConfigError(f"{source}, line {_line(node)}: {exc}") from exc


def _checked(spec: ParamSpec, value: object, where: str) -> object:
    if spec.kind == "strings" and isinstance(value, str):
        value = (value,)
    try:
        return spec.checked(value)
    except ConfigError as exc:
        raise ConfigError(f"{where}: {str(exc).removeprefix('parameter ')}") from exc


def _settings(
    node: yaml.Node, source: str, *, groups: set[str], prefix: str, what: str
) -> Iterator[_Setting]:
    if not isinstance(node, yaml.MappingNode):
        named = prefix.rstrip(".") if prefix else f"a {what}" if what == "rule" else what
        raise ConfigError(f"{source}, line {_line(node)}: {named} expects keys and values")
    for key, value in node.value:
        name = f"{prefix}{key.value}"
        if name in groups:
            yield from _settings(value, source, groups=groups, prefix=f"{name}.", what=what)
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
