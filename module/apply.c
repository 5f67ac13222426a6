// SPDX-License-Identifier: GPL-2.0
/*
 * The only writer of sk_state. An event is looked up in the table of fsm.c;
 * its entry is counted, traced, and its actions are carried out, in the order
 * fsm.h lists them.
 */
#include <net/tcp_states.h>

#include "diag.h"
#include "request.h"
#include "timewait.h"
#include "trace.h"
#include "waltz.h"

#define SAME(ours, tcps)	static_assert((int)(ours) == (int)(tcps))
SAME(WALTZ_ESTABLISHED, TCP_ESTABLISHED);
SAME(WALTZ_SYN_SENT, TCP_SYN_SENT);
SAME(WALTZ_SYN_RECV, TCP_SYN_RECV);
SAME(WALTZ_FIN_WAIT1, TCP_FIN_WAIT1);
SAME(WALTZ_FIN_WAIT2, TCP_FIN_WAIT2);
SAME(WALTZ_TIME_WAIT, TCP_TIME_WAIT);
SAME(WALTZ_CLOSED, TCP_CLOSE);
SAME(WALTZ_CLOSE_WAIT, TCP_CLOSE_WAIT);
SAME(WALTZ_LAST_ACK, TCP_LAST_ACK);
SAME(WALTZ_LISTEN, TCP_LISTEN);
SAME(WALTZ_CLOSING, TCP_CLOSING);
SAME(WALTZ_HALF_OPEN, TCP_NEW_SYN_RECV);
#undef SAME

static void count_and_trace(const struct waltz_key *key,
			    const struct sock *sk,
			    const struct waltz_transition *t,
			    const struct waltz_seg *seg)
{
	this_cpu_inc(waltz_net(key->net)->transitions->count[waltz_transition_id(t)]);
	trace_state(key, sk, t, seg);
}

static const struct waltz_transition *
look_up(struct waltz_net *wn, unsigned int state, enum waltz_event event)
{
	const struct waltz_transition *t = waltz_fsm(state, event);

	if (unlikely(!t)) {
		WALTZ_INC(wn, FSM_ILLEGAL);
		WARN_ONCE(1, "waltz: no transition for %s in %s\n",
			  waltz_event_name(event), waltz_state_name(state));
	}
	return t;
}

/* A record's states are no states of a socket: the socket is closed. */
static void set_state(struct sock *sk, unsigned int next, u32 actions)
{
	if (actions & WALTZ_ACT(TO_RECORD))
		next = WALTZ_CLOSED;
	if (sk->sk_state == TCP_LISTEN) {
		struct waltz_listener *l;

		/* Nobody adds to the lists after this. */
		l = rcu_dereference_protected(waltz_sk(sk)->listener,
					      lockdep_sock_is_held(sk));
		spin_lock_bh(&l->lock);
		inet_sk_set_state(sk, next);
		spin_unlock_bh(&l->lock);
		return;
	}
	inet_sk_set_state(sk, next);
}

static void set_error(struct sock *sk, unsigned int old, u32 actions)
{
	int err;

	if (actions & WALTZ_ACT(REFUSED))
		err = ECONNREFUSED;
	else if (actions & WALTZ_ACT(RESET))
		err = old == WALTZ_CLOSE_WAIT ? EPIPE : ECONNRESET;
	else if (actions & WALTZ_ACT(TIMED_OUT))
		err = READ_ONCE(sk->sk_err_soft) ?: ETIMEDOUT;
	else
		return;
	WRITE_ONCE(sk->sk_err, err);
	/* Pairs with the barrier of waltz_poll(). */
	smp_wmb();
}

/* RFC 9293 3.6.1: what must be remembered, for 2MSL. */
static void to_record(struct sock *sk, const struct waltz_key *key,
		      unsigned int next)
{
	struct waltz_net *wn = waltz_net(sock_net(sk));
	const struct waltz_sock *ws = waltz_sk(sk);
	bool fin_wait2 = next == WALTZ_FIN_WAIT2;
	struct waltz_tw_info info = {
		.view = {
			.snd_nxt = ws->snd_nxt,
			.rcv_nxt = ws->rcv_nxt,
			.ts_recent = ws->ts_recent,
			.has_ts = ws->ts_ok,
			.fin_wait2 = fin_wait2,
		},
		.reuseaddr = sk->sk_reuse,
		.reuseport = sk->sk_reuseport,
		.dif = key->dif,
	};

	if (!fin_wait2)
		info.left_ms = READ_ONCE(wn->sysctls.time_wait_ms);
	else if (ws->linger2 < 0)
		return;	/* its owner wants no FIN_WAIT2: as if that had ended */
	else if (ws->linger2)
		info.left_ms = ws->linger2 * MSEC_PER_SEC;
	else
		info.left_ms = READ_ONCE(wn->sysctls.fin_timeout_ms);
	/* Without memory the connection ends unprotected; counted there. */
	waltz_tw_insert(wn, key, &info);
}

/**
 * waltz_synchronised() - both sides agree: the stream begins
 * @sk: the socket, in its new state
 *
 * The action of that name; called for a child once it is in its table.
 *
 * Context: socket lock held, BH off.
 */
void waltz_synchronised(struct sock *sk)
{
	struct waltz_sock *ws = waltz_sk(sk);

	/* A child has no route yet. Without one the segments are small. */
	if (!waltz_route(sk))
		waltz_current_mss(sk);
	else
		waltz_sync_mss(sk, WALTZ_PMTU_DEFAULT);
	if (!ws->adv_mss && __sk_dst_get(sk))
		ws->adv_mss = (u16)waltz_advertised_mss(__sk_dst_get(sk),
							ws->user_mss);
	waltz_mtu_begin(sk);
	if (ws->retransmitted)
		waltz_rtt_syn_lost(&ws->rtt);
	waltz_send_begin(sk);
	if (ws->ecn.ect)
		WALTZ_INC(waltz_net(sock_net(sk)), ECN_OPENS);
	ws->backoff = 0;
	ws->retransmitted = false;
	ws->stalled_since = 0;
	ws->last_rcvd = jiffies;
	ws->last_text = jiffies;
	if (waltz_in_flight(ws))
		waltz_arm_retransmit(sk);
	else
		waltz_timer_clear(sk, WALTZ_TIMER_RETRANSMIT);
	ws->rcv_mss = WALTZ_MSS_DEFAULT;
	ws->quickacks = WALTZ_QUICKACKS;
	waltz_rcv_tune_init(&ws->rcv_tune, ws->copied_seq, ws->rcv_wnd,
			    ws->mss, waltz_now_us_low());
	if (sock_flag(sk, SOCK_KEEPOPEN))
		waltz_timer_set(sk, WALTZ_TIMER_KEEPALIVE,
				waltz_keepalive_idle(sk));
}

static void take_fin(struct sock *sk)
{
	struct waltz_sock *ws = waltz_sk(sk);

	ws->rcv_nxt = ws->rcv_fin_seq + 1;
	WRITE_ONCE(sk->sk_shutdown, sk->sk_shutdown | RCV_SHUTDOWN);
	sock_set_flag(sk, SOCK_DONE);
}

/* SIGIO says as much as TCP's does: that a connection is open, or a FIN. */
static void notify(struct sock *sk, unsigned int old, u32 actions)
{
	if (sock_flag(sk, SOCK_DEAD))
		return;
	if (sk->sk_err)
		sk_error_report(sk);
	sk->sk_state_change(sk);
	if (old == WALTZ_SYN_SENT && sk->sk_state == TCP_ESTABLISHED)
		sk_wake_async(sk, SOCK_WAKE_IO, POLL_OUT);
	if (!(actions & WALTZ_ACT(TAKE_FIN)))
		return;
	/* Half-closed is half readable, closed is all. */
	if (sk->sk_shutdown == SHUTDOWN_MASK || sk->sk_state == TCP_CLOSE)
		sk_wake_async(sk, SOCK_WAKE_WAITD, POLL_HUP);
	else
		sk_wake_async(sk, SOCK_WAKE_WAITD, POLL_IN);
}

static void done(struct sock *sk, unsigned int old)
{
	waltz_timers_stop(sk);
	waltz_unhash(sk);
	if (!(sk->sk_userlocks & SOCK_BINDPORT_LOCK))
		waltz_put_port(sk);
	WRITE_ONCE(sk->sk_shutdown, SHUTDOWN_MASK);
	if (old == WALTZ_LISTEN)
		waltz_listener_stop(sk);
}

/**
 * waltz_event() - something happened to a socket
 * @sk: the socket
 * @event: what
 * @seg: the segment it came with, for the trace; NULL: none
 *
 * RFC 9293 section 3.10, as far as state is concerned. A socket without an
 * owner that reaches CLOSED is destroyed: the caller holds a reference.
 *
 * Context: socket lock held, and BH off.
 * Return: 0, or -EINVAL when the table has no such entry (a bug, and counted).
 */
int waltz_event(struct sock *sk, enum waltz_event event,
		const struct waltz_seg *seg)
{
	unsigned int old = sk->sk_state;
	const struct waltz_transition *t;
	struct waltz_key key;
	u32 acts;

	waltz_owned_by_me(sk);
	t = look_up(waltz_net(sock_net(sk)), old, event);
	if (!t)
		return -EINVAL;
	acts = t->actions;
	waltz_sock_key(&key, sk);
	count_and_trace(&key, sk, t, seg);

	if (acts & WALTZ_ACT(TAKE_FIN))
		take_fin(sk);
	if (acts & WALTZ_ACT(TO_RECORD)) {
		/* The ACK goes while the socket knows how; the record is in
		 * its table before the socket leaves its own.
		 */
		if (acts & WALTZ_ACT(SEND_ACK))
			waltz_send_ack(sk);
		to_record(sk, &key, t->next);
		acts &= ~WALTZ_ACT(SEND_ACK);
	}
	/* A reset speaks of the state before. */
	if (acts & WALTZ_ACT(SEND_RST))
		waltz_send_reset(sk);

	set_error(sk, old, acts);
	if (t->next != old || (acts & WALTZ_ACT(TO_RECORD)))
		set_state(sk, t->next, acts);

	if (acts & WALTZ_ACT(SYNCHRONISED))
		waltz_synchronised(sk);
	if (acts & WALTZ_ACT(SEND_SYN))
		waltz_send_syn(sk);
	if (acts & WALTZ_ACT(SEND_SYN_ACK))
		waltz_send_syn_ack(sk);
	if (acts & WALTZ_ACT(SEND_ACK))
		waltz_send_ack(sk);
	if (acts & WALTZ_ACT(QUEUE_FIN)) {
		waltz_sk(sk)->fin_queued = true;
		waltz_push(sk, true);
	}
	if (acts & WALTZ_ACT(CLEAR))
		waltz_purge_write_queue(sk);
	if (acts & WALTZ_ACT(DONE))
		done(sk, old);
	if (acts & WALTZ_ACT(TO_RECORD))
		waltz_connect_kept(&key);
	if (acts & WALTZ_ACT(NOTIFY))
		notify(sk, old, acts);
	if ((acts & WALTZ_ACT(DONE)) && sock_flag(sk, SOCK_DEAD))
		waltz_destroy(sk);
	return 0;
}

/**
 * waltz_record_event() - something happened to a record
 * @key: the connection's names
 * @state: the record's state
 * @event: what happened
 * @seg: the segment it came with, or NULL
 *
 * Counts and traces; what the entry's actions ask for is done by the table
 * the record lies in.
 *
 * Context: any.
 * Return: the entry, or NULL.
 */
const struct waltz_transition *
waltz_record_event(const struct waltz_key *key, unsigned int state,
		   enum waltz_event event, const struct waltz_seg *seg)
{
	const struct waltz_transition *t;

	t = look_up(waltz_net(key->net), state, event);
	if (t)
		count_and_trace(key, NULL, t, seg);
	return t;
}

/**
 * waltz_child_event() - a handshake is complete and has a socket
 * @child: the socket, locked, in no queue yet
 * @key: its names
 * @from: HALF_OPEN, a record; or LISTEN: the peer kept it, as a SYN cookie
 * @seg: the ACK of our SYN
 *
 * waltz_synchronised() follows, without the bucket's lock.
 *
 * Context: softirq, request bucket's lock held if there was a record.
 */
void waltz_child_event(struct sock *child, const struct waltz_key *key,
		       enum waltz_state from, const struct waltz_seg *seg)
{
	const struct waltz_transition *t;

	t = look_up(waltz_net(key->net), from, WALTZ_EV_RCV_ACK_OF_SYN);
	if (!t)
		return;
	count_and_trace(key, child, t, seg);
	inet_sk_set_state(child, t->next);
}

/**
 * waltz_destroy() - nobody owns the socket and nobody hears from it
 * @sk: the socket: CLOSED, SOCK_DEAD, in no table
 *
 * Gives back what it holds, and the reference that its creation took. The
 * memory goes a grace period later.
 *
 * Context: any; socket lock held, or nobody else can know it.
 */
void waltz_destroy(struct sock *sk)
{
	struct waltz_sock *ws = waltz_sk(sk);

	WARN_ON_ONCE(sk->sk_state != TCP_CLOSE);
	WARN_ON_ONCE(!sock_flag(sk, SOCK_DEAD));
	waltz_diag_destroyed(sk);
	waltz_timers_stop(sk);
	waltz_unhash(sk);
	waltz_put_port(sk);
	if (ws->orphan) {
		ws->orphan = false;
		atomic_dec(&waltz_net(sock_net(sk))->orphans);
	}
	waltz_purge_write_queue(sk);
	waltz_purge_ooo(sk);
	sk_stream_kill_queues(sk);
	sock_put(sk);
}
