"""`edgeai session`: lock, arm or disarm a running graph."""

from __future__ import annotations

import argparse
import sys
from contextlib import ExitStack
from typing import Any

import rclpy
from edgeai_msgs.srv import SetArmed
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from std_srvs.srv import Trigger

from edgeai_bringup.graph_names import checked_namespace, joined
from edgeai_core.errors import SetupError
from edgeai_ros_common.running import EXIT_FAILED, EXIT_OK

_TIMEOUT_S = 5.0


def run_session(arguments: argparse.Namespace) -> int:
    """Ask the running supervisor; return 0 when it obeyed, 1 when it refused.

    Raises:
        SetupError: no supervisor answers on this machine and ROS domain.
        ValueError: the namespace is none.
    """
    supervisor = f"/{joined(checked_namespace(arguments.namespace), 'supervisor')}"
    if arguments.action == "lock":
        answer = _call(Trigger, f"{supervisor}/lock", Trigger.Request())
    else:
        analyzers = arguments.analyzers if arguments.action == "arm" else []
        answer = _call(SetArmed, f"{supervisor}/set_armed", SetArmed.Request(analyzers=analyzers))
    print(answer.message, file=sys.stdout if answer.success else sys.stderr)
    return EXIT_OK if answer.success else EXIT_FAILED


def _call(service: type[Any], name: str, request: object) -> Any:
    with ExitStack() as stack:
        context = Context()
        rclpy.init(args=[], context=context, signal_handler_options=SignalHandlerOptions.NO)
        stack.callback(context.try_shutdown)
        node = Node("edgeai_session", context=context, enable_rosout=False)
        stack.callback(node.destroy_node)
        executor = SingleThreadedExecutor(context=context)
        stack.callback(executor.shutdown)
        client = node.create_client(service, name)
        if not client.wait_for_service(timeout_sec=_TIMEOUT_S):
            raise SetupError(
                f"no graph answers {name} within {_TIMEOUT_S:.0f} s; start one with "
                "./edgeai up home, on the same ROS_DOMAIN_ID and --namespace"
            )
        future = client.call_async(request)
        executor.add_node(node)
        executor.spin_until_future_complete(future, timeout_sec=_TIMEOUT_S)
        if not future.done():
            raise SetupError(f"{name} did not answer within {_TIMEOUT_S:.0f} s; is the graph busy?")
        return future.result()
