"""Somebody who is forgotten while the alert node runs stands nowhere afterwards, byte by byte."""

from __future__ import annotations

import gc
import json
import time
import types
from pathlib import Path

import numpy as np
import paho.mqtt.client as paho
import pytest
from edgeai_msgs.msg import Alert as AlertMsg
from edgeai_msgs.msg import AuthState as AuthStateMsg
from edgeai_msgs.msg import FaceMatchArray
from edgeai_msgs.srv import ForgetPerson
from paho.mqtt.enums import CallbackAPIVersion

from edgeai_alerts.alert_manager_node import AlertManagerNode
from edgeai_alerts.evidence.config import LimitsConfig
from edgeai_alerts.evidence.shelf import EVIDENCE_FOLDER, EvidenceShelf
from edgeai_alerts.evidence.table import EvidenceKind
from edgeai_alerts.testing import wait_until
from edgeai_core.access.credentials import operator_key, sign_credential
from edgeai_core.access.permissions import ROLE_PERMISSIONS, Role
from edgeai_core.alerting.forgetting import FORGOTTEN_PERSON
from edgeai_core.geometry import Box
from edgeai_core.types import AuthState, FaceMatch, Frame, SessionState
from edgeai_ros_common import qos
from edgeai_ros_common.convert import auth_state_to_msg, faces_to_msg

NAME, PERSON_ID = "Philomena Quux", "5e1fa9c07d3b4e62" * 2
PIXELS = np.zeros((4, 4, 3), np.uint8)
JPEG = b"\xff\xd8 a picture of her \xff\xd9"


def mentions(roots: list[object], words: tuple[str, ...]) -> list[str]:
    """Return every text in memory that can be reached and holds one of the words."""
    seen: set[int] = set()
    todo, found = list(roots), []
    while todo:
        thing = todo.pop()
        if id(thing) in seen or isinstance(thing, (type, types.ModuleType, types.FrameType)):
            continue
        seen.add(id(thing))
        if isinstance(thing, (str, bytes)):
            text = thing if isinstance(thing, str) else thing.decode("latin-1")
            found += [text] if any(word in text for word in words) else []
            continue
        if isinstance(thing, types.FunctionType):
            # Its globals are the whole program; what it closes over is ours.
            todo += [cell.cell_contents for cell in thing.__closure__ or ()]
            continue
        todo += gc.get_referents(thing)
    return found


class Home:
    """An alert node with a broker, a log and a receiver that takes nothing yet."""

    def __init__(self, ros, overrides, folder: Path, broker, receiver) -> None:
        self.ros, self.folder, self.broker, self.receiver = ros, folder, broker, receiver
        receiver.answers = [503] * 100_000
        for name, secret in (("url", receiver.url), ("key", "k" * 32)):
            file = folder / name
            file.touch(mode=0o600)
            file.write_text(secret)
        self.node = ros.add(
            AlertManagerNode(
                node_name="alert_manager",
                context=ros.context,
                parameter_overrides=overrides(
                    {
                        "channels": ["log", "mqtt", "webhook"],
                        "topics.faces": ["/hall/faces"],
                        "unauthorised_face.frames": 2,
                        "unauthorised_face.repeat_s": 0.1,
                        "mqtt.host": "127.0.0.1",
                        "mqtt.port": broker.port,
                        "webhook.url": f"file:{folder}/url",
                        "webhook.key": f"file:{folder}/key",
                        "dispatch.retry.initial_s": 0.05,
                        "dispatch.retry.maximum_s": 0.1,
                        "dispatch.update_s": 0.1,
                    }
                ),
            )
        )
        self.node.trigger_configure()
        self.node.trigger_activate()
        self.client = ros.listener()
        self._faces = self.client.create_publisher(FaceMatchArray, "/hall/faces", qos.RESULTS)
        self._states = self.client.create_publisher(AuthStateMsg, "/auth_state", qos.STATE)
        ros.until(lambda: self._faces.get_subscription_count() == 1)
        ros.until(lambda: self._states.get_subscription_count() == 1)

    def see_her(self) -> None:
        match = FaceMatch(
            box=Box(10.0, 10.0, 60.0, 60.0),
            detection_score=0.9,
            track_id=1,
            person_id=PERSON_ID,
            person_name=NAME,
            distance=0.2,
        )
        stamp_ns = self.client.get_clock().now().nanoseconds
        image = Frame(image=PIXELS, stamp_ns=stamp_ns)
        self._faces.publish(faces_to_msg((match,), image))

    def let_in(self, state: SessionState, *, nonce: int) -> None:
        now_ns = self.client.get_clock().now().nanoseconds
        active = state is SessionState.ACTIVE
        told = AuthState(
            state=state,
            person_id=PERSON_ID if active else "",
            person_name=NAME if active else "",
            reason=f"{NAME} was recognised" if active else "the session is over",
            nonce=nonce,
            issued_ns=now_ns,
            expires_ns=now_ns + 60 * 10**9,
        )
        self._states.publish(auth_state_to_msg(told))

    def stored(self) -> dict[str, str]:
        return {s.alert.event.category: s.alert.event.title for s in self.node._store.alerts()}

    def keep_picture(self, alert_id: str) -> None:
        shelf = EvidenceShelf(
            self.folder / EVIDENCE_FOLDER,
            self.node._store.evidence,
            LimitsConfig(min_free_bytes=0),
            wall_clock_ns=time.time_ns,
        )
        shelf.keep(alert_id, EvidenceKind.SNAPSHOT, JPEG, people=(PERSON_ID,))
        self.node._dispatcher.note_evidence(alert_id, kinds=("snapshot",))

    def forget_her(self) -> ForgetPerson.Response:
        credential = sign_credential(
            operator_key(self.folder),
            name="olga",
            permissions=ROLE_PERMISSIONS[Role.OWNER],
            action="forget_person",
            subject=PERSON_ID,
            now_ns=time.time_ns(),
        )
        client = self.client.create_client(ForgetPerson, "/alert_manager/forget_person")
        self.ros.until(client.service_is_ready)
        future = client.call_async(
            ForgetPerson.Request(person_id=PERSON_ID, name=NAME, credential=credential)
        )
        self.ros.until(future.done, timeout_s=30)
        return future.result()

    def retained(self) -> dict[str, bytes]:
        """Return what the broker tells somebody who comes now."""
        came: dict[str, bytes] = {}
        client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        client.on_connect = lambda c, *_: c.subscribe("#", qos=1)
        client.on_message = lambda c, data, m: came.update({m.topic: m.payload})
        client.connect("127.0.0.1", self.broker.port)
        client.loop_start()
        try:
            # The broker answers in order: what it retained comes before what we say now.
            wait_until(lambda: "edgeai/status" in came)
            client.publish("fence", b"here", qos=1)
            wait_until(lambda: "fence" in came)
        finally:
            client.disconnect()
            client.loop_stop()
        return came

    def files_with_her(self) -> list[str]:
        return [
            file.name
            for file in self.folder.rglob("*")
            if file.is_file()
            and any(w in file.read_bytes() for w in (NAME.encode(), PERSON_ID.encode(), JPEG))
        ]


def named(content: bytes) -> bool:
    return NAME.encode() in content or PERSON_ID.encode() in content or content == JPEG


@pytest.fixture
def home(ros, overrides, tmp_path, monkeypatch, broker, receiver) -> Home:
    monkeypatch.setenv("EDGEAI_DATA_DIR", str(tmp_path))
    return Home(ros, overrides, tmp_path, broker, receiver)


def test_whoever_is_forgotten_stands_in_no_memory_file_outbox_picture_or_retained_message(home):
    def seen() -> bool:
        home.see_her()
        return "unauthorised_person" in home.stored()

    home.let_in(SessionState.ACTIVE, nonce=1)
    home.ros.until(lambda: "access_granted" in home.stored())
    home.ros.until(seen)
    assert NAME in home.stored()["unauthorised_person"]
    [alert] = [
        s.alert for s in home.node._store.alerts() if s.alert.event.category.startswith("unauth")
    ]
    home.keep_picture(alert.alert_id)
    home.ros.until(lambda: any(named(posted.body) for posted in home.receiver.posted))
    snapshot = "edgeai/hall/snapshot"
    home.ros.until(lambda: home.retained().get(snapshot) == JPEG)
    assert named(home.retained()["edgeai/hall/unauthorised_person/attributes"])
    assert home.files_with_her()
    memory = [home.node._dispatcher, home.node._rules, home.node._situation, home.node._scene]
    assert mentions(memory, (NAME,))

    answer = home.forget_her()
    assert (answer.success, answer.message) == (
        True,
        f"{answer.alerts} alerts no longer name the person",
    )
    assert answer.alerts >= 2

    # The graph does not know at once: she is still recognised, then her session ends.
    for _ in range(3):
        home.see_her()
    home.let_in(SessionState.LOCKED, nonce=2)
    home.ros.until(lambda: "access_ended" in home.stored())
    home.ros.until(lambda: home.node._dispatcher.health().queued == 0)
    assert set(home.stored().values()) == {FORGOTTEN_PERSON}

    # The receiver takes what waited: nothing of it tells of her.
    before = len(home.receiver.posted)
    home.receiver.answers = []
    home.ros.until(
        lambda: (
            not any(c.waiting or c.more_in_store for c in home.node._dispatcher.health().channels)
        )
    )
    late = home.receiver.posted[before + 1 :]
    assert late
    assert not any(named(posted.body) for posted in late)
    titles = {json.loads(posted.body)["title"] for posted in late if b'"title"' in posted.body}
    assert titles == {FORGOTTEN_PERSON}

    home.ros.until(lambda: not any(named(content) for content in home.retained().values()))
    assert snapshot not in home.retained()
    assert home.files_with_her() == []
    assert list((home.folder / EVIDENCE_FOLDER).iterdir()) == []
    gc.collect()
    assert mentions(memory, (NAME,)) == []

    told: list[AlertMsg] = []
    home.ros.listener().create_subscription(AlertMsg, "/alerts", told.append, qos.ALERTS)
    home.ros.until(lambda: len(told) >= 2)
    assert {message.title for message in told} == {FORGOTTEN_PERSON}
    assert not any(PERSON_ID in message.subject for message in told)
