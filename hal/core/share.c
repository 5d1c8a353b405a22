/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that leaves this process or comes from outside: sealed memfds only. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "hal/bus/memfd.h"
#include "hal/core/core.h"

static road_status exportable(const struct road_buffer *root, const char *where)
{
	if (root->drv.heap != ROAD_HEAP_HOST || root->drv.dma.fd < 0 || !root->drv.dma.host)
		return road_fail(ROAD_UNSUPPORTED, "this memory has no descriptor", where, "",
				 "ROAD_HEAP_HOST, and not imported");
	if (root->drv.host != root->drv.dma.host) /* the descriptor's begins before the buffer */
		return road_fail_u64(ROAD_UNSUPPORTED, "memory of this alignment is not shared",
				     where, root->drv.alignment, "at most 4096");
	return ROAD_OK;
}

road_status road_export_fd(const struct road_buffer *root, int *fd)
{
	road_status status = exportable(root, "road_buffer_export: buffer");

	if (status)
		return status;
	*fd = fcntl(root->drv.dma.fd, F_DUPFD_CLOEXEC, 0);
	if (*fd < 0)
		return road_fail(ROAD_OUT_OF_HOST_MEMORY, "no descriptor left",
				 "road_buffer_export", "", "");
	return ROAD_OK;
}

void road_unmap_import(void *memory, uint64_t bytes)
{
	road_memfd_unmap(memory, bytes);
}

road_status road_buffer_import(road_space *space, int fd, uint64_t bytes, road_buffer **out)
{
	const road_buffer_options options = {.heap = ROAD_HEAP_HOST, .bytes = bytes};
	road_status status =
		road_object_check(space, &road_space_class, "road_buffer_import: space");
	void *memory;

	if (!status && !out)
		status = road_fail(ROAD_INVALID_ARGUMENT, "output is NULL",
				   "road_buffer_import: out", "NULL", "");
	if (!status && !bytes)
		status = road_fail(ROAD_INVALID_ARGUMENT, "size is zero",
				   "road_buffer_import: bytes", "0", ">= 1");
	if (!status)
		status = road_space_usable(space, "road_buffer_import: space");
	if (!status)
		status = road_memfd_map(fd, bytes, "road_buffer_import: fd, bytes", &memory);
	if (status)
		return status;
	status = road_buffer_make(space, &options, memory, out);
	if (status)
		road_memfd_unmap(memory, bytes);
	return status;
}

/* ---- tokens ---- */

#define TOKEN_MAGIC UINT64_C(0x316e656b6f746472) /* "rdtoken1", as little-endian text */

struct token { /* what stands in a road_token */
	uint64_t magic;
	struct road_memfd_name name;
	uint64_t buffer_bytes;
	uint64_t reserved;
	uint64_t check; /* of all before it: not a signature, but no accident passes */
};
_Static_assert(sizeof(struct token) == sizeof(road_token), "a token has 64 bytes");

/* FNV-1a. */
static uint64_t sum(const struct token *token)
{
	const unsigned char *bytes = (const void *)token;
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < offsetof(struct token, check); i++)
		hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
	return hash;
}

road_status road_buffer_export_token(road_buffer *buffer, road_token *out)
{
	struct token token = {.magic = TOKEN_MAGIC};
	road_status status = road_buffer_check(buffer, 0, 0, "road_buffer_export_token: buffer");

	if (status)
		return status;
	const struct road_buffer *root = buffer->parent ? buffer->parent : buffer;

	if (!out)
		return road_fail(ROAD_INVALID_ARGUMENT, "output is NULL",
				 "road_buffer_export_token: out", "NULL", "");
	status = exportable(root, "road_buffer_export_token: buffer");
	if (!status)
		status = road_memfd_name(root->drv.dma.fd, &token.name);
	if (status)
		return status;
	token.name.process = (uint32_t)getpid();
	token.buffer_bytes = root->drv.bytes;
	token.check = sum(&token);
	memcpy(out->bytes, &token, sizeof(token));
	return ROAD_OK;
}

road_status road_buffer_import_token(road_space *space, const road_token *token, road_buffer **out)
{
	static const char *const where = "road_buffer_import_token: token";
	road_status status =
		road_object_check(space, &road_space_class, "road_buffer_import_token: space");
	struct token own;
	int fd;

	if (!status && !token)
		status = road_fail(ROAD_INVALID_ARGUMENT, "token is NULL", where, "NULL", "");
	if (status)
		return status;
	memcpy(&own, token->bytes, sizeof(own));
	if (own.magic != TOKEN_MAGIC || own.reserved || own.check != sum(&own) ||
	    !own.buffer_bytes || own.buffer_bytes > own.name.bytes)
		return road_fail(ROAD_INVALID_ARGUMENT, "these bytes are no token", where, "",
				 "what road_buffer_export_token gave");
	status = road_memfd_open(&own.name, where, &fd);
	if (status)
		return status;
	status = road_buffer_import(space, fd, own.buffer_bytes, out);
	close(fd);
	return status;
}

road_status road_buffer_attach(road_buffer *buffer, road_space *space, road_buffer **out)
{
	road_status status = road_buffer_check(buffer, 0, 0, "road_buffer_attach: buffer");
	int fd;

	if (!status)
		status = road_object_check(space, &road_space_class, "road_buffer_attach: space");
	if (!status && buffer->space == space)
		status = road_fail(ROAD_INVALID_ARGUMENT, "buffer is in this space already",
				   "road_buffer_attach: space", "", "another space");
	if (!status && buffer->parent)
		status = road_fail(ROAD_INVALID_ARGUMENT, "buffer is a view",
				   "road_buffer_attach: buffer", "", "its parent");
	if (!status)
		status = road_export_fd(buffer, &fd);
	if (status)
		return status;
	status = road_buffer_import(space, fd, buffer->drv.bytes, out);
	close(fd);
	return status;
}
