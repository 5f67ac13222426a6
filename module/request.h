/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Half-open connections of the passive side: small records, no sockets.
 */
#ifndef _WALTZ_REQUEST_H
#define _WALTZ_REQUEST_H

#include "child.h"
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
 * @hs: what the handshake agrees; constant
 * @retries: SYN-ACK time-outs; written by the timer, bucket lock
 * @acked: the handshake is complete, but for data (TCP_DEFER_ACCEPT); bucket
 *	lock
 * @hashed: in its bucket; bucket lock
 * @again: SYN-ACKs sent again, whatever for, up to 255; bucket lock
 * @resent: the SYN-ACK was sent again before it was acknowledged, and without ECN;
 *	bucket lock
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
	struct waltz_handshake hs;
	u8 retries;
	u8 again;
	bool acked;
	bool hashed;
	bool reopened;
	bool resent;
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
enum waltz_drop waltz_request_cookie(struct sock *listener,
				     const struct waltz_key *key,
				     const struct waltz_seg *seg,
				     struct sock **childp);
bool waltz_request_exists(const struct waltz_key *key);
void waltz_request_unreachable(const struct waltz_key *key, u32 seq);
int waltz_listener_start(struct sock *sk);
void waltz_listener_stop(struct sock *sk);
struct sock *waltz_accept_dequeue(struct sock *sk);

/* For /proc and sock_diag. */
unsigned int waltz_request_buckets(void);
typedef int (*waltz_request_walker)(const struct waltz_request *req, void *arg);
int waltz_request_walk(unsigned int bucket, waltz_request_walker fn, void *arg);
int waltz_request_visit(const struct waltz_key *key, waltz_request_walker fn,
			void *arg);
bool waltz_request_abort(const struct waltz_key *key, u32 iss);

#endif /* _WALTZ_REQUEST_H */
