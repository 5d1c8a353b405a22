/* SPDX-License-Identifier: Apache-2.0 */
/* What a program means: its operations one after the other. */
#include "tests/oracle/dsa/program.h"

#include <string.h>

enum { POISON = 0xa5, ROWS = 16, DEPTH = 32 };

void image_begin(struct image *image, uint64_t seed)
{
	struct random r = {seed + 12345};

	memset(image->bytes, POISON, sizeof(image->bytes));
	for (uint32_t i = 0; i < GLOBAL_BYTES; i++)
		image->bytes[GLOBAL][i] = (uint8_t)random_below(&r, 256);
}

static uint32_t word_at(const uint8_t *at)
{
	uint32_t word;

	memcpy(&word, at, sizeof(word));
	return word;
}

static uint32_t combine(enum kind kind, uint32_t a, uint32_t b)
{
	switch (kind) {
	case VADD:
	case VADDS: return a + b;
	case VSUB: return a - b;
	case VMUL: return a * b;
	case VMAX: return (int32_t)a > (int32_t)b ? a : b;
	case VMIN: return (int32_t)a < (int32_t)b ? a : b;
	case VAND: return a & b;
	case VOR: return a | b;
	case VXOR: return a ^ b;
	case VDUP: return b;
	default: return a;
	}
}

static void vector(const struct op *op, uint8_t *ub)
{
	for (uint32_t i = 0; i < op->count; i++) {
		uint32_t a = word_at(ub + op->a + i * 4);
		uint32_t b = op->kind < VADDS ? word_at(ub + op->b + i * 4) : (uint32_t)op->scalar;
		uint32_t result = combine(op->kind, a, b);

		memcpy(ub + op->d + i * 4, &result, 4);
	}
}

static void product(const struct op *op, struct image *image)
{
	const int8_t *a = (const int8_t *)image->bytes[L0A] + op->a;
	const int8_t *b = (const int8_t *)image->bytes[L0B] + op->b;

	for (uint32_t m = 0; m < ROWS; m++)
		for (uint32_t n = 0; n < ROWS; n++) {
			uint8_t *at = image->bytes[L0C] + op->d + (m * ROWS + n) * 4;
			uint32_t sum = op->init ? 0 : word_at(at);

			for (uint32_t k = 0; k < DEPTH; k++)
				sum += (uint32_t)(a[m * DEPTH + k] * b[n * DEPTH + k]);
			memcpy(at, &sum, 4);
		}
}

/* A transfer moves what its first span reads to where its second writes. */
static void move(const struct op *op, struct image *image)
{
	struct span spans[4];

	op_spans(op, spans);
	memmove(image->bytes[spans[1].memory] + spans[1].at,
		image->bytes[spans[0].memory] + spans[0].at, spans[0].bytes);
}

void program_mean(const struct program *p, struct image *image)
{
	uint32_t held = 0;

	for (uint32_t i = 0; i < p->op_count; i++) {
		const struct op *op = &p->ops[i];

		switch (op->kind) {
		case LDU: held = word_at(image->bytes[UB] + op->a); break;
		case LDG: held = word_at(image->bytes[GLOBAL] + op->a); break;
		case STU: memcpy(image->bytes[UB] + op->d, &held, 4); break;
		case STG: memcpy(image->bytes[GLOBAL] + op->d, &held, 4); break;
		case MMAD: product(op, image); break;
		default:
			if (op_queue(op->kind) == Q_V)
				vector(op, image->bytes[UB]);
			else
				move(op, image);
		}
	}
}
