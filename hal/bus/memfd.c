/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/bus/memfd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hal/core/error.h"

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
	munmap(memory, bytes);
	close(fd);
}

road_status road_memfd_map(int fd, uint64_t bytes, const char *where, void **memory)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat stat;

	if (seals < 0 || !(seals & F_SEAL_SHRINK))
		return road_fail(ROAD_INVALID_ARGUMENT,
				 "descriptor is no memory sealed against shrinking", where,
				 seals < 0 ? "not sealable" : "not sealed",
				 "a memfd with F_SEAL_SHRINK");
	if (fstat(fd, &stat) || stat.st_size < 0 || (uint64_t)stat.st_size < bytes)
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "memory is smaller than asked for",
				     where, bytes, "at most the memfd's size");
	*memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (*memory == MAP_FAILED && (errno == EPERM || errno == EACCES))
		return road_fail(ROAD_PERMISSION, "memory may not be written", where,
				 seals & F_SEAL_WRITE ? "sealed against writing" : "",
				 "a descriptor to read and write");
	if (*memory == MAP_FAILED)
		return road_fail(ROAD_OUT_OF_HOST_MEMORY, "memory cannot be mapped", where, "", "");
	madvise(*memory, bytes, MADV_DONTFORK);
	return ROAD_OK;
}

void road_memfd_unmap(void *memory, uint64_t bytes)
{
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
