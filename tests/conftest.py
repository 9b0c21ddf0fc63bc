"""What tests of the whole graph share: isolation, the demo's footage, graphs that run.

Every test has a ROS domain, a data directory and a demo directory of its own: nothing that the
user of this machine has is read or written. Nothing here imports ROS before a test asks for it.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from edgeai_ros_common.domains import free_domain

LETTING_GO_S = 5.0
# Fast DDS names its segments, ports and locks so.
SHARED_MEMORY = ("/dev/shm/fastrtps", "/dev/shm/sem.fastrtps")


@pytest.fixture(autouse=True)
def isolated(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> SimpleNamespace:
    """Keep a test away from the user's data and from other graphs."""
    surroundings = SimpleNamespace(domain=free_domain(), data=tmp_path / "data")
    monkeypatch.setenv("ROS_DOMAIN_ID", str(surroundings.domain))
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    monkeypatch.setenv("ROS_LOG_DIR", str(tmp_path / "log"))
    monkeypatch.setenv("EDGEAI_DATA_DIR", str(surroundings.data))
    monkeypatch.delenv("EDGEAI_GALLERY_KEY", raising=False)
    if request.node.get_closest_marker("demo") is not None:
        surroundings.demo = request.getfixturevalue("demo_home")
        monkeypatch.setenv("EDGEAI_DEMO_DIR", str(surroundings.demo))
    return surroundings


@pytest.fixture(scope="session")
def demo_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a demo directory of these tests: the real footage and a gallery of its own."""
    pytest.importorskip("rclpy", reason="ROS is not there: run the tests by make test")
    from edgeai_core import catalog
    from edgeai_core.footage import FOOTAGE
    from edgeai_core.model_store import demo_directory

    problems = catalog.verify_all()
    if problems:
        pytest.skip(problems[0])
    home = tmp_path_factory.mktemp("demo")
    for entry in FOOTAGE.values():
        original = demo_directory() / entry.file_name
        if original.is_file():
            (home / entry.file_name).parent.mkdir(parents=True, exist_ok=True)
            (home / entry.file_name).symlink_to(original.resolve())
        elif not entry.optional:
            pytest.skip(f"demo footage {entry.name} is not set up: run ./edgeai setup")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EDGEAI_DEMO_DIR", str(home))
        patch.delenv("EDGEAI_GALLERY_KEY", raising=False)
        from edgeai_bringup.demo import prepare_demo_gallery

        prepare_demo_gallery()
    return home


@pytest.fixture
def demo_gallery(demo_home: Path) -> Path:
    """Return the gallery in which the man of the talking-head clip is authorised."""
    return demo_home / "people" / "gallery.sqlite3"


@pytest.fixture
def footage(demo_home: Path, tmp_path: Path) -> Callable[..., str]:
    """Return what makes a source of the named demo clips, played in that order."""
    from edgeai_core.footage import FOOTAGE

    def make(*names: str) -> str:
        folder = tmp_path / "_".join(("footage", *names))
        folder.mkdir()
        for number, name in enumerate(names):
            original = demo_home / FOOTAGE[name].file_name
            if not original.exists():
                pytest.skip(f"optional demo footage {name} is not on this machine (needs apt)")
            (folder / f"{number}{original.suffix}").symlink_to(original)
        return str(folder)

    return make


class InProcessGraph:
    """A composed graph of this process and the monitor that listens to it."""

    def __init__(self, plans: Sequence[Any], *, namespace: str = "") -> None:
        from edgeai_bringup.composed import ComposedGraph
        from edgeai_bringup.monitor import GraphMonitor

        self.events: list[str] = []
        self.graph = ComposedGraph(plans, ros_arguments=["--disable-stdout-logs"])
        self.hub = self.graph.frame_hub
        self.monitor = GraphMonitor(
            node_names=tuple(p.full_name for p in plans),
            context=self.graph.context,
            on_event=self.events.append,
            namespace=namespace,
        )
        self.graph.add(self.monitor)

    def node(self, name: str) -> Any:
        """Return what the graph last said about a node, by the node's own name."""
        [view] = [v for key, v in self.monitor.nodes.items() if key.endswith(f"/{name}")]
        return view

    def sessions(self) -> list[str]:
        """Return the session states so far, in order."""
        return [entry["state"] for entry in self.monitor.auth]

    def alerts(self, category: str) -> list[dict[str, Any]]:
        """Return the alerts of one category, in order."""
        return [a for a in self.monitor.alerts.values() if a["category"] == category]

    def spin_until(self, condition: Callable[[], object], *, timeout_s: float, what: str) -> float:
        """Run the graph until the condition holds; return how long that took in seconds."""
        begin_s = time.monotonic()
        self.graph.spin(until=lambda: condition() or time.monotonic() - begin_s > timeout_s)
        took_s = time.monotonic() - begin_s
        last = "\n".join(self.events[-40:])
        assert condition(), f"not within {timeout_s:g} s: {what}; the graph said:\n{last}"
        return took_s

    def call(self, service: Any, name: str, request: Any, *, timeout_s: float = 5.0) -> Any:
        """Call a service of the graph while it runs; return its answer."""
        client = self.monitor.create_client(service, name)
        future = client.call_async(request)
        self.spin_until(future.done, timeout_s=timeout_s, what=f"an answer of {name}")
        self.monitor.destroy_client(client)
        return future.result()


@pytest.fixture
def run_graph(isolated: SimpleNamespace) -> Iterator[Callable[..., InProcessGraph]]:
    """Return what starts a profile in this process; it ends with the test.

    Arguments: the profile, parameter overrides by node, the names of the nodes to start where
    not all of them are wanted, whether the graph has a camera node, its cameras where there are
    several, and its namespace.
    """
    pytest.importorskip("rclpy", reason="ROS is not there: run the tests by make test")
    from edgeai_bringup.graph import Role, plan
    from edgeai_bringup.locations import config_directory

    running: list[InProcessGraph] = []

    def start(
        profile: str = "home",
        overrides: dict[str, dict[str, Any]] | None = None,
        *,
        only: Sequence[str] = (),
        own_camera: bool = True,
        cameras: Sequence[Any] = (),
        namespace: str = "",
    ) -> InProcessGraph:
        given = {name: dict(values) for name, values in (overrides or {}).items()}
        plans = plan(
            profile,
            config_directory=config_directory(),
            overrides=given,
            own_camera=own_camera,
            cameras=cameras,
            namespace=namespace,
        )
        if only:
            plans = tuple(p for p in plans if p.entry.name in only)
            # An analyzer that is wanted works without a session.
            names = [p.full_name for p in plans if p.entry.role is not Role.MANAGER]
            for p in plans:
                if p.entry.role is Role.MANAGER:
                    p.overrides.update(
                        {"nodes.base": names, "nodes.analyzers": [], "nodes.always_on": []}
                    )
        running.append(InProcessGraph(plans, namespace=namespace))
        return running[-1]

    # rcl gives a node's log publisher back with the last reference to the node, and a cycle may
    # hold it: a node of the same name would log through that one, where nobody listens.
    gc.collect()
    yield start
    for graph in running:
        graph.graph.close()


def shared_memory() -> set[str]:
    """Return what Fast DDS has in shared memory on this machine."""
    return {str(p) for p in Path("/dev/shm").iterdir() if str(p).startswith(SHARED_MEMORY)}


def segments_of(process: Any) -> set[str]:
    """Return the shared memory of Fast DDS that a process has open; empty when it is gone."""
    import psutil

    try:
        used = [entry.path for entry in process.memory_maps()]
        used += [entry.path for entry in process.open_files()]
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return set()
    return {path for path in used if path.startswith(SHARED_MEMORY)}


class Command:
    """A command in a process group of its own, with its output line by line."""

    def __init__(self, words: Sequence[str]) -> None:
        self.lines: list[str] = []
        self.errors: list[str] = []
        self.segments: set[str] = set()
        self.descendants: set[Any] = set()
        self._before = shared_memory()
        self._changed = threading.Condition()
        self.process = subprocess.Popen(
            list(words),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        self._readers = [
            threading.Thread(target=self._read, args=(stream, kept), daemon=True)
            for stream, kept in (
                (self.process.stdout, self.lines),
                (self.process.stderr, self.errors),
            )
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, stream: Any, kept: list[str]) -> None:
        for line in stream:
            with self._changed:
                kept.append(line.rstrip("\n"))
                self._changed.notify_all()
        stream.close()
        with self._changed:
            self._changed.notify_all()

    @property
    def stderr(self) -> str:
        return "\n".join(self.errors)

    def count(self, text: str) -> int:
        """Return how many lines of the standard output hold the text."""
        return sum(text in line for line in self.lines)

    def wait_for(self, text: str, *, timeout_s: float, times: int = 1) -> None:
        """Wait until the standard output holds the text in so many lines."""
        with self._changed:
            found = self._changed.wait_for(
                lambda: self.count(text) >= times or self.process.poll() is not None, timeout_s
            )
        said = "\n".join((*self.lines, *self.errors)[-25:])
        assert found, f"{text!r} was not said within {timeout_s:g} s; it said:\n{said}"
        assert self.count(text) >= times, f"it ended without {text!r}; it said:\n{said}"

    def look(self) -> None:
        """Remember the processes and the shared memory that the command has now."""
        import psutil

        own = psutil.Process(self.process.pid)
        self.descendants.update(own.children(recursive=True))
        for process in (own, *self.descendants):
            self.segments |= segments_of(process)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the whole group, as a terminal does."""
        os.killpg(self.process.pid, number)

    def end(self, *, timeout_s: float) -> int:
        """Wait for the end; return the exit code."""
        code = self.process.wait(timeout_s)
        for reader in self._readers:
            reader.join(timeout_s)
        return code

    def left_behind(self) -> list[str]:
        """Return the processes and shared memory that outlive the command; best empty.

        Whoever listened to it lets its ports go a moment after it has ended.
        """
        deadline_s = time.monotonic() + LETTING_GO_S
        while (left := self._left_now()) and time.monotonic() < deadline_s:
            time.sleep(0.1)
        return left

    def _left_now(self) -> list[str]:
        import psutil

        alive = [p for p in self.descendants if p.is_running() and p.status() != "zombie"]
        left = self.segments & shared_memory() - self._before
        if left:  # ports have numbers, not owners: another graph may use the same
            left = left.difference(*(segments_of(process) for process in psutil.process_iter()))
        return [str(process) for process in alive] + sorted(left)

    def kill(self) -> None:
        """Kill whatever of the group still lives and remove its shared memory."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.end(timeout_s=10)
        for path in self._left_now():
            if path.startswith(SHARED_MEMORY):
                Path(path).unlink(missing_ok=True)


@pytest.fixture
def command(isolated: SimpleNamespace) -> Iterator[Callable[..., Command]]:
    """Return what starts the product's command with these arguments; it ends with the test.

    Argument `program`: another command than the product's.
    """
    pytest.importorskip("rclpy", reason="ROS is not there: run the tests by make test")
    started: list[Command] = []

    def start(
        *arguments: object,
        program: Sequence[str] = (sys.executable, "-m", "edgeai_bringup.cli"),
    ) -> Command:
        started.append(Command([*program, *(str(a) for a in arguments)]))
        return started[-1]

    yield start
    for one in started:
        one.kill()
