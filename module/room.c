// SPDX-License-Identifier: GPL-2.0
/*
 * Room in the receive buffer when it is full, at the cost of what came out of
 * order: small segments are copied together; then those furthest ahead go, which
 * the sender still has (RFC 2018 section 8).
 */
#include "memory.h"
#include "waltz.h"

/**
 * waltz_purge_ooo() - forget what came out of order
 * @sk: the socket
 *
 * Context: socket lock held.
 */
void waltz_purge_ooo(struct sock *sk)
{
	struct waltz_sock *ws = waltz_sk(sk);
	struct sk_buff *skb;

	while ((skb = skb_rb_first(&ws->ooo))) {
		rb_erase(&skb->rbnode, &ws->ooo);
		kfree_skb(skb);
	}
	ws->ooo_fresh = 0;
	waltz_sack_rcv_purge(&ws->sack);
}

/* ---- copying together ---- */

/**
 * struct run - segments of the queue that follow each other without a hole
 * @first: the first one
 * @next: the one after the last; NULL: none
 * @end_seq: end of the last one
 * @truesize: what they cost
 * @n: how many
 */
struct run {
	struct sk_buff *first;
	struct sk_buff *next;
	u32 end_seq;
	u32 truesize;
	unsigned int n;
};

/* As many as one skb with a page may hold. */
static void find_run(struct run *run, struct sk_buff *first)
{
	struct sk_buff *skb = first;

	*run = (struct run){
		.first = first,
		.end_seq = WALTZ_CB(first)->seq,
	};
	do {
		if (run->n && (seq_gt(WALTZ_CB(skb)->seq, run->end_seq) ||
			       WALTZ_CB(skb)->end_seq - WALTZ_CB(first)->seq >
			       SKB_MAX_ORDER(0, 0)))
			break;
		/* No two of them have the same end: see insert_ooo(). */
		run->end_seq = WALTZ_CB(skb)->end_seq;
		run->truesize += skb->truesize;
		run->n++;
		skb = skb_rb_next(skb);
	} while (skb);
	run->next = skb;
}

/* All of a run in one skb of its own, with the names and times of the last. Out of
 * memory nothing changes.
 */
static void collapse_run(struct sock *sk, const struct run *run)
{
	u32 seq = WALTZ_CB(run->first)->seq, bytes = run->end_seq - seq;
	struct waltz_sock *ws = waltz_sk(sk);
	struct sk_buff *skb = run->first, *next, *all;

	all = alloc_skb(bytes, GFP_ATOMIC | __GFP_NOWARN);
	if (!all)
		return;
	*WALTZ_CB(all) = (struct waltz_cb){ .seq = seq, .end_seq = seq };
	rb_replace_node(&skb->rbnode, &all->rbnode, &ws->ooo);
	/* A debt, until those that it replaces are gone. */
	skb_set_owner_r(all, sk);
	for (; skb != run->next; skb = next) {
		u32 skip = WALTZ_CB(all)->end_seq - WALTZ_CB(skb)->seq;
		u32 len = WALTZ_CB(skb)->end_seq - WALTZ_CB(all)->end_seq;

		next = skb == run->first ? skb_rb_next(all) : skb_rb_next(skb);
		skb_copy_bits(skb, skip, skb_put(all, len), len);
		WALTZ_CB(all)->end_seq = WALTZ_CB(skb)->end_seq;
		all->tstamp = skb->tstamp;
		if (skb != run->first)
			rb_erase(&skb->rbnode, &ws->ooo);
		kfree_skb(skb);
	}
	this_cpu_add(waltz_net(sock_net(sk))->mib->count[WALTZ_MIB_OOO_COLLAPSED],
		     run->n);
}

/* Where at least half of the cost is saved. It costs as much as is held, so not
 * before a part of the buffer has come anew.
 */
static void collapse(struct sock *sk)
{
	struct waltz_sock *ws = waltz_sk(sk);
	struct sk_buff *skb = skb_rb_first(&ws->ooo);
	struct run run;

	for (; skb; skb = run.next) {
		find_run(&run, skb);
		if (run.n > 1 && run.truesize >=
		    2 * SKB_TRUESIZE(run.end_seq - WALTZ_CB(skb)->seq))
			collapse_run(sk, &run);
	}
	ws->ooo_fresh = 0;
}

/* ---- throwing away ---- */

/* What is furthest ahead, if that is ahead of @seq. Return: false: nothing is. */
static bool prune(struct sock *sk, u32 seq)
{
	struct waltz_sock *ws = waltz_sk(sk);
	struct sk_buff *skb = skb_rb_last(&ws->ooo), *before;
	u32 from;

	if (!skb || seq_leq(WALTZ_CB(skb)->seq, seq))
		return false;
	from = WALTZ_CB(skb)->seq;
	before = skb_rb_prev(skb);
	if (before)
		from = seq_max(from, WALTZ_CB(before)->end_seq);
	waltz_sack_rcv_cut(&ws->sack, from);
	rb_erase(&skb->rbnode, &ws->ooo);
	kfree_skb(skb);
	WALTZ_INC(waltz_net(sock_net(sk)), OOO_PRUNED);
	return true;
}

/**
 * waltz_make_room() - the receive buffer is full
 * @sk: the socket
 * @seq: of the text that wants to get in
 * @limit: what may be charged before it comes
 *
 * Context: socket lock held.
 * Return: true: there is room.
 */
bool waltz_make_room(struct sock *sk, u32 seq, int limit)
{
	waltz_owned_by_me(sk);
	if (waltz_sk(sk)->ooo_fresh >= (u32)waltz_wasteful_share(sk))
		collapse(sk);
	while (atomic_read(&sk->sk_rmem_alloc) > limit)
		if (!prune(sk, seq))
			return false;
	return true;
}

/**
 * waltz_find_memory() - memory for a segment's text
 * @sk: the socket
 * @skb: the segment
 * @seq: of its text
 *
 * Context: socket lock held.
 * Return: true: there is.
 */
bool waltz_find_memory(struct sock *sk, struct sk_buff *skb, u32 seq)
{
	waltz_owned_by_me(sk);
	while (!waltz_rmem_schedule(sk, skb))
		if (!prune(sk, seq))
			return false;
	return true;
}
