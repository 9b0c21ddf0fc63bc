"""The alert node: fire that it hears of becomes alerts."""

from __future__ import annotations

import pytest
from edgeai_msgs.msg import Alert, HazardReport

from edgeai_alerts.alert_manager_node import AlertManagerNode
from edgeai_ros_common import qos


@pytest.fixture
def language() -> str:
    return "en"


@pytest.fixture
def alerts(ros, overrides, tmp_path, monkeypatch, language: str) -> list[Alert]:
    """Return the alerts of a running node that watches the door for fire."""
    monkeypatch.setenv("EDGEAI_DATA_DIR", str(tmp_path))
    node = ros.add(
        AlertManagerNode(
            node_name="alert_manager",
            context=ros.context,
            parameter_overrides=overrides(
                {"topics.hazards": ["/door/hazards"], "language": language}
            ),
        )
    )
    node.trigger_configure()
    node.trigger_activate()
    got: list[Alert] = []
    ros.listener().create_subscription(Alert, "/alerts", got.append, qos.ALERTS)
    return got


def test_fire_is_critical_and_names_its_camera(ros, alerts):
    publisher = ros.listener().create_publisher(HazardReport, "/door/hazards", qos.RESULTS)
    report = HazardReport(
        state=HazardReport.FIRE, start_fire_score=0.25, fire_score=0.5, reason="4 of 6 rounds"
    )
    report.header.stamp.sec = 100

    def told() -> bool:
        publisher.publish(report)
        return bool(alerts)

    ros.until(told)
    alert = alerts[0]
    assert (alert.category, alert.severity) == ("fire", Alert.CRITICAL)
    assert (alert.camera, alert.source, alert.reason) == ("door", "fire_detector", "4 of 6 rounds")
    assert alert.score == pytest.approx(0.75)


@pytest.mark.parametrize("language", ["fr"])
def test_an_alert_in_french_explains_itself_in_french(ros, alerts):
    publisher = ros.listener().create_publisher(HazardReport, "/door/hazards", qos.RESULTS)
    report = HazardReport(
        state=HazardReport.FIRE,
        fire_score=0.5,
        reason="4 of the last 5 rounds show fire (at least 4): start 0.30, fire 0.70, together at "
        "least 0.50; evidence 27.6 (limit 3.0); flame counts without movement",
    )

    def told() -> bool:
        publisher.publish(report)
        return bool(alerts)

    ros.until(told)
    assert (alerts[0].title, alerts[0].reason) == (
        "incendie",
        "sur 5 examens récents, 4 montrent du feu (au moins 4) : début de feu 0,30, feu 0,70, "
        "ensemble au moins 0,50 ; indices cumulés 27,6 (limite 3,0) ; la flamme compte même sans "
        "mouvement",
    )


def test_a_report_that_contradicts_itself_is_dropped_and_the_next_is_heard(ros, alerts):
    publisher = ros.listener().create_publisher(HazardReport, "/door/hazards", qos.RESULTS)
    wrong = HazardReport(state=HazardReport.FIRE, fire_score=7.0)
    right = HazardReport(state=HazardReport.START_FIRE, start_fire_score=0.5)

    def told() -> bool:
        publisher.publish(wrong)
        publisher.publish(right)
        return bool(alerts)

    ros.until(told)
    assert {alert.category for alert in alerts} == {"start_fire"}
