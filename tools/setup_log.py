"""Runs the long commands of set-up: one line each for the reader, everything else in a log."""

import contextlib
import pathlib
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from setup_errors import SetupError

_TAIL_LINES = 15


class SetupLog:
    """The log file of one set-up and the progress lines on the terminal.

    Args:
        path: The log file; begun anew.
        lock: Descriptor that commands inherit, so that the lock of set-up outlives a killed
            parent until its last command has ended.
        clock: Monotonic seconds.
    """

    def __init__(
        self, path: pathlib.Path, *, lock: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("", encoding="utf-8")
        self._path = path
        self._lock = lock
        self._clock = clock

    @contextlib.contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Print what begins and, at its end, how many seconds it took."""
        print(f"  {title:<52}", end="", flush=True)
        begin = self._clock()
        try:
            yield
        except BaseException:
            print(" failed", flush=True)
            raise
        print(f" {self._clock() - begin:6.1f} s", flush=True)

    def run(
        self,
        command: Sequence[str],
        *,
        environ: Mapping[str, str],
        cwd: pathlib.Path,
        failure: str,
    ) -> None:
        """Run a command with its output in the log.

        Raises:
            SetupError: It cannot be started or exits with another code than 0; the message is
                `failure` after the end of its output.
        """
        with self._path.open("ab") as log:
            log.write(f"\n$ {shlex.join(command)}\n".encode())
            log.flush()
            start = log.tell()
            try:
                code = subprocess.run(
                    list(command),
                    env=dict(environ),
                    cwd=cwd,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    pass_fds=(self._lock,),
                    check=False,
                ).returncode
            except OSError as error:
                raise SetupError(f"{failure} ({command[0]}: {error.strerror})") from error
        if code != 0:
            self._raise(failure, start)

    def run_visibly(
        self,
        command: Sequence[str],
        *,
        environ: Mapping[str, str],
        cwd: pathlib.Path,
        failure: str,
    ) -> None:
        """Run a command that prints its own progress.

        Raises:
            SetupError: It exits with another code than 0.
        """
        sys.stdout.flush()
        code = subprocess.run(
            list(command), env=dict(environ), cwd=cwd, pass_fds=(self._lock,), check=False
        ).returncode
        if code != 0:
            raise SetupError(f"{failure} (exit code {code})")

    def _raise(self, failure: str, start: int) -> None:
        output = self._path.read_bytes()[start:].decode("utf-8", "replace").splitlines()
        # pip repeats these for every configured folder of packages that is not there.
        lines = [line for line in output if line.strip() and not line.startswith("WARNING: Loc")]
        tail = "\n".join(f"    | {line}" for line in lines[-_TAIL_LINES:])
        raise SetupError(f"{failure}\n{tail}\n    The whole output: {self._path}")
