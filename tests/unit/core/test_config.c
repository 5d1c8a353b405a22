/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration images: checked, known by their hash, brought to the chip when they are needed. */
#include "tests/unit/core/fake/fixture.h"

static void hex_of(const uint8_t hash[32], char out[65])
{
	for (int i = 0; i < 32; i++)
		snprintf(out + 2 * i, 3, "%02x", hash[i]);
}

static void check_hash(struct fake *k, const void *bytes, size_t count, const char *expected)
{
	road_config_info info = {.size = sizeof(info)};
	road_config *config = NULL;
	char hex[65];

	CU_ASSERT_EQUAL_FATAL(road_config_create(k->f.device, bytes, count, &config), ROAD_OK);
	CU_ASSERT_EQUAL(road_config_info_get(config, &info), ROAD_OK);
	hex_of(info.hash, hex);
	CU_ASSERT_STRING_EQUAL(hex, expected);
	uint64_t id = 0;

	for (int i = 7; i >= 0; i--)
		id = id << 8 | info.hash[i];
	CU_ASSERT_EQUAL(info.id, id);
	CU_ASSERT_EQUAL(info.bytes, count);
	road_config_release(config);
}

/* FIPS 180-4's examples, and one length on each side of each boundary of the padding (from
 * coreutils' sha256sum). */
static void the_hash_is_the_published_one(void)
{
	struct fake k = fake_setup(FAKE_FEATURES);
	char a[200];

	memset(a, 'a', sizeof(a));
	check_hash(&k, "abc", 3,
		   "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	check_hash(&k, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56,
		   "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	check_hash(&k,
		   "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmno"
		   "pqklmnopqrlmnopqrsmnopqrstnopqrstu",
		   112, "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
	check_hash(&k, a, 55, "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318");
	check_hash(&k, a, 56, "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a");
	check_hash(&k, a, 63, "7d3e74a05d7db15bce4ad9ec0658ea98e3f06eeecf16b4c6fff2da457ddc2f34");
	check_hash(&k, a, 64, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb");
	check_hash(&k, a, 128, "6836cf13bac400e9105071cd6af47084dfacad4e5e302c94bfed24e013afb73e");
	fake_teardown(&k);
}

static void the_same_bytes_are_one_object(void)
{
	struct fake k = fake_setup(FAKE_FEATURES);
	road_config_info info = {.size = sizeof(info)};
	road_config *a = config_of(&k, "image a"), *same = config_of(&k, "image a"),
		    *other = config_of(&k, "image b"), *attached = NULL;
	uint8_t unknown[32] = {1};

	CU_ASSERT_PTR_EQUAL(a, same);
	CU_ASSERT_PTR_NOT_EQUAL(a, other);
	CU_ASSERT_EQUAL(road_config_info_get(a, &info), ROAD_OK);
	CU_ASSERT_EQUAL(road_config_attach(k.f.device, info.hash, &attached), ROAD_OK);
	CU_ASSERT_PTR_EQUAL(a, attached);
	CU_ASSERT_EQUAL(road_config_attach(k.f.device, unknown, &attached), ROAD_NOT_FOUND);
	road_config_release(a);
	road_config_release(same);
	CU_ASSERT_EQUAL(road_config_info_get(a, &info), ROAD_OK); /* one reference is left */
	CU_ASSERT_EQUAL(road_config_retain(a), ROAD_OK);
	road_config_release(a);
	CU_ASSERT_EQUAL(road_config_info_get(a, &info), ROAD_OK);
	road_config_release(attached);
	CU_ASSERT_EQUAL(road_config_attach(k.f.device, info.hash, &attached), ROAD_NOT_FOUND);
	road_config_release(other);
	fake_teardown(&k);
}

static void relocated_fields_are_not_hashed(void)
{
	struct fake k = fake_setup(FAKE_FEATURES);
	road_config *a = config_of(&k, "R1 image"), *b = config_of(&k, "R2 image");

	CU_ASSERT_PTR_EQUAL(a, b);
	road_config_release(a);
	road_config_release(b);
	fake_teardown(&k);
}

static void what_is_no_image_is_refused(void)
{
	struct fake k = fake_setup(FAKE_FEATURES);
	static char big[FAKE_SLOT_BYTES + 1] = "big";
	road_config *config = NULL;
	const struct {
		const char *bytes;
		size_t count;
		road_status status;
		const char *says;
	} rows[] = {
		{"!", 1, ROAD_IMAGE_INVALID, "begin"},
		{"", 0, ROAD_INVALID_ARGUMENT, "empty"},
		{"F", 1, ROAD_IMAGE_INCOMPATIBLE, "fabric"},
		{"U\x09", 2, ROAD_IMAGE_INCOMPATIBLE, "units"},
		{big, FAKE_SLOT_BYTES + 1, ROAD_IMAGE_INCOMPATIBLE, "4097"},
		{big, FAKE_SLOT_BYTES, ROAD_OK, ""},
		{"U\x08", 2, ROAD_OK, ""},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		config = NULL;
		CU_ASSERT_EQUAL(
			road_config_create(k.f.device, rows[i].bytes, rows[i].count, &config),
			rows[i].status);
		if (rows[i].status) {
			CU_ASSERT_PTR_NULL(config);
			CU_ASSERT(error_says(rows[i].says));
		}
		road_config_release(config);
	}
	fake_teardown(&k);
}

/* The program's bytes may change the moment the call returned; and they are looked at once. */
static void the_bytes_are_the_cores_own(void)
{
	struct fake k = fake_setup(FAKE_FEATURES);
	char bytes[] = "image of mine";
	unsigned char back[64] = {0};
	road_buffer *buffer = buffer_of(&k.f, ROAD_HEAP_HOST, 64);
	road_config *config = config_of(&k, bytes);
	road_reconfiguration read = command(ROAD_RECONFIGURE_READ_BACK, config, NULL);
	road_point point;

	memset(bytes, 'x', sizeof(bytes));
	CU_ASSERT_EQUAL(reconfigure(k.f.queue, ROAD_RECONFIGURE_LOAD, config, NULL), ROAD_OK);
	read.buffer = buffer;
	read.buffer_bytes = 64;
	CU_ASSERT_EQUAL(road_queue_reconfigure(k.f.queue, &read, &point), ROAD_OK);
	CU_ASSERT_EQUAL(road_point_wait(point, soon()), ROAD_OK);
	memcpy(back, mapped(buffer), sizeof(back));
	CU_ASSERT_EQUAL(memcmp(back, "image of mine", 13), 0);
	CU_ASSERT_EQUAL(k.door->checks, 1);
	road_buffer_release(buffer);
	road_config_release(config);
	fake_teardown(&k);
}

static void patches_make_another_image(void)
{
	struct fake k = fake_setup(FAKE_FEATURES);
	road_config *a = config_of(&k, "image a"), *b = config_of(&k, "imagine"), *made = NULL;
	road_patch p[65] = {{.kind = ROAD_PATCH_WORD, .index = 4, .value = 'i'},
			    {.kind = ROAD_PATCH_CONSTANT, .index = 5, .value = 'n'},
			    {.kind = ROAD_PATCH_STREAM, .index = 6, .field = 3, .value = 'e'}};

	CU_ASSERT_EQUAL(road_config_patch(a, p, 3, &made), ROAD_OK);
	CU_ASSERT_PTR_EQUAL(made, b); /* "imagine": the same bytes */
	road_config_release(made);
	CU_ASSERT_EQUAL(road_config_patch(a, p, 0, &made), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_config_patch(a, p, 65, &made), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_config_patch(a, NULL, 1, &made), ROAD_INVALID_ARGUMENT);
	p[1].kind = ROAD_PATCH_WORD + 1;
	CU_ASSERT_EQUAL(road_config_patch(a, p, 3, &made), ROAD_INVALID_ARGUMENT);
	CU_ASSERT(error_says("patches[1]"));
	p[1].kind = ROAD_PATCH_WORD;
	p[1].field = 1;
	CU_ASSERT_EQUAL(road_config_patch(a, p, 3, &made), ROAD_INVALID_ARGUMENT);
	p[1].field = 0;
	p[2].reserved = 1;
	CU_ASSERT_EQUAL(road_config_patch(a, p, 3, &made), ROAD_INVALID_ARGUMENT);
	CU_ASSERT(error_says("patches[2]"));
	p[2].reserved = 0;
	p[2].index = 7; /* the driver knows that */
	CU_ASSERT_EQUAL(road_config_patch(a, p, 3, &made), ROAD_INVALID_ARGUMENT);
	CU_ASSERT(error_says("patch 2"));
	road_config_release(a);
	road_config_release(b);
	fake_teardown(&k);
}

static void a_region_says_whether_it_takes_an_image(void)
{
	struct fake k = fake_setup(FAKE_FEATURES);
	road_config *small = config_of(&k, "U\x02"), *large = config_of(&k, "U\x05");
	const road_region_part parts[] = {{.units = 4}, {.first_unit = 4, .units = 4}};
	road_region *child = NULL;

	road_queue_release(k.f.queue);
	CU_ASSERT_EQUAL(road_config_check(large, k.root), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_layout_apply(k.root, parts, 2), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_region_child(k.root, 1, &child), ROAD_OK);
	CU_ASSERT_EQUAL(road_config_check(small, child), ROAD_OK);
	CU_ASSERT_EQUAL(road_config_check(large, child), ROAD_IMAGE_INCOMPATIBLE);
	CU_ASSERT_EQUAL(road_layout_revert(k.root), ROAD_OK);
	CU_ASSERT_EQUAL(road_config_check(small, child), ROAD_STALE);
	road_region_release(child);
	road_config_release(small);
	road_config_release(large);
	CU_ASSERT_EQUAL_FATAL(road_queue_create(k.f.space, NULL, &k.f.queue), ROAD_OK);
	fake_teardown(&k);
}

/* Opened at its first use and after a reset; closed with its last user, a list among them. */
static void an_image_is_open_while_it_is_used(void)
{
	struct fake k = fake_setup(FAKE_FEATURES);
	road_config *config = config_of(&k, "image");
	road_reconfiguration load = command(ROAD_RECONFIGURE_LOAD, config, NULL);
	road_submission s = {.size = sizeof(s)};
	road_point point;

	CU_ASSERT_EQUAL_FATAL(road_list_create(k.f.space, 0, &s.list), ROAD_OK);
	CU_ASSERT_EQUAL(road_list_reconfigure(s.list, &load), ROAD_OK);
	CU_ASSERT_EQUAL(road_list_close(s.list), ROAD_OK);
	CU_ASSERT_EQUAL(k.door->opens, 0);
	for (int i = 0; i < 3; i++) {
		CU_ASSERT_EQUAL_FATAL(road_queue_submit(k.f.queue, &s, &point), ROAD_OK);
		CU_ASSERT_EQUAL(road_point_wait(point, soon()), ROAD_OK);
	}
	CU_ASSERT_EQUAL(k.door->opens, 1);
	CU_ASSERT_EQUAL(road_device_reset(k.f.device, ROAD_RESET_DEVICE), ROAD_OK);
	CU_ASSERT_EQUAL(road_queue_reset(k.f.queue), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_queue_submit(k.f.queue, &s, &point), ROAD_OK);
	CU_ASSERT_EQUAL(road_point_wait(point, soon()), ROAD_OK);
	CU_ASSERT_EQUAL(k.door->opens, 2);
	CU_ASSERT_EQUAL(k.door->open_now, 1);
	road_config_release(config);
	CU_ASSERT_EQUAL(k.door->open_now, 1); /* the list has it */
	road_list_release(s.list);
	CU_ASSERT_EQUAL(k.door->open_now, 0);
	fake_teardown(&k);
}

static void what_cannot_be_opened_is_not_submitted(void)
{
	struct fake k = fake_setup(FAKE_FEATURES);
	road_config *config = config_of(&k, "image");
	road_reconfigure_result result;

	k.door->open_fails = ROAD_OUT_OF_DEVICE_MEMORY;
	CU_ASSERT_EQUAL(reconfigure(k.f.queue, ROAD_RECONFIGURE_LOAD, config, &result),
			ROAD_OUT_OF_DEVICE_MEMORY);
	CU_ASSERT_EQUAL(result.status, 77);
	/* But a hint never fails. */
	CU_ASSERT_EQUAL(reconfigure(k.f.queue, ROAD_RECONFIGURE_PREFETCH, config, &result),
			ROAD_OK);
	CU_ASSERT_EQUAL(result.status, ROAD_OUT_OF_DEVICE_MEMORY);
	CU_ASSERT_STRING_EQUAL(k.door->log, "b");
	k.door->open_fails = ROAD_OK;
	CU_ASSERT_EQUAL(reconfigure(k.f.queue, ROAD_RECONFIGURE_PREFETCH, config, &result),
			ROAD_OK);
	CU_ASSERT_EQUAL(result.status, ROAD_OK);
	CU_ASSERT_STRING_EQUAL(k.door->log, "bB");
	road_config_release(config);
	fake_teardown(&k);
}

static void a_kernel_is_a_configuration(void)
{
	struct fake k = fake_setup(FAKE_FEATURES);
	road_image *image = NULL, *plain = NULL;
	road_kernel *kernel = NULL, *no_config = NULL;
	road_config *config = NULL, *same = config_of(&k, "kernel's image");

	CU_ASSERT_EQUAL_FATAL(road_image_load(k.f.space, "kernel's image", 14, NULL, &image),
			      ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_image_load(k.f.space, "-plain", 6, NULL, &plain), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_image_kernel(image, "k", &kernel), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_image_kernel(plain, "k", &no_config), ROAD_OK);
	CU_ASSERT_EQUAL(road_kernel_config(kernel, &config), ROAD_OK);
	CU_ASSERT_PTR_EQUAL(config, same);
	road_config_release(config);
	CU_ASSERT_EQUAL(road_kernel_config(no_config, &config), ROAD_NOT_FOUND);
	road_config_release(same);
	road_kernel_release(kernel);
	road_kernel_release(no_config);
	road_image_release(image);
	road_image_release(plain);
	fake_teardown(&k);
}

static const struct tap_case cases[] = {
	{"the hash is the published one", the_hash_is_the_published_one},
	{"the same bytes are one object, found by its hash", the_same_bytes_are_one_object},
	{"relocated fields are not hashed", relocated_fields_are_not_hashed},
	{"what is no image is refused, and why", what_is_no_image_is_refused},
	{"the bytes are the core's own", the_bytes_are_the_cores_own},
	{"patches make another image", patches_make_another_image},
	{"a region says whether it takes an image", a_region_says_whether_it_takes_an_image},
	{"an image is open while it is used", an_image_is_open_while_it_is_used},
	{"what cannot be opened is not submitted, but a hint",
	 what_cannot_be_opened_is_not_submitted},
	{"a kernel is a configuration", a_kernel_is_a_configuration},
};
TAP_MAIN(cases)
