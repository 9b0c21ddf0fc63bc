"""The same pictures give the same answers, and time in a graph is the time of its pictures."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytestmark = pytest.mark.demo

START_TIMEOUT_S = 60.0
EXPECTED = Path(__file__).parent / "replay" / "talking_head.yaml"
S = 1_000_000_000
# November 2023: nobody's wall clock says so by chance.
BEGIN_NS = 1_700_000_000 * S
FRAME_NS = S // 30


def pictures(clip: Path, *, number: int) -> Iterator[Any]:
    """Yield the first pictures of a clip, 320 by 240 pixels."""
    import cv2

    capture = cv2.VideoCapture(str(clip))
    for _ in range(number):
        ok, image = capture.read()
        assert ok
        yield cv2.resize(image, (320, 240), interpolation=cv2.INTER_AREA)
    capture.release()


@pytest.fixture(scope="session")
def talking_head(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Return what makes a bag of a second of the talking head, at these beginnings in turn."""
    from edgeai_core.footage import FOOTAGE
    from edgeai_core.types import Frame
    from edgeai_ros_common.bags.definitions import installed_definitions
    from edgeai_ros_common.bags.pictures import write_pictures

    images = list(pictures(demo_home / FOOTAGE["carphone"].file_name, number=30))
    made: dict[Sequence[int], Path] = {}

    def make(*begins_ns: int) -> Path:
        if begins_ns not in made:
            path = tmp_path_factory.mktemp("bags") / "bag"
            frames = (
                Frame(image=image, stamp_ns=begin_ns + number * FRAME_NS)
                for begin_ns in begins_ns
                for number, image in enumerate(images)
            )
            write_pictures(
                path, frames, topic="/camera/image_raw", definitions=installed_definitions()
            )
            made[begins_ns] = path
        return made[begins_ns]

    return make


@pytest.fixture
def look() -> Callable[..., Any]:
    """Return what lets analyzers look at a bag, in this process or in processes of their own."""
    from edgeai_bringup.regression import look_at

    def looked(bag: Path, *only: str, rate: float = 0.0, separate: bool = False) -> Any:
        arguments = SimpleNamespace(
            bag=bag,
            camera="camera",
            gallery=None,
            only=only,
            rate=rate,
            runtime="openvino",
            separate=separate,
            session="MONITORING",
        )
        stop = SimpleNamespace(requested=False)
        return look_at(arguments, profile="home", settings=(), stop=stop)

    return looked


def test_the_demo_recording_shows_what_is_expected_of_it(command, talking_head, tmp_path):
    picture = tmp_path / "seen.png"
    done = command("test-bag", talking_head(BEGIN_NS), "--expect", EXPECTED, "--picture", picture)
    code = done.end(timeout_s=4 * START_TIMEOUT_S)
    assert (code, done.lines[-1] if done.lines else "", done.stderr) == (
        0,
        f"picture: {picture}",
        "",
    )
    assert "all 8 expectations are met" in "\n".join(done.lines)
    assert picture.stat().st_size > 1000


def test_speed_and_processes_change_no_bit_of_any_answer(look, talking_head):
    # These two start fastest; bench/replay.py looks with all of them.
    bag, eyes = talking_head(BEGIN_NS), ("face_authenticator", "fire_detector")
    fast = look(bag, *eyes)
    assert fast.seen.counts == {"faces": 20, "hazards": 10, "hazards/detections": 10}
    assert fast.seen.stamps_ns == tuple(BEGIN_NS + number * FRAME_NS for number in range(30))
    for other in (look(bag, *eyes, rate=1.0), look(bag, *eyes, rate=0.5, separate=True)):
        assert other.digests == fast.digests
        assert other.happenings == fast.happenings


def test_a_recording_that_begins_again_is_answered_as_if_nothing_had_been_before(
    look, talking_head
):
    """Every window, track, vote and agreement is gone; identities go on.

    Of the actions of somebody who sits nothing is told: `test_action_falls.py` and
    `test_action_fights.py` of the core show that theirs are gone too.
    """
    eyes = ("face_authenticator", "object_detector", "fire_detector")
    seen = look(talking_head(BEGIN_NS + 100 * S, BEGIN_NS), *eyes).seen
    first = _without_identities([a for a in seen.answers if a.picture < 30], BEGIN_NS + 100 * S)
    again = _without_identities([a for a in seen.answers if a.picture >= 30], BEGIN_NS)
    assert {topic for topic, _, _ in again} == {"faces", "objects", "hazards", "hazards/detections"}
    # What goes on is told when it changes, and nothing does.
    assert [a for a in first if not a[0].endswith("/current")] == again


def _without_identities(answers: Sequence[Any], begin_ns: int) -> list[tuple[str, int, bytes]]:
    """Return the answers by topic, time since the beginning, and all that is said but who it is."""
    from builtin_interfaces.msg import Time

    from edgeai_ros_common.message_digest import canonical

    result = []
    for answer in answers:
        message = copy.deepcopy(answer.message)
        message.header.stamp = Time()
        for match in getattr(message, "matches", ()):
            match.track_id = 0 if match.track_id == 0 else 1
        for found in (*getattr(message, "detections", ()), *getattr(message, "regions", ())):
            found.id = "" if not found.id else "1"
            found.header.stamp = Time()
        if hasattr(message, "since"):
            message.since = Time()
        since_ns = answer.stamp_ns - begin_ns
        result.append((answer.topic, since_ns, canonical(message)))
    return result


def test_a_graph_on_simulated_time_lives_in_the_time_of_the_recording(run_graph, talking_head):
    from edgeai_msgs.msg import Alert, AuthState, HazardReport

    from edgeai_bringup.graph import PROFILES
    from edgeai_ros_common import qos
    from edgeai_ros_common.bags.player import Pace, Player
    from edgeai_ros_common.bags.recorder import TopicChoice
    from edgeai_ros_common.convert import time_from_msg

    bag = talking_head(BEGIN_NS)
    end_ns = BEGIN_NS + 30 * FRAME_NS
    sim = {name: {"use_sim_time": True} for name in PROFILES["home"] if name != "usb_cam"}
    for name in ("face_authenticator", "object_detector", "fire_detector", "action_recognizer"):
        sim[name]["inference.runtime"] = "openvino"  # no race of the engines
    # One unknown face a second is enough here, on a machine that is busy with other tests too.
    sim["alert_manager"]["unknown_face.frames"] = 2
    graph = run_graph("home", sim, own_camera=False)
    alerts: list[Alert] = []
    states: list[int] = []
    hazards: list[int] = []

    def stamp_of(message: Any) -> int:
        return time_from_msg(message.header.stamp)

    node = graph.monitor
    node.create_subscription(Alert, "/alerts", alerts.append, qos.ALERTS)
    node.create_subscription(
        AuthState, "/auth_state", lambda m: states.append(stamp_of(m)), qos.STATE
    )
    node.create_subscription(
        HazardReport, "/camera/hazards", lambda m: hazards.append(stamp_of(m)), qos.RESULTS
    )
    graph.spin_until(
        lambda: all(
            graph.node(name).state == "active" for name in ("face_authenticator", "fire_detector")
        ),
        timeout_s=START_TIMEOUT_S,
        what="faces and fire",
    )

    def wait(duration_s: float) -> None:
        due_s = time.monotonic() + min(duration_s, 0.01)
        graph.graph.spin(until=lambda: time.monotonic() >= due_s, turn_s=0.01)

    def replay() -> None:
        player = Player(bag, node=node, choice=TopicChoice(), pace=Pace(clock_hz=50.0), wait=wait)
        try:
            assert player.wait_for_listeners(START_TIMEOUT_S)
            assert player.play(stop=lambda: False).messages == 30
        finally:
            player.close()

    def unknown() -> list[Alert]:
        return [alert for alert in alerts if alert.category == "unknown_face"]

    replay()
    graph.spin_until(unknown, timeout_s=START_TIMEOUT_S, what="an alert")
    assert BEGIN_NS <= stamp_of(unknown()[0]) <= end_ns
    assert BEGIN_NS <= time_from_msg(unknown()[0].raised_at) <= end_ns
    # Before the first /clock simulated time is nought.
    assert all(stamp == 0 or BEGIN_NS <= stamp <= end_ns for stamp in states)
    assert hazards
    assert all(BEGIN_NS <= stamp <= end_ns for stamp in hazards)

    before = len(hazards)
    replay()  # the clock jumps back by a second
    graph.spin_until(lambda: len(hazards) > before, timeout_s=START_TIMEOUT_S, what="hazards")
    assert min(hazards[before:]) < max(hazards[:before])
    levels = {view.level for view in graph.monitor.nodes.values() if view.state == "active"}
    assert "ERROR" not in levels
