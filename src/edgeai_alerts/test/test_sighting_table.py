"""Where things were seen last, in the event store."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgeai_alerts.config import StoreConfig
from edgeai_alerts.sightings import KEPT_PER_THING
from edgeai_alerts.store import EventStore
from edgeai_core.analyzers.objects.sightings import Sighting
from edgeai_core.geometry import Box

NOW_NS = 1_750_000_000 * 1_000_000_000
DAY_NS = 86_400 * 1_000_000_000


class Clock:
    now_ns = NOW_NS

    def __call__(self) -> int:
        self.now_ns += 1
        return self.now_ns


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[EventStore]:
    with EventStore(
        tmp_path / "alerts.db", StoreConfig(), wall_clock_ns=clock, report=lambda _: None
    ) as opened:
        yield opened


def sighting(thing: str = "keys", *, camera: str = "hall", place: str = "shelf") -> Sighting:
    return Sighting(
        thing=thing,
        camera=camera,
        stamp_ns=5,
        box=Box(1.0, 2.0, 3.5, 4.0),
        score=0.75,
        place=place,
        in_view=False,
        snapshot_jpeg=b"picture of the shelf",
    )


def places(store: EventStore, thing: str = "") -> list[tuple[str, str, str]]:
    found = [stored.sighting for stored in store.sightings.newest(thing)]
    return [(seen.thing, seen.camera, seen.place) for seen in found]


def test_the_newest_of_every_thing_and_camera_comes_back_as_it_was(store, clock):
    store.sightings.save(sighting(place="floor"))
    store.sightings.save(sighting(camera="kitchen"))
    store.sightings.save(sighting("wallet"))
    last = sighting(place="table")
    store.sightings.save(last)
    assert places(store) == [
        ("keys", "hall", "table"),
        ("wallet", "hall", "shelf"),
        ("keys", "kitchen", "shelf"),
    ]
    newest = store.sightings.newest("keys")[0]
    assert dataclasses.asdict(newest.sighting) == dataclasses.asdict(last)
    assert newest.stored_wall_ns == NOW_NS + 4
    assert places(store, "umbrella") == []


def test_a_thing_that_is_seen_for_years_keeps_a_few_sightings(store):
    for number in range(KEPT_PER_THING + 5):
        store.sightings.save(sighting(place=f"place {number}"))
    with store.transaction() as connection:
        rows = connection.execute("SELECT count(*), min(place) FROM sightings").fetchone()
    assert rows == (KEPT_PER_THING, "place 10")


def test_what_is_forgotten_is_in_no_file(store, tmp_path):
    store.sightings.save(sighting())
    store.sightings.save(sighting("wallet"))
    assert store.sightings.forget("keys") == 1
    assert places(store) == [("wallet", "hall", "shelf")]
    assert store.sightings.forget("wallet") == 1
    for file in tmp_path.iterdir():
        assert b"picture of the shelf" not in file.read_bytes(), file.name


def test_old_sightings_are_purged_with_old_alerts(store, clock):
    store.sightings.save(sighting())
    clock.now_ns += 91 * DAY_NS
    store.sightings.save(sighting("wallet"))
    store.purge()
    assert places(store) == [("wallet", "hall", "shelf")]
