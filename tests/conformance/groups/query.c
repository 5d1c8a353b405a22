/* SPDX-License-Identifier: Apache-2.0 */
/* What a device tells of itself: shapes, sources, and whether it is so. */
#include "tests/conformance/case.h"
#include "tests/conformance/fixture.h"

#include <ctype.h>
#include <stddef.h>
#include <stdio.h>
#include <time.h>

enum { PROPERTIES_MAX = 512, POISON = 0xa5, TAIL = 64 };

/* Any of the structures that a device fills; `bytes` of it are the caller's. */
struct asked {
	const char *name;
	uint32_t bytes;
	road_status (*ask)(struct fixture *f, void *out);
};

static road_status ask_info(struct fixture *f, void *out)
{
	return road_device_info_get(f->device, out);
}

static road_status ask_property(struct fixture *f, void *out)
{
	return road_device_property_at(f->device, 0, out);
}

static road_status ask_heap(struct fixture *f, void *out)
{
	return road_device_heap(f->device, 0, out);
}

static road_status ask_link(struct fixture *f, void *out)
{
	return road_device_link(f->device, f->device, out);
}

static road_status ask_candidate(struct fixture *f, void *out)
{
	return road_instance_explain(f->instance, ROAD_ENUMERATE_POSSIBLE, 0, out);
}

static const struct asked asked[] = {
	{"road_device_info", sizeof(road_device_info), ask_info},
	{"road_property", sizeof(road_property), ask_property},
	{"road_heap_info", sizeof(road_heap_info), ask_heap},
	{"road_link", sizeof(road_link), ask_link},
	{"road_candidate", sizeof(road_candidate), ask_candidate},
};
enum { ASKED = sizeof(asked) / sizeof(asked[0]) };

static _Alignas(16) unsigned char area[2048];

static road_status ask(struct fixture *f, const struct asked *a, uint32_t size)
{
	memset(area, POISON, sizeof(area));
	memcpy(area, &size, sizeof(size));
	return a->ask(f, area);
}

static bool is_all(size_t from, size_t to, unsigned char value)
{
	for (size_t i = from; i < to; i++)
		if (area[i] != value)
			return false;
	return true;
}

/* Without a size nothing is written; with one nothing but it says how much. */
CONFORMANCE_CASE(query, info_size_first)
{
	for (unsigned i = 0; i < ASKED; i++) {
		for (uint32_t size = 0; size < 8; size++) {
			CHECK_STATUS(ask(f, &asked[i], size), ROAD_INVALID_ARGUMENT);
			CHECK(is_all(4, sizeof(area), POISON));
		}
		CHECK_STATUS(ask(f, &asked[i], UINT32_MAX), ROAD_INVALID_ARGUMENT);
		CHECK_OK(ask(f, &asked[i], asked[i].bytes));
		CHECK(is_all(asked[i].bytes, sizeof(area), POISON));
	}
}

/* Every shorter size gets the beginning of the whole, and no more. */
CONFORMANCE_CASE(query, info_short_struct_ok)
{
	unsigned char whole[2048];

	for (unsigned i = 0; i < ASKED; i++) {
		CHECK_OK(ask(f, &asked[i], asked[i].bytes));
		memcpy(whole, area, asked[i].bytes);
		for (uint32_t size = 8; size < asked[i].bytes; size += size < 64 ? 4 : 36) {
			CHECK_OK(ask(f, &asked[i], size));
			if (memcmp(area + 4, whole + 4, size - 4))
				CASE_FAIL("%s of size %u: begins otherwise", asked[i].name, size);
			if (!is_all(size, sizeof(area), POISON))
				CASE_FAIL("%s of size %u: written behind it", asked[i].name, size);
		}
	}
}

CONFORMANCE_CASE(query, info_long_zero_tail_ok)
{
	unsigned char whole[2048];

	for (unsigned i = 0; i < ASKED; i++) {
		CHECK_OK(ask(f, &asked[i], asked[i].bytes));
		memcpy(whole, area, asked[i].bytes);
		CHECK_OK(ask(f, &asked[i], asked[i].bytes + TAIL));
		CHECK(!memcmp(area + 4, whole + 4, asked[i].bytes - 4));
		CHECK(is_all(asked[i].bytes, asked[i].bytes + TAIL, 0));
		CHECK(is_all(asked[i].bytes + TAIL, sizeof(area), POISON));
	}
}

/* ---- properties ---- */

static uint32_t properties(struct fixture *f, road_property *out)
{
	uint32_t count = 0;
	road_status status;

	for (;; count++) {
		REQUIRE(count < PROPERTIES_MAX);
		out[count] = (road_property){.size = sizeof(*out)};
		status = road_device_property_at(f->device, count, &out[count]);
		if (status)
			break;
	}
	CHECK_STATUS(status, ROAD_NOT_FOUND);
	return count;
}

static road_property *all_properties(struct fixture *f, uint32_t *count)
{
	road_property *list = fixture_memory(f, (PROPERTIES_MAX + 1) * sizeof(*list));

	*count = properties(f, list);
	return list;
}

CONFORMANCE_CASE(query, property_unknown_id_not_found)
{
	static const char *const unknown[] = {"", "no.such.property", "memory.bytes ",
					      "Memory.Bytes", "memory"};
	road_property property = {.size = sizeof(property)};
	uint32_t count;

	(void)all_properties(f, &count);
	for (unsigned i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		CHECK_STATUS(road_device_property(f->device, unknown[i], &property),
			     ROAD_NOT_FOUND);
	CHECK_STATUS(road_device_property_at(f->device, count, &property), ROAD_NOT_FOUND);
	CHECK_STATUS(road_device_property_at(f->device, UINT32_MAX, &property), ROAD_NOT_FOUND);
}

CONFORMANCE_CASE(query, property_iteration_ends)
{
	uint32_t count, again;
	road_property *list = all_properties(f, &count), *other = all_properties(f, &again);

	CHECK(count >= 1);
	REQUIRE_EQ(again, count);
	for (uint32_t i = 0; i < count; i++) {
		road_property named = {.size = sizeof(named)};

		CHECK(!strcmp(list[i].name, other[i].name) && list[i].id == other[i].id);
		CHECK_OK(road_device_property(f->device, list[i].name, &named));
		CHECK_EQ(named.id, list[i].id);
		for (uint32_t j = 0; j < i; j++)
			if (!strcmp(list[i].name, list[j].name) || list[i].id == list[j].id)
				CASE_FAIL("%s (%u) and %s (%u) are not told apart", list[j].name,
					  list[j].id, list[i].name, list[i].id);
	}
}

/* Lower-case words with dots between: "compute.warp_size". */
static bool is_dotted(const char *name)
{
	for (const char *at = name; *at; at++)
		if (!islower((unsigned char)*at) && !isdigit((unsigned char)*at) && *at != '_' &&
		    !(*at == '.' && at > name && at[1] && at[-1] != '.'))
			return false;
	return islower((unsigned char)name[0]);
}

CONFORMANCE_CASE(query, property_has_source)
{
	uint32_t count;
	road_property *list = all_properties(f, &count);
	road_metric metric = {.size = sizeof(metric)};

	for (uint32_t i = 0; i < count; i++) {
		CHECK(list[i].source <= ROAD_SOURCE_ASSUMED);
		CHECK(list[i].type <= ROAD_VALUE_BOOL);
		if (!is_dotted(list[i].name))
			CASE_FAIL("\"%s\" is no name of a property", list[i].name);
	}
	for (uint32_t i = 0; !road_device_telemetry(f->device, ROAD_TELEMETRY_ALL, i, &metric); i++)
		if (metric.source > ROAD_SOURCE_ASSUMED || !metric.name[0])
			CASE_FAIL("metric %s has source %u", metric.name, metric.source);
}

/* An unknown value is of type NULL and holds nothing; a known size, rate or count of units is not
 * 0, for that is what unknown looked like. */
CONFORMANCE_CASE(query, null_vs_zero_distinguished)
{
	uint32_t count;
	road_property *list = all_properties(f, &count);

	for (uint32_t i = 0; i < count; i++) {
		const road_property *p = &list[i];

		if (p->type == ROAD_VALUE_NULL && (p->u64 || p->f64 != 0 || p->text[0]))
			CASE_FAIL("%s is unknown, and has a value", p->name);
		if ((p->type == ROAD_VALUE_U64 || p->type == ROAD_VALUE_BOOL) &&
		    (p->f64 != 0 || p->text[0]))
			CASE_FAIL("%s has two values", p->name);
		if (p->type == ROAD_VALUE_BOOL && p->u64 > 1)
			CASE_FAIL("%s is neither true nor false", p->name);
		if (p->type == ROAD_VALUE_TEXT && !p->text[0])
			CASE_FAIL("%s is known, and empty", p->name);
		if (p->type == ROAD_VALUE_U64 && p->unit[0] && !p->u64)
			CASE_FAIL("%s is 0 %s", p->name, p->unit);
		if (p->type == ROAD_VALUE_F64 && p->unit[0] && !(p->f64 > 0 || p->f64 < 0))
			CASE_FAIL("%s is 0 %s", p->name, p->unit);
	}
}

/* ---- texts ---- */

static bool ends(const char *text, size_t bytes)
{
	return memchr(text, 0, bytes) != NULL;
}

#define ENDS(member) ends(member, sizeof(member))

CONFORMANCE_CASE(query, device_strings_terminated)
{
	road_device_info info;
	uint32_t count;
	road_property *list = all_properties(f, &count);
	road_candidate candidate;
	road_link link;

	memset(&info, POISON, sizeof(info));
	info.size = sizeof(info);
	CHECK_OK(road_device_info_get(f->device, &info));
	CHECK(ENDS(info.address) && ENDS(info.name) && ENDS(info.vendor) && ENDS(info.driver) &&
	      ENDS(info.bus) && ENDS(info.pci_address));
	CHECK(info.address[0] && info.name[0] && info.driver[0] && info.bus[0]);
	CHECK((info.pci_vendor != 0) == (info.pci_device != 0)); /* one without the other is none */
	for (uint32_t i = 0; i < count; i++)
		CHECK(ENDS(list[i].name) && ENDS(list[i].unit) && ENDS(list[i].text));
	memset(&link, POISON, sizeof(link));
	link.size = sizeof(link);
	CHECK_OK(road_device_link(f->device, f->device, &link));
	CHECK(ENDS(link.path));
	for (uint32_t i = 0;; i++) {
		memset(&candidate, POISON, sizeof(candidate));
		candidate.size = sizeof(candidate);
		if (road_instance_explain(f->instance, ROAD_ENUMERATE_POSSIBLE, i, &candidate))
			break;
		CHECK(ENDS(candidate.address) && ENDS(candidate.name) && ENDS(candidate.driver) &&
		      ENDS(candidate.reason));
	}
}

/* ---- memory ---- */

static road_heap_info heap_at(struct fixture *f, uint32_t index)
{
	road_heap_info heap = {.size = sizeof(heap)};

	CHECK_OK(road_device_heap(f->device, index, &heap));
	return heap;
}

CONFORMANCE_CASE(query, regions_sum_consistent)
{
	uint64_t sum = 0, most = 0;
	uint32_t seen = 0;
	bool bounded = true;
	road_heap_info extra = {.size = sizeof(extra)};

	CHECK(f->info.heap_count >= 1);
	CHECK_STATUS(road_device_heap(f->device, f->info.heap_count, &extra), ROAD_NOT_FOUND);
	for (uint32_t i = 0; i < f->info.heap_count; i++) {
		road_heap_info heap = heap_at(f, i);

		REQUIRE(heap.kind < ROAD_HEAP_KINDS);
		CHECK(!(seen >> heap.kind & 1)); /* a kind is asked for by its name */
		seen |= 1u << heap.kind;
		CHECK(heap.granule_bytes && !(heap.granule_bytes & (heap.granule_bytes - 1)));
		CHECK(!heap.bytes || heap.used_bytes <= heap.bytes);
		CHECK(heap.buffer_bytes <= heap.used_bytes);
		CHECK(heap.buffer_bytes <= heap.buffer_peak_bytes);
		CHECK_EQ(heap.host_visible,
			 heap.kind != ROAD_HEAP_DEVICE && heap.kind != ROAD_HEAP_SCRATCH);
		if (f->info.features & ROAD_FEATURE_COHERENT)
			CHECK_EQ(heap.coherent, 1);
		if (heap.kind == ROAD_HEAP_SCRATCH) /* at the end of the list, beside memory */
			CHECK_EQ(i, f->info.heap_count - 1);
		if (heap.kind == ROAD_HEAP_HOST || heap.kind == ROAD_HEAP_SCRATCH)
			continue;
		sum += heap.bytes;
		most = heap.bytes > most ? heap.bytes : most;
		bounded &= heap.bytes != 0;
	}
	if (bounded) /* heaps may be the same memory, and nothing is beside them */
		CHECK(f->info.memory_bytes >= most && f->info.memory_bytes <= sum);
}

CONFORMANCE_CASE(query, region_used_tracks_alloc)
{
	(void)fixture_queue(f); /* what it takes is taken */
	for (uint32_t i = 0; i < f->memory_heaps; i++) {
		road_heap_info before = heap_at(f, i), during, after;
		uint64_t bytes = fixture_bytes(f, 1 << 20, 256);
		road_buffer_options options = {.size = sizeof(options), .heap = before.kind};
		road_space_usage usage = {.size = sizeof(usage)};
		road_buffer *buffer = NULL;

		options.bytes = bytes;
		CHECK_OK(road_buffer_create(f->space, &options, &buffer));
		during = heap_at(f, i);
		CHECK_EQ(during.buffer_bytes, before.buffer_bytes + bytes);
		CHECK_EQ(during.buffer_count, before.buffer_count + 1);
		CHECK(during.used_bytes >= before.used_bytes + bytes);
		CHECK(during.buffer_peak_bytes >= during.buffer_bytes);
		CHECK_OK(road_space_usage_get(f->space, &usage));
		CHECK(usage.bytes >= bytes && usage.buffers >= 1);
		road_buffer_release(buffer);
		after = heap_at(f, i);
		CHECK_EQ(after.buffer_bytes, before.buffer_bytes);
		CHECK_EQ(after.buffer_count, before.buffer_count);
		CHECK_EQ(after.used_bytes, before.used_bytes);
		CHECK_EQ(after.buffer_peak_bytes, during.buffer_peak_bytes);
	}
}

/* ---- engines, limits ---- */

CONFORMANCE_CASE(query, engine_list_nonempty)
{
	const uint64_t always = UINT64_C(1) << ROAD_COMMAND_WRITE |
				UINT64_C(1) << ROAD_COMMAND_READ |
				UINT64_C(1) << ROAD_COMMAND_BARRIER;
	const uint32_t known = 1u << ROAD_QUEUE_COMPUTE | 1u << ROAD_QUEUE_TRANSFER;

	CHECK(f->info.queue_classes && !(f->info.queue_classes & ~known));
	CHECK(f->info.queues_max >= 1 && f->info.queue_depth_max >= 1);
	CHECK_EQ(f->info.commands & always, always);
	CHECK(!(f->info.commands >> ROAD_COMMAND_KINDS));
	for (uint32_t i = ROAD_QUEUE_COMPUTE; i <= ROAD_QUEUE_TRANSFER; i++) {
		road_queue_options options = {.size = sizeof(options), .queue_class = i};
		road_queue *queue = NULL;
		bool there = f->info.queue_classes >> i & 1;

		CHECK_STATUS(road_queue_create(f->space, &options, &queue),
			     there ? ROAD_OK : ROAD_UNSUPPORTED);
		road_queue_release(queue);
	}
}

static void look_at_queues(struct fixture *f)
{
	road_queue_options options = {.size = sizeof(options)};
	road_queue **queues = fixture_memory(f, (f->info.queues_max + 1) * sizeof(road_queue *));
	uint32_t count = 0;
	road_status status;

	options.depth = f->info.queue_depth_max + 1;
	CHECK_STATUS(road_queue_create(f->space, &options, &queues[0]), ROAD_INVALID_ARGUMENT);
	options.depth = f->info.queue_depth_max;
	CHECK_OK(road_queue_create(f->space, &options, &queues[0]));
	road_queue_release(queues[0]);
	options.depth = 1;
	do
		status = road_queue_create(f->space, &options, &queues[count]);
	while (!status && count++ < f->info.queues_max);
	CHECK_STATUS(status, ROAD_NO_SPACE);
	CHECK_EQ(count, f->info.queues_max);
	while (count)
		road_queue_release(queues[--count]);
}

static void look_at_heaps(struct fixture *f)
{
	for (uint32_t i = 0; i < f->info.heap_count; i++) {
		road_heap_info heap = heap_at(f, i);
		road_buffer_options options = {.size = sizeof(options), .heap = heap.kind};
		road_buffer *buffer = NULL;

		options.bytes = heap.bytes + 1;
		if (heap.bytes)
			CHECK_STATUS(road_buffer_create(f->space, &options, &buffer),
				     ROAD_OUT_OF_DEVICE_MEMORY);
		options.bytes = 64;
		options.alignment = UINT64_C(4) << 20;
		CHECK_STATUS(road_buffer_create(f->space, &options, &buffer),
			     ROAD_INVALID_ARGUMENT);
	}
}

static void look_at_kernel(struct fixture *f)
{
	uint64_t arguments[3] = {fixture_address(f, fixture_buffer(f, 64)), 16, 0};
	road_launch launch = fixture_launch_of(f, "iota", arguments, 3);
	road_kernel_info info = {.size = sizeof(info)};
	road_point point;

	CHECK_OK(road_kernel_info_get(launch.kernel, &info));
	if (!info.threads_max)
		return;
	launch.grid.x = 1;
	launch.block.x = info.threads_max;
	CHECK_OK(road_queue_launch(fixture_queue(f), &launch, &point));
	CHECK_OK(road_point_wait(point, SOON));
	if (info.threads_max == UINT32_MAX)
		return;
	launch.block.x = info.threads_max + 1;
	CHECK(road_queue_launch(fixture_queue(f), &launch, &point) < 0);
}

CONFORMANCE_CASE(query, limits_enforced_as_reported)
{
	look_at_queues(f);
	look_at_heaps(f);
	if (fixture_has(f, CAPABILITY_IMAGES))
		look_at_kernel(f);
}

/* ---- features ---- */

/* A call that needs the feature, with arguments that are right where it is there. */
static road_status use_spaces(struct fixture *f)
{
	road_space *space = NULL;
	road_status status = road_space_create(f->device, NULL, &space);

	road_space_release(space);
	return status;
}

static road_status use_map(struct fixture *f)
{
	uint64_t address = 0;
	road_status status = road_space_reserve(f->space, 4096, 0, &address);

	return status ? status : road_space_unreserve(f->space, address);
}

static road_status use_reset(struct fixture *f)
{
	return road_queue_reset(fixture_queue(f));
}

static road_status use_images(struct fixture *f)
{
	road_image *image = NULL;
	road_status status = road_image_load(f->space, "\x01nonsense", 9, NULL, &image);

	road_image_release(image);
	return status == ROAD_UNSUPPORTED ? status : ROAD_OK;
}

static road_status use_clusters(struct fixture *f)
{
	uint64_t arguments[3] = {fixture_address(f, fixture_buffer(f, 64)), 16, 0};
	road_launch launch = fixture_launch_of(f, "iota", arguments, 3);

	launch.cluster = (road_dim3){1, 1, 1};
	return road_list_launch(fixture_list(f, 0), &launch);
}

static const struct {
	uint32_t bit;
	const char *name;
	road_status (*use)(struct fixture *f);
	uint64_t needs;
} features[] = {
	{ROAD_FEATURE_IMAGES, "images", use_images, 0},
	{ROAD_FEATURE_SPACES, "spaces", use_spaces, 0},
	{ROAD_FEATURE_SPACE_MAP, "space map", use_map, 0},
	{ROAD_FEATURE_QUEUE_RESET, "queue reset", use_reset, 0},
	{ROAD_FEATURE_CLUSTERS, "clusters", use_clusters, CAP(IMAGES)},
};

/* An address of a device with unified addresses is one of this process that is nobody else's. */
static void look_at_unified(struct fixture *f)
{
	road_property property = {.size = sizeof(property)};
	bool said = f->info.features & ROAD_FEATURE_UNIFIED_ADDRESS;
	road_buffer *buffer = fixture_buffer(f, 64);
	road_lookup_result result = {.size = sizeof(result)};

	CHECK_OK(road_device_property(f->device, "address.unified", &property));
	CHECK_EQ(property.type, ROAD_VALUE_BOOL);
	CHECK_EQ(property.u64, said);
	if (!said)
		return;
	CHECK_OK(road_lookup(f->instance, fixture_address(f, buffer) + 63, &result));
	CHECK(result.buffer == buffer);
	CHECK_EQ(result.offset, 63);
}

CONFORMANCE_CASE(query, features_bits_match_behaviour)
{
	const uint32_t known = (ROAD_FEATURE_CLUSTERS << 1) - 1;

	CHECK(!(f->info.features & ~known));
	for (unsigned i = 0; i < sizeof(features) / sizeof(features[0]); i++) {
		road_status wanted =
			f->info.features & features[i].bit ? ROAD_OK : ROAD_UNSUPPORTED;

		if (features[i].needs && !fixture_has(f, CAPABILITY_IMAGES))
			continue;
		road_status status = features[i].use(f);

		if (status != wanted)
			CASE_FAIL("%s: the bit is %d, the call answers \"%s\"", features[i].name,
				  !wanted, road_status_text(status));
	}
	look_at_unified(f);
	fixture_queue_drop(f, fixture_queue(f));
	if (f->info.features & ROAD_FEATURE_PRIORITIES)
		for (uint32_t priority = 0; priority < 3; priority++) {
			road_queue_options options = {.size = sizeof(options)};

			options.priority = priority;
			fixture_queue_drop(f, fixture_queue_new(f, &options));
		}
}

/* No configurations, so none can be asked for. */
CONFORMANCE_CASE(query, fabric_absent_on_fixed_chip_unsupported)
{
	uint32_t count;
	road_property *list = all_properties(f, &count);

	CHECK(!(f->info.commands >> ROAD_COMMAND_RECONFIGURE & 1));
	for (uint32_t i = 0; i < count; i++)
		CHECK(strncmp(list[i].name, "fabric.", 7) != 0);
	if (!fixture_has(f, CAPABILITY_IMAGES))
		return;
	uint64_t arguments[3] = {fixture_address(f, fixture_buffer(f, 64)), 16, 0};
	road_launch launch = fixture_launch_of(f, "iota", arguments, 3);

	launch.configuration = 1;
	CHECK_STATUS(road_list_launch(fixture_list(f, 0), &launch), ROAD_UNSUPPORTED);
	CHECK_DETAIL("configuration");
}

/* ---- links, clocks ---- */

static void look_both_ways(road_device *a, road_device *b)
{
	road_link there = {.size = sizeof(there)}, back = {.size = sizeof(back)};

	CHECK_OK(road_device_link(a, b, &there));
	CHECK_OK(road_device_link(b, a, &back));
	CHECK_EQ(there.peer_access, back.peer_access);
	CHECK_EQ(there.bytes_per_second, back.bytes_per_second);
	CHECK(!strcmp(there.path, back.path));
	CHECK(there.path[0] && there.peer_access <= 1);
}

CONFORMANCE_CASE(query, topology_symmetric)
{
	road_link self = {.size = sizeof(self)};
	road_candidate other = {.size = sizeof(other)};
	road_device *device = NULL;

	CHECK_OK(road_device_link(f->device, f->device, &self));
	CHECK_EQ(self.peer_access, 1);
	if (fixture_has(f, CAPABILITY_SECOND))
		look_both_ways(f->device, fixture_second(f));
	for (uint32_t i = 0; !road_instance_enumerate(f->instance, 0, i, &other); i++) {
		if (road_device_open(f->instance, other.address, &device))
			continue; /* the list's, with other options */
		look_both_ways(f->device, device);
		road_device_release(device);
	}
}

static uint64_t monotonic_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

CONFORMANCE_CASE(query, clock_pair_monotonic)
{
	uint64_t first = 0, last = 0, device_ns = 0, host_ns = 0;

	for (int i = 0; i < 50; i++) {
		uint64_t before = monotonic_ns();

		CHECK_OK(road_device_clock(f->device, &device_ns, &host_ns));
		CHECK(host_ns >= before && host_ns <= monotonic_ns());
		CHECK(device_ns >= last);
		last = device_ns;
		if (!i)
			first = device_ns;
		fixture_pass(f);
	}
	CHECK(last > first); /* it does not stand while work is done */
}

/* ---- is it a chip? ---- */

static bool says_simulated(struct fixture *f, const char *address)
{
	road_candidate candidate = {.size = sizeof(candidate)};
	road_instance *instance = fixture_instance(f, address, ROAD_INSTANCE_NO_ENV);

	for (uint32_t i = 0; !road_instance_enumerate(instance, 0, i, &candidate); i++)
		if (!strcmp(candidate.address, address))
			return candidate.simulated;
	CASE_FAIL("%s is not listed", address);
	return false;
}

static void look_at_pci(struct fixture *f)
{
	unsigned domain = 0;

	if (f->info.pci_address[0] && sscanf(f->info.pci_address, "%x:", &domain) == 1)
		CHECK_EQ(domain >= 0x10000, fixture_is_made(f));
}

CONFORMANCE_CASE(query, simulated_always_said)
{
	uint64_t count = 0;
	uint32_t deterministic = 0;
	bool simulated = f->info.simulated;
	road_status wanted = simulated ? ROAD_OK : ROAD_UNSUPPORTED;

	CHECK(f->info.simulated <= 1);
	CHECK_EQ(strstr(f->address, "sim:") || !strncmp(f->address, "sock:", 5),
		 fixture_is_made(f));
	CHECK_EQ(says_simulated(f, f->address), simulated);
	look_at_pci(f);
	fixture_back(f);
	CHECK_STATUS(road_sim_violations(f->device, &count), wanted);
	CHECK_STATUS(road_sim_deterministic(f->device, &deterministic), wanted);
	if (!simulated)
		return;
	size_t bytes = 0;
	char *report;

	CHECK_OK(road_sim_report(f->device, NULL, 0, &bytes));
	report = fixture_memory(f, bytes);
	CHECK_OK(road_sim_report(f->device, report, bytes, NULL));
	CHECK(strstr(report, "simulated") != NULL);
}
