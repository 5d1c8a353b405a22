/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a port implements whose chip can be reconfigured (docs: <roadbed/region.h>).
 *
 * The core owns handles, generations as programs see them, hashes, references to images, results
 * and quarantine. The chip owns what happens in the order of queues: which slot holds what, which
 * image is active, when a switch may be. A port tells what is there, checks images of its class,
 * brings their bytes to where the chip reads them, and puts a RECONFIGURE command into its ring.
 * Ports of chips with the common reconfiguration unit (uapi/region.h) take all but the checks from
 * the helper <roadbed-driver/region_unit.h>.
 */
#ifndef ROADBED_DRIVER_REGION_H
#define ROADBED_DRIVER_REGION_H

#include <roadbed-driver/driver.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A configuration image that the core knows by its hash; one for all who created the same. */
struct road_drv_config {
	struct road_drv_device *dev;
	const void *bytes; /* the core's copy; stays, never changes */
	uint64_t byte_count;
	uint64_t id;
	uint32_t units;   /* driver, by check: it needs at least this many */
	uint64_t fabric;  /* driver, by check */
	char name[64];    /* driver, by check */
	uint64_t address; /* driver, by open: where the chip reads it */
	void *data;       /* driver */
};

/* A RECONFIGURE command as drivers see it. */
struct road_cmd_region {
	uint32_t verb, flags, slot, drain, on_failure, target;
	uint32_t region;                      /* number on the chip */
	uint64_t generation;                  /* of it, as the handle has it */
	const struct road_drv_config *config; /* NULL: none */
	uint64_t deadline_ns;
	struct road_place buffer; /* of SWAP, RESTORE, READ_BACK */
	uint64_t buffer_bytes;
	/* ROAD_REGION_REPORT_BYTES of zeroes in host memory, 64-byte aligned, where the chip leaves
	 * what it did; `report` below reads it. Of PREFETCH it says that the hint was taken, and
	 * nothing is written later: the memory serves others once the submission ended. */
	struct road_place report;
};
#define ROAD_REGION_REPORT_BYTES 128u

struct road_region_ops {
	/* What region `index` is, in the members of road_region_info that are not the core's
	 * (size); ROAD_NOT_FOUND: there is none now. Reads registers; any thread. */
	road_status (*info)(struct road_drv_device *dev, uint32_t index,
			    struct road_region_info *out);
	/* Numbers of a region's children, at most ROAD_REGION_PARTS_MAX; how many. */
	uint32_t (*children)(struct road_drv_device *dev, uint32_t index, uint32_t *out);
	road_status (*status)(struct road_drv_device *dev, uint32_t index,
			      struct road_region_status *out);
	road_status (*slot)(struct road_drv_device *dev, uint32_t index, uint32_t slot,
			    struct road_slot_info *out);

	/* enum road_layout_step; *drain: bit mask by position among the present children. A detail
	 * says what is wrong. One call at a time. */
	road_status (*layout)(struct road_drv_device *dev, uint32_t index, uint32_t step,
			      const struct road_region_part *parts, uint32_t count,
			      uint64_t *drain);

	/* Is this an image of the device's class, sound from end to end? Fills units, fabric, name,
	 * and zeroes in `canonical` (a copy of the bytes) what loading relocates. Pure. */
	road_status (*check)(struct road_drv_config *config, void *canonical);
	/* Writes the patched image to `out` (as long as the first one). Pure. */
	road_status (*patch)(const struct road_drv_config *config, const struct road_patch *patches,
			     uint32_t count, void *out);
	/* Brings the bytes to where the chip reads them, until close. Called before a submission
	 * that needs them (also of launches that expect the image); after a reset of the device the
	 * core closes and opens anew. close: evicts the image where it is resident and neither
	 * active nor pinned, if that can be without waiting. Both one call at a time. */
	road_status (*open)(struct road_drv_config *config);
	void (*close)(struct road_drv_config *config);
	/* The bytes of the configuration that the kernel is, within those of its image; false: it
	 * is none. They live as long as the kernel. */
	bool (*of_kernel)(struct road_drv_kernel *kernel, const void **bytes, uint64_t *count);

	/* Registers that no queue orders: the image that failures fall back to (0: none); the end
	 * of a quarantine. */
	road_status (*set_safe)(struct road_drv_device *dev, uint32_t index,
				const struct road_drv_config *config);
	road_status (*release)(struct road_drv_device *dev, uint32_t index);
	/* What the chip left in the report, in the members of the result but size; called once the
	 * command completed or failed, and synced it. Not called for zeroes: the command never
	 * began. Pure: reads the report alone, under locks of the core. */
	void (*report)(struct road_drv_device *dev, const void *report,
		       struct road_reconfigure_result *out);
	/* 2.3: of a report that says a failure, in words: what was wrong, where, the value seen and
	 * the one allowed. The core has put general ones there, and says itself which command it
	 * was, and in which phase. Pure, like `report`. */
	void (*explain)(struct road_drv_device *dev, const void *report, struct road_error *out);
};

enum road_layout_step {
	ROAD_LAYOUT_CHECK,
	ROAD_LAYOUT_APPLY,
	ROAD_LAYOUT_COMMIT,
	ROAD_LAYOUT_REVERT
};

#ifdef __cplusplus
}
#endif
#endif
