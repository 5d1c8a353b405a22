/* SPDX-License-Identifier: Apache-2.0 */
/* Code blocks: copied from device memory, checked, and kept until they are unloaded. */
#include <stdlib.h>
#include <string.h>

#include "simulators/dsa/model.h"

static enum dsa_start bad_code(struct road_dsa_stream_status *why, uint64_t va, uint32_t word,
			       enum road_dsa_code_error error)
{
	why->code = va;
	why->pc = word;
	return dsa_fail(why, ROAD_DSA_FAULT_CODE, va, error);
}

static struct dsa_loaded **link_of(struct dsa_function *function, uint32_t context, uint64_t va,
				   uint64_t bytes)
{
	struct dsa_loaded **at = &function->loaded;

	for (; *at; at = &(*at)->next)
		if ((*at)->context == context && va < (*at)->va + (*at)->bytes &&
		    (*at)->va < va + bytes)
			return at;
	return NULL;
}

struct dsa_loaded *dsa_loaded_find(struct dsa_function *function, uint32_t context, uint64_t va)
{
	struct dsa_loaded **at = link_of(function, context, va, 1);

	return at && (*at)->va == va && !(*at)->unloading ? *at : NULL;
}

static void loaded(void *arg)
{
	struct dsa_stream *stream = arg;
	struct dsa_function *function = stream->function;
	struct dsa_loaded *code = stream->load;
	struct road_dsa_stream_status why = {0};

	/* Another stream may have loaded there meanwhile. */
	if (link_of(function, code->context, code->va, code->bytes)) {
		bad_code(&why, code->va, 0, ROAD_DSA_CODE_HEADER);
		road_dsa_stream_fault(stream, &why);
		return;
	}
	stream->load = NULL;
	code->next = function->loaded;
	function->loaded = code;
	function->chip->counters.loads++;
	function->chip->counters.loaded_bytes += code->bytes;
	dsa_stream_end(stream);
}

/* A checked copy of the block, or NULL with *why. */
static struct dsa_loaded *copy_code(struct dsa_stream *stream, const struct dsa_piece *piece,
				    struct road_dsa_stream_status *why)
{
	const struct road_dsa_descriptor *work = &stream->descriptor.any;
	struct dsa_loaded *code = malloc(sizeof(*code) + work->bytes);
	enum road_dsa_code_error error;
	uint32_t word = 0;

	if (!code) {
		sim_violation(stream->function->chip->env, stream->function->index,
			      "no host memory for code");
		bad_code(why, work->dst, 0, ROAD_DSA_CODE_HEADER);
		return NULL;
	}
	*code = (struct dsa_loaded){
		.context = stream->context, .va = work->dst, .bytes = work->bytes};
	memcpy(code->block, piece->host, work->bytes);
	error = dsa_code_check(code->block, work->bytes, stream->function->chip->params.flags,
			       &code->code, &word);
	code->code.va = work->dst;
	if (!error)
		return code;
	free(code);
	bad_code(why, work->dst, word, error);
	return NULL;
}

enum dsa_start dsa_load_start(struct dsa_stream *stream, struct road_dsa_stream_status *why)
{
	const struct road_dsa_descriptor *work = &stream->descriptor.any;
	struct dsa_function *function = stream->function;
	struct dsa_chip *chip = function->chip;
	uint64_t address = work->dst;
	struct dsa_piece piece;
	enum road_dsa_fault fault;

	if (work->bytes < sizeof(struct road_dsa_code) || work->bytes > ROAD_DSA_IMAGE_MAX)
		return dsa_fail(why, ROAD_DSA_FAULT_DESCRIPTOR, 0,
				offsetof(struct road_dsa_descriptor, bytes));
	fault = dsa_place(function, stream->table, false, work->dst, work->bytes, false, &piece);
	if (!fault)
		fault = dsa_poison_touch(function, &piece, 0, work->bytes, false, &address);
	if (fault)
		return dsa_fail(why, fault, address, work->bytes);
	if (link_of(function, stream->context, work->dst, work->bytes)) {
		sim_violation(chip->env, function->index,
			      "LOAD at 0x%llx, where code is loaded already",
			      (unsigned long long)work->dst);
		return bad_code(why, work->dst, 0, ROAD_DSA_CODE_HEADER);
	}
	stream->load = copy_code(stream, &piece, why);
	if (!stream->load)
		return DSA_START_FAULT;
	stream->event.run = loaded;
	sim_schedule(chip->env, &stream->event, dsa_copy_take(chip, piece.system, work->bytes));
	return DSA_START_ASYNC;
}

enum dsa_start dsa_unload_start(struct dsa_stream *stream, struct road_dsa_stream_status *why)
{
	uint64_t va = stream->descriptor.any.dst;
	struct dsa_loaded **at = link_of(stream->function, stream->context, va, 1), *code;

	if (!at || (*at)->va != va)
		return bad_code(why, va, 0, ROAD_DSA_CODE_HEADER);
	code = *at;
	code->unloading = true;
	if (code->tasks)
		return DSA_START_PARK;
	*at = code->next;
	free(code);
	return DSA_START_DONE;
}

void dsa_loaded_drop(struct dsa_function *function, uint32_t context)
{
	struct dsa_loaded **at = &function->loaded;

	while (*at) {
		struct dsa_loaded *code = *at;

		if (context != UINT32_MAX && code->context != context) {
			at = &code->next;
			continue;
		}
		*at = code->next;
		free(code);
	}
}
