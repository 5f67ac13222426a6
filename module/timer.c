// SPDX-License-Identifier: GPL-2.0
/*
 * One timer for each socket, several deadlines: sk_timer is due at the first
 * of them. A deadline that moves away does not touch the timer; it finds out
 * when it fires too early.
 *
 * A reference to the socket is held while sk_timer is pending.
 */
#include "memory.h"
#include "trace.h"
#include "waltz.h"

/* Jiffies until a deadline; 0 or less: it is due. None is further than half of
 * 32 bits.
 */
static long left_until(u32 deadline)
{
	return (s32)(deadline - (u32)jiffies);
}

static unsigned long next_deadline(const struct waltz_sock *ws)
{
	long next = LONG_MAX;
	unsigned int i;

	for (i = 0; i < WALTZ_TIMERS; i++)
		if (waltz_timer_armed(ws, i))
			next = min(next, left_until(ws->deadline[i]));
	return jiffies + next;
}

/**
 * waltz_timer_set() - arm a deadline, or move it
 * @sk: the socket
 * @timer: which
 * @delay: jiffies from now
 *
 * Context: socket lock held.
 */
void waltz_timer_set(struct sock *sk, enum waltz_timer timer,
		     unsigned long delay)
{
	struct waltz_sock *ws = waltz_sk(sk);

	waltz_owned_by_me(sk);
	ws->deadline[timer] = (u32)(jiffies + delay);
	ws->timers |= BIT(timer);
	if (!timer_pending(&sk->sk_timer) ||
	    time_before(jiffies + delay, sk->sk_timer.expires))
		sk_reset_timer(sk, &sk->sk_timer, jiffies + delay);
}

/**
 * waltz_timer_clear() - disarm a deadline
 * @sk: the socket
 * @timer: which
 *
 * Context: socket lock held.
 */
void waltz_timer_clear(struct sock *sk, enum waltz_timer timer)
{
	waltz_sk(sk)->timers &= ~BIT(timer);
}

/**
 * waltz_timers_stop() - disarm all
 * @sk: the socket
 *
 * Context: socket lock held.
 */
void waltz_timers_stop(struct sock *sk)
{
	waltz_sk(sk)->timers = 0;
	sk_stop_timer(sk, &sk->sk_timer);
}

/**
 * waltz_arm_retransmit() - the retransmission timer, with its back-off
 * @sk: the socket
 *
 * RFC 6298 5.1, 5.3 and 5.5.
 *
 * Context: socket lock held.
 */
void waltz_arm_retransmit(struct sock *sk)
{
	struct waltz_sock *ws = waltz_sk(sk);
	u32 rto = waltz_rtt_backoff(&ws->rtt, ws->backoff);
	unsigned long delay = usecs_to_jiffies(rto);

	/* Not later than the user wants to know. */
	if (ws->user_timeout && ws->stalled_since) {
		unsigned long limit = msecs_to_jiffies(ws->user_timeout);
		u32 stalled = (u32)jiffies - ws->stalled_since;

		delay = stalled < limit ? min(delay, limit - stalled) : 1;
	}
	waltz_timer_set(sk, WALTZ_TIMER_RETRANSMIT, delay);
}

/**
 * waltz_keepalive_idle() - jiffies of silence before the first keepalive
 * @sk: the socket
 */
unsigned long waltz_keepalive_idle(const struct sock *sk)
{
	const struct waltz_sysctls *s = &waltz_net(sock_net(sk))->sysctls;
	int idle = waltz_sk(sk)->keepalive_time ?: READ_ONCE(s->keepalive_time);

	return (unsigned long)idle * HZ;
}

static bool user_timeout_over(const struct waltz_sock *ws)
{
	return ws->user_timeout && ws->stalled_since &&
	       (u32)jiffies - ws->stalled_since >=
	       msecs_to_jiffies(ws->user_timeout);
}

/* RFC 9293 3.8.3: sent again so often, IP is told that its route may be dead. */
#define R1	3

/* R2 (RFC 9293 3.8.3), or the user's own. */
static bool give_up(const struct sock *sk, unsigned int tries)
{
	const struct waltz_sysctls *s = &waltz_net(sock_net(sk))->sysctls;
	const struct waltz_sock *ws = waltz_sk(sk);
	int limit;

	if ((1 << sk->sk_state) & (TCPF_SYN_SENT | TCPF_SYN_RECV))
		limit = ws->syn_retries ?: READ_ONCE(s->syn_retries);
	else if (sock_flag(sk, SOCK_DEAD))
		limit = READ_ONCE(s->orphan_retries);
	else
		limit = ws->user_timeout ? INT_MAX : READ_ONCE(s->retries);
	return (int)tries >= limit || user_timeout_over(ws);
}

static void time_out(struct sock *sk)
{
	WALTZ_INC(waltz_net(sock_net(sk)), ABORT_TIMEOUT);
	waltz_event(sk, WALTZ_EV_TIMEOUT, NULL);
}

/* RFC 9293 3.8.6, SHLD-17: the peer took back the room for what is outstanding,
 * but it is there and says so. Retransmissions are probes then, which have no
 * end for a socket that has an owner.
 */
static bool window_withdrawn(const struct sock *sk)
{
	const struct waltz_sock *ws = waltz_sk(sk);

	return !ws->snd_wnd && !sock_flag(sk, SOCK_DEAD) &&
	       !((1 << sk->sk_state) & (TCPF_SYN_SENT | TCPF_SYN_RECV)) &&
	       !user_timeout_over(ws) &&
	       (u32)jiffies - ws->last_rcvd <
	       2 * usecs_to_jiffies(WALTZ_RTO_MAX_US);
}

/* A socket without an owner that nobody answers, when there are too many of them
 * or memory is short. Return: true: it is gone.
 */
static bool let_go(struct sock *sk)
{
	const struct waltz_sock *ws = waltz_sk(sk);
	unsigned int shift = 0;

	if (!sock_flag(sk, SOCK_DEAD))
		return false;
	/* Twice as soon where nothing more is to be expected. */
	if ((u32)jiffies - ws->last_rcvd >
	    2 * usecs_to_jiffies(WALTZ_RTO_MAX_US))
		shift++;
	if (READ_ONCE(sk->sk_err_soft))
		shift++;
	if (!waltz_must_go(sk, shift))
		return false;
	WALTZ_INC(waltz_net(sock_net(sk)), ABORT_ORPHAN);
	waltz_event(sk, WALTZ_EV_USER_ABORT, NULL);
	return true;
}

/* RFC 6298 5.4 to 5.7. */
static void retransmit_timeout(struct sock *sk)
{
	struct waltz_net *wn = waltz_net(sock_net(sk));
	struct waltz_sock *ws = waltz_sk(sk);

	if (!waltz_in_flight(ws)) {
		/* RFC 3168 6.1.2 */
		if (waltz_recovery_release(&ws->rec))
			waltz_push(sk, false);
		return;
	}
	if (!ws->stalled_since)
		ws->stalled_since = (u32)jiffies ?: 1;
	if (give_up(sk, ws->backoff) && !window_withdrawn(sk)) {
		time_out(sk);
		return;
	}
	if (let_go(sk))
		return;
	WALTZ_INC(wn, RETRANS_TIMEOUT);
	if (ws->backoff >= R1)
		dst_negative_advice(sk);
	if (!ws->syn_acked) {
		WALTZ_INC(wn, RETRANS_SYN);
		ws->retransmitted = true;
		waltz_retransmit_syn(sk);
	} else {
		if (ws->backoff >= R1)
			waltz_mtu_black_hole(sk);
		waltz_stream_timeout(sk);
	}
	if (ws->backoff < 255)
		ws->backoff++;
	waltz_arm_retransmit(sk);
}

/* RFC 8985 6.2, step 5: what was late is lost now. */
static void reorder_timeout(struct sock *sk)
{
	struct waltz_sock *ws = waltz_sk(sk);
	enum waltz_recovery_state before = ws->rec.state;
	u32 ssthresh = ws->rec.cong.ssthresh, us;

	us = waltz_recovery_reorder(&ws->rec, (u64)ktime_to_us(ktime_get()));
	waltz_mtu_probed(sk);
	if (trace_cong_enabled())
		waltz_trace_cong(sk, before, WALTZ_CONG_LOST);
	if (waltz_recovery_active(&ws->rec) && before < WALTZ_CA_RECOVERY)
		WALTZ_INC(waltz_net(sock_net(sk)), RETRANS_FAST);
	if (ws->rec.cong.ssthresh < ssthresh)
		waltz_ecn_reduced(&ws->ecn);
	if (us)
		waltz_timer_set(sk, WALTZ_TIMER_REORDER, usecs_to_jiffies(us));
	waltz_push(sk, false);
}

/* RFC 9293 3.8.6.1: the peer's window is shut, and the segment that opens it
 * may be lost.
 */
static void probe_timeout(struct sock *sk)
{
	const struct waltz_sysctls *s = &waltz_net(sock_net(sk))->sysctls;
	struct waltz_sock *ws = waltz_sk(sk);

	if (waltz_in_flight(ws) ||
	    (!ws->send_head && (!ws->fin_queued || ws->fin_sent))) {
		ws->probes_sent = 0;
		return;
	}
	if (!ws->send_head || seq_lt(WALTZ_CB(ws->send_head)->seq,
				     ws->snd_una + ws->snd_wnd)) {
		bool cork = ws->cork;

		/* Room there is: it was a cork, and time is up. */
		ws->cork = false;
		waltz_push(sk, true);
		ws->cork = cork;
		if (waltz_in_flight(ws))
			return;
	}
	if (!ws->stalled_since)
		ws->stalled_since = (u32)jiffies ?: 1;
	/* A peer that answers keeps its window shut as long as it likes, but
	 * not that of a socket nobody owns.
	 */
	if (user_timeout_over(ws) ||
	    ws->probes_sent >= READ_ONCE(s->retries) ||
	    (sock_flag(sk, SOCK_DEAD) &&
	     ws->backoff >= READ_ONCE(s->orphan_retries))) {
		time_out(sk);
		return;
	}
	if (let_go(sk))
		return;
	waltz_send_probe(sk, false);
	if (ws->probes_sent < 255)
		ws->probes_sent++;
	if (ws->backoff < 255)
		ws->backoff++;
	waltz_timer_set(sk, WALTZ_TIMER_PROBE,
			usecs_to_jiffies(waltz_rtt_backoff(&ws->rtt,
							   ws->backoff)));
}

static void delack_timeout(struct sock *sk)
{
	struct waltz_sock *ws = waltz_sk(sk);

	if (!ws->ack_pending)
		return;
	WALTZ_INC(waltz_net(sock_net(sk)), DELAYED_ACKS);
	waltz_send_ack(sk);
}

/* RFC 9293 3.8.4: only asked for, and only after long silence. */
static void keepalive_timeout(struct sock *sk)
{
	const struct waltz_sysctls *s = &waltz_net(sock_net(sk))->sysctls;
	struct waltz_sock *ws = waltz_sk(sk);
	unsigned long idle = waltz_keepalive_idle(sk);
	unsigned long quiet = (u32)jiffies - ws->last_rcvd;
	int limit = ws->keepalive_probes ?: READ_ONCE(s->keepalive_probes);

	if (!sock_flag(sk, SOCK_KEEPOPEN) || sk->sk_state == TCP_SYN_SENT)
		return;
	/* What is outstanding asks the same question. */
	if (waltz_in_flight(ws) || ws->send_head) {
		waltz_timer_set(sk, WALTZ_TIMER_KEEPALIVE, idle);
		return;
	}
	if (quiet < idle) {
		waltz_timer_set(sk, WALTZ_TIMER_KEEPALIVE, idle - quiet);
		return;
	}
	if (ws->user_timeout ?
	    ws->probes_sent && quiet >= msecs_to_jiffies(ws->user_timeout) :
	    ws->probes_sent >= limit) {
		waltz_send_reset(sk);
		time_out(sk);
		return;
	}
	waltz_send_probe(sk, true);
	ws->probes_sent++;
	waltz_timer_set(sk, WALTZ_TIMER_KEEPALIVE, (unsigned long)HZ *
			(ws->keepalive_intvl ?: READ_ONCE(s->keepalive_intvl)));
}

/**
 * waltz_timers_run() - do what is due
 * @sk: the socket
 *
 * Context: socket lock held, BH off; the caller holds a reference.
 */
void waltz_timers_run(struct sock *sk)
{
	static void (* const handlers[WALTZ_TIMERS])(struct sock *sk) = {
		[WALTZ_TIMER_RETRANSMIT] = retransmit_timeout,
		[WALTZ_TIMER_REORDER] = reorder_timeout,
		[WALTZ_TIMER_LOSS_PROBE] = waltz_send_loss_probe,
		[WALTZ_TIMER_PROBE] = probe_timeout,
		[WALTZ_TIMER_DELACK] = delack_timeout,
		[WALTZ_TIMER_KEEPALIVE] = keepalive_timeout,
	};
	struct waltz_sock *ws = waltz_sk(sk);
	unsigned int i;

	waltz_owned_by_me(sk);
	for (i = 0; i < WALTZ_TIMERS; i++) {
		if (!waltz_timer_armed(ws, i) ||
		    left_until(ws->deadline[i]) > 0)
			continue;
		waltz_timer_clear(sk, i);
		handlers[i](sk);
		if (sk->sk_state == TCP_CLOSE)
			return;
	}
	if (ws->timers)
		sk_reset_timer(sk, &sk->sk_timer, next_deadline(ws));
}

static void waltz_timer(struct timer_list *timer)
{
	struct sock *sk = container_of(timer, struct sock, sk_timer);

	lockdep_assert_in_softirq();
	bh_lock_sock(sk);
	if (sock_owned_by_user(sk))
		/* release_cb runs them when the user is done. */
		waltz_sk(sk)->timer_deferred = true;
	else
		waltz_timers_run(sk);
	bh_unlock_sock(sk);
	sock_put(sk);
}

/**
 * waltz_timers_init() - of a new socket
 * @sk: the socket
 */
void waltz_timers_init(struct sock *sk)
{
	waltz_sk(sk)->timers = 0;
	timer_setup(&sk->sk_timer, waltz_timer, 0);
}
