/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/gpu/ptx/ptx.h"

#include <stdlib.h>
#include <string.h>

#include "drivers/gpu/ptx/module.h"

static const struct road_ptx_options defaults = {.max_regs = 0, .optimise = 1};

/* Dynamic shared memory starts behind the static part, which is known when all is read. */
static void place_dynamic(struct ptx *p)
{
	struct function *f = p->function;
	uint32_t align = p->dynamic_align > 16 ? p->dynamic_align : 16;

	if (f->info.shared_align < align)
		f->info.shared_align = align;
	uint32_t start = (f->info.shared_bytes + align - 1) & ~(align - 1);

	for (struct inst *i = f->first; i; i = i->next) {
		if (i->symbol != SYMBOL_IS_DYNAMIC)
			continue;
		i->symbol = SYMBOL_IS_NONE;
		i->imm = (int32_t)((uint32_t)i->imm + start);
		f->info.shared_bytes = start;
	}
}

/* Runs the passes over a kernel that was read. A schedule that needs more registers than there are
 * is undone before anything is spilled. */
static void generate(struct ptx *p)
{
	struct function *f = p->function;

	place_dynamic(p);
	cfg_build(p);
	layout_blocks(p);
	calls_analyse(p);
	if (p->options.optimise)
		opt_run(p);
	calls_save(p);
	if (p->options.optimise && !p->options.in_order) {
		schedule_run(p);
		if (regalloc_run(p, false) || f->refusal)
			return;
		schedule_undo(p);
	}
	if (!regalloc_run(p, true))
		function_refuse(p, f->at, "'%.*s' cannot be compiled for so few registers",
				SLICE(f->name));
}

void function_finish(struct ptx *p)
{
	if (!p->function->refusal)
		generate(p);
	emit_function(p);
}

/* Apart from road_ptx_compile, so that nothing which setjmp could spoil is live there. */
static void compile(struct ptx *p, const char *text, size_t bytes, void **image,
		    size_t *image_bytes)
{
	if (bytes > ROAD_PTX_TEXT_MAX)
		ptx_fail(p, (struct place){0, 0}, "text of %zu bytes, at most %llu", bytes,
			 (unsigned long long)ROAD_PTX_TEXT_MAX);
	p->strings = ptx_grow(p, &p->module, NULL, 0, &p->string_room, 1);
	p->string_bytes = 1; /* offset 0 is "" */
	names_start(p);
	lex_start(p, text, bytes);
	parse_module(p);
	parse_waiting(p);
	emit_image(p, image, image_bytes);
}

int road_ptx_compile(const char *text, size_t bytes, const struct road_ptx_options *options,
		     void **image, size_t *image_bytes, struct road_ptx_error *error)
{
	struct road_ptx_error ignored;
	struct ptx *p =
		calloc(1, sizeof(*p)); /* not on the stack, which longjmp would leave stale */

	*image = NULL;
	*image_bytes = 0;
	memset(error ? error : &ignored, 0, sizeof(*error));
	if (!p)
		return -2;
	p->options = options ? *options : defaults;
	p->error = error ? error : &ignored;
	int result = setjmp(p->failed);

	if (!result)
		compile(p, text, bytes, image, image_bytes);
	ptx_arena_release(&p->kernel);
	ptx_arena_release(&p->module);
	free(p);
	return result;
}
