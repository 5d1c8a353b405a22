/* SPDX-License-Identifier: Apache-2.0 */
/* Commands as packets and arguments, by their bytes; texts of images that are taken or refused. */
#include <stdlib.h>
#include <string.h>

#include "drivers/almaif/almaif.h"
#include "tests/support/tap.h"
#include "tests/unit/drivers/fake_bus.h"

#define WINDOW UINT64_C(0x7f0000000000) /* device addresses of the program */

enum { SLOTS = 5, ARGUMENTS = 256 };

struct rig {
	struct fake_bus fake;
	struct almaif_places places;
	struct road_ring *ring;
	struct road_ring_encoder encoder;
	struct almaif_dispatch packet;
	unsigned char slots[SLOTS * 64];
	uint64_t arguments[ARGUMENTS / 8];
	uint32_t words[SLOTS * 8];
};

static void doorbell(void *user, uint64_t tail)
{
	(void)user;
	(void)tail;
}

static void setup(struct rig *rig)
{
	static const struct road_ring_ops ops = {.encode = almaif_encode, .doorbell = doorbell};

	memset(rig, 0, sizeof(*rig));
	rig->places = (struct almaif_places){.window = WINDOW,
					     .start = UINT64_C(1) << 48,
					     .bytes = 0x10000,
					     .metas = UINT64_C(0x1000000020000)};
	const struct road_ring_geometry geometry = {.packet_bytes = 64,
						    .packets = SLOTS,
						    .packets_per_command = 1,
						    .argument_bytes = ARGUMENTS,
						    .argument_align = 8,
						    .header_bytes = 2,
						    .header_empty = ALMAIF_INVALID,
						    .packets_host = rig->slots,
						    .packets_device = 64,
						    .arguments_host = rig->arguments,
						    .arguments_device = UINT64_C(0x1000000011000),
						    .status_host = rig->words,
						    .status_stride = 32,
						    .status_ok = ALMAIF_OK};

	fake_bus_init(&rig->fake);
	CU_ASSERT_EQUAL_FATAL(road_ring_create(&rig->fake.bus, &geometry, &ops, &rig->places, 4,
					       NULL, &rig->ring),
			      ROAD_OK);
	rig->encoder = (struct road_ring_encoder){.ring = rig->ring,
						  .packets = &rig->packet,
						  .packet_room = 1,
						  .slot = 3,
						  .user = &rig->places};
}

/* The packet, all 64 bytes, and `count` words of arguments. */
static void check(const struct road_cmd *command, const unsigned char *golden,
		  const uint64_t *arguments, size_t count)
{
	struct rig rig;

	setup(&rig);
	CU_ASSERT_EQUAL(almaif_encode(&rig.encoder, command), 1);
	CU_ASSERT_EQUAL(memcmp(&rig.packet, golden, sizeof(rig.packet)), 0);
	CU_ASSERT_EQUAL(memcmp(rig.arguments, arguments, count * 8), 0);
	CU_ASSERT_EQUAL(rig.arguments[count], 0);
	CU_ASSERT_EQUAL(rig.encoder.resume, 0);
	road_ring_destroy(rig.ring);
	CU_ASSERT_EQUAL(fake_bus_live(&rig.fake), 0);
}

/* One work-item of a built-in kernel; the word of completion of slot 3. */
#define ONE_ITEM(kernel_byte0, kernel_byte2)                                                       \
	4, 0, 3, 0, 1, 0, 1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0,  \
		0, 0, (kernel_byte0), 0, (kernel_byte2), 0, 0, 0, 0, 0, 0, 0x10, 0x01, 0, 0, 0, 1, \
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0x60, 0, 0x02, 0, 0, 0, 1, 0

static void test_copy(void)
{
	const struct road_cmd copy = {.kind = ROAD_COMMAND_COPY,
				      .copy = {.dst = {.address = WINDOW + 0x100},
					       .src = {.address = 0x5000, .bus = true},
					       .bytes = 7,
					       .rows = 3,
					       .slices = 2,
					       .dst_row_pitch = 16,
					       .dst_slice_pitch = 64,
					       .src_row_pitch = 8,
					       .src_slice_pitch = 32}};

	check(&copy, (const unsigned char[64]){ONE_ITEM(0, 1)},
	      (const uint64_t[]){UINT64_C(0x1000000000100), 0x5000, 7, 3, 2, 16, 64, 8, 32}, 9);
}

static void test_fill_and_words(void)
{
	const struct road_cmd fill = {.kind = ROAD_COMMAND_FILL,
				      .fill = {.dst = {.address = WINDOW + 8},
					       .bytes = 12,
					       .pattern = 0xabcd,
					       .pattern_bytes = 2}};
	const struct road_cmd word = {
		.kind = ROAD_COMMAND_WRITE_VALUE,
		.word = {.at = {.address = WINDOW + 16}, .value = 9, .bytes = 4}};
	const struct road_cmd stamp = {.kind = ROAD_COMMAND_TIMESTAMP,
				       .word = {.at = {.address = WINDOW}, .bytes = 8}};
	const struct road_cmd barrier = {.kind = ROAD_COMMAND_BARRIER};
	struct rig rig;

	check(&fill, (const unsigned char[64]){ONE_ITEM(1, 1)},
	      (const uint64_t[]){UINT64_C(0x1000000000008), 12, 0xabcd, 2}, 4);
	check(&word, (const unsigned char[64]){ONE_ITEM(1, 1)},
	      (const uint64_t[]){UINT64_C(0x1000000000010), 4, 9, 4}, 4);
	check(&stamp, (const unsigned char[64]){ONE_ITEM(2, 1)},
	      (const uint64_t[]){UINT64_C(0x1000000000000)}, 1);
	setup(&rig);
	CU_ASSERT_EQUAL(almaif_encode(&rig.encoder, &barrier), 0);
	road_ring_destroy(rig.ring);
}

static road_status load(const char *text, size_t bytes, struct road_drv_image *image)
{
	const struct road_image_options options = {.size = sizeof(options)};

	return almaif_image_ops.load(image, text, bytes, &options);
}

/* A number that is no address of the program's memory is sent nowhere, not to the host's. */
static void test_launch(void)
{
	static const char text[] = "almaif-kernels 1\n# a comment\n\nscale.i8 0x10203 ava\nend\n";
	const uint64_t arguments[] = {WINDOW + 0xffff, 0x5000, 0x5000};
	struct road_drv_image image = {0};
	struct road_drv_kernel kernel = {.image = &image};
	struct road_cmd launch = {.kind = ROAD_COMMAND_LAUNCH,
				  .launch = {.kernel = &kernel,
					     .grid = {3, 2, 1},
					     .block = {0x102, 1, 4},
					     .arguments = arguments,
					     .argument_bytes = sizeof(arguments)}};

	CU_ASSERT_EQUAL_FATAL(load(text, strlen(text), &image), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(almaif_image_ops.kernel(&kernel, "scale.i8"), ROAD_OK);
	CU_ASSERT_EQUAL(kernel.info.argument_bytes, 24);
	CU_ASSERT_EQUAL(almaif_image_ops.check_launch(&launch.launch), ROAD_OK);
	check(&launch,
	      (const unsigned char[64]){4, 0, 3, 0, 2, 1, 1, 0, 4,    0,    0, 0, 6, 3, 0, 0,
					2, 0, 0, 0, 4, 0, 0, 0, 0,    0,    0, 0, 0, 0, 0, 0,
					3, 2, 1, 0, 0, 0, 0, 0, 0,    0x10, 1, 0, 0, 0, 1, 0,
					0, 0, 0, 0, 0, 0, 0, 0, 0x60, 0,    2, 0, 0, 0, 1, 0},
	      (const uint64_t[]){UINT64_C(0x100000000ffff), 0x5000, UINT64_MAX}, 3);
	launch.launch.block.y = 0x10000;
	CU_ASSERT_EQUAL(almaif_image_ops.check_launch(&launch.launch), ROAD_INVALID_ARGUMENT);
	launch.launch.block.y = 1;
	launch.launch.grid.x = 0x10000000;
	CU_ASSERT_EQUAL(almaif_image_ops.check_launch(&launch.launch), ROAD_INVALID_ARGUMENT);
	almaif_image_ops.unload(&image);
}

static void test_images_refused(void)
{
	static const char good[] = "almaif-kernels 1\nk 0 -\nend\n";
	static const char *const bad[] = {
		"",
		"almaif-kernels 2\nend\n",
		"almaif-kernels 1\nk 0\nend\n",
		"almaif-kernels 1\nk 0 - -\nend\n",
		"almaif-kernels 1\nk/ 0 -\nend\n",
		"almaif-kernels 1\nk -1 -\nend\n",
		"almaif-kernels 1\nk 1x -\nend\n",
		"almaif-kernels 1\nk 0 b\nend\n",
		"almaif-kernels 1\nk 0 aaaaaaaaaaaaaaaaa\nend\n",
		"almaif-kernels 1\nk 0 -\nk 1 -\nend\n",
		"almaif-kernels 1\nk 0 -\nend\n\n",
	};
	struct road_drv_image image = {0};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CU_ASSERT_EQUAL(load(bad[i], strlen(bad[i]), &image), ROAD_IMAGE_INVALID);
	for (size_t bytes = 0; bytes < strlen(good); bytes++) {
		char *cut = malloc(bytes ? bytes : 1); /* of this size alone */

		CU_ASSERT_PTR_NOT_NULL_FATAL(cut);
		memcpy(cut, good, bytes);
		CU_ASSERT_EQUAL(load(cut, bytes, &image), ROAD_IMAGE_INVALID);
		free(cut);
	}
	CU_ASSERT_EQUAL(load("almaif-kernels 1\nk\0 0 -\nend\n", 28, &image), ROAD_IMAGE_INVALID);
	CU_ASSERT_EQUAL_FATAL(load(good, strlen(good), &image), ROAD_OK);
	almaif_image_ops.unload(&image);
}

static const struct tap_case cases[] = {
	{"a copy is one packet with the whole box", test_copy},
	{"fills, words and times are packets of one item", test_fill_and_words},
	{"a launch has its addresses translated, and only those", test_launch},
	{"images that are cut short or malformed are refused", test_images_refused},
};

TAP_MAIN(cases)
