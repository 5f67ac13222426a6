// SPDX-License-Identifier: GPL-2.0
/*
 * The write queue: what of it goes now, for the first time or again. What is
 * lost, and how much may be outstanding, is recovery.c's to say; here its
 * answers meet skbs. Never calls input or apply.
 *
 * The queue holds data only: what was sent, from send_head on what was not.
 * A segment that was sent has a record on the scoreboard until it is
 * acknowledged, whose data is the skb; a FIN that went alone has one without.
 * So a segment that finds no memory is lost like any other, and sent again
 * like any other.
 */
#include <linux/ip.h>
#include <linux/slab.h>

#include "memory.h"
#include "trace.h"
#include "waltz.h"

#define RECORDS_MIN	16u		/* places on the first scoreboard */
#define RECORDS_IDLE	64u		/* and on one that is kept for later */
#define PROBE_FOLLOWERS	4u		/* segments behind a probe of the MTU */
#define PEER_DELACK_US	200000u		/* RFC 8985 7.2: WCDelAckT */

static u64 now_us(void)
{
	return (u64)ktime_to_us(ktime_get());
}

/* ---- the queue ---- */

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

	skb = alloc_skb_fclone(WALTZ_HEADROOM, gfp);
	if (!skb) {
		waltz_enter_memory_pressure(sk);
		sk_stream_moderate_sndbuf(sk);
		return NULL;
	}
	if (!waltz_wmem_schedule(sk, skb->truesize)) {
		__kfree_skb(skb);
		return NULL;
	}
	skb_reserve(skb, WALTZ_HEADROOM);
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

/* A connection that once had much outstanding does not keep the memory. */
static void free_idle_board(struct waltz_board *b)
{
	if (waltz_board_empty(b) && b->capacity > RECORDS_IDLE)
		kfree(waltz_board_grow(b, NULL, 0));
}

/**
 * waltz_free_acked() - free what the scoreboard is through with
 * @sk: the socket
 *
 * Context: socket lock held.
 */
void waltz_free_acked(struct sock *sk)
{
	struct waltz_sock *ws = waltz_sk(sk);
	void *data;

	while (waltz_recovery_pop(&ws->rec, &data)) {
		if (!data)
			continue;
		__skb_unlink(data, &sk->sk_write_queue);
		waltz_free_data_skb(sk, data);
	}
	free_idle_board(&ws->rec.board);
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
	kfree(ws->rec.board.ring);
	waltz_board_init(&ws->rec.board, NULL, 0);
	sk_mem_reclaim(sk);
}

static struct sk_buff *next_skb(struct sock *sk, const struct sk_buff *skb)
{
	return skb_queue_is_last(&sk->sk_write_queue, skb) ?
	       NULL : skb_queue_next(&sk->sk_write_queue, skb);
}

/* Cut an skb in two; both stay queued. Return: the second, or NULL. */
static struct sk_buff *split(struct sock *sk, struct sk_buff *skb, u32 len)
{
	struct sk_buff *rest;
	int before = skb->truesize;

	if (skb_unclone(skb, GFP_ATOMIC))
		return NULL;
	rest = alloc_skb_fclone(WALTZ_HEADROOM, GFP_ATOMIC | __GFP_NOWARN);
	if (!rest)
		return NULL;
	skb_reserve(rest, WALTZ_HEADROOM);
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
	return rest;
}

/* A place on the scoreboard for one more record. Pointers to records are void
 * then. Return: false without memory.
 */
static bool place_for_record(struct waltz_sock *ws)
{
	struct waltz_board *b = &ws->rec.board;
	u32 capacity = b->capacity ? 2 * b->capacity : RECORDS_MIN;
	struct waltz_record *ring;

	if (!waltz_board_full(b))
		return true;
	ring = kmalloc_array(capacity, sizeof(*ring),
			     GFP_ATOMIC | __GFP_NOWARN | __GFP_ACCOUNT);
	if (!ring)
		return false;
	kfree(waltz_board_grow(b, ring, capacity));
	return true;
}

/* Of an skb, beside its text; see waltz_alloc_data_skb(). */
static u32 skb_overhead(void)
{
	return (u32)(roundup_pow_of_two(SKB_DATA_ALIGN(WALTZ_HEADROOM) +
			SKB_DATA_ALIGN(sizeof(struct skb_shared_info))) +
		     SKB_DATA_ALIGN(sizeof(struct sk_buff)));
}

/**
 * waltz_grow_sndbuf() - a send buffer for the congestion window
 * @sk: the socket; its segment size is known
 *
 * Unless the user has set it, or memory is short.
 *
 * Context: socket lock held.
 */
void waltz_grow_sndbuf(struct sock *sk)
{
	const struct waltz_sysctls *s = &waltz_net(sock_net(sk))->sysctls;
	const struct waltz_sock *ws = waltz_sk(sk);
	u32 size;

	waltz_owned_by_me(sk);
	if ((sk->sk_userlocks & SOCK_SNDBUF_LOCK) ||
	    sk_under_memory_pressure(sk))
		return;
	size = waltz_sndbuf(ws->rec.cong.cwnd, ws->mss, skb_overhead(),
			    READ_ONCE(s->wmem[2]));
	if (size > (u32)sk->sk_sndbuf)
		WRITE_ONCE(sk->sk_sndbuf, (int)size);
}

/**
 * waltz_send_begin() - our SYN is acknowledged: the stream begins
 * @sk: the socket; its segment size is known
 *
 * Context: socket lock held, BH off.
 */
void waltz_send_begin(struct sock *sk)
{
	struct waltz_sock *ws = waltz_sk(sk);

	waltz_recovery_init(&ws->rec, ws->rec.cong.ops, ws->mss, ws->iss,
			    ws->sack_ok);
	if (ws->retransmitted)
		waltz_cong_syn_lost(&ws->rec.cong);
	waltz_grow_sndbuf(sk);
	/* A close() that did not wait has sent our FIN already. */
	if (!ws->fin_sent)
		return;
	if (place_for_record(ws)) {
		waltz_recovery_sent(&ws->rec, ws->write_seq, ws->write_seq + 1,
				    NULL, now_us());
	} else {
		ws->fin_sent = false;	/* then it is sent anew */
		ws->snd_nxt = ws->write_seq;
	}
}

/* ---- one segment ---- */

static u32 wnd_end(const struct waltz_sock *ws)
{
	return ws->snd_una + ws->snd_wnd;
}

/* What goes down is a copy; its text is that of the queue. */
static struct sk_buff *copy_of(struct sk_buff *skb)
{
	/* A clone still on its way down shares our headroom. */
	if (unlikely(skb_cloned(skb)))
		return pskb_copy(skb, GFP_ATOMIC | __GFP_NOWARN);
	return skb_clone(skb, GFP_ATOMIC | __GFP_NOWARN);
}

/* @copy: the text from @first to @last, both in the queue, which may be one;
 * NULL: there was no memory for it, and it is as good as lost.
 */
static void send_text(struct sock *sk, struct sk_buff *copy,
		      const struct sk_buff *first, const struct sk_buff *last,
		      bool fin, bool rtx)
{
	struct waltz_sock *ws = waltz_sk(sk);
	struct waltz_hdr h = {
		.seq = WALTZ_CB(first)->seq,
		.ack = ws->rcv_nxt,
		.flags = WALTZ_ACK,
	};

	if (WALTZ_CB(last)->psh || skb_queue_is_last(&sk->sk_write_queue, last))
		h.flags |= WALTZ_PSH;
	if (fin)
		h.flags |= WALTZ_FIN;
	ws->last_sent = jiffies;
	if (likely(copy))
		waltz_transmit(sk, copy, &h, rtx);
}

static void send_fin(struct sock *sk, bool rtx)
{
	struct waltz_sock *ws = waltz_sk(sk);
	struct waltz_hdr h = {
		.seq = ws->write_seq,
		.ack = ws->rcv_nxt,
		.flags = WALTZ_ACK | WALTZ_FIN,
	};

	waltz_send_control(sk, &h, rtx);
}

/* ---- a burst of segments, as one packet (offload.c) ---- */

/**
 * struct burst - new segments that are to go, in a row
 * @first: in the write queue; NULL: none yet
 * @last: likewise
 * @len: bytes of all
 * @max: bytes that may go as one packet
 * @fin: our FIN follows the last
 */
struct burst {
	struct sk_buff *first;
	struct sk_buff *last;
	u32 len;
	u32 max;
	bool fin;
};

/* Add references to an skb's text to a packet. Return: false if there is no
 * room for them; then nothing was added.
 */
static bool add_text(struct sk_buff *to, const struct sk_buff *skb)
{
	const struct skb_shared_info *from = skb_shinfo(skb);
	int i, n = skb_shinfo(to)->nr_frags;
	bool merge;

	if (skb_headlen(skb))
		return false;
	merge = from->nr_frags &&
		skb_can_coalesce(to, n, skb_frag_page(&from->frags[0]),
				 (int)skb_frag_off(&from->frags[0]));
	if (n + from->nr_frags - merge > MAX_SKB_FRAGS)
		return false;
	for (i = 0; i < from->nr_frags; i++) {
		const skb_frag_t *frag = &from->frags[i];

		if (merge) {
			skb_frag_size_add(&skb_shinfo(to)->frags[n - 1],
					  (int)skb_frag_size(frag));
			merge = false;
			continue;
		}
		get_page(skb_frag_page(frag));
		skb_fill_page_desc(to, n++, skb_frag_page(frag),
				   (int)skb_frag_off(frag),
				   (int)skb_frag_size(frag));
	}
	to->len += skb->len;
	to->data_len += skb->len;
	to->truesize += skb->len;
	return true;
}

/* For references to text. */
static struct sk_buff *empty_packet(void)
{
	struct sk_buff *skb = alloc_skb(WALTZ_HEADROOM, GFP_ATOMIC | __GFP_NOWARN);

	if (skb) {
		skb_reserve(skb, WALTZ_HEADROOM);
		skb->ip_summed = CHECKSUM_PARTIAL;
	}
	return skb;
}

/* As many of a burst as have room in one packet. Return: it, with @last set to
 * the last one; NULL: memory is short, or there is room for one alone.
 */
static struct sk_buff *join(struct sock *sk, struct sk_buff *first,
			    struct sk_buff *end, struct sk_buff **last)
{
	struct sk_buff *skb = first, *to = empty_packet();
	unsigned int segs = 0;

	if (!to)
		return NULL;
	while (add_text(to, skb)) {
		segs++;
		*last = skb;
		if (skb == end)
			break;
		skb = skb_queue_next(&sk->sk_write_queue, skb);
	}
	if (segs < 2) {
		__kfree_skb(to);
		return NULL;
	}
	skb_shinfo(to)->gso_size = (u16)first->len;
	skb_shinfo(to)->gso_segs = (u16)segs;
	skb_shinfo(to)->gso_type = sk->sk_gso_type;
	return to;
}

static void send_burst(struct sock *sk, struct burst *b)
{
	struct sk_buff *first = b->first, *last, *packet;

	while (first) {
		packet = NULL;
		if (first != b->last)
			packet = join(sk, first, b->last, &last);
		if (!packet) {
			last = first;
			packet = copy_of(first);
		}
		send_text(sk, packet, first, last, b->fin && last == b->last,
			  false);
		first = last == b->last ? NULL :
		       skb_queue_next(&sk->sk_write_queue, last);
	}
	b->first = NULL;
	b->len = 0;
}

/* All segments of a burst are as long as its first, but for the last. */
static bool fits_burst(const struct burst *b, const struct sk_buff *skb)
{
	return b->first && !b->fin && !WALTZ_CB(b->last)->psh &&
	       b->last->len == b->first->len && skb->len <= b->first->len &&
	       b->len + skb->len <= b->max;
}

static void add_to_burst(struct sock *sk, struct burst *b, struct sk_buff *skb,
			 bool fin)
{
	if (!fits_burst(b, skb)) {
		send_burst(sk, b);
		b->first = skb;
	}
	b->last = skb;
	b->len += skb->len;
	b->fin = fin;
}

/* On the scoreboard, and SND.NXT behind it. There is a place for it; but while
 * our SYN is not acknowledged there is no scoreboard yet.
 */
static void note_sent(struct waltz_sock *ws, u32 seq, u32 end_seq, void *data)
{
	if (ws->syn_acked)
		waltz_recovery_sent(&ws->rec, seq, end_seq, data, now_us());
	ws->snd_nxt = end_seq;
}

/* May our FIN go with this skb's data? It is right behind it, and has room in
 * the window.
 */
static bool fin_follows(const struct waltz_sock *ws, const struct sk_buff *skb)
{
	return ws->fin_queued && !ws->fin_sent &&
	       WALTZ_CB(skb)->end_seq == ws->write_seq &&
	       seq_lt(ws->write_seq, wnd_end(ws));
}

/* The first @len bytes of what was not sent yet become part of a burst. Return:
 * false without memory for what has to be remembered.
 */
static bool send_new(struct sock *sk, u32 len, struct burst *b)
{
	struct waltz_sock *ws = waltz_sk(sk);
	struct sk_buff *skb = ws->send_head;
	bool fin;

	if (!place_for_record(ws) || (len < skb->len && !split(sk, skb, len)))
		return false;
	ws->send_head = next_skb(sk, skb);
	fin = fin_follows(ws, skb);
	ws->fin_sent |= fin;
	/* Without memory for the copy it counts as sent, and lost. */
	add_to_burst(sk, b, skb, fin);
	note_sent(ws, WALTZ_CB(skb)->seq, WALTZ_CB(skb)->end_seq + fin, skb);
	if (skb->len < ws->mss)
		ws->snd_sml = ws->snd_nxt;
	return true;
}

/* Take the part of a record that is acknowledged off its skb. */
static bool trim_acked(struct sock *sk, struct waltz_record *rec)
{
	struct sk_buff *skb = rec->data, *rest;

	rest = split(sk, skb, rec->seq - WALTZ_CB(skb)->seq);
	if (!rest)
		return false;
	rec->data = rest;
	__skb_unlink(skb, &sk->sk_write_queue);
	waltz_free_data_skb(sk, skb);
	return true;
}

/* Cut a record to what the path takes now. There is a place for another one,
 * and the record may move. Return: false without memory.
 */
static bool cut(struct sock *sk, struct waltz_record **recp)
{
	struct waltz_sock *ws = waltz_sk(sk);
	struct waltz_record *rec = *recp;
	struct sk_buff *skb = rec->data, *rest;

	if (seq_lt(WALTZ_CB(skb)->seq, rec->seq)) {
		if (!trim_acked(sk, rec))
			return false;
		skb = rec->data;
		if (skb->len <= ws->mss)
			return true;
	}
	rest = split(sk, skb, ws->mss);
	if (!rest)
		return false;
	waltz_recovery_split(&ws->rec, recp, WALTZ_CB(rest)->seq, rest);
	return true;
}

static bool has_text(const struct waltz_record *rec)
{
	const struct sk_buff *skb = rec->data;

	return skb && seq_lt(rec->seq, WALTZ_CB(skb)->end_seq);
}

static bool too_long(const struct waltz_sock *ws,
		     const struct waltz_record *rec)
{
	const struct sk_buff *skb = rec->data;

	return has_text(rec) && skb->len > ws->mss;
}

/* Counted and traced: it goes again. Why is what recovery.c's state says, for it does
 * not note it record by record.
 */
static void note_again(struct sock *sk, u32 seq, u32 len, bool fin, bool probe)
{
	const struct waltz_recovery *r = &waltz_sk(sk)->rec;
	enum waltz_again_why why = WALTZ_AGAIN_REFUSED;

	/* The first segment, for which the timer runs. */
	if (seq_leq(seq, waltz_sk(sk)->snd_una))
		waltz_sk(sk)->again_len = (u16)len;
	waltz_sk(sk)->retrans_total++;
	WALTZ_INC(waltz_net(sock_net(sk)), RETRANS_SEGS);
	if (!trace_retransmit_enabled())
		return;
	if (probe)
		why = WALTZ_AGAIN_PROBE;
	else if (r->state == WALTZ_CA_LOSS)
		why = len ? WALTZ_AGAIN_RTO : WALTZ_AGAIN_FIN;
	else if (r->state == WALTZ_CA_RECOVERY)
		why = r->sack_ok ? WALTZ_AGAIN_RACK : WALTZ_AGAIN_DUPACK;
	waltz_trace_again(sk, why, seq, len, fin ? WALTZ_FIN : 0);
}

/* The text from @first to @last, in the queue, once more; @copy: it, if these are
 * several.
 */
static void send_text_again(struct sock *sk, struct sk_buff *copy,
			    struct sk_buff *first, struct sk_buff *last,
			    bool fin, bool probe)
{
	u32 seq = WALTZ_CB(first)->seq;

	note_again(sk, seq, WALTZ_CB(last)->end_seq - seq, fin, probe);
	send_text(sk, copy ?: copy_of(first), first, last, fin, true);
}

static bool has_fin(const struct waltz_record *rec)
{
	const struct sk_buff *skb = rec->data;

	return rec->end_seq != WALTZ_CB(skb)->end_seq;
}

/* A record's text and FIN once more. */
static void send_again(struct sock *sk, const struct waltz_record *rec,
		       bool probe)
{
	if (has_text(rec)) {
		send_text_again(sk, NULL, rec->data, rec->data, has_fin(rec),
				probe);
		return;
	}
	note_again(sk, rec->seq, 0, true, probe);
	send_fin(sk, true);
}

/* ---- what may go ---- */

/* RFC 9293 3.7.4, as Minshall and Linux TCP have it: a small segment waits for
 * another small one only. Or the last part of each request that is longer than
 * a segment would wait for a delayed ACK.
 */
static bool small_in_flight(const struct waltz_sock *ws)
{
	return seq_gt(ws->snd_sml, ws->snd_una) &&
	       seq_leq(ws->snd_sml, ws->snd_nxt);
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
	if (!waltz_recovery_allows(&ws->rec, len))
		return 0;
	if (last && len < ws->mss && !ws->fin_queued && !nagle_off) {
		if (ws->cork)
			return 0;
		if (!ws->nodelay && small_in_flight(ws))	/* Nagle */
			return 0;
	}
	return len;
}

/* May the next one that is lost go in a segment with the text before it, from @first
 * to @last?
 */
static bool goes_along(const struct waltz_sock *ws,
		       const struct waltz_record *next,
		       const struct sk_buff *first, const struct sk_buff *last)
{
	const struct sk_buff *skb;

	if (!next || next->seq != WALTZ_CB(last)->end_seq || !has_text(next))
		return false;
	skb = next->data;
	return WALTZ_CB(skb)->end_seq - WALTZ_CB(first)->seq <= ws->mss &&
	       waltz_recovery_allows(&ws->rec, next->end_seq - next->seq);
}

/* What is lost once more, in a segment with what is lost right behind it: however
 * small it was written, it need not go as small again.
 */
static void send_lost(struct sock *sk, struct waltz_record *rec)
{
	struct waltz_sock *ws = waltz_sk(sk);
	struct sk_buff *first = rec->data, *last = first, *to = NULL;
	u64 now = now_us();
	bool fin;

	if (!has_text(rec)) {
		send_again(sk, rec, false);
		waltz_recovery_resent(&ws->rec, rec, now);
		return;
	}
	for (;;) {
		fin = has_fin(rec);
		waltz_recovery_resent(&ws->rec, rec, now);
		rec = waltz_recovery_next(&ws->rec);
		if (fin || !goes_along(ws, rec, first, last))
			break;
		if (!to) {
			to = empty_packet();
			if (!to || !add_text(to, first))
				break;
		}
		if (!add_text(to, rec->data))
			break;
		last = rec->data;
	}
	if (last == first) {
		kfree_skb(to);
		to = NULL;
	}
	send_text_again(sk, to, first, last, fin, false);
}

/* To cut a record moves others: so many at once. ACKs draw the rest. */
#define CUTS_MAX	64

/* What is lost goes first. However small the segments are, no more of them go
 * at once than the window has room for large ones. Return: true when nothing
 * is left of it.
 */
static bool push_lost(struct sock *sk)
{
	struct waltz_sock *ws = waltz_sk(sk);
	u32 budget = max(ws->rec.cong.cwnd / ws->mss, 1u);
	unsigned int cuts = CUTS_MAX;
	struct waltz_record *rec;

	while ((rec = waltz_recovery_next(&ws->rec))) {
		if (!budget-- ||
		    !waltz_recovery_allows(&ws->rec,
					   min_t(u32, rec->end_seq - rec->seq,
						 ws->mss)))
			return false;
		if (too_long(ws, rec)) {
			if (!cuts-- || !place_for_record(ws))
				return false;
			rec = waltz_recovery_next(&ws->rec);
			if (!cut(sk, &rec))
				return false;
		}
		send_lost(sk, rec);
	}
	return true;
}

/* Make the first unsent skb @len bytes long, or more, of those that follow. Return:
 * false: it cannot be; then it may be longer than before, and that is no harm.
 */
static bool gather(struct sock *sk, u32 len)
{
	struct sk_buff *skb = waltz_sk(sk)->send_head, *next;
	int before, delta;
	bool stolen;

	while (skb->len < len) {
		next = next_skb(sk, skb);
		/* MSG_EOR, or it is full. */
		if (!next || WALTZ_CB(skb)->psh)
			return false;
		before = next->truesize;
		if (!skb_try_coalesce(skb, next, &stolen, &delta))
			return false;
		WALTZ_CB(skb)->end_seq = WALTZ_CB(next)->end_seq;
		WALTZ_CB(skb)->psh = WALTZ_CB(next)->psh;
		__skb_unlink(next, &sk->sk_write_queue);
		sk_wmem_queued_add(sk, delta - before);
		sk_mem_uncharge(sk, before - delta);
		kfree_skb_partial(next, stolen);
	}
	return true;
}

/* RFC 4821 7.4: a probe is new data, with enough behind it to show soon whether it
 * was lost, and nothing else is being repaired. It may be larger than what the
 * congestion window has left, once in a while, but not than a part of it.
 */
static void probe_mtu(struct sock *sk)
{
	struct waltz_sock *ws = waltz_sk(sk);
	u16 size = waltz_plpmtu_next(&ws->plpmtu, waltz_most_mss(sk),
				     (u32)ktime_get_seconds());
	struct burst b = { };
	u32 len, need;

	if (!size || ws->rec.state != WALTZ_CA_OPEN ||
	    ws->rec.mtu_probe != WALTZ_MTU_PROBE_NONE)
		return;
	len = waltz_text_of(sk, size);
	need = len + PROBE_FOLLOWERS * ws->mss;
	if (len <= ws->mss || ws->write_seq - ws->snd_nxt < need ||
	    seq_lt(wnd_end(ws), ws->snd_nxt + need) ||
	    ws->rec.cong.cwnd < need ||
	    !waltz_recovery_allows(&ws->rec, ws->mss) ||
	    !gather(sk, len) || !send_new(sk, len, &b))
		return;
	send_burst(sk, &b);
	waltz_recovery_mtu_probe(&ws->rec);
	waltz_plpmtu_sent(&ws->plpmtu, size);
	WALTZ_INC(waltz_net(sock_net(sk)), MTU_PROBES);
}

static void push_new(struct sock *sk, bool nagle_off)
{
	struct waltz_sock *ws = waltz_sk(sk);
	struct burst b = { .max = waltz_burst_max(sk) };
	u32 len;

	if (unlikely(ws->plpmtu.low) && ws->send_head)
		probe_mtu(sk);
	while (ws->send_head) {
		len = sendable(sk, ws->send_head, nagle_off);
		if (!len || !send_new(sk, len, &b))
			break;
	}
	send_burst(sk, &b);
	if (!ws->send_head && ws->fin_queued && !ws->fin_sent &&
	    seq_lt(ws->write_seq, wnd_end(ws)) &&
	    (!ws->syn_acked || place_for_record(ws))) {
		ws->fin_sent = true;
		send_fin(sk, false);
		note_sent(ws, ws->write_seq, ws->write_seq + 1, NULL);
	}
}

/**
 * waltz_can_send_new() - is there unsent data, and room for it?
 * @ws: the socket
 *
 * Context: socket lock held.
 */
bool waltz_can_send_new(const struct waltz_sock *ws)
{
	return ws->send_head &&
	       seq_lt(WALTZ_CB(ws->send_head)->seq, wnd_end(ws));
}

/**
 * waltz_arm_loss_probe() - new data went, or an ACK came: when to probe?
 * @sk: the socket
 *
 * RFC 8985 7.2. The retransmission timer stays armed; a probe that would not
 * be earlier is not needed.
 *
 * Context: socket lock held.
 */
void waltz_arm_loss_probe(struct sock *sk)
{
	struct waltz_sock *ws = waltz_sk(sk);
	u32 rto = waltz_rtt_backoff(&ws->rtt, ws->backoff);
	u32 us = waltz_recovery_probe_after(&ws->rec, ws->rtt.srtt8 / 8, rto,
					    PEER_DELACK_US);

	if (us && us < rto)
		waltz_timer_set(sk, WALTZ_TIMER_LOSS_PROBE,
				usecs_to_jiffies(us));
	else
		waltz_timer_clear(sk, WALTZ_TIMER_LOSS_PROBE);
}

/**
 * waltz_send_loss_probe() - the last ones may be lost, and nothing would tell
 * @sk: the socket
 *
 * RFC 8985 7.3: one segment of new data, or else the last one again.
 *
 * Context: socket lock held, BH off.
 */
void waltz_send_loss_probe(struct sock *sk)
{
	struct waltz_sock *ws = waltz_sk(sk);
	enum waltz_probe what;
	struct waltz_record *rec;
	bool again;

	waltz_owned_by_me(sk);
	waltz_current_mss(sk);
	what = waltz_recovery_probe(&ws->rec, waltz_can_send_new(ws));
	if (what == WALTZ_PROBE_NONE)
		return;
	again = what == WALTZ_PROBE_LAST;
	rec = waltz_board_last(&ws->rec.board);
	if (again) {
		if (too_long(ws, rec))
			return;		/* the timeout cuts it */
		send_again(sk, rec, true);
	} else {
		struct sk_buff *skb = ws->send_head;
		u32 room = wnd_end(ws) - WALTZ_CB(skb)->seq;
		struct burst b = { };

		if (!send_new(sk, min3((u32)skb->len, (u32)ws->mss, room), &b))
			return;
		send_burst(sk, &b);
	}
	waltz_recovery_probe_sent(&ws->rec, again, now_us());
	WALTZ_INC(waltz_net(sock_net(sk)), LOSS_PROBES);
	waltz_arm_retransmit(sk);
}

/**
 * waltz_push() - send what may be sent now
 * @sk: the socket
 * @nagle_off: a small last segment need not wait
 *
 * RFC 9293 3.7.4, 3.8.6; RFC 5681, RFC 6675. Arms the retransmission timer if
 * something is outstanding, and the probe timer if nothing is and something
 * waits.
 *
 * Context: socket lock held, BH off, a synchronised state.
 */
void waltz_push(struct sock *sk, bool nagle_off)
{
	struct waltz_sock *ws = waltz_sk(sk);
	u32 before = ws->snd_nxt;

	waltz_owned_by_me(sk);
	if ((1 << sk->sk_state) & (TCPF_SYN_SENT | TCPF_SYN_RECV | TCPF_CLOSE))
		return;
	if (!ws->send_head && !ws->rec.board.resend &&
	    (!ws->fin_queued || ws->fin_sent))
		return;

	waltz_current_mss(sk);
	if (!waltz_in_flight(ws) &&
	    (u32)jiffies - ws->last_sent > usecs_to_jiffies(ws->rtt.rto))
		waltz_cong_idle(&ws->rec.cong);

	if (push_lost(sk))
		push_new(sk, nagle_off);
	if (unlikely(waltz_recovery_no_new(&ws->rec)))
		push_lost(sk);

	if (waltz_in_flight(ws)) {
		if (waltz_timer_armed(ws, WALTZ_TIMER_PROBE)) {
			waltz_timer_clear(sk, WALTZ_TIMER_PROBE);
			ws->backoff = 0;
			ws->stalled_since = 0;
		}
		if (!waltz_timer_armed(ws, WALTZ_TIMER_RETRANSMIT))
			waltz_arm_retransmit(sk);
		if (ws->snd_nxt != before)
			waltz_arm_loss_probe(sk);
		return;
	}
	/* Nothing outstanding to draw an ACK, and something to send: the
	 * window is shut, or a cork holds it back, which it may do no longer
	 * than this timer runs.
	 */
	if (!waltz_timer_armed(ws, WALTZ_TIMER_PROBE) && !ws->rec.held &&
	    (ws->send_head || (ws->fin_queued && !ws->fin_sent)))
		waltz_timer_set(sk, WALTZ_TIMER_PROBE,
				usecs_to_jiffies(ws->rtt.rto));
}

/**
 * waltz_stream_timeout() - the retransmission timer has expired
 * @sk: the socket; something is outstanding
 *
 * RFC 6298 5.4: the first segment goes again.
 *
 * Context: socket lock held, BH off, our SYN is acknowledged.
 */
void waltz_stream_timeout(struct sock *sk)
{
	struct waltz_sock *ws = waltz_sk(sk);
	enum waltz_recovery_state before = ws->rec.state;

	waltz_owned_by_me(sk);
	waltz_timer_clear(sk, WALTZ_TIMER_REORDER);
	waltz_timer_clear(sk, WALTZ_TIMER_LOSS_PROBE);
	waltz_recovery_timeout(&ws->rec, !ws->backoff, now_us());
	waltz_ecn_reduced(&ws->ecn);
	if (trace_cong_enabled())
		waltz_trace_cong(sk, before, WALTZ_CONG_RTO);
	waltz_mtu_probed(sk);
	waltz_push(sk, false);
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

	waltz_owned_by_me(sk);
	if (waltz_route(sk))
		return;
	dst = __sk_dst_get(sk);
	dst->ops->update_pmtu(dst, sk, NULL, ws->mtu_info, true);
	/* What was learnt has a route of its own. */
	if (waltz_route(sk))
		return;
	waltz_current_mss(sk);
	waltz_push(sk, false);
}
