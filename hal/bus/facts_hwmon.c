/* SPDX-License-Identifier: Apache-2.0 */
/* Sensors: FOLDER/hwmon/hwmonN/{temp,power,energy,freq,…}N_*, see the kernel's
 * hwmon/sysfs-interface. */
#include "hal/bus/facts.h"
#include "hal/bus/sysfs.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

enum { CHIPS_MAX = 8, SENSORS_MAX = 32 };

/* The first file that is there gives the value. */
struct sensor {
	const char *kind; /* "temp": files begin with it and a number */
	const char *name; /* of the property, before the sensor's own */
	const char *unit;
	double scale;
	const char *files[2];
	unsigned first; /* number of the first sensor */
};

static const struct sensor sensors[] = {
	{"temp", "temperature", "C", 1e-3, {"input"}, 1},
	{"temp", "temperature_max", "C", 1e-3, {"max"}, 1},
	{"temp", "temperature_critical", "C", 1e-3, {"crit"}, 1},
	{"temp", "temperature_emergency", "C", 1e-3, {"emergency"}, 1},
	{"power", "power", "W", 1e-6, {"average", "input"}, 1},
	{"power", "power_limit", "W", 1e-6, {"cap", "max"}, 1},
	{"power", "power_limit_max", "W", 1e-6, {"cap_max", "rated_max"}, 1},
	{"energy", "energy", "J", 1e-6, {"input"}, 1},
	{"curr", "current", "A", 1e-3, {"input"}, 1},
	{"freq", "clock", "MHz", 1e-6, {"input"}, 1},
	{"fan", "fan", "rpm", 1, {"input"}, 1},
	{"in", "voltage", "V", 1e-3, {"input"}, 0},
};

/* By the sensor's label, or by its kind and number. */
static void add(struct road_facts *facts, const char *folder, const struct sensor *sensor,
		unsigned number, const char *file)
{
	struct road_fact_row row = {.unit = sensor->unit,
				    .file = file,
				    .how = ROAD_FACT_F64 | ROAD_FACT_WAKES,
				    .scale = sensor->scale};
	char label[24], name[64], label_file[32];

	snprintf(label_file, sizeof(label_file), "%s%u_label", sensor->kind, number);
	if (!road_sysfs_text(folder, label_file, label, sizeof(label)))
		snprintf(label, sizeof(label), "%s%u", sensor->kind, number);
	road_text_word(label);
	snprintf(name, sizeof(name), "%s.%s", sensor->name, label);
	row.name = name;
	road_fact_file(facts, folder, &row);
}

static void add_all(struct road_facts *facts, const char *folder, const struct sensor *sensor)
{
	char file[32];

	for (unsigned n = sensor->first; n < SENSORS_MAX; n++) {
		for (unsigned i = 0; i < 2 && sensor->files[i]; i++) {
			snprintf(file, sizeof(file), "%s%u_%s", sensor->kind, n, sensor->files[i]);
			if (!road_sysfs_present(folder, file))
				continue;
			add(facts, folder, sensor, n, file);
			break;
		}
	}
}

void road_facts_hwmon(struct road_facts *facts, const char *folder)
{
	char path[160], chip[176];
	const struct dirent *entry;

	snprintf(path, sizeof(path), "%s/hwmon", folder);
	DIR *dir = opendir(path);

	for (unsigned chips = 0; dir && chips < CHIPS_MAX && (entry = readdir(dir));) {
		if (strncmp(entry->d_name, "hwmon", 5) || strlen(entry->d_name) > 12)
			continue;
		chips++;
		snprintf(chip, sizeof(chip), "%s/%.12s", path, entry->d_name);
		for (size_t i = 0; i < sizeof(sensors) / sizeof(sensors[0]); i++)
			add_all(facts, chip, &sensors[i]);
		road_facts_rest(facts, chip, "hwmon.");
	}
	if (dir)
		closedir(dir);
}
