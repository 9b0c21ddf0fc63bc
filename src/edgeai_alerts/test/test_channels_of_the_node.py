"""The alert node with its channels: acknowledged from afar, away, and silent about secrets."""

from __future__ import annotations

import json
import logging
import threading
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from edgeai_msgs.msg import Alert, HazardReport
from paho.mqtt.enums import CallbackAPIVersion
from rcl_interfaces.msg import Log

from edgeai_alerts.alert_manager_node import AlertManagerNode
from edgeai_alerts.config import StoreConfig
from edgeai_alerts.store import EventStore
from edgeai_alerts.testing import free_port
from edgeai_ros_common import qos


class Porch:
    """An alert node that watches the door for fire, and what it says."""

    def __init__(self, ros, overrides, folder: Path, parameters: dict[str, object]) -> None:
        self.ros = ros
        self.folder = folder
        self.node = ros.add(
            AlertManagerNode(
                node_name="alert_manager",
                context=ros.context,
                parameter_overrides=overrides(
                    {
                        "access.enabled": False,
                        "topics.hazards": ["/door/hazards"],
                        "dispatch.retry.initial_s": 0.05,
                        "dispatch.retry.maximum_s": 0.1,
                        **parameters,
                    }
                ),
            )
        )
        listener = ros.listener()
        self.alerts: list[Alert] = []
        self.logs: list[str] = []
        self.statuses: list[DiagnosticStatus] = []
        listener.create_subscription(Alert, "/alerts", self.alerts.append, qos.ALERTS)
        listener.create_subscription(Log, "/rosout", lambda log: self.logs.append(log.msg), 100)
        listener.create_subscription(
            DiagnosticArray,
            "/diagnostics",
            lambda array: self.statuses.extend(array.status),
            qos.DIAGNOSTICS,
        )
        self._fires = listener.create_publisher(HazardReport, "/door/hazards", qos.RESULTS)
        self.node.trigger_configure()
        self.node.trigger_activate()

    def burn(self) -> Alert:
        report = HazardReport(state=HazardReport.FIRE, fire_score=0.75, reason="4 of 6 rounds")
        report.header.stamp.sec = 100

        def told() -> bool:
            self._fires.publish(report)
            return bool(self.alerts)

        self.ros.until(told)
        return self.alerts[0]

    def status(self) -> DiagnosticStatus | None:
        own = (s for s in reversed(self.statuses) if s.name.startswith("alert_manager"))
        return next(own, None)


class Phone:
    """A home automation at the broker."""

    def __init__(self, port: int) -> None:
        self.records: list[dict[str, object]] = []
        ready = threading.Event()
        self._client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        self._client.on_connect = lambda client, *_: client.subscribe("edgeai/+/alerts", qos=1)
        self._client.on_subscribe = lambda *_: ready.set()
        self._client.on_message = lambda client, data, message: self.records.append(
            json.loads(message.payload)
        )
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        assert ready.wait(10.0)

    def press(self) -> None:
        self._client.publish("edgeai/door/acknowledge", "PRESS", qos=1).wait_for_publish(10.0)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def phone(broker):
    made = Phone(broker.port)
    yield made
    made.close()


def test_an_alert_that_is_acknowledged_at_the_broker_is_acknowledged_everywhere(
    ros, overrides, tmp_path, monkeypatch, broker, phone
):
    monkeypatch.setenv("EDGEAI_DATA_DIR", str(tmp_path))
    porch = Porch(
        ros,
        overrides,
        tmp_path,
        {"channels": ["mqtt"], "mqtt.port": broker.port, "mqtt.accepts_acknowledge": True},
    )
    alert = porch.burn()
    ros.until(lambda: phone.records)
    assert (phone.records[0]["alert_id"], phone.records[0]["camera"]) == (alert.alert_id, "door")

    phone.press()

    ros.until(lambda: porch.alerts[-1].state == Alert.ACKNOWLEDGED)
    assert (porch.alerts[-1].alert_id, porch.alerts[-1].acknowledged_by) == (
        alert.alert_id,
        "mqtt",
    )
    ros.until(lambda: phone.records[-1]["state"] == "ACKNOWLEDGED")
    assert phone.records[-1]["acknowledged_by"] == "mqtt"
    with EventStore(
        tmp_path / "alerts.db", StoreConfig(), wall_clock_ns=lambda: 1, report=pytest.fail
    ) as store:
        (stored,) = store.alerts(limit=10)
    assert stored.alert.acknowledged_by == "mqtt"


SECRETS = {
    "NTFY_URL": "ntfy://s3cr3tuser:s3cr3tpass@127.0.0.1:{port}/s3cr3ttopic",
    "MAIL_URL": "mailto://s3cr3tuser:s3cr3tpass@127.0.0.1:{port}"
    "?from=s3cr3tfrom@example.org&to=s3cr3tto@example.org&mode=insecure",
    "HOOK_URL": "http://127.0.0.1:{port}/s3cr3tpath?token=s3cr3ttoken",
    "HOOK_KEY": "s3cr3tkey-0123456789",
    "MQTT_PASSWORD": "s3cr3tmqtt",
}


def test_channels_that_are_away_show_in_diagnostics_and_no_secret_shows_anywhere(
    ros, overrides, tmp_path, monkeypatch, capfd, caplog
):
    monkeypatch.setenv("EDGEAI_DATA_DIR", str(tmp_path))
    port = free_port()
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value.format(port=port))
    with caplog.at_level(logging.DEBUG):
        porch = Porch(
            ros,
            overrides,
            tmp_path,
            {
                "channels": ["log", "apprise", "mqtt", "webhook"],
                "apprise.urls": ["env:NTFY_URL", "env:MAIL_URL"],
                "webhook.url": "env:HOOK_URL",
                "webhook.key": "env:HOOK_KEY",
                "mqtt.port": port,
                "mqtt.user": "s3cr3tless",
                "mqtt.password": "env:MQTT_PASSWORD",
            },
        )
        porch.burn()

        def all_told() -> bool:
            status = porch.status()
            return status is not None and status.message.count("times in a row") == 4

        ros.until(all_told)
        status = porch.status()
        porch.node.trigger_deactivate()

    assert status.level == DiagnosticStatus.WARN
    for name in ("apprise:NTFY_URL", "apprise:MAIL_URL", "mqtt", "webhook"):
        assert f"channel {name} failed " in status.message
    figures = {pair.key: pair.value for pair in status.values}
    assert figures["channel log"] == (
        "1 sent, 0 waiting, 0 tries failed, 0 refused, 0 expired, 0 lost"
    )
    assert figures["channel webhook"].startswith("0 sent, 1 waiting, ")

    printed = capfd.readouterr()
    parameters = [
        str(parameter.value) for parameter in porch.node.get_parameters_by_prefix("").values()
    ]
    said = [printed.out, printed.err, caplog.text, *porch.logs, *parameters]
    said += [text for s in porch.statuses for text in (s.message, *(p.value for p in s.values))]
    said += [file.read_bytes().decode("latin-1") for file in tmp_path.rglob("*") if file.is_file()]
    assert any("channel webhook: " in log for log in porch.logs)
    assert "4 of 6 rounds" in (tmp_path / "alerts.jsonl").read_text()
    shown = "\n".join(said).replace("s3cr3tless", "")
    assert "s3cr3t" not in shown


@pytest.mark.parametrize(
    ("parameters", "why"),
    [
        ({"channels": ["webhook"]}, "parameter webhook.url: got something that is not shown"),
        (
            {"channels": ["mqtt"], "mqtt.password": "env:NOT_SET"},
            "parameter mqtt.password: the environment variable NOT_SET is not set or empty",
        ),
    ],
)
def test_a_channel_that_cannot_work_is_told_at_the_start(
    ros, overrides, tmp_path, monkeypatch, capfd, parameters, why
):
    monkeypatch.setenv("EDGEAI_DATA_DIR", str(tmp_path))
    Porch(ros, overrides, tmp_path, parameters)
    assert why in capfd.readouterr().err
