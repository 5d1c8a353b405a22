/* SPDX-License-Identifier: Apache-2.0 */
#include "examples/dsa/output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/dsa/elf_image.h"
#include "tools/dsa/syntax.h"

const struct output_type output_floats[3] = {{"f32", ROAD_DSA_TYPE_F32, 2},
					     {"f16", ROAD_DSA_TYPE_F16, 1},
					     {"bf16", ROAD_DSA_TYPE_BF16, 1}};

static int write_file(const char *path, const void *image, size_t bytes)
{
	FILE *file = fopen(path, "wb");
	bool done = file && fwrite(image, 1, bytes, file) == bytes;

	if (file && fclose(file))
		done = false;
	if (!done)
		fprintf(stderr, "%s: cannot be written\n", path);
	return done ? 0 : 1;
}

static int parse_pads(const char *text, uint32_t *pads)
{
	while (*text) {
		size_t name = strcspn(text, "=");
		int pad = dsa_name_find(dsa_syntax_pads, ROAD_DSA_PADS, text, name);
		char *end = NULL;

		if (pad < 0 || text[name] != '=')
			return -1;
		pads[pad] = (uint32_t)strtoul(text + name + 1, &end, 0);
		if (*end && *end != ',')
			return -1;
		text = end + (*end == ',');
	}
	return 0;
}

int output_main(int argc, char **argv, const char *(*build)(struct dsa_program *program))
{
	struct dsa_messages messages = {0};
	struct dsa_program program = {0};
	const char *wrong;
	size_t bytes = 0;
	void *image = NULL;
	int result = 1;

	if (argc < 2 || argc > 3 || (argc == 3 && parse_pads(argv[2], program.pads))) {
		fprintf(stderr, "usage: %s IMAGE [L0A=BYTES,L0B=,L0C=,L1=,UB=,BT=]\n", argv[0]);
		return 2;
	}
	wrong = build(&program);
	if (!wrong && dsa_elf_write(&program, &image, &bytes, &messages))
		wrong = messages.list[0].what;
	if (wrong)
		fprintf(stderr, "%s: %s\n", argv[0], wrong);
	else
		result = write_file(argv[1], image, bytes);
	free(image);
	dsa_program_free(&program);
	return result;
}
