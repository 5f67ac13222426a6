/* SPDX-License-Identifier: GPL-2.0 */
/* Congestion control: RFC 5681 with NewReno (RFC 6582). Pure. */
#ifndef _WALTZ_CONG_H
#define _WALTZ_CONG_H

#include <linux/types.h>

#define WALTZ_DUPACKS	3	/* RFC 5681 3.2 */

/**
 * struct waltz_cong - congestion state; all in bytes
 * @cwnd: congestion window
 * @ssthresh: slow start threshold
 * @acked: acknowledged since cwnd last grew (congestion avoidance)
 * @recover: SND.NXT when the last loss was seen (RFC 6582)
 * @mss: SMSS
 * @dupacks: duplicate ACKs in a row
 * @recovering: in fast recovery
 */
struct waltz_cong {
	u32 cwnd;
	u32 ssthresh;
	u32 acked;
	u32 recover;
	u16 mss;
	u8 dupacks;
	bool recovering;
};

void waltz_cong_init(struct waltz_cong *c, u16 mss, u32 iss);
void waltz_cong_syn_lost(struct waltz_cong *c);
void waltz_cong_mss(struct waltz_cong *c, u16 mss);
bool waltz_cong_ack(struct waltz_cong *c, u32 una, u32 acked, u32 flight,
		    bool limited);
bool waltz_cong_dupack(struct waltz_cong *c, u32 una, u32 nxt, u32 flight);
void waltz_cong_timeout(struct waltz_cong *c, u32 nxt, u32 flight, bool first);
void waltz_cong_idle(struct waltz_cong *c);
u32 waltz_cong_window(const struct waltz_cong *c);

#endif /* _WALTZ_CONG_H */
