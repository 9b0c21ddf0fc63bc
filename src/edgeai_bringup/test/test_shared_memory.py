"""Killed processes' shared memory is given back, and a fault in that is one sentence."""

from __future__ import annotations

import subprocess
from types import SimpleNamespace

from edgeai_bringup import shared_memory


def found(monkeypatch, path):
    monkeypatch.setattr(shared_memory.shutil, "which", lambda name, **options: path)


def test_fast_dds_own_tool_is_run(monkeypatch):
    found(monkeypatch, "/opt/fastdds")
    asked = []

    def run(command, **options):
        asked.append((command, options["timeout"]))
        return SimpleNamespace(returncode=0, stderr="")

    assert shared_memory.remove_dead_segments(run=run) == ""
    assert asked == [(["/opt/fastdds", "shm", "clean"], 10.0)]


def test_without_the_tool_nothing_is_run(monkeypatch):
    found(monkeypatch, None)
    assert shared_memory.remove_dead_segments(run=None) == ""


def test_a_tool_that_fails_or_hangs_is_told(monkeypatch):
    found(monkeypatch, "/opt/fastdds")

    def fails(command, **options):
        return SimpleNamespace(returncode=2, stderr="no\n such verb\n")

    def hangs(command, **options):
        raise subprocess.TimeoutExpired(command, options["timeout"])

    assert (
        shared_memory.remove_dead_segments(run=fails)
        == "/opt/fastdds shm clean ended with code 2: no such verb"
    )
    told = shared_memory.remove_dead_segments(run=hangs)
    assert told.startswith("/opt/fastdds shm clean: Command")
    assert "timed out" in told
