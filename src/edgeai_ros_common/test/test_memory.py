"""Memory that is kept is used again."""

from __future__ import annotations

import subprocess
import sys

import pytest

from edgeai_ros_common import memory

# A picture's worth of bytes a hundred times: how many pages had to be fetched from the system?
COUNT_FAULTS = """
import resource
from edgeai_ros_common.memory import keep_freed_memory
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
    if not hasattr(memory.ctypes.CDLL(None), "mallopt"):
        pytest.skip("only glibc has mallopt")
    # Two copies of 225 pages each.
    assert faults(keep=True) < 100 * 2 * 225 / 4


def test_another_c_library_is_left_as_it_is(monkeypatch):
    monkeypatch.setattr(memory.ctypes, "CDLL", lambda name: object())
    assert memory.keep_freed_memory() is False
