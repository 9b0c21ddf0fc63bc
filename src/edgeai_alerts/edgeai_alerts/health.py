"""What the dispatcher says about itself."""

from __future__ import annotations

from dataclasses import dataclass

from edgeai_core.alerting.engine_config import EngineCounters


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelHealth:
    """One channel since the start.

    Attributes:
        name: channel. sent: alerts it took. failed: tries that failed. refused: alerts it never
            takes. dropped: alerts lost to it because neither store nor memory had room.
        waiting: alerts in its line. more_in_store: further ones wait in the event store.
        failures_in_row: failed tries since the last success. last_error: one sentence or empty.
    """

    name: str
    sent: int
    failed: int
    refused: int
    dropped: int
    waiting: int
    more_in_store: bool
    failures_in_row: int
    last_error: str


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
        found = [
            f"channel {channel.name} failed {channel.failures_in_row} times in a row, "
            f"{channel.waiting}{'+' if channel.more_in_store else ''} alerts wait: "
            f"{channel.last_error}"
            for channel in self.channels
            if channel.failures_in_row
        ]
        if self.store_failing:
            found.append(f"{self.unwritten} records wait to be stored: {self.store_error}")
        return tuple(found)
