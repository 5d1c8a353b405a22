/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernels that compilers made leave in memory what a plain host computation says: the same data in
 * every mode and every run, the same cycles in every run of a mode.
 */
#include <math.h>

#include "tests/gpu/corpus_run.h"

enum { RUNS = 2, CASES_MAX = 100, COUNTERS_MAX = 400 };

static const char *const modes[] = {"sim:gpu-small?time=functional", "sim:gpu-small?time=approx"};

/* The first element that is not as expected, or the buffer's count. */
static uint32_t first_wrong(const struct corpus_case *c, const struct corpus_state *s, uint32_t i)
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

static void tell(const struct corpus_case *c, const struct corpus_state *s, uint32_t i, uint32_t at)
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

static void check_data(const struct corpus_case *c, const struct corpus_state *s)
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

static void run_once(const struct corpus_case *c, struct corpus_state *s, const char *device,
		     struct counters *counters)
{
	struct fixture f = setup(device);

	corpus_run(c, s, &f);
	count(f.device, counters);
	teardown(&f);
}

static uint64_t hash_of(const struct corpus_case *c, const struct corpus_state *s)
{
	uint64_t hash = 14695981039346656037u;

	for (uint32_t i = 0; i < s->count; i++)
		for (uint64_t k = 0; s->seen[i] && k < corpus_bytes(&c->arguments[i]); k++)
			hash = (hash ^ ((uint8_t *)s->seen[i])[k]) * 1099511628211u;
	return hash;
}

static void check(const struct corpus_case *c)
{
	struct counters first, again;
	struct corpus_state s = {0};
	uint64_t hash = 0;

	corpus_make(c, &s);
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
	corpus_release(c, &s);
}

/* CUnit's cases have no argument: the row is found by the name of the one that runs. */
static void run_current(void)
{
	const char *name = CU_get_current_test()->pName;

	for (size_t t = 0; t < CORPUS_TABLES; t++)
		for (const struct corpus_case *c = corpus_tables[t]; c->says; c++)
			if (!strcmp(c->says, name))
				check(c);
}

int main(int argc, char **argv)
{
	struct tap_case cases[CASES_MAX];
	unsigned count = 0;

	for (size_t t = 0; t < CORPUS_TABLES; t++)
		for (const struct corpus_case *c = corpus_tables[t]; c->says && count < CASES_MAX;
		     c++)
			cases[count++] = (struct tap_case){c->says, run_current};
	return tap_main(argc, argv, cases, count);
}
