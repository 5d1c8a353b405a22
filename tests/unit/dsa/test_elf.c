/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files from anywhere, as the driver reads them: cut, changed, put together wrongly. What it takes
 * must be what the assembler's own reader finds in the same bytes.
 */
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/dsa/dsa.h"
#include "tests/support/tap.h"
#include "tests/unit/drivers/fake_bus.h"
#include "tests/unit/dsa/images.h"

static const struct dsa_params params = {.isa = ROAD_DSA_ISA_VERSION,
					 .pad_bytes = {65536, 65536, 65536, 65536, 65536, 65536}};

static const char *kernel_name(const void *reader, size_t i)
{
	return ((const struct dsa_file *)reader)->kernels[i].name;
}

static const char *object_name(const void *reader, size_t i)
{
	return ((const struct dsa_file *)reader)->objects[i].name;
}

static uint64_t object_offset(const void *reader, size_t i)
{
	return ((const struct dsa_file *)reader)->objects[i].offset;
}

/* What does not depend on any reader. */
static void check_whole(const struct dsa_file *file)
{
	struct road_dsa_code code;

	memcpy(&code, file->code, sizeof(code));
	CU_ASSERT_EQUAL(code.magic, ROAD_DSA_CODE_MAGIC);
	CU_ASSERT_EQUAL(code.total_bytes, file->code_bytes);
	CU_ASSERT_EQUAL(code.kernel_count, file->kernel_count);
	CU_ASSERT_TRUE(code.line_count == 0 || code.line_count == code.word_count);
	CU_ASSERT_EQUAL_FATAL(file->code_bytes,
			      sizeof(code) + code.kernel_count * sizeof(struct road_dsa_kernel) +
				      code.word_count * sizeof(struct road_dsa_word) +
				      code.line_count * sizeof(uint32_t));
	for (uint32_t i = 0; i < file->kernel_count; i++)
		CU_ASSERT_TRUE(file->kernels[i].name && file->kernels[i].name[0]);
	for (uint32_t i = 0; i < file->object_count; i++)
		CU_ASSERT_TRUE(file->objects[i].name && file->objects[i].name[0] &&
			       file->objects[i].offset <= file->data_bytes &&
			       file->objects[i].bytes <=
				       file->data_bytes - file->objects[i].offset);
}

static struct images_content content_of(const struct dsa_file *file)
{
	struct road_dsa_code code;

	memcpy(&code, file->code, sizeof(code));
	const unsigned char *kernels = file->code + sizeof(code);

	return (struct images_content){
		.kernels = kernels,
		.words = kernels + code.kernel_count * sizeof(struct road_dsa_kernel),
		.data = file->data,
		.kernel_count = file->kernel_count,
		.word_count = code.word_count,
		.data_bytes = file->data_bytes,
		.object_count = file->object_count,
		.kernel_name = kernel_name,
		.object_name = object_name,
		.object_offset = object_offset,
		.reader = file,
	};
}

/* Reads a copy of exactly these bytes: a read beyond them is seen. */
static road_status read_bytes(const void *bytes, size_t count, struct dsa_file *file)
{
	void *copy = malloc(count ? count : 1);

	memcpy(copy, bytes, count);
	services_what[0] = services_where[0] = 0;
	services_status = ROAD_OK;
	road_status status = dsa_file_read(&params, copy, count, file);

	free(copy);
	CU_ASSERT_EQUAL(services_status, status);
	if (status) {
		CU_ASSERT_TRUE(services_what[0] && services_where[0]);
		CU_ASSERT_PTR_NULL(file->code);
		CU_ASSERT_PTR_NULL(file->data);
		CU_ASSERT_PTR_NULL(file->kernels);
		CU_ASSERT_PTR_NULL(file->objects);
	}
	return status;
}

/* Refused with a reason, or taken as the other reader takes it. Returns whether it was taken. */
static bool check_bytes(const void *bytes, size_t count)
{
	struct dsa_file file;
	bool same;

	if (read_bytes(bytes, count, &file))
		return false;
	check_whole(&file);
	const struct images_content seen = content_of(&file);

	if (images_compare(bytes, count, &seen, &same))
		CU_ASSERT_TRUE(same);
	dsa_file_free(&file);
	return true;
}

static void test_good(void)
{
	struct dsa_file file;
	size_t count;
	bool same = false;
	unsigned char *image = images_good(&count);

	CU_ASSERT_EQUAL_FATAL(read_bytes(image, count, &file), ROAD_OK);
	check_whole(&file);
	const struct images_content seen = content_of(&file);

	CU_ASSERT_TRUE(images_compare(image, count, &seen, &same));
	CU_ASSERT_TRUE(same);
	CU_ASSERT_EQUAL(file.kernel_count, 2);
	CU_ASSERT_STRING_EQUAL(file.kernels[1].name, "second");
	CU_ASSERT_EQUAL(dsa_file_kernel(&file, 0)->argument_bytes, 16);
	CU_ASSERT_EQUAL(dsa_file_kernel(&file, 1)->flags, ROAD_DSA_KERNEL_COOPERATIVE);
	CU_ASSERT_EQUAL(file.object_count, 2);
	CU_ASSERT_STRING_EQUAL(file.objects[1].name, "b");
	CU_ASSERT_EQUAL(file.data[file.objects[1].offset], 3);
	dsa_file_free(&file);
	free(image);
}

/* The table of sections comes last: no cut leaves a whole file. */
static void test_cut(void)
{
	size_t count;
	unsigned char *image = images_good(&count);

	for (size_t cut = 0; cut < count; cut++)
		CU_ASSERT_FALSE(check_bytes(image, cut));
	CU_ASSERT_TRUE(check_bytes(image, count));
	free(image);
}

static void test_changed(void)
{
	static const unsigned char changes[] = {0x01, 0x02, 0x10, 0x40, 0x80, 0xff};
	size_t count, refused = 0;
	unsigned char *image = images_good(&count);

	for (size_t at = 0; at < count; at++)
		for (size_t i = 0; i < sizeof(changes); i++) {
			image[at] ^= changes[i];
			refused += !check_bytes(image, count);
			image[at] ^= changes[i];
		}
	CU_ASSERT_TRUE(refused > count); /* most of a file this small is headers and tables */
	free(image);
}

/* ---- each error by its name ---- */

enum place { HEADER, SECTION, BYTES };
/* One number changed: in the file's header, in that of a section, or in its bytes. */
struct change {
	const char *what, *where; /* how the error begins */
	enum place place;
	const char *section;
	size_t at, width;
	uint64_t value;
	const char *like; /* if there: the value of this section's header instead */
	road_status status;
};

static Elf64_Shdr *header_of(unsigned char *image, const char *name)
{
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)(void *)image;
	Elf64_Shdr *sections = (Elf64_Shdr *)(void *)(image + header->e_shoff);
	const char *names = (const char *)image + sections[header->e_shstrndx].sh_offset;

	for (unsigned i = 1; i < header->e_shnum; i++)
		if (!strcmp(names + sections[i].sh_name, name))
			return &sections[i];
	CU_FAIL_FATAL("no such section");
	return NULL;
}

static void apply(unsigned char *image, const struct change *c)
{
	unsigned char *at = image;
	uint64_t value = c->value;

	if (c->like)
		memcpy(&value, (char *)header_of(image, c->like) + c->at, c->width);
	if (c->place == SECTION)
		at = (unsigned char *)header_of(image, c->section);
	else if (c->place == BYTES)
		at = image + header_of(image, c->section)->sh_offset;
	memcpy(at + c->at, &value, c->width);
}

#define EHDR(field)    HEADER, NULL, offsetof(Elf64_Ehdr, field), sizeof(((Elf64_Ehdr *)0)->field)
#define SHDR(s, field) SECTION, s, offsetof(Elf64_Shdr, field), sizeof(((Elf64_Shdr *)0)->field)
#define SYM(i, field)                                                           \
	BYTES, ".symtab", (i) * sizeof(Elf64_Sym) + offsetof(Elf64_Sym, field), \
		sizeof(((Elf64_Sym *)0)->field)
#define NOTE_AT(field) \
	BYTES, ".note.roadbed", sizeof(Elf64_Nhdr) + 8 + offsetof(struct road_dsa_note, field), 4
#define BAD  NULL, ROAD_IMAGE_INVALID
#define ELSE NULL, ROAD_IMAGE_INCOMPATIBLE

/* Symbols: none, first, second, a, b. */
static const struct change errors[] = {
	{"is no ELF file", "image", HEADER, NULL, 0, 1, 0, BAD},
	{"not a 64-bit little-endian", "image: header", HEADER, NULL, EI_CLASS, 1, 1, BAD},
	{"made for another machine", "image: header", EHDR(e_machine), 62, ELSE},
	{"made for another machine", "image: header", EHDR(e_flags), 2, ELSE},
	{"number of sections", "image: header", EHDR(e_shentsize), 32, BAD},
	{"the table of sections ends", "image: header", EHDR(e_shoff), UINT64_C(1) << 40, BAD},
	{"cannot be read", "image: section", SHDR(".data", sh_name), 1u << 30, BAD},
	{"is there twice", ".text", SHDR(".data", sh_name), 0, ".text", ROAD_IMAGE_INVALID},
	{"is of another type", ".text", SHDR(".text", sh_type), SHT_NOBITS, BAD},
	{"ends beyond the file", ".text", SHDR(".text", sh_offset), UINT64_C(1) << 40, BAD},
	{"ends beyond the file", ".data", SHDR(".data", sh_size), UINT64_MAX, BAD},
	{"does not hold whole", ".text", SHDR(".text", sh_size), 17, BAD},
	{"the image lacks this", ".text", SHDR(".text", sh_name), 0, ".shstrtab",
	 ROAD_IMAGE_INVALID},
	{"overlaps another section", ".data", SHDR(".data", sh_offset), 0, ".text",
	 ROAD_IMAGE_INVALID},
	{"has another size", ".note.roadbed", SHDR(".note.roadbed", sh_size), 8, BAD},
	{"is another note", ".note.roadbed", BYTES, ".note.roadbed", 8, 4, 2, BAD},
	{"has reserved fields", ".note.roadbed", NOTE_AT(flags), 1, BAD},
	{"has reserved fields", ".note.roadbed", NOTE_AT(reserved), 1, BAD},
	{"instruction set 9, the chip", ".note.roadbed", NOTE_AT(isa_version), 9, ELSE},
	{"written for larger", ".note.roadbed", NOTE_AT(pads[5]), 65537, ELSE},
	{"two names of one kernel", ".symtab", SYM(2, st_value), 0, BAD},
	{"a kernel without a name", ".symtab", SYM(1, st_name), 0, BAD},
	{"a function that is no kernel", ".symtab", SYM(1, st_value), 8, BAD},
	{"a kernel has no symbol", ".symtab", SYM(1, st_info), 0, BAD},
	{"a variable beyond .data", ".symtab", SYM(3, st_value), UINT64_C(1) << 40, BAD},
	{"a variable beyond .data", ".symtab", SYM(3, st_size), UINT64_MAX, BAD},
	{"a variable without a name", ".symtab", SYM(3, st_name), 1u << 30, BAD},
	{"number of lines", ".roadbed.lines", SHDR(".roadbed.lines", sh_size), 4, BAD},
	{"bytes of arguments", ".roadbed.kernels", BYTES, ".roadbed.kernels", 8, 4, 12, BAD},
	{"bytes of arguments", ".roadbed.kernels", BYTES, ".roadbed.kernels", 8, 4, 4104, BAD},
	{"number of kernels", ".roadbed.kernels", SHDR(".roadbed.kernels", sh_size), 0, BAD},
};

static void test_errors(void)
{
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		const struct change *c = &errors[i];
		struct dsa_file file;
		size_t count;
		unsigned char *image = images_good(&count);

		apply(image, c);
		road_status status = read_bytes(image, count, &file);

		if (status != c->status || strncmp(services_what, c->what, strlen(c->what)) != 0 ||
		    strcmp(services_where, c->where) != 0) {
			printf("# %zu: %d %s: %s\n", i, (int)status, services_where, services_what);
			CU_FAIL("another error, or none");
		}
		dsa_file_free(&file);
		free(image);
	}
}

static void test_size(void)
{
	const char *none = "";
	struct dsa_file file;
	size_t count;
	unsigned char *image = images_good(&count);

	CU_ASSERT_EQUAL(dsa_file_read(&params, none, 0, &file), ROAD_IMAGE_INVALID);
	CU_ASSERT_STRING_EQUAL(services_what, "size in bytes seen 0 allowed 64 .. 67108864");
	/* refused before any of it is looked at */
	CU_ASSERT_EQUAL(dsa_file_read(&params, image, ROAD_DSA_IMAGE_MAX + 1u, &file),
			ROAD_IMAGE_INVALID);
	CU_ASSERT_STRING_EQUAL(services_what, "size in bytes seen 67108865 allowed 64 .. 67108864");
	free(image);
}

static void test_memory(void)
{
	struct dsa_file file;
	size_t count;
	unsigned char *image = images_good(&count);
	road_status status = ROAD_OUT_OF_HOST_MEMORY;
	int steps = 0;

	for (; status && steps < 100; steps++) {
		services_fail_after = steps;
		status = dsa_file_read(&params, image, count, &file);
		services_fail_after = -1;
		if (status)
			CU_ASSERT_EQUAL(status, ROAD_OUT_OF_HOST_MEMORY);
	}
	CU_ASSERT_EQUAL(steps, 10); /* the copy, three tables, four names, the code; none */
	dsa_file_free(&file);
	free(image);
}

static const struct tap_case cases[] = {
	{"a good file is read as it was written", test_good},
	{"a file cut anywhere is refused with a reason", test_cut},
	{"a file with a byte changed is refused, or read as its bytes say", test_changed},
	{"each error names what is wrong and where", test_errors},
	{"files too small and too large are refused", test_size},
	{"memory that fails is told as that and leaks nothing", test_memory},
};

TAP_MAIN(cases)
