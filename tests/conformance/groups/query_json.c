/* SPDX-License-Identifier: Apache-2.0 */
/* What the command `roadbed info --json` says is what the device says. */
#include "tests/conformance/case.h"
#include "tests/conformance/machine.h"

#include <json-c/json.h>
#include <stdio.h>

/* The document that the command prints; NULL, and the case has failed. */
static struct json_object *ask_command(struct fixture *f)
{
	size_t room = 1 << 20, used = 0, got;
	char command[8192], *text = fixture_memory(f, room);

	REQUIRE(!strchr(f->address, '\''));
	snprintf(command, sizeof(command), "'%.4000s' info --json '%.1000s'", machine_command(),
		 f->address);
	fixture_let_go(f); /* for the command to open it */
	FILE *pipe = popen(command, "re");

	REQUIRE(pipe != NULL);
	while ((got = fread(text + used, 1, room - 1 - used, pipe)))
		used += got;
	CHECK_EQ(pclose(pipe), 0);
	fixture_back(f);
	struct json_object *document = json_tokener_parse(text);

	CHECK(document != NULL);
	return document;
}

/* The schema: members that are always there, and what each may be. */
static const struct {
	const char *name;
	enum json_type type;
	bool null; /* unknown: null, never 0 or "" */
} schema[] = {
	{"schema", json_type_string, false},      {"address", json_type_string, false},
	{"name", json_type_string, true},         {"vendor", json_type_string, true},
	{"class", json_type_string, false},       {"simulated", json_type_boolean, false},
	{"driver", json_type_string, true},       {"bus", json_type_string, true},
	{"pci_address", json_type_string, true},  {"pci_vendor", json_type_int, true},
	{"pci_device", json_type_int, true},      {"uuid", json_type_string, false},
	{"health", json_type_string, false},      {"resets", json_type_int, false},
	{"device_clock_ns", json_type_int, true}, {"host_clock_ns", json_type_int, true},
	{"memory_bytes", json_type_int, true},    {"queues_max", json_type_int, true},
	{"queue_depth_max", json_type_int, true}, {"queue_classes", json_type_array, false},
	{"commands", json_type_array, false},     {"features", json_type_array, false},
	{"heaps", json_type_array, false},        {"properties", json_type_array, false},
};

static struct json_object *member(struct json_object *of, const char *name)
{
	struct json_object *out = NULL;

	if (!json_object_object_get_ex(of, name, &out))
		CASE_FAIL("\"%s\" is missing", name);
	return out;
}

static void look_at_shape(struct json_object *document)
{
	for (unsigned i = 0; i < sizeof(schema) / sizeof(schema[0]); i++) {
		struct json_object *m = member(document, schema[i].name);

		if (m ? !json_object_is_type(m, schema[i].type) : !schema[i].null)
			CASE_FAIL("\"%s\" is a %s", schema[i].name,
				  json_type_to_name(json_object_get_type(m)));
		if (m && schema[i].null && schema[i].type == json_type_int)
			CHECK(json_object_get_int64(m) != 0);
		if (m && schema[i].null && schema[i].type == json_type_string)
			CHECK(json_object_get_string_len(m) != 0);
	}
}

static bool is_text(struct json_object *document, const char *name, const char *wanted)
{
	struct json_object *m = member(document, name);

	return wanted[0] ? m && !strcmp(json_object_get_string(m), wanted) : !m;
}

static size_t length(struct json_object *document, const char *name)
{
	return json_object_array_length(member(document, name));
}

/* Each property of the device, in its order, and no other. */
static void look_at_properties(struct fixture *f, struct json_object *list)
{
	road_property p = {.size = sizeof(p)};
	uint32_t count = 0;

	for (; !road_device_property_at(f->device, count, &p); count++) {
		struct json_object *one = json_object_array_get_idx(list, count);

		REQUIRE(one != NULL);
		CHECK(is_text(one, "name", p.name));
		CHECK(is_text(one, "unit", p.unit));
		CHECK_EQ(json_object_get_int64(member(one, "id")), p.id);
		CHECK(json_object_get_string_len(member(one, "source")) != 0);
		json_object_object_foreach(one, key, value)
		{
			if (strncmp(key, "value", 5))
				continue;
			CHECK_EQ(value == NULL, p.type == ROAD_VALUE_NULL);
			/* Of a chip that others run, too, no two openings take the same time. */
			if (p.type == ROAD_VALUE_U64 &&
			    (fixture_has(f, CAPABILITY_DOMAIN) || strcmp(p.unit, "ns")))
				CHECK_EQ(json_object_get_uint64(value), p.u64);
			if (p.type == ROAD_VALUE_TEXT)
				CHECK(!strcmp(json_object_get_string(value), p.text));
		}
	}
	CHECK_EQ(json_object_array_length(list), count);
}

CONFORMANCE_CASE(query, json_schema_validates)
{
	struct json_object *document = ask_command(f);
	unsigned bits = 0;

	if (!document)
		return;
	look_at_shape(document);
	CHECK(is_text(document, "address", f->info.address));
	CHECK(is_text(document, "name", f->info.name));
	CHECK(is_text(document, "vendor", f->info.vendor));
	CHECK(is_text(document, "driver", f->info.driver));
	CHECK(is_text(document, "pci_address", f->info.pci_address));
	CHECK_EQ(json_object_get_boolean(member(document, "simulated")), f->info.simulated);
	CHECK_EQ(length(document, "heaps"), f->info.heap_count);
	for (unsigned i = 0; i < 64; i++)
		bits += f->info.commands >> i & 1;
	CHECK_EQ(length(document, "commands"), bits);
	CHECK_EQ(length(document, "features"), (unsigned)__builtin_popcount(f->info.features));
	look_at_properties(f, member(document, "properties"));
	json_object_put(document);
}
