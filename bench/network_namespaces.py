"""Two machines on one: network namespaces joined by a link that delays and loses packets."""

from __future__ import annotations

import fcntl
import os
import random
import select
import shlex
import shutil
import struct
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

_STOP_TIMEOUT_S = 10.0
_PREFIX_LENGTH = 24
_TUNNELS = "/dev/net/tun"
# linux/if_tun.h: packets of the network layer, without a header of the driver's own.
_TUNSETIFF = 0x400454CA
_IFF_TUN = 0x0001
_IFF_NO_PI = 0x1000
_MAX_PACKET_BYTES = 65_536
_TURN_S = 0.2


class LinkUnavailableError(RuntimeError):
    """Namespaces, or a bad link, cannot be made on this machine; the sentence says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """One of the two machines.

    Attributes:
        namespace: of the network. interface: its end of the link. address: IPv4 of that.
    """

    namespace: str
    interface: str
    address: str

    @contextmanager
    def run(
        self, command: Sequence[str], *, env: Mapping[str, str], reads: bool = False
    ) -> Iterator[subprocess.Popen[str]]:
        """Run a command on this machine; it ends with the block.

        Args:
            command: what to run. env: its environment. reads: give its output instead of hiding it.
        """
        # A shared memory of its own: two namespaces would talk through that of the machine, past
        # the link. `ip netns exec` gives every command its own mounts.
        script = f"mount -t tmpfs tmpfs /dev/shm && exec {shlex.join(command)}"
        process = subprocess.Popen(
            ["ip", "netns", "exec", self.namespace, "sh", "-c", script],
            env=dict(env),
            stdout=subprocess.PIPE if reads else subprocess.DEVNULL,
            text=True,
        )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(_STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Two machines that see each other and nobody else.

    Attributes:
        first, second: the machines. wire: what carries their packets.
    """

    first: Host
    second: Host
    wire: LossyWire


@contextmanager
def two_hosts(*, loss_percent: float, delay_ms: float, seed: int = 1) -> Iterator[Link]:
    """Make two machines; they are gone after the block.

    Args:
        loss_percent, delay_ms: of each direction. seed: of which packets are lost.

    Raises:
        LinkUnavailableError: it cannot be done here.
    """
    _check_possible()
    number = os.getpid() % 100_000
    first, second = (
        Host(namespace=f"edgeai_{name}_{number}", interface=f"ea{name}{number}", address=address)
        for name, address in (("a", "10.77.0.1"), ("b", "10.77.0.2"))
    )
    with ExitStack() as stack:
        ends = []
        for host in (first, second):
            _run("ip", "netns", "add", host.namespace)
            stack.callback(_run, "ip", "netns", "del", host.namespace)
            ends.append(_tunnel(host.interface))
            stack.callback(os.close, ends[-1])
            inside = ("ip", "-n", host.namespace)
            _run("ip", "link", "set", host.interface, "netns", host.namespace)
            address = f"{host.address}/{_PREFIX_LENGTH}"
            _run(*inside, "addr", "add", address, "dev", host.interface)
            _run(*inside, "link", "set", "lo", "up")
            _run(*inside, "link", "set", host.interface, "up")
        wire = LossyWire(
            (ends[0], ends[1]), loss=loss_percent / 100.0, delay_s=delay_ms / 1e3, seed=seed
        )
        wire.start()
        stack.callback(wire.stop)
        yield Link(first=first, second=second, wire=wire)


class LossyWire:
    """Carry packets between two tunnel ends, late and not all of them.

    Not netem: kernels of small machines and containers often come without it.

    Args:
        ends: file descriptors of the tunnels. loss: 0..1, of each direction. delay_s: likewise.
        seed: of which packets are lost.
    """

    def __init__(self, ends: tuple[int, int], *, loss: float, delay_s: float, seed: int) -> None:
        self._other = {ends[0]: ends[1], ends[1]: ends[0]}
        self._loss = loss
        self._delay_s = delay_s
        self._random = random.Random(seed)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._carry, name="wire", daemon=True)
        self.carried = 0
        self.lost = 0

    def start(self) -> None:
        """Begin to carry."""
        self._thread.start()

    def stop(self) -> None:
        """End; what is on the way is lost."""
        self._stopping.set()
        self._thread.join()

    def _carry(self) -> None:
        on_the_way: deque[tuple[float, int, bytes]] = deque()
        while not self._stopping.is_set():
            wait_s = _TURN_S
            if on_the_way:
                wait_s = min(wait_s, max(0.0, on_the_way[0][0] - time.monotonic()))
            readable, _, _ = select.select(list(self._other), (), (), wait_s)
            now_s = time.monotonic()
            for end in readable:
                packet = os.read(end, _MAX_PACKET_BYTES)
                if self._random.random() < self._loss:
                    self.lost += 1
                else:
                    on_the_way.append((now_s + self._delay_s, self._other[end], packet))
            while on_the_way and on_the_way[0][0] <= now_s:
                _, end, packet = on_the_way.popleft()
                os.write(end, packet)
                self.carried += 1


def _tunnel(name: str) -> int:
    """Return the file descriptor of a new tunnel interface.

    Raises:
        LinkUnavailableError: the kernel has none, or refuses.
    """
    try:
        descriptor = os.open(_TUNNELS, os.O_RDWR)
        request = struct.pack("16sH", name.encode(), _IFF_TUN | _IFF_NO_PI)
        fcntl.ioctl(descriptor, _TUNSETIFF, request)
    except OSError as exc:
        raise LinkUnavailableError(f"{_TUNNELS}: {exc.strerror}; the link needs a tunnel") from exc
    return descriptor


def _check_possible() -> None:
    if sys.platform != "linux" or os.geteuid() != 0:
        raise LinkUnavailableError("network namespaces need Linux and root")
    if shutil.which("ip") is None:
        raise LinkUnavailableError("the program ip is missing: apt install iproute2")


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LinkUnavailableError(f"{shlex.join(command)}: {done.stderr.strip()}")
    return done.stdout
