"""A zone that is drawn at one of two cameras, on the running graph and at the next start."""

from __future__ import annotations

import asyncio
import threading

import pytest

pytest.importorskip("rclpy", reason="ROS is not there: run the tests by make test")

PASSWORD = "four quiet horses"
START_TIMEOUT_S = 120.0
STORY_TIMEOUT_S = 120.0
CAMERAS = ("entrance", "garden")
DETECTORS = tuple(f"/{camera}/object_detector" for camera in CAMERAS)
ZONE = "pavement: 0,0 1,0 1,1 0,1"

pytestmark = [pytest.mark.demo, pytest.mark.timeout(300)]


@pytest.fixture
def graph(run_graph, footage, isolated):
    """Return two cameras that see the same street, with their detectors and the page."""
    from edgeai_bringup.graph_names import CameraPlan
    from edgeai_core.access.accounts import Accounts
    from edgeai_core.access.permissions import Role

    Accounts(isolated.data, cost=2).set_password("olga", PASSWORD, role=Role.OWNER)
    return run_graph(
        "city",
        {
            "usb_cam": {"stream.source": footage("bikes"), "stream.loop": True},
            "dashboard": {"http.port": 0, "privacy.blur_unknown_faces": False},
        },
        only=("usb_cam", "object_detector", "alert_manager", "dashboard", "supervisor"),
        cameras=[CameraPlan(name=name) for name in CAMERAS],
    )


def told(graph, story) -> None:
    """Run a story of the owner at the page while the graph spins here."""
    aiohttp = pytest.importorskip("aiohttp", reason="aiohttp is not there")
    failures: list[BaseException] = []

    async def logged_in() -> None:
        jar = aiohttp.CookieJar(unsafe=True)
        address = graph.node("dashboard").message
        async with aiohttp.ClientSession(address, cookie_jar=jar) as session:
            headers: dict[str, str] = {}

            async def ask(method: str, path: str, body: object = None):
                async with session.request(method, path, json=body, headers=headers) as answer:
                    return await answer.json()

            body = {"name": "olga", "password": PASSWORD}
            headers["X-CSRF-Token"] = (await ask("POST", "/api/login", body))["csrf"]
            await story(ask)

    def running() -> None:
        try:
            asyncio.run(logged_in())
        except BaseException as exc:
            failures.append(exc)

    thread = threading.Thread(target=running, daemon=True)
    thread.start()
    graph.spin_until(
        lambda: not thread.is_alive(), timeout_s=STORY_TIMEOUT_S, what="the story's end"
    )
    if failures:
        raise failures[0]


def test_what_is_drawn_at_one_camera_is_watched_there_only_and_after_a_restart(graph):
    from edgeai_bringup.preparation import prepare

    graph.spin_until(
        lambda: (
            all(graph.monitor.nodes[name].state == "active" for name in DETECTORS)
            and graph.node("dashboard").state == "active"
        ),
        timeout_s=START_TIMEOUT_S,
        what="the detectors of both cameras, and the page",
    )

    async def story(ask) -> None:
        body = {"slot": "watched", "zones": [ZONE], "camera": "garden"}
        answer = await ask("PUT", "/api/zones", body)
        assert answer["message"] == "object_detector of garden works with it now"
        stays = {"node": "object_detector", "name": "watch.areas.stays", "camera": "garden"}
        stays["value"] = ["pavement: any for 0.5 s"]
        await ask("PUT", "/api/settings", stays)
        # A stay there can be watched only where the zone is.
        answer = await ask("PUT", "/api/settings", {**stays, "camera": "entrance"})
        assert "there is no zone 'pavement'" in answer["error"]
        for camera, zones in (("garden", [ZONE]), ("entrance", [])):
            slots = (await ask("GET", f"/api/zones?camera={camera}"))["slots"]
            assert {s["key"]: s["zones"] for s in slots}["watched"] == zones
        lingering: list[dict[str, object]] = []
        while not lingering:
            alerts = (await ask("GET", "/api/alerts"))["alerts"]
            lingering = [alert for alert in alerts if alert["category"] == "lingering"]
            await asyncio.sleep(0.2)
        assert {alert["camera"] for alert in lingering} == {"garden"}

    told(graph, story)
    # They never went down for it.
    assert [graph.monitor.nodes[name].state for name in DETECTORS] == ["active", "active"]

    plans = prepare("city", source="synthetic", cameras=CAMERAS).plans
    zones = {p.full_name: p.overrides.get("watch.areas.zones") for p in plans}
    assert [zones[name] for name in DETECTORS] == [None, [ZONE]]
