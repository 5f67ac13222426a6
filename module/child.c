// SPDX-License-Identifier: GPL-2.0
/*
 * A listener's child: from the segment that completes the handshake to the
 * accept queue. Whoever kept the handshake (a half-open record, or the peer, by
 * a SYN cookie) puts the child into its table in between.
 */
#include "child.h"
#include "request.h"
#include "trace.h"

/**
 * waltz_syn_window() - the window of a SYN-ACK, bytes
 * @listener: who the SYN was for
 *
 * No data is asked for before there is a socket, so it is what the listener's
 * buffer gives; in a SYN-ACK it is not scaled (RFC 7323 2.2).
 */
u32 waltz_syn_window(const struct sock *listener)
{
	u32 clamp = READ_ONCE(waltz_sk(listener)->window_clamp) ?: 65535;

	return min3((u32)READ_ONCE(listener->sk_rcvbuf) / 2, clamp, 65535u);
}

/* The child's side of what the handshake agreed. Context: child locked. */
static void take_handshake(struct sock *child, const struct waltz_key *key,
			   const struct waltz_handshake *hs,
			   const struct waltz_seg *seg)
{
	struct waltz_sock *ws = waltz_sk(child);
	struct inet_sock *inet = inet_sk(child);

	inet->inet_num = ntohs(key->lport);
	inet->inet_sport = key->lport;
	inet->inet_dport = key->rport;
	inet->inet_rcv_saddr = key->laddr;
	inet->inet_saddr = key->laddr;
	inet->inet_daddr = key->raddr;

	ws->iss = hs->iss;
	ws->snd_una = hs->iss + 1;
	ws->syn_acked = true;
	ws->snd_nxt = hs->iss + 1;
	ws->snd_sml = hs->iss + 1;
	ws->write_seq = hs->iss + 1;
	ws->irs = hs->irs;
	ws->rcv_nxt = hs->irs + 1;
	ws->rcv_wup = hs->irs + 1;
	ws->copied_seq = hs->irs + 1;
	ws->peer_mss = hs->mss;
	ws->ts_ok = hs->opts & WALTZ_OPT_TS;
	ws->ts_recent = hs->ts_recent;
	ws->ts_recent_sec = (u32)ktime_get_seconds();
	ws->ts_offset = hs->ts_offset;
	ws->sack_ok = hs->opts & WALTZ_OPT_SACK_OK;
	ws->wscale_ok = hs->opts & WALTZ_OPT_WSCALE;
	if (hs->ecn)
		waltz_ecn_accepted(&ws->ecn);
	ws->snd_wscale = hs->snd_wscale;
	ws->rcv_wscale = hs->rcv_wscale;
	ws->snd_wnd = (u32)seg->wnd << ws->snd_wscale;
	ws->max_wnd = ws->snd_wnd;
	ws->snd_wl1 = seg->seq;
}

/**
 * waltz_child_create() - a socket for a handshake that is complete
 * @listener: whose child it is
 * @key: its names
 * @hs: what was agreed
 * @seg: the ACK of our SYN
 *
 * It shares the listener's port and is in no table yet.
 *
 * Context: softirq, RCU read lock held, no locks.
 * Return: the child, locked, with a reference for the caller beside that of
 * its creation; NULL: out of memory.
 */
struct sock *waltz_child_create(struct sock *listener,
				const struct waltz_key *key,
				const struct waltz_handshake *hs,
				const struct waltz_seg *seg)
{
	struct sock *child = sk_clone_lock(listener, GFP_ATOMIC);

	if (!child)
		return NULL;
	waltz_init_child(child);
	take_handshake(child, key, hs, seg);
	waltz_sk(child)->rcv_wnd = waltz_syn_window(listener);
	waltz_sk(child)->rcv_adv = waltz_rcv_wnd_end(waltz_sk(child));
	if (waltz_inherit_port(listener, child)) {
		waltz_child_discard(child);
		return NULL;
	}
	return child;
}

/**
 * waltz_child_discard() - somebody else was quicker
 * @child: of waltz_child_create(), in no table
 *
 * Context: softirq, child locked; unlocks it and gives back both references.
 */
void waltz_child_discard(struct sock *child)
{
	__acquire(&child->sk_lock.slock);	/* sk_clone_lock() did */
	sock_set_flag(child, SOCK_DEAD);
	bh_unlock_sock(child);
	waltz_destroy(child);
	sock_put(child);	/* sk_clone_lock() gave two */
}

/* Return: false when the listener has gone meanwhile. */
static bool enqueue(struct sock *listener, struct sock *child)
{
	struct waltz_listener *l;
	bool alive;

	l = rcu_dereference(waltz_sk(listener)->listener);
	spin_lock(&l->lock);
	alive = listener->sk_state == TCP_LISTEN;
	if (alive) {
		list_add_tail(&waltz_sk(child)->accept_node, &l->accept);
		sk_acceptq_added(listener);
		if (trace_accept_queue_enabled())
			waltz_trace_queue(listener, child,
					  WALTZ_QUEUE_ENQUEUED);
	}
	spin_unlock(&l->lock);
	return alive;
}

/**
 * waltz_child_start() - the child is in its table: the stream begins
 * @listener: whose accept queue it joins
 * @child: ESTABLISHED, in the table
 *
 * Context: softirq, RCU read lock held, child locked, no other locks.
 * Return: the child, still locked, with the caller's reference; NULL when the
 * listener has gone: then the child has been reset, and is unlocked and put.
 */
struct sock *waltz_child_start(struct sock *listener, struct sock *child)
{
	WALTZ_INC(waltz_net(sock_net(child)), PASSIVE_OPENS);
	waltz_synchronised(child);
	if (enqueue(listener, child)) {
		listener->sk_data_ready(listener);
		return child;
	}
	__acquire(&child->sk_lock.slock);
	sock_set_flag(child, SOCK_DEAD);
	waltz_event(child, WALTZ_EV_USER_ABORT, NULL);
	bh_unlock_sock(child);
	sock_put(child);
	return NULL;
}
