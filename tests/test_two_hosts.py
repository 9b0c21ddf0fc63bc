"""Two machines with a bad link, as two network namespaces: the short version of the bench."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BENCH = ROOT / "bench" / "two_hosts.py"
EXIT_SKIPPED = 77
ALERTS = 30


def test_every_alert_and_compressed_pictures_cross_a_link_that_loses_two_percent(tmp_path):
    pytest.importorskip("rclpy", reason="ROS is not there: run the tests by make test")
    told = tmp_path / "two_hosts.json"
    command = [sys.executable, str(BENCH), "--alerts", str(ALERTS), "--pictures-s", "1"]
    # The exit code tells of bars of time as well; a machine that is busy may miss those.
    done = subprocess.run(
        [*command, "--joins", "1", "--json", str(told)],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    if done.returncode == EXIT_SKIPPED:
        pytest.skip(done.stderr.strip())
    assert told.is_file(), done.stderr
    figures = json.loads(told.read_text(encoding="utf-8"))
    assert figures["alerts"]["sent"] == figures["alerts"]["arrived"] == ALERTS
    assert figures["compressed_pictures"]["reliable"]["arrived"] > 0
    # Or the link was none.
    assert figures["link"]["packets_lost"] > 0
