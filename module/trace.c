// SPDX-License-Identifier: GPL-2.0
/* Where the tracepoints are made, and what is only worked out when they are on. */
#include <linux/sock_diag.h>

#define CREATE_TRACE_POINTS
#include "trace.h"

/**
 * waltz_trace_cookie() - what SO_COOKIE would say
 * @sk: the socket; NULL: a record, which has none
 *
 * Context: any.
 */
u64 waltz_trace_cookie(const struct sock *sk)
{
	u32 half[2] = { };

	if (sk)
		sock_diag_save_cookie((struct sock *)sk, half);
	return (u64)half[1] << 32 | half[0];
}

/**
 * waltz_trace_again() - waltz:retransmit, of a socket
 * @sk: the socket
 * @why: the reason
 * @seq: SEG.SEQ
 * @len: bytes of text
 * @flags: its SYN, ACK and FIN
 *
 * Context: socket lock held.
 */
void waltz_trace_again(const struct sock *sk, enum waltz_again_why why,
		       u32 seq, u32 len, u8 flags)
{
	struct waltz_key key;

	waltz_sock_key(&key, sk);
	trace_retransmit(&key, sk, why, seq, len, flags, waltz_sk(sk)->backoff);
}

/**
 * waltz_trace_cong() - waltz:cong, if the state has changed
 * @sk: the socket
 * @before: what it was
 * @why: the reason it may have
 *
 * Context: socket lock held.
 */
void waltz_trace_cong(const struct sock *sk, enum waltz_recovery_state before,
		      enum waltz_cong_why why)
{
	struct waltz_key key;

	waltz_owned_by_me(sk);
	if (before == waltz_sk(sk)->rec.state)
		return;
	waltz_sock_key(&key, sk);
	trace_cong(&key, sk, before, why);
}

/**
 * waltz_trace_ack() - waltz:cong, after an ACK
 * @sk: the socket
 * @before: the state before it
 * @in: the ACK
 * @out: what came of it
 *
 * Context: socket lock held.
 */
void waltz_trace_ack(const struct sock *sk, enum waltz_recovery_state before,
		     const struct waltz_ack_in *in,
		     const struct waltz_ack_out *out)
{
	enum waltz_cong_why why = WALTZ_CONG_ACK;

	/* Who has the last word on the state comes first. */
	if (out->began)
		why = WALTZ_CONG_LOST;
	else if (out->reduced)
		why = in->ece ? WALTZ_CONG_ECN : WALTZ_CONG_PROBE;
	else if (out->spurious)
		why = WALTZ_CONG_UNDONE;
	else if (out->ended)
		why = WALTZ_CONG_RECOVERED;
	waltz_trace_cong(sk, before, why);
}

/**
 * waltz_trace_queue() - waltz:accept_queue, of a child
 * @listener: whose queue
 * @child: who enters or leaves it
 * @what: which of it
 *
 * Context: enters: waltz_listener.lock held; leaves: nobody else has it yet.
 */
void waltz_trace_queue(const struct sock *listener, const struct sock *child,
		       enum waltz_queue_why what)
{
	u32 waited = (u32)jiffies - READ_ONCE(waltz_sk(child)->last_sent);
	struct waltz_key key;

	waltz_sock_key(&key, child);
	trace_accept_queue(&key, listener, child, what,
			   what == WALTZ_QUEUE_ENQUEUED ? 0 :
			   jiffies_to_msecs(waited));
}
