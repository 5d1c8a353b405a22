/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that two drivers of the kernel share, as dma-bufs: dumb buffers of vgem and buffers of our
 * device, both ways; and events as syncobjs. share DEVICE, in the guest; prints TAP.
 */
#include <drm.h>
#include <drm_mode.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <roadbed/roadbed.h>

#include "tests/support/tap.h"
#include "tests/vm/module/roadbed_test.h"

#define PATIENCE UINT64_C(60000000000)
enum { BYTES = 64 * 1024 };

static const char *address;

/* ---- vgem ---- */

static int vgem = -1;

/* The node that calls itself so. */
static int open_vgem(void)
{
	for (int i = 0; i < 8; i++) {
		char path[32], name[16] = "";
		struct drm_version version = {.name = name, .name_len = sizeof(name) - 1};
		int fd;

		snprintf(path, sizeof(path), "/dev/dri/card%d", i);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd >= 0 && !ioctl(fd, DRM_IOCTL_VERSION, &version) && !strcmp(name, "vgem"))
			return fd;
		if (fd >= 0)
			close(fd);
	}
	return -1;
}

/* A dumb buffer: its handle, and the host's view. */
static uint32_t make_dumb(unsigned char **view)
{
	struct drm_mode_create_dumb create = {.width = BYTES / 4, .height = 1, .bpp = 32};
	struct drm_mode_map_dumb map = {0};

	CU_ASSERT_EQUAL_FATAL(ioctl(vgem, DRM_IOCTL_MODE_CREATE_DUMB, &create), 0);
	CU_ASSERT_FATAL(create.size >= BYTES);
	map.handle = create.handle;
	CU_ASSERT_EQUAL_FATAL(ioctl(vgem, DRM_IOCTL_MODE_MAP_DUMB, &map), 0);
	*view = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, vgem, (off_t)map.offset);
	CU_ASSERT_PTR_NOT_EQUAL_FATAL(*view, MAP_FAILED);
	return create.handle;
}

static void drop_dumb(uint32_t handle, unsigned char *view)
{
	struct drm_gem_close close = {.handle = handle};

	munmap(view, BYTES);
	CU_ASSERT_EQUAL(ioctl(vgem, DRM_IOCTL_GEM_CLOSE, &close), 0);
}

static int share_dumb(uint32_t handle, uint32_t flags)
{
	struct drm_prime_handle prime = {.handle = handle, .flags = flags};

	CU_ASSERT_EQUAL_FATAL(ioctl(vgem, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime), 0);
	return prime.fd;
}

static void bracket(int fd, uint64_t flags)
{
	struct dma_buf_sync sync = {flags};

	CU_ASSERT_EQUAL(ioctl(fd, DMA_BUF_IOCTL_SYNC, &sync), 0);
}

static void put_pattern(unsigned char *view, int fd, unsigned seed)
{
	bracket(fd, DMA_BUF_SYNC_START | DMA_BUF_SYNC_WRITE);
	for (unsigned i = 0; i < BYTES; i++)
		view[i] = (unsigned char)(i * 7 + i / 256 + seed);
	bracket(fd, DMA_BUF_SYNC_END | DMA_BUF_SYNC_WRITE);
}

static bool has_pattern(const unsigned char *view, unsigned seed)
{
	for (unsigned i = 0; i < BYTES; i++)
		if (view[i] != (unsigned char)(i * 7 + i / 256 + seed))
			return false;
	return true;
}

/* ---- our device ---- */

static road_instance *instance;
static road_device *device;
static road_space *space;
static road_queue *queue;

static void begin(void)
{
	const road_queue_options options = {.size = sizeof(options),
					    .queue_class = ROAD_QUEUE_TRANSFER};

	vgem = open_vgem();
	CU_ASSERT_FATAL(vgem >= 0);
	CU_ASSERT_EQUAL_FATAL(road_instance_create(NULL, &instance), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_device_open(instance, address, &device), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_space_shared(device, &space), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_queue_create(space, &options, &queue), ROAD_OK);
}

static void end(void)
{
	road_queue_release(queue);
	road_space_release(space);
	road_device_release(device);
	road_instance_release(instance);
	close(vgem);
}

static road_buffer *make_buffer(uint32_t heap)
{
	const road_buffer_options options = {.size = sizeof(options), .heap = heap, .bytes = BYTES};
	road_buffer *buffer = NULL;

	CU_ASSERT_EQUAL_FATAL(road_buffer_create(space, &options, &buffer), ROAD_OK);
	return buffer;
}

static void done(road_status submitted, road_point point)
{
	CU_ASSERT_EQUAL_FATAL(submitted, ROAD_OK);
	CU_ASSERT_EQUAL(road_point_wait(point, road_deadline_after(PATIENCE)), ROAD_OK);
}

static void copy(road_buffer *to, road_buffer *from)
{
	road_point point = {0};

	done(road_queue_copy(queue, to, 0, from, 0, BYTES, &point), point);
}

static void fill(road_buffer *to, unsigned char byte)
{
	road_point point = {0};

	done(road_queue_fill(queue, to, 0, BYTES, byte, 1, &point), point);
}

static bool is_filled(const unsigned char *view, unsigned char byte)
{
	return view[0] == byte && !memcmp(view, view + 1, BYTES - 1);
}

static unsigned char *view_of(road_buffer *buffer)
{
	void *view = NULL;

	CU_ASSERT_EQUAL_FATAL(
		road_buffer_map(buffer, 0, BYTES, ROAD_MAP_READ | ROAD_MAP_WRITE, &view), ROAD_OK);
	return view;
}

/* ---- cases ---- */

static void what_another_driver_shares_is_a_buffer_here(void)
{
	road_buffer *theirs = NULL, *ours;
	unsigned char *dumb;
	uint32_t handle;
	int fd;

	begin();
	handle = make_dumb(&dumb);
	fd = share_dumb(handle, DRM_CLOEXEC | DRM_RDWR);
	put_pattern(dumb, fd, 3);
	CU_ASSERT_EQUAL_FATAL(road_buffer_import(space, fd, BYTES, &theirs), ROAD_OK);
	CU_ASSERT_EQUAL(road_buffer_invalidate(theirs, 0, BYTES), ROAD_OK);
	CU_ASSERT(has_pattern(view_of(theirs), 3));
	/* The device reads it. */
	ours = make_buffer(ROAD_HEAP_DEVICE_VISIBLE);
	copy(ours, theirs);
	CU_ASSERT(has_pattern(view_of(ours), 3));
	/* And writes it; vgem's own view has it. */
	fill(theirs, 0x5a);
	bracket(fd, DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ);
	CU_ASSERT(is_filled(dumb, 0x5a));
	bracket(fd, DMA_BUF_SYNC_END | DMA_BUF_SYNC_READ);
	/* What the host writes here is there, too. */
	memset(view_of(theirs), 0x11, BYTES);
	CU_ASSERT_EQUAL(road_buffer_flush(theirs, 0, BYTES), ROAD_OK);
	CU_ASSERT(is_filled(dumb, 0x11));
	road_buffer_release(ours);
	road_buffer_release(theirs);
	close(fd);
	drop_dumb(handle, dumb);
	end();
}

/* Of the heap that the host does not see by our device, too. */
static void what_the_device_has_is_shared_with_another_driver(void)
{
	static const uint32_t heaps[] = {ROAD_HEAP_DEVICE, ROAD_HEAP_DEVICE_VISIBLE};

	begin();
	for (unsigned i = 0; i < 2; i++) {
		road_buffer *ours = make_buffer(heaps[i]);
		struct drm_prime_handle prime = {.fd = -1};
		struct drm_gem_close drop;
		unsigned char *view;
		int fd = -1, again;

		CU_ASSERT_EQUAL_FATAL(road_buffer_export(ours, &fd), ROAD_OK);
		CU_ASSERT(fcntl(fd, F_GETFD) & FD_CLOEXEC);
		prime.fd = fd;
		CU_ASSERT_EQUAL_FATAL(ioctl(vgem, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime), 0);
		again = share_dumb(prime.handle, DRM_CLOEXEC | DRM_RDWR); /* as vgem has it */
		view = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, again, 0);
		CU_ASSERT_PTR_NOT_EQUAL_FATAL(view, MAP_FAILED);
		fill(ours, 0xc3);
		bracket(again, DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ);
		CU_ASSERT(is_filled(view, 0xc3));
		bracket(again, DMA_BUF_SYNC_END | DMA_BUF_SYNC_READ);
		/* It lives on without ours. */
		road_buffer_release(ours);
		CU_ASSERT(is_filled(view, 0xc3));
		munmap(view, BYTES);
		drop.handle = prime.handle;
		CU_ASSERT_EQUAL(ioctl(vgem, DRM_IOCTL_GEM_CLOSE, &drop), 0);
		close(again);
		close(fd);
	}
	end();
}

/* The kernel has one handle for it: the last buffer that is released closes it. */
static void the_same_memory_twice_is_two_buffers(void)
{
	road_buffer *first = NULL, *second = NULL, *ours, *back = NULL;
	unsigned char *dumb;
	uint32_t handle;
	int fd;

	begin();
	handle = make_dumb(&dumb);
	fd = share_dumb(handle, DRM_CLOEXEC | DRM_RDWR);
	CU_ASSERT_EQUAL_FATAL(road_buffer_import(space, fd, BYTES, &first), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_buffer_import(space, fd, BYTES, &second), ROAD_OK);
	close(fd);
	road_buffer_release(first);
	fill(second, 0x77);
	CU_ASSERT(is_filled(dumb, 0x77));
	road_buffer_release(second);
	/* The device's own memory, exported and imported again. */
	ours = make_buffer(ROAD_HEAP_DEVICE_VISIBLE);
	CU_ASSERT_EQUAL_FATAL(road_buffer_export(ours, &fd), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_buffer_import(space, fd, BYTES, &back), ROAD_OK);
	close(fd);
	fill(back, 0x22);
	CU_ASSERT(is_filled(view_of(ours), 0x22));
	road_buffer_release(back);
	fill(ours, 0x33);
	CU_ASSERT(is_filled(view_of(ours), 0x33));
	road_buffer_release(ours);
	drop_dumb(handle, dumb);
	end();
}

/* One that no kernel driver runs maps it like other shared memory. */
static void any_device_of_ours_takes_it(void)
{
	road_device *host = NULL;
	road_space *other = NULL;
	road_buffer *theirs = NULL;
	unsigned char *dumb;
	uint32_t handle;
	int fd;

	begin();
	handle = make_dumb(&dumb);
	fd = share_dumb(handle, DRM_CLOEXEC | DRM_RDWR);
	put_pattern(dumb, fd, 9);
	CU_ASSERT_EQUAL_FATAL(road_device_open(instance, "host:", &host), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_space_shared(host, &other), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_buffer_import(other, fd, BYTES, &theirs), ROAD_OK);
	CU_ASSERT(has_pattern(view_of(theirs), 9));
	road_buffer_release(theirs);
	road_space_release(other);
	road_device_release(host);
	close(fd);
	drop_dumb(handle, dumb);
	end();
}

/* ---- fences, on the node itself: the library leaves them to programs ---- */

/* The kernel's vgem_drm.h, which no package of Debian's has: a fence on a buffer, for those who
 * write it alone. */
struct vgem_fence_attach {
	uint32_t handle, flags, out_fence, pad;
};
struct vgem_fence_signal {
	uint32_t fence, flags;
};
#define VGEM_FENCE_WRITE  0x1u
#define VGEM_FENCE_ATTACH DRM_IOWR(DRM_COMMAND_BASE + 1, struct vgem_fence_attach)
#define VGEM_FENCE_SIGNAL DRM_IOW(DRM_COMMAND_BASE + 2, struct vgem_fence_signal)

static int open_node(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/dev/dri/%.40s", strchr(address, ':') + 1);
	return open(path, O_RDWR | O_CLOEXEC);
}

static uint32_t make_syncobj(int node)
{
	struct drm_syncobj_create create = {0};

	CU_ASSERT_EQUAL_FATAL(ioctl(node, DRM_IOCTL_SYNCOBJ_CREATE, &create), 0);
	return create.handle;
}

/* A syncobj that is there once all who write the dma-buf now are done. */
static uint32_t take_fences(int node, int fd)
{
	struct dma_buf_export_sync_file out = {.flags = DMA_BUF_SYNC_READ};
	struct drm_syncobj_handle into = {.handle = make_syncobj(node),
					  .flags = DRM_SYNCOBJ_FD_TO_HANDLE_FLAGS_IMPORT_SYNC_FILE};

	CU_ASSERT_EQUAL_FATAL(ioctl(fd, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &out), 0);
	into.fd = out.fd;
	CU_ASSERT_EQUAL_FATAL(ioctl(node, DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE, &into), 0);
	close(out.fd);
	return into.handle;
}

/* 0, or the errno of waiting so long for a point, which somebody may have yet to promise. */
static int await(int node, uint32_t syncobj, uint64_t point, uint64_t ns)
{
	struct drm_syncobj_timeline_wait wait = {.handles = (uintptr_t)&syncobj,
						 .points = (uintptr_t)&point,
						 .timeout_nsec = (int64_t)road_deadline_after(ns),
						 .count_handles = 1,
						 .flags = DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT};

	return ioctl(node, DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT, &wait) ? errno : 0;
}

/* A job on the dma-buf that begins when `in` is there and reaches point 1 of what is returned. */
static uint32_t submit_fill(int node, int fd, uint32_t in, uint32_t *number)
{
	struct drm_prime_handle prime = {.fd = fd};
	struct roadbed_test_queue own = {0};

	CU_ASSERT_EQUAL_FATAL(ioctl(node, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime), 0);
	CU_ASSERT_EQUAL_FATAL(ioctl(node, DRM_IOCTL_ROADBED_TEST_QUEUE_OPEN, &own), 0);
	const struct roadbed_test_op op = {
		.kind = ROADBED_TEST_FILL,
		.pattern_bytes = 1,
		.pattern = 0x6b,
		.bytes = BYTES,
		.rows = 1,
		.slices = 1,
		.dst = {.kind = ROADBED_TEST_OBJECT, .handle = prime.handle}};
	struct roadbed_test_submit submit = {.ops = (uintptr_t)&op,
					     .op_count = 1,
					     .queue = own.queue,
					     .in_syncobj = in,
					     .out_syncobj = make_syncobj(node),
					     .out_point = 1};

	CU_ASSERT_EQUAL_FATAL(ioctl(node, DRM_IOCTL_ROADBED_TEST_SUBMIT, &submit), 0);
	*number = own.queue;
	return submit.out_syncobj;
}

static void a_fence_of_another_driver_holds_a_job_back(void)
{
	struct roadbed_test_status status = {0};
	struct vgem_fence_attach fence = {.flags = VGEM_FENCE_WRITE};
	struct pollfd readable = {.events = POLLIN};
	struct vgem_fence_signal signal = {0};
	unsigned char *dumb;
	uint32_t out;
	int node;

	begin();
	node = open_node();
	CU_ASSERT_FATAL(node >= 0);
	fence.handle = make_dumb(&dumb);
	readable.fd = share_dumb(fence.handle, DRM_CLOEXEC | DRM_RDWR);
	CU_ASSERT_EQUAL_FATAL(ioctl(vgem, VGEM_FENCE_ATTACH, &fence), 0);
	CU_ASSERT_EQUAL(poll(&readable, 1, 0), 0);
	out = submit_fill(node, readable.fd, take_fences(node, readable.fd), &status.queue);
	CU_ASSERT_EQUAL(await(node, out, 1, 50000000), ETIME);
	CU_ASSERT(is_filled(dumb, 0));
	signal.fence = fence.out_fence;
	CU_ASSERT_EQUAL_FATAL(ioctl(vgem, VGEM_FENCE_SIGNAL, &signal), 0);
	CU_ASSERT_EQUAL(await(node, out, 1, PATIENCE), 0);
	CU_ASSERT(is_filled(dumb, 0x6b));
	CU_ASSERT_EQUAL(poll(&readable, 1, 0), 1);
	CU_ASSERT_EQUAL(ioctl(node, DRM_IOCTL_ROADBED_TEST_STATUS, &status), 0);
	CU_ASSERT(status.completed == 1 && !status.error);
	close(node);
	close(readable.fd);
	drop_dumb(fence.handle, dumb);
	end();
}

/* ---- events ---- */

static uint32_t take_syncobj(int node, int fd)
{
	struct drm_syncobj_handle handle = {.fd = fd};

	return ioctl(node, DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE, &handle) ? 0 : handle.handle;
}

/* Another process, without our library: it says a byte when nothing came for a while, and ends well
 * if the kernel wakes it for point 4 then. It raises point 6 itself. */
static void sleep_for_point(int fd, int says)
{
	const int node = open_node();
	const uint32_t handle = take_syncobj(node, fd);
	const uint64_t point = 6;
	struct drm_syncobj_timeline_array raised = {
		.handles = (uintptr_t)&handle, .points = (uintptr_t)&point, .count_handles = 1};

	if (!handle)
		_exit(2);
	if (await(node, handle, 4, 50000000) != ETIME || write(says, "", 1) != 1)
		_exit(3);
	if (await(node, handle, 4, PATIENCE))
		_exit(4);
	if (ioctl(node, DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL, &raised))
		_exit(5);
	_exit(0);
}

static void an_event_wakes_another_process_that_sleeps_in_the_kernel(void)
{
	road_event *event = NULL;
	int fd = -1, said[2], status = -1;
	char byte;
	pid_t child;

	begin();
	CU_ASSERT_EQUAL_FATAL(road_event_create(instance, 3, &event), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_event_export_syncobj(event, device, &fd), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(pipe(said), 0);
	child = fork();
	CU_ASSERT_FATAL(child >= 0);
	if (!child)
		sleep_for_point(fd, said[1]);
	close(said[1]);
	CU_ASSERT_EQUAL(read(said[0], &byte, 1), 1);
	CU_ASSERT_EQUAL(waitpid(child, &status, WNOHANG), 0);
	/* By work of the device's. */
	const road_point promised = {event, 4};
	const road_submission signals = {
		.size = sizeof(signals), .signals = &promised, .signal_count = 1};

	CU_ASSERT_EQUAL(road_queue_submit(queue, &signals, NULL), ROAD_OK);
	CU_ASSERT_EQUAL(road_point_wait((road_point){event, 6}, road_deadline_after(PATIENCE)),
			ROAD_OK);
	CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
	CU_ASSERT_EQUAL(status, 0);
	close(said[0]);
	close(fd);
	road_event_release(event);
	end();
}

/* Of a queue that our library knows nothing of. */
static void the_end_of_a_job_of_the_kernels_is_an_event_here(void)
{
	struct drm_syncobj_handle shared = {.fd = -1};
	road_buffer *ours;
	road_event *event = NULL;
	uint32_t number;
	int node, fd = -1;

	begin();
	node = open_node();
	CU_ASSERT_FATAL(node >= 0);
	ours = make_buffer(ROAD_HEAP_DEVICE_VISIBLE);
	CU_ASSERT_EQUAL_FATAL(road_buffer_export(ours, &fd), ROAD_OK);
	shared.handle = submit_fill(node, fd, 0, &number);
	CU_ASSERT_EQUAL_FATAL(ioctl(node, DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, &shared), 0);
	CU_ASSERT_EQUAL_FATAL(road_event_import_syncobj(device, shared.fd, &event), ROAD_OK);
	CU_ASSERT_EQUAL(road_point_wait((road_point){event, 1}, road_deadline_after(PATIENCE)),
			ROAD_OK);
	CU_ASSERT(is_filled(view_of(ours), 0x6b));
	CU_ASSERT_EQUAL(road_point_wait((road_point){event, 2}, 0), ROAD_TIMEOUT);
	road_event_release(event);
	/* What is none is refused. */
	event = NULL;
	CU_ASSERT_EQUAL(road_event_import_syncobj(device, fd, &event), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_PTR_NULL(event);
	close(shared.fd);
	close(fd);
	close(node);
	road_buffer_release(ours);
	end();
}

static bool says(const char *part)
{
	road_error error = {.size = sizeof(error)};
	const bool any =
		!road_last_error(&error) && (strstr(error.what, part) || strstr(error.seen, part));

	if (!any)
		printf("# %s; seen %s\n", error.what, error.seen);
	return any;
}

static void what_cannot_be_shared_says_why(void)
{
	road_buffer *theirs = NULL;
	road_token token;
	unsigned char *dumb;
	uint32_t handle;
	int fd;

	begin();
	handle = make_dumb(&dumb);
	fd = share_dumb(handle, DRM_CLOEXEC); /* to read */
	CU_ASSERT_EQUAL(road_buffer_import(space, fd, BYTES, &theirs), ROAD_PERMISSION);
	CU_ASSERT(says("may not be written") && says("a dma-buf to read"));
	close(fd);
	drop_dumb(handle, dumb); /* what it is shared for is settled the first time */
	handle = make_dumb(&dumb);
	fd = share_dumb(handle, DRM_CLOEXEC | DRM_RDWR);
	CU_ASSERT_EQUAL(road_buffer_import(space, fd, BYTES + 1, &theirs), ROAD_INVALID_ARGUMENT);
	CU_ASSERT(says("smaller than asked for"));
	CU_ASSERT_EQUAL_FATAL(road_buffer_import(space, fd, BYTES, &theirs), ROAD_OK);
	CU_ASSERT_EQUAL(road_buffer_export_token(theirs, &token), ROAD_UNSUPPORTED);
	road_buffer_release(theirs);
	close(fd);
	drop_dumb(handle, dumb);
	end();
}

static const struct tap_case cases[] = {
	{"what another driver shares is a buffer here",
	 what_another_driver_shares_is_a_buffer_here},
	{"what the device has is shared with another driver",
	 what_the_device_has_is_shared_with_another_driver},
	{"the same memory twice is two buffers", the_same_memory_twice_is_two_buffers},
	{"any device of ours takes it", any_device_of_ours_takes_it},
	{"a fence of another driver holds a job back", a_fence_of_another_driver_holds_a_job_back},
	{"an event wakes another process that sleeps in the kernel",
	 an_event_wakes_another_process_that_sleeps_in_the_kernel},
	{"the end of a job of the kernel's is an event here",
	 the_end_of_a_job_of_the_kernels_is_an_event_here},
	{"what cannot be shared says why", what_cannot_be_shared_says_why},
};

int main(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	address = argv[1];
	return tap_main(1, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
