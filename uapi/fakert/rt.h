/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The contract of libfakert.so.1: a runtime library as vendors of accelerators ship it, and what it
 * promises. tests/fakert has the library, which runs on this machine's processor.
 *
 * Every thread has a current device, 0 at first; streams, events, memory and modules belong to the
 * device that was current when they were made, and a call that uses them under another one is
 * frtErrorInvalidResourceHandle. Calls come from any thread, several at a time. What fails also
 * stands in the thread's last error until frtGetLastError takes it away, frtErrorNotReady included.
 *
 * Work goes into streams and is done in order there. When work fails its stream is dead: nothing of
 * it runs any more, and every event recorded there and not reached answers the failure. Only
 * frtDeviceReset ends work that does not end by itself.
 */
#ifndef UAPI_FAKERT_RT_H
#define UAPI_FAKERT_RT_H

#include <stddef.h>
#include <stdint.h>

#define FRT_VERSION_MAJOR 1 /* frtDriverGetVersion: 1000 x major + minor */

enum frtError {
	frtSuccess = 0,
	frtErrorInvalidValue = 1,
	frtErrorMemoryAllocation = 2,
	frtErrorInvalidPitchValue = 12,
	frtErrorDevicesUnavailable = 46, /* the device does not answer any more */
	frtErrorInvalidDevice = 101,
	frtErrorInvalidImage = 200,
	frtErrorNoBinaryForDevice = 209,
	frtErrorInvalidResourceHandle = 400,
	frtErrorNotFound = 500,
	frtErrorNotReady = 600,
	/* of work, later */
	frtErrorIllegalAddress = 700,
	frtErrorContextIsDestroyed = 709, /* frtDeviceReset took it away */
	frtErrorAssert = 710,
	frtErrorIllegalInstruction = 715,
	frtErrorLaunchFailure = 719,
};

enum frtMemcpyKind { frtMemcpyDefault = 4 }; /* the addresses tell; others: 0 to 3, unchecked */
enum frtMemoryType { frtMemoryUnregistered, frtMemoryHost, frtMemoryDevice };

struct frtDeviceProp {
	uint8_t name[64];
	uint64_t totalGlobalMem, sharedMemPerBlock;
	uint32_t multiProcessorCount, maxThreadsPerBlock;
	uint32_t maxGridSize[3];
	uint32_t reserved;
};
struct frtPointerAttributes {
	uint32_t type; /* enum frtMemoryType */
	int32_t device;
	uint64_t base, bytes;
};
struct frtFuncAttributes {
	uint32_t maxThreadsPerBlock, sharedSizeBytes, paramCount, paramBytes;
};
struct frtDim3 {
	uint32_t x, y, z;
};

typedef struct frtStream *frtStream_t;
typedef struct frtEvent *frtEvent_t;
typedef struct frtModule *frtModule_t;
typedef const struct frtFunction *frtFunction_t;
typedef void (*frtHostFn_t)(void *user);

/* F(name, arguments): int frtNAME(arguments), an enum frtError. What a driver needs. */
#define FRT_FUNCTIONS(F)                                                                          \
	F(DriverGetVersion, (int *version))                                                       \
	F(GetDeviceCount, (int *count))                                                           \
	F(SetDevice, (int device)) /* of this thread */                                           \
	F(GetDevice, (int *device))                                                               \
	F(GetDeviceProperties, (struct frtDeviceProp * out, int device))                          \
	F(DeviceGetStreamPriorityRange, (int *least, int *greatest)) /* the smaller, the more */  \
	/* Ends all work of the device and frees its memory; registrations and modules go, too.   \
	 * Handles stay until they are destroyed: frtErrorContextIsDestroyed. */                  \
	F(DeviceReset, (void))                                                                    \
	F(GetLastError, (void)) /* answers it and takes it away */                                \
	F(MemGetInfo, (size_t * free_bytes, size_t * total))                                      \
	F(Malloc, (void **out, size_t bytes)) /* aligned to 256, not wiped */                     \
	F(Free, (void *memory))                                                                   \
	F(HostRegister, (void *host, size_t bytes, unsigned flags)) /* kernels reach it */        \
	F(HostUnregister, (void *host))                                                           \
	/* As memmove; a copy of 4 or 8 bytes between addresses aligned so is one store. */       \
	F(MemcpyAsync, (void *dst, const void *src, size_t bytes, int kind, frtStream_t stream))  \
	F(Memcpy2DAsync, (void *dst, size_t dst_pitch, const void *src, size_t src_pitch,         \
			  size_t width, size_t height, int kind, frtStream_t stream))             \
	F(MemsetAsync, (void *dst, int value, size_t bytes, frtStream_t stream))                  \
	F(StreamCreateWithPriority, (frtStream_t * out, unsigned flags, int priority))            \
	F(StreamDestroy, (frtStream_t stream)) /* waits for its work, without a deadline */       \
	F(StreamQuery, (frtStream_t stream))   /* frtErrorNotReady: work is left */               \
	F(EventCreate, (frtEvent_t * out))                                                        \
	F(EventRecord, (frtEvent_t event, frtStream_t stream))                                    \
	F(EventQuery, (frtEvent_t event))                                                         \
	F(EventDestroy, (frtEvent_t event))                                                       \
	/* image: text that ends with a NUL. */                                                   \
	F(ModuleLoadData, (frtModule_t * out, const void *image))                                 \
	F(ModuleUnload, (frtModule_t module))                                                     \
	F(ModuleGetFunction, (frtFunction_t * out, frtModule_t module, const char *name))         \
	F(ModuleGetGlobal, (void **out, size_t *bytes, frtModule_t module, const char *name))     \
	/* Of all there are, up to capacity go to out. */                                         \
	F(ModuleEnumerateFunctions, (frtFunction_t * out, unsigned capacity, frtModule_t module)) \
	F(FuncGetName, (const char **out, frtFunction_t function))                                \
	F(FuncGetAttributes, (struct frtFuncAttributes * out, frtFunction_t function))            \
	F(FuncGetParamInfo,                                                                       \
	  (frtFunction_t function, unsigned index, size_t *offset, size_t *bytes))                \
	/* One pointer an argument; what they point at is taken at once. */                       \
	F(LaunchKernel, (frtFunction_t function, struct frtDim3 grid, struct frtDim3 block,       \
			 void **arguments, size_t shared_bytes, frtStream_t stream))              \
	/* Called in the stream's order on a thread of the library; must call nothing of it. */   \
	F(LaunchHostFunc, (frtStream_t stream, frtHostFn_t function, void *user))

/* What there is beside it. The waits know no deadline. */
#define FRT_FURTHER_FUNCTIONS(F)                                                     \
	F(MallocHost, (void **out, size_t bytes))                                    \
	F(FreeHost, (void *memory))                                                  \
	F(PointerGetAttributes, (struct frtPointerAttributes * out, const void *at)) \
	F(StreamSynchronize, (frtStream_t stream))                                   \
	F(StreamWaitEvent, (frtStream_t stream, frtEvent_t event, unsigned flags))   \
	F(EventSynchronize, (frtEvent_t event))                                      \
	F(EventElapsedTime, (float *milliseconds, frtEvent_t from, frtEvent_t to))   \
	F(DeviceSynchronize, (void))

const char *frtGetErrorString(int error);

#endif
