/* SPDX-License-Identifier: Apache-2.0 */
/* Control flow and barriers (PTX ISA, sections 9.7.12 and 9.7.13). */
#include "drivers/gpu/ptx/lower.h"

#define BARRIERS 16u

static const struct operand *label_operand(struct ptx *p, const struct instr *in, unsigned k)
{
	const struct operand *o = &in->operands[k];

	if (o->kind != OPERAND_NAME)
		ptx_fail(p, o->at, "operand %u of '%.*s' must be a label", k + 1, SLICE(in->name));
	return o;
}

void lower_bra(struct ptx *p, const struct instr *in)
{
	const struct operand *o = label_operand(p, in, 0);
	uint32_t label = label_use(p, o->name, o->at);

	emit(p, in, ROAD_GPU_OP_bra, 0, VAL_NONE, VAL_NONE, VAL_NONE)->target = label;
}

void lower_brx(struct ptx *p, const struct instr *in)
{
	const struct operand *o = label_operand(p, in, 1);
	struct val index = in_register(p, in, CLASS_R, lower_src(p, in, 0, TYPE_U32));
	uint32_t label = label_use(p, o->name, o->at);

	emit(p, in, ROAD_GPU_OP_brx, 0, index, VAL_NONE, VAL_NONE)->target = label;
}

void lower_exit(struct ptx *p, const struct instr *in)
{
	emit(p, in, ROAD_GPU_OP_exit, 0, VAL_NONE, VAL_NONE, VAL_NONE);
}

void lower_trap(struct ptx *p, const struct instr *in)
{
	emit(p, in, ROAD_GPU_OP_trap, 0, VAL_NONE, VAL_NONE, VAL_NONE);
}

static void note_barrier(struct ptx *p, const struct operand *o, struct val v)
{
	uint32_t used = BARRIERS; /* in a register: any */

	if (v.is_const && v.bits >= BARRIERS)
		ptx_fail(p, o->at, "barrier %llu; allowed: 0 to %u", (unsigned long long)v.bits,
			 BARRIERS - 1);
	if (v.is_const)
		used = (uint32_t)v.bits + 1;
	if (p->function->info.barriers < used)
		p->function->info.barriers = used;
}

/* Operand k: how many threads take part. */
static struct val barrier_threads(struct ptx *p, const struct instr *in, unsigned k)
{
	struct val threads = lower_src(p, in, k, TYPE_U32);

	if (threads.is_const && (!threads.bits || threads.bits % ROAD_GPU_WARP_LANES))
		ptx_fail(p, in->operands[k].at,
			 "barrier for %llu threads; must be a multiple of %u",
			 (unsigned long long)threads.bits, ROAD_GPU_WARP_LANES);
	/* RZ in the field means all threads, so an immediate would say two things */
	return in_register(p, in, CLASS_R, threads);
}

void lower_bar(struct ptx *p, const struct instr *in)
{
	bool arrives = in->flags & FLAG_ARRIVE;
	struct val barrier = lower_src(p, in, 0, TYPE_U32), threads = VAL_NONE;

	if (arrives && in->operand_count < 2)
		ptx_fail(p, in->at, "'%.*s.arrive' needs a thread count", SLICE(in->name));
	note_barrier(p, &in->operands[0], barrier);
	if (in->operand_count > 1)
		threads = barrier_threads(p, in, 1);
	emit(p, in, arrives ? ROAD_GPU_OP_bar_arrive : ROAD_GPU_OP_bar_sync, 0, barrier, threads,
	     VAL_NONE);
}

/* bar.red.popc.u32 d, a, b, c and bar.red.{and,or}.pred p, a, b, c; b may be left out */
void lower_bar_red(struct ptx *p, const struct instr *in)
{
	bool popc = in->types[0] == TYPE_U32;
	struct val barrier = lower_src(p, in, 1, TYPE_U32), threads = VAL_NONE;

	if (popc ? in->operation != OPERATION_POPC
		 : in->combine != ROAD_GPU_BOOL_AND && in->combine != ROAD_GPU_BOOL_OR)
		ptx_fail(p, in->at,
			 "operation of '%.*s.red'; allowed: .popc.u32 .and.pred .or.pred",
			 SLICE(in->name));
	uint32_t d = popc ? lower_dst(p, in, 0, TYPE_U32) : lower_pred_dst(p, &in->operands[0]);

	note_barrier(p, &in->operands[1], barrier);
	if (in->operand_count > 3)
		threads = barrier_threads(p, in, 2);
	emit(p, in,
	     popc                               ? ROAD_GPU_OP_bar_red_popc
	     : in->combine == ROAD_GPU_BOOL_AND ? ROAD_GPU_OP_bar_red_and
						: ROAD_GPU_OP_bar_red_or,
	     d, barrier, threads, lower_pred(p, &in->operands[in->operand_count - 1]));
}
