"""Several cameras in one graph, and several graphs in one ROS domain."""

from __future__ import annotations

import pytest

pytest.importorskip("rclpy", reason="ROS is not there: run the tests by make test")

TIMEOUT_S = 60.0
#: No model is needed for these.
CAMERA_AND_ALERTS = ("usb_cam", "alert_manager", "supervisor")
SYNTHETIC = {"usb_cam": {"stream.source": "synthetic"}}


def cameras(*names: str):
    from edgeai_bringup.graph_names import CameraPlan

    return [CameraPlan(name=name) for name in names]


def is_active(graph, *names: str) -> bool:
    return all(graph.monitor.nodes[name].state == "active" for name in names)


def report_fire(graph, topic: str, *, until) -> None:
    """Say on a topic of a graph's namespace that it burns, until the condition holds."""
    from edgeai_msgs.msg import HazardReport

    from edgeai_ros_common import qos

    publisher = graph.monitor.create_publisher(HazardReport, topic, qos.RESULTS)
    report = HazardReport(
        state=HazardReport.FIRE, start_fire_score=0.25, fire_score=0.5, reason="4 of 6 rounds"
    )
    timer = graph.monitor.create_timer(0.2, lambda: publisher.publish(report))
    graph.spin_until(until, timeout_s=TIMEOUT_S, what="an alert of the fire")
    graph.monitor.destroy_timer(timer)


def test_two_cameras_of_one_graph_run_and_alerts_say_which(run_graph):
    graph = run_graph(
        "home", SYNTHETIC, only=CAMERA_AND_ALERTS, cameras=cameras("entrance", "garden")
    )
    graph.spin_until(
        lambda: is_active(graph, "/entrance/usb_cam", "/garden/usb_cam", "/alert_manager"),
        timeout_s=TIMEOUT_S,
        what="two cameras",
    )
    for topic in ("entrance/hazards", "garden/hazards"):
        told = len(graph.alerts("fire"))
        report_fire(graph, topic, until=lambda told=told: len(graph.alerts("fire")) > told)
    # Two alerts: what burns at one camera says nothing of the other.
    rows = graph.alerts("fire")
    assert len({row["alert_id"] for row in rows}) == 2


def test_two_graphs_of_one_domain_do_not_hear_each_other(run_graph):
    one, two = (
        run_graph(
            "home",
            SYNTHETIC,
            only=CAMERA_AND_ALERTS,
            cameras=cameras("front"),
            namespace=namespace,
        )
        for namespace in ("robot_1", "fleet/robot_2")
    )
    one.spin_until(
        lambda: is_active(one, "/robot_1/front/usb_cam", "/robot_1/alert_manager"),
        timeout_s=TIMEOUT_S,
        what="the first robot",
    )
    two.spin_until(
        lambda: is_active(two, "/fleet/robot_2/front/usb_cam", "/fleet/robot_2/alert_manager"),
        timeout_s=TIMEOUT_S,
        what="the second robot",
    )
    report_fire(one, "front/hazards", until=lambda: one.alerts("fire"))
    # All that the second would have heard by now is before its own fire in its queues.
    report_fire(two, "front/hazards", until=lambda: two.alerts("fire"))
    assert len(one.monitor.alerts) == len(two.monitor.alerts) == 1
    assert set(one.monitor.alerts).isdisjoint(two.monitor.alerts)
    supervisors = (
        one.monitor.nodes["/robot_1/supervisor"],
        two.monitor.nodes["/fleet/robot_2/supervisor"],
    )
    assert all("more supervisors" not in view.message for view in supervisors)


def test_nothing_of_a_graph_in_a_namespace_is_outside_of_it(run_graph):
    graph = run_graph(
        "home",
        SYNTHETIC,
        only=CAMERA_AND_ALERTS,
        cameras=cameras("front"),
        namespace="robot_1",
    )
    graph.spin_until(
        lambda: is_active(graph, "/robot_1/front/usb_cam", "/robot_1/alert_manager"),
        timeout_s=TIMEOUT_S,
        what="the graph",
    )
    everybodys = {"/rosout", "/parameter_events", "/tf", "/tf_static"}
    topics = {name for name, _ in graph.monitor.get_topic_names_and_types()} - everybodys
    assert {name for name in topics if not name.startswith("/robot_1/")} == set()
    assert {"/robot_1/alerts", "/robot_1/auth_state", "/robot_1/diagnostics"} <= topics
    services = {name for name, _ in graph.monitor.get_service_names_and_types()}
    assert {name for name in services if not name.startswith("/robot_1/")} == set()


def test_pictures_of_a_robots_own_driver_reach_the_analyzers_by_a_remap(run_graph):
    from sensor_msgs.msg import Image

    from edgeai_bringup.graph_names import CameraPlan

    driver = "/robot/head/image_raw"
    graph = run_graph(
        "home",
        only=("evidence_recorder", "alert_manager", "supervisor"),
        overrides={"evidence_recorder": {"privacy.blur_unknown_faces": False}},
        cameras=[CameraPlan(name="front", own=False, image=driver)],
        namespace="robot_1",
    )
    publisher = graph.monitor.create_publisher(Image, driver, 1)
    graph.spin_until(
        lambda: publisher.get_subscription_count() == 1,
        timeout_s=TIMEOUT_S,
        what="the evidence recorder at the driver's topic",
    )
    assert graph.monitor.count_subscribers("/robot_1/front/image_raw") == 0
