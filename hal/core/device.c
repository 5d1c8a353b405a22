/* SPDX-License-Identifier: Apache-2.0 */
/* Devices: from an address to a driver that runs it, and its end. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hal/bus/address.h"
#include "hal/core/core.h"
#include "hal/core/drivers.h"
#include "hal/core/firmware.h"
#include "hal/core/interrupts.h"
#include "hal/core/region.h"
#include "hal/core/submit.h"

static struct road_device *device_of(struct road_object *object)
{
	return (struct road_device *)(void *)object;
}

static void destroy_locks(struct road_device *device)
{
	pthread_mutex_destroy(&device->lock);
	pthread_mutex_destroy(&device->fault_lock);
	pthread_mutex_destroy(&device->word_lock);
	pthread_mutex_destroy(&device->shared_lock);
	pthread_mutex_destroy(&device->region_lock);
	pthread_mutex_destroy(&device->config_lock);
}

static void device_close(struct road_object *object)
{
	struct road_device *device = device_of(object);
	struct road_instance *instance = device->instance;
	struct road_bus *bus = device->drv.bus;

	pthread_mutex_lock(&instance->lock);
	struct road_device **at = &instance->open_devices;

	while (*at && *at != device)
		at = &(*at)->next;
	if (*at)
		*at = device->next;
	pthread_mutex_unlock(&instance->lock);
	road_progress_device_remove(device);
	road_syncobjs_forget(device);
	road_regions_free(device);
	road_words_trim(device);
	road_stage_trim(device);
	device->ops.stop(&device->drv,
			 road_device_is_lost(device) ? ROAD_STOP_LOST : ROAD_STOP_CLOSE);
	road_interrupts_close(device);
	road_boot_close(device);
	road_tokens_forget(device);
	if (bus)
		bus->ops->close(bus);
	road_device_change(device, ROAD_CHANGE_REMOVED, "closed");
}

static void device_finish(struct road_object *object)
{
	struct road_device *device = device_of(object);

	free(device->address);
	free(device->options);
	free(device->drv_options);
	destroy_locks(device);
	road_object_release(&device->instance->object);
}

static void device_free(struct road_object *object)
{
	free(device_of(object));
}

const struct road_class road_device_class = {ROAD_TYPE_DEVICE, "device", device_close,
					     device_finish, device_free};

void road_device_change(struct road_device *device, uint32_t kind, const char *text)
{
	if (!device->apart)
		road_instance_change(device->instance, kind, device->address, text);
}

/* Finds the device with this identity among those that are open; with a reference. One that is lost
 * is nobody's any more: what answers at its address is another. */
static struct road_device *find_open(struct road_instance *instance, const char *identity)
{
	struct road_device *device;

	pthread_mutex_lock(&instance->lock);
	for (device = instance->open_devices; device; device = device->next)
		if (!strcmp(device->address, identity) && !road_device_is_lost(device) &&
		    road_object_retain_live(&device->object))
			break;
	pthread_mutex_unlock(&instance->lock);
	return device;
}

/* Default tables first, the driver's sparse ones over them: callers never test for NULL. */
static void lay_tables(struct road_device *device, const struct road_driver *driver)
{
	device->drv.driver = driver;
	road_defaults_ops(&device->ops, driver->ops);
	road_defaults_memory(&device->memory, driver->memory);
	road_defaults_image(&device->image, driver->image);
	road_defaults_region(&device->region, driver->region);
	device->sleeps = driver->ops->wait;
}

/* A driver for what nobody else takes; it looks at what the bus knows. */
static const struct road_driver *last_resort(const struct road_instance *instance,
					     struct road_bus *bus)
{
	const struct road_driver *driver;

	for (uint32_t i = 0; (driver = road_driver_at(instance, i, NULL)); i++)
		if (!driver->scheme && !driver->compatible && !driver->pci_vendor &&
		    !driver->ops->probe(bus))
			return driver;
	return NULL;
}

/* Does the bus give its drivers registers at all? */
static road_status can_reach(struct road_bus *bus)
{
	const struct road_bus_control *control = road_bus_control_of(bus);

	return control && control->reach ? control->reach(bus) : ROAD_OK;
}

/* The driver that takes this function. */
static road_status match(const struct road_instance *instance, struct road_bus *bus,
			 const char *identity, const struct road_driver **out)
{
	struct road_bus_ids ids = {0};
	road_status status = ROAD_NOT_FOUND;
	const struct road_driver *driver;

	bus->ops->ids(bus, &ids);
	for (uint32_t i = 0; (driver = road_driver_at(instance, i, NULL)); i++) {
		if (!road_driver_speaks_for(driver, &ids))
			continue;
		status = can_reach(bus);
		if (!status)
			status = driver->ops->probe(bus);
		if (status == ROAD_OK) {
			*out = driver;
			return ROAD_OK;
		}
	}
	if (status != ROAD_NOT_FOUND)
		return status; /* the bus or the driver recorded why */
	*out = last_resort(instance, bus);
	if (*out)
		return ROAD_OK;
	return road_fail(ROAD_UNSUPPORTED, "no driver for this function",
			 "road_device_open: address", ids.compatible[0] ? ids.compatible : identity,
			 "");
}

/* What all regions of the device have in common. A device that says it has some, and shows none,
 * has none. */
static void look_at_root(struct road_device *device, struct road_device_info *info)
{
	device->root = (struct road_region_info){.size = sizeof(device->root)};
	if (info->features & ROAD_FEATURE_REGIONS &&
	    !device->region.info(&device->drv, 0, &device->root))
		return;
	info->features &= ~ROAD_FEATURE_REGIONS;
	info->commands &= ~(1u << ROAD_COMMAND_RECONFIGURE);
}

static void fill_info(struct road_device *device, struct road_device_info *info)
{
	struct road_bus *bus = device->drv.bus;
	struct road_bus_ids ids = {0};

	info->size = sizeof(*info);
	info->test_scale = 1;
	snprintf(info->address, sizeof(info->address), "%s", device->address);
	snprintf(info->driver, sizeof(info->driver), "%s", device->drv.driver->name);
	snprintf(info->bus, sizeof(info->bus), "%s", bus ? bus->ops->name : "none");
	if (bus) {
		bus->ops->ids(bus, &ids);
		snprintf(info->name, sizeof(info->name), "%s", ids.name);
		snprintf(info->vendor, sizeof(info->vendor), "%s", ids.vendor_name);
		snprintf(info->pci_address, sizeof(info->pci_address), "%s", ids.pci_address);
		info->pci_vendor = ids.vendor;
		info->pci_device = ids.device;
		info->simulated = ids.simulated;
	}
	road_device_uuid(device->address, info->uuid);
	device->ops.info(&device->drv, info);
	if (info->commands & 1u << ROAD_COMMAND_COPY)
		info->commands |= 1u << ROAD_COMMAND_WRITE | 1u << ROAD_COMMAND_READ;
	if (info->queue_classes)
		info->commands |= 1u << ROAD_COMMAND_BARRIER | 1u << ROAD_COMMAND_CALLBACK;
	look_at_root(device, info);
}

static void take_costs(struct road_device *device)
{
	device->submit_ps = 0;
	device->query_ps = ROAD_QUERY_PS;
	if (!device->control)
		return;
	if (device->control->costs)
		device->control->costs(device->drv.bus, &device->submit_ps, &device->query_ps);
	if (device->control->domain)
		road_progress_domain(device->control->domain);
}

/* The driver's start, and what the core keeps of what it says. */
static road_status start_driver(struct road_device *device)
{
	road_status status = device->ops.start(&device->drv, device->drv_options);

	if (status)
		return status;
	struct road_device_info info = {0};

	fill_info(device, &info);
	/* The instance looks for a PCI address among open devices while one loads its firmware. */
	pthread_mutex_lock(&device->instance->lock);
	device->info = info;
	pthread_mutex_unlock(&device->instance->lock);
	device->counters = device->properties = 0;
	road_telemetry_count(device);
	road_device_count_properties(device);
	return ROAD_OK;
}

/* Binds a driver to the bus, boots the chip and starts it. Owns neither on failure. */
static road_status start(struct road_device *device, struct road_bus *bus,
			 const struct road_driver *driver)
{
	device->drv.bus = bus;
	device->drv.address = device->address;
	device->drv.cache = device->instance->cache;
	device->drv.name =
		driver->scheme && driver->ops->scan ? strchr(device->address, ':') + 1 : "";
	if (bus)
		device->control = road_bus_control_of(bus);
	take_costs(device);
	lay_tables(device, driver);
	road_driver_options(driver, device->drv_options);
	road_status status = road_boot_open(device);

	if (status)
		return status;
	status = start_driver(device);
	if (status)
		goto close_boot;
	status = road_interrupts_open(device);
	if (status)
		goto stop;
	return ROAD_OK;
stop:
	device->ops.stop(&device->drv, ROAD_STOP_CLOSE);
close_boot:
	road_boot_close(device);
	return status;
}

/* What is left of a driver that could not start again: nothing but an end. */
static void stopped(struct road_drv_device *dev, enum road_stop_reason why)
{
	(void)dev;
	(void)why;
}

static const struct road_driver_ops stopped_ops = {.stop = stopped};

void road_device_suspend(struct road_device *device)
{
	road_progress_device_remove(device);
	road_regions_free(device);
	road_words_trim(device);
	road_stage_trim(device);
	device->ops.stop(&device->drv, ROAD_STOP_CLOSE);
}

road_status road_device_resume(struct road_device *device)
{
	road_status status = start_driver(device);

	if (!status)
		road_progress_device_add(device);
	return status;
}

void road_device_abandon(struct road_device *device)
{
	road_defaults_ops(&device->ops, &stopped_ops);
	road_defaults_memory(&device->memory, NULL);
	road_defaults_image(&device->image, NULL);
	road_defaults_region(&device->region, NULL);
	device->properties = device->counters = 0;
	road_device_lose(device);
	road_progress_device_add(device);
}

static struct road_device *make_device(struct road_instance *instance,
				       const struct road_address *address)
{
	struct road_device *device = calloc(1, sizeof(*device));

	if (!device)
		return NULL;
	device->address = strdup(address->identity);
	device->options = strdup(address->options);
	device->drv_options = strdup(address->options);
	if (!device->address || !device->options || !device->drv_options) {
		free(device->address);
		free(device->options);
		free(device->drv_options);
		free(device);
		return NULL;
	}
	device->instance = instance;
	device->agents_before = road_agent_seen();
	device->fault_first = device->fault_next = 1;
	pthread_mutex_init(&device->lock, NULL);
	pthread_mutex_init(&device->fault_lock, NULL);
	pthread_mutex_init(&device->word_lock, NULL);
	pthread_mutex_init(&device->shared_lock, NULL);
	pthread_mutex_init(&device->region_lock, NULL);
	pthread_mutex_init(&device->config_lock, NULL);
	return device;
}

static void unmake_device(struct road_device *device)
{
	free(device->address);
	free(device->options);
	free(device->drv_options);
	destroy_locks(device);
	free(device);
}

/* SCHEME: or SCHEME:NAME, as the driver has one device or any number. */
static road_status check_own(const struct road_driver *driver, const struct road_address *address)
{
	const bool named = driver->ops->scan;

	if (address->decorator_count || (address->rest[0] && !named))
		return road_fail(ROAD_INVALID_ARGUMENT,
				 named ? "this scheme takes no decorator"
				       : "this scheme takes no name and no decorator",
				 "road_device_open: address", address->identity,
				 named ? "the scheme, ':' and a name" : "the scheme and ':' alone");
	if (named && !address->rest[0])
		return road_fail(ROAD_INVALID_ARGUMENT,
				 "the address names no device of this scheme",
				 "road_device_open: address", address->identity,
				 "one that road_instance_enumerate lists");
	return ROAD_OK;
}

static road_status open_own(struct road_device *device, const struct road_address *address,
			    const struct road_driver *driver, struct road_bus **bus)
{
	road_status status = check_own(driver, address);

	if (!status)
		status = road_driver_bus(device->instance, driver, device->options, bus);
	if (!status)
		status = driver->ops->probe(*bus);
	return status;
}

static bool wish_runs(const struct road_bus_wish *wish, const struct road_bus_ids *ids)
{
	return road_driver_runs(wish->who, ids);
}

/* The bus, with its decorators around it, and the driver that takes it; bus NULL for a driver that
 * is its own bus. */
static road_status find_driver(struct road_device *device, const struct road_address *address,
			       struct road_bus **bus, const struct road_driver **driver)
{
	struct road_instance *instance = device->instance;
	const struct road_driver *own;
	road_status status;
	uint32_t i = 0;

	*bus = NULL;
	while ((own = road_driver_at(instance, i, NULL)) &&
	       (!own->scheme || strcmp(own->scheme, address->scheme)))
		i++;
	if (own) {
		*driver = own;
		status = open_own(device, address, own, bus);
	} else {
		const struct road_bus_wish wish = {instance->library_folder,
						   instance->flags & ROAD_INSTANCE_NO_WAKE,
						   wish_runs, instance};

		status = road_bus_open(&wish, address, bus);
		if (!status)
			status = match(instance, *bus, address->identity, driver);
	}
	if (status && *bus) {
		(*bus)->ops->close(*bus);
		*bus = NULL;
	}
	return status;
}

/* apart: nobody else of the instance gets it, or hears of it. */
static road_status open_new(struct road_instance *instance, const struct road_address *address,
			    bool apart, struct road_device **out)
{
	const struct road_driver *driver = NULL;
	struct road_bus *bus = NULL;
	struct road_device *device = make_device(instance, address);
	road_status status;

	if (!device)
		return road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory for a device",
				 "road_device_open", "", "");
	device->apart = apart;
	status = find_driver(device, address, &bus, &driver);
	if (status)
		goto unmake;
	status = start(device, bus, driver);
	if (status)
		goto close_bus;
	road_object_retain(&instance->object);
	road_object_init(&device->object, &road_device_class);
	if (!apart) {
		pthread_mutex_lock(&instance->lock);
		device->next = instance->open_devices;
		instance->open_devices = device;
		pthread_mutex_unlock(&instance->lock);
	}
	road_progress_device_add(device);
	road_device_change(device, ROAD_CHANGE_ARRIVED, "opened");
	*out = device;
	return ROAD_OK;
close_bus:
	if (bus)
		bus->ops->close(bus);
unmake:
	unmake_device(device);
	return status;
}

road_status road_device_open(road_instance *instance, const char *address, road_device **out)
{
	struct road_address parsed;
	road_status status =
		road_object_check(instance, &road_instance_class, "road_device_open: instance");

	if (status)
		return status;
	if (!address || !out)
		return road_fail(ROAD_INVALID_ARGUMENT, "argument is NULL",
				 address ? "road_device_open: out" : "road_device_open: address",
				 "NULL", "");
	status = road_address_parse(address, &parsed);
	if (status)
		return status;
	/* What was pulled out is not what is there now, even if nobody looked since. */
	while (road_progress_check_lost())
		; /* one at a time */
	/* One open at a time, so that two threads get the same device. */
	pthread_mutex_lock(&instance->open_lock);
	struct road_device *device = find_open(instance, parsed.identity);

	if (device && strcmp(device->options, parsed.options)) {
		status = road_fail(ROAD_INVALID_ARGUMENT, "device is open with other options",
				   "road_device_open: address", parsed.options, device->options);
		pthread_mutex_unlock(&instance->open_lock);
		road_object_release(&device->object);
		goto out;
	}
	if (!device && road_is_unplugged(instance, parsed.identity))
		status = road_fail(ROAD_DEVICE_LOST, "the device was pulled out",
				   "road_device_open: address", parsed.identity,
				   "one that is plugged in");
	else if (!device)
		status = open_new(instance, &parsed, false, &device);
	pthread_mutex_unlock(&instance->open_lock);
	if (!status)
		*out = device;
out:
	road_address_free(&parsed);
	return status;
}

road_status road_device_open_apart(struct road_instance *instance, const char *address,
				   struct road_device **out)
{
	struct road_address parsed;
	road_status status = road_address_parse(address, &parsed);

	if (status)
		return status;
	status = open_new(instance, &parsed, true, out);
	road_address_free(&parsed);
	return status;
}

road_status road_device_retain(road_device *device)
{
	road_status status =
		road_object_check(device, &road_device_class, "road_device_retain: device");

	if (!status)
		road_object_retain(&device->object);
	return status;
}

void road_device_release(road_device *device)
{
	if (road_object_mine(device, &road_device_class, "road_device_release: device"))
		road_object_release(&device->object);
}
