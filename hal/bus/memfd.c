/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/bus/memfd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "hal/core/error.h"

/* ---- what came from outside: which descriptor is behind a pointer ---- */

struct mapped {
	struct mapped *next;
	const char *memory;
	uint64_t bytes;
	int fd; /* a copy */
};

static struct {
	pthread_mutex_t lock;
	struct mapped *first;
} all = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Without memory or a descriptor for it the mapping is one that nobody finds. */
static void remember(const void *memory, uint64_t bytes, int fd)
{
	const int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	struct mapped *one = copy >= 0 ? malloc(sizeof(*one)) : NULL;

	if (!one) {
		if (copy >= 0)
			close(copy);
		return;
	}
	*one = (struct mapped){.memory = memory, .bytes = bytes, .fd = copy};
	pthread_mutex_lock(&all.lock);
	one->next = all.first;
	all.first = one;
	pthread_mutex_unlock(&all.lock);
}

static void forget(const void *memory)
{
	struct mapped **at = &all.first;

	pthread_mutex_lock(&all.lock);
	while (*at && (*at)->memory != memory)
		at = &(*at)->next;
	struct mapped *one = *at;

	if (one)
		*at = one->next;
	pthread_mutex_unlock(&all.lock);
	if (one)
		close(one->fd);
	free(one);
}

int road_memfd_find(const void *memory, uint64_t bytes, uint64_t *offset)
{
	int fd = -1;

	pthread_mutex_lock(&all.lock);
	for (const struct mapped *one = all.first; one; one = one->next) {
		const uint64_t from = (uint64_t)((uintptr_t)memory - (uintptr_t)one->memory);

		if (from > one->bytes || bytes > one->bytes - from)
			continue;
		fd = fcntl(one->fd, F_DUPFD_CLOEXEC, 0);
		*offset = from;
		break;
	}
	pthread_mutex_unlock(&all.lock);
	return fd;
}

/* ---- making and mapping ---- */

/* Would the machine hold it at all? Pages are taken at the first touch: without this any size would
 * be granted that has addresses, and who fills it be killed later. */
static bool machine_holds(uint64_t bytes)
{
	long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);

	return pages <= 0 || page <= 0 || bytes / (uint64_t)page < (uint64_t)pages;
}

road_status road_memfd_alloc(uint64_t bytes, void **memory, int *fd)
{
	if (bytes > INT64_MAX || !machine_holds(bytes))
		return road_fail_u64(ROAD_OUT_OF_HOST_MEMORY, "size is more than this machine has",
				     "dma_alloc", bytes, "");
	*fd = memfd_create("roadbed", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (*fd < 0)
		goto fail;
	if (ftruncate(*fd, (off_t)bytes) ||
	    fcntl(*fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		goto close_fd;
	*memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, *fd, 0);
	if (*memory == MAP_FAILED)
		goto close_fd;
	madvise(*memory, bytes, MADV_DONTFORK);
	return ROAD_OK;
close_fd:
	close(*fd);
fail:
	return road_fail_u64(ROAD_OUT_OF_HOST_MEMORY, "the kernel gives no shared memory",
			     "dma_alloc", bytes, "");
}

void road_memfd_free(void *memory, uint64_t bytes, int fd)
{
	forget(memory);
	munmap(memory, bytes);
	close(fd);
}

bool road_memfd_is_dma_buf(int fd)
{
	struct statfs is;

	return !fstatfs(fd, &is) && is.f_type == DMA_BUF_MAGIC;
}

road_status road_memfd_check(int fd, uint64_t offset, uint64_t bytes, const char *where)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat stat;

	if (seals < 0 || !(seals & F_SEAL_SHRINK))
		return road_fail(ROAD_INVALID_ARGUMENT,
				 "descriptor is no memory sealed against shrinking", where,
				 seals < 0 ? "not sealable" : "not sealed",
				 "a memfd with F_SEAL_SHRINK");
	if (fstat(fd, &stat) || stat.st_size < 0 || (uint64_t)stat.st_size < offset ||
	    (uint64_t)stat.st_size - offset < bytes)
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "memory is smaller than asked for",
				     where, bytes, "at most the memfd's size");
	return ROAD_OK;
}

static road_status map(int fd, uint64_t offset, uint64_t bytes, const char *where, const char *why,
		       void **memory)
{
	*memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd,
		       (off_t)offset);
	if (*memory == MAP_FAILED && (errno == EPERM || errno == EACCES))
		return road_fail(ROAD_PERMISSION, "memory may not be written", where, why,
				 "a descriptor to read and write");
	if (*memory == MAP_FAILED)
		return road_fail(ROAD_OUT_OF_HOST_MEMORY, "memory cannot be mapped", where,
				 strerror(errno), "");
	madvise(*memory, bytes, MADV_DONTFORK);
	return ROAD_OK;
}

road_status road_memfd_map_at(int fd, uint64_t offset, uint64_t bytes, const char *where,
			      void **memory)
{
	road_status status = road_memfd_check(fd, offset, bytes, where);

	if (status)
		return status;
	return map(fd, offset, bytes, where,
		   fcntl(fd, F_GET_SEALS) & F_SEAL_WRITE ? "sealed against writing" : "", memory);
}

road_status road_memfd_map(int fd, uint64_t bytes, const char *where, void **memory)
{
	road_status status = road_memfd_map_at(fd, 0, bytes, where, memory);

	if (!status)
		remember(*memory, bytes, fd);
	return status;
}

/* The size of a dma-buf is where its end is (the kernel's Documentation/driver-api/dma-buf). */
static road_status map_dma_buf(int fd, uint64_t bytes, const char *where, void **memory)
{
	const off_t end = lseek(fd, 0, SEEK_END);
	road_status status;

	if (end < 0 || (uint64_t)end < bytes)
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "memory is smaller than asked for",
				     where, bytes, "at most the dma-buf's size");
	status = map(fd, 0, bytes, where, "a dma-buf to read", memory);
	if (!status)
		remember(*memory, bytes, fd);
	return status;
}

road_status road_memfd_map_any(int fd, uint64_t bytes, const char *where, void **memory)
{
	return road_memfd_is_dma_buf(fd) ? map_dma_buf(fd, bytes, where, memory)
					 : road_memfd_map(fd, bytes, where, memory);
}

void road_memfd_unmap(void *memory, uint64_t bytes)
{
	forget(memory);
	munmap(memory, bytes);
}

road_status road_memfd_name(int fd, struct road_memfd_name *out)
{
	struct stat stat;

	if (fstat(fd, &stat) || stat.st_size < 0)
		return road_fail(ROAD_IO, "memory does not tell its size", "road_buffer_export", "",
				 "");
	*out = (struct road_memfd_name){.device = stat.st_dev,
					.inode = stat.st_ino,
					.bytes = (uint64_t)stat.st_size,
					.fd = (uint32_t)fd};
	return ROAD_OK;
}

/* The descriptor's number may mean something else by now: the inode tells. Opened for nothing
 * first (O_PATH), so that looking at what it is has no effects. */
road_status road_memfd_open(const struct road_memfd_name *name, const char *where, int *fd)
{
	char path[64], self[40];
	struct stat stat;

	snprintf(path, sizeof(path), "/proc/%u/fd/%u", name->process, name->fd);
	int look = open(path, O_PATH | O_CLOEXEC);

	if (look < 0)
		return road_fail(
			errno == EACCES || errno == EPERM ? ROAD_PERMISSION : ROAD_NOT_FOUND,
			errno == EACCES || errno == EPERM ? "the other process may not be looked at"
							  : "the memory is gone",
			where, "", "a buffer that is alive, of a process of this user");
	bool same = !fstat(look, &stat) && stat.st_dev == name->device &&
		    stat.st_ino == name->inode && S_ISREG(stat.st_mode);

	snprintf(self, sizeof(self), "/proc/self/fd/%d", look);
	*fd = same ? open(self, O_RDWR | O_CLOEXEC) : -1;
	close(look);
	if (*fd < 0)
		return road_fail(ROAD_NOT_FOUND, "the memory is gone", where, "",
				 "a buffer that is alive");
	return ROAD_OK;
}
