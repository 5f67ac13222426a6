// SPDX-License-Identifier: GPL-2.0
/*
 * Registers of User-Mode Linux' processes on a processor that has more of them
 * than Linux 6.1 knew: it keeps 2696 bytes of XSAVE's area, all up to PKRU, but
 * the host takes back no less than the whole, which may have AMX's tiles, too.
 * Without this the first process dies ("ptrace set fp regs failed").
 *
 * What is missing is said to be in its initial state. So a process in there must
 * not use tiles; it would have to ask for them first, and User-Mode Linux does
 * not know the question.
 */
#define _GNU_SOURCE
#include <cpuid.h>
#include <dlfcn.h>
#include <elf.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <linux/types.h>

#define LEGACY		512	/* bytes before XSAVE's header */
#define HEADER		64
#define AREA_MAX	(64 << 10)

static long (*libc_ptrace)(enum __ptrace_request request, ...);

__attribute__((constructor)) static void setup(void)
{
	libc_ptrace = (long (*)(enum __ptrace_request, ...))dlsym(RTLD_NEXT, "ptrace");
}

/* Bytes of the host's area; it is the same for all processes. */
static size_t area_len(long pid)
{
	static char area[AREA_MAX];
	static size_t len;
	struct iovec iov = { area, sizeof(area) };

	if (!len && !libc_ptrace(PTRACE_GETREGSET, pid, NT_X86_XSTATE, &iov))
		len = iov.iov_len;
	return len;
}

/* The parts that lie in the first @len bytes, as in XSTATE_BV. */
static __u64 parts_within(size_t len)
{
	unsigned int size, offset, c, d, i;
	__u64 parts = 3;	/* x87 and SSE: always there, not listed */

	for (i = 2; i < 63; i++)
		if (__get_cpuid_count(0xd, i, &size, &offset, &c, &d) && size &&
		    offset + size <= len)
			parts |= 1ull << i;
	return parts;
}

static void forget_others(char *area, size_t len)
{
	static __u64 known;
	__u64 parts;

	if (!known)
		known = parts_within(len);
	memcpy(&parts, area + LEGACY, sizeof(parts));
	parts &= known;
	memcpy(area + LEGACY, &parts, sizeof(parts));
}

static long set_xstate(long pid, const struct iovec *from)
{
	static char area[AREA_MAX] __attribute__((aligned(64)));
	struct iovec iov = { area, area_len(pid) };

	if (from->iov_len >= iov.iov_len || from->iov_len < LEGACY + HEADER) {
		iov = *from;
	} else {
		memcpy(area, from->iov_base, from->iov_len);
		forget_others(area, from->iov_len);
	}
	return libc_ptrace(PTRACE_SETREGSET, pid, NT_X86_XSTATE, &iov);
}

/* Overrides libc's: no request in use has other arguments. */
long ptrace(enum __ptrace_request request, ...)
{
	va_list list;
	long pid, address, data;

	va_start(list, request);
	pid = va_arg(list, long);
	address = va_arg(list, long);
	data = va_arg(list, long);
	va_end(list);
	if (request == PTRACE_SETREGSET && address == NT_X86_XSTATE)
		return set_xstate(pid, (const struct iovec *)data);
	return libc_ptrace(request, pid, address, data);
}
