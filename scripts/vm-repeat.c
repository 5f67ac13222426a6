// SPDX-License-Identifier: GPL-2.0
/*
 * What User-Mode Linux must not get from the host if a run is to repeat, see
 * scripts/vm, --seed:
 *
 * - randomness: it gets the numbers of a generator (splitmix64) that begins with
 *   $VM_RANDOM_SEED;
 * - the news that somebody has read its output, the pipe $VM_OUTPUT. That would
 *   be an interrupt at a moment of the host's, and interrupts are stirred into
 *   the guest's randomness. Instead, writing waits for the reader.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <linux/types.h>

static __u64 state;
static int output = -1;
static int (*libc_fcntl64)(int fd, int command, ...);

__attribute__((constructor)) static void setup(void)
{
	const char *seed = getenv("VM_RANDOM_SEED");
	const char *fd = getenv("VM_OUTPUT");

	state = seed ? strtoull(seed, NULL, 10) : 0;
	output = fd ? atoi(fd) : -1;
	libc_fcntl64 = (int (*)(int fd, int command, ...))dlsym(RTLD_NEXT, "fcntl64");
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

/* Overrides libc's: no command in use has an argument of another size. */
int fcntl64(int fd, int command, ...)
{
	va_list list;
	long argument;

	va_start(list, command);
	argument = va_arg(list, long);
	va_end(list);
	if (fd == output && command == F_SETFL)
		argument &= ~(O_ASYNC | O_NONBLOCK);
	return libc_fcntl64(fd, command, argument);
}
