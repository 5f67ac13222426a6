// SPDX-License-Identifier: GPL-2.0
/*
 * The byte stream: what an acknowledgment frees, what text adds, when to
 * acknowledge it (RFC 9293 3.10.7.4, fifth, seventh and eighth steps).
 */
#include <net/ip.h>

#include "stream.h"
#include "trace.h"

/* ---- acknowledgments ---- */

/* RFC 7323 4: how long ago was sent what the echo is of, us; 0: nobody knows. */
static u32 echo_age(const struct waltz_sock *ws, const struct waltz_seg *seg)
{
	u32 ms = waltz_ts_clock(ws->ts_offset) - seg->tsecr;

	if (!ws->ts_ok || !seg->tsecr || ms >= WALTZ_RTO_MAX_US / USEC_PER_MSEC)
		return 0;
	return max(ms, 1u) * USEC_PER_MSEC;
}

/* RFC 5681 section 2's definition of a duplicate. */
static bool is_duplicate(const struct waltz_sock *ws,
			 const struct waltz_seg *seg, u32 wnd)
{
	return seg->ack == ws->snd_una && waltz_in_flight(ws) &&
	       seg->seq == seg->end_seq && wnd == ws->snd_wnd;
}

/* SND.UNA has moved: RFC 6298 5.2 and 5.3. */
static void new_ack(struct sock *sk)
{
	struct waltz_sock *ws = waltz_sk(sk);

	waltz_free_acked(sk);
	ws->backoff = 0;
	ws->stalled_since = 0;
	if (waltz_in_flight(ws))
		waltz_arm_retransmit(sk);
	else if (!ws->rec.held)
		waltz_timer_clear(sk, WALTZ_TIMER_RETRANSMIT);
}

/* The congestion window has changed: what else is to be done about it, and to
 * be counted.
 */
static void note_reduction(struct sock *sk, const struct waltz_ack_out *out)
{
	struct waltz_net *wn = waltz_net(sock_net(sk));
	struct waltz_sock *ws = waltz_sk(sk);

	if (out->held)
		waltz_arm_retransmit(sk);
	if (out->restored)
		waltz_ecn_restored(&ws->ecn);
	if (out->reduced)
		waltz_ecn_reduced(&ws->ecn);
	if (out->began)
		WALTZ_INC(wn, RETRANS_FAST);
	if (out->spurious)
		WALTZ_INC(wn, SPURIOUS);
	if (out->echoed)
		WALTZ_INC(wn, ECN_REDUCTIONS);
}

/* For a qdisc that paces (fq); without one nothing comes of it. */
static void set_pace(struct sock *sk)
{
	const struct waltz_sock *ws = waltz_sk(sk);
	u64 rate = waltz_cong_pacing_rate(&ws->rec.cong, ws->rtt.srtt8 / 8);

	WRITE_ONCE(sk->sk_pacing_rate,
		   min_t(u64, rate, READ_ONCE(sk->sk_max_pacing_rate)));
}

/* What the segment acknowledges, and what is lost by what it says. */
static void take_acknowledgment(struct sock *sk, const struct waltz_seg *seg,
				u32 wnd)
{
	struct waltz_sock *ws = waltz_sk(sk);
	const struct waltz_ack_in in = {
		.sack = seg->sack,
		.nsack = seg->nsacks,
		.now_us = (u64)ktime_to_us(ktime_get()),
		.ack = seg->ack,
		.srtt_us = ws->rtt.srtt8 / 8,
		.ts_rtt_us = echo_age(ws, seg),
		.dup = is_duplicate(ws, seg, wnd),
		.ece = waltz_ecn_echoed(&ws->ecn, seg->flags) &&
		       seq_geq(seg->ack, ws->snd_una),
		.can_send_new = waltz_can_send_new(ws),
	};
	enum waltz_recovery_state before = ws->rec.state;
	struct waltz_ack_out out;

	waltz_recovery_ack(&ws->rec, &in, &out);
	ws->snd_una = ws->rec.una;
	/* Something gets through: what a router said is of the past. */
	if (READ_ONCE(sk->sk_err_soft))
		WRITE_ONCE(sk->sk_err_soft, 0);
	if (out.rtt_us)
		waltz_rtt_sample(&ws->rtt, out.rtt_us);
	waltz_mtu_probed(sk);
	if (out.acked) {
		/* Who acknowledges is reachable: ARP need not ask. */
		sk_dst_confirm(sk);
		new_ack(sk);
	}
	note_reduction(sk, &out);
	if (out.reorder_us)
		waltz_timer_set(sk, WALTZ_TIMER_REORDER,
				usecs_to_jiffies(out.reorder_us));
	else
		waltz_timer_clear(sk, WALTZ_TIMER_REORDER);
	waltz_arm_loss_probe(sk);
	set_pace(sk);
	if (trace_cong_enabled())
		waltz_trace_ack(sk, before, &in, &out);
	if (out.dsack)
		WALTZ_INC(waltz_net(sock_net(sk)), DSACKS);
}

/* Has what is outstanding been refused? Not what was sent less than a round trip
 * ago: or a peer that opens and shuts its window would draw all of it each time.
 */
static bool may_be_refused(const struct waltz_sock *ws)
{
	const struct waltz_record *rec = waltz_board_first(&ws->rec.board);
	u32 least = waltz_rack_least(&ws->rec.rack);

	return ws->backoff || (rec && least && (u64)ktime_to_us(ktime_get()) -
			       rec->sent_us >= least);
}

/* The room for what is outstanding, which was taken back, is there again. */
static void room_again(struct sock *sk)
{
	struct waltz_sock *ws = waltz_sk(sk);

	ws->backoff = 0;
	ws->stalled_since = 0;
	waltz_recovery_refused(&ws->rec);
	waltz_arm_retransmit(sk);
}

/* A writer waits for the buffer, and the congestion window for him: it is the
 * buffer that holds us up.
 */
static bool short_of_text(const struct sock *sk)
{
	const struct waltz_sock *ws = waltz_sk(sk);

	return sk->sk_socket && test_bit(SOCK_NOSPACE, &sk->sk_socket->flags) &&
	       waltz_recovery_allows(&ws->rec, ws->mss);
}

/**
 * waltz_stream_ack() - take an acknowledgment and a window
 * @sk: the socket
 * @seg: an acceptable segment with an ACK in RFC 5961's range
 *
 * RFC 9293 3.10.7.4, fifth; RFC 5681, RFC 6675. Sends what it makes room for.
 *
 * Context: socket lock held, BH off.
 */
void waltz_stream_ack(struct sock *sk, const struct waltz_seg *seg)
{
	struct waltz_sock *ws = waltz_sk(sk);
	u32 wnd = (u32)seg->wnd << ws->snd_wscale;
	u32 una = ws->snd_una;

	/* An old one is late, but may tell of a duplicate. */
	if (seq_lt(seg->ack, una) && !seg->nsacks)
		return;
	if (waltz_in_flight(ws) || seg->nsacks)
		take_acknowledgment(sk, seg, wnd);
	if (seq_lt(seg->ack, una)) {
		/* So is its window, but it may have told of a loss. */
		waltz_push(sk, false);
		return;
	}

	/* SND.WL2 is SND.UNA: an older acknowledgment does not come here. */
	if (seq_gt(seg->ack, una) || seq_geq(seg->seq, ws->snd_wl1)) {
		if (!ws->snd_wnd && wnd && waltz_in_flight(ws) &&
		    may_be_refused(ws))
			room_again(sk);
		ws->snd_wl1 = seg->seq;
		ws->snd_wnd = wnd;
		ws->max_wnd = max(ws->max_wnd, wnd);
	}
	waltz_push(sk, false);
	if (sock_flag(sk, SOCK_DEAD))
		return;
	if (short_of_text(sk))
		waltz_grow_sndbuf(sk);
	sk->sk_write_space(sk);
}

/* ---- text ---- */

/**
 * waltz_readable() - bytes that can be read
 * @sk: the socket
 *
 * Context: any.
 */
u32 waltz_readable(const struct sock *sk)
{
	const struct waltz_sock *ws = waltz_sk(sk);

	return READ_ONCE(ws->rcv_nxt) - READ_ONCE(ws->copied_seq) -
	       (sock_flag(sk, SOCK_DONE) ? 1 : 0);
}

/**
 * waltz_is_readable() - is there as much as the reader wants, or as will fit?
 * @sk: the socket
 *
 * Context: any.
 */
bool waltz_is_readable(const struct sock *sk)
{
	const struct waltz_sock *ws = waltz_sk(sk);
	int rcvbuf = READ_ONCE(sk->sk_rcvbuf);
	u32 count = waltz_readable(sk);
	s32 window;

	if (skb_queue_empty_lockless(&sk->sk_receive_queue))
		return false;
	if (count >= (u32)max(READ_ONCE(sk->sk_rcvlowat), 1))
		return true;
	window = (s32)(READ_ONCE(ws->rcv_wup) + READ_ONCE(ws->rcv_wnd) -
		       READ_ONCE(ws->rcv_nxt));
	return count && (window <= (s32)READ_ONCE(ws->rcv_mss) ||
			 sk_under_memory_pressure(sk) ||
			 atomic_read(&sk->sk_rmem_alloc) > rcvbuf - rcvbuf / 8);
}

/* SO_RCVLOWAT: who waits for more is not woken for less. But for what there is no
 * room for he has to make some.
 */
static void data_ready(struct sock *sk, bool no_room)
{
	if (!sock_flag(sk, SOCK_DEAD) &&
	    (no_room || sock_flag(sk, SOCK_DONE) || waltz_is_readable(sk)))
		sk->sk_data_ready(sk);
}

/* A small segment is charged as much as a large one, and what we promised is
 * bytes: two of the buffer for each (waltz_rcv_space()). Of what costs more
 * than that no more is taken as it comes than waltz_wasteful_share() holds;
 * the rest is copied together, page by page. So what was promised has room.
 */
static bool endangers_promise(const struct sock *sk, const struct sk_buff *skb)
{
	const struct waltz_sock *ws = waltz_sk(sk);
	s32 promised = (s32)(waltz_rcv_wnd_end(ws) - ws->rcv_nxt);
	int room = sk->sk_rcvbuf - atomic_read(&sk->sk_rmem_alloc);

	return skb->truesize > 2 * skb->len &&
	       2 * (s64)promised > (s64)room + waltz_wasteful_share(sk);
}

static bool compact(struct sock *sk, struct sk_buff *skb)
{
	struct sk_buff *tail = skb_peek_tail(&sk->sk_receive_queue);
	u32 seq = WALTZ_CB(skb)->seq;

	if (seq != waltz_sk(sk)->rcv_nxt || !endangers_promise(sk, skb) ||
	    skb->len > SKB_MAX_ORDER(0, 0))
		return false;

	if (!tail || skb_cloned(tail) || skb_is_nonlinear(tail) ||
	    skb_tailroom(tail) < skb->len || WALTZ_CB(tail)->end_seq != seq) {
		tail = alloc_skb(SKB_MAX_ORDER(0, 0), GFP_ATOMIC | __GFP_NOWARN);
		if (!tail)
			return false;
		if (!sk_rmem_schedule(sk, tail, tail->truesize)) {
			__kfree_skb(tail);
			return false;
		}
		*WALTZ_CB(tail) = (struct waltz_cb) { .seq = seq };
		__skb_queue_tail(&sk->sk_receive_queue, tail);
		skb_set_owner_r(tail, sk);
	}
	skb_copy_bits(skb, 0, skb_put(tail, skb->len), skb->len);
	WALTZ_CB(tail)->end_seq = WALTZ_CB(skb)->end_seq;
	tail->tstamp = skb->tstamp;	/* as TCP: the time of its last byte */
	return true;
}

/* Append what is in order. The skb's first bytes may be old: recvmsg() knows
 * by copied_seq where to begin.
 */
static void append(struct sock *sk, struct sk_buff *skb, bool owned)
{
	struct sk_buff *tail = skb_peek_tail(&sk->sk_receive_queue);
	struct waltz_sock *ws = waltz_sk(sk);
	bool stolen;
	int delta;

	if (compact(sk, skb)) {
		WRITE_ONCE(ws->rcv_nxt, WALTZ_CB(skb)->end_seq);
		kfree_skb(skb);
		return;
	}
	WRITE_ONCE(ws->rcv_nxt, WALTZ_CB(skb)->end_seq);
	if (tail && WALTZ_CB(tail)->end_seq == WALTZ_CB(skb)->seq &&
	    skb_try_coalesce(tail, skb, &stolen, &delta)) {
		WALTZ_CB(tail)->end_seq = WALTZ_CB(skb)->end_seq;
		tail->tstamp = skb->tstamp;
		atomic_add(delta, &sk->sk_rmem_alloc);
		sk_mem_charge(sk, delta);
		kfree_skb_partial(skb, stolen);
		return;
	}
	__skb_queue_tail(&sk->sk_receive_queue, skb);
	if (!owned)
		skb_set_owner_r(skb, sk);
}

/* What waited for the hole that was just filled. */
static void append_ooo(struct sock *sk)
{
	struct waltz_sock *ws = waltz_sk(sk);
	struct sk_buff *skb;

	while ((skb = skb_rb_first(&ws->ooo)) &&
	       seq_leq(WALTZ_CB(skb)->seq, ws->rcv_nxt)) {
		rb_erase(&skb->rbnode, &ws->ooo);
		if (seq_leq(WALTZ_CB(skb)->end_seq, ws->rcv_nxt))
			kfree_skb(skb);
		else
			append(sk, skb, true);
	}
}

/* Return: false when all of it is there already. */
static bool insert_ooo(struct sock *sk, struct sk_buff *skb)
{
	struct waltz_sock *ws = waltz_sk(sk);
	struct rb_node **link = &ws->ooo.rb_node, *parent = NULL;
	u32 seq = WALTZ_CB(skb)->seq, end_seq = WALTZ_CB(skb)->end_seq;
	struct sk_buff *other;

	while (*link) {
		parent = *link;
		other = rb_to_skb(parent);
		if (seq_leq(WALTZ_CB(other)->seq, seq) &&
		    seq_geq(WALTZ_CB(other)->end_seq, end_seq)) {
			waltz_sack_rcv_duplicate(&ws->sack, seq, end_seq);
			return false;
		}
		link = seq_lt(seq, WALTZ_CB(other)->seq) ?
		       &parent->rb_left : &parent->rb_right;
	}
	rb_link_node(&skb->rbnode, parent, link);
	rb_insert_color(&skb->rbnode, &ws->ooo);
	skb_set_owner_r(skb, sk);
	ws->ooo_fresh += skb->truesize;

	/* Neighbours that it covers whole. */
	while ((other = skb_rb_next(skb)) &&
	       seq_geq(end_seq, WALTZ_CB(other)->end_seq)) {
		rb_erase(&other->rbnode, &ws->ooo);
		kfree_skb(other);
	}
	waltz_sack_rcv_hole(&ws->sack, seq, end_seq);
	WALTZ_INC(waltz_net(sock_net(sk)), OOO_QUEUED);
	return true;
}

/* Is there room? What is next in line is always taken when nothing waits to
 * be read: otherwise a buffer too small for one segment would never move, nor
 * anything when there is no memory. What came out of order was promised to
 * nobody, and makes place.
 */
static enum waltz_drop reserve(struct sock *sk, struct sk_buff *skb, u32 seq,
			       bool in_order)
{
	bool must = in_order && skb_queue_empty(&sk->sk_receive_queue);
	int limit = READ_ONCE(sk->sk_rcvbuf);

	/* SO_RCVBUFFORCE takes up to INT_MAX. */
	if (in_order)
		limit = min_t(s64, (s64)limit + waltz_wasteful_share(sk), INT_MAX);
	if (atomic_read(&sk->sk_rmem_alloc) > limit &&
	    !waltz_make_room(sk, seq, limit) && !must)
		return in_order ? WALTZ_DROP_RCVBUF : WALTZ_DROP_OOO_FULL;
	return waltz_find_memory(sk, skb, seq) || must ? WALTZ_DROP_NONE :
							 WALTZ_DROP_NO_MEMORY;
}

/* Queue the text of a segment between @seq and @end_seq, both in the window
 * as far as they are not old. Takes the skb when it returns WALTZ_DROP_NONE.
 */
static enum waltz_drop queue_text(struct sock *sk, struct sk_buff *skb,
				  u32 seq, u32 end_seq, u8 hdrlen)
{
	struct waltz_sock *ws = waltz_sk(sk);
	bool in_order = seq_leq(seq, ws->rcv_nxt);
	enum waltz_drop why;

	why = reserve(sk, skb, seq, in_order);
	if (why) {
		/* It was promised, but a segment is charged more than its
		 * bytes. Shut the window, against RFC 9293 SHLD-14: a peer
		 * that only sends again gives up, one that asks does not
		 * (3.8.6.1).
		 */
		if (in_order) {
			ws->rcv_wnd = 0;
			ws->rcv_wup = ws->rcv_nxt;
		}
		return why;
	}
	__skb_pull(skb, hdrlen);
	if (pskb_trim(skb, end_seq - seq)) {
		__skb_push(skb, hdrlen);
		return WALTZ_DROP_NO_MEMORY;
	}
	skb_dst_drop(skb);
	*WALTZ_CB(skb) = (struct waltz_cb) { .seq = seq, .end_seq = end_seq };
	if (!in_order)
		return insert_ooo(sk, skb) ? WALTZ_DROP_NONE :
					     WALTZ_DROP_OLD_DATA;
	if (seq_lt(seq, ws->rcv_nxt))
		waltz_sack_rcv_duplicate(&ws->sack, seq, ws->rcv_nxt);
	append(sk, skb, false);
	append_ooo(sk);
	waltz_sack_rcv_advance(&ws->sack, ws->rcv_nxt);
	return WALTZ_DROP_NONE;
}

/* RFC 9293 3.8.6.3, RFC 5681 4.2: every second full segment, and at once when
 * something is missing or was missing.
 */
static void acknowledge(struct sock *sk, bool at_once)
{
	struct waltz_net *wn = waltz_net(sock_net(sk));
	struct waltz_sock *ws = waltz_sk(sk);

	if (at_once || ws->quickacks || !RB_EMPTY_ROOT(&ws->ooo) ||
	    ws->rcv_nxt - ws->rcv_wup >= 2u * ws->rcv_mss) {
		waltz_send_ack(sk);
		return;
	}
	ws->ack_pending = true;
	if (!waltz_timer_armed(ws, WALTZ_TIMER_DELACK))
		waltz_timer_set(sk, WALTZ_TIMER_DELACK,
				msecs_to_jiffies(READ_ONCE(wn->sysctls.delack_ms)));
}

static void note_fin(struct waltz_sock *ws, const struct waltz_seg *seg,
		     u32 right)
{
	u32 fin_seq = seg->end_seq - 1;

	if (!(seg->flags & WALTZ_FIN) || ws->rcv_fin ||
	    seq_lt(fin_seq, ws->rcv_nxt) || !seq_lt(fin_seq, right))
		return;
	ws->rcv_fin = true;
	ws->rcv_fin_seq = fin_seq;
}

/* RFC 3168 6.1.3. Return: acknowledge at once. */
static bool take_marks(struct sock *sk, const struct waltz_seg *seg)
{
	struct waltz_sock *ws = waltz_sk(sk);
	bool text = seg->len && seq_gt(seg->seq + seg->len, ws->rcv_nxt);

	if (ws->ecn.marks && text && seg->ecn == WALTZ_CE)
		WALTZ_INC(waltz_net(sock_net(sk)), CE_RECEIVED);
	return waltz_ecn_receive(&ws->ecn, seg->flags, seg->ecn, text);
}

/**
 * waltz_stream_text() - take a segment's text and FIN
 * @sk: the socket
 * @skbp: the segment, at its header; set to NULL when it is kept
 * @seg: the same, parsed and acceptable
 *
 * RFC 9293 3.10.7.4, seventh and eighth. Acknowledges.
 *
 * Context: socket lock held, BH off.
 * Return: WALTZ_DROP_NONE, or why the text was not taken.
 */
enum waltz_drop waltz_stream_text(struct sock *sk, struct sk_buff **skbp,
				  const struct waltz_seg *seg)
{
	struct waltz_sock *ws = waltz_sk(sk);
	enum waltz_drop why = WALTZ_DROP_NONE;
	u32 end_seq = seg->seq + seg->len;
	u32 right = ws->rcv_adv;
	u32 before = ws->rcv_nxt;
	bool at_once = take_marks(sk, seg) || !RB_EMPTY_ROOT(&ws->ooo);
	bool no_room = false;

	if (seg->seq == seg->end_seq)
		return WALTZ_DROP_NONE;
	/* CLOSE_WAIT and later: the peer's FIN is behind us, nothing follows. */
	if (!((1 << sk->sk_state) &
	      (TCPF_ESTABLISHED | TCPF_FIN_WAIT1 | TCPF_FIN_WAIT2)))
		return WALTZ_DROP_OLD_DATA;

	/* RFC 9293 3.6.1: a close() that no longer reads answers with a reset. */
	if ((sk->sk_shutdown & RCV_SHUTDOWN) && sk->sk_state != TCP_ESTABLISHED &&
	    seg->len && seq_gt(end_seq, ws->rcv_nxt)) {
		waltz_event(sk, WALTZ_EV_RCV_AFTER_CLOSE, seg);
		return WALTZ_DROP_AFTER_CLOSE;
	}

	note_fin(ws, seg, right);
	if (ws->rcv_fin)
		right = seq_lt(ws->rcv_fin_seq, right) ? ws->rcv_fin_seq : right;
	if (seg->len && seq_geq(seg->seq, right)) {
		waltz_send_ack(sk);	/* text behind the peer's FIN */
		return WALTZ_DROP_OLD_DATA;
	}
	if (seq_gt(end_seq, right))
		end_seq = right;
	if (seg->len && seq_gt(end_seq, ws->rcv_nxt)) {
		u32 size = skb_shinfo(*skbp)->gso_size ?: seg->len;

		ws->last_text = jiffies;
		ws->rcv_mss = max_t(u32, ws->rcv_mss,
				    min(size, 65535u - WALTZ_HDR_MAX));
		if (size >= ws->rcv_mss)
			waltz_rcv_tune_echo(&ws->rcv_tune, seg->tsecr,
					    echo_age(ws, seg));
		why = queue_text(sk, *skbp, seg->seq, end_seq, seg->hdrlen);
		if (!why)
			*skbp = NULL;
		no_room = why && seq_leq(seg->seq, ws->rcv_nxt);
	} else if (seg->len) {
		waltz_sack_rcv_duplicate(&ws->sack, seg->seq, end_seq);
		why = WALTZ_DROP_OLD_DATA;
	}

	if (ws->rcv_fin && ws->rcv_nxt == ws->rcv_fin_seq) {
		waltz_purge_ooo(sk);
		waltz_event(sk, WALTZ_EV_RCV_FIN, seg);
	} else {
		acknowledge(sk, why || at_once || before == ws->rcv_nxt);
	}
	if (before != ws->rcv_nxt || no_room)
		data_ready(sk, no_room);
	return why;
}

/* What is read tells how large the buffer should be, unless the user knows. */
static void grow_rcvbuf(struct sock *sk)
{
	const struct waltz_sysctls *s = &waltz_net(sock_net(sk))->sysctls;
	bool may_grow = READ_ONCE(s->moderate_rcvbuf) &&
			!(sk->sk_userlocks & SOCK_RCVBUF_LOCK) &&
			!sk_under_memory_pressure(sk);
	struct waltz_sock *ws = waltz_sk(sk);
	u32 promise = sk->sk_rcvbuf / WALTZ_RCVBUF_SHARE, wnd, size;

	wnd = waltz_rcv_tune_read(&ws->rcv_tune, ws->copied_seq, promise,
				  ws->rcv_mss, may_grow, waltz_now_us_low());
	size = waltz_rcvbuf(wnd, ws->rcv_wscale, ws->window_clamp,
			    READ_ONCE(s->rmem[2]));
	if (size > (u32)sk->sk_rcvbuf)
		WRITE_ONCE(sk->sk_rcvbuf, (int)size);
}

/**
 * waltz_stream_read() - the user has taken bytes: tell the peer of the room
 * @sk: the socket
 * @copied: bytes
 *
 * RFC 9293 3.8.6.2.2: only when the window opens by a worthwhile step. The
 * buffer may grow before.
 *
 * Context: process, socket lock held, BH off.
 */
void waltz_stream_read(struct sock *sk, u32 copied)
{
	struct waltz_sock *ws = waltz_sk(sk);
	u32 left, room;
	s32 open;

	if (!copied || (sk->sk_shutdown & RCV_SHUTDOWN) ||
	    !((1 << sk->sk_state) &
	      (TCPF_ESTABLISHED | TCPF_FIN_WAIT1 | TCPF_FIN_WAIT2)))
		return;
	grow_rcvbuf(sk);
	open = (s32)(waltz_rcv_wnd_end(ws) - ws->rcv_nxt);
	left = open > 0 ? open : 0;
	room = min_t(u32, waltz_rcv_space(sk), 65535u << ws->rcv_wscale);
	/* When memory is short there is never more than the least. */
	if (room >= 2 * left &&
	    room - left >= min3(2u * ws->rcv_mss, (u32)sk->sk_rcvbuf / 4,
				waltz_least_window(sk)))
		waltz_send_ack(sk);
}
