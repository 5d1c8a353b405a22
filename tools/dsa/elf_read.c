/* SPDX-License-Identifier: Apache-2.0 */
/* Images from anywhere: libelf finds the sections, this file believes nothing in them. */
#include "tools/dsa/elf_image.h"

#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/dsa/syntax.h"

#define SECTIONS_MAX 16u

enum part { TEXT, DATA, KERNELS, LINES, SYMTAB, STRTAB, NOTE, SHSTRTAB, PARTS };

static const struct {
	const char *name;
	uint32_t type;
	uint64_t flags;
	uint32_t entry; /* bytes are a multiple of it */
	bool needed;
} parts[PARTS] = {
	[TEXT] = {".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, sizeof(struct road_dsa_word),
		  true},
	[DATA] = {".data", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, 1, false},
	[KERNELS] = {".roadbed.kernels", SHT_PROGBITS, 0, sizeof(struct road_dsa_kernel), true},
	[LINES] = {".roadbed.lines", SHT_PROGBITS, 0, sizeof(uint32_t), false},
	[SYMTAB] = {".symtab", SHT_SYMTAB, 0, sizeof(Elf64_Sym), true},
	[STRTAB] = {".strtab", SHT_STRTAB, 0, 1, true},
	[NOTE] = {".note.roadbed", SHT_NOTE, 0, 1, true},
	[SHSTRTAB] = {".shstrtab", SHT_STRTAB, 0, 1, true},
};

struct reader {
	const uint8_t *image;
	size_t bytes;
	GElf_Ehdr header;
	struct {
		const uint8_t *at;
		size_t bytes;
		uint32_t index; /* 0: not there */
	} part[PARTS];
	struct dsa_messages *messages;
	struct dsa_program *program;
};

/* What is wrong, where in the image; answers -1. */
static int wrong(struct reader *reader, const char *where, const char *what, uint64_t seen,
		 const char *allowed)
{
	char text[160], number[32];

	snprintf(text, sizeof(text), "%s: %s", where, what);
	snprintf(number, sizeof(number), "%llu", (unsigned long long)seen);
	return dsa_messages_add(reader->messages, 0, 0, text, number, strlen(number), allowed);
}

/* ---- header and sections ---- */

static int check_header(struct reader *reader)
{
	const GElf_Ehdr *header = &reader->header;

	if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB)
		return wrong(reader, "header", "not 64-bit little-endian",
			     header->e_ident[EI_CLASS] * 256u + header->e_ident[EI_DATA], "513");
	if (header->e_machine != ROAD_DSA_ELF_MACHINE)
		return wrong(reader, "header", "made for another machine", header->e_machine,
			     "54688 (the Roadbed DSA)");
	if (header->e_flags != ROAD_DSA_ISA_VERSION)
		return wrong(reader, "header", "instruction set's version", header->e_flags, "1");
	if (header->e_type != ET_REL || header->e_version != EV_CURRENT)
		return wrong(reader, "header", "no object file", header->e_type, "1 (ET_REL)");
	if (header->e_phnum || header->e_phoff)
		return wrong(reader, "header", "program headers", header->e_phnum, "0");
	if (header->e_shentsize != sizeof(Elf64_Shdr) || !header->e_shnum ||
	    header->e_shnum > SECTIONS_MAX)
		return wrong(reader, "header", "number of sections", header->e_shnum, "1 to 16");
	if (header->e_shoff > reader->bytes ||
	    reader->bytes - header->e_shoff < header->e_shnum * sizeof(Elf64_Shdr))
		return wrong(reader, "header", "the table of sections ends beyond the file",
			     header->e_shoff, "offsets within the file");
	return 0;
}

/* A section is known by its name; its type and flags must be those of the name. */
static int take_section(struct reader *reader, Elf *elf, uint32_t index, const GElf_Shdr *header)
{
	const char *name = elf_strptr(elf, reader->header.e_shstrndx, header->sh_name);
	unsigned which = 0;

	if (header->sh_offset > reader->bytes ||
	    reader->bytes - header->sh_offset < header->sh_size)
		return wrong(reader, "a section", "ends beyond the file", header->sh_offset,
			     "offsets within the file");
	while (which < PARTS && (!name || strcmp(name, parts[which].name) != 0))
		which++;
	if (which == PARTS)
		return wrong(reader, "a section", "has an unknown name", index,
			     "the sections of uapi/dsa/image.h");
	if (reader->part[which].index)
		return wrong(reader, parts[which].name, "is there twice", index, "once");
	if (header->sh_type != parts[which].type || header->sh_flags != parts[which].flags)
		return wrong(reader, parts[which].name, "has another type or other flags",
			     header->sh_type, "those of uapi/dsa/image.h");
	if (header->sh_size % parts[which].entry)
		return wrong(reader, parts[which].name,
			     "has a size that is no multiple of its rows", header->sh_size,
			     "whole rows");
	reader->part[which].at = reader->image + header->sh_offset;
	reader->part[which].bytes = header->sh_size;
	reader->part[which].index = index;
	return 0;
}

static bool overlap(uint64_t a, uint64_t a_bytes, uint64_t b, uint64_t b_bytes)
{
	return a_bytes && b_bytes && a < b + b_bytes && b < a + a_bytes;
}

static int check_overlaps(struct reader *reader)
{
	for (unsigned i = 0; i < PARTS; i++) {
		uint64_t at = (uint64_t)(reader->part[i].at - reader->image);

		if (!reader->part[i].index)
			continue;
		if (overlap(at, reader->part[i].bytes, 0, sizeof(Elf64_Ehdr)) ||
		    overlap(at, reader->part[i].bytes, reader->header.e_shoff,
			    reader->header.e_shnum * sizeof(Elf64_Shdr)))
			return wrong(reader, parts[i].name, "overlaps the file's headers", at,
				     "sections that do not overlap");
		for (unsigned j = 0; j < i; j++)
			if (reader->part[j].index &&
			    overlap(at, reader->part[i].bytes,
				    (uint64_t)(reader->part[j].at - reader->image),
				    reader->part[j].bytes))
				return wrong(reader, parts[i].name, "overlaps another section", at,
					     "sections that do not overlap");
	}
	return 0;
}

static int find_sections(struct reader *reader, Elf *elf)
{
	for (uint32_t i = 1; i < reader->header.e_shnum; i++) {
		Elf_Scn *scn = elf_getscn(elf, i);
		GElf_Shdr header;

		if (!scn || !gelf_getshdr(scn, &header))
			return wrong(reader, "a section", "cannot be read", i, "");
		if (take_section(reader, elf, i, &header))
			return -1;
	}
	for (unsigned i = 0; i < PARTS; i++)
		if (parts[i].needed && !reader->part[i].index)
			return wrong(reader, parts[i].name, "is missing", 0, "one section");
	return check_overlaps(reader);
}

/* ---- what is in them ---- */

static int read_note(struct reader *reader)
{
	const uint8_t *at = reader->part[NOTE].at;
	struct road_dsa_note note;
	Elf64_Nhdr header;

	if (reader->part[NOTE].bytes != sizeof(header) + sizeof(ROAD_DSA_NOTE_NAME) + sizeof(note))
		return wrong(reader, ".note.roadbed", "size in bytes", reader->part[NOTE].bytes,
			     "60, one note");
	memcpy(&header, at, sizeof(header));
	memcpy(&note, at + sizeof(header) + sizeof(ROAD_DSA_NOTE_NAME), sizeof(note));
	if (header.n_namesz != sizeof(ROAD_DSA_NOTE_NAME) || header.n_descsz != sizeof(note) ||
	    header.n_type != ROAD_DSA_NOTE ||
	    memcmp(at + sizeof(header), ROAD_DSA_NOTE_NAME, sizeof(ROAD_DSA_NOTE_NAME)) != 0)
		return wrong(reader, ".note.roadbed", "another note", header.n_type,
			     "1 of \"Roadbed\"");
	if (note.isa_version != ROAD_DSA_ISA_VERSION)
		return wrong(reader, ".note.roadbed", "instruction set's version", note.isa_version,
			     "1");
	if (note.flags || note.reserved)
		return wrong(reader, ".note.roadbed", "reserved fields", note.flags, "0");
	memcpy(reader->program->pads, note.pads, sizeof(note.pads));
	return 0;
}

static int read_words(struct reader *reader)
{
	size_t count = reader->part[TEXT].bytes / sizeof(struct road_dsa_word);
	bool lines = reader->part[LINES].index != 0;

	if (lines && reader->part[LINES].bytes != count * sizeof(uint32_t))
		return wrong(reader, ".roadbed.lines", "number of lines",
			     reader->part[LINES].bytes / sizeof(uint32_t), "one a word");
	reader->program->has_lines = lines;
	for (size_t i = 0; i < count; i++) {
		struct road_dsa_word word;
		uint32_t line = 0;
		const char *reason;
		char where[64];

		memcpy(&word, reader->part[TEXT].at + i * sizeof(word), sizeof(word));
		if (lines)
			memcpy(&line, reader->part[LINES].at + i * sizeof(line), sizeof(line));
		reason = dsa_word_wrong(&word);
		snprintf(where, sizeof(where), ".text: word %zu", i);
		if (reason)
			return wrong(reader, where, reason, word.op, "words of uapi/dsa/isa.h");
		if (!dsa_program_add_word(reader->program, &word, line))
			return wrong(reader, ".text", "no room for its words", count, "");
	}
	return 0;
}

static int check_places(struct reader *reader, const struct road_dsa_kernel *kernel)
{
	for (uint32_t i = 0; i < kernel->word_count; i++) {
		const struct road_dsa_word *word = &reader->program->words[kernel->first_word + i];
		const char *reason = dsa_word_misplaced(word, i, kernel);
		char where[64];

		if (!reason)
			continue;
		snprintf(where, sizeof(where), ".text: word %u", kernel->first_word + i);
		return wrong(reader, where, reason, (uint64_t)(int64_t)word->imm,
			     "words that fit into their kernel");
	}
	return 0;
}

static bool name_is_good(const char *name, size_t bytes)
{
	if (!bytes || bytes > DSA_NAME_MAX || (name[0] >= '0' && name[0] <= '9') ||
	    dsa_register_number(name, bytes) >= 0)
		return false;
	for (size_t i = 0; i < bytes; i++)
		if (!((name[i] >= 'a' && name[i] <= 'z') || (name[i] >= 'A' && name[i] <= 'Z') ||
		      (name[i] >= '0' && name[i] <= '9') || name[i] == '_'))
			return false;
	return true;
}

/* The name of a symbol of this kind and value in this section; NULL: there is none, or no good
 * one. Symbols of one kind stand in the order of what they name. */
static const char *name_of(const struct reader *reader, size_t symbol, unsigned type,
			   uint32_t index, Elf64_Sym *out)
{
	const char *names = (const char *)reader->part[STRTAB].at, *name;
	size_t bytes;

	if (symbol >= reader->part[SYMTAB].bytes / sizeof(*out))
		return NULL;
	memcpy(out, reader->part[SYMTAB].at + symbol * sizeof(*out), sizeof(*out));
	if (ELF64_ST_TYPE(out->st_info) != type || out->st_shndx != index || out->st_other ||
	    ELF64_ST_BIND(out->st_info) != STB_GLOBAL || out->st_name >= reader->part[STRTAB].bytes)
		return NULL;
	name = names + out->st_name;
	bytes = strnlen(name, reader->part[STRTAB].bytes - out->st_name);
	return bytes < reader->part[STRTAB].bytes - out->st_name && name_is_good(name, bytes)
		       ? name
		       : NULL;
}

static int read_kernel(struct reader *reader, uint32_t i, uint32_t *next)
{
	const uint64_t bytes = sizeof(struct road_dsa_word);
	struct road_dsa_kernel kernel;
	Elf64_Sym symbol;
	const char *name;

	memcpy(&kernel, reader->part[KERNELS].at + i * sizeof(kernel), sizeof(kernel));
	if (kernel.first_word != *next || !kernel.word_count ||
	    kernel.word_count > reader->program->word_count - *next)
		return wrong(reader, ".roadbed.kernels", "first word or number of words", i,
			     "all words, in order, without gaps");
	if (kernel.argument_bytes > ROAD_DSA_ARGUMENTS_MAX)
		return wrong(reader, ".roadbed.kernels", "bytes of arguments",
			     kernel.argument_bytes, "0 to 4096");
	if (kernel.flags & ~ROAD_DSA_KERNEL_COOPERATIVE || kernel.reserved[0] ||
	    kernel.reserved[1] || kernel.reserved[2] || kernel.reserved[3])
		return wrong(reader, ".roadbed.kernels", "unknown flags or reserved fields",
			     kernel.flags, "0 or 1, and 0");
	name = name_of(reader, 1 + (size_t)i, STT_FUNC, reader->part[TEXT].index, &symbol);
	if (!name || symbol.st_value != kernel.first_word * bytes ||
	    symbol.st_size != kernel.word_count * bytes)
		return wrong(reader, ".symtab", "no good symbol for a kernel", i,
			     "one a kernel, in their order");
	*next += kernel.word_count;
	if (check_places(reader, &kernel))
		return -1;
	if (!dsa_program_add_kernel(reader->program, name, strlen(name), &kernel))
		return wrong(reader, ".roadbed.kernels", "too many kernels", i, "4096");
	return 0;
}

static int read_kernels(struct reader *reader)
{
	size_t count = reader->part[KERNELS].bytes / sizeof(struct road_dsa_kernel);
	uint32_t next = 0;

	if (!count || count > ROAD_DSA_KERNELS_MAX)
		return wrong(reader, ".roadbed.kernels", "number of kernels", count, "1 to 4096");
	for (uint32_t i = 0; i < count; i++)
		if (read_kernel(reader, i, &next))
			return -1;
	if (next != reader->program->word_count)
		return wrong(reader, ".text", "words that are in no kernel",
			     reader->program->word_count - next, "0");
	return 0;
}

/* Two of one name would make one text of it impossible, and a lookup ambiguous. */
static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int check_names(struct reader *reader)
{
	const struct dsa_program *program = reader->program;
	size_t count = (size_t)program->kernel_count + program->variable_count;
	const char **names = malloc(count * sizeof(*names));
	int result = 0;

	if (!names)
		return wrong(reader, ".symtab", "out of host memory", count, "");
	for (size_t i = 0; i < count; i++)
		names[i] = i < program->kernel_count
				   ? program->kernels[i].name
				   : program->variables[i - program->kernel_count].name;
	qsort(names, count, sizeof(*names), compare_names);
	for (size_t i = 1; i < count && !result; i++)
		if (!strcmp(names[i], names[i - 1]))
			result = wrong(reader, ".symtab", "a name given twice", i, "once each");
	free(names);
	return result;
}

static int read_data(struct reader *reader)
{
	struct dsa_program *program = reader->program;
	size_t count = reader->part[SYMTAB].bytes / sizeof(Elf64_Sym);
	uint32_t data = reader->part[DATA].index;

	if (!dsa_program_add_data(program, reader->part[DATA].at, reader->part[DATA].bytes))
		return wrong(reader, ".data", "too many bytes", reader->part[DATA].bytes, "16 MiB");
	for (size_t i = 1 + (size_t)program->kernel_count; i < count; i++) {
		Elf64_Sym symbol, following = {.st_value = program->data_bytes};
		const char *name = data ? name_of(reader, i, STT_OBJECT, data, &symbol) : NULL;

		if (i + 1 < count)
			memcpy(&following, reader->part[SYMTAB].at + (i + 1) * sizeof(symbol),
			       sizeof(symbol));
		if (!name || symbol.st_value > program->data_bytes ||
		    following.st_value > program->data_bytes ||
		    symbol.st_value + symbol.st_size != following.st_value ||
		    symbol.st_size > program->data_bytes)
			return wrong(reader, ".symtab", "no good symbol for a variable", i,
				     "ascending, each up to the next");
		if (!dsa_program_add_variable(program, name, strlen(name),
					      (uint32_t)symbol.st_value, (uint32_t)symbol.st_size))
			return wrong(reader, ".symtab", "too many variables", count, "");
	}
	return check_names(reader);
}

static int read_elf(struct reader *reader, Elf *elf)
{
	if (elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &reader->header))
		return wrong(reader, "image", "no ELF file; bytes", reader->bytes,
			     "images of roadbed-as");
	if (check_header(reader) || find_sections(reader, elf) || read_note(reader) ||
	    read_words(reader) || read_kernels(reader) || read_data(reader))
		return -1;
	return 0;
}

int dsa_elf_read(const void *image, size_t bytes, struct dsa_program *program,
		 struct dsa_messages *messages)
{
	struct reader reader = {
		.image = image, .bytes = bytes, .messages = messages, .program = program};
	int result;
	Elf *elf;

	if (bytes > ROAD_DSA_IMAGE_MAX)
		return wrong(&reader, "image", "too large; bytes", bytes, "64 MiB");
	if (bytes < sizeof(Elf64_Ehdr))
		return wrong(&reader, "image", "too small; bytes", bytes, "64 at least");
	elf_version(EV_CURRENT);
	elf = elf_memory((char *)(uintptr_t)image, bytes);
	if (!elf)
		return wrong(&reader, "image", "libelf cannot open it; bytes", bytes,
			     "images of roadbed-as");
	result = read_elf(&reader, elf);
	elf_end(elf);
	return result;
}
