/* SPDX-License-Identifier: Apache-2.0 */
/* Memory: the devices' comes from malloc; the host's can be registered. */
#include "tests/fakert/fake.h"

#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 256, GARBAGE = 0xa5 };

struct block *fake_block(const void *at, size_t bytes, int device)
{
	uintptr_t address = (uintptr_t)at;

	for (struct block *b = fake.blocks; b; b = b->next) {
		uintptr_t base = (uintptr_t)b->base;

		if (b->device == device && address >= base && bytes <= b->bytes &&
		    address - base <= b->bytes - bytes)
			return b;
	}
	return NULL;
}

static void list(struct block *block)
{
	block->next = fake.blocks;
	fake.blocks = block;
	fake.live++;
}

int fake_alloc(void **out, size_t bytes, int device)
{
	struct device *d = &fake.devices[device];

	if (!bytes)
		return frtErrorInvalidValue;
	if (bytes > MEMORY_BYTES - d->used_bytes)
		return frtErrorMemoryAllocation;
	struct block *block = calloc(1, sizeof(*block));

	if (block)
		block->memory = malloc(bytes + ALIGNMENT);
	if (!block || !block->memory) {
		free(block);
		return frtErrorMemoryAllocation;
	}
	block->base = (char *)block->memory + ALIGNMENT - (uintptr_t)block->memory % ALIGNMENT;
	block->bytes = bytes;
	block->device = device;
	block->type = frtMemoryDevice;
	memset(block->base, GARBAGE, bytes); /* what its last owner left there */
	d->used_bytes += bytes;
	list(block);
	*out = block->base;
	return frtSuccess;
}

/* Under the lock: takes the block off the list and ends it. */
static void end(struct block **at)
{
	struct block *block = *at;

	*at = block->next;
	if (block->type == frtMemoryDevice)
		fake.devices[block->device].used_bytes -= block->bytes;
	fake.live--;
	free(block->memory);
	free(block);
}

/* device: of memory that is registered there; -1: of memory that was allocated, wherever. */
static int end_at(const void *base, int device)
{
	struct block **at = &fake.blocks;

	while (*at && ((*at)->base != base || ((*at)->memory ? -1 : (*at)->device) != device))
		at = &(*at)->next;
	if (!*at)
		return frtErrorInvalidValue;
	end(at);
	return frtSuccess;
}

void fake_free(void *base)
{
	(void)end_at(base, -1);
}

void fake_forget_blocks(int device)
{
	struct block **at = &fake.blocks;

	while (*at)
		if ((*at)->device == device)
			end(at);
		else
			at = &(*at)->next;
}

static int device_answers(void)
{
	return fake.devices[fake_current()].gone ? frtErrorDevicesUnavailable : frtSuccess;
}

int frtMemGetInfo(size_t *free_bytes, size_t *total)
{
	BEGIN();
	pthread_mutex_lock(&fake.lock);
	int result = device_answers();

	*total = MEMORY_BYTES;
	*free_bytes = MEMORY_BYTES - fake.devices[fake_current()].used_bytes;
	pthread_mutex_unlock(&fake.lock);
	return fake_end(result);
}

int frtMalloc(void **out, size_t bytes)
{
	BEGIN();
	pthread_mutex_lock(&fake.lock);
	int result = device_answers();

	if (!result)
		result = fake_alloc(out, bytes, fake_current());
	pthread_mutex_unlock(&fake.lock);
	return fake_end(result);
}

/* Works on a device that is gone, too. */
int frtFree(void *memory)
{
	pthread_mutex_lock(&fake.lock);
	int result = end_at(memory, -1);

	pthread_mutex_unlock(&fake.lock);
	return fake_end(result);
}

int frtMallocHost(void **out, size_t bytes)
{
	BEGIN();
	pthread_mutex_lock(&fake.lock);
	int result = device_answers();

	if (!result)
		result = fake_alloc(out, bytes, fake_current());
	if (!result) {
		fake.blocks->type = frtMemoryHost;
		fake.devices[fake_current()].used_bytes -= bytes;
	}
	pthread_mutex_unlock(&fake.lock);
	return fake_end(result);
}

int frtFreeHost(void *memory)
{
	return frtFree(memory);
}

int frtHostRegister(void *host, size_t bytes, unsigned flags)
{
	BEGIN();
	struct block *block = calloc(1, sizeof(*block));

	if (!block)
		return fake_end(frtErrorMemoryAllocation);
	*block = (struct block){
		.base = host, .bytes = bytes, .device = fake_current(), .type = frtMemoryHost};
	pthread_mutex_lock(&fake.lock);
	int result = device_answers();

	if (!result && (!host || !bytes || flags || fake_block(host, 1, fake_current())))
		result = frtErrorInvalidValue;
	if (!result)
		list(block);
	pthread_mutex_unlock(&fake.lock);
	if (result)
		free(block);
	return fake_end(result);
}

int frtHostUnregister(void *host)
{
	pthread_mutex_lock(&fake.lock);
	int result = end_at(host, fake_current());

	pthread_mutex_unlock(&fake.lock);
	return fake_end(result);
}

int frtPointerGetAttributes(struct frtPointerAttributes *out, const void *at)
{
	BEGIN();
	*out = (struct frtPointerAttributes){.device = -1};
	pthread_mutex_lock(&fake.lock);
	for (int device = 0; device < DEVICES; device++) {
		const struct block *block = fake_block(at, 1, device);

		if (block)
			*out = (struct frtPointerAttributes){block->type, device,
							     (uintptr_t)block->base, block->bytes};
	}
	pthread_mutex_unlock(&fake.lock);
	return frtSuccess;
}
