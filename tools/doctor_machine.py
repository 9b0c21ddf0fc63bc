"""What the doctor looks at on the machine: devices, memory, disk."""

import contextlib
import fcntl
import getpass
import os
import pathlib
import shutil
import subprocess

from doctor_findings import Finding, error, ok, warning

_MIB = 1024 * 1024
_GIB = 1024 * _MIB
# One participant takes 64 MiB (fastdds_shm.xml), and a second one makes it a conversation.
_MIN_SHM_BYTES = 128 * _MIB
# Measured: the composed demo keeps below 700 MB.
_MIN_MEMORY_BYTES = 1 * _GIB
# The environment takes 1.0 GB, models and footage 0.2 GB, and pip unpacks beside.
_MIN_DISK_BYTES = 2 * _GIB
_DEVICES = pathlib.Path("/dev")
_SHARED_MEMORY = pathlib.Path("/dev/shm")


def check_cameras(
    *, devices: pathlib.Path = _DEVICES, classes: pathlib.Path = pathlib.Path("/sys/class")
) -> list[Finding]:
    """Look at each V4L2 device and at the right to open it."""
    findings = []
    for node in sorted(devices.glob("video[0-9]*"), key=lambda path: (len(path.name), path.name)):
        label = ""
        with contextlib.suppress(OSError):
            text = (classes / "video4linux" / node.name / "name").read_text(errors="replace")
            label = f" ({text.strip()})"
        if os.access(node, os.R_OK | os.W_OK):
            findings.append(ok("camera", f"{node}{label} may be opened"))
        else:
            remedy = f"sudo usermod -aG video {getpass.getuser()}, then log in again"
            findings.append(error("camera", f"this user may not open {node}{label}", remedy))
    if findings:
        return findings
    return [ok("camera", "no USB camera; a stream, a file or the demo footage can be the source")]


def check_shared_memory(
    *, folder: pathlib.Path = _SHARED_MEMORY, cleaner: str = "fastdds"
) -> list[Finding]:
    """Look at the room for images between processes and at what dead processes left in it.

    Args:
        folder: Where Fast DDS keeps its segments.
        cleaner: Fast DDS's command line tool, which the remedy names.
    """
    name = "shared memory"
    remedy = "docker run --ipc=host, or --shm-size=512m; elsewhere mount a larger /dev/shm"
    try:
        status = os.statvfs(folder)
    except OSError:
        return [error(name, f"{folder} is missing, nodes cannot exchange images", remedy)]
    size, free = status.f_blocks * status.f_frsize, status.f_bavail * status.f_frsize
    text = f"{folder} has {size // _MIB} MiB, {free // _MIB} MiB free"
    enough = min(size, free) >= _MIN_SHM_BYTES
    findings = [
        ok(name, text)
        if enough
        else warning(name, f"{text}; separate processes need {_MIN_SHM_BYTES // _MIB} MiB", remedy)
    ]
    leaked = find_leaked_segments(folder)
    if leaked:
        used = sum(path.stat().st_size for path in leaked) // _MIB
        text = f"{len(leaked)} segments of killed nodes take {used} MiB in {folder}"
        findings.append(warning("leaked segments", text, f"{cleaner} shm clean"))
    return findings


def find_leaked_segments(folder: pathlib.Path) -> list[pathlib.Path]:
    """Return Fast DDS segments whose process is dead.

    The owner of segment X holds an exclusive lock on X_el as long as it lives.
    """
    leaked = []
    for guard in sorted(folder.glob("fastrtps_*_el")):
        segment = guard.with_name(guard.name.removesuffix("_el"))
        with contextlib.suppress(OSError), guard.open("rb") as handle:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
            if segment.exists():
                leaked.append(segment)
    return leaked


def check_gpu(*, tegra: pathlib.Path = pathlib.Path("/etc/nv_tegra_release")) -> list[Finding]:
    """Look for an NVIDIA GPU or a Jetson board."""
    if tegra.exists():
        with contextlib.suppress(OSError):
            line = tegra.read_text(encoding="utf-8", errors="replace").splitlines()[:1]
            return [ok("gpu", f"Jetson board: {''.join(line).lstrip('# ')}")]
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return [ok("gpu", "no NVIDIA GPU; models run on the CPU")]
    query = ["--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
    try:
        answer = subprocess.run(
            [tool, *query], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        remedy = "install the driver that fits the kernel, or remove what is left of the old one"
        return [warning("gpu", "nvidia-smi is installed but does not answer", remedy)]
    return [ok("gpu", line.strip()) for line in answer.stdout.splitlines() if line.strip()]


def check_resources(root: pathlib.Path) -> list[Finding]:
    """Look at cores, memory and disk space."""
    cores = len(os.sched_getaffinity(0))
    findings = [
        ok("cores", f"{cores} usable")
        if cores >= 2
        else warning("cores", "one usable", "expect half the rates, or give it a second core")
    ]
    with contextlib.suppress(OSError, ValueError, StopIteration):
        lines = pathlib.Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        free = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvail"))
        text = f"{free / _GIB:.1f} GiB available"
        findings.append(
            ok("memory", text)
            if free >= _MIN_MEMORY_BYTES
            else warning("memory", text, "stop other programs; the graph needs up to 0.7 GB")
        )
    free = shutil.disk_usage(root).free
    text = f"{free / _GIB:.1f} GiB free below {root}"
    findings.append(
        ok("disk", text)
        if free >= _MIN_DISK_BYTES
        else warning("disk", text, "make room: set-up takes up to 2 GiB, evidence needs more")
    )
    return findings
