"""`edgeai alerts`: what was alerted, from the event store."""

from __future__ import annotations

import argparse
import math
import sys
import time

from edgeai_alerts.channels.log import forget_in_log
from edgeai_alerts.config import LogFileConfig, StoreConfig
from edgeai_alerts.evidence.reading import opened_shelf
from edgeai_alerts.store import EventStore
from edgeai_bringup.report import write_json
from edgeai_core.access.locations import data_directory
from edgeai_core.alerting.forgetting import FORGOTTEN_PERSON
from edgeai_core.alerting.rendering import render_line
from edgeai_core.errors import StoreError
from edgeai_core.types import Alert
from edgeai_ros_common.running import EXIT_OK


def run_alerts(arguments: argparse.Namespace) -> int:
    """Print the newest alerts, oldest first; return the exit code.

    Raises:
        StoreError: there is no store, or it cannot be read.
    """
    config = StoreConfig()
    path = data_directory() / config.path
    if not path.is_file():
        raise StoreError(f"no alert was ever stored ({path}); start the graph first")
    store = EventStore(path, config, wall_clock_ns=time.time_ns, report=_to_stderr)
    with store:
        stored = [entry.alert for entry in store.alerts(limit=arguments.limit)]
    for alert in reversed(stored):
        print(render_line(alert))
    if arguments.json is not None:
        write_json(arguments.json, [described(alert) for alert in stored])
    return EXIT_OK


def erase_person_from_alerts(*, person_id: str, name: str) -> tuple[int, int]:
    """Take a person's name and id out of stored and logged alerts, and the pictures with them.

    Returns:
        How many alerts were changed and how many files of evidence were deleted.

    Raises:
        EvidenceError: a file of evidence cannot be deleted.
        StoreError: the store cannot be written. ChannelError: a log file cannot be rewritten.
    """
    config = StoreConfig()
    path = data_directory() / config.path
    pictures = 0
    erased = forget_in_log(
        data_directory() / LogFileConfig().path,
        person_id=person_id,
        nobody=FORGOTTEN_PERSON,
    )
    if path.is_file():
        with EventStore(path, config, wall_clock_ns=time.time_ns, report=_to_stderr) as store:
            # First: which alerts are about the person is gone afterwards.
            pictures = opened_shelf(data_directory(), store).erase_person(person_id)
            erased += store.forget_person(person_id=person_id, name=name)
    return erased, pictures


def _to_stderr(sentence: str) -> None:
    print(sentence, file=sys.stderr)


def described(alert: Alert) -> dict[str, object]:
    """Return an alert as JSON values."""
    event = alert.event
    return {
        "alert_id": alert.alert_id,
        "category": event.category,
        "severity": event.severity.name,
        "title": event.title,
        "reason": event.reason,
        "source": event.source,
        "camera": event.camera,
        "zone": event.zone,
        "stamp_ns": event.stamp_ns,
        "score": event.score if math.isfinite(event.score) else None,
        "count": alert.count,
        "state": alert.state.name,
        "acknowledged_by": alert.acknowledged_by,
        "rule": alert.rule,
        "telling": alert.telling,
    }
