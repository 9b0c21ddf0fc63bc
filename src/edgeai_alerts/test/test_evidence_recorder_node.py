"""The evidence node: frames and alerts come as messages, files and word of them go out."""

from __future__ import annotations

import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from edgeai_msgs.msg import Alert as AlertMsg
from edgeai_msgs.msg import Explanation as ExplanationMsg
from rclpy.parameter import Parameter
from sensor_msgs.msg import CompressedImage, Image

from edgeai_alerts.evidence_recorder_node import EvidenceRecorderNode
from edgeai_core import catalog
from edgeai_core.errors import ModelMissingError
from edgeai_core.explaining.explanation import Explanation
from edgeai_core.geometry import Box
from edgeai_core.types import Alert, AlertEvent, Frame, Severity
from edgeai_ros_common import qos
from edgeai_ros_common.compressed_pictures import compressed_to_msg
from edgeai_ros_common.convert import alert_to_msg, image_to_msg
from edgeai_ros_common.convert_alerts import alert_from_msg
from edgeai_ros_common.convert_explanations import explanation_to_msg
from edgeai_ros_common.frame_hub import FrameHub

av = pytest.importorskip("av", reason="PyAV is not there: no clips can be made")

S = 1_000_000_000
TOPIC = "/hall/image_raw"
PARAMETERS = {
    "topics.images": [TOPIC],
    "ring.fps": 10.0,
    "clip.before_s": 1.0,
    "clip.after_s": 1.0,
    "limits.min_free_bytes": 0,
    # A face model is not what is tested here.
    "privacy.blur_unknown_faces": False,
}


def picture(number: int) -> Frame:
    image = np.full((48, 64, 3), 50 + 2 * number, np.uint8)
    return Frame(image=image, stamp_ns=number * S // 10)


def alert(number: int = 1, *, at_s: float = 2.0) -> Alert:
    event = AlertEvent(
        category="fire",
        severity=Severity.CRITICAL,
        title="fire",
        reason="flames",
        source="fire_detector",
        camera="hall",
        stamp_ns=round(at_s * S),
    )
    return Alert(alert_id=f"{number:032x}", event=event, raised_ns=round(at_s * S))


class Room:
    """A recorder, and a node that plays camera and alert node."""

    def __init__(self, ros, overrides, *, hub: FrameHub | None = None, **parameters) -> None:
        self.ros, self.hub = ros, hub
        self.node = ros.add(
            EvidenceRecorderNode(
                node_name="evidence_recorder",
                context=ros.context,
                parameter_overrides=overrides({**PARAMETERS, **parameters}),
                frame_hub=hub,
            )
        )
        self.other = ros.listener()
        self.images = self.other.create_publisher(Image, TOPIC, qos.IMAGE_OFFERED)
        self.alerts = self.other.create_publisher(AlertMsg, "/alerts", qos.ALERTS)
        self.kept: list[AlertMsg] = []
        self.warnings: list[str] = []
        self.other.create_subscription(
            AlertMsg, "/evidence_recorder/kept", self.kept.append, qos.RESULTS
        )
        self.other.create_subscription(
            DiagnosticArray, "/diagnostics", self._on_diagnostics, qos.DIAGNOSTICS
        )

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        self.warnings += [s.message for s in message.status if s.level == b"\x01"]

    def start(self) -> Room:
        self.node.trigger_configure()
        self.node.trigger_activate()
        self.ros.until(
            lambda: (
                self.alerts.get_subscription_count() == 1
                and self.other.count_publishers("/evidence_recorder/kept") == 1
                and (self.hub is not None or self.images.get_subscription_count() == 1)
            )
        )
        return self

    def film(self, begin: int, end: int) -> None:
        """Send pictures and wait until each is remembered: the newest wins, none may be lost."""
        ring = self.node._feeds["hall"].memory.ring
        for number in range(begin, end):
            frame = picture(number)
            if self.hub is not None:
                self.hub.publish(TOPIC, frame)
            else:
                self.images.publish(image_to_msg(frame))
            self.ros.until(lambda stamp_ns=frame.stamp_ns: ring.newest_ns == stamp_ns)

    def kinds(self) -> list[list[str]]:
        return [list(message.evidence) for message in self.kept]


@pytest.fixture
def room(ros, overrides, tmp_path, monkeypatch):
    monkeypatch.setenv("EDGEAI_DATA_DIR", str(tmp_path))
    return lambda **more: Room(ros, overrides, **more)


def clip_of(folder: Path, number: int = 1) -> list[tuple[float, float]]:
    data = (folder / "evidence" / f"{number:032x}.clip.webm").read_bytes()
    with av.open(io.BytesIO(data)) as container:
        return [
            (round(float(f.time), 3), float(f.to_ndarray(format="bgr24").mean()))
            for f in container.decode(video=0)
        ]


@pytest.mark.parametrize("hub", [None, FrameHub()], ids=["messages", "one process"])
def test_an_alert_gets_its_snapshot_and_a_clip_that_begins_before_it(room, hub, tmp_path):
    if hub is not None:
        hub.offer(TOPIC)
    watched = room(hub=hub).start()
    watched.film(0, 22)
    watched.alerts.publish(alert_to_msg(alert(at_s=2.0)))
    watched.ros.until(lambda: watched.kinds() == [["snapshot"]])
    watched.film(22, 32)
    watched.ros.until(lambda: watched.kinds() == [["snapshot"], ["snapshot", "clip"]])
    assert {message.alert_id for message in watched.kept} == {f"{1:032x}"}
    clip = clip_of(tmp_path)
    assert [at_s for at_s, _ in clip] == [round(n / 10, 3) for n in range(21)]
    assert [level for _, level in clip] == pytest.approx([50 + 2 * n for n in range(10, 31)], abs=3)
    snapshot = cv2.imread(str(tmp_path / "evidence" / f"{1:032x}.snapshot.jpg"))
    assert snapshot.mean() == pytest.approx(90, abs=1)


def test_pictures_of_a_camera_elsewhere_are_remembered_from_their_jpegs(room):
    watched = room(**{"topics.compressed": True})
    jpegs = watched.other.create_publisher(
        CompressedImage, f"{TOPIC}/compressed", qos.IMAGE_OFFERED
    )
    watched.node.trigger_configure()
    watched.node.trigger_activate()
    watched.ros.until(lambda: jpegs.get_subscription_count() == 1)
    assert watched.images.get_subscription_count() == 0
    jpegs.publish(compressed_to_msg(picture(7), jpeg_quality=90))
    ring = watched.node._feeds["hall"].memory.ring
    watched.ros.until(lambda: ring.newest_ns == 7 * S // 10)


def test_a_heat_map_that_an_analyzer_publishes_becomes_evidence_of_its_alert(room, tmp_path):
    watched = room(**{"clip.enabled": False, "topics.explanations": ["/hall/explanations"]}).start()
    heat = np.zeros((4, 4), np.float32)
    heat[1, 2] = 1.0
    found = Explanation(
        stamp_ns=2 * S,
        label="flame",
        box=Box(20.0, 10.0, 40.0, 30.0),
        score=0.9,
        heat=heat,
        method="occlusion",
        deletion=0.12,
        reason="hiding the hottest fifth leaves 12 % of the score",
    )
    publisher = watched.other.create_publisher(ExplanationMsg, "/hall/explanations", qos.RESULTS)
    watched.ros.until(lambda: publisher.get_subscription_count() == 1)
    watched.film(0, 22)
    watched.alerts.publish(alert_to_msg(alert(at_s=2.0)))
    watched.ros.until(lambda: watched.kinds() == [["snapshot"]])
    broken = explanation_to_msg(found)
    broken.rows = 9
    publisher.publish(broken)
    publisher.publish(explanation_to_msg(found))
    watched.ros.until(lambda: watched.kinds() == [["snapshot"], ["snapshot", "explanation"]])
    assert watched.node.meter.read().rejected == 1
    shown = cv2.imread(str(tmp_path / "evidence" / f"{1:032x}.explanation.jpg"))
    assert shown.shape[1] == 64
    assert np.ptp(shown[18, 40].astype(int)) > 60


def test_a_full_disk_is_a_warning_and_the_node_goes_on(room, tmp_path):
    watched = room(**{"limits.min_free_bytes": 10**15}).start()
    watched.film(0, 22)
    watched.alerts.publish(alert_to_msg(alert()))
    watched.film(22, 32)
    watched.ros.until(lambda: watched.warnings)
    assert "limits.min_free_bytes = 1000000000000000 stay so" in watched.warnings[-1]
    assert watched.kept == []
    assert list((tmp_path / "evidence").iterdir()) == []
    # It still remembers what comes.
    watched.film(32, 34)


def test_a_broken_picture_is_dropped_and_counted(room):
    watched = room().start()
    watched.images.publish(Image(width=64, height=48, encoding="bgr8", step=192, data=[1, 2]))
    watched.ros.until(lambda: watched.node.meter.read().rejected == 1)
    watched.film(10, 12)


def test_a_mask_that_is_none_keeps_the_node_from_starting(room):
    watched = room(**{"privacy.masks": ["window: 0,0 1,0"]})
    watched.node.trigger_configure()
    watched.node.publish_health()
    assert watched.node._config is None


def test_a_mask_that_is_set_while_it_runs_holds_for_what_it_remembers_too(room, tmp_path):
    watched = room().start()
    watched.film(0, 22)
    told = watched.node.set_parameters(
        [Parameter("privacy.masks", value=["left: 0,0 0.5,0 0.5,1 0,1"])]
    )
    assert told[0].successful
    watched.film(22, 24)
    watched.alerts.publish(alert_to_msg(alert(at_s=2.0)))
    watched.ros.until(lambda: watched.kinds() == [["snapshot"]])
    snapshot = cv2.imread(str(tmp_path / "evidence" / f"{1:032x}.snapshot.jpg"))
    assert snapshot[:, :28].max() <= 8
    assert snapshot[:, 36:].min() >= 80
    ring = watched.node._feeds["hall"].memory.ring
    newest = ring.nearest(23 * S // 10, within_ns=S)
    assert newest.image()[:, :28].max() <= 8
    wrong = [Parameter("privacy.masks", value=["moon/crater: 0,0 1,0 1,1"])]
    assert "there is no camera moon" in watched.node.set_parameters(wrong)[0].reason


def test_without_the_face_model_nothing_is_kept_rather_than_everybodys_face(room, monkeypatch):
    def missing(**options: object) -> None:
        raise ModelMissingError("face model: not on this machine")

    monkeypatch.setattr(catalog, "create_face_finder", missing)
    watched = room(**{"privacy.blur_unknown_faces": True})
    watched.node.trigger_configure()
    assert watched.node._config is None


def test_it_starts_and_stops_many_times_and_keeps_its_files(room, tmp_path):
    watched = room().start()
    watched.film(0, 22)
    watched.alerts.publish(alert_to_msg(alert()))
    watched.ros.until(lambda: watched.kinds() == [["snapshot"]])
    for _ in range(5):
        watched.node.trigger_deactivate()
        watched.node.trigger_cleanup()
        watched.node.trigger_configure()
        watched.node.trigger_activate()
    assert len(list((tmp_path / "evidence").iterdir())) == 1
    watched.ros.until(lambda: watched.images.get_subscription_count() == 1)
    watched.film(40, 43)


def test_an_alert_survives_the_way_through_a_message():
    sent = alert()
    assert alert_from_msg(alert_to_msg(sent)).alert_id == sent.alert_id
    back = alert_from_msg(alert_to_msg(sent))
    assert (back.event.camera, back.event.severity, back.raised_ns, back.state) == (
        sent.event.camera,
        sent.event.severity,
        sent.raised_ns,
        sent.state,
    )
