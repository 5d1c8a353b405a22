/* SPDX-License-Identifier: Apache-2.0 */
/* Programs on a simulated DSA, through the assembler and the public interface. */
#include <roadbed/roadbed.h>
#include <roadbed/sim.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/oracle/dsa/program.h"

extern char **environ;

static bool assemble(const char *assembler, const char *source, const char *image)
{
	const char *const argv[] = {assembler, source, "-o", image, NULL};
	int status = -1;
	pid_t child;

	if (posix_spawn(&child, assembler, NULL, NULL, (char *const *)(uintptr_t)argv, environ) ||
	    waitpid(child, &status, 0) != child)
		return false;
	return status == 0;
}

/* The text as an image in memory; NULL: the assembler would not. */
static void *make_image(const char *text, const char *assembler, size_t *bytes)
{
	char folder[] = "/tmp/oracle-dsa-XXXXXX", source[64], image[64];
	enum { ROOM = 1 << 20 };
	char *out = NULL;
	FILE *file;

	if (!mkdtemp(folder))
		return NULL;
	snprintf(source, sizeof(source), "%s/p.s", folder);
	snprintf(image, sizeof(image), "%s/p.elf", folder);
	file = fopen(source, "w");
	if (file && fputs(text, file) >= 0 && !fclose(file) && assemble(assembler, source, image) &&
	    (file = fopen(image, "r"))) {
		out = malloc(ROOM);
		*bytes = out ? fread(out, 1, ROOM, file) : 0;
		fclose(file);
	}
	unlink(source);
	unlink(image);
	rmdir(folder);
	return out;
}

struct chip {
	road_instance *instance;
	road_device *device;
	road_space *space;
	road_queue *queue;
	road_buffer *buffer;
	road_image *image;
	road_kernel *kernel;
};

static road_status start(struct chip *c, const char *address, const char *folder, const void *image,
			 size_t bytes)
{
	road_instance_options options = {
		.size = sizeof(options), .flags = ROAD_INSTANCE_NO_ENV, .library_folder = folder};
	road_buffer_options memory = {
		.size = sizeof(memory), .heap = ROAD_HEAP_DEVICE, .bytes = GLOBAL_BYTES};
	road_status status = road_instance_create(&options, &c->instance);

	if (!status)
		status = road_device_open(c->instance, address, &c->device);
	if (!status)
		status = road_space_shared(c->device, &c->space);
	if (!status)
		status = road_queue_create(c->space, NULL, &c->queue);
	if (!status)
		status = road_buffer_create(c->space, &memory, &c->buffer);
	if (!status)
		status = road_image_load(c->space, image, bytes, NULL, &c->image);
	return status ? status : road_image_kernel(c->image, "main", &c->kernel);
}

static road_status run(struct chip *c, uint8_t *global)
{
	uint64_t deadline = road_deadline_after(UINT64_C(20000000000)), address = 0;
	const void *pointers[] = {&address};
	road_launch launch = {.size = sizeof(launch),
			      .kernel = c->kernel,
			      .grid = {1, 1, 1},
			      .block = {1, 1, 1},
			      .argument_pointers = pointers,
			      .argument_count = 1};
	road_status status = road_buffer_address(c->buffer, &address);

	if (!status)
		status = road_queue_write(c->queue, c->buffer, 0, global, GLOBAL_BYTES, NULL);
	if (!status)
		status = road_queue_launch(c->queue, &launch, NULL);
	if (!status)
		status = road_queue_read(c->queue, global, c->buffer, 0, GLOBAL_BYTES, NULL);
	return status ? status : road_queue_drain(c->queue, deadline);
}

static void stop(struct chip *c)
{
	road_kernel_release(c->kernel);
	road_image_release(c->image);
	road_buffer_release(c->buffer);
	road_queue_release(c->queue);
	road_space_release(c->space);
	road_device_release(c->device);
	road_instance_release(c->instance);
}

/* "hazard: … line A, … line B" */
static bool take_hazard(const char *text, struct outcome *out)
{
	const char *first = strstr(text, " line "),
		   *second = first ? strstr(first + 6, " line ") : NULL;

	if (strncmp(text, "hazard", 6) != 0 || !second)
		return false;
	if (out->hazards < HAZARDS_MAX) {
		out->lines[out->hazards][0] = (uint32_t)strtoul(first + 6, NULL, 10);
		out->lines[out->hazards][1] = (uint32_t)strtoul(second + 6, NULL, 10);
	}
	out->hazards++;
	return true;
}

static void take_violations(struct chip *c, struct outcome *out)
{
	char text[256];

	for (uint32_t i = 0; !road_sim_violation(c->device, i, text, sizeof(text)); i++) {
		if (take_hazard(text, out))
			continue;
		if (!out->others++)
			snprintf(out->other, sizeof(out->other), "%s", text);
	}
}

bool device_run(const struct program *p, const char *address, const char *assembler,
		const char *folder, struct image *image, struct outcome *out)
{
	struct chip chip = {.instance = NULL};
	road_error error = {.size = sizeof(error)};
	size_t bytes = 0;
	void *elf = make_image(p->text, assembler, &bytes);

	*out = (struct outcome){.ran = false};
	if (!elf)
		return false;
	road_status status = start(&chip, address, folder, elf, bytes);
	bool started = !status;

	if (!status)
		status = run(&chip, image->bytes[GLOBAL]);
	out->ran = !status;
	if (status && !road_last_error(&error))
		snprintf(out->why, sizeof(out->why), "%.120s (%.60s)", error.what, error.where);
	if (started)
		take_violations(&chip, out);
	stop(&chip);
	free(elf);
	return started;
}
