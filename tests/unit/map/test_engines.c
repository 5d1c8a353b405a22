/* SPDX-License-Identifier: Apache-2.0 */
/* Statements of kernels that need no mapping, and their containers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/tap.h"
#include "tools/map/container.h"
#include "tools/map/engine.h"
#include "uapi/region.h"
#include "uapi/rpu/regs.h"
#include "uapi/rpu/ring.h"

static int parse(const char *text, struct map_engines *out, struct map_error *error)
{
	return map_engines_parse(text, strlen(text), out, error);
}

static void statements_are_read(void)
{
	static const char text[] = "# of two types\n\nneur one f16 narrow add\nneur two s8\n";
	struct map_engines engines;
	struct map_error error;

	CU_ASSERT_TRUE(map_is_engines(text, strlen(text)));
	CU_ASSERT_FALSE(map_is_engines("graph neur\n", 11));
	CU_ASSERT_FALSE(map_is_engines("", 0));
	CU_ASSERT_EQUAL_FATAL(parse(text, &engines, &error), 0);
	CU_ASSERT_EQUAL_FATAL(engines.count, 2);
	CU_ASSERT_STRING_EQUAL((const char *)engines.kernels[0].name, "one");
	CU_ASSERT_EQUAL(engines.kernels[0].type, ROAD_RPU_GEMM_F16);
	CU_ASSERT_EQUAL(engines.kernels[0].flags, ROAD_RPU_WORK_ADD | ROAD_RPU_WORK_NARROW);
	CU_ASSERT_EQUAL(engines.kernels[0].engine, ROAD_RPU_ENGINE_NEUR);
	CU_ASSERT_EQUAL(engines.kernels[1].type, ROAD_RPU_GEMM_S8);
	CU_ASSERT_EQUAL(engines.kernels[1].flags, 0);
}

static void each_error_is_said(void)
{
	static const struct {
		const char *text;
		unsigned line, column;
		const char *what, *seen;
	} rows[] = {
		{"neur", 1, 5, "no name", "line's end"},
		{"neur 7 f16", 1, 6, "no name", "7"},
		{"neur a.b f16", 1, 6, "no name", "a.b"},
		{"neur a123456789b123456789c123456789d1 f16", 1, 6, "no name", "a1234"},
		{"neur a f32", 1, 8, "no type", "f32"},
		{"neur a f16 wide", 1, 12, "more than", "wide"},
		{"neur a f16 add add", 1, 16, "more than", "add"},
		{"neur a f16\nneur a s8", 2, 6, "already", "a"},
		{"neur a f16\ngraph b", 2, 1, "no statement", "graph"},
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct map_engines engines;
		struct map_error error = {0};

		CU_ASSERT(parse(rows[i].text, &engines, &error) != 0);
		if (error.line != rows[i].line || error.column != rows[i].column ||
		    !strstr(error.what, rows[i].what) || !strstr(error.seen, rows[i].seen)) {
			printf("# row %u: %u:%u: %s; seen: %s\n", i, error.line, error.column,
			       error.what, error.seen);
			CU_FAIL("another error");
		}
	}
}

static void sixteen_are_enough(void)
{
	struct map_engines engines;
	struct map_error error;
	char text[1024] = "";
	size_t at = 0;

	for (int i = 0; i < 17; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "neur k%d f16\n", i);
	CU_ASSERT(parse(text, &engines, &error) != 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(error.what, "too many"));
}

static void a_container_holds_what_was_said(void)
{
	struct road_config_header header;
	struct road_rpu_engine_kernel kernel;
	struct map_engines engines;
	struct map_error error;
	size_t bytes = 0;
	char *container;

	CU_ASSERT_EQUAL_FATAL(parse("neur product bf16", &engines, &error), 0);
	container = map_engine_container(&engines.kernels[0], &bytes);
	CU_ASSERT_PTR_NOT_NULL_FATAL(container);
	CU_ASSERT_EQUAL_FATAL(bytes, sizeof(header) + sizeof(kernel));
	memcpy(&header, container, sizeof(header));
	memcpy(&kernel, container + sizeof(header), sizeof(kernel));
	CU_ASSERT_EQUAL(header.kind, ROAD_CONFIG_ENGINE);
	CU_ASSERT_EQUAL(header.total_bytes, bytes);
	CU_ASSERT_EQUAL(header.claim_count, 0);
	CU_ASSERT_STRING_EQUAL((const char *)header.name, "product");
	CU_ASSERT_EQUAL(memcmp(&kernel, &engines.kernels[0], sizeof(kernel)), 0);
	free(container);
}

static const struct tap_case cases[] = {
	{"statements of engines are read", statements_are_read},
	{"what is wrong is said with its place", each_error_is_said},
	{"a text has sixteen kernels at most", sixteen_are_enough},
	{"a container holds what was said", a_container_holds_what_was_said},
};
TAP_MAIN(cases)
