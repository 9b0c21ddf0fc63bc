"""The channels: the table, the terminal and the log file."""

from __future__ import annotations

import dataclasses
import errno
import io
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgeai_alerts.channel_config import AppriseConfig, MqttConfig, WebhookConfig
from edgeai_alerts.channels import CHANNELS, make_channels, minimum_severities
from edgeai_alerts.channels.base import Channel, ChannelSetup, ConnectedChannel
from edgeai_alerts.channels.console import ConsoleChannel
from edgeai_alerts.channels.log import LogChannel
from edgeai_alerts.config import LogFileConfig
from edgeai_alerts.testing import HttpReceiver, wait_until
from edgeai_core.errors import ChannelError, ConfigError
from edgeai_core.types import Alert, AlertEvent, Severity

NOW_NS = 1_750_000_000 * 1_000_000_000  # 2025-06-15 15:06:40 UTC


def alert(number: int = 1, *, title: str = "unknown face", reason: str = "why") -> Alert:
    event = AlertEvent(
        category="unknown_face",
        severity=Severity.WARNING,
        title=title,
        reason=reason,
        source="face_authenticator",
        subject="track 7 of 0",
        camera="entrance",
    )
    return Alert(alert_id=f"{number:032x}", event=event, raised_ns=3, count=2)


def setup(folder: Path, terminal: io.TextIOBase) -> ChannelSetup:
    return ChannelSetup(
        state_folder=folder,
        terminal=terminal,  # type: ignore[arg-type]
        wall_clock_ns=lambda: NOW_NS,
        log_file=LogFileConfig(),
    )


@pytest.fixture(params=CHANNELS)
def made(
    request: pytest.FixtureRequest, tmp_path: Path, receiver: HttpReceiver
) -> Iterator[Channel]:
    """Each channel of the table, set up so that it works."""
    mqtt = MqttConfig()
    if request.param == "mqtt":
        mqtt = MqttConfig(port=request.getfixturevalue("broker").port)
    if request.param == "sound":
        # A program that takes whatever it is told; how it is called: test_sound_channel.py.
        (tmp_path / "espeak-ng").symlink_to("/bin/true")
    works = ChannelSetup(
        state_folder=tmp_path,
        terminal=io.StringIO(),
        wall_clock_ns=lambda: NOW_NS,
        log_file=LogFileConfig(),
        apprise=AppriseConfig(urls=("env:URL",)),
        webhook=WebhookConfig(url="env:URL", key="env:KEY"),
        mqtt=mqtt,
        environ={
            "URL": f"{'json' if request.param == 'apprise' else 'http'}://127.0.0.1:{receiver.port}",
            "KEY": "k" * 32,
            "PATH": str(tmp_path),
        },
    )
    (channel,) = make_channels([request.param], works)
    yield channel
    channel.close()


def test_every_channel_of_the_table_has_its_name_takes_an_alert_and_closes_twice(
    made: Channel,
) -> None:
    if isinstance(made, ConnectedChannel):
        wait_until(lambda: not made.trouble())
    assert made.name.partition(":")[0] in CHANNELS
    made.send(alert())
    made.send(alert())
    made.close()
    made.close()


def test_what_a_channel_needs_and_nobody_said_is_a_configuration_error(tmp_path: Path) -> None:
    nothing = setup(tmp_path, io.StringIO())
    for name, parameter in (("apprise", "apprise.urls"), ("webhook", "webhook.url")):
        with pytest.raises(ConfigError, match=f"parameter {parameter}: got "):
            make_channels(["log", name], nothing)


def test_each_channel_has_its_own_minimum(tmp_path: Path) -> None:
    said = dataclasses.replace(
        setup(tmp_path, io.StringIO()),
        apprise=AppriseConfig(urls=("env:A", "env:B"), minimum="CRITICAL"),
        environ={"A": "json://127.0.0.1", "B": "json://127.0.0.1"},
    )
    channels = make_channels(["log", "apprise"], said)
    assert minimum_severities(channels, said) == {
        "log": Severity.INFO,
        "apprise:A": Severity.CRITICAL,
        "apprise:B": Severity.CRITICAL,
    }


def test_an_unknown_or_repeated_name_lists_the_choices(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError,
        match="got 'pigeon', expected names among console, log, apprise, mqtt, webhook, sound",
    ):
        make_channels(["log", "pigeon"], setup(tmp_path, io.StringIO()))
    with pytest.raises(ConfigError, match="got log, log, expected each name once"):
        make_channels(["log", "log"], setup(tmp_path, io.StringIO()))
    assert make_channels([], setup(tmp_path, io.StringIO())) == []


def test_the_console_writes_one_harmless_line() -> None:
    terminal = io.StringIO()
    ConsoleChannel(terminal).send(alert(title="un\x1b[2Jknown\nface"))

    assert terminal.getvalue() == ("--:--:-- WARNING un [2Jknown face at entrance: why (x2)\n")


def test_a_terminal_without_the_letters_gets_escapes() -> None:
    raw = io.BytesIO()
    terminal = io.TextIOWrapper(raw, encoding="ascii")

    ConsoleChannel(terminal).send(alert(title="Zoë"))

    assert raw.getvalue() == b"--:--:-- WARNING Zo\\xeb at entrance: why (x2)\n"


def test_a_terminal_that_is_gone_is_a_channel_error() -> None:
    terminal = io.StringIO()
    terminal.close()
    with pytest.raises(ChannelError, match="cannot write to the terminal"):
        ConsoleChannel(terminal).send(alert())


def log_channel(path: Path, **limits: int) -> LogChannel:
    return LogChannel(path, LogFileConfig(**limits), wall_clock_ns=lambda: NOW_NS)


def test_the_log_is_one_ascii_json_object_per_line_for_the_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "state" / "alerts.jsonl"
    channel = log_channel(path)

    channel.send(alert(1, title="Zoë\n\x1b"))
    channel.send(alert(2))

    first, second = path.read_text("ascii").splitlines()
    assert json.loads(first) == {
        "written_at": "2025-06-15T15:06:40.000+00:00",
        "alert_id": f"{1:032x}",
        "category": "unknown_face",
        "severity": "WARNING",
        "title": "Zoë\n\x1b",
        "reason": "why",
        "source": "face_authenticator",
        "camera": "entrance",
        "subject": "track 7 of 0",
        "score": None,
        "stamp_ns": 0,
        "raised_ns": 3,
        "count": 2,
        "zone": "",
        "state": "RAISED",
        "telling": 1,
    }
    assert json.loads(second)["alert_id"] == f"{2:032x}"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_full_files_are_set_aside_and_the_oldest_is_deleted(tmp_path: Path) -> None:
    path = tmp_path / "alerts.jsonl"
    channel = log_channel(path, max_bytes=4096, kept_files=2)
    for number in range(20):
        channel.send(alert(number, reason="x" * 900))

    ids = {
        file.name: [int(json.loads(line)["alert_id"], 16) for line in file.read_text().splitlines()]
        for file in sorted(tmp_path.iterdir())
    }
    # A line has between 1,210 and 1,250 bytes: three fit into 4,096.
    assert ids == {
        "alerts.jsonl": [18, 19],
        "alerts.jsonl.1": [15, 16, 17],
        "alerts.jsonl.2": [12, 13, 14],
    }
    assert max(file.stat().st_size for file in tmp_path.iterdir()) <= 4096


def test_a_line_that_a_killed_process_cut_does_not_spoil_the_next(tmp_path: Path) -> None:
    path = tmp_path / "alerts.jsonl"
    path.write_text('{"alert_id": "ab')

    log_channel(path).send(alert())

    torn, whole = path.read_text().splitlines()
    assert torn == '{"alert_id": "ab'
    assert json.loads(whole)["alert_id"] == f"{1:032x}"


def test_a_log_that_was_deleted_is_begun_again(tmp_path: Path) -> None:
    path = tmp_path / "alerts.jsonl"
    channel = log_channel(path)
    channel.send(alert(1))
    path.unlink()

    channel.send(alert(2))

    assert len(path.read_text().splitlines()) == 1


def test_a_log_that_cannot_be_written_is_a_channel_error(tmp_path: Path) -> None:
    with pytest.raises(ChannelError, match=r"cannot write .* the parameter log_file.path"):
        log_channel(tmp_path).send(alert())


class FullDisk(io.StringIO):
    def flush(self) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_under_the_terminal_is_a_channel_error() -> None:
    with pytest.raises(ChannelError, match="No space left"):
        ConsoleChannel(FullDisk()).send(alert())


def test_a_full_disk_leaves_no_half_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "alerts.jsonl"
    channel = log_channel(path)
    channel.send(alert(1))
    whole = path.read_bytes()
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:10]))

    with pytest.raises(ChannelError, match="wrote 10 of "):
        channel.send(alert(2))

    assert path.read_bytes() == whole
