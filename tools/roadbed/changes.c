/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/roadbed/changes.h"

#include <inttypes.h>
#include <string.h>

#include "tools/roadbed/json.h"

static const struct {
	uint32_t kind;
	const char *word;
} kinds[] = {
	{ROAD_CHANGE_ARRIVED, "arrived"}, {ROAD_CHANGE_REMOVED, "removed"},
	{ROAD_CHANGE_LOST, "lost"},       {ROAD_CHANGE_RECOVERED, "recovered"},
	{ROAD_CHANGE_FAULT, "fault"},     {ROAD_CHANGE_BOOT, "boot"},
};

static const char *word_of_kind(uint32_t kind)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].kind == kind)
			return kinds[i].word;
	return "unknown";
}

int changes_open(struct changes *changes, road_instance *instance, uint32_t mask)
{
	*changes = (struct changes){.fd = -1};
	road_status status = road_watch_create(instance, mask, &changes->watch);

	if (!status)
		status = road_watch_fd(changes->watch, &changes->fd);
	if (!status)
		return TOOL_OK;
	const int code = library_refuse("watching", status);

	changes_close(changes);
	return code;
}

void changes_close(struct changes *changes)
{
	road_watch_release(changes->watch);
	changes->watch = NULL;
}

bool changes_next(struct changes *changes, road_change *out, int *code)
{
	*out = (road_change){.size = sizeof(*out)};
	const road_status status = road_watch_next(changes->watch, out);

	if (status && status != ROAD_NOT_READY)
		*code = library_refuse("reading changes", status);
	if (!status && !changes->from_ns)
		changes->from_ns = out->time_ns;
	return !status;
}

/* Of the command's own opening and closing the library's text is the word: nobody plugged
 * anything. */
static bool is_own(const road_change *change)
{
	return (change->kind == ROAD_CHANGE_ARRIVED && !strcmp(change->text, "opened")) ||
	       (change->kind == ROAD_CHANGE_REMOVED && !strcmp(change->text, "closed"));
}

void changes_print(const struct changes *changes, const road_change *change)
{
	const double at_s = (double)(change->time_ns - changes->from_ns) / 1e9;

	if (change->lost)
		printf("%12s  %" PRIu32 " changes before this one were lost\n", "", change->lost);
	if (is_own(change))
		printf("%12.6f  %-9s  %s\n", at_s, change->text, change->address);
	else
		printf("%12.6f  %-9s  %s: %s\n", at_s, word_of_kind(change->kind), change->address,
		       change->text);
}

void changes_fill(const struct changes *changes, const road_change *change, struct json_object *to)
{
	json_add_u64(to, "time_ns", change->time_ns - changes->from_ns);
	json_add_text(to, "kind", word_of_kind(change->kind));
	json_add_text(to, "address", change->address);
	json_add_text(to, "text", change->text);
	json_add_u64(to, "sequence", change->sequence);
	json_add_u64(to, "lost", change->lost);
}

void changes_print_json(const struct changes *changes, const road_change *change)
{
	struct json_object *document = json_document("event");

	changes_fill(changes, change, document);
	puts(json_object_to_json_string_ext(document, JSON_C_TO_STRING_PLAIN |
							      JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(document);
}
