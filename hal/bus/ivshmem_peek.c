/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hal/bus/ivshmem.h"
#include "hal/bus/sock.h"
#include "hal/core/error.h"

/* The other side may write there meanwhile. */
__attribute__((no_sanitize("thread"), noinline)) static void
copy(void *to, const volatile void *from, size_t bytes)
{
	const volatile uint64_t *words = from;

	for (size_t i = 0; i < bytes / sizeof(*words); i++) {
		const uint64_t word = words[i];

		memcpy((char *)to + i * sizeof(word), &word, sizeof(word));
	}
}

bool road_ivshmem_head(const volatile void *memory, uint64_t bytes, struct road_ivshmem_head *out)
{
	if (bytes < ROAD_IVSHMEM_BYTES_MIN)
		return false;
	copy(out, memory, sizeof(*out));
	return out->magic == ROAD_IVSHMEM_MAGIC;
}

/* Reading it touches memory of the host, and wakes nothing. */
static const void *map_head(const char *folder, uint64_t *bytes)
{
	char path[160];
	struct stat is;

	snprintf(path, sizeof(path), "%.128s/resource%u", folder, ROAD_IVSHMEM_BAR_MEMORY);
	const int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return NULL;
	void *head = MAP_FAILED;

	if (!fstat(fd, &is) && (*bytes = (uint64_t)is.st_size) >= ROAD_IVSHMEM_WINDOW)
		head = mmap(NULL, ROAD_IVSHMEM_WINDOW, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	return head == MAP_FAILED ? NULL : head;
}

enum road_ivshmem_peek road_ivshmem_peek(const char *folder, struct road_bus_ids *ids)
{
	enum road_ivshmem_peek result = ROAD_IVSHMEM_OTHER;
	struct road_ivshmem_head head;
	char place[sizeof(ids->pci_address)];
	uint64_t bytes = 0;
	const void *memory = map_head(folder, &bytes);

	if (!memory)
		return ROAD_IVSHMEM_CLOSED;
	/* What cannot be used is said by who opens it. */
	if (road_ivshmem_head(memory, bytes, &head) && head.abi == ROAD_IVSHMEM_ABI &&
	    !road_sock_check_hello(&head.chip)) {
		memcpy(place, ids->pci_address, sizeof(place));
		road_sock_ids(&head.chip, ids);
		memcpy(ids->pci_address, place, sizeof(place));
		result = ROAD_IVSHMEM_CHIP;
	}
	munmap((void *)(uintptr_t)memory, ROAD_IVSHMEM_WINDOW);
	return result;
}
