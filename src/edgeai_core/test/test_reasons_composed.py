"""No analyzer writes a reason of its own: each call of the table gives the values it names."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

import edgeai_core
from edgeai_core.reasons.template import Reason

ROOT = Path(edgeai_core.__file__).parent
SOURCES = sorted(
    path
    for folder in ("analyzers", "access", "explaining")
    for path in (ROOT / folder).rglob("*.py")
    if path.name != "testing.py"
)
TELLING = {"reason", "rejection", "_reason", "_refusal", "told"}


def imported(tree: ast.Module) -> dict[str, object]:
    """Return what a module takes from the table, by the name it has there."""
    return {
        alias.asname or alias.name: getattr(importlib.import_module(node.module), alias.name, None)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        and node.module is not None
        and node.module.startswith("edgeai_core.reasons")
        for alias in node.names
    }


def sayings(tree: ast.Module) -> Iterator[tuple[Reason, ast.Call]]:
    """Give each call of `say` on a reason that is named."""
    names = imported(tree)
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        of = node.func.value
        if node.func.attr != "say":
            continue
        if isinstance(of, ast.Attribute) and isinstance(of.value, ast.Name):
            reason = getattr(names.get(of.value.id), of.attr, None)
        else:
            reason = names.get(of.id) if isinstance(of, ast.Name) else None
        if isinstance(reason, Reason):
            yield reason, node


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_reasons_get_the_values_that_they_name(path: Path) -> None:
    for reason, call in sayings(ast.parse(path.read_text())):
        given = {keyword.arg for keyword in call.keywords}
        if None not in given:  # ** gives some that are not written here
            assert given == set(reason.values), f"{path.name}:{call.lineno}"


def test_most_of_the_table_is_said_by_name() -> None:
    said = {id(reason) for path in SOURCES for reason, _ in sayings(ast.parse(path.read_text()))}
    assert len(said) > 80


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_analyzer_writes_words_into_a_reason(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        names = [node.arg] if isinstance(node, ast.keyword) else []
        if isinstance(node, ast.Assign):
            names = [of.attr for of in node.targets if isinstance(of, ast.Attribute)]
        if not TELLING.intersection(names):
            continue
        words = [
            part.value
            for part in ast.walk(node.value)
            if isinstance(part, ast.Constant) and isinstance(part.value, str)
        ]
        assert not any(words), f"{path.name}:{node.value.lineno}: {words}"
