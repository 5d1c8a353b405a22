/* SPDX-License-Identifier: Apache-2.0 */
/* Images: libelf lays out the sections in the order in which they are made. */
#include "tools/dsa/elf_image.h"

#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct strings { /* a string table that grows; the first byte is 0 */
	char *text;
	size_t bytes, room;
};

static bool strings_add(struct strings *strings, const char *text, uint32_t *offset)
{
	size_t bytes = strlen(text) + 1;

	if (strings->bytes + bytes > strings->room) {
		size_t room = (strings->room + bytes) * 2;
		char *larger = realloc(strings->text, room);

		if (!larger)
			return false;
		strings->text = larger;
		strings->room = room;
	}
	memcpy(strings->text + strings->bytes, text, bytes);
	*offset = (uint32_t)strings->bytes;
	strings->bytes += bytes;
	return true;
}

struct image {
	Elf *elf;
	struct strings names, section_names;
	Elf64_Sym *symbols;
	size_t symbol_count;
	struct {
		uint32_t text, data, strtab;
	} index; /* of sections */
	unsigned char note[sizeof(Elf64_Nhdr) + sizeof(ROAD_DSA_NOTE_NAME) +
			   sizeof(struct road_dsa_note)];
	struct road_dsa_kernel *kernels;
};

/* The bytes must live until elf_update. */
static uint32_t section(struct image *image, const char *name, uint32_t type, uint64_t flags,
			void *bytes, size_t count, size_t align)
{
	Elf_Scn *scn = elf_newscn(image->elf);
	Elf_Data *data = scn ? elf_newdata(scn) : NULL;
	GElf_Shdr header;
	uint32_t offset;

	if (!data || !gelf_getshdr(scn, &header) ||
	    !strings_add(&image->section_names, name, &offset))
		return 0;
	data->d_buf = bytes;
	data->d_size = count;
	data->d_align = align;
	data->d_type = type == SHT_SYMTAB ? ELF_T_SYM : ELF_T_BYTE;
	data->d_version = EV_CURRENT;
	header.sh_name = offset;
	header.sh_type = type;
	header.sh_flags = flags;
	header.sh_addralign = align;
	if (!gelf_update_shdr(scn, &header))
		return 0;
	return (uint32_t)elf_ndxscn(scn);
}

static bool symbol(struct image *image, const char *name, unsigned char type, uint32_t index,
		   uint64_t value, uint64_t bytes)
{
	Elf64_Sym *out = &image->symbols[image->symbol_count++];

	*out = (Elf64_Sym){.st_info = ELF64_ST_INFO(STB_GLOBAL, type),
			   .st_shndx = (Elf64_Section)index,
			   .st_value = value,
			   .st_size = bytes};
	return strings_add(&image->names, name, &out->st_name);
}

static bool symbols(struct image *image, const struct dsa_program *program)
{
	const uint64_t word = sizeof(struct road_dsa_word);

	image->symbols = calloc(1 + (size_t)program->kernel_count + program->variable_count,
				sizeof(*image->symbols));
	if (!image->symbols)
		return false;
	image->symbol_count = 1;
	for (uint32_t i = 0; i < program->kernel_count; i++) {
		const struct dsa_kernel *kernel = &program->kernels[i];

		if (!symbol(image, kernel->name, STT_FUNC, image->index.text,
			    kernel->entry.first_word * word, kernel->entry.word_count * word))
			return false;
	}
	for (uint32_t i = 0; i < program->variable_count; i++) {
		const struct dsa_variable *variable = &program->variables[i];

		if (!symbol(image, variable->name, STT_OBJECT, image->index.data, variable->offset,
			    variable->bytes))
			return false;
	}
	return true;
}

static bool kernels(struct image *image, const struct dsa_program *program)
{
	image->kernels =
		calloc(program->kernel_count ? program->kernel_count : 1, sizeof(*image->kernels));
	for (uint32_t i = 0; image->kernels && i < program->kernel_count; i++)
		image->kernels[i] = program->kernels[i].entry;
	return image->kernels && section(image, ".roadbed.kernels", SHT_PROGBITS, 0, image->kernels,
					 program->kernel_count * sizeof(*image->kernels), 4);
}

static bool note(struct image *image, const struct dsa_program *program)
{
	const Elf64_Nhdr header = {sizeof(ROAD_DSA_NOTE_NAME), sizeof(struct road_dsa_note),
				   ROAD_DSA_NOTE};
	struct road_dsa_note descriptor = {.isa_version = ROAD_DSA_ISA_VERSION};
	unsigned char *at = image->note;

	memcpy(descriptor.pads, program->pads, sizeof(descriptor.pads));
	memcpy(at, &header, sizeof(header));
	memcpy(at + sizeof(header), ROAD_DSA_NOTE_NAME, sizeof(ROAD_DSA_NOTE_NAME));
	memcpy(at + sizeof(header) + sizeof(ROAD_DSA_NOTE_NAME), &descriptor, sizeof(descriptor));
	return section(image, ".note.roadbed", SHT_NOTE, 0, image->note, sizeof(image->note), 4);
}

/* Where a section's header points to others. */
static bool link_to(struct image *image, uint32_t index, uint32_t link, uint32_t info)
{
	Elf_Scn *scn = elf_getscn(image->elf, index);
	GElf_Shdr header;

	if (!scn || !gelf_getshdr(scn, &header))
		return false;
	header.sh_link = link;
	header.sh_info = info;
	header.sh_entsize = sizeof(Elf64_Sym);
	return gelf_update_shdr(scn, &header);
}

static bool sections(struct image *image, const struct dsa_program *program)
{
	uint32_t symtab;

	image->index.text =
		section(image, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, program->words,
			program->word_count * sizeof(*program->words), sizeof(*program->words));
	/* Variables of no bytes are in it, too. */
	if (program->data_bytes || program->variable_count)
		image->index.data = section(image, ".data", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE,
					    program->data, program->data_bytes, 32);
	if (!image->index.text || !kernels(image, program))
		return false;
	if (program->has_lines && !section(image, ".roadbed.lines", SHT_PROGBITS, 0, program->lines,
					   program->word_count * sizeof(*program->lines), 4))
		return false;
	if (!symbols(image, program))
		return false;
	symtab = section(image, ".symtab", SHT_SYMTAB, 0, image->symbols,
			 image->symbol_count * sizeof(Elf64_Sym), 8);
	image->index.strtab =
		section(image, ".strtab", SHT_STRTAB, 0, image->names.text, image->names.bytes, 1);
	return symtab && image->index.strtab && link_to(image, symtab, image->index.strtab, 1) &&
	       note(image, program);
}

static bool header(struct image *image, uint32_t names)
{
	GElf_Ehdr header;

	if (!gelf_getehdr(image->elf, &header))
		return false;
	header.e_ident[EI_DATA] = ELFDATA2LSB;
	header.e_type = ET_REL;
	header.e_machine = ROAD_DSA_ELF_MACHINE;
	header.e_version = EV_CURRENT;
	header.e_flags = ROAD_DSA_ISA_VERSION;
	header.e_shstrndx = (Elf64_Half)names;
	return gelf_update_ehdr(image->elf, &header);
}

/* The names of the sections come last: they are known then. */
static bool make(struct image *image, const struct dsa_program *program)
{
	uint32_t offset, last;
	Elf_Data *data;

	if (!gelf_newehdr(image->elf, ELFCLASS64) || !strings_add(&image->names, "", &offset) ||
	    !strings_add(&image->section_names, "", &offset) || !sections(image, program))
		return false;
	last = section(image, ".shstrtab", SHT_STRTAB, 0, NULL, 0, 1);
	data = last ? elf_getdata(elf_getscn(image->elf, last), NULL) : NULL;
	if (!data)
		return false;
	data->d_buf = image->section_names.text;
	data->d_size = image->section_names.bytes;
	return header(image, last) && elf_update(image->elf, ELF_C_WRITE) >= 0;
}

static bool make_in(const struct dsa_program *program, int file, const char **reason)
{
	struct image image = {0};
	bool done;

	elf_version(EV_CURRENT);
	image.elf = elf_begin(file, ELF_C_WRITE, NULL);
	done = image.elf && make(&image, program);
	*reason = done ? NULL : elf_errmsg(-1);
	if (image.elf)
		elf_end(image.elf);
	free(image.names.text);
	free(image.section_names.text);
	free(image.symbols);
	free(image.kernels);
	return done;
}

/* libelf writes to files only. */
static bool content_of(int file, void **image, size_t *bytes)
{
	off_t end = lseek(file, 0, SEEK_END);
	size_t done = 0;

	*image = end > 0 ? malloc((size_t)end) : NULL;
	while (*image && done < (size_t)end) {
		ssize_t got = pread(file, (char *)*image + done, (size_t)end - done, (off_t)done);

		if (got <= 0) {
			free(*image);
			*image = NULL;
		}
		done += got > 0 ? (size_t)got : 0;
	}
	*bytes = done;
	return *image != NULL;
}

int dsa_elf_write(const struct dsa_program *program, void **image, size_t *bytes,
		  struct dsa_messages *messages)
{
	int file = memfd_create("image", MFD_CLOEXEC);
	const char *reason = NULL;
	bool done = file >= 0 && make_in(program, file, &reason) && content_of(file, image, bytes);

	if (file >= 0)
		close(file);
	if (done)
		return 0;
	reason = reason ? reason : "out of host memory";
	return dsa_messages_add(messages, 0, 0, "the image cannot be made", reason, strlen(reason),
				"");
}
