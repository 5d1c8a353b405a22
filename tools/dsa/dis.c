/* SPDX-License-Identifier: Apache-2.0 */
/* Words to text, by the same rows as text to words. */
#include "tools/dsa/dis.h"

#include <stdlib.h>

#include "tools/dsa/syntax.h"

static void print_suffixes(FILE *out, const struct dsa_format *format,
			   const struct road_dsa_word *word)
{
	const struct dsa_suffix *suffix = format->suffixes;
	unsigned left = word->mods, seen = 0;

	for (; suffix && suffix->name; suffix++)
		if (!(seen & suffix->mask) && (left & suffix->mask) == suffix->value) {
			fprintf(out, ".%s", suffix->name);
			seen |= suffix->mask;
		}
}

static void print_name(FILE *out, const struct road_dsa_word *word)
{
	const struct dsa_op *op = &dsa_syntax_ops[word->op];
	const struct dsa_format *format = &dsa_syntax_formats[op->format];

	fputs(op->name, out);
	if (format->suffix_first)
		print_suffixes(out, format, word);
	if (op->types)
		fprintf(out, ".%s", dsa_syntax_types[word->type]);
	if (!format->suffix_first)
		print_suffixes(out, format, word);
}

static void print_queue(FILE *out, unsigned queue)
{
	fputs(queue < ROAD_DSA_QUEUES ? dsa_syntax_queues[queue] : "ALL", out);
}

static void print_operand(FILE *out, enum dsa_operand kind, const struct road_dsa_word *word,
			  uint32_t index)
{
	switch (kind) {
	case DSA_OPERAND_REG_D: fprintf(out, "x%u", word->d); break;
	case DSA_OPERAND_REG_A: fprintf(out, "x%u", word->a); break;
	case DSA_OPERAND_REG_B: fprintf(out, "x%u", word->b); break;
	case DSA_OPERAND_REG_C: fprintf(out, "x%u", word->c); break;
	case DSA_OPERAND_REG_E: fprintf(out, "x%u", word->e); break;
	case DSA_OPERAND_AT_D: fprintf(out, "[x%u]", word->d); break;
	case DSA_OPERAND_AT_A: fprintf(out, "[x%u]", word->a); break;
	case DSA_OPERAND_AT_B: fprintf(out, "[x%u]", word->b); break;
	case DSA_OPERAND_AT_BIAS:
	case DSA_OPERAND_AT_E: fprintf(out, "[x%u]", word->e); break;
	case DSA_OPERAND_OFFSET: fprintf(out, "[x%u + %d]", word->a, word->imm); break;
	case DSA_OPERAND_ADDRESS: fprintf(out, "[%d]", word->imm); break;
	case DSA_OPERAND_IMM: fprintf(out, "%d", word->imm); break;
	case DSA_OPERAND_TARGET: fprintf(out, "L%lld", (long long)index + word->imm); break;
	case DSA_OPERAND_SREG: fprintf(out, "%%%s", dsa_syntax_sregs[word->imm]); break;
	case DSA_OPERAND_SOURCE: print_queue(out, word->mods & 15u); break;
	case DSA_OPERAND_SINK: print_queue(out, word->mods >> 4); break;
	case DSA_OPERAND_QUEUE:
	case DSA_OPERAND_QUEUE_OR_ALL: print_queue(out, word->mods & ~ROAD_DSA_CROSS_OTHERS); break;
	case DSA_OPERAND_BLOCK:
		if (word->mods & ROAD_DSA_CROSS_OTHERS)
			fputs("others", out);
		else
			fprintf(out, "x%u", word->a);
		break;
	case DSA_OPERAND_END: break;
	}
}

void dsa_print_word(FILE *out, const struct road_dsa_word *word, uint32_t index)
{
	const struct dsa_format *format = &dsa_syntax_formats[dsa_syntax_ops[word->op].format];

	print_name(out, word);
	for (unsigned i = 0; format->operands[i]; i++) {
		enum dsa_operand kind = format->operands[i];

		if (kind == DSA_OPERAND_REG_E && !word->e)
			break;
		if (kind == DSA_OPERAND_AT_BIAS && !(word->mods & ROAD_DSA_MOD_BIAS))
			break;
		fputs(i ? ", " : " ", out);
		print_operand(out, kind, word, index);
	}
}

/* Which words of a kernel are jumped to; NULL without memory: all are labelled then. */
static unsigned char *targets_of(const struct road_dsa_word *words, uint32_t count)
{
	unsigned char *targets = calloc(count, 1);

	for (uint32_t i = 0; targets && i < count; i++) {
		int64_t target = (int64_t)i + words[i].imm;

		if (dsa_format_has(&dsa_syntax_formats[dsa_syntax_ops[words[i].op].format],
				   DSA_OPERAND_TARGET) &&
		    target >= 0 && target < count)
			targets[target] = 1;
	}
	return targets;
}

static void print_kernel(const struct dsa_program *program, const struct dsa_kernel *kernel,
			 FILE *out, int64_t *loc)
{
	const struct road_dsa_word *words = program->words + kernel->entry.first_word;
	unsigned char *targets = targets_of(words, kernel->entry.word_count);

	fprintf(out, "\n.kernel %s arguments=%u%s\n", kernel->name, kernel->entry.argument_bytes,
		kernel->entry.flags & ROAD_DSA_KERNEL_COOPERATIVE ? " cooperative" : "");
	for (uint32_t i = 0; i < kernel->entry.word_count; i++) {
		uint32_t line = program->lines ? program->lines[kernel->entry.first_word + i] : 0;

		if (program->has_lines && *loc != line) {
			fprintf(out, ".loc %u\n", line);
			*loc = line;
		}
		if (!targets || targets[i])
			fprintf(out, "L%u:\n", i);
		fputc('\t', out);
		dsa_print_word(out, &words[i], i);
		fputc('\n', out);
	}
	fputs(".end\n", out);
	free(targets);
}

static void print_bytes(const uint8_t *bytes, uint32_t count, FILE *out)
{
	for (uint32_t i = 0; i < count; i++)
		fprintf(out, "%s%u%s", i % 16 ? ", " : "\t.byte ", bytes[i],
			i % 16 == 15 || i + 1 == count ? "\n" : "");
}

static void print_data(const struct dsa_program *program, FILE *out)
{
	uint32_t at = 0;

	if (!program->data_bytes && !program->variable_count)
		return;
	fputs("\n.data\n", out);
	for (uint32_t i = 0; i < program->variable_count; i++) {
		const struct dsa_variable *variable = &program->variables[i];

		print_bytes(program->data + at, variable->offset - at, out);
		fprintf(out, "%s:\n", variable->name);
		at = variable->offset;
	}
	print_bytes(program->data + at, program->data_bytes - at, out);
}

static void print_pads(const struct dsa_program *program, FILE *out)
{
	bool any = false;

	for (unsigned i = 0; i < ROAD_DSA_PADS; i++)
		if (program->pads[i]) {
			fprintf(out, "%s%s=%u", any ? ", " : ".pads ", dsa_syntax_pads[i],
				program->pads[i]);
			any = true;
		}
	if (any)
		fputc('\n', out);
}

void dsa_disassemble(const struct dsa_program *program, FILE *out)
{
	int64_t loc = -1;

	print_pads(program, out);
	if (!program->has_lines)
		fputs(".noloc\n", out);
	for (uint32_t i = 0; i < program->kernel_count; i++)
		print_kernel(program, &program->kernels[i], out, &loc);
	print_data(program, out);
}
