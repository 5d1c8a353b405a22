/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `roadbed bind DEVICE` takes a PCI function from its driver, for vfio-pci, which gives it to
 * programs; `roadbed unbind DEVICE` gives it back to the driver that the kernel chooses. See
 * docs/buses.md.
 */
#include "tools/roadbed/candidates.h"
#include "tools/roadbed/verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define VFIO "vfio-pci"

struct function {
	const char *sys;   /* where sysfs is */
	const char *place; /* "0000:03:00.0" */
	char folder[PATH_MAX];
};

/* The last part of what a link in the function's folder names; "" if there is none. */
static void link_of(const struct function *function, const char *name, char out[64])
{
	char path[PATH_MAX + 32], target[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", function->folder, name);
	ssize_t length = readlink(path, target, sizeof(target) - 1);

	target[length > 0 ? length : 0] = 0;
	const char *slash = strrchr(target, '/');

	snprintf(out, 64, "%.63s", slash ? slash + 1 : target);
}

/* One word into a file of sysfs; says what went wrong. */
static int put(const char *path, const char *text)
{
	const int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd >= 0) {
		const bool written = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
		const int error = errno;

		close(fd);
		if (written)
			return TOOL_OK;
		errno = error;
	}
	return tool_refuse(TOOL_IO, path, strerror(errno), "",
			   errno == EACCES || errno == EPERM ? "root" : "");
}

static int put_own(const struct function *function, const char *file, const char *text)
{
	char path[PATH_MAX + 32];

	snprintf(path, sizeof(path), "%s/%s", function->folder, file);
	return put(path, text);
}

/* The kernel looks for a driver anew. */
static int choose_driver(const struct function *function)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/bus/pci/drivers_probe", function->sys);
	return put(path, function->place);
}

static int leave_driver(const struct function *function)
{
	char driver[64];

	link_of(function, "driver", driver);
	return driver[0] ? put_own(function, "driver/unbind", function->place) : TOOL_OK;
}

/* ---- what may be bound ---- */

/* Is it an accelerator, as the library finds them? */
static int is_listed(const char *address, bool *out)
{
	struct candidates all = {0};
	road_instance *instance;
	int code = library_open(&instance);

	*out = false;
	if (code)
		return code;
	code = candidates_read(instance, CANDIDATES_SEEN, &all);
	for (uint32_t i = 0; !code && i < all.count; i++)
		*out |= !strcmp(all.at[i].address, address);
	candidates_free(&all);
	road_instance_release(instance);
	return code;
}

static int check_function(const struct function *function)
{
	char path[PATH_MAX], group[64];
	struct stat is;

	snprintf(path, sizeof(path), "%s/bus/pci/drivers/" VFIO, function->sys);
	if (stat(path, &is))
		return tool_refuse(TOOL_FAILURE, "roadbed bind", "the kernel has no " VFIO, path,
				   "modprobe " VFIO);
	link_of(function, "iommu_group", group);
	if (!group[0])
		return tool_refuse(TOOL_FAILURE, "roadbed bind",
				   "no IOMMU keeps the function apart: it could not be used",
				   function->place, "an IOMMU that firmware and kernel switch on");
	return TOOL_OK;
}

/* ---- both verbs ---- */

static int bind(const struct function *function)
{
	char before[64], after[64];
	int code = check_function(function);

	link_of(function, "driver", before);
	if (code || !strcmp(before, VFIO)) {
		if (!code)
			printf("%s: bound to " VFIO " already\n", function->place);
		return code;
	}
	code = put_own(function, "driver_override", VFIO "\n");
	if (!code)
		code = leave_driver(function);
	if (!code)
		code = choose_driver(function);
	link_of(function, "driver", after);
	if (!code && strcmp(after, VFIO))
		code = tool_refuse(TOOL_FAILURE, "roadbed bind", "the kernel did not bind it",
				   function->place, "see the kernel's messages");
	if (code) { /* as it was */
		(void)put_own(function, "driver_override", "\n");
		(void)choose_driver(function);
		return code;
	}
	printf("%s: bound to " VFIO " (was: %s)\n", function->place, before[0] ? before : "none");
	return TOOL_OK;
}

static int unbind(const struct function *function)
{
	char before[64], after[64];
	int code = put_own(function, "driver_override", "\n");

	link_of(function, "driver", before);
	if (!code && !strcmp(before, VFIO)) {
		code = leave_driver(function);
		if (!code)
			code = choose_driver(function);
	}
	if (code)
		return code;
	link_of(function, "driver", after);
	printf("%s: bound to %s\n", function->place, after[0] ? after : "no driver");
	return TOOL_OK;
}

static int find(const char *verb, const char *address, const char *sys, struct function *out)
{
	struct stat is;

	*out = (struct function){.sys = sys, .place = address + strlen("pci:")};
	if (strncmp(address, "pci:", 4) || strspn(out->place, "0123456789abcdef:.") < 12 ||
	    strlen(out->place) > 20 ||
	    strspn(out->place, "0123456789abcdef:.") != strlen(out->place))
		return tool_refuse(TOOL_USAGE, verb, "no address of a function on PCI", address,
				   "pci:0000:03:00.0");
	if ((size_t)snprintf(out->folder, sizeof(out->folder), "%s/bus/pci/devices/%s", sys,
			     out->place) >= sizeof(out->folder) ||
	    stat(out->folder, &is))
		return tool_refuse(TOOL_FAILURE, verb, "no function at this place", address,
				   "one that `roadbed explain` lists");
	return TOOL_OK;
}

static int run(const char *verb, int argc, char **argv, bool binds)
{
	const char *sys = NULL;
	bool any = false, listed = false;
	const struct tool_option options[] = {{"--any", &any, NULL}, {"--sys", NULL, &sys}, {NULL}};
	struct function function;
	struct tool_error error;
	int left;

	if (tool_options(binds ? options : options + 1, argc, argv, &left, &error)) {
		tool_error_print(&error);
		return TOOL_USAGE;
	}
	if (left != 1)
		return tool_refuse(TOOL_USAGE, verb, "wrong arguments", "", "DEVICE");
	int code = find(verb, argv[0], sys ? sys : "/sys", &function);

	if (code || !binds)
		return code ? code : unbind(&function);
	if (!any)
		code = is_listed(argv[0], &listed);
	if (!code && !any && !listed)
		return tool_refuse(TOOL_FAILURE, verb,
				   "the function is no accelerator that is known", argv[0],
				   "--any, if nothing else needs it");
	return code ? code : bind(&function);
}

int verb_bind(int argc, char **argv)
{
	return run("roadbed bind", argc, argv, true);
}

int verb_unbind(int argc, char **argv)
{
	return run("roadbed unbind", argc, argv, false);
}
