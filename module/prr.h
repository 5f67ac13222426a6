/* SPDX-License-Identifier: GPL-2.0 */
/* Proportional Rate Reduction, RFC 6937. Pure. */
#ifndef _WALTZ_PRR_H
#define _WALTZ_PRR_H

#include <linux/types.h>

/**
 * struct waltz_prr - one recovery; bytes
 * @recover_fs: RecoverFS: what was outstanding when it began
 * @delivered: prr_delivered: what has arrived since
 * @out: prr_out: what has been sent since
 */
struct waltz_prr {
	u32 recover_fs;
	u32 delivered;
	u32 out;
};

void waltz_prr_begin(struct waltz_prr *p, u32 flight);
u32 waltz_prr_ack(struct waltz_prr *p, u32 ssthresh, u32 pipe, u32 delivered,
		  bool safe, u16 mss);
void waltz_prr_sent(struct waltz_prr *p, u32 len);

#endif /* _WALTZ_PRR_H */
