"""Where things were seen last: from the camera to the answer."""

from __future__ import annotations

import json

import pytest

pytestmark = pytest.mark.demo

START_TIMEOUT_S = 60.0


def test_where_a_thing_was_seen_is_remembered_and_told_after_the_graph_has_ended(
    run_graph, footage, tmp_path, capsys
):
    from edgeai_bringup.cli import main

    graph = run_graph(
        "home",
        {
            "usb_cam": {"stream.source": footage("bikes"), "stream.loop": True},
            "object_detector": {
                "things.labels": ["bicycle"],
                "things.places": ["road: 0,0.3 1,0.3 1,1 0,1"],
            },
            "supervisor": {"nodes.always_on": ["object_detector"]},
        },
    )
    graph.spin_until(
        lambda: stored_things() == ["bicycle"],
        timeout_s=START_TIMEOUT_S,
        what="a bicycle is stored",
    )
    graph.graph.close()

    picture, told = tmp_path / "bicycle.jpg", tmp_path / "where.json"
    arguments = ("objects", "where", "bicycle", "--picture", str(picture), "--json", str(told))
    assert main(arguments) == 0
    words = capsys.readouterr().out
    assert words.startswith(("bicycle: in view 20", "bicycle: last seen 20"))
    assert "(camera)" in words
    assert picture.read_bytes()[:2] == b"\xff\xd8"
    [sighting] = json.loads(told.read_text(encoding="utf-8"))
    assert sighting["thing"] == "bicycle"
    assert sighting["place"].startswith("road")

    assert main(("objects", "where", "wallet")) == 1
    assert "wallet was never seen" in capsys.readouterr().err


def stored_things() -> list[str]:
    import time

    from edgeai_alerts.config import StoreConfig
    from edgeai_alerts.store import EventStore
    from edgeai_core.access.locations import data_directory

    path = data_directory() / StoreConfig().path
    if not path.is_file():
        return []
    with EventStore(path, StoreConfig(), wall_clock_ns=time.time_ns, report=pytest.fail) as store:
        return [stored.sighting.thing for stored in store.sightings.newest()]
