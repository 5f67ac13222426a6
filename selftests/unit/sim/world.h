/* SPDX-License-Identifier: GPL-2.0 */
/* A transfer: both ends and both paths, from beginning to end. */
#ifndef _SIM_WORLD_H
#define _SIM_WORLD_H

#include "sim.h"

/**
 * struct setup - of one transfer
 * @there: the path of the data
 * @back: the path of the ACKs
 * @receiver: the receiver's ways
 * @ops: congestion control
 * @total: bytes
 * @mtu_at: when the path's MTU falls; 0: never
 * @mtu_mss: to this
 * @mtu_silent: and no ICMP error tells
 * @mtu_again: when it is what it was; 0: never
 * @iss: initial sequence number
 * @mss: SMSS
 * @idle: the bytes are written in pieces
 * @check: count again after every event, and see that it ends
 */
struct setup {
	struct sim_path_config there;
	struct sim_path_config back;
	struct sim_receiver_config receiver;
	const struct waltz_cong_ops *ops;
	u64 total;
	u64 mtu_at;
	u32 mtu_mss;
	bool mtu_silent;
	u64 mtu_again;
	u32 iss;
	u16 mss;
	bool idle;
	bool check;
};

/* One transfer, all of it. */
struct world {
	struct sim sim;
	struct sim_path there;
	struct sim_path back;
	struct sim_sender sender;
	struct sim_receiver receiver;
};

const char *world_run(struct world *w, const struct setup *u, u64 until_us);
void world_print_counts(const struct world *w);
void world_finish(struct world *w);

/* goodput.c */
int goodput(u64 seed, u64 seconds);

#endif /* _SIM_WORLD_H */
