/* SPDX-License-Identifier: Apache-2.0 */
/* OpenCL 1.2 by dlopen: as much of it as the rows beside PoCL need (specification, appendix A). */
#include "bench/pocl.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#define PLATFORM_NAME    0x0902u
#define DEVICE_TYPE_ALL  0xffffffffu
#define MEM_READ_WRITE   1u
#define MEM_COPY_HOST    32u
#define PLATFORM_OF_POCL "Portable Computing Language"

enum { PLATFORMS_MAX = 8 };

/* One row a function: result, name, parameters. */
#define FUNCTIONS(F)                                                                           \
	F(int32_t, clGetPlatformIDs, (uint32_t, void **, uint32_t *))                          \
	F(int32_t, clGetPlatformInfo, (void *, uint32_t, size_t, void *, size_t *))            \
	F(int32_t, clGetDeviceIDs, (void *, uint64_t, uint32_t, void **, uint32_t *))          \
	F(void *, clCreateContext,                                                             \
	  (const intptr_t *, uint32_t, void *const *, void *, void *, int32_t *))              \
	F(void *, clCreateCommandQueue, (void *, void *, uint64_t, int32_t *))                 \
	F(void *, clCreateProgramWithSource,                                                   \
	  (void *, uint32_t, const char **, const size_t *, int32_t *))                        \
	F(int32_t, clBuildProgram,                                                             \
	  (void *, uint32_t, void *const *, const char *, void *, void *))                     \
	F(void *, clCreateKernel, (void *, const char *, int32_t *))                           \
	F(void *, clCreateBuffer, (void *, uint64_t, size_t, void *, int32_t *))               \
	F(int32_t, clSetKernelArg, (void *, uint32_t, size_t, const void *))                   \
	F(int32_t, clEnqueueNDRangeKernel,                                                     \
	  (void *, void *, uint32_t, const size_t *, const size_t *, const size_t *, uint32_t, \
	   void *const *, void **))                                                            \
	F(int32_t, clEnqueueMarkerWithWaitList, (void *, uint32_t, void *const *, void **))    \
	F(int32_t, clWaitForEvents, (uint32_t, void *const *))                                 \
	F(int32_t, clReleaseEvent, (void *))                                                   \
	F(int32_t, clFinish, (void *))                                                         \
	F(int32_t, clReleaseMemObject, (void *))                                               \
	F(int32_t, clReleaseKernel, (void *))                                                  \
	F(int32_t, clReleaseProgram, (void *))                                                 \
	F(int32_t, clReleaseCommandQueue, (void *))                                            \
	F(int32_t, clReleaseContext, (void *))

struct pocl {
	void *library;
#define DECLARE(result, name, parameters) result(*name) parameters;
	FUNCTIONS(DECLARE)
	void *device, *context, *queue, *program, *kernel;
	void *buffers[POCL_ARGUMENTS];
};

static bool find_functions(struct pocl *p)
{
	/* A function's address through a pointer to void, as POSIX has it. */
#define FIND(result, name, parameters)                 \
	*(void **)&p->name = dlsym(p->library, #name); \
	if (!p->name)                                  \
		return false;
	FUNCTIONS(FIND)
	return true;
}

static bool find_device(struct pocl *p)
{
	void *platforms[PLATFORMS_MAX];
	uint32_t count = 0;

	if (p->clGetPlatformIDs(PLATFORMS_MAX, platforms, &count))
		return false;
	for (uint32_t i = 0; i < count && i < PLATFORMS_MAX; i++) {
		char name[64] = "";

		if (!p->clGetPlatformInfo(platforms[i], PLATFORM_NAME, sizeof(name), name, NULL) &&
		    !strcmp(name, PLATFORM_OF_POCL))
			return !p->clGetDeviceIDs(platforms[i], DEVICE_TYPE_ALL, 1, &p->device,
						  NULL);
	}
	return false;
}

struct pocl *pocl_open(const char **why)
{
	struct pocl *p = calloc(1, sizeof(*p));

	*why = "no memory";
	if (!p)
		return NULL;
	*why = "no libOpenCL.so.1 here";
	p->library = dlopen("libOpenCL.so.1", RTLD_NOW | RTLD_LOCAL);
	if (!p->library || !find_functions(p))
		goto failed;
	*why = "PoCL is not installed";
	if (!find_device(p))
		goto failed;
	*why = "PoCL makes no queue";
	p->context = p->clCreateContext(NULL, 1, &p->device, NULL, NULL, NULL);
	if (p->context)
		p->queue = p->clCreateCommandQueue(p->context, p->device, 0, NULL);
	if (p->queue)
		return p;
failed:
	pocl_close(p);
	return NULL;
}

static void drop_work(struct pocl *p)
{
	for (int i = 0; i < POCL_ARGUMENTS; i++) {
		if (p->buffers[i])
			p->clReleaseMemObject(p->buffers[i]);
		p->buffers[i] = NULL;
	}
	if (p->kernel)
		p->clReleaseKernel(p->kernel);
	if (p->program)
		p->clReleaseProgram(p->program);
	p->kernel = p->program = NULL;
}

/* The library stays loaded: it has threads. */
void pocl_close(struct pocl *p)
{
	if (!p)
		return;
	drop_work(p);
	if (p->queue)
		p->clReleaseCommandQueue(p->queue);
	if (p->context)
		p->clReleaseContext(p->context);
	free(p);
}

bool pocl_marker(struct pocl *p)
{
	void *event;

	if (p->clEnqueueMarkerWithWaitList(p->queue, 0, NULL, &event))
		return false;
	bool good = !p->clWaitForEvents(1, &event);

	p->clReleaseEvent(event);
	return good;
}

static bool set_argument(struct pocl *p, const struct pocl_argument *a, uint32_t i)
{
	if (!a->floats)
		return !p->clSetKernelArg(p->kernel, i, sizeof(a->number), &a->number);
	float *values = malloc(a->floats * sizeof(*values));

	for (size_t n = 0; values && n < a->floats; n++)
		values[n] = (float)(n % 1000) * 0.001f;
	if (values)
		p->buffers[i] = p->clCreateBuffer(p->context, MEM_READ_WRITE | MEM_COPY_HOST,
						  a->floats * sizeof(*values), values, NULL);
	free(values);
	return p->buffers[i] &&
	       !p->clSetKernelArg(p->kernel, i, sizeof(p->buffers[i]), &p->buffers[i]);
}

bool pocl_prepare(struct pocl *p, const struct pocl_work *work)
{
	const char *source = work->source;
	size_t bytes = work->source_bytes;

	drop_work(p);
	p->program = p->clCreateProgramWithSource(p->context, 1, &source, &bytes, NULL);
	if (!p->program || p->clBuildProgram(p->program, 1, &p->device, "", NULL, NULL))
		return false;
	p->kernel = p->clCreateKernel(p->program, work->kernel, NULL);
	for (uint32_t i = 0; p->kernel && i < work->count; i++)
		if (!set_argument(p, &work->arguments[i], i))
			return false;
	return p->kernel;
}

bool pocl_run(struct pocl *p, const struct pocl_work *work)
{
	return !p->clEnqueueNDRangeKernel(p->queue, p->kernel, 3, NULL, work->global, work->local,
					  0, NULL, NULL) &&
	       !p->clFinish(p->queue);
}
