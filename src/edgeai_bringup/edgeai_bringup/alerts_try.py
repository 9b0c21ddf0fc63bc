"""`edgeai alerts try`: which alerts a rule file would have raised over a clip or a bag."""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from rclpy.lifecycle import TransitionCallbackReturn

from edgeai_alerts.config import AlertManagerConfig
from edgeai_alerts.rehearsal import Rehearsal, Telling
from edgeai_bringup import graph
from edgeai_bringup.alerts import described
from edgeai_bringup.composed import ComposedGraph
from edgeai_bringup.parameter_files import parameters_of
from edgeai_bringup.preparation import prepare
from edgeai_bringup.report import write_json
from edgeai_bringup.settings import parse_settings
from edgeai_core.alerting.rendering import describe
from edgeai_core.alerting.rule_file import read_rule_file
from edgeai_core.config import build
from edgeai_core.errors import ConfigError, FrameError, SetupError, SourceEndedError, SourceError
from edgeai_core.sources.base import StreamConfig
from edgeai_core.sources.opening import open_source
from edgeai_core.types import Frame, SessionState
from edgeai_ros_common.bags.frames import bag_frames, is_bag
from edgeai_ros_common.running import EXIT_OK

_TOPICS = "topics."
# An hour at 30 fps; a test pattern never ends.
_MOST_FRAMES = 108_000
_EYES = ("face_authenticator", "object_detector", "fire_detector", "action_recognizer")


@dataclass(slots=True)
class _Eye:
    """An analyzer of the graph, and when it looks again."""

    name: str
    analyze: Callable[[Frame], Any]
    period_ns: int
    due_ns: int = 0


def run_try(arguments: argparse.Namespace) -> int:
    """Show a recording to the analyzers of a profile; print what the rules would have told.

    Raises:
        ConfigError: the rules or a setting are wrong. SourceError, BagError: the recording cannot
            be read. SetupError: an analyzer cannot be started.
    """
    rules = read_rule_file(arguments.rules)
    plans = prepare(
        arguments.profile,
        # A bag's pictures carry their stamps, as those of somebody else's driver do.
        source="topic" if is_bag(Path(arguments.recording)) else arguments.recording,
        camera=arguments.camera,
        settings=parse_settings(arguments.settings),
    ).plans
    frames = _frames(arguments)
    first = next(frames, None)
    if first is None:
        raise SourceError(f"{arguments.recording}: no picture can be read; expected at least one")
    rehearsal = Rehearsal(
        alert_config(plans),
        rules,
        camera=arguments.camera,
        state=SessionState[arguments.session],
        begin_ns=first.stamp_ns,
    )
    eyed = [plan for plan in plans if plan.entry.name in _EYES]
    with ComposedGraph(eyed, ros_arguments=["--log-level", "warn"]) as running:
        eyes = [_opened(node) for node in running.executor.get_nodes()]
        for frame in itertools.chain([first], frames):
            for eye in eyes:
                if frame.stamp_ns >= eye.due_ns:
                    eye.due_ns = frame.stamp_ns + eye.period_ns
                    rehearsal.see(eye.name, eye.analyze(frame), stamp_ns=frame.stamp_ns)
            rehearsal.pass_time(now_ns=frame.stamp_ns)
    tellings = rehearsal.tellings
    print(f"{len(tellings)} times somebody would have been told:")
    for telling in tellings:
        print(f"{telling.after_s:8.1f} s  {describe(telling.alert)} [{_how(telling)}]")
    if arguments.json is not None:
        write_json(arguments.json, [_as_json(telling) for telling in tellings])
    return EXIT_OK


def _frames(arguments: argparse.Namespace) -> Iterator[Frame]:
    """Yield the frames of a clip from now on, of a bag at its own time, or from `--at` on."""
    begin_ns = _time_of_day_ns(arguments.at) if arguments.at else None
    if not is_bag(Path(arguments.recording)):
        yield from _clip_frames(arguments.recording, begin_ns or time.time_ns())
        return
    shift_ns: int | None = None
    for frame in bag_frames(Path(arguments.recording), camera=arguments.camera):
        if shift_ns is None:
            shift_ns = 0 if begin_ns is None else begin_ns - frame.stamp_ns
        yield dataclasses.replace(frame, stamp_ns=frame.stamp_ns + shift_ns)


def _time_of_day_ns(at: str) -> int:
    """Return a time of today."""
    try:
        moment = datetime.strptime(at, "%H:%M").time()
    except ValueError as exc:
        raise ConfigError(f"--at: got {at!r}, expected a time of day as in 22:30") from exc
    today = datetime.fromtimestamp(time.time()).date()
    return round(datetime.combine(today, moment).timestamp() * 1e9)


def alert_config(plans: Sequence[graph.NodePlan]) -> AlertManagerConfig:
    """Return the parameters of the alert node of a profile.

    Raises:
        ConfigError: it has none.
    """
    for plan in plans:
        if plan.entry.name == "alert_manager":
            given = parameters_of(plan)
            return build(
                AlertManagerConfig,
                {name: value for name, value in given.items() if not name.startswith(_TOPICS)},
            )
    raise ConfigError("--profile: this one raises no alerts; choose home or city")


def _opened(node: Any) -> _Eye:
    for step in (node.trigger_configure, node.trigger_activate):
        if step() is not TransitionCallbackReturn.SUCCESS:
            raise SetupError(f"{node.get_name()} cannot be started; its log says why")
    rate = node.get_parameter("inference.max_results_per_s").value
    return _Eye(node.get_name(), node.analyze, round(1e9 / rate))


def _clip_frames(clip: str, begin_ns: int) -> Iterator[Frame]:
    """Yield every frame of a clip, stamped as if it had begun at that time."""
    source = open_source(
        StreamConfig(source=clip, pacing="fast"),
        clock_ns=lambda: begin_ns,
        monotonic_s=time.monotonic,
        sleep=time.sleep,
        frame_id="clip",
    )
    if source.live:
        raise SourceError(
            f"source {source.description}: expected a clip, a folder of pictures or a bag"
        )
    with closing(source):
        source.open()
        for _ in range(_MOST_FRAMES):
            try:
                yield source.read()
            except SourceEndedError:
                return
            except FrameError:
                continue


def _how(telling: Telling) -> str:
    alert = telling.alert
    parts = [f"rule {alert.rule}" if alert.rule else "no rule"]
    parts.append(f"to {', '.join(telling.channels)}" if telling.channels else "to all channels")
    parts += [f"{name} is quiet: {then}" for name, then in telling.held]
    if alert.escalated:
        parts.append("nobody had acknowledged")
    elif alert.telling > 1:
        parts.append("again")
    return "; ".join(parts)


def _as_json(telling: Telling) -> dict[str, object]:
    return {
        "after_s": round(telling.after_s, 2),
        "channels": list(telling.channels),
        "held": dict(telling.held),
        "escalated": telling.alert.escalated,
        **described(telling.alert),
    }
