/* SPDX-License-Identifier: Apache-2.0 */
/* Devices, the current one, errors, and what tests ask for. */
#include "tests/fakert/fake.h"

#include <stdio.h>
#include <string.h>

#include "tests/fakert/fakert_test.h"

#define DECLARE_TEST(type, name, arguments) API type frtTest##name arguments;
FRT_TEST_FUNCTIONS(DECLARE_TEST)

struct fake fake = {.lock = PTHREAD_MUTEX_INITIALIZER, .change = PTHREAD_COND_INITIALIZER};
static _Thread_local int current, last_error;

int fake_begin(void)
{
	int result = frtSuccess;

	pthread_mutex_lock(&fake.lock);
	if (++fake.calls == fake.fail_at)
		result = fake.fail_result;
	pthread_mutex_unlock(&fake.lock);
	return result;
}

int fake_end(int result)
{
	if (result)
		last_error = result;
	return result;
}

int fake_current(void)
{
	return current;
}

int fake_usable(int device, uint64_t resets)
{
	if (fake.devices[device].gone)
		return frtErrorDevicesUnavailable;
	if (fake.devices[device].resets != resets)
		return frtErrorContextIsDestroyed;
	return device == current ? frtSuccess : frtErrorInvalidResourceHandle;
}

int frtGetLastError(void)
{
	int error = last_error;

	last_error = frtSuccess;
	return error;
}

const char *frtGetErrorString(int error)
{
	switch (error) {
	case frtSuccess: return "no error";
	case frtErrorInvalidValue: return "invalid value";
	case frtErrorMemoryAllocation: return "out of memory";
	case frtErrorDevicesUnavailable: return "the device is gone";
	case frtErrorNotReady: return "not ready";
	case frtErrorIllegalAddress: return "illegal address";
	default: return "other error";
	}
}

int frtDriverGetVersion(int *version)
{
	BEGIN();
	*version = 1000 * FRT_VERSION_MAJOR + 2;
	return frtSuccess;
}

int frtGetDeviceCount(int *count)
{
	BEGIN();
	*count = DEVICES;
	return frtSuccess;
}

int frtSetDevice(int device)
{
	BEGIN();
	if (device < 0 || device >= DEVICES)
		return fake_end(frtErrorInvalidDevice);
	current = device;
	return frtSuccess;
}

int frtGetDevice(int *device)
{
	BEGIN();
	*device = current;
	return frtSuccess;
}

int frtGetDeviceProperties(struct frtDeviceProp *out, int device)
{
	BEGIN();
	if (device < 0 || device >= DEVICES)
		return fake_end(frtErrorInvalidDevice);
	*out = (struct frtDeviceProp){.totalGlobalMem = MEMORY_BYTES,
				      .sharedMemPerBlock = SHARED_BYTES,
				      .multiProcessorCount = 4,
				      .maxThreadsPerBlock = THREADS_MAX,
				      .maxGridSize = {INT32_MAX, 65535, 65535}};
	snprintf((char *)out->name, sizeof(out->name), "fakert device %d, threads on this machine",
		 device);
	return frtSuccess;
}

int frtDeviceGetStreamPriorityRange(int *least, int *greatest)
{
	BEGIN();
	*least = 1;
	*greatest = -1;
	return frtSuccess;
}

int frtDeviceReset(void)
{
	BEGIN();
	pthread_mutex_lock(&fake.lock);
	int result = fake.devices[current].gone ? frtErrorDevicesUnavailable : frtSuccess;

	if (!result) {
		fake.devices[current].resets++;
		fake.devices[current].hangs = 0;
		fake_kill(current, frtErrorContextIsDestroyed);
		fake_forget_blocks(current);
	}
	pthread_mutex_unlock(&fake.lock);
	return fake_end(result);
}

/* ---- tests ---- */

void frtTestFailCall(uint64_t nth, int result)
{
	pthread_mutex_lock(&fake.lock);
	fake.fail_at = nth ? fake.calls + nth : 0;
	fake.fail_result = result;
	pthread_mutex_unlock(&fake.lock);
}

void frtTestHang(int device, int count)
{
	pthread_mutex_lock(&fake.lock);
	fake.devices[device].hangs = count;
	pthread_mutex_unlock(&fake.lock);
}

void frtTestGone(int device)
{
	pthread_mutex_lock(&fake.lock);
	fake_kill(device, frtErrorDevicesUnavailable);
	fake.devices[device].gone = true;
	pthread_mutex_unlock(&fake.lock);
}

void frtTestBack(int device)
{
	pthread_mutex_lock(&fake.lock);
	fake.devices[device].gone = false;
	pthread_mutex_unlock(&fake.lock);
}

uint64_t frtTestCalls(void)
{
	pthread_mutex_lock(&fake.lock);
	uint64_t calls = fake.calls;

	pthread_mutex_unlock(&fake.lock);
	return calls;
}

uint64_t frtTestLive(void)
{
	pthread_mutex_lock(&fake.lock);
	uint64_t live = fake.live;

	pthread_mutex_unlock(&fake.lock);
	return live;
}
