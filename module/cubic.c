// SPDX-License-Identifier: GPL-2.0
/*
 * CUBIC, RFC 9438. The window, in segments, t seconds after a stage of
 * congestion avoidance began:
 *
 *	W_cubic(t) = C * (t - K)^3 + W_max,	K = cubic_root((W_max - cwnd) / C)
 *
 * with C = 0.4. Here it is in bytes, and time in milliseconds; so
 *
 *	C * (t - K)^3 * SMSS = d^3 * SMSS * 4 / 10^10,	d = t - K in ms
 *	K = cubic_root(10^9 * 2.5 * (W_max - cwnd) / SMSS) in ms
 *
 * beta is 0.7. Pure; no floating point.
 */
#include "cong.h"

#define BETA		717u		/* 0.7 * 1024 */
#define ONE		1024u
#define ALPHA		529u		/* 3 * (1 - 0.7) / (1 + 0.7), thousandths */
#define US_PER_MS	1000u
#define DISTANCE_MAX	300000u		/* ms; where d^3 has room in 64 bits */

static u32 min32(u32 a, u32 b)
{
	return a < b ? a : b;
}

static u32 max32(u32 a, u32 b)
{
	return a > b ? a : b;
}

/* The largest number whose cube is not above @x; three bits at a time. */
static u32 cubic_root(u64 x)
{
	u64 y = 0, b;
	int shift;

	for (shift = 63; shift >= 0; shift -= 3) {
		y *= 2;
		b = 3 * y * (y + 1) + 1;
		if (x >> shift >= b) {
			x -= b << shift;
			y++;
		}
	}
	return (u32)y;
}

static void cubic_init(struct waltz_cong *c)
{
	c->cubic = (struct waltz_cubic){};
}

/* RFC 9438 4.6: the window, when it was in use. It is, when less than a segment of it
 * is free: what is in flight is whole segments, cwnd is not.
 */
static u32 used_window(const struct waltz_cong *c, u32 flight)
{
	return flight + c->mss > c->cwnd ? c->cwnd : max32(flight, c->mss);
}

/* RFC 9438 4.6 and 4.7. */
static u32 cubic_ssthresh(struct waltz_cong *c, u32 flight)
{
	struct waltz_cubic *q = &c->cubic;
	u32 used = used_window(c, flight);

	q->epoch_us = 0;
	q->prior_cwnd = used;
	/* Fast convergence: less than last time, so leave room for others. */
	q->w_max = used < q->w_max ?
		   (u32)((u64)used * (ONE + BETA) / (2 * ONE)) : used;
	return max32((u32)((u64)used * BETA / ONE), 2u * c->mss);
}

/* 4.2 and 4.8: a stage begins. */
static void begin(struct waltz_cong *c, u64 now_us)
{
	struct waltz_cubic *q = &c->cubic;

	q->epoch_us = now_us;
	q->est_credit = 0;
	q->w_est = c->cwnd;
	if (c->cwnd < q->w_max) {
		q->k_ms = cubic_root((u64)(q->w_max - c->cwnd) * 2500000000u /
				     c->mss);
		q->origin = q->w_max;
	} else {
		q->k_ms = 0;
		q->origin = c->cwnd;
	}
}

/* W_cubic in bytes, a time after the stage began. */
static u32 w_cubic(const struct waltz_cong *c, u64 after_us)
{
	const struct waltz_cubic *q = &c->cubic;
	u64 ms = after_us / US_PER_MS, d, delta;
	bool before = ms < q->k_ms;

	d = before ? q->k_ms - ms : ms - q->k_ms;
	if (d > DISTANCE_MAX)
		d = DISTANCE_MAX;
	delta = d * d * d / 1000 * c->mss * 4 / 10000000;
	if (before)
		return delta < q->origin ? q->origin - (u32)delta : 0;
	return delta < WALTZ_CWND_MAX - q->origin ? q->origin + (u32)delta :
						    WALTZ_CWND_MAX;
}

/* 4.3: what Reno would have, with the same beta; once it is back where it was,
 * a segment for each window.
 */
static void estimate_reno(struct waltz_cong *c, u32 acked)
{
	struct waltz_cubic *q = &c->cubic;

	q->est_credit += (u64)acked * (q->w_est < q->prior_cwnd ? ALPHA : 1000u);
	while (q->est_credit >= (u64)c->cwnd * 1000u) {
		q->est_credit -= (u64)c->cwnd * 1000u;
		q->w_est += c->mss;
	}
}

static void cubic_avoid(struct waltz_cong *c, const struct waltz_cong_ack *a)
{
	struct waltz_cubic *q = &c->cubic;
	u32 acked = min32(a->acked, c->cwnd), target;
	u64 t;

	if (!q->epoch_us)
		begin(c, a->now_us);
	/* Pauses are whole milliseconds: they may add up to more than passed. */
	t = a->now_us > q->epoch_us ? a->now_us - q->epoch_us : 0;
	estimate_reno(c, acked);
	if (w_cubic(c, t) < q->w_est) {
		c->cwnd = max32(c->cwnd, q->w_est);
		return;
	}
	/* 4.4 and 4.5: where it should be in a round trip. */
	target = w_cubic(c, t + a->srtt_us);
	target = min32(max32(target, c->cwnd), c->cwnd + c->cwnd / 2);
	c->cwnd += (u32)((u64)(target - c->cwnd) * acked / c->cwnd);
}

/* 5.8: only time in which the window is in use counts. */
static void cubic_pause(struct waltz_cong *c, u32 ms)
{
	if (c->cubic.epoch_us)
		c->cubic.epoch_us += (u64)ms * US_PER_MS;
}

const struct waltz_cong_ops waltz_cubic = {
	.name		= "cubic",
	.init		= cubic_init,
	.ssthresh	= cubic_ssthresh,
	.avoid		= cubic_avoid,
	.pause		= cubic_pause,
};
