"""The node: what it asks the graph for, with whose right, and what it takes only when watched."""

from __future__ import annotations

import asyncio
import gc
import json
import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field

import aiohttp
import numpy as np
import pytest
from edgeai_msgs.msg import Alert, FaceMatch, FaceMatchArray, Person, Sighting
from edgeai_msgs.msg import AuthState as AuthStateMsg
from edgeai_msgs.srv import (
    AcknowledgeAlert,
    EnrolPerson,
    ForgetPerson,
    GetEvidence,
    ListAlerts,
    ListPeople,
    ManagePerson,
    SetArmed,
    WhereIs,
)
from std_srvs.srv import Trigger

from edgeai_core.access.accounts import Accounts
from edgeai_core.access.credentials import (
    armed_subject,
    credential_name,
    credential_objection,
    manage_subject,
    operator_key,
)
from edgeai_core.access.permissions import Permission, Role
from edgeai_core.config import group, param
from edgeai_core.privacy.config import PrivacyConfig
from edgeai_core.types import AuthState, Frame, SessionState
from edgeai_core.user_settings import read_user_settings
from edgeai_dashboard.dashboard_node import DashboardNode
from edgeai_dashboard.testing.graph import ALERT_ID, jpeg
from edgeai_ros_common import qos
from edgeai_ros_common.convert import auth_state_to_msg
from edgeai_ros_common.diagnostics import Level
from edgeai_ros_common.frame_hub import FrameHub
from edgeai_ros_common.node import EdgeNode

FIRE = "/camera/fire_detector"
TOPIC = "/camera/image_raw"


@dataclass(frozen=True, slots=True, kw_only=True)
class StandConfig:
    zones: tuple[str, ...] = param((), "Places")
    after_s: float = param(600.0, "How long", unit="s", minimum=1.0, maximum=900.0)
    view: str = param("near", "From where", choices=("near", "far"))
    path: str = param("/secret", "A file")
    places: tuple[str, ...] = param((), "Places that may change while it works", live=True)
    privacy: PrivacyConfig = group(PrivacyConfig)


class Stand(EdgeNode[StandConfig]):
    """Stands for an analyzer."""

    config_class = StandConfig


@dataclass
class Graph:
    """Services as the nodes offer them; what was asked, and who may have asked it."""

    ros: object
    folder: object
    asked: list[tuple[str, object]] = field(default_factory=list)

    def offer(self) -> None:
        node = self.ros.listener()
        offers = {
            "/alert_manager/list_alerts": (ListAlerts, self.list_alerts),
            "/alert_manager/get_evidence": (GetEvidence, self.get_evidence),
            "/alert_manager/acknowledge": (AcknowledgeAlert, self.agreed),
            "/alert_manager/forget_person": (ForgetPerson, self.agreed),
            "/alert_manager/where_is": (WhereIs, self.where_is),
            "/supervisor/set_armed": (SetArmed, self.agreed),
            "/supervisor/lock": (Trigger, self.agreed),
            "/camera/face_authenticator/list_people": (ListPeople, self.list_people),
            "/camera/face_authenticator/manage_person": (ManagePerson, self.agreed),
            "/camera/face_authenticator/enrol": (EnrolPerson, self.refused),
        }
        for name, (kind, answer) in offers.items():
            node.create_service(kind, name, self.noting(name.rpartition("/")[2], answer))
        self.node = node

    def noting(self, name: str, answer: Callable) -> Callable:
        def answered(request, response):
            self.asked.append((name, request))
            return answer(request, response)

        return answered

    def agreed(self, request, response):
        response.success, response.message = True, "done"
        return response

    def refused(self, request, response):
        response.message = "no frame shows a face"
        return response

    def list_alerts(self, request, response):
        response.success = True
        response.alerts = [Alert(alert_id=ALERT_ID, title="Fire", score=float("nan"), severity=2)]
        return response

    def get_evidence(self, request, response):
        whole = bytes(range(250)) * 8000  # 2 MB: two full parts and not quite a third
        response.success, response.media_type = True, "video/webm"
        response.total_bytes = len(whole)
        part = whole[request.offset_bytes : request.offset_bytes + request.limit_bytes]
        response.data.frombytes(part)
        return response

    def list_people(self, request, response):
        response.success = True
        response.people = [Person(person_id="7" * 32, name="Ada", role="owner", authorised=True)]
        return response

    def where_is(self, request, response):
        sighting = Sighting(thing="wallet", camera="camera", place="on the shelf", score=0.7)
        sighting.snapshot.data.frombytes(jpeg())
        response.success, response.sightings = True, [sighting]
        return response

    def last(self, name: str):
        return [request for asked, request in self.asked if asked == name][-1]

    def objection(self, name: str, subject: str, permission: Permission) -> str:
        return credential_objection(
            operator_key(self.folder),
            self.last(name).credential,
            action=name,
            subject=subject,
            permission=permission,
            now_ns=time.time_ns(),
        )


@pytest.fixture
def hub() -> FrameHub:
    opened = FrameHub()
    opened.offer(TOPIC)
    return opened


@pytest.fixture
def node(ros, overrides, hub, tmp_path, monkeypatch) -> DashboardNode:
    monkeypatch.setenv("EDGEAI_DATA_DIR", str(tmp_path))
    Accounts(tmp_path, cost=2).set_password("ada", "four quiet horses", role=Role.OWNER)
    values = {
        "http.port": 0,
        "live.fps": 30.0,
        # A face model is not what is tested here.
        "privacy.blur_unknown_faces": False,
        "graph.nodes": [FIRE, "/camera/face_authenticator", "/supervisor", "/dashboard"],
        "graph.analyzers": [FIRE],
        "graph.cameras": ["camera"],
    }
    made = ros.add(
        DashboardNode(context=ros.context, parameter_overrides=overrides(values), frame_hub=hub)
    )
    made.trigger_configure()
    made.trigger_activate()
    assert made.port > 0
    return made


@pytest.fixture
def graph(ros, tmp_path) -> Graph:
    offered = Graph(ros=ros, folder=tmp_path)
    offered.offer()
    return offered


@pytest.fixture
def visit(node, visited):
    """Run a story of somebody who is logged in, while the executor spins here."""
    return lambda story: visited(node, story)


def test_what_is_changed_carries_the_right_of_who_is_logged_in(graph, visit) -> None:
    async def story(ask, session) -> None:
        await ask("PUT", "/api/armed", json={"analyzers": ["fire_detector"]})
        await ask("POST", f"/api/alerts/{ALERT_ID}/acknowledge")
        await ask("POST", "/api/lock")
        for action, value in (("role", "guest"), ("forget", "")):
            body = {"action": action, "name": "Ada", "value": value}
            assert await ask("POST", "/api/people/manage", json=body) == {"message": "done"}

    visit(story)
    armed = armed_subject(["fire_detector"])
    assert graph.objection("set_armed", armed, Permission.ARM) == ""
    assert graph.objection("acknowledge", ALERT_ID, Permission.ACKNOWLEDGE) == ""
    assert graph.last("acknowledge").acknowledged_by == "ada"
    assert graph.objection("forget_person", "7" * 32, Permission.ENROL) == ""
    subject = manage_subject("forget", "Ada", "")
    assert graph.objection("manage_person", subject, Permission.ENROL) == ""
    assert credential_name(operator_key(graph.folder), graph.last("set_armed").credential) == "ada"
    # The gallery last, so that a failure before it can be repeated by the name.
    names = [name for name, _ in graph.asked]
    assert names[-3:] == ["list_people", "forget_person", "manage_person"]


def test_alerts_evidence_people_and_things_come_from_their_nodes(graph, visit) -> None:
    async def story(ask, session) -> None:
        listed = await ask("GET", "/api/alerts?text=fire&severity=2&limit=7&state=0&state=3")
        assert [(a["title"], a["severity"], a["score"]) for a in listed["alerts"]] == [
            ("Fire", "critical", None)
        ]
        clip = await ask("GET", f"/api/alerts/{ALERT_ID}/evidence/clip")
        assert clip == bytes(range(250)) * 8000
        people = (await ask("GET", "/api/people"))["people"]
        assert [(person["name"], person["role"]) for person in people] == [("Ada", "owner")]
        (thing,) = (await ask("GET", "/api/things"))["things"]
        assert (thing["thing"], thing["place"]) == ("wallet", "on the shelf")
        picture = await ask("GET", "/api/things/snapshot?thing=wallet&camera=camera")
        assert picture == jpeg()

    visit(story)
    query = graph.last("list_alerts")
    assert (query.text, query.min_severity, query.limit) == ("fire", 2, 7)
    assert list(query.states) == [0, 3]
    assert graph.objection("list_alerts", "", Permission.OPERATE) == ""
    assert [r.offset_bytes for name, r in graph.asked if name == "get_evidence"] == [0, 1048576]


def test_a_refusal_of_a_node_is_told_in_its_own_words(graph, visit) -> None:
    async def story(ask, session) -> None:
        form = aiohttp.FormData()
        form.add_field("name", "Bo")
        form.add_field("files", jpeg(), filename="a.jpg")
        answer = await ask("POST", "/api/people", data=form)
        assert answer["error"] == "no frame shows a face"

    visit(story)
    assert graph.last("enrol").source.startswith(str(graph.folder / "uploads"))


def test_a_node_that_does_not_run_is_told_as_such(visit) -> None:
    async def story(ask, session) -> None:
        answer = await ask("POST", "/api/lock")
        assert answer["error"] == "nobody answers /supervisor/lock; does that node run?"
        assert answer["code"] == "silent"

    visit(story)


def test_state_shows_who_is_there_what_runs_and_what_is_silent(ros, node, visit) -> None:
    ros.add(Stand(node_name="fire_detector", namespace="/camera", context=ros.context))
    told = AuthState(
        state=SessionState.ACTIVE,
        person_name="Ada",
        nonce=1,
        issued_ns=node.now_ns(),
        expires_ns=node.now_ns() + 60 * 10**9,
        armed=("fire_detector",),
    )
    publisher = ros.listener().create_publisher(AuthStateMsg, "/auth_state", qos.STATE)
    publisher.publish(auth_state_to_msg(told))

    async def story(ask, session) -> None:
        while True:
            state = await ask("GET", "/api/state")
            levels = {entry["name"]: entry["level"] for entry in state["nodes"]}
            if levels[FIRE] == "ok" and state["session"]["state"] == "active":
                break
            await asyncio.sleep(0.05)
        assert levels["/supervisor"] == "stale"
        assert state["session"]["person_name"] == "Ada"
        assert state["session"]["armed"] == ["fire_detector"]
        assert state["analyzers"] == ["fire_detector"]

    visit(story)


def test_frames_are_taken_only_while_somebody_watches(ros, node, hub, visit) -> None:
    match = FaceMatch(person_name="Ada")
    match.bbox.center.position.x = match.bbox.center.position.y = 50.0
    match.bbox.size_x = match.bbox.size_y = 20.0
    faces = ros.listener().create_publisher(FaceMatchArray, "/camera/faces", qos.RESULTS)
    watched: list[bool] = []

    def subscribed() -> bool:
        return bool(hub._subscribers.get(TOPIC))

    def show() -> None:
        faces.publish(FaceMatchArray(matches=[match]))
        image = np.full((100, 200, 3), 90, np.uint8)
        hub.publish(TOPIC, Frame(image=image, stamp_ns=5_000_000))

    ticking = ros.listener().create_timer(0.02, show)

    async def story(ask, session) -> None:
        watched.append(subscribed())
        origin = {"Origin": f"http://127.0.0.1:{node.port}"}
        async with session.ws_connect("/api/live", headers=origin) as socket:
            await socket.send_json({"command": "watch", "camera": "camera"})
            head: dict = {}
            while True:
                message = await socket.receive(timeout=10)
                if message.type is aiohttp.WSMsgType.BINARY and head.get("faces"):
                    assert message.data[:3] == b"\xff\xd8\xff"
                    break
                if message.type is aiohttp.WSMsgType.TEXT:
                    head = json.loads(message.data)
            watched.append(subscribed())
        assert (head["width"], head["height"], head["stamp_ms"]) == (200, 100, 5)
        assert head["faces"][0]["box"] == [40.0, 40.0, 60.0, 60.0]

    visit(story)
    ticking.cancel()
    assert watched == [False, True]
    ros.until(lambda: not subscribed())
    assert "faces" not in [s.topic_name.rpartition("/")[2] for s in node.subscriptions]


def test_a_page_that_watches_does_not_keep_the_node_from_stopping(ros, node, hub, visit) -> None:
    stopped: list[bool] = []

    async def story(ask, session) -> None:
        origin = {"Origin": f"http://127.0.0.1:{node.port}"}
        async with session.ws_connect("/api/live", headers=origin) as socket:
            await socket.send_json({"command": "watch", "camera": "camera"})
            while not hub._subscribers.get(TOPIC):
                await asyncio.sleep(0.01)
            node.executor.create_task(lambda: stopped.append(bool(node.trigger_deactivate())))
            while (await socket.receive(timeout=10)).type is aiohttp.WSMsgType.TEXT:
                pass

    visit(story)
    ros.until(lambda: stopped)
    assert node.port == 0
    assert not hub._subscribers.get(TOPIC)


def test_zones_and_settings_reach_a_running_node_and_are_kept(ros, visit, tmp_path) -> None:
    stand = ros.add(Stand(node_name="fire_detector", namespace="/camera", context=ros.context))
    stand.trigger_configure()
    stand.trigger_activate()

    async def story(ask, session) -> None:
        nodes = {entry["node"]: entry for entry in (await ask("GET", "/api/settings"))["nodes"]}
        shown = {entry["name"]: entry for entry in nodes["fire_detector"]["parameters"]}
        assert set(shown) == {"zones", "after_s", "view", "places"}
        assert (shown["after_s"]["minimum"], shown["after_s"]["maximum"]) == (1.0, 900.0)
        assert shown["view"]["choices"] == ["near", "far"]
        assert "nobody answers" in nodes["supervisor"]["problem"]
        for name, value, words in (
            ("zones", ["stove: 0,0 1,0 1,1"], "works with it now"),
            ("after_s", 60, "works with it now"),
            ("zones", [], "works with it now"),
        ):
            body = {"node": "fire_detector", "name": name, "value": value}
            assert words in (await ask("PUT", "/api/settings", json=body))["message"]
        for name, value, words in (
            ("after_s", 901.0, "after_s: got 901.0, expected 1..900"),
            ("after_s", "60", "after_s: got '60', expected float"),
            ("view", "up", "view: got 'up', expected one of near, far"),
            ("path", "/etc/passwd", "no parameter 'path' that the page may set"),
        ):
            body = {"node": "fire_detector", "name": name, "value": value}
            assert (await ask("PUT", "/api/settings", json=body))["error"] == words
        body = {"node": "toaster", "name": "a", "value": 1}
        assert (
            "no node 'toaster' in the graph"
            in (await ask("PUT", "/api/settings", json=body))["error"]
        )

    visit(story)
    assert stand.get_parameter("after_s").value == 60.0
    assert list(stand.get_parameter("zones").value) == []
    # Where the supervisor, which is not here, brings it back from.
    assert stand._state_machine.current_state[1] == "unconfigured"
    assert read_user_settings(tmp_path / "settings.json") == {
        "fire_detector": {"zones": [], "after_s": 60.0}
    }


def test_what_is_live_is_taken_by_a_node_that_goes_on_working(ros, visit, tmp_path) -> None:
    stand = ros.add(Stand(node_name="fire_detector", namespace="/camera", context=ros.context))
    stand.trigger_configure()
    stand.trigger_activate()
    states: list[str] = []
    ros.listener().create_timer(0.001, lambda: states.append(stand.is_active))

    async def story(ask, session) -> None:
        body = {"node": "fire_detector", "name": "places", "value": ["sofa"]}
        answer = await ask("PUT", "/api/settings", json=body)
        assert answer["message"] == "fire_detector works with it now"

    visit(story)
    assert set(states) == {True}
    assert list(stand.get_parameter("places").value) == ["sofa"]
    assert read_user_settings(tmp_path / "settings.json") == {"fire_detector": {"places": ["sofa"]}}


def test_the_page_takes_its_own_live_settings_at_once_and_others_at_the_next_start(
    node, visit, tmp_path
) -> None:
    async def story(ask, session) -> None:
        for name, value, words in (
            ("live.fps", 7.0, "dashboard works with it now"),
            ("session.idle_min", 5.0, "dashboard works with it now"),
            ("uploads.limit_mb", 2.0, "dashboard works with it now"),
        ):
            body = {"node": "dashboard", "name": name, "value": value}
            assert (await ask("PUT", "/api/settings", json=body))["message"] == words

    visit(story)
    assert node.port > 0  # it never went away
    assert node._feeds["camera"]._config.fps == 7.0
    assert (node._desk.sessions._idle_s, node._desk.config.uploads.limit_mb) == (300.0, 2.0)
    kept = read_user_settings(tmp_path / "settings.json")["dashboard"]
    assert kept == {"live.fps": 7.0, "session.idle_min": 5.0, "uploads.limit_mb": 2.0}


@pytest.fixture
def private_nodes() -> list[str]:
    analyzers = ("camera/object_detector", "yard/object_detector", "yard/visualizer")
    return ["/evidence_recorder", *(f"/{name}" for name in analyzers), "/dashboard"]


def test_a_mask_is_set_once_and_holds_for_every_picture(
    ros, overrides, hub, tmp_path, monkeypatch, private_nodes, visited
) -> None:
    monkeypatch.setenv("EDGEAI_DATA_DIR", str(tmp_path))
    Accounts(tmp_path, cost=2).set_password("ada", "four quiet horses", role=Role.OWNER)
    values = {"http.port": 0, "graph.nodes": private_nodes, "graph.cameras": ["camera", "yard"]}
    values["privacy.blur_unknown_faces"] = False
    page = ros.add(
        DashboardNode(context=ros.context, parameter_overrides=overrides(values), frame_hub=hub)
    )
    page.trigger_configure()
    page.trigger_activate()
    stands = {}
    for name in private_nodes[:-1]:
        space, _, own = name.rpartition("/")
        stand = Stand(node_name=own, namespace=space or "/", context=ros.context)
        stands[name] = ros.add(stand)
        stand.trigger_configure()
        stand.trigger_activate()
    masks = ["house: 0,0 1,0 1,1 0,1", "yard/tree: 0,0 1,0 1,1"]

    async def story(ask, session) -> None:
        body = {"node": "evidence_recorder", "name": "privacy.masks", "value": masks}
        answer = await ask("PUT", "/api/settings", json=body)
        assert answer["message"] == "evidence_recorder works with it now"

    visited(page, story)
    taken = {n: list(s.get_parameter("privacy.masks").value) for n, s in stands.items()}
    assert taken["/camera/object_detector"] == masks[:1]
    assert taken["/yard/object_detector"] == [masks[0], "tree: 0,0 1,0 1,1"]
    assert taken["/yard/visualizer"] == taken["/yard/object_detector"]
    image = np.full((10, 10, 3), 9, np.uint8)
    page._feeds["camera"].privacy.screen(image, stamp_ns=1, scale=1.0)
    assert image.max() == 0
    kept = read_user_settings(tmp_path / "settings.json")
    assert kept == {"evidence_recorder": {"privacy.masks": masks}}


def test_without_a_terminal_no_password_is_made_and_health_names_the_address(node) -> None:
    health = node.health()
    assert health.level is Level.OK
    assert health.message == f"http://127.0.0.1:{node.port}"


def test_the_first_start_at_a_terminal_tells_the_owners_password_once(
    ros, overrides, tmp_path, monkeypatch, capsys
) -> None:
    monkeypatch.setenv("EDGEAI_DATA_DIR", str(tmp_path))
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    node = ros.add(
        DashboardNode(context=ros.context, parameter_overrides=overrides({"http.port": 0}))
    )
    for _ in range(2):
        node.trigger_configure()
        node.trigger_activate()
        node.trigger_deactivate()
        node.trigger_cleanup()
    words = capsys.readouterr().out.split()
    assert words.count("password") == 2  # the one of the owner, and the command for another
    password = words[words.index("password") + 1]
    assert Accounts(tmp_path).check("owner", password).role is Role.OWNER


def test_open_to_the_network_without_tls_is_a_warning(
    ros, overrides, tmp_path, monkeypatch
) -> None:
    monkeypatch.setenv("EDGEAI_DATA_DIR", str(tmp_path))
    values = {"http.port": 0, "http.host": "0.0.0.0"}
    node = ros.add(DashboardNode(context=ros.context, parameter_overrides=overrides(values)))
    node.trigger_configure()
    node.trigger_activate()
    assert node.health().level is Level.WARN
    assert "passwords can be overheard" in node.health().message


def test_ten_rounds_leave_nothing_behind(node) -> None:
    def counts() -> tuple[int, ...]:
        entities = (node.subscriptions, node.services, node.publishers, node.clients)
        return (*(len(list(kind)) for kind in entities), threading.active_count())

    before = counts()
    for _ in range(10):
        node.trigger_deactivate()
        node.trigger_cleanup()
        node.trigger_configure()
        node.trigger_activate()
    assert counts() == before


def test_a_page_that_was_closed_is_held_by_nothing(node, visit) -> None:
    async def story(ask, session) -> None:
        await ask("GET", "/api/state")

    visit(story)
    backend = weakref.ref(node._desk.backend)
    node.trigger_deactivate()
    node.trigger_cleanup()
    gc.collect()
    assert backend() is None
