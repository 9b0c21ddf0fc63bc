"""A process per node: its arguments and its respawn, without any process."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from edgeai_bringup.graph import plan
from edgeai_bringup.separate import NodeProcess, node_arguments


def arguments(name: str = "usb_cam", **overrides) -> list[str]:
    plans = plan("home", config_directory=Path("/config"), overrides={name: overrides})
    return node_arguments(next(p for p in plans if p.entry.name == name))


def test_the_arguments_are_those_of_ros2_launch():
    assert arguments() == [
        "--ros-args",
        "-r",
        "__node:=usb_cam",
        "-r",
        "__ns:=/camera",
        "--params-file",
        "/config/home.params.yaml",
    ]


def test_a_global_node_is_in_the_root_namespace():
    assert "__ns:=/" in arguments("supervisor")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "x:=true"),
        (3, "x:=3"),
        (15.0, "x:=15.0"),
        ("demo", "x:=demo"),
        ("true", "x:='true'"),
        ("15", "x:='15'"),
        ("", "x:=''"),
        (["a", "b"], "x:=[a, b]"),
    ],
)
def test_overrides_keep_their_type(value, text):
    assert arguments(x=value)[-2:] == ["-p", text]


@pytest.mark.parametrize(
    "value", ["word " * 60, [f"/camera_{i}/object_detector" for i in range(40)], "ä: #b"]
)
def test_values_of_any_length_come_back_from_one_line(value):
    text = arguments(x=value)[-1]
    assert "\n" not in text
    assert yaml.safe_load(text.removeprefix("x:=")) == value


def test_an_empty_list_is_said():
    assert arguments(x=[])[-2:] == ["-p", "x:=[]"]


class FakeProcess:
    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.code: int | None = None
        self.asked: list[str] = []
        self.obeys = True

    def poll(self):
        return self.code

    def terminate(self):
        self.asked.append("terminate")

    def kill(self):
        self.asked.append("kill")
        self.code = -9

    def wait(self, timeout=None):
        if self.code is None and not self.obeys:
            raise subprocess.TimeoutExpired("node", timeout)
        return self.code


class Bench:
    def __init__(self) -> None:
        self.now_s = 1000.0
        self.spawned: list[FakeProcess] = []
        self.node = NodeProcess(
            ["run"], name="/camera/probe", monotonic_s=lambda: self.now_s, spawn=self._spawn
        )

    def _spawn(self, command) -> FakeProcess:
        assert command == ["run"]
        self.spawned.append(FakeProcess(len(self.spawned) + 100))
        return self.spawned[-1]

    def die(self, code: int = 1) -> str:
        self.spawned[-1].code = code
        return self.node.keep_alive()


def test_a_living_process_is_left_alone():
    bench = Bench()
    assert bench.node.keep_alive() == ""
    assert len(bench.spawned) == 1
    assert bench.node.process_id == 100


def test_a_dead_process_is_started_again_after_the_delay():
    bench = Bench()
    assert bench.die(-11) == "/camera/probe ended with code -11: started again in 2 s"
    bench.now_s += 1.9
    assert bench.node.keep_alive() == ""
    assert len(bench.spawned) == 1
    bench.now_s += 0.1
    assert bench.node.keep_alive() == "/camera/probe started again"
    assert bench.node.process_id == 101


def test_a_process_that_dies_again_and_again_is_given_up():
    bench = Bench()
    for _ in range(5):
        assert "started again in" in bench.die()
        bench.now_s += 2.0
        bench.node.keep_alive()
    assert bench.die() == (
        "/camera/probe ended with code 1, the 6th time within 120 s: given up; read its log and "
        "start the graph again"
    )
    bench.now_s += 1000.0
    assert bench.node.keep_alive() == ""
    assert bench.node.given_up
    assert len(bench.spawned) == 6


def test_deaths_far_apart_never_add_up():
    bench = Bench()
    for _ in range(20):
        assert "started again in" in bench.die()
        bench.now_s += 60.0
        bench.node.keep_alive()
    assert not bench.node.given_up


def test_ending_asks_once_and_waits():
    bench = Bench()
    bench.node.terminate()
    bench.spawned[0].code = 0
    assert bench.node.wait(1.0)
    bench.node.terminate()
    assert bench.spawned[0].asked == ["terminate"]


def test_who_does_not_obey_is_killed():
    bench = Bench()
    bench.spawned[0].obeys = False
    assert not bench.node.wait(0.0)
    assert bench.spawned[0].asked == ["kill"]
