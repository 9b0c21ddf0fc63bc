"""Queue, waiting line, back-off and the line of text, at exact figures."""

from __future__ import annotations

from datetime import timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeai_core.alerting.delivery import DeliveryLane
from edgeai_core.alerting.queue import AlertQueue
from edgeai_core.alerting.ratelimit import Backoff, BackoffConfig, TokenBucket
from edgeai_core.alerting.rendering import printable, render_line
from edgeai_core.types import Alert, AlertEvent, Severity

INFO, WARNING, CRITICAL = Severity.INFO, Severity.WARNING, Severity.CRITICAL
NOON_NS = 1_700_000_000 * 1_000_000_000  # 2023-11-14 22:13:20 UTC


class Clock:
    def __init__(self) -> None:
        self.now_s = 50.0

    def __call__(self) -> float:
        return self.now_s


def alert(number: int, severity: Severity = WARNING, **event_fields: object) -> Alert:
    fields: dict[str, object] = {
        "title": "unknown face",
        "reason": "unknown in 15 frames",
        "camera": "entrance",
        "stamp_ns": NOON_NS,
        **event_fields,
    }
    event = AlertEvent(category="unknown_face", severity=severity, source="face", **fields)  # type: ignore[arg-type]
    return Alert(alert_id=f"{number:032x}", event=event, raised_ns=0)


def head(lane: DeliveryLane) -> Alert:
    due = lane.next_due()
    assert due is not None
    return due


def test_the_wait_doubles_up_to_the_maximum_and_a_success_resets_it() -> None:
    clock = Clock()
    backoff = Backoff(BackoffConfig(initial_s=1.0, maximum_s=5.0), clock=clock)

    assert [backoff.failed() for _ in range(5)] == [1.0, 2.0, 4.0, 5.0, 5.0]
    clock.now_s += 2.0
    assert backoff.wait_s() == 3.0
    backoff.succeeded()
    assert (backoff.wait_s(), backoff.failures, backoff.failed()) == (0.0, 0, 1.0)


def test_a_thousand_failures_do_not_overflow() -> None:
    backoff = Backoff(BackoffConfig(maximum_s=60.0), clock=Clock())
    assert {backoff.failed() for _ in range(1000)} == {1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0}


def test_a_clock_that_stands_still_or_goes_back_gives_no_tokens() -> None:
    clock = Clock()
    bucket = TokenBucket(per_minute=1, clock=clock)
    assert [bucket.take(), bucket.take()] == [True, False]
    clock.now_s -= 100.0
    assert bucket.take() is False
    clock.now_s += 60.0
    assert bucket.take() is True


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(list(Severity)), max_size=40), st.integers(1, 10))
def test_the_queue_never_drops_a_critical_alert(severities: list[Severity], size: int) -> None:
    queue = AlertQueue(capacity=size)
    dropped = [queue.put(alert(n, severity)) for n, severity in enumerate(severities)]

    lost = [one for one in dropped if one is not None]
    kept = queue.take_all()
    critical = sum(severity is CRITICAL for severity in severities)
    assert all(one.event.severity < CRITICAL for one in lost)
    assert len(lost) == queue.dropped
    assert len(kept) + len(lost) == len(severities)
    assert len(kept) <= max(size, critical)
    order = [(one.event.severity < CRITICAL, one.alert_id) for one in kept]
    assert order == sorted(order)
    assert len(queue) == 0


def make_lane(clock: Clock, capacity: int = 3) -> DeliveryLane:
    return DeliveryLane(BackoffConfig(initial_s=1.0), capacity=capacity, clock=clock)


def test_a_lane_keeps_its_order_while_the_channel_is_away() -> None:
    clock = Clock()
    lane = make_lane(clock)
    for number in (1, 2, 3):
        lane.add(alert(number), stored=True)
    first = lane.next_due()
    assert first == alert(1)

    assert lane.failed() == 1.0
    assert lane.next_due() is None
    assert lane.wait_s() == 1.0
    clock.now_s += 1.0
    assert lane.next_due() == first
    assert lane.taken(head(lane))
    assert (lane.next_due(), lane.failures) == (alert(2), 0)


def test_what_was_told_anew_meanwhile_stays_in_its_place() -> None:
    lane = make_lane(Clock())
    lane.add(alert(1), stored=True)
    under_way = head(lane)
    lane.add(alert(1), stored=True)
    lane.add(alert(2), stored=True)

    assert lane.taken(under_way) is False
    assert (len(lane), head(lane) is not under_way) == (2, True)
    assert lane.refused(under_way) is False
    assert lane.refused(head(lane)) is True
    assert head(lane) == alert(2)
    lane.leave_out(f"{2:032x}")
    assert len(lane) == 0
    # Nothing is left of it: whoever comes back with it may settle it.
    assert lane.taken(under_way) is True


def test_a_full_lane_leaves_stored_alerts_in_the_store_until_it_is_empty() -> None:
    lane = make_lane(Clock(), capacity=2)
    for number in range(1, 5):
        assert lane.add(alert(number), stored=True) is None
    assert (len(lane), lane.more_in_store, lane.dropped) == (2, True, 0)
    assert lane.taken(head(lane))
    lane.add(alert(5), stored=True)  # room again, but 3 and 4 are older
    assert len(lane) == 1
    assert lane.taken(head(lane))

    lane.refill([alert(3), alert(4)])
    assert (len(lane), lane.more_in_store) == (2, True)
    assert lane.taken(head(lane))
    assert lane.taken(head(lane))
    lane.refill([alert(5)])
    assert (lane.next_due(), lane.more_in_store) == (alert(5), False)


def test_without_a_store_the_oldest_that_is_not_critical_gives_way() -> None:
    lane = make_lane(Clock(), capacity=2)
    lane.add(alert(1, CRITICAL), stored=False)
    lane.add(alert(2), stored=False)

    assert lane.add(alert(3), stored=False) == alert(2)
    assert lane.add(alert(4, CRITICAL), stored=False) == alert(3)
    assert lane.add(alert(5, CRITICAL), stored=False) is None
    assert (len(lane), lane.dropped) == (3, 2)


def test_an_alert_in_trouble_can_step_aside_and_a_refused_one_leaves() -> None:
    lane = make_lane(Clock())
    for number in (1, 2):
        lane.add(alert(number), stored=True)
    lane.step_aside(f"{1:032x}")
    assert lane.next_due() == alert(2)
    assert lane.refused(head(lane))
    assert lane.next_due() == alert(1)
    assert f"{2:032x}" not in lane


def test_an_alert_is_one_line() -> None:
    assert render_line(alert(1), timezone=timezone.utc) == (
        "22:13:20 WARNING unknown face at entrance: unknown in 15 frames"
    )


def test_a_line_without_camera_and_stamp_and_with_a_count() -> None:
    repeated = Alert(
        alert_id="a", event=alert(1, INFO, camera="", stamp_ns=0).event, raised_ns=0, count=12
    )
    assert render_line(repeated) == "--:--:-- INFO unknown face: unknown in 15 frames (x12)"
    for stamp_ns in (-5, 10**30):
        line = render_line(alert(1, stamp_ns=stamp_ns), timezone=timezone.utc)
        assert line.startswith("--:--:-- WARNING")


@pytest.mark.parametrize(
    ("hostile", "harmless"),
    [
        ("a\x1b[2Jb", "a [2Jb"),
        ("a\r\n12:00:00 CRITICAL fire", "a 12:00:00 CRITICAL fire"),
        ("a\x07\x00\x7f\x9bb", "a b"),
        ("a\u202eb\u2066c\u200bd", "a b c d"),
        ("a\u2028b\u2029c\ud800d", "a b c d"),
        ("Zoë Müller 李", "Zoë Müller 李"),
    ],
)
def test_nothing_that_a_terminal_acts_on_gets_through(hostile: str, harmless: str) -> None:
    assert printable(hostile) == harmless


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=120), st.text(max_size=20), st.integers(20, 100))
def test_a_line_is_printable_and_bounded_whatever_it_is_made_of(
    title: str, camera: str, limit: int
) -> None:
    line = render_line(alert(1, title=title, camera=camera), max_chars=limit)
    assert len(line) <= limit
    assert line.isprintable()
