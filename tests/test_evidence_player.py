"""The page's evidence player with alerts and files that the real alert and evidence nodes made.

All three nodes run in this process; pictures and what people do are made up here, so that neither
footage nor models are needed. The browser is a real one.
"""

from __future__ import annotations

from pathlib import Path

import pytest

PASSWORD = "four quiet horses"
STORY_TIMEOUT_S = 120
TOPIC = "/hall/image_raw"
FPS = 10
# Before and after the first alert; the clips span one second on either side.
BEFORE, AFTER = 20, 42
SCREENSHOTS = Path(__file__).resolve().parents[1] / "build" / "screenshots"

pytestmark = pytest.mark.timeout(240)


def picture(number: int, stamp_ns: int):
    """Return a frame in which a bright square wanders to the right."""
    import numpy as np

    from edgeai_core.types import Frame

    image = np.full((240, 320, 3), (90, 70, 40), np.uint8)
    x_px = 4 + 6 * (number % 50)
    image[100:140, x_px : x_px + 40] = (60, 200, 250)
    return Frame(image=image, stamp_ns=stamp_ns)


class Hall:
    """A camera whose pictures we make, and the three nodes that alert, keep and show."""

    def __init__(self, ros) -> None:
        from edgeai_msgs.msg import ActionEventArray
        from rclpy.parameter import Parameter

        from edgeai_alerts.alert_manager_node import AlertManagerNode
        from edgeai_alerts.evidence_recorder_node import EvidenceRecorderNode
        from edgeai_dashboard.dashboard_node import DashboardNode
        from edgeai_ros_common import qos
        from edgeai_ros_common.frame_hub import FrameHub

        self.ros, self.hub = ros, FrameHub()
        self.hub.offer(TOPIC)

        def started(node_class, name: str, values: dict, **more: object):
            node = ros.add(
                node_class(
                    node_name=name,
                    context=ros.context,
                    parameter_overrides=[Parameter(key, value=v) for key, v in values.items()],
                    **more,
                )
            )
            node.trigger_configure()
            node.trigger_activate()
            assert node.is_active
            return node

        self.recorder = started(
            EvidenceRecorderNode,
            "evidence_recorder",
            {
                "topics.images": [TOPIC],
                "ring.fps": float(FPS),
                "clip.before_s": 1.0,
                "clip.after_s": 1.0,
                "limits.min_free_bytes": 0,
                "privacy.blur_unknown_faces": False,
            },
            frame_hub=self.hub,
        )
        self.alerts = started(
            AlertManagerNode,
            "alert_manager",
            {
                "channels": [],
                "access.enabled": False,
                "topics.actions": ["/hall/actions"],
                "topics.evidence": ["/evidence_recorder/kept"],
            },
        )
        self.page = started(
            DashboardNode,
            "dashboard",
            {"http.port": 0, "graph.cameras": ["hall"], "graph.nodes": ["/alert_manager"]},
            frame_hub=self.hub,
        )
        other = ros.listener()
        self._actions = other.create_publisher(ActionEventArray, "/hall/actions", qos.RESULTS)
        ros.until(lambda: self._actions.get_subscription_count() == 1)
        ros.until(lambda: other.count_subscribers("/alerts") == 2)
        ros.until(lambda: other.count_subscribers("/evidence_recorder/kept") == 1)
        self._begin_ns = other.get_clock().now().nanoseconds

    def stamp_ns(self, number: int) -> int:
        return self._begin_ns + number * 1_000_000_000 // FPS

    def film(self, begin: int, end: int) -> None:
        """Send pictures and wait until each is remembered: the newest wins, none may be lost."""
        ring = self.recorder._feeds["hall"].memory.ring
        for number in range(begin, end):
            frame = picture(number, self.stamp_ns(number))
            self.hub.publish(TOPIC, frame)
            self.ros.until(lambda stamp_ns=frame.stamp_ns: ring.newest_ns == stamp_ns)

    def tell(self, action, *, incident: int, number: int) -> None:
        from builtin_interfaces.msg import Time
        from std_msgs.msg import Header

        from edgeai_core.action_events import ActionEvent
        from edgeai_core.geometry import Box
        from edgeai_ros_common.convert_actions import actions_to_msg

        stamp_ns = self.stamp_ns(number)
        event = ActionEvent(
            action=action,
            incident=incident,
            probability=0.95,
            track_ids=(incident,),
            box=Box(100.0, 90.0, 180.0, 150.0),
            start_ns=stamp_ns,
            end_ns=stamp_ns,
            stamp_ns=stamp_ns,
            reason="the hips came down by 0.8 of the body's length in 0.6 s",
        )
        header = Header(stamp=Time(sec=stamp_ns // 10**9, nanosec=stamp_ns % 10**9))
        self._actions.publish(actions_to_msg([event], header))

    def kept(self) -> list[tuple[str, ...]]:
        return sorted(stored.alert.evidence for stored in self.alerts._store.alerts())


@pytest.fixture
def hall(isolated):
    pytest.importorskip("rclpy", reason="ROS is not there: run the tests by make test")
    pytest.importorskip("aiohttp", reason="aiohttp is not there: run the tests by make test")
    pytest.importorskip("av", reason="PyAV is not there: clips cannot be made")
    from edgeai_core.access.accounts import Accounts
    from edgeai_core.access.permissions import Role
    from edgeai_dashboard.testing.chromium import chromium_path
    from edgeai_ros_common.testing import Ros

    if not chromium_path():
        pytest.skip("needs Chromium, which drives the page: apt install chromium")
    Accounts(isolated.data, cost=2).set_password("olga", PASSWORD, role=Role.OWNER)
    ros = Ros(isolated.domain)
    try:
        yield Hall(ros)
    finally:
        ros.close()


def show(hall: Hall, folder: Path, story) -> None:
    """Run a story with the page of somebody who is logged in, while the nodes spin here."""
    from edgeai_dashboard.testing.story import tell_story

    tell_story(
        story,
        address=f"http://127.0.0.1:{hall.page.port}/",
        name="olga",
        password=PASSWORD,
        folder=folder,
        spin_until=lambda over: hall.ros.until(over, timeout_s=STORY_TIMEOUT_S),
    )


async def choose(page, label: str, value: str) -> None:
    """Choose an option of the list with this label, as a person would."""
    await page.evaluate(
        "(() => { const list = [...document.querySelectorAll('.filters label')]"
        f".find((l) => l.textContent === '{label}').control; list.value = '{value}';"
        "list.dispatchEvent(new Event('change')); })()"
    )


TITLES = "[...document.querySelectorAll('.alert h2')].map((h) => h.textContent).join('; ')"
VIDEO = ".alert.critical video"
FITS = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"


def test_an_alert_of_the_real_services_is_found_looked_at_played_and_acknowledged(
    hall, tmp_path
) -> None:
    from edgeai_core.action_events import Action
    from edgeai_core.types import AlertState

    hall.film(0, BEFORE + 1)
    hall.tell(Action.FALL, incident=1, number=BEFORE)
    hall.tell(Action.FIGHT, incident=2, number=BEFORE)
    hall.ros.until(lambda: hall.kept() == [("snapshot",), ("snapshot",)], timeout_s=30)
    hall.film(BEFORE + 1, AFTER)
    both = ("snapshot", "clip")
    hall.ros.until(lambda: hall.kept() == [both, both], timeout_s=30)

    async def story(page) -> None:
        await page.click("nav a[href='#alerts']")
        await page.until("document.querySelectorAll('.alert').length === 2")
        titles = await page.evaluate(TITLES)
        assert sorted(titles.split("; ")) == ["a fight", "somebody fell"]

        # Filter, then search: the server does both.
        await choose(page, "At least", "2")
        await page.until("document.querySelectorAll('.alert').length === 1")
        assert await page.evaluate(TITLES) == "a fight"
        await page.type("#alert-search", "no such words")
        await page.until("document.querySelectorAll('.alert').length === 0")
        await page.type("#alert-search", "hips came down")
        await page.until("document.querySelectorAll('.alert').length === 1")

        await page.click(".alert.critical summary")
        await page.until("document.querySelector('.alert.critical img')?.naturalWidth === 320")
        await page.until(f"document.querySelector('{VIDEO}')?.readyState >= 2")
        size, duration_s, seekable_s = await page.evaluate(
            f"(() => {{ const v = document.querySelector('{VIDEO}');"
            "return [[v.videoWidth, v.videoHeight], v.duration, v.seekable.end(0)]; })()"
        )
        assert size == [320, 240]
        assert 1.9 <= duration_s <= 2.3
        assert seekable_s == duration_s

        # It plays, and what it shows moves; a person may jump back and forth in it.
        begin = await page.evaluate(shown_at(0.1))
        await page.evaluate(f"document.querySelector('{VIDEO}').play()")
        await page.until(f"document.querySelector('{VIDEO}').currentTime > 0.6")
        await page.screenshot(SCREENSHOTS / "evidence_player.png")
        await page.look(width_px=390, height_px=844, dark=True, phone=True)
        assert await page.evaluate(FITS)
        await page.screenshot(SCREENSHOTS / "evidence_player_phone.png")
        await page.look(width_px=1280, height_px=800, dark=False)
        end = await page.evaluate(shown_at(1.7))
        assert 60 <= end - begin <= 130  # 16 pictures of 6 px each
        assert await page.evaluate(shown_at(0.1)) == begin

        await page.click(".alert.critical .acknowledge")
        await page.until("document.querySelector('.alert.critical .done')")
        done = await page.evaluate("document.querySelector('.alert.critical .done').textContent")
        assert done == "Acknowledged by olga"
        await page.type("#alert-search", "")
        await choose(page, "At least", "0")
        await choose(page, "State", "3")
        await page.until("document.querySelectorAll('.alert').length === 1")

    show(hall, tmp_path / "browser", story)
    by_state = {s.alert.event.category: s.alert.state for s in hall.alerts._store.alerts()}
    assert by_state == {"fall": AlertState.UPDATED, "fight": AlertState.ACKNOWLEDGED}


def shown_at(at_s: float) -> str:
    """Return what winds the clip and tells where the bright square begins, in pixels."""
    return (
        "new Promise((resolve) => {"
        f"const v = document.querySelector('{VIDEO}'); v.pause();"
        "v.addEventListener('seeked', () => {"
        "const c = document.createElement('canvas'); c.width = 320; c.height = 240;"
        "const p = c.getContext('2d'); p.drawImage(v, 0, 0);"
        "const row = p.getImageData(0, 120, 320, 1).data;"
        "let x = 0; while (x < 320 && row[4 * x] < 170) x += 1; resolve(x);"
        "}, { once: true });"
        f"v.currentTime = {at_s}; }})"
    )
