"""What the supervisor says: the worst fault first, else what the session waits for."""

from __future__ import annotations

import pytest

from edgeai_core.supervision import NodeKeeper, NodeState, SupervisionConfig
from edgeai_core.types import SessionState
from edgeai_perception.supervisor_health import supervisor_health
from edgeai_ros_common.diagnostics import Level

LOCKED, ACTIVE = SessionState.LOCKED, SessionState.ACTIVE


def keeper(error: str = "") -> NodeKeeper:
    made = NodeKeeper("/camera/usb_cam", config=SupervisionConfig(), monotonic_s=lambda: 0.0)
    made.heartbeat(NodeState.ACTIVE, error=error)
    return made


@pytest.mark.parametrize(
    ("state", "refusal", "text"),
    [
        (
            LOCKED,
            "liveness: move your head a little",
            "session LOCKED, waiting: liveness: move your head",
        ),
        (LOCKED, "", "session LOCKED"),
        (ACTIVE, "Ada is not in view", "session ACTIVE"),
    ],
)
def test_closed_session_says_what_it_waits_for(
    state: SessionState, refusal: str, text: str
) -> None:
    health = supervisor_health({"a": keeper()}, rivals=0, state=state, refusal=refusal)
    assert health.level is Level.OK
    assert health.message.startswith(text)
    assert state is not ACTIVE or health.message == text


def test_nothing_published_yet_is_starting() -> None:
    health = supervisor_health({}, rivals=0, state=None, refusal="")
    assert (health.level, health.message) == (Level.WARN, "starting")


def test_second_supervisor_is_an_error_also_beside_a_fault_that_is_told_already() -> None:
    keepers = {"/camera/usb_cam": keeper("camera lost")}
    alone = supervisor_health(keepers, rivals=0, state=LOCKED, refusal="")
    assert (alone.level, alone.message) == (Level.WARN, "/camera/usb_cam: camera lost")
    two = supervisor_health(keepers, rivals=1, state=LOCKED, refusal="")
    assert two.level is Level.ERROR
    assert "/auth_state: 1 more supervisors on this ROS domain" in two.message


def test_unknown_permissions_of_the_active_person_are_an_error():
    health = supervisor_health(
        {}, rivals=0, state=SessionState.ACTIVE, refusal="", permission_fault="no gallery"
    )
    assert health.level is Level.ERROR
    assert health.message == ("gallery: what the active person may do is not known: no gallery")
