// SPDX-License-Identifier: GPL-2.0
/*
 * What all congestion control has in common: the initial window (RFC 6928),
 * slow start counting bytes (RFC 5681, RFC 3465) and leaving it in time (RFC
 * 9406), timeouts, idle times, and reductions that prove needless. Pure.
 */
#include "cong.h"

#define INIT_SEGMENTS	10u
#define L_AGAIN		2u	/* RFC 3465 2.2 */

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

static bool same(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

/**
 * waltz_cong_find() - an algorithm by its name
 * @name: as TCP_CONGESTION has it
 *
 * Return: the algorithm, or NULL.
 */
const struct waltz_cong_ops *waltz_cong_find(const char *name)
{
	static const struct waltz_cong_ops * const all[] = {
		&waltz_cubic, &waltz_reno,
	};
	unsigned int i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (same(name, all[i]->name))
			return all[i];
	return NULL;
}

/**
 * waltz_cong_init() - a connection begins
 * @c: congestion state
 * @ops: the algorithm
 * @mss: SMSS in bytes
 */
void waltz_cong_init(struct waltz_cong *c, const struct waltz_cong_ops *ops,
		     u16 mss)
{
	*c = (struct waltz_cong){
		.ops = ops,
		.cwnd = initial_window(mss),
		.ssthresh = WALTZ_SSTHRESH_INIT,
		.mss = mss,
	};
	waltz_hystart_init(&c->hystart);
}

/**
 * waltz_cong_switch() - another algorithm from now on
 * @c: congestion state
 * @ops: the algorithm
 */
void waltz_cong_switch(struct waltz_cong *c, const struct waltz_cong_ops *ops)
{
	if (c->ops == ops)
		return;
	c->ops = ops;
	c->prior_cwnd = 0;
	if (!waltz_cong_first(c))
		ops->init(c);
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

static void slow_start(struct waltz_cong *c, const struct waltz_cong_ack *a)
{
	bool first = waltz_cong_first(c);
	u32 more = min32(a->acked, (first ? WALTZ_HYSTART_L : L_AGAIN) * c->mss);

	if (first) {
		if (waltz_hystart_ack(&c->hystart, a->una, a->nxt, a->rtt_us)) {
			c->ssthresh = c->cwnd;
			c->ops->init(c);
			return;
		}
		if (c->hystart.css)
			more /= WALTZ_CSS_GROWTH_DIVISOR;
	}
	c->cwnd = min32(c->cwnd + more, max32(c->ssthresh, c->cwnd));
}

/* The window was not in use for a while: does that count? */
static bool in_use(struct waltz_cong *c, const struct waltz_cong_ack *a)
{
	u32 now_ms = max32((u32)(a->now_us / 1000), 1);

	if (!a->limited) {
		if (!c->idle_ms)
			c->idle_ms = now_ms;
		return false;
	}
	if (c->idle_ms && c->ops->pause && !waltz_cong_first(c))
		c->ops->pause(c, now_ms - c->idle_ms);
	c->idle_ms = 0;
	return true;
}

/**
 * waltz_cong_grow() - something new is acknowledged, and nothing is repaired
 *	fast
 * @c: congestion state
 * @a: the ACK
 */
void waltz_cong_grow(struct waltz_cong *c, const struct waltz_cong_ack *a)
{
	if (!in_use(c, a))
		return;
	if (waltz_cong_slow_start(c))
		slow_start(c, a);
	else
		c->ops->avoid(c, a);
	c->cwnd = min32(c->cwnd, WALTZ_CWND_MAX);
}

static void reduce(struct waltz_cong *c, u32 flight)
{
	if (waltz_cong_first(c))
		c->ops->init(c);
	c->prior_cwnd = c->cwnd;
	c->prior_ssthresh = c->ssthresh;
	c->prior_w_max = c->cubic.w_max;
	c->idle_ms = 0;
	c->ssthresh = c->ops->ssthresh(c, flight);
}

/**
 * waltz_cong_loss() - fast recovery begins
 * @c: congestion state
 * @flight: bytes outstanding
 *
 * What cwnd is meanwhile is RFC 6937's to say.
 *
 * Return: ssthresh.
 */
u32 waltz_cong_loss(struct waltz_cong *c, u32 flight)
{
	reduce(c, flight);
	return c->ssthresh;
}

/**
 * waltz_cong_recovered() - fast recovery ends
 * @c: congestion state
 */
void waltz_cong_recovered(struct waltz_cong *c)
{
	c->cwnd = c->ssthresh;
}

/**
 * waltz_cong_timeout() - the retransmission timer expired
 * @c: congestion state
 * @flight: bytes outstanding
 * @first: the first expiry for this segment (RFC 5681 3.1: later ones leave
 *	ssthresh as it is)
 */
void waltz_cong_timeout(struct waltz_cong *c, u32 flight, bool first)
{
	if (first)
		reduce(c, flight);
	if (!waltz_cong_first(c))
		c->cubic.w_max = 0;	/* RFC 9438 4.8: K = 0 */
	c->cwnd = c->mss;
	c->acked = 0;
}

/**
 * waltz_cong_cwr() - nothing is to be repaired, but there is congestion
 * @c: congestion state
 * @flight: bytes outstanding
 *
 * RFC 8985 7.4.2. Once for a window.
 */
void waltz_cong_cwr(struct waltz_cong *c, u32 flight)
{
	reduce(c, flight);
	c->cwnd = min32(c->cwnd, c->ssthresh);
}

/**
 * waltz_cong_ecn() - the peer echoes congestion
 * @c: congestion state
 * @flight: bytes outstanding
 *
 * RFC 3168 6.1.2: as for a loss. ssthresh ends at two segments, but what is
 * marked with a window of two wants one. Once for a window.
 */
void waltz_cong_ecn(struct waltz_cong *c, u32 flight)
{
	u32 before = c->cwnd;

	waltz_cong_cwr(c, flight);
	if (c->cwnd == before)
		c->cwnd = max32(before / 2, c->mss);
}

/**
 * waltz_cong_keep() - the last reduction stays, whatever else is proved
 * @c: congestion state
 */
void waltz_cong_keep(struct waltz_cong *c)
{
	c->prior_cwnd = 0;
}

/**
 * waltz_cong_undo() - the last reduction was needless
 * @c: congestion state
 *
 * RFC 4015 3.2, RFC 9438 4.9.
 *
 * Return: false when it stays.
 */
bool waltz_cong_undo(struct waltz_cong *c)
{
	if (!c->prior_cwnd)
		return false;
	c->cwnd = max32(c->cwnd, c->prior_cwnd);
	c->ssthresh = max32(c->ssthresh, c->prior_ssthresh);
	c->prior_cwnd = 0;
	if (waltz_cong_first(c)) {
		waltz_hystart_init(&c->hystart);
		return true;
	}
	c->cubic.w_max = c->prior_w_max;
	c->cubic.epoch_us = 0;		/* another stage begins */
	return true;
}

/**
 * waltz_cong_idle() - nothing was sent for more than an RTO
 * @c: congestion state
 *
 * RFC 5681 4.1: start again from the restart window.
 */
void waltz_cong_idle(struct waltz_cong *c)
{
	if (!waltz_cong_first(c))
		c->cubic.epoch_us = 0;	/* another stage begins */
	c->idle_ms = 0;
	c->ssthresh = max32(c->ssthresh, c->cwnd / 4 * 3);
	c->cwnd = min32(c->cwnd, initial_window(c->mss));
}

/**
 * waltz_cong_pacing_rate() - how fast it may go, evenly
 * @c: congestion state
 * @srtt_us: SRTT; 0: not known
 *
 * Twice the window in a round trip in slow start, and a fifth more later, so
 * that pacing never is the limit.
 *
 * Return: bytes a second; all ones: not limited.
 */
u64 waltz_cong_pacing_rate(const struct waltz_cong *c, u32 srtt_us)
{
	u32 percent = c->cwnd < c->ssthresh / 2 ? 200 : 120;

	if (!srtt_us)
		return ~0ull;
	return (u64)c->cwnd * 10000u * percent / srtt_us;
}
