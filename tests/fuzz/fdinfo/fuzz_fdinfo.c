/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel, or whatever stands there, says of an open node. */
#include <stdlib.h>

#include "hal/bus/fdinfo.h"
#include "tests/fuzz/reader.h"

static void is_text(const char *text, size_t bytes)
{
	size_t length = strnlen(text, bytes);

	if (length == bytes)
		abort();
	for (size_t i = 0; i < length; i++)
		if (text[i] < ' ' || text[i] > '~')
			abort();
}

static void is_part(const struct road_fdinfo_part *part, bool memory)
{
	const uint32_t values = memory ? ROAD_FDINFO_MEMORY_VALUES : ROAD_FDINFO_ENGINE_VALUES;
	uint64_t value;

	is_text(part->name, sizeof(part->name));
	if (!part->name[0] || !part->known || part->known >> values)
		abort();
	for (uint32_t i = 0; i < values; i++)
		if (road_fdinfo_value(part, memory, i, &value) && !memory &&
		    i == ROAD_FDINFO_CAPACITY && !value)
			abort();
}

/* No part comes twice, and none is without a value. */
static void are_parts(const struct road_fdinfo_part *parts, uint32_t count, bool memory)
{
	if (count > ROAD_FDINFO_PARTS)
		abort();
	for (uint32_t i = 0; i < count; i++) {
		is_part(&parts[i], memory);
		for (uint32_t j = 0; j < i; j++)
			if (!strcmp(parts[i].name, parts[j].name))
				abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct road_fdinfo info;
	char *text = malloc(size ? size : 1); /* ends where it ends */
	bool client;

	if (!text)
		return 0;
	if (size)
		memcpy(text, data, size);
	client = road_fdinfo_parse(text, size, &info);
	free(text);
	if (client != (info.driver[0] != 0))
		abort();
	is_text(info.driver, sizeof(info.driver));
	is_text(info.pdev, sizeof(info.pdev));
	is_text(info.name, sizeof(info.name));
	are_parts(info.engine, info.engine_count, false);
	are_parts(info.memory, info.memory_count, true);
	return 0;
}
