"""From the store to the channels: every alert once, in order, and again until it is taken."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from edgeai_alerts.channels.base import Channel, ForgetfulChannel
from edgeai_alerts.config import DispatchConfig
from edgeai_alerts.desk import Desk
from edgeai_alerts.health import ChannelHealth
from edgeai_alerts.journal import Journal
from edgeai_alerts.outlet import Outlet
from edgeai_alerts.quiet import Quiet, Wants
from edgeai_alerts.rows import Outcome
from edgeai_core.alerting.forgetting import Forgotten
from edgeai_core.alerting.ratelimit import MonotonicClock
from edgeai_core.types import Alert, Severity

_EXPIRE_EVERY_S = 60.0


class Deliveries:
    """The channels with their lines. The dispatcher's worker calls every method but `health`.

    Args:
        channels: they are closed by `stop`.
        minimums: the mildest severity that goes to a channel, by its name; INFO where none is.
        journal: where deliveries are noted. desk: is told what was sent and what is given up.
        config: sizes and times. clock: monotonic seconds.
        report: is told one sentence when something fails and when it works again.
        quiet: which channels are left alone now; None for none.
    """

    def __init__(
        self,
        channels: Sequence[Channel],
        *,
        minimums: Mapping[str, Severity],
        journal: Journal,
        desk: Desk,
        config: DispatchConfig,
        clock: MonotonicClock,
        report: Callable[[str], None],
        quiet: Quiet | None = None,
    ) -> None:
        self._quiet = quiet
        self._journal = journal
        self._desk = desk
        self._expiry_s = config.expiry_h * 3600.0
        self._clock = clock
        self._report = report
        self._expire_at_s = clock() + _EXPIRE_EVERY_S
        self._outlets = {
            channel.name: Outlet(
                channel,
                retry=config.retry,
                capacity=config.lane_size,
                clock=clock,
                minimum=minimums.get(channel.name, Severity.INFO),
            )
            for channel in channels
        }

    def start(self) -> None:
        """Give every channel a thread of its own; without it the caller carries the alerts."""
        for outlet in self._outlets.values():
            outlet.courier.start(self._desk.stir)

    def restore(self) -> None:
        """Take up what an earlier run did not deliver."""
        self._expire()
        for name, outlet in self._outlets.items():
            outlet.lane.refill(self._journal.pending(name) or [])

    def takers(self, alert: Alert, *, names: Sequence[str], change: bool = False) -> list[str]:
        """Return the names of the channels that an alert goes to.

        Args:
            alert: which one. names: channels of its rule; empty for all.
            change: it is not told, it has ended or was acknowledged.
        """
        return [
            name
            for name, outlet in self._outlets.items()
            if outlet.wants(alert, names=names)
            and (outlet.takes_changes or not change)
            and not self._is_quiet(alert, name, change)
        ]

    def _is_quiet(self, alert: Alert, channel: str, change: bool) -> bool:
        quiet = self._quiet
        return quiet is not None and quiet.holds(alert, channel=channel, change=change)

    def wants(self, channels_of: Callable[[Alert], Sequence[str]]) -> dict[str, Wants]:
        """Return what each channel is told when it is not quiet, by its name."""

        def wanted(outlet: Outlet) -> Wants:
            return lambda alert: outlet.wants(alert, names=channels_of(alert))

        return {name: wanted(outlet) for name, outlet in self._outlets.items()}

    def add(self, alert: Alert, *, takers: Sequence[str], stored: bool) -> None:
        """Put an alert into the lines of channels; `stored` as for `DeliveryLane.add`."""
        for name in takers:
            dropped = self._outlets[name].lane.add(alert, stored=stored)
            if dropped is not None:
                self._give_up(dropped.alert_id)

    def forget_person(self, person: Forgotten) -> None:
        """Take a person out of all lines."""
        for outlet in self._outlets.values():
            outlet.lane.rewrite(person.out_of)

    def forget_shown(self, person: Forgotten) -> None:
        """Take a person out of what channels show where they lead; any thread calls."""
        for outlet in self._outlets.values():
            if isinstance(outlet.channel, ForgetfulChannel):
                outlet.channel.forget_person(person)

    def show_picture(self, alert: Alert, *, takers: Sequence[str]) -> None:
        """Let channels that took an alert show the picture that was made of it since."""
        for name in takers:
            self._outlets[name].courier.show_picture(alert)

    def work(self) -> float | None:
        """Do one round; return the seconds until there is more, None when nothing is foreseen."""
        for outlet in self._outlets.values():
            self._deliver(outlet)
        now_s = self._clock()
        if now_s >= self._expire_at_s:
            self._expire_at_s = now_s + _EXPIRE_EVERY_S
            self._expire()
        waits = [outlet.wait_s() for outlet in self._outlets.values()]
        return min((wait_s for wait_s in waits if wait_s is not None), default=None)

    @property
    def busy(self) -> bool:
        """Some channel has an alert under way."""
        return any(outlet.courier.busy for outlet in self._outlets.values())

    @property
    def idle(self) -> bool:
        """No channel can do anything now."""
        # An empty lane may have more in the store, which the next round brings.
        return not self.busy and all(
            outlet.due() is None and (outlet.lane or not outlet.lane.more_in_store)
            for outlet in self._outlets.values()
        )

    @property
    def left(self) -> bool:
        """Something still has to be delivered."""
        return any(outlet.lane or outlet.lane.more_in_store for outlet in self._outlets.values())

    def stop(self, *, until_s: float) -> bool:
        """Close the channels; False when one is still busy at that time of the clock.

        That one closes when it has come back.
        """
        for outlet in self._outlets.values():
            outlet.courier.stop()
        # Each is waited for, also when one before it did not make it.
        closed = [
            outlet.courier.join(max(0.0, until_s - self._clock()))
            for outlet in self._outlets.values()
        ]
        return all(closed)

    def health(self) -> tuple[ChannelHealth, ...]:
        """Return counters and states, in the order of the configuration."""
        return tuple(outlet.health() for outlet in self._outlets.values())

    def _deliver(self, outlet: Outlet) -> None:
        self._settle(outlet)
        if not outlet.lane and outlet.lane.more_in_store:
            stored = self._journal.pending(outlet.channel.name)
            if stored is not None:
                outlet.lane.refill(stored)
        order = outlet.due()
        if order is not None:
            outlet.courier.carry(self._desk.latest(order), order=order)
            # Without a thread of its own the courier is back already.
            self._settle(outlet)

    def _settle(self, outlet: Outlet) -> None:
        settled = outlet.settle(report=self._report)
        if settled is None:
            return
        alert, outcome = settled.alert, settled.outcome
        if settled.final:
            name = outlet.channel.name
            self._journal.add_outcome(alert.alert_id, channel=name, outcome=outcome)
        if outcome is Outcome.SENT:
            self._desk.mark_sent(alert)
        else:
            self._give_up(alert.alert_id)

    def _expire(self) -> None:
        for alert_id, name in self._journal.expire(self._expiry_s):
            # A channel that is not configured any more has no outlet.
            if name in self._outlets:
                self._outlets[name].expire(alert_id)
                self._give_up(alert_id)

    def _give_up(self, alert_id: str) -> None:
        # Without this the key of an alert that no channel takes would stay silent for ever.
        if not any(alert_id in outlet.lane for outlet in self._outlets.values()):
            self._desk.withdraw(alert_id)
