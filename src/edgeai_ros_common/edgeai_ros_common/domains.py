"""A ROS domain in which a graph is alone. Standard library only."""

from __future__ import annotations

import itertools
import os
import socket

# RTPS 9.6.1.1: participant 0 of domain d listens on UDP port 7410 + 250 d.
_PORT_BASE, _PORT_GAIN, _UNICAST_OFFSET = 7400, 250, 10
_DOMAINS = 100
_numbers = itertools.count(os.getpid() * 7)


def is_free(domain: int) -> bool:
    """Return whether nobody on this machine is in a ROS domain."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("", _PORT_BASE + _PORT_GAIN * domain + _UNICAST_OFFSET))
        except OSError:
            return False
    return True


def free_domain() -> int:
    """Return a ROS domain that nobody on this machine is in, another one at each call.

    Raises:
        RuntimeError: there is none.
    """
    for number in itertools.islice(_numbers, _DOMAINS):
        domain = number % _DOMAINS + 1
        if is_free(domain):
            return domain
    raise RuntimeError(f"all ROS domains 1..{_DOMAINS} are in use on this machine")
