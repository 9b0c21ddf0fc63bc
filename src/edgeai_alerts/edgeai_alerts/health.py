"""What the dispatcher says about itself."""

from __future__ import annotations

from dataclasses import dataclass

from edgeai_core.alerting.engine_config import EngineCounters


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelHealth:
    """One channel since the start.

    Attributes:
        name: channel. sent: alerts it took. failed: tries that failed. refused: alerts it never
            takes. expired: alerts that were too old to be told when it could have taken them.
        dropped: alerts lost to it because neither store nor memory had room.
        waiting: alerts in its line. more_in_store: further ones wait in the event store.
        failures_in_row: failed tries since the last success. last_error: one sentence or empty.
        trouble: why it is away now, though no alert waits; one sentence or empty.
    """

    name: str
    sent: int
    failed: int
    refused: int
    expired: int
    dropped: int
    waiting: int
    more_in_store: bool
    failures_in_row: int
    last_error: str
    trouble: str = ""

    def figures(self) -> str:
        """Return what happened there in one line."""
        return (
            f"{self.sent} sent, {self.waiting}{'+' if self.more_in_store else ''} waiting, "
            f"{self.failed} tries failed, {self.refused} refused, {self.expired} expired, "
            f"{self.dropped} lost"
        )

    def problem(self) -> str:
        """Return one sentence when it does not work now; empty when all is well."""
        if self.failures_in_row:
            return (
                f"channel {self.name} failed {self.failures_in_row} times in a row, "
                f"{self.waiting}{'+' if self.more_in_store else ''} alerts wait: {self.last_error}"
            )
        return f"channel {self.name} is {self.trouble}" if self.trouble else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatcherHealth:
    """The dispatcher since the start.

    Attributes:
        engine: what happened to events. queued: alerts not stored yet. queue_dropped: alerts that
            gave way in a full queue. late_events: submitted after the dispatcher was closed.
        store_errors: failed reads and writes. store_failing: the last one failed. store_lost:
            records that were never written. unwritten: records that wait for the store.
        store_error: last error, one sentence or empty.
        callback_errors: exceptions of the callbacks. worker_errors: exceptions of our own.
        channels: in the order of the configuration.
    """

    engine: EngineCounters
    queued: int
    queue_dropped: int
    late_events: int
    store_errors: int
    store_failing: bool
    store_lost: int
    store_error: str
    unwritten: int
    callback_errors: int
    worker_errors: int
    channels: tuple[ChannelHealth, ...]

    def problems(self) -> tuple[str, ...]:
        """Return one sentence for each thing that does not work now; empty when all is well."""
        found = [problem for channel in self.channels if (problem := channel.problem())]
        if self.store_failing:
            found.append(f"{self.unwritten} records wait to be stored: {self.store_error}")
        return tuple(found)
