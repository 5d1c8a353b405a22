/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/gpu/corpus_run.h"

const struct corpus_case *const corpus_tables[CORPUS_TABLES] = {
	corpus_basics, corpus_algebra, corpus_science, corpus_images, corpus_codes, corpus_search};

uint64_t corpus_random(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	uint64_t x = *state;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

uint64_t corpus_bytes(const struct corpus_argument *a)
{
	return (uint64_t)a->count * a->element;
}

static void fill(const struct corpus_argument *a, uint64_t seed, void *out)
{
	uint8_t *bytes = out;

	for (uint32_t i = 0; i < corpus_bytes(a); i++)
		bytes[i] = a->kind == CORPUS_BITS ? (uint8_t)corpus_random(&seed) : 0;
	for (uint32_t i = 0; i < a->count; i++) {
		if (a->kind == CORPUS_BELOW)
			((uint32_t *)out)[i] = (uint32_t)(corpus_random(&seed) % a->number);
		if (a->kind == CORPUS_FLOATS)
			((float *)out)[i] =
				(float)(corpus_random(&seed) >> 40) / (float)(1 << 24) - 0.5f;
		if (a->kind == CORPUS_DOUBLES)
			((double *)out)[i] = (double)(corpus_random(&seed) >> 11) * 0x1p-53 - 0.5;
	}
}

static void *copy_of(const void *data, uint64_t bytes)
{
	void *out = malloc(bytes);

	CU_ASSERT_PTR_NOT_NULL_FATAL(out);
	memcpy(out, data, bytes);
	return out;
}

static void number(const struct corpus_argument *a, struct corpus_state *s, uint32_t i)
{
	s->numbers[i] = a->number;
	if (a->real != 0)
		memcpy(&s->numbers[i], &a->real, sizeof(a->real));
	s->before[i] = s->after[i] = a->value ? (void *)(uintptr_t)a->value : &s->numbers[i];
}

void corpus_make(const struct corpus_case *c, struct corpus_state *s)
{
	for (; s->count < CORPUS_ARGUMENTS && c->arguments[s->count].kind; s->count++) {
		const struct corpus_argument *a = &c->arguments[s->count];

		if (a->kind == CORPUS_NUMBER) {
			number(a, s, s->count);
			continue;
		}
		s->before[s->count] = calloc(a->count, a->element);
		CU_ASSERT_PTR_NOT_NULL_FATAL(s->before[s->count]);
		fill(a, s->count + 1, s->before[s->count]);
	}
	if (c->prepare)
		c->prepare(s->before);
	for (uint32_t i = 0; i < s->count; i++) {
		if (c->arguments[i].kind == CORPUS_NUMBER)
			continue;
		s->after[i] = copy_of(s->before[i], corpus_bytes(&c->arguments[i]));
		s->seen[i] = copy_of(s->before[i], corpus_bytes(&c->arguments[i]));
	}
	c->expect(s->after);
}

void corpus_release(const struct corpus_case *c, struct corpus_state *s)
{
	for (uint32_t i = 0; i < s->count; i++) {
		if (c->arguments[i].kind == CORPUS_NUMBER)
			continue;
		free(s->before[i]);
		free(s->after[i]);
		free(s->seen[i]);
	}
}

void corpus_run(const struct corpus_case *c, struct corpus_state *s, struct fixture *f)
{
	struct run run = {.file = c->file,
			  .kernel = c->kernel,
			  .grid = c->grid,
			  .block = c->block,
			  .shared_bytes = c->shared_bytes,
			  .argument_count = s->count};

	for (uint32_t i = 0; i < s->count; i++) {
		const struct corpus_argument *a = &c->arguments[i];

		if (a->kind == CORPUS_NUMBER) {
			run.arguments[i].value = s->before[i];
			continue;
		}
		memcpy(s->seen[i], s->before[i], corpus_bytes(a));
		run.arguments[i] = (struct run_argument){
			.data = s->seen[i], .count = a->count, .element = a->element};
	}
	CU_ASSERT_EQUAL(run_kernel(f, &run, NULL), ROAD_OK);
}
