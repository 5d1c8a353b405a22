/* SPDX-License-Identifier: Apache-2.0 */
/* Barriers in shared memory (PTX ISA, section 9.7.13.15). */
#include "drivers/gpu/ptx/lower.h"

/* The orders that PTX gives an operation; the chip's words are always that strict. */
static void check_order(struct ptx *p, const struct instr *in, int sem)
{
	if (in->sem < 0 && in->scope < 0)
		return;
	if (in->scope < 0 || (in->sem != sem && in->sem != ROAD_GPU_SEM_RELAXED))
		ptx_fail(p, in->at,
			 "memory order of 'mbarrier'; allowed: .relaxed or %s, with .cta "
			 "or .cluster",
			 sem == ROAD_GPU_SEM_ACQUIRE ? ".acquire" : ".release");
}

static void check_form(struct ptx *p, const struct instr *in, int form)
{
	if (in->form >= 0 && in->form != form)
		ptx_fail(p, in->at, "form of '%.*s' here; allowed: %s", SLICE(in->name),
			 form == FORM_NO_COMPLETE ? ".noComplete"
			 : form == FORM_PARITY    ? ".parity"
			 : form == FORM_NO_INC    ? ".noinc"
						  : "none");
}

static void check_count(struct ptx *p, const struct instr *in, unsigned low, unsigned high)
{
	if (in->operand_count < low || in->operand_count > high)
		ptx_fail(p, in->at, "'mbarrier' has %u operands here, needs %u to %u",
			 in->operand_count, low, high);
}

static struct inst *emit_barrier(struct ptx *p, const struct instr *in, unsigned op, uint32_t d,
				 const struct operand *address, uint32_t b)
{
	if (in->space > 0 && in->space != ROAD_GPU_SPACE_SHARED)
		ptx_fail(p, in->at, "state space of '%.*s'; allowed: .shared, or none",
			 SLICE(in->name));
	struct address at = lower_address(p, in, address, space_of(in));
	struct inst *i = emit_memory(p, in, op, d, &at, b);

	i->mods &= ROAD_GPU_MEM_SPACE_MASK;
	return i;
}

static uint32_t count_operand(struct ptx *p, const struct instr *in, unsigned k)
{
	struct val count = val_const(1);

	if (in->operand_count > k)
		count = lower_src(p, in, k, TYPE_U32);
	return in_register(p, in, CLASS_R, count).vreg;
}

static void lower_arrival(struct ptx *p, const struct instr *in, bool drop)
{
	bool stays = in->form == FORM_NO_COMPLETE;

	check_order(p, in, ROAD_GPU_SEM_RELEASE);
	check_form(p, in, FORM_NO_COMPLETE);
	check_count(p, in, stays ? 3 : 2, 3);
	uint32_t d = lower_dst(p, in, 0, TYPE_B64), count = count_operand(p, in, 2);
	unsigned aux = drop ? ROAD_GPU_MBARRIER_DROP : ROAD_GPU_MBARRIER_ARRIVE;

	if (stays)
		aux = drop ? ROAD_GPU_MBARRIER_DROP_NO_COMPLETE
			   : ROAD_GPU_MBARRIER_ARRIVE_NO_COMPLETE;
	emit_barrier(p, in, ROAD_GPU_OP_mbarrier, d, &in->operands[1], count)->aux = (uint16_t)aux;
}

/* try_wait may wait a while for the phase; here it looks once, as test_wait does. */
static void lower_test(struct ptx *p, const struct instr *in)
{
	bool parity = in->form == FORM_PARITY;
	enum ptx_type type = parity ? TYPE_U32 : TYPE_B64;

	check_order(p, in, ROAD_GPU_SEM_ACQUIRE);
	check_form(p, in, FORM_PARITY);
	check_count(p, in, 3, in->action == MBARRIER_TRY ? 4 : 3);
	uint32_t d = lower_pred_dst(p, &in->operands[0]);
	struct val b = in_register(p, in, type_class(type), lower_src(p, in, 2, type));

	emit_barrier(p, in, parity ? ROAD_GPU_OP_mbarrier_parity : ROAD_GPU_OP_mbarrier_test, d,
		     &in->operands[1], b.vreg);
}

static void lower_pending(struct ptx *p, const struct instr *in)
{
	check_form(p, in, -1);
	check_count(p, in, 2, 2);
	if (in->space > 0)
		ptx_fail(p, in->at, "state space of 'mbarrier.pending_count'");
	struct val state = in_register(p, in, CLASS_D, lower_src(p, in, 1, TYPE_B64));
	struct val low = emit_r(p, in, ROAD_GPU_OP_unlo_b64, state, VAL_NONE, VAL_NONE);

	emit(p, in, ROAD_GPU_OP_and_b32, lower_dst(p, in, 0, TYPE_U32), low,
	     val_const(ROAD_GPU_MBARRIER_COUNT_MAX), VAL_NONE);
}

static void lower_life(struct ptx *p, const struct instr *in)
{
	bool starts = in->action == MBARRIER_INIT;

	if (in->sem >= 0 || in->scope >= 0)
		ptx_fail(p, in->at,
			 "memory order of 'mbarrier'; allowed with .arrive .arrive_drop "
			 ".test_wait .try_wait only");
	check_form(p, in, -1);
	check_count(p, in, starts ? 2 : 1, starts ? 2 : 1);
	emit_barrier(p, in, ROAD_GPU_OP_mbarrier, 0, &in->operands[0],
		     starts ? count_operand(p, in, 1) : 0)
		->aux = starts ? ROAD_GPU_MBARRIER_INIT : ROAD_GPU_MBARRIER_INVAL;
}

void lower_mbarrier(struct ptx *p, const struct instr *in)
{
	if (in->flags & FLAG_ARRIVE) {
		lower_arrival(p, in, false);
		return;
	}
	switch (in->action) {
	case MBARRIER_DROP: lower_arrival(p, in, true); break;
	case MBARRIER_TEST:
	case MBARRIER_TRY: lower_test(p, in); break;
	case MBARRIER_PENDING: lower_pending(p, in); break;
	case MBARRIER_INIT:
	case MBARRIER_INVAL: lower_life(p, in); break;
	default:
		ptx_fail(p, in->at,
			 "action of 'mbarrier'; allowed: .init .inval .arrive .arrive_drop "
			 ".test_wait .try_wait .pending_count");
	}
}

/* cp.async.mbarrier.arrive */
void lower_cp_async_arrive(struct ptx *p, const struct instr *in)
{
	if (in->action != COPY_MBARRIER)
		ptx_fail(p, in->at, "'cp.async' with .arrive; allowed: .mbarrier.arrive");
	check_form(p, in, FORM_NO_INC);
	emit_barrier(p, in, ROAD_GPU_OP_copy_arrive, 0, &in->operands[0], 0)->aux =
		in->form == FORM_NO_INC ? ROAD_GPU_MBARRIER_NO_INC : 0;
}
