// SPDX-License-Identifier: GPL-2.0
/*
 * Segments that come: parse, look up, and for a full socket the steps of RFC
 * 9293 section 3.10.7 in their order. Text goes on in stream.c.
 */
#include <linux/filter.h>
#include <linux/ip.h>
#include <net/inet_ecn.h>
#include <net/ip.h>
#include <net/route.h>
#include <net/xfrm.h>

#include "request.h"
#include "stream.h"
#include "timewait.h"
#include "trace.h"
#include "waltz.h"

#define LOOKUP_RETRIES	8

/* RFC 7323 5.5: a TS.Recent older than 24 days may have wrapped. */
#define TS_RECENT_VALID	(24u * 24 * 60 * 60)

/**
 * waltz_drop() - count and trace a segment that is thrown away
 * @wn: the namespace
 * @key: its names
 * @seg: the segment
 * @why: the reason
 *
 * Context: any.
 */
void waltz_drop(struct waltz_net *wn, const struct waltz_key *key,
		const struct waltz_seg *seg, enum waltz_drop why)
{
	waltz_count_drop(wn, why);
	trace_drop(key, seg, why);
}

/* <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>, limited per connection: a counter two
 * connections share would tell the one about the other (RFC 5961 section 7,
 * CVE-2016-5696).
 */
static void challenge(struct sock *sk)
{
	struct waltz_net *wn = waltz_net(sock_net(sk));
	struct waltz_sock *ws = waltz_sk(sk);
	unsigned long wait =
		msecs_to_jiffies(READ_ONCE(wn->sysctls.challenge_ms));

	if (ws->challenge_sent && (u32)jiffies - ws->challenge_sent < wait) {
		WALTZ_INC(wn, CHALLENGE_LIMITED);
		return;
	}
	ws->challenge_sent = (u32)jiffies ?: 1;
	WALTZ_INC(wn, CHALLENGE_ACKS);
	waltz_send_ack(sk);
}

static void reply_reset(struct sock *sk, const struct waltz_seg *seg)
{
	struct waltz_key key;

	waltz_sock_key(&key, sk);
	waltz_reply_reset(waltz_net(key.net), &key, seg);
}

static void take_ts_recent(struct waltz_sock *ws, u32 tsval)
{
	ws->ts_recent = tsval;
	ws->ts_recent_sec = (u32)ktime_get_seconds();
}

/* ---- SYN_SENT: RFC 9293 3.10.7.3 ---- */

static void agree_options(struct sock *sk, const struct waltz_seg *seg)
{
	struct waltz_sock *ws = waltz_sk(sk);

	ws->irs = seg->seq;
	ws->rcv_nxt = seg->seq + 1;
	ws->rcv_wup = seg->seq + 1;
	ws->copied_seq = seg->seq + 1;
	ws->snd_wnd = seg->wnd;		/* in a SYN it is never scaled */
	ws->max_wnd = seg->wnd;
	ws->snd_wl1 = seg->seq;
	ws->peer_mss = max_t(u16, seg->mss, WALTZ_MSS_MIN);
	ws->ts_ok &= !!(seg->opts & WALTZ_OPT_TS);
	if (ws->ts_ok)
		take_ts_recent(ws, seg->tsval);
	ws->sack_ok &= !!(seg->opts & WALTZ_OPT_SACK_OK);
	ws->wscale_ok &= !!(seg->opts & WALTZ_OPT_WSCALE);
	waltz_ecn_agree(&ws->ecn, seg->flags, seg->ecn);
	ws->snd_wscale = ws->wscale_ok ? seg->wscale : 0;
	if (!ws->wscale_ok) {
		ws->rcv_wscale = 0;
		ws->rcv_wnd = min(ws->rcv_wnd, 65535u);
	}
	ws->rcv_adv = waltz_rcv_wnd_end(ws);
	ws->mss = 0;			/* compute it anew */
}

static enum waltz_drop rcv_syn_sent(struct sock *sk, struct sk_buff **skbp,
				    struct waltz_seg *seg)
{
	struct waltz_sock *ws = waltz_sk(sk);
	bool ack = seg->flags & WALTZ_ACK;

	/* First, ACK: ours is ISS+1 and nothing else. */
	if (ack && seg->ack != ws->iss + 1) {
		reply_reset(sk, seg);
		return WALTZ_DROP_SYN_SENT;
	}
	/* Second, RST: believed when it acknowledges our SYN. */
	if (seg->flags & WALTZ_RST) {
		if (!ack)
			return WALTZ_DROP_SYN_SENT;
		WALTZ_INC(waltz_net(sock_net(sk)), IN_RSTS);
		waltz_event(sk, WALTZ_EV_RCV_RST, seg);
		return WALTZ_DROP_NONE;
	}
	/* Fourth, SYN */
	if (!(seg->flags & WALTZ_SYN))
		return WALTZ_DROP_SYN_SENT;
	if (!ack && (seg->flags & WALTZ_FIN))
		return WALTZ_DROP_FLAGS;

	agree_options(sk, seg);
	if (!ack) {
		waltz_event(sk, WALTZ_EV_RCV_SYN, seg);
		return WALTZ_DROP_NONE;
	}
	ws->snd_una = seg->ack;
	ws->syn_acked = true;
	WRITE_ONCE(sk->sk_err_soft, 0);
	if (!ws->retransmitted)
		waltz_rtt_sample(&ws->rtt,
				 (u32)jiffies_to_usecs((u32)jiffies -
						       ws->stalled_since));
	waltz_event(sk, WALTZ_EV_RCV_SYN_ACK, seg);
	/* The SYN has been taken; data or FIN with it go the usual way. */
	seg->seq++;
	seg->flags &= ~WALTZ_SYN;
	if (seg->seq != seg->end_seq && sk->sk_state == TCP_ESTABLISHED)
		return waltz_stream_text(sk, skbp, seg);
	return WALTZ_DROP_NONE;
}

/* ---- the other states: RFC 9293 3.10.7.4 ---- */

static bool ts_recent_valid(const struct waltz_sock *ws)
{
	return (u32)ktime_get_seconds() - ws->ts_recent_sec < TS_RECENT_VALID;
}

static bool paws_failure(const struct waltz_sock *ws,
			 const struct waltz_seg *seg)
{
	return (seg->opts & WALTZ_OPT_TS) &&
	       seq_lt(seg->tsval, ws->ts_recent) && ts_recent_valid(ws);
}

/* First, second and fourth: sequence number, RST, SYN. */
static enum waltz_drop check_sequence(struct sock *sk,
				      const struct waltz_seg *seg)
{
	struct waltz_sock *ws = waltz_sk(sk);
	bool rst = seg->flags & WALTZ_RST;
	/* RFC 7323 2.4: what was offered stays acceptable when it is taken back. The
	 * peer has sent all of it, and goes on from there.
	 */
	u32 wnd = ws->rcv_adv - ws->rcv_nxt;

	/* If it had filled it, that is right at the edge. */
	if (unlikely(ws->rcv_adv != waltz_rcv_wnd_end(ws)))
		wnd++;
	if (ws->ts_ok && !rst) {
		/* RFC 7323 3.2; but a peer that has started anew may not know
		 * timestamps, and its SYN is challenged below.
		 */
		if (!(seg->opts & WALTZ_OPT_TS) && !(seg->flags & WALTZ_SYN))
			return WALTZ_DROP_NO_TIMESTAMP;
		if (paws_failure(ws, seg)) {
			challenge(sk);
			return WALTZ_DROP_PAWS;
		}
	}
	/* Of a RST only the number counts, whatever it carries (MUST-66). */
	if (!seq_acceptable(seg->seq, rst ? seg->seq : seg->end_seq,
			    ws->rcv_nxt, wnd)) {
		if (rst)
			return WALTZ_DROP_OUT_OF_WINDOW;
		/* RFC 5961 4.2: any SYN is challenged. */
		if (seg->flags & WALTZ_SYN) {
			challenge(sk);
			return WALTZ_DROP_SYN_CHALLENGE;
		}
		/* Data or a FIN again: our ACK was lost, and is owed at once.
		 * An empty segment may be an answer to ours, and two hosts
		 * that disagree would never stop: limited.
		 */
		if (seg->len && seq_leq(seg->seq + seg->len, ws->rcv_nxt))
			waltz_sack_rcv_duplicate(&ws->sack, seg->seq,
						 seg->seq + seg->len);
		if (seg->seq != seg->end_seq)
			waltz_send_ack(sk);
		else
			challenge(sk);
		return seg->len && seq_leq(seg->end_seq, ws->rcv_nxt) ?
		       WALTZ_DROP_OLD_DATA : WALTZ_DROP_OUT_OF_WINDOW;
	}
	if (rst) {
		if (seg->seq != ws->rcv_nxt) {	/* RFC 5961 3.2 */
			challenge(sk);
			return WALTZ_DROP_RST_WINDOW;
		}
		WALTZ_INC(waltz_net(sock_net(sk)), IN_RSTS);
		waltz_event(sk, WALTZ_EV_RCV_RST, seg);
		return WALTZ_DROP_CLOSED;
	}
	if (seg->flags & WALTZ_SYN) {		/* RFC 5961 4.2 */
		challenge(sk);
		return WALTZ_DROP_SYN_CHALLENGE;
	}
	return WALTZ_DROP_NONE;
}

/* Fifth, ACK. */
static enum waltz_drop check_ack(struct sock *sk, const struct waltz_seg *seg)
{
	struct waltz_sock *ws = waltz_sk(sk);

	if (!(seg->flags & WALTZ_ACK))
		return WALTZ_DROP_NO_ACK;

	if (sk->sk_state == TCP_SYN_RECV) {
		if (!seq_lt(ws->snd_una, seg->ack) ||
		    seq_gt(seg->ack, ws->snd_nxt)) {
			reply_reset(sk, seg);
			return WALTZ_DROP_SYN_RECV;
		}
		ws->snd_una = ws->iss + 1;
		ws->syn_acked = true;
		ws->snd_wnd = (u32)seg->wnd << ws->snd_wscale;
		ws->max_wnd = max(ws->max_wnd, ws->snd_wnd);
		ws->snd_wl1 = seg->seq;
		waltz_event(sk, WALTZ_EV_RCV_ACK_OF_SYN, seg);
	} else if (unlikely(!ws->syn_acked)) {
		/* close() did not wait for the handshake to end. */
		if (!seq_between(seg->ack, ws->iss + 1, ws->snd_nxt)) {
			reply_reset(sk, seg);
			return WALTZ_DROP_SYN_RECV;
		}
		ws->snd_una = ws->iss + 1;
		ws->syn_acked = true;
		waltz_event(sk, WALTZ_EV_RCV_ACK_OF_SYN, seg);
	}
	/* RFC 5961 5.2 */
	if (seq_gt(seg->ack, ws->snd_nxt) ||
	    seq_lt(seg->ack, ws->snd_una - ws->max_wnd)) {
		challenge(sk);
		return WALTZ_DROP_ACK_RANGE;
	}
	return WALTZ_DROP_NONE;
}

static void take_ack(struct sock *sk, const struct waltz_seg *seg)
{
	const struct waltz_sock *ws = waltz_sk(sk);

	waltz_stream_ack(sk, seg);
	if (ws->fin_sent && ws->snd_una == ws->write_seq + 1 &&
	    ((1 << sk->sk_state) & (TCPF_FIN_WAIT1 | TCPF_CLOSING |
				    TCPF_LAST_ACK)))
		waltz_event(sk, WALTZ_EV_RCV_ACK_OF_FIN, seg);
}

static enum waltz_drop rcv_synchronised(struct sock *sk, struct sk_buff **skbp,
					struct waltz_seg *seg)
{
	struct waltz_sock *ws = waltz_sk(sk);
	enum waltz_drop why;

	/* RFC 9293 figure 8: in a simultaneous open the peer's SYN comes
	 * again, with the ACK we wait for. Its SYN has been taken.
	 */
	if (sk->sk_state == TCP_SYN_RECV && seg->seq == ws->irs &&
	    (seg->flags & (WALTZ_SYN | WALTZ_ACK | WALTZ_RST)) ==
	    (WALTZ_SYN | WALTZ_ACK)) {
		waltz_ecn_agree(&ws->ecn, seg->flags, seg->ecn);
		seg->seq++;
		seg->wnd >>= ws->snd_wscale;	/* of a SYN it is what it is */
		seg->flags &= ~(WALTZ_SYN | WALTZ_ECE | WALTZ_CWR);
	}

	why = check_sequence(sk, seg);
	if (why == WALTZ_DROP_CLOSED)
		return WALTZ_DROP_NONE;
	/* "If the RCV.WND is zero, no segments will be acceptable, but special
	 * allowance should be made to accept valid ACKs."
	 */
	if (why == WALTZ_DROP_OUT_OF_WINDOW && seg->seq == ws->rcv_nxt &&
	    sk->sk_state != TCP_SYN_RECV && !(seg->flags & WALTZ_RST)) {
		if (!check_ack(sk, seg))
			take_ack(sk, seg);
		return why;
	}
	if (!why)
		why = check_ack(sk, seg);
	if (why)
		return why;

	ws->last_rcvd = jiffies;
	ws->probes_sent = 0;
	/* RFC 7323 4.3: from segments at Last.ACK.sent, and not older, unless
	 * (5.5) what we have has become meaningless.
	 */
	if (ws->ts_ok && seq_leq(seg->seq, ws->rcv_wup) &&
	    (seq_geq(seg->tsval, ws->ts_recent) || !ts_recent_valid(ws)))
		take_ts_recent(ws, seg->tsval);

	take_ack(sk, seg);
	if (sk->sk_state == TCP_CLOSE)
		return WALTZ_DROP_NONE;

	/* Seventh, text, and eighth, FIN. The sixth, URG, is not there: RFC
	 * 6093 asks new applications not to use it.
	 */
	why = waltz_stream_text(sk, skbp, seg);

	/* FIN_WAIT2 without an owner needs no socket. */
	if (sk->sk_state == TCP_FIN_WAIT2 && sock_flag(sk, SOCK_DEAD))
		waltz_event(sk, WALTZ_EV_USER_ORPHAN, NULL);
	return why;
}

/* Context: socket lock held, BH off; the caller holds a reference. Consumes
 * the skb.
 */
static void rcv_sock(struct sock *sk, struct sk_buff *skb,
		     struct waltz_seg *seg)
{
	enum waltz_drop why;

	waltz_owned_by_me(sk);
	switch (sk->sk_state) {
	case TCP_SYN_SENT:
		why = rcv_syn_sent(sk, &skb, seg);
		break;
	case TCP_CLOSE:
	case TCP_LISTEN:
		why = WALTZ_DROP_CLOSED;
		break;
	default:
		why = rcv_synchronised(sk, &skb, seg);
		break;
	}
	if (why) {
		struct waltz_key key;

		waltz_sock_key(&key, sk);
		waltz_drop(waltz_net(key.net), &key, seg, why);
	}
	kfree_skb(skb);		/* NULL when its text was taken */
}

/* ---- from IP to the socket ---- */

static bool unhashed_now(const struct sock *sk)
{
	return !READ_ONCE(waltz_sk(sk)->hash_lock);
}

/* Read a segment, of which @avail bytes are at hand. */
static enum waltz_drop parse(const struct sk_buff *skb, u32 avail,
			     struct waltz_seg *seg)
{
	enum waltz_drop why = waltz_wire_parse(seg, skb->data, avail, skb->len);

	seg->ecn = ip_hdr(skb)->tos & INET_ECN_MASK;
	return why;
}

/* What a socket's owner and the host's policies say of a segment. A filter may
 * cut text off: then that is all there is.
 */
static bool refused(struct sock *sk, struct sk_buff *skb,
		    struct waltz_seg *seg)
{
	if (ip_hdr(skb)->ttl < READ_ONCE(inet_sk(sk)->min_ttl) ||
	    !xfrm4_policy_check(sk, XFRM_POLICY_IN, skb) || sk_filter(sk, skb))
		return true;
	if (likely(skb->len == seg->hdrlen + seg->len))
		return false;
	return skb->len < seg->hdrlen ||
	       parse(skb, seg->hdrlen, seg);
}

/* Return: false when the socket has left the table while we waited for it:
 * look up again.
 */
static bool deliver(struct waltz_net *wn, struct sock *sk, struct sk_buff *skb,
		    const struct waltz_key *key, struct waltz_seg *seg)
{
	enum waltz_drop why = WALTZ_DROP_NONE;

	if (refused(sk, skb, seg)) {
		why = WALTZ_DROP_FILTER;
		goto drop;
	}
	nf_reset_ct(skb);

	sk_incoming_cpu_update(sk);
	bh_lock_sock_nested(sk);
	if (unlikely(unhashed_now(sk))) {
		bh_unlock_sock(sk);
		return false;
	}
	/* A queue of ours may outlive the device. */
	skb->dev = NULL;
	if (!sock_owned_by_user(sk))
		rcv_sock(sk, skb, seg);
	else if (sk_add_backlog(sk, skb, READ_ONCE(sk->sk_rcvbuf) +
				READ_ONCE(sk->sk_sndbuf) + WALTZ_BACKLOG_SLACK))
		why = WALTZ_DROP_BACKLOG;
	bh_unlock_sock(sk);
	if (!why)
		return true;
drop:
	waltz_drop(wn, key, seg, why);
	kfree_skb(skb);
	return true;
}

/* The rest of the handshake's last segment. */
static void deliver_child(struct sock *child, struct sk_buff *skb,
			  struct waltz_seg *seg)
{
	__acquire(&child->sk_lock.slock);	/* sk_clone_lock() did */
	skb->dev = NULL;
	nf_reset_ct(skb);
	rcv_sock(child, skb, seg);
	bh_unlock_sock(child);
	sock_put(child);
}

/* A record has no buffer to fill, but a window of 0 would keep back the FIN it
 * may be waiting for.
 */
#define TW_WND	65535

static void tw_reply(struct waltz_net *wn, const struct waltz_key *key,
		     const struct waltz_tw_info *info)
{
	u32 offset = waltz_secure_ts_offset(key);
	struct waltz_hdr h = {
		.seq = info->view.snd_nxt,
		.ack = info->view.rcv_nxt,
		.flags = WALTZ_ACK,
		.wnd = TW_WND,
		.opts = info->view.has_ts ? WALTZ_OPT_TS : 0,
		.tsval = waltz_ts_clock(offset),
		.tsecr = info->view.ts_recent,
	};

	waltz_ctl_send(wn, key, &h, 0, 0);
}

/* RFC 9293 3.10.7.1, also for an ACK that a listener knows nothing of. */
static void reply_closed(struct waltz_net *wn, const struct waltz_key *key,
			 const struct waltz_seg *seg)
{
	/* What the record would say, as far as its segment tells. */
	struct waltz_tw_info info = {
		.view = {
			.snd_nxt = seg->ack,
			.rcv_nxt = seg->end_seq,
			.ts_recent = seg->tsval,
			.has_ts = true,
		},
	};

	if (!waltz_tw_lost(wn, key, seg)) {
		waltz_reply_reset(wn, key, seg);
		return;
	}
	WALTZ_INC(wn, TW_LOST_FIN);
	tw_reply(wn, key, &info);
}

/* A segment for a TIME_WAIT record, or for a FIN_WAIT2 without an owner. */
static enum waltz_drop rcv_record(struct waltz_net *wn,
				  const struct waltz_key *key,
				  struct sk_buff *skb, struct waltz_seg *seg,
				  const struct waltz_tw_answer *answer)
{
	struct sock *listener;

	switch (answer->verdict) {
	case WALTZ_TW_FIN:
		waltz_record_event(key, WALTZ_FIN_WAIT2, WALTZ_EV_RCV_FIN, seg);
		tw_reply(wn, key, &answer->info);
		return WALTZ_DROP_NONE;
	case WALTZ_TW_FIN_AGAIN:
		WALTZ_INC(wn, TW_FIN_AGAIN);
		waltz_record_event(key, WALTZ_TIME_WAIT,
				   WALTZ_EV_RCV_FIN_AGAIN, seg);
		tw_reply(wn, key, &answer->info);
		return WALTZ_DROP_NONE;
	case WALTZ_TW_CHALLENGE:
		tw_reply(wn, key, &answer->info);
		return WALTZ_DROP_TIME_WAIT;
	case WALTZ_TW_DATA:
		waltz_record_event(key, WALTZ_FIN_WAIT2,
				   WALTZ_EV_RCV_AFTER_CLOSE, seg);
		waltz_reply_reset(wn, key, seg);
		return WALTZ_DROP_AFTER_CLOSE;
	case WALTZ_TW_RESET:
		WALTZ_INC(wn, IN_RSTS);
		waltz_record_event(key, WALTZ_FIN_WAIT2, WALTZ_EV_RCV_RST, seg);
		return WALTZ_DROP_NONE;
	case WALTZ_TW_IGNORE_RST:
		return WALTZ_DROP_TIME_WAIT_RST;
	case WALTZ_TW_IGNORE:
		return WALTZ_DROP_TIME_WAIT;
	case WALTZ_TW_REOPEN:
		listener = waltz_lookup_listener(key);
		if (!listener) {
			waltz_reply_reset(wn, key, seg);
			return WALTZ_DROP_NO_SOCKET;
		}
		if (refused(listener, skb, seg))
			return WALTZ_DROP_FILTER;
		waltz_request_syn(listener, key, seg, &answer->info);
		return WALTZ_DROP_NONE;
	}
	return WALTZ_DROP_TIME_WAIT;
}

/* RFC 9293 3.10.7.2 */
static enum waltz_drop rcv_listen(struct waltz_net *wn, struct sock *listener,
				  const struct waltz_key *key,
				  struct sk_buff *skb, struct waltz_seg *seg,
				  struct sock **childp)
{
	enum waltz_drop why = WALTZ_DROP_LISTEN_ACK;

	if (refused(listener, skb, seg))
		return WALTZ_DROP_FILTER;
	if (seg->flags & WALTZ_RST)
		return WALTZ_DROP_LISTEN_RST;
	if (seg->flags & WALTZ_ACK) {
		if (!(seg->flags & WALTZ_SYN))
			why = waltz_request_cookie(listener, key, seg, childp);
		if (why == WALTZ_DROP_LISTEN_ACK)
			reply_closed(wn, key, seg);
		return why;
	}
	if (!(seg->flags & WALTZ_SYN))
		return WALTZ_DROP_LISTEN_NOACK;
	waltz_request_syn(listener, key, seg, NULL);
	return WALTZ_DROP_NONE;
}

/* Look up in the order established, half-open, TIME_WAIT, listener, and again
 * if a connection moved meanwhile. Consumes the skb.
 */
static void demultiplex(struct waltz_net *wn, const struct waltz_key *key,
			struct sk_buff *skb, struct waltz_seg *seg)
{
	enum waltz_drop why = WALTZ_DROP_NO_SOCKET;
	struct waltz_tw_answer answer;
	struct sock *sk, *child;
	unsigned int tries = 0;
	bool done, allowed;
	u32 generation;

again:
	generation = waltz_generation(key);
	sk = waltz_lookup_established(key);
	if (sk) {
		done = deliver(wn, sk, skb, key, seg);
		sock_put(sk);
		if (done)
			return;
		goto moved;
	}
	/* RFC 9293 MUST-63. Too dear for every segment, and without a sender
	 * of that address there is no connection.
	 */
	if (inet_addr_type_dev_table(key->net, skb->dev, key->raddr) ==
	    RTN_BROADCAST) {
		why = WALTZ_DROP_ADDRESS;
		goto out;
	}
	if (waltz_request_segment(wn, key, skb, seg, refused, &child)) {
		if (child)
			deliver_child(child, skb, seg);
		else
			kfree_skb(skb);
		return;
	}
	/* A listener has a policy of its own; others go by the host's. */
	allowed = xfrm4_policy_check(NULL, XFRM_POLICY_IN, skb);
	if (allowed && waltz_tw_segment(wn, key, seg, &answer)) {
		why = rcv_record(wn, key, skb, seg, &answer);
		goto out;
	}
	if (unlikely(generation != waltz_generation(key)))
		goto moved;

	sk = waltz_lookup_listener(key);
	if (sk) {
		child = NULL;
		why = rcv_listen(wn, sk, key, skb, seg, &child);
		if (child) {
			deliver_child(child, skb, seg);
			return;
		}
		goto out;
	}
	if (allowed)
		reply_closed(wn, key, seg);
	goto out;

moved:
	WALTZ_INC(wn, LOOKUP_RETRIES);
	if (++tries < LOOKUP_RETRIES)
		goto again;
out:
	if (why)
		waltz_drop(wn, key, seg, why);
	kfree_skb(skb);
}

static bool unicast_to_us(const struct sk_buff *skb)
{
	const struct rtable *rt = skb_rtable(skb);

	/* RFC 9293 MUST-57: neither broadcast nor multicast, of either end. */
	return skb->pkt_type == PACKET_HOST && rt &&
	       !(rt->rt_flags & (RTCF_BROADCAST | RTCF_MULTICAST)) &&
	       !ipv4_is_multicast(ip_hdr(skb)->saddr) &&
	       !ipv4_is_lbcast(ip_hdr(skb)->saddr) &&
	       ip_hdr(skb)->saddr;
}

/* Make the header readable and read it. */
static enum waltz_drop check_segment(struct sk_buff *skb,
				     struct waltz_seg *seg)
{
	unsigned int hdrlen;

	*seg = (struct waltz_seg) { };
	if (!pskb_may_pull(skb, WALTZ_HDR_LEN))
		return WALTZ_DROP_SHORT;
	hdrlen = waltz_wire_hdrlen(skb->data);
	if (hdrlen < WALTZ_HDR_LEN || !pskb_may_pull(skb, hdrlen))
		return WALTZ_DROP_DOFF;
	/* Before anything is believed. */
	if (skb_checksum_init(skb, waltz_protocol, inet_compute_pseudo) ||
	    skb_checksum_complete(skb))
		return WALTZ_DROP_CHECKSUM;
	return parse(skb, hdrlen, seg);
}

/**
 * waltz_rcv() - net_protocol.handler
 * @skb: a segment, at its transport header; consumed
 *
 * Context: softirq, RCU read lock held.
 * Return: 0.
 */
int waltz_rcv(struct sk_buff *skb)
{
	struct net *net = dev_net(skb->dev);
	const struct iphdr *iph;
	struct waltz_net *wn = waltz_net(net);
	struct waltz_key key;
	struct waltz_seg seg;
	enum waltz_drop why;

	lockdep_assert_in_softirq();
	WALTZ_ADD(wn, IN_SEGS, waltz_segs(skb));
	why = check_segment(skb, &seg);
	iph = ip_hdr(skb);
	waltz_key_init(&key, net, iph->daddr, htons(seg.dport), iph->saddr,
		       htons(seg.sport));
	waltz_key_device(&key, skb);
	if (!why)
		trace_segment_receive(&key, &seg);
	if (!why && !unicast_to_us(skb))
		why = WALTZ_DROP_ADDRESS;
	/* A namespace that is going has no tables for much longer. */
	if (!why && unlikely(!check_net(net)))
		why = WALTZ_DROP_NETNS;
	if (why) {
		waltz_drop(wn, &key, &seg, why);
		kfree_skb(skb);
		return 0;
	}
	demultiplex(wn, &key, skb, &seg);
	return 0;
}

/**
 * waltz_backlog_rcv() - proto.backlog_rcv: the user has let go of the socket
 * @sk: the socket
 * @skb: a segment that waited; consumed
 *
 * The socket may have closed, and even be another connection by now: then the
 * segment is looked up again.
 *
 * Context: process, socket lock held.
 * Return: 0.
 */
int waltz_backlog_rcv(struct sock *sk, struct sk_buff *skb)
{
	const struct iphdr *iph = ip_hdr(skb);
	struct waltz_seg seg;
	struct waltz_key key;

	parse(skb, waltz_wire_hdrlen(skb->data), &seg);
	local_bh_disable();
	rcu_read_lock();
	waltz_key_init(&key, sock_net(sk), iph->daddr, htons(seg.dport),
		       iph->saddr, htons(seg.sport));
	if (sk->sk_state != TCP_CLOSE &&
	    key.rport == inet_sk(sk)->inet_dport &&
	    key.raddr == inet_sk(sk)->inet_daddr &&
	    key.lport == inet_sk(sk)->inet_sport) {
		rcv_sock(sk, skb, &seg);
	} else {
		/* The look-up's checks want to know where it came from. */
		skb->dev = dev_get_by_index_rcu(key.net, skb->skb_iif);
		waltz_key_device(&key, skb);
		if (skb->dev) {
			demultiplex(waltz_net(key.net), &key, skb, &seg);
		} else {
			waltz_drop(waltz_net(key.net), &key, &seg,
				   WALTZ_DROP_CLOSED);
			kfree_skb(skb);
		}
	}
	rcu_read_unlock();
	local_bh_enable();
	return 0;
}
