// SPDX-License-Identifier: GPL-2.0
/*
 * Proportional Rate Reduction, RFC 6937: while losses are repaired, as much is
 * sent for what is delivered that in the end ssthresh is outstanding. Pure.
 */
#include "prr.h"

static u32 min32(u32 a, u32 b)
{
	return a < b ? a : b;
}

static u32 max32(u32 a, u32 b)
{
	return a > b ? a : b;
}

/**
 * waltz_prr_begin() - a recovery begins
 * @p: its state
 * @flight: bytes outstanding
 */
void waltz_prr_begin(struct waltz_prr *p, u32 flight)
{
	*p = (struct waltz_prr){ .recover_fs = max32(flight, 1) };
}

/**
 * waltz_prr_ack() - an ACK came
 * @p: the recovery
 * @ssthresh: where it is to end
 * @pipe: bytes on their way
 * @delivered: DeliveredData: of which it is new that they arrived
 * @safe: SND.UNA has moved, and nothing more is lost; then what was lost too
 *	much is made up for (slow start reduction bound), otherwise not more is
 *	sent than is delivered (conservative reduction bound)
 * @mss: SMSS
 *
 * RFC 6937 section 3.1. The first retransmission is never held back.
 *
 * Return: sndcnt: bytes that may be sent now.
 */
u32 waltz_prr_ack(struct waltz_prr *p, u32 ssthresh, u32 pipe, u32 delivered,
		  bool safe, u16 mss)
{
	u32 send;

	p->delivered += delivered;
	if (pipe > ssthresh) {
		u64 share = ((u64)p->delivered * ssthresh + p->recover_fs - 1) /
			    p->recover_fs;

		send = share > p->out ? (u32)(share - p->out) : 0;
	} else {
		u32 limit = p->delivered > p->out ? p->delivered - p->out : 0;

		limit = max32(limit, delivered);
		if (safe)
			limit += mss;
		send = min32(ssthresh - pipe, limit);
	}
	return p->out ? send : max32(send, mss);
}

/**
 * waltz_prr_sent() - something was sent, new or again
 * @p: the recovery
 * @len: bytes
 */
void waltz_prr_sent(struct waltz_prr *p, u32 len)
{
	p->out += len;
}
