/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Groups of VFIO: the functions that the IOMMU cannot keep apart, which go to one program
 * together, and share one table of bus addresses.
 */
#include "hal/bus/vfio.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "hal/bus/sysfs.h"
#include "hal/core/error.h"

#define VFIO_NODE "/dev/vfio/vfio"

/* Where x86 takes writes for interrupts: no memory can be mapped there. */
#define MSI_START UINT64_C(0xfee00000)
#define MSI_BYTES UINT64_C(0x100000)

static struct {
	pthread_mutex_t lock;
	struct vfio_group *first;
} groups = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* ---- what is wrong, in words ---- */

static road_status no_iommu(const char *place)
{
	return road_fail(ROAD_UNSUPPORTED, "no IOMMU keeps the function apart: it has no group",
			 "device address: pci", place,
			 "an IOMMU that firmware and kernel switch on (intel_iommu=on)");
}

static road_status open_error(const char *node, int error)
{
	switch (error) {
	case EACCES:
	case EPERM:
		return road_fail(ROAD_PERMISSION, "no permission to open the group's node",
				 "device address: pci", node,
				 "root, or a rule of udev that gives the node to this user");
	case EBUSY:
		return road_fail(ROAD_BUSY, "another program has a function of this group",
				 "device address: pci", node, "one program a group");
	case ENOENT:
	case ENODEV:
		return road_fail(ROAD_UNSUPPORTED, "the kernel shows no node of VFIO",
				 "device address: pci", node, "modprobe vfio-pci");
	default: return road_fail(ROAD_IO, strerror(error), "device address: pci", node, "");
	}
}

/* Bridges take part in no transfer of their own, and may keep their driver. */
static bool may_stay(const char *driver)
{
	return !driver[0] || !strcmp(driver, ROAD_VFIO_DRIVER) || !strcmp(driver, "pcieport") ||
	       !strcmp(driver, "pci-stub");
}

/* The others of the group, and who has them: "0000:00:1f.2 (ahci) …". */
static void list_others(const char *folder, char *out, size_t bytes)
{
	char path[256], driver[32];
	const struct dirent *entry;
	size_t used = 0;

	snprintf(path, sizeof(path), "%.160s/iommu_group/devices", folder);
	DIR *all = opendir(path);

	out[0] = 0;
	while (all && (entry = readdir(all)) && used < bytes) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%.128s/iommu_group/devices/%.40s", folder,
			 entry->d_name);
		if (!road_sysfs_link(path, "driver", driver, sizeof(driver)))
			driver[0] = 0;
		if (!may_stay(driver))
			used += (size_t)snprintf(out + used, bytes - used, "%s%.40s (%s)",
						 used ? " " : "", entry->d_name, driver);
	}
	if (all)
		closedir(all);
}

static road_status not_viable(const char *folder)
{
	char others[96];

	list_others(folder, others, sizeof(others));
	return road_fail(ROAD_BUSY,
			 "the group is not viable: the kernel drives other functions of it",
			 "device address: pci", others, "roadbed bind, each of them");
}

static road_status attach_error(const char *place, int error)
{
	if (error == EPERM)
		return road_fail(ROAD_PERMISSION, "the IOMMU does not keep interrupts apart",
				 "device address: pci", place,
				 "vfio_iommu_type1.allow_unsafe_interrupts=1, at your own risk");
	if (error == ENODEV)
		return no_iommu(place);
	return road_fail(ROAD_IO, strerror(error), "device address: pci, the group's IOMMU", place,
			 "");
}

/* ---- bus addresses that the IOMMU takes ---- */

/* All but these ranges, in ascending order, is reserved. */
static road_status keep_ranges(struct vfio_group *group,
			       const struct vfio_iommu_type1_info_cap_iova_range *ranges)
{
	road_status status = ROAD_OK;
	uint64_t from = 0;

	for (uint32_t i = 0; i < ranges->nr_iovas && !status; i++) {
		uint64_t start = ranges->iova_ranges[i].start;

		if (start > from)
			status = road_iova_reserve(&group->iovas, from, start - from);
		from = ranges->iova_ranges[i].end + 1;
	}
	if (from)
		road_iova_limit(&group->iovas, from - 1);
	return status;
}

static const struct vfio_info_cap_header *find_cap(const void *info, uint32_t bytes, uint32_t at,
						   uint16_t id)
{
	/* Offsets rise, or this ends after as many steps as there can be headers. */
	for (uint32_t left = bytes / (uint32_t)sizeof(struct vfio_info_cap_header);
	     left && at && at <= bytes - sizeof(struct vfio_info_cap_header); left--) {
		const struct vfio_info_cap_header *cap = (const void *)((const char *)info + at);

		if (cap->id == id)
			return cap;
		at = cap->next;
	}
	return NULL;
}

static bool ranges_fit(const struct vfio_info_cap_header *cap, const void *info, uint32_t bytes)
{
	const struct vfio_iommu_type1_info_cap_iova_range *ranges = (const void *)cap;
	size_t at = (size_t)((const char *)cap - (const char *)info);

	return bytes - at >= sizeof(*ranges) &&
	       ranges->nr_iovas <= (bytes - at - sizeof(*ranges)) / sizeof(ranges->iova_ranges[0]);
}

static road_status look_at_ranges(struct vfio_group *group)
{
	union {
		struct vfio_iommu_type1_info info;
		char bytes[4096];
	} all = {.info = {.argsz = sizeof(all)}};
	const struct vfio_info_cap_header *cap = NULL;

	if (ioctl(group->container, VFIO_IOMMU_GET_INFO, &all.info))
		all.info.flags = 0;
	if (all.info.flags & VFIO_IOMMU_INFO_PGSIZES && !(all.info.iova_pgsizes & VFIO_PAGE))
		return road_fail_u64(ROAD_UNSUPPORTED, "the IOMMU has no pages of this size",
				     "device address: pci, IOMMU's page sizes",
				     all.info.iova_pgsizes, "4096");
	if (all.info.flags & VFIO_IOMMU_INFO_CAPS && all.info.argsz <= sizeof(all))
		cap = find_cap(&all, all.info.argsz, all.info.cap_offset,
			       VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE);
	if (cap && ranges_fit(cap, &all, all.info.argsz))
		return keep_ranges(group, (const void *)cap);
	return road_iova_reserve(&group->iovas, MSI_START, MSI_BYTES);
}

/* ---- opening ---- */

static road_status open_files(struct vfio_group *group)
{
	char node[64];

	group->container = open(VFIO_NODE, O_RDWR | O_CLOEXEC);
	if (group->container < 0)
		return open_error(VFIO_NODE, errno);
	if (ioctl(group->container, VFIO_GET_API_VERSION) != VFIO_API_VERSION ||
	    ioctl(group->container, VFIO_CHECK_EXTENSION, VFIO_TYPE1v2_IOMMU) != 1)
		return road_fail(ROAD_UNSUPPORTED, "the kernel's VFIO has no IOMMU of type 1",
				 "device address: pci", VFIO_NODE, "modprobe vfio_iommu_type1");
	snprintf(node, sizeof(node), "/dev/vfio/%u", group->number);
	group->file = open(node, O_RDWR | O_CLOEXEC);
	return group->file < 0 ? open_error(node, errno) : ROAD_OK;
}

static road_status attach(struct vfio_group *group, const char *folder, const char *place)
{
	struct vfio_group_status status = {.argsz = sizeof(status)};

	if (ioctl(group->file, VFIO_GROUP_GET_STATUS, &status))
		return attach_error(place, errno);
	if (!(status.flags & VFIO_GROUP_FLAGS_VIABLE))
		return not_viable(folder);
	if (ioctl(group->file, VFIO_GROUP_SET_CONTAINER, &group->container) ||
	    ioctl(group->container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		return attach_error(place, errno);
	return look_at_ranges(group);
}

static void close_files(struct vfio_group *group)
{
	if (group->file >= 0)
		close(group->file);
	if (group->container >= 0)
		close(group->container);
	group->file = group->container = -1;
}

static void destroy(struct vfio_group *group)
{
	close_files(group);
	road_iova_free(&group->iovas);
	pthread_mutex_destroy(&group->lock);
	free(group);
}

static road_status make(uint32_t number, const char *folder, const char *place,
			struct vfio_group **out)
{
	struct vfio_group *group = calloc(1, sizeof(*group));

	if (!group)
		return road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory for a group",
				 "device address: pci", place, "");
	group->number = number;
	group->container = group->file = -1;
	pthread_mutex_init(&group->lock, NULL);
	road_iova_init(&group->iovas, UINT64_MAX);
	/* Devices that reach little get what they reach: the bus does not know how much it is. */
	group->iovas.lowest = true;
	road_status status = open_files(group);

	if (!status)
		status = attach(group, folder, place);
	if (status)
		destroy(group);
	else
		*out = group;
	return status;
}

static bool group_number(const char *folder, uint32_t *out)
{
	char text[32], *end;

	if (!road_sysfs_link(folder, "iommu_group", text, sizeof(text)))
		return false;
	*out = (uint32_t)strtoull(text, &end, 10);
	return text[0] >= '0' && text[0] <= '9' && !*end;
}

/* Under the lock: the group of the process, or a new one. */
static road_status find_or_make(uint32_t number, const struct road_found *found,
				struct vfio_group **out)
{
	struct vfio_group *group = groups.first;

	while (group && group->number != number)
		group = group->next;
	if (group) {
		*out = group;
		return ROAD_OK;
	}
	road_status status = make(number, found->folder, found->place, out);

	if (!status) {
		(*out)->next = groups.first;
		groups.first = *out;
	}
	return status;
}

/* Under the lock. */
static road_status hold(struct vfio_group *group, struct vfio_bus *bus)
{
	for (const struct vfio_bus *other = group->buses; other; other = other->next)
		if (!strcmp(other->found.place, bus->found.place))
			return road_fail(
				ROAD_BUSY, "another instance of this program has the function",
				"device address: pci", bus->found.place, "one instance a function");
	bus->group = group;
	bus->holds = true;
	bus->next = group->buses;
	group->buses = bus;
	group->holders++;
	group->users++;
	return ROAD_OK;
}

road_status vfio_group_get(struct vfio_bus *bus)
{
	const struct timespec moment = {.tv_nsec = 1000000};
	struct vfio_group *group = NULL;
	road_status status;
	uint32_t number;

	if (!group_number(bus->found.folder, &number))
		return no_iommu(bus->found.place);
	/* A device that was closed just now may be held by another thread for a moment. */
	for (int left = 100; left; left--) {
		pthread_mutex_lock(&groups.lock);
		status = find_or_make(number, &bus->found, &group);
		const bool held = !status && (status = hold(group, bus));

		pthread_mutex_unlock(&groups.lock);
		if (!held)
			break;
		nanosleep(&moment, NULL);
	}
	return status;
}

/* Under the lock: from now on the group can be opened anew, by this process, too. */
static void leave(struct vfio_bus *bus)
{
	struct vfio_group *group = bus->group, **from = &groups.first;
	struct vfio_bus **at = &group->buses;

	if (!bus->holds)
		return;
	while (*at != bus)
		at = &(*at)->next;
	*at = bus->next;
	bus->holds = false;
	if (--group->holders)
		return;
	while (*from != group)
		from = &(*from)->next;
	*from = group->next;
	close_files(group);
}

void vfio_group_leave(struct vfio_bus *bus)
{
	pthread_mutex_lock(&groups.lock);
	leave(bus);
	pthread_mutex_unlock(&groups.lock);
}

void vfio_group_put(struct vfio_bus *bus)
{
	pthread_mutex_lock(&groups.lock);
	leave(bus);
	if (!--bus->group->users)
		destroy(bus->group);
	pthread_mutex_unlock(&groups.lock);
	bus->group = NULL;
}
