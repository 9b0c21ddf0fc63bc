/* Stands for NVIDIA's libcuda.so.1 where there is none: device memory is the process's own.
 * The prototypes are those of cuda.h; handles are odd numbers, so that a mix-up shows. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int CUresult;
typedef int CUdevice;
typedef uint64_t CUdeviceptr;
typedef void *CUcontext;
typedef void *CUstream;
#define CONTEXT ((CUcontext)0x70000000c0deULL)
#define STREAM ((CUstream)0x700000005711ULL)

static __thread CUcontext current;
static long long taken;

static int fails(const char *what) {
  const char *wanted = getenv("FAKE_CUDA_FAIL");
  return wanted && strcmp(wanted, what) == 0;
}

CUresult cuInit(unsigned int flags) { return fails("init") ? 100 : (int)flags; }
CUresult cuDeviceGet(CUdevice *device, int ordinal) { *device = ordinal; return 0; }
CUresult cuDeviceGetName(char *name, int length, CUdevice device) {
  const char *given = getenv("FAKE_CUDA_NAME");
  snprintf(name, (size_t)length, "%s", given ? given : "Orin (nvgpu)");
  return device;
}
CUresult cuDeviceGetAttribute(int *value, int attribute, CUdevice device) {
  *value = attribute == 75 ? 8 : attribute == 76 ? 7 : -1;
  return device;
}
CUresult cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice device) {
  *context = CONTEXT;
  return device;
}
CUresult cuCtxSetCurrent(CUcontext context) { current = context; return context == CONTEXT ? 0 : 201; }
CUresult cuMemAlloc_v2(CUdeviceptr *address, size_t size) {
  if (current != CONTEXT) return 201;
  if (fails("memory")) return 2;
  *address = (CUdeviceptr)(uintptr_t)malloc(size);
  taken++;
  return 0;
}
CUresult cuMemFree_v2(CUdeviceptr address) { free((void *)(uintptr_t)address); taken--; return 0; }
CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void *from, size_t size, CUstream stream) {
  if (current != CONTEXT || (stream && stream != STREAM)) return 400;
  memcpy((void *)(uintptr_t)to, from, size);
  return 0;
}
CUresult cuMemcpyDtoHAsync_v2(void *to, CUdeviceptr from, size_t size, CUstream stream) {
  if (current != CONTEXT || stream != STREAM) return 400;
  memcpy(to, (void *)(uintptr_t)from, size);
  return 0;
}
CUresult cuStreamCreate(CUstream *stream, unsigned int flags) { *stream = STREAM; return (int)flags; }
CUresult cuStreamSynchronize(CUstream stream) { return stream && stream != STREAM ? 400 : 0; }
CUresult cuStreamDestroy_v2(CUstream stream) { return stream == STREAM ? 0 : 400; }
CUresult cuGetErrorString(CUresult error, const char **text) {
  *text = error == 2 ? "out of memory" : error == 100 ? "no CUDA-capable device is detected" : 0;
  return *text ? 0 : 1;
}
/* Not of CUDA: how many allocations are still held. */
long long allocations_held(void) { return taken; }
