/* SPDX-License-Identifier: Apache-2.0 */
/* Commands as calls of the library. Commands stay where they are until their submission ended, so
 * that what is small is read from there. */
#include "drivers/fakert/fakert.h"

static char *pointer(const struct road_place *place)
{
	return (char *)(uintptr_t)place->address; /* bus addresses are host pointers */
}

static int move(const struct fakert *f, void *dst, const void *src, uint64_t bytes,
		frtStream_t stream)
{
	return f->rt.MemcpyAsync(dst, src, bytes, frtMemcpyDefault, stream);
}

/* The library's pitches are at least as long as a row; rows that overlap, or are not told apart, go
 * one by one. */
static int copy_slice(const struct fakert *f, const struct road_cmd_copy *copy, char *dst,
		      const char *src, frtStream_t stream)
{
	int result = frtSuccess;

	if (copy->rows == 1)
		return move(f, dst, src, copy->bytes, stream);
	if (copy->dst_row_pitch >= copy->bytes && copy->src_row_pitch >= copy->bytes)
		return f->rt.Memcpy2DAsync(dst, copy->dst_row_pitch, src, copy->src_row_pitch,
					   copy->bytes, copy->rows, frtMemcpyDefault, stream);
	for (uint32_t row = 0; row < copy->rows && !result; row++)
		result = move(f, dst + row * copy->dst_row_pitch, src + row * copy->src_row_pitch,
			      copy->bytes, stream);
	return result;
}

static int copy_box(const struct fakert *f, const struct road_cmd_copy *copy, frtStream_t stream)
{
	int result = frtSuccess;

	for (uint32_t slice = 0; slice < copy->slices && !result; slice++)
		result = copy_slice(f, copy, pointer(&copy->dst) + slice * copy->dst_slice_pitch,
				    pointer(&copy->src) + slice * copy->src_slice_pitch, stream);
	return result;
}

/* The library repeats a byte; a longer pattern is put there once, and doubled until all is full. */
static int fill(const struct fakert *f, const struct road_cmd_fill *fill, frtStream_t stream)
{
	char *dst = pointer(&fill->dst);
	uint64_t done = fill->pattern_bytes;
	int result;

	if (fill->pattern_bytes == 1)
		return f->rt.MemsetAsync(dst, (int)(fill->pattern & 0xff), fill->bytes, stream);
	result = move(f, dst, &fill->pattern, done, stream);
	while (done < fill->bytes && !result) {
		uint64_t more = done < fill->bytes - done ? done : fill->bytes - done;

		result = move(f, dst + done, dst, more, stream);
		done += more;
	}
	return result;
}

/* One pointer an argument, into the packed block. */
static int launch(const struct fakert *f, const struct road_cmd_launch *launch, frtStream_t stream)
{
	const struct road_drv_kernel *kernel = launch->kernel;
	void *arguments[FAKERT_ARGUMENTS_MAX + 1] = {NULL};

	for (uint32_t i = 0; i < kernel->info.argument_count; i++)
		arguments[i] = (char *)(uintptr_t)launch->arguments + kernel->arguments[i].offset;
	return f->rt.LaunchKernel(
		fakert_function(kernel),
		(struct frtDim3){launch->grid.x, launch->grid.y, launch->grid.z},
		(struct frtDim3){launch->block.x, launch->block.y, launch->block.z}, arguments,
		launch->shared_bytes, stream);
}

static void take_time(void *stamp)
{
	*(uint64_t *)stamp = road_host_now_ns();
}

static int timestamp(const struct fakert *f, const struct road_cmd_word *word, frtStream_t stream,
		     uint64_t *stamp)
{
	int result = f->rt.LaunchHostFunc(stream, take_time, stamp);

	return result ? result : move(f, pointer(&word->at), stamp, word->bytes, stream);
}

int fakert_command(const struct fakert *f, const struct road_cmd *command, frtStream_t stream,
		   uint64_t *stamp)
{
	switch (command->kind) {
	case ROAD_COMMAND_COPY: return copy_box(f, &command->copy, stream);
	case ROAD_COMMAND_FILL: return fill(f, &command->fill, stream);
	case ROAD_COMMAND_LAUNCH: return launch(f, &command->launch, stream);
	case ROAD_COMMAND_WRITE_VALUE:
		return move(f, pointer(&command->word.at), &command->word.value,
			    command->word.bytes, stream);
	case ROAD_COMMAND_TIMESTAMP: return timestamp(f, &command->word, stream, stamp);
	default: return frtSuccess; /* a barrier: streams keep order */
	}
}
