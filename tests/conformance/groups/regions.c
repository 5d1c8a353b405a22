/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/conformance/groups/regions.h"

#include <stdio.h>

#include "tests/conformance/fixture.h"

/* ---- regions ---- */

static void give_back_region(void *region)
{
	road_region_release(region);
}

road_region *region_root(struct fixture *f)
{
	road_region *root = NULL;

	CHECK_OK(road_region_root(f->device, &root));
	return fixture_keep(f, root, give_back_region);
}

road_region *region_child(struct fixture *f, road_region *parent, uint32_t index)
{
	road_region *child = NULL;

	CHECK_OK(road_region_child(parent, index, &child));
	return fixture_keep(f, child, give_back_region);
}

road_region_info region_info(road_region *region)
{
	road_region_info info = {.size = sizeof(info)};

	CHECK_OK(road_region_info_get(region, &info));
	return info;
}

road_region_status region_status(road_region *region)
{
	road_region_status status = {.size = sizeof(status)};

	CHECK_OK(road_region_status_get(region, &status));
	return status;
}

road_queue *region_queue(struct fixture *f, road_region *region)
{
	road_queue_options options = {.size = sizeof(options), .region = region};

	return fixture_queue_new(f, &options);
}

/* ---- configurations ---- */

void *region_bytes(struct fixture *f, uint32_t which, size_t *bytes)
{
	char name[64];

	snprintf(name, sizeof(name), "%s-%u.config", fixture_port(f), which);
	return fixture_file(f, name, bytes);
}

static void give_back_config(void *config)
{
	road_config_release(config);
}

road_config *region_config(struct fixture *f, uint32_t which)
{
	size_t bytes = 0;
	void *image = region_bytes(f, which, &bytes);
	road_config *config = NULL;

	CHECK_OK(road_config_create(f->device, image, bytes, &config));
	return fixture_keep(f, config, give_back_config);
}

static road_config_info config_info(road_config *config)
{
	road_config_info info = {.size = sizeof(info)};

	CHECK_OK(road_config_info_get(config, &info));
	return info;
}

uint64_t region_id(struct fixture *f, uint32_t which)
{
	return config_info(region_config(f, which)).id;
}

/* ---- commands ---- */

road_reconfiguration region_command(uint32_t verb, road_config *config)
{
	road_reconfiguration what = {.size = sizeof(what)};

	what.verb = verb;
	what.slot = ROAD_SLOT_ANY;
	what.config = config;
	return what;
}

static road_status await(road_queue *queue, road_point point)
{
	road_status status = road_point_wait(point, SOON);

	CHECK(status != ROAD_TIMEOUT || road_queue_status(queue, NULL) == ROAD_TIMEOUT);
	if (status)
		CHECK_OK(road_queue_reset(queue));
	return status;
}

road_status region_do(road_queue *queue, const road_reconfiguration *what)
{
	road_point point = {0};
	road_status status = road_queue_reconfigure(queue, what, &point);

	return status ? status : await(queue, point);
}

road_status region_verb(struct fixture *f, road_queue *queue, uint32_t verb, uint32_t which,
			road_reconfigure_result *result)
{
	road_reconfiguration what = region_command(verb, region_config(f, which));

	if (result)
		*result = (road_reconfigure_result){.size = sizeof(*result)};
	what.result = result;
	return region_do(queue, &what);
}

/* ---- work ---- */

/* The kernel that the image is, where images are kernels; else any kernel, run under it. */
static const char *kernel_under(struct fixture *f, uint32_t which, uint64_t *configuration)
{
	static const char *const kernels[] = {"iota", "add", "poke"};
	road_config_info info = config_info(region_config(f, which));

	*configuration = info.id;
	for (size_t i = 0; i < sizeof(kernels) / sizeof(*kernels); i++)
		if (!strcmp(info.name, kernels[i]))
			return kernels[i];
	return "iota";
}

struct region_work region_launch(struct fixture *f, road_queue *queue, uint32_t which,
				 uint32_t flags)
{
	struct region_work work = {.out = fixture_buffer(f, 64),
				   .value = (uint32_t)fixture_random(f)};
	uint64_t configuration, out = fixture_address(f, work.out);
	const char *kernel = kernel_under(f, which, &configuration);
	uint64_t arguments[4] = {out, 1, work.value};
	uint32_t count = 3;

	if (!strcmp(kernel, "add")) {
		arguments[1] = out + 16;
		arguments[2] = out + 32;
		arguments[3] = 1;
		count = 4;
		work.status = road_queue_write(queue, work.out, 16, &work.value, 4, NULL);
	} else if (!strcmp(kernel, "poke")) {
		arguments[1] = work.value;
		count = 2;
	}
	road_launch launch = fixture_launch_of(f, kernel, arguments, count);

	launch.flags = flags;
	launch.configuration = configuration;
	if (!work.status)
		work.status = road_queue_launch(queue, &launch, &work.point);
	return work;
}

road_status region_proof(road_queue *queue, const struct region_work *work)
{
	road_status status = work->status ? work->status : await(queue, work->point);
	uint32_t word = 0;

	if (!status) {
		road_point point;

		CHECK_OK(road_queue_read(queue, &word, work->out, 0, 4, &point));
		CHECK_OK(road_point_wait(point, SOON));
		CHECK_EQ(word, work->value);
	}
	return status;
}

road_status region_work(struct fixture *f, road_queue *queue, uint32_t which, uint32_t flags)
{
	struct region_work work = region_launch(f, queue, which, flags);

	return region_proof(queue, &work);
}

void region_endless(struct fixture *f, road_queue *queue, road_point *point)
{
	road_launch launch = fixture_launch_of(f, "spin", NULL, 0);

	/* Virtual time may run on while the host is busy: no default is long enough. */
	launch.watchdog = UINT64_C(1) << 40;
	CHECK_OK(road_queue_launch(queue, &launch, point));
}

bool region_runs(road_point point)
{
	return road_event_error(point.event, point.value, NULL) == ROAD_NOT_READY;
}

void region_pass(struct fixture *f, road_queue *queue)
{
	const uint64_t word = 0;
	road_point point;

	CHECK_OK(road_queue_write(queue, fixture_buffer(f, 64), 0, &word, sizeof(word), &point));
	CHECK_OK(road_point_wait(point, SOON));
}

road_config *region_endless_config(struct fixture *f)
{
	road_launch launch = fixture_launch_of(f, "spin", NULL, 0);
	road_config *config = NULL;
	road_status status = road_kernel_config(launch.kernel, &config);

	CHECK(status == ROAD_OK || status == ROAD_NOT_FOUND);
	return status ? NULL : fixture_keep(f, config, give_back_config);
}

/* Its image is brought before: a load may take longer than any pass. */
void region_occupy(struct fixture *f, road_queue *queue, road_queue *other, road_point *point)
{
	road_reconfiguration bring =
		region_command(ROAD_RECONFIGURE_ACTIVATE, region_endless_config(f));

	if (bring.config)
		CHECK_OK(region_do(queue, &bring));
	region_endless(f, queue, point);
	for (int i = 0; i < 4; i++)
		region_pass(f, other);
	CHECK(region_runs(*point));
}

/* ---- layouts ---- */

void region_two_parts(const road_region_info *root, road_region_part parts[2])
{
	uint32_t step = root->unit_alignment, first = root->units / 2 / step * step;

	if (first < root->units_min)
		first = root->units_min;
	parts[0] = (road_region_part){.first_unit = 0, .units = first};
	parts[1] = (road_region_part){.first_unit = first, .units = root->units - first};
}

road_region *region_split(struct fixture *f, road_region_part parts[2])
{
	road_region *root = region_root(f);
	road_region_info info = region_info(root);

	region_two_parts(&info, parts);
	CHECK_OK(road_layout_apply(root, parts, 2));
	CHECK_OK(road_layout_commit(root));
	return root;
}
