/* SPDX-License-Identifier: Apache-2.0 */
/* Contexts, the chip's address spaces: a table of ranges each. */
#include <stdlib.h>

#include "drivers/rpu/rpu.h"

static road_status tell(void *user, road_iova table, uint32_t count)
{
	struct rpu_context *context = user;
	struct rpu *rpu = context->rpu;

	pthread_mutex_lock(&rpu->reg_lock);
	rpu_write32(rpu, ROAD_RPU_REG_CONTEXT_SELECT, context->index);
	rpu_write64(rpu, ROAD_RPU_REG_CONTEXT_TABLE64, table.value);
	rpu_write32(rpu, ROAD_RPU_REG_CONTEXT_COUNT, count);
	rpu_write32(rpu, ROAD_RPU_REG_CONTEXT_COMMAND, ROAD_RPU_CONTEXT_OPEN);
	(void)rpu_read32(rpu, ROAD_RPU_REG_STATUS); /* pushes the writes */
	pthread_mutex_unlock(&rpu->reg_lock);
	return road_drv_alive(rpu->dev, "address space");
}

static void shut(struct rpu_context *context)
{
	struct rpu *rpu = context->rpu;

	pthread_mutex_lock(&rpu->reg_lock);
	rpu_write32(rpu, ROAD_RPU_REG_CONTEXT_SELECT, context->index);
	rpu_write32(rpu, ROAD_RPU_REG_CONTEXT_COMMAND, ROAD_RPU_CONTEXT_CLOSE);
	(void)rpu_read32(rpu, ROAD_RPU_REG_STATUS); /* pushes the writes */
	pthread_mutex_unlock(&rpu->reg_lock);
}

road_status rpu_context_create(struct rpu *rpu, struct rpu_context **out)
{
	struct rpu_context *context = calloc(1, sizeof(*context));
	road_status status;

	if (!context)
		return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for an address space",
				      "road_space_create", NULL, NULL);
	context->rpu = rpu;
	status = road_range_table_create(rpu->bus, ROAD_RANGES_MAX, tell, context, &context->table);
	if (status)
		goto free_context;
	status = road_numbers_take(rpu->contexts, context, "address spaces", "road_space_create",
				   &context->index);
	if (status)
		goto destroy_table;
	status = road_range_table_restore(context->table);
	if (status)
		goto give_number;
	*out = context;
	return ROAD_OK;
give_number:
	road_numbers_give(rpu->contexts, context->index);
destroy_table:
	road_range_table_destroy(context->table);
free_context:
	free(context);
	return status;
}

void rpu_context_destroy(struct rpu_context *context)
{
	struct rpu *rpu = context->rpu;

	pthread_mutex_lock(&rpu->life_lock);
	road_streams_leave(rpu->streams, context);
	shut(context);
	road_numbers_give(rpu->contexts, context->index);
	pthread_mutex_unlock(&rpu->life_lock);
	road_range_table_destroy(context->table);
	free(context);
}

road_status rpu_space_open(struct road_drv_space *space)
{
	struct rpu_context *context = NULL;
	road_status status = rpu_context_create(space->dev->data, &context);

	space->data = context;
	return status;
}

void rpu_space_close(struct road_drv_space *space)
{
	rpu_context_destroy(space->data);
	space->data = NULL;
}
