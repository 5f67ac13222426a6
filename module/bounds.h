/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a peer can make us spend, whatever it sends. Bounds that others give are
 * named with them: one list of all.
 *
 *	receive buffer	SO_RCVBUF or net.waltz.rmem, an eighth more for what is in
 *			order, and one segment (stream.c:reserve()). Small segments
 *			are copied together, what is furthest ahead goes (room.c)
 *	   ... time	a segment finds its place in a logarithm of those held;
 *			what walks through all of them is paid for by an eighth
 *			of the buffer that came before (waltz_wasteful_share())
 *	backlog		both buffers and WALTZ_BACKLOG_SLACK (input.c)
 *	half-open	net.waltz.max_half_open records, then cookies
 *	TIME_WAIT	net.waltz.time_wait_max records
 *	all sockets	net.waltz.mem, and the control group's limit (memory.c)
 *	scoreboard	a record for each segment of SO_SNDBUF that is out; what
 *			the peer says never splits one (recovery.c:take_block())
 *	   ... time	a logarithm for each block of an ACK, and once for each
 *			record (board.c). All of it, but once: for a time-out, an
 *			undone recovery (a sixteenth of what is out is to be
 *			acknowledged in between, recovery.c:undone_lately()), or
 *			a smaller path MTU
 *	congestion	by bytes acknowledged, however many ACKs they are in
 *			(RFC 3465); per ACK no more than L segments
 *	sent again	once for each time that it is found lost; all of it only
 *			by a time-out, and when a window opens again that was
 *			shut, at most once a round trip (stream.c:room_again())
 *	duplicates	the reordering window grows by one step in a round trip,
 *			to the round trip (RFC 8985; rack.c)
 *	challenge ACKs	one in net.waltz.challenge_ms for each connection
 */
#ifndef _WALTZ_BOUNDS_H
#define _WALTZ_BOUNDS_H

#include <net/sock.h>

/* A segment that comes while the owner is busy: not only text, which the
 * buffers bound, but ACKs.
 */
#define WALTZ_BACKLOG_SLACK	65536

/* The share of the receive buffer that small segments may waste before they are
 * copied together; and that has to come before it is done again.
 */
static inline int waltz_wasteful_share(const struct sock *sk)
{
	return READ_ONCE(sk->sk_rcvbuf) / 8;
}

#endif /* _WALTZ_BOUNDS_H */
