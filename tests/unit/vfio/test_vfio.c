/* SPDX-License-Identifier: Apache-2.0 */
/* The bus to real functions of PCI, on a kernel that the test makes up. */
#include <errno.h>
#include <linux/pci_regs.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "hal/bus/transport.h"
#include "hal/bus/vfio_open.h"
#include "hal/core/error.h"
#include "tests/support/tap.h"
#include "tests/unit/vfio/fake_kernel.h"
#include "uapi/edu.h"

enum { PAGE = 4096 };

static unsigned gone_calls;

void road_bus_gone(void)
{
	gone_calls++;
}

/* ---- helpers ---- */

static struct road_bus *open_bus(void)
{
	const struct road_found found = fake_found();
	struct road_bus *bus = NULL;

	CU_ASSERT_EQUAL_FATAL(road_vfio_open(&found, true, &bus), ROAD_OK);
	return bus;
}

/* Opening fails so, with this in its detail. */
static void refused(road_status status, const char *what, const char *seen)
{
	const struct road_found found = fake_found();
	struct road_bus *bus = NULL;
	road_error error = {.size = sizeof(error)};

	CU_ASSERT_EQUAL(road_vfio_open(&found, true, &bus), status);
	road_error_take(&error);
	CU_ASSERT_PTR_NOT_NULL(strstr(error.what, what));
	CU_ASSERT_PTR_NOT_NULL(strstr(error.seen, seen));
	if (!strstr(error.what, what) || !strstr(error.seen, seen))
		printf("# %s; seen %s\n", error.what, error.seen);
	CU_ASSERT_PTR_NULL(bus);
	CU_ASSERT(fake.container < 0 && fake.group < 0 && fake.device < 0); /* all closed again */
}

static bool says(const char *part)
{
	road_error error;

	road_error_take(&error);
	const bool found =
		strstr(error.what, part) || strstr(error.seen, part) || strstr(error.allowed, part);

	if (!found)
		printf("# %s; seen %s; allowed %s\n", error.what, error.seen, error.allowed);
	return found;
}

/* ---- what keeps it from being opened ---- */

static void words(void)
{
	fake_begin();
	fake_no_iommu();
	refused(ROAD_UNSUPPORTED, "no IOMMU", FAKE_PLACE);
	fake_end();

	fake_begin();
	fake.no_container = ENOENT;
	refused(ROAD_UNSUPPORTED, "no node of VFIO", "/dev/vfio/vfio");
	fake.no_container = 0;
	fake.not_type1 = true;
	refused(ROAD_UNSUPPORTED, "no IOMMU of type 1", "/dev/vfio/vfio");
	fake.not_type1 = false;
	fake.no_group = EACCES;
	refused(ROAD_PERMISSION, "no permission", "/dev/vfio/7");
	fake.no_group = EBUSY;
	refused(ROAD_BUSY, "another program", "/dev/vfio/7");
	fake.no_group = 0;
	fake.attach_error = EPERM;
	refused(ROAD_PERMISSION, "does not keep interrupts apart", FAKE_PLACE);
	fake.attach_error = ENODEV;
	refused(ROAD_UNSUPPORTED, "no IOMMU", FAKE_PLACE);
	fake.attach_error = 0;
	fake.pages_64k = true;
	refused(ROAD_UNSUPPORTED, "no pages of this size", "65536");
	fake.pages_64k = false;
	fake.device_error = EBUSY;
	refused(ROAD_BUSY, "busy", FAKE_PLACE);
	fake.device_error = 0;
	fake.no_pci = true;
	refused(ROAD_UNSUPPORTED, "no function of PCI", "");
	fake_end();
}

static void group_not_viable(void)
{
	road_error error;

	fake_begin();
	fake.not_viable = true;
	fake_neighbour("0000:03:00.1", "snd_hda_intel");
	fake_neighbour("0000:03:01.0", "pcieport");
	refused(ROAD_BUSY, "not viable", "0000:03:00.1 (snd_hda_intel)");
	road_error_take(&error);
	CU_ASSERT_PTR_NULL(strstr(error.seen, "pcieport")); /* bridges may keep theirs */
	fake_end();
}

static void one_bus_a_function(void)
{
	struct road_bus *bus, *other = NULL;

	fake_begin();
	bus = open_bus();
	const struct road_found same = fake_found();

	CU_ASSERT_EQUAL(road_vfio_open(&same, true, &other), ROAD_BUSY);
	CU_ASSERT(says("another instance"));
	bus->ops->close(bus);
	bus = open_bus(); /* free again */
	bus->ops->close(bus);
	fake_end();
}

/* ---- registers ---- */

static void registers_by_calls(void)
{
	struct road_bus_region region;
	struct road_bus *bus;
	void *at;

	fake_begin();
	bus = open_bus();
	CU_ASSERT_EQUAL(road_read32(bus, 0, ROAD_EDU_REG_ID), ROAD_EDU_ID);
	road_write32(bus, 0, ROAD_EDU_REG_LIVENESS, 0x12345678);
	CU_ASSERT_EQUAL(road_read32(bus, 0, ROAD_EDU_REG_LIVENESS), ~0x12345678u);
	bus->ops->region_info(bus, 0, &region);
	CU_ASSERT(region.bytes == FAKE_BAR && !region.mappable);
	bus->ops->region_info(bus, 1, &region);
	CU_ASSERT_EQUAL(region.bytes, 0);
	bus->ops->region_info(bus, 77, &region);
	CU_ASSERT_EQUAL(region.bytes, 0);
	CU_ASSERT_EQUAL(bus->ops->region_map(bus, 0, 0, 4096, &at), ROAD_UNSUPPORTED);
	/* Beyond the end, of another region, and of a width that there is not. */
	CU_ASSERT_EQUAL(road_read32(bus, 0, FAKE_BAR - 2), UINT32_MAX);
	CU_ASSERT_EQUAL(road_read64(bus, 3, 0), UINT64_MAX);
	CU_ASSERT_EQUAL(bus->ops->read(bus, 0, 0, 3), UINT32_MAX);
	road_write32(bus, 9, 0, 1);
	bus->ops->close(bus);
	fake_end();
}

/* What is written through a mapping is there for the others who look at the device. */
static void check_area(struct road_bus *bus, uint64_t offset, uint64_t bytes, bool whole)
{
	volatile uint32_t *at = NULL;
	void *mapping = NULL;
	road_status status = bus->ops->region_map(bus, 0, offset, bytes, &mapping);

	CU_ASSERT_EQUAL(status, whole ? ROAD_OK : ROAD_UNSUPPORTED);
	if (status)
		return;
	at = mapping;
	at[1] = 0xfeedf00d;
	CU_ASSERT_EQUAL(road_read32(bus, 0, offset + 4), 0xfeedf00d);
	bus->ops->region_unmap(bus, mapping, bytes);
}

static void registers_mapped(void)
{
	struct road_bus *bus;

	fake_begin();
	fake.mappable = true;
	fake.msix = 4;
	fake.table = 0x3000; /* BAR 0 */
	bus = open_bus();
	for (uint32_t width = 1; width <= 8; width *= 2) {
		bus->ops->write(bus, 0, 0x100, width, UINT64_C(0x8877665544332211));
		CU_ASSERT_EQUAL(bus->ops->read(bus, 0, 0x100, width),
				UINT64_C(0x8877665544332211) & (UINT64_MAX >> (64 - 8 * width)));
	}
	road_write32(bus, 0, 0x101, 0x5a5a5a5a); /* no aligned access: by a call */
	CU_ASSERT_EQUAL(road_read32(bus, 0, 0x101), 0x5a5a5a5a);
	check_area(bus, 0, 0x3000, true);
	check_area(bus, 0x4000, FAKE_BAR - 0x4000, true);
	check_area(bus, 0x3000, 0x1000, false); /* the table's page */
	check_area(bus, 0x2000, 0x2000, false);
	check_area(bus, 0, FAKE_BAR, false);
	/* The table can be looked at all the same, by calls. */
	road_write32(bus, 0, 0x3000, 77);
	CU_ASSERT_EQUAL(road_read32(bus, 0, 0x3000), 77);
	bus->ops->close(bus);
	fake_end();
}

static void registers_sparse(void)
{
	struct road_bus *bus;

	fake_begin();
	fake.mappable = fake.sparse = true;
	fake.table = 0x8000; /* not where the kernel left a gap */
	bus = open_bus();
	check_area(bus, 0, 0x2000, true);
	check_area(bus, 0x1000, 0x2000, false);
	check_area(bus, 0x2000, 0x2000, false);
	check_area(bus, 0x4000, 0x4000, true);
	check_area(bus, 0x8000, 0x1000, false);
	check_area(bus, 0x9000, FAKE_BAR - 0x9000, true);
	bus->ops->close(bus);
	fake_end();
}

static void configuration(void)
{
	struct road_bus *bus;

	fake_begin();
	bus = open_bus();
	CU_ASSERT_EQUAL(bus->ops->config_read(bus, 0), 0x11e81234);
	bus->ops->config_write(bus, 0x3c, 0x0b);
	CU_ASSERT_EQUAL(bus->ops->config_read(bus, 0x3c) & 0xff, 0x0b);
	CU_ASSERT_EQUAL(bus->ops->config_read(bus, 0x7fffffff), UINT32_MAX);
	bus->ops->close(bus);
	fake_end();
}

/* ---- memory ---- */

static bool is_master(void)
{
	return fake_command_register() & PCI_COMMAND_MASTER;
}

/* Off however an earlier user left it, on with the first map, off before the last one goes: the
 * fake kernel sees to the order. */
static void bus_mastering(void)
{
	struct road_dma one, two;
	struct road_bus *bus;

	fake_begin();
	CU_ASSERT(is_master());
	bus = open_bus();
	CU_ASSERT_FALSE(is_master());
	CU_ASSERT_EQUAL(bus->ops->dma_alloc(bus, 1, &one), ROAD_OK);
	CU_ASSERT(is_master());
	CU_ASSERT_EQUAL(bus->ops->dma_alloc(bus, 9000, &two), ROAD_OK);
	bus->ops->dma_free(bus, &one);
	CU_ASSERT(is_master());
	bus->ops->dma_free(bus, &two);
	CU_ASSERT_FALSE(is_master());
	bus->ops->close(bus);
	fake_end();
}

static void dma_alloc(void)
{
	struct road_dma_limits limits;
	struct road_dma dma;
	struct road_bus *bus;

	fake_begin();
	bus = open_bus();
	bus->ops->dma_limits(bus, &limits);
	CU_ASSERT(limits.granule == PAGE && limits.coherent && limits.mask == fake.iova_last);
	CU_ASSERT_EQUAL(bus->ops->dma_alloc(bus, 5000, &dma), ROAD_OK);
	CU_ASSERT(dma.bytes == 2 * PAGE && dma.coherent && dma.fd >= 0);
	/* Low, so that devices that reach little reach it. */
	CU_ASSERT(dma.iova.value && dma.iova.value < 0x1000000);
	CU_ASSERT_EQUAL(fake_live_maps(), 1);
	CU_ASSERT_EQUAL(fake.maps[0].at, (uintptr_t)dma.host);
	CU_ASSERT_EQUAL(fake.maps[0].flags, VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE);
	bus->ops->dma_free(bus, &dma);
	CU_ASSERT_EQUAL(dma.fd, -1);
	CU_ASSERT_EQUAL(bus->ops->dma_alloc(bus, 0, &dma), ROAD_INVALID_ARGUMENT);
	bus->ops->close(bus);
	fake_end();
}

/* The lowest address that is free is taken, however many came and went. */
static void addresses_stay_low(void)
{
	struct road_dma dma, held;
	struct road_bus *bus;

	fake_begin();
	bus = open_bus();
	CU_ASSERT_EQUAL_FATAL(bus->ops->dma_alloc(bus, PAGE, &held), ROAD_OK);
	for (int i = 0; i < 5000; i++) {
		CU_ASSERT_EQUAL_FATAL(bus->ops->dma_alloc(bus, UINT64_C(1) << 20, &dma), ROAD_OK);
		CU_ASSERT(dma.iova.value + dma.bytes < UINT64_C(1) << 28);
		bus->ops->dma_free(bus, &dma);
	}
	bus->ops->dma_free(bus, &held);
	bus->ops->close(bus);
	fake_end();
}

/* Ranges that the IOMMU has not are left out: the fake kernel refuses them. */
static void addresses_of_the_iommu(void)
{
	struct road_dma dma[3];
	struct road_bus *bus;
	const uint64_t large = UINT64_C(1) << 31;

	fake_begin();
	fake.iova_first = 0x80000;
	bus = open_bus();
	for (int i = 0; i < 3; i++) /* the second one does not fit below the gap */
		CU_ASSERT_EQUAL_FATAL(bus->ops->dma_alloc(bus, large, &dma[i]), ROAD_OK);
	CU_ASSERT(dma[0].iova.value >= 0x80000);
	CU_ASSERT(dma[1].iova.value >= UINT64_C(0xfef00000));
	for (int i = 0; i < 3; i++)
		bus->ops->dma_free(bus, &dma[i]);
	bus->ops->close(bus);
	fake_end();
	/* A kernel that does not tell: the range where interrupts are written is known. */
	fake_begin();
	fake.no_caps = true;
	bus = open_bus();
	for (int i = 0; i < 2; i++)
		CU_ASSERT_EQUAL_FATAL(bus->ops->dma_alloc(bus, large, &dma[i]), ROAD_OK);
	for (int i = 0; i < 2; i++)
		bus->ops->dma_free(bus, &dma[i]);
	bus->ops->close(bus);
	fake_end();
	/* What is left of the addresses is too little. */
	fake_begin();
	fake.iova_last = UINT64_C(0xffffffff);
	bus = open_bus();
	CU_ASSERT_EQUAL_FATAL(bus->ops->dma_alloc(bus, large, &dma[0]), ROAD_OK);
	CU_ASSERT_EQUAL(bus->ops->dma_alloc(bus, large, &dma[1]), ROAD_NO_SPACE);
	bus->ops->dma_free(bus, &dma[0]);
	bus->ops->close(bus);
	fake_end();
}

static void map_errors(void)
{
	struct rlimit before, small = {0};
	struct road_dma dma;
	struct road_bus *bus;

	fake_begin();
	bus = open_bus();
	getrlimit(RLIMIT_MEMLOCK, &before);
	small.rlim_cur = 64 << 10;
	small.rlim_max = before.rlim_max;
	CU_ASSERT_EQUAL_FATAL(setrlimit(RLIMIT_MEMLOCK, &small), 0);
	fake.map_error = ENOMEM;
	CU_ASSERT_EQUAL(bus->ops->dma_alloc(bus, 1 << 20, &dma), ROAD_OUT_OF_HOST_MEMORY);
	CU_ASSERT(says("limit on pinned memory"));
	CU_ASSERT(says("1024 KiB more than the 0 KiB pinned; limit 64 KiB"));
	CU_ASSERT(says("ulimit -l of 1024"));
	setrlimit(RLIMIT_MEMLOCK, &before);
	fake.map_error = ENOSPC;
	CU_ASSERT_EQUAL(bus->ops->dma_alloc(bus, PAGE, &dma), ROAD_NO_SPACE);
	CU_ASSERT(says("dma_entry_limit"));
	fake.map_error = EFAULT;
	CU_ASSERT_EQUAL(bus->ops->dma_alloc(bus, PAGE, &dma), ROAD_INVALID_ARGUMENT);
	fake.map_error = EIO;
	CU_ASSERT_EQUAL(bus->ops->dma_alloc(bus, PAGE, &dma), ROAD_IO);
	CU_ASSERT_FALSE(is_master());
	fake.map_error = 0;
	CU_ASSERT_EQUAL(bus->ops->dma_alloc(bus, PAGE, &dma), ROAD_OK); /* nothing was lost */
	bus->ops->dma_free(bus, &dma);
	bus->ops->close(bus);
	fake_end();
}

static void import_of_whole_pages(void)
{
	char *pages = aligned_alloc(PAGE, 2 * PAGE);
	struct road_dma dma;
	struct road_bus *bus;

	fake_begin();
	bus = open_bus();
	CU_ASSERT_EQUAL(bus->ops->dma_map(bus, pages, 2 * PAGE, ROAD_DMA_TO_DEVICE, &dma), ROAD_OK);
	CU_ASSERT(dma.coherent);
	CU_ASSERT_EQUAL(fake.maps[0].at, (uintptr_t)pages);
	CU_ASSERT_EQUAL(fake.maps[0].flags, VFIO_DMA_MAP_FLAG_READ); /* it may not write there */
	bus->ops->dma_unmap(bus, &dma);
	CU_ASSERT_EQUAL(bus->ops->dma_map(bus, NULL, PAGE, ROAD_DMA_BOTH, &dma),
			ROAD_INVALID_ARGUMENT);
	bus->ops->close(bus);
	fake_end();
	free(pages);
}

/* What else lies on the pages is not shown to the device. */
static void import_bounces(void)
{
	char *pages = aligned_alloc(PAGE, 2 * PAGE);
	struct road_dma dma;
	struct road_bus *bus;

	fake_begin();
	memset(pages, 's', 2 * PAGE);
	memset(pages + 100, 'a', 200);
	bus = open_bus();
	CU_ASSERT_EQUAL_FATAL(bus->ops->dma_map(bus, pages + 100, 200, ROAD_DMA_BOTH, &dma),
			      ROAD_OK);
	char *seen = (char *)(uintptr_t)fake.maps[0].at;

	CU_ASSERT_FALSE(dma.coherent);
	CU_ASSERT(fake.maps[0].bytes == PAGE && fake.maps[0].iova == dma.iova.value);
	CU_ASSERT(seen[0] == 'a' && seen[199] == 'a' && !seen[200]); /* begins in sync */
	pages[110] = 'h';
	CU_ASSERT_EQUAL(seen[10], 'a');
	bus->ops->dma_sync(bus, &dma, 10, 1, ROAD_DMA_TO_DEVICE);
	CU_ASSERT_EQUAL(seen[10], 'h');
	memset(seen, 'd', 200);
	bus->ops->dma_sync(bus, &dma, 190, 1000, ROAD_DMA_TO_HOST); /* no further than it is long */
	CU_ASSERT(pages[289] == 'a' && pages[290] == 'd' && pages[299] == 'd' && pages[300] == 's');
	bus->ops->dma_sync(bus, &dma, 5000, 1, ROAD_DMA_TO_HOST);
	bus->ops->dma_unmap(bus, &dma);
	bus->ops->close(bus);
	fake_end();
	free(pages);
}

/* ---- interrupts ---- */

static void raise_of_edu(struct road_bus *bus)
{
	road_write32(bus, 0, ROAD_EDU_REG_IRQ_RAISE, 1);
}

static void acknowledge(struct road_bus *bus)
{
	road_write32(bus, 0, ROAD_EDU_REG_IRQ_ACK, 1);
}

static uint64_t soon(struct road_bus *bus)
{
	return bus->ops->now_ns(bus) + UINT64_C(1000000);
}

static void check_messages(uint32_t count)
{
	struct road_bus *bus = open_bus();
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	uint64_t value;

	CU_ASSERT_EQUAL(bus->ops->irq_count(bus), count);
	CU_ASSERT_FALSE(bus->ops->irq_take(bus, 0));
	/* Before anything is bound: by the bus's own descriptors. */
	CU_ASSERT_EQUAL(bus->ops->irq_wait(bus, 0, soon(bus)), ROAD_TIMEOUT);
	raise_of_edu(bus);
	CU_ASSERT_EQUAL(road_bus_control_of(bus)->irq_pending(bus), 1);
	CU_ASSERT_EQUAL(bus->ops->irq_wait(bus, 0, soon(bus)), ROAD_OK);
	CU_ASSERT_EQUAL(road_bus_control_of(bus)->irq_pending(bus), 0);
	/* One that came before the caller's descriptor took over is not forgotten. */
	raise_of_edu(bus);
	CU_ASSERT_EQUAL(bus->ops->irq_bind(bus, 0, fd), ROAD_OK);
	CU_ASSERT_EQUAL(read(fd, &value, sizeof(value)), 8);
	raise_of_edu(bus);
	raise_of_edu(bus);
	CU_ASSERT(bus->ops->irq_take(bus, 0));
	CU_ASSERT_FALSE(bus->ops->irq_take(bus, 0));
	CU_ASSERT_EQUAL(bus->ops->irq_bind(bus, 0, -1), ROAD_OK);
	raise_of_edu(bus);
	CU_ASSERT_EQUAL(read(fd, &value, sizeof(value)), -1);
	CU_ASSERT(bus->ops->irq_take(bus, 0));
	CU_ASSERT_EQUAL(bus->ops->irq_bind(bus, count, fd), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(bus->ops->irq_wait(bus, count, 0), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_FALSE(bus->ops->irq_take(bus, 1000));
	bus->ops->irq_mask(bus, 0, true);
	acknowledge(bus);
	bus->ops->close(bus);
	close(fd);
}

static void messages(void)
{
	fake_begin();
	check_messages(1);
	CU_ASSERT_EQUAL(fake.triggers[VFIO_PCI_MSI_IRQ_INDEX][0], -1); /* switched off */
	fake_end();
	fake_begin();
	fake.msix = 4;
	fake.table = 0x3000;
	check_messages(4);
	fake_end();
}

/* Fewer can be had than the function has. */
static void fewer_vectors(void)
{
	struct road_bus *bus;

	fake_begin();
	fake.msix = 8;
	fake.few = 2;
	bus = open_bus();
	CU_ASSERT_EQUAL(bus->ops->irq_bind(bus, 0, -1), ROAD_OK);
	CU_ASSERT_EQUAL(bus->ops->irq_count(bus), 2);
	CU_ASSERT_EQUAL(bus->ops->irq_bind(bus, 2, -1), ROAD_INVALID_ARGUMENT);
	bus->ops->close(bus);
	bus = open_bus();
	CU_ASSERT_EQUAL(bus->ops->irq_bind(bus, 5, -1), ROAD_INVALID_ARGUMENT);
	bus->ops->close(bus);
	fake_end();
}

/* A line is masked by its coming, and comes again when it is unmasked and still up. */
static void line(void)
{
	struct road_bus *bus;

	fake_begin();
	fake.msi = 0;
	bus = open_bus();
	CU_ASSERT_EQUAL(bus->ops->irq_count(bus), 1);
	CU_ASSERT_EQUAL(bus->ops->irq_bind(bus, 0, -1), ROAD_OK);
	raise_of_edu(bus);
	CU_ASSERT(bus->ops->irq_take(bus, 0));
	raise_of_edu(bus);
	CU_ASSERT_FALSE(bus->ops->irq_take(bus, 0));
	bus->ops->irq_mask(bus, 0, false);
	CU_ASSERT(bus->ops->irq_take(bus, 0));
	acknowledge(bus);
	bus->ops->irq_mask(bus, 0, false);
	CU_ASSERT_FALSE(bus->ops->irq_take(bus, 0));
	CU_ASSERT_EQUAL(fake.unmasks, 2);
	bus->ops->close(bus);
	fake_end();
}

/* ---- lifetime ---- */

static void reset(void)
{
	struct road_bus *bus;

	fake_begin();
	bus = open_bus();
	CU_ASSERT_EQUAL(bus->ops->reset(bus), ROAD_OK);
	CU_ASSERT_EQUAL(fake.resets, 1);
	bus->ops->close(bus);
	fake.no_reset = true;
	bus = open_bus();
	CU_ASSERT_EQUAL(bus->ops->reset(bus), ROAD_UNSUPPORTED);
	CU_ASSERT(says("no reset of its own"));
	bus->ops->close(bus);
	fake_end();
}

/* All that the kernel gave is released, while the bus and the mappings of its registers stay. */
static void given_back(void)
{
	const struct road_bus_control *control;
	struct road_dma dma, more;
	struct road_bus *bus, *next;
	void *mapping;

	fake_begin();
	fake.mappable = true;
	fake.table = 0x3000;
	bus = open_bus();
	control = road_bus_control_of(bus);
	CU_ASSERT_EQUAL(bus->ops->region_map(bus, 0, 0, 0x3000, &mapping), ROAD_OK);
	CU_ASSERT_EQUAL(bus->ops->dma_alloc(bus, PAGE, &dma), ROAD_OK);
	CU_ASSERT_EQUAL(bus->ops->irq_bind(bus, 0, -1), ROAD_OK);
	struct pollfd asked = {control->lost_fd(bus), POLLIN, 0};

	CU_ASSERT_EQUAL(poll(&asked, 1, 0), 0);
	fake_ask_back();
	CU_ASSERT_EQUAL(poll(&asked, 1, 0), 1);
	CU_ASSERT_FALSE(bus->ops->lost(bus)); /* not before it has let go */
	gone_calls = 0;
	control->let_go(bus);
	CU_ASSERT_EQUAL(gone_calls, 1);
	CU_ASSERT(bus->ops->lost(bus));
	CU_ASSERT(fake.device < 0 && fake.group < 0 && fake.container < 0);
	CU_ASSERT_EQUAL(fake_live_maps(), 0);
	CU_ASSERT_FALSE(is_master());
	CU_ASSERT_EQUAL(fake.triggers[VFIO_PCI_MSI_IRQ_INDEX][0], -1);
	CU_ASSERT_EQUAL(fake.triggers[VFIO_PCI_REQ_IRQ_INDEX][0], -1);
	/* Who still reads there reads ones; calls answer that it is gone; releasing works. */
	CU_ASSERT_EQUAL(((volatile uint32_t *)mapping)[0x2ffc / 4], UINT32_MAX);
	((volatile uint32_t *)mapping)[0] = 1;
	CU_ASSERT_EQUAL(road_read64(bus, 0, 0), UINT64_MAX);
	CU_ASSERT_EQUAL(bus->ops->config_read(bus, 0), UINT32_MAX);
	bus->ops->config_write(bus, 0, 0);
	road_write32(bus, 0, 0, 0);
	CU_ASSERT_EQUAL(bus->ops->dma_alloc(bus, PAGE, &more), ROAD_DEVICE_LOST);
	CU_ASSERT_EQUAL(bus->ops->dma_map(bus, mapping, PAGE, ROAD_DMA_BOTH, &more),
			ROAD_DEVICE_LOST);
	CU_ASSERT_EQUAL(bus->ops->region_map(bus, 0, 0, PAGE, &mapping), ROAD_DEVICE_LOST);
	CU_ASSERT_EQUAL(bus->ops->irq_bind(bus, 0, -1), ROAD_DEVICE_LOST);
	CU_ASSERT_EQUAL(bus->ops->irq_wait(bus, 0, UINT64_MAX), ROAD_DEVICE_LOST);
	CU_ASSERT_EQUAL(bus->ops->reset(bus), ROAD_DEVICE_LOST);
	control->let_go(bus);
	CU_ASSERT_EQUAL(gone_calls, 1);
	next = open_bus(); /* another one came to its place */
	((volatile char *)dma.host)[0] = 1;
	bus->ops->dma_free(bus, &dma);
	bus->ops->close(bus);
	CU_ASSERT_EQUAL(road_read32(next, 0, 0x100), 0);
	next->ops->close(next);
	fake_end();
}

static void pulled_out(void)
{
	struct road_dma dma;
	struct road_bus *bus;

	fake_begin();
	bus = open_bus();
	CU_ASSERT_EQUAL(bus->ops->dma_alloc(bus, PAGE, &dma), ROAD_OK);
	CU_ASSERT_FALSE(bus->ops->lost(bus));
	fake_pull();
	CU_ASSERT(bus->ops->lost(bus));
	CU_ASSERT_EQUAL(road_read32(bus, 0, ROAD_EDU_REG_ID), UINT32_MAX);
	bus->ops->dma_free(bus, &dma);
	bus->ops->close(bus);
	fake_end();
}

static void identity(void)
{
	struct road_property property;
	struct road_bus_ids ids;
	struct road_bus *bus;
	void *out;

	fake_begin();
	bus = open_bus();
	bus->ops->ids(bus, &ids);
	CU_ASSERT(ids.vendor == 0x1234 && ids.device == 0x11e8 && !ids.simulated);
	CU_ASSERT_STRING_EQUAL(bus->ops->name, "vfio");
	CU_ASSERT_EQUAL(bus->ops->fact(bus, 0, &property), ROAD_OK);
	CU_ASSERT_EQUAL(bus->ops->fact(bus, 100000, &property), ROAD_NOT_FOUND);
	CU_ASSERT_EQUAL(bus->ops->control(bus, 0, NULL), ROAD_UNSUPPORTED);
	CU_ASSERT_EQUAL(bus->ops->symbol(bus, "", &out), ROAD_UNSUPPORTED);
	bus->ops->close(bus);
	fake_end();
}

static const struct tap_case cases[] = {
	{"what keeps a function from being opened is said, and nothing stays open", words},
	{"a group that is not viable names the others and who has them", group_not_viable},
	{"a function has one bus in a process", one_bus_a_function},
	{"registers that cannot be mapped are reached by calls", registers_by_calls},
	{"registers are mapped around the MSI-X table", registers_mapped},
	{"only what the kernel allows is mapped, and not the table in it", registers_sparse},
	{"configuration space is read and written", configuration},
	{"the device is a master while memory is mapped, and no longer", bus_mastering},
	{"allocated memory is mapped in whole pages, low", dma_alloc},
	{"addresses stay low, however many came and went", addresses_stay_low},
	{"only addresses that the IOMMU has are given", addresses_of_the_iommu},
	{"a mapping that fails says why, with the number", map_errors},
	{"memory of whole pages is shown itself, with the right that it needs",
	 import_of_whole_pages},
	{"other memory is copied when it is synchronised", import_bounces},
	{"MSI and MSI-X come as eventfds, and none is forgotten", messages},
	{"where fewer vectors are to be had, so many are used", fewer_vectors},
	{"a line is masked until its cause is dealt with", line},
	{"a function is reset if it can be", reset},
	{"a device that is asked back is let go, and its bus stays", given_back},
	{"a device that was pulled out is lost", pulled_out},
	{"it says what it is", identity},
};

TAP_MAIN(cases)
