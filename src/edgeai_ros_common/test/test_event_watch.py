"""Events of the middleware are looked at seldom, and what they say reaches people."""

from __future__ import annotations

import pytest
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from std_msgs.msg import String

from edgeai_ros_common import qos
from edgeai_ros_common.diagnostics import Health, Level, with_mismatches
from edgeai_ros_common.event_watch import Never, Seldom, SeldomEvents
from edgeai_ros_common.testing import Ros


def test_a_moment_opens_at_the_first_question_after_a_while_and_is_short():
    now = [100.0]
    group = Seldom(monotonic_s=lambda: now[0], period_s=2.0)
    assert group.can_execute(None)
    now[0] += 0.04
    assert group.can_execute(None)
    now[0] += 0.02
    assert not group.can_execute(None)
    now[0] += 1.93  # 1.99 s after the beginning
    assert not group.can_execute(None)
    now[0] += 5.0  # nobody asked in between: the moment begins with the question
    assert group.can_execute(None)
    now[0] += 0.06
    assert not group.can_execute(None)


def test_what_somebody_else_takes_is_never_brought_by_the_executor(ros: Ros):
    heard: list[str] = []
    node = ros.listener()
    node.create_subscription(
        String, "words", lambda word: heard.append(word.data), 10, callback_group=Never()
    )
    other: list[str] = []
    node.create_subscription(String, "words", lambda word: other.append(word.data), 10)
    words = node.create_publisher(String, "words", 10)
    words.publish(String(data="one"))
    ros.until(lambda: other == ["one"])
    assert heard == []


@pytest.mark.parametrize(
    ("here", "there", "policy"),
    [
        (
            qos.RESULTS,
            QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT),
            "RELIABILITY",
        ),
        (qos.STATE, QoSProfile(depth=1, durability=DurabilityPolicy.VOLATILE), "DURABILITY"),
    ],
)
def test_a_publisher_that_does_not_fit_is_noted_by_whoever_wants_to_hear_it(
    ros: Ros, here: QoSProfile, there: QoSProfile, policy: str
):
    class Ear(SeldomEvents):
        pass

    ear = ros.add(Ear("ear", context=ros.context))
    events = ear.subscription_events("words")
    ear.create_subscription(String, "words", lambda _: None, here, event_callbacks=events)
    ros.listener().create_publisher(String, "words", there)
    ros.until(lambda: ear.mismatches == {"/words": policy})


def test_a_subscription_that_does_not_fit_is_noted_by_whoever_publishes(ros: Ros):
    class Mouth(SeldomEvents):
        pass

    mouth = ros.add(Mouth("mouth", context=ros.context))
    volatile = QoSProfile(depth=1)
    mouth.create_publisher(
        String, "words", volatile, event_callbacks=mouth.publisher_events("words")
    )
    kept = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    ros.listener().create_subscription(String, "words", lambda _: None, kept)
    ros.until(lambda: mouth.mismatches == {"/words": "DURABILITY"})


def test_what_does_not_fit_is_a_warning_of_the_node_beside_its_own_judgement():
    assert with_mismatches(Health(), {}) == Health()
    told = {"/b": "DURABILITY", "/a": "RELIABILITY"}
    sentence = (
        "somebody is not connected, quality of service differs: /a (RELIABILITY), /b (DURABILITY)"
    )
    detail = ("qos_mismatches", "/a (RELIABILITY), /b (DURABILITY)")
    assert with_mismatches(Health(), told) == Health(
        level=Level.WARN, message=sentence, details=(detail,)
    )
    broken = Health(level=Level.ERROR, message="no frames", details=(("x", "1"),))
    assert with_mismatches(broken, told) == Health(
        level=Level.ERROR, message=f"no frames; {sentence}", details=(("x", "1"), detail)
    )
