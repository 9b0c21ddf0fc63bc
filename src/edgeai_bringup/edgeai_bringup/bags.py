"""`edgeai record` and `edgeai replay`."""

from __future__ import annotations

import argparse
import math
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from std_srvs.srv import Trigger

from edgeai_core.errors import BagError
from edgeai_core.heap import keep_freed_memory
from edgeai_ros_common.bags.definitions import installed_definitions
from edgeai_ros_common.bags.lock_step import LockStep
from edgeai_ros_common.bags.player import Pace, Player
from edgeai_ros_common.bags.recorder import RecorderNode, TopicChoice
from edgeai_ros_common.bags.ring import MessageRing
from edgeai_ros_common.bags.writing import BagLimits, BagWriter
from edgeai_ros_common.running import EXIT_FAILED, EXIT_OK, StopSignal, spin, start_context

_PROGRESS_PERIOD_S = 5.0


def run_bags(arguments: argparse.Namespace) -> int:
    """Record or replay until the end or Ctrl-C; return the exit code.

    Raises:
        BagError: the bag cannot be made, written or read.
    """
    with ExitStack() as stack:
        context = start_context([])
        stack.callback(context.try_shutdown)
        executor = SingleThreadedExecutor(context=context)
        stack.callback(executor.shutdown)
        stop = StopSignal()
        if arguments.command == "replay":
            return _replay(arguments, executor, stop, stack)
        keep_freed_memory()
        if arguments.last_s is not None:
            return _record_last(arguments, executor, stop, stack)
        return _record(arguments, executor, stop, stack)


def _record(
    arguments: argparse.Namespace,
    executor: SingleThreadedExecutor,
    stop: StopSignal,
    stack: ExitStack,
) -> int:
    limits = BagLimits(
        max_bytes=round((arguments.split_mb or 0.0) * 1e6),
        max_duration_s=arguments.split_s or 0.0,
    )
    # The stack closes it last, whatever happens: a bag that was not closed has no index.
    writer = stack.enter_context(
        BagWriter(arguments.bag, definitions=installed_definitions(), limits=limits)
    )
    recorder = RecorderNode(writer, choice=_choice(arguments), context=executor.context)
    stack.callback(recorder.destroy_node)
    executor.add_node(recorder)
    print(f"recording into {arguments.bag}; Ctrl-C ends it", flush=True)

    def told() -> str:
        return f"{writer.messages} messages of {len(recorder.topics)} topics"

    _spin(arguments, executor, stop, recorder=recorder, told=told)
    topics = len(recorder.topics)
    recorder.close()
    writer.close()
    where = ", ".join(str(part) for part in writer.parts)
    print(f"{writer.messages} messages of {topics} topics: {where}")
    return _losses(recorder, messages=writer.messages)


def _record_last(
    arguments: argparse.Namespace,
    executor: SingleThreadedExecutor,
    stop: StopSignal,
    stack: ExitStack,
) -> int:
    bag: Path = arguments.bag
    ring = MessageRing(duration_s=arguments.last_s, max_bytes=round(arguments.last_mb * 1e6))
    definitions = installed_definitions()
    recorder = RecorderNode(ring, choice=_choice(arguments), context=executor.context)
    stack.callback(recorder.destroy_node)
    executor.add_node(recorder)
    saved: list[Path] = []

    def save(request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        path = bag / f"save_{len(saved):03d}"
        done = threading.Event()
        answer: list[str] = []

        def write() -> None:
            try:
                answer.append(f"{ring.save(path, definitions=definitions)} messages in {path}")
                response.success = True
            except BagError as exc:
                answer.append(str(exc))
            done.set()

        recorder.run_on_sink(write)
        done.wait()
        saved.append(path)
        response.message = answer[0]
        print(response.message, flush=True)
        return response

    recorder.create_service(Trigger, "~/save", save)
    print(
        f"keeping the last {arguments.last_s:g} s; ros2 service call /edgeai_recorder/save "
        "std_srvs/srv/Trigger or Ctrl-C writes them",
        flush=True,
    )

    def told() -> str:
        return f"{len(ring)} messages, {ring.bytes / 1e6:.1f} MB in memory"

    _spin(arguments, executor, stop, recorder=recorder, told=told)
    recorder.close()
    kept = ring.save(bag / f"save_{len(saved):03d}", definitions=definitions)
    print(f"{kept} messages: {bag / f'save_{len(saved):03d}'}")
    return _losses(recorder, messages=kept)


def _spin(
    arguments: argparse.Namespace,
    executor: SingleThreadedExecutor,
    stop: StopSignal,
    *,
    recorder: RecorderNode,
    told: Callable[[], str],
) -> None:
    limit_s = math.inf if arguments.duration_s is None else arguments.duration_s
    begun_s = time.monotonic()
    next_s = begun_s + _PROGRESS_PERIOD_S

    def over() -> bool:
        nonlocal next_s
        now_s = time.monotonic()
        if now_s >= next_s:
            next_s = now_s + _PROGRESS_PERIOD_S
            print(f"{now_s - begun_s:.0f} s: {told()}", flush=True)
        return stop.requested or recorder.failure is not None or now_s - begun_s >= limit_s

    spin(executor, until=over)


def _losses(recorder: RecorderNode, *, messages: int) -> int:
    if recorder.dropped:
        print(
            f"{recorder.dropped} messages were dropped: the disk was too slow; record fewer topics "
            "or on a faster disk",
            file=sys.stderr,
        )
    if not messages:
        print("nothing was heard; is a graph running on this ROS_DOMAIN_ID?", file=sys.stderr)
    return EXIT_OK if messages and not recorder.dropped else EXIT_FAILED


def _replay(
    arguments: argparse.Namespace,
    executor: SingleThreadedExecutor,
    stop: StopSignal,
    stack: ExitStack,
) -> int:
    node = Node("edgeai_player", context=executor.context, enable_rosout=False)
    stack.callback(node.destroy_node)
    pace = Pace(rate=0.0 if arguments.fast else arguments.rate, clock_hz=arguments.clock_hz)
    step = _lock_step(arguments, executor, node, stop) if arguments.lock_step else None
    player = Player(arguments.bag, node=node, choice=_choice(arguments), pace=pace, lock_step=step)
    stack.callback(player.close)
    if not player.wait_for_listeners(arguments.wait_s):
        print("some topics have no listener yet; replaying all the same", file=sys.stderr)
    replayed = player.play(stop=lambda: stop.requested)
    for line in replayed.left_out:
        print(f"left out {line}", file=sys.stderr)
    print(f"{replayed.messages} messages replayed")
    return EXIT_OK


def _lock_step(
    arguments: argparse.Namespace, executor: SingleThreadedExecutor, node: Node, stop: StopSignal
) -> LockStep:
    """Return who is waited for: the analyzers that offer to answer every frame."""
    executor.add_node(node)
    step = LockStep(node, spin=lambda until: spin(executor, until=until))
    deadline_s = time.monotonic() + arguments.wait_s
    # All of them: they are found one by one, and one that comes late would miss pictures.
    spin(executor, until=lambda: stop.requested or time.monotonic() >= deadline_s)
    names = step.find()
    if not names:
        raise BagError(
            f"lock step: no analyzer answers frames after {arguments.wait_s:g} s; start them with "
            "--set object_detector.inference.lock_step=true and so on, and let them be active"
        )
    step.wait_for(names)
    print(f"in lock step with {', '.join(names)}", flush=True)
    return step


def _choice(arguments: argparse.Namespace) -> TopicChoice:
    return TopicChoice(include=arguments.topics, exclude=arguments.exclude)
