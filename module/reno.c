// SPDX-License-Identifier: GPL-2.0
/* RFC 5681's congestion avoidance, counting bytes (RFC 3465). Pure. */
#include "cong.h"

static void reno_init(struct waltz_cong *c)
{
	c->acked = 0;
}

/* RFC 5681 (4) */
static u32 reno_ssthresh(struct waltz_cong *c, u32 flight)
{
	u32 floor = 2u * c->mss;

	c->acked = 0;
	return flight / 2 > floor ? flight / 2 : floor;
}

/* RFC 3465 2.1: one segment for each window of bytes. */
static void reno_avoid(struct waltz_cong *c, const struct waltz_cong_ack *a)
{
	c->acked += a->acked;
	if (c->acked < c->cwnd)
		return;
	c->acked -= c->cwnd;
	if (c->acked > c->cwnd)
		c->acked = c->cwnd;
	c->cwnd += c->mss;
}

const struct waltz_cong_ops waltz_reno = {
	.name		= "reno",
	.init		= reno_init,
	.ssthresh	= reno_ssthresh,
	.avoid		= reno_avoid,
};
