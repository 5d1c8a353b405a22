/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A vendor's runtime library: two devices, each with a thread that does work in order, a moment
 * after it was given. It knows nothing of anybody's headers.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#define API __attribute__((visibility("default")))

struct vendor_device {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t change;
	uint64_t given, done, waits, asked;
	int over;
};

API int vendor_version(void);
API int vendor_count(void);
API struct vendor_device *vendor_open(int index);
API void vendor_close(struct vendor_device *device);
API void vendor_give(struct vendor_device *device);
API uint64_t vendor_done(struct vendor_device *device);
API uint64_t vendor_waits(struct vendor_device *device);
API uint64_t vendor_asked(struct vendor_device *device);
API void vendor_wait(struct vendor_device *device, uint64_t upto, uint64_t monotonic_ns);

int vendor_version(void)
{
	return VERSION;
}

int vendor_count(void)
{
	return 2;
}

static void *work(void *arg)
{
	const struct timespec moment = {.tv_nsec = 300000};
	struct vendor_device *device = arg;

	pthread_mutex_lock(&device->lock);
	while (!device->over || device->done < device->given) {
		if (device->done == device->given) {
			pthread_cond_wait(&device->change, &device->lock);
			continue;
		}
		pthread_mutex_unlock(&device->lock);
		nanosleep(&moment, NULL);
		pthread_mutex_lock(&device->lock);
		device->done++;
		pthread_cond_broadcast(&device->change);
	}
	pthread_mutex_unlock(&device->lock);
	return NULL;
}

struct vendor_device *vendor_open(int index)
{
	struct vendor_device *device = index < vendor_count() ? calloc(1, sizeof(*device)) : NULL;
	pthread_condattr_t attributes;

	if (!device)
		return NULL;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_mutex_init(&device->lock, NULL);
	pthread_cond_init(&device->change, &attributes);
	pthread_condattr_destroy(&attributes);
	if (!pthread_create(&device->thread, NULL, work, device))
		return device;
	free(device);
	return NULL;
}

void vendor_close(struct vendor_device *device)
{
	pthread_mutex_lock(&device->lock);
	device->over = 1;
	pthread_cond_broadcast(&device->change);
	pthread_mutex_unlock(&device->lock);
	pthread_join(device->thread, NULL);
	pthread_mutex_destroy(&device->lock);
	pthread_cond_destroy(&device->change);
	free(device);
}

void vendor_give(struct vendor_device *device)
{
	pthread_mutex_lock(&device->lock);
	device->given++;
	pthread_cond_broadcast(&device->change);
	pthread_mutex_unlock(&device->lock);
}

uint64_t vendor_done(struct vendor_device *device)
{
	pthread_mutex_lock(&device->lock);
	uint64_t done = device->done;

	pthread_mutex_unlock(&device->lock);
	return done;
}

uint64_t vendor_waits(struct vendor_device *device)
{
	pthread_mutex_lock(&device->lock);
	uint64_t waits = device->waits;

	pthread_mutex_unlock(&device->lock);
	return waits;
}

uint64_t vendor_asked(struct vendor_device *device)
{
	pthread_mutex_lock(&device->lock);
	uint64_t asked = device->asked;

	pthread_mutex_unlock(&device->lock);
	return asked;
}

void vendor_wait(struct vendor_device *device, uint64_t upto, uint64_t monotonic_ns)
{
	struct timespec until = {.tv_sec = (time_t)(monotonic_ns / 1000000000u),
				 .tv_nsec = (long)(monotonic_ns % 1000000000u)};

	pthread_mutex_lock(&device->lock);
	if (!device->waits++)
		device->asked = upto;
	while (device->done < upto &&
	       !pthread_cond_timedwait(&device->change, &device->lock, &until))
		;
	pthread_mutex_unlock(&device->lock);
}
