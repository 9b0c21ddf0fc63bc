"""Fixtures of the package's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from edgeai_alerts.testing import NO_BROKER, Broker, HttpReceiver, MailSink, broker_program
from edgeai_ros_common.testing import domain_id, overrides, ros

__all__ = ["broker", "domain_id", "mail_sink", "overrides", "receiver", "ros"]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """A real MQTT broker that runs; the test may kill and start it."""
    if broker_program() is None:
        pytest.skip(NO_BROKER)
    folder = tmp_path / "broker"
    folder.mkdir()
    made = Broker(folder)
    made.start()
    yield made
    made.kill()


@pytest.fixture
def receiver() -> Iterator[HttpReceiver]:
    """A real HTTP receiver."""
    made = HttpReceiver()
    yield made
    made.close()


@pytest.fixture
def mail_sink() -> Iterator[MailSink]:
    """A real mail server that keeps what it takes."""
    made = MailSink()
    yield made
    made.close()
