// SPDX-License-Identifier: GPL-2.0
/* RFC 6298: from round-trip times to a retransmission timeout. Pure. */
#include "rtt.h"

static u32 bounded(const struct waltz_rtt *r, u64 rto)
{
	if (rto < r->rto_min)
		rto = r->rto_min;
	return rto > r->rto_max ? r->rto_max : (u32)rto;
}

/**
 * waltz_rtt_init() - nothing measured yet
 * @r: the estimator
 * @rto_min: floor of the RTO in microseconds
 * @rto_max: its ceiling, at most WALTZ_RTO_MAX_US; it goes before the floor
 */
void waltz_rtt_init(struct waltz_rtt *r, u32 rto_min, u32 rto_max)
{
	r->srtt8 = 0;
	r->rttvar4 = 0;
	r->rto_min = rto_min;
	r->rto_max = rto_max;
	r->rto = WALTZ_RTO_INIT_US;
}

/**
 * waltz_rtt_sample() - take one measurement
 * @r: the estimator
 * @rtt: microseconds, of a segment sent once (Karn), or by its timestamp
 *
 * RFC 6298 2.2 and 2.3, with alpha 1/8, beta 1/4, K 4.
 */
void waltz_rtt_sample(struct waltz_rtt *r, u32 rtt)
{
	if (!rtt)
		rtt = 1;
	if (rtt > WALTZ_RTO_MAX_US)
		rtt = WALTZ_RTO_MAX_US;

	if (!r->srtt8) {
		r->srtt8 = rtt * 8;
		r->rttvar4 = rtt * 2;
	} else {
		s32 err = (s32)(rtt - r->srtt8 / 8);
		u32 mag = (u32)(err < 0 ? -err : err);

		/* RTTVAR first: it wants the old SRTT. */
		r->rttvar4 += mag - r->rttvar4 / 4;
		r->srtt8 += (u32)err;
		if (!r->srtt8)
			r->srtt8 = 1;
	}
	/* The variance may fall to nothing on a quiet path; the floor is then
	 * what the timer is given on top of SRTT, as a delayed ACK needs it.
	 */
	r->rto = bounded(r, (u64)r->srtt8 / 8 +
			 (r->rttvar4 > r->rto_min ? r->rttvar4 : r->rto_min));
}

/**
 * waltz_rtt_syn_lost() - the handshake needed a retransmission
 * @r: the estimator
 *
 * RFC 6298 5.7: data starts with an RTO of at least 3 s if nothing was
 * measured.
 */
void waltz_rtt_syn_lost(struct waltz_rtt *r)
{
	if (!r->srtt8 && r->rto < WALTZ_RTO_SYN_LOST_US)
		r->rto = WALTZ_RTO_SYN_LOST_US;
}

/**
 * waltz_rtt_backoff() - the timeout after some retransmissions
 * @r: the estimator
 * @shift: how often the timer has expired in a row
 *
 * Return: microseconds; RFC 6298 5.5, not above the ceiling.
 */
u32 waltz_rtt_backoff(const struct waltz_rtt *r, unsigned int shift)
{
	if (shift > 20)
		shift = 20;
	return bounded(r, (u64)r->rto << shift);
}
