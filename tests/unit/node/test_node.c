/* SPDX-License-Identifier: Apache-2.0 */
/* The bus to a device that a driver of the kernel runs, on a node that the test makes up. */
#include "tests/unit/node/fake.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hal/bus/memfd.h"
#include "hal/core/error.h"

/* ---- helpers ---- */

int __real_open64(const char *path, int flags, ...);

static bool runs_all(const struct road_bus_wish *with, const struct road_bus_ids *ids)
{
	(void)with;
	(void)ids;
	return true;
}

static road_status open_status(const struct road_bus_wish *with)
{
	struct road_found one = found();
	struct road_bus *bus = NULL;
	const road_status status = road_node_open(with, &one, &bus);

	CU_ASSERT_EQUAL(!status, bus != NULL);
	if (bus)
		bus->ops->close(bus);
	return status;
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

/* ---- opening ---- */

static void it_is_known_by_what_the_kernels_driver_calls_itself(void)
{
	struct road_bus_ids ids;
	struct road_bus *bus;

	begin();
	bus = open_bus();
	bus->ops->ids(bus, &ids);
	CU_ASSERT_STRING_EQUAL(ids.compatible, "drm,toy");
	CU_ASSERT_STRING_EQUAL(ids.name, "toy");
	CU_ASSERT_STRING_EQUAL(bus->ops->name, "node");
	CU_ASSERT_FALSE(bus->ops->lost(bus));
	CU_ASSERT(is_open(fake.fd));
	bus->ops->close(bus);
	CU_ASSERT_FALSE(is_open(fake.fd));
	end();
}

/* And leaves nothing open. */
static void a_node_that_no_driver_is_for_is_not_kept(void)
{
	const struct road_bus_wish any = {.runs = runs_all};
	const struct road_bus_wish sleeping = {.runs = wish.runs, .no_wake = true};

	begin();
	fake.driver = "other";
	CU_ASSERT_EQUAL(open_status(&wish), ROAD_NOT_FOUND);
	CU_ASSERT(fake.fd > 0 && !is_open(fake.fd));
	fake.driver = "a name that is longer than what fits";
	CU_ASSERT_EQUAL(open_status(&any), ROAD_NOT_FOUND);
	fake.driver = "";
	CU_ASSERT_EQUAL(open_status(&any), ROAD_NOT_FOUND);
	fake.driver = "toy";
	fake.fd = 0;
	CU_ASSERT_EQUAL(open_status(&sleeping), ROAD_NOT_FOUND);
	CU_ASSERT_EQUAL(open_status(&(struct road_bus_wish){0}), ROAD_NOT_FOUND);
	fake.no_node = true;
	CU_ASSERT_EQUAL(open_status(&wish), ROAD_NOT_FOUND);
	CU_ASSERT_EQUAL(fake.fd, 0); /* never opened */
	end();
}

static void a_node_that_may_not_be_opened_names_the_group(void)
{
	struct road_found one;
	struct road_bus *bus = NULL;

	begin();
	one = found();
	fake.open_error = EACCES;
	CU_ASSERT_EQUAL(chmod(fake.path, 0660), 0);
	/* Whoever may give it away gives it to a group that is not root's. */
	CU_ASSERT_EQUAL(chown(fake.path, (uid_t)-1, geteuid() ? getegid() : 1), 0);
	CU_ASSERT_EQUAL(road_node_open(&wish, &one, &bus), ROAD_PERMISSION);
	CU_ASSERT(says("no permission") && says(fake.path) && says("mode 0660"));
	CU_ASSERT(says("a user of the group "));
	CU_ASSERT_STRING_EQUAL(one.ids.compatible, "drm,toy"); /* by what is bound */
	/* No driver would run it: then it does not matter. */
	strcpy(one.kernel, "other");
	CU_ASSERT_EQUAL(road_node_open(&wish, &one, &bus), ROAD_NOT_FOUND);
	CU_ASSERT_STRING_EQUAL(one.ids.compatible, "");
	end();
}

static void a_node_that_cannot_be_opened_says_why(void)
{
	begin();
	fake.open_error = ENOENT;
	CU_ASSERT_EQUAL(open_status(&wish), ROAD_IO);
	CU_ASSERT(says("is not there") && says(fake.path));
	fake.open_error = ENXIO;
	CU_ASSERT_EQUAL(open_status(&wish), ROAD_DEVICE_LOST);
	CU_ASSERT(says("no device is behind"));
	fake.open_error = EBUSY;
	CU_ASSERT_EQUAL(open_status(&wish), ROAD_BUSY);
	CU_ASSERT(says(strerror(EBUSY)));
	end();
}

static void a_node_with_another_number_is_refused(void)
{
	begin();
	write_number("226:128\n");
	CU_ASSERT_EQUAL(open_status(&wish), ROAD_IO);
	CU_ASSERT(says("not the device's") && says("226:128"));
	CU_ASSERT_FALSE(is_open(fake.fd));
	end();
}

/* ---- calls ---- */

static void a_call_that_is_interrupted_is_made_again(void)
{
	struct road_bus *bus;
	int argument = 0;

	begin();
	bus = open_bus();
	fake.interrupted = 100;
	CU_ASSERT_EQUAL(bus->ops->control(bus, TEST_IOCTL, &argument), ROAD_OK);
	CU_ASSERT_EQUAL(argument, 1);
	CU_ASSERT_EQUAL(fake.calls, 101);
	/* But not for ever. */
	fake.calls = 0;
	fake.error = EAGAIN;
	CU_ASSERT_EQUAL(bus->ops->control(bus, TEST_IOCTL, &argument), ROAD_BUSY);
	CU_ASSERT(says("1000 tries") && says("0x1234") && says(fake.path));
	CU_ASSERT_EQUAL(fake.calls, 1000);
	bus->ops->close(bus);
	end();
}

static void the_kernels_errors_are_statuses(void)
{
	static const struct {
		int error;
		road_status status;
	} rows[] = {{EINVAL, ROAD_INVALID_ARGUMENT},
		    {ENOTTY, ROAD_UNSUPPORTED},
		    {EPERM, ROAD_PERMISSION},
		    {ENOENT, ROAD_NOT_FOUND},
		    {ENOMEM, ROAD_OUT_OF_HOST_MEMORY},
		    {ENOSPC, ROAD_OUT_OF_DEVICE_MEMORY},
		    {ETIME, ROAD_TIMEOUT},
		    {EIO, ROAD_IO},
		    {ECANCELED, ROAD_CANCELLED}};
	struct road_bus *bus;

	begin();
	bus = open_bus();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fake.error = rows[i].error;
		CU_ASSERT_EQUAL(bus->ops->control(bus, TEST_IOCTL, NULL), rows[i].status);
		CU_ASSERT(says(strerror(rows[i].error)) && says("0x1234") && says(fake.path));
	}
	CU_ASSERT_FALSE(bus->ops->lost(bus));
	bus->ops->close(bus);
	end();
}

/* ---- losing ---- */

static void after_it_is_unplugged_all_calls_say_so_and_none_is_made(void)
{
	struct road_bus *bus;
	char why[128];
	void *at = NULL;

	begin();
	bus = open_bus();
	CU_ASSERT_EQUAL(road_bus_control_of(bus)->lost_why(bus, why, sizeof(why)), 0);
	fake.error = ENODEV;
	CU_ASSERT_EQUAL(bus->ops->control(bus, TEST_IOCTL, NULL), ROAD_DEVICE_LOST);
	CU_ASSERT(says("the device is gone") && says(fake.path));
	CU_ASSERT_EQUAL(gone_calls, 1);
	fake.error = 0;
	fake.calls = 0;
	CU_ASSERT(bus->ops->lost(bus));
	CU_ASSERT_EQUAL(bus->ops->control(bus, TEST_IOCTL, NULL), ROAD_DEVICE_LOST);
	CU_ASSERT_EQUAL(bus->ops->region_map(bus, 0, 0, PAGE, &at), ROAD_DEVICE_LOST);
	CU_ASSERT_EQUAL(fake.calls, 0);
	CU_ASSERT_EQUAL(gone_calls, 1);
	CU_ASSERT(road_bus_control_of(bus)->lost_why(bus, why, sizeof(why)) > 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(why, fake.path));
	bus->ops->close(bus);
	end();
}

static void a_device_whose_folder_is_gone_is_lost(void)
{
	struct road_bus *bus;

	begin();
	bus = open_bus();
	CU_ASSERT_FALSE(bus->ops->lost(bus));
	CU_ASSERT_EQUAL(rmdir(fake.folder), 0);
	CU_ASSERT(bus->ops->lost(bus));
	CU_ASSERT_EQUAL(bus->ops->control(bus, TEST_IOCTL, NULL), ROAD_DEVICE_LOST);
	bus->ops->close(bus);
	end();
}

/* "No such device" of one call alone: the driver means something else by it. */
static void a_driver_that_answers_so_to_one_call_is_not_lost(void)
{
	struct road_bus *bus;

	begin();
	bus = open_bus();
	CU_ASSERT_EQUAL(bus->ops->control(bus, ABSENT_IOCTL, NULL), ROAD_IO);
	CU_ASSERT(says(strerror(ENODEV)));
	CU_ASSERT_FALSE(bus->ops->lost(bus));
	CU_ASSERT_EQUAL(gone_calls, 0);
	bus->ops->close(bus);
	end();
}

/* ---- memory ---- */

static void the_nodes_memory_is_mapped_at_its_offset(void)
{
	struct road_bus_region region;
	struct road_bus *bus;
	void *at = NULL;

	begin();
	bus = open_bus();
	bus->ops->region_info(bus, 0, &region);
	CU_ASSERT(region.mappable && region.bytes > 2 * (uint64_t)PAGE);
	bus->ops->region_info(bus, 1, &region);
	CU_ASSERT_EQUAL(region.bytes, 0);
	CU_ASSERT_EQUAL_FATAL(bus->ops->region_map(bus, 0, PAGE, PAGE, &at), ROAD_OK);
	CU_ASSERT_EQUAL(memcmp(at, "second", 6), 0);
	bus->ops->region_unmap(bus, at, PAGE);
	CU_ASSERT_EQUAL(bus->ops->region_map(bus, 1, 0, PAGE, &at), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(bus->ops->region_map(bus, 0, 0, 0, &at), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(bus->ops->region_map(bus, 0, 3, PAGE, &at), ROAD_INVALID_ARGUMENT);
	CU_ASSERT(says("region_map"));
	bus->ops->close(bus);
	end();
}

static void host_memory_goes_by_its_pointer(void)
{
	struct road_bus *bus;
	struct road_dma dma;
	char own[64];

	begin();
	bus = open_bus();
	CU_ASSERT_EQUAL_FATAL(bus->ops->dma_alloc(bus, 100, &dma), ROAD_OK);
	CU_ASSERT_EQUAL(dma.iova.value, (uintptr_t)dma.host);
	CU_ASSERT_EQUAL(dma.bytes, PAGE);
	CU_ASSERT(dma.fd >= 0 && dma.coherent);
	bus->ops->dma_free(bus, &dma);
	CU_ASSERT_EQUAL_FATAL(bus->ops->dma_map(bus, own, sizeof(own), ROAD_DMA_BOTH, &dma),
			      ROAD_OK);
	CU_ASSERT_EQUAL(dma.iova.value, (uintptr_t)own);
	CU_ASSERT(dma.fd < 0 && dma.coherent);
	bus->ops->dma_sync(bus, &dma, 0, sizeof(own), ROAD_DMA_BOTH);
	CU_ASSERT_EQUAL(fake.sync_count, 0);
	bus->ops->dma_unmap(bus, &dma);
	bus->ops->close(bus);
	end();
}

/* Between a start and an end, and with the descriptor for the driver to import. */
static void a_dma_buf_comes_with_its_descriptor_and_is_synced_by_it(void)
{
	struct road_bus *bus;
	struct road_dma dma;
	void *memory, *mapped;
	int fd, of_map;

	begin();
	bus = open_bus();
	CU_ASSERT_EQUAL_FATAL(road_memfd_alloc(PAGE, &memory, &fd), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_memfd_map(fd, PAGE, "test", &mapped), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(bus->ops->dma_map(bus, mapped, PAGE, ROAD_DMA_BOTH, &dma), ROAD_OK);
	CU_ASSERT(dma.fd < 0 && dma.coherent); /* other shared memory has none */
	bus->ops->dma_unmap(bus, &dma);

	fake.all_are_dma_bufs = true;
	CU_ASSERT_EQUAL_FATAL(bus->ops->dma_map(bus, mapped, PAGE, ROAD_DMA_BOTH, &dma), ROAD_OK);
	CU_ASSERT(dma.fd >= 0 && !dma.coherent);
	of_map = dma.fd;
	bus->ops->dma_sync(bus, &dma, 0, PAGE, ROAD_DMA_TO_DEVICE);
	bus->ops->dma_sync(bus, &dma, 0, PAGE, ROAD_DMA_TO_HOST);
	CU_ASSERT_EQUAL(fake.sync_count, 4);
	CU_ASSERT_EQUAL(fake.syncs[0], DMA_BUF_SYNC_START | DMA_BUF_SYNC_WRITE);
	CU_ASSERT_EQUAL(fake.syncs[1], DMA_BUF_SYNC_END | DMA_BUF_SYNC_WRITE);
	CU_ASSERT_EQUAL(fake.syncs[2], DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ);
	CU_ASSERT_EQUAL(fake.syncs[3], DMA_BUF_SYNC_END | DMA_BUF_SYNC_READ);
	bus->ops->dma_unmap(bus, &dma);
	CU_ASSERT_FALSE(is_open(of_map));
	/* A part of it is no dma-buf by itself. */
	CU_ASSERT_EQUAL_FATAL(bus->ops->dma_map(bus, (char *)mapped + 64, 64, ROAD_DMA_BOTH, &dma),
			      ROAD_OK);
	CU_ASSERT(dma.fd < 0);
	bus->ops->dma_unmap(bus, &dma);
	road_memfd_unmap(mapped, PAGE);
	road_memfd_free(memory, PAGE, fd);
	bus->ops->close(bus);
	end();
}

/* Nobody can shrink one, sealed or not. */
static void a_dma_buf_is_mapped_as_far_as_it_goes(void)
{
	char path[96];
	void *memory = NULL;
	uint64_t offset;
	int fd, found, to_read;

	begin();
	fd = memfd_create("dma-buf", MFD_CLOEXEC);
	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT_EQUAL(ftruncate(fd, PAGE), 0);
	CU_ASSERT_EQUAL(road_memfd_map_any(fd, PAGE, "here", &memory), ROAD_INVALID_ARGUMENT);
	CU_ASSERT(says("sealed") && says("here"));
	fake.all_are_dma_bufs = true;
	CU_ASSERT_EQUAL(road_memfd_map_any(fd, PAGE + 1, "here", &memory), ROAD_INVALID_ARGUMENT);
	CU_ASSERT(says("smaller than asked for") && says("4097") && says("dma-buf"));
	CU_ASSERT_EQUAL_FATAL(road_memfd_map_any(fd, PAGE, "here", &memory), ROAD_OK);
	found = road_memfd_find(memory, PAGE, &offset);
	CU_ASSERT(found >= 0 && !offset);
	close(found);
	CU_ASSERT_EQUAL(pwrite(fd, "seen", 4, 8), 4);
	CU_ASSERT_EQUAL(memcmp((char *)memory + 8, "seen", 4), 0);
	road_memfd_unmap(memory, PAGE);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	to_read = __real_open64(path, O_RDONLY | O_CLOEXEC);
	CU_ASSERT_EQUAL(road_memfd_map_any(to_read, PAGE, "here", &memory), ROAD_PERMISSION);
	CU_ASSERT(says("may not be written") && says("to read"));
	close(to_read);
	close(fd);
	end();
}

static void drop(struct road_bus *bus, uint32_t handle, unsigned closes)
{
	struct drm_gem_close close = {.handle = handle};

	CU_ASSERT_EQUAL(bus->ops->control(bus, DRM_IOCTL_GEM_CLOSE, &close), ROAD_OK);
	CU_ASSERT_EQUAL(fake.closes, closes);
}

/* The kernel answers two imports of the same memory with one handle, and an import of memory that
 * the node itself shared with that one's. */
static void a_handle_that_came_twice_is_closed_by_the_last_holder(void)
{
	struct drm_prime_handle prime = {.fd = 1};
	struct road_bus *bus;

	begin();
	bus = open_bus();
	for (int i = 0; i < 2; i++)
		CU_ASSERT_EQUAL(bus->ops->control(bus, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime),
				ROAD_OK);
	CU_ASSERT_EQUAL(prime.handle, MADE);
	drop(bus, MADE, 0);
	drop(bus, MADE, 1);
	/* Made here, shown twice, imported once: two holders. */
	for (int i = 0; i < 2; i++)
		CU_ASSERT_EQUAL(bus->ops->control(bus, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime),
				ROAD_OK);
	CU_ASSERT_EQUAL(bus->ops->control(bus, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime), ROAD_OK);
	drop(bus, MADE, 1);
	drop(bus, MADE, 2);
	drop(bus, 3, 3); /* one that nobody shared */
	CU_ASSERT_EQUAL(fake.closed, 3);
	/* Many at a time. */
	for (uint32_t i = 10; i < 50; i++) {
		prime.handle = i;
		CU_ASSERT_EQUAL(bus->ops->control(bus, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime),
				ROAD_OK);
	}
	for (uint32_t i = 10; i < 50; i++)
		drop(bus, i, i - 10 + 4);
	bus->ops->close(bus);
	end();
}

/* ---- what is listed ---- */

static bool sink_runs_toy(const struct road_candidate_sink *sink, const struct road_bus_ids *ids)
{
	(void)sink;
	return !strcmp(ids->compatible, "drm,toy");
}

static void whether_a_driver_runs_it_is_told_without_opening_it(void)
{
	const struct road_candidate_sink sink = {.runs = sink_runs_toy};
	struct road_found one;

	begin();
	one = found();
	CU_ASSERT(road_node_runs(&one, &sink));
	CU_ASSERT_EQUAL(road_node_access(&one), ROAD_OK);
	unlink(fake.path);
	CU_ASSERT_EQUAL(road_node_access(&one), ROAD_IO);
	CU_ASSERT(says("is not there"));
	strcpy(one.kernel, "other");
	CU_ASSERT_FALSE(road_node_runs(&one, &sink));
	CU_ASSERT_STRING_EQUAL(one.ids.compatible, "");
	CU_ASSERT_FALSE(road_node_runs(&one, &(struct road_candidate_sink){0}));
	CU_ASSERT_EQUAL(fake.fd, 0);
	end();
}

static const struct tap_case cases[] = {
	{"it is known by what the kernel's driver calls itself",
	 it_is_known_by_what_the_kernels_driver_calls_itself},
	{"a node that no driver is for is not kept", a_node_that_no_driver_is_for_is_not_kept},
	{"a node that may not be opened names the group",
	 a_node_that_may_not_be_opened_names_the_group},
	{"a node that cannot be opened says why", a_node_that_cannot_be_opened_says_why},
	{"a node with another number is refused", a_node_with_another_number_is_refused},
	{"a call that is interrupted is made again", a_call_that_is_interrupted_is_made_again},
	{"the kernel's errors are statuses", the_kernels_errors_are_statuses},
	{"after it is unplugged all calls say so and none is made",
	 after_it_is_unplugged_all_calls_say_so_and_none_is_made},
	{"a device whose folder is gone is lost", a_device_whose_folder_is_gone_is_lost},
	{"a driver that answers so to one call is not lost",
	 a_driver_that_answers_so_to_one_call_is_not_lost},
	{"the node's memory is mapped at its offset", the_nodes_memory_is_mapped_at_its_offset},
	{"host memory goes by its pointer", host_memory_goes_by_its_pointer},
	{"a dma-buf comes with its descriptor and is synced by it",
	 a_dma_buf_comes_with_its_descriptor_and_is_synced_by_it},
	{"a dma-buf is mapped as far as it goes", a_dma_buf_is_mapped_as_far_as_it_goes},
	{"a handle that came twice is closed by the last holder",
	 a_handle_that_came_twice_is_closed_by_the_last_holder},
	{"whether a driver runs it is told without opening it",
	 whether_a_driver_runs_it_is_told_without_opening_it},
};

TAP_MAIN(cases)
