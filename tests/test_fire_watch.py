"""Fire is watched for whoever is logged in, and nothing burns in the demo footage."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

pytestmark = pytest.mark.demo

START_TIMEOUT_S = 60.0
# Where the open fire pictures lie; see docs/lab.md.
DATA = Path(os.environ.get("EDGEAI_DATA", "../shared/data")) / "fire" / "abonia_cctv"


def watched(graph, *, results: int) -> None:
    graph.spin_until(
        lambda: graph.node("fire_detector").results >= results,
        timeout_s=START_TIMEOUT_S + results / 4,
        what=f"{results} pictures are looked at for fire",
    )


def reports_of(graph) -> list:
    from edgeai_msgs.msg import HazardReport

    from edgeai_ros_common import qos

    seen: list = []
    graph.monitor.create_subscription(HazardReport, "/camera/hazards", seen.append, qos.RESULTS)
    return seen


def test_a_locked_house_is_watched_for_fire_and_a_street_raises_none(run_graph, footage):
    from edgeai_msgs.msg import HazardReport

    # Again and again: the clip has ten seconds, and models load while the camera runs.
    source = {"stream.source": footage("bikes"), "stream.loop": True}
    graph = run_graph("home", {"usb_cam": source})
    seen = reports_of(graph)
    watched(graph, results=60)
    assert graph.sessions() == ["LOCKED"]
    assert graph.node("object_detector").results == 0
    assert {report.state for report in seen} == {HazardReport.NONE}
    assert not graph.alerts("start_fire") + graph.alerts("fire")


needs_fire = pytest.mark.skipif(
    not DATA.is_dir(), reason="no fire pictures: set EDGEAI_DATA to the data folder"
)


@needs_fire
def test_flames_that_move_raise_an_alert_with_a_heat_map_though_nobody_is_logged_in(
    run_graph, tmp_path, isolated
):
    import cv2
    from edgeai_msgs.msg import Alert, Explanation

    from edgeai_ros_common import qos

    graph = run_graph(
        "home",
        {
            "usb_cam": {"stream.source": clip(tmp_path, flickering=True), "stream.loop": True},
            "evidence_recorder": {"limits.min_free_bytes": 0},
        },
    )
    told: list = []
    maps: list = []
    graph.monitor.create_subscription(Alert, "/alerts", told.append, qos.ALERTS)
    graph.monitor.create_subscription(Explanation, "/camera/explanations", maps.append, qos.RESULTS)
    graph.spin_until(
        lambda: graph.alerts("fire") + graph.alerts("start_fire"),
        timeout_s=START_TIMEOUT_S,
        what="an alert of fire",
    )
    graph.spin_until(lambda: maps, timeout_s=START_TIMEOUT_S, what="the fire node explains it")
    graph.spin_until(
        lambda: any("explanation" in alert.evidence for alert in told),
        timeout_s=START_TIMEOUT_S,
        what="the alert's heat-map is kept",
    )
    assert graph.sessions() == ["LOCKED"]
    alert = next(alert for alert in told if "explanation" in alert.evidence)
    assert alert.category in ("fire", "start_fire")
    assert "of the score" in maps[0].reason
    kept = isolated.data / "evidence" / f"{alert.alert_id}.explanation.jpg"
    # The caption stands below the picture.
    assert cv2.imread(str(kept)).shape[0] > maps[0].rows


@needs_fire
def test_a_print_of_flames_raises_none(run_graph, tmp_path):
    from edgeai_msgs.msg import HazardReport

    graph = run_graph(
        "home",
        {"usb_cam": {"stream.source": clip(tmp_path, flickering=False), "stream.loop": True}},
    )
    seen = reports_of(graph)
    watched(graph, results=80)
    assert max(report.start_fire_score + report.fire_score for report in seen) > 0.5
    assert {report.state for report in seen} == {HazardReport.NONE}
    assert not graph.alerts("start_fire") + graph.alerts("fire")


def clip(folder: Path, *, flickering: bool) -> str:
    """Return a clip of the surest fire of the open pictures, its flames moving or not."""
    import cv2
    import numpy as np

    from edgeai_core import catalog

    model = catalog.create_fire_model()
    best, score = None, 0.0
    for path in sorted(DATA.rglob("*.jpg"))[:60]:
        picture = cv2.resize(cv2.imread(str(path)), (640, 480))
        reading = model.read(picture)
        flames = [d for d in reading.detections if d.label == "flame" and d.score > 0.5]
        if flames and reading.scores.hazard > score:
            best, score = (picture, flames), reading.scores.hazard
    model.close()
    assert best is not None
    picture, flames = best
    y, x = np.mgrid[:480, :640].astype(np.float32)
    target = folder / f"fire_{flickering}.avi"
    writer = cv2.VideoWriter(str(target), cv2.VideoWriter.fourcc(*"MJPG"), 15.0, (640, 480))
    rng = np.random.default_rng(0)
    phase = rng.uniform(0, 6.28, 3)
    for _ in range(120):
        shift_x, shift_y, glow = np.zeros_like(x), np.zeros_like(x), np.ones_like(x)
        if flickering:
            phase += rng.normal(0, 0.9, 3)
            for flame in flames:
                (x_middle, y_middle), side = flame.box.center_px, flame.box.width_px
                inside = np.exp(
                    -(((x - x_middle) / (side / 2)) ** 4)
                    - ((y - y_middle) / (flame.box.height_px / 2)) ** 4
                )
                shift_x += inside * 0.06 * side * np.sin(y / (0.15 * side) + phase[0])
                shift_y += inside * 0.08 * side * np.sin(x / (0.2 * side) + phase[1])
                glow += 0.12 * inside * np.sin(phase[2])
        view = cv2.remap(
            picture.astype(np.float32),
            x + shift_x,
            y + shift_y,
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REFLECT,
        )
        noisy = view * glow[..., None] + rng.normal(0, 3, view.shape)
        writer.write(np.clip(noisy, 0, 255).astype(np.uint8))
    writer.release()
    return str(target)
