"""What the page asks the graph for; the server knows nothing else of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from edgeai_core.errors import EdgeAiError
from edgeai_core.user_settings import SettingValue
from edgeai_dashboard.sessions import Caller
from edgeai_dashboard.zone_slots import ZoneSlot

# In the types of JSON: it goes to the browser as it is.
Json = dict[str, Any]


class GraphError(EdgeAiError):
    """The graph refused what was asked, or did not answer."""


class GraphSilentError(GraphError):
    """A node did not answer; it may not run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertQuery:
    """Which alerts; empty filters take all.

    Attributes:
        text: words in title, reason or subject. categories, camera, min_severity: as in Alert.
        states: numbers of `AlertState`. before: id of the alert after which to go on.
        limit: 1..500.
    """

    text: str = ""
    categories: tuple[str, ...] = ()
    camera: str = ""
    min_severity: int = 0
    states: tuple[int, ...] = ()
    before: str = ""
    limit: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What was kept of an alert.

    Attributes:
        media_type: such as image/jpeg. data: the whole of it.
    """

    media_type: str
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class LivePicture:
    """One picture of a camera for watchers.

    Attributes:
        head: camera, size in pixels, and what was found, in the types of JSON. jpeg: the picture.
    """

    head: Json = field(default_factory=dict)
    jpeg: bytes = b""


class Backend(Protocol):
    """The graph as the page sees it. Called on the server's loop.

    Every method that asks a node raises GraphError with the node's own sentence when it refuses,
    GraphSilentError when none answers.
    """

    def snapshot(self) -> Json:
        """Return the session's state, what is armed, the nodes and the cameras, as known now."""
        ...

    def alerts_feed(self) -> AbstractAsyncContextManager[AsyncIterator[Json]]:
        """Return alerts as they are published."""
        ...

    def watch(self, camera: str) -> AbstractAsyncContextManager[AsyncIterator[LivePicture]]:
        """Return pictures of a camera as long as they are wanted; GraphError: no such camera."""
        ...

    async def set_armed(self, caller: Caller, analyzers: Sequence[str]) -> str: ...

    async def lock(self) -> str: ...

    async def alerts(self, caller: Caller, query: AlertQuery) -> Json: ...

    async def acknowledge(self, caller: Caller, alert_id: str) -> str: ...

    async def evidence(self, caller: Caller, alert_id: str, kind: str) -> Evidence: ...

    async def people(self, caller: Caller) -> list[Json]: ...

    async def enrol(self, caller: Caller, *, name: str, source: Path, authorised: bool) -> Json: ...

    async def manage_person(self, caller: Caller, *, action: str, name: str, value: str) -> str: ...

    async def things(self, caller: Caller) -> list[Json]:
        """Return the newest sighting of everything, without pictures."""
        ...

    async def thing_snapshot(self, caller: Caller, *, thing: str, camera: str) -> bytes:
        """Return the JPEG of the newest sighting; GraphError: there is none."""
        ...

    async def settings(self, camera: str) -> list[Json]:
        """Return the parameters that can be set of every node of a camera, with their descriptions.

        Without a camera of every role, as they are for all cameras.
        """
        ...

    async def apply(self, node: str, values: Mapping[str, SettingValue], *, camera: str) -> str:
        """Set parameters of a node by its role and keep them; return what was done.

        Without a camera at all that have no value of their own.
        """
        ...

    async def follow(self, node: str, name: str, *, camera: str) -> str:
        """Let a camera have no value of its own of a parameter; return what was done."""
        ...

    async def zones(self, camera: str) -> list[Json]:
        """Return what can be drawn at a camera, and what is; without one at the first."""
        ...

    async def draw(self, slot: ZoneSlot, texts: Sequence[str], *, camera: str) -> str:
        """Set what is drawn at a camera, without one at all; return what was done."""
        ...
