/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * What a program may include to use Waltz sockets:
 *
 *	fd = socket(AF_INET, SOCK_STREAM, IPPROTO_WALTZ);
 *
 * Everything else about the socket is what the program knows from TCP; the
 * options of level IPPROTO_TCP are accepted at that level, and at level
 * IPPROTO_WALTZ, with TCP's names, values and units.
 */
#ifndef _UAPI_WALTZ_H
#define _UAPI_WALTZ_H

/* RFC 3692: 253 and 254 are for experiments. */
#ifndef IPPROTO_WALTZ
#define IPPROTO_WALTZ	253
#endif

#endif /* _UAPI_WALTZ_H */
