"""Service work that takes long, beside the executor that every callback waits for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from rclpy.node import Node
from rclpy.task import Future

ResultT = TypeVar("ResultT")


async def run_off_executor(node: Node, work: Callable[[], ResultT], *, name: str) -> ResultT:
    """Return what `work` returns, run on a thread of its own; raises what it raises.

    Args:
        node: whose executor waits meanwhile for other things. name: of the thread.
    """
    done: Future = Future(executor=node.executor)

    def run() -> None:
        try:
            result = work()
        except Exception as exc:
            done.set_exception(exc)
        else:
            done.set_result(result)

    threading.Thread(target=run, name=name, daemon=True).start()
    answer: ResultT = await done
    return answer
