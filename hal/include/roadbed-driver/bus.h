/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a bus offers to a driver: the same for every transport (simulated chips in this process,
 * real PCI functions, kernel nodes, other processes); a driver cannot tell them apart.
 *
 * Words that both sides touch (completion words, ring headers, indices) are read with acquire
 * loads and written with release stores (road_load64, road_store64 below); volatile is for mapped
 * registers only. A register that reads all ones where that is no legal value asks whether the
 * device is gone: see road_bus_lost.
 */
#ifndef ROADBED_DRIVER_BUS_H
#define ROADBED_DRIVER_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <roadbed/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An address as the device puts it on the bus. A type of its own, so that it is never mixed up
 * with a device address or a host pointer. */
typedef struct road_iova {
	uint64_t value;
} road_iova;

struct road_bus;
struct road_property; /* <roadbed/device.h> */

struct road_bus_ids {
	uint16_t vendor, device, subsystem_vendor, subsystem; /* PCI; 0 = none */
	uint32_t class_code;
	uint8_t revision;
	bool simulated;
	char compatible[32]; /* what answers behind the registers: "roadbed,gpgpu"; "" = see ids */
	char pci_address[32];
	char name[64]; /* product name where the bus knows it */
	char vendor_name[64];
};

struct road_bus_region {
	uint64_t bytes; /* 0: no such region */
	bool mappable;
};

enum road_dma_direction { ROAD_DMA_TO_DEVICE, ROAD_DMA_TO_HOST, ROAD_DMA_BOTH };

/* Host memory that the device reaches. */
struct road_dma {
	void *host;
	road_iova iova;
	uint64_t bytes;
	int fd;        /* sealed memfd behind dma_alloc's memory, owned by the bus; -1 = none. 2.6:
			* on a kernel's node, the dma-buf behind dma_map's */
	bool coherent; /* dma_sync does nothing */
	void *data;    /* the bus's own */
};

struct road_dma_limits {
	uint64_t mask;    /* highest bus address that the device can produce */
	uint64_t granule; /* alignment and rounding of dma_alloc */
	bool coherent;
};

/* Running what makes time pass on this transport; driven by the core, never by drivers. */
struct road_progress {
	bool ran;      /* events ran, or interrupts are to be delivered */
	bool more;     /* something can still run now */
	bool watching; /* work is parked until a word in host memory changes: look again soon */
};

/*
 * All calls may come from any thread. Those that answer a status record its detail. After the
 * device is gone: reads give all ones, writes are dropped, calls answer ROAD_DEVICE_LOST, and
 * releasing calls (dma_free, dma_unmap, region_unmap, close) still work.
 */
struct road_bus_ops {
	const char *name;
	/* identity */
	void (*ids)(struct road_bus *bus, struct road_bus_ids *out);
	uint32_t (*config_read)(struct road_bus *bus, uint32_t offset);
	void (*config_write)(struct road_bus *bus, uint32_t offset, uint32_t value);
	/* registers. On a simulated chip a read costs the modelled latency and lets the chip run
	 * up to then, so that a bounded `while (busy) relax` makes progress. */
	void (*region_info)(struct road_bus *bus, uint32_t region, struct road_bus_region *out);
	road_status (*region_map)(struct road_bus *bus, uint32_t region, uint64_t offset,
				  uint64_t bytes, void **out);
	void (*region_unmap)(struct road_bus *bus, void *mapping, uint64_t bytes);
	uint64_t (*read)(struct road_bus *bus, uint32_t region, uint64_t offset, uint32_t width);
	void (*write)(struct road_bus *bus, uint32_t region, uint64_t offset, uint32_t width,
		      uint64_t value);
	/* time: the device's clock. A driver uses no other: its deadlines are on it. relax lets
	 * time pass, at the latest until the given instant. */
	uint64_t (*now_ns)(struct road_bus *bus);
	void (*relax)(struct road_bus *bus, uint64_t until_ns);
	/* DMA */
	void (*dma_limits)(struct road_bus *bus, struct road_dma_limits *out);
	road_status (*dma_alloc)(struct road_bus *bus, uint64_t bytes, struct road_dma *out);
	void (*dma_free)(struct road_bus *bus, struct road_dma *dma);
	road_status (*dma_map)(struct road_bus *bus, void *host, uint64_t bytes,
			       enum road_dma_direction direction, struct road_dma *out);
	void (*dma_unmap)(struct road_bus *bus, struct road_dma *dma);
	/*
	 * Where the device does not look into the host's caches: makes the host's writes visible to
	 * it (to device: before it is told to read), or its writes to the host (to host: before the
	 * host reads; what the host wrote there and did not sync is lost). Works on whole lines of
	 * allocated memory, so nothing else may share a line with what the device writes; mapped
	 * memory need not fill its lines. dma_alloc and dma_map begin in sync; dma_free and
	 * dma_unmap copy nothing. May be called with locks of the core held.
	 */
	void (*dma_sync)(struct road_bus *bus, struct road_dma *dma, uint64_t offset,
			 uint64_t bytes, enum road_dma_direction direction);
	/* interrupts. bind: eventfd < 0 unbinds; a bus without descriptors answers UNSUPPORTED and
	 * delivers through the core's progress loop instead. One that is a level is masked from its
	 * coming until irq_mask(vector, false), which the core calls when the driver's irq returns.
	 */
	uint32_t (*irq_count)(struct road_bus *bus);
	road_status (*irq_bind)(struct road_bus *bus, uint32_t vector, int eventfd);
	bool (*irq_take)(struct road_bus *bus, uint32_t vector);
	road_status (*irq_wait)(struct road_bus *bus, uint32_t vector, uint64_t until_ns);
	void (*irq_mask)(struct road_bus *bus, uint32_t vector, bool masked);
	/* kernel nodes and vendor libraries */
	road_status (*control)(struct road_bus *bus, unsigned long request, void *argument);
	road_status (*symbol)(struct road_bus *bus, const char *name, void **out);
	/* lifetime */
	road_status (*reset)(struct road_bus *bus);
	bool (*lost)(struct road_bus *bus);
	void (*close)(struct road_bus *bus);
	/*
	 * 2.5: what the kernel and the catalogues know of the device, by position; ROAD_NOT_FOUND
	 * ends, and the list stays as long as the bus is open. name, unit, type, source and value,
	 * read now where it moves; what cannot be known is ROAD_VALUE_NULL. A bus that knows
	 * nothing of the sort answers ROAD_UNSUPPORTED.
	 */
	road_status (*fact)(struct road_bus *bus, uint32_t index, struct road_property *out);
};

struct road_bus {
	const struct road_bus_ops *ops;
	void *data;
};

static inline uint32_t road_read32(struct road_bus *bus, uint32_t region, uint64_t offset)
{
	return (uint32_t)bus->ops->read(bus, region, offset, 4);
}

static inline uint64_t road_read64(struct road_bus *bus, uint32_t region, uint64_t offset)
{
	return bus->ops->read(bus, region, offset, 8);
}

static inline void road_write32(struct road_bus *bus, uint32_t region, uint64_t offset,
				uint32_t value)
{
	bus->ops->write(bus, region, offset, 4, value);
}

static inline void road_write64(struct road_bus *bus, uint32_t region, uint64_t offset,
				uint64_t value)
{
	bus->ops->write(bus, region, offset, 8, value);
}

/* Words shared with the device through coherent memory. */
static inline uint64_t road_load64(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static inline void road_store64(uint64_t *word, uint64_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
}

static inline uint32_t road_load32(const uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static inline void road_store32(uint32_t *word, uint32_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
}

static inline void road_store16(uint16_t *word, uint16_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
}

#ifdef __cplusplus
}
#endif
#endif
