/* SPDX-License-Identifier: Apache-2.0 */
/* Integer arithmetic and bits: each by its definition in the PTX ISA, on 128 bits where it helps.
 */
#include <string.h>

#include "tests/oracle/gpu/ptx.h"

typedef __int128 wide;

static bool is_signed(enum type type)
{
	return type_table[type].kind == KIND_S;
}

/* A value that get() gave, as a number. */
static wide number(enum type type, uint64_t value)
{
	return is_signed(type) ? (wide)(int64_t)value : (wide)value;
}

static wide clamp(wide value, wide low, wide high)
{
	return value < low ? low : value > high ? high : value;
}

static wide saturate(const struct instr *i, enum type type, wide value)
{
	wide limit = (wide)1 << (type_table[type].bits - 1);

	return has(i, WORD_sat) ? clamp(value, -limit, limit - 1) : value;
}

static enum type widened(enum type type)
{
	switch (type) {
	case TYPE_u16: return TYPE_u32;
	case TYPE_s16: return TYPE_s32;
	case TYPE_u32: return TYPE_u64;
	default: return TYPE_s64;
	}
}

/* Modulo 2^128, which is right for both signs. */
static wide multiply(struct thread *t, const struct instr *i, enum type type)
{
	return (wide)((unsigned __int128)number(type, get(t, i, 1, type)) *
		      (unsigned __int128)number(type, get(t, i, 2, type)));
}

/* mul, mad, by the part of the product that is wanted */
static void run_product(struct thread *t, const struct instr *i, bool adds)
{
	enum type type = i->types[0], to = has(i, WORD_wide) ? widened(type) : type;
	unsigned bits = type_table[type].bits;
	wide product = multiply(t, i, type);

	if (has(i, WORD_hi)) /* a product of u64 needs all 128 bits */
		product = type == TYPE_u64 ? (wide)((unsigned __int128)product >> 64)
					   : product >> bits;
	if (bits == 64)
		product = (wide)(uint64_t)product;
	if (adds)
		product = saturate(i, type, product + number(to, get(t, i, 3, to)));
	put(t, i, 0, to, (uint64_t)product);
}

static wide low24(enum type type, uint64_t value)
{
	uint64_t low = value & 0xffffff;

	return is_signed(type) && low >> 23 ? (wide)low - 0x1000000 : (wide)low;
}

static void run_product24(struct thread *t, const struct instr *i)
{
	enum type type = i->types[0];
	wide product = low24(type, get(t, i, 1, type)) * low24(type, get(t, i, 2, type));

	if (has(i, WORD_hi))
		product >>= 16;
	product = is_signed(type) ? (wide)(int32_t)product : (wide)(uint32_t)product;
	if (i->count > 3)
		product = saturate(i, type, product + number(type, get(t, i, 3, type)));
	put(t, i, 0, type, (uint64_t)product);
}

static wide divide(const struct instr *i, wide a, wide b)
{
	if (!b)
		return -1;
	return i->name[0] == 'd' ? a / b : a % b;
}

static wide binary(const struct instr *i, wide a, wide b)
{
	switch (i->name[0]) {
	case 'a': return a + b;
	case 's': return a - b;
	case 'd':
	case 'r': return divide(i, a, b);
	default: return (i->name[1] == 'i') == (a < b) ? a : b; /* min, max */
	}
}

/* Both halves of .u16x2 and .s16x2 apart. */
static void run_packed(struct thread *t, const struct instr *i)
{
	uint64_t a = get(t, i, 1, TYPE_b32), b = get(t, i, 2, TYPE_b32), d = 0;
	enum type half = is_signed(i->types[0]) ? TYPE_s16 : TYPE_u16;

	for (unsigned shift = 0; shift < 32; shift += 16) {
		wide x = (wide)(a >> shift & 0xffff), y = (wide)(b >> shift & 0xffff);

		if (half == TYPE_s16) {
			x = (int16_t)x;
			y = (int16_t)y;
		}
		wide value = binary(i, x, y);

		if (has(i, WORD_relu) && value < 0)
			value = 0;
		d |= ((uint64_t)value & 0xffff) << shift;
	}
	put(t, i, 0, TYPE_b32, d);
}

void run_integer(struct thread *t, const struct instr *i)
{
	enum type type = i->types[0];
	const char *name = i->name;

	if (type_table[type].kind == KIND_F) {
		run_float(t, i);
	} else if (has(i, WORD_cc)) {
		run_carry(t, i);
	} else if (type == TYPE_u16x2 || type == TYPE_s16x2) {
		run_packed(t, i);
	} else if (!strcmp(name, "mul") || !strcmp(name, "mad")) {
		run_product(t, i, name[1] == 'a');
	} else if (!strcmp(name, "mul24") || !strcmp(name, "mad24")) {
		run_product24(t, i);
	} else if (!strcmp(name, "sad")) {
		wide a = number(type, get(t, i, 1, type)), b = number(type, get(t, i, 2, type));

		put(t, i, 0, type,
		    (uint64_t)((a < b ? b - a : a - b) + number(type, get(t, i, 3, type))));
	} else if (!strcmp(name, "abs") || !strcmp(name, "neg")) {
		wide a = number(type, get(t, i, 1, type));

		put(t, i, 0, type, (uint64_t)(name[0] == 'n' || a < 0 ? -a : a));
	} else {
		wide value = binary(i, number(type, get(t, i, 1, type)),
				    number(type, get(t, i, 2, type)));

		value = saturate(i, type, value);
		if (has(i, WORD_relu) && value < 0)
			value = 0;
		put(t, i, 0, type, (uint64_t)value);
	}
}

/* Sums and differences with the carry flag: in for the names that end in c, out with .cc. */
void run_carry(struct thread *t, const struct instr *i)
{
	enum type type = i->types[0];
	unsigned bits = type_table[type].bits;
	enum type plain = bits == 64 ? TYPE_u64 : TYPE_u32;
	size_t length = strlen(i->name);
	bool takes = i->name[length - 1] == 'c', minus = i->name[0] == 's';
	unsigned __int128 a = get(t, i, 1, plain), b = get(t, i, 2, plain), c = 0, sum;

	if (i->name[0] == 'm') {
		a = (unsigned __int128)multiply(t, i, type);
		a = has(i, WORD_hi) ? a >> bits : a;
		a &= ((unsigned __int128)1 << bits) - 1;
		b = get(t, i, 3, plain);
	}
	if (takes)
		c = t->carry;
	sum = minus ? a - b - c : a + b + c;
	put(t, i, 0, plain, (uint64_t)sum);
	if (has(i, WORD_cc))
		t->carry = sum >> bits & 1;
}

void run_dot(struct thread *t, const struct instr *i)
{
	bool four = i->name[2] == '4', sa = is_signed(i->types[0]), sb = is_signed(i->types[1]);
	uint32_t a = (uint32_t)get(t, i, 1, TYPE_b32), b = (uint32_t)get(t, i, 2, TYPE_b32);
	uint32_t d = (uint32_t)get(t, i, 3, TYPE_b32);
	unsigned width = four ? 8 : 16, first = !four && has(i, WORD_hi) ? 2 : 0;

	for (unsigned k = 0; k < 32 / width; k++) {
		uint32_t x = a >> k * width & ((1u << width) - 1), y = b >> (first + k) * 8 & 0xff;
		int64_t p = sa && x >> (width - 1) ? (int64_t)x - (1 << width) : (int64_t)x;
		int64_t q = sb && y >> 7 ? (int64_t)y - 256 : (int64_t)y;

		d += (uint32_t)(p * q);
	}
	put(t, i, 0, TYPE_b32, d);
}

/* ---- bits ---- */

static unsigned highest(uint64_t value) /* not 0 */
{
	return 63u - (unsigned)__builtin_clzll(value);
}

static uint64_t find_top(const struct instr *i, enum type type, uint64_t a)
{
	unsigned bits = type_table[type].bits;

	if (is_signed(type) && (int64_t)a < 0)
		a = ~a;
	if (!a)
		return UINT32_MAX;
	return has(i, WORD_shiftamt) ? bits - 1 - highest(a) : highest(a);
}

static uint64_t extract(enum type type, uint64_t a, unsigned position, unsigned length)
{
	unsigned bits = type_table[type].bits, top = position + length - 1;
	uint64_t d = 0;
	bool sign = is_signed(type) && length && a >> (top < bits ? top : bits - 1) & 1;

	for (unsigned k = 0; k < bits; k++)
		if (k < length && position + k < bits ? a >> (position + k) & 1 : sign)
			d |= UINT64_C(1) << k;
	return d;
}

static uint64_t insert(unsigned bits, uint64_t a, uint64_t b, unsigned position, unsigned length)
{
	for (unsigned k = 0; k < length && position + k < bits; k++) {
		uint64_t bit = UINT64_C(1) << (position + k);

		b = a >> k & 1 ? b | bit : b & ~bit;
	}
	return b;
}

/* fns: the position of the nth set bit from a base on, upward or downward */
static uint64_t find_nth(uint32_t mask, uint32_t base, int32_t offset)
{
	int32_t step = offset < 0 ? -1 : 1, count = offset == 0 ? 1 : offset * step;

	for (int64_t at = base; at >= 0 && at < 32; at += step) {
		if (!(mask >> at & 1)) {
			if (!offset)
				return UINT32_MAX;
			continue;
		}
		if (!--count)
			return (uint64_t)at;
	}
	return UINT32_MAX;
}

static unsigned byte_chosen(const struct instr *i, uint32_t selector, unsigned k)
{
	unsigned n = selector & 3;

	if (has(i, WORD_f4e))
		return n + k;
	if (has(i, WORD_b4e))
		return (n + 8 - k) % 8;
	if (has(i, WORD_rc8))
		return n;
	if (has(i, WORD_ecl))
		return n > k ? n : k;
	if (has(i, WORD_ecr))
		return n < k ? n : k;
	if (has(i, WORD_rc16))
		return (n & 1) * 2 + k % 2;
	return selector >> 4 * k & 15;
}

static uint64_t permute(const struct instr *i, uint64_t a, uint64_t b, uint32_t selector)
{
	uint64_t both = b << 32 | a, d = 0;

	for (unsigned k = 0; k < 4; k++) {
		unsigned from = byte_chosen(i, selector, k);
		uint64_t byte = both >> 8 * (from & 7) & 0xff;

		if (from & 8)
			byte = byte >> 7 ? 0xff : 0;
		d |= byte << 8 * k;
	}
	return d;
}

static uint64_t shift(const struct instr *i, enum type type, uint64_t a, uint64_t n)
{
	unsigned bits = type_table[type].bits;

	if (n > bits)
		n = bits;
	if (!strcmp(i->name, "shl"))
		return n == 64 ? 0 : a << n;
	if (is_signed(type))
		return (uint64_t)((int64_t)a >> (n == 64 ? 63 : n));
	return n == 64 ? 0 : a >> n;
}

static uint64_t funnel(const struct instr *i, uint64_t a, uint64_t b, uint32_t c)
{
	unsigned n = has(i, WORD_wrap) ? c & 31 : c > 32 ? 32 : c;
	uint64_t both = b << 32 | a;

	return has(i, WORD_l) ? both << n >> 32 : both >> n;
}

static uint64_t reverse(uint64_t a, unsigned bits)
{
	uint64_t d = 0;

	for (unsigned k = 0; k < bits; k++)
		d |= (a >> k & 1) << (bits - 1 - k);
	return d;
}

static uint64_t bit_mask(const struct instr *i, uint32_t a, uint32_t b)
{
	if (has(i, WORD_wrap)) {
		a &= 31;
		b &= 31;
	}
	uint64_t ones = b > 31 ? UINT32_MAX : (UINT64_C(1) << b) - 1;

	return a > 31 ? 0 : ones << a;
}

static uint64_t sign_from(const struct instr *i, uint32_t a, uint32_t b)
{
	if (has(i, WORD_wrap))
		b &= 31;
	if (b > 31)
		return a;
	return extract(i->types[0] == TYPE_s32 ? TYPE_s32 : TYPE_u32, a, 0, b);
}

void run_bits(struct thread *t, const struct instr *i)
{
	enum type type = i->types[0], to = type;
	unsigned bits = type_table[type].bits;
	const char *name = i->name;
	uint64_t a = get(t, i, 1, type), value;
	uint32_t b = i->count > 2 ? (uint32_t)get(t, i, 2, TYPE_b32) : 0;
	uint32_t c = i->count > 3 ? (uint32_t)get(t, i, 3, TYPE_b32) : 0;

	if (!strcmp(name, "popc"))
		value = (uint64_t)__builtin_popcountll(a), to = TYPE_u32;
	else if (!strcmp(name, "clz"))
		value = a ? bits - 1 - highest(a) : bits, to = TYPE_u32;
	else if (!strcmp(name, "bfind"))
		value = find_top(i, type, a), to = TYPE_u32;
	else if (!strcmp(name, "fns"))
		value = find_nth((uint32_t)a, b, (int32_t)c);
	else if (!strcmp(name, "brev"))
		value = reverse(a, bits);
	else if (!strcmp(name, "bfe"))
		value = extract(type, a, b & 0xff, c & 0xff);
	else if (!strcmp(name, "bfi"))
		value = insert(bits, a, get(t, i, 2, type), c & 0xff,
			       (unsigned)get(t, i, 4, TYPE_b32) & 0xff);
	else if (!strcmp(name, "bmsk"))
		value = bit_mask(i, (uint32_t)a, b);
	else if (!strcmp(name, "szext"))
		value = sign_from(i, (uint32_t)a, b);
	else if (!strcmp(name, "prmt"))
		value = permute(i, a, b, c);
	else if (!strcmp(name, "shf"))
		value = funnel(i, a, b, c);
	else if (!strcmp(name, "cnot"))
		value = !a;
	else
		value = shift(i, type, a, b);
	put(t, i, 0, to, value);
}

static uint64_t table_look_up(uint64_t a, uint64_t b, uint64_t c, uint64_t table)
{
	uint64_t d = 0;

	for (unsigned k = 0; k < 32; k++) {
		unsigned index = (unsigned)((a >> k & 1) << 2 | (b >> k & 1) << 1 | (c >> k & 1));

		d |= (table >> index & 1) << k;
	}
	return d;
}

void run_logic(struct thread *t, const struct instr *i)
{
	enum type type = i->types[0];
	uint64_t a = get(t, i, 1, type);

	switch (i->name[0]) {
	case 'a': a &= get(t, i, 2, type); break;
	case 'o': a |= get(t, i, 2, type); break;
	case 'x': a ^= get(t, i, 2, type); break;
	case 'n': a = ~a; break;
	default:
		a = table_look_up(a, get(t, i, 2, type), get(t, i, 3, type),
				  get(t, i, 4, TYPE_b32));
	}
	if (i->name[0] == 'l' && i->count > 5) { /* d|p: is anything set, joined with q */
		bool with = get(t, i, 5, TYPE_pred);

		put_reg(t, i->operands[0].reg2, TYPE_pred,
			has(i, WORD_and)  ? a && with
			: has(i, WORD_or) ? a || with
					  : (a != 0) != with);
	}
	put(t, i, 0, type, a);
}
