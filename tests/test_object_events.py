"""What tracked objects do: from the camera to the alert."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.demo

START_TIMEOUT_S = 60.0


def test_who_stays_in_a_zone_for_too_long_raises_an_alert_with_the_figures(run_graph, footage):
    graph = run_graph(
        "city",
        {
            "usb_cam": {"stream.source": footage("bikes"), "stream.loop": True},
            "object_detector": {
                "watch.areas.zones": ["pavement: 0,0 1,0 1,1 0,1"],
                "watch.areas.stays": ["pavement: any for 0.5 s"],
            },
            "supervisor": {"nodes.always_on": ["object_detector"]},
        },
    )
    graph.spin_until(
        lambda: graph.alerts("lingering"), timeout_s=START_TIMEOUT_S, what="an alert of lingering"
    )
    [alert, *_] = graph.alerts("lingering")
    assert alert["title"].endswith("stays in pavement")
    assert alert["source"] == "object_detector"
    assert "0.5 s" in alert["reason"]
