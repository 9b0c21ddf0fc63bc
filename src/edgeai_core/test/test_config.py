"""Configuration dataclasses: one description, checked values, dotted groups."""

from __future__ import annotations

import math
from dataclasses import FrozenInstanceError, dataclass

import pytest

from edgeai_core.config import ParamSpec, build, group, param, specs
from edgeai_core.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    width_px: int = param(640, "Width", unit="px", minimum=16, maximum=7680)
    pacing: str = param("fast", "How", choices=("fast", "slow"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    stream: Stream = group(Stream)
    enabled: bool = param(True, "Whether")
    threshold: float = param(0.5, "How sure", minimum=0.0, maximum=1.0)
    labels: tuple[str, ...] = param((), "Which")
    weights: tuple[float, ...] = param((1.0,), "How much", minimum=0.0)
    open_end: float = param(1.0, "No bounds")


def test_groups_are_flattened_to_dotted_names_in_order():
    names = ["stream.width_px", "stream.pacing", "enabled", "threshold", "labels", "weights"]
    assert [spec.name for spec in specs(Config)] == [*names, "open_end"]


def test_a_spec_carries_everything_that_was_said():
    assert next(specs(Config)) == ParamSpec(
        name="stream.width_px",
        kind="int",
        default=640,
        description="Width",
        unit="px",
        minimum=16,
        maximum=7680,
    )


def test_what_is_not_named_keeps_its_default():
    assert build(Config, {}) == Config()
    changed = build(Config, {"stream.width_px": 320})
    assert changed.stream == Stream(width_px=320, pacing="fast")
    assert changed.threshold == 0.5


def test_configurations_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        Config().threshold = 0.1


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("stream.width_px", 16, 16),
        ("stream.width_px", 7680, 7680),
        ("threshold", 1, 1.0),
        ("enabled", False, False),
        ("labels", ["a", "b"], ("a", "b")),
        ("labels", [], ()),
        ("weights", [0, 2.5], (0.0, 2.5)),
        ("weights", (), ()),
        ("stream.pacing", "slow", "slow"),
        ("open_end", -1e300, -1e300),
    ],
)
def test_fitting_values_are_taken_in_the_parameters_type(name, value, kept):
    config = build(Config, {name: value})
    holder = config.stream if name.startswith("stream.") else config
    result = getattr(holder, name.rpartition(".")[2])
    assert result == kept
    assert type(result) is type(kept)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("stream.width_px", 15, "parameter stream.width_px: got 15 px, expected 16..7680 px"),
        ("stream.width_px", 64.0, "parameter stream.width_px: got 64.0 (float), expected int"),
        ("stream.width_px", True, "parameter stream.width_px: got True (bool), expected int"),
        ("threshold", "0.5", "parameter threshold: got '0.5' (str), expected float"),
        ("threshold", True, "parameter threshold: got True (bool), expected float"),
        ("threshold", math.nan, "parameter threshold: got nan, expected 0.0..1.0"),
        ("open_end", math.inf, "parameter open_end: got inf, expected -inf..inf"),
        ("enabled", 1, "parameter enabled: got 1 (int), expected bool"),
        ("enabled", None, "parameter enabled: got None (NoneType), expected bool"),
        ("labels", "ab", "parameter labels: got 'ab' (str), expected strings"),
        ("labels", ["a", 1], "parameter labels: got ['a', 1] (list), expected strings"),
        ("weights", [True], "parameter weights: got [True] (list), expected floats"),
        ("weights", [1.0, -1.0], "parameter weights: got -1.0, expected 0.0..inf"),
        ("stream.pacing", "x", "parameter stream.pacing: got 'x', expected one of fast, slow"),
    ],
)
def test_other_values_are_refused_with_what_was_expected(name, value, sentence):
    with pytest.raises(ConfigError) as caught:
        build(Config, {name: value})
    assert str(caught.value) == sentence


def test_a_misspelt_name_gets_the_nearest_one():
    with pytest.raises(ConfigError, match=r"unknown parameter stream\.widht_px of Config; did you"):
        build(Config, {"stream.widht_px": 1})


def test_a_name_like_no_other_gets_the_list():
    with pytest.raises(ConfigError, match=r"known: stream\.width_px, stream\.pacing, enabled"):
        build(Config, {"zzz": 1})
