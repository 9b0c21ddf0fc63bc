"""What a process keeps of freed memory."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

from edgeai_core import heap


def test_frames_that_were_freed_go_back_to_the_system() -> None:
    # In a process of its own: the settings hold for the whole process.
    script = textwrap.dedent(
        """
        import sys
        import numpy as np, psutil
        from edgeai_core import heap

        if not heap.bound_heap():
            sys.exit(3)
        resident = psutil.Process().memory_info
        frame_bytes = 2 << 20
        np.ones(24 << 20, np.uint8)  # by itself glibc would now keep everything below this size
        frames = [np.ones(frame_bytes, np.uint8) for _ in range(40)]
        full = resident().rss
        del frames[:-1]  # the last one stays above the hole
        print((full - resident().rss) / frame_bytes)
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60
    )
    if done.returncode == 3:
        pytest.skip("the C library is not glibc")
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) > 36


# A picture's worth of bytes a hundred times: how many pages had to be fetched from the system?
COUNT_FAULTS = """
import resource
from edgeai_core.heap import keep_freed_memory
if {keep}:
    assert keep_freed_memory()
bytes(bytearray(921_600))
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(100):
    bytes(bytearray(921_600))
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(*, keep: bool) -> int:
    ran = subprocess.run(
        [sys.executable, "-c", COUNT_FAULTS.format(keep=keep)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return int(ran.stdout)


def test_a_picture_reuses_the_memory_of_the_one_before():
    if not hasattr(heap.ctypes.CDLL(None), "malloc_trim"):
        pytest.skip("the C library is not glibc")
    # Two copies of 225 pages each.
    assert faults(keep=True) < 100 * 2 * 225 / 4


def test_another_c_library_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heap.ctypes, "CDLL", lambda name: object())
    assert heap.bound_heap() is False
    assert heap.keep_freed_memory() is False
    heap.return_free_memory()
