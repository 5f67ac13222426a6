// SPDX-License-Identifier: GPL-2.0
/*
 * The state machine of RFC 9293 section 3.3.2, as data.
 *
 * A segment that both acknowledges our FIN and carries the peer's is two
 * events, in the order of section 3.10.7.4: the ACK (fifth step) first, then
 * the FIN (eighth). So FIN_WAIT1 reaches TIME_WAIT through FIN_WAIT2.
 */
#include <linux/kernel.h>

#include "fsm.h"

#define T(from, ev, to, acts) {						       \
	.state = WALTZ_##from, .event = WALTZ_EV_##ev, .next = WALTZ_##to,     \
	.actions = (acts),						       \
}

#define A(sym)	WALTZ_ACT(sym)

/*
 * How a connection dies: by the peer's RST, by ours, or for want of answers.
 * 3.10.5 wants no RST of an ABORT in CLOSING and LAST_ACK, where it takes our
 * FIN for sent. Ours may still be queued behind data, which the abort throws
 * away: the peer must hear of that. A peer that has it all has a record, which
 * ignores the RST.
 */
#define T_DEATHS(from)							       \
	T(from, RCV_RST, CLOSED, A(CLEAR) | A(RESET) | A(NOTIFY) | A(DONE)),   \
	T(from, USER_ABORT, CLOSED, A(SEND_RST) | A(CLEAR) | A(DONE)),	       \
	T(from, TIMEOUT, CLOSED, A(CLEAR) | A(TIMED_OUT) | A(NOTIFY) | A(DONE))

const struct waltz_transition waltz_transitions[] = {
	/* 3.9.1 OPEN */
	T(CLOSED, USER_LISTEN, LISTEN, 0),
	T(CLOSED, USER_CONNECT, SYN_SENT, A(SEND_SYN)),

	/* 3.10.7.2; the listener stays, the state is that of a new record */
	T(LISTEN, RCV_SYN, HALF_OPEN, A(SEND_SYN_ACK)),
	/* RFC 4987: a SYN cookie; the peer kept the record */
	T(LISTEN, RCV_ACK_OF_SYN, ESTABLISHED, A(SYNCHRONISED)),
	T(LISTEN, USER_CLOSE, CLOSED, A(DONE)),
	T(LISTEN, USER_ABORT, CLOSED, A(DONE)),

	/* 3.10.7.3 */
	T(SYN_SENT, RCV_SYN_ACK, ESTABLISHED,
	  A(SYNCHRONISED) | A(SEND_ACK) | A(NOTIFY)),
	T(SYN_SENT, RCV_SYN, SYN_RECV, A(SEND_SYN_ACK)),
	T(SYN_SENT, RCV_RST, CLOSED,
	  A(CLEAR) | A(REFUSED) | A(NOTIFY) | A(DONE)),
	T(SYN_SENT, UNREACHABLE, CLOSED, A(CLEAR) | A(NOTIFY) | A(DONE)),
	T(SYN_SENT, USER_CLOSE, CLOSED, A(CLEAR) | A(DONE)),
	T(SYN_SENT, USER_ABORT, CLOSED, A(CLEAR) | A(DONE)),
	T(SYN_SENT, TIMEOUT, CLOSED,
	  A(CLEAR) | A(TIMED_OUT) | A(NOTIFY) | A(DONE)),

	/* 3.5: a simultaneous open. It was active, so RST means refused. */
	T(SYN_RECV, RCV_ACK_OF_SYN, ESTABLISHED, A(SYNCHRONISED) | A(NOTIFY)),
	T(SYN_RECV, USER_CLOSE, FIN_WAIT1, A(QUEUE_FIN)),
	T(SYN_RECV, RCV_RST, CLOSED,
	  A(CLEAR) | A(REFUSED) | A(NOTIFY) | A(DONE)),
	T(SYN_RECV, UNREACHABLE, CLOSED, A(CLEAR) | A(NOTIFY) | A(DONE)),
	T(SYN_RECV, USER_ABORT, CLOSED, A(SEND_RST) | A(CLEAR) | A(DONE)),
	T(SYN_RECV, TIMEOUT, CLOSED,
	  A(CLEAR) | A(TIMED_OUT) | A(NOTIFY) | A(DONE)),

	/* The passive side's record; LISTEN as the next state: it is gone. */
	T(HALF_OPEN, RCV_ACK_OF_SYN, ESTABLISHED, A(SYNCHRONISED)),
	T(HALF_OPEN, RCV_RST, LISTEN, A(DONE)),
	T(HALF_OPEN, UNREACHABLE, LISTEN, A(DONE)),
	T(HALF_OPEN, TIMEOUT, LISTEN, A(DONE)),
	T(HALF_OPEN, USER_ABORT, CLOSED, A(SEND_RST) | A(DONE)),
	T(HALF_OPEN, OLD_DUPLICATE, TIME_WAIT, A(TO_RECORD) | A(DONE)),

	T(ESTABLISHED, USER_CLOSE, FIN_WAIT1, A(QUEUE_FIN)),
	T(ESTABLISHED, RCV_FIN, CLOSE_WAIT,
	  A(SEND_ACK) | A(TAKE_FIN) | A(NOTIFY)),
	T_DEATHS(ESTABLISHED),

	/* 3.6: we closed first */
	T(FIN_WAIT1, RCV_ACK_OF_FIN, FIN_WAIT2, A(NOTIFY)),
	T(FIN_WAIT1, RCV_FIN, CLOSING, A(SEND_ACK) | A(TAKE_FIN) | A(NOTIFY)),
	T(FIN_WAIT1, RCV_AFTER_CLOSE, CLOSED,
	  A(SEND_RST) | A(CLEAR) | A(RESET) | A(NOTIFY) | A(DONE)),
	/* closed in SYN_RECV, the handshake ends now */
	T(FIN_WAIT1, RCV_ACK_OF_SYN, FIN_WAIT1, A(SYNCHRONISED)),
	T_DEATHS(FIN_WAIT1),

	T(FIN_WAIT2, RCV_FIN, TIME_WAIT,
	  A(SEND_ACK) | A(TAKE_FIN) | A(TO_RECORD) | A(NOTIFY) | A(DONE)),
	T(FIN_WAIT2, USER_ORPHAN, FIN_WAIT2, A(TO_RECORD) | A(DONE)),
	T(FIN_WAIT2, RCV_AFTER_CLOSE, CLOSED,
	  A(SEND_RST) | A(CLEAR) | A(RESET) | A(NOTIFY) | A(DONE)),
	T(FIN_WAIT2, EVICTED, CLOSED, A(DONE)),
	T_DEATHS(FIN_WAIT2),

	T(CLOSING, RCV_ACK_OF_FIN, TIME_WAIT,
	  A(TO_RECORD) | A(NOTIFY) | A(DONE)),
	T_DEATHS(CLOSING),

	/* 3.6: the peer closed first */
	T(CLOSE_WAIT, USER_CLOSE, LAST_ACK, A(QUEUE_FIN)),
	T_DEATHS(CLOSE_WAIT),

	T(LAST_ACK, RCV_ACK_OF_FIN, CLOSED, A(NOTIFY) | A(DONE)),
	T_DEATHS(LAST_ACK),

	/* 3.6.1, RFC 6191; records only */
	T(TIME_WAIT, RCV_FIN_AGAIN, TIME_WAIT, A(SEND_ACK) | A(RESTART_2MSL)),
	T(TIME_WAIT, RCV_SYN, HALF_OPEN, A(SEND_SYN_ACK) | A(DONE)),
	T(TIME_WAIT, USER_CONNECT, CLOSED, A(DONE)),
	T(TIME_WAIT, TWO_MSL, CLOSED, A(DONE)),
	T(TIME_WAIT, EVICTED, CLOSED, A(DONE)),
};

const unsigned int waltz_transitions_count = ARRAY_SIZE(waltz_transitions);

/* Counters have room for that many. */
static_assert(ARRAY_SIZE(waltz_transitions) <= WALTZ_TRANSITIONS_MAX,
	      "WALTZ_TRANSITIONS_MAX");

/* Where in waltz_transitions a pair is, plus one; 0: nowhere. */
static u8 fsm_index[WALTZ_STATES][WALTZ_EVENT_MAX];

/**
 * waltz_fsm_init() - index the table
 *
 * Call once, before waltz_fsm().
 */
void waltz_fsm_init(void)
{
	unsigned int i;

	for (i = 0; i < waltz_transitions_count; i++) {
		const struct waltz_transition *t = &waltz_transitions[i];

		fsm_index[t->state][t->event] = (u8)(i + 1);
	}
}

/**
 * waltz_fsm() - what an event means in a state
 * @state: enum waltz_state
 * @event: what happened
 *
 * Context: any; pure.
 * Return: the table's entry, or NULL when the pair is not in the table.
 */
const struct waltz_transition *waltz_fsm(unsigned int state,
					 enum waltz_event event)
{
	if (state >= WALTZ_STATES || event >= WALTZ_EVENT_MAX ||
	    !fsm_index[state][event])
		return NULL;
	return &waltz_transitions[fsm_index[state][event] - 1];
}

/**
 * waltz_state_name() - a row of the table
 * @state: enum waltz_state
 */
const char *waltz_state_name(unsigned int state)
{
	static const char * const names[WALTZ_STATES] = {
		[WALTZ_ESTABLISHED] = "ESTABLISHED",
		[WALTZ_SYN_SENT] = "SYN_SENT",
		[WALTZ_SYN_RECV] = "SYN_RECV",
		[WALTZ_FIN_WAIT1] = "FIN_WAIT1",
		[WALTZ_FIN_WAIT2] = "FIN_WAIT2",
		[WALTZ_TIME_WAIT] = "TIME_WAIT",
		[WALTZ_CLOSED] = "CLOSED",
		[WALTZ_CLOSE_WAIT] = "CLOSE_WAIT",
		[WALTZ_LAST_ACK] = "LAST_ACK",
		[WALTZ_LISTEN] = "LISTEN",
		[WALTZ_CLOSING] = "CLOSING",
		[WALTZ_HALF_OPEN] = "HALF_OPEN",
	};

	return state < WALTZ_STATES && names[state] ? names[state] : "?";
}

/**
 * waltz_event_name() - an event's name in traces and reports
 * @event: enum waltz_event
 */
const char *waltz_event_name(unsigned int event)
{
	static const char * const names[WALTZ_EVENT_MAX] = {
#define WALTZ_EVENT_NAME(sym, name, text) name,
		WALTZ_EVENTS(WALTZ_EVENT_NAME)
#undef WALTZ_EVENT_NAME
	};

	return event < WALTZ_EVENT_MAX ? names[event] : "?";
}
