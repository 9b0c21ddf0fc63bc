"""Bags: what is recorded is what was sent, what is replayed is what was recorded."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest
from builtin_interfaces.msg import Time
from edgeai_msgs.msg import Alert, FaceMatchArray
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.serialization import deserialize_message, serialize_message
from rosbags.highlevel import AnyReader
from rosbags.interfaces import QosDurability, QosReliability
from rosgraph_msgs.msg import Clock
from std_msgs.msg import Header, String

from edgeai_core.errors import BagError
from edgeai_ros_common import qos
from edgeai_ros_common.bags.definitions import Definitions, installed_definitions
from edgeai_ros_common.bags.player import Pace, Player, open_bag
from edgeai_ros_common.bags.recorder import RecorderNode, TopicChoice
from edgeai_ros_common.bags.ring import MessageRing
from edgeai_ros_common.bags.writing import BagLimits, BagWriter, Topic

STRING = Topic(name="/chatter", type_name="std_msgs/msg/String")


def text(content: str) -> bytes:
    return serialize_message(String(data=content))


def contents(bag: Path) -> list[tuple[str, int, bytes]]:
    with AnyReader([bag]) as reader:
        return [(c.topic, stamp, bytes(data)) for c, stamp, data in reader.messages()]


def filled(path: Path, stamps: list[int], *, topic: Topic = STRING) -> Path:
    with BagWriter(path, definitions=installed_definitions()) as writer:
        for number, stamp_ns in enumerate(stamps):
            writer.write(topic, stamp_ns=stamp_ns, data=text(str(number)))
    return path


def test_a_bag_holds_definition_hash_and_bytes_of_our_own_messages(tmp_path):
    alert = serialize_message(Alert(title="Fire", evidence=["clip"]))
    topic = Topic(name="/alerts", type_name="edgeai_msgs/msg/Alert")
    with BagWriter(tmp_path / "bag", definitions=installed_definitions()) as writer:
        writer.write(topic, stamp_ns=5, data=alert)
    with AnyReader([tmp_path / "bag"]) as reader:
        (connection,) = reader.connections
        assert "string[] evidence" in connection.msgdef.data
        ((_, stamp, data),) = list(reader.messages())
        assert (stamp, bytes(data)) == (5, alert)
        assert reader.deserialize(data, connection.msgtype).title == "Fire"


def test_the_hash_is_the_one_that_the_middleware_matches(tmp_path):
    definitions = installed_definitions()
    for name in ("Alert", "FaceMatchArray", "HazardReport"):
        store = definitions.store_with(f"edgeai_msgs/msg/{name}")
        for prefix in os.environ["AMENT_PREFIX_PATH"].split(os.pathsep):
            path = Path(prefix) / "share/edgeai_msgs/msg" / f"{name}.json"
            if path.exists():
                break
        known = {entry["type_name"]: entry for entry in json.loads(path.read_text())["type_hashes"]}
        expected = known[f"edgeai_msgs/msg/{name}"]["hash_string"]
        assert store.hash_rihs01(f"edgeai_msgs/msg/{name}") == expected


def test_a_type_that_is_not_installed_is_told_by_name():
    with pytest.raises(BagError, match="definition of nowhere_msgs/msg/Thing: not found"):
        Definitions(()).store_with("nowhere_msgs/msg/Thing")


def test_an_existing_folder_is_never_overwritten(tmp_path):
    (tmp_path / "bag").mkdir()
    with pytest.raises(BagError, match="it exists; nothing is overwritten"):
        BagWriter(tmp_path / "bag", definitions=installed_definitions())


def test_parts_are_split_by_bytes_and_by_time_and_each_is_readable(tmp_path):
    size = len(text("0"))
    limits = BagLimits(max_bytes=2 * size)
    with BagWriter(
        tmp_path / "bytes", definitions=installed_definitions(), limits=limits
    ) as writer:
        for number in range(5):
            writer.write(STRING, stamp_ns=number, data=text(str(number)))
    assert [len(contents(part)) for part in writer.parts] == [2, 2, 1]
    limits = BagLimits(max_duration_s=1.0)
    with BagWriter(tmp_path / "time", definitions=installed_definitions(), limits=limits) as writer:
        for stamp_ns in (10, 500_000_000, 1_000_000_010, 1_500_000_000):
            writer.write(STRING, stamp_ns=stamp_ns, data=text("x"))
    assert [[m[1] for m in contents(part)] for part in writer.parts] == [
        [10, 500_000_000],
        [1_000_000_010, 1_500_000_000],
    ]


def test_a_full_disk_is_told_and_what_was_written_before_is_kept(tmp_path, monkeypatch):
    writer = BagWriter(tmp_path / "bag", definitions=installed_definitions())
    writer.write(STRING, stamp_ns=1, data=text("kept"))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writer._writer, "write", full)
    with pytest.raises(BagError, match="No space left on device"):
        writer.write(STRING, stamp_ns=2, data=text("lost"))
    writer.close()
    assert [stamp for _, stamp, _ in contents(tmp_path / "bag")] == [1]


def test_the_ring_keeps_the_last_seconds_and_never_more_than_its_bytes(tmp_path):
    ring = MessageRing(duration_s=1.0, max_bytes=10_000)
    for tenth in range(31):
        ring.write(STRING, stamp_ns=tenth * 100_000_000, data=text("x"))
    assert len(ring) == 11  # from 2.0 s to 3.0 s
    small = MessageRing(duration_s=100.0, max_bytes=3 * len(text("x")))
    for tenth in range(31):
        small.write(STRING, stamp_ns=tenth, data=text("x"))
    assert (len(small), small.bytes) == (3, 3 * len(text("x")))
    assert small.save(tmp_path / "bag", definitions=installed_definitions()) == 3
    assert [stamp for _, stamp, _ in contents(tmp_path / "bag")] == [28, 29, 30]


def test_a_recording_has_every_message_its_bytes_and_the_offered_quality(ros, tmp_path):
    talker = ros.listener()
    faces = talker.create_publisher(FaceMatchArray, "/camera/faces", qos.RESULTS)
    alerts = talker.create_publisher(Alert, "/alerts", qos.ALERTS)
    alerts.publish(Alert(title="before the recorder came"))
    with BagWriter(tmp_path / "bag", definitions=installed_definitions()) as writer:
        recorder = RecorderNode(
            writer, choice=TopicChoice(include="/alerts|/camera/.*"), context=ros.context
        )
        ros.add(recorder)
        ros.until(lambda: recorder.topics == ("/alerts", "/camera/faces"))
        ros.until(lambda: faces.get_subscription_count() == 1)
        sent = [FaceMatchArray(header=Header(stamp=Time(sec=number))) for number in range(50)]
        # The alert from before, and never more at once than the publisher keeps for a slow reader.
        for number, message in enumerate(sent):
            faces.publish(message)
            ros.until(lambda heard=number + 2: writer.messages >= heard - 4)
        ros.until(lambda: writer.messages == 51)
        recorder.close()
        assert recorder.dropped == 0
    got = contents(tmp_path / "bag")
    # Not the bytes: alignment gaps hold whatever lay in memory.
    assert [
        deserialize_message(data, FaceMatchArray)
        for topic, _, data in got
        if topic == "/camera/faces"
    ] == sent
    with AnyReader([tmp_path / "bag"]) as reader:
        offered = {c.topic: c.ext.offered_qos_profiles[0] for c in reader.connections}
    assert offered["/alerts"].durability is QosDurability.TRANSIENT_LOCAL
    assert offered["/camera/faces"].durability is QosDurability.VOLATILE
    assert offered["/camera/faces"].reliability is QosReliability.RELIABLE


def test_messages_fetched_together_are_in_the_order_in_which_they_came(ros, tmp_path):
    talker = ros.listener()
    names = ("/a", "/b")
    said = {name: talker.create_publisher(String, name, 10) for name in names}
    with BagWriter(tmp_path / "bag", definitions=installed_definitions()) as writer:
        recorder = RecorderNode(writer, choice=TopicChoice(include="/[ab]"), context=ros.context)
        ros.add(recorder)
        ros.until(lambda: all(one.get_subscription_count() == 1 for one in said.values()))
        order = ["/b", "/a", "/a", "/b", "/a", "/b"]
        for name in order:  # nobody fetches meanwhile
            said[name].publish(String(data="x"))
        ros.until(lambda: writer.messages == len(order))
        recorder.close()
    # By the times when they came: fetched they were topic by topic.
    assert [topic for topic, _, _ in contents(tmp_path / "bag")] == order


def test_a_recorder_whose_disk_is_full_says_so_at_the_end(ros, tmp_path):
    class Full:
        def write(self, topic: Topic, *, stamp_ns: int, data: bytes) -> None:
            raise BagError("bag: no room")

    talker = ros.listener()
    said = talker.create_publisher(String, "/chatter", 10)
    recorder = RecorderNode(Full(), choice=TopicChoice(include="/chatter"), context=ros.context)
    ros.add(recorder)
    ros.until(lambda: said.get_subscription_count() == 1)
    said.publish(String(data="x"))
    ros.until(lambda: recorder.failure is not None)
    with pytest.raises(BagError, match="no room"):
        recorder.close()


def test_a_replay_publishes_the_same_bytes_in_order_with_the_recorded_times(ros, tmp_path):
    bag = filled(tmp_path / "bag", [1_000_000_000, 1_200_000_000, 1_400_000_000])
    slept: list[float] = []
    now = [0.0]

    def wait(duration_s: float) -> None:
        slept.append(duration_s)
        now[0] += duration_s

    heard: list[str] = []
    clocks: list[float] = []
    listener = ros.listener()
    listener.create_subscription(String, "/chatter", lambda m: heard.append(m.data), 10)
    listener.create_subscription(
        Clock, "/clock", lambda m: clocks.append(m.clock.sec + m.clock.nanosec / 1e9), 100
    )
    player = Player(
        bag,
        choice=TopicChoice(),
        pace=Pace(rate=0.5, clock_hz=10.0),
        node=ros.listener(),
        monotonic_s=lambda: now[0],
        wait=wait,
    )
    ros.until(lambda: player.wait_for_listeners(0.0) and listener.count_publishers("/clock"))
    now[0] = 0.0
    replayed = player.play(stop=lambda: False)
    player.close()
    assert (replayed.messages, replayed.left_out) == (3, ())
    ros.until(lambda: heard == ["0", "1", "2"] and clocks and clocks[-1] > 1.39)
    assert now[0] == pytest.approx(0.8, abs=0.01)  # 0.4 s of the bag at half the speed
    assert clocks == sorted(clocks)
    assert clocks[-1] == pytest.approx(1.4)


def test_a_replay_as_fast_as_possible_waits_for_nothing_and_can_be_stopped(ros, tmp_path):
    bag = filled(tmp_path / "bag", [0, 3_600_000_000_000, 7_200_000_000_000])
    player = Player(bag, choice=TopicChoice(), pace=Pace(rate=0.0), node=ros.listener())
    assert player.play(stop=lambda: False).messages == 3
    player.close()
    player = Player(bag, choice=TopicChoice(), pace=Pace(), node=ros.listener())
    stopped = threading.Event()
    stopped.set()
    assert player.play(stop=stopped.is_set).messages == 0
    player.close()


def test_a_replay_offers_what_was_offered(ros, tmp_path):
    talker = ros.listener()
    best_effort = QoSProfile(depth=3, reliability=ReliabilityPolicy.BEST_EFFORT)
    said = talker.create_publisher(String, "/chatter", best_effort)
    with BagWriter(tmp_path / "bag", definitions=installed_definitions()) as writer:
        recorder = RecorderNode(writer, choice=TopicChoice(include="/chatter"), context=ros.context)
        ros.add(recorder)
        ros.until(lambda: said.get_subscription_count() == 1)
        said.publish(String(data="x"))
        ros.until(lambda: writer.messages == 1)
        recorder.close()
    talker.destroy_publisher(said)
    ros.until(lambda: talker.count_publishers("/chatter") == 0)
    player = Player(
        tmp_path / "bag", choice=TopicChoice(), pace=Pace(rate=0.0), node=ros.listener()
    )
    ros.until(lambda: talker.count_publishers("/chatter") == 1)
    (endpoint,) = talker.get_publishers_info_by_topic("/chatter")
    assert endpoint.qos_profile.reliability == ReliabilityPolicy.BEST_EFFORT
    player.close()


def test_what_is_no_bag_is_told_with_what_to_do(tmp_path):
    with pytest.raises(BagError, match="there is no such folder"):
        open_bag(tmp_path / "missing")
    (tmp_path / "empty").mkdir()
    with pytest.raises(BagError, match="expected the folder that a recording made"):
        open_bag(tmp_path / "empty")
    limits = BagLimits(max_duration_s=1.0)
    with BagWriter(tmp_path / "parts", definitions=installed_definitions(), limits=limits) as bag:
        bag.write(STRING, stamp_ns=1, data=text("x"))
    with pytest.raises(BagError, match=r"replay one of its parts, for instance .*part_000"):
        open_bag(tmp_path / "parts")


def test_a_choice_without_a_topic_in_the_bag_lists_those_there_are(ros, tmp_path):
    bag = filled(tmp_path / "bag", [1])
    with pytest.raises(BagError, match="none of the chosen topics can be replayed; it has /chatte"):
        Player(bag, choice=TopicChoice(include="/camera/.*"), pace=Pace(), node=ros.listener())
