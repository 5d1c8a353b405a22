/* SPDX-License-Identifier: Apache-2.0 */
/* Candidates for containers (CDI) and for clusters (NFD). */
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tools/roadbed/candidates.h"
#include "tools/roadbed/json.h"

/* ---- CDI ---- */

enum { CDI_NAME_BYTES = 256 };

static bool is_cdi(const road_candidate *one)
{
	return one->simulated && !one->status;
}

/* The address without its scheme, of the characters that a device's name may have; those are not
 * many, so that two addresses may come out alike: the number tells them apart. */
static void cdi_name(const road_candidate *one, uint32_t number, char out[CDI_NAME_BYTES])
{
	const char *from = strchr(one->address, ':');
	size_t used = 0;
	bool changed = false;

	for (from = from ? from + 1 : one->address; *from && used < CDI_NAME_BYTES - 16; from++) {
		const bool fits = isalnum((unsigned char)*from) || strchr("-_.", *from);

		changed |= !fits;
		out[used++] = fits ? *from : '-';
	}
	out[used] = 0;
	if (changed || !used || !isalnum((unsigned char)out[0]) ||
	    !isalnum((unsigned char)out[used - 1]))
		snprintf(out + used, CDI_NAME_BYTES - used, "%s%" PRIu32, used ? "-" : "d", number);
}

static void cdi_device(struct json_object *array, const char *name, const char *addresses)
{
	struct json_object *object = json_new(), *edits = json_new(), *env = json_new_array();
	char variable[4096];

	snprintf(variable, sizeof(variable), "ROADBED_DEVICES=%s", addresses);
	json_add_text(object, "name", name);
	json_add(object, "containerEdits", edits);
	json_add(edits, "env", env);
	json_append(env, json_object_new_string(variable));
	json_append(array, object);
}

/* Names that begin with a digit came with 0.5.0; all else that is said here is in 0.3.0. */
static const char *cdi_version(const struct candidates *candidates)
{
	char name[CDI_NAME_BYTES];

	for (uint32_t i = 0; i < candidates->count; i++) {
		if (!is_cdi(&candidates->at[i]))
			continue;
		cdi_name(&candidates->at[i], i, name);
		if (isdigit((unsigned char)name[0]))
			return "0.5.0";
	}
	return "0.3.0";
}

/* Of two devices in one container the last one's variable would stand: "all" has them all. */
static void cdi_all(struct json_object *array, const struct candidates *candidates)
{
	char addresses[4000];
	size_t used = 0;

	for (uint32_t i = 0; i < candidates->count; i++) {
		if (!is_cdi(&candidates->at[i]) || !candidates->here[i])
			continue;
		used += (size_t)snprintf(addresses + used, sizeof(addresses) - used, "%s%s",
					 used ? ";" : "", candidates->at[i].address);
		if (used >= sizeof(addresses))
			return;
	}
	if (used)
		cdi_device(array, "all", addresses);
}

/* Folders of this variable, which devices from outside of the tree come from: the container has
 * them at the same place, to be read. Mounts without a type, and edits for all devices, are in
 * 0.3.0. */
static void cdi_folders(struct json_object *env, struct json_object *mounts, const char *variable)
{
	const char *folders = getenv(variable);
	char text[4096];

	if (!folders || !*folders)
		return;
	snprintf(text, sizeof(text), "%s=%s", variable, folders);
	json_append(env, json_object_new_string(text));
	for (const char *at = folders; *at; at += strcspn(at, ":"), at += *at == ':') {
		static const char *const options[] = {"bind", "ro", "nosuid", "nodev"};
		struct json_object *mount, *array;

		if (at[0] != '/' || strcspn(at, ":") >= sizeof(text))
			continue;
		snprintf(text, sizeof(text), "%.*s", (int)strcspn(at, ":"), at);
		mount = json_new();
		array = json_new_array();
		json_add_text(mount, "hostPath", text);
		json_add_text(mount, "containerPath", text);
		json_add(mount, "options", array);
		for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
			json_append(array, json_object_new_string(options[i]));
		json_append(mounts, mount);
	}
}

/* What every device of the specification needs; nothing where all comes with the library. */
static void cdi_edits(struct json_object *document)
{
	struct json_object *edits = json_new(), *env = json_new_array(), *mounts = json_new_array();

	cdi_folders(env, mounts, "ROADBED_DRIVERS");
	cdi_folders(env, mounts, "ROADBED_FIRMWARE_PATH");
	if (!json_object_array_length(env)) {
		json_object_put(env);
		json_object_put(mounts);
		json_object_put(edits);
		return;
	}
	json_add(edits, "env", env);
	json_add(edits, "mounts", mounts);
	json_add(document, "containerEdits", edits);
}

int candidates_print_cdi(const struct candidates *candidates)
{
	struct json_object *document = json_new(), *array = json_new_array();
	char name[CDI_NAME_BYTES];

	json_add_text(document, "cdiVersion", cdi_version(candidates));
	json_add_text(document, "kind", "roadbed.dev/sim");
	cdi_edits(document);
	json_add(document, "devices", array);
	for (uint32_t i = 0; i < candidates->count; i++) {
		if (!is_cdi(&candidates->at[i]))
			continue;
		cdi_name(&candidates->at[i], i, name);
		cdi_device(array, name, candidates->at[i].address);
	}
	if (json_object_array_length(array)) {
		cdi_all(array, candidates);
		return json_print(document);
	}
	json_object_put(document);
	return tool_refuse(TOOL_FAILURE, "list --cdi", "there is no simulated device", "",
			   "ROADBED_DEVICES=sim:…, or --all for every chip that has a model");
}

/* ---- NFD ---- */

int candidates_print_nfd(const struct candidates *candidates)
{
	puts("# made by `roadbed list --nfd`; NAME=VALUE lines for features.d");
	for (unsigned simulated = 0; simulated < 2; simulated++) {
		const char *prefix = simulated ? "simulated-" : "";
		uint32_t total = 0;

		for (uint32_t kind = ROAD_CLASS_OTHER; kind <= ROAD_CLASS_EDU; kind++) {
			uint32_t count = 0;
			uint64_t memory = 0;

			for (uint32_t i = 0; i < candidates->count; i++) {
				const road_candidate *one = &candidates->at[i];

				if (one->status || one->simulated != simulated ||
				    one->device_class != kind)
					continue;
				count++;
				memory = one->memory_bytes > memory ? one->memory_bytes : memory;
			}
			total += count;
			if (count && kind != ROAD_CLASS_OTHER)
				printf("roadbed.dev/%s%s.count=%" PRIu32 "\n", prefix,
				       word_of_class(kind), count);
			if (count && kind != ROAD_CLASS_OTHER && memory)
				printf("roadbed.dev/%s%s.memory-mib=%" PRIu64 "\n", prefix,
				       word_of_class(kind), memory >> 20);
		}
		printf("roadbed.dev/%sdevice.count=%" PRIu32 "\n", prefix, total);
	}
	return TOOL_OK;
}
