/* SPDX-License-Identifier: Apache-2.0 */
/* vprintf and __assertfail (CUDA C++ Programming Guide, "Formatted Output", "Assertion"). */
#include "drivers/gpu/ptx/lower.h"
#include "uapi/gpu/print.h"

struct builtin {
	const char *name;
	const char *shape; /* bytes of results, then of parameters */
	uint32_t results, params;
	void (*lower)(struct ptx *p, const struct instr *in, const struct prototype *prototype,
		      const struct operand *values);
};

/* (result) vprintf (format, buffer) */
static void lower_vprintf(struct ptx *p, const struct instr *in, const struct prototype *prototype,
			  const struct operand *values)
{
	struct val format = call_argument(p, in, &prototype->values[1], &values[1]);
	struct val buffer = call_argument(p, in, &prototype->values[2], &values[2]);
	uint32_t d = temp(p, CLASS_R), to = call_result(p, &prototype->values[0], &values[0]);

	format = in_register(p, in, CLASS_D, format);
	emit(p, in, ROAD_GPU_OP_print, d, format, buffer, VAL_NONE);
	if (to)
		emit_mov(p, in, CLASS_R, to, val_reg(d));
}

static void store(struct ptx *p, const struct instr *in, unsigned op, uint32_t base,
		  uint32_t offset, struct val v)
{
	const struct address address = {base, (int32_t)offset, ROAD_GPU_FORM_ADDR32};
	enum reg_class cls = op == ROAD_GPU_OP_st_b64 ? CLASS_D : CLASS_R;
	struct inst *i = emit_memory(p, in, op, 0, &address, in_register(p, in, cls, v).vreg);

	i->mods = ROAD_GPU_SPACE_LOCAL;
}

/* __assertfail (message, file, line, function, size of a character) */
static void lower_assertfail(struct ptx *p, const struct instr *in,
			     const struct prototype *prototype, const struct operand *values)
{
	static const uint32_t offsets[] = {
		offsetof(struct road_gpu_print_assert, message),
		offsetof(struct road_gpu_print_assert, file),
		offsetof(struct road_gpu_print_assert, line),
		offsetof(struct road_gpu_print_assert, function),
	};
	const struct declaration buffer = {
		.at = in->at, .align = 8, .bytes = sizeof(struct road_gpu_print_assert)};
	uint32_t at = frame_reserve(p, &buffer), base = frame_base(p);
	struct val start = val_const(ROAD_GPU_LOCAL_WINDOW + at);

	for (unsigned k = 0; k < 4; k++)
		store(p, in, k == 2 ? ROAD_GPU_OP_st_b32 : ROAD_GPU_OP_st_b64, base,
		      at + offsets[k], call_argument(p, in, &prototype->values[k], &values[k]));
	if (base) {
		uint32_t wide = temp(p, CLASS_D);

		emit(p, in, ROAD_GPU_OP_cvt_64_32, wide, val_reg(base), VAL_NONE, VAL_NONE)->aux =
			ROAD_GPU_CVT(ROAD_GPU_U64, ROAD_GPU_U32);
		start = emit_r(p, in, ROAD_GPU_OP_add_u64, val_reg(wide),
			       in_register(p, in, CLASS_D, start), VAL_NONE);
	}
	emit(p, in, ROAD_GPU_OP_assert_fail, 0, in_register(p, in, CLASS_D, start), VAL_NONE,
	     VAL_NONE);
}

static const struct builtin builtins[] = {
	{"vprintf", "\4\10\10", 1, 2, lower_vprintf},
	{"__assertfail", "\10\10\4\10\10", 0, 5, lower_assertfail},
};

static bool fits(const struct builtin *b, const struct prototype *prototype)
{
	if (prototype->results != b->results || prototype->params != b->params)
		return false;
	for (uint32_t k = 0; k < b->results + b->params; k++)
		if (prototype->values[k].in_memory ||
		    prototype->values[k].bytes != (uint32_t)b->shape[k])
			return false;
	return true;
}

bool lower_builtin(struct ptx *p, const struct instr *in, const struct routine *routine,
		   const struct operand *values)
{
	for (size_t k = 0; k < sizeof(builtins) / sizeof(builtins[0]); k++) {
		const struct builtin *b = &builtins[k];

		if (!slice_is(routine->name, b->name))
			continue;
		if (fits(b, routine->prototype))
			b->lower(p, in, routine->prototype, values);
		else
			function_refuse(p, in->at,
					"call of '%s', which line %u declares with other "
					"parameters than CUDA has",
					b->name, routine->at.line);
		return true;
	}
	return false;
}
