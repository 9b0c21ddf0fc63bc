"""Finds a Python that can carry the workspace's virtual environment."""

import dataclasses
import json
import os
import pathlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping

from setup_errors import SetupError

SUPPORTED = ((3, 10), (3, 11), (3, 12), (3, 13))

# Runs in the candidate, so it is written for any Python 3.
_PROBE = """
import json, os, platform, sys, sysconfig
try:
    import ensurepip
except ImportError:
    ensurepip = None
include = sysconfig.get_config_var("INCLUDEPY") or ""
print(json.dumps({
    "executable": getattr(sys, "_base_executable", None) or sys.executable,
    "version": list(sys.version_info[:3]),
    "implementation": platform.python_implementation(),
    "machine": platform.machine(),
    "include": include,
    "has_headers": os.path.exists(os.path.join(include, "Python.h")),
    "has_ensurepip": ensurepip is not None,
}))
"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Interpreter:
    """A Python installation, outside of any virtual environment."""

    executable: str
    version: tuple[int, int, int]
    implementation: str
    machine: str
    include: str
    has_headers: bool
    has_ensurepip: bool

    @property
    def name(self) -> str:
        return f"Python {'.'.join(map(str, self.version))} ({self.executable})"


def probe(executable: str) -> Interpreter | None:
    """Ask a Python what it is; None where it does not run (a version manager's empty shim)."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "_ROS_WHEELS"))}
    try:
        answer = subprocess.run(
            [executable, "-I", "-c", _PROBE],
            env=environ,
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        )
        fields = json.loads(answer.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    fields["version"] = tuple(fields["version"])
    return Interpreter(**fields)


def find_fault(
    found: Interpreter, *, version: tuple[int, int] | None, need_headers: bool
) -> str | None:
    """Say in a few words why an interpreter cannot be used; None where it can."""
    short = ".".join(map(str, found.version[:2]))
    if found.implementation != "CPython":
        return f"it is {found.implementation}, CPython is needed"
    if version is not None and found.version[:2] != version:
        return f"the sourced ROS is built for {version[0]}.{version[1]}"
    if found.version[:2] not in SUPPORTED:
        return "3.10 to 3.13 are supported"
    if not found.has_ensurepip:
        return f"it cannot make virtual environments (Debian: apt install python{short}-venv)"
    if need_headers and not found.has_headers:
        return f"its C headers are missing (Debian: apt install python{short}-dev)"
    return None


def list_candidates(
    environ: Mapping[str, str], *, version: tuple[int, int] | None = None
) -> list[str]:
    """Return executables to try, the best first; EDGEAI_PYTHON allows no other."""
    if environ.get("EDGEAI_PYTHON"):
        return [environ["EDGEAI_PYTHON"]]
    if version is not None:
        name = f"python{version[0]}.{version[1]}"
        # A ROS installation belongs to the system's Python, whatever stands first in PATH.
        found = [f"/usr/bin/{name}", shutil.which(name), shutil.which("python3")]
    else:
        names = ("python3.12", "python3.11", "python3.13", "python3.10", "python3")
        found = [sys.executable, *map(shutil.which, names), *(f"/usr/bin/{n}" for n in names)]
    existing = [path for path in found if path and pathlib.Path(path).exists()]
    return list(dict.fromkeys(existing))


def choose(
    candidates: Iterable[str],
    *,
    version: tuple[int, int] | None = None,
    need_headers: bool = True,
    probe: Callable[[str], Interpreter | None] = probe,
) -> Interpreter:
    """Return the first candidate that can carry the environment.

    Raises:
        SetupError: None can; the message names each candidate and what is wrong with it.
    """
    faults: dict[str, str] = {}
    for candidate in candidates:
        found = probe(candidate)
        if found is None:
            faults.setdefault(candidate, "it does not run")
            continue
        fault = find_fault(found, version=version, need_headers=need_headers)
        if fault is None:
            return found
        faults.setdefault(found.name, fault)
    tried = "; ".join(f"{name}: {fault}" for name, fault in faults.items()) or "none was found"
    raise SetupError(
        f"no usable Python: {tried}. Install CPython 3.10 to 3.13 with its headers, "
        "or name one with EDGEAI_PYTHON=/path/to/python3."
    )
