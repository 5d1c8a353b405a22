/* SPDX-License-Identifier: Apache-2.0 */
/* The cache as programs meet it: by the environment alone, on a simulated chip. */
#include <pthread.h>
#include <roadbed/roadbed.h>
#include <stdatomic.h>

#include "tests/unit/cache/folder.h"

static const char ptx[] = ".version 7.0\n.target sm_80\n.address_size 64\n"
			  ".visible .entry work(.param .u32 n)\n{\n\tret;\n}\n";

struct program {
	road_instance *instance;
	road_device *device;
	road_space *space;
};

static struct program begin(uint32_t flags)
{
	road_instance_options options = {
		.size = sizeof(options), .flags = flags, .library_folder = SIM_FOLDER};
	struct program p;

	CU_ASSERT_EQUAL_FATAL(road_instance_create(&options, &p.instance), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(
		road_device_open(p.instance, "sim:gpu-small?time=functional", &p.device), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_space_create(p.device, NULL, &p.space), ROAD_OK);
	return p;
}

static void end(struct program *p)
{
	road_space_release(p->space);
	road_device_release(p->device);
	road_instance_release(p->instance);
}

static bool load(road_space *space)
{
	road_kernel *kernel = NULL;
	road_image *image = NULL;
	bool good = !road_image_load(space, ptx, strlen(ptx), NULL, &image) &&
		    !road_image_kernel(image, "work", &kernel);

	if (kernel)
		road_kernel_release(kernel);
	if (image)
		road_image_release(image);
	return good;
}

static void run(uint32_t flags)
{
	struct program p = begin(flags);

	CU_ASSERT_TRUE(load(p.space));
	end(&p);
}

static void set_environment(const char *cache, const char *xdg, const char *home)
{
	const char *const names[] = {"ROADBED_CACHE", "XDG_CACHE_HOME", "HOME"};
	const char *const values[] = {cache, xdg, home};

	for (int i = 0; i < 3; i++) {
		if (values[i])
			setenv(names[i], values[i], 1);
		else
			unsetenv(names[i]);
	}
}

/* The next program finds the file and leaves it; one that is damaged it replaces. */
static void test_next(void)
{
	struct folder folder = folder_make();
	char good[8192], now[8192];

	set_environment(folder.path, NULL, NULL);
	run(0);
	struct path path = folder_only(&folder);
	size_t bytes = file_read(path.text, good, sizeof(good));
	struct timespec old[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
	struct stat st;

	CU_ASSERT_EQUAL(utimensat(AT_FDCWD, path.text, old, 0), 0);
	run(0);
	CU_ASSERT_EQUAL(stat(folder_only(&folder).text, &st), 0);
	CU_ASSERT_EQUAL(st.st_mtim.tv_sec, 1000000000); /* not written again */
	CU_ASSERT_TRUE(st.st_atim.tv_sec > 1000000000); /* but used */
	file_write(path.text, "damaged", 7);
	run(0);
	CU_ASSERT_EQUAL(file_read(folder_only(&folder).text, now, sizeof(now)), bytes);
	CU_ASSERT_EQUAL(memcmp(good, now, bytes), 0);
	folder_remove(&folder);
}

static void test_places(void)
{
	struct folder folder = folder_make();
	struct path own = folder_path(&folder, "own"), xdg = folder_path(&folder, "xdg"),
		    home = folder_path(&folder, "home");

	set_environment("off", xdg.text, home.text);
	run(0);
	set_environment(own.text, xdg.text, home.text);
	run(ROAD_INSTANCE_NO_ENV);
	set_environment("own", xdg.text, home.text);
	run(0);
	CU_ASSERT_EQUAL(folder_count(&folder, "", NULL), 0);
	set_environment(own.text, xdg.text, home.text);
	run(0);
	CU_ASSERT_EQUAL(folder_count(&folder, "", NULL), 1);
	CU_ASSERT_TRUE(file_there(own.text));
	set_environment(NULL, xdg.text, home.text);
	run(0);
	CU_ASSERT_TRUE(file_there(folder_path(&folder, "xdg/roadbed").text));
	CU_ASSERT_FALSE(file_there(home.text));
	set_environment(NULL, NULL, home.text);
	run(0);
	CU_ASSERT_TRUE(file_there(folder_path(&folder, "home/.cache/roadbed").text));
	folder_remove(&folder);
}

enum { THREADS = 4, ROUNDS = 20 };
struct crowd {
	road_space *space;
	_Atomic uint32_t failed;
};

static void *load_often(void *user)
{
	struct crowd *crowd = user;

	for (int i = 0; i < ROUNDS; i++)
		crowd->failed += !load(crowd->space);
	return NULL;
}

static void test_threads(void)
{
	struct folder folder = folder_make();
	pthread_t threads[THREADS];

	set_environment(folder.path, NULL, NULL);
	struct program p = begin(0);
	struct crowd crowd = {.space = p.space};

	for (int i = 0; i < THREADS; i++)
		CU_ASSERT_EQUAL_FATAL(pthread_create(&threads[i], NULL, load_often, &crowd), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	CU_ASSERT_EQUAL(crowd.failed, 0);
	CU_ASSERT_EQUAL(folder_count(&folder, "", NULL), 1);
	end(&p);
	folder_remove(&folder);
}

static const struct tap_case cases[] = {
	{"the next program finds what was compiled, and mends what is damaged", test_next},
	{"the environment says where, or that nothing is kept", test_places},
	{"threads that load one text at once get it all", test_threads},
};

TAP_MAIN(cases)
