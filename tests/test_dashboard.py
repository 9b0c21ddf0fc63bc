"""The web page on the running graph: real footage, models and services, driven by a browser."""

from __future__ import annotations

from pathlib import Path

import pytest

PASSWORD = "four quiet horses"
START_TIMEOUT_S = 120
ZONE_TIMEOUT_S = 30.0
ENROL_TIMEOUT_S = 110
UNLOCK_TIMEOUT_S = 60
STORY_TIMEOUT_S = 250
SCREENSHOTS = Path(__file__).resolve().parents[1] / "build" / "screenshots"

pytestmark = [pytest.mark.demo, pytest.mark.timeout(460)]


@pytest.fixture
def page_story(run_graph, isolated, footage, tmp_path):
    """Run a story with a page of the running graph, in which nobody is enrolled yet."""
    pytest.importorskip("aiohttp", reason="aiohttp is not there: run the tests by make test")
    from edgeai_core.access.accounts import Accounts
    from edgeai_core.access.permissions import Role
    from edgeai_dashboard.testing.chromium import chromium_path
    from edgeai_dashboard.testing.story import tell_story

    if not chromium_path():
        pytest.skip("needs Chromium, which drives the page: apt install chromium")
    Accounts(isolated.data, cost=2).set_password("olga", PASSWORD, role=Role.OWNER)
    graph = run_graph(
        "home",
        {
            "usb_cam": {"stream.source": footage("carphone"), "stream.loop": True},
            # tests/test_face_gate.py looks at liveness; here it would only take its time.
            "face_authenticator": {"liveness.enabled": False},
            "supervisor": {"access.require_liveness": False},
            "dashboard": {"http.port": 0},
        },
    )

    def told(story) -> None:
        graph.spin_until(
            lambda: (
                graph.node("dashboard").state == "active"
                and graph.node("face_authenticator").results > 0
                and graph.alerts("unknown_face")
            ),
            timeout_s=START_TIMEOUT_S,
            what="the page is served and a stranger was told of",
        )
        address = graph.node("dashboard").message
        tell_story(
            story,
            address=address,
            name="olga",
            password=PASSWORD,
            folder=tmp_path / "browser",
            spin_until=lambda over: graph.spin_until(
                over, timeout_s=STORY_TIMEOUT_S, what="the story's end"
            ),
        )

    told.graph = graph
    return told


def test_a_household_lives_with_the_page(page_story, isolated, demo_home) -> None:
    from edgeai_core.footage import FOOTAGE
    from edgeai_core.user_settings import read_user_settings
    from edgeai_dashboard.testing.story import go_to

    clip = demo_home / FOOTAGE["carphone"].file_name

    async def story(page) -> None:
        # Live frames move.
        await page.until("Number(document.getElementById('live').dataset.pictures) >= 3")

        # A stranger was told of: acknowledge it.
        await go_to(page, "alerts")
        await page.until("document.querySelector('.alert .acknowledge')")
        await page.click(".alert .acknowledge")
        await page.until("document.querySelector('.alert .done')")
        done = await page.evaluate("document.querySelector('.alert .done').textContent")
        assert done == "Acknowledged by olga"

        # Enrol from an uploaded clip; the camera then knows who it is.
        await go_to(page, "people")
        await page.type("#enrol-name", "Carl")
        await page.choose_files("#enrol-files", [clip])
        await page.click("form button[type=submit]")
        # Every frame of the clip is looked at while the graph runs on.
        await page.until("document.querySelector('[data-name=Carl]')", timeout_s=ENROL_TIMEOUT_S)
        await go_to(page, "live")
        await page.until("document.querySelector('.state.active')", timeout_s=UNLOCK_TIMEOUT_S)
        await page.until(
            "document.getElementById('live').getAttribute('aria-label').includes('Carl')"
        )
        await page.screenshot(SCREENSHOTS / "live_demo.png")

        # Draw a zone; the detector takes it between two frames and goes on.
        await go_to(page, "zones")
        await page.until("document.querySelectorAll('#zone-slot option').length === 7")
        for x, y in ((0.1, 0.2), (0.5, 0.2), (0.5, 0.9)):
            await page.click_within("#sketch", x, y)
        await page.type("#zone-name", "window")
        await page.click("form button[type=submit]")
        await page.until("document.querySelector('[data-zone=window]')", timeout_s=ZONE_TIMEOUT_S)
        assert page_story.graph.node("object_detector").state == "active"
        await page.screenshot(SCREENSHOTS / "zones_demo.png")

        # Forget the person: nobody is recognised any more.
        await go_to(page, "people")
        await page.click("[data-name=Carl] .forget")
        await page.click("dialog button.danger")
        await page.until("!document.querySelector('[data-name=Carl]')")
        await go_to(page, "live")
        await page.until("document.querySelector('.state.locked')")

    page_story(story)
    (zone,) = read_user_settings(isolated.data / "settings.json")["object_detector"][
        "watch.areas.zones"
    ]
    assert zone.startswith("window: 0.1,0.2")
    assert list((isolated.data / "uploads").iterdir()) == []
    graph = page_story.graph
    assert graph.sessions()[-1] == "LOCKED"
    graph.spin_until(
        lambda: graph.node("object_detector").state == "inactive",
        timeout_s=20,
        what="the detector is back where the session wants it",
    )
