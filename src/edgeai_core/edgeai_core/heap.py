"""How much memory glibc's heap keeps that nobody uses; harmless where the C library is another."""

from __future__ import annotations

import ctypes

# Parameters of mallopt(3).
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
# Pictures and tensors from here on are mapped and go back to the system when they are freed. By
# itself glibc raises this bound to 32 MB after the first large array; the holes that frames then
# leave in the heaps of twenty threads held 70 MB of the graph.
_MAPPED_FROM_BYTES = 1 << 20
_ARENAS = 2


def bound_heap() -> bool:
    """Keep what is freed from staying with this process; for the start of a program.

    Returns:
        Whether the C library took it.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    settings = (
        (_M_MMAP_THRESHOLD, _MAPPED_FROM_BYTES),
        (_M_TRIM_THRESHOLD, _MAPPED_FROM_BYTES),
        (_M_ARENA_MAX, _ARENAS),
    )
    # musl has the function for old programs' sake and refuses every setting.
    return all(mallopt(number, value) == 1 for number, value in settings)


def return_free_memory() -> None:
    """Give what is free on the heap back to the system now."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
