/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/conformance/expected.h"

#include "tests/conformance/capability.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum kind { MINIMUM, UNSUPPORTED_ENTRY, FAILURE_ENTRY };

struct entry {
	enum kind kind;
	char name[96];
	unsigned count;
	bool met;
	struct entry *next;
};

struct expected {
	struct entry *entries;
};

static bool is_case(const char *name)
{
	for (unsigned i = 0; i < conformance_case_count; i++) {
		size_t group = strlen(conformance_cases[i].group);

		if (!strncmp(name, conformance_cases[i].group, group) && name[group] == '.' &&
		    !strcmp(name + group + 1, conformance_cases[i].name))
			return true;
	}
	return false;
}

static bool is_group(const char *name)
{
	for (unsigned i = 0; i < conformance_case_count; i++)
		if (!strcmp(name, conformance_cases[i].group))
			return true;
	return false;
}

/* Is OPTION one of the address's, its scheme, or what it names without its options? */
static bool has_option(const char *address, const char *option)
{
	const char *at = strchr(address, '?');
	size_t bytes = strlen(option);

	if (bytes && option[bytes - 1] == ':') /* a scheme, wherever decorators let it stand */
		return strstr(address, option) != NULL;
	if (strcspn(address, "@?") == bytes && !strncmp(address, option, bytes))
		return true;
	while (at) {
		at++;
		if (!strncmp(at, option, bytes) && (!at[bytes] || at[bytes] == '&'))
			return true;
		at = strchr(at, '&');
	}
	return false;
}

/* A build without the firmware loader has none of its cases: nothing is expected of them. */
static bool is_built(const char *name)
{
#ifdef ROADBED_FIRMWARE
	(void)name;
	return true;
#else
	return strncmp(name + (name[0] == '@'), "firmware", strlen("firmware")) != 0;
#endif
}

/* A word for the error, or NULL. */
static const char *parse_entry(char *line, const char *address, struct entry *entry, bool *holds)
{
	char *rest = line, *kind = strsep(&rest, " \t"), *name = NULL;

	while (rest && (*rest == ' ' || *rest == '\t'))
		rest++;
	name = strsep(&rest, " \t");
	while (rest && (*rest == ' ' || *rest == '\t'))
		rest++;
	*holds = true;
	if (!strcmp(kind, "minimum"))
		entry->kind = MINIMUM;
	else if (!strcmp(kind, "unsupported"))
		entry->kind = UNSUPPORTED_ENTRY;
	else if (!strcmp(kind, "expected-failure"))
		entry->kind = FAILURE_ENTRY;
	else
		return "a line begins with minimum, unsupported or expected-failure";
	if (!name || !*name || !rest || !*rest)
		return entry->kind == MINIMUM ? "a group and a count are missing"
					      : "a name and a reason are missing";
	char *option = strchr(name, '?');

	if (option) {
		*option = 0;
		*holds = has_option(address, option + 1);
	}
	*holds &= is_built(name);
	snprintf(entry->name, sizeof(entry->name), "%s", name);
	if (entry->kind == MINIMUM) {
		char *end;

		entry->count = (unsigned)strtoul(rest, &end, 10);
		if ((!entry->count && !option) || *end)
			return "a count is a number above 0, or 0 of some addresses";
		return is_group(name) ? NULL : "no such group";
	}
	if (name[0] == '@')
		return entry->kind == UNSUPPORTED_ENTRY && capability_find(name + 1) != CAPABILITIES
			       ? NULL
			       : "no such capability";
	return is_case(name) ? NULL : "no such case";
}

static const char *take_line(struct expected *expected, char *line, const char *address)
{
	struct entry *entry, **at = &expected->entries;
	const char *wrong;
	bool holds;

	line[strcspn(line, "\n")] = 0;
	line += strspn(line, " \t");
	if (!*line || *line == '#')
		return NULL;
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return "no memory";
	wrong = parse_entry(line, address, entry, &holds);
	if (wrong || !holds) {
		free(entry);
		return wrong;
	}
	while (*at)
		at = &(*at)->next;
	*at = entry;
	return NULL;
}

struct expected *expected_read(const char *path, const char *address, char *error, size_t bytes)
{
	struct expected *expected = calloc(1, sizeof(*expected));
	FILE *in = fopen(path, "r");
	const char *wrong = NULL;
	char *line = NULL;
	size_t room = 0;
	unsigned number = 0;

	if (!expected || !in) {
		snprintf(error, bytes, "%.160s: %s", path, strerror(errno));
		free(expected);
		if (in)
			fclose(in);
		return NULL;
	}
	while (!wrong && getline(&line, &room, in) > 0) {
		number++;
		wrong = take_line(expected, line, address);
	}
	fclose(in);
	if (wrong) {
		snprintf(error, bytes, "%.120s:%u: %s: %.80s", path, number, wrong, line);
		expected_free(expected);
		expected = NULL;
	}
	free(line);
	return expected;
}

void expected_free(struct expected *expected)
{
	while (expected && expected->entries) {
		struct entry *entry = expected->entries;

		expected->entries = entry->next;
		free(entry);
	}
	free(expected);
}

/* The entry that speaks of this case, or of the capability that it missed. Both may: what a case is
 * listed for in one mode a capability may decide before it in another. */
static struct entry *entry_of(struct expected *expected, const struct conformance_case *c,
			      const struct result *result, enum kind kind)
{
	char name[96], capability[64] = "";
	struct entry *found = NULL;

	snprintf(name, sizeof(name), "%s.%s", c->group, c->name);
	if (result->capability != CAPABILITIES)
		snprintf(capability, sizeof(capability), "@%s",
			 capability_name(result->capability));
	for (struct entry *e = expected ? expected->entries : NULL; e; e = e->next)
		if (e->kind == kind &&
		    (!strcmp(e->name, name) || (capability[0] && !strcmp(e->name, capability)))) {
			e->met = true;
			found = e;
		}
	return found;
}

bool expected_is(struct expected *expected, const struct conformance_case *c,
		 const struct result *result, char *why, size_t bytes)
{
	const struct entry *unsupported = entry_of(expected, c, result, UNSUPPORTED_ENTRY);
	const struct entry *failure = entry_of(expected, c, result, FAILURE_ENTRY);

	switch (result->outcome) {
	case PASSED:
		if (!unsupported && !failure)
			return true;
		snprintf(why, bytes, "passes, but is listed as %s",
			 failure ? "expected-failure" : "unsupported");
		return false;
	case FAILED: return failure != NULL;
	case UNSUPPORTED:
		if (unsupported)
			return true;
		snprintf(why, bytes, "is unsupported, and not listed: %s%s%s",
			 result->capability != CAPABILITIES ? "@" : "",
			 result->capability != CAPABILITIES ? capability_name(result->capability)
							    : result->reason,
			 result->capability != CAPABILITIES ? "" : " (by the case)");
		return false;
	default: return true;
	}
}

unsigned expected_minimum(const struct expected *expected, const char *group)
{
	unsigned count = 0;

	for (const struct entry *e = expected ? expected->entries : NULL; e; e = e->next)
		if (e->kind == MINIMUM && !strcmp(e->name, group))
			count = e->count;
	return count;
}

const char *expected_unmet(const struct expected *expected, unsigned index)
{
	for (const struct entry *e = expected ? expected->entries : NULL; e; e = e->next)
		if (e->kind != MINIMUM && !e->met && !index--)
			return e->name;
	return NULL;
}
