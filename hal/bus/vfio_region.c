/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registers of a function: its BARs are mapped where the kernel allows it, but never the table of
 * MSI-X, which is the kernel's; what is not mapped goes through the descriptor.
 *
 *	BAR      | area          | table | area        |
 */
#include "hal/bus/vfio.h"

#include <linux/pci_regs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hal/core/error.h"

/* ---- order between registers and memory ---- */

/* What the host wrote to memory is seen by the device before the register that tells of it. */
static inline void before_write(void)
{
#if defined(__aarch64__)
	__asm__ volatile("dmb oshst" ::: "memory");
#elif defined(__x86_64__) || defined(__i386__)
	__asm__ volatile("" ::: "memory"); /* stores to uncached memory come after those before */
#else
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
#endif
}

/* Memory that is read after a register is read as it was then, or later. */
static inline void after_read(void)
{
#if defined(__aarch64__)
	__asm__ volatile("dmb oshld" ::: "memory");
#elif defined(__x86_64__) || defined(__i386__)
	__asm__ volatile("" ::: "memory");
#else
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
#endif
}

/* ---- configuration space ---- */

/* Little endian, as it lies there. false: it is not there. */
static bool config_get(const struct vfio_bus *bus, uint32_t offset, void *out, size_t bytes)
{
	return bus->device >= 0 &&
	       pread(bus->device, out, bytes, (off_t)(bus->config + offset)) == (ssize_t)bytes;
}

static bool config_put(const struct vfio_bus *bus, uint32_t offset, const void *from, size_t bytes)
{
	return bus->device >= 0 &&
	       pwrite(bus->device, from, bytes, (off_t)(bus->config + offset)) == (ssize_t)bytes;
}

uint32_t vfio_config_read(struct road_bus *bus, uint32_t offset)
{
	struct vfio_bus *own = vfio_bus_of(bus);
	uint32_t value = UINT32_MAX;

	pthread_rwlock_rdlock(&own->lock);
	if (!config_get(own, offset, &value, sizeof(value)))
		value = UINT32_MAX;
	pthread_rwlock_unlock(&own->lock);
	return value;
}

void vfio_config_write(struct road_bus *bus, uint32_t offset, uint32_t value)
{
	struct vfio_bus *own = vfio_bus_of(bus);

	pthread_rwlock_rdlock(&own->lock);
	(void)config_put(own, offset, &value, sizeof(value));
	pthread_rwlock_unlock(&own->lock);
}

void vfio_command(struct vfio_bus *bus, uint16_t clear, uint16_t set)
{
	uint16_t command;

	if (!config_get(bus, PCI_COMMAND, &command, sizeof(command)))
		return;
	command = (uint16_t)((command & ~clear) | set);
	(void)config_put(bus, PCI_COMMAND, &command, sizeof(command));
}

/* ---- where the table of MSI-X lies ---- */

struct table {
	uint32_t region;
	uint64_t start, end; /* whole pages; end 0: there is none */
};

static uint8_t find_capability(const struct vfio_bus *bus, uint8_t wanted)
{
	enum { STEPS = 48 }; /* that fit behind the header */
	uint8_t at = 0, entry[2];

	if (!config_get(bus, PCI_CAPABILITY_LIST, &at, 1))
		return 0;
	for (int left = STEPS; left && at >= PCI_STD_HEADER_SIZEOF; left--) {
		at &= 0xfc;
		if (!config_get(bus, at, entry, sizeof(entry)))
			return 0;
		if (entry[0] == wanted)
			return at;
		at = entry[1];
	}
	return 0;
}

static struct table find_table(const struct vfio_bus *bus)
{
	uint8_t at = find_capability(bus, PCI_CAP_ID_MSIX);
	uint32_t where;
	uint16_t flags;

	if (!at || !config_get(bus, at + PCI_MSIX_FLAGS, &flags, sizeof(flags)) ||
	    !config_get(bus, at + PCI_MSIX_TABLE, &where, sizeof(where)))
		return (struct table){0};
	uint64_t start = where & PCI_MSIX_TABLE_OFFSET;
	uint64_t bytes = ((uint64_t)(flags & PCI_MSIX_FLAGS_QSIZE) + 1) * PCI_MSIX_ENTRY_SIZE;

	return (struct table){.region = where & PCI_MSIX_TABLE_BIR,
			      .start = start & ~(uint64_t)(VFIO_PAGE - 1),
			      .end = (start + bytes + VFIO_PAGE - 1) & ~(uint64_t)(VFIO_PAGE - 1)};
}

/* ---- mapping ---- */

static void map_area(struct vfio_bus *bus, struct vfio_region *region, uint64_t offset,
		     uint64_t end, int prot)
{
	end = end < region->bytes ? end : region->bytes;
	if (offset >= end || offset % VFIO_PAGE || region->area_count == VFIO_AREAS)
		return;
	void *at = mmap(NULL, end - offset, prot, MAP_SHARED, bus->device,
			(off_t)(region->file + offset));

	if (at == MAP_FAILED) /* then by the descriptor */
		return;
	madvise(at, end - offset, MADV_DONTFORK);
	region->areas[region->area_count++] = (struct vfio_area){offset, end - offset, at};
}

/* [offset, end) without the table. */
static void map_around(struct vfio_bus *bus, struct vfio_region *region, uint64_t offset,
		       uint64_t end, int prot, const struct table *table)
{
	const bool here = table->end && region == &bus->regions[table->region % VFIO_BARS] &&
			  table->start < end && table->end > offset;

	if (!here) {
		map_area(bus, region, offset, end, prot);
		return;
	}
	map_area(bus, region, offset, table->start, prot);
	map_area(bus, region, table->end, end, prot);
}

union region_answer {
	struct vfio_region_info info;
	char bytes[1024];
};

/* The areas that the kernel allows; NULL: all, or none. */
static const struct vfio_region_info_cap_sparse_mmap *find_sparse(const union region_answer *answer)
{
	uint32_t bytes = answer->info.argsz, at = answer->info.cap_offset;

	if (!(answer->info.flags & VFIO_REGION_INFO_FLAG_CAPS) || bytes > sizeof(*answer))
		return NULL;
	for (uint32_t left = bytes / sizeof(struct vfio_info_cap_header);
	     left && at && at <= bytes - sizeof(struct vfio_info_cap_header); left--) {
		const struct vfio_info_cap_header *cap = (const void *)(answer->bytes + at);
		const struct vfio_region_info_cap_sparse_mmap *sparse = (const void *)cap;

		if (cap->id == VFIO_REGION_INFO_CAP_SPARSE_MMAP && bytes - at >= sizeof(*sparse) &&
		    sparse->nr_areas <= (bytes - at - sizeof(*sparse)) / sizeof(sparse->areas[0]))
			return sparse;
		at = cap->next;
	}
	return NULL;
}

static void open_region(struct vfio_bus *bus, uint32_t index, const struct table *table)
{
	union region_answer answer = {.info = {.argsz = sizeof(answer), .index = index}};
	struct vfio_region *region = &bus->regions[index];

	if (ioctl(bus->device, VFIO_DEVICE_GET_REGION_INFO, &answer.info) || !answer.info.size)
		return;
	region->bytes = answer.info.size;
	region->file = answer.info.offset;
	if (!(answer.info.flags & VFIO_REGION_INFO_FLAG_MMAP))
		return;
	const int prot =
		PROT_READ | (answer.info.flags & VFIO_REGION_INFO_FLAG_WRITE ? PROT_WRITE : 0);
	const struct vfio_region_info_cap_sparse_mmap *sparse = find_sparse(&answer);

	for (uint32_t i = 0; sparse && i < sparse->nr_areas; i++)
		map_around(bus, region, sparse->areas[i].offset,
			   sparse->areas[i].offset + sparse->areas[i].size, prot, table);
	if (!sparse)
		map_around(bus, region, 0, region->bytes, prot, table);
}

road_status vfio_regions_open(struct vfio_bus *bus)
{
	struct vfio_region_info config = {.argsz = sizeof(config),
					  .index = VFIO_PCI_CONFIG_REGION_INDEX};

	if (ioctl(bus->device, VFIO_DEVICE_GET_REGION_INFO, &config) || !config.size)
		return road_fail(ROAD_IO, "the kernel shows no configuration space",
				 "device address: pci", bus->found.place, "");
	bus->config = config.offset;
	/* Whatever an earlier user left: the device reaches no memory until some is mapped. */
	vfio_command(bus, PCI_COMMAND_MASTER, PCI_COMMAND_MEMORY | PCI_COMMAND_IO);
	const struct table table = find_table(bus);

	for (uint32_t i = 0; i < VFIO_BARS; i++)
		open_region(bus, i, &table);
	return ROAD_OK;
}

void vfio_regions_close(struct vfio_bus *bus)
{
	for (uint32_t i = 0; i < VFIO_BARS; i++)
		for (uint32_t k = 0; k < bus->regions[i].area_count; k++)
			munmap(bus->regions[i].areas[k].at, bus->regions[i].areas[k].bytes);
}

/* Private copies of some memory of ones, as many as it takes: pages are taken where one writes. */
static void blank(const struct vfio_area *area)
{
	const uint64_t least = UINT64_C(64) << 10, most = UINT64_C(64) << 20;
	uint64_t piece = (area->bytes / 512 + VFIO_PAGE - 1) & ~(uint64_t)(VFIO_PAGE - 1);

	piece = piece < least ? least : piece > most ? most : piece;
	piece = piece < area->bytes ? piece : area->bytes;
	int fd = memfd_create("roadbed-gone", MFD_CLOEXEC);
	void *ones = MAP_FAILED;

	if (fd >= 0 && !ftruncate(fd, (off_t)piece))
		ones = mmap(NULL, piece, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (ones != MAP_FAILED) {
		memset(ones, 0xff, piece);
		munmap(ones, piece);
	}
	for (uint64_t at = 0; at < area->bytes; at += piece) {
		uint64_t bytes = area->bytes - at < piece ? area->bytes - at : piece;
		const bool have = ones != MAP_FAILED;

		mmap(area->at + at, bytes, PROT_READ | PROT_WRITE,
		     MAP_FIXED | MAP_PRIVATE | (have ? 0 : MAP_ANONYMOUS), have ? fd : -1, 0);
	}
	if (fd >= 0)
		close(fd);
}

void vfio_regions_blank(struct vfio_bus *bus)
{
	for (uint32_t i = 0; i < VFIO_BARS; i++)
		for (uint32_t k = 0; k < bus->regions[i].area_count; k++)
			blank(&bus->regions[i].areas[k]);
}

/* ---- what drivers see ---- */

static const struct vfio_region *region_of(const struct vfio_bus *bus, uint32_t region)
{
	static const struct vfio_region none;

	return region < VFIO_BARS ? &bus->regions[region] : &none;
}

/* The memory of [offset, offset + bytes); NULL: not all of it is mapped. */
static char *find_area(const struct vfio_region *region, uint64_t offset, uint64_t bytes)
{
	for (uint32_t i = 0; i < region->area_count; i++) {
		const struct vfio_area *area = &region->areas[i];

		if (offset >= area->offset && offset - area->offset <= area->bytes &&
		    bytes <= area->bytes - (offset - area->offset))
			return area->at + (offset - area->offset);
	}
	return NULL;
}

void vfio_region_info(struct road_bus *bus, uint32_t region, struct road_bus_region *out)
{
	const struct vfio_region *own = region_of(vfio_bus_of(bus), region);

	*out = (struct road_bus_region){own->bytes, own->area_count != 0};
}

road_status vfio_region_map(struct road_bus *bus, uint32_t region, uint64_t offset, uint64_t bytes,
			    void **out)
{
	struct vfio_bus *own = vfio_bus_of(bus);

	if (atomic_load(&own->lost))
		return vfio_gone("region_map");
	char *at = bytes ? find_area(region_of(own, region), offset, bytes) : NULL;

	if (!at)
		return road_fail_u64(ROAD_UNSUPPORTED, "region cannot be mapped there",
				     "region_map", offset, "a range of a memory region");
	*out = at;
	return ROAD_OK;
}

static uint64_t ones(uint32_t width)
{
	return width == 8 ? UINT64_MAX : UINT32_MAX;
}

static bool is_access(const struct vfio_region *region, uint64_t offset, uint32_t width)
{
	return (width == 1 || width == 2 || width == 4 || width == 8) && offset <= region->bytes &&
	       width <= region->bytes - offset;
}

static uint64_t read_slowly(struct vfio_bus *bus, const struct vfio_region *region, uint64_t offset,
			    uint32_t width)
{
	uint64_t value = 0;

	pthread_rwlock_rdlock(&bus->lock);
	if (bus->device < 0 ||
	    pread(bus->device, &value, width, (off_t)(region->file + offset)) != (ssize_t)width)
		value = ones(width);
	pthread_rwlock_unlock(&bus->lock);
	return value;
}

uint64_t vfio_read(struct road_bus *bus, uint32_t region, uint64_t offset, uint32_t width)
{
	struct vfio_bus *own = vfio_bus_of(bus);
	const struct vfio_region *from = region_of(own, region);
	uint64_t value;

	if (atomic_load_explicit(&own->lost, memory_order_relaxed) ||
	    !is_access(from, offset, width))
		return ones(width);
	const volatile void *at = offset % width ? NULL : find_area(from, offset, width);

	if (!at)
		return read_slowly(own, from, offset, width);
	switch (width) {
	case 1: value = *(const volatile uint8_t *)at; break;
	case 2: value = *(const volatile uint16_t *)at; break;
	case 4: value = *(const volatile uint32_t *)at; break;
	default: value = *(const volatile uint64_t *)at; break;
	}
	after_read();
	return value;
}

void vfio_write(struct road_bus *bus, uint32_t region, uint64_t offset, uint32_t width,
		uint64_t value)
{
	struct vfio_bus *own = vfio_bus_of(bus);
	const struct vfio_region *to = region_of(own, region);

	if (atomic_load_explicit(&own->lost, memory_order_relaxed) || !is_access(to, offset, width))
		return;
	volatile void *at = offset % width ? NULL : find_area(to, offset, width);

	before_write();
	if (!at) {
		pthread_rwlock_rdlock(&own->lock);
		if (own->device >= 0)
			(void)!pwrite(own->device, &value, width, (off_t)(to->file + offset));
		pthread_rwlock_unlock(&own->lock);
		return;
	}
	switch (width) {
	case 1: *(volatile uint8_t *)at = (uint8_t)value; break;
	case 2: *(volatile uint16_t *)at = (uint16_t)value; break;
	case 4: *(volatile uint32_t *)at = (uint32_t)value; break;
	default: *(volatile uint64_t *)at = value; break;
	}
}
