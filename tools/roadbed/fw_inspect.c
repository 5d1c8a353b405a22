/* SPDX-License-Identifier: Apache-2.0 */
/* roadbed fw inspect, diff: what images say of themselves. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tools/roadbed/fw.h"
#include "tools/roadbed/json.h"

/* What both verbs show, in this order; text is NULL for what the image does not say. */
struct field {
	const char *name;
	char *text;
	bool number;
};
enum { FIELDS = 14 };
struct sheet {
	struct field fields[FIELDS];
	unsigned count;
};

static void put(struct sheet *sheet, const char *name, bool number, char *text)
{
	if (sheet->count == FIELDS)
		abort(); /* a line too many below */
	sheet->fields[sheet->count++] = (struct field){name, text, number};
}

static char *copy(const char *text)
{
	char *out = strdup(text);

	if (!out)
		tool_no_memory();
	return out;
}

static void put_number(struct sheet *sheet, const char *name, bool there, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	put(sheet, name, true, there ? copy(text) : NULL);
}

static void put_uuid(struct sheet *sheet, const char *name, bool there,
		     const road_firmware_uuid *uuid)
{
	char text[ROAD_FIRMWARE_UUID_TEXT];

	road_firmware_uuid_format(uuid, text);
	put(sheet, name, false, there ? copy(text) : NULL);
}

static void put_hex(struct sheet *sheet, const char *name, const uint8_t *bytes, size_t count)
{
	char text[2 * 64 + 1];

	fw_hex(bytes, count, text);
	put(sheet, name, false, copy(text));
}

static void put_version(struct sheet *sheet, const road_firmware_version *version)
{
	char text[ROAD_FIRMWARE_VERSION_TEXT];

	road_firmware_version_format(version, text);
	put(sheet, "version", false, copy(text));
}

/* "1:1.5.0 7:2.0.0" */
static void put_dependencies(struct sheet *sheet, const road_firmware_image *image)
{
	char *text = NULL, version[ROAD_FIRMWARE_VERSION_TEXT];
	size_t bytes = 0;
	FILE *out = open_memstream(&text, &bytes);
	road_firmware_dependency dependency;

	if (!out)
		tool_no_memory();
	for (uint32_t i = 0; !road_firmware_image_dependency(image, i, &dependency); i++) {
		road_firmware_version_format(&dependency.at_least, version);
		fprintf(out, "%s%u:%s", i ? " " : "", dependency.image, version);
	}
	if (fclose(out))
		tool_no_memory();
	if (!bytes) {
		free(text);
		text = NULL;
	}
	put(sheet, "dependencies", false, text);
}

static struct sheet describe(const road_firmware_image *image)
{
	road_firmware_image_info info = {.size = sizeof(info)};
	struct sheet sheet = {.count = 0};

	road_firmware_image_info_get(image, &info);
	put_version(&sheet, &info.version);
	put(&sheet, "component", false, info.component[0] ? copy(info.component) : NULL);
	put_uuid(&sheet, "vendor", info.has & ROAD_FIRMWARE_HAS_VENDOR, &info.vendor);
	put_uuid(&sheet, "class", info.has & ROAD_FIRMWARE_HAS_CLASS, &info.chip_class);
	put_number(&sheet, "counter", info.has & ROAD_FIRMWARE_HAS_COUNTER, info.counter);
	put_dependencies(&sheet, image);
	put(&sheet, "kind", false, copy(info.flags & ROAD_FIRMWARE_BUNDLE ? "bundle" : "image"));
	put_number(&sheet, "header_bytes", true, info.header_bytes);
	put_number(&sheet, "payload_bytes", true, info.payload_bytes);
	put_number(&sheet, "total_bytes", true, info.total_bytes);
	put_hex(&sheet, "digest", info.digest, sizeof(info.digest));
	put_hex(&sheet, "key_hash", info.key_hash, sizeof(info.key_hash));
	put_hex(&sheet, "signature", info.signature, sizeof(info.signature));
	return sheet;
}

static void sheet_free(struct sheet *sheet)
{
	for (unsigned i = 0; i < sheet->count; i++)
		free(sheet->fields[i].text);
}

static void add_field(struct json_object *to, const char *key, const struct field *field)
{
	if (!field->text)
		json_add(to, key, NULL);
	else if (field->number)
		json_add_u64(to, key, strtoull(field->text, NULL, 10));
	else
		json_add_text(to, key, field->text);
}

static struct json_object *entries(const road_firmware_image *image)
{
	struct json_object *all = json_new_array();
	road_firmware_tlv tlv = {.size = sizeof(tlv)};
	char type[16];

	for (uint32_t i = 0; !road_firmware_image_tlv(image, i, &tlv); i++) {
		struct json_object *one = json_new();

		snprintf(type, sizeof(type), "0x%04x", tlv.type);
		json_add_text(one, "type", type);
		json_add_bool(one, "protected", tlv.is_protected);
		json_add_u64(one, "bytes", tlv.bytes);
		json_append(all, one);
	}
	return all;
}

static int print_json(const struct sheet *sheet, const road_firmware_image *image)
{
	struct json_object *document = json_document("fw-inspect");

	for (unsigned i = 0; i < sheet->count; i++)
		add_field(document, sheet->fields[i].name, &sheet->fields[i]);
	json_add(document, "entries", entries(image));
	json_add_bool(document, "verified", false);
	return json_print(document);
}

static int print_text(const struct sheet *sheet, const road_firmware_image *image)
{
	road_firmware_tlv tlv = {.size = sizeof(tlv)};

	for (unsigned i = 0; i < sheet->count; i++)
		if (sheet->fields[i].text)
			printf("%s: %s\n", sheet->fields[i].name, sheet->fields[i].text);
	for (uint32_t i = 0; !road_firmware_image_tlv(image, i, &tlv); i++)
		printf("entry 0x%04x: %u bytes%s\n", tlv.type, tlv.bytes,
		       tlv.is_protected ? ", protected" : "");
	puts("nothing of this is verified");
	return TOOL_OK;
}

int fw_inspect(int argc, char **argv)
{
	road_firmware_detail detail = {.size = sizeof(detail)};
	road_firmware_image *image;
	struct tool_error error;
	bool json = false;
	const struct tool_option options[] = {{"--json", &json, NULL}, {NULL, NULL, NULL}};

	if (tool_options(options, argc, argv, &argc, &error))
		return fw_usage(&error);
	if (argc != 1)
		return tool_refuse(TOOL_USAGE, "fw inspect", "takes one FILE", "", "");
	int code = fw_read_image(argv[0], &image, &detail);

	if (code)
		return code;
	struct sheet sheet = describe(image);

	code = json ? print_json(&sheet, image) : print_text(&sheet, image);
	sheet_free(&sheet);
	road_firmware_image_free(image);
	return code;
}

static bool same(const struct field *a, const struct field *b)
{
	return a->text && b->text ? !strcmp(a->text, b->text) : a->text == b->text;
}

static int print_differences(const struct sheet *a, const struct sheet *b, bool json)
{
	struct json_object *document = json_document("fw-diff"), *all = json_new_array();
	unsigned count = 0;

	for (unsigned i = 0; i < a->count; i++) {
		const struct field *from = &a->fields[i], *to = &b->fields[i];

		if (same(from, to))
			continue;
		struct json_object *one = json_new();

		json_add_text(one, "name", from->name);
		add_field(one, "a", from);
		add_field(one, "b", to);
		json_append(all, one);
		count++;
		if (!json)
			printf("%s: %s -> %s\n", from->name, from->text ? from->text : "none",
			       to->text ? to->text : "none");
	}
	json_add(document, "differences", all);
	if (json)
		json_print(document);
	else
		json_object_put(document);
	return count ? TOOL_FAILURE : TOOL_OK;
}

int fw_diff(int argc, char **argv)
{
	road_firmware_detail detail = {.size = sizeof(detail)};
	road_firmware_image *a, *b;
	struct tool_error error;
	bool json = false;
	const struct tool_option options[] = {{"--json", &json, NULL}, {NULL, NULL, NULL}};

	if (tool_options(options, argc, argv, &argc, &error))
		return fw_usage(&error);
	if (argc != 2)
		return tool_refuse(TOOL_USAGE, "fw diff", "takes two files, A and B", "", "");
	int code = fw_read_image(argv[0], &a, &detail);

	if (code)
		return code;
	code = fw_read_image(argv[1], &b, &detail);
	if (!code) {
		struct sheet left = describe(a), right = describe(b);

		code = print_differences(&left, &right, json);
		sheet_free(&left);
		sheet_free(&right);
		road_firmware_image_free(b);
	}
	road_firmware_image_free(a);
	return code;
}
