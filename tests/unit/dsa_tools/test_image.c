/* SPDX-License-Identifier: Apache-2.0 */
/* Images from anywhere: cut, changed, put together wrongly. */
#include "tests/unit/dsa_tools/support.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

static const char source[] = ".data\n"
			     "a: .word 1, 2\n"
			     "b: .byte 3\n"
			     ".pads UB=1024\n"
			     ".kernel first arguments=16\n"
			     "again: ldarg.u64 x1, [8]\n"
			     " loop x1, again\n"
			     " end\n"
			     ".end\n"
			     ".kernel second arguments=0 cooperative\n"
			     " jump out\n"
			     "out: end\n"
			     ".end\n";

static uint8_t *good(size_t *bytes)
{
	struct dsa_program program = {0};
	struct dsa_messages messages = {0};
	uint8_t *image;

	CU_ASSERT_EQUAL_FATAL(
		dsa_assemble(source, sizeof(source) - 1, NULL, 0, &program, &messages), 0);
	image = support_image(&program, bytes);
	dsa_program_free(&program);
	return image;
}

/* The message's text, "" if the image is taken. The image is copied: a read beyond it is seen. */
static const char *refusal(const uint8_t *image, size_t bytes, struct dsa_messages *messages)
{
	uint8_t *copy = malloc(bytes ? bytes : 1);
	struct dsa_program program = {0};
	int result;

	memcpy(copy, image, bytes);
	memset(messages, 0, sizeof(*messages));
	result = dsa_elf_read(copy, bytes, &program, messages);
	CU_ASSERT_EQUAL(result != 0, messages->total != 0);
	dsa_program_free(&program);
	free(copy);
	return result ? messages->list[0].what : "";
}

static void it_says_what_was_written(void)
{
	struct dsa_messages messages = {0};
	struct dsa_program program = {0};
	size_t bytes;
	uint8_t *image = good(&bytes);

	CU_ASSERT_EQUAL_FATAL(dsa_elf_read(image, bytes, &program, &messages), 0);
	CU_ASSERT_EQUAL(program.kernel_count, 2);
	CU_ASSERT_STRING_EQUAL(program.kernels[1].name, "second");
	CU_ASSERT_EQUAL(program.kernels[1].entry.flags, ROAD_DSA_KERNEL_COOPERATIVE);
	CU_ASSERT_EQUAL(program.kernels[0].entry.argument_bytes, 16);
	CU_ASSERT_EQUAL(program.word_count, 5);
	CU_ASSERT_EQUAL(program.words[1].imm, -1);
	CU_ASSERT_EQUAL(program.words[3].imm, 1);
	CU_ASSERT_EQUAL(program.lines[4], 12);
	CU_ASSERT_EQUAL(program.data_bytes, 9);
	CU_ASSERT_EQUAL(program.data[4], 2);
	CU_ASSERT_EQUAL(program.variable_count, 2);
	CU_ASSERT_STRING_EQUAL(program.variables[0].name, "a");
	CU_ASSERT_EQUAL(program.variables[1].offset, 8);
	CU_ASSERT_EQUAL(program.variables[1].bytes, 1);
	CU_ASSERT_EQUAL(program.pads[ROAD_DSA_PAD_UB], 1024);
	dsa_program_free(&program);
	free(image);
}

static void cut_anywhere_it_is_refused(void)
{
	struct dsa_messages messages;
	size_t bytes;
	uint8_t *image = good(&bytes);

	for (size_t cut = 0; cut < bytes; cut++)
		CU_ASSERT_NOT_EQUAL(refusal(image, cut, &messages)[0], 0);
	CU_ASSERT_STRING_EQUAL(refusal(image, bytes, &messages), "");
	free(image);
}

/* No byte may do harm; what is taken still comes back as it is. */
static void changed_bytes_do_no_harm(void)
{
	static const uint8_t masks[] = {0x01, 0x80, 0xff};
	struct dsa_messages messages;
	unsigned taken = 0;
	size_t bytes;
	uint8_t *image = good(&bytes);

	for (size_t i = 0; i < bytes; i++)
		for (unsigned m = 0; m < sizeof(masks); m++) {
			image[i] ^= masks[m];
			taken += !refusal(image, bytes, &messages)[0];
			image[i] ^= masks[m];
		}
	CU_ASSERT_TRUE(taken > 0);
	CU_ASSERT_TRUE(taken < 3 * bytes);
	free(image);
}

static Elf64_Shdr *section(uint8_t *image, const char *name)
{
	Elf64_Ehdr *header = (Elf64_Ehdr *)image;
	Elf64_Shdr *sections = (Elf64_Shdr *)(image + header->e_shoff);

	for (unsigned i = 1; i < header->e_shnum; i++)
		if (!strcmp((char *)image + sections[header->e_shstrndx].sh_offset +
				    sections[i].sh_name,
			    name))
			return &sections[i];
	return NULL;
}

enum place { HEADER, SECTION, CONTENT };
static const struct {
	enum place place;
	const char *section;
	size_t offset, size;
	uint64_t value;
	const char *says;
} changes[] = {
	{HEADER, "", offsetof(Elf64_Ehdr, e_machine), 2, EM_X86_64, "another machine"},
	{HEADER, "", offsetof(Elf64_Ehdr, e_flags), 4, 2, "instruction set's version"},
	{HEADER, "", offsetof(Elf64_Ehdr, e_type), 2, ET_EXEC, "no object file"},
	{HEADER, "", EI_CLASS, 1, ELFCLASS32, "64-bit"},
	{HEADER, "", EI_DATA, 1, ELFDATA2MSB, "64-bit little-endian"},
	{HEADER, "", 0, 4, 0, "no ELF file"},
	{HEADER, "", offsetof(Elf64_Ehdr, e_phnum), 2, 1, "program headers"},
	{HEADER, "", offsetof(Elf64_Ehdr, e_shnum), 2, 17, "number of sections"},
	{SECTION, ".text", offsetof(Elf64_Shdr, sh_size), 8, 81, ".text: has a size"},
	{SECTION, ".text", offsetof(Elf64_Shdr, sh_size), 8, 1u << 20, "ends beyond the file"},
	{SECTION, ".text", offsetof(Elf64_Shdr, sh_offset), 8, 16, "overlaps the file's headers"},
	{SECTION, ".data", offsetof(Elf64_Shdr, sh_offset), 8, 64, "overlaps another section"},
	{SECTION, ".data", offsetof(Elf64_Shdr, sh_flags), 8, 0, ".data: has another type"},
	{SECTION, ".data", offsetof(Elf64_Shdr, sh_name), 4, 1, ".text: is there twice"},
	{SECTION, ".data", offsetof(Elf64_Shdr, sh_name), 4, 2, "unknown name"},
	{SECTION, ".roadbed.lines", offsetof(Elf64_Shdr, sh_size), 8, 16, "number of lines"},
	{SECTION, ".note.roadbed", offsetof(Elf64_Shdr, sh_size), 8, 56, "size in bytes"},
	{CONTENT, ".note.roadbed", 8, 4, 2, "another note"},
	{CONTENT, ".note.roadbed", 12, 1, 'r', "another note"},
	{CONTENT, ".note.roadbed", 20, 4, 9, "instruction set's version"},
	{CONTENT, ".note.roadbed", 24, 4, 1, "reserved fields"},
	{CONTENT, ".roadbed.kernels", 0, 4, 1, "first word"},
	{CONTENT, ".roadbed.kernels", 4, 4, 2, "symbol for a kernel"},
	{CONTENT, ".roadbed.kernels", 4, 4, 6, "first word"},
	{CONTENT, ".roadbed.kernels", 36, 4, 0, "first word"},
	{CONTENT, ".roadbed.kernels", 36, 4, 1, "symbol for a kernel"},
	{CONTENT, ".roadbed.kernels", 8, 4, 4097, "bytes of arguments"},
	{CONTENT, ".roadbed.kernels", 8, 4, 8, "word 0: reads beyond the kernel's arguments"},
	{CONTENT, ".roadbed.kernels", 12, 4, 2, "unknown flags"},
	{CONTENT, ".roadbed.kernels", 16, 4, 1, "unknown flags"},
	{CONTENT, ".text", 0, 2, ROAD_DSA_OPS, "word 0: an instruction that is none"},
	{CONTENT, ".text", 16 + 12, 4, 2, "word 1: jumps out of its kernel"},
	{CONTENT, ".text", 16 + 12, 4, (uint32_t)-2, "word 1: jumps out of its kernel"},
	{CONTENT, ".text", 48 + 4, 1, 1, "word 3: a register not used"},
	{CONTENT, ".text", 9, 1, 1, "word 0: reserved bytes"},
	{CONTENT, ".symtab", 24, 4, 4000, "symbol for a kernel"},
	{CONTENT, ".symtab", 24 + 8, 8, 16, "symbol for a kernel"},
	{CONTENT, ".symtab", 24 + 4, 1, ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT), "for a kernel"},
	{CONTENT, ".symtab", 3 * 24 + 16, 8, 4, "symbol for a variable"},
	{CONTENT, ".symtab", 4 * 24 + 8, 8, 10, "symbol for a variable"},
	{CONTENT, ".strtab", 1, 1, '-', "symbol for a kernel"},
};

static void each_field_out_of_place_is_named(void)
{
	for (unsigned i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct dsa_messages messages;
		size_t bytes;
		uint8_t *image = good(&bytes), *at = image;
		const char *says;

		if (changes[i].place == SECTION)
			at = (uint8_t *)section(image, changes[i].section);
		if (changes[i].place == CONTENT)
			at = image + section(image, changes[i].section)->sh_offset;
		memcpy(at + changes[i].offset, &changes[i].value, changes[i].size);
		says = refusal(image, bytes, &messages);
		CU_ASSERT_PTR_NOT_NULL(strstr(says, changes[i].says));
		if (!strstr(says, changes[i].says))
			printf("# row %u says: %s\n", i, says);
		free(image);
	}
}

static const struct tap_case cases[] = {
	{"an image holds what was assembled", it_says_what_was_written},
	{"an image that is cut at any byte is refused by name", cut_anywhere_it_is_refused},
	{"an image with any byte changed does no harm", changed_bytes_do_no_harm},
	{"each field that is wrong is named", each_field_out_of_place_is_named},
};
TAP_MAIN(cases)
