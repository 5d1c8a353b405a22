/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernels of the engine NEUR: products of matrices that lie in the scratchpads. There is nothing to
 * load for them; an image says which there are (struct road_rpu_engine_kernel), and a launch is one
 * entry, which each tile of the region works off in its own scratchpad.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "drivers/rpu/rpu.h"

#define AT(member) offsetof(struct road_rpu_engine_kernel, member)

static road_status refuse(const struct road_region_payload *payload, uint64_t at, const char *what,
			  uint64_t seen, const char *allowed)
{
	char where[64], have[24];

	snprintf(where, sizeof(where), "kernel of an engine, byte %" PRIu64, payload->offset + at);
	snprintf(have, sizeof(have), "%" PRIu64, seen);
	return road_drv_error(ROAD_IMAGE_INVALID, what, where, have, allowed);
}

static bool is_name(const uint8_t *name)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
	size_t length = 0, i;

	while (length < ROAD_RPU_NAME_BYTES && name[length] && strchr(letters, name[length]))
		length++;
	for (i = length; i < ROAD_RPU_NAME_BYTES && !name[i]; i++)
		;
	return length && length < ROAD_RPU_NAME_BYTES && i == ROAD_RPU_NAME_BYTES;
}

/* What versions of the firmware's gemm do without. */
static road_status check_firmware(const struct rpu *rpu, const struct road_rpu_engine_kernel *k)
{
	static const struct road_boot_need adds = {ROAD_RPU_WORK_GEMM, 2, "gemm"};
	static const struct road_boot_need narrows = {ROAD_RPU_WORK_GEMM, 3, "gemm"};
	road_status status =
		road_boot_program_allow(&rpu->program, k->flags & ROAD_RPU_WORK_ADD, &adds,
					"road_image_load: bytes, a kernel that adds");

	if (!status)
		status = road_boot_program_allow(&rpu->program, k->flags & ROAD_RPU_WORK_NARROW,
						 &narrows,
						 "road_image_load: bytes, a kernel that narrows");
	return status;
}

road_status rpu_engine_check(const struct rpu *rpu, const struct road_region_payload *payload)
{
	struct road_rpu_engine_kernel k;
	uint64_t reserved = 0;

	if (payload->byte_count != sizeof(k))
		return refuse(payload, 0, "truncated, or too long", payload->byte_count, "48");
	memcpy(&k, payload->bytes, sizeof(k));
	memcpy(&reserved, k.reserved, sizeof(k.reserved));
	const struct {
		bool bad;
		size_t at;
		const char *what;
		uint64_t seen;
		const char *allowed;
	} rules[] = {
		{k.magic != ROAD_RPU_ENGINE_MAGIC, AT(magic), "no kernel of an engine", k.magic,
		 "the magic 1262830162"},
		{k.version != ROAD_RPU_ENGINE_VERSION, AT(version), "another version", k.version,
		 "1"},
		{k.engine != ROAD_RPU_ENGINE_NEUR, AT(engine), "an engine without kernels",
		 k.engine, "1: NEUR"},
		{k.type > ROAD_RPU_GEMM_S8, AT(type), "no such type", k.type, "0 to 2"},
		{k.flags & ~(ROAD_RPU_WORK_ADD | ROAD_RPU_WORK_NARROW), AT(flags), "unknown flags",
		 k.flags, "32, 64"},
		{reserved != 0, AT(reserved), "reserved field in use", reserved, "0"},
		{!is_name(k.name), AT(name), "no name of a kernel", k.name[0],
		 "1 to 31 letters, digits and _, then zeros"},
	};

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].bad)
			return refuse(payload, rules[i].at, rules[i].what, rules[i].seen,
				      rules[i].allowed);
	if (rpu->params.features & ROAD_RPU_FEATURE_NEUR)
		return check_firmware(rpu, &k);
	return road_drv_error(ROAD_IMAGE_INCOMPATIBLE, "the chip has no such engine",
			      "road_image_load: bytes", "NEUR", "see compute.neur_macs_per_second");
}

/* ---- kernels ---- */

#define ARGUMENT(member)                                                           \
	{                                                                          \
		.size = sizeof(struct road_argument_info),                         \
		.offset = offsetof(struct road_rpu_gemm_arguments, member),        \
		.bytes = sizeof(((struct road_rpu_gemm_arguments *)0)->member),    \
		.alignment = sizeof(((struct road_rpu_gemm_arguments *)0)->member) \
	}

void rpu_engine_describe(struct rpu_kernel *kernel, struct road_kernel_info *info)
{
	static const struct road_argument_info arguments[] = {
		ARGUMENT(a), ARGUMENT(b),       ARGUMENT(c),       ARGUMENT(m),      ARGUMENT(n),
		ARGUMENT(k), ARGUMENT(a_pitch), ARGUMENT(b_pitch), ARGUMENT(c_pitch)};

	memcpy(kernel->arguments, arguments, sizeof(arguments));
	info->argument_count = sizeof(arguments) / sizeof(arguments[0]);
	info->argument_bytes = sizeof(struct road_rpu_gemm_arguments);
}

uint32_t rpu_engine_element(const struct road_rpu_engine_kernel *kernel, bool result)
{
	if (result && !(kernel->flags & ROAD_RPU_WORK_NARROW))
		return 4;
	return kernel->type == ROAD_RPU_GEMM_S8 ? 1 : 2;
}

/* ---- launches ---- */

static struct road_rpu_gemm_arguments arguments_of(const struct road_cmd_launch *launch)
{
	struct road_rpu_gemm_arguments arguments;

	memcpy(&arguments, launch->arguments, sizeof(arguments));
	return arguments;
}

struct road_rpu_gemm rpu_engine_entry(const struct road_cmd_launch *launch)
{
	const struct road_rpu_engine_kernel *kernel =
		&((const struct rpu_kernel *)launch->kernel->data)->engine;
	const struct road_rpu_gemm_arguments g = arguments_of(launch);
	uint32_t in = rpu_engine_element(kernel, false), out = rpu_engine_element(kernel, true);

	return (struct road_rpu_gemm){
		.work = ROAD_RPU_WORK_GEMM,
		.flags = kernel->flags,
		.engine = kernel->engine,
		.type = kernel->type,
		.a = (uint32_t)(g.a - ROAD_RPU_SPM_BASE),
		.b = (uint32_t)(g.b - ROAD_RPU_SPM_BASE),
		.c = (uint32_t)(g.c - ROAD_RPU_SPM_BASE),
		.a_pitch = g.a_pitch ? g.a_pitch : g.k * in,
		.b_pitch = g.b_pitch ? g.b_pitch : g.n * in,
		.c_pitch = g.c_pitch ? g.c_pitch : g.n * out,
		.m = g.m,
		.n = g.n,
		.k = g.k,
	};
}

static road_status bad_argument(const char *name, const char *what, uint64_t seen, uint64_t allowed)
{
	char where[64], have[32], may[48];

	snprintf(where, sizeof(where), "road_list_launch: arguments, %s", name);
	snprintf(have, sizeof(have), "0x%" PRIx64, seen);
	snprintf(may, sizeof(may), "0x%" PRIx64, allowed);
	return road_drv_error(ROAD_INVALID_ARGUMENT, what, where, have, may);
}

struct matrix {
	const char *name, *pitch_name;
	uint64_t at;
	uint32_t rows, columns, pitch, element;
};

static road_status check_matrix(const struct matrix *m, uint64_t spm_bytes)
{
	const uint64_t row = (uint64_t)m->columns * m->element, pitch = m->pitch ? m->pitch : row;
	const uint64_t end = ROAD_RPU_SPM_BASE + spm_bytes;

	if (pitch < row || pitch % m->element)
		return bad_argument(m->pitch_name, "rows overlap, or are misaligned", pitch, row);
	if (m->at % m->element)
		return bad_argument(m->name, "a matrix that is not aligned to its element", m->at,
				    m->element);
	if (m->at < ROAD_RPU_SPM_BASE || m->at >= end)
		return bad_argument(m->name, "a matrix that is not in the scratchpad", m->at,
				    ROAD_RPU_SPM_BASE);
	if ((m->rows - 1) * pitch + row > end - m->at)
		return bad_argument(m->name, "a matrix that leaves the scratchpad",
				    (m->rows - 1) * pitch + row, end - m->at);
	return ROAD_OK;
}

static uint64_t end_of(const struct matrix *m)
{
	const uint64_t row = (uint64_t)m->columns * m->element;

	return m->at + (m->rows - 1) * (m->pitch ? m->pitch : row) + row;
}

/* The result is written while operands are read, in an order that is the engine's own. */
static road_status check_apart(const struct matrix *result, const struct matrix *operand)
{
	if (result->at >= end_of(operand) || operand->at >= end_of(result))
		return ROAD_OK;
	return bad_argument(result->name, "a result that overlaps an operand", result->at,
			    end_of(operand));
}

static road_status check_matrices(const struct rpu_kernel *kernel,
				  const struct road_rpu_gemm_arguments *g)
{
	const uint32_t in = rpu_engine_element(&kernel->engine, false);
	const uint32_t out = rpu_engine_element(&kernel->engine, true);
	const struct matrix matrices[] = {
		{"a", "a_pitch", g->a, g->m, g->k, g->a_pitch, in},
		{"b", "b_pitch", g->b, g->k, g->n, g->b_pitch, in},
		{"c", "c_pitch", g->c, g->m, g->n, g->c_pitch, out},
	};
	road_status status = ROAD_OK;

	for (size_t i = 0; i < 3 && !status; i++)
		status = check_matrix(&matrices[i], kernel->image->rpu->params.spm_bytes);
	for (size_t i = 0; i < 2 && !status; i++)
		status = check_apart(&matrices[2], &matrices[i]);
	return status;
}

road_status rpu_engine_check_launch(const struct road_cmd_launch *launch)
{
	const struct rpu_kernel *kernel = launch->kernel->data;
	const struct road_rpu_gemm_arguments g = arguments_of(launch);
	const struct {
		const char *name;
		uint32_t value;
	} sizes[] = {{"m", g.m}, {"n", g.n}, {"k", g.k}};

	if (launch->configuration)
		return road_drv_error(ROAD_INVALID_ARGUMENT, "a kernel of an engine has none",
				      "road_list_launch: configuration", kernel->entry->name, "0");
	if (launch->grid.x != 1 || launch->grid.y != 1 || launch->grid.z != 1)
		return road_drv_error(ROAD_INVALID_ARGUMENT, "each tile of the region does it once",
				      "road_list_launch: grid", kernel->entry->name, "1, 1, 1");
	for (size_t i = 0; i < 3; i++)
		if (!sizes[i].value || sizes[i].value > kernel->image->rpu->params.spm_bytes)
			return bad_argument(sizes[i].name, "a size that no scratchpad holds",
					    sizes[i].value, kernel->image->rpu->params.spm_bytes);
	return check_matrices(kernel, &g);
}
