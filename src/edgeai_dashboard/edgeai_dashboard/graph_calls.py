"""Service calls from the server's loop to nodes whose answers come on the executor's thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from rclpy.client import Client
from rclpy.node import Node
from rclpy.task import Future

from edgeai_dashboard.backend import GraphSilentError

ResultT = TypeVar("ResultT")

_READY_TIMEOUT_S = 3.0
# In one process with the nodes an answer waits while another node loads its model: seconds on a
# machine that is busy.
_ANSWER_TIMEOUT_S = 15.0
_READY_PERIOD_S = 0.05


class GraphCalls:
    """Clients of services, made when they are first needed.

    Made and destroyed on the executor's thread, which iterates over a node's entities; a request is
    sent from the loop, which rclpy allows.

    Args:
        node: spins elsewhere.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._clients: dict[tuple[type[Any], str], Client] = {}
        self._closed = False

    def close(self) -> None:
        """Destroy all clients; on the executor's thread."""
        self._closed = True
        for client in self._clients.values():
            self._node.destroy_client(client)
        self._clients.clear()

    async def call(
        self, service: type[Any], name: str, request: Any, *, timeout_s: float = _ANSWER_TIMEOUT_S
    ) -> Any:
        """Return a service's response.

        Args:
            service: type. name: of the service, relative to the page's namespace or full.
            request: of that type.
            timeout_s: for the answer, once somebody offers the service.

        Raises:
            GraphSilentError: nobody offers it, or no answer came in time.
        """
        client = await self._client(service, name)
        waited_s = 0.0
        while not client.service_is_ready():
            if waited_s >= _READY_TIMEOUT_S:
                full_name = self._node.resolve_service_name(name)
                raise GraphSilentError(f"nobody answers {full_name}; does that node run?")
            await asyncio.sleep(_READY_PERIOD_S)
            waited_s += _READY_PERIOD_S
        try:
            return await asyncio.wait_for(awaited(client.call_async(request)), timeout_s)
        except asyncio.TimeoutError as exc:
            raise GraphSilentError(
                f"{name} did not answer within {timeout_s:.0f} s; is the machine busy?"
            ) from exc

    async def on_executor(self, work: Callable[[], ResultT]) -> ResultT:
        """Return what `work` returns, run between two callbacks of the executor.

        Raises:
            GraphSilentError: the node spins no more.
        """
        executor = self._node.executor
        if executor is None or self._closed:
            raise GraphSilentError("the page is being closed")
        result: ResultT = await awaited(executor.create_task(work))
        return result

    async def _client(self, service: type[Any], name: str) -> Client:
        key = (service, name)

        def made() -> Client:
            if key not in self._clients and not self._closed:
                self._clients[key] = self._node.create_client(service, name)
            return self._clients[key]

        return await self.on_executor(made)


async def awaited(future: Future) -> Any:
    """Return the result of a future of rclpy, from the running loop of asyncio."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Any] = loop.create_future()

    def settle(finished: Future) -> None:
        if done.done():
            return  # nobody waits any more
        error = finished.exception()
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(finished.result())

    future.add_done_callback(lambda finished: loop.call_soon_threadsafe(settle, finished))
    return await done
