"""Where things were seen last, as rows of the event store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from edgeai_alerts.database import Database
from edgeai_alerts.rows import int64, storable
from edgeai_core.analyzers.objects.sightings import Sighting
from edgeai_core.geometry import Box

_COLUMNS = (
    "thing, camera, place, score, x_min_px, y_min_px, x_max_px, y_max_px, in_view, stamp_ns, "
    "stored_wall_ns, snapshot_jpeg"
)
# Of one thing and camera; the way it took through the home is worth a few pictures, not a film.
KEPT_PER_THING = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSighting:
    """A sighting and when it was stored, nanoseconds since 1970, for people to read."""

    sighting: Sighting
    stored_wall_ns: int


def told_sighting(stored: StoredSighting) -> str:
    """Return a sighting in one sentence, with the local time at which it was stored."""
    seen = stored.sighting
    at = datetime.fromtimestamp(stored.stored_wall_ns / 1e9).strftime("%Y-%m-%d %H:%M:%S")
    where = f"{seen.place} ({seen.camera})" if seen.camera else seen.place
    word = "in view" if seen.in_view else "last seen"
    return f"{seen.thing}: {word} {at}, {where}, score {seen.score:.2f}"


def never_seen(thing: str) -> str:
    """Return why there is no answer, in one sentence."""
    return (
        f"{thing} was never seen: the object detector must know it (./edgeai objects list) and run "
        "while it is in view"
    )


class SightingTable:
    """The last sightings of every thing; every method may be called from any thread.

    Args:
        database: the event store's. wall_clock_ns: nanoseconds since 1970.
    """

    def __init__(self, database: Database, *, wall_clock_ns: Callable[[], int]) -> None:
        self._database = database
        self._wall_clock_ns = wall_clock_ns

    def save(self, sighting: Sighting) -> None:
        """Store a sighting; of each thing and camera the newest 20 stay.

        Raises:
            StoreError: it could not be written.
        """
        thing, camera = storable(sighting.thing), storable(sighting.camera)
        row = (
            thing,
            camera,
            storable(sighting.place),
            sighting.score,
            *sighting.box.as_xyxy(),
            int(sighting.in_view),
            int64(sighting.stamp_ns),
            self._wall_clock_ns(),
            sighting.snapshot_jpeg,
        )
        marks = ", ".join("?" * len(row))
        with self._database.transaction() as connection:
            connection.execute(f"INSERT INTO sightings ({_COLUMNS}) VALUES ({marks})", row)
            connection.execute(
                "DELETE FROM sightings WHERE thing = ?1 AND camera = ?2 AND seq NOT IN (SELECT seq "
                "FROM sightings WHERE thing = ?1 AND camera = ?2 ORDER BY seq DESC LIMIT ?3)",
                (thing, camera, KEPT_PER_THING),
            )

    def newest(self, thing: str = "") -> list[StoredSighting]:
        """Return the newest sighting of each thing and camera, newest first.

        Args:
            thing: only this one; empty for all.

        Raises:
            StoreError: the file could not be read.
        """
        with self._database.reading() as connection:
            rows = connection.execute(
                f"SELECT {_COLUMNS} FROM sightings WHERE seq IN (SELECT max(seq) FROM sightings "
                "GROUP BY thing, camera) AND (?1 = '' OR thing = ?1) ORDER BY seq DESC",
                (storable(thing),),
            ).fetchall()
        return [_stored(row) for row in rows]

    def forget(self, thing: str) -> int:
        """Delete every sighting of a thing and rewrite the file; return how many.

        Raises:
            StoreError: it could not be written.
        """
        with self._database.transaction() as connection:
            deleted = connection.execute(
                "DELETE FROM sightings WHERE thing = ?", (storable(thing),)
            ).rowcount
        if deleted:
            self._database.compact()
        return deleted

    def purge(self, *, oldest_wall_ns: int, earliest_wall_ns: int) -> int:
        """Delete what was stored between `earliest_wall_ns` and `oldest_wall_ns`; return how many.

        Raises:
            StoreError: it could not be written.
        """
        with self._database.transaction() as connection:
            return connection.execute(
                "DELETE FROM sightings WHERE stored_wall_ns < ? AND stored_wall_ns >= ?",
                (oldest_wall_ns, earliest_wall_ns),
            ).rowcount


def _stored(row: Sequence[Any]) -> StoredSighting:
    thing, camera, place, score = row[:4]
    in_view, stamp_ns, stored_wall_ns, snapshot = row[8:]
    sighting = Sighting(
        thing=thing,
        camera=camera,
        place=place,
        score=score,
        box=Box(*row[4:8]),
        in_view=bool(in_view),
        stamp_ns=stamp_ns,
        snapshot_jpeg=bytes(snapshot),
    )
    return StoredSighting(sighting=sighting, stored_wall_ns=stored_wall_ns)
