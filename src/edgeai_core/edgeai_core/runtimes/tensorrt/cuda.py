"""Memory, copies and streams of the first CUDA device, through the driver's own library.

`libcuda.so.1` comes with every NVIDIA driver, on a PC and on a Jetson, and its functions have kept
their form since CUDA 4. So nothing has to be installed for it: pycuda must be compiled on a Jetson,
cuda-python moved its modules between CUDA 12 and 13, and PyTorch weighs more than everything else
here together.
"""

from __future__ import annotations

import ctypes
import functools
from typing import Any

import numpy as np

from edgeai_core.errors import ModelError, RuntimeUnavailableError
from edgeai_core.runtimes.base import Tensor

LIBRARY = "libcuda.so.1"
_NAME_BYTES = 256
# CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR and _MINOR of cuda.h.
_CAPABILITY_MAJOR, _CAPABILITY_MINOR = 75, 76
_POINTER = ctypes.POINTER
# The arguments of what is used; every function returns a CUresult, an int. A CUdeviceptr is an
# unsigned 64-bit number, contexts and streams are pointers.
_SIGNATURES: dict[str, tuple[Any, ...]] = {
    "cuInit": (ctypes.c_uint,),
    "cuDeviceGet": (_POINTER(ctypes.c_int), ctypes.c_int),
    "cuDeviceGetName": (ctypes.c_char_p, ctypes.c_int, ctypes.c_int),
    "cuDeviceGetAttribute": (_POINTER(ctypes.c_int), ctypes.c_int, ctypes.c_int),
    "cuDevicePrimaryCtxRetain": (_POINTER(ctypes.c_void_p), ctypes.c_int),
    "cuCtxSetCurrent": (ctypes.c_void_p,),
    "cuMemAlloc_v2": (_POINTER(ctypes.c_uint64), ctypes.c_size_t),
    "cuMemFree_v2": (ctypes.c_uint64,),
    "cuMemcpyHtoDAsync_v2": (ctypes.c_uint64, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p),
    "cuMemcpyDtoHAsync_v2": (ctypes.c_void_p, ctypes.c_uint64, ctypes.c_size_t, ctypes.c_void_p),
    "cuStreamCreate": (_POINTER(ctypes.c_void_p), ctypes.c_uint),
    "cuStreamSynchronize": (ctypes.c_void_p,),
    "cuStreamDestroy_v2": (ctypes.c_void_p,),
    "cuGetErrorString": (ctypes.c_int, _POINTER(ctypes.c_char_p)),
}


class CudaDevice:
    """The first CUDA device of this machine.

    Args:
        library: the driver's library, by name or path.

    Raises:
        RuntimeUnavailableError: there is no driver or no device.
    """

    def __init__(self, library: str = LIBRARY) -> None:
        try:
            self._driver = ctypes.CDLL(library)
            for name, arguments in _SIGNATURES.items():
                function = getattr(self._driver, name)
                function.argtypes, function.restype = arguments, ctypes.c_int
        except (OSError, AttributeError) as exc:
            raise RuntimeUnavailableError(
                f"no CUDA driver: {exc}; on a Jetson start the container with `--runtime nvidia`"
            ) from exc
        device, context = ctypes.c_int(), ctypes.c_void_p()
        try:
            self._call("cuInit", 0)
            self._call("cuDeviceGet", ctypes.byref(device), 0)
            # The context that CUDA's runtime library, and so TensorRT, uses as well.
            self._call("cuDevicePrimaryCtxRetain", ctypes.byref(context), device)
        except ModelError as exc:
            raise RuntimeUnavailableError(f"no CUDA device: {exc}") from exc
        self._context = context
        self.name = self._name_of(device)
        self.capability = ".".join(
            str(self._attribute(device, which)) for which in (_CAPABILITY_MAJOR, _CAPABILITY_MINOR)
        )

    def enter_thread(self) -> None:
        """Make the device current in the calling thread; each thread needs it once."""
        self._call("cuCtxSetCurrent", self._context)

    def allocate(self, size: int) -> int:
        """Return the address of `size` bytes on the device."""
        address = ctypes.c_uint64()
        self._call("cuMemAlloc_v2", ctypes.byref(address), max(size, 1))
        return address.value

    def free(self, address: int) -> None:
        """Give memory back."""
        self._call("cuMemFree_v2", address)

    def create_stream(self) -> int:
        """Return the handle of a new stream, for :meth:`wait` and :meth:`destroy_stream`."""
        stream = ctypes.c_void_p()
        self._call("cuStreamCreate", ctypes.byref(stream), 0)
        return stream.value or 0

    def destroy_stream(self, stream: int) -> None:
        """Give a stream back."""
        self._call("cuStreamDestroy_v2", stream)

    def copy_in(self, address: int, values: Tensor, stream: int) -> None:
        """Queue a copy of a C-contiguous array, which must outlive :meth:`wait`, to the device."""
        self._call("cuMemcpyHtoDAsync_v2", address, values.ctypes.data, values.nbytes, stream)

    def copy_out(self, values: Tensor, address: int, stream: int) -> None:
        """Queue a copy into a C-contiguous array, which is filled after :meth:`wait`."""
        self._call("cuMemcpyDtoHAsync_v2", values.ctypes.data, address, values.nbytes, stream)

    def wait(self, stream: int) -> None:
        """Wait until everything that was queued is done."""
        self._call("cuStreamSynchronize", stream)

    def upload(self, address: int, values: Tensor) -> None:
        """Copy an array to the device and wait for it; on the default stream."""
        contiguous = np.ascontiguousarray(values)
        self.copy_in(address, contiguous, 0)
        self.wait(0)

    def _name_of(self, device: ctypes.c_int) -> str:
        text = ctypes.create_string_buffer(_NAME_BYTES)
        self._call("cuDeviceGetName", text, _NAME_BYTES, device)
        return text.value.decode(errors="replace")

    def _attribute(self, device: ctypes.c_int, which: int) -> int:
        value = ctypes.c_int()
        self._call("cuDeviceGetAttribute", ctypes.byref(value), which, device)
        return value.value

    def _call(self, name: str, *arguments: Any) -> None:
        result = getattr(self._driver, name)(*arguments)
        if result != 0:
            text = ctypes.c_char_p()
            known = self._driver.cuGetErrorString(result, ctypes.byref(text)) == 0
            reason = text.value.decode(errors="replace") if known and text.value else "unknown"
            raise ModelError(f"CUDA: {name} failed with {result} ({reason})")


@functools.cache
def first_device() -> CudaDevice:
    """Return the process's one device; tried again at the next call when there is none."""
    return CudaDevice()
