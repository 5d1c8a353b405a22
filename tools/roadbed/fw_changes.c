/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/roadbed/fw_changes.h"

#include <stdlib.h>
#include <string.h>

#include "tools/roadbed/library.h"

enum { PROPERTIES_MAX = 256 };

struct fw_seen {
	road_device_info info;
	uint32_t count;
	road_property properties[PROPERTIES_MAX];
};

struct fw_seen *fw_seen_take(road_device *device)
{
	struct fw_seen *seen = calloc(1, sizeof(*seen));

	if (!seen)
		return NULL;
	seen->info.size = sizeof(seen->info);
	(void)road_device_info_get(device, &seen->info);
	for (; seen->count < PROPERTIES_MAX; seen->count++) {
		road_property *one = &seen->properties[seen->count];

		one->size = sizeof(*one);
		if (road_device_property_at(device, seen->count, one))
			break;
	}
	return seen;
}

void fw_seen_free(struct fw_seen *seen)
{
	free(seen);
}

/* "without copy, read" of the bits that are in `from` and not in `to`. */
static void print_bits(const char *kind, const char *how, uint64_t from, uint64_t to,
		       const char *(*word)(unsigned bit))
{
	const char *between = "";

	if (!(from & ~to))
		return;
	printf("  %s: %s ", kind, how);
	for (unsigned bit = 0; bit < 64; bit++)
		if ((from & ~to) >> bit & 1) {
			printf("%s%s", between, word(bit) ? word(bit) : "one without a name");
			between = ", ";
		}
	putchar('\n');
}

static const road_property *find(const struct fw_seen *seen, const char *name)
{
	for (uint32_t i = 0; i < seen->count; i++)
		if (!strcmp(seen->properties[i].name, name))
			return &seen->properties[i];
	return NULL;
}

/* What is another one with each image, or each boot, whatever the image does. */
static bool is_own(const char *name)
{
	static const char *const own[] = {"firmware.version", "firmware.counter",
					  "firmware.boot_time"};

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (!strcmp(own[i], name))
			return true;
	return false;
}

static void print_property(const road_property *before, const road_property *now)
{
	char was[320], is[320];

	property_as_text(before, was, sizeof(was));
	property_as_text(now, is, sizeof(is));
	if (!is_own(now->name) && strcmp(was, is))
		printf("  %s: %s, before %s\n", now->name, is, was);
}

/* What came or went with a feature or a command is told by these. */
void fw_changes_print(const struct fw_seen *before, const struct fw_seen *now)
{
	const road_device_info *was = &before->info, *is = &now->info;

	print_bits("commands", "without", was->commands, is->commands, word_of_command);
	print_bits("commands", "with", is->commands, was->commands, word_of_command);
	print_bits("features", "without", was->features, is->features, word_of_feature);
	print_bits("features", "with", is->features, was->features, word_of_feature);
	for (uint32_t i = 0; i < now->count; i++) {
		const road_property *other = find(before, now->properties[i].name);

		if (other)
			print_property(other, &now->properties[i]);
	}
}
