/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every arithmetic row of the PTX opcode table, by every spelling of tests/oracle/mpfr/forms.def:
 * compiled by the driver, run by the simulator in each vector variant, on all pairs of special
 * values and on random ones, against MPFR and wide integers. The first argument names the group; a
 * second, by hand, what spellings have to begin with.
 */
#include "drivers/gpu/ptx/lower.h"
#include "simulators/gpu/warp.h"
#include "simulators/numbers/vector.h"
#include "tests/oracle/mpfr/forms.h"
#include "tests/support/tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RANDOM  100000u
#define THREADS 256u
#define BASE    UINT64_C(0x100000)

struct record {
	uint64_t in[FORM_INPUTS], out[2], pad[2];
};

static struct record *records;
static uint64_t (*wants)[2];
static uint32_t record_count;
static uint64_t state, differences, forms, values;
static struct form now;
static const char *beginning = "";
static bool covered[1024][TYPES];

static void say(char *text, size_t room, const char *line, unsigned k, unsigned offset)
{
	size_t used = strlen(text);

	snprintf(text + used, room - used, line, k, offset);
}

static void write_kernel(const struct form *form, char *text, size_t room)
{
	static const char *const loads[] = {
		['h'] = "ld.global.u16 %%h%u, [%%a0+%u];\n",
		['r'] = "ld.global.u32 %%r%u, [%%a0+%u];\n",
		['d'] = "ld.global.u64 %%d%u, [%%a0+%u];\n",
		['p'] = "ld.global.u8 %%t3, [%%a0+%2$u]; and.b32 %%t3, %%t3, 1;"
			" setp.ne.u32 %%p%1$u, %%t3, 0;\n"};
	static const char *const stores[] = {
		['h'] = "st.global.u16 [%%a0+%2$u], %%h%1$u;\n",
		['r'] = "st.global.u32 [%%a0+%2$u], %%r%1$u;\n",
		['d'] = "st.global.u64 [%%a0+%2$u], %%d%1$u;\n",
		['p'] = "selp.u32 %%t3, 1, 0, %%p%1$u; st.global.u32 [%%a0+%2$u], %%t3;\n"};

	snprintf(text, room,
		 ".version 8.6\n.target sm_90\n.address_size 64\n.visible .entry k(.param .u64 p) "
		 "{\n"
		 ".reg .b16 %%h<8>; .reg .b32 %%r<8>; .reg .b64 %%d<8>; .reg .pred %%p<8>;\n"
		 ".reg .b32 %%t<4>; .reg .b64 %%a<4>;\nld.param.u64 %%a0, [p];\n"
		 "mov.u32 %%t0, %%ctaid.x; mov.u32 %%t1, %%ntid.x; mov.u32 %%t2, %%tid.x;\n"
		 "mad.lo.u32 %%t0, %%t0, %%t1, %%t2; mul.wide.u32 %%a1, %%t0, 64;\n"
		 "add.u64 %%a0, %%a0, %%a1;\n");
	for (unsigned k = 0; k < FORM_INPUTS; k++) {
		if (form->input[k])
			say(text, room, loads[(unsigned)form->input[k]], k + 1, 8 * k);
	}
	snprintf(text + strlen(text), room - strlen(text), "%s;\n", form->text);
	say(text, room, stores[(unsigned)form->result], 0, 32);
	if (form->second)
		say(text, room, stores[(unsigned)form->second], 5, 40);
	snprintf(text + strlen(text), room - strlen(text), "ret;\n}\n");
}

/* Which row of the driver's table takes this spelling, and by which type. */
static void note_row(const struct form *form)
{
	static const char *const flags[] = {
#define FLAG(enumerator, name) name,
		INSTR_FLAGS(FLAG)
#undef FLAG
	};
	struct slice name = {form->name, (uint32_t)strlen(form->name)}, last;
	uint64_t has = 0;
	unsigned count;
	const struct row *row = row_find(name, &count);

	last = (struct slice){form->type[form->types - 1],
			      (uint32_t)strlen(form->type[form->types - 1])};
	for (unsigned i = 0; i < FLAG_BITS; i++)
		has |= form_has(form, flags[i]) ? UINT64_C(1) << i : 0;
	enum ptx_type type = type_find(last);

	for (unsigned i = 0; i < count; i++, row++) {
		if (row->lower && (has & row->needs) == row->needs &&
		    !(has & ~(row->needs | row->allows)) && row->type_count == form->types &&
		    row->types >> type & 1 && form->operands >= row->low &&
		    form->operands <= row->high)
			covered[row - ptx_rows][type] = true;
	}
}

static void *compile(const struct form *form, size_t *bytes)
{
	char text[4096];
	struct road_ptx_error error;
	struct road_ptx_options options = {.optimise = 1};
	void *image = NULL;

	write_kernel(form, text, sizeof(text));
	if (road_ptx_compile(text, strlen(text), &options, &image, bytes, &error)) {
		printf("# %s: line %u: %s\n", form->text, error.line, error.text);
		return NULL;
	}
	const struct road_gpu_image *header = image;
	const struct road_gpu_kernel *kernel =
		(const void *)((const uint8_t *)image + header->kernels.offset);

	if (!(kernel->flags & ROAD_GPU_KERNEL_REFUSED))
		return image;
	printf("# %s: %s\n", form->text,
	       (const char *)image + header->strings.offset + kernel->error);
	free(image);
	return NULL;
}

static bool run_image(const void *image, const char *variant)
{
	struct road_gpu_image_fault fault;
	enum road_gpu_launch_error error;
	uint32_t bytes = ((const struct road_gpu_image *)image)->code_bytes;
	struct road_gpu_module *module = road_gpu_module_load(image, bytes, &fault);
	struct road_gpu_range range = {.va = BASE,
				       .bytes = (uint64_t)record_count * sizeof(*records),
				       .pa = BASE,
				       .host = (uint8_t *)records,
				       .flags = ROAD_GPU_SEGMENT_READ | ROAD_GPU_SEGMENT_WRITE};
	struct road_gpu_ranges space = {&range, 1};
	uint64_t params[8] = {BASE}, ran;
	enum road_gpu_progress end = ROAD_GPU_MORE;

	if (!module) {
		printf("# %s, %s: image error %d in word %u\n", now.text, variant, fault.error,
		       fault.word);
		return false;
	}
	struct road_gpu_launch_config config = {
		.code = road_gpu_module_kernel(module, module->kernels_offset),
		.variant = module->variant,
		.ranges = &space,
		.grid = {record_count / THREADS, 1, 1},
		.threads = {THREADS, 1, 1},
		.params = params,
		.slots = 4,
		.sm_count = 1};
	struct road_gpu_launch *launch = road_gpu_launch_create(&config, &error);

	while (launch && end == ROAD_GPU_MORE)
		end = road_gpu_functional_run(launch, 1u << 20, &ran);
	road_gpu_launch_destroy(launch);
	road_gpu_module_free(module);
	if (end != ROAD_GPU_DONE)
		printf("# %s, %s: ended with %d\n", now.text, variant, end);
	return end == ROAD_GPU_DONE;
}

static void compare_records(const char *variant)
{
	unsigned shown = 0;

	for (uint32_t i = 0; i < record_count; i++) {
		const struct record *r = &records[i];

		if (r->out[0] == wants[i][0] && r->out[1] == wants[i][1])
			continue;
		if (shown++ < 3 && differences < 300)
			printf("# %s, %s: of %llx %llx %llx %llx got %llx %llx, want %llx %llx\n",
			       variant, now.text, (unsigned long long)r->in[0],
			       (unsigned long long)r->in[1], (unsigned long long)r->in[2],
			       (unsigned long long)r->in[3], (unsigned long long)r->out[0],
			       (unsigned long long)r->out[1], (unsigned long long)wants[i][0],
			       (unsigned long long)wants[i][1]);
		differences++;
	}
}

static const void *image_now;

static void run_variant(const char *variant)
{
	for (uint32_t i = 0; i < record_count; i++)
		records[i].out[0] = records[i].out[1] = 0;
	if (run_image(image_now, variant))
		compare_records(variant);
	else
		differences++;
}

static void run_variants(void)
{
	for (unsigned i = 0; i < ROAD_SIM_VARIANTS; i++) {
		const char *name = road_sim_variant_name((enum road_sim_variant)i);

		if (road_sim_set_vector_variant(name))
			run_variant(name);
		else if (forms == 1)
			printf("# not on this machine: %s\n", name);
	}
}

static void run_form(const struct form *form, void *context)
{
	uint32_t count = form_specials(form) + RANDOM;
	size_t bytes;
	void *image;

	(void)context;
	if (strncmp(form->text, beginning, strlen(beginning)) != 0)
		return;
	now = *form;
	forms++;
	image = compile(form, &bytes);
	if (!image) {
		differences++;
		return;
	}
	record_count = (count + THREADS - 1) / THREADS * THREADS;
	records = realloc(records, record_count * sizeof(*records));
	wants = realloc(wants, record_count * sizeof(*wants));
	for (uint32_t i = 0; i < record_count; i++) {
		form_values(form, i, &state, records[i].in);
		if (!form_reference(form, records[i].in, wants[i])) {
			printf("# %s: the oracle does not know it\n", form->text);
			differences++;
			free(image);
			return;
		}
	}
	values += record_count;
	image_now = image;
	run_variants();
	free(image);
}

static enum form_group group;

static void forms_are_right(void)
{
	state = 7;
	forms_each(group, run_form, NULL);
	printf("# %llu forms, %llu values\n", (unsigned long long)forms,
	       (unsigned long long)values);
	CU_ASSERT_TRUE(forms > 0);
	CU_ASSERT_EQUAL(differences, 0);
	free(records);
	free(wants);
}

/* Handlers of what does not compute on values: tests of their own. */
static bool computes(const struct row *row)
{
	static lower_fn *const others[] = {
		lower_nop,        lower_createpolicy,
		lower_bar,        lower_bra,
		lower_brx,        lower_exit,
		lower_trap,       lower_fence,
		lower_cvta,       lower_isspacep,
		lower_ld,         lower_st,
		lower_mov,        lower_mov_pred,
		lower_shfl,       lower_vote,
		lower_match,      lower_redux,
		lower_activemask, lower_bar_warp,
		lower_atom,       lower_red,
		lower_bar_red,    lower_nanosleep,
		lower_ret,        lower_alloca,
		lower_stacksave,  lower_stackrestore,
		lower_cp_async,   lower_ldmatrix,
		lower_movmatrix,  lower_mma,
		lower_mbarrier,   lower_cp_async_arrive,
		lower_wmma, /* whole warps: test_matrix.c, by MPFR too */
	};

	for (unsigned i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (row->lower == others[i])
			return false;
	}
	return row->lower != NULL;
}

static void note_form(const struct form *form, void *context)
{
	(void)context;
	note_row(form);
}

static void every_row_has_a_form(void)
{
	unsigned missing = 0, rows = 0;

	CU_ASSERT_TRUE_FATAL(ptx_row_count < 1024);
	for (unsigned g = 0; g < FORM_GROUPS; g++)
		forms_each((enum form_group)g, note_form, NULL);
	for (unsigned i = 0; i < ptx_row_count; i++) {
		rows += computes(&ptx_rows[i]);
		for (unsigned type = 0; type < TYPES && computes(&ptx_rows[i]); type++) {
			if (!(ptx_rows[i].types >> type & 1) || covered[i][type])
				continue;
			printf("# row %u of opcodes.def, \"%s\" .%s, has no form\n", i,
			       ptx_rows[i].name, ptx_types[type].name);
			missing++;
		}
	}
	printf("# %u rows compute\n", rows);
	CU_ASSERT_EQUAL(missing, 0);
}

static const struct tap_case one[] = {{"its forms are right in every variant", forms_are_right}};
static const struct tap_case all[] = {
	{"each row of the opcode table that computes has a form", every_row_has_a_form}};

int main(int argc, char **argv)
{
	static const char *const names[FORM_GROUPS] = {"f32", "f64", "half", "int", "cvt"};

	if (argc == 3)
		beginning = argv[2];
	for (unsigned i = 0; i < FORM_GROUPS && argc > 1; i++) {
		if (!strcmp(argv[1], names[i])) {
			group = (enum form_group)i;
			return tap_main(1, argv, one, 1);
		}
	}
	return tap_main(1, argv, all, 1);
}
