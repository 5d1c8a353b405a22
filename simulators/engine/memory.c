/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory of a simulated chip: sparse, sealed memfds; only what is touched costs anything. A chip of
 * one function has one of them. Of one with several each function's share is a memfd of its own, so
 * that its descriptor reaches nothing else; they are mapped side by side, and what the model keeps
 * behind them (scratchpads) follows.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "simulators/engine/domain.h"

#define LARGE_PAGE (UINT64_C(2) << 20)
#define SMALL_PAGE (UINT64_C(64) << 10)
#define PAGE_BYTES UINT64_C(4096)
/* To write zeros to less than this is faster than to give pages back, and to fault them in again.
 */
#define ZERO_BYTES (UINT64_C(1) << 20)

uint64_t sim_memory_share(uint64_t bytes, uint32_t functions)
{
	const uint64_t share = bytes / functions;

	if (functions == 1)
		return bytes;
	return share >= LARGE_PAGE ? share & ~(LARGE_PAGE - 1) : share & ~(SMALL_PAGE - 1);
}

/* Maps a new memfd over what is reserved; -1: none. */
static int piece(unsigned char *at, uint64_t bytes)
{
	int fd = memfd_create("simulated chip memory", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -1;
	if (ftruncate(fd, (off_t)bytes) ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) ||
	    mmap(at, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE | MAP_FIXED, fd,
		 0) == MAP_FAILED) {
		close(fd);
		return -1;
	}
	return fd;
}

static bool has_shares(const struct sim_env *env)
{
	return env->function_count > 1 && env->share_bytes;
}

/* Bytes at the beginning of memory that are divided among functions. */
static uint64_t shared_out(const struct sim_env *env)
{
	return has_shares(env) ? env->share_bytes * env->function_count : 0;
}

static bool map_pieces(struct sim_env *env)
{
	unsigned char *memory = env->memory;
	const uint64_t shares = shared_out(env);

	for (uint32_t i = 0; shares && i < env->function_count; i++) {
		env->functions[i].memory_fd =
			piece(memory + i * env->share_bytes, env->share_bytes);
		if (env->functions[i].memory_fd < 0)
			return false;
	}
	if (shares == env->memory_bytes)
		return true;
	env->memory_fd = piece(memory + shares, env->memory_bytes - shares);
	return env->memory_fd >= 0;
}

void *sim_memory_create(struct sim_env *env, uint64_t bytes)
{
	if (env->memory)
		return env->memory_bytes >= bytes ? env->memory : NULL;
	if (!bytes || bytes < shared_out(env))
		return NULL;
	void *memory =
		mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		return NULL;
	env->memory = memory;
	env->memory_bytes = bytes;
	if (!map_pieces(env)) {
		sim_memory_free(env);
		return NULL;
	}
	madvise(memory, bytes, MADV_DONTFORK);
	return memory;
}

void sim_memory_free(struct sim_env *env)
{
	if (!env->memory)
		return;
	munmap(env->memory, env->memory_bytes);
	for (uint32_t i = 0; i < env->function_count; i++) {
		if (env->functions[i].memory_fd >= 0)
			close(env->functions[i].memory_fd);
		env->functions[i].memory_fd = -1;
	}
	if (env->memory_fd >= 0)
		close(env->memory_fd);
	env->memory_fd = -1;
	env->memory = NULL;
	env->memory_bytes = 0;
}

static void punch(int fd, uint64_t offset, uint64_t bytes)
{
	fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)bytes);
}

void sim_memory_discard_share(const struct sim_function *function)
{
	if (function->memory_fd >= 0)
		punch(function->memory_fd, 0, function->env->share_bytes);
}

void sim_memory_discard(struct sim_env *env, uint64_t offset, uint64_t bytes)
{
	const uint64_t shares = shared_out(env);

	if (!env->memory || offset > env->memory_bytes || bytes > env->memory_bytes - offset)
		return;
	while (bytes && offset < shares) {
		const uint64_t at = offset % env->share_bytes, room = env->share_bytes - at;
		const uint64_t part = bytes < room ? bytes : room;

		punch(env->functions[offset / env->share_bytes].memory_fd, at, part);
		offset += part;
		bytes -= part;
	}
	if (bytes)
		punch(env->memory_fd, offset - shares, bytes);
}

bool sim_memory_zero(struct sim_env *env, void *at, uint64_t bytes)
{
	const uint64_t offset = (uint64_t)((uintptr_t)at - (uintptr_t)env->memory);
	const uint64_t before = -offset % PAGE_BYTES;

	if (!env->memory || bytes < ZERO_BYTES || offset > env->memory_bytes ||
	    bytes > env->memory_bytes - offset)
		return false;
	const uint64_t whole = (bytes - before) & ~(PAGE_BYTES - 1);

	memset(at, 0, before);
	sim_memory_discard(env, offset + before, whole);
	memset((char *)at + before + whole, 0, bytes - before - whole);
	return true;
}

bool sim_memory_find(const struct sim_function *function, const void *at, uint64_t bytes, int *fd,
		     uint64_t *fd_offset)
{
	const struct sim_env *env = function->env;
	const bool shares = has_shares(env);
	const uint64_t base = shares ? function->index * env->share_bytes : 0;
	const uint64_t size = shares ? env->share_bytes : env->memory_bytes;
	const uint64_t from = (uint64_t)((uintptr_t)at - (uintptr_t)env->memory) - base;

	if (!at || !env->memory || from > size || bytes > size - from)
		return false;
	*fd = shares ? function->memory_fd : env->memory_fd;
	*fd_offset = from;
	return true;
}
