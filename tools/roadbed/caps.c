/* SPDX-License-Identifier: Apache-2.0 */
/* `roadbed caps DEVICE`: what it can do; whether that is enough; what another one can do. */
#include <stdlib.h>
#include <string.h>

#include "tools/roadbed/expression.h"
#include "tools/roadbed/json.h"
#include "tools/roadbed/property.h"
#include "tools/roadbed/verbs.h"

struct words {
	const char *address, *require, *other;
	bool json;
	struct expression expression;
};

/* ---- all of them ---- */

static int print_all(const struct words *words, const struct properties *all)
{
	char text[320];

	(void)words;
	for (uint32_t i = 0; i < all->count; i++) {
		const road_property *one = &all->at[i].is;

		printf("%-36s%s  [%s]\n", one->name, property_as_text(one, text, sizeof(text)),
		       property_source(&all->at[i]));
	}
	return TOOL_OK;
}

static int print_all_json(const struct words *words, const struct properties *all)
{
	struct json_object *document = json_document("caps"), *array = json_new_array();

	json_add_text(document, "address", words->address);
	json_add(document, "properties", array);
	for (uint32_t i = 0; i < all->count; i++) {
		struct json_object *object = json_new();

		property_json(object, &all->at[i].is);
		json_add_text(object, "source", property_source(&all->at[i]));
		json_append(array, object);
	}
	return json_print(document);
}

/* ---- --require ---- */

struct question {
	const struct words *words;
	const struct properties *all;
	struct json_object *missed; /* NULL: they are printed */
};

static int look(void *arg, const char *name, struct expression_value *out, struct tool_error *error)
{
	const struct question *question = arg;
	const struct property *property = properties_find(question->all, name);
	char near[sizeof(error->allowed)];

	if (!property && property_known(name, near, sizeof(near)))
		return 1;
	if (!property)
		return tool_error_set(error, "", "no device has a property of this name", name,
				      near);
	snprintf(out->unit, sizeof(out->unit), "%s", property->is.unit);
	switch (property->is.type) {
	case ROAD_VALUE_U64: out->type = EXPRESSION_NUMBER; break;
	case ROAD_VALUE_F64: out->type = EXPRESSION_NUMBER; break;
	case ROAD_VALUE_TEXT: out->type = EXPRESSION_TEXT; break;
	case ROAD_VALUE_BOOL: out->type = EXPRESSION_BOOL; break;
	default: out->type = EXPRESSION_NULL;
	}
	out->number = property->is.type == ROAD_VALUE_F64 ? (long double)property->is.f64
							  : (long double)property->is.u64;
	snprintf(out->text, sizeof(out->text), "%s", property->is.text);
	return 0;
}

/* "region.count is 1, required >= 2", of the part "region.count >= 2" that was to hold. */
static void missed_text(const char *part, int bytes, const char *seen, bool wanted, char *out,
			size_t room)
{
	const int name = (int)strcspn(part, " \t\n=!<>~()"), left = bytes - name;
	const char *rest = part + name;
	int blank = 0;

	while (blank < left && strchr(" \t\n", rest[blank]))
		blank++;
	if (blank < left)
		snprintf(out, room, "%.*s is %s, required %s%.*s", name, part, seen,
			 wanted ? "" : "not ", left - blank, rest + blank);
	else
		snprintf(out, room, "%.*s is %s, required %s", name, part, seen,
			 wanted ? "true or not 0" : "false or 0");
}

static void missed(void *arg, const char *part, int bytes, uint32_t column, const char *seen,
		   bool wanted)
{
	const struct question *question = arg;
	char where[200], text[192];

	snprintf(text, sizeof(text), "%.*s", bytes, part);
	if (question->missed) {
		struct json_object *object = json_new();

		json_add_text(object, "part", text);
		json_add_u64(object, "column", column);
		json_add_text(object, "seen", seen);
		json_append(question->missed, object);
		return;
	}
	snprintf(where, sizeof(where), "%.120s: column %u", question->words->address, column);
	missed_text(part, bytes, seen, wanted, text, sizeof(text));
	tool_refuse(TOOL_FAILURE, where, text, "", "");
}

static int require(const struct words *words, const struct properties *all)
{
	struct question question = {.words = words, .all = all};
	enum expression_truth truth;
	struct tool_error error;

	if (words->json)
		question.missed = json_new_array();
	if (expression_holds(&words->expression, look, missed, &question, &truth, &error)) {
		json_object_put(question.missed);
		tool_error_print(&error);
		return TOOL_USAGE;
	}
	if (words->json) {
		struct json_object *document = json_document("caps-require");

		json_add_text(document, "address", words->address);
		json_add_text(document, "require", words->require);
		json_add_bool(document, "holds", truth == EXPRESSION_TRUE);
		json_add(document, "missed", question.missed);
		json_print(document);
	}
	return truth == EXPRESSION_TRUE ? TOOL_OK : TOOL_FAILURE;
}

/* ---- --diff ---- */

/* NULL: that device has no such property. */
typedef void (*difference)(void *to, const struct property *a, const struct property *b);

static bool each_difference(const struct properties *a, const struct properties *b, difference tell,
			    void *to)
{
	bool any = false;

	for (uint32_t i = 0, j = 0; i < a->count || j < b->count;) {
		const struct property *left = i < a->count ? &a->at[i] : NULL;
		const struct property *right = j < b->count ? &b->at[j] : NULL;
		const int order = !left ? 1 : !right ? -1 : strcmp(left->is.name, right->is.name);

		left = order <= 0 ? left : NULL;
		right = order >= 0 ? right : NULL;
		i += left != NULL;
		j += right != NULL;
		if (left && right && property_same(&left->is, &right->is))
			continue;
		any = true;
		tell(to, left, right);
	}
	return any;
}

static const char *side(const struct property *one, char *out, size_t bytes)
{
	return one ? property_as_text(&one->is, out, bytes) : "-";
}

static void print_difference(void *to, const struct property *a, const struct property *b)
{
	char left[320], right[320];

	(void)to;
	printf("%-36s%-28s  %s\n", a ? a->is.name : b->is.name, side(a, left, sizeof(left)),
	       side(b, right, sizeof(right)));
}

static void json_difference(void *to, const struct property *a, const struct property *b)
{
	struct json_object *object = json_new();
	const struct property *any = a ? a : b;

	json_add_text(object, "name", any->is.name);
	json_add_known_text(object, "unit", any->is.unit);
	json_add_bool(object, "a_has", a != NULL);
	json_add_bool(object, "b_has", b != NULL);
	json_add(object, "a", a ? property_value(&a->is) : NULL);
	json_add(object, "b", b ? property_value(&b->is) : NULL);
	json_append(to, object);
}

static int print_differences(const struct words *words, const struct properties *a,
			     const struct properties *b)
{
	struct json_object *document, *array;
	bool any;

	if (!words->json) {
		any = each_difference(a, b, print_difference, NULL);
		return any ? TOOL_FAILURE : TOOL_OK;
	}
	document = json_document("caps-diff");
	array = json_new_array();
	json_add_text(document, "a", words->address);
	json_add_text(document, "b", words->other);
	json_add(document, "differences", array);
	any = each_difference(a, b, json_difference, array);
	json_print(document);
	return any ? TOOL_FAILURE : TOOL_OK;
}

/* ---- the verb ---- */

static int read_device(road_instance *instance, const char *address, struct properties *out)
{
	road_device *device;
	const road_status status = road_device_open(instance, address, &device);

	if (status)
		return library_refuse(address, status);
	const int code = properties_read(device, out);

	road_device_release(device);
	return code;
}

static int answer(const struct words *words, road_instance *instance, const struct properties *all)
{
	struct properties other;
	int code;

	if (words->require)
		return require(words, all);
	if (!words->other)
		return words->json ? print_all_json(words, all) : print_all(words, all);
	code = read_device(instance, words->other, &other);
	if (code)
		return TOOL_USAGE; /* as `diff` does: 1 says that they differ */
	code = print_differences(words, all, &other);
	properties_free(&other);
	return code;
}

static int show(const struct words *words)
{
	struct properties all;
	road_instance *instance;
	int code = library_open(&instance);

	if (code)
		return code;
	code = read_device(instance, words->address, &all);
	if (!code) {
		code = answer(words, instance, &all);
		properties_free(&all);
	} else if (words->require || words->other) {
		code = TOOL_USAGE; /* 1 is an answer about a device that is there */
	}
	road_instance_release(instance);
	return code;
}

int verb_caps(int argc, char **argv)
{
	struct words words = {.json = false};
	const struct tool_option options[] = {{"--require", NULL, &words.require},
					      {"--diff", NULL, &words.other},
					      {"--json", &words.json, NULL},
					      {NULL, NULL, NULL}};
	struct tool_error error;
	int left = 0, rc = tool_options(options, argc, argv, &left, &error);

	if (!rc && left != 1)
		rc = tool_error_set(&error, "caps", "takes one DEVICE", left ? argv[1] : "none",
				    "roadbed caps DEVICE [--require EXPR | --diff OTHER] [--json]");
	if (!rc && words.require && words.other)
		rc = tool_error_set(&error, "--diff", "stands beside --require", words.other,
				    "one of both");
	if (!rc && words.require)
		rc = expression_parse(words.require, &words.expression, &error);
	words.address = argv[0];
	if (!rc)
		return show(&words);
	tool_error_print(&error);
	return TOOL_USAGE;
}
