/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a conformance case sees: its fixture, its assertions, the capabilities that it asks for.
 *
 * A case is a row of groups/GROUP.def and a function of groups/GROUP.c:
 *
 *	CASE(copy, copy_d2d, CAP(COPY))
 *
 *	CONFORMANCE_CASE(copy, copy_d2d)
 *	{
 *		road_buffer *a = fixture_buffer(f, 4096);
 *		...
 *		CHECK_OK(road_queue_copy(fixture_queue(f), a, 0, b, 0, 4096, &point));
 *	}
 *
 * Each case runs in a process of its own, with an instance (checked mode) and a device of its own;
 * it may crash, hang or fork. After it the runner looks for what it left behind: buffers of the
 * device, descriptors, broken rules of the chip. Cases see the public interface alone.
 */
#ifndef TESTS_CONFORMANCE_CASE_H
#define TESTS_CONFORMANCE_CASE_H

#include <roadbed/roadbed.h>
#include <roadbed/sim.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* What a device, its kernels or this machine can be asked for: one row of capability.def each. */
enum capability {
#define CAPABILITY(id, name, text) CAPABILITY_##id,
#include "tests/conformance/capability.def"
#undef CAPABILITY
	CAPABILITIES
};
#define CAP(id) (UINT64_C(1) << CAPABILITY_##id)

struct fixture {
	const char *address;     /* as the command line gives it, options included */
	const char *kernels;     /* folder of images */
	road_instance *instance; /* private, checked */
	road_device *device;
	road_device_info info;
	uint32_t memory_heaps; /* all but that of scratchpads, which is the last one */
	road_space *space; /* of its own where the device has further ones, else the shared one */
	uint64_t seed;     /* of this case: from the run's seed and the case's name */
	bool soak;         /* long forms are asked for */
	bool violates;     /* the case breaks rules of the chip on purpose */
	bool lost;         /* the case loses the device on purpose: no look at what is left */
	/* The fixture's own; what it gave is given back when the case ends. */
	struct fixture_own *own;
};

#define CONFORMANCE_CASE(group, name)                  \
	void case_##group##_##name(struct fixture *f); \
	void case_##group##_##name(struct fixture *f)

/* ---- what a fixture gives; a failure ends the case ---- */

/* A queue of the space, of the device's first class: the same one at each call. */
road_queue *fixture_queue(struct fixture *f);
/* A further queue; options may be NULL. A case holds one queue at a time, or two where it asks for
 * TWO_QUEUES: more only where road_device_info.queues_max says that there are. */
road_queue *fixture_queue_new(struct fixture *f, const road_queue_options *options);
/* Gives one back before the case ends, the one of fixture_queue included. */
void fixture_queue_drop(struct fixture *f, road_queue *queue);
/* Zeroed memory of the device's first heap; of a heap of this kind. */
road_buffer *fixture_buffer(struct fixture *f, uint64_t bytes);
road_buffer *fixture_buffer_in(struct fixture *f, uint32_t heap, uint64_t bytes);
/* Kind of the first heap; of the first one that the host sees (ROAD_HEAP_KINDS: none). */
uint32_t fixture_heap(struct fixture *f);
uint32_t fixture_visible_heap(struct fixture *f);
road_event *fixture_event(struct fixture *f, uint64_t initial);
road_list *fixture_list(struct fixture *f, uint32_t flags);
/* Host bytes to a buffer, and back: submitted and awaited. */
void fixture_put(struct fixture *f, road_buffer *to, uint64_t offset, const void *from,
		 uint64_t bytes);
void fixture_get(struct fixture *f, void *to, road_buffer *from, uint64_t offset, uint64_t bytes);
/* A kernel of the family's image: kernels/README.md says what each does. */
road_kernel *fixture_kernel(struct fixture *f, const char *name);
/* Submits one launch: all arguments are 64 bits wide. The kernels' contract: any grid and block
 * cover the work, each work-item taking its share. */
void fixture_launch(struct fixture *f, road_queue *queue, const char *kernel,
		    const uint64_t *arguments, uint32_t count, road_point *point);
/* The launch itself, to be changed and submitted otherwise. `arguments` must stay. */
road_launch fixture_launch_of(struct fixture *f, const char *kernel, const uint64_t *arguments,
			      uint32_t count);
uint64_t fixture_address(struct fixture *f, road_buffer *buffer);
/* A second device of the same kind: of this instance, released with the fixture. */
road_device *fixture_second(struct fixture *f);
/* A further instance of its own, in checked mode, released with the fixture. devices: the list of
 * its options; NULL: the environment's. Lets go of the device. */
road_instance *fixture_instance(struct fixture *f, const char *devices, uint32_t flags);
/* A device that one instance alone can have, as real ones are, is closed for a further instance, or
 * another process, to open it: then all that the fixture gave of it is gone. fixture_back opens it
 * again. Both do nothing for other devices. */
void fixture_let_go(struct fixture *f);
void fixture_back(struct fixture *f);
/* The device, or another one, once more: opened in that instance, released with the fixture. */
road_device *fixture_open_in(struct fixture *f, road_instance *instance, const char *address);
/* Where libroadbed-sim is, for options of instances that a case makes itself; NULL: found. */
const char *fixture_libraries(const struct fixture *f);
/* Lets a little of the device's time pass. */
void fixture_pass(struct fixture *f);
/* A temporary of malloc; freed when the case ends. */
void *fixture_memory(struct fixture *f, size_t bytes);
/* The device's address with `options` ("seed=7&host_line=64") added to those it has. */
const char *fixture_address_with(struct fixture *f, const char *options);
/* `bytes` divided by the device's test_scale, at least `least`, a multiple of it. */
uint64_t fixture_bytes(const struct fixture *f, uint64_t bytes, uint64_t least);
/* Seeded; the same numbers in every run. */
uint64_t fixture_random(struct fixture *f);
void fixture_fill_random(struct fixture *f, void *out, size_t bytes);
/* Does the device have it? Looks, where only looking tells. */
bool fixture_has(struct fixture *f, enum capability capability);

/* A deadline that a right device never meets: what hangs, fails by name. */
#define SOON road_deadline_after(UINT64_C(20000000000))

/* ---- assertions; CHECK notes a failure and goes on, REQUIRE ends the case ---- */

bool case_check(bool good, bool required, const char *file, int line, const char *text);
bool case_check_u64(uint64_t seen, uint64_t wanted, bool required, const char *file, int line,
		    const char *text);
/* Ends the case as skipped if it was refused a device since the server of its chip has no function
 * free: of a served chip each device is one, and how many there are is for who serves it to say. */
void case_skip_if_too_few(road_status seen);
bool case_check_status(road_status seen, road_status wanted, bool required, const char *file,
		       int line, const char *text);
/* The last error's detail has `part` in what, where, seen or allowed. */
bool case_check_detail(const char *part, const char *file, int line);
/* Fails the case with words of its own; formats like printf. */
void case_fail(bool required, const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* A line of the report that is no failure: what was measured, what was chosen. */
void case_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Ends the case as not applicable on this device: it must then be listed as unsupported. Only for
 * what no row of capability.def can tell beforehand. */
void case_unsupported(const char *why) __attribute__((noreturn));

#define CHECK(expression)   case_check((expression), false, __FILE__, __LINE__, #expression)
#define REQUIRE(expression) case_check((expression), true, __FILE__, __LINE__, #expression)
#define CHECK_EQ(seen, wanted) \
	case_check_u64((uint64_t)(seen), (uint64_t)(wanted), false, __FILE__, __LINE__, #seen)
#define REQUIRE_EQ(seen, wanted) \
	case_check_u64((uint64_t)(seen), (uint64_t)(wanted), true, __FILE__, __LINE__, #seen)
#define CHECK_STATUS(call, wanted) \
	case_check_status((call), (wanted), false, __FILE__, __LINE__, #call)
/* What the rest of a case depends on. */
#define CHECK_OK(call)          case_check_status((call), ROAD_OK, true, __FILE__, __LINE__, #call)
#define CHECK_DETAIL(part)      case_check_detail((part), __FILE__, __LINE__)
#define CASE_FAIL(...)          case_fail(false, __FILE__, __LINE__, __VA_ARGS__)
#define CHECK_SAME(a, b, bytes) CHECK(memcmp((a), (b), (bytes)) == 0)

#endif
