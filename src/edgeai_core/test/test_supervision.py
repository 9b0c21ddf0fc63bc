"""What the keeper of one node asks for, on a clock that the test moves."""

from __future__ import annotations

import pytest

from edgeai_core.config import build
from edgeai_core.supervision import NodeKeeper, NodeState, SupervisionConfig, Transition

UNCONFIGURED, INACTIVE, ACTIVE = NodeState.UNCONFIGURED, NodeState.INACTIVE, NodeState.ACTIVE
CONFIGURE, CLEANUP = Transition.CONFIGURE, Transition.CLEANUP
ACTIVATE, DEACTIVATE = Transition.ACTIVATE, Transition.DEACTIVATE


class Bench:
    """A keeper, its clock and the node it keeps."""

    def __init__(self, *, wanted: NodeState = ACTIVE, restartable: bool = True, **values) -> None:
        self.now_s = 100.0
        prefix = {
            "heartbeat_timeout_s": 5.0,
            "transition_timeout_s": 60.0,
            "retry_delay_s": 1.0,
            "retry_delay_max_s": 6.0,
            "error_grace_s": 10.0,
            "max_restarts": 2,
            "restart_window_s": 300.0,
        }
        self.keeper = NodeKeeper(
            "/camera/node",
            config=build(SupervisionConfig, prefix | values),
            monotonic_s=lambda: self.now_s,
            restartable=restartable,
        )
        self.keeper.wanted = wanted

    def beat(self, state: NodeState, *, error: str = "", after_s: float = 1.0) -> None:
        self.now_s += after_s
        self.keeper.heartbeat(state, error=error)

    def obey(self, expected: Transition) -> None:
        assert self.keeper.next_transition() is expected
        self.keeper.finished(expected, succeeded=True)

    def bring_up(self) -> None:
        self.beat(UNCONFIGURED)
        self.obey(CONFIGURE)
        self.obey(ACTIVATE)
        assert self.keeper.next_transition() is None

    def report_error_for(self, duration_s: int) -> None:
        for _ in range(duration_s):
            self.beat(ACTIVE, error="inference hangs")


def test_nothing_is_asked_of_a_node_that_was_never_heard():
    bench = Bench()
    assert bench.keeper.next_transition() is None
    assert bench.keeper.state is NodeState.UNKNOWN


def test_a_node_is_brought_up_step_by_step():
    bench = Bench()
    bench.bring_up()
    assert bench.keeper.state is ACTIVE
    assert bench.keeper.fault == ""


@pytest.mark.parametrize(
    ("state", "wanted", "steps"),
    [
        (UNCONFIGURED, INACTIVE, [CONFIGURE]),
        (UNCONFIGURED, ACTIVE, [CONFIGURE, ACTIVATE]),
        (INACTIVE, ACTIVE, [ACTIVATE]),
        (INACTIVE, UNCONFIGURED, [CLEANUP]),
        (ACTIVE, INACTIVE, [DEACTIVATE]),
        (ACTIVE, UNCONFIGURED, [DEACTIVATE, CLEANUP]),
        (ACTIVE, ACTIVE, []),
        (NodeState.FINALIZED, ACTIVE, []),
        (NodeState.UNKNOWN, ACTIVE, []),
    ],
)
def test_the_way_from_every_state_to_every_wanted_one(state, wanted, steps):
    bench = Bench(wanted=wanted)
    bench.beat(state)
    for step in steps:
        bench.obey(step)
    assert bench.keeper.next_transition() is None


def test_only_one_transition_is_under_way_at_a_time():
    bench = Bench()
    bench.beat(UNCONFIGURED)
    assert bench.keeper.next_transition() is CONFIGURE
    bench.beat(UNCONFIGURED)
    assert bench.keeper.next_transition() is None


def test_a_failed_transition_is_tried_again_with_doubling_pauses_up_to_the_longest():
    bench = Bench()
    bench.beat(UNCONFIGURED)
    pauses = []
    for _ in range(5):
        assert bench.keeper.next_transition() is CONFIGURE
        bench.keeper.finished(CONFIGURE, succeeded=False)
        failed_s = bench.now_s
        while bench.keeper._not_before_s > bench.now_s:
            assert bench.keeper.next_transition() is None
            bench.beat(UNCONFIGURED, after_s=0.5)
        pauses.append(bench.now_s - failed_s)
    assert pauses == [1.0, 2.0, 4.0, 6.0, 6.0]
    assert bench.keeper.fault == "5 failed transitions, trying again; read the node's log"


def test_success_forgets_the_failures():
    bench = Bench()
    bench.beat(UNCONFIGURED)
    bench.keeper.next_transition()
    bench.keeper.finished(CONFIGURE, succeeded=False)
    bench.beat(UNCONFIGURED, after_s=1.0)
    bench.obey(CONFIGURE)
    assert bench.keeper.fault == ""


def test_a_transition_that_takes_too_long_counts_as_failed_and_is_tried_again():
    bench = Bench()
    bench.beat(UNCONFIGURED)
    assert bench.keeper.next_transition() is CONFIGURE
    bench.now_s += 60.0
    assert bench.keeper.next_transition() is None
    assert bench.keeper.answering
    bench.now_s += 0.1
    assert bench.keeper.next_transition() is None
    assert bench.keeper.fault.startswith("no heartbeat for 60 s")
    bench.beat(UNCONFIGURED, after_s=1.0)
    assert bench.keeper.next_transition() is CONFIGURE


def test_an_answer_to_another_transition_or_to_none_is_ignored():
    bench = Bench()
    bench.beat(UNCONFIGURED)
    bench.keeper.finished(ACTIVATE, succeeded=True)
    assert bench.keeper.state is UNCONFIGURED
    assert bench.keeper.next_transition() is CONFIGURE
    bench.keeper.finished(DEACTIVATE, succeeded=False)
    assert bench.keeper.next_transition() is None
    assert bench.keeper.fault == ""


def test_the_heartbeat_does_not_overrule_a_transition_under_way():
    bench = Bench()
    bench.beat(UNCONFIGURED)
    bench.obey(CONFIGURE)
    assert bench.keeper.next_transition() is ACTIVATE
    bench.beat(UNCONFIGURED)  # sent before the node had changed
    bench.keeper.finished(ACTIVATE, succeeded=True)
    assert bench.keeper.state is ACTIVE


def test_an_answer_that_is_lost_is_made_up_for_by_the_heartbeat():
    bench = Bench()
    bench.beat(UNCONFIGURED)
    assert bench.keeper.next_transition() is CONFIGURE
    bench.beat(INACTIVE)
    assert bench.keeper.next_transition() is ACTIVATE
    bench.keeper.finished(CONFIGURE, succeeded=False)  # arrives after all
    bench.beat(ACTIVE)
    assert bench.keeper.state is ACTIVE
    assert bench.keeper.fault == ""
    assert bench.keeper.next_transition() is None


@pytest.mark.parametrize("stands", [INACTIVE, UNCONFIGURED])
def test_a_request_that_never_arrived_is_made_again_long_before_the_time_out(stands):
    bench = Bench()
    bench.beat(UNCONFIGURED)
    bench.obey(CONFIGURE)
    assert bench.keeper.next_transition() is ACTIVATE
    for _ in range(3):
        assert bench.keeper.next_transition() is None
        bench.beat(stands)
    assert bench.keeper.fault == "1 failed transitions, trying again; read the node's log"
    bench.beat(stands)
    assert bench.keeper.next_transition() is (ACTIVATE if stands is INACTIVE else CONFIGURE)


def test_a_node_in_transition_is_given_its_time():
    bench = Bench()
    bench.beat(UNCONFIGURED)
    assert bench.keeper.next_transition() is CONFIGURE
    for _ in range(50):
        bench.beat(NodeState.UNKNOWN)
    assert bench.keeper.next_transition() is None
    assert bench.keeper.fault == ""


def test_a_silent_node_is_unknown_a_fault_and_left_alone():
    bench = Bench()
    bench.bring_up()
    bench.now_s += 5.0
    assert bench.keeper.state is ACTIVE
    bench.now_s += 2.0
    assert bench.keeper.state is NodeState.UNKNOWN
    assert bench.keeper.fault == "no heartbeat for 7 s; is its process running?"
    assert not bench.keeper.fault_is_its_own
    assert bench.keeper.next_transition() is None


def test_a_node_that_comes_back_from_the_dead_is_brought_up_again():
    bench = Bench()
    bench.bring_up()
    bench.beat(UNCONFIGURED, after_s=20.0)
    bench.obey(CONFIGURE)
    bench.obey(ACTIVATE)


def test_a_lasting_error_restarts_the_node():
    bench = Bench()
    bench.bring_up()
    bench.report_error_for(10)
    assert bench.keeper.next_transition() is None
    assert bench.keeper.fault == "inference hangs"
    bench.report_error_for(1)
    bench.obey(DEACTIVATE)
    bench.obey(CLEANUP)
    bench.obey(CONFIGURE)
    bench.obey(ACTIVATE)
    bench.beat(ACTIVE)
    assert bench.keeper.fault == ""
    assert bench.keeper.next_transition() is None


def test_an_error_that_passes_restarts_nothing():
    bench = Bench()
    bench.bring_up()
    bench.report_error_for(9)
    bench.beat(ACTIVE)
    bench.report_error_for(9)
    assert bench.keeper.next_transition() is None


def test_a_camera_mends_itself_and_is_never_restarted():
    bench = Bench(restartable=False)
    bench.bring_up()
    bench.report_error_for(100)
    assert bench.keeper.next_transition() is None
    assert bench.keeper.fault == "inference hangs"
    assert bench.keeper.fault_is_its_own


def restart(bench: Bench) -> None:
    bench.report_error_for(11)
    for step in (DEACTIVATE, CLEANUP, CONFIGURE, ACTIVATE):
        bench.obey(step)


def test_too_many_restarts_end_in_a_fault_that_stays():
    bench = Bench()
    bench.bring_up()
    restart(bench)
    restart(bench)
    bench.report_error_for(50)
    assert bench.keeper.next_transition() is None
    assert bench.keeper.fault == ("inference hangs; given up after 2 restarts, read the node's log")
    assert not bench.keeper.fault_is_its_own


def test_restarts_are_allowed_again_when_their_window_has_passed():
    bench = Bench()
    bench.bring_up()
    restart(bench)
    restart(bench)
    bench.report_error_for(310)
    assert bench.keeper.next_transition() is DEACTIVATE


def test_with_no_restarts_allowed_none_happens():
    bench = Bench(max_restarts=0)
    bench.bring_up()
    bench.report_error_for(30)
    assert bench.keeper.next_transition() is None


def test_an_inactive_node_that_reports_an_error_is_not_restarted():
    bench = Bench(wanted=INACTIVE)
    bench.beat(INACTIVE)
    for _ in range(30):
        bench.beat(INACTIVE, error="no")
    assert bench.keeper.next_transition() is None


def test_a_restart_ends_where_the_wish_has_moved_to_meanwhile():
    bench = Bench()
    bench.bring_up()
    bench.report_error_for(11)
    bench.obey(DEACTIVATE)
    bench.keeper.wanted = INACTIVE
    bench.obey(CLEANUP)
    bench.obey(CONFIGURE)
    assert bench.keeper.next_transition() is None


def test_the_numbers_are_those_of_lifecycle_msgs():
    assert [int(s) for s in NodeState] == [0, 1, 2, 3, 4]
    assert [int(t) for t in Transition] == [1, 2, 3, 4]
