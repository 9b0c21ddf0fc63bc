"""The supervisor with tiny lifecycle nodes in place of camera, faces and objects."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from edgeai_msgs.msg import AnalyzerStatus, AuthState, FaceMatch, FaceMatchArray
from edgeai_msgs.srv import SetArmed
from rclpy.parameter import Parameter
from std_srvs.srv import Trigger

from edgeai_core.access.credentials import armed_subject, operator_key, sign_credential
from edgeai_core.access.gallery import Gallery
from edgeai_core.access.keys import default_key_source
from edgeai_core.access.locations import data_directory, gallery_path
from edgeai_core.access.people import Role
from edgeai_core.access.permissions import ROLE_PERMISSIONS
from edgeai_core.config import param
from edgeai_core.errors import ConfigError, ModelError
from edgeai_perception.supervisor_node import SupervisorNode
from edgeai_ros_common import qos
from edgeai_ros_common.convert import time_to_msg
from edgeai_ros_common.node import EdgeNode

CAMERA, FACES, OBJECTS = "/camera/usb_cam", "/camera/face_authenticator", "/camera/object_detector"
LOCKED, ACTIVE, MONITORING = AuthState.LOCKED, AuthState.ACTIVE, AuthState.MONITORING
PARAMETERS = {
    "nodes.base": [CAMERA, FACES],
    "nodes.analyzers": [OBJECTS],
    "nodes.self_mending": [CAMERA],
    "topics.faces": ["/camera/faces"],
    "access.relock_absence_s": 3600.0,
    "supervision.heartbeat_timeout_s": 1.5,
    "supervision.retry_delay_s": 0.1,
    "supervision.retry_delay_max_s": 0.1,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NoConfig:
    unused: bool = param(False, "Nothing")


class Stand(EdgeNode[NoConfig]):
    """Stands for a node of the graph."""

    config_class = NoConfig
    failures = 0

    def setup(self, config: NoConfig) -> None:
        if self.failures:
            self.failures -= 1
            raise ModelError("the model is not there yet")


class House:
    """A supervisor, its nodes and somebody who listens and shows faces."""

    person_id = ""

    def __init__(self, ros, overrides, **changes: object) -> None:
        self.ros = ros
        self.nodes = {
            name: ros.add(
                Stand(node_name=name.rpartition("/")[2], namespace="/camera", context=ros.context)
            )
            for name in (CAMERA, FACES, OBJECTS)
        }
        values = PARAMETERS | {name.replace("__", "."): v for name, v in changes.items()}
        self.supervisor = ros.add(
            SupervisorNode(context=ros.context, parameter_overrides=overrides(values))
        )
        self.person = ros.listener()
        self.states: list[AuthState] = []
        self.person.create_subscription(AuthState, "/auth_state", self.states.append, qos.STATE)
        self.faces = self.person.create_publisher(FaceMatchArray, "/camera/faces", qos.RESULTS)

    def runs(self, name: str) -> bool:
        return self.nodes[name].is_active

    def session_is(self, state: int) -> bool:
        return bool(self.states) and self.states[-1].state == state

    def up(self) -> None:
        self.ros.until(lambda: self.runs(CAMERA) and self.runs(FACES))
        self.ros.until(self._keeper_knows)

    def _keeper_knows(self) -> bool:
        return self.supervisor._face_authenticator_works()

    def show(self, **changes: object) -> None:
        values = {
            "detection_score": 0.9,
            "track_id": 1,
            "person_id": self.person_id,
            "person_name": "Ada",
            "agreeing_frames": 5,
            "permitted": True,
            "authorised": True,
            "liveness": FaceMatch.LIVENESS_LIVE,
        }
        match = FaceMatch(**(values | changes))
        match.bbox.size_x = match.bbox.size_y = 100.0
        array = FaceMatchArray(matches=[match])
        array.header.stamp = time_to_msg(self.person.get_clock().now().nanoseconds)
        self.faces.publish(array)

    def unlock(self) -> None:
        def unlocked() -> bool:
            self.show()
            return self.session_is(ACTIVE)

        self.ros.until(unlocked)

    def call(self, kind, name: str, request):
        client = self.person.create_client(kind, f"/supervisor/{name}")
        self.ros.until(client.service_is_ready)
        future = client.call_async(request)
        self.ros.until(future.done)
        return future.result()

    def arm(self, *names: str):
        return self.call(SetArmed, "set_armed", SetArmed.Request(analyzers=list(names)))

    def lock(self):
        return self.call(Trigger, "lock", Trigger.Request())


@pytest.fixture(autouse=True)
def gallery(tmp_path, monkeypatch) -> Iterator[Gallery]:
    """The gallery of this user's data directory, with Ada as a member."""
    monkeypatch.setenv("EDGEAI_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("EDGEAI_GALLERY_KEY", raising=False)
    path = gallery_path()
    with Gallery.open(path, key_source=default_key_source(path), create=True) as opened:
        ada = opened.add_person(
            "Ada", np.ones((1, 8), np.float32), model_id="m", role=Role.MEMBER, authorised=True
        )
        monkeypatch.setattr(House, "person_id", ada.person_id)
        yield opened


@pytest.fixture
def house(ros, overrides) -> House:
    return House(ros, overrides)


def state_name(node) -> str:
    return node._state_machine.current_state[1]


def test_base_nodes_are_brought_up_and_gated_ones_wait_ready(house, ros):
    house.up()
    ros.until(lambda: state_name(house.nodes[OBJECTS]) == "inactive")
    assert not house.runs(OBJECTS)
    assert house.session_is(LOCKED)


def test_a_node_that_fails_to_configure_is_tried_again(house, ros):
    house.nodes[FACES].failures = 2
    house.up()
    assert house.nodes[FACES].failures == 0


def test_an_authorised_face_unlocks_and_the_analyzer_runs_until_locked(house, ros):
    house.up()
    house.unlock()
    assert house.states[-1].person_name == "Ada"
    assert list(house.states[-1].permissions) == ["acknowledge", "arm", "operate"]
    ros.until(lambda: house.runs(OBJECTS))
    assert house.lock().success
    ros.until(lambda: house.session_is(LOCKED))
    assert list(house.states[-1].permissions) == []
    ros.until(lambda: not house.runs(OBJECTS))
    assert house.runs(CAMERA)
    assert house.runs(FACES)


@pytest.mark.parametrize(
    "face",
    [
        {"authorised": False},
        {"permitted": False, "authorised": False},
        {"person_id": "", "person_name": "", "permitted": False, "authorised": False},
        {"agreeing_frames": 2},
        {"rejection": "too small"},
        {"liveness": FaceMatch.LIVENESS_NOT_CHECKED},
        {"authorised": False, "liveness": FaceMatch.LIVENESS_SPOOF},
        {"liveness": FaceMatch.LIVENESS_SPOOF},  # contradicts itself: authorised, but a copy
        {"person_id": ""},  # contradicts itself: authorised without being anybody
    ],
    ids=str,
)
def test_no_other_face_unlocks(house, ros, face):
    house.up()
    before = house.supervisor._meter.read()

    def looked() -> bool:
        house.show(**face)
        reading = house.supervisor._meter.read()
        return reading.frames - before.frames >= 5

    ros.until(looked)
    assert house.session_is(LOCKED)
    assert not house.runs(OBJECTS)


def test_when_the_face_node_dies_the_session_ends(house, ros):
    house.up()
    house.unlock()
    ros.until(lambda: house.runs(OBJECTS))
    dead = house.nodes[FACES]
    ros.executor.remove_node(dead)
    dead.destroy_node()
    ros.until(lambda: house.session_is(LOCKED))
    assert house.states[-1].reason == "the face authenticator is lost"
    ros.until(lambda: not house.runs(OBJECTS))


def test_arming_is_refused_while_locked(house, ros):
    house.up()
    answer = house.arm("object_detector")
    assert not answer.success
    assert answer.message.startswith("cannot arm: the state is LOCKED; an authorised person must")
    assert list(answer.armed) == []


def test_what_is_armed_keeps_watching_after_the_session(house, ros):
    house.up()
    house.unlock()
    answer = house.arm("object_detector")
    assert (answer.success, answer.message) == (True, "armed: object_detector")
    assert list(answer.armed) == ["object_detector"]
    ros.until(lambda: house.runs(OBJECTS))
    house.lock()
    ros.until(lambda: house.session_is(MONITORING))
    assert list(house.states[-1].armed) == ["object_detector"]
    assert house.runs(OBJECTS)
    assert not house.arm().success
    assert house.session_is(MONITORING)


def test_disarming_in_a_session_lets_nothing_watch_after_it(house, ros):
    house.up()
    house.unlock()
    house.arm("object_detector")
    assert house.arm().message == "armed: nothing"
    house.lock()
    ros.until(lambda: house.session_is(LOCKED))


def test_who_may_not_arm_is_told_so_and_nothing_changes(house, gallery):
    house.up()
    house.unlock()
    gallery.set_role("Ada", Role.OPERATOR)
    answer = house.arm("object_detector")
    assert (answer.success, answer.armed) == (False, [])
    assert "Ada may not arm and disarm; roles that may: member, owner" in answer.message
    gallery.forget("Ada")
    assert "has nobody of the id" in house.arm("object_detector").message


def test_an_unknown_analyzer_cannot_be_armed_and_nothing_changes(house, ros):
    house.up()
    house.unlock()
    house.arm("object_detector")
    answer = house.arm("oven")
    assert not answer.success
    assert "unknown analyzer oven; known: object_detector" in answer.message
    assert list(answer.armed) == ["object_detector"]


def test_an_always_on_analyzer_runs_while_locked(ros, overrides):
    house = House(ros, overrides, nodes__always_on=["object_detector"])
    ros.until(lambda: house.runs(OBJECTS))
    assert house.session_is(LOCKED)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (
            {"nodes.always_on": ["oven"]},
            "parameter nodes.always_on: got oven, expected names among object_detector",
        ),
        ({"access.armed": ["oven"]}, "parameter access.armed: unknown analyzer oven; known: obj"),
        ({"acces.armed": ["oven"]}, "unknown parameter acces.armed of SupervisorConfig; did you"),
    ],
    ids=str,
)
def test_wrong_names_are_one_sentence_at_start(ros, overrides, values, sentence):
    with pytest.raises(ConfigError) as caught:
        SupervisorNode(context=ros.context, parameter_overrides=overrides(PARAMETERS | values))
    assert sentence in str(caught.value)


def test_parameters_cannot_be_changed_behind_the_supervisors_back(house):
    (result,) = house.supervisor.set_parameters([Parameter("access.agree_frames", value=1)])
    assert not result.successful
    assert "start it again" in result.reason


def test_a_late_joiner_sees_the_state_at_once(house, ros):
    house.up()
    late: list[AuthState] = []
    ros.listener().create_subscription(AuthState, "/auth_state", late.append, qos.STATE)
    ros.until(lambda: late)
    assert late[0].state == LOCKED
    assert late[0].nonce != 0


def test_permissions_that_cannot_be_read_are_none_and_its_health_says_so(house, ros, gallery):
    house.up()
    gallery.close()
    gallery.path.unlink()
    house.unlock()
    assert list(house.states[-1].permissions) == []
    told: list[str] = []
    house.person.create_subscription(
        AnalyzerStatus,
        "/supervisor/status",
        lambda status: told.append(status.message),
        qos.DIAGNOSTICS,
    )
    ros.until(lambda: any("what the active person may do is not known" in t for t in told))


def test_a_second_supervisor_is_told_as_a_fault(house, ros):
    house.up()
    told: list[AnalyzerStatus] = []
    house.person.create_subscription(
        AnalyzerStatus, "/supervisor/status", told.append, qos.DIAGNOSTICS
    )
    house.person.create_publisher(AuthState, "/auth_state", qos.STATE)
    ros.until(lambda: any("1 more supervisors on this ROS domain" in t.message for t in told))


def test_a_face_node_with_another_gallery_unlocks_for_somebody_who_may_nothing(house, ros):
    house.up()
    house.person_id = "0" * 32
    house.unlock()
    assert list(house.states[-1].permissions) == []
    assert not house.arm("object_detector").success
    told: list[AnalyzerStatus] = []
    house.person.create_subscription(
        AnalyzerStatus, "/supervisor/status", told.append, qos.DIAGNOSTICS
    )
    ros.until(lambda: any("works with another gallery file" in t.message for t in told))


def armed_from_afar(house, names: list[str], role: Role):
    credential = sign_credential(
        operator_key(data_directory()),
        name="Olga",
        permissions=ROLE_PERMISSIONS[role],
        action="set_armed",
        subject=armed_subject(names),
        now_ns=time.time_ns(),
    )
    request = SetArmed.Request(analyzers=names, credential=credential)
    return house.call(SetArmed, "set_armed", request)


def test_somebody_logged_in_elsewhere_arms_and_disarms_a_locked_house(house, ros):
    house.up()
    answer = armed_from_afar(house, ["object_detector"], Role.MEMBER)
    assert (answer.success, list(answer.armed)) == (True, ["object_detector"])
    ros.until(lambda: house.session_is(MONITORING))
    assert armed_from_afar(house, [], Role.MEMBER).success
    ros.until(lambda: house.session_is(LOCKED))


def test_who_may_not_arm_or_names_no_analyzer_changes_nothing(house):
    house.up()
    refused = armed_from_afar(house, ["object_detector"], Role.OPERATOR)
    assert refused.message == "cannot arm and disarm: Olga may not; roles that may: member, owner"
    assert "unknown analyzer toaster" in armed_from_afar(house, ["toaster"], Role.OWNER).message
    assert house.session_is(LOCKED)
