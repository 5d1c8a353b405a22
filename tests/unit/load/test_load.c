/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drivers and chips from files outside the tree. That the environment is not believed under
 * AT_SECURE cannot be tried here: it needs a set-user-id program.
 */
#include <roadbed/sim.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/tap.h"
#include "tests/unit/load/folders.h"

static void put_driver(const char *folder, const char *variant, const char *name)
{
	char path[4096];

	snprintf(path, sizeof(path), FILES "/driver-%s.so", variant);
	folder_put(folder, path, name);
}

static void put_model(const char *folder, const char *variant, const char *name)
{
	char path[4096];

	snprintf(path, sizeof(path), FILES "/model-%s.so", variant);
	folder_put(folder, path, name);
}

/* The device of a scheme opens, and does what it is given. */
static void works(road_instance *instance, const char *address)
{
	road_device *device = NULL;
	road_space *space = NULL;
	road_queue *queue = NULL;
	road_status status = road_device_open(instance, address, &device);

	CU_ASSERT_EQUAL_FATAL(status, ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_space_shared(device, &space), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_queue_create(space, NULL, &queue), ROAD_OK);
	for (int i = 0; i < 3; i++) {
		road_submission nothing = {.size = sizeof(nothing)};
		road_point point;

		CU_ASSERT_EQUAL_FATAL(road_queue_submit(queue, &nothing, &point), ROAD_OK);
		CU_ASSERT_EQUAL(road_point_wait(point, road_deadline_after(20000000000)), ROAD_OK);
	}
	road_queue_release(queue);
	road_space_release(space);
	road_device_release(device);
}

/* The file is refused for a reason that holds `says`, and its device is not there. */
static void refused(const char *variant, bool model, road_status status, const char *says)
{
	char *folder = folder_new();
	road_candidate row;

	if (model)
		put_model(folder, variant, "x.so");
	else
		put_driver(folder, variant, "x.so");
	road_instance *instance = open_with(folder);

	CU_ASSERT_FATAL(row_of(instance, folder, "x.so", &row));
	CU_ASSERT_EQUAL(row.status, status);
	if (!strstr(row.reason, says))
		printf("# %s: \"%s\", awaited: \"%s\"\n", variant, row.reason, says);
	CU_ASSERT_PTR_NOT_NULL(strstr(row.reason, says));
	CU_ASSERT_STRING_EQUAL(row.driver, "");
	works(instance, "sim:edu"); /* no harm done */
	road_instance_release(instance);
	folder_remove(folder);
}

static void a_driver_from_a_file_works(void)
{
	char *folder = folder_new();
	road_candidate row;

	put_driver(folder, "good", "good.so");
	folder_put_text(folder, "README.txt", "not looked at\n");
	road_instance *instance = open_with(folder);

	CU_ASSERT_FATAL(row_of(instance, folder, "good.so", &row));
	CU_ASSERT_EQUAL(row.status, ROAD_NOT_READY);
	CU_ASSERT_STRING_EQUAL(row.driver, "tiny");
	CU_ASSERT_STRING_EQUAL(row.reason, "loaded: driver");
	CU_ASSERT_FATAL(candidate_of(instance, "tiny:", &row));
	CU_ASSERT_EQUAL(row.status, ROAD_OK);
	CU_ASSERT_PTR_NOT_NULL(strstr(row.reason, folder));
	CU_ASSERT_FALSE(row_of(instance, folder, "README.txt", &row));
	works(instance, "tiny:");
	road_instance_release(instance);
	/* Again, from what is open already; without the folder it is not there. */
	instance = open_with(folder);
	works(instance, "tiny:");
	road_instance_release(instance);
	instance = open_with(NULL);
	road_device *device = NULL;

	CU_ASSERT_EQUAL(road_device_open(instance, "tiny:", &device), ROAD_NOT_FOUND);
	road_instance_release(instance);
	folder_remove(folder);
}

static void an_older_minors_table_is_not_read_beyond_its_end(void)
{
	char *folder = folder_new();

	put_driver(folder, "older", "older.so");
	road_instance *instance = open_with(folder);

	works(instance, "tiny-older:");
	road_device *device = NULL;
	road_metric metric = {.size = sizeof(metric)};

	/* Whoever reads counters calls the slot behind the end, if it was taken. */
	CU_ASSERT_EQUAL_FATAL(road_device_open(instance, "tiny-older:", &device), ROAD_OK);
	for (uint32_t i = 0; !road_device_telemetry(device, ROAD_TELEMETRY_ALL, i, &metric); i++)
		CU_ASSERT(metric.name[0] != 0);
	road_device_release(device);
	road_instance_release(instance);
	folder_remove(folder);
}

static void a_newer_minor_is_taken_if_it_needs_nothing_new(void)
{
	char *folder = folder_new();

	put_driver(folder, "newer-unused", "x.so");
	road_instance *instance = open_with(folder);

	works(instance, "tiny-newer:");
	road_instance_release(instance);
	folder_remove(folder);
	refused("newer-used", false, ROAD_UNSUPPORTED, "functions that this library does not know");
	refused("newer-minor", false, ROAD_UNSUPPORTED, "needs driver interface 2.");
}

static void another_major_is_refused_by_name(void)
{
	refused("other-major", false, ROAD_UNSUPPORTED,
		"made for driver interface 1, this library has 2");
	refused("wrong-major", false, ROAD_UNSUPPORTED, "needs driver interface 3.0");
}

static void a_file_without_a_usable_entry_is_refused(void)
{
	refused("no-entry", false, ROAD_NOT_FOUND, "has neither a driver");
	refused("null-entry", false, ROAD_UNSUPPORTED, "driver entry returns NULL");
	refused("no-submit", false, ROAD_UNSUPPORTED, "lacks a function: submit");
}

static void names_and_schemes_that_are_taken_are_refused(void)
{
	refused("host", false, ROAD_BUSY, "has the name of one that is built in: host");
	refused("sim", false, ROAD_BUSY, "has the scheme of a bus: sim");
}

static void the_first_of_two_files_of_one_driver_wins(void)
{
	char *first = folder_new(), *second = folder_new(), both[1024];
	road_candidate row;

	put_driver(first, "good", "b.so");
	put_driver(first, "again", "a.so");
	put_driver(second, "good", "a.so");
	snprintf(both, sizeof(both), "%s:%s/", first, second);
	road_instance *instance = open_with(both);

	CU_ASSERT_FATAL(row_of(instance, first, "a.so", &row));
	CU_ASSERT_EQUAL(row.status, ROAD_NOT_READY);
	CU_ASSERT_FATAL(row_of(instance, first, "b.so", &row));
	CU_ASSERT_EQUAL(row.status, ROAD_BUSY);
	CU_ASSERT_PTR_NOT_NULL(strstr(row.reason, "a.so"));
	CU_ASSERT_FATAL(row_of(instance, second, "a.so", &row)); /* two files of one name */
	CU_ASSERT_EQUAL(row.status, ROAD_BUSY);
	CU_ASSERT_PTR_NOT_NULL(strstr(row.reason, first));
	works(instance, "tiny:");
	road_instance_release(instance);
	folder_remove(first);
	folder_remove(second);
}

static void what_is_no_shared_object_is_refused(void)
{
	char *folder = folder_new();
	road_candidate row;

	folder_put_text(folder, "text.so", "this is no ELF file\n");
	folder_put_text(folder, "empty.so", "");
	folder_put_text(folder, ".hidden.so", "");
	road_instance *instance = open_with(folder);

	CU_ASSERT_FATAL(row_of(instance, folder, "text.so", &row));
	CU_ASSERT_EQUAL(row.status, ROAD_IO);
	CU_ASSERT_PTR_NOT_NULL(strstr(row.reason, "cannot be opened"));
	CU_ASSERT_FATAL(row_of(instance, folder, "empty.so", &row));
	CU_ASSERT_EQUAL(row.status, ROAD_IO);
	CU_ASSERT_FALSE(row_of(instance, folder, ".hidden.so", &row));
	road_instance_release(instance);
	char hidden[1024];

	snprintf(hidden, sizeof(hidden), "%s/.hidden.so", folder);
	CU_ASSERT_EQUAL(unlink(hidden), 0);
	folder_remove(folder);
}

static void folder_row(const char *folder, road_status status, const char *says)
{
	road_instance *instance = open_with(folder);
	road_candidate row;

	CU_ASSERT_FATAL(row_of(instance, folder, NULL, &row));
	CU_ASSERT_EQUAL(row.status, status);
	if (!strstr(row.reason, says))
		printf("# %s: \"%s\", awaited: \"%s\"\n", folder, row.reason, says);
	CU_ASSERT_PTR_NOT_NULL(strstr(row.reason, says));
	CU_ASSERT_FALSE(candidate_of(instance, "tiny:", &row));
	road_instance_release(instance);
}

static void folders_that_anybody_may_fill_are_refused(void)
{
	char *folder = folder_new(), file[1024];

	put_driver(folder, "good", "good.so");
	folder_row("some/where", ROAD_INVALID_ARGUMENT, "no absolute path");
	folder_row("/there/is/no/such/folder", ROAD_NOT_FOUND, "No such file");
	chmod(folder, 0777);
	folder_row(folder, ROAD_PERMISSION, "may be written by anybody (mode 0777)");
	chmod(folder, 0770);
	folder_row(folder, ROAD_PERMISSION, "may be written by its group (mode 0770)");
	chmod(folder, 0755);
	snprintf(file, sizeof(file), "%s/good.so", folder);
	folder_row(file, ROAD_INVALID_ARGUMENT, "no folder");
	folder_remove(folder);
}

static void folders_of_other_users_are_refused(void)
{
	char *folder = folder_new();

	if (geteuid()) {
		folder_remove(folder);
		tap_skip("only root may give a folder away");
		return;
	}
	put_driver(folder, "good", "good.so");
	CU_ASSERT_EQUAL(chown(folder, 12345, 0), 0);
	folder_row(folder, ROAD_PERMISSION, "belongs to user 12345");
	folder_remove(folder);
}

static void files_that_anybody_may_write_are_refused_until_that_is_mended(void)
{
	char *folder = folder_new(), file[1024];
	road_candidate row;

	put_driver(folder, "good", "good.so");
	snprintf(file, sizeof(file), "%s/good.so", folder);
	chmod(file, 0666);
	road_instance *instance = open_with(folder);

	CU_ASSERT_FATAL(row_of(instance, folder, "good.so", &row));
	CU_ASSERT_EQUAL(row.status, ROAD_PERMISSION);
	road_instance_release(instance);
	chmod(file, 0644);
	instance = open_with(folder);
	works(instance, "tiny:");
	road_instance_release(instance);
	folder_remove(folder);
}

/* ---- models and chips ---- */

static void bad_models_are_refused(void)
{
	refused("null-entry", true, ROAD_UNSUPPORTED, "entry that returns NULL");
	refused("other-major", true, ROAD_UNSUPPORTED,
		"made for simulator interface 7, this library has 1");
	refused("newer-minor", true, ROAD_UNSUPPORTED, "needs simulator interface 1.");
	refused("newer-used", true, ROAD_UNSUPPORTED, "functions that this library does not know");
	refused("edu", true, ROAD_UNSUPPORTED, "of a family that another model simulates: edu");
	refused("key-outside", true, ROAD_UNSUPPORTED, "parameter outside its structure: answer");
}

static void value_is(road_device *device, const char *name, const char *value, const char *kind)
{
	road_sim_parameter parameter = {.size = sizeof(parameter)};

	for (uint32_t i = 0; !road_sim_parameter_get(device, i, &parameter); i++) {
		if (strcmp(parameter.name, name))
			continue;
		CU_ASSERT_STRING_EQUAL(parameter.value, value);
		CU_ASSERT_STRING_EQUAL(parameter.kind, kind);
		CU_ASSERT_EQUAL(parameter.settable, 1);
		return;
	}
	CU_FAIL("no such parameter");
}

/* One process, one registry of chips: this case brings the family, the next ones use it. */
static char *chip_folder;

static void a_model_its_chip_and_its_driver_come_from_one_folder(void)
{
	road_candidate row;
	road_device *device = NULL;

	chip_folder = folder_new();
	folder_put(chip_folder, FILES "/both.so", "both.so");
	folder_put(chip_folder, CHIP_FILES "/tiny-chip.yaml", "tiny-chip.yaml");
	road_instance *instance = open_with(chip_folder);

	CU_ASSERT_FATAL(row_of(instance, chip_folder, "both.so", &row));
	CU_ASSERT_EQUAL(row.status, ROAD_NOT_READY);
	CU_ASSERT_STRING_EQUAL(row.driver, "tiny-chip");
	CU_ASSERT_PTR_NOT_NULL(strstr(row.reason, "model of family tiny-chip"));
	CU_ASSERT_FATAL(row_of(instance, chip_folder, "tiny-chip.yaml", &row));
	CU_ASSERT_EQUAL(row.status, ROAD_NOT_READY);
	CU_ASSERT_EQUAL(row.simulated, 1);
	CU_ASSERT_FATAL(candidate_of(instance, "sim:tiny-chip", &row));
	CU_ASSERT_EQUAL(row.status, ROAD_OK);
	CU_ASSERT_PTR_NOT_NULL(strstr(row.reason, chip_folder));
	works(instance, "sim:tiny-chip");
	CU_ASSERT_EQUAL_FATAL(road_device_open(instance, "sim:tiny-chip", &device), ROAD_OK);
	road_device_info info = {.size = sizeof(info)};

	CU_ASSERT_EQUAL(road_device_info_get(device, &info), ROAD_OK);
	CU_ASSERT_STRING_EQUAL(info.name, "Tiny chip 42");
	CU_ASSERT_STRING_EQUAL(info.driver, "tiny-chip");
	CU_ASSERT_EQUAL(info.simulated, 1);
	value_is(device, "step", "1500", "tuned");
	value_is(device, "answer", "42", "assumed");
	road_device_release(device);
	road_instance_release(instance);
}

static void options_of_the_address_set_its_parameters(void)
{
	road_instance *instance = open_with(chip_folder);
	road_device *device = NULL;
	road_error why = {.size = sizeof(why)};
	uint64_t before, after, unused;

	const char *address = "sim:tiny-chip?answer=7&step=250000&host_read=10";

	CU_ASSERT_EQUAL_FATAL(road_device_open(instance, address, &device), ROAD_OK);
	road_device_info info = {.size = sizeof(info)};

	CU_ASSERT_EQUAL(road_device_info_get(device, &info), ROAD_OK);
	CU_ASSERT_STRING_EQUAL(info.name, "Tiny chip 7");
	value_is(device, "step", "250000", "assumed");
	value_is(device, "host_read", "10", "assumed");
	CU_ASSERT_EQUAL(road_sim_time(device, &before, &unused), ROAD_OK);
	works(instance, address);
	CU_ASSERT_EQUAL(road_sim_time(device, &after, &unused), ROAD_OK);
	CU_ASSERT(after - before >= 750000); /* three steps: time is the model's own */
	road_device_release(device);
	CU_ASSERT_EQUAL(road_device_open(instance, "sim:tiny-chip?answer=1001", &device),
			ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_last_error(&why), ROAD_OK);
	CU_ASSERT_PTR_NOT_NULL(strstr(why.what, "answer"));
	CU_ASSERT_EQUAL(road_device_open(instance, "sim:tiny-chip?colour=red", &device),
			ROAD_INVALID_ARGUMENT);
	road_instance_release(instance);
}

static void chip_row(const char *name, const char *text, const char *says)
{
	char *folder = folder_new();
	road_candidate row;

	folder_put_text(folder, name, text);
	road_instance *instance = open_with(folder);

	CU_ASSERT_FATAL(row_of(instance, folder, name, &row));
	CU_ASSERT_EQUAL(row.status, ROAD_UNSUPPORTED);
	if (!strstr(row.reason, says))
		printf("# %s: \"%s\", awaited: \"%s\"\n", name, row.reason, says);
	CU_ASSERT_PTR_NOT_NULL(strstr(row.reason, says));
	road_instance_release(instance);
	folder_remove(folder);
}

#define CHIP(name, family, parameters)                                                    \
	"chip: " name "\nfamily: " family "\nsources: {own: text}\nidentity:\n"           \
	"  vendor: {value: Nobody, source: own, kind: assumed}\n"                         \
	"  product: {value: Thing, source: own, kind: assumed}\nparameters:\n" parameters \
	"  step: {value: 5, unit: ns, source: own, kind: assumed}\n"

static void bad_chip_files_are_refused(void)
{
	chip_row("text.yaml", "nothing: of the sort\n", "text.yaml:1");
	chip_row("unknown.yaml", CHIP("unknown", "nobodys", ""), "family: seen 'nobodys'");
	chip_row(
		"range.yaml",
		CHIP("range", "tiny-chip", "  answer: {value: 1001, source: own, kind: assumed}\n"),
		"answer.value: seen '1001'");
	chip_row("other.yaml", CHIP("another", "tiny-chip", ""), "in a file of another name");
	chip_row("edu.yaml", CHIP("edu", "tiny-chip", ""), "described already: built in");
	chip_row("tiny-chip.yaml", CHIP("tiny-chip", "tiny-chip", ""), "described already: /");
}

static void a_chip_needs_no_file_of_code(void)
{
	char *folder = folder_new();
	road_instance *instance;

	folder_put_text(folder, "own-tiny.yaml", CHIP("own-tiny", "tiny-chip", ""));
	instance = open_with(folder);
	road_device *device = NULL;

	/* The model is the process's, the driver its own instance's. */
	CU_ASSERT_EQUAL(road_device_open(instance, "sim:own-tiny", &device), ROAD_UNSUPPORTED);
	road_instance_release(instance);
	char both[1024];

	snprintf(both, sizeof(both), "%s:%s", folder, chip_folder);
	instance = open_with(both);
	works(instance, "sim:own-tiny");
	road_instance_release(instance);
	folder_remove(folder);
	folder_remove(chip_folder);
}

static const struct tap_case cases[] = {
	{"a driver from a file works, and is its instance's alone", a_driver_from_a_file_works},
	{"an older minor's table is not read beyond its end",
	 an_older_minors_table_is_not_read_beyond_its_end},
	{"a newer minor is taken if it needs nothing new",
	 a_newer_minor_is_taken_if_it_needs_nothing_new},
	{"another major is refused by name", another_major_is_refused_by_name},
	{"a file without a usable entry is refused", a_file_without_a_usable_entry_is_refused},
	{"names and schemes that are taken are refused",
	 names_and_schemes_that_are_taken_are_refused},
	{"the first of two files of one driver wins", the_first_of_two_files_of_one_driver_wins},
	{"what is no shared object is refused", what_is_no_shared_object_is_refused},
	{"folders that anybody may fill are refused", folders_that_anybody_may_fill_are_refused},
	{"folders of other users are refused", folders_of_other_users_are_refused},
	{"files that anybody may write are refused until that is mended",
	 files_that_anybody_may_write_are_refused_until_that_is_mended},
	{"bad models are refused", bad_models_are_refused},
	{"a model, its chip and its driver come from one folder",
	 a_model_its_chip_and_its_driver_come_from_one_folder},
	{"options of the address set its parameters", options_of_the_address_set_its_parameters},
	{"bad chip files are refused", bad_chip_files_are_refused},
	{"a chip needs no file of code", a_chip_needs_no_file_of_code},
};

TAP_MAIN(cases)
