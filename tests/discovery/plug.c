/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/discovery/plug.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/tap.h"

enum { SOON_MS = 20000 };

road_instance *new_instance(void)
{
	const road_instance_options options = {.size = sizeof(options),
					       .flags = ROAD_INSTANCE_NO_ENV};
	road_instance *out = NULL;

	CU_ASSERT_EQUAL_FATAL(road_instance_create(&options, &out), ROAD_OK);
	return out;
}

struct rig rig_new(const char *file)
{
	struct rig rig = {.bed = bed_new(file)};

	rig.instance = new_instance();
	CU_ASSERT_EQUAL_FATAL(road_watch_create(rig.instance, ROAD_CHANGE_ALL, &rig.watch),
			      ROAD_OK);
	return rig;
}

void rig_end(struct rig *rig)
{
	road_watch_release(rig->watch);
	road_instance_release(rig->instance);
	g_object_unref(rig->bed);
}

/* ---- the machine ---- */

static void path_of(char path[64], const char *place)
{
	snprintf(path, 64, "/sys/devices/pci0000:00/%s", place);
}

void plug_as(struct rig *rig, const char *place, const char *class_code, const char *device)
{
	char *text = g_strdup_printf("P: /devices/pci0000:00/%s\nE: SUBSYSTEM=pci\n"
				     "E: PCI_SLOT_NAME=%s\nA: class=%s\\n\n"
				     "A: vendor=0x1002\\n\nA: device=%s\\n\n",
				     place, place, class_code, device);
	GError *error = NULL;

	umockdev_testbed_add_from_string(rig->bed, text, &error);
	CU_ASSERT_PTR_NULL_FATAL(error);
	g_free(text);
}

void plug(struct rig *rig, const char *place)
{
	plug_as(rig, place, "0x120000", "0x74a1");
}

void tell_of(struct rig *rig, const char *place, const char *action)
{
	char path[64];

	path_of(path, place);
	umockdev_testbed_uevent(rig->bed, path, action);
}

void vanish(struct rig *rig, const char *place)
{
	char path[64];

	path_of(path, place);
	umockdev_testbed_remove_device(rig->bed, path);
}

void pull(struct rig *rig, const char *place)
{
	char path[64];

	/* umockdev reads the device's properties when it tells of it. */
	path_of(path, place);
	umockdev_testbed_uevent(rig->bed, path, "remove");
	umockdev_testbed_remove_device(rig->bed, path);
}

/* In the tree behind /sys. */
static char *file_of(struct rig *rig, const char *place, const char *name)
{
	char *root = umockdev_testbed_get_root_dir(rig->bed);
	char *path = g_strdup_printf("%s/sys/devices/pci0000:00/%s%s", root, place, name);

	g_free(root);
	return path;
}

static void move_all(const char *from, const char *to)
{
	GDir *folder = g_dir_open(from, 0, NULL);
	const char *name;

	CU_ASSERT_PTR_NOT_NULL_FATAL(folder);
	while ((name = g_dir_read_name(folder))) {
		char *old = g_strdup_printf("%s/%s", from, name);
		char *new = g_strdup_printf("%s/%s", to, name);

		CU_ASSERT_EQUAL(rename(old, new), 0);
		g_free(old);
		g_free(new);
	}
	g_dir_close(folder);
}

void change_places(struct rig *rig, const char *place)
{
	char *path = file_of(rig, place, ""), *aside = file_of(rig, place, "-aside");

	/* The folder's number is taken as long as the old one is there. */
	CU_ASSERT_EQUAL_FATAL(rename(path, aside), 0);
	CU_ASSERT_EQUAL_FATAL(mkdir(path, 0755), 0);
	move_all(aside, path);
	CU_ASSERT_EQUAL_FATAL(rmdir(aside), 0);
	g_free(path);
	g_free(aside);
	tell_of(rig, place, "remove");
	tell_of(rig, place, "add");
}

void put_driver(struct rig *rig, const char *place, const char *driver)
{
	char *path = file_of(rig, place, "/driver"), *target;

	(void)unlink(path);
	target = g_strdup_printf("../../../bus/pci/drivers/%s", driver ? driver : "");
	if (driver)
		CU_ASSERT_EQUAL(symlink(target, path), 0);
	g_free(target);
	g_free(path);
}

void bind_driver(struct rig *rig, const char *place, const char *driver)
{
	put_driver(rig, place, driver);
	tell_of(rig, place, "bind");
}

void unbind_driver(struct rig *rig, const char *place)
{
	put_driver(rig, place, NULL);
	tell_of(rig, place, "unbind");
}

/* ---- the watch ---- */

bool next_change(struct rig *rig, road_change *out)
{
	struct pollfd ready = {.events = POLLIN};
	road_status status;

	*out = (road_change){.size = sizeof(*out)};
	CU_ASSERT_EQUAL_FATAL(road_watch_fd(rig->watch, &ready.fd), ROAD_OK);
	while ((status = road_watch_next(rig->watch, out)) == ROAD_NOT_READY)
		if (poll(&ready, 1, SOON_MS) <= 0)
			return false;
	return status == ROAD_OK;
}

static bool is(const road_change *change, uint32_t kind, const char *address, const char *text)
{
	return change->kind == kind && !strcmp(change->address, address) &&
	       strstr(change->text, text);
}

void expect(struct rig *rig, uint32_t kind, const char *address, const char *text)
{
	road_change change;

	CU_ASSERT_FATAL(next_change(rig, &change));
	const bool as_expected = is(&change, kind, address, text);

	if (!as_expected)
		printf("# %u %s \"%s\" instead of %u %s \"%s\"\n", change.kind, change.address,
		       change.text, kind, address, text);
	CU_ASSERT(as_expected);
}

void expect_seen(struct rig *rig, uint32_t kind, const char *address, const char *text)
{
	road_change change;

	do {
		CU_ASSERT_FATAL(next_change(rig, &change));
	} while (!is(&change, kind, address, text));
}

void expect_nothing_more(struct rig *rig)
{
	char place[16], address[24];

	snprintf(place, sizeof(place), "0000:%02x:1f.0", 0x80 + rig->fences++);
	snprintf(address, sizeof(address), "pci:%s", place);
	plug(rig, place);
	expect(rig, ROAD_CHANGE_ARRIVED, address, "plugged in");
}
