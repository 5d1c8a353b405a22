/* SPDX-License-Identifier: Apache-2.0 */
#include <roadbed-driver/numbers.h>

#include <pthread.h>
#include <stdlib.h>

struct road_numbers {
	pthread_mutex_t lock;
	uint32_t count;
	void *owner[];
};

road_status road_numbers_create(uint32_t count, struct road_numbers **out)
{
	struct road_numbers *numbers = calloc(1, sizeof(*numbers) + count * sizeof(void *));

	if (!numbers)
		return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for a device",
				      "road_device_open", NULL, NULL);
	numbers->count = count;
	pthread_mutex_init(&numbers->lock, NULL);
	*out = numbers;
	return ROAD_OK;
}

void road_numbers_destroy(struct road_numbers *numbers)
{
	if (!numbers)
		return;
	pthread_mutex_destroy(&numbers->lock);
	free(numbers);
}

road_status road_numbers_take(struct road_numbers *numbers, void *owner, const char *what,
			      const char *where, uint32_t *out)
{
	uint32_t number = 0;

	pthread_mutex_lock(&numbers->lock);
	while (number < numbers->count && numbers->owner[number])
		number++;
	if (number < numbers->count)
		numbers->owner[number] = owner;
	pthread_mutex_unlock(&numbers->lock);
	if (number == numbers->count)
		return road_drv_errorf(ROAD_NO_SPACE, where, "all %u %s of the chip are in use",
				       number, what);
	*out = number;
	return ROAD_OK;
}

void road_numbers_give(struct road_numbers *numbers, uint32_t number)
{
	pthread_mutex_lock(&numbers->lock);
	numbers->owner[number] = NULL;
	pthread_mutex_unlock(&numbers->lock);
}

void *road_numbers_owner(struct road_numbers *numbers, uint32_t number)
{
	void *owner = NULL;

	pthread_mutex_lock(&numbers->lock);
	if (number < numbers->count)
		owner = numbers->owner[number];
	pthread_mutex_unlock(&numbers->lock);
	return owner;
}
