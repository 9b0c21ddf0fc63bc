"""The face node with fake models: who is there, and enrolment as a service."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import numpy as np
import pytest
from edgeai_msgs.msg import AuthState, FaceMatchArray
from edgeai_msgs.srv import EnrolPerson, ListPeople, ManagePerson

from edgeai_core import catalog
from edgeai_core.access.credentials import manage_subject, operator_key, sign_credential
from edgeai_core.access.people import Role
from edgeai_core.access.permissions import ROLE_PERMISSIONS
from edgeai_core.geometry import Box
from edgeai_core.types import AuthState as CoreAuthState
from edgeai_core.types import DetectedFace, Frame, SessionState
from edgeai_perception.face_authenticator_node import FaceAuthenticatorNode
from edgeai_ros_common import qos
from edgeai_ros_common.convert import auth_state_to_msg, time_from_msg
from edgeai_ros_common.diagnostics import Level
from edgeai_ros_common.frame_hub import FrameHub

TOPIC = "/camera/image_raw"
NOISE = np.random.default_rng(0).integers(0, 255, (480, 640, 3), np.uint8)


class FakeModels:
    """Detector and embedder: the first pixel of a picture says whose face is in it."""

    runtime_name = "fake"
    model_id = "fake_model"
    recommended_threshold = 0.5
    template_variance = 0.0
    closed = 0

    def detect(self, image) -> list[DetectedFace]:
        mesh = np.zeros((468, 3), np.float32)
        # The cheeks, forehead and chin of a head that faces the camera.
        mesh[[234, 454, 10, 152], :2] = ((110, 200), (290, 200), (200, 100), (200, 300))
        face = DetectedFace(
            box=Box(100, 100, 300, 300),
            score=0.9,
            landmarks_xy_px=np.array(
                [(160, 180), (240, 180), (200, 220), (200, 260), (110, 190), (290, 190)], np.float32
            ),
            mesh_xyz_px=mesh,
        )
        return [face]

    def embed(self, image, face) -> np.ndarray:
        embedding = np.zeros(128, np.float32)
        embedding[int(image[0, 0, 0])] = 1.0
        embedding[64 + int(image[0, 0, 1])] = 0.1
        return embedding

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def models(monkeypatch) -> FakeModels:
    made = FakeModels()

    @contextmanager
    def opened(*args: object, **options: object) -> Iterator[tuple[FakeModels, FakeModels]]:
        yield made, made

    monkeypatch.setattr(catalog, "create_face_detector", lambda *args, **options: made)
    monkeypatch.setattr(catalog, "create_face_embedder", lambda *args, **options: made)
    monkeypatch.setattr(catalog, "face_models", opened)
    return made


@pytest.fixture
def hub() -> FrameHub:
    opened = FrameHub()
    opened.offer(TOPIC)
    return opened


@pytest.fixture
def node(ros, overrides, hub, models, tmp_path, monkeypatch) -> FaceAuthenticatorNode:
    monkeypatch.delenv("EDGEAI_GALLERY_KEY", raising=False)
    values = {
        "gallery.path": str(tmp_path / "people" / "gallery.sqlite3"),
        "inference.max_results_per_s": 240.0,
        "faces.agree_frames": 2,
        # The fake face does not move: tests/test_face_gate.py checks liveness on real footage.
        "liveness.enabled": False,
    }
    made = ros.add(
        FaceAuthenticatorNode(
            namespace="/camera",
            context=ros.context,
            parameter_overrides=overrides(values),
            frame_hub=hub,
        )
    )
    made.trigger_configure()
    made.trigger_activate()
    return made


def picture(who: int, shade: int = 0) -> np.ndarray:
    image = NOISE.copy()
    image[0, 0] = (who, shade, 0)
    return image


@pytest.fixture
def material(tmp_path):
    def made(who: int) -> str:
        folder = tmp_path / f"person_{who}"
        folder.mkdir(exist_ok=True)
        for shade in range(5):
            cv2.imwrite(str(folder / f"{shade}.png"), picture(who, shade))
        return str(folder)

    return made


@pytest.fixture
def enrol(ros, node, material):
    client = ros.listener().create_client(EnrolPerson, "/camera/face_authenticator/enrol")

    def called(name: str, who: int, *, authorised: bool = True, source: str = ""):
        ros.until(client.service_is_ready)
        request = EnrolPerson.Request(
            name=name, source=source or material(who), authorised=authorised
        )
        future = client.call_async(request)
        ros.until(future.done)
        return future.result()

    return called


@pytest.fixture
def look(ros, node, hub):
    got: list[FaceMatchArray] = []
    ros.listener().create_subscription(FaceMatchArray, "/camera/faces", got.append, qos.RESULTS)
    ros.until(lambda: node.count_subscribers("/camera/faces"))
    count = 0

    def looked(who: int, until) -> FaceMatchArray:
        got.clear()

        def seen() -> bool:
            nonlocal count
            count += 1
            hub.publish(
                TOPIC,
                Frame(
                    image=picture(who),
                    stamp_ns=count * 33_000_000,
                    frame_id="door_optical_frame",
                ),
            )
            return any(until(m.matches[0]) for m in got if m.matches)

        ros.until(seen)
        return next(m for m in got if m.matches and until(m.matches[0]))

    return looked


def test_without_a_gallery_faces_are_unknown_and_the_node_says_so(node, look):
    message = look(3, lambda match: True)
    assert not message.matches[0].authorised
    assert message.matches[0].person_id == ""
    assert node.health().level is Level.WARN


def test_faces_carry_the_header_and_size_of_their_frame(look):
    message = look(3, lambda match: True)
    assert message.header.frame_id == "door_optical_frame"
    assert time_from_msg(message.header.stamp) % 33_000_000 == 0
    assert (message.image_width, message.image_height) == (640, 480)


def test_the_first_person_is_enrolled_by_the_service_and_recognised(enrol, look):
    answer = enrol("Ada", 3)
    assert (answer.success, answer.message) == (True, "enrolled Ada")
    assert (answer.accepted, answer.rejected) == (5, 0)
    match = look(3, lambda match: match.authorised).matches[0]
    assert match.person_name == "Ada"
    stranger = look(9, lambda match: match.person_name != "Ada").matches[0]
    assert not stranger.authorised


def test_with_somebody_enrolled_a_locked_house_enrols_nobody(enrol, look):
    enrol("Ada", 3)
    answer = enrol("Eve", 9)
    assert not answer.success
    assert answer.message == (
        "refused: an authorised person must be recognised by the camera first"
    )
    assert not look(9, lambda match: True).matches[0].authorised


@pytest.fixture
def active(ros, node):
    """Let the supervisor say that a person's session is active."""
    publisher = ros.listener().create_publisher(AuthState, "/auth_state", qos.STATE)

    def made(person_id: str) -> None:
        now_ns = node.now_ns()
        publisher.publish(
            auth_state_to_msg(
                CoreAuthState(
                    state=SessionState.ACTIVE,
                    person_id=person_id,
                    person_name="Ada",
                    nonce=7,
                    issued_ns=now_ns,
                    expires_ns=now_ns + 60_000_000_000,
                )
            )
        )
        ros.until(lambda: node._access.current().state is SessionState.ACTIVE)

    return made


def test_in_the_session_of_an_owner_another_person_can_be_enrolled(node, enrol, active):
    enrol("Ada", 3)
    with node._open_gallery() as gallery:
        ada = gallery.find("Ada")
        active(ada.person_id)
        assert enrol("Bob", 9, authorised=False).message == "enrolled Bob"
        assert [entry.actor for entry in gallery.audit()] == [
            "first enrolment",
            f"person {ada.audit_ref}",
        ]


def test_who_may_not_enrol_is_told_so(node, enrol, active):
    enrol("Ada", 3)
    with node._open_gallery() as gallery:
        active(gallery.set_role("Ada", Role.MEMBER).person_id)
    assert enrol("Bob", 9).message == ("refused: Ada may not enrol people; roles that may: owner")


def test_the_session_of_somebody_the_gallery_does_not_know_enrols_nobody(enrol, active):
    enrol("Ada", 3)
    active("somebody")
    answer = enrol("Bob", 9)
    assert not answer.success
    assert "has nobody of the id somebody" in answer.message


@pytest.fixture
def ask(ros, node, tmp_path, monkeypatch):
    """Call one of the people services as somebody who is logged in elsewhere."""
    monkeypatch.setenv("EDGEAI_DATA_DIR", str(tmp_path / "state"))
    node.trigger_deactivate()
    node.trigger_activate()
    listener = ros.listener()

    def called(service, name: str, request, *, subject: str, role: Role = Role.OWNER):
        request.credential = sign_credential(
            operator_key(tmp_path / "state"),
            name="Olga",
            permissions=ROLE_PERMISSIONS[role],
            action=name,
            subject=subject,
            now_ns=time.time_ns(),
        )
        client = listener.create_client(service, f"/camera/face_authenticator/{name}")
        ros.until(client.service_is_ready)
        future = client.call_async(request)
        ros.until(future.done)
        return future.result()

    return called


def manage(ask, action: str, value: str = "", *, name: str = "Ada", role: Role = Role.OWNER):
    request = ManagePerson.Request(action=action, name=name, value=value)
    subject = manage_subject(action, name, value)
    return ask(ManagePerson, "manage_person", request, subject=subject, role=role)


def listed(ask, role: Role = Role.OWNER):
    return ask(ListPeople, "list_people", ListPeople.Request(), subject="", role=role)


def test_somebody_logged_in_elsewhere_enrols_without_a_face(node, enrol, ask, material):
    enrol("Ada", 3)
    request = EnrolPerson.Request(name="Bob", source=material(9), authorised=True)
    assert ask(EnrolPerson, "enrol", request, subject="Bob").message == "enrolled Bob"
    with node._open_gallery() as gallery:
        assert [entry.actor for entry in gallery.audit()] == ["first enrolment", "logged in"]
        assert gallery.find("Bob").role is Role.MEMBER


def test_people_are_listed_for_owners_only(enrol, ask):
    enrol("Ada", 3)
    answer = listed(ask)
    assert [(p.name, p.role, p.authorised, p.refusal) for p in answer.people] == [
        ("Ada", "owner", True, "")
    ]
    refused = listed(ask, Role.MEMBER)
    assert (refused.success, list(refused.people)) == (False, [])
    assert refused.message == "cannot enrol people: Olga may not; roles that may: owner"


def test_an_empty_gallery_is_an_empty_list_for_owners_only(ask):
    answer = listed(ask)
    assert (answer.success, list(answer.people)) == (True, [])
    assert not listed(ask, Role.MEMBER).success


def test_people_are_changed_and_forgotten(node, enrol, ask):
    enrol("Ada", 3)
    assert manage(ask, "revoke").message == "Ada may no longer unlock"
    assert listed(ask).people[0].refusal == "enrolled but not authorised"
    assert manage(ask, "authorise").message == "Ada may unlock"
    assert manage(ask, "role", "guest").message == "Ada is guest and may: nothing"
    assert manage(ask, "rename", "Eva").message == "Ada is now Eva"
    forgotten = manage(ask, "forget", name="Eva")
    assert (forgotten.success, forgotten.message) == (
        True,
        "Eva is forgotten: nothing of 5 templates is left in the gallery",
    )
    assert list(listed(ask).people) == []


@pytest.mark.parametrize(
    ("action", "value", "message"),
    [
        ("promote", "", "people: got action 'promote', expected authorise, revoke, rename, role"),
        ("role", "king", "role: got 'king', expected one of guest, operator, member, owner"),
        ("rename", "", "a name needs 1..80 characters, got 0"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(enrol, ask, action, value, message):
    enrol("Ada", 3)
    answer = manage(ask, action, value)
    assert not answer.success
    assert answer.message.startswith(message)


def test_members_and_the_locked_house_change_nobody(ros, node, enrol, ask):
    enrol("Ada", 3)
    assert not manage(ask, "forget", role=Role.MEMBER).success
    client = ros.listener().create_client(ManagePerson, "/camera/face_authenticator/manage_person")
    ros.until(client.service_is_ready)
    future = client.call_async(ManagePerson.Request(action="forget", name="Ada"))
    ros.until(future.done)
    assert future.result().message == (
        "refused: an authorised person must be recognised by the camera first"
    )
    assert [person.name for person in listed(ask).people] == ["Ada"]


def test_material_that_cannot_be_read_is_one_sentence_and_enrols_nobody(enrol):
    answer = enrol("Ada", 3, source="/nowhere")
    assert not answer.success
    assert "/nowhere" in answer.message
    assert enrol("Ada", 3).success


def test_the_models_are_freed_at_cleanup(node, models):
    node.trigger_deactivate()
    assert models.closed == 0
    node.trigger_cleanup()
    assert models.closed == 2


def test_ten_rounds_leave_nothing_behind(node):
    counts = (len(list(node.subscriptions)), len(list(node.services)), len(list(node.publishers)))
    for _ in range(10):
        node.trigger_deactivate()
        node.trigger_cleanup()
        node.trigger_configure()
        node.trigger_activate()
    after = (len(list(node.subscriptions)), len(list(node.services)), len(list(node.publishers)))
    assert after == counts
