/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Congestion control: how much may be outstanding. What all algorithms have in
 * common is in cong.c (slow start, timeouts, undoing), what differs behind
 * struct waltz_cong_ops (reno.c, cubic.c). Pure; bytes and microseconds.
 */
#ifndef _WALTZ_CONG_H
#define _WALTZ_CONG_H

#include <linux/types.h>
#include "hystart.h"

#define WALTZ_CWND_MAX		0x40000000u
#define WALTZ_SSTHRESH_INIT	0x7fffffffu	/* "arbitrarily high" */

struct waltz_cong;

/**
 * struct waltz_cong_ack - an ACK that acknowledges something new
 * @now_us: now
 * @acked: bytes acknowledged
 * @rtt_us: the round trip it measured; 0: none
 * @srtt_us: SRTT; 0: not known
 * @una: SND.UNA, after it
 * @nxt: SND.NXT
 * @limited: the window was in use, so its growth is earned (RFC 7661's aim)
 */
struct waltz_cong_ack {
	u64 now_us;
	u32 acked;
	u32 rtt_us;
	u32 srtt_us;
	u32 una;
	u32 nxt;
	bool limited;
};

/**
 * struct waltz_cong_ops - an algorithm
 * @name: as TCP_CONGESTION has it
 * @init: a connection begins, or changes to this algorithm
 * @ssthresh: something was lost: the new slow start threshold, given what was
 *	outstanding
 * @avoid: congestion avoidance: grow cwnd
 * @pause: for so long, in ms, the window was not in use; NULL: that does not matter
 */
struct waltz_cong_ops {
	const char *name;
	void (*init)(struct waltz_cong *c);
	u32 (*ssthresh)(struct waltz_cong *c, u32 flight);
	void (*avoid)(struct waltz_cong *c, const struct waltz_cong_ack *a);
	void (*pause)(struct waltz_cong *c, u32 ms);
};

/**
 * struct waltz_cubic - state of RFC 9438
 * @epoch_us: t_epoch: when this congestion avoidance stage began; 0: it has not
 * @est_credit: thousandths of bytes acknowledged that @w_est has not grown by
 * @w_max: W_max: cwnd before the last reduction, or less (fast convergence)
 * @prior_cwnd: cwnd_prior: cwnd before the last reduction
 * @w_est: W_est: cwnd if this were Reno
 * @origin: the plateau
 * @k_ms: K: from the beginning of the stage to the plateau
 */
struct waltz_cubic {
	u64 epoch_us;
	u64 est_credit;
	u32 w_max;
	u32 prior_cwnd;
	u32 w_est;
	u32 origin;
	u32 k_ms;
};

/**
 * struct waltz_cong - congestion control of one connection
 * @ops: the algorithm
 * @idle_ms: since when the window is not in use; 0: it is
 * @cwnd: congestion window
 * @ssthresh: slow start threshold
 * @acked: acknowledged since cwnd last grew (Reno)
 * @prior_cwnd: cwnd before the last reduction, to undo it; 0: nothing to undo
 * @prior_ssthresh: likewise
 * @prior_w_max: likewise, W_max of CUBIC
 * @mss: SMSS
 * @hystart: of the first slow start, as long as that lasts
 * @cubic: of the algorithm of that name, from then on
 */
struct waltz_cong {
	const struct waltz_cong_ops *ops;
	u32 idle_ms;
	u32 cwnd;
	u32 ssthresh;
	u32 acked;
	u32 prior_cwnd;
	u32 prior_ssthresh;
	u32 prior_w_max;
	u16 mss;
	union {
		struct waltz_hystart hystart;
		struct waltz_cubic cubic;
	};
};

extern const struct waltz_cong_ops waltz_reno;
extern const struct waltz_cong_ops waltz_cubic;

const struct waltz_cong_ops *waltz_cong_find(const char *name);
void waltz_cong_init(struct waltz_cong *c, const struct waltz_cong_ops *ops,
		     u16 mss);
void waltz_cong_switch(struct waltz_cong *c, const struct waltz_cong_ops *ops);
void waltz_cong_syn_lost(struct waltz_cong *c);
void waltz_cong_mss(struct waltz_cong *c, u16 mss);
void waltz_cong_grow(struct waltz_cong *c, const struct waltz_cong_ack *a);
u32 waltz_cong_loss(struct waltz_cong *c, u32 flight);
void waltz_cong_recovered(struct waltz_cong *c);
void waltz_cong_timeout(struct waltz_cong *c, u32 flight, bool first);
void waltz_cong_cwr(struct waltz_cong *c, u32 flight);
void waltz_cong_ecn(struct waltz_cong *c, u32 flight);
void waltz_cong_keep(struct waltz_cong *c);
bool waltz_cong_undo(struct waltz_cong *c);
void waltz_cong_idle(struct waltz_cong *c);
u64 waltz_cong_pacing_rate(const struct waltz_cong *c, u32 srtt_us);

/* The connection's first slow start, which nothing has ended yet */
static inline bool waltz_cong_first(const struct waltz_cong *c)
{
	return c->ssthresh == WALTZ_SSTHRESH_INIT;
}

static inline bool waltz_cong_slow_start(const struct waltz_cong *c)
{
	return c->cwnd < c->ssthresh;
}

#endif /* _WALTZ_CONG_H */
