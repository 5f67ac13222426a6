/* SPDX-License-Identifier: GPL-2.0 */
/* The retransmission timeout of RFC 6298. Pure. */
#ifndef _WALTZ_RTT_H
#define _WALTZ_RTT_H

#include <linux/types.h>

#define WALTZ_RTO_INIT_US	1000000u	/* 2.1 */
#define WALTZ_RTO_SYN_LOST_US	3000000u	/* 5.7 */
#define WALTZ_RTO_MAX_US	120000000u	/* 2.5: 60 s or more */

/**
 * struct waltz_rtt - the estimator; all in microseconds
 * @srtt8: SRTT, times 8; 0 until the first measurement
 * @rttvar4: RTTVAR, times 4
 * @rto: RTO, back-off not included
 * @rto_min: its floor
 * @rto_max: its ceiling, back-off included
 */
struct waltz_rtt {
	u32 srtt8;
	u32 rttvar4;
	u32 rto;
	u32 rto_min;
	u32 rto_max;
};

void waltz_rtt_init(struct waltz_rtt *r, u32 rto_min, u32 rto_max);
void waltz_rtt_sample(struct waltz_rtt *r, u32 rtt);
void waltz_rtt_syn_lost(struct waltz_rtt *r);
u32 waltz_rtt_backoff(const struct waltz_rtt *r, unsigned int shift);

#endif /* _WALTZ_RTT_H */
