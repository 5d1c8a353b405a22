/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each kernel four times, from the same data: its C source, its graph by the oracle, its mapping on
 * the fabric interpreted and compiled. All of memory is the same afterwards.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/oracle/rpu/graph.h"
#include "tests/unit/map/data.h"

static struct map_graph graph;
static struct map_mapping mapping;
static struct oracle_graph meaning;
static uint8_t begin[SPM_BYTES], by_source[SPM_BYTES], by_graph[SPM_BYTES], by_fabric[SPM_BYTES];

static void same(const uint8_t *memory, const char *name, const char *who)
{
	for (uint32_t i = 0; i < SPM_BYTES; i += 4)
		if (memcmp(memory + i, by_source + i, 4)) {
			uint32_t seen, wanted;

			memcpy(&seen, memory + i, 4);
			memcpy(&wanted, by_source + i, 4);
			printf("# %s, %s: 0x%08x at %u, the source has 0x%08x\n", name, who, seen,
			       i, wanted);
			CU_FAIL("another result");
			return;
		}
}

static void run_graph(const char *name, const uint32_t *values)
{
	char path[512], text[16384] = {0};
	FILE *file;

	snprintf(path, sizeof(path), MAP_KERNELS "/%s.graph", name);
	file = fopen(path, "r");
	if (!file || !fread(text, 1, sizeof(text) - 1, file))
		CU_FAIL("no text");
	if (file)
		fclose(file);
	memcpy(by_graph, begin, SPM_BYTES);
	CU_ASSERT_EQUAL(oracle_read(text, values, &meaning), 0);
	CU_ASSERT_EQUAL(oracle_run(&meaning, by_graph, SPM_BYTES), 0);
	same(by_graph, name, "graph");
}

static void run_mapping(const char *name, const struct map_fabric *fabric, const uint32_t *values)
{
	struct map_error error;
	uint64_t cycles[2];

	if (!kernel_graph(name, &graph))
		return;
	if (map_run(&graph, fabric, &map_options_default, &mapping, &error)) {
		printf("# %s: %s\n", name, error.what);
		CU_FAIL("no mapping");
		return;
	}
	for (unsigned mode = 0; mode < 2; mode++) {
		memcpy(by_fabric, begin, SPM_BYTES);
		cycles[mode] = data_run(&graph, fabric, &mapping, (enum rpu_fabric_mode)mode,
					by_fabric, values);
		same(by_fabric, name, mode == RPU_MODE_COMPILED ? "compiled" : "interpreted");
	}
	CU_ASSERT_EQUAL(cycles[0], cycles[1]);
	printf("# %-16s II %2u, %llu cycles\n", name, mapping.interval,
	       (unsigned long long)cycles[0]);
}

static void run_kernel(const struct data_kernel *kernel, const char *name,
		       const struct map_fabric *fabric)
{
	uint32_t values[MAP_ARGUMENTS_MAX] = {0};

	data_fill(kernel, 7, begin, values);
	memcpy(by_source, begin, SPM_BYTES);
	kernel->source(by_source, values);
	CU_ASSERT(memcmp(by_source, begin, SPM_BYTES));
	run_graph(name, values);
	run_mapping(name, fabric, values);
}

static void kernels_with_streams(void)
{
	for (unsigned i = 0; i < data_kernel_count; i++)
		run_kernel(&data_kernels[i], data_kernels[i].name, map_fabric_default());
}

static void loop_control_on(const struct map_fabric *fabric)
{
	for (unsigned i = 0; i < data_kernel_count; i++) {
		char name[40];

		snprintf(name, sizeof(name), "%s_loop", data_kernels[i].name);
		if (data_kernels[i].loop)
			run_kernel(&data_kernels[i], name, fabric);
	}
}

static void kernels_with_loop_control(void)
{
	const struct map_fabric fabric = small_fabric();

	loop_control_on(&fabric);
}

/* No streams, four registers, every column reaches memory, each operation takes a step. */
static void kernels_step_by_step(void)
{
	struct map_fabric fabric = small_fabric();
	struct map_error error;

	CU_ASSERT(
		!map_fabric_set(&fabric,
				"streams=0,registers=4,torus=1,memory_all=1,stepwise=1,alu=1,mul=1,"
				"div=1/1,fadd=1,fmul=1,fma=1,cvt=1,table=1,dot=1,mem=1",
				&error));
	loop_control_on(&fabric);
}

static const struct tap_case cases[] = {
	{"source, graph and fabric agree on kernels with streams", kernels_with_streams},
	{"source, graph and fabric agree on kernels with loop control", kernels_with_loop_control},
	{"source, graph and fabric agree on a torus that goes step by step", kernels_step_by_step},
};
TAP_MAIN(cases)
