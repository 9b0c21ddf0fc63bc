"""`edgeai objects where`: where things were seen last, from the event store."""

from __future__ import annotations

import argparse
import sys
import time
from contextlib import closing
from pathlib import Path

from edgeai_alerts.config import StoreConfig
from edgeai_alerts.sightings import StoredSighting, never_seen, told_sighting
from edgeai_alerts.store import EventStore
from edgeai_bringup.report import write_json
from edgeai_core.access.locations import data_directory
from edgeai_core.errors import EdgeAiError, StoreError
from edgeai_ros_common.running import EXIT_FAILED, EXIT_OK


def run_where(arguments: argparse.Namespace) -> int:
    """Print where a thing, or every thing, was seen last; return 1 when it never was.

    Raises:
        StoreError: there is no store, or it cannot be read. EdgeAiError: no picture to write.
    """
    thing = arguments.thing or ""
    with closing(_opened()) as store:
        found = store.sightings.newest(thing)
    if arguments.json is not None:
        write_json(arguments.json, [_described(stored) for stored in found])
    if not found:
        print(never_seen(thing or "anything"), file=sys.stderr)
        return EXIT_FAILED
    for stored in found:
        print(told_sighting(stored))
    if arguments.picture is not None:
        _write_picture(found[0], arguments.picture)
    return EXIT_OK


def forget_sightings(thing: str) -> int:
    """Erase every sighting of a thing and its pictures; return how many.

    Raises:
        StoreError: the store cannot be written.
    """
    if not _store_path().is_file():
        return 0
    with closing(_opened()) as store:
        return store.sightings.forget(thing)


def _store_path() -> Path:
    return data_directory() / StoreConfig().path


def _opened() -> EventStore:
    path = _store_path()
    if not path.is_file():
        raise StoreError(f"nothing was ever stored ({path}); start the graph first")
    return EventStore(
        path,
        StoreConfig(),
        wall_clock_ns=time.time_ns,
        report=lambda sentence: print(sentence, file=sys.stderr),
    )


def _write_picture(stored: StoredSighting, path: Path) -> None:
    if not stored.sighting.snapshot_jpeg:
        raise EdgeAiError(f"picture {path}: none was taken of {stored.sighting.thing}")
    try:
        path.write_bytes(stored.sighting.snapshot_jpeg)
    except OSError as exc:
        raise EdgeAiError(f"picture {path}: cannot be written ({exc.strerror})") from exc


def _described(stored: StoredSighting) -> dict[str, object]:
    seen = stored.sighting
    return {
        "thing": seen.thing,
        "camera": seen.camera,
        "place": seen.place,
        "in_view": seen.in_view,
        "score": seen.score,
        "box_xyxy_px": list(seen.box.as_xyxy()),
        "stamp_ns": seen.stamp_ns,
        "stored_wall_ns": stored.stored_wall_ns,
    }
