/* SPDX-License-Identifier: Apache-2.0 */
/*
 * roadbed new-driver: writes a port's project. The source is drivers/template, one project a shape
 * for a driver called `template`; a new one is the same with another name in texts and paths.
 *
 * The project is written to a folder beside the wanted one and renamed when all of it is there.
 */
#include "tools/roadbed/new_driver.h"
#include "tools/roadbed/tool.h"
#include "tools/roadbed/verbs.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_MAX_BYTES = 24 };

static const char from_lower[] = "template", from_upper[] = "TEMPLATE";
static const char name_rule[] = "at most 24 of a-z, 0-9, _, beginning with a letter";

struct project {
	const char *name, *shape;
	char upper[NAME_MAX_BYTES + 1];
	char folder[PATH_MAX - 64];
	char work[PATH_MAX]; /* where it is written */
};

/* ---- what was asked for ---- */

static bool is_taken(const char *name)
{
	static const char *const drivers[] = {ROADBED_DRIVER_NAMES, from_lower};

	for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++)
		if (!strcmp(name, drivers[i]))
			return true;
	return false;
}

static bool is_name(const char *name)
{
	size_t bytes = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");

	return bytes && bytes <= NAME_MAX_BYTES && !name[bytes] && islower((unsigned char)name[0]);
}

static bool is_shape(const char *shape)
{
	for (const struct kit_file *file = kit_files; file->shape; file++)
		if (!strcmp(file->shape, shape))
			return true;
	return false;
}

static void list_shapes(char *out, size_t bytes)
{
	const char *last = "";
	size_t used = 0;

	out[0] = 0;
	for (const struct kit_file *file = kit_files; file->shape && used < bytes; file++) {
		if (strcmp(file->shape, last))
			used += (size_t)snprintf(out + used, bytes - used, "%s%s", used ? " " : "",
						 file->shape);
		last = file->shape;
	}
}

static int take_folder(struct project *project, const char *folder)
{
	size_t bytes = strlen(folder);

	while (bytes > 1 && folder[bytes - 1] == '/')
		bytes--;
	if (!bytes || bytes >= sizeof(project->folder))
		return tool_refuse(TOOL_USAGE, "--folder", bytes ? "is too long" : "is empty", "",
				   "1 to 4000 bytes");
	memcpy(project->folder, folder, bytes);
	return TOOL_OK;
}

static int parse(int argc, char **argv, struct project *project)
{
	const char *folder = NULL;
	const struct tool_option options[] = {
		{.name = "--shape", .value = &project->shape},
		{.name = "--folder", .value = &folder},
		{.name = NULL},
	};
	struct tool_error error;
	char shapes[64];
	int left;

	list_shapes(shapes, sizeof(shapes));
	if (tool_options(options, argc, argv, &left, &error)) {
		tool_error_print(&error);
		return TOOL_USAGE;
	}
	if (left != 1)
		return tool_refuse(TOOL_USAGE, "roadbed new-driver",
				   left ? "takes one name" : "lacks the driver's name",
				   left ? argv[1] : "", "NAME --shape SHAPE [--folder FOLDER]");
	project->name = argv[0];
	if (!is_name(project->name))
		return tool_refuse(TOOL_USAGE, "NAME", "is no name for a driver", project->name,
				   name_rule);
	if (is_taken(project->name))
		return tool_refuse(TOOL_USAGE, "NAME", "there is such a driver", project->name,
				   "a name of its own");
	if (!project->shape || !is_shape(project->shape))
		return tool_refuse(TOOL_USAGE, "--shape",
				   project->shape ? "no such shape" : "is missing",
				   project->shape ? project->shape : "", shapes);
	for (size_t i = 0; project->name[i]; i++)
		project->upper[i] = (char)toupper((unsigned char)project->name[i]);
	return take_folder(project, folder ? folder : project->name);
}

/* ---- names in texts ---- */

/* The text with the project's name in place of the template's; malloc'ed, terminated. */
static char *renamed(const struct project *project, const char *text, size_t count, size_t *bytes)
{
	const size_t length = sizeof(from_lower) - 1, name = strlen(project->name);
	char *out = malloc(count / length * (name > length ? name : length) + count + 1);
	size_t used = 0;

	if (!out)
		tool_no_memory();
	for (size_t i = 0; i < count;) {
		bool lower = count - i >= length && !memcmp(text + i, from_lower, length);
		bool upper = count - i >= length && !memcmp(text + i, from_upper, length);

		if (!lower && !upper) {
			out[used++] = text[i++];
			continue;
		}
		memcpy(out + used, lower ? project->name : project->upper, name);
		used += name;
		i += length;
	}
	out[used] = 0;
	*bytes = used;
	return out;
}

/* ---- files ---- */

static int file_error(const char *path, const char *what)
{
	return tool_refuse(TOOL_FAILURE, path, what, strerror(errno), "");
}

/* Makes the folders of `path`, which lies in the project. */
static int make_folders(const struct project *project, char *path)
{
	for (char *at = path + strlen(project->work) + 1; (at = strchr(at, '/')); at++) {
		*at = 0;
		int rc = mkdir(path, 0777);

		if (rc && errno != EEXIST)
			return file_error(path, "cannot be made");
		*at = '/';
	}
	return TOOL_OK;
}

static int write_file(const struct project *project, const struct kit_file *file)
{
	char path[2 * PATH_MAX];
	size_t bytes, path_bytes;
	char *name = renamed(project, file->path, strlen(file->path), &path_bytes);
	char *text = renamed(project, file->bytes, file->count, &bytes);
	int code;

	snprintf(path, sizeof(path), "%s/%s", project->work, name);
	code = make_folders(project, path);
	if (!code) {
		FILE *out = fopen(path, "wxe");
		bool bad = !out || fwrite(text, 1, bytes, out) != bytes;

		if (out)
			bad |= fclose(out) != 0;
		if (bad)
			code = file_error(path, "cannot be written");
	}
	free(text);
	free(name);
	return code;
}

/* Takes back what was written: only what the table names, from the leaves on. */
static void remove_all(const struct project *project)
{
	char path[2 * PATH_MAX];

	for (const struct kit_file *file = kit_files; file->shape; file++) {
		size_t bytes;
		char *name;

		if (strcmp(file->shape, project->shape))
			continue;
		name = renamed(project, file->path, strlen(file->path), &bytes);
		snprintf(path, sizeof(path), "%s/%s", project->work, name);
		free(name);
		(void)unlink(path);
		for (char *slash; (slash = strrchr(path, '/')) > path + strlen(project->work);) {
			*slash = 0;
			(void)rmdir(path);
		}
	}
	(void)rmdir(project->work);
}

static int write_all(const struct project *project)
{
	for (const struct kit_file *file = kit_files; file->shape; file++) {
		int code =
			strcmp(file->shape, project->shape) ? TOOL_OK : write_file(project, file);

		if (code)
			return code;
	}
	return TOOL_OK;
}

/* mkdtemp's folder is its owner's alone; a project's is as the user's other folders are. */
static int open_to_others(const char *folder)
{
	mode_t mask = umask(0);

	umask(mask);
	return chmod(folder, 0777 & ~mask) ? file_error(folder, "cannot be made") : TOOL_OK;
}

/* In one step, and never over what has come to be there meanwhile, where the file system can. */
static bool take_place(const struct project *project)
{
	if (!renameat2(AT_FDCWD, project->work, AT_FDCWD, project->folder, RENAME_NOREPLACE))
		return true;
	return errno == EINVAL && !rename(project->work, project->folder);
}

static int make_project(struct project *project)
{
	struct stat st;
	int code;

	if (!lstat(project->folder, &st))
		return tool_refuse(TOOL_FAILURE, "--folder", "is there already", project->folder,
				   "a folder that is not there");
	snprintf(project->work, sizeof(project->work), "%s.XXXXXX", project->folder);
	if (!mkdtemp(project->work))
		return file_error(project->folder, "cannot be made");
	code = write_all(project);
	if (!code)
		code = open_to_others(project->work);
	if (!code && !take_place(project))
		code = file_error(project->folder, "cannot be made");
	if (code)
		remove_all(project);
	return code;
}

int verb_new_driver(int argc, char **argv)
{
	struct project project = {0};
	int code = parse(argc, argv, &project);

	if (!code)
		code = make_project(&project);
	if (!code)
		printf("%s: a %s port; README.md there says what is next:\n"
		       "  cd %s && meson setup build && ninja -C build\n"
		       "  meson test -C build port --print-errorlogs\n",
		       project.folder, project.shape, project.folder);
	return code;
}
