"""The systemd unit: its command is one that the product knows, and it stops it by Ctrl-C's way."""

from __future__ import annotations

import shutil
import subprocess
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest

from edgeai_bringup.cli import build_parser

RunEntry = Callable[..., tuple[list[str], dict[str, str]]]
ROOT = Path(__file__).resolve().parents[2]
UNIT = ROOT / "deploy" / "systemd" / "edgeai@.service"


@pytest.fixture(scope="module")
def service() -> dict[str, list[str]]:
    """The [Service] section: every key with its values."""
    values: dict[str, list[str]] = defaultdict(list)
    section = ""
    for line in UNIT.read_text().splitlines():
        if line.startswith("["):
            section = line
        elif section == "[Service]" and line and not line.startswith("#"):
            key, _, value = line.partition("=")
            values[key].append(value)
    return values


@pytest.mark.parametrize("instance", ["home", "city"])
def test_an_instance_starts_its_profile(
    service: dict[str, list[str]], instance: str, run_entry: RunEntry
) -> None:
    environ = dict(text.replace("%i", instance).split("=", 1) for text in service["Environment"])
    [command] = service["ExecStart"]
    path, *arguments = command.split()
    assert (ROOT / path.removeprefix("/opt/edgeai/")).stat().st_mode & 0o111
    asked, _ = run_entry(*arguments, **environ, EDGEAI_SOURCE="rtsp://camera.example/stream")
    parsed = build_parser().parse_args(asked)
    assert (parsed.command, parsed.profile) == ("up", instance)
    assert parsed.source == "rtsp://camera.example/stream"


def test_it_is_stopped_as_by_ctrl_c_with_time_to_close_its_files(
    service: dict[str, list[str]],
) -> None:
    # That SIGINT ends `up` with 0 and leaves nothing behind is in test_graph_runs.py.
    assert service["KillSignal"] == ["SIGINT"]
    assert service["KillMode"] == ["control-group"]
    assert service["TimeoutStopSec"] == ["20"]
    assert service["Restart"] == ["on-failure"]


def test_it_may_write_its_own_folders_and_open_cameras_only(service: dict[str, list[str]]) -> None:
    assert service["User"] == ["edgeai"]
    assert service["SupplementaryGroups"] == ["video"]
    assert service["NoNewPrivileges"] == ["yes"]
    assert service["ProtectSystem"] == ["strict"]
    assert service["DeviceAllow"] == ["char-video4linux rw"]
    environ = dict(text.split("=", 1) for text in service["Environment"])
    writable = ("/var/lib/edgeai", "/var/cache/edgeai")
    for name in ("HOME", "XDG_CACHE_HOME", "EDGEAI_DATA_DIR", "EDGEAI_ENGINE_DIR", "ROS_LOG_DIR"):
        assert environ[name].startswith(writable), name


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_reads_it(tmp_path: Path) -> None:
    unit = tmp_path / "edgeai@.service"
    # It also wants to see the command, which is in /opt on a board.
    unit.write_text(
        UNIT.read_text().replace("/opt/edgeai/docker/entry", str(ROOT / "docker/entry"))
    )
    answer = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, text=True
    )
    assert (answer.returncode, answer.stderr) == (0, "")
