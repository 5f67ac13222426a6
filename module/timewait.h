/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The TIME_WAIT table: what is left of a connection that has ended, so that
 * (RFC 9293 section 3.6.1) its last ACK can be sent again, and so that no
 * segment of it is taken for one of the next connection with its names.
 */
#ifndef _WALTZ_TIMEWAIT_H
#define _WALTZ_TIMEWAIT_H

#include "names.h"
#include "verdict.h"
#include "waltz.h"

/**
 * struct waltz_tw_info - what a record remembers
 * @view: what verdicts are reached from
 * @left_ms: time it has left
 * @reuseaddr: the socket had SO_REUSEADDR
 * @reuseport: the socket had SO_REUSEPORT
 * @dif: the device it was bound to, or 0
 */
struct waltz_tw_info {
	struct waltz_tw_view view;
	u32 left_ms;
	bool reuseaddr;
	bool reuseport;
	int dif;
};

/**
 * struct waltz_tw_answer - what came of a segment for a record
 * @verdict: what to do
 * @info: the record, after the segment
 */
struct waltz_tw_answer {
	enum waltz_verdict verdict;
	struct waltz_tw_info info;
};

int waltz_tw_init(void);
void waltz_tw_exit(void);
struct waltz_tw_table *waltz_tw_create(struct waltz_net *wn);
void waltz_tw_destroy(struct waltz_tw_table *tw);

int waltz_tw_insert(struct waltz_net *wn, const struct waltz_key *key,
		    const struct waltz_tw_info *info);
bool waltz_tw_segment(struct waltz_net *wn, const struct waltz_key *key,
		      const struct waltz_seg *seg,
		      struct waltz_tw_answer *answer);
int waltz_tw_connect(struct waltz_net *wn, const struct waltz_key *key,
		     u32 *isn_min);
bool waltz_tw_remove(struct waltz_net *wn, const struct waltz_key *key,
		     enum waltz_reuse_why by, struct waltz_tw_info *info);
bool waltz_tw_get(struct waltz_net *wn, const struct waltz_key *key,
		  struct waltz_tw_info *info);
bool waltz_tw_kill(struct waltz_net *wn, const struct waltz_key *key,
		   u32 snd_nxt);
bool waltz_tw_lost(const struct waltz_net *wn, const struct waltz_key *key,
		   const struct waltz_seg *seg);
unsigned int waltz_tw_count(const struct waltz_net *wn);
unsigned int waltz_tw_peak(const struct waltz_net *wn);
bool waltz_tw_port_held(const struct sock *sk, u16 number);
bool waltz_tw_address_held(const struct sock *sk, u16 number);
void waltz_tw_ports_held(const struct sock *sk, unsigned long *map);

/* For /proc and sock_diag: *pos is a record's index; 0 begins. */
bool waltz_tw_next(struct waltz_net *wn, u32 *pos, struct waltz_key *key,
		   struct waltz_tw_info *info);

#endif /* _WALTZ_TIMEWAIT_H */
