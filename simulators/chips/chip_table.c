/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs at build time, over the same loader as the library: checks every chip file and writes
 *
 *	chip-table identities OUT FILE...	the table for recognising real functions
 *	chip-table embed OUT FILE...		the files themselves as C arrays
 *	chip-table fabrics OUT FILE...		the fabrics of RPUs, for tools/map
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "simulators/chips/chip_internal.h"
#include "simulators/chips/chip_rpu.h"

/* The chip files lie together: those that others are like are found beside them. */
static const char *first_file;

const struct road_chip_builtin *road_chip_builtin_find(const char *name, size_t name_len)
{
	static struct road_chip_builtin found;
	static char bytes[1 << 16], path[4096];
	const char *slash = strrchr(first_file, '/');
	FILE *file;

	snprintf(path, sizeof(path), "%.*s/%.*s.yaml", slash ? (int)(slash - first_file) : 1,
		 slash ? first_file : ".", (int)name_len, name);
	file = fopen(path, "re");
	if (!file)
		return NULL;
	found = (struct road_chip_builtin){
		.name = path, .bytes = bytes, .len = fread(bytes, 1, sizeof(bytes), file)};
	fclose(file);
	return &found;
}

static void write_string(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

static const struct road_chip_value *value_of(const struct road_chip *chip, const char *name)
{
	for (size_t i = 0; i < chip->value_count; i++)
		if (!strcmp(chip->values[i].name, name))
			return &chip->values[i];
	return NULL;
}

/* ", .published = {[ROAD_PUBLISHED_PEAK_F16] = {…}, …}": identity's keys behind "memory". */
static void write_published(FILE *out, const struct road_chip *chip)
{
	bool behind = false;

	fputs(", {", out);
	for (size_t i = 0; i < road_chip_identity_key_count; i++) {
		const struct road_chip_key *key = &road_chip_identity_keys[i];
		const struct road_chip_value *value = behind ? value_of(chip, key->name) : NULL;
		uint64_t number;

		behind |= !strcmp(key->name, "memory");
		if (!value)
			continue;
		memcpy(&number, (const char *)&chip->identity + key->offset, sizeof(number));
		fputs("[ROAD_PUBLISHED_", out);
		for (const char *at = key->name; *at; at++)
			fputc(*at == '_' ? '_' : toupper((unsigned char)*at), out);
		fprintf(out, "] = {UINT64_C(%" PRIu64 "), %u}, ", number,
			value->kind == ROAD_CHIP_ASSUMED);
	}
	fputc('}', out);
}

static void write_identity(FILE *out, const struct road_chip *chip, unsigned device)
{
	const struct road_chip_identity *id = &chip->identity;
	const char *const texts[] = {chip->name, id->vendor, id->product, chip->family->name};

	fputs("\t{", out);
	for (size_t i = 0; i < 4; i++) {
		write_string(out, texts[i]);
		fputs(", ", out);
	}
	fprintf(out, "0x%04x, 0x%04x, 0x%04x", (unsigned)id->pci_vendor, device,
		(unsigned)id->pci_class);
	write_published(out, chip);
	fputs("},\n", out);
}

static int identities(FILE *out, const struct road_chip *chip, const char *path)
{
	const struct road_chip_ids *ids = &chip->identity.pci_devices;

	(void)path;
	if (!ids->count)
		write_identity(out, chip, 0);
	for (uint32_t i = 0; i < ids->count; i++)
		write_identity(out, chip, ids->id[i]);
	return 0;
}

static int embed(FILE *out, const struct road_chip *chip, const char *path)
{
	FILE *in = fopen(path, "re");
	size_t at = 0;
	int c;

	if (!in)
		return -1;
	fputs("\t{", out);
	write_string(out, chip->name);
	fputs(",\n\t \"", out);
	for (; (c = fgetc(in)) != EOF; at++) {
		if (c == '\n')
			fputs("\\n\"\n\t \"", out);
		else if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c < 0x20 || c > 0x7e)
			fprintf(out, "\\%03o", (unsigned)c);
		else
			fputc(c, out);
	}
	const struct road_chip_summary summary = road_chip_summarize(chip);
	const char *const texts[] = {summary.family, summary.vendor, summary.product};

	fprintf(out, "\",\n\t %zu,\n\t {", at);
	for (size_t i = 0; i < 3; i++) {
		write_string(out, texts[i]);
		fputs(", ", out);
	}
	fprintf(out, "0x%04x, 0x%04x, 0x%04x, UINT64_C(%" PRIu64 ")}},\n",
		(unsigned)summary.pci_vendor, (unsigned)summary.pci_device,
		(unsigned)summary.pci_class, summary.memory_bytes);
	int err = ferror(in);

	fclose(in);
	return err;
}

static void write_classes(FILE *out, const char *field, const uint32_t *of)
{
	fprintf(out, ", .%s = {1", field); /* of nop, which no chip file has */
	for (unsigned class = ROAD_RPU_CLASS_ALU; class < ROAD_RPU_CLASSES; class ++)
		fprintf(out, ", %u", of[class]);
	fputc('}', out);
}

static int fabrics(FILE *out, const struct road_chip *chip, const char *path)
{
	const struct road_rpu_params *params = chip->params;

	(void)path;
	if (strcmp(chip->family->name, "rpu"))
		return 0;
	fputs("\t{", out);
	write_string(out, chip->name);
	fprintf(out,
		", {.rows = %u, .columns = %u, .registers = %u, .streams = %u, .banks = %u, "
		".torus = %u, .memory_all = %u, .stepwise = %u",
		params->rows, params->columns, params->registers, params->fabric_streams,
		params->spm_banks, params->torus, params->memory_all, params->stepwise);
	write_classes(out, "latency", params->latency);
	write_classes(out, "interval", params->interval);
	fputs("}},\n", out);
	return 0;
}

struct mode {
	const char *name, *head, *tail;
	int (*row)(FILE *out, const struct road_chip *chip, const char *path);
};

static const struct mode modes[] = {
	{"identities",
	 "#include <roadbed-driver/chip_id.h>\n\n"
	 "const struct road_chip_id road_chip_ids[] = {\n",
	 "};\nconst unsigned road_chip_id_count = sizeof(road_chip_ids) / "
	 "sizeof(road_chip_ids[0]);\n",
	 identities},
	{"embed",
	 "#include \"simulators/chips/chip_internal.h\"\n\n"
	 "const struct road_chip_builtin road_chip_builtins[] = {\n",
	 "\t{NULL, NULL, 0, {NULL, NULL, NULL, 0, 0, 0}},\n};\n", embed},
	{"fabrics",
	 "#include \"tools/map/fabric.h\"\n\n"
	 "const struct map_chip map_chips[] = {\n",
	 "};\nconst unsigned map_chip_count = sizeof(map_chips) / sizeof(map_chips[0]);\n",
	 fabrics},
};

static int write_table(const struct mode *mode, FILE *out, char **files)
{
	struct road_chip_error error;
	struct road_chip *chip;

	fprintf(out, "/* Made from the chip files by chip-table. */\n%s", mode->head);
	for (; *files; files++) {
		if (road_chip_load(*files, &chip, &error)) {
			fprintf(stderr, "%s\n", error.message);
			return -1;
		}
		int err = mode->row(out, chip, *files);

		road_chip_free(chip);
		if (err)
			return -1;
	}
	fputs(mode->tail, out);
	return 0;
}

int main(int argc, char **argv)
{
	const struct mode *mode = NULL;

	for (size_t i = 0; argc > 3 && i < sizeof(modes) / sizeof(modes[0]); i++)
		if (!strcmp(argv[1], modes[i].name))
			mode = &modes[i];
	if (!mode) {
		fprintf(stderr, "usage: chip-table identities|embed|fabrics OUT FILE...\n");
		return 2;
	}
	FILE *out = fopen(argv[2], "we");

	if (!out) {
		perror(argv[2]);
		return 1;
	}
	first_file = argv[3];
	int err = write_table(mode, out, argv + 3);

	if (fclose(out) || err) {
		remove(argv[2]);
		return 1;
	}
	return 0;
}
