/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/bus/traced.h"

#include <stdlib.h>

#include "hal/bus/memfd.h"
#include "hal/core/error.h"

static void destroy(struct road_traced *traced, const struct road_dma *dma)
{
	road_shadow_destroy(traced->shadow);
	if (traced->owned)
		road_memfd_free(dma->host, dma->bytes, dma->fd);
	free(traced);
}

road_status road_traced_add(struct road_traced_list *list, void *host, void *device, uint64_t bytes,
			    struct road_dma *out)
{
	struct road_traced *traced = calloc(1, sizeof(*traced));
	road_status status;

	if (!traced)
		return road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory for a mapping", "trace", "",
				 "");
	*out = (struct road_dma){.host = host, .bytes = bytes, .fd = -1, .data = traced};
	if (!host) {
		status = road_memfd_alloc(bytes, &out->host, &out->fd);
		if (status)
			goto free_traced;
		traced->owned = true;
	}
	status = road_shadow_create(out->host, device, bytes, ROAD_TRACED_LINE, &traced->shadow);
	if (status)
		goto free_traced;
	traced->number = ++list->numbers;
	road_shadow_set_add(&list->shadows, traced->shadow);
	return ROAD_OK;
free_traced:
	destroy(traced, out);
	return status;
}

struct road_traced *road_traced_of(const struct road_dma *dma)
{
	return dma->data;
}

void road_traced_remove(struct road_traced_list *list, struct road_dma *dma)
{
	struct road_traced *traced = road_traced_of(dma);

	road_shadow_set_remove(&list->shadows, traced->shadow);
	destroy(traced, dma);
	*dma = (struct road_dma){.fd = -1};
}

void road_traced_lines(const struct road_traced *traced, uint64_t *offset, uint64_t *bytes)
{
	const uint64_t all = traced->shadow->bytes;
	const uint64_t first = *offset < all ? *offset / ROAD_TRACED_LINE * ROAD_TRACED_LINE : all;
	const uint64_t left = *offset < all ? all - *offset : 0;
	uint64_t end = *bytes < left ? *offset + *bytes : all;

	if (!*bytes)
		end = first;
	end = (end + ROAD_TRACED_LINE - 1) / ROAD_TRACED_LINE * ROAD_TRACED_LINE;
	*offset = first;
	*bytes = (end < all ? end : all) - first;
}
