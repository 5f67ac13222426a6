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
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../module/uapi/waltz.h"

static int (*real_socket)(int domain, int type, int protocol);
static int waltz = IPPROTO_WALTZ;

/*
 * Where -v reports to: standard error as it was at the start, for the program may
 * close that and have a socket in its place. One that closes whatever it does not
 * know closes this, too: so each time we look whether it is still the same file.
 */
#define REPORT_FD_MIN	200	/* out of the way of select() and of shells */
static int report_fd = -1;
static struct stat report_file;

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
	if (report_fd < 0 && getenv("WALTZIZE_VERBOSE"))
		report_fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, REPORT_FD_MIN);
	if (report_fd >= 0 && fstat(report_fd, &report_file))
		report_fd = -1;
}

static int can_report(void)
{
	struct stat now;

	return report_fd >= 0 && !fstat(report_fd, &now) &&
	       now.st_dev == report_file.st_dev && now.st_ino == report_file.st_ino;
}

static void report(int type, int protocol, int fd)
{
	int saved = errno;

	if (!can_report())
		goto out;
	errno = saved;
	/* %m: why there is no socket, most likely no module. */
	if (fd < 0)
		dprintf(report_fd,
			"waltzize: %s[%d]: socket(AF_INET, 0x%x, %d) -> protocol %d: %m\n",
			program_invocation_short_name, (int)getpid(), type,
			protocol, waltz);
	else
		dprintf(report_fd,
			"waltzize: %s[%d]: socket(AF_INET, 0x%x, %d) -> protocol %d, fd %d\n",
			program_invocation_short_name, (int)getpid(), type,
			protocol, waltz, fd);
out:
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
	if (report_fd >= 0)
		report(type, protocol, fd);
	return fd;
}
