/* SPDX-License-Identifier: GPL-2.0 */
/* Between waltzize-exec.c and waltzize-bpf.c. */
#ifndef WALTZIZE_EXEC_H
#define WALTZIZE_EXEC_H

/* What scripts/waltzize ends with before COMMAND starts, see its help. */
enum { NOT_REACHED = 123, NO_MODULE = 124, NO_SETUP = 125, NOT_RUN = 126, NOT_FOUND = 127 };

__attribute__((noreturn, format(printf, 2, 3)))
void fail(int status, const char *format, ...);

/*
 * From here on sockets of this process, and of all that it starts, are changed
 * by the kernel. Does not return if that cannot be.
 */
void change_by_bpf(int protocol, int verbose);

#endif
