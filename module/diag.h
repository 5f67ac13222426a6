/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Between the tables and sock_diag: what waltz_diag.ko may use, and nothing
 * else. It is a module of its own because it needs inet_diag.ko.
 */
#ifndef _WALTZ_DIAG_H
#define _WALTZ_DIAG_H

#include <linux/inet_diag.h>
#include <linux/tcp.h>

#include "waltz.h"

/**
 * struct waltz_diag_pos - where a walk over everything goes on
 * @table: which table; 0: at the beginning
 * @place: bucket, or record
 * @after: in the bucket, behind that cookie
 *
 * Cookies never change, so what is there throughout is not missed, whatever
 * comes and goes beside it.
 */
struct waltz_diag_pos {
	u32 table;
	u32 place;
	u64 after;
};

/**
 * struct waltz_diag_entry - a socket, a half-open or a TIME_WAIT record
 * @sk: the socket; NULL: a record
 * @key: names; key.rport is 0 where there is no peer
 * @cookie: tells it from others with the same names
 * @pos: behind it
 * @left_ms: of a record: until its timer is due
 * @mark: of a record: its segments' mark
 * @seq: of a record: its ISS, or SND.NXT; never shown
 * @state: TCP_*
 * @timer: of a record: which, as in idiag_timer
 * @retries: of a record
 */
struct waltz_diag_entry {
	struct sock *sk;
	struct waltz_key key;
	u64 cookie;
	struct waltz_diag_pos pos;
	u32 left_ms;
	u32 mark;
	u32 seq;
	u8 state;
	u8 timer;
	u8 retries;
};

/* Wanted? Called with a table's lock held: it looks, and no more. */
typedef bool (*waltz_diag_filter)(const struct waltz_diag_entry *e, void *arg);

u8 waltz_diag_protocol(void);
unsigned int waltz_diag_next(struct net *net, struct waltz_diag_pos *pos,
			     waltz_diag_filter wanted, void *arg,
			     struct waltz_diag_entry *entries,
			     unsigned int max);
int waltz_diag_find(struct net *net, const struct inet_diag_sockid *id,
		    struct waltz_diag_entry *entry);
void waltz_diag_put(struct waltz_diag_entry *entry);
int waltz_diag_kill(const struct waltz_diag_entry *entry);
void waltz_diag_numbers(struct sock *sk, struct inet_diag_msg *r);
void waltz_diag_info(struct sock *sk, struct tcp_info *tcp,
		     struct waltz_info *own, const char **cong);

/* For waltz.ko itself. */
void waltz_diag_destroyed(struct sock *sk);

#endif /* _WALTZ_DIAG_H */
