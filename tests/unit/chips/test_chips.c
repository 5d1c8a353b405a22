/* SPDX-License-Identifier: Apache-2.0 */
/* simulators/chips: what a good file gives, and what each kind of bad one is told. */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "simulators/chips/chip.h"
#include "simulators/chips/chip_edu.h"
#include "simulators/gpu/params.h"
#include "tests/support/tap.h"

/* gpu-small with one text replaced by another; the caller frees. */
static char *edited(const char *find, const char *replace, size_t *len)
{
	const struct road_chip_builtin *small = road_chip_builtin_find("gpu-small", 9);
	const char *at = strstr(small->bytes, find);

	if (!at)
		return NULL;
	size_t before = (size_t)(at - small->bytes), tail = strlen(at + strlen(find));
	char *text = malloc(before + strlen(replace) + tail + 1);

	memcpy(text, small->bytes, before);
	strcpy(text + before, replace);
	strcat(text, at + strlen(find));
	*len = strlen(text);
	return text;
}

/* Line of the first place where `what` stands in `text`, from 1; 0: nowhere. */
static unsigned line_of(const char *text, const char *what)
{
	const char *at = strstr(text, what);
	unsigned line = 1;

	for (const char *c = text; at && c < at; c++)
		line += *c == '\n';
	return at ? line : 0;
}

struct bad {
	const char *find, *replace;
	enum road_chip_error_code code;
	const char *line_holds; /* the reported line is the first with this text */
	const char *key, *seen, *allowed;
};

static const struct bad bads[] = {
	{"sm_count: {value: 4,", "sm_cuont: {value: 4,", ROAD_CHIP_ERROR_UNKNOWN, "sm_cuont",
	 "parameters.sm_cuont", "sm_cuont", "family"},
	{"chip: gpu-small", "chip: gpu-small\nvoltage: 3", ROAD_CHIP_ERROR_UNKNOWN, "voltage",
	 "voltage", "voltage", "chip, family, like, sources, identity, parameters"},
	{"sm_count: {value: 4,", "sm_count: {value: 4, sigma: 1,", ROAD_CHIP_ERROR_UNKNOWN, "sigma",
	 "parameters.sm_count.sigma", "sigma", "value, unit, source, kind"},
	{"clock: {value: 1000, unit: MHz", "clock: {value: 1000, unit: GHz", ROAD_CHIP_ERROR_UNIT,
	 "GHz", "parameters.clock.unit", "GHz", "MHz"},
	{"clock: {value: 1000, unit: MHz,", "clock: {value: 1000,", ROAD_CHIP_ERROR_UNIT,
	 "clock: {", "parameters.clock.unit", "nothing", "MHz"},
	{"sm_count: {value: 4,", "sm_count: {value: 4, unit: SMs,", ROAD_CHIP_ERROR_UNIT,
	 "unit: SMs", "parameters.sm_count.unit", "SMs", "no unit"},
	{"sm_count: {value: 4,", "sm_count: {value: 1025,", ROAD_CHIP_ERROR_RANGE, "1025",
	 "parameters.sm_count.value", "1025", "integer 1..1024"},
	{"sm_count: {value: 4,", "sm_count: {value: 0,", ROAD_CHIP_ERROR_RANGE, "sm_count",
	 "parameters.sm_count.value", "0", "1..1024"},
	{"clock: {value: 1000,", "clock: {value: 1000.0001,", ROAD_CHIP_ERROR_RANGE, "1000.0001",
	 "parameters.clock.value", "1000.0001", "fewer digits"},
	{"sm_count: {value: 4, source: own, kind: assumed}", "", ROAD_CHIP_ERROR_MISSING,
	 "compute_major", "parameters.sm_count", "nothing", "required"},
	{"sm_count: {value: 4, source: own,", "sm_count: {value: 4,", ROAD_CHIP_ERROR_MISSING,
	 "sm_count", "parameters.sm_count.source", "nothing", "text"},
	{"sm_count: {value: 4,", "sm_count: {", ROAD_CHIP_ERROR_MISSING, "sm_count",
	 "parameters.sm_count.value", "nothing", "integer 1..1024"},
	{"identity:\n", "extra_identity:\n", ROAD_CHIP_ERROR_UNKNOWN, "extra_identity",
	 "extra_identity", "extra_identity", "identity"},
	{"subcores: {", "sm_count: {value: 5, source: own, kind: assumed}\n  subcores: {",
	 ROAD_CHIP_ERROR_DUPLICATE, "sm_count: {value: 5", "parameters.sm_count", "sm_count",
	 "once"},
	{"sm_count: {value: 4,", "sm_count: {value: 4, value: 4,", ROAD_CHIP_ERROR_DUPLICATE,
	 "value: 4, value", "parameters.sm_count.value", "value", "once"},
	{"sm_count: {value: 4,", "sm_count: {value: many,", ROAD_CHIP_ERROR_TYPE, "many",
	 "parameters.sm_count.value", "many", "integer 1..1024"},
	{"sm_count: {value: 4,", "sm_count: {value: 4.5,", ROAD_CHIP_ERROR_TYPE, "4.5",
	 "parameters.sm_count.value", "4.5", "integer"},
	{"sm_count: {value: 4,", "sm_count: {value: -4,", ROAD_CHIP_ERROR_TYPE, "-4",
	 "parameters.sm_count.value", "-4", "integer"},
	{"sm_count: {value: 4,", "sm_count: {value: [4],", ROAD_CHIP_ERROR_TYPE, "[4]",
	 "parameters.sm_count.value", "a list", "integer"},
	{"sm_count: {value: 4, source: own, kind: assumed}", "sm_count: 4", ROAD_CHIP_ERROR_TYPE,
	 "sm_count: 4", "parameters.sm_count", "4", "a mapping"},
	{"vendor: {value: Roadbed,", "vendor: {value: {a: b},", ROAD_CHIP_ERROR_TYPE, "{a: b}",
	 "identity.vendor.value", "a mapping", "text"},
	{"memory: {value: 256",
	 "pci_devices: {value: 3, source: own, kind: assumed}\n  "
	 "memory: {value: 256",
	 ROAD_CHIP_ERROR_TYPE, "pci_devices", "identity.pci_devices.value", "3", "list"},
	{"sm_count: {value: 4, source: own, kind: assumed",
	 "sm_count: {value: 4, source: own, kind: guessed", ROAD_CHIP_ERROR_KIND, "guessed",
	 "parameters.sm_count.kind", "guessed", "measured, datasheet, tuned, assumed"},
	{"sm_count: {value: 4, source: own", "sm_count: {value: 4, source: hearsay",
	 ROAD_CHIP_ERROR_SOURCE, "hearsay", "parameters.sm_count.source", "hearsay", "sources"},
	{"family: gpu", "family: abacus", ROAD_CHIP_ERROR_RANGE, "abacus", "family", "abacus",
	 "gpu, dsa, rpu, edu"},
	{"family: gpu", "family: gpu\nlike: no-such", ROAD_CHIP_ERROR_RANGE, "no-such", "like",
	 "no-such", "built-in chip"},
	{"family: gpu", "family: gpu\nlike: dsa-small", ROAD_CHIP_ERROR_CONFLICT, "dsa-small",
	 "like", "dsa-small", "same family"},
	{"chip: gpu-small", "chip: ../x", ROAD_CHIP_ERROR_RANGE, "../x", "chip", "../x", "a-z"},
	{"shared_per_block: {value: 31,", "shared_per_block: {value: 33,", ROAD_CHIP_ERROR_CONFLICT,
	 "value: 33", "parameters.shared_per_block", "33", "32768 bytes"},
	{"l2_size: {value: 512,", "l2_size: {value: 500,", ROAD_CHIP_ERROR_CONFLICT, "value: 500",
	 "parameters.l2_size", "500", "multiple of 8192"},
	{"parameters:\n", "parameters: {\n", ROAD_CHIP_ERROR_SYNTAX, NULL, "", "", "YAML"},
	{"chip: gpu-small", "chip: gpu-small\n\tfoo: 1", ROAD_CHIP_ERROR_SYNTAX, "foo", "", "",
	 "YAML"},
};

static void errors_name_file_line_key_value_and_what_is_allowed(void)
{
	for (size_t i = 0; i < sizeof(bads) / sizeof(bads[0]); i++) {
		const struct bad *bad = &bads[i];
		struct road_chip *chip = NULL;
		struct road_chip_error error;
		size_t len;
		char *text = edited(bad->find, bad->replace, &len);

		CU_ASSERT_PTR_NOT_NULL_FATAL(text);
		int err = road_chip_parse(text, len, "somewhere.yaml", &chip, &error);

		CU_ASSERT_EQUAL(err, -1);
		CU_ASSERT_PTR_NULL(chip);
		CU_ASSERT_EQUAL(error.code, bad->code);
		CU_ASSERT_STRING_EQUAL(error.file, "somewhere.yaml");
		CU_ASSERT_STRING_EQUAL(error.key, bad->key);
		CU_ASSERT_PTR_NOT_NULL(strstr(error.seen, bad->seen));
		CU_ASSERT_PTR_NOT_NULL(strstr(error.allowed, bad->allowed));
		CU_ASSERT_TRUE(error.line > 0);
		if (bad->line_holds)
			CU_ASSERT_EQUAL(error.line, line_of(text, bad->line_holds));
		if (bad->line_holds && error.line != line_of(text, bad->line_holds))
			printf("# case %zu: %s\n", i, error.message);
		char where[64];

		snprintf(where, sizeof(where), "somewhere.yaml:%u:", error.line);
		CU_ASSERT_PTR_NOT_NULL(strstr(error.message, where));
		if (error.code != bad->code || strcmp(error.key, bad->key))
			printf("# case %zu: %s\n", i, err ? error.message : "parsed");
		free(text);
		if (!err)
			road_chip_free(chip);
	}
}

static void values_are_kept_in_the_units_of_the_members(void)
{
	struct road_chip_error error;
	struct road_chip *chip;

	CU_ASSERT_EQUAL_FATAL(road_chip_builtin_open("a100-sxm4-80gb", &chip, &error), 0);
	const struct road_gpu_params *p = chip->params;

	CU_ASSERT_STRING_EQUAL(chip->family->name, "gpu");
	CU_ASSERT_STRING_EQUAL(chip->identity.vendor, "NVIDIA");
	CU_ASSERT_EQUAL(chip->identity.pci_vendor, 0x10de);
	CU_ASSERT_EQUAL_FATAL(chip->identity.pci_devices.count, 1);
	CU_ASSERT_EQUAL(chip->identity.pci_devices.id[0], 0x20b2);
	CU_ASSERT_EQUAL(chip->identity.memory_bytes, UINT64_C(80) << 30);
	CU_ASSERT_EQUAL(p->sm_count, 108);
	CU_ASSERT_EQUAL(p->clock_khz, 1410000);
	CU_ASSERT_EQUAL(p->shared_per_sm, 164 * 1024);
	CU_ASSERT_EQUAL(p->l2_bytes, UINT64_C(40) << 20);
	CU_ASSERT_EQUAL(p->dram_rate, UINT64_C(2039000000000));
	CU_ASSERT_EQUAL(p->latency[ROAD_GPU_LAT_FMA], 4);
	CU_ASSERT_EQUAL(p->passes[ROAD_GPU_LAT_IDIV], 20);
	CU_ASSERT_EQUAL(chip->host.query_ps, 200000);
	road_chip_free(chip);
}

static void decimals_and_lists_and_hexadecimal_are_exact(void)
{
	struct road_chip_error error;
	struct road_chip *chip;
	size_t len;
	char *text = edited("clock: {value: 1000,", "clock: {value: 1410.125,", &len);

	CU_ASSERT_EQUAL_FATAL(road_chip_parse(text, len, "x", &chip, &error), 0);
	CU_ASSERT_EQUAL(((const struct road_gpu_params *)chip->params)->clock_khz, 1410125);
	road_chip_free(chip);
	free(text);
	text = edited("memory: {value: 256",
		      "pci_devices: {value: [0x323, 0x0327, 808], source: own, kind: assumed}\n"
		      "  memory: {value: 0x100",
		      &len);
	CU_ASSERT_EQUAL_FATAL(road_chip_parse(text, len, "x", &chip, &error), 0);
	CU_ASSERT_EQUAL(chip->identity.pci_devices.count, 3);
	CU_ASSERT_EQUAL(chip->identity.pci_devices.id[0], 0x323);
	CU_ASSERT_EQUAL(chip->identity.pci_devices.id[2], 0x328);
	CU_ASSERT_EQUAL(chip->identity.memory_bytes, 256u << 20);
	road_chip_free(chip);
	free(text);
}

static void kinds_are_counted_and_every_value_has_a_source(void)
{
	const struct road_chip_builtin *file;

	for (size_t i = 0; (file = road_chip_builtin(i)); i++) {
		struct road_chip_error error;
		struct road_chip *chip;
		unsigned by_kind[ROAD_CHIP_KINDS] = {0};

		CU_ASSERT_EQUAL_FATAL(
			road_chip_parse(file->bytes, file->len, file->name, &chip, &error), 0);
		CU_ASSERT_STRING_EQUAL(chip->name, file->name);
		for (size_t v = 0; v < chip->value_count; v++) {
			CU_ASSERT_TRUE(strlen(chip->values[v].source) > 5);
			CU_ASSERT_TRUE(strlen(chip->values[v].value) > 0);
			by_kind[chip->values[v].kind]++;
		}
		CU_ASSERT_EQUAL(memcmp(by_kind, chip->by_kind, sizeof(by_kind)), 0);
		CU_ASSERT_EQUAL(road_chip_assumed_permille(chip),
				1000 * by_kind[ROAD_CHIP_ASSUMED] / chip->value_count);
		printf("# %s: %zu values, %u assumed per mille\n", chip->name, chip->value_count,
		       road_chip_assumed_permille(chip));
		road_chip_free(chip);
	}
	CU_ASSERT_EQUAL(road_chip_builtin_find("gpu-small", 9)->name[0], 'g');
	CU_ASSERT_PTR_NULL(road_chip_builtin_find("gpu-small", 8));
}

static const struct road_chip_value *value_of(const struct road_chip *chip, const char *name)
{
	for (size_t i = 0; i < chip->value_count; i++)
		if (!strcmp(chip->values[i].name, name))
			return &chip->values[i];
	return NULL;
}

static void what_a_chip_does_not_say_is_that_of_the_one_it_is_like(void)
{
	struct road_chip_error error;
	struct road_chip *chip, *base;

	CU_ASSERT_EQUAL_FATAL(road_chip_builtin_open("mi300x", &chip, &error), 0);
	CU_ASSERT_EQUAL_FATAL(road_chip_builtin_open("a100-sxm4-80gb", &base, &error), 0);
	const struct road_gpu_params *own = chip->params, *other = base->params;

	CU_ASSERT_STRING_EQUAL(chip->like, "a100-sxm4-80gb");
	CU_ASSERT_STRING_EQUAL(base->like, "");
	CU_ASSERT_EQUAL(own->dram_rate, UINT64_C(5300) * 1000000000); /* the file's */
	CU_ASSERT_EQUAL(own->warps_per_sm, other->warps_per_sm);
	CU_ASSERT_EQUAL(chip->host.read_ps, base->host.read_ps);
	const struct road_chip_value *given = value_of(chip, "dram_rate");
	const struct road_chip_value *taken = value_of(chip, "warps_per_sm");

	CU_ASSERT_PTR_NOT_NULL_FATAL(given);
	CU_ASSERT_PTR_NOT_NULL_FATAL(taken);
	CU_ASSERT_EQUAL(given->kind, ROAD_CHIP_DATASHEET);
	CU_ASSERT_EQUAL(taken->kind, ROAD_CHIP_ASSUMED);
	CU_ASSERT_STRING_EQUAL(taken->source, "like a100-sxm4-80gb");
	CU_ASSERT_STRING_EQUAL(taken->value, value_of(base, "warps_per_sm")->value);
	/* Identity is nobody else's. */
	CU_ASSERT_EQUAL(chip->identity.memory_bytes, UINT64_C(192) << 30);
	road_chip_free(base);
	road_chip_free(chip);
}

static void nobody_is_like_a_chip_that_is_like_another(void)
{
	struct road_chip_error error;
	struct road_chip *chip = NULL;
	size_t len;
	char *text = edited("family: gpu", "family: gpu\nlike: mi300x", &len);

	CU_ASSERT_EQUAL(road_chip_parse(text, len, "x", &chip, &error), -1);
	CU_ASSERT_EQUAL(error.code, ROAD_CHIP_ERROR_CONFLICT);
	CU_ASSERT_STRING_EQUAL(error.file, "mi300x");
	CU_ASSERT_STRING_EQUAL(error.key, "like");
	free(text);
}

/* What lists say without parsing is what the file says. */
static void the_catalogue_is_summed_up_by_the_build(void)
{
	const char *makers[64];
	unsigned chips = 0, count = 0, at;
	const struct road_chip_builtin *file;

	for (size_t i = 0; (file = road_chip_builtin(i)); i++, chips++) {
		struct road_chip_error error;
		struct road_chip *chip;

		CU_ASSERT_EQUAL_FATAL(road_chip_builtin_open(file->name, &chip, &error), 0);
		const struct road_chip_summary summary = road_chip_summarize(chip);

		CU_ASSERT_STRING_EQUAL(summary.family, file->summary.family);
		CU_ASSERT_STRING_EQUAL(summary.vendor, file->summary.vendor);
		CU_ASSERT_STRING_EQUAL(summary.product, file->summary.product);
		CU_ASSERT_EQUAL(summary.pci_vendor, file->summary.pci_vendor);
		CU_ASSERT_EQUAL(summary.pci_device, file->summary.pci_device);
		CU_ASSERT_EQUAL(summary.pci_class, file->summary.pci_class);
		for (at = 0; at < count && strcmp(makers[at], file->summary.vendor); at++)
			;
		if (at == count && count < 64)
			makers[count++] = file->summary.vendor;
		road_chip_free(chip);
	}
	printf("# %u chips of %u makers\n", chips, count);
	CU_ASSERT(chips >= 40 && count >= 20);
}

static void a_wholly_invented_chip_is_wholly_assumed(void)
{
	struct road_chip_error error;
	struct road_chip *chip;

	CU_ASSERT_EQUAL_FATAL(road_chip_builtin_open("gpu-small", &chip, &error), 0);
	CU_ASSERT_EQUAL(road_chip_assumed_permille(chip), 1000);
	CU_ASSERT_EQUAL(chip->identity.pci_vendor, 0);
	road_chip_free(chip);
}

static void a_default_is_listed_as_assumed(void)
{
	struct road_chip_error error;
	struct road_chip *chip;
	size_t len;
	char *text = edited("fdiv_passes: {value: 8, source: own, kind: assumed}", "", &len);
	bool seen = false;

	CU_ASSERT_EQUAL_FATAL(road_chip_parse(text, len, "x", &chip, &error), 0);
	CU_ASSERT_EQUAL(((const struct road_gpu_params *)chip->params)->passes[ROAD_GPU_LAT_FDIV],
			1);
	for (size_t v = 0; v < chip->value_count; v++)
		seen |= !strcmp(chip->values[v].name, "fdiv_passes") &&
			chip->values[v].kind == ROAD_CHIP_ASSUMED && !chip->values[v].line;
	CU_ASSERT_TRUE(seen);
	road_chip_free(chip);
	free(text);
}

static void edu_has_its_own_parameters(void)
{
	struct road_chip_error error;
	struct road_chip *chip;

	CU_ASSERT_EQUAL_FATAL(road_chip_builtin_open("edu", &chip, &error), 0);
	const struct road_edu_params *p = chip->params;

	CU_ASSERT_STRING_EQUAL(chip->family->name, "edu");
	CU_ASSERT_EQUAL(p->dma_address_bits, 28);
	CU_ASSERT_EQUAL(p->buffer_bytes, 4096);
	CU_ASSERT_EQUAL(chip->identity.pci_vendor, 0x1234);
	road_chip_free(chip);
}

static void files_are_read_by_path_and_by_name_and_size_is_bounded(void)
{
	const struct road_chip_builtin *edu = road_chip_builtin_find("edu", 3);
	struct road_chip_error error;
	struct road_chip *chip;
	char folder[] = "/tmp/roadbed-chips-XXXXXX", path[64], other[64];

	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/edu.yaml", folder);
	snprintf(other, sizeof(other), "%s/other.yaml", folder);
	int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	CU_ASSERT_EQUAL(write(fd, edu->bytes, edu->len), (ssize_t)edu->len);
	CU_ASSERT_EQUAL(road_chip_load_named(folder, "edu", &chip, &error), 0);
	road_chip_free(chip);
	CU_ASSERT_EQUAL(link(path, other), 0);
	CU_ASSERT_EQUAL(road_chip_load_named(folder, "other", &chip, &error), -1);
	CU_ASSERT_EQUAL(error.code, ROAD_CHIP_ERROR_CONFLICT);
	CU_ASSERT_EQUAL(road_chip_load_named(folder, "../edu", &chip, &error), -1);
	CU_ASSERT_EQUAL(error.code, ROAD_CHIP_ERROR_RANGE);
	CU_ASSERT_EQUAL(ftruncate(fd, ROAD_CHIP_FILE_MAX_BYTES + 1), 0);
	CU_ASSERT_EQUAL(road_chip_load(path, &chip, &error), -1);
	CU_ASSERT_EQUAL(error.code, ROAD_CHIP_ERROR_FILE);
	close(fd);
	unlink(path);
	unlink(other);
	CU_ASSERT_EQUAL(road_chip_load(path, &chip, &error), -1);
	CU_ASSERT_EQUAL(error.code, ROAD_CHIP_ERROR_FILE);
	CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "No such file"));
	rmdir(folder);
}

static void every_cut_and_every_changed_byte_of_a_file_is_survived(void)
{
	const struct road_chip_builtin *edu = road_chip_builtin_find("edu", 3);
	struct road_chip_error error;
	char *copy = malloc(edu->len);

	memcpy(copy, edu->bytes, edu->len);
	for (size_t i = 0; i < edu->len; i++) {
		struct road_chip *chip;

		if (!road_chip_parse(edu->bytes, i, "cut", &chip, &error))
			road_chip_free(chip);
		copy[i] = (char)(copy[i] ^ 0x15);
		if (!road_chip_parse(copy, edu->len, "changed", &chip, &error))
			road_chip_free(chip);
		copy[i] = edu->bytes[i];
	}
	CU_ASSERT_EQUAL(road_chip_parse("", 0, "x", NULL, &error), -1);
	CU_ASSERT_EQUAL(error.code, ROAD_CHIP_ERROR_SYNTAX);
	free(copy);
}

static void a_second_document_is_refused(void)
{
	struct road_chip_error error;
	struct road_chip *chip;
	size_t len;
	char *text = edited("chip: gpu-small", "---\nchip: gpu-small", &len);

	CU_ASSERT_EQUAL(road_chip_parse(text, len, "x", &chip, &error), 0);
	road_chip_free(chip);
	text = realloc(text, len + 16);
	strcpy(text + len, "---\nchip: two\n");
	CU_ASSERT_EQUAL(road_chip_parse(text, strlen(text), "x", &chip, &error), -1);
	CU_ASSERT_EQUAL(error.code, ROAD_CHIP_ERROR_SYNTAX);
	CU_ASSERT_EQUAL(error.line, line_of(text, "chip: two"));
	free(text);
}

static const struct road_chip_value *value_named(const struct road_chip *chip, const char *name)
{
	for (size_t i = 0; i < chip->value_count; i++)
		if (!strcmp(chip->values[i].name, name))
			return &chip->values[i];
	return NULL;
}

static void a_parameter_that_is_set_is_stored_and_counts_as_assumed(void)
{
	struct road_chip_error error;
	struct road_chip *chip;
	const struct road_chip_value *value;

	CU_ASSERT_EQUAL_FATAL(road_chip_builtin_open("a100-sxm4-80gb", &chip, &error), 0);
	const unsigned datasheet = chip->by_kind[ROAD_CHIP_DATASHEET];
	const unsigned assumed = chip->by_kind[ROAD_CHIP_ASSUMED];

	CU_ASSERT_EQUAL(road_chip_override(chip, "dram_rate", "1.5", "here", &error), 0);
	CU_ASSERT_EQUAL(road_chip_override(chip, "host_query", "7", "here", &error), 0);
	CU_ASSERT_EQUAL(((const struct road_gpu_params *)chip->params)->dram_rate, 1500000000);
	CU_ASSERT_EQUAL(chip->host.query_ps, 7000);
	value = value_named(chip, "dram_rate");
	CU_ASSERT_PTR_NOT_NULL_FATAL(value);
	CU_ASSERT_STRING_EQUAL(value->value, "1.5");
	CU_ASSERT_STRING_EQUAL(value->source, "here");
	CU_ASSERT_EQUAL(value->kind, ROAD_CHIP_ASSUMED);
	CU_ASSERT_EQUAL(chip->by_kind[ROAD_CHIP_DATASHEET], datasheet - 1);
	CU_ASSERT_EQUAL(chip->by_kind[ROAD_CHIP_ASSUMED], assumed + 1);
	CU_ASSERT_EQUAL(road_chip_check(chip, &error), 0);
	road_chip_free(chip);
}

static void a_parameter_that_cannot_be_set_says_what_is_allowed(void)
{
	static const struct {
		const char *name, *value, *allowed;
		int result;
	} rows[] = {
		{"sm_cuont", "4", "", 1},
		{"vendor", "X", "", 1}, /* who a chip is cannot be set */
		{"sm_count", "0", "integer 1..1024", -1},
		{"sm_count", "4k", "integer 1..1024", -1},
		{"dram_rate", "0.0000000001", "number 0..100000 GB/s", -1},
	};
	struct road_chip_error error;
	struct road_chip *chip;

	CU_ASSERT_EQUAL_FATAL(road_chip_builtin_open("gpu-small", &chip, &error), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CU_ASSERT_EQUAL(road_chip_override(chip, rows[i].name, rows[i].value, "x", &error),
				rows[i].result);
		CU_ASSERT_EQUAL(road_chip_settable(chip, rows[i].name), rows[i].result < 1);
		if (rows[i].result > 0)
			continue;
		CU_ASSERT_STRING_EQUAL(error.allowed, rows[i].allowed);
		CU_ASSERT_STRING_EQUAL(error.key, rows[i].name);
	}
	CU_ASSERT_EQUAL(road_chip_override(chip, "l2_ways", "3", "x", &error), 0);
	CU_ASSERT_EQUAL(road_chip_check(chip, &error), -1);
	CU_ASSERT_EQUAL(error.code, ROAD_CHIP_ERROR_CONFLICT);
	CU_ASSERT_STRING_EQUAL(error.key, "l2_size");
	road_chip_free(chip);
}

static const struct tap_case cases[] = {
	{"a parameter that is set is stored and counts as assumed",
	 a_parameter_that_is_set_is_stored_and_counts_as_assumed},
	{"a parameter that cannot be set says what is allowed",
	 a_parameter_that_cannot_be_set_says_what_is_allowed},
	{"every error names file, line, key, the value seen and what is allowed",
	 errors_name_file_line_key_value_and_what_is_allowed},
	{"values are kept in the units of their members",
	 values_are_kept_in_the_units_of_the_members},
	{"decimals, lists and hexadecimal numbers are exact",
	 decimals_and_lists_and_hexadecimal_are_exact},
	{"kinds are counted and every value has a source",
	 kinds_are_counted_and_every_value_has_a_source},
	{"what a chip does not say is that of the one it is like",
	 what_a_chip_does_not_say_is_that_of_the_one_it_is_like},
	{"nobody is like a chip that is like another", nobody_is_like_a_chip_that_is_like_another},
	{"the catalogue is summed up by the build", the_catalogue_is_summed_up_by_the_build},
	{"a wholly invented chip is wholly assumed", a_wholly_invented_chip_is_wholly_assumed},
	{"a default is listed as assumed", a_default_is_listed_as_assumed},
	{"edu has its own parameters", edu_has_its_own_parameters},
	{"files are read by path and by name, and their size is bounded",
	 files_are_read_by_path_and_by_name_and_size_is_bounded},
	{"every cut and every changed byte of a file is survived",
	 every_cut_and_every_changed_byte_of_a_file_is_survived},
	{"a second document is refused", a_second_document_is_refused},
};

TAP_MAIN(cases)
