/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chips that Roadbed knows by name: one table, made at build time from simulators/chips/, for
 * recognising real functions. Knowing a chip says nothing about whether a driver can run it.
 */
#ifndef ROADBED_DRIVER_CHIP_ID_H
#define ROADBED_DRIVER_CHIP_ID_H

#include <stdint.h>
#include <string.h>

#include <roadbed/device.h>

/* What a chip's data sheet says of it. */
enum road_published {
	ROAD_PUBLISHED_PEAK_F16,  /* operations a second of dense numbers, all units together; a */
	ROAD_PUBLISHED_PEAK_BF16, /* multiply and an add are two */
	ROAD_PUBLISHED_PEAK_F32,
	ROAD_PUBLISHED_PEAK_I8,
	ROAD_PUBLISHED_MEMORY_CLOCK, /* Hz; two transfers a cycle */
	ROAD_PUBLISHED_MEMORY_BUS,   /* bits, all channels together */
	ROAD_PUBLISHED
};

struct road_chip_id {
	const char *chip; /* name of the chip file: "a100-sxm4-80gb" */
	const char *vendor;
	const char *product;
	const char *family;
	uint16_t pci_vendor; /* 0: the chip has no PCI identity; matches nothing */
	uint16_t pci_device; /* one row a device id */
	uint16_t pci_class;  /* class << 8 | subclass */
	struct {
		uint64_t value;   /* 0: unknown */
		uint32_t assumed; /* 1: the vendor has not published it */
	} published[ROAD_PUBLISHED];
};

extern const struct road_chip_id road_chip_ids[];
extern const unsigned road_chip_id_count;

/* enum road_device_class of a family; ROAD_CLASS_OTHER: one without a class of its own. */
static inline uint32_t road_class_of_family(const char *family)
{
	static const struct {
		const char *family;
		uint32_t device_class;
	} rows[] = {
		{"cpu", ROAD_CLASS_CPU}, {"gpu", ROAD_CLASS_GPU}, {"dsa", ROAD_CLASS_DSA},
		{"rpu", ROAD_CLASS_RPU}, {"edu", ROAD_CLASS_EDU},
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!strcmp(rows[i].family, family))
			return rows[i].device_class;
	return ROAD_CLASS_OTHER;
}

#endif
