"""What glibc's heap does with freed memory; harmless where the C library is another."""

from __future__ import annotations

import ctypes

# Parameters of mallopt(3).
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
_MIB = 1 << 20
_ARENAS = 2
# As large as glibc takes for the bound from which on blocks are mapped.
_LARGEST_MAPPED_FROM_BYTES = 32 * _MIB
_KEPT_BYTES = 128 * _MIB


def bound_heap() -> bool:
    """Give freed pictures and tensors back to the system at once, for programs with many threads.

    By itself glibc raises the bound from which on blocks are mapped to 32 MB after the first large
    array; the holes that frames then leave in the heaps of twenty threads held 70 MB of the graph.

    Returns:
        Whether the C library took it.
    """
    return _set((_M_MMAP_THRESHOLD, _MIB), (_M_TRIM_THRESHOLD, _MIB), (_M_ARENA_MAX, _ARENAS))


def keep_freed_memory() -> bool:
    """Use again what was freed, up to 128 MB, for programs that copy every picture in one thread.

    Otherwise every copy touches pages that are not there yet: writing a VGA picture into a bag took
    1.1 ms so, and 0.25 ms with this (x86-64, glibc 2.36).

    Returns:
        Whether the C library took it.
    """
    return _set((_M_MMAP_THRESHOLD, _LARGEST_MAPPED_FROM_BYTES), (_M_TRIM_THRESHOLD, _KEPT_BYTES))


def return_free_memory() -> None:
    """Give what is free on the heap back to the system now."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _set(*settings: tuple[int, int]) -> bool:
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    # musl has the function for old programs' sake and refuses every setting.
    return mallopt is not None and all(mallopt(number, value) == 1 for number, value in settings)
