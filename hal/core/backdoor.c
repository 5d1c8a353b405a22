/* SPDX-License-Identifier: Apache-2.0 */
/* <roadbed/sim.h>: what tests and tools may do with simulated devices. */
#include <roadbed-driver/firmware.h>
#include <roadbed/sim.h>

#include "hal/core/core.h"

/* The control table of a simulated device that has this call; NULL: recorded as unsupported. */
#define CONTROL(device, call, where) \
	control_of(device, offsetof(struct road_bus_control, call), where)

static const struct road_bus_control *control_of(struct road_device *device, size_t call,
						 const char *where)
{
	if (road_object_check(device, &road_device_class, where))
		return NULL;
	const struct road_bus_control *control = device->control;

	if (control && *(void *const *)(const void *)((const char *)control + call))
		return control;
	road_fail(ROAD_UNSUPPORTED, "not a simulated device", where, device->address, "sim:…");
	return NULL;
}

static road_status last_status(void)
{
	road_error why;

	road_error_take(&why);
	return why.status;
}

road_status road_sim_chip_check(road_instance *instance, const char *file, const void *bytes,
				size_t len, road_sim_chip *out)
{
	road_sim_chip chip;
	road_status status =
		road_object_check(instance, &road_instance_class, "road_sim_chip_check: instance");

	if (!status && (!file || !bytes))
		status = road_fail(ROAD_INVALID_ARGUMENT, "argument is NULL",
				   "road_sim_chip_check: file, bytes", "NULL", "");
	if (!status)
		status = road_struct_out_check(out, 8, "road_sim_chip_check: out");
	if (!status)
		status = road_sim_check(instance->library_folder, file, bytes, len, &chip);
	if (!status)
		road_struct_out(out, &chip, sizeof(chip));
	return status;
}

/* Of a device whose virtual time another process runs, that is the bus's clock. */
road_status road_sim_time(road_device *device, uint64_t *domain_ns, uint64_t *thread_ns)
{
	const struct road_bus_control *control =
		CONTROL(device, violations, "road_sim_time: device");
	struct road_bus *bus;

	if (!control)
		return last_status();
	bus = device->drv.bus;
	if (domain_ns)
		*domain_ns = control->domain ? control->domain->now() / ROAD_NS_PS
					     : bus->ops->now_ns(bus);
	if (thread_ns)
		*thread_ns =
			control->domain ? *road_thread_time() / ROAD_NS_PS : bus->ops->now_ns(bus);
	return ROAD_OK;
}

road_status road_sim_deterministic(road_device *device, uint32_t *out)
{
	const struct road_bus_control *control =
		CONTROL(device, violations, "road_sim_deterministic: device");

	if (!control)
		return last_status();
	if (!out)
		return road_fail(ROAD_INVALID_ARGUMENT, "output is NULL",
				 "road_sim_deterministic: out", "NULL", "");
	*out = control->domain && road_agent_seen() == device->agents_before && !road_agent_alive();
	return ROAD_OK;
}

road_status road_sim_counter(road_device *device, uint32_t index, const char **name,
			     uint64_t *value)
{
	const struct road_bus_control *control =
		CONTROL(device, counter, "road_sim_counter: device");
	const char *own_name;
	uint64_t own_value;

	if (!control)
		return last_status();
	if (!control->counter(device->drv.bus, index, &own_name, &own_value))
		return road_fail_u64(ROAD_NOT_FOUND, "no such counter", "road_sim_counter: index",
				     index, "");
	if (name)
		*name = own_name;
	if (value)
		*value = own_value;
	return ROAD_OK;
}

road_status road_sim_line_get(road_device *device, uint32_t index, road_sim_line *out)
{
	const struct road_bus_control *control = CONTROL(device, line, "road_sim_line_get: device");
	road_sim_line own = {.size = sizeof(own)};
	road_status status;

	if (!control)
		return last_status();
	status = road_struct_out_check(out, sizeof(own), "road_sim_line_get: out");
	if (status)
		return status;
	if (!control->line(device->drv.bus, index, &own))
		return road_fail_u64(ROAD_NOT_FOUND, "no such line", "road_sim_line_get: index",
				     index, "device opened with lines=1");
	road_struct_out(out, &own, sizeof(own));
	return ROAD_OK;
}

road_status road_sim_parameter_get(road_device *device, uint32_t index, road_sim_parameter *out)
{
	const struct road_bus_control *control =
		CONTROL(device, parameter, "road_sim_parameter_get: device");
	road_sim_parameter own = {.size = sizeof(own)};
	road_status status;

	if (!control)
		return last_status();
	status = road_struct_out_check(out, sizeof(own), "road_sim_parameter_get: out");
	if (status)
		return status;
	if (!control->parameter(device->drv.bus, index, &own))
		return road_fail_u64(ROAD_NOT_FOUND, "no such parameter",
				     "road_sim_parameter_get: index", index, "");
	road_struct_out(out, &own, sizeof(own));
	return ROAD_OK;
}

road_status road_sim_scenario(road_device *device, uint32_t index, const char **name,
			      const char **text)
{
	const struct road_bus_control *control =
		CONTROL(device, scenario, "road_sim_scenario: device");
	const char *own_name, *own_text;

	if (!control)
		return last_status();
	if (!control->scenario(device->drv.bus, index, &own_name, &own_text))
		return road_fail_u64(ROAD_NOT_FOUND, "no such scenario", "road_sim_scenario: index",
				     index, "");
	if (name)
		*name = own_name;
	if (text)
		*text = own_text;
	return ROAD_OK;
}

road_status road_sim_violations(road_device *device, uint64_t *count)
{
	const struct road_bus_control *control =
		CONTROL(device, violations, "road_sim_violations: device");

	if (!control)
		return last_status();
	if (!count)
		return road_fail(ROAD_INVALID_ARGUMENT, "output is NULL",
				 "road_sim_violations: count", "NULL", "");
	*count = control->violations(device->drv.bus);
	return ROAD_OK;
}

road_status road_sim_violation(road_device *device, uint32_t index, char *text, size_t bytes)
{
	const struct road_bus_control *control =
		CONTROL(device, violation, "road_sim_violation: device");

	if (!control)
		return last_status();
	if (!text || !bytes)
		return road_fail(ROAD_INVALID_ARGUMENT, "no room for the text",
				 "road_sim_violation: text, bytes", "0", ">= 1");
	if (!control->violation(device->drv.bus, index, text, bytes))
		return road_fail_u64(ROAD_NOT_FOUND, "no such violation",
				     "road_sim_violation: index", index, "");
	return ROAD_OK;
}

road_status road_sim_error_inject(road_device *device, uint32_t error, uint64_t address)
{
	const char *where = "road_sim_error_inject: address";
	const struct road_bus_control *control =
		CONTROL(device, inject, "road_sim_error_inject: device");

	if (!control)
		return last_status();
	if (error > ROAD_SIM_ECC_UNCORRECTABLE)
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "no such error",
				     "road_sim_error_inject: error", error, "enum road_sim_error");
	switch (control->inject(device->drv.bus, error == ROAD_SIM_ECC_UNCORRECTABLE, address)) {
	case ROAD_BUS_INJECTED: return ROAD_OK;
	case ROAD_BUS_INJECT_NOWHERE:
		return road_fail_u64(ROAD_NOT_FOUND, "no device memory there", where, address,
				     "an address in a buffer of device memory");
	case ROAD_BUS_INJECT_FULL:
		return road_fail(ROAD_NO_SPACE, "too many poisoned words", where, "65",
				 "at most 64");
	default:
		return road_fail(ROAD_UNSUPPORTED, "the chip has no error correction",
				 "road_sim_error_inject: device", device->address,
				 "property memory.ecc is true");
	}
}

road_status road_sim_phase_fail(road_device *device, uint32_t region, uint32_t phase,
				uint32_t times)
{
	const struct road_bus_control *control =
		CONTROL(device, phase_fail, "road_sim_phase_fail: device");

	if (!control)
		return last_status();
	if (phase == ROAD_PHASE_NONE || phase >= ROAD_PHASES)
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "no such phase",
				     "road_sim_phase_fail: phase", phase,
				     "ROAD_PHASE_PARSE .. ROAD_PHASE_RESUME");
	switch (control->phase_fail(device->drv.bus, region, phase, times)) {
	case ROAD_BUS_INJECTED: return ROAD_OK;
	case ROAD_BUS_INJECT_NONE:
		return road_fail(ROAD_UNSUPPORTED, "the chip has no regions",
				 "road_sim_phase_fail: device", device->address,
				 "ROAD_FEATURE_REGIONS");
	default:
		return road_fail_u64(ROAD_NOT_FOUND, "no such region",
				     "road_sim_phase_fail: region", region,
				     "road_region_info.index of one that is there");
	}
}

/* The chip boots firmware, and this cannot happen to it. */
static road_status no_such_boot(uint32_t fault, uint32_t phase)
{
	switch (fault) {
	case ROAD_SIM_BOOT_CRASH:
	case ROAD_SIM_BOOT_STOP:
		return road_fail_u64(ROAD_UNSUPPORTED, "no firmware runs that it could happen to",
				     "road_sim_boot_fault: fault", fault,
				     "those of boots, until one has been");
	case ROAD_SIM_BOOT_HANG:
		return road_fail_u64(ROAD_UNSUPPORTED, "no boot stays in this phase",
				     "road_sim_boot_fault: phase", phase,
				     "one that a boot passes, or ends in");
	default:
		return road_fail_u64(ROAD_UNSUPPORTED, "the chip does not pull its images",
				     "road_sim_boot_fault: fault", fault,
				     "a fault that images have that are pushed");
	}
}

road_status road_sim_boot_fault(road_device *device, uint32_t fault, uint32_t phase, uint32_t times)
{
	const struct road_bus_control *control =
		CONTROL(device, boot_fault, "road_sim_boot_fault: device");

	if (!control)
		return last_status();
	if (fault >= ROAD_SIM_BOOT_FAULTS)
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "no such fault",
				     "road_sim_boot_fault: fault", fault,
				     "enum road_sim_boot_fault");
	if (phase >= ROAD_FIRMWARE_PHASES || (phase && fault != ROAD_SIM_BOOT_HANG))
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "no such phase of this fault",
				     "road_sim_boot_fault: phase", phase,
				     "enum road_firmware_phase for HANG, else 0");
	switch (control->boot_fault(device->drv.bus, fault, phase, times)) {
	case ROAD_BUS_INJECTED: return ROAD_OK;
	case ROAD_BUS_INJECT_NONE:
		return road_fail(ROAD_UNSUPPORTED, "the chip boots no firmware",
				 "road_sim_boot_fault: device", device->address,
				 "one with a boot ROM");
	default: return no_such_boot(fault, phase);
	}
}

road_status road_sim_unplug(road_device *device)
{
	const struct road_bus_control *control = CONTROL(device, unplug, "road_sim_unplug: device");

	if (!control)
		return last_status();
	bool fresh;
	road_status status = road_unplugged_add(device->instance, device->address, &fresh);

	if (status)
		return status;
	control->unplug(device->drv.bus);
	road_device_lose(device);
	if (fresh)
		road_device_change(device, ROAD_CHANGE_REMOVED, "pulled out");
	return ROAD_OK;
}

road_status road_sim_report(road_device *device, char *json, size_t bytes, size_t *needed)
{
	const struct road_bus_control *control = CONTROL(device, report, "road_sim_report: device");

	if (!control)
		return last_status();
	if (!json && bytes)
		return road_fail(ROAD_INVALID_ARGUMENT, "output is NULL", "road_sim_report: json",
				 "NULL", "bytes of memory");
	size_t needs = control->report(device->drv.bus, json, bytes) + 1;

	if (needed)
		*needed = needs;
	if (json && needs > bytes)
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "buffer is too small",
				     "road_sim_report: bytes", bytes, "see *needed");
	return ROAD_OK;
}

road_status road_sim_trace(road_device *device, int fd)
{
	const struct road_bus_control *control = CONTROL(device, trace, "road_sim_trace: device");

	if (!control)
		return last_status();
	int result = control->trace(device->drv.bus, fd);

	if (result < 0)
		return road_fail(ROAD_UNSUPPORTED, "device keeps no event log",
				 "road_sim_trace: device", device->address,
				 "open it with time=trace");
	if (result > 0)
		return road_fail_u64(ROAD_IO, "writing the trace failed", "road_sim_trace: fd",
				     (uint64_t)result, "");
	return ROAD_OK;
}
