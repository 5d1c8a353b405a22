/* SPDX-License-Identifier: Apache-2.0 */
/* `roadbed doctor`: what the kernel has of buses, drivers and memory. */
#include "tools/roadbed/doctor.h"

#include <dirent.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define FUNCTIONS "/sys/bus/pci/devices"

/* Entries of a folder; 0 if there is none. */
static uint32_t entries(const char *path)
{
	DIR *folder = opendir(path);
	struct dirent *entry;
	uint32_t count = 0;

	while (folder && (entry = readdir(folder)))
		count += entry->d_name[0] != '.';
	if (folder)
		closedir(folder);
	return count;
}

/* The function's place, if it is one that was seen; NULL. What ROADBED_DEVICES alone names is not
 * there to be looked at. */
static const char *place_of(const struct doctor *doctor, uint32_t i)
{
	const road_candidate *one = &doctor->all.at[i];

	return doctor->all.here[i] && one->status != ROAD_NOT_FOUND && !one->simulated &&
			       !strncmp(one->address, "pci:", 4)
		       ? one->address + 4
		       : NULL;
}

/* Real devices that were seen, as functions or as nodes. */
static uint32_t real_devices(const struct doctor *doctor)
{
	static const char *const schemes[] = {"pci:", "accel:", "drm:", "node:"};
	uint32_t count = 0;

	for (uint32_t i = 0; i < doctor->all.count; i++)
		for (size_t n = 0; n < sizeof(schemes) / sizeof(schemes[0]); n++)
			count +=
				doctor->all.here[i] && doctor->all.at[i].status != ROAD_NOT_FOUND &&
				!strncmp(doctor->all.at[i].address, schemes[n], strlen(schemes[n]));
	return count;
}

static bool is_bound(const char *place)
{
	char path[PATH_MAX], driver[2];

	snprintf(path, sizeof(path), FUNCTIONS "/%s/driver", place);
	return readlink(path, driver, sizeof(driver)) > 0;
}

/* ---- PCI ---- */

void doctor_pci_bus(struct doctor *doctor)
{
	uint32_t accelerators = 0;

	if (access("/sys/class", F_OK)) {
		doctor_tell(doctor, "pci.bus", DOCTOR_WARN,
			    "mount sysfs on /sys; in a container, read only",
			    "there is no /sys: what the kernel has cannot be seen");
		return;
	}
	if (access(FUNCTIONS, F_OK)) {
		doctor_tell(doctor, "pci.bus", DOCTOR_PASS, "", "this machine has no PCI");
		return;
	}
	for (uint32_t i = 0; i < doctor->all.count; i++)
		accelerators += place_of(doctor, i) != NULL;
	if (accelerators)
		doctor_tell(doctor, "pci.bus", DOCTOR_PASS, "",
			    "%" PRIu32 " functions, %" PRIu32 " of them accelerators",
			    entries(FUNCTIONS), accelerators);
	else
		doctor_tell(doctor, "pci.bus", DOCTOR_PASS, "",
			    "%" PRIu32 " functions; the kernel sees no accelerator among them: "
			    "if a card is in, check its slot and power, or pass it to this VM or "
			    "container",
			    entries(FUNCTIONS));
}

void doctor_pci_driver(struct doctor *doctor)
{
	uint32_t bound = 0, unbound = 0;
	char remedy[256];

	for (uint32_t i = 0; i < doctor->all.count; i++) {
		const char *place = place_of(doctor, i);
		const char *name = doctor->all.at[i].name;

		if (place && is_bound(place))
			bound++;
		if (!place || is_bound(place))
			continue;
		unbound++;
		snprintf(remedy, sizeof(remedy),
			 "load its module (modprobe -R $(cat " FUNCTIONS "/%.64s/modalias) "
			 "names those that would do), or install its maker's driver",
			 place);
		doctor_tell(doctor, "pci.driver", DOCTOR_WARN, remedy,
			    "pci:%s (%s): no kernel driver is bound", place,
			    name[0] ? name : "unknown");
	}
	if (!unbound && bound)
		doctor_tell(doctor, "pci.driver", DOCTOR_PASS, "",
			    "%" PRIu32 " accelerators, each with a kernel driver", bound);
	else if (!unbound)
		doctor_tell(doctor, "pci.driver", DOCTOR_PASS, "", "no accelerator on PCI");
}

/* "2023.04.10", from the first lines of the system's table; "" if there is none. */
static void ids_version(char *out, size_t bytes)
{
	static const char *const paths[] = {"/usr/share/misc/pci.ids", "/usr/share/hwdata/pci.ids"};
	char line[256];
	FILE *file = NULL;

	out[0] = 0;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]) && !file; i++)
		file = fopen(paths[i], "re");
	for (int i = 0; file && i < 16 && !out[0] && fgets(line, sizeof(line), file); i++) {
		const char *at = strstr(line, "Version:");

		if (at)
			snprintf(out, bytes, "%.10s", at + 8 + strspn(at + 8, " \t"));
	}
	if (file)
		fclose(file);
}

void doctor_pci_ids(struct doctor *doctor)
{
	uint32_t nameless = 0;
	char version[16];

	ids_version(version, sizeof(version));
	for (uint32_t i = 0; i < doctor->all.count; i++)
		nameless += place_of(doctor, i) && !doctor->all.at[i].name[0];
	if (nameless)
		doctor_tell(doctor, "pci.ids", DOCTOR_WARN,
			    version[0] ? "update-pciids" : "install the package pci.ids",
			    "%" PRIu32 " accelerators have no name; pci.ids is %s%s", nameless,
			    version[0] ? "of " : "missing", version);
	else
		doctor_tell(doctor, "pci.ids", DOCTOR_PASS, "", "pci.ids is %s%s",
			    version[0] ? "of " : "missing, and nothing is without a name", version);
}

/* ---- what stands between devices and programs ---- */

/* Functions that no kernel driver has are a program's to drive, and that takes an IOMMU. */
void doctor_iommu(struct doctor *doctor)
{
	const uint32_t groups = entries("/sys/kernel/iommu_groups");
	uint32_t unbound = 0;
	char vfio[PATH_MAX];

	snprintf(vfio, sizeof(vfio), "%s/vfio/vfio", doctor->dev);
	for (uint32_t i = 0; i < doctor->all.count; i++)
		unbound += place_of(doctor, i) && !is_bound(place_of(doctor, i));
	if (groups)
		doctor_tell(doctor, "iommu", DOCTOR_PASS, "", "%" PRIu32 " groups", groups);
	else if (unbound || !access(vfio, F_OK))
		doctor_tell(
			doctor, "iommu", DOCTOR_WARN,
			"switch it on in the machine's firmware (VT-d, AMD-Vi, SMMU) and for the "
			"kernel (intel_iommu=on)",
			"no IOMMU: programs cannot drive devices themselves (VFIO)");
	else
		doctor_tell(doctor, "iommu", DOCTOR_PASS, "", "none, and nothing here needs one");
}

void doctor_udev(struct doctor *doctor)
{
	if (!access("/run/udev/control", F_OK))
		doctor_tell(doctor, "udev", DOCTOR_PASS, "", "udevd is there");
	else if (real_devices(doctor))
		doctor_tell(
			doctor, "udev", DOCTOR_WARN,
			"on a host: install and start udev; in a container this is usual: give "
			"it the nodes (--device)",
			"no udevd: nodes have the rights that the kernel gave them, and plugging "
			"is told by the kernel alone");
	else
		doctor_tell(doctor, "udev", DOCTOR_PASS, "",
			    "no udevd, and no device here that needs one");
}

/* ---- memory ---- */

/* Real functions that a program drives itself lie in pinned memory. */
void doctor_pinned_memory(struct doctor *doctor)
{
	const uint64_t enough = UINT64_C(64) << 20;
	char path[PATH_MAX], can[48] = "without bound";
	struct rlimit limit;

	snprintf(path, sizeof(path), "%s/vfio/vfio", doctor->dev);
	if (getrlimit(RLIMIT_MEMLOCK, &limit))
		return;
	if (limit.rlim_cur != RLIM_INFINITY)
		snprintf(can, sizeof(can), "%" PRIu64 " KiB", (uint64_t)limit.rlim_cur >> 10);
	if (access(path, F_OK))
		doctor_tell(doctor, "memory.pinned", DOCTOR_PASS, "",
			    "%s can be pinned (ulimit -l); only VFIO would need it", can);
	else if (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= enough)
		doctor_tell(doctor, "memory.pinned", DOCTOR_PASS, "",
			    "%s can be pinned (ulimit -l)", can);
	else
		doctor_tell(doctor, "memory.pinned", DOCTOR_WARN,
			    "in /etc/security/limits.conf: @GROUP - memlock unlimited",
			    "no more than %s can be pinned (ulimit -l)", can);
}

void doctor_huge_pages(struct doctor *doctor)
{
	uint64_t total = 0, left = 0, kib = 0;
	FILE *file = fopen("/proc/meminfo", "re");
	char line[256];

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "HugePages_Total: %" SCNu64, &total) == 1 ||
		    sscanf(line, "HugePages_Free: %" SCNu64, &left) == 1)
			continue;
		(void)sscanf(line, "Hugepagesize: %" SCNu64, &kib);
	}
	if (!file)
		doctor_tell(doctor, "memory.hugepages", DOCTOR_WARN, "mount proc on /proc",
			    "/proc/meminfo cannot be read");
	else
		doctor_tell(doctor, "memory.hugepages", DOCTOR_PASS, "",
			    "%" PRIu64 " of %" PRIu64 " KiB reserved, %" PRIu64
			    " free; Roadbed needs none, makers' runtimes may",
			    total, kib, left);
	if (file)
		fclose(file);
}
