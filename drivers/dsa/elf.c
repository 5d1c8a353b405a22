/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files with code (uapi/dsa/image.h): libelf finds the sections; nothing in them is believed. What
 * the words say is the chip's to check when it loads them.
 */
#include <gelf.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/dsa/dsa.h"

enum part { TEXT, DATA, KERNELS, LINES, SYMTAB, STRTAB, NOTE, PARTS };
enum { SECTIONS_MAX = 64 };

static const struct {
	const char *name;
	uint32_t type, entry; /* bytes are a multiple of `entry` */
	bool needed;
} rules[PARTS] = {
	[TEXT] = {".text", SHT_PROGBITS, sizeof(struct road_dsa_word), true},
	[DATA] = {".data", SHT_PROGBITS, 1, false},
	[KERNELS] = {".roadbed.kernels", SHT_PROGBITS, sizeof(struct road_dsa_kernel), true},
	[LINES] = {".roadbed.lines", SHT_PROGBITS, sizeof(uint32_t), false},
	[SYMTAB] = {".symtab", SHT_SYMTAB, sizeof(Elf64_Sym), true},
	[STRTAB] = {".strtab", SHT_STRTAB, 1, true},
	[NOTE] = {".note.roadbed", SHT_NOTE, 1, true},
};

struct reader {
	const unsigned char *bytes;
	size_t count;
	GElf_Ehdr header;
	struct {
		const unsigned char *at;
		uint64_t bytes, offset;
		uint32_t index; /* of the section; 0: not there */
	} part[PARTS];
	struct dsa_file *file;
};

static road_status wrong(const char *where, const char *what, uint64_t seen, const char *allowed)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64, seen);
	return road_drv_error(ROAD_IMAGE_INVALID, what, where, text, allowed);
}

static road_status no_memory(void)
{
	return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for an image", "road_image_load",
			      NULL, NULL);
}

/* ---- header and sections ---- */

static road_status check_header(const struct reader *r)
{
	const GElf_Ehdr *h = &r->header;
	char seen[32];

	if (h->e_ident[EI_CLASS] != ELFCLASS64 || h->e_ident[EI_DATA] != ELFDATA2LSB)
		return wrong("image: header", "not a 64-bit little-endian file",
			     h->e_ident[EI_CLASS], "ELFCLASS64, ELFDATA2LSB");
	snprintf(seen, sizeof(seen), "machine 0x%x, flags %u", h->e_machine, h->e_flags);
	if (h->e_machine != ROAD_DSA_ELF_MACHINE || h->e_flags != ROAD_DSA_ISA_VERSION)
		return road_drv_error(ROAD_IMAGE_INCOMPATIBLE, "made for another machine",
				      "image: header", seen, "machine 0xd5a0, flags 1");
	if (!h->e_shnum || h->e_shnum > SECTIONS_MAX || h->e_shentsize != sizeof(Elf64_Shdr))
		return wrong("image: header", "number of sections", h->e_shnum, "1 .. 64");
	if (h->e_shoff > r->count || r->count - h->e_shoff < h->e_shnum * sizeof(Elf64_Shdr))
		return wrong("image: header", "the table of sections ends beyond the file",
			     h->e_shoff, "an offset within it");
	return ROAD_OK;
}

/* Sections that nobody asks for are left alone. */
static road_status take_section(struct reader *r, Elf *elf, uint32_t index)
{
	Elf_Scn *section = elf_getscn(elf, index);
	const char *name = NULL;
	GElf_Shdr header;
	unsigned p = 0;

	if (section && gelf_getshdr(section, &header))
		name = elf_strptr(elf, r->header.e_shstrndx, header.sh_name);
	if (!name)
		return wrong("image: section", "cannot be read", index, "a name and a header");
	while (p < PARTS && strcmp(name, rules[p].name) != 0)
		p++;
	if (p == PARTS)
		return ROAD_OK;
	if (r->part[p].index)
		return wrong(rules[p].name, "is there twice", index, "once");
	if (header.sh_type != rules[p].type)
		return wrong(rules[p].name, "is of another type", header.sh_type,
			     "its type in uapi/dsa/image.h");
	if (header.sh_offset > r->count || header.sh_size > r->count - header.sh_offset)
		return wrong(rules[p].name, "ends beyond the file", header.sh_offset,
			     "an offset within it");
	if (header.sh_size % rules[p].entry)
		return wrong(rules[p].name, "does not hold whole entries", header.sh_size,
			     "a multiple of their size");
	r->part[p].at = r->bytes + header.sh_offset;
	r->part[p].offset = header.sh_offset;
	r->part[p].bytes = header.sh_size;
	r->part[p].index = index;
	return ROAD_OK;
}

static bool overlap(const struct reader *r, unsigned a, unsigned b)
{
	return r->part[a].bytes && r->part[b].bytes &&
	       r->part[a].offset < r->part[b].offset + r->part[b].bytes &&
	       r->part[b].offset < r->part[a].offset + r->part[a].bytes;
}

static road_status find_sections(struct reader *r, Elf *elf)
{
	for (uint32_t i = 1; i < r->header.e_shnum; i++) {
		road_status status = take_section(r, elf, i);

		if (status)
			return status;
	}
	for (unsigned p = 0; p < PARTS; p++) {
		if (rules[p].needed && !r->part[p].index)
			return wrong(rules[p].name, "the image lacks this section", 0, "one");
		for (unsigned q = 0; q < p; q++)
			if (overlap(r, p, q))
				return wrong(rules[p].name, "overlaps another section",
					     r->part[p].offset, "sections that do not");
	}
	return ROAD_OK;
}

/* ---- what is in them ---- */

static road_status check_note(const struct reader *r, const struct dsa_params *params)
{
	static const char name[8] = ROAD_DSA_NOTE_NAME;
	struct road_dsa_note note;
	Elf64_Nhdr header;
	char seen[48], allowed[48];

	if (r->part[NOTE].bytes != sizeof(header) + sizeof(name) + sizeof(note))
		return wrong(".note.roadbed", "has another size", r->part[NOTE].bytes, "one note");
	memcpy(&header, r->part[NOTE].at, sizeof(header));
	memcpy(&note, r->part[NOTE].at + sizeof(header) + sizeof(name), sizeof(note));
	if (header.n_namesz != sizeof(name) || header.n_descsz != sizeof(note) ||
	    header.n_type != ROAD_DSA_NOTE ||
	    memcmp(r->part[NOTE].at + sizeof(header), name, sizeof(name)) != 0)
		return wrong(".note.roadbed", "is another note", header.n_type, "1 of Roadbed");
	if (note.flags || note.reserved)
		return wrong(".note.roadbed", "has reserved fields", note.flags, "0");
	if (note.isa_version != params->isa)
		return road_drv_errorf(ROAD_IMAGE_INCOMPATIBLE, ".note.roadbed",
				       "instruction set %u, the chip runs %u", note.isa_version,
				       params->isa);
	for (unsigned i = 0; i < ROAD_DSA_PADS; i++) {
		if (note.pads[i] <= params->pad_bytes[i])
			continue;
		snprintf(seen, sizeof(seen), "scratchpad %u of %u bytes", i, note.pads[i]);
		snprintf(allowed, sizeof(allowed), "at most %u", params->pad_bytes[i]);
		return road_drv_error(ROAD_IMAGE_INCOMPATIBLE,
				      "written for larger scratchpads than the chip has",
				      ".note.roadbed", seen, allowed);
	}
	return ROAD_OK;
}

/* The name of a symbol, in host memory of its own; `what`: the error if it has none. */
static road_status name_of(const struct reader *r, const Elf64_Sym *symbol, const char *what,
			   char **out)
{
	const char *names = (const char *)r->part[STRTAB].at;
	uint64_t room = r->part[STRTAB].bytes;

	if (symbol->st_name >= room || !names[symbol->st_name] ||
	    strnlen(names + symbol->st_name, room - symbol->st_name) == room - symbol->st_name)
		return wrong(".symtab", what, symbol->st_value, "a terminated one in .strtab");
	*out = strdup(names + symbol->st_name);
	return *out ? ROAD_OK : no_memory();
}

static struct road_dsa_kernel kernel_at(const struct reader *r, uint32_t i)
{
	struct road_dsa_kernel kernel;

	memcpy(&kernel, r->part[KERNELS].at + i * sizeof(kernel), sizeof(kernel));
	return kernel;
}

/* A function is the kernel that begins where it does. */
static road_status take_function(struct reader *r, const Elf64_Sym *symbol)
{
	struct dsa_file *file = r->file;

	for (uint32_t i = 0; i < file->kernel_count; i++) {
		struct road_dsa_kernel kernel = kernel_at(r, i);

		if ((uint64_t)kernel.first_word * sizeof(struct road_dsa_word) != symbol->st_value)
			continue;
		if (file->kernels[i].name)
			return wrong(".symtab", "two names of one kernel", i, "one");
		file->kernels[i].offset = kernel.first_word;
		file->kernels[i].bytes = kernel.word_count;
		return name_of(r, symbol, "a kernel without a name", &file->kernels[i].name);
	}
	return wrong(".symtab", "a function that is no kernel", symbol->st_value,
		     "the first byte of one");
}

static road_status take_object(struct reader *r, const Elf64_Sym *symbol)
{
	struct dsa_symbol *object = &r->file->objects[r->file->object_count];

	if (symbol->st_value > r->part[DATA].bytes ||
	    symbol->st_size > r->part[DATA].bytes - symbol->st_value)
		return wrong(".symtab", "a variable beyond .data", symbol->st_value,
			     "bytes within it");
	object->offset = symbol->st_value;
	object->bytes = symbol->st_size;
	r->file->object_count++;
	return name_of(r, symbol, "a variable without a name", &object->name);
}

static road_status take_symbols(struct reader *r)
{
	uint64_t count = r->part[SYMTAB].bytes / sizeof(Elf64_Sym);
	road_status status = ROAD_OK;

	for (uint64_t i = 1; i < count && !status; i++) {
		Elf64_Sym symbol;

		memcpy(&symbol, r->part[SYMTAB].at + i * sizeof(symbol), sizeof(symbol));
		if (ELF64_ST_TYPE(symbol.st_info) == STT_FUNC &&
		    symbol.st_shndx == r->part[TEXT].index)
			status = take_function(r, &symbol);
		else if (ELF64_ST_TYPE(symbol.st_info) == STT_OBJECT && r->part[DATA].index &&
			 symbol.st_shndx == r->part[DATA].index)
			status = take_object(r, &symbol);
	}
	for (uint32_t i = 0; i < r->file->kernel_count && !status; i++)
		if (!r->file->kernels[i].name)
			status = wrong(".symtab", "a kernel has no symbol", i, "one each");
	return status;
}

/* header | kernels | words | lines: what the chip loads. */
static road_status make_code(struct reader *r)
{
	uint64_t words = r->part[TEXT].bytes / sizeof(struct road_dsa_word);
	uint64_t lines = r->part[LINES].bytes / sizeof(uint32_t);
	uint64_t total = sizeof(struct road_dsa_code) + r->part[KERNELS].bytes +
			 r->part[TEXT].bytes + r->part[LINES].bytes;

	if (lines && lines != words)
		return wrong(".roadbed.lines", "number of lines", lines, "one a word, or none");
	if (total > ROAD_DSA_IMAGE_MAX)
		return wrong("image", "too much code, bytes", total, "64 MiB");
	const struct road_dsa_code header = {
		.magic = ROAD_DSA_CODE_MAGIC,
		.version = ROAD_DSA_CODE_VERSION,
		.isa_version = ROAD_DSA_ISA_VERSION,
		.total_bytes = (uint32_t)total,
		.kernel_count = r->file->kernel_count,
		.word_count = (uint32_t)words,
		.line_count = (uint32_t)lines,
	};
	unsigned char *at = malloc(total);

	if (!at)
		return no_memory();
	r->file->code = at;
	r->file->code_bytes = total;
	memcpy(at, &header, sizeof(header));
	at += sizeof(header);
	for (unsigned i = 0; i < 3; i++) {
		static const enum part order[] = {KERNELS, TEXT, LINES};

		if (r->part[order[i]].bytes)
			memcpy(at, r->part[order[i]].at, r->part[order[i]].bytes);
		at += r->part[order[i]].bytes;
	}
	return ROAD_OK;
}

static road_status check_kernels(const struct reader *r)
{
	for (uint32_t i = 0; i < r->file->kernel_count; i++) {
		struct road_dsa_kernel kernel = kernel_at(r, i);

		if (kernel.argument_bytes > ROAD_DSA_ARGUMENTS_MAX || kernel.argument_bytes % 8)
			return wrong(".roadbed.kernels", "bytes of arguments",
				     kernel.argument_bytes, "0, 8 .. 4096");
	}
	return ROAD_OK;
}

static road_status take_contents(struct reader *r, const struct dsa_params *params)
{
	uint64_t kernels = r->part[KERNELS].bytes / sizeof(struct road_dsa_kernel);
	uint64_t symbols = r->part[SYMTAB].bytes / sizeof(Elf64_Sym);
	struct dsa_file *file = r->file;
	road_status status = check_note(r, params);

	if (!status && (!kernels || kernels > ROAD_DSA_KERNELS_MAX))
		status = wrong(".roadbed.kernels", "number of kernels", kernels, "1 .. 4096");
	if (status)
		return status;
	file->kernels = calloc(kernels, sizeof(*file->kernels));
	file->objects = calloc(symbols ? symbols : 1, sizeof(*file->objects));
	file->data = malloc(r->part[DATA].bytes ? r->part[DATA].bytes : 1);
	if (!file->kernels || !file->objects || !file->data)
		return no_memory();
	file->kernel_count = (uint32_t)kernels;
	file->data_bytes = r->part[DATA].bytes;
	if (file->data_bytes)
		memcpy(file->data, r->part[DATA].at, file->data_bytes);
	status = check_kernels(r);
	if (!status)
		status = take_symbols(r);
	return status ? status : make_code(r);
}

static road_status read_file(struct reader *r, Elf *elf, const struct dsa_params *params)
{
	if (!elf) /* what is no ELF file has a handle, too */
		return no_memory();
	if (elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &r->header))
		return wrong("image", "is no ELF file; bytes", r->count, "a file of roadbed-as");
	road_status status = check_header(r);

	if (!status)
		status = find_sections(r, elf);
	return status ? status : take_contents(r, params);
}

road_status dsa_file_read(const struct dsa_params *params, const void *bytes, size_t count,
			  struct dsa_file *out)
{
	struct reader reader = {.count = count, .file = out};

	*out = (struct dsa_file){.code = NULL};
	if (count < sizeof(Elf64_Ehdr) || count > ROAD_DSA_IMAGE_MAX)
		return wrong("image", "size in bytes", count, "64 .. 67108864");
	char *copy = malloc(count); /* libelf wants memory that may be written */

	if (!copy)
		return no_memory();
	memcpy(copy, bytes, count);
	reader.bytes = (const unsigned char *)copy;
	elf_version(EV_CURRENT);
	Elf *elf = elf_memory(copy, count);
	road_status status = read_file(&reader, elf, params);

	elf_end(elf); /* NULL is fine */
	free(copy);
	if (status)
		dsa_file_free(out);
	return status;
}

static void free_symbols(struct dsa_symbol *symbols, uint32_t count)
{
	for (uint32_t i = 0; symbols && i < count; i++)
		free(symbols[i].name);
	free(symbols);
}

void dsa_file_free(struct dsa_file *file)
{
	free_symbols(file->kernels, file->kernel_count);
	free_symbols(file->objects, file->object_count);
	free(file->code);
	free(file->data);
	*file = (struct dsa_file){.code = NULL};
}
