/* SPDX-License-Identifier: Apache-2.0 */
/* Simulated devices that are pulled out and plugged in again, as a host sees it of real ones. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <roadbed/sim.h>

#include "hal/bus/address.h"
#include "hal/core/core.h"

/* An address whose device was pulled out of this instance. */
struct road_unplugged {
	struct road_unplugged *next;
	char identity[];
};

/* Under the instance's lock. */
static struct road_unplugged **place_of(struct road_instance *instance, const char *identity)
{
	struct road_unplugged **at = &instance->unplugged;

	while (*at && strcmp((*at)->identity, identity))
		at = &(*at)->next;
	return at;
}

bool road_is_unplugged(struct road_instance *instance, const char *identity)
{
	pthread_mutex_lock(&instance->lock);
	const bool out = *place_of(instance, identity);

	pthread_mutex_unlock(&instance->lock);
	return out;
}

void road_unplugged_free(struct road_instance *instance)
{
	while (instance->unplugged) {
		struct road_unplugged *next = instance->unplugged->next;

		free(instance->unplugged);
		instance->unplugged = next;
	}
}

road_status road_unplugged_add(struct road_instance *instance, const char *identity, bool *fresh)
{
	const size_t bytes = strlen(identity) + 1;
	struct road_unplugged *one = malloc(sizeof(*one) + bytes);

	if (!one)
		return road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory for an address",
				 "road_sim_unplug", "", "");
	memcpy(one->identity, identity, bytes);
	pthread_mutex_lock(&instance->lock);
	struct road_unplugged **at = place_of(instance, identity);

	one->next = NULL;
	*fresh = !*at;
	if (*at)
		free(one); /* it is out already */
	else
		*at = one;
	pthread_mutex_unlock(&instance->lock);
	return ROAD_OK;
}

/* false: it was not out. */
static bool take(struct road_instance *instance, const char *identity)
{
	pthread_mutex_lock(&instance->lock);
	struct road_unplugged **at = place_of(instance, identity), *one = *at;

	if (one)
		*at = one->next;
	pthread_mutex_unlock(&instance->lock);
	free(one);
	return one;
}

road_status road_sim_plug(road_instance *instance, const char *address)
{
	struct road_address parsed;
	road_status status =
		road_object_check(instance, &road_instance_class, "road_sim_plug: instance");

	if (!status && !address)
		status = road_fail(ROAD_INVALID_ARGUMENT, "address is NULL",
				   "road_sim_plug: address", "NULL", "");
	if (!status)
		status = road_address_parse(address, &parsed);
	if (status)
		return status;
	if (take(instance, parsed.identity))
		road_instance_change(instance, ROAD_CHANGE_ARRIVED, parsed.identity, "plugged in");
	else
		status = road_fail(ROAD_NOT_FOUND, "nothing of this address was pulled out",
				   "road_sim_plug: address", parsed.identity,
				   "one that road_sim_unplug took");
	road_address_free(&parsed);
	return status;
}
