/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/map/engine.h"

#include <string.h>

#include "tools/map/lex.h"
#include "tools/map/parse.h"
#include "uapi/rpu/regs.h"
#include "uapi/rpu/ring.h"

static const char *const types[] = {
	[ROAD_RPU_GEMM_F16] = "f16",
	[ROAD_RPU_GEMM_BF16] = "bf16",
	[ROAD_RPU_GEMM_S8] = "s8",
};

static const struct {
	const char *word;
	uint8_t flag;
} flags[] = {{"add", ROAD_RPU_WORK_ADD}, {"narrow", ROAD_RPU_WORK_NARROW}};

static bool is_name(const struct map_token *token)
{
	return token->kind == MAP_TOKEN_WORD && token->bytes < ROAD_RPU_NAME_BYTES &&
	       !memchr(token->text, '.', token->bytes);
}

static bool is_taken(const struct map_engines *engines, const struct map_token *token)
{
	for (unsigned i = 0; i < engines->count; i++)
		if (map_token_is(token, (const char *)engines->kernels[i].name))
			return true;
	return false;
}

static int take_name(struct map_parser *parser, const struct map_engines *engines, uint8_t *name)
{
	const struct map_token *token = &parser->token;

	if (!is_name(token))
		return map_fail(parser, token, "no name of a kernel",
				"up to 31 letters, digits and _");
	if (is_taken(engines, token))
		return map_fail(parser, token, "a name that there is already", "another one");
	memcpy(name, token->text, token->bytes);
	map_take(parser);
	return 0;
}

static int take_type(struct map_parser *parser, uint8_t *type)
{
	for (uint8_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (map_token_is(&parser->token, types[i])) {
			*type = i;
			map_take(parser);
			return 0;
		}
	return map_fail(parser, &parser->token, "no type of a product", "f16, bf16, s8");
}

static bool take_flag(struct map_parser *parser, uint8_t *out)
{
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (!(*out & flags[i].flag) && map_token_is(&parser->token, flags[i].word)) {
			*out |= flags[i].flag;
			map_take(parser);
			return true;
		}
	return false;
}

static int statement(struct map_parser *parser, struct map_engines *out)
{
	struct road_rpu_engine_kernel kernel = {.magic = ROAD_RPU_ENGINE_MAGIC,
						.version = ROAD_RPU_ENGINE_VERSION,
						.engine = ROAD_RPU_ENGINE_NEUR};

	if (!map_token_is(&parser->token, "neur"))
		return map_fail(parser, &parser->token, "no statement", "neur");
	if (out->count == MAP_ENGINE_KERNELS)
		return map_fail(parser, &parser->token, "too many kernels", "16");
	map_take(parser);
	if (take_name(parser, out, kernel.name) || take_type(parser, &kernel.type))
		return -1;
	while (take_flag(parser, &kernel.flags))
		;
	if (parser->token.kind != MAP_TOKEN_NEWLINE && parser->token.kind != MAP_TOKEN_END)
		return map_fail(parser, &parser->token, "more than the statement has",
				"add, narrow, or the line's end");
	out->kernels[out->count++] = kernel;
	return 0;
}

static void begin(struct map_parser *parser, const char *text, size_t bytes)
{
	map_lex_start(&parser->lexer, text, bytes);
	do
		map_take(parser);
	while (parser->token.kind == MAP_TOKEN_NEWLINE);
}

bool map_is_engines(const char *text, size_t bytes)
{
	struct map_parser parser = {.graph = NULL};

	begin(&parser, text, bytes);
	return map_token_is(&parser.token, "neur");
}

int map_engines_parse(const char *text, size_t bytes, struct map_engines *out,
		      struct map_error *error)
{
	struct map_parser parser = {.error = error};

	memset(out, 0, sizeof(*out));
	for (begin(&parser, text, bytes); parser.token.kind != MAP_TOKEN_END;)
		if (parser.token.kind == MAP_TOKEN_NEWLINE)
			map_take(&parser);
		else if (statement(&parser, out))
			return -1;
	return 0;
}
