/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/roadbed/doctor.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef ROADBED_FIRMWARE
#include <roadbed/firmware.h>
#endif

/* ---- libraries ---- */

void doctor_library(struct doctor *doctor)
{
	const uint32_t version = road_version();

	doctor_tell(doctor, "library", DOCTOR_PASS, "", "libroadbed %u.%u.%u", version >> 16,
		    version >> 8 & 0xff, version & 0xff);
}

void doctor_simulators(struct doctor *doctor)
{
	uint32_t chips = 0;

	for (uint32_t i = 0; i < doctor->all.count; i++) {
		const road_candidate *one = &doctor->all.at[i];

		if (!strcmp(one->address, "sim:")) {
			doctor_tell(
				doctor, "simulators", DOCTOR_WARN,
				"install libroadbed-sim.so, of this version, beside libroadbed.so",
				"%s", one->reason);
			return;
		}
		chips += one->simulated && !one->status && !doctor->all.here[i];
	}
	doctor_tell(doctor, "simulators", DOCTOR_PASS, "", "%" PRIu32 " chips can be simulated",
		    chips);
}

#ifdef ROADBED_FIRMWARE
void doctor_firmware(struct doctor *doctor)
{
	road_firmware_detail detail = {.size = sizeof(detail)};
	road_firmware_keys *keys = NULL;
	road_firmware_key key = {.size = sizeof(key)};
	uint32_t count = 0;

	if (road_firmware_keys_create(&keys, &detail)) {
		doctor_tell(doctor, "firmware.loader", DOCTOR_FAIL, "", "%s", detail.what);
		return;
	}
	doctor_tell(doctor, "firmware.loader", DOCTOR_PASS, "", "libroadbed-firmware is there");
	if (road_firmware_keys_add_folder(keys, NULL, &detail)) {
		doctor_tell(
			doctor, "firmware.keys", DOCTOR_FAIL,
			"folder and files have to belong to root, and nobody else may write them",
			"%s: %s", detail.where[0] ? detail.where : ROAD_FIRMWARE_KEYS_FOLDER,
			detail.what);
	} else {
		while (!road_firmware_keys_get(keys, count, &key))
			count++;
		doctor_tell(doctor, "firmware.keys", DOCTOR_PASS, "", "%" PRIu32 " keys in %s",
			    count, ROAD_FIRMWARE_KEYS_FOLDER);
	}
	road_firmware_keys_free(keys);
}
#else
void doctor_firmware(struct doctor *doctor)
{
	doctor_tell(doctor, "firmware.loader", DOCTOR_WARN,
		    "build with libsodium, for chips whose firmware the host brings",
		    "this build loads no firmware");
}
#endif

/* ---- folders ---- */

void doctor_cache(struct doctor *doctor)
{
	const char *own = getenv("ROADBED_CACHE"), *xdg = getenv("XDG_CACHE_HOME");
	const char *home = getenv("HOME");
	char path[PATH_MAX];
	struct stat is;

	if (own && !strcmp(own, "off")) {
		doctor_tell(doctor, "cache", DOCTOR_PASS, "", "switched off by ROADBED_CACHE");
		return;
	}
	if (own && *own)
		snprintf(path, sizeof(path), "%s", own);
	else if (xdg && xdg[0] == '/')
		snprintf(path, sizeof(path), "%s/roadbed", xdg);
	else
		snprintf(path, sizeof(path), "%s/.cache/roadbed", home ? home : "");
	if (path[0] != '/')
		doctor_tell(doctor, "cache", DOCTOR_WARN, "ROADBED_CACHE=/absolute/folder, or =off",
			    "%s is not absolute: compiled kernels are kept in memory alone", path);
	else if (stat(path, &is) && errno == ENOENT)
		doctor_tell(doctor, "cache", DOCTOR_PASS, "", "%s is made when it is needed", path);
	else if (stat(path, &is))
		doctor_tell(doctor, "cache", DOCTOR_WARN, "", "%s: %s", path, strerror(errno));
	else if (!S_ISDIR(is.st_mode) || access(path, R_OK | W_OK | X_OK))
		doctor_tell(doctor, "cache", DOCTOR_WARN, "a folder that this user may write",
			    "%s is no folder that can be written", path);
	else if (is.st_uid != geteuid() || is.st_mode & (S_IWGRP | S_IWOTH))
		doctor_tell(doctor, "cache", DOCTOR_WARN, "chown it to this user, chmod go-w",
			    "%s is open to others", path);
	else
		doctor_tell(doctor, "cache", DOCTOR_PASS, "", "%s", path);
}

/* Files of ROADBED_DRIVERS have paths for addresses. */
void doctor_drivers(struct doctor *doctor)
{
	const char *folders = getenv("ROADBED_DRIVERS");
	bool sound = true;

	for (uint32_t i = 0; i < doctor->all.count; i++) {
		const road_candidate *one = &doctor->all.at[i];

		if (one->address[0] != '/' || one->status == ROAD_NOT_READY || !one->status)
			continue;
		sound = false;
		doctor_tell(
			doctor, "drivers", DOCTOR_FAIL,
			one->status == ROAD_PERMISSION
				? "chown it to root or this user, chmod go-w; its folders likewise"
				: "",
			"%s: %s", one->address, one->reason);
	}
	if (sound)
		doctor_tell(doctor, "drivers", DOCTOR_PASS, "", "%s",
			    folders && *folders ? folders
						: "no folders from outside (ROADBED_DRIVERS)");
}

/* ---- the environment ---- */

/* What the library and the firmware loader read. */
static const char *const variables[] = {"ROADBED_DEVICES", "ROADBED_DRIVERS", "ROADBED_CACHE",
					"ROADBED_FIRMWARE_PATH", "ROADBED_TIMEOUT_SCALE"};
enum { VARIABLES = sizeof(variables) / sizeof(variables[0]) };
#define LIBRARIES "ROADBED_LIBRARY_" /* and a driver's scheme */

static bool is_variable(const char *text, size_t bytes)
{
	for (int i = 0; i < VARIABLES; i++)
		if (strlen(variables[i]) == bytes && !strncmp(text, variables[i], bytes))
			return true;
	return !strncmp(text, LIBRARIES, strlen(LIBRARIES)) && bytes > strlen(LIBRARIES);
}

static bool is_scale(const char *text)
{
	char *stopped = NULL;

	return strtod(text, &stopped) >= 1 && stopped != text && !*stopped;
}

void doctor_environment(struct doctor *doctor)
{
	const char *scale = getenv("ROADBED_TIMEOUT_SCALE");
	uint32_t known = 0, wrong = 0;

	for (char **at = environ; *at; at++) {
		const size_t bytes = strcspn(*at, "=");

		if (strncmp(*at, "ROADBED_", 8))
			continue;
		if (is_variable(*at, bytes)) {
			known++;
			continue;
		}
		wrong++;
		doctor_tell(doctor, "environment", DOCTOR_WARN,
			    "unset it; the manual's ENVIRONMENT has those that count",
			    "%.*s: no variable of this name is read",
			    (int)(bytes < 64 ? bytes : 64), *at);
	}
	if (scale && !is_scale(scale)) {
		wrong++;
		doctor_tell(doctor, "environment", DOCTOR_WARN, "a number of 1 or more",
			    "ROADBED_TIMEOUT_SCALE=%.64s is not taken", scale);
	}
	if (!wrong)
		doctor_tell(doctor, "environment", DOCTOR_PASS, "",
			    "%" PRIu32 " variables ROADBED_* are set", known);
}

/* ---- devices ---- */

/* Is it one of the addresses that ROADBED_DEVICES lists? */
static bool is_named(const char *address)
{
	const char *at = getenv("ROADBED_DEVICES");
	const size_t bytes = strlen(address);

	while (at && *at) {
		at += strspn(at, "; ");
		if (!strncmp(at, address, bytes) && strchr("; ", at[bytes]))
			return true;
		at += strcspn(at, ";");
	}
	return false;
}

/* One that was to be here, or is here, and cannot be opened. */
static bool is_lacking(const road_candidate *one)
{
	if (!one->status || one->status == ROAD_NOT_READY)
		return false;
	return one->status != ROAD_NOT_FOUND || is_named(one->address);
}

/* Of the kernel's devices there is no catalogue to look them up in. */
static const char *remedy_for(const road_candidate *one)
{
	static const char *const kernels[] = {"pci:", "accel:", "drm:", "node:"};

	if (!is_named(one->address))
		return "";
	for (size_t i = 0; i < sizeof(kernels) / sizeof(kernels[0]); i++)
		if (one->status == ROAD_NOT_FOUND &&
		    !strncmp(one->address, kernels[i], strlen(kernels[i])))
			return "nothing at this address; correct or unset ROADBED_DEVICES";
	return "ROADBED_DEVICES lists it; `roadbed list --all` has the chips that can be simulated";
}

void doctor_devices(struct doctor *doctor)
{
	uint32_t ready = 0, hosts = 0, simulated = 0, lacking = 0;

	for (uint32_t i = 0; i < doctor->all.count; i++) {
		const road_candidate *one = &doctor->all.at[i];

		if (!doctor->all.here[i] || one->address[0] == '/')
			continue;
		ready += !one->status;
		hosts += !one->status && !strcmp(one->address, "host:");
		simulated += !one->status && one->simulated;
		if (!is_lacking(one))
			continue;
		lacking++;
		doctor_tell(doctor, "device", DOCTOR_WARN, remedy_for(one), "%s: %s: %s",
			    one->address, road_status_text(one->status), one->reason);
	}
	if (!lacking)
		doctor_tell(doctor, "device", DOCTOR_PASS, "", "none that is here is refused");
	if (ready > hosts)
		doctor_tell(doctor, "devices", DOCTOR_PASS, "",
			    "%" PRIu32 " accelerators can be opened, %" PRIu32 " of them simulated",
			    ready - hosts, simulated);
	else if (ready)
		doctor_tell(
			doctor, "devices", DOCTOR_PASS, "",
			"no accelerator is here, this machine's processor alone; `roadbed explain` "
			"has all that was seen");
	else
		doctor_tell(doctor, "devices", DOCTOR_WARN,
			    "`roadbed explain` says why each is none", "no device can be opened");
}
