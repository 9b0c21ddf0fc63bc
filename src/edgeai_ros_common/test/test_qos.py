"""The profiles fit each other and their purpose."""

from __future__ import annotations

import pytest
from rclpy.qos import (
    DurabilityPolicy,
    HistoryPolicy,
    QoSCompatibility,
    ReliabilityPolicy,
    qos_check_compatible,
)

from edgeai_ros_common import qos


def test_a_consumer_of_images_can_hear_the_camera():
    compatible, reason = qos_check_compatible(qos.IMAGE_OFFERED, qos.IMAGE_WANTED)
    assert compatible is not QoSCompatibility.ERROR, reason


@pytest.mark.parametrize("name", ["state", "alerts"])
def test_late_joiners_see_what_is_state(name):
    profile = qos.BY_NAME[name]
    assert profile.durability is DurabilityPolicy.TRANSIENT_LOCAL
    assert profile.reliability is ReliabilityPolicy.RELIABLE


@pytest.mark.parametrize("name", sorted(qos.BY_NAME))
def test_every_queue_is_bounded(name):
    profile = qos.BY_NAME[name]
    assert profile.history is HistoryPolicy.KEEP_LAST
    assert 1 <= profile.depth <= 50


def test_images_are_wanted_without_retries_and_results_with():
    assert qos.IMAGE_WANTED.reliability is ReliabilityPolicy.BEST_EFFORT
    assert qos.RESULTS.reliability is ReliabilityPolicy.RELIABLE
