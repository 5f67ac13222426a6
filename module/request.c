// SPDX-License-Identifier: GPL-2.0
/*
 * The passive side until its SYN is acknowledged: a record in a table of its
 * own, no socket (RFC 9293 sections 3.10.7.2 and, for SYN-RECEIVED,
 * 3.10.7.4). The ACK that ends the handshake makes the socket and puts it
 * into the accept queue.
 *
 * Why three segments: the SYN may be an old duplicate. Only the ACK of our
 * own fresh sequence number proves that somebody there wants a connection
 * now; until then nothing but this record is spent on it.
 */
#include <linux/slab.h>
#include <net/dst.h>

#include "request.h"
#include "trace.h"

#define REQUEST_BUCKETS	4096u
#define SYN_ACK_RTO	(1ul * HZ)	/* RFC 6298 2.1 */

static_assert(IS_ENABLED(CONFIG_LOCKDEP) ||
	      sizeof(struct waltz_request) <= 192);

struct request_bucket {
	spinlock_t lock;	/* of the list, and of the requests in it */
	struct hlist_head head;
};

static struct request_bucket *buckets __read_mostly;
static struct kmem_cache *request_cache __read_mostly;

static struct request_bucket *bucket_of(u32 hash)
{
	return &buckets[hash % REQUEST_BUCKETS];
}

static struct net *request_net(const struct waltz_request *req)
{
	return sock_net(req->listener);
}

static void key_of_request(const struct waltz_request *req, struct waltz_key *key)
{
	waltz_key_init(key, request_net(req), req->key_laddr, req->key_lport,
		       req->key_raddr, req->key_rport);
	key->dif = req->dif;
}

static bool request_is(const struct waltz_request *req,
		       const struct waltz_key *key)
{
	return req->hash == key->hash && req->key_raddr == key->raddr &&
	       req->key_rport == key->rport && req->key_lport == key->lport &&
	       req->key_laddr == key->laddr &&
	       net_eq(request_net(req), key->net) &&
	       inet_sk_bound_dev_eq(key->net, req->dif, key->dif, key->sdif);
}

static void request_free_rcu(struct rcu_head *rcu)
{
	struct waltz_request *req = container_of(rcu, struct waltz_request, rcu);

	sock_put(req->listener);
	kmem_cache_free(request_cache, req);
}

static void request_put(struct waltz_request *req)
{
	if (refcount_dec_and_test(&req->refs))
		call_rcu(&req->rcu, request_free_rcu);
}

/* Context: RCU read lock held, or the bucket's lock. */
static struct waltz_request *find_request(const struct waltz_key *key)
{
	struct request_bucket *b = bucket_of(key->hash);
	struct waltz_request *req;

	hlist_for_each_entry_rcu(req, &b->head, node,
				 lockdep_is_held(&b->lock))
		if (request_is(req, key))
			return req;
	return NULL;
}

/**
 * waltz_request_exists() - are names that connect() has just taken half-open?
 * @key: the names; the connecting socket is in its table
 *
 * Then the peer's SYN was first: its handshake goes on with the listener's request,
 * not with ours, and would reset it.
 *
 * Context: BH off.
 */
bool waltz_request_exists(const struct waltz_key *key)
{
	bool exists;

	smp_mb();	/* pairs with connected_meanwhile() */
	rcu_read_lock();
	exists = find_request(key);
	rcu_read_unlock();
	return exists;
}

/* Context: bucket lock held; the request is hashed. */
static void unhash_request(struct waltz_request *req)
{
	lockdep_assert_held(&bucket_of(req->hash)->lock);
	req->hashed = false;
	hlist_del_rcu(&req->node);
	if (timer_delete(&req->timer))
		request_put(req);
}

/* What is left to do once it is unhashed. Context: no locks, BH off. */
static void leave_listener(struct waltz_request *req)
{
	struct waltz_listener *l;

	rcu_read_lock();
	l = rcu_dereference(waltz_sk(req->listener)->listener);
	spin_lock(&l->lock);
	list_del_init(&req->siblings);
	spin_unlock(&l->lock);
	rcu_read_unlock();
	atomic_dec(&waltz_net(request_net(req))->half_open);
	request_put(req);
}

static void build_header(const struct waltz_request *req, struct waltz_hdr *h)
{
	*h = (struct waltz_hdr) {
		.sport = ntohs(req->key_lport),
		.dport = ntohs(req->key_rport),
		.seq = req->hs.iss + 1,
		.ack = req->hs.irs + 1,
		.opts = req->hs.opts & WALTZ_OPT_TS,
		.tsval = waltz_ts_clock(req->hs.ts_offset),
		.tsecr = req->hs.ts_recent,
	};
}

/* As the listener would send it: a peer that uses IP_MINTTL (RFC 5082) takes no
 * other TTL. Consumes the route's reference.
 */
static void send_syn_ack(const struct sock *listener,
			 const struct waltz_key *key,
			 const struct waltz_handshake *hs, u32 tsval,
			 struct dst_entry *dst)
{
	struct waltz_hdr h = {
		.seq = hs->iss,
		.ack = hs->irs + 1,
		.flags = WALTZ_SYN | WALTZ_ACK | (hs->ecn ? WALTZ_ECE : 0),
		.wnd = (u16)waltz_syn_window(listener),
		.mss = (u16)waltz_advertised_mss(dst, waltz_sk(listener)->user_mss),
		.wscale = hs->rcv_wscale,
		.opts = hs->opts | WALTZ_OPT_MSS,
		.tsval = tsval,
		.tsecr = hs->ts_recent,
	};

	waltz_ctl_send_dst(listener, key, &h, dst, hs->tos, listener->sk_mark);
}

/* The SYN-ACK goes again. RFC 3168 6.1.1.1: the one that was lost may have been lost
 * for its ECE. But one that only asks whether there is no data yet has arrived before.
 * Return: is ECN still agreed to?
 */
static bool note_again(struct waltz_request *req)
{
	struct request_bucket *b = bucket_of(req->hash);
	bool first = false, keep;

	spin_lock(&b->lock);
	if (req->again < U8_MAX)
		req->again++;
	if (!req->acked) {
		first = !req->resent;
		req->resent = true;
	}
	keep = req->hs.ecn && !req->resent;
	spin_unlock(&b->lock);
	if (first && req->hs.ecn)
		WALTZ_INC(waltz_net(request_net(req)), ECN_FALLBACKS);
	return keep;
}

static void resend_syn_ack(struct waltz_request *req)
{
	struct waltz_net *wn = waltz_net(request_net(req));
	struct waltz_handshake hs = req->hs;
	struct waltz_key key;
	struct dst_entry *dst;

	key_of_request(req, &key);
	dst = waltz_route_reply(wn, &key, req->listener, req->hs.tos,
				req->listener->sk_mark);
	if (!dst)
		return;
	hs.ecn = note_again(req);
	trace_retransmit(&key, NULL, WALTZ_AGAIN_SYN_ACK, hs.iss, 0,
			 WALTZ_SYN | WALTZ_ACK, req->retries);
	send_syn_ack(req->listener, &key, &hs, waltz_ts_clock(hs.ts_offset),
		     dst);
	WALTZ_INC(wn, RETRANS_SEGS);
	WALTZ_INC(wn, RETRANS_SYN);
}

/* <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>, at most one in challenge_ms. */
static void challenge(struct waltz_request *req)
{
	struct waltz_net *wn = waltz_net(request_net(req));
	struct request_bucket *b = bucket_of(req->hash);
	u32 now = (u32)jiffies;
	struct waltz_key key;
	struct waltz_hdr h;
	bool allowed;

	spin_lock(&b->lock);
	allowed = !req->challenge_sent ||
		  now - req->challenge_sent >=
		  msecs_to_jiffies(READ_ONCE(wn->sysctls.challenge_ms));
	if (allowed)
		req->challenge_sent = now ?: 1;
	spin_unlock(&b->lock);
	if (!allowed) {
		WALTZ_INC(wn, CHALLENGE_LIMITED);
		return;
	}
	WALTZ_INC(wn, CHALLENGE_ACKS);
	key_of_request(req, &key);
	build_header(req, &h);
	h.flags = WALTZ_ACK;
	h.wnd = (u16)(waltz_syn_window(req->listener) >> req->hs.rcv_wscale);
	waltz_ctl_send(wn, &key, &h, req->hs.tos, req->listener->sk_mark);
}

/* Take a request out, once. The TIME_WAIT record it had taken over comes back
 * first, so that no segment ever finds nothing.
 * Context: BH off. Return: false when somebody else was quicker.
 */
static bool end_request(struct waltz_request *req, enum waltz_event event,
			const struct waltz_seg *seg)
{
	struct waltz_net *wn = waltz_net(request_net(req));
	struct request_bucket *b = bucket_of(req->hash);
	bool abort = event == WALTZ_EV_USER_ABORT;
	struct waltz_key key;

	key_of_request(req, &key);
	spin_lock(&b->lock);
	if (!req->hashed) {
		spin_unlock(&b->lock);
		return false;
	}
	/* Unless it was the ACK that had it aborted: that proves the SYN new. */
	if (req->reopened && req->old.left_ms && !(abort && seg)) {
		event = WALTZ_EV_OLD_DUPLICATE;
		if (!waltz_tw_insert(wn, &key, &req->old))
			WALTZ_INC(wn, TW_REVIVED);
	}
	unhash_request(req);
	spin_unlock(&b->lock);

	waltz_record_event(&key, WALTZ_HALF_OPEN, event, seg);
	if (abort) {
		struct waltz_hdr h;

		build_header(req, &h);
		h.flags = WALTZ_RST | WALTZ_ACK;
		h.opts = 0;
		WALTZ_INC(wn, OUT_RSTS);
		waltz_ctl_send(wn, &key, &h, req->hs.tos, req->listener->sk_mark);
	}
	leave_listener(req);
	return true;
}

/* SYN-ACK retransmission: RFC 6298 with back-off. Context: softirq. */
static void request_timer(struct timer_list *timer)
{
	struct waltz_request *req =
		container_of(timer, struct waltz_request, timer);
	struct waltz_net *wn = waltz_net(request_net(req));
	struct request_bucket *b = bucket_of(req->hash);
	u8 defer = READ_ONCE(waltz_sk(req->listener)->defer_accept);
	unsigned long longest =
		msecs_to_jiffies(READ_ONCE(wn->sysctls.rto_max_ms));
	bool over, again, resend;

	lockdep_assert_in_softirq();
	spin_lock(&b->lock);
	over = req->retries >= READ_ONCE(wn->sysctls.synack_retries) &&
	       (!req->acked || req->retries >= defer);
	/* While data is waited for, the peer is not asked again, but for the
	 * last time: its ACK will do then.
	 */
	resend = !req->acked || req->retries + 1 >= defer;
	again = req->hashed && !over;
	if (again) {
		req->retries++;
		mod_timer(&req->timer, jiffies +
			  min(SYN_ACK_RTO << min_t(u8, req->retries, 7), longest));
	}
	spin_unlock(&b->lock);
	if (over)
		end_request(req, WALTZ_EV_TIMEOUT, NULL);
	if (!again)
		request_put(req);
	else if (resend)
		resend_syn_ack(req);
}

/* What the SYN asks for, and what of it is agreed to. */
static void answer_syn(struct waltz_handshake *hs, const struct sock *listener,
		       const struct waltz_key *key, const struct waltz_seg *seg,
		       const struct dst_entry *dst)
{
	const struct waltz_sysctls *s = &waltz_net(key->net)->sysctls;

	*hs = (struct waltz_handshake) {
		.irs = seg->seq,
		.tos = READ_ONCE(inet_sk(listener)->tos),
		.mss = max_t(u16, seg->mss, WALTZ_MSS_MIN),
		.ts_offset = waltz_secure_ts_offset(key),
		.ecn = waltz_ecn_setup(seg->flags, seg->ecn) &&
		       waltz_ecn_mode(key->net, dst) != WALTZ_ECN_OFF,
	};
	if ((seg->opts & WALTZ_OPT_TS) && READ_ONCE(s->timestamps)) {
		hs->opts |= WALTZ_OPT_TS;
		hs->ts_recent = seg->tsval;
	}
	if ((seg->opts & WALTZ_OPT_SACK_OK) && READ_ONCE(s->sack))
		hs->opts |= WALTZ_OPT_SACK_OK;
	if ((seg->opts & WALTZ_OPT_WSCALE) && READ_ONCE(s->window_scaling)) {
		hs->opts |= WALTZ_OPT_WSCALE;
		hs->snd_wscale = seg->wscale;
		hs->rcv_wscale = waltz_choose_wscale(key->net,
						     listener->sk_rcvbuf);
	}
}

static struct waltz_request *
new_request(struct sock *listener, const struct waltz_key *key,
	    const struct waltz_seg *seg, const struct dst_entry *dst,
	    const struct waltz_tw_info *reopen)
{
	struct waltz_request *req;

	req = kmem_cache_zalloc(request_cache, GFP_ATOMIC | __GFP_NOWARN);
	if (!req)
		return NULL;
	/* The look-up took no reference, and the last may be gone. */
	if (!refcount_inc_not_zero(&listener->sk_refcnt)) {
		kmem_cache_free(request_cache, req);
		return NULL;
	}
	req->key_laddr = key->laddr;
	req->key_raddr = key->raddr;
	req->key_lport = key->lport;
	req->key_rport = key->rport;
	req->hash = key->hash;
	req->dif = READ_ONCE(listener->sk_bound_dev_if);
	answer_syn(&req->hs, listener, key, seg, dst);
	req->hs.iss = waltz_secure_isn(key);
	/* RFC 6191 and RFC 9293 3.4.1: above all the old connection used. */
	if (reopen)
		req->hs.iss = seq_max(req->hs.iss,
				      reopen->view.snd_nxt + 65535 + 2);
	req->born = waltz_now_us_low();
	refcount_set(&req->refs, 2);
	INIT_LIST_HEAD(&req->siblings);
	timer_setup(&req->timer, request_timer, 0);
	req->listener = listener;
	return req;
}

/* connect() may have taken the names since they were looked up: it puts its socket
 * into its table and then looks for a request, we do it the other way round, so one
 * of the two sees the other. Context: RCU read lock; the request is in its bucket.
 */
static bool connected_meanwhile(const struct waltz_key *key)
{
	struct sock *sk;

	smp_mb();	/* pairs with waltz_request_exists() */
	sk = waltz_lookup_established(key);
	if (!sk)
		return false;
	sock_put(sk);
	return true;
}

/* Context: bucket lock held. Return: false when the names are taken: by another CPU
 * with the same SYN, or by connect().
 */
static bool hash_request(struct waltz_request *req, const struct waltz_key *key)
{
	struct request_bucket *b = bucket_of(req->hash);

	lockdep_assert_held(&b->lock);
	if (find_request(key))
		return false;
	hlist_add_head_rcu(&req->node, &b->head);
	req->hashed = !connected_meanwhile(key);
	if (!req->hashed)
		hlist_del_rcu(&req->node);
	return req->hashed;
}

/* Into the listener's list and into the table; both or neither. A TIME_WAIT
 * record whose names it takes over leaves its table behind it, before anybody
 * can end the request.
 */
static enum waltz_drop insert_request(struct waltz_request *req,
				      const struct waltz_key *key, bool reopen)
{
	struct request_bucket *b = bucket_of(req->hash);
	enum waltz_drop why = WALTZ_DROP_NONE;
	struct waltz_listener *l;

	l = rcu_dereference(waltz_sk(req->listener)->listener);
	spin_lock(&l->lock);
	if (req->listener->sk_state != TCP_LISTEN) {
		why = WALTZ_DROP_CLOSED;
		goto out;
	}
	spin_lock(&b->lock);
	if (!hash_request(req, key)) {
		why = WALTZ_DROP_SYN_RECV;
	} else {
		mod_timer(&req->timer, jiffies + SYN_ACK_RTO);
		list_add_tail(&req->siblings, &l->requests);
		if (reopen) {
			waltz_moved(key);
			req->reopened = waltz_tw_remove(waltz_net(key->net),
							key, WALTZ_REUSE_SYN,
							&req->old);
		}
	}
	spin_unlock(&b->lock);
out:
	spin_unlock(&l->lock);
	return why;
}

static bool queue_full(const struct sock *listener, const struct waltz_key *key)
{
	if (likely(!sk_acceptq_is_full(listener)))
		return false;
	trace_accept_queue(key, listener, NULL, WALTZ_QUEUE_OVERFLOW, 0);
	return true;
}

static enum waltz_drop admit_syn(const struct waltz_net *wn,
				 const struct sock *listener,
				 const struct waltz_key *key,
				 const struct waltz_seg *seg)
{
	/* RFC 9293 leaves SYN+FIN open; nobody honest sends it. */
	if ((seg->flags & WALTZ_FIN) && !READ_ONCE(wn->sysctls.syn_fin))
		return WALTZ_DROP_FLAGS;
	if (queue_full(listener, key))
		return WALTZ_DROP_LISTEN_OVERFLOW;
	return WALTZ_DROP_NONE;
}

/* A cookie cannot bring a TIME_WAIT record back, nor leave one where it is. A
 * SYN that takes one over was proved by its numbers, so it is no flood; it gets
 * a record, of which there may be as many again.
 */
static enum waltz_drop admit_record(const struct waltz_net *wn, bool reopen)
{
	int mode = READ_ONCE(wn->sysctls.syncookies);
	int room = READ_ONCE(wn->sysctls.max_half_open);

	if (mode == WALTZ_COOKIES_ALWAYS && !reopen)
		return WALTZ_DROP_LISTEN_HALFOPEN;
	if (mode != WALTZ_COOKIES_OFF && reopen)
		room *= 2;
	return atomic_read(&wn->half_open) < room ? WALTZ_DROP_NONE :
						    WALTZ_DROP_LISTEN_HALFOPEN;
}

/* Consumes the route's reference. */
static void send_cookie(const struct sock *listener,
			const struct waltz_key *key,
			const struct waltz_seg *seg, struct dst_entry *dst)
{
	struct waltz_handshake hs;
	u32 tsval;

	answer_syn(&hs, listener, key, seg, dst);
	tsval = waltz_syncookie_make(key, &hs);
	WALTZ_INC(waltz_net(key->net), COOKIES_SENT);
	trace_cookie(key, WALTZ_COOKIE_SENT, hs.iss);
	send_syn_ack(listener, key, &hs, tsval, dst);
}

/**
 * waltz_request_syn() - a SYN came for a listener
 * @listener: the listener
 * @key: the segment's names
 * @seg: the segment: SYN, neither ACK nor RST
 * @reopen: the TIME_WAIT record it may take over (RFC 6191), or NULL
 *
 * RFC 9293 3.10.7.2, third: a record, a SYN-ACK, its retransmission. Data in
 * the SYN is left to the peer to send again. Where there is no room for a
 * record, a SYN cookie.
 *
 * Context: softirq, RCU read lock held, no locks.
 */
void waltz_request_syn(struct sock *listener, const struct waltz_key *key,
		       const struct waltz_seg *seg,
		       const struct waltz_tw_info *reopen)
{
	struct waltz_net *wn = waltz_net(key->net);
	struct waltz_request *req = NULL;
	struct dst_entry *dst;
	enum waltz_drop why;

	lockdep_assert_in_softirq();
	why = admit_syn(wn, listener, key, seg);
	if (why)
		goto drop;
	dst = waltz_route_reply(wn, key, listener, 0, listener->sk_mark);
	why = WALTZ_DROP_NO_ROUTE;
	if (!dst)
		goto drop;
	why = admit_record(wn, reopen);
	if (why) {
		if (reopen || !READ_ONCE(wn->sysctls.syncookies))
			goto drop_dst;
		send_cookie(listener, key, seg, dst);
		return;
	}
	why = WALTZ_DROP_NO_MEMORY;
	req = new_request(listener, key, seg, dst, reopen);
	if (!req)
		goto drop_dst;
	why = insert_request(req, key, reopen);
	if (why)
		goto drop_request;

	atomic_inc(&wn->half_open);
	if (req->reopened)
		WALTZ_INC(wn, TW_REUSED_SYN);
	waltz_record_event(key, req->reopened ? WALTZ_TIME_WAIT : WALTZ_LISTEN,
			   WALTZ_EV_RCV_SYN, seg);
	send_syn_ack(listener, key, &req->hs, waltz_ts_clock(req->hs.ts_offset),
		     dst);
	return;

drop_request:
	refcount_set(&req->refs, 1);	/* never had a timer */
	request_put(req);
drop_dst:
	dst_release(dst);
drop:
	waltz_drop(wn, key, seg, why);
}

/* Put the child where it can be found and the request out.
 * Context: child locked, BH off. Return: false when the request was gone.
 */
static bool replace_request(struct waltz_request *req, struct sock *child,
			    const struct waltz_key *key,
			    const struct waltz_seg *seg)
{
	struct request_bucket *b = bucket_of(req->hash);
	bool won;

	spin_lock(&b->lock);
	won = req->hashed && waltz_hash_established(child, key, true);
	if (won) {
		waltz_child_event(child, key, WALTZ_HALF_OPEN, seg);
		waltz_moved(key);
		unhash_request(req);
	}
	spin_unlock(&b->lock);
	return won;
}

/* The third segment of the handshake. Return: the child, locked, with a
 * reference for the caller, who has the segment's text processed; or NULL.
 */
static struct sock *finish_handshake(struct waltz_request *req,
				     const struct waltz_key *key,
				     const struct waltz_seg *seg)
{
	struct sock *listener = req->listener;
	struct sock *child;

	child = waltz_child_create(listener, key, &req->hs, seg);
	if (!child) {
		waltz_drop(waltz_net(key->net), key, seg, WALTZ_DROP_NO_MEMORY);
		return NULL;
	}
	if (!replace_request(req, child, key, seg)) {
		waltz_child_discard(child);
		waltz_drop(waltz_net(key->net), key, seg, WALTZ_DROP_SYN_RECV);
		return NULL;
	}
	waltz_sk(child)->retrans_total = req->again;
	waltz_sk(child)->retransmitted = req->resent;
	if (req->resent)
		waltz_ecn_fall_back(&waltz_sk(child)->ecn);
	/* Karn; and a deferred accept has waited for the peer's data. */
	if (!req->resent && !req->acked)
		waltz_rtt_sample(&waltz_sk(child)->rtt,
				 waltz_now_us_low() - req->born);
	sock_hold(listener);
	leave_listener(req);
	child = waltz_child_start(listener, child);
	sock_put(listener);
	return child;
}

/* What is wrong with a segment for a request, if it is not the ACK. */
static enum waltz_drop judge(struct waltz_net *wn,
			     const struct waltz_key *key,
			     struct waltz_request *req,
			     const struct waltz_seg *seg)
{
	bool ts = req->hs.opts & WALTZ_OPT_TS;

	/* The peer's SYN again: our SYN-ACK was lost. */
	if ((seg->flags & (WALTZ_SYN | WALTZ_ACK | WALTZ_RST)) == WALTZ_SYN &&
	    seg->seq == req->hs.irs &&
	    (!(seg->flags & WALTZ_FIN) || READ_ONCE(wn->sysctls.syn_fin))) {
		resend_syn_ack(req);
		return WALTZ_DROP_SYN_RECV;
	}
	if (ts && !(seg->flags & WALTZ_RST)) {
		bool has = seg->opts & WALTZ_OPT_TS;

		/* A SYN is challenged, below. */
		if (!has && !(seg->flags & WALTZ_SYN))
			return WALTZ_DROP_NO_TIMESTAMP;
		if (has && seq_lt(seg->tsval, req->hs.ts_recent)) {
			challenge(req);
			return WALTZ_DROP_PAWS;
		}
	}
	/* First, sequence number */
	if (!seq_acceptable(seg->seq, seg->end_seq, req->hs.irs + 1,
			    waltz_syn_window(req->listener))) {
		if (!(seg->flags & WALTZ_RST))
			challenge(req);
		return WALTZ_DROP_OUT_OF_WINDOW;
	}
	/* Second, RST; RFC 5961 3.2 */
	if (seg->flags & WALTZ_RST) {
		if (seg->seq != req->hs.irs + 1) {
			challenge(req);
			return WALTZ_DROP_RST_WINDOW;
		}
		end_request(req, WALTZ_EV_RCV_RST, seg);
		WALTZ_INC(wn, IN_RSTS);
		return WALTZ_DROP_SYN_RECV;
	}
	/* Fourth, SYN; RFC 5961 4.2 */
	if (seg->flags & WALTZ_SYN) {
		challenge(req);
		return WALTZ_DROP_SYN_CHALLENGE;
	}
	/* Fifth, ACK */
	if (!(seg->flags & WALTZ_ACK))
		return WALTZ_DROP_NO_ACK;
	if (seg->ack != req->hs.iss + 1) {
		waltz_reply_reset(wn, key, seg);
		return WALTZ_DROP_SYN_RECV;
	}
	return WALTZ_DROP_NONE;
}

/* TCP_DEFER_ACCEPT: the peer speaks first, so its bare ACK is not what the
 * listener wants to be woken for.
 */
static bool deferred(struct waltz_request *req, const struct waltz_seg *seg)
{
	u8 limit = READ_ONCE(waltz_sk(req->listener)->defer_accept);
	struct request_bucket *b = bucket_of(req->hash);
	bool defer;

	if (!limit || seg->end_seq != req->hs.irs + 1)
		return false;
	spin_lock(&b->lock);
	defer = req->retries < limit;
	if (defer)
		req->acked = true;
	spin_unlock(&b->lock);
	return defer;
}

/**
 * waltz_request_segment() - a segment came; is it for a half-open connection?
 * @wn: the namespace
 * @key: the segment's names
 * @skb: the segment; stays the caller's
 * @seg: the same, parsed
 * @refused: asked, once the segment is the one waited for, whether the
 *	listener's filter refuses it
 * @childp: set to the new socket, when the segment completes the handshake:
 *	locked, with a reference; the caller processes the segment's text
 *
 * RFC 9293 3.10.7.4 for SYN-RECEIVED.
 *
 * Context: softirq, RCU read lock held, no locks.
 * Return: false when there is no such connection.
 */
bool waltz_request_segment(struct waltz_net *wn, const struct waltz_key *key,
			   struct sk_buff *skb, struct waltz_seg *seg,
			   waltz_request_filter refused, struct sock **childp)
{
	struct waltz_request *req;
	enum waltz_drop why;

	lockdep_assert_in_softirq();
	*childp = NULL;
	req = find_request(key);
	if (!req)
		return false;

	why = judge(wn, key, req, seg);
	if (!why && refused(req->listener, skb, seg))
		why = WALTZ_DROP_FILTER;
	if (!why && deferred(req, seg))
		why = WALTZ_DROP_DEFERRED;
	if (!why && queue_full(req->listener, key)) {
		why = WALTZ_DROP_LISTEN_OVERFLOW;
		if (READ_ONCE(wn->sysctls.abort_on_overflow) &&
		    end_request(req, WALTZ_EV_USER_ABORT, seg))
			WALTZ_INC(wn, ABORT_OVERFLOW);
	}
	if (why)
		waltz_drop(wn, key, seg, why);
	else
		*childp = finish_handshake(req, key, seg);
	return true;
}

/**
 * waltz_request_cookie() - an ACK came for a listener: of a SYN cookie?
 * @listener: the listener
 * @key: the segment's names
 * @seg: the segment: ACK, neither SYN nor RST
 * @childp: set to the new socket, if it is: locked, with a reference; the
 *	caller processes the segment's text
 *
 * Context: softirq, RCU read lock held, no locks.
 * Return: why the segment opens nothing; WALTZ_DROP_LISTEN_ACK: it is of no
 * cookie, and to be answered by RST.
 */
enum waltz_drop waltz_request_cookie(struct sock *listener,
				     const struct waltz_key *key,
				     const struct waltz_seg *seg,
				     struct sock **childp)
{
	struct waltz_net *wn = waltz_net(key->net);
	struct waltz_handshake hs;
	struct sock *child;

	lockdep_assert_in_softirq();
	if (!waltz_syncookie_check(key, listener, seg, &hs))
		return WALTZ_DROP_LISTEN_ACK;
	if (queue_full(listener, key))
		return READ_ONCE(wn->sysctls.abort_on_overflow) ?
		       WALTZ_DROP_LISTEN_ACK : WALTZ_DROP_LISTEN_OVERFLOW;
	/* The look-up took no reference, and the last may be gone. */
	if (!refcount_inc_not_zero(&listener->sk_refcnt))
		return WALTZ_DROP_CLOSED;
	child = waltz_child_create(listener, key, &hs, seg);
	if (!child) {
		sock_put(listener);
		return WALTZ_DROP_NO_MEMORY;
	}
	if (!waltz_hash_established(child, key, true)) {
		/* Another CPU, the same ACK. */
		waltz_child_discard(child);
		sock_put(listener);
		return WALTZ_DROP_SYN_RECV;
	}
	waltz_child_event(child, key, WALTZ_LISTEN, seg);
	waltz_moved(key);
	WALTZ_INC(wn, COOKIES_ACCEPTED);
	trace_cookie(key, WALTZ_COOKIE_ACCEPTED, hs.iss);
	*childp = waltz_child_start(listener, child);
	sock_put(listener);
	return WALTZ_DROP_NONE;
}

/**
 * waltz_request_unreachable() - an ICMP error quotes our SYN-ACK
 * @key: the names quoted
 * @seq: sequence number quoted
 *
 * RFC 5927: believed only when the number is the one in flight.
 *
 * Context: softirq, RCU read lock held.
 */
void waltz_request_unreachable(const struct waltz_key *key, u32 seq)
{
	struct waltz_request *req = find_request(key);

	if (req && seq == req->hs.iss)
		end_request(req, WALTZ_EV_UNREACHABLE, NULL);
}

/**
 * waltz_listener_start() - room for requests and children
 * @sk: the socket
 *
 * Context: process, socket lock held.
 * Return: 0 or -ENOMEM.
 */
int waltz_listener_start(struct sock *sk)
{
	struct waltz_sock *ws = waltz_sk(sk);
	struct waltz_listener *l;

	waltz_owned_by_me(sk);
	if (rcu_access_pointer(ws->listener))
		return 0;	/* listened before, and was disconnected */
	l = kzalloc(sizeof(*l), GFP_KERNEL_ACCOUNT);
	if (!l)
		return -ENOMEM;
	spin_lock_init(&l->lock);
	INIT_LIST_HEAD(&l->requests);
	INIT_LIST_HEAD(&l->accept);
	rcu_assign_pointer(ws->listener, l);
	return 0;
}

static struct waltz_request *pop_request(struct waltz_listener *l)
{
	struct waltz_request *req;

	spin_lock(&l->lock);
	req = list_first_entry_or_null(&l->requests, struct waltz_request,
				       siblings);
	if (req) {
		list_del_init(&req->siblings);
		refcount_inc(&req->refs);
	}
	spin_unlock(&l->lock);
	return req;
}

/**
 * waltz_accept_dequeue() - the next child
 * @sk: the listener
 *
 * Context: process, socket lock held.
 * Return: the child with its reference, or NULL.
 */
struct sock *waltz_accept_dequeue(struct sock *sk)
{
	struct waltz_listener *l;
	struct waltz_sock *child;

	l = rcu_dereference_protected(waltz_sk(sk)->listener,
				      lockdep_sock_is_held(sk));
	spin_lock_bh(&l->lock);
	child = list_first_entry_or_null(&l->accept, struct waltz_sock,
					 accept_node);
	if (child) {
		list_del_init(&child->accept_node);
		sk_acceptq_removed(sk);
	}
	spin_unlock_bh(&l->lock);
	return child ? &child->inet.sk : NULL;
}

/**
 * waltz_listener_stop() - reset what nobody will accept any more
 * @sk: the socket; it has left LISTEN already
 *
 * Context: process, socket lock held.
 */
void waltz_listener_stop(struct sock *sk)
{
	struct waltz_request *req;
	struct waltz_listener *l;
	struct sock *child;

	waltz_owned_by_me(sk);
	l = rcu_dereference_protected(waltz_sk(sk)->listener,
				      lockdep_sock_is_held(sk));
	local_bh_disable();
	while ((req = pop_request(l))) {
		end_request(req, WALTZ_EV_USER_ABORT, NULL);
		request_put(req);
	}
	while ((child = waltz_accept_dequeue(sk))) {
		if (trace_accept_queue_enabled())
			waltz_trace_queue(sk, child, WALTZ_QUEUE_PURGED);
		sock_hold(child);
		bh_lock_sock_nested(child);
		sock_orphan(child);
		if (child->sk_state == TCP_CLOSE)
			waltz_destroy(child);
		else
			waltz_event(child, WALTZ_EV_USER_ABORT, NULL);
		bh_unlock_sock(child);
		sock_put(child);
	}
	local_bh_enable();
}

/**
 * waltz_request_buckets() - for waltz_request_walk()
 */
unsigned int waltz_request_buckets(void)
{
	return REQUEST_BUCKETS;
}

/**
 * waltz_request_walk() - visit the half-open connections of one bucket
 * @bucket: below waltz_request_buckets()
 * @fn: called with the bucket's lock held; not 0: stop
 * @arg: for @fn
 *
 * Return: what @fn returned last, or 0.
 */
int waltz_request_walk(unsigned int bucket, waltz_request_walker fn, void *arg)
{
	struct request_bucket *b = &buckets[bucket];
	struct waltz_request *req;
	int ret = 0;

	if (hlist_empty(&b->head))
		return 0;
	spin_lock_bh(&b->lock);
	hlist_for_each_entry(req, &b->head, node) {
		ret = fn(req, arg);
		if (ret)
			break;
	}
	spin_unlock_bh(&b->lock);
	return ret;
}

/**
 * waltz_request_visit() - visit one half-open connection
 * @key: its names
 * @fn: called under RCU
 * @arg: for @fn
 *
 * Return: what @fn returned; 0 also if there is no such connection.
 */
int waltz_request_visit(const struct waltz_key *key, waltz_request_walker fn,
			void *arg)
{
	const struct waltz_request *req;
	int ret = 0;

	rcu_read_lock();
	req = find_request(key);
	if (req)
		ret = fn(req, arg);
	rcu_read_unlock();
	return ret;
}

/**
 * waltz_request_abort() - RFC 9293 3.10.5, ABORT in SYN-RECEIVED
 * @key: the connection's names
 * @iss: and its initial sequence number, so that it is no other one
 *
 * Context: process.
 * Return: false when it has gone.
 */
bool waltz_request_abort(const struct waltz_key *key, u32 iss)
{
	struct waltz_request *req;
	bool ended = false;

	rcu_read_lock();
	local_bh_disable();
	req = find_request(key);
	if (req && req->hs.iss == iss)
		ended = end_request(req, WALTZ_EV_USER_ABORT, NULL);
	local_bh_enable();
	rcu_read_unlock();
	return ended;
}

/**
 * waltz_request_init() - the table
 *
 * Return: 0 or -ENOMEM.
 */
int waltz_request_init(void)
{
	unsigned int i;

	buckets = kvcalloc(REQUEST_BUCKETS, sizeof(*buckets), GFP_KERNEL);
	/* Not charged to a control group: max_half_open bounds them, and who
	 * sends SYNs is not to use up what the server's group may have.
	 */
	request_cache = KMEM_CACHE(waltz_request, 0);
	if (!buckets || !request_cache) {
		waltz_request_exit();
		return -ENOMEM;
	}
	for (i = 0; i < REQUEST_BUCKETS; i++)
		spin_lock_init(&buckets[i].lock);
	return 0;
}

/**
 * waltz_request_exit() - no listener is left; after an rcu_barrier()
 */
void waltz_request_exit(void)
{
	kvfree(buckets);
	kmem_cache_destroy(request_cache);
}
