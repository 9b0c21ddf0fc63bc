"""Tables of the generated documents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from edgeai_core.config import ParamSpec, Value
from edgeai_core.errors import EdgeAiError

_ROS_TYPES = {
    "bool": "bool",
    "int": "integer",
    "float": "double",
    "str": "string",
    "strings": "string[]",
    "floats": "double[]",
}


def table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a Markdown table."""
    yield f"| {' | '.join(titles)} |"
    yield f"|{'---|' * len(titles)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |"


def parameter_row(spec: ParamSpec, profiles: Mapping[str, Mapping[str, object]]) -> tuple[str, ...]:
    """Return the cells of a parameter; `profiles`: profile -> parameter -> value."""
    given = [f"{p} {shown(v[spec.name])}" for p, v in profiles.items() if spec.name in v]
    return (
        f"`{spec.name}`",
        _ROS_TYPES[spec.kind],
        shown(spec.default),
        spec.unit,
        value_range(spec),
        ", ".join(given),
        spec.description,
    )


def value_range(spec: ParamSpec) -> str:
    """Return the values that a parameter takes, for people."""
    if spec.choices:
        return ", ".join(f"`{choice}`" for choice in spec.choices)
    low, high = spec.minimum, spec.maximum
    if low is None and high is None:
        return ""
    if high is None:
        return f"≥ {low:.12g}"
    return f"≤ {high:.12g}" if low is None else f"{low:.12g} … {high:.12g}"


def shown(value: Value | object) -> str:
    """Return a value as it is written in a parameter file.

    Raises:
        EdgeAiError: it is a path of this machine, which other readers do not have.
    """
    if isinstance(value, str):
        if value.startswith(("/", "~")):
            raise EdgeAiError(f"{value!r} is a path of one machine: let it be empty or relative")
        return f"`{value}`" if value else '`""`'
    if isinstance(value, bool):
        return f"`{value}`".lower()
    if isinstance(value, (list, tuple)):
        return f"`[{', '.join(str(item) for item in value)}]`"
    return f"`{value}`"
