"""The dry run of rules: what would have been told of a recording, on the recording's own time."""

from __future__ import annotations

import json
from datetime import datetime
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.serialization import serialize_message

from edgeai_alerts.config import AlertManagerConfig
from edgeai_alerts.rehearsal import Rehearsal
from edgeai_bringup import alerts_try, cli
from edgeai_core.action_events import Action, ActionEvent
from edgeai_core.alerting.rule_file import parse_rule_file
from edgeai_core.errors import ConfigError, SourceError
from edgeai_core.geometry import Box
from edgeai_core.types import Detection, Frame, HazardReport, HazardState, SessionState, Severity
from edgeai_ros_common.bags.definitions import installed_definitions
from edgeai_ros_common.bags.writing import BagWriter, Topic
from edgeai_ros_common.convert import image_to_msg

S = 1_000_000_000
BOX = Box(0.0, 0.0, 9.0, 9.0)
RULES = """
rules:
  - name: alone
    category: fall
    when: {persons_in_view: {max: 1}}
    severity: CRITICAL
    channels: [phone]
    escalate: {after_s: 5, channels: [neighbour]}
  - {name: quiet, category: fire, tell: false}
"""


def action(at_s: float, *actions: Action) -> SimpleNamespace:
    events = [
        ActionEvent(
            action=one,
            incident=1,
            probability=0.9,
            track_ids=(),
            box=BOX,
            start_ns=0,
            end_ns=0,
            stamp_ns=round(at_s * S),
            reason="why",
        )
        for one in actions
    ]
    return SimpleNamespace(events=events)


def people(number: int) -> SimpleNamespace:
    found = [Detection(box=BOX, label="person", score=0.9, track_id=n) for n in range(number)]
    return SimpleNamespace(objects=found, events=[])


def test_channels_that_are_quiet_then_are_named_with_what_becomes_of_the_alert(monkeypatch):
    rules = parse_rule_file(
        "quiet: [{name: night, hours: 22:00-07:00, channels: [log], then: silence}]"
    )
    begin_ns = alerts_try._begin_ns("23:00")
    run = Rehearsal(
        AlertManagerConfig(),
        rules,
        camera="hall",
        state=SessionState.LOCKED,
        begin_ns=begin_ns,
    )
    for name, at_ns in (("night", begin_ns), ("noon", begin_ns + 12 * 3600 * S)):
        report = HazardReport(state=HazardState.START_FIRE, reason=name, since_ns=at_ns)
        run.see("fire_detector", report, stamp_ns=at_ns)
    assert [one.held for one in run.tellings] == [(("log", "silence"),), ()]
    assert "log is quiet: silence" in alerts_try._how(run.tellings[0])
    assert alerts_try._as_json(run.tellings[0])["held"] == {"log": "silence"}


def rehearsal(state: SessionState = SessionState.LOCKED) -> Rehearsal:
    return Rehearsal(
        AlertManagerConfig(), parse_rule_file(RULES), camera="hall", state=state, begin_ns=0
    )


def told(run: Rehearsal) -> list[tuple[float, str, str, tuple[str, ...]]]:
    return [
        (one.after_s, one.alert.event.category, one.alert.rule, one.channels)
        for one in run.tellings
    ]


def test_a_fall_alone_is_told_and_escalated_on_the_time_of_the_clip():
    run = rehearsal()
    run.see("object_detector", people(1), stamp_ns=2 * S)
    run.see("action_recognizer", action(2, Action.FALL), stamp_ns=2 * S)
    for at_s in range(3, 12):
        run.pass_time(now_ns=at_s * S)
    assert told(run) == [
        (2.0, "fall", "alone", ("phone",)),
        (7.0, "fall", "alone", ("neighbour",)),
    ]
    assert run.tellings[0].alert.event.severity is Severity.CRITICAL
    assert run.tellings[1].alert.alert_id == run.tellings[0].alert.alert_id


def test_with_others_in_view_no_rule_fits_and_what_is_over_does_not_escalate():
    run = rehearsal()
    run.see("object_detector", people(2), stamp_ns=2 * S)
    run.see("action_recognizer", action(2, Action.FALL), stamp_ns=2 * S)
    assert told(run) == [(2.0, "fall", "", ())]
    alone = rehearsal()
    alone.see("action_recognizer", action(2, Action.FALL), stamp_ns=2 * S)
    alone.see("action_recognizer", action(4, Action.RECOVERED), stamp_ns=4 * S)
    alone.pass_time(now_ns=20 * S)
    assert [category for _, category, _, _ in told(alone)] == ["fall", "recovered"]


def test_what_a_rule_silences_is_not_told_and_the_session_is_as_asked_for():
    run = rehearsal(SessionState.MONITORING)
    fire = HazardReport(state=HazardState.FIRE, since_ns=1, reason="why")
    run.see("fire_detector", fire, stamp_ns=S)
    run.see("face_authenticator", (), stamp_ns=S)
    for at_s in (1, 2, 3, 4):
        run.see("object_detector", people(1), stamp_ns=at_s * S)
    assert [category for _, category, _, _ in told(run)] == ["watched_object"]


class FakeNode:
    def __init__(self, name: str, analyze) -> None:
        self._name = name
        self.analyze = analyze

    def get_name(self) -> str:
        return self._name

    def trigger_configure(self):
        return TransitionCallbackReturn.SUCCESS

    trigger_activate = trigger_configure

    def get_parameter(self, name: str):
        assert name == "inference.max_results_per_s"
        return SimpleNamespace(value=5.0)


class FakeGraph:
    def __init__(self, plans, *, ros_arguments) -> None:
        self.names = [plan.entry.name for plan in plans]
        fallen = FakeNode("action_recognizer", lambda frame: self._fall(frame))
        empty = FakeNode("face_authenticator", lambda frame: ())
        self.executor = SimpleNamespace(get_nodes=lambda: [fallen, empty])
        self.stamps: list[int] = []

    def _fall(self, frame):
        self.stamps.append(frame.stamp_ns)
        at_s = frame.stamp_ns / S
        return action(at_s, *([Action.FALL] if len(self.stamps) == 3 else []))

    def __enter__(self):
        made.append(self)
        return self

    def __exit__(self, *exc_info) -> None: ...


made: list[FakeGraph] = []


@pytest.fixture
def clip(tmp_path):
    path = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 10.0, (64, 48))
    for shade in range(10):
        writer.write(np.full((48, 64, 3), 20 * shade, np.uint8))
    writer.release()
    return path


def test_the_command_reads_the_clip_once_and_says_who_would_have_been_told(
    clip, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(alerts_try, "ComposedGraph", FakeGraph)
    rules, answer = tmp_path / "rules.yaml", tmp_path / "told.json"
    rules.write_text(RULES)
    argv = ["alerts", "try", str(clip), "--rules", str(rules), "--at", "23:30"]
    assert cli.main([*argv, "--json", str(answer)]) == 0
    (run,) = made
    assert run.names == [
        "face_authenticator",
        "object_detector",
        "fire_detector",
        "action_recognizer",
    ]
    begun = datetime.fromtimestamp(run.stamps[0] / S)
    assert (begun.hour, begun.minute, begun.second) == (23, 30, 0)
    # Ten frames a second, looked at five times a second.
    assert [round((stamp - run.stamps[0]) / S, 3) for stamp in run.stamps] == [
        0.0,
        0.2,
        0.4,
        0.6,
        0.8,
    ]
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "1 times somebody would have been told:"
    assert "0.4 s  CRITICAL: somebody fell, at camera, at 23:30:00" in lines[1]
    assert lines[1].endswith("[rule alone; to phone]")
    (entry,) = json.loads(answer.read_text())
    assert (entry["after_s"], entry["rule"], entry["channels"]) == (0.4, "alone", ["phone"])


def test_a_bag_is_judged_at_the_time_when_it_was_recorded(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(alerts_try, "ComposedGraph", FakeGraph)
    begin_ns = round(datetime(2026, 5, 4, 3, 2, 1).timestamp() * S)
    bag = bag_of_pictures(tmp_path / "bag", [begin_ns + n * S // 10 for n in range(10)])
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULES)
    assert cli.main(["alerts", "try", str(bag), "--rules", str(rules)]) == 0
    assert made[-1].stamps[0] == begin_ns
    assert "at 03:02:01" in capsys.readouterr().out
    assert cli.main(["alerts", "try", str(bag), "--rules", str(rules), "--at", "23:30"]) == 0
    assert datetime.fromtimestamp(made[-1].stamps[0] / S).hour == 23
    argv = ["alerts", "try", str(bag / ".."), "--rules", str(rules)]
    assert cli.main(argv) == 2


def bag_of_pictures(path, stamps):
    topic = Topic(name="/camera/image_raw", type_name="sensor_msgs/msg/Image")
    with BagWriter(path, definitions=installed_definitions()) as writer:
        for stamp_ns in stamps:
            frame = Frame(image=np.zeros((48, 64, 3), np.uint8), stamp_ns=stamp_ns)
            writer.write(topic, stamp_ns=stamp_ns, data=serialize_message(image_to_msg(frame)))
    return path


def test_a_wrong_rule_or_time_is_told_before_any_model_is_loaded(clip, tmp_path, capsys):
    rules = tmp_path / "rules.yaml"
    rules.write_text("rules: [{name: a, cat: fall}]")
    assert cli.main(["alerts", "try", str(clip), "--rules", str(rules)]) == 2
    assert "rules.yaml, line 1: unknown key 'cat'" in capsys.readouterr().err
    with pytest.raises(ConfigError, match="--at: got 'late', expected a time of day"):
        alerts_try._time_of_day_ns("late")


def test_a_camera_is_no_clip():
    with pytest.raises(SourceError, match="expected a clip, a folder of pictures or a bag"):
        next(alerts_try._clip_frames("rtsp://127.0.0.1/none", 0))


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (["alerts"], (None, 20, None)),
        (["alerts", "--limit", "5"], (None, 5, None)),
        (["alerts", "list"], ("list", 20, None)),
        (["alerts", "list", "--limit", "5"], ("list", 5, None)),
        (["alerts", "--limit", "5", "list"], ("list", 5, None)),
    ],
)
def test_alerts_are_listed_with_and_without_the_word(argv, expected):
    parsed = cli.build_parser().parse_args(argv)
    assert (parsed.action, parsed.limit, parsed.json) == expected
