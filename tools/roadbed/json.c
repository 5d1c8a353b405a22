/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/roadbed/json.h"

#include <string.h>

static struct json_object *made(struct json_object *object)
{
	if (!object)
		tool_no_memory();
	return object;
}

struct json_object *json_new(void)
{
	return made(json_object_new_object());
}

struct json_object *json_new_array(void)
{
	return made(json_object_new_array());
}

void json_add(struct json_object *object, const char *key, struct json_object *value)
{
	if (json_object_object_add(object, key, value))
		tool_no_memory();
}

void json_add_schema(struct json_object *object, const char *name)
{
	char text[64];

	snprintf(text, sizeof(text), "roadbed.%s.1", name);
	json_add_text(object, "schema", text);
}

struct json_object *json_document(const char *name)
{
	struct json_object *document = json_new();

	json_add_schema(document, name);
	return document;
}

void json_append(struct json_object *array, struct json_object *value)
{
	if (json_object_array_add(array, value))
		tool_no_memory();
}

void json_add_text(struct json_object *object, const char *key, const char *text)
{
	json_add(object, key, made(json_object_new_string(text)));
}

void json_add_bytes(struct json_object *object, const char *key, const char *bytes, size_t count)
{
	json_add(object, key, made(json_object_new_string_len(count ? bytes : "", (int)count)));
}

void json_add_known_text(struct json_object *object, const char *key, const char *text)
{
	json_add(object, key, text[0] ? made(json_object_new_string(text)) : NULL);
}

void json_add_u64(struct json_object *object, const char *key, uint64_t value)
{
	json_add(object, key, made(json_object_new_uint64(value)));
}

void json_add_known_u64(struct json_object *object, const char *key, uint64_t value)
{
	json_add(object, key, value ? made(json_object_new_uint64(value)) : NULL);
}

void json_add_f64(struct json_object *object, const char *key, double value)
{
	json_add(object, key, made(json_object_new_double(value)));
}

void json_add_bool(struct json_object *object, const char *key, bool value)
{
	json_add(object, key, made(json_object_new_boolean(value)));
}

bool json_get_u64(struct json_object *object, const char *key, uint64_t *out)
{
	struct json_object *value;

	if (!json_object_object_get_ex(object, key, &value) ||
	    !json_object_is_type(value, json_type_int))
		return false;
	*out = json_object_get_uint64(value);
	return true;
}

bool json_get_f64(struct json_object *object, const char *key, double *out)
{
	struct json_object *value;

	if (!json_object_object_get_ex(object, key, &value) ||
	    !(json_object_is_type(value, json_type_int) ||
	      json_object_is_type(value, json_type_double)))
		return false;
	*out = json_object_get_double(value);
	return true;
}

const char *json_get_text(struct json_object *object, const char *key)
{
	struct json_object *value;

	if (!json_object_object_get_ex(object, key, &value) ||
	    !json_object_is_type(value, json_type_string))
		return NULL;
	return json_object_get_string(value);
}

bool json_get_bool(struct json_object *object, const char *key, bool *out)
{
	struct json_object *value;

	if (!json_object_object_get_ex(object, key, &value) ||
	    !json_object_is_type(value, json_type_boolean))
		return false;
	*out = json_object_get_boolean(value);
	return true;
}

const char *json_text(struct json_object *object, size_t *bytes)
{
	const char *text = json_object_to_json_string_ext(
		object, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE);

	if (!text)
		tool_no_memory();
	*bytes = strlen(text);
	return text;
}

int json_print(struct json_object *document)
{
	size_t bytes;
	const char *text = json_text(document, &bytes);

	fwrite(text, 1, bytes, stdout);
	fputc('\n', stdout);
	json_object_put(document);
	return TOOL_OK;
}
