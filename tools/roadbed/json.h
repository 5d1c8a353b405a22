/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON that the command prints. Each document starts with "schema"; a key's name ends in its unit;
 * what is unknown is null. Running out of memory ends the command.
 *
 * "schema" names what the document looks like: "roadbed.NAME.1" is described by schema/NAME.json.
 * Within a version members may be added; none goes, and none changes its meaning.
 */
#ifndef TOOLS_ROADBED_JSON_H
#define TOOLS_ROADBED_JSON_H

#include <json-c/json.h>

#include "tools/roadbed/tool.h"

/* An object with the name of its schema: that of schema/NAME.json. */
struct json_object *json_document(const char *name);
void json_add_schema(struct json_object *object, const char *name);
struct json_object *json_new(void);
struct json_object *json_new_array(void);

/* value is owned by the object from here on; NULL is null. */
void json_add(struct json_object *object, const char *key, struct json_object *value);
void json_append(struct json_object *array, struct json_object *value);
void json_add_text(struct json_object *object, const char *key, const char *text);
/* Any bytes. */
void json_add_bytes(struct json_object *object, const char *key, const char *bytes, size_t count);
/* null for "" */
void json_add_known_text(struct json_object *object, const char *key, const char *text);
void json_add_u64(struct json_object *object, const char *key, uint64_t value);
/* null for 0 */
void json_add_known_u64(struct json_object *object, const char *key, uint64_t value);
void json_add_f64(struct json_object *object, const char *key, double value);
void json_add_bool(struct json_object *object, const char *key, bool value);

/* The number of this name in an object; false: it is missing, null or no number. */
bool json_get_u64(struct json_object *object, const char *key, uint64_t *out);
bool json_get_f64(struct json_object *object, const char *key, double *out);
/* The text of this name, as long as the object lives; NULL: it is missing or no text. */
const char *json_get_text(struct json_object *object, const char *key);
bool json_get_bool(struct json_object *object, const char *key, bool *out);

/* The text, indented; lives as long as the object is not changed. */
const char *json_text(struct json_object *object, size_t *bytes);
/* Prints and frees the document; answers the exit code. */
int json_print(struct json_object *document);

#endif
