// SPDX-License-Identifier: GPL-2.0
/*
 * Dynamic right-sizing (W. Feng et al., 2001), as Linux TCP has it: what is
 * read in a round trip tells what the sender's window is, and the buffer keeps
 * ahead of it. What counts is bytes read, not what they cost: a peer that
 * sends small segments gets no larger a buffer by them. Pure.
 */
#include "autotune.h"
#include "rack.h"

#define INIT_SEGMENTS	10u		/* RFC 6928 */
#define SLACK_SEGMENTS	16u
#define RTT_MAX_US	(0xffffffffu / 8)
#define WINDOW_MAX	0x40000000u	/* RFC 7323 2.3 */

static u32 min32(u32 a, u32 b)
{
	return a < b ? a : b;
}

static u32 max32(u32 a, u32 b)
{
	return a > b ? a : b;
}

static u32 min64(u64 a, u32 b)
{
	return a < b ? (u32)a : b;
}

/**
 * waltz_rcv_tune_init() - the stream begins
 * @t: measurements
 * @seq: next sequence number to be read
 * @wnd: the window offered
 * @mss: the peer's segment size, as far as it is known
 * @now_us: now, 32 bits
 */
void waltz_rcv_tune_init(struct waltz_rcv_tune *t, u32 seq, u32 wnd, u16 mss,
			 u32 now_us)
{
	*t = (struct waltz_rcv_tune){
		.seq = seq,
		.since_us = now_us,
		.space = max32(min32(wnd, INIT_SEGMENTS * mss), 1),
	};
}

/**
 * waltz_rcv_tune_echo() - a full segment echoes a timestamp of ours
 * @t: measurements
 * @tsecr: the echo
 * @age_us: how long ago that was sent; 0: nobody knows
 *
 * Only the first segment with an echo tells of the round trip; those that
 * follow waited for something else. What takes no longer than a tick of the
 * clock is told by the windows that come (waltz_rcv_tune_read()).
 */
void waltz_rcv_tune_echo(struct waltz_rcv_tune *t, u32 tsecr, u32 age_us)
{
	if ((u16)tsecr == t->tsecr)
		return;
	t->tsecr = (u16)tsecr;
	if (age_us <= WALTZ_TS_TICK_US || age_us > RTT_MAX_US)
		return;
	if (!t->rtt8_us || 8 * age_us < t->rtt8_us)
		t->rtt8_us = 8 * age_us;
	else
		t->rtt8_us += age_us - t->rtt8_us / 8;
}

/* All that was promised came, and was read: for the last of it the sender had
 * to hear from us. A reader that is late makes it long, so only less counts.
 */
static void take_window(struct waltz_rcv_tune *t, u32 us)
{
	us = max32(min32(us, RTT_MAX_US), 1);
	if (!t->rtt8_us || 8 * us < t->rtt8_us)
		t->rtt8_us = 8 * us;
}

/* What was read in a round trip, and as much again for what waits behind a
 * loss. What comes now was sent on the word of what came a round trip ago, so
 * where the sender is speeding up, be two round trips ahead. It does no more
 * than double: a reader that slept does not make it faster than that.
 */
static u32 window_for(u32 copied, u32 space, u16 mss)
{
	u64 wnd = 2ull * copied + SLACK_SEGMENTS * mss;
	u64 faster = min32(copied - space, space);

	return min64(wnd + 2 * (wnd * faster / space), WINDOW_MAX);
}

/**
 * waltz_rcv_tune_read() - the user has read
 * @t: measurements
 * @seq: next sequence number to be read
 * @promise: the most that may be promised with the buffer as it is
 * @mss: the peer's segment size
 * @may_grow: it is not for nothing; otherwise it is asked again
 * @now_us: now, 32 bits
 *
 * Once in a round trip it is seen how much was read in it.
 *
 * Return: the window that this wants, bytes; 0: no more than it has.
 */
u32 waltz_rcv_tune_read(struct waltz_rcv_tune *t, u32 seq, u32 promise,
			u16 mss, bool may_grow, u32 now_us)
{
	u32 copied = min32(seq - t->seq, WINDOW_MAX), wnd = 0;
	u32 us = now_us - t->since_us;

	if (copied >= promise)
		take_window(t, us);
	if (!t->rtt8_us || us < t->rtt8_us / 8)
		return 0;
	if (may_grow && copied > t->space) {
		wnd = window_for(copied, t->space, mss);
		t->space = copied;
	}
	t->seq = seq;
	t->since_us = now_us;
	return wnd;
}

/**
 * waltz_rcvbuf() - the receive buffer for a window
 * @wnd: the window wanted
 * @shift: Rcv.Wind.Shift
 * @clamp: the most that the user lets us offer; 0: all
 * @most: limit of the buffer
 *
 * What can not be offered needs no buffer.
 *
 * Return: bytes.
 */
u32 waltz_rcvbuf(u32 wnd, u32 shift, u32 clamp, u32 most)
{
	wnd = min32(wnd, 65535u << shift);
	if (clamp)
		wnd = min32(wnd, clamp);
	return min64((u64)wnd * WALTZ_RCVBUF_SHARE, most);
}

/**
 * waltz_sndbuf() - the send buffer for a congestion window
 * @cwnd: congestion window
 * @mss: segment size
 * @overhead: what a segment costs beside its text
 * @most: limit of the buffer
 *
 * Twice the window: while the first half waits for its acknowledgement, and
 * in recovery for longer, the user fills the second one.
 *
 * Return: bytes.
 */
u32 waltz_sndbuf(u32 cwnd, u16 mss, u32 overhead, u32 most)
{
	u32 segments = max32(cwnd / mss + 1, INIT_SEGMENTS);

	return min64(2 * (u64)segments * (mss + overhead), most);
}
