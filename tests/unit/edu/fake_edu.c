/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/edu/fake_edu.h"

#include <roadbed-driver/driver.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct fake_edu *fake_of(struct road_bus *bus)
{
	return bus->data;
}

static void broken(struct fake_edu *fake, const char *why, uint64_t value)
{
	fake->broken++;
	snprintf(fake->why, sizeof(fake->why), "%s: 0x%llx", why, (unsigned long long)value);
}

/* ---- the device ---- */

/* What the device sees of [iova, iova + bytes); NULL: not mapped. */
static unsigned char *see(struct fake_edu *fake, uint64_t iova, uint64_t bytes)
{
	if (iova + bytes - 1 > ROAD_EDU_DMA_MASK)
		broken(fake, "bus address beyond 28 bits", iova);
	for (int i = 0; i < FAKE_MAPPINGS; i++) {
		const struct fake_mapping *m = &fake->mappings[i];
		uint64_t offset = iova - m->dma.iova.value;

		if (m->shadow && offset < m->dma.bytes && bytes <= m->dma.bytes - offset)
			return m->shadow + offset;
	}
	broken(fake, "bus address is not mapped", iova);
	return NULL;
}

/* QEMU before 9.1 wants the end to lie inside the buffer, too. */
static unsigned char *inside(struct fake_edu *fake, uint64_t address)
{
	uint64_t end = address + fake->count, limit = ROAD_EDU_BUFFER + ROAD_EDU_BUFFER_BYTES;

	if (address >= ROAD_EDU_BUFFER && address < end && end < limit)
		return fake->buffer + (address - ROAD_EDU_BUFFER);
	broken(fake, "QEMU aborts: transfer at", address);
	return NULL;
}

void fake_finish(struct fake_edu *fake)
{
	bool to_host = fake->command & ROAD_EDU_DMA_TO_HOST;
	unsigned char *in = inside(fake, to_host ? fake->source : fake->target);
	unsigned char *out = see(fake, to_host ? fake->target : fake->source, fake->count);

	if (in && out && to_host)
		memcpy(out, in, fake->count);
	else if (in && out)
		memcpy(in, out, fake->count);
	fake->transfers++;
	if (fake->count > fake->largest)
		fake->largest = fake->count;
	fake->command &= ~ROAD_EDU_DMA_START;
	if (fake->command & ROAD_EDU_DMA_IRQ) {
		fake->irq_status |= ROAD_EDU_IRQ_DMA;
		fake->irq = true;
	}
}

static uint64_t bus_read(struct road_bus *bus, uint32_t region, uint64_t offset, uint32_t width)
{
	struct fake_edu *fake = fake_of(bus);

	if (fake->lost)
		return width == 8 ? UINT64_MAX : UINT32_MAX;
	if (region != ROAD_EDU_REGION || (offset < 0x80 && width != 4))
		broken(fake, "read", offset);
	switch (offset) {
	case ROAD_EDU_REG_ID: return fake->id;
	case ROAD_EDU_REG_LIVENESS: return ~fake->liveness ^ fake->liveness_xor;
	case ROAD_EDU_REG_FACTORIAL: return fake->factorial;
	case ROAD_EDU_REG_STATUS: return fake->status;
	case ROAD_EDU_REG_IRQ_STATUS: return fake->irq_status;
	case ROAD_EDU_REG_DMA_COMMAND: return fake->command;
	default: broken(fake, "read", offset); return UINT32_MAX;
	}
}

static void start_transfer(struct fake_edu *fake, uint64_t value)
{
	if (fake->command & ROAD_EDU_DMA_START) {
		broken(fake, "transfer started while one runs", value);
		return;
	}
	fake->command = (uint32_t)value;
	fake->dma_end = fake->now + FAKE_DMA_NS;
}

static void bus_write(struct road_bus *bus, uint32_t region, uint64_t offset, uint32_t width,
		      uint64_t value)
{
	struct fake_edu *fake = fake_of(bus);

	fake->writes++;
	if (fake->lost)
		return;
	if (region != ROAD_EDU_REGION || (offset < 0x80 && width != 4))
		broken(fake, "write", offset);
	switch (offset) {
	case ROAD_EDU_REG_LIVENESS: fake->liveness = (uint32_t)value; break;
	case ROAD_EDU_REG_FACTORIAL:
		fake->factorial = value == 5 ? fake->factorial_of_5 : 0;
		fake->status |= ROAD_EDU_STATUS_COMPUTING;
		break;
	case ROAD_EDU_REG_STATUS: fake->status = (uint32_t)value & ROAD_EDU_STATUS_IRQ; break;
	case ROAD_EDU_REG_IRQ_ACK:
		fake->irq_status &= ~(uint32_t)value;
		fake->irq = fake->irq_status != 0;
		break;
	case ROAD_EDU_REG_DMA_SOURCE: fake->source = value; break;
	case ROAD_EDU_REG_DMA_TARGET: fake->target = value; break;
	case ROAD_EDU_REG_DMA_COUNT: fake->count = value; break;
	case ROAD_EDU_REG_DMA_COMMAND: start_transfer(fake, value); break;
	default: broken(fake, "write", offset);
	}
}

/* ---- time ---- */

static uint64_t bus_now_ns(struct road_bus *bus)
{
	return fake_of(bus)->now;
}

static void bus_relax(struct road_bus *bus, uint64_t until_ns)
{
	struct fake_edu *fake = fake_of(bus);

	if (fake->status & ROAD_EDU_STATUS_COMPUTING && !fake->computes_forever) {
		fake->now += 1000;
		fake->status &= ~ROAD_EDU_STATUS_COMPUTING;
	} else if (fake->command & ROAD_EDU_DMA_START && !fake->wedged &&
		   fake->dma_end <= until_ns) {
		fake->now = fake->dma_end;
		fake_finish(fake);
	} else {
		fake->now = until_ns;
	}
}

/* ---- memory ---- */

static void bus_dma_limits(struct road_bus *bus, struct road_dma_limits *out)
{
	*out = (struct road_dma_limits){
		.mask = UINT64_MAX, .granule = 4096, .coherent = fake_of(bus)->coherent};
}

static uint64_t pages(uint64_t bytes)
{
	return (bytes + 4095) & ~UINT64_C(4095);
}

/* A gap between the mappings, as an IOMMU's driver would find one. */
static uint64_t free_iova(const struct fake_edu *fake, uint64_t bytes)
{
	uint64_t at = fake->first_iova;

	for (int i = 0; i < FAKE_MAPPINGS; i++) {
		const struct road_dma *dma = &fake->mappings[i].dma;

		if (fake->mappings[i].shadow && at < dma->iova.value + pages(dma->bytes) + 4096 &&
		    dma->iova.value < at + bytes + 4096) {
			at = dma->iova.value + pages(dma->bytes) + 4096;
			i = -1;
		}
	}
	return at;
}

static road_status bus_dma_alloc(struct road_bus *bus, uint64_t bytes, struct road_dma *out)
{
	struct fake_edu *fake = fake_of(bus);
	struct fake_mapping *m = fake->mappings;

	if (++fake->allocs == fake->fail_alloc)
		return road_drv_error(ROAD_IO, "planned", "dma_alloc", NULL, NULL);
	while (m < fake->mappings + FAKE_MAPPINGS && m->shadow)
		m++;
	if (m == fake->mappings + FAKE_MAPPINGS)
		return road_drv_error(ROAD_NO_SPACE, "no mapping left", "dma_alloc", NULL, NULL);
	uint64_t iova = free_iova(fake, pages(bytes));

	m->dma = (struct road_dma){.host = aligned_alloc(4096, pages(bytes)),
				   .iova = {iova},
				   .bytes = bytes,
				   .fd = -1,
				   .coherent = fake->coherent};
	memset(m->dma.host, 0, pages(bytes));
	m->shadow = fake->coherent ? m->dma.host : calloc(1, bytes);
	fake->mapped++;
	*out = m->dma;
	return ROAD_OK;
}

static struct fake_mapping *mapping_of(struct fake_edu *fake, const struct road_dma *dma)
{
	for (int i = 0; i < FAKE_MAPPINGS; i++)
		if (fake->mappings[i].shadow && fake->mappings[i].dma.host == dma->host)
			return &fake->mappings[i];
	broken(fake, "no such mapping", dma->iova.value);
	return NULL;
}

static void bus_dma_free(struct road_bus *bus, struct road_dma *dma)
{
	struct fake_edu *fake = fake_of(bus);
	struct fake_mapping *m = mapping_of(fake, dma);

	if (!m)
		return;
	if (m->shadow != m->dma.host)
		free(m->shadow);
	free(m->dma.host);
	m->shadow = NULL;
	fake->mapped--;
}

static void bus_dma_sync(struct road_bus *bus, struct road_dma *dma, uint64_t offset,
			 uint64_t bytes, enum road_dma_direction direction)
{
	struct fake_edu *fake = fake_of(bus);
	struct fake_mapping *m = mapping_of(fake, dma);

	if (!m || m->shadow == m->dma.host)
		return;
	if (offset > m->dma.bytes || bytes > m->dma.bytes - offset)
		broken(fake, "sync beyond the mapping", offset);
	else if (direction == ROAD_DMA_TO_DEVICE)
		memcpy(m->shadow + offset, (char *)m->dma.host + offset, bytes);
	else
		memcpy((char *)m->dma.host + offset, m->shadow + offset, bytes);
}

/* ---- lifetime ---- */

static road_status bus_reset(struct road_bus *bus)
{
	struct fake_edu *fake = fake_of(bus);

	fake->resets++;
	fake->wedged = false;
	fake->command = fake->status = fake->irq_status = 0;
	fake->irq = false;
	memset(fake->buffer, 0, sizeof(fake->buffer));
	return ROAD_OK;
}

static bool bus_lost(struct road_bus *bus)
{
	return fake_of(bus)->lost;
}

static const struct road_bus_ops bus_ops = {
	.name = "fake",
	.read = bus_read,
	.write = bus_write,
	.now_ns = bus_now_ns,
	.relax = bus_relax,
	.dma_limits = bus_dma_limits,
	.dma_alloc = bus_dma_alloc,
	.dma_free = bus_dma_free,
	.dma_sync = bus_dma_sync,
	.reset = bus_reset,
	.lost = bus_lost,
};

void fake_init(struct fake_edu *fake)
{
	memset(fake, 0, sizeof(*fake));
	fake->bus = (struct road_bus){&bus_ops, fake};
	fake->id = ROAD_EDU_ID;
	fake->factorial_of_5 = 120;
	fake->coherent = true;
	fake->first_iova = 0x10000;
	fake->irq_status = 0x55;                          /* left by an earlier user */
	memset(fake->buffer, 0xee, sizeof(fake->buffer)); /* power-on contents are not documented */
}
