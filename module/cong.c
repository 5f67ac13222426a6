// SPDX-License-Identifier: GPL-2.0
/*
 * RFC 5681 with NewReno (RFC 6582), limited transmit (RFC 3042), appropriate
 * byte counting (RFC 3465) and the initial window of RFC 6928. Pure: told
 * what was acknowledged, it answers how much may be outstanding and whether
 * the first unacknowledged segment is to be sent again.
 */
#include "cong.h"
#include "seq.h"

#define INIT_SEGMENTS	10u

static u32 max32(u32 a, u32 b)
{
	return a > b ? a : b;
}

static u32 min32(u32 a, u32 b)
{
	return a < b ? a : b;
}

/* RFC 6928 (1) */
static u32 initial_window(u16 mss)
{
	return min32(INIT_SEGMENTS * mss, max32(2u * mss, 14600));
}

static u32 half_flight(const struct waltz_cong *c, u32 flight)
{
	return max32(flight / 2, 2u * c->mss);	/* RFC 5681 (4) */
}

/**
 * waltz_cong_init() - a connection begins
 * @c: congestion state
 * @mss: SMSS in bytes
 * @iss: our initial sequence number
 */
void waltz_cong_init(struct waltz_cong *c, u16 mss, u32 iss)
{
	*c = (struct waltz_cong){
		.cwnd = initial_window(mss),
		.ssthresh = 0x7fffffff,
		.recover = iss,
		.mss = mss,
	};
}

/**
 * waltz_cong_syn_lost() - the SYN or SYN-ACK was sent more than once
 * @c: congestion state
 *
 * RFC 5681 3.1: then the initial window is one segment.
 */
void waltz_cong_syn_lost(struct waltz_cong *c)
{
	c->cwnd = c->mss;
}

/**
 * waltz_cong_mss() - the segment size changed (path MTU)
 * @c: congestion state
 * @mss: new SMSS in bytes
 */
void waltz_cong_mss(struct waltz_cong *c, u16 mss)
{
	c->mss = mss;
	c->cwnd = max32(c->cwnd, mss);
	c->ssthresh = max32(c->ssthresh, 2u * mss);
}

/**
 * waltz_cong_ack() - new data was acknowledged
 * @c: congestion state
 * @una: SND.UNA, after the ACK
 * @acked: bytes acknowledged
 * @flight: bytes outstanding after the ACK
 * @limited: the window was in use, so its growth is earned (RFC 7661's aim)
 *
 * Return: true when the segment at SND.UNA is to be sent again at once: a
 * partial acknowledgment, RFC 6582 3.2 step 3.
 */
bool waltz_cong_ack(struct waltz_cong *c, u32 una, u32 acked, u32 flight,
		    bool limited)
{
	c->dupacks = 0;

	if (c->recovering) {
		if (seq_geq(una, c->recover)) {
			c->cwnd = min32(c->ssthresh,
					max32(flight, c->mss) + c->mss);
			c->recovering = false;
			return false;
		}
		c->cwnd -= min32(acked, c->cwnd - c->mss);
		if (acked >= c->mss)
			c->cwnd += c->mss;
		return true;
	}

	/* recover must not be left behind by half the sequence space. */
	if (seq_gt(una - 1, c->recover))
		c->recover = una - 1;
	if (!limited)
		return false;
	if (c->cwnd < c->ssthresh) {
		/* RFC 3465 2.3: L is 2, but 1 while a loss is repaired. */
		c->cwnd += min32(acked, seq_lt(una, c->recover) ?
					c->mss : 2u * c->mss);
		return false;
	}
	c->acked += acked;
	if (c->acked >= c->cwnd) {
		c->acked -= c->cwnd;
		c->cwnd += c->mss;
	}
	return false;
}

/**
 * waltz_cong_dupack() - a duplicate ACK came (RFC 5681 section 2)
 * @c: congestion state
 * @una: SND.UNA
 * @nxt: SND.NXT
 * @flight: bytes outstanding
 *
 * Return: true when fast retransmit begins: send the segment at @una again.
 */
bool waltz_cong_dupack(struct waltz_cong *c, u32 una, u32 nxt, u32 flight)
{
	if (c->recovering) {
		/* No more of them than segments can have left the network. */
		if (c->cwnd < c->ssthresh + flight + WALTZ_DUPACKS * c->mss)
			c->cwnd += c->mss;
		return false;
	}
	if (c->dupacks < 255)
		c->dupacks++;
	/* RFC 6582 3.2 step 1: not again for the losses of one window. */
	if (c->dupacks != WALTZ_DUPACKS || seq_leq(una, c->recover))
		return false;

	c->ssthresh = half_flight(c, flight);
	c->cwnd = c->ssthresh + WALTZ_DUPACKS * c->mss;
	c->recover = nxt;
	c->acked = 0;
	c->recovering = true;
	return true;
}

/**
 * waltz_cong_timeout() - the retransmission timer expired
 * @c: congestion state
 * @nxt: SND.NXT
 * @flight: bytes outstanding
 * @first: the first expiry for this segment (RFC 5681 3.1: later ones leave
 *	ssthresh as it is)
 */
void waltz_cong_timeout(struct waltz_cong *c, u32 nxt, u32 flight, bool first)
{
	if (first)
		c->ssthresh = half_flight(c, flight);
	c->cwnd = c->mss;
	c->acked = 0;
	c->dupacks = 0;
	c->recover = nxt;
	c->recovering = false;
}

/**
 * waltz_cong_idle() - nothing was sent for more than an RTO
 * @c: congestion state
 *
 * RFC 5681 4.1: start again from the restart window.
 */
void waltz_cong_idle(struct waltz_cong *c)
{
	c->ssthresh = max32(c->ssthresh, c->cwnd / 4 * 3);
	c->cwnd = min32(c->cwnd, initial_window(c->mss));
}

/**
 * waltz_cong_window() - bytes that may be outstanding now
 * @c: congestion state
 *
 * Return: cwnd, and one more segment for each of the first two duplicate
 * ACKs (RFC 3042).
 */
u32 waltz_cong_window(const struct waltz_cong *c)
{
	if (!c->recovering && c->dupacks && c->dupacks < WALTZ_DUPACKS)
		return c->cwnd + (u32)c->dupacks * c->mss;
	return c->cwnd;
}
