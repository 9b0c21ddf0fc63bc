"""What the city's profile makes of an accident: it is watched for, and told at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from edgeai_core.action_events import Action, ActionEvent
from edgeai_core.alerting.observers.actions import ActionConfig, ActionObserver
from edgeai_core.analyzers.actions.watch import ActionWatchConfig
from edgeai_core.config import build
from edgeai_core.geometry import Box

CITY = Path(__file__).parents[1] / "config" / "city.params.yaml"


def flat(values: dict[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def group(node: str, name: str) -> dict[str, object]:
    """Return what the profile sets of a group of a node's parameters, dotted."""
    parameters = yaml.safe_load(CITY.read_text(encoding="utf-8"))[f"/**/{node}"]["ros__parameters"]
    return dict(flat(parameters.get(name, {})))


@pytest.mark.parametrize(("probability", "told"), [(0.55, []), (0.7, ["CRITICAL"])])
def test_an_accident_with_a_touch_is_told_as_critical(probability: float, told: list[str]) -> None:
    assert build(ActionWatchConfig, group("action_recognizer", "watch")).accidents.enabled
    observer = ActionObserver(
        build(ActionConfig, group("alert_manager", "action")), source="action_recognizer"
    )
    accident = ActionEvent(
        action=Action.ACCIDENT,
        incident=1,
        probability=probability,
        track_ids=(3, 4),
        box=Box(0.0, 0.0, 9.0, 9.0),
        start_ns=0,
        end_ns=0,
        stamp_ns=10**9,
        reason="car 3 changed its velocity by 2.1 car lengths/s within half a second",
    )
    alerts = observer.observe([accident], camera="crossing")
    assert [alert.severity.name for alert in alerts] == told
    assert all(alert.category == "accident" for alert in alerts)
