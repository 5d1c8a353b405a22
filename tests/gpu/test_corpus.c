/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernels that compilers made leave in memory what a plain host computation says: the same data in
 * every mode and every run, the same cycles in every run of a mode.
 */
#include <math.h>

#include "tests/gpu/corpus.h"
#include "tests/gpu/run.h"

enum { RUNS = 2, CASES_MAX = 100, COUNTERS_MAX = 400 };

static const struct corpus_case *const tables[] = {corpus_basics, corpus_algebra, corpus_science,
						   corpus_images, corpus_codes,   corpus_search};
static const char *const modes[] = {"sim:gpu-small?time=functional", "sim:gpu-small?time=approx"};

uint64_t corpus_random(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	uint64_t x = *state;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

static uint64_t bytes_of(const struct corpus_argument *a)
{
	return (uint64_t)a->count * a->element;
}

static void fill(const struct corpus_argument *a, uint64_t seed, void *out)
{
	uint8_t *bytes = out;

	for (uint32_t i = 0; i < bytes_of(a); i++)
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

/* One case: what is in memory before and after, and what the device left there. */
struct state {
	uint32_t count;
	uint64_t numbers[CORPUS_ARGUMENTS];
	void *before[CORPUS_ARGUMENTS], *after[CORPUS_ARGUMENTS], *seen[CORPUS_ARGUMENTS];
};

static void *copy_of(const void *data, uint64_t bytes)
{
	void *out = malloc(bytes);

	CU_ASSERT_PTR_NOT_NULL_FATAL(out);
	memcpy(out, data, bytes);
	return out;
}

static void number(const struct corpus_argument *a, struct state *s, uint32_t i)
{
	s->numbers[i] = a->number;
	if (a->real != 0)
		memcpy(&s->numbers[i], &a->real, sizeof(a->real));
	s->before[i] = s->after[i] = a->value ? (void *)(uintptr_t)a->value : &s->numbers[i];
}

static void make(const struct corpus_case *c, struct state *s)
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
		s->after[i] = copy_of(s->before[i], bytes_of(&c->arguments[i]));
		s->seen[i] = copy_of(s->before[i], bytes_of(&c->arguments[i]));
	}
	c->expect(s->after);
}

static void release(const struct corpus_case *c, struct state *s)
{
	for (uint32_t i = 0; i < s->count; i++) {
		if (c->arguments[i].kind == CORPUS_NUMBER)
			continue;
		free(s->before[i]);
		free(s->after[i]);
		free(s->seen[i]);
	}
}

/* The first element that is not as expected, or the buffer's count. */
static uint32_t first_wrong(const struct corpus_case *c, const struct state *s, uint32_t i)
{
	const struct corpus_argument *a = &c->arguments[i];
	uint32_t at = 0;

	if (c->tolerance > 0 && a->element == 4 && a->kind != CORPUS_BELOW) {
		const float *seen = s->seen[i], *after = s->after[i];

		while (at < a->count && fabsf(seen[at] - after[at]) <= c->tolerance)
			at++;
		return at;
	}
	while (at < a->count &&
	       !memcmp((char *)s->seen[i] + (uint64_t)at * a->element,
		       (char *)s->after[i] + (uint64_t)at * a->element, a->element))
		at++;
	return at;
}

static void tell(const struct corpus_case *c, const struct state *s, uint32_t i, uint32_t at)
{
	uint32_t bytes = c->arguments[i].element;

	printf("# %s: argument %u, element %u: seen", c->kernel, i, at);
	for (uint32_t k = bytes; k--;)
		printf("%s%02x", k == bytes - 1 ? " " : "",
		       ((uint8_t *)s->seen[i])[(uint64_t)at * bytes + k]);
	printf(", expected");
	for (uint32_t k = bytes; k--;)
		printf("%s%02x", k == bytes - 1 ? " " : "",
		       ((uint8_t *)s->after[i])[(uint64_t)at * bytes + k]);
	printf("\n");
}

static void check_data(const struct corpus_case *c, const struct state *s)
{
	for (uint32_t i = 0; i < s->count; i++) {
		if (c->arguments[i].kind == CORPUS_NUMBER)
			continue;
		uint32_t at = first_wrong(c, s, i);

		CU_ASSERT_EQUAL(at, c->arguments[i].count);
		if (at < c->arguments[i].count)
			tell(c, s, i, at);
	}
}

/* All counters of a device, its cycles among them. */
struct counters {
	uint32_t count;
	char names[COUNTERS_MAX][48];
	uint64_t values[COUNTERS_MAX];
};

static void count(road_device *device, struct counters *out)
{
	const char *name;

	for (out->count = 0; out->count < COUNTERS_MAX; out->count++) {
		if (road_sim_counter(device, out->count, &name, &out->values[out->count]))
			break;
		snprintf(out->names[out->count], sizeof(out->names[0]), "%s", name);
	}
	CU_ASSERT(out->count > 0 && out->count < COUNTERS_MAX);
}

static void check_counters(const struct counters *first, const struct counters *now)
{
	CU_ASSERT_EQUAL(first->count, now->count);
	for (uint32_t i = 0; i < first->count && i < now->count; i++) {
		CU_ASSERT_STRING_EQUAL(first->names[i], now->names[i]);
		if (first->values[i] == now->values[i])
			continue;
		printf("# %s: first %llu, then %llu\n", first->names[i],
		       (unsigned long long)first->values[i], (unsigned long long)now->values[i]);
		CU_FAIL("a counter differs between runs");
	}
}

/* Runs it once on a fresh device, from the data before. */
static void run_once(const struct corpus_case *c, struct state *s, const char *device,
		     struct counters *counters)
{
	struct fixture f = setup(device);
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
		memcpy(s->seen[i], s->before[i], bytes_of(a));
		run.arguments[i] = (struct run_argument){
			.data = s->seen[i], .count = a->count, .element = a->element};
	}
	CU_ASSERT_EQUAL(run_kernel(&f, &run, NULL), ROAD_OK);
	count(f.device, counters);
	teardown(&f);
}

static uint64_t hash_of(const struct corpus_case *c, const struct state *s)
{
	uint64_t hash = 14695981039346656037u;

	for (uint32_t i = 0; i < s->count; i++)
		for (uint64_t k = 0; s->seen[i] && k < bytes_of(&c->arguments[i]); k++)
			hash = (hash ^ ((uint8_t *)s->seen[i])[k]) * 1099511628211u;
	return hash;
}

static void check(const struct corpus_case *c)
{
	struct counters first, again;
	struct state s = {0};
	uint64_t hash = 0;

	make(c, &s);
	for (int mode = 0; mode < 2; mode++) {
		run_once(c, &s, modes[mode], &first);
		check_data(c, &s);
		if (mode)
			CU_ASSERT_EQUAL(hash_of(c, &s), hash);
		hash = hash_of(c, &s);
		for (int i = 1; i < RUNS; i++) {
			run_once(c, &s, modes[mode], &again);
			CU_ASSERT_EQUAL(hash_of(c, &s), hash);
			check_counters(&first, &again);
		}
	}
	release(c, &s);
}

/* CUnit's cases have no argument: the row is found by the name of the one that runs. */
static void run_current(void)
{
	const char *name = CU_get_current_test()->pName;

	for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++)
		for (const struct corpus_case *c = tables[t]; c->says; c++)
			if (!strcmp(c->says, name))
				check(c);
}

int main(int argc, char **argv)
{
	struct tap_case cases[CASES_MAX];
	unsigned count = 0;

	for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++)
		for (const struct corpus_case *c = tables[t]; c->says && count < CASES_MAX; c++)
			cases[count++] = (struct tap_case){c->says, run_current};
	return tap_main(argc, argv, cases, count);
}
