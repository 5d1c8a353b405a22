/* SPDX-License-Identifier: Apache-2.0 */
/* One statement a line, `#` begins a comment but in text. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "simulators/boot/program.h"
#include "tools/program/words.h"
#include "tools/roadbed/tool.h"

enum { WORDS_MAX = 4 };

struct word {
	const char *text;
	size_t bytes;
};

/* A line, apart. */
struct line {
	struct word words[WORDS_MAX];
	unsigned count; /* one more than WORDS_MAX: too many */
};

struct parser {
	struct program *out;
	struct program_error *error;
	unsigned line, level_line;
	struct word level; /* of `use` */
	uint64_t seen;     /* statements that may come once, bit by bit */
};

static int fail(struct parser *parser, const char *what, const struct word *seen,
		const char *format, ...) __attribute__((format(printf, 4, 5)));

static int fail(struct parser *parser, const char *what, const struct word *seen,
		const char *format, ...)
{
	struct program_error *error = parser->error;
	va_list list;

	error->line = parser->line;
	error->what = what;
	snprintf(error->seen, sizeof(error->seen), "%.*s", seen ? (int)seen->bytes : 0,
		 seen ? seen->text : "");
	va_start(list, format);
	vsnprintf(error->allowed, sizeof(error->allowed), format, list);
	va_end(list);
	return -1;
}

static bool is(const struct word *word, const char *text)
{
	return word->bytes == strlen(text) && !memcmp(word->text, text, word->bytes);
}

static int number(struct parser *parser, const struct word *word, uint64_t least, uint64_t most,
		  uint64_t *out)
{
	if (tool_number(word->text, word->bytes, most, out) && *out >= least)
		return 0;
	return fail(parser, "no such number", word, "%llu to %llu", (unsigned long long)least,
		    (unsigned long long)most);
}

static int number32(struct parser *parser, const struct word *word, uint64_t least, uint64_t most,
		    uint32_t *out)
{
	uint64_t value;

	if (number(parser, word, least, most, &value))
		return -1;
	*out = (uint32_t)value;
	return 0;
}

/* ---- statements ---- */

static int family(struct parser *parser, const struct line *line)
{
	for (uint32_t i = ROAD_PROGRAM_GPU; i <= ROAD_PROGRAM_RPU; i++)
		if (is(&line->words[1], program_family_name(i))) {
			parser->out->head.family = i;
			return 0;
		}
	return fail(parser, "no such family", &line->words[1], "gpu, dsa, rpu");
}

static int protocol(struct parser *parser, const struct line *line)
{
	struct road_program *head = &parser->out->head;

	if (number32(parser, &line->words[1], 1, UINT32_MAX, &head->protocol_min))
		return -1;
	return number32(parser, &line->words[2], head->protocol_min, UINT32_MAX,
			&head->protocol_max);
}

static int features(struct parser *parser, const struct line *line)
{
	return number(parser, &line->words[1], 0, UINT64_MAX, &parser->out->head.features);
}

static int quantum(struct parser *parser, const struct line *line)
{
	return number32(parser, &line->words[1], 0, UINT32_MAX, &parser->out->head.quantum_ns);
}

static const struct sim_program_row *row_of(const struct program *program, const struct word *name)
{
	const struct sim_program_row *row;

	for (uint32_t i = 0; (row = sim_program_row(i)); i++)
		if (row->family == program->head.family && is(name, row->name))
			return row;
	return NULL;
}

static int no_opcode(struct parser *parser, const struct word *name)
{
	char names[sizeof(parser->error->allowed)];

	program_opcode_names(parser->out->head.family, names, sizeof(names));
	return fail(parser, "no such opcode of the family", name, "%s", names);
}

/* In its place: they rise, whatever the order of the lines. */
static int opcode(struct parser *parser, const struct line *line)
{
	struct program *program = parser->out;
	struct road_program_opcode *at = program->opcodes;
	uint32_t version, count = program->head.opcode_count, i = 0;

	if (!program->head.family)
		return fail(parser, "no family yet", &line->words[1], "a line `family` before it");
	const struct sim_program_row *row = row_of(program, &line->words[1]);

	if (!row)
		return no_opcode(parser, &line->words[1]);
	if (number32(parser, &line->words[2], 0, row->version, &version))
		return -1;
	while (i < count && at[i].opcode < row->opcode)
		i++;
	if (i < count && at[i].opcode == row->opcode)
		return fail(parser, "an opcode for the second time", &line->words[1], "once");
	memmove(&at[i + 1], &at[i], (count - i) * sizeof(*at));
	at[i] = (struct road_program_opcode){row->opcode, (uint16_t)version};
	program->head.opcode_count++;
	return 0;
}

static int level(struct parser *parser, const struct line *line)
{
	struct program *program = parser->out;
	struct road_program_level *one = &program->levels[program->head.level_count];

	if (program->head.level_count == ROAD_PROGRAM_LEVELS_MAX)
		return fail(parser, "a level too many", &line->words[1], "%u levels",
			    ROAD_PROGRAM_LEVELS_MAX);
	if (number32(parser, &line->words[1], ROAD_PROGRAM_CLOCK_MIN, ROAD_PROGRAM_CLOCK_MAX,
		     &one->clock) ||
	    number32(parser, &line->words[2], 0, ROAD_PROGRAM_POWER_MAX, &one->power_mw))
		return -1;
	program->head.level_count++;
	return 0;
}

/* Whether there is such a level is known at the end. */
static int use(struct parser *parser, const struct line *line)
{
	parser->level_line = parser->line;
	parser->level = line->words[1];
	return number32(parser, &line->words[1], 0, ROAD_PROGRAM_LEVELS_MAX - 1,
			&parser->out->head.level);
}

static const struct statement {
	const char *name, *form;
	unsigned words;
	bool once;
	int (*take)(struct parser *parser, const struct line *line);
} statements[] = {
	{"family", "family gpu|dsa|rpu", 2, true, family},
	{"protocol", "protocol MIN MAX", 3, true, protocol},
	{"features", "features BITS", 2, true, features},
	{"quantum", "quantum NANOSECONDS", 2, true, quantum},
	{"opcode", "opcode NAME VERSION", 3, false, opcode},
	{"level", "level CLOCK POWER (1/1000 of the clock, mW)", 3, false, level},
	{"use", "use LEVEL (counted from 0)", 2, true, use},
};
enum { STATEMENTS = sizeof(statements) / sizeof(statements[0]) };

static int statement(struct parser *parser, const struct line *line)
{
	for (unsigned i = 0; i < STATEMENTS; i++) {
		const struct statement *one = &statements[i];

		if (!is(&line->words[0], one->name))
			continue;
		if (line->count != one->words)
			return fail(parser, "too few words, or too many", &line->words[0], "%s",
				    one->form);
		if (one->once && parser->seen >> i & 1)
			return fail(parser, "a statement for the second time", &line->words[0],
				    "once");
		parser->seen |= UINT64_C(1) << i;
		return one->take(parser, line);
	}
	return fail(parser, "no such statement", &line->words[0],
		    "family, protocol, features, quantum, opcode, level, use, text");
}

/* ---- lines ---- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct line apart(const char *at, const char *end)
{
	struct line line = {.count = 0};

	while (line.count <= WORDS_MAX) {
		while (at < end && is_blank(*at))
			at++;
		if (at == end || *at == '#')
			break;
		const char *from = at;

		while (at < end && !is_blank(*at))
			at++;
		if (line.count < WORDS_MAX)
			line.words[line.count] = (struct word){from, (size_t)(at - from)};
		line.count++;
	}
	return line;
}

/* The rest of the line as it stands; each `text` is a line of the description. */
static int text(struct parser *parser, const struct word *name, const char *end)
{
	struct road_program *head = &parser->out->head;
	const char *at = name->text + name->bytes;

	at += at < end && is_blank(*at);
	const struct word rest = {at, (size_t)(end - at)};

	if (head->text_bytes + rest.bytes + 1 > PROGRAM_TEXT_MAX)
		return fail(parser, "a description too long", NULL, "%u bytes", PROGRAM_TEXT_MAX);
	for (size_t i = 0; i < rest.bytes; i++)
		if (!program_printable(at[i]))
			return fail(parser, "a control character", name, "printable text");
	memcpy(parser->out->text + head->text_bytes, at, rest.bytes);
	head->text_bytes += (uint32_t)rest.bytes;
	parser->out->text[head->text_bytes++] = '\n';
	return 0;
}

static int one_line(struct parser *parser, const char *at, const char *end)
{
	const struct line line = apart(at, end);

	if (!line.count)
		return 0;
	if (is(&line.words[0], "text"))
		return text(parser, &line.words[0], end);
	return statement(parser, &line);
}

static int finish(struct parser *parser)
{
	struct road_program *head = &parser->out->head;
	const char *missing = !head->family         ? "family"
			      : !head->protocol_min ? "protocol"
			      : !head->opcode_count ? "opcode"
			      : !head->level_count  ? "level"
						    : NULL;

	parser->line = 0;
	if (missing)
		return fail(parser, "a statement is missing", NULL, "%s", missing);
	if (head->level >= head->level_count) {
		parser->line = parser->level_line;
		return fail(parser, "a level that there is not", &parser->level, "0 to %u",
			    head->level_count - 1);
	}
	head->magic = ROAD_PROGRAM_MAGIC;
	head->version = ROAD_PROGRAM_VERSION;
	head->program_bytes =
		(uint32_t)(sizeof(*head) + head->opcode_count * sizeof(parser->out->opcodes[0]) +
			   head->level_count * sizeof(parser->out->levels[0]) + head->text_bytes);
	return 0;
}

int program_parse(const char *source, size_t bytes, struct program *out,
		  struct program_error *error)
{
	struct parser parser = {.out = out, .error = error};
	const char *end = source + bytes;

	*out = (struct program){.head = {0}};
	while (source < end) {
		const char *stop = memchr(source, '\n', (size_t)(end - source));

		if (!stop)
			stop = end;
		parser.line++;
		if (one_line(&parser, source, stop))
			return -1;
		source = stop + 1;
	}
	return finish(&parser);
}

void *program_payload(const struct program *program, size_t *bytes)
{
	const struct {
		const void *from;
		size_t bytes;
	} parts[] = {
		{&program->head, sizeof(program->head)},
		{program->opcodes, program->head.opcode_count * sizeof(program->opcodes[0])},
		{program->levels, program->head.level_count * sizeof(program->levels[0])},
		{program->text, program->head.text_bytes},
	};
	uint8_t *payload = malloc(program->head.program_bytes);

	*bytes = 0;
	for (size_t i = 0; payload && i < sizeof(parts) / sizeof(parts[0]); i++) {
		memcpy(payload + *bytes, parts[i].from, parts[i].bytes);
		*bytes += parts[i].bytes;
	}
	return payload;
}
