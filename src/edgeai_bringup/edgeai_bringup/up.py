"""`edgeai up`: start a profile, show it, end it cleanly, say what happened."""

from __future__ import annotations

import argparse
import math
import os
import time
from contextlib import ExitStack
from typing import Any

from edgeai_bringup import graph
from edgeai_bringup.composed import ComposedGraph
from edgeai_bringup.monitor import GraphMonitor
from edgeai_bringup.preparation import Preparation, prepare
from edgeai_bringup.report import ProcessGauge, build_report, check_writable, write_json
from edgeai_bringup.settings import parse_settings
from edgeai_bringup.view import TerminalView
from edgeai_core.errors import ConfigError
from edgeai_core.heap import bound_heap
from edgeai_ros_common.running import EXIT_FAILED, EXIT_OK, StopSignal

_SAMPLE_PERIOD_S = 0.5
# After the last frame of a finite source: time for the last results and alerts to arrive.
_DRAIN_S = 2.0
# The duration counts from a running graph; one that never runs ends so much later, as a failure.
_START_GRACE_S = 30.0


def run_up(arguments: argparse.Namespace) -> int:
    """Run a profile until Ctrl-C, the end of the footage or the duration; return the exit code.

    Raises:
        ConfigError: unknown profile, parameter or setting. SourceError: the source cannot be read.
    """
    bound_heap()
    prepared = _prepare(arguments)
    stop = StopSignal()
    if arguments.separate:
        from edgeai_bringup.separate import SeparateGraph

        return _run(SeparateGraph(prepared.plans), prepared, arguments, stop)
    # Under the live table the log would tear the screen: warnings reach it through /rosout.
    plain = arguments.plain or not os.isatty(1)
    quiet = [] if plain else ["--disable-stdout-logs"]
    return _run(ComposedGraph(prepared.plans, ros_arguments=quiet), prepared, arguments, stop)


def _prepare(arguments: argparse.Namespace) -> Preparation:
    settings = parse_settings(arguments.settings)
    if arguments.separate and arguments.snapshot is not None:
        raise ConfigError("--snapshot needs all nodes in one process; leave --separate out")
    for file in (arguments.report, arguments.snapshot):
        if file is not None:
            check_writable(file)
    return prepare(
        arguments.profile,
        source=arguments.source,
        cameras=arguments.cameras or (),
        namespace=arguments.namespace,
        part=arguments.part,
        settings=settings,
        params_file=arguments.params_file,
        sim_time=arguments.sim_time,
    )


def _run(
    running: Any,
    prepared: Preparation,
    arguments: argparse.Namespace,
    stop: StopSignal,
) -> int:
    """Spin a started graph until it is time to stop; show it and write the report."""
    plans = prepared.plans
    with running, ExitStack() as stack:
        view = TerminalView(plain=arguments.plain, title=prepared.title)
        stack.callback(view.close)
        view.event(f"starting {prepared.title}: {', '.join(p.full_name for p in plans)}")
        monitor = GraphMonitor(
            node_names=tuple(p.full_name for p in plans),
            context=running.context,
            on_event=view.event,
            namespace=prepared.namespace,
        )
        running.add(monitor)
        gauge = ProcessGauge()
        session = _Session(
            monitor=monitor,
            gauge=gauge,
            view=view,
            running=running,
            stop=stop,
            duration_s=arguments.duration_s,
            cameras=tuple(p.full_name for p in plans if p.entry.name == "usb_cam"),
            base=tuple(
                p.full_name
                for p in plans
                # The others speak when there is something to say.
                if p.entry.role is graph.Role.BASE
                and p.entry.scope is graph.Scope.CAMERA
                and not p.entry.on_demand
            ),
        )
        monitor.create_timer(_SAMPLE_PERIOD_S, session.tick)
        snapshot = None
        if arguments.snapshot is not None:
            from edgeai_bringup.snapshot import SnapshotKeeper

            snapshot = SnapshotKeeper(running, monitor, camera=prepared.cameras[0])
            stack.callback(snapshot.close)
        running.spin(until=lambda: stop.requested)
        gauge.sample()
        report = build_report(monitor, gauge, processes=running.process_ids)
        view.event(session.summary())
        if arguments.report is not None:
            write_json(arguments.report, report)
            view.event(f"report: {arguments.report}")
        if snapshot is not None:
            snapshot.save(arguments.snapshot)
            view.event(f"picture: {arguments.snapshot}")
    return EXIT_FAILED if session.failed else EXIT_OK


class _Session:
    """Decide when a run is running and when it is over."""

    def __init__(
        self,
        *,
        monitor: GraphMonitor,
        gauge: ProcessGauge,
        view: TerminalView,
        running: Any,
        stop: StopSignal,
        duration_s: float | None,
        cameras: tuple[str, ...],
        base: tuple[str, ...],
    ) -> None:
        self._monitor = monitor
        self._gauge = gauge
        self._view = view
        self._running = running
        self._stop = stop
        self._duration_s = duration_s
        self._cameras = cameras
        self._base = base
        self._process_ids: dict[str, int] = {}
        self._running_since_s: float | None = None
        self._over_since_s: float | None = None
        # Whether it ended by itself without ever having run: camera delivering, faces answered.
        self.failed = False

    def tick(self) -> None:
        """Sample, draw, and stop when it is time."""
        self._follow_processes()
        self._gauge.sample()
        now_s = time.monotonic()
        nodes = self._monitor.nodes
        if self._running_since_s is None and all(
            nodes[name].state == "active" and nodes[name].results > 0 for name in self._base
        ):
            self._running_since_s = now_s
            self._gauge.graph_is_running()
            self._view.event(f"the graph runs after {self._gauge.start_s:.1f} s")
        self._view.show(self._monitor)
        # Without a camera of our own nobody knows whether more pictures come.
        streams = [nodes[camera].details.get("stream_state") for camera in self._cameras]
        if streams and all(state in ("ended", "failed") for state in streams):
            self._over_since_s = self._over_since_s or now_s
        over = self._over_since_s is not None and now_s - self._over_since_s > _DRAIN_S
        since_s = self._running_since_s
        limit_s = math.inf if self._duration_s is None else self._duration_s
        if since_s is None:
            timed_out = self._monitor.elapsed_s >= limit_s + _START_GRACE_S
        else:
            timed_out = now_s - since_s >= limit_s
        if over or timed_out:
            self.failed = since_s is None
            self._stop.request()

    def _follow_processes(self) -> None:
        """Measure every process; what a replaced one said no longer holds."""
        process_ids: dict[str, int] = self._running.process_ids or {}
        for name, process_id in process_ids.items():
            if self._process_ids.get(name, process_id) != process_id:
                self._monitor.forget(name)
        self._process_ids = process_ids
        self._gauge.watched.update(process_ids.values())

    def summary(self) -> str:
        """Return what the run was, in one line."""
        figures = self._gauge.figures()
        return (
            f"ended after {self._monitor.elapsed_s:.0f} s: {len(self._monitor.alerts)} alerts, "
            f"{len(self._monitor.errors)} errors, peak memory {figures['rss_mb']} MB, "
            f"{figures['cpu_s']} s of processor time"
        )
