/* SPDX-License-Identifier: Apache-2.0 */
/* What PTX's arithmetic gives (PTX ISA 8.x, section 9.7), from the spelling. */
#include "tests/oracle/mpfr/forms.h"
#include "tests/oracle/mpfr/numbers.h"
#include "tests/oracle/mpfr/words.h"

#include <math.h>
#include <string.h>

typedef __int128 wide;

#define IS(text)  form_same(form->name_word, form_word(text))
#define HAS(text) form_has(form, text)

struct type {
	char kind; /* u, s, b, f */
	unsigned bits;
	enum ref_format format;
	bool pair; /* bits are those of one */
};

#define TYPE(name, ...) [FORM_TYPE_##name] = {__VA_ARGS__}
static const struct type types[FORM_TYPE_COUNT] = {
	TYPE(u8, 'u', 8),
	TYPE(s8, 's', 8),
	TYPE(u16, 'u', 16),
	TYPE(s16, 's', 16),
	TYPE(u32, 'u', 32),
	TYPE(s32, 's', 32),
	TYPE(u64, 'u', 64),
	TYPE(s64, 's', 64),
	TYPE(b16, 'b', 16),
	TYPE(b32, 'b', 32),
	TYPE(b64, 'b', 64),
	TYPE(f16, 'f', 16, REF_F16),
	TYPE(f32, 'f', 32, REF_F32),
	TYPE(f64, 'f', 64, REF_F64),
	TYPE(f16x2, 'f', 16, REF_F16, true),
	TYPE(bf16, 'f', 16, REF_BF16),
	TYPE(bf16x2, 'f', 16, REF_BF16, true),
	TYPE(tf32, 'f', 32, REF_TF32),
	TYPE(e4m3x2, 'f', 8, REF_E4M3, true),
	TYPE(e5m2x2, 'f', 8, REF_E5M2, true),
	TYPE(pred, 'b', 1),
	TYPE(u4, 'u', 4),
	TYPE(s4, 's', 4),
	TYPE(u2, 'u', 2),
	TYPE(s2, 's', 2),
};
#undef TYPE

static struct type type_of(const struct form *form, unsigned number)
{
	return types[form->type_of[number]];
}

static uint64_t cut(uint64_t value, unsigned bits)
{
	return bits >= 64 ? value : value & ((UINT64_C(1) << bits) - 1);
}

static wide number(struct type type, uint64_t bits)
{
	wide value = (wide)cut(bits, type.bits), range = (wide)1 << type.bits;

	return type.kind == 's' && value >= range / 2 ? value - range : value;
}

static wide clamp(wide value, wide low, wide high)
{
	return value < low ? low : value > high ? high : value;
}

static wide saturate(struct type type, wide value)
{
	wide range = (wide)1 << type.bits;

	return type.kind == 's' ? clamp(value, -range / 2, range / 2 - 1)
				: clamp(value, 0, range - 1);
}

static enum ref_round round_of(const struct form *form)
{
	if (HAS("rz") || HAS("rzi"))
		return REF_RZ;
	if (HAS("rm") || HAS("rmi"))
		return REF_RM;
	if (HAS("rp") || HAS("rpi"))
		return REF_RP;
	return HAS("rna") ? REF_RNA : REF_RN;
}

/* The half of a product that .lo, .hi or .wide names. */
static wide part(const struct form *form, struct type type, wide a, wide b)
{
	if (HAS("hi") && type.bits == 64 && type.kind == 'u')
		return (wide)((unsigned __int128)a * (unsigned __int128)b >> 64);
	if (HAS("hi"))
		return a * b >> type.bits;
	return (wide)((unsigned __int128)a * (unsigned __int128)b);
}

static wide part24(const struct form *form, struct type type, uint64_t a, uint64_t b)
{
	struct type narrow = {type.kind, 24, 0, false};
	wide product = number(narrow, a) * number(narrow, b);

	return HAS("hi") ? product >> 16 : product;
}

static unsigned top(uint64_t value)
{
	unsigned bits = 0;

	while (value >> bits) {
		if (++bits == 64)
			break;
	}
	return bits; /* one more than the place of the highest one */
}

static wide find_top(const struct form *form, struct type type, uint64_t a)
{
	unsigned bits;

	if (number(type, a) < 0)
		a = ~a;
	bits = top(cut(a, type.bits));
	if (!bits)
		return -1;
	return HAS("shiftamt") ? type.bits - bits : bits - 1;
}

static wide reverse(uint64_t a, unsigned bits)
{
	uint64_t result = 0;

	for (unsigned i = 0; i < bits; i++)
		result |= (a >> i & 1) << (bits - 1 - i);
	return (wide)result;
}

static wide count_ones(uint64_t a)
{
	unsigned count = 0;

	for (; a; a >>= 1)
		count += a & 1;
	return count;
}

static wide extract(struct type type, uint64_t a, uint64_t position, uint64_t length)
{
	uint64_t result = 0, last;
	bool sign;

	position &= 255, length &= 255;
	last = position + length - 1 < type.bits - 1 ? position + length - 1 : type.bits - 1;
	sign = type.kind == 's' && length && a >> last & 1;
	for (uint64_t i = 0; i < type.bits; i++) {
		bool inside = i < length && position + i < type.bits;

		result |= (uint64_t)(inside ? a >> (position + i) & 1 : sign) << i;
	}
	return (wide)result;
}

static wide insert(struct type type, uint64_t a, uint64_t b, uint64_t position, uint64_t length)
{
	position &= 255, length &= 255;
	for (uint64_t i = 0; i < length && position + i < type.bits; i++) {
		uint64_t bit = UINT64_C(1) << (position + i);

		b = (b & ~bit) | (a >> i & 1 ? bit : 0);
	}
	return (wide)b;
}

/* bmsk, szext: as the manual computes them. */
static wide mask_bits(const struct form *form, uint64_t a, uint64_t b)
{
	uint64_t result = 0;

	if (HAS("wrap"))
		a &= 31, b &= 31;
	for (uint64_t i = 0; i < 32; i++)
		result |= (uint64_t)(i >= a && i - a < b) << i;
	return (wide)result;
}

static wide extend(const struct form *form, struct type type, uint64_t a, uint64_t b)
{
	if (b >= 32 && HAS("clamp"))
		return (wide)a;
	b &= 31;
	return b ? number((struct type){type.kind, (unsigned)b, 0, false}, a) : 0;
}

static wide shift(const struct form *form, struct type type, uint64_t a, uint64_t n)
{
	if (n > type.bits)
		n = type.bits;
	if (IS("shl"))
		return (wide)((unsigned __int128)a << n);
	return number(type, a) >> n;
}

/* Instructions that the word level has under one name. */
static bool as_word(const struct form *form, const uint64_t in[FORM_INPUTS], wide *r)
{
	static const struct {
		const char *name;
		uint16_t op;
	} ops[] = {{"fns", ROAD_GPU_OP_fns_b32},   {"lop3", ROAD_GPU_OP_lop3_b32},
		   {"prmt", ROAD_GPU_OP_prmt_b32}, {"shf", ROAD_GPU_OP_shf_l_b32},
		   {"dp4a", ROAD_GPU_OP_dp4a},     {"dp2a", ROAD_GPU_OP_dp2a}};
	static const char *const modes[] = {"index", "f4e", "b4e", "rc8", "ecl", "ecr", "rc16"};
	struct road_gpu_word word = {.aux = (uint16_t)form->immediate};
	uint64_t result, second;

	for (unsigned i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		word.op = IS(ops[i].name) ? ops[i].op : word.op;
	if (!word.op)
		return false;
	for (uint16_t i = 0; IS("prmt") && i < 7; i++)
		word.aux = HAS(modes[i]) ? i : word.aux;
	if (IS("shf"))
		word.aux = HAS("wrap");
	if (HAS("r"))
		word.op = ROAD_GPU_OP_shf_r_b32;
	if (IS("dp4a") || IS("dp2a"))
		word.aux = (uint16_t)((form->type[0][0] == 's' ? 1 : 0) |
				      (form->type[1][0] == 's' ? 2 : 0) | (HAS("hi") ? 4 : 0));
	if (!ref_op(&word, (uint32_t)in[0], (uint32_t)in[1], (uint32_t)in[2], &result, &second))
		return false;
	*r = (wide)result;
	return true;
}

static wide quotient(wide a, wide b, bool rest)
{
	if (!b)
		return -1;
	return rest ? a % b : a / b;
}

static bool arithmetic(const struct form *form, struct type type, const uint64_t in[FORM_INPUTS],
		       wide *r)
{
	struct type sum = type;
	wide a = number(type, in[0]), b = number(type, in[1]), c;

	sum.bits *= HAS("wide") ? 2 : 1;
	c = number(sum, in[2]);
	if (IS("add"))
		*r = a + b;
	else if (IS("sub"))
		*r = a - b;
	else if (IS("mul"))
		*r = part(form, type, a, b);
	else if (IS("mad"))
		*r = (wide)((unsigned __int128)part(form, type, a, b) + (unsigned __int128)c);
	else if (IS("mul24"))
		*r = part24(form, type, in[0], in[1]);
	else if (IS("mad24"))
		*r = part24(form, type, in[0], in[1]) + c;
	else if (IS("div") || IS("rem"))
		*r = quotient(a, b, IS("rem"));
	else if (IS("min"))
		*r = a < b ? a : b;
	else if (IS("max"))
		*r = a > b ? a : b;
	else if (IS("sad"))
		*r = c + (a < b ? b - a : a - b);
	else if (IS("abs") || IS("neg"))
		*r = IS("abs") && a >= 0 ? a : -a;
	else
		return false;
	if (HAS("sat"))
		*r = saturate(type, *r);
	return true;
}

static bool bitwise(const struct form *form, struct type type, const uint64_t in[FORM_INPUTS],
		    wide *r)
{
	uint64_t x = cut(in[0], type.bits), y = cut(in[1], type.bits);

	if (IS("and"))
		*r = (wide)(x & y);
	else if (IS("or"))
		*r = (wide)(x | y);
	else if (IS("xor"))
		*r = (wide)(x ^ y);
	else if (IS("not"))
		*r = (wide)~x;
	else if (IS("cnot"))
		*r = !x;
	else if (IS("popc"))
		*r = count_ones(x);
	else if (IS("clz"))
		*r = type.bits - top(x);
	else if (IS("brev"))
		*r = reverse(x, type.bits);
	else if (IS("bfind"))
		*r = find_top(form, type, in[0]);
	else if (IS("bfe"))
		*r = extract(type, in[0], in[1], in[2]);
	else if (IS("bfi"))
		*r = insert(type, in[0], in[1], in[2], in[3]);
	else if (IS("bmsk"))
		*r = mask_bits(form, x, y);
	else if (IS("szext"))
		*r = extend(form, type, x, y);
	else if (IS("shl") || IS("shr"))
		*r = shift(form, type, in[0], (uint32_t)in[1]);
	else
		return as_word(form, in, r);
	return true;
}

/* Extended precision: the carry, or borrow, that leaves is the second result. */
static bool carries(const struct form *form, struct type type, const uint64_t in[FORM_INPUTS],
		    uint64_t out[2])
{
	bool multiplies = IS("mad") || IS("madc"), subtracts = IS("sub") || IS("subc");
	bool reads = IS("addc") || IS("subc") || IS("madc");
	wide range = (wide)1 << type.bits, a = (wide)cut(in[0], type.bits), sum;
	wide b = (wide)cut(in[1], type.bits), carry;

	if (!reads && !HAS("cc"))
		return false;
	/* the instruction in front makes a carry of what is not zero */
	carry = reads && (uint32_t)in[multiplies ? 3 : 2];
	if (multiplies) {
		a = part(form, type, number(type, in[0]), number(type, in[1])) & (range - 1);
		b = (wide)cut(in[2], type.bits);
	}
	sum = subtracts ? a - b - carry : a + b + carry;
	out[0] = (uint64_t)sum;
	out[1] = HAS("cc") ? sum < 0 || sum >= range : carry != 0;
	return true;
}

static bool float_op(const struct form *form, enum ref_op *op)
{
	static const struct {
		const char *name;
		enum ref_op op;
	} table[] = {{"add", REF_ADD},  {"sub", REF_SUB}, {"mul", REF_MUL},   {"fma", REF_FMA},
		     {"mad", REF_FMA},  {"div", REF_DIV}, {"sqrt", REF_SQRT}, {"rsqrt", REF_RSQRT},
		     {"ex2", REF_EX2},  {"lg2", REF_LG2}, {"sin", REF_SIN},   {"cos", REF_COS},
		     {"tanh", REF_TANH}};

	for (unsigned i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (IS(table[i].name)) {
			*op = table[i].op;
			return true;
		}
	}
	return false;
}

static uint64_t canonical(struct type type)
{
	return type.bits == 16 ? 0x7fff : 0x7fffffff;
}

static uint64_t flushed(const struct form *form, struct type type, uint64_t a)
{
	uint64_t sign = UINT64_C(1) << (type.bits - 1);
	unsigned fraction = type.format == REF_F16 ? 10 : type.format == REF_BF16 ? 7 : 23;

	if (!HAS("ftz") || type.bits == 64 || (a & ~sign) >> fraction)
		return a;
	return a & sign;
}

static uint64_t least_or_most(const struct form *form, struct type type, uint64_t a, uint64_t b)
{
	uint64_t sign = UINT64_C(1) << (type.bits - 1), mixed, r;
	bool max = IS("max"), a_nan, b_nan;
	double x, y;

	a = flushed(form, type, a), b = flushed(form, type, b);
	mixed = (a ^ b) & sign;
	if (HAS("abs"))
		a &= ~sign, b &= ~sign;
	a_nan = ref_is_nan(type.format, a), b_nan = ref_is_nan(type.format, b);
	if ((a_nan && b_nan) || ((a_nan || b_nan) && HAS("NaN")))
		return type.bits == 64 ? a | UINT64_C(1) << 51 : canonical(type);
	x = a_nan ? 0 : ref_value(type.format, a), y = b_nan ? 0 : ref_value(type.format, b);
	if (a_nan || b_nan)
		r = a_nan ? b : a;
	else if (x == y) /* of zeros the sign decides */
		r = ((a & sign) != 0) != max ? a : b;
	else
		r = (x < y) != max ? a : b;
	return HAS("xorsign") ? (r & ~sign) | mixed : r;
}

/* rcp and rsqrt of the upper word alone. */
static uint64_t by_top(const struct form *form, uint64_t a)
{
	const struct ref_mode mode = {.format = REF_F64TOP, .ftz = true};

	if (ref_is_nan(REF_F64, a))
		return (a | UINT64_C(1) << 51) >> 32 << 32;
	if (IS("rcp"))
		return ref_arithmetic(REF_DIV, &mode, 0x3ff00000, a >> 32, 0) << 32;
	return ref_arithmetic(REF_RSQRT, &mode, a >> 32, 0, 0) << 32;
}

static bool floating(const struct form *form, struct type type, uint64_t a, uint64_t b, uint64_t c,
		     uint64_t *r)
{
	static const uint64_t ones[] = {[REF_F32] = 0x3f800000, [REF_F64] = UINT64_C(0x3ff) << 52};
	struct ref_mode mode = {type.format, round_of(form), HAS("ftz"),
				HAS("sat"),  HAS("relu"),    false};
	uint64_t sign = UINT64_C(1) << (type.bits - 1);
	bool nan = ref_is_nan(type.format, a);
	enum ref_op op;

	if (type.bits == 64 && HAS("approx") && HAS("ftz")) {
		*r = by_top(form, a);
	} else if (IS("rcp")) {
		*r = ref_arithmetic(REF_DIV, &mode, ones[type.format], a, 0);
	} else if (float_op(form, &op)) {
		*r = ref_arithmetic(op, &mode, a, b, c);
	} else if (IS("min") || IS("max")) {
		*r = least_or_most(form, type, a, b);
	} else if (IS("abs") || IS("neg")) {
		*r = IS("abs") ? flushed(form, type, a) & ~sign : flushed(form, type, a) ^ sign;
		if (nan)
			*r = type.bits == 64 ? *r | UINT64_C(1) << 51 : canonical(type);
	} else if (IS("copysign")) {
		*r = (a & sign) | (b & ~sign);
	} else {
		return false;
	}
	return true;
}

/* Sign of a - b; 2: not ordered */
static int order(const struct form *form, struct type type, uint64_t a, uint64_t b)
{
	wide x = number(type, a), y = number(type, b);
	double p, q;

	if (type.kind != 'f')
		return x < y ? -1 : x > y;
	a = cut(a, type.bits), b = cut(b, type.bits);
	if (ref_is_nan(type.format, a) || ref_is_nan(type.format, b))
		return 2;
	p = ref_value(type.format, flushed(form, type, a));
	q = ref_value(type.format, flushed(form, type, b));
	return p < q ? -1 : p > q;
}

static bool holds(const struct form *form, struct type type, uint64_t a, uint64_t b)
{
	/* for less, equal, greater, unordered */
	static const struct {
		const char *name;
		const char *truth;
	} table[] = {{"eq", "0100"},  {"ne", "1010"},  {"lt", "1000"},  {"le", "1100"},
		     {"gt", "0010"},  {"ge", "0110"},  {"lo", "1000"},  {"ls", "1100"},
		     {"hi", "0010"},  {"hs", "0110"},  {"equ", "0101"}, {"neu", "1011"},
		     {"ltu", "1001"}, {"leu", "1101"}, {"gtu", "0011"}, {"geu", "0111"},
		     {"num", "1110"}, {"nan", "0001"}};
	int way = order(form, type, a, b);

	for (unsigned i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (HAS(table[i].name))
			return table[i].truth[way + 1] == '1';
	}
	return false;
}

static bool combined(const struct form *form, bool value, uint64_t with)
{
	bool c = ((with & 1) != 0) != form->negated;

	if (HAS("and"))
		return value && c;
	if (HAS("or"))
		return value || c;
	return HAS("xor") ? value != c : value;
}

/* setp and set; of pairs the second result, or the upper half, is the upper comparison's. */
static void compare(const struct form *form, struct type type, const uint64_t in[FORM_INPUTS],
		    uint64_t out[2])
{
	struct type to = type_of(form, 0);
	bool first = holds(form, type, in[0], in[1]), second = !first;
	uint64_t one = to.kind != 'f'         ? (type.pair ? 0xffff : UINT64_MAX)
		       : to.format == REF_F32 ? 0x3f800000
		       : to.format == REF_F16 ? 0x3c00
					      : 0x3f80;

	if (type.pair)
		second = holds(form, type, in[0] >> type.bits, in[1] >> type.bits);
	out[0] = combined(form, first, in[2]);
	out[1] = combined(form, second, in[2]);
	if (IS("setp"))
		return;
	out[0] = (out[0] ? one : 0) | (type.pair && out[1] ? one << 16 : 0);
}

static bool tested(const struct form *form, struct type type, uint64_t a)
{
	double value, normal = type.bits == 32 ? 0x1p-126 : 0x1p-1022;

	if (ref_is_nan(type.format, a))
		return HAS("notanumber");
	value = fabs(ref_value(type.format, a));
	if (HAS("finite") || HAS("infinite"))
		return (isinf(value) != 0) == HAS("infinite");
	if (HAS("normal"))
		return value >= normal && !isinf(value);
	return HAS("number") || (HAS("subnormal") && value > 0 && value < normal);
}

static uint64_t narrow(const struct form *form, struct type to, struct type from, uint64_t a)
{
	bool from_ftz = HAS("ftz") && from.format == REF_F32;
	struct ref_mode mode = {to.format,  round_of(form), HAS("ftz") && to.format == REF_F32,
				HAS("sat"), HAS("relu"),    HAS("satfinite")};
	bool integral = HAS("rni") || HAS("rzi") || HAS("rmi") || HAS("rpi");
	uint64_t result = ref_convert(&mode, from.format, from_ftz, integral, cut(a, from.bits));

	if (to.format != REF_TF32)
		return result;
	return result == 0x3ffff ? 0x7fffffff : result << 13;
}

static uint64_t converted(const struct form *form, const uint64_t in[FORM_INPUTS])
{
	struct type to = type_of(form, 0), from = type_of(form, 1);
	struct ref_mode mode = {to.format, round_of(form), false, HAS("sat"), false, false};
	wide value;

	if (to.pair && !from.pair) /* a goes up, b down */
		return narrow(form, to, from, in[1]) | narrow(form, to, from, in[0]) << to.bits;
	if (to.pair)
		return narrow(form, to, from, in[0]) | narrow(form, to, from, in[0] >> from.bits)
							       << to.bits;
	if (from.kind == 'f' && to.kind == 'f')
		return narrow(form, to, from, in[0]);
	if (from.kind == 'f') {
		value = (wide)ref_to_int(from.format, round_of(form),
					 HAS("ftz") && from.format == REF_F32,
					 cut(in[0], from.bits), to.bits, to.kind == 's');
		return (uint64_t)number(to, (uint64_t)value); /* fills a wider register */
	}
	value = number(from, in[0]);
	if (to.kind == 'f')
		return ref_from_int(&mode, value);
	return (uint64_t)number(to, (uint64_t)(HAS("sat") ? saturate(to, value) : value));
}

static bool chosen(const struct form *form, const uint64_t in[FORM_INPUTS], uint64_t out[2])
{
	struct type by = type_of(form, form->types - 1);

	if (IS("selp"))
		out[0] = in[2] & 1 ? in[0] : in[1];
	else if (IS("slct") && by.kind == 'f')
		out[0] = order(form, by, in[2], 0) == 0 || order(form, by, in[2], 0) == 1 ? in[0]
											  : in[1];
	else if (IS("slct"))
		out[0] = number(by, in[2]) >= 0 ? in[0] : in[1];
	else
		return false;
	return true;
}

static bool by_halves(const struct form *form, struct type type, const uint64_t in[FORM_INPUTS],
		      uint64_t *r)
{
	uint64_t low, high = 0;
	unsigned up = type.bits;

	if (!floating(form, type, cut(in[0], up), cut(in[1], up), cut(in[2], up), &low))
		return false;
	if (type.pair)
		floating(form, type, cut(in[0] >> up, up), cut(in[1] >> up, up),
			 cut(in[2] >> up, up), &high);
	*r = low | high << (type.pair ? up : 0);
	return true;
}

/* cvt.pack: both within their type, a above b; what there is above them comes from c. */
static uint64_t packed(const struct form *form, const uint64_t in[FORM_INPUTS])
{
	static const struct type from = {'s', 32, 0, false};
	struct type to = type_of(form, 0);
	uint64_t a = cut((uint64_t)saturate(to, number(from, in[0])), to.bits);
	uint64_t b = cut((uint64_t)saturate(to, number(from, in[1])), to.bits);

	return in[2] << 2 * to.bits | a << to.bits | b;
}

static bool evaluate(const struct form *form, const uint64_t in[FORM_INPUTS], uint64_t out[2])
{
	struct type type = type_of(form, form->types - 1);
	uint64_t second[FORM_INPUTS] = {
		in[0], in[1] ^ (IS("and") || IS("or") || IS("xor") ? form->negated : 0), in[2],
		in[3]};
	wide r;

	if (chosen(form, in, out) || carries(form, type, in, out))
		return true;
	if (IS("setp") || IS("set")) {
		compare(form, type, in, out);
		return true;
	}
	if (IS("testp")) {
		out[0] = tested(form, type, cut(in[0], type.bits));
		return true;
	}
	if (IS("cvt") && HAS("pack")) {
		out[0] = packed(form, in);
		return true;
	}
	if (IS("cvt")) {
		out[0] = converted(form, in);
		return true;
	}
	if (type.kind == 'f')
		return by_halves(form, type, in, &out[0]);
	if (!arithmetic(form, type, second, &r) && !bitwise(form, type, second, &r))
		return false;
	out[0] = (uint64_t)r;
	if (form->second) /* lop3 with a predicate */
		out[1] = combined(form, (uint32_t)out[0] != 0, in[3]);
	return true;
}

static unsigned width_of(char kind)
{
	return kind == 'p' ? 1 : kind == 'h' ? 16 : kind == 'r' ? 32 : 64;
}

bool form_reference(const struct form *form, const uint64_t in[FORM_INPUTS], uint64_t out[2])
{
	out[0] = out[1] = 0;
	if (!evaluate(form, in, out))
		return false;
	out[0] = cut(out[0], width_of(form->result));
	out[1] = form->second ? cut(out[1], width_of(form->second)) : 0;
	return true;
}
