/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/roadbed/library.h"

#include <inttypes.h>

static void message(void *user, int level, const char *object, const char *text)
{
	(void)user;
	if (level != ROAD_MESSAGE_INFO)
		fprintf(stderr, "roadbed: %s: %s: %s\n",
			level == ROAD_MESSAGE_ERROR ? "error" : "warning", object, text);
}

static int create(road_instance_options options, road_instance **out)
{
	options.size = sizeof(options);
	options.message = message;
	road_status status = road_instance_create(&options, out);

	return status == ROAD_OK ? TOOL_OK : library_refuse("starting the library", status);
}

int library_open(road_instance **out)
{
	return create((road_instance_options){0}, out);
}

int library_open_no_wake(bool no_wake, road_instance **out)
{
	return create((road_instance_options){.flags = no_wake ? ROAD_INSTANCE_NO_WAKE : 0}, out);
}

int library_open_firmware(const char *folders, const char *keys, road_instance **out)
{
	return create((road_instance_options){.firmware_folders = folders, .firmware_keys = keys},
		      out);
}

void library_error_print(const char *doing, const road_error *detail)
{
	char what[256], where[128];

	snprintf(what, sizeof(what), "%s (%s)", detail->what, road_status_text(detail->status));
	snprintf(where, sizeof(where), "%s%s%.96s", doing, detail->where[0] ? ": " : "",
		 detail->where);
	tool_refuse(TOOL_FAILURE, where, what, detail->seen, detail->allowed);
}

int library_refuse(const char *doing, road_status status)
{
	road_error detail = {.size = sizeof(detail)};

	if (road_last_error(&detail) == ROAD_OK && detail.status == status)
		library_error_print(doing, &detail);
	else
		tool_refuse(TOOL_FAILURE, doing, road_status_text(status), "", "");
	return TOOL_FAILURE;
}

#define WORDS(name, ...)                                                      \
	static const char *const name##_words[] = {__VA_ARGS__};              \
	static const char *name##_word(size_t index)                          \
	{                                                                     \
		return index < sizeof(name##_words) / sizeof(name##_words[0]) \
			       ? name##_words[index]                          \
			       : NULL;                                        \
	}

WORDS(class, "other", "cpu", "gpu", "dsa", "rpu", "edu")
WORDS(heap, "device", "device, host-visible", "host", "scratchpads")
WORDS(health, "ok", "faulted", "lost", "wedged")
WORDS(source, "register", "firmware", "kernel", "catalogue", "computed", "assumed")
WORDS(fault, "none", "memory", "rights", "alignment", "illegal instruction", "trap", "deadlock",
      "watchdog", "image", "resources", "packet", "arithmetic", "transport", "callback", "ecc",
      "firmware")
WORDS(command, "copy", "write", "read", "fill", "launch", "barrier", "wait value", "write value",
      "callback", "timestamp", "reconfigure")
WORDS(feature, "images", "spaces", "unified address", "coherent", "space map", "queue reset",
      "regions", "priorities", "clusters")
WORDS(queue_class, NULL, "compute", "transfer")

static const char *or_unknown(const char *word)
{
	return word ? word : "unknown";
}

const char *word_of_class(uint32_t device_class)
{
	return or_unknown(class_word(device_class));
}

const char *word_of_heap(uint32_t kind)
{
	return or_unknown(heap_word(kind));
}

const char *word_of_health(uint32_t health)
{
	return or_unknown(health_word(health));
}

const char *word_of_source(uint32_t source)
{
	return or_unknown(source_word(source));
}

const char *word_of_fault(uint32_t kind)
{
	return or_unknown(fault_word(kind));
}

const char *word_of_command(unsigned bit)
{
	return command_word(bit);
}

const char *word_of_feature(unsigned bit)
{
	return feature_word(bit);
}

const char *word_of_queue_class(unsigned bit)
{
	return queue_class_word(bit);
}

const char *word_of_simulated(bool simulated)
{
	return simulated ? "simulated" : "not simulated";
}

const char *property_as_text(const road_property *property, char *out, size_t room)
{
	const char *gap = property->unit[0] ? " " : "";

	switch (property->type) {
	case ROAD_VALUE_U64:
		snprintf(out, room, "%" PRIu64 "%s%s", property->u64, gap, property->unit);
		break;
	case ROAD_VALUE_F64:
		snprintf(out, room, "%g%s%s", property->f64, gap, property->unit);
		break;
	case ROAD_VALUE_TEXT:
		snprintf(out, room, "%s%s%s", property->text, gap, property->unit);
		break;
	case ROAD_VALUE_BOOL:
		snprintf(out, room, "%s%s%s", property->u64 ? "yes" : "no", gap, property->unit);
		break;
	default: snprintf(out, room, "unknown%s%s", gap, property->unit);
	}
	return out;
}

const char *bytes_as_text(uint64_t bytes, char *out, size_t room)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	unsigned unit = 0;

	while (bytes && bytes % 1024 == 0 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		bytes /= 1024;
		unit++;
	}
	snprintf(out, room, "%" PRIu64 " %s", bytes, units[unit]);
	return out;
}
