/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/vfio/fake_kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/tap.h"
#include "uapi/edu.h"

int __real_open64(const char *path, int flags, ...);
int __real_close(int fd);
int __real_ioctl(int fd, unsigned long request, void *argument);
ssize_t __real_pread64(int fd, void *out, size_t bytes, off_t offset);
ssize_t __real_pwrite64(int fd, const void *from, size_t bytes, off_t offset);
int __wrap_open64(const char *path, int flags, ...);
int __wrap_close(int fd);
int __wrap_ioctl(int fd, unsigned long request, void *argument);
ssize_t __wrap_pread64(int fd, void *out, size_t bytes, off_t offset);
ssize_t __wrap_pwrite64(int fd, const void *from, size_t bytes, off_t offset);

struct fake_kernel fake;
static char folder[] = "/tmp/roadbed-vfio-XXXXXX";
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int memory = -1; /* registers and configuration space */

enum { MSIX_CAP = 0x40, MSIX_ENTRIES = 4 };

static void broken(const char *why, uint64_t value)
{
	atomic_fetch_add(&fake.broken, 1);
	snprintf(fake.why, sizeof(fake.why), "%s: 0x%llx", why, (unsigned long long)value);
}

static int refuse(int error)
{
	errno = error;
	return -1;
}

/* ---- the folder ---- */

static void path_of(char out[256], const char *format, ...) __attribute__((format(printf, 2, 3)));

static void path_of(char out[256], const char *format, ...)
{
	int used = snprintf(out, 256, "%s/", folder);
	va_list list;

	va_start(list, format);
	vsnprintf(out + used, (size_t)(256 - used), format, list);
	va_end(list);
}

static void link_to(const char *target, const char *name)
{
	char path[256];

	path_of(path, "%s", name);
	CU_ASSERT_EQUAL_FATAL(symlink(target, path), 0);
}

static void make_folder(const char *name)
{
	char path[256];

	path_of(path, "%s", name);
	CU_ASSERT_EQUAL_FATAL(mkdir(path, 0755), 0);
}

void fake_neighbour(const char *place, const char *driver)
{
	char name[128], target[128];

	snprintf(name, sizeof(name), "group/7/devices/%s", place);
	make_folder(name);
	snprintf(name, sizeof(name), "group/7/devices/%s/driver", place);
	snprintf(target, sizeof(target), "/drivers/%s", driver);
	link_to(target, name);
}

void fake_no_iommu(void)
{
	char path[256];

	path_of(path, "iommu_group");
	unlink(path);
}

static void put_config(uint32_t offset, uint32_t value, size_t bytes)
{
	CU_ASSERT_EQUAL_FATAL(__real_pwrite64(memory, &value, bytes, FAKE_CONFIG + (off_t)offset),
			      (ssize_t)bytes);
}

void fake_begin(void)
{
	pthread_mutex_lock(&lock); /* the interrupt thread may be closing what is its own still */
	memset(&fake, 0, sizeof(fake));
	memset(fake.triggers, -1, sizeof(fake.triggers));
	fake.container = fake.group = fake.device = -1;
	pthread_mutex_unlock(&lock);
	fake.msi = fake.intx = 1;
	fake.iova_last = (UINT64_C(1) << 39) - 1;
	memory = memfd_create("device", MFD_CLOEXEC);
	CU_ASSERT_EQUAL_FATAL(ftruncate(memory, FAKE_CONFIG + 4096), 0);
	put_config(PCI_VENDOR_ID, 0x11e81234, 4);
	put_config(PCI_COMMAND, PCI_COMMAND_MASTER, 2); /* an earlier user's */
	put_config(PCI_CAPABILITY_LIST, MSIX_CAP, 1);
	put_config(MSIX_CAP, PCI_CAP_ID_MSIX, 2);
	put_config(MSIX_CAP + PCI_MSIX_FLAGS, MSIX_ENTRIES - 1, 2);
	strcpy(folder, "/tmp/roadbed-vfio-XXXXXX");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
	make_folder("group");
	make_folder("group/7");
	make_folder("group/7/devices");
	link_to("group/7", "iommu_group");
	fake_neighbour(FAKE_PLACE, "vfio-pci");
}

bool fake_is_held(void)
{
	pthread_mutex_lock(&lock);
	const bool open = fake.container >= 0 || fake.group >= 0 || fake.device >= 0;

	pthread_mutex_unlock(&lock);
	return open;
}

void fake_end(void)
{
	char command[64];

	/* Another thread of the library may have held on to it for a moment. */
	for (int ms = 0; ms < 10000 && fake_is_held(); ms++)
		usleep(1000);
	CU_ASSERT_FALSE(fake_is_held());
	CU_ASSERT_EQUAL(fake.broken, 0);
	if (fake.broken)
		printf("# %s\n", fake.why);
	CU_ASSERT_EQUAL(fake_live_maps(), 0);
	close(memory);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	CU_ASSERT_EQUAL(system(command), 0);
}

struct road_found fake_found(void)
{
	struct road_found found = {.scheme = "pci",
				   .place = FAKE_PLACE,
				   .kernel = "vfio-pci",
				   .ids = {.vendor = 0x1234,
					   .device = 0x11e8,
					   .pci_address = FAKE_PLACE,
					   .name = "Educational device"}};

	snprintf(found.folder, sizeof(found.folder), "%s", folder);
	return found;
}

/* ---- the device ---- */

static void raise(uint32_t index, uint32_t vector)
{
	static const uint64_t one = 1;
	const int fd = fake.triggers[index][vector];

	if (fd >= 0)
		CU_ASSERT_EQUAL(write(fd, &one, sizeof(one)), (ssize_t)sizeof(one));
}

static void raise_irq(void)
{
	if (fake.msix) {
		raise(VFIO_PCI_MSIX_IRQ_INDEX, 0);
	} else if (fake.msi) {
		raise(VFIO_PCI_MSI_IRQ_INDEX, 0);
	} else if (fake.irq_status && !fake.masked) {
		fake.masked = true;
		raise(VFIO_PCI_INTX_IRQ_INDEX, 0);
	}
}

/* What the device sees there; NULL: the IOMMU blocks it. */
static void *see(uint64_t iova, uint64_t bytes, uint32_t right)
{
	for (int i = 0; i < FAKE_MAPS; i++) {
		const struct fake_map *map = &fake.maps[i];

		if (map->flags & right && iova >= map->iova &&
		    iova + bytes <= map->iova + map->bytes)
			return (void *)(uintptr_t)(map->at + (iova - map->iova));
	}
	return NULL;
}

static void transfer(void)
{
	const bool to_host = fake.command & ROAD_EDU_DMA_TO_HOST;
	const uint64_t host = to_host ? fake.target : fake.source;
	const uint64_t inside = (to_host ? fake.source : fake.target) - ROAD_EDU_BUFFER;
	void *at =
		see(host, fake.count, to_host ? VFIO_DMA_MAP_FLAG_WRITE : VFIO_DMA_MAP_FLAG_READ);

	if (!(fake_command_register() & PCI_COMMAND_MASTER))
		broken("a transfer of a device that is no master", host);
	if (inside + fake.count >= sizeof(fake.buffer))
		broken("a transfer beyond the buffer", inside);
	else if (!at)
		atomic_fetch_add(&fake.blocked, 1);
	else if (to_host)
		memcpy(at, fake.buffer + inside, fake.count);
	else
		memcpy(fake.buffer + inside, at, fake.count);
	atomic_fetch_add(&fake.transfers, 1);
	fake.command &= ~ROAD_EDU_DMA_START;
	if (fake.command & ROAD_EDU_DMA_IRQ) {
		fake.irq_status |= ROAD_EDU_IRQ_DMA;
		raise_irq();
	}
}

void fake_finish(void)
{
	pthread_mutex_lock(&lock);
	if (fake.command & ROAD_EDU_DMA_START)
		transfer();
	pthread_mutex_unlock(&lock);
}

static uint64_t edu_read(uint64_t offset)
{
	switch (offset) {
	case ROAD_EDU_REG_ID: return ROAD_EDU_ID;
	case ROAD_EDU_REG_LIVENESS: return ~fake.liveness;
	case ROAD_EDU_REG_FACTORIAL: return fake.factorial == 5 ? 120 : 0;
	case ROAD_EDU_REG_IRQ_STATUS: return fake.irq_status;
	case ROAD_EDU_REG_DMA_COMMAND: return fake.command;
	default: return 0;
	}
}

static void edu_write(uint64_t offset, uint64_t value)
{
	switch (offset) {
	case ROAD_EDU_REG_LIVENESS: fake.liveness = (uint32_t)value; break;
	case ROAD_EDU_REG_FACTORIAL: fake.factorial = (uint32_t)value; break;
	case ROAD_EDU_REG_IRQ_ACK: fake.irq_status &= ~(uint32_t)value; break;
	case ROAD_EDU_REG_IRQ_RAISE:
		fake.irq_status |= (uint32_t)value;
		raise_irq();
		break;
	case ROAD_EDU_REG_DMA_SOURCE: fake.source = value; break;
	case ROAD_EDU_REG_DMA_TARGET: fake.target = value; break;
	case ROAD_EDU_REG_DMA_COUNT: fake.count = value; break;
	case ROAD_EDU_REG_DMA_COMMAND:
		fake.command = (uint32_t)value;
		if (!fake.withheld)
			transfer();
		break;
	default: break;
	}
}

/* Registers of BAR 0 answer, if they are no mapped memory. */
static bool is_edu(int fd, size_t bytes, off_t offset)
{
	pthread_mutex_lock(&lock);
	const bool is_device = fd >= 0 && fd == fake.device;

	pthread_mutex_unlock(&lock);
	return is_device && !fake.mappable && offset < FAKE_BAR && bytes <= 8;
}

ssize_t __wrap_pread64(int fd, void *out, size_t bytes, off_t offset)
{
	if (!is_edu(fd, bytes, offset))
		return __real_pread64(fd, out, bytes, offset);
	pthread_mutex_lock(&lock);
	const uint64_t value = edu_read((uint64_t)offset);

	pthread_mutex_unlock(&lock);
	memcpy(out, &value, bytes);
	return (ssize_t)bytes;
}

ssize_t __wrap_pwrite64(int fd, const void *from, size_t bytes, off_t offset)
{
	uint64_t value = 0;

	if (!is_edu(fd, bytes, offset))
		return __real_pwrite64(fd, from, bytes, offset);
	memcpy(&value, from, bytes);
	pthread_mutex_lock(&lock);
	edu_write((uint64_t)offset, value);
	pthread_mutex_unlock(&lock);
	return (ssize_t)bytes;
}

uint16_t fake_command_register(void)
{
	uint16_t command = 0;

	CU_ASSERT_EQUAL(__real_pread64(memory, &command, 2, FAKE_CONFIG + PCI_COMMAND), 2);
	return command;
}

uint32_t fake_live_maps(void)
{
	uint32_t count = 0;

	pthread_mutex_lock(&lock);
	for (int i = 0; i < FAKE_MAPS; i++)
		count += fake.maps[i].flags != 0;
	pthread_mutex_unlock(&lock);
	return count;
}

void fake_ask_back(void)
{
	pthread_mutex_lock(&lock);
	raise(VFIO_PCI_REQ_IRQ_INDEX, 0);
	pthread_mutex_unlock(&lock);
}

void fake_pull(void)
{
	put_config(PCI_VENDOR_ID, UINT32_MAX, 4);
}

/* ---- calls: container and group ---- */

int __wrap_close(int fd)
{
	pthread_mutex_lock(&lock);
	if (fd >= 0 && fd == fake.container) {
		for (int i = 0; i < FAKE_MAPS; i++)
			if (fake.maps[i].flags)
				broken("memory left mapped", fake.maps[i].iova);
		fake.container = -1;
	} else if (fd >= 0 && fd == fake.group) {
		fake.group = -1;
	} else if (fd >= 0 && fd == fake.device) {
		fake.device = -1;
		fake.command = 0; /* the kernel resets it */
	}
	pthread_mutex_unlock(&lock);
	return __real_close(fd);
}

/* The interrupt thread may close something of its own at the same time. */
static int open_fake(int *slot, int error, const char *name)
{
	if (error)
		return refuse(error);
	const int fd = memfd_create(name, MFD_CLOEXEC);

	pthread_mutex_lock(&lock);
	*slot = fd;
	pthread_mutex_unlock(&lock);
	return fd;
}

int __wrap_open64(const char *path, int flags, ...)
{
	if (!strcmp(path, "/dev/vfio/vfio"))
		return open_fake(&fake.container, fake.no_container, "container");
	if (!strcmp(path, "/dev/vfio/7"))
		return open_fake(&fake.group, fake.no_group, "group");
	return __real_open64(path, flags, 0);
}

static int get_iommu_info(struct vfio_iommu_type1_info *info)
{
	struct {
		struct vfio_iommu_type1_info_cap_iova_range head;
		struct vfio_iova_range ranges[2];
	} cap = {.head = {.header = {.id = VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE, .version = 1},
			  .nr_iovas = 2},
		 .ranges = {{fake.iova_first, UINT64_C(0xfedfffff)},
			    {UINT64_C(0xfef00000), fake.iova_last}}};
	const size_t needs = sizeof(*info) + sizeof(cap);

	info->flags = VFIO_IOMMU_INFO_PGSIZES;
	info->iova_pgsizes = fake.pages_64k ? 0x10000 : 0x40201000;
	if (fake.no_caps)
		return 0;
	info->flags |= VFIO_IOMMU_INFO_CAPS;
	if (info->argsz >= needs) {
		info->cap_offset = sizeof(*info);
		memcpy((char *)info + sizeof(*info), &cap, sizeof(cap));
	}
	info->argsz = (uint32_t)needs;
	return 0;
}

static int map(const struct vfio_iommu_type1_dma_map *call)
{
	struct fake_map *free_one = NULL;

	if (fake.map_error)
		return refuse(fake.map_error);
	if ((call->iova | call->vaddr | call->size) % 4096 || !call->size)
		broken("a map that is not of pages", call->iova);
	if (call->iova < fake.iova_first || call->iova + call->size - 1 > fake.iova_last ||
	    (call->iova < 0xfef00000 && call->iova + call->size > 0xfee00000))
		broken("a map where the IOMMU has none", call->iova);
	for (int i = 0; i < FAKE_MAPS; i++) {
		const struct fake_map *one = &fake.maps[i];

		if (!one->flags)
			free_one = free_one ? free_one : &fake.maps[i];
		else if (one->iova < call->iova + call->size && call->iova < one->iova + one->bytes)
			broken("maps overlap", call->iova);
	}
	if (!free_one)
		return refuse(ENOSPC);
	*free_one = (struct fake_map){call->iova, call->size, call->vaddr, call->flags};
	return 0;
}

static int unmap(const struct vfio_iommu_type1_dma_unmap *call)
{
	for (int i = 0; i < FAKE_MAPS; i++) {
		struct fake_map *one = &fake.maps[i];

		if (!one->flags || one->iova != call->iova || one->bytes != call->size)
			continue;
		one->flags = 0;
		for (int k = 0; k < FAKE_MAPS; k++)
			if (fake.maps[k].flags)
				return 0;
		if (fake_command_register() & PCI_COMMAND_MASTER)
			broken("the last map taken from a master", call->iova);
		return 0;
	}
	broken("no such map", call->iova);
	return refuse(EINVAL);
}

static int container_call(unsigned long request, void *argument)
{
	switch (request) {
	case VFIO_GET_API_VERSION: return VFIO_API_VERSION;
	case VFIO_CHECK_EXTENSION:
		return !fake.not_type1 && (uintptr_t)argument == VFIO_TYPE1v2_IOMMU;
	case VFIO_SET_IOMMU: return fake.attach_error ? refuse(fake.attach_error) : 0;
	case VFIO_IOMMU_GET_INFO: return get_iommu_info(argument);
	case VFIO_IOMMU_MAP_DMA: return map(argument);
	case VFIO_IOMMU_UNMAP_DMA: return unmap(argument);
	default: broken("call of the container", request); return refuse(ENOTTY);
	}
}

static int group_call(unsigned long request, void *argument)
{
	switch (request) {
	case VFIO_GROUP_GET_STATUS:
		((struct vfio_group_status *)argument)->flags =
			fake.not_viable ? 0 : VFIO_GROUP_FLAGS_VIABLE;
		return 0;
	case VFIO_GROUP_SET_CONTAINER: return 0;
	case VFIO_GROUP_GET_DEVICE_FD:
		if (strcmp(argument, FAKE_PLACE))
			broken("another function's name", 0);
		if (fake.device_error)
			return refuse(fake.device_error);
		return fake.device = fcntl(memory, F_DUPFD_CLOEXEC, 3);
	default: broken("call of the group", request); return refuse(ENOTTY);
	}
}

/* ---- calls: the device ---- */

static int get_region(struct vfio_region_info *info)
{
	struct {
		struct vfio_region_info_cap_sparse_mmap head;
		struct vfio_region_sparse_mmap_area areas[2];
	} cap = {.head = {.header = {.id = VFIO_REGION_INFO_CAP_SPARSE_MMAP, .version = 1},
			  .nr_areas = 2},
		 .areas = {{0, 0x2000}, {0x4000, FAKE_BAR - 0x4000}}};
	const size_t needs = sizeof(*info) + sizeof(cap);

	info->flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
	info->size = info->cap_offset = 0;
	info->offset = (uint64_t)info->index * FAKE_BAR;
	if (info->index == VFIO_PCI_CONFIG_REGION_INDEX) {
		info->size = 4096;
		info->offset = FAKE_CONFIG;
	} else if (!info->index) {
		info->size = FAKE_BAR;
		info->flags |= fake.mappable ? VFIO_REGION_INFO_FLAG_MMAP : 0u;
	}
	if (info->index || !fake.sparse)
		return 0;
	info->flags |= VFIO_REGION_INFO_FLAG_CAPS;
	if (info->argsz >= needs) {
		info->cap_offset = sizeof(*info);
		memcpy((char *)info + sizeof(*info), &cap, sizeof(cap));
	}
	info->argsz = (uint32_t)needs;
	return 0;
}

static uint32_t vectors(uint32_t index)
{
	switch (index) {
	case VFIO_PCI_INTX_IRQ_INDEX: return fake.intx;
	case VFIO_PCI_MSI_IRQ_INDEX: return fake.msi;
	case VFIO_PCI_MSIX_IRQ_INDEX: return fake.msix;
	case VFIO_PCI_REQ_IRQ_INDEX: return 1;
	default: return 0;
	}
}

static int set_trigger(const struct vfio_irq_set *set)
{
	if (!set->count) {
		for (uint32_t v = 0; v < FAKE_VECTORS; v++) {
			if (fake.triggers[set->index][v] >= 0)
				__real_close(fake.triggers[set->index][v]);
			fake.triggers[set->index][v] = -1;
		}
		return 0;
	}
	if (set->start + set->count > vectors(set->index) ||
	    set->argsz != sizeof(*set) + set->count * sizeof(int32_t)) {
		broken("interrupts that there are not", set->start + set->count);
		return refuse(EINVAL);
	}
	if (fake.few && set->count > fake.few)
		return (int)fake.few;
	for (uint32_t i = 0; i < set->count; i++) {
		int *trigger = &fake.triggers[set->index][set->start + i];
		int32_t fd;

		memcpy(&fd, set->data + i * sizeof(fd), sizeof(fd));
		if (*trigger >= 0)
			__real_close(*trigger);
		*trigger = fcntl(fd, F_DUPFD_CLOEXEC, 3); /* the kernel's own hold on it */
	}
	return 0;
}

static int set_irqs(const struct vfio_irq_set *set)
{
	if (set->flags & VFIO_IRQ_SET_ACTION_TRIGGER)
		return set_trigger(set);
	if (set->index != VFIO_PCI_INTX_IRQ_INDEX)
		broken("messages have no mask", set->index);
	fake.masked = set->flags & VFIO_IRQ_SET_ACTION_MASK;
	if (!fake.masked) {
		atomic_fetch_add(&fake.unmasks, 1);
		raise_irq(); /* the line may be up still */
	}
	return 0;
}

static int device_call(unsigned long request, void *argument)
{
	struct vfio_irq_info *irq = argument;

	switch (request) {
	case VFIO_DEVICE_GET_INFO:
		((struct vfio_device_info *)argument)->flags =
			(fake.no_pci ? 0u : VFIO_DEVICE_FLAGS_PCI) |
			(fake.no_reset ? 0u : VFIO_DEVICE_FLAGS_RESET);
		return 0;
	case VFIO_DEVICE_GET_REGION_INFO: return get_region(argument);
	case VFIO_DEVICE_GET_IRQ_INFO:
		if (irq->index == VFIO_PCI_ERR_IRQ_INDEX)
			return refuse(EINVAL); /* as of a function that is no PCI Express */
		irq->flags = VFIO_IRQ_INFO_EVENTFD;
		irq->count = vectors(irq->index);
		return 0;
	case VFIO_DEVICE_SET_IRQS: return set_irqs(argument);
	case VFIO_DEVICE_RESET: atomic_fetch_add(&fake.resets, 1); return 0;
	default: broken("call of the device", request); return refuse(ENOTTY);
	}
}

int __wrap_ioctl(int fd, unsigned long request, void *argument)
{
	int result;

	pthread_mutex_lock(&lock);
	if (fd < 0 || (fd != fake.container && fd != fake.group && fd != fake.device)) {
		pthread_mutex_unlock(&lock);
		return __real_ioctl(fd, request, argument);
	}
	put_config(MSIX_CAP + PCI_MSIX_TABLE, fake.table, 4);
	result = fd == fake.container ? container_call(request, argument)
		 : fd == fake.group   ? group_call(request, argument)
				      : device_call(request, argument);
	pthread_mutex_unlock(&lock);
	return result;
}
