/* SPDX-License-Identifier: Apache-2.0 */
/* The words after an opcode's name, each classified once for all instructions. */
#include "drivers/gpu/ptx/instr.h"

static const struct {
	const char *name;
	uint8_t kind;
	int8_t value;
} words[] = {
	{"rn", MODIFIER_ROUND, ROAD_GPU_RN},
	{"rz", MODIFIER_ROUND, ROAD_GPU_RZ_},
	{"rm", MODIFIER_ROUND, ROAD_GPU_RM},
	{"rp", MODIFIER_ROUND, ROAD_GPU_RP},
	{"rna", MODIFIER_ROUND, ROAD_GPU_RNA},
	{"eq", MODIFIER_CMP, ROAD_GPU_CMP_EQ},
	{"ne", MODIFIER_CMP, ROAD_GPU_CMP_NE},
	{"lt", MODIFIER_CMP, ROAD_GPU_CMP_LT},
	{"le", MODIFIER_CMP, ROAD_GPU_CMP_LE},
	{"gt", MODIFIER_CMP, ROAD_GPU_CMP_GT},
	{"ge", MODIFIER_CMP, ROAD_GPU_CMP_GE},
	{"ls", MODIFIER_CMP, ROAD_GPU_CMP_LE},
	{"hs", MODIFIER_CMP, ROAD_GPU_CMP_GE},
	{"equ", MODIFIER_CMP, ROAD_GPU_CMP_EQU},
	{"neu", MODIFIER_CMP, ROAD_GPU_CMP_NEU},
	{"ltu", MODIFIER_CMP, ROAD_GPU_CMP_LTU},
	{"leu", MODIFIER_CMP, ROAD_GPU_CMP_LEU},
	{"gtu", MODIFIER_CMP, ROAD_GPU_CMP_GTU},
	{"geu", MODIFIER_CMP, ROAD_GPU_CMP_GEU},
	{"num", MODIFIER_CMP, ROAD_GPU_CMP_NUM},
	{"nan", MODIFIER_CMP, ROAD_GPU_CMP_NAN},
	{"and", MODIFIER_COMBINE, ROAD_GPU_BOOL_AND},
	{"or", MODIFIER_COMBINE, ROAD_GPU_BOOL_OR},
	{"xor", MODIFIER_COMBINE, ROAD_GPU_BOOL_XOR},
	{"global", MODIFIER_SPACE, ROAD_GPU_SPACE_GLOBAL},
	{"shared", MODIFIER_SPACE, ROAD_GPU_SPACE_SHARED},
	{"shared::cta", MODIFIER_SPACE, ROAD_GPU_SPACE_SHARED},
	{"local", MODIFIER_SPACE, ROAD_GPU_SPACE_LOCAL},
	{"const", MODIFIER_SPACE, ROAD_GPU_SPACE_CONST},
	{"param", MODIFIER_SPACE, ROAD_GPU_SPACE_PARAM},
	{"param::entry", MODIFIER_SPACE, ROAD_GPU_SPACE_PARAM},
	{"v2", MODIFIER_VECTOR, 2},
	{"v4", MODIFIER_VECTOR, 4},
	{"v8", MODIFIER_VECTOR, 8},
	{"weak", MODIFIER_SEM, ROAD_GPU_SEM_WEAK},
	{"relaxed", MODIFIER_SEM, ROAD_GPU_SEM_RELAXED},
	{"acquire", MODIFIER_SEM, ROAD_GPU_SEM_ACQUIRE},
	{"release", MODIFIER_SEM, ROAD_GPU_SEM_RELEASE},
	{"acq_rel", MODIFIER_SEM, ROAD_GPU_SEM_ACQ_REL},
	{"sc", MODIFIER_SEM, ROAD_GPU_SEM_SC},
	{"cta", MODIFIER_SCOPE, ROAD_GPU_SCOPE_CTA},
	{"cluster", MODIFIER_SCOPE, ROAD_GPU_SCOPE_CLUSTER},
	{"gpu", MODIFIER_SCOPE, ROAD_GPU_SCOPE_GPU},
	{"gl", MODIFIER_SCOPE, ROAD_GPU_SCOPE_GPU},
	{"sys", MODIFIER_SCOPE, ROAD_GPU_SCOPE_SYS},
	{"ca", MODIFIER_CACHE, ROAD_GPU_CACHE_CA},
	{"cg", MODIFIER_CACHE, ROAD_GPU_CACHE_CG},
	{"cs", MODIFIER_CACHE, ROAD_GPU_CACHE_CS},
	{"lu", MODIFIER_CACHE, ROAD_GPU_CACHE_LU},
	{"cv", MODIFIER_CACHE, ROAD_GPU_CACHE_CV},
	{"nc", MODIFIER_CACHE, ROAD_GPU_CACHE_NC},
	{"wb", MODIFIER_CACHE, ROAD_GPU_CACHE_DEFAULT},
	{"wt", MODIFIER_CACHE, ROAD_GPU_CACHE_DEFAULT},
	{"finite", MODIFIER_TESTP, ROAD_GPU_TESTP_FINITE},
	{"infinite", MODIFIER_TESTP, ROAD_GPU_TESTP_INFINITE},
	{"number", MODIFIER_TESTP, ROAD_GPU_TESTP_NUMBER},
	{"notanumber", MODIFIER_TESTP, ROAD_GPU_TESTP_NOTANUMBER},
	{"normal", MODIFIER_TESTP, ROAD_GPU_TESTP_NORMAL},
	{"subnormal", MODIFIER_TESTP, ROAD_GPU_TESTP_SUBNORMAL},
	{"f4e", MODIFIER_PRMT, ROAD_GPU_PRMT_F4E},
	{"b4e", MODIFIER_PRMT, ROAD_GPU_PRMT_B4E},
	{"rc8", MODIFIER_PRMT, ROAD_GPU_PRMT_RC8},
	{"ecl", MODIFIER_PRMT, ROAD_GPU_PRMT_ECL},
	{"ecr", MODIFIER_PRMT, ROAD_GPU_PRMT_ECR},
	{"rc16", MODIFIER_PRMT, ROAD_GPU_PRMT_RC16},
	{"up", MODIFIER_OPERATION, OPERATION_UP},
	{"down", MODIFIER_OPERATION, OPERATION_DOWN},
	{"bfly", MODIFIER_OPERATION, OPERATION_BFLY},
	{"all", MODIFIER_OPERATION, OPERATION_ALL},
	{"any", MODIFIER_OPERATION, OPERATION_ANY},
	{"ballot", MODIFIER_OPERATION, OPERATION_BALLOT},
	{"popc", MODIFIER_OPERATION, OPERATION_POPC},
	{"add", MODIFIER_OPERATION, OPERATION_ADD},
	{"inc", MODIFIER_OPERATION, OPERATION_INC},
	{"dec", MODIFIER_OPERATION, OPERATION_DEC},
	{"min", MODIFIER_OPERATION, OPERATION_MIN},
	{"max", MODIFIER_OPERATION, OPERATION_MAX},
	{"exch", MODIFIER_OPERATION, OPERATION_EXCH},
	{"cas", MODIFIER_OPERATION, OPERATION_CAS},
	/* the only thing that halves do in memory */
	{"noftz", MODIFIER_IGNORED, 0},
	{"m8n8", MODIFIER_SHAPE, SHAPE_M8N8},
	{"m8n8k4", MODIFIER_SHAPE, SHAPE_M8N8K4},
	{"m8n8k16", MODIFIER_SHAPE, SHAPE_M8N8K16},
	{"m8n8k32", MODIFIER_SHAPE, SHAPE_M8N8K32},
	{"m8n8k128", MODIFIER_SHAPE, SHAPE_M8N8K128},
	{"m16n8k4", MODIFIER_SHAPE, SHAPE_M16N8K4},
	{"m16n8k8", MODIFIER_SHAPE, SHAPE_M16N8K8},
	{"m16n8k16", MODIFIER_SHAPE, SHAPE_M16N8K16},
	{"m16n8k32", MODIFIER_SHAPE, SHAPE_M16N8K32},
	{"m16n8k64", MODIFIER_SHAPE, SHAPE_M16N8K64},
	{"m16n8k128", MODIFIER_SHAPE, SHAPE_M16N8K128},
	{"m16n8k256", MODIFIER_SHAPE, SHAPE_M16N8K256},
	{"m16n16k8", MODIFIER_SHAPE, SHAPE_M16N16K8},
	{"m16n16k16", MODIFIER_SHAPE, SHAPE_M16N16K16},
	{"m32n8k16", MODIFIER_SHAPE, SHAPE_M32N8K16},
	{"m8n32k16", MODIFIER_SHAPE, SHAPE_M8N32K16},
	{"row", MODIFIER_LAYOUT, LAYOUT_ROW},
	{"col", MODIFIER_LAYOUT, LAYOUT_COL},
	{"trans", MODIFIER_LAYOUT, LAYOUT_TRANS},
	{"load", MODIFIER_ACTION, WMMA_LOAD},
	{"store", MODIFIER_ACTION, WMMA_STORE},
	{"mma", MODIFIER_ACTION, WMMA_MMA},
	{"commit_group", MODIFIER_ACTION, COPY_COMMIT},
	{"wait_group", MODIFIER_ACTION, COPY_WAIT_GROUP},
	{"wait_all", MODIFIER_ACTION, COPY_WAIT_ALL},
	{"mbarrier", MODIFIER_ACTION, COPY_MBARRIER},
	{"init", MODIFIER_ACTION, MBARRIER_INIT},
	{"inval", MODIFIER_ACTION, MBARRIER_INVAL},
	{"arrive_drop", MODIFIER_ACTION, MBARRIER_DROP},
	{"test_wait", MODIFIER_ACTION, MBARRIER_TEST},
	{"try_wait", MODIFIER_ACTION, MBARRIER_TRY},
	{"pending_count", MODIFIER_ACTION, MBARRIER_PENDING},
	{"noComplete", MODIFIER_FORM, FORM_NO_COMPLETE},
	{"noinc", MODIFIER_FORM, FORM_NO_INC},
	{"parity", MODIFIER_FORM, FORM_PARITY},
	{"pack", MODIFIER_FORM, FORM_PACK},
	{"range", MODIFIER_FORM, FORM_RANGE},
	{"cvt", MODIFIER_FORM, FORM_CONVERT},
	{"a", MODIFIER_MATRIX, WMMA_A},
	{"b", MODIFIER_MATRIX, WMMA_B},
	{"c", MODIFIER_MATRIX, WMMA_C},
	{"d", MODIFIER_MATRIX, WMMA_D},
	{"x1", MODIFIER_VECTOR, 1},
	{"x2", MODIFIER_VECTOR, 2},
	{"x4", MODIFIER_VECTOR, 4},
	/* cache policies: hints, which change no value */
	{"L1::evict_normal", MODIFIER_IGNORED, 0},
	{"L1::evict_unchanged", MODIFIER_IGNORED, 0},
	{"L1::evict_first", MODIFIER_IGNORED, 0},
	{"L1::evict_last", MODIFIER_IGNORED, 0},
	{"L1::no_allocate", MODIFIER_IGNORED, 0},
	{"L2::evict_normal", MODIFIER_IGNORED, 0},
	{"L2::evict_unchanged", MODIFIER_IGNORED, 0},
	{"L2::evict_first", MODIFIER_IGNORED, 0},
	{"L2::evict_last", MODIFIER_IGNORED, 0},
	{"L2::64B", MODIFIER_IGNORED, 0},
	{"L2::128B", MODIFIER_IGNORED, 0},
	{"L2::256B", MODIFIER_IGNORED, 0},
	{"evict_first", MODIFIER_IGNORED, 0},
	{"evict_last", MODIFIER_IGNORED, 0},
	{"evict_normal", MODIFIER_IGNORED, 0},
	{"fractional", MODIFIER_IGNORED, 0},
	{"L1", MODIFIER_IGNORED, 0},
	{"L2", MODIFIER_IGNORED, 0},
	/* what later tiers add */
	{"shared::cluster", MODIFIER_UNSUPPORTED, 0},
	{"param::func", MODIFIER_UNSUPPORTED, 0},
	{"rs", MODIFIER_UNSUPPORTED, 0},
	{"bulk", MODIFIER_UNSUPPORTED, 0},
	{"expect_tx", MODIFIER_UNSUPPORTED, 0},
	{"complete_tx", MODIFIER_UNSUPPORTED, 0},
	{"sp", MODIFIER_UNSUPPORTED, 0},
	{"s16x2", MODIFIER_UNSUPPORTED, 0},
	{"u16x2", MODIFIER_UNSUPPORTED, 0},
	{"f32x2", MODIFIER_UNSUPPORTED, 0},
	{"mbarrier_init", MODIFIER_UNSUPPORTED, 0},
	{"mxn", MODIFIER_UNSUPPORTED, 0},
	{"unified", MODIFIER_UNSUPPORTED, 0},
	{"oob", MODIFIER_UNSUPPORTED, 0}, /* which NaN it means is not public */
	{"ue8m0x2", MODIFIER_UNSUPPORTED, 0},
	{"e2m1x2", MODIFIER_UNSUPPORTED, 0},
};

/* Rounding to an integral value. */
static const struct {
	const char *name;
	int8_t round;
} integral[] = {
	{"rni", ROAD_GPU_RN}, {"rzi", ROAD_GPU_RZ_}, {"rmi", ROAD_GPU_RM}, {"rpi", ROAD_GPU_RP}};

static const char *const flag_words[FLAG_BITS] = {
#define FLAG(enumerator, name) name,
	INSTR_FLAGS(FLAG)
#undef FLAG
};

static const char *const kind_names[] = {
	"modifier",    "type",      "rounding",     "comparison",   "boolean operator",
	"state space", "vector",    "memory order", "scope",        "cache operator",
	"test",        "byte mode", "operation",    "shape",        "layout",
	"action",      "matrix",    "form",         "cache policy", "modifier"};

const char *modifier_kind_name(enum modifier_kind kind)
{
	return kind_names[kind];
}

const char *flag_names(struct ptx *p, uint64_t flags)
{
	const char *names = "";

	for (unsigned i = 0; i < FLAG_BITS; i++)
		if (flags >> i & 1)
			names = ptx_format(p, &p->kernel, "%s%s.%s", names, *names ? " " : "",
					   flag_words[i]);
	return names;
}

static int8_t *field_of(struct instr *in, unsigned kind)
{
	switch (kind) {
	case MODIFIER_ROUND: return &in->round;
	case MODIFIER_CMP: return &in->cmp;
	case MODIFIER_COMBINE: return &in->combine;
	case MODIFIER_SPACE: return &in->space;
	case MODIFIER_SEM: return &in->sem;
	case MODIFIER_SCOPE: return &in->scope;
	case MODIFIER_CACHE: return &in->cache;
	case MODIFIER_TESTP: return &in->testp;
	case MODIFIER_OPERATION: return &in->operation;
	case MODIFIER_SHAPE: return &in->shape;
	case MODIFIER_ACTION: return &in->action;
	case MODIFIER_MATRIX: return &in->matrix;
	case MODIFIER_FORM: return &in->form;
	default: return &in->prmt;
	}
}

static bool set_word(struct instr *in, struct slice word, struct place at)
{
	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!slice_is(word, words[i].name))
			continue;
		unsigned kind = words[i].kind;

		if (kind == MODIFIER_UNSUPPORTED) {
			in->unsupported = word;
			return true;
		}
		if (kind == MODIFIER_SPACE && in->seen & M_SPACE && slice_is(in->name, "cp") &&
		    in->to_space < 0) {
			in->to_space = words[i].value;
			return true;
		}
		if (kind == MODIFIER_LAYOUT && in->layout_count < 2) {
			in->layouts[in->layout_count++] = (uint8_t)words[i].value;
			in->seen |= M_LAYOUT;
			return true;
		}
		if (in->seen >> kind & 1 && kind != MODIFIER_IGNORED && kind != MODIFIER_CACHE)
			in->second_at = at;
		in->seen |= 1u << kind;
		if (kind == MODIFIER_VECTOR)
			in->vector = (uint8_t)words[i].value;
		else if (kind != MODIFIER_IGNORED)
			*field_of(in, kind) = words[i].value;
		return true;
	}
	return false;
}

static bool set_integral(struct instr *in, struct slice word)
{
	for (unsigned i = 0; i < sizeof(integral) / sizeof(integral[0]); i++) {
		if (slice_is(word, integral[i].name)) {
			in->round = integral[i].round;
			in->round_integral = true;
			in->seen |= M_ROUND;
			return true;
		}
	}
	return false;
}

static bool set_flag(struct instr *in, struct slice word)
{
	for (unsigned i = 0; i < FLAG_BITS; i++) {
		if (slice_is(word, flag_words[i])) {
			in->flags |= UINT64_C(1) << i;
			return true;
		}
	}
	return false;
}

static bool set_type(struct instr *in, struct slice word)
{
	enum ptx_type type = type_find(word);

	if (type == TYPE_NONE || in->type_count == INSTR_TYPES)
		return false;
	in->types[in->type_count++] = type;
	return true;
}

void parse_modifiers(struct ptx *p, struct instr *in)
{
	in->round = in->cmp = in->combine = in->space = in->sem = -1;
	in->scope = in->cache = in->testp = in->prmt = in->operation = -1;
	in->shape = in->action = in->matrix = in->form = in->to_space = -1;
	in->vector = 1;
	for (; p->lex.token.kind == TOKEN_DOT; lex_next(p)) {
		struct slice word = p->lex.token.text;
		struct place at = p->lex.token.at;

		in->last_end = word.text + word.bytes;
		if (set_type(in, word) || set_flag(in, word) || set_integral(in, word) ||
		    set_word(in, word, at))
			continue;
		if (!in->unknown.bytes) {
			in->unknown = word;
			in->unknown_at = at;
		}
	}
}

/* Special registers (PTX ISA, chapter 10). */
static const struct {
	const char *name;
	uint8_t components; /* of .x .y .z .w */
	uint8_t bits;
	uint8_t sreg;
} sregs[] = {
	{"%tid", 4, 32, ROAD_GPU_SREG_TID_X},
	{"%ntid", 4, 32, ROAD_GPU_SREG_NTID_X},
	{"%ctaid", 4, 32, ROAD_GPU_SREG_CTAID_X},
	{"%nctaid", 4, 32, ROAD_GPU_SREG_NCTAID_X},
	{"%laneid", 0, 32, ROAD_GPU_SREG_LANEID},
	{"%warpid", 0, 32, ROAD_GPU_SREG_WARPID},
	{"%nwarpid", 0, 32, ROAD_GPU_SREG_NWARPID},
	{"%smid", 0, 32, ROAD_GPU_SREG_SMID},
	{"%nsmid", 0, 32, ROAD_GPU_SREG_NSMID},
	{"%gridid", 0, 64, ROAD_GPU_SREG_GRIDID},
	{"%lanemask_eq", 0, 32, ROAD_GPU_SREG_LANEMASK_EQ},
	{"%lanemask_lt", 0, 32, ROAD_GPU_SREG_LANEMASK_LT},
	{"%lanemask_le", 0, 32, ROAD_GPU_SREG_LANEMASK_LE},
	{"%lanemask_gt", 0, 32, ROAD_GPU_SREG_LANEMASK_GT},
	{"%lanemask_ge", 0, 32, ROAD_GPU_SREG_LANEMASK_GE},
	{"%clock", 0, 32, ROAD_GPU_SREG_CLOCK},
	{"%clock_hi", 0, 32, ROAD_GPU_SREG_CLOCK_HI},
	{"%clock64", 0, 64, ROAD_GPU_SREG_CLOCK64},
	{"%globaltimer", 0, 64, ROAD_GPU_SREG_GLOBALTIMER},
	{"%globaltimer_lo", 0, 32, ROAD_GPU_SREG_GLOBALTIMER_LO},
	{"%globaltimer_hi", 0, 32, ROAD_GPU_SREG_GLOBALTIMER_HI},
	{"%dynamic_smem_size", 0, 32, ROAD_GPU_SREG_DYNAMIC_SMEM_SIZE},
	{"%total_smem_size", 0, 32, ROAD_GPU_SREG_TOTAL_SMEM_SIZE},
};

int sreg_find(struct slice name, struct slice component, unsigned *bits)
{
	for (unsigned i = 0; i < sizeof(sregs) / sizeof(sregs[0]); i++) {
		if (!slice_is(name, sregs[i].name))
			continue;
		*bits = sregs[i].bits;
		if (!sregs[i].components)
			return component.bytes ? -1 : sregs[i].sreg;
		if (component.bytes != 1)
			return -1;
		char c = component.text[0];

		if (c == 'w')
			return ROAD_GPU_SREGS; /* unused, reads 0 */
		return c >= 'x' && c <= 'z' ? sregs[i].sreg + (c - 'x') : -1;
	}
	return -1;
}
