"""The lifecycle node: what it takes it gives back, whatever goes wrong on the way."""

from __future__ import annotations

import gc
from dataclasses import dataclass

import pytest
from diagnostic_msgs.msg import DiagnosticArray
from edgeai_msgs.msg import AnalyzerStatus
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.node import Node
from rclpy.parameter import Parameter
from std_msgs.msg import Header

from edgeai_core.config import param
from edgeai_core.errors import ConfigError, ModelError
from edgeai_ros_common import qos
from edgeai_ros_common.diagnostics import Health, Level
from edgeai_ros_common.node import EdgeNode

SUCCESS, FAILURE = TransitionCallbackReturn.SUCCESS, TransitionCallbackReturn.FAILURE


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeConfig:
    rate: float = param(5.0, "Rate", unit="1/s", minimum=1.0, maximum=10.0)
    limit: float = param(1.0, "Limit", minimum=0.0, maximum=9.0, live=True)
    names: tuple[str, ...] = param((), "Names", live=True)

    def __post_init__(self) -> None:
        if self.limit > self.rate:
            raise ConfigError(f"limit {self.limit:g} is above the rate {self.rate:g}")


class Probe(EdgeNode[ProbeConfig]):
    """Takes one of everything, and fails where the test says."""

    config_class = ProbeConfig

    def __init__(self, **arguments) -> None:
        super().__init__(node_name="probe", **arguments)
        self.fail_in = ""
        self.error: Exception = ModelError("the model is gone")
        self.journal: list[str] = []
        self.ticks = 0
        self.refuse: Exception | None = None
        self.changes: list[ProbeConfig] = []
        self.started_with: list[ProbeConfig] = []

    def change(self, config: ProbeConfig) -> None:
        if self.refuse is not None:
            raise self.refuse
        self.changes.append(config)

    def setup(self, config: ProbeConfig) -> None:
        self.rate = config.rate
        self.journal.append("take model")
        self.release_on_cleanup(lambda: self.journal.append("free model"))
        self.results = self.publisher(Header, "results", qos.RESULTS)
        if self.fail_in == "setup":
            raise self.error

    def start(self, config: ProbeConfig) -> None:
        self.started_with.append(config)
        self.journal.append("take thread")
        self.release_on_deactivate(lambda: self.journal.append("end thread"))
        self.subscribe(Header, "input", lambda message: None, qos.RESULTS)
        self.every(0.02, self._tick)
        if self.fail_in == "start":
            raise self.error

    def health(self) -> Health:
        return Health(level=Level.WARN, message=f"rate {self.rate}")

    def _tick(self) -> None:
        self.ticks += 1


@pytest.fixture
def make(ros, overrides):
    def made(**values) -> Probe:
        return ros.add(Probe(context=ros.context, parameter_overrides=overrides(values)))

    return made


def belongings(node: Node) -> tuple[int, int, int, int]:
    return (
        len(list(node.publishers)),
        len(list(node.subscriptions)),
        len(list(node.timers)),
        len(list(node.services)),
    )


def test_ten_rounds_leave_nothing_behind(make):
    node = make()
    before = belongings(node)
    for _ in range(10):
        assert node.trigger_configure() is SUCCESS
        assert node.trigger_activate() is SUCCESS
        assert node.is_active
        assert belongings(node) == (before[0] + 1, before[1] + 1, before[2] + 1, before[3])
        assert node.trigger_deactivate() is SUCCESS
        assert not node.is_active
        assert node.trigger_cleanup() is SUCCESS
        assert belongings(node) == before
    round_trip = ["take model", "take thread", "end thread", "free model"]
    assert node.journal == round_trip * 10


@pytest.mark.parametrize("error", [ModelError("the model is gone"), KeyError("oops")])
def test_a_failing_setup_releases_what_it_took_and_can_be_tried_again(make, error):
    node = make()
    before = belongings(node)
    node.fail_in, node.error = "setup", error
    assert node.trigger_configure() is FAILURE
    assert node.journal == ["take model", "free model"]
    assert belongings(node) == before
    node.fail_in = ""
    assert node.trigger_configure() is SUCCESS
    assert node.trigger_activate() is SUCCESS


def test_a_failing_start_releases_what_it_took_and_can_be_tried_again(make):
    node = make()
    node.trigger_configure()
    configured = belongings(node)
    node.fail_in = "start"
    assert node.trigger_activate() is FAILURE
    assert not node.is_active
    assert node.journal == ["take model", "take thread", "end thread"]
    assert belongings(node) == configured
    assert not node.results.is_activated
    assert node.meter.read().active_since_s == 0.0
    node.fail_in = ""
    assert node.trigger_activate() is SUCCESS
    assert node.results.is_activated


def test_a_deactivated_publisher_is_silent_and_an_active_one_speaks(make):
    node = make()
    node.trigger_configure()
    assert not node.results.is_activated
    node.trigger_activate()
    assert node.results.is_activated
    node.trigger_deactivate()
    assert not node.results.is_activated


def test_a_release_that_raises_does_not_keep_the_others_from_running(make):
    node = make()
    node.trigger_configure()

    def broken() -> None:
        raise RuntimeError("stuck")

    node.release_on_cleanup(broken)
    assert node.trigger_cleanup() is TransitionCallbackReturn.ERROR
    assert node.journal == ["take model", "free model"]
    assert node._state_machine.current_state[1] == "unconfigured"
    assert node.trigger_configure() is SUCCESS


def test_shutting_down_while_active_releases_everything(make):
    node = make()
    before = belongings(node)
    node.trigger_configure()
    node.trigger_activate()
    assert node.trigger_shutdown() is SUCCESS
    assert node.journal == ["take model", "take thread", "end thread", "free model"]
    assert belongings(node) == before


def test_destroying_an_active_node_releases_everything_once(make):
    node = make()
    node.trigger_configure()
    node.trigger_activate()
    node.destroy_node()
    node.destroy_node()
    assert node.journal == ["take model", "take thread", "end thread", "free model"]


def test_timers_run_while_active_only(ros, make):
    node = make()
    node.trigger_configure()
    node.trigger_activate()
    ros.until(lambda: node.ticks >= 3)
    node.trigger_deactivate()
    after = node.ticks
    beats = []
    node._reporter.publish = lambda *args, **kwargs: beats.append(1)
    ros.until(lambda: beats)
    assert node.ticks == after


@pytest.fixture
def statuses(ros) -> list[AnalyzerStatus]:
    heard: list[AnalyzerStatus] = []
    listener = ros.listener()
    listener.create_subscription(AnalyzerStatus, "/probe/status", heard.append, qos.DIAGNOSTICS)
    return heard


def test_the_heart_beats_in_every_state(ros, make, statuses):
    node = make()

    def last_is(state: int, message: str) -> bool:
        node.publish_health()
        return bool(statuses) and (statuses[-1].lifecycle_state, statuses[-1].message) == (
            state,
            message,
        )

    ros.until(lambda: last_is(1, "not configured"))
    node.trigger_configure()
    ros.until(lambda: last_is(2, "ready, not running"))
    node.trigger_activate()
    ros.until(lambda: last_is(3, "rate 5.0"))
    assert statuses[-1].level == AnalyzerStatus.WARN
    node.trigger_shutdown()
    ros.until(lambda: last_is(4, "shut down"))


def test_the_heart_beats_by_itself(ros, make, statuses):
    make()
    ros.until(lambda: len(statuses) >= 2)


def test_an_unknown_parameter_is_one_sentence_and_leaves_no_node(ros, make):
    with pytest.raises(ConfigError) as caught:
        make(rat=3.0)
    assert str(caught.value) == ("/probe: unknown parameter rat of ProbeConfig; did you mean rate?")
    del caught  # its traceback holds the node
    gc.collect()
    listener = ros.listener()
    ros.until(lambda: "probe" not in listener.get_node_names())


def changed(node: Probe, value: float):
    (result,) = node.set_parameters([Parameter("rate", value=value)])
    return result


def test_parameters_are_fixed_while_configured_and_open_before_and_after(make):
    node = make()
    assert changed(node, 6.0).successful
    node.trigger_configure()
    assert node.rate == 6.0
    refused = changed(node, 7.0)
    assert not refused.successful
    assert refused.reason == "parameter rate is fixed while configured: clean the node up first"
    node.trigger_cleanup()
    assert changed(node, 8.0).successful
    node.trigger_configure()
    assert node.rate == 8.0


def set_live(node: Probe, **values):
    return node.set_parameters_atomically(
        [Parameter(name, value=value) for name, value in values.items()]
    )


def test_live_parameters_change_while_the_node_works(make):
    node = make()
    node.trigger_configure()
    node.trigger_activate()
    assert set_live(node, limit=3.0, names=["a", "b"]).successful
    assert [(c.limit, c.names) for c in node.changes] == [(3.0, ("a", "b"))]
    assert node.get_parameter("limit").value == 3.0
    # What it has already is no change.
    assert set_live(node, limit=3.0).successful
    assert set_live(node, names=[]).successful
    assert [c.names for c in node.changes] == [("a", "b"), ()]
    node.trigger_deactivate()
    node.trigger_activate()
    assert node.started_with[-1].limit == 3.0


def test_before_it_is_configured_nobody_is_told_of_a_change(make):
    node = make()
    assert set_live(node, limit=2.0).successful
    assert node.changes == []


def test_a_live_change_that_does_not_fit_leaves_everything_as_it_was(make):
    node = make()
    node.trigger_configure()
    together = set_live(node, limit=2.0, rate=9.0)
    assert together.reason == "parameter rate is fixed while configured: clean the node up first"
    assert set_live(node, limit=8.0).reason == "limit 8 is above the rate 5"
    node.refuse = ConfigError("not that one")
    assert set_live(node, limit=4.0).reason == "not that one"
    node.refuse = RuntimeError("a bug")
    assert "a bug" in set_live(node, limit=4.0).reason
    assert node.get_parameter("limit").value == 1.0
    node.refuse = None
    assert set_live(node, limit=4.0).successful


def test_after_a_failed_setup_the_parameter_can_be_mended(make):
    node = make()
    node.fail_in = "setup"
    node.trigger_configure()
    assert changed(node, 9.0).successful
    node.fail_in = ""
    node.trigger_configure()
    assert node.rate == 9.0


def test_a_change_out_of_range_is_refused_with_the_range(make):
    node = make()
    result = changed(node, 11.0)
    assert not result.successful


def test_diagnostics_name_the_node(ros, make):
    heard: list[DiagnosticArray] = []
    ros.listener().create_subscription(
        DiagnosticArray, "/diagnostics", heard.append, qos.DIAGNOSTICS
    )
    make()
    ros.until(lambda: heard)
    assert heard[0].status[0].name == "probe: pipeline"
