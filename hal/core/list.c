/* SPDX-License-Identifier: Apache-2.0 */
/* Command lists: checked when recorded, so that submitting them is cheap. */
#include <stdlib.h>
#include <string.h>

#include "hal/core/list.h"
#include "hal/core/region.h"

enum { COMMANDS_MAX = 1 << 20 };

static struct road_list *list_of(struct road_object *object)
{
	return (struct road_list *)(void *)object;
}

static void list_finish(struct road_object *object)
{
	struct road_list *list = list_of(object);

	for (uint32_t i = 0; i < list->use_count; i++)
		road_object_release(list->uses[i]);
	for (uint32_t i = 0; i < list->argument_count; i++)
		free(list->arguments[i]);
	road_list_regions_free(list);
	free(list->commands);
	free(list->segments);
	free(list->transfers);
	free(list->uses);
	free(list->arguments);
	pthread_mutex_destroy(&list->lock);
	road_object_release(&list->space->object);
}

static void list_free(struct road_object *object)
{
	free(list_of(object));
}

const struct road_class road_list_class = {ROAD_TYPE_LIST, "list", NULL, list_finish, list_free};

road_status road_list_create(road_space *space, uint32_t flags, road_list **out)
{
	road_status status = road_object_check(space, &road_space_class, "road_list_create: space");

	if (!status && flags & ~ROAD_LIST_CONCURRENT)
		status = road_fail_u64(ROAD_INVALID_ARGUMENT, "unknown flags",
				       "road_list_create: flags", flags, "ROAD_LIST_CONCURRENT");
	if (!status && !out)
		status = road_fail(ROAD_INVALID_ARGUMENT, "output is NULL", "road_list_create: out",
				   "NULL", "");
	if (!status)
		status = road_space_usable(space, "road_list_create: space");
	if (status)
		return status;
	struct road_list *list = calloc(1, sizeof(*list));

	if (!list)
		return road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory for a list",
				 "road_list_create", "", "");
	list->space = space;
	list->flags = flags;
	pthread_mutex_init(&list->lock, NULL);
	road_object_retain(&space->object);
	road_object_init(&list->object, &road_list_class);
	*out = list;
	return ROAD_OK;
}

road_status road_list_retain(road_list *list)
{
	road_status status = road_object_check(list, &road_list_class, "road_list_retain: list");

	if (!status)
		road_object_retain(&list->object);
	return status;
}

void road_list_release(road_list *list)
{
	if (road_object_mine(list, &road_list_class, "road_list_release: list"))
		road_object_release(&list->object);
}

/* ---- growing ---- */

/* One more element at the end of an array; NULL: no memory. */
static void *grow(void **array, uint32_t *count, uint32_t *room, size_t bytes)
{
	if (*count == *room) {
		uint32_t more = *room ? *room * 2 : 8;
		void *grown = realloc(*array, more * bytes);

		if (!grown)
			return NULL;
		*array = grown;
		*room = more;
	}
	void *element = (char *)*array + *count * bytes;

	memset(element, 0, bytes);
	++*count;
	return element;
}

#define GROW(list, array, count, room) \
	grow((void **)&(list)->array, &(list)->count, &(list)->room, sizeof(*(list)->array))

road_status road_list_no_memory(const char *where)
{
	return road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory for a command", where, "", "");
}

/* What every recording function checks. On ROAD_OK the list's lock is held. */
road_status road_list_begin(struct road_list *list, enum road_command_kind kind, const char *where)
{
	road_status status = road_object_check(list, &road_list_class, where);

	if (!status)
		status = road_space_usable(list->space, where);
	if (status)
		return status;
	if (!(list->space->device->info.commands & UINT64_C(1) << kind))
		return road_fail(ROAD_UNSUPPORTED, "the device has no such command", where, "",
				 "see road_device_info.commands");
	pthread_mutex_lock(&list->lock);
	if (atomic_load(&list->closed))
		status = road_fail(ROAD_BUSY, "list is closed", where, "", "a new list");
	else if (list->count >= COMMANDS_MAX)
		status = road_fail_u64(ROAD_NO_SPACE, "list is full", where, list->count,
				       "at most 1048576 commands");
	if (status)
		pthread_mutex_unlock(&list->lock);
	return status;
}

road_status road_list_end(struct road_list *list, road_status status)
{
	pthread_mutex_unlock(&list->lock);
	return status;
}

/* Keeps the object as long as the list. */
static bool use(struct road_list *list, struct road_object *object)
{
	struct road_object **slot = GROW(list, uses, use_count, use_room);

	if (!slot)
		return false;
	road_object_retain(object);
	*slot = object;
	return true;
}

/* Appends a command that names up to two objects. */
static road_status record(struct road_list *list, const struct road_cmd *command,
			  struct road_object *first, struct road_object *second, const char *where)
{
	if ((first && !use(list, first)) || (second && !use(list, second)))
		return road_list_no_memory(where);
	struct road_cmd *slot = GROW(list, commands, count, room);

	if (!slot)
		return road_list_no_memory(where);
	*slot = *command;
	return ROAD_OK;
}

road_status road_list_record(struct road_list *list, const struct road_cmd *command,
			     struct road_object *object, const char *where)
{
	return record(list, command, object, NULL, where);
}

static road_status check_same_space(const struct road_list *list, const struct road_buffer *buffer,
				    const char *where)
{
	if (buffer->space != list->space)
		return road_fail(ROAD_INVALID_ARGUMENT, "buffer belongs to another space", where,
				 "", "a buffer of the list's space");
	return ROAD_OK;
}

/* A range of a buffer of the list's space. */
road_status road_list_check_range(const struct road_list *list, struct road_buffer *buffer,
				  uint64_t offset, uint64_t bytes, const char *where)
{
	road_status status = road_buffer_check(buffer, offset, bytes, where);

	if (!status)
		status = check_same_space(list, buffer, where);
	if (!status && !bytes)
		status = road_fail(ROAD_INVALID_ARGUMENT, "size is zero", where, "0", ">= 1");
	return status;
}

/* ---- commands ---- */

road_status road_list_copy(road_list *list, road_buffer *dst, uint64_t dst_offset, road_buffer *src,
			   uint64_t src_offset, uint64_t bytes)
{
	road_status status = road_list_begin(list, ROAD_COMMAND_COPY, "road_list_copy: list");

	if (status)
		return status;
	status = road_list_check_range(list, dst, dst_offset, bytes, "road_list_copy: dst");
	if (!status)
		status = road_list_check_range(list, src, src_offset, bytes, "road_list_copy: src");
	if (status)
		return road_list_end(list, status);
	struct road_cmd command = {.kind = ROAD_COMMAND_COPY,
				   .copy = {.dst = road_buffer_place(dst, dst_offset),
					    .src = road_buffer_place(src, src_offset),
					    .bytes = bytes,
					    .rows = 1,
					    .slices = 1}};

	return road_list_end(list,
			     record(list, &command, &dst->object, &src->object, "road_list_copy"));
}

static road_status check_box(const struct road_list *list, const road_copy_box *box,
			     struct road_buffer *dst, struct road_buffer *src)
{
	static const char *const where = "road_list_copy_box: box";

	if (!box->rows || !box->slices || !box->bytes)
		return road_fail(ROAD_INVALID_ARGUMENT, "box is empty", where, "0",
				 "bytes, rows and slices >= 1");
	if (box->reserved)
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "reserved field is not zero", where,
				     box->reserved, "0");
	uint64_t to = road_box_span(box, box->dst_row_pitch, box->dst_slice_pitch);
	uint64_t from = road_box_span(box, box->src_row_pitch, box->src_slice_pitch);

	if (to == UINT64_MAX || from == UINT64_MAX)
		return road_fail(ROAD_INVALID_ARGUMENT, "pitches do not cover what they step over",
				 where, "", "row pitch >= bytes, slice pitch >= a slice");
	road_status status =
		road_list_check_range(list, dst, box->dst_offset, to, "road_list_copy_box: dst");

	if (!status)
		status = road_list_check_range(list, src, box->src_offset, from,
					       "road_list_copy_box: src");
	return status;
}

/* Appends the copy of a box that was checked. */
static road_status record_box(struct road_list *list, struct road_buffer *dst,
			      struct road_buffer *src, const road_copy_box *box)
{
	struct road_cmd command = {.kind = ROAD_COMMAND_COPY,
				   .copy = {.dst = road_buffer_place(dst, box->dst_offset),
					    .src = road_buffer_place(src, box->src_offset),
					    .bytes = box->bytes,
					    .rows = box->rows,
					    .slices = box->slices,
					    .dst_row_pitch = box->dst_row_pitch,
					    .dst_slice_pitch = box->dst_slice_pitch,
					    .src_row_pitch = box->src_row_pitch,
					    .src_slice_pitch = box->src_slice_pitch}};

	return record(list, &command, &dst->object, &src->object, "road_list_copy_box");
}

/* Memory of the list for a box: host memory, for the device's own may be short. */
static road_status between(struct road_list *list, uint64_t bytes, uint32_t heap,
			   struct road_buffer **out)
{
	road_buffer_options options = {.heap = ROAD_HEAP_HOST, .bytes = bytes};
	road_status status = road_buffer_make(list->space, &options, NULL, out);

	if (status == ROAD_UNSUPPORTED) {
		options.heap = heap;
		status = road_buffer_make(list->space, &options, NULL, out);
	}
	return status;
}

/* A box over itself: no order of rows is safe for all pitches, and few engines choose an order at
 * all. So it goes to memory between, and then to where it belongs. */
static road_status record_overlapping(struct road_list *list, struct road_buffer *dst,
				      struct road_buffer *src, const road_copy_box *box)
{
	const struct road_cmd barrier = {.kind = ROAD_COMMAND_BARRIER};
	uint64_t slice = box->bytes * box->rows; /* what fits into a buffer does not wrap */
	road_copy_box in = *box, out = *box;
	struct road_buffer *packed = NULL;
	road_status status = between(list, slice * box->slices, src->drv.heap, &packed);

	if (status)
		return status;
	in.dst_offset = out.src_offset = 0;
	in.dst_row_pitch = out.src_row_pitch = box->bytes;
	in.dst_slice_pitch = out.src_slice_pitch = slice;
	status = record_box(list, packed, src, &in);
	if (!status && list->flags & ROAD_LIST_CONCURRENT)
		status = record(list, &barrier, NULL, NULL, "road_list_copy_box");
	if (!status)
		status = record_box(list, dst, packed, &out);
	road_object_release(&packed->object); /* the list holds it */
	return status;
}

static bool overlaps(const struct road_buffer *dst, const struct road_buffer *src,
		     const road_copy_box *box)
{
	const struct road_buffer *to = dst->parent ? dst->parent : dst;
	const struct road_buffer *from = src->parent ? src->parent : src;

	return to == from && box->rows * (uint64_t)box->slices > 1 &&
	       road_box_overlaps(box, dst->offset + box->dst_offset, src->offset + box->src_offset);
}

road_status road_list_copy_box(road_list *list, road_buffer *dst, road_buffer *src,
			       const road_copy_box *box)
{
	road_copy_box own;
	road_status status = road_list_begin(list, ROAD_COMMAND_COPY, "road_list_copy_box: list");

	if (status)
		return status;
	if (!box)
		status = road_fail(ROAD_INVALID_ARGUMENT, "box is NULL", "road_list_copy_box: box",
				   "NULL", "");
	if (!status)
		status = road_struct_in(&own, sizeof(own), box, 24, "road_list_copy_box: box");
	if (!status)
		status = check_box(list, &own, dst, src);
	if (status)
		return road_list_end(list, status);
	return road_list_end(list, overlaps(dst, src, &own)
					   ? record_overlapping(list, dst, src, &own)
					   : record_box(list, dst, src, &own));
}

/* write and read: a copy whose host side is resolved at each submission. */
static road_status transfer(struct road_list *list, bool write, struct road_buffer *buffer,
			    uint64_t offset, void *host, uint64_t bytes, const char *where)
{
	road_status status =
		road_list_begin(list, write ? ROAD_COMMAND_WRITE : ROAD_COMMAND_READ, where);

	if (status)
		return status;
	status = road_list_check_range(list, buffer, offset, bytes, where);
	if (!status && !host)
		status = road_fail(ROAD_INVALID_ARGUMENT, "host pointer is NULL", where, "NULL",
				   "memory of this process");
	if (status)
		return road_list_end(list, status);
	struct road_list_transfer *slot = GROW(list, transfers, transfer_count, transfer_room);

	if (!slot)
		return road_list_end(list, road_list_no_memory(where));
	*slot = (struct road_list_transfer){list->count, write, host, bytes};
	struct road_cmd command = {.kind = ROAD_COMMAND_COPY,
				   .copy = {.bytes = bytes, .rows = 1, .slices = 1}};

	if (write)
		command.copy.dst = road_buffer_place(buffer, offset);
	else
		command.copy.src = road_buffer_place(buffer, offset);
	status = record(list, &command, &buffer->object, NULL, where);
	if (status)
		list->transfer_count--;
	return road_list_end(list, status);
}

road_status road_list_write(road_list *list, road_buffer *dst, uint64_t offset, const void *src,
			    uint64_t bytes)
{
	return transfer(list, true, dst, offset, (void *)(uintptr_t)src, bytes,
			"road_list_write: list, dst, src, bytes");
}

road_status road_list_read(road_list *list, void *dst, road_buffer *src, uint64_t offset,
			   uint64_t bytes)
{
	return transfer(list, false, src, offset, dst, bytes,
			"road_list_read: list, dst, src, bytes");
}

road_status road_list_fill(road_list *list, road_buffer *dst, uint64_t offset, uint64_t bytes,
			   uint64_t pattern, uint32_t pattern_bytes)
{
	road_status status = road_list_begin(list, ROAD_COMMAND_FILL, "road_list_fill: list");

	if (status)
		return status;
	status = road_list_check_range(list, dst, offset, bytes, "road_list_fill: dst");
	if (!status && pattern_bytes != 1 && pattern_bytes != 2 && pattern_bytes != 4 &&
	    pattern_bytes != 8)
		status =
			road_fail_u64(ROAD_INVALID_ARGUMENT, "bad pattern size",
				      "road_list_fill: pattern_bytes", pattern_bytes, "1, 2, 4, 8");
	if (!status && bytes % pattern_bytes)
		status = road_fail_u64(ROAD_INVALID_ARGUMENT, "size is no multiple of the pattern",
				       "road_list_fill: bytes", bytes,
				       "a multiple of pattern_bytes");
	if (status)
		return road_list_end(list, status);
	struct road_cmd command = {.kind = ROAD_COMMAND_FILL,
				   .fill = {.dst = road_buffer_place(dst, offset),
					    .bytes = bytes,
					    .pattern = pattern,
					    .pattern_bytes = pattern_bytes}};

	return road_list_end(list, record(list, &command, &dst->object, NULL, "road_list_fill"));
}

road_status road_list_barrier(road_list *list)
{
	road_status status = road_list_begin(list, ROAD_COMMAND_BARRIER, "road_list_barrier: list");
	struct road_cmd command = {.kind = ROAD_COMMAND_BARRIER};

	if (status)
		return status;
	return road_list_end(list, record(list, &command, NULL, NULL, "road_list_barrier"));
}

/* wait value, write value, timestamp: a word in a buffer. */
static road_status word(struct road_list *list, enum road_command_kind kind,
			struct road_buffer *buffer, uint64_t offset, struct road_cmd_word word,
			const char *where)
{
	road_status status = road_list_begin(list, kind, where);

	if (status)
		return status;
	if (word.bytes != 4 && word.bytes != 8)
		status = road_fail_u64(ROAD_INVALID_ARGUMENT, "bad word size", where, word.bytes,
				       "4, 8");
	if (!status)
		status = road_list_check_range(list, buffer, offset, word.bytes, where);
	if (!status && buffer->drv.heap == ROAD_HEAP_SCRATCH)
		status = road_fail(ROAD_UNSUPPORTED, "each unit has a scratchpad of its own", where,
				   "ROAD_HEAP_SCRATCH", "a buffer of another heap");
	if (!status && (buffer->drv.address + offset) % word.bytes)
		status = road_fail_u64(ROAD_INVALID_ARGUMENT, "word is not aligned", where, offset,
				       "a multiple of the word's size");
	if (!status && word.compare > ROAD_COMPARE_NOR)
		status = road_fail_u64(ROAD_INVALID_ARGUMENT, "unknown comparison", where,
				       word.compare, "enum road_compare");
	if (status)
		return road_list_end(list, status);
	word.at = road_buffer_place(buffer, offset);
	struct road_cmd command = {.kind = kind, .word = word};

	return road_list_end(list, record(list, &command, &buffer->object, NULL, where));
}

road_status road_list_wait_value(road_list *list, road_buffer *buffer, uint64_t offset,
				 uint32_t bytes, uint32_t compare, uint64_t value)
{
	struct road_cmd_word w = {.bytes = bytes, .compare = compare, .value = value};

	return word(list, ROAD_COMMAND_WAIT_VALUE, buffer, offset, w,
		    "road_list_wait_value: list, buffer, offset");
}

road_status road_list_write_value(road_list *list, road_buffer *buffer, uint64_t offset,
				  uint32_t bytes, uint64_t value)
{
	struct road_cmd_word w = {.bytes = bytes, .value = value};
	road_status status = word(list, ROAD_COMMAND_WRITE_VALUE, buffer, offset, w,
				  "road_list_write_value: list, buffer, offset");

	/* A program may spin on the word without calling us: something must run meanwhile. */
	if (!status && buffer->drv.heap != ROAD_HEAP_DEVICE)
		status = road_pump_start();
	return status;
}

road_status road_list_timestamp(road_list *list, road_buffer *buffer, uint64_t offset)
{
	struct road_cmd_word w = {.bytes = 8};

	return word(list, ROAD_COMMAND_TIMESTAMP, buffer, offset, w,
		    "road_list_timestamp: list, buffer, offset");
}

/* ---- segments ---- */

/* Ends the segment that is being recorded. */
static struct road_list_segment *cut(struct road_list *list)
{
	uint32_t first = 0;

	if (list->segment_count) {
		const struct road_list_segment *last = &list->segments[list->segment_count - 1];

		first = last->first + last->count;
	}
	struct road_list_segment *segment = GROW(list, segments, segment_count, segment_room);

	if (segment) {
		segment->first = first;
		segment->count = list->count - first;
	}
	return segment;
}

road_status road_list_callback(road_list *list, road_callback_fn fn, void *user, uint32_t flags)
{
	road_status status =
		road_list_begin(list, ROAD_COMMAND_BARRIER, "road_list_callback: list");

	if (status)
		return status;
	if (!fn)
		status = road_fail(ROAD_INVALID_ARGUMENT, "function is NULL",
				   "road_list_callback: fn", "NULL", "");
	else if (flags & ~ROAD_CALLBACK_INLINE)
		status = road_fail_u64(ROAD_INVALID_ARGUMENT, "unknown flags",
				       "road_list_callback: flags", flags, "ROAD_CALLBACK_INLINE");
	else if (!(flags & ROAD_CALLBACK_INLINE))
		status = road_callback_start(list->space->device->instance);
	if (status)
		return road_list_end(list, status);
	struct road_list_segment *segment = cut(list);

	if (!segment)
		return road_list_end(list, road_list_no_memory("road_list_callback"));
	segment->fn = fn;
	segment->user = user;
	segment->callback_flags = flags;
	return road_list_end(list, ROAD_OK);
}

road_status road_list_close(road_list *list)
{
	road_status status = road_object_check(list, &road_list_class, "road_list_close: list");

	if (status)
		return status;
	pthread_mutex_lock(&list->lock);
	if (atomic_load(&list->closed))
		status = road_fail(ROAD_BUSY, "list is closed already", "road_list_close: list", "",
				   "");
	else if (list->segment_count && !cut(list))
		status = road_list_no_memory("road_list_close");
	if (!status)
		atomic_store(&list->closed, true);
	return road_list_end(list, status);
}

/* ---- launches ---- */

/* A copy of the arguments as one packed block; owned by the list. */
static road_status pack(struct road_list *list, const road_launch *launch,
			const struct road_drv_kernel *kernel, const void **out)
{
	static const char *const where = "road_list_launch: arguments";
	uint32_t bytes = kernel->info.argument_bytes, count = kernel->info.argument_count;

	*out = NULL;
	if (launch->argument_bytes ? launch->argument_bytes != bytes
				   : launch->argument_count != count)
		return road_fail_u64(ROAD_INVALID_ARGUMENT,
				     launch->argument_bytes ? "argument block has the wrong size"
							    : "wrong number of arguments",
				     where,
				     launch->argument_bytes ? launch->argument_bytes
							    : launch->argument_count,
				     "see road_kernel_info");
	if (!bytes)
		return ROAD_OK;
	if (launch->argument_bytes ? !launch->arguments : !launch->argument_pointers)
		return road_fail(ROAD_INVALID_ARGUMENT, "arguments are NULL", where, "NULL", "");
	void **slot = GROW(list, arguments, argument_count, argument_room);
	unsigned char *block = slot ? calloc(1, bytes) : NULL;

	if (!block) {
		if (slot)
			list->argument_count--;
		return road_list_no_memory("road_list_launch");
	}
	*slot = block;
	*out = block;
	if (launch->argument_bytes) {
		memcpy(block, launch->arguments, bytes);
		return ROAD_OK;
	}
	for (uint32_t i = 0; i < count; i++) {
		const struct road_argument_info *argument = &kernel->arguments[i];

		if (!launch->argument_pointers[i])
			return road_fail_u64(ROAD_INVALID_ARGUMENT, "argument pointer is NULL",
					     where, i, "");
		memcpy(block + argument->offset, launch->argument_pointers[i], argument->bytes);
	}
	return ROAD_OK;
}

/* What not every device has: clusters, and a region that holds a configuration. */
static road_status check_optional(const struct road_device *device, const road_launch *launch)
{
	const road_dim3 *cluster = &launch->cluster, *grid = &launch->grid;
	uint32_t features = device->info.features;

	if (launch->configuration && !(features & ROAD_FEATURE_REGIONS))
		return road_fail_u64(ROAD_UNSUPPORTED, "the device holds no configurations",
				     "road_list_launch: launch.configuration",
				     launch->configuration, "0");
	if (launch->flags & ROAD_LAUNCH_ACTIVATE && !(features & ROAD_FEATURE_REGIONS))
		return road_fail(ROAD_UNSUPPORTED, "the device holds no configurations",
				 "road_list_launch: launch.flags", "ROAD_LAUNCH_ACTIVATE", "");
	if (!cluster->x && !cluster->y && !cluster->z)
		return ROAD_OK;
	if (!cluster->x || !cluster->y || !cluster->z || grid->x % cluster->x ||
	    grid->y % cluster->y || grid->z % cluster->z)
		return road_fail(ROAD_INVALID_ARGUMENT, "grid is no multiple of the cluster",
				 "road_list_launch: launch.cluster", "",
				 "0 in all dimensions, or a divisor of the grid's in each");
	if (!(features & ROAD_FEATURE_CLUSTERS))
		return road_fail(ROAD_UNSUPPORTED, "the device has no clusters",
				 "road_list_launch: launch.cluster", "", "0");
	return ROAD_OK;
}

static road_status check_launch(struct road_list *list, const road_launch *launch)
{
	static const char *const where = "road_list_launch: launch";
	road_status status = road_object_check(launch->kernel, &road_kernel_class, where);

	if (status)
		return status;
	if (launch->kernel->image->space != list->space)
		return road_fail(ROAD_INVALID_ARGUMENT, "kernel belongs to another space", where,
				 "", "the list's space");
	if (launch->flags & ~(ROAD_LAUNCH_COOPERATIVE | ROAD_LAUNCH_ACTIVATE) || launch->reserved ||
	    launch->reserved2 || launch->reserved3 || launch->reserved4)
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "unknown flags", where, launch->flags,
				     "ROAD_LAUNCH_COOPERATIVE, ROAD_LAUNCH_ACTIVATE; reserved 0");
	if (!launch->grid.x || !launch->grid.y || !launch->grid.z || !launch->block.x ||
	    !launch->block.y || !launch->block.z)
		return road_fail(ROAD_INVALID_ARGUMENT, "grid or block is empty", where, "0",
				 "each dimension >= 1");
	status = check_optional(list->space->device, launch);
	if (status)
		return status;
	if (launch->use_count > ROAD_USES_MAX)
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "too many uses", where,
				     launch->use_count, "at most 65536");
	if (launch->use_count && !launch->uses)
		return road_fail(ROAD_INVALID_ARGUMENT, "uses are NULL", where, "NULL", "");
	for (uint32_t i = 0; i < launch->use_count && !status; i++) {
		status = road_buffer_check(launch->uses[i], 0, 0, "road_list_launch: uses");
		if (!status)
			status = check_same_space(list, launch->uses[i], "road_list_launch: uses");
	}
	return status;
}

/* The configuration that the launch expects, with a use; NULL: the queue's. */
static road_status find_expected(const struct road_device *device, const road_launch *launch,
				 struct road_config_entry **out)
{
	road_status status = ROAD_OK;

	*out = NULL;
	if (!(device->info.features & ROAD_FEATURE_REGIONS))
		return ROAD_OK;
	if (launch->configuration)
		*out = road_config_entry_by_id(launch->kernel->image->space->device,
					       launch->configuration);
	else
		status = road_kernel_config_entry(launch->kernel, out);
	if (status || *out)
		return status;
	if (launch->configuration)
		return road_fail_u64(ROAD_NOT_FOUND, "the device knows no such configuration",
				     "road_list_launch: launch.configuration",
				     launch->configuration, "a road_config_info.id");
	if (launch->flags & ROAD_LAUNCH_ACTIVATE)
		return road_fail(ROAD_INVALID_ARGUMENT, "there is nothing to activate",
				 "road_list_launch: launch.flags", "ROAD_LAUNCH_ACTIVATE",
				 "a configuration, or a kernel of one");
	return ROAD_OK;
}

static bool is_expected(const struct road_list *list, const struct road_config_entry *entry)
{
	for (uint32_t i = 0; i < list->expected_count; i++)
		if (list->expected[i] == entry)
			return true;
	return false;
}

/* The configuration that the launch expects, kept as long as the list: the one that it names, else
 * the one that the kernel is of, which the launch then brings along. */
static road_status expect(struct road_list *list, const road_launch *launch,
			  struct road_cmd_launch *command)
{
	struct road_config_entry *entry, **slot;
	road_status status = find_expected(list->space->device, launch, &entry);

	if (status || !entry)
		return status;
	command->configuration = entry->drv.id;
	if (!launch->configuration)
		command->flags |= ROAD_LAUNCH_ACTIVATE;
	slot = is_expected(list, entry) ? NULL
					: GROW(list, expected, expected_count, expected_room);
	if (slot) {
		*slot = entry;
		return ROAD_OK;
	}
	status = is_expected(list, entry) ? ROAD_OK : road_list_no_memory("road_list_launch");
	road_config_entry_put(entry); /* one use is enough */
	return status;
}

road_status road_list_launch(road_list *list, const road_launch *launch)
{
	struct road_cmd command = {.kind = ROAD_COMMAND_LAUNCH};
	road_launch own;
	road_status status = road_list_begin(list, ROAD_COMMAND_LAUNCH, "road_list_launch: list");

	if (status)
		return status;
	if (!launch)
		status = road_fail(ROAD_INVALID_ARGUMENT, "launch is NULL",
				   "road_list_launch: launch", "NULL", "");
	if (!status)
		status = road_struct_in(&own, sizeof(own), launch, 48, "road_list_launch: launch");
	if (!status)
		status = check_launch(list, &own);
	if (status)
		return road_list_end(list, status);
	struct road_kernel *kernel = own.kernel;

	command.launch = (struct road_cmd_launch){.kernel = &kernel->drv,
						  .grid = own.grid,
						  .block = own.block,
						  .shared_bytes = own.shared_bytes,
						  .flags = own.flags,
						  .argument_bytes = kernel->drv.info.argument_bytes,
						  .watchdog = own.watchdog,
						  .cluster = own.cluster};
	status = expect(list, &own, &command.launch);
	if (!status)
		status = pack(list, &own, &kernel->drv, &command.launch.arguments);
	if (!status)
		status = list->space->device->image.check_launch(&command.launch);
	for (uint32_t i = 0; i < own.use_count && !status; i++)
		if (!use(list, &own.uses[i]->object))
			status = road_list_no_memory("road_list_launch");
	if (!status)
		status = record(list, &command, &kernel->object, NULL, "road_list_launch");
	if (!status && command.launch.flags & ROAD_LAUNCH_ACTIVATE)
		list->activates = true;
	return road_list_end(list, status);
}
