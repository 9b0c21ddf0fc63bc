"""Configuration dataclasses as ROS parameters."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from rclpy.node import Node
from rclpy.parameter import Parameter

from edgeai_core.config import group, param, specs
from edgeai_core.errors import ConfigError
from edgeai_ros_common import params


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    width_px: int = param(640, "Width", unit="px", minimum=16, maximum=7680)
    mode: str = param("fast", "How", choices=("fast", "slow"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    inner: Inner = group(Inner)
    enabled: bool = param(True, "Whether")
    alive: float = param(1.0, "May change", minimum=0.0, maximum=9.0, live=True)
    rate: float = param(10.0, "Rate", unit="1/s", minimum=0.1, maximum=240.0)
    at_least: float = param(1.0, "Floor only", minimum=0.0)
    count: int = param(0, "Floor only", minimum=0)
    labels: tuple[str, ...] = param((), "Which")
    names: tuple[str, ...] = param(("a",), "Who")
    weights: tuple[float, ...] = param((1.0, 2.0), "How much")


@pytest.fixture
def make(ros, overrides):
    def made(arguments=(), **values) -> Node:
        dotted = {name.replace("__", "."): value for name, value in values.items()}
        return ros.add(
            Node(
                "probe",
                context=ros.context,
                parameter_overrides=overrides(dotted),
                cli_args=list(arguments),
                enable_rosout=False,
            )
        )

    return made


def declared(node: Node) -> Config:
    params.declare(node, Config)
    return params.read(node, Config)


def refusal(node: Node) -> str:
    with pytest.raises(ConfigError) as caught:
        params.declare(node, Config)
    return str(caught.value)


def test_defaults_come_back_as_they_were(make):
    assert declared(make()) == Config()


def test_overrides_win(make):
    config = declared(
        make(inner__width_px=320, enabled=False, labels=["x", "y"], names=["b"], weights=[0.5])
    )
    assert config == Config(
        inner=Inner(width_px=320),
        enabled=False,
        labels=("x", "y"),
        names=("b",),
        weights=(0.5,),
    )


def test_a_misspelt_override_gets_one_sentence_with_the_nearest_name(make):
    sentence = refusal(make(inner__widht_px=1))
    assert sentence == (
        "/probe: unknown parameter inner.widht_px of Config; did you mean inner.width_px?"
    )


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("inner__width_px", "wide", "parameter inner.width_px: got 'wide' (str), expected int"),
        ("inner__width_px", 64.0, "parameter inner.width_px: got 64.0 (float), expected int"),
        ("inner__width_px", 8, "parameter inner.width_px: got 8 px, expected 16..7680 px"),
        ("inner__mode", "x", "parameter inner.mode: got 'x', expected one of fast, slow"),
        ("rate", 500.0, "parameter rate: got 500.0 1/s, expected 0.1..240.0 1/s"),
        ("rate", 5, "parameter rate: got 5, expected float; write it with a decimal point"),
        ("weights", [1], "parameter weights: got [1], expected floats; write it with a decimal"),
        ("labels", "x", "parameter labels: got 'x' (str), expected strings"),
        ("labels", [1], "parameter labels: got [1] (list), expected strings"),
        ("enabled", 1, "parameter enabled: got 1 (int), expected bool"),
    ],
)
def test_a_wrong_override_gets_one_sentence(make, name, value, sentence):
    got = refusal(make(**{name: value}))
    assert got.startswith(f"/probe: {sentence}")
    assert "\n" not in got


@pytest.mark.parametrize("name", ["labels", "names", "weights"])
def test_an_empty_list_from_a_file_or_the_command_line_is_an_empty_list(make, name):
    config = declared(make(["--ros-args", "-p", f"{name}:=[]"]))
    assert getattr(config, name) == ()


def test_an_emptied_list_can_be_filled_again(make):
    node = make(["--ros-args", "-p", "names:=[]"])
    params.declare(node, Config)
    (result,) = node.set_parameters([Parameter("names", value=["c", "d"])])
    assert result.successful, result.reason
    assert params.read(node, Config).names == ("c", "d")


def test_parameters_that_ros_adds_by_itself_are_no_mistake(make):
    assert declared(make(use_sim_time=False)) == Config()


def test_descriptors_carry_sentence_unit_choices_and_range(make):
    node = make()
    params.declare(node, Config)
    width = node.describe_parameter("inner.width_px")
    assert width.description == "Width [px]"
    assert (width.integer_range[0].from_value, width.integer_range[0].to_value) == (16, 7680)
    rate = node.describe_parameter("rate").floating_point_range[0]
    assert (rate.from_value, rate.to_value) == (0.1, 240.0)
    assert node.describe_parameter("inner.mode").additional_constraints == "one of: fast, slow"
    assert node.describe_parameter("enabled").integer_range == []


def test_open_bounds_are_as_wide_as_ros_allows(make):
    node = make()
    params.declare(node, Config)
    assert node.describe_parameter("count").integer_range[0].to_value == 2**63 - 1
    assert node.describe_parameter("at_least").floating_point_range[0].to_value == 1e308


def test_every_spec_of_the_class_is_declared(make):
    node = make()
    params.declare(node, Config)
    assert all(node.has_parameter(spec.name) for spec in specs(Config))


@pytest.mark.parametrize(
    ("name", "value", "fixed", "reason"),
    [
        ("rate", 20.0, False, ""),
        ("rate", 500.0, False, "parameter rate: got 500.0 1/s, expected 0.1..240.0 1/s"),
        ("inner.mode", "x", False, "parameter inner.mode: got 'x', expected one of fast, slow"),
        ("rate", 20.0, True, "parameter rate is fixed while configured: clean the node up first"),
        ("alive", 2.0, True, ""),
        ("alive", 20.0, True, "parameter alive: got 20.0, expected 0.0..9.0"),
        ("somebody.elses", 1, True, ""),
    ],
)
def test_changes_are_judged(name, value, fixed, reason):
    result = params.check_changes(Config, [Parameter(name, value=value)], fixed=fixed)
    assert (result.successful, result.reason) == (not reason, reason)
