/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oracle-goldens BACKEND [--random N] [--programs N] [--group N] [--every N] [--check]
 *
 * Runs the vectors of tests/oracle/mpfr/forms.def (special values, then N random ones) and N
 * generated programs on a backend (cuda, sim) and writes what came out, as text: GPU, driver and
 * date; then for each form its PTX and lines of inputs and results in hexadecimal; then for each
 * program its seed and a hash of its output. --check answers in TAP instead whether each result is
 * the one that the contract asks for. --every N leaves out all but each Nth form.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/oracle/gpu/gen.h"
#include "tests/oracle/gpu/goldens/backend.h"
#include "tests/oracle/mpfr/forms.h"

#define RECORDS_MAX (1u << 20)
#define THREADS     256u

struct record {
	uint64_t in[FORM_INPUTS], out[2], pad[2];
};

static struct {
	const struct backend *backend;
	unsigned target, random, programs, every, forms, refused, wrong, number;
	bool check;
	struct record *records;
} all = {.random = 256, .programs = 200, .every = 1};

static void add_line(char *text, size_t room, const char *line, unsigned k, unsigned offset)
{
	size_t used = strlen(text);

	snprintf(text + used, room - used, line, k, offset);
}

static const char *load_of(char kind)
{
	switch (kind) {
	case 'h': return "\tld.global.u16 %%h%u, [%%a0+%u];\n";
	case 'r': return "\tld.global.u32 %%r%u, [%%a0+%u];\n";
	case 'd': return "\tld.global.u64 %%d%u, [%%a0+%u];\n";
	default:
		return "\tld.global.u8 %%t3, [%%a0+%2$u];\n\tand.b32 %%t3, %%t3, 1;\n"
		       "\tsetp.ne.u32 %%p%1$u, %%t3, 0;\n";
	}
}

static const char *store_of(char kind)
{
	switch (kind) {
	case 'h': return "\tst.global.u16 [%%a0+%2$u], %%h%1$u;\n";
	case 'r': return "\tst.global.u32 [%%a0+%2$u], %%r%1$u;\n";
	case 'd': return "\tst.global.u64 [%%a0+%2$u], %%d%1$u;\n";
	default: return "\tselp.u32 %%t3, 1, 0, %%p%1$u;\n\tst.global.u32 [%%a0+%2$u], %%t3;\n";
	}
}

/* A thread for each record: its inputs to registers, the form, its results back. */
static void write_kernel(const struct form *form, char *text, size_t room)
{
	snprintf(text, room,
		 ".version 8.0\n.target sm_%u\n.address_size 64\n.visible .entry k(.param .u64 p)\n"
		 "{\n\t.reg .b16 %%h<8>;\n\t.reg .b32 %%r<8>;\n\t.reg .b64 %%d<8>;\n"
		 "\t.reg .pred %%p<8>;\n\t.reg .b32 %%t<4>;\n\t.reg .b64 %%a<4>;\n"
		 "\tld.param.u64 %%a0, [p];\n\tmov.u32 %%t0, %%ctaid.x;\n\tmov.u32 %%t2, %%tid.x;\n"
		 "\tmad.lo.u32 %%t0, %%t0, %u, %%t2;\n\tmul.wide.u32 %%a1, %%t0, %u;\n"
		 "\tadd.u64 %%a0, %%a0, %%a1;\n",
		 all.target, THREADS, (unsigned)sizeof(struct record));
	for (unsigned k = 0; k < FORM_INPUTS; k++)
		if (form->input[k])
			add_line(text, room, load_of(form->input[k]), k + 1, 8 * k);
	size_t used = strlen(text);

	snprintf(text + used, room - used, "\t%s;\n", form->text);
	add_line(text, room, store_of(form->result), 0, 32);
	if (form->second)
		add_line(text, room, store_of(form->second), 5, 40);
	used = strlen(text);
	snprintf(text + used, room - used, "\tret;\n}\n");
}

static void judge(const struct form *form, uint32_t count)
{
	uint32_t wrong = 0;

	for (uint32_t k = 0; k < count; k++) {
		uint64_t want[2] = {0};

		if (!form_reference(form, all.records[k].in, want))
			return;
		wrong += want[0] != all.records[k].out[0] ||
			 (form->second && want[1] != all.records[k].out[1]);
	}
	if (wrong)
		printf("# %s: %u of %u results are not the contract's\n", form->text, wrong, count);
	all.wrong += wrong != 0;
}

static void write_records(const struct form *form, uint32_t count)
{
	printf("form %s\n", form->text);
	for (uint32_t k = 0; k < count; k++) {
		for (unsigned n = 0; n < FORM_INPUTS; n++)
			if (form->input[n])
				printf("%llx ", (unsigned long long)all.records[k].in[n]);
		printf("= %llx", (unsigned long long)all.records[k].out[0]);
		if (form->second)
			printf(" %llx", (unsigned long long)all.records[k].out[1]);
		putchar('\n');
	}
}

static void do_form(const struct form *form, void *context)
{
	char text[4096], why[300] = "";
	uint32_t count = form_specials(form) + all.random;
	uint64_t state = 1, address = 0;

	(void)context;
	if (all.number++ % all.every)
		return;
	count = count < RECORDS_MAX ? count : RECORDS_MAX;
	memset(all.records, 0, ((size_t)count + THREADS) * sizeof(*all.records));
	for (uint32_t k = 0; k < count; k++)
		form_values(form, k, &state, all.records[k].in);
	write_kernel(form, text, sizeof(text));
	uint32_t groups = (count + THREADS - 1) / THREADS;
	struct golden_buffer buffer = {(uint8_t *)all.records,
				       (uint64_t)groups * THREADS * sizeof(*all.records)};
	struct golden_launch l = {.text = text,
				  .kernel = "k",
				  .grid = {groups, 1, 1},
				  .block = {THREADS, 1, 1},
				  .buffers = &buffer,
				  .buffer_count = 1,
				  .arguments = (uint8_t *)&address,
				  .argument_bytes = sizeof(address)};

	all.forms++;
	if (all.backend->run(&l, why, sizeof(why))) {
		all.refused++;
		printf("%sform %s is not run: %s\n", all.check ? "# " : "", form->text, why);
	} else if (all.check) {
		judge(form, count);
	} else {
		write_records(form, count);
	}
}

/* ---- the corpus ---- */

struct arguments { /* of a generated kernel */
	uint64_t out, in, sums;
	uint32_t scalar, pad;
	uint8_t block[32];
	double real;
};

static uint64_t hash_of(uint64_t hash, const uint8_t *data, uint64_t bytes)
{
	for (uint64_t k = 0; k < bytes; k++)
		hash = (hash ^ data[k]) * UINT64_C(0x100000001b3);
	return hash;
}

static void do_program(unsigned long long seed)
{
	static uint8_t out[GEN_THREADS_MAX * GEN_OUTPUT_BYTES], in[GEN_INPUT_BYTES];
	static uint8_t sums[GEN_SUMS_BYTES];
	struct program *p = program_generate(seed, FEATURES_ALL);
	char *text = program_text(p, NULL), why[300] = "";
	uint32_t threads = p->threads * p->grid[0] * p->grid[1] * p->grid[2];
	struct golden_buffer buffers[3] = {{out, (uint64_t)threads * GEN_OUTPUT_BYTES},
					   {in, sizeof(in)},
					   {sums, sizeof(sums)}};
	struct arguments a = {.scalar = (uint32_t)seed, .real = -0.75};
	struct golden_launch l = {.text = text,
				  .kernel = "k",
				  .shared = p->dynamic_shared,
				  .buffers = buffers,
				  .buffer_count = 3,
				  .arguments = (uint8_t *)&a,
				  .argument_bytes = sizeof(a)};

	memcpy(l.grid, p->grid, sizeof(l.grid));
	memcpy(l.block, p->block, sizeof(l.block));
	memset(out, 0xcd, sizeof(out));
	gen_inputs(seed, in, sums);
	if (all.backend->run(&l, why, sizeof(why)))
		printf("%sprogram %llu is not run: %s\n", all.check ? "# " : "", seed, why);
	else if (!all.check)
		printf("program %llu = %016llx\n", seed,
		       (unsigned long long)hash_of(
			       hash_of(UINT64_C(0xcbf29ce484222325), out, buffers[0].bytes), sums,
			       sizeof(sums)));
	all.refused += why[0] != '\0';
	free(text);
	program_free(p);
}

static int options(int argc, char **argv, unsigned *group)
{
	for (int k = 2; k < argc; k++) {
		unsigned *number = !strcmp(argv[k], "--random")     ? &all.random
				   : !strcmp(argv[k], "--programs") ? &all.programs
				   : !strcmp(argv[k], "--group")    ? group
				   : !strcmp(argv[k], "--every")    ? &all.every
								    : NULL;

		if (!strcmp(argv[k], "--check"))
			all.check = true;
		else if (number && k + 1 < argc)
			*number = (unsigned)strtoul(argv[++k], NULL, 0);
		else
			return -1;
	}
	return all.every ? 0 : -1;
}

int main(int argc, char **argv)
{
	char who[300], why[300], date[40];
	unsigned group = FORM_GROUPS;
	time_t now = time(NULL);

	all.backend = argc > 1 && !strcmp(argv[1], "cuda") ? &backend_cuda : &backend_sim;
	if (argc < 2 || strcmp(argv[1], all.backend->name) || options(argc, argv, &group))
		return fprintf(stderr, "oracle-goldens cuda|sim [--random N] [--programs N] "
				       "[--group N] [--every N] [--check]\n") != 0;
	all.records = calloc(RECORDS_MAX + THREADS, sizeof(*all.records));
	if (!all.records || all.backend->open(who, sizeof(who), &all.target, why, sizeof(why)))
		return fprintf(stderr, "oracle-goldens: %s: %s\n", argv[1], why) != 0;
	strftime(date, sizeof(date), "%Y-%m-%d", gmtime(&now));
	printf("# %s, %s\n", who, date);
	for (unsigned g = 0; g < FORM_GROUPS; g++)
		if (group == FORM_GROUPS || group == g)
			forms_each((enum form_group)g, do_form, NULL);
	for (unsigned k = 0; k < all.programs; k++)
		do_program(k + 1);
	all.backend->close();
	free(all.records);
	if (all.check) {
		printf("%sok 1 - %u forms and %u programs run, each result the contract's\n1..1\n",
		       all.wrong || all.refused || !all.forms ? "not " : "", all.forms,
		       all.programs);
	}
	return all.check && (all.wrong || all.refused || !all.forms);
}
