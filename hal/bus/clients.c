/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/bus/clients.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hal/bus/sysfs.h"

#define PROC "/proc/"

enum { PROCESSES_MAX = 65536, DESCRIPTORS_MAX = 262144 }; /* that are looked at, in all */

struct search {
	const struct road_found *found;
	struct road_clients *out;
	struct stat device; /* its folder in sysfs */
	bool device_known, only_ours, full;
	uint32_t room, processes, descriptors;
};

/* ---- files of a process ---- */

static int open_at(int folder, const char *name, int flags)
{
	return openat(folder, name, flags | O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

/* The number of bytes of all of it; 0: it is empty, too long, or cannot be read. */
static size_t read_at(int folder, const char *name, char *out, size_t bytes)
{
	const int fd = open_at(folder, name, 0);
	const ssize_t got = fd < 0 ? -1 : road_sysfs_read_all(fd, out, bytes);

	if (fd >= 0)
		close(fd);
	return got > 0 && (size_t)got < bytes ? (size_t)got : 0;
}

/* Decimal digits and nothing else: a process, a descriptor. */
static bool number_of(const char *name, uint32_t *out)
{
	const size_t length = strlen(name);

	*out = 0;
	for (size_t i = 0; i < length && length <= 9; i++)
		*out = *out * 10 + (uint32_t)(name[i] - '0');
	return length && length <= 9 && strspn(name, "0123456789") == length;
}

static bool read_info(int process, uint32_t fd, struct road_fdinfo *out)
{
	char name[32], text[ROAD_FDINFO_MAX + 1];

	snprintf(name, sizeof(name), "fdinfo/%u", fd);
	const size_t bytes = read_at(process, name, text, sizeof(text));

	return bytes && road_fdinfo_parse(text, bytes, out);
}

/* Threads of the kernel and processes that have ended have no command line. */
static bool has_command_line(int process)
{
	char first;
	const int fd = open_at(process, "cmdline", 0);
	const bool any = fd >= 0 && read(fd, &first, 1) == 1;

	if (fd >= 0)
		close(fd);
	return any;
}

static void read_command(int process, char out[16])
{
	char text[32];
	const size_t bytes = read_at(process, "comm", text, sizeof(text));
	const char *end = memchr(text, '\n', bytes);

	snprintf(out, 16, "%.*s", (int)(end ? (size_t)(end - text) : bytes), text);
	road_text_clean(out);
}

/* ---- whose a descriptor is ---- */

enum whose { OTHERS, OURS, MAYBE };

/* By the node's entry in sysfs; a node that sysfs does not show may be any device's. */
static enum whose node_of(const struct search *search, const char *path)
{
	static const struct {
		const char *folder, *class_folder;
	} rows[] = {{"/dev/dri/", "/sys/class/drm"}, {"/dev/accel/", "/sys/class/accel"}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const size_t folder = strlen(rows[i].folder);
		struct stat is;
		char entry[128];
		int length;

		if (strncmp(path, rows[i].folder, folder))
			continue;
		length = snprintf(entry, sizeof(entry), "%s/%.64s/device", rows[i].class_folder,
				  path + folder);
		if (stat(entry, &is)) /* a virtual device is its own */
			entry[(size_t)length - strlen("/device")] = 0;
		if (!search->device_known || stat(entry, &is))
			return MAYBE;
		return is.st_dev == search->device.st_dev && is.st_ino == search->device.st_ino
			       ? OURS
			       : OTHERS;
	}
	return OTHERS;
}

static bool is_ours(const struct search *search, enum whose whose, const struct road_fdinfo *info)
{
	return whose == OURS || (info->pdev[0] && !strcmp(search->found->scheme, "pci") &&
				 !strcmp(info->pdev, search->found->place));
}

/* ---- the list ---- */

static struct road_client *known(struct road_clients *clients, const struct road_fdinfo *info)
{
	for (uint32_t i = 0; i < clients->count && info->has_id; i++)
		if (clients->at[i].info.has_id && clients->at[i].info.id == info->id)
			return &clients->at[i];
	return NULL;
}

static struct road_client *add(struct search *search)
{
	struct road_clients *out = search->out;

	if (out->count == ROAD_CLIENTS_MAX) {
		out->left_out = true;
		return NULL;
	}
	if (out->count == search->room) {
		const uint32_t room = search->room ? search->room * 2 : 8;
		struct road_client *more = realloc(out->at, room * sizeof(*more));

		search->full |= !more;
		if (!more)
			return NULL;
		out->at = more;
		search->room = room;
	}
	struct road_client *client = &out->at[out->count++];

	*client = (struct road_client){.processes = 0};
	return client;
}

static void take(struct search *search, int process, uint32_t pid, uint32_t fd,
		 const struct road_fdinfo *info)
{
	struct road_client *client = known(search->out, info);
	bool first = !client;

	if (!client)
		client = add(search);
	if (!client)
		return;
	search->out->left_out |= info->left_out;
	client->processes += first || client->pid != pid;
	if (!first && (client->pid < pid || (client->pid == pid && client->fd < fd)))
		return;
	client->pid = pid;
	client->fd = fd;
	client->info = *info;
	read_command(process, client->command);
}

/* ---- processes ---- */

static void look_at(struct search *search, int process, int folder, uint32_t pid, const char *name)
{
	struct road_fdinfo info;
	char path[96];
	uint32_t fd;

	if (!number_of(name, &fd))
		return;
	search->descriptors++;
	const ssize_t length = readlinkat(folder, name, path, sizeof(path) - 1);

	if (length <= 0)
		return;
	path[length] = 0;
	const enum whose whose = node_of(search, path);

	if (whose == OTHERS || (whose == MAYBE && search->only_ours))
		return;
	if (!read_info(process, fd, &info))
		search->out->silent += whose == OURS;
	else if (is_ours(search, whose, &info))
		take(search, process, pid, fd, &info);
}

static void look_into(struct search *search, int process, uint32_t pid)
{
	const int fd = open_at(process, "fd", O_DIRECTORY);
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (fd < 0 && (errno == EACCES || errno == EPERM))
		search->out->hidden += has_command_line(process);
	if (fd >= 0 && !folder)
		close(fd);
	while (folder && !search->full && search->descriptors < DESCRIPTORS_MAX &&
	       (entry = readdir(folder)))
		look_at(search, process, dirfd(folder), pid, entry->d_name);
	if (folder)
		closedir(folder);
}

static void look_everywhere(struct search *search, DIR *proc)
{
	const struct dirent *entry;
	uint32_t pid;

	while (!search->full && search->processes < PROCESSES_MAX &&
	       search->descriptors < DESCRIPTORS_MAX && (entry = readdir(proc))) {
		if (!number_of(entry->d_name, &pid))
			continue;
		const int process = open_at(dirfd(proc), entry->d_name, O_DIRECTORY);

		search->processes++;
		if (process < 0) /* it has ended */
			continue;
		look_into(search, process, pid);
		close(process);
	}
	search->out->left_out |=
		search->processes == PROCESSES_MAX || search->descriptors == DESCRIPTORS_MAX;
}

static int by_process(const void *a, const void *b)
{
	const struct road_client *x = a, *y = b;

	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	return x->fd < y->fd ? -1 : x->fd > y->fd;
}

bool road_clients_find(const struct road_found *found, bool only_ours, struct road_clients *out)
{
	struct search search = {.found = found, .out = out, .only_ours = only_ours};
	DIR *proc = opendir(PROC);

	*out = (struct road_clients){.left_out = !proc};
	search.device_known = !stat(found->folder, &search.device);
	if (proc) {
		look_everywhere(&search, proc);
		closedir(proc);
	}
	if (search.full)
		road_clients_free(out);
	else if (out->count)
		qsort(out->at, out->count, sizeof(*out->at), by_process);
	return !search.full;
}

void road_clients_free(struct road_clients *clients)
{
	free(clients->at);
	*clients = (struct road_clients){.count = 0};
}

bool road_client_read(uint32_t pid, uint32_t fd, const struct road_fdinfo *before,
		      struct road_fdinfo *out)
{
	char path[32];

	snprintf(path, sizeof(path), PROC "%u", pid);
	const int process = open(path, O_RDONLY | O_CLOEXEC | O_DIRECTORY);
	const bool read = process >= 0 && read_info(process, fd, out);

	if (process >= 0)
		close(process);
	return read && !strcmp(out->driver, before->driver) && !strcmp(out->pdev, before->pdev) &&
	       out->has_id == before->has_id && out->id == before->id;
}
