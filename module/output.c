// SPDX-License-Identifier: GPL-2.0
/*
 * What is sent: segments of a socket's stream, its control segments, and
 * answers of those that have no socket. Never calls input or apply.
 *
 * The write queue holds data only. SYN and FIN are numbers (iss, write_seq)
 * and flags, so a control segment that finds no memory is lost like any other
 * segment, and retransmitted like any other.
 */
#include <linux/ip.h>
#include <net/checksum.h>
#include <net/ip.h>
#include <net/route.h>

#include "trace.h"
#include "waltz.h"

#define HEADROOM	(MAX_HEADER + sizeof(struct iphdr) + WALTZ_HDR_MAX)
#define MSS_FLOOR	48u
#define CHECKSUM_OFFSET	16	/* of RFC 9293's header */

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
	s32 left = (s32)(ws->rcv_wup + ws->rcv_wnd - ws->rcv_nxt);
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
 * waltz_sync_mss() - the path's MTU is known, or has changed
 * @sk: the socket
 * @mtu: bytes
 *
 * Context: socket lock held.
 */
void waltz_sync_mss(struct sock *sk, u32 mtu)
{
	struct waltz_sock *ws = waltz_sk(sk);
	u32 mss = min_t(u32, mtu, 65535) - sizeof(struct iphdr) - WALTZ_HDR_LEN;

	if (ws->peer_mss)
		mss = min_t(u32, mss, ws->peer_mss);
	if (ws->user_mss)
		mss = min_t(u32, mss, ws->user_mss);
	/* RFC 6691: the option says what fits without options. */
	ws->ip_options_len = ip_options_len(sk);
	mss -= ws->ip_options_len;
	if (ws->ts_ok)
		mss -= WALTZ_OPT_TS_LEN;
	ws->pmtu = mtu;
	ws->mss = (u16)max(mss, MSS_FLOOR);
	if (ws->cong.mss)
		waltz_cong_mss(&ws->cong, ws->mss);
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
	__sum16 *check = (__sum16 *)(skb->data + CHECKSUM_OFFSET);

	if (dst && (dst->dev->features & NETIF_F_HW_CSUM)) {
		skb->ip_summed = CHECKSUM_PARTIAL;
		skb->csum_start = skb_transport_header(skb) - skb->head;
		skb->csum_offset = CHECKSUM_OFFSET;
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

static void trace_out(const struct waltz_key *key, const struct waltz_hdr *h,
		      u32 len, bool rtx)
{
	trace_segment(key, true, h->flags, h->seq, h->ack, h->wnd, len, rtx);
}

/**
 * waltz_trace_seg_in() - trace a segment that came
 * @key: its names
 * @seg: the segment
 */
void waltz_trace_seg_in(const struct waltz_key *key,
			const struct waltz_seg *seg)
{
	trace_segment(key, false, seg->flags, seg->seq, seg->ack, seg->wnd,
		      seg->len, false);
}

/* Send a segment of a socket. The skb holds the payload and is consumed. */
static int transmit(struct sock *sk, struct sk_buff *skb, struct waltz_hdr *h,
		    bool rtx)
{
	struct waltz_net *wn = waltz_net(sock_net(sk));
	struct waltz_sock *ws = waltz_sk(sk);
	struct inet_sock *inet = inet_sk(sk);
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
	if (h->flags & WALTZ_ACK) {
		ws->ack_pending = false;
		if (ws->quickacks)
			ws->quickacks--;
		waltz_timer_clear(sk, WALTZ_TIMER_DELACK);
	}

	push_header(skb, h);
	skb_set_owner_w(skb, sk);
	skb_set_hash_from_sk(skb, sk);
	/* ip_queue_xmit() would find the route anyway; the checksum wants to
	 * know the device.
	 */
	if (inet_sk_rebuild_header(sk)) {
		kfree_skb(skb);
		return -EHOSTUNREACH;
	}
	checksum(skb, __sk_dst_get(sk), inet->inet_saddr, inet->inet_daddr);
	memset(skb->cb, 0, sizeof(struct inet_skb_parm));

	if (trace_segment_enabled()) {
		struct waltz_key key;

		waltz_sock_key(&key, sk);
		trace_out(&key, h, len, rtx);
	}
	WALTZ_INC(wn, OUT_SEGS);
	err = ip_queue_xmit(sk, skb, &inet->cork.fl);
	return net_xmit_eval(err);	/* a macro: looks twice */
}

static struct sk_buff *control_skb(void)
{
	struct sk_buff *skb = alloc_skb(HEADROOM, GFP_ATOMIC | __GFP_NOWARN);

	if (skb)
		skb_reserve(skb, HEADROOM);
	return skb;
}

static void send_control(struct sock *sk, struct waltz_hdr *h, bool rtx)
{
	struct sk_buff *skb = control_skb();

	if (skb)
		transmit(sk, skb, h, rtx);
	/* Otherwise it is lost; what must arrive is sent again by a timer. */
}

/* ---- control segments of a socket ---- */

static void syn_options(struct sock *sk, struct waltz_hdr *h)
{
	const struct waltz_sock *ws = waltz_sk(sk);
	const struct dst_entry *dst = __sk_dst_get(sk);

	h->opts = WALTZ_OPT_MSS;
	h->mss = dst ? (u16)waltz_advertised_mss(dst, ws->user_mss) :
		       WALTZ_MSS_DEFAULT;
	if (ws->ts_ok)
		h->opts |= WALTZ_OPT_TS;
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
	send_control(sk, &h, rtx);
}

static void start_syn(struct sock *sk, u8 flags)
{
	struct waltz_sock *ws = waltz_sk(sk);

	ws->snd_nxt = ws->iss + 1;
	send_syn(sk, flags, false);
	ws->backoff = 0;
	ws->stalled_since = jiffies ?: 1;
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
	start_syn(sk, WALTZ_SYN);
}

/**
 * waltz_send_syn_ack() - the peer's SYN crossed ours: RFC 9293 3.5
 * @sk: the socket
 *
 * Context: socket lock held, BH off.
 */
void waltz_send_syn_ack(struct sock *sk)
{
	start_syn(sk, WALTZ_SYN | WALTZ_ACK);
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

	send_control(sk, &h, false);
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
	send_control(sk, &h, false);
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
	send_control(sk, &h, false);
}

/* ---- data ---- */

/**
 * waltz_alloc_data_skb() - an empty skb for the write queue
 * @sk: the socket
 * @gfp: how to allocate
 *
 * The payload goes into page fragments. The caller accounts for it when it
 * queues it.
 *
 * Context: socket lock held.
 */
struct sk_buff *waltz_alloc_data_skb(struct sock *sk, gfp_t gfp)
{
	struct sk_buff *skb;

	skb = alloc_skb_fclone(HEADROOM, gfp);
	if (!skb)
		return NULL;
	if (!sk_wmem_schedule(sk, skb->truesize)) {
		__kfree_skb(skb);
		return NULL;
	}
	skb_reserve(skb, HEADROOM);
	skb->ip_summed = CHECKSUM_PARTIAL;
	return skb;
}

/**
 * waltz_free_data_skb() - an skb that has left the write queue
 * @sk: the socket
 * @skb: the skb
 *
 * Context: socket lock held.
 */
void waltz_free_data_skb(struct sock *sk, struct sk_buff *skb)
{
	sk_wmem_queued_add(sk, -skb->truesize);
	sk_mem_uncharge(sk, skb->truesize);
	__kfree_skb(skb);
}

/**
 * waltz_purge_write_queue() - nothing more will be sent
 * @sk: the socket
 *
 * Context: socket lock held.
 */
void waltz_purge_write_queue(struct sock *sk)
{
	struct waltz_sock *ws = waltz_sk(sk);
	struct sk_buff *skb;

	while ((skb = __skb_dequeue(&sk->sk_write_queue)))
		waltz_free_data_skb(sk, skb);
	ws->send_head = NULL;
	ws->rtx_head = NULL;
	sk_mem_reclaim(sk);
}

/* Cut an skb in two; both stay queued. */
static bool split(struct sock *sk, struct sk_buff *skb, u32 len)
{
	struct sk_buff *rest;
	int before = skb->truesize;

	if (skb_unclone(skb, GFP_ATOMIC))
		return false;
	rest = alloc_skb_fclone(HEADROOM, GFP_ATOMIC | __GFP_NOWARN);
	if (!rest)
		return false;
	skb_reserve(rest, HEADROOM);
	rest->ip_summed = CHECKSUM_PARTIAL;
	skb_split(skb, rest, len);
	rest->truesize += rest->data_len;
	skb->truesize -= rest->data_len;

	*WALTZ_CB(rest) = *WALTZ_CB(skb);
	WALTZ_CB(rest)->seq += len;
	WALTZ_CB(skb)->end_seq = WALTZ_CB(rest)->seq;
	WALTZ_CB(skb)->psh = false;
	sk_wmem_queued_add(sk, skb->truesize + rest->truesize - before);
	sk_mem_charge(sk, skb->truesize + rest->truesize - before);
	__skb_queue_after(&sk->sk_write_queue, skb, rest);
	return true;
}

static struct sk_buff *next_skb(struct sock *sk, const struct sk_buff *skb)
{
	return skb_queue_is_last(&sk->sk_write_queue, skb) ?
	       NULL : skb_queue_next(&sk->sk_write_queue, skb);
}

/**
 * waltz_advance_rtx() - rtx_head is done with: on to the next sent before
 * @sk: the socket
 *
 * Context: socket lock held.
 */
void waltz_advance_rtx(struct sock *sk)
{
	struct waltz_sock *ws = waltz_sk(sk);

	ws->rtx_head = next_skb(sk, ws->rtx_head);
	if (ws->rtx_head == ws->send_head)
		ws->rtx_head = NULL;
}

/**
 * waltz_rewind_rtx() - all that is outstanding may be lost: send it again
 * @sk: the socket
 *
 * Context: socket lock held.
 */
void waltz_rewind_rtx(struct sock *sk)
{
	struct waltz_sock *ws = waltz_sk(sk);

	ws->rtx_head = skb_peek(&sk->sk_write_queue);
	if (ws->rtx_head == ws->send_head)
		ws->rtx_head = NULL;
}

static u32 wnd_end(const struct waltz_sock *ws)
{
	return ws->snd_una + ws->snd_wnd;
}

/* May our FIN go with this skb's data? It is right behind it, and was sent
 * before or has room in the window.
 */
static bool fin_follows(const struct waltz_sock *ws, const struct sk_buff *skb)
{
	return ws->fin_queued && WALTZ_CB(skb)->end_seq == ws->write_seq &&
	       (ws->fin_sent || seq_lt(ws->write_seq, wnd_end(ws)));
}

static int send_data(struct sock *sk, struct sk_buff *skb, bool rtx)
{
	struct waltz_sock *ws = waltz_sk(sk);
	struct waltz_cb *cb = WALTZ_CB(skb);
	struct waltz_hdr h = {
		.seq = cb->seq,
		.ack = ws->rcv_nxt,
		.flags = WALTZ_ACK,
	};
	struct sk_buff *copy;

	if (cb->psh || skb_queue_is_last(&sk->sk_write_queue, skb))
		h.flags |= WALTZ_PSH;
	if (fin_follows(ws, skb)) {
		h.flags |= WALTZ_FIN;
		ws->fin_sent = true;
	}
	cb->sent_us = ktime_to_us(ktime_get());
	ws->last_sent = jiffies;
	/* A clone still on its way down shares our headroom. */
	if (unlikely(skb_cloned(skb)))
		copy = pskb_copy(skb, GFP_ATOMIC | __GFP_NOWARN);
	else
		copy = skb_clone(skb, GFP_ATOMIC | __GFP_NOWARN);
	if (unlikely(!copy))
		return -ENOBUFS;
	return transmit(sk, copy, &h, rtx);
}

static void send_fin(struct sock *sk, bool rtx)
{
	struct waltz_sock *ws = waltz_sk(sk);
	struct waltz_hdr h = {
		.seq = ws->write_seq,
		.ack = ws->rcv_nxt,
		.flags = WALTZ_ACK | WALTZ_FIN,
	};

	ws->fin_sent = true;
	send_control(sk, &h, rtx);
}

/* Outstanding and not thought lost. */
static u32 pipe_size(const struct waltz_sock *ws)
{
	u32 end = ws->rtx_head ? WALTZ_CB(ws->rtx_head)->seq : ws->snd_nxt;

	return end - ws->snd_una;
}

static bool cwnd_allows(const struct waltz_sock *ws, u32 len)
{
	u32 pipe = pipe_size(ws);

	return !pipe || pipe + len <= waltz_cong_window(&ws->cong);
}

/* Bytes of an unsent skb that may go now; 0: wait. */
static u32 sendable(struct sock *sk, const struct sk_buff *skb, bool nagle_off)
{
	const struct waltz_sock *ws = waltz_sk(sk);
	bool last = skb_queue_is_last(&sk->sk_write_queue, skb);
	s32 room = (s32)(wnd_end(ws) - WALTZ_CB(skb)->seq);
	u32 len = min_t(u32, skb->len, ws->mss);

	if (room <= 0)
		return 0;
	/* RFC 9293 3.8.6.2.1: no silly windows from this side. */
	if ((u32)room < len) {
		len = (u32)room;
		if (len < ws->max_wnd / 2 && waltz_in_flight(ws))
			return 0;
	}
	if (!cwnd_allows(ws, len))
		return 0;
	if (last && len < ws->mss && !ws->fin_queued && !nagle_off) {
		if (ws->cork)
			return 0;
		if (!ws->nodelay && waltz_in_flight(ws))	/* Nagle */
			return 0;
	}
	return len;
}

/* Go on with what a timeout has marked as lost. However small the segments
 * are, no more of them go at once than the window has room for large ones.
 */
static bool push_retransmits(struct sock *sk)
{
	struct waltz_sock *ws = waltz_sk(sk);
	u32 budget = waltz_cong_window(&ws->cong) / ws->mss + 1;

	while (ws->rtx_head) {
		struct sk_buff *skb = ws->rtx_head;

		if (!budget--)
			return false;
		if (!cwnd_allows(ws, min_t(u32, skb->len, ws->mss)))
			return false;
		if (skb->len > ws->mss && !split(sk, skb, ws->mss))
			return false;
		WALTZ_CB(skb)->retransmitted = true;
		WALTZ_INC(waltz_net(sock_net(sk)), RETRANS_SEGS);
		send_data(sk, skb, true);
		waltz_advance_rtx(sk);
	}
	return true;
}

static void push_new_data(struct sock *sk, bool nagle_off)
{
	struct waltz_sock *ws = waltz_sk(sk);
	struct sk_buff *skb;

	while ((skb = ws->send_head)) {
		u32 len = sendable(sk, skb, nagle_off);

		if (!len || (len < skb->len && !split(sk, skb, len)))
			return;
		ws->send_head = next_skb(sk, skb);
		/* Without memory for the copy it counts as sent, and lost. */
		send_data(sk, skb, false);
		ws->snd_nxt = WALTZ_CB(skb)->end_seq + ws->fin_sent;
	}
	if (ws->fin_queued && !ws->fin_sent &&
	    seq_lt(ws->write_seq, wnd_end(ws))) {
		send_fin(sk, false);
		ws->snd_nxt = ws->write_seq + 1;
	}
}

/**
 * waltz_push() - send what may be sent now
 * @sk: the socket
 * @nagle_off: a small last segment need not wait
 *
 * RFC 9293 3.7.4, 3.8.6; RFC 5681. Arms the retransmission timer if
 * something is outstanding, and the probe timer if nothing is and something
 * waits.
 *
 * Context: socket lock held, BH off, a synchronised state.
 */
void waltz_push(struct sock *sk, bool nagle_off)
{
	struct waltz_sock *ws = waltz_sk(sk);

	waltz_owned_by_me(sk);
	if ((1 << sk->sk_state) & (TCPF_SYN_SENT | TCPF_SYN_RECV | TCPF_CLOSE))
		return;
	if (!ws->send_head && !ws->rtx_head &&
	    (!ws->fin_queued || ws->fin_sent))
		return;

	waltz_current_mss(sk);
	if (!waltz_in_flight(ws) &&
	    time_after(jiffies, ws->last_sent + usecs_to_jiffies(ws->rtt.rto)))
		waltz_cong_idle(&ws->cong);

	if (push_retransmits(sk))
		push_new_data(sk, nagle_off);

	if (waltz_in_flight(ws)) {
		if (waltz_timer_armed(ws, WALTZ_TIMER_PROBE)) {
			waltz_timer_clear(sk, WALTZ_TIMER_PROBE);
			ws->backoff = 0;
			ws->stalled_since = 0;
		}
		if (!waltz_timer_armed(ws, WALTZ_TIMER_RETRANSMIT))
			waltz_arm_retransmit(sk);
		return;
	}
	/* Nothing outstanding to draw an ACK, and something to send: the
	 * window is shut, or a cork holds it back, which it may do no longer
	 * than this timer runs.
	 */
	if (!waltz_timer_armed(ws, WALTZ_TIMER_PROBE) &&
	    (ws->send_head || (ws->fin_queued && !ws->fin_sent)))
		waltz_timer_set(sk, WALTZ_TIMER_PROBE,
				usecs_to_jiffies(ws->rtt.rto));
}

/**
 * waltz_retransmit() - send the oldest unacknowledged segment again
 * @sk: the socket
 *
 * Context: socket lock held, BH off.
 * Return: true when there was one.
 */
bool waltz_retransmit(struct sock *sk)
{
	struct waltz_net *wn = waltz_net(sock_net(sk));
	struct waltz_sock *ws = waltz_sk(sk);
	struct sk_buff *skb;

	waltz_owned_by_me(sk);
	if (sk->sk_state == TCP_SYN_SENT) {
		send_syn(sk, WALTZ_SYN, true);
	} else if (sk->sk_state == TCP_SYN_RECV || ws->snd_una == ws->iss) {
		send_syn(sk, WALTZ_SYN | WALTZ_ACK, true);
	} else {
		skb = skb_peek(&sk->sk_write_queue);
		if (skb && skb != ws->send_head) {
			waltz_current_mss(sk);
			if (skb->len > ws->mss && !split(sk, skb, ws->mss))
				return false;
			WALTZ_CB(skb)->retransmitted = true;
			send_data(sk, skb, true);
			if (ws->rtx_head == skb)
				waltz_advance_rtx(sk);
		} else if (ws->fin_sent) {
			send_fin(sk, true);
		} else {
			return false;
		}
	}
	WALTZ_INC(wn, RETRANS_SEGS);
	return true;
}

/**
 * waltz_mtu_reduced() - a router says that mtu_info is all it lets through
 * @sk: the socket
 *
 * RFC 1191 3 and 6.5: IP remembers it; what was too large goes again at once. Not
 * by ipv4_sk_update_pmtu(), which would lock the socket.
 *
 * Context: socket lock held, BH off.
 */
void waltz_mtu_reduced(struct sock *sk)
{
	struct waltz_sock *ws = waltz_sk(sk);
	struct dst_entry *dst;
	u16 before = ws->mss;

	waltz_owned_by_me(sk);
	if (inet_sk_rebuild_header(sk))
		return;
	dst = __sk_dst_get(sk);
	dst->ops->update_pmtu(dst, sk, NULL, ws->mtu_info, true);
	/* What was learnt has a route of its own. */
	if (inet_sk_rebuild_header(sk))
		return;
	waltz_current_mss(sk);
	if (ws->mss < before && waltz_in_flight(ws))
		waltz_retransmit(sk);
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
 * @wn: the namespace
 * @key: the names
 * @h: the header; ports are taken from @key
 * @dst: the route, of waltz_route_reply(); its reference is consumed
 * @tos: type of service
 * @mark: firewall mark
 *
 * Context: any, BH off.
 * Return: 0 or a negative error.
 */
int waltz_ctl_send_dst(struct waltz_net *wn, const struct waltz_key *key,
		       const struct waltz_hdr *h, struct dst_entry *dst,
		       u8 tos, u32 mark)
{
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
	trace_out(key, &hdr, 0, false);
	WALTZ_INC(wn, OUT_SEGS);
	err = ip_build_and_send_pkt(skb, wn->ctl_sk, key->laddr, key->raddr,
				    NULL, tos);
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

	return dst ? waltz_ctl_send_dst(wn, key, h, dst, tos, mark) :
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
