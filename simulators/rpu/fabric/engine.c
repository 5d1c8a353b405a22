/* SPDX-License-Identifier: Apache-2.0 */
#include "simulators/rpu/fabric/engine.h"

#include <string.h>

#include "simulators/rpu/fabric/ops.h"

uint32_t rpu_type_bytes(uint32_t type)
{
	static const uint8_t bytes[ROAD_RPU_TYPES] = {1, 1, 2, 2, 4};

	return bytes[type];
}

uint32_t rpu_load(const uint8_t *at, uint32_t type)
{
	uint32_t word;
	uint16_t half;

	switch (type) {
	case ROAD_RPU_TYPE_S8: return (uint32_t)(int8_t)*at;
	case ROAD_RPU_TYPE_U8: return *at;
	case ROAD_RPU_TYPE_S16:
	case ROAD_RPU_TYPE_U16:
		memcpy(&half, at, sizeof(half));
		return type == ROAD_RPU_TYPE_S16 ? (uint32_t)(int16_t)half : half;
	default: memcpy(&word, at, sizeof(word)); return word;
	}
}

void rpu_store(uint8_t *at, uint32_t bytes, uint32_t value)
{
	uint16_t half = (uint16_t)value;

	switch (bytes) {
	case 1: *at = (uint8_t)value; break;
	case 2: memcpy(at, &half, sizeof(half)); break;
	default: memcpy(at, &value, sizeof(value)); break;
	}
}

static enum rpu_port_answer refuse(struct rpu_port *port, uint32_t bytes)
{
	port->refused = bytes;
	return RPU_PORT_FAULT;
}

static bool is_inside(const struct rpu_window *window, uint32_t address, uint32_t bytes)
{
	return address >= window->from && (uint64_t)address + bytes <= window->end;
}

/* Accesses stay in a window for long: another one is looked for when they leave it. */
static bool other_window(struct rpu_port *port, uint32_t address, uint32_t bytes, bool write)
{
	struct rpu_window *window = &port->window[write];

	return port->memory->window &&
	       port->memory->window(port->memory->context, address, write, window) &&
	       is_inside(window, address, bytes);
}

static enum rpu_port_answer take_far(struct rpu_port *port, uint32_t address, uint32_t bytes,
				     bool write, uint8_t **at)
{
	if (port->cycle < port->far_next)
		return RPU_PORT_WAIT;
	*at = port->far->far(port->far->context, address, bytes, write);
	if (!*at)
		return refuse(port, bytes);
	port->far_next = port->cycle + port->far->far_interval;
	port->accesses++;
	return RPU_PORT_DONE;
}

enum rpu_port_answer rpu_port_take(struct rpu_port *port, uint32_t address, uint32_t bytes,
				   bool write, uint8_t **at, uint32_t *latency)
{
	uint32_t bank = 1u << (address >> port->bank_shift & port->bank_mask);

	if (address & (bytes - 1)) /* 1, 2 or 4 */
		return refuse(port, bytes);
	if (port->far && address >= port->far->far_base) {
		*latency = port->far->far_latency;
		return take_far(port, address, bytes, write, at);
	}
	if (address > port->bytes - bytes || (!is_inside(&port->window[write], address, bytes) &&
					      !other_window(port, address, bytes, write)))
		return refuse(port, bytes);
	if (!(port->banks & bank))
		return RPU_PORT_WAIT;
	port->banks &= ~bank;
	port->accesses++;
	*at = port->spm + address;
	*latency = port->latency;
	return RPU_PORT_DONE;
}

/* When dimension d turns, those below it go back to their begin. */
static void jumps(uint32_t jump[ROAD_RPU_DIMENSIONS], const int32_t stride[ROAD_RPU_DIMENSIONS],
		  const uint32_t count[ROAD_RPU_DIMENSIONS])
{
	uint32_t back = 0;

	for (unsigned d = 0; d < ROAD_RPU_DIMENSIONS; d++) {
		jump[d] = (uint32_t)stride[d] - back;
		back += (count[d] - 1) * (uint32_t)stride[d];
	}
}

static inline void turn(struct rpu_walk *walk, const uint32_t jump[ROAD_RPU_DIMENSIONS],
			const uint32_t count[ROAD_RPU_DIMENSIONS])
{
	walk->left--;
	for (unsigned d = 0; d < ROAD_RPU_DIMENSIONS; d++) {
		if (++walk->index[d] < count[d]) {
			walk->address += jump[d];
			return;
		}
		walk->index[d] = 0;
	}
}

static void seek(struct rpu_walk *walk, uint32_t base, const int32_t stride[ROAD_RPU_DIMENSIONS],
		 const uint32_t count[ROAD_RPU_DIMENSIONS], uint64_t done)
{
	walk->address = base;
	for (unsigned d = 0; d < ROAD_RPU_DIMENSIONS; d++) {
		walk->index[d] = (uint32_t)(done % count[d]);
		walk->address += walk->index[d] * (uint32_t)stride[d];
		done /= count[d];
	}
}

void rpu_engine_seek(struct rpu_engine *engine, uint64_t done, uint64_t indices_done)
{
	const struct road_rpu_stream *stream = &engine->stream;
	bool gather = stream->kind == ROAD_RPU_STREAM_GATHER;

	engine->walk.left = engine->tokens - done;
	seek(&engine->walk, stream->base, stream->stride, stream->count, done);
	engine->index_walk.left = gather ? engine->tokens - indices_done : 0;
	if (gather)
		seek(&engine->index_walk, stream->index_base, stream->index_stride, stream->count,
		     indices_done);
}

void rpu_engine_start(struct rpu_engine *engine)
{
	const struct road_rpu_stream *stream = &engine->stream;

	jumps(engine->jump, stream->stride, stream->count);
	jumps(engine->index_jump, stream->index_stride, stream->count);
	memset(&engine->fifo, 0, sizeof(engine->fifo));
	memset(&engine->indices, 0, sizeof(engine->indices));
	engine->held = 0;
	rpu_engine_seek(engine, 0, 0);
}

static bool is_gather(const struct rpu_engine *engine)
{
	return engine->stream.kind == ROAD_RPU_STREAM_GATHER;
}

/* The address of this turn. */
static uint32_t address_of(const struct rpu_engine *engine)
{
	uint32_t index = is_gather(engine) ? engine->indices.value[engine->indices.head] : 0;

	return engine->walk.address + (index << engine->stream.index_shift);
}

static void next_turn(struct rpu_engine *engine)
{
	if (is_gather(engine))
		rpu_fifo_pop(&engine->indices);
	turn(&engine->walk, engine->jump, engine->stream.count);
}

static enum rpu_port_answer read_tick(struct rpu_engine *engine, struct rpu_port *port)
{
	const struct road_rpu_stream *stream = &engine->stream;
	uint32_t value = address_of(engine), latency = port->latency;
	enum rpu_port_answer answer;
	uint8_t *at;

	if (stream->kind == ROAD_RPU_STREAM_BROADCAST && engine->walk.index[0]) {
		value = engine->held;
		latency = engine->held_latency;
	} else if (stream->kind != ROAD_RPU_STREAM_COUNTER) {
		answer = rpu_port_take(port, value, rpu_type_bytes(stream->type), false, &at,
				       &latency);
		if (answer != RPU_PORT_DONE)
			return answer;
		value = rpu_load(at, stream->type);
		engine->held = value;
		engine->held_latency = latency;
	}
	rpu_fifo_push(&engine->fifo, value, port->cycle + latency);
	next_turn(engine);
	return RPU_PORT_DONE;
}

static uint32_t fold(uint32_t reduce, uint32_t a, uint32_t b)
{
	switch (reduce) {
	case ROAD_RPU_REDUCE_ADD: return rpu_op_add(a, b, 0);
	case ROAD_RPU_REDUCE_MIN: return rpu_op_min(a, b, 0);
	case ROAD_RPU_REDUCE_MAX: return rpu_op_max(a, b, 0);
	case ROAD_RPU_REDUCE_FADD: return rpu_op_fadd(a, b, 0);
	case ROAD_RPU_REDUCE_FMIN: return rpu_op_fmin(a, b, 0);
	case ROAD_RPU_REDUCE_FMAX: return rpu_op_fmax(a, b, 0);
	default: return b;
	}
}

static enum rpu_port_answer write_tick(struct rpu_engine *engine, struct rpu_port *port)
{
	const struct road_rpu_stream *stream = &engine->stream;
	bool reduce = stream->kind == ROAD_RPU_STREAM_REDUCE;
	uint32_t value = engine->fifo.value[engine->fifo.head], latency;
	enum rpu_port_answer answer;
	uint8_t *at;

	if (reduce && engine->walk.index[0])
		value = fold(stream->reduce, engine->held, value);
	if (!reduce || engine->walk.index[0] == stream->count[0] - 1) {
		answer = rpu_port_take(port, address_of(engine), rpu_type_bytes(stream->type), true,
				       &at, &latency);
		if (answer != RPU_PORT_DONE)
			return answer;
		rpu_store(at, rpu_type_bytes(stream->type), value);
	}
	engine->held = value;
	rpu_fifo_pop(&engine->fifo);
	next_turn(engine);
	return RPU_PORT_DONE;
}

static enum rpu_port_answer index_tick(struct rpu_engine *engine, struct rpu_port *port)
{
	const struct road_rpu_stream *stream = &engine->stream;
	enum rpu_port_answer answer;
	uint32_t latency;
	uint8_t *at;

	if (engine->indices.count == ROAD_RPU_FIFO)
		return RPU_PORT_WAIT;
	answer = rpu_port_take(port, engine->index_walk.address, rpu_type_bytes(stream->index_type),
			       false, &at, &latency);
	if (answer != RPU_PORT_DONE)
		return answer;
	rpu_fifo_push(&engine->indices, rpu_load(at, stream->index_type), port->cycle + latency);
	turn(&engine->index_walk, engine->index_jump, stream->count);
	return RPU_PORT_DONE;
}

/* Whether there is a token to move, room for it, and its index. */
static bool can_move(const struct rpu_engine *engine, const struct rpu_port *port)
{
	if (is_gather(engine) && !rpu_fifo_ready(&engine->indices, port->cycle))
		return false;
	return engine->stream.write ? engine->fifo.count > 0 : engine->fifo.count < ROAD_RPU_FIFO;
}

/* ---- out of time ---- */

void rpu_engine_turns(const struct rpu_engine *engine, struct rpu_walk *walk, uint32_t count)
{
	walk->left -= count - 1;
	walk->index[0] += count - 1;
	walk->address += (count - 1) * engine->jump[0];
	turn(walk, engine->jump, engine->stream.count);
}

static void fold_run(struct rpu_engine *engine, uint8_t *spm, const uint32_t *value, uint32_t count)
{
	const struct road_rpu_stream *stream = &engine->stream;
	uint32_t index = engine->walk.index[0];

	for (uint32_t i = 0; i < count; i++)
		engine->held = index + i ? fold(stream->reduce, engine->held, value[i]) : value[i];
	if (index + count == stream->count[0])
		rpu_store(spm + engine->walk.address, rpu_type_bytes(stream->type), engine->held);
}

static void store_run(struct rpu_engine *engine, uint8_t *spm, const uint32_t *value,
		      uint32_t count)
{
	uint32_t bytes = rpu_type_bytes(engine->stream.type), address = engine->walk.address;
	uint32_t stride = (uint32_t)engine->stream.stride[0];

	if (bytes == 4 && stride == 4) {
		memcpy(spm + address, value, count * sizeof(*value));
		return;
	}
	for (uint32_t i = 0; i < count; i++, address += stride)
		rpu_store(spm + address, bytes, value[i]);
}

void rpu_engine_store(struct rpu_engine *engine, uint8_t *spm, const uint32_t *value,
		      uint32_t count)
{
	const struct road_rpu_stream *stream = &engine->stream;

	while (count) {
		uint32_t run = stream->count[0] - engine->walk.index[0];

		run = run < count ? run : count;
		if (stream->kind == ROAD_RPU_STREAM_REDUCE)
			fold_run(engine, spm, value, run);
		else
			store_run(engine, spm, value, run);
		rpu_engine_turns(engine, &engine->walk, run);
		value += run;
		count -= run;
	}
}

/* ---- cycle by cycle ---- */

/* Whether this turn needs no memory; if not, whether it gets its bank now. */
static bool near_access(const struct rpu_engine *engine, struct rpu_port *port)
{
	const struct road_rpu_stream *stream = &engine->stream;
	uint32_t bank = 1u << (engine->walk.address >> port->bank_shift & port->bank_mask);

	switch (stream->kind) {
	case ROAD_RPU_STREAM_COUNTER: return true;
	case ROAD_RPU_STREAM_BROADCAST:
		if (engine->walk.index[0])
			return true;
		break;
	case ROAD_RPU_STREAM_REDUCE:
		if (engine->walk.index[0] != stream->count[0] - 1)
			return true;
		break;
	default: break;
	}
	if (!(port->banks & bank))
		return false;
	port->banks &= ~bank;
	port->accesses++;
	return true;
}

static void near_read(struct rpu_engine *engine, const struct rpu_port *port)
{
	const struct road_rpu_stream *stream = &engine->stream;
	uint32_t value = engine->walk.address;

	if (stream->kind == ROAD_RPU_STREAM_BROADCAST && engine->walk.index[0])
		value = engine->held;
	else if (stream->kind != ROAD_RPU_STREAM_COUNTER)
		value = rpu_load(port->spm + value, stream->type);
	if (stream->kind == ROAD_RPU_STREAM_BROADCAST) {
		engine->held = value;
		engine->held_latency = port->latency;
	}
	rpu_fifo_push(&engine->fifo, value, port->cycle + port->latency);
}

static void near_write(struct rpu_engine *engine, const struct rpu_port *port)
{
	const struct road_rpu_stream *stream = &engine->stream;
	uint32_t value = rpu_fifo_pop(&engine->fifo), index = engine->walk.index[0];

	if (stream->kind == ROAD_RPU_STREAM_REDUCE) {
		value = index ? fold(stream->reduce, engine->held, value) : value;
		engine->held = value;
		if (index != stream->count[0] - 1)
			return;
	}
	rpu_store(port->spm + engine->walk.address, rpu_type_bytes(stream->type), value);
}

void rpu_engine_tick_near(struct rpu_engine *engine, struct rpu_port *port)
{
	if ((engine->stream.write ? !engine->fifo.count : engine->fifo.count == ROAD_RPU_FIFO) ||
	    !near_access(engine, port))
		return;
	if (engine->stream.write)
		near_write(engine, port);
	else
		near_read(engine, port);
	turn(&engine->walk, engine->jump, engine->stream.count);
}

bool rpu_engine_tick(struct rpu_engine *engine, struct rpu_port *port, uint32_t *address)
{
	enum rpu_port_answer answer = RPU_PORT_WAIT;

	if (can_move(engine, port)) {
		*address = address_of(engine);
		answer = engine->stream.write ? write_tick(engine, port) : read_tick(engine, port);
	}
	if (answer == RPU_PORT_FAULT || !engine->index_walk.left)
		return answer != RPU_PORT_FAULT;
	*address = engine->index_walk.address;
	return index_tick(engine, port) != RPU_PORT_FAULT;
}
