"""The name of the machine that a figure was measured on."""

from __future__ import annotations

import os
import platform
from pathlib import Path


def device_name() -> str:
    """Return processor, cores and system, for instance "AMD EPYC, 2 cores, Linux x86_64"."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            key, _, value = line.partition(":")
            if key.strip() in ("model name", "Model"):
                model = value.strip()
                break
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{model}, {cores} cores, {platform.system()} {platform.machine()}"
