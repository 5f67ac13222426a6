// SPDX-License-Identifier: GPL-2.0
/*
 * How a segment is sent: its header, its window, its checksum, its way to IP;
 * control segments of a socket, and answers of those that have none. What of
 * the stream is sent, and when, is send.c's. Never calls input or apply.
 */
#include <linux/ip.h>
#include <net/checksum.h>
#include <net/inet_ecn.h>
#include <net/ip.h>
#include <net/route.h>

#include "trace.h"
#include "waltz.h"

#define MSS_FLOOR	48u

static_assert((int)WALTZ_NOT_ECT == (int)INET_ECN_NOT_ECT);
static_assert((int)WALTZ_ECT_0 == (int)INET_ECN_ECT_0);
static_assert((int)WALTZ_CE == (int)INET_ECN_CE);

/* ---- window and segment size ---- */

/**
 * waltz_select_window() - the window to offer now
 * @sk: the socket
 *
 * RFC 9293 3.8.6.2.2: never shrinks what was offered, and does not grow by
 * silly amounts.
 *
 * Context: socket lock held.
 * Return: SEG.WND, scaled; rcv_wnd and rcv_wup are set to match.
 */
u32 waltz_select_window(struct sock *sk)
{
	struct waltz_sock *ws = waltz_sk(sk);
	u32 unit = 1u << ws->rcv_wscale;
	s32 left = (s32)(waltz_rcv_wnd_end(ws) - ws->rcv_nxt);
	u32 offered = left > 0 ? ALIGN((u32)left, unit) : 0;
	u32 most = 65535u << ws->rcv_wscale;
	u32 room = min_t(u32, waltz_rcv_space(sk), most);
	u32 step = min_t(u32, READ_ONCE(sk->sk_rcvbuf) / 4, ws->rcv_mss);

	waltz_owned_by_me(sk);
	room = round_down(room, unit);
	if (room < offered + step)
		room = offered;
	ws->rcv_wnd = min(room, most);
	ws->rcv_wup = ws->rcv_nxt;
	if (seq_gt(waltz_rcv_wnd_end(ws), ws->rcv_adv))
		ws->rcv_adv = waltz_rcv_wnd_end(ws);
	return ws->rcv_wnd >> ws->rcv_wscale;
}

/**
 * waltz_choose_wscale() - the shift that lets the buffer be promised
 * @net: namespace
 * @rcvbuf: receive buffer now
 *
 * RFC 7323 2.2. The buffer may grow to its limit later, the shift may not.
 */
u8 waltz_choose_wscale(const struct net *net, int rcvbuf)
{
	const struct waltz_sysctls *s = &waltz_net(net)->sysctls;
	u32 space = max(rcvbuf, READ_ONCE(s->rmem[2]));
	u8 shift = 0;

	while (space > 65535 && shift < WALTZ_WSCALE_MAX) {
		space >>= 1;
		shift++;
	}
	return shift;
}

/**
 * waltz_advertised_mss() - our MSS option
 * @dst: route to the peer
 * @user_mss: TCP_MAXSEG; 0: none
 *
 * RFC 9293 3.7.1: the interface's MTU, not the path's, without options.
 */
int waltz_advertised_mss(const struct dst_entry *dst, u16 user_mss)
{
	int mss = (int)dst_metric_advmss(dst);

	if (user_mss)
		mss = min_t(int, mss, user_mss);
	return clamp(mss, (int)WALTZ_MSS_MIN, 65535);
}

static u8 ip_options_len(const struct sock *sk)
{
	const struct ip_options_rcu *opt =
		rcu_dereference_protected(inet_sk(sk)->inet_opt,
					  lockdep_sock_is_held(sk));

	return opt ? opt->opt.optlen : 0;
}

/**
 * waltz_most_mss() - the largest segment that the route, the peer and the user
 *	allow
 * @sk: the socket; its route's MTU is known
 *
 * RFC 6691: text and options.
 *
 * Context: socket lock held.
 */
u16 waltz_most_mss(const struct sock *sk)
{
	const struct waltz_sock *ws = waltz_sk(sk);
	u32 mss = min_t(u32, ws->pmtu, 65535) - sizeof(struct iphdr) -
		  WALTZ_HDR_LEN;

	if (ws->peer_mss)
		mss = min_t(u32, mss, ws->peer_mss);
	if (ws->user_mss)
		mss = min_t(u32, mss, ws->user_mss);
	return (u16)mss;
}

/**
 * waltz_text_of() - what of a segment is text
 * @sk: the socket
 * @size: of text and options
 *
 * Context: socket lock held.
 */
u32 waltz_text_of(const struct sock *sk, u16 size)
{
	const struct waltz_sock *ws = waltz_sk(sk);
	u32 opts = ws->ip_options_len + (ws->ts_ok ? WALTZ_OPT_TS_LEN : 0);

	return size > opts + MSS_FLOOR ? size - opts : MSS_FLOOR;
}

/**
 * waltz_sync_mss() - the path's MTU is known, or has changed
 * @sk: the socket
 * @mtu: bytes, as the route says
 *
 * Context: socket lock held.
 */
void waltz_sync_mss(struct sock *sk, u32 mtu)
{
	struct waltz_sock *ws = waltz_sk(sk);
	u16 mss;

	ws->pmtu = mtu;
	ws->ip_options_len = ip_options_len(sk);
	mss = waltz_most_mss(sk);
	if (ws->plpmtu.low)
		mss = min(mss, ws->plpmtu.low);
	ws->mss = (u16)waltz_text_of(sk, mss);
	if (ws->mss != ws->rec.cong.mss)
		waltz_recovery_mtu(&ws->rec, ws->mss);
}

/**
 * waltz_current_mss() - look whether the route's MTU is still what it was
 * @sk: the socket
 *
 * And the socket's IP options.
 *
 * Context: socket lock held.
 */
void waltz_current_mss(struct sock *sk)
{
	const struct dst_entry *dst = __sk_dst_get(sk);
	const struct waltz_sock *ws = waltz_sk(sk);

	if (dst && (!ws->mss || dst_mtu(dst) != ws->pmtu ||
		    ip_options_len(sk) != ws->ip_options_len))
		waltz_sync_mss(sk, dst_mtu(dst));
	else if (!ws->mss)
		waltz_sync_mss(sk, WALTZ_PMTU_DEFAULT);
}

/* ---- one segment ---- */

/* A device that sums any protocol may do it; one that only knows TCP and UDP
 * would be misled by the place of our checksum.
 */
static void checksum(struct sk_buff *skb, const struct dst_entry *dst,
		     __be32 saddr, __be32 daddr)
{
	__sum16 *check = (__sum16 *)(skb->data + WALTZ_HDR_CHECKSUM);

	/* Who cuts a burst into segments fills in what is missing. */
	if (skb_is_gso(skb) ||
	    (dst && (dst->dev->features & NETIF_F_HW_CSUM))) {
		skb->ip_summed = CHECKSUM_PARTIAL;
		skb->csum_start = skb_transport_header(skb) - skb->head;
		skb->csum_offset = WALTZ_HDR_CHECKSUM;
		*check = ~csum_tcpudp_magic(saddr, daddr, skb->len,
					    waltz_protocol, 0);
		return;
	}
	*check = csum_tcpudp_magic(saddr, daddr, skb->len, waltz_protocol,
				   skb_checksum(skb, 0, skb->len, 0));
	skb->ip_summed = CHECKSUM_NONE;
}

static void push_header(struct sk_buff *skb, const struct waltz_hdr *h)
{
	skb_push(skb, waltz_wire_build_len(h));
	skb_reset_transport_header(skb);
	waltz_wire_build(skb->data, h);
}

/* What is held out of order, as far as there is room: a segment with text is
 * not to grow beyond the MSS.
 */
static void add_sacks(struct waltz_sock *ws, struct waltz_hdr *h, u32 len)
{
	u32 most = h->opts & WALTZ_OPT_TS ? WALTZ_SACKS_MAX - 1 :
					    WALTZ_SACKS_MAX;
	u32 room = ws->mss > len ? ws->mss - len : 0;

	if (len)
		most = room > WALTZ_OPT_SACK_LEN(0) ?
		       min(most, (room - WALTZ_OPT_SACK_LEN(0)) / 8) : 0;
	h->nsacks = (u8)waltz_sack_rcv_fill(&ws->sack, h->sack, most);
	if (h->nsacks)
		h->opts |= WALTZ_OPT_SACK;
}

/**
 * waltz_route() - a route for a socket's segments, if it has none that is good
 * @sk: the socket
 *
 * Its address stays what it is: where net.ipv4.ip_dynaddr is set, and the one that a
 * SYN came from has gone, inet_sk_rebuild_header() would choose another, and look for
 * the socket in the tables of TCP.
 *
 * Context: socket lock held, BH off.
 * Return: 0 or a negative error.
 */
int waltz_route(struct sock *sk)
{
	unsigned int locks = sk->sk_userlocks;
	int err;

	waltz_owned_by_me(sk);
	sk->sk_userlocks = locks | SOCK_BINDADDR_LOCK;
	err = inet_sk_rebuild_header(sk);
	sk->sk_userlocks = locks;
	return err;
}

/**
 * waltz_transmit() - send a segment of a socket
 * @sk: the socket
 * @skb: its text, WALTZ_HEADROOM before it; consumed. More than one segment's
 *	if its gso_size says so
 * @h: sequence numbers and flags; the rest is filled in
 * @rtx: it was sent before
 *
 * Context: socket lock held, BH off.
 * Return: 0 or a negative error.
 */
int waltz_transmit(struct sock *sk, struct sk_buff *skb, struct waltz_hdr *h,
		   bool rtx)
{
	struct waltz_net *wn = waltz_net(sock_net(sk));
	struct waltz_sock *ws = waltz_sk(sk);
	struct inet_sock *inet = inet_sk(sk);
	/* IP_TOS leaves the field of ECN to us. */
	u8 tos = READ_ONCE(inet->tos) & ~INET_ECN_MASK;
	u32 len = skb->len;
	int err;

	waltz_owned_by_me(sk);
	h->sport = ntohs(inet->inet_sport);
	h->dport = ntohs(inet->inet_dport);
	if (!(h->flags & WALTZ_SYN)) {
		/* RFC 7323 3.2: in every segment but RST. */
		if (ws->ts_ok && !(h->flags & WALTZ_RST))
			h->opts |= WALTZ_OPT_TS;
		h->wnd = (u16)waltz_select_window(sk);
	}
	if (h->opts & WALTZ_OPT_TS) {
		h->tsval = waltz_ts_clock(ws->ts_offset);
		h->tsecr = h->flags & WALTZ_ACK ? ws->ts_recent : 0;
	}
	if (ws->sack_ok && waltz_sack_rcv_any(&ws->sack) &&
	    !(h->flags & (WALTZ_SYN | WALTZ_RST)))
		add_sacks(ws, h, skb_is_gso(skb) ? ws->mss : len);
	if (!(h->flags & (WALTZ_SYN | WALTZ_RST)))
		tos |= waltz_ecn_send(&ws->ecn, len && !rtx, &h->flags);
	if (h->flags & WALTZ_ACK) {
		ws->ack_pending = false;
		if (ws->quickacks)
			ws->quickacks--;
		waltz_timer_clear(sk, WALTZ_TIMER_DELACK);
	}

	push_header(skb, h);
	skb_set_owner_w(skb, sk);
	skb_set_hash_from_sk(skb, sk);
	skb_set_dst_pending_confirm(skb, READ_ONCE(sk->sk_dst_pending_confirm));
	/* ip_queue_xmit() would find the route anyway; the checksum wants to
	 * know the device.
	 */
	if (waltz_route(sk)) {
		kfree_skb(skb);
		return -EHOSTUNREACH;
	}
	checksum(skb, __sk_dst_get(sk), inet->inet_saddr, inet->inet_daddr);
	memset(skb->cb, 0, sizeof(struct inet_skb_parm));

	if (trace_segment_send_enabled()) {
		struct waltz_key key;

		waltz_sock_key(&key, sk);
		trace_segment_send(&key, h, len, rtx);
	}
	WALTZ_ADD(wn, OUT_SEGS, waltz_segs(skb));
	err = __ip_queue_xmit(sk, skb, &inet->cork.fl, tos);
	return net_xmit_eval(err);	/* a macro: looks twice */
}

static struct sk_buff *control_skb(void)
{
	struct sk_buff *skb = alloc_skb(WALTZ_HEADROOM, GFP_ATOMIC | __GFP_NOWARN);

	if (skb)
		skb_reserve(skb, WALTZ_HEADROOM);
	return skb;
}

/**
 * waltz_send_control() - send a segment without text
 * @sk: the socket
 * @h: sequence numbers and flags
 * @rtx: it was sent before
 *
 * Without memory it is lost; what must arrive is sent again by a timer.
 *
 * Context: socket lock held, BH off.
 */
void waltz_send_control(struct sock *sk, struct waltz_hdr *h, bool rtx)
{
	struct sk_buff *skb = control_skb();

	if (skb)
		waltz_transmit(sk, skb, h, rtx);
}

/* ---- control segments of a socket ---- */

static void syn_options(struct sock *sk, struct waltz_hdr *h)
{
	const struct dst_entry *dst = __sk_dst_get(sk);
	struct waltz_sock *ws = waltz_sk(sk);

	h->opts = WALTZ_OPT_MSS;
	h->mss = dst ? (u16)waltz_advertised_mss(dst, ws->user_mss) :
		       WALTZ_MSS_DEFAULT;
	ws->adv_mss = h->mss;
	if (ws->ts_ok)
		h->opts |= WALTZ_OPT_TS;
	if (ws->sack_ok)
		h->opts |= WALTZ_OPT_SACK_OK;
	if (ws->wscale_ok) {
		h->opts |= WALTZ_OPT_WSCALE;
		h->wscale = ws->rcv_wscale;
	}
	/* Never scaled in a SYN: RFC 7323 2.2. */
	h->wnd = (u16)min_t(u32, ws->rcv_wnd, 65535);
}

static void send_syn(struct sock *sk, u8 flags, bool rtx)
{
	struct waltz_sock *ws = waltz_sk(sk);
	struct waltz_hdr h = {
		.seq = ws->iss,
		.ack = ws->rcv_nxt,
		.flags = flags,
	};

	syn_options(sk, &h);
	waltz_send_control(sk, &h, rtx);
}

static void start_syn(struct sock *sk, u8 flags)
{
	struct waltz_sock *ws = waltz_sk(sk);

	ws->snd_nxt = ws->iss + 1;
	ws->snd_sml = ws->snd_nxt;
	send_syn(sk, flags, false);
	ws->backoff = 0;
	ws->stalled_since = (u32)jiffies ?: 1;
	waltz_arm_retransmit(sk);
}

/**
 * waltz_send_syn() - open actively: RFC 9293 3.10.1
 * @sk: the socket; iss and the options wanted are set
 *
 * Context: socket lock held, BH off.
 */
void waltz_send_syn(struct sock *sk)
{
	start_syn(sk, WALTZ_SYN | waltz_ecn_syn(&waltz_sk(sk)->ecn));
}

/**
 * waltz_send_syn_ack() - the peer's SYN crossed ours: RFC 9293 3.5
 * @sk: the socket
 *
 * Context: socket lock held, BH off.
 */
void waltz_send_syn_ack(struct sock *sk)
{
	start_syn(sk, WALTZ_SYN | WALTZ_ACK |
		  waltz_ecn_syn_ack(&waltz_sk(sk)->ecn));
}

/**
 * waltz_retransmit_syn() - SYN or SYN-ACK again
 * @sk: the socket, whose SYN is not acknowledged
 *
 * From now on without ECN: RFC 3168 6.1.1.1.
 *
 * Context: socket lock held, BH off.
 */
void waltz_retransmit_syn(struct sock *sk)
{
	bool active = sk->sk_state == TCP_SYN_SENT;
	u8 flags = active ? WALTZ_SYN : WALTZ_SYN | WALTZ_ACK;

	waltz_owned_by_me(sk);
	if (waltz_ecn_fall_back(&waltz_sk(sk)->ecn))
		WALTZ_INC(waltz_net(sock_net(sk)), ECN_FALLBACKS);
	if (trace_retransmit_enabled())
		waltz_trace_again(sk, active ? WALTZ_AGAIN_SYN :
					       WALTZ_AGAIN_SYN_ACK,
				  waltz_sk(sk)->iss, 0, flags);
	send_syn(sk, flags, true);
	waltz_sk(sk)->retrans_total++;
	WALTZ_INC(waltz_net(sock_net(sk)), RETRANS_SEGS);
}

/**
 * waltz_send_ack() - <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>
 * @sk: the socket
 *
 * Context: socket lock held, BH off.
 */
void waltz_send_ack(struct sock *sk)
{
	struct waltz_sock *ws = waltz_sk(sk);
	struct waltz_hdr h = {
		.seq = ws->snd_nxt,
		.ack = ws->rcv_nxt,
		.flags = WALTZ_ACK,
	};

	waltz_send_control(sk, &h, false);
}

/**
 * waltz_send_reset() - tell the peer that the connection is gone
 * @sk: the socket
 *
 * Context: socket lock held, BH off.
 */
void waltz_send_reset(struct sock *sk)
{
	struct waltz_sock *ws = waltz_sk(sk);
	struct waltz_hdr h = {
		.seq = ws->snd_nxt,
		.ack = ws->rcv_nxt,
		.flags = WALTZ_RST | WALTZ_ACK,
	};

	WALTZ_INC(waltz_net(sock_net(sk)), OUT_RSTS);
	waltz_send_control(sk, &h, false);
}

/**
 * waltz_send_probe() - make the peer say where it stands
 * @sk: the socket
 * @keepalive: to see whether it lives, not whether its window opened
 *
 * A sequence number left of the window, without data: the answer is an ACK
 * (RFC 9293 3.8.4 and 3.8.6.1).
 *
 * Context: socket lock held, BH off.
 */
void waltz_send_probe(struct sock *sk, bool keepalive)
{
	struct waltz_net *wn = waltz_net(sock_net(sk));
	struct waltz_sock *ws = waltz_sk(sk);
	struct waltz_hdr h = {
		.seq = ws->snd_una - 1,
		.ack = ws->rcv_nxt,
		.flags = WALTZ_ACK,
	};

	if (keepalive)
		WALTZ_INC(wn, KEEPALIVES);
	else
		WALTZ_INC(wn, PROBES);
	if (trace_retransmit_enabled())
		waltz_trace_again(sk, keepalive ? WALTZ_AGAIN_KEEPALIVE :
						  WALTZ_AGAIN_WINDOW_PROBE,
				  h.seq, 0, 0);
	waltz_send_control(sk, &h, false);
}

/* ---- answers without a socket ---- */

/**
 * waltz_route_reply() - the way back to a segment's sender
 * @wn: the namespace
 * @key: the names
 * @sk: listener, for its bindings; NULL: none
 * @tos: type of service
 * @mark: firewall mark
 *
 * Context: any.
 * Return: the route with a reference, or NULL.
 */
struct dst_entry *waltz_route_reply(struct waltz_net *wn,
				    const struct waltz_key *key,
				    struct sock *sk, u8 tos, u32 mark)
{
	int oif = sk ? READ_ONCE(sk->sk_bound_dev_if) : key->sdif;
	struct sock *from = sk ?: wn->ctl_sk;
	struct flowi4 fl4;
	struct rtable *rt;

	flowi4_init_output(&fl4, oif, mark, tos & INET_DSCP_MASK,
			   RT_SCOPE_UNIVERSE, waltz_protocol,
			   inet_sk_flowi_flags(from), key->raddr, key->laddr,
			   key->rport, key->lport, sock_net_uid(wn->net, sk));
	security_sk_classify_flow(from, flowi4_to_flowi_common(&fl4));
	rt = ip_route_output_flow(wn->net, &fl4, sk);
	return IS_ERR(rt) ? NULL : &rt->dst;
}

/**
 * waltz_ctl_send_dst() - send a segment that belongs to no socket
 * @from: whose TTL, priority and path MTU discovery it has: a listener, which
 *	need not be locked, or the namespace's ctl_sk
 * @key: the names
 * @h: the header; ports are taken from @key
 * @dst: the route, of waltz_route_reply(); its reference is consumed
 * @tos: type of service
 * @mark: firewall mark
 *
 * Context: any, BH off.
 * Return: 0 or a negative error.
 */
int waltz_ctl_send_dst(const struct sock *from, const struct waltz_key *key,
		       const struct waltz_hdr *h, struct dst_entry *dst,
		       u8 tos, u32 mark)
{
	struct waltz_net *wn = waltz_net(key->net);
	struct waltz_hdr hdr = *h;
	struct sk_buff *skb;
	int err;

	skb = control_skb();
	if (!skb) {
		dst_release(dst);
		return -ENOBUFS;
	}
	hdr.sport = ntohs(key->lport);
	hdr.dport = ntohs(key->rport);
	push_header(skb, &hdr);
	checksum(skb, dst, key->laddr, key->raddr);
	skb_dst_set(skb, dst);
	skb->mark = mark;
	trace_segment_send(key, &hdr, 0, false);
	WALTZ_INC(wn, OUT_SEGS);
	err = ip_build_and_send_pkt(skb, from, key->laddr, key->raddr, NULL,
				    tos);
	return net_xmit_eval(err);
}

/**
 * waltz_ctl_send() - the same, along whatever route there is
 * @wn: the namespace
 * @key: the names
 * @h: the header; ports are taken from @key
 * @tos: type of service
 * @mark: firewall mark
 *
 * Context: any, BH off.
 * Return: 0 or a negative error.
 */
int waltz_ctl_send(struct waltz_net *wn, const struct waltz_key *key,
		   const struct waltz_hdr *h, u8 tos, u32 mark)
{
	struct dst_entry *dst = waltz_route_reply(wn, key, NULL, tos, mark);

	return dst ? waltz_ctl_send_dst(wn->ctl_sk, key, h, dst, tos, mark) :
		     -EHOSTUNREACH;
}

/**
 * waltz_reply_reset() - answer a segment that belongs nowhere
 * @wn: the namespace
 * @key: the segment's names
 * @seg: the segment
 *
 * RFC 9293 3.10.7.1: RST(a) <SEQ=SEG.ACK><CTL=RST> to a segment with an ACK,
 * RST(b) <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK> to others; nothing to a
 * RST.
 *
 * Context: BH off.
 */
void waltz_reply_reset(struct waltz_net *wn, const struct waltz_key *key,
		       const struct waltz_seg *seg)
{
	struct waltz_hdr h = {};

	if (seg->flags & WALTZ_RST)
		return;
	if (seg->flags & WALTZ_ACK) {
		h.seq = seg->ack;
		h.flags = WALTZ_RST;
	} else {
		h.ack = seg->end_seq;
		h.flags = WALTZ_RST | WALTZ_ACK;
	}
	WALTZ_INC(wn, OUT_RSTS);
	waltz_ctl_send(wn, key, &h, 0, 0);
}
