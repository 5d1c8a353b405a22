/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/bus/forward.h"

/* ---- what drivers see ---- */

void road_forward_ids(struct road_bus *bus, struct road_bus_ids *out)
{
	struct road_bus *inner = road_forward_inner(bus);

	inner->ops->ids(inner, out);
}

uint32_t road_forward_config_read(struct road_bus *bus, uint32_t offset)
{
	struct road_bus *inner = road_forward_inner(bus);

	return inner->ops->config_read(inner, offset);
}

void road_forward_config_write(struct road_bus *bus, uint32_t offset, uint32_t value)
{
	struct road_bus *inner = road_forward_inner(bus);

	inner->ops->config_write(inner, offset, value);
}

void road_forward_region_info(struct road_bus *bus, uint32_t region, struct road_bus_region *out)
{
	struct road_bus *inner = road_forward_inner(bus);

	inner->ops->region_info(inner, region, out);
}

road_status road_forward_region_map(struct road_bus *bus, uint32_t region, uint64_t offset,
				    uint64_t bytes, void **out)
{
	struct road_bus *inner = road_forward_inner(bus);

	return inner->ops->region_map(inner, region, offset, bytes, out);
}

void road_forward_region_unmap(struct road_bus *bus, void *mapping, uint64_t bytes)
{
	struct road_bus *inner = road_forward_inner(bus);

	inner->ops->region_unmap(inner, mapping, bytes);
}

uint64_t road_forward_read(struct road_bus *bus, uint32_t region, uint64_t offset, uint32_t width)
{
	struct road_bus *inner = road_forward_inner(bus);

	return inner->ops->read(inner, region, offset, width);
}

void road_forward_write(struct road_bus *bus, uint32_t region, uint64_t offset, uint32_t width,
			uint64_t value)
{
	struct road_bus *inner = road_forward_inner(bus);

	inner->ops->write(inner, region, offset, width, value);
}

uint64_t road_forward_now_ns(struct road_bus *bus)
{
	struct road_bus *inner = road_forward_inner(bus);

	return inner->ops->now_ns(inner);
}

void road_forward_relax(struct road_bus *bus, uint64_t until_ns)
{
	struct road_bus *inner = road_forward_inner(bus);

	inner->ops->relax(inner, until_ns);
}

void road_forward_dma_limits(struct road_bus *bus, struct road_dma_limits *out)
{
	struct road_bus *inner = road_forward_inner(bus);

	inner->ops->dma_limits(inner, out);
}

road_status road_forward_dma_alloc(struct road_bus *bus, uint64_t bytes, struct road_dma *out)
{
	struct road_bus *inner = road_forward_inner(bus);

	return inner->ops->dma_alloc(inner, bytes, out);
}

void road_forward_dma_free(struct road_bus *bus, struct road_dma *dma)
{
	struct road_bus *inner = road_forward_inner(bus);

	inner->ops->dma_free(inner, dma);
}

road_status road_forward_dma_map(struct road_bus *bus, void *host, uint64_t bytes,
				 enum road_dma_direction direction, struct road_dma *out)
{
	struct road_bus *inner = road_forward_inner(bus);

	return inner->ops->dma_map(inner, host, bytes, direction, out);
}

void road_forward_dma_unmap(struct road_bus *bus, struct road_dma *dma)
{
	struct road_bus *inner = road_forward_inner(bus);

	inner->ops->dma_unmap(inner, dma);
}

void road_forward_dma_sync(struct road_bus *bus, struct road_dma *dma, uint64_t offset,
			   uint64_t bytes, enum road_dma_direction direction)
{
	struct road_bus *inner = road_forward_inner(bus);

	inner->ops->dma_sync(inner, dma, offset, bytes, direction);
}

uint32_t road_forward_irq_count(struct road_bus *bus)
{
	struct road_bus *inner = road_forward_inner(bus);

	return inner->ops->irq_count(inner);
}

road_status road_forward_irq_bind(struct road_bus *bus, uint32_t vector, int eventfd)
{
	struct road_bus *inner = road_forward_inner(bus);

	return inner->ops->irq_bind(inner, vector, eventfd);
}

bool road_forward_irq_take(struct road_bus *bus, uint32_t vector)
{
	struct road_bus *inner = road_forward_inner(bus);

	return inner->ops->irq_take(inner, vector);
}

road_status road_forward_irq_wait(struct road_bus *bus, uint32_t vector, uint64_t until_ns)
{
	struct road_bus *inner = road_forward_inner(bus);

	return inner->ops->irq_wait(inner, vector, until_ns);
}

void road_forward_irq_mask(struct road_bus *bus, uint32_t vector, bool masked)
{
	struct road_bus *inner = road_forward_inner(bus);

	inner->ops->irq_mask(inner, vector, masked);
}

road_status road_forward_control(struct road_bus *bus, unsigned long request, void *argument)
{
	struct road_bus *inner = road_forward_inner(bus);

	return inner->ops->control(inner, request, argument);
}

road_status road_forward_symbol(struct road_bus *bus, const char *name, void **out)
{
	struct road_bus *inner = road_forward_inner(bus);

	return inner->ops->symbol(inner, name, out);
}

road_status road_forward_reset(struct road_bus *bus)
{
	struct road_bus *inner = road_forward_inner(bus);

	return inner->ops->reset(inner);
}

bool road_forward_lost(struct road_bus *bus)
{
	struct road_bus *inner = road_forward_inner(bus);

	return inner->ops->lost(inner);
}

void road_forward_close(struct road_bus *bus)
{
	struct road_bus *inner = road_forward_inner(bus);

	inner->ops->close(inner);
}

road_status road_forward_fact(struct road_bus *bus, uint32_t index, struct road_property *out)
{
	struct road_bus *inner = road_forward_inner(bus);

	return inner->ops->fact(inner, index, out);
}

/* ---- what the core sees ---- */

static const struct road_bus_control *control_of(struct road_bus *bus)
{
	return road_bus_control_of(road_forward_inner(bus));
}

static void control_costs(struct road_bus *bus, uint64_t *submit_ps, uint64_t *query_ps)
{
	control_of(bus)->costs(road_forward_inner(bus), submit_ps, query_ps);
}

static uint64_t control_irq_pending(struct road_bus *bus)
{
	return control_of(bus)->irq_pending(road_forward_inner(bus));
}

static void control_unplug(struct road_bus *bus)
{
	control_of(bus)->unplug(road_forward_inner(bus));
}

static enum road_bus_inject control_inject(struct road_bus *bus, bool poison, uint64_t address)
{
	return control_of(bus)->inject(road_forward_inner(bus), poison, address);
}

static enum road_bus_inject control_phase_fail(struct road_bus *bus, uint32_t region,
					       uint32_t phase, uint32_t times)
{
	return control_of(bus)->phase_fail(road_forward_inner(bus), region, phase, times);
}

static bool control_firmware(struct road_bus *bus, const char *component, const void **image,
			     size_t *bytes, const uint8_t **key)
{
	return control_of(bus)->firmware(road_forward_inner(bus), component, image, bytes, key);
}

static enum road_bus_inject control_boot_fault(struct road_bus *bus, uint32_t fault, uint32_t phase,
					       uint32_t times)
{
	return control_of(bus)->boot_fault(road_forward_inner(bus), fault, phase, times);
}

static bool control_counter(struct road_bus *bus, uint32_t index, const char **name,
			    uint64_t *value)
{
	return control_of(bus)->counter(road_forward_inner(bus), index, name, value);
}

static bool control_line(struct road_bus *bus, uint32_t index, road_sim_line *out)
{
	return control_of(bus)->line(road_forward_inner(bus), index, out);
}

static bool control_parameter(struct road_bus *bus, uint32_t index, road_sim_parameter *out)
{
	return control_of(bus)->parameter(road_forward_inner(bus), index, out);
}

static bool control_scenario(struct road_bus *bus, uint32_t index, const char **name,
			     const char **text)
{
	return control_of(bus)->scenario(road_forward_inner(bus), index, name, text);
}

static uint64_t control_violations(struct road_bus *bus)
{
	return control_of(bus)->violations(road_forward_inner(bus));
}

static bool control_violation(struct road_bus *bus, uint32_t index, char *text, size_t bytes)
{
	return control_of(bus)->violation(road_forward_inner(bus), index, text, bytes);
}

static size_t control_report(struct road_bus *bus, char *out, size_t bytes)
{
	return control_of(bus)->report(road_forward_inner(bus), out, bytes);
}

static int control_trace(struct road_bus *bus, int fd)
{
	return control_of(bus)->trace(road_forward_inner(bus), fd);
}

static road_status control_reach(struct road_bus *bus)
{
	return control_of(bus)->reach(road_forward_inner(bus));
}

static int control_lost_fd(struct road_bus *bus)
{
	return control_of(bus)->lost_fd(road_forward_inner(bus));
}

static void control_let_go(struct road_bus *bus)
{
	control_of(bus)->let_go(road_forward_inner(bus));
}

static size_t control_lost_why(struct road_bus *bus, char *out, size_t bytes)
{
	return control_of(bus)->lost_why(road_forward_inner(bus), out, bytes);
}

static bool control_attend(struct road_bus *bus, bool on)
{
	return control_of(bus)->attend(road_forward_inner(bus), on);
}

static road_status control_share(struct road_bus *bus, const struct road_bus_offer *offer,
				 road_token *out)
{
	return control_of(bus)->share(road_forward_inner(bus), offer, out);
}

static road_status control_obtain(struct road_bus *bus, enum road_bus_share kind,
				  const road_token *token, int *fd, uint64_t *bytes)
{
	return control_of(bus)->obtain(road_forward_inner(bus), kind, token, fd, bytes);
}

static void control_revoke(struct road_bus *bus, uint64_t object)
{
	control_of(bus)->revoke(road_forward_inner(bus), object);
}

static const struct road_bus_timelines *timelines_of(struct road_bus *bus)
{
	return control_of(bus)->timelines;
}

static road_status timeline_open(struct road_bus *bus, int fd, uint32_t *out)
{
	return timelines_of(bus)->open(road_forward_inner(bus), fd, out);
}

static void timeline_close(struct road_bus *bus, uint32_t timeline)
{
	timelines_of(bus)->close(road_forward_inner(bus), timeline);
}

static road_status timeline_fd(struct road_bus *bus, uint32_t timeline, int *out)
{
	return timelines_of(bus)->fd(road_forward_inner(bus), timeline, out);
}

static road_status timeline_value(struct road_bus *bus, uint32_t timeline, uint64_t *out)
{
	return timelines_of(bus)->value(road_forward_inner(bus), timeline, out);
}

static road_status timeline_raise(struct road_bus *bus, uint32_t timeline, uint64_t value)
{
	return timelines_of(bus)->raise(road_forward_inner(bus), timeline, value);
}

static bool timeline_wait(struct road_bus *bus, uint32_t timeline, uint64_t value,
			  uint64_t deadline_ns)
{
	return timelines_of(bus)->wait(road_forward_inner(bus), timeline, value, deadline_ns);
}

static const struct road_bus_timelines timelines = {
	.open = timeline_open,
	.close = timeline_close,
	.fd = timeline_fd,
	.value = timeline_value,
	.raise = timeline_raise,
	.wait = timeline_wait,
};

void road_forward_init(struct road_forward *forward, const struct road_bus_ops *ops,
		       struct road_bus *inner)
{
	const struct road_bus_control *of = road_bus_control_of(inner);

#define PASS(member) .member = of->member ? control_##member : NULL
	forward->control = (struct road_bus_control){
		.domain = of->domain,
		PASS(costs),
		PASS(irq_pending),
		PASS(unplug),
		PASS(inject),
		PASS(phase_fail),
		PASS(firmware),
		PASS(boot_fault),
		PASS(counter),
		PASS(line),
		PASS(parameter),
		PASS(scenario),
		PASS(violations),
		PASS(violation),
		PASS(report),
		PASS(trace),
		PASS(reach),
		PASS(lost_fd),
		PASS(let_go),
		PASS(lost_why),
		PASS(attend),
		PASS(share),
		PASS(obtain),
		PASS(revoke),
		.timelines = of->timelines ? &timelines : NULL,
	};
#undef PASS
	forward->inner = inner;
	forward->handle = (struct road_bus_handle){{.ops = ops}, &forward->control};
}
