/* SPDX-License-Identifier: Apache-2.0 */
/* Which modifier bits and which aux values an opcode may carry: the classes of isa.h. */
#include "simulators/gpu/decode_image.h"

enum aux_rule {
	AUX_ZERO,
	AUX_BYTE,      /* any 8 bits */
	AUX_PREDICATE, /* low byte: second destination */
	AUX_HALF,      /* high byte: enum road_gpu_half */
	AUX_HALF_PREDICATE,
	AUX_DOT,
	AUX_CVT,
	AUX_SREG,
	AUX_TESTP,
	AUX_PRMT,
	AUX_BIT,
	AUX_SHFL,
	AUX_ATOM,
	AUX_IMMA,
	AUX_MMA,
	AUX_MBARRIER,
	AUX_ANY, /* checked elsewhere */
};

static const struct {
	uint16_t mods; /* bits that may be set */
	uint8_t aux;   /* enum aux_rule */
} classes[] = {
	[ROAD_GPU_MODS_NONE] = {0, AUX_ZERO},
	[ROAD_GPU_MODS_SAT] = {ROAD_GPU_MOD_SAT, AUX_ZERO},
	[ROAD_GPU_MODS_FTZ] = {ROAD_GPU_MOD_FTZ, AUX_ZERO},
	[ROAD_GPU_MODS_FARITH] = {ROAD_GPU_MOD_ROUND_MASK | ROAD_GPU_MOD_FTZ | ROAD_GPU_MOD_SAT,
				  AUX_ZERO},
	[ROAD_GPU_MODS_FMINMAX] = {ROAD_GPU_MOD_FTZ | ROAD_GPU_MOD_NAN | ROAD_GPU_MOD_XORSIGN |
					   ROAD_GPU_MOD_ABS,
				   AUX_ZERO},
	[ROAD_GPU_MODS_ICMP] = {ROAD_GPU_MOD_CMP_MASK | ROAD_GPU_MOD_BOOL_MASK, AUX_PREDICATE},
	[ROAD_GPU_MODS_FCMP] = {ROAD_GPU_MOD_CMP_MASK | ROAD_GPU_MOD_BOOL_MASK | ROAD_GPU_MOD_FTZ,
				AUX_PREDICATE},
	[ROAD_GPU_MODS_LUT] = {0, AUX_BYTE},
	[ROAD_GPU_MODS_CVT] = {ROAD_GPU_MOD_ROUND_MASK | ROAD_GPU_MOD_FTZ | ROAD_GPU_MOD_SAT |
				       ROAD_GPU_MOD_RELU | ROAD_GPU_MOD_SATFINITE,
			       AUX_CVT},
	[ROAD_GPU_MODS_SREG] = {0, AUX_SREG},
	[ROAD_GPU_MODS_TESTP] = {0, AUX_TESTP},
	[ROAD_GPU_MODS_PRMT] = {0, AUX_PRMT},
	[ROAD_GPU_MODS_SHF] = {0, AUX_BIT},
	[ROAD_GPU_MODS_MEM] = {ROAD_GPU_MEM_SPACE_MASK | ROAD_GPU_MEM_VOLATILE |
				       ROAD_GPU_MEM_SEM_MASK | ROAD_GPU_MEM_SCOPE_MASK |
				       ROAD_GPU_MEM_CACHE_MASK,
			       AUX_ZERO},
	[ROAD_GPU_MODS_SPACE] = {ROAD_GPU_MEM_SPACE_MASK, AUX_ZERO},
	[ROAD_GPU_MODS_BRANCH] = {0, AUX_ZERO},
	[ROAD_GPU_MODS_BRX] = {0, AUX_ANY},
	[ROAD_GPU_MODS_COPY] = {ROAD_GPU_MEM_CACHE_MASK, AUX_BIT},
	[ROAD_GPU_MODS_COPY_WAIT] = {0, AUX_ANY},
	[ROAD_GPU_MODS_MMA] = {0, AUX_MMA},
	[ROAD_GPU_MODS_IMMA] = {ROAD_GPU_MOD_SAT, AUX_IMMA},
	[ROAD_GPU_MODS_LDMATRIX] = {ROAD_GPU_MEM_SPACE_MASK, AUX_BIT},
	[ROAD_GPU_MODS_MBARRIER] = {ROAD_GPU_MEM_SPACE_MASK, AUX_MBARRIER},
	[ROAD_GPU_MODS_BAR] = {0, AUX_ZERO},
	[ROAD_GPU_MODS_HARITH] = {ROAD_GPU_MOD_FTZ | ROAD_GPU_MOD_SAT | ROAD_GPU_MOD_RELU,
				  AUX_HALF},
	[ROAD_GPU_MODS_HMINMAX] = {ROAD_GPU_MOD_FTZ | ROAD_GPU_MOD_NAN | ROAD_GPU_MOD_XORSIGN |
					   ROAD_GPU_MOD_ABS,
				   AUX_HALF},
	[ROAD_GPU_MODS_HUNARY] = {ROAD_GPU_MOD_FTZ, AUX_HALF},
	[ROAD_GPU_MODS_HCMP] = {ROAD_GPU_MOD_CMP_MASK | ROAD_GPU_MOD_BOOL_MASK | ROAD_GPU_MOD_FTZ,
				AUX_HALF_PREDICATE},
	[ROAD_GPU_MODS_CARRY] = {0, AUX_PREDICATE},
	[ROAD_GPU_MODS_DOT] = {0, AUX_DOT},
	[ROAD_GPU_MODS_SHFL] = {ROAD_GPU_MOD_MEMBERS_MASK | ROAD_GPU_MOD_PACKED, AUX_SHFL},
	[ROAD_GPU_MODS_WARP] = {ROAD_GPU_MOD_MEMBERS_MASK, AUX_ZERO},
	[ROAD_GPU_MODS_MATCH] = {ROAD_GPU_MOD_MEMBERS_MASK, AUX_PREDICATE},
	[ROAD_GPU_MODS_ATOM] = {ROAD_GPU_MEM_SPACE_MASK | ROAD_GPU_MEM_SEM_MASK |
					ROAD_GPU_MEM_SCOPE_MASK,
				AUX_ATOM},
	[ROAD_GPU_MODS_CAS] = {ROAD_GPU_MEM_SPACE_MASK | ROAD_GPU_MEM_SEM_MASK |
				       ROAD_GPU_MEM_SCOPE_MASK,
			       AUX_ZERO},
};

/* Bits of a lane type's register; 0: no such type. */
static const uint8_t lane_bits[16] = {
	[ROAD_GPU_U8] = 32,   [ROAD_GPU_S8] = 32,   [ROAD_GPU_U16] = 32,  [ROAD_GPU_S16] = 32,
	[ROAD_GPU_U32] = 32,  [ROAD_GPU_S32] = 32,  [ROAD_GPU_U64] = 64,  [ROAD_GPU_S64] = 64,
	[ROAD_GPU_F16] = 32,  [ROAD_GPU_BF16] = 32, [ROAD_GPU_F32] = 32,  [ROAD_GPU_F64] = 64,
	[ROAD_GPU_TF32] = 32, [ROAD_GPU_E4M3] = 32, [ROAD_GPU_E5M2] = 32,
};

static bool good_cvt(const uint8_t *operand, unsigned aux)
{
	unsigned to = ROAD_GPU_CVT_TO(aux), from = ROAD_GPU_CVT_FROM(aux);

	if (aux & ~(0xffu | ROAD_GPU_CVT_INTEGRAL) || from == ROAD_GPU_TF32)
		return false;
	if (to >= ROAD_GPU_TF32 || from >= ROAD_GPU_TF32) /* among floating point only */
		if (to < ROAD_GPU_F16 || from < ROAD_GPU_F16 || aux & ROAD_GPU_CVT_INTEGRAL)
			return false;
	if (lane_bits[to] != (operand[0] == ROAD_GPU_OPERAND_D ? 64 : 32) ||
	    lane_bits[from] != (operand[1] == ROAD_GPU_OPERAND_D ? 64 : 32))
		return false;
	return !(aux & ROAD_GPU_CVT_INTEGRAL) || (to >= ROAD_GPU_F16 && from >= ROAD_GPU_F16);
}

/* Two results share a register: they are floating point of 16 or 8 bits. */
static bool good_pack(const struct road_gpu_word *word)
{
	unsigned to = ROAD_GPU_CVT_TO(word->aux);

	return to == ROAD_GPU_F16 || to == ROAD_GPU_BF16 || to == ROAD_GPU_E4M3 ||
	       to == ROAD_GPU_E5M2;
}

/* What has no meaning for integers and doubles. */
static bool good_cvt_mods(const struct road_gpu_word *word)
{
	unsigned to = ROAD_GPU_CVT_TO(word->aux), from = ROAD_GPU_CVT_FROM(word->aux);

	if ((word->mods & ROAD_GPU_MOD_ROUND_MASK) >= ROAD_GPU_ROUNDS)
		return false;
	if (to == ROAD_GPU_E4M3 && !(word->mods & ROAD_GPU_MOD_SATFINITE))
		return false; /* what else should infinity become? */
	if (!(word->mods & (ROAD_GPU_MOD_RELU | ROAD_GPU_MOD_SATFINITE)))
		return true;
	return to >= ROAD_GPU_F16 && to != ROAD_GPU_F64 && from >= ROAD_GPU_F16 &&
	       !(word->mods & ROAD_GPU_MOD_SAT);
}

static bool good_shfl(const struct road_gpu_word *word, const struct road_gpu_kernel *desc)
{
	unsigned second = ROAD_GPU_SHFL_PRED(word->aux);

	if (second != ROAD_GPU_PT && second >= desc->preds)
		return false;
	return !(word->mods & ROAD_GPU_MOD_PACKED) || word->aux == second;
}

/* What an atomic of this width may do. */
static bool good_atom(const struct road_gpu_word *word)
{
	static const uint16_t both = 1u << ROAD_GPU_ATOM_EXCH | 1u << ROAD_GPU_ATOM_ADD |
				     1u << ROAD_GPU_ATOM_MIN_U | 1u << ROAD_GPU_ATOM_MIN_S |
				     1u << ROAD_GPU_ATOM_MAX_U | 1u << ROAD_GPU_ATOM_MAX_S |
				     1u << ROAD_GPU_ATOM_AND | 1u << ROAD_GPU_ATOM_OR |
				     1u << ROAD_GPU_ATOM_XOR | 1u << ROAD_GPU_ATOM_ADD_F;
	uint32_t may;

	switch (word->op) {
	case ROAD_GPU_OP_atom_b16:
	case ROAD_GPU_OP_red_b16:
		may = 1u << ROAD_GPU_ATOM_ADD_F | 1u << ROAD_GPU_ATOM_ADD_BF;
		break;
	case ROAD_GPU_OP_atom_b32:
	case ROAD_GPU_OP_red_b32:
		may = both | 1u << ROAD_GPU_ATOM_INC | 1u << ROAD_GPU_ATOM_DEC |
		      1u << ROAD_GPU_ATOM_ADD_FX2 | 1u << ROAD_GPU_ATOM_ADD_BFX2;
		break;
	default: may = both; break;
	}
	return word->aux < ROAD_GPU_ATOMS && may >> word->aux & 1u;
}

/* Bits have no sign, and what counts them does not saturate. */
static bool good_imma(const struct road_gpu_word *word)
{
	unsigned elements = word->aux >> ROAD_GPU_MMA_ELEMENTS_SHIFT;
	unsigned sign = word->aux & (ROAD_GPU_MMA_A_SIGNED | ROAD_GPU_MMA_B_SIGNED);

	return elements < ROAD_GPU_MMA_BITS_XOR ||
	       (elements < ROAD_GPU_MMA_ELEMENTS && !sign && !word->mods);
}

static bool good_mbarrier(const struct road_gpu_word *word)
{
	switch (word->op) {
	case ROAD_GPU_OP_mbarrier:
		return word->aux < ROAD_GPU_MBARRIERS &&
		       (word->aux > ROAD_GPU_MBARRIER_INVAL || word->d == ROAD_GPU_RZ) &&
		       (word->aux != ROAD_GPU_MBARRIER_INVAL || word->b == ROAD_GPU_RZ);
	case ROAD_GPU_OP_copy_arrive: return word->aux <= ROAD_GPU_MBARRIER_NO_INC;
	default: return !word->aux;
	}
}

static bool good_aux(unsigned rule, const uint8_t *operand, const struct road_gpu_word *word,
		     const struct road_gpu_kernel *desc)
{
	unsigned aux = word->aux;

	switch (rule) {
	case AUX_BYTE: return aux <= 0xff;
	case AUX_PREDICATE: return aux == ROAD_GPU_PT || aux < desc->preds;
	case AUX_HALF: return !(aux & 0xffu) && aux >> ROAD_GPU_HALF_SHIFT < ROAD_GPU_HALVES;
	case AUX_HALF_PREDICATE:
		return aux >> ROAD_GPU_HALF_SHIFT < ROAD_GPU_HALVES &&
		       ((aux & 0xffu) == ROAD_GPU_PT || (aux & 0xffu) < desc->preds);
	case AUX_DOT:
		return aux <= (ROAD_GPU_DOT_HIGH | ROAD_GPU_DOT_A_SIGNED | ROAD_GPU_DOT_B_SIGNED);
	case AUX_CVT: return good_cvt(operand, aux);
	case AUX_SREG: return aux < ROAD_GPU_SREGS;
	case AUX_TESTP: return aux < ROAD_GPU_TESTPS;
	case AUX_PRMT: return aux < ROAD_GPU_PRMTS;
	case AUX_BIT: return aux <= 1;
	case AUX_SHFL: return good_shfl(word, desc);
	case AUX_ATOM: return good_atom(word);
	case AUX_IMMA: return good_imma(word);
	case AUX_MBARRIER: return good_mbarrier(word);
	case AUX_MMA: return aux < ROAD_GPU_MMAS;
	case AUX_ANY: return true;
	default: return aux == 0;
	}
}

static bool good_memory(const struct road_gpu_word *word)
{
	unsigned space = word->mods & ROAD_GPU_MEM_SPACE_MASK;
	bool store = word->op >= ROAD_GPU_OP_st_b8 && word->op <= ROAD_GPU_OP_st_v2_b64;

	if (space >= ROAD_GPU_SPACES)
		return false;
	if (store && (space == ROAD_GPU_SPACE_CONST || space == ROAD_GPU_SPACE_PARAM))
		return false;
	return (word->mods & ROAD_GPU_MEM_SEM_MASK) >> ROAD_GPU_MEM_SEM_SHIFT < ROAD_GPU_SEMS &&
	       (word->mods & ROAD_GPU_MEM_CACHE_MASK) >> ROAD_GPU_MEM_CACHE_SHIFT < ROAD_GPU_CACHES;
}

/* Space, order and scope of an atomic. */
static bool good_atomic(const struct road_gpu_word *word)
{
	unsigned space = word->mods & ROAD_GPU_MEM_SPACE_MASK;
	unsigned sem = (word->mods & ROAD_GPU_MEM_SEM_MASK) >> ROAD_GPU_MEM_SEM_SHIFT;

	return space <= ROAD_GPU_SPACE_SHARED && sem <= ROAD_GPU_SEM_ACQ_REL;
}

/* Lanes are named by c, or c is nothing. */
static bool good_members(const struct road_gpu_word *word)
{
	unsigned members = word->mods & ROAD_GPU_MOD_MEMBERS_MASK;

	if (members == ROAD_GPU_MEMBERS_FIELD)
		return true;
	return members < ROAD_GPU_MEMBERS && word->c == ROAD_GPU_RZ &&
	       (word->form & ROAD_GPU_FORM_IMM_MASK) != ROAD_GPU_FORM_IMM_C;
}

static bool good_compare(unsigned class, const struct road_gpu_word *word)
{
	unsigned cmp = (word->mods & ROAD_GPU_MOD_CMP_MASK) >> ROAD_GPU_MOD_CMP_SHIFT;
	unsigned join = (word->mods & ROAD_GPU_MOD_BOOL_MASK) >> ROAD_GPU_MOD_BOOL_SHIFT;

	if (join == ROAD_GPU_BOOL_NONE && word->c != ROAD_GPU_PT)
		return false;
	return cmp < (class == ROAD_GPU_MODS_ICMP ? ROAD_GPU_CMP_INT_END : ROAD_GPU_CMPS);
}

static bool good_mods(unsigned class, const uint8_t *operand, const struct road_gpu_word *word)
{
	unsigned round = word->mods & ROAD_GPU_MOD_ROUND_MASK;
	bool f64 = operand[1] == ROAD_GPU_OPERAND_D;

	if (word->mods & ~classes[class].mods)
		return false;
	switch (class) {
	case ROAD_GPU_MODS_FARITH:
		return round < ROAD_GPU_RNA &&
		       !(f64 && word->mods & (ROAD_GPU_MOD_FTZ | ROAD_GPU_MOD_SAT));
	case ROAD_GPU_MODS_CVT:
		return good_cvt_mods(word) && (word->op != ROAD_GPU_OP_cvt_pack || good_pack(word));
	case ROAD_GPU_MODS_HARITH:
		return !(word->mods & ROAD_GPU_MOD_SAT && word->mods & ROAD_GPU_MOD_RELU);
	case ROAD_GPU_MODS_HCMP: return good_compare(class, word);
	case ROAD_GPU_MODS_FCMP:
		return !(f64 && word->mods & ROAD_GPU_MOD_FTZ) && good_compare(class, word);
	case ROAD_GPU_MODS_ICMP: return good_compare(class, word);
	case ROAD_GPU_MODS_MEM: return good_memory(word);
	case ROAD_GPU_MODS_DOT:
		return word->op == ROAD_GPU_OP_dp2a || !(word->aux & ROAD_GPU_DOT_HIGH);
	case ROAD_GPU_MODS_ATOM:
	case ROAD_GPU_MODS_CAS: return good_atomic(word);
	case ROAD_GPU_MODS_SHFL:
	case ROAD_GPU_MODS_WARP:
	case ROAD_GPU_MODS_MATCH: return good_members(word);
	case ROAD_GPU_MODS_COPY: return word->aux || word->c == ROAD_GPU_RZ;
	case ROAD_GPU_MODS_MBARRIER:
	case ROAD_GPU_MODS_LDMATRIX:
		return word->mods == ROAD_GPU_SPACE_SHARED || word->mods == ROAD_GPU_SPACE_GENERIC;
	case ROAD_GPU_MODS_SPACE: return word->mods < ROAD_GPU_SPACES;
	default: return true;
	}
}

enum road_gpu_image_error road_gpu_check_mods(unsigned class, const uint8_t *operand,
					      const struct road_gpu_word *word,
					      const struct road_gpu_kernel *desc)
{
	if (!good_mods(class, operand, word))
		return ROAD_GPU_IMAGE_MODS;
	return good_aux(classes[class].aux, operand, word, desc) ? ROAD_GPU_IMAGE_OK
								 : ROAD_GPU_IMAGE_AUX;
}
