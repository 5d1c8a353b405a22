/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chip files to struct road_chip. libyaml's document tree is used rather than libcyaml's schema,
 * because a range, a unit or a doubled key must be reported with its line, and libcyaml keeps no
 * positions once a value is loaded.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "simulators/chips/chip_internal.h"

#define PATH_BYTES 96u

struct parse {
	yaml_document_t *doc;
	struct road_chip *chip;
	struct road_chip_error *error;
	yaml_node_t *sources;
	struct road_chip_value *values;
	size_t value_count, value_room;
	bool is_base;           /* another chip is like this one */
	struct road_chip *base; /* that this one is like; NULL: none */
	const char *like;       /* "like NAME" */
};

/* A section of the file: which keys, where they are stored, which were seen. */
struct section {
	const char *path;
	const struct road_chip_key *keys;
	size_t count;
	void *base;
	const void *like; /* the same structure of the chip that this one is like, or NULL */
};

static int parse_bytes(const char *bytes, size_t len, const char *file_name, bool is_base,
		       struct road_chip **out, struct road_chip_error *error);

static void *own(struct parse *p, size_t bytes)
{
	void *memory = road_chip_own(p->chip, bytes);

	if (!memory)
		road_chip_fail(p->error, ROAD_CHIP_ERROR_MEMORY, 0, 0, "", "", "");
	return memory;
}

static char *own_text(struct parse *p, const char *text, size_t len)
{
	char *copy = own(p, len + 1);

	if (copy)
		memcpy(copy, text, len);
	return copy;
}

static bool is_scalar(const yaml_node_t *node)
{
	return node->type == YAML_SCALAR_NODE;
}

static const char *text_of(const yaml_node_t *node)
{
	return (const char *)node->data.scalar.value;
}

/* A text without a NUL byte in it, equal to `want`. */
static bool is_text(const yaml_node_t *node, const char *want)
{
	return is_scalar(node) && node->data.scalar.length == strlen(want) &&
	       !memcmp(text_of(node), want, strlen(want));
}

static void describe(const yaml_node_t *node, char *out, size_t bytes)
{
	if (node->type == YAML_MAPPING_NODE)
		snprintf(out, bytes, "a mapping");
	else if (node->type == YAML_SEQUENCE_NODE)
		snprintf(out, bytes, "a list");
	else
		snprintf(out, bytes, "%s", is_scalar(node) ? text_of(node) : "nothing");
}

static int fail_at(struct parse *p, enum road_chip_error_code code, const yaml_node_t *at,
		   const char *path, const char *key, const char *seen, const char *allowed)
{
	char full[PATH_BYTES];

	snprintf(full, sizeof(full), "%s%s%s", path, *path && *key ? "." : "", key);
	return road_chip_fail(p->error, code, (unsigned)at->start_mark.line + 1,
			      (unsigned)at->start_mark.column + 1, full, seen, allowed);
}

static int fail_node(struct parse *p, enum road_chip_error_code code, const yaml_node_t *node,
		     const char *path, const char *key, const char *allowed)
{
	char seen[PATH_BYTES];

	describe(node, seen, sizeof(seen));
	return fail_at(p, code, node, path, key, seen, allowed);
}

static size_t pair_count(const yaml_node_t *map)
{
	return (size_t)(map->data.mapping.pairs.top - map->data.mapping.pairs.start);
}

static yaml_node_t *key_at(struct parse *p, const yaml_node_t *map, size_t i)
{
	return yaml_document_get_node(p->doc, map->data.mapping.pairs.start[i].key);
}

static yaml_node_t *value_at(struct parse *p, const yaml_node_t *map, size_t i)
{
	return yaml_document_get_node(p->doc, map->data.mapping.pairs.start[i].value);
}

/* The value of `name`, or NULL. */
static yaml_node_t *find(struct parse *p, const yaml_node_t *map, const char *name)
{
	for (size_t i = 0; i < pair_count(map); i++)
		if (is_text(key_at(p, map, i), name))
			return value_at(p, map, i);
	return NULL;
}

/* A mapping whose keys are texts, none of them twice. */
static int check_mapping(struct parse *p, const yaml_node_t *map, const char *path)
{
	if (map->type != YAML_MAPPING_NODE)
		return fail_node(p, ROAD_CHIP_ERROR_TYPE, map, path, "", "a mapping");
	for (size_t i = 0; i < pair_count(map); i++) {
		yaml_node_t *key = key_at(p, map, i);

		if (!is_scalar(key) || strlen(text_of(key)) != key->data.scalar.length)
			return fail_node(p, ROAD_CHIP_ERROR_TYPE, key, path, "", "a key's name");
		for (size_t j = 0; j < i; j++)
			if (is_text(key_at(p, map, j), text_of(key)))
				return fail_at(p, ROAD_CHIP_ERROR_DUPLICATE, key, path,
					       text_of(key), text_of(key), "each key once");
	}
	return 0;
}

/* Every key of `map` must be one of `names` (NULL ends); lists them when not. */
static int check_known(struct parse *p, const yaml_node_t *map, const char *path,
		       const char *const *names)
{
	char allowed[160] = "";
	size_t used = 0;

	for (size_t n = 0; names[n]; n++)
		used += (size_t)snprintf(allowed + used, sizeof(allowed) - used, "%s%s",
					 n ? ", " : "", names[n]);
	for (size_t i = 0; i < pair_count(map); i++) {
		size_t n = 0;

		while (names[n] && !is_text(key_at(p, map, i), names[n]))
			n++;
		if (!names[n])
			return fail_at(p, ROAD_CHIP_ERROR_UNKNOWN, key_at(p, map, i), path,
				       text_of(key_at(p, map, i)), text_of(key_at(p, map, i)),
				       allowed);
	}
	return 0;
}

/* The scalar `name` of a mapping, required; its text has no NUL and 1..max bytes. */
static int get_text(struct parse *p, const yaml_node_t *map, const char *path, const char *name,
		    size_t max, yaml_node_t **out)
{
	yaml_node_t *node = find(p, map, name);
	char allowed[64];

	snprintf(allowed, sizeof(allowed), "text of 1..%zu bytes", max);
	if (!node)
		return fail_at(p, ROAD_CHIP_ERROR_MISSING, map, path, name, "nothing", allowed);
	if (!is_scalar(node))
		return fail_node(p, ROAD_CHIP_ERROR_TYPE, node, path, name, allowed);
	size_t len = node->data.scalar.length;

	if (!len || len > max || strlen(text_of(node)) != len)
		return fail_node(p, ROAD_CHIP_ERROR_RANGE, node, path, name, allowed);
	*out = node;
	return 0;
}

/* ---- one value ---- */

static int take_kind(struct parse *p, const yaml_node_t *map, const char *path,
		     enum road_chip_kind *out)
{
	yaml_node_t *node;

	if (get_text(p, map, path, "kind", 16, &node))
		return -1;
	for (unsigned k = 0; k < ROAD_CHIP_KINDS; k++) {
		if (is_text(node, road_chip_kind_name((enum road_chip_kind)k))) {
			*out = (enum road_chip_kind)k;
			return 0;
		}
	}
	return fail_node(p, ROAD_CHIP_ERROR_KIND, node, path, "kind",
			 "measured, datasheet, tuned, assumed");
}

static int take_source(struct parse *p, const yaml_node_t *map, const char *path, const char **out)
{
	yaml_node_t *node, *text;

	if (get_text(p, map, path, "source", 63, &node))
		return -1;
	text = find(p, p->sources, text_of(node));
	if (!text)
		return fail_node(p, ROAD_CHIP_ERROR_SOURCE, node, path, "source",
				 "a name from the file's `sources`");
	*out = own_text(p, text_of(text), text->data.scalar.length);
	return *out ? 0 : -1;
}

static int check_unit(struct parse *p, const yaml_node_t *map, const char *path,
		      const struct road_chip_key *key)
{
	yaml_node_t *node = find(p, map, "unit");

	if (!node && !key->unit)
		return 0;
	if (!node)
		return fail_at(p, ROAD_CHIP_ERROR_UNIT, map, path, "unit", "nothing", key->unit);
	if (!key->unit)
		return fail_node(p, ROAD_CHIP_ERROR_UNIT, node, path, "unit",
				 "no unit: the value has none");
	if (!is_text(node, key->unit))
		return fail_node(p, ROAD_CHIP_ERROR_UNIT, node, path, "unit", key->unit);
	return 0;
}

static int number_of(struct parse *p, const yaml_node_t *node, const char *path,
		     const struct road_chip_key *key, uint64_t *out)
{
	char allowed[sizeof(p->error->allowed)];

	road_chip_allowed(key, allowed, sizeof(allowed));
	if (!is_scalar(node))
		return fail_node(p, ROAD_CHIP_ERROR_TYPE, node, path, "value", allowed);
	switch (road_chip_number(text_of(node), node->data.scalar.length, key, out)) {
	case ROAD_CHIP_NUMBER_OK: return 0;
	case ROAD_CHIP_NUMBER_TYPE:
		return fail_node(p, ROAD_CHIP_ERROR_TYPE, node, path, "value", allowed);
	case ROAD_CHIP_NUMBER_EXACT:
		return fail_node(p, ROAD_CHIP_ERROR_RANGE, node, path, "value",
				 "fewer digits after the point");
	case ROAD_CHIP_NUMBER_RANGE: break;
	}
	return fail_node(p, ROAD_CHIP_ERROR_RANGE, node, path, "value", allowed);
}

static int store_string(struct parse *p, const yaml_node_t *map, const char *path,
			const struct road_chip_key *key, void *base)
{
	yaml_node_t *node;

	if (get_text(p, map, path, "value", key->max, &node))
		return -1;
	char *copy = own_text(p, text_of(node), node->data.scalar.length);

	if (!copy)
		return -1;
	memcpy((char *)base + key->offset, &copy, sizeof(copy));
	return 0;
}

static int store_ids(struct parse *p, const yaml_node_t *node, const char *path,
		     const struct road_chip_key *key, void *base)
{
	struct road_chip_ids *ids = (struct road_chip_ids *)(void *)((char *)base + key->offset);
	const struct road_chip_key each = {
		key->name, ROAD_CHIP_UINT, NULL, 1, key->min, key->max, NULL, 0, sizeof(uint32_t)};

	if (node->type != YAML_SEQUENCE_NODE)
		return fail_node(p, ROAD_CHIP_ERROR_TYPE, node, path, "value",
				 "a list of device ids");
	size_t count = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);

	if (!count || count > ROAD_CHIP_PCI_DEVICES_MAX)
		return fail_node(p, ROAD_CHIP_ERROR_RANGE, node, path, "value", "1..8 device ids");
	for (size_t i = 0; i < count; i++) {
		yaml_node_t *item =
			yaml_document_get_node(p->doc, node->data.sequence.items.start[i]);
		uint64_t id;

		if (number_of(p, item, path, &each, &id))
			return -1;
		ids->id[i] = (uint16_t)id;
	}
	ids->count = (uint32_t)count;
	return 0;
}

static int store(struct parse *p, const yaml_node_t *map, const char *path,
		 const struct road_chip_key *key, void *base)
{
	yaml_node_t *node = find(p, map, "value");
	char allowed[sizeof(p->error->allowed)];
	uint64_t number;

	if (!node) {
		road_chip_allowed(key, allowed, sizeof(allowed));
		return fail_at(p, ROAD_CHIP_ERROR_MISSING, map, path, "value", "nothing", allowed);
	}
	if (key->type == ROAD_CHIP_STRING)
		return store_string(p, map, path, key, base);
	if (key->type == ROAD_CHIP_IDS)
		return store_ids(p, node, path, key, base);
	if (number_of(p, node, path, key, &number))
		return -1;
	road_chip_store(base, key, number);
	return 0;
}

/* ---- the list for reports ---- */

static int add_value(struct parse *p, const struct road_chip_value *value)
{
	if (p->value_count == p->value_room) {
		size_t room = p->value_room ? p->value_room * 2 : 64;
		struct road_chip_value *more = own(p, room * sizeof(*more));

		if (!more)
			return -1;
		if (p->value_count)
			memcpy(more, p->values, p->value_count * sizeof(*more));
		p->values = more;
		p->value_room = room;
	}
	p->values[p->value_count++] = *value;
	p->chip->by_kind[value->kind]++;
	return 0;
}

static const char *written(struct parse *p, const yaml_node_t *node)
{
	char text[PATH_BYTES] = "";
	size_t used = 0;

	if (is_scalar(node))
		return own_text(p, text_of(node), node->data.scalar.length);
	for (yaml_node_item_t *i = node->data.sequence.items.start;
	     i < node->data.sequence.items.top && used < sizeof(text); i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", used ? " " : "",
					 text_of(yaml_document_get_node(p->doc, *i)));
	return own_text(p, text, strlen(text));
}

static int take_value(struct parse *p, const yaml_node_t *map, const char *section,
		      const struct road_chip_key *key, void *base)
{
	static const char *const fields[] = {"value", "unit", "source", "kind", NULL};
	struct road_chip_value value = {
		.name = key->name,
		.unit = key->unit ? key->unit : "",
		.line = (unsigned)map->start_mark.line + 1,
	};
	char path[PATH_BYTES];

	snprintf(path, sizeof(path), "%s.%s", section, key->name);
	if (check_mapping(p, map, path) || check_known(p, map, path, fields) ||
	    store(p, map, path, key, base) || check_unit(p, map, path, key) ||
	    take_kind(p, map, path, &value.kind) || take_source(p, map, path, &value.source))
		return -1;
	value.value = written(p, find(p, map, "value"));
	return value.value ? add_value(p, &value) : -1;
}

/* ---- sections ---- */

static const struct road_chip_key *find_key(const struct section *sections, size_t count,
					    const char *name, const struct section **where)
{
	for (size_t s = 0; s < count; s++) {
		for (size_t k = 0; k < sections[s].count; k++) {
			if (!strcmp(sections[s].keys[k].name, name)) {
				*where = &sections[s];
				return &sections[s].keys[k];
			}
		}
	}
	return NULL;
}

/* What the chip that this one is like has there. */
static int take_like(struct parse *p, const struct section *section,
		     const struct road_chip_key *key)
{
	struct road_chip_value value = {.name = key->name,
					.unit = key->unit ? key->unit : "",
					.source = p->like,
					.kind = ROAD_CHIP_ASSUMED};

	memcpy((char *)section->base + key->offset, (const char *)section->like + key->offset,
	       key->size);
	for (size_t i = 0; i < p->base->value_count; i++) {
		const char *text = p->base->values[i].value;

		if (strcmp(p->base->values[i].name, key->name))
			continue;
		value.value = own_text(p, text, strlen(text));
		return value.value ? add_value(p, &value) : -1;
	}
	return 0; /* it has none of that either */
}

static int take_default(struct parse *p, const struct section *section,
			const struct road_chip_key *key)
{
	const struct road_chip_value value = {key->name,
					      key->fallback,
					      key->unit ? key->unit : "",
					      "default of the loader",
					      ROAD_CHIP_ASSUMED,
					      0};
	struct road_chip_key free_range = *key;
	uint64_t number = 0;

	free_range.min = 0;
	if (key->type == ROAD_CHIP_IDS)
		return 0;
	if (road_chip_number(key->fallback, strlen(key->fallback), &free_range, &number))
		return road_chip_fail(p->error, ROAD_CHIP_ERROR_RANGE, 0, 0, key->name,
				      key->fallback, "a usable default");
	road_chip_store(section->base, key, number);
	/* "No such thing" is no assumption about the chip. */
	return strcmp(key->fallback, "0") ? add_value(p, &value) : 0;
}

/* The mapping at `path` holds the keys of all given sections. */
static int take_sections(struct parse *p, const yaml_node_t *map, const char *path,
			 const struct section *sections, size_t count)
{
	const struct section *where;

	if (check_mapping(p, map, path))
		return -1;
	for (size_t i = 0; i < pair_count(map); i++) {
		const char *name = text_of(key_at(p, map, i));
		const struct road_chip_key *key = find_key(sections, count, name, &where);

		if (!key)
			return fail_at(p, ROAD_CHIP_ERROR_UNKNOWN, key_at(p, map, i), path, name,
				       name, "a key of the family's table");
		if (take_value(p, value_at(p, map, i), path, key, where->base))
			return -1;
	}
	for (size_t s = 0; s < count; s++) {
		for (size_t k = 0; k < sections[s].count; k++) {
			const struct road_chip_key *key = &sections[s].keys[k];

			if (find(p, map, key->name))
				continue;
			if (sections[s].like) {
				if (take_like(p, &sections[s], key))
					return -1;
				continue;
			}
			if (!key->fallback)
				return fail_at(p, ROAD_CHIP_ERROR_MISSING, map, path, key->name,
					       "nothing", "the key is required");
			if (take_default(p, &sections[s], key))
				return -1;
		}
	}
	return 0;
}

static int take_sources(struct parse *p, const yaml_node_t *root)
{
	p->sources = find(p, root, "sources");
	if (!p->sources)
		return fail_at(p, ROAD_CHIP_ERROR_MISSING, root, "", "sources", "nothing",
			       "a mapping of names to texts");
	if (check_mapping(p, p->sources, "sources"))
		return -1;
	for (size_t i = 0; i < pair_count(p->sources); i++) {
		yaml_node_t *unused;

		if (get_text(p, p->sources, "sources", text_of(key_at(p, p->sources, i)), 1000,
			     &unused))
			return -1;
	}
	return 0;
}

static int take_name(struct parse *p, const yaml_node_t *root)
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz0123456789.-_";
	yaml_node_t *node;

	if (get_text(p, root, "", "chip", 63, &node))
		return -1;
	if (strspn(text_of(node), alphabet) != node->data.scalar.length ||
	    strchr(".-_", text_of(node)[0]))
		return fail_node(p, ROAD_CHIP_ERROR_RANGE, node, "", "chip",
				 "a-z, 0-9, '.', '-', '_', beginning with a letter or digit");
	p->chip->name = own_text(p, text_of(node), node->data.scalar.length);
	return p->chip->name ? 0 : -1;
}

static int take_family(struct parse *p, const yaml_node_t *root)
{
	char allowed[sizeof(p->error->allowed)];
	yaml_node_t *node;

	if (get_text(p, root, "", "family", 31, &node))
		return -1;
	p->chip->family = road_chip_family_find(text_of(node));
	if (p->chip->family)
		return 0;
	road_chip_family_names(allowed, sizeof(allowed));
	return fail_node(p, ROAD_CHIP_ERROR_RANGE, node, "", "family", allowed);
}

/* The chip that holds for what this one does not say; its own file says all. */
static int take_base(struct parse *p, const yaml_node_t *root)
{
	struct road_chip_error why;
	yaml_node_t *node = find(p, root, "like");
	char source[80];

	p->chip->like = "";
	if (!node)
		return 0;
	if (p->is_base)
		return fail_node(p, ROAD_CHIP_ERROR_CONFLICT, node, "", "like",
				 "nothing: another chip is like this one");
	if (get_text(p, root, "", "like", 63, &node))
		return -1;
	const struct road_chip_builtin *file =
		road_chip_builtin_find(text_of(node), node->data.scalar.length);

	if (!file)
		return fail_node(p, ROAD_CHIP_ERROR_RANGE, node, "", "like",
				 "the name of a built-in chip");
	if (parse_bytes(file->bytes, file->len, file->name, true, &p->base, &why)) {
		memcpy(p->error, &why, sizeof(why));
		return -1;
	}
	if (p->base->family != p->chip->family)
		return fail_node(p, ROAD_CHIP_ERROR_CONFLICT, node, "", "like",
				 "a chip of the same family");
	snprintf(source, sizeof(source), "like %s", p->base->name);
	p->like = own_text(p, source, strlen(source));
	p->chip->like = p->like ? p->like + strlen("like ") : "";
	return p->like ? 0 : -1;
}

static int check_params(struct parse *p, const yaml_node_t *map)
{
	const struct road_chip *chip = p->chip;
	char allowed[sizeof(p->error->allowed)] = "";
	const char *key = road_chip_conflict(chip->family, &chip->host, chip->params, allowed,
					     sizeof(allowed));

	if (!key)
		return 0;
	yaml_node_t *value = find(p, map, key);
	yaml_node_t *seen = value ? find(p, value, "value") : NULL;

	return seen ? fail_node(p, ROAD_CHIP_ERROR_CONFLICT, seen, "parameters", key, allowed)
		    : fail_at(p, ROAD_CHIP_ERROR_CONFLICT, map, "parameters", key, "the default",
			      allowed);
}

static int take_root(struct parse *p, const yaml_node_t *root)
{
	static const char *const fields[] = {"chip",     "family",     "like", "sources",
					     "identity", "parameters", NULL};
	struct road_chip *chip = p->chip;

	if (check_mapping(p, root, "") || check_known(p, root, "", fields) || take_name(p, root) ||
	    take_family(p, root) || take_base(p, root) || take_sources(p, root))
		return -1;
	yaml_node_t *identity = find(p, root, "identity");
	yaml_node_t *parameters = find(p, root, "parameters");

	if (!identity || !parameters)
		return fail_at(p, ROAD_CHIP_ERROR_MISSING, root, "",
			       identity ? "parameters" : "identity", "nothing", "a mapping");
	void *params = own(p, chip->family->params_bytes);

	if (!params)
		return -1;
	chip->params = params;
	const struct section who[] = {
		{"identity", road_chip_identity_keys, road_chip_identity_key_count, &chip->identity,
		 NULL},
	};
	const struct section what[] = {
		{"parameters", chip->family->keys, chip->family->key_count, params,
		 p->base ? p->base->params : NULL},
		{"parameters", road_chip_host_keys, road_chip_host_key_count, &chip->host,
		 p->base ? &p->base->host : NULL},
	};

	if (take_sections(p, identity, "identity", who, 1) ||
	    take_sections(p, parameters, "parameters", what, 2) || check_params(p, parameters))
		return -1;
	chip->values = p->values;
	chip->value_count = p->value_count;
	return 0;
}

static int syntax_error(struct road_chip_error *error, const yaml_parser_t *parser)
{
	/* libyaml forgets to say why where its own stack cannot grow. */
	if (parser->error == YAML_MEMORY_ERROR || parser->error == YAML_NO_ERROR)
		return road_chip_fail(error, ROAD_CHIP_ERROR_MEMORY, 0, 0, "", "", "");
	return road_chip_fail(error, ROAD_CHIP_ERROR_SYNTAX,
			      (unsigned)parser->problem_mark.line + 1,
			      (unsigned)parser->problem_mark.column + 1, "",
			      parser->problem ? parser->problem : "?", "YAML");
}

/* Exactly one document: what stands after it would be silently ignored otherwise. */
static int check_single(yaml_parser_t *parser, struct road_chip_error *error)
{
	yaml_document_t more;

	if (!yaml_parser_load(parser, &more))
		return syntax_error(error, parser);
	yaml_node_t *root = yaml_document_get_root_node(&more);
	int err = root ? road_chip_fail(error, ROAD_CHIP_ERROR_SYNTAX,
					(unsigned)root->start_mark.line + 1, 1, "",
					"a second document", "one document")
		       : 0;

	yaml_document_delete(&more);
	return err;
}

static int parse_document(yaml_parser_t *parser, bool is_base, struct road_chip **out,
			  struct road_chip_error *error)
{
	yaml_document_t doc;
	struct parse p = {.doc = &doc, .error = error, .is_base = is_base};
	int err = -1;

	p.chip = road_chip_new();
	if (!p.chip)
		return road_chip_fail(error, ROAD_CHIP_ERROR_MEMORY, 0, 0, "", "", "");
	if (!yaml_parser_load(parser, &doc)) {
		syntax_error(error, parser);
		goto free_chip;
	}
	yaml_node_t *root = yaml_document_get_root_node(&doc);

	if (root)
		err = take_root(&p, root);
	else
		road_chip_fail(error, ROAD_CHIP_ERROR_SYNTAX, 1, 1, "", "nothing", "a mapping");
	yaml_document_delete(&doc);
	road_chip_free(p.base);
	if (!err)
		err = check_single(parser, error);
	if (!err) {
		*out = p.chip;
		return 0;
	}
free_chip:
	road_chip_free(p.chip);
	return -1;
}

static int parse_bytes(const char *bytes, size_t len, const char *file_name, bool is_base,
		       struct road_chip **out, struct road_chip_error *error)
{
	yaml_parser_t parser;

	memset(error, 0, sizeof(*error));
	snprintf(error->file, sizeof(error->file), "%s", file_name);
	if (len > ROAD_CHIP_FILE_MAX_BYTES)
		return road_chip_fail(error, ROAD_CHIP_ERROR_FILE, 0, 0, "", "a larger file",
				      "1 MiB at the most");
	if (!yaml_parser_initialize(&parser))
		return road_chip_fail(error, ROAD_CHIP_ERROR_MEMORY, 0, 0, "", "", "");
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)bytes, len);
	int err = parse_document(&parser, is_base, out, error);

	yaml_parser_delete(&parser);
	return err;
}

int road_chip_parse(const char *bytes, size_t len, const char *file_name, struct road_chip **out,
		    struct road_chip_error *error)
{
	return parse_bytes(bytes, len, file_name, false, out, error);
}
