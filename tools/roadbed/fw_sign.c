/* SPDX-License-Identifier: Apache-2.0 */
/* roadbed fw keygen, sign. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/roadbed/files.h"
#include "tools/roadbed/fw.h"
#include "tools/roadbed/json.h"

enum { KEY_FILE_MAX = 65536, PAYLOAD_FILE_MAX = 32 << 20 };

static int refuse_io(const struct tool_error *error)
{
	tool_error_print(error);
	return TOOL_IO;
}

/* Writes a file that was not there before; an old key is never overwritten. */
static int write_new(const char *path, mode_t mode, const char *text, size_t bytes)
{
	struct tool_error error;
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);

	if (fd < 0)
		return tool_refuse(TOOL_IO, path, "cannot be made", strerror(errno), "a new file");
	int rc = file_write(fd, path, text, bytes, &error);

	if (!rc && fsync(fd))
		rc = tool_error_set(&error, path, "cannot be written", strerror(errno), "");
	close(fd);
	if (!rc)
		return TOOL_OK;
	unlink(path);
	return refuse_io(&error);
}

/* Both halves, or neither. */
static int write_pair(const char *path, const char *public_path, const char *private_text,
		      const char *public_text)
{
	int code = write_new(path, 0600, private_text, strlen(private_text));

	if (code)
		return code;
	code = write_new(public_path, 0644, public_text, strlen(public_text));
	if (code)
		unlink(path);
	return code;
}

/* hex: of the public key. */
static int keygen(const char *path, const char *public_path, char hex[65])
{
	road_firmware_detail detail = {.size = sizeof(detail)};
	road_firmware_key key = {.size = sizeof(key)};
	uint8_t seed[ROAD_FIRMWARE_SEED_BYTES];
	char *private_text = NULL, *public_text = NULL;
	size_t private_bytes = 0, bytes;
	road_firmware_error rc = road_firmware_key_generate(seed, key.key, &detail);

	if (!rc)
		rc = road_firmware_key_write_private(seed, &private_text, &private_bytes, &detail);
	if (!rc)
		rc = road_firmware_key_write_public(&key, &public_text, &bytes, &detail);
	const int code = rc ? fw_refuse(NULL, &detail)
			    : write_pair(path, public_path, private_text, public_text);

	fw_hex(key.key, sizeof(key.key), hex);
	explicit_bzero(seed, sizeof(seed));
	if (private_text)
		explicit_bzero(private_text, private_bytes);
	road_firmware_free(private_text);
	road_firmware_free(public_text);
	return code;
}

int fw_keygen(int argc, char **argv)
{
	struct tool_error error;
	bool json = false;
	char *public_path, hex[65];
	const struct tool_option options[] = {{"--json", &json, NULL}, {NULL, NULL, NULL}};

	if (tool_options(options, argc, argv, &argc, &error))
		return fw_usage(&error);
	if (argc != 1)
		return tool_refuse(TOOL_USAGE, "fw keygen", "takes one KEY", "", "");
	if (asprintf(&public_path, "%s.pub", argv[0]) < 0)
		tool_no_memory();
	const int code = keygen(argv[0], public_path, hex);

	if (!code && json) {
		struct json_object *document = json_document("fw-keygen");

		json_add_text(document, "private", argv[0]);
		json_add_text(document, "public", public_path);
		json_add_text(document, "key", hex);
		json_print(document);
	} else if (!code) {
		printf("%s: the private key; keep it\n%s: its public half, %s\n", argv[0],
		       public_path, hex);
	}
	free(public_path);
	return code;
}

/* ---- sign ---- */

struct words {
	const char *key, *version, *counter, *vid, *cid, *component, *out;
	struct fw_list dependencies;
	bool json;
};

/* "IMAGE:VERSION" */
static int parse_dependency(const char *text, road_firmware_dependency *out,
			    struct tool_error *error)
{
	const char *colon = strchr(text, ':');
	uint64_t image;

	if (!colon || !tool_number(text, (size_t)(colon - text), UINT8_MAX, &image) ||
	    road_firmware_version_parse(colon + 1, &out->at_least, NULL))
		return tool_error_set(error, "--dependency", "is no dependency", text,
				      "IMAGE:VERSION, such as 1:1.2.3+4, IMAGE up to 255");
	out->image = (uint32_t)image;
	return 0;
}

int fw_read_seed(const char *path, uint8_t seed[ROAD_FIRMWARE_SEED_BYTES])
{
	road_firmware_detail detail = {.size = sizeof(detail)};
	struct tool_error error;
	void *text;
	size_t bytes;

	if (file_read(path, KEY_FILE_MAX, &text, &bytes, &error))
		return refuse_io(&error);
	const road_firmware_error rc = road_firmware_key_read_private(text, bytes, seed, &detail);

	explicit_bzero(text, bytes);
	free(text);
	return rc ? fw_refuse(path, &detail) : TOOL_OK;
}

int fw_write_out(const char *path, const void *bytes, size_t count)
{
	struct file_set set = {0};
	struct tool_error error;
	int fd;
	int rc = file_add(&set, path, &fd, &error);

	if (!rc)
		rc = file_write(fd, path, bytes, count, &error);
	if (!rc)
		rc = file_commit(&set, &error);
	file_abandon(&set);
	return rc ? refuse_io(&error) : TOOL_OK;
}

static int report(const struct words *w, size_t bytes)
{
	if (!w->json) {
		printf("%s: version %s, %zu bytes\n", w->out, w->version, bytes);
		return TOOL_OK;
	}
	struct json_object *document = json_document("fw-sign");

	json_add_text(document, "file", w->out);
	json_add_text(document, "version", w->version);
	json_add_u64(document, "total_bytes", bytes);
	return json_print(document);
}

static int sign(const char *in, const struct words *w, const road_firmware_sign_options *options)
{
	road_firmware_detail detail = {.size = sizeof(detail)};
	uint8_t seed[ROAD_FIRMWARE_SEED_BYTES];
	struct tool_error error;
	void *payload, *made = NULL;
	size_t payload_bytes, bytes = 0;
	int code;

	if (file_read(in, PAYLOAD_FILE_MAX, &payload, &payload_bytes, &error))
		return refuse_io(&error);
	code = fw_read_seed(w->key, seed);
	if (!code &&
	    road_firmware_sign(payload, payload_bytes, seed, options, &made, &bytes, &detail))
		code = fw_refuse(in, &detail);
	explicit_bzero(seed, sizeof(seed));
	if (!code)
		code = fw_write_out(w->out, made, bytes);
	road_firmware_free(made);
	free(payload);
	return code ? code : report(w, bytes);
}

static int read_words(const struct words *w, road_firmware_sign_options *options,
		      road_firmware_dependency *dependencies, struct tool_error *error)
{
	if (!w->key || !w->version || !w->out)
		return tool_error_set(error, "fw sign", "lacks an option", "",
				      "-k KEY, --version VERSION and -o OUT");
	if (road_firmware_version_parse(w->version, &options->version, NULL))
		return tool_error_set(error, "--version", "is no version", w->version,
				      "MAJOR.MINOR.REVISION[+BUILD]");
	for (uint32_t i = 0; i < w->dependencies.count; i++)
		if (parse_dependency(w->dependencies.all[i], &dependencies[i], error))
			return -1;
	options->dependencies = dependencies;
	options->dependency_count = w->dependencies.count;
	options->component = w->component;
	return fw_bounds(w->vid, w->cid, w->counter, &options->has, &options->vendor,
			 &options->chip_class, &options->counter, error);
}

int fw_sign(int argc, char **argv)
{
	road_firmware_sign_options made = {.size = sizeof(made)};
	road_firmware_dependency dependencies[FW_LIST_MAX];
	struct words w = {0};
	struct tool_error error;
	const struct tool_option options[] = {
		{"-k", NULL, &w.key},
		{"--key", NULL, &w.key},
		{"--version", NULL, &w.version},
		{"--counter", NULL, &w.counter},
		{"--vid", NULL, &w.vid},
		{"--cid", NULL, &w.cid},
		{"--component", NULL, &w.component},
		{"-o", NULL, &w.out},
		{"--json", &w.json, NULL},
		{NULL, NULL, NULL},
	};

	if (fw_take_list("--dependency", &argc, argv, &w.dependencies, &error) ||
	    tool_options(options, argc, argv, &argc, &error) ||
	    read_words(&w, &made, dependencies, &error))
		return fw_usage(&error);
	if (argc != 1)
		return tool_refuse(TOOL_USAGE, "fw sign", "takes one file IN", "", "");
	return sign(argv[0], &w, &made);
}
