/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of libfakert share this. One lock for all there is, one condition for all changes. */
#ifndef TESTS_FAKERT_FAKE_H
#define TESTS_FAKERT_FAKE_H

#include <pthread.h>
#include <stdbool.h>

#include "uapi/fakert/rt.h"

#define API                      __attribute__((visibility("default")))
#define DECLARE(name, arguments) API int frt##name arguments;
FRT_FUNCTIONS(DECLARE)
FRT_FURTHER_FUNCTIONS(DECLARE)
API const char *frtGetErrorString(int error);

enum { DEVICES = 2, THREADS_MAX = 1024 };
#define MEMORY_BYTES (UINT64_C(256) << 20)
#define SHARED_BYTES (UINT64_C(48) << 10)

struct device {
	bool gone;
	uint64_t resets; /* what was made before the last one is destroyed */
	uint64_t used_bytes;
	int hangs; /* so many works of it, the next ones, never end */
};

/* Memory that devices reach. */
struct block {
	struct block *next;
	char *base;
	void *memory; /* what malloc gave; NULL: registered */
	size_t bytes;
	int device;
	enum frtMemoryType type;
};

struct fake {
	pthread_mutex_t lock;
	pthread_cond_t change;
	struct device devices[DEVICES];
	struct block *blocks;
	struct frtStream *streams;
	uint64_t calls, live; /* handles and blocks that are there */
	uint64_t fail_at;     /* this call fails; 0: none */
	int fail_result;
};
extern struct fake fake;

/* A call begins: what it has to answer at once, because a test wants it so. */
int fake_begin(void);
/* A call ends: its result becomes the thread's last error. */
int fake_end(int result);
#define BEGIN()                                     \
	do {                                        \
		int injected_ = fake_begin();       \
		if (injected_)                      \
			return fake_end(injected_); \
	} while (0)

int fake_current(void);
/* Under the lock: can something that was made on `device` at its `resets` be used by this thread?
 */
int fake_usable(int device, uint64_t resets);
/* Under the lock. */
struct block *fake_block(const void *at, size_t bytes, int device);
int fake_alloc(void **out, size_t bytes, int device);
void fake_free(void *base);
void fake_forget_blocks(int device);

/* Under the lock: all streams of the device end with `why`; returns when they touch nothing. */
void fake_kill(int device, int why);

/* A launch as a kernel sees it: its arguments one after the other. */
struct launch {
	int device;
	uint64_t arguments[4];
};
struct builtin {
	const char *name;
	unsigned arguments; /* of 8 bytes each */
	int (*run)(const struct launch *launch);
};
const struct builtin *fake_builtin(const char *name, size_t bytes);
int fake_put_launch(frtStream_t stream, const struct builtin *kernel, const struct launch *launch);

#endif
