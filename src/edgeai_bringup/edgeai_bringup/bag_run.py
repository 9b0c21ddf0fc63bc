"""Analyzers that look at a recording, picture by picture, with nothing else around them."""

from __future__ import annotations

import dataclasses
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from rclpy.node import Node

from edgeai_bringup.composed import ComposedGraph
from edgeai_bringup.graph import NodePlan, Role, Scope
from edgeai_bringup.separate import SeparateGraph
from edgeai_core.access.locations import DATA_DIR_VARIABLE
from edgeai_core.errors import BagError, SetupError
from edgeai_ros_common.bags.answers import Answer, Answers
from edgeai_ros_common.bags.lock_step import LockStep
from edgeai_ros_common.bags.player import Pace, Player
from edgeai_ros_common.bags.recorder import TopicChoice
from edgeai_ros_common.domains import free_domain

_START_WITHIN_S = 120.0
# How exactly a message's time is kept when a recording is not played as fast as possible.
_TURN_S = 0.005
_SILENCE_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the analyzers answered.

    Attributes:
        answers: by picture. stamps_ns: of the pictures that were shown.
        digests: topic -> SHA-256 of all its messages. counts: topic -> how many.
        took_s: from the first picture to the last answer.
    """

    answers: tuple[Answer, ...]
    stamps_ns: tuple[int, ...]
    digests: Mapping[str, str]
    counts: Mapping[str, int]
    took_s: float

    @property
    def lasts_s(self) -> float:
        """Seconds between the stamps of the earliest picture and the latest."""
        return (max(self.stamps_ns) - min(self.stamps_ns)) / 1e9


def analyzers_among(plans: Sequence[NodePlan], *, runtime: str) -> list[NodePlan]:
    """Return the analyzers of a plan as they look at a recording.

    Args:
        plans: of a profile. runtime: for those to which no other was given; "auto" takes the one
            that happens to be faster, and no two engines give the same bits.
    """
    return [
        dataclasses.replace(
            plan,
            overrides={
                "inference.runtime": runtime,
                **plan.overrides,
                "inference.lock_step": True,
            },
        )
        for plan in plans
        # The face node belongs to the base of the graph: it opens the door to the others.
        if plan.entry.scope is Scope.CAMERA
        and (plan.entry.role is Role.ANALYZER or plan.entry.name == "face_authenticator")
    ]


@contextmanager
def alone() -> Iterator[Path]:
    """Keep away from other graphs, and from the people, things and settings of this user.

    Yields the folder that stands for the user's data directory meanwhile.
    """
    with tempfile.TemporaryDirectory(prefix="edgeai-test-bag-") as folder, ExitStack() as stack:
        for name, value in {
            DATA_DIR_VARIABLE: folder,
            "ROS_DOMAIN_ID": str(free_domain()),
            "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
        }.items():
            stack.callback(_restore, name, os.environ.get(name))
            os.environ[name] = value
        yield Path(folder)


def show(
    bag: Path,
    plans: Sequence[NodePlan],
    *,
    camera: str,
    pace: Pace,
    separate: bool = False,
    stop: Callable[[], bool] = lambda: False,
) -> Seen:
    """Show the pictures of a bag to analyzers, each when all are done with the one before.

    Args:
        bag: folder. plans: the analyzers. camera: namespace of pictures and answers.
        pace: how fast. separate: a process for each node. stop: whether to end early.

    Raises:
        BagError: there is no readable bag, it has no such pictures, or an analyzer hangs.
        SetupError: an analyzer cannot be started.
    """
    running: Any
    if separate:
        running = SeparateGraph(plans)
    else:
        running = ComposedGraph(plans, ros_arguments=["--log-level", "warn"])
    with running:
        node = Node("edgeai_test_bag", context=running.context, enable_rosout=False)
        running.add(node)
        step = LockStep(node, spin=running.spin)
        answers = Answers(node, camera=camera, lock_step=step)
        _bring_up(node, [plan.full_name for plan in plans], running.spin)
        step.wait_for(plan.full_name for plan in plans)

        def wait(duration_s: float) -> None:
            due_s = time.monotonic() + min(duration_s, _TURN_S)
            running.spin(until=lambda: time.monotonic() >= due_s, turn_s=_TURN_S)

        player = Player(
            bag,
            node=node,
            choice=TopicChoice(include=f"/{camera}/image_raw"),
            pace=pace,
            wait=wait,
            lock_step=step,
        )
        try:
            if not player.wait_for_listeners(_START_WITHIN_S):
                raise SetupError(
                    f"analyzers do not listen to /{camera}/image_raw after {_START_WITHIN_S:.0f} "
                    "s; is this machine very busy?"
                )
            begun_s = time.monotonic()
            player.play(stop=stop)
            took_s = time.monotonic() - begun_s
            _await_silence(answers, running.spin)
        finally:
            player.close()
        if not step.sent:
            raise BagError(f"bag {bag}: no picture on /{camera}/image_raw; name another --camera")
        return Seen(
            answers=tuple(answers.ordered()),
            stamps_ns=tuple(stamp_ns for _, stamp_ns in step.sent),
            digests=answers.digests(),
            counts=answers.counts(),
            took_s=took_s,
        )


def _bring_up(node: Node, names: Sequence[str], spin: Callable[..., object]) -> None:
    """Configure and activate nodes, by the services that every lifecycle node has."""
    for name in names:
        client = node.create_client(ChangeState, f"{name}/change_state")
        deadline_s = time.monotonic() + _START_WITHIN_S

        def late(until_s: float = deadline_s) -> bool:
            return time.monotonic() >= until_s

        spin(until=lambda ready=client.service_is_ready: ready() or late())
        for change in (Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_ACTIVATE):
            future = client.call_async(ChangeState.Request(transition=Transition(id=change)))
            spin(until=lambda done=future.done: done() or late())
            if not (future.done() and future.result().success):
                raise SetupError(f"{name} cannot be started; its log says why")
        node.destroy_client(client)


def _await_silence(answers: Answers, spin: Callable[..., object]) -> None:
    """Wait for the answers that are still on their way, overtaken by word that they were sent."""
    heard, since_s = len(answers), time.monotonic()

    def quiet() -> bool:
        nonlocal heard, since_s
        if len(answers) != heard:
            heard, since_s = len(answers), time.monotonic()
        return time.monotonic() - since_s >= _SILENCE_S

    spin(until=quiet, turn_s=_TURN_S)


def _restore(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value
