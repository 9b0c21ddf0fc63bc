"""How often a weapon must be seen before it counts, by label, as people write it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from edgeai_core.errors import ConfigError

_EXAMPLE = "gun: 3 of 5 within 3 s from 0.5"
_RULE = re.compile(
    r"\s*(?P<label>[^:]+?)\s*:\s*(?P<needed>\d+)\s+of\s+(?P<looks>\d+)"
    r"\s+within\s+(?P<window>\d+(?:\.\d+)?)\s*s\s+from\s+(?P<score>\d+(?:\.\d+)?)\s*"
)
_MAX_LOOKS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class WeaponRule:
    """What confirms one kind of weapon.

    Attributes:
        label: of the detector. needed: frames with it among the last `looks` frames, which are not
            older than `window_s` seconds. min_score: 0..1, fainter detections do not count.

    Raises:
        ConfigError: a number that cannot be.
    """

    label: str
    needed: int
    looks: int
    window_s: float
    min_score: float

    def __post_init__(self) -> None:
        if not 1 <= self.needed <= self.looks <= _MAX_LOOKS:
            raise ConfigError(
                f"weapon rule {self.label!r}: got {self.needed} of {self.looks} frames, expected "
                f"1 <= needed <= frames <= {_MAX_LOOKS}"
            )
        if not 0 < self.window_s <= 3600:
            raise ConfigError(
                f"weapon rule {self.label!r}: got {self.window_s:g} s, expected 0..3600 s"
            )
        if not 0 <= self.min_score <= 1:
            raise ConfigError(
                f"weapon rule {self.label!r}: got score {self.min_score:g}, expected 0..1"
            )


def parse_weapon_rules(texts: Sequence[str]) -> dict[str, WeaponRule]:
    """Return the rules that ``label: N of M within S s from SCORE`` describe, by label.

    Raises:
        ConfigError: one is not written like that or impossible, or two are for one label.
    """
    rules: dict[str, WeaponRule] = {}
    for text in texts:
        match = _RULE.fullmatch(text)
        if match is None:
            raise ConfigError(f"weapon rule: got {text!r}, expected it as in {_EXAMPLE!r}")
        label = match["label"]
        if label in rules:
            raise ConfigError(f"weapon rule {label!r}: there are two for that label; leave one")
        rules[label] = WeaponRule(
            label=label,
            needed=int(match["needed"]),
            looks=int(match["looks"]),
            window_s=float(match["window"]),
            min_score=float(match["score"]),
        )
    return rules
