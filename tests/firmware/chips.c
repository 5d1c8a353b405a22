/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/firmware/chips.h"

#include "tools/program/program.h"

const struct chip chips[3] = {
	{"gpu-small", "", ROAD_PROGRAM_GPU, {"scheduler"}},
	{"dsa-small", "", ROAD_PROGRAM_DSA, {"control"}},
	{"rpu-small", "", ROAD_PROGRAM_RPU, {"mesh", "tile"}},
};

/* Of this run of the test. */
static uint8_t seed[ROAD_FIRMWARE_SEED_BYTES], key[1][32];

static bool is_tiles(const struct chip *chip, const char *opcode)
{
	return chip->components[1] &&
	       (!strcmp(opcode, "run") || !strcmp(opcode, "gemm") || !strcmp(opcode, "move"));
}

static uint16_t version_of(const struct sim_program_row *row, const struct differs *differs)
{
	for (uint32_t i = 0; i < CHIPS_OPCODES && differs->opcodes[i].name; i++)
		if (!strcmp(differs->opcodes[i].name, row->name))
			return differs->opcodes[i].version;
	return row->version;
}

/* Rows rise within a family; text is none. */
static void fill(struct program *out, const struct chip *chip, uint32_t component,
		 const struct differs *differs)
{
	const struct sim_program_row *row;

	*out = (struct program){.head = {.magic = ROAD_PROGRAM_MAGIC,
					 .version = ROAD_PROGRAM_VERSION,
					 .family = chip->family,
					 .protocol_min = 1,
					 .protocol_max = 1,
					 .level_count = 1,
					 .quantum_ns = component ? 0 : differs->quantum_ns}};
	for (uint32_t i = 0; (row = sim_program_row(i)); i++)
		if (row->family == chip->family && is_tiles(chip, row->name) == (component == 1))
			out->opcodes[out->head.opcode_count++] =
				(struct road_program_opcode){row->opcode, version_of(row, differs)};
	out->levels[0] =
		(struct road_program_level){component || !differs->clock ? 1000 : differs->clock,
					    component ? 0 : differs->power_mw};
	out->head.program_bytes =
		(uint32_t)(sizeof(out->head) + out->head.opcode_count * sizeof(out->opcodes[0]) +
			   sizeof(out->levels[0]));
}

static road_firmware_source image_of(const struct chip *chip, uint32_t component,
				     const struct differs *differs)
{
	static const road_firmware_uuid classes[] = {[ROAD_PROGRAM_GPU] = {ROAD_PROGRAM_CLASS_GPU},
						     [ROAD_PROGRAM_DSA] = {ROAD_PROGRAM_CLASS_DSA},
						     [ROAD_PROGRAM_RPU] = {ROAD_PROGRAM_CLASS_RPU}};
	const road_firmware_sign_options options = {
		.size = sizeof(options),
		.version = {.major = 2},
		.has = ROAD_FIRMWARE_HAS_COUNTER | ROAD_FIRMWARE_HAS_VENDOR |
		       ROAD_FIRMWARE_HAS_CLASS,
		.counter = 2,
		.vendor = {ROAD_PROGRAM_VENDOR},
		.chip_class = classes[chip->family],
		.component = chip->components[component],
	};
	static struct program program;
	road_firmware_source source = {.component = chip->components[component]};
	void *image = NULL, *payload;
	size_t bytes;

	fill(&program, chip, component, differs);
	payload = program_payload(&program, &bytes);
	CU_ASSERT_PTR_NOT_NULL_FATAL(payload);
	CU_ASSERT_EQUAL_FATAL(road_firmware_sign(payload, bytes, seed, &options, &image,
						 &source.byte_count, NULL),
			      ROAD_FIRMWARE_OK);
	free(payload);
	source.bytes = image;
	return source;
}

struct chip_rig chip_open(const struct chip *chip)
{
	struct chip_rig rig = {
		.chip = chip, .instance = open_instance(), .info = {.size = sizeof(rig.info)}};
	char address[256];
	int used;

	if (!key[0][0] && !key[0][1])
		CU_ASSERT_EQUAL_FATAL(road_firmware_key_generate(seed, key[0], NULL),
				      ROAD_FIRMWARE_OK);
	used = snprintf(address, sizeof(address), "sim:%s?%s%srom_key=", chip->name, chip->options,
			chip->options[0] ? "&" : "");
	for (size_t i = 0; i < sizeof(key[0]); i++)
		used += snprintf(address + used, sizeof(address) - (size_t)used, "%02x", key[0][i]);
	road_status status = road_device_open(rig.instance, address, &rig.device);

	if (status)
		tell_error(address);
	CU_ASSERT_EQUAL_FATAL(status, ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_device_info_get(rig.device, &rig.info), ROAD_OK);
	return rig;
}

void chip_close(struct chip_rig *rig)
{
	struct fixture f = {.instance = rig->instance, .device = rig->device};

	teardown(&f);
}

road_status chip_load(struct chip_rig *rig, const struct differs *differs)
{
	road_firmware_source images[2];
	road_firmware_load_options options = {.size = sizeof(options),
					      .key_count = 1,
					      .keys = (const uint8_t(*)[32])key,
					      .images = images};

	for (; options.image_count < 2 && rig->chip->components[options.image_count];
	     options.image_count++)
		images[options.image_count] = image_of(rig->chip, options.image_count, differs);
	road_status status = road_device_firmware_load(rig->device, &options);

	for (uint32_t i = 0; i < options.image_count; i++)
		road_firmware_free((void *)(uintptr_t)images[i].bytes);
	CU_ASSERT_EQUAL_FATAL(road_device_info_get(rig->device, &rig->info), ROAD_OK);
	return status;
}

struct fixture chip_run(struct chip_rig *rig, const struct differs *differs)
{
	struct fixture f = {.instance = rig->instance, .device = rig->device};
	road_status status = chip_load(rig, differs);

	if (status)
		tell_error("load");
	CU_ASSERT_EQUAL_FATAL(status, ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_space_shared(f.device, &f.space), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_queue_create(f.space, NULL, &f.queue), ROAD_OK);
	return f;
}

void chip_stop(struct fixture *f)
{
	road_queue_release(f->queue);
	road_space_release(f->space);
}

road_property chip_property(const struct chip_rig *rig, const char *name)
{
	road_property property = {.size = sizeof(property)};
	road_status status = road_device_property(rig->device, name, &property);

	if (status)
		tell_error(name);
	CU_ASSERT_EQUAL_FATAL(status, ROAD_OK);
	return property;
}

bool says(const char *part)
{
	road_error error = {.size = sizeof(error)};

	if (road_last_error(&error))
		return false;
	if (strstr(error.what, part) || strstr(error.where, part) || strstr(error.seen, part) ||
	    strstr(error.allowed, part))
		return true;
	tell_error(part);
	return false;
}
