/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The wheel of those that wait: sets of a sub-core's positions by the cycle at which they can go
 * on. Turned at most once a cycle, mostly by one place: inline.
 */
#ifndef SIMULATORS_GPU_SM_WHEEL_H
#define SIMULATORS_GPU_SM_WHEEL_H

#include "simulators/gpu/timing_internal.h"

static inline void put_in_wheel(struct gpu_subcore *sc, uint64_t bit, uint64_t wake)
{
	if (wake - sc->turned > WHEEL) {
		sc->far |= bit;
		sc->far_next = earlier(sc->far_next, wake);
		return;
	}
	sc->wheel[wake % WHEEL] |= bit;
	sc->places |= UINT64_C(1) << wake % WHEEL;
}

static inline void take_from_wheel(struct gpu_subcore *sc, uint32_t position)
{
	uint64_t bit = UINT64_C(1) << position, *place = &sc->wheel[sc->wake[position] % WHEEL];

	sc->far &= ~bit;
	if (!(*place & bit)) /* it was far, or waits for no known cycle */
		return;
	*place &= ~bit;
	if (!*place)
		sc->places &= ~(UINT64_C(1) << sc->wake[position] % WHEEL);
}

/* The wheel's places in order of time: bit k is `turned` + 1 + k. */
static inline uint64_t places_ahead(const struct gpu_subcore *sc)
{
	uint32_t by = (uint32_t)((sc->turned + 1) % WHEEL);

	return by ? sc->places >> by | sc->places << (WHEEL - by) : sc->places;
}

/* The far ones again, most of which are near now; `turned` was just moved. */
static inline uint64_t bring_near(struct gpu_subcore *sc)
{
	uint64_t left = sc->far, due = 0;

	sc->far = 0;
	sc->far_next = NO_TIME;
	for (; left; left &= left - 1) {
		uint32_t position = (uint32_t)__builtin_ctzll(left);

		if (sc->wake[position] <= sc->turned)
			due |= UINT64_C(1) << position;
		else
			put_in_wheel(sc, UINT64_C(1) << position, sc->wake[position]);
	}
	return due;
}

/* Turns it up to `cycle`; returns those whose time has come. */
static inline uint64_t turn_wheel(struct gpu_subcore *sc, uint64_t cycle)
{
	uint64_t by = cycle - sc->turned, passed = places_ahead(sc), due = 0;

	if (by < WHEEL)
		passed &= (UINT64_C(1) << by) - 1;
	for (; passed; passed &= passed - 1) {
		uint32_t place =
			(uint32_t)((sc->turned + 1 + (unsigned)__builtin_ctzll(passed)) % WHEEL);

		due |= sc->wheel[place];
		sc->wheel[place] = 0;
		sc->places &= ~(UINT64_C(1) << place);
	}
	sc->turned = cycle;
	if (sc->far_next - 1 < cycle + WHEEL) /* NO_TIME - 1 is not */
		due |= bring_near(sc);
	uint64_t ahead = places_ahead(sc);

	sc->next_wake = sc->far_next;
	if (ahead)
		sc->next_wake = cycle + 1 + (unsigned)__builtin_ctzll(ahead);
	return due;
}

#endif
