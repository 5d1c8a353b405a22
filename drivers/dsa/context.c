/* SPDX-License-Identifier: Apache-2.0 */
/* Contexts, the chip's address spaces: a number and a table of ranges each. */
#include <stdlib.h>

#include "drivers/dsa/dsa.h"

/* The chip reads the table while the command takes effect, and then only. */
static road_status tell(void *user, road_iova table, uint32_t count)
{
	struct dsa_context *context = user;
	struct dsa *dsa = context->dsa;

	pthread_mutex_lock(&dsa->reg_lock);
	dsa_write32(dsa, ROAD_DSA_REG_CONTEXT_SELECT, context->index);
	dsa_write64(dsa, ROAD_DSA_REG_CONTEXT_TABLE64, table.value);
	dsa_write32(dsa, ROAD_DSA_REG_CONTEXT_COUNT, count);
	dsa_write32(dsa, ROAD_DSA_REG_CONTEXT_COMMAND, ROAD_DSA_CONTEXT_OPEN);
	(void)dsa_read32(dsa, ROAD_DSA_REG_STATUS); /* pushes the writes */
	pthread_mutex_unlock(&dsa->reg_lock);
	return road_drv_alive(dsa->dev, "address space");
}

static void shut(struct dsa_context *context)
{
	struct dsa *dsa = context->dsa;

	pthread_mutex_lock(&dsa->reg_lock);
	dsa_write32(dsa, ROAD_DSA_REG_CONTEXT_SELECT, context->index);
	dsa_write32(dsa, ROAD_DSA_REG_CONTEXT_COMMAND, ROAD_DSA_CONTEXT_CLOSE);
	(void)dsa_read32(dsa, ROAD_DSA_REG_STATUS); /* pushes the writes */
	pthread_mutex_unlock(&dsa->reg_lock);
}

static void destroy(struct dsa_context *context)
{
	road_range_table_destroy(context->ranges);
	pthread_mutex_destroy(&context->image_lock);
	free(context);
}

road_status dsa_context_create(struct dsa *dsa, struct dsa_context **out)
{
	struct dsa_context *context = calloc(1, sizeof(*context));
	road_status status;

	if (!context)
		return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for an address space",
				      "road_space_create", NULL, NULL);
	context->dsa = dsa;
	pthread_mutex_init(&context->image_lock, NULL);
	status =
		road_range_table_create(dsa->bus, ROAD_RANGES_MAX, tell, context, &context->ranges);
	if (status)
		goto destroy;
	status = road_numbers_take(dsa->contexts, context, "address spaces", "road_space_create",
				   &context->index);
	if (status)
		goto destroy;
	status = road_range_table_restore(context->ranges);
	if (status)
		goto give_number;
	*out = context;
	return ROAD_OK;
give_number:
	road_numbers_give(dsa->contexts, context->index);
destroy:
	destroy(context);
	return status;
}

void dsa_context_destroy(struct dsa_context *context)
{
	struct dsa *dsa = context->dsa;

	pthread_mutex_lock(&dsa->life_lock);
	road_streams_leave(dsa->streams, context);
	shut(context);
	road_numbers_give(dsa->contexts, context->index);
	pthread_mutex_unlock(&dsa->life_lock);
	destroy(context);
}

road_status dsa_space_open(struct road_drv_space *space)
{
	struct dsa_context *context;
	road_status status = dsa_context_create(space->dev->data, &context);

	if (!status)
		space->data = context;
	return status;
}

void dsa_space_close(struct road_drv_space *space)
{
	dsa_context_destroy(space->data);
	space->data = NULL;
}
