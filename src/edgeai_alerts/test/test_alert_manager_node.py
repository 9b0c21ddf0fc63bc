"""The alert node as a service: who may say that an alert was seen, and ask where things are."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable

import pytest
from builtin_interfaces.msg import Time
from edgeai_msgs.msg import Alert as AlertMsg
from edgeai_msgs.msg import AuthState as AuthStateMsg
from edgeai_msgs.msg import Sighting as SightingMsg
from edgeai_msgs.srv import AcknowledgeAlert, ForgetPerson, GetEvidence, ListAlerts, WhereIs
from rclpy.lifecycle import TransitionCallbackReturn
from std_msgs.msg import Header

from edgeai_alerts.alert_manager_node import AlertManagerNode
from edgeai_alerts.config import StoreConfig
from edgeai_alerts.evidence.config import LimitsConfig
from edgeai_alerts.evidence.shelf import EVIDENCE_FOLDER, EvidenceShelf
from edgeai_alerts.evidence.table import EvidenceKind
from edgeai_alerts.store import EventStore
from edgeai_core.access.credentials import operator_key, sign_credential
from edgeai_core.access.permissions import ROLE_PERMISSIONS, Role
from edgeai_core.action_events import Action, ActionEvent
from edgeai_core.alerting.forgetting import FORGOTTEN_PERSON
from edgeai_core.analyzers.objects.sightings import Sighting
from edgeai_core.geometry import Box
from edgeai_core.types import Alert, AlertEvent, AuthState, Detection, SessionState, Severity
from edgeai_ros_common import qos
from edgeai_ros_common.convert import auth_state_to_msg
from edgeai_ros_common.convert_actions import actions_to_msg
from edgeai_ros_common.convert_sightings import sighting_to_msg

LOCKED, ACTIVE, MONITORING = SessionState.LOCKED, SessionState.ACTIVE, SessionState.MONITORING
ALERT_ID = "a" * 32
ROLES = "roles that may: operator, member, owner"
FIRST = "an authorised person must be recognised by the camera first"
# An alert node without faces, objects and channels: nothing but its service and its store.
PARAMETERS = {
    "channels": [],
    "access.enabled": False,
    "topics.things": ["/hall/things"],
    "topics.evidence": ["/recorder/kept"],
}


class Desk:
    """An alert node with one stored alert, and a client that says who is active."""

    def __init__(self, ros, overrides, *, store: Callable[[], EventStore]) -> None:
        self.ros = ros
        self._open_store = store
        self.node = ros.add(
            AlertManagerNode(
                node_name="alert_manager",
                context=ros.context,
                parameter_overrides=overrides(PARAMETERS),
            )
        )
        self.node.trigger_configure()
        self.node.trigger_activate()
        self._client_node = ros.listener()
        self._states = self._client_node.create_publisher(AuthStateMsg, "/auth_state", qos.STATE)
        self._client = self._client_node.create_client(
            AcknowledgeAlert, "/alert_manager/acknowledge"
        )
        self._list = self._client_node.create_client(ListAlerts, "/alert_manager/list_alerts")
        self._where_is = self._client_node.create_client(WhereIs, "/alert_manager/where_is")
        self._things = self._client_node.create_publisher(SightingMsg, "/hall/things", qos.RESULTS)
        self._nonces = itertools.count(1)
        ros.until(lambda: self._client.service_is_ready() and self._where_is.service_is_ready())
        ros.until(lambda: self._things.get_subscription_count() == 1)
        ros.until(lambda: self._states.get_subscription_count() == 1)

    def tell(self, state: SessionState, *, ttl_s: float = 60.0, **values: object) -> None:
        now_ns = self._client_node.get_clock().now().nanoseconds
        told = AuthState(
            state=state,
            nonce=next(self._nonces),
            issued_ns=now_ns,
            expires_ns=now_ns + round(ttl_s * 1e9),
            **values,
        )
        nothing_came = self.node._access.refusal
        self._states.publish(auth_state_to_msg(told))
        self.ros.until(lambda: self.node._access.refusal != nothing_came)

    def acknowledge(self, credential: str = "") -> AcknowledgeAlert.Response:
        request = AcknowledgeAlert.Request(
            alert_id=ALERT_ID, acknowledged_by="Ada", credential=credential
        )
        future = self._client.call_async(request)
        self.ros.until(future.done)
        return future.result()

    def see(self, thing: str, place: str) -> None:
        seen = Sighting(
            thing=thing,
            stamp_ns=5,
            box=Box(1.0, 2.0, 3.0, 4.0),
            score=0.75,
            place=place,
            in_view=False,
            snapshot_jpeg=b"picture",
        )
        self._things.publish(sighting_to_msg(seen))

    def where_is(self, thing: str) -> WhereIs.Response:
        future = self._where_is.call_async(WhereIs.Request(thing=thing))
        self.ros.until(future.done)
        return future.result()

    def forget(self, person_id: str, credential: str = "") -> ForgetPerson.Response:
        client = self._client_node.create_client(ForgetPerson, "/alert_manager/forget_person")
        self.ros.until(client.service_is_ready)
        request = ForgetPerson.Request(person_id=person_id, name="Ada", credential=credential)
        future = client.call_async(request)
        self.ros.until(future.done)
        return future.result()

    def get_evidence(self, credential: str = "", **asked: object) -> GetEvidence.Response:
        client = self._client_node.create_client(GetEvidence, "/alert_manager/get_evidence")
        self.ros.until(client.service_is_ready)
        request = GetEvidence.Request(alert_id=ALERT_ID, credential=credential, **asked)
        future = client.call_async(request)
        self.ros.until(future.done)
        return future.result()

    def list_alerts(self, **wanted: object) -> ListAlerts.Response:
        request = ListAlerts.Request(**{"limit": 10, **wanted})
        future = self._list.call_async(request)
        self.ros.until(future.done)
        return future.result()

    def acknowledged_by(self) -> str | None:
        store = self._open_store()
        try:
            (stored,) = store.alerts(limit=10)
        finally:
            store.close()
        return stored.acknowledged_by


@pytest.fixture
def desk(ros, overrides, tmp_path, monkeypatch) -> Desk:
    monkeypatch.setenv("EDGEAI_DATA_DIR", str(tmp_path))

    def store() -> EventStore:
        return EventStore(
            tmp_path / "alerts.db", StoreConfig(), wall_clock_ns=lambda: 1, report=pytest.fail
        )

    event = AlertEvent(
        category="unknown_face",
        severity=Severity.WARNING,
        title="unknown face",
        reason="unknown in 15 frames",
        source="face_authenticator",
    )
    opened = store()
    opened.save(Alert(alert_id=ALERT_ID, event=event, raised_ns=1))
    opened.close()
    return Desk(ros, overrides, store=store)


def test_an_active_person_whose_role_permits_it_acknowledges(desk):
    desk.tell(ACTIVE, person_id="a", person_name="Ada", permissions=("acknowledge", "operate"))
    answer = desk.acknowledge()
    assert (answer.success, answer.message) == (True, "acknowledged")
    assert desk.acknowledged_by() == "Ada"


def test_before_the_supervisor_has_spoken_nobody_acknowledges(desk):
    answer = desk.acknowledge()
    assert not answer.success
    assert answer.message == (
        f"cannot acknowledge alerts: the state is LOCKED; {FIRST} "
        f"(no access state was received yet); {ROLES}"
    )
    assert desk.acknowledged_by() is None


@pytest.mark.parametrize("state", [LOCKED, MONITORING], ids=lambda state: state.name)
def test_while_nobody_is_active_nobody_acknowledges_whatever_the_message_permits(desk, state):
    desk.tell(state, reason="Ada was not seen", permissions=("acknowledge",))
    answer = desk.acknowledge()
    assert not answer.success
    assert answer.message == (
        f"cannot acknowledge alerts: the state is {state.name}; {FIRST} (Ada was not seen); {ROLES}"
    )
    assert desk.acknowledged_by() is None


def test_an_active_person_whose_role_does_not_permit_it_is_named_and_refused(desk):
    desk.tell(ACTIVE, person_id="b", person_name="Ben", permissions=("operate",))
    answer = desk.acknowledge()
    assert not answer.success
    assert answer.message == f"cannot acknowledge alerts: Ben may not; {ROLES}"
    assert desk.acknowledged_by() is None


def test_a_state_that_has_expired_permits_nothing(desk):
    desk.tell(ACTIVE, ttl_s=-1.0, person_id="a", person_name="Ada", permissions=("acknowledge",))
    answer = desk.acknowledge()
    assert not answer.success
    assert "(access state has expired)" in answer.message
    assert desk.acknowledged_by() is None


def test_activated_anew_it_takes_the_state_that_still_holds(desk):
    desk.tell(ACTIVE, person_id="a", person_name="Ada", permissions=("acknowledge",))
    desk.node.trigger_deactivate()
    desk.node.trigger_activate()
    desk.ros.until(lambda: desk.node._access.current().state is ACTIVE)
    assert desk.acknowledge().success


def test_who_may_operate_is_told_where_a_thing_was_seen_last(desk):
    desk.tell(ACTIVE, person_id="a", person_name="Ada", permissions=("operate",))
    desk.see("keys", "floor")
    desk.see("keys", "shelf")
    desk.ros.until(
        lambda: [seen.sighting.place for seen in desk.node._store.sightings.newest()] == ["shelf"]
    )
    answer = desk.where_is("keys")
    assert answer.success
    assert answer.message.startswith("keys: last seen ")
    assert answer.message.endswith(", shelf (hall), score 0.75")
    [sighting] = answer.sightings
    assert (sighting.camera, bytes(sighting.snapshot.data)) == ("hall", b"picture")


def test_a_thing_that_was_never_seen_is_told_as_such(desk):
    desk.tell(ACTIVE, person_id="a", person_name="Ada", permissions=("operate",))
    answer = desk.where_is("wallet")
    assert not answer.success
    assert answer.message.startswith("wallet was never seen: the object detector must know it")


def test_while_nobody_is_active_nobody_is_told_where_things_are(desk):
    answer = desk.where_is("")
    assert not answer.success
    assert answer.message.startswith("cannot operate: the state is LOCKED")
    assert list(answer.sightings) == []


@pytest.fixture
def credential(tmp_path) -> Callable[..., str]:
    def signed(action: str, subject: str, *, role: Role = Role.OWNER) -> str:
        return sign_credential(
            operator_key(tmp_path),
            name="Ada",
            permissions=ROLE_PERMISSIONS[role],
            action=action,
            subject=subject,
            now_ns=time.time_ns(),
        )

    return signed


def test_somebody_logged_in_elsewhere_acknowledges_without_a_face(desk, credential) -> None:
    answer = desk.acknowledge(credential("acknowledge", ALERT_ID, role=Role.OPERATOR))
    assert (answer.success, answer.message) == (True, "acknowledged")
    assert desk.acknowledged_by() == "Ada"


def test_a_credential_for_another_alert_acknowledges_nothing(desk, credential) -> None:
    answer = desk.acknowledge(credential("acknowledge", "b" * 32))
    assert not answer.success
    assert answer.message == "the credential is for something else; ask again"
    assert desk.acknowledged_by() is None


def test_a_person_is_taken_out_of_stored_alerts_by_who_may_enrol(desk, credential) -> None:
    desk.acknowledge(credential("acknowledge", ALERT_ID))
    refused = desk.forget("p1", credential("forget_person", "p1", role=Role.MEMBER))
    assert refused.message == "cannot enrol people: Ada may not; roles that may: owner"
    assert desk.acknowledged_by() == "Ada"
    answer = desk.forget("p1", credential("forget_person", "p1"))
    assert (answer.success, answer.alerts) == (True, 1)
    assert answer.message == "1 alerts no longer name the person"
    assert desk.acknowledged_by() == FORGOTTEN_PERSON


def test_forgetting_nobody_is_refused(desk, credential) -> None:
    answer = desk.forget("", credential("forget_person", ""))
    assert not answer.success
    assert answer.message == "forget: got no person_id, expected that of the gallery"


@pytest.fixture
def snapshot(desk, tmp_path) -> bytes:
    """Keep a snapshot of the alert, on which a person p1 was recognised."""
    picture = bytes(range(256)) * 10
    store = desk._open_store()
    folder = tmp_path / EVIDENCE_FOLDER
    shelf = EvidenceShelf(
        folder, store.evidence, LimitsConfig(min_free_bytes=0), wall_clock_ns=time.time_ns
    )
    shelf.keep(ALERT_ID, EvidenceKind.SNAPSHOT, picture, people=("p1",))
    store.close()
    return picture


def test_evidence_is_read_in_pieces_by_who_is_logged_in(desk, credential, snapshot) -> None:
    signed = credential("get_evidence", ALERT_ID, role=Role.OPERATOR)
    pieces = [
        desk.get_evidence(signed, kind="snapshot", offset_bytes=at, limit_bytes=2000)
        for at in (0, 2000)
    ]
    assert b"".join(bytes(piece.data) for piece in pieces) == snapshot
    assert {(p.success, p.message, p.media_type, p.total_bytes) for p in pieces} == {
        (True, "", "image/jpeg", 2560)
    }


def test_evidence_is_for_nobody_who_does_not_show_that_he_may(desk, credential, snapshot) -> None:
    signed = credential("get_evidence", "b" * 32)
    answers = [
        desk.get_evidence(proof, kind="snapshot", offset_bytes=0, limit_bytes=10)
        for proof in ("", signed)
    ]
    assert [(a.success, bytes(a.data), a.total_bytes) for a in answers] == [(False, b"", 0)] * 2
    assert answers[0].message.startswith("cannot operate: the state is LOCKED")
    assert answers[1].message == "the credential is for something else; ask again"


def test_evidence_that_is_not_kept_is_said_to_be_missing(desk, credential, snapshot) -> None:
    signed = credential("get_evidence", ALERT_ID)
    answer = desk.get_evidence(signed, kind="clip", offset_bytes=0, limit_bytes=10)
    assert (answer.success, bytes(answer.data)) == (False, b"")
    assert answer.message == f"evidence: no clip is kept of alert {ALERT_ID}"


def test_forgetting_a_person_deletes_the_pictures_with_the_person(
    desk, credential, snapshot, tmp_path
) -> None:
    assert len(list((tmp_path / EVIDENCE_FOLDER).iterdir())) == 1
    assert desk.forget("p1", credential("forget_person", "p1")).success
    assert list((tmp_path / EVIDENCE_FOLDER).iterdir()) == []
    signed = credential("get_evidence", ALERT_ID)
    assert not desk.get_evidence(signed, kind="snapshot", offset_bytes=0, limit_bytes=9).success


def test_an_alert_says_once_more_who_it_is_when_evidence_of_it_is_kept(desk) -> None:
    listener = desk.ros.listener()
    published: list[AlertMsg] = []
    listener.create_subscription(AlertMsg, "/alerts", published.append, qos.ALERTS)
    recorder = listener.create_publisher(AlertMsg, "/recorder/kept", qos.RESULTS)
    desk.ros.until(lambda: recorder.get_subscription_count() == 1)
    event = AlertEvent(
        category="fire", severity=Severity.CRITICAL, title="fire", reason="r", source="s"
    )
    raised = desk.node._dispatcher.submit(event)

    def told() -> list[AlertMsg]:
        return [alert for alert in published if alert.alert_id == raised.alert_id]

    desk.ros.until(lambda: len(told()) == 1)
    recorder.publish(AlertMsg(alert_id=raised.alert_id, evidence=["snapshot"]))
    desk.ros.until(lambda: len(told()) == 2)
    assert [(alert.state, list(alert.evidence)) for alert in told()] == [
        (AlertMsg.RAISED, []),
        (AlertMsg.UPDATED, ["snapshot"]),
    ]


def test_who_may_operate_lists_stored_alerts(desk):
    desk.tell(ACTIVE, person_id="a", person_name="Ada", permissions=("operate",))
    answer = desk.list_alerts(text="FACE")
    assert (answer.success, answer.message, answer.more) == (True, "", False)
    assert [alert.alert_id for alert in answer.alerts] == [ALERT_ID]
    assert list(desk.list_alerts(text="fire").alerts) == []


def test_while_nobody_is_active_nobody_lists_alerts(desk):
    answer = desk.list_alerts()
    assert not answer.success
    assert answer.message.startswith("cannot operate: the state is LOCKED")
    assert list(answer.alerts) == []


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"limit": 0}, "list alerts: got limit 0, expected 1..500"),
        ({"states": [9]}, "9 is not a valid AlertState"),
        ({"min_severity": 7}, "7 is not a valid Severity"),
    ],
    ids=str,
)
def test_a_question_that_makes_no_sense_is_told(desk, wanted, message):
    desk.tell(ACTIVE, person_id="a", person_name="Ada", permissions=("operate",))
    answer = desk.list_alerts(**wanted)
    assert (answer.success, answer.message) == (False, message)


def test_an_acknowledged_alert_is_published_as_such_and_goes_on(desk):
    desk.tell(ACTIVE, person_id="a", person_name="Ada", permissions=("acknowledge", "operate"))
    told = []
    desk._client_node.create_subscription(AlertMsg, "/alerts", told.append, qos.ALERTS)
    assert desk.acknowledge().success
    desk.ros.until(lambda: any(alert.state == AlertMsg.ACKNOWLEDGED for alert in told))
    assert told[-1].acknowledged_by == "Ada"
    assert desk.list_alerts(states=[AlertMsg.ACKNOWLEDGED]).alerts[0].alert_id == ALERT_ID


RULES = """
rules:
  - name: quiet hall
    category: fall
    camera: hall
    when: {persons_in_view: {min: 2}}
    tell: false
  - {name: falls, category: fall, severity: CRITICAL}
"""


def watching(
    ros, overrides, tmp_path, monkeypatch, rules: str, *, channels: tuple[str, ...] = ()
) -> AlertManagerNode:
    monkeypatch.setenv("EDGEAI_DATA_DIR", str(tmp_path))
    (tmp_path / "rules.yaml").write_text(rules)
    return ros.add(
        AlertManagerNode(
            node_name="alert_manager",
            context=ros.context,
            parameter_overrides=overrides({"channels": list(channels), "rules.path": "rules.yaml"}),
        )
    )


def test_rules_decide_over_the_events_of_the_graph(ros, overrides, tmp_path, monkeypatch):
    node = watching(ros, overrides, tmp_path, monkeypatch, RULES)
    node.trigger_configure()
    node.trigger_activate()
    box = Box(0.0, 0.0, 9.0, 9.0)
    people = [Detection(box=box, label="person", score=0.9, track_id=n) for n in (1, 2)]
    node._situation.see_objects(people, stamp_ns=5, camera="hall")
    for camera in ("hall", "porch"):
        fall = ActionEvent(
            action=Action.FALL,
            incident=1,
            probability=0.9,
            track_ids=(1,),
            box=box,
            start_ns=5,
            end_ns=5,
            stamp_ns=5,
            reason="why",
        )
        node._on_actions(camera, actions_to_msg([fall], Header(stamp=Time(nanosec=5))))
    ros.until(lambda: len(node._store.alerts()) == 1)
    (stored,) = node._store.alerts()
    assert (stored.alert.event.camera, stored.alert.rule) == ("porch", "falls")
    assert stored.alert.event.severity is Severity.CRITICAL


def test_a_wrong_rule_file_keeps_the_node_from_starting_and_says_where(
    ros, overrides, tmp_path, monkeypatch, capfd
):
    node = watching(ros, overrides, tmp_path, monkeypatch, "rules:\n  - {name: a, cat: fall}\n")
    assert node.trigger_configure() is not TransitionCallbackReturn.SUCCESS
    assert "rules.yaml, line 2: unknown key 'cat'" in capfd.readouterr().err


def test_listed_alerts_say_what_is_kept_of_them(desk, snapshot) -> None:
    desk.tell(ACTIVE, person_id="a", person_name="Ada", permissions=("operate",))
    assert list(desk.list_alerts().alerts[0].evidence) == ["snapshot"]


# Two that meet: no moment of the day is left.
ALWAYS_QUIET = """
quiet:
  - {name: first half, hours: 00:00-12:00, channels: log}
  - {name: second half, hours: 12:00-00:00, channels: log}
"""


def test_quiet_hours_of_the_rule_file_hold_what_is_not_critical(
    ros, overrides, tmp_path, monkeypatch
):
    node = watching(ros, overrides, tmp_path, monkeypatch, ALWAYS_QUIET, channels=("log",))
    node.trigger_configure()
    node.trigger_activate()
    for category, severity in (("fall", Severity.WARNING), ("fire", Severity.CRITICAL)):
        node._dispatcher.submit(
            AlertEvent(category=category, severity=severity, title=category, reason="r", source="s")
        )
    ros.until(lambda: any(stored.sent for stored in node._store.alerts()))
    sent = {s.alert.event.category: [name for name, _ in s.sent] for s in node._store.alerts()}
    assert sent == {"fall": [], "fire": ["log"]}


def test_quiet_hours_of_a_channel_that_is_not_there_keep_the_node_from_starting(
    ros, overrides, tmp_path, monkeypatch
):
    node = watching(ros, overrides, tmp_path, monkeypatch, ALWAYS_QUIET)
    assert node.trigger_configure() is TransitionCallbackReturn.FAILURE
