/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Half-open connections of the passive side: small records, no sockets.
 */
#ifndef _WALTZ_REQUEST_H
#define _WALTZ_REQUEST_H

#include "timewait.h"
#include "waltz.h"

/**
 * struct waltz_request - a half-open connection
 * @node: in its bucket; the bucket's lock
 * @siblings: in the listener's list; waltz_listener.lock
 * @timer: SYN-ACK retransmission; set under the bucket's lock
 * @rcu: after it has left
 * @listener: who asked for it; a reference. Constant.
 * @refs: one for the table, one for the timer
 * @key_laddr: our address. The names are constant.
 * @key_raddr: the peer's
 * @key_lport: our port
 * @key_rport: the peer's
 * @hash: of the names
 * @dif: interface it came by, if the listener is bound to one
 * @iss: our initial sequence number; constant
 * @irs: the peer's; constant
 * @ts_recent: TSval of the SYN; constant
 * @ts_offset: of our clock; constant
 * @wnd: SEG.WND of the SYN; constant
 * @mss: the peer's; constant
 * @snd_wscale: constant, like all options
 * @rcv_wscale: constant
 * @opts: WALTZ_OPT_* agreed
 * @tos: of the SYN
 * @retries: SYN-ACKs sent again; the timer's
 * @hashed: in its bucket; bucket lock
 * @reopened: took over a TIME_WAIT record; bucket lock
 * @challenge_sent: jiffies of the last challenge; bucket lock
 * @born: when the SYN-ACK was first sent, microseconds
 * @old: that record, if the SYN proves an old duplicate (RFC 9293 MAY-2)
 */
struct waltz_request {
	struct hlist_node node;
	struct list_head siblings;
	struct timer_list timer;
	struct rcu_head rcu;
	struct sock *listener;
	refcount_t refs;
	__be32 key_laddr;
	__be32 key_raddr;
	__be16 key_lport;
	__be16 key_rport;
	u32 hash;
	int dif;
	u32 iss;
	u32 irs;
	u32 ts_recent;
	u32 ts_offset;
	u16 wnd;
	u16 mss;
	u8 snd_wscale;
	u8 rcv_wscale;
	u8 opts;
	u8 tos;
	u8 retries;
	bool hashed;
	bool reopened;
	u32 challenge_sent;
	u32 born;
	struct waltz_tw_info old;
};

int waltz_request_init(void);
void waltz_request_exit(void);
void waltz_request_syn(struct sock *listener, const struct waltz_key *key,
		       const struct waltz_seg *seg,
		       const struct waltz_tw_info *reopen);
typedef bool (*waltz_request_filter)(struct sock *listener,
				     struct sk_buff *skb,
				     struct waltz_seg *seg);
bool waltz_request_segment(struct waltz_net *wn, const struct waltz_key *key,
			   struct sk_buff *skb, struct waltz_seg *seg,
			   waltz_request_filter refused, struct sock **childp);
void waltz_request_unreachable(const struct waltz_key *key, u32 seq);
int waltz_listener_start(struct sock *sk);
void waltz_listener_stop(struct sock *sk);
struct sock *waltz_accept_dequeue(struct sock *sk);

/* For /proc. */
unsigned int waltz_request_buckets(void);
typedef int (*waltz_request_walker)(const struct waltz_request *req, void *arg);
int waltz_request_walk(unsigned int bucket, waltz_request_walker fn, void *arg);

#endif /* _WALTZ_REQUEST_H */
