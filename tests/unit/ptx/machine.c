/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/ptx/machine.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/ptx/machine_lane.h"
#include "tests/unit/ptx/verify.h"

struct kinds {
	uint8_t d, a, b, c, mods;
};
static const struct kinds kinds[ROAD_GPU_OPS] = {
#define OP(name, unit, latency, tier, d, a, b, c, mods)                                          \
	{ROAD_GPU_OPERAND_##d, ROAD_GPU_OPERAND_##a, ROAD_GPU_OPERAND_##b, ROAD_GPU_OPERAND_##c, \
	 ROAD_GPU_MODS_##mods},
#include "uapi/gpu/ops.def"
#undef OP
};

static float f32(uint64_t bits)
{
	uint32_t low = (uint32_t)bits;
	float f;

	memcpy(&f, &low, sizeof(f));
	return f;
}

static uint64_t bits32(float f)
{
	uint32_t bits;

	memcpy(&bits, &f, sizeof(bits));
	return isnan(f) ? 0x7fffffff : bits;
}

static double f64(uint64_t bits)
{
	double f;

	memcpy(&f, &bits, sizeof(f));
	return f;
}

static uint64_t bits64(double f)
{
	uint64_t bits;

	memcpy(&bits, &f, sizeof(bits));
	return bits;
}

bool lane_pred(const struct lane *lane, unsigned field)
{
	unsigned n = field & 63;
	bool value = n == ROAD_GPU_PT || lane->preds[n];

	return field & ROAD_GPU_PNOT ? !value : value;
}

uint64_t lane_reg(const struct lane *lane, const struct road_gpu_word *w, unsigned kind,
		  unsigned field, unsigned form)
{
	if (kind == ROAD_GPU_OPERAND_P)
		return lane_pred(lane, field);
	if ((w->form & ROAD_GPU_FORM_IMM_MASK) == form) {
		if (kind == ROAD_GPU_OPERAND_R)
			return (uint32_t)w->imm;
		return w->form & ROAD_GPU_FORM_IMM_HIGH ? (uint64_t)(uint32_t)w->imm << 32
							: (uint64_t)(int64_t)w->imm;
	}
	if (field == ROAD_GPU_RZ)
		return 0;
	if (kind == ROAD_GPU_OPERAND_A)
		kind = w->form & ROAD_GPU_FORM_ADDR32 ? ROAD_GPU_OPERAND_R : ROAD_GPU_OPERAND_D;
	return kind == ROAD_GPU_OPERAND_D ? lane->pairs[field] : lane->rows[field];
}

static void fault(struct machine *m, const struct lane *lane, const char *what)
{
	if (m->fault)
		return;
	m->fault = what;
	m->fault_word = lane->pc;
}

static uint8_t *memory(struct machine *m, struct lane *lane, unsigned space, uint64_t address,
		       unsigned bytes)
{
	static uint8_t nowhere[16];
	struct {
		uint64_t base, size;
		uint8_t *at;
	} parts[] = {{MACHINE_GLOBAL, sizeof(m->global), m->global},
		     {MACHINE_DATA, sizeof(m->data), m->data},
		     {ROAD_GPU_SHARED_WINDOW, sizeof(m->shared), m->shared},
		     {ROAD_GPU_LOCAL_WINDOW, sizeof(lane->local), lane->local},
		     {ROAD_GPU_UNMAPPED / 2, sizeof(m->params), m->params}};
	unsigned low = 0, high = 2;

	switch (space) {
	case ROAD_GPU_SPACE_GENERIC: high = 4; break;
	case ROAD_GPU_SPACE_SHARED: low = 2, high = 3, address += ROAD_GPU_SHARED_WINDOW; break;
	case ROAD_GPU_SPACE_LOCAL: low = 3, high = 4, address += ROAD_GPU_LOCAL_WINDOW; break;
	case ROAD_GPU_SPACE_PARAM: low = 4, high = 5, address += ROAD_GPU_UNMAPPED / 2; break;
	default: break;
	}
	if (address % bytes)
		fault(m, lane, "misaligned");
	for (unsigned k = low; k < high; k++)
		if (address >= parts[k].base && address - parts[k].base + bytes <= parts[k].size)
			return parts[k].at + (address - parts[k].base);
	fault(m, lane, "address out of bounds");
	return nowhere;
}

static unsigned width(unsigned op, unsigned *count)
{
	*count = 1;
	switch (op) {
	case ROAD_GPU_OP_ld_u8:
	case ROAD_GPU_OP_ld_s8:
	case ROAD_GPU_OP_st_b8: return 1;
	case ROAD_GPU_OP_ld_u16:
	case ROAD_GPU_OP_ld_s16:
	case ROAD_GPU_OP_st_b16: return 2;
	case ROAD_GPU_OP_ld_b32:
	case ROAD_GPU_OP_st_b32: return 4;
	case ROAD_GPU_OP_ld_v2_b32:
	case ROAD_GPU_OP_st_v2_b32: *count = 2; return 4;
	case ROAD_GPU_OP_ld_v4_b32:
	case ROAD_GPU_OP_st_v4_b32: *count = 4; return 4;
	case ROAD_GPU_OP_ld_v2_b64:
	case ROAD_GPU_OP_st_v2_b64: *count = 2; return 8;
	default: return 8;
	}
}

static uint64_t updated(const struct road_gpu_word *w, uint64_t old, uint64_t b, unsigned bits)
{
	unsigned shift = 64 - bits;
	bool less = old < b, less_signed = (int64_t)(old << shift) < (int64_t)(b << shift);

	switch (w->aux) {
	case ROAD_GPU_ATOM_ADD: return old + b;
	case ROAD_GPU_ATOM_INC: return old >= b ? 0 : old + 1;
	case ROAD_GPU_ATOM_DEC: return !old || old > b ? b : old - 1;
	case ROAD_GPU_ATOM_MIN_U: return less ? old : b;
	case ROAD_GPU_ATOM_MAX_U: return less ? b : old;
	case ROAD_GPU_ATOM_MIN_S: return less_signed ? old : b;
	case ROAD_GPU_ATOM_MAX_S: return less_signed ? b : old;
	case ROAD_GPU_ATOM_AND: return old & b;
	case ROAD_GPU_ATOM_OR: return old | b;
	case ROAD_GPU_ATOM_XOR: return old ^ b;
	case ROAD_GPU_ATOM_ADD_F:
		return bits == 64 ? bits64(f64(old) + f64(b)) : bits32(f32(old) + f32(b));
	default: return b;
	}
}

static void update_memory(struct machine *m, struct lane *lane, const struct road_gpu_word *w,
			  uint64_t a, uint64_t b, uint64_t c)
{
	unsigned bits = kinds[w->op].b == ROAD_GPU_OPERAND_D ? 64 : 32;
	uint64_t address = a + (uint64_t)(int64_t)w->imm, old = 0, now;
	bool cas = kinds[w->op].mods == ROAD_GPU_MODS_CAS;

	if (w->form & ROAD_GPU_FORM_ADDR32)
		address = (uint32_t)address;
	uint8_t *at = memory(m, lane, w->mods & ROAD_GPU_MEM_SPACE_MASK, address, bits / 8);

	memcpy(&old, at, bits / 8);
	now = cas ? old == b ? c : old : updated(w, old, b, bits);
	memcpy(at, &now, bits / 8);
	lane_write(lane, w, old);
}

static void access_memory(struct machine *m, struct lane *lane, const struct road_gpu_word *w,
			  uint64_t a)
{
	unsigned count, bytes = width(w->op, &count);
	bool is_load = kinds[w->op].d != ROAD_GPU_OPERAND_N;
	uint64_t address = a + (uint64_t)(int64_t)w->imm;
	uint8_t *at;

	if (w->form & ROAD_GPU_FORM_ADDR32)
		address = (uint32_t)address;
	at = memory(m, lane, w->mods & ROAD_GPU_MEM_SPACE_MASK, address, bytes * count);
	for (unsigned k = 0; k < count; k++) {
		unsigned r = (is_load ? w->d : w->b) + k * (bytes == 8 ? 2 : 1);
		uint64_t value = r == ROAD_GPU_RZ ? 0 : bytes == 8 ? lane->pairs[r] : lane->rows[r];

		if (!is_load) {
			memcpy(at + k * bytes, &value, bytes);
			continue;
		}
		value = 0;
		memcpy(&value, at + k * bytes, bytes);
		if (w->op == ROAD_GPU_OP_ld_s8)
			value = (uint64_t)(int64_t)(int8_t)value;
		if (w->op == ROAD_GPU_OP_ld_s16)
			value = (uint64_t)(int64_t)(int16_t)value;
		if (bytes == 8)
			lane->pairs[r] = value;
		else
			lane->rows[r] = (uint32_t)value;
	}
}

static bool compare(unsigned cmp, bool less, bool equal, bool unordered)
{
	static const uint8_t truth[ROAD_GPU_CMPS] = {
		/* bits: less, equal, greater, unordered */
		[ROAD_GPU_CMP_EQ] = 2,   [ROAD_GPU_CMP_NE] = 5,   [ROAD_GPU_CMP_LT] = 1,
		[ROAD_GPU_CMP_LE] = 3,   [ROAD_GPU_CMP_GT] = 4,   [ROAD_GPU_CMP_GE] = 6,
		[ROAD_GPU_CMP_EQU] = 10, [ROAD_GPU_CMP_NEU] = 13, [ROAD_GPU_CMP_LTU] = 9,
		[ROAD_GPU_CMP_LEU] = 11, [ROAD_GPU_CMP_GTU] = 12, [ROAD_GPU_CMP_GEU] = 14,
		[ROAD_GPU_CMP_NUM] = 7,  [ROAD_GPU_CMP_NAN] = 8};

	return truth[cmp] >> (unordered ? 3 : less ? 0 : equal ? 1 : 2) & 1;
}

static void set_predicate(struct lane *lane, const struct road_gpu_word *w, uint64_t a, uint64_t b)
{
	bool less, equal = a == b, unordered = false, c = lane_pred(lane, w->c);

	switch (w->op) {
	case ROAD_GPU_OP_setp_s32: less = (int32_t)a < (int32_t)b; break;
	case ROAD_GPU_OP_setp_s64: less = (int64_t)a < (int64_t)b; break;
	case ROAD_GPU_OP_setp_f32:
		less = f32(a) < f32(b);
		equal = !(f32(a) < f32(b)) && !(f32(a) > f32(b));
		unordered = isnan(f32(a)) || isnan(f32(b));
		break;
	case ROAD_GPU_OP_setp_f64:
		less = f64(a) < f64(b);
		equal = !(f64(a) < f64(b)) && !(f64(a) > f64(b));
		unordered = isnan(f64(a)) || isnan(f64(b));
		break;
	default: less = a < b; break;
	}
	bool holds = compare((w->mods & ROAD_GPU_MOD_CMP_MASK) >> ROAD_GPU_MOD_CMP_SHIFT, less,
			     equal, unordered);
	bool results[2] = {holds, !holds};

	for (unsigned k = 0; k < 2; k++) {
		unsigned d = k ? w->aux : w->d;

		switch ((w->mods & ROAD_GPU_MOD_BOOL_MASK) >> ROAD_GPU_MOD_BOOL_SHIFT) {
		case ROAD_GPU_BOOL_AND: results[k] &= c; break;
		case ROAD_GPU_BOOL_OR: results[k] |= c; break;
		case ROAD_GPU_BOOL_XOR: results[k] ^= c; break;
		default: break;
		}
		if (d != ROAD_GPU_PT)
			lane->preds[d] = results[k];
	}
}

static double rounded(double x, unsigned mode)
{
	switch (mode) {
	case ROAD_GPU_RZ_: return trunc(x);
	case ROAD_GPU_RM: return floor(x);
	case ROAD_GPU_RP: return ceil(x);
	default: return nearbyint(x);
	}
}

static uint64_t to_integer(double x, unsigned to)
{
	static const int bits[] = {8, 8, 16, 16, 32, 32, 64, 64};
	bool is_signed = to & 1;
	double top = ldexp(1, bits[to] - is_signed), bottom = is_signed ? -top : 0;

	if (isnan(x))
		return 0;
	if (x >= top)
		return is_signed ? (UINT64_C(1) << (bits[to] - 1)) - 1
				 : ~UINT64_C(0) >> (64 - bits[to]);
	if (x <= bottom)
		return is_signed ? UINT64_C(1) << (bits[to] - 1) : 0;
	return is_signed ? (uint64_t)(int64_t)x : (uint64_t)x;
}

static uint64_t convert(const struct road_gpu_word *w, uint64_t a)
{
	unsigned to = ROAD_GPU_CVT_TO(w->aux), from = ROAD_GPU_CVT_FROM(w->aux);
	static const uint64_t masks[] = {0xff,       0xff,       0xffff,       0xffff,
					 UINT32_MAX, UINT32_MAX, ~UINT64_C(0), ~UINT64_C(0)};
	static const int bits[] = {8, 8, 16, 16, 32, 32, 64, 64};
	double x;

	if (from < ROAD_GPU_F16) {
		a &= masks[from];
		if (from & 1 && bits[from] < 64 && a >> (bits[from] - 1))
			a |= ~masks[from];
		x = from & 1 ? (double)(int64_t)a : (double)a;
		if (to < ROAD_GPU_F16)
			return (w->mods & ROAD_GPU_MOD_SAT ? to_integer(x, to) : a) & masks[to];
		if (to == ROAD_GPU_F32)
			return bits32(from & 1 ? (float)(int64_t)a : (float)a);
		return bits64(x);
	}
	x = from == ROAD_GPU_F32 ? f32(a) : f64(a);
	if (w->mods & ROAD_GPU_MOD_SAT && to >= ROAD_GPU_F16)
		x = x > 0 ? x < 1 ? x : 1 : 0;
	if (to < ROAD_GPU_F16)
		return to_integer(rounded(x, w->mods & ROAD_GPU_MOD_ROUND_MASK), to) & masks[to];
	if (w->aux & ROAD_GPU_CVT_INTEGRAL)
		x = rounded(x, w->mods & ROAD_GPU_MOD_ROUND_MASK);
	return to == ROAD_GPU_F32 ? bits32((float)x) : bits64(x);
}

static uint64_t special(const struct machine *m, const struct lane *lane, unsigned sreg)
{
	if (sreg <= ROAD_GPU_SREG_TID_Z)
		return lane->tid[sreg];
	if (sreg <= ROAD_GPU_SREG_NTID_Z)
		return m->ntid[sreg - ROAD_GPU_SREG_NTID_X];
	if (sreg <= ROAD_GPU_SREG_CTAID_Z)
		return lane->ctaid[sreg - ROAD_GPU_SREG_CTAID_X];
	if (sreg <= ROAD_GPU_SREG_NCTAID_Z)
		return m->nctaid[sreg - ROAD_GPU_SREG_NCTAID_X];
	return sreg == ROAD_GPU_SREG_LANEID ? lane->tid[0] % 32 : 0;
}

static uint32_t permute(uint64_t bytes, uint32_t selector)
{
	uint32_t out = 0;

	for (unsigned k = 0; k < 4; k++) {
		unsigned s = selector >> 4 * k & 15;
		uint8_t byte = (uint8_t)(bytes >> 8 * (s & 7));

		out |= (uint32_t)(s & 8 ? byte & 0x80 ? 0xff : 0 : byte) << 8 * k;
	}
	return out;
}

static uint64_t look_up(unsigned table, uint64_t a, uint64_t b, uint64_t c)
{
	uint64_t out = 0;

	for (unsigned k = 0; k < 8; k++)
		if (table >> k & 1)
			out |= (k & 4 ? a : ~a) & (k & 2 ? b : ~b) & (k & 1 ? c : ~c);
	return out;
}

static uint64_t field_extract(uint32_t a, uint32_t position, uint32_t length, bool is_signed)
{
	uint64_t wide = is_signed ? (uint64_t)(int64_t)(int32_t)a : a;

	position &= 0xff;
	length &= 0xff;
	if (!length)
		return 0;
	if (is_signed && position + length > 31)
		return (uint64_t)((int64_t)wide >> (position > 31 ? 31 : position));
	wide = position > 31 ? 0 : wide >> position;
	if (length > 31)
		return wide;
	wide &= (UINT64_C(1) << length) - 1;
	if (is_signed && wide >> (length - 1))
		wide |= ~UINT64_C(0) << length;
	return wide;
}

#define S32(x)      ((int32_t)(x))
#define S64(x)      ((int64_t)(x))
#define WIDE(a, b)  ((unsigned __int128)(a) * (b))
#define SWIDE(a, b) ((__int128)S64(a) * S64(b))

static uint64_t integer_op(const struct machine *m, const struct lane *lane,
			   const struct road_gpu_word *w, uint64_t a, uint64_t b, uint64_t c,
			   bool *known)
{
	uint32_t n = (uint32_t)b;

	*known = true;
	switch (w->op) {
	case ROAD_GPU_OP_mov_b32:
	case ROAD_GPU_OP_mov_b64: return b;
	case ROAD_GPU_OP_pack_b64: return a | b << 32;
	case ROAD_GPU_OP_unlo_b64: return (uint32_t)a;
	case ROAD_GPU_OP_unhi_b64: return a >> 32;
	case ROAD_GPU_OP_sreg_b32:
	case ROAD_GPU_OP_sreg_b64: return special(m, lane, w->aux);
	case ROAD_GPU_OP_selp_b32:
	case ROAD_GPU_OP_selp_b64: return c ? a : b;
	case ROAD_GPU_OP_add_u32:
	case ROAD_GPU_OP_add_u64: return a + b;
	case ROAD_GPU_OP_add_s32: {
		int64_t sum = (int64_t)S32(a) + S32(b);

		return (uint32_t)(sum > INT32_MAX ? INT32_MAX : sum < INT32_MIN ? INT32_MIN : sum);
	}
	case ROAD_GPU_OP_sub_u32:
	case ROAD_GPU_OP_sub_u64: return a - b;
	case ROAD_GPU_OP_mul_lo_u32:
	case ROAD_GPU_OP_mul_wide_u32:
	case ROAD_GPU_OP_mul_lo_u64: return a * b;
	case ROAD_GPU_OP_mul_hi_u32: return a * b >> 32;
	case ROAD_GPU_OP_mul_hi_s32: return (uint64_t)((int64_t)S32(a) * S32(b)) >> 32;
	case ROAD_GPU_OP_mul_wide_s32: return (uint64_t)((int64_t)S32(a) * S32(b));
	case ROAD_GPU_OP_mad_lo_u32:
	case ROAD_GPU_OP_mad_wide_u32:
	case ROAD_GPU_OP_mad_lo_u64: return a * b + c;
	case ROAD_GPU_OP_mad_hi_u32: return (a * b >> 32) + c;
	case ROAD_GPU_OP_mad_wide_s32: return (uint64_t)((int64_t)S32(a) * S32(b)) + c;
	case ROAD_GPU_OP_mul_hi_u64: return (uint64_t)(WIDE(a, b) >> 64);
	case ROAD_GPU_OP_mul_hi_s64: return (uint64_t)(SWIDE(a, b) >> 64);
	case ROAD_GPU_OP_div_u32: return n ? a / n : UINT32_MAX;
	case ROAD_GPU_OP_div_s32: return n ? (uint64_t)((int64_t)S32(a) / S32(b)) : UINT32_MAX;
	case ROAD_GPU_OP_rem_u32: return n ? a % n : a;
	case ROAD_GPU_OP_rem_s32: return n ? (uint64_t)((int64_t)S32(a) % S32(b)) : a;
	case ROAD_GPU_OP_div_u64: return b ? a / b : ~UINT64_C(0);
	case ROAD_GPU_OP_rem_u64: return b ? a % b : a;
	case ROAD_GPU_OP_div_s64: return b ? (uint64_t)(S64(a) / S64(b)) : ~UINT64_C(0);
	case ROAD_GPU_OP_rem_s64: return b ? (uint64_t)(S64(a) % S64(b)) : a;
	case ROAD_GPU_OP_abs_s32: return S32(a) < 0 ? 0 - a : a;
	case ROAD_GPU_OP_abs_s64: return S64(a) < 0 ? 0 - a : a;
	case ROAD_GPU_OP_neg_s32:
	case ROAD_GPU_OP_neg_s64: return 0 - a;
	case ROAD_GPU_OP_min_u32:
	case ROAD_GPU_OP_min_u64: return a < b ? a : b;
	case ROAD_GPU_OP_max_u32:
	case ROAD_GPU_OP_max_u64: return a > b ? a : b;
	case ROAD_GPU_OP_min_s32: return S32(a) < S32(b) ? a : b;
	case ROAD_GPU_OP_max_s32: return S32(a) > S32(b) ? a : b;
	case ROAD_GPU_OP_min_s64: return S64(a) < S64(b) ? a : b;
	case ROAD_GPU_OP_max_s64: return S64(a) > S64(b) ? a : b;
	case ROAD_GPU_OP_sad_u32: return c + (a > b ? a - b : b - a);
	case ROAD_GPU_OP_sad_s32: return c + (S32(a) > S32(b) ? a - b : b - a);
	case ROAD_GPU_OP_and_b32:
	case ROAD_GPU_OP_and_b64: return a & b;
	case ROAD_GPU_OP_or_b32:
	case ROAD_GPU_OP_or_b64: return a | b;
	case ROAD_GPU_OP_xor_b32:
	case ROAD_GPU_OP_xor_b64: return a ^ b;
	case ROAD_GPU_OP_not_b32:
	case ROAD_GPU_OP_not_b64: return ~a;
	case ROAD_GPU_OP_lop3_b32: return look_up(w->aux, a, b, c);
	case ROAD_GPU_OP_plop: return look_up(w->aux, a, b, c) & 1;
	case ROAD_GPU_OP_shl_b32: return n > 31 ? 0 : a << n;
	case ROAD_GPU_OP_shl_b64: return n > 63 ? 0 : a << n;
	case ROAD_GPU_OP_shr_u32: return n > 31 ? 0 : a >> n;
	case ROAD_GPU_OP_shr_u64: return n > 63 ? 0 : a >> n;
	case ROAD_GPU_OP_shr_s32: return (uint64_t)(S32(a) >> (n > 31 ? 31 : n));
	case ROAD_GPU_OP_shr_s64: return (uint64_t)(S64(a) >> (n > 63 ? 63 : n));
	case ROAD_GPU_OP_popc_b32:
	case ROAD_GPU_OP_popc_b64: return (uint64_t)__builtin_popcountll(a);
	case ROAD_GPU_OP_clz_b32: return a ? (unsigned)__builtin_clz((uint32_t)a) : 32;
	case ROAD_GPU_OP_clz_b64: return a ? (unsigned)__builtin_clzll(a) : 64;
	case ROAD_GPU_OP_bfind_u32:
		return a ? 31u - (unsigned)__builtin_clz((uint32_t)a) : UINT32_MAX;
	case ROAD_GPU_OP_bfe_u32: return field_extract((uint32_t)a, n, (uint32_t)c, false);
	case ROAD_GPU_OP_bfe_s32: return field_extract((uint32_t)a, n, (uint32_t)c, true);
	case ROAD_GPU_OP_prmt_b32: return permute(a | b << 32, (uint32_t)c);
	case ROAD_GPU_OP_shf_l_b32: {
		unsigned s = w->aux ? c & 31 : c > 32 ? 32 : (unsigned)c;

		return (a | b << 32) << s >> 32;
	}
	case ROAD_GPU_OP_shf_r_b32: {
		unsigned s = w->aux ? c & 31 : c > 32 ? 32 : (unsigned)c;

		return (a | b << 32) >> s;
	}
	default: *known = false; return 0;
	}
}

static uint64_t float_op(const struct road_gpu_word *w, uint64_t a, uint64_t b, uint64_t c,
			 bool *known)
{
	*known = true;
	switch (w->op) {
	case ROAD_GPU_OP_add_f32: return bits32(f32(a) + f32(b));
	case ROAD_GPU_OP_sub_f32: return bits32(f32(a) - f32(b));
	case ROAD_GPU_OP_mul_f32: return bits32(f32(a) * f32(b));
	case ROAD_GPU_OP_fma_f32: return bits32(fmaf(f32(a), f32(b), f32(c)));
	case ROAD_GPU_OP_div_f32:
	case ROAD_GPU_OP_div_approx_f32: return bits32(f32(a) / f32(b));
	case ROAD_GPU_OP_rcp_f32:
	case ROAD_GPU_OP_rcp_approx_f32: return bits32(1 / f32(a));
	case ROAD_GPU_OP_sqrt_f32:
	case ROAD_GPU_OP_sqrt_approx_f32: return bits32(sqrtf(f32(a)));
	case ROAD_GPU_OP_rsqrt_approx_f32: return bits32((float)(1 / sqrt(f32(a))));
	case ROAD_GPU_OP_ex2_approx_f32: return bits32((float)exp2(f32(a)));
	case ROAD_GPU_OP_lg2_approx_f32: return bits32((float)log2(f32(a)));
	case ROAD_GPU_OP_sin_approx_f32: return bits32((float)sin(f32(a)));
	case ROAD_GPU_OP_cos_approx_f32: return bits32((float)cos(f32(a)));
	case ROAD_GPU_OP_min_f32: return bits32(fminf(f32(a), f32(b)));
	case ROAD_GPU_OP_max_f32: return bits32(fmaxf(f32(a), f32(b)));
	case ROAD_GPU_OP_abs_f32: return a & 0x7fffffff;
	case ROAD_GPU_OP_neg_f32: return a ^ 0x80000000;
	case ROAD_GPU_OP_copysign_f32: return (a & 0x80000000) | (b & 0x7fffffff);
	case ROAD_GPU_OP_add_f64: return bits64(f64(a) + f64(b));
	case ROAD_GPU_OP_sub_f64: return bits64(f64(a) - f64(b));
	case ROAD_GPU_OP_mul_f64: return bits64(f64(a) * f64(b));
	case ROAD_GPU_OP_fma_f64: return bits64(fma(f64(a), f64(b), f64(c)));
	case ROAD_GPU_OP_div_f64: return bits64(f64(a) / f64(b));
	case ROAD_GPU_OP_sqrt_f64: return bits64(sqrt(f64(a)));
	case ROAD_GPU_OP_cvt_32_32:
	case ROAD_GPU_OP_cvt_32_64:
	case ROAD_GPU_OP_cvt_64_32:
	case ROAD_GPU_OP_cvt_64_64: return convert(w, a);
	default: *known = false; return 0;
	}
}

void lane_write(struct lane *lane, const struct road_gpu_word *w, uint64_t value)
{
	switch (kinds[w->op].d) {
	case ROAD_GPU_OPERAND_R:
		if (w->d != ROAD_GPU_RZ)
			lane->rows[w->d] = (uint32_t)value;
		break;
	case ROAD_GPU_OPERAND_D:
		if (w->d != ROAD_GPU_RZ)
			lane->pairs[w->d] = value;
		break;
	case ROAD_GPU_OPERAND_P:
		if (w->d != ROAD_GPU_PT)
			lane->preds[w->d] = value;
		break;
	default: break;
	}
}

/* isspacep and testp, which need more than their operands' bits. */
static bool test_op(const struct road_gpu_word *w, uint64_t a, uint64_t *out)
{
	if (w->op == ROAD_GPU_OP_testp_f32) {
		float f = f32(a);
		const bool tests[ROAD_GPU_TESTPS] = {isfinite(f), isinf(f),
						     !isnan(f),   isnan(f),
						     isnormal(f), fpclassify(f) == FP_SUBNORMAL};

		*out = tests[w->aux];
		return true;
	}
	if (w->op != ROAD_GPU_OP_isspacep)
		return false;
	bool shared = a - ROAD_GPU_SHARED_WINDOW < ROAD_GPU_WINDOW_BYTES;
	bool local = a - ROAD_GPU_LOCAL_WINDOW < ROAD_GPU_WINDOW_BYTES;

	*out = w->mods == ROAD_GPU_SPACE_SHARED  ? shared
	       : w->mods == ROAD_GPU_SPACE_LOCAL ? local
						 : !shared && !local;
	return true;
}

static void compute(struct machine *m, struct lane *lane, const struct road_gpu_word *w)
{
	const struct kinds *k = &kinds[w->op];
	uint64_t a = lane_reg(lane, w, k->a, w->a, ROAD_GPU_FORM_IMM_A);
	uint64_t b = lane_reg(lane, w, k->b, w->b, ROAD_GPU_FORM_IMM_B);
	uint64_t c = lane_reg(lane, w, k->c, w->c, ROAD_GPU_FORM_IMM_C);
	bool known;

	if (w->op == ROAD_GPU_OP_stack_u32) {
		if (a + b > MACHINE_LOCAL_BYTES)
			fault(m, lane, "stack overflow");
		lane_write(lane, w, a + b);
		return;
	}
	if (k->mods == ROAD_GPU_MODS_ICMP || k->mods == ROAD_GPU_MODS_FCMP) {
		set_predicate(lane, w, a, b);
		return;
	}
	if (k->mods == ROAD_GPU_MODS_ATOM || k->mods == ROAD_GPU_MODS_CAS) {
		update_memory(m, lane, w, a, b, c);
		return;
	}
	if (k->mods == ROAD_GPU_MODS_MEM) {
		if (w->op != ROAD_GPU_OP_membar)
			access_memory(m, lane, w, a);
		return;
	}
	uint64_t value = integer_op(m, lane, w, a, b, c, &known);

	if (!known)
		value = float_op(w, a, b, c, &known);
	if (!known && !test_op(w, a, &value))
		fault(m, lane, "opcode that this machine does not know");
	lane_write(lane, w, value);
}

static void call_through(struct machine *m, struct lane *lane, const struct road_gpu_word *w,
			 const uint32_t *table)
{
	const struct road_gpu_kernel *kernel = image_kernel(m->image, m->kernel);
	uint64_t offset = lane->pairs[w->a] - ROAD_GPU_CODE_WINDOW;

	if (offset % ROAD_GPU_CODE_STEP || offset / ROAD_GPU_CODE_STEP >= w->aux) {
		fault(m, lane, "call of no function");
		return;
	}
	if (++lane->depth > MACHINE_CALLS)
		fault(m, lane, "calls without end");
	lane->rows[w->d] = lane->pc + 1;
	lane->pc = table[kernel->first_branch + (uint32_t)w->imm + offset / ROAD_GPU_CODE_STEP];
}

static bool is_collective(unsigned op)
{
	unsigned mods = kinds[op].mods;

	return mods == ROAD_GPU_MODS_SHFL || mods == ROAD_GPU_MODS_WARP ||
	       mods == ROAD_GPU_MODS_MATCH;
}

/* Until the lane exits, faults, or comes to a barrier or to a word that needs other lanes. */
static void run_lane(struct machine *m, struct lane *lane)
{
	const struct road_gpu_kernel *kernel = image_kernel(m->image, m->kernel);
	const struct road_gpu_word *words = image_words(m->image, m->kernel);
	const uint32_t *table = image_part(m->image, &m->image->branches);

	lane->state = LANE_RUNS;
	while (!m->fault && !lane->done) {
		const struct road_gpu_word *w = &words[lane->pc];
		uint32_t index;

		if (!m->steps--)
			fault(m, lane, "too many steps");
		if (!lane_pred(lane, w->guard)) {
			lane->pc++;
			continue;
		}
		switch (w->op) {
		case ROAD_GPU_OP_nop: lane->pc++; break;
		case ROAD_GPU_OP_bra: lane->pc = (uint32_t)w->imm; break;
		case ROAD_GPU_OP_brx:
			index = lane->rows[w->a];
			if (index >= w->aux)
				fault(m, lane, "brx index");
			else
				lane->pc = table[kernel->first_branch + (uint32_t)w->imm + index];
			break;
		case ROAD_GPU_OP_call:
			if (++lane->depth > MACHINE_CALLS)
				fault(m, lane, "calls without end");
			lane->rows[w->d] = lane->pc + 1;
			lane->pc = (uint32_t)w->imm;
			break;
		case ROAD_GPU_OP_call_table: call_through(m, lane, w, table); break;
		case ROAD_GPU_OP_ret:
			if (!lane->depth-- || lane->rows[w->a] >= kernel->word_count)
				fault(m, lane, "return to nowhere");
			lane->pc = lane->rows[w->a];
			break;
		case ROAD_GPU_OP_exit: lane->done = true; break;
		case ROAD_GPU_OP_trap: fault(m, lane, "trap"); break;
		case ROAD_GPU_OP_bar_sync:
		case ROAD_GPU_OP_bar_arrive:
			lane->pc++;
			lane->state = LANE_AT_BARRIER;
			return;
		default:
			if (is_collective(w->op)) {
				lane->state = LANE_AT_COLLECTIVE;
				return;
			}
			compute(m, lane, w);
			lane->pc++;
			break;
		}
	}
}

/* Those at a barrier go on when nobody else can. */
static bool move_on(struct machine *m, struct lane *lanes, uint32_t count)
{
	bool moved = false;

	for (uint32_t first = 0; first < count; first += 32)
		moved |= lanes_together(m, &lanes[first], count - first < 32 ? count - first : 32);
	for (uint32_t n = 0; n < count && !moved; n++)
		if (!lanes[n].done && lanes[n].state == LANE_AT_COLLECTIVE)
			fault(m, &lanes[n], "lanes wait for lanes that do not come");
	for (uint32_t n = 0; n < count && !moved; n++)
		lanes[n].state = LANE_RUNS;
	return !m->fault;
}

static void run_group(struct machine *m, struct lane *lanes, const uint32_t ctaid[3])
{
	uint32_t count = m->ntid[0] * m->ntid[1] * m->ntid[2];
	bool running = true;

	memset(lanes, 0, count * sizeof(*lanes));
	memset(m->shared, 0xa5, sizeof(m->shared));
	for (uint32_t n = 0; n < count; n++) {
		memset(lanes[n].local, 0xa5, sizeof(lanes[n].local));
		lanes[n].tid[0] = n % m->ntid[0];
		lanes[n].tid[1] = n / m->ntid[0] % m->ntid[1];
		lanes[n].tid[2] = n / m->ntid[0] / m->ntid[1];
		memcpy(lanes[n].ctaid, ctaid, sizeof(lanes[n].ctaid));
	}
	while (running && !m->fault) {
		running = false;
		for (uint32_t n = 0; n < count && !m->fault; n++) {
			if (lanes[n].state == LANE_RUNS)
				run_lane(m, &lanes[n]);
			running |= !lanes[n].done;
		}
		running = running && move_on(m, lanes, count);
	}
}

/* The loader's part: data into its place, addresses into words and data. */
static struct road_gpu_image *load(struct machine *m)
{
	const struct road_gpu_reloc *relocs = image_part(m->image, &m->image->relocs);
	struct road_gpu_image *copy = malloc(m->image->total_bytes);

	if (!copy)
		return NULL;
	memcpy(copy, m->image, m->image->total_bytes);
	if (m->image->data.count <= sizeof(m->data))
		memcpy(m->data, image_part(m->image, &m->image->data), m->image->data.count);
	for (uint32_t k = 0; k < m->image->relocs.count; k++) {
		uint64_t address = MACHINE_DATA + (uint64_t)relocs[k].addend;
		struct road_gpu_word *w =
			(struct road_gpu_word *)((char *)copy + copy->words.offset);

		if (relocs[k].kind == ROAD_GPU_RELOC_ABS64)
			memcpy(m->data + relocs[k].where, &address, 8);
		else if (relocs[k].kind == ROAD_GPU_RELOC_LO32)
			w[relocs[k].where].imm = (int32_t)(uint32_t)address;
		else
			w[relocs[k].where].imm = (int32_t)(address >> 32);
	}
	return copy;
}

bool machine_run(struct machine *m)
{
	const struct road_gpu_image *original = m->image;
	uint32_t count = m->ntid[0] * m->ntid[1] * m->ntid[2];
	struct lane *lanes = calloc(count, sizeof(*lanes));
	struct road_gpu_image *image = load(m);

	m->fault = NULL;
	if (lanes && image) {
		m->image = image;
		for (uint32_t z = 0; z < m->nctaid[2]; z++)
			for (uint32_t y = 0; y < m->nctaid[1]; y++)
				for (uint32_t x = 0; x < m->nctaid[0]; x++)
					run_group(m, lanes, (const uint32_t[3]){x, y, z});
	} else {
		m->fault = "out of memory";
	}
	m->image = original;
	free(lanes);
	free(image);
	return !m->fault;
}
