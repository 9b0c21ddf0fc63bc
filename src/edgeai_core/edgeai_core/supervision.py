"""Bring each node of the graph to the lifecycle state that is wanted, and keep it there.

Pure decisions on a monotonic clock: the supervisor node feeds heartbeats in and carries the
transitions out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from edgeai_core.config import param


class NodeState(IntEnum):
    """Primary lifecycle states; the values are those of lifecycle_msgs/State."""

    UNKNOWN = 0
    UNCONFIGURED = 1
    INACTIVE = 2
    ACTIVE = 3
    FINALIZED = 4


class Transition(IntEnum):
    """Requests to a node; the values are those of lifecycle_msgs/Transition."""

    CONFIGURE = 1
    CLEANUP = 2
    ACTIVATE = 3
    DEACTIVATE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class SupervisionConfig:
    """How patient the supervisor is."""

    heartbeat_timeout_s: float = param(
        5.0,
        "A node that is silent for longer counts as lost; lower finds faults sooner but takes a "
        "long model load for one",
        unit="s",
        minimum=1.5,
        maximum=120.0,
    )
    transition_timeout_s: float = param(
        60.0,
        "A transition that takes longer is taken as failed; raise it where engines are built at "
        "first start",
        unit="s",
        minimum=1.0,
        maximum=3600.0,
    )
    retry_delay_s: float = param(
        1.0,
        "Pause after the first failed transition; it doubles with every further failure",
        unit="s",
        minimum=0.1,
        maximum=60.0,
    )
    retry_delay_max_s: float = param(
        30.0, "Longest pause between tries", unit="s", minimum=0.1, maximum=3600.0
    )
    error_grace_s: float = param(
        10.0,
        "An analyzer that reports ERROR for longer is restarted",
        unit="s",
        minimum=1.0,
        maximum=3600.0,
    )
    max_restarts: int = param(
        5,
        "Restarts within restart_window_s; a node that needs more is left as it is and reported",
        minimum=0,
        maximum=1000,
    )
    restart_window_s: float = param(
        300.0, "Window in which restarts are counted", unit="s", minimum=1.0, maximum=86400.0
    )


# A node does one thing after the other: it says at most once where it stood before it carries a
# request out. One that says so this often never got the request, as a process that has just come
# back may not: endpoints find each other one by one, and the request can be sent in between.
_UNMOVED_HEARTBEATS = 3

# (state now, state wanted) -> next request
_STEPS: dict[tuple[NodeState, NodeState], Transition] = {
    (NodeState.UNCONFIGURED, NodeState.INACTIVE): Transition.CONFIGURE,
    (NodeState.UNCONFIGURED, NodeState.ACTIVE): Transition.CONFIGURE,
    (NodeState.INACTIVE, NodeState.ACTIVE): Transition.ACTIVATE,
    (NodeState.INACTIVE, NodeState.UNCONFIGURED): Transition.CLEANUP,
    (NodeState.ACTIVE, NodeState.INACTIVE): Transition.DEACTIVATE,
    (NodeState.ACTIVE, NodeState.UNCONFIGURED): Transition.DEACTIVATE,
}
_RESULTS: dict[Transition, NodeState] = {
    Transition.CONFIGURE: NodeState.INACTIVE,
    Transition.CLEANUP: NodeState.UNCONFIGURED,
    Transition.ACTIVATE: NodeState.ACTIVE,
    Transition.DEACTIVATE: NodeState.INACTIVE,
}


class NodeKeeper:
    """Decide the next transition of one node.

    Args:
        name: fully qualified node name. restartable: restart the node when it reports ERROR for
            too long; False for a camera, which reconnects by itself.
        monotonic_s: clock, seconds, never jumping.
    """

    def __init__(
        self,
        name: str,
        *,
        config: SupervisionConfig,
        monotonic_s: Callable[[], float],
        restartable: bool = True,
    ) -> None:
        self.name = name
        self.wanted = NodeState.UNCONFIGURED
        self._config = config
        self._monotonic_s = monotonic_s
        self._restartable = restartable
        self._state = NodeState.UNKNOWN
        self._heard_s = monotonic_s()
        self._requested: Transition | None = None
        self._requested_s = 0.0
        self._unmoved = 0
        self._failures = 0
        self._not_before_s = 0.0
        self._error_since_s: float | None = None
        self._error = ""
        self._restarting = False
        self._restarts: deque[float] = deque()

    @property
    def state(self) -> NodeState:
        """The last state known; UNKNOWN before the first and after a lost heartbeat."""
        return self._state if self.answering else NodeState.UNKNOWN

    @property
    def answering(self) -> bool:
        """Whether the node was heard within the time-out (or is busy with a transition)."""
        now_s = self._monotonic_s()
        if self._requested is not None:
            return now_s - self._requested_s <= self._config.transition_timeout_s
        return now_s - self._heard_s <= self._config.heartbeat_timeout_s

    @property
    def fault(self) -> str:
        """One sentence about what is wrong; empty when nothing is."""
        now_s = self._monotonic_s()
        if not self.answering:
            return f"no heartbeat for {now_s - self._heard_s:.0f} s; is its process running?"
        if self._restarts_exhausted(now_s) and self._error_since_s is not None:
            return (
                f"{self._error}; given up after {len(self._restarts)} restarts, read the node's log"
            )
        if self._error_since_s is not None:
            return self._error
        if self._failures:
            return f"{self._failures} failed transitions, trying again; read the node's log"
        return ""

    @property
    def fault_is_its_own(self) -> bool:
        """Whether the fault is what the node says in its own diagnostics, and no more."""
        return self.fault != "" and self.fault == self._error

    def heartbeat(self, state: NodeState, *, error: str = "") -> None:
        """Note that the node is alive; `error` is its sentence when it reports ERROR."""
        now_s = self._monotonic_s()
        self._heard_s = now_s
        if self._requested is not None and state is _RESULTS[self._requested]:
            # The answer may be lost on its way; what the node says of itself is as good.
            self.finished(self._requested, succeeded=True)
        elif self._requested is not None and state is not NodeState.UNKNOWN:
            self._unmoved += 1
            if self._unmoved >= _UNMOVED_HEARTBEATS:
                self.finished(self._requested, succeeded=False)
        if self._requested is None:
            self._state = state
        if not error:
            self._error_since_s = None
        elif self._error_since_s is None:
            self._error_since_s = now_s
        self._error = error

    def next_transition(self) -> Transition | None:
        """Return the transition to request now, or None; call :meth:`finished` with its outcome."""
        now_s = self._monotonic_s()
        if self._requested is not None:
            if now_s - self._requested_s <= self._config.transition_timeout_s:
                return None
            self.finished(self._requested, succeeded=False)
        if not self.answering or now_s < self._not_before_s:
            return None
        self._consider_restart(now_s)
        target = NodeState.UNCONFIGURED if self._restarting else self.wanted
        if self._restarting and self._state == NodeState.UNCONFIGURED:
            self._restarting = False
            target = self.wanted
        step = _STEPS.get((self._state, target))
        if step is not None:
            self._requested, self._requested_s, self._unmoved = step, now_s, 0
        return step

    def finished(self, transition: Transition, *, succeeded: bool) -> None:
        """Note how a requested transition ended; an answer that comes too late is ignored."""
        if self._requested is not transition:
            return
        self._requested = None
        now_s = self._monotonic_s()
        if succeeded:
            self._state = _RESULTS[transition]
            self._heard_s = now_s
            self._failures = 0
            return
        delay_s = self._config.retry_delay_s * 2.0 ** min(self._failures, 16)
        self._failures += 1
        self._not_before_s = now_s + min(delay_s, self._config.retry_delay_max_s)

    def _consider_restart(self, now_s: float) -> None:
        if not self._restartable or self._restarting or self._error_since_s is None:
            return
        if now_s - self._error_since_s < self._config.error_grace_s:
            return
        if self._state != NodeState.ACTIVE or self._restarts_exhausted(now_s):
            return
        self._restarting = True
        self._restarts.append(now_s)
        self._error_since_s = now_s

    def _restarts_exhausted(self, now_s: float) -> bool:
        while self._restarts and self._restarts[0] < now_s - self._config.restart_window_s:
            self._restarts.popleft()
        return len(self._restarts) >= self._config.max_restarts
