/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The passive side's socket: made when the handshake is complete.
 */
#ifndef _WALTZ_CHILD_H
#define _WALTZ_CHILD_H

#include "waltz.h"

/**
 * struct waltz_handshake - what SYN and SYN-ACK agree
 * @iss: our initial sequence number
 * @irs: the peer's
 * @ts_recent: TSval of the peer's SYN, or of what stands for it
 * @ts_offset: of our timestamp clock
 * @mss: the peer's
 * @snd_wscale: Snd.Wind.Shift
 * @rcv_wscale: Rcv.Wind.Shift
 * @opts: WALTZ_OPT_* agreed
 * @tos: type of service for what we answer
 * @ecn: our SYN-ACK agrees to ECN
 */
struct waltz_handshake {
	u32 iss;
	u32 irs;
	u32 ts_recent;
	u32 ts_offset;
	u16 mss;
	u8 snd_wscale;
	u8 rcv_wscale;
	u8 opts;
	u8 tos;
	bool ecn;
};

u32 waltz_syn_window(const struct sock *listener);
struct sock *waltz_child_create(struct sock *listener,
				const struct waltz_key *key,
				const struct waltz_handshake *hs,
				const struct waltz_seg *seg);
void waltz_child_discard(struct sock *child);
struct sock *waltz_child_start(struct sock *listener, struct sock *child);

#endif /* _WALTZ_CHILD_H */
