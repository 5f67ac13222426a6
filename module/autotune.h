/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How large a buffer is to be. A receiver promises what its reader takes in
 * some round trips; a sender keeps what the congestion window lets out, and as
 * much again. Pure; bytes and microseconds.
 */
#ifndef _WALTZ_AUTOTUNE_H
#define _WALTZ_AUTOTUNE_H

#include <linux/types.h>

/* Bytes of a receive buffer for each byte that is promised to the peer: the
 * other half is for what an skb costs beside its text.
 */
#define WALTZ_RCVBUF_SHARE	2u

/**
 * struct waltz_rcv_tune - a receiver's measurements
 * @rtt8_us: round trip, times 8; 0: not known
 * @seq: what was read, as a sequence number, when the period began
 * @since_us: when that was, 32 bits of microseconds
 * @space: the most that was read in one period
 * @tsecr: the last echo that was looked at, 16 bits of it
 */
struct waltz_rcv_tune {
	u32 rtt8_us;
	u32 seq;
	u32 since_us;
	u32 space;
	u16 tsecr;
};

void waltz_rcv_tune_init(struct waltz_rcv_tune *t, u32 seq, u32 wnd, u16 mss,
			 u32 now_us);
void waltz_rcv_tune_echo(struct waltz_rcv_tune *t, u32 tsecr, u32 age_us);
u32 waltz_rcv_tune_read(struct waltz_rcv_tune *t, u32 seq, u32 promise,
			u16 mss, bool may_grow, u32 now_us);
u32 waltz_rcvbuf(u32 wnd, u32 shift, u32 clamp, u32 most);
u32 waltz_sndbuf(u32 cwnd, u16 mss, u32 overhead, u32 most);

/**
 * waltz_rcv_tune_rtt() - the receiver's estimate of the round trip
 * @t: its measurements
 *
 * Return: microseconds; 0: not known.
 */
static inline u32 waltz_rcv_tune_rtt(const struct waltz_rcv_tune *t)
{
	return t->rtt8_us / 8;
}

#endif /* _WALTZ_AUTOTUNE_H */
