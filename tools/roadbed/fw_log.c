/* SPDX-License-Identifier: Apache-2.0 */
/* roadbed fw log: the states that a device's boots went through, and what a crash left. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tools/roadbed/changes.h"
#include "tools/roadbed/fw_device.h"
#include "tools/roadbed/json.h"
#include "uapi/firmware/boot.h"

/* More than any chip leaves. */
enum { DUMP_MAX = 16 << 20 };

struct log {
	struct fw_device device;
	const char *dump; /* where the dump goes; NULL: it is only shown */
	bool crash;
	struct fw_list keys;
	struct changes changes;
	struct json_object *document, *lines; /* NULL: text */
};

static const char *const codes[ROAD_BOOT_CODES] = {
	[ROAD_BOOT_CODE_NONE] = "none",
	[ROAD_BOOT_CODE_BYTES] = "wrong number of bytes",
	[ROAD_BOOT_CODE_CONTAINER] = "no sound container",
	[ROAD_BOOT_CODE_DIGEST] = "digest",
	[ROAD_BOOT_CODE_KEY] = "unknown key",
	[ROAD_BOOT_CODE_SIGNATURE] = "signature",
	[ROAD_BOOT_CODE_CHIP] = "for another chip",
	[ROAD_BOOT_CODE_PROGRAM] = "unusable payload",
	[ROAD_BOOT_CODE_DMA] = "address that is not mapped",
	[ROAD_BOOT_CODE_SELFTEST] = "self-test",
	[ROAD_BOOT_CODE_PANIC] = "panic",
	[ROAD_BOOT_CODE_NONCE] = "wrong nonce",
};

static int print_changes(struct log *log)
{
	road_change change;
	int code = TOOL_OK;

	while (changes_next(&log->changes, &change, &code)) {
		if (log->device.json) {
			struct json_object *line = json_new();

			changes_fill(&log->changes, &change, line);
			json_append(log->lines, line);
		} else {
			changes_print(&log->changes, &change);
		}
	}
	return code;
}

/* ---- the dump ---- */

/* A dump as the boot block of Roadbed's own chips has it. */
static bool known_dump(const uint8_t *bytes, size_t count, struct road_boot_dump *out)
{
	if (count < sizeof(*out))
		return false;
	memcpy(out, bytes, sizeof(*out));
	return out->magic == ROAD_BOOT_DUMP_MAGIC && out->text_bytes <= count - sizeof(*out);
}

static const char *code_text(uint32_t code)
{
	return code < ROAD_BOOT_CODES ? codes[code] : "unknown";
}

static void dump_text(const uint8_t *bytes, size_t count)
{
	struct road_boot_dump dump;

	printf("dump: %zu bytes\n", count);
	if (known_dump(bytes, count, &dump)) {
		printf("  code %" PRIu32 ": %s\n  at %" PRIu64 " ns, heartbeat %" PRIu64 "\n",
		       dump.code, code_text(dump.code), dump.time_ns, dump.heartbeat);
		printf("  image %u.%u.%u+%" PRIu32 "\n", dump.image.version_major,
		       dump.image.version_minor, dump.image.version_revision,
		       dump.image.version_build);
		printf("  %" PRIu32 " queues open, %" PRIu64 " packets taken\n  %.*s\n",
		       dump.queues_open, dump.packets, (int)dump.text_bytes,
		       (const char *)bytes + sizeof(dump));
		return;
	}
	for (size_t i = 0; i < count; i++)
		printf("%s%02x%s", i % 16 ? " " : "  ", bytes[i],
		       i % 16 == 15 || i + 1 == count ? "\n" : "");
}

static struct json_object *dump_json(const uint8_t *bytes, size_t count)
{
	struct json_object *object = json_new();
	struct road_boot_dump dump;
	char *hex = malloc(2 * count + 1);

	if (!hex)
		tool_no_memory();
	hex[0] = 0;
	fw_hex(bytes, count, hex);
	json_add_text(object, "hex", hex);
	free(hex);
	if (!known_dump(bytes, count, &dump))
		return object;
	json_add_u64(object, "code", dump.code);
	json_add_text(object, "reason", code_text(dump.code));
	json_add_u64(object, "time_ns", dump.time_ns);
	json_add_u64(object, "heartbeat", dump.heartbeat);
	json_add_u64(object, "queues_open", dump.queues_open);
	json_add_u64(object, "packets", dump.packets);
	json_add_bytes(object, "text", (const char *)bytes + sizeof(dump), dump.text_bytes);
	return object;
}

/* What the last crash left, all of it; *count is 0 if that is nothing. */
static int read_dump(road_device *device, uint8_t **out, size_t *count)
{
	road_device_firmware firmware = {.size = sizeof(firmware)};
	road_status status = road_device_firmware_get(device, &firmware);

	*count = 0;
	*out = calloc(1, firmware.dump_bytes < DUMP_MAX ? firmware.dump_bytes + 1 : DUMP_MAX);
	if (!*out)
		tool_no_memory();
	while (!status && *count < firmware.dump_bytes && *count < DUMP_MAX) {
		size_t got = 0;

		status = road_device_firmware_dump(device, *count, *out + *count,
						   firmware.dump_bytes - *count, &got);
		if (!got)
			break;
		*count += got;
	}
	if (!status || status == ROAD_NOT_FOUND)
		return TOOL_OK;
	return fw_library_refuse("reading what the crash left", status);
}

static int show_dump(struct log *log, road_device *device)
{
	uint8_t *bytes = NULL;
	size_t count = 0;
	int code = read_dump(device, &bytes, &count);

	if (!code && log->device.json)
		json_add(log->document, "dump", count ? dump_json(bytes, count) : NULL);
	else if (!code && count)
		dump_text(bytes, count);
	if (!code && log->dump)
		code = count ? fw_write_out(log->dump, bytes, count)
			     : tool_refuse(TOOL_IO, log->dump, "nothing crashed, nothing is left",
					   "", "");
	free(bytes);
	return code;
}

/* ---- */

/* The simulated firmware crashes, is looked at, and boots again. */
static int crash(struct log *log, road_device *device)
{
	road_status status = road_sim_boot_fault(device, ROAD_SIM_BOOT_CRASH, 0, 0);
	road_device_firmware firmware = {.size = sizeof(firmware)};

	if (status)
		return fw_library_refuse("--crash", status);
	status = road_device_firmware_get(device, &firmware); /* notices it */
	if (status)
		return fw_library_refuse(log->device.address, status);
	int code = print_changes(log);

	if (!code)
		code = show_dump(log, device);
	if (code)
		return code;
	status = road_device_reset(device, ROAD_RESET_DEVICE);
	return status ? fw_library_refuse("resetting the device", status) : TOOL_OK;
}

static int with_device(struct log *log, road_device *device)
{
	road_device_firmware firmware = {.size = sizeof(firmware)};
	const road_status status = road_device_firmware_get(device, &firmware);

	if (status)
		return fw_library_refuse(log->device.address, status);
	return log->crash ? crash(log, device) : show_dump(log, device);
}

static int with_instance(struct log *log, road_instance *instance)
{
	road_device *device = NULL;
	int code = changes_open(&log->changes, instance,
				ROAD_CHANGE_BOOT | ROAD_CHANGE_FAULT | ROAD_CHANGE_LOST |
					ROAD_CHANGE_RECOVERED);

	if (code)
		return code;
	const road_status status = road_device_open(instance, log->device.address, &device);

	/* The states that led to a failure come before it. */
	code = print_changes(log);
	if (status)
		code = fw_library_refuse(log->device.address, status);
	else if (!code)
		code = with_device(log, device);
	const int last = print_changes(log);

	road_device_release(device);
	changes_close(&log->changes);
	return code ? code : last;
}

static int run(struct log *log)
{
	road_instance *instance;
	int code = fw_device_instance(&log->device, &instance);

	if (code)
		return code;
	if (log->device.json) {
		log->document = json_document("fw-log");
		log->lines = json_new_array();
		json_add_text(log->document, "address", log->device.address);
		json_add(log->document, "changes", log->lines);
	}
	code = with_instance(log, instance);
	if (log->device.json)
		json_print(log->document);
	road_instance_release(instance);
	return code;
}

int fw_log(int argc, char **argv)
{
	struct log log = {0};
	struct tool_error error;
	const struct tool_option options[] = {{"--dump", NULL, &log.dump},
					      {"--crash", &log.crash, NULL},
					      {"--folders", NULL, &log.device.folders},
					      {"--json", &log.device.json, NULL},
					      {NULL, NULL, NULL}};

	if (fw_take_list("--key", &argc, argv, &log.keys, &error) ||
	    tool_options(options, argc, argv, &argc, &error))
		return fw_usage(&error);
	log.device.keys = &log.keys;
	if (argc != 1 || !fw_is_device(argv[0]))
		return tool_refuse(TOOL_USAGE, "fw log", "takes one DEVICE", argc ? argv[0] : "",
				   "an address, like sim:gpu-small");
	log.device.address = argv[0];
	return run(&log);
}
