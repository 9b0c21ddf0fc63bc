"""Running nodes: nothing that arrives ends the graph, and signals end it cleanly."""

from __future__ import annotations

import atexit
import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from std_msgs.msg import Header

from edgeai_core.errors import ConfigError
from edgeai_ros_common import qos
from edgeai_ros_common.node import EdgeNode
from edgeai_ros_common.running import StopSignal, spin, start_context

DEADLINE_S = 10.0
NODE = textwrap.dedent(
    """
    import sys
    from dataclasses import dataclass
    from edgeai_core.config import param
    from edgeai_ros_common.node import EdgeNode
    from edgeai_ros_common.running import run_node

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Config:
        rate: float = param(5.0, "Rate", minimum=1.0, maximum=10.0)

    class Probe(EdgeNode[Config]):
        config_class = Config

        def publish_health(self):
            super().publish_health()
            print("beating", flush=True)

        def destroy_node(self):
            print("destroyed", flush=True)
            super().destroy_node()

    sys.exit(run_node(Probe, node_name="probe"))
    """
)


def deadline():
    end_s = time.monotonic() + DEADLINE_S
    return lambda: time.monotonic() > end_s


def test_a_callback_that_raises_does_not_end_the_graph(ros):
    node = ros.listener()
    got: list[str] = []

    def callback(message: Header) -> None:
        got.append(message.frame_id)
        if message.frame_id == "bad":
            raise ValueError("bad message")

    node.create_subscription(Header, "input", callback, qos.RESULTS)
    sender = node.create_publisher(Header, "input", qos.RESULTS)
    sender.publish(Header(frame_id="bad"))
    sender.publish(Header(frame_id="good"))
    late = deadline()
    spin(ros.executor, until=lambda: "good" in got or late())
    assert got == ["bad", "good"]


class Empty(EdgeNode):
    """A node with no parameters."""

    from dataclasses import make_dataclass

    config_class = make_dataclass("NoParameters", [])


def test_an_illegal_transition_request_does_not_end_the_graph(ros):
    node = ros.add(Empty(node_name="probe", context=ros.context))
    client = ros.listener().create_client(ChangeState, "/probe/change_state")
    late = deadline()
    spin(ros.executor, until=lambda: client.service_is_ready() or late())

    def ask(transition: int):
        request = ChangeState.Request()
        request.transition.id = transition
        return client.call_async(request)

    illegal = ask(Transition.TRANSITION_ACTIVATE)
    legal = ask(Transition.TRANSITION_CONFIGURE)
    spin(ros.executor, until=lambda: legal.done() or late())
    assert legal.result().success
    assert not illegal.done() or not illegal.result().success
    assert node._state_machine.current_state[1] == "inactive"


def test_spinning_ends_when_the_context_does(ros):
    ros.context.try_shutdown()
    late = deadline()
    spin(ros.executor, until=late)
    assert not late()


@pytest.mark.parametrize(
    "arguments",
    [["--ros-args", "--params-file", "/nowhere.yaml"], ["--ros-args", "-p", "broken"]],
)
def test_arguments_that_rcl_cannot_read_are_one_sentence(arguments):
    with pytest.raises(ConfigError, match="ROS arguments: ") as caught:
        start_context(arguments)
    assert "\n" not in str(caught.value)


@pytest.fixture
def start(domain_id):
    def started(*arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", NODE, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"ROS_DOMAIN_ID": str(domain_id)},
        )

    return started


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_node_cleanly(start, number):
    with start() as process:
        try:
            assert process.stdout.readline() == "beating\n"
            process.send_signal(number)
            out, err = process.communicate(timeout=DEADLINE_S)
        finally:
            process.kill()
    assert process.returncode == 0
    assert out.endswith("destroyed\n")
    assert "Traceback" not in err


@pytest.fixture
def stop(monkeypatch):
    """Return a stop signal whose clock stands at the list's last entry."""
    monkeypatch.setattr(atexit, "register", lambda function: function)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    times_s = [100.0]
    yield StopSignal(monotonic_s=lambda: times_s[-1]), times_s
    for number, handler in handlers.items():
        signal.signal(number, handler)


def test_an_interrupt_that_launch_passes_on_is_the_same_interrupt(stop):
    stopping, times_s = stop
    signal.raise_signal(signal.SIGINT)
    times_s.append(100.9)
    signal.raise_signal(signal.SIGINT)
    signal.raise_signal(signal.SIGTERM)
    assert stopping.requested


def test_a_second_interrupt_by_a_person_ends_at_once(stop):
    stopping, times_s = stop
    signal.raise_signal(signal.SIGINT)
    times_s.append(101.0)
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    assert stopping.requested


@pytest.mark.parametrize(
    ("argument", "sentence"),
    [
        ("rat:=3.0", "probe: /probe: unknown parameter rat of Config; did you mean rate?"),
        ("rate:=11.0", "probe: /probe: parameter rate: got 11.0, expected 1.0..10.0"),
        ("rate:=fast", "probe: /probe: parameter rate: got 'fast' (str), expected float"),
    ],
)
def test_a_bad_parameter_is_exit_code_2_and_one_sentence(start, argument, sentence):
    with start("--ros-args", "-p", argument) as process:
        try:
            _, err = process.communicate(timeout=DEADLINE_S)
        finally:
            process.kill()
    assert process.returncode == 2
    assert err == sentence + "\n"
