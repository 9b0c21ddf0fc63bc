"""The report of a run as JSON."""

from __future__ import annotations

import json
import math
import os
from collections import deque
from types import SimpleNamespace

import pytest

from edgeai_bringup.monitor import NodeView
from edgeai_bringup.report import ProcessGauge, build_report, write_json
from edgeai_core.errors import EdgeAiError


def monitor(**views: NodeView) -> SimpleNamespace:
    return SimpleNamespace(
        nodes={f"/camera/{name}": view for name, view in views.items()},
        auth=deque([{"t_s": 1.0, "state": "ACTIVE", "person": "Ada"}]),
        alerts={"x": {"t_s": 2.0, "title": "Unknown face"}},
        errors=deque([{"t_s": 3.0, "node": "/camera/usb_cam", "message": "gone"}]),
    )


def test_the_report_has_the_promised_keys():
    view = NodeView(
        state="active",
        results=30,
        results_per_s=15.126,
        latency_p50_ms=12.34,
        latency_p95_ms=math.nan,
        dropped=4,
        model="m",
        runtime="r",
    )
    gauge = ProcessGauge()
    gauge.sample()
    report = build_report(monitor(usb_cam=view), gauge)
    assert set(report) == {"nodes", "process", "auth", "alerts", "errors"}
    assert report["nodes"] == {
        "usb_cam": {
            "state": "active",
            "results": 30,
            "results_per_s": 15.13,
            "latency_p50_ms": 12.3,
            "latency_p95_ms": None,
            "dropped": 4,
            "model": "m",
            "runtime": "r",
        }
    }
    assert report["auth"] == [{"t_s": 1.0, "state": "ACTIVE", "person": "Ada"}]
    assert report["alerts"] == [{"t_s": 2.0, "title": "Unknown face"}]
    assert report["errors"][0]["message"] == "gone"
    assert set(report["process"]) == {"rss_mb", "cpu_s", "start_s"}
    assert report["process"]["rss_mb"] > 1
    assert report["process"]["start_s"] is None


def test_separate_processes_have_an_entry_each_with_the_same_keys():
    gauge = ProcessGauge([os.getpid()])
    gauge.sample()
    report = build_report(monitor(), gauge, processes={"usb_cam": os.getpid(), "gone": 2**22 + 1})
    assert set(report["process"]) == {"usb_cam", "gone"}
    assert report["process"]["usb_cam"]["rss_mb"] > 1
    assert report["process"]["gone"] == {"rss_mb": 0.0, "cpu_s": 0.0, "start_s": None}


def test_a_process_that_is_gone_keeps_what_it_had_and_breaks_nothing():
    gauge = ProcessGauge([2**22 + 1])
    gauge.sample()
    assert gauge.figures(2**22 + 1)["rss_mb"] == 0.0


def test_the_start_time_is_noted_once():
    gauge = ProcessGauge()
    assert gauge.start_s is None
    gauge.graph_is_running()
    first = gauge.start_s
    gauge.graph_is_running()
    assert first is not None
    assert first > 0
    assert gauge.start_s == first


def test_json_replaces_the_old_file_whole_and_leaves_nothing_else(tmp_path):
    path = tmp_path / "new" / "run.json"
    write_json(path, {"a": 1})
    write_json(path, {"a": 2})
    assert json.loads(path.read_text()) == {"a": 2}
    assert [entry.name for entry in path.parent.iterdir()] == ["run.json"]


@pytest.mark.parametrize("content", [{"a": math.nan}, {"a": math.inf}])
def test_what_json_cannot_say_leaves_the_old_file(tmp_path, content):
    path = tmp_path / "run.json"
    write_json(path, {"a": 1})
    with pytest.raises(ValueError, match="JSON"):
        write_json(path, content)
    assert json.loads(path.read_text()) == {"a": 1}
    assert [entry.name for entry in tmp_path.iterdir()] == ["run.json"]


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(EdgeAiError, match=r"cannot write .*run\.json"):
        write_json(tmp_path / "file" / "run.json", {})
    with pytest.raises(EdgeAiError, match="cannot write"):
        write_json(tmp_path, {})
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]
