/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/node/fake.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "hal/core/error.h"

struct fake fake;
unsigned gone_calls;

void road_bus_gone(void)
{
	gone_calls++;
}

int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...)
{
	if (strcmp(path, fake.path))
		return __real_open64(path, flags, 0600);
	CU_ASSERT(flags & O_CLOEXEC);
	if (fake.open_error) {
		errno = fake.open_error;
		return -1;
	}
	const int fd = __real_open64(path, O_RDWR | O_CLOEXEC);

	if (!fake.fd) /* the bus's; what is asked besides closes its own */
		fake.fd = fd;
	return fd;
}

static int answer_version(struct drm_version *version)
{
	const size_t length = strlen(fake.driver);

	if (version->name_len >= length)
		memcpy(version->name, fake.driver, length);
	version->name_len = length;
	version->version_major = 3;
	return 0;
}

static uint64_t *points_of(const struct drm_syncobj_timeline_array *array)
{
	CU_ASSERT_EQUAL(array->count_handles, 1);
	CU_ASSERT_EQUAL(*(const uint32_t *)(uintptr_t)array->handles, MADE);
	return (uint64_t *)(uintptr_t)array->points;
}

static int answer_wait(const struct drm_syncobj_timeline_wait *wait)
{
	fake.timeline.waited = *wait;
	fake.timeline.waits++;
	CU_ASSERT_EQUAL(wait->count_handles, 1);
	CU_ASSERT_EQUAL(*(const uint32_t *)(uintptr_t)wait->handles, MADE);
	if (*(const uint64_t *)(uintptr_t)wait->points <= fake.timeline.value)
		return 0;
	errno = ETIME;
	return -1;
}

/* One timeline. */
static int answer_timeline(unsigned long request, void *argument)
{
	struct drm_syncobj_handle *shared = argument;

	switch (request) {
	case DRM_IOCTL_GET_CAP: {
		struct drm_get_cap *cap = argument;

		if (cap->capability != DRM_CAP_SYNCOBJ_TIMELINE)
			break;
		cap->value = !fake.timeline.none;
		return 0;
	}
	case DRM_IOCTL_SYNCOBJ_CREATE:
		((struct drm_syncobj_create *)argument)->handle = MADE;
		fake.timeline.live++;
		return 0;
	case DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE:
		fake.timeline.imported = shared->fd;
		fake.timeline.live++;
		shared->handle = MADE;
		return 0;
	case DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD:
		CU_ASSERT_EQUAL(shared->handle, MADE);
		shared->fd = 55;
		return 0;
	case DRM_IOCTL_SYNCOBJ_DESTROY:
		CU_ASSERT_EQUAL(((struct drm_syncobj_destroy *)argument)->handle, MADE);
		fake.timeline.live--;
		return 0;
	case DRM_IOCTL_SYNCOBJ_QUERY: *points_of(argument) = fake.timeline.value; return 0;
	case DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL:
		fake.timeline.value = *points_of(argument);
		fake.timeline.signals++;
		return 0;
	case DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT: return answer_wait(argument);
	default: break;
	}
	errno = ENOTTY;
	return -1;
}

static int answer(unsigned long request, void *argument)
{
	struct drm_prime_handle *prime = argument;

	switch (request) {
	case DRM_IOCTL_VERSION: return answer_version(argument);
	case DRM_IOCTL_PRIME_FD_TO_HANDLE: prime->handle = MADE; return 0;
	case DRM_IOCTL_PRIME_HANDLE_TO_FD: prime->fd = -1; return 0;
	case DRM_IOCTL_GEM_CLOSE:
		fake.closed = ((const struct drm_gem_close *)argument)->handle;
		fake.closes++;
		return 0;
	case DMA_BUF_IOCTL_SYNC:
		fake.syncs[fake.sync_count++ % 8] = ((const struct dma_buf_sync *)argument)->flags;
		return 0;
	case TEST_IOCTL: *(int *)argument += 1; return 0;
	case ABSENT_IOCTL: errno = ENODEV; return -1;
	default: return answer_timeline(request, argument);
	}
}

int __wrap_ioctl(int fd, unsigned long request, ...);
int __wrap_ioctl(int fd, unsigned long request, ...)
{
	va_list list;
	void *argument;

	va_start(list, request);
	argument = va_arg(list, void *);
	va_end(list);
	(void)fd;
	fake.calls += request == TEST_IOCTL;
	if (fake.interrupted || fake.error) {
		errno = fake.interrupted ? (fake.interrupted-- & 1 ? EINTR : EAGAIN) : fake.error;
		return -1;
	}
	return answer(request, argument);
}

int __real_fstatfs64(int fd, struct statfs *out);
int __wrap_fstatfs64(int fd, struct statfs *out);
int __wrap_fstatfs64(int fd, struct statfs *out)
{
	const int result = __real_fstatfs64(fd, out);

	if (!result && fake.all_are_dma_bufs)
		out->f_type = DMA_BUF_MAGIC;
	return result;
}

bool __wrap_road_nodes_find(struct road_nodes *out);
bool __wrap_road_nodes_find(struct road_nodes *out)
{
	*out = (struct road_nodes){calloc(1, sizeof(*out->at)), !fake.no_node};
	CU_ASSERT_PTR_NOT_NULL_FATAL(out->at);
	strcpy(out->at->scheme, "drm");
	strcpy(out->at->name, "renderD128");
	snprintf(out->at->path, sizeof(out->at->path), "%.63s", fake.path);
	snprintf(out->at->folder, sizeof(out->at->folder), "%.63s", fake.folder);
	return true;
}

void __wrap_road_nodes_free(struct road_nodes *nodes);
void __wrap_road_nodes_free(struct road_nodes *nodes)
{
	free(nodes->at);
}

void begin(void)
{
	int fd;

	memset(&fake, 0, sizeof(fake));
	fake.driver = "toy";
	gone_calls = 0;
	strcpy(fake.folder, "/tmp/roadbed-node-XXXXXX");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(fake.folder));
	snprintf(fake.path, sizeof(fake.path), "%s.node", fake.folder);
	fd = __real_open64(fake.path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT_EQUAL(ftruncate(fd, 2L * PAGE), 0);
	CU_ASSERT_EQUAL(pwrite(fd, "second", 6, PAGE), 6);
	close(fd);
}

void end(void)
{
	char file[96];

	snprintf(file, sizeof(file), "%s/dev", fake.folder);
	unlink(file);
	rmdir(fake.folder);
	unlink(fake.path);
}

void write_number(const char *text)
{
	char file[96];
	FILE *out;

	snprintf(file, sizeof(file), "%s/dev", fake.folder);
	out = fopen(file, "w");
	CU_ASSERT_PTR_NOT_NULL_FATAL(out);
	fputs(text, out);
	fclose(out);
}

/* ---- helpers ---- */

static bool runs_toy(const struct road_bus_wish *with, const struct road_bus_ids *ids)
{
	(void)with;
	return !strcmp(ids->compatible, "drm,toy");
}

const struct road_bus_wish wish = {.runs = runs_toy};

struct road_found found(void)
{
	struct road_found one = {.scheme = "drm", .place = "renderD128", .kernel = "toy"};
	struct stat is;

	snprintf(one.folder, sizeof(one.folder), "%s", fake.folder);
	CU_ASSERT_EQUAL(stat(fake.folder, &is), 0);
	one.inode = is.st_ino;
	return one;
}

struct road_bus *open_bus(void)
{
	struct road_found one = found();
	struct road_bus *bus = NULL;

	CU_ASSERT_EQUAL_FATAL(road_node_open(&wish, &one, &bus), ROAD_OK);
	return bus;
}

bool says(const char *part)
{
	road_error error;

	road_error_take(&error);
	const bool any = strstr(error.what, part) || strstr(error.where, part) ||
			 strstr(error.seen, part) || strstr(error.allowed, part);

	if (!any)
		printf("# %s; %s; seen %s; allowed %s\n", error.what, error.where, error.seen,
		       error.allowed);
	return any;
}
