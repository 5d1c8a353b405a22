/* SPDX-License-Identifier: Apache-2.0 */
/* Memory of a simulated chip: a sparse, sealed memfd; only what is touched costs anything. */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "simulators/engine/domain.h"

void *sim_memory_create(struct sim_env *env, uint64_t bytes)
{
	if (env->memory)
		return env->memory_bytes >= bytes ? env->memory : NULL;
	int fd = memfd_create("simulated chip memory", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return NULL;
	if (ftruncate(fd, (off_t)bytes) ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		goto close_fd;
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);

	if (memory == MAP_FAILED)
		goto close_fd;
	madvise(memory, bytes, MADV_DONTFORK);
	env->memory = memory;
	env->memory_bytes = bytes;
	env->memory_fd = fd;
	return memory;
close_fd:
	close(fd);
	return NULL;
}

void sim_memory_discard(struct sim_env *env, uint64_t offset, uint64_t bytes)
{
	if (env->memory && offset <= env->memory_bytes && bytes <= env->memory_bytes - offset)
		fallocate(env->memory_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset,
			  (off_t)bytes);
}
