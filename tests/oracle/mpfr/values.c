/* SPDX-License-Identifier: Apache-2.0 */
/* What to feed an instruction: all pairs of special values, then random ones. */
#include "tests/oracle/mpfr/forms.h"
#include "tests/oracle/mpfr/numbers.h"

#include <string.h>

enum kind { INTEGER, FLOAT, PAIR };

struct source {
	enum kind kind;
	enum ref_format format;
	unsigned width; /* of one element */
};

static const uint64_t integers[] = {
	0,
	1,
	2,
	3,
	7,
	8,
	15,
	16,
	24,
	31,
	32,
	33,
	63,
	64,
	65,
	127,
	128,
	255,
	256,
	0x7fff,
	0x8000,
	0xffff,
	0x7fffff,
	0x800000,
	0xffffff,
	0x7fffffff,
	0x80000000,
	0xffffffff,
	UINT64_C(0x100000000),
	UINT64_C(0x7fffffffffffffff),
	UINT64_C(0x8000000000000000),
	UINT64_C(0xffffffff80000000),
	UINT64_MAX,
	UINT64_MAX - 1,
};
#define INTEGERS (sizeof(integers) / sizeof(integers[0]))

static uint64_t next(uint64_t *state)
{
	*state += UINT64_C(0x9e3779b97f4a7c15); /* splitmix64 (Steele et al. 2014) */
	uint64_t x = *state;

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

/* The type that decides what the sources are: the last one named; slct's last is of its third. */
static struct source source_of(const struct form *form)
{
	static const struct source sources[FORM_TYPE_COUNT] = {
		[FORM_TYPE_f16] = {FLOAT, REF_F16, 16},   [FORM_TYPE_bf16] = {FLOAT, REF_BF16, 16},
		[FORM_TYPE_f32] = {FLOAT, REF_F32, 32},   [FORM_TYPE_f64] = {FLOAT, REF_F64, 64},
		[FORM_TYPE_f16x2] = {PAIR, REF_F16, 16},  [FORM_TYPE_bf16x2] = {PAIR, REF_BF16, 16},
		[FORM_TYPE_e4m3x2] = {PAIR, REF_E4M3, 8}, [FORM_TYPE_e5m2x2] = {PAIR, REF_E5M2, 8},
	};
	const struct source source = sources[form->type_of[form->types - 1]];

	return source.width ? source : (struct source){INTEGER, REF_F32, 64};
}

/* Those of a format, made once. */
static uint32_t specials_of(enum ref_format format, const uint64_t **values)
{
	static uint64_t tables[REF_FORMATS][REF_SPECIALS_MAX];
	static uint32_t counts[REF_FORMATS];

	if (!counts[format])
		counts[format] = ref_specials(format, tables[format]);
	*values = tables[format];
	return counts[format];
}

static uint32_t special_count(const struct source *source)
{
	const uint64_t *values;

	return source->kind == INTEGER ? (uint32_t)INTEGERS : specials_of(source->format, &values);
}

static uint64_t special(const struct source *source, uint32_t i, uint64_t *state)
{
	const uint64_t *values;
	uint32_t count;

	if (source->kind == INTEGER)
		return integers[i % INTEGERS];
	count = specials_of(source->format, &values);
	if (source->kind == PAIR)
		return values[i % count] | values[next(state) % count] << source->width;
	return values[i % count];
}

/* Any bits, or exponents near each other, where rounding is hard. */
static uint64_t random_float(enum ref_format format, unsigned width, uint64_t *state)
{
	static const struct {
		uint64_t one;
		unsigned fraction;
	} layouts[REF_FORMATS] = {
		[REF_F16] = {0x3c00, 10},     [REF_BF16] = {0x3f80, 7},
		[REF_F32] = {0x3f800000, 23}, [REF_F64] = {UINT64_C(0x3ff) << 52, 52},
		[REF_E4M3] = {0x38, 3},       [REF_E5M2] = {0x3c, 2},
	};
	uint64_t bits = next(state), mask = UINT64_MAX >> (64 - width);

	if (next(state) & 1)
		return bits & mask;
	bits = layouts[format].one + (bits & ((UINT64_C(8) << layouts[format].fraction) - 1)) -
	       (UINT64_C(4) << layouts[format].fraction);
	return (bits ^ (next(state) & 1) << (width - 1)) & mask;
}

static uint64_t random_of(const struct source *source, uint64_t *state)
{
	uint64_t low;

	if (source->kind == INTEGER) {
		low = next(state);
		return next(state) & 3 ? low >> (next(state) & 63) : low;
	}
	low = random_float(source->format, source->width, state);
	if (source->kind == PAIR)
		low |= random_float(source->format, source->width, state) << source->width;
	return low;
}

static unsigned values_in(const struct form *form)
{
	return (form->input[0] ? 1u : 0u) + (form->input[1] && form->input[1] != 'p' ? 1u : 0u);
}

/* Halves and quarters by themselves are tried all, pairs with random upper ones. */
static bool exhaustive(const struct form *form)
{
	return values_in(form) < 2 && source_of(form).kind != INTEGER &&
	       source_of(form).width <= 16;
}

uint32_t form_specials(const struct form *form)
{
	struct source source = source_of(form);
	uint32_t count = special_count(&source);

	if (exhaustive(form))
		return 1u << source.width;
	return values_in(form) < 2 ? count : count * count;
}

void form_values(const struct form *form, uint32_t i, uint64_t *state, uint64_t in[FORM_INPUTS])
{
	struct source source = source_of(form), whole = {INTEGER, REF_F32, 64};
	uint32_t count = special_count(&source);
	bool random = i >= form_specials(form);

	for (unsigned k = 0; k < FORM_INPUTS; k++) {
		bool second = form_same(form->name_word, form_word("slct")) && k < 2;
		const struct source *of = second || form->input[k] == 'p' ? &whole : &source;
		uint32_t index = k == 0 ? i % count : k == 1 ? i / count : (uint32_t)next(state);

		in[k] = random && next(state) & 7 ? random_of(of, state)
						  : special(of, index, state);
	}
	if (!random && exhaustive(form))
		in[0] = i | (next(state) & UINT32_MAX) << source.width;
	if (source.kind == INTEGER && !random)
		return;
	/* now and then what cancels, ties or is equal */
	if ((next(state) & 15) == 0)
		in[1] = in[0] ^ (next(state) & 3);
}
