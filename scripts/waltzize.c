// SPDX-License-Identifier: GPL-2.0
/*
 * The library behind scripts/waltzize: a program that asks for TCP over IPv4
 * gets Waltz, as it would with "mptcpize run" for MPTCP.
 *
 * AF_INET6 stays TCP: Waltz speaks IPv4 only.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../module/uapi/waltz.h"

static int (*real_socket)(int domain, int type, int protocol);
static int waltz = IPPROTO_WALTZ;
static int verbose;

/*
 * What is set here is read at any time by any thread, so it is set before
 * main(): dlsym() and getenv() are no calls for a signal handler or between
 * fork() and exec(), and socket() is one.
 */
__attribute__((constructor)) static void setup(void)
{
	const char *value = getenv("WALTZ_PROTOCOL");

	*(void **)&real_socket = dlsym(RTLD_NEXT, "socket");
	/* scripts/waltzize has checked that it is a number. */
	if (value)
		waltz = atoi(value);
	verbose = getenv("WALTZIZE_VERBOSE") ? 1 : 0;
}

static void report(int type, int protocol, int fd)
{
	int saved = errno;

	/* %m: why there is no socket, most likely no module. */
	if (fd < 0)
		dprintf(STDERR_FILENO,
			"waltzize: %s[%d]: socket(AF_INET, 0x%x, %d) -> protocol %d: %m\n",
			program_invocation_short_name, (int)getpid(), type,
			protocol, waltz);
	else
		dprintf(STDERR_FILENO,
			"waltzize: %s[%d]: socket(AF_INET, 0x%x, %d) -> protocol %d, fd %d\n",
			program_invocation_short_name, (int)getpid(), type,
			protocol, waltz, fd);
	errno = saved;
}

/* Overrides libc's. What fails fails: a program told to waltz never gets TCP. */
int socket(int domain, int type, int protocol)
{
	int kind = type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC);
	int fd;

	/* Only if another library's constructor opens sockets before ours. */
	if (!real_socket)
		setup();
	if (domain != AF_INET || kind != SOCK_STREAM ||
	    (protocol != 0 && protocol != IPPROTO_TCP))
		return real_socket(domain, type, protocol);
	fd = real_socket(domain, type, waltz);
	if (verbose)
		report(type, protocol, fd);
	return fd;
}
