/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Regions: clusters of cores, configured with microcode (uapi/dsa/microcode.h). All but the check
 * and the place of images is the helper's (<roadbed-driver/region_unit.h>). Images lie in device
 * memory of a context of the driver's own, where no program's work reaches them; it is taken when
 * the first one comes.
 */
#include <stdlib.h>
#include <string.h>

#include "drivers/dsa/dsa.h"

/* ---- what is sound ---- */

/* Instructions that are enabled among bits first .. end - 1 of the table. */
static uint32_t count_enabled(const struct road_dsa_microcode *m, uint32_t first, uint32_t end)
{
	uint32_t count = 0;

	for (uint32_t op = first; op < end; op++)
		count += m->enabled[op / 64] >> op % 64 & 1;
	return count;
}

/* Those of a unit that is off. */
static uint32_t count_powerless(const struct road_dsa_microcode *m)
{
	static const uint8_t queues[ROAD_DSA_OPS] = {
#define OP(name, queue, format, types, text) [ROAD_DSA_OP_##name] = ROAD_DSA_QUEUE_##queue,
#include "uapi/dsa/ops.def"
#undef OP
	};
	uint32_t count = 0;

	for (uint32_t op = 0; op < ROAD_DSA_OPS; op++)
		if ((!m->cube && queues[op] == ROAD_DSA_QUEUE_M) ||
		    (!m->vector && queues[op] == ROAD_DSA_QUEUE_V))
			count += count_enabled(m, op, op + 1);
	return count;
}

/* One of the shares may be all, the other one is nothing then. */
static bool is_whole(const struct road_dsa_microcode *m)
{
	return !m->cube || m->cube == ROAD_DSA_SPLIT_SUM;
}

#define AT(member) offsetof(struct road_dsa_microcode, member)

road_status dsa_config_check(struct road_drv_device *dev, const struct road_region_payload *payload)
{
	const struct road_region_field size = {
		0, payload->byte_count, sizeof(struct road_dsa_microcode),
		sizeof(struct road_dsa_microcode), "microcode of another size"};
	struct road_dsa_microcode m;
	road_status status = road_region_fields_check(payload, &size, 1);

	(void)dev;
	if (status)
		return status;
	memcpy(&m, payload->bytes, sizeof(m));
	const uint32_t known = m.operators < ROAD_DSA_OPS ? m.operators : ROAD_DSA_OPS;
	const struct road_region_field fields[] = {
		{AT(magic), m.magic, ROAD_DSA_MICROCODE_MAGIC, ROAD_DSA_MICROCODE_MAGIC,
		 "no microcode"},
		{AT(version), m.version, ROAD_DSA_MICROCODE_VERSION, ROAD_DSA_MICROCODE_VERSION,
		 "another version of microcode"},
		{AT(cube), m.cube, is_whole(&m) ? 0 : ROAD_DSA_SPLIT_MIN,
		 is_whole(&m) ? ROAD_DSA_SPLIT_SUM : ROAD_DSA_SPLIT_MAX,
		 "the cube's share, in eighths; 0 and 16 are allowed, too"},
		{AT(vector), m.vector, ROAD_DSA_SPLIT_SUM - (uint64_t)m.cube,
		 ROAD_DSA_SPLIT_SUM - (uint64_t)m.cube, "the vector unit's share, in eighths"},
		{AT(isa), m.isa, ROAD_DSA_ISA_VERSION, ROAD_DSA_ISA_VERSION,
		 "microcode for other instructions"},
		{AT(operators), m.operators, 1, ROAD_DSA_OPS, "table of operators"},
		{AT(enabled), count_enabled(&m, known, ROAD_DSA_OPERATORS_MAX), 0, 0,
		 "operators enabled beyond the table"},
		{AT(enabled), count_enabled(&m, ROAD_DSA_OP_end, ROAD_DSA_OP_end + 1), 1, 1,
		 "blocks could not end: operator `end`"},
		{AT(enabled), count_powerless(&m), 0, 0, "operators enabled of a unit that is off"},
		{AT(reserved), m.reserved[0] | m.reserved[1], 0, 0, "reserved field in use"},
	};

	return road_region_fields_check(payload, fields, sizeof(fields) / sizeof(fields[0]));
}

/* ---- where images lie ---- */

static road_status own_context(struct dsa *dsa, struct dsa_context **out)
{
	road_status status = ROAD_OK;

	if (!dsa->own)
		status = dsa_context_create(dsa, &dsa->own);
	*out = dsa->own;
	return status;
}

static road_status upload(struct road_drv_config *config)
{
	struct dsa_memory *memory = malloc(sizeof(*memory));
	struct dsa_context *context;
	road_status status;

	if (!memory)
		return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for a configuration",
				      "road_config_create", NULL, NULL);
	status = own_context(config->dev->data, &context);
	if (status)
		goto free_memory;
	status = dsa_memory_alloc(context, (config->byte_count + DSA_PAGE - 1) & ~(DSA_PAGE - 1),
				  DSA_PAGE, ROAD_RANGE_READ, memory);
	if (status)
		goto free_memory;
	status = road_streams_upload(context->dsa->streams, context, memory->va, config->bytes,
				     config->byte_count);
	if (status)
		goto give_memory;
	config->address = memory->pa;
	config->data = memory;
	return ROAD_OK;
give_memory:
	dsa_memory_free(memory);
free_memory:
	free(memory);
	return status;
}

static void drop(struct road_drv_config *config)
{
	struct dsa_memory *memory = config->data;

	dsa_memory_free(memory);
	free(memory);
	config->data = NULL;
}

static const struct road_region_port port = {
	.region = ROAD_DSA_REGION_REGS,
	.offset = ROAD_DSA_REGIONS,
	.kind = ROAD_CONFIG_MICROCODE,
	.unit_name = "core",
	.check = dsa_config_check,
	.upload = upload,
	.drop = drop,
};

/* ---- life ---- */

/* A chip with a single context has none to spare for images. */
road_status dsa_regions_start(struct dsa *dsa)
{
	road_status status = ROAD_NOT_FOUND;

	if (dsa->params.features & ROAD_DSA_FEATURE_REGIONS && dsa->params.contexts > 1 &&
	    road_boot_has(&dsa->program, ROAD_DSA_WORK_REGION, 1))
		status = road_region_unit_open(dsa->dev, &port);
	return status == ROAD_NOT_FOUND ? ROAD_OK : status;
}

void dsa_regions_stop(struct dsa *dsa)
{
	road_region_unit_close(dsa->dev);
	if (dsa->own)
		dsa_context_destroy(dsa->own);
	dsa->own = NULL;
}

/* ---- streams ---- */

void dsa_region_write(const struct road_stream *stream)
{
	struct dsa *dsa = stream->encode.dev->data;
	const struct road_drv_queue *drv = stream->queue;

	if (!dsa->dev->region_unit)
		return; /* latches stay 0: all cores */
	dsa_write32(dsa, ROAD_DSA_REG_STREAM_REGION, drv ? drv->region : ROAD_DSA_NO_REGION);
	/* The root is whichever there is; of others the core knows which one it means. */
	dsa_write64(dsa, ROAD_DSA_REG_STREAM_GENERATION64,
		    drv && drv->region ? drv->region_generation : 0);
}

road_status dsa_region_refused(const struct road_stream *stream, const char *where)
{
	struct road_drv_device *dev = stream->encode.dev;
	const struct road_drv_queue *drv = stream->queue;
	struct road_region_info info = {.size = sizeof(info)};

	if (!drv || !dev->region_unit)
		return ROAD_OK;
	if (road_region_unit_ops.info(dev, drv->region, &info) ||
	    (drv->region && info.generation != drv->region_generation))
		return road_drv_errorf(ROAD_STALE, where, "region %u is not what it was",
				       drv->region);
	if (info.child_count)
		return road_drv_errorf(ROAD_BUSY, where, "region %u is split: it runs nothing",
				       drv->region);
	return ROAD_OK;
}
