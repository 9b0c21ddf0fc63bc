"""A progress bar on the terminal; silent where the output is a file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

ItemT = TypeVar("ItemT")
# Passes the items of a sequence on and shows how far it got: (items, what is done with them).
Track = Callable[[Sequence[ItemT], str], Iterable[ItemT]]


def bar(items: Sequence[ItemT], description: str) -> Iterable[ItemT]:
    """Yield the items and show a bar with the remaining time on stderr."""
    from rich.console import Console
    from rich.progress import track

    return track(items, description=description, console=Console(stderr=True))


def silent(items: Sequence[ItemT], description: str) -> Iterable[ItemT]:
    """Yield the items and show nothing."""
    del description
    return items
