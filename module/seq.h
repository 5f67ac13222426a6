/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Serial arithmetic on 32-bit sequence numbers and timestamps. Pure.
 *
 * RFC 9293 section 3.4: comparisons are modulo 2^32. All of them are defined
 * here and nowhere else; an ordinary < between sequence numbers is a bug.
 */
#ifndef _WALTZ_SEQ_H
#define _WALTZ_SEQ_H

#include <linux/types.h>

static inline bool seq_lt(u32 a, u32 b)
{
	return (s32)(a - b) < 0;
}

static inline bool seq_leq(u32 a, u32 b)
{
	return (s32)(a - b) <= 0;
}

static inline bool seq_gt(u32 a, u32 b)
{
	return seq_lt(b, a);
}

static inline bool seq_geq(u32 a, u32 b)
{
	return seq_leq(b, a);
}

/* low <= seq <= high, for high - low < 2^32: never wrong at the wrap. */
static inline bool seq_between(u32 seq, u32 low, u32 high)
{
	return high - low >= seq - low;
}

static inline u32 seq_max(u32 a, u32 b)
{
	return seq_lt(a, b) ? b : a;
}

/**
 * seq_acceptable() - may any part of a segment lie in the receive window?
 * @seq: SEG.SEQ
 * @end_seq: SEG.SEQ + SEG.LEN, SYN and FIN counted
 * @rcv_nxt: RCV.NXT
 * @rcv_wnd: RCV.WND
 *
 * RFC 9293 section 3.4, the four cases of the acceptability test in one: the
 * window is [rcv_nxt, rcv_nxt + rcv_wnd), and its right edge is outside. An
 * empty segment exactly at RCV.NXT is acceptable even when the window is 0.
 *
 * Context: any; pure.
 * Return: true when the segment is acceptable.
 */
static inline bool seq_acceptable(u32 seq, u32 end_seq, u32 rcv_nxt,
				  u32 rcv_wnd)
{
	if (seq == end_seq)
		return rcv_wnd ? seq - rcv_nxt < rcv_wnd : seq == rcv_nxt;
	if (!rcv_wnd)
		return false;
	/* It begins in the window, or before it and reaches into it. */
	return seq - rcv_nxt < rcv_wnd || rcv_nxt - seq < end_seq - seq;
}

#endif /* _WALTZ_SEQ_H */
