/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/roadbed/doctor.h"

#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef ROADBED_FIRMWARE
#include <roadbed/firmware.h>
#endif

static void tell(struct doctor *doctor, const char *id, enum doctor_result result,
		 const char *remedy, const char *format, ...) TOOL_PRINTF(5, 6);

static void tell(struct doctor *doctor, const char *id, enum doctor_result result,
		 const char *remedy, const char *format, ...)
{
	char what[512];
	va_list list;

	va_start(list, format);
	vsnprintf(what, sizeof(what), format, list);
	va_end(list);
	doctor->tell(doctor, id, result, what, remedy);
}

/* ---- libraries ---- */

static void library(struct doctor *doctor)
{
	const uint32_t version = road_version();

	tell(doctor, "library", DOCTOR_PASS, "", "libroadbed %u.%u.%u", version >> 16,
	     version >> 8 & 0xff, version & 0xff);
}

static void simulators(struct doctor *doctor)
{
	uint32_t chips = 0;

	for (uint32_t i = 0; i < doctor->all.count; i++) {
		const road_candidate *one = &doctor->all.at[i];

		if (!strcmp(one->address, "sim:")) {
			tell(doctor, "simulators", DOCTOR_WARN,
			     "install libroadbed-sim.so, of this version, beside libroadbed.so",
			     "%s", one->reason);
			return;
		}
		chips += one->simulated && !one->status && !doctor->all.here[i];
	}
	tell(doctor, "simulators", DOCTOR_PASS, "", "%" PRIu32 " chips can be simulated", chips);
}

#ifdef ROADBED_FIRMWARE
static void firmware(struct doctor *doctor)
{
	road_firmware_detail detail = {.size = sizeof(detail)};
	road_firmware_keys *keys = NULL;
	road_firmware_key key = {.size = sizeof(key)};
	uint32_t count = 0;

	if (road_firmware_keys_create(&keys, &detail)) {
		tell(doctor, "firmware.loader", DOCTOR_FAIL, "", "%s", detail.what);
		return;
	}
	tell(doctor, "firmware.loader", DOCTOR_PASS, "", "libroadbed-firmware is there");
	if (road_firmware_keys_add_folder(keys, NULL, &detail)) {
		tell(doctor, "firmware.keys", DOCTOR_FAIL,
		     "folder and files have to belong to root, and nobody else may write them",
		     "%s: %s", detail.where[0] ? detail.where : ROAD_FIRMWARE_KEYS_FOLDER,
		     detail.what);
	} else {
		while (!road_firmware_keys_get(keys, count, &key))
			count++;
		tell(doctor, "firmware.keys", DOCTOR_PASS, "", "%" PRIu32 " keys in %s", count,
		     ROAD_FIRMWARE_KEYS_FOLDER);
	}
	road_firmware_keys_free(keys);
}
#else
static void firmware(struct doctor *doctor)
{
	tell(doctor, "firmware.loader", DOCTOR_WARN,
	     "build with libsodium, for chips whose firmware the host brings",
	     "this build loads no firmware");
}
#endif

/* ---- folders ---- */

static void cache(struct doctor *doctor)
{
	const char *own = getenv("ROADBED_CACHE"), *xdg = getenv("XDG_CACHE_HOME");
	const char *home = getenv("HOME");
	char path[PATH_MAX];
	struct stat is;

	if (own && !strcmp(own, "off")) {
		tell(doctor, "cache", DOCTOR_PASS, "", "switched off by ROADBED_CACHE");
		return;
	}
	if (own && *own)
		snprintf(path, sizeof(path), "%s", own);
	else if (xdg && xdg[0] == '/')
		snprintf(path, sizeof(path), "%s/roadbed", xdg);
	else
		snprintf(path, sizeof(path), "%s/.cache/roadbed", home ? home : "");
	if (path[0] != '/')
		tell(doctor, "cache", DOCTOR_WARN, "ROADBED_CACHE=/absolute/folder, or =off",
		     "%s is not absolute: compiled kernels are kept in memory alone", path);
	else if (stat(path, &is) && errno == ENOENT)
		tell(doctor, "cache", DOCTOR_PASS, "", "%s is made when it is needed", path);
	else if (stat(path, &is))
		tell(doctor, "cache", DOCTOR_WARN, "", "%s: %s", path, strerror(errno));
	else if (!S_ISDIR(is.st_mode) || access(path, R_OK | W_OK | X_OK))
		tell(doctor, "cache", DOCTOR_WARN, "a folder that this user may write",
		     "%s is no folder that can be written", path);
	else if (is.st_uid != geteuid() || is.st_mode & (S_IWGRP | S_IWOTH))
		tell(doctor, "cache", DOCTOR_WARN, "chown it to this user, chmod go-w",
		     "%s is open to others", path);
	else
		tell(doctor, "cache", DOCTOR_PASS, "", "%s", path);
}

/* Files of ROADBED_DRIVERS have paths for addresses. */
static void driver_folders(struct doctor *doctor)
{
	const char *folders = getenv("ROADBED_DRIVERS");
	bool sound = true;

	for (uint32_t i = 0; i < doctor->all.count; i++) {
		const road_candidate *one = &doctor->all.at[i];

		if (one->address[0] != '/' || one->status == ROAD_NOT_READY || !one->status)
			continue;
		sound = false;
		tell(doctor, "drivers", DOCTOR_FAIL,
		     one->status == ROAD_PERMISSION
			     ? "chown it to root or this user, chmod go-w; its folders likewise"
			     : "",
		     "%s: %s", one->address, one->reason);
	}
	if (sound)
		tell(doctor, "drivers", DOCTOR_PASS, "", "%s",
		     folders && *folders ? folders : "no folders from outside (ROADBED_DRIVERS)");
}

/* ---- nodes of the kernel ---- */

static void closed_node(struct doctor *doctor, const char *id, const char *path,
			const struct stat *is)
{
	const struct group *group = getgrgid(is->st_gid);
	char remedy[384];

	if (!group)
		snprintf(remedy, sizeof(remedy), "chgrp it to a group of this user, chmod g+rw");
	else if (is->st_gid && (is->st_mode & (S_IRGRP | S_IWGRP)) == (S_IRGRP | S_IWGRP))
		snprintf(remedy, sizeof(remedy), "usermod -aG %s USER, and log in again",
			 group->gr_name);
	else
		snprintf(remedy, sizeof(remedy),
			 "in /etc/udev/rules.d/70-accelerators.rules: SUBSYSTEM==\"%s\", "
			 "GROUP=\"render\", MODE=\"0660\"",
			 !strcmp(id, "node.accel") ? "accel" : "drm");
	tell(doctor, id, DOCTOR_FAIL, remedy, "%s: no right to open it (group %s, mode %03o)", path,
	     group ? group->gr_name : "unknown", (unsigned)is->st_mode & 0777);
}

/* Nodes DEV/FOLDER/PREFIX*. */
static void nodes(struct doctor *doctor, const char *id, const char *folder, const char *prefix)
{
	char path[PATH_MAX];
	uint32_t count = 0, closed = 0;
	struct dirent *entry;
	struct stat is;
	DIR *all;

	snprintf(path, sizeof(path), "%s/%s", doctor->dev, folder);
	all = opendir(path);
	if (!all && errno != ENOENT)
		tell(doctor, id, DOCTOR_FAIL, "", "%s: %s", path, strerror(errno));
	while (all && (entry = readdir(all))) {
		if (strncmp(entry->d_name, prefix, strlen(prefix)))
			continue;
		if ((size_t)snprintf(path, sizeof(path), "%s/%s/%s", doctor->dev, folder,
				     entry->d_name) >= sizeof(path))
			continue;
		if (stat(path, &is))
			continue; /* it went while we looked */
		count++;
		if (!access(path, R_OK | W_OK))
			continue;
		closed++;
		closed_node(doctor, id, path, &is);
	}
	if (all)
		closedir(all);
	if (!closed && (all || errno == ENOENT))
		tell(doctor, id, DOCTOR_PASS, "", "%" PRIu32 " nodes %s/%s/%s*, all open to us",
		     count, doctor->dev, folder, prefix);
}

/* Real functions that a program drives itself lie in pinned memory. */
static void pinned_memory(struct doctor *doctor)
{
	const uint64_t enough = UINT64_C(64) << 20;
	char path[PATH_MAX];
	struct rlimit limit;
	struct stat is;

	snprintf(path, sizeof(path), "%s/vfio/vfio", doctor->dev);
	if (stat(path, &is)) {
		tell(doctor, "memory.pinned", DOCTOR_PASS, "", "no VFIO: nothing is pinned");
		return;
	}
	if (getrlimit(RLIMIT_MEMLOCK, &limit))
		return;
	if (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= enough)
		tell(doctor, "memory.pinned", DOCTOR_PASS, "", "enough memory can be pinned");
	else
		tell(doctor, "memory.pinned", DOCTOR_WARN,
		     "in /etc/security/limits.conf: @GROUP - memlock unlimited",
		     "%" PRIu64 " KiB can be pinned (ulimit -l)", (uint64_t)limit.rlim_cur >> 10);
}

/* ---- devices ---- */

static void devices(struct doctor *doctor)
{
	uint32_t ready = 0, simulated = 0;

	for (uint32_t i = 0; i < doctor->all.count; i++) {
		const road_candidate *one = &doctor->all.at[i];

		if (!doctor->all.here[i] || one->address[0] == '/')
			continue;
		ready += !one->status;
		simulated += !one->status && one->simulated;
		if (one->status && one->status != ROAD_NOT_FOUND && one->status != ROAD_NOT_READY)
			tell(doctor, "device", DOCTOR_WARN, "", "%s: %s: %s", one->address,
			     road_status_text(one->status), one->reason);
	}
	if (ready)
		tell(doctor, "devices", DOCTOR_PASS, "",
		     "%" PRIu32 " can be opened, %" PRIu32 " of them simulated", ready, simulated);
	else
		tell(doctor, "devices", DOCTOR_WARN, "`roadbed explain` says why each is none",
		     "no device can be opened");
}

void doctor_run(struct doctor *doctor)
{
	library(doctor);
	simulators(doctor);
	firmware(doctor);
	cache(doctor);
	driver_folders(doctor);
	nodes(doctor, "node.accel", "accel", "accel");
	nodes(doctor, "node.dri", "dri", "renderD");
	pinned_memory(doctor);
	devices(doctor);
}
