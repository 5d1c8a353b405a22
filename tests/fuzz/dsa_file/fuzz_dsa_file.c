/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a file for the DSA's driver: refused with a reason, leaving nothing, or a code block
 * whose parts are as long as its header says and whose names lie within their data.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "drivers/dsa/dsa.h"
#include "tests/fuzz/reader.h"

/* The core's, as far as the reader calls it: the last reason. */
static char reason[256];

road_status road_drv_error(road_status status, const char *what, const char *where,
			   const char *seen, const char *allowed)
{
	(void)seen;
	(void)allowed;
	snprintf(reason, sizeof(reason), "%s: %s", where, what);
	return status;
}

road_status road_drv_errorf(road_status status, const char *where, const char *format, ...)
{
	va_list args;

	(void)where;
	va_start(args, format);
	vsnprintf(reason, sizeof(reason), format, args);
	va_end(args);
	return status;
}

static void must(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

static void check_code(const struct dsa_file *file)
{
	struct road_dsa_code code;

	must(file->code_bytes >= sizeof(code), "no header");
	memcpy(&code, file->code, sizeof(code));
	must(code.magic == ROAD_DSA_CODE_MAGIC && code.total_bytes == file->code_bytes, "header");
	must(code.kernel_count == file->kernel_count, "another number of kernels");
	must(!code.line_count || code.line_count == code.word_count, "lines");
	must(file->code_bytes ==
		     sizeof(code) + (uint64_t)code.kernel_count * sizeof(struct road_dsa_kernel) +
			     (uint64_t)code.word_count * sizeof(struct road_dsa_word) +
			     (uint64_t)code.line_count * sizeof(uint32_t),
	     "bytes that nothing counts");
}

static void check_names(const struct dsa_file *file)
{
	for (uint32_t i = 0; i < file->kernel_count; i++) {
		const struct road_dsa_kernel *kernel = dsa_file_kernel(file, i);

		must(file->kernels[i].name && file->kernels[i].name[0], "a kernel without a name");
		must(kernel->argument_bytes <= ROAD_DSA_ARGUMENTS_MAX &&
			     kernel->argument_bytes % 8 == 0,
		     "arguments that no launch can give");
	}
	for (uint32_t i = 0; i < file->object_count; i++) {
		const struct dsa_symbol *object = &file->objects[i];

		must(object->name && object->name[0], "a variable without a name");
		must(object->offset <= file->data_bytes &&
			     object->bytes <= file->data_bytes - object->offset,
		     "a variable beyond the data");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct dsa_params params = {
		.isa = ROAD_DSA_ISA_VERSION,
		.pad_bytes = {65536, 65536, 262144, 1048576, 262144, 4096}};
	struct dsa_file file;

	reason[0] = 0;
	if (dsa_file_read(&params, data, size, &file)) {
		must(reason[0], "no reason");
		must(!file.code && !file.data && !file.kernels && !file.objects, "something left");
		return 0;
	}
	check_code(&file);
	check_names(&file);
	dsa_file_free(&file);
	return 0;
}
