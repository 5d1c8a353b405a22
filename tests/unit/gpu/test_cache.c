/* SPDX-License-Identifier: Apache-2.0 */
/* The driver with a cache: when it compiles, when not, and that nobody sees the difference. Linked
 * with --wrap=road_ptx_compile,road_cache_key_make. */
#include "hal/cache/cache.h"
#include "tests/unit/cache/folder.h"
#include "tests/unit/gpu/driver_rig.h"

static uint32_t compiled; /* how often */
static struct road_cache_key last_key;

int __real_road_ptx_compile(const char *text, size_t bytes, const struct road_ptx_options *options,
			    void **image, size_t *image_bytes, struct road_ptx_error *error);
int __wrap_road_ptx_compile(const char *text, size_t bytes, const struct road_ptx_options *options,
			    void **image, size_t *image_bytes, struct road_ptx_error *error);
void __real_road_cache_key_make(const struct road_cache *cache, const struct road_cache_part *parts,
				uint32_t count, struct road_cache_key *out);
void __wrap_road_cache_key_make(const struct road_cache *cache, const struct road_cache_part *parts,
				uint32_t count, struct road_cache_key *out);

int __wrap_road_ptx_compile(const char *text, size_t bytes, const struct road_ptx_options *options,
			    void **image, size_t *image_bytes, struct road_ptx_error *error)
{
	compiled++;
	return __real_road_ptx_compile(text, bytes, options, image, image_bytes, error);
}

void __wrap_road_cache_key_make(const struct road_cache *cache, const struct road_cache_part *parts,
				uint32_t count, struct road_cache_key *out)
{
	__real_road_cache_key_make(cache, parts, count, out);
	last_key = *out;
}

/* A rig whose device has this cache. */
static void open_with(struct rig *rig, struct road_cache *cache)
{
	rig_open(rig);
	rig->dev.cache = cache;
}

static struct road_drv_image load(struct rig *rig, const char *text,
				  const struct road_image_options *options)
{
	struct road_drv_image image = {.space = &rig->space};

	CU_ASSERT_EQUAL_FATAL(DRIVER->image->load(&image, text, strlen(text), options), ROAD_OK);
	return image;
}

static void load_and_unload(struct rig *rig, const char *text,
			    const struct road_image_options *options)
{
	struct road_drv_image image = load(rig, text, options);

	DRIVER->image->unload(&image);
}

static const char *blob_of(const struct road_drv_image *image)
{
	return ((const struct gpu_image *)image->data)->blob;
}

static uint64_t address_of(struct road_drv_image *image, const char *name)
{
	uint64_t address = 0, bytes;

	CU_ASSERT_EQUAL(DRIVER->image->symbol(image, name, &address, &bytes), ROAD_OK);
	return address;
}

/* Two images share what was compiled, and each has its own data at its own address. */
static void test_shared(void)
{
	struct road_cache *cache = road_cache_create(NULL, NULL);
	struct rig rig;

	open_with(&rig, cache);
	compiled = 0;
	struct road_drv_image images[] = {load(&rig, rig_ptx, NULL), load(&rig, rig_ptx, NULL)};

	CU_ASSERT_EQUAL(compiled, 1);
	CU_ASSERT_PTR_EQUAL(blob_of(&images[0]), blob_of(&images[1]));
	CU_ASSERT_NOT_EQUAL(address_of(&images[0], "table"), address_of(&images[1], "table"));
	for (int i = 0; i < 2; i++) {
		uint64_t word, table = address_of(&images[i], "table");

		memcpy(&word, rig_at(&rig, address_of(&images[i], "pointer"), 8), 8);
		CU_ASSERT_EQUAL(word, table);
	}
	size_t bytes = 0;
	void *fresh = NULL; /* what is shared has nobody's addresses */

	CU_ASSERT_EQUAL(road_ptx_compile(rig_ptx, strlen(rig_ptx), NULL, &fresh, &bytes, NULL), 0);
	CU_ASSERT_EQUAL(memcmp(fresh, blob_of(&images[0]), bytes), 0);
	free(fresh);
	compiled = 1;
	DRIVER->image->unload(&images[0]);
	CU_ASSERT_STRING_EQUAL(DRIVER->image->kernel_name(&images[1], 0), "add");
	DRIVER->image->unload(&images[1]);
	load_and_unload(&rig, rig_ptx, NULL);
	CU_ASSERT_EQUAL(compiled, 1);
	rig_close(&rig);
	road_cache_destroy(cache);
}

/* ---- what the key is made of ---- */

struct variant {
	const char *what;
	const char *device; /* its options; NULL: as usual */
	const char *more;   /* text behind the text */
	struct road_image_options options;
	uint32_t compute; /* of the chip; 0: as it is */
};

static const struct variant variants[] = {
	{.what = "nothing"},
	{.what = "text", .more = "\n"},
	{.what = "plain", .options = {.flags = ROAD_IMAGE_PLAIN}},
	{.what = "in order", .options = {.flags = ROAD_IMAGE_IN_ORDER}},
	{.what = "registers", .options = {.max_registers = 20}},
	{.what = "other registers", .options = {.max_registers = 21}},
	{.what = "the device's registers", .device = "regs=24"},
	{.what = "chip", .compute = 9},
};

static void load_variant(struct road_cache *cache, const struct variant *v)
{
	char text[2000];
	struct rig rig;
	struct road_image_options options = v->options;

	options.size = sizeof(options);
	snprintf(text, sizeof(text), "%s%s", rig_ptx, v->more ? v->more : "");
	open_with(&rig, cache);
	struct gpu *gpu = rig.dev.data;

	if (v->device)
		CU_ASSERT_EQUAL(gpu_options_take(gpu, v->device), ROAD_OK);
	if (v->compute)
		gpu->params.compute = v->compute;
	load_and_unload(&rig, text, &options);
	rig_close(&rig);
}

static void check_variants(const char *folder)
{
	enum { COUNT = sizeof(variants) / sizeof(variants[0]) };
	struct road_cache *cache = road_cache_create(folder, NULL);

	for (uint32_t i = 0; i < COUNT; i++) {
		compiled = 0;
		load_variant(cache, &variants[i]);
		if (compiled != 1)
			printf("# %s\n", variants[i].what);
		CU_ASSERT_EQUAL(compiled, 1);
	}
	if (folder) { /* as another process would */
		road_cache_destroy(cache);
		cache = road_cache_create(folder, NULL);
	}
	compiled = 0;
	for (uint32_t i = 0; i < COUNT; i++)
		load_variant(cache, &variants[i]);
	CU_ASSERT_EQUAL(compiled, 0);
	road_cache_destroy(cache);
}

static void test_keys(void)
{
	check_variants(NULL);
}

static void test_keys_on_disk(void)
{
	struct folder folder = folder_make();

	check_variants(folder.path);
	folder_remove(&folder);
}

/* The device's options and the image's say the same thing: one result. */
static void test_same_options(void)
{
	static const struct variant by_device = {.device = "opt=0"},
				    by_image = {.options = {.flags = ROAD_IMAGE_PLAIN}};
	struct road_cache *cache = road_cache_create(NULL, NULL);

	compiled = 0;
	load_variant(cache, &by_device);
	load_variant(cache, &by_image);
	CU_ASSERT_EQUAL(compiled, 1);
	road_cache_destroy(cache);
}

/* ---- that nobody sees the difference ---- */

static const char refused_ptx[] =
	".version 7.0\n.target sm_80\n.address_size 64\n"
	".visible .entry good()\n{\n\tret;\n}\n"
	".visible .entry bad()\n{\n\t.reg .u32 %r<3>;\n\ttex.nonsense.u32 %r1, %r2;\n\tret;\n}\n";

struct seen {
	char log[300], what[256], where[128];
	road_status status;
	struct road_kernel_info info;
};

static void look(struct road_cache *cache, struct seen *seen)
{
	struct road_image_options options = {
		.size = sizeof(options), .log = seen->log, .log_bytes = sizeof(seen->log)};
	struct rig rig;

	memset(seen, 0, sizeof(*seen));
	open_with(&rig, cache);
	struct road_drv_image image = load(&rig, refused_ptx, &options);
	struct road_drv_kernel bad = {.image = &image}, good = bad;

	seen->status = DRIVER->image->kernel(&bad, "bad");
	memcpy(seen->what, services_what, sizeof(seen->what));
	memcpy(seen->where, services_where, sizeof(seen->where));
	CU_ASSERT_EQUAL_FATAL(DRIVER->image->kernel(&good, "good"), ROAD_OK);
	seen->info = good.info;
	DRIVER->image->kernel_free(&good);
	DRIVER->image->unload(&image);
	rig_close(&rig);
}

static void test_refusals(void)
{
	struct folder folder = folder_make();
	struct seen without, first, again, later;

	look(NULL, &without);
	struct road_cache *cache = road_cache_create(folder.path, NULL);

	look(cache, &first);
	compiled = 0;
	look(cache, &again);
	road_cache_destroy(cache);
	cache = road_cache_create(folder.path, NULL);
	look(cache, &later);
	road_cache_destroy(cache);
	CU_ASSERT_EQUAL(compiled, 0);
	CU_ASSERT_EQUAL(without.status, ROAD_UNSUPPORTED);
	CU_ASSERT_PTR_NOT_NULL(strstr(without.log, "ptx:11: kernel bad: "));
	CU_ASSERT_EQUAL(memcmp(&without, &first, sizeof(first)), 0);
	CU_ASSERT_EQUAL(memcmp(&without, &again, sizeof(again)), 0);
	CU_ASSERT_EQUAL(memcmp(&without, &later, sizeof(later)), 0);
	folder_remove(&folder);
}

/* A text that is malformed is told so each time. */
static void test_malformed(void)
{
	struct folder folder = folder_make();
	struct road_cache *cache = road_cache_create(folder.path, NULL);
	char log[100];
	struct road_image_options options = {
		.size = sizeof(options), .log = log, .log_bytes = sizeof(log)};
	struct rig rig;

	open_with(&rig, cache);
	for (int i = 0; i < 2; i++) {
		struct road_drv_image image = {.space = &rig.space};

		CU_ASSERT_EQUAL(DRIVER->image->load(&image, ".version 7.0\n{", 14, &options),
				ROAD_IMAGE_INVALID);
		CU_ASSERT_EQUAL(strncmp(log, "ptx:2:", 6), 0);
		CU_ASSERT_EQUAL(strncmp(services_where, "ptx:2:", 6), 0);
	}
	CU_ASSERT_EQUAL(folder_count(&folder, "", NULL), 0);
	rig_close(&rig);
	road_cache_destroy(cache);
	folder_remove(&folder);
}

/* ---- what the cache says is not believed ---- */

/* Bytes with the right key and hash that are no sound image: compiled anew, and replaced. */
static void check_unsound(const char *folder, void *bytes, size_t count)
{
	struct road_cache *cache = road_cache_create(folder, NULL);
	struct rig rig;

	road_cached_release(road_cache_put(cache, &last_key, bytes, count));
	if (folder) {
		road_cache_destroy(cache);
		cache = road_cache_create(folder, NULL);
	}
	open_with(&rig, cache);
	compiled = 0;
	load_and_unload(&rig, rig_ptx, NULL);
	CU_ASSERT_EQUAL(compiled, 1);
	load_and_unload(&rig, rig_ptx, NULL);
	CU_ASSERT_EQUAL(compiled, 1);
	rig_close(&rig);
	road_cache_destroy(cache);
}

static void test_unsound(void)
{
	struct folder folder = folder_make();
	struct road_cache *cache = road_cache_create(NULL, NULL);
	struct rig rig;

	open_with(&rig, cache);
	load_and_unload(&rig, rig_ptx, NULL);
	const struct road_cached *good = road_cache_get(cache, &last_key);

	CU_ASSERT_PTR_NOT_NULL_FATAL(good);
	for (int i = 0; i < 4; i++) {
		size_t count = i < 2 ? good->count : (size_t)(i - 2);
		struct road_gpu_image *bad = calloc(1, good->count);

		memcpy(bad, good->bytes, good->count);
		bad->kernels.count += 1u << 20;
		check_unsound(i % 2 ? folder.path : NULL, bad, count);
	}
	road_cached_release(good);
	rig_close(&rig);
	road_cache_destroy(cache);
	folder_remove(&folder);
}

/* Every allocation fails once: the load says so or does without, and nothing is left. */
static void test_memory(void)
{
	struct folder folder = folder_make();
	uint32_t failed = 0;
	bool through = false;

	for (int after = 0; !through; after++) {
		struct road_drv_image image = {.space = NULL};
		struct road_cache *cache = road_cache_create(folder.path, NULL);
		struct rig rig;

		open_with(&rig, cache);
		image.space = &rig.space;
		services_fail_after = after;
		road_status status = DRIVER->image->load(&image, rig_ptx, strlen(rig_ptx), NULL);

		through = services_fail_after >= 0;
		services_fail_after = -1;
		failed += status != ROAD_OK;
		if (!status)
			DRIVER->image->unload(&image);
		else
			CU_ASSERT_EQUAL(status, ROAD_OUT_OF_HOST_MEMORY);
		rig_close(&rig);
		road_cache_destroy(cache);
		CU_ASSERT_EQUAL(folder_count(&folder, "tmp-", NULL), 0);
	}
	CU_ASSERT_TRUE(failed > 5);
	folder_remove(&folder);
}

static const struct tap_case cases[] = {
	{"a text that was compiled is shared, its data is not", test_shared},
	{"each part of the key makes another image", test_keys},
	{"each part of the key makes another image on disk", test_keys_on_disk},
	{"options of the device and of the image are the same options", test_same_options},
	{"log, refusals and lines are the same from the cache", test_refusals},
	{"malformed text is told as such each time", test_malformed},
	{"an unsound image in the cache is compiled anew and replaced", test_unsound},
	{"each allocation that fails with a cache leaves nothing behind", test_memory},
};

TAP_MAIN(cases)
