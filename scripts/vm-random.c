// SPDX-License-Identifier: GPL-2.0
/*
 * What User-Mode Linux gets when it asks the host for randomness: the numbers
 * of a generator (splitmix64) that begins with $VM_RANDOM_SEED. See scripts/vm,
 * --seed.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <linux/types.h>

static __u64 state;

__attribute__((constructor)) static void setup(void)
{
	const char *seed = getenv("VM_RANDOM_SEED");

	state = seed ? strtoull(seed, NULL, 10) : 0;
}

static __u64 next(void)
{
	__u64 z = state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/* Overrides libc's. */
ssize_t getrandom(void *buffer, size_t size, unsigned int flags)
{
	unsigned char *out = buffer;
	size_t done, part;

	(void)flags;
	for (done = 0; done < size; done += part) {
		__u64 value = next();

		part = size - done < sizeof(value) ? size - done : sizeof(value);
		memcpy(out + done, &value, part);
	}
	return size;
}
