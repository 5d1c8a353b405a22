/* SPDX-License-Identifier: Apache-2.0 */
/* What is promised of headers, contracts and the library itself, whichever device there is. */
#include "tests/conformance/groups/abi.h"

#include "tests/conformance/machine.h"

#include "exported.h" /* generated from what headers declare */

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- public headers ---- */

/* Twice, so that the guard is there, with nothing before it. */
static void compile_alone(const char *header, void *user)
{
	const char *const *how = user;
	char text[512], said[300];

	snprintf(text, sizeof(text), "#include <%s>\n#include <%s>\nextern int nothing;\n", header,
		 header);
	if (!machine_compiles(how[0], how[1], text, said, sizeof(said)))
		CASE_FAIL("%s as %s: %s", header, how[1], said);
}

static void each_header(const char *compiler, const char *flags)
{
	const char *how[] = {compiler, flags};
	unsigned count = machine_each_header("roadbed", compile_alone, how);

	CHECK(count >= 10); /* they are here */
	CHECK(machine_each_header("roadbed-driver", compile_alone, how) >= 2);
}

CONFORMANCE_CASE(abi, header_compiles_alone_c11)
{
	(void)f;
	each_header("cc", "-x c -std=c11");
}

CONFORMANCE_CASE(abi, header_cxx_compiles)
{
	(void)f;
	each_header("c++", "-x c++ -std=c++17");
}

/* ---- contracts between drivers and chips ---- */

/* One line of the frozen layout: "uapi/x.h: NAME SIZE", "uapi/x.h: NAME.MEMBER OFFSET". */
static void assert_line(FILE *out, const char *name, unsigned long number)
{
	const char *dot = strchr(name, '.');

	if (dot)
		fprintf(out, "_Static_assert(offsetof(struct %.*s, %s) == %lu, \"%s\");\n",
			(int)(dot - name), name, dot + 1, number, name);
	else
		fprintf(out, "_Static_assert(sizeof(struct %s) == %lu, \"%s\");\n", name, number,
			name);
}

/* The frozen layout as C that a compiler refuses where it is not so; freed by the caller. */
static char *layout_text(unsigned *lines)
{
	char *line = NULL, *text = NULL, header[128], last[128] = "", name[128], path[4200];
	size_t room = 0, bytes = 0;
	unsigned long number;
	FILE *in, *out;

	snprintf(path, sizeof(path), "%s/tests/house/uapi.layout", machine_sources());
	in = fopen(path, "r");
	out = open_memstream(&text, &bytes);
	REQUIRE(in && out);
	fputs("#include <stddef.h>\n", out);
	for (*lines = 0; getline(&line, &room, in) > 0;) {
		if (sscanf(line, "%127[^:#]: %127s %lu", header, name, &number) != 3)
			continue;
		if (strcmp(header, last))
			fprintf(out, "#include \"%s\"\n", header);
		memcpy(last, header, sizeof(last));
		assert_line(out, name, number);
		++*lines;
	}
	free(line);
	fclose(in);
	fclose(out);
	return text;
}

static void layout_holds(const char *width)
{
	char flags[200], said[300];
	unsigned lines;
	char *text = layout_text(&lines);

	snprintf(flags, sizeof(flags), "-x c -std=c11 -ffreestanding %s", width);
	CHECK(lines >= 100);
	if (!machine_compiles("cc", flags, text, said, sizeof(said)))
		CASE_FAIL("%s: %s", width, said);
	free(text);
}

CONFORMANCE_CASE(abi, uapi_offsets_frozen)
{
	(void)f;
	layout_holds("-m64");
}

CONFORMANCE_CASE(abi, uapi_sizes_m32_m64)
{
	(void)f;
	layout_holds("-m64");
	layout_holds("-m32");
}

static void compile_padded(const char *header, void *user)
{
	char text[256], said[300];

	(void)user;
	snprintf(text, sizeof(text), "#include \"%s\"\n", header);
	if (!machine_compiles("cc", "-x c -std=c11 -ffreestanding -Wpadded -Werror=padded", text,
			      said, sizeof(said)))
		CASE_FAIL("%s: %s", header, said);
}

CONFORMANCE_CASE(abi, uapi_no_implicit_padding)
{
	(void)f;
	CHECK(machine_each_contract(compile_padded, NULL) >= 5);
}

/* ---- the library's symbols ---- */

struct image {
	const unsigned char *bytes;
	size_t size;
};

/* The file of the library that runs. */
static void map_library(struct image *out)
{
	struct stat stat;
	Dl_info info;
	int fd;

	REQUIRE(dladdr((void *)(uintptr_t)road_version, &info) && info.dli_fname);
	fd = open(info.dli_fname, O_RDONLY | O_CLOEXEC);
	REQUIRE(fd >= 0);
	REQUIRE(!fstat(fd, &stat));
	out->size = (size_t)stat.st_size;
	out->bytes = mmap(NULL, out->size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	REQUIRE(out->bytes != MAP_FAILED);
}

static const ElfW(Shdr) * section(const struct image *image, unsigned index)
{
	const ElfW(Ehdr) *head = (const void *)image->bytes;
	const ElfW(Shdr) *sections = (const void *)(image->bytes + head->e_shoff);

	return index < head->e_shnum ? &sections[index] : NULL;
}

static bool is_listed(const char *name)
{
	for (unsigned i = 0; i < sizeof(exported) / sizeof(exported[0]); i++)
		if (!strcmp(exported[i].name, name))
			return true;
	return false;
}

/* Every symbol that the library gives out is one of the list. */
static unsigned look_at_symbols(const struct image *image, const ElfW(Shdr) * table)
{
	const ElfW(Sym) *symbols = (const void *)(image->bytes + table->sh_offset);
	const char *names =
		(const char *)(image->bytes + section(image, table->sh_link)->sh_offset);
	unsigned count = 0;

	for (size_t i = 0; i < table->sh_size / sizeof(*symbols); i++) {
		const char *name = names + symbols[i].st_name;

		if (symbols[i].st_shndx == SHN_UNDEF || !*name ||
		    ELF64_ST_BIND(symbols[i].st_info) == STB_LOCAL)
			continue;
		count++;
		if (!is_listed(name) && symbols[i].st_shndx != SHN_ABS)
			CASE_FAIL("%s is exported, and in no header", name);
	}
	return count;
}

CONFORMANCE_CASE(abi, exported_symbols_listed)
{
	const ElfW(Shdr) * at;
	struct image image;
	unsigned seen = 0;

	(void)f;
	map_library(&image);
	for (unsigned i = 0; (at = section(&image, i)); i++)
		if (at->sh_type == SHT_DYNSYM)
			seen += look_at_symbols(&image, at);
	munmap((void *)(uintptr_t)image.bytes, image.size);
	CHECK(seen >= sizeof(exported) / sizeof(exported[0]));
	for (unsigned i = 0; i < sizeof(exported) / sizeof(exported[0]); i++) {
		if (!dlsym(RTLD_DEFAULT, exported[i].name))
			CASE_FAIL("%s is declared, and not exported", exported[i].name);
		if (exported[i].of_programs && !abi_call_listed(exported[i].name))
			CASE_FAIL("%s has no row in groups/abi_calls.c", exported[i].name);
	}
}

/* ---- details of errors ---- */

static void *fail_otherwise(void *user)
{
	road_error e = {.size = sizeof(e)};
	road_device *device = NULL;
	struct fixture *f = user;

	CHECK_STATUS(road_last_error(&e), ROAD_NOT_FOUND); /* a new thread has none */
	CHECK_STATUS(road_device_open(f->instance, "nosuchbus:x", &device), ROAD_NOT_FOUND);
	CHECK_DETAIL("nosuchbus");
	return NULL;
}

CONFORMANCE_CASE(abi, last_error_detail_per_thread)
{
	road_buffer *buffer = fixture_buffer(f, 64), *view = NULL;
	road_error before = {.size = sizeof(before)}, after = before;
	pthread_t thread;

	CHECK_STATUS(road_buffer_view(buffer, 100, 8, &view), ROAD_INVALID_ARGUMENT);
	CHECK_OK(road_last_error(&before));
	CHECK_EQ((uint64_t)-before.status, (uint64_t)-ROAD_INVALID_ARGUMENT);
	CHECK_DETAIL("road_buffer_view");
	CHECK_DETAIL("100");
	CHECK(before.what[0] && before.where[0] && before.allowed[0]);
	REQUIRE(!pthread_create(&thread, NULL, fail_otherwise, f));
	pthread_join(thread, NULL);
	CHECK_OK(road_last_error(&after));
	CHECK_SAME(&before, &after, sizeof(before));
	CHECK_OK(road_buffer_view(buffer, 32, 8, &view)); /* success leaves it */
	road_buffer_release(view);
	CHECK_OK(road_last_error(&after));
	CHECK_SAME(&before, &after, sizeof(before));
}
