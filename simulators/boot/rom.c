/* SPDX-License-Identifier: Apache-2.0 */
/* From power-on to firmware that runs, and to its end: one phase after the other. */
#include <stdio.h>
#include <string.h>

#include "simulators/boot/internal.h"

#define NS SIM_PS_PER_NS
#define US (1000 * NS)

/* What it takes. All are assumed: orders of magnitude of small boot ROMs with an engine for hashes
 * and signatures beside them. */
static const struct {
	uint64_t power, rom, offer, word, request, byte, digest_byte, signature, broadcast,
		broadcast_byte, selftest, hello, run, beat;
} costs = {
	.power = 1 * US,       /* until the ROM runs */
	.rom = 20 * US,        /* until it wants an image */
	.offer = 1 * US,       /* to get ready for one */
	.word = 100 * NS,      /* to take notice of what the host writes */
	.request = 1 * US,     /* pull: a transfer, and … */
	.byte = 1 * NS,        /* … a byte of it */
	.digest_byte = 4 * NS, /* SHA-256 */
	.signature = 40 * US,  /* Ed25519 */
	.broadcast = 500 * NS, /* to each further unit, and … */
	.broadcast_byte = NS,  /* … a byte of the image, to all of them */
	.selftest = 50 * US,   /* of firmware that starts */
	.hello = 2 * US,       /* until it has said who it is */
	.run = 5 * US,         /* until it works, from the host's answer on */
	.beat = 250 * US, /* of its heart; ROAD_BOOT_REG_HEARTBEAT_NS64 allows four times that */
};

static struct sim_env *env_of(const struct sim_boot *boot)
{
	return boot->setup.env;
}

static void changed(struct sim_boot *boot)
{
	boot->sequence++;
}

static void go(struct sim_boot *boot, enum road_boot_phase phase)
{
	const uint64_t now = sim_now(env_of(boot));

	sim_trace_span(env_of(boot), "boot", boot_phase_names[boot->phase], boot->since_ps, now);
	boot->phase = (uint32_t)phase;
	boot->since_ps = now;
	changed(boot);
}

/* ---- what is next ---- */

static bool hangs(const struct sim_boot *boot)
{
	return boot->fault == SIM_BOOT_HANG && boot->phase == boot->hang;
}

static void run_next(void *arg)
{
	struct sim_boot *boot = arg;
	void (*next)(struct sim_boot *) = boot->next;

	boot->next = NULL;
	next(boot);
}

/* What a boot that hangs in its phase never does. */
static void after(struct sim_boot *boot, uint64_t ps, void (*next)(struct sim_boot *boot))
{
	if (hangs(boot))
		return;
	boot->next = next;
	boot->event.run = run_next;
	sim_schedule(env_of(boot), &boot->event, sim_now(env_of(boot)) + ps);
}

bool boot_busy(const struct sim_boot *boot)
{
	return boot->next != NULL;
}

void boot_out_of_turn(struct sim_boot *boot, const char *what)
{
	sim_violation(env_of(boot), boot->function,
		      "the boot block's %s is written in phase %s%s, where it does nothing", what,
		      boot_phase_names[boot->phase], boot_busy(boot) ? ", at work" : "");
}

/* ---- ends ---- */

/* How many are, or were, open. */
static uint32_t each_queue(struct sim_boot *boot, enum sim_boot_verb verb)
{
	uint32_t open = 0;

	for (uint32_t f = 0; f < boot->setup.functions; f++)
		for (uint32_t i = 0; i < boot->setup.queues; i++)
			open += boot->setup.queue(boot->setup.arg, f, i, verb);
	return open;
}

static void leave_dump(struct sim_boot *boot, enum road_boot_code code)
{
	static const char *const causes[ROAD_BOOT_CODES] = {
		[ROAD_BOOT_CODE_SELFTEST] = "the self-test failed",
		[ROAD_BOOT_CODE_PANIC] = "panic",
		[ROAD_BOOT_CODE_NONCE] = "the host's answer is to another hello",
	};
	const struct boot_image *image = &boot->accepted;

	boot->dump = (struct road_boot_dump){
		.magic = ROAD_BOOT_DUMP_MAGIC,
		.code = (uint32_t)code,
		.time_ns = sim_now(env_of(boot)) / SIM_PS_PER_NS,
		.heartbeat = boot_heartbeat(boot),
		.image = {image->version.major, image->version.minor, image->version.revision,
			  image->version.build},
	};
	boot->dump.queues_open = each_queue(boot, SIM_BOOT_LOOK);
	boot->dump.packets = sim_boot_runs(boot) ? *boot->setup.entries - boot->entries : 0;
	snprintf(boot->dump_text, sizeof(boot->dump_text), "simulated firmware: %s, in phase %s",
		 causes[code], boot_phase_names[boot->phase]);
	boot->dump.text_bytes = (uint32_t)strlen(boot->dump_text);
	boot->dump_bytes = (uint32_t)sizeof(boot->dump) + boot->dump.text_bytes;
}

static void end(struct sim_boot *boot, enum road_boot_code code)
{
	const bool ran = sim_boot_runs(boot);

	leave_dump(boot, code);
	boot->code = (uint32_t)code;
	go(boot, ROAD_BOOT_PHASE_CRASHED);
	if (ran)
		each_queue(boot, SIM_BOOT_FAIL);
}

static void panic(struct sim_boot *boot)
{
	end(boot, ROAD_BOOT_CODE_PANIC);
}

void boot_crash(struct sim_boot *boot)
{
	after(boot, 0, panic);
}

static void stand_still(struct sim_boot *boot)
{
	boot->still = true;
	boot->still_ps = sim_now(env_of(boot));
	each_queue(boot, SIM_BOOT_DROP);
}

void boot_stand_still(struct sim_boot *boot)
{
	after(boot, 0, stand_still);
}

uint64_t boot_heartbeat(const struct sim_boot *boot)
{
	const uint64_t now = boot->still ? boot->still_ps : sim_now(env_of(boot));

	return sim_boot_runs(boot) ? 1 + (now - boot->run_ps) / costs.beat : 0;
}

/* ---- firmware ---- */

static void begin_work(struct sim_boot *boot)
{
	boot->run_ps = sim_now(env_of(boot));
	boot->entries = *boot->setup.entries;
	go(boot, ROAD_BOOT_PHASE_RUNNING);
	boot->setup.started(boot->setup.arg);
	if (hangs(boot))
		stand_still(boot);
}

void boot_protocol(struct sim_boot *boot, uint32_t protocol)
{
	const struct road_boot_hello *hello = &boot->hello;

	if (boot->phase != ROAD_BOOT_PHASE_HELLO || boot_busy(boot)) {
		boot_out_of_turn(boot, "PROTOCOL");
		return;
	}
	if (boot->latch.nonce != hello->nonce) {
		end(boot, ROAD_BOOT_CODE_NONCE);
		return;
	}
	if (!protocol)
		return; /* it keeps quiet, until the host has thought again */
	if (protocol < hello->protocol_min || protocol > hello->protocol_max) {
		sim_violation(env_of(boot), boot->function,
			      "the boot block's PROTOCOL is written %u, allowed: %u to %u, 0",
			      protocol, hello->protocol_min, hello->protocol_max);
		return;
	}
	after(boot, costs.run, begin_work);
}

static void say_hello(struct sim_boot *boot)
{
	const struct boot_image *image = &boot->accepted;
	struct road_boot_hello *hello = &boot->hello;

	*hello = (struct road_boot_hello){
		.protocol_min = boot->program.protocol_min,
		.protocol_max = boot->program.protocol_max,
		.version_major = image->version.major,
		.version_minor = image->version.minor,
		.version_revision = image->version.revision,
		.version_build = image->version.build,
		.counter = image->counter,
		.chip = boot->setup.chip,
		.features = boot->program.features,
		.nonce = sim_random(env_of(boot)),
	};
	if (boot->fault == SIM_BOOT_PROTOCOL)
		hello->protocol_min = hello->protocol_max = UINT32_MAX;
	if (boot->fault == SIM_BOOT_VERSION)
		hello->version_build++;
	if (boot->fault == SIM_BOOT_CHIP)
		hello->chip++;
	go(boot, ROAD_BOOT_PHASE_HELLO);
}

static void end_selftest(struct sim_boot *boot)
{
	if (boot->fault == SIM_BOOT_SELFTEST)
		end(boot, ROAD_BOOT_CODE_SELFTEST);
	else
		say_hello(boot);
}

/* ---- images ---- */

static void want(struct sim_boot *boot)
{
	go(boot, ROAD_BOOT_PHASE_WAITING);
}

static void reject(struct sim_boot *boot, enum road_boot_code code)
{
	boot->code = (uint32_t)code;
	go(boot, ROAD_BOOT_PHASE_REJECTED);
}

/* All units of the component have it. */
static void accept(struct sim_boot *boot)
{
	boot->image = NULL;
	if (boot->component + 1 < boot->setup.component_count) {
		boot->component++;
		want(boot);
		return;
	}
	go(boot, ROAD_BOOT_PHASE_STARTING);
	after(boot, costs.selftest + costs.hello, end_selftest);
}

/* The component's payload joins those before it. */
static bool take_program(struct sim_boot *boot)
{
	const struct boot_image *image = &boot->accepted;
	struct sim_program *first = &boot->program, other;
	struct sim_program_error why;

	if (!sim_program_read(image->payload, image->payload_bytes, boot->setup.family,
			      boot->component ? &other : first, &why))
		return false;
	return !boot->component ||
	       sim_program_join(first, &other, boot->setup.components[boot->component].units, &why);
}

static void judge(struct sim_boot *boot)
{
	const uint32_t units = boot->setup.components[boot->component].units;
	enum road_boot_code code = ROAD_BOOT_CODE_KEY;

	if (boot->fault != SIM_BOOT_REJECT)
		code = boot_check_image(boot, boot->image, boot->got, &boot->accepted);
	if (!code && !take_program(boot))
		code = ROAD_BOOT_CODE_PROGRAM;
	if (code)
		reject(boot, code);
	else
		after(boot,
		      units > 1 ? (units - 1) * costs.broadcast + boot->got * costs.broadcast_byte
				: 0,
		      accept);
}

static void authenticate(struct sim_boot *boot)
{
	go(boot, ROAD_BOOT_PHASE_AUTH);
	after(boot, costs.signature + boot->got * costs.digest_byte, judge);
}

/* ---- the host pushes ---- */

static bool may_load(struct sim_boot *boot, enum sim_boot_style style, const char *what)
{
	if (boot->phase == ROAD_BOOT_PHASE_LOADING && boot->setup.style == style &&
	    !boot_busy(boot))
		return true;
	boot_out_of_turn(boot, what);
	return false;
}

void boot_take_data(struct sim_boot *boot, uint32_t bytes)
{
	if (!may_load(boot, SIM_BOOT_PUSH, "DATA_BYTES"))
		return;
	if (!bytes || bytes > boot->setup.chunk_bytes || bytes > boot->offered - boot->got) {
		sim_violation(
			env_of(boot), boot->function,
			"the boot block's DATA_BYTES is written %u, allowed: 1 to %u, of %llu "
			"that are left",
			bytes, boot->setup.chunk_bytes,
			(unsigned long long)(boot->offered - boot->got));
		return;
	}
	if (boot->fault == SIM_BOOT_EARLY) {
		go(boot, ROAD_BOOT_PHASE_AUTH); /* for ever: there is nothing to be found there */
		return;
	}
	if (!boot->refused)
		memcpy(boot->image + boot->got, boot->data, bytes);
	boot->got += bytes;
}

static void end_push(struct sim_boot *boot)
{
	if (boot->refused || boot->complete != boot->offered || boot->got != boot->offered)
		reject(boot, ROAD_BOOT_CODE_BYTES);
	else
		authenticate(boot);
}

void boot_complete(struct sim_boot *boot, uint64_t bytes)
{
	if (!may_load(boot, SIM_BOOT_PUSH, "COMPLETE64"))
		return;
	boot->complete = bytes;
	after(boot, costs.word, end_push);
}

/* ---- the ROM pulls ---- */

static uint32_t least(uint64_t a, uint64_t b)
{
	return (uint32_t)(a < b ? a : b);
}

static void ask(struct sim_boot *boot)
{
	const uint32_t chunk = boot->setup.chunk_bytes;
	uint64_t offset = boot->got;
	uint32_t bytes = least(boot->offered - offset, chunk);

	switch (boot->fault) {
	case SIM_BOOT_OFFSET: offset = boot->offered + chunk; break;
	case SIM_BOOT_LENGTH:
		offset = boot->offered - 1;
		bytes = chunk;
		break;
	case SIM_BOOT_EARLY: bytes = bytes / 2 + 1; break;
	}
	boot->request++;
	boot->request_offset = offset;
	boot->request_bytes = bytes;
	changed(boot);
}

/* What it asked for was no part of the image, or the same once more: it is thrown away. */
static bool asks_wildly(const struct sim_boot *boot)
{
	return boot->fault == SIM_BOOT_OFFSET || boot->fault == SIM_BOOT_LENGTH ||
	       boot->fault == SIM_BOOT_ENDLESS;
}

static void end_pull(struct sim_boot *boot)
{
	if (asks_wildly(boot)) {
		ask(boot);
		return;
	}
	if (boot->fault == SIM_BOOT_EARLY) {
		go(boot, ROAD_BOOT_PHASE_AUTH); /* as boot_take_data() does */
		return;
	}
	if (boot->refused) {
		reject(boot, ROAD_BOOT_CODE_BYTES);
		return;
	}
	if (!sim_dma_read(env_of(boot), boot->pulled_by, boot->pulled_from, boot->image + boot->got,
			  boot->pulled)) {
		reject(boot, ROAD_BOOT_CODE_DMA);
		return;
	}
	boot->got += boot->pulled;
	if (boot->got < boot->offered)
		ask(boot);
	else
		authenticate(boot);
}

void boot_answer(struct sim_boot *boot, uint32_t request)
{
	const uint32_t bytes = boot->request_bytes;

	if (!may_load(boot, SIM_BOOT_PULL, "DMA_GO"))
		return;
	if (!bytes || request != (uint32_t)boot->request || boot->latch.dma_bytes != bytes) {
		sim_violation(env_of(boot), boot->function,
			      "the boot block's DMA_GO is written %u with DMA_BYTES %llu, allowed: "
			      "%u with %u",
			      request, (unsigned long long)boot->latch.dma_bytes,
			      (uint32_t)boot->request, bytes);
		return;
	}
	boot->pulled = bytes;
	boot->pulled_by = boot->function;
	boot->pulled_from = boot->latch.dma_address;
	boot->request_bytes = 0;
	changed(boot);
	after(boot, costs.request + bytes * costs.byte, end_pull);
}

/* ---- an image is offered ---- */

static void refuse_nothing(struct sim_boot *boot)
{
	reject(boot, ROAD_BOOT_CODE_BYTES);
}

static void load(struct sim_boot *boot)
{
	const uint64_t most = boot->setup.components[boot->component].bytes_max;

	boot->image = NULL;
	boot->got = 0;
	boot->request = 0;
	if (boot->offered && boot->offered <= most)
		boot->image = boot->store + ((boot->store_bytes - boot->offered) & ~UINT64_C(15));
	boot->refused = !boot->image;
	go(boot, ROAD_BOOT_PHASE_LOADING);
	if (boot->setup.style == SIM_BOOT_PUSH || hangs(boot))
		return;
	if (boot->offered)
		ask(boot);
	else
		after(boot, costs.offer, refuse_nothing);
}

void boot_offer(struct sim_boot *boot, uint32_t component)
{
	if (boot->phase != ROAD_BOOT_PHASE_WAITING || boot_busy(boot)) {
		boot_out_of_turn(boot, "OFFER");
		return;
	}
	if (component != boot->component) {
		sim_violation(env_of(boot), boot->function,
			      "the boot block's OFFER is written %u, allowed: %u", component,
			      boot->component);
		return;
	}
	boot->offered = boot->latch.offer_bytes;
	after(boot, costs.offer, load);
}

/* ---- the beginning ---- */

static void run_rom(struct sim_boot *boot)
{
	go(boot, ROAD_BOOT_PHASE_ROM);
	after(boot, costs.rom, want);
}

static void choose_fault(struct sim_boot *boot)
{
	const struct sim_boot_options *options = &boot->setup.options;

	boot->fault = options->fault;
	boot->hang = options->phase;
	if (!boot->next_times)
		return;
	boot->fault = boot->next_fault;
	boot->hang = boot->next_hang;
	if (boot->next_times != SIM_BOOT_EVERY)
		boot->next_times--;
}

/* A dump outlives it. */
void boot_power_on(struct sim_boot *boot)
{
	sim_cancel(env_of(boot), &boot->event);
	boot->next = NULL;
	boot->image = NULL;
	choose_fault(boot);
	boot->still = false;
	boot->component = boot->code = 0;
	boot->request_bytes = 0;
	boot->request = boot->request_offset = 0;
	boot->hello = (struct road_boot_hello){0};
	boot->accepted = (struct boot_image){0};
	boot->latch = (struct boot_latch){0};
	memset(boot->data, 0, sizeof(boot->data));
	go(boot, ROAD_BOOT_PHASE_OFF);
	after(boot, costs.power, run_rom);
}
