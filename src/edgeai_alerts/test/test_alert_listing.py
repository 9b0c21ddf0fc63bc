"""Which stored alerts are found, and in which portions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from edgeai_alerts.config import StoreConfig
from edgeai_alerts.listing import AlertFilter
from edgeai_alerts.store import EventStore
from edgeai_core.errors import StoreError
from edgeai_core.types import Alert, AlertEvent, AlertState, Severity

RAISED, CLEARED = AlertState.RAISED, AlertState.CLEARED


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EventStore]:
    opened = EventStore(
        tmp_path / "alerts.db", StoreConfig(), wall_clock_ns=lambda: 1, report=pytest.fail
    )
    rows = [
        ("1", "fire", Severity.CRITICAL, "hall", "fire", CLEARED),
        ("2", "unknown_face", Severity.WARNING, "hall", "visage inconnu à l'ENTRÉE", RAISED),
        ("3", "node_fault", Severity.WARNING, "", "node usb_cam failed", RAISED),
    ]
    for alert_id, category, severity, camera, title, state in rows:
        event = AlertEvent(
            category=category,
            severity=severity,
            title=title,
            reason="100 % sure_of it",
            source="s",
            subject=f"subject {alert_id}",
            camera=camera,
        )
        opened.save(Alert(alert_id=alert_id, event=event, raised_ns=1, state=state))
    with opened:
        yield opened


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, "321"),
        ({"text": "entrée VISAGE"}, "2"),
        ({"text": "visage usb_cam"}, ""),
        ({"text": "%"}, "321"),
        ({"text": "subject 3"}, "3"),
        ({"categories": ("fire", "node_fault")}, "31"),
        ({"camera": "hall", "min_severity": Severity.CRITICAL}, "1"),
        ({"states": (RAISED,)}, "32"),
        ({"before_alert_id": "2"}, "1"),
    ],
    ids=str,
)
def test_filters(store: EventStore, wanted: dict[str, object], found: str) -> None:
    alerts, more = store.listed(AlertFilter(**wanted))  # type: ignore[arg-type]
    assert "".join(alert.alert_id for alert in alerts) == found
    assert more is False


def test_pages_follow_each_other_without_gap_or_repetition(store: EventStore) -> None:
    first, more = store.listed(AlertFilter(limit=2))
    assert ([alert.alert_id for alert in first], more) == (["3", "2"], True)
    rest, more = store.listed(AlertFilter(limit=2, before_alert_id="2"))
    assert ([alert.alert_id for alert in rest], more) == (["1"], False)


def test_a_page_after_an_alert_that_is_gone_and_a_limit_out_of_range_are_told(
    store: EventStore,
) -> None:
    with pytest.raises(StoreError, match="no alert 'gone' is stored"):
        store.listed(AlertFilter(before_alert_id="gone"))
    for limit in (0, 501):
        with pytest.raises(StoreError, match=rf"got limit {limit}, expected 1\.\.500"):
            AlertFilter(limit=limit)
