/* SPDX-License-Identifier: Apache-2.0 */
/* zstd and xz, into memory that grows as bytes come and never beyond what was allowed. */
#include <lzma.h>
#include <stdlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "firmware-loader/detail.h"
#include "firmware-loader/file.h"

#define ROOM_FIRST (64u << 10)
/* What a decoder may take beside its output: the largest dictionary of `xz -9`, and twice. */
#define XZ_MEMORY_MAX (128ull << 20)

struct unpacked {
	uint8_t *bytes;
	size_t used, room;
	uint64_t bytes_max;
};

static road_firmware_error too_big(uint64_t bytes_max, road_firmware_detail *detail)
{
	return firmware_refuse_number(detail, ROAD_FIRMWARE_TOO_BIG,
				      "it grows too big when unpacked", "", bytes_max,
				      "at most # bytes", bytes_max);
}

/* Room for one byte more than is used. One beyond the limit shows that there is more. */
static road_firmware_error grow(struct unpacked *to, road_firmware_detail *detail)
{
	const size_t most = (size_t)to->bytes_max + 1;
	size_t room = to->room ? 2 * to->room : ROOM_FIRST;
	uint8_t *bytes;

	if (to->used > to->bytes_max)
		return too_big(to->bytes_max, detail);
	if (to->used < to->room)
		return ROAD_FIRMWARE_OK;
	room = room < most ? room : most;
	bytes = realloc(to->bytes, room);
	if (!bytes)
		return firmware_refuse(detail, ROAD_FIRMWARE_OUT_OF_MEMORY,
				       (struct finding){"out of memory", "unpacking", "", ""});
	to->bytes = bytes;
	to->room = room;
	return ROAD_FIRMWARE_OK;
}

static road_firmware_error broken(road_firmware_detail *detail, const char *what, const char *seen)
{
	return firmware_refuse(detail, ROAD_FIRMWARE_BAD_COMPRESSION,
			       (struct finding){what, "", seen, ""});
}

/* ---- zstd ---- */

static road_firmware_error zstd_failed(size_t rc, uint64_t bytes_max, road_firmware_detail *detail)
{
	if (ZSTD_getErrorCode(rc) == ZSTD_error_frameParameter_windowTooLarge)
		return too_big(bytes_max, detail);
	return broken(detail, "not a whole zstd frame", ZSTD_getErrorName(rc));
}

static road_firmware_error zstd_all(ZSTD_DCtx *context, ZSTD_inBuffer *in, struct unpacked *to,
				    road_firmware_detail *detail)
{
	for (;;) {
		road_firmware_error rc = grow(to, detail);
		ZSTD_outBuffer out = {to->bytes, to->room, to->used};
		size_t left;

		if (rc)
			return rc;
		left = ZSTD_decompressStream(context, &out, in);
		if (ZSTD_isError(left))
			return zstd_failed(left, to->bytes_max, detail);
		to->used = out.pos;
		if (!left)
			break;
		if (in->pos == in->size && out.pos < out.size)
			return broken(detail, "not a whole zstd frame", "cut");
	}
	if (in->pos < in->size)
		return broken(detail, "something stands behind the zstd frame", "");
	return to->used > to->bytes_max ? too_big(to->bytes_max, detail) : ROAD_FIRMWARE_OK;
}

/* ---- xz ---- */

static road_firmware_error xz_failed(lzma_ret rc, uint64_t bytes_max, road_firmware_detail *detail)
{
	switch (rc) {
	case LZMA_MEMLIMIT_ERROR: return too_big(bytes_max, detail);
	case LZMA_MEM_ERROR:
		return firmware_refuse(detail, ROAD_FIRMWARE_OUT_OF_MEMORY,
				       (struct finding){"out of memory", "unpacking", "", ""});
	case LZMA_BUF_ERROR: return broken(detail, "not a whole xz stream", "cut");
	case LZMA_FORMAT_ERROR: return broken(detail, "not an xz stream", "another format");
	default: return broken(detail, "not a whole xz stream", "damaged");
	}
}

static road_firmware_error xz_all(lzma_stream *stream, struct unpacked *to,
				  road_firmware_detail *detail)
{
	lzma_ret done;

	do {
		const road_firmware_error rc = grow(to, detail);

		if (rc)
			return rc;
		stream->next_out = to->bytes + to->used;
		stream->avail_out = to->room - to->used;
		done = lzma_code(stream, LZMA_FINISH);
		to->used = to->room - stream->avail_out;
	} while (done == LZMA_OK);
	if (done != LZMA_STREAM_END)
		return xz_failed(done, to->bytes_max, detail);
	if (stream->avail_in)
		return broken(detail, "something stands behind the xz stream", "");
	return to->used > to->bytes_max ? too_big(to->bytes_max, detail) : ROAD_FIRMWARE_OK;
}

/* ---- */

static road_firmware_error finish(road_firmware_error rc, struct unpacked *to, void **out,
				  size_t *out_bytes)
{
	if (rc) {
		free(to->bytes);
	} else {
		*out = to->bytes;
		*out_bytes = to->used;
	}
	return rc;
}

road_firmware_error unpack_zstd(const void *bytes, size_t byte_count, uint64_t bytes_max,
				void **out, size_t *out_bytes, road_firmware_detail *detail)
{
	struct unpacked to = {.bytes_max = bytes_max};
	ZSTD_inBuffer in = {bytes, byte_count, 0};
	ZSTD_DCtx *context = ZSTD_createDCtx();
	road_firmware_error rc;

	if (!context)
		return firmware_refuse(detail, ROAD_FIRMWARE_OUT_OF_MEMORY,
				       (struct finding){"out of memory", "unpacking", "", ""});
	rc = zstd_all(context, &in, &to, detail);
	ZSTD_freeDCtx(context);
	return finish(rc, &to, out, out_bytes);
}

road_firmware_error unpack_xz(const void *bytes, size_t byte_count, uint64_t bytes_max, void **out,
			      size_t *out_bytes, road_firmware_detail *detail)
{
	lzma_stream stream = LZMA_STREAM_INIT;
	struct unpacked to = {.bytes_max = bytes_max};
	const lzma_ret ready = lzma_stream_decoder(&stream, XZ_MEMORY_MAX, 0);
	road_firmware_error rc;

	if (ready != LZMA_OK)
		return xz_failed(ready, bytes_max, detail);
	stream.next_in = bytes;
	stream.avail_in = byte_count;
	rc = xz_all(&stream, &to, detail);
	lzma_end(&stream);
	return finish(rc, &to, out, out_bytes);
}
