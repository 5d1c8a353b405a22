/* SPDX-License-Identifier: Apache-2.0 */
/* The library, its devices, what they are; results as statuses; coming to rest. */
#include "drivers/fakert/fakert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HANG_MS UINT64_C(10000)

/* ---- results ---- */

static road_status status_of(int result, const char *function)
{
	switch (result) {
	case frtSuccess: return ROAD_OK;
	case frtErrorMemoryAllocation:
		return road_drv_error(ROAD_OUT_OF_DEVICE_MEMORY, "the device has no memory left",
				      function, NULL, NULL);
	case frtErrorDevicesUnavailable:
	case frtErrorContextIsDestroyed:
		return road_drv_error(ROAD_DEVICE_LOST, "the device does not answer any more",
				      function, NULL, NULL);
	case frtErrorNotFound:
		return road_drv_error(ROAD_NOT_FOUND, "the library finds nothing of this name",
				      function, NULL, NULL);
	case frtErrorIllegalAddress:
	case frtErrorAssert:
	case frtErrorIllegalInstruction:
	case frtErrorLaunchFailure:
		return road_drv_errorf(ROAD_FAULT, function, "the work failed: error %d", result);
	default: return road_drv_errorf(ROAD_IO, function, "the library answers error %d", result);
	}
}

road_status fakert_status(struct fakert *f, int result, const char *function)
{
	road_status status = status_of(result, function);

	if (result) /* not for the program to find, whose thread this is */
		(void)f->rt.GetLastError();
	if (status == ROAD_DEVICE_LOST)
		road_drv_device_lost(f->dev);
	return status;
}

/* ---- the library ---- */

static road_status find_functions(struct road_bus *bus, struct fakert_rt *out)
{
#define ROW(name, arguments) {"frt" #name, (void **)(void *)&out->name},
	const struct {
		const char *name;
		void **at;
	} rows[] = {FRT_FUNCTIONS(ROW)};
	road_status status = ROAD_OK;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && !status; i++)
		status = bus->ops->symbol(bus, rows[i].name, rows[i].at);
	return status;
}

static road_status probe(struct road_bus *bus)
{
	struct fakert_rt rt;
	road_status status = find_functions(bus, &rt);
	int version = 0;

	if (!status)
		status = status_of(rt.DriverGetVersion(&version), "frtDriverGetVersion");
	if (!status && version / 1000 != FRT_VERSION_MAJOR)
		status = road_drv_errorf(ROAD_UNSUPPORTED, "frtDriverGetVersion",
					 "the library is version %d; allowed: %d000 to %d999",
					 version, FRT_VERSION_MAJOR, FRT_VERSION_MAJOR);
	return status;
}

static road_status scan(struct road_bus *bus, struct road_drv_sink *sink)
{
	struct fakert_rt rt;
	road_status status = find_functions(bus, &rt);
	bool more = true;
	int count = 0;

	if (!status)
		status = status_of(rt.GetDeviceCount(&count), "frtGetDeviceCount");
	for (int i = 0; i < count && more && !status; i++) {
		struct road_drv_found found = {.size = sizeof(found)};
		struct frtDeviceProp prop;
		char name[16];

		snprintf(name, sizeof(name), "%d", i);
		status = status_of(rt.GetDeviceProperties(&prop, i), "frtGetDeviceProperties");
		found.name = name;
		found.product = (const char *)prop.name;
		more = status || sink->found(sink, &found);
	}
	return status;
}

/* ---- staying in it ---- */

road_status fakert_enter(struct fakert *f, struct fakert_stay *stay)
{
	stay->before = f->ordinal;
	int result = f->rt.GetDevice(&stay->before);

	if (!result && stay->before != f->ordinal)
		result = f->rt.SetDevice(f->ordinal);
	return fakert_status(f, result, "frtSetDevice");
}

void fakert_leave(struct fakert *f, const struct fakert_stay *stay)
{
	if (stay->before != f->ordinal)
		(void)f->rt.SetDevice(stay->before);
}

road_status fakert_give_up(struct fakert *f)
{
	if (!atomic_exchange(&f->given_up, true))
		(void)f->rt.DeviceReset();
	road_drv_device_lost(f->dev);
	return road_drv_errorf(ROAD_DEVICE_LOST, "fakert: work that does not end",
			       "after %llu ms it still runs, and the device was reset",
			       (unsigned long long)(f->hang_ns / 1000000));
}

/* A query that failed once may have failed by itself; a dead stream answers so again. */
bool fakert_at_rest(struct fakert *f, frtStream_t stream)
{
	int result = frtSuccess;

	for (int tries = 0; tries < 2; tries++) {
		result = f->rt.StreamQuery(stream);
		if (result)
			(void)f->rt.GetLastError();
		if (!result || result == frtErrorNotReady)
			break;
	}
	return result != frtErrorNotReady;
}

road_status fakert_settle(struct fakert *f, frtStream_t stream)
{
	const struct road_bus_ops *bus = f->bus->ops;
	uint64_t deadline = bus->now_ns(f->bus) + f->hang_ns;

	while (!fakert_at_rest(f, stream)) {
		if (bus->now_ns(f->bus) >= deadline)
			return fakert_give_up(f);
		bus->relax(f->bus, deadline);
	}
	return ROAD_OK;
}

/* ---- up and down ---- */

static bool number(const char *text, uint64_t least, uint64_t most, uint64_t *out)
{
	char *end;

	*out = strtoull(text, &end, 10);
	return text[0] >= '0' && text[0] <= '9' && !*end && *out >= least && *out <= most;
}

static road_status take_options(struct fakert *f, const char *options)
{
	uint64_t ms = HANG_MS;

	if (options[0] &&
	    (strncmp(options, "hang_ms=", 8) || !number(options + 8, 1, 86400000, &ms)))
		return road_drv_error(ROAD_INVALID_ARGUMENT, "unknown option", "device address",
				      options, "hang_ms=1 .. 86400000");
	f->hang_ns = ms * 1000000;
	return ROAD_OK;
}

static road_status find_device(struct fakert *f, const char *name)
{
	uint64_t ordinal;
	int count = 0;
	road_status status = fakert_status(f, f->rt.GetDeviceCount(&count), "frtGetDeviceCount");

	if (status)
		return status;
	if (!number(name, 0, INT32_MAX, &ordinal) || ordinal >= (uint64_t)count)
		return road_drv_error(ROAD_NOT_FOUND, "the library has no such device",
				      "device address", name, "one that roadbed list names");
	f->ordinal = (int)ordinal;
	return fakert_status(f, f->rt.GetDeviceProperties(&f->prop, f->ordinal),
			     "frtGetDeviceProperties");
}

static road_status bring_up(struct fakert *f)
{
	struct fakert_stay stay;
	int least = 0, greatest = 0;
	road_status status = fakert_enter(f, &stay);

	if (status)
		return status;
	status = fakert_status(f, f->rt.DeviceGetStreamPriorityRange(&least, &greatest),
			       "frtDeviceGetStreamPriorityRange");
	f->priorities[1] = greatest;
	f->priorities[2] = least;
	if (!status)
		status = fakert_status(f, f->rt.StreamCreateWithPriority(&f->wiper, 0, greatest),
				       "frtStreamCreateWithPriority");
	fakert_leave(f, &stay);
	return status;
}

static road_status start(struct road_drv_device *dev, const char *options)
{
	struct fakert *f = calloc(1, sizeof(*f));
	road_status status;

	if (!f)
		return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for the driver", "fakert",
				      NULL, NULL);
	f->dev = dev;
	f->bus = dev->bus;
	status = take_options(f, options);
	if (!status)
		status = find_functions(f->bus, &f->rt);
	if (!status)
		status = find_device(f, dev->name);
	if (!status)
		status = bring_up(f);
	if (status) {
		free(f);
		return status;
	}
	pthread_mutex_init(&f->wipe_lock, NULL);
	dev->data = f;
	return ROAD_OK;
}

static void stop(struct road_drv_device *dev, enum road_stop_reason why)
{
	struct fakert *f = dev->data;
	struct fakert_stay stay;

	(void)why;
	(void)fakert_enter(f, &stay);
	(void)f->rt.StreamDestroy(f->wiper); /* at rest: whoever wiped awaited it */
	fakert_leave(f, &stay);
	pthread_mutex_destroy(&f->wipe_lock);
	free(f);
	dev->data = NULL;
}

/* The core cancels and resets every queue next, which awaits their work and renews the streams.
 * More would cost all memory: frtDeviceReset is for what does not end. */
static road_status reset(struct road_drv_device *dev)
{
	struct fakert *f = dev->data;
	struct fakert_stay stay;
	road_status status = fakert_enter(f, &stay);

	if (!status) {
		status = fakert_status(f, f->rt.StreamQuery(f->wiper), "frtStreamQuery");
		fakert_leave(f, &stay);
	}
	return status;
}

/* ---- what it is ---- */

static void info(struct road_drv_device *dev, struct road_device_info *out)
{
	const struct fakert *f = dev->data;

	snprintf(out->name, sizeof(out->name), "%.63s", (const char *)f->prop.name);
	out->device_class = ROAD_CLASS_OTHER;
	out->heap_count = 2;
	out->memory_bytes = f->prop.totalGlobalMem;
	out->queue_classes = 1u << ROAD_QUEUE_COMPUTE | 1u << ROAD_QUEUE_TRANSFER;
	out->queues_max = 64;
	out->queue_depth_max = 256;
	out->commands = 1u << ROAD_COMMAND_COPY | 1u << ROAD_COMMAND_FILL |
			1u << ROAD_COMMAND_LAUNCH | 1u << ROAD_COMMAND_WRITE_VALUE |
			1u << ROAD_COMMAND_TIMESTAMP;
	out->features = ROAD_FEATURE_IMAGES | ROAD_FEATURE_UNIFIED_ADDRESS | ROAD_FEATURE_COHERENT |
			ROAD_FEATURE_QUEUE_RESET | ROAD_FEATURE_PRIORITIES;
}

static road_status property(struct road_drv_device *dev, uint32_t index, struct road_property *out)
{
	const struct fakert *f = dev->data;
	const struct {
		const char *name, *unit;
		uint32_t type;
		uint64_t value;
	} rows[] = {
		{"compute.units", "", ROAD_VALUE_U64, f->prop.multiProcessorCount},
		{"compute.threads_per_block", "", ROAD_VALUE_U64, f->prop.maxThreadsPerBlock},
		{"memory.bytes", "bytes", ROAD_VALUE_U64, f->prop.totalGlobalMem},
		{"shared.per_block", "bytes", ROAD_VALUE_U64, f->prop.sharedMemPerBlock},
		{"address.unified", "", ROAD_VALUE_BOOL, 1},
		{"fault.protection", "", ROAD_VALUE_BOOL, 0},
		{"fault.watchdog", "", ROAD_VALUE_BOOL, 0},
	};

	if (index >= sizeof(rows) / sizeof(rows[0]))
		return road_drv_errorf(ROAD_NOT_FOUND, "fakert", "no property %u", index);
	*out = (struct road_property){.size = sizeof(*out),
				      .id = index + 1,
				      .type = rows[index].type,
				      .source = ROAD_SOURCE_COMPUTED,
				      .u64 = rows[index].value};
	snprintf(out->name, sizeof(out->name), "%s", rows[index].name);
	snprintf(out->unit, sizeof(out->unit), "%s", rows[index].unit);
	return ROAD_OK;
}

static const struct road_driver_ops ops = {
	.probe = probe,
	.scan = scan,
	.start = start,
	.stop = stop,
	.info = info,
	.property = property,
	.queue_open = fakert_queue_open,
	.queue_close = fakert_queue_close,
	.submit = fakert_submit,
	.advance = fakert_advance,
	.wait = fakert_wait,
	.queue_reset = fakert_queue_reset,
	.reset = reset,
};

extern const struct road_driver road_driver_fakert;
const struct road_driver road_driver_fakert = {
	.abi = ROAD_DRIVER_ABI,
	.name = "fakert",
	.scheme = "fakert",
	.library = "libfakert.so.1",
	.ops = &ops,
	.memory = &fakert_memory_ops,
	.image = &fakert_image_ops,
};
